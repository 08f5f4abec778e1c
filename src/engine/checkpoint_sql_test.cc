// SQL over a checkpoint says what the database said at its epoch, changes nothing on the disk, and meets damage with an
// error.
#include "engine/checkpoint_sql.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"
#include "data/value.h"
#include "engine/testing.h"
#include "sim/clock.h"
#include "sim/file_system.h"
#include "state/log/delta.h"

namespace laminar::engine {
namespace {

using sim::FileOperation;
using testing::TestDatabase;

const char* const kDefinitions[] = {
    "CREATE TABLE keyed (a BIGINT, name TEXT, d DECIMAL(20, 3), b SMALLINT, PRIMARY KEY (b, a))",
    "CREATE TABLE plain (\"Odd Name\" TEXT, _number DOUBLE, tags INT[], m MAP(TEXT, BIGINT), at TIMESTAMP(9), day "
    "DATE)",
    "CREATE SOURCE s (k BIGINT, v BIGINT, name TEXT, ts TIMESTAMP, up TEXT AS (upper(name)), WATERMARK FOR ts AS ts - "
    "INTERVAL '2' SECOND)",
    "CREATE SOURCE c (k BIGINT, v DOUBLE) WITH (connector = 'memory', changelog = true)",
    "CREATE VIEW half AS SELECT k, v, name FROM s WHERE v % 2 = 0",
    "CREATE VIEW over_table AS SELECT a, upper(name) AS name FROM keyed WHERE a > 10",
    "CREATE MATERIALIZED VIEW log_view AS SELECT k, up, {'x': v, 'y': [k, v]} AS pair FROM s WHERE v > 300",
    "CREATE MATERIALIZED VIEW by_key WITH (retain_history = '1 MiB') AS SELECT name, k, count(*) AS n, avg(v) AS mean "
    "FROM s GROUP BY k, name",
    "CREATE MATERIALIZED VIEW bag_view AS SELECT n, n % 3 = 0 AS third FROM by_key",
    "CREATE MATERIALIZED VIEW raw_changes AS SELECT v, k FROM c",
    "CREATE MATERIALIZED VIEW bars AS SELECT window_start, window_end, name, max(v) AS h, first_value(v) AS o FROM s "
    "GROUP BY name, TUMBLE(ts, INTERVAL '10' SECOND)",
    "CREATE MATERIALIZED VIEW one AS SELECT count(*) AS n, sum(v) AS total FROM half",
    "CREATE MATERIALIZED VIEW names AS SELECT DISTINCT name FROM s",
    "CREATE MATERIALIZED VIEW changes AS SELECT k, sum(v) AS total FROM c GROUP BY k EMIT CHANGES",
    "CREATE MATERIALIZED VIEW often AS SELECT 10 / (k - 2) AS ratio, sum(v) AS total, k FROM s GROUP BY k HAVING "
    "count(*) > 2",
    "CREATE OR REPLACE MATERIALIZED VIEW names AS SELECT DISTINCT name, k % 2 AS odd FROM s",
};
const char* const kRelations[] = {"keyed",       "plain", "over_table", "log_view", "by_key",  "bag_view",
                                  "raw_changes", "bars",  "one",        "names",    "changes", "often"};

std::string Run(Database& database, const std::string& sql) {
  Connection connection(database);
  auto outcome = connection.Execute(sql);
  if (!outcome) return outcome.error().ToString();
  return outcome->cursor != nullptr ? TestDatabase::Rows(*outcome->cursor) : outcome->message;
}

std::vector<std::string> Lines(Database& database, const std::string& sql) {
  const std::string text = Run(database, sql);
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
    if (text.find('\n', at) == std::string::npos) break;
  }
  std::ranges::sort(lines);
  return lines;
}

struct World {
  sim::SimClock clock{1'700'000'000'000'000};
  sim::SimFileSystem files{clock};

  DatabaseOptions Options() {
    DatabaseOptions options;
    options.is_inline = true;
    options.clock = &clock;
    return options;
  }
  std::unique_ptr<Database> Open(uint64_t cores = 1) {
    DatabaseOptions options = Options();
    options.path = "/db";
    options.files = &files;
    options.worker_cores = cores;
    options.log_segment_bytes = 64 << 10;
    auto opened = Database::Open(std::move(options));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
    return *std::move(opened);
  }
  Result<CheckpointDatabase> TryShow(const std::string& directory = "/db", std::optional<uint64_t> id = {}) {
    return OpenCheckpointSql(files, directory, id, Options());
  }
  CheckpointDatabase Show(const std::string& directory = "/db", std::optional<uint64_t> id = {}) {
    auto opened = TryShow(directory, id);
    REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
    return *std::move(opened);
  }
};

void Define(Database& database) {
  for (const char* sql : kDefinitions) {
    const std::string answer = Run(database, sql);
    REQUIRE_MESSAGE(answer.starts_with("CREATE"), answer);
  }
}

void Feed(Database& database, Random& random) {
  const auto number = [&](uint64_t below) { return std::to_string(random.Below(below)); };
  const auto text = [&] {
    return random.OneIn(8)
               ? std::string("NULL")
               : (random.OneIn(2) ? "'n" + number(6) + "'" : "'a name longer than twelve " + number(4) + "'");
  };
  const auto insert = [&](const std::string& sql) {
    const std::string answer = Run(database, sql);
    REQUIRE_MESSAGE(answer.starts_with("INSERT"), answer);
  };
  for (int i = 0; i < 20; ++i) {
    insert("INSERT INTO keyed VALUES (" + number(40) + ", " + text() + ", " + number(100000) + ".125, " + number(3) +
           ")");
    insert("INSERT INTO plain VALUES (" + text() + ", " + number(9) + ".5, [" + number(5) + ", NULL], MAP {'k" +
           number(3) + "': " + number(9) + "}, '2024-01-01 00:00:00.00000000" + number(10) + "', DATE '2024-02-0" +
           std::to_string(1 + random.Below(9)) + "')");
    insert("INSERT INTO s VALUES (" + number(6) + ", " + number(1000) + ", " + text() +
           ", '2024-01-01 00:00:" + std::to_string(10 + random.Below(50)) + "'), (" + number(6) + ", " + number(1000) +
           ", " + text() + ", '2024-01-01 00:01:" + std::to_string(10 + random.Below(50)) + "')");
  }
  data::BatchBuffer rows({data::TypeId::kInt64, data::TypeId::kDouble});
  for (int i = 0; i < 30; ++i)
    rows.AppendRow(std::vector<data::Value>{data::Value::Int(random.Between(0, 3)), data::Value::Double(1.5)},
                   random.OneIn(4) ? 3 : 1);
  REQUIRE(database.Push("c", rows.batch()).ok());
}

TEST_CASE("every relation of a checkpoint has the rows and columns it had, whatever the database does afterwards") {
  for (const uint64_t cores : {1, 3}) {
    CAPTURE(cores);
    World world;
    Random random(cores);
    std::unique_ptr<Database> live = world.Open(cores);
    Define(*live);
    Feed(*live, random);
    REQUIRE(Run(*live, "CHECKPOINT").starts_with("CHECKPOINT"));
    std::map<std::string, std::vector<std::string>> wanted;
    for (const std::string name : kRelations) wanted[name] = Lines(*live, "SELECT * FROM " + name);
    Feed(*live, random);
    // While it is open elsewhere, and without a single call that changes something.
    for (const FileOperation operation :
         {FileOperation::kWrite, FileOperation::kSync, FileOperation::kTruncate, FileOperation::kRename,
          FileOperation::kRemove, FileOperation::kCreateDirectory, FileOperation::kSyncDirectory,
          FileOperation::kAllocate, FileOperation::kHardLink, FileOperation::kLock})
      world.files.Plan({.kind = sim::FileFault::Kind::kError, .operation = operation, .times = UINT64_MAX});
    CheckpointDatabase shown = world.Show();
    CHECK(shown.notices.empty());
    for (const std::string name : kRelations) {
      CAPTURE(name);
      CHECK(wanted[name].size() > 0);
      CHECK(Lines(*shown.database, "SELECT * FROM " + name) == wanted[name]);
      CHECK(shown.database->SchemaOf(name)->Types() == live->SchemaOf(name)->Types());
      for (size_t i = 0; i < live->SchemaOf(name)->size(); ++i)
        CHECK((*shown.database->SchemaOf(name))[i].name == (*live->SchemaOf(name))[i].name);
    }
    // A part of the columns, and more than one relation.
    CHECK(Lines(*shown.database, "SELECT sum(n) FROM by_key") == std::vector<std::string>{"40"});
    CHECK(Run(*shown.database, "SELECT count(third) FROM bag_view") ==
          Run(*shown.database, "SELECT count(*) FROM by_key"));
    CHECK(Lines(*shown.database, "SELECT a FROM keyed UNION ALL SELECT n FROM one").size() ==
          wanted["keyed"].size() + 1);
    world.files.ClearFaults();
    live.reset();
  }
}

TEST_CASE("stored tables stand under their paths, with what their shapes tell") {
  World world;
  Random random(5);
  std::unique_ptr<Database> live = world.Open();
  Define(*live);
  Feed(*live, random);
  REQUIRE(Run(*live, "CHECKPOINT").starts_with("CHECKPOINT"));
  CheckpointDatabase shown = world.Show();
  Database& database = *shown.database;
  CHECK(Run(database, "SELECT count(*) FROM \"v/by_key/2#0\"") == Run(database, "SELECT count(*) FROM by_key"));
  CHECK(Run(database, "SELECT count(payload) > 0 FROM \"v/by_key/2#0\" WHERE key1 >= 0") == "true\n");
  CHECK(Lines(database, "SELECT window_start, window_end, name, h, o FROM \"v/bars/0#0\"") ==
        Lines(database, "SELECT * FROM bars"));
  CHECK(!FindCheckpointRelation(database, "v/by_key/0#0").has_value());  // its rows are made of its groups
  CHECK(Run(database, "SELECT sum(_count) FROM \"v/bag_view/0#0\"") == Run(database, "SELECT count(*) FROM bag_view"));
  CHECK(Run(database, "SELECT sum(_weight) FROM \"v/by_key/history#0\"") ==
        Run(database, "SELECT count(*) FROM by_key"));
  CHECK(database.SchemaOf("v/by_key/history#0")->size() == 7);
  // The number of a log's row gets out of the way of a column that is called so.
  CHECK(database.SchemaOf("s/2/0#0")->IndexOf("_number_") == 0);
  CHECK(FindCheckpointRelation(database, "BY_KEY").value() == "by_key");
  CHECK(FindCheckpointRelation(database, "v/one/0#0").value() == "v/one/0#0");
  CHECK(FindCheckpointRelation(database, "by_kee").error().hint().find("by_key") != std::string::npos);
  CHECK(Run(database, "SELECT * FROM s").find("no rows of \"s\" are in the checkpoint") != std::string::npos);
  CHECK(Run(database, "SELECT * FROM half").find("no rows of \"s\" are in the checkpoint") != std::string::npos);
  CHECK(Run(database, "CREATE SOURCE x (a INT) WITH (connector = 'checkpoint')").starts_with("LDB-"));
}

TEST_CASE("the newest that can be read is shown, or the one that is asked for") {
  World world;
  std::unique_ptr<Database> live = world.Open();
  CHECK(world.TryShow("/db").error().code() == ErrorCode::kNotFound);
  CHECK(world.TryShow("/nowhere").error().code() == ErrorCode::kBadFile);
  REQUIRE(Run(*live, "CREATE TABLE t (a BIGINT)").starts_with("CREATE"));
  std::vector<CheckpointSummary> all;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(Run(*live, "INSERT INTO t VALUES (1)") == "INSERT 1");
    REQUIRE(Run(*live, "CHECKPOINT").starts_with("CHECKPOINT"));
  }
  all = ListCheckpointsOf(world.files, "/db").value();
  REQUIRE(all.size() == 3);
  const auto rows = [](const CheckpointDatabase& shown) { return Run(*shown.database, "SELECT count(*) FROM t"); };
  CHECK(rows(world.Show()) == "3\n");
  CHECK(rows(world.Show("/db", all[0].id)) == "1\n");
  CHECK(rows(world.Show(all[1].directory)) == "2\n");
  CHECK(rows(world.Show(all[1].directory, all[1].id)) == "2\n");
  CHECK(world.TryShow(all[1].directory, all[0].id).error().code() == ErrorCode::kNotFound);
  const Status unknown = world.TryShow("/db", 99).error();
  CHECK(unknown.code() == ErrorCode::kNotFound);
  CHECK(unknown.hint().find(std::to_string(all[2].id)) != std::string::npos);
  REQUIRE(world.files.FlipBit(all[2].directory + "/manifest.json", 40, 3).ok());
  REQUIRE(world.files.Remove(all[1].directory + "/CURRENT").ok());
  CheckpointDatabase shown = world.Show();
  CHECK(rows(shown) == "1\n");
  CHECK(shown.checkpoint.id == all[0].id);
  CHECK(shown.notices.size() == 2);
  CHECK(world.TryShow(all[2].directory).error().code() == ErrorCode::kCorrupt);
  CHECK(world.TryShow("/db", all[1].id).error().code() == ErrorCode::kCorrupt);
}

// A checkpoint of these keys and values.
std::string Forge(World& world, const std::string& delta) {
  state::CheckpointOptions options;
  options.files = &world.files;
  options.clock = &world.clock;
  options.directory = "/forged";
  options.database_id = 1;
  auto store = state::CheckpointStore::Open(options, nullptr);
  REQUIRE(store.has_value());
  REQUIRE((*store)->Apply(delta).ok());
  return (*store)->Publish(1, {{}}).value().directory;
}

std::string SystemKey(char kind, std::string_view name) { return std::string(4, '\0') + kind + std::string(name); }

std::string TableEntry(std::string_view path, std::string_view name, std::string_view shape) {
  std::string out;
  for (const std::string_view text : {path, name, shape}) AppendText(text, out);
  return out;
}

std::string RelationEntry(std::string_view name, std::string_view sql) {
  std::string out;
  AppendVarint(1, out);
  AppendText(name, out);
  AppendText(sql, out);
  AppendNumber<int64_t>(0, out);
  AppendText("", out);
  AppendNumber<uint8_t>(0, out);
  AppendNumber<uint8_t>(0, out);
  AppendVarint(0, out);
  return out;
}

TEST_CASE("what cannot be understood is an error where it is asked for, and the rest can be read") {
  World world;
  const auto number = [](char n) { return std::string(3, '\0') + n; };
  const auto ordinal = [](char n) { return std::string(7, '\0') + n; };
  std::string delta;
  state::DeltaWriter writer(delta);
  writer.Put(SystemKey(1, ordinal(1)), RelationEntry("good", "CREATE TABLE good (a BIGINT PRIMARY KEY)"));
  writer.Put(SystemKey(1, ordinal(2)), RelationEntry("nonsense", "CREATE TABLE nonsense (a NOSUCH)"));
  writer.Put(SystemKey(1, ordinal(3)), RelationEntry("renamed", "CREATE TABLE other (a BIGINT)"));
  writer.Put(SystemKey(1, ordinal(4)), RelationEntry("no_relation", "SELECT 1"));
  writer.Put(SystemKey(1, ordinal(5)), RelationEntry("reshaped", "CREATE TABLE reshaped (a BIGINT PRIMARY KEY)"));
  writer.Put(SystemKey(1, ordinal(6)), RelationEntry("broken", "CREATE TABLE broken (a BIGINT PRIMARY KEY)"));
  writer.Put(SystemKey(2, number(1)), TableEntry("s/1/0#0", "table good", "key (BIGINT) values () payload 0"));
  writer.Put(SystemKey(2, number(2)), TableEntry("s/2/0#0", "table nonsense", "key (BIGINT) values (JSON) payload 0"));
  writer.Put(SystemKey(2, number(3)), TableEntry("s/3/0#0", "table reshaped", "key (TINYINT) values () payload 0"));
  writer.Put(SystemKey(2, number(4)), TableEntry("s/4/0#0", "table broken", "key (BIGINT) values () payload 0"));
  writer.Put(SystemKey(2, number(5)), TableEntry("v/x/1#0", "strange", "key (NOSUCH) values () payload 0"));
  const std::string prefix("vtagg", 5);
  writer.Put(number(1) + prefix + std::string(1, '\0') + std::string("\7\0\0\0\0\0\0\0", 8), std::string());
  writer.Put(number(2) + prefix + std::string(1, '\0') + std::string("\7\0\0\0\0\0\0\0", 8), std::string("\0\2{}", 4));
  writer.Put(number(3) + prefix + std::string(1, '\0') + "\5", std::string());
  writer.Put(number(4) + prefix + std::string(1, '\0') + "\5", std::string());
  CheckpointDatabase shown = world.Show(Forge(world, delta));
  Database& database = *shown.database;
  CHECK(Run(database, "SELECT * FROM good") == "7\n");
  CHECK(Run(database, "SELECT * FROM nonsense") == "7 | {}\n");
  CHECK(Run(database, "SELECT key1 FROM reshaped") == "5\n");
  CHECK(Run(database, "SELECT * FROM broken").starts_with("LDB-R008"));
  CHECK(Run(database, "SELECT * FROM \"v/x/1#0\"").starts_with("LDB-R008"));
  CHECK(Run(database, "SELECT * FROM renamed").starts_with("LDB-"));
  CHECK(shown.notices.size() == 4);
}

TEST_CASE("a view whose stored groups are damaged says what was read, or shows rows, and never crashes") {
  Random random(10);
  const std::string key = std::string("\0\0\0\1vtagg\0", 10) + std::string("\7\0\0\0\0\0\0\0", 8);
  const std::string whole = std::string("\2\0\0\0\0\0\0\0\0\0\0\0", 12) + "\1" + std::string("\2\0\0\0\0\0\0\0", 8);
  uint64_t refused = 0;
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    World world;
    std::string value = whole;
    if (round > 0 && random.OneIn(2))
      value.resize(random.Below(value.size()));
    else if (round > 0)
      value[random.Below(value.size())] = static_cast<char>(random.Next());
    std::string delta;
    state::DeltaWriter writer(delta);
    writer.Put(SystemKey(1, std::string(7, '\0') + '\1'), RelationEntry("t", "CREATE TABLE t (k BIGINT)"));
    writer.Put(SystemKey(1, std::string(7, '\0') + '\2'),
               RelationEntry("g", "CREATE MATERIALIZED VIEW g AS SELECT k, count(*) AS n FROM t GROUP BY k"));
    writer.Put(SystemKey(2, std::string(3, '\0') + '\1'),
               TableEntry("v/g/1#0", "group aggregate", "key (BIGINT) values () payload saved"));
    writer.Put(key, value);
    CheckpointDatabase shown = world.Show(Forge(world, delta));
    const std::string answer = Run(*shown.database, "SELECT * FROM g");
    if (round == 0) CHECK(answer == "7 | 2\n");
    if (!answer.starts_with("LDB-")) continue;
    ++refused;
    CHECK_MESSAGE(answer.find("reading 'g' from the checkpoint") != std::string::npos, answer);
  }
  CHECK(refused > 30);
}

