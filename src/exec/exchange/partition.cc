#include "exec/exchange/partition.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hot_scope.h"

namespace laminar::exec {

VnodeTargets EvenTargets(uint32_t targets) {
  CHECK(targets >= 1 && targets <= kVnodes);
  VnodeTargets map;
  for (uint32_t vnode = 0; vnode < kVnodes; ++vnode) map[vnode] = static_cast<uint16_t>(vnode * targets / kVnodes);
  return map;
}

Partition::Partition(PartitionSpec spec, const VnodeTargets& targets, std::vector<ExchangePort*> ports)
    : spec_(std::move(spec)),
      targets_(targets),
      lanes_(ports.size()),
      picked_(ports.size() * data::kBatchCapacity),
      counts_(ports.size()) {
  for (size_t i = 0; i < ports.size(); ++i) lanes_[i].port = ports[i];
}

Partition::~Partition() = default;

Status Partition::Open(const Context&) {
  for (const uint32_t key : spec_.keys) CHECK(key < spec_.input.size());
  for (const uint16_t target : targets_) CHECK(target < lanes_.size());
  return {};
}

Step Partition::Process(int, data::Batch& batch, Output&) {
  if (batch.rows == 0) return Step::kMore;
  rows_in_ += batch.rows;
  // Batches of the engine have at most kBatchCapacity rows; larger ones are cut.
  DCHECK(batch.rows <= data::kBatchCapacity);
  if (lanes_.size() == 1) {
    Send(lanes_[0], batch, nullptr, batch.rows);
    return Step::kMore;
  }
  data::HashRows(batch, spec_.input, spec_.keys, hashes_.data());
  uint32_t differing = 0;
  const uint16_t first = targets_[hashes_[0] & (kVnodes - 1)];
  for (uint32_t i = 0; i < batch.rows; ++i) {
    const uint16_t target = targets_[hashes_[i] & (kVnodes - 1)];
    target_of_row_[i] = target;
    differing |= static_cast<uint32_t>(target ^ first);
  }
  if (differing == 0)
    Send(lanes_[first], batch, nullptr, batch.rows);
  else
    Split(batch);
  return Step::kMore;
}

void Partition::Split(const data::Batch& batch) {
  PickRows(batch.rows);
  for (size_t t = 0; t < lanes_.size(); ++t) {
    if (counts_[t] > 0) Send(lanes_[t], batch, picked_.data() + t * data::kBatchCapacity, counts_[t]);
  }
}

// Few targets: a pass each, whose count stays in a register. Many: one pass over counts in memory, which would stall
// when the same count comes again and again.
void Partition::PickRows(uint32_t rows) {
  constexpr size_t kFewTargets = 2;
  if (lanes_.size() <= kFewTargets) {
    for (size_t t = 0; t < lanes_.size(); ++t) {
      uint16_t* const picked = picked_.data() + t * data::kBatchCapacity;
      uint32_t count = 0;
      for (uint32_t i = 0; i < rows; ++i) {
        picked[count] = static_cast<uint16_t>(i);
        count += target_of_row_[i] == t ? 1 : 0;
      }
      counts_[t] = count;
    }
    return;
  }
  std::ranges::fill(counts_, 0);
  for (uint32_t i = 0; i < rows; ++i) {
    const uint16_t target = target_of_row_[i];
    picked_[target * data::kBatchCapacity + counts_[target]++] = static_cast<uint16_t>(i);
  }
}

// rows null: the whole batch.
void Partition::Send(Lane& lane, const data::Batch& batch, const uint16_t* rows, uint32_t count) {
  lane.rows += count;
  if (!lane.has_kept()) {
    if (rows == nullptr ? lane.port->TryPush(batch) : lane.port->TryPushRows(batch, rows, count)) return;
  }
  Keep(lane, batch, rows, count);
}

void Partition::Keep(Lane& lane, const data::Batch& batch, const uint16_t* rows, uint32_t count) {
  AllowAllocation growth;  // more than the receiver has room for: rare, and over when it has caught up
  rows_kept_back_ += count;
  const bool fits = lane.has_kept() && lane.kept.back().kind == KeptKind::kRows &&
                    lane.kept.back().rows->rows() + count <= data::kBatchCapacity;
  if (!fits) lane.kept.push_back({.kind = KeptKind::kRows, .rows = TakeSpare()});
  data::BatchBuffer& buffer = *lane.kept.back().rows;
  if (rows == nullptr)
    buffer.AppendRows(batch, 0, count);
  else
    buffer.AppendSelected(batch, rows, count);
}

std::unique_ptr<data::BatchBuffer> Partition::TakeSpare() {
  if (spare_.empty()) return std::make_unique<data::BatchBuffer>(spec_.input);
  std::unique_ptr<data::BatchBuffer> buffer = std::move(spare_.back());
  spare_.pop_back();
  buffer->Reset();
  return buffer;
}

Step Partition::Watermark(int, Timestamp watermark, Output&) {
  for (Lane& lane : lanes_) {
    if (!lane.has_kept()) {
      lane.port->PushWatermark(watermark);
    } else if (lane.kept.back().kind == KeptKind::kWatermark) {
      lane.kept.back().watermark = std::max(lane.kept.back().watermark, watermark);
    } else {
      AllowAllocation growth;
      lane.kept.push_back({.kind = KeptKind::kWatermark, .rows = nullptr, .watermark = watermark});
    }
  }
  return Step::kMore;
}

Step Partition::Tick(Timestamp, Output&) { return Step::kMore; }

Step Partition::Barrier(Epoch epoch, Output&) {
  for (Lane& lane : lanes_) {
    if (!lane.has_kept()) {
      lane.port->PushBarrier(epoch);
    } else {
      AllowAllocation growth;
      lane.kept.push_back({.kind = KeptKind::kBarrier, .rows = nullptr, .epoch = epoch});
    }
  }
  return Step::kMore;
}

bool Partition::IsBlocked() {
  return std::ranges::any_of(lanes_, [](Lane& lane) { return lane.has_kept() || lane.port->IsBackpressured(); });
}

bool Partition::MakeReady() {
  for (Lane& lane : lanes_) {
    if (lane.has_kept()) Resume(lane);
    if (lane.port->IsHolding()) lane.port->Flush();
  }
  return !IsBlocked();
}

bool Partition::CanMove() {
  return std::ranges::any_of(
      lanes_, [](Lane& lane) { return (lane.has_kept() || lane.port->IsHolding()) && lane.port->CanSend(); });
}

void Partition::Resume(Lane& lane) {
  for (; lane.has_kept(); ++lane.kept_first) {
    Kept& next = lane.kept[lane.kept_first];
    switch (next.kind) {
      case KeptKind::kRows: {
        if (!lane.port->TryPush(next.rows->batch())) return;
        AllowAllocation growth;  // of the list of spares
        spare_.push_back(std::move(next.rows));
        break;
      }
      case KeptKind::kWatermark: lane.port->PushWatermark(next.watermark); break;
      case KeptKind::kBarrier: lane.port->PushBarrier(next.epoch); break;
    }
  }
  lane.kept.clear();
  lane.kept_first = 0;
}

void Partition::Flush() {
  for (Lane& lane : lanes_) lane.port->Flush();
}

}  // namespace laminar::exec
