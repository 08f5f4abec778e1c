// What is opened of a savepoint is a database: it holds just the steps before it, goes on, survives a crash, and can be
// saved again. All of it happens on a copy of the disk.
#include "base/text.h"
#include "case.h"
#include "engine/core.h"

namespace laminar::simulate {

struct Case::SavedLife {
  sim::SimFileSystem& files;
  Reference& reference;
  std::string path;
  std::vector<Step> steps;
  bool is_limited = false;  // in its memory
  std::unique_ptr<engine::Database> database{};
  std::unique_ptr<engine::Connection> connection{};

  std::vector<RelationInfo> Relations() const { return RelationsAfter(steps, steps.size()); }
};

namespace {

constexpr int kGenerationsMost = 3;

}  // namespace

Status Case::OpenSaved(SavedLife& life) {
  engine::DatabaseOptions options;
  options.is_inline = true;
  options.clock = &clock_;
  options.path = life.path;
  options.files = &life.files;
  options.log_segment_bytes = segment_bytes_;
  options.worker_cores = 1 + random_.Below(4);
  options.seed = random_.Next();
  options.connectors = ConnectorsOn(life.files, clock_);
  options.spill_files = &life.files;
  life.is_limited = has_little_memory_ && random_.OneIn(2);
  if (life.is_limited) options.state_memory_bytes = uint64_t{8} << 20;
  auto opened = engine::Database::Open(std::move(options));
  Note("OPEN " + life.path + " -> " +
       (opened ? "epoch " + std::to_string((*opened)->recovery()->epoch) : opened.error().ToString()));
  if (!opened) return std::move(opened.error());
  life.database = *std::move(opened);
  life.connection = std::make_unique<engine::Connection>(*life.database);
  return {};
}

void Case::CloseSaved(SavedLife& life, bool is_crash) {
  if (is_crash) life.files.Plan({.kind = sim::FileFault::Kind::kPowerCut});
  life.connection.reset();
  life.database.reset();
  if (is_crash) life.files.CrashTorn(random_);
  life.files.ClearFaults();
}

void Case::CompareSaved(SavedLife& life, bool is_idle) {
  if (const std::string problem = life.reference.Advance(life.steps, life.steps.size()); !problem.empty())
    return Fail(problem);
  if (is_idle) {
    if (const auto ran = life.database->RunUntilIdle(); !ran)
      return Fail("the savepoint " + life.path + ": " + ran.error().ToString());
    life.reference.RunUntilIdle();
  }
  const std::vector<RelationInfo> relations = life.Relations();
  const PictureRequest request{
      .with_readers = is_idle, .with_contents = true, .without = LeftOut(*life.database, *life.connection, relations)};
  const std::string found =
      Difference(Look(*life.database, *life.connection, relations, request),
                 Look(life.reference.database(), life.reference.connection(), relations, request));
  if (!found.empty()) Fail("the savepoint " + life.path + (is_idle ? ", when idle: " : ": ") + found);
}

void Case::CheckSaved(const Saved& saved, sim::SimFileSystem& files, Reference& reference, int generation) {
  SavedLife life{.files = files, .reference = reference, .path = saved.path, .steps = saved.steps};
  const std::string what = "the savepoint " + saved.path;
  std::set<std::string> stopped;
  const int lives = random_.OneIn(2) ? 1 : 2;
  for (int i = 0; i < lives && !IsOver(); ++i) {
    if (const Status opened = OpenSaved(life); !opened.ok()) {
      if (saved.is_said || i > 0) Fail(what + " does not open: " + opened.ToString());
      return;  // what a removal that failed has left says so
    }
    const uint64_t epoch = life.database->recovery()->epoch;
    if (saved.epoch && i == 0 && epoch != *saved.epoch)
      return Fail(what + " named epoch " + std::to_string(*saved.epoch) + " and has " + std::to_string(epoch));
    CompareSaved(life, false);
    const bool is_last = i + 1 == lives;
    if (is_last && !IsOver() && generation < kGenerationsMost && random_.OneIn(3)) return LiveOn(life, generation);
    if (!IsOver()) CompareSaved(life, true);
    stopped = Stopped(*life.database, *life.connection);
    CloseSaved(life, !is_last);
  }
  ++result_.savepoints;
  if (IsOver()) return;
  if (const std::string problem = LookAtSinks(files, life.Relations(), reference, stopped); !problem.empty())
    Fail(what + ": " + problem);
}

// Some steps, a savepoint of the savepoint, some more steps; then one of the two is opened, as the other has sinks in
// the same files.
void Case::LiveOn(SavedLife& life, int generation) {
  ++result_.savepoints;
  for (uint64_t i = random_.Below(5); i > 0 && !IsOver(); --i) StepOfSaved(life, true);
  if (IsOver()) return;
  Saved next{.path = life.path + "-" + std::to_string(generation), .steps = life.steps};
  const bool is_faulty = random_.OneIn(3);
  if (is_faulty) PlanFaultOn(life.files, faults::kOfSavepoint);
  const auto outcome = life.connection->Execute("SAVEPOINT TO '" + next.path + "'");
  Note("SAVEPOINT TO '" + next.path + "'\n      -> " + (outcome ? outcome->message : outcome.error().ToString()));
  if (!outcome && !is_faulty) return Fail("SAVEPOINT TO '" + next.path + "': " + outcome.error().ToString());
  next.is_said = outcome.has_value();
  if (outcome) next.epoch = EpochOf(outcome->message);
  const bool is_cut = IsCut(life.files);
  if (!is_cut) life.files.ClearFaults();
  for (uint64_t i = is_faulty ? 0 : random_.Below(3); i > 0 && !IsOver(); --i) StepOfSaved(life, false);
  CloseSaved(life, is_cut || random_.OneIn(2));
  if (IsOver()) return;
  const bool is_there = life.files.Exists(next.path);
  if (next.is_said && !is_there) return Fail("the savepoint " + next.path + " is gone");
  // Each step was acknowledged, so what it was made of has them all.
  if (!is_there || random_.OneIn(4)) next = {.path = life.path, .steps = life.steps, .is_said = true};
  if (next.path != life.path) ++result_.savepoints_again;
  CheckSaved(next, life.files, life.reference, generation + 1);
}

void Case::StepOfSaved(SavedLife& life, bool may_define) {
  std::vector<RelationInfo> relations = life.Relations();
  const std::set<std::string> without = LeftOut(*life.database, *life.connection, relations);
  std::erase_if(relations, [&](const RelationInfo& r) { return without.contains(r.name); });
  Step step;
  switch (random_.Below(may_define ? 8 : 5)) {
    case 0:
    case 1: step = generator_.Insert(relations); break;
    case 2:
    case 3: step = generator_.Push(relations, life.steps); break;
    case 4: step = generator_.Watermark(relations); break;
    case 5: step = generator_.NewView(relations, life.steps); break;
    case 6: step = generator_.NewSink(relations); break;
    default: step = generator_.NewBase(relations);
  }
  if (step.kind == StepKind::kStatement && step.text.empty()) return;
  const auto done = Apply(*life.database, *life.connection, step, 1);
  Note(life.path + ": " + Describe(step) + "\n      -> " + (done ? *done : done.error().ToString()));
  if (done) return life.steps.push_back(step);
  if (life.is_limited && done.error().code() == ErrorCode::kLimitReached) return;
  if (const std::string problem = life.reference.Advance(life.steps, life.steps.size()); !problem.empty())
    return Fail(problem);
  const auto tried = life.reference.Try(step);
  if (tried) return Fail("refused in " + life.path + ", but the reference did it: " + done.error().ToString());
  if (tried.error().code() != done.error().code())
    Fail("refused in " + life.path + ", but the reference refused otherwise: " + tried.error().ToString());
}

}  // namespace laminar::simulate
