#include <doctest/doctest.h>

#include "functions/scalar/call_testing.h"

namespace laminar::functions::testing {
namespace {

TEST_CASE("patterns match anywhere unless anchored, with and without case") {
  CHECK(Call("~", {Text("stream"), Text("^st")}) == "true");
  CHECK(Call("~*", {Text("STREAM"), Text("^st")}) == "true");
  CHECK(Call("!~", {Text("stream"), Text("x")}) == "true");
  CHECK(Call("!~*", {Text("STREAM"), Text("^st")}) == "false");
  CHECK(Call("regexp_like", {Text("a\nb"), Text("a.b")}) == "false");
  CHECK(Call("regexp_like", {Text("a\nb"), Text("a.b"), Text("s")}) == "true");
  CHECK(Call("regexp_like", {Text("a\nb"), Text("^b"), Text("m")}) == "true");
  CHECK(Call("regexp_full_match", {Text("stream"), Text("trea")}) == "false");
  CHECK(Call("regexp_like", {Null(), Text("x")}) == "NULL");
}

TEST_CASE("a bad constant pattern is an error of the statement, a bad pattern in a row of the row") {
  CHECK(Call("regexp_like", {Text("a"), Text("(")}) == "unbound LDB-R012");
  CHECK(Call("regexp_like", {Text("a"), Text("a"), Text("q")}) == "unbound LDB-R012");
  const std::vector<data::Type> types = {data::TypeId::kVarchar, data::TypeId::kVarchar};
  const std::vector<const data::Value*> unknown(2, nullptr);
  auto bound = BuiltinFunctions().Resolve({.name = "~", .types = types, .constants = unknown});
  REQUIRE(bound.has_value());
  CallWorld world;
  CHECK(RunOnce(**bound, {data::Value::String("a"), data::Value::String("(")}, Ways::kFlat, world) == "error LDB-R012");
}

TEST_CASE("counting and placing matches") {
  CHECK(Call("regexp_count", {Text("a1b22c333"), Text("[0-9]+")}) == "3");
  CHECK(Call("regexp_count", {Text("aaa"), Text("")}) == "4");
  CHECK(Call("regexp_count", {Text("日本日"), Text("日"), Int(2)}) == "1");
  CHECK(Call("regexp_count", {Text("aAa"), Text("a"), Int(1), Text("i")}) == "3");
  CHECK(Call("regexp_count", {Text("aaa"), Text("a"), Int(0)}) == "error LDB-R005");
  CHECK(Call("regexp_instr", {Text("日本語"), Text("語")}) == "3");
  CHECK(Call("regexp_instr", {Text("a1b22"), Text("[0-9]+"), Int(1), Int(2)}) == "4");
  CHECK(Call("regexp_instr", {Text("a"), Text("b")}) == "0");
}

TEST_CASE("replacing, extracting, splitting") {
  CHECK(Call("regexp_replace", {Text("Ann Bell"), Text("(\\w+) (\\w+)"), Text("\\2, \\1")}) == "Bell, Ann");
  CHECK(Call("regexp_replace", {Text("a1b22"), Text("[0-9]+"), Text("<\\&>"), Text("g")}) == "a<1>b<22>");
  CHECK(Call("regexp_replace", {Text("abc"), Text("x*"), Text("-"), Text("g")}) == "-a-b-c-");
  CHECK(Call("regexp_replace", {Text("aaa"), Text("a"), Text("b")}) == "baa");
  CHECK(Call("regexp_replace", {Text("aaa"), Text("A"), Text("\\\\"), Text("gi")}) == "\\\\\\");
  CHECK(Call("regexp_extract", {Text("order-17"), Text("[0-9]+")}) == "17");
  CHECK(Call("regexp_extract", {Text("order"), Text("[0-9]+")}) == "");
  CHECK(Call("regexp_extract", {Text("k=v"), Text("(\\w)=(\\w)"), Int(2)}) == "v");
  CHECK(Call("regexp_extract", {Text("k=v"), Text("(\\w)=(\\w)"), Int(3)}) == "error LDB-R005");
  CHECK(Call("regexp_extract_all", {Text("a1b22"), Text("[a-z]([0-9]+)"), Int(1)}) ==
        Call("string_to_array", {Text("1,22"), Text(",")}));
  CHECK(Call("regexp_match", {Text("k=v"), Text("(\\w)=(\\w)")}) == "[k, v]");
  CHECK(Call("regexp_match", {Text("kv"), Text("=")}) == "NULL");
  CHECK(Call("regexp_match", {Text("xyz"), Text("Y"), Text("i")}) == "[y]");
  CHECK(Call("regexp_split_to_array", {Text("a, b,c"), Text(", *")}) == "[a, b, c]");
  CHECK(Call("regexp_split_to_array", {Text("abc"), Text("")}) == "[a, b, c]");
  CHECK(Call("regexp_split_to_array", {Text(""), Text(",")}) == Call("make_array", {Text("")}));
  CHECK(Call("regexp_split_to_array", {Text("one long text and another long text"), Text(" and ")}) ==
        "[one long text, another long text]");
}

}  // namespace
}  // namespace laminar::functions::testing
