// ExchangePort: the sending end of one channel to another shard, as Partition sees it.
//
// Rows are copied before a call returns; whoever calls keeps its memory. Everything arrives in the order of the calls.
// Rows may be held back to travel together: Flush sends them, and so does a barrier. A port may refuse rows (no room:
// the receiver is behind) but never a watermark or a barrier.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "data/batch.h"
#include "exec/operator.h"

namespace laminar::exec {

class ExchangePort {
 public:
  virtual ~ExchangePort() = default;
  // All rows, or none and false.
  virtual bool TryPush(const data::Batch& batch) = 0;
  // The chosen rows, in that order; all or none.
  virtual bool TryPushRows(const data::Batch& batch, const uint16_t* rows, uint32_t count) = 0;
  // Behind all rows so far. kMaxTimestamp: no row will follow.
  virtual void PushWatermark(Timestamp watermark) = 0;
  virtual void PushBarrier(Epoch epoch) = 0;
  // What is held back leaves now, as far as there is room.
  virtual void Flush() = 0;
  // The head of the chain should take no input until this ends.
  virtual bool IsBackpressured() = 0;
  // Is anything held back?
  virtual bool IsHolding() const = 0;
  // Would what is held back, or else a batch of rows, leave now?
  virtual bool CanSend() = 0;
};

}  // namespace laminar::exec
