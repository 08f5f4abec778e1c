#include "state/memory/ready_blocks.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <vector>

#include "base/hot_scope.h"
#include "os/cpu.h"
#include "os/spill_file.h"
#include "os/thread.h"

namespace laminar::state {

namespace {

constexpr size_t kPage = 4096;
constexpr int64_t kIdleNanos = 1'000'000'000;
constexpr int kNice = 5;  // the graph goes first

}  // namespace

struct ReadyBlocks::Rep {
  explicit Rep(size_t bytes) : block_bytes(bytes) {}

  const size_t block_bytes;
  std::mutex mutex;             // of `ready`
  std::vector<uint8_t*> ready;  // touched
  std::atomic<uint32_t> want{0};
  std::atomic<uint32_t> most{0};
  std::atomic<uint32_t> count{0};  // of `ready`
  std::atomic<uint64_t> taken{0};
  std::atomic<bool> is_stopped{false};
  os::EventCount wake;
  os::Thread thread;

  bool HasWork() const {
    return is_stopped.load(std::memory_order_relaxed) ||
           count.load(std::memory_order_relaxed) != want.load(std::memory_order_relaxed);
  }
  void Missed() {
    const uint32_t wanted = want.load(std::memory_order_relaxed);
    want.store(std::min(std::max(2 * wanted, 1u), most.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  }
  bool Push(uint8_t* block) {
    const std::lock_guard lock(mutex);
    if (ready.size() >= want.load(std::memory_order_relaxed)) return false;
    ready.push_back(block);
    count.store(static_cast<uint32_t>(ready.size()), std::memory_order_relaxed);
    return true;
  }
  uint8_t* Pop() {
    if (ready.empty()) return nullptr;
    uint8_t* block = ready.back();
    ready.pop_back();
    count.store(static_cast<uint32_t>(ready.size()), std::memory_order_relaxed);
    return block;
  }

  void Main() {
    os::MakeThisThreadNicer(kNice);
    while (!is_stopped.load(std::memory_order_relaxed)) {
      if (HasWork()) {
        Work();
        continue;
      }
      wake.PrepareWait();
      if (HasWork()) {
        wake.CancelWait();
        continue;
      }
      const uint32_t wanted = want.load(std::memory_order_relaxed);
      if (!wake.Wait(wanted > 0 ? kIdleNanos : -1)) want.store(wanted / 2, std::memory_order_relaxed);
    }
  }
  void Work() {
    if (count.load(std::memory_order_relaxed) < want.load(std::memory_order_relaxed)) return Touch();
    uint8_t* extra = nullptr;
    {
      const std::lock_guard lock(mutex);
      if (ready.size() > want.load(std::memory_order_relaxed)) extra = Pop();
    }
    if (extra != nullptr) os::UnmapMemory(extra, block_bytes);
  }
  void Touch() {
    uint8_t* block = nullptr;
    try {
      block = os::MapMemory(block_bytes, block_bytes);
    } catch (const std::bad_alloc&) {
      want.store(0, std::memory_order_relaxed);  // who needs one will say so
      return;
    }
    for (size_t at = 0; at < block_bytes; at += kPage) static_cast<volatile uint8_t*>(block)[at] = 0;
    if (!Push(block)) os::UnmapMemory(block, block_bytes);
  }
};

ReadyBlocks::ReadyBlocks(size_t block_bytes) : rep_(std::make_unique<Rep>(block_bytes)) {}

ReadyBlocks::~ReadyBlocks() {
  Stop();
  for (uint8_t* block : rep_->ready) os::UnmapMemory(block, rep_->block_bytes);
}

void ReadyBlocks::Stop() {
  if (!rep_->thread.is_joinable()) return;
  rep_->is_stopped.store(true, std::memory_order_relaxed);
  rep_->wake.Notify();
  rep_->thread.Join();
}

Status ReadyBlocks::Start() {
  if (rep_->thread.is_joinable()) return {};
  rep_->is_stopped.store(false, std::memory_order_relaxed);
  rep_->thread =
      TRY(os::Thread::Start("laminar-memory", [](void* self) { static_cast<Rep*>(self)->Main(); }, rep_.get()));
  return {};
}

void ReadyBlocks::SetMost(uint32_t most) {
  rep_->most.store(most, std::memory_order_relaxed);
  if (rep_->want.load(std::memory_order_relaxed) > most) rep_->want.store(most, std::memory_order_relaxed);
  if (rep_->thread.is_joinable()) rep_->wake.Notify();
}

uint8_t* ReadyBlocks::Take() {
  if (!rep_->thread.is_joinable()) return os::MapMemory(rep_->block_bytes, rep_->block_bytes);
  uint8_t* block = nullptr;
  if (std::unique_lock lock(rep_->mutex, std::try_to_lock); lock.owns_lock()) {
    block = rep_->Pop();
    if (block == nullptr) rep_->Missed();
  }
  rep_->wake.Notify();
  if (block == nullptr) return os::MapMemory(rep_->block_bytes, rep_->block_bytes);
  rep_->taken.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void ReadyBlocks::Give(uint8_t* block) {
  if (!rep_->Push(block)) os::UnmapMemory(block, rep_->block_bytes);
}

uint64_t ReadyBlocks::bytes() const { return rep_->count.load(std::memory_order_relaxed) * rep_->block_bytes; }

uint64_t ReadyBlocks::taken() const { return rep_->taken.load(std::memory_order_relaxed); }

}  // namespace laminar::state
