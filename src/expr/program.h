// Program: expressions compiled once to a flat list of vectorized kernel calls over preallocated columns.
//
// Shared subexpressions are computed once; constants are folded; slots are reused so that few are live. Evaluate
// allocates nothing after warm-up, costs a few ns per instruction and per row what the kernels cost. Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "expr/expr.h"
#include "expr/function.h"

namespace laminar::expr {

class Program {
 public:
  // outputs: what to compute; inputs: the column types of the batches that will come.
  static Result<Program> Compile(std::span<const Expr* const> outputs, std::span<const data::Type> inputs);
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  // Computes all outputs for all rows of `batch` (rows <= kBatchCapacity). Results stay valid until the next call; an
  // output that is a plain column is the input's own column (any encoding). Other outputs are flat or constant.
  void Evaluate(const data::Batch& batch, const EvalEnvironment& environment);

  size_t output_count() const;
  const data::Column& output(size_t i) const;
  const data::Type& output_type(size_t i) const;
  // True when some row of some output failed in the last Evaluate; then output(i).errors says which rows.
  bool any_error() const;
  ErrorCode first_error() const;  // why the first failing row failed
  // True when an output may fail or is costly: then a filter compacts its rows before this program runs.
  bool wants_compact_input() const;
  size_t instruction_count() const;
  size_t slot_count() const;  // scratch columns that the instructions share

 private:
  friend class ProgramCompiler;
  struct Rep;
  explicit Program(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

// A compiled predicate: which rows are TRUE.
class Predicate {
 public:
  static Result<Predicate> Compile(const Expr& predicate, std::span<const data::Type> inputs);
  ~Predicate();
  Predicate(Predicate&&) noexcept;
  Predicate& operator=(Predicate&&) noexcept;

  // Writes the positions of rows that are TRUE, ascending, to selection (room for kBatchCapacity + 64) and returns
  // their count. NULL and FALSE rows are not selected; failed rows neither (see errors()).
  uint32_t Select(const data::Batch& batch, const EvalEnvironment& environment, uint16_t* selection);
  const uint64_t* errors() const;  // null when no row failed in the last Select
  ErrorCode first_error() const;

 private:
  struct Rep;
  explicit Predicate(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

// Gathers chosen rows of a column of any encoding into a flat (or still constant or dictionary) column `out` with
// storage for kBatchCapacity rows. The view of strings is copied, not their bytes.
void Gather(const data::Column& from, const data::Type& type, const uint16_t* selection, uint32_t count,
            data::Column& out, data::BatchBuffer& buffer);

// Evaluates an expression without columns. The error of a failing row becomes the Status.
Result<data::Value> EvaluateConstant(const Expr& expr, const EvalEnvironment& environment);

// Replaces constant subtrees by literals (not volatile ones; a subtree that fails is left as it is, to fail per row).
void FoldConstants(ExprPtr& expr, const EvalEnvironment& environment);

}  // namespace laminar::expr
