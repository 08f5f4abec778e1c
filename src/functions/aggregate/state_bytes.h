// Bytes of serialized accumulators: little-endian numbers and length-prefixed strings behind a version byte.
//
// Readers consume from the front of a view and believe nothing: a length is checked against what is left before it is
// used.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/status.h"

namespace laminar::functions {

inline constexpr uint8_t kStateVersion = 1;

inline void PutByte(std::string& out, uint8_t value) { out.push_back(static_cast<char>(value)); }

template <class T>
void PutNumber(std::string& out, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

inline void PutBytes(std::string& out, std::string_view bytes) {
  PutNumber<uint32_t>(out, static_cast<uint32_t>(bytes.size()));
  out.append(bytes);
}

template <class T>
bool TakeNumber(std::string_view& in, T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (in.size() < sizeof(T)) return false;
  std::memcpy(&value, in.data(), sizeof(T));
  in.remove_prefix(sizeof(T));
  return true;
}

inline bool TakeBytes(std::string_view& in, std::string_view& bytes) {
  uint32_t size = 0;
  if (!TakeNumber(in, size) || in.size() < size) return false;
  bytes = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

Status UnreadableState(std::string_view aggregate, std::string_view why);
Status ReadVersion(std::string_view& in, std::string_view aggregate);

}  // namespace laminar::functions
