// The one door to all SQL functions: fills a registry from functions.def, at start-up, before any thread reads it.
#pragma once

#include "expr/function.h"

namespace laminar::functions {

void RegisterAll(expr::FunctionRegistry& registry);

// The registry with every function in it, built on first use; read-only, from any thread.
const expr::FunctionRegistry& BuiltinFunctions();

// One a family; the file of the family defines it.
#define FUNCTION_FAMILY(name) void Register##name(expr::FunctionRegistry& registry);
#include "functions/functions.def"
#undef FUNCTION_FAMILY

}  // namespace laminar::functions
