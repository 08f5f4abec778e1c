// GroupAggregate: GROUP BY without a window, and DISTINCT (no aggregates).
//
// Law: at any moment the sum of what was emitted is one row for each group whose rows sum up to a weight
// above zero, with the aggregates of
// those rows; with kFinal the same, once, at the end of the input, in key order. Without keys there is
// exactly one group, always. How rows were
// cut into batches changes the sum of the emitted changes not at all. A group without rows left is
// forgotten; one whose rows were
// removed before they came is kept and shows no row.
#pragma once

#include <memory>
#include <vector>

#include "exec/aggregate/aggregate_set.h"
#include "exec/aggregate/aggregate_spec.h"
#include "exec/aggregate/result_writer.h"
#include "exec/operator.h"

namespace laminar::exec {

class GroupAggregate final : public Operator {
 public:
  explicit GroupAggregate(GroupAggregateSpec spec);
  ~GroupAggregate() override;
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override;
  Step Barrier(Epoch epoch, Output& out) override;
  void ListTables(std::vector<state::StateTable*>& out) override { out.push_back(table_.get()); }
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

  // The groups at this moment, to read their rows elsewhere; for accumulators that own no memory.
  struct Groups {
    std::shared_ptr<const state::Snapshot> snapshot;
    std::shared_ptr<const AggregateSet> aggregates;
    std::vector<data::Type> types;  // keys, then results
    size_t keys = 0;
    uint32_t payload_offset = 0;  // in a row of the snapshot
  };
  Groups TakeGroups() const;

  uint64_t state_rows() const override { return table_ == nullptr ? 0 : table_->size(); }
  uint64_t state_bytes() const override { return table_ == nullptr ? 0 : table_->memory_bytes(); }

 private:
  bool has_keys() const { return !spec_.keys.empty(); }
  bool Exists(const uint8_t* payload) const { return !has_keys() || HeadOf(payload).rows > 0; }
  Status FindGroups(const data::Batch& batch);
  Status MakeGlobalGroup();
  // Lists each group of the batch once, in order of its first row.
  void NoteTouched(uint32_t rows);
  // Results of the touched groups as they are now, to the old (before) or new half of the chunks.
  void WriteResults(bool is_before);
  Step EmitChanges(Output& out);
  Step EmitAll(Output& out);
  Step EmitFirstRow(Output& out);
  void EraseEmpty();
  void ReadKeys(std::span<const state::RowRef> rows, data::BatchBuffer& buffer, uint32_t first);

  GroupAggregateSpec spec_;
  Context context_;
  bool emits_changes_ = false;
  bool has_emitted_ = false;  // the group without keys
  bool is_over_ = false;
  std::shared_ptr<AggregateSet> aggregates_;  // who reads groups may outlive this
  std::unique_ptr<ResultWriter> writer_;
  std::unique_ptr<state::StateTable> table_;
  std::vector<uint64_t> hashes_;
  std::vector<state::RowRef> refs_;
  std::vector<uint8_t> inserted_;
  std::vector<uint8_t*> payloads_;
  std::vector<state::RowRef> touched_;
  std::vector<uint8_t*> touched_payloads_;
  uint32_t touched_count_ = 0;
  std::vector<data::Column*> key_columns_;
  std::vector<state::RowRef> empty_;
};

}  // namespace laminar::exec
