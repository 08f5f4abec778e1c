#include "exec/aggregate/group_aggregate.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hot_scope.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;
using state::RowRef;

GroupAggregate::GroupAggregate(GroupAggregateSpec spec)
    : spec_(std::move(spec)),
      aggregates_(std::make_shared<AggregateSet>(spec_.aggregates, spec_.input, spec_.input_retracts)) {}
GroupAggregate::~GroupAggregate() = default;

Status GroupAggregate::Open(const Context& context) {
  if (spec_.emit == EmitKind::kOnWatermark || spec_.emit == EmitKind::kOnWindowClose) {
    return Error(Status(ErrorCode::kEmitNeedsBucket,
                        "emitting a grouped result by watermark: the grouping has no window or time bucket")
                     .WithHint("use EMIT ON UPDATE, or group by TUMBLE, HOP or a time bucket"));
  }
  context_ = context;
  emits_changes_ = spec_.emit != EmitKind::kFinal;
  std::vector<data::Type> types;
  for (const uint32_t key : spec_.keys) types.push_back(spec_.input[key]);
  state::TableSpec table{
      .name = "group aggregate", .key = types, .values = {}, .payload_bytes = aggregates_->payload_bytes()};
  context.SetMemory(table);
  aggregates_->SetPayload(table);
  table_ = std::make_unique<state::StateTable>(std::move(table));
  aggregates_->AppendTypes(types);
  writer_ = std::make_unique<ResultWriter>(types, spec_.keys.size(), context.row_errors);
  hashes_.resize(data::kBatchCapacity);
  refs_.resize(data::kBatchCapacity);
  inserted_.resize(data::kBatchCapacity);
  payloads_.resize(data::kBatchCapacity);
  touched_.resize(data::kBatchCapacity);
  touched_payloads_.resize(data::kBatchCapacity);
  key_columns_.resize(spec_.keys.size());
  return has_keys() ? Status::Ok() : MakeGlobalGroup();
}

Status GroupAggregate::MakeGlobalGroup() {
  Batch one{.rows = 1, .column_count = 0, .columns = nullptr};
  data::HashRows(one, {}, {}, hashes_.data());
  TRY(table_->Reserve(1));
  table_->FindOrInsert(one, {}, hashes_.data(), refs_.data(), inserted_.data());
  aggregates_->Init(table_->Mutable(refs_[0]) + table_->payload_offset());
  return {};
}

Status GroupAggregate::FindGroups(const Batch& batch) {
  if (!has_keys()) {
    uint64_t cursor = 0;
    table_->Scan(cursor, 1, refs_.data());
    std::fill_n(refs_.begin() + 1, batch.rows - 1, refs_[0]);
    std::fill_n(payloads_.begin(), batch.rows, table_->Mutable(refs_[0]) + table_->payload_offset());
    return {};
  }
  data::HashRows(batch, spec_.input, spec_.keys, hashes_.data());
  TRY(table_->Reserve(batch.rows));
  table_->FindOrInsert(batch, spec_.keys, hashes_.data(), refs_.data(), inserted_.data());
  table_->MutableRows({refs_.data(), batch.rows}, payloads_.data());
  const uint32_t offset = table_->payload_offset();
  for (uint32_t row = 0; row < batch.rows; ++row) {
    payloads_[row] += offset;
    if (inserted_[row] != 0) [[unlikely]]
      aggregates_->Init(payloads_[row]);
  }
  return {};
}

void GroupAggregate::NoteTouched(uint32_t rows) {
  touched_count_ = 0;
  const uint32_t distinct = has_keys() ? rows : 1;
  for (uint32_t row = 0; row < distinct; ++row) {
    GroupHead& head = HeadOf(payloads_[row]);
    if (head.touched < touched_count_ && touched_[head.touched] == refs_[row]) continue;
    head.touched = touched_count_;
    touched_payloads_[touched_count_] = payloads_[row];
    touched_[touched_count_++] = refs_[row];
  }
}

void GroupAggregate::ReadKeys(std::span<const RowRef> rows, BatchBuffer& buffer, uint32_t first) {
  for (size_t k = 0; k < key_columns_.size(); ++k) key_columns_[k] = &buffer.column(k);
  table_->ReadKeys(rows, buffer, key_columns_, first);
}

void GroupAggregate::WriteResults(bool is_before) {
  for (uint32_t first = 0, i = 0; first < touched_count_; first += ResultWriter::kGroups, ++i) {
    ResultWriter::Chunk& chunk = writer_->ChunkAt(i);
    const uint32_t n = std::min(ResultWriter::kGroups, touched_count_ - first);
    const uint32_t at = is_before ? 0 : n;
    if (is_before) chunk.buffer.Reset();
    chunk.buffer.SetRows(at + n);
    uint8_t* const* payloads = touched_payloads_.data() + first;
    for (uint32_t g = 0; g < n; ++g) {
      (is_before ? chunk.existed : chunk.exists)[g] = is_before ? HeadOf(payloads[g]).rows > 0 : Exists(payloads[g]);
    }
    if (is_before && !has_keys()) chunk.existed[0] = has_emitted_;
    ReadKeys({touched_.data() + first, n}, chunk.buffer, at);
    aggregates_->Results(payloads, n, chunk.buffer, spec_.keys.size(), at);
  }
}

