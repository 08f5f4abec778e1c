// Handover: what threads of ring 0 give one thread of another ring, in order and without a bound. Law: whoever gives
// never waits, not even for a taker that lost its cpu in the middle of taking, as it would for the holder of a mutex.
// Each thing given is an allocation, so it is for what comes once in a while, epochs for example; for rows there is
// SpscQueue. Any number of givers (what each gives keeps its order), one taker.
#pragma once

#include <atomic>
#include <utility>

namespace laminar::runtime {

template <typename T>
class Handover {
 public:
  Handover() = default;
  ~Handover() { FreeAll(newest_.load(std::memory_order_acquire)); }
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  void Give(T value) {
    Node* node = new Node{std::move(value), newest_.load(std::memory_order_relaxed)};
    while (!newest_.compare_exchange_weak(node->older, node, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

  bool empty() const { return newest_.load(std::memory_order_acquire) == nullptr; }

  // The taker: take(T&&) for all that was given, the oldest first.
  template <typename Take>
  void TakeAll(const Take& take) {
    Node* newest = newest_.exchange(nullptr, std::memory_order_acquire);
    Node* oldest = nullptr;
    while (newest != nullptr) {
      Node* const older = std::exchange(newest->older, oldest);
      oldest = std::exchange(newest, older);
    }
    for (Node* node = oldest; node != nullptr; node = node->older) take(std::move(node->value));
    FreeAll(oldest);
  }

 private:
  struct Node {
    T value;
    Node* older;
  };

  static void FreeAll(Node* newest) {
    while (newest != nullptr) delete std::exchange(newest, newest->older);
  }

  std::atomic<Node*> newest_{nullptr};
};

}  // namespace laminar::runtime
