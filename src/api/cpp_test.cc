// The C++ layer over the C interface, as a program sees it: only the public header.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "laminar/laminar.hpp"

namespace {

TEST_CASE("C++: rows in a loop, from several batches") {
  laminar::Database database(laminar::Threading::kInline);
  laminar::Connection connection = database.connect();
  int64_t sum = 0;
  for (const laminar::Row row : connection.execute("SELECT * FROM generate_series(1, 3000)").rows())
    sum += row.int64(0);
  CHECK(sum == 3000 * 3001 / 2);
  for (const laminar::Row row : connection.execute("SELECT 1 AS a WHERE false").rows()) {
    (void)row;
    FAIL("there is no row");
  }
}

TEST_CASE("C++: errors are exceptions with everything in them") {
  laminar::Database database;
  laminar::Connection connection = database.connect();
  try {
    connection.execute("SELECT x FROM nowhere");
    FAIL("no exception");
  } catch (const laminar::Error& error) {
    CHECK(error.code() == "LDB-A001");
    CHECK(error.sqlstate() == "42P01");
    CHECK(error.line() == 1);
    CHECK(error.column() == 15);
    CHECK(std::string(error.what()).find("LDB-A001") != std::string::npos);
  }
}

TEST_CASE("C++: an appender takes whole rows, a subscriber sees them, what it throws is kept") {
  laminar::Database database(laminar::Threading::kInline);
  laminar::Connection connection = database.connect();
  connection.execute("CREATE TABLE t (a BIGINT, b VARCHAR, c DOUBLE, d BOOLEAN, e TIMESTAMP)");
  std::string seen;
  laminar::Subscription subscription = database.subscribe("t", [&](laminar::BatchView changes) {
    for (const laminar::Row row : changes) {
      seen += std::to_string(row.int64(0)) + std::string(row.text(1)) + (row.optional_text(2) ? "!" : "-") +
              std::to_string(row.weight());
    }
    if (changes.size() == 1) throw std::runtime_error("enough");
  });
  laminar::Appender rows = database.appender("t");
  rows.row(1, "one", 1.5, true, "2026-03-02 09:30:00");
  rows.row(2, std::string("two"), nullptr, false, nullptr);
  rows.flush();
  CHECK(seen == "1one!12two-1");
  CHECK_NOTHROW(subscription.rethrow());
  rows.append(3).append("three").append(0.5).append(nullptr).append_timestamp(0).end_row();
  rows.flush();
  CHECK_THROWS_AS(subscription.rethrow(), std::runtime_error);
  rows.row(4, "four", 1.0, true, nullptr);
  rows.flush();  // not shown any more
  CHECK(seen == "1one!12two-13three!1");
  laminar::Result result = connection.execute("SELECT * FROM t");
  CHECK(result.has_rows());
  CHECK(result.column_name(1) == "b");
  CHECK(result.column_type(4) == "TIMESTAMP");
  laminar::Batch batch = result.next();
  REQUIRE(batch);
  CHECK(batch.size() == 4);
  CHECK(batch[1].is_null(2));
  CHECK_FALSE(result.next());
}

}  // namespace
