// The second reader of stored rows must read what a state table wrote, and bytes that nobody wrote must not hurt it.
#include "engine/stored_row.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "data/random_values.h"
#include "data/text.h"
#include "state/log/delta.h"
#include "state/table/state_table.h"

namespace laminar::engine {
namespace {

using data::BatchBuffer;
using data::Type;
using data::TypeId;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class PairCursor final : public state::StateCursor {
 public:
  explicit PairCursor(Pairs pairs) : pairs_(std::move(pairs)) {}
  bool valid() const override { return at_ < pairs_.size(); }
  void Next() override { ++at_; }
  std::string_view key() const override { return pairs_[at_].first; }
  std::string_view value() const override { return pairs_[at_].second; }
  Status status() const override { return {}; }

 private:
  Pairs pairs_;
  size_t at_ = 0;
};

std::vector<Type> RandomTypes(Random& random, uint64_t least) {
  std::vector<Type> types;
  for (uint64_t count = least + random.Below(5); count > 0; --count) types.push_back(data::RandomType(random, 2));
  return types;
}

RowSelection Everything(const StoredShape& shape) {
  RowSelection all;
  for (uint32_t i = 0; i < shape.Columns().size(); ++i) all.place.push_back(i);
  return all;
}

void AppendLines(const BatchBuffer& rows, std::vector<std::string>& lines) {
  for (uint32_t row = 0; row < rows.rows(); ++row) {
    std::string& line = lines.emplace_back();
    for (size_t c = 0; c < rows.types().size(); ++c) {
      data::AppendText(rows.types()[c], rows.batch().columns[c], row, line);
      line += '|';
    }
  }
}

std::vector<std::string> ReadAll(const StoredShape& shape, Pairs pairs, Status* failed = nullptr) {
  StoredRowReader reader(std::make_unique<PairCursor>(std::move(pairs)), shape, Everything(shape));
  BatchBuffer rows(shape.Columns());
  std::vector<std::string> lines;
  while (true) {
    Status read = reader.Read(rows, 100);
    if (failed != nullptr) *failed = read;
    if (failed == nullptr) REQUIRE_MESSAGE(read.ok(), read.ToString());
    if (!read.ok() || rows.rows() == 0) return lines;
    AppendLines(rows, lines);
  }
}

// A table of random rows: its shape, what it stores and what it shows.
struct Stored {
  StoredShape shape;
  Pairs pairs;
  std::vector<std::string> lines;

