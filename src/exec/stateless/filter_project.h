// FilterProject: WHERE and SELECT in one step.
//
// Law (linear): output(A + B) == output(A) + output(B); weights pass through. A row whose predicate or output fails
// goes to row_errors and no further, or goes on marked (FilterProjectSpec). Rows that the predicate drops are never
// computed: survivors are gathered first unless all pass.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "exec/operator.h"
#include "exec/stateless/stateless_spec.h"
#include "expr/program.h"

namespace laminar::exec {

// With expressions of its own.
FilterProjectSpec Copy(const FilterProjectSpec& spec);

class FilterProject final : public Operator {
 public:
  explicit FilterProject(FilterProjectSpec spec) : spec_(std::move(spec)) {}
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override { return out.PushWatermark(watermark); }

 private:
  // `whole`, `positions`: what was given to this operator and where the rows of `batch` stand in it; null: the same.
  Step Project(data::Batch& batch, const data::Batch& whole, const uint16_t* positions, Output& out);
  std::vector<uint16_t> NewFailures(const data::Batch& input, const data::Batch& output) const;
  std::vector<uint16_t> MarkNulls(uint32_t rows);
  void DropFailedRows(data::Batch& output);
  void ReportFailedRows(const data::Batch& input, std::span<const uint16_t> failed, const data::Batch& whole,
                        const uint16_t* positions);

  FilterProjectSpec spec_;
  Context context_;
  std::optional<expr::Predicate> predicate_;
  std::optional<expr::Program> program_;
  std::vector<uint32_t> picks_;  // where every output is a column of the input: which one
  bool is_volatile_ = false;
  std::vector<bool> used_;                       // input columns that outputs read
  std::unique_ptr<data::BatchBuffer> gathered_;  // survivors of the predicate
  std::unique_ptr<data::BatchBuffer> kept_;      // rows left after some failed
  std::vector<data::Column> columns_;
  std::vector<std::vector<uint64_t>> null_errors_;  // errors of each of spec_.not_null, where NULLs are added to them
  std::vector<uint16_t> selection_;
};

}  // namespace laminar::exec
