// Credits: who may send, so that a queue between two cores never overflows and a slow receiver stops its senders.
//
// A credit is the right to send one batch. Every channel has a few of its own; the receiver lends a common stock of
// floating ones to channels with a backlog and takes them back when the backlog is gone. What is on its way is never
// more than the credits given out, so memory is bounded whatever the receiver does. Watermarks and barriers need no
// credit: CreditedQueue keeps places for them that rows can never take, and where even those are full says so, so that
// the sender merges (of watermarks the latest counts) and tries again; nothing is ever dropped.
//
// Two counts cross threads, both written by the receiver and only growing: `limit` (credits ever given) and `consumed`.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/check.h"
#include "base/status.h"
#include "runtime/ring0/spsc_queue.h"

namespace laminar::runtime {

enum class OverflowPolicy : uint8_t {
  kBlock,       // the sender's head takes no input until there is room
  kDropNewest,  // the dropping ones: for pipelines declared at-most-once, of which there are none yet
  kDropOldest,
  kError,
};

struct BackpressureConfig {
  uint32_t exclusive_credits = 4;  // batches a channel may always have on its way
  uint32_t floating_credits = 8;   // lent by a receiver to channels with a backlog
  double high_watermark = 0.8;     // occupancy from which a channel counts as back-pressured ...
  double low_watermark = 0.5;      // ... until it is down to this
  OverflowPolicy overflow = OverflowPolicy::kBlock;
};
// kBadArgument with the limits, or kNotSupported for a policy that loses rows.
Status Validate(const BackpressureConfig& config);

// The receiver's stock, shared by its channels. Receiver's thread only.
class FloatingCredits {
 public:
  explicit FloatingCredits(uint32_t count) : free_(count) {}
  bool Take() { return free_ > 0 && (--free_, true); }
  void GiveBack() { ++free_; }
  uint32_t free_count() const { return free_; }

 private:
  uint32_t free_;
};

// The credits of one channel.
class ChannelCredits {
 public:
  ChannelCredits(const BackpressureConfig& config, FloatingCredits* floating)
      : config_(config), receiver_{.limit = config.exclusive_credits, .floating = floating} {
    sender_.limit_seen = config.exclusive_credits;
  }

  // --- Sender ---
  bool Has() {
    if (sender_.sent != sender_.limit_seen) return true;
    sender_.limit_seen = receiver_.limit.load(std::memory_order_acquire);
    return sender_.sent != sender_.limit_seen;
  }
  bool Take() {
    if (!Has()) return false;
    ++sender_.sent;
    return true;
  }
  // Batches on their way over credits given out, in [0, 1].
  double Occupancy() const {
    const uint64_t consumed = receiver_.consumed.load(std::memory_order_acquire);
    const uint64_t limit = receiver_.limit.load(std::memory_order_acquire);  // never behind `consumed`
    return static_cast<double>(sender_.sent - consumed) / static_cast<double>(limit - consumed);
  }
  // Asked by the head of a chain before it takes input; has hysteresis. Each change to true is counted.
  bool IsBackpressured() {
    const double occupancy = Occupancy();
    if (sender_.is_backpressured) {
      if (occupancy <= config_.low_watermark) sender_.is_backpressured = false;
    } else if (occupancy >= config_.high_watermark) {
      sender_.is_backpressured = true;
      ++sender_.backpressured_count;
    }
    return sender_.is_backpressured;
  }
  uint64_t backpressured_count() const { return sender_.backpressured_count; }
  uint64_t sent() const { return sender_.sent; }

