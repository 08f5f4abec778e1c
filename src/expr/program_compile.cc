// The compiler of programs. Nodes are numbered so that arguments come before their users; a node is interned once, so
// equal subexpressions are one node unless they are volatile. A scratch slot is free again after its last reader.
#include "expr/program_compile.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "expr/cast.h"
#include "expr/cast_rules.h"
#include "expr/tree_internal.h"

namespace laminar::expr {
namespace {

using data::Type;
using data::TypeId;

internal::Failure Broken(std::string what) { return Error(ErrorCode::kInternal, "compiling an expression: " + what); }

}  // namespace

Status ProgramCompiler::Compile(std::span<const Expr* const> outputs) {
  std::vector<uint32_t> nodes;
  for (const Expr* output : outputs) nodes.push_back(TRY(Intern(*output)));
  if (with_memo_) FindMemos(nodes);
  FindLastUses(nodes);
  AssignSlots();
  MakeBuffers();
  TRY(EmitAll());
  BindOutputs(outputs, nodes);
  return Status::Ok();
}

// ---- Nodes ----

Result<uint32_t> ProgramCompiler::InternInput(const Expr& expr) {
  if (expr.column >= inputs_.size()) return Broken("there is no input column " + std::to_string(expr.column));
  if (expr.type.physical() != inputs_[expr.column].physical()) {
    return Broken("input column " + std::to_string(expr.column) + " is " + inputs_[expr.column].ToString() + ", not " +
                  expr.type.ToString());
  }
  Node node{.expr = &expr, .hash = HashNode(expr), .slot = expr.column, .home = Home::kInput};
  return Share(std::move(node));
}

Status ProgramCompiler::CheckArguments(const Expr& expr, const std::vector<uint32_t>& args) const {
  if (expr.kind == ExprKind::kCall) {
    const std::vector<Type>& wanted = expr.function->arguments;
    if (wanted.size() != args.size()) return Broken("'" + expr.function->name + "' has a wrong number of arguments");
    for (size_t i = 0; i < args.size(); ++i) {
      if (expr.args[i]->type.physical() != wanted[i].physical()) {
        return Broken("argument " + std::to_string(i + 1) + " of '" + expr.function->name + "' is " +
                      expr.args[i]->type.ToString() + ", not " + wanted[i].ToString());
      }
    }
    return Status::Ok();
  }
  const bool is_logic = expr.kind == ExprKind::kAnd || expr.kind == ExprKind::kOr;
  for (size_t i = 0; i < args.size(); ++i) {
    const bool is_when = expr.kind == ExprKind::kCase && i % 2 == 0 && i + 1 < args.size();
    const Type& type = expr.args[i]->type;
    if ((is_logic || is_when) && type.id() != TypeId::kBool) return Broken("a condition is " + type.ToString());
    const bool is_branch = expr.kind == ExprKind::kCoalesce || (expr.kind == ExprKind::kCase && !is_when);
    if (is_branch && type.physical() != expr.type.physical()) return Broken("branches of different types");
  }
  if (expr.kind == ExprKind::kCase && args.size() % 2 == 0) return Broken("CASE without ELSE");
  return args.empty() ? Broken("no arguments") : Status::Ok();
}

Result<uint32_t> ProgramCompiler::Intern(const Expr& expr) {
  if (expr.kind == ExprKind::kColumn) return InternInput(expr);
  Node node{.expr = &expr, .hash = HashNode(expr)};
  bool is_constant = true;
  for (const ExprPtr& arg : expr.args) {
    const uint32_t id = TRY(Intern(*arg));
    node.args.push_back(id);
    node.hash = HashCombine(node.hash, nodes_[id].hash);
    node.is_volatile |= nodes_[id].is_volatile;
    is_constant &= nodes_[id].home == Home::kLiteral || nodes_[id].home == Home::kConstant;
  }
  if (expr.kind == ExprKind::kLiteral) {
    node.home = Home::kLiteral;
    return Share(std::move(node));
  }
  TRY(CheckArguments(expr, node.args));
  // A cast that changes nothing in memory is no instruction.
  if (expr.kind == ExprKind::kCast && IsViewCast(expr.args[0]->type, expr.type)) return node.args[0];
  if (expr.args.size() == 1 && expr.kind != ExprKind::kCall && expr.kind != ExprKind::kCast) return node.args[0];
  if (expr.kind == ExprKind::kCall) node.is_volatile |= expr.function->traits.is_volatile;
  if (is_constant && !node.is_volatile) node.home = Home::kConstant;
  return Share(std::move(node));
}

bool ProgramCompiler::Same(const Node& a, const Node& b) const {
  const Expr& x = *a.expr;
  const Expr& y = *b.expr;
  if (x.kind != y.kind || x.is_try != y.is_try || a.args != b.args || x.type != y.type) return false;
  if (x.kind == ExprKind::kColumn) return x.column == y.column;
  if (x.kind == ExprKind::kLiteral) return SameLiteral(x.literal, y.literal, x.type);
  return x.kind != ExprKind::kCall || SameFunction(x.function.get(), y.function.get());
}

uint32_t ProgramCompiler::Share(Node node) {
  if (!node.is_volatile) {
    const auto [first, last] = by_hash_.equal_range(node.hash);
    for (auto it = first; it != last; ++it) {
      if (Same(nodes_[it->second], node)) return it->second;
    }
  }
  const auto id = static_cast<uint32_t>(nodes_.size());
  by_hash_.emplace(node.hash, id);
  nodes_.push_back(std::move(node));
  return id;
}

Result<Program> ProgramCompiler::CompileWithoutMemo(std::span<const Expr* const> outputs,
                                                    std::span<const Type> inputs) {
  auto rep = std::make_unique<Program::Rep>();
  rep->inputs.assign(inputs.begin(), inputs.end());
  ProgramCompiler compiler(inputs, *rep);
  compiler.with_memo_ = false;
  TRY(compiler.Compile(outputs));
  return Program(std::move(rep));
}

// ---- Dictionary memos ----

bool ProgramCompiler::IsMemoKind(const Node& node) const {
  const Expr& expr = *node.expr;
  if (node.home != Home::kScratch || node.is_volatile || expr.type.is_nested() || expr.type.id() == TypeId::kNull)
    return false;
  if (expr.kind == ExprKind::kCall) return expr.function->traits.nulls == NullPolicy::kPropagate;
  return expr.kind == ExprKind::kCast && expr.args[0]->type.id() != TypeId::kNull;
}

// A node belongs to the memo of a column when all it reads is that column, nodes of that memo, and literals.
void ProgramCompiler::FindMemos(std::span<const uint32_t> outputs) {
  for (Node& node : nodes_) {
    if (node.home == Home::kInput) {
      const Type& type = inputs_[node.slot];
      if (!type.is_nested() && type.id() != TypeId::kNull) node.memo_column = static_cast<int32_t>(node.slot);
      continue;
    }
    if (!IsMemoKind(node)) continue;
    int32_t column = -1;
    bool is_alone = true;
    for (const uint32_t arg : node.args) {
      if (nodes_[arg].home == Home::kLiteral) continue;
      is_alone &= nodes_[arg].memo_column >= 0 && (column < 0 || column == nodes_[arg].memo_column);
      column = nodes_[arg].memo_column;
    }
    if (is_alone && column >= 0) node.memo_column = column;
  }
  for (const Node& node : nodes_) {
    if (node.memo_column >= 0) continue;
    for (const uint32_t arg : node.args) nodes_[arg].is_memo_frontier = true;
  }
  for (const uint32_t id : outputs) nodes_[id].is_memo_frontier = true;
}

void ProgramCompiler::SetMemo(const Node& node, Instruction& instruction) {
  if (node.memo_column < 0 || node.home != Home::kScratch) return;
  const uint32_t use = UseOf(static_cast<uint32_t>(node.memo_column));
  instruction.memo_use = static_cast<int16_t>(use);
  if (!node.is_memo_frontier) return;
  std::unique_ptr<DictionaryMemo>& memo = rep_.uses[use].memo;
  if (memo == nullptr) memo = std::make_unique<DictionaryMemo>(inputs_[rep_.uses[use].column]);
  instruction.memo_output = static_cast<int16_t>(memo->Add(*node.expr));
}

// ---- Slots ----

void ProgramCompiler::FindLastUses(std::span<const uint32_t> outputs) {
  for (uint32_t id = 0; id < nodes_.size(); ++id) {
    for (const uint32_t arg : nodes_[id].args) nodes_[arg].last_use = id;
  }
  for (const uint32_t id : outputs) nodes_[id].last_use = kForever;
}

uint32_t ProgramCompiler::TakeScratch(const Type& type) {
  const uint32_t width = data::ValueWidth(type.physical());
  if (!type.is_nested() && width > 0 && !free_slots_[width].empty()) {
    const uint32_t slot = free_slots_[width].back();
    free_slots_[width].pop_back();
    return slot;
  }
  scratch_types_.push_back(type);
  return static_cast<uint32_t>(scratch_types_.size() - 1);
}

// Nested slots are not reused: their children keep what was written.
void ProgramCompiler::GiveBack(uint32_t id) {
  const Node& node = nodes_[id];
  const Type& type = node.expr->type;
  if (node.home != Home::kScratch || type.is_nested()) return;
  std::vector<uint32_t>& free = free_slots_[data::ValueWidth(type.physical())];
  if (std::find(free.begin(), free.end(), node.slot) == free.end()) free.push_back(node.slot);
}

void ProgramCompiler::AssignSlots() {
  free_slots_.resize(17);
  for (uint32_t id = 0; id < nodes_.size(); ++id) {
    Node& node = nodes_[id];
    const Type& type = node.expr->type;
    switch (node.home) {
      case Home::kInput: continue;
      case Home::kLiteral:
        node.slot = static_cast<uint32_t>(literal_types_.size());
        literal_types_.push_back(type);
        continue;
      case Home::kConstant:
        node.slot = static_cast<uint32_t>(constant_types_.size());
        constant_types_.push_back(type);
        continue;
      case Home::kScratch: node.slot = TakeScratch(type); break;
    }
    for (const uint32_t arg : node.args) {
      if (nodes_[arg].last_use == id) GiveBack(arg);
    }
    if (node.last_use == 0) GiveBack(id);
  }
}

void ProgramCompiler::MakeBuffers() {
  for (const Type& type : scratch_types_) rep_.has_nested |= type.is_nested();
  rep_.scratch = std::make_unique<data::BatchBuffer>(scratch_types_);
  rep_.constant_slots = std::make_unique<data::BatchBuffer>(constant_types_);
  rep_.literals = std::make_unique<data::BatchBuffer>(literal_types_, 1);
  for (const Node& node : nodes_) {
    if (node.home != Home::kLiteral) continue;
    data::Column& column = rep_.literals->column(node.slot);
    node.expr->literal.ToColumn(*rep_.literals, column, node.expr->type, 0);
    column.encoding = data::Encoding::kConstant;
  }
  rep_.codes.assign(scratch_types_.size() + constant_types_.size() + 1, ErrorCode::kOk);
}

data::Column* ProgramCompiler::ColumnOf(const Node& node) {
  switch (node.home) {
    case Home::kInput: return nullptr;
    case Home::kLiteral: return &rep_.literals->column(node.slot);
    case Home::kConstant: return &rep_.constant_slots->column(node.slot);
    case Home::kScratch: return &rep_.scratch->column(node.slot);
  }
  return nullptr;
}

// Position of a slot's error code; inputs and literals share the last one, which stays kOk.
uint32_t ProgramCompiler::SlotId(const Node& node) const {
  if (node.home == Home::kScratch) return node.slot;
  const auto scratch_count = static_cast<uint32_t>(scratch_types_.size());
  if (node.home == Home::kConstant) return scratch_count + node.slot;
  return scratch_count + static_cast<uint32_t>(constant_types_.size());
}

// ---- Instructions ----

Status ProgramCompiler::SetFunction(const Node& node, Instruction& instruction) {
  const Expr& expr = *node.expr;
  std::shared_ptr<const BoundFunction> function = expr.function;
  if (expr.kind == ExprKind::kCast) function = TRY(FindCast(expr.args[0]->type, expr.type));
  instruction.kernel = function->kernel;
  instruction.state = function->state.get();
  instruction.is_custom = function->traits.nulls == NullPolicy::kCustom;
  instruction.is_flat = function->traits.is_volatile;
  instruction.is_try = expr.is_try;
  instruction.run = expr.is_try ? RunTryCast : RunCall;
  rep_.wants_compact |= function->traits.is_costly || (function->traits.may_fail && !expr.is_try);
  rep_.functions.push_back(std::move(function));
  return Status::Ok();
}

Status ProgramCompiler::Emit(const Node& node, std::vector<Instruction>& into) {
  Instruction instruction;
  const ExprKind kind = node.expr->kind;
  if (kind == ExprKind::kCall || kind == ExprKind::kCast) {
    TRY(SetFunction(node, instruction));
  } else {
    instruction.run = kind == ExprKind::kAnd    ? RunAnd
                      : kind == ExprKind::kOr   ? RunOr
                      : kind == ExprKind::kCase ? RunCase
                                                : RunCoalesce;
  }
  const bool propagates = instruction.kernel != nullptr && !instruction.is_custom;
  if (node.args.size() > UINT16_MAX) return Error(ErrorCode::kTooComplex, "an expression has too many arguments");
  instruction.out = ColumnOf(node);
  instruction.buffer = node.home == Home::kConstant ? rep_.constant_slots.get() : rep_.scratch.get();
  instruction.out_slot = SlotId(node);
  instruction.arg_count = static_cast<uint16_t>(node.args.size());
  for (size_t i = 0; i < node.args.size(); ++i) {
    const Node& arg = nodes_[node.args[i]];
    if (arg.home == Home::kInput) {
      InputUse& use = rep_.uses[UseOf(arg.slot)];
      use.positions.push_back(static_cast<uint32_t>(rep_.arg_pointers.size()));
      use.is_read_otherwise |= node.memo_column < 0;
    }
    rep_.arg_pointers.push_back(ColumnOf(arg));
    rep_.arg_slots.push_back(SlotId(arg));
    if (arg.home != Home::kLiteral) {
      rep_.dynamic.push_back(static_cast<uint16_t>(i));
      ++instruction.dynamic_count;
    } else if (arg.expr->literal.is_null()) {
      instruction.is_null |= propagates;
    }
  }
  SetMemo(node, instruction);
  rep_.types.push_back(node.expr->type);
  into.push_back(instruction);
  return Status::Ok();
}

Status ProgramCompiler::EmitAll() {
  // Constants first: the arguments of all instructions then stand in one order, which FixPointers walks.
  for (const Node& node : nodes_) {
    if (node.home == Home::kConstant) TRY(Emit(node, rep_.constants));
  }
  for (const Node& node : nodes_) {
    if (node.home == Home::kScratch) TRY(Emit(node, rep_.instructions));
  }
  const data::Column** args = rep_.arg_pointers.data();
  const uint32_t* slots = rep_.arg_slots.data();
  const uint16_t* dynamic = rep_.dynamic.data();
  const Type* type = rep_.types.data();
  for (std::vector<Instruction>* list : {&rep_.constants, &rep_.instructions}) {
    for (Instruction& instruction : *list) {
      instruction.args = args;
      instruction.arg_slots = slots;
      instruction.dynamic = dynamic;
      instruction.type = type++;
      args += instruction.arg_count;
      slots += instruction.arg_count;
      dynamic += instruction.dynamic_count;
    }
  }
  return Status::Ok();
}

uint32_t ProgramCompiler::UseOf(uint32_t column) {
  for (uint32_t i = 0; i < rep_.uses.size(); ++i) {
    if (rep_.uses[i].column == column) return i;
  }
  rep_.uses.emplace_back().column = column;
  return static_cast<uint32_t>(rep_.uses.size() - 1);
}

void ProgramCompiler::BindOutputs(std::span<const Expr* const> exprs, std::span<const uint32_t> nodes) {
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes_[nodes[i]];
    rep_.outputs.push_back(ColumnOf(node));
    rep_.output_slots.push_back(SlotId(node));
    rep_.output_types.push_back(exprs[i]->type);
    if (node.home != Home::kInput) continue;
    InputUse& use = rep_.uses[UseOf(node.slot)];
    (exprs[i]->kind == ExprKind::kColumn ? use.outputs : use.flat_outputs).push_back(i);
  }
}

}  // namespace laminar::expr
