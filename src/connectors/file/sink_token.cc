#include "connectors/file/sink_token.h"

#include <algorithm>

#include "base/bytes.h"
#include "sdk/token.h"

namespace laminar::connectors {

namespace {

constexpr uint8_t kVersion = 1;

}  // namespace

void AppendSinkToken(const SinkToken& token, std::string& out) {
  const size_t begin = sdk::BeginToken(sdk::TokenKind::kFileSink, kVersion, out);
  out.push_back(static_cast<char>(static_cast<uint8_t>(token.state) | (token.is_journal ? 2 : 0)));
  AppendNumber(token.columns, out);
  AppendVarint(token.length, out);
  AppendNumber(token.head.checksum, out);
  AppendNumber(token.tail.checksum, out);
  AppendText(token.format, out);
  AppendText(token.path, out);
  sdk::SealToken(begin, out);
}

Result<SinkToken> ReadSinkToken(std::string_view bytes, std::string_view what) {
  sdk::TokenReader reader = TRY(sdk::TokenReader::Open(bytes, sdk::TokenKind::kFileSink, kVersion, what));
  SinkToken token;
  const uint8_t flags = reader.Byte();
  if (flags > 3) return Error(reader.Corrupt("it is of an unknown kind"));
  token.state = static_cast<SinkToken::State>(flags & 1);
  token.is_journal = (flags & 2) != 0;
  token.columns = reader.Fixed32();
  token.length = reader.Varint();
  token.head = {std::min<uint64_t>(token.length, kHeadBytes), reader.Fixed32()};
  token.tail = {std::min<uint64_t>(token.length, kTailBytes), reader.Fixed32()};
  token.format = reader.Text();
  token.path = reader.Text();
  TRY(reader.Finish());
  if (token.length > static_cast<uint64_t>(INT64_MAX)) return Error(reader.Corrupt("its length is out of range"));
  return token;
}

void WrittenMarks::Add(std::string_view bytes) {
  head_.append(bytes.substr(0, std::min(bytes.size(), kHeadBytes - head_.size())));
  if (bytes.size() > kTailBytes) bytes.remove_prefix(bytes.size() - kTailBytes);
  tail_.append(bytes);
  if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
}

Result<WrittenMarks> WrittenMarks::Read(const os::File& file, uint64_t length) {
  const uint64_t tail = std::min<uint64_t>(length, kTailBytes);
  WrittenMarks marks;
  marks.head_ = TRY(ReadBytes(file, 0, std::min<uint64_t>(length, kHeadBytes)));
  marks.tail_ = TRY(ReadBytes(file, length - tail, tail));
  return marks;
}

}  // namespace laminar::connectors
