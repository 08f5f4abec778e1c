#include <doctest/doctest.h>

#include "functions/scalar/call_testing.h"

namespace laminar::functions::testing {
namespace {

using data::Type;
using data::TypeId;

const Type kPair = Type::Struct({{"a", TypeId::kInt64}, {"b", TypeId::kVarchar}});
const Type kCounts = Type::Map(TypeId::kVarchar, TypeId::kInt64);

// A call with constants the binder must know.
std::string BindCode(std::string_view name, const std::vector<Given>& given) {
  std::vector<Type> types;
  std::vector<const data::Value*> known;
  for (const Given& one : given) {
    types.push_back(one.type);
    known.push_back(&one.value);
  }
  auto bound = BuiltinFunctions().Resolve({.name = name, .types = types, .constants = known});
  return bound.has_value() ? "ok" : std::string(PublicCode(bound.error().code()));
}

TEST_CASE("structs are made and taken apart") {
  CHECK(CallKnown("named_struct", {Text("a"), Int(1), Text("b"), Text("x")}) == "{'a': 1, 'b': x}");
  CHECK(CallKnown("named_struct", {Text("a"), Null()}) == "{'a': NULL}");
  CHECK(CallKnown("row", {Int(1), Ints("[2]")}) == "{'f1': 1, 'f2': [2]}");
  const Given pair{kPair, data::Value::List({data::Value::Int(7), data::Value::String("a text beyond twelve")})};
  CHECK(CallKnown("struct_extract", {pair, Text("b")}) == "a text beyond twelve");
  CHECK(CallKnown("struct_extract", {pair, Int(1)}) == "7");
  CHECK(CallKnown("struct_extract", {Given{kPair, {}}, Text("a")}) == "NULL");
  const Given half{kPair, data::Value::List({data::Value(), data::Value::String("x")})};
  CHECK(CallKnown("get_field", {half, Text("a")}) == "NULL");
  CHECK(BindCode("struct_extract", {pair, Text("c")}) == "LDB-A002");
  CHECK(BindCode("struct_extract", {pair, Int(3)}) == "LDB-A002");
  CHECK(BindCode("named_struct", {Text("a"), Int(1), Text("a"), Int(2)}) == "LDB-A027");
  CHECK(BindCode("named_struct", {Int(1), Int(1)}) == "LDB-A027");
}

TEST_CASE("maps look up keys and refuse NULL and repeated ones") {
  const Given counts{kCounts,
                     data::Value::List({data::Value::String("a"), data::Value::Int(1), data::Value::String("b"), {}})};
  CHECK(Call("map", {Texts("[a, b]"), Ints("[1, 2]")}) == "{a=1, b=2}");
  CHECK(Call("map", {Texts("[a, a]"), Ints("[1, 2]")}) == "error LDB-R012");
  CHECK(Call("map", {Texts("[NULL]"), Ints("[1]")}) == "error LDB-R012");
  CHECK(Call("map", {Texts("[a]"), Ints("[1, 2]")}) == "error LDB-R012");
  CHECK(Call("map_keys", {counts}) == "[a, b]");
  CHECK(Call("map_values", {counts}) == "[1, NULL]");
  CHECK(Call("map_entries", {counts}) == "[{'key': a, 'value': 1}, {'key': b, 'value': NULL}]");
  CHECK(Call("element_at", {counts, Text("a")}) == "1");
  CHECK(Call("element_at", {counts, Text("b")}) == "NULL");
  CHECK(Call("element_at", {counts, Text("z")}) == "NULL");
  CHECK(Call("map_contains", {counts, Text("b")}) == "true");
  CHECK(Call("map_contains", {counts, Null()}) == "NULL");
  CHECK(Call("cardinality", {counts}) == "2");
}

TEST_CASE("types, hashes, version") {
  CHECK(Call("typeof", {Ints("[1]")}) == "BIGINT[]");
  CHECK(Call("typeof", {Null()}) == "NULL");
  CHECK(Call("hash", {Int(1), Text("a")}) == Call("hash", {Int(1), Text("a")}));
  CHECK(Call("hash", {Int(1)}) != Call("hash", {Int(2)}));
  CHECK(Call("version", {}).starts_with("LaminarDB "));
}

}  // namespace
}  // namespace laminar::functions::testing
