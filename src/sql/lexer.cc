#include "sql/lexer.h"

#include <algorithm>
#include <array>

namespace laminar::sql {
namespace {

constexpr std::string_view kSymbolTexts[] = {
    "",
#define SYMBOL(symbol, text) text,
#include "sql/symbols.def"
#undef SYMBOL
};
constexpr size_t kSymbolCount = std::size(kSymbolTexts);

// Where in kSymbolTexts to begin for a first byte: 0 when no symbol begins with it.
constexpr std::array<uint8_t, 256> kFirstSymbol = [] {
  std::array<uint8_t, 256> first{};
  for (size_t i = kSymbolCount; i-- > 1;) first[static_cast<uint8_t>(kSymbolTexts[i][0])] = static_cast<uint8_t>(i);
  return first;
}();

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<uint8_t>(c) >= 0x80;
}
bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Reads `digits` hexadecimal digits at text[at]; false when there are fewer.
bool ReadHex(std::string_view text, size_t at, size_t digits, uint32_t& code) {
  if (at + digits > text.size()) return false;
  code = 0;
  for (size_t i = 0; i < digits; ++i) {
    const int value = HexValue(text[at + i]);
    if (value < 0) return false;
    code = code * 16 + static_cast<uint32_t>(value);
  }
  return true;
}

// The escape after a backslash at body[i]; moves i behind it. False when it is none.
bool Unescape(std::string_view body, size_t& i, std::string& out) {
  const char c = body[i++];
  switch (c) {
    case 'n': out += '\n'; return true;
    case 't': out += '\t'; return true;
    case 'r': out += '\r'; return true;
    case 'b': out += '\b'; return true;
    case 'f': out += '\f'; return true;
    case 'x': case 'u': case 'U': {
      const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      uint32_t code = 0;
      if (!ReadHex(body, i, digits, code)) return false;
      i += digits;
      if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
      if (c == 'x') {
        out += static_cast<char>(code);  // a raw byte: the whole is checked to be UTF-8 afterwards
      } else {
        AppendUtf8(code, out);
      }
      return true;
    }
    case '\\': case '\'': case '"': out += c; return true;
    default: return false;
  }
}

// The value of E'...': false when an escape is wrong or the result is not UTF-8.
bool DecodeEscapes(std::string_view body, std::string& out) {
  for (size_t i = 0; i < body.size();) {
    if (body[i] == '\\') {
      if (++i >= body.size() || !Unescape(body, i, out)) return false;
    } else if (body[i] == '\'') {
      out += '\'';
      i += 2;
    } else {
      out += body[i++];
    }
  }
  return ValidUtf8Prefix(out) == out.size();
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text), limit_(ValidUtf8Prefix(text)) {}

  TokenList Run() {
    if (text_.starts_with("\xEF\xBB\xBF")) Advance(3);
    list_.tokens.reserve(text_.size() / 5 + 2);
    while (SkipBlanks()) {
      if (at_ >= limit_) break;
      if (!Next()) break;
    }
    if (list_.bad.ok() && limit_ < text_.size()) BadByte();
    if (list_.bad.ok()) {
      Add(TokenKind::kEnd, 0);
    } else {
      Add(TokenKind::kBad, 0);
    }
    return std::move(list_);
  }

 private:
  char Peek(size_t ahead) const { return at_ + ahead < limit_ ? text_[at_ + ahead] : '\0'; }