  explicit Stored(Random& random) {
    shape.key = RandomTypes(random, 1);
    shape.values = RandomTypes(random, 0);
    shape.payload_bytes = 0;
    state::TableSpec spec;
    spec.key = shape.key;
    spec.values = shape.values;
    state::StateTable table(spec);
    BatchBuffer rows(shape.Columns());
    data::AppendRandomRows(random, rows, static_cast<uint32_t>(random.Below(400)), false);
    std::vector<uint32_t> key(shape.key.size());
    std::vector<uint32_t> values(shape.values.size());
    for (uint32_t i = 0; i < key.size(); ++i) key[i] = i;
    for (uint32_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint32_t>(key.size()) + i;
    std::vector<uint64_t> hashes(data::kBatchCapacity);
    std::vector<state::RowRef> refs(data::kBatchCapacity);
    std::vector<uint8_t> inserted(data::kBatchCapacity);
    data::HashRows(rows.batch(), rows.types(), key, hashes.data());
    REQUIRE(table.Reserve(rows.rows()).ok());
    table.FindOrInsert(rows.batch(), key, hashes.data(), refs.data(), inserted.data());
    table.WriteValues({refs.data(), rows.rows()}, rows.batch(), values);
    const auto snapshot = table.TakeSnapshot();
    BatchBuffer shown(shape.Columns());
    for (uint64_t cursor = 0; snapshot->Read(cursor, shown), shown.rows() > 0; shown.Reset()) AppendLines(shown, lines);
    std::string delta;
    REQUIRE(table.AppendAll("tabl", delta).ok());
    state::DeltaReader reader(delta);
    state::DeltaEntry entry;
    while (reader.Next(entry).value()) pairs.emplace_back(entry.key, entry.value);
  }
};

TEST_CASE("every type stands in a shape by its name") {
  Random random(1);
  for (int round = 0; round < 400; ++round) {
    const std::vector<Type> key = RandomTypes(random, 0);
    const std::vector<Type> values = RandomTypes(random, 0);
    const std::string text = ShapeText(key, values, round % 3 == 0 ? "saved" : std::to_string(round));
    CAPTURE(text);
    const auto shape = ParseShape(text);
    REQUIRE_MESSAGE(shape.has_value(), shape.error().ToString());
    CHECK(shape->key == key);
    CHECK(shape->values == values);
    CHECK(shape->has_payload());
  }
  CHECK(ParseShape("key (NULL) values (NULL, BIGINT) payload 0")->Columns().size() == 3);
}

TEST_CASE("what is no shape is refused") {
  for (const char* text :
       {"", "key", "key ()", "key () values ()", "key () values () payload", "key () values () payload x",
        "key (BIGINT values () payload 0", "key (BIGINT,) values () payload 0",
        "key (BIGINT) values (NOSUCH) payload 0", "key (DECIMAL(99,2)) values () payload 0",
        "key (BIGINT)) values () payload 0", "key () values () payload 99999999999", "values () key () payload 0",
        "key (STRUCT<>) values () payload 0", "key (((((((((( values () payload 0",
        "key (BIGINT[) values () payload 0"}) {
    CAPTURE(text);
    const auto shape = ParseShape(text);
    REQUIRE(!shape.has_value());
    CHECK(shape.error().code() == ErrorCode::kUnreadableState);
  }
  Random random(2);
  const std::string whole = ShapeText({TypeId::kInt64, Type::Array(TypeId::kVarchar)}, {Type::Decimal(10, 2)}, "8");
  for (int round = 0; round < 3000; ++round) {
    std::string text = whole;
    for (uint64_t n = 1 + random.Below(3); n > 0; --n)
      text[random.Below(text.size())] = static_cast<char>(random.Next());
    (void)ParseShape(text);
  }
}

TEST_CASE("rows of random tables read as the table shows them") {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    Stored stored(random);
    std::vector<std::string> lines = ReadAll(stored.shape, stored.pairs);
    std::ranges::sort(lines);
    std::ranges::sort(stored.lines);
    CHECK(lines == stored.lines);
  }
}

TEST_CASE("columns that nobody needs are NULL, the payload is bytes, a count repeats its row") {
  StoredShape shape;
  shape.key = {TypeId::kVarchar};
  shape.values = {TypeId::kInt64};
  shape.payload_bytes = 2;
  const auto pair = [](char letter, int64_t count) {
    std::string value(1, '\0');
    value.append(reinterpret_cast<const char*>(&count), 8);
    return std::pair<std::string, std::string>(std::string("tablvtag4") + '\0' + '\1' + letter, value + "pp");
  };
  const Pairs pairs = {pair('a', 3), pair('b', 0), pair('c', -2), pair('d', 250)};
  CHECK(ReadAll(shape, pairs).size() == 4);
  CHECK(ReadAll(shape, pairs)[0] == "a|3|\\x7070|");
  RowSelection selection;
  selection.place = {1, RowSelection::kNowhere, RowSelection::kNowhere};
  selection.repetitions = 1;
  StoredRowReader reader(std::make_unique<PairCursor>(pairs), shape, selection);
  BatchBuffer rows({TypeId::kBinary, TypeId::kVarchar});
  std::vector<std::string> lines;
  while (reader.Read(rows, 7).ok() && rows.rows() > 0) AppendLines(rows, lines);
  CHECK(lines.size() == 253);
  CHECK(lines[2] == "NULL|a|");
  CHECK(lines[3] == "NULL|d|");
  shape.payload_bytes = 3;
  Status failed;
  (void)ReadAll(shape, pairs, &failed);
  CHECK(failed.code() == ErrorCode::kUnreadableState);
}

TEST_CASE("damaged rows are refused or read as other rows, and never hurt") {
  Random random(4);
  uint64_t refused = 0;
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    const Stored stored(random);
    for (int damage = 0; damage < 20 && !stored.pairs.empty(); ++damage) {
      Pairs pairs = {stored.pairs[random.Below(stored.pairs.size())]};
      std::string& victim = random.OneIn(2) ? pairs[0].first : pairs[0].second;
      switch (random.Below(4)) {
        case 0: victim.resize(random.Below(victim.size() + 1)); break;
        case 1: victim += static_cast<char>(random.Next()); break;
        case 2: victim.insert(random.Below(victim.size() + 1), 1, static_cast<char>(random.Next())); break;
        default:
          for (uint64_t n = 1 + random.Below(4); n > 0 && !victim.empty(); --n)
            victim[random.Below(victim.size())] = static_cast<char>(random.OneIn(4) ? 0xFF : random.Next());
      }
      Status failed;
      (void)ReadAll(stored.shape, pairs, &failed);
      refused += failed.ok() ? 0 : 1;
      CHECK((failed.ok() || failed.code() == ErrorCode::kUnreadableState));
    }
  }
  CHECK(refused > 200);
}

}  // namespace
}  // namespace laminar::engine
