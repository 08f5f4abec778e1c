// WindowAssign: FROM TUMBLE / HOP. Each row once per window that holds it, windows in ascending start, with
// window_start and window_end appended. Law (linear): weights pass through. A NULL time goes to row_errors
// (kBadEventTime), a time whose window leaves the range with kOutOfRange.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/stateless/stateless_spec.h"

namespace laminar::exec {

class WindowAssign final : public Operator {
 public:
  explicit WindowAssign(WindowAssignSpec spec) : spec_(std::move(spec)) {}
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override { return out.PushWatermark(watermark); }

 private:
  Step Flush(const data::Batch& batch, Output& out);

  WindowAssignSpec spec_;
  Context context_;
  std::unique_ptr<data::BatchBuffer> flat_;
  std::unique_ptr<data::BatchBuffer> result_;
  std::vector<uint16_t> rows_;   // which input row each output row repeats
  std::vector<int64_t> starts_;  // microseconds
  uint32_t count_ = 0;
};

}  // namespace laminar::exec
