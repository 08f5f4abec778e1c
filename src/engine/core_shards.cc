// Core, part four: the shards beside the core. Rows go out through sections' partitions and come back through their
// gathers; a cut is made by letting everything run dry, which takes as long as the few batches that are under way.
#include <algorithm>

#include "engine/core.h"
#include "os/cpu.h"

namespace laminar::engine {

Status Core::UseCores(uint64_t cores) {
  const auto usable = static_cast<uint32_t>(os::UsableCores().size());
  worker_cores_ = cores == 0 ? runtime::ThreadsFor(usable) : cores;
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
  watch_.Watch({.core = &thread_,
                .shards = shards_.get(),
                .log = durability_ != nullptr ? &durability_->budgets() : nullptr});
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
    os::CpuRelax();
  }
  return true;
}

bool Core::PumpSections(bool may_flush, bool may_help) {
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
  if (has_sent || any) shards_->Wake();  // there is something to read, or room again
  return (may_help && shards_->Help(watch_.budgets())) || any;
}

void Core::Quiesce() {
  if (sections_.empty()) return;
  PrepareSections();
  while (true) {
    if (PumpSections(true, true)) continue;
    // First the shards, then what they put out: a shard that stands still puts out nothing more.
    if (!shards_->IsIdle()) {
      shards_->Wake();
      continue;
    }
    const bool is_dry = std::ranges::none_of(
        sections_, [](ShardSection* section) { return section->IsHolding() || section->HasOutput(); });
    if (is_dry && shards_->IsIdle()) return;
  }
}

}  // namespace laminar::engine
