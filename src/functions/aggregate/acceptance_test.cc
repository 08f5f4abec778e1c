// The acceptance tables of aggregates: FIRST and LAST, composite and engine aggregates, retraction.
#include <cmath>
#include <limits>

#include "base/random.h"
#include "functions/aggregate/aggregate_probe.h"

namespace laminar::functions {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

ProbeCall Plain(std::string name, Type type = TypeId::kInt64) {
  return {.name = std::move(name), .types = {std::move(type)}};
}
ProbeCall Retracting(std::string name, Type type = TypeId::kInt64) {
  return {.name = std::move(name), .types = {std::move(type)}, .input_retracts = true};
}
ProbeCall ByTime(std::string name, Type type, bool retracts = false, bool respect_nulls = false) {
  return {.name = std::move(name),
          .types = {std::move(type)},
          .respect_nulls = respect_nulls,
          .input_retracts = retracts,
          .order_types = {TypeId::kTimestamp}};
}

struct Timed {
  Value value;
  int64_t time;
};

void AddTimed(AggregateProbe& probe, std::vector<Timed> rows, int64_t weight = 1, size_t state = 0) {
  std::vector<ProbeRow> batch;
  for (const Timed& row : rows) batch.push_back({.values = {row.value, I(row.time)}, .weight = weight, .state = state});
  probe.Feed(batch);
}

// Feeds both forms of the state, small and retracting, with the same rows.
void CheckFirstLast(const Type& type, const std::vector<Timed>& rows, const Value& first, const Value& last,
                    bool respect_nulls = false) {
  for (const bool retracts : {false, true}) {
    AggregateProbe f(ByTime("first_value", type, retracts, respect_nulls));
    AggregateProbe l(ByTime("last", type, retracts, respect_nulls));
    AddTimed(f, rows);
    AddTimed(l, rows);
    CHECK(f.Result() == first);
    CHECK(l.Result() == last);
    f.Restart(0);
    CHECK(f.Result() == first);
  }
}

double Number(const ProbeCall& call, const std::vector<Value>& values) {
  AggregateProbe probe(call);
  probe.Add(values);
  const Value result = probe.Result();
  REQUIRE(!result.is_null());
  return result.double_value();
}

double Pairs(const std::string& name) {
  AggregateProbe probe({.name = name, .types = {TypeId::kDouble, TypeId::kInt64}}, 2);
  const double y[] = {2.0, 4.1, 5.9, 8.2};
  std::vector<ProbeRow> rows;
  for (int i = 0; i < 4; ++i) rows.push_back({.values = {D(y[i]), I(i + 1)}, .state = static_cast<size_t>(i / 2)});
  probe.Feed(rows);
  probe.Merge(0, 1);
  return probe.Result().double_value();
}

}  // namespace

TEST_CASE("first and last follow event time, ties follow arrival") {
  CheckFirstLast(TypeId::kInt64, {{I(100), 1000}}, I(100), I(100));
  CheckFirstLast(TypeId::kInt64, {{I(100), 1000}, {I(200), 500}, {I(300), 1500}}, I(200), I(300));
  CheckFirstLast(TypeId::kInt64, {{I(1), 5}, {I(2), 5}, {I(3), 5}}, I(1), I(3));
  CheckFirstLast(TypeId::kInt64, {}, kNull, kNull);
  CheckFirstLast(TypeId::kInt64, {{kNull, 1}, {I(7), 2}, {kNull, 3}}, I(7), I(7));
  CheckFirstLast(TypeId::kInt64, {{kNull, 1}, {I(7), 2}, {kNull, 3}}, kNull, kNull, true);
  CheckFirstLast(TypeId::kVarchar, {{S("b"), 2}, {S("a"), 1}}, S("a"), S("b"));
  CheckFirstLast(TypeId::kDouble, {{D(1.5), -10}, {D(2.5), -20}}, D(2.5), D(1.5));
  const std::string long_text(100, 'x');
  CheckFirstLast(TypeId::kVarchar, {{S(long_text + "b"), 2}, {S(long_text + "a"), 1}}, S(long_text + "a"),
                 S(long_text + "b"));
}