TEST_CASE("a catalog that cannot be read is an error, never a crash") {
  Random random(9);
  const std::string whole = RelationEntry("good", "CREATE TABLE good (a BIGINT PRIMARY KEY)");
  const std::string table = TableEntry("s/1/0#0", "table good", "key (BIGINT) values () payload 0");
  for (int round = 0; round < 150; ++round) {
    CAPTURE(round);
    World world;
    std::string relation = whole;
    std::string entry = table;
    std::string& victim = random.OneIn(2) ? relation : entry;
    if (random.OneIn(3))
      victim.resize(random.Below(victim.size()));
    else
      victim[random.Below(victim.size())] = static_cast<char>(random.Next());
    std::string delta;
    state::DeltaWriter writer(delta);
    writer.Put(SystemKey(1, std::string(7, '\0') + '\1'), relation);
    writer.Put(SystemKey(2, std::string(3, '\0') + '\1'), entry);
    writer.Put(std::string(3, '\0') + "\1vtagg" + std::string(9, '\0'), "");
    const auto shown = world.TryShow(Forge(world, delta));
    if (!shown) {
      CHECK(shown.error().code() == ErrorCode::kUnreadableState);
      continue;
    }
    for (const std::string& name : shown->database->Names())
      if (shown->database->SchemaOf(name).has_value()) (void)Run(*shown->database, "SELECT * FROM \"" + name + "\"");
  }
}

