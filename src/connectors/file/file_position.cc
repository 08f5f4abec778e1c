#include "connectors/file/file_position.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "sdk/token.h"

namespace laminar::connectors {

namespace {

constexpr uint8_t kVersion = 1;

void AppendMark(const FileMark& mark, std::string& out) {
  AppendVarint(mark.length, out);
  AppendNumber(mark.checksum, out);
}

FileMark ReadMark(sdk::TokenReader& reader) {
  FileMark mark;
  mark.length = reader.Varint();
  mark.checksum = reader.Fixed32();
  return mark;
}

}  // namespace

FileMark FileMark::Of(std::string_view bytes) { return {bytes.size(), Crc32c(0, bytes)}; }

bool FileMark::Fits(std::string_view bytes) const { return bytes.size() == length && Crc32c(0, bytes) == checksum; }

size_t BeginFilePosition(const FilePosition& position, std::string& out) {
  const size_t begin = sdk::BeginToken(sdk::TokenKind::kFilePosition, kVersion, out);
  out.push_back(static_cast<char>(position.kind));
  AppendVarint(position.rows, out);
  AppendNumber(position.columns, out);
  AppendText(position.path, out);
  if (position.kind == FilePosition::Kind::kText) {
    AppendVarint(position.offset, out);
    AppendVarint(position.end, out);
    AppendMark(position.head, out);
    AppendMark(position.tail, out);
  } else if (position.kind == FilePosition::Kind::kRows) {
    AppendVarint(position.bytes, out);
    AppendMark(position.footer, out);
    AppendVarint(position.group, out);
    AppendVarint(position.row, out);
    AppendVarint(position.rows_before, out);
  }
  return begin;
}

Result<FilePosition> ReadFilePosition(std::string_view token, std::string_view what) {
  sdk::TokenReader reader = TRY(sdk::TokenReader::Open(token, sdk::TokenKind::kFilePosition, kVersion, what));
  FilePosition position;
  const uint8_t kind = reader.Byte();
  if (kind > static_cast<uint8_t>(FilePosition::Kind::kRows)) return Error(reader.Corrupt("it is of an unknown kind"));
  position.kind = static_cast<FilePosition::Kind>(kind);
  position.rows = reader.Varint();
  position.columns = reader.Fixed32();
  position.path = reader.Text();
  if (position.kind == FilePosition::Kind::kText) {
    position.offset = reader.Varint();
    position.end = reader.Varint();
    position.head = ReadMark(reader);
    position.tail = ReadMark(reader);
    position.decoder = reader.Rest();
    const uint64_t head = position.offset < kHeadBytes ? position.offset : kHeadBytes;
    const bool fits =
        position.head.length == head && position.tail.length <= kTailBytes && position.tail.length <= position.offset &&
        (position.end == 0 || position.end >= position.offset) && position.offset <= static_cast<uint64_t>(INT64_MAX);
    if (!fits) return Error(reader.Corrupt("its parts contradict each other"));
  } else if (position.kind == FilePosition::Kind::kRows) {
    position.bytes = reader.Varint();
    position.footer = ReadMark(reader);
    position.group = reader.Varint();
    position.row = reader.Varint();
    position.rows_before = reader.Varint();
    const uint64_t footer = position.bytes < kHeadBytes ? position.bytes : kHeadBytes;
    if (position.footer.length != footer) return Error(reader.Corrupt("its parts contradict each other"));
  }
  TRY(reader.Finish());
  return position;
}

uint32_t ColumnsChecksum(const data::Schema& schema) {
  std::string names;
  for (const data::Field& field : schema.fields()) AppendText(field.name, names);
  return Crc32c(0, names);
}

Result<std::string> ReadBytes(const os::File& file, uint64_t offset, size_t length) {
  std::string bytes(length, '\0');
  size_t size = 0;
  while (size < length) {
    const size_t got = TRY(file.ReadAt(offset + size, std::span<char>(bytes).subspan(size)));
    if (got == 0) break;
    size += got;
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace laminar::connectors
