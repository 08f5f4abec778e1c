#include "data/type.h"

#include <doctest/doctest.h>

using namespace laminar;
using namespace laminar::data;

TEST_CASE("types are shown by their SQL names") {
  CHECK_EQ(Type(TypeId::kInt64).ToString(), "BIGINT");
  CHECK_EQ(Type::Decimal(10, 2).ToString(), "DECIMAL(10,2)");
  CHECK_EQ(Type(TypeId::kTimestamp).ToString(), "TIMESTAMP");
  CHECK_EQ(Type::Timestamp(3).ToString(), "TIMESTAMP(3)");
  CHECK_EQ(Type::TimestampTz(9).ToString(), "TIMESTAMP(9) WITH TIME ZONE");
  CHECK_EQ(Type::Array(Type(TypeId::kVarchar)).ToString(), "VARCHAR[]");
  CHECK_EQ(Type::Array(Type::Array(Type(TypeId::kVarchar))).ToString(), "VARCHAR[][]");
  CHECK_EQ(Type::Map(TypeId::kVarchar, TypeId::kInt64).ToString(), "MAP<VARCHAR, BIGINT>");
  CHECK_EQ(Type::Struct({{.name = "a", .type = TypeId::kInt64}, {.name = "B \"x\"", .type = TypeId::kBool}}).ToString(),
           "STRUCT<a BIGINT, \"B \"\"x\"\"\" BOOLEAN>");
}

TEST_CASE("types are equal by structure") {
  CHECK(Type::Array(TypeId::kInt64) == Type::Array(TypeId::kInt64));
  CHECK_FALSE(Type::Array(TypeId::kInt64) == Type::Array(TypeId::kInt32));
  CHECK_FALSE(Type::Decimal(10, 2) == Type::Decimal(10, 3));
  CHECK_FALSE(Type::Timestamp(3) == Type(TypeId::kTimestamp));
  CHECK(Type::Timestamp(6) == Type(TypeId::kTimestamp));
  const Type a = Type::Struct({{.name = "a", .type = TypeId::kInt64}});
  CHECK_FALSE(a == Type::Struct({{.name = "b", .type = TypeId::kInt64}}));
}

TEST_CASE("nanoseconds start above precision six") {
  CHECK_FALSE(Type::Timestamp(6).is_nanos());
  CHECK(Type::Timestamp(7).is_nanos());
  CHECK(Type::TimestampTz(9).is_nanos());
}

TEST_CASE("a schema finds the first field of a name") {
  Schema schema;
  schema.Add({.name = "a", .type = TypeId::kInt64});
  schema.Add({.name = "b", .type = TypeId::kBool});
  schema.Add({.name = "a", .type = TypeId::kBool});
  CHECK_EQ(schema.IndexOf("a"), 0);
  CHECK_EQ(schema.IndexOf("b"), 1);
  CHECK_EQ(schema.IndexOf("A"), -1);
  CHECK_EQ(schema.Types().size(), 3);
}
