// Core, part four: the shards beside the core. Rows go out through sections' partitions and come back through their
// gathers; a cut is made by letting everything run dry, which takes as long as the few batches that are under way.
#include <algorithm>

#include "engine/core.h"
#include "os/cpu.h"

namespace laminar::engine {
namespace {

// One thread reads, which bounds how many it can keep busy, and each shard of each view takes memory.
constexpr uint32_t kCoresInitially = 8;
// To wake a worker costs as much as working off hundreds of rows; and what fires windows is more than its rows.
constexpr uint64_t kRowsWorthWaking = 2048;
constexpr int64_t kNanosAlone = 100'000;

}  // namespace

Status Core::UseCores(uint64_t cores) {
  const auto usable = static_cast<uint32_t>(os::UsableCores().size());
  const uint32_t initially = options_.is_inline ? 1 : std::min(runtime::ThreadsFor(usable), kCoresInitially);
  worker_cores_ = cores == 0 ? initially : cores;
  if (worker_cores_ < 2) return {};
  if (shards_ == nullptr) {
    // Two for each core, so that whoever is free finds one; of small machines a few more, so that SET can go higher.
    // A simulation is the same on all machines.
    const uint64_t shards = 2 * std::max<uint64_t>({worker_cores_, options_.is_inline ? 1 : usable, 2});
    shards_ = std::make_unique<ShardSet>(static_cast<uint32_t>(std::min<uint64_t>(shards, 64)), *options_.clock);
    shards_->SetSeed(options_.seed);
  }
  if (!options_.is_inline) TRY(shards_->StartWorkers(static_cast<uint32_t>(worker_cores_ - 1)));
  WatchThreads();
  return {};
}

void Core::WatchThreads() {
  watch_.Watch(
      {.core = &thread_, .shards = shards_.get(), .log = durability_ != nullptr ? &durability_->budgets() : nullptr});
}

void Core::PrepareSections() {
  if (sections_.empty()) return;
  for (ShardSection* section : sections_) section->Prepare(environment_.now);
  for (const auto& view : views_) {
    if (view->fan_out != nullptr) view->pipeline->SetRead(view->history != nullptr || !view->fan_out->empty());
  }
}

bool Core::IsAnySectionBlocked() {
  return std::ranges::any_of(sections_, [](ShardSection* section) { return !section->MakeReady(); });
}

// A worker that is at it makes room soon. To turn the shards meanwhile would leave it without rows afterwards.
bool Core::WaitForRoom() {
  constexpr int kLooks = 200;
  for (int i = 0; IsAnySectionBlocked(); ++i) {
    if (shards_->workers() == 0 || i == kLooks) return false;
    if (i % 64 == 0) shards_->Wake();
    shards_->WaitForOthers();
  }
  return true;
}

// Little is done where it came in, as on one core.
bool Core::MayWorkAlone() const {
  uint64_t rows = 0;
  for (const ShardSection* section : sections_) rows += section->rows_since_dry();
  return rows < kRowsWorthWaking && shards_ != nullptr && shards_->workers() > 0;
}

bool Core::PumpSections(bool may_flush, bool may_help, bool is_alone) {
  bool any = false;
  bool is_ready = true;  // of what may stand behind
  for (auto section = sections_.rbegin(); section != sections_.rend(); ++section) {
    if (is_ready) any |= (*section)->Drain();
    is_ready &= (*section)->MakeReady();
    if (may_flush) (*section)->Flush();
  }
  if (sections_.empty()) return any;
  bool has_sent = false;
  for (ShardSection* section : sections_) has_sent |= section->TakeHasSent();
  if ((has_sent || any) && !is_alone) shards_->Wake();  // there is something to read, or room again
  using Look = ShardSet::Look;
  return (may_help && shards_->Help(watch_.budgets(), is_alone ? Look::kAll : Look::kMarked)) || any;
}

void Core::Quiesce() {
  if (sections_.empty()) return;
  PrepareSections();
  bool is_alone = MayWorkAlone();
  const int64_t alone_until = is_alone ? options_.clock->MonotonicNanos() + kNanosAlone : 0;
  while (true) {
    if (is_alone && options_.clock->MonotonicNanos() > alone_until) {
      is_alone = false;
      shards_->Wake();
    }
    if (PumpSections(true, true, is_alone)) continue;
    // First the shards, then what they put out: a shard that stands still puts out nothing more.
    if (!shards_->IsIdle()) {
      if (!is_alone) shards_->Wake();
      continue;
    }
    const bool is_dry = std::ranges::none_of(
        sections_, [](ShardSection* section) { return section->IsHolding() || section->HasOutput(); });
    if (is_dry && shards_->IsIdle()) break;
  }
  for (ShardSection* section : sections_) section->NoteDry();
}

}  // namespace laminar::engine
