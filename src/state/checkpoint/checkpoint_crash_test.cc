// The law under power cuts and single failures at every file call, and under damage of every kind.
#include "base/crc32c.h"
#include "state/checkpoint/checkpoint_files.h"
#include "state/checkpoint/checkpoint_manifest.h"
#include "state/checkpoint/checkpoint_store_test.h"

namespace laminar::state {
namespace {

struct Outcome {
  std::vector<Model> models;  // what stood in the store at each publish that was begun; [0] is the start
  size_t acknowledged = 0;    // index of the last that returned ok
};

// A start, then three publishes with deltas between; goes on after failures as ring 1 would, as far as it can.
Outcome RunThree(World& world, const Model& start, uint64_t seed) {
  Outcome outcome;
  outcome.models.push_back(start);
  const auto store = world.TryOpen();
  if (!store) return outcome;
  Random random(seed);
  Model model = start;
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    for (int i = 0; i < 3; ++i) {
      const Model before = model;
      const std::string delta = RandomDelta(random, 30, model);
      if (!(*store)->Apply(delta).ok()) model = before;
    }
    outcome.models.push_back(model);
    if ((*store)->Publish(epoch, {}).has_value()) outcome.acknowledged = outcome.models.size() - 1;
  }
  return outcome;
}

void CheckLaw(World& world, const Outcome& outcome) {
  const auto store = world.TryOpen();
  REQUIRE_MESSAGE(store.has_value(), (store ? "" : store.error().ToString()));
  const Model found = All(**store);
  bool is_known = false;
  for (size_t i = outcome.acknowledged; i < outcome.models.size(); ++i) is_known |= found == outcome.models[i];
  CHECK(is_known);
  // And the store that came back is a whole one.
  std::string delta;
  DeltaWriter(delta).Put("after", "crash");
  Must((*store)->Apply(delta));
  Must((*store)->Publish(9, {}));
  CHECK(world.skipped.empty());
}

TEST_CASE("after a power cut at any file call a start finds the last publish that was acknowledged, or a later one") {
  uint64_t calls = 0;
  {
    World world;
    Random random(1);
    Model start;
    {
      const auto store = world.Open();
      Must(store->Apply(RandomDelta(random, 100, start)));
      Must(store->Publish(1, {}));
    }
    const uint64_t before = world.files.CallCount();
    CHECK(RunThree(world, start, 77).acknowledged == 3);
    calls = world.files.CallCount() - before;
  }
  MESSAGE("file calls: " << calls);
  CHECK(calls > 100);
  for (const bool is_first : {true, false}) {  // on an empty disk; and with checkpoints, so that retention takes part
    for (uint64_t at = 1; at <= calls + 5; ++at) {
      CAPTURE(is_first);
      CAPTURE(at);
      World world;
      Random random(at);
      Model start;
      if (!is_first) {
        const auto store = world.Open();
        Must(store->Apply(RandomDelta(random, 100, start)));
        Must(store->Publish(1, {}));
      }
      world.files.Plan({.kind = sim::FileFault::Kind::kPowerCut, .at_call = at});
      const Outcome outcome = RunThree(world, start, 77);
      if (random.OneIn(4)) {
        world.files.Crash();
      } else {
        world.files.CrashTorn(random);
      }
      CheckLaw(world, outcome);
    }
  }
}

TEST_CASE("a power cut in the start after a power cut is survived too") {
  World first;
  Random random(3);
  for (uint64_t round = 0; round < 120; ++round) {
    CAPTURE(round);
    World world;
    Model start;
    {
      const auto store = world.Open();
      for (uint64_t i = 1; i <= 4; ++i) {
        Must(store->Apply(RandomDelta(random, 40, start)));
        Must(store->Publish(i, {}));
      }
      world.files.Plan({.kind = sim::FileFault::Kind::kPowerCut, .at_call = 1 + random.Below(60)});
    }
    world.files.CrashTorn(random);
    for (int again = 0; again < 3; ++again) {
      world.files.Plan({.kind = sim::FileFault::Kind::kPowerCut, .at_call = 1 + random.Below(120)});
      (void)world.TryOpen();
      world.files.CrashTorn(random);
    }
    CHECK(All(*world.Open()) == start);
  }
}

TEST_CASE("one failing file call never loses what was acknowledged, and the store goes on") {
  using Kind = sim::FileFault::Kind;
  for (const Kind kind : {Kind::kError, Kind::kDiskFull, Kind::kTornWrite}) {
    for (uint64_t at = 1; at <= 420; ++at) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(at);
      World world;
      world.files.Plan({.kind = kind, .at_call = at});
      const Outcome outcome = RunThree(world, {}, 78);
      world.files.ClearFaults();
      if (outcome.models.size() > 1 && kind != Kind::kError) CHECK(outcome.acknowledged > 0);
      Random random(at);
      world.files.CrashTorn(random);
      CheckLaw(world, outcome);
    }
  }
}

