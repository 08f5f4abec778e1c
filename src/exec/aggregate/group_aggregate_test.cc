// GROUP BY without windows: examples, and random changes against a model under random cutting.
#include "exec/aggregate/group_aggregate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "exec/testing/script.h"
#include "exec/testing/test_aggregates.h"

namespace laminar::exec {
namespace {

using data::Row;
using data::Type;
using data::TypeId;
using data::Value;

const std::vector<Type> kInput = {Type(TypeId::kVarchar), Type(TypeId::kInt64), Type(TypeId::kBool)};

GroupAggregateSpec Spec(std::vector<uint32_t> keys, EmitKind emit = EmitKind::kOnUpdate) {
  return {.input = kInput, .keys = std::move(keys), .aggregates = {}, .emit = emit, .input_retracts = true};
}

struct Case {
  explicit Case(GroupAggregateSpec spec) : Case(std::move(spec), 0) {}
  Case(GroupAggregateSpec spec, uint64_t limit) {
    std::vector<Type> output;
    for (const uint32_t key : spec.keys) output.push_back(spec.input[key]);
    for (const AggregateCall& call : spec.aggregates) output.push_back(call.function->result_type);
    script = std::make_unique<Script>(std::make_unique<GroupAggregate>(spec),
                                      std::vector<std::vector<Type>>{spec.input}, output, limit);
    REQUIRE(script->open_status().ok());
  }
  std::string Shown() { return ShowRows(script->Emitted(), script->output_types()); }
  std::string Net() { return ShowRows(script->Changes(), script->output_types()); }
  std::unique_ptr<Script> script;
};

Row R(const char* key, int64_t value, int64_t weight = 1) {
  return {.values = {Value::String(key), Value::Int(value), Value::Bool(value % 2 == 0)}, .weight = weight};
}

}  // namespace

TEST_CASE("a changed group leaves as its old row and, right behind it, the new one") {
  GroupAggregateSpec spec = Spec({0});
  spec.aggregates = {{TestCount(), {}}, {TestSum(), {1}}};
  Case c(spec);
  c.script->Feed(std::vector<Row>{R("a", 1), R("b", 5), R("a", 2)});
  CHECK(c.Shown() == "+1 a 2 3\n+1 b 1 5\n");
  c.script->Feed(std::vector<Row>{R("b", 1), R("c", 7)});
  CHECK(c.Shown() == "-1 b 1 5\n+1 b 2 6\n+1 c 1 7\n");
  c.script->Feed(std::vector<Row>{R("c", 7, -1), R("b", 1, -1), R("b", 1)});
  CHECK(c.Shown() == "-1 c 1 7\n");
  CHECK(c.script->op().state_rows() == 2);
  c.script->Watermark(kMaxTimestamp);
  CHECK(c.Shown() == "");
  CHECK(c.script->output_watermark() == kMaxTimestamp);
}

TEST_CASE("distinct emits only when a row comes or goes") {
  Case c(Spec({0}));
  std::string all;
  for (const int64_t weight : {1, 1, -1, -1}) {
    c.script->Feed(std::vector<Row>{R("a", 1, weight)});
    all += c.Shown() + "|";
  }
  CHECK(all == "+1 a\n|||-1 a\n|");
  CHECK(c.script->op().state_rows() == 0);
}

TEST_CASE("without keys there is one group, even of nothing") {
  GroupAggregateSpec spec = Spec({});
  spec.aggregates = {{TestCount(), {}}, {TestSum(), {1}}};
  {
    Case c(spec);
    c.script->Watermark(5);
    CHECK(c.Shown() == "");
    c.script->Watermark(kMaxTimestamp);
    CHECK(c.Shown() == "+1 0 NULL\n");
  }
  Case c(spec);
  c.script->Feed(std::vector<Row>{R("a", 4), R("b", 5)});
  CHECK(c.Shown() == "+1 2 9\n");
  c.script->Feed(std::vector<Row>{R("a", 4, -1), R("b", 5, -1)});
  CHECK(c.Shown() == "-1 2 9\n+1 0 NULL\n");
  c.script->Watermark(kMaxTimestamp);
  CHECK(c.Shown() == "");
}

TEST_CASE("FINAL emits once, at the end, in key order") {
  GroupAggregateSpec spec = Spec({0}, EmitKind::kFinal);
  spec.aggregates = {{TestCount(), {}}};
  Case c(spec);
  c.script->Feed(std::vector<Row>{R("b", 1), R("c", 1), R("a", 2)});
  c.script->Feed(std::vector<Row>{R("c", 1, -1), R("a", 2)});
  c.script->Watermark(1000);
  CHECK(c.Shown() == "");
  c.script->Watermark(kMaxTimestamp);
  CHECK(c.Shown() == "+1 a 2\n+1 b 1\n");
  c.script->Watermark(kMaxTimestamp);
  CHECK(c.Shown() == "");
}

TEST_CASE("a filter takes only rows where it is TRUE") {
  GroupAggregateSpec spec = Spec({0});
  spec.aggregates = {{TestCount(), {}, 2}, {TestSum(), {1}}};
  Case c(spec);
  c.script->Feed(
      std::vector<Row>{R("a", 1), R("a", 2), {.values = {Value::String("a"), Value::Int(10), Value::Null()}}});
  CHECK(c.Shown() == "+1 a 1 13\n");
}

TEST_CASE("a result that cannot be computed is an error row, and comes back when it can") {
  GroupAggregateSpec spec = Spec({0});
  spec.aggregates = {{TestSum(), {1}}};
  Case c(spec);
  c.script->Feed(std::vector<Row>{R("a", 5), R("b", 1)});
  CHECK(c.Shown() == "+1 a 5\n+1 b 1\n");
  c.script->Feed(std::vector<Row>{R("a", 2'000'000'000'000'000), R("b", 1)});
  CHECK(c.Shown() == "-1 a 5\n-1 b 1\n+1 b 2\n");
  REQUIRE(c.script->errors().size() == 1);
  CHECK(c.script->errors()[0].why == ErrorCode::kOverflow);
  c.script->Feed(std::vector<Row>{R("a", 2'000'000'000'000'000, -1)});
  CHECK(c.Shown() == "+1 a 5\n");
}

TEST_CASE("emission by watermark needs a window") {
  GroupAggregateSpec spec = Spec({0}, EmitKind::kOnWatermark);
  GroupAggregate op(spec);
  CHECK(op.Open({}).code() == ErrorCode::kEmitNeedsBucket);
}

TEST_CASE("the memory limit fails the operator") {
  Case c(Spec({1}), 100'000);
  Step step = Step::kMore;
  for (int64_t i = 0; i < 20'000 && step == Step::kMore; ++i) step = c.script->Feed(std::vector<Row>{R("a", i)});
  CHECK(step == Step::kFailed);
  CHECK(c.script->op().failure().code() == ErrorCode::kLimitReached);
}

TEST_CASE("random changes: emitted rows sum up to the groups of all rows, however they are cut") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const bool has_keys = !random.OneIn(5);
    const EmitKind emit = random.OneIn(3) ? EmitKind::kFinal : EmitKind::kChanges;
    GroupAggregateSpec spec = Spec(has_keys ? std::vector<uint32_t>{0} : std::vector<uint32_t>{}, emit);
    spec.aggregates = {{TestCount(), {}}, {TestSum(), {1}}, {TestTexts(), {1}}, {TestCount(), {}, 2}};
    std::vector<Row> rows;
    const int64_t domain = random.Between(1, 60);
    for (int64_t i = random.Between(0, 3000); i > 0; --i) {
      if (!rows.empty() && random.OneIn(3)) {
        Row again = rows[random.Below(rows.size())];
        again.weight = -again.weight;
        rows.push_back(again);
        continue;
      }
      const std::string key =
          "key number " + std::string(random.Below(20), 'k') + std::to_string(random.Between(0, domain));
      Row row = R(key.c_str(), random.Between(-5, 5), random.OneIn(8) ? random.Between(1, 4) : 1);
      if (random.OneIn(20)) row.values[0] = Value::Null();
      if (random.OneIn(20)) row.values[1] = Value::Null();
      rows.push_back(row);
    }
    // The batch answer.
    struct Group {
      std::vector<Value> key;
      int64_t rows = 0, even = 0, sum = 0, values = 0;
      std::map<int64_t, int64_t> bag;
    };
    std::map<std::string, Group> groups;
    if (!has_keys) groups[""];
    for (const Row& row : rows) {
      Group& group = groups[has_keys ? row.values[0].ToString(kInput[0]) + (row.values[0].is_null() ? "!" : "") : ""];
      if (has_keys) group.key = {row.values[0]};
      group.rows += row.weight;
      if (!row.values[2].is_null() && row.values[2].bool_value()) group.even += row.weight;
      if (row.values[1].is_null()) continue;
      group.sum += row.weight * row.values[1].int_value();
      group.values += row.weight;
      group.bag[row.values[1].int_value()] += row.weight;
    }
    std::vector<Row> expected;
    for (auto& [name, group] : groups) {
      if (has_keys && group.rows <= 0) continue;
      std::string bag;
      for (const auto& [value, weight] : group.bag) {
        if (weight != 0) bag += (bag.empty() ? "" : ",") + std::to_string(value) + "*" + std::to_string(weight);
      }
      Row row{.values = group.key};
      row.values.push_back(Value::Int(group.rows));
      row.values.push_back(group.values == 0 ? Value::Null() : Value::Int(group.sum));
      row.values.push_back(Value::String(bag));
      row.values.push_back(Value::Int(group.even));
      expected.push_back(row);
    }
    for (int cut = 0; cut < 3; ++cut) {
      Case c(spec);
      data::Consolidate(expected, c.script->output_types());
      if (cut == 0) {
        c.script->Feed(rows);
      } else {
        c.script->FeedCut(rows, random);
      }
      c.script->Watermark(kMaxTimestamp);
      const std::vector<Row> total = c.script->Total();
      REQUIRE(ShowRows(total, c.script->output_types()) == ShowRows(expected, c.script->output_types()));
      size_t kept = 0;
      for (const auto& [name, group] : groups) {
        const bool is_empty = group.rows == 0 && group.even == 0 &&
                              std::ranges::all_of(group.bag, [](const auto& e) { return e.second == 0; });
        kept += !has_keys || !is_empty ? 1 : 0;
      }
      REQUIRE(c.script->op().state_rows() == kept);
    }
    REQUIRE(LiveTestTexts() == 0);
  }
}

}  // namespace laminar::exec
