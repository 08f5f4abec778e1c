// For tests: a database in a folder of a simulated disk, which can be closed, crashed and opened again; and an endless
// source of numbers for it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/text.h"
#include "engine/testing.h"
#include "sdk/connector.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::engine::testing {

// 1, 2, 3 and so on.
class NumbersConnector final : public sdk::Connector {
 public:
  explicit NumbersConnector(std::atomic<uint64_t>& read) : read_(read) {}
  std::string_view name() const override { return "numbers"; }
  std::string_view doc() const override { return "the natural numbers"; }
  Result<sdk::SourceTraits> CheckSource(const sdk::SourceRequest&) override {
    return sdk::SourceTraits{.replayable = true, .bounded = false};
  }
  Result<std::unique_ptr<sdk::Source>> OpenSource(sdk::SourceRequest request) override {
    return std::make_unique<Numbers>(read_, ParseUint64(request.position).value_or(0));
  }

 private:
  class Numbers final : public sdk::Source {
   public:
    Numbers(std::atomic<uint64_t>& read, uint64_t last) : read_(read), last_(last) {}
    Result<sdk::ReadState> Read(data::BatchBuffer& out, uint32_t rows_max) override {
      out.Reset();
      const uint32_t rows = std::min<uint32_t>(rows_max, 10);
      for (uint32_t i = 0; i < rows; ++i) out.column(0).As<int64_t>()[i] = static_cast<int64_t>(++last_);
      out.SetRows(rows);
      read_ += rows;
      return sdk::ReadState::kRows;
    }
    void AppendPosition(std::string& out) const override { out += std::to_string(last_); }

   private:
    std::atomic<uint64_t>& read_;
    uint64_t last_;
  };
  std::atomic<uint64_t>& read_;
};

struct DiskDatabase {
  sim::SimClock clock{0};
  sim::SimFileSystem files{clock};
  bool is_inline = true;  // else the clock is the real one
  uint64_t log_segment_bytes = 64 << 10;
  uint64_t worker_cores = 1;
  std::atomic<uint64_t> numbers_read{0};
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;

  Status TryOpen() {
    DatabaseOptions options;
    options.is_inline = is_inline;
    if (is_inline) options.clock = &clock;
    options.connectors.push_back(std::make_unique<NumbersConnector>(numbers_read));
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
    return ParseDouble(Trim(text)).value_or(-1);
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