TEST_CASE("a table whose sync fails, and whose removal fails after it, does not get into a checkpoint as it is") {
  using Kind = sim::FileFault::Kind;
  for (uint64_t at = 1; at <= 200; ++at) {
    CAPTURE(at);
    World world;
    world.files.Plan({.kind = Kind::kError, .at_call = at, .times = 2});
    const Outcome outcome = RunThree(world, {}, 79);
    world.files.ClearFaults();
    Random random(at);
    world.files.CrashTorn(random);
    CheckLaw(world, outcome);
  }
}

// A world with checkpoints of epochs 1 to 3, and what they hold.
struct ThreeCheckpoints {
  World world;
  std::vector<Model> models{1};
  std::vector<CheckpointInfo> infos;

  explicit ThreeCheckpoints(uint64_t seed) {
    Random random(seed);
    const auto store = world.Open();
    Model model;
    for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
      Must(store->Apply(RandomDelta(random, 100, model)));
      Must(store->Publish(epoch, {}));
      models.push_back(model);
    }
    infos = store->List();
  }
  std::string Path(size_t index, std::string_view name) const { return os::JoinPath(infos[index].directory, name); }
  // Of the table that only this checkpoint and later ones have.
  std::string NewTable(size_t index) {
    std::string found;
    for (const ManifestFile& file : Must(LoadManifest(world.files, infos[index].directory)).files) {
      if (IsTableName(file.name) && !file.is_shared) found = file.name;
    }
    REQUIRE(!found.empty());
    return found;
  }
};

TEST_CASE("any flipped bit of any file of the newest checkpoint is found, and the one before is used") {
  Random random(4);
  for (int round = 0; round < 60; ++round) {
    ThreeCheckpoints three(100 + static_cast<uint64_t>(round % 3));
    std::vector<std::string> names = {"manifest.json", "CURRENT", three.NewTable(2)};
    names.emplace_back(DescriptorOf(Must(LoadManifest(three.world.files, three.infos[2].directory))).name);
    const std::string path = three.Path(2, names[random.Below(names.size())]);
    CAPTURE(path);
    const uint64_t bytes = Must(three.world.files.Stat(path)).bytes;
    const uint64_t at = random.Below(bytes);
    CAPTURE(at);
    Must(three.world.files.FlipBit(path, at, static_cast<uint32_t>(random.Below(8))));
    CHECK(CodeOf(VerifyCheckpoint(three.world.files, three.infos[2].directory)) == ErrorCode::kCorrupt);
    const auto store = three.world.Open();
    REQUIRE(three.world.skipped.size() == 1);
    CHECK(three.world.skipped[0].find(three.infos[2].directory) != std::string::npos);
    CHECK(store->base()->epoch == 2);
    CHECK(store->List().size() == 2);
    CHECK(All(*store) == three.models[2]);
    // The damaged one stays for inspection until it is older than all that are kept, and its number is not used again.
    CHECK(three.world.files.Exists(three.infos[2].directory));
    for (uint64_t epoch = 4; epoch <= 6; ++epoch) CHECK(Must(store->Publish(epoch, {})).id > three.infos[2].id);
    CHECK(!three.world.files.Exists(three.infos[2].directory));
  }
}

TEST_CASE("missing, short and long files are damage") {
  for (int kind = 0; kind < 4; ++kind) {
    CAPTURE(kind);
    ThreeCheckpoints three(7);
    const std::string path = three.Path(2, kind == 3 ? std::string(kManifestName) : three.NewTable(2));
    {
      const auto file = Must(three.world.files.Open(path, os::OpenMode::kReadWrite));
      const uint64_t bytes = Must(file->Size());
      if (kind == 0) Must(file->Truncate(bytes - 1));
      if (kind == 1) Must(file->Append("x"));
    }
    if (kind >= 2) Must(three.world.files.Remove(path));
    CHECK(CodeOf(VerifyCheckpoint(three.world.files, three.infos[2].directory)) == ErrorCode::kCorrupt);
    CHECK(CodeOf(ReadCheckpoint(three.world.files, three.infos[2].directory, "", "")) == ErrorCode::kCorrupt);
    const auto store = three.world.Open();
    CHECK(three.world.skipped.size() == 1);
    CHECK(All(*store) == three.models[2]);
  }
}

