#include "engine/exchange_channel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/hot_scope.h"
#include "base/random.h"
#include "data/consolidate.h"
#include "data/random_values.h"
#include "engine/shard_set.h"
#include "os/cpu.h"

namespace laminar::engine {
namespace {

using data::BatchBuffer;
using data::Row;
using data::Type;
using data::TypeId;
using data::Value;
using exec::Epoch;
using exec::Step;

// Behind a gather: keeps rows with the number of barriers seen before them, and says when something is wrong.
class Tail final : public exec::Operator {
 public:
  explicit Tail(std::vector<Type> row_types) : types(std::move(row_types)) {}
  Status Open(const exec::Context&) override { return {}; }
  Step Process(int, data::Batch& batch, exec::Output&) override {
    if (keeps_rows) {
      AllowAllocation test;
      for (Row& row : data::RowsOf(batch, types)) {
        rows.push_back(std::move(row));
        epoch_of_row.push_back(last_barrier);
      }
    }
    count += batch.rows;
    for (uint32_t i = 0; i < batch.rows && types[0].id() == TypeId::kInt64; ++i)
      sum += static_cast<uint64_t>(batch.columns[0].As<int64_t>()[i]);
    return Step::kMore;
  }
  Step Watermark(int, Timestamp mark, exec::Output&) override {
    wrong += mark <= watermark ? 1 : 0;
    watermark = mark;
    return Step::kMore;
  }
  Step Barrier(Epoch epoch, exec::Output&) override {
    wrong += epoch == last_barrier + 1 ? 0 : 1;
    last_barrier = epoch;
    return Step::kMore;
  }
  std::vector<Type> types;
  std::vector<Row> rows;
  std::vector<Epoch> epoch_of_row;
  Timestamp watermark = kMinTimestamp;
  Epoch last_barrier = 0;
  uint64_t count = 0;
  uint64_t sum = 0;
  uint64_t wrong = 0;
  bool keeps_rows = true;
};

// Reads the channels of one receiving shard in turn, those the gather may read, as long as what is behind has room.
class Receiver final : public ShardTask {
 public:
  Receiver(exec::Gather& gather, std::vector<ExchangeChannel*> channels, exec::Partition* downstream = nullptr)
      : gather_(gather), channels_(std::move(channels)), downstream_(downstream) {}

  Polled Poll() override {
    Polled polled;
    for (ExchangeChannel* channel : channels_) channel->RebindReceiver();
    if (downstream_ != nullptr) {
      polled.has_worked = downstream_->CanMove();
      if (!downstream_->MakeReady()) return polled;
    }
    for (size_t n = 0; n < channels_.size(); ++n) {
      const size_t i = (first_ + n) % channels_.size();
      for (int taken = 0; taken < 4 && gather_.MayRead(static_cast<uint32_t>(i)); ++taken) {
        bool is_empty = false;
        CHECK(channels_[i]->Receive(gather_, static_cast<uint32_t>(i), is_empty) != Step::kFailed);
        if (is_empty) break;
        polled.has_worked = true;
      }
      channels_[i]->AfterReceiving();
    }
    ++first_;
    if (downstream_ != nullptr) downstream_->Flush();
    if (polled.has_worked && after_work) after_work();
    return polled;
  }
  bool HasWork() const override {
    if (downstream_ != nullptr && downstream_->CanMove()) return true;
    if (downstream_ != nullptr && downstream_->IsBlocked()) return false;
    for (size_t i = 0; i < channels_.size(); ++i) {
      if (gather_.MayRead(static_cast<uint32_t>(i)) && channels_[i]->has_messages()) return true;
    }
    return false;
  }
  std::function<void()> after_work;  // wakes who waits for rows or room

