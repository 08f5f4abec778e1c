// The bytes by which a source or a sink goes on after a crash (Source::AppendPosition, Sink::Prepare), put together and
// taken apart.
//
// A token: a letter for its kind, a version, a body of the kind's own, its CRC32C. Laws: a token cut,
// lengthened or with a byte changed is refused as kCorrupt; nothing read from one is trusted further than its type.
// Layout of the bodies: docs/formats/tokens.md. Adding to a token allocates nothing but the growth of the string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace laminar::sdk {

inline constexpr size_t kTokenBytesMax = size_t{64} << 10;

enum class TokenKind : char { kFilePosition = 'F', kGeneratorPosition = 'G', kFileSink = 'S', kEmptySink = 'N' };

// Appends kind and version; returns where the token begins, for SealToken.
size_t BeginToken(TokenKind kind, uint8_t version, std::string& out);
// Appends the checksum of what stands behind `begin`.
void SealToken(size_t begin, std::string& out);

// Reads a body in order. After the first mistake everything read is zero or empty.
class TokenReader {
 public:
  // kCorrupt for other bytes than a sealed token of this kind, kFormatVersion for a later version than `version`.
  // `what` names it in messages: "the position of source 'x'".
  static Result<TokenReader> Open(std::string_view token, TokenKind kind, uint8_t version, std::string_view what);

  uint64_t Varint();
  uint32_t Fixed32();
  uint8_t Byte();
  std::string_view Text();
  // All that is left.
  std::string_view Rest();
  // kCorrupt unless everything was there and nothing is left.
  Status Finish() const;
  Status Corrupt(std::string_view why) const;

 private:
  TokenReader(std::string_view body, std::string_view what) : rest_(body), what_(what) {}
  std::string_view rest_;
  std::string what_;
  bool failed_ = false;
};

}  // namespace laminar::sdk
