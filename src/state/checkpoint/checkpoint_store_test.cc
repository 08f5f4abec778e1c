#include "state/checkpoint/checkpoint_store.h"

#include "os/process.h"
#include "state/checkpoint/checkpoint_store_test.h"

namespace laminar::state {
namespace {

std::string PutDelta(const std::string& key, const std::string& value) {
  std::string delta;
  DeltaWriter(delta).Put(key, value);
  return delta;
}

std::string ManyDelta(uint64_t first, uint64_t behind, size_t value_bytes, Random& random) {
  std::string delta;
  DeltaWriter writer(delta);
  for (uint64_t i = first; i < behind; ++i) {
    char key[32];
    std::snprintf(key, sizeof key, "key%012llu", static_cast<unsigned long long>(i));
    writer.Put(key, RandomBytes(random, value_bytes));
  }
  return delta;
}

TEST_CASE("an empty store starts without a base, and what is put into it can be read") {
  World world;
  const auto store = world.Open();
  CHECK(!store->base().has_value());
  CHECK(All(*store).empty());
  CHECK(store->List().empty());
  Must(store->Apply(PutDelta("a", "1")));
  CHECK(Must(store->Get("a")) == "1");
  CHECK(!Must(store->Get("b")).has_value());
  CHECK(store->memory_bytes() > 0);
}

TEST_CASE("a store gives back after any publish and start exactly what was applied before the publish") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    World world;
    auto store = world.Open();
    Model model;      // of the live store
    Model published;  // at the last publish
    uint64_t epoch = 0;
    std::vector<WalPosition> log;
    for (int step = 0; step < 60; ++step) {
      switch (random.Below(8)) {
        case 0: {
          log = {{random.Below(9), random.Next(), random.Next()}, {1, 2, 3}};
          const CheckpointInfo info = Must(store->Publish(++epoch, log));
          CHECK(info.epoch == epoch);
          CHECK(info.created == world.clock.WallMicros());
          published = model;
          break;
        }
        case 1: {
          store.reset();
          if (random.OneIn(2)) world.files.CrashTorn(random);
          store = world.Open();
          CHECK(world.skipped.empty());
          model = published;
          CHECK(store->base().has_value() == (epoch > 0));
          if (epoch > 0) CHECK(store->base()->epoch == epoch);
          if (epoch > 0) CHECK(store->base()->log == log);
          break;
        }
        case 2: {
          const std::string first = RandomKey(random);
          const std::string behind = RandomKey(random);
          Model expected;
          for (const auto& [key, value] : model) {
            if (key >= first && (behind.empty() || key < behind)) expected[key] = value;
          }
          CHECK(Drain(store->Scan(first, behind)) == expected);
          break;
        }
        case 3: {
          const std::string key = RandomKey(random);
          const auto found = model.find(key);
          const auto value = Must(store->Get(key));
          CHECK(value.has_value() == (found != model.end()));
          if (value) CHECK(*value == found->second);
          break;
        }
        default: Must(store->Apply(RandomDelta(random, random.Below(60), model)));
      }
      world.clock.Advance(kSecond);
    }
    CHECK(All(*store) == model);
  }
}

TEST_CASE("a delta is applied whole or not at all, and must be one") {
  World world;
  const auto store = world.Open();
  std::string delta = PutDelta("a", "1") + PutDelta("b", "2");
  CHECK(store->Apply(std::string_view(delta).substr(0, delta.size() - 1)).code() == ErrorCode::kCorrupt);
  CHECK(All(*store).empty());
  delta += "\x09";
  CHECK(store->Apply(delta).code() == ErrorCode::kCorrupt);
  CHECK(All(*store).empty());
  Must(store->Apply(""));
  delta.clear();
  DeltaWriter(delta).DeleteRange("z", "a");  // backward: nothing
  Must(store->Apply(PutDelta("m", "1")));
  Must(store->Apply(delta));
  CHECK(All(*store).size() == 1);
  CHECK(Drain(store->Scan("z", "a")).empty());
}

