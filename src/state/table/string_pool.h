// StringPool: memory for the long strings of one state table, in pages, with a free list per size so that
// churn does not grow it.
//
// Blocks never move, so a StringRef may point into one until it is freed. Owned by one thread; other threads
// may read live blocks.
// Every block is readable for 16 bytes past its string (views promise that).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "state/memory/memory_count.h"

namespace laminar::state {

class StringPool {
 public:
  explicit StringPool(StateMemory& memory) : memory_(memory), count_(memory) {}
  ~StringPool();
  StringPool(const StringPool&) = delete;
  StringPool& operator=(const StringPool&) = delete;

  // A copy of the bytes.
  const char* Add(std::string_view bytes);
  // Of a string that Add returned, with its size.
  void Free(const char* bytes, size_t size);
  // Frees everything.
  void Clear();
  // All memory held, free blocks included.
  uint64_t memory_bytes() const { return count_.bytes() + blocks_.size() * StateMemory::kBlockBytes; }

 private:
  static constexpr uint32_t kClasses = 60;

  struct FreeBlock {
    FreeBlock* next;
  };
  struct LargeBlock {
    LargeBlock* previous;
    LargeBlock* next;
    uint64_t size;
    uint64_t unused;  // keeps the string aligned to 16
  };

  void AddPage(size_t least);
  static uint32_t ClassOf(size_t size);
  static size_t ClassBytes(uint32_t size_class);
  char* Allocate(uint32_t size_class);
  char* AllocateLarge(size_t size);

  FreeBlock* free_[kClasses] = {};
  LargeBlock* large_ = nullptr;
  StateMemory& memory_;
  std::vector<std::unique_ptr<char[]>> pages_;
  std::vector<uint8_t*> blocks_;
  size_t page_bytes_ = 0;
  char* next_ = nullptr;
  char* end_ = nullptr;
  MemoryCount count_;
};

}  // namespace laminar::state
