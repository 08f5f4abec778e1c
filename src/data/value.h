// Value: one SQL value of any type, for literals, constants, tests and the programming interface. Not for the hot path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/decimal.h"
#include "data/type.h"

namespace laminar::data {

class Value {
 public:
  Value() = default;  // NULL
  static Value Null() { return Value(); }
  static Value Bool(bool v) { return Value(Rep(v)); }
  static Value Int(int64_t v) { return Value(Rep(v)); }      // every signed integer, DATE, TIME, TIMESTAMP(TZ)
  static Value UInt(uint64_t v) { return Value(Rep(v)); }    // every unsigned integer
  static Value Double(double v) { return Value(Rep(v)); }    // FLOAT and DOUBLE
  static Value Decimal(Int128 unscaled) { return Value(Rep(unscaled)); }
  static Value Uuid(UInt128 v) { return Value(Rep(v)); }
  static Value String(std::string v) { return Value(Rep(std::move(v))); }  // VARCHAR, BINARY, JSON
  static Value Of(Interval v) { return Value(Rep(v)); }
  // ARRAY, STRUCT; MAP: key, value, key, ...
  static Value List(std::vector<Value> items) { return Value(Rep(std::move(items))); }

  bool is_null() const { return std::holds_alternative<std::monostate>(rep_); }
  bool bool_value() const { return std::get<bool>(rep_); }
  int64_t int_value() const { return std::get<int64_t>(rep_); }
  uint64_t uint_value() const { return std::get<uint64_t>(rep_); }
  double double_value() const { return std::get<double>(rep_); }
  Int128 decimal_value() const { return std::get<Int128>(rep_); }
  UInt128 uuid_value() const { return std::get<UInt128>(rep_); }
  const std::string& string_value() const { return std::get<std::string>(rep_); }
  Interval interval_value() const { return std::get<Interval>(rep_); }
  const std::vector<Value>& items() const { return std::get<std::vector<Value>>(rep_); }

  // The value of one row of a column of any encoding.
  static Value FromColumn(const Column& column, const Type& type, uint32_t row);
  // Writes it to a row of a flat column with storage; long strings go to `buffer`'s heap.
  void ToColumn(BatchBuffer& buffer, Column& column, const Type& type, uint32_t row) const;

  // As `CAST(x AS VARCHAR)` shows it; NULL is "NULL". Zone: UTC.
  std::string ToString(const Type& type) const;
  // Total order within one type: NULL last, NaN above all numbers, -0.0 equal to 0.0. Nested values compare item by
  // item.
  static int Compare(const Value& a, const Value& b, const Type& type);
  // Equality as Compare sees it, for values of one type.
  bool operator==(const Value& other) const;

 private:
  int64_t AsInt() const;  // of a signed or unsigned integer, bits kept
  double AsDouble() const;
  void ListToColumn(BatchBuffer& buffer, Column& column, const Type& type, uint32_t row) const;

  using Rep = std::variant<std::monostate, bool, int64_t, uint64_t, double, Int128, UInt128, std::string, Interval,
                           std::vector<Value>>;
  explicit Value(Rep rep) : rep_(std::move(rep)) {}
  Rep rep_;
};

}  // namespace laminar::data
