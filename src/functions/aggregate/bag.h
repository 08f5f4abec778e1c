// Bag: an ordered multiset of cells with counts, the state of every aggregate that needs its values (MEDIAN, MODE,
// DISTINCT forms, and MIN and MAX where rows may be taken back).
//
// Law: the bag is linear in weights; an entry whose count is 0 is gone, one below 0 is remembered and counts as absent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "functions/aggregate/cell.h"
#include "functions/aggregate/chunked_list.h"
#include "functions/aggregate/state_bytes.h"

namespace laminar::functions {

// How a cell is passed without owning it.
template <class Cell>
using CellView = std::conditional_t<std::is_same_v<Cell, std::string>, std::string_view, Word>;

inline void PutCell(std::string& out, const Word& cell) { PutNumber(out, cell); }
inline void PutCell(std::string& out, std::string_view cell) { PutBytes(out, cell); }
inline bool TakeCell(std::string_view& in, Word& cell) { return TakeNumber(in, cell); }
inline bool TakeCell(std::string_view& in, std::string_view& cell) { return TakeBytes(in, cell); }
inline size_t OwnedBytes(const Word&) { return 0; }
inline size_t OwnedBytes(const std::string& cell) { return cell.capacity() > 15 ? cell.capacity() + 1 : 0; }

// Counts beyond this in stored bytes are damage: sums of them could overflow.
inline constexpr int64_t kStoredCountMax = int64_t{1} << 40;

template <class Cell>
class Bag {
 public:
  using View = CellView<Cell>;
  struct Entry {
    Cell cell;
    int64_t count = 0;
  };

  // Adds `weight` to the cell's count and returns what the count was.
  int64_t Add(View cell, int64_t weight) {
    const auto at = list_.PartitionPoint([&](const Entry& entry) { return View(entry.cell) < cell; });
    if (list_.IsEnd(at) || View(list_[at].cell) != cell) {
      list_.Insert(at, Entry{Cell(cell), weight});
      distinct_ += weight > 0;
      return 0;
    }
    const int64_t before = list_[at].count;
    list_.ChangeCount(at, weight);
    distinct_ += static_cast<int64_t>(before + weight > 0) - static_cast<int64_t>(before > 0);
    return before;
  }

  int64_t total() const { return list_.total(); }  // copies with a positive count
  int64_t distinct() const { return distinct_; }   // cells with a positive count

  // visit(cell, count) for every cell with a positive count, in order.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    list_.ForEach([&](const Entry& entry) {
      if (entry.count > 0) visit(View(entry.cell), entry.count);
    });
  }
  // The cell of rank `rank`, 0 <= rank < total().
  View At(int64_t rank) const {
    const Entry* entry = list_.AtRank(rank);
    return entry == nullptr ? View() : View(entry->cell);
  }
  // The smallest and the greatest cell; total() > 0.
  View First() const {
    auto at = list_.Begin();
    while (list_[at].count <= 0) at = list_.Next(at);
    return View(list_[at].cell);
  }
  View Last() const {
    auto at = list_.Previous(list_.End());
    while (list_[at].count <= 0) at = list_.Previous(at);
    return View(list_[at].cell);
  }

  // merged(cell, before, after) for every cell of `from`.
  template <class Merged>
  void Merge(const Bag& from, Merged&& merged) {
    from.list_.ForEach([&](const Entry& entry) {
      const int64_t before = Add(View(entry.cell), entry.count);
      merged(View(entry.cell), before, before + entry.count);
    });
  }

  void Serialize(std::string& out) const {
    PutNumber(out, list_.size());
    list_.ForEach([&](const Entry& entry) {
      PutCell(out, View(entry.cell));
      PutNumber(out, entry.count);
    });
  }
  // False on bytes that Serialize did not write. is_readable(cell) tells whether a cell can be decoded.
  template <class Check>
  bool Deserialize(std::string_view& in, Check&& is_readable) {
    uint64_t entries = 0;
    if (!TakeNumber(in, entries) || entries > in.size()) return false;
    for (uint64_t i = 0; i < entries; ++i) {
      View cell{};
      int64_t count = 0;
      if (!TakeCell(in, cell) || !TakeNumber(in, count) || count == 0 || !is_readable(cell)) return false;
      if (count > kStoredCountMax || count < -kStoredCountMax || Add(cell, count) != 0) return false;
    }
    return true;
  }

  size_t memory_bytes() const {
    size_t bytes = sizeof(*this) + list_.memory_bytes();
    if constexpr (std::is_same_v<Cell, std::string>) {
      list_.ForEach([&](const Entry& entry) { bytes += OwnedBytes(entry.cell); });
    }
    return bytes;
  }

 private:
  ChunkedList<Entry> list_;
  int64_t distinct_ = 0;
};

}  // namespace laminar::functions
