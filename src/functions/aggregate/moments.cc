// stddev, variance, skewness, kurtosis, sem and their population forms: central moments up to the fourth, updated row
// by row.
//
// Adding a row is merging with the moments of that one row, its weight being its count; a negative weight takes it back
// by the same formula (the merge of moments is a group operation). When the count is back at zero the state is exactly
// empty again, so rounding does not survive. NaN and infinite values are counted apart: while there is one the result
// is NaN.
#include <cmath>
#include <limits>

#include "functions/aggregate/bind.h"
#include "functions/aggregate/distinct.h"
#include "functions/aggregate/rows.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

// kOrder 2: variance only; 4: all.
template <int kOrder>
struct Moments {
  using State = Moments;
  int64_t count = 0;
  int64_t special = 0;  // NaN and infinite values
  double mean = 0;
  double powers[kOrder - 1] = {};  // sums of (x - mean)^2, ^3, ^4

  static void AddOne(State& state, double value) { Add(state, value, 1); }
  static void Add(State& state, double value, int64_t weight) {
    if (!std::isfinite(value)) {
      state.special += weight;
      return;
    }
    State one;
    one.count = weight;
    one.mean = value;
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
    const double na = static_cast<double>(a.count);
    const double nb = static_cast<double>(b.count);
    const double n = static_cast<double>(count);
    const double delta = b.mean - a.mean;
    const double step = delta * nb / n;
    const double product = delta * step * na;
    if constexpr (kOrder == 4) {
      a.powers[2] += b.powers[2] + product * delta * delta * (na * na - na * nb + nb * nb) / (n * n) +
                     6 * delta * delta * (na * na * b.powers[0] + nb * nb * a.powers[0]) / (n * n) +
                     4 * delta * (na * b.powers[1] - nb * a.powers[1]) / n;
      a.powers[1] +=
          b.powers[1] + product * delta * (na - nb) / n + 3 * delta * (na * b.powers[0] - nb * a.powers[0]) / n;
    }
    a.powers[0] += b.powers[0] + product;
    a.mean += step;
    a.count = count;
  }

  double Square() const { return powers[0] > 0 ? powers[0] : 0; }
};

enum class Statistic : uint8_t {
  kVariance,
  kVariancePop,
  kStddev,
  kStddevPop,
  kSem,
  kSkewness,
  kSkewnessPop,
  kKurtosis,
  kKurtosisPop
};

constexpr int OrderOf(Statistic statistic) { return statistic >= Statistic::kSkewness ? 4 : 2; }

constexpr int64_t LeastCount(Statistic statistic) {
  switch (statistic) {
    case Statistic::kVariance:
    case Statistic::kStddev:
    case Statistic::kSem: return 2;
    case Statistic::kSkewness: return 3;
    case Statistic::kKurtosis: return 4;
    case Statistic::kVariancePop:
    case Statistic::kStddevPop:
    case Statistic::kSkewnessPop:
    case Statistic::kKurtosisPop: return 1;
  }
  return 1;
}

// Of at least LeastCount finite values.
template <Statistic kStatistic, class State>
double Compute(const State& state) {
  const double n = static_cast<double>(state.count);
  const double square = state.Square();
  if constexpr (kStatistic == Statistic::kVariance) return square / (n - 1);
  if constexpr (kStatistic == Statistic::kVariancePop) return square / n;
  if constexpr (kStatistic == Statistic::kStddev) return std::sqrt(square / (n - 1));
  if constexpr (kStatistic == Statistic::kStddevPop) return std::sqrt(square / n);
  if constexpr (kStatistic == Statistic::kSem) return std::sqrt(square / (n - 1)) / std::sqrt(n);
  if constexpr (OrderOf(kStatistic) == 4) {
    if (square == 0) return std::numeric_limits<double>::quiet_NaN();
    const double skewness = std::sqrt(n) * state.powers[1] / std::pow(square, 1.5);
    const double kurtosis = n * state.powers[2] / (square * square) - 3;
    if constexpr (kStatistic == Statistic::kSkewnessPop) return skewness;
    if constexpr (kStatistic == Statistic::kSkewness) return skewness * std::sqrt(n * (n - 1)) / (n - 2);
    if constexpr (kStatistic == Statistic::kKurtosisPop) return kurtosis;
    if constexpr (kStatistic == Statistic::kKurtosis) return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * kurtosis + 6);
  }
  return 0;
}

template <Statistic kStatistic>
Outcome StatisticResult(const BoundAggregate&, const Moments<OrderOf(kStatistic)>& state, double& out) {
  const int64_t count = state.count + state.special;
  if (count < LeastCount(kStatistic)) return Outcome::Null();
  out = state.special != 0 ? std::numeric_limits<double>::quiet_NaN() : Compute<kStatistic>(state);
  // Skewness and kurtosis of equal values do not exist.
  return Outcome::NullIf(OrderOf(kStatistic) == 4 && state.special == 0 && std::isnan(out));
}

template <Statistic kStatistic>
Result<BoundAggregate> BindStatistic(const AggregateBindCall& call) {
  using State = Moments<OrderOf(kStatistic)>;
  TRY(CheckCount(call, 1, 1));
  TRY(CheckNumeric(call, 0));
  if (call.is_distinct) return BindDistinct(call, BindStatistic<kStatistic>);
  BoundAggregate bound = PlainAggregate<State, State::Merge>(call.name, {TypeId::kDouble}, TypeId::kDouble);
  bound.update = UpdateOne<State, double>;
  bound.result = ResultRows<State, double, StatisticResult<kStatistic>>;
  return bound;
}

}  // namespace

void RegisterMoments(expr::FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* doc, const char* result,
                       AggregateBind bind) {
    registry.Add(AggregateFunction{.name = name,
                                   .aliases = std::move(aliases),
                                   .doc = doc,
                                   .examples = {{std::string(name) + "(x)", result}},
                                   .bind = bind});
  };
  add("stddev", {"stddev_samp", "std", "stdev"}, "Sample standard deviation; NULL below two values.",
      "4.031128874149275", BindStatistic<Statistic::kStddev>);
  add("stddev_pop", {}, "Standard deviation of the whole population.", "3.491060010942235",
      BindStatistic<Statistic::kStddevPop>);
  add("variance", {"var", "var_samp", "var_sample"}, "Sample variance; NULL below two values.", "16.25",
      BindStatistic<Statistic::kVariance>);
  add("variance_pop", {"var_pop", "var_population"}, "Variance of the whole population.", "12.1875",
      BindStatistic<Statistic::kVariancePop>);
  add("sem", {}, "Standard error of the mean.", "2.0155644370746373", BindStatistic<Statistic::kSem>);
  add("skewness", {}, "Skewness of a sample; NULL below three values.", "1.469334548210623",
      BindStatistic<Statistic::kSkewness>);
  add("skewness_pop", {}, "Skewness of the whole population.", "0.8483206969390205",
      BindStatistic<Statistic::kSkewnessPop>);
  add("kurtosis", {}, "Excess kurtosis of a sample; NULL below four values.", "2.03076923076923",
      BindStatistic<Statistic::kKurtosis>);
  add("kurtosis_pop", {}, "Excess kurtosis of the whole population.", "-0.9292307692307693",
      BindStatistic<Statistic::kKurtosisPop>);
}

}  // namespace laminar::functions
