// Regular expressions in the syntax of RE2 (linear time; no back references or look-around).
//
// A constant pattern is compiled once a call site; others go through a small cache of the thread. Flags: i ignores
// case, g replaces all, s lets '.' match a line feed, m makes ^ and $ match at lines, c matches case (the default). The
// only file that includes <re2/>.
#include <re2/re2.h>

#include <array>
#include <string>
#include <vector>

#include "functions/scalar/bind.h"
#include "functions/scalar/list_writer.h"
#include "functions/scalar/text_builder.h"
#include "functions/scalar/utf8.h"

namespace laminar::functions {
namespace {

using re2::RE2;
using re2::StringPiece;

constexpr int64_t kPatternBytesMemory = int64_t{8} << 20;
constexpr size_t kCachedPatterns = 16;
constexpr int kGroupsMax = 32;

StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(const StringPiece& piece) { return {piece.data(), piece.size()}; }

struct Flags {
  bool ignores_case = false;
  bool is_global = false;
  bool dot_matches_line_feed = false;
  bool is_multi_line = false;
};

bool ReadFlags(std::string_view text, Flags& flags) {
  for (const char c : text) {
    switch (c) {
      case 'i': flags.ignores_case = true; break;
      case 'c': flags.ignores_case = false; break;
      case 'g': flags.is_global = true; break;
      case 's': flags.dot_matches_line_feed = true; break;
      case 'm':
      case 'n': flags.is_multi_line = true; break;
      default: return false;
    }
  }
  return true;
}

struct Pattern final : expr::FunctionState {
  std::unique_ptr<RE2> regex;
  Flags flags;
  std::string source;
  std::string flag_text;
};

std::unique_ptr<Pattern> Compile(std::string_view source, std::string_view flag_text, bool ignores_case) {
  auto pattern = std::make_unique<Pattern>();
  pattern->flags.ignores_case = ignores_case;
  if (!ReadFlags(flag_text, pattern->flags)) return nullptr;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternBytesMemory);
  options.set_case_sensitive(!pattern->flags.ignores_case);
  options.set_dot_nl(pattern->flags.dot_matches_line_feed);
  std::string text(source);
  if (pattern->flags.is_multi_line) text.insert(0, "(?m)");
  pattern->regex = std::make_unique<RE2>(Piece(text), options);
  pattern->source = source;
  pattern->flag_text = flag_text;
  return pattern;
}

// The pattern stands at argument 1. kFlags: at which argument the flags stand, 0 for none.
template <size_t kFlags, bool ignores_case>
Result<std::shared_ptr<const expr::FunctionState>> Prepare(const BindCall& call) {
  const std::string* source = ConstantText(call, 1);
  const std::string* flags = kFlags == 0 ? nullptr : ConstantText(call, kFlags);
  if (source == nullptr || (kFlags != 0 && flags == nullptr)) return nullptr;
  std::unique_ptr<Pattern> pattern = Compile(*source, flags == nullptr ? "" : *flags, ignores_case);
  if (pattern == nullptr) {
    return Error(Status(ErrorCode::kBadValue, "regular expression flags: '" + *flags + "' has an unknown letter")
                     .WithHint("use letters of i, c, g, s, m"));
  }
  if (!pattern->regex->ok()) {
    return Error(Status(ErrorCode::kBadValue, "regular expression '" + *source + "': " + pattern->regex->error())
                     .WithHint("the syntax is RE2's: no back references and no look-around"));
  }
  return std::shared_ptr<const expr::FunctionState>(std::move(pattern));
}

// Patterns that come from a column, the last used ones of this thread.
const Pattern* FindPattern(std::string_view source, std::string_view flags, bool ignores_case) {
  static thread_local std::array<std::unique_ptr<Pattern>, kCachedPatterns> cache;
  static thread_local size_t next = 0;
  for (const std::unique_ptr<Pattern>& known : cache) {
    if (known != nullptr && known->source == source && known->flag_text == flags &&
        known->flags.ignores_case == ignores_case) {
      return known.get();
    }
  }
  std::unique_ptr<Pattern> made = Compile(source, flags, ignores_case);
  if (made == nullptr || !made->regex->ok()) return nullptr;
  std::unique_ptr<Pattern>& place = cache[next++ % kCachedPatterns];
  place = std::move(made);
  return place.get();
}

const Pattern* PatternOf(KernelContext& context, StringRef source, StringRef flags, bool ignores_case = false) {
  if (context.state != nullptr) return &StateOf<Pattern>(context);
  return FindPattern(source.view(), flags.view(), ignores_case);
}

// Walks matches from left to right; an empty match moves on by one character.
class Matches {
 public:
  Matches(const Pattern& pattern, std::string_view text, size_t start, int groups)
      : regex_(*pattern.regex), text_(text), at_(start), groups_(groups) {}

