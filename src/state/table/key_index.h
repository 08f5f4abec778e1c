// KeyIndex: from a key's hash to row references. Open addressing, linear probing, 8-byte entries {32-bit
// tag, reference + 1}.
//
// It starts as one small segment and splits into 256, one a vnode (hash mod 256), when it has grown; from
// then on segments grow one at
// a time, so no single insert pays for all. A tag is the upper half of the hash: it gives the home slot, so
// growing reads no row.
// It knows nothing of keys: whoever looks up compares them. One owner thread.
#pragma once

#include <cstdint>
#include <vector>

#include "state/memory/memory_count.h"
#include "state/table/state_table.h"

namespace laminar::state {

// Zeroed blocks of power-of-two sizes. Large ones are cut from chunks of huge pages; a chunk goes back to
// the system when all its
// blocks are free, which is soon, because segments grow about the same time.
class EntryPool {
 public:
  explicit EntryPool(StateMemory& memory) : count_(memory) {}
  ~EntryPool();
  // is_many: the block is one of many of that size, so it may share a chunk.
  void* Allocate(size_t bytes, bool is_many);
  void Free(void* block, size_t bytes);
  uint64_t memory_bytes() const { return count_.bytes(); }

 private:
  struct Chunk {
    char* base = nullptr;
    size_t bytes = 0;
    size_t block_bytes = 0;
    size_t used = 0;  // bytes ever handed out
    uint32_t live = 0;
    std::vector<void*> free;
  };
  std::vector<Chunk> chunks_;
  MemoryCount count_;
};

class KeyIndex {
 public:
  struct Entry {
    uint32_t tag = 0;
    uint32_t ref_plus_one = 0;  // 0: empty
  };

  explicit KeyIndex(StateMemory& memory);
  ~KeyIndex();
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;

  static uint32_t TagOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  static uint8_t VnodeOf(uint64_t hash) { return static_cast<uint8_t>(hash); }

  void Prefetch(uint64_t hash) const {
    const Segment& segment = segments_[hash & vnode_mask_];
    __builtin_prefetch(&segment.entries[TagOf(hash) >> segment.shift]);
  }
  // The first reference whose tag fits, to prefetch its row; kNoRow: surely absent.
  RowRef Candidate(uint64_t hash) const {
    const Segment& segment = segments_[hash & vnode_mask_];
    const uint32_t tag = TagOf(hash);
    uint32_t at = tag >> segment.shift;
    while (segment.entries[at].ref_plus_one != 0 && segment.entries[at].tag != tag) at = (at + 1) & segment.mask;
    return segment.entries[at].ref_plus_one - 1;
  }
  // The reference for which equal(reference) holds, or kNoRow.
  template <class Equal>
  RowRef Find(uint64_t hash, const Equal& equal) const {
    const Segment& segment = segments_[hash & vnode_mask_];
    const uint32_t tag = TagOf(hash);
    for (uint32_t at = tag >> segment.shift;; at = (at + 1) & segment.mask) {
      const Entry entry = segment.entries[at];
      if (entry.ref_plus_one == 0) return kNoRow;
      if (entry.tag == tag && equal(entry.ref_plus_one - 1)) return entry.ref_plus_one - 1;
    }
  }
  // Of a key that Find did not find. vnode_of(reference) tells a row's vnode, for the one split.
  template <class VnodeOfRow>
  void Insert(uint64_t hash, RowRef row, const VnodeOfRow& vnode_of) {
    if (vnode_mask_ == 0 && segments_[0].used >= kSplitAt) Split(vnode_of);
    Segment& segment = segments_[hash & vnode_mask_];
    if ((segment.used + 1) * uint64_t{4} > (segment.mask + uint64_t{1}) * 3) Grow(segment);
    Put(segment, {TagOf(hash), row + 1});
    ++segment.used;
  }
  // Of an empty index: room for so many rows of each vnode, so that keys that come in the order of their tags do not
  // pile up in the front of a small segment.
  void Reserve(const uint32_t (&rows)[kVnodes]);
  void Erase(uint32_t tag, uint8_t vnode, RowRef row);
  void Clear();

  uint64_t memory_bytes() const { return pool_.memory_bytes() + segments_.capacity() * sizeof(Segment); }

 private:
  struct Segment {
    Entry* entries = nullptr;
    uint32_t mask = 0;
    uint32_t shift = 0;
    uint32_t used = 0;
  };
  static constexpr uint32_t kFirstEntries = 16;
  static constexpr uint32_t kSplitAt = 6144;

  Segment NewSegment(uint32_t entries);
  void Grow(Segment& segment);
  template <class VnodeOfRow>
  void Split(const VnodeOfRow& vnode_of) {
    std::vector<Segment> whole = StartSplit();
    for (uint32_t i = 0; i <= whole[0].mask; ++i) {
      const Entry entry = whole[0].entries[i];
      if (entry.ref_plus_one == 0) continue;
      Segment& segment = segments_[vnode_of(entry.ref_plus_one - 1)];
      if ((segment.used + 1) * uint64_t{4} > (segment.mask + uint64_t{1}) * 3) Grow(segment);
      Put(segment, entry);
      ++segment.used;
    }
    pool_.Free(whole[0].entries, (whole[0].mask + size_t{1}) * sizeof(Entry));
  }
  std::vector<Segment> StartSplit();
  static void Put(Segment& segment, Entry entry) {
    uint32_t at = entry.tag >> segment.shift;
    while (segment.entries[at].ref_plus_one != 0) at = (at + 1) & segment.mask;
    segment.entries[at] = entry;
  }

  EntryPool pool_;
  std::vector<Segment> segments_;
  uint64_t vnode_mask_ = 0;
};

}  // namespace laminar::state
