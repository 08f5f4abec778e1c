#include "exec/changelog/history.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hot_scope.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;
using data::TypeId;

namespace {

constexpr uint32_t kOwnColumns = 2;  // epoch and weight, before the view's
constexpr uint32_t kFirst[] = {0};

// About what a row takes: slots, and strings that do not fit them.
uint64_t BytesOf(const Batch& batch, const std::vector<data::Type>& types, uint32_t row) {
  uint64_t bytes = 48 + 16 * types.size();
  for (uint32_t c = 0; c < batch.column_count; ++c) {
    const data::Column& column = batch.columns[c];
    if (types[c].physical() != data::PhysicalType::kString || column.IsNull(row)) continue;
    const data::Column& base = column.encoding == data::Encoding::kDictionary ? *column.dictionary : column;
    const uint32_t slot = column.encoding == data::Encoding::kDictionary ? column.codes[row] : column.Slot(row);
    const data::StringRef& text = base.As<data::StringRef>()[slot];
    if (!text.is_inline()) bytes += text.length;
  }
  return bytes;
}

}  // namespace

History::~History() = default;

Status History::Open(const Context& context) {
  state::TableSpec table{.name = "history of view " + spec_.name, .key = {TypeId::kInt64}};
  table.values = {TypeId::kInt64, TypeId::kInt64};
  table.values.insert(table.values.end(), spec_.types.begin(), spec_.types.end());
  context.SetMemory(table);
  for (uint32_t i = 0; i < table.values.size(); ++i) value_columns_.push_back(i);
  columns_.resize(table.values.size());
  table_ = std::make_unique<state::StateTable>(std::move(table));
  numbers_ = std::make_unique<BatchBuffer>(std::vector<data::Type>(1 + kOwnColumns, TypeId::kInt64));
  hashes_.resize(data::kBatchCapacity);
  refs_.resize(data::kBatchCapacity);
  inserted_.resize(data::kBatchCapacity);
  return {};
}

Status History::Append(const Batch& batch) {
  TRY(table_->Reserve(batch.rows));
  numbers_->Reset();
  numbers_->SetRows(batch.rows);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    numbers_->column(0).As<int64_t>()[row] = next_number_++;
    numbers_->column(1).As<int64_t>()[row] = static_cast<int64_t>(open_epoch_);
    numbers_->column(2).As<int64_t>()[row] = batch.Weight(row);
  }
  data::HashRows(numbers_->batch(), numbers_->types(), kFirst, hashes_.data());
  table_->FindOrInsert(numbers_->batch(), kFirst, hashes_.data(), refs_.data(), inserted_.data());
  columns_[0] = numbers_->column(1);
  columns_[1] = numbers_->column(2);
  std::copy_n(batch.columns, batch.column_count, columns_.begin() + kOwnColumns);
  const Batch wide{batch.rows, static_cast<uint32_t>(columns_.size()), columns_.data(), nullptr};
  table_->WriteValues({refs_.data(), batch.rows}, wide, value_columns_);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    entries_.push_back({refs_[row], open_epoch_, BytesOf(batch, spec_.types, row)});
    bytes_ += entries_.back().bytes;
  }
  return {};
}

Step History::Process(int, Batch& batch, Output& out) {
  {
    AllowAllocation keeps_its_input;
    if (Status status = Append(batch); !status.ok()) return Fail(std::move(status));
  }
  return out.Push(batch);
}

void History::Trim() {
  while (bytes_ > spec_.bytes_max && first_ < entries_.size()) {
    const Epoch oldest = entries_[first_].epoch;
    for (; first_ < entries_.size() && entries_[first_].epoch == oldest; ++first_) {
      bytes_ -= entries_[first_].bytes;
      table_->Erase(entries_[first_].row);
    }
    first_epoch_ = oldest + 1;
  }
  if (first_ * 2 < entries_.size()) return;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(first_));
  first_ = 0;
}

Step History::Barrier(Epoch epoch, Output& out) {
  AllowAllocation release;
  open_epoch_ = epoch + 1;
  Trim();
  return out.PushBarrier(epoch);
}

void History::SaveNote(std::string& out) const {
  AppendNumber(next_number_, out);
  AppendNumber(open_epoch_, out);
  AppendNumber(first_epoch_, out);
}

Status History::Restore(std::string_view note) {
  const bool is_whole =
      TakeNumber(note, next_number_) && TakeNumber(note, open_epoch_) && TakeNumber(note, first_epoch_) && note.empty();
  if (!is_whole) return UnreadableNote();
  std::vector<state::RowRef> rows(table_->size());
  uint64_t cursor = 0;
  table_->Scan(cursor, static_cast<uint32_t>(rows.size()), rows.data());
  table_->SortByKey(rows, 0);
  BatchBuffer values(table_->spec().values);
  std::vector<data::Column*> columns;
  for (size_t i = 0; i < values.types().size(); ++i) columns.push_back(&values.column(i));
  for (size_t first = 0; first < rows.size(); first += data::kBatchCapacity) {
    const auto part = std::span(rows).subspan(first, std::min<size_t>(data::kBatchCapacity, rows.size() - first));
    values.Reset();
    values.SetRows(static_cast<uint32_t>(part.size()));
    table_->ReadValues(part, values, columns, 0);
    const Batch view{values.rows(), static_cast<uint32_t>(spec_.types.size()), &values.column(kOwnColumns), nullptr};
    for (uint32_t i = 0; i < part.size(); ++i) {
      const auto epoch = static_cast<Epoch>(values.column(0).As<int64_t>()[i]);
      entries_.push_back({part[i], epoch, BytesOf(view, spec_.types, i)});
      bytes_ += entries_.back().bytes;
    }
  }
  return {};
}

Epoch History::Read(Epoch after, uint64_t& cursor, BatchBuffer& out) const {
  out.Reset();
  if (cursor == 0) {
    const auto held = std::span(entries_).subspan(first_);
    const auto first = std::ranges::upper_bound(held, after, {}, &Entry::epoch);
    cursor = first_ + static_cast<uint64_t>(first - held.begin());
  }
  if (cursor >= entries_.size()) return 0;
  const Epoch epoch = entries_[cursor].epoch;
  std::vector<state::RowRef> rows;
  while (cursor < entries_.size() && entries_[cursor].epoch == epoch && rows.size() < out.capacity())
    rows.push_back(entries_[cursor++].row);
  BatchBuffer own({TypeId::kInt64, TypeId::kInt64});
  own.SetRows(static_cast<uint32_t>(rows.size()));
  out.SetRows(static_cast<uint32_t>(rows.size()));
  std::vector<data::Column*> columns = {&own.column(0), &own.column(1)};
  for (size_t i = 0; i < spec_.types.size(); ++i) columns.push_back(&out.column(i));
  table_->ReadValues(rows, out, columns, 0);
  std::copy_n(own.column(1).As<int64_t>(), rows.size(), out.UseWeights());
  return epoch;
}

}  // namespace laminar::exec
