// ResultWriter: result rows on their way out, as plain rows or as changes (-1 old row, +1 new row, adjacent).
//
// Changes take two steps, because accumulators change in place: before the update the old results of up to
// kGroups groups go to rows
// [0, n) of a chunk, afterwards the new ones to rows [n, 2n); then Emit compares them, drops pairs that are
// equal and sends the rest. A result
// that cannot be computed (overflow) is reported to row_errors, and the group has no row while that lasts.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/batch.h"
#include "exec/operator.h"

namespace laminar::exec {

class ResultWriter {
 public:
  static constexpr uint32_t kGroups = data::kBatchCapacity / 2;

  struct Chunk {
    explicit Chunk(const std::vector<data::Type>& types) : buffer(types) { buffer.UseWeights(); }
    data::BatchBuffer buffer;
    uint8_t existed[kGroups];  // the group had a row before
    uint8_t exists[kGroups];   // and has one now
  };

  // Columns from `first_result` on are results; those before (keys, window bounds) are the same in old and
  // new rows.
  ResultWriter(std::vector<data::Type> types, size_t first_result, SideOutput* row_errors);

  // Chunk number i of this batch, made if need be; the caller resets its buffer.
  Chunk& ChunkAt(size_t i);
  // The changes of a filled chunk of n groups.
  Step EmitChanges(Chunk& chunk, uint32_t n, Output& out);

  // Plain rows: fill rows of buffer() from its rows() on, SetRows, and Flush when full and at the end.
  data::BatchBuffer& buffer() { return out_; }
  Step Flush(Output& out);

 private:
  bool HasError(const data::BatchBuffer& buffer, uint32_t row) const;
  bool HasErrors(const data::BatchBuffer& buffer) const;
  void Report(const data::Batch& batch, uint32_t row);

  const std::vector<data::Type> types_;
  const size_t first_result_;
  SideOutput* const row_errors_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  data::BatchBuffer out_;
  data::BatchBuffer kept_;  // rows of out_ without errors
  std::unique_ptr<uint8_t[]> is_changed_;
};

}  // namespace laminar::exec