TEST_CASE("first and last merge by time, then by arrival, in either direction") {
  for (const bool retracts : {false, true}) {
    for (const bool swapped : {false, true}) {
      for (const char* name : {"first_value", "last_value"}) {
        const bool is_first = std::string_view(name) == "first_value";
        AggregateProbe by_time(ByTime(name, TypeId::kInt64, retracts), 2);
        AddTimed(by_time, {{I(100), 1000}}, 1, 0);
        AddTimed(by_time, {{I(200), 500}}, 1, 1);
        by_time.Merge(swapped, !swapped);
        CHECK(by_time.Result(swapped) == I(is_first ? 200 : 100));

        AggregateProbe tied(ByTime(name, TypeId::kInt64, retracts), 2);
        tied.UseSequence(1);
        AddTimed(tied, {{I(1), 5}}, 1, 0);
        AddTimed(tied, {{I(2), 5}}, 1, 1);
        tied.Merge(swapped, !swapped);
        CHECK(tied.Result(swapped) == I(is_first ? 1 : 2));
      }
    }
  }
}

TEST_CASE("an append-only first or last takes 32 bytes, and survives a checkpoint") {
  AggregateProbe probe(ByTime("first", TypeId::kDouble));
  CHECK(probe.bound().state_bytes == 32);
  const bool owns_nothing = probe.bound().destroy == nullptr;
  CHECK(owns_nothing);
  AddTimed(probe, {{D(100), 1000}, {D(200), 500}, {D(300), 1500}});
  probe.Restart(0);
  AddTimed(probe, {{D(50), 400}});
  CHECK(probe.Result() == D(50));
}

TEST_CASE("first and last obey ORDER BY inside the call, descending and over text") {
  for (const bool retracts : {false, true}) {
    AggregateProbe probe({.name = "first",
                          .types = {TypeId::kInt64},
                          .input_retracts = retracts,
                          .order_types = {TypeId::kVarchar},
                          .order = {{.descending = true}}});
    probe.Feed({{.values = {I(1), S("a")}}, {.values = {I(2), S("c")}}, {.values = {I(3), S("b")}}});
    CHECK(probe.Result() == I(2));
    AggregateProbe nulls({.name = "last",
                          .types = {TypeId::kInt64},
                          .input_retracts = retracts,
                          .order_types = {TypeId::kInt32},
                          .order = {{.nulls_first = false}}});
    nulls.Feed({{.values = {I(1), I(5)}}, {.values = {I(2), kNull}}, {.values = {I(3), I(7)}}});
    CHECK(nulls.Result() == I(2));
  }
}

TEST_CASE("open, high, low, close and volume of one bar") {
  const std::vector<Timed> price = {{D(100), 100}, {D(105), 200}, {D(98), 300}, {D(102), 400}};
  AggregateProbe open(ByTime("first_value", TypeId::kDouble));
  AggregateProbe close(ByTime("last_value", TypeId::kDouble));
  AddTimed(open, price);
  AddTimed(close, price);
  CHECK(open.Result() == D(100));
  CHECK(close.Result() == D(102));
  const std::vector<Value> prices = {D(100), D(105), D(98), D(102)};
  CHECK(Number(Plain("max", TypeId::kDouble), prices) == 105);
  CHECK(Number(Plain("min", TypeId::kDouble), prices) == 98);
  AggregateProbe volume(Plain("sum"));
  volume.Add({I(10), I(5), I(15), I(8)});
  CHECK(volume.Result() == I(38));
  AggregateProbe vwap({.name = "vwap", .types = {TypeId::kDouble, TypeId::kInt64}});
  vwap.Feed({{.values = {D(100), I(10)}},
             {.values = {D(105), I(5)}},
             {.values = {D(98), I(15)}},
             {.values = {D(102), I(8)}}});
  CHECK(vwap.Result().double_value() == doctest::Approx(100.28947368421052).epsilon(1e-12));
}

