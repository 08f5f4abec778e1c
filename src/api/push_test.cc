// The C interface: rows in by appender and by Arrow, changes out, threads.
#include <atomic>
#include <cstdint>
#include <limits>
#include <set>
#include <thread>

#include "api/testing.h"

using namespace laminar::api::testing;  // NOLINT: a test

namespace {

// --- appender -------------------------------------------------------------------------------------------------------

TEST_CASE("an appender puts every kind of value, and conversions are checked") {
  Program program;
  program.Execute(
      "CREATE TABLE t (a TINYINT, b BIGINT, c REAL, d DOUBLE, e DECIMAL(5,2), f VARCHAR, g BOOLEAN, h DATE, i "
      "TIMESTAMP, j TIMESTAMP(9), k BINARY)");
  laminar_appender* to = nullptr;
  REQUIRE(Text(laminar_appender_open(program.database, "t", &to)) == "ok");
  CHECK(Code(laminar_append_int64(to, 128)) == "LDB-R005");  // and the row is as before
  CHECK(Code(laminar_append_timestamp_micros(to, 1)) == "LDB-A032");
  CHECK(Text(laminar_append_int64(to, -128)) == "ok");
  CHECK(Text(laminar_append_text(to, "77", 2)) == "ok");
  CHECK(Code(laminar_append_double(to, 1e300)) == "LDB-R005");
  CHECK(Text(laminar_append_double(to, 0.5)) == "ok");
  CHECK(Text(laminar_append_int64(to, 3)) == "ok");
  CHECK(Code(laminar_append_int64(to, 1000)) == "LDB-R005");
  CHECK(Text(laminar_append_double(to, 12.345)) == "ok");
  CHECK(Code(laminar_append_int64(to, 1)) == "LDB-A032");
  CHECK(Code(laminar_append_text(to, "\xff", 1)) == "LDB-R012");
  const std::string text = "a text that is longer than twelve bytes";
  CHECK(Text(laminar_append_text(to, text.data(), text.size())) == "ok");
  CHECK(Code(laminar_append_int64(to, 2)) == "LDB-R005");
  CHECK(Text(laminar_append_int64(to, 1)) == "ok");
  CHECK(Code(laminar_append_text(to, "no day", 6)) == "LDB-R012");
  CHECK(Text(laminar_append_text(to, "2026-03-02", 10)) == "ok");
  CHECK(Text(laminar_append_timestamp_micros(to, 1000001)) == "ok");
  CHECK(Code(laminar_append_timestamp_micros(to, std::numeric_limits<int64_t>::max())) == "LDB-R005");
  CHECK(Text(laminar_append_timestamp_micros(to, 1000001)) == "ok");
  CHECK(Text(laminar_append_text(to, "\xff\x01", 2)) == "ok");
  CHECK(Code(laminar_append_null(to)) == "LDB-R001");  // the row is full
  CHECK(Text(laminar_end_row(to)) == "ok");
  for (int column = 0; column < 11; ++column) CHECK(Text(laminar_append_null(to)) == "ok");
  CHECK(Text(laminar_end_row(to)) == "ok");
  CHECK(Text(laminar_append_int64(to, 1)) == "ok");
  CHECK(Code(laminar_end_row(to)) == "LDB-R001");  // too short: dropped
  CHECK(program.Execute("SELECT count(*) FROM t") == "0\n");
  CHECK(Text(laminar_appender_flush(to)) == "ok");
  CHECK(program.Execute("SELECT a, b, c, d, e, f, g, h, i, j FROM t WHERE a IS NOT NULL") ==
        "-128|77|0.5|3.0|12.35|" + text + "|true|2026-03-02|1970-01-01 00:00:01.000001|1970-01-01 00:00:01.000001\n");
  CHECK(program.Execute("SELECT count(*), count(a), count(f), count(j), count(k) FROM t") == "2|1|1|1|1\n");
  CHECK(Text(laminar_appender_flush(to)) == "ok");
  laminar_appender_free(to);
}

TEST_CASE("a NULL of a row that was dropped does not stick to the next row") {
  Program program;
  program.Execute("CREATE TABLE t (a BIGINT, b VARCHAR)");
  laminar_appender* to = nullptr;
  REQUIRE(Text(laminar_appender_open(program.database, "t", &to)) == "ok");
  CHECK(Text(laminar_append_null(to)) == "ok");
  CHECK(Code(laminar_end_row(to)) == "LDB-R001");
  CHECK(Text(laminar_append_int64(to, 7)) == "ok");
  CHECK(Text(laminar_append_text(to, "x", 1)) == "ok");
  CHECK(Text(laminar_end_row(to)) == "ok");
  CHECK(Text(laminar_appender_flush(to)) == "ok");
  CHECK(program.Execute("SELECT * FROM t") == "7|x\n");
  laminar_appender_free(to);
}

TEST_CASE("an appender flushes by itself when it holds 1024 rows, and drops what was not flushed") {
  Program program;
  program.Execute("CREATE TABLE t (a BIGINT NOT NULL)");
  laminar_appender* to = nullptr;
  REQUIRE(Text(laminar_appender_open(program.database, "t", &to)) == "ok");
  CHECK(Code(laminar_append_null(to)) == "LDB-R019");
  for (int64_t i = 0; i < 2500; ++i) {
    REQUIRE(laminar_append_int64(to, i) == nullptr);
    REQUIRE(laminar_end_row(to) == nullptr);
  }
  CHECK(program.Execute("SELECT count(*) FROM t") == "2048\n");
  laminar_appender_free(to);
  CHECK(program.Execute("SELECT count(*), max(a) FROM t") == "2048|2047\n");
}

TEST_CASE("an appender notices that its table was dropped, also when another one took the name") {
  Program program;
  program.Execute("CREATE TABLE t (a BIGINT)");
  program.Execute("CREATE TABLE other (a BIGINT)");
  laminar_appender* to = nullptr;
  laminar_appender* stays = nullptr;
  REQUIRE(Text(laminar_appender_open(program.database, "t", &to)) == "ok");
  REQUIRE(Text(laminar_appender_open(program.database, "other", &stays)) == "ok");
  program.Execute("DROP TABLE t");
  program.Execute("CREATE TABLE t (a VARCHAR)");
  for (laminar_appender* each : {to, stays}) {
    CHECK(Text(laminar_append_int64(each, 1)) == "ok");
    CHECK(Text(laminar_end_row(each)) == "ok");
  }
  CHECK(Code(laminar_appender_flush(to)) == "LDB-R016");
  CHECK(Text(laminar_appender_flush(stays)) == "ok");
  CHECK(program.Execute("SELECT count(*) FROM t") == "0\n");
  CHECK(program.Execute("SELECT count(*) FROM other") == "1\n");
  laminar_appender_free(to);
  laminar_appender_free(stays);
}

TEST_CASE("rows cannot be pushed where a connector or nobody takes them") {
  Program program;
  program.Execute("CREATE MATERIALIZED VIEW v AS SELECT 1 AS one");
  laminar_appender* to = nullptr;
  CHECK(Code(laminar_appender_open(program.database, "v", &to)) == "LDB-C009");
  CHECK(Code(laminar_appender_open(program.database, "nothing", &to)) == "LDB-A001");
  CHECK(to == nullptr);
  CHECK(Code(laminar_push_watermark(program.database, "nothing", 5)) == "LDB-A001");
  CHECK(Code(laminar_end_source(program.database, "v")) == "LDB-C009");
}

TEST_CASE("a pushed watermark closes windows, and after the end nothing more is taken") {
  Program program;
  program.Execute(kTrades);
  program.Execute(
      "CREATE MATERIALIZED VIEW bars AS SELECT sym, count(*) AS c FROM trades GROUP BY sym, TUMBLE(ts, INTERVAL '1' "
      "SECOND)");
  laminar_appender* to = nullptr;
  REQUIRE(Text(laminar_appender_open(program.database, "trades", &to)) == "ok");
  for (const int64_t ts : {int64_t{0}, int64_t{1500000}}) {
    CHECK(Text(laminar_append_text(to, "A", 1)) == "ok");
    CHECK(Text(laminar_append_double(to, 1.5)) == "ok");
    CHECK(Text(laminar_append_int64(to, 1)) == "ok");
    CHECK(Text(laminar_append_timestamp_micros(to, ts)) == "ok");
    CHECK(Text(laminar_end_row(to)) == "ok");
  }
  CHECK(Text(laminar_appender_flush(to)) == "ok");
  CHECK(program.Execute("SELECT count(*) FROM bars") == "0\n");
  CHECK(Text(laminar_push_watermark(program.database, "trades", 1000000)) == "ok");
  CHECK(program.Execute("SELECT count(*) FROM bars") == "1\n");
  CHECK(Text(laminar_end_source(program.database, "trades")) == "ok");
  CHECK(program.Execute("SELECT count(*) FROM bars") == "2\n");
  CHECK(Text(laminar_append_text(to, "A", 1)) == "ok");
  CHECK(Text(laminar_append_null(to)) == "ok");
  CHECK(Text(laminar_append_null(to)) == "ok");
  CHECK(Text(laminar_append_null(to)) == "ok");
  CHECK(Text(laminar_end_row(to)) == "ok");
  CHECK(Code(laminar_appender_flush(to)) == "LDB-R016");
  laminar_appender_free(to);
}

// --- Arrow ----------------------------------------------------------------------------------------------------------

struct Addresses {
  std::set<const void*> values;
  int64_t rows = 0;
};

TEST_CASE("Arrow rows come in by name, in any order, whole, and are released once") {
  Program program;
  program.Execute("CREATE TABLE t (a BIGINT, b BIGINT)");
  std::vector<int64_t> a(5000);
  std::vector<int64_t> b(5000);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<int64_t>(i);
    b[i] = -2 * a[i];
  }
  Int64Array array({"b", "a"}, {b, a});
  uint64_t rows = 0;
  CHECK(Text(laminar_push_arrow(program.database, "t", &array.schema, &array.array, &rows)) == "ok");
  CHECK(rows == 5000);
  CHECK(array.releases == 2);
  CHECK(program.Execute("SELECT count(*), sum(a), sum(b), max(a + b) FROM t") == "5000|12497500|-24995000|0\n");
  Int64Array by_position({"", ""}, {{1}, {2}});
  CHECK(Text(laminar_push_arrow(program.database, "t", &by_position.schema, &by_position.array, nullptr)) == "ok");
  CHECK(program.Execute("SELECT * FROM t WHERE b = 2") == "1|2\n");
}

