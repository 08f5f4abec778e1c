#include "sql/parser.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "sql/testing/corpus.h"
#include "sql/printer.h"

namespace laminar::sql {
namespace {

template <class T>
T Parsed(std::string_view text) {
  Result<Statement> statement = ParseStatement(text);
  const std::string error = statement ? "" : statement.error().ToString();
  INFO(text << ": " << error);
  REQUIRE(statement.has_value());
  REQUIRE(std::holds_alternative<T>(statement->node));
  return std::move(std::get<T>(statement->node));
}

QueryPtr QueryOf(std::string_view text) { return Parsed<SelectStatement>(text).query; }

const Select& SelectOf(const QueryPtr& query) {
  REQUIRE(query->body->kind == BodyKind::kSelect);
  return *query->body->select;
}

ExpressionPtr ExpressionOf(std::string_view text) {
  Result<ExpressionPtr> expression = ParseExpression(text);
  const std::string error = expression ? "" : expression.error().ToString();
  INFO(text << ": " << error);
  REQUIRE(expression.has_value());
  return *std::move(expression);
}

// With all parentheses, so that the shape shows.
std::string Full(std::string_view text) { return PrintInFull(*ExpressionOf(text)); }

int64_t Microseconds(const ExpressionPtr& interval) {
  REQUIRE(interval);
  REQUIRE(interval->kind == ExpressionKind::kInterval);
  return interval->interval->FixedMicroseconds().value_or(-1);
}

constexpr int64_t kSecond = 1'000'000;

TEST_CASE("every example of the corpus parses") {
  for (const std::string_view text : kCorpus) {
    const Result<Statement> statement = ParseStatement(text);
    const std::string error = statement ? "" : statement.error().ToString();
    INFO(text << ": " << error);
    CHECK(statement.has_value());
  }
}

TEST_CASE("names fold to lower case unless quoted") {
  CHECK(Parsed<CreateSource>("create source Events (id bigint)").name == Name{"events"});
  CHECK(Parsed<CreateSource>("create source \"Events\" (id bigint)").name == Name{"Events"});
}

TEST_CASE("a source keeps its columns, watermark and options") {
  const auto plain = Parsed<CreateSource>("CREATE SOURCE events (id BIGINT, user_id VARCHAR, event_time TIMESTAMP)");
  CHECK(plain.definition.columns.size() == 3);
  CHECK(plain.definition.watermarks.empty());
  const auto source = Parsed<CreateSource>(
      "CREATE OR REPLACE SOURCE IF NOT EXISTS orders (order_id BIGINT NOT NULL, order_time TIMESTAMP(3), "
      "total AS (order_id * 2), WATERMARK FOR order_time AS order_time - INTERVAL '5' SECOND, PRIMARY KEY (order_id)) "
      "WITH (connector = 'kafka', 'topic' = 'orders', bootstrap.servers = 'h:9092')");
  CHECK(source.or_replace);
  CHECK(source.if_not_exists);
  REQUIRE(source.definition.columns.size() == 3);
  CHECK(source.definition.columns[0].not_null);
  CHECK(source.definition.columns[1].type->arguments == std::vector<int64_t>{3});
  CHECK_FALSE(source.definition.columns[2].type.has_value());
  CHECK(source.definition.columns[2].generated != nullptr);
  CHECK(source.definition.primary_key == std::vector<std::string>{"order_id"});
  REQUIRE(source.definition.watermarks.size() == 1);
  const WatermarkDefinition& watermark = source.definition.watermarks[0];
  CHECK(watermark.column == Name{"order_time"});
  REQUIRE(watermark.expression->kind == ExpressionKind::kBinary);
  CHECK(Microseconds(watermark.expression->children[1]) == 5 * kSecond);
  REQUIRE(source.options.size() == 3);
  CHECK(source.options[2].key == "bootstrap.servers");
}

TEST_CASE("options keep their keys verbatim and their values in canonical text") {
  const auto source = Parsed<CreateSource>(
      "CREATE SOURCE s (a INT) WITH (alignment.group = 'g', alignment.max_drift = '5 minutes', batch = 10000, "
      "ok = true, d = INTERVAL '7' DAY, Mode = Earliest, low = -1_5, one = INTERVAL '1' HOUR)");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"alignment.group", "g"}, {"alignment.max_drift", "5 minutes"}, {"batch", "10000"}, {"ok", "true"},
      {"d", "7 days"},          {"Mode", "Earliest"},                 {"low", "-15"},     {"one", "1 hour"}};
  REQUIRE(source.options.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(source.options[i].key == expected[i].first);
    CHECK(source.options[i].value == expected[i].second);
  }
}

