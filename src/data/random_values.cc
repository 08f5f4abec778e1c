#include "data/random_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "data/decimal.h"

namespace laminar::data {
namespace {

int64_t RandomInt(Random& random, int64_t low, int64_t high) {
  switch (random.Below(6)) {
    case 0: return low;
    case 1: return high;
    case 2: return std::clamp<int64_t>(random.Between(-2, 2), low, high);
    case 3: return std::clamp<int64_t>(random.Between(-100'000, 100'000), low, high);
    default:
      return static_cast<int64_t>(static_cast<uint64_t>(low) +
                                  random.Below(static_cast<uint64_t>(high) - static_cast<uint64_t>(low)));
  }
}

template <class T>
Value RandomSigned(Random& random) {
  if constexpr (sizeof(T) == 8) {
    if (random.OneIn(2)) return Value::Int(static_cast<int64_t>(random.Next()) >> random.Below(64));
  }
  return Value::Int(RandomInt(random, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

template <class T>
Value RandomUnsigned(Random& random) {
  const uint64_t most = std::numeric_limits<T>::max();
  const uint64_t value = random.OneIn(4) ? most - random.Below(2) : random.Next() >> random.Below(64);
  return Value::UInt(value & most);
}

double RandomDouble(Random& random) {
  using Limits = std::numeric_limits<double>;
  const double edges[] = {0.0, -0.0, Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), Limits::max(),
                          Limits::lowest(), Limits::denorm_min(), Limits::min(), 1e16, 1e-5, 0.1, -1.5};
  if (random.OneIn(3)) return edges[random.Below(std::size(edges))];
  if (random.OneIn(2)) return static_cast<double>(random.Between(-1'000'000, 1'000'000)) / 100;
  return std::bit_cast<double>(random.Next());
}

Int128 RandomDecimal(Random& random, const Type& type) {
  const Int128 most = PowerOfTen(type.precision()) - 1;
  if (random.OneIn(5)) return random.OneIn(2) ? most : -most;
  const auto wide = static_cast<UInt128>(random.Next()) << 64 | random.Next();
  const Int128 value = static_cast<Int128>((wide >> random.Below(127)) % static_cast<UInt128>(most + 1));
  return random.OneIn(2) ? value : -value;
}

std::string RandomText(Random& random) {
  constexpr std::string_view kPieces[] = {"a", "B", "zz", " ", "'", "\"", "\\", ",", "]", "}", "=", ":", "NULL", "ä",
                                          "日本", "😀", "0", "[", "{", "\n", "x", "y"};
  constexpr size_t kLengths[] = {0, 1, 3, 4, 7, 8, 11, 12, 13, 16, 40};
  const size_t length = kLengths[random.Below(std::size(kLengths))];
  std::string text;
  if (random.OneIn(20)) return "null";
  while (text.size() < length) text += kPieces[random.Below(random.OneIn(2) ? 3 : std::size(kPieces))];
  return text;
}

std::string RandomBytes(Random& random) {
  std::string bytes(random.Below(random.OneIn(3) ? 40 : 14), '\0');
  for (char& c : bytes) c = random.OneIn(3) ? (random.OneIn(2) ? '\0' : '\xFF') : static_cast<char>(random.Next());
  return bytes;
}

std::string RandomJson(Random& random) {
  constexpr std::string_view kTexts[] = {"null", "1", "-2.5e3", "\"a'b\"", "[]", "{}", "[1, \"NULL\", {\"k\": [true]}]",
                                         "{\"a\": \"\\u00e4\", \"b\": [1,2,3]}"};
  return std::string(kTexts[random.Below(std::size(kTexts))]);
}

Interval RandomInterval(Random& random) {
  const auto part = [&](int64_t low, int64_t high) {
    return random.OneIn(3) ? 0 : (random.OneIn(2) ? random.Between(-40, 40) : RandomInt(random, low, high));
  };
  return Interval{static_cast<int32_t>(part(INT32_MIN, INT32_MAX)), static_cast<int32_t>(part(INT32_MIN, INT32_MAX)),
                  part(INT64_MIN, INT64_MAX)};
}

int64_t RandomTimestamp(Random& random, const Type& type) {
  const int64_t step = type.is_nanos() ? static_cast<int64_t>(PowerOfTen(9 - type.precision()))
                                       : static_cast<int64_t>(PowerOfTen(6 - type.precision()));
  int64_t value = random.OneIn(2) ? 1'700'000'000'000'000 * (type.is_nanos() ? 1000 : 1) + random.Between(-1000, 1000)
                                  : RandomInt(random, INT64_MIN, INT64_MAX);
  return value - value % step;
}

Value RandomNested(Random& random, const Type& type, int null_percent) {
  std::vector<Value> items;
  const uint64_t length = type.id() == TypeId::kStruct ? 1 : random.Below(5);
  for (uint64_t i = 0; i < length; ++i) {
    for (const Field& field : type.children()) {
      items.push_back(RandomValue(random, field.type, field.nullable ? null_percent : 0));
    }
  }
  return Value::List(std::move(items));
}

}  // namespace

Type RandomType(Random& random, int max_depth) {
  const uint64_t last = static_cast<uint64_t>(max_depth > 0 ? TypeId::kMap : TypeId::kUuid);
  const auto id = static_cast<TypeId>(1 + random.Below(last));
  switch (id) {
    case TypeId::kDecimal: {
      const int precision = static_cast<int>(random.Between(1, 38));
      return Type::Decimal(precision, static_cast<int>(random.Between(0, precision)));
    }
    case TypeId::kTimestamp: return Type::Timestamp(static_cast<int>(random.Below(10)));
    case TypeId::kTimestampTz: return Type::TimestampTz(static_cast<int>(random.Below(10)));
    case TypeId::kArray: return Type::Array(RandomType(random, max_depth - 1));
    case TypeId::kMap: return Type::Map(RandomType(random, 0), RandomType(random, max_depth - 1));
    case TypeId::kStruct: {
      constexpr std::string_view kNames[] = {"a", "b c", "It's"};
      std::vector<Field> fields;
      for (uint64_t i = 0; i <= random.Below(3); ++i) {
        fields.push_back({.name = std::string(kNames[i]), .type = RandomType(random, max_depth - 1)});
      }
      return Type::Struct(std::move(fields));
    }
    default: return Type(id);
  }
}

Value RandomValue(Random& random, const Type& type, int null_percent) {
  if (random.Below(100) < static_cast<uint64_t>(null_percent)) return Value();
  switch (type.id()) {
    case TypeId::kNull: return Value();
    case TypeId::kBool: return Value::Bool(random.OneIn(2));
    case TypeId::kInt8: return RandomSigned<int8_t>(random);
    case TypeId::kInt16: return RandomSigned<int16_t>(random);
    case TypeId::kInt32:
    case TypeId::kDate: return RandomSigned<int32_t>(random);
    case TypeId::kInt64: return RandomSigned<int64_t>(random);
    case TypeId::kUInt8: return RandomUnsigned<uint8_t>(random);
    case TypeId::kUInt16: return RandomUnsigned<uint16_t>(random);
    case TypeId::kUInt32: return RandomUnsigned<uint32_t>(random);
    case TypeId::kUInt64: return RandomUnsigned<uint64_t>(random);
    case TypeId::kFloat: return Value::Double(static_cast<float>(RandomDouble(random)));
    case TypeId::kDouble: return Value::Double(RandomDouble(random));
    case TypeId::kDecimal: return Value::Decimal(RandomDecimal(random, type));
    case TypeId::kVarchar: return Value::String(RandomText(random));
    case TypeId::kBinary: return Value::String(RandomBytes(random));
    case TypeId::kJson: return Value::String(RandomJson(random));
    case TypeId::kTime: return Value::Int(random.Between(0, kDay - 1));
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz: return Value::Int(RandomTimestamp(random, type));
    case TypeId::kInterval: return Value::Of(RandomInterval(random));
    case TypeId::kUuid: return Value::Uuid(static_cast<UInt128>(random.Next()) << 64 | random.Next());
    case TypeId::kArray:
    case TypeId::kStruct:
    case TypeId::kMap: return RandomNested(random, type, null_percent);
  }
  return Value();
}

std::vector<Value> RandomRow(Random& random, const std::vector<Type>& types, int null_percent) {
  std::vector<Value> row;
  for (const Type& type : types) row.push_back(RandomValue(random, type, null_percent));
  return row;
}

void AppendRandomRows(Random& random, BatchBuffer& buffer, uint32_t rows, bool weighted, int null_percent) {
  for (uint32_t i = 0; i < rows; ++i) {
    int64_t weight = 1;
    while (weighted && (weight = random.Between(-2, 3)) == 0) {
    }
    buffer.AppendRow(RandomRow(random, buffer.types(), null_percent), weight);
  }
}

}  // namespace laminar::data
