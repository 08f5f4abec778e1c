#include "sdk/token.h"

#include <doctest/doctest.h>

#include "base/random.h"

namespace laminar::sdk {

namespace {

std::string Sample() {
  std::string out = "before";
  const size_t begin = BeginToken(TokenKind::kGeneratorPosition, 1, out);
  AppendNumber(uint32_t{0x01020304}, out);
  AppendVarint(300, out);
  AppendText("text", out);
  out.push_back(7);
  out.append("the rest");
  SealToken(begin, out);
  return out.substr(begin);
}

}  // namespace

TEST_CASE("a token gives back what was put into it") {
  const std::string token = Sample();
  TokenReader reader = TokenReader::Open(token, TokenKind::kGeneratorPosition, 1, "a token").value();
  CHECK(reader.Fixed32() == 0x01020304);
  CHECK(reader.Varint() == 300);
  CHECK(reader.Text() == "text");
  CHECK(reader.Byte() == 7);
  CHECK(!reader.Finish().ok());
  CHECK(reader.Rest() == "the rest");
  CHECK(reader.Finish().ok());
  CHECK(reader.Byte() == 0);
  CHECK(reader.Finish().code() == ErrorCode::kCorrupt);
  CHECK(reader.Finish().message().starts_with("a token cannot be read"));
}

TEST_CASE("a token of another kind or a later version is refused, and so is every change of a byte and every cut") {
  const std::string token = Sample();
  const auto code = [](std::string_view bytes, TokenKind kind, uint8_t version) {
    const auto opened = TokenReader::Open(bytes, kind, version, "a token");
    return opened.has_value() ? ErrorCode::kOk : opened.error().code();
  };
  CHECK(code(token, TokenKind::kFileSink, 1) == ErrorCode::kCorrupt);
  std::string later;
  SealToken(BeginToken(TokenKind::kFileSink, 2, later), later);
  CHECK(code(later, TokenKind::kFileSink, 2) == ErrorCode::kOk);
  CHECK(code(later, TokenKind::kFileSink, 1) == ErrorCode::kFormatVersion);
  for (size_t at = 0; at < token.size(); ++at) {
    CHECK(code(token.substr(0, at), TokenKind::kGeneratorPosition, 1) == ErrorCode::kCorrupt);
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = token;
      changed[at] = static_cast<char>(changed[at] ^ 1 << bit);
      CHECK(code(changed, TokenKind::kGeneratorPosition, 1) == ErrorCode::kCorrupt);
    }
  }
  CHECK(code(token + '\0', TokenKind::kGeneratorPosition, 1) == ErrorCode::kCorrupt);
  CHECK(code(std::string(kTokenBytesMax + 1, 'G'), TokenKind::kGeneratorPosition, 1) == ErrorCode::kCorrupt);
}

}  // namespace laminar::sdk
