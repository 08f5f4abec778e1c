// The way of batches between the core and a shard: a queue with credits, and buffers from the sender's pool that come
// home by a queue of their own. Who turns a shard is woken by ShardSet::Wake, not from here.
//
// Rows are collected in an open buffer and leave when it is full, with a barrier, or by Flush at the end of a turn; a
// watermark travels in the message of the rows before it. What needs room waits at the sender in its order; of
// watermarks that wait together the latest counts. A barrier never waits for credits: it takes the open rows with it.
// Steady state allocates nothing but string memory of buffers that see longer strings than ever before.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/exchange/gather.h"
#include "exec/exchange/partition.h"
#include "exec/exchange/port.h"
#include "runtime/ring0/credit.h"

namespace laminar::engine {

// The buffers of one sending shard for rows of one kind, shared by its channels. Sender's thread only.
class ExchangePool : public runtime::CoreConfined {
 public:
  // buffers_min: so many are made before one is used again; more than one core's cache holds travel through the shared
  // cache instead of being fetched back from the other core's.
  explicit ExchangePool(std::vector<data::Type> types, uint32_t buffers_min = 64, uint32_t buffers_max = 4096);
  ~ExchangePool();

  // Empty; null when buffers_max are all on their way.
  data::BatchBuffer* Take();
  void GiveBack(data::BatchBuffer* buffer);
  const std::vector<data::Type>& types() const { return types_; }
  bool has_heap() const { return has_heap_; }  // some column keeps bytes outside its rows
  size_t made() const { return all_.size(); }

 private:
  data::BatchBuffer* Make();

  std::vector<data::Type> types_;
  uint32_t buffers_min_;
  uint32_t buffers_max_;
  bool has_heap_;
  std::vector<std::unique_ptr<data::BatchBuffer>> all_;
  std::vector<data::BatchBuffer*> free_;  // a ring, as large as there are buffers
  size_t free_first_ = 0;
  size_t free_count_ = 0;
};

// What travels: rows, then a watermark, then a barrier; each may be missing.
struct ExchangeMessage {
  data::BatchBuffer* rows = nullptr;
  Timestamp watermark = kMinTimestamp;
  exec::Epoch epoch = 0;
  bool has_barrier = false;
  bool is_control = false;  // took a control place, not a credit
};

class ExchangeChannel final : public exec::ExchangePort {
 public:
  // The pool is the sender's, the floating credits the receiver's; both outlive the channel.
  ExchangeChannel(ExchangePool& pool, const runtime::BackpressureConfig& config, runtime::FloatingCredits* floating);
  ~ExchangeChannel() override;
  // Another thread goes on as one side, having seen all that side did.
  void RebindSender() {
    queue_.RebindSender();
    home_.RebindConsumer();
  }
  void RebindReceiver() {
    queue_.RebindReceiver();
    home_.RebindProducer();
  }

  // --- Sender ---
  bool TryPush(const data::Batch& batch) override;
  bool TryPushRows(const data::Batch& batch, const uint16_t* rows, uint32_t count) override;
  void PushWatermark(Timestamp watermark) override;
  void PushBarrier(exec::Epoch epoch) override;
  void Flush() override;
  bool IsBackpressured() override;
  bool IsHolding() const override;
  bool CanSend() override;
  uint64_t messages_sent() const { return messages_sent_; }
  uint64_t backpressured_count() { return queue_.credits().backpressured_count(); }

  // --- Receiver ---
  bool has_messages() const { return !queue_.empty(); }
  // Hands one message to the gather as input `channel`; kMore with is_empty when there was none.
  exec::Step Receive(exec::Gather& gather, uint32_t channel, bool& is_empty);
  // As Receive, but nothing is done with the message.
  void Discard(bool& is_empty);
  // Of the message that was received or discarded last: its barrier, or 0.
  exec::Epoch last_barrier() const { return last_barrier_; }
  // After some were received: lends credits if this channel is behind.
  void AfterReceiving() { queue_.LendIfBehind(); }

 private:
  // Room for `count` more rows in the open message behind all that was pushed.
  bool MakeRoom(uint32_t count);
  bool SendOpen();
  bool SendWaiting();
  void FetchHome();

  ExchangePool& pool_;
  runtime::CreditedQueue<ExchangeMessage> queue_;
  runtime::SpscQueue<data::BatchBuffer*> home_;  // receiver to sender

  // Sender's.
  ExchangeMessage open_;
  std::vector<ExchangeMessage> waiting_;  // barriers (and watermarks between them) that found no control place
  uint64_t messages_sent_ = 0;

  // Receiver's.
  exec::Epoch last_barrier_ = 0;
};

}  // namespace laminar::engine
