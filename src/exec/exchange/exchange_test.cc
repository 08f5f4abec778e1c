#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/hot_scope.h"
#include "base/random.h"
#include "data/consolidate.h"
#include "data/random_values.h"
#include "exec/exchange/gather.h"
#include "exec/exchange/partition.h"

namespace laminar::exec {
namespace {

using data::Batch;
using data::BatchBuffer;
using data::Row;
using data::Type;
using data::TypeId;
using data::Value;

// One thing that arrived.
struct Arrived {
  char what = 'r';  // r: row, w: watermark, b: barrier
  Row row;
  int64_t number = 0;
};

// Keeps what it is given; says no when told so.
class ListPort final : public ExchangePort {
 public:
  explicit ListPort(std::vector<Type> types) : types_(std::move(types)) {}
  bool TryPush(const Batch& batch) override {
    if (refuses) return false;
    ++whole_batches;
    for (Row& row : data::RowsOf(batch, types_)) arrived.push_back({.row = std::move(row)});
    return true;
  }
  bool TryPushRows(const Batch& batch, const uint16_t* rows, uint32_t count) override {
    if (refuses) return false;
    const std::vector<Row> all = data::RowsOf(batch, types_);
    for (uint32_t i = 0; i < count; ++i) arrived.push_back({.row = all[rows[i]]});
    return true;
  }
  void PushWatermark(Timestamp watermark) override { arrived.push_back({.what = 'w', .row = {}, .number = watermark}); }
  void PushBarrier(Epoch epoch) override {
    arrived.push_back({.what = 'b', .row = {}, .number = static_cast<int64_t>(epoch)});
  }
  void Flush() override { ++flushes; }
  bool IsBackpressured() override { return false; }
  bool IsHolding() const override { return false; }
  bool CanSend() override { return !refuses; }

  std::vector<Arrived> arrived;
  uint64_t whole_batches = 0;
  uint64_t flushes = 0;
  bool refuses = false;

