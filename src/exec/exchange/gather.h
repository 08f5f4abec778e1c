// Gather: the receiving operator of an exchange: brings the channels of all sending shards together.
//
// Its watermark is the lowest over the channels that have not ended. Barriers are aligned: once barrier e has come on a
// channel, nothing more is read from it (MayRead is false; its rows wait in its queue) until every other channel has
// delivered e or ended; then e goes on, and all are read again. Law: what leaves before barrier e is exactly what came
// before e on every channel, each channel's rows in their order.
#pragma once

#include <vector>

#include "exec/operator.h"

namespace laminar::exec {

class Gather final : public Operator {
 public:
  explicit Gather(uint32_t channels) : channels_(channels) {}
  Status Open(const Context&) override { return {}; }

  // May the next message of this channel be handed over?
  bool MayRead(uint32_t channel) const { return !channels_[channel].is_waiting; }

  Step Process(int channel, data::Batch& batch, Output& out) override;
  // kMaxTimestamp: the channel has ended.
  Step Watermark(int channel, Timestamp watermark, Output& out) override;
  // A barrier comes from a channel, never from nowhere: use ChannelBarrier.
  Step Barrier(Epoch epoch, Output& out) override;
  Step ChannelBarrier(uint32_t channel, Epoch epoch, Output& out);

  uint32_t channel_count() const { return static_cast<uint32_t>(channels_.size()); }
  Timestamp watermark() const { return sent_watermark_; }
  // Channels that wait for others: an alignment is under way when there are any.
  uint32_t waiting_count() const { return waiting_; }
  bool has_ended() const { return sent_watermark_ == kMaxTimestamp; }

 private:
  struct Channel {
    Timestamp watermark = kMinTimestamp;
    bool is_waiting = false;
    bool has_ended() const { return watermark == kMaxTimestamp; }
  };
  Step PassWatermark(Output& out);
  Step PassBarrierIfComplete(Output& out);

  std::vector<Channel> channels_;
  Timestamp sent_watermark_ = kMinTimestamp;
  Epoch aligning_ = 0;  // the barrier the waiting channels have delivered
  bool has_passed_any_ = false;
  Epoch passed_ = 0;  // the last barrier that went on
  uint32_t waiting_ = 0;
};

}  // namespace laminar::exec
