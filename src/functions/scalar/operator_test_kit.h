// What the tests of operators share: a registry of them, one call as an expression, and a check of a call against an
// oracle.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "expr/program.h"
#include "expr/testing/random_batch.h"
#include "functions/kernel.h"
#include "functions/register.h"

namespace laminar::functions {

inline const expr::FunctionRegistry& Operators() {
  static const expr::FunctionRegistry* const registry = [] {
    auto* filled = new expr::FunctionRegistry();
    RegisterArithmetic(*filled);
    RegisterBoolean(*filled);
    RegisterComparison(*filled);
    RegisterConditional(*filled);
    RegisterLike(*filled);
    return filled;
  }();
  return *registry;
}

inline const std::string kOverflowCode(PublicCode(ErrorCode::kOverflow));
inline const std::string kRangeCode(PublicCode(ErrorCode::kOutOfRange));
inline const std::string kDivisionCode(PublicCode(ErrorCode::kDivisionByZero));
inline const std::string kBadCode(PublicCode(ErrorCode::kBadValue));

using Exprs = std::vector<expr::ExprPtr>;

inline Exprs Literals(std::vector<data::Value> values, const std::vector<Type>& types) {
  Exprs args;
  for (size_t i = 0; i < values.size(); ++i) args.push_back(expr::MakeLiteral(std::move(values[i]), types[i]));
  return args;
}
// Columns of the types, and a literal of the first one's type behind them.
inline Exprs Columns(const std::vector<Type>& types) {
  Exprs args;
  for (uint32_t i = 0; i < types.size(); ++i) args.push_back(expr::MakeColumn(i, types[i]));
  return args;
}
inline Exprs Columns(const std::vector<Type>& types, data::Value literal) {
  Exprs args = Columns(types);
  args.push_back(expr::MakeLiteral(std::move(literal), types[0]));
  return args;
}

inline Result<expr::ExprPtr> TryOperator(std::string_view name, Exprs args) {
  std::vector<Type> types;
  std::vector<const data::Value*> constants;
  for (const expr::ExprPtr& arg : args) {
    types.push_back(arg->type);
    constants.push_back(arg->kind == expr::ExprKind::kLiteral ? &arg->literal : nullptr);
  }
  auto function = TRY(Operators().Resolve({.name = name, .types = types, .constants = constants}));
  return expr::MakeCall(std::move(function), std::move(args));
}

inline expr::ExprPtr MakeOperator(std::string_view name, Exprs args) {
  Result<expr::ExprPtr> call = TryOperator(name, std::move(args));
  if (!call.has_value()) MESSAGE(call.error().ToString());
  REQUIRE(call.has_value());
  return *std::move(call);
}

// The result as text, or the public code of the error.
inline std::string EvalText(std::string_view name, std::vector<data::Value> values, const std::vector<Type>& types) {
  const expr::ExprPtr call = MakeOperator(name, Literals(std::move(values), types));
  const Result<data::Value> value = expr::EvaluateConstant(*call, {});
  return value.has_value() ? value->ToString(call->type) : std::string(PublicCode(value.error().code()));
}

// What an oracle says of a row.
struct Row {
  data::Value value;
  bool failed = false;
  Row() = default;
  explicit Row(data::Value v) : value(std::move(v)) {}
  static Row Fail() {
    Row row;
    row.failed = true;
    return row;
  }
};

// One random batch through a call over columns of these types; the oracle sees the values of a row.
template <class Oracle>
void CheckCall(Random& random, std::string_view name, const std::vector<Type>& types, Oracle&& oracle) {
  const expr::ExprPtr call = MakeOperator(name, Columns(types));
  const expr::Expr* const outputs[] = {call.get()};
  auto program = expr::Program::Compile(outputs, types);
  REQUIRE(program.has_value());
  const auto rows = static_cast<uint32_t>(random.OneIn(5) ? random.Below(3) : random.Below(150));
  const expr::RandomBatch batch(random, types, rows);
  program->Evaluate(batch.batch, {});
  for (uint32_t row = 0; row < rows; ++row) {
    std::vector<data::Value> args;
    std::string shown;
    for (size_t c = 0; c < types.size(); ++c) {
      args.push_back(batch.At(c, row));
      shown += args.back().ToString(types[c]) + " | ";
    }
    CAPTURE(shown);
    CAPTURE(row);
    const Row wanted = oracle(args);
    REQUIRE(program->output(0).HasError(row) == wanted.failed);
    if (wanted.failed) continue;
    const data::Value got = data::Value::FromColumn(program->output(0), call->type, row);
    CAPTURE(got.ToString(call->type));
    CAPTURE(wanted.value.ToString(call->type));
    REQUIRE(got == wanted.value);
  }
}

}  // namespace laminar::functions
