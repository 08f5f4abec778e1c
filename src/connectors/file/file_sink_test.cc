// The law of the file sink: whatever call the power is cut at, and again while it goes on, the file that comes out has
// the bytes of a run without a crash, and nobody ever sees another under its name.
#include <doctest/doctest.h>

#include "connectors/file/file.h"
#include "connectors/file/sink_token.h"
#include "formats/testing/random_rows.h"
#include "sdk/conformance/position_laws.h"
#include "sdk/conformance/source_laws.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::connectors {

namespace {

using data::TypeId;
using OptionList = std::vector<std::pair<std::string, std::string>>;

struct Setup {
  std::string file = "out.csv";
  OptionList options;
  bool has_old_file = false;
  bool is_changelog() const {
    for (const auto& [key, value] : options) {
      if (value == "changelog") return true;
    }
    return false;
  }
  bool is_in_place() const {
    for (const auto& [key, value] : options) {
      if (key == "in_place") return true;
    }
    return false;
  }
};

data::Schema Columns() { return data::Schema({{"id", TypeId::kInt64, false}, {"text", TypeId::kVarchar, true}}); }

constexpr std::string_view kOld = "an older file\n";

// One sink's life: batches, epochs, the end; it can be cut off and goes on from what was decided.
class Model {
 public:
  Model(const Setup& setup, uint64_t seed) : setup_(setup), random_(seed) {
    REQUIRE(files.CreateDirectory("/d").ok());
    REQUIRE(files.SyncDirectory("/").ok());
    if (setup.has_old_file) REQUIRE(files.WriteWhole(path(), kOld).ok());
    Random script(seed);
    int id = 0;
    const uint64_t steps = script.Below(8) + 2;
    for (uint64_t i = 0; i < steps; ++i) {
      if (script.OneIn(3)) {
        steps_.push_back({.kind = Step::kEpoch});
        continue;
      }
      Step step{.kind = Step::kWrite, .first = id, .count = static_cast<int>(script.Below(30)) + 1, .seed = i};
      id += step.count;
      steps_.push_back(step);
    }
    // The end is closed within its last epoch, or behind it.
    const bool is_last_decided = script.OneIn(2);
    if (is_last_decided) steps_.push_back({.kind = Step::kEpoch});
    steps_.push_back({.kind = Step::kClose});
    if (!is_last_decided) steps_.push_back({.kind = Step::kEpoch});
  }

  std::string path() const { return "/d/" + setup_.file; }
  std::string Bytes(const std::string& at) { return files.ReadWhole(at, 1 << 30).value(); }

  // Runs from the last decided epoch; false: something failed on the way. Some decisions get lost behind Prepare.
  bool Run() {
    sdk::SinkRequest request;
    request.name = "k";
    request.schema = Columns();
    OptionList options = setup_.options;
    options.emplace_back("path", path());
    request.options = sdk::Options(options);
    request.is_durable = true;
    request.resume = token_;
    auto opened = connector_.OpenSink(std::move(request));
    if (!opened.has_value()) {
      last_error = opened.error().ToString();
      return false;
    }
    for (size_t i = next_; i < steps_.size(); ++i) {
      const Status status = Do(**opened, i);
      if (status.ok()) continue;
      last_error = status.ToString();
      return false;
    }
    return true;
  }

  // The power goes; what follows is a new process.
  void Crash() {
    files.CrashTorn(random_);
    if (!token_.has_value()) token_ = "";
  }

  sim::SimClock clock;
  sim::SimFileSystem files{clock};
  std::string last_error;

 private:
  struct Step {
    enum Kind { kWrite, kEpoch, kClose } kind;
    int first = 0;
    int count = 0;
    uint64_t seed = 0;
  };

