// Accumulators read back from damaged bytes: an error or a state that works, never a crash. And the accuracy of
// sketches.
#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "data/random_values.h"
#include "functions/aggregate/aggregate_probe.h"

namespace laminar::functions {
namespace {

std::vector<ProbeCall> AllForms() {
  std::vector<ProbeCall> calls;
  const Type nested =
      Type::Struct({{.name = "a", .type = Type::Array(TypeId::kVarchar)}, {.name = "b", .type = TypeId::kBool}});
  for (const bool retracts : {false, true}) {
    for (const Type& type : {Type(TypeId::kInt64), Type(TypeId::kVarchar), Type(TypeId::kBool), nested}) {
      for (const char* name : {"count", "min", "max", "mode", "histogram", "entropy", "any_value"}) {
        calls.push_back({.name = name, .types = {type}, .input_retracts = retracts});
      }
      calls.push_back({.name = "count", .types = {type}, .is_distinct = true, .input_retracts = retracts});
      calls.push_back({.name = "array_agg", .types = {type}, .is_distinct = true, .input_retracts = retracts});
      for (const Type& key : {Type(TypeId::kTimestamp), Type(TypeId::kVarchar)}) {
        for (const char* name : {"first", "last", "array_agg"}) {
          calls.push_back(
              {.name = name, .types = {type}, .respect_nulls = true, .input_retracts = retracts, .order_types = {key}});
        }
      }
      if (!retracts) calls.push_back({.name = "approx_count_distinct", .types = {type}});
    }
    for (const Type& type : {Type(TypeId::kInt64), Type(TypeId::kDouble), Type::Decimal(20, 2)}) {
      for (const char* name : {"sum", "avg", "stddev", "kurtosis", "median", "product", "mad"}) {
        calls.push_back({.name = name, .types = {type}, .input_retracts = retracts});
      }
      calls.push_back({.name = "avg", .types = {type}, .is_distinct = true, .input_retracts = retracts});
      if (!retracts) calls.push_back({.name = "approx_median", .types = {type}});
    }
    for (const char* name : {"bit_and", "bit_or", "bit_xor"}) {
      calls.push_back({.name = name, .types = {TypeId::kInt32}, .input_retracts = retracts});
    }
    calls.push_back({.name = "bool_and", .types = {TypeId::kBool}, .input_retracts = retracts});
    calls.push_back({.name = "string_agg", .types = {TypeId::kVarchar}, .input_retracts = retracts});
    calls.push_back({.name = "corr", .types = {TypeId::kDouble, TypeId::kDouble}, .input_retracts = retracts});
    calls.push_back({.name = "vwap", .types = {TypeId::kDouble, TypeId::kDouble}, .input_retracts = retracts});
  }
  return calls;
}

std::vector<ProbeRow> SomeRows(Random& random, const ProbeCall& call) {
  std::vector<Type> types = call.types;
  types.insert(types.end(), call.order_types.begin(), call.order_types.end());
  std::vector<ProbeRow> rows(random.Below(30));
  for (ProbeRow& row : rows) row.values = data::RandomRow(random, types);
  return rows;
}

}  // namespace

TEST_CASE("damaged bytes of a state are refused or give a state that works") {
  Random random(1);
  for (const ProbeCall& call : AllForms()) {
    CAPTURE(call.name);
    AggregateProbe probe(call, 2);
    probe.Feed(SomeRows(random, call));
    const std::string good = probe.Serialize(0);
    for (size_t size = 0; size < std::min<size_t>(good.size(), 300); ++size) {
      const Status status = probe.Deserialize(1, std::string_view(good).substr(0, size));
      REQUIRE(!status.ok());
      REQUIRE(status.code() == ErrorCode::kUnreadableState);
    }
    for (int round = 0; round < 60; ++round) {
      std::string bad = good;
      const uint64_t flips = 1 + random.Below(4);
      for (uint64_t i = 0; i < flips; ++i) {
        bad[random.Below(std::min<size_t>(bad.size(), 200))] =
            static_cast<char>(random.OneIn(2) ? 0xFF : random.Next());
      }
      const Status status = probe.Deserialize(1, bad);
      if (!status.ok()) REQUIRE(status.code() == ErrorCode::kUnreadableState);
      std::vector<ProbeRow> rows = SomeRows(random, call);
      for (ProbeRow& row : rows) row.state = 1;
      probe.Feed(rows);
      probe.Merge(1, 0);
      static_cast<void>(probe.Text(1));
      probe.Restart(1);
    }
  }
}

TEST_CASE("approx_count_distinct is within 3 % at 100 000 values, alone and merged") {
  for (const bool is_text : {false, true}) {
    for (const int64_t count : {10, 1000, 20'000, 60'000, 100'000}) {
      AggregateProbe probe({.name = "approx_count_distinct", .types = {is_text ? TypeId::kVarchar : TypeId::kInt64}},
                           2);
      std::vector<ProbeRow> rows;
      for (int64_t i = 0; i < count; ++i) {
        const Value value = is_text ? S("user" + std::to_string(i)) : I(i);
        rows.push_back({.values = {value}, .state = static_cast<size_t>(i & 1)});
        if (i % 3 == 0) rows.push_back({.values = {value}, .state = 0});
      }
      probe.Feed(rows);
      probe.Restart(1);
      probe.Merge(0, 1);
      const double estimate = static_cast<double>(probe.Result().int_value());
      CHECK(std::abs(estimate / static_cast<double>(count) - 1) < (count <= 10 ? 0.01 : 0.03));
      CHECK(probe.memory_bytes(0) < 20'000);
    }
  }
}

TEST_CASE("approx_percentile is within 1 % of rank on uniform, skewed and sorted values") {
  Random random(3);
  for (int shape = 0; shape < 3; ++shape) {
    std::vector<double> values;
    for (int i = 0; i < 100'000; ++i) {
      const double u = random.Unit();
      values.push_back(shape == 0 ? u : shape == 1 ? std::exp(20 * u) : i);
    }
    std::vector<ProbeRow> rows;
    for (size_t i = 0; i < values.size(); ++i) rows.push_back({.values = {D(values[i])}, .state = i % 3});
    std::sort(values.begin(), values.end());
    for (const double fraction : {0.0, 0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      AggregateProbe probe(
          {.name = "approx_percentile", .types = {TypeId::kDouble, TypeId::kDouble}, .constants = {D(fraction)}}, 3);
      probe.Feed(rows);
      probe.Restart(2);
      probe.Merge(0, 1);
      probe.Merge(0, 2);
      const auto at = std::lower_bound(values.begin(), values.end(), probe.Result().double_value());
      const double rank = static_cast<double>(at - values.begin()) / static_cast<double>(values.size());
      CHECK(std::abs(rank - fraction) < 0.01);
      CHECK(probe.memory_bytes(0) < 100'000);
    }
  }
  AggregateProbe weighted({.name = "approx_percentile_with_weight",
                           .types = {TypeId::kInt64, TypeId::kInt64, TypeId::kDouble},
                           .constants = {D(0.5)}});
  weighted.Feed({{.values = {I(1), I(1)}}, {.values = {I(2), I(1)}}, {.values = {I(100), I(98)}}});
  CHECK(weighted.Result().double_value() > 90);
}

}  // namespace laminar::functions