 private:
  exec::Gather& gather_;
  std::vector<ExchangeChannel*> channels_;
  exec::Partition* downstream_;
  size_t first_ = 0;
};

// One receiving shard and its channels from every sender.
struct Target {
  Target(std::vector<Type> types, uint32_t senders, const runtime::BackpressureConfig& config)
      : floating(config.floating_credits), gather(senders), tail(std::move(types)) {
    gather.ConnectTo(&tail, 0);
  }
  std::vector<ExchangeChannel*> Channels() const {
    std::vector<ExchangeChannel*> all;
    for (const auto& channel : channels) all.push_back(channel.get());
    return all;
  }
  runtime::FloatingCredits floating;
  exec::Gather gather;
  Tail tail;
  std::vector<std::unique_ptr<ExchangeChannel>> channels;
  std::unique_ptr<Receiver> receiver;
};

// A whole exchange: senders x targets.
struct Exchange {
  Exchange(std::vector<Type> row_types, std::vector<uint32_t> keys, uint32_t senders, uint32_t targets,
           const runtime::BackpressureConfig& config = {}, uint32_t buffers_min = 4)
      : types(std::move(row_types)) {
    for (uint32_t s = 0; s < senders; ++s) pools.push_back(std::make_unique<ExchangePool>(types, buffers_min));
    for (uint32_t t = 0; t < targets; ++t) {
      to.push_back(std::make_unique<Target>(types, senders, config));
      for (auto& pool : pools)
        to[t]->channels.push_back(std::make_unique<ExchangeChannel>(*pool, config, &to[t]->floating));
      to[t]->receiver = std::make_unique<Receiver>(to[t]->gather, to[t]->Channels());
    }
    for (uint32_t s = 0; s < senders; ++s) {
      std::vector<exec::ExchangePort*> ports;
      for (auto& target : to) ports.push_back(target->channels[s].get());
      partitions.push_back(
          std::make_unique<exec::Partition>(exec::PartitionSpec{types, keys}, exec::EvenTargets(targets), ports));
      CHECK(partitions.back()->Open({}).ok());
    }
  }
  std::vector<Type> types;
  std::vector<std::unique_ptr<ExchangePool>> pools;
  std::vector<std::unique_ptr<Target>> to;
  std::vector<std::unique_ptr<exec::Partition>> partitions;
};

// Sends a random stream, one step a poll; blocked while the partition is.
class Source final : public ShardTask {
 public:
  Source(exec::Partition& partition, std::vector<Type> types, uint64_t seed, uint32_t steps)
      : partition_(partition), types_(std::move(types)), random_(seed), steps_left_(steps) {}

  Polled Poll() override {
    if (rebinds_sender) rebinds_sender();
    Polled polled{.has_worked = partition_.CanMove()};
    const bool is_ready = partition_.MakeReady();
    if (is_ready && !is_done_) {
      polled.has_worked = true;
      Step();
      partition_.Flush();
    }
    if (polled.has_worked && after_work) after_work();
    return polled;
  }
  bool HasWork() const override { return partition_.CanMove() || (!is_done_ && !partition_.IsBlocked()); }

  std::vector<Row> sent;             // in order
  std::vector<Epoch> epoch_of_sent;  // barriers sent before it
  bool is_done() const { return is_done_; }
  std::function<void()> after_work;
  std::function<void()> rebinds_sender;