  bool Next(StringPiece* found) {
    if (at_ > text_.size()) return false;
    if (!regex_.Match(Piece(text_), at_, text_.size(), RE2::UNANCHORED, found, groups_)) return false;
    const size_t start = static_cast<size_t>(found[0].data() - text_.data());
    at_ = start + found[0].size();
    if (found[0].empty()) at_ += at_ < text_.size() ? CharacterBytes(text_, at_) : 1;
    return true;
  }

 private:
  const RE2& regex_;
  std::string_view text_;
  size_t at_;
  int groups_;
};

constexpr Outcome kBadPattern = Outcome::Fail(ErrorCode::kBadValue);

template <bool ignores_case, bool is_negated, bool is_full>
Outcome TestPattern(KernelContext& context, StringRef text, StringRef source, StringRef flags, bool& out) {
  const AllowAllocation search;
  const Pattern* pattern = PatternOf(context, source, flags, ignores_case);
  if (pattern == nullptr) return kBadPattern;
  const RE2::Anchor anchor = is_full ? RE2::ANCHOR_BOTH : RE2::UNANCHORED;
  out = pattern->regex->Match(Piece(text.view()), 0, text.length, anchor, nullptr, 0) != is_negated;
  return {};
}
template <bool ignores_case, bool is_negated, bool is_full>
Outcome TestPlain(KernelContext& context, StringRef text, StringRef source, bool& out) {
  return TestPattern<ignores_case, is_negated, is_full>(context, text, source, StringRef(), out);
}

// Byte where the character number `start` (from 1) begins.
bool StartByte(std::string_view text, int64_t start, size_t& at) {
  if (start < 1) return false;
  at = ByteOfCharacter(text, static_cast<size_t>(start) - 1);
  return true;
}

Outcome CountFlags(KernelContext& context, StringRef text, StringRef source, int64_t start, StringRef flags,
                   int64_t& out) {
  const AllowAllocation search;
  const Pattern* pattern = PatternOf(context, source, flags);
  size_t at = 0;
  if (pattern == nullptr) return kBadPattern;
  if (!StartByte(text.view(), start, at)) return Outcome::Fail(ErrorCode::kOutOfRange);
  Matches matches(*pattern, text.view(), at, 1);
  StringPiece found;
  while (matches.Next(&found)) ++out;
  return {};
}
Outcome CountFrom(KernelContext& context, StringRef text, StringRef source, int64_t start, int64_t& out) {
  return CountFlags(context, text, source, start, StringRef(), out);
}
Outcome CountPlain(KernelContext& context, StringRef text, StringRef source, int64_t& out) {
  return CountFlags(context, text, source, 1, StringRef(), out);
}

Outcome PlaceNth(KernelContext& context, StringRef text, StringRef source, int64_t start, int64_t nth, int64_t& out) {
  const AllowAllocation search;
  const Pattern* pattern = PatternOf(context, source, StringRef());
  size_t at = 0;
  if (pattern == nullptr) return kBadPattern;
  if (nth < 1 || !StartByte(text.view(), start, at)) return Outcome::Fail(ErrorCode::kOutOfRange);
  const std::string_view whole = text.view();
  Matches matches(*pattern, whole, at, 1);
  StringPiece found;
  for (int64_t i = 0; i < nth; ++i) {
    if (!matches.Next(&found)) return {};
  }
  const size_t place = static_cast<size_t>(found.data() - whole.data());
  out = static_cast<int64_t>(CountCharacters(whole.substr(0, place))) + 1;
  return {};
}
Outcome PlaceFrom(KernelContext& context, StringRef text, StringRef source, int64_t start, int64_t& out) {
  return PlaceNth(context, text, source, start, 1, out);
}
Outcome PlacePlain(KernelContext& context, StringRef text, StringRef source, int64_t& out) {
  return PlaceNth(context, text, source, 1, 1, out);
}

Outcome ExtractGroup(KernelContext& context, StringRef text, StringRef source, int64_t group, StringRef& out) {
  const AllowAllocation search;
  const Pattern* pattern = PatternOf(context, source, StringRef());
  if (pattern == nullptr) return kBadPattern;
  if (group < 0 || group >= kGroupsMax || group > pattern->regex->NumberOfCapturingGroups()) {
    return Outcome::Fail(ErrorCode::kOutOfRange);
  }
  StringPiece found[kGroupsMax];
  const std::string_view whole = text.view();
  if (pattern->regex->Match(Piece(whole), 0, whole.size(), RE2::UNANCHORED, found, static_cast<int>(group) + 1)) {
    out = StringRef(View(found[group]));
  }
  return {};
}
Outcome Extract(KernelContext& context, StringRef text, StringRef source, StringRef& out) {
  return ExtractGroup(context, text, source, 0, out);
}

// Puts groups into the replacement: \1 to \9, \0 or \& for the whole match, \\ for a backslash.
void AddReplacement(TextBuilder& builder, std::string_view with, const StringPiece* found, int groups) {
  for (size_t i = 0; i < with.size(); ++i) {
    if (with[i] != '\\' || i + 1 == with.size()) {
      builder.Add(with[i]);
      continue;
    }
    const char next = with[++i];
    const int group = next == '&' ? 0 : next - '0';
    if (group >= 0 && group <= 9) {
      if (group < groups && found[group].data() != nullptr) builder.Add(View(found[group]));
    } else {
      if (next != '\\') builder.Add('\\');
      builder.Add(next);
    }
  }
}

Outcome ReplaceFlags(KernelContext& context, StringRef text, StringRef source, StringRef with, StringRef flags,
                     StringRef& out) {
  const AllowAllocation search;
  const Pattern* pattern = PatternOf(context, source, flags);
  if (pattern == nullptr) return kBadPattern;
  const std::string_view whole = text.view();
  const int groups = std::min(pattern->regex->NumberOfCapturingGroups(), 9) + 1;
  StringPiece found[10];
  Matches matches(*pattern, whole, 0, groups);
  if (!matches.Next(found)) {
    out = text;
    return {};
  }
  TextBuilder builder;
  size_t done = 0;
  do {
    const size_t start = static_cast<size_t>(found[0].data() - whole.data());
    builder.Add(whole.substr(done, start - done));
    AddReplacement(builder, with.view(), found, groups);
    done = start + found[0].size();
  } while (pattern->flags.is_global && !builder.is_too_long() && matches.Next(found));
  builder.Add(whole.substr(done));
  return builder.Finish(context, out);
}
Outcome ReplacePlain(KernelContext& context, StringRef text, StringRef source, StringRef with, StringRef& out) {
  return ReplaceFlags(context, text, source, with, StringRef(), out);
}

// Functions that give a VARCHAR[]: collect(pattern, text, group, items) says what; false: NULL. Rows: text, pattern,
// and group or flags.
using Items = std::vector<StringRef>;
using Collect = Outcome (*)(const Pattern&, std::string_view text, int64_t group, Items& items);

enum class Third : uint8_t { kNone, kGroup, kFlags };

template <Collect F, Third T>
void ListOf(KernelContext& context, Arguments args, Column& out) {
  static thread_local Items items;
  const AllowAllocation search;
  const Arg<StringRef> text(*args[0]);
  const Arg<StringRef> source(*args[1]);
  ListWriter writer(context, out, TextListType());
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const StringRef flags = T == Third::kFlags ? Arg<StringRef>(*args[2])[row] : StringRef();
    const int64_t group = T == Third::kGroup ? Arg<int64_t>(*args[2])[row] : -1;
    const StringRef pattern_text = source[row];
    const StringRef whole = text[row];
    const Pattern* pattern = PatternOf(context, pattern_text, flags);
    items.clear();
    const Outcome outcome = pattern == nullptr ? kBadPattern : F(*pattern, whole.view(), group, items);
    Mark(context, out, row, outcome);
    if (outcome.bits() == 0) writer.Fill(row, items);
  }
}

