// Numbers, booleans and UUIDs as text.
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "data/text.h"

namespace laminar::data {
namespace {

template <class T>
bool ParseInteger(std::string_view text, T& out) {
  const char* first = text.data();
  const char* last = first + text.size();
  if (text.size() > 1 && *first == '+' && first[1] != '-') ++first;
  const auto [end, error] = std::from_chars(first, last, out);
  return error == std::errc() && end == last;
}

// Of a number out of range: is it too small rather than too large? Its decimal magnitude says so.
bool IsTiny(std::string_view text) {
  const size_t mark = text.find_first_of("eE");
  int64_t magnitude = 0;
  if (mark != std::string_view::npos) {
    const char* exponent = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
    const auto [end, error] = std::from_chars(exponent, text.data() + text.size(), magnitude);
    if (error != std::errc()) return text[mark + 1] == '-';
  }
  bool has_digit = false;
  bool after_point = false;
  for (const char c : text.substr(0, mark)) {
    after_point = after_point || c == '.';
    if (c < '0' || c > '9') continue;
    has_digit = has_digit || c != '0';
    if (has_digit && !after_point) ++magnitude;
    if (!has_digit && after_point) --magnitude;
  }
  return magnitude < 0;
}

// Letters are only those of nan, inf, infinity and the exponent: from_chars also takes "nan(...)".
template <class T>
bool ParseReal(std::string_view text, T& out) {
  const char* first = text.data();
  const char* last = first + text.size();
  if (text.size() > 1 && *first == '+' && first[1] != '-') ++first;
  const auto [end, error] = std::from_chars(first, last, out);
  if (end != last || text.empty() || end[-1] == ')') return false;
  if (error == std::errc::result_out_of_range && IsTiny({first, static_cast<size_t>(last - first)})) {
    out = *first == '-' ? T{-0.0} : T{0};
    return true;
  }
  return error == std::errc();
}

// "d.ddde+XX" of to_chars laid out: plain between 1e-5 and 1e16, with an exponent outside; a whole number keeps ".0".
uint32_t LayOut(const char* text, const char* end, char* out) {
  char* p = out;
  if (*text == '-') *p++ = *text++;
  char digits[24];
  int count = 0;
  for (; text != end && *text != 'e'; ++text) {
    if (*text != '.') digits[count++] = *text;
  }
  int exponent = 0;
  const char* exponent_text = text + 1;
  if (*exponent_text == '+') ++exponent_text;
  std::from_chars(exponent_text, end, exponent);
  auto put = [&p](const char* bytes, int n) {
    std::memcpy(p, bytes, static_cast<size_t>(n));
    p += n;
  };
  if (exponent < -5 || exponent >= 16) {
    put(digits, 1);
    if (count > 1) *p++ = '.';
    put(digits + 1, count - 1);
    *p++ = 'e';
    p = std::to_chars(p, p + 6, exponent).ptr;
  } else if (exponent < 0) {
    *p++ = '0';
    *p++ = '.';
    for (int i = exponent + 1; i < 0; ++i) *p++ = '0';
    put(digits, count);
  } else {
    const int whole = exponent + 1;
    put(digits, count < whole ? count : whole);
    for (int i = count; i < whole; ++i) *p++ = '0';
    *p++ = '.';
    if (count > whole) {
      put(digits + whole, count - whole);
    } else {
      *p++ = '0';
    }
  }
  return static_cast<uint32_t>(p - out);
}

template <class T>
uint32_t FormatReal(T value, char* out) {
  const char* special = std::isnan(value) ? "NaN" : (value > 0 ? "Infinity" : "-Infinity");
  if (!std::isfinite(value)) {
    const size_t length = std::strlen(special);
    std::memcpy(out, special, length);
    return static_cast<uint32_t>(length);
  }
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  return LayOut(text, end, out);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ToLowerAscii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

bool ParseBool(std::string_view text, bool& out) {
  constexpr std::string_view kWords[] = {"true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0"};
  for (size_t i = 0; i < std::size(kWords); ++i) {
    if (!EqualsIgnoreCase(text, kWords[i])) continue;
    out = i % 2 == 0;
    return true;
  }
  return false;
}

bool ParseInt64(std::string_view text, int64_t& out) { return ParseInteger(text, out); }
bool ParseUInt64(std::string_view text, uint64_t& out) { return ParseInteger(text, out); }
bool ParseDouble(std::string_view text, double& out) { return ParseReal(text, out); }
bool ParseFloat(std::string_view text, float& out) { return ParseReal(text, out); }

bool ParseUuid(std::string_view text, unsigned __int128& out) {
  if (text.size() > 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  unsigned __int128 value = 0;
  int digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '-') {
      if (digits == 0 || digits % 2 != 0 || digits == 32 || text[i - 1] == '-') return false;
      continue;
    }
    const int digit = HexDigit(text[i]);
    if (digit < 0 || digits == 32) return false;
    value = value << 4 | static_cast<unsigned>(digit);
    ++digits;
  }
  if (digits != 32) return false;
  out = value;
  return true;
}

uint32_t FormatInt64(int64_t value, char* out) {
  return static_cast<uint32_t>(std::to_chars(out, out + kMaxIntegerText, value).ptr - out);
}
uint32_t FormatUInt64(uint64_t value, char* out) {
  return static_cast<uint32_t>(std::to_chars(out, out + kMaxIntegerText, value).ptr - out);
}
uint32_t FormatDouble(double value, char* out) { return FormatReal(value, out); }
uint32_t FormatFloat(float value, char* out) { return FormatReal(value, out); }

uint32_t FormatUuid(unsigned __int128 value, char* out) {
  char* p = out;
  for (int i = 31; i >= 0; --i) {
    *p++ = "0123456789abcdef"[static_cast<unsigned>(value >> (i * 4)) & 15];
    if (i == 24 || i == 20 || i == 16 || i == 12) *p++ = '-';
  }
  return kUuidText;
}

}  // namespace laminar::data
