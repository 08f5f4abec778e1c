#include "engine/shard_section.h"

#include <algorithm>

#include "base/check.h"
#include "base/hot_scope.h"

namespace laminar::engine {

using exec::Step;

namespace {

// The end of a shard's chain: lets rows pass only while somebody reads them.
class Gate final : public exec::Operator {
 public:
  explicit Gate(const std::atomic<bool>& is_open) : is_open_(is_open) {}
  Status Open(const exec::Context&) override { return {}; }
  Step Process(int, data::Batch& batch, exec::Output& out) override {
    return is_open_.load(std::memory_order_relaxed) ? out.Push(batch) : Step::kMore;
  }
  Step Watermark(int, Timestamp watermark, exec::Output& out) override { return out.PushWatermark(watermark); }
  Step Barrier(exec::Epoch epoch, exec::Output& out) override {
    last_barrier_ = epoch;
    return out.PushBarrier(epoch);
  }
  exec::Epoch last_barrier() const { return last_barrier_; }

 private:
  const std::atomic<bool>& is_open_;
  exec::Epoch last_barrier_ = 0;
};

constexpr uint32_t kMessagesAPoll = 4;
constexpr uint32_t kMessagesUnderWay = 32;  // to one shard, and back from it
constexpr uint64_t kWarmUpMessages = 64;

}  // namespace

// One shard's instance.
class ShardSection::Lane final : public ShardTask {
 public:
  explicit Lane(ShardSection& section)
      : section_(section),
        in_(section.pool_, {.exclusive_credits = kMessagesUnderWay}, nullptr),
        out_pool_(section.request_.output),
        out_(out_pool_, {.exclusive_credits = kMessagesUnderWay}, nullptr),
        gather_(1),
        gate_(section.is_read_),
        sender_({section.request_.output, {}}, exec::VnodeTargets{}, {&out_}),
        late_(section.request_.late_types, section.request_.late_rows_max),
        errors_(section.request_.place, section.request_.error_rows_max) {}

  Status Open(uint32_t shard) {
    environment_ = *section_.request_.context.environment;
    environment_.random = &random_;
    exec::Context context = section_.request_.context;
    context.environment = &environment_;
    context.late_rows = &late_;
    context.row_errors = &errors_;
    context.parts = &section_.tables_;
    section_.tables_.BeginInstance();
    for (const OperatorFactory& make : section_.request_.chain) operators_.push_back(make(shard));
    exec::Operator* before = &gather_;
    for (const auto& op : operators_) {
      before->ConnectTo(op.get(), 0);
      before = op.get();
    }
    before->ConnectTo(&gate_, 0);
    gate_.ConnectTo(&sender_, 0);
    for (const auto& op : operators_) TRY(op->Open(context));
    return sender_.Open(context);
  }

  Polled Poll() override {
    RebindReceivers();
    environment_.now = section_.now_.load(std::memory_order_relaxed);
    environment_.watermark = gather_.watermark();
    Polled polled{.has_worked = sender_.CanMove()};
    if (!sender_.MakeReady()) return polled;
    const uint64_t rows_before = gather_.output().rows();
    for (uint32_t i = 0; i < kMessagesAPoll; ++i) {
      bool is_empty = false;
      if (Receive(is_empty) == Step::kFailed) Fail();
      if (is_failed_) PassBarrier();
      if (is_empty) break;
      polled.has_worked = true;
    }
    in_.AfterReceiving();
    sender_.Flush();
    polled.rows = gather_.output().rows() - rows_before;
    return polled;
  }
  bool HasWork() const override {
    auto& sender = const_cast<exec::Partition&>(sender_);
    return sender.CanMove() || (in_.has_messages() && !sender.IsBlocked());
  }

  // Between turns.
  void RebindReceivers() {
    in_.RebindReceiver();
    out_pool_.RebindOwner();
    out_.RebindSender();
  }
  Status failure() const {
    for (const auto& op : operators_) {
      if (!op->failure().ok()) return op->failure();
    }
    return {};
  }

