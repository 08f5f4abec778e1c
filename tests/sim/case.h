// One simulated life of a database, decided by one seed: steps, faults, crashes, openings; and the checks between.
//
// The laws under test. An acknowledged step survives everything; one that was not acknowledged survives whole or not at
// all, and what survives is a prefix of the steps. After every opening, and at the end, the database looks like the
// reference that has seen just the surviving steps. Damage of cold files is found. No epoch comes twice. All is done on
// one thread with a clock and a disk that are simulated, so a seed gives the same life each time.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "generate.h"
#include "picture.h"
#include "reference.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::simulate {

struct CaseResult {
  std::string failure;  // empty: all laws held
  std::vector<std::string> log;
  uint64_t trace = 0;  // of everything that was seen
  uint64_t steps = 0;
  uint64_t crashes = 0;
  uint64_t openings = 0;
  uint64_t faults = 0;
  uint64_t checks = 0;
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
  void PlanFault();
  void ClearFaults();
  bool IsCut();
  Status Open();
  void Close();
  void CloseCleanly();
  void Crash();
  // Opens until it is open; the opening may be cut too.
  void OpenAgain(bool may_fail);
  void DamageAndOpen();
  std::vector<std::string> ColdFiles();
  std::string DescribeCheckpoints();  // what is wrong with each

  // --- checks.cc ---
  void FindSurvivors();
  void CheckAll();
  void CheckPushed();  // without what advances by itself
  void CheckBatch();
  void CheckSinks();
  std::set<std::string> LeftOut();
  void NoteEpoch();
  std::vector<RelationInfo> Relations() const { return RelationsAfter(steps_, steps_.size()); }

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

  std::vector<Step> steps_;        // done, as far as the running database is concerned
  size_t acknowledged_ = 0;        // of them: these must survive
  bool waits_for_disk_ = true;     // durability = 'epoch'
  bool is_faulty_ = false;         // something was planned to fail since the last opening without faults
  bool has_failed_ = false;        // some call failed since then
  uint64_t durable_epoch_ = 0;     // seen durable
  std::set<std::string> stopped_;  // durably so
};

}  // namespace laminar::simulate
