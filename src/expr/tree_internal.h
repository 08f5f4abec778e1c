// What the compiler of programs shares with the tree utilities: equality of single nodes.
#pragma once

#include "expr/expr.h"
#include "expr/function.h"

namespace laminar::expr {

// True when two bound functions compute the same from the same arguments.
bool SameFunction(const BoundFunction* a, const BoundFunction* b);
// Identity, not SQL equality: -0.0 and 0.0 differ, two NULLs are the same.
bool SameLiteral(const data::Value& a, const data::Value& b, const data::Type& type);
// The hash of a node without its arguments.
uint64_t HashNode(const Expr& expr);

}  // namespace laminar::expr
