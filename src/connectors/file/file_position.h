// Where a reader of files stands, as bytes (docs/formats/tokens.md), and the marks by which a later reader knows that a
// file still begins as it did.
//
// A mark is the checksum of a few bytes: of the start of a text file and of what stands right before the position, of
// the end of a Parquet or Arrow file (its footer). So a file may be copied, restored from a backup or grow, and one
// that was rewritten is found out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "data/type.h"
#include "os/file.h"

namespace laminar::connectors {

inline constexpr size_t kHeadBytes = 4096;
inline constexpr size_t kTailBytes = 256;

struct FileMark {
  uint64_t length = 0;
  uint32_t checksum = 0;
  static FileMark Of(std::string_view bytes);
  bool Fits(std::string_view bytes) const;
};

struct FilePosition {
  enum class Kind : uint8_t { kDone, kText, kRows };
  Kind kind = Kind::kDone;  // kDone: everything up to and with `path` was read
  uint64_t rows = 0;        // handed out so far, of all files
  uint32_t columns = 0;     // ColumnsChecksum
  std::string_view path;

  // kText: the first byte of the first row not handed out.
  uint64_t offset = 0;
  uint64_t end = 0;  // the file is read up to here and then done; 0: as far as it goes
  FileMark head;     // the first min(offset, kHeadBytes) bytes
  FileMark tail;     // up to kTailBytes right before offset
  std::string_view decoder;

  // kRows
  uint64_t bytes = 0;  // of the file
  FileMark footer;     // its last bytes
  uint64_t group = 0;
  uint64_t row = 0;
  uint64_t rows_before = 0;
};

// Appends all but `decoder`, which the caller then appends itself. Returns where the token begins, for sdk::SealToken.
size_t BeginFilePosition(const FilePosition& position, std::string& out);
// The views point into `token`.
Result<FilePosition> ReadFilePosition(std::string_view token, std::string_view what);

// The names of the columns, for a position is of no use to a reader of others.
uint32_t ColumnsChecksum(const data::Schema& schema);

// Exactly `length` bytes, fewer where the file ends.
Result<std::string> ReadBytes(const os::File& file, uint64_t offset, size_t length);

}  // namespace laminar::connectors