TEST_CASE("floating point: compensated sums, NaN above all numbers, exact decimals") {
  CHECK(Number(Plain("sum", TypeId::kDouble), std::vector<Value>(10, D(0.1))) == 1.0);
  CHECK(Number(Plain("sum", TypeId::kDouble), {D(1e100), D(1), D(-1e100)}) == 1.0);
  CHECK(Number(Plain("avg"), {I(1), I(2)}) == 1.5);
  CHECK(Number(Plain("min", TypeId::kDouble), {D(kNan), D(1)}) == 1.0);
  CHECK(std::isnan(Number(Plain("max", TypeId::kDouble), {D(kNan), D(1)})));
  CHECK(std::isnan(Number(Plain("sum", TypeId::kDouble), {D(kInfinity), D(-kInfinity)})));
  AggregateProbe decimal(Plain("sum", Type::Decimal(10, 2)));
  decimal.Add({Value::Decimal(10), Value::Decimal(20)});
  CHECK(decimal.Text() == "0.30");
  AggregateProbe mean(Plain("avg", Type::Decimal(10, 2)));
  mean.Add({Value::Decimal(100), Value::Decimal(200), Value::Decimal(200)});
  CHECK(mean.Text() == "1.666667");
  AggregateProbe nothing(Plain("sum", TypeId::kDouble));
  nothing.Add({kNull, kNull});
  CHECK(nothing.Result().is_null());
}

TEST_CASE("a sum is kept wider than its result; only a final overflow is an error") {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  AggregateProbe sum(Plain("sum"));
  sum.Add({I(kMax), I(kMax)});
  ErrorCode error = ErrorCode::kOk;
  CHECK(sum.Result(0, &error).is_null());
  CHECK(error == ErrorCode::kOverflow);
  sum.Add({I(-kMax)});
  CHECK(sum.Result(0, &error) == I(kMax));
  CHECK(error == ErrorCode::kOk);
  AggregateProbe decimal(Retracting("sum", Type::Decimal(38, 0)));
  const Value big = Value::Decimal(data::Int128{1} << 126);
  for (int i = 0; i < 8; ++i) decimal.Add({big});
  CHECK(decimal.Result(0, &error).is_null());
  CHECK(error == ErrorCode::kOverflow);
  decimal.Add({big}, -7);
  CHECK(decimal.Result() == big);
}

TEST_CASE("engine aggregates give the known numbers over 1, 2, 4, 10, whole or in two panes") {
  const struct {
    const char* name;
    double expected;
  } cases[] = {{"stddev", 4.031128874149275},
               {"stddev_samp", 4.031128874149275},
               {"stddev_pop", 3.491060010942235},
               {"variance", 16.25},
               {"var_samp", 16.25},
               {"var_pop", 12.1875},
               {"median", 3.0},
               {"mean", 4.25},
               {"skewness", 1.469334548210623},
               {"kurtosis", 2.03076923076923},
               {"kurtosis_pop", -0.9292307692307693},
               {"skewness_pop", 0.8483206969390205},
               {"sem", 2.0155644370746373},
               {"product", 80},
               {"geometric_mean", 2.990697562442441},
               {"harmonic_mean", 2.162162162162162},
               {"entropy", 2},
               {"mad", 1.5},
               {"approx_median", 3}};
  for (const auto& c : cases) {
    CAPTURE(c.name);
    AggregateProbe probe(Plain(c.name), 2);
    probe.Feed(
        {{.values = {I(1)}}, {.values = {I(2)}}, {.values = {I(4)}, .state = 1}, {.values = {I(10)}, .state = 1}});
    probe.Merge(0, 1);
    CHECK(probe.Result().double_value() == doctest::Approx(c.expected).epsilon(1e-9));
    CHECK(Number(Plain(c.name), {I(1), I(2), I(4), I(10)}) == doctest::Approx(c.expected).epsilon(1e-9));
  }
  AggregateProbe one(Plain("stddev"));
  AggregateProbe one_pop(Plain("stddev_pop"));
  one.Add({I(5)});
  one_pop.Add({I(5)});
  CHECK(one.Result().is_null());
  CHECK(one_pop.Result() == D(0));
}

