// sum(x) and avg(x): exact for integers and DECIMAL, compensated for doubles; NULL when no value was seen. Retract by
// negative weight.
//
// sum of integers is BIGINT (UBIGINT for UBIGINT), of DECIMAL(p,s) DECIMAL(38,s), of floats DOUBLE. The sum is kept
// wider than its result, so only a final value that does not fit is an overflow: that result row is NULL with an error.
// avg of integers and floats is DOUBLE, of DECIMAL a DECIMAL with four more digits, rounded half away from zero.
#include <algorithm>

#include "base/check.h"
#include "data/decimal.h"
#include "functions/aggregate/bind.h"
#include "functions/aggregate/distinct.h"
#include "functions/aggregate/numeric_dispatch.h"
#include "functions/aggregate/rows.h"
#include "functions/aggregate/wide.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

template <class T>
struct AddInteger {
  using State = IntegerSum;
  static void AddOne(State& state, T value) {
    state.AddSum(static_cast<Int128>(value));
    ++state.count;
  }
  static void Add(State& state, T value, int64_t weight) {
    state.AddSum(static_cast<Int128>(value) * weight);
    state.count += weight;
  }
};

struct AddDecimalValue {
  using State = DecimalSum;
  static void AddOne(State& state, Int128 value) {
    state.AddAt(0, value);
    ++state.count;
  }
  static void Add(State& state, Int128 value, int64_t weight) { state.Add(value, weight); }
};

struct AddDouble {
  using State = DoubleSum;
  static void AddOne(State& state, double value) { state.AddOne(value); }
  // The same sums in registers; the rare special values go to the state. Packing both sums into one vector would put
  // the whole correction on the way from one row to the next, four times slower.
  [[gnu::noinline, gnu::optimize("no-tree-slp-vectorize")]] static void AddAll(State& state,
                                                                               const double* __restrict values,
                                                                               uint32_t rows) {
    double total = state.total;
    double rest = state.rest;
    uint32_t special = 0;
    for (uint32_t row = 0; row < rows; ++row) {
      const double value = values[row];
      if (!std::isfinite(value)) [[unlikely]] {
        state.AddSpecial(value, 1);
        ++special;
        continue;
      }
      const double next = total + value;
      const double taken = next - total;
      rest += (total - (next - taken)) + (value - taken);
      total = next;
    }
    state.total = total;
    state.rest = rest;
    state.finite += rows - special;
  }
  static void Add(State& state, double value, int64_t weight) { state.Add(value, weight); }
};

template <class Out>
Outcome IntegerResult(const BoundAggregate&, const IntegerSum& state, Out& out) {
  if (state.count == 0) return Outcome::Null();
  const Int128 sum = state.sum();
  if (sum < std::numeric_limits<Out>::min() || sum > std::numeric_limits<Out>::max()) {
    return Outcome::Fail(ErrorCode::kOverflow);
  }
  out = static_cast<Out>(sum);
  return Outcome::Value();
}

Outcome DecimalResult(const BoundAggregate&, const DecimalSum& state, Int128& out) {
  if (state.count == 0) return Outcome::Null();
  if (!state.FitsInt128() || !data::FitsPrecision(state.sum(), data::kMaxDecimalPrecision)) {
    return Outcome::Fail(ErrorCode::kOverflow);
  }
  out = state.sum();
  return Outcome::Value();
}

Outcome DoubleResult(const BoundAggregate&, const DoubleSum& state, double& out) {
  if (state.count() == 0) return Outcome::Null();
  out = state.sum();
  return Outcome::Value();
}

Outcome IntegerMean(const BoundAggregate&, const IntegerSum& state, double& out) {
  if (state.count == 0) return Outcome::Null();
  out = static_cast<double>(state.sum()) / static_cast<double>(state.count);
  return Outcome::Value();
}

Outcome DoubleMean(const BoundAggregate&, const DoubleSum& state, double& out) {
  if (state.count() == 0) return Outcome::Null();
  out = state.sum() / static_cast<double>(state.count());
  return Outcome::Value();
}

Outcome DecimalMean(const BoundAggregate& aggregate, const DecimalSum& state, Int128& out) {
  if (state.count == 0) return Outcome::Null();
  const int scale = aggregate.arguments[0].scale();
  Int128 mean = 0;
  if (!state.FitsInt128() ||
      !data::DivideDecimal(state.sum(), scale, state.count, 0, aggregate.result_type.scale(), mean)) {
    return Outcome::Fail(ErrorCode::kOverflow);
  }
  out = mean;
  return Outcome::Value();
}

// The sum's parts for an argument type; result and result type are the caller's.
BoundAggregate Summing(std::string_view name, const Type& type, Type result) {
  if (type.id() == TypeId::kDecimal) {
    BoundAggregate bound = PlainAggregate<DecimalSum, DecimalSum::Merge>(name, {type}, std::move(result));
    bound.update = UpdateOne<AddDecimalValue, Int128>;
    return bound;
  }
  if (type.is_float()) {
    BoundAggregate bound = PlainAggregate<DoubleSum, DoubleSum::Merge>(name, {TypeId::kDouble}, std::move(result));
    bound.update = UpdateOne<AddDouble, double>;
    return bound;
  }
  const Type integer = type.is_integer() ? type : Type(TypeId::kInt64);
  BoundAggregate bound = PlainAggregate<IntegerSum, IntegerSum::Merge>(name, {integer}, std::move(result));
  bound.update = WithIntegerType(integer.physical(), []<class T>() { return UpdateOne<AddInteger<T>, T>; });
  return bound;
}

