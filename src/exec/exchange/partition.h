// Partition: the sending operator of an exchange: each row goes to the shard that owns the vnode of its key.
//
// vnode = the lowest 8 bits of the hash of the key columns (NULL is a key like any other); a map of 256 entries says
// which target owns it. Order per target is the order of arrival; weights travel along; rows of a batch that all have
// one target go on as they are, without being picked out. Watermarks and barriers go to every target behind the rows
// before them.
//
// A nested push cannot stop half-way, so what a port refuses is kept here, in order, and IsBlocked says so: the head of
// the chain asks MakeReady before it takes input. What is kept is bounded by what one step of the chain puts out. Call
// Flush at the end of a turn: ports hold rows back to send them together.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "exec/exchange/port.h"

namespace laminar::exec {

inline constexpr uint32_t kVnodes = 256;
using VnodeTargets = std::array<uint16_t, kVnodes>;
// Neighbouring vnodes lie together, floor(vnode * targets / 256). 1 <= targets <= kVnodes.
VnodeTargets EvenTargets(uint32_t targets);

struct PartitionSpec {
  std::vector<data::Type> input;
  std::vector<uint32_t> keys;  // empty: all rows have one key
};

class Partition final : public Operator {
 public:
  // The ports outlive it; every entry of `targets` is below ports.size().
  Partition(PartitionSpec spec, const VnodeTargets& targets, std::vector<ExchangePort*> ports);
  ~Partition() override;

  Status Open(const Context&) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override;
  Step Tick(Timestamp now, Output& out) override;  // stays here: every shard has its own clock
  Step Barrier(Epoch epoch, Output& out) override;

  // Sends what was kept as far as there is room; may the head of the chain take input now?
  bool MakeReady();
  // Is anything kept, or a port back-pressured?
  bool IsBlocked();
  // Could anything leave now that is kept here or held back by a port? Asked before the shard sleeps.
  bool CanMove();
  void Flush();

  uint64_t rows_in() const { return rows_in_; }
  uint64_t rows_to(size_t target) const { return lanes_[target].rows; }
  uint64_t rows_kept_back() const { return rows_kept_back_; }  // ever, not now

 private:
  enum class KeptKind : uint8_t { kRows, kWatermark, kBarrier };
  struct Kept {
    KeptKind kind = KeptKind::kRows;
    std::unique_ptr<data::BatchBuffer> rows;
    Timestamp watermark = kMinTimestamp;
    Epoch epoch = 0;
  };
  struct Lane {
    ExchangePort* port = nullptr;
    std::vector<Kept> kept;  // oldest first, from kept_first on
    size_t kept_first = 0;
    uint64_t rows = 0;
    bool has_kept() const { return kept_first < kept.size(); }
  };

  void Split(const data::Batch& batch);
  void PickRows(uint32_t rows);
  void Send(Lane& lane, const data::Batch& batch, const uint16_t* rows, uint32_t count);
  void Keep(Lane& lane, const data::Batch& batch, const uint16_t* rows, uint32_t count);
  void Resume(Lane& lane);
  std::unique_ptr<data::BatchBuffer> TakeSpare();

  PartitionSpec spec_;
  VnodeTargets targets_;
  std::vector<Lane> lanes_;
  std::vector<std::unique_ptr<data::BatchBuffer>> spare_;
  uint64_t rows_in_ = 0;
  uint64_t rows_kept_back_ = 0;
  // Scratch of one batch.
  std::array<uint64_t, data::kBatchCapacity> hashes_;
  std::array<uint16_t, data::kBatchCapacity> target_of_row_;
  std::vector<uint16_t> picked_;  // rows of each target, kBatchCapacity places apart
  std::vector<uint32_t> counts_;  // how many
};

}  // namespace laminar::exec
