// An .slt file as a list of directives: sqllogictest's core, and the ones with time (feed, watermark, changes, ...).
//
// Law: parsing knows lines and words, nothing of SQL. A directive keeps its line numbers, so that a failure names its
// place and --accept can rewrite what it expected. The language is described in tests/sql/README.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::cli {

enum class DirectiveKind : uint8_t {
#define DIRECTIVE(kind, word, body) kind,
#include "cli/slt_directives.def"
#undef DIRECTIVE
};

// What follows the first line.
enum class BodyKind : uint8_t {
  kNone,
  kSql,          // up to an empty line
  kSqlExpected,  // SQL, ----, expected lines, up to an empty line
  kExpected,     // ----, expected lines, up to an empty line
  kRows,         // lines that begin with ( or a number
};

struct Directive {
  DirectiveKind kind{};
  uint32_t line = 0;               // of its first word, 1-based
  std::vector<std::string> words;  // the first line, the directive's own word included
  std::string rest;                // the first line after that word
  std::string sql;
  std::vector<std::string> rows;
  bool has_expected = false;  // there is a ----
  std::vector<std::string> expected;
  uint32_t expected_count = 0;  // lines of it in the file
  uint32_t expected_line = 0;   // of the first expected row, or where it would stand
  bool is_rewritable = true;    // false: from an include or a loop
};

// Errors: kBadRow with the line.
Result<std::vector<Directive>> ParseSlt(std::string_view text);

std::string_view WordOf(DirectiveKind kind);

}  // namespace laminar::cli