Result<BoundAggregate> BindSum(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(CheckNumeric(call, 0));
  if (call.is_distinct) return BindDistinct(call, BindSum);
  const Type& type = call.types[0];
  if (type.id() == TypeId::kDecimal) {
    BoundAggregate bound = Summing(call.name, type, Type::Decimal(data::kMaxDecimalPrecision, type.scale()));
    bound.result = ResultRows<DecimalSum, Int128, DecimalResult>;
    return bound;
  }
  if (type.is_float()) {
    BoundAggregate bound = Summing(call.name, type, TypeId::kDouble);
    bound.result = ResultRows<DoubleSum, double, DoubleResult>;
    return bound;
  }
  const bool is_unsigned = type.id() == TypeId::kUInt64;
  BoundAggregate bound = Summing(call.name, type, is_unsigned ? TypeId::kUInt64 : TypeId::kInt64);
  bound.result = is_unsigned ? ResultRows<IntegerSum, uint64_t, IntegerResult<uint64_t>>
                             : ResultRows<IntegerSum, int64_t, IntegerResult<int64_t>>;
  return bound;
}

// Four more digits after the point, as far as 38 digits leave room for the ones before it.
Type MeanType(const Type& type) {
  const int scale = std::min(type.scale() + 4, type.scale() + data::kMaxDecimalPrecision - type.precision());
  return Type::Decimal(std::min(type.precision() + 4, data::kMaxDecimalPrecision), scale);
}

Result<BoundAggregate> BindAvg(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(CheckNumeric(call, 0));
  if (call.is_distinct) return BindDistinct(call, BindAvg);
  const Type& type = call.types[0];
  if (type.id() == TypeId::kDecimal) {
    BoundAggregate bound = Summing(call.name, type, MeanType(type));
    bound.result = ResultRows<DecimalSum, Int128, DecimalMean>;
    return bound;
  }
  BoundAggregate bound = Summing(call.name, type, TypeId::kDouble);
  bound.result =
      type.is_float() ? ResultRows<DoubleSum, double, DoubleMean> : ResultRows<IntegerSum, double, IntegerMean>;
  return bound;
}

// sum_if(x, condition): the sum's update behind a filter of its own.
struct SumIf final : expr::FunctionState {
  BoundAggregate sum;
};

void UpdateSumIf(const BoundAggregate& aggregate, const AggregateInput& in) {
  CHECK(in.rows <= data::kBatchCapacity);
  const BoundAggregate& sum = static_cast<const SumIf&>(*aggregate.state).sum;
  const Column& condition = *in.args[1];
  const uint8_t* is_true = condition.As<uint8_t>();
  uint8_t chosen[data::kBatchCapacity] = {};
  ForEachRow<1>(in, {&condition}, [&](uint32_t row, int64_t) { chosen[row] = is_true[condition.Slot(row)]; });
  AggregateInput part = in;
  part.filter = chosen;
  sum.update(sum, part);
}

Result<BoundAggregate> BindSumIf(const AggregateBindCall& call) {
  TRY(CheckCount(call, 2, 2));
  TRY(RejectDistinct(call));
  TRY(CheckNumeric(call, 0));
  if (call.types[1].id() != TypeId::kBool && call.types[1].id() != TypeId::kNull) {
    return Error(WrongArgument(call, 1, "BOOLEAN"));
  }
  AggregateBindCall inner = call;
  inner.types = call.types.first(1);
  inner.constants = call.constants.empty() ? call.constants : call.constants.first(1);
  auto state = std::make_shared<SumIf>();
  state->sum = TRY(BindSum(inner));
  BoundAggregate bound = state->sum;
  bound.arguments.push_back(TypeId::kBool);
  bound.update = UpdateSumIf;
  bound.state = std::move(state);
  return bound;
}

}  // namespace

void RegisterSum(expr::FunctionRegistry& registry) {
  registry.Add(
      AggregateFunction{.name = "sum",
                        .aliases = {"fsum", "kahan_sum"},
                        .doc = "Sum of all values that are not NULL: exact for integers and DECIMAL, compensated for "
                               "DOUBLE. NULL when there is none.",
                        .examples = {{"sum(x)", "17"}, {"sum(DISTINCT x)", "17"}},
                        .bind = BindSum});
  registry.Add(AggregateFunction{.name = "avg",
                                 .aliases = {"mean", "favg"},
                                 .doc = "Arithmetic mean of all values that are not NULL.",
                                 .examples = {{"avg(x)", "4.25"}},
                                 .bind = BindAvg});
  registry.Add(AggregateFunction{.name = "sum_if",
                                 .aliases = {"sumif"},
                                 .doc = "Sum of the values of the rows where the condition is true.",
                                 .examples = {{"sum_if(x, x > 2)", "14"}},
                                 .arguments_min = 2,
                                 .arguments_max = 2,
                                 .bind = BindSumIf});
}

}  // namespace laminar::functions
