// Encoding of sort keys.
#include "functions/aggregate/order_key.h"

#include <algorithm>

#include "data/row_key.h"

namespace laminar::functions {
namespace {

constexpr uint64_t kSign = uint64_t{1} << 63;

bool FitsWord(const data::Type& type) {
  const uint32_t width = data::ValueWidth(type.physical());
  return width > 0 && width <= 8 && type.physical() != data::PhysicalType::kList;
}

}  // namespace

OrderKey::OrderKey(std::span<const data::Type> types, std::span<const expr::SortKey> order, uint32_t column)
    : types_(types.begin(), types.end()), order_(order.begin(), order.end()), column_(column) {
  order_.resize(types_.size());
  is_word_ = types_.empty() || (types_.size() == 1 && FitsWord(types_[0]));
  if (types_.size() == 1) codec_ = CellCodec(types_[0], CellEncoding::kOrdered);
}

bool OrderKey::AreDense(const expr::AggregateInput& in) const { return types_.empty() || !in.args[column_]->has_nulls; }

void OrderKey::EncodeDense(const expr::AggregateInput& in, uint64_t* out) const {
  if (types_.empty()) {
    std::fill_n(out, in.rows, uint64_t{0});
    return;
  }
  const data::Column& column = *in.args[column_];
  if (types_[0].physical() == data::PhysicalType::kInt64 && column.encoding == data::Encoding::kFlat) {
    const int64_t* values = column.As<int64_t>();
    const uint64_t flip = order_[0].descending ? ~kSign : kSign;
    for (uint32_t row = 0; row < in.rows; ++row) out[row] = static_cast<uint64_t>(values[row]) ^ flip;
    return;
  }
  Word words[data::kBatchCapacity];
  EncodeWords(in, words);
  for (uint32_t row = 0; row < in.rows; ++row) out[row] = words[row].low;
}

void OrderKey::EncodeWords(const expr::AggregateInput& in, Word* out) const {
  if (types_.empty()) {
    std::fill_n(out, in.rows, Word{.low = 0, .high = kValueRank});
    return;
  }
  const data::Column& column = *in.args[column_];
  codec_.EncodeWords(column, in.rows, out);
  const uint64_t flip = order_[0].descending ? ~uint64_t{0} : 0;
  const Word null{.low = 0, .high = order_[0].nulls_first ? kNullFirstRank : kNullLastRank};
  for (uint32_t row = 0; row < in.rows; ++row) {
    out[row] = column.IsNull(row) ? null : Word{.low = out[row].low ^ flip, .high = kValueRank};
  }
}

void OrderKey::EncodeBytes(const expr::AggregateInput& in, uint32_t row, std::string& out) const {
  out.clear();
  for (size_t i = 0; i < types_.size(); ++i) {
    data::AppendKey(*in.args[column_ + i], types_[i], row, out,
                    {.descending = order_[i].descending, .nulls_first = order_[i].nulls_first});
  }
}

}  // namespace laminar::functions