  // --- Receiver ---
  // A batch was used up; `backlog` batches wait behind it.
  void Consumed(uint32_t backlog) {
    const uint64_t consumed = receiver_.consumed.load(std::memory_order_relaxed) + 1;
    uint64_t limit = receiver_.limit.load(std::memory_order_relaxed);
    const bool gives_back = receiver_.lent > 0 && backlog < config_.exclusive_credits / 2 + 1;
    if (gives_back) {
      --receiver_.lent;
      receiver_.floating->GiveBack();
    } else {
      ++limit;
    }
    // The limit first: a sender that sees `consumed` sees a limit that is not behind it.
    receiver_.limit.store(limit, std::memory_order_release);
    receiver_.consumed.store(consumed, std::memory_order_release);
  }
  // Lends one floating credit to a channel whose own are nearly all on their way; true when it did.
  bool LendTo(uint32_t backlog) {
    if (receiver_.floating == nullptr || backlog + 1 < config_.exclusive_credits + receiver_.lent) return false;
    if (!receiver_.floating->Take()) return false;
    ++receiver_.lent;
    receiver_.limit.store(receiver_.limit.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    return true;
  }
  uint32_t lent() const { return receiver_.lent; }

  // The most batches that can ever be on their way at once.
  static uint32_t MostInFlight(const BackpressureConfig& config) {
    return config.exclusive_credits + config.floating_credits;
  }

 private:
  struct alignas(kQueueLineBytes) Sender {
    uint64_t sent = 0;
    uint64_t limit_seen = 0;
    uint64_t backpressured_count = 0;
    bool is_backpressured = false;
  };
  struct alignas(kQueueLineBytes) Receiver {
    std::atomic<uint64_t> limit{0};     // pairs with the sender's acquire in Has and Occupancy
    std::atomic<uint64_t> consumed{0};  // pairs with the sender's acquire in Occupancy
    uint32_t lent = 0;
    FloatingCredits* floating = nullptr;
  };

  const BackpressureConfig config_;
  Sender sender_;
  Receiver receiver_;
};

// A queue whose batches need credits and whose control messages do not.
template <class T>
class CreditedQueue {
 public:
  static constexpr uint32_t kControlPlaces = 16;

  CreditedQueue(const BackpressureConfig& config, FloatingCredits* floating)
      : credits_(config, floating), queue_(ChannelCredits::MostInFlight(config) + kControlPlaces) {}

  // --- Sender; on false the argument is untouched ---
  bool TryPush(T&& batch) noexcept {
    if (!credits_.Take()) return false;
    const bool is_pushed = queue_.Push(std::move(batch));
    CHECK(is_pushed);  // there is a place for every credit beside those of control
    return true;
  }
  // Rows never fill the queue, so this fails only behind kControlPlaces messages of its own kind.
  bool TryPushControl(T&& message) noexcept {
    if (!HasControlPlace()) return false;
    const bool is_pushed = queue_.Push(std::move(message));
    CHECK(is_pushed);
    ++sender_.control_sent;
    return true;
  }
  bool HasControlPlace() { return sender_.control_sent - ControlTaken() < kControlPlaces; }
  bool IsBackpressured() { return credits_.IsBackpressured(); }
  ChannelCredits& credits() { return credits_; }

  // --- Receiver ---
  // After a message of TryPush was used up: BatchDone. After one of TryPushControl: ControlDone.
  bool Pop(T& out) noexcept { return queue_.Pop(out); }
  void BatchDone() {
    credits_.Consumed(static_cast<uint32_t>(queue_.size_approx()));
    LendIfBehind();
  }
  void ControlDone() {
    control_taken_.store(control_taken_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  void LendIfBehind() { credits_.LendTo(static_cast<uint32_t>(queue_.size_approx())); }
  bool empty() const { return queue_.empty(); }
  size_t size_approx() const { return queue_.size_approx(); }
  void RebindSender() { queue_.RebindProducer(); }
  void RebindReceiver() { queue_.RebindConsumer(); }
  void RebindOwners() { queue_.RebindOwners(); }

 private:
  uint64_t ControlTaken() {
    if (sender_.control_sent - sender_.control_seen < kControlPlaces) return sender_.control_seen;
    sender_.control_seen = control_taken_.load(std::memory_order_acquire);
    return sender_.control_seen;
  }
  struct alignas(kQueueLineBytes) Sender {
    uint64_t control_sent = 0;
    uint64_t control_seen = 0;
  };

  ChannelCredits credits_;
  SpscQueue<T> queue_;
  Sender sender_;
  alignas(kQueueLineBytes) std::atomic<uint64_t> control_taken_{0};  // pairs with the acquire in ControlTaken
};

}  // namespace laminar::runtime
