#include "expr/program_memo.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hot_scope.h"
#include "data/copy_rows.h"
#include "expr/program_compile.h"
#include "expr/program_rep.h"

namespace laminar::expr {
namespace {

using data::BitmapWords;
using data::Column;

template <class T>
void SpreadFixed(const Column& from, const uint32_t* __restrict codes, uint32_t rows, Column& to) {
  const T* __restrict in = from.As<T>();
  T* __restrict out = to.As<T>();
  for (uint32_t i = 0; i < rows; ++i) out[i] = in[codes[i]];
}

void SpreadValues(const Column& from, const uint32_t* codes, uint32_t width, uint32_t rows, Column& to) {
  switch (width) {
    case 1: return SpreadFixed<uint8_t>(from, codes, rows, to);
    case 2: return SpreadFixed<uint16_t>(from, codes, rows, to);
    case 4: return SpreadFixed<uint32_t>(from, codes, rows, to);
    case 8: return SpreadFixed<uint64_t>(from, codes, rows, to);
    case 16: return SpreadFixed<unsigned __int128>(from, codes, rows, to);
    default: return;
  }
}

}  // namespace

uint32_t DictionaryMemo::Add(const Expr& expr) {
  std::vector<uint32_t> columns;
  CollectColumns(expr, columns);
  const std::vector<uint32_t> to(*std::max_element(columns.begin(), columns.end()) + 1, 0);
  exprs_.push_back(Clone(expr));
  RemapColumns(*exprs_.back(), to);
  return static_cast<uint32_t>(exprs_.size() - 1);
}

bool DictionaryMemo::Prepare(const Column& column, uint32_t rows, const EvalEnvironment& environment) {
  const uint64_t id = column.dictionary_id;
  if (id != 0 && id == kept_id_ && zone_ == environment.time_zone) return true;
  const bool is_worth_it = column.dictionary_size <= rows || (id != 0 && id == seen_id_);
  seen_id_ = id;
  if (!is_worth_it) return false;
  AllowAllocation new_dictionary;
  Compute(column, environment);
  kept_id_ = id;
  zone_ = environment.time_zone;
  return true;
}

void DictionaryMemo::Compute(const Column& column, const EvalEnvironment& environment) {
  std::vector<data::Type> types;
  std::vector<const Expr*> outputs;
  for (const ExprPtr& expr : exprs_) {
    types.push_back(expr->type);
    outputs.push_back(expr.get());
  }
  if (program_ == nullptr) {
    Result<Program> compiled = ProgramCompiler::CompileWithoutMemo(outputs, {&input_, 1});
    CHECK(compiled.has_value());  // the same expressions were compiled before
    program_ = std::make_unique<Program>(*std::move(compiled));
  }
  const uint32_t size = column.dictionary_size;
  if (results_ == nullptr || results_->capacity() < size) {
    results_ = std::make_unique<data::BatchBuffer>(types, std::max<uint32_t>(size, 64));
  }
  results_->Reset();
  codes_.assign(exprs_.size(), ErrorCode::kOk);
  const uint32_t width = data::ValueWidth(input_.physical());
  for (uint32_t first = 0; first < size; first += data::kBatchCapacity) {
    Column values = *column.dictionary;
    values.values = static_cast<char*>(values.values) + size_t{width} * first;
    data::Batch batch;
    batch.rows = std::min(size - first, data::kBatchCapacity);
    batch.column_count = 1;
    batch.columns = &values;
    program_->Evaluate(batch, environment);
    for (uint32_t i = 0; i < exprs_.size(); ++i) Keep(i, first, batch.rows);
  }
}

void DictionaryMemo::Keep(uint32_t position, uint32_t first, uint32_t count) {
  const Column& from = program_->output(position);
  Column& to = results_->column(position);
  data::CopyRows(*results_, to, exprs_[position]->type, first, from, 0, count);
  if (!from.has_errors) return;
  if (!to.has_errors) std::fill_n(to.errors, BitmapWords(results_->capacity()), uint64_t{0});
  to.has_errors = true;
  if (codes_[position] == ErrorCode::kOk) codes_[position] = program_->first_error();
  for (uint32_t i = 0; i < count; ++i) {
    if (data::TestBit(from.errors, i)) data::SetBit(to.errors, first + i);
  }
}

void DictionaryMemo::Spread(uint32_t position, const Column& column, const Instruction& instruction,
                            Evaluation& evaluation) const {
  const Column& from = results_->column(position);
  Column& out = *instruction.out;
  const uint32_t rows = evaluation.batch_rows;
  const uint32_t* codes = column.codes;
  out.encoding = data::Encoding::kFlat;
  out.has_nulls = column.has_nulls || from.has_nulls;
  out.has_errors = false;
  evaluation.codes[instruction.out_slot] = ErrorCode::kOk;
  SpreadValues(from, codes, data::ValueWidth(instruction.type->physical()), rows, out);
  if (column.has_nulls) {
    std::copy_n(column.validity, BitmapWords(rows), out.validity);
  } else if (from.has_nulls) {
    std::fill_n(out.validity, BitmapWords(rows), ~uint64_t{0});
  }
  if (from.has_nulls) {
    for (uint32_t i = 0; i < rows; ++i) {
      if (!data::TestBit(from.validity, codes[i])) data::ClearBit(out.validity, i);
    }
  }
  if (!from.has_errors) return;
  std::fill_n(out.errors, BitmapWords(rows), uint64_t{0});
  for (uint32_t i = 0; i < rows; ++i) {
    if (!data::TestBit(from.errors, codes[i]) || column.IsNull(i)) continue;
    data::SetBit(out.errors, i);
    out.has_errors = true;
  }
  if (out.has_errors) evaluation.codes[instruction.out_slot] = codes_[position];
}

}  // namespace laminar::expr