TEST_CASE("damage in a shared file spares only checkpoints that do not have it; when all do there is none to use") {
  ThreeCheckpoints three(8);
  Must(three.world.files.FlipBit(three.Path(1, three.NewTable(1)), 100, 3));
  {
    const auto store = three.world.Open();
    CHECK(three.world.skipped.size() == 2);
    CHECK(All(*store) == three.models[1]);
  }
  Must(three.world.files.FlipBit(three.Path(0, three.NewTable(0)), 100, 3));
  const auto none = three.world.TryOpen();
  CHECK(CodeOf(none) == ErrorCode::kNoUsableCheckpoint);
  CHECK(three.world.skipped.size() == 3);
  // Nothing was removed: the next try finds the same.
  CHECK(CodeOf(three.world.TryOpen()) == ErrorCode::kNoUsableCheckpoint);
}

TEST_CASE("of a large checkpoint a start reads a part only, and damage in a block shows when it is read") {
  ThreeCheckpoints three(9);
  const std::string table = three.Path(0, three.NewTable(0));
  Must(three.world.files.FlipBit(table, 50, 1));
  CheckpointOptions options = three.world.options();
  options.read_bytes_max = 0;
  const auto store = Must(CheckpointStore::Open(options, &three.world.skipped));
  CHECK(store->base()->epoch == 3);
  const auto cursor = store->Scan("", "");
  Status status = cursor ? Status::Ok() : cursor.error();
  if (cursor) {
    while ((*cursor)->valid()) (*cursor)->Next();
    status = (*cursor)->status();
  }
  CHECK(status.code() == ErrorCode::kCorrupt);
  CHECK(status.message().find("/db/state/live-") != std::string::npos);
}

TEST_CASE("a checkpoint of another database or of another format is refused, not skipped") {
  ThreeCheckpoints three(10);
  CheckpointOptions options = three.world.options();
  options.database_id = 99;
  CHECK(CodeOf(CheckpointStore::Open(options, nullptr)) == ErrorCode::kForeignFile);
  const std::string path = three.Path(2, kManifestName);
  std::string text = Must(three.world.files.ReadWhole(path, 1 << 20));
  const size_t at = text.find("\"format\":1");
  REQUIRE(at != std::string::npos);
  text.replace(at, 10, "\"format\":2");
  const size_t sum = text.find("\"crc32c\":\"") + 10;
  std::string bare = text;
  bare.erase(sum, 8);
  char hex[9];
  std::snprintf(hex, sizeof hex, "%08x", Crc32c(0, bare));
  text.replace(sum, 8, hex);
  Must(three.world.files.WriteWhole(path, text));
  CHECK(CodeOf(three.world.TryOpen()) == ErrorCode::kFormatVersion);
  CHECK(CodeOf(VerifyCheckpoint(three.world.files, three.infos[2].directory)) == ErrorCode::kFormatVersion);
}

TEST_CASE("a whole checkpoint under another number is not believed") {
  ThreeCheckpoints three(11);
  Must(three.world.files.Rename(three.infos[0].directory, "/db/state/" + NumberedName(kCheckpointPrefix, 1000)));
  const auto store = three.world.Open();
  CHECK(three.world.skipped.size() == 1);
  CHECK(All(*store) == three.models[3]);
  CHECK(Must(store->Publish(4, {})).id > 1000);
}

TEST_CASE("what others put into the directory stays, and what unfinished runs left goes") {
  ThreeCheckpoints three(12);
  Must(three.world.files.WriteWhole("/db/state/notes.txt", "mine"));
  Must(three.world.files.CreateDirectory("/db/state/" + NumberedName(kTemporaryPrefix, 5)));
  Must(three.world.files.CreateDirectory("/db/state/" + NumberedName(kLivePrefix, 6) + "/sub"));
  Must(three.world.files.CreateDirectory("/db/state/live-7"));
  {
    const auto store = three.world.Open();
  }
  const auto names = Must(three.world.files.List("/db/state"));
  CHECK(names.size() == 5);
  CHECK(three.world.files.Exists("/db/state/notes.txt"));
  CHECK(three.world.files.Exists("/db/state/live-7"));
}

}  // namespace
}  // namespace laminar::state