TEST_CASE("statistics of pairs give the known numbers") {
  const struct {
    const char* name;
    double expected;
  } cases[] = {{"corr", 0.9989922980237592}, {"covar_samp", 3.4},       {"covar_pop", 2.55},
               {"regr_slope", 2.04},         {"regr_intercept", -0.05}, {"regr_r2", 0.9979856115107916},
               {"regr_avgx", 2.5},           {"regr_avgy", 5.05},       {"regr_sxx", 5.0},
               {"regr_syy", 20.85},          {"regr_sxy", 10.2}};
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(Pairs(c.name) == doctest::Approx(c.expected).epsilon(1e-9));
  }
  AggregateProbe count({.name = "regr_count", .types = {TypeId::kDouble, TypeId::kInt64}});
  count.Feed({{.values = {D(1), I(1)}}, {.values = {kNull, I(1)}}, {.values = {D(1), kNull}}});
  CHECK(count.Result() == I(1));
}

TEST_CASE("percentiles, with the fraction as an argument or with WITHIN GROUP") {
  const std::vector<Value> x = {I(4), I(1), I(10), I(2)};
  const auto second = [](const char* name, double p) {
    return ProbeCall{.name = name, .types = {TypeId::kInt64, TypeId::kDouble}, .constants = {D(p)}};
  };
  CHECK(Number(second("percentile_cont", 0.9), x) == doctest::Approx(8.2));
  CHECK(Number(second("quantile_cont", 0.0), x) == 1);
  AggregateProbe disc(second("percentile_disc", 0.5));
  disc.Add(x);
  CHECK(disc.Result() == I(2));
  for (const bool descending : {false, true}) {
    ProbeCall call{.name = "percentile_cont",
                   .types = {TypeId::kDouble},
                   .constants = {D(0.9)},
                   .order_types = {TypeId::kInt64},
                   .order = {{.descending = descending}}};
    AggregateProbe probe(call);
    probe.Add(x);
    CHECK(probe.Result().double_value() == doctest::Approx(descending ? 1.3 : 8.2));
    call.name = "percentile_disc";
    AggregateProbe discrete(call);
    discrete.Add(x);
    CHECK(discrete.Result() == I(descending ? 1 : 10));
  }
  ProbeCall outside = second("percentile_cont", 1.5);
  CHECK(BindProbe(outside).error().code() == ErrorCode::kBadFraction);
  CHECK(BindProbe(Plain("percentile_cont")).error().code() == ErrorCode::kFunctionArguments);
  ProbeCall times = second("percentile_cont", 0.5);
  times.types[0] = TypeId::kTimestamp;
  AggregateProbe middle(times);
  middle.Add({I(10), I(21)});
  CHECK(middle.Result() == I(15));
}

TEST_CASE("boolean and bit aggregates") {
  for (const bool retracts : {false, true}) {
    ProbeCall every{.name = "every", .types = {TypeId::kBool}, .input_retracts = retracts};
    ProbeCall some{.name = "bool_or", .types = {TypeId::kBool}, .input_retracts = retracts};
    AggregateProbe all(every);
    AggregateProbe any(some);
    all.Add({B(true), B(false), kNull});
    any.Add({B(true), B(false), kNull});
    CHECK(all.Result() == B(false));
    CHECK(any.Result() == B(true));
    for (const auto& [name, expected] : {std::pair{"bit_and", 0b1000}, {"bit_or", 0b1110}, {"bit_xor", 0b0110}}) {
      AggregateProbe bits({.name = name, .types = {TypeId::kInt16}, .input_retracts = retracts});
      bits.Add({I(0b1100), I(0b1010)});
      CHECK(bits.Result() == I(expected));
      bits.Restart(0);
      CHECK(bits.Result() == I(expected));
    }
  }
}

