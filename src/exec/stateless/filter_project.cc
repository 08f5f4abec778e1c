#include "exec/stateless/filter_project.h"

#include <algorithm>

#include "base/hot_scope.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;
using data::Column;

FilterProjectSpec Copy(const FilterProjectSpec& spec) {
  FilterProjectSpec copy;
  copy.input = spec.input;
  if (spec.predicate != nullptr) copy.predicate = expr::Clone(*spec.predicate);
  for (const expr::ExprPtr& output : spec.outputs) copy.outputs.push_back(expr::Clone(*output));
  copy.not_null = spec.not_null;
  copy.marks_failures = spec.marks_failures;
  return copy;
}

Status FilterProject::Open(const Context& context) {
  context_ = context;
  if (spec_.predicate != nullptr) predicate_ = TRY(expr::Predicate::Compile(*spec_.predicate, spec_.input));
  std::vector<const expr::Expr*> outputs;
  std::vector<uint32_t> columns;
  std::vector<data::Type> types;
  for (const expr::ExprPtr& output : spec_.outputs) {
    outputs.push_back(output.get());
    types.push_back(output->type);
    expr::CollectColumns(*output, columns);
    is_volatile_ |= expr::IsVolatile(*output);
  }
  program_ = TRY(expr::Program::Compile(outputs, spec_.input));
  const bool is_choice =
      std::ranges::all_of(outputs, [](const expr::Expr* e) { return e->kind == expr::ExprKind::kColumn; });
  for (const expr::Expr* output : outputs) {
    if (is_choice && spec_.not_null.empty()) picks_.push_back(output->column);
  }
  used_.assign(spec_.input.size(), false);
  for (uint32_t column : columns) used_[column] = true;
  gathered_ = std::make_unique<BatchBuffer>(spec_.input);
  kept_ = std::make_unique<BatchBuffer>(types);
  columns_.resize(outputs.size());
  selection_.resize(data::kBatchCapacity + 64);
  null_errors_.assign(spec_.not_null.size(), std::vector<uint64_t>(data::BitmapWords(data::kBatchCapacity)));
  return {};
}

Step FilterProject::Process(int, Batch& batch, Output& out) {
  if (!predicate_) return Project(batch, batch, nullptr, out);
  const uint32_t count = predicate_->Select(batch, *context_.environment, selection_.data());
  if (const uint64_t* errors = predicate_->errors()) {
    AllowAllocation allow;         // failing rows are written down
    std::vector<uint16_t> failed;  // rare
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (data::TestBit(errors, row)) failed.push_back(static_cast<uint16_t>(row));
    }
    context_.row_errors->Add(batch, spec_.input, failed.data(), static_cast<uint32_t>(failed.size()),
                             predicate_->first_error());
  }
  if (count == 0) return Step::kMore;
  if (count == batch.rows) return Project(batch, batch, nullptr, out);
  gathered_->Reset();
  gathered_->SetRows(count);
  for (uint32_t i = 0; i < batch.column_count; ++i) {
    if (used_[i])
      expr::Gather(batch.columns[i], spec_.input[i], selection_.data(), count, gathered_->column(i), *gathered_);
  }
  if (batch.weights != nullptr) {
    int64_t* weights = gathered_->UseWeights();
    for (uint32_t k = 0; k < count; ++k) weights[k] = batch.weights[selection_[k]];
  }
  return Project(gathered_->batch(), batch, selection_.data(), out);
}

Step FilterProject::Project(Batch& batch, const Batch& whole, const uint16_t* positions, Output& out) {
  if (!picks_.empty()) {
    for (size_t i = 0; i < picks_.size(); ++i) columns_[i] = batch.columns[picks_[i]];
    Batch picked{batch.rows, static_cast<uint32_t>(columns_.size()), columns_.data(), batch.weights};
    return out.Push(picked);
  }
  program_->Evaluate(batch, *context_.environment);
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i] = program_->output(i);
  Batch result{batch.rows, static_cast<uint32_t>(columns_.size()), columns_.data(), batch.weights};
  bool has_failed = program_->any_error();
  if (has_failed) {
    AllowAllocation allow;  // failing rows are written down
    ReportFailedRows(batch, NewFailures(batch, result), whole, positions);
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i] = program_->output(i);
  }
  if (const std::vector<uint16_t> nulls = MarkNulls(batch.rows); !nulls.empty()) {
    AllowAllocation allow;
    std::vector<uint16_t> shown = nulls;
    for (uint16_t& row : shown) row = positions == nullptr ? row : positions[row];
    context_.row_errors->Add(whole, spec_.input, shown.data(), static_cast<uint32_t>(shown.size()),
                             ErrorCode::kNullNotAllowed);
    has_failed = true;
  }
  if (has_failed && !spec_.marks_failures) DropFailedRows(result);
  return out.Push(result);
}

