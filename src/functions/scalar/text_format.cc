// Text from values: concat, format, printf, quoting, hexadecimal digits.
//
// Law: every argument is shown as CAST(... AS VARCHAR) shows it. concat and concat_ws leave NULLs out and are never
// NULL themselves (concat_ws is NULL when its separator is).
#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "base/text.h"
#include "functions/scalar/bind.h"
#include "functions/scalar/text_builder.h"
#include "functions/scalar/utf8.h"

namespace laminar::functions {
namespace {

// Arguments of any type, taken as text.
Result<BoundFunction> BindAsTexts(const BindCall& call, size_t count_min, expr::Kernel kernel, std::string_view usage) {
  if (call.types.size() < count_min) return WrongArguments(call, usage);
  BoundFunction bound;
  bound.arguments.assign(call.types.size(), kText);
  bound.result = kText;
  bound.kernel = kernel;
  return bound;
}

void Concat(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  for (uint32_t row = 0; row < context.rows; ++row) {
    uint64_t size = 0;
    for (const Column* arg : args) size += arg->IsNull(row) ? 0 : Arg<StringRef>(*arg)[row].length;
    out.As<StringRef>()[row] = StringRef();
    if (size > kTextBytesMax) {
      context.Fail(out, row, ErrorCode::kLimitReached);
      continue;
    }
    out.As<StringRef>()[row] = NewString(context, size, [&](char* to) {
      for (const Column* arg : args) {
        if (arg->IsNull(row)) continue;
        const StringRef piece = Arg<StringRef>(*arg)[row];
        std::memcpy(to, piece.data(), piece.length);
        to += piece.length;
      }
    });
  }
}

void ConcatWithSeparator(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  for (uint32_t row = 0; row < context.rows; ++row) {
    out.As<StringRef>()[row] = StringRef();
    if (args[0]->IsNull(row)) {
      context.Null(out, row);
      continue;
    }
    const StringRef separator = Arg<StringRef>(*args[0])[row];
    TextBuilder builder;
    bool is_first = true;
    for (const Column* arg : args.subspan(1)) {
      if (arg->IsNull(row)) continue;
      if (!is_first) builder.Add(separator.view());
      is_first = false;
      const StringRef piece = Arg<StringRef>(*arg)[row];
      builder.Add(piece.view());
    }
    Mark(context, out, row, builder.Finish(context, out.As<StringRef>()[row]));
  }
}

Result<BoundFunction> BindConcat(const BindCall& call) { return BindAsTexts(call, 1, Concat, "concat(value, ...)"); }
Result<BoundFunction> BindConcatWs(const BindCall& call) {
  if (!call.types.empty() && !IsTextOrNull(call.types[0]))
    return WrongArguments(call, "concat_ws(separator, value, ...)");
  return BindAsTexts(call, 2, ConcatWithSeparator, "concat_ws(separator, value, ...)");
}

// Quoting

void AddQuotedLiteral(TextBuilder& builder, std::string_view text) {
  const bool has_backslash = text.find('\\') != std::string_view::npos;
  if (has_backslash) builder.Add("E");
  builder.Add('\'');
  for (const char c : text) {
    if (c == '\'' || c == '\\') builder.Add(c);
    builder.Add(c);
  }
  builder.Add('\'');
}

void AddQuotedName(TextBuilder& builder, std::string_view text) {
  bool is_plain = !text.empty() && !IsDigitAscii(text[0]);
  for (const char c : text) is_plain = is_plain && ((c >= 'a' && c <= 'z') || IsDigitAscii(c) || c == '_');
  if (is_plain) return builder.Add(text);
  builder.Add('"');
  for (const char c : text) {
    if (c == '"') builder.Add(c);
    builder.Add(c);
  }
  builder.Add('"');
}

Outcome QuoteLiteral(KernelContext& context, StringRef text, StringRef& out) {
  TextBuilder builder;
  AddQuotedLiteral(builder, text.view());
  return builder.Finish(context, out);
}
Outcome QuoteName(KernelContext& context, StringRef text, StringRef& out) {
  TextBuilder builder;
  AddQuotedName(builder, text.view());
  return builder.Finish(context, out);
}

// One '%' of a format: %[position$][-][0][width][.precision]letter.
struct Directive {
  uint32_t position = 0;  // from 1; 0: the next argument
  uint32_t width = 0;
  int32_t precision = -1;
  bool is_left = false;
  bool has_zeros = false;
  char letter = 0;
};

constexpr uint32_t kWidthMax = 1'000'000;

bool ReadNumber(std::string_view text, size_t& at, uint32_t& number) {
  const size_t start = at;
  uint64_t value = 0;
  for (; at < text.size() && IsDigitAscii(text[at]); ++at) {
    value = value * 10 + static_cast<uint64_t>(text[at] - '0');
    if (value > kWidthMax) return false;
  }
  number = static_cast<uint32_t>(value);
  return at > start;
}

// `at` stands behind the '%' and moves behind the letter.
bool ReadDirective(std::string_view text, size_t& at, Directive& out) {
  const size_t start = at;
  uint32_t number = 0;
  if (ReadNumber(text, at, number) && at < text.size() && text[at] == '$') {
    out.position = number;
    ++at;
    if (number == 0) return false;
  } else {
    at = start;
  }
  for (; at < text.size() && (text[at] == '-' || text[at] == '0' || text[at] == '+'); ++at) {
    out.is_left = out.is_left || text[at] == '-';
    out.has_zeros = out.has_zeros || text[at] == '0';
  }
  if (at < text.size() && IsDigitAscii(text[at]) && !ReadNumber(text, at, out.width)) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    number = 0;
    if (at < text.size() && IsDigitAscii(text[at]) && !ReadNumber(text, at, number)) return false;
    out.precision = static_cast<int32_t>(number);
  }
  if (at >= text.size()) return false;
  out.letter = text[at++];
  return true;
}

void AddPadded(TextBuilder& builder, const Directive& how, std::string_view text, bool is_number) {
  const size_t length = CountCharacters(text);
  const size_t missing = how.width > length ? how.width - length : 0;
  if (how.is_left) {
    builder.Add(text);
    builder.Fill(missing, ' ');
  } else if (is_number && how.has_zeros) {
    const bool is_negative = text.starts_with('-');
    if (is_negative) builder.Add('-');
    builder.Fill(missing, '0');
    builder.Add(text.substr(is_negative ? 1 : 0));
  } else {
    builder.Fill(missing, ' ');
    builder.Add(text);
  }
}

// %s %I %L of the SQL format function. False: no such directive, or NULL as a name.
bool AddSql(TextBuilder& builder, const Directive& how, const StringRef* value) {
  if (how.precision >= 0) return false;
  switch (how.letter) {
    case 's': AddPadded(builder, how, value == nullptr ? std::string_view() : value->view(), false); return true;
    case 'I':
      if (value == nullptr) return false;
      AddQuotedName(builder, value->view());
      return true;
    case 'L':
      if (value == nullptr) {
        builder.Add("NULL");
      } else {
        AddQuotedLiteral(builder, value->view());
      }
      return true;
    default: return false;
  }
}

// %d %i %x %X %o %f %e %g %s %c of printf; a NULL shows as nothing.
bool AddPrintf(TextBuilder& builder, const Directive& how, const StringRef* value) {
  char digits[400];
  int size = 0;
  const std::string_view text = value == nullptr ? std::string_view() : value->view();
  if (how.letter == 's') {
    const size_t kept = how.precision < 0 ? text.size() : ByteOfCharacter(text, static_cast<size_t>(how.precision));
    AddPadded(builder, how, text.substr(0, kept), false);
    return true;
  }
  if (value == nullptr) return std::string_view("dixXofFeEgG").find(how.letter) != std::string_view::npos;
  if (std::string_view("dixXo").find(how.letter) != std::string_view::npos) {
    const Result<int64_t> number = ParseInt64(text);
    if (!number.has_value()) return false;
    switch (how.letter) {
      case 'x': size = std::snprintf(digits, sizeof digits, "%" PRIx64, *number); break;
      case 'X': size = std::snprintf(digits, sizeof digits, "%" PRIX64, *number); break;
      case 'o': size = std::snprintf(digits, sizeof digits, "%" PRIo64, *number); break;
      default: size = std::snprintf(digits, sizeof digits, "%" PRId64, *number);
    }
  } else {
    const Result<double> number = ParseDouble(text);
    const int precision = how.precision < 0 ? 6 : std::min(how.precision, 60);
    if (!number.has_value()) return false;
    auto write = [&](fmt::format_string<const double&, const int&> shape) {
      return static_cast<int>(fmt::format_to_n(digits, sizeof digits, shape, *number, precision).size);
    };
    switch (how.letter) {
      case 'f':
      case 'F': size = write("{:.{}f}"); break;
      case 'e': size = write("{:.{}e}"); break;
      case 'E': size = write("{:.{}E}"); break;
      case 'g': size = write("{:.{}g}"); break;
      case 'G': size = write("{:.{}G}"); break;
      default: return false;
    }
  }
  AddPadded(builder, how, {digits, static_cast<size_t>(size)}, true);
  return true;
}

using AddValue = bool (*)(TextBuilder&, const Directive&, const StringRef*);

template <AddValue F>
Outcome FormatRow(KernelContext& context, Arguments args, uint32_t row, StringRef& out) {
  const StringRef pattern = Arg<StringRef>(*args[0])[row];
  const std::string_view text = pattern.view();
  TextBuilder builder;
  uint32_t next = 1;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '%') {
      builder.Add(text[at++]);
      continue;
    }
    if (++at < text.size() && text[at] == '%') {
      builder.Add(text[at++]);
      continue;
    }
    Directive how;
    if (!ReadDirective(text, at, how)) return Outcome::Fail(ErrorCode::kBadValue);
    if (how.position != 0) next = how.position;
    if (next >= args.size()) return Outcome::Fail(ErrorCode::kBadValue);
    const bool is_null = args[next]->IsNull(row);
    const StringRef value = is_null ? StringRef() : Arg<StringRef>(*args[next])[row];
    if (!F(builder, how, is_null ? nullptr : &value)) return Outcome::Fail(ErrorCode::kBadValue);
    if (builder.is_too_long()) break;
    ++next;
  }
  return builder.Finish(context, out);
}