TEST_CASE("Arrow rows that do not fit are refused, and released all the same") {
  Program program;
  program.Execute("CREATE TABLE t (a BIGINT, b DOUBLE)");
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{"a"}, "t"}, {{"a", "c"}, "t"}, {{"a", "b"}, "t"}, {{"a", "b"}, "nothing"}};
  for (const auto& [names, relation] : cases) {
    Int64Array array(names, std::vector<std::vector<int64_t>>(names.size(), {1, 2}));
    laminar_error* error = laminar_push_arrow(program.database, relation, &array.schema, &array.array, nullptr);
    INFO(laminar_error_text(error));
    CHECK(error != nullptr);
    CHECK(std::string(laminar_error_code(error)) == (std::string(relation) == "t" ? "LDB-R001" : "LDB-A001"));
    laminar_error_free(error);
    CHECK(array.releases == 2);
  }
  Int64Array array({"a"}, {{1}});
  CHECK(Code(laminar_push_arrow(nullptr, "t", &array.schema, &array.array, nullptr)) == "LDB-R018");
  CHECK(array.releases == 2);
  CHECK(program.Execute("SELECT count(*) FROM t") == "0\n");
}

// Rows a subscriber is shown by a source are the very memory of the pushed array; see the batch's address through Arrow
// is not possible (a subscriber's rows are copied on export), so the values are looked at while they are changed under
// the reader.
TEST_CASE("fixed-width values of an Arrow array are pushed without a copy") {
  Program program;
  program.Execute("CREATE SOURCE s (a BIGINT)");
  Int64Array array({"a"}, {std::vector<int64_t>(4096, 1)});
  struct Seen {
    int64_t* memory;
    int shown = 0;
    int same = 0;
  } seen{array.values[0].data()};
  laminar_subscription* subscription = nullptr;
  REQUIRE(Text(laminar_subscribe(
              program.database, "s",
              [](void* user, laminar_batch* changes) {
                auto& s = *static_cast<Seen*>(user);
                int64_t& first = s.memory[s.shown * 1024];
                first = 1000 + s.shown;
                s.same += laminar_batch_int64(changes, 0, 0) == first ? 1 : 0;
                ++s.shown;
              },
              &seen, &subscription)) == "ok");
  CHECK(Text(laminar_push_arrow(program.database, "s", &array.schema, &array.array, nullptr)) == "ok");
  CHECK(seen.shown == 4);
  CHECK(seen.same == 4);
  laminar_subscription_free(subscription);
}