Outcome CollectGroups(const Pattern& pattern, std::string_view text, int64_t, Items& items) {
  const int count = pattern.regex->NumberOfCapturingGroups();
  if (count >= kGroupsMax) return Outcome::Fail(ErrorCode::kLimitReached);
  StringPiece found[kGroupsMax];
  if (!pattern.regex->Match(Piece(text), 0, text.size(), RE2::UNANCHORED, found, count + 1)) return Outcome::Null();
  for (int i = count == 0 ? 0 : 1; i <= count; ++i) items.emplace_back(View(found[i]));
  return {};
}

Outcome CollectAll(const Pattern& pattern, std::string_view text, int64_t group, Items& items) {
  if (group < 0) group = 0;
  if (group >= kGroupsMax || group > pattern.regex->NumberOfCapturingGroups()) {
    return Outcome::Fail(ErrorCode::kOutOfRange);
  }
  StringPiece found[kGroupsMax];
  Matches matches(pattern, text, 0, static_cast<int>(group) + 1);
  while (matches.Next(found)) items.emplace_back(View(found[group]));
  return {};
}

Outcome CollectParts(const Pattern& pattern, std::string_view text, int64_t, Items& items) {
  StringPiece found;
  Matches matches(pattern, text, 0, 1);
  size_t done = 0;
  while (matches.Next(&found)) {
    const size_t start = static_cast<size_t>(found.data() - text.data());
    // An empty match cuts between characters, not before the first or behind the last.
    if (found.empty() && (start == done || start >= text.size())) continue;
    items.emplace_back(text.substr(done, start - done));
    done = start + found.size();
  }
  items.emplace_back(text.substr(done));
  return {};
}

