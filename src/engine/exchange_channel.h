// The way of batches from one shard to another: a queue with credits, buffers from the sender's pool that come home by
// a queue of their own, and the task that reads all channels of a receiver into a Gather.
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
#include "runtime/ring0/core_loop.h"
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
  // Who is woken: the receiver when something was sent, the sender when room came back. Null: nobody.
  void SetLoops(runtime::CoreLoop* sender, runtime::CoreLoop* receiver);
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
  // After some were received: wakes the sender if it sleeps, lends credits if this channel is behind.
  void AfterReceiving();

 private:
  // Room for `count` more rows in the open message behind all that was pushed.
  bool MakeRoom(uint32_t count);
  bool SendOpen();
  bool SendWaiting();
  void NoteSent();
  void FetchHome();

  ExchangePool& pool_;
  runtime::CreditedQueue<ExchangeMessage> queue_;
  runtime::SpscQueue<data::BatchBuffer*> home_;  // receiver to sender
  runtime::CoreLoop* sender_loop_ = nullptr;
  runtime::CoreLoop* receiver_loop_ = nullptr;

  // Sender's.
  ExchangeMessage open_;
  std::vector<ExchangeMessage> waiting_;  // barriers (and watermarks between them) that found no control place
  uint64_t messages_sent_ = 0;
  bool has_unannounced_ = false;
};

struct ReceiverParts {
  exec::Gather* gather = nullptr;
  std::vector<ExchangeChannel*> channels;    // channels[i] is input i of the gather
  std::vector<exec::Partition*> downstream;  // behind the gather on this shard; while one is blocked nothing is read
  std::vector<const exec::Operator*> operators;  // behind the gather: whose failure is told
};

// Reads the channels of one receiving shard in turn, those the gather may read.
class ExchangeReceiver final : public runtime::CoreTask {
 public:
  explicit ExchangeReceiver(ReceiverParts parts);

  runtime::Polled Poll() override;
  bool HasWork() const override;
  Status failure() const override;

 private:
  static constexpr uint32_t kMessagesPerChannel = 4;  // a poll

  ReceiverParts parts_;
  size_t first_ = 0;
};

}  // namespace laminar::engine
