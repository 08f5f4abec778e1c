// ChunkedList: a sorted list of counted entries in chunks of at most 256, the store behind Bag and Timeline.
//
// Finding is two binary searches; inserting or erasing moves at most one chunk and, once in many times, the list of
// chunks. Appending in order fills chunks nearly full. Each chunk knows the copies it holds (sum of positive counts),
// so a rank is found by walking chunk totals. Invariant: no chunk is empty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace laminar::functions {

// Entry has `int64_t count`.
template <class Entry>
class ChunkedList {
 public:
  struct Position {
    size_t chunk = 0;
    size_t index = 0;
  };

  // The first entry where is_before(entry) is false; it must be true for a prefix of the list.
  template <class Predicate>
  Position PartitionPoint(Predicate&& is_before) const {
    const auto chunk = std::partition_point(chunks_.begin(), chunks_.end(),
                                            [&](const Chunk& c) { return is_before(c.entries.back()); });
    if (chunk == chunks_.end()) return End();
    const auto at = std::partition_point(chunk->entries.begin(), chunk->entries.end(), is_before);
    return {static_cast<size_t>(chunk - chunks_.begin()), static_cast<size_t>(at - chunk->entries.begin())};
  }

  Position Begin() const { return {}; }
  // Behind the last entry, where an append goes.
  Position End() const {
    return chunks_.empty() ? Position{} : Position{chunks_.size() - 1, chunks_.back().entries.size()};
  }
  bool IsEnd(Position at) const { return at.chunk >= chunks_.size() || at.index >= chunks_[at.chunk].entries.size(); }
  bool IsBegin(Position at) const { return at.chunk == 0 && at.index == 0; }
  Position Next(Position at) const {
    if (at.index + 1 < chunks_[at.chunk].entries.size() || at.chunk + 1 == chunks_.size())
      return {at.chunk, at.index + 1};
    return {at.chunk + 1, 0};
  }
  Position Previous(Position at) const {
    if (at.index > 0) return {at.chunk, at.index - 1};
    return {at.chunk - 1, chunks_[at.chunk - 1].entries.size() - 1};
  }
  const Entry& operator[](Position at) const { return chunks_[at.chunk].entries[at.index]; }

  void Insert(Position at, Entry entry) {
    if (chunks_.empty()) chunks_.emplace_back();
    Chunk& chunk = chunks_[at.chunk];
    const int64_t copies = Copies(entry);
    chunk.total += copies;
    total_ += copies;
    ++size_;
    chunk.entries.insert(chunk.entries.begin() + static_cast<ptrdiff_t>(at.index), std::move(entry));
    if (chunk.entries.size() > kChunkMax) Split(at.chunk);
  }
  // Adds to the entry's count; an entry whose count becomes 0 goes away.
  void ChangeCount(Position at, int64_t weight) {
    Chunk& chunk = chunks_[at.chunk];
    Entry& entry = chunk.entries[at.index];
    const int64_t before = Copies(entry);
    entry.count += weight;
    const int64_t change = Copies(entry) - before;
    chunk.total += change;
    total_ += change;
    if (entry.count != 0) return;
    --size_;
    chunk.entries.erase(chunk.entries.begin() + static_cast<ptrdiff_t>(at.index));
    if (chunk.entries.empty()) chunks_.erase(chunks_.begin() + static_cast<ptrdiff_t>(at.chunk));
  }

  uint64_t size() const { return size_; }   // entries
  int64_t total() const { return total_; }  // copies: the sum of positive counts

  template <class Visit>
  void ForEach(Visit&& visit) const {
    for (const Chunk& chunk : chunks_) {
      for (const Entry& entry : chunk.entries) visit(entry);
    }
  }
  // The entry that holds copy number `rank`, 0 <= rank < total().
  const Entry* AtRank(int64_t rank) const {
    for (const Chunk& chunk : chunks_) {
      if (rank >= chunk.total) {
        rank -= chunk.total;
        continue;
      }
      for (const Entry& entry : chunk.entries) {
        if (rank < Copies(entry)) return &entry;
        rank -= Copies(entry);
      }
    }
    return nullptr;
  }

  // Without what entries own outside themselves.
  size_t memory_bytes() const {
    size_t bytes = chunks_.capacity() * sizeof(Chunk);
    for (const Chunk& chunk : chunks_) bytes += chunk.entries.capacity() * sizeof(Entry);
    return bytes;
  }

 private:
  static constexpr size_t kChunkMax = 256;

  struct Chunk {
    std::vector<Entry> entries;
    int64_t total = 0;
  };

  static int64_t Copies(const Entry& entry) { return std::max<int64_t>(entry.count, 0); }

  void Split(size_t c) {
    std::vector<Entry>& entries = chunks_[c].entries;
    // Entries that come in order would leave every chunk half full, so the last one is split near its end.
    const size_t keep = c + 1 == chunks_.size() ? kChunkMax - 16 : kChunkMax / 2;
    Chunk upper;
    upper.entries.assign(std::make_move_iterator(entries.begin() + static_cast<ptrdiff_t>(keep)),
                         std::make_move_iterator(entries.end()));
    entries.erase(entries.begin() + static_cast<ptrdiff_t>(keep), entries.end());
    for (const Entry& entry : upper.entries) upper.total += Copies(entry);
    chunks_[c].total -= upper.total;
    chunks_.insert(chunks_.begin() + static_cast<ptrdiff_t>(c) + 1, std::move(upper));
  }

  std::vector<Chunk> chunks_;
  uint64_t size_ = 0;
  int64_t total_ = 0;
};

}  // namespace laminar::functions
