// The ORDER BY of an order-sensitive aggregate as one comparable key a row.
//
// No key, or one of at most eight bytes (an event time): a Word, `high` being 1 or 3 for a NULL that stands first or
// last, 2 for a value, and 0 for nothing yet. Anything else: bytes in memcmp order.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "expr/aggregate.h"
#include "functions/aggregate/cell.h"

namespace laminar::functions {

inline constexpr uint64_t kNullFirstRank = 1;
inline constexpr uint64_t kValueRank = 2;
inline constexpr uint64_t kNullLastRank = 3;

class OrderKey {
 public:
  OrderKey() = default;
  // The key columns stand at `column` and after it among the update's columns.
  OrderKey(std::span<const data::Type> types, std::span<const expr::SortKey> order, uint32_t column);

  bool is_word() const { return is_word_; }
  size_t size() const { return types_.size(); }
  uint32_t column() const { return column_; }

  // True when no row of the batch has a NULL key, so that every word's rank is kValueRank.
  bool AreDense(const expr::AggregateInput& in) const;
  // The keys of all rows as words.
  void EncodeWords(const expr::AggregateInput& in, Word* out) const;
  // The low halves only; all ranks are kValueRank.
  void EncodeDense(const expr::AggregateInput& in, uint64_t* out) const;
  void EncodeBytes(const expr::AggregateInput& in, uint32_t row, std::string& out) const;

 private:
  std::vector<data::Type> types_;
  std::vector<expr::SortKey> order_;
  uint32_t column_ = 0;
  bool is_word_ = true;
  CellCodec codec_;  // of a single key
};

}  // namespace laminar::functions
