// Helpers of functions that are generic over types and so bind themselves.
#pragma once

#include <string>
#include <string_view>

#include "expr/function.h"
#include "functions/scalar/by_signature.h"

namespace laminar::functions {

using expr::BindCall;
using expr::BoundFunction;

// "function f does not take (BIGINT)", with a hint how it is called.
inline ::laminar::internal::Failure WrongArguments(const BindCall& call, std::string_view usage) {
  std::string types;
  for (const Type& type : call.types) types += (types.empty() ? "" : ", ") + type.ToString();
  return Error(
      Status(ErrorCode::kFunctionArguments, "function " + std::string(call.name) + " does not take (" + types + ")")
          .WithHint("use " + std::string(usage)));
}

inline bool IsNull(const Type& type) { return type.id() == TypeId::kNull; }
inline bool IsListOrNull(const Type& type) { return type.id() == TypeId::kArray || IsNull(type); }
inline bool IsIntegerOrNull(const Type& type) { return type.is_integer() || IsNull(type); }
inline bool IsTextOrNull(const Type& type) { return type.id() == TypeId::kVarchar || IsNull(type); }

// The text of a constant argument, or null when it is not constant, NULL or not text. A bare text whose type is still
// open comes as a text of type NULL.
inline const std::string* ConstantText(const BindCall& call, size_t i) {
  if (i >= call.constants.size() || call.constants[i] == nullptr || call.constants[i]->is_null()) return nullptr;
  return call.types[i].is_string() || IsNull(call.types[i]) ? &call.constants[i]->string_value() : nullptr;
}

}  // namespace laminar::functions