TEST_CASE("lists and joined text, in the order of the call or of arrival") {
  for (const bool retracts : {false, true}) {
    AggregateProbe text({.name = "string_agg",
                         .types = {TypeId::kVarchar, TypeId::kVarchar},
                         .constants = {S(",")},
                         .input_retracts = retracts});
    text.Add({S("a"), S("b"), kNull, S("c")});
    CHECK(text.Text() == "a,b,c");
    AggregateProbe listed({.name = "listagg",
                           .types = {TypeId::kVarchar, TypeId::kVarchar},
                           .constants = {S("; ")},
                           .input_retracts = retracts,
                           .order_types = {TypeId::kVarchar}});
    listed.Feed({{.values = {S("c"), S("c")}}, {.values = {S("a"), S("a")}}, {.values = {S("b"), S("b")}}});
    CHECK(listed.Text() == "a; b; c");
    AggregateProbe array({.name = "array_agg",
                          .types = {TypeId::kVarchar},
                          .input_retracts = retracts,
                          .order_types = {TypeId::kVarchar},
                          .order = {{.descending = true}}});
    array.Feed({{.values = {S("a"), S("a")}}, {.values = {S("c"), S("c")}}, {.values = {S("b"), S("b")}}});
    CHECK(array.Result() == Value::List({S("c"), S("b"), S("a")}));
  }
  AggregateProbe numbers(Plain("group_concat"));
  numbers.Add({I(1), I(2)});
  CHECK(numbers.Text() == "1,2");
  AggregateProbe with_null(Plain("array_agg"));
  with_null.Add({I(1), kNull});
  CHECK(with_null.Result() == Value::List({I(1), kNull}));
  ProbeCall ignoring = Plain("list");
  ignoring.ignore_nulls = true;
  AggregateProbe without(ignoring);
  without.Add({I(1), kNull});
  CHECK(without.Result() == Value::List({I(1)}));
  AggregateProbe set({.name = "array_agg", .types = {TypeId::kInt64}, .is_distinct = true});
  set.Add({I(3), I(1), I(3), I(2)});
  CHECK(set.Result() == Value::List({I(1), I(2), I(3)}));
  AggregateProbe text_set({.name = "string_agg",
                           .types = {TypeId::kVarchar, TypeId::kVarchar},
                           .constants = {S("-")},
                           .is_distinct = true});
  text_set.Add({S("b"), S("a"), S("b")});
  CHECK(text_set.Text() == "a-b");
  AggregateProbe second({.name = "nth_value", .types = {TypeId::kVarchar, TypeId::kInt64}, .constants = {I(2)}});
  second.Add({S("x")});
  CHECK(second.Result().is_null());
  second.Add({S("y"), S("z")});
  CHECK(second.Result() == S("y"));
}

TEST_CASE("filters, conditions and DISTINCT") {
  AggregateProbe filtered(Plain("sum"));
  filtered.Feed({{.values = {I(1)}, .passes_filter = false},
                 {.values = {I(2)}, .passes_filter = false},
                 {.values = {I(4)}},
                 {.values = {I(10)}}});
  CHECK(filtered.Result() == I(14));
  AggregateProbe none({.name = "count", .types = {}});
  none.Feed({{.values = {}, .passes_filter = false}});
  CHECK(none.Result() == I(0));
  AggregateProbe sum_if({.name = "sum_if", .types = {TypeId::kInt64, TypeId::kBool}});
  sum_if.Feed({{.values = {I(1), B(true)}},
               {.values = {I(2), kNull}},
               {.values = {I(4), B(false)}},
               {.values = {I(8), B(true)}}});
  CHECK(sum_if.Result() == I(9));
  AggregateProbe count_if({.name = "count_if", .types = {TypeId::kBool}});
  count_if.Add({B(true), B(false), kNull, B(true)});
  CHECK(count_if.Result() == I(2));
  AggregateProbe distinct({.name = "count", .types = {TypeId::kInt64}, .is_distinct = true});
  distinct.Add({I(1), I(2), I(4), I(10), I(1), kNull});
  CHECK(distinct.Result() == I(4));
  AggregateProbe pairs({.name = "count", .types = {TypeId::kInt64, TypeId::kVarchar}, .is_distinct = true});
  pairs.Feed({{.values = {I(1), S("a")}},
              {.values = {I(1), S("b")}},
              {.values = {I(1), S("a")}},
              {.values = {kNull, S("a")}}});
  CHECK(pairs.Result() == I(2));
  AggregateProbe sum({.name = "sum", .types = {TypeId::kInt64}, .is_distinct = true});
  sum.Add({I(5), I(5), I(7)});
  CHECK(sum.Result() == I(12));
  AggregateProbe zeros({.name = "count", .types = {TypeId::kDouble}, .is_distinct = true});
  zeros.Add({D(0.0), D(-0.0), D(kNan), D(-kNan)});
  CHECK(zeros.Result() == I(2));
}

