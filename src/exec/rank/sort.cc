#include "exec/rank/sort.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hot_scope.h"
#include "base/text.h"
#include "data/row_key.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;

Sort::~Sort() = default;

Status Sort::Open(const Context& context) {
  context_ = context;
  if (!context.is_durable) return {};
  state::TableSpec table{.name = "sort", .key = {data::TypeId::kInt64}, .values = spec_.input, .payload_bytes = 8};
  context.SetMemory(table);
  table_ = std::make_unique<state::StateTable>(std::move(table));
  for (uint32_t i = 0; i < spec_.input.size(); ++i) value_columns_.push_back(i);
  return {};
}

void Sort::ListTables(std::vector<state::StateTable*>& out) {
  if (table_ != nullptr) out.push_back(table_.get());
}

void Sort::SaveNote(std::string& out) const { AppendNumber(sequence_, out); }

// The last batch.rows of rows_ go into the table.
Status Sort::Keep(const Batch& batch, uint64_t first_sequence) {
  TRY(table_->Reserve(batch.rows));
  BatchBuffer numbers({data::TypeId::kInt64});
  numbers.SetRows(batch.rows);
  for (uint32_t row = 0; row < batch.rows; ++row)
    numbers.column(0).As<int64_t>()[row] = static_cast<int64_t>(first_sequence + row);
  std::vector<uint64_t> hashes(data::kBatchCapacity);
  std::vector<state::RowRef> refs(batch.rows);
  std::vector<uint8_t> inserted(batch.rows);
  static constexpr uint32_t kFirst[] = {0};
  data::HashRows(numbers.batch(), numbers.types(), kFirst, hashes.data());
  table_->FindOrInsert(numbers.batch(), kFirst, hashes.data(), refs.data(), inserted.data());
  table_->WriteValues(refs, batch, value_columns_);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const int64_t weight = batch.Weight(row);
    std::memcpy(table_->Mutable(refs[row]) + table_->payload_offset(), &weight, sizeof(weight));
    rows_[rows_.size() - batch.rows + row].stored = refs[row];
  }
  return {};
}

Status Sort::Restore(std::string_view note) {
  uint64_t sequence = 0;
  if (!TakeNumber(note, sequence) || !note.empty()) return UnreadableNote();
  if (table_ == nullptr) return {};
  std::vector<state::RowRef> refs(table_->size());
  uint64_t cursor = 0;
  table_->Scan(cursor, static_cast<uint32_t>(refs.size()), refs.data());
  table_->SortByKey(refs, 0);
  auto table = std::exchange(table_, nullptr);  // the rows are there already
  Output nowhere;
  for (size_t first = 0; first < refs.size(); first += data::kBatchCapacity) {
    const std::span<const state::RowRef> part =
        std::span(refs).subspan(first, std::min<size_t>(data::kBatchCapacity, refs.size() - first));
    BatchBuffer numbers({data::TypeId::kInt64});
    BatchBuffer rows(spec_.input);
    numbers.SetRows(static_cast<uint32_t>(part.size()));
    rows.SetRows(static_cast<uint32_t>(part.size()));
    data::Column* number[] = {&numbers.column(0)};
    std::vector<data::Column*> columns;
    for (uint32_t i = 0; i < spec_.input.size(); ++i) columns.push_back(&rows.column(i));
    table->ReadKeys(part, numbers, number, 0);
    table->ReadValues(part, rows, columns, 0);
    int64_t* weights = rows.UseWeights();
    for (size_t i = 0; i < part.size(); ++i)
      std::memcpy(&weights[i], table->Get(part[i]) + table->payload_offset(), sizeof(weights[i]));
    const size_t before = rows_.size();
    if (Process(0, rows.batch(), nowhere) == Step::kFailed) return failure();
    if (rows_.size() != before + part.size()) return UnreadableNote();  // more rows than the limit lets stand
    for (size_t i = 0; i < part.size(); ++i) {
      rows_[before + i].sequence = static_cast<uint64_t>(numbers.column(0).As<int64_t>()[i]);
      rows_[before + i].stored = part[i];
    }
  }
  table_ = std::move(table);
  sequence_ = sequence;
  return {};
}

