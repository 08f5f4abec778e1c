#include "data/text.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.h"
#include "data/json.h"
#include "data/random_values.h"
#include "data/time_zone.h"
#include "data/value.h"

using namespace laminar;
using namespace laminar::data;

namespace {

std::string Shown(const Type& type, const Value& value, const TextStyle& style = {}) {
  BatchBuffer buffer({type}, 1);
  buffer.AppendRow(std::vector{value});
  std::string out;
  AppendText(type, buffer.column(0), 0, out, style);
  return out;
}

Result<Value> Read(const Type& type, std::string_view text, const Zone* zone = nullptr) {
  BatchBuffer buffer({type}, 2);
  Status status = ParseText(type, text, buffer, buffer.column(0), 1, zone);
  if (!status.ok()) return Error(std::move(status));
  return Value::FromColumn(buffer.column(0), type, 1);
}

// Reads and shows again.
std::string Again(const Type& type, std::string_view text) {
  const Result<Value> value = Read(type, text);
  return value.has_value() ? value->ToString(type) : std::string(PublicCode(value.error().code()));
}

}  // namespace

TEST_CASE("values of every type read back as written, in every style") {
  Random random(1);
  const Zone* zones[] = {nullptr, *FindZone("+05:30"), *FindZone("America/New_York")};
  for (int round = 0; round < 20'000; ++round) {
    const Type type = RandomType(random, 3);
    const Value value = RandomValue(random, type, type.is_nested() ? 10 : 0);
    if (value.is_null()) continue;
    TextStyle style;
    style.date_time_separator = random.OneIn(2) ? 'T' : ' ';
    style.zone = zones[random.Below(3)];
    const std::string text = Shown(type, value, style);
    const Result<Value> back = Read(type, text, style.zone);
    REQUIRE_MESSAGE(back.has_value(), type.ToString() << ": " << text);
    REQUIRE_MESSAGE(*back == value, type.ToString() << ": " << text);
  }
}

TEST_CASE("numbers are short and keep their kind") {
  const Type real(TypeId::kDouble);
  CHECK_EQ(Shown(real, Value::Double(1)), "1.0");
  CHECK_EQ(Shown(real, Value::Double(-0.0)), "-0.0");
  CHECK_EQ(Shown(real, Value::Double(100000)), "100000.0");
  CHECK_EQ(Shown(real, Value::Double(0.1)), "0.1");
  CHECK_EQ(Shown(real, Value::Double(1234.5678)), "1234.5678");
  CHECK_EQ(Shown(real, Value::Double(1e15)), "1000000000000000.0");
  CHECK_EQ(Shown(real, Value::Double(1e16)), "1e16");
  CHECK_EQ(Shown(real, Value::Double(1.5e300)), "1.5e300");
  CHECK_EQ(Shown(real, Value::Double(0.00001)), "0.00001");
  CHECK_EQ(Shown(real, Value::Double(0.000001)), "1e-6");
  CHECK_EQ(Shown(real, Value::Double(NAN)), "NaN");
  CHECK_EQ(Shown(real, Value::Double(-INFINITY)), "-Infinity");
  CHECK_EQ(Shown(TypeId::kFloat, Value::Double(0.1f)), "0.1");
  CHECK_EQ(Shown(TypeId::kBool, Value::Bool(true)), "true");
  CHECK_EQ(Shown(Type::Decimal(5, 2), Value::Decimal(-5)), "-0.05");
  CHECK_EQ(Shown(TypeId::kInt64, Value::Null()), "NULL");
  CHECK_EQ(Shown(TypeId::kInt64, Value::Null(), {.null_text = ""}), "");
}

