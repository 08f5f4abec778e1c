// ReadyBlocks: memory that was touched before anybody needs it. The first touch of a block costs what the kernel takes
// to clear it, a tenth of a millisecond, and on a virtual machine what its host takes to find it, some milliseconds;
// that stood in the middle of a turn of the graph. A thread of its own touches blocks ahead of who takes them instead.
//
// Law: who takes never waits, but for the touch itself where nothing is ready. As many are ready as were missed of
// late: none until the first is taken, twice as many each time there is none, half as many each second without a taker,
// never more than `most`. Any thread, at any time.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"

namespace laminar::state {

class ReadyBlocks {
 public:
  explicit ReadyBlocks(size_t block_bytes);
  ~ReadyBlocks();
  ReadyBlocks(const ReadyBlocks&) = delete;

  // The thread, if it does not run. Without it blocks are as they come from the kernel. While nobody takes.
  Status Start();
  void Stop();
  void SetMost(uint32_t most);
  // Aligned to its size, zeroed or not. Throws std::bad_alloc.
  uint8_t* Take();
  // Is ready again, or goes back to the kernel.
  void Give(uint8_t* block);
  uint64_t bytes() const;  // of what is ready
  uint64_t taken() const;  // that were ready, ever

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace laminar::state
