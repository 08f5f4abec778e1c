// What a database promises of its sinks at the edges of their lives: made, ended, lost.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/testing.h"
#include "sdk/connector.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::engine {
namespace {

// What sinks have delivered.
struct Outside {
  std::vector<std::string> resumed;  // the tokens they were opened with
  uint64_t rows = 0;                 // decided
  uint64_t closed = 0;
  bool is_gone = false;
};

class OutsideConnector final : public sdk::Connector {
 public:
  explicit OutsideConnector(Outside& outside) : outside_(outside) {}
  std::string_view name() const override { return "outside"; }
  std::string_view doc() const override { return "for a test"; }
  Result<sdk::SinkShape> CheckSink(const sdk::SinkRequest&) override { return sdk::SinkShape::kChangelog; }
  Result<std::unique_ptr<sdk::Sink>> OpenSink(sdk::SinkRequest request) override {
    outside_.resumed.push_back(request.resume.value_or("new"));
    if (outside_.is_gone) return Error(Status(ErrorCode::kBadFile, "its output is gone").WithHint("put it back"));
    return std::make_unique<Sink>(outside_);
  }

 private:
  class Sink final : public sdk::Sink {
   public:
    explicit Sink(Outside& outside) : outside_(outside) {}
    Status Write(const data::Batch& batch) override {
      rows_ += batch.rows;
      return {};
    }
    Status Prepare(uint64_t, std::string& token) override {
      prepared_ = rows_;
      token += std::to_string(rows_);
      return {};
    }
    Status Commit(uint64_t) override {
      outside_.rows = prepared_;
      return {};
    }
    Status Close() override {
      ++outside_.closed;
      return {};
    }
    bool can_resume() const override { return true; }

   private:
    Outside& outside_;
    uint64_t rows_ = 0;
    uint64_t prepared_ = 0;
  };
  Outside& outside_;
};

struct World {
  Result<std::unique_ptr<Database>> Open(bool is_inline, bool allows_lost_sinks = false) {
    DatabaseOptions options;
    options.is_inline = is_inline;
    options.clock = &clock;
    options.path = "/db";
    options.files = &files;
    options.allows_lost_sinks = allows_lost_sinks;
    options.connectors.push_back(std::make_unique<OutsideConnector>(outside));
    return Database::Open(std::move(options));
  }
  sim::SimClock clock{0};
  sim::SimFileSystem files{clock};
  Outside outside;
};

std::string Run(Database& database, const std::string& sql) {
  Connection connection(database);
  auto outcome = connection.Execute(sql);
  if (!outcome) return outcome.error().ToString();
  return outcome->cursor != nullptr ? testing::TestDatabase::Rows(*outcome->cursor) : outcome->message;
}

// The clock stands still: nothing is delivered only because time passes.
TEST_CASE("WAIT FOR a sink waits until what it was given is delivered, and its output complete") {
  for (const bool is_inline : {true, false}) {
    for (const char* durability : {"epoch", "async"}) {
      CAPTURE(is_inline);
      CAPTURE(durability);
      World world;
      const auto database = world.Open(is_inline).value();
      CHECK(Run(*database, "SET durability = '" + std::string(durability) + "'").starts_with("SET"));
      CHECK(Run(*database, "CREATE SINK o FROM (SELECT * FROM generate_series(1, 5000)) WITH (connector = 'outside')")
                .starts_with("CREATE"));
      CHECK(Run(*database, "WAIT FOR o") == "WAIT FOR o");
      CHECK(world.outside.rows == 5000);
      CHECK(world.outside.closed == 1);
    }
  }
}

TEST_CASE("a database that is closed has delivered what it has taken in") {
  for (const bool is_inline : {true, false}) {
    for (const char* durability : {"epoch", "async", "none"}) {
      CAPTURE(is_inline);
      CAPTURE(durability);
      World world;
      {
        const auto database = world.Open(is_inline).value();
        CHECK(Run(*database, "SET durability = '" + std::string(durability) + "'").starts_with("SET"));
        CHECK(Run(*database, "CREATE TABLE t (k BIGINT)").starts_with("CREATE"));
        CHECK(Run(*database, "CREATE SINK o FROM t WITH (connector = 'outside')").starts_with("CREATE"));
        CHECK(Run(*database, "INSERT INTO t VALUES (1), (2), (3)") == "INSERT 3");
      }
      CHECK(world.outside.rows == 3);
      CHECK(world.outside.closed == 0);  // more may come
    }
  }
}

// Its message said "drop the sink", and the database in which to drop it could not be opened.
TEST_CASE(
    "a database with a sink that cannot go on is not opened, or with the sink failed for good if that is wanted") {
  World world;
  Outside& outside = world.outside;
  const std::string make_sink = "CREATE SINK o FROM t WITH (connector = 'outside')";
  {
    const auto database = world.Open(true).value();
    CHECK(Run(*database, "CREATE TABLE t (k BIGINT)").starts_with("CREATE"));
    const std::string made = Run(*database, make_sink);
    REQUIRE_MESSAGE(made.starts_with("CREATE"), made);
    CHECK(Run(*database, "INSERT INTO t VALUES (1), (2)") == "INSERT 2");
  }
  outside.is_gone = true;
  const auto refused = world.Open(true);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code() == ErrorCode::kBadFile);
  CHECK(refused.error().hint().find("--allow-lost-sinks") != std::string::npos);
  {
    const auto database = world.Open(true, true).value();
    CHECK(Run(*database, "SHOW SINKS").find("ERROR") != std::string::npos);
    CHECK(Run(*database, "SHOW SINKS").find("its output is gone") != std::string::npos);
    CHECK(Run(*database, "INSERT INTO t VALUES (3)") == "INSERT 1");
    CHECK(Run(*database, "SELECT count(*) FROM t") == "3\n");
  }
  outside.is_gone = false;
  outside.resumed.clear();
  {
    const auto database = world.Open(true).value();  // rows have passed it by: it stays failed
    CHECK(outside.resumed == std::vector<std::string>{"2"});
    CHECK(Run(*database, "SHOW SINKS").find("ERROR") != std::string::npos);
  }
  outside.is_gone = true;
  {
    const auto database = world.Open(true).value();  // what has failed already keeps nothing from opening
    CHECK(Run(*database, "SHOW SINKS").find("ERROR") != std::string::npos);
    CHECK(Run(*database, "DROP SINK o") == "DROP o");
  }
  outside.is_gone = false;
  {
    const auto database = world.Open(true).value();
    CHECK(Run(*database, "SHOW SINKS").empty());
    CHECK(Run(*database, make_sink).starts_with("CREATE"));
    CHECK(Run(*database, "SELECT count(*) FROM t") == "3\n");
  }
}

}  // namespace
}  // namespace laminar::engine
