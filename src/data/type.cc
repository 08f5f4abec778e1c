#include "data/type.h"

#include "base/check.h"

namespace laminar::data {
namespace {

const std::vector<Field> kNoFields;

bool IsPlainName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) return false;
  }
  return true;
}

// Quoted where the bare name would be read differently.
void AppendName(std::string& out, std::string_view name) {
  if (IsPlainName(name)) {
    out += name;
    return;
  }
  out += '"';
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string TimestampName(int precision, bool with_zone) {
  std::string out = "TIMESTAMP";
  if (precision != 6) out += "(" + std::to_string(precision) + ")";
  if (with_zone) out += " WITH TIME ZONE";
  return out;
}

std::string StructName(const std::vector<Field>& fields) {
  std::string out = "STRUCT<";
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += ", ";
    AppendName(out, fields[i].name);
    out += ' ';
    out += fields[i].type.ToString();
  }
  return out + ">";
}

}  // namespace

Type Type::Decimal(int precision, int scale) {
  CHECK(precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision);
  Type type(TypeId::kDecimal);
  type.precision_ = static_cast<uint8_t>(precision);
  type.scale_ = static_cast<uint8_t>(scale);
  return type;
}

Type Type::Timestamp(int precision) {
  CHECK(precision >= 0 && precision <= 9);
  Type type(TypeId::kTimestamp);
  type.precision_ = static_cast<uint8_t>(precision);
  return type;
}

Type Type::TimestampTz(int precision) {
  CHECK(precision >= 0 && precision <= 9);
  Type type(TypeId::kTimestampTz);
  type.precision_ = static_cast<uint8_t>(precision);
  return type;
}

Type Type::Array(Type element) {
  Type type(TypeId::kArray);
  type.children_ = std::make_shared<const std::vector<Field>>(
      std::vector<Field>{Field{.name = "element", .type = std::move(element)}});
  return type;
}

Type Type::Map(Type key, Type value) {
  Type type(TypeId::kMap);
  type.children_ = std::make_shared<const std::vector<Field>>(
      std::vector<Field>{Field{.name = "key", .type = std::move(key), .nullable = false},
                         Field{.name = "value", .type = std::move(value)}});
  return type;
}

Type Type::Struct(std::vector<Field> fields) {
  Type type(TypeId::kStruct);
  type.children_ = std::make_shared<const std::vector<Field>>(std::move(fields));
  return type;
}

const std::vector<Field>& Type::children() const { return children_ == nullptr ? kNoFields : *children_; }

const Type& Type::element() const {
  CHECK(id_ == TypeId::kArray);
  return (*children_)[0].type;
}

const Type& Type::key_type() const {
  CHECK(id_ == TypeId::kMap);
  return (*children_)[0].type;
}

const Type& Type::value_type() const {
  CHECK(id_ == TypeId::kMap);
  return (*children_)[1].type;
}

PhysicalType Type::physical() const {
  switch (id_) {
    case TypeId::kNull: return PhysicalType::kNull;
    case TypeId::kBool: return PhysicalType::kBool;
    case TypeId::kInt8: return PhysicalType::kInt8;
    case TypeId::kInt16: return PhysicalType::kInt16;
    case TypeId::kInt32:
    case TypeId::kDate: return PhysicalType::kInt32;
    case TypeId::kInt64:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz: return PhysicalType::kInt64;
    case TypeId::kUInt8: return PhysicalType::kUInt8;
    case TypeId::kUInt16: return PhysicalType::kUInt16;
    case TypeId::kUInt32: return PhysicalType::kUInt32;
    case TypeId::kUInt64: return PhysicalType::kUInt64;
    case TypeId::kFloat: return PhysicalType::kFloat;
    case TypeId::kDouble: return PhysicalType::kDouble;
    case TypeId::kDecimal: return PhysicalType::kInt128;
    case TypeId::kVarchar:
    case TypeId::kBinary:
    case TypeId::kJson: return PhysicalType::kString;
    case TypeId::kInterval: return PhysicalType::kInterval;
    case TypeId::kUuid: return PhysicalType::kUuid;
    case TypeId::kArray:
    case TypeId::kMap: return PhysicalType::kList;
    case TypeId::kStruct: return PhysicalType::kStruct;
  }
  return PhysicalType::kNull;
}

std::string Type::ToString() const {
  switch (id_) {
    case TypeId::kNull: return "NULL";
    case TypeId::kBool: return "BOOLEAN";
    case TypeId::kInt8: return "TINYINT";
    case TypeId::kInt16: return "SMALLINT";
    case TypeId::kInt32: return "INTEGER";
    case TypeId::kInt64: return "BIGINT";
    case TypeId::kUInt8: return "UTINYINT";
    case TypeId::kUInt16: return "USMALLINT";
    case TypeId::kUInt32: return "UINTEGER";
    case TypeId::kUInt64: return "UBIGINT";
    case TypeId::kFloat: return "REAL";
    case TypeId::kDouble: return "DOUBLE";
    case TypeId::kDecimal: return "DECIMAL(" + std::to_string(precision_) + "," + std::to_string(scale_) + ")";
    case TypeId::kVarchar: return "VARCHAR";
    case TypeId::kBinary: return "BINARY";
    case TypeId::kJson: return "JSON";
    case TypeId::kDate: return "DATE";
    case TypeId::kTime: return "TIME";
    case TypeId::kTimestamp: return TimestampName(precision_, false);
    case TypeId::kTimestampTz: return TimestampName(precision_, true);
    case TypeId::kInterval: return "INTERVAL";
    case TypeId::kUuid: return "UUID";
    case TypeId::kArray: return element().ToString() + "[]";
    case TypeId::kStruct: return StructName(children());
    case TypeId::kMap: return "MAP<" + key_type().ToString() + ", " + value_type().ToString() + ">";
  }
  return "?";
}

bool operator==(const Type& a, const Type& b) {
  if (a.id_ != b.id_ || a.precision_ != b.precision_ || a.scale_ != b.scale_) return false;
  return a.children_ == b.children_ || a.children() == b.children();
}

uint32_t ValueWidth(PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kNull:
    case PhysicalType::kStruct: return 0;
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8: return 1;
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16: return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32:
    case PhysicalType::kFloat: return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64:
    case PhysicalType::kDouble:
    case PhysicalType::kList: return 8;
    case PhysicalType::kInt128:
    case PhysicalType::kString:
    case PhysicalType::kInterval:
    case PhysicalType::kUuid: return 16;
  }
  return 0;
}

int Schema::IndexOf(std::string_view name) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::vector<Type> Schema::Types() const {
  std::vector<Type> types;
  types.reserve(fields_.size());
  for (const Field& field : fields_) types.push_back(field.type);
  return types;
}

}  // namespace laminar::data