TEST_CASE("values chosen by another column") {
  for (const bool retracts : {false, true}) {
    for (const auto& [name, expected] : {std::pair{"arg_min", "b"}, {"max_by", "c"}}) {
      AggregateProbe probe({.name = name, .types = {TypeId::kVarchar, TypeId::kDouble}, .input_retracts = retracts});
      probe.Feed({{.values = {S("a"), D(2)}},
                  {.values = {S("b"), D(1)}},
                  {.values = {S("x"), kNull}},
                  {.values = {S("c"), D(3)}},
                  {.values = {S("d"), D(3)}},
                  {.values = {S("e"), D(1)}}});
      CHECK(probe.Text() == expected);
    }
  }
}

TEST_CASE("counts per value: mode and histogram") {
  AggregateProbe mode(Plain("mode", TypeId::kVarchar));
  mode.Add({S("b"), S("a"), S("b"), S("a"), S("c")});
  CHECK(mode.Text() == "a");
  AggregateProbe histogram(Plain("histogram", TypeId::kVarchar));
  histogram.Add({S("b"), S("a"), S("b")});
  CHECK(histogram.Result() == Value::List({S("a"), Value::UInt(1), S("b"), Value::UInt(2)}));
}

TEST_CASE("rows are taken back") {
  AggregateProbe count({.name = "count", .types = {}, .input_retracts = true});
  count.Feed({{.values = {}, .weight = 3}, {.values = {}, .weight = -1}});
  CHECK(count.Result() == I(2));
  AggregateProbe sum(Retracting("sum"));
  sum.Add({I(10), I(20), I(30)});
  sum.Add({I(20)}, -1);
  CHECK(sum.Result() == I(40));
  AggregateProbe max(Retracting("max"));
  max.Add({I(5), I(9), I(7)});
  CHECK(max.Result() == I(9));
  max.Add({I(9)}, -1);
  CHECK(max.Result() == I(7));
  max.Add({I(7)}, -1);
  CHECK(max.Result() == I(5));
  AggregateProbe avg(Retracting("avg"));
  avg.Add({I(1), I(2), I(3)});
  avg.Add({I(3)}, -1);
  CHECK(avg.Result() == D(1.5));
  avg.Add({I(1), I(2)}, -1);
  CHECK(avg.Result().is_null());
  AggregateProbe infinite(Retracting("sum", TypeId::kDouble));
  infinite.Add({D(kInfinity), D(kNan), D(1)});
  infinite.Add({D(kInfinity), D(kNan)}, -1);
  CHECK(infinite.Result() == D(1));
}