  Status Do(sdk::Sink& sink, size_t i) {
    const Step& step = steps_[i];
    if (step.kind == Step::kClose) return sink.Close();
    if (step.kind == Step::kEpoch) {
      std::string token;
      TRY(sink.Prepare(i, token));
      if (random_.OneIn(8)) return Status(ErrorCode::kIo, "the decision was lost");
      REQUIRE(sink.can_resume());
      token_ = token;
      next_ = i + 1;
      return sink.Commit(i);
    }
    Random random(step.seed);
    data::BatchBuffer rows(Columns().Types());
    for (int row = 0; row < step.count; ++row) {
      const data::Value values[] = {data::Value::Int(step.first + row),
                                    data::Value::String(formats::testing::RandomText(random))};
      rows.AppendRow(values, setup_.is_changelog() && random.OneIn(3) ? -1 : 1);
    }
    return sink.Write(rows.batch());
  }

  const Setup setup_;
  Random random_;
  FileConnector connector_{files, clock};
  std::vector<Step> steps_;
  size_t next_ = 0;  // behind the last decided epoch
  std::optional<std::string> token_;
};

// Runs to the end, with up to two power cuts planned; more come by lost decisions.
void CheckCrashes(const Setup& setup, uint64_t seed) {
  Model whole(setup, seed);
  while (!whole.Run()) {
    REQUIRE(whole.last_error.find("decision was lost") != std::string::npos);
    whole.Crash();
  }
  const std::string expected = whole.Bytes(whole.path());
  const uint64_t calls = whole.files.CallCount();
  for (uint64_t at = 1; at < calls; ++at) {
    CAPTURE(at);
    Model model(setup, seed);
    Random random(seed * 1000 + at);
    const uint64_t before = model.files.CallCount();
    if (at <= before) continue;
    model.files.Plan({.kind = sim::FileFault::Kind::kPowerCut, .at_call = at - before});
    for (int crashes = 0; !model.Run(); ++crashes) {
      CAPTURE(model.last_error);
      const bool expected_failure = model.last_error.find("simulated") != std::string::npos ||
                                    model.last_error.find("decision was lost") != std::string::npos;
      REQUIRE(expected_failure);
      model.Crash();
      if (!setup.is_in_place() && model.files.Exists(model.path())) {
        const std::string seen = model.Bytes(model.path());
        REQUIRE((seen == expected || (setup.has_old_file && seen == kOld)));
      }
      REQUIRE(crashes < 100);
      if (crashes < 3 && random.OneIn(2)) {
        model.files.Plan({.kind = sim::FileFault::Kind::kPowerCut, .at_call = random.Below(40) + 1});
      }
    }
    model.files.ClearFaults();
    REQUIRE(model.Bytes(model.path()) == expected);
    CHECK(model.files.List("/d").value() == std::vector<std::string>{setup.file});
    // All was synced: nothing is lost any more.
    model.files.Crash();
    REQUIRE(model.Bytes(model.path()) == expected);
    CHECK(model.files.List("/d").value() == std::vector<std::string>{setup.file});
    // A later process finds the complete file and leaves it there.
    const uint64_t identity = model.files.Stat(model.path())->identity;
    REQUIRE(model.Run());
    REQUIRE(model.Bytes(model.path()) == expected);
    CHECK(model.files.Stat(model.path())->identity == identity);
    CHECK(model.files.List("/d").value() == std::vector<std::string>{setup.file});
  }
}

}  // namespace

TEST_CASE("whatever call the power is cut at, each row is in the file exactly once") {
  const Setup setups[] = {{.file = "out.csv"},
                          {.file = "out.csv", .has_old_file = true},
                          {.file = "out.csv", .options = {{"in_place", "true"}}},
                          {.file = "out.csv", .options = {{"header", "false"}, {"delimiter", ";"}}},
                          {.file = "out.jsonl", .options = {{"envelope", "changelog"}}},
                          {.file = "out.jsonl", .options = {{"in_place", "true"}}, .has_old_file = true},
                          {.file = "out.csv", .options = {{"envelope", "changelog"}, {"in_place", "true"}}},
                          {.file = "out.parquet"},
                          {.file = "out.parquet", .has_old_file = true},
                          {.file = "out.arrow"}};
  for (const Setup& setup : setups) {
    for (uint64_t seed = 1; seed <= 12; ++seed) {
      CAPTURE(setup.file);
      CAPTURE(setup.has_old_file);
      CAPTURE(setup.options.size());
      CAPTURE(seed);
      CheckCrashes(setup, seed);
    }
  }
}