void AddTest(expr::FunctionRegistry& registry, std::string_view name, expr::Kernel kernel, expr::PrepareFn prepare,
             std::string_view doc, std::string_view example, std::string_view result) {
  Scalar(registry, name)
      .Category("regular expression")
      .Doc(doc)
      .Example(example, result)
      .MayFail()
      .Costly()
      .Add({kText, kText}, kBoolean, kernel, prepare);
}

void RegisterTests(expr::FunctionRegistry& registry) {
  AddTest(registry, "~", Rows<TestPlain<false, false, false>>, Prepare<0, false>,
          "True when the pattern matches somewhere in the text.", "'stream' ~ '^st'", "true");
  AddTest(registry, "~*", Rows<TestPlain<true, false, false>>, Prepare<0, true>,
          "True when the pattern matches somewhere in the text, case ignored.", "'STREAM' ~* '^st'", "true");
  AddTest(registry, "!~", Rows<TestPlain<false, true, false>>, Prepare<0, false>,
          "True when the pattern matches nowhere in the text.", "'stream' !~ 'x'", "true");
  AddTest(registry, "!~*", Rows<TestPlain<true, true, false>>, Prepare<0, true>,
          "True when the pattern matches nowhere in the text, case ignored.", "'STREAM' !~* '^st'", "false");
  Scalar(registry, "regexp_like")
      .Alias("regexp_matches")
      .Category("regular expression")
      .Doc("True when the pattern matches somewhere in the text.")
      .Example("regexp_like('stream', 't.e')", "true")
      .Example("regexp_like('STREAM', 't.e', 'i')", "true")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kBoolean, Rows<TestPlain<false, false, false>>, Prepare<0, false>)
      .Add({kText, kText, kText}, kBoolean, Rows<TestPattern<false, false, false>>, Prepare<2, false>);
  Scalar(registry, "regexp_full_match")
      .Category("regular expression")
      .Doc("True when the pattern matches the whole text.")
      .Example("regexp_full_match('stream', 's.*m')", "true")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kBoolean, Rows<TestPlain<false, false, true>>, Prepare<0, false>)
      .Add({kText, kText, kText}, kBoolean, Rows<TestPattern<false, false, true>>, Prepare<2, false>);
}

