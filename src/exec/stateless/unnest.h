// Unnest: each row once per element of its array or map column, the element appended. Law (linear): weights pass
// through.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/stateless/stateless_spec.h"

namespace laminar::exec {

class Unnest final : public Operator {
 public:
  explicit Unnest(UnnestSpec spec) : spec_(std::move(spec)) {}
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override { return out.PushWatermark(watermark); }

 private:
  struct Place {
    uint16_t row = 0;
    int64_t element = -1;  // position in the child columns; -1: NULLs
    int64_t ordinal = 0;
  };
  Step Flush(const data::Batch& batch, const data::Column& lists, Output& out);
  void CopyElements(const data::Column& child, const data::Type& type, data::Column& to);

  UnnestSpec spec_;
  std::unique_ptr<data::BatchBuffer> flat_;
  std::unique_ptr<data::BatchBuffer> result_;
  std::vector<uint16_t> rows_;
  std::vector<Place> places_;
};

}  // namespace laminar::exec
