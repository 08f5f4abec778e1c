#include "state/memory/state_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/hot_scope.h"
#include "base/text.h"
#include "os/spill_file.h"

namespace laminar::state {

namespace {

constexpr uint32_t kLooksPerTrim = 64;  // blocks in the file whose pages are counted anew in one Trim

}  // namespace

struct StateMemory::Rep {
  struct Block {
    uint8_t* start = nullptr;
    bool is_out = false;
    uint64_t offset = 0;    // in the file
    uint64_t resident = 0;  // of one that is out, when last looked at
  };

  mutable std::mutex mutex;
  std::vector<Block> blocks;
  std::unordered_map<const uint8_t*, size_t> places;  // in `blocks`
  std::vector<uint64_t> free_offsets;
  uint64_t file_end = 0;
  size_t hand = 0;  // the next block to go
  size_t eye = 0;   // the next block to look at
  Limits limits;
  std::unique_ptr<os::SpillFile> file;
  Figures figures;
  Status why_stuck;

  std::atomic<bool> has_spilled{false};
  std::atomic<bool> is_exhausted{false};
  std::atomic<bool> is_pressed{false};
  std::atomic<int64_t> noted{0};
  std::atomic<uint64_t> in_blocks{0};  // resident
  std::atomic<uint64_t> limit{0};

