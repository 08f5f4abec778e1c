// Writes docs/reference/functions.md to standard output: every function with its documentation and tested examples, as
// declared.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/text.h"
#include "expr/aggregate.h"
#include "expr/function.h"
#include "functions/register.h"

namespace {

using laminar::ReplaceAll;

// One line of a table: bars and line ends would break it.
std::string Cell(std::string_view text) { return ReplaceAll(ReplaceAll(text, "|", "\\|"), "\n", " "); }

std::string Code(std::string_view text) { return text.empty() ? "" : "`" + Cell(text) + "`"; }

struct Line {
  std::string category;
  std::string text;
};

template <class Function>
std::string LineOf(const Function& function) {
  std::string names = Code(function.name);
  for (const std::string& alias : function.aliases) names += ", " + Code(alias);
  std::string examples;
  for (const auto& [sql, result] : function.examples) {
    if (!examples.empty()) examples += "<br>";
    examples += Code(sql) + " → " + Code(result);
  }
  return "| " + names + " | " + Cell(function.doc) + " | " + examples + " |\n";
}

void PrintTable(std::string_view title, std::string_view lines) {
  std::printf("\n## %.*s\n\n| function | what it gives | examples |\n|---|---|---|\n%.*s",
              static_cast<int>(title.size()), title.data(), static_cast<int>(lines.size()), lines.data());
}

}  // namespace

int main() {
  const laminar::expr::FunctionRegistry& registry = laminar::functions::BuiltinFunctions();
  std::vector<Line> lines;
  for (const auto* function : registry.Scalars()) {
    lines.push_back({function->category.empty() ? "other" : function->category, LineOf(*function)});
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.category < b.category; });
  std::printf(
      "<!-- Written by ./dev docs from the functions' declarations. Do not edit. -->\n\n# Functions\n\n"
      "NULL in gives NULL out unless a line says otherwise. Every example is run as a test.\n");
  std::string aggregates;
  for (const auto* function : registry.Aggregates()) aggregates += LineOf(*function);
  PrintTable("aggregates (examples over x = 1, 2, 4, 10)", aggregates);
  for (size_t i = 0; i < lines.size();) {
    const std::string category = lines[i].category;
    std::string table;
    for (; i < lines.size() && lines[i].category == category; ++i) table += lines[i].text;
    PrintTable(category, table);
  }
  return 0;
}
