#include "functions/scalar/like_pattern.h"

#include <cstring>

#include "base/text.h"

namespace laminar::functions {
namespace {

// Bytes of the character that starts at `at`; one for bytes that start none.
size_t CharacterBytes(std::string_view text, size_t at) {
  const auto lead = static_cast<uint8_t>(text[at]);
  const size_t wanted = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return wanted < text.size() - at ? wanted : text.size() - at;
}

bool SameByte(char a, char b, bool ignore_case) {
  return a == b || (ignore_case && ToLowerAscii(a) == ToLowerAscii(b));
}

bool SameText(std::string_view a, std::string_view b, bool ignore_case) {
  return ignore_case ? EqualsIgnoreCase(a, b) : a == b;
}

bool FindFolded(std::string_view text, std::string_view part) {
  if (part.empty()) return true;
  for (size_t at = 0; at + part.size() <= text.size(); ++at) {
    if (EqualsIgnoreCase(text.substr(at, part.size()), part)) return true;
  }
  return false;
}

// memmem is linear and vectorised.
bool FindPlain(std::string_view text, std::string_view part) {
  return part.empty() || memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

}  // namespace

Result<LikeStyle> LikeStyleOf(std::string_view escape, bool ignore_case) {
  if (escape.size() > 1 || (escape.size() == 1 && static_cast<uint8_t>(escape[0]) >= 0x80)) {
    return Error(Status(ErrorCode::kBadValue, "the escape of LIKE is one ASCII character, not " + Quoted(escape))
                     .WithHint("write ESCAPE '\\' or ESCAPE '' for none"));
  }
  return LikeStyle{.escape = escape.empty() ? -1 : static_cast<uint8_t>(escape[0]), .ignore_case = ignore_case};
}

bool IsLikePattern(std::string_view pattern, const LikeStyle& style) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (static_cast<uint8_t>(pattern[i]) != style.escape) continue;
    if (++i == pattern.size()) return false;
  }
  return true;
}

bool MatchLike(std::string_view text, std::string_view pattern, const LikeStyle& style) {
  constexpr size_t kNone = std::string_view::npos;
  size_t t = 0;
  size_t p = 0;
  size_t after_any = kNone;  // where to go on in the pattern after the last %
  size_t any_from = 0;       // the text that % has not taken yet
  while (t < text.size()) {
    if (p < pattern.size()) {
      const char c = pattern[p];
      const bool is_escaped = static_cast<uint8_t>(c) == style.escape;
      if (!is_escaped && c == '%') {
        after_any = ++p;
        any_from = t;
        continue;
      }
      if (!is_escaped && c == '_') {
        t += CharacterBytes(text, t);
        ++p;
        continue;
      }
      const size_t literal = is_escaped ? p + 1 : p;
      if (literal < pattern.size() && SameByte(text[t], pattern[literal], style.ignore_case)) {
        ++t;
        p = literal + 1;
        continue;
      }
    }
    if (after_any == kNone) return false;
    if (after_any == pattern.size()) return true;
    any_from += CharacterBytes(text, any_from);
    t = any_from;
    p = after_any;
  }
  while (p < pattern.size() && pattern[p] == '%' && style.escape != '%') ++p;
  return p == pattern.size();
}

Result<LikePattern> LikePattern::Compile(std::string_view pattern, const LikeStyle& style) {
  if (!IsLikePattern(pattern, style)) {
    return Error(Status(ErrorCode::kBadValue, "the LIKE pattern " + Quoted(pattern) + " ends in its escape character")
                     .WithHint("double the escape character to mean itself"));
  }
  LikePattern compiled;
  compiled.style_ = style;
  // [%] literal [%], nothing else special.
  bool any_first = false;
  bool any_last = false;
  bool is_simple = true;
  for (size_t i = 0; i < pattern.size() && is_simple; ++i) {
    const char c = pattern[i];
    if (static_cast<uint8_t>(c) == style.escape) {
      is_simple = !any_last;
      compiled.literal_ += pattern[++i];
    } else if (c == '%') {
      (compiled.literal_.empty() && !any_last ? any_first : any_last) = true;
    } else {
      is_simple = c != '_' && !any_last;
      compiled.literal_ += c;
    }
  }
  if (!is_simple) {
    compiled.pattern_ = pattern;
    return compiled;
  }
  if (compiled.literal_.empty() && any_first) any_last = true;
  compiled.shape_ =
      any_first ? (any_last ? Shape::kContains : Shape::kSuffix) : (any_last ? Shape::kPrefix : Shape::kExact);
  return compiled;
}

bool LikePattern::Matches(std::string_view text) const {
  const size_t size = literal_.size();
  const bool fold = style_.ignore_case;
  switch (shape_) {
    case Shape::kExact: return SameText(text, literal_, fold);
    case Shape::kPrefix: return text.size() >= size && SameText(text.substr(0, size), literal_, fold);
    case Shape::kSuffix: return text.size() >= size && SameText(text.substr(text.size() - size), literal_, fold);
    case Shape::kContains: return fold ? FindFolded(text, literal_) : FindPlain(text, literal_);
    case Shape::kGeneral: return MatchLike(text, pattern_, style_);
  }
  return false;
}

}  // namespace laminar::functions
