// Statistics of pairs (y, x): covar, corr, regr_*; rows where either is NULL do not count. The same running moments as
// moments.cc, in two variables: mergeable, and taken back by negative weight.
#include <algorithm>
#include <cmath>
#include <limits>

#include "functions/aggregate/bind.h"
#include "functions/aggregate/rows.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

struct Pairs {
  using State = Pairs;
  int64_t count = 0;
  int64_t special = 0;  // pairs with a NaN or infinite value
  double mean_y = 0;
  double mean_x = 0;
  double syy = 0;
  double sxx = 0;
  double sxy = 0;

  static void Add(State& state, double y, double x, int64_t weight) {
    if (!std::isfinite(y) || !std::isfinite(x)) {
      state.special += weight;
      return;
    }
    State one;
    one.count = weight;
    one.mean_y = y;
    one.mean_x = x;
    Combine(state, one);
  }
  static void Merge(State& into, const State& from) {
    into.special += from.special;
    if (from.count != 0) Combine(into, from);
  }
  static void Combine(State& a, const State& b) {
    const int64_t count = a.count + b.count;
    if (count == 0) {
      const int64_t special = a.special;
      a = State();
      a.special = special;
      return;
    }
    const double n = static_cast<double>(count);
    const double share = static_cast<double>(b.count) / n;
    const double dy = b.mean_y - a.mean_y;
    const double dx = b.mean_x - a.mean_x;
    const double factor = static_cast<double>(a.count) * share;
    a.syy += b.syy + dy * dy * factor;
    a.sxx += b.sxx + dx * dx * factor;
    a.sxy += b.sxy + dx * dy * factor;
    a.mean_y += dy * share;
    a.mean_x += dx * share;
    a.count = count;
  }
};

enum class PairStatistic : uint8_t {
  kCovarSamp,
  kCovarPop,
  kCorr,
  kSlope,
  kIntercept,
  kR2,
  kAvgX,
  kAvgY,
  kSxx,
  kSyy,
  kSxy
};

Outcome Divide(double a, double b, double& out) {
  if (!(b > 0)) return Outcome::Null();
  out = a / b;
  return Outcome::Value();
}

template <PairStatistic kStatistic>
Outcome PairResult(const BoundAggregate&, const Pairs& state, double& out) {
  const int64_t least = kStatistic == PairStatistic::kCovarSamp ? 2 : 1;
  if (state.count + state.special < least) return Outcome::Null();
  if (state.special != 0) {
    out = std::numeric_limits<double>::quiet_NaN();
    return Outcome::Value();
  }
  const double n = static_cast<double>(state.count);
  const double sxx = std::max(state.sxx, 0.0);
  const double syy = std::max(state.syy, 0.0);
  switch (kStatistic) {
    case PairStatistic::kCovarSamp: out = state.sxy / (n - 1); break;
    case PairStatistic::kCovarPop: out = state.sxy / n; break;
    case PairStatistic::kCorr: return Divide(state.sxy, std::sqrt(sxx) * std::sqrt(syy), out);
    case PairStatistic::kSlope: return Divide(state.sxy, sxx, out);
    case PairStatistic::kIntercept: {
      const Outcome outcome = Divide(state.sxy, sxx, out);
      out = state.mean_y - out * state.mean_x;
      return outcome;
    }
    case PairStatistic::kR2: {
      // All y equal: the line fits them perfectly.
      if (sxx > 0 && syy == 0) out = 1;
      return sxx > 0 && syy == 0 ? Outcome::Value() : Divide(state.sxy * state.sxy, sxx * syy, out);
    }
    case PairStatistic::kAvgX: out = state.mean_x; break;
    case PairStatistic::kAvgY: out = state.mean_y; break;
    case PairStatistic::kSxx: out = sxx; break;
    case PairStatistic::kSyy: out = syy; break;
    case PairStatistic::kSxy: out = state.sxy; break;
  }
  return Outcome::Value();
}

Outcome PairCount(const BoundAggregate&, const Pairs& state, int64_t& out) {
  out = state.count + state.special;
  return Outcome::Value();
}

Result<BoundAggregate> BindAnyPair(const AggregateBindCall& call, Type result) {
  TRY(CheckCount(call, 2, 2));
  TRY(RejectDistinct(call));
  TRY(CheckNumeric(call, 0));
  TRY(CheckNumeric(call, 1));
  BoundAggregate bound =
      PlainAggregate<Pairs, Pairs::Merge>(call.name, {TypeId::kDouble, TypeId::kDouble}, std::move(result));
  bound.update = UpdateTwo<Pairs, double>;
  return bound;
}

template <PairStatistic kStatistic>
Result<BoundAggregate> BindPair(const AggregateBindCall& call) {
  BoundAggregate bound = TRY(BindAnyPair(call, TypeId::kDouble));
  bound.result = ResultRows<Pairs, double, PairResult<kStatistic>>;
  return bound;
}

Result<BoundAggregate> BindPairCount(const AggregateBindCall& call) {
  BoundAggregate bound = TRY(BindAnyPair(call, TypeId::kInt64));
  bound.is_nullable = false;
  bound.result = ResultRows<Pairs, int64_t, PairCount>;
  return bound;
}

}  // namespace

void RegisterRegression(expr::FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* doc, const char* result,
                       AggregateBind bind) {
    registry.Add(AggregateFunction{.name = name,
                                   .aliases = std::move(aliases),
                                   .doc = doc,
                                   .examples = {{std::string(name) + "(2 * x + 1, x)", result}},
                                   .arguments_min = 2,
                                   .arguments_max = 2,
                                   .bind = bind});
  };
  add("covar_samp", {"covar"}, "Sample covariance of (y, x).", "32.5", BindPair<PairStatistic::kCovarSamp>);
  add("covar_pop", {}, "Covariance of the whole population of (y, x).", "24.375", BindPair<PairStatistic::kCovarPop>);
  add("corr", {}, "Pearson correlation of (y, x).", "1", BindPair<PairStatistic::kCorr>);
  add("regr_slope", {}, "Slope of the least-squares line of y over x.", "2", BindPair<PairStatistic::kSlope>);
  add("regr_intercept", {}, "The y where the least-squares line of y over x meets x = 0.", "1",
      BindPair<PairStatistic::kIntercept>);
  add("regr_r2", {}, "Square of the correlation of (y, x).", "1", BindPair<PairStatistic::kR2>);
  add("regr_avgx", {}, "Mean of x over pairs (y, x).", "4.25", BindPair<PairStatistic::kAvgX>);
  add("regr_avgy", {}, "Mean of y over pairs (y, x).", "9.5", BindPair<PairStatistic::kAvgY>);
  add("regr_sxx", {}, "Sum of squared deviations of x.", "48.75", BindPair<PairStatistic::kSxx>);
  add("regr_syy", {}, "Sum of squared deviations of y.", "195", BindPair<PairStatistic::kSyy>);
  add("regr_sxy", {}, "Sum of products of the deviations of x and y.", "97.5", BindPair<PairStatistic::kSxy>);
  add("regr_count", {}, "Number of rows where neither y nor x is NULL.", "4", BindPairCount);
}

}  // namespace laminar::functions