Step Sort::Process(int, Batch& batch, Output&) {
  AllowAllocation allow;  // it keeps its input
  if (buffers_.empty() || buffers_.back()->rows() + batch.rows > buffers_.back()->capacity()) {
    buffers_.push_back(std::make_unique<BatchBuffer>(spec_.input));
  }
  BatchBuffer& buffer = *buffers_.back();
  const uint32_t first = buffer.rows();
  buffer.AppendRows(batch, 0, batch.rows);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    Row kept;
    for (const SortColumn& column : spec_.columns) {
      data::AppendKey(batch.columns[column.column], spec_.input[column.column], row, kept.key,
                      {column.key.descending, column.key.nulls_first});
    }
    kept.sequence = sequence_++;
    kept.buffer = static_cast<uint32_t>(buffers_.size() - 1);
    kept.place = static_cast<uint16_t>(first + row);
    kept.weight = batch.Weight(row);
    bytes_ += sizeof(Row) + kept.key.size() + 16 * spec_.input.size();
    rows_.push_back(std::move(kept));
  }
  if (context_.memory_limit_bytes != 0 && bytes_ > context_.memory_limit_bytes) {
    return Fail(Status(ErrorCode::kLimitReached, "sorting " + FormatCount(static_cast<int64_t>(rows_.size())) +
                                                     " rows needs more than " +
                                                     FormatBytes(context_.memory_limit_bytes))
                    .WithHint("add LIMIT, or SET memory_limit_bytes"));
  }
  if (table_ != nullptr) {
    if (Status kept = Keep(batch, sequence_ - batch.rows); !kept.ok()) return Fail(std::move(kept));
  }
  const uint64_t wanted = spec_.limit == UINT64_MAX ? UINT64_MAX : spec_.limit + spec_.offset;
  if (!spec_.input_retracts && wanted < UINT64_MAX / 4 && rows_.size() > 2 * wanted + 8 * data::kBatchCapacity)
    KeepFirst(wanted);
  return Step::kMore;
}

void Sort::Order() {
  std::ranges::sort(
      rows_, [](const Row& a, const Row& b) { return a.key != b.key ? a.key < b.key : a.sequence < b.sequence; });
}

void Sort::KeepFirst(uint64_t count) {
  Order();
  for (size_t i = count; i < rows_.size() && table_ != nullptr; ++i) table_->Erase(rows_[i].stored);
  rows_.resize(std::min<uint64_t>(rows_.size(), count));
  std::vector<std::unique_ptr<BatchBuffer>> kept;
  bytes_ = 0;
  for (Row& row : rows_) {
    if (kept.empty() || kept.back()->full()) kept.push_back(std::make_unique<BatchBuffer>(spec_.input));
    kept.back()->AppendRows(buffers_[row.buffer]->batch(), row.place, 1);
    row.buffer = static_cast<uint32_t>(kept.size() - 1);
    row.place = static_cast<uint16_t>(kept.back()->rows() - 1);
    bytes_ += sizeof(Row) + row.key.size() + 16 * spec_.input.size();
  }
  buffers_ = std::move(kept);
}

void Sort::Cancel() {
  std::vector<std::pair<std::string, size_t>> whole;
  for (size_t i = 0; i < rows_.size(); ++i) {
    std::string key;
    const Batch& batch = buffers_[rows_[i].buffer]->batch();
    for (size_t c = 0; c < spec_.input.size(); ++c)
      data::AppendKey(batch.columns[c], spec_.input[c], rows_[i].place, key);
    whole.emplace_back(std::move(key), i);
  }
  std::ranges::sort(whole);
  for (size_t i = 0; i < whole.size();) {
    size_t end = i;
    int64_t sum = 0;
    while (end < whole.size() && whole[end].first == whole[i].first) sum += rows_[whole[end++].second].weight;
    for (size_t k = i; k < end; ++k) rows_[whole[k].second].weight = k == i ? sum : 0;
    i = end;
  }
  std::erase_if(rows_, [](const Row& row) { return row.weight <= 0; });
}

Step Sort::Watermark(int, Timestamp watermark, Output& out) {
  if (watermark != kMaxTimestamp) return Step::kMore;  // nothing leaves before the end, so neither does time
  AllowAllocation allow;
  if (spec_.input_retracts) Cancel();
  Order();
  const Step step = Emit(out);
  rows_.clear();
  buffers_.clear();
  bytes_ = 0;
  if (table_ != nullptr) table_->Clear();
  return step == Step::kMore ? out.PushWatermark(watermark) : step;
}

Step Sort::Emit(Output& out) {
  BatchBuffer result(spec_.input);
  uint64_t skip = spec_.offset;
  uint64_t left = spec_.limit;
  for (const Row& row : rows_) {
    for (int64_t copy = 0; copy < row.weight && left > 0; ++copy) {
      if (skip > 0) {
        --skip;
        continue;
      }
      if (result.full()) {
        const Step step = out.Push(result.batch());
        if (step != Step::kMore) return step;
        result.Reset();
      }
      result.AppendRows(buffers_[row.buffer]->batch(), row.place, 1);
      if (result.batch().weights != nullptr) result.UseWeights()[result.rows() - 1] = 1;
      --left;
    }
    if (left == 0) break;
  }
  return out.Push(result.batch());
}

}  // namespace laminar::exec
