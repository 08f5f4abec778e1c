#include <doctest/doctest.h>

#include "sql/parser.h"

namespace laminar::sql {
namespace {

struct Case {
  std::string_view text;
  ErrorCode code;
  uint32_t line;
  uint32_t column;
  std::string_view says;  // a part of message or hint
};

void Check(const Case& c) {
  const Result<std::vector<Statement>> result = ParseScript(c.text);
  INFO(c.text);
  REQUIRE_FALSE(result.has_value());
  const Status& status = result.error();
  INFO(status.ToString());
  CHECK(PublicCode(status.code()) == PublicCode(c.code));
  CHECK(status.position().line == c.line);
  CHECK(status.position().column == c.column);
  CHECK(status.ToString().find(c.says) != std::string::npos);
}

using enum ErrorCode;

TEST_CASE("an unexpected token is named with its place and what was expected") {
  constexpr Case kCases[] = {
      {"CREATE SOURCE (id INT)", kUnexpectedToken, 1, 15, "expected identifier after CREATE SOURCE, found '('"},
      {"SELECT", kUnexpectedToken, 1, 7, "expected an expression, found the end of the text"},
      {"SELECT a FROM", kUnexpectedToken, 1, 14, "a relation"},
      {"SELECT a FROM t WHERE", kUnexpectedToken, 1, 22, "an expression"},
      {"SELECT (1 + 2", kUnexpectedToken, 1, 14, "')'"},
      {"SELECT f(1, 2", kUnexpectedToken, 1, 14, "arguments of f"},
      {"SELECT 1 +\n  FROM t", kUnexpectedToken, 2, 3, "reserved word"},
      {"SELECT a FROM t ORDER a", kUnexpectedToken, 1, 23, "BY after ORDER"},
      {"SELECT CASE WHEN a THEN b", kUnexpectedToken, 1, 26, "END"},
      {"SELECT CAST(a, int)", kUnexpectedToken, 1, 14, "CAST(value AS type)"},
      {"SELECT a FROM t JOIN u", kUnexpectedToken, 1, 23, "ON or USING"},
      {"SELECT 'x' 'y'", kUnexpectedToken, 1, 12, "end of the statement"},
      {"DELETE t", kUnexpectedToken, 1, 8, "FROM after DELETE"},
      {"SAVEPOINT before_it", kUnexpectedToken, 1, 11, "there are no transactions"},
      {"SAVEPOINT TO backup", kUnexpectedToken, 1, 14, "a folder in single quotes"},
      {"INSERT INTO t (1, 2)", kUnexpectedToken, 1, 15, "VALUES"},
      {"INSERT INTO t VALUES (1), (2, 3)", kUnexpectedToken, 1, 27, "2 values, the first has 1"},
      {"SELECT a FROM 'f.csv'", kUnexpectedToken, 1, 15, "read_csv"},
      {"SELECT * FROM t WHERE a IN ()", kUnexpectedToken, 1, 29, "an expression"},
      {"SELECT a b c FROM t", kUnexpectedToken, 1, 12, "is a comma missing?"},
      {"SELECT x IS 5", kUnexpectedToken, 1, 13, "NULL, TRUE"},
      {"SELECT a + * FROM t", kUnexpectedToken, 1, 12, "* stands alone"},
      {"SELECT 1 + t.* FROM t", kUnexpectedToken, 1, 14, "t.* stands alone"},
      {"CREATE SINK s (a INT, WATERMARK FOR a)", kUnexpectedToken, 1, 23, "a sink has no watermark"},
      {"CREATE SOURCE s (a INT) WITH (max-rows = 5)", kUnexpectedToken, 1, 34, "quotes"},
      {"CREATE SOURCE s (a INT) WITH (a = )", kUnexpectedToken, 1, 35, "a value for the option a"},
      {"SELECT ?, $1", kUnexpectedToken, 1, 11, "mixes"},
      {")", kUnexpectedToken, 1, 1, "a statement"},
  };
  for (const Case& c : kCases) Check(c);
}

TEST_CASE("a misspelt word brings the nearest keyword") {
  constexpr Case kCases[] = {
      {"SELCT 1", kUnexpectedToken, 1, 1, "did you mean SELECT?"},
      {"CRAETE SOURCE s (a INT)", kUnexpectedToken, 1, 1, "did you mean CREATE?"},
      {"CREATE SUORCE s (a INT)", kUnexpectedToken, 1, 8, "did you mean SOURCE?"},
      {"SELECT a FORM t", kUnexpectedToken, 1, 15, "did you mean FROM?"},
      {"SELECT a FROM t WEHRE a > 1", kUnexpectedToken, 1, 23, "did you mean WHERE?"},
      {"SELECT a FROM t u GRUOP BY a", kUnexpectedToken, 1, 19, "did you mean GROUP?"},
      {"SELECT a FROM t GROUP YB a", kUnexpectedToken, 1, 23, "did you mean BY?"},
      {"SELECT a FROM t EMIT CHANGE", kBadEmit, 1, 22, "did you mean CHANGES?"},
      {"SELECT a FROM t EMIT ON WINDOW CLSOE", kBadEmit, 1, 32, "did you mean CLOSE?"},
      {"SELECT a FROM t ORDER BY a LIMTI 5", kUnexpectedToken, 1, 28, "did you mean LIMIT?"},
      {"ALTER MATERIALIZED VIEW v PUASE", kUnexpectedToken, 1, 27, "did you mean PAUSE?"},
  };
  for (const Case& c : kCases) Check(c);
}

TEST_CASE("habits of other systems get a hint") {
  constexpr Case kCases[] = {
      {"SELECT TOP 5 a FROM t", kUnexpectedToken, 1, 8, "LIMIT"},
      {"SELECT a FROM t LIMIT 5, 10", kUnexpectedToken, 1, 24, "OFFSET"},
      {"SELECT a FROM t WHERE a && b", kUnexpectedToken, 1, 25, "write AND"},
      {"SELECT `a` FROM t", kUnexpectedToken, 1, 8, "double quotes"},
      {"SELECT !a", kUnexpectedToken, 1, 8, "NOT"},
      {"SELECT a < b < c", kUnexpectedToken, 1, 14, "a < b AND b < c"},
      {"SELECT INTERVAL \"5 minutes\"", kUnexpectedToken, 1, 17, "single quotes"},
      {"SELECT 5m", kBadLiteral, 1, 8, "INTERVAL '5' MINUTE"},
      {"CREATE STREAM s (a INT)", kUnexpectedToken, 1, 8, "CREATE SOURCE"},
      {"SELECT a FROM t WINDOW TUMBLING (SIZE 5 SECONDS)", kUnexpectedToken, 1, 24, "TUMBLE"},
      {"SELECT a AS 'b' FROM t", kUnexpectedToken, 1, 13, "double quotes"},
      {"SELECT a FROM t AS order", kUnexpectedToken, 1, 20, "reserved word"},
      {"SELECT order FROM t", kUnexpectedToken, 1, 8, "\"order\""},
      {"SELECT SELECT 1", kUnexpectedToken, 1, 8, "sub-query"},
      {"CREATE INDEX i ON t (a)", kNotSupported, 1, 8, "INDEX"},
      {"BEGIN", kNotSupported, 1, 1, "BEGIN"},
      {"ALTER SOURCE s ADD COLUMN c INT", kNotSupported, 1, 16, "CREATE OR REPLACE"},
      {"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", kNotSupported, 1, 26, "PRIMARY KEY"},
  };
  for (const Case& c : kCases) Check(c);
}

TEST_CASE("a bad EMIT lists what it takes") {
  constexpr Case kCases[] = {
      {"SELECT a FROM t EMIT SOMETIMES", kBadEmit, 1, 22,
       "ON WATERMARK, ON WINDOW CLOSE, ON UPDATE, EVERY interval, PERIODICALLY interval, CHANGES or FINAL"},
      {"SELECT a FROM t EMIT EVERY 'SOON'", kBadEmit, 1, 28,
       "expected INTERVAL literal after EVERY, found 'SOON' (hint: EMIT EVERY INTERVAL '10' SECOND)"},
      {"SELECT a FROM t EMIT EVERY 10 SECONDS", kBadEmit, 1, 28, "INTERVAL"},
      {"SELECT a FROM t EMIT EVERY", kBadEmit, 1, 27, "INTERVAL"},
      {"SELECT a FROM t WHERE b EMIT ON SUNDAY", kBadEmit, 1, 33, "WATERMARK, WINDOW CLOSE or UPDATE"},
      {"SELECT a FROM t WHERE b EMIT", kBadEmit, 1, 29, "WATERMARK"},
      {"SELECT a FROM t EMIT EVERY $1::interval.x", kBadEmit, 1, 28, "INTERVAL"},
      {"SELECT a FROM t EMIT 5", kBadEmit, 1, 22, "WATERMARK"},
  };
  for (const Case& c : kCases) Check(c);
}

TEST_CASE("literals, clauses, options and places have their own codes") {
  constexpr Case kCases[] = {
      {"SELECT 'abc", kUnterminated, 1, 8, "string"},
      {"SELECT 1 /* abc", kUnterminated, 1, 10, "comment"},
      {"SELECT 1__0", kBadLiteral, 1, 8, "number"},
      {"SELECT 1e999", kBadLiteral, 1, 8, "range"},
      {"SELECT $0", kBadLiteral, 1, 8, "65535"},
      {"SELECT INTERVAL 'soon'", kBadLiteral, 1, 17, "soon"},
      {"SELECT INTERVAL '5' NANOSECOND", kBadLiteral, 1, 17, "microsecond"},
      {"SELECT INTERVAL '5'", kBadLiteral, 1, 17, "without a unit"},
      {"SELECT INTERVAL '1.5.5' SECOND", kBadLiteral, 1, 17, "more than a number"},
      {"SELECT 1 FROM t EMIT FINAL EMIT FINAL", kClauseTwice, 1, 28, "EMIT is given twice"},
      {"SELECT 1 FROM t EMIT FINAL ALLOW LATENESS INTERVAL '1' SECOND ALLOW LATENESS INTERVAL '1' SECOND",
       kClauseTwice, 1, 63, "LATENESS"},
      {"CREATE SINK s FROM (SELECT 1 FROM t EMIT FINAL) WITH (a = 'b') EMIT FINAL", kClauseTwice, 1, 64, "EMIT"},
      {"CREATE SINK s FROM t WITH (a = 'b') WITH (c = 'd')", kClauseTwice, 1, 37, "WITH"},
      {"SELECT 1 LIMIT 1 LIMIT 2", kClauseTwice, 1, 18, "LIMIT"},
      {"SELECT a FROM t WHERE a WHERE b", kClauseTwice, 1, 25, "WHERE"},
      {"SELECT a FROM t EMIT FINAL ORDER BY a", kClauseTwice, 1, 28, "the order is"},
      {"SELECT a FROM t LIMIT 5 WHERE a", kClauseTwice, 1, 25, "the order is"},
      {"UPDATE t SET a = 1, a = 2", kClauseTwice, 1, 21, "set twice"},
      {"CREATE SOURCE s (a INT) WITH ('a'='1',\n'a'='2')", kDuplicateOption, 2, 1, "'a'"},
      {"CREATE MATERIALIZED VIEW v WITH (a = 1) AS SELECT 1 WITH (a = 2)", kDuplicateOption, 1, 59, "'a'"},
      {"WITH x AS (SELECT a FROM t EMIT ON UPDATE) SELECT * FROM x", kMisplacedStreamClause, 1, 28, "EMIT"},
      {"SELECT * FROM (SELECT a FROM t LATE DATA TO x) y", kMisplacedStreamClause, 1, 32, "LATE DATA TO"},
      {"SELECT (SELECT a FROM t EMIT FINAL)", kMisplacedStreamClause, 1, 25, "EMIT"},
      {"CREATE SINK s (a INT, PRIMARY KEY (b))", kUnknownColumn, 1, 23, "'b'"},
  };
  for (const Case& c : kCases) Check(c);
}

TEST_CASE("one statement means one") {
  CHECK(ParseStatement("SELECT 1; SELECT 2").error().code() == kNotOneStatement);
  CHECK(ParseStatement("SELECT 1; SELECT 2").error().position().column == 11);
  CHECK(ParseStatement("SELECT 1; DROP TABLE t; --").error().code() == kNotOneStatement);
  CHECK(ParseStatement("").error().code() == kNotOneStatement);
  CHECK(ParseStatement(" ; -- nothing").error().code() == kNotOneStatement);
  CHECK(ParseStatement("SELECT 1;;").has_value());
  CHECK(ParseExpression("a b").error().code() == kUnexpectedToken);
  CHECK(ParseType("int int").error().code() == kUnexpectedToken);
}

TEST_CASE("an error in a script names the statement") {
  const auto result = ParseScript("SELECT 1;\nSELECT 2;\nSELCT 3");
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message().starts_with("statement 3: "));
  CHECK(result.error().position().line == 3);
}

std::string Repeat(std::string_view text, size_t n) {
  std::string out;
  out.reserve(text.size() * n);
  for (size_t i = 0; i < n; ++i) out += text;
  return out;
}

TEST_CASE("nesting without end meets the depth limit, never the end of the stack") {
  constexpr size_t kMany = 100'000;
  const auto nested = [&](std::string_view open, std::string_view middle, std::string_view close) {
    return Repeat(open, kMany) + std::string(middle) + Repeat(close, kMany);
  };
  const std::string texts[] = {
      "SELECT " + nested("(", "1", ")"),
      "SELECT " + nested("NOT ", "a", ""),
      "SELECT " + nested("- ", "a", ""),
      "SELECT " + nested("~", "a", ""),
      "SELECT " + nested("CASE WHEN ", "a", " THEN 1 END"),
      "SELECT " + nested("f(", "1", ")"),
      "SELECT " + nested("[", "1", "]"),
      "SELECT " + nested("{a: ", "1", "}"),
      "SELECT " + nested("CAST(", "1", " AS INT)"),
      "SELECT " + nested("(SELECT ", "1", ")"),
      "SELECT " + nested("EXISTS (SELECT ", "1", ")"),
      "SELECT " + nested("a[", "1", "]"),
      "SELECT " + nested("lambda x: ", "1", ""),
      "SELECT 1 FROM " + nested("(", "t", ")"),
      "SELECT 1 FROM " + nested("(SELECT 1 FROM ", "t", ")"),
      nested("(", "SELECT 1", ")"),
      nested("EXPLAIN ", "SELECT 1", ""),
      nested("PREPARE p AS ", "SELECT 1", ""),
      nested("WITH a AS (", "SELECT 1", ") SELECT 1"),
      "SELECT CAST(a AS " + nested("ARRAY<", "INT", ">") + ")",
      "SELECT CAST(a AS INT" + Repeat("[]", kMany) + ")",
      "SELECT a" + Repeat("[1]", kMany),
      "SELECT a" + Repeat("::int", kMany),
      "SELECT (a)" + Repeat(".b", kMany),
      "SELECT a" + Repeat(" + a", kMany),
      "SELECT a" + Repeat(" || a", kMany),
      "SELECT a" + Repeat(" IS NULL", kMany),
      "SELECT a FROM t" + Repeat(" CROSS JOIN t", kMany),
      "SELECT 1" + Repeat(" UNION SELECT 1 EXCEPT SELECT 1", kMany),
      "SELECT 1 FROM t GROUP BY " + nested("((", "a", "))"),
  };
  for (const std::string& text : texts) {
    const auto result = ParseScript(text);
    INFO(text.substr(0, 60));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code() == kTooComplex);
    CHECK(result.error().position().line == 1);
  }
  CHECK(ParseStatement("SELECT " + Repeat("(", kMany)).error().code() == kTooComplex);
}

