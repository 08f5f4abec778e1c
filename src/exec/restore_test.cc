// The law of what survives: an operator whose tables and note are taken at some moment and put into a new one goes on
// as if nothing had been. Random streams, saved at random moments, change by change as the engine logs them, for every
// operator that has anything to keep.
#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "base/random.h"
#include "exec/aggregate/group_aggregate.h"
#include "exec/changelog/history.h"
#include "exec/changelog/materialize.h"
#include "exec/rank/sort.h"
#include "exec/stateless/limit.h"
#include "exec/stateless/merge.h"
#include "exec/testing/script.h"
#include "exec/testing/test_aggregates.h"
#include "exec/watermark/assigner.h"
#include "exec/window/window_aggregate.h"
#include "state/log/delta.h"

namespace laminar::exec {
namespace {

using data::Row;
using data::Type;
using data::TypeId;
using data::Value;

// time, key, text, value
const std::vector<Type> kInput = {TypeId::kTimestamp, TypeId::kInt64, TypeId::kVarchar, TypeId::kInt64};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Operator>()> make;
  std::vector<Type> output = kInput;
  bool retracts = false;
  bool is_ordered = false;  // rows leave in one order only
  size_t inputs = 1;
};

std::vector<AggregateCall> Calls(bool retracts) {
  std::vector<AggregateCall> calls = {{TestCount(), {}}, {TestSum(), {3}}, {TestTexts(), {3}}};
  if (!retracts) calls.push_back({TestMax(), {3}});
  return calls;
}

void AddResults(const std::vector<AggregateCall>& calls, std::vector<Type>& output) {
  for (const AggregateCall& call : calls) output.push_back(call.function->result_type);
}

std::vector<Kind> Groups() {
  std::vector<Kind> kinds;
  for (const EmitKind emit : {EmitKind::kOnUpdate, EmitKind::kFinal}) {
    for (const std::vector<uint32_t>& keys : {std::vector<uint32_t>{}, {1}, {2, 1}}) {
      for (const bool retracts : {false, true}) {
        GroupAggregateSpec spec{
            .input = kInput, .keys = keys, .aggregates = Calls(retracts), .emit = emit, .input_retracts = retracts};
        Kind kind{.name = "group aggregate by " + std::to_string(keys.size()) + " keys",
                  .make = [spec] { return std::make_unique<GroupAggregate>(spec); },
                  .output = {},
                  .retracts = retracts};
        for (const uint32_t key : keys) kind.output.push_back(kInput[key]);
        AddResults(spec.aggregates, kind.output);
        kinds.push_back(std::move(kind));
      }
    }
  }
  return kinds;
}

std::vector<Kind> Windows() {
  std::vector<Kind> kinds;
  for (const EmitKind emit : {EmitKind::kOnWatermark, EmitKind::kOnWindowClose, EmitKind::kChanges, EmitKind::kFinal}) {
    for (const Duration slide : {20, 100}) {
      for (const bool retracts : {false, true}) {
        WindowAggregateSpec spec{.input = kInput, .time_column = 0, .size = 100, .slide = slide, .lateness = 150};
        spec.keys = {2};
        spec.aggregates = Calls(retracts);
        spec.emit = emit;
        spec.input_retracts = retracts;
        Kind kind{.name = "window aggregate, slide " + std::to_string(slide) + ", emit " +
                          std::to_string(static_cast<int>(emit)),
                  .make = [spec] { return std::make_unique<WindowAggregate>(spec); },
                  .output = {kInput[2], kInput[0], kInput[0]},
                  .retracts = retracts};
        AddResults(spec.aggregates, kind.output);
        kinds.push_back(std::move(kind));
      }
    }
  }
  return kinds;
}

std::vector<Kind> StoredResults() {
  std::vector<Kind> kinds;
  auto add = [&](std::string name, MaterializeSpec spec) {
    spec.name = name;
    spec.types = kInput;
    kinds.push_back({.name = "materialize: " + name,
                     .make = [spec] { return std::make_unique<Materialize>(spec); },
                     .retracts = spec.input_retracts});
  };
  add("log", {});
  add("bag", {.input_retracts = true});
  add("keyed", {.key = {1, 2}, .has_key = true, .input_retracts = true});
  add("upserts", {.key = {1}, .has_key = true, .input_upserts = true});
  return kinds;
}

std::vector<Kind> Others() {
  std::vector<Kind> kinds;
  for (const bool retracts : {false, true}) {
    SortSpec spec{.input = kInput, .columns = {{.column = 3}, {.column = 2}}, .input_retracts = retracts};
    if (!retracts) spec.limit = 50;
    kinds.push_back({.name = "sort",
                     .make = [spec] { return std::make_unique<Sort>(spec); },
                     .retracts = retracts,
                     .is_ordered = true});
  }
  kinds.push_back({.name = "limit",
                   .make = [] { return std::make_unique<Limit>(LimitSpec{.limit = 200, .offset = 30}, kInput); },
                   .is_ordered = true});
  kinds.push_back({.name = "merge",
                   .make = [] { return std::make_unique<Merge>(UnionSpec{.types = kInput, .inputs = 3}); },
                   .retracts = true,
                   .is_ordered = true,
                   .inputs = 3});
  kinds.push_back({.name = "watermark assigner",
                   .make = [] { return std::make_unique<WatermarkAssigner>(WatermarkSpec{kInput, 0, 30}); },
                   .is_ordered = true});
  for (const uint64_t bytes : {4'000, 10'000'000}) {
    kinds.push_back({.name = "history",
                     .make =
                         [bytes] {
                           auto history = std::make_unique<History>(HistorySpec{"v", kInput, bytes});
                           history->StartAt(1);
                           return history;
                         },
                     .retracts = true,
                     .is_ordered = true});
  }
  return kinds;
}

std::unique_ptr<Script> NewScript(const Kind& kind) {
  auto script =
      std::make_unique<Script>(kind.make(), std::vector<std::vector<Type>>(kind.inputs, kInput), kind.output, 0, true);
  REQUIRE(script->open_status().ok());
  return script;
}

std::vector<state::StateTable*> TablesOf(Operator& op) {
  std::vector<state::StateTable*> tables;
  op.ListTables(tables);
  return tables;
}

using Bytes = std::map<std::string, std::string>;

void Apply(const std::string& delta, Bytes& to) {
  state::DeltaReader reader(delta);
  state::DeltaEntry entry;
  while (*reader.Next(entry)) {
    if (entry.op == state::DeltaOp::kPut)
      to[std::string(entry.key)] = entry.value;
    else
      to.erase(std::string(entry.key));
  }
}

// What the engine keeps of an operator.
class Store {
 public:
  void Save(Operator& op) {
    std::vector<state::StateTable*> tables = TablesOf(op);
    std::string delta;
    for (size_t i = 0; i < tables.size(); ++i) {
      const std::string prefix(1, static_cast<char>('a' + i));
      REQUIRE((is_first_ ? tables[i]->AppendAll(prefix, delta) : tables[i]->AppendChanges(prefix, delta)).ok());
      tables[i]->BeginEpoch();
    }
    is_first_ = false;
    Apply(delta, rows_);
    note_.clear();
    op.SaveNote(note_);
  }
  void Restore(Operator& op) const {
    std::vector<state::StateTable*> tables = TablesOf(op);
    for (state::StateTable* table : tables) table->Clear();
    for (const auto& [key, value] : rows_)
      REQUIRE(tables[static_cast<size_t>(key[0] - 'a')]->LoadRow(std::string_view(key).substr(1), value).ok());
    for (state::StateTable* table : tables) table->FinishLoad();
    const Status restored = op.Restore(note_);
    REQUIRE_MESSAGE(restored.ok(), restored.ToString());
    for (state::StateTable* table : tables) table->BeginEpoch();
  }
  bool operator==(const Store& other) const { return rows_ == other.rows_ && note_ == other.note_; }

 private:
  bool is_first_ = true;
  Bytes rows_;
  std::string note_;
};

class Stream {
 public:
  Stream(const Kind& kind, Random& random) : kind_(kind), random_(random) {}
  std::vector<Row> Batch(int64_t step) {
    std::vector<Row> rows;
    for (uint64_t i = 1 + random_.Below(random_.OneIn(5) ? 80 : 6); i > 0; --i) {
      if (kind_.retracts && !live_.empty() && random_.OneIn(3)) {
        const size_t at = random_.Below(live_.size());
        std::swap(live_[at], live_.back());
        rows.push_back({.values = live_.back(), .weight = -1});
        live_.pop_back();
        continue;
      }
      std::vector<Value> row = {Value::Int(step * 10 + random_.Between(-80, 40)), Value::Int(random_.Between(0, 5)),
                                Value::String("a text that is longer than twelve " + std::to_string(random_.Below(4))),
                                random_.OneIn(9) ? Value() : Value::Int(random_.Between(0, 9))};
      if (random_.OneIn(12)) row[2] = Value();
      if (kind_.retracts) live_.push_back(row);
      rows.push_back({.values = std::move(row)});
    }
    return rows;
  }

 private:
  const Kind& kind_;
  Random& random_;
  std::vector<std::vector<Value>> live_;
};

// Watermarks that have left since event number `from`.
std::vector<Timestamp> WatermarksFrom(const Script& script, size_t& from) {
  std::vector<Timestamp> watermarks;
  for (; from < script.events().size(); ++from) {
    if (script.events()[from].rows.empty()) watermarks.push_back(script.events()[from].watermark);
  }
  return watermarks;
}

void CheckLaw(const Kind& kind, uint64_t seed) {
  CAPTURE(kind.name);
  CAPTURE(kind.retracts);
  CAPTURE(seed);
  Random random(seed);
  Stream stream(kind, random);
  std::unique_ptr<Script> whole = NewScript(kind);
  std::unique_ptr<Script> part = NewScript(kind);
  Store store;
  size_t late = 0;
  size_t errors = 0;
  std::vector<Timestamp> watermarks(kind.inputs, 0);
  size_t whole_seen = 0;
  size_t part_seen = 0;
  Epoch epoch = 0;
  auto compare = [&] {
    const std::vector<Row> mine = kind.is_ordered ? part->Emitted() : part->Changes();
    const std::vector<Row> other = kind.is_ordered ? whole->Emitted() : whole->Changes();
    REQUIRE(ShowRows(mine, kind.output) == ShowRows(other, kind.output));
    REQUIRE(WatermarksFrom(*part, part_seen) == WatermarksFrom(*whole, whole_seen));
    REQUIRE(late + part->late().size() == whole->late().size());
    REQUIRE(errors + part->errors().size() == whole->errors().size());
  };
  for (int64_t step = 0; step < 60; ++step) {
    const int input = static_cast<int>(random.Below(kind.inputs));
    if (random.OneIn(3)) {
      Timestamp& watermark = watermarks[static_cast<size_t>(input)];
      watermark = std::max(watermark, step * 10 - random.Between(0, 60));
      REQUIRE(whole->Watermark(watermark, input) == part->Watermark(watermark, input));
    } else {
      const std::vector<Row> rows = stream.Batch(step);
      REQUIRE(whole->Feed(rows, input) == part->Feed(rows, input));
    }
    compare();
    if (!random.OneIn(4)) continue;
    ++epoch;
    for (size_t i = 0; i < kind.inputs; ++i) {
      whole->Barrier(epoch);
      part->Barrier(epoch);
    }
    store.Save(part->op());
    if (random.OneIn(2)) continue;
    late += part->late().size();
    errors += part->errors().size();
    part = NewScript(kind);
    part_seen = 0;
    store.Restore(part->op());
    REQUIRE(part->op().state_rows() == whole->op().state_rows());
  }
  for (size_t i = 0; i < kind.inputs; ++i)
    REQUIRE(whole->Watermark(kMaxTimestamp, static_cast<int>(i)) ==
            part->Watermark(kMaxTimestamp, static_cast<int>(i)));
  compare();
  store.Save(part->op());
  Store all;
  all.Save(whole->op());
  REQUIRE(store == all);  // not only does it behave the same: it is the same
}

TEST_CASE("a group aggregate that is saved and made anew at random moments goes on as if nothing had been") {
  const int64_t live = LiveTestTexts();
  for (const Kind& kind : Groups()) {
    for (uint64_t seed = 1; seed <= 12; ++seed) CheckLaw(kind, seed);
  }
  CHECK(LiveTestTexts() == live);
}

TEST_CASE("a window aggregate that is saved and made anew at random moments goes on as if nothing had been") {
  const int64_t live = LiveTestTexts();
  for (const Kind& kind : Windows()) {
    for (uint64_t seed = 1; seed <= 12; ++seed) CheckLaw(kind, seed);
  }
  CHECK(LiveTestTexts() == live);
}

TEST_CASE("a stored result that is saved and made anew at random moments goes on as if nothing had been") {
  for (const Kind& kind : StoredResults()) {
    for (uint64_t seed = 1; seed <= 25; ++seed) CheckLaw(kind, seed);
  }
}

TEST_CASE("sort, limit, merge, watermarks and history go on as if nothing had been when saved and made anew") {
  for (const Kind& kind : Others()) {
    for (uint64_t seed = 1; seed <= 25; ++seed) CheckLaw(kind, seed);
  }
}

TEST_CASE("an operator refuses a note that is not whole or has something behind it") {
  for (const std::vector<Kind>& kinds : {Groups(), Windows(), StoredResults(), Others()}) {
    for (const Kind& kind : kinds) {
      CAPTURE(kind.name);
      std::string note;
      NewScript(kind)->op().SaveNote(note);
      for (size_t size = 0; size < note.size(); ++size)
        CHECK(NewScript(kind)->op().Restore(note.substr(0, size)).code() == ErrorCode::kUnreadableState);
      CHECK(NewScript(kind)->op().Restore(note + "x").code() == ErrorCode::kUnreadableState);
    }
  }
}

}  // namespace
}  // namespace laminar::exec
