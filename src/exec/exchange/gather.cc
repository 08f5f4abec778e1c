#include "exec/exchange/gather.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace laminar::exec {

Step Gather::Process(int channel, data::Batch& batch, Output& out) {
  DCHECK(MayRead(static_cast<uint32_t>(channel)));
  return out.Push(batch);
}

Step Gather::Watermark(int channel, Timestamp watermark, Output& out) {
  Channel& from = channels_[static_cast<size_t>(channel)];
  DCHECK(!from.is_waiting);
  if (watermark <= from.watermark) return Step::kMore;
  from.watermark = watermark;
  const Step step = PassWatermark(out);
  if (step == Step::kFailed || !from.has_ended() || waiting_ == 0) return step;
  return PassBarrierIfComplete(out);  // the others may have waited only for this one
}

Step Gather::PassWatermark(Output& out) {
  Timestamp lowest = kMaxTimestamp;
  for (const Channel& channel : channels_) lowest = std::min(lowest, channel.watermark);
  if (lowest <= sent_watermark_) return Step::kMore;
  sent_watermark_ = lowest;
  return out.PushWatermark(lowest);
}

Step Gather::Barrier(Epoch epoch, Output&) {
  return Fail(Status(ErrorCode::kBadArgument, "a barrier of epoch " + std::to_string(epoch) +
                                                  " reached the receiving end of an exchange without a channel"));
}

Step Gather::ChannelBarrier(uint32_t channel, Epoch epoch, Output& out) {
  Channel& from = channels_[channel];
  CHECK(!from.is_waiting);
  // Ended channels are not waited for; what they still send was or will be said by the others.
  const bool all_ended = std::ranges::all_of(channels_, [](const Channel& c) { return c.has_ended(); });
  if (from.has_ended() && !all_ended) return Step::kMore;
  if (has_passed_any_ && epoch <= passed_) {
    if (from.has_ended()) return Step::kMore;
    return Fail(Status(ErrorCode::kBadArgument, "barrier of epoch " + std::to_string(epoch) + " on channel " +
                                                    std::to_string(channel) + " after that of epoch " +
                                                    std::to_string(passed_)));
  }
  if (waiting_ > 0 && epoch != aligning_) {
    return Fail(Status(ErrorCode::kBadArgument, "barrier of epoch " + std::to_string(epoch) + " on channel " +
                                                    std::to_string(channel) + " while the others wait for epoch " +
                                                    std::to_string(aligning_)));
  }
  aligning_ = epoch;
  from.is_waiting = true;
  ++waiting_;
  return PassBarrierIfComplete(out);
}

Step Gather::PassBarrierIfComplete(Output& out) {
  if (waiting_ == 0) return Step::kMore;
  for (const Channel& channel : channels_) {
    if (!channel.is_waiting && !channel.has_ended()) return Step::kMore;
  }
  for (Channel& channel : channels_) channel.is_waiting = false;
  waiting_ = 0;
  has_passed_any_ = true;
  passed_ = aligning_;
  return out.PushBarrier(aligning_);
}

}  // namespace laminar::exec