TEST_CASE("scalars are read with blanks and signs, and out of range is told from wrong") {
  CHECK_EQ(Again(TypeId::kInt64, " +42 "), "42");
  CHECK_EQ(Again(TypeId::kInt8, "-128"), "-128");
  CHECK_EQ(Again(TypeId::kInt8, "128"), "LDB-R005");
  CHECK_EQ(Again(TypeId::kUInt8, "256"), "LDB-R005");
  CHECK_EQ(Again(TypeId::kUInt8, "-1"), "LDB-R005");
  CHECK_EQ(Again(TypeId::kInt64, "9223372036854775808"), "LDB-R005");
  CHECK_EQ(Again(TypeId::kUInt64, "18446744073709551615"), "18446744073709551615");
  CHECK_EQ(Again(TypeId::kInt64, "1.5"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kInt64, "abc"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kInt64, ""), "LDB-R012");
  CHECK_EQ(Again(TypeId::kInt64, "+-1"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kDouble, "1e3"), "1000.0");
  CHECK_EQ(Again(TypeId::kDouble, "-inf"), "-Infinity");
  CHECK_EQ(Again(TypeId::kDouble, "nan"), "NaN");
  CHECK_EQ(Again(TypeId::kDouble, "nan(1)"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kDouble, "0x10"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kDouble, "1e400"), "LDB-R005");
  CHECK_EQ(Again(TypeId::kDouble, "-1e-400"), "-0.0");
  CHECK_EQ(Again(TypeId::kDouble, "0." + std::string(400, '0') + "1"), "0.0");
  CHECK_EQ(Again(TypeId::kDouble, std::string(400, '1') + "e-5"), "LDB-R005");
  CHECK_EQ(Again(TypeId::kDouble, "5e-324"), "5e-324");
  CHECK_EQ(Again(Type::Decimal(4, 2), "100"), "LDB-R005");
  CHECK_EQ(Again(TypeId::kBool, "YES"), "true");
  CHECK_EQ(Again(TypeId::kBool, "0"), "false");
  CHECK_EQ(Again(TypeId::kBool, "maybe"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kBinary, "\\xDEAD"), "\\xdead");
  CHECK_EQ(Again(TypeId::kBinary, "ab"), "\\x6162");
  CHECK_EQ(Again(TypeId::kBinary, "\\xABC"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kUuid, "{550E8400-e29b-41d4-a716-446655440000}"), "550e8400-e29b-41d4-a716-446655440000");
  CHECK_EQ(Again(TypeId::kUuid, "550e8400e29b41d4a716446655440000"), "550e8400-e29b-41d4-a716-446655440000");
  CHECK_EQ(Again(TypeId::kUuid, "550e8400e29b41d4a71644665544000"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kJson, "{\"a\": 1}"), "{\"a\": 1}");
  CHECK_EQ(Again(TypeId::kJson, "{a: 1}"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kVarchar, " x "), " x ");
  CHECK_EQ(Again(TypeId::kVarchar, "\xFF"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kTimestamp, "infinity"), "LDB-R012");
  CHECK_EQ(Again(TypeId::kTimestampTz, "2024-01-01 00:00:00"), "2024-01-01 00:00:00+00");
  const Result<Value> infinite = Read(TypeId::kTimestamp, "infinity");
  CHECK_NE(infinite.error().message().find("infinite"), std::string::npos);
}

TEST_CASE("instants are shown in the zone of the style") {
  const Result<Value> value = Read(TypeId::kTimestampTz, "2024-07-01T12:00:00Z");
  REQUIRE(value.has_value());
  const Zone* berlin = *FindZone("Europe/Berlin");
  CHECK_EQ(Shown(TypeId::kTimestampTz, *value, {.zone = berlin}), "2024-07-01 14:00:00+02");
  const Result<Value> local = Read(TypeId::kTimestampTz, "2024-07-01 14:00:00", berlin);
  CHECK(*local == *value);
}