TEST_CASE("a flipped bit anywhere in a checkpoint is an error or changes nothing") {
  World world;
  Random random(11);
  std::unique_ptr<Database> live = world.Open();
  Define(*live);
  Feed(*live, random);
  REQUIRE(Run(*live, "CHECKPOINT").starts_with("CHECKPOINT"));
  const std::string directory = ListCheckpointsOf(world.files, "/db").value().back().directory;
  const auto wanted = Lines(*live, "SELECT * FROM by_key");
  const std::vector<std::string> names = world.files.List(directory).value();
  uint64_t found = 0;
  for (int round = 0; round < 150; ++round) {
    const std::string file = os::JoinPath(directory, names[random.Below(names.size())]);
    const uint64_t at = random.Below(world.files.Stat(file).value().bytes);
    const auto bit = static_cast<uint32_t>(random.Below(8));
    CAPTURE(file);
    CAPTURE(at);
    REQUIRE(world.files.FlipBit(file, at, bit).ok());
    const auto shown = world.TryShow(directory);
    if (shown) {
      const auto lines = Lines(*shown->database, "SELECT * FROM by_key");
      const bool is_error = lines.size() > 0 && lines.back().find("LDB-S002") != std::string::npos;
      CHECK((is_error || lines == wanted));
      found += is_error ? 1 : 0;
    } else {
      CHECK(shown.error().code() == ErrorCode::kCorrupt);
      ++found;
    }
    REQUIRE(world.files.FlipBit(file, at, bit).ok());
  }
  CHECK(found > 30);
}

}  // namespace
}  // namespace laminar::engine
