// StateMemory: where the state tables of one database stand, how much of it is in memory, and what goes to disk when
// that is too much.
//
// Rows and long strings live in blocks of 2 MiB. While all state fits into the budget they are ordinary memory. When it
// does not, Trim moves blocks to a spill file, oldest first, round and round: their addresses stay, their bytes come
// back page by page when somebody looks at them. Indexes and small tables stay in memory; they count all the same.
//
// Law: what a table holds does not depend on the budget. Threads: Trim while nobody writes to state (readers of
// snapshots may go on); all else from any, at any time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace laminar::os {
class SpillFiles;
}

namespace laminar::state {

class StateMemory {
 public:
  static constexpr size_t kBlockBytes = size_t{2} << 20;
  // Who has asked for pieces of memory, each larger than the last, asks for blocks from this size on.
  static constexpr size_t kWorthABlock = size_t{512} << 10;

  struct Limits {
    uint64_t resident_bytes = 0;      // 0: no limit
    uint64_t spill_bytes = 0;         // of the spill file; 0: what the disk has
    std::string directory;            // for the spill file; empty: state cannot leave memory
    os::SpillFiles* files = nullptr;  // who makes the spill file there; null: the machine
  };

  StateMemory();
  ~StateMemory();
  StateMemory(const StateMemory&) = delete;

  // One block, zeroed or not, aligned to its size. Throws std::bad_alloc.
  uint8_t* Allocate();
  void Free(uint8_t* block);
  // Memory of state that is not in blocks: what it has grown or shrunk by.
  void Note(int64_t bytes);

  // The first Trim that moves something makes the spill file, and it goes when nothing stands in it any more: a new
  // directory is used from the next one on.
  void SetLimits(Limits limits);
  Limits GetLimits() const;
  // Cheap: is there more in memory than should be, as far as is known?
  bool is_over() const;
  // Is anything on disk? Then what comes back must be looked for now and then.
  bool has_spilled() const;
  void Look();
  // Cheap: does any of is_over, has_spilled and TakePressure say yes?
  bool needs_care() const;
  // Moves out what is over the budget, `most` blocks in one call (one block is about a millisecond of a disk's time).
  // False: nothing more can go, though it should; state may grow by an eighth of the budget, and then is_exhausted.
  bool Trim(uint32_t most);
  // Lets go of what came back from disk, as far as there is too much. For readers, on any thread and at any time: what
  // they look at comes back without anybody being told.
  void LetGo();
  // Beyond help: whoever needs more memory gets Exhausted() instead.
  bool is_exhausted() const;
  Status Exhausted() const;

  // Some table comes near a limit of its own; told once to whoever asks.
  void NotePressure();
  bool TakePressure();

  struct Figures {
    uint64_t bytes = 0;           // all state, wherever it is
    uint64_t resident_bytes = 0;  // in memory, as far as it was last looked at
    uint64_t limit_bytes = 0;
    uint64_t spilled_bytes = 0;    // that stand in the spill file
    uint64_t blocks_moved = 0;     // ever, to the file
    uint64_t blocks_released = 0;  // ever, that had come back and went again
  };
  Figures GetFigures() const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace laminar::state