  void Advance(size_t n) {
    for (size_t i = 0; i < n; ++i) {
      if (text_[at_] == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
      ++at_;
    }
  }

  TextPosition Here() const {
    return {line_, static_cast<uint32_t>(at_ - line_start_ + 1), static_cast<uint32_t>(at_)};
  }

  Token& Add(TokenKind kind, size_t length, Symbol symbol = Symbol::kNone) {
    const TextPosition here = Here();
    list_.tokens.push_back({kind, symbol, here.offset, static_cast<uint32_t>(length), here.line, here.column, 0});
    Advance(length);
    return list_.tokens.back();
  }

  bool Fail(ErrorCode code, std::string message, std::string hint) {
    list_.bad = Status(code, std::move(message)).WithHint(std::move(hint)).At(Here());
    return false;
  }

  void BadByte() {
    Advance(limit_ - at_);
    if (text_[limit_] == '\0') {
      Fail(ErrorCode::kUnexpectedToken, "a NUL byte in the text", "SQL text is UTF-8 without NUL bytes");
    } else {
      Fail(ErrorCode::kUnexpectedToken, "bytes that are not UTF-8", "SQL text must be UTF-8");
    }
  }

  // An unterminated thing: when it runs into an invalid byte, that byte is the error.
  bool Unterminated(std::string what, std::string hint) {
    if (limit_ < text_.size()) {
      BadByte();
      return false;
    }
    return Fail(ErrorCode::kUnterminated, std::move(what), std::move(hint));
  }

  bool SkipBlanks() {
    while (at_ < limit_) {
      if (IsBlank(text_[at_])) {
        Advance(1);
      } else if (Peek(0) == '-' && Peek(1) == '-') {
        const size_t end = std::min(text_.find('\n', at_), limit_);
        Advance(end - at_);
      } else if (Peek(0) == '/' && Peek(1) == '*') {
        if (!SkipBlockComment()) return false;
      } else if (IsNoBreakSpace(at_)) {
        Advance(2);  // a no-break space, as pasted from web pages
      } else {
        break;
      }
    }
    return true;
  }

  bool SkipBlockComment() {
    uint32_t depth = 0;
    size_t i = at_;
    while (i < limit_) {
      if (text_[i] == '/' && i + 1 < limit_ && text_[i + 1] == '*') {
        ++depth;
        i += 2;
      } else if (text_[i] == '*' && i + 1 < limit_ && text_[i + 1] == '/') {
        i += 2;
        if (--depth == 0) {
          Advance(i - at_);
          return true;
        }
      } else {
        ++i;
      }
    }
    return Unterminated("an unterminated comment", "close /* with */; comments nest");
  }

  bool Next() {
    const char c = text_[at_];
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if ((c == 'e' || c == 'E') && Peek(1) == '\'') return EscapedString();
    if (IsWordStart(c)) return Word();
    if (c == '\'') return Quoted('\'', TokenKind::kString);
    if (c == '"') return Quoted('"', TokenKind::kQuotedWord);
    if (c == '$') return Dollar();
    return SymbolToken();
  }

  bool Word() {
    if (static_cast<uint8_t>(text_[at_]) >= 0x80 && IsTypographicQuote()) {
      return Fail(ErrorCode::kUnexpectedToken, "a typographic quotation mark",
                  "use ' for strings and \" for names");
    }
    size_t i = at_;
    while (i < limit_ && IsWordPart(text_[i]) && !IsNoBreakSpace(i)) ++i;
    Add(TokenKind::kWord, i - at_);
    return true;
  }

  bool IsNoBreakSpace(size_t i) const { return i + 2 <= limit_ && text_[i] == '\xC2' && text_[i + 1] == '\xA0'; }

  bool IsTypographicQuote() const {
    const std::string_view three = text_.substr(at_, 3);
    return three == "\xE2\x80\x98" || three == "\xE2\x80\x99" || three == "\xE2\x80\x9C" || three == "\xE2\x80\x9D";
  }

  // '...' or "...", where a doubled mark stands for itself.
  bool Quoted(char mark, TokenKind kind) {
    size_t i = at_ + 1;
    while (i < limit_) {
      if (text_[i] == mark) {
        if (i + 1 < limit_ && text_[i + 1] == mark) {
          i += 2;
          continue;
        }
        if (kind == TokenKind::kQuotedWord && i == at_ + 1) {
          return Fail(ErrorCode::kUnexpectedToken, "an empty name \"\"", "strings are written with single quotes: ''");
        }
        Add(kind, i + 1 - at_);
        return true;
      }
      ++i;
    }
    return mark == '\'' ? Unterminated("an unterminated string", "close it with '; a quote inside is written ''")
                        : Unterminated("an unterminated quoted name", "close it with \"; strings take single quotes");
  }

  bool EscapedString() {
    size_t i = at_ + 2;
    while (i < limit_) {
      if (text_[i] == '\\') {
        i += 2;
      } else if (text_[i] == '\'') {
        if (i + 1 < limit_ && text_[i + 1] == '\'') {
          i += 2;
          continue;
        }
        std::string value;
        if (!DecodeEscapes(text_.substr(at_ + 2, i - at_ - 2), value)) {
          return Fail(ErrorCode::kBadLiteral, "a wrong escape in an E'...' string",
                      R"(known are \n \t \r \b \f \\ \' \xHH \uHHHH \UHHHHHHHH, and the result must be UTF-8)");
        }
        Add(TokenKind::kString, i + 1 - at_);
        return true;
      } else {
        ++i;
      }
    }
    return Unterminated("an unterminated string", "close it with '; a quote inside is written ''");
  }

  bool Dollar() {
    size_t i = at_ + 1;
    if (IsDigit(Peek(1))) {
      while (i < limit_ && IsDigit(text_[i])) ++i;
      Add(TokenKind::kParameter, i - at_);
      return true;
    }
    while (i < limit_ && IsWordPart(text_[i]) && text_[i] != '$') ++i;
    if (i >= limit_ || text_[i] != '$') {
      return Fail(ErrorCode::kUnexpectedToken, "a stray '$'", "parameters are $1, $2, ...; strings may be $$...$$");
    }
    const std::string_view tag = text_.substr(at_, i + 1 - at_);
    const size_t end = text_.find(tag, i + 1);
    if (end == std::string_view::npos || end + tag.size() > limit_) {
      return Unterminated("an unterminated string", "close it with " + std::string(tag));
    }
    Add(TokenKind::kString, end + tag.size() - at_);
    return true;
  }

  // Digits with single underscores between them, from i on; false on a misplaced underscore.
  bool Digits(size_t& i, int base) const {
    bool last_was_digit = false;
    while (i < limit_) {
      const int value = HexValue(text_[i]);
      if (value >= 0 && value < base) {
        last_was_digit = true;
      } else if (text_[i] == '_' && last_was_digit) {
        last_was_digit = false;
      } else {
        break;
      }
      ++i;
    }
    return last_was_digit;
  }

  bool BadNumber() {
    return Fail(ErrorCode::kBadLiteral, "a malformed number", "numbers are 12, 1_000, 0xFF, 1.5 or 1e9");
  }

  bool Number() {
    const char second = static_cast<char>(Peek(1) | 0x20);
    size_t i = at_;
    if (text_[at_] == '0' && (second == 'x' || second == 'o' || second == 'b')) {
      i += 2;
      if (!Digits(i, second == 'x' ? 16 : second == 'o' ? 8 : 2)) return BadNumber();
      if (i < limit_ && IsWordPart(text_[i])) return BadNumber();
      Add(TokenKind::kInteger, i - at_);
      return true;
    }
    TokenKind kind = TokenKind::kInteger;
    if (text_[i] != '.' && !Digits(i, 10)) return BadNumber();
    if (i < limit_ && text_[i] == '.' && !(i + 1 < limit_ && IsWordStart(text_[i + 1]) && !IsExponent(i + 1))) {
      kind = TokenKind::kNumber;
      ++i;
      if (i < limit_ && IsDigit(text_[i]) && !Digits(i, 10)) return BadNumber();
    }
    if (IsExponent(i)) {
      kind = TokenKind::kNumber;
      i += IsDigit(text_[i + 1]) ? 1 : 2;
      if (!Digits(i, 10)) return BadNumber();
    }
    Add(kind, i - at_);
    return true;
  }

  bool IsExponent(size_t i) const {
    if (i >= limit_ || (text_[i] | 0x20) != 'e') return false;
    if (i + 1 < limit_ && IsDigit(text_[i + 1])) return true;
    return i + 2 < limit_ && (text_[i + 1] == '+' || text_[i + 1] == '-') && IsDigit(text_[i + 2]);
  }

  bool SymbolToken() {
    const std::string_view rest = text_.substr(at_, limit_ - at_);
    for (size_t i = kFirstSymbol[static_cast<uint8_t>(rest[0])]; i != 0 && i < kSymbolCount; ++i) {
      if (!rest.starts_with(kSymbolTexts[i])) continue;
      const Symbol symbol = static_cast<Symbol>(i);
      Token& token = Add(TokenKind::kSymbol, kSymbolTexts[i].size(), symbol);
      const auto index = static_cast<uint32_t>(list_.tokens.size() - 1);
      if (symbol == Symbol::kLeftParen) open_.push_back(index);
      if (symbol == Symbol::kRightParen && !open_.empty()) {
        list_.tokens[open_.back()].match = index;
        open_.pop_back();
      }
      if (symbol == Symbol::kSemicolon) open_.clear();
      static_cast<void>(token);
      return true;
    }
    std::string hint;
    if (rest[0] == '`') hint = "names are quoted with double quotes: \"name\"";
    if (rest[0] == '!') hint = "write NOT, or <> for inequality";
    if (rest[0] == '@') hint = "parameters are $1 or ?; @> is the operator 'contains'";
    return Fail(ErrorCode::kUnexpectedToken, std::string("unexpected character '") + rest[0] + "'", std::move(hint));
  }

  std::string_view text_;
  size_t limit_;  // the end of what is valid
  size_t at_ = 0;
  size_t line_start_ = 0;
  uint32_t line_ = 1;
  TokenList list_;
  std::vector<uint32_t> open_;  // '(' not yet closed
};

std::string Undouble(std::string_view body, char mark) {
  std::string out;
  out.reserve(body.size());
  for (size_t i = 0; i < body.size(); ++i) {
    out += body[i];
    if (body[i] == mark) ++i;
  }
  return out;
}

}  // namespace

