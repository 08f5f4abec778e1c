// Little memory for state: so much comes in that blocks go to disk, under limits that change while the database runs
// and from one opening to the next. Who is refused for want of memory must be told the truth; nothing else may change.
#include <algorithm>

#include "base/text.h"
#include "case.h"

namespace laminar::simulate {

namespace {

constexpr uint64_t kMebi = uint64_t{1} << 20;
constexpr uint64_t kLimits[] = {kMebi, 2 * kMebi, 3 * kMebi, 4 * kMebi, 6 * kMebi, 8 * kMebi, 12 * kMebi};
constexpr uint64_t kStepsMost = 8;  // that fill memory, in one life

}  // namespace

void Case::ChooseMemory(engine::DatabaseOptions& options) {
  options.spill_files = &files_;
  if (!random_.OneIn(4)) memory_.bytes = kLimits[random_.Below(std::size(kLimits))];
  options.state_memory_bytes = memory_.bytes;
  Note("MEMORY " + std::to_string(memory_.bytes));
}

void Case::SetMemory() {
  switch (random_.Below(8)) {
    case 0:
      memory_.can_spill = !memory_.can_spill;
      return Control(std::string("SET spill_directory = '") + (memory_.can_spill ? "'" : "/nowhere/there'"));
    case 1:
      memory_.spill_bytes = random_.OneIn(2) ? 0 : (1 + random_.Below(6)) * 2 * kMebi;
      return Control("SET spill_limit_bytes = " + std::to_string(memory_.spill_bytes));
    case 2: return PlanFault(faults::kOfSpill);
    default:
      memory_.bytes = random_.OneIn(5) ? 0 : kLimits[random_.Below(std::size(kLimits))];
      return Control("SET state_memory_bytes = " + std::to_string(memory_.bytes));
  }
}

void Case::FillMemory() {
  const auto is_large = [](const Step& step) { return Contains(step.text, "generate_series"); };
  if (static_cast<uint64_t>(std::ranges::count_if(steps_, is_large)) >= kStepsMost) return;
  for (uint64_t i = 1 + random_.Below(5); i > 0 && !IsOver(); --i) DoStep(generator_.InsertMany(Relations()));
}

uint64_t Case::Metric(const std::string& name) {
  const auto rows =
      SortedRows(*connection_, "SELECT value FROM laminar_metrics WHERE name = 'laminar_state_" + name + "'");
  const auto value = rows ? ParseDouble(*rows) : Result<double>(Error(Status(rows.error())));
  if (!value) Fail("metric " + name + ": " + value.error().ToString());
  return value ? static_cast<uint64_t>(*value) : 0;
}

void Case::NoteMemory() {
  const uint64_t moved = Metric("blocks_moved_total");
  result_.blocks_moved += moved - blocks_moved_;
  blocks_moved_ = moved;
}

bool Case::IsWantOfMemory(const std::string& text) {
  const bool is_full = Contains(text, "state needs ");                 // nothing is left that could go
  const bool is_limited = Contains(text, "state on disk needs more");  // than it may take there
  const bool is_stuck = Contains(text, "(spill)");                     // the disk does not take it
  if (!is_full && !is_limited && !is_stuck) return false;
  ++result_.refusals;
  was_refused_ = true;
  const uint64_t resident = Metric("memory_resident_bytes");
  if (resident <= memory_.bytes) {
    Fail("refused for want of memory, with " + std::to_string(resident) + " of " + std::to_string(memory_.bytes) +
         " bytes taken: " + text);
  } else if (memory_.bytes == 0) {
    Fail("refused for want of memory, without a limit: " + text);
  } else if (is_limited && memory_.spill_bytes == 0) {
    Fail("refused for want of room on disk, without a limit: " + text);
  } else if (is_stuck && memory_.can_spill && !is_faulty_) {
    Fail("refused by a disk that takes everything: " + text);
  }
  return true;
}

namespace {

// Why a view, sink or source has stopped; of a table nothing is shown.
std::string ReasonOf(engine::Connection& connection, const std::string& name) {
  for (const char* list : {"SHOW MATERIALIZED VIEWS", "SHOW SINKS", "SHOW SOURCES"}) {
    const auto rows = SortedRows(connection, list);
    if (!rows) return rows.error().ToString();
    for (const std::string_view line : Split(*rows, '\n')) {
      if (line.starts_with(name + " |")) return std::string(line);
    }
  }
  return "";
}

}  // namespace

// Of views, sinks and sources that have stopped since the last look.
void Case::CheckNothingStops() {
  if (IsOver()) return;
  std::set<std::string> stopped = Stopped(*database_, *connection_);
  for (const std::string& name : stopped) {
    if (is_faulty_ || standing_.contains(name)) continue;
    const std::string reason = ReasonOf(*connection_, name);
    if (reason.empty() ? was_refused_ : Contains(reason, "| PAUSED") || IsWantOfMemory(reason)) continue;
    Fail("\"" + name + "\" has stopped without a fault: " + reason);
  }
  standing_ = std::move(stopped);
  was_refused_ = false;
}

}  // namespace laminar::simulate
