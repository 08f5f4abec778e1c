#include <doctest/doctest.h>

#include "functions/scalar/call_testing.h"
#include "functions/scalar/json_text.h"

namespace laminar::functions::testing {
namespace {

Given Json(std::string text) { return As(data::TypeId::kJson, std::move(text)); }

const char* const kDocument =
    R"({"a": [1, {"b c": "x\ty"}, null], "n": null, "s": "plain", "u": "\u00e4\ud83d\udc4d\ud800", "d": -1.5e3,)"
    R"( "e\"": {} })";

TEST_CASE("operators reach into objects and arrays") {
  CHECK(Call("->", {Json(kDocument), Text("a")}) == "[1, {\"b c\": \"x\\ty\"}, null]");
  CHECK(Call("->", {Json("[10, 20, 30]"), Int(1)}) == "20");
  CHECK(Call("->", {Json("[10, 20, 30]"), Int(-1)}) == "30");
  CHECK(Call("->", {Json("[10]"), Int(1)}) == "NULL");
  CHECK(Call("->", {Json("[10]"), Int(INT64_MIN)}) == "NULL");
  CHECK(Call("->", {Json(kDocument), Text("n")}) == "null");
  CHECK(Call("->>", {Json(kDocument), Text("n")}) == "NULL");
  CHECK(Call("->>", {Json(kDocument), Text("s")}) == "plain");
  CHECK(Call("->>", {Json(kDocument), Text("u")}) == "ä👍\xEF\xBF\xBD");
  CHECK(Call("->>", {Json(kDocument), Text("d")}) == "-1.5e3");
  CHECK(Call("->>", {Json(kDocument), Text("e\"")}) == "{}");
  CHECK(Call("->>", {Json("5"), Text("a")}) == "NULL");
  CHECK(Call("#>", {Json(kDocument), Text("{a,0}")}) == "1");
  CHECK(Call("#>>", {Json(kDocument), Text("{a, 1, b c}")}) == "x\ty");
  CHECK(Call("#>", {Json("[1]"), Text("a")}) == "unbound LDB-R012");
  CHECK(Call("?", {Json(kDocument), Text("n")}) == "true");
  CHECK(Call("?", {Json("[\"n\"]"), Text("n")}) == "false");
}

TEST_CASE("paths in three spellings") {
  CHECK(Call("json_extract", {Json(kDocument), Text("$.a[1].\"b c\"")}) == "\"x\\ty\"");
  CHECK(Call("json_extract", {Json(kDocument), Text("/a/0")}) == "1");
  CHECK(Call("json_extract", {Json(kDocument), Text("s")}) == "\"plain\"");
  CHECK(Call("json_extract", {Json("[1, 2, 3]"), Text("$[#-1]")}) == "3");
  CHECK(Call("json_extract", {Json(" [1, 2] "), Text("$")}) == "[1, 2]");
  CHECK(Call("json_extract", {Json(kDocument), Text("$.a[9]")}) == "NULL");
  CHECK(Call("json_extract", {Json("{\"a/b\": {\"~\": 1}}"), Text("/a~1b/~0")}) == "1");
  CHECK(Call("json_extract", {Json("[1]"), Text("$[*]")}) == "unbound LDB-U001");
  CHECK(Call("json_extract", {Json("[1]"), Text("$.")}) == "unbound LDB-R012");
  CHECK(Call("json_extract", {Json("[1]"), Text("$[")}) == "unbound LDB-R012");
  CHECK(Call("json_extract_string", {Json(kDocument), Text("$.a[1].\"b c\"")}) == "x\ty");
  CHECK(Call("json_extract_string", {Text(kDocument), Text("$.s")}) == "plain");
  CHECK(Call("json_extract_string", {Text("{\"a\": "), Text("$.a")}) == "error LDB-R012");
  CHECK(Call("json_value", {Json(kDocument), Text("$.a")}) == "NULL");
  CHECK(Call("json_query", {Json(kDocument), Text("$.s")}) == "NULL");
  CHECK(Call("json_exists", {Json(kDocument), Text("$.n")}) == "true");
  CHECK(Call("json_exists", {Json(kDocument), Text("$.x")}) == "false");
}

