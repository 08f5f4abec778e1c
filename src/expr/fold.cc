// Constants at planning time: one expression evaluated without rows, and constant subtrees replaced by literals.
#include "expr/expr.h"
#include "expr/program.h"

namespace laminar::expr {
namespace {

bool IsBool(const Expr& expr, bool value) {
  return expr.kind == ExprKind::kLiteral && !expr.literal.is_null() && expr.literal.bool_value() == value;
}

// AND without its TRUEs, FALSE when one argument is FALSE; OR the other way round. A deciding argument decides whatever
// the others do.
void SimplifyLogic(ExprPtr& expr) {
  const bool neutral = expr->kind == ExprKind::kAnd;
  std::vector<ExprPtr> kept;
  for (ExprPtr& arg : expr->args) {
    if (IsBool(*arg, !neutral)) {
      ExprPtr decided = std::move(arg);
      expr = std::move(decided);
      return;
    }
    if (!IsBool(*arg, neutral)) kept.push_back(std::move(arg));
  }
  if (kept.empty()) {
    expr = MakeLiteral(data::Value::Bool(neutral), data::TypeId::kBool);
  } else if (kept.size() == 1) {
    ExprPtr only = std::move(kept[0]);
    expr = std::move(only);
  } else {
    expr->args = std::move(kept);
  }
}

// Branches that are never taken go; a first branch that is always taken is all there is.
void SimplifyCase(ExprPtr& expr) {
  std::vector<ExprPtr> kept;
  const size_t count = expr->args.size();
  ExprPtr last = std::move(expr->args[count - 1]);
  for (size_t i = 0; i + 1 < count; i += 2) {
    const Expr& when = *expr->args[i];
    const bool is_never = when.kind == ExprKind::kLiteral && !IsBool(when, true);
    if (is_never) continue;
    if (IsBool(when, true)) {
      last = std::move(expr->args[i + 1]);
      break;
    }
    kept.push_back(std::move(expr->args[i]));
    kept.push_back(std::move(expr->args[i + 1]));
  }
  if (kept.empty()) {
    expr = std::move(last);
    return;
  }
  kept.push_back(std::move(last));
  expr->args = std::move(kept);
}

}  // namespace

Result<data::Value> EvaluateConstant(const Expr& expr, const EvalEnvironment& environment) {
  const Expr* const outputs[] = {&expr};
  Program program = TRY(Program::Compile(outputs, {}));
  data::Batch batch;
  batch.rows = 1;
  program.Evaluate(batch, environment);
  if (program.any_error() && program.output(0).HasError(0)) {
    const ErrorCode code = program.first_error();
    return Error(Status(code, "computing " + ToString(expr) + ": " + std::string(MeaningOf(code))).At(expr.position));
  }
  return data::Value::FromColumn(program.output(0), expr.type, 0);
}

void FoldConstants(ExprPtr& expr, const EvalEnvironment& environment) {
  if (expr->kind == ExprKind::kLiteral || expr->kind == ExprKind::kColumn) return;
  if (IsConstant(*expr)) {
    Result<data::Value> value = EvaluateConstant(*expr, environment);
    if (value.has_value()) {
      const TextPosition position = expr->position;
      expr = MakeLiteral(*std::move(value), expr->type);
      expr->position = position;
      return;
    }
  }
  for (ExprPtr& arg : expr->args) FoldConstants(arg, environment);
  if (expr->kind == ExprKind::kAnd || expr->kind == ExprKind::kOr) SimplifyLogic(expr);
  if (expr->kind == ExprKind::kCase) SimplifyCase(expr);
}

}  // namespace laminar::expr