TEST_CASE("rows leave as Arrow without a copy: the array points to the memory the row helpers read") {
  Program program;
  laminar_result* result = nullptr;
  REQUIRE(Text(laminar_execute(program.connection,
                               "SELECT generate_series AS a, 2 * generate_series AS b FROM generate_series(1, 100)",
                               &result)) == "ok");
  ArrowSchema declared{};
  REQUIRE(Text(laminar_result_schema(result, &declared)) == "ok");
  CHECK(std::string(declared.format) == "+s");
  REQUIRE(declared.n_children == 2);
  CHECK(std::string(declared.children[1]->name) == "b");
  declared.release(&declared);
  laminar_batch* batch = nullptr;
  REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
  CHECK(laminar_batch_int64(batch, 99, 1) == 200);
  ArrowArray array{};
  ArrowSchema schema{};
  REQUIRE(Text(laminar_batch_export(batch, &array, &schema)) == "ok");
  CHECK(array.length == 100);
  CHECK(static_cast<const int64_t*>(array.children[1]->buffers[1])[99] == 200);
  CHECK(laminar_batch_rows(batch) == 0);
  ArrowArray again{};
  CHECK(Code(laminar_batch_export(batch, &again, nullptr)) == "LDB-R016");
  laminar_batch_free(batch);
  laminar_result_free(result);
  CHECK(static_cast<const int64_t*>(array.children[0]->buffers[1])[99] == 100);  // lives until it is released
  // And it can be pushed again as it is.
  program.Execute("CREATE TABLE t (a BIGINT, b BIGINT)");
  CHECK(Text(laminar_push_arrow(program.database, "t", &schema, &array, nullptr)) == "ok");
  CHECK((schema.release == nullptr));
  CHECK((array.release == nullptr));
  CHECK(program.Execute("SELECT sum(a), sum(b) FROM t") == "5050|10100\n");
}

