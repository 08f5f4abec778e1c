// Compiles expressions to nodes without repetition, gives the nodes slots, and writes the instructions. Private to
// expr.
#pragma once

#include <unordered_map>
#include <vector>

#include "expr/program_rep.h"

namespace laminar::expr {

class ProgramCompiler {
 public:
  ProgramCompiler(std::span<const data::Type> inputs, Program::Rep& rep) : inputs_(inputs), rep_(rep) {}
  Status Compile(std::span<const Expr* const> outputs);
  // A program that computes dictionary columns row by row: what a memo itself runs.
  static Result<Program> CompileWithoutMemo(std::span<const Expr* const> outputs, std::span<const data::Type> inputs);

 private:
  // Where a node's column is.
  enum class Home : uint8_t { kInput, kLiteral, kConstant, kScratch };
  struct Node {
    const Expr* expr = nullptr;  // kind, type, function, literal; its args are replaced by the nodes below
    std::vector<uint32_t> args;
    uint64_t hash = 0;
    uint32_t last_use = 0;  // position in nodes_, or kNever
    uint32_t slot = 0;      // within its home
    Home home = Home::kScratch;
    bool is_volatile = false;
    int32_t memo_column = -1;  // the one input column it is computed from, when a memo may do it
    bool is_memo_frontier = false;
  };
  static constexpr uint32_t kForever = UINT32_MAX;

  Result<uint32_t> Intern(const Expr& expr);
  Result<uint32_t> InternInput(const Expr& expr);
  uint32_t Share(Node node);
  bool Same(const Node& a, const Node& b) const;
  Status CheckArguments(const Expr& expr, const std::vector<uint32_t>& args) const;

  void FindMemos(std::span<const uint32_t> outputs);
  bool IsMemoKind(const Node& node) const;
  void SetMemo(const Node& node, Instruction& instruction);
  void FindLastUses(std::span<const uint32_t> outputs);
  void AssignSlots();
  uint32_t TakeScratch(const data::Type& type);
  void GiveBack(uint32_t node);
  void MakeBuffers();
  Status EmitAll();
  Status Emit(const Node& node, std::vector<Instruction>& into);
  Status SetFunction(const Node& node, Instruction& instruction);
  void FixPointers(std::vector<Instruction>& instructions);
  void BindOutputs(std::span<const Expr* const> exprs, std::span<const uint32_t> nodes);
  uint32_t UseOf(uint32_t column);
  data::Column* ColumnOf(const Node& node);
  uint32_t SlotId(const Node& node) const;

  std::span<const data::Type> inputs_;
  Program::Rep& rep_;
  bool with_memo_ = true;
  std::vector<Node> nodes_;
  std::unordered_multimap<uint64_t, uint32_t> by_hash_;
  std::vector<data::Type> literal_types_;
  std::vector<data::Type> constant_types_;
  std::vector<data::Type> scratch_types_;
  std::vector<std::vector<uint32_t>> free_slots_;  // by value width
};

}  // namespace laminar::expr
