// The fuzzer: texts made from the corpus by mutation, soups of tokens, and random bytes. Whatever comes in, the parser
// answers a tree or an error with a code, and what parses prints to a text that parses to the same.
// One run is a function of (seed, steps): a failure is repeated by its seed.
#include <doctest/doctest.h>

#include <iterator>

#include "base/random.h"
#include "sql/parser.h"
#include "sql/testing/corpus.h"
#include "sql/printer.h"

namespace laminar::sql {
namespace {

constexpr std::string_view kPieces[] = {
    "(", ")", ",", ";", ".", "[", "]", "{", "}", ":", "::", "->", "->>", "=", "<", ">", ">=", "*", "-", "+", "?", "$1",
    "'x'", "'", "\"q\"", "\"", "1", "1.5", "1e9", "5m", "a", "t", "b.c", "/*", "*/", "--", "\n", "E'\\n'", "$$",
    "INTERVAL '5' MINUTE", "SELECT", "FROM t", "WHERE", "GROUP BY", "ORDER BY", "EMIT",
    "ON UPDATE", "WITH (", "CASE WHEN", "END",
    "BETWEEN", "AND"};

std::string_view RandomStatement(Random& random) { return kCorpus[random.Below(std::size(kCorpus))]; }

std::string RandomPiece(Random& random) {
  if (random.OneIn(2)) return std::string(kPieces[random.Below(std::size(kPieces))]);
  return std::string(Keywords()[random.Below(Keywords().size())]);
}

std::string RandomBytes(Random& random) {
  std::string text(random.Below(60), ' ');
  const bool printable = random.OneIn(2);
  for (char& c : text) c = static_cast<char>(printable ? 32 + random.Below(95) : random.Below(256));
  return text;
}

std::string Soup(Random& random) {
  std::string text;
  const uint64_t n = random.Below(30);
  for (uint64_t i = 0; i < n; ++i) {
    text += RandomPiece(random);
    if (!random.OneIn(4)) text += ' ';
  }
  return text;
}

std::string Mutated(Random& random) {
  std::string text(RandomStatement(random));
  const uint64_t edits = 1 + random.Below(4);
  for (uint64_t i = 0; i < edits; ++i) {
    const size_t at = random.Below(text.size() + 1);
    const size_t length = std::min<size_t>(random.Below(12), text.size() - at);
    switch (random.Below(6)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, RandomPiece(random) + " "); break;
      case 2: text.insert(at, text.substr(at, length)); break;
      case 3: text.insert(at, 1, static_cast<char>(random.Below(256))); break;
      case 4: {
        const std::string_view other = RandomStatement(random);
        text = text.substr(0, at) + std::string(other.substr(random.Below(other.size())));
        break;
      }
      default: text.replace(at, length, RandomPiece(random)); break;
    }
  }
  return text;
}

// One text through the parser, and what it accepts through the printer and back. Answers what is wrong, or nothing.
std::string WhatIsWrong(const std::string& text) {
  const Result<std::vector<Statement>> script = ParseScript(text);
  static_cast<void>(IsComplete(text));
  if (!script) {
    const Status& status = script.error();
    if (status.position().line == 0 || status.position().offset > text.size()) return "an error without a position";
    const bool known = PublicCode(status.code()).starts_with("LDB-P") || status.code() == ErrorCode::kNotSupported ||
                       status.code() == ErrorCode::kUnknownColumn;
    return known ? "" : "an error of a strange code";
  }
  for (const Statement& statement : *script) {
    const std::string printed = Print(statement);
    const Result<Statement> again = ParseStatement(printed);
    if (!again) return "does not parse again: " + printed + ": " + again.error().ToString();
    if (Print(*again) != printed) return "prints differently: " + printed + " / " + Print(*again);
    if (PrintInFull(*again) != PrintInFull(statement)) return "is another tree: " + printed;
    const Result<Statement> full = ParseStatement(PrintInFull(statement));
    if (!full || PrintInFull(*full) != PrintInFull(statement)) return "does not survive parentheses: " + printed;
  }
  return "";
}

// Returns how many texts parsed.
uint64_t Fuzz(uint64_t seed, uint64_t steps) {
  Random random(seed);
  uint64_t parsed = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    const uint64_t way = random.Below(10);
    const std::string text = way < 6 ? Mutated(random) : way < 9 ? Soup(random) : RandomBytes(random);
    const std::string wrong = WhatIsWrong(text);
    if (!wrong.empty()) {
      INFO("seed " << seed << " step " << step << ": " << text);
      CHECK(wrong == "");
    }
    parsed += ParseScript(text).has_value();
  }
  return parsed;
}

TEST_CASE("no text crashes the parser, and what parses survives printing") {
  uint64_t parsed = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) parsed += Fuzz(seed, 2'000);
  CHECK(parsed > 1'000);
}

TEST_CASE("every prefix of every statement gives a tree or an error") {
  for (const std::string_view text : kCorpus) {
    for (size_t length = 0; length < text.size(); length += 3) {
      const std::string prefix(text.substr(0, length));
      INFO(prefix);
      CHECK(WhatIsWrong(prefix) == "");
    }
  }
}

}  // namespace
}  // namespace laminar::sql