TEST_CASE("a whole result is an Arrow stream; of a changelog it has the weights") {
  Program program;
  program.Execute("CREATE TABLE t (a BIGINT)");
  program.Execute("INSERT INTO t VALUES (1), (2), (3)");
  laminar_result* result = nullptr;
  REQUIRE(Text(laminar_execute(program.connection, "SELECT a FROM t", &result)) == "ok");
  ArrowArrayStream stream{};
  REQUIRE(Text(laminar_result_stream(result, &stream)) == "ok");
  ArrowArrayStream again{};
  CHECK(Code(laminar_result_stream(result, &again)) == "LDB-R016");
  laminar_batch* batch = nullptr;
  CHECK(Code(laminar_result_next(result, &batch)) == "LDB-R016");
  laminar_result_free(result);
  int64_t rows = 0;
  while (true) {
    ArrowArray array{};
    REQUIRE(stream.get_next(&stream, &array) == 0);
    if (array.release == nullptr) break;
    rows += array.length;
    array.release(&array);
  }
  CHECK(rows == 3);
  stream.release(&stream);

  program.Execute("CREATE MATERIALIZED VIEW s AS SELECT sum(a) AS total FROM t");
  REQUIRE(Text(laminar_execute(program.connection, "SUBSCRIBE TO s", &result)) == "ok");
  REQUIRE(Text(laminar_result_stream(result, &stream)) == "ok");
  ArrowSchema schema{};
  REQUIRE(stream.get_schema(&stream, &schema) == 0);
  REQUIRE(schema.n_children == 2);
  CHECK(std::string(schema.children[1]->name) == "laminar_weight");
  schema.release(&schema);
  ArrowArray array{};
  REQUIRE(stream.get_next(&stream, &array) == 0);
  REQUIRE(array.length == 1);
  CHECK(static_cast<const int64_t*>(array.children[1]->buffers[1])[0] == 1);
  array.release(&array);
  laminar_interrupt(program.connection);  // reaches a stream too
  CHECK(stream.get_next(&stream, &array) != 0);
  CHECK(std::string(stream.get_last_error(&stream)).find("LDB-R015") != std::string::npos);
  stream.release(&stream);
  laminar_result_free(result);
}

