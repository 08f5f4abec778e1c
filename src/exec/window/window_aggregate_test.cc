// Windows: the tables of the specification, and random streams against a brute-force model under random
// cutting.
#include "exec/window/window_aggregate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "exec/testing/script.h"
#include "exec/testing/test_aggregates.h"

namespace laminar::exec {
namespace {

using data::Row;
using data::Type;
using data::TypeId;
using data::Value;

constexpr Duration kMs = kMillisecond;
const std::vector<Type> kInput = {Type(TypeId::kTimestamp), Type(TypeId::kVarchar), Type(TypeId::kInt64)};

WindowAggregateSpec Tumbling(Duration size, EmitKind emit = EmitKind::kOnWatermark, Duration lateness = 0) {
  WindowAggregateSpec spec{
      .input = kInput, .time_column = 0, .size = size, .slide = size, .offset = 0, .lateness = lateness};
  spec.aggregates = {{TestCount(), {}}};
  spec.emit = emit;
  return spec;
}

WindowAggregateSpec Hopping(Duration slide, Duration size) {
  WindowAggregateSpec spec = Tumbling(size);
  spec.slide = slide;
  return spec;
}

std::vector<Type> OutputOf(const WindowAggregateSpec& spec) {
  std::vector<Type> output;
  for (const uint32_t key : spec.keys) output.push_back(spec.input[key]);
  output.push_back(spec.input[spec.time_column]);
  output.push_back(spec.input[spec.time_column]);
  for (const AggregateCall& call : spec.aggregates) output.push_back(call.function->result_type);
  return output;
}

struct Case {
  explicit Case(const WindowAggregateSpec& spec) {
    auto owned = std::make_unique<WindowAggregate>(spec);
    op = owned.get();
    script = std::make_unique<Script>(std::move(owned), spec.input, OutputOf(spec));
    REQUIRE(script->open_status().ok());
  }
  // Times in milliseconds.
  void Row1(int64_t ms, const char* key = "a", int64_t value = 1) {
    script->Feed({{Value::Int(ms * kMs), Value::String(key), Value::Int(value)}});
  }
  void Rows(const std::vector<int64_t>& ms) {
    std::vector<std::vector<Value>> rows;
    for (const int64_t t : ms) rows.push_back({Value::Int(t * kMs), Value::String("a"), Value::Int(t)});
    script->Feed(std::move(rows));
  }
  void Water(int64_t ms) { script->Watermark(ms * kMs); }
  // "+1 start end values..." with times in milliseconds, rows in order; times stand after the keys.
  std::string Shown() {
    std::string text;
    const std::vector<Type>& types = script->output_types();
    for (const Row& row : script->Emitted()) {
      text += text.empty() ? "" : "; ";
      text += (row.weight > 0 ? "+" : "") + std::to_string(row.weight);
      for (size_t c = 0; c < types.size(); ++c) {
        text += " " + (types[c].is_timestamp() ? std::to_string(row.values[c].int_value() / kMs)
                                               : row.values[c].ToString(types[c]));
      }
    }
    return text;
  }
  WindowAggregate* op;
  std::unique_ptr<Script> script;
};

std::vector<std::pair<int64_t, int64_t>> WindowsOf(const WindowTimes& times, int64_t t) {
  std::vector<std::pair<int64_t, int64_t>> windows;
  for (int64_t s = times.FirstWindow(times.SliceOf(t)); s <= times.LastWindow(t); s += times.slide)
    windows.emplace_back(s, s + times.size);
  return windows;
}

}  // namespace

TEST_CASE("rows are assigned to windows with floor semantics") {
  using Windows = std::vector<std::pair<int64_t, int64_t>>;
  const WindowTimes second(1000, 1000, 0, 0);
  CHECK(WindowsOf(second, 0) == Windows{{0, 1000}});
  CHECK(WindowsOf(second, 999) == Windows{{0, 1000}});
  CHECK(WindowsOf(second, 1000) == Windows{{1000, 2000}});
  CHECK(WindowsOf(second, -1) == Windows{{-1000, 0}});
  CHECK(WindowsOf(second, -1000) == Windows{{-1000, 0}});
  CHECK(WindowsOf(second, -1001) == Windows{{-2000, -1000}});
  for (const int64_t offset : {250, 1250, -750}) {
    const WindowTimes shifted(1000, 1000, offset, 0);
    CHECK(WindowsOf(shifted, 0) == Windows{{-750, 250}});
    CHECK(WindowsOf(shifted, 249) == Windows{{-750, 250}});
    CHECK(WindowsOf(shifted, 250) == Windows{{250, 1250}});
    CHECK(WindowsOf(shifted, -750) == Windows{{-750, 250}});
    CHECK(WindowsOf(shifted, -751) == Windows{{-1750, -750}});
  }
  CHECK(WindowsOf({30, 10, 0, 0}, -1) == Windows{{-30, 0}, {-20, 10}, {-10, 20}});
  CHECK(WindowsOf({25, 10, 0, 0}, 12) == Windows{{-10, 15}, {0, 25}, {10, 35}});
  CHECK(WindowsOf({25, 10, 0, 0}, 17) == Windows{{0, 25}, {10, 35}});
  CHECK(WindowsOf({300, 60, 0, 0}, 330).size() == 5);
  CHECK(WindowsOf({300, 60, 0, 0}, 330).front().first == 60);
}

TEST_CASE("a tumbling window fires when the watermark reaches its end") {
  Case c(Tumbling(60'000 * kMs));
  c.Rows({1000, 30'000, 59'999});
  c.Water(59'999);
  CHECK(c.Shown() == "");
  c.Water(60'000);
  CHECK(c.Shown() == "+1 0 60000 3");
  CHECK(c.op->state_rows() == 0);
}

TEST_CASE("one watermark fires windows in order and skips empty ones") {
  Case c(Tumbling(60'000 * kMs));
  c.Rows({130'000, 10'000});
  c.Water(300'000);
  CHECK(c.Shown() == "+1 0 60000 1; +1 120000 180000 1");
  REQUIRE(!c.script->events().empty());
  CHECK(c.script->events().back().rows.empty());  // results first, then the watermark
}

TEST_CASE("keys of a window leave in order, and the end of the input fires the rest") {
  WindowAggregateSpec spec = Tumbling(60'000 * kMs);
  spec.keys = {1};
  spec.aggregates = {{TestCount(), {}}, {TestSum(), {2}}, {TestMax(), {2}}};
  Case c(spec);
  c.Row1(1, "b", 7);
  c.Row1(2, "a", 1);
  c.Row1(3, "a", 2);
  c.script->Watermark(kMaxTimestamp);
  CHECK(c.Shown() == "+1 a 0 60000 2 3 2; +1 b 0 60000 1 7 7");
  CHECK(c.script->output_watermark() == kMaxTimestamp);
}

TEST_CASE("late rows: open, corrected, closed") {
  Case c(Tumbling(60'000 * kMs, EmitKind::kOnWatermark, 5000 * kMs));
  c.Row1(1000);
  c.Water(59'999);
  c.Row1(30'000);
  CHECK(c.Shown() == "");
  c.Water(60'000);
  CHECK(c.Shown() == "+1 0 60000 2");
  c.Row1(30'000);
  CHECK(c.Shown() == "-1 0 60000 2; +1 0 60000 3");
  c.Water(64'999);
  c.Row1(30'000);
  CHECK(c.Shown() == "-1 0 60000 3; +1 0 60000 4");
  CHECK(c.op->counters().late_updates == 2);
  CHECK(c.op->counters().late_rows == 0);
  c.Water(65'000);
  c.Row1(30'000);
  CHECK(c.Shown() == "");
  CHECK(c.op->counters().late_rows == 1);
  REQUIRE(c.script->late().size() == 1);
  CHECK(c.script->late()[0].values[0] == Value::Int(30'000 * kMs));
  CHECK(c.op->state_rows() == 0);
}

TEST_CASE("without lateness a row behind the fired window is late, and a late window may be new") {
  Case strict(Tumbling(60'000 * kMs));
  strict.Water(60'000);
  strict.Row1(59'999);
  CHECK(strict.op->counters().late_rows == 1);
  Case lenient(Tumbling(60'000 * kMs, EmitKind::kOnWatermark, 5000 * kMs));
  lenient.Water(62'000);
  lenient.Row1(10'000);
  CHECK(lenient.Shown() == "+1 0 60000 1");
}

TEST_CASE("a hopping row that is late for one window still counts in the next") {
  Case c(Hopping(30'000 * kMs, 60'000 * kMs));
  c.Water(60'000);
  c.Row1(45'000);
  CHECK(c.op->counters().late_rows == 0);
  CHECK(c.op->counters().late_windows_skipped == 1);
  c.script->Watermark(kMaxTimestamp);
  CHECK(c.Shown() == "+1 30000 90000 1");
}

TEST_CASE("hopping windows merge their slices and leave in order") {
  WindowAggregateSpec spec = Hopping(10 * kMs, 20 * kMs);
  spec.aggregates = {{TestSum(), {2}}};
  for (const bool ends : {true, false}) {
    Case c(spec);
    c.Row1(5, "a", 1);
    c.Row1(15, "a", 2);
    c.Row1(25, "a", 4);
    if (ends) {
      c.script->Watermark(kMaxTimestamp);
      CHECK(c.Shown() == "+1 -10 10 1; +1 0 20 3; +1 10 30 6; +1 20 40 4");
      CHECK(c.op->state_rows() == 0);
    } else {
      c.Water(20);
      CHECK(c.Shown() == "+1 -10 10 1; +1 0 20 3");
    }
  }
}

TEST_CASE("ON UPDATE emits each changed result once a batch and nothing at firing") {
  for (const EmitKind emit : {EmitKind::kOnUpdate, EmitKind::kChanges}) {
    Case c(Tumbling(60'000 * kMs, emit));
    c.Row1(1000);
    CHECK(c.Shown() == "+1 0 60000 1");
    c.Row1(2000);
    CHECK(c.Shown() == "-1 0 60000 1; +1 0 60000 2");
    c.Water(60'000);
    CHECK(c.Shown() == "");
    Case together(Tumbling(60'000 * kMs, emit));
    together.Rows({1000, 2000});
    CHECK(together.Shown() == "+1 0 60000 2");
  }
}

TEST_CASE("ON WINDOW CLOSE waits for the lateness, FINAL ignores it") {
  Case close(Tumbling(60'000 * kMs, EmitKind::kOnWindowClose, 10'000 * kMs));
  close.Row1(1000);
  close.Water(60'000);
  close.Water(65'000);
  close.Row1(2000);
  CHECK(close.Shown() == "");
  close.Water(70'000);
  CHECK(close.Shown() == "+1 0 60000 2");
  Case final(Tumbling(60'000 * kMs, EmitKind::kFinal, 10'000 * kMs));
  final.Row1(1000);
  final.Water(60'000);
  CHECK(final.Shown() == "+1 0 60000 1");
  final.Row1(2000);
  final.script->Watermark(kMaxTimestamp);
  CHECK(final.Shown() == "");
  CHECK(final.op->counters().late_rows == 1);
}

TEST_CASE("a window whose rows are all removed takes its result back, if it gave one") {
  WindowAggregateSpec spec = Tumbling(1000 * kMs, EmitKind::kOnWatermark, 1000 * kMs);
  spec.input_retracts = true;
  Case c(spec);
  const Row row{.values = {Value::Int(5), Value::String("a"), Value::Int(1)}};
  Row removal = row;
  removal.weight = -1;
  c.script->Feed(std::vector<Row>{row, removal});
  c.Water(1000);
  CHECK(c.Shown() == "");
  c.script->Feed(std::vector<Row>{row});
  CHECK(c.Shown() == "+1 0 1000 1");
  c.script->Feed(std::vector<Row>{removal});
  CHECK(c.Shown() == "-1 0 1000 1");
}

TEST_CASE("the output watermark is held back for what may still come") {
  WindowAggregateSpec hop = Hopping(1000 * kMs, 60'000 * kMs);
  Case by_start(hop);
  by_start.Water(60'000);
  CHECK(by_start.script->output_watermark() == 1000 * kMs);
  hop.consumer_uses_window_start = false;
  Case by_end(hop);
  by_end.Water(60'000);
  CHECK(by_end.script->output_watermark() == 60'000 * kMs);
  WindowAggregateSpec late = Tumbling(60'000 * kMs, EmitKind::kOnWatermark, 5000 * kMs);
  late.offset = 1000 * kMs;
  Case c(late);
  c.Water(65'999);
  CHECK(c.script->output_watermark() == 1000 * kMs);
  c.Water(66'000);
  CHECK(c.script->output_watermark() == 61'000 * kMs);
}

TEST_CASE("NULL and absurd times are error rows") {
  Case c(Tumbling(1000 * kMs));
  std::vector<std::vector<Value>> rows;
  for (const int64_t t : {kMinTimestamp, kMaxTimestamp, kMinTimestamp + 5, int64_t{7}}) {
    rows.push_back({Value::Int(t), Value::String("a"), Value::Int(1)});
  }
  rows.push_back({Value::Null(), Value::String("n"), Value::Int(1)});
  c.script->Feed(std::move(rows));
  REQUIRE(c.script->errors().size() == 4);
  for (const ScriptSideRow& row : c.script->errors()) {
    CHECK(row.why == (row.values[0].is_null() ? ErrorCode::kBadEventTime : ErrorCode::kOutOfRange));
  }
  c.script->Watermark(kMaxTimestamp);
  CHECK(c.Shown() == "+1 0 1000 1");
}

TEST_CASE("nanosecond times keep their unit in the bounds") {
  WindowAggregateSpec spec = Tumbling(1000);
  spec.input[0] = Type::Timestamp(9);
  Case c(spec);
  c.script->Feed(
      {{Value::Int(-1), Value::String("a"), Value::Int(1)}, {Value::Int(999'999), Value::String("a"), Value::Int(1)}});
  c.script->Watermark(kMaxTimestamp);
  const std::vector<Row> rows = c.script->Changes();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].values[0] == Value::Int(-1'000'000));
  CHECK(rows[0].values[1] == Value::Int(0));
  CHECK(rows[1].values[0] == Value::Int(0));
}

TEST_CASE("a bad window is refused when it is opened") {
  const auto code = [](const WindowAggregateSpec& spec) { return WindowAggregate(spec).Open({}).code(); };
  CHECK(code(Hopping(2000, 1000)) == ErrorCode::kBadDuration);
  CHECK(code(Tumbling(0)) == ErrorCode::kBadDuration);
  CHECK(code(Tumbling(10, EmitKind::kOnWatermark, -1)) == ErrorCode::kNegativeLateness);
  WindowAggregateSpec spec = Tumbling(10);
  spec.time_column = 1;
  CHECK(code(spec) == ErrorCode::kBadTimeColumnType);
}

namespace {

// A stream of rows and watermarks, and what it must come to.
struct Stream {
  struct Event {
    std::vector<Row> rows;
    Timestamp watermark = 0;  // after the rows
  };
  WindowAggregateSpec spec;
  std::vector<Event> events;
  std::vector<Row> expected;
  uint64_t late = 0;
};

WindowAggregateSpec RandomSpec(Random& random) {
  WindowAggregateSpec spec = Tumbling(1);
  spec.slide = random.Between(1, 20);
  spec.size = random.OneIn(2) ? spec.slide : spec.slide + random.Between(0, 40);
  spec.offset = random.Between(-30, 30);
  spec.lateness = random.OneIn(2) ? 0 : random.Between(0, 40);
  spec.emit = static_cast<EmitKind>(random.Below(5));
  spec.consumer_uses_window_start = random.OneIn(2);
  spec.input_retracts = random.OneIn(2);
  if (!random.OneIn(4)) spec.keys = random.OneIn(3) ? std::vector<uint32_t>{2, 1} : std::vector<uint32_t>{1};
  spec.aggregates = {{TestCount(), {}}, {TestSum(), {2}}, {TestTexts(), {2}}};
  if (!spec.input_retracts) spec.aggregates.push_back({TestMax(), {2}});
  return spec;
}

Stream RandomStream(Random& random) {
  Stream stream{.spec = RandomSpec(random)};
  const WindowAggregateSpec& spec = stream.spec;
  const Duration lateness = spec.emit == EmitKind::kFinal ? 0 : spec.lateness;
  std::map<std::string, std::pair<std::vector<Value>, std::vector<std::pair<int64_t, int64_t>>>>
      groups;  // rows: value, weight
  Timestamp base = random.Between(-300, 100);
  Timestamp watermark = kMinTimestamp;
  std::vector<Row> kept;
  for (int64_t e = random.Between(1, 25); e > 0; --e) {
    Stream::Event event;
    for (int64_t i = random.Between(0, 60); i > 0; --i) {
      Row row;
      if (spec.input_retracts && !kept.empty() && random.OneIn(4)) {
        row = kept[random.Below(kept.size())];
        row.weight = -row.weight;
      } else {
        const std::string key = (random.OneIn(2) ? "a long key of a group " : "k") + std::to_string(random.Below(5));
        row.values = {Value::Int(base + random.Between(-50, 30)), Value::String(key), Value::Int(random.Between(0, 3))};
        if (random.OneIn(15)) row.values[1] = Value::Null();
        kept.push_back(row);
      }
      event.rows.push_back(row);
      const int64_t t = row.values[0].int_value();
      bool is_late = true;
      for (int64_t start = t - FloorMod(t - spec.offset, spec.slide); start + spec.size > t; start -= spec.slide) {
        if (watermark != kMinTimestamp && watermark >= start + spec.size + lateness) break;
        is_late = false;
        std::vector<Value> id;
        for (const uint32_t k : spec.keys) id.push_back(row.values[k]);
        id.push_back(Value::Int(start));
        id.push_back(Value::Int(start + spec.size));
        std::string name;
        for (size_t k = 0; k < spec.keys.size(); ++k)
          name += (id[k].is_null() ? "?" : id[k].ToString(kInput[spec.keys[k]])) + "|";
        name += std::to_string(start);
        auto& group = groups[name];
        group.first = id;
        group.second.emplace_back(row.values[2].int_value(), row.weight);
      }
      if (is_late) ++stream.late;
    }
    base += random.Between(0, 25);
    if (random.OneIn(2)) watermark = std::max<Timestamp>(watermark, base - random.Between(0, 50));
    event.watermark = watermark;
    stream.events.push_back(event);
  }
  for (auto& [name, group] : groups) {
    int64_t rows = 0, sum = 0, max = INT64_MIN;
    std::map<int64_t, int64_t> bag;
    for (const auto& [value, weight] : group.second) {
      rows += weight;
      sum += value * weight;
      bag[value] += weight;
      max = std::max(max, value);
    }
    if (rows <= 0) continue;
    std::string text;
    for (const auto& [value, weight] : bag) {
      if (weight != 0) text += (text.empty() ? "" : ",") + std::to_string(value) + "*" + std::to_string(weight);
    }
    Row row{.values = group.first};
    row.values.push_back(Value::Int(rows));
    row.values.push_back(Value::Int(sum));
    row.values.push_back(Value::String(text));
    if (!spec.input_retracts) row.values.push_back(Value::Int(max));
    stream.expected.push_back(row);
  }
  data::Consolidate(stream.expected, OutputOf(spec));
  return stream;
}

// No result may carry a time below a watermark sent before it; without corrections each row leaves once and
// in order.
void CheckEvents(const Stream& stream, const Script& script) {
  const size_t time = stream.spec.keys.size() + (stream.spec.consumer_uses_window_start ? 0 : 1);
  const bool is_append = stream.spec.emit == EmitKind::kOnWindowClose || stream.spec.emit == EmitKind::kFinal;
  Timestamp watermark = kMinTimestamp;
  for (const ScriptEvent& event : script.events()) {
    if (event.rows.empty()) watermark = event.watermark;
    for (size_t i = 0; i < event.rows.size(); ++i) {
      REQUIRE(event.rows[i].values[time].int_value() >= watermark);
      if (is_append) REQUIRE(event.rows[i].weight == 1);
    }
  }
}

}  // namespace

TEST_CASE(
    "random streams: the changes sum up to the batch answer over rows that were not late, however batches are cut") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Stream stream = RandomStream(random);
    for (int cut = 0; cut < 3; ++cut) {
      Case c(stream.spec);
      for (const Stream::Event& event : stream.events) {
        if (cut == 0) {
          c.script->Feed(event.rows);
        } else {
          c.script->FeedCut(event.rows, random);
        }
        if (event.watermark != kMinTimestamp) c.script->Watermark(event.watermark);
      }
      c.script->Watermark(kMaxTimestamp);
      const std::vector<Row> total = c.script->Total();
      REQUIRE(ShowRows(total, c.script->output_types()) == ShowRows(stream.expected, c.script->output_types()));
      REQUIRE(c.op->counters().late_rows == stream.late);
      REQUIRE(c.script->late().size() == stream.late);
      REQUIRE(c.op->state_rows() == 0);
      CheckEvents(stream, *c.script);
    }
    REQUIRE(LiveTestTexts() == 0);
  }
}

}  // namespace laminar::exec
