// Timeline: the rows of a group in the order (sort key, arrival), the state of FIRST, LAST and NTH_VALUE where rows may
// be taken back, and of ARRAY_AGG and STRING_AGG.
//
// Adding inserts at the row's place; among equal keys later arrivals stand behind. Taking back removes an entry of
// equal key and equal value, bit for bit: the first or the last such one to arrive, as asked. What is not there cannot
// be taken back and changes nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "functions/aggregate/bag.h"
#include "functions/aggregate/chunked_list.h"

namespace laminar::functions {

template <class Key, class Cell>
class Timeline {
 public:
  using KeyView = CellView<Key>;
  using View = CellView<Cell>;
  struct Entry {
    Key key;
    uint64_t sequence = 0;
    int64_t count = 0;
    Cell cell{};
    bool is_null = false;
  };

  // sequence 0: the next number of this timeline.
  void Add(KeyView key, uint64_t sequence, View cell, bool is_null, int64_t copies) {
    if (sequence == 0) sequence = ++own_sequence_;
    const auto at = list_.PartitionPoint([&](const Entry& entry) {
      return KeyView(entry.key) < key || (KeyView(entry.key) == key && entry.sequence <= sequence);
    });
    list_.Insert(at, Entry{Key(key), sequence, copies, Cell(cell), is_null});
  }

  // Removes up to `copies` and returns how many were not there.
  int64_t TakeBack(KeyView key, View cell, bool is_null, int64_t copies, bool latest_first) {
    while (copies > 0) {
      const Position at = latest_first ? FindLatest(key, cell, is_null) : FindEarliest(key, cell, is_null);
      if (list_.IsEnd(at)) break;
      const int64_t taken = std::min(copies, list_[at].count);
      list_.ChangeCount(at, -taken);
      copies -= taken;
    }
    return copies;
  }

  // Rows numbered by this timeline itself come before those that `from` numbered.
  void Merge(const Timeline& from) {
    const uint64_t shift = from.own_sequence_ == 0 ? 0 : own_sequence_;
    from.list_.ForEach([&](const Entry& entry) {
      Add(KeyView(entry.key), entry.sequence + shift, View(entry.cell), entry.is_null, entry.count);
    });
    own_sequence_ += from.own_sequence_;
  }

  int64_t total() const { return list_.total(); }
  // The entry that holds copy `rank`, 0 <= rank < total().
  const Entry& At(int64_t rank) const { return *list_.AtRank(rank); }
  const Entry& First() const { return list_[list_.Begin()]; }
  const Entry& Last() const { return list_[list_.Previous(list_.End())]; }
  template <class Visit>
  void ForEach(Visit&& visit) const {
    list_.ForEach(visit);
  }

  void Serialize(std::string& out) const {
    PutNumber(out, own_sequence_);
    PutNumber(out, list_.size());
    list_.ForEach([&](const Entry& entry) {
      PutCell(out, KeyView(entry.key));
      PutNumber(out, entry.sequence);
      PutNumber(out, entry.count);
      PutByte(out, entry.is_null);
      PutCell(out, View(entry.cell));
    });
  }
  // False on bytes that Serialize did not write.
  template <class Check>
  bool Deserialize(std::string_view& in, Check&& is_readable) {
    uint64_t entries = 0;
    if (!TakeNumber(in, own_sequence_) || !TakeNumber(in, entries) || entries > in.size()) return false;
    for (uint64_t i = 0; i < entries; ++i) {
      KeyView key{};
      View cell{};
      uint64_t sequence = 0;
      int64_t count = 0;
      uint8_t is_null = 0;
      if (!TakeCell(in, key) || !TakeNumber(in, sequence) || !TakeNumber(in, count) || !TakeNumber(in, is_null) ||
          !TakeCell(in, cell)) {
        return false;
      }
      if (sequence == 0 || count <= 0 || count > kStoredCountMax || is_null > 1) return false;
      if (is_null == 0 && !is_readable(cell)) return false;
      Add(key, sequence, cell, is_null != 0, count);
    }
    return true;
  }

  size_t memory_bytes() const {
    size_t bytes = sizeof(*this) + list_.memory_bytes();
    if constexpr (std::is_same_v<Key, std::string> || std::is_same_v<Cell, std::string>) {
      list_.ForEach([&](const Entry& entry) { bytes += OwnedBytes(entry.key) + OwnedBytes(entry.cell); });
    }
    return bytes;
  }

 private:
  using Position = typename ChunkedList<Entry>::Position;

  static bool Matches(const Entry& entry, View cell, bool is_null) {
    return entry.is_null == is_null && (is_null || View(entry.cell) == cell);
  }
  Position FindEarliest(KeyView key, View cell, bool is_null) const {
    Position at = list_.PartitionPoint([&](const Entry& entry) { return KeyView(entry.key) < key; });
    while (!list_.IsEnd(at) && KeyView(list_[at].key) == key) {
      if (Matches(list_[at], cell, is_null)) return at;
      at = list_.Next(at);
    }
    return list_.End();
  }
  Position FindLatest(KeyView key, View cell, bool is_null) const {
    Position after = list_.PartitionPoint([&](const Entry& entry) { return !(key < KeyView(entry.key)); });
    while (!list_.IsBegin(after)) {
      const Position at = list_.Previous(after);
      if (!(KeyView(list_[at].key) == key)) break;
      if (Matches(list_[at], cell, is_null)) return at;
      after = at;
    }
    return list_.End();
  }

  ChunkedList<Entry> list_;
  uint64_t own_sequence_ = 0;
};

}  // namespace laminar::functions
