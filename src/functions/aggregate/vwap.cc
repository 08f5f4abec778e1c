// vwap(price, quantity): the average price weighted by quantity, sum(price * quantity) / sum(quantity), both sums
// compensated. Rows where either is NULL do not count; NULL while the quantities add up to zero. Takes rows back.
#include "functions/aggregate/bind.h"
#include "functions/aggregate/rows.h"
#include "functions/aggregate/wide.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

struct Weighted {
  using State = Weighted;
  DoubleSum turnover;
  DoubleSum quantity;

  static void Add(State& state, double price, double quantity, int64_t weight) {
    state.turnover.Add(price * quantity, weight);
    state.quantity.Add(quantity, weight);
  }
  static void Merge(State& into, const State& from) {
    DoubleSum::Merge(into.turnover, from.turnover);
    DoubleSum::Merge(into.quantity, from.quantity);
  }
  static Outcome Get(const BoundAggregate&, const State& state, double& out) {
    const double quantity = state.quantity.sum();
    if (state.quantity.count() == 0 || quantity == 0) return Outcome::Null();
    out = state.turnover.sum() / quantity;
    return Outcome::Value();
  }
};

Result<BoundAggregate> BindVwap(const AggregateBindCall& call) {
  TRY(CheckCount(call, 2, 2));
  TRY(RejectDistinct(call));
  TRY(CheckNumeric(call, 0));
  TRY(CheckNumeric(call, 1));
  BoundAggregate bound =
      PlainAggregate<Weighted, Weighted::Merge>(call.name, {TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble);
  bound.update = UpdateTwo<Weighted, double>;
  bound.result = ResultRows<Weighted, double, Weighted::Get>;
  return bound;
}

}  // namespace

void RegisterVwap(expr::FunctionRegistry& registry) {
  registry.Add(AggregateFunction{.name = "vwap",
                                 .aliases = {"weighted_avg"},
                                 .doc = "Volume-weighted average price: sum(price * quantity) / sum(quantity).",
                                 .examples = {{"vwap(x, x)", "7.117647058823529"}},
                                 .arguments_min = 2,
                                 .arguments_max = 2,
                                 .bind = BindVwap});
}

}  // namespace laminar::functions
