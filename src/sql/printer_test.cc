// The law of the printer: a tree printed and parsed is the same tree, shown on the corpus and on random trees.
#include "sql/printer.h"

#include <doctest/doctest.h>

#include "sql/parser.h"
#include "sql/testing/corpus.h"
#include "sql/testing/random_tree.h"

namespace laminar::sql {
namespace {

// Parses what was printed and compares; two trees are equal exactly when their texts with all parentheses are.
void CheckRoundTrip(const Statement& statement) {
  const std::string printed = Print(statement);
  INFO(printed);
  const Result<Statement> again = ParseStatement(printed);
  const std::string error = again ? "" : again.error().ToString();
  CHECK(error == "");
  if (!again) return;
  CHECK(Print(*again) == printed);
  CHECK(PrintInFull(*again) == PrintInFull(statement));
}

TEST_CASE("every statement of the corpus survives printing") {
  for (const std::string_view text : kCorpus) {
    const Result<Statement> statement = ParseStatement(text);
    INFO(text);
    REQUIRE(statement.has_value());
    CheckRoundTrip(*statement);
  }
}

TEST_CASE("random expressions survive printing") {
  for (uint64_t seed = 1; seed <= 4'000; ++seed) {
    const ExpressionPtr expression = RandomExpression(seed, 5);
    const std::string printed = Print(*expression);
    INFO("seed " << seed << ": " << printed);
    const Result<ExpressionPtr> again = ParseExpression(printed);
    const std::string error = again ? "" : again.error().ToString();
    CHECK(error == "");
    if (!again) continue;
    CHECK(Print(**again) == printed);
    CHECK(PrintInFull(**again) == PrintInFull(*expression));
    const Result<ExpressionPtr> full = ParseExpression(PrintInFull(*expression));
    CHECK((full && PrintInFull(**full) == PrintInFull(*expression)));
    CHECK(PrintInFull(*Clone(**again)) == PrintInFull(*expression));
  }
}

TEST_CASE("random queries survive printing") {
  for (uint64_t seed = 1; seed <= 1'500; ++seed) {
    Statement statement;
    statement.node = SelectStatement{RandomStreamQuery(seed, 3), {}};
    INFO("seed " << seed);
    CheckRoundTrip(statement);
  }
}

TEST_CASE("parentheses stand only where they are needed") {
  const auto shortest = [](std::string_view text) { return Print(**ParseExpression(text)); };
  CHECK(shortest("((a + (b * c)))") == "a + b * c");
  CHECK(shortest("(a + b) * c") == "(a + b) * c");
  CHECK(shortest("a - (b - c)") == "a - (b - c)");
  CHECK(shortest("((a = b) AND (c OR d))") == "a = b AND (c OR d)");
  CHECK(shortest("NOT (a AND b)") == "NOT (a AND b)");
  CHECK(shortest("-(-5)") == "-(-5)");
  CHECK(shortest("- - a") == "-(-a)");
  CHECK(shortest("(-5)[1]") == "(-5)[1]");
  CHECK(shortest("(meta).a.b") == "(meta).a.b");
  CHECK(shortest("position((a IN (b)), c)") == "position((a IN (b)), c)");
}

TEST_CASE("identifiers are quoted only where they must be") {
  CHECK(QuoteIdentifier("amount") == "amount");
  CHECK(QuoteIdentifier("emit") == "emit");
  CHECK(QuoteIdentifier("Amount") == "\"Amount\"");
  CHECK(QuoteIdentifier("select") == "\"select\"");
  CHECK(QuoteIdentifier("a b") == "\"a b\"");
  CHECK(QuoteIdentifier("1a") == "\"1a\"");
  CHECK(QuoteIdentifier("") == "\"\"");
  CHECK(QuoteIdentifier("a\"b") == "\"a\"\"b\"");
  CHECK(PrintName({"s", "T", "c"}) == "s.\"T\".c");
  CHECK(QuoteString("it's") == "'it''s'");
}

TEST_CASE("an output column without an alias is named by its canonical text") {
  const auto name = [](std::string_view text) { return CanonicalName(**ParseExpression(text)); };
  CHECK(name("COUNT(*)") == "count(*)");
  CHECK(name("Sum( Amount )") == "sum(amount)");
  CHECK(name("t.Amount") == "amount");
  CHECK(name("\"Amount\"") == "Amount");
  CHECK(name("(meta).Created") == "created");
  CHECK(name("price*2") == "price * 2");
  CHECK(name("CAST(a AS BIGINT)") == "cast(a as bigint)");
  CHECK(name("upper('ABC')") == "upper('ABC')");
  CHECK(name("COUNT(DISTINCT x) FILTER (WHERE y)") == "count(distinct x) filter (where y)");
}

}  // namespace
}  // namespace laminar::sql