TEST_CASE("a sink takes a relation or a query, and clauses on either side of WITH") {
  const auto relation = Parsed<CreateSink>("CREATE SINK s FROM processed WITH ('connector'='kafka') EMIT ON UPDATE");
  CHECK(relation.from == Name{"processed"});
  CHECK(relation.options.size() == 1);
  CHECK(relation.stream.emit == EmitKind::kOnUpdate);
  const auto query = Parsed<CreateSink>("CREATE SINK a FROM (SELECT * FROM events WHERE severity > 5)");
  CHECK(query.query != nullptr);
  const auto after = Parsed<CreateSink>("CREATE SINK a FROM (SELECT * FROM e) WITH (c = 'k') EMIT AFTER WATERMARK");
  CHECK(after.query->stream.emit == EmitKind::kOnWatermark);
  CHECK(after.stream.IsEmpty());
  const auto inside = Parsed<CreateSink>("CREATE SINK a FROM (SELECT * FROM e EMIT FINAL) WITH (c = 'k')");
  CHECK(inside.query->stream.emit == EmitKind::kFinal);
}

TEST_CASE("the words of streaming are not reserved") {
  for (const std::string word : {"emit", "watermark", "late", "session", "tumble", "hop", "allow", "sample", "latest",
                                 "asof", "source", "sink", "date", "time", "timestamp", "interval", "format",
                                 "final"}) {
    const QueryPtr query = QueryOf("SELECT " + word + ", t." + word + " AS " + word + " FROM " + word + " AS t WHERE " +
                                   word + " > 1 ORDER BY " + word);
    CHECK(SelectOf(query).items[0].expression->name == Name{word});
    CHECK(SelectOf(query).from[0]->name == Name{word});
  }
}

TEST_CASE("two tokens decide between an alias and a clause") {
  const auto alias_of = [](std::string_view text) {
    const QueryPtr query = QueryOf(text);
    const Select& select = SelectOf(query);
    const TableRef* table = select.from[0].get();
    while (table->kind == TableRefKind::kJoin) table = table->join->right.get();
    return table->alias;
  };
  CHECK(alias_of("SELECT a FROM t EMIT ON UPDATE") == "");
  CHECK(alias_of("SELECT a FROM t emit WHERE a > 1") == "emit");
  CHECK(alias_of("SELECT a FROM t AS emit EMIT ON UPDATE") == "emit");
  CHECK(alias_of("SELECT a FROM t emit EMIT CHANGES") == "emit");
  CHECK(alias_of("SELECT a FROM t emit") == "emit");
  CHECK(alias_of("SELECT a FROM t u JOIN x emit ON emit.a = u.a") == "emit");
  CHECK(alias_of("SELECT a FROM t ALLOW LATENESS INTERVAL '5' MINUTE") == "");
  CHECK(alias_of("SELECT a FROM t allow") == "allow");
  CHECK(alias_of("SELECT a FROM t LATE DATA TO x") == "");
  CHECK(alias_of("SELECT a FROM t late WHERE b") == "late");
  CHECK(alias_of("SELECT a FROM t SAMPLE BY 1m") == "");
  CHECK(alias_of("SELECT a FROM t sample") == "sample");
  CHECK(alias_of("SELECT a FROM t TIMESTAMP BY c") == "");
  CHECK(alias_of("SELECT a FROM t x TIMESTAMP BY c") == "x");
  CHECK(alias_of("SELECT a FROM t ASOF JOIN u ON TRUE") == "");
  CHECK(alias_of("SELECT a FROM t JOIN LATEST u ON TRUE") == "");
  CHECK(alias_of("SELECT a FROM t JOIN latest ON TRUE") == "");
}

