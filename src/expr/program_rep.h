// The inside of a Program: nodes that the compiler shares and schedules, instructions that Evaluate runs. Private to
// expr.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "expr/program.h"
#include "expr/program_memo.h"

namespace laminar::expr {

struct Instruction;

// One Evaluate under way.
struct Evaluation {
  KernelContext context;
  uint32_t batch_rows = 0;
  ErrorCode* codes = nullptr;  // by slot: why its first failing row failed
};

using RunFn = void (*)(const Instruction& instruction, Evaluation& evaluation);

// One step: computes a slot from others. Pointers stay good for the life of the program; `args` of input columns are
// set anew for every batch.
struct Instruction {
  RunFn run = nullptr;
  const data::Column** args = nullptr;
  const uint32_t* arg_slots = nullptr;
  const uint16_t* dynamic = nullptr;  // positions of the arguments that are no literals
  data::Column* out = nullptr;
  data::BatchBuffer* buffer = nullptr;  // owner of out
  Kernel kernel = nullptr;
  const FunctionState* state = nullptr;
  const data::Type* type = nullptr;
  uint32_t out_slot = 0;
  uint16_t arg_count = 0;
  uint16_t dynamic_count = 0;
  bool is_flat = false;    // volatile: a value for every row, although all arguments are constant
  bool is_custom = false;  // NullPolicy::kCustom
  bool is_null = false;    // a literal NULL among the arguments of a propagating call
  bool is_try = false;
  // Part of what a dictionary column is computed by: the input's position in `uses`, or -1; on the frontier its
  // position there, or -1.
  int16_t memo_use = -1;
  int16_t memo_output = -1;

  std::span<const data::Column* const> Args() const { return {args, arg_count}; }
};

// The forms; each computes evaluation.context.rows rows of a flat `out` and its nulls and errors.
void RunCall(const Instruction& instruction, Evaluation& evaluation);
void RunTryCast(const Instruction& instruction, Evaluation& evaluation);
void RunAnd(const Instruction& instruction, Evaluation& evaluation);
void RunOr(const Instruction& instruction, Evaluation& evaluation);
void RunCase(const Instruction& instruction, Evaluation& evaluation);
void RunCoalesce(const Instruction& instruction, Evaluation& evaluation);

// Runs one instruction: once, with a constant result, where all its arguments are constant.
void RunInstruction(const Instruction& instruction, Evaluation& evaluation);
// out.errors |= arg.errors over the whole batch; takes over the reason.
void AddErrors(const Instruction& instruction, uint32_t arg, Evaluation& evaluation);

// Where an input column is read.
struct InputUse {
  uint32_t column = 0;
  std::vector<uint32_t> positions;  // in arg_pointers
  std::vector<uint32_t> outputs;    // shown as the batch has it
  std::vector<uint32_t> flat_outputs;
  std::unique_ptr<data::BatchBuffer> flattened;  // for dictionary columns, made when the first one comes
  std::unique_ptr<DictionaryMemo> memo;          // null: no expression reads this column alone
  bool is_read_otherwise = false;                // also by instructions outside the memo
  bool is_memo_on = false;                       // in this batch
  const data::Column* column_now = nullptr;      // of this batch, while the memo is on
};

struct Program::Rep {
  std::vector<data::Type> inputs;
  std::vector<data::Type> output_types;
  std::vector<const data::Column*> outputs;
  std::vector<uint32_t> output_slots;

  std::vector<Instruction> constants;  // run when the session's zone is new: the rest of what they depend on is fixed
  std::vector<Instruction> instructions;  // run for every batch
  std::vector<const data::Column*> arg_pointers;
  std::vector<uint32_t> arg_slots;
  std::vector<uint16_t> dynamic;
  std::vector<InputUse> uses;
  std::vector<ErrorCode> codes;
  std::vector<data::Type> types;  // of instructions
  std::vector<std::shared_ptr<const BoundFunction>> functions;

  std::unique_ptr<data::BatchBuffer> literals;
  std::unique_ptr<data::BatchBuffer> constant_slots;
  std::unique_ptr<data::BatchBuffer> scratch;
  std::string zone;
  bool is_zone_known = false;
  bool has_nested = false;
  bool wants_compact = false;
  bool any_error = false;
  bool any_memo_on = false;

  void BindInputs(const data::Batch& batch, const EvalEnvironment& environment);
  void RunWithMemos(Evaluation& evaluation);
  void RunConstants(const EvalEnvironment& environment, Evaluation& evaluation);
};

}  // namespace laminar::expr