TEST_CASE("long flat chains are no nesting") {
  constexpr size_t kMany = 100'000;
  CHECK(ParseStatement("SELECT a" + Repeat(" AND a", kMany)).has_value());
  CHECK(ParseStatement("SELECT a" + Repeat(" OR a AND b", kMany)).has_value());
  CHECK(ParseStatement("SELECT 1" + Repeat(" UNION ALL SELECT 1", kMany)).has_value());
  CHECK(ParseStatement("SELECT a" + Repeat(", a", kMany)).has_value());
  CHECK(ParseStatement("SELECT a IN (1" + Repeat(", 1", kMany) + ")").has_value());
  CHECK(ParseStatement("SELECT CASE" + Repeat(" WHEN a THEN b", kMany) + " END").has_value());
  CHECK(ParseStatement("INSERT INTO t VALUES (1)" + Repeat(", (1)", kMany)).has_value());
  CHECK(ParseScript(Repeat("SELECT 1;", kMany))->size() == kMany);
  CHECK(ParseStatement("SELECT a" + Repeat(" + a", 400)).has_value());
  CHECK(ParseStatement("SELECT " + Repeat("(", 200) + "1" + Repeat(")", 200)).has_value());
}

TEST_CASE("limits are options") {
  ParserOptions options;
  options.bytes_max = 10;
  CHECK(ParseStatement("SELECT 1 + 2", options).error().code() == kTooComplex);
  CHECK(ParseStatement("SELECT 1", options).has_value());
  options = {};
  options.depth_max = 5;
  CHECK(ParseStatement("SELECT ((((((1))))))", options).error().code() == kTooComplex);
  options = {};
  options.height_max = 10;
  CHECK(ParseStatement("SELECT a" + Repeat(" + a", 20), options).error().code() == kTooComplex);
}

}  // namespace
}  // namespace laminar::sql
