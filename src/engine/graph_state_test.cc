// The bytes of what a database knows of itself: the examples of docs/formats/state.md.
#include "engine/graph_state.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "exec/stateless/merge.h"
#include "state/log/delta.h"

namespace laminar::engine {
namespace {

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return out;
}

// The only entry of a delta, as "key value".
std::string Entry(GraphState& state) {
  const state::Delta delta = state.TakeDelta();
  REQUIRE(delta.parts().size() == 1);
  state::DeltaReader reader(delta.parts().front());
  state::DeltaEntry entry;
  const auto more = reader.Next(entry);
  REQUIRE(more.has_value());
  REQUIRE(*more);
  return Hex(entry.key) + " " + Hex(entry.value);
}

TEST_CASE("a catalog entry has the bytes that its page shows") {
  GraphState state;
  CatalogEntry entry;
  entry.ordinal = 3;
  entry.name = "t";
  entry.sql = "CREATE TABLE t (k INT)";
  entry.created = 1;
  entry.settings = {{"batch_rows", "5"}};
  state.PutCatalog(entry);
  CHECK(Entry(state) ==
        "00000000010000000000000003 "
        "010174164352454154452054"
        "41424c45207420286b20494e"
        "5429010000000000000000000001"
        "0a62617463685f726f77730135");
}

TEST_CASE("a reading position has the bytes that its page shows") {
  GraphState state;
  StoredHead head;
  head.serial = 7;
  head.source = "s";
  head.is_shared = true;
  head.has_ended = true;
  head.rows = 300;
  head.needed = {true, false};
  head.position = "xy";
  head.readers = {{"v", 1}};
  std::string last;
  CHECK(state.PutHead(head, last).ok());
  CHECK(Entry(state) == "00000000040000000000000007 01017305ac0202010002787901017601");
  CHECK(state.PutHead(head, last).ok());
  CHECK(!state.has_changes());  // the same again is no change
}

TEST_CASE("a failure has the bytes that its page shows") {
  GraphState state;
  std::string last;
  state.PutFailure("v", {1, ErrorCode::kLimitReached, "no", ""}, last);
  CHECK(Entry(state) == "000000000576 01084c44422d52303137026e6f");
  state.PutFailure("v", {1, ErrorCode::kLimitReached, "no", "why"}, last);
  CHECK(Entry(state) == "000000000576 01084c44422d52303137026e6f03776879");
}

// The entries of one delta.
class DeltaCursor final : public state::StateCursor {
 public:
  explicit DeltaCursor(std::string delta) : delta_(std::move(delta)), reader_(delta_) { Next(); }
  bool valid() const override { return is_valid_; }
  void Next() override { is_valid_ = *reader_.Next(entry_); }
  std::string_view key() const override { return entry_.key; }
  std::string_view value() const override { return entry_.value; }
  Status status() const override { return {}; }

 private:
  const std::string delta_;
  state::DeltaReader reader_;
  state::DeltaEntry entry_;
  bool is_valid_ = false;
};

TEST_CASE(
    "a failure is read back with its hint, or without one as earlier versions stored it, and damaged not at all") {
  const std::string key("\0\0\0\0\5v", 6);
  const std::string before("\1\10LDB-R017\2no", 13);
  for (const std::string& hint : {std::string(), std::string("\3why", 4)}) {
    std::string delta;
    state::DeltaWriter(delta).Put(key, before + hint);
    GraphState state;
    DeltaCursor cursor(delta);
    REQUIRE(state.Load(cursor).ok());
    const std::optional<StoredFailure> failure = state.FailureOf("v");
    REQUIRE(failure.has_value());
    CHECK(failure->ToStatus().ToString() == (hint.empty() ? "LDB-R017: no" : "LDB-R017: no (hint: why)"));
    CHECK(StoredFailure::Of(1, failure->ToStatus()).hint == failure->hint);
  }
  for (const std::string& after : {std::string("\3wh", 3), std::string("\3why\0", 5), std::string("\377", 1)}) {
    std::string delta;
    state::DeltaWriter(delta).Put(key, before + after);
    GraphState state;
    DeltaCursor cursor(delta);
    CHECK(state.Load(cursor).code() == ErrorCode::kUnreadableState);
  }
}

TEST_CASE("tables that an operator kept in an earlier version and keeps no more are dropped, and only those") {
  const auto table = [](char number, const std::string& path) {
    return std::pair(std::string("\0\0\0\0\2\0\0\0", 8) + number,
                     static_cast<char>(path.size()) + path + "\6view v\5shape");
  };
  std::string delta;
  state::DeltaWriter writer(delta);
  for (const auto& [key, value] : {table(1, "v/v/0#0"), table(2, "v/v/1#0")}) writer.Put(key, value);
  exec::FanOut without_tables;
  exec::Operator* op = &without_tables;
  GraphState state;
  DeltaCursor cursor(delta);
  REQUIRE(state.Load(cursor).ok());
  const StoredOperator stored = state.Register("v/v/0", {&op, 1});
  CHECK(!state.has_changes());
  state.DropTablesOf(stored);
  const state::Delta dropped = state.TakeDelta();
  state::DeltaReader reader(dropped.parts().front());
  state::DeltaEntry entry;
  REQUIRE(*reader.Next(entry));
  CHECK(entry.op == state::DeltaOp::kDelete);
  CHECK(Hex(entry.key) == "000000000200000001");
  REQUIRE(*reader.Next(entry));
  CHECK(entry.op == state::DeltaOp::kDeleteRange);
  CHECK(Hex(entry.key) == "00000001");
  CHECK(!*reader.Next(entry));
  // Another operator that is gone is a difference all the same.
  const Status status = state.FinishLoad();
  CHECK(status.code() == ErrorCode::kPlanChanged);
  CHECK(status.message().find("v/v/1#0") != std::string::npos);
  CHECK(status.message().find("v/v/0#0") == std::string::npos);
}

}  // namespace
}  // namespace laminar::engine