  uint64_t resident() const {
    return in_blocks.load(std::memory_order_relaxed) +
           static_cast<uint64_t>(std::max<int64_t>(noted.load(std::memory_order_relaxed), 0));
  }
  bool IsOver(uint64_t leaving) const {
    const uint64_t most = limit.load(std::memory_order_relaxed);
    return most != 0 && resident() > most + leaving;
  }
  void SetResident(Block& block, uint64_t bytes) {
    in_blocks.fetch_add(bytes - block.resident, std::memory_order_relaxed);  // wraps around when it shrinks
    block.resident = bytes;
  }
  Status MoveOut(Block& block);
  Status Release(Block& block);
  // Nothing stands in it: the next one is made where it is then wanted.
  void CloseFile() {
    file.reset();
    file_end = 0;
    free_offsets.clear();
    has_spilled.store(false, std::memory_order_relaxed);
  }
  void Look();
  size_t MoveSome(uint32_t most, bool may_move_out, Status& status);
  Status NothingLeft() const {
    return Status(ErrorCode::kLimitReached, fmt::format("state needs {} of memory, and the limit is {}",
                                                        FormatBytes(resident()), FormatBytes(limits.resident_bytes)))
        .WithHint(
            limits.directory.empty()
                ? "SET state_memory_bytes raises it; spill_directory lets cold state go to disk"
                : "SET state_memory_bytes raises it; indexes and small tables, all that is left in memory, do not "
                  "go to disk: fewer keys or views need less");
  }
};

StateMemory::StateMemory() : rep_(std::make_unique<Rep>()) {}

StateMemory::~StateMemory() {
  for (const Rep::Block& block : rep_->blocks) os::UnmapMemory(block.start, kBlockBytes);
}

uint8_t* StateMemory::Allocate() {
  AllowAllocation growth;
  uint8_t* start = os::MapMemory(kBlockBytes, kBlockBytes);
  std::lock_guard lock(rep_->mutex);
  rep_->places[start] = rep_->blocks.size();
  rep_->blocks.push_back({.start = start});
  rep_->SetResident(rep_->blocks.back(), kBlockBytes);
  return start;
}

void StateMemory::Free(uint8_t* start) {
  AllowAllocation release;
  std::lock_guard lock(rep_->mutex);
  const auto place = rep_->places.find(start);
  CHECK(place != rep_->places.end());
  const size_t at = place->second;
  Rep::Block& block = rep_->blocks[at];
  rep_->SetResident(block, 0);
  if (block.is_out) {
    rep_->file->Discard(block.offset, kBlockBytes);
    rep_->free_offsets.push_back(block.offset);
    rep_->figures.spilled_bytes -= kBlockBytes;
    if (rep_->figures.spilled_bytes == 0) rep_->CloseFile();
  }
  os::UnmapMemory(start, kBlockBytes);
  rep_->places.erase(place);
  block = rep_->blocks.back();
  rep_->blocks.pop_back();
  if (at < rep_->blocks.size()) rep_->places[block.start] = at;
}

void StateMemory::Note(int64_t bytes) { rep_->noted.fetch_add(bytes, std::memory_order_relaxed); }

StateMemory::Limits StateMemory::GetLimits() const {
  std::lock_guard lock(rep_->mutex);
  return rep_->limits;
}

void StateMemory::SetLimits(Limits limits) {
  std::lock_guard lock(rep_->mutex);
  rep_->limit.store(limits.resident_bytes, std::memory_order_relaxed);
  rep_->limits = std::move(limits);
}

bool StateMemory::is_over() const { return rep_->IsOver(0); }

bool StateMemory::has_spilled() const { return rep_->has_spilled.load(std::memory_order_relaxed); }

bool StateMemory::needs_care() const {
  return is_over() || has_spilled() || rep_->is_pressed.load(std::memory_order_relaxed);
}

void StateMemory::Look() {
  std::lock_guard lock(rep_->mutex);
  rep_->Look();
}

Status StateMemory::Rep::MoveOut(Block& block) {
  if (file == nullptr) {
    if (limits.directory.empty()) return NothingLeft();
    file = TRY(limits.files != nullptr ? limits.files->MakeSpillFile(limits.directory)
                                       : os::SpillFile::Create(limits.directory));
  }
  uint64_t offset = file_end;
  if (!free_offsets.empty()) {
    offset = free_offsets.back();
  } else if (limits.spill_bytes != 0 && file_end + kBlockBytes > limits.spill_bytes) {
    return Status(ErrorCode::kLimitReached,
                  fmt::format("state on disk needs more than the limit of {}", FormatBytes(limits.spill_bytes)))
        .WithHint("raise spill_limit_bytes or state_memory_bytes, or keep fewer keys: a smaller window, less lateness");
  }
  TRY(file->MoveOut(block.start, kBlockBytes, offset));
  if (free_offsets.empty())
    file_end += kBlockBytes;
  else
    free_offsets.pop_back();
  block.is_out = true;
  block.offset = offset;
  figures.spilled_bytes += kBlockBytes;
  has_spilled.store(true, std::memory_order_relaxed);
  ++figures.blocks_moved;
  return {};
}

Status StateMemory::Rep::Release(Block& block) {
  TRY(file->Release(block.start, kBlockBytes, block.offset));
  SetResident(block, file->ResidentBytes(block.start, kBlockBytes));
  return {};
}

// Pages come back without telling anybody, so some blocks are looked at each time.
void StateMemory::Rep::Look() {
  if (figures.spilled_bytes == 0) return;
  for (uint32_t i = 0; i < std::min<size_t>(kLooksPerTrim, blocks.size()); ++i) {
    eye = eye + 1 < blocks.size() ? eye + 1 : 0;
    Block& block = blocks[eye];
    if (block.is_out) SetResident(block, file->ResidentBytes(block.start, kBlockBytes));
  }
}

bool StateMemory::Trim(uint32_t most) {
  Rep& rep = *rep_;
  std::lock_guard lock(rep.mutex);
  rep.Look();
  Status status;
  const bool has_moved = rep.MoveSome(most, true, status) != 0;
  const bool is_stuck = rep.IsOver(0) && (!status.ok() || !has_moved);
  const uint64_t limit = rep.limit.load(std::memory_order_relaxed);
  rep.is_exhausted.store(is_stuck && rep.resident() > limit + limit / 8, std::memory_order_relaxed);
  rep.why_stuck = !is_stuck || !status.ok() ? std::move(status) : rep.NothingLeft();
  return !is_stuck;
}

// First all are handed to the disk, then it is waited for.
size_t StateMemory::Rep::MoveSome(uint32_t most, bool may_move_out, Status& status) {
  std::vector<Block*> going;
  uint64_t leaving = 0;
  for (size_t seen = 0; seen < blocks.size() && going.size() < most && IsOver(leaving); ++seen) {
    hand = hand + 1 < blocks.size() ? hand + 1 : 0;
    Block& block = blocks[hand];
    if (block.resident == 0 || (!block.is_out && !may_move_out)) continue;
    if (block.is_out)
      ++figures.blocks_released;
    else if (status = MoveOut(block); !status.ok())
      break;
    leaving += block.resident;
    going.push_back(&block);
  }
  for (Block* block : going) {
    if (Status released = Release(*block); status.ok()) status = std::move(released);
  }
  return going.size();
}

void StateMemory::LetGo() {
  constexpr uint32_t kBlocks = 16;
  std::lock_guard lock(rep_->mutex);
  if (!has_spilled()) return;
  rep_->Look();
  Status status;  // Trim meets the same disk and says so
  rep_->MoveSome(kBlocks, false, status);
}

// What has been freed since, or a limit that was raised, ends it at once: nobody may have called Trim.
bool StateMemory::is_exhausted() const { return rep_->is_exhausted.load(std::memory_order_relaxed) && rep_->IsOver(0); }

Status StateMemory::Exhausted() const {
  AllowAllocation message;
  std::lock_guard lock(rep_->mutex);
  return rep_->why_stuck.ok() ? rep_->NothingLeft() : rep_->why_stuck;
}

void StateMemory::NotePressure() { rep_->is_pressed.store(true, std::memory_order_relaxed); }

bool StateMemory::TakePressure() {
  return rep_->is_pressed.load(std::memory_order_relaxed) &&
         rep_->is_pressed.exchange(false, std::memory_order_relaxed);
}

StateMemory::Figures StateMemory::GetFigures() const {
  std::lock_guard lock(rep_->mutex);
  Figures figures = rep_->figures;
  figures.bytes = rep_->blocks.size() * kBlockBytes +
                  static_cast<uint64_t>(std::max<int64_t>(rep_->noted.load(std::memory_order_relaxed), 0));
  figures.resident_bytes = rep_->resident();
  figures.limit_bytes = rep_->limit.load(std::memory_order_relaxed);
  return figures;
}

}  // namespace laminar::state
