#include "case.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "base/text.h"

namespace laminar::simulate {

namespace {

// The lives that once showed a fault (simulate.cc) have none of it, and stay as they were.
bool HasSavepoints(uint64_t seed) { return seed % 10 == 0 || seed % 10 == 1 || seed % 10 == 5; }
bool HasLittleMemory(uint64_t seed) { return seed % 20 == 5 || seed % 20 == 16; }
bool HasLargeInserts(uint64_t seed) { return seed % 10 == 1 || seed % 10 == 4 || seed % 10 == 6 || seed % 10 == 7; }

}  // namespace

Case::Case(uint64_t seed, bool prints, bool watches)
    : has_savepoints_(HasSavepoints(seed)),
      has_little_memory_(HasLittleMemory(seed)),
      has_large_inserts_(HasLargeInserts(seed)),
      prints_(prints),
      watches_(watches),
      random_(seed) {}

Case::~Case() { Close(); }

void Case::Note(const std::string& line) {
  for (const char c : line) result_.trace = (result_.trace ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  result_.trace = (result_.trace ^ files_.CallCount()) * 0x100000001B3ull;
  if (prints_) {
    std::printf("  %s\n", line.c_str());
    std::fflush(stdout);
  }
  result_.log.push_back(line);
  result_.calls.push_back(files_.CallCount());
}

void Case::Fail(const std::string& what) {
  if (!IsOver()) result_.failure = what;
}

CaseResult Case::Run() {
  Begin();
  const uint64_t actions = 20 + random_.Below(120);
  for (uint64_t i = 0; i < actions && !IsOver(); ++i) {
    Act();
    if (IsOver()) break;
    if (database_ != nullptr) {
      NoteEpoch();
      if (has_savepoints_ || has_little_memory_) CheckNothingStops();
      if (has_little_memory_) NoteMemory();
    }
    if (is_faulty_ && IsCut()) {
      Crash();
      OpenAgain(true);
    }
  }
  if (!IsOver()) End();
  result_.steps = steps_.size();
  result_.nanos = clock_.MonotonicNanos();
  return std::move(result_);
}

void Case::Begin() {
  CHECK(files_.CreateDirectory("/in").ok() && files_.CreateDirectory("/out").ok());
  for (int i = 0; i < kSourceFiles; ++i) {
    inputs_.push_back(RandomSourceFile(random_, random_.Below(600)));
    CHECK(files_.WriteWhole("/in/f" + std::to_string(i) + ".csv", inputs_.back()).ok());
  }
  if (has_savepoints_) CHECK(files_.CreateDirectory("/save").ok());
  CHECK(files_.SyncDirectory("/in").ok() && files_.SyncDirectory("/").ok());
  static constexpr uint64_t kSegmentBytes[] = {16 << 10, 64 << 10, 1 << 20};
  segment_bytes_ = kSegmentBytes[random_.Below(3)];
  reference_ = std::make_unique<Reference>(inputs_, 1 + static_cast<uint32_t>(random_.Below(4)));
  if (random_.OneIn(8)) PlanFault(faults::kAnywhere);  // the very first opening
  OpenAgain(true);
  for (uint64_t i = 1 + random_.Below(4); i > 0 && !IsOver(); --i) DoStep(generator_.NewBase(Relations()));
  for (uint64_t i = random_.Below(6); i > 0 && !IsOver(); --i) DoStep(generator_.NewView(Relations(), steps_));
}

void Case::Act() {
  if (has_savepoints_ && random_.OneIn(16)) return MakeSavepoint();
  if (has_savepoints_ && random_.OneIn(50)) return CheckSomeSavepoint();
  if (has_little_memory_ && random_.OneIn(10)) return random_.OneIn(2) ? FillMemory() : SetMemory();
  if (has_large_inserts_ && random_.OneIn(14)) return InsertBatches();
  const uint64_t what = random_.Below(100);
  if (what < 18) return DoStep(generator_.Insert(Relations()));
  if (what < 42) return DoStep(generator_.Push(Relations(), steps_));
  if (what < 50) return DoStep(generator_.Watermark(Relations()));
  if (what < 56) return DoStep(generator_.NewView(Relations(), steps_));
  if (what < 58) return DoStep(generator_.NewSink(Relations()));
  if (what < 60) return DoStep(generator_.NewBase(Relations()));
  if (what < 62) return DoStep(generator_.Drop(Relations()));
  if (what < 70) return Turn();
  if (what < 76) return MoveClock();
  if (what < 80) return Control("CHECKPOINT");
  if (what < 84) return SetSomething();
  if (what < 86) {
    static constexpr const char* kShows[] = {"SHOW SOURCES", "SHOW MATERIALIZED VIEWS", "SHOW SINKS", "SHOW TABLES",
                                             "SHOW METRICS", "SHOW VARIABLES"};
    return Control(kShows[random_.Below(6)]);
  }
  if (what < 91) return PlanFault(faults::kAnywhere);
  if (what < 93) {
    if (is_faulty_ && random_.OneIn(2)) ClearFaults();
    return;
  }
  if (what < 95) {
    if (!is_faulty_) CheckAll();
    return;
  }
  if (what < 98) {
    Crash();
    return OpenAgain(true);
  }
  CloseCleanly();
  if (!IsOver() && random_.OneIn(2)) return DamageAndOpen();
  if (!IsOver()) OpenAgain(true);
}

namespace {

// Without contents: whether a step has done anything shows here.
Picture Facts(engine::Database& database, engine::Connection& connection) {
  return Look(database, connection, {}, {.with_readers = true, .with_contents = false, .without = {}});
}

}  // namespace

void Case::DoStep(const Step& step) {
  if (step.kind == StepKind::kStatement && step.text.empty()) return;
  const Picture before = Facts(*database_, *connection_);
  const auto done = Apply(*database_, *connection_, step, 1);
  Note(Describe(step) + "\n      -> " + (done ? *done : done.error().ToString()));
  if (done) {
    if (step.is_bad) return Fail("done, though one of its rows is bad");
    steps_.push_back(step);
    if (waits_for_disk_) acknowledged_ = steps_.size();
    if (watches_) CheckPushed();
    return;
  }
  has_failed_ = true;
  bool is_applied = Facts(*database_, *connection_) != before;
  for (const RelationInfo& made : step.made) is_applied = database_->SchemaOf(made.name).has_value();
  for (const std::string& gone : step.dropped) is_applied = !database_->SchemaOf(gone).has_value();
  if (is_applied) {
    Note("      (done, but not acknowledged)");
    steps_.push_back(step);
    if (watches_) CheckPushed();
    if (IsWantOfMemory(done.error().ToString())) return;
    if (!is_faulty_) Fail("a step failed after it was done, without a fault: " + done.error().ToString());
    return;
  }
  if (is_faulty_ || IsWantOfMemory(done.error().ToString())) return;
  const std::set<std::string> stopped = LeftOut();
  for (const RelationInfo& made : step.made) {  // who would read what has stopped is told so
    if (std::ranges::any_of(made.reads, [&](const std::string& read) { return stopped.contains(read); })) return;
  }
  if (const std::string problem = reference_->Advance(steps_, steps_.size()); !problem.empty()) return Fail(problem);
  const auto tried = reference_->Try(step);
  if (tried) return Fail("refused, but the reference did it: " + done.error().ToString());
  if (tried.error().code() != done.error().code())
    Fail("refused, but the reference refused otherwise: " + tried.error().ToString());
}

void Case::Control(const std::string& sql) {
  auto outcome = connection_->Execute(sql);
  std::string answer = outcome ? outcome->message : outcome.error().ToString();
  if (outcome && outcome->cursor != nullptr) {
    const auto rows = SortedRows(*connection_, sql);
    answer = rows ? "rows" : rows.error().ToString();
    if (!rows) Fail(sql + ": " + answer);
  }
  Note(sql + "\n      -> " + answer);
  if (outcome && sql == "CHECKPOINT") acknowledged_ = steps_.size();
  if (!outcome) {
    has_failed_ = true;
    if (!is_faulty_) Fail(sql + ": " + answer);
  }
}

void Case::SetSomething() {
  switch (random_.Below(6)) {
    case 0:
    case 1: {
      static constexpr const char* kModes[] = {"epoch", "epoch", "async", "none"};
      const char* mode = kModes[random_.Below(4)];
      waits_for_disk_ = std::string_view(mode) == "epoch";
      return Control(std::string("SET durability = '") + mode + "'");
    }
    case 2: return Control("SET batch_rows = " + std::to_string(1 + random_.Below(random_.OneIn(2) ? 10 : 1024)));
    case 3: return Control("SET worker_cores = " + std::to_string(1 + random_.Below(4)));
    case 4: return Control(std::string("SET checkpoint_interval = '") + (random_.OneIn(2) ? "0'" : "1 second'"));
    default:
      return Control(std::string("SET epoch_interval = '") + (random_.OneIn(2) ? "1 second'" : "1 millisecond'"));
  }
}

void Case::Turn() {
  const uint64_t turns = random_.OneIn(3) ? 0 : 1 + random_.Below(6);
  const auto ran = database_->RunUntilIdle(turns);
  Note("RUN " + std::to_string(turns) + " -> " + (ran ? std::to_string(*ran) : ran.error().ToString()));
  if (!ran && !is_faulty_) Fail("running: " + ran.error().ToString());
}

void Case::MoveClock() {
  if (random_.OneIn(4)) {
    clock_.SetWall(kWallStart + random_.Between(-3, 3) * kDay);
    Note("WALL CLOCK " + std::to_string(clock_.WallMicros()));
    return;
  }
  const Duration step = static_cast<Duration>(1 + random_.Below(random_.OneIn(3) ? 20'000 : 100)) * kMillisecond;
  clock_.Advance(step);
  Note("CLOCK +" + std::to_string(step));
}

void Case::End() {
  if (is_faulty_) {
    CloseCleanly();
    if (!IsOver()) OpenAgain(false);
  }
  if (IsOver()) return;
  if (connection_->Execute("SET durability = 'epoch'")) waits_for_disk_ = true;
  CheckAll();
  for (const RelationInfo& relation : Relations()) {
    if (relation.kind != RelationKind::kMemory && relation.kind != RelationKind::kChangelog) continue;
    Step end;
    end.kind = StepKind::kEnd;
    end.target = relation.name;
    if (!IsOver()) DoStep(end);
  }
  if (!IsOver()) CheckAll();
  if (!IsOver()) CheckBatch();
  for (int i = 0; i < 3 && !saved_.empty() && !IsOver(); ++i) CheckSomeSavepoint();
  for (int i = 0; i < 2 && !IsOver(); ++i) {
    CloseCleanly();
    if (!IsOver() && i == 0) CheckSinks();
    if (!IsOver()) OpenAgain(false);
    if (!IsOver()) CheckAll();
  }
  CloseCleanly();
  if (!IsOver()) CheckSinks();
}

}  // namespace laminar::simulate
