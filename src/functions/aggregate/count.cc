// count(*), count(x), count_if(condition), regr_count is with its family. Never NULL; retracts by weight.
#include "functions/aggregate/bind.h"
#include "functions/aggregate/distinct.h"
#include "functions/aggregate/rows.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

struct Count {
  int64_t rows = 0;
};

void Merge(Count& into, const Count& from) { into.rows += from.rows; }

Outcome CountOf(const BoundAggregate&, const Count& state, int64_t& out) {
  out = state.rows;
  return Outcome::Value();
}

void CountDense(const AggregateInput& in) {
  if (IsOneState(in)) {
    StateAt<Count>(in, 0).rows += in.rows;
    return;
  }
  for (uint32_t row = 0; row < in.rows; ++row) ++StateAt<Count>(in, row).rows;
}

void UpdateStar(const BoundAggregate&, const AggregateInput& in) {
  if (in.rows == 0) return;
  if (TakesAllOnce(in)) return CountDense(in);
  ForEachRow<0>(in, {}, [&](uint32_t row, int64_t weight) { StateAt<Count>(in, row).rows += weight; });
}

void UpdateValues(const BoundAggregate&, const AggregateInput& in) {
  if (in.rows == 0) return;
  if (TakesAllOnce(in) && !in.args[0]->has_nulls) return CountDense(in);
  ForEachRow<1>(in, {in.args[0]}, [&](uint32_t row, int64_t weight) { StateAt<Count>(in, row).rows += weight; });
}

void UpdateTrue(const BoundAggregate&, const AggregateInput& in) {
  const Column& column = *in.args[0];
  const uint8_t* values = column.As<uint8_t>();
  ForEachRow<1>(in, {&column}, [&](uint32_t row, int64_t weight) {
    StateAt<Count>(in, row).rows += values[column.Slot(row)] != 0 ? weight : 0;
  });
}

BoundAggregate Counting(std::vector<Type> arguments, decltype(BoundAggregate::update) update) {
  BoundAggregate bound = PlainAggregate<Count, Merge>("count", std::move(arguments), TypeId::kInt64);
  bound.is_nullable = false;
  bound.update = update;
  bound.result = ResultRows<Count, int64_t, CountOf>;
  return bound;
}

Result<BoundAggregate> BindCount(const AggregateBindCall& call) {
  if (call.is_distinct) return BindCountDistinct(call);
  TRY(CheckCount(call, 0, 1));
  if (call.types.empty()) return Counting({}, UpdateStar);
  return Counting({call.types[0]}, UpdateValues);
}

Result<BoundAggregate> BindCountIf(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(RejectDistinct(call));
  if (call.types[0].id() != TypeId::kBool && call.types[0].id() != TypeId::kNull) {
    return Error(WrongArgument(call, 0, "BOOLEAN"));
  }
  return Counting({TypeId::kBool}, UpdateTrue);
}

}  // namespace

void RegisterCount(expr::FunctionRegistry& registry) {
  registry.Add(AggregateFunction{.name = "count",
                                 .doc = "Number of rows (count(*)), of rows where x is not NULL (count(x)), or of "
                                        "different values (count(DISTINCT x)).",
                                 .examples = {{"count(*)", "4"}, {"count(x)", "4"}, {"count(DISTINCT x)", "4"}},
                                 .arguments_min = 0,
                                 .arguments_max = 8,
                                 .takes_star = true,
                                 .bind = BindCount});
  registry.Add(AggregateFunction{.name = "count_if",
                                 .aliases = {"countif"},
                                 .doc = "Number of rows where the condition is true.",
                                 .examples = {{"count_if(x > 2)", "2"}},
                                 .bind = BindCountIf});
}

}  // namespace laminar::functions