  ShardSection& section_;
  ExchangeChannel in_;
  ExchangePool out_pool_;
  ExchangeChannel out_;
  exec::Gather gather_;
  Gate gate_;
  exec::Partition sender_;
  std::vector<std::unique_ptr<exec::Operator>> operators_;
  LateRows late_;
  ErrorRows errors_;
  expr::EvalEnvironment environment_;
  Random random_{0x5A4D};

 private:
  // A failed instance takes what comes and does nothing with it, so that nobody waits for it.
  Step Receive(bool& is_empty) {
    if (is_failed_) {
      in_.Discard(is_empty);
      return Step::kMore;
    }
    if (++messages_ <= kWarmUpMessages) return in_.Receive(gather_, 0, is_empty);
    HotScope hot("a batch through the operators of a shard");
    return in_.Receive(gather_, 0, is_empty);
  }
  // Behind the operators, which have failed: the other shards wait for it where all come together.
  void PassBarrier() {
    const exec::Epoch epoch = in_.last_barrier();
    if (epoch > gate_.last_barrier()) (void)gate_.Barrier(epoch, gate_.output());
  }
  void Fail() {
    is_failed_ = true;
    section_.has_failed_.store(true, std::memory_order_release);
  }

  uint64_t messages_ = 0;
  bool is_failed_ = false;
};

ShardSection::ShardSection(ShardSet& shards, SectionRequest request)
    : shards_(shards), request_(std::move(request)), pool_(request_.input), exit_(shards.size()) {
  std::vector<exec::ExchangePort*> ports;
  for (uint32_t i = 0; i < shards.size(); ++i) {
    lanes_.push_back(std::make_unique<Lane>(*this));
    ports.push_back(&lanes_.back()->in_);
  }
  entry_ = std::make_unique<exec::Partition>(exec::PartitionSpec{request_.input, request_.keys},
                                             exec::EvenTargets(shards.size()), std::move(ports));
}

ShardSection::~ShardSection() {
  for (uint32_t i = 0; i < lanes_.size(); ++i) shards_.RemoveTask(i, lanes_[i].get());
}

Status ShardSection::Open() {
  TRY(entry_->Open(request_.context));
  TRY(exit_.Open(request_.context));
  for (uint32_t i = 0; i < lanes_.size(); ++i) TRY(lanes_[i]->Open(i));
  for (uint32_t i = 0; i < lanes_.size(); ++i) shards_.AddTask(i, lanes_[i].get());
  return {};
}

const std::vector<std::unique_ptr<exec::Operator>>& ShardSection::operators(uint32_t shard) const {
  return lanes_[shard]->operators_;
}
const LateRows& ShardSection::late(uint32_t shard) const { return lanes_[shard]->late_; }
const ErrorRows& ShardSection::errors(uint32_t shard) const { return lanes_[shard]->errors_; }

void ShardSection::Prepare(Timestamp now) {
  now_.store(now, std::memory_order_relaxed);
  pool_.RebindOwner();
  for (const auto& lane : lanes_) {
    lane->in_.RebindSender();
    lane->out_.RebindReceiver();
  }
}

bool ShardSection::IsHolding() {
  if (!entry_->MakeReady()) return true;
  return std::ranges::any_of(lanes_, [](const auto& lane) { return lane->in_.IsHolding(); });
}

bool ShardSection::HasOutput() const {
  return std::ranges::any_of(lanes_, [](const auto& lane) { return lane->out_.has_messages(); });
}

bool ShardSection::TakeHasSent() {
  uint64_t sent = 0;
  for (const auto& lane : lanes_) sent += lane->in_.messages_sent();
  return std::exchange(messages_sent_, sent) != sent;
}

bool ShardSection::Drain() {
  bool any = false;
  for (uint32_t i = 0; i < lanes_.size(); ++i) {
    bool is_empty = false;
    for (uint32_t n = 0; n < kMessagesAPoll && exit_.MayRead(i); ++n) {
      // What fails behind is known there.
      (void)lanes_[i]->out_.Receive(exit_, i, is_empty);
      if (is_empty) break;
      any = true;
    }
    lanes_[i]->out_.AfterReceiving();
  }
  return any;
}

Status ShardSection::failure() const {
  for (const auto& lane : lanes_) {
    if (Status status = lane->failure(); !status.ok()) return status;
  }
  return {};
}

}  // namespace laminar::engine
