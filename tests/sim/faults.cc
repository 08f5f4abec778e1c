// What goes wrong in a case: planned faults of the disk, power cuts, rot; and how the database is opened again.
#include <algorithm>

#include "base/text.h"
#include "case.h"
#include "state/checkpoint/checkpoint_store.h"

namespace laminar::simulate {

using sim::FileFault;

namespace {

constexpr const char* kPath = "/db";

}  // namespace

void Case::PlanFault(std::span<const PossibleFault> menu) {
  is_faulty_ = true;
  PlanFaultOn(files_, menu);
}

void Case::PlanFaultOn(sim::SimFileSystem& files, std::span<const PossibleFault> menu) {
  const PossibleFault& what = menu[random_.Below(menu.size())];
  FileFault fault{.kind = what.kind, .operation = what.operation, .path_part = what.path_part};
  fault.at_call = 1 + random_.Below(what.at_most);
  fault.times = 1 + random_.Below(what.times_most);
  files.Plan(fault);
  ++result_.faults;
  Note("FAULT kind " + std::to_string(static_cast<int>(what.kind)) + " operation " +
       std::to_string(static_cast<int>(what.operation)) + " in '" + what.path_part + "' at " +
       std::to_string(fault.at_call) + ", " + std::to_string(fault.times) + " times");
}

void Case::ClearFaults() {
  if (IsCut()) return;
  files_.ClearFaults();
  Note("FAULTS are over");
}

bool Case::IsCut(sim::SimFileSystem& files) {
  const auto facts = files.Stat("/nothing/there");
  return !facts && Contains(facts.error().ToString(), "the power is cut");
}

Status Case::Open() {
  engine::DatabaseOptions options;
  options.is_inline = true;
  options.clock = &clock_;
  options.path = kPath;
  options.files = &files_;
  options.log_segment_bytes = segment_bytes_;
  options.worker_cores = 1 + random_.Below(4);
  options.seed = random_.Next();
  options.connectors = ConnectorsOn(files_, clock_);
  memory_ = {};
  if (has_little_memory_) ChooseMemory(options);
  const uint64_t cores = options.worker_cores;
  auto opened = engine::Database::Open(std::move(options));
  Note("OPEN with " + std::to_string(cores) + " cores -> " + (opened ? "ok" : opened.error().ToString()));
  ++result_.openings;
  if (!opened) return std::move(opened.error());
  database_ = *std::move(opened);
  connection_ = std::make_unique<engine::Connection>(*database_);
  waits_for_disk_ = true;
  blocks_moved_ = 0;
  standing_ = Stopped(*database_, *connection_);
  return {};
}

void Case::Close() {
  connection_.reset();
  database_.reset();
}

void Case::CloseCleanly() {
  if (IsOver()) return;
  const bool was_faulty = is_faulty_;
  if (!was_faulty && random_.OneIn(2)) CheckAll();
  if (IsOver()) return;
  stopped_ = is_faulty_ ? std::set<std::string>() : Stopped(*database_, *connection_);
  NoteEpoch();
  Close();
  Note("CLOSE");
  if (!was_faulty) acknowledged_ = steps_.size();
  if (IsCut()) return Crash();
  files_.ClearFaults();
  is_faulty_ = false;
  // Whatever closing has not flushed is not needed. After a fault that is a crash, though.
  if (random_.OneIn(2)) files_.Crash();
}

void Case::Crash() {
  ++result_.crashes;
  if (!IsCut()) {
    files_.ClearFaults();
    files_.Plan({.kind = FileFault::Kind::kPowerCut});
  }
  Close();
  const bool is_torn = random_.OneIn(2);
  if (is_torn)
    files_.CrashTorn(random_);
  else
    files_.Crash();
  is_faulty_ = false;
  Note(is_torn ? "CRASH, torn" : "CRASH");
  stopped_.clear();
}

void Case::OpenAgain(bool may_fail) {
  if (!may_fail) {
    files_.ClearFaults();
    is_faulty_ = false;
  }
  for (int attempt = 0;; ++attempt) {
    if (may_fail && attempt < 3 && random_.OneIn(4)) PlanFault(faults::kAnywhere);
    const Status opened = Open();
    if (opened.ok()) {
      has_failed_ = false;
      if (is_faulty_ && IsCut()) {
        Crash();
        continue;
      }
      FindSurvivors();
      if (!is_faulty_ && !IsOver() && random_.OneIn(2)) CheckAll();
      if (has_savepoints_ && !IsOver() && random_.OneIn(5)) CheckSomeSavepoint();
      return;
    }
    if (!is_faulty_) return Fail("opening failed: " + opened.ToString() + DescribeCheckpoints());
    if (IsCut())
      Crash();
    else
      files_.ClearFaults();
    is_faulty_ = false;
  }
}

std::string Case::DescribeCheckpoints() {
  std::string out;
  const auto folders = files_.List("/db/state");
  if (!folders) return out;
  for (const std::string& folder : *folders) {
    const std::string path = os::JoinPath("/db/state", folder);
    const auto info = state::VerifyCheckpoint(files_, path);
    out += "\n  " + path + ": " + (info ? "valid" : info.error().ToString());
    for (const std::string& name : files_.List(path).value_or(std::vector<std::string>())) {
      const auto facts = files_.Stat(os::JoinPath(path, name));
      out += "\n    " + name + ", " + std::to_string(facts ? facts->bytes : 0) + " bytes";
    }
  }
  return out;
}

std::vector<std::string> Case::ColdFiles() {
  std::vector<std::string> out;
  auto add = [&](const std::string& folder, bool is_log) {
    auto names = files_.List(folder);
    if (!names) return;
    std::ranges::sort(*names);
    if (is_log && !names->empty()) names->pop_back();  // the one being written
    for (const std::string& name : *names) {
      const std::string path = os::JoinPath(folder, name);
      const auto facts = files_.Stat(path);
      if (facts && !facts->is_directory && facts->bytes > 0) out.push_back(path);
    }
  };
  add("/db/log", true);
  const auto folders = files_.List("/db/state");
  if (!folders) return out;
  for (const std::string& folder : *folders) {
    if (folder.starts_with("checkpoint") || folder.starts_with("chk")) add(os::JoinPath("/db/state", folder), false);
  }
  return out;
}

// One bit of a file that nobody is writing turns over while the database is closed: it opens with nothing lost, or says
// what is wrong and opens when the bit is as it was.
void Case::DamageAndOpen() {
  const std::vector<std::string> files = ColdFiles();
  if (files.empty()) return OpenAgain(true);
  const std::string path = files[random_.Below(files.size())];
  const auto facts = files_.Stat(path);
  if (!facts) return OpenAgain(true);
  const uint64_t at = random_.Below(facts->bytes);
  const auto bit = static_cast<uint32_t>(random_.Below(8));
  (void)files_.FlipBit(path, at, bit);
  Note("ROT in byte " + std::to_string(at) + " of " + path);
  const Status opened = Open();
  if (opened.ok()) {
    is_faulty_ = false;
    has_failed_ = false;
    FindSurvivors();
    if (!IsOver()) CheckAll();
    return;
  }
  static constexpr ErrorCode kSaid[] = {ErrorCode::kCorrupt, ErrorCode::kNoUsableCheckpoint, ErrorCode::kFormatVersion,
                                        ErrorCode::kForeignFile, ErrorCode::kBadFile};
  if (std::ranges::find(kSaid, opened.code()) == std::end(kSaid)) return Fail("damage gave: " + opened.ToString());
  (void)files_.FlipBit(path, at, bit);
  OpenAgain(false);
}

}  // namespace laminar::simulate
