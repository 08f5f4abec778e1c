// Which checkpoints are held by somebody who reads their files on another thread than the store's.
//
// Law: what IsHeld said no to after SetKept left it out is never held again, so its files may go. Its manifest may go
// before: a pin has read it. Shared by the store and its pins; thread: any, one mutex.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "state/checkpoint/checkpoint_store.h"

namespace laminar::state {

class CheckpointPins {
 public:
  static std::shared_ptr<CheckpointPins> Make(os::FileSystem& files);
  virtual ~CheckpointPins() = default;

  // Those that may be pinned from now on.
  virtual void SetKept(const std::vector<CheckpointInfo>& kept) = 0;
  virtual bool IsHeld(const std::string& directory) const = 0;
  virtual Result<std::unique_ptr<CheckpointPin>> Pin(uint64_t id) = 0;
};

}  // namespace laminar::state
