// UTF-8 for kernels: counting, finding and walking characters. Text of the engine is valid UTF-8; bytes that are not
// are walked one by one as characters of their own, so nothing here reads outside the text or loops for ever.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace laminar::functions {

inline constexpr bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

inline bool IsAscii(std::string_view text) {
  const char* p = text.data();
  size_t left = text.size();
  uint64_t seen = 0;
  for (; left >= 8; left -= 8, p += 8) {
    uint64_t word = 0;
    std::memcpy(&word, p, 8);
    seen |= word;
  }
  for (; left > 0; --left, ++p) seen |= static_cast<uint8_t>(*p);
  return (seen & 0x8080808080808080ull) == 0;
}

inline size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += IsContinuation(c) ? 0 : 1;
  return count;
}

// Bytes of the character that starts at `at`; at < text.size().
inline size_t CharacterBytes(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && IsContinuation(text[end])) ++end;
  return end - at;
}

// Byte position of the character number `index` (from 0); text.size() when there are not so many.
inline size_t ByteOfCharacter(std::string_view text, size_t index) {
  if (index >= text.size()) return text.size();
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (IsContinuation(text[at])) continue;
    if (index == 0) return at;
    --index;
  }
  return at;
}

// Code point at `at`, which moves behind it. An ill-formed byte gives its own value.
inline uint32_t DecodeCharacter(std::string_view text, size_t& at) {
  const uint8_t lead = static_cast<uint8_t>(text[at]);
  if (lead < 0xC2) {
    ++at;
    return lead;
  }
  const size_t size = lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4);
  if (at + size > text.size() || lead > 0xF4) {
    ++at;
    return lead;
  }
  uint32_t code = lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[at + i])) {
      ++at;
      return lead;
    }
    code = code << 6 | (static_cast<uint8_t>(text[at + i]) & 0x3Fu);
  }
  at += size;
  return code;
}

// Writes one character (at most four bytes) and returns how many bytes it took.
inline size_t EncodeCharacter(uint32_t code, char* out) {
  auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | code >> 6);
    out[1] = tail(0);
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | code >> 12);
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | code >> 18);
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

}  // namespace laminar::functions