// --- subscriptions --------------------------------------------------------------------------------------------------

struct Log {
  Program* program = nullptr;
  std::string text;
  std::string refused;
  std::thread::id thread;
  int64_t exported = 0;
  laminar_subscription* ends = nullptr;
};

void Note(void* user, laminar_batch* changes) {
  Log& log = *static_cast<Log*>(user);
  log.thread = std::this_thread::get_id();
  log.text += RowsOf(changes) + ";";
  ArrowArray array{};
  if (Text(laminar_batch_export(changes, &array, nullptr)) == "ok") {
    log.exported += array.length;
    array.release(&array);
  }
  if (log.program != nullptr) log.refused = Code(laminar_execute(log.program->connection, "SELECT 1", nullptr));
  laminar_subscription_free(std::exchange(log.ends, nullptr));
}

TEST_CASE("a subscriber sees each change on the thread that caused it, before the push returns") {
  Program program;
  program.Execute("CREATE TABLE t (id BIGINT PRIMARY KEY, v VARCHAR)");
  program.Execute("CREATE MATERIALIZED VIEW v AS SELECT v, count(*) AS n FROM t GROUP BY v");
  program.Execute("INSERT INTO t VALUES (1, 'old')");
  Log log;
  laminar_subscription* subscription = nullptr;
  CHECK(Code(laminar_subscribe(program.database, "nothing", Note, &log, &subscription)) == "LDB-A001");
  REQUIRE(Text(laminar_subscribe(program.database, "v", Note, &log, &subscription)) == "ok");
  CHECK(log.text.empty());  // from now on
  program.Execute("INSERT INTO t VALUES (2, 'new')");
  CHECK(log.text == "+1 new|1\n;");
  CHECK(log.thread == std::this_thread::get_id());
  CHECK(log.exported == 1);
  log.text.clear();
  program.Execute("INSERT INTO t VALUES (2, 'old')");
  CHECK(log.text.find("-1 new|1\n") != std::string::npos);
  CHECK(log.text.find("-1 old|1\n+1 old|2\n") != std::string::npos);
  laminar_subscription_free(subscription);
  log.text.clear();
  program.Execute("INSERT INTO t VALUES (3, 'later')");
  CHECK(log.text.empty());
}

TEST_CASE("inside a subscriber's call the database answers nothing, and handles may be freed") {
  Program program;
  program.Execute("CREATE TABLE t (a BIGINT)");
  Log log;
  log.program = &program;
  laminar_subscription* subscription = nullptr;
  REQUIRE(Text(laminar_subscribe(program.database, "t", Note, &log, &subscription)) == "ok");
  log.ends = subscription;
  program.Execute("INSERT INTO t VALUES (1)");
  CHECK(log.refused == "LDB-R018");
  program.Execute("INSERT INTO t VALUES (2)");  // the subscription is freed before this
  CHECK(log.text == "1\n;");
}

