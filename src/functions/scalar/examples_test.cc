// Laws of all registered functions; their examples are run as SQL by the tests of the planner.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "expr/function.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

TEST_CASE("every scalar function has a doc, a category and an example") {
  const std::vector<const expr::ScalarFunction*> all = BuiltinFunctions().Scalars();
  CHECK(all.size() >= 250);
  for (const expr::ScalarFunction* function : all) {
    CHECK_MESSAGE(!function->doc.empty(), function->name);
    CHECK_MESSAGE(!function->category.empty(), function->name);
    CHECK_MESSAGE(!function->examples.empty(), function->name);
    for (const auto& [sql, result] : function->examples) CHECK_MESSAGE(!sql.empty(), function->name);
  }
}

TEST_CASE("docs are sentences of at most two hundred and fifty characters") {
  for (const expr::ScalarFunction* function : BuiltinFunctions().Scalars()) {
    CHECK_MESSAGE(function->doc.size() <= 250, function->name);
    CHECK_MESSAGE(function->doc.back() == '.', function->name);
  }
}

TEST_CASE("names are lower case and listed for completion") {
  const std::vector<std::string> names = BuiltinFunctions().Names();
  const std::set<std::string> known(names.begin(), names.end());
  for (const char* name :
       {"upper", "ucase", "date_trunc", "regexp_replace", "->>", "array_contains", "list_contains", "now"}) {
    CHECK_MESSAGE(known.contains(name), name);
  }
  for (const std::string& name : names) {
    for (const char c : name) CHECK_MESSAGE((c < 'A' || c > 'Z'), name);
  }
}

}  // namespace
}  // namespace laminar::functions