TEST_CASE("inspection and building") {
  CHECK(Call("json_array_length", {Json("[1, [2, 3], {\"a\": [4]}]")}) == "3");
  CHECK(Call("json_array_length", {Json("[]")}) == "0");
  CHECK(Call("json_array_length", {Json("{}")}) == "NULL");
  CHECK(Call("json_array_length", {Json(kDocument), Text("$.a")}) == "3");
  CHECK(Call("json_keys", {Json("{\"a\": {\"x\": 1}, \"b\": 2}")}) == "[a, b]");
  CHECK(Call("json_keys", {Json("[]")}) == "NULL");
  CHECK(Call("json_type", {Json("null")}) == "null");
  CHECK(Call("json_type", {Json(kDocument), Text("$.d")}) == "number");
  CHECK(Call("json_valid", {Text("{\"a\": ")}) == "false");
  CHECK(Call("json_valid", {Text(std::string(300, '['))}) == "false");
  CHECK(Call("to_json", {Ints("[1, NULL]")}) == "[1,null]");
  CHECK(Call("to_json", {Text("a\"\n\x01")}) == "\"a\\\"\\n\\u0001\"");
  CHECK(Call("to_json", {Real(0.0 / 0.0)}) == "\"NaN\"");
  CHECK(Call("to_json", {Null()}) == "NULL");
  CHECK(Call("json_array", {Int(1), Text("x"), Null(), Json("{\"k\": 1}")}) == "[1,\"x\",null,{\"k\": 1}]");
  CHECK(Call("json_object", {Text("a"), Int(1), Text("b"), Bool(true)}) == "{\"a\":1,\"b\":true}");
  CHECK(Call("json_object", {Null(), Int(1)}) == "error LDB-R012");
  CHECK(Call("json_object", {Text("a")}) == "unbound LDB-A027");
}

TEST_CASE("containment of JSON") {
  auto contains = [](const char* a, const char* b) {
    const std::string turned = Call("<@", {Json(b), Json(a)});
    CHECK(Call("@>", {Json(a), Json(b)}) == turned);
    return turned;
  };
  CHECK(contains("{\"a\": [1, 2], \"b\": 0}", "{\"a\": [2.0]}") == "true");
  CHECK(contains("{\"a\": 1}", "{\"a\": 1, \"b\": 2}") == "false");
  CHECK(contains("[1, [2, 3]]", "[[3]]") == "true");
  CHECK(contains("[1, 2]", "2") == "true");
  CHECK(contains("2", "[2]") == "false");
  CHECK(contains("\"\\u0061\"", "\"a\"") == "true");
  CHECK(contains("{}", "{}") == "true");
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  CHECK(contains(deep.c_str(), deep.c_str()) == "error LDB-R017");
}

// Cuts and noise of a document must never make the scanner read outside it or loop.
TEST_CASE("the scanner survives damaged documents") {
  Random random(21);
  const std::string whole = kDocument;
  const char alphabet[] = "{}[]\",:\\ nu1a";
  for (int i = 0; i < 3000; ++i) {
    std::string text = whole.substr(random.Below(whole.size()), random.Below(40));
    for (uint64_t k = random.Below(4); k > 0 && !text.empty(); --k) {
      text[random.Below(text.size())] = alphabet[random.Below(sizeof alphabet - 1)];
    }
    const std::unique_ptr<char[]> exact = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), exact.get());
    const std::string_view view(exact.get(), text.size());
    JsonItems items(view);
    std::string_view key;
    std::string_view value;
    size_t steps = 0;
    while (items.Next(key, value)) CHECK(++steps <= text.size() + 1);
    (void)FindJson(view, *CompileJsonPath("$.a[1].b"));
    (void)JsonElement(view, -1);
    std::string out;
    AppendJsonString(view, out);
  }
}

}  // namespace
}  // namespace laminar::functions::testing
