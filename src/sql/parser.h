// Text to syntax tree: a hand-written recursive-descent parser with precedence climbing for expressions.
//
// Law: for every text, each entry point answers a tree or an error with code, position and what was expected; it never
// crashes, and never recurses deeper than the options allow. No name is resolved, no type is known here.
// Callers: the engine (one statement, or a script), the shell (IsComplete, Keywords), tests.
#pragma once

#include <span>
#include <string_view>

#include "sql/ast.h"

namespace laminar::sql {

struct ParserOptions {
  uint32_t depth_max = 256;              // nesting of parentheses, sub-queries, operators without end
  uint32_t height_max = 512;             // levels of the finished tree, as in a + b + c + ...; below 65,000
  uint64_t bytes_max = 16ull << 20;      // of the whole text
};

// All statements of a text; empty statements between semicolons are skipped. An error names the statement's ordinal
// when the text holds more than one.
Result<std::vector<Statement>> ParseScript(std::string_view text, const ParserOptions& options = {});

// Exactly one statement, a closing semicolon allowed; otherwise LDB-P005.
Result<Statement> ParseStatement(std::string_view text, const ParserOptions& options = {});

Result<ExpressionPtr> ParseExpression(std::string_view text, const ParserOptions& options = {});
Result<TypeName> ParseType(std::string_view text, const ParserOptions& options = {});

// "5 minutes", "1 hour 30 minutes", "01:30:00", "1 day 02:00" as INTERVAL 'text' reads it. LDB-P004.
Result<IntervalValue> ParseIntervalText(std::string_view text);

// Does the text end with a semicolon outside of strings and comments (spaces and comments after it allowed)?
// For the shell: until then it asks for another line. A text with a broken token counts as complete, so that the
// error shows.
bool IsComplete(std::string_view text);

// Upper-case words of the grammar, sorted, for completion.
std::span<const std::string_view> Keywords();

}  // namespace laminar::sql
