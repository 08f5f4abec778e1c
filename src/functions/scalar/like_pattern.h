// Compiled patterns of LIKE, ILIKE and SIMILAR TO.
//
// LIKE: % is any text, _ one character (of UTF-8), the escape character (\ unless named) takes the next one as it is.
// Most patterns are a plain text with % at an end or both; those are compares and searches. Others run a matcher that
// goes back to the last % only, so the time is at most text times pattern. ILIKE folds ASCII letters. SIMILAR TO adds (
// ) | [ ] * + ? {n,m}; it runs on a set of states, so the time is at most text times pattern too. Patterns are
// immutable once compiled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::functions {

// How a pattern is written.
struct LikeStyle {
  int escape = '\\';  // -1: none
  bool ignore_case = false;
};

// The style for an escape text: one ASCII character, or "" for none. Else kBadValue.
Result<LikeStyle> LikeStyleOf(std::string_view escape, bool ignore_case);
// False for a pattern that ends in its escape.
bool IsLikePattern(std::string_view pattern, const LikeStyle& style);
// Matches without compiling, for patterns that differ by row.
bool MatchLike(std::string_view text, std::string_view pattern, const LikeStyle& style);

class LikePattern {
 public:
  // kBadValue when the pattern ends in its escape.
  static Result<LikePattern> Compile(std::string_view pattern, const LikeStyle& style);
  bool Matches(std::string_view text) const;

  enum class Shape : uint8_t { kExact, kPrefix, kSuffix, kContains, kGeneral };
  Shape shape() const { return shape_; }
  const std::string& literal() const { return literal_; }
  bool ignore_case() const { return style_.ignore_case; }

 private:
  Shape shape_ = Shape::kGeneral;
  LikeStyle style_;
  std::string literal_;  // of the simple shapes, escapes removed
  std::string pattern_;  // of the general one, as written
};

class SimilarPattern {
 public:
  // kBadValue says what is wrong with the pattern; escape as in LIKE.
  static Result<SimilarPattern> Compile(std::string_view pattern, std::string_view escape);
  bool Matches(std::string_view text) const;

 private:
  friend class SimilarCompiler;
  enum class Op : uint8_t { kChar, kAnyChar, kClass, kSplit, kJump, kEnd };
  struct Step {
    Op op = Op::kEnd;
    bool is_negated = false;  // kClass
    uint32_t a = 0;           // kChar: the code point; kClass: first range; kSplit, kJump: the next step
    uint32_t b = 0;           // kClass: end of its ranges; kSplit: the other next step
  };
  struct Range {
    uint32_t first = 0;
    uint32_t last = 0;
  };
  struct States;
  void Follow(uint32_t step, States& states) const;
  bool Takes(const Step& step, uint32_t character) const;

  std::vector<Step> steps_;
  std::vector<Range> ranges_;
};

}  // namespace laminar::functions