Step GroupAggregate::EmitChanges(Output& out) {
  WriteResults(false);
  has_emitted_ = true;
  for (uint32_t first = 0, i = 0; first < touched_count_; first += ResultWriter::kGroups, ++i) {
    const uint32_t n = std::min(ResultWriter::kGroups, touched_count_ - first);
    const Step step = writer_->EmitChanges(writer_->ChunkAt(i), n, out);
    if (step != Step::kMore) return step;
  }
  return Step::kMore;
}

void GroupAggregate::EraseEmpty() {
  if (!has_keys()) return;
  empty_.clear();
  for (uint32_t g = 0; g < touched_count_; ++g) {
    const GroupHead& head = HeadOf(touched_payloads_[g]);
    if (head.rows != 0 || head.content != 0) continue;
    AllowAllocation growth;
    empty_.push_back(touched_[g]);
  }
  table_->EraseRows(empty_);
}

Step GroupAggregate::Process(int, Batch& batch, Output& out) {
  if (batch.rows == 0) return Step::kMore;
  if (Status status = FindGroups(batch); !status.ok()) return Fail(std::move(status));
  const bool may_erase = batch.weights != nullptr || spec_.input_retracts;
  if (emits_changes_ || may_erase) NoteTouched(batch.rows);
  if (emits_changes_) WriteResults(true);
  aggregates_->Update(batch, payloads_.data());
  const Step step = emits_changes_ ? EmitChanges(out) : Step::kMore;
  if (may_erase) EraseEmpty();
  return step;
}

Step GroupAggregate::EmitAll(Output& out) {
  AllowAllocation last_of_the_input;
  std::vector<RowRef> rows(table_->size());
  uint64_t cursor = 0;
  uint32_t found = 0;
  while (found < rows.size())
    found += table_->Scan(cursor, static_cast<uint32_t>(rows.size()) - found, rows.data() + found);
  const uint32_t offset = table_->payload_offset();
  std::erase_if(rows, [&](RowRef row) { return !Exists(table_->Get(row) + offset); });
  table_->SortByKey(rows, 0);
  for (size_t first = 0; first < rows.size(); first += data::kBatchCapacity) {
    const auto n = static_cast<uint32_t>(std::min<size_t>(data::kBatchCapacity, rows.size() - first));
    for (uint32_t i = 0; i < n; ++i) payloads_[i] = table_->Mutable(rows[first + i]) + offset;
    BatchBuffer& buffer = writer_->buffer();
    buffer.SetRows(n);
    ReadKeys({rows.data() + first, n}, buffer, 0);
    aggregates_->Results(payloads_.data(), n, buffer, spec_.keys.size(), 0);
    const Step step = writer_->Flush(out);
    if (step != Step::kMore) return step;
  }
  return Step::kMore;
}

// The row of a grouping without keys is there before any input is: whoever looks must see it.
Step GroupAggregate::EmitFirstRow(Output& out) {
  if (!emits_changes_ || has_keys() || has_emitted_) return Step::kMore;
  has_emitted_ = true;
  return EmitAll(out);
}

Step GroupAggregate::Barrier(Epoch epoch, Output& out) {
  const Step step = EmitFirstRow(out);
  return step != Step::kMore ? step : out.PushBarrier(epoch);
}

GroupAggregate::Groups GroupAggregate::TakeGroups() const {
  Groups groups;
  groups.snapshot = table_->TakeSnapshot();
  groups.aggregates = aggregates_;
  groups.types = table_->spec().key;
  aggregates_->AppendTypes(groups.types);
  groups.keys = spec_.keys.size();
  groups.payload_offset = table_->payload_offset();
  return groups;
}

void GroupAggregate::SaveNote(std::string& out) const {
  AppendNumber<uint8_t>(has_emitted_, out);
  AppendNumber<uint8_t>(is_over_, out);
}

Status GroupAggregate::Restore(std::string_view note) {
  uint8_t has_emitted = 0;
  uint8_t is_over = 0;
  if (!TakeNumber(note, has_emitted) || !TakeNumber(note, is_over) || !note.empty()) return UnreadableNote();
  has_emitted_ = has_emitted != 0;
  is_over_ = is_over != 0;
  return !has_keys() && table_->size() == 0 ? MakeGlobalGroup() : Status::Ok();
}

Step GroupAggregate::Watermark(int, Timestamp watermark, Output& out) {
  const bool needs_row = !emits_changes_ || (!has_keys() && !has_emitted_);
  if (watermark == kMaxTimestamp && !is_over_ && needs_row) {
    has_emitted_ = true;
    const Step step = EmitAll(out);
    if (step != Step::kMore) return step;
  }
  is_over_ |= watermark == kMaxTimestamp;
  return out.PushWatermark(watermark);
}

}  // namespace laminar::exec