namespace {

// A sink of two columns with a token for each epoch, on a disk that works.
struct Desk {
  explicit Desk(OptionList list) : options(std::move(list)) { REQUIRE(files.CreateDirectory("/d").ok()); }
  sdk::SinkRequest Request(std::optional<std::string> resume = std::nullopt) {
    sdk::SinkRequest request;
    request.name = "k";
    request.schema = Columns();
    request.options = sdk::Options(options);
    request.is_durable = true;
    request.resume = std::move(resume);
    return request;
  }
  void Open(std::optional<std::string> resume = std::nullopt) {
    auto opened = connector.OpenSink(Request(std::move(resume)));
    if (!opened.has_value()) MESSAGE(opened.error().ToString());
    REQUIRE(opened.has_value());
    sink = std::move(*opened);
  }
  Status Refused(const std::string& token) { return connector.OpenSink(Request(token)).error(); }
  void Write(int64_t id, const std::string& text) {
    data::BatchBuffer rows(Columns().Types());
    const data::Value values[] = {data::Value::Int(id), data::Value::String(text)};
    rows.AppendRow(values);
    REQUIRE(sink->Write(rows.batch()).ok());
  }
  std::string Prepare() {
    std::string token;
    REQUIRE(sink->Prepare(++epoch, token).ok());
    REQUIRE(sink->Commit(epoch).ok());
    return token;
  }
  std::string Bytes(const std::string& path) { return files.ReadWhole(path, 1 << 20).value(); }
  void Replace(const std::string& path, std::string_view bytes) {
    REQUIRE(files.Open(path, os::OpenMode::kReplace).value()->Append(bytes).ok());
  }

  OptionList options;
  sim::SimClock clock;
  sim::SimFileSystem files{clock};
  FileConnector connector{files, clock};
  std::unique_ptr<sdk::Sink> sink;
  uint64_t epoch = 0;
};

}  // namespace

TEST_CASE("a file that is shorter, another, gone, or of other options is refused by name") {
  Desk desk(OptionList{{"path", "/d/out.csv"}});
  desk.Open();
  desk.Write(1, "one");
  const std::string first = desk.Prepare();
  desk.Write(2, "two");
  const std::string second = desk.Prepare();
  desk.sink.reset();
  const std::string good = desk.Bytes("/d/out.csv.part");
  CHECK(good == "id,text\n1,one\n2,two\n");
  desk.Replace("/d/out.csv.part", good.substr(0, good.size() - 1));
  Status refused = desk.Refused(second);
  CHECK(refused.code() == ErrorCode::kBadFile);
  CHECK(refused.message().find("behind byte 20 of '/d/out.csv': '/d/out.csv.part' has 19 bytes; '/d/out.csv' is not") !=
        std::string::npos);
  desk.Replace("/d/out.csv.part", "id,text\n1,one\n2,TWO\n3,three\n");
  refused = desk.Refused(second);
  CHECK(refused.code() == ErrorCode::kBadFile);
  CHECK(refused.message().find("is another file or was rewritten") != std::string::npos);
  REQUIRE(desk.files.Remove("/d/out.csv.part").ok());
  CHECK(desk.Refused(second).code() == ErrorCode::kBadFile);
  desk.Replace("/d/out.csv.part", good);
  const OptionList options = desk.options;
  desk.options = {{"path", "/d/other.csv"}};
  CHECK(desk.Refused(second).code() == ErrorCode::kBadFile);
  desk.options = {{"path", "/d/out.csv"}, {"format", "json"}};
  CHECK(desk.Refused(second).code() == ErrorCode::kBadFile);
  desk.options = {{"path", "/d/out.csv"}, {"envelope", "changelog"}};
  CHECK(desk.Refused(second).code() == ErrorCode::kBadFile);
  desk.options = options;
  Random random(1);
  for (int round = 0; round < 2000; ++round) {
    const std::string tampered = sdk::TamperWithToken(random, second);
    if (tampered == second || tampered.empty()) continue;
    const auto opened = desk.connector.OpenSink(desk.Request(tampered));
    if (opened.has_value()) {  // another length whose marks are the same: the empty one
      desk.Replace("/d/out.csv.part", good);
      continue;
    }
    const ErrorCode code = opened.error().code();
    const bool expected =
        code == ErrorCode::kCorrupt || code == ErrorCode::kFormatVersion || code == ErrorCode::kBadFile;
    if (!expected) MESSAGE(opened.error().ToString());
    REQUIRE(expected);
  }
  desk.Open(first);
  desk.Write(7, "seven");
  REQUIRE(desk.sink->Close().ok());
  CHECK(desk.Bytes("/d/out.csv") == "id,text\n1,one\n7,seven\n");
}

