// MemoryCount: how much memory a pool holds, told to the StateMemory of its database as it changes, and taken back when
// the pool goes.
#pragma once

#include <cstdint>

#include "state/memory/state_memory.h"

namespace laminar::state {

class MemoryCount {
 public:
  explicit MemoryCount(StateMemory& memory) : memory_(memory) {}
  ~MemoryCount() { Remove(bytes_); }
  MemoryCount(const MemoryCount&) = delete;
  MemoryCount& operator=(const MemoryCount&) = delete;

  void Add(uint64_t bytes) {
    bytes_ += bytes;
    memory_.Note(static_cast<int64_t>(bytes));
  }
  void Remove(uint64_t bytes) {
    bytes_ -= bytes;
    memory_.Note(-static_cast<int64_t>(bytes));
  }
  uint64_t bytes() const { return bytes_; }

 private:
  StateMemory& memory_;
  uint64_t bytes_ = 0;
};

}  // namespace laminar::state
