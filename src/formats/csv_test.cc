#include "formats/csv.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "formats/testing/decode.h"

namespace laminar::formats {

using data::Type;
using data::TypeId;
using testing::Decoded;
using testing::DecodeText;
using testing::OptionList;

namespace {

const Format& Csv() { return *FindFormat("CSV"); }

data::Schema Trades() {
  return data::Schema({{"symbol", TypeId::kVarchar, true},
                       {"price", TypeId::kDouble, true},
                       {"volume", TypeId::kInt64, true},
                       {"ts", TypeId::kTimestamp, true}});
}

data::Schema TwoTexts() { return data::Schema({{"a", TypeId::kVarchar, true}, {"b", TypeId::kVarchar, true}}); }

std::vector<std::string> Rows(std::initializer_list<std::string> rows) { return rows; }

}  // namespace

TEST_CASE("a header names the columns in any order, and extra columns are ignored") {
  const Decoded d = DecodeText(Csv(), Trades(),
                               "ts,Volume,extra,symbol,price\n"
                               "2024-05-01 10:00:00,100,zzz,AAPL,1.5\r\n"
                               "2024-05-01T10:00:00.25Z,-7,\"a,b\",MSFT,2e3\n");
  CHECK(d.error == "");
  CHECK(d.bad == Rows({}));
  CHECK(d.rows == Rows({"AAPL|1.5|100|2024-05-01 10:00:00", "MSFT|2000.0|-7|2024-05-01 10:00:00.25"}));
}

TEST_CASE("a missing header column is an error that lists what is there") {
  const Decoded d = DecodeText(Csv(), TwoTexts(), "a,c\n1,2\n");
  CHECK(d.error.find("no column 'b'") != std::string::npos);
  CHECK(d.error.find("a, c") != std::string::npos);
}

TEST_CASE("without a header columns go by position") {
  const Decoded d = DecodeText(Csv(), TwoTexts(), "1,2\n3,4", {{"header", "false"}});
  CHECK(d.rows == Rows({"1|2", "3|4"}));
}

TEST_CASE("quotes hold delimiters, newlines and doubled quotes; an empty field is NULL and a quoted empty one is not") {
  const Decoded d = DecodeText(Csv(), TwoTexts(), "a,b\n\"x,\ny\",\"say \"\"hi\"\"\"\n,\"\"\nin\"side,\"q\"\r\n");
  CHECK(d.bad == Rows({}));
  CHECK(d.rows == Rows({"x,\ny|say \"hi\"", "NULL|", "in\"side|q"}));
}

TEST_CASE("bad rows name file, line, column and reason, and reading goes on") {
  const Decoded d = DecodeText(Csv(), Trades(),
                               "symbol,price,volume,ts\n"
                               "A,1,1,2024-05-01 10:00:00\n"
                               "B,x,1,2024-05-01 10:00:00\n"
                               "C,1\n"
                               "\n"
                               "\"D\nD\",1,1,2024-05-01 10:00:00\n"
                               "E,1,99999999999999999999,2024-05-01 10:00:00\n"
                               "\"F\"x,1,1,2024-05-01 10:00:00\n"
                               "G\xFF,1,1,2024-05-01 10:00:00\n"
                               "H,1,1,2024-13-01 10:00:00\n"
                               "I,1,1.5,2024-05-01 10:00:00\n"
                               "J,1,1,294247-01-10 04:00:54\n");
  CHECK(d.rows.size() == 3);
  REQUIRE(d.bad.size() == 7);
  CHECK(d.bad[0] == "t:3|column 'price': cannot read 'x' as DOUBLE|B,x,1,2024-05-01 10:00:00");
  CHECK(d.bad[1] == "t:4|expected 4 fields, found 2|C,1");
  CHECK(d.bad[2].substr(0, 19) == "t:8|column 'volume'");
  CHECK(d.bad[3].substr(0, 30) == "t:9|text after a closing quote");
  CHECK(d.bad[4].find("t:10|column 'symbol': the text is not valid UTF-8") == 0);
  CHECK(d.bad[5].substr(0, 17) == "t:11|column 'ts':");
  CHECK(d.bad[6].substr(0, 21) == "t:12|column 'volume':");
}

TEST_CASE("an open quote costs its line, not the rest of the file") {
  const Decoded d = DecodeText(Csv(), TwoTexts(), "a,b\n1,2\n3,\"4\n5,6\n7,8\n");
  CHECK(d.rows == Rows({"1|2", "5|6", "7|8"}));
  REQUIRE(d.bad.size() == 1);
  CHECK(d.bad[0].find("t:3|the quoted field that begins here is never closed") == 0);
  const Decoded small =
      DecodeText(Csv(), TwoTexts(), "a,b\n1,2\n3,\"4\n5,6\n7,8\n9,10\n11,12\n13,14\n", {{"row_bytes_max", "20"}}, 5);
  CHECK(small.rows.size() == 6);
  CHECK(small.bad.size() == 1);
}

TEST_CASE("empty files, header-only files, byte order marks and UTF-16") {
  CHECK(DecodeText(Csv(), TwoTexts(), "").rows.empty());
  CHECK(DecodeText(Csv(), TwoTexts(), "").error == "");
  CHECK(DecodeText(Csv(), TwoTexts(), "a,b").rows.empty());
  CHECK(DecodeText(Csv(), TwoTexts(), "a,b").error == "");
  CHECK(DecodeText(Csv(), TwoTexts(), "\xEF\xBB\xBF\"a\",b\n1,2\n").rows == Rows({"1|2"}));
  CHECK(DecodeText(Csv(), TwoTexts(), "\xEF\xBB\xBF\"a\",b\n1,2\n", {}, 1).rows == Rows({"1|2"}));
  CHECK(DecodeText(Csv(), TwoTexts(),
                   std::string_view("\xFF\xFE"
                                    "a\0,\0b\0\n\0",
                                    10))
            .error.find("UTF-16") != std::string::npos);
}

TEST_CASE("a NULL in a NOT NULL column is a bad row") {
  const data::Schema schema({{"a", TypeId::kInt64, false}});
  const Decoded d = DecodeText(Csv(), schema, "a\n1\nNA\n3\n", {{"null", "NA"}});
  CHECK(d.rows == Rows({"1", "3"}));
  REQUIRE(d.bad.size() == 1);
  CHECK(d.bad[0] == "t:3|column 'a': NULL in a NOT NULL column|NA");
}

TEST_CASE("a text of ten megabytes passes, also with quotes and in small pieces") {
  std::string big(10 << 20, 'x');
  big[1000] = ',';
  const Decoded d = DecodeText(Csv(), TwoTexts(), "a,b\n\"" + big + "\",2\n", {}, 1 << 16);
  REQUIRE(d.rows.size() == 1);
  CHECK(d.rows[0] == big + "|2");
}

TEST_CASE("other delimiters, no quotes, epoch numbers") {
  const data::Schema schema({{"a", TypeId::kVarchar, true}, {"t", TypeId::kTimestamp, true}});
  const Decoded d = DecodeText(Csv(), schema, "a\tt\n\"x\t1700000000000\n",
                               {{"delimiter", "\\t"}, {"quote", ""}, {"timestamp_unit", "ms"}});
  CHECK(d.rows == Rows({"\"x|2023-11-14 22:13:20"}));
}

TEST_CASE("wrong options are refused") {
  for (const OptionList& options : {OptionList{{"delimiter", "ab"}}, {{"quote", ","}}, {{"header", "perhaps"}}}) {
    CHECK(DecodeText(Csv(), TwoTexts(), "", options).error.find("LDB-P008") == 0);
  }
}

TEST_CASE("cutting the bytes anywhere changes nothing, for well and ill formed text") {
  Random random(7);
  const std::string_view parts[] = {"a",        "1",      ",",  ",",
                                    "\n",       "\n",     "\"", "\"",
                                    "\"\"",     "\r\n",   "\r", "xyz",
                                    "\xC3\xA4", "\xFF",   " ",  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                    "\"b,\n\"", "1.5,2\n"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    const uint64_t length = random.Below(120);
    for (uint64_t i = 0; i < length; ++i) text += parts[random.Below(std::size(parts))];
    const OptionList options = {{"header", "false"}};
    const Decoded whole = DecodeText(Csv(), TwoTexts(), text, options);
    CHECK(whole.error == "");
    REQUIRE(DecodeText(Csv(), TwoTexts(), text, options, 1) == whole);
    REQUIRE(DecodeText(Csv(), TwoTexts(), text, options, 0, 3, round) == whole);
    REQUIRE(DecodeText(Csv(), TwoTexts(), text, options, 70, 1) == whole);
  }
}

TEST_CASE("the fast index finds the fields that the row scanner finds") {
  Random random(11);
  const std::string_view alphabet = "ab,,\n\"\"\r";
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    const uint64_t length = random.Below(400);
    const uint64_t plain = random.Below(20);
    for (uint64_t i = 0; i < length; ++i) {
      text += random.Below(20) < plain ? 'c' : alphabet[random.Below(alphabet.size())];
    }
    std::vector<uint32_t> expected;
    std::vector<uint32_t> expected_rows;
    std::vector<uint32_t> expected_bad;
    CsvRowScanner scanner(CsvDialect{});
    size_t at = 0;
    while (true) {
      std::vector<uint32_t> ends;
      scanner.Restart();
      const size_t size = scanner.Scan(std::string_view(text).substr(at), static_cast<uint32_t>(at), &ends);
      if (size == 0) break;
      if (scanner.malformed()) expected_bad.push_back(static_cast<uint32_t>(expected_rows.size()));
      expected_rows.push_back(static_cast<uint32_t>(ends.size()));
      expected.insert(expected.end(), ends.begin(), ends.end());
      at += size;
    }
    CsvIndex index(CsvDialect{});
    index.Build(text, 1 << 20);
    REQUIRE(index.rows() == expected_rows.size());
    for (uint32_t row = 0; row < index.rows(); ++row) REQUIRE(index.FieldCount(row) == expected_rows[row]);
    for (size_t i = 0; i < expected.size(); ++i) REQUIRE(index.ends()[i + 1] == expected[i]);
    REQUIRE(index.malformed() == expected_bad);
    CHECK(index.used() == at);
  }
}

TEST_CASE("column types are inferred from a sample") {
  sdk::Options options;
  const auto schema = InferCsvSchema(
      "id,price,ok,day,at,atz,zip,name,,name\n"
      "1,1.5,true,2024-01-01,2024-01-01 10:00:00,2024-01-01T10:00:00Z,007,x,,\n"
      ",2,FALSE,,2024-01-01T10:00:00.5,,123,2,,\n",
      true, "t", options);
  REQUIRE(schema.has_value());
  std::string shown;
  for (const data::Field& field : schema->fields()) shown += field.name + ":" + field.type.ToString() + " ";
  CHECK(shown ==
        "id:BIGINT price:DOUBLE ok:BOOLEAN day:DATE at:TIMESTAMP atz:TIMESTAMP WITH TIME ZONE zip:VARCHAR name:VARCHAR "
        "column9:VARCHAR name_2:VARCHAR ");
  CHECK(InferCsvSchema("", true, "t", options).error().code() == ErrorCode::kSchemaNotInferable);
}

}  // namespace laminar::formats
