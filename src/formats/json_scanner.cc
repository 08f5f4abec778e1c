#include "formats/json_scanner.h"

#include <bit>
#include <cstring>

#include "base/text.h"
#include "formats/json.h"

namespace laminar::formats {

namespace {

// The first byte that is a quote, a backslash or a control character.
const char* FindSpecial(const char* p, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101ull;
  constexpr uint64_t kHighs = 0x8080808080808080ull;
  while (end - p >= 8) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, p, 8);
    const uint64_t quote = bytes ^ (kOnes * '"');
    const uint64_t slash = bytes ^ (kOnes * '\\');
    // The lowest bit set is exact; bits above it may be false alarms, which do not matter.
    const uint64_t found =
        (((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash) | ((bytes - kOnes * 0x20) & ~bytes)) & kHighs;
    if (found != 0) return p + (std::countr_zero(found) >> 3);
    p += 8;
  }
  while (p < end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20) ++p;
  return p;
}

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

bool JsonScanner::Fail(std::string_view what) {
  if (error_.empty()) error_ = std::string(what) + " at byte " + std::to_string(p_ - begin_ + 1) + " of the line";
  return false;
}

bool JsonScanner::Expect(char c) {
  if (Take(c)) return true;
  const std::string found = p_ == end_ ? std::string("the end") : Quoted(std::string_view(p_, 1));
  return Fail("expected '" + std::string(1, c) + "', found " + found);
}

bool JsonScanner::String(std::string_view& out) {
  if (!Expect('"')) return false;
  const char* from = p_;
  p_ = FindSpecial(p_, end_);
  if (p_ == end_) return Fail("a string is not closed");
  if (*p_ == '"') {
    out = {from, static_cast<size_t>(p_ - from)};
    ++p_;
    return true;
  }
  return StringWithEscapes(from, out);
}

bool JsonScanner::StringWithEscapes(const char* from, std::string_view& out) {
  unescaped_.assign(from, p_);
  while (true) {
    if (p_ == end_) return Fail("a string is not closed");
    if (*p_ == '"') {
      ++p_;
      out = unescaped_;
      return true;
    }
    if (*p_ != '\\') return Fail("a control character in a string");
    ++p_;
    if (!Escape()) return false;
    from = p_;
    p_ = FindSpecial(p_, end_);
    unescaped_.append(from, p_);
  }
}

bool JsonScanner::FourHex(uint32_t& out) {
  if (end_ - p_ < 4) return Fail("\\u needs four hexadecimal digits");
  out = 0;
  for (int i = 0; i < 4; ++i, ++p_) {
    const char c = ToLowerAscii(*p_);
    if (!IsDigitAscii(c) && (c < 'a' || c > 'f')) return Fail("\\u needs four hexadecimal digits");
    out = out * 16 + static_cast<uint32_t>(IsDigitAscii(c) ? c - '0' : c - 'a' + 10);
  }
  return true;
}

bool JsonScanner::Escape() {
  if (p_ == end_) return Fail("a string is not closed");
  const char c = *p_++;
  switch (c) {
    case '"':
    case '\\':
    case '/': unescaped_ += c; return true;
    case 'b': unescaped_ += '\b'; return true;
    case 'f': unescaped_ += '\f'; return true;
    case 'n': unescaped_ += '\n'; return true;
    case 'r': unescaped_ += '\r'; return true;
    case 't': unescaped_ += '\t'; return true;
    case 'u': break;
    default: return Fail("an unknown escape in a string");
  }
  uint32_t code = 0;
  if (!FourHex(code)) return false;
  if (code >= 0xD800 && code < 0xE000) {
    uint32_t low = 0;
    if (code >= 0xDC00 || end_ - p_ < 6 || p_[0] != '\\' || p_[1] != 'u') return Fail("half of a surrogate pair");
    p_ += 2;
    if (!FourHex(low)) return false;
    if (low < 0xDC00 || low >= 0xE000) return Fail("half of a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  AppendUtf8(code, unescaped_);
  return true;
}

bool JsonScanner::Number(std::string_view& out) {
  Peek();
  const char* from = p_;
  auto digits = [this] {
    const char* first = p_;
    while (p_ < end_ && IsDigitAscii(*p_)) ++p_;
    return p_ > first;
  };
  if (p_ < end_ && *p_ == '-') ++p_;
  const char* whole = p_;
  if (!digits()) return Fail("expected a value");
  if (*whole == '0' && p_ - whole > 1) return Fail("a number begins with 0");
  if (p_ < end_ && *p_ == '.') {
    ++p_;
    if (!digits()) return Fail("a number ends with its point");
  }
  if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
    ++p_;
    if (p_ < end_ && (*p_ == '+' || *p_ == '-')) ++p_;
    if (!digits()) return Fail("a number without an exponent");
  }
  out = {from, static_cast<size_t>(p_ - from)};
  return true;
}

bool JsonScanner::Word(std::string_view word) {
  Peek();
  if (static_cast<size_t>(end_ - p_) < word.size() || std::memcmp(p_, word.data(), word.size()) != 0) {
    return Fail("expected a value");
  }
  p_ += word.size();
  return true;
}

// A loop with a stack of one bit a level, so that hostile nesting costs no stack.
bool JsonScanner::Skip(int depth, std::string_view* out) {
  Peek();
  const char* from = p_;
  std::string_view ignored;
  uint64_t is_object[kJsonDepthMax / 64 + 1] = {};
  int level = 0;
  while (true) {
    // A value begins here.
    const char c = Peek();
    bool closed = true;
    if (c == '{' || c == '[') {
      ++p_;
      if (depth + level >= kJsonDepthMax)
        return Fail("nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
      const uint64_t bit = uint64_t{1} << (level & 63);
      is_object[level >> 6] = c == '{' ? is_object[level >> 6] | bit : is_object[level >> 6] & ~bit;
      ++level;
      closed = Take(c == '{' ? '}' : ']');
      if (closed) {
        --level;
      } else if (c == '{') {
        if (!String(ignored) || !Expect(':')) return false;
      }
    } else if (c == '"') {
      if (!String(ignored)) return false;
    } else if (c == 't' || c == 'f' || c == 'n') {
      if (!Word(c == 't' ? "true" : c == 'f' ? "false" : "null")) return false;
    } else if (!Number(ignored)) {
      return false;
    }
    // After a value: the end of what is open, or the next one.
    while (closed && level > 0) {
      const bool object = (is_object[(level - 1) >> 6] >> ((level - 1) & 63) & 1) != 0;
      if (Take(',')) {
        if (object && (!String(ignored) || !Expect(':'))) return false;
        break;
      }
      if (!Expect(object ? '}' : ']')) return false;
      --level;
    }
    if (level == 0) break;
  }
  if (out != nullptr) *out = {from, static_cast<size_t>(p_ - from)};
  return true;
}

}  // namespace laminar::formats
