// The history of a view: past epochs are read as they were, and a subscriber goes on where it stopped, over crashes
// too.
#include <doctest/doctest.h>

#include <map>

#include "base/random.h"
#include "base/text.h"
#include "engine/disk_database_test.h"

namespace laminar::engine {
namespace {

using testing::DiskDatabase;
using testing::TestDatabase;

uint64_t EpochOf(TestDatabase& db) {
  const std::string text = db.Run("SELECT value::BIGINT FROM laminar_metrics WHERE name = 'laminar_epoch_current'");
  return ParseUint64(Trim(text)).value_or(0);
}

TEST_CASE("a past epoch of a view with a history is read as it was, and what is gone is refused with the range") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    TestDatabase db;
    REQUIRE(db.Run("CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT, s TEXT)").starts_with("CREATE"));
    const std::string bytes = seed % 2 == 0 ? "4 KiB" : "16 MiB";
    for (const char* view :
         {"sums AS SELECT v % 5 AS g, count(*) AS n, sum(k) AS total, min(s) AS s FROM t GROUP BY v % 5",
          "plain AS SELECT s, v FROM t WHERE v > 3"}) {
      const std::string text(view);
      const size_t as = text.find(" AS ");
      REQUIRE(db.Run("CREATE MATERIALIZED VIEW " + text.substr(0, as) + " WITH (retain_history = '" + bytes + "')" +
                     text.substr(as))
                  .starts_with("CREATE"));
    }
    const std::string query =
        "SELECT g, n, total, s FROM sums UNION ALL SELECT v, v, v, s FROM plain ORDER BY 1, 2, 3, 4";
    std::map<uint64_t, std::string> seen;
    for (int step = 0; step < 60; ++step) {
      std::string rows;
      for (uint64_t i = 1 + random.Below(5); i > 0; --i) {
        const uint64_t k = random.Below(30);
        rows += (rows.empty() ? "" : ", ") + std::string("(") + std::to_string(k) + ", " +
                std::to_string(random.Below(20)) + ", 'a text that is longer than twelve bytes " +
                std::to_string(random.Below(9)) + "')";
      }
      REQUIRE(db.Run("INSERT INTO t VALUES " + rows).starts_with("INSERT"));
      const std::string now = db.Run(query);
      seen[EpochOf(db)] = now;
      const auto& [epoch, then] = *std::next(seen.begin(), static_cast<std::ptrdiff_t>(random.Below(seen.size())));
      CAPTURE(epoch);
      const std::string again = db.Run(query + " AS OF EPOCH " + std::to_string(epoch));
      if (again.starts_with("LDB-S009"))
        CHECK(seed % 2 == 0);
      else
        CHECK(again == then);
    }
    CHECK(db.Run("SELECT * FROM sums AS OF EPOCH 1000000").starts_with("LDB-S009"));
    CHECK(db.Run("SELECT * FROM t AS OF EPOCH 1").starts_with("LDB-S009"));
  }
}

TEST_CASE("a subscription to the past of a view whose sources have ended comes to its end") {
  TestDatabase db;
  REQUIRE(db.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
  REQUIRE(
      db.Run("CREATE MATERIALIZED VIEW v WITH (retain_history = '1 MiB') AS SELECT k, count(*) AS n FROM s GROUP BY "
             "k")
          .starts_with("CREATE"));
  REQUIRE(db.Run("INSERT INTO s VALUES (1), (2)").starts_with("INSERT"));
  auto before = db.connection().Execute("SUBSCRIBE TO v AS OF EPOCH 0");
  REQUIRE(before.has_value());
  REQUIRE(db.database().EndSource("s").ok());
  auto after = db.connection().Execute("SUBSCRIBE TO v AS OF EPOCH 0");
  REQUIRE(after.has_value());
  for (Outcome* outcome : {&*before, &*after}) {
    data::BatchBuffer rows(outcome->cursor->schema().Types());
    uint32_t count = 0;
    while (true) {
      const auto goes_on = outcome->cursor->Next(rows);
      REQUIRE(goes_on.has_value());
      if (!*goes_on) break;
      count += rows.rows();
    }
    CHECK(count == 2);
  }
}

// A database on a simulated disk that loses power, and a subscriber that remembers only the last epoch it has seen
// whole.
TEST_CASE("a subscriber that names the last epoch it saw misses nothing and sees nothing twice, over crashes") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    DiskDatabase db;
    db.Open();
    REQUIRE(db.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
    REQUIRE(
        db.Run("CREATE MATERIALIZED VIEW v WITH (retain_history = '1 MiB') AS SELECT k % 4 AS g, count(*) AS n FROM "
               "s GROUP BY k % 4")
            .starts_with("CREATE"));
    std::map<std::pair<int64_t, int64_t>, int64_t> sum;  // (g, n) -> weight
    std::map<int64_t, int64_t> expected;
    uint64_t last = 0;
    for (int round = 0; round < 12; ++round) {
      auto outcome = db.connection->Execute("SUBSCRIBE TO v AS OF EPOCH " + std::to_string(last));
      REQUIRE_MESSAGE(outcome.has_value(), outcome.error().ToString());
      Cursor& cursor = *outcome->cursor;
      data::BatchBuffer rows(cursor.schema().Types());
      for (uint64_t step = random.Below(6); step > 0; --step) {
        const auto k = static_cast<int64_t>(random.Below(9));
        REQUIRE(db.Run("INSERT INTO s VALUES (" + std::to_string(k) + ")") == "INSERT 1");
        ++expected[k % 4];
        if (random.OneIn(3)) continue;
        while (true) {
          REQUIRE(cursor.Poll(rows).has_value());
          if (rows.rows() == 0) break;
          for (uint32_t i = 0; i < rows.rows(); ++i) {
            const auto epoch = static_cast<uint64_t>(rows.column(0).As<int64_t>()[i]);
            CHECK(epoch >= last);
            last = std::max(last, epoch);
            sum[{rows.column(1).As<int64_t>()[i], rows.column(2).As<int64_t>()[i]}] += rows.batch().Weight(i);
          }
        }
      }
      outcome->cursor.reset();
      if (random.OneIn(2))
        db.Crash(random);
      else
        db.Close();
      db.Open();
    }
    auto outcome = db.connection->Execute("SUBSCRIBE TO v AS OF EPOCH " + std::to_string(last));
    REQUIRE(outcome.has_value());
    data::BatchBuffer rows(outcome->cursor->schema().Types());
    while (outcome->cursor->Poll(rows).has_value() && rows.rows() > 0) {
      for (uint32_t i = 0; i < rows.rows(); ++i)
        sum[{rows.column(1).As<int64_t>()[i], rows.column(2).As<int64_t>()[i]}] += rows.batch().Weight(i);
    }
    std::erase_if(sum, [](const auto& entry) { return entry.second == 0; });
    std::map<std::pair<int64_t, int64_t>, int64_t> wanted;
    for (const auto& [g, n] : expected) wanted[{g, n}] = 1;
    CHECK(sum == wanted);
    outcome->cursor.reset();
    db.Close();
  }
}

}  // namespace
}  // namespace laminar::engine
