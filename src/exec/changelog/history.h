// History: the latest changes of a view, with the epoch each belongs to, kept so that a reader can go on where it
// stopped and a past epoch can be read.
//
// Law: for every epoch n with first_epoch() - 1 <= n, the stored rows minus the changes of epochs behind n are the rows
// as they were at n. Bounded: when more than bytes_max are held, the oldest epochs go, whole ones only, so nothing is
// ever missing in the middle. Stands behind the stored rows and passes everything on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exec/operator.h"

namespace laminar::exec {

struct HistorySpec {
  std::string name;  // of the view
  std::vector<data::Type> types;
  uint64_t bytes_max = 0;
};

class History final : public Operator {
 public:
  explicit History(HistorySpec spec) : spec_(std::move(spec)) {}
  ~History() override;
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override { return out.PushWatermark(watermark); }
  Step Barrier(Epoch epoch, Output& out) override;
  void ListTables(std::vector<state::StateTable*>& out) override { out.push_back(table_.get()); }
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

  uint64_t state_rows() const override { return table_->size(); }
  uint64_t state_bytes() const override { return table_->memory_bytes(); }

  // The epoch that is open when the view is made. At all before it the view held nothing.
  void StartAt(Epoch open) { open_epoch_ = open; }
  // All changes of this epoch and later ones are held.
  Epoch first_epoch() const { return first_epoch_; }
  // Changes of epochs behind `after`, oldest first, to `out` (the view's types, with weights) from position `cursor`
  // on, of one epoch at a time, which is returned. rows() == 0: no more.
  Epoch Read(Epoch after, uint64_t& cursor, data::BatchBuffer& out) const;

 private:
  struct Entry {
    state::RowRef row = state::kNoRow;
    Epoch epoch = 0;
    uint64_t bytes = 0;
  };
  Status Append(const data::Batch& batch);
  void Trim();

  HistorySpec spec_;
  std::unique_ptr<state::StateTable> table_;  // number -> epoch, weight, the view's columns
  std::vector<uint32_t> value_columns_;
  std::unique_ptr<data::BatchBuffer> numbers_;  // number, epoch, weight
  std::vector<data::Column> columns_;
  std::vector<Entry> entries_;  // oldest first, from first_ on
  size_t first_ = 0;
  uint64_t bytes_ = 0;
  int64_t next_number_ = 0;
  Epoch open_epoch_ = 1;
  Epoch first_epoch_ = 1;
  std::vector<uint64_t> hashes_;
  std::vector<state::RowRef> refs_;
  std::vector<uint8_t> inserted_;
};

}  // namespace laminar::exec
