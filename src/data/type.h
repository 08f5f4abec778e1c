// SQL types. A Type is a small value: an id, two numbers, and for nested types a shared list of children.
//
// Logical types map to few physical layouts (PhysicalType), which is what kernels are instantiated for.
// Units: TIMESTAMP and TIMESTAMP WITH TIME ZONE of precision <= 6 count microseconds since the epoch (UTC), of
// precision 7 to 9 nanoseconds; TIME counts microseconds since midnight; DATE counts days since the epoch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::data {

enum class TypeId : uint8_t {
  kNull,  // the type of a bare NULL; casts to anything
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat,
  kDouble,
  kDecimal,      // precision 1..38, scale 0..precision
  kVarchar,
  kBinary,
  kJson,         // text that is valid JSON
  kDate,
  kTime,
  kTimestamp,    // precision 0..9
  kTimestampTz,  // precision 0..9; an instant, shown in the session's zone
  kInterval,
  kUuid,
  kArray,   // one child
  kStruct,  // named children
  kMap,     // two children: key, value
};

// The layout of one value in a column's `values` buffer.
enum class PhysicalType : uint8_t {
  kNull,      // no values buffer
  kBool,      // uint8_t 0 or 1
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat,
  kDouble,
  kInt128,    // DECIMAL: unscaled
  kString,    // StringRef: VARCHAR, BINARY, JSON
  kInterval,  // Interval
  kUuid,      // unsigned __int128, so that numeric order is text order
  kList,      // ListEntry into child column(s): ARRAY one child, MAP two
  kStruct,    // no values buffer, children only
};

struct Interval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
  bool operator==(const Interval&) const = default;
};

// Offset and length of one ARRAY or MAP value in its child column(s).
struct ListEntry {
  uint32_t offset = 0;
  uint32_t length = 0;
};

struct Field;

class Type {
 public:
  Type() = default;
  Type(TypeId id) : id_(id), precision_(id == TypeId::kTimestamp || id == TypeId::kTimestampTz ? 6 : 0) {}  // NOLINT

  static Type Decimal(int precision, int scale);
  static Type Timestamp(int precision);
  static Type TimestampTz(int precision);
  static Type Array(Type element);
  static Type Map(Type key, Type value);
  static Type Struct(std::vector<Field> fields);

  TypeId id() const { return id_; }
  int precision() const { return precision_; }
  int scale() const { return scale_; }
  const std::vector<Field>& children() const;
  const Type& element() const;    // of an ARRAY
  const Type& key_type() const;   // of a MAP
  const Type& value_type() const;

  PhysicalType physical() const;
  // True where values count nanoseconds (TIMESTAMP of precision above 6).
  bool is_nanos() const { return precision_ > 6 && (id_ == TypeId::kTimestamp || id_ == TypeId::kTimestampTz); }
  bool is_integer() const { return id_ >= TypeId::kInt8 && id_ <= TypeId::kUInt64; }
  bool is_signed_integer() const { return id_ >= TypeId::kInt8 && id_ <= TypeId::kInt64; }
  bool is_float() const { return id_ == TypeId::kFloat || id_ == TypeId::kDouble; }
  bool is_numeric() const { return id_ >= TypeId::kInt8 && id_ <= TypeId::kDecimal; }
  bool is_string() const { return physical() == PhysicalType::kString; }
  bool is_temporal() const { return id_ >= TypeId::kDate && id_ <= TypeId::kTimestampTz; }
  bool is_timestamp() const { return id_ == TypeId::kTimestamp || id_ == TypeId::kTimestampTz; }
  bool is_nested() const { return id_ >= TypeId::kArray; }

  // The SQL name: "BIGINT", "DECIMAL(10,2)", "TIMESTAMP(3)", "VARCHAR[]", "STRUCT<a BIGINT>", "MAP<VARCHAR, BIGINT>".
  std::string ToString() const;

  friend bool operator==(const Type& a, const Type& b);

 private:
  TypeId id_ = TypeId::kNull;
  uint8_t precision_ = 0;
  uint8_t scale_ = 0;
  std::shared_ptr<const std::vector<Field>> children_;
};

struct Field {
  std::string name;
  Type type;
  bool nullable = true;
  bool operator==(const Field&) const = default;
};

// Bytes of one value; 0 for kNull and kStruct.
uint32_t ValueWidth(PhysicalType physical);

// An ordered list of named, typed columns. Names are unique where a relation is stored; a query result may repeat them.
class Schema {
 public:
  Schema() = default;
  explicit Schema(std::vector<Field> fields) : fields_(std::move(fields)) {}
  const std::vector<Field>& fields() const { return fields_; }
  size_t size() const { return fields_.size(); }
  const Field& operator[](size_t i) const { return fields_[i]; }
  // The position of the first field of that exact name, or -1.
  int IndexOf(std::string_view name) const;
  void Add(Field field) { fields_.push_back(std::move(field)); }
  std::vector<Type> Types() const;
  bool operator==(const Schema&) const = default;

 private:
  std::vector<Field> fields_;
};

}  // namespace laminar::data
