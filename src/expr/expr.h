// The bound expression tree: names are resolved, types are known, casts are explicit. The planner builds it, Program
// runs it.
//
// Special forms (kAnd, kOr, kCase, kCoalesce, kCast with try) decide themselves what happens to nulls and to errors of
// their arguments: an error in a branch that is not taken, or behind a deciding FALSE or TRUE, does not count. All else
// is a function.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/type.h"
#include "data/value.h"

namespace laminar::expr {

struct ScalarFunction;
struct BoundFunction;

enum class ExprKind : uint8_t {
  kColumn,  // column of the input batch
  kLiteral,
  kCall,  // function(args)
  kCast,  // args[0] to type; is_try: errors become NULL
  kAnd,   // two or more BOOLEAN args, three-valued
  kOr,
  kCase,      // args: when1, then1, when2, then2, ..., else; the whens are BOOLEAN; all thens and else have `type`
  kCoalesce,  // the first argument that is not NULL; all have `type`
};

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  data::Type type;
  bool nullable = true;                           // false only when proven
  bool is_try = false;                            // kCast
  uint32_t column = 0;                            // kColumn
  data::Value literal;                            // kLiteral
  std::shared_ptr<const BoundFunction> function;  // kCall
  std::vector<ExprPtr> args;
  TextPosition position;
};

ExprPtr MakeColumn(uint32_t column, data::Type type, bool nullable = true);
ExprPtr MakeLiteral(data::Value value, data::Type type);
// `arg` itself when it has that type already.
ExprPtr MakeCast(ExprPtr arg, const data::Type& type, bool is_try = false);
ExprPtr MakeCall(std::shared_ptr<const BoundFunction> function, std::vector<ExprPtr> args);
ExprPtr MakeAnd(std::vector<ExprPtr> args);

ExprPtr Clone(const Expr& expr);
bool Equal(const Expr& a, const Expr& b);
uint64_t Hash(const Expr& expr);
// Canonical text for EXPLAIN, e.g. "(#0 * 0.908)"; names[i] is shown for column i when given.
std::string ToString(const Expr& expr, const std::vector<std::string>* names = nullptr);
// Calls visit(column) for every kColumn below.
void CollectColumns(const Expr& expr, std::vector<uint32_t>& columns);
// Replaces column i by column to[i].
void RemapColumns(Expr& expr, const std::vector<uint32_t>& to);
bool IsConstant(const Expr& expr);  // no column, no volatile function
bool IsVolatile(const Expr& expr);  // holds a volatile function

}  // namespace laminar::expr