 private:
  std::vector<Type> types_;
};

struct Sender {
  Sender(std::vector<Type> row_types, std::vector<uint32_t> keys, uint32_t shards) : types(std::move(row_types)) {
    std::vector<ExchangePort*> pointers;
    for (uint32_t i = 0; i < shards; ++i) {
      ports.push_back(std::make_unique<ListPort>(types));
      pointers.push_back(ports.back().get());
    }
    partition = std::make_unique<Partition>(PartitionSpec{types, std::move(keys)}, EvenTargets(shards), pointers);
    CHECK(partition->Open({}).ok());
  }
  std::vector<Type> types;
  std::vector<std::unique_ptr<ListPort>> ports;
  std::unique_ptr<Partition> partition;
  Output out;
};

TEST_CASE("rows of random types go where their key says, in order, with weights, each exactly once") {
  Random random(61);
  for (int round = 0; round < 150; ++round) {
    std::vector<Type> types;
    for (uint64_t n = 1 + random.Below(4); n > 0; --n) types.push_back(data::RandomType(random, 2));
    std::vector<uint32_t> keys;
    for (uint32_t c = 0; c < types.size(); ++c) {
      if (random.OneIn(2)) keys.push_back(c);
    }
    const auto shards = static_cast<uint32_t>(1 + random.Below(9));
    Sender sender(types, keys, shards);
    std::vector<std::vector<Arrived>> expected(shards);
    for (int step = 0; step < 8; ++step) {
      for (auto& port : sender.ports) port->refuses = random.OneIn(3);
      if (random.OneIn(4)) {
        const auto number = static_cast<int64_t>(step);
        const bool is_barrier = random.OneIn(2);
        if (is_barrier)
          sender.partition->Barrier(static_cast<Epoch>(number), sender.out);
        else
          sender.partition->Watermark(0, number, sender.out);
        for (auto& list : expected) list.push_back({.what = is_barrier ? 'b' : 'w', .row = {}, .number = number});
        continue;
      }
      BatchBuffer buffer(types);
      data::AppendRandomRows(random, buffer, static_cast<uint32_t>(random.Below(random.OneIn(4) ? 1025 : 40)),
                             random.OneIn(2), 20);
      std::vector<uint64_t> hashes(data::kBatchCapacity);
      data::HashRows(buffer.batch(), types, keys, hashes.data());
      const std::vector<Row> rows = data::RowsOf(buffer.batch(), types);
      for (size_t i = 0; i < rows.size(); ++i) {
        expected[(hashes[i] & 255) * shards / 256].push_back({.row = rows[i]});
      }
      sender.partition->Process(0, buffer.batch(), sender.out);
    }
    for (auto& port : sender.ports) port->refuses = false;
    CHECK(sender.partition->MakeReady());
    CHECK_FALSE(sender.partition->CanMove());
    for (uint32_t t = 0; t < shards; ++t) {
      // Watermarks that waited together may have become one: the last.
      const std::vector<Arrived>& got = sender.ports[t]->arrived;
      size_t at = 0;
      for (size_t i = 0; i < expected[t].size(); ++i) {
        const Arrived& want = expected[t][i];
        if (want.what == 'w' && i + 1 < expected[t].size() && expected[t][i + 1].what == 'w' &&
            (at >= got.size() || got[at].what != 'w' || got[at].number != want.number))
          continue;
        REQUIRE(at < got.size());
        REQUIRE(got[at].what == want.what);
        REQUIRE(got[at].number == want.number);
        REQUIRE(got[at].row == want.row);
        ++at;
      }
      REQUIRE(at == got.size());
    }
  }
}

TEST_CASE("a batch whose rows have one target is handed on whole") {
  Sender sender({TypeId::kInt64, TypeId::kVarchar}, {0}, 8);
  for (int round = 0; round < 20; ++round) {
    BatchBuffer buffer(sender.types);
    for (int i = 0; i < 100; ++i) buffer.AppendRow(std::vector<Value>{Value::Int(round), Value::String("x")});
    sender.partition->Process(0, buffer.batch(), sender.out);
  }
  uint64_t whole = 0;
  for (auto& port : sender.ports) whole += port->whole_batches;
  CHECK(whole == 20);
}

TEST_CASE("targets own neighbouring vnodes, evenly, whatever their number") {
  for (uint32_t targets = 1; targets <= 64; ++targets) {
    const VnodeTargets map = EvenTargets(targets);
    std::vector<uint32_t> owned(targets);
    uint16_t last = 0;
    for (const uint16_t target : map) {
      REQUIRE(target < targets);
      REQUIRE(target >= last);
      last = target;
      ++owned[target];
    }
    for (const uint32_t vnodes : owned) {
      CHECK(vnodes >= kVnodes / targets);
      CHECK(vnodes <= kVnodes / targets + 1);
    }
  }
}

TEST_CASE("keys spread evenly, and null keys meet on one shard") {
  Sender sender({TypeId::kInt64}, {0}, 4);
  for (int64_t key = 0; key < 100'000; key += 1000) {
    BatchBuffer buffer(sender.types);
    for (int64_t i = 0; i < 1000; ++i) buffer.AppendRow(std::vector<Value>{Value::Int(key + i)});
    sender.partition->Process(0, buffer.batch(), sender.out);
  }
  for (size_t t = 0; t < 4; ++t) {
    CHECK(sender.partition->rows_to(t) > 23'000);
    CHECK(sender.partition->rows_to(t) < 27'000);
  }
  BatchBuffer nulls(sender.types);
  for (int i = 0; i < 50; ++i) nulls.AppendRow(std::vector<Value>{Value::Null()});
  const uint64_t whole_before = sender.ports[0]->whole_batches + sender.ports[1]->whole_batches +
                                sender.ports[2]->whole_batches + sender.ports[3]->whole_batches;
  sender.partition->Process(0, nulls.batch(), sender.out);
  CHECK(sender.ports[0]->whole_batches + sender.ports[1]->whole_batches + sender.ports[2]->whole_batches +
            sender.ports[3]->whole_batches ==
        whole_before + 1);
}

class Log final : public Operator {
 public:
  Status Open(const Context&) override { return {}; }
  Step Process(int, Batch& batch, Output&) override {
    for (uint32_t i = 0; i < batch.rows; ++i) text += std::to_string(batch.columns[0].As<int64_t>()[i]) + " ";
    return Step::kMore;
  }
  Step Watermark(int, Timestamp watermark, Output&) override {
    text += watermark == kMaxTimestamp ? "end " : "w" + std::to_string(watermark) + " ";
    return Step::kMore;
  }
  Step Barrier(Epoch epoch, Output&) override {
    text += "b" + std::to_string(epoch) + " ";
    return Step::kMore;
  }
  std::string Take() { return std::exchange(text, {}); }
  std::string text;
};

struct Receiver {
  explicit Receiver(uint32_t channels) : gather(channels) { gather.ConnectTo(&log, 0); }
  void Row(int channel, int64_t value) {
    BatchBuffer buffer({TypeId::kInt64});
    buffer.AppendRow(std::vector<Value>{Value::Int(value)});
    gather.Process(channel, buffer.batch(), gather.output());
  }
  void Watermark(int channel, Timestamp watermark) { gather.Watermark(channel, watermark, gather.output()); }
  Step Barrier(uint32_t channel, Epoch epoch) { return gather.ChannelBarrier(channel, epoch, gather.output()); }
  Gather gather;
  Log log;
};

TEST_CASE("the watermark of a gather is the lowest of its channels and ends with the last") {
  Receiver r(3);
  r.Watermark(0, 10);
  r.Watermark(1, 20);
  CHECK(r.log.Take() == "");
  r.Watermark(2, 5);
  CHECK(r.log.Take() == "w5 ");
  r.Watermark(2, 4);
  r.Watermark(2, kMaxTimestamp);
  CHECK(r.log.Take() == "w10 ");
  r.Watermark(0, kMaxTimestamp);
  CHECK(r.log.Take() == "w20 ");
  r.Watermark(1, kMaxTimestamp);
  CHECK(r.log.Take() == "end ");
  CHECK(r.gather.has_ended());
}

TEST_CASE("a channel that delivered a barrier waits for the others, and ended ones are not waited for") {
  Receiver r(3);
  r.Row(0, 1);
  r.Barrier(0, 7);
  CHECK_FALSE(r.gather.MayRead(0));
  CHECK(r.gather.MayRead(1));
  r.Row(1, 2);
  r.Barrier(1, 7);
  r.Watermark(2, 50);
  CHECK(r.log.Take() == "1 2 ");
  CHECK(r.gather.waiting_count() == 2);
  r.Row(2, 3);
  r.Barrier(2, 7);
  CHECK(r.log.Take() == "3 b7 ");
  for (uint32_t c = 0; c < 3; ++c) CHECK(r.gather.MayRead(c));
  // The end of a channel completes an alignment, and what it says afterwards changes nothing.
  r.Barrier(0, 8);
  r.Barrier(1, 8);
  r.Watermark(2, kMaxTimestamp);
  CHECK(r.log.Take() == "b8 ");
  r.Barrier(2, 8);
  CHECK(r.gather.MayRead(2));
  r.Watermark(0, kMaxTimestamp);
  r.Watermark(1, kMaxTimestamp);
  CHECK(r.log.Take() == "end ");
  // After all have ended the first to say it passes it on, once.
  r.Barrier(1, 9);
  r.Barrier(0, 9);
  CHECK(r.log.Take() == "b9 ");
}

TEST_CASE("a barrier out of order is an error and no silent cut") {
  Receiver r(2);
  r.Barrier(0, 3);
  CHECK(r.Barrier(1, 4) == Step::kFailed);
  CHECK(r.gather.failure().code() == ErrorCode::kBadArgument);
  Receiver again(2);
  again.Barrier(0, 3);
  again.Barrier(1, 3);
  CHECK(again.Barrier(0, 3) == Step::kFailed);
  CHECK(again.gather.Barrier(4, again.gather.output()) == Step::kFailed);
}

}  // namespace
}  // namespace laminar::exec
