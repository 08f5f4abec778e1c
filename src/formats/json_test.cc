#include "formats/json.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "data/json.h"
#include "formats/json_scanner.h"
#include "formats/testing/decode.h"

namespace laminar::formats {

using data::Type;
using data::TypeId;
using testing::Decoded;
using testing::DecodeText;

namespace {

const Format& Json() { return *FindFormat("json"); }

data::Schema Trades() {
  return data::Schema({{"symbol", TypeId::kVarchar, true},
                       {"price", TypeId::kDouble, true},
                       {"volume", TypeId::kInt64, true},
                       {"ts", TypeId::kTimestamp, true}});
}

std::vector<std::string> Rows(std::initializer_list<std::string> rows) { return rows; }

}  // namespace

TEST_CASE("keys are matched by name; missing is NULL, extra is ignored, the last of a repeated key counts") {
  const Decoded d = DecodeText(Json(), Trades(),
                               "{\"ts\":\"2024-05-01T10:00:00Z\",\"price\":1.5,\"volume\":3,\"symbol\":\"A\"}\n"
                               "\r\n"
                               "{ \"other\" : [1,{\"a\":[]}], \"volume\":1, \"volume\" : 2e2 }\r\n"
                               "{\"ts\":1700000000000,\"symbol\":\"\\u00e4\\ud83d\\ude00\\n\"}");
  CHECK(d.error == "");
  CHECK(d.bad == Rows({}));
  CHECK(d.rows == Rows({"A|1.5|3|2024-05-01 10:00:00", "NULL|NULL|200|NULL",
                        "\xC3\xA4\xF0\x9F\x98\x80\n|NULL|NULL|2023-11-14 22:13:20"}));
}

TEST_CASE("strings may hold numbers, and numbers fit text columns") {
  const Decoded d =
      DecodeText(Json(), Trades(), "{\"volume\":\"42\",\"price\":\"NaN\",\"symbol\":12.50}\n{\"symbol\":{\"a\":1}}\n");
  CHECK(d.bad == Rows({}));
  CHECK(d.rows == Rows({"12.50|NaN|42|NULL", "{\"a\":1}|NULL|NULL|NULL"}));
}

TEST_CASE("a value that does not fit makes a bad row with line, column and reason") {
  const Decoded d = DecodeText(Json(), Trades(),
                               "{\"volume\":1.5}\n"
                               "{\"volume\":99999999999999999999}\n"
                               "{\"volume\":[1]}\n"
                               "{\"ts\":\"yesterday\"}\n"
                               "{\"price\":tru}\n"
                               "{\"volume\":01}\n"
                               "[1]\n"
                               "{\"volume\":1} x\n"
                               "{\"volume\":1\n"
                               "{\"symbol\":\"\xFF\"}\n"
                               "{\"symbol\":\"a\tb\"}\n"
                               "{\"symbol\":\"\\ud800\"}\n"
                               "{\"volume\":7}\n");
  CHECK(d.rows == Rows({"NULL|NULL|7|NULL"}));
  REQUIRE(d.bad.size() == 12);
  CHECK(d.bad[0] == "t:1|column 'volume': cannot read the number 1.5 as BIGINT|{\"volume\":1.5}");
  CHECK(d.bad[2] == "t:3|column 'volume': cannot read an array as BIGINT|{\"volume\":[1]}");
  CHECK(d.bad[3].find("t:4|column 'ts': cannot read 'yesterday' as TIMESTAMP") == 0);
  CHECK(d.bad[6].find("each line holds one object") != std::string::npos);
  CHECK(d.bad[8].find("t:9|expected '}', found the end at byte 12 of the line") == 0);
  CHECK(d.bad[9].find("not valid UTF-8") != std::string::npos);
  CHECK(d.bad[11].find("surrogate") != std::string::npos);
}

TEST_CASE("nested values go into ARRAY, STRUCT, MAP and JSON columns") {
  const Type point = Type::Struct({{"x", TypeId::kInt64, true}, {"y", TypeId::kVarchar, true}});
  const data::Schema schema({{"list", Type::Array(TypeId::kInt64), true},
                             {"points", Type::Array(point), true},
                             {"counts", Type::Map(TypeId::kVarchar, TypeId::kInt64), true},
                             {"raw", TypeId::kJson, true}});
  const Decoded d = DecodeText(
      Json(), schema,
      "{\"list\":[1,null,3],\"points\":[{\"x\":1,\"z\":0},{\"y\":\"b\"},null],\"counts\":{\"a\":1,\"b\":null},"
      "\"raw\":{\"k\": [1, 2]}}\n"
      "{\"list\":[1,\"x\"]}\n"
      "{\"list\":[],\"counts\":{}}\n");
  CHECK(d.rows.size() == 2);
  CHECK(d.rows[0] == "[1, NULL, 3]|[{'x': 1, 'y': NULL}, {'x': NULL, 'y': b}, NULL]|{a=1, b=NULL}|{\"k\": [1, 2]}");
  CHECK(d.rows[1] == "[]|NULL|{}|NULL");
  REQUIRE(d.bad.size() == 1);
  CHECK(d.bad[0].find("column 'list': cannot read 'x' as BIGINT") != std::string::npos);
}

TEST_CASE("nesting deeper than the limit is a bad row, however deep") {
  const data::Schema schema({{"raw", TypeId::kJson, true}});
  auto nested = [](int depth) { return "{\"raw\":" + std::string(depth, '[') + std::string(depth, ']') + "}\n"; };
  CHECK(DecodeText(Json(), schema, nested(200)).rows.size() == 1);
  CHECK(DecodeText(Json(), schema, nested(255)).rows.size() == 1);
  const Decoded d =
      DecodeText(Json(), schema, nested(256) + nested(1000000) + "{\"x\":" + std::string(100000, '[') + "\n");
  CHECK(d.rows.empty());
  REQUIRE(d.bad.size() == 3);
  CHECK(d.bad[1].find("nested deeper than 256 levels") != std::string::npos);
}

TEST_CASE("long lines, NOT NULL, empty input") {
  const data::Schema schema({{"a", TypeId::kVarchar, false}});
  const std::string big(10 << 20, 'x');
  const Decoded d = DecodeText(Json(), schema, "{\"a\":\"" + big + "\"}\n{\"a\":null}\n{}\n", {}, 1 << 16);
  REQUIRE(d.rows.size() == 1);
  CHECK(d.rows[0] == big);
  CHECK(d.bad.size() == 2);
  const Decoded limited =
      DecodeText(Json(), schema, "{\"a\":\"" + big + "\"}\n{\"a\":\"b\"}\n", {{"row_bytes_max", "1000"}}, 100);
  CHECK(limited.rows == Rows({"b"}));
  CHECK(limited.bad.size() == 1);
  CHECK(DecodeText(Json(), schema, "").rows.empty());
}

TEST_CASE("the scanner takes exactly what is JSON") {
  Random random(5);
  const std::string_view parts[] = {"{", "}",      "[",    "]",    ",", ":",       "\"a\"",
                                    "1", "-2.5e3", "true", "null", " ", "\"\\n\"", "0"};
  JsonScanner scanner;
  int good = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string text;
    for (uint64_t i = random.Below(9); i > 0; --i) text += parts[random.Below(std::size(parts))];
    scanner.Start(text);
    const bool taken = scanner.Skip(0) && scanner.AtEnd();
    good += taken;
    REQUIRE(taken == data::IsValidJson(text));
  }
  CHECK(good > 1000);
}

TEST_CASE("columns of JSON lines are inferred") {
  sdk::Options options;
  const auto schema = InferJsonSchema(
      "{\"id\":1,\"p\":1,\"ok\":true,\"at\":\"2024-05-01T10:00:00\",\"s\":\"1\",\"o\":{\"x\":1}}\n"
      "{\"p\":2.5,\"mixed\":1}\nnonsense\n{\"mixed\":\"a\",\"n\":null}\n",
      true, "t", options);
  REQUIRE(schema.has_value());
  std::string shown;
  for (const data::Field& field : schema->fields()) shown += field.name + ":" + field.type.ToString() + " ";
  CHECK(shown == "id:BIGINT p:DOUBLE ok:BOOLEAN at:TIMESTAMP s:VARCHAR o:JSON mixed:VARCHAR n:VARCHAR ");
}

}  // namespace laminar::formats