TEST_CASE("a sink opened behind its complete file leaves it alone, and takes it up again when rows come") {
  Desk desk(OptionList{{"path", "/d/out.csv"}});
  desk.Open();
  desk.Write(1, "one");
  REQUIRE(desk.sink->Close().ok());
  const std::string complete = desk.Prepare();
  CHECK(desk.sink->Write(data::BatchBuffer(Columns().Types()).batch()).code() == ErrorCode::kClosed);
  desk.Open(complete);
  CHECK(desk.Prepare() == complete);
  REQUIRE(desk.sink->Close().ok());
  CHECK(desk.files.List("/d").value() == std::vector<std::string>{"out.csv"});
  desk.Open(complete);
  desk.Write(2, "two");
  CHECK(!desk.files.Exists("/d/out.csv"));
  const std::string more = desk.Prepare();
  REQUIRE(desk.sink->Close().ok());
  CHECK(desk.Bytes("/d/out.csv") == "id,text\n1,one\n2,two\n");
  desk.Open(more);
  REQUIRE(desk.sink->Close().ok());
  CHECK(desk.Bytes("/d/out.csv") == "id,text\n1,one\n2,two\n");

  Desk parquet(OptionList{{"path", "/d/out.parquet"}});
  parquet.Open();
  parquet.Write(1, "one");
  REQUIRE(parquet.sink->Close().ok());
  const std::string whole = parquet.Prepare();
  parquet.Open(whole);
  data::BatchBuffer rows(Columns().Types());
  const data::Value values[] = {data::Value::Int(2), data::Value::Null()};
  rows.AppendRow(values);
  CHECK(parquet.sink->Write(rows.batch()).code() == ErrorCode::kClosed);
  CHECK(parquet.files.List("/d").value() == std::vector<std::string>{"out.parquet"});
}

// The database with such a sink could not be opened any more.
TEST_CASE("rows that were added to a complete file and not decided are taken back, whatever name it has by then") {
  for (const char* in_place : {"false", "true"}) {
    for (const char* then : {"a crash", "an undecided epoch", "it was dropped"}) {
      CAPTURE(in_place);
      CAPTURE(then);
      Desk desk(OptionList{{"path", "/d/out.csv"}, {"in_place", in_place}});
      desk.Open();
      desk.Write(1, "one");
      REQUIRE(desk.sink->Close().ok());
      const std::string complete = desk.Prepare();
      desk.Open(complete);
      desk.Write(2, "two");
      if (std::string_view(then) == "an undecided epoch") desk.Prepare();
      if (std::string_view(then) == "it was dropped") REQUIRE(desk.sink->Close().ok());
      desk.Open(complete);
      CHECK(desk.Bytes("/d/out.csv") == "id,text\n1,one\n");
      desk.Write(3, "three");
      REQUIRE(desk.sink->Close().ok());
      CHECK(desk.Bytes("/d/out.csv") == "id,text\n1,one\n3,three\n");
      CHECK(desk.files.List("/d").value() == std::vector<std::string>{"out.csv"});
      desk.Replace("/d/out.csv", "id,text\n9,other, and longer\n");
      CHECK(desk.Refused(complete).code() == ErrorCode::kBadFile);
    }
  }
}

