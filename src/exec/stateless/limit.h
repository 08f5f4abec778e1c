// Limit: the first rows after an offset, then kDone. Its input never retracts, and each weight counts as that many
// rows. Law: what it puts out has ended with its last row, whatever its input goes on with: it says so below at once
// (watermark kMaxTimestamp), since whoever stops reading above will not.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/stateless/stateless_spec.h"

namespace laminar::exec {

class Limit final : public Operator {
 public:
  Limit(LimitSpec spec, std::vector<data::Type> types) : spec_(spec), types_(std::move(types)) {}
  Status Open(const Context&) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override;
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

 private:
  bool IsFull() const { return passed_ == spec_.limit; }
  Step End(Output& out);

  LimitSpec spec_;
  std::vector<data::Type> types_;
  uint64_t skipped_ = 0;
  uint64_t passed_ = 0;
  bool has_ended_ = false;  // and said so
  std::unique_ptr<data::BatchBuffer> slice_;
  std::vector<uint16_t> selection_;
};

}  // namespace laminar::exec
