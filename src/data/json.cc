#include "data/json.h"

#include <cstdint>
#include <cstring>

#include "base/text.h"
#include "data/text.h"

namespace laminar::data {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : p_(text.data()), end_(text.data() + text.size()) {}

  // A loop with a stack of bits (object or array), so hostile nesting costs no stack of ours.
  bool Document() {
    if (!Value()) return false;
    while (depth_ > 0) {
      if (!Continue()) return false;
    }
    SkipBlanks();
    return p_ == end_;
  }

 private:
  // A scalar, an empty container, or the opening of a container with its first value.
  bool Value() {
    while (true) {
      SkipBlanks();
      if (p_ == end_) return false;
      const char c = *p_;
      if (c != '{' && c != '[') return Scalar(c);
      if (depth_ == kMaxTextDepth) return false;
      ++p_;
      SkipBlanks();
      if (p_ != end_ && *p_ == (c == '{' ? '}' : ']')) {
        ++p_;
        return true;
      }
      SetKind(depth_++, c == '{');
      if (c == '{' && !Key()) return false;
    }
  }
  // After a value inside a container: the next one, or the end of the container.
  bool Continue() {
    SkipBlanks();
    if (p_ == end_) return false;
    const bool in_object = IsObject(depth_ - 1);
    const char c = *p_++;
    if (c == (in_object ? '}' : ']')) {
      --depth_;
      return true;
    }
    if (c != ',') return false;
    SkipBlanks();
    if (in_object && !Key()) return false;
    return Value();
  }
  bool Key() {
    SkipBlanks();
    if (p_ == end_ || *p_ != '"' || !String()) return false;
    SkipBlanks();
    return p_ != end_ && *p_++ == ':';
  }
  bool Scalar(char c) {
    switch (c) {
      case '"': return String();
      case 't': return Word("true");
      case 'f': return Word("false");
      case 'n': return Word("null");
      default: return Number();
    }
  }
  bool Word(std::string_view word) {
    if (static_cast<size_t>(end_ - p_) < word.size() || std::memcmp(p_, word.data(), word.size()) != 0) return false;
    p_ += word.size();
    return true;
  }
  bool Digits() {
    const char* first = p_;
    while (p_ != end_ && *p_ >= '0' && *p_ <= '9') ++p_;
    return p_ != first;
  }
  bool Number() {
    if (p_ != end_ && *p_ == '-') ++p_;
    if (p_ != end_ && *p_ == '0') {
      ++p_;
    } else if (!Digits()) {
      return false;
    }
    if (p_ != end_ && *p_ == '.') {
      ++p_;
      if (!Digits()) return false;
    }
    if (p_ != end_ && (*p_ == 'e' || *p_ == 'E')) {
      ++p_;
      if (p_ != end_ && (*p_ == '+' || *p_ == '-')) ++p_;
      if (!Digits()) return false;
    }
    return true;
  }
  bool String() {
    ++p_;
    const char* first = p_;
    while (p_ != end_ && *p_ != '"') {
      if (static_cast<uint8_t>(*p_) < 0x20) return false;
      if (*p_ == '\\' && !Escape()) return false;
      ++p_;
    }
    if (p_ == end_) return false;
    const bool is_text = IsUtf8({first, static_cast<size_t>(p_ - first)});
    ++p_;
    return is_text;
  }
  // Leaves p_ on the last character of the escape.
  bool Escape() {
    ++p_;
    if (p_ == end_) return false;
    if (*p_ != 'u') return std::memchr("\"\\/bfnrt", *p_, 8) != nullptr;
    for (int i = 0; i < 4; ++i) {
      ++p_;
      if (p_ == end_) return false;
      const char c = *p_;
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return false;
    }
    return true;
  }
  void SkipBlanks() {
    while (p_ != end_ && (*p_ == ' ' || *p_ == '\t' || *p_ == '\n' || *p_ == '\r')) ++p_;
  }
  void SetKind(int depth, bool is_object) {
    const uint64_t bit = uint64_t{1} << (depth & 63);
    uint64_t& word = kinds_[depth >> 6];
    word = is_object ? word | bit : word & ~bit;
  }
  bool IsObject(int depth) const { return (kinds_[depth >> 6] >> (depth & 63) & 1) != 0; }

  const char* p_;
  const char* end_;
  int depth_ = 0;
  uint64_t kinds_[kMaxTextDepth / 64] = {};
};

}  // namespace

bool IsValidJson(std::string_view text) { return Scanner(text).Document(); }

}  // namespace laminar::data
