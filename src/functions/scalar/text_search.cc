// Text: finding, replacing, splitting, comparing.
//
// Law: positions count characters from 1, and 0 means "not found"; an empty text is found at position 1.
#include <algorithm>
#include <vector>

#include "functions/scalar/text_builder.h"
#include "functions/scalar/utf8.h"

namespace laminar::functions {
namespace {

constexpr size_t kNotFound = std::string_view::npos;

// Longest texts, in characters, that the quadratic distances compare.
constexpr size_t kDistanceCharactersMax = 10'000;

bool ContainsText(StringRef text, StringRef part) { return text.view().find(part.view()) != kNotFound; }
bool StartsWithText(StringRef text, StringRef prefix) { return text.view().starts_with(prefix.view()); }
bool EndsWithText(StringRef text, StringRef suffix) { return text.view().ends_with(suffix.view()); }

int64_t FindText(StringRef text, StringRef part) {
  const size_t at = text.view().find(part.view());
  return at == kNotFound ? 0 : static_cast<int64_t>(CountCharacters(text.view().substr(0, at))) + 1;
}

// The place of an item in a list written with commas.
int64_t FindInSet(StringRef item, StringRef set) {
  std::string_view rest = set.view();
  if (rest.empty()) return 0;
  for (int64_t place = 1;; ++place) {
    const size_t comma = rest.find(',');
    if (rest.substr(0, comma) == item.view()) return place;
    if (comma == kNotFound) return 0;
    rest.remove_prefix(comma + 1);
  }
}

Outcome Replace(KernelContext& context, StringRef text, StringRef from, StringRef to, StringRef& out) {
  std::string_view rest = text.view();
  size_t at = from.length == 0 ? kNotFound : rest.find(from.view());
  if (at == kNotFound) {
    out = text;
    return {};
  }
  TextBuilder builder;
  for (; at != kNotFound && !builder.is_too_long(); at = rest.find(from.view())) {
    builder.Add(rest.substr(0, at));
    builder.Add(to.view());
    rest.remove_prefix(at + from.length);
  }
  builder.Add(rest);
  return builder.Finish(context, out);
}

// Each character of `from` becomes the one at the same place of `to`; those without a partner vanish.
Outcome Translate(KernelContext& context, StringRef text, StringRef from, StringRef to, StringRef& out) {
  const std::string_view source = text.view();
  const std::string_view set = from.view();
  TextBuilder builder;
  for (size_t at = 0; at < source.size();) {
    const std::string_view character = source.substr(at, CharacterBytes(source, at));
    at += character.size();
    size_t place = 0;
    size_t found = 0;
    for (; found < set.size(); found += CharacterBytes(set, found), ++place) {
      if (set.substr(found, CharacterBytes(set, found)) == character) break;
    }
    if (found >= set.size()) {
      builder.Add(character);
      continue;
    }
    const size_t start = ByteOfCharacter(to.view(), place);
    if (start < to.length) builder.Add(to.view().substr(start, CharacterBytes(to.view(), start)));
  }
  return builder.Finish(context, out);
}

// Parts count from 1, or from the end when negative; an empty separator leaves the text whole.
Outcome SplitPart(StringRef text, StringRef separator, int64_t index, StringRef& out) {
  if (index == 0) return Outcome::Fail(ErrorCode::kOutOfRange);
  const std::string_view sep = separator.view();
  std::string_view rest = text.view();
  if (sep.empty()) {
    if (index == 1 || index == -1) out = text;
    return {};
  }
  if (index < 0) {
    for (; index < -1; ++index) {
      const size_t at = rest.rfind(sep);
      if (at == kNotFound) return {};
      rest = rest.substr(0, at);
    }
    const size_t at = rest.rfind(sep);
    out = StringRef(at == kNotFound ? rest : rest.substr(at + sep.size()));
    return {};
  }
  for (; index > 1; --index) {
    const size_t at = rest.find(sep);
    if (at == kNotFound) return {};
    rest.remove_prefix(at + sep.size());
  }
  out = StringRef(rest.substr(0, rest.find(sep)));
  return {};
}

// What stands before the count-th separator; for a negative count, behind the count-th from the end.
StringRef SubstringIndex(StringRef text, StringRef separator, int64_t count) {
  const std::string_view whole = text.view();
  const std::string_view sep = separator.view();
  if (count == 0 || sep.empty()) return StringRef();
  if (count > 0) {
    size_t from = 0;
    for (;;) {
      const size_t at = whole.find(sep, from);
      if (at == kNotFound) return text;
      if (--count == 0) return StringRef(whole.substr(0, at));
      from = at + sep.size();
    }
  }
  std::string_view rest = whole;
  for (;;) {
    const size_t at = rest.rfind(sep);
    if (at == kNotFound) return text;
    if (++count == 0) return StringRef(whole.substr(at + sep.size()));
    rest = rest.substr(0, at);
  }
}

// Memory of the distances: belongs to the thread and keeps its size.
struct DistanceSpace {
  std::vector<uint32_t> a;
  std::vector<uint32_t> b;
  std::vector<uint32_t> row;
  std::vector<uint8_t> used;
};

DistanceSpace& Space() {
  static thread_local DistanceSpace space;
  return space;
}

void DecodeAll(std::string_view text, std::vector<uint32_t>& codes) {
  codes.clear();
  for (size_t at = 0; at < text.size();) codes.push_back(DecodeCharacter(text, at));
}

Outcome Levenshtein(StringRef a, StringRef b, int64_t& out) {
  const AllowAllocation growth;
  DistanceSpace& space = Space();
  DecodeAll(a.view(), space.a);
  DecodeAll(b.view(), space.b);
  if (space.a.size() > kDistanceCharactersMax || space.b.size() > kDistanceCharactersMax) {
    return Outcome::Fail(ErrorCode::kLimitReached);
  }
  std::vector<uint32_t>& row = space.row;
  row.resize(space.b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = static_cast<uint32_t>(j);
  for (size_t i = 0; i < space.a.size(); ++i) {
    uint32_t diagonal = row[0];
    row[0] = static_cast<uint32_t>(i) + 1;
    for (size_t j = 0; j < space.b.size(); ++j) {
      const uint32_t replaced = diagonal + (space.a[i] == space.b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  out = row.back();
  return {};
}

// Share of equal characters that stand near each other, less for those out of order (Jaro).
double Jaro(DistanceSpace& space) {
  const size_t m = space.a.size();
  const size_t n = space.b.size();
  if (m == 0 && n == 0) return 1;
  if (m == 0 || n == 0) return 0;
  const size_t longer = std::max(m, n);
  const size_t reach = longer / 2 > 0 ? longer / 2 - 1 : 0;
  space.used.assign(n, 0);
  space.row.clear();  // matched characters of a, in order
  for (size_t i = 0; i < m; ++i) {
    const size_t end = std::min(n, i + reach + 1);
    for (size_t j = i > reach ? i - reach : 0; j < end; ++j) {
      if (space.used[j] != 0 || space.a[i] != space.b[j]) continue;
      space.used[j] = 1;
      space.row.push_back(space.a[i]);
      break;
    }
  }
  if (space.row.empty()) return 0;
  size_t moved = 0;
  for (size_t j = 0, k = 0; j < n; ++j) {
    if (space.used[j] != 0) moved += space.row[k++] != space.b[j] ? 1 : 0;
  }
  const double matches = static_cast<double>(space.row.size());
  return (matches / static_cast<double>(m) + matches / static_cast<double>(n) +
          (matches - static_cast<double>(moved / 2)) / matches) /
         3;
}

template <bool with_prefix>
Outcome JaroSimilarity(StringRef a, StringRef b, double& out) {
  const AllowAllocation growth;
  DistanceSpace& space = Space();
  DecodeAll(a.view(), space.a);
  DecodeAll(b.view(), space.b);
  if (space.a.size() > kDistanceCharactersMax || space.b.size() > kDistanceCharactersMax) {
    return Outcome::Fail(ErrorCode::kLimitReached);
  }
  out = Jaro(space);
  if (!with_prefix || out <= 0.7) return {};
  const size_t limit = std::min({space.a.size(), space.b.size(), size_t{4}});
  size_t common = 0;
  while (common < limit && space.a[common] == space.b[common]) ++common;
  out += 0.1 * static_cast<double>(common) * (1 - out);
  return {};
}

void RegisterFinding(expr::FunctionRegistry& registry) {
  Scalar(registry, "contains")
      .Category("string")
      .Doc("True when the second text stands somewhere in the first.")
      .Example("contains('streaming', 'eam')", "true")
      .Add({kText, kText}, kBoolean, Dense<ContainsText>);
  Scalar(registry, "starts_with")
      .Alias("prefix")
      .Category("string")
      .Doc("True when the first text begins with the second.")
      .Example("starts_with('streaming', 'str')", "true")
      .Add({kText, kText}, kBoolean, Dense<StartsWithText>);
  Scalar(registry, "ends_with")
      .Alias("suffix")
      .Category("string")
      .Doc("True when the first text ends with the second.")
      .Example("ends_with('streaming', 'ing')", "true")
      .Add({kText, kText}, kBoolean, Dense<EndsWithText>);
  Scalar(registry, "strpos")
      .Alias("instr")
      .Alias("position")
      .Category("string")
      .Doc("Position of the second text in the first, from 1; 0 when it is not there.")
      .Example("strpos('streaming', 'ea')", "4")
      .Add({kText, kText}, kBigint, Dense<FindText>);
  Scalar(registry, "find_in_set")
      .Category("string")
      .Doc("Place of a word in a list written with commas, from 1; or 0.")
      .Example("find_in_set('b', 'a,b,c')", "2")
      .Add({kText, kText}, kBigint, Rows<FindInSet>);
}

}  // namespace

void RegisterTextSearch(expr::FunctionRegistry& registry) {
  RegisterFinding(registry);
  Scalar(registry, "replace")
      .Category("string")
      .Doc("Every occurrence of the second text replaced by the third.")
      .Example("replace('a-b-c', '-', '+')", "a+b+c")
      .MayFail()
      .Costly()
      .Add({kText, kText, kText}, kText, Rows<Replace>);
  Scalar(registry, "translate")
      .Category("string")
      .Doc("Each character found in the second text becomes the one at the same place of the third, or vanishes.")
      .Example("translate('12345', '143', 'ax')", "a2x5")
      .MayFail()
      .Costly()
      .Add({kText, kText, kText}, kText, Rows<Translate>);
  Scalar(registry, "split_part")
      .Category("string")
      .Doc("The n-th part of a text cut at a separator, from 1; negative n counts from the end.")
      .Example("split_part('a.b.c', '.', 2)", "b")
      .Example("split_part('a.b.c', '.', -1)", "c")
      .MayFail()
      .Costly()
      .Add({kText, kText, kBigint}, kText, Rows<SplitPart>);
  Scalar(registry, "substring_index")
      .Alias("substr_index")
      .Category("string")
      .Doc("What stands before the n-th separator, or behind the n-th from the end for a negative n.")
      .Example("substring_index('www.example.com', '.', 2)", "www.example")
      .Costly()
      .Add({kText, kText, kBigint}, kText, Rows<SubstringIndex>);
  Scalar(registry, "levenshtein")
      .Category("string")
      .Doc("Number of characters to insert, delete or replace to make one text the other.")
      .Example("levenshtein('kitten', 'sitting')", "3")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kBigint, Rows<Levenshtein>);
  Scalar(registry, "jaro_similarity")
      .Category("string")
      .Doc("Likeness of two texts from 0 to 1 (Jaro).")
      .Example("round(jaro_similarity('martha', 'marhta'), 4)", "0.9444")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kReal, Rows<JaroSimilarity<false>>);
  Scalar(registry, "jaro_winkler_similarity")
      .Category("string")
      .Doc("Likeness of two texts from 0 to 1 (Jaro), more for equal beginnings (Winkler).")
      .Example("round(jaro_winkler_similarity('martha', 'marhta'), 4)", "0.9611")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kReal, Rows<JaroSimilarity<true>>);
}

}  // namespace laminar::functions
