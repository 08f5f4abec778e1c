// Core, part five: memory. What all state may take, where the rest goes, and sources that slow down before a query
// fails.
#include <algorithm>
#include <chrono>
#include <ranges>
#include <set>
#include <thread>

#include "engine/core.h"
#include "os/process.h"

namespace laminar::engine {

namespace {

constexpr int64_t kLookNanos = 2'000'000;  // between looks at what came back from disk
constexpr uint32_t kBlocksPerTurn = 16;    // moved to disk; 32 MiB

}  // namespace

// Of the setting `name`; empty: all of them.
void Core::LimitMemory(const Settings& settings, std::string_view name) {
  state::StateMemory::Limits limits = memory_->GetLimits();
  if (name.empty() || name == "state_memory_bytes")
    limits.resident_bytes = settings.state_memory_bytes != 0 ? settings.state_memory_bytes : os::UsableMemory() / 5 * 4;
  if (name.empty() || name == "spill_limit_bytes") limits.spill_bytes = settings.spill_limit_bytes;
  if (name.empty() || name == "spill_directory") {
    limits.directory = settings.spill_directory;
    // The folders of another file system are not the machine's.
    const bool is_simulated = options_.files != nullptr && options_.spill_files == nullptr;
    limits.files = options_.spill_files;
    if (limits.directory.empty() && !is_simulated)
      limits.directory = options_.path.empty() ? os::TemporaryDirectory() : options_.path;
  }
  memory_->SetLimits(std::move(limits));
}

// Is it too early to read more, because there is no memory for it? Between turns nobody writes to state, so blocks may
// move; when nothing can move, sources wait a while. Inline, who turns decides.
bool Core::IsShortOfMemory(int64_t now) {
  if (memory_->has_spilled() && now - last_look_nanos_ > kLookNanos) {
    memory_->Look();
    last_look_nanos_ = now;
  }
  if (!memory_->is_over()) return false;
  Quiesce();
  if (memory_->Trim(kBlocksPerTurn) || options_.is_inline) return false;
  ++times_slowed_;
  if (now < short_until_nanos_) return true;
  short_until_nanos_ = now + kSlowNanos;
  return false;
}

// Views whose state comes near their limit: what feeds them gives time to whatever may make room, the watermark of
// another input, a DROP, a SET. The limit itself is an error of the view.
void Core::SlowDown(int64_t now) {
  if (!memory_->TakePressure()) return;
  // A view is made after what it reads: backwards, each is met when all that read it have been.
  std::set<std::string_view> feeding;
  for (const auto& view : std::views::reverse(views_)) {
    const bool is_pressed = view->is_pressed.exchange(false, std::memory_order_relaxed);
    if (is_pressed || feeding.contains(view->name)) feeding.insert(view->reads.begin(), view->reads.end());
  }
  for (const auto& source : sources_) {
    if (!feeding.contains(source->relation->name)) continue;
    source->slow_until = now + kSlowNanos;
    if (source->connector == nullptr) pushes_wait_until_.store(source->slow_until, std::memory_order_relaxed);
    ++times_slowed_;
  }
}

// Not told to this push: its rows are taken, the next one waits.
void Core::MakeRoomForPush() {
  const int64_t now = options_.clock->MonotonicNanos();
  SlowDown(now);
  if (IsShortOfMemory(now)) pushes_wait_until_.store(now + kSlowNanos, std::memory_order_relaxed);
}

Status Core::WaitToPush(const std::atomic<bool>& cancelled) {
  const int64_t until = pushes_wait_until_.load(std::memory_order_relaxed);
  if (until != 0 && !options_.is_inline) {
    const int64_t left = until - options_.clock->MonotonicNanos();
    if (left > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left, kSlowNanos)));
  }
  return durability_ != nullptr ? durability_->WaitRoom(cancelled) : Status();
}

}  // namespace laminar::engine