TEST_CASE("a subscription outlives its view and its database's handle") {
  Log log;
  laminar_subscription* subscription = nullptr;
  {
    Program program;
    program.Execute("CREATE TABLE t (a BIGINT)");
    REQUIRE(Text(laminar_subscribe(program.database, "t", Note, &log, &subscription)) == "ok");
    program.Execute("DROP TABLE t");
    program.Execute("CREATE TABLE t (a BIGINT)");
    program.Execute("INSERT INTO t VALUES (1)");
  }
  CHECK(log.text.empty());
  laminar_subscription_free(subscription);
}

// --- threads --------------------------------------------------------------------------------------------------------

TEST_CASE("many threads push and ask one database at a time; no row is lost, and sums are of one moment") {
  for (const int threading : {LAMINAR_INLINE, LAMINAR_THREADED}) {
    Program program(threading);
    program.Execute("CREATE SOURCE s (k BIGINT, v BIGINT)");
    program.Execute("CREATE MATERIALIZED VIEW total AS SELECT count(*) AS n, sum(v) AS v FROM s");
    program.Execute("CREATE SOURCE g WITH (connector = 'generator', kind = 'sequence', rows = '20000')");
    std::atomic<int64_t> shown{0};
    laminar_subscription* subscription = nullptr;
    REQUIRE(Text(laminar_subscribe(
                program.database, "s",
                [](void* user, laminar_batch* changes) {
                  *static_cast<std::atomic<int64_t>*>(user) += laminar_batch_rows(changes);
                },
                &shown, &subscription)) == "ok");
    constexpr int kPushers = 3;
    constexpr int64_t kRows = 2000;
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int pusher = 0; pusher < kPushers; ++pusher) {
      threads.emplace_back([&, pusher] {
        laminar_appender* to = nullptr;
        if (Text(laminar_appender_open(program.database, "s", &to)) != "ok") ++failures;
        for (int64_t i = 0; i < kRows; ++i) {
          if (Text(laminar_append_int64(to, pusher)) != "ok" || Text(laminar_append_int64(to, 7)) != "ok" ||
              Text(laminar_end_row(to)) != "ok")
            ++failures;
          if (i % 50 == 0 && Text(laminar_appender_flush(to)) != "ok") ++failures;
        }
        if (Text(laminar_appender_flush(to)) != "ok") ++failures;
        laminar_appender_free(to);
      });
    }
    threads.emplace_back([&] {
      laminar_connection* mine = nullptr;
      if (Text(laminar_connect(program.database, &mine)) != "ok") ++failures;
      for (int i = 0; i < 50; ++i) {
        const std::string answer = program.Execute("SELECT n IS NULL OR coalesce(v, 0) = 7 * n FROM total", mine);
        if (answer != "true\n" && !answer.empty()) ++failures;
      }
      laminar_connection_free(mine);
    });
    for (std::thread& thread : threads) thread.join();
    CHECK(failures == 0);
    CHECK(shown == kPushers * kRows);
    CHECK(program.Execute("SELECT * FROM total") == "6000|42000\n");
    laminar_subscription_free(subscription);
  }
}

TEST_CASE("an interrupt from another thread ends what a connection waits for and reads") {
  for (const int threading : {LAMINAR_INLINE, LAMINAR_THREADED}) {
    Program program(threading);
    program.Execute("CREATE SOURCE s (a BIGINT)");
    program.Execute("CREATE MATERIALIZED VIEW v AS SELECT a FROM s");
    laminar_result* result = nullptr;
    REQUIRE(Text(laminar_execute(program.connection, "SUBSCRIBE TO v", &result)) == "ok");
    std::atomic<bool> is_over{false};
    std::thread other([&] {
      while (!is_over) {
        laminar_interrupt(program.connection);
        std::this_thread::yield();
      }
    });
    laminar_batch* batch = nullptr;
    CHECK(Code(laminar_result_next(result, &batch)) == "LDB-R015");
    is_over = true;
    other.join();
    laminar_result_free(result);
    CHECK(program.Execute("SELECT 1") == "1\n");  // the connection goes on
  }
}

}  // namespace
