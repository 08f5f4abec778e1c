// Reads the tokens of one JSON text in order. Nothing is copied but strings with escapes. After the first mistake it
// stays failed. The text must be valid UTF-8 already.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace laminar::formats {

class JsonScanner {
 public:
  void Start(std::string_view text) {
    begin_ = text.data();
    p_ = begin_;
    end_ = begin_ + text.size();
    error_ = {};
  }
  // To read a value in another way: GoBack forgets the mistakes made since.
  using Mark = const char*;
  Mark mark() const { return p_; }
  void GoBack(Mark mark) {
    p_ = mark;
    error_.clear();
  }
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  // Notes the first mistake, with its place; always false.
  bool Fail(std::string_view what);

  // The next byte that is not white space; '\0' at the end.
  char Peek() {
    while (p_ < end_ && (*p_ == ' ' || *p_ == '\t' || *p_ == '\r' || *p_ == '\n')) ++p_;
    return p_ < end_ ? *p_ : '\0';
  }
  bool AtEnd() { return Peek() == '\0' && p_ == end_; }
  // Takes `c` if it is next.
  bool Take(char c) {
    if (Peek() != c || p_ == end_) return false;
    ++p_;
    return true;
  }
  bool Expect(char c);
  // A string without its quotes and escapes; valid until the next String when it had escapes.
  bool String(std::string_view& out);
  // A number's text, checked against the grammar.
  bool Number(std::string_view& out);
  // true, false or null.
  bool Word(std::string_view word);
  // Any value, checked; `out` is its text.
  bool Skip(int depth, std::string_view* out = nullptr);
  const char* limit() const { return end_; }

 private:
  bool StringWithEscapes(const char* from, std::string_view& out);
  bool Escape();
  bool FourHex(uint32_t& out);

  const char* begin_ = nullptr;
  const char* p_ = nullptr;
  const char* end_ = nullptr;
  std::string unescaped_;
  std::string error_;
};

}  // namespace laminar::formats
