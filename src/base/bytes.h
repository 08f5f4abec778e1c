// Numbers and texts as bytes, for stored formats: fixed-width little-endian numbers, varints (LEB128: seven bits a
// byte, lowest first, the high bit set on all but the last), texts with a varint length before them. The Take functions
// remove what they read from the front of untrusted bytes, and answer false when it is not there.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace laminar {

static_assert(std::endian::native == std::endian::little, "stored numbers are copied as they are");

template <class T>
  requires std::is_arithmetic_v<T>
void AppendNumber(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <class T>
  requires std::is_arithmetic_v<T>
bool TakeNumber(std::string_view& bytes, T& value) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return true;
}

inline void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline bool TakeVarint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (uint32_t i = 0; i < 10 && i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (i == 9 && byte > 1) return false;  // beyond 64 bits
    value |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

inline void AppendText(std::string_view text, std::string& out) {
  AppendVarint(text.size(), out);
  out.append(text);
}

// `text` is a view into the bytes.
inline bool TakeText(std::string_view& bytes, std::string_view& text) {
  std::string_view rest = bytes;
  uint64_t length = 0;
  if (!TakeVarint(rest, length) || length > rest.size()) return false;
  text = rest.substr(0, length);
  bytes = rest.substr(length);
  return true;
}

}  // namespace laminar
