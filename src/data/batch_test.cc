#include "data/batch.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "data/random_values.h"
#include "data/value.h"

using namespace laminar;
using namespace laminar::data;

namespace {

std::vector<Type> RandomTypes(Random& random, size_t count, int depth) {
  std::vector<Type> types;
  for (size_t i = 0; i < count; ++i) types.push_back(RandomType(random, depth));
  return types;
}

// The same rows with one column constant (its first row everywhere) or dictionary coded.
struct Encoded {
  BatchBuffer dictionary;
  std::vector<uint32_t> codes;
  std::vector<uint64_t> validity;
  Column column;
};

std::unique_ptr<Encoded> MakeDictionary(Random& random, const Type& type, uint32_t rows, bool with_nulls) {
  const auto size = static_cast<uint32_t>(random.Between(1, 2 * rows));
  auto encoded = std::make_unique<Encoded>(Encoded{BatchBuffer({type}, size), {}, {}, {}});
  AppendRandomRows(random, encoded->dictionary, size, false, 0);
  encoded->codes.resize(rows);
  encoded->validity.assign(BitmapWords(rows), ~uint64_t{0});
  for (uint32_t i = 0; i < rows; ++i) {
    encoded->codes[i] = static_cast<uint32_t>(random.Below(size));
    if (with_nulls && random.OneIn(4)) ClearBit(encoded->validity.data(), i);
  }
  encoded->column.encoding = Encoding::kDictionary;
  encoded->column.codes = encoded->codes.data();
  encoded->column.validity = encoded->validity.data();
  encoded->column.has_nulls = with_nulls;
  encoded->column.dictionary = &encoded->dictionary.column(0);
  encoded->column.dictionary_size = size;
  encoded->column.child_count = encoded->dictionary.column(0).child_count;
  encoded->column.dictionary_id = 1;
  return encoded;
}

// Fills a buffer with random rows and turns some columns into constants and dictionaries.
struct MixedBatch {
  BatchBuffer buffer;
  std::vector<std::unique_ptr<Encoded>> encoded;

  MixedBatch(Random& random, const std::vector<Type>& types, uint32_t rows) : buffer(types, kBatchCapacity) {
    AppendRandomRows(random, buffer, rows, random.OneIn(2));
    for (size_t c = 0; c < types.size(); ++c) {
      if (random.OneIn(3)) {
        buffer.column(c).encoding = Encoding::kConstant;
      } else if (random.OneIn(2)) {
        encoded.push_back(MakeDictionary(random, types[c], rows, random.OneIn(2)));
        buffer.column(c) = encoded.back()->column;
      }
    }
  }
};

}  // namespace

TEST_CASE("a heap keeps what was added, and needs no new memory for the same requests after a reset") {
  StringHeap heap;
  Random random(1);
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) texts.emplace_back(random.Below(3000), static_cast<char>('a' + i % 26));
  std::vector<StringRef> refs;
  for (const std::string& text : texts) refs.push_back(heap.Add(text));
  const char* first_long = nullptr;
  for (size_t i = 0; i < texts.size(); ++i) {
    REQUIRE_EQ(refs[i].view(), texts[i]);
    if (first_long == nullptr && !refs[i].is_inline()) first_long = refs[i].data();
  }
  CHECK_GT(heap.bytes_used(), 0);
  std::vector<StringRef> again;
  heap.Reset();
  CHECK_EQ(heap.bytes_used(), 0);
  for (const std::string& text : texts) again.push_back(heap.Add(text));
  for (size_t i = 0; i < texts.size(); ++i) {
    CHECK_EQ(again[i].view(), texts[i]);
    if (!again[i].is_inline()) CHECK_EQ(again[i].data(), refs[i].data());
  }
  StringHeap moved = std::move(heap);
  CHECK_EQ(again.back().view(), texts.back());
}