TEST_CASE("window calls stay calls with their intervals") {
  const QueryPtr hop = QueryOf("SELECT * FROM r GROUP BY HOP(ts, INTERVAL '1' MINUTE, INTERVAL '5' MINUTE), k");
  const Select& select = SelectOf(hop);
  REQUIRE(select.group_by.size() == 2);
  const Expression& window = *select.group_by[0].expression;
  CHECK(window.name == Name{"hop"});
  CHECK(window.children[0]->name == Name{"ts"});
  CHECK(Microseconds(window.children[1]) == 60 * kSecond);
  CHECK(Microseconds(window.children[2]) == 300 * kSecond);
  const QueryPtr none = QueryOf("SELECT 'TUMBLE(ts)' FROM t");
  CHECK(SelectOf(none).items[0].expression->kind == ExpressionKind::kLiteral);
  const QueryPtr month = QueryOf("SELECT 1 FROM t GROUP BY TUMBLE(ts, INTERVAL '1' MONTH)");
  CHECK_FALSE(SelectOf(month).group_by[0].expression->children[1]->interval->IsFixed());
  const QueryPtr table = QueryOf("SELECT 1 FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' MINUTES))");
  const TableRef& from = *SelectOf(table).from[0];
  REQUIRE(from.kind == TableRefKind::kFunction);
  CHECK(from.function->children[0]->kind == ExpressionKind::kTableArgument);
  CHECK(from.function->children[1]->name == Name{"descriptor"});
}

TEST_CASE("stream clauses stand in any order behind the query") {
  const QueryPtr periodic =
      QueryOf("SELECT 1 FROM t EMIT PERIODICALLY INTERVAL '30' SECOND ALLOW LATENESS INTERVAL '2' MINUTE");
  CHECK(periodic->stream.emit == EmitKind::kEvery);
  CHECK(Microseconds(periodic->stream.every) == 30 * kSecond);
  CHECK(Microseconds(periodic->stream.lateness) == 120 * kSecond);
  const QueryPtr late =
      QueryOf("SELECT 1 FROM t LATE DATA TO late_events ALLOWED LATENESS INTERVAL '5' MINUTE emit on window close");
  CHECK(late->stream.late_to == Name{"late_events"});
  CHECK(late->stream.emit == EmitKind::kOnWindowClose);
  const auto emit = [](const std::string& clause) { return QueryOf("SELECT 1 FROM t EMIT " + clause)->stream.emit; };
  CHECK(emit("ON WATERMARK") == EmitKind::kOnWatermark);
  CHECK(emit("AFTER WATERMARK") == EmitKind::kOnWatermark);
  CHECK(emit("ON /* y */ UPDATE") == EmitKind::kOnUpdate);
  CHECK(emit("EVERY INTERVAL '1' SECOND") == EmitKind::kEvery);
  CHECK(emit("CHANGES") == EmitKind::kChanges);
  CHECK(emit("FINAL") == EmitKind::kFinal);
  CHECK(QueryOf("SELECT 1 FROM t EMIT CHANGES WITH DELAY '100ms'")->stream.delay->literal.text == "100ms");
  CHECK(QueryOf("SELECT 1 FROM t LATE DATA TO x;")->stream.lateness == nullptr);
  const QueryPtr inner = QueryOf("SELECT 1 FROM (SELECT 2 FROM t ALLOW LATENESS INTERVAL '1' SECOND) x EMIT FINAL");
  CHECK(SelectOf(inner).from[0]->query->stream.lateness != nullptr);
}

