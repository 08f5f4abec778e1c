// The parts of the command line that are pure: arguments, error texts, the progress line, completion, the language of
// .slt.
#include <doctest/doctest.h>

#include "cli/arguments.h"
#include "cli/demo_screen.h"
#include "cli/line_editor.h"
#include "cli/output.h"
#include "cli/slt_file.h"
#include "cli/slt_rows.h"
#include "cli/watcher.h"

using namespace laminar;
using namespace laminar::cli;

namespace {

TEST_CASE("arguments keep the order of commands and files") {
  const auto parsed = ParseArguments({"-c", "SELECT 1", "a.sql", "--file=b.sql", "-o", "CSV", ":memory:"});
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->tasks.size() == 3);
  CHECK(!parsed->tasks[0].is_file);
  CHECK(parsed->tasks[1].text == "a.sql");
  CHECK(parsed->tasks[2].text == "b.sql");
  CHECK(parsed->format == OutputFormat::kCsv);
}

TEST_CASE("wrong arguments say what is wrong, and only one database can be named") {
  CHECK(ParseArguments({"-c"}).error().code() == ErrorCode::kBadArgument);
  CHECK(ParseArguments({"-o", "xml"}).error().hint().find("ndjson") != std::string::npos);
  CHECK(ParseArguments({"--outputs", "csv"}).error().hint().find("--output") != std::string::npos);
  CHECK(ParseArguments({"my.db", "other.db"}).error().code() == ErrorCode::kBadArgument);
}

TEST_CASE("an error shows the line of the script with a caret under the place") {
  const std::string script = "SELECT 1;\nSELECT  prize FROM t;";
  const Status status = Status(ErrorCode::kUnknownColumn, "there is no column").WithHint("look").At({1, 9, 8});
  CHECK(ErrorText(status, {"a.sql", script, 10}, {}) ==
        "error LDB-A002 at a.sql:2:9: there is no column\n"
        "  2 | SELECT  prize FROM t;\n"
        "              ^\n"
        "  hint: look\n");
}

TEST_CASE("an error without a place, or past the end of the text, shows no line that is not there") {
  CHECK(ErrorText(Status(ErrorCode::kIo, "broken"), {}, {}) == "error LDB-S001: broken\n");
  const Status status = Status(ErrorCode::kUnexpectedToken, "the end").At({1, 100, 99});
  CHECK(ErrorText(status, {"", "SELECT", 0}, {}).find("1 | SELECT") != std::string::npos);
}

TEST_CASE("a caret stands under the place behind wide characters and in very long lines") {
  const std::string wide = "SELECT '日本', x";
  const Status status = Status(ErrorCode::kUnknownColumn, "x").At({1, 17, 17});
  CHECK(ErrorText(status, {"", wide, 0}, {}).find("\n" + std::string(6 + 15, ' ') + "^") != std::string::npos);
  const std::string text(5000, 'a');
  const Status far = Status(ErrorCode::kUnknownColumn, "x").At({1, 4001, 4000});
  for (std::string_view line : {std::string_view(ErrorText(far, {"", text, 0}, {}))}) CHECK(line.size() < 600);
}

TEST_CASE("the live line adds up sources and names views") {
  engine::Progress progress;
  progress.sources.push_back({.name = "s", .rows = 1'000'000, .watermark = 0, .done = 1, .total = 4});
  progress.views.push_back({.name = "v", .rows_stored = 12});
  CHECK(ProgressText(progress, 234, 2.0, 500'000) ==
        "1,000,234 rows (25%), 500,000 rows/s, watermark 1970-01-01 00:00:00, v: 12, 2.0 s");
}

TEST_CASE("completion ignores case, lists each word once, and finds what all have in common") {
  const std::vector<std::string> names = {"trades", "TRUE", "trades", "tracks", "other"};
  CHECK(Completions("TRA", names) == std::vector<std::string>{"tracks", "trades"});
  CHECK(CommonStart({"tracks", "trades"}) == "tra");
  CHECK(CommonStart({}).empty());
}

TEST_CASE("the picture of the demo has always the same height") {
  DemoMoment moment;
  const size_t lines = DemoLines(moment, 80, true).size();
  moment.rows = 5;
  moment.rows_total = 10;
  moment.airports = {{"ORD", 5, 1.5}, {"LAX", 3, -2}};
  CHECK(DemoLines(moment, 20, false).size() == lines);
}

TEST_CASE("an .slt file is read into directives with their lines") {
  const auto read =
      ParseSlt("# x\nstatement ok\nSELECT 1\n\nfeed s\n(1, 'a')\n-2 (2, 'b')\nclose s\n\nquery\nSELECT 2\n----\n2\n");
  REQUIRE(read.has_value());
  REQUIRE(read->size() == 4);
  CHECK((*read)[0].sql == "SELECT 1");
  CHECK((*read)[1].rows == std::vector<std::string>{"(1, 'a')", "-2 (2, 'b')"});
  CHECK((*read)[2].kind == DirectiveKind::kClose);
  CHECK((*read)[3].line == 10);
  CHECK((*read)[3].expected == std::vector<std::string>{"2"});
  const auto wrong = ParseSlt("\nfed s\n");
  CHECK(wrong.error().position().line == 2);
  CHECK(wrong.error().hint().find("feed") != std::string::npos);
}

TEST_CASE("times on the tests' day are short in both directions") {
  const data::Type type(data::TypeId::kTimestamp);
  CHECK(CanonicalCell(type, "2024-01-01 10:00:00") == "10:00");
  CHECK(CanonicalCell(type, "10:00:00") == "10:00");
  CHECK(CanonicalCell(type, "9:05") == "09:05");
  CHECK(CanonicalCell(type, "2024-01-01 10:00:00.5") == "10:00:00.5");
  CHECK(CanonicalCell(type, "2024-01-02 10:00:00") == "2024-01-02 10:00:00");
  CHECK(CanonicalCell(data::Type(data::TypeId::kVarchar), "10:00:00") == "10:00:00");
  CHECK(*ParseTestTime("10:05") == *ParseTestTime("2024-01-01 10:05:00"));
}

TEST_CASE("rows fed in are cast to their columns, with commas inside quotes and brackets left alone") {
  const data::Schema schema({{"a", data::TypeId::kVarchar, true}, {"t", data::TypeId::kTimestamp, true}});
  CHECK(*CastRow(schema, "('x, (y', '10:05')") ==
        "(CAST('x, (y' AS VARCHAR), CAST('2024-01-01 10:05:00' AS TIMESTAMP))");
  CHECK(CastRow(schema, "('x')").error().code() == ErrorCode::kBadRow);
  CHECK(CastRow(schema, "x").error().code() == ErrorCode::kBadRow);
}

TEST_CASE("changes consolidate to the sum of the weights") {
  const auto net = ConsolidateChanges({{1, "a"}, {-1, "b"}, {1, "b"}, {2, "a"}});
  REQUIRE(net.size() == 1);
  CHECK(ChangeText(net[0]) == "+3 | a");
}

}  // namespace
