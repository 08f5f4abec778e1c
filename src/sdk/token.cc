#include "sdk/token.h"

#include "base/crc32c.h"

namespace laminar::sdk {

namespace {

constexpr size_t kChecksumBytes = 4;

Status BadToken(std::string_view what, std::string_view why) {
  return Status(ErrorCode::kCorrupt, std::string(what) + " cannot be read: " + std::string(why))
      .WithHint("the stored state is damaged; go back to an earlier checkpoint or a backup");
}

}  // namespace

size_t BeginToken(TokenKind kind, uint8_t version, std::string& out) {
  const size_t begin = out.size();
  out.push_back(static_cast<char>(kind));
  out.push_back(static_cast<char>(version));
  return begin;
}

void SealToken(size_t begin, std::string& out) { AppendNumber(Crc32c(0, std::string_view(out).substr(begin)), out); }

Result<TokenReader> TokenReader::Open(std::string_view token, TokenKind kind, uint8_t version, std::string_view what) {
  if (token.size() < 2 + kChecksumBytes) return Error(BadToken(what, "it is too short"));
  if (token.size() > kTokenBytesMax) return Error(BadToken(what, "it is too long"));
  const std::string_view sealed = token.substr(0, token.size() - kChecksumBytes);
  std::string_view rest = token.substr(sealed.size());
  uint32_t sum = 0;
  if (!TakeNumber(rest, sum) || sum != Crc32c(0, sealed)) return Error(BadToken(what, "its checksum does not match"));
  if (sealed[0] != static_cast<char>(kind)) return Error(BadToken(what, "it is one of another kind"));
  const auto found = static_cast<uint8_t>(sealed[1]);
  if (found == 0) return Error(BadToken(what, "it has no version"));
  if (found > version) {
    return Error(Status(ErrorCode::kFormatVersion, std::string(what) + " was written as version " +
                                                       std::to_string(found) + ", known is " + std::to_string(version))
                     .WithHint("open the database with the later version of LaminarDB that wrote it"));
  }
  return TokenReader(sealed.substr(2), what);
}

uint64_t TokenReader::Varint() {
  uint64_t value = 0;
  if (!failed_ && !TakeVarint(rest_, value)) failed_ = true;
  return failed_ ? 0 : value;
}

uint32_t TokenReader::Fixed32() {
  uint32_t value = 0;
  if (!failed_ && !TakeNumber(rest_, value)) failed_ = true;
  return failed_ ? 0 : value;
}

uint8_t TokenReader::Byte() {
  uint8_t value = 0;
  if (!failed_ && !TakeNumber(rest_, value)) failed_ = true;
  return failed_ ? uint8_t{0} : value;
}

std::string_view TokenReader::Text() {
  std::string_view text;
  if (!failed_ && !TakeText(rest_, text)) failed_ = true;
  return failed_ ? std::string_view() : text;
}

std::string_view TokenReader::Rest() {
  const std::string_view rest = failed_ ? std::string_view() : rest_;
  rest_ = {};
  return rest;
}

Status TokenReader::Finish() const {
  if (failed_) return Corrupt("it ends too soon");
  return rest_.empty() ? Status() : Corrupt("it goes on behind its end");
}

Status TokenReader::Corrupt(std::string_view why) const { return BadToken(what_, why); }

}  // namespace laminar::sdk
