// Random batches for tests of kernels and programs: values with many edge cases, nulls, and columns flat, constant or
// dictionary. Only tests include this.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"

namespace laminar::expr {

inline int64_t RandomInteger(Random& random, int64_t low, int64_t high) {
  switch (random.Below(6)) {
    case 0: return low;
    case 1: return high;
    case 2: {
      const int64_t near = random.Between(-3, 3);
      return near < low ? low : near;
    }
    case 3: {
      const int64_t near = random.Between(-100, 100);
      return near < low ? low : near;
    }
    default:
      return random.Between(low, high);
  }
}

inline double RandomDouble(Random& random) {
  switch (random.Below(10)) {
    case 0: return std::numeric_limits<double>::quiet_NaN();
    case 1: return std::numeric_limits<double>::infinity();
    case 2: return -std::numeric_limits<double>::infinity();
    case 3: return 0.0;
    case 4: return -0.0;
    case 5: return static_cast<double>(random.Between(-4, 4));
    case 6: return static_cast<double>(random.Between(-9, 9)) + 0.5;
    case 7: return (random.Unit() - 0.5) * 1e20;
    default: return (random.Unit() - 0.5) * 1000;
  }
}

inline std::string RandomText(Random& random) {
  static constexpr const char* kPieces[] = {"a", "b", "ab", "%", "_", "\\", "ä", "日", "A", "abcdefghijkl", "1", "x "};
  std::string text;
  const uint64_t pieces = random.Below(5);
  for (uint64_t i = 0; i < pieces; ++i) text += kPieces[random.Below(std::size(kPieces))];
  return text;
}

data::Value RandomValue(Random& random, const data::Type& type, uint32_t null_percent);

inline data::Value RandomPresent(Random& random, const data::Type& type) {
  using data::TypeId;
  using data::Value;
  switch (type.id()) {
    case TypeId::kNull: return Value();
    case TypeId::kBool: return Value::Bool(random.OneIn(2));
    case TypeId::kInt8: return Value::Int(RandomInteger(random, INT8_MIN, INT8_MAX));
    case TypeId::kInt16: return Value::Int(RandomInteger(random, INT16_MIN, INT16_MAX));
    case TypeId::kInt32: return Value::Int(RandomInteger(random, INT32_MIN, INT32_MAX));
    case TypeId::kInt64: return Value::Int(RandomInteger(random, INT64_MIN, INT64_MAX));
    case TypeId::kUInt8: return Value::UInt(static_cast<uint64_t>(RandomInteger(random, 0, UINT8_MAX)));
    case TypeId::kUInt16: return Value::UInt(static_cast<uint64_t>(RandomInteger(random, 0, UINT16_MAX)));
    case TypeId::kUInt32: return Value::UInt(static_cast<uint64_t>(RandomInteger(random, 0, UINT32_MAX)));
    case TypeId::kUInt64: return Value::UInt(random.OneIn(3) ? random.Below(5) : random.Next());
    case TypeId::kFloat: return Value::Double(static_cast<float>(RandomDouble(random)));
    case TypeId::kDouble: return Value::Double(RandomDouble(random));
    case TypeId::kDecimal: {
      data::Int128 limit = 1;
      for (int i = 0; i < type.precision(); ++i) limit *= 10;
      const auto wide = static_cast<data::Int128>(random.Next()) << 62 | static_cast<data::Int128>(random.Next() >> 2);
      return Value::Decimal(random.OneIn(3) ? random.Between(-9, 9) : wide % limit * (random.OneIn(2) ? 1 : -1));
    }
    case TypeId::kVarchar: return Value::String(RandomText(random));
    case TypeId::kBinary: return Value::String(RandomText(random));
    case TypeId::kJson: return Value::String(random.OneIn(2) ? "1" : "{\"a\": [1, 2]}");
    case TypeId::kDate: return Value::Int(random.Between(-30000, 30000));
    case TypeId::kTime: return Value::Int(random.Between(0, kDay - 1));
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz: return Value::Int(random.Between(-2'000'000'000'000'000, 4'000'000'000'000'000));
    case TypeId::kInterval:
      return Value::Of({.months = static_cast<int32_t>(random.Between(-30, 30)),
                        .days = static_cast<int32_t>(random.Between(-60, 60)),
                        .micros = random.Between(-kDay, kDay)});
    case TypeId::kUuid: return Value::Uuid(static_cast<data::UInt128>(random.Below(3)) << 64 | random.Below(3));
    case TypeId::kArray:
    case TypeId::kMap: {
      std::vector<Value> items;
      const uint64_t length = random.Below(4);
      for (uint64_t i = 0; i < length; ++i) {
        for (const data::Field& field : type.children()) {
          items.push_back(RandomValue(random, field.type, field.nullable ? 20 : 0));
        }
      }
      return Value::List(std::move(items));
    }
    case TypeId::kStruct: {
      std::vector<Value> items;
      for (const data::Field& field : type.children()) items.push_back(RandomValue(random, field.type, 20));
      return Value::List(std::move(items));
    }
  }
  return Value();
}

inline data::Value RandomValue(Random& random, const data::Type& type, uint32_t null_percent) {
  if (random.Below(100) < null_percent) return data::Value();
  return RandomPresent(random, type);
}

// A batch whose columns are flat, constant or dictionary by chance; values[column][row] is what stands in it.
struct RandomBatch {
  std::vector<data::Type> types;
  std::vector<std::vector<data::Value>> values;
  std::vector<std::unique_ptr<data::BatchBuffer>> buffers;
  std::vector<std::unique_ptr<uint32_t[]>> codes;
  std::vector<data::Column> columns;
  data::Batch batch;

