// GroupRows: the stored result of a view that stands straight over a GroupAggregate. It keeps nothing: what the view
// holds is what its groups give, so their state is stored once, and logged once, and the rows are made of a snapshot of
// it when somebody reads them.
//
// Law: what is read is, row for row, what a Materialize there would hold. So it may stand only where that follows from
// the groups: they emit every change, nothing but filters and projections without volatile functions is between, and
// their accumulators own no memory, which a snapshot could not share.
#pragma once

#include <memory>
#include <vector>

#include "exec/aggregate/group_aggregate.h"
#include "exec/changelog/stored_rows.h"
#include "exec/stateless/stateless_spec.h"

namespace laminar::exec {

struct GroupRowsSpec {
  std::vector<data::Type> types;  // of the view
  // Between the groups and the view, in the order of the rows.
  std::shared_ptr<const std::vector<FilterProjectSpec>> above;
  uint32_t instances = 1;  // of the chain, this one included
};

class GroupRows final : public StoredResult {
 public:
  explicit GroupRows(GroupRowsSpec spec) : spec_(std::move(spec)) {}
  // Whether groups of that kind can be read.
  static bool CanRead(const GroupAggregateSpec& groups);
  // Before anything is read or restored; outlives this.
  void ReadFrom(GroupAggregate& groups) { groups_ = &groups; }

  Status Open(const Context&) override { return {}; }
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override { return out.PushWatermark(watermark); }
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

  uint64_t state_rows() const override { return rows_; }
  std::unique_ptr<StoredPart> TakePart() override;
  const std::vector<data::Type>& result_types() const override { return spec_.types; }
  uint64_t negative_rows() const override { return 0; }  // groups do not take back what they have not put out

 private:
  void CountRows();

  GroupRowsSpec spec_;
  GroupAggregate* groups_ = nullptr;
  uint64_t rows_ = 0;
};

}  // namespace laminar::exec
