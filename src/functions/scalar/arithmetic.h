// What the files of operators share: how an operator's call is bound, and the families that + - * / % ask in turn.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/function.h"
#include "expr/type_rules.h"
#include "functions/kernel.h"

namespace laminar::functions {

using expr::BindCall;
using expr::BoundFunction;

// "operator + does not take (VARCHAR, BIGINT)".
inline ::laminar::internal::Failure NoOperator(const BindCall& call, std::string_view hint) {
  std::string types;
  for (const Type& type : call.types) types += (types.empty() ? "" : ", ") + type.ToString();
  return Error(
      Status(ErrorCode::kFunctionArguments, "operator " + std::string(call.name) + " does not take (" + types + ")")
          .WithHint(std::string(hint)));
}

// A resolved operator. Kernels of operators never null a row whose arguments are not null.
inline BoundFunction Operator(std::vector<Type> arguments, Type result, expr::Kernel kernel, bool may_fail = false,
                              std::shared_ptr<const expr::FunctionState> state = nullptr) {
  BoundFunction bound;
  bound.arguments = std::move(arguments);
  bound.result = std::move(result);
  bound.kernel = kernel;
  bound.traits.may_fail = may_fail;
  bound.state = std::move(state);
  bound.never_null = true;
  return bound;
}

// The result of + - * / % over DECIMALs; empty when neither side is one. Integers beside a DECIMAL become one.
std::optional<BoundFunction> BindDecimalArithmetic(char op, const BindCall& call);
// + - * / with dates, times, timestamps and intervals; empty when neither side is one.
std::optional<BoundFunction> BindTemporalArithmetic(char op, const BindCall& call);

}  // namespace laminar::functions
