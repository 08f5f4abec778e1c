// One simulated life of a database, decided by one seed: steps, faults, crashes, openings; and the checks between.
//
// The laws under test. An acknowledged step survives everything; one that was not acknowledged survives whole or not at
// all, and what survives is a prefix of the steps. After every opening, and at the end, the database looks like the
// reference that has seen just the surviving steps. Damage of cold files is found. No epoch comes twice. Nothing stops
// without a cause. All is done on one thread with a clock and a disk that are simulated, so a seed gives the same life
// each time. What a life has beside is said by the last digit of its seed: savepoints, little memory
// for state, statements that bring many batches of rows.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "faults.h"
#include "generate.h"
#include "picture.h"
#include "reference.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::simulate {

// A savepoint that was asked for, and what it must hold if it is there.
struct Saved {
  std::string path;
  std::vector<Step> steps;
  std::optional<uint64_t> epoch;                            // that it named
  bool is_said = false;                                     // acknowledged: it must be there
  bool was_seen = false;                                    // it was there once
  std::optional<std::map<std::string, std::string>> sinks;  // their files at that moment, if they could be read
};

// What the running database has been told of its memory.
struct MemoryLimits {
  uint64_t bytes = 0;  // 0: no limit
  uint64_t spill_bytes = 0;
  bool can_spill = true;
};

struct CaseResult {
  std::string failure;  // empty: all laws held
  std::vector<std::string> log;
  std::vector<uint64_t> calls;  // of the disk, before each line of the log
  uint64_t trace = 0;           // of everything that was seen
  uint64_t steps = 0;
  uint64_t crashes = 0;
  uint64_t openings = 0;
  uint64_t faults = 0;
  uint64_t checks = 0;
  uint64_t savepoints = 0;        // that were there and opened
  uint64_t savepoints_again = 0;  // of them: of savepoints
  uint64_t blocks_moved = 0;      // of state, to disk
  uint64_t refusals = 0;          // for want of memory
  uint64_t large_inserts = 0;
  int64_t nanos = 0;  // of simulated time
};

class Case {
 public:
  // `prints`: each line at once, for lives that end the program.
  // `watches`: the views are compared after each step, to find the first that goes wrong.
  explicit Case(uint64_t seed, bool prints = false, bool watches = false);
  ~Case();
  CaseResult Run();

 private:
  // --- case.cc: what is done ---
  void Begin();
  void Act();
  void DoStep(const Step& step);
  void Control(const std::string& sql);  // SET, CHECKPOINT, SHOW: no step
  void SetSomething();
  void Turn();
  void MoveClock();
  void End();
  bool IsOver() const { return !result_.failure.empty(); }
  void Note(const std::string& line);
  void Fail(const std::string& what);

  // --- faults.cc: what goes wrong ---
  void PlanFault(std::span<const PossibleFault> menu);
  void PlanFaultOn(sim::SimFileSystem& files, std::span<const PossibleFault> menu);
  void ClearFaults();
  bool IsCut() { return IsCut(files_); }
  static bool IsCut(sim::SimFileSystem& files);
  Status Open();
  void Close();
  void CloseCleanly();
  void Crash();
  // Opens until it is open; the opening may be cut too.
  void OpenAgain(bool may_fail);
  void DamageAndOpen();
  std::vector<std::string> ColdFiles();
  std::string DescribeCheckpoints();  // what is wrong with each

  // --- inserts.cc ---
  void InsertBatches();
  void CheckLeftNothing(const Step& step);

  // --- savepoints.cc ---
  void MakeSavepoint();
  void CheckSavepoint(size_t index);  // one that is not there is forgotten
  Result<std::map<std::string, std::string>> SinkFiles();
  Result<bool> CopyForCheck(const Saved& saved, sim::SimFileSystem& files);
  void CheckSomeSavepoint();
  static uint64_t EpochOf(const std::string& message);

  // --- saved_lives.cc ---
  struct SavedLife;
  // `generation`: 1 for a savepoint, 2 for a savepoint of one, ...
  void CheckSaved(const Saved& saved, sim::SimFileSystem& files, Reference& reference, int generation);
  void LiveOn(SavedLife& life, int generation);
  void StepOfSaved(SavedLife& life, bool may_define);
  void CompareSaved(SavedLife& life, bool is_idle);
  Status OpenSaved(SavedLife& life);
  void CloseSaved(SavedLife& life, bool is_crash);

  // --- memory.cc ---
  void ChooseMemory(engine::DatabaseOptions& options);
  void SetMemory();
  void FillMemory();
  bool IsWantOfMemory(const std::string& error);  // is it told? Then the limits must say so
  void CheckNothingStops();
  void NoteMemory();
  uint64_t Metric(const std::string& name);  // of state

  // --- checks.cc ---
  void FindSurvivors();
  void CheckAll();
  void CheckPushed();  // without what advances by itself
  void CheckBatch();
  void CheckSinks();
  // As the reference has them, which is idle and then closed. Empty, or what is wrong.
  static std::string LookAtSinks(os::FileSystem& files, const std::vector<RelationInfo>& relations,
                                 Reference& reference, const std::set<std::string>& stopped);
  std::set<std::string> LeftOut() { return LeftOut(*database_, *connection_, Relations()); }
  static std::set<std::string> LeftOut(engine::Database& database, engine::Connection& connection,
                                       const std::vector<RelationInfo>& relations);
  void NoteEpoch();
  std::vector<RelationInfo> Relations() const { return RelationsAfter(steps_, steps_.size()); }

  const bool has_savepoints_;
  const bool has_little_memory_;
  const bool has_large_inserts_;
  const bool prints_;
  const bool watches_;
  Random random_;
  CaseResult result_;
  sim::SimClock clock_{kWallStart};
  sim::SimFileSystem files_{clock_};
  std::vector<std::string> inputs_;
  Generator generator_{random_};
  std::unique_ptr<Reference> reference_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
  uint64_t segment_bytes_ = 0;

  std::vector<Step> steps_;         // done, as far as the running database is concerned
  size_t acknowledged_ = 0;         // of them: these must survive
  bool waits_for_disk_ = true;      // durability = 'epoch'
  bool is_faulty_ = false;          // something was planned to fail since the last opening without faults
  bool has_failed_ = false;         // some call failed since then
  uint64_t durable_epoch_ = 0;      // seen durable
  std::set<std::string> stopped_;   // durably so
  std::set<std::string> standing_;  // stopped, and that was in order

  std::vector<Saved> saved_;
  std::vector<std::string> free_paths_;  // of savepoints that came to nothing
  uint64_t saved_count_ = 0;
  MemoryLimits memory_;
  uint64_t blocks_moved_ = 0;  // since the opening
  bool was_refused_ = false;   // since the last look at what has stopped
};

}  // namespace laminar::simulate