TEST_CASE("a cursor shows the moment it was made, also when the store is gone") {
  World world;
  auto store = world.Open();
  Must(store->Apply(PutDelta("a", "1") + PutDelta("b", "2")));
  auto cursor = store->Scan("", "");
  Must(store->Apply(PutDelta("a", "3") + PutDelta("c", "4")));
  Must(store->Publish(1, {}));
  store.reset();
  CHECK(Drain(std::move(cursor)) == Model{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("exactly the wanted number of checkpoints is kept, and the files they share outlive the older ones") {
  World world;
  Random random(5);
  auto store = world.Open();
  Model model;
  Must(store->Apply(ManyDelta(0, 2000, 50, random)));
  for (uint64_t i = 1; i <= 7; ++i) {
    Must(store->Apply(PutDelta("x" + std::to_string(i), "y")));
    const CheckpointInfo info = Must(store->Publish(i, {}));
    CHECK(info.directory.ends_with("checkpoint-000000000000000000" + std::string(info.id < 10 ? "0" : "") +
                                   std::to_string(info.id)));
    const std::vector<CheckpointInfo> kept = store->List();
    CHECK(kept.size() == std::min<size_t>(i, 3));
    CHECK(kept.back().epoch == i);
    CHECK(Must(ListCheckpoints(world.files, "/db/state")).size() == kept.size());
    if (i > 1) CHECK(info.new_bytes < info.bytes / 10);
    for (const CheckpointInfo& one : kept) CHECK(Must(VerifyCheckpoint(world.files, one.directory)).id == one.id);
  }
  model = All(*store);
  CHECK(model.size() == 2007);
  store.reset();
  // Nothing else is left of seven publishes.
  CHECK(Must(world.files.List("/db/state")).size() == 3);
  store = world.Open();
  CHECK(All(*store) == model);
  CHECK(store->List().size() == 3);
  CHECK(Must(store->Publish(8, {})).new_bytes < 20'000);
  CHECK(store->List().size() == 3);
}

TEST_CASE("a changed hundredth of a store writes about a hundredth of it") {
  World world;
  Random random(6);
  const auto store = world.Open();
  Must(store->Apply(ManyDelta(0, 40'000, 48, random)));
  const CheckpointInfo full = Must(store->Publish(1, {}));
  CHECK(full.new_bytes == full.bytes);
  CHECK(full.bytes > 40'000 * 60);
  Must(store->Apply(ManyDelta(20'000, 20'400, 48, random)));
  const CheckpointInfo second = Must(store->Publish(2, {}));
  CHECK(second.new_bytes * 100 < full.bytes * 3);
  CHECK(second.bytes > full.bytes);
  const CheckpointInfo idle = Must(store->Publish(3, {}));
  CHECK(idle.new_bytes < 10'000);
}

TEST_CASE("what is written and removed again and again does not fill the disk") {
  World world;
  Random random(7);
  auto store = world.Open();
  // Merging runs beside, so how many generations are there at once depends on the machine; it must come down again.
  uint64_t bytes = UINT64_MAX;
  uint64_t epoch = 0;
  while (epoch < 60 || (epoch < 5000 && bytes > uint64_t{5} * 2000 * 120)) {
    Must(store->Apply(ManyDelta(0, 2000, 100, random)));
    bytes = Must(store->Publish(++epoch, {})).bytes;
  }
  CHECK(epoch < 5000);
  CHECK(All(*store).size() == 2000);
}

const std::atomic<bool> kNever{false};

TEST_CASE("a copy of a checkpoint stands alone, belongs to another database and needs no log") {
  World world;
  Random random(8);
  auto store = world.Open();
  CHECK(CodeOf(store->Pin(1)) == ErrorCode::kNotFound);
  Model model;
  Must(store->Apply(RandomDelta(random, 300, model)));
  Must(store->Publish(1, {{7, 8, 9}}));
  Must(store->Apply(RandomDelta(random, 30, model)));
  const CheckpointInfo newest = Must(store->Publish(2, {{17, 18, 19}}));
  {
    const auto pin = Must(store->Pin(newest.id));
    CHECK(pin->info().epoch == 2);
    Must(world.files.CreateDirectory("/elsewhere"));
    CHECK(Must(pin->CopyTo("/elsewhere/save", 0x77, kNever)).bytes == newest.bytes);
    Must(world.files.SyncDirectory("/"));
    Must(world.files.SyncDirectory("/elsewhere"));
    CHECK(CodeOf(pin->CopyTo("/elsewhere/save", 0x77, kNever)) == ErrorCode::kAlreadyExists);
  }
  store.reset();
  Must(world.files.RemoveTree("/db"));
  Must(world.files.SyncDirectory("/"));
  world.files.Crash();
  const CheckpointInfo info = Must(VerifyCheckpoint(world.files, "/elsewhere/save"));
  CHECK(info.epoch == 2);
  CHECK(info.new_bytes == info.bytes);
  CHECK(info.log == std::vector<WalPosition>{{}});
  CHECK(Drain(ReadCheckpoint(world.files, "/elsewhere/save", "", "")) == model);
  // And a database can start from it, the one whose it is.
  Must(world.files.CreateDirectory("/db/state"));
  Must(world.files.Rename("/elsewhere/save", "/db/state/checkpoint-" + std::string(19, '0') + std::to_string(info.id)));
  CHECK(CodeOf(world.TryOpen()) == ErrorCode::kForeignFile);
  CheckpointOptions options = world.options();
  options.database_id = 0x77;
  CHECK(All(*Must(CheckpointStore::Open(options, nullptr))) == model);
}

TEST_CASE("what is pinned can be copied whatever retention does, and goes when it is released") {
  World world;
  Random random(10);
  const auto store = world.Open();
  Model model;
  Must(store->Apply(RandomDelta(random, 300, model)));
  const CheckpointInfo first = Must(store->Publish(1, {}));
  auto pin = Must(store->Pin(first.id));
  auto second_pin = Must(store->Pin(first.id));
  const Model pinned = model;
  for (Epoch epoch = 2; epoch <= 6; ++epoch) {
    Must(store->Apply(RandomDelta(random, 100, model)));
    Must(store->Publish(epoch, {}));
  }
  CHECK(store->List().size() == 3);
  CHECK(CodeOf(store->Pin(first.id)) == ErrorCode::kNotFound);
  // Its files are there, but a start would not take it for one that is kept.
  CHECK(world.files.Exists(first.directory));
  CHECK(CodeOf(VerifyCheckpoint(world.files, first.directory)) == ErrorCode::kCorrupt);
  pin.reset();
  Must(store->Publish(7, {}));
  Must(second_pin->CopyTo("/copy", 1, kNever));
  CHECK(Drain(ReadCheckpoint(world.files, "/copy", "", "")) == pinned);
  second_pin.reset();
  Must(store->Publish(8, {}));
  CHECK(!world.files.Exists(first.directory));
  CHECK(All(*store) == model);
}

TEST_CASE("a pin that a crash ends leaves nothing behind") {
  World world;
  Random random(11);
  Model model;
  std::string directory;
  {
    const auto store = world.Open();
    Must(store->Apply(RandomDelta(random, 300, model)));
    directory = Must(store->Publish(1, {})).directory;
    const auto pin = Must(store->Pin(store->List().back().id));
    for (Epoch epoch = 2; epoch <= 5; ++epoch) Must(store->Publish(epoch, {}));
    world.files.Plan({.kind = sim::FileFault::Kind::kPowerCut});
  }
  world.files.CrashTorn(random);
  const auto store = world.Open();
  CHECK(world.skipped.empty());
  CHECK(store->List().size() == 3);
  CHECK(All(*store) == model);
  Must(store->Publish(6, {}));
  CHECK(!world.files.Exists(directory));
}

TEST_CASE("a copy that is cancelled or meets damage says so") {
  World world;
  Random random(12);
  const auto store = world.Open();
  Model model;
  Must(store->Apply(RandomDelta(random, 300, model)));
  const CheckpointInfo info = Must(store->Publish(1, {}));
  const auto pin = Must(store->Pin(info.id));
  const std::atomic<bool> cancelled{true};
  CHECK(CodeOf(pin->CopyTo("/one", 1, cancelled)) == ErrorCode::kCancelled);
  for (const std::string& name : Must(world.files.List(info.directory))) {
    if (name.ends_with(".sst")) Must(world.files.FlipBit(os::JoinPath(info.directory, name), 60, 2));
  }
  CHECK(CodeOf(pin->CopyTo("/two", 1, kNever)) == ErrorCode::kCorrupt);
}

TEST_CASE("reading a checkpoint changes nothing on the disk") {
  World world;
  Random random(9);
  Model model;
  std::string directory;
  {
    const auto store = world.Open();
    Must(store->Apply(RandomDelta(random, 300, model)));
    directory = Must(store->Publish(1, {})).directory;
  }
  const auto names = Must(world.files.List(directory));
  CHECK(Drain(ReadCheckpoint(world.files, directory, "b", "d")) ==
        Model(model.lower_bound("b"), model.lower_bound("d")));
  CHECK(Must(world.files.List(directory)) == names);
  CHECK(CodeOf(ReadCheckpoint(world.files, "/nowhere", "", "")) == ErrorCode::kBadFile);
  CHECK(CodeOf(VerifyCheckpoint(world.files, "/db/state")) == ErrorCode::kCorrupt);
}

TEST_CASE("a full disk fails a publish, keeps what was there, and the next publish with room is whole") {
  World world;
  Random random(10);
  Model model;
  auto store = world.Open();
  Must(store->Apply(RandomDelta(random, 400, model)));
  Must(store->Publish(1, {}));
  const Model first = model;
  Must(store->Apply(ManyDelta(0, 500, 1000, random)));
  model = All(*store);
  for (const uint64_t room : {100'000, 300'000, 450'000, 1'100'000}) {
    CAPTURE(room);
    world.files.SetCapacity(room);
    const auto failed = store->Publish(2, {});
    if (failed) break;
    CHECK(failed.error().code() == ErrorCode::kLimitReached);
    CHECK(store->List().size() == 1);
    CHECK(Must(ListCheckpoints(world.files, "/db/state")).size() == 1);
    CHECK(Drain(ReadCheckpoint(world.files, store->List()[0].directory, "", "")) == first);
    for (const std::string& name : Must(world.files.List("/db/state"))) CHECK(!name.starts_with("tmp-"));
    CHECK(All(*store) == model);
  }
  world.files.SetCapacity(UINT64_MAX);
  Must(store->Apply(RandomDelta(random, 20, model)));
  Must(store->Publish(3, {}));
  store.reset();
  CHECK(All(*world.Open()) == model);
}

TEST_CASE("on a disk that stays full changes are taken up to a limit of memory, and none is lost when there is room") {
  World world;
  Random random(12);
  auto store = world.Open();
  Model model;
  Must(store->Apply(RandomDelta(random, 100, model)));
  Must(store->Publish(1, {}));
  world.files.SetCapacity(200'000);
  Status status;
  uint64_t applied = 0;
  while (applied < 100) {
    const std::string delta = ManyDelta(applied * 100, (applied + 1) * 100, 2000, random);
    status = store->Apply(delta);
    if (!status.ok()) break;
    ++applied;
  }
  CHECK(status.code() == ErrorCode::kLimitReached);
  CHECK(applied > 5);
  CHECK(applied < 60);
  CHECK(CodeOf(store->Publish(2, {})) == ErrorCode::kLimitReached);
  model = All(*store);
  CHECK(model.size() >= applied * 100);
  world.files.SetCapacity(UINT64_MAX);
  Must(store->Apply(RandomDelta(random, 20, model)));
  CHECK(All(*store) == model);
  Must(store->Publish(3, {}));
  store.reset();
  CHECK(All(*world.Open()) == model);
}

TEST_CASE("on the machine's disk it works as on the simulated one") {
  os::FileSystem& files = os::RealFileSystem();
  const std::string root = "/tmp/laminar-checkpoint-test-" + std::to_string(os::ProcessId());
  Must(files.RemoveTree(root));
  const CheckpointOptions options{
      .files = &files, .clock = &os::RealClock(), .directory = root + "/deep/state", .database_id = 1};
  Random random(11);
  Model model;
  std::vector<std::string> skipped;
  for (uint64_t round = 1; round <= 5; ++round) {
    const auto store = Must(CheckpointStore::Open(options, &skipped));
    CHECK(All(*store) == model);
    Must(store->Apply(RandomDelta(random, 500, model)));
    Must(store->Publish(round, {}));
    Must(Must(store->Pin(store->List().back().id))->CopyTo(root + "/save-" + std::to_string(round), round, kNever));
  }
  CHECK(skipped.empty());
  CHECK(Drain(ReadCheckpoint(files, root + "/save-5", "", "")) == model);
  CHECK(Must(files.List(root + "/deep/state")).size() == 3);
  Must(files.RemoveTree(root));
}

}  // namespace
}  // namespace laminar::state