TEST_CASE("nested values are shown and read as written in SQL results") {
  const Type list = Type::Array(TypeId::kInt64);
  CHECK_EQ(Again(list, "[1,NULL, 2 ]"), "[1, NULL, 2]");
  CHECK_EQ(Again(list, "[]"), "[]");
  CHECK_EQ(Again(Type::Array(list), "[[1], [], NULL, [2, 3]]"), "[[1], [], NULL, [2, 3]]");
  const Type words = Type::Array(TypeId::kVarchar);
  CHECK_EQ(Again(words, "[a, 'b, c', \"d\", 'NULL', NULL, '', 'it''s']"), "[a, 'b, c', d, 'NULL', NULL, '', 'it\\'s']");
  const Type row = Type::Struct({{.name = "a", .type = TypeId::kInt64}, {.name = "b", .type = TypeId::kVarchar}});
  CHECK_EQ(Again(row, "{'b': x, 'a': 1}"), "{'a': 1, 'b': x}");
  CHECK_EQ(Again(row, "{a: 1}"), "{'a': 1, 'b': NULL}");
  CHECK_EQ(Again(row, "{}"), "{'a': NULL, 'b': NULL}");
  const Type map = Type::Map(TypeId::kVarchar, TypeId::kTimestamp);
  CHECK_EQ(Again(map, "{k=2024-01-01 10:00:00, l=NULL}"), "{k=2024-01-01 10:00:00, l=NULL}");
  for (const std::string_view bad : {"", "[", "[1", "[1,", "[1,]", "1", "[1] x", "[x]", "{1}", "[[1]]", "['1]"}) {
    CHECK_MESSAGE(Again(list, bad) == "LDB-R012", bad);
  }
  for (const std::string_view bad : {"{'c': 1}", "{'a' 1}", "{'a': 1", "{'a': [1]}", "NULL"}) {
    CHECK_MESSAGE(Again(row, bad) == "LDB-R012", bad);
  }
  CHECK_EQ(Again(map, "{NULL=2024-01-01}"), "LDB-R012");
  CHECK_EQ(Again(map, "{k}"), "LDB-R012");
}

TEST_CASE("random bytes never break the readers") {
  Random random(2);
  constexpr std::string_view kAlphabet = "[]{}'\",:=\\ 019-eTZ.+NULPxa\n\xC3\xA4\xFF";
  for (int i = 0; i < 50'000; ++i) {
    std::string text(random.Below(24), ' ');
    for (char& c : text) c = kAlphabet[random.Below(kAlphabet.size())];
    const Type type = RandomType(random, 3);
    const Result<Value> value = Read(type, text);
    if (value.has_value()) {
      const Result<Value> back = Read(type, value->ToString(type));
      REQUIRE_MESSAGE(back.has_value(), type.ToString() << ": " << value->ToString(type));
      REQUIRE(*back == *value);
    }
  }
}

TEST_CASE("JSON documents are told from what only looks like them") {
  for (const std::string_view good :
       {"null", " true ", "-0", "0.5", "1e+5", "\"\"", "\"\\u00e4\\n\"", "[]", "{}", "[1,[2,{\"a\":[]}]]", "\"日本\"",
        "{\"a\":1,\"a\":2}"}) {
    CHECK_MESSAGE(IsValidJson(good), good);
  }
  for (const std::string_view bad :
       {"", "nul", "01", "1.", ".5", "+1", "1e", "'a'", "\"", "\"\\x\"", "\"\\u12\"", "[1,]", "[,1]", "{\"a\"}",
        "{\"a\":}", "{a:1}", "{\"a\":1,}", "[1 2]", "1 2", "[", "]", "{]", "\"\n\"", "\"\xFF\"", "NaN", "[}"}) {
    CHECK_FALSE_MESSAGE(IsValidJson(bad), bad);
  }
  CHECK(IsValidJson(std::string(256, '[') + std::string(256, ']')));
  CHECK_FALSE(IsValidJson(std::string(257, '[') + std::string(257, ']')));
  CHECK_FALSE(IsValidJson(std::string(1'000'000, '[')));
}
