// KeptBytes: a small owned byte string inside an accumulator, 24 bytes, up to 16 of them without memory of its own.
//
// It may be moved as raw bytes with the row it stands in, so it has no destructor: the accumulator's destroy calls
// Free.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/hot_scope.h"

namespace laminar::functions {

struct KeptBytes {
  static constexpr uint32_t kInlineMax = 16;

  uint32_t size = 0;
  uint32_t capacity = kInlineMax;  // above kInlineMax: `owned` is ours
  union {
    char inlined[kInlineMax] = {};
    char* owned;
  };

  std::string_view view() const { return {capacity > kInlineMax ? owned : inlined, size}; }

  // Keeps a copy of `bytes`; memory once taken is used again.
  void Set(std::string_view bytes) {
    if (bytes.size() > capacity) Grow(static_cast<uint32_t>(bytes.size()));
    char* to = capacity > kInlineMax ? owned : inlined;
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    size = static_cast<uint32_t>(bytes.size());
  }
  void Free() {
    if (capacity > kInlineMax) delete[] owned;
    capacity = kInlineMax;
    size = 0;
  }
  size_t memory_bytes() const { return capacity > kInlineMax ? capacity : 0; }

 private:
  void Grow(uint32_t least) {
    const AllowAllocation growth;
    const uint32_t wanted = (least + 31) & ~uint32_t{31};
    char* fresh = new char[wanted];
    if (capacity > kInlineMax) delete[] owned;
    owned = fresh;
    capacity = wanted;
  }
};
static_assert(sizeof(KeptBytes) == 24 && alignof(KeptBytes) == 8);

}  // namespace laminar::functions
