// Materialize: the stored result of a view or table: a state table kept up to date by changes, which are passed on.
//
// Law: the stored bag is the sum of the weights of all rows seen. Three layouts, chosen by what the planner proved:
//   keyed: one row a key; the last change of a key in a batch decides (-1 old, +1 new: the new row; -1 alone: gone);
//   log: input that never retracts and has no key: rows in order of arrival;
//   bag: else: each different row with its multiplicity.
// Snapshots are taken between events by the owner and read anywhere.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "exec/changelog/materialize_spec.h"
#include "exec/changelog/stored_rows.h"
#include "state/table/state_table.h"

namespace laminar::exec {

class Materialize final : public StoredResult {
 public:
  explicit Materialize(MaterializeSpec spec);
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override { return out.PushWatermark(watermark); }
  void ListTables(std::vector<state::StateTable*>& out) override { out.push_back(table_.get()); }
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

  // Of a durable table, before rows come in: kLimitReached when one is larger than can be stored.
  Status CheckRows(const data::Batch& batch) const { return table_->CheckRows(batch, key_columns_, value_columns_); }

  // Of one whose feeder asks (MaterializeSpec), before rows come in: kLimitReached when there is no room for so many
  // more.
  Status Reserve(uint64_t rows) { return table_->Reserve(static_cast<uint32_t>(std::min<uint64_t>(rows, UINT32_MAX))); }

  uint64_t state_rows() const override { return table_->size(); }
  uint64_t state_bytes() const override { return table_->memory_bytes(); }
  std::unique_ptr<StoredPart> TakePart() override;
  const std::vector<data::Type>& result_types() const override { return spec_.types; }
  uint64_t negative_rows() const override { return negative_rows_; }

 private:
  enum class Layout : uint8_t { kKeyed, kLog, kBag };
  void HashKeys(const data::Batch& batch);
  void ApplyKeyed(const data::Batch& batch);
  Step ApplyUpserts(data::Batch& batch, Output& out);
  Step UpsertDistinct(const data::Batch& batch, uint32_t first, uint32_t count, Output& out);
  void ApplyLog(const data::Batch& batch);
  void ApplyBag(const data::Batch& batch);

  MaterializeSpec spec_;
  Layout layout_;
  std::vector<uint32_t> key_columns_;  // of the incoming batch
  std::vector<uint32_t> value_columns_;
  std::vector<uint32_t> place_;
  std::unique_ptr<state::StateTable> table_;
  std::unique_ptr<data::BatchBuffer> extra_;    // log: row numbers; bag: multiplicities
  std::unique_ptr<data::BatchBuffer> changes_;  // of upserts
  std::unique_ptr<data::BatchBuffer> part_;
  std::vector<uint64_t> hashes_;
  std::vector<uint64_t> vnode_hashes_;
  std::vector<state::RowRef> refs_;
  std::vector<uint8_t> inserted_;
  int64_t next_number_ = 0;
  uint64_t negative_rows_ = 0;
};

}  // namespace laminar::exec
