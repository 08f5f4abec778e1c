#include "engine/exchange_channel.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/hot_scope.h"

namespace laminar::engine {
namespace {

using exec::Epoch;
using exec::Step;

// A type's nesting is bounded where types are read.
bool HasHeap(const data::Type& type) {
  const data::PhysicalType physical = type.physical();
  if (physical == data::PhysicalType::kString || physical == data::PhysicalType::kList) return true;
  return std::ranges::any_of(type.children(), [](const data::Field& field) { return HasHeap(field.type); });
}

}  // namespace

ExchangePool::ExchangePool(std::vector<data::Type> types, uint32_t buffers_min, uint32_t buffers_max)
    : types_(std::move(types)),
      buffers_min_(buffers_min),
      buffers_max_(std::max({buffers_min, buffers_max, 1u})),
      has_heap_(std::ranges::any_of(types_, HasHeap)) {}

ExchangePool::~ExchangePool() = default;

// First in, first out, so that all buffers are used in turn.
data::BatchBuffer* ExchangePool::Take() {
  DCHECK_OWNER();
  if (free_count_ == 0 || all_.size() < buffers_min_) return all_.size() < buffers_max_ ? Make() : nullptr;
  data::BatchBuffer* buffer = free_[free_first_];
  free_first_ = free_first_ + 1 == free_.size() ? 0 : free_first_ + 1;
  --free_count_;
  buffer->Reset();
  return buffer;
}

data::BatchBuffer* ExchangePool::Make() {
  AllowAllocation filling_the_pool;
  all_.push_back(std::make_unique<data::BatchBuffer>(types_));
  if (all_.size() > free_.size()) {
    std::ranges::rotate(free_, free_.begin() + static_cast<ptrdiff_t>(free_first_));
    free_first_ = 0;
    free_.resize(all_.size() * 2);
  }
  return all_.back().get();
}

void ExchangePool::GiveBack(data::BatchBuffer* buffer) {
  DCHECK_OWNER();
  const size_t last = free_first_ + free_count_;
  free_[last < free_.size() ? last : last - free_.size()] = buffer;
  ++free_count_;
}

ExchangeChannel::ExchangeChannel(ExchangePool& pool, const runtime::BackpressureConfig& config,
                                 runtime::FloatingCredits* floating)
    : pool_(pool),
      queue_(config, floating),
      home_(runtime::ChannelCredits::MostInFlight(config) + runtime::CreditedQueue<ExchangeMessage>::kControlPlaces) {
  waiting_.reserve(runtime::CreditedQueue<ExchangeMessage>::kControlPlaces);
}

ExchangeChannel::~ExchangeChannel() = default;

// Before every message with rows, so that never more are on their way home than were under way.
void ExchangeChannel::FetchHome() {
  home_.PopEach(home_.capacity(), [this](data::BatchBuffer*&& buffer) noexcept {
    pool_.GiveBack(buffer);
    return true;
  });
}

// The open message leaves if its rows have a credit, or without rows a place. True when nothing is open any more.
bool ExchangeChannel::SendOpen() {
  const bool has_rows = open_.rows != nullptr;
  if (!has_rows && open_.watermark == kMinTimestamp) return true;
  open_.is_control = !has_rows;
  if (!(has_rows ? queue_.TryPush(std::move(open_)) : queue_.TryPushControl(std::move(open_)))) return false;
  open_ = ExchangeMessage{};
  ++messages_sent_;
  return true;
}

bool ExchangeChannel::SendWaiting() {
  size_t sent = 0;
  while (sent < waiting_.size() && queue_.TryPushControl(std::move(waiting_[sent]))) {
    ++messages_sent_;
    ++sent;
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(sent));
  return waiting_.empty();
}

bool ExchangeChannel::MakeRoom(uint32_t count) {
  if (!waiting_.empty() && !SendWaiting()) return false;
  // Rows may not overtake the watermark of the open message.
  if (open_.watermark != kMinTimestamp && !SendOpen()) return false;
  if (open_.rows != nullptr && open_.rows->rows() + count > open_.rows->capacity() && !SendOpen()) return false;
  if (open_.rows != nullptr) return true;
  FetchHome();
  open_.rows = pool_.Take();
  return open_.rows != nullptr;
}

bool ExchangeChannel::TryPush(const data::Batch& batch) {
  CHECK(batch.rows <= data::kBatchCapacity);
  if (!MakeRoom(batch.rows)) return false;
  std::optional<AllowAllocation> growth_of_the_heap;
  if (pool_.has_heap()) growth_of_the_heap.emplace();
  open_.rows->AppendRows(batch, 0, batch.rows);
  if (open_.rows->full()) SendOpen();
  return true;
}

bool ExchangeChannel::TryPushRows(const data::Batch& batch, const uint16_t* rows, uint32_t count) {
  CHECK(count <= data::kBatchCapacity);
  if (!MakeRoom(count)) return false;
  std::optional<AllowAllocation> growth_of_the_heap;
  if (pool_.has_heap()) growth_of_the_heap.emplace();
  open_.rows->AppendSelected(batch, rows, count);
  if (open_.rows->full()) SendOpen();
  return true;
}

void ExchangeChannel::PushWatermark(Timestamp watermark) {
  // What waits ends with a barrier, so a watermark behind it opens a new message.
  open_.watermark = std::max(open_.watermark, watermark);
}

void ExchangeChannel::PushBarrier(Epoch epoch) {
  ExchangeMessage message = std::exchange(open_, ExchangeMessage{});
  message.epoch = epoch;
  message.has_barrier = true;
  const bool is_first = waiting_.empty() || SendWaiting();
  bool is_sent = is_first && message.rows != nullptr && queue_.TryPush(std::move(message));
  if (!is_sent) {
    message.is_control = true;
    is_sent = is_first && queue_.TryPushControl(std::move(message));
  }
  if (is_sent) {
    ++messages_sent_;
    return;
  }
  AllowAllocation growth;  // more barriers on their way than control places: a receiver that stands still
  waiting_.push_back(message);
}

void ExchangeChannel::Flush() {
  if (waiting_.empty() || SendWaiting()) SendOpen();
}

bool ExchangeChannel::IsHolding() const {
  return !waiting_.empty() || open_.rows != nullptr || open_.watermark != kMinTimestamp;
}

bool ExchangeChannel::CanSend() {
  if (!waiting_.empty()) return queue_.HasControlPlace();
  const bool is_watermark_only = open_.rows == nullptr && open_.watermark != kMinTimestamp;
  return is_watermark_only ? queue_.HasControlPlace() : queue_.credits().Has();
}

bool ExchangeChannel::IsBackpressured() { return !waiting_.empty() || queue_.IsBackpressured(); }

Step ExchangeChannel::Receive(exec::Gather& gather, uint32_t channel, bool& is_empty) {
  ExchangeMessage message;
  is_empty = !queue_.Pop(message);
  last_barrier_ = message.has_barrier ? message.epoch : 0;
  if (is_empty) return Step::kMore;
  Step step = Step::kMore;
  const auto input = static_cast<int>(channel);
  if (message.rows != nullptr) {
    data::Batch batch = message.rows->batch();
    step = gather.Process(input, batch, gather.output());
    const bool is_home = home_.Push(std::move(message.rows));
    CHECK(is_home);
  }
  message.is_control ? queue_.ControlDone() : queue_.BatchDone();
  if (step != Step::kFailed && message.watermark != kMinTimestamp)
    step = std::max(step, gather.Watermark(input, message.watermark, gather.output()));
  if (step != Step::kFailed && message.has_barrier)
    step = std::max(step, gather.ChannelBarrier(channel, message.epoch, gather.output()));
  return step;
}

void ExchangeChannel::Discard(bool& is_empty) {
  ExchangeMessage message;
  is_empty = !queue_.Pop(message);
  last_barrier_ = message.has_barrier ? message.epoch : 0;
  if (is_empty) return;
  if (message.rows != nullptr) CHECK(home_.Push(std::move(message.rows)));
  message.is_control ? queue_.ControlDone() : queue_.BatchDone();
}

}  // namespace laminar::engine
