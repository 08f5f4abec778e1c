#include "engine/core_mutex.h"

#include "base/check.h"
#include "os/cpu.h"

namespace laminar::engine {
namespace {

constexpr int64_t kSliceNanos = 1'000'000;

}  // namespace

void CoreMutex::Lock(Use use) {
  if (!mutex_.try_lock()) {  // else nobody is there who would have to give way
    waiting_.fetch_add(1, std::memory_order_acq_rel);
    mutex_.lock();
    waiting_.fetch_sub(1, std::memory_order_acq_rel);
  }
  if (!is_in_slices_ || use == Use::kRead) return;
  std::unique_lock lock(mutex_, std::adopt_lock);
  AwaitWholeGraph(lock);
  lock.release();
}

void CoreMutex::AwaitWholeGraph(std::unique_lock<std::mutex>& lock) {
  whole_.wait(lock, [this] { return !is_in_slices_; });
}

// Until whoever waits has the lock: taken again at once, it would be gone before the other one is awake. Patience,
// since a thread of normal priority may wait for a cpu as well, and this may be the one.
void CoreMutex::AwaitNext() {
  os::Patience patience;
  for (int i = 0; i < 100'000 && is_wanted(); ++i) patience.Wait();
}

bool CoreMutex::LetIn(std::unique_lock<std::mutex>& lock) {
  if (is_in_slices_) {
    AwaitWholeGraph(lock);
    return true;
  }
  if (!is_wanted()) return false;
  lock.unlock();
  AwaitNext();
  lock.lock();
  return true;
}

CoreMutex::Slices::Slices(CoreMutex& mutex, const os::Clock& clock, const std::atomic<bool>& cancelled)
    : mutex_(mutex), clock_(clock), cancelled_(cancelled), slice_start_(clock.MonotonicNanos()) {
  CHECK(!mutex_.is_in_slices_);
  mutex_.is_in_slices_ = true;
}

CoreMutex::Slices::~Slices() {
  mutex_.is_in_slices_ = false;
  mutex_.whole_.notify_all();
}

Result<bool> CoreMutex::Slices::GiveWay() {
  if (cancelled_.load(std::memory_order_acquire))
    return Error(ErrorCode::kCancelled, "the statement was cancelled, and nothing is left of it");
  if (!mutex_.is_wanted() || clock_.MonotonicNanos() - slice_start_ < kSliceNanos) return false;
  mutex_.mutex_.unlock();
  mutex_.AwaitNext();
  mutex_.mutex_.lock();
  slice_start_ = clock_.MonotonicNanos();
  return true;
}

}  // namespace laminar::engine
