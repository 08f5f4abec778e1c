// Writes a group of bytes to a file and syncs it, in one step where the kernel can: io_uring with a write and a linked
// fdatasync, else pwrite and fdatasync. Which it is turns out at run time, because containers often forbid io_uring.
// Law: after an outcome without error the bytes are on the disk; the two ways leave the same file.
// Thread: one at a time. Used by the write-ahead log.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "os/file.h"

namespace laminar::os {

class GroupWriter {
 public:
  struct Outcome {
    Status written;  // kLimitReached: the disk is full, nothing was synced, and it may be tried again
    Status synced;   // an error here is final: what is on the disk is unknown
  };

  // With use_io_uring the ring is tried; whatever keeps it from working leads to the plain way, without an error.
  static std::unique_ptr<GroupWriter> Make(bool use_io_uring);
  virtual ~GroupWriter() = default;
  // bytes may be empty: only the sync.
  virtual Outcome WriteAndSync(File& file, uint64_t offset, std::string_view bytes) = 0;
  // "io_uring" or "pwrite", for a file like this one.
  virtual std::string_view MethodFor(const File& file) const = 0;
};

}  // namespace laminar::os