TEST_CASE("every value comes back from a buffer of its type") {
  Random random(2);
  for (int round = 0; round < 60; ++round) {
    const std::vector<Type> types = RandomTypes(random, 4, 3);
    BatchBuffer buffer(types, 100);
    for (int reuse = 0; reuse < 2; ++reuse) {
      std::vector<std::vector<Value>> rows;
      for (int i = 0; i < 100; ++i) {
        rows.push_back(RandomRow(random, types));
        buffer.AppendRow(rows.back());
      }
      REQUIRE(buffer.full());
      for (uint32_t i = 0; i < 100; ++i) {
        for (size_t c = 0; c < types.size(); ++c) {
          const Value value = Value::FromColumn(buffer.column(c), types[c], i);
          REQUIRE_EQ(Value::Compare(value, rows[i][c], types[c]), 0);
          REQUIRE(value == rows[i][c]);
        }
      }
      buffer.Reset();
      REQUIRE_EQ(buffer.rows(), 0);
      for (size_t c = 0; c < types.size(); ++c) REQUIRE_FALSE(buffer.column(c).has_nulls);
    }
  }
}

TEST_CASE("rows are copied deeply from every encoding") {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    const std::vector<Type> types = RandomTypes(random, 4, 2);
    const auto rows = static_cast<uint32_t>(random.Between(1, 200));
    auto mixed = std::make_unique<MixedBatch>(random, types, rows);
    BatchBuffer expected_source(types, rows);
    BatchBuffer copy(types, 1000);
    const auto first = static_cast<uint32_t>(random.Below(rows));
    const auto count = static_cast<uint32_t>(random.Below(rows - first + 1));
    std::vector<uint16_t> chosen;
    for (uint32_t i = 0; i < 300; ++i) chosen.push_back(static_cast<uint16_t>(random.Below(rows)));
    // What the rows are, before their memory goes away.
    std::vector<std::vector<Value>> expected;
    std::vector<int64_t> weights;
    auto remember = [&](uint32_t row) {
      expected.emplace_back();
      for (size_t c = 0; c < types.size(); ++c) {
        expected.back().push_back(Value::FromColumn(mixed->buffer.column(c), types[c], row));
      }
      weights.push_back(mixed->buffer.batch().Weight(row));
    };
    for (uint32_t i = 0; i < count; ++i) remember(first + i);
    for (const uint16_t row : chosen) remember(row);
    copy.AppendRows(mixed->buffer.batch(), first, count);
    copy.AppendSelected(mixed->buffer.batch(), chosen.data(), static_cast<uint32_t>(chosen.size()));
    mixed.reset();
    REQUIRE_EQ(copy.rows(), expected.size());
    for (uint32_t i = 0; i < copy.rows(); ++i) {
      for (size_t c = 0; c < types.size(); ++c) {
        REQUIRE(Value::FromColumn(copy.column(c), types[c], i) == expected[i][c]);
      }
      REQUIRE_EQ(copy.batch().Weight(i), weights[i]);
    }
  }
}

TEST_CASE("flattening an encoded column changes no value") {
  Random random(4);
  for (int round = 0; round < 100; ++round) {
    const std::vector<Type> types = RandomTypes(random, 3, 2);
    const auto rows = static_cast<uint32_t>(random.Between(1, 150));
    MixedBatch mixed(random, types, rows);
    BatchBuffer scratch(types, kBatchCapacity);
    for (size_t c = 0; c < types.size(); ++c) {
      const Column& from = mixed.buffer.column(c);
      const Column& flat = Flatten(from, types[c], rows, scratch.column(c));
      REQUIRE_EQ(flat.encoding, Encoding::kFlat);
      if (from.encoding == Encoding::kFlat) REQUIRE_EQ(&flat, &from);
      for (uint32_t i = 0; i < rows; ++i) {
        REQUIRE(Value::FromColumn(flat, types[c], i) == Value::FromColumn(from, types[c], i));
      }
    }
  }
}