TEST_CASE("SAMPLE BY counts units, where case tells minutes from months") {
  const auto interval = [](const std::string& text) {
    const QueryPtr query = QueryOf("SELECT a FROM t SAMPLE BY " + text);
    return *SelectOf(query).sample_by->interval->interval;
  };
  CHECK(interval("90T").FixedMicroseconds() == 90'000);
  CHECK(interval("5U").FixedMicroseconds() == 5);
  CHECK(interval("15s").FixedMicroseconds() == 15 * kSecond);
  CHECK(interval("1m").FixedMicroseconds() == 60 * kSecond);
  CHECK(interval("h").FixedMicroseconds() == 3600 * kSecond);
  CHECK(interval("2d").days == 2);
  CHECK(interval("1w").days == 7);
  CHECK(interval("3M").months == 3);
  CHECK(interval("1y").months == 12);
  CHECK(interval("0m").FixedMicroseconds() == 0);
  CHECK(interval("INTERVAL '1' MINUTE").FixedMicroseconds() == 60 * kSecond);
}

TEST_CASE("join forms keep their parts") {
  const QueryPtr query = QueryOf(
      "SELECT * FROM a LEFT JOIN b USING (x) ASOF LEFT JOIN q MATCH_CONDITION(a.t > q.t) TOLERANCE INTERVAL '5' SECOND "
      "ON a.s = q.s JOIN r FOR SYSTEM_TIME AS OF a.t VERSIONED ON valid_from v ON v.k = a.k, c CROSS JOIN d");
  const Select& select = SelectOf(query);
  REQUIRE(select.from.size() == 2);
  const Join& versioned = *select.from[0]->join;
  CHECK(versioned.right->alias == "v");
  CHECK(versioned.right->as_of->name == Name{"a", "t"});
  CHECK(versioned.right->versioned_on == Name{"valid_from"});
  const Join& asof = *versioned.left->join;
  CHECK(asof.asof);
  CHECK(asof.kind == JoinKind::kLeft);
  CHECK(asof.match == MatchKind::kCondition);
  CHECK(Microseconds(asof.tolerance) == 5 * kSecond);
  CHECK(asof.left->join->using_columns == std::vector<std::string>{"x"});
  CHECK(select.from[1]->join->kind == JoinKind::kCross);
}

TEST_CASE("operators bind as in PostgreSQL") {
  CHECK(Full("a OR b AND NOT c = d + e * f ^ g") == "a OR (b AND (NOT (c = (d + (e * (f ^ g))))))");
  CHECK(Full("a - b - c") == "(a - b) - c");
  CHECK(Full("a || b || c = d") == "((a || b) || c) = d");
  CHECK(Full("a -> 'b' ->> 'c' = 'd'") == "((a -> 'b') ->> 'c') = 'd'");
  CHECK(Full("-a ^ 2") == "(-a) ^ 2");
  CHECK(Full("-5::int") == "-CAST(5 AS INT)");
  CHECK(Full("a BETWEEN b + 1 AND c AND d") == "(a BETWEEN (b + 1) AND c) AND d");
  CHECK(Full("NOT a BETWEEN 1 AND 2") == "NOT (a BETWEEN 1 AND 2)");
  CHECK(Full("a = b IS NULL") == "(a = b) IS NULL");
  CHECK(Full("a IS NULL AND b") == "(a IS NULL) AND b");
  CHECK(Full("a || b LIKE c || d") == "(a || b) LIKE (c || d)");
  CHECK(Full("t AT TIME ZONE 'x' + i") == "(t AT TIME ZONE 'x') + i");
  CHECK(Full("~a & b") == "(~a) & b");
  CHECK(Full("a + b IN (1, 2)") == "(a + b) IN (1, 2)");
  CHECK(Full("a AND b AND c OR d OR e") == "(a AND b AND c) OR d OR e");
  CHECK(Full("a AND (b AND c)") == "a AND (b AND c)");
}

TEST_CASE("numbers keep their exact value") {
  const auto literal = [](std::string_view text) { return ExpressionOf(text)->literal; };
  CHECK(literal("9223372036854775807").integer == INT64_MAX);
  CHECK(literal("-9223372036854775808").integer == INT64_MIN);
  CHECK(literal("-9223372036854775808").kind == LiteralKind::kInteger);
  CHECK(literal("9223372036854775808").kind == LiteralKind::kDecimal);
  CHECK(literal("0x7fff_ffff").integer == 0x7fffffff);
  CHECK(literal("007").integer == 7);
  CHECK(literal("1.50").kind == LiteralKind::kDecimal);
  CHECK(literal("1.50").text == "1.50");
  CHECK(literal(".5").text == "0.5");
  CHECK(literal("-1.5").text == "-1.5");
  CHECK(literal("1.5e3").floating == 1500.0);
  CHECK(literal("0xffffffffffffffff").text == "18446744073709551615");
}

TEST_CASE("intervals keep months, days and time apart") {
  const auto interval = [](const std::string& text) {
    const auto expression = ExpressionOf("INTERVAL " + text);
    REQUIRE(expression->kind == ExpressionKind::kInterval);
    return *expression->interval;
  };
  const auto same = [](const IntervalValue& v, int64_t months, int64_t days, int64_t micros) {
    return v.months == months && v.days == days && v.microseconds == micros;
  };
  CHECK(same(interval("'5' MINUTE"), 0, 0, 300 * kSecond));
  CHECK(same(interval("'5 minutes'"), 0, 0, 300 * kSecond));
  CHECK(same(interval("5 minutes"), 0, 0, 300 * kSecond));
  CHECK(same(interval("'1 hour 30 minutes'"), 0, 0, 5400 * kSecond));
  CHECK(same(interval("'1.5' HOUR"), 0, 0, 5400 * kSecond));
  CHECK(same(interval("'-8' HOUR"), 0, 0, -28800 * kSecond));
  CHECK(same(interval("'2' WEEKS"), 0, 14, 0));
  CHECK(same(interval("'1.5' DAY"), 0, 1, 43200 * kSecond));
  CHECK(same(interval("'1-6' YEAR TO MONTH"), 18, 0, 0));
  CHECK(same(interval("'2 03:04:05.5' DAY TO SECOND"), 0, 2, 11045 * kSecond + 500'000));
  CHECK(same(interval("'1 year 2 mons -3 days 04:05:06'"), 14, -3, 14706 * kSecond));
  CHECK(same(interval("'P1Y2M3DT4H5M6.5S'"), 14, 3, 14706 * kSecond + 500'000));
  CHECK(same(interval("'100ms'"), 0, 0, 100'000));
  CHECK(same(interval("'3 µs'"), 0, 0, 3));
  CHECK(same(interval("'2000' NANOSECOND"), 0, 0, 2));
  CHECK_FALSE(ParseIntervalText("5").has_value());
  CHECK_FALSE(ParseIntervalText("").has_value());
  CHECK_FALSE(ParseIntervalText("5 parsecs").has_value());
  CHECK_FALSE(ParseIntervalText("1 ns").has_value());
  CHECK_FALSE(ParseIntervalText("99999999999999999999 days").has_value());
  CHECK_FALSE(ParseIntervalText("9223372036854775807 hours").has_value());
  CHECK_FALSE(ParseIntervalText("1:99:00").has_value());
}

TEST_CASE("aggregate clauses are captured") {
  const auto call = ExpressionOf(
      "f(DISTINCT a, b ORDER BY c DESC NULLS LAST) WITHIN GROUP (ORDER BY d) FILTER (WHERE e > 1) IGNORE NULLS OVER w");
  REQUIRE(call->call);
  CHECK(call->call->distinct);
  CHECK(call->children.size() == 2);
  CHECK(call->call->order_by[0].descending);
  CHECK(call->call->order_by[0].nulls == NullsOrder::kLast);
  CHECK(call->call->within_group.size() == 1);
  CHECK(call->call->filter != nullptr);
  CHECK(call->call->null_treatment == NullTreatment::kIgnore);
  CHECK(call->call->over->base == "w");
  const auto count = ExpressionOf("count(*)");
  CHECK(count->children[0]->kind == ExpressionKind::kStar);
  CHECK(count->call == nullptr);
  CHECK(*ExpressionOf("GROUP_CONCAT(x SEPARATOR ';')")->call->separator == ";");
}

TEST_CASE("arrows are lambdas in higher-order functions and JSON elsewhere") {
  CHECK(ExpressionOf("list_transform(a, x -> x + 1)")->children[1]->kind == ExpressionKind::kLambda);
  CHECK(ExpressionOf("list_reduce(a, (x, y) -> x + y)")->children[1]->labels.size() == 2);
  CHECK(ExpressionOf("list_filter(a, (x) -> x > 1)")->children[1]->kind == ExpressionKind::kLambda);
  CHECK(Print(*ExpressionOf("list_filter((j -> 'a'), lambda x: x -> 'b')")) ==
        "list_filter((j -> 'a'), lambda x: x -> 'b')");
  CHECK(ExpressionOf("f(lambda x: x)")->children[0]->kind == ExpressionKind::kLambda);
  CHECK(ExpressionOf("lower(j -> k)")->children[0]->kind == ExpressionKind::kBinary);
  CHECK(ExpressionOf("j ? 'k'")->binary == BinaryOperator::kJsonExists);
}

TEST_CASE("parameters are counted per statement") {
  CHECK(ParseStatement("SELECT ? + ?, ?")->parameter_count == 3);
  CHECK(ParseStatement("SELECT $2")->parameter_count == 2);
  const auto script = ParseScript("SELECT ?; SELECT ?, ?;");
  REQUIRE(script.has_value());
  CHECK((*script)[1].parameter_count == 2);
  const auto prepare = Parsed<Prepare>("PREPARE p AS SELECT $1 LIMIT $2");
  CHECK(prepare.statement->parameter_count == 2);
}

TEST_CASE("statements keep their source range") {
  const std::string_view text = "  SELECT 1 ;\n;; -- x\n DROP TABLE t";
  const auto script = ParseScript(text);
  REQUIRE(script.has_value());
  REQUIRE(script->size() == 2);
  CHECK(text.substr((*script)[0].text_offset, (*script)[0].text_length) == "SELECT 1");
  CHECK(text.substr((*script)[1].text_offset, (*script)[1].text_length) == "DROP TABLE t");
  CHECK((*script)[1].position.line == 3);
  const std::string_view view = "CREATE VIEW v AS SELECT a FROM t -- end";
  const auto create = Parsed<CreateView>(view);
  CHECK(view.substr(create.query->text_offset, create.query->text_length) == "SELECT a FROM t");
}

TEST_CASE("positions name the token of the node") {
  const auto expression = ExpressionOf("a +\n  f(b)");
  CHECK(expression->position.column == 3);
  CHECK(expression->children[1]->position.line == 2);
  CHECK(expression->children[1]->position.column == 3);
  CHECK(expression->children[1]->position.offset == 6);
}

TEST_CASE("set operations group by strength and runs are flat") {
  const QueryPtr query = QueryOf("SELECT 1 UNION SELECT 2 UNION SELECT 3 INTERSECT SELECT 4 EXCEPT ALL SELECT 5");
  CHECK(query->body->op == SetOperator::kExcept);
  CHECK(query->body->inputs[0]->op == SetOperator::kUnion);
  CHECK(query->body->inputs[0]->inputs.size() == 3);
  CHECK(query->body->inputs[0]->inputs[2]->op == SetOperator::kIntersect);
}

TEST_CASE("a type is read in every spelling") {
  const auto type = [](std::string_view text) {
    const Result<TypeName> parsed = ParseType(text);
    REQUIRE(parsed.has_value());
    return Print(*parsed);
  };
  CHECK(type("decimal(10,2)") == "DECIMAL(10, 2)");
  CHECK(type("double precision") == "DOUBLE");
  CHECK(type("timestamp(3) with time zone") == "TIMESTAMP(3) WITH TIME ZONE");
  CHECK(type("timestamp without time zone") == "TIMESTAMP");
  CHECK(type("array<array<int>>") == "INT[][]");
  CHECK(type("int array") == "INT[]");
  CHECK(type("map<text, struct<a int, b map<text, int>>>[]") == "MAP(TEXT, STRUCT(a INT, b MAP(TEXT, INT)))[]");
  CHECK(type("character varying(10)") == "VARCHAR(10)");
}

TEST_CASE("a clone prints like its original") {
  for (const std::string_view text : kCorpus) {
    Result<Statement> statement = ParseStatement(text);
    REQUIRE(statement.has_value());
    if (!std::holds_alternative<SelectStatement>(statement->node)) continue;
    const Query& query = *std::get<SelectStatement>(statement->node).query;
    CHECK(Print(*Clone(query)) == Print(query));
  }
}

}  // namespace
}  // namespace laminar::sql
