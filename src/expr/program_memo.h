// Dictionary columns: expressions over one dictionary column alone are computed once a dictionary value, not once a
// row, and kept as long as the same dictionary comes. Private to expr.
//
// Which: calls and casts that propagate nulls, are not volatile and read nothing but that column and literals. Their
// results for a row then follow from its code. The frontier are those of them that others or the outputs read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "expr/program.h"

namespace laminar::expr {

struct Instruction;
struct Evaluation;

class DictionaryMemo {
 public:
  explicit DictionaryMemo(data::Type input) : input_(std::move(input)) {}

  // A frontier expression; all its columns are this one. Returns its position.
  uint32_t Add(const Expr& expr);
  // Brings the results up to date. False: this dictionary is too large for a batch of `rows` and has not come before,
  // so rows are computed as usual. Allocates only for a new dictionary.
  bool Prepare(const data::Column& column, uint32_t rows, const EvalEnvironment& environment);
  // Writes the results of frontier expression `position` for the rows of `column`.
  void Spread(uint32_t position, const data::Column& column, const Instruction& instruction,
              Evaluation& evaluation) const;

 private:
  void Compute(const data::Column& column, const EvalEnvironment& environment);
  void Keep(uint32_t position, uint32_t first, uint32_t count);

  data::Type input_;
  std::vector<ExprPtr> exprs_;
  std::unique_ptr<Program> program_;
  std::unique_ptr<data::BatchBuffer> results_;
  std::vector<ErrorCode> codes_;
  uint64_t kept_id_ = 0;  // 0: nothing kept
  uint64_t seen_id_ = 0;
  std::string zone_;
};

}  // namespace laminar::expr
