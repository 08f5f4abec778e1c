#include "exec/stateless/merge.h"

#include <algorithm>

namespace laminar::exec {

Step Merge::Process(int, data::Batch& batch, Output& out) { return out.Push(batch); }

Step Merge::Watermark(int input, Timestamp watermark, Output& out) {
  Timestamp& mine = watermarks_[static_cast<size_t>(input)];
  mine = std::max(mine, watermark);
  const Timestamp lowest = *std::ranges::min_element(watermarks_);
  if (lowest <= sent_) return Step::kMore;
  sent_ = lowest;
  return out.PushWatermark(lowest);
}

Step Merge::Barrier(Epoch epoch, Output& out) {
  if (++barriers_seen_ < watermarks_.size()) return Step::kMore;
  barriers_seen_ = 0;
  return out.PushBarrier(epoch);
}

void FanOut::Add(Operator* reader, int input) { readers_.emplace_back(reader, input); }

void FanOut::Remove(const Operator* reader) {
  std::erase_if(readers_, [&](const Output& output) { return output.next() == reader; });
}

Step FanOut::Process(int, data::Batch& batch, Output&) {
  const size_t last = readers_.size();
  for (size_t i = 0; i < last; ++i) {
    if (i + 1 == last) {  // the last reader may have the header itself
      if (readers_[i].Push(batch) == Step::kFailed) return Step::kFailed;
      break;
    }
    columns_.assign(batch.columns, batch.columns + batch.column_count);
    data::Batch copy = batch;
    copy.columns = columns_.data();
    if (readers_[i].Push(copy) == Step::kFailed) return Step::kFailed;
  }
  return Step::kMore;
}

Step FanOut::Watermark(int, Timestamp watermark, Output&) {
  watermark_ = std::max(watermark_, watermark);
  for (Output& reader : readers_) {
    if (reader.PushWatermark(watermark) == Step::kFailed) return Step::kFailed;
  }
  return Step::kMore;
}

Step FanOut::Tick(Timestamp now, Output&) {
  for (Output& reader : readers_) {
    if (reader.PushTick(now) == Step::kFailed) return Step::kFailed;
  }
  return Step::kMore;
}

Step FanOut::Barrier(Epoch epoch, Output&) {
  for (Output& reader : readers_) {
    if (reader.PushBarrier(epoch) == Step::kFailed) return Step::kFailed;
  }
  return Step::kMore;
}

}  // namespace laminar::exec
