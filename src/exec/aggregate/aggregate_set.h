// AggregateSet: the aggregate calls of one operator, and the payload in which a group keeps their
// accumulators side by side.
//
//   GroupHead (how many rows the group holds, a mark) | accumulator 0 | accumulator 1 | ...
// One call updates all groups of a batch; a group's payload may be moved as bytes. Used by GroupAggregate
// and WindowAggregate, by one core.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/batch.h"
#include "exec/aggregate/aggregate_spec.h"
#include "state/table/state_table.h"

namespace laminar::exec {

struct GroupHead {
  int64_t rows = 0;      // sum of weights; without retractions any number above zero
  uint32_t touched = 0;  // place in the operator's list of touched groups, if that place names this group
  uint32_t content = 0;  // sum of weight x hash of the rows' arguments, where content is tracked
};

inline GroupHead& HeadOf(uint8_t* payload) { return *reinterpret_cast<GroupHead*>(payload); }
inline const GroupHead& HeadOf(const uint8_t* payload) { return *reinterpret_cast<const GroupHead*>(payload); }

class AggregateSet {
 public:
  // tracks_content: for input that retracts. A removal may come before its row, so a group of weight 0 may
  // still hold +x and -y; only one whose
  // content is 0 too (up to a chance of 2^-32) may be forgotten.
  AggregateSet(std::vector<AggregateCall> calls, const std::vector<data::Type>& input, bool tracks_content);

  uint32_t payload_bytes() const { return payload_bytes_; }
  size_t size() const { return calls_.size(); }
  // Appends the result types.
  void AppendTypes(std::vector<data::Type>& types) const;
  // Makes `spec` free what accumulators own, save and load them. The set must outlive the table.
  void SetPayload(state::TableSpec& spec) const;

  // On a zeroed payload.
  void Init(uint8_t* payload) const;
  void Destroy(uint8_t* payload) const;
  // Adds the rows of a batch: row i to payloads[i].
  void Update(const data::Batch& batch, uint8_t* const* payloads);
  void Merge(uint8_t* into, const uint8_t* from) const;
  // Stable bytes: rows, content, then each accumulator as its function writes it.
  void Save(const uint8_t* payload, std::string& out) const;
  Status Load(std::string_view bytes, uint8_t* payload) const;
  // Results of payloads[0, count) to rows [first, first + count) of the columns from `first_column` on.
  void Results(const uint8_t* const* payloads, uint32_t count, data::BatchBuffer& buffer, size_t first_column,
               uint32_t first) const;

 private:
  struct Call {
    std::shared_ptr<const expr::BoundAggregate> function;
    std::vector<uint32_t> arguments;
    int filter = -1;
    uint32_t offset = 0;
  };
  void TrackContent(const data::Batch& batch, uint8_t* const* payloads);
  const uint8_t* FilterOf(const data::Batch& batch, int column);
  const data::Column* Argument(const data::Batch& batch, uint32_t column);

  std::vector<data::Type> input_;
  std::vector<Call> calls_;
  std::vector<const Call*> owning_;  // with something to destroy
  uint32_t payload_bytes_ = sizeof(GroupHead);
  std::unique_ptr<data::BatchBuffer> flat_;  // dictionary columns made flat
  std::vector<bool> is_flat_;                // of this batch
  std::vector<const data::Column*> arguments_;
  std::unique_ptr<uint8_t[]> filter_;
  std::vector<uint32_t> content_columns_;  // arguments and filters, each once; empty: content is not tracked
  std::vector<uint64_t> content_hashes_;
};

}  // namespace laminar::exec
