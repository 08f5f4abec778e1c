#include "plan/bind/type_binder.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sql/printer.h"

namespace laminar::plan {
namespace {

using data::Type;
using data::TypeId;

// Synonyms (spec 0.3), lower case, without arguments.
constexpr std::pair<std::string_view, TypeId> kPlain[] = {
    {"boolean", TypeId::kBool},
    {"bool", TypeId::kBool},
    {"tinyint", TypeId::kInt8},
    {"int1", TypeId::kInt8},
    {"smallint", TypeId::kInt16},
    {"int2", TypeId::kInt16},
    {"integer", TypeId::kInt32},
    {"int", TypeId::kInt32},
    {"int4", TypeId::kInt32},
    {"bigint", TypeId::kInt64},
    {"int8", TypeId::kInt64},
    {"utinyint", TypeId::kUInt8},
    {"usmallint", TypeId::kUInt16},
    {"uinteger", TypeId::kUInt32},
    {"uint", TypeId::kUInt32},
    {"ubigint", TypeId::kUInt64},
    {"real", TypeId::kFloat},
    {"float4", TypeId::kFloat},
    {"float", TypeId::kFloat},
    {"double", TypeId::kDouble},
    {"double precision", TypeId::kDouble},
    {"float8", TypeId::kDouble},
    {"varchar", TypeId::kVarchar},
    {"text", TypeId::kVarchar},
    {"string", TypeId::kVarchar},
    {"char", TypeId::kVarchar},
    {"character", TypeId::kVarchar},
    {"character varying", TypeId::kVarchar},
    {"bpchar", TypeId::kVarchar},
    {"binary", TypeId::kBinary},
    {"varbinary", TypeId::kBinary},
    {"bytea", TypeId::kBinary},
    {"blob", TypeId::kBinary},
    {"json", TypeId::kJson},
    {"jsonb", TypeId::kJson},
    {"date", TypeId::kDate},
    {"interval", TypeId::kInterval},
    {"uuid", TypeId::kUuid},
};

Status BadType(const sql::TypeName& name, std::string message, std::string hint) {
  return Status(ErrorCode::kTypeMismatch, std::move(message)).WithHint(std::move(hint)).At(name.position);
}

Result<int> OneArgument(const sql::TypeName& name, int fallback, int low, int high) {
  if (name.arguments.empty()) return fallback;
  const int64_t value = name.arguments[0];
  if (name.arguments.size() > 1 || value < low || value > high) {
    return Error(BadType(name, "type " + sql::Print(name) + " has a bad precision",
                         "a precision from " + std::to_string(low) + " to " + std::to_string(high)));
  }
  return static_cast<int>(value);
}

Result<Type> BindDecimal(const sql::TypeName& name) {
  int64_t precision = name.arguments.empty() ? 18 : name.arguments[0];
  int64_t scale = name.arguments.size() > 1 ? name.arguments[1] : (name.arguments.empty() ? 3 : 0);
  if (name.arguments.size() > 2 || precision < 1 || precision > 38 || scale < 0 || scale > precision) {
    return Error(BadType(name, "type " + sql::Print(name) + " is out of range",
                         "DECIMAL(p, s) with 1 <= p <= 38 and 0 <= s <= p"));
  }
  return Type::Decimal(static_cast<int>(precision), static_cast<int>(scale));
}

Result<Type> BindNested(const sql::TypeName& name) {
  std::vector<Type> children;
  for (const sql::TypeName& child : name.children) children.push_back(TRY(BindType(child)));
  if (name.name == "array") return Type::Array(std::move(children[0]));
  if (name.name == "map") return Type::Map(std::move(children[0]), std::move(children[1]));
  std::vector<data::Field> fields;
  for (size_t i = 0; i < children.size(); ++i) fields.push_back({name.field_names[i], std::move(children[i]), true});
  return Type::Struct(std::move(fields));
}

}  // namespace

Result<Type> BindType(const sql::TypeName& name) {
  if (name.name == "array" || name.name == "map" || name.name == "struct") return BindNested(name);
  if (name.name == "decimal" || name.name == "numeric" || name.name == "dec") return BindDecimal(name);
  if (name.name == "timestamp" || name.name == "timestamp without time zone" || name.name == "datetime") {
    return Type::Timestamp(TRY(OneArgument(name, 6, 0, 9)));
  }
  if (name.name == "timestamptz" || name.name == "timestamp with time zone") {
    return Type::TimestampTz(TRY(OneArgument(name, 6, 0, 9)));
  }
  if (name.name == "time" || name.name == "time without time zone") {
    TRY(OneArgument(name, 6, 0, 6));
    return Type(TypeId::kTime);
  }
  std::vector<std::string_view> known;
  for (const auto& [spelling, id] : kPlain) {
    if (spelling == name.name) return Type(id);
    known.push_back(spelling);
  }
  const std::string near(NearestName(name.name, known));
  return Error(BadType(name, "there is no type \"" + name.name + "\"",
                       near.empty() ? "for example BIGINT, DOUBLE, VARCHAR, TIMESTAMP, BOOLEAN, DECIMAL(10, 2)"
                                    : "did you mean " + ToUpper(near) + "?"));
}

}  // namespace laminar::plan
