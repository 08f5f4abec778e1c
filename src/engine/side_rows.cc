#include "engine/side_rows.h"

#include <algorithm>

#include "data/text.h"

namespace laminar::engine {

void LateRows::Add(const data::Batch& batch, std::span<const data::Type>, const uint16_t* rows, uint32_t count,
                   ErrorCode) {
  count_ += count;
  if (rows == nullptr || types_.empty()) return;  // late at another window, whose rows have other columns: counted
  for (uint32_t i = 0; i < count;) {
    if (kept_.empty() || kept_.back()->full()) kept_.push_back(std::make_unique<data::BatchBuffer>(types_));
    const uint32_t room = kept_.back()->capacity() - kept_.back()->rows();
    const uint32_t now = count - i < room ? count - i : room;
    kept_.back()->AppendSelected(batch, rows + i, now);
    i += now;
    if (kept_.size() > 1 && (kept_.size() - 1) * data::kBatchCapacity > rows_max_) kept_.pop_front();
  }
}

// Whole buffers are dropped as new ones fill, so a few more rows may be held than are shown.
void LateRows::CopyTo(std::vector<std::unique_ptr<data::BatchBuffer>>& out) const {
  uint64_t held = 0;
  for (const auto& kept : kept_) held += kept->rows();
  uint64_t skip = held > rows_max_ ? held - rows_max_ : 0;
  for (const auto& kept : kept_) {
    const auto first = static_cast<uint32_t>(std::min<uint64_t>(skip, kept->rows()));
    skip -= first;
    if (first == kept->rows()) continue;
    auto copy = std::make_unique<data::BatchBuffer>(types_);
    copy->AppendRows(kept->batch(), first, kept->rows() - first);
    out.push_back(std::move(copy));
  }
}

namespace {

// As much of a row as is shown, of sources and views alike.
constexpr size_t kShownBytes = 200;

// "1, AAPL, NULL"; a value that could not be computed is "?". Texts end at a whole character.
std::string RowText(const data::Batch& batch, std::span<const data::Type> types, uint32_t row) {
  std::string text;
  for (uint32_t i = 0; i < std::min<size_t>(batch.column_count, types.size()) && text.size() < kShownBytes; ++i) {
    const data::Column& column = batch.columns[i];
    if (i > 0) text += ", ";
    if (column.HasError(row))
      text += '?';
    else
      data::AppendText(types[i], column, row, text);
  }
  if (text.size() <= kShownBytes) return text;
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

}  // namespace

void ErrorRows::Keep(Entry entry) {
  ++count_;
  if (rows_max_ == 0) return;
  if (entries_.size() >= rows_max_) entries_.pop_front();
  entries_.push_back(std::move(entry));
}

void ErrorRows::Add(const data::Batch& batch, std::span<const data::Type> types, const uint16_t* rows, uint32_t count,
                    ErrorCode why) {
  for (uint32_t i = 0; i < count; ++i)
    Keep({place_, why, std::string(MeaningOf(why)), rows_max_ == 0 ? "" : RowText(batch, types, rows[i])});
}

void ErrorRows::Add(std::string_view place, std::string_view reason, std::string_view text) {
  Keep({std::string(place), ErrorCode::kBadRow, std::string(reason), std::string(text)});
}

}  // namespace laminar::engine