 private:
  void Step() {
    if (steps_left_ == 0) {
      partition_.Watermark(0, kMaxTimestamp, out_);
      is_done_ = true;
      return;
    }
    --steps_left_;
    if (steps_left_ % 16 == 15) {
      partition_.Barrier(++epoch_, out_);
    } else if (random_.OneIn(3)) {
      partition_.Watermark(0, static_cast<Timestamp>(watermark_ += random_.Below(5)), out_);
    } else {
      BatchBuffer buffer(types_);
      data::AppendRandomRows(random_, buffer, static_cast<uint32_t>(1 + random_.Below(random_.OneIn(8) ? 1024 : 30)),
                             random_.OneIn(2));
      for (Row& row : data::RowsOf(buffer.batch(), types_)) {
        sent.push_back(std::move(row));
        epoch_of_sent.push_back(epoch_);
      }
      partition_.Process(0, buffer.batch(), out_);
    }
  }
  exec::Partition& partition_;
  std::vector<Type> types_;
  Random random_;
  uint32_t steps_left_;
  Epoch epoch_ = 0;
  uint64_t watermark_ = 0;
  bool is_done_ = false;
  exec::Output out_;
};

// What must hold when all has arrived: per sender and target the rows in their order, each once, none on the wrong side
// of a barrier.
struct Expected {
  Epoch barriers = 0;
  bool keeps_order = true;  // not behind two exchanges, where rows of one sender take different ways
};

void CheckArrived(Exchange& exchange, std::vector<std::unique_ptr<Source>>& sources, std::span<const uint32_t> keys,
                  Expected expected) {
  const auto targets = static_cast<uint32_t>(exchange.to.size());
  // Which rows of which sender are for which target.
  std::vector<std::vector<std::vector<size_t>>> waiting(targets, std::vector<std::vector<size_t>>(sources.size()));
  std::vector<uint64_t> hashes(data::kBatchCapacity);
  for (size_t s = 0; s < sources.size(); ++s) {
    const Source& source = *sources[s];
    for (size_t i = 0; i < source.sent.size(); ++i) {
      BatchBuffer one(exchange.types, 1);
      one.AppendRow(source.sent[i].values);
      data::HashRows(one.batch(), exchange.types, keys, hashes.data());
      waiting[(hashes[0] & 255) * targets / 256][s].push_back(i);
    }
  }
  for (uint32_t t = 0; t < targets; ++t) {
    Tail& tail = exchange.to[t]->tail;
    REQUIRE(tail.wrong == 0);
    REQUIRE(tail.last_barrier == expected.barriers);
    REQUIRE(tail.watermark == kMaxTimestamp);
    for (size_t s = 0; s < sources.size() && expected.keeps_order; ++s) {  // among the rows of the others
      size_t matched = 0;
      for (size_t i = 0; i < tail.rows.size() && matched < waiting[t][s].size(); ++i)
        matched += tail.rows[i] == sources[s]->sent[waiting[t][s][matched]] ? 1 : 0;
      REQUIRE(matched == waiting[t][s].size());
    }
    // All rows, each once: by epoch, as multisets; and with one sender the exact order.
    std::vector<Row> got = tail.rows;
    std::vector<Row> want;
    for (size_t i = 0; i < got.size(); ++i)
      got[i].values.push_back(Value::Int(static_cast<int64_t>(tail.epoch_of_row[i])));
    for (size_t s = 0; s < sources.size(); ++s) {
      for (const size_t i : waiting[t][s]) {
        want.push_back(sources[s]->sent[i]);
        want.back().values.push_back(Value::Int(static_cast<int64_t>(sources[s]->epoch_of_sent[i])));
      }
    }
    REQUIRE(got.size() == want.size());
    std::vector<Type> with_epoch = exchange.types;
    with_epoch.push_back(TypeId::kInt64);
    if (sources.size() > 1) {
      auto order = [&](const Row& a, const Row& b) {
        const int by_values = data::CompareRows(a, b, with_epoch);
        return by_values != 0 ? by_values < 0 : a.weight < b.weight;
      };
      std::ranges::sort(got, order);
      std::ranges::sort(want, order);
    }
    for (size_t i = 0; i < got.size(); ++i) REQUIRE(got[i] == want[i]);
  }
}

// Of one sender of an exchange: whoever turns its shard sends now.
std::function<void()> Rebinding(Exchange& exchange, uint32_t sender) {
  return [&exchange, sender] {
    exchange.pools[sender]->RebindOwner();
    for (auto& target : exchange.to) target->channels[sender]->RebindSender();
  };
}

struct Shape {
  uint32_t senders = 1;
  uint32_t targets = 1;
  uint32_t steps = 64;
};

// One shard after the other, each next one drawn by chance.
void RunDry(ShardSet& shards) {
  runtime::CoreBudgets budgets(os::RealClock());
  for (uint64_t turn = 0; turn < 1'000'000; ++turn) {
    shards.Wake();
    if (!shards.Help(budgets)) break;
  }
  REQUIRE(shards.IsIdle());
}

void RunOnOneThread(uint64_t seed) {
  Random random(seed);
  std::vector<Type> types;
  for (uint64_t n = 1 + random.Below(4); n > 0; --n) types.push_back(data::RandomType(random, 2));
  std::vector<uint32_t> keys;
  for (uint32_t c = 0; c < types.size(); ++c) {
    if (random.OneIn(2)) keys.push_back(c);
  }
  const Shape shape{.senders = static_cast<uint32_t>(1 + random.Below(3)),
                    .targets = static_cast<uint32_t>(1 + random.Below(4))};
  const runtime::BackpressureConfig config{.exclusive_credits = static_cast<uint32_t>(1 + random.Below(4)),
                                           .floating_credits = static_cast<uint32_t>(random.Below(5))};
  Exchange exchange(types, keys, shape.senders, shape.targets, config, static_cast<uint32_t>(random.Below(5)));
  std::vector<std::unique_ptr<Source>> sources;
  ShardSet shards(shape.senders + shape.targets, os::RealClock());
  shards.SetSeed(seed);
  for (uint32_t s = 0; s < shape.senders; ++s) {
    sources.push_back(std::make_unique<Source>(*exchange.partitions[s], types, seed * 10 + s, shape.steps));
    shards.AddTask(s, sources[s].get());
  }
  for (uint32_t t = 0; t < shape.targets; ++t) shards.AddTask(shape.senders + t, exchange.to[t]->receiver.get());
  RunDry(shards);
  CheckArrived(exchange, sources, keys, {.barriers = shape.steps / 16});
}

TEST_CASE("exchange: random types, shapes, credits and interleavings lose, double and reorder nothing") {
#ifdef __SANITIZE_THREAD__
  constexpr uint64_t kSeeds = 40;
#else
  constexpr uint64_t kSeeds = 120;
#endif
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    RunOnOneThread(seed);
  }
}

void RunOnThreads(uint64_t seed, const Shape& shape) {
  Random random(seed);
  std::vector<Type> types = {TypeId::kInt64};
  for (uint64_t n = random.Below(4); n > 0; --n) types.push_back(data::RandomType(random, 2));
  const std::vector<uint32_t> keys = {0};
  Exchange exchange(types, keys, shape.senders, shape.targets);
  std::vector<std::unique_ptr<Source>> sources;
  ShardSet shards(shape.senders + shape.targets, os::RealClock());
  for (uint32_t s = 0; s < shape.senders; ++s) {
    sources.push_back(std::make_unique<Source>(*exchange.partitions[s], types, seed * 10 + s, shape.steps));
    sources[s]->after_work = [&] { shards.Wake(); };
    sources[s]->rebinds_sender = Rebinding(exchange, s);
    shards.AddTask(s, sources[s].get());
  }
  for (uint32_t t = 0; t < shape.targets; ++t) {
    exchange.to[t]->receiver->after_work = [&] { shards.Wake(); };
    shards.AddTask(shape.senders + t, exchange.to[t]->receiver.get());
  }
  REQUIRE(shards.StartWorkers(shape.senders + shape.targets).ok());
  shards.Wake();
  // Idle shards that were idle before as well, without a turn between: nothing is on its way.
  for (uint64_t turns = UINT64_MAX; turns != shards.turns() || !shards.IsIdle();) {
    turns = shards.turns();
    while (!shards.IsIdle()) os::CpuRelax();
  }
  for (auto& source : sources) REQUIRE(source->is_done());
  CheckArrived(exchange, sources, keys, {.barriers = shape.steps / 16});
}

TEST_CASE("exchange: two threads, one way") {
  for (uint64_t seed = 0; seed < 6; ++seed) RunOnThreads(seed, {.senders = 1, .targets = 1, .steps = 320});
}

TEST_CASE("exchange: many senders and receivers on threads that sleep when idle") {
  for (uint64_t seed = 0; seed < 6; ++seed) RunOnThreads(100 + seed, {.senders = 3, .targets = 3, .steps = 160});
}

TEST_CASE("exchange: a barrier passes a channel without credits, with the rows before it and none behind it") {
  const std::vector<Type> types = {TypeId::kInt64};
  Exchange exchange(types, {0}, 1, 1);
  ExchangeChannel& channel = *exchange.to[0]->channels[0];
  BatchBuffer full(types);
  for (int64_t i = 0; i < data::kBatchCapacity; ++i) full.AppendRow(std::vector<Value>{Value::Int(1)});
  uint64_t taken = 0;
  while (channel.TryPush(full.batch())) taken += data::kBatchCapacity;
  CHECK(taken == 5 * data::kBatchCapacity);  // four credits and the open buffer
  CHECK(channel.IsBackpressured());
  channel.PushBarrier(1);
  channel.PushWatermark(10);
  channel.Flush();
  uint64_t more = 0;
  while (channel.TryPush(full.batch())) more += data::kBatchCapacity;
  CHECK(more == data::kBatchCapacity);  // once more into the open buffer
  bool is_empty = false;
  while (exchange.to[0]->tail.last_barrier == 0) {
    REQUIRE(channel.Receive(exchange.to[0]->gather, 0, is_empty) == Step::kMore);
    REQUIRE_FALSE(is_empty);
  }
  CHECK(exchange.to[0]->tail.count == taken);
  CHECK(exchange.to[0]->tail.watermark == kMinTimestamp);
  // A receiver that stands still: barriers and watermarks beyond every place are kept and come in order.
  for (Epoch epoch = 2; epoch < 60; ++epoch) {
    channel.PushBarrier(epoch);
    channel.PushWatermark(static_cast<Timestamp>(epoch * 10));
    channel.PushWatermark(static_cast<Timestamp>(epoch * 10 + 1));
  }
  for (int i = 0; i < 300; ++i) {
    channel.Flush();
    REQUIRE(channel.Receive(exchange.to[0]->gather, 0, is_empty) == Step::kMore);
  }
  CHECK(exchange.to[0]->tail.last_barrier == 59);
  CHECK(exchange.to[0]->tail.watermark == 591);
  CHECK(exchange.to[0]->tail.wrong == 0);
  CHECK(exchange.to[0]->tail.count == taken + more);
  CHECK_FALSE(channel.IsHolding());
}

TEST_CASE("exchange: the steady state allocates nothing") {
  const std::vector<Type> types = {TypeId::kInt64, TypeId::kDouble, TypeId::kTimestamp};
  Exchange exchange(types, {0}, 1, 3);
  for (auto& target : exchange.to) target->tail.keeps_rows = false;
  Random random(5);
  BatchBuffer batch(types);
  for (int64_t i = 0; i < data::kBatchCapacity; ++i)
    batch.AppendRow(std::vector<Value>{Value::Int(i), Value::Double(0.5), Value::Int(i * 1000)});
  exec::Output out;
  uint64_t sent = 0;
  auto round = [&](int n) {
    for (int i = 0; i < n; ++i) {
      if (exchange.partitions[0]->MakeReady()) {
        exchange.partitions[0]->Process(0, batch.batch(), out);
        sent += batch.rows();
      }
      exchange.partitions[0]->Watermark(0, static_cast<Timestamp>(sent), out);
      exchange.partitions[0]->Flush();
      if (i % 3 != 0) {
        for (auto& target : exchange.to) target->receiver->Poll();
      }
    }
  };
  round(200);
  const size_t made = exchange.pools[0]->made();
  {
    HotScope hot("an exchange");
    round(2'000);
  }
  CHECK(exchange.pools[0]->made() == made);
  CHECK(sent > 500 * data::kBatchCapacity);
}

TEST_CASE("exchange: a second exchange behind the first on the same shards, blocked and unblocked, loses nothing") {
  for (uint64_t seed = 0; seed < 25; ++seed) {
    const std::vector<Type> types = {TypeId::kInt64, TypeId::kInt64};
    const runtime::BackpressureConfig tight{.exclusive_credits = 1, .floating_credits = 1};
    Exchange first(types, {0}, 2, 2, tight, 0);
    Exchange second(types, {1}, 2, 2, tight, 0);
    std::vector<std::unique_ptr<Source>> sources;
    ShardSet shards(2, os::RealClock());
    shards.SetSeed(seed);
    std::vector<std::unique_ptr<Receiver>> middles;
    for (uint32_t s = 0; s < 2; ++s) {
      sources.push_back(std::make_unique<Source>(*first.partitions[s], types, seed * 10 + s, 96));
      first.to[s]->gather.ConnectTo(second.partitions[s].get(), 0);
      middles.push_back(
          std::make_unique<Receiver>(first.to[s]->gather, first.to[s]->Channels(), second.partitions[s].get()));
      shards.AddTask(s, sources[s].get());
      shards.AddTask(s, middles[s].get());
      shards.AddTask(s, second.to[s]->receiver.get());
    }
    RunDry(shards);
    CheckArrived(second, sources, std::array<uint32_t, 1>{1}, {.barriers = 6, .keeps_order = false});
  }
}

}  // namespace
}  // namespace laminar::engine
