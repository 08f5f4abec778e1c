// Hostile bytes against the readers of the data module: text of every type, row keys, JSON. Whatever the bytes, each
// answers a value or an error, and a value that was read is written and read again as the same.
#include "base/check.h"
#include "base/random.h"
#include "data/json.h"
#include "data/random_values.h"
#include "data/row_key.h"
#include "data/text.h"
#include "tests/fuzz.h"

namespace {

using namespace laminar;
using namespace laminar::data;

// A valid text or key with some bytes changed, dropped or doubled, or random pieces alone.
std::string Damaged(Random& random, std::string bytes) {
  constexpr std::string_view kPieces[] = {"[", "]", "{", "}", "'", ",", ":", "=", "\\", "NULL", "-", "1", "9999999999",
                                          "T", "Z", "+02", ".", "e", "P1D", "\xFF", "\x00", " "};
  for (uint64_t changes = random.Below(5); changes > 0; --changes) {
    const size_t at = random.Below(bytes.size() + 1);
    const std::string_view piece = kPieces[random.Below(std::size(kPieces))];
    switch (random.Below(3)) {
      case 0: bytes.insert(at, piece); break;
      case 1: bytes.erase(at, random.Below(4)); break;
      default: bytes.replace(at, random.Below(3), piece);
    }
  }
  return bytes;
}

void AttackText(Random& random, const Type& type, const Value& value) {
  const std::string text = Damaged(random, value.is_null() ? "" : value.ToString(type));
  BatchBuffer buffer({type}, 2);
  if (!ParseText(type, text, buffer, buffer.column(0), 0).ok()) return;
  const Value read = Value::FromColumn(buffer.column(0), type, 0);
  CHECK(ParseText(type, read.ToString(type), buffer, buffer.column(0), 1).ok());
  CHECK(Value::FromColumn(buffer.column(0), type, 1) == read);
  if (type.id() == TypeId::kJson) CHECK(IsValidJson(text));
}

void AttackKey(Random& random, const Type& type, const Value& value) {
  const KeyOrder order{.descending = random.OneIn(2), .nulls_first = random.OneIn(2)};
  std::string key;
  AppendKey(value, type, key, order);
  const std::string damaged = Damaged(random, key);
  std::string_view rest = damaged;
  const Result<Value> read = DecodeKey(rest, type, order);
  if (!read.has_value()) {
    CHECK(read.error().code() == ErrorCode::kCorrupt);
    return;
  }
  std::string again;
  AppendKey(*read, type, again, order);
  std::string_view again_rest = again;
  const Result<Value> twice = DecodeKey(again_rest, type, order);
  CHECK(twice.has_value() && again_rest.empty() && Value::Compare(*twice, *read, type) == 0);
}

}  // namespace

void FuzzSeed(uint64_t seed) {
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    const Type type = RandomType(random, 3);
    const Value value = RandomValue(random, type);
    AttackText(random, type, value);
    AttackKey(random, type, value);
  }
}