size_t ValidUtf8Prefix(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<uint8_t>(text[i]);
    if (lead != 0 && lead < 0x80) {
      ++i;
      continue;
    }
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return i;
    uint32_t code = lead & (0x7Fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xC0) != 0x80) return i;
      code = (code << 6) | (next & 0x3F);
    }
    const uint32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return i;
    i += length;
  }
  return i;
}

TokenList Tokenize(std::string_view text) { return Lexer(text).Run(); }

std::string TokenText(std::string_view text, const Token& token) {
  const std::string_view raw = text.substr(token.offset, token.length);
  if (token.kind == TokenKind::kWord) {
    std::string folded(raw);
    for (char& c : folded) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return folded;
  }
  if (token.kind == TokenKind::kQuotedWord) return Undouble(raw.substr(1, raw.size() - 2), '"');
  if (token.kind != TokenKind::kString) return std::string(raw);
  if (raw[0] == '\'') return Undouble(raw.substr(1, raw.size() - 2), '\'');
  if (raw[0] == '$') {
    const size_t tag = raw.find('$', 1) + 1;
    return std::string(raw.substr(tag, raw.size() - 2 * tag));
  }
  std::string value;
  DecodeEscapes(raw.substr(2, raw.size() - 3), value);
  return value;
}

std::string_view SymbolText(Symbol symbol) { return kSymbolTexts[static_cast<size_t>(symbol)]; }

}  // namespace laminar::sql