TEST_CASE("equal keys hash alike in every encoding") {
  Random random(5);
  for (int round = 0; round < 100; ++round) {
    const std::vector<Type> types = RandomTypes(random, 3, 2);
    const auto rows = static_cast<uint32_t>(random.Between(1, 150));
    MixedBatch mixed(random, types, rows);
    BatchBuffer flat(types, rows);
    flat.AppendRows(mixed.buffer.batch(), 0, rows);
    const std::vector<std::vector<uint32_t>> keys = {{0}, {1}, {2}, {0, 1}, {2, 0, 1}, {}};
    for (const std::vector<uint32_t>& key : keys) {
      std::vector<uint64_t> a(rows);
      std::vector<uint64_t> b(rows);
      HashRows(mixed.buffer.batch(), types, key, a.data());
      HashRows(flat.batch(), types, key, b.data());
      REQUIRE(a == b);
    }
  }
}

TEST_CASE("values that compare equal hash alike, others rarely do") {
  const Type real(TypeId::kDouble);
  const Type interval(TypeId::kInterval);
  const std::vector<Type> types = {real, interval};
  BatchBuffer buffer(types, 8);
  buffer.AppendRow(std::vector{Value::Double(0.0), Value::Of({.months = 1})});
  buffer.AppendRow(std::vector{Value::Double(-0.0), Value::Of({.days = 30})});
  buffer.AppendRow(std::vector{Value::Double(std::numeric_limits<double>::quiet_NaN()), Value::Of({.days = 1})});
  buffer.AppendRow(std::vector{Value::Double(-std::numeric_limits<double>::quiet_NaN()), Value::Of({.micros = kDay})});
  uint64_t hashes[4];
  const uint32_t both[] = {0, 1};
  HashRows(buffer.batch(), types, both, hashes);
  CHECK_EQ(hashes[0], hashes[1]);
  CHECK_EQ(hashes[2], hashes[3]);
  CHECK_NE(hashes[0], hashes[2]);
}

TEST_CASE("the hash of known keys never changes") {
  // Files depend on these numbers.
  const std::vector<Type> types = {TypeId::kInt64, TypeId::kVarchar, TypeId::kDouble};
  BatchBuffer buffer(types, 2);
  buffer.AppendRow(std::vector{Value::Int(42), Value::String("AAPL"), Value::Double(1.5)});
  buffer.AppendRow(std::vector{Value::Null(), Value::String("a string beyond twelve"), Value::Double(-0.0)});
  const uint32_t key[] = {0, 1, 2};
  uint64_t hashes[2];
  HashRows(buffer.batch(), types, key, hashes);
  CHECK_EQ(hashes[0], 4444844408793040860ull);
  CHECK_EQ(hashes[1], 11586349227198614645ull);
}

TEST_CASE("a null set on a struct makes its children null and its slots harmless") {
  const Type type = Type::Struct({{.name = "a", .type = TypeId::kInt64}, {.name = "b", .type = TypeId::kVarchar}});
  BatchBuffer buffer({type}, 4);
  buffer.AppendRow(std::vector{Value::List({Value::Int(7), Value::String("a text longer than twelve")})});
  buffer.SetNull(size_t{0}, 0);
  CHECK(buffer.column(0).IsNull(0));
  CHECK(buffer.column(0).children[0].IsNull(0));
  CHECK_EQ(buffer.column(0).children[0].As<int64_t>()[0], 0);
  CHECK_EQ(buffer.column(0).children[1].As<StringRef>()[0].length, 0);
}

TEST_CASE("a column of bare nulls holds nulls only") {
  BatchBuffer buffer({Type(TypeId::kNull)}, 4);
  buffer.AppendRow(std::vector{Value::Null()});
  CHECK(Value::FromColumn(buffer.column(0), TypeId::kNull, 0).is_null());
  uint64_t hash = 0;
  const uint32_t key[] = {0};
  HashRows(buffer.batch(), buffer.types(), key, &hash);
  BatchBuffer copy({Type(TypeId::kNull)}, 4);
  copy.AppendRows(buffer.batch(), 0, 1);
  CHECK(copy.column(0).IsNull(0));
}