  // A generator of values for a column may be given; else RandomValue with the column's chance of nulls.
  RandomBatch(Random& random, std::vector<data::Type> column_types, uint32_t rows, bool with_encodings = true)
      : types(std::move(column_types)), values(types.size()) {
    for (size_t c = 0; c < types.size(); ++c) {
      const uint32_t null_percent = random.OneIn(3) ? 0 : static_cast<uint32_t>(random.Below(60));
      const uint64_t encoding = with_encodings ? random.Below(4) : 0;
      if (encoding == 1) {
        AddConstant(c, RandomValue(random, types[c], null_percent), rows);
      } else if (encoding == 2 && types[c].id() != data::TypeId::kNull) {
        AddDictionary(random, c, null_percent, rows);
      } else {
        AddFlat(random, c, null_percent, rows);
      }
    }
    batch.rows = rows;
    batch.column_count = static_cast<uint32_t>(columns.size());
    batch.columns = columns.data();
  }

  const data::Value& At(size_t column, uint32_t row) const { return values[column][row]; }

 private:
  data::BatchBuffer& NewBuffer(const data::Type& type) {
    buffers.push_back(std::make_unique<data::BatchBuffer>(std::vector<data::Type>{type}));
    return *buffers.back();
  }
  void AddFlat(Random& random, size_t c, uint32_t null_percent, uint32_t rows) {
    data::BatchBuffer& buffer = NewBuffer(types[c]);
    for (uint32_t row = 0; row < rows; ++row) {
      values[c].push_back(RandomValue(random, types[c], null_percent));
      buffer.AppendRow({&values[c].back(), 1});
    }
    columns.push_back(buffer.column(0));
  }
  void AddConstant(size_t c, data::Value value, uint32_t rows) {
    data::BatchBuffer& buffer = NewBuffer(types[c]);
    buffer.AppendRow({&value, 1});
    buffer.column(0).encoding = data::Encoding::kConstant;
    values[c].assign(rows, value);
    columns.push_back(buffer.column(0));
  }
  void AddDictionary(Random& random, size_t c, uint32_t null_percent, uint32_t rows) {
    data::BatchBuffer& dictionary = NewBuffer(types[c]);
    const auto size = static_cast<uint32_t>(1 + random.Below(20));
    std::vector<data::Value> entries;
    for (uint32_t i = 0; i < size; ++i) {
      entries.push_back(RandomPresent(random, types[c]));
      dictionary.AppendRow({&entries.back(), 1});
    }
    data::BatchBuffer& rows_buffer = NewBuffer(types[c]);
    data::Column column = rows_buffer.column(0);
    codes.push_back(std::make_unique<uint32_t[]>(data::kBatchCapacity));
    for (uint32_t row = 0; row < rows; ++row) {
      const auto code = static_cast<uint32_t>(random.Below(size));
      codes.back()[row] = code;
      const bool is_null = random.Below(100) < null_percent;
      if (is_null) {
        rows_buffer.SetNull(size_t{0}, row);
      }
      values[c].push_back(is_null ? data::Value() : entries[code]);
    }
    column.has_nulls = rows_buffer.column(0).has_nulls;
    column.encoding = data::Encoding::kDictionary;
    column.codes = codes.back().get();
    column.dictionary = &dictionary.column(0);
    column.dictionary_id = random.Next();
    column.dictionary_size = size;
    columns.push_back(column);
  }
};

}  // namespace laminar::expr
