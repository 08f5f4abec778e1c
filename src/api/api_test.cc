// The C interface: life cycle, errors, statements, rows.
#include "api/testing.h"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "laminar/laminar.h"

using namespace laminar::api::testing;  // NOLINT: a test

namespace {

TEST_CASE("a database opens, answers and closes; handles may be freed in any order") {
  CHECK(std::string(laminar_version()) == LAMINAR_VERSION);
  for (const int threading : {LAMINAR_INLINE, LAMINAR_THREADED}) {
    laminar_options options{};
    options.struct_size = sizeof options;
    options.threading = threading;
    laminar_database* database = nullptr;
    laminar_connection* connection = nullptr;
    laminar_result* result = nullptr;
    laminar_batch* batch = nullptr;
    REQUIRE(Text(laminar_open(&options, &database)) == "ok");
    REQUIRE(Text(laminar_connect(database, &connection)) == "ok");
    laminar_close(database);  // the connection keeps it
    REQUIRE(Text(laminar_execute(connection, "SELECT 1 + 1 AS two, 'x' AS t", &result)) == "ok");
    laminar_connection_free(connection);  // the result keeps it
    CHECK(laminar_result_column_count(result) == 2);
    CHECK(std::string(laminar_result_column_name(result, 0)) == "two");
    CHECK(std::string(laminar_result_column_type(result, 1)) == "VARCHAR");
    CHECK(laminar_result_column_name(result, 2) == nullptr);
    CHECK(laminar_result_is_changelog(result) == 0);
    REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
    REQUIRE(batch != nullptr);
    laminar_batch* end = batch;
    CHECK(Text(laminar_result_next(result, &end)) == "ok");
    CHECK(end == nullptr);
    laminar_result_free(result);  // the batch needs nobody
    CHECK(RowsOf(batch) == "2|x\n");
    laminar_batch_free(batch);
  }
}

TEST_CASE("options of another version of the interface are refused") {
  laminar_database* database = nullptr;
  laminar_options options{};
  CHECK(Code(laminar_open(&options, &database)) == "LDB-R018");
  options.struct_size = sizeof options;
  options.threading = 7;
  CHECK(Code(laminar_open(&options, &database)) == "LDB-R018");
  CHECK(database == nullptr);
  CHECK(Code(laminar_open(nullptr, &database)) == "ok");
  laminar_close(database);
}

TEST_CASE("errors carry code, SQLSTATE, message, hint and place") {
  Program program;
  CHECK(program.Execute("CREATE TABLE trades (price DOUBLE)") == "CREATE TABLE trades");
  laminar_result* result = nullptr;
  laminar_error* error = laminar_execute(program.connection, "SELECT\n  prize FROM trades", &result);
  REQUIRE(error != nullptr);
  CHECK(result == nullptr);
  CHECK(std::string(laminar_error_code(error)) == "LDB-A002");
  CHECK(std::string(laminar_error_sqlstate(error)) == "42703");
  CHECK(std::string(laminar_error_message(error)).find("prize") != std::string::npos);
  CHECK(std::string(laminar_error_hint(error)).find("price") != std::string::npos);
  CHECK(laminar_error_line(error) == 2);
  CHECK(laminar_error_column(error) == 3);
  laminar_error_free(error);
  CHECK(program.Execute("SELECT count(*) FROM trades") == "0\n");
}

TEST_CASE("an error in a script has its place in the script") {
  Program program;
  laminar_error* error = laminar_execute_script(
      program.connection, "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1);\n\nSELECT 1;  SELECT b\nFROM t");
  REQUIRE(error != nullptr);
  CHECK(std::string(laminar_error_code(error)) == "LDB-A002");
  CHECK(laminar_error_line(error) == 3);
  CHECK(laminar_error_column(error) == 19);
  laminar_error_free(error);
  CHECK(program.Execute("SELECT a FROM t") == "1\n");  // what stood before it is done
  CHECK(Text(laminar_execute_script(program.connection, "INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)")) == "ok");
  CHECK(program.Execute("SELECT a FROM t ORDER BY a") == "1\n2\n3\n");
}

TEST_CASE("NULL handles are answered, never followed") {
  Program program;
  laminar_database* no_database = nullptr;
  laminar_connection* connection = nullptr;
  laminar_result* result = nullptr;
  laminar_batch* batch = nullptr;
  laminar_appender* appender = nullptr;
  laminar_subscription* subscription = nullptr;
  laminar_progress* progress = nullptr;
  ArrowSchema schema{};
  ArrowArray array{};
  ArrowArrayStream stream{};
  const std::string bad = "LDB-R018";
  CHECK(Code(laminar_open(nullptr, nullptr)) == bad);
  CHECK(Code(laminar_connect(no_database, &connection)) == bad);
  CHECK(Code(laminar_connect(program.database, nullptr)) == bad);
  CHECK(Code(laminar_execute(nullptr, "SELECT 1", &result)) == bad);
  CHECK(Code(laminar_execute(program.connection, nullptr, &result)) == bad);
  CHECK(Code(laminar_execute_script(nullptr, "")) == bad);
  CHECK(Code(laminar_run_until_idle(nullptr, 0, nullptr)) == bad);
  CHECK(Code(laminar_result_next(nullptr, &batch)) == bad);
  CHECK(Code(laminar_result_poll(nullptr, &batch, nullptr)) == bad);
  CHECK(Code(laminar_result_stream(nullptr, &stream)) == bad);
  CHECK(Code(laminar_result_schema(nullptr, &schema)) == bad);
  CHECK(Code(laminar_batch_export(nullptr, &array, nullptr)) == bad);
  CHECK(Code(laminar_push_arrow(program.database, "t", nullptr, nullptr, nullptr)) == bad);
  CHECK(Code(laminar_push_arrow(program.database, "t", &schema, &array, nullptr)) == bad);  // released
  CHECK(Code(laminar_push_watermark(nullptr, "t", 0)) == bad);
  CHECK(Code(laminar_end_source(program.database, nullptr)) == bad);
  CHECK(Code(laminar_appender_open(nullptr, "t", &appender)) == bad);
  CHECK(Code(laminar_append_int64(nullptr, 1)) == bad);
  CHECK(Code(laminar_append_double(nullptr, 1)) == bad);
  CHECK(Code(laminar_append_text(nullptr, "", 0)) == bad);
  CHECK(Code(laminar_append_timestamp_micros(nullptr, 1)) == bad);
  CHECK(Code(laminar_append_null(nullptr)) == bad);
  CHECK(Code(laminar_end_row(nullptr)) == bad);
  CHECK(Code(laminar_appender_flush(nullptr)) == bad);
  CHECK(Code(laminar_subscribe(program.database, "t", nullptr, nullptr, &subscription)) == bad);
  CHECK(Code(laminar_progress_get(nullptr, &progress)) == bad);
  CHECK(laminar_batch_rows(nullptr) == 0);
  CHECK(laminar_batch_is_null(nullptr, 0, 0) == 1);
  CHECK(laminar_batch_text(nullptr, 0, 0, nullptr) == nullptr);
  CHECK(laminar_result_has_rows(nullptr) == 0);
  CHECK(std::string(laminar_error_text(nullptr)) == "ok");
  CHECK(laminar_progress_source(nullptr, 0) == nullptr);
  laminar_interrupt(nullptr);
  laminar_error_free(nullptr);
  laminar_result_free(nullptr);
  laminar_batch_free(nullptr);
  laminar_appender_free(nullptr);
  laminar_subscription_free(nullptr);
  laminar_progress_free(nullptr);
  laminar_connection_free(nullptr);
  laminar_close(nullptr);
}

TEST_CASE("values are had as text, integer and number; outside the rows there is null") {
  Program program;
  laminar_result* result = nullptr;
  REQUIRE(
      Text(laminar_execute(
          program.connection,
          "SELECT 42, -1.5::DOUBLE, 12.34::DECIMAL(10,2), 'a rather long text, longer than twelve', NULL::BIGINT, true,"
          " TIMESTAMP '2026-03-02 09:30:00', DATE '1970-01-03', 1e300::DOUBLE",
          &result)) == "ok");
  laminar_batch* b = nullptr;
  REQUIRE(Text(laminar_result_next(result, &b)) == "ok");
  CHECK(laminar_batch_int64(b, 0, 0) == 42);
  CHECK(laminar_batch_double(b, 0, 0) == 42.0);
  CHECK(laminar_batch_double(b, 0, 1) == -1.5);
  CHECK(laminar_batch_int64(b, 0, 1) == -1);
  CHECK(laminar_batch_double(b, 0, 2) == doctest::Approx(12.34));
  CHECK(laminar_batch_int64(b, 0, 2) == 12);
  size_t length = 0;
  const char* first = laminar_batch_text(b, 0, 3, &length);
  CHECK(std::string(first) == "a rather long text, longer than twelve");
  CHECK(length == 38);
  CHECK(laminar_batch_int64(b, 0, 3) == 0);
  CHECK(std::isnan(laminar_batch_double(b, 0, 3)));
  CHECK(laminar_batch_is_null(b, 0, 4) == 1);
  CHECK(laminar_batch_is_null(b, 0, 0) == 0);
  CHECK(laminar_batch_text(b, 0, 4, &length) == nullptr);
  CHECK(laminar_batch_int64(b, 0, 5) == 1);
  CHECK(std::string(laminar_batch_text(b, 0, 5, nullptr)) == "true");
  CHECK(laminar_batch_int64(b, 0, 6) == 1772443800000000);
  CHECK(laminar_batch_int64(b, 0, 7) == 2);
  CHECK(laminar_batch_int64(b, 0, 8) == std::numeric_limits<int64_t>::max());
  CHECK(laminar_batch_is_null(b, 1, 0) == 1);
  CHECK(laminar_batch_is_null(b, 0, 99) == 1);
  CHECK(laminar_batch_int64(b, 1, 0) == 0);
  CHECK(std::string(first) == "a rather long text, longer than twelve");  // as long as the batch
  laminar_batch_free(b);
  laminar_result_free(result);
}

TEST_CASE("a statement without rows says so") {
  Program program;
  laminar_result* result = nullptr;
  REQUIRE(Text(laminar_execute(program.connection, "CREATE TABLE t (a BIGINT)", &result)) == "ok");
  CHECK(laminar_result_has_rows(result) == 0);
  CHECK(std::string(laminar_result_message(result)) == "CREATE TABLE t");
  CHECK(laminar_result_notice(result, 0) == nullptr);
  laminar_batch* batch = nullptr;
  CHECK(Code(laminar_result_next(result, &batch)) == "LDB-R016");
  laminar_result_free(result);
}

TEST_CASE("behind its last row a result says what could not be read") {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("laminar-notice-test-" + std::to_string(getpid()) + ".csv");
  std::ofstream(path) << "a,b\n1,2\nx,3\n";
  Program program;
  laminar_result* result = nullptr;
  const std::string source =
      "CREATE SOURCE s (a BIGINT, b BIGINT) WITH (connector = 'file', path = '" + path.string() + "')";
  REQUIRE(Text(laminar_execute(program.connection, source.c_str(), nullptr)) == "ok");
  REQUIRE(Text(laminar_execute(program.connection, "SELECT a FROM s", &result)) == "ok");
  CHECK(laminar_result_notice(result, 0) == nullptr);
  laminar_batch* batch = nullptr;
  REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
  REQUIRE(batch != nullptr);
  CHECK(laminar_batch_rows(batch) == 1);
  laminar_batch_free(batch);
  for (int i = 0; i < 2; ++i) {  // once, however often the end is asked for
    REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
    CHECK(batch == nullptr);
  }
  const char* notice = laminar_result_notice(result, 0);
  REQUIRE(notice != nullptr);
  CHECK_MESSAGE(std::string(notice).find("could not be read") != std::string::npos, notice);
  CHECK(laminar_result_notice(result, 1) == nullptr);
  laminar_result_free(result);
  std::filesystem::remove(path);
}

TEST_CASE("a result of many batches comes whole, and a changelog has weights") {
  Program program;
  laminar_result* result = nullptr;
  REQUIRE(Text(laminar_execute(program.connection, "SELECT * FROM generate_series(1, 5000)", &result)) == "ok");
  int64_t sum = 0;
  uint32_t batches = 0;
  while (true) {
    laminar_batch* batch = nullptr;
    REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
    if (batch == nullptr) break;
    ++batches;
    CHECK(laminar_batch_rows(batch) <= 1024);
    for (uint32_t row = 0; row < laminar_batch_rows(batch); ++row) sum += laminar_batch_int64(batch, row, 0);
    laminar_batch_free(batch);
  }
  CHECK(sum == 5000 * 5001 / 2);
  CHECK(batches >= 5);
  laminar_result_free(result);

  program.Execute("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)");
  program.Execute("CREATE MATERIALIZED VIEW s AS SELECT sum(v) AS total FROM t");
  program.Execute("INSERT INTO t VALUES (1, 5)");
  REQUIRE(Text(laminar_execute(program.connection, "SUBSCRIBE TO s", &result)) == "ok");
  CHECK(laminar_result_is_changelog(result) == 1);
  program.Execute("INSERT INTO t VALUES (1, 6)");
  std::string seen;
  int has_ended = 1;
  for (int i = 0; i < 10; ++i) {
    laminar_batch* batch = nullptr;
    REQUIRE(Text(laminar_result_poll(result, &batch, &has_ended)) == "ok");
    if (batch == nullptr) break;
    seen += RowsOf(batch);
    laminar_batch_free(batch);
  }
  CHECK(has_ended == 0);
  CHECK(seen.find("-1 5\n") != std::string::npos);
  CHECK(seen.find("+1 6\n") != std::string::npos);
  laminar_result_free(result);
}

TEST_CASE("progress names sources and views") {
  Program program;
  program.Execute(kTrades);
  program.Execute("CREATE MATERIALIZED VIEW v AS SELECT sym, count(*) AS c FROM trades GROUP BY sym");
  program.Execute("INSERT INTO trades VALUES ('A', 1.0, 1, TIMESTAMP '2026-01-01 00:00:00')");
  laminar_progress* progress = nullptr;
  REQUIRE(Text(laminar_progress_get(program.database, &progress)) == "ok");
  const laminar_source_progress* source = laminar_progress_source(progress, 0);
  REQUIRE(source != nullptr);
  CHECK(std::string(source->name) == "trades");
  CHECK(source->rows == 1);
  CHECK(source->has_ended == 0);
  CHECK(laminar_progress_source(progress, 1) == nullptr);
  const laminar_view_progress* view = laminar_progress_view(progress, 0);
  REQUIRE(view != nullptr);
  CHECK(std::string(view->name) == "v");
  CHECK(std::string(view->state) == "RUNNING");
  CHECK(view->rows_stored == 1);
  laminar_progress_free(progress);
}

TEST_CASE("an inline database reads its sources when asked") {
  Program program;
  program.Execute("CREATE SOURCE s WITH (connector = 'generator', kind = 'trades', rows = '3000')");
  CHECK(program.Execute("CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM s") == "CREATE MATERIALIZED VIEW v");
  int did_something = 0;
  CHECK(Text(laminar_run_until_idle(program.database, 1, &did_something)) == "ok");
  CHECK(did_something == 1);
  CHECK(program.Execute("SELECT n < 3000 FROM v") == "true\n");
  CHECK(Text(laminar_run_until_idle(program.database, 0, &did_something)) == "ok");
  CHECK(program.Execute("SELECT n FROM v") == "3000\n");
  CHECK(Text(laminar_run_until_idle(program.database, 0, &did_something)) == "ok");
  CHECK(did_something == 0);
}

TEST_CASE("what one connection sets for the whole database stays when another one sets something else") {
  Program program;
  laminar_connection* other = nullptr;
  REQUIRE(Text(laminar_connect(program.database, &other)) == "ok");
  CHECK(program.Execute("SET batch_rows = 10") == "SET batch_rows");
  CHECK(program.Execute("SET timezone = 'Europe/Paris'", other) == "SET timezone");
  program.Execute("CREATE SOURCE s WITH (connector = 'generator', kind = 'trades', rows = '3000')");
  program.Execute("CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM s");
  CHECK(Text(laminar_run_until_idle(program.database, 1, nullptr)) == "ok");
  CHECK(program.Execute("SELECT n FROM v") == "10\n");
  CHECK(program.Execute("RESET ALL", other) == "RESET ALL");  // all are meant
  CHECK(Text(laminar_run_until_idle(program.database, 1, nullptr)) == "ok");
  CHECK(program.Execute("SELECT n FROM v") == "1034\n");
  laminar_connection_free(other);
}

}  // namespace
