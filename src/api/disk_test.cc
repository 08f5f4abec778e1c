// Databases on disk through the C and C++ interfaces: what was acknowledged is there when the folder is opened again,
// closed in order or not; a folder is open once.
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "api/testing.h"
#include "laminar/laminar.hpp"

using namespace laminar::api::testing;  // NOLINT: a test

namespace {

// A folder that goes when the test ends.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/laminar-api-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    root_ = name;
  }
  ~Folder() { std::filesystem::remove_all(root_); }
  Folder(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (root_ / name).string(); }

 private:
  std::filesystem::path root_;
};

// What a crash of the machine leaves, at the latest: the bytes of this moment.
void CopyFolder(const std::string& from, const std::string& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

const char* kBars =
    "CREATE MATERIALIZED VIEW bars AS SELECT sym, window_start, max(price) AS high, count(*) AS c FROM trades"
    " GROUP BY sym, TUMBLE(ts, INTERVAL '1' MINUTE) EMIT ON UPDATE";

void PushTrade(laminar_appender* appender, const char* symbol, double price, int64_t second) {
  REQUIRE(Text(laminar_append_text(appender, symbol, std::strlen(symbol))) == "ok");
  REQUIRE(Text(laminar_append_double(appender, price)) == "ok");
  REQUIRE(Text(laminar_append_int64(appender, 1)) == "ok");
  REQUIRE(Text(laminar_append_timestamp_micros(appender, second * 1'000'000)) == "ok");
  REQUIRE(Text(laminar_end_row(appender)) == "ok");
  REQUIRE(Text(laminar_appender_flush(appender)) == "ok");
}

TEST_CASE("a database on disk is there again after it was closed") {
  for (const int threading : {LAMINAR_INLINE, LAMINAR_THREADED}) {
    const Folder folder;
    const std::string path = folder / "shop.db";
    {
      const Program program(threading, path);
      const laminar_recovery* found = laminar_recovery_get(program.database);
      REQUIRE(found != nullptr);
      CHECK(found->is_new == 1);
      CHECK(found->log_epochs == 0);
      CHECK(program.Execute("CREATE TABLE orders (id BIGINT PRIMARY KEY, amount DOUBLE)") == "CREATE TABLE orders");
      CHECK(program.Execute("CREATE MATERIALIZED VIEW total AS SELECT sum(amount) AS s FROM orders") ==
            "CREATE MATERIALIZED VIEW total");
      CHECK(program.Execute("INSERT INTO orders VALUES (1, 9.5), (2, 0.5)") == "INSERT 2");
    }
    const Program again(threading, path);
    const laminar_recovery* found = laminar_recovery_get(again.database);
    REQUIRE(found != nullptr);
    CHECK(found->is_new == 0);
    CHECK(found->epoch > 0);
    CHECK(found->bytes_cut == 0);
    CHECK(found->checkpoints_skipped == 0);
    CHECK(found->micros >= 0);
    CHECK(again.Execute("SELECT id, amount FROM orders ORDER BY id") == "1|9.5\n2|0.5\n");
    CHECK(again.Execute("SELECT s FROM total") == "10.0\n");
    CHECK(again.Execute("INSERT INTO orders VALUES (3, 1.0)") == "INSERT 1");
    CHECK(again.Execute("SELECT s FROM total") == "11.0\n");
  }
}

TEST_CASE("a folder is open once, until the last handle made from it is freed") {
  const Folder folder;
  const std::string path = folder / "one.db";
  laminar_options options{};
  options.struct_size = sizeof options;
  options.threading = LAMINAR_INLINE;
  options.path = path.c_str();
  laminar_database* database = nullptr;
  laminar_database* second = nullptr;
  laminar_connection* connection = nullptr;
  REQUIRE(Text(laminar_open(&options, &database)) == "ok");
  REQUIRE(Text(laminar_connect(database, &connection)) == "ok");
  CHECK(Code(laminar_open(&options, &second)) == "LDB-S008");
  CHECK(second == nullptr);
  laminar_close(database);
  CHECK(Code(laminar_open(&options, &second)) == "LDB-S008");  // the connection has it
  laminar_connection_free(connection);
  CHECK(Text(laminar_open(&options, &second)) == "ok");
  laminar_close(second);
}

TEST_CASE("pushes that returned survive without a close, with the windows they were in") {
  const Folder folder;
  const Program program(LAMINAR_INLINE, folder / "live.db");
  CHECK(program.Execute("SHOW durability") == "epoch\n");
  program.Execute(kTrades);
  program.Execute(kBars);
  laminar_appender* appender = nullptr;
  REQUIRE(Text(laminar_appender_open(program.database, "trades", &appender)) == "ok");
  PushTrade(appender, "A", 10, 1);
  PushTrade(appender, "A", 30, 2);
  PushTrade(appender, "B", 5, 3);
  CopyFolder(folder / "live.db", folder / "copy.db");  // while it is open, between two pushes
  PushTrade(appender, "A", 99, 4);

  const Program copy(LAMINAR_INLINE, folder / "copy.db");
  const laminar_recovery* found = laminar_recovery_get(copy.database);
  REQUIRE(found != nullptr);
  CHECK(found->is_new == 0);
  CHECK(found->log_epochs > 0);
  CHECK(copy.Execute("SELECT sym, high, c FROM bars ORDER BY sym") == "A|30.0|2\nB|5.0|1\n");
  laminar_appender* further = nullptr;
  REQUIRE(Text(laminar_appender_open(copy.database, "trades", &further)) == "ok");
  PushTrade(further, "A", 20, 5);  // into the window that stood open
  CHECK(copy.Execute("SELECT sym, high, c FROM bars ORDER BY sym") == "A|30.0|3\nB|5.0|1\n");
  CHECK(program.Execute("SELECT sym, high, c FROM bars ORDER BY sym") == "A|99.0|3\nB|5.0|1\n");
  laminar_appender_free(further);
  laminar_appender_free(appender);
}

TEST_CASE("an Arrow array that was pushed survives whole") {
  const Folder folder;
  std::vector<int64_t> ids(5000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i);
  const Program program(LAMINAR_THREADED, folder / "arrow.db");
  program.Execute("CREATE TABLE t (id BIGINT)");
  Int64Array rows({"id"}, {ids});
  REQUIRE(Text(laminar_push_arrow(program.database, "t", &rows.schema, &rows.array, nullptr)) == "ok");
  CopyFolder(folder / "arrow.db", folder / "copy.db");
  const Program copy(LAMINAR_INLINE, folder / "copy.db");
  CHECK(copy.Execute("SELECT count(*), sum(id) FROM t") == "5000|12497500\n");
}

TEST_CASE("a program built before databases on disk gets one in memory") {
  struct {
    size_t struct_size;
    int threading;
    int arrow_text_offsets;
    const char* beyond;  // not part of what it knew
  } before{offsetof(laminar_options, path), LAMINAR_INLINE, 0, "/nowhere/to/be/opened"};
  laminar_database* database = nullptr;
  REQUIRE(Text(laminar_open(reinterpret_cast<const laminar_options*>(&before), &database)) == "ok");
  CHECK(laminar_recovery_get(database) == nullptr);
  CHECK(laminar_recovery_get(nullptr) == nullptr);
  laminar_close(database);
}

TEST_CASE("cores are counted from one; what cannot be a number of cores is refused") {
  laminar_options options{};
  options.struct_size = sizeof options;
  laminar_database* database = nullptr;
  for (const int cores : {-1, 65}) {
    options.worker_cores = cores;
    CHECK(Code(laminar_open(&options, &database)) == "LDB-R018");
  }
  for (const auto& [cores, shown] : std::vector<std::pair<int, std::string>>{{0, "0"}, {1, "1"}, {3, "3"}}) {
    options.worker_cores = cores;
    REQUIRE(Text(laminar_open(&options, &database)) == "ok");
    laminar_connection* connection = nullptr;
    REQUIRE(Text(laminar_connect(database, &connection)) == "ok");
    laminar_result* result = nullptr;
    REQUIRE(Text(laminar_execute(connection, "SHOW worker_cores", &result)) == "ok");
    laminar_batch* batch = nullptr;
    REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
    CHECK(RowsOf(batch) == shown + "\n");
    laminar_batch_free(batch);
    laminar_result_free(result);
    laminar_connection_free(connection);
    laminar_close(database);
  }
}

TEST_CASE("cpus for the threads are an option, and those that are not there are refused") {
  laminar_options options{};
  options.struct_size = sizeof options;
  laminar_database* database = nullptr;
  for (const char* refused : {"60000", "yes", "1-"}) {
    options.cpu_pinning = refused;
    CHECK(Code(laminar_open(&options, &database)) != "ok");
    CHECK(database == nullptr);
  }
  options.cpu_pinning = "on";
  REQUIRE(Text(laminar_open(&options, &database)) == "ok");
  laminar_connection* connection = nullptr;
  REQUIRE(Text(laminar_connect(database, &connection)) == "ok");
  laminar_result* result = nullptr;
  REQUIRE(Text(laminar_execute(connection, "SHOW cpu_pinning", &result)) == "ok");
  laminar_batch* batch = nullptr;
  REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
  CHECK(RowsOf(batch) == "on\n");
  laminar_batch_free(batch);
  laminar_result_free(result);
  laminar_connection_free(connection);
  laminar_close(database);
}

TEST_CASE("a folder that is no database is refused and left as it is") {
  const Folder folder;
  const std::string path = folder / "photos";
  std::filesystem::create_directory(path);
  std::ofstream(path + "/one.jpg") << "not ours";
  laminar_options options{};
  options.struct_size = sizeof options;
  options.path = path.c_str();
  laminar_database* database = nullptr;
  laminar_error* error = laminar_open(&options, &database);
  REQUIRE(error != nullptr);
  CHECK(std::string(laminar_error_message(error)).find(path) != std::string::npos);
  laminar_error_free(error);
  CHECK(std::distance(std::filesystem::directory_iterator(path), {}) == 1);
}

TEST_CASE("C++: a database on disk, on four cores, is opened again") {
  const Folder folder;
  laminar::Options options;
  options.path = folder / "cpp.db";
  options.worker_cores = 4;
  for (int64_t run = 0; run < 3; ++run) {
    laminar::Database database(options);
    laminar::Connection connection = database.connect();
    REQUIRE(database.recovery() != nullptr);
    CHECK(database.recovery()->is_new == (run == 0 ? 1 : 0));
    if (run == 0) {
      connection.execute_script(
          "CREATE TABLE t (k BIGINT, v BIGINT);"
          "CREATE MATERIALIZED VIEW s AS SELECT k, sum(v) AS total FROM t GROUP BY k");
    }
    laminar::Appender rows = database.appender("t");
    for (int64_t i = 0; i < 3000; ++i) rows.row(i % 100, i);
    rows.flush();
    int64_t total = 0;
    for (const laminar::Row row : connection.execute("SELECT sum(total), count(*) FROM s").rows()) {
      total = row.int64(0);
      CHECK(row.int64(1) == 100);
    }
    CHECK(total == (run + 1) * (3000 * 2999 / 2));
  }
  CHECK_THROWS_AS(laminar::Database("/proc/no/such/place.db"), laminar::Error);
  CHECK(laminar::Database(folder / "cpp.db", laminar::Threading::kInline).recovery()->is_new == 0);
  CHECK(laminar::Database().recovery() == nullptr);
}

}  // namespace
