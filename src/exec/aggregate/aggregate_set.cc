#include "exec/aggregate/aggregate_set.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hot_scope.h"

namespace laminar::exec {

using data::Batch;
using data::Column;

AggregateSet::AggregateSet(std::vector<AggregateCall> calls, const std::vector<data::Type>& input, bool tracks_content)
    : input_(input) {
  size_t most_arguments = 0;
  calls_.reserve(calls.size());
  for (AggregateCall& call : calls) {
    CHECK(call.function != nullptr && call.function->state_bytes % 8 == 0);
    calls_.push_back({std::move(call.function), std::move(call.arguments), call.filter, payload_bytes_});
    payload_bytes_ += calls_.back().function->state_bytes;
    most_arguments = std::max(most_arguments, calls_.back().arguments.size());
  }
  for (const Call& call : calls_) {
    if (call.function->destroy != nullptr) owning_.push_back(&call);
  }
  arguments_.resize(most_arguments);
  if (tracks_content) {
    for (const Call& call : calls_) {
      content_columns_.insert(content_columns_.end(), call.arguments.begin(), call.arguments.end());
      if (call.filter >= 0) content_columns_.push_back(static_cast<uint32_t>(call.filter));
    }
    std::sort(content_columns_.begin(), content_columns_.end());
    content_columns_.erase(std::unique(content_columns_.begin(), content_columns_.end()), content_columns_.end());
    content_hashes_.resize(content_columns_.empty() ? 0 : data::kBatchCapacity);
  }
  filter_ = std::make_unique<uint8_t[]>(data::kBatchCapacity);
}

void AggregateSet::AppendTypes(std::vector<data::Type>& types) const {
  for (const Call& call : calls_) types.push_back(call.function->result_type);
}

void AggregateSet::SetPayload(state::TableSpec& spec) const {
  spec.payload_context = this;
  spec.save_payload = [](const void* set, const uint8_t* payload, std::string& out) {
    static_cast<const AggregateSet*>(set)->Save(payload, out);
  };
  spec.load_payload = [](const void* set, std::string_view bytes, uint8_t* payload) {
    return static_cast<const AggregateSet*>(set)->Load(bytes, payload);
  };
  if (owning_.empty()) return;
  spec.destroy_payload = [](const void* set, uint8_t* payload) {
    static_cast<const AggregateSet*>(set)->Destroy(payload);
  };
}

void AggregateSet::Save(const uint8_t* payload, std::string& out) const {
  AppendNumber(HeadOf(payload).rows, out);
  AppendNumber(HeadOf(payload).content, out);
  for (const Call& call : calls_) call.function->serialize(*call.function, payload + call.offset, out);
}

Status AggregateSet::Load(std::string_view bytes, uint8_t* payload) const {
  if (!TakeNumber(bytes, HeadOf(payload).rows) || !TakeNumber(bytes, HeadOf(payload).content))
    return Status(ErrorCode::kUnreadableState, "a group's accumulators end before their head");
  for (size_t i = 0; i < calls_.size(); ++i) {
    const Call& call = calls_[i];
    Status status = call.function->deserialize(*call.function, bytes, payload + call.offset);
    if (status.ok()) continue;
    // What was read already goes; the caller frees the row without asking the payload.
    for (const Call* owner : owning_) {
      if (owner->offset < call.offset) owner->function->destroy(*owner->function, payload + owner->offset);
    }
    return status;
  }
  if (!bytes.empty()) return Status(ErrorCode::kUnreadableState, "bytes stand behind a group's accumulators");
  return {};
}

void AggregateSet::Init(uint8_t* payload) const {
  for (const Call& call : calls_) call.function->init(*call.function, payload + call.offset);
}

void AggregateSet::Destroy(uint8_t* payload) const {
  for (const Call* call : owning_) call->function->destroy(*call->function, payload + call->offset);
}

// TRUE rows of a BOOLEAN column; FALSE and NULL take no part.
const uint8_t* AggregateSet::FilterOf(const Batch& batch, int column) {
  const Column* from = Argument(batch, static_cast<uint32_t>(column));
  const uint8_t* values = from->As<uint8_t>();
  for (uint32_t row = 0; row < batch.rows; ++row) filter_[row] = values[from->Slot(row)];
  if (from->has_nulls) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (from->IsNull(row)) filter_[row] = 0;
    }
  }
  return filter_.get();
}

// Aggregates take flat and constant columns.
const Column* AggregateSet::Argument(const Batch& batch, uint32_t column) {
  const Column& from = batch.columns[column];
  if (from.encoding != data::Encoding::kDictionary) return &from;
  if (flat_ == nullptr) {
    AllowAllocation growth;
    flat_ = std::make_unique<data::BatchBuffer>(input_);
    is_flat_.resize(input_.size());
  }
  if (is_flat_[column]) return &flat_->column(column);
  is_flat_[column] = true;
  return &data::Flatten(from, input_[column], batch.rows, flat_->column(column));
}

void AggregateSet::TrackContent(const Batch& batch, uint8_t* const* payloads) {
  data::HashRows(batch, input_, content_columns_, content_hashes_.data());
  for (uint32_t row = 0; row < batch.rows; ++row) {
    HeadOf(payloads[row]).content +=
        static_cast<uint32_t>(content_hashes_[row] >> 32) * static_cast<uint32_t>(batch.Weight(row));
  }
}

void AggregateSet::Update(const Batch& batch, uint8_t* const* payloads) {
  std::fill(is_flat_.begin(), is_flat_.end(), false);
  if (batch.weights == nullptr) {
    for (uint32_t row = 0; row < batch.rows; ++row) ++HeadOf(payloads[row]).rows;
  } else {
    for (uint32_t row = 0; row < batch.rows; ++row) HeadOf(payloads[row]).rows += batch.weights[row];
  }
  if (!content_columns_.empty()) TrackContent(batch, payloads);
  for (const Call& call : calls_) {
    for (size_t i = 0; i < call.arguments.size(); ++i) arguments_[i] = Argument(batch, call.arguments[i]);
    expr::AggregateInput input{.rows = batch.rows,
                               .args = {arguments_.data(), call.arguments.size()},
                               .weights = batch.weights,
                               .filter = call.filter < 0 ? nullptr : FilterOf(batch, call.filter),
                               .states = payloads,
                               .offset = call.offset};
    call.function->update(*call.function, input);
  }
}

void AggregateSet::Merge(uint8_t* into, const uint8_t* from) const {
  HeadOf(into).rows += HeadOf(from).rows;
  HeadOf(into).content += HeadOf(from).content;
  for (const Call& call : calls_) call.function->merge(*call.function, into + call.offset, from + call.offset);
}

void AggregateSet::Results(const uint8_t* const* payloads, uint32_t count, data::BatchBuffer& buffer,
                           size_t first_column, uint32_t first) const {
  for (size_t i = 0; i < calls_.size(); ++i) {
    const Call& call = calls_[i];
    call.function->result(*call.function, payloads, call.offset, count, buffer, buffer.column(first_column + i), first);
  }
}

}  // namespace laminar::exec