// Rows that came with an error in a column that is read here were told of where that happened.
std::vector<uint16_t> FilterProject::NewFailures(const Batch& input, const Batch& output) const {
  std::vector<uint16_t> failed;
  for (uint32_t row = 0; row < input.rows; ++row) {
    bool came_so = false;
    for (uint32_t i = 0; i < input.column_count; ++i) came_so |= used_[i] && input.columns[i].HasError(row);
    if (!came_so && output.HasError(row)) failed.push_back(static_cast<uint16_t>(row));
  }
  return failed;
}

// Makes NULLs of columns that may have none errors; returns the rows.
std::vector<uint16_t> FilterProject::MarkNulls(uint32_t rows) {
  std::vector<uint16_t> found;
  for (size_t place = 0; place < spec_.not_null.size(); ++place) {
    Column& column = columns_[spec_.not_null[place]];
    if (!column.has_nulls) continue;
    AllowAllocation allow;  // rare
    const bool is_constant = column.encoding == data::Encoding::kConstant;
    std::vector<uint64_t>& errors = null_errors_[place];
    std::ranges::fill(errors, 0);
    for (uint32_t row = 0; row < rows; ++row) {
      const uint32_t slot = is_constant ? 0 : row;
      const bool has_error = column.HasError(row);
      if (!has_error && column.IsNull(row)) found.push_back(static_cast<uint16_t>(row));
      if (has_error || column.IsNull(row)) data::SetBit(errors.data(), slot);
    }
    column.errors = errors.data();
    column.has_errors = true;
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

void FilterProject::DropFailedRows(Batch& output) {
  uint32_t kept = 0;
  for (uint32_t row = 0; row < output.rows; ++row) {
    if (!output.HasError(row)) selection_[kept++] = static_cast<uint16_t>(row);
  }
  kept_->Reset();
  kept_->SetRows(kept);
  for (size_t i = 0; i < columns_.size(); ++i) {
    expr::Gather(columns_[i], program_->output_type(i), selection_.data(), kept, kept_->column(i), *kept_);
    kept_->column(i).has_errors = false;
  }
  if (output.weights != nullptr) {
    int64_t* weights = kept_->UseWeights();
    for (uint32_t k = 0; k < kept; ++k) weights[k] = output.weights[selection_[k]];
  }
  output = kept_->batch();
}

// The program tells why the first row failed, so each failing row is computed once more alone: they are rare. What it
// computed for the whole batch is there again afterwards. A volatile program would compute something else, so its rows
// share the first reason. The rows are shown as they came in, with the columns that nothing here reads.
void FilterProject::ReportFailedRows(const Batch& input, std::span<const uint16_t> failed, const Batch& whole,
                                     const uint16_t* positions) {
  const auto report = [&](uint16_t row) {
    const uint16_t shown = positions == nullptr ? row : positions[row];
    context_.row_errors->Add(whole, spec_.input, &shown, 1, program_->first_error());
  };
  if (failed.empty()) return;
  const bool may_share = failed.size() == 1 && std::ranges::none_of(input.Columns(), &Column::has_errors);
  if (may_share || is_volatile_) {
    for (const uint16_t row : failed) report(row);
    return;
  }
  BatchBuffer one(spec_.input, 1);
  for (const uint16_t& row : failed) {
    one.Reset();
    one.SetRows(1);
    for (uint32_t i = 0; i < input.column_count; ++i) {
      if (used_[i]) expr::Gather(input.columns[i], spec_.input[i], &row, 1, one.column(i), one);
    }
    program_->Evaluate(one.batch(), *context_.environment);
    report(row);
  }
  program_->Evaluate(input, *context_.environment);
}

}  // namespace laminar::exec
