#include "engine/settings.h"

#include <doctest/doctest.h>

#include "engine/core.h"
#include "engine/testing.h"

namespace laminar::engine {
namespace {

TEST_CASE("RESET goes back to what the database was opened with") {
  for (const char* reset : {"RESET ALL", "RESET worker_cores"}) {
    DatabaseOptions options;
    options.is_inline = true;
    options.worker_cores = 3;
    auto database = Database::Open(std::move(options));
    REQUIRE(database.has_value());
    Connection connection(**database);
    auto run = [&](std::string_view sql) {
      auto outcome = connection.Execute(sql);
      if (!outcome) return outcome.error().ToString();
      return outcome->cursor != nullptr ? testing::TestDatabase::Rows(*outcome->cursor) : outcome->message;
    };
    CHECK(run("SHOW worker_cores") == "3\n");
    CHECK(run("SET worker_cores = 2") == "SET worker_cores");
    CHECK(run("SET batch_rows = 7") == "SET batch_rows");
    CHECK(run("SHOW worker_cores") == "2\n");
    CHECK(run(reset).starts_with("RESET"));
    CHECK(run("SHOW worker_cores") == "3\n");
    CHECK(run("SHOW batch_rows") == (std::string_view(reset) == "RESET ALL" ? "1024\n" : "7\n"));
    // And it is what new views are made with.
    REQUIRE(run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
    REQUIRE(run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM s GROUP BY k").starts_with("CREATE"));
    Core::Lock lock((*database)->core());
    CHECK((*database)->core().FindView("v")->pipeline->sections().size() == 1);
  }
}

TEST_CASE("a setting that does not fit is refused and changes nothing") {
  Settings settings;
  CHECK(settings.Set("log_queue_bytes", "1 MiB").ok());
  CHECK(settings.log_queue_bytes == 1 << 20);
  CHECK(settings.Set("log_queue_bytes", "4095").code() == ErrorCode::kBadOption);
  CHECK(settings.Set("worker_cores", "65").code() == ErrorCode::kBadOption);
  CHECK(settings.Set("rt_priority", "99").ok());
  CHECK(settings.Set("rt_priority", "100").code() == ErrorCode::kBadOption);
  CHECK(settings.Set("rt_priority", "-1").code() == ErrorCode::kBadOption);
  CHECK(settings.Set("no_such", "1").code() == ErrorCode::kBadOption);
  CHECK(settings.Reset("no_such").code() == ErrorCode::kBadOption);
  CHECK(settings.log_queue_bytes == 1 << 20);
  CHECK(settings.Reset("log_queue_bytes").ok());
  CHECK(settings.log_queue_bytes == SettingValues().log_queue_bytes);
}

}  // namespace
TEST_CASE("limits of memory that one connection sets stay when another sets the others") {
  DatabaseOptions options;
  options.is_inline = true;
  options.state_memory_bytes = 123 << 20;
  const auto database = *Database::Open(std::move(options));
  Connection a(*database);
  Connection b(*database);
  const auto limit = [&] {
    auto rows = b.Execute("SELECT value FROM laminar_metrics WHERE name = 'laminar_state_memory_limit_bytes'");
    REQUIRE(rows.has_value());
    return testing::TestDatabase::Rows(*rows->cursor);
  };
  CHECK(limit() == "128974848.0\n");
  REQUIRE(a.Execute("SET state_memory_bytes = '64 MiB'").has_value());
  CHECK(limit() == "67108864.0\n");
  REQUIRE(b.Execute("SET spill_directory = '/tmp'").has_value());
  REQUIRE(b.Execute("SET spill_limit_bytes = '1 GiB'").has_value());
  CHECK(limit() == "67108864.0\n");
  REQUIRE(b.Execute("RESET state_memory_bytes").has_value());
  CHECK(limit() == "128974848.0\n");
}

}  // namespace laminar::engine
