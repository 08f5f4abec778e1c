// How far a file sink had come, as bytes (docs/formats/tokens.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connectors/file/file_position.h"

namespace laminar::connectors {

struct SinkToken {
  enum class State : uint8_t {
    kWriting,   // the rows are the first `length` bytes of the file being written
    kComplete,  // the target is complete and has `length` bytes
  };
  State state = State::kWriting;
  bool is_journal = false;  // the file being written is a journal of rows
  uint32_t columns = 0;     // ColumnsChecksum
  uint64_t length = 0;
  FileMark head;  // the first min(length, kHeadBytes) bytes
  FileMark tail;  // the last min(length, kTailBytes) of them
  std::string_view format;
  std::string_view path;  // the target
};

void AppendSinkToken(const SinkToken& token, std::string& out);
// The views point into `token`.
Result<SinkToken> ReadSinkToken(std::string_view token, std::string_view what);

// The two marks of a file being written, as it grows.
class WrittenMarks {
 public:
  void Add(std::string_view bytes);
  // Of the first `length` bytes of a file.
  static Result<WrittenMarks> Read(const os::File& file, uint64_t length);
  FileMark Head() const { return FileMark::Of(head_); }
  FileMark Tail() const { return FileMark::Of(tail_); }

 private:
  std::string head_;
  std::string tail_;
};

}  // namespace laminar::connectors
