#include "state/table/string_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "base/hot_scope.h"

namespace laminar::state {
namespace {

// Sizes: multiples of 16 up to 256, then four steps a power of two up to 64 KiB; larger strings stand alone.
constexpr size_t kStep = 16;
constexpr size_t kSmall = 256;
constexpr size_t kLargest = size_t{64} << 10;
constexpr uint32_t kSmallClasses = kSmall / kStep;
constexpr size_t kFirstPage = 1024;
constexpr size_t kPadding = 16;

}  // namespace

StringPool::~StringPool() { Clear(); }

uint32_t StringPool::ClassOf(size_t size) {
  if (size <= kSmall) return static_cast<uint32_t>((std::max<size_t>(size, 1) - 1) / kStep);
  const uint32_t bits = static_cast<uint32_t>(std::bit_width(size - 1));  // 2^(bits-1) < size <= 2^bits
  const size_t base = size_t{1} << (bits - 1);
  const auto quarter = static_cast<uint32_t>((size - 1 - base) / (base / 4));
  return kSmallClasses + (bits - 9) * 4 + quarter;
}

size_t StringPool::ClassBytes(uint32_t size_class) {
  if (size_class < kSmallClasses) return (size_class + 1) * kStep;
  const uint32_t bits = 9 + (size_class - kSmallClasses) / 4;
  const size_t base = size_t{1} << (bits - 1);
  return base + base / 4 * ((size_class - kSmallClasses) % 4 + 1);
}

const char* StringPool::Add(std::string_view bytes) {
  char* copy = bytes.size() > kLargest ? AllocateLarge(bytes.size()) : Allocate(ClassOf(bytes.size()));
  std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

char* StringPool::Allocate(uint32_t size_class) {
  if (FreeBlock* block = free_[size_class]; block != nullptr) {
    free_[size_class] = block->next;
    return reinterpret_cast<char*>(block);
  }
  const size_t size = ClassBytes(size_class);
  if (size > static_cast<size_t>(end_ - next_)) {
    AllowAllocation growth;
    // What is left of the page serves the next smaller strings.
    while (end_ - next_ >= static_cast<ptrdiff_t>(kStep)) {
      const uint32_t rest = std::min(ClassOf(static_cast<size_t>(end_ - next_)), kSmallClasses - 1);
      const size_t rest_bytes = std::min(ClassBytes(rest), static_cast<size_t>(end_ - next_) / kStep * kStep);
      auto* block = reinterpret_cast<FreeBlock*>(next_);
      const uint32_t exact = static_cast<uint32_t>(rest_bytes / kStep) - 1;
      block->next = free_[exact];
      free_[exact] = block;
      next_ += rest_bytes;
    }
    AddPage(size);
  }
  char* bytes = next_;
  next_ += size;
  return bytes;
}

void StringPool::AddPage(size_t least) {
  page_bytes_ = std::max(page_bytes_ == 0 ? kFirstPage : page_bytes_ * 2, std::bit_ceil(least));
  if (page_bytes_ >= StateMemory::kWorthABlock) {
    page_bytes_ = StateMemory::kBlockBytes;
    next_ = reinterpret_cast<char*>(blocks_.emplace_back(memory_.Allocate()));
    end_ = next_ + page_bytes_ - kPadding;
  } else {
    next_ = pages_.emplace_back(std::make_unique_for_overwrite<char[]>(page_bytes_ + kPadding)).get();
    end_ = next_ + page_bytes_;
    count_.Add(page_bytes_ + kPadding);
  }
}

char* StringPool::AllocateLarge(size_t size) {
  AllowAllocation growth;
  auto* block = static_cast<LargeBlock*>(::operator new(sizeof(LargeBlock) + size + kPadding));
  *block = {.previous = nullptr, .next = large_, .size = size, .unused = 0};
  if (large_ != nullptr) large_->previous = block;
  large_ = block;
  count_.Add(sizeof(LargeBlock) + size + kPadding);
  return reinterpret_cast<char*>(block + 1);
}

void StringPool::Free(const char* bytes, size_t size) {
  char* owned = const_cast<char*>(bytes);
  if (size <= kLargest) {
    auto* block = reinterpret_cast<FreeBlock*>(owned);
    FreeBlock*& head = free_[ClassOf(size)];
    block->next = head;
    head = block;
    return;
  }
  AllowAllocation release;
  LargeBlock* block = reinterpret_cast<LargeBlock*>(owned) - 1;
  (block->previous != nullptr ? block->previous->next : large_) = block->next;
  if (block->next != nullptr) block->next->previous = block->previous;
  count_.Remove(sizeof(LargeBlock) + size + kPadding);
  ::operator delete(block);
}

void StringPool::Clear() {
  while (large_ != nullptr) {
    LargeBlock* next = large_->next;
    ::operator delete(large_);
    large_ = next;
  }
  for (uint8_t* block : blocks_) memory_.Free(block);
  blocks_.clear();
  pages_.clear();
  std::fill_n(free_, kClasses, nullptr);
  next_ = nullptr;
  end_ = nullptr;
  page_bytes_ = 0;
  count_.Remove(count_.bytes());
}

}  // namespace laminar::state