TEST_CASE("delivered at least once, no row is lost and whole rows behind the last decided one stay") {
  for (const char* name : {"out.csv", "out.jsonl", "out.parquet"}) {
    CAPTURE(name);
    const std::string path = std::string("/d/") + name;
    Desk desk(OptionList{{"path", path}, {"delivery", "at_least_once"}});
    desk.Open();
    CHECK(!desk.sink->can_resume());
    desk.Write(1, "one\nand more");
    const std::string token = desk.Prepare();
    desk.Write(2, "two");
    (void)desk.Prepare();
    desk.sink.reset();
    auto part = desk.files.Open(path + ".part", os::OpenMode::kReadWrite).value();
    REQUIRE(part->Append(std::string_view(name) == "out.jsonl" ? "{\"id\":3,\"text\":" : "3,\"half\n").ok());
    desk.Open(token);
    desk.Write(2, "two");
    desk.Write(3, "half\nwhole");
    REQUIRE(desk.sink->Close().ok());
    sdk::SourceRequest source;
    source.name = "s";
    source.schema = Columns();
    source.options = sdk::Options(OptionList{{"path", path}});
    const auto read = sdk::ReadAll(desk.connector, source, 100, 100);
    CHECK(read.error == "");
    CHECK(read.bad_rows.empty());
    CHECK(read.rows ==
          std::vector<std::string>{"1\x1fone\nand more\x1f", "2\x1ftwo\x1f", "2\x1ftwo\x1f", "3\x1fhalf\nwhole\x1f"});
  }
}

TEST_CASE("of a sink that is abandoned nothing is left, and an older file keeps its name") {
  for (const char* file : {"out.csv", "out.parquet"}) {
    for (const bool is_durable : {false, true}) {
      for (const bool in_place : {false, true}) {
        if (in_place && std::string_view(file) == "out.parquet") continue;  // not to be had
        CAPTURE(file);
        CAPTURE(is_durable);
        CAPTURE(in_place);
        const std::string path = std::string("/d/") + file;
        Desk desk({{"path", path}});
        if (in_place) desk.options.emplace_back("in_place", "true");
        desk.Replace(path, kOld);
        sdk::SinkRequest request = desk.Request();
        request.is_durable = is_durable;
        desk.sink = desk.connector.OpenSink(std::move(request)).value();
        desk.Write(1, "one");
        desk.Prepare();
        desk.Write(2, "two");
        desk.sink->Abandon();
        desk.sink.reset();
        CHECK(desk.files.List("/d").value().size() == (in_place ? 0 : 1));
        if (!in_place) CHECK(desk.Bytes(path) == kOld);
      }
    }
  }
}

TEST_CASE("the delivery of a sink is checked, and told by the sink") {
  Desk desk(OptionList{{"path", "/d/out.csv"}, {"delivery", "twice"}});
  CHECK(desk.connector.CheckSink(desk.Request()).error().code() == ErrorCode::kBadOption);
  desk.options = {{"path", "/d/out.parquet"}, {"in_place", "true"}};
  CHECK(desk.connector.CheckSink(desk.Request()).error().code() == ErrorCode::kBadOption);
  desk.options = {{"path", "/d/out.parquet"}};
  sdk::SinkRequest request = desk.Request();
  request.is_durable = false;
  desk.sink = desk.connector.OpenSink(request).value();
  CHECK(!desk.sink->can_resume());  // nobody would keep the tokens: straight into the file
  CHECK(desk.Prepare().empty());
  CHECK(desk.Bytes("/d/out.parquet.part").starts_with("PAR1"));
  desk.options = {{"path", "/d/out.parquet"}, {"delivery", "Exactly_Once"}};
  request = desk.Request();
  request.is_durable = false;
  desk.sink = desk.connector.OpenSink(request).value();
  CHECK(desk.sink->can_resume());
  desk.Write(1, "one");
  REQUIRE(desk.sink->Close().ok());
  CHECK(desk.files.List("/d").value() == std::vector<std::string>{"out.parquet"});
  // Columns a format cannot hold are found out when the sink is opened, not when it is closed.
  request = desk.Request();
  request.schema = data::Schema({{"i", TypeId::kInterval, true}});
  CHECK(!desk.connector.OpenSink(request).has_value());
}

}  // namespace laminar::connectors
