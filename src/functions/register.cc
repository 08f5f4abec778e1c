// Calls every family of functions.def. No static initialisers: the list is the index.
#include "functions/register.h"

namespace laminar::functions {

void RegisterAll(expr::FunctionRegistry& registry) {
#define FUNCTION_FAMILY(name) Register##name(registry);
#include "functions/functions.def"
#undef FUNCTION_FAMILY
}

const expr::FunctionRegistry& BuiltinFunctions() {
  static const expr::FunctionRegistry* const registry = [] {
    auto* filled = new expr::FunctionRegistry();
    RegisterAll(*filled);
    return filled;
  }();
  return *registry;
}

}  // namespace laminar::functions
