// Program and Predicate as their users see them: evaluation of a batch.
#include "expr/program.h"

#include "base/check.h"
#include "base/hot_scope.h"
#include "expr/bitmap.h"
#include "expr/program_compile.h"
#include "expr/program_rep.h"

namespace laminar::expr {

using data::Column;
using data::Encoding;

// ---- Program ----

Program::Program(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

Result<Program> Program::Compile(std::span<const Expr* const> outputs, std::span<const data::Type> inputs) {
  auto rep = std::make_unique<Rep>();
  rep->inputs.assign(inputs.begin(), inputs.end());
  ProgramCompiler compiler(inputs, *rep);
  TRY(compiler.Compile(outputs));
  return Program(std::move(rep));
}

// Kernels read flat and constant columns; a dictionary column is written out once a batch, unless its memo answers all
// that reads it.
void Program::Rep::BindInputs(const data::Batch& batch, const EvalEnvironment& environment) {
  any_memo_on = false;
  for (InputUse& use : uses) {
    CHECK(use.column < batch.column_count);
    const Column* column = &batch.columns[use.column];
    for (const uint32_t output : use.outputs) this->outputs[output] = column;
    const bool is_dictionary = column->encoding == Encoding::kDictionary;
    use.is_memo_on = is_dictionary && use.memo != nullptr && use.memo->Prepare(*column, batch.rows, environment);
    use.column_now = column;
    any_memo_on |= use.is_memo_on;
    const bool needs_flat = use.is_memo_on ? use.is_read_otherwise : !use.positions.empty();
    if (is_dictionary && (needs_flat || !use.flat_outputs.empty())) {
      if (use.flattened == nullptr) {
        AllowAllocation first_dictionary;
        use.flattened = std::make_unique<data::BatchBuffer>(std::vector<data::Type>{inputs[use.column]});
      }
      column = &data::Flatten(*column, inputs[use.column], batch.rows, use.flattened->column(0));
    }
    for (const uint32_t position : use.positions) arg_pointers[position] = column;
    for (const uint32_t output : use.flat_outputs) this->outputs[output] = column;
  }
}

void Program::Rep::RunConstants(const EvalEnvironment& environment, Evaluation& evaluation) {
  if (is_zone_known && zone == environment.time_zone) return;
  AllowAllocation new_zone;
  zone = environment.time_zone;
  is_zone_known = true;
  constant_slots->Reset();
  const uint32_t rows = evaluation.batch_rows;
  evaluation.batch_rows = data::kBatchCapacity;
  for (const Instruction& instruction : constants) RunInstruction(instruction, evaluation);
  evaluation.batch_rows = rows;
}

void Program::Rep::RunWithMemos(Evaluation& evaluation) {
  for (const Instruction& instruction : instructions) {
    if (instruction.memo_use < 0 || !uses[static_cast<size_t>(instruction.memo_use)].is_memo_on) {
      RunInstruction(instruction, evaluation);
    } else if (instruction.memo_output >= 0) {
      const InputUse& use = uses[static_cast<size_t>(instruction.memo_use)];
      use.memo->Spread(static_cast<uint32_t>(instruction.memo_output), *use.column_now, instruction, evaluation);
    }
  }
}

void Program::Evaluate(const data::Batch& batch, const EvalEnvironment& environment) {
  Rep& rep = *rep_;
  CHECK(batch.rows <= data::kBatchCapacity);
  rep.BindInputs(batch, environment);
  if (rep.has_nested) {
    rep.scratch->Reset();
  } else {
    rep.scratch->heap().Reset();
  }
  Evaluation evaluation;
  evaluation.batch_rows = batch.rows;
  evaluation.context.rows = batch.rows;
  evaluation.context.environment = &environment;
  evaluation.codes = rep.codes.data();
  if (!rep.constants.empty()) rep.RunConstants(environment, evaluation);
  if (rep.any_memo_on) {
    rep.RunWithMemos(evaluation);
  } else {
    for (const Instruction& instruction : rep.instructions) RunInstruction(instruction, evaluation);
  }
  rep.any_error = false;
  for (const Column* output : rep.outputs) rep.any_error |= output->has_errors;
}

size_t Program::output_count() const { return rep_->outputs.size(); }
const data::Column& Program::output(size_t i) const { return *rep_->outputs[i]; }
const data::Type& Program::output_type(size_t i) const { return rep_->output_types[i]; }
bool Program::any_error() const { return rep_->any_error; }

ErrorCode Program::first_error() const {
  if (!rep_->any_error) return ErrorCode::kOk;
  for (size_t i = 0; i < rep_->outputs.size(); ++i) {
    if (!rep_->outputs[i]->has_errors) continue;
    const ErrorCode code = rep_->codes[rep_->output_slots[i]];
    return code == ErrorCode::kOk ? ErrorCode::kBadValue : code;
  }
  return ErrorCode::kOk;
}

bool Program::wants_compact_input() const { return rep_->wants_compact; }
size_t Program::instruction_count() const { return rep_->instructions.size(); }
size_t Program::slot_count() const { return rep_->scratch->types().size(); }

// ---- Predicate ----

struct Predicate::Rep {
  Program program;
  bool has_errors = false;
};

Predicate::Predicate(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Predicate::~Predicate() = default;
Predicate::Predicate(Predicate&&) noexcept = default;
Predicate& Predicate::operator=(Predicate&&) noexcept = default;

Result<Predicate> Predicate::Compile(const Expr& predicate, std::span<const data::Type> inputs) {
  if (predicate.type.id() != data::TypeId::kBool) {
    return Error(ErrorCode::kTypeMismatch, "a condition must be BOOLEAN, this one is " + predicate.type.ToString());
  }
  const Expr* const outputs[] = {&predicate};
  return Predicate(std::make_unique<Rep>(Rep { .program = TRY(Program::Compile(outputs, inputs)) }));
}

uint32_t Predicate::Select(const data::Batch& batch, const EvalEnvironment& environment, uint16_t* selection) {
  Rep& rep = *rep_;
  rep.program.Evaluate(batch, environment);
  const Column& result = rep.program.output(0);
  const uint32_t rows = batch.rows;
  const uint64_t* errors = result.has_errors ? result.errors : nullptr;
  rep.has_errors = errors != nullptr;
  if (result.encoding == Encoding::kFlat) {
    return BytesToSelection(result.As<uint8_t>(), result.has_nulls ? result.validity : nullptr, errors, rows,
                            selection);
  }
  uint64_t bits[data::kBatchCapacity / 64];
  for (uint32_t w = 0; w < data::BitmapWords(rows); ++w) {
    if (result.encoding == Encoding::kConstant) {
      bits[w] = !result.IsNull(0) && result.As<uint8_t>()[0] != 0 ? ~uint64_t{0} : 0;
    } else {
      bits[w] = 0;
      for (uint32_t i = w * 64; i < rows && i < w * 64 + 64; ++i) {
        const bool is_true = !result.IsNull(i) && result.dictionary->As<uint8_t>()[result.codes[i]] != 0;
        bits[w] |= uint64_t{is_true} << (i & 63);
      }
    }
    if (errors != nullptr) bits[w] &= ~errors[w];
  }
  return BitsToSelection(bits, rows, selection);
}

const uint64_t* Predicate::errors() const { return rep_->has_errors ? rep_->program.output(0).errors : nullptr; }
ErrorCode Predicate::first_error() const { return rep_->program.first_error(); }

}  // namespace laminar::expr
