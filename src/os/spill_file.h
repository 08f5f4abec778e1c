// SpillFile: memory that stands in a file. A range of addresses is written out and mapped over, so that whoever reads
// or writes there later gets the bytes from the file, page by page, and nobody notices but by the time it takes.
//
// The file has no name: it is gone with the process, however that ends. It is a place for memory, not for data that is
// kept. Each write takes its blocks from the disk before memory is given up, so a full disk is an error here and not a
// signal later. Thread: one at a time; others may read the ranges meanwhile, nobody may write them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace laminar::os {

// Addresses of ordinary memory, zeroed, aligned to `alignment` (a power of two, at least a page); huge pages where the
// system has them. Throws std::bad_alloc.
uint8_t* MapMemory(size_t bytes, size_t alignment);
void UnmapMemory(uint8_t* start, size_t bytes);

class SpillFile {
 public:
  // The machine's, in an existing folder.
  static Result<std::unique_ptr<SpillFile>> Create(const std::string& directory);
  virtual ~SpillFile() = default;

  // Moves what stands at [start, start + bytes) to the file at `offset` and maps it there. Ordinary memory before, page
  // aligned; the same bytes before and after.
  virtual Status MoveOut(uint8_t* start, size_t bytes, uint64_t offset) = 0;
  // Of a range moved out: writes what changed and lets go of the memory that holds copies. Waits for the disk.
  virtual Status Release(uint8_t* start, size_t bytes, uint64_t offset) = 0;
  // How much of such a range is in memory now.
  virtual uint64_t ResidentBytes(const uint8_t* start, size_t bytes) = 0;
  // What stands at `offset` is no longer needed.
  virtual void Discard(uint64_t offset, size_t bytes) = 0;
};

// Who makes them: the machine, or the simulator (sim/file_system.h).
class SpillFiles {
 public:
  virtual ~SpillFiles() = default;
  virtual Result<std::unique_ptr<SpillFile>> MakeSpillFile(const std::string& directory) = 0;
};

}  // namespace laminar::os
