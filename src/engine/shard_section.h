// ShardSection: a part of a pipeline that runs once on every shard, each on the rows whose keys it owns.
//
//   core: ... -> Partition -> channels -> shard: Gather -> operators -> exit -> channel -> core: Gather -> ...
// Rows go to the shard that owns the vnode of their key; watermarks and barriers go to all. All operators of the
// section keep their state by that key, so what one shard holds no other needs, and the sum of what the shards put out
// is what one instance would. Law (cores): the number of shards changes no result. The core side (Drain, Flush, ...)
// belongs to whoever holds the core's lock; a shard's side to who turns the shard.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/exchange_channel.h"
#include "engine/shard_set.h"
#include "engine/side_rows.h"
#include "exec/exchange/gather.h"
#include "exec/exchange/partition.h"
#include "exec/operator.h"

namespace laminar::engine {

using OperatorFactory = std::function<std::unique_ptr<exec::Operator>(uint32_t shard)>;

struct SectionRequest {
  std::vector<data::Type> input;
  std::vector<uint32_t> keys;          // columns of the input
  std::vector<OperatorFactory> chain;  // in the order of the rows
  std::vector<data::Type> output;
  exec::Context context;               // of the core; each shard gets side outputs and an environment of its own
  std::vector<data::Type> late_types;  // of the rows late('view') shows; empty: they are counted
  std::string place;                   // for errors('view')
  uint64_t late_rows_max = 0;
  uint64_t error_rows_max = 0;
};

class ShardSection {
 public:
  ShardSection(ShardSet& shards, SectionRequest request);
  ~ShardSection();  // takes its tasks from the shards
  ShardSection(const ShardSection&) = delete;
  Status Open();

  exec::Partition& entry() { return *entry_; }
  exec::Gather& exit() { return exit_; }
  uint32_t shards() const { return static_cast<uint32_t>(lanes_.size()); }
  const std::vector<std::unique_ptr<exec::Operator>>& operators(uint32_t shard) const;
  const LateRows& late(uint32_t shard) const;
  const ErrorRows& errors(uint32_t shard) const;

  // --- The core side. ---
  // False: rows that leave the shards are dropped there, as nobody reads them.
  void SetRead(bool is_read) { is_read_.store(is_read, std::memory_order_relaxed); }
  // Before rows are pushed: for now() and owner checks.
  void Prepare(Timestamp now);
  bool MakeReady() { return entry_->MakeReady(); }
  bool IsHolding();  // rows or control that have not left for the shards
  void Flush() { entry_->Flush(); }
  bool TakeHasSent();  // has anything left for the shards since this was asked last?
  // Passes on what came out of the shards. True when there was something.
  bool Drain();
  bool HasOutput() const;
  // Everything that came in is worked off, and out.
  void NoteDry() { rows_when_dry_ = entry_->rows_in(); }
  uint64_t rows_since_dry() const { return entry_->rows_in() - rows_when_dry_; }
  bool has_failed() const { return has_failed_.load(std::memory_order_acquire); }
  Status failure() const;  // while no shard is turned

 private:
  class Lane;
  friend class Lane;

  ShardSet& shards_;
  SectionRequest request_;
  exec::TablesInParts tables_;
  ExchangePool pool_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<exec::Partition> entry_;
  exec::Gather exit_;
  uint64_t messages_sent_ = 0;  // when TakeHasSent was asked
  uint64_t rows_when_dry_ = 0;
  std::atomic<bool> is_read_{true};
  std::atomic<bool> has_failed_{false};
  std::atomic<Timestamp> now_{0};
};

}  // namespace laminar::engine