void RegisterCounts(expr::FunctionRegistry& registry) {
  Scalar(registry, "regexp_count")
      .Category("regular expression")
      .Doc("How often the pattern matches, from character start (default 1) on.")
      .Example("regexp_count('a1b22c333', '[0-9]+')", "3")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kBigint, Rows<CountPlain>, Prepare<0, false>)
      .Add({kText, kText, kBigint}, kBigint, Rows<CountFrom>, Prepare<0, false>)
      .Add({kText, kText, kBigint, kText}, kBigint, Rows<CountFlags>, Prepare<3, false>);
  Scalar(registry, "regexp_instr")
      .Category("regular expression")
      .Doc("Position of the n-th match (default 1) from character start (default 1) on; 0 when there is none.")
      .Example("regexp_instr('a1b22c333', '[0-9]+', 1, 2)", "4")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kBigint, Rows<PlacePlain>, Prepare<0, false>)
      .Add({kText, kText, kBigint}, kBigint, Rows<PlaceFrom>, Prepare<0, false>)
      .Add({kText, kText, kBigint, kBigint}, kBigint, Rows<PlaceNth>, Prepare<0, false>);
}

}  // namespace

const Type& TextListType() {
  static const Type type = Type::Array(kText);
  return type;
}

void RegisterRegex(expr::FunctionRegistry& registry) {
  RegisterTests(registry);
  RegisterCounts(registry);
  const Type& list = TextListType();
  Scalar(registry, "regexp_replace")
      .Category("regular expression")
      .Doc("The first match, or with flag 'g' every one, replaced; \\1 to \\9 stand for groups, \\& for the match.")
      .Example("regexp_replace('Ann Bell', '(\\w+) (\\w+)', '\\2, \\1')", "Bell, Ann")
      .Example("regexp_replace('a1b22', '[0-9]+', '#', 'g')", "a#b#")
      .MayFail()
      .Costly()
      .Add({kText, kText, kText}, kText, Rows<ReplacePlain>, Prepare<0, false>)
      .Add({kText, kText, kText, kText}, kText, Rows<ReplaceFlags>, Prepare<3, false>);
  Scalar(registry, "regexp_extract")
      .Alias("regexp_substr")
      .Category("regular expression")
      .Doc("The first match, or its n-th group; an empty text when there is none.")
      .Example("regexp_extract('order-17', '[0-9]+')", "17")
      .Example("regexp_extract('k=v', '(\\w)=(\\w)', 2)", "v")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kText, Rows<Extract>, Prepare<0, false>)
      .Add({kText, kText, kBigint}, kText, Rows<ExtractGroup>, Prepare<0, false>);
  Scalar(registry, "regexp_extract_all")
      .Category("regular expression")
      .Doc("All matches, or their n-th group, as an array.")
      .Example("regexp_extract_all('a1b22', '[0-9]+')", "[1, 22]")
      .MayFail()
      .Costly()
      .Add({kText, kText}, list, ListOf<CollectAll, Third::kNone>, Prepare<0, false>)
      .Add({kText, kText, kBigint}, list, ListOf<CollectAll, Third::kGroup>, Prepare<0, false>);
  Scalar(registry, "regexp_match")
      .Category("regular expression")
      .Doc(
          "The groups of the first match as an array (the match itself where the pattern has none); NULL without a "
          "match.")
      .Example("regexp_match('k=v', '(\\w)=(\\w)')", "[k, v]")
      .MayFail()
      .Costly()
      .Add({kText, kText}, list, ListOf<CollectGroups, Third::kNone>, Prepare<0, false>)
      .Add({kText, kText, kText}, list, ListOf<CollectGroups, Third::kFlags>, Prepare<2, false>);
  Scalar(registry, "regexp_split_to_array")
      .Alias("string_split_regex")
      .Category("regular expression")
      .Doc("The parts between the matches as an array.")
      .Example("regexp_split_to_array('a, b,c', ', *')", "[a, b, c]")
      .MayFail()
      .Costly()
      .Add({kText, kText}, list, ListOf<CollectParts, Third::kNone>, Prepare<0, false>)
      .Add({kText, kText, kText}, list, ListOf<CollectParts, Third::kFlags>, Prepare<2, false>);
}

}  // namespace laminar::functions