template <AddValue F>
void Format(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  for (uint32_t row = 0; row < context.rows; ++row) {
    StringRef& to = out.As<StringRef>()[row];
    to = StringRef();
    Mark(context, out, row, args[0]->IsNull(row) ? Outcome::Null() : FormatRow<F>(context, args, row, to));
  }
}

template <AddValue F>
Result<BoundFunction> BindFormat(const BindCall& call) {
  const std::string usage = std::string(call.name) + "(pattern, value, ...)";
  if (!call.types.empty() && !IsTextOrNull(call.types[0])) return WrongArguments(call, usage);
  return BindAsTexts(call, 1, Format<F>, usage);
}

// Digits

StringRef ToHex(KernelContext& context, int64_t value) {
  char digits[17];
  const int size = std::snprintf(digits, sizeof digits, "%" PRIx64, static_cast<uint64_t>(value));
  return context.heap->Add({digits, static_cast<size_t>(size)});
}
StringRef ToBinary(KernelContext& context, int64_t value) {
  char digits[64];
  uint32_t first = 64;
  uint64_t rest = static_cast<uint64_t>(value);
  do {
    digits[--first] = static_cast<char>('0' + (rest & 1));
    rest >>= 1;
  } while (rest != 0);
  return context.heap->Add({digits + first, 64 - first});
}

