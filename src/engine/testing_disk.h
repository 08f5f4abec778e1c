// For tests: an inline database in a folder of a simulated disk, which can be closed, crashed and opened again.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "engine/testing.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::engine::testing {

struct DiskDatabase {
  sim::SimClock clock{0};
  sim::SimFileSystem files{clock};
  uint64_t log_segment_bytes = 64 << 10;
  uint64_t worker_cores = 1;
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;

  Status TryOpen() {
    DatabaseOptions options;
    options.is_inline = true;
    options.clock = &clock;
    options.path = "/db";
    options.files = &files;
    options.log_segment_bytes = log_segment_bytes;
    options.worker_cores = worker_cores;
    database = TRY(Database::Open(std::move(options)));
    connection = std::make_unique<Connection>(*database);
    return {};
  }
  void Open() {
    const Status opened = TryOpen();
    REQUIRE_MESSAGE(opened.ok(), opened.ToString());
  }
  // "ok", the message of a statement, or the error's text.
  std::string Run(std::string_view sql) {
    auto outcome = connection->Execute(sql);
    if (!outcome) return outcome.error().ToString();
    return outcome->cursor != nullptr ? TestDatabase::Rows(*outcome->cursor) : outcome->message;
  }
  double Metric(const std::string& name) {
    const std::string text = Run("SELECT value FROM laminar_metrics WHERE name = '" + name + "'");
    return text.empty() ? -1 : std::stod(text);
  }
  void Close() {
    connection.reset();
    database.reset();
  }
  void Crash(Random& random) {
    files.Plan({.kind = sim::FileFault::Kind::kPowerCut});
    Close();
    files.CrashTorn(random);
  }
};

}  // namespace laminar::engine::testing
