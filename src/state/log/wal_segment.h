// One segment file, read through a window: header, stretches of bytes, and the two questions of recovery: does anything
// but zeros follow, and does a record follow that proves an earlier one had been durable. Internal to state/log.
// Takes untrusted bytes: no length is believed before it is compared with the size of the file.
// Used by WalReader, RepairWal and, to check where it continues, WalWriter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "state/log/wal_format.h"

namespace laminar::state {

class WalSegment {
 public:
  // kBadFile when there is none.
  static Result<std::unique_ptr<WalSegment>> Open(const WalOptions& options, uint64_t number, os::OpenMode mode);

  uint64_t number() const { return number_; }
  uint64_t size() const { return size_; }
  const std::string& path() const { return file_->path(); }
  os::File& file() { return *file_; }
  // The file for a writer; the segment is of no use afterwards.
  std::unique_ptr<os::File> TakeFile() { return std::move(file_); }

  // Nothing when it is damaged or was never finished; kForeignFile and kFormatVersion when it is whole but not ours.
  Result<std::optional<WalSegmentHeader>> Header();
  // Bytes within the file; valid until the next call of any function here.
  Result<std::string_view> View(uint64_t offset, uint64_t length);
  // Where the bytes behind offset that are not zero end; offset itself when there are none.
  Result<uint64_t> DataEnd(uint64_t offset);

  // Whether an intact record of our core stands anywhere from offset on, whose sequence (with is_durable: minus its
  // unsynced distance) is at least `least`, and its sequence at most `most`. Bytes made to keep it busy get a yes.
  struct Wanted {
    uint64_t least = 0;
    uint64_t most = UINT64_MAX;
    bool is_durable = false;
  };
  Result<bool> HasRecord(uint64_t offset, Wanted wanted);

 private:
  WalSegment(const WalOptions& options, uint64_t number, std::unique_ptr<os::File> file, uint64_t size)
      : database_id_(options.database_id), core_(options.core), number_(number), file_(std::move(file)), size_(size) {}

  uint64_t database_id_;
  uint16_t core_;
  uint64_t number_;
  std::unique_ptr<os::File> file_;
  uint64_t size_;
  std::string window_;
  uint64_t window_at_ = 0;
};

}  // namespace laminar::state
