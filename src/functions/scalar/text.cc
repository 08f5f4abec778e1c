// Text: lengths, case, trimming, padding, cutting. Searching is in text_search.cc, formatting in text_format.cc.
//
// Law: positions and lengths count characters (code points), from 1. Pure ASCII takes a fast path. Case mapping is
// Unicode's simple one (one character for one) and does not depend on a locale.
#include <utf8proc.h>

#include <algorithm>

#include "functions/scalar/text_builder.h"
#include "functions/scalar/utf8.h"

namespace laminar::functions {
namespace {

int64_t CharacterLength(StringRef text) { return static_cast<int64_t>(CountCharacters(text.view())); }
int64_t OctetLength(StringRef text) { return text.length; }
int64_t BitLength(StringRef text) { return int64_t{8} * text.length; }

// Case

using CaseMap = utf8proc_int32_t (*)(utf8proc_int32_t);

template <char (*Ascii)(char), CaseMap Unicode>
StringRef MapCase(KernelContext& context, StringRef text) {
  const std::string_view from = text.view();
  if (IsAscii(from)) {
    return NewString(context, from.size(), [&](char* to) {
      for (size_t i = 0; i < from.size(); ++i) to[i] = Ascii(from[i]);
    });
  }
  TextBuilder builder;
  for (size_t at = 0; at < from.size();) {
    const size_t start = at;
    const uint32_t code = DecodeCharacter(from, at);
    char bytes[4];
    if (at - start == 1) {
      builder.Add(code < 0x80 ? Ascii(from[start]) : from[start]);
    } else {
      const uint32_t mapped = static_cast<uint32_t>(Unicode(static_cast<utf8proc_int32_t>(code)));
      builder.Add({bytes, EncodeCharacter(mapped, bytes)});
    }
  }
  return context.heap->Add(builder.text());
}

constexpr char AsciiUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool IsWordCharacter(uint32_t code) {
  if (code < 0x80) return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC) ||
         (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

StringRef InitCap(KernelContext& context, StringRef text) {
  const std::string_view from = text.view();
  TextBuilder builder;
  bool in_word = false;
  for (size_t at = 0; at < from.size();) {
    const size_t start = at;
    const uint32_t code = DecodeCharacter(from, at);
    if (at - start == 1 && code >= 0x80) {
      builder.Add(from[start]);
      continue;
    }
    const auto signed_code = static_cast<utf8proc_int32_t>(code);
    const uint32_t mapped =
        static_cast<uint32_t>(in_word ? utf8proc_tolower(signed_code) : utf8proc_toupper(signed_code));
    char bytes[4];
    builder.Add({bytes, EncodeCharacter(mapped, bytes)});
    in_word = IsWordCharacter(code);
  }
  return context.heap->Add(builder.text());
}

// Trimming: a set of characters, a blank by default.

enum class Side : uint8_t { kBoth, kLeft, kRight };

bool HoldsCharacter(std::string_view set, std::string_view character) {
  if (character.size() == 1) return set.find(character[0]) != std::string_view::npos;
  for (size_t at = 0; at < set.size(); at += CharacterBytes(set, at)) {
    if (set.substr(at, CharacterBytes(set, at)) == character) return true;
  }
  return false;
}

std::string_view TrimView(Side side, std::string_view text, std::string_view set) {
  if (side != Side::kRight) {
    while (!text.empty() && HoldsCharacter(set, text.substr(0, CharacterBytes(text, 0)))) {
      text.remove_prefix(CharacterBytes(text, 0));
    }
  }
  if (side != Side::kLeft) {
    while (!text.empty()) {
      size_t start = text.size() - 1;
      while (start > 0 && IsContinuation(text[start])) --start;
      if (!HoldsCharacter(set, text.substr(start))) break;
      text.remove_suffix(text.size() - start);
    }
  }
  return text;
}

template <Side S>
StringRef TrimBlanks(StringRef text) {
  return StringRef(TrimView(S, text.view(), " "));
}
template <Side S>
StringRef TrimSet(StringRef text, StringRef set) {
  return StringRef(TrimView(S, text.view(), set.view()));
}

// Cutting

// Characters [from, from + count) of the text, counted from 0.
std::string_view Slice(std::string_view text, uint64_t from, uint64_t count) {
  if (IsAscii(text)) return from >= text.size() ? std::string_view() : text.substr(from, count);
  const size_t start = ByteOfCharacter(text, from);
  text.remove_prefix(start);
  return text.substr(0, ByteOfCharacter(text, count));
}

StringRef SubstringFrom(StringRef text, int64_t start) {
  return StringRef(Slice(text.view(), start <= 1 ? 0 : static_cast<uint64_t>(start) - 1, UINT64_MAX));
}

// Positions start, start + 1, ..., of which those below 1 do not exist: substring('abc', -1, 3) is 'a'.
Outcome SubstringFor(StringRef text, int64_t start, int64_t count, StringRef& out) {
  if (count < 0) return Outcome::Fail(ErrorCode::kOutOfRange);
  int64_t end = 0;
  if (__builtin_add_overflow(start, count, &end)) end = INT64_MAX;
  const int64_t first = std::max<int64_t>(start, 1);
  if (end <= first) return {};
  out = StringRef(Slice(text.view(), static_cast<uint64_t>(first) - 1, static_cast<uint64_t>(end - first)));
  return {};
}

// A negative count leaves out that many at the other end.
StringRef Left(StringRef text, int64_t count) {
  uint64_t kept = static_cast<uint64_t>(count);
  if (count < 0) {
    const uint64_t dropped = 0 - static_cast<uint64_t>(count);
    const uint64_t total = CountCharacters(text.view());
    kept = dropped >= total ? 0 : total - dropped;
  }
  return StringRef(Slice(text.view(), 0, kept));
}

StringRef Right(StringRef text, int64_t count) {
  const uint64_t total = CountCharacters(text.view());
  uint64_t dropped = 0 - static_cast<uint64_t>(count);
  if (count >= 0) dropped = static_cast<uint64_t>(count) >= total ? 0 : total - static_cast<uint64_t>(count);
  return StringRef(Slice(text.view(), dropped, UINT64_MAX));
}

// Padding and repeating

// Appends `count` characters of the endlessly repeated fill.
bool AddFill(TextBuilder& builder, std::string_view fill, uint64_t count) {
  const uint64_t whole = count / CountCharacters(fill);
  if (whole * fill.size() > kTextBytesMax) return false;
  for (uint64_t i = 0; i < whole; ++i) builder.Add(fill);
  builder.Add(Slice(fill, 0, count % CountCharacters(fill)));
  return true;
}

template <bool is_left>
Outcome Pad(KernelContext& context, StringRef text, int64_t length, StringRef fill, StringRef& out) {
  const std::string_view from = text.view();
  const uint64_t wanted = length < 0 ? 0 : static_cast<uint64_t>(length);
  const uint64_t present = CountCharacters(from);
  if (wanted <= present || fill.length == 0 || CountCharacters(fill.view()) == 0) {
    out = StringRef(Slice(from, 0, wanted));
    return {};
  }
  if (wanted > kTextBytesMax) return Outcome::Fail(ErrorCode::kLimitReached);
  TextBuilder builder;
  if (!is_left) builder.Add(from);
  if (!AddFill(builder, fill.view(), wanted - present)) return Outcome::Fail(ErrorCode::kLimitReached);
  if (is_left) builder.Add(from);
  return builder.Finish(context, out);
}
template <bool is_left>
Outcome PadBlanks(KernelContext& context, StringRef text, int64_t length, StringRef& out) {
  return Pad<is_left>(context, text, length, StringRef(" ", 1), out);
}

Outcome Repeat(KernelContext& context, StringRef text, int64_t count, StringRef& out) {
  if (count <= 0 || text.length == 0) return {};
  const std::string_view from = text.view();
  if (static_cast<uint64_t>(count) > kTextBytesMax / from.size()) return Outcome::Fail(ErrorCode::kLimitReached);
  out = NewString(context, from.size() * static_cast<size_t>(count), [&](char* to) {
    for (int64_t i = 0; i < count; ++i, to += from.size()) std::memcpy(to, from.data(), from.size());
  });
  return {};
}

StringRef Reverse(KernelContext& context, StringRef text) {
  const std::string_view from = text.view();
  return NewString(context, from.size(), [&](char* to) {
    char* end = to + from.size();
    for (size_t at = 0; at < from.size();) {
      const size_t size = CharacterBytes(from, at);
      end -= size;
      std::memcpy(end, from.data() + at, size);
      at += size;
    }
  });
}

// Replaces `count` characters from `start` on.
Outcome OverlayFor(KernelContext& context, StringRef text, StringRef with, int64_t start, int64_t count,
                   StringRef& out) {
  if (start < 1 || count < 0) return Outcome::Fail(ErrorCode::kOutOfRange);
  const std::string_view from = text.view();
  const uint64_t first = static_cast<uint64_t>(start) - 1;
  TextBuilder builder;
  builder.Add(Slice(from, 0, first));
  builder.Add(with.view());
  builder.Add(Slice(from, first + static_cast<uint64_t>(count), UINT64_MAX));
  return builder.Finish(context, out);
}
Outcome Overlay(KernelContext& context, StringRef text, StringRef with, int64_t start, StringRef& out) {
  return OverlayFor(context, text, with, start, static_cast<int64_t>(CountCharacters(with.view())), out);
}

// Characters and numbers

int64_t CodeOfFirst(StringRef text) {
  size_t at = 0;
  return text.length == 0 ? 0 : DecodeCharacter(text.view(), at);
}

Outcome CharacterOf(int64_t code, StringRef& out) {
  const bool is_character = code > 0 && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
  if (!is_character) return Outcome::Fail(ErrorCode::kOutOfRange);
  char bytes[4];
  const size_t size = EncodeCharacter(static_cast<uint32_t>(code), bytes);
  out = StringRef(bytes, static_cast<uint32_t>(size));
  return {};
}

void RegisterLengths(expr::FunctionRegistry& registry) {
  Scalar(registry, "length")
      .Alias("char_length")
      .Alias("character_length")
      .Category("string")
      .Doc("Number of characters of a text; number of bytes of a binary value.")
      .Example("length('häuser')", "6")
      .Add({kText}, kBigint, Dense<CharacterLength>)
      .Add({TypeId::kBinary}, kBigint, Dense<OctetLength>);
  Scalar(registry, "octet_length")
      .Category("string")
      .Doc("Number of bytes.")
      .Example("octet_length('hä')", "3")
      .Add({kText}, kBigint, Dense<OctetLength>)
      .Add({TypeId::kBinary}, kBigint, Dense<OctetLength>);
  Scalar(registry, "bit_length")
      .Category("string")
      .Doc("Number of bits.")
      .Example("bit_length('abc')", "24")
      .Add({kText}, kBigint, Dense<BitLength>)
      .Add({TypeId::kBinary}, kBigint, Dense<BitLength>);
  Scalar(registry, "ascii")
      .Alias("unicode")
      .Alias("ord")
      .Category("string")
      .Doc("Code point of the first character, 0 for an empty text.")
      .Example("ascii('A')", "65")
      .Add({kText}, kBigint, Dense<CodeOfFirst>);
  Scalar(registry, "chr")
      .Category("string")
      .Doc("The character of a code point.")
      .Example("chr(65)", "A")
      .MayFail()
      .Add({kBigint}, kText, Dense<CharacterOf>);
}

void RegisterCase(expr::FunctionRegistry& registry) {
  Scalar(registry, "upper")
      .Alias("ucase")
      .Category("string")
      .Doc("All letters as capitals.")
      .Example("upper('abc')", "ABC")
      .Example("upper('größe')", "GRÖẞE")
      .Costly()
      .Add({kText}, kText, Rows<MapCase<AsciiUpper, utf8proc_toupper>>);
  Scalar(registry, "lower")
      .Alias("lcase")
      .Category("string")
      .Doc("All letters as small ones.")
      .Example("lower('ABC')", "abc")
      .Costly()
      .Add({kText}, kText, Rows<MapCase<AsciiLower, utf8proc_tolower>>);
  Scalar(registry, "initcap")
      .Category("string")
      .Doc("First letter of each word as a capital, the others as small ones.")
      .Example("initcap('hello wORLD')", "Hello World")
      .Costly()
      .Add({kText}, kText, Rows<InitCap>);
}

void RegisterTrims(expr::FunctionRegistry& registry) {
  Scalar(registry, "trim")
      .Alias("btrim")
      .Category("string")
      .Doc("Without blanks, or characters of a set, at both ends.")
      .Example("trim('  a ')", "a")
      .Example("trim('xxaxy', 'xy')", "a")
      .Add({kText}, kText, Dense<TrimBlanks<Side::kBoth>>)
      .Add({kText, kText}, kText, Rows<TrimSet<Side::kBoth>>);
  Scalar(registry, "ltrim")
      .Category("string")
      .Doc("Without blanks, or characters of a set, at the start.")
      .Example("ltrim('00123', '0')", "123")
      .Add({kText}, kText, Dense<TrimBlanks<Side::kLeft>>)
      .Add({kText, kText}, kText, Rows<TrimSet<Side::kLeft>>);
  Scalar(registry, "rtrim")
      .Category("string")
      .Doc("Without blanks, or characters of a set, at the end.")
      .Example("rtrim('1.500', '0')", "1.5")
      .Add({kText}, kText, Dense<TrimBlanks<Side::kRight>>)
      .Add({kText, kText}, kText, Rows<TrimSet<Side::kRight>>);
}

void RegisterCuts(expr::FunctionRegistry& registry) {
  Scalar(registry, "substring")
      .Alias("substr")
      .Category("string")
      .Doc("Characters from position start (counted from 1) on, at most count of them.")
      .Example("substring('stream', 2, 3)", "tre")
      .Example("substring('stream', 4)", "eam")
      .MayFail()
      .Add({kText, kBigint}, kText, Dense<SubstringFrom>)
      .Add({kText, kBigint, kBigint}, kText, Dense<SubstringFor>);
  Scalar(registry, "left")
      .Category("string")
      .Doc("The first n characters; a negative n leaves out that many at the end.")
      .Example("left('stream', 3)", "str")
      .Example("left('stream', -2)", "stre")
      .Add({kText, kBigint}, kText, Dense<Left>);
  Scalar(registry, "right")
      .Category("string")
      .Doc("The last n characters; a negative n leaves out that many at the start.")
      .Example("right('stream', 3)", "eam")
      .Add({kText, kBigint}, kText, Dense<Right>);
  Scalar(registry, "overlay")
      .Category("string")
      .Doc("Replaces count characters from position start on (by default as many as the new text has).")
      .Example("overlay('Txxxxas', 'hom', 2, 4)", "Thomas")
      .MayFail()
      .Costly()
      .Add({kText, kText, kBigint}, kText, Rows<Overlay>)
      .Add({kText, kText, kBigint, kBigint}, kText, Rows<OverlayFor>);
}

}  // namespace

void RegisterText(expr::FunctionRegistry& registry) {
  RegisterLengths(registry);
  RegisterCase(registry);
  RegisterTrims(registry);
  RegisterCuts(registry);
  Scalar(registry, "lpad")
      .Category("string")
      .Doc("Fills up with blanks, or a text, on the left to a length; a longer text is cut at its end.")
      .Example("lpad('7', 3, '0')", "007")
      .MayFail()
      .Costly()
      .Add({kText, kBigint}, kText, Rows<PadBlanks<true>>)
      .Add({kText, kBigint, kText}, kText, Rows<Pad<true>>);
  Scalar(registry, "rpad")
      .Category("string")
      .Doc("Fills up with blanks, or a text, on the right to a length; a longer text is cut at its end.")
      .Example("rpad('7', 3, '.')", "7..")
      .MayFail()
      .Costly()
      .Add({kText, kBigint}, kText, Rows<PadBlanks<false>>)
      .Add({kText, kBigint, kText}, kText, Rows<Pad<false>>);
  Scalar(registry, "repeat")
      .Category("string")
      .Doc("The text count times.")
      .Example("repeat('ab', 3)", "ababab")
      .MayFail()
      .Costly()
      .Add({kText, kBigint}, kText, Rows<Repeat>);
  Scalar(registry, "reverse")
      .Category("string")
      .Doc("The characters in reverse order.")
      .Example("reverse('abc')", "cba")
      .Costly()
      .Add({kText}, kText, Rows<Reverse>);
}

}  // namespace laminar::functions
