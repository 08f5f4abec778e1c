#include "state/table/key_index.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/hot_scope.h"

namespace laminar::state {
namespace {

constexpr size_t kChunked = size_t{4} << 10;  // blocks from here on come from chunks
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kFirstBlocks = 16;

}  // namespace

EntryPool::~EntryPool() {
  for (const Chunk& chunk : chunks_) std::free(chunk.base);
}

void* EntryPool::Allocate(size_t bytes, bool is_many) {
  AllowAllocation growth;
  if (bytes < kChunked || !is_many) {
    void* block = std::calloc(1, bytes);
    if (block == nullptr) throw std::bad_alloc();
    count_.Add(bytes);
    return block;
  }
  size_t blocks = kFirstBlocks;  // each chunk twice the last: on a shard only its own vnodes grow
  for (Chunk& chunk : chunks_) {
    if (chunk.block_bytes != bytes) continue;
    blocks = std::min<size_t>(blocks * 2, kVnodes);
    if (!chunk.free.empty()) {
      void* block = chunk.free.back();
      chunk.free.pop_back();
      ++chunk.live;
      std::memset(block, 0, bytes);
      return block;
    }
    if (chunk.used + bytes <= chunk.bytes) {
      void* block = chunk.base + chunk.used;
      chunk.used += bytes;
      ++chunk.live;
      std::memset(block, 0, bytes);
      return block;
    }
  }
  Chunk chunk;
  chunk.bytes = std::max(bytes, std::min(kHugePage, bytes * blocks));
  chunk.base = static_cast<char*>(std::aligned_alloc(std::min(chunk.bytes, kHugePage), chunk.bytes));
  if (chunk.base == nullptr) throw std::bad_alloc();
  if (chunk.bytes >= kHugePage) (void)madvise(chunk.base, chunk.bytes, MADV_HUGEPAGE);
  chunk.block_bytes = bytes;
  chunk.used = bytes;
  chunk.live = 1;
  std::memset(chunk.base, 0, bytes);
  count_.Add(chunk.bytes);
  void* block = chunk.base;
  chunks_.push_back(std::move(chunk));
  return block;
}

void EntryPool::Free(void* block, size_t bytes) {
  AllowAllocation growth;
  for (size_t i = 0; i < chunks_.size(); ++i) {
    Chunk& chunk = chunks_[i];
    char* at = static_cast<char*>(block);
    if (at < chunk.base || at >= chunk.base + chunk.bytes) continue;
    chunk.free.push_back(block);
    if (--chunk.live == 0) {
      count_.Remove(chunk.bytes);
      std::free(chunk.base);
      chunks_[i] = std::move(chunks_.back());
      chunks_.pop_back();
    }
    return;
  }
  count_.Remove(bytes);
  std::free(block);
}

KeyIndex::KeyIndex(StateMemory& memory) : pool_(memory) { segments_.push_back(NewSegment(kFirstEntries)); }

KeyIndex::~KeyIndex() {
  for (const Segment& segment : segments_) pool_.Free(segment.entries, (segment.mask + size_t{1}) * sizeof(Entry));
}

KeyIndex::Segment KeyIndex::NewSegment(uint32_t entries) {
  auto* memory = static_cast<Entry*>(pool_.Allocate(entries * sizeof(Entry), vnode_mask_ != 0));
  return {.entries = memory,
          .mask = entries - 1,
          .shift = 32u - static_cast<uint32_t>(std::countr_zero(entries)),
          .used = 0};
}

void KeyIndex::Grow(Segment& segment) {
  AllowAllocation growth;
  const uint32_t old_entries = segment.mask + 1;
  CHECK(old_entries < (uint32_t{1} << 31));
  Segment larger = NewSegment(old_entries * 2);
  larger.used = segment.used;
  for (uint32_t i = 0; i < old_entries; ++i) {
    if (segment.entries[i].ref_plus_one != 0) Put(larger, segment.entries[i]);
  }
  pool_.Free(segment.entries, old_entries * sizeof(Entry));
  segment = larger;
}

std::vector<KeyIndex::Segment> KeyIndex::StartSplit() {
  AllowAllocation growth;
  std::vector<Segment> whole;
  whole.swap(segments_);
  segments_.reserve(kVnodes);
  vnode_mask_ = kVnodes - 1;
  const uint32_t each = std::bit_ceil(std::max(kFirstEntries, whole[0].used * 2 / kVnodes));
  for (uint32_t i = 0; i < kVnodes; ++i) segments_.push_back(NewSegment(each));
  return whole;
}

void KeyIndex::Reserve(const uint32_t (&rows)[kVnodes]) {
  AllowAllocation growth;
  uint64_t total = 0;
  for (const uint32_t count : rows) total += count;
  pool_.Free(segments_[0].entries, (segments_[0].mask + size_t{1}) * sizeof(Entry));
  segments_.clear();
  // A segment grows when it is three quarters full.
  const auto entries = [](uint64_t count) {
    return static_cast<uint32_t>(std::bit_ceil(std::max<uint64_t>(kFirstEntries, count * 4 / 3 + 1)));
  };
  vnode_mask_ = total >= kSplitAt ? kVnodes - 1 : 0;
  for (uint32_t i = 0; i <= vnode_mask_; ++i)
    segments_.push_back(NewSegment(entries(vnode_mask_ == 0 ? total : rows[i])));
}

// Entries behind the hole move back to it where their home allows, so a probe never meets a grave.
void KeyIndex::Erase(uint32_t tag, uint8_t vnode, RowRef row) {
  Segment& segment = segments_[vnode & vnode_mask_];
  uint32_t hole = tag >> segment.shift;
  while (segment.entries[hole].ref_plus_one != row + 1) {
    CHECK(segment.entries[hole].ref_plus_one != 0);
    hole = (hole + 1) & segment.mask;
  }
  for (uint32_t at = (hole + 1) & segment.mask; segment.entries[at].ref_plus_one != 0; at = (at + 1) & segment.mask) {
    const uint32_t home = segment.entries[at].tag >> segment.shift;
    if (((at - home) & segment.mask) >= ((at - hole) & segment.mask)) {
      segment.entries[hole] = segment.entries[at];
      hole = at;
    }
  }
  segment.entries[hole] = Entry{};
  --segment.used;
}

void KeyIndex::Clear() {
  AllowAllocation release;
  for (const Segment& segment : segments_) pool_.Free(segment.entries, (segment.mask + size_t{1}) * sizeof(Entry));
  segments_.clear();
  segments_.shrink_to_fit();
  vnode_mask_ = 0;
  segments_.push_back(NewSegment(kFirstEntries));
}

}  // namespace laminar::state