TEST_CASE("first and last give back the next row when one is taken back") {
  const auto both = [](auto&& steps) {
    for (const char* name : {"first", "last"}) {
      AggregateProbe probe(ByTime(name, TypeId::kInt64, true), 2);
      steps(probe, std::string_view(name) == "first");
    }
  };
  both([](AggregateProbe& probe, bool is_first) {
    AddTimed(probe, {{I(10), 1}, {I(20), 2}, {I(30), 3}});
    CHECK(probe.Result() == I(is_first ? 10 : 30));
    AddTimed(probe, {{I(10), 1}}, -1);
    CHECK(probe.Result() == I(is_first ? 20 : 30));
    AddTimed(probe, {{I(30), 3}}, -1);
    CHECK(probe.Result() == I(20));
    AddTimed(probe, {{I(20), 2}}, -1);
    CHECK(probe.Result().is_null());
    AddTimed(probe, {{I(5), 7}, {I(6), 7}});
    AddTimed(probe, {{I(5), 7}}, -1);
    CHECK(probe.Result() == I(6));
    AddTimed(probe, {{I(5), 7}});
    CHECK(probe.Result() == I(is_first ? 6 : 5));
  });
  both([](AggregateProbe& probe, bool) {
    AddTimed(probe, {{I(1), 1}});
    AddTimed(probe, {{I(99), 9}}, -1);
    CHECK(probe.Result() == I(1));
    CHECK(probe.misses() == 1);
  });
  both([](AggregateProbe& probe, bool is_first) {
    AddTimed(probe, {{I(1), 1}, {I(4), 4}}, 1, 0);
    AddTimed(probe, {{I(2), 2}, {I(3), 3}}, 1, 1);
    probe.Restart(1);
    probe.Merge(0, 1);
    probe.Restart(0);
    AddTimed(probe, {{I(1), 1}, {I(4), 4}}, -1);
    CHECK(probe.Result() == I(is_first ? 2 : 3));
  });
  AggregateProbe signed_zero(ByTime("first", TypeId::kDouble, true));
  AddTimed(signed_zero, {{D(0.0), 1}, {D(kNan), 2}});
  AddTimed(signed_zero, {{D(-0.0), 1}}, -1);
  CHECK(signed_zero.misses() == 1);
  AddTimed(signed_zero, {{D(0.0), 1}, {D(kNan), 2}}, -1);
  CHECK(signed_zero.Result().is_null());
}

TEST_CASE("sketches refuse a retracting input and name the exact function") {
  for (const char* name : {"approx_count_distinct", "approx_median"}) {
    const auto bound = BindProbe(Retracting(name));
    CHECK(bound.error().code() == ErrorCode::kCannotRetract);
    CHECK(!bound.error().hint().empty());
  }
}

TEST_CASE("wrong arguments are refused by code") {
  CHECK(BindProbe(Plain("sum", TypeId::kVarchar)).error().code() == ErrorCode::kFunctionArguments);
  CHECK(BindProbe(Plain("bool_and")).error().code() == ErrorCode::kFunctionArguments);
  ProbeCall first = Plain("first_value");
  first.is_distinct = true;
  CHECK(BindProbe(first).error().code() == ErrorCode::kFunctionArguments);
}

TEST_CASE("every name and alias resolves") {
  for (const char* name : {"count",
                           "sum",
                           "min",
                           "max",
                           "avg",
                           "mean",
                           "first_value",
                           "first",
                           "last_value",
                           "last",
                           "stddev",
                           "stddev_samp",
                           "std",
                           "stdev",
                           "stddev_pop",
                           "variance",
                           "var",
                           "var_samp",
                           "var_sample",
                           "variance_pop",
                           "var_pop",
                           "var_population",
                           "percentile",
                           "percentile_cont",
                           "quantile_cont",
                           "percentile_disc",
                           "quantile_disc",
                           "median",
                           "string_agg",
                           "listagg",
                           "group_concat",
                           "array_agg",
                           "list",
                           "bool_and",
                           "every",
                           "bool_or",
                           "some",
                           "any",
                           "approx_count_distinct",
                           "approx_distinct",
                           "approx_percentile",
                           "approx_percentile_cont",
                           "approx_median",
                           "covar",
                           "covar_samp",
                           "covar_pop",
                           "corr",
                           "regr_slope",
                           "regr_intercept",
                           "any_value",
                           "bit_and",
                           "bit_or",
                           "bit_xor",
                           "nth_value",
                           "regr_avgx",
                           "regr_avgy",
                           "regr_count",
                           "regr_r2",
                           "regr_sxx",
                           "regr_sxy",
                           "regr_syy",
                           "approx_percentile_cont_with_weight",
                           "arg_min",
                           "min_by",
                           "arg_max",
                           "max_by",
                           "mode",
                           "count_if",
                           "sum_if",
                           "product",
                           "geometric_mean",
                           "entropy",
                           "kurtosis",
                           "skewness",
                           "mad",
                           "sem",
                           "histogram",
                           "quantile",
                           "approx_quantile",
                           "vwap"}) {
    CAPTURE(name);
    CHECK(BuiltinFunctions().FindAggregate(name) != nullptr);
  }
}

}  // namespace laminar::functions
