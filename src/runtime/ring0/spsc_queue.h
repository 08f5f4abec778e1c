// SpscQueue: the bounded ring through which values pass from one thread to exactly one other, in order, by move.
//
// The producer owns `tail`, the consumer `head`: free-running 64-bit counts, each on cache lines of its own beside a
// remembered copy of the other side's, so that a side looks at a foreign line only when its copy says full or empty.
// One's own index is read relaxed, the other's with acquire, and published with release. Nothing waits, allocates or
// throws after construction. Debug builds stop when a second producer or a second consumer thread comes.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "runtime/ring0/core_confined.h"

namespace laminar::runtime {

// Two lines: processors fetch lines in pairs.
inline constexpr size_t kQueueLineBytes = 128;

// What PopEach calls with each element; false ends the loop. It may not throw.
template <class F, class T>
concept ElementVisitor = std::is_nothrow_invocable_r_v<bool, F&, T&&>;

template <class T>
class SpscQueue {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                    std::is_nothrow_destructible_v<T>,
                "elements move between threads, and a move may not fail");

 public:
  // The capacity is rounded up to a power of two, at least 2.
  explicit SpscQueue(size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? size_t{2} : capacity) - 1),
        slots_(std::make_unique_for_overwrite<Slot[]>(mask_ + 1)) {}
  ~SpscQueue() {
    const uint64_t end = producer_.tail.load(std::memory_order_acquire);
    for (uint64_t i = consumer_.head.load(std::memory_order_relaxed); i != end; ++i) At(i)->~T();
  }
  SpscQueue(const SpscQueue&) = delete;
  SpscQueue& operator=(const SpscQueue&) = delete;

  // --- Producer ---
  // False: full, and the argument is untouched.
  bool Push(T&& value) noexcept {
    DCHECK_OWNED_BY(producer_.owner);
    const uint64_t tail = producer_.tail.load(std::memory_order_relaxed);
    if (Room(tail, 1) == 0) return false;
    new (RawAt(tail)) T(std::move(value));
    producer_.tail.store(tail + 1, std::memory_order_release);
    return true;
  }
  // Moves as many as there is room for, from the front; returns how many.
  size_t PushBatch(std::span<T> values) noexcept {
    DCHECK_OWNED_BY(producer_.owner);
    const uint64_t tail = producer_.tail.load(std::memory_order_relaxed);
    const size_t room = Room(tail, values.size());
    const size_t count = room < values.size() ? room : values.size();
    for (size_t i = 0; i < count; ++i) new (RawAt(tail + i)) T(std::move(values[i]));
    producer_.tail.store(tail + count, std::memory_order_release);
    return count;
  }

  // --- Consumer ---
  // False: empty, and `out` is untouched.
  bool Pop(T& out) noexcept {
    DCHECK_OWNED_BY(consumer_.owner);
    const uint64_t head = consumer_.head.load(std::memory_order_relaxed);
    if (Ready(head, 1) == 0) return false;
    T* value = At(head);
    out = std::move(*value);
    value->~T();
    consumer_.head.store(head + 1, std::memory_order_release);
    return true;
  }
  // Constructs elements in memory that holds none yet; returns how many.
  size_t PopInto(std::span<T> uninitialised) noexcept {
    DCHECK_OWNED_BY(consumer_.owner);
    const uint64_t head = consumer_.head.load(std::memory_order_relaxed);
    const size_t ready = Ready(head, uninitialised.size());
    const size_t count = ready < uninitialised.size() ? ready : uninitialised.size();
    for (size_t i = 0; i < count; ++i) {
      T* value = At(head + i);
      new (&uninitialised[i]) T(std::move(*value));
      value->~T();
    }
    consumer_.head.store(head + count, std::memory_order_release);
    return count;
  }
  // Hands up to `max` elements to visit(T&&) until it says false; all that were handed over are gone. Their slots are
  // free for the producer when the call returns. Returns how many. The visitor may not use the consumer's side.
  template <ElementVisitor<T> F>
  size_t PopEach(size_t max, F&& visit) noexcept {
    DCHECK_OWNED_BY(consumer_.owner);
    const uint64_t head = consumer_.head.load(std::memory_order_relaxed);
    const size_t ready = Ready(head, max);
    const size_t limit = ready < max ? ready : max;
    size_t count = 0;
    for (bool goes_on = true; goes_on && count < limit; ++count) {
      T* value = At(head + count);
      goes_on = visit(std::move(*value));
      value->~T();
    }
    consumer_.head.store(head + count, std::memory_order_release);
    return count;
  }

  // --- Anybody; a moment later it may be otherwise, but "not full" stays true for the producer, "not empty" for the
  // consumer. ---
  size_t size_approx() const {
    const uint64_t head = consumer_.head.load(std::memory_order_acquire);
    const uint64_t tail = producer_.tail.load(std::memory_order_acquire);
    const uint64_t size = tail - head;
    return size > capacity() ? capacity() : static_cast<size_t>(size);
  }
  bool empty() const {
    return consumer_.head.load(std::memory_order_acquire) == producer_.tail.load(std::memory_order_acquire);
  }
  bool full() const { return size_approx() == capacity(); }
  size_t capacity() const { return mask_ + 1; }

  // Another thread takes over a side; between uses of that side, with what it did before seen by the new one.
  void RebindProducer() { producer_.owner.Rebind(); }
  void RebindConsumer() { consumer_.owner.Rebind(); }
  void RebindOwners() {
    RebindProducer();
    RebindConsumer();
  }
  // Lets the counts of an unused queue start elsewhere, to test their wrapping.
  void StartIndicesAt(uint64_t index) {
    CHECK(empty());
    producer_.tail.store(index, std::memory_order_relaxed);
    producer_.head_seen = index;
    consumer_.head.store(index, std::memory_order_relaxed);
    consumer_.tail_seen = index;
  }

 private:
  struct Slot {
    alignas(T) std::byte bytes[sizeof(T)];
  };
  struct alignas(kQueueLineBytes) Producer {
    std::atomic<uint64_t> tail{0};  // pairs with the consumer's acquire in Ready
    uint64_t head_seen = 0;
    [[no_unique_address]] ThreadOwner owner;
  };
  struct alignas(kQueueLineBytes) Consumer {
    std::atomic<uint64_t> head{0};  // pairs with the producer's acquire in Room
    uint64_t tail_seen = 0;
    [[no_unique_address]] ThreadOwner owner;
  };

  void* RawAt(uint64_t index) { return slots_[index & mask_].bytes; }
  T* At(uint64_t index) { return std::launder(reinterpret_cast<T*>(slots_[index & mask_].bytes)); }

  // Free slots, exact only when fewer than `wanted` were remembered.
  size_t Room(uint64_t tail, size_t wanted) {
    size_t room = capacity() - static_cast<size_t>(tail - producer_.head_seen);
    if (room < wanted) {
      producer_.head_seen = consumer_.head.load(std::memory_order_acquire);
      room = capacity() - static_cast<size_t>(tail - producer_.head_seen);
    }
    return room;
  }
  size_t Ready(uint64_t head, size_t wanted) {
    auto ready = static_cast<size_t>(consumer_.tail_seen - head);
    if (ready < wanted) {
      consumer_.tail_seen = producer_.tail.load(std::memory_order_acquire);
      ready = static_cast<size_t>(consumer_.tail_seen - head);
    }
    return ready;
  }

  Producer producer_;
  Consumer consumer_;
  alignas(kQueueLineBytes) const size_t mask_;  // read by both, written by nobody
  std::unique_ptr<Slot[]> slots_;
};

}  // namespace laminar::runtime
