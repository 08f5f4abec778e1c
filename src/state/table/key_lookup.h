// KeyLookup: finds the rows of a batch's keys, many at a time, or makes them.
//
// In a large table the walk over a block is a pipeline: the index entry of a later row is fetched, then its
// candidate row, then keys are
// compared, so that cache misses overlap (twice as fast as three passes over the block). Keys are compared
// by value in their stored form. One int64-like or string key, and such a pair, have their own
// comparison; everything else goes column by column. Owner thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/batch.h"
#include "state/table/key_index.h"
#include "state/table/page_store.h"

namespace laminar::state {

class KeyLookup {
 public:
  static constexpr uint32_t kBlock = 256;

  KeyLookup(PageStore& store, KeyIndex& index);

  void Find(const data::Batch& batch, std::span<const uint32_t> key_columns, const uint64_t* hashes, RowRef* out);
  void FindOrInsert(const data::Batch& batch, std::span<const uint32_t> key_columns, const uint64_t* hashes,
                    RowRef* out, uint8_t* inserted);

 private:
  enum class Shape : uint8_t { kNone, kWord, kString, kWordWord, kWordString, kAny };

  // One key column of the block in stored form.
  struct Source {
    const uint8_t* values = nullptr;     // 8 or 16 bytes a row
    std::unique_ptr<uint64_t[]> memory;  // for columns that are not in that form already
    std::unique_ptr<uint8_t[]> nulls;    // a byte a row
    bool has_nulls = false;
  };

  static Shape ShapeOf(const RowLayout& layout);
  void Load(const data::Batch& batch, std::span<const uint32_t> key_columns, uint32_t first, uint32_t count);
  // Calls visit(equal), where equal(row of the block, stored row) compares keys.
  template <class Visit>
  void VisitShape(const Visit& visit) const;
  void PrefetchRow(uint64_t hash) const;
  // Calls visit(i) for each row of the block in order, index entries and rows of later ones on their way
  // when the table is large.
  template <class Visit>
  void Walk(const uint64_t* hashes, uint32_t count, const Visit& visit) const;
  RowRef Make(uint64_t hash, uint32_t row);
  bool AnyEqual(uint32_t row, const uint8_t* stored) const;

  PageStore& store_;
  KeyIndex& index_;
  const Shape shape_;
  const uint8_t null_mask_;  // of the key columns in the first null byte; tables with few keys
  std::vector<Source> sources_;
  uint8_t packed_nulls_[kBlock] = {};  // as in a row's first null byte
  bool has_packed_nulls_ = false;
  data::StringHeap heap_;
  std::string scratch_;
};

}  // namespace laminar::state
