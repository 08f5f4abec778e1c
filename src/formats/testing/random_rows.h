// For tests: random rows of random types, edge values included.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "data/decimal.h"
#include "data/value.h"

namespace laminar::formats::testing {

inline std::vector<data::Type> ScalarTypes() {
  using data::Type;
  using data::TypeId;
  return {TypeId::kBool,        TypeId::kInt8,        TypeId::kInt16,        TypeId::kInt32,     TypeId::kInt64,
          TypeId::kUInt8,       TypeId::kUInt16,      TypeId::kUInt32,       TypeId::kUInt64,    TypeId::kFloat,
          TypeId::kDouble,      Type::Decimal(10, 2), Type::Decimal(38, 10), TypeId::kVarchar,   TypeId::kBinary,
          TypeId::kDate,        TypeId::kTime,        TypeId::kTimestamp,    Type::Timestamp(9), Type::Timestamp(3),
          TypeId::kTimestampTz, TypeId::kInterval,    TypeId::kUuid,         TypeId::kJson};
}

inline std::vector<data::Type> NestedTypes() {
  using data::Type;
  using data::TypeId;
  const Type point = Type::Struct({{"x", TypeId::kInt64, true}, {"label \"q\"", TypeId::kVarchar, true}});
  return {Type::Array(TypeId::kInt64),
          Type::Array(Type::Array(TypeId::kVarchar)),
          point,
          Type::Array(point),
          Type::Map(TypeId::kVarchar, TypeId::kDouble),
          Type::Struct({{"list", Type::Array(TypeId::kTimestamp), true}, {"p", point, true}})};
}

inline std::string RandomText(Random& random) {
  const std::string_view parts[] = {"a",
                                    "B",
                                    "7",
                                    " ",
                                    ",",
                                    "\"",
                                    "'",
                                    "\n",
                                    "\r\n",
                                    "\t",
                                    "\\",
                                    "{",
                                    "]",
                                    ":",
                                    "NULL",
                                    "\xC3\xA4",
                                    "\xE2\x82\xAC",
                                    "\xF0\x9F\x98\x80",
                                    std::string_view("\0", 1),
                                    "long enough to leave the view"};
  std::string text;
  const uint64_t count = random.Below(6);
  for (uint64_t i = 0; i < count; ++i) text += parts[random.Below(std::size(parts))];
  return text;
}

inline int64_t RandomInteger(Random& random, int bits, bool is_signed) {
  const int magnitude = static_cast<int>(random.Below(static_cast<uint64_t>(bits))) + 1;
  const auto value = static_cast<int64_t>(random.Next() >> (64 - magnitude));
  if (!is_signed) return value;
  return random.OneIn(2) ? ~(value >> 1) : value >> 1;
}

inline data::Value RandomScalar(Random& random, const data::Type& type) {
  using data::TypeId;
  using data::Value;
  switch (type.id()) {
    case TypeId::kBool: return Value::Bool(random.OneIn(2));
    case TypeId::kInt8: return Value::Int(RandomInteger(random, 8, true));
    case TypeId::kInt16: return Value::Int(RandomInteger(random, 16, true));
    case TypeId::kInt32: return Value::Int(RandomInteger(random, 32, true));
    case TypeId::kInt64: return Value::Int(RandomInteger(random, 64, true));
    case TypeId::kUInt8: return Value::UInt(static_cast<uint64_t>(RandomInteger(random, 8, false)));
    case TypeId::kUInt16: return Value::UInt(static_cast<uint64_t>(RandomInteger(random, 16, false)));
    case TypeId::kUInt32: return Value::UInt(static_cast<uint64_t>(RandomInteger(random, 32, false)));
    case TypeId::kUInt64: return Value::UInt(static_cast<uint64_t>(RandomInteger(random, 64, false)));
    case TypeId::kFloat:
    case TypeId::kDouble: {
      constexpr double kEdges[] = {0.0,
                                   -0.0,
                                   1e300,
                                   -1e-300,
                                   0.1,
                                   std::numeric_limits<double>::infinity(),
                                   -std::numeric_limits<double>::infinity(),
                                   std::numeric_limits<double>::quiet_NaN()};
      const double value = random.OneIn(3)
                               ? kEdges[random.Below(8)]
                               : (random.Unit() - 0.5) * std::pow(10, static_cast<double>(random.Below(20)));
      return Value::Double(type.id() == TypeId::kFloat ? static_cast<double>(static_cast<float>(value)) : value);
    }
    case TypeId::kDecimal: {
      const data::Int128 limit = data::PowerOfTen(type.precision()) - 1;
      const auto raw = static_cast<data::Int128>(static_cast<data::UInt128>(random.Next()) << 64 | random.Next());
      return Value::Decimal(random.OneIn(5) ? limit : (raw >> random.Below(120)) % limit);
    }
    case TypeId::kVarchar: return Value::String(RandomText(random));
    case TypeId::kBinary: {
      std::string bytes;
      for (uint64_t i = random.Below(20); i > 0; --i) bytes += static_cast<char>(random.Below(256));
      return Value::String(bytes);
    }
    case TypeId::kJson: {
      const std::string_view texts[] = {"1", "\"a,\\\"b\"", "{\"k\":[1,2.5,null]}", "true", "[]"};
      return Value::String(std::string(texts[random.Below(5)]));
    }
    case TypeId::kDate: return Value::Int(random.Between(-800000, 3000000));
    case TypeId::kTime: return Value::Int(random.Between(0, kDay - 1));
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz: {
      int64_t value = random.Between(-2'000'000'000'000'000, 9'000'000'000'000'000);
      if (!type.is_nanos() && random.OneIn(5)) value = random.OneIn(2) ? INT64_MAX - 1 : -62'135'596'800'000'001;
      if (type.precision() == 3) value -= ((value % 1000) + 1000) % 1000;
      return Value::Int(value);
    }
    case TypeId::kInterval:
      return Value::Of({static_cast<int32_t>(random.Between(-100, 100)),
                        static_cast<int32_t>(random.Between(-100, 100)), random.Between(-kDay, kDay)});
    case TypeId::kUuid: return Value::Uuid(static_cast<data::UInt128>(random.Next()) << 64 | random.Next());
    default: return Value::Null();
  }
}

inline data::Value RandomValue(Random& random, const data::Type& type, bool nullable = true) {
  using data::TypeId;
  using data::Value;
  if (nullable && random.OneIn(6)) return Value::Null();
  std::vector<Value> items;
  switch (type.id()) {
    case TypeId::kArray:
      for (uint64_t i = random.Below(4); i > 0; --i) items.push_back(RandomValue(random, type.element()));
      return Value::List(std::move(items));
    case TypeId::kMap:
      for (uint64_t i = random.Below(4); i > 0; --i) {
        items.push_back(Value::String(RandomText(random) + std::to_string(i)));
        items.push_back(RandomValue(random, type.value_type()));
      }
      return Value::List(std::move(items));
    case TypeId::kStruct:
      for (const data::Field& field : type.children()) items.push_back(RandomValue(random, field.type));
      return Value::List(std::move(items));
    default: return RandomScalar(random, type);
  }
}

inline void FillRandom(Random& random, data::BatchBuffer& out, uint32_t rows) {
  std::vector<data::Value> row(out.types().size());
  for (uint32_t i = 0; i < rows; ++i) {
    for (size_t k = 0; k < row.size(); ++k) row[k] = RandomValue(random, out.types()[k]);
    out.AppendRow(row);
  }
}

inline data::Schema SchemaOf(const std::vector<data::Type>& types) {
  data::Schema schema;
  for (size_t i = 0; i < types.size(); ++i) schema.Add({"c" + std::to_string(i), types[i], true});
  return schema;
}

}  // namespace laminar::formats::testing