// Without accents: characters are taken apart and their combining marks dropped.
Outcome Unaccent(KernelContext& context, StringRef text, StringRef& out) {
  const std::string_view from = text.view();
  if (IsAscii(from)) {
    out = text;
    return {};
  }
  TextBuilder builder;
  for (size_t at = 0; at < from.size();) {
    const size_t start = at;
    const auto code = static_cast<utf8proc_int32_t>(DecodeCharacter(from, at));
    utf8proc_int32_t parts[32];
    int boundary = 0;
    const utf8proc_ssize_t count =
        at - start == 1 ? -1 : utf8proc_decompose_char(code, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
    if (count < 0 || count > 32) {
      builder.Add(from.substr(start, at - start));
      continue;
    }
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      char bytes[4];
      if (utf8proc_category(parts[i]) == UTF8PROC_CATEGORY_MN) continue;
      builder.Add({bytes, EncodeCharacter(static_cast<uint32_t>(parts[i]), bytes)});
    }
  }
  return builder.Finish(context, out);
}

}  // namespace

void RegisterTextFormat(expr::FunctionRegistry& registry) {
  Scalar(registry, "concat")
      .Category("string")
      .Doc("All values one behind the other as text; NULLs are left out.")
      .Example("concat('a', NULL, 1)", "a1")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindConcat);
  Scalar(registry, "concat_ws")
      .Category("string")
      .Doc("All values as text with a separator between them; NULLs are left out.")
      .Example("concat_ws('-', 2024, NULL, 'x')", "2024-x")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindConcatWs);
  Scalar(registry, "format")
      .Category("string")
      .Doc("Text with %s for a value, %I for a quoted name, %L for a quoted literal; %1$s names the first value.")
      .Example("format('%s is %s', 'x', 5)", "x is 5")
      .Example("format('%I = %L', 'my col', 'it''s')", "\"my col\" = 'it''s'")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindFormat<AddSql>);
  Scalar(registry, "printf")
      .Category("string")
      .Doc("Text with %d, %x, %f, %.2f, %e, %g, %s for values, as in C.")
      .Example("printf('%05.1f|%3d', 2.25, 7)", "002.2|  7")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindFormat<AddPrintf>);
  Scalar(registry, "quote_literal")
      .Category("string")
      .Doc("The text as an SQL literal.")
      .Example("quote_literal('it''s')", "'it''s'")
      .MayFail()
      .Costly()
      .Add({kText}, kText, Rows<QuoteLiteral>);
  Scalar(registry, "quote_ident")
      .Category("string")
      .Doc("The text as an SQL name, quoted where that is needed.")
      .Example("quote_ident('my col')", "\"my col\"")
      .MayFail()
      .Costly()
      .Add({kText}, kText, Rows<QuoteName>);
  Scalar(registry, "to_hex")
      .Category("string")
      .Doc("Hexadecimal digits of a number.")
      .Example("to_hex(255)", "ff")
      .Add({kBigint}, kText, Rows<ToHex>);
  Scalar(registry, "to_bin")
      .Category("string")
      .Doc("Binary digits of a number.")
      .Example("to_bin(5)", "101")
      .Add({kBigint}, kText, Rows<ToBinary>);
  Scalar(registry, "unaccent")
      .Alias("strip_accents")
      .Category("string")
      .Doc("Letters without their accents.")
      .Example("unaccent('crème')", "creme")
      .MayFail()
      .Costly()
      .Add({kText}, kText, Rows<Unaccent>);
}

}  // namespace laminar::functions
