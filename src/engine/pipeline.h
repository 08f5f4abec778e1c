// Pipeline: a plan turned into connected operators. The only place where specs become operators (with
// operator_factory.cc).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/shard_section.h"
#include "engine/shard_set.h"
#include "engine/side_rows.h"
#include "exec/aggregate/group_rows.h"
#include "exec/changelog/materialize.h"
#include "exec/operator.h"
#include "exec/stateless/merge.h"
#include "plan/node.h"

namespace laminar::engine {

// Where rows enter: a Scan, Values or table function of the plan, and the operator input that waits for them.
struct Leaf {
  const plan::Node* node = nullptr;
  exec::Operator* target = nullptr;
  int input = 0;
};

struct PipelineRequest {
  plan::Node* root = nullptr;  // its specs are moved out; the nodes stay
  exec::Context context;
  // The end: an operator, or the stored rows of a view with `after` behind them.
  std::unique_ptr<exec::Operator> sink;
  std::optional<exec::MaterializeSpec> stored;
  exec::Operator* after = nullptr;
  // Where keyed parts may run side by side; null: everything once.
  ShardSet* shards = nullptr;
  std::string place;  // for errors('view')
  std::vector<data::Type> late_types;
  uint64_t late_rows_max = 0;
  uint64_t error_rows_max = 0;
};

// An operator of the plan, with its instances: one, or one a shard.
struct PlacedOperator {
  uint32_t index = 0;  // in the plan, the same however it is placed
  std::vector<exec::Operator*> instances;
};

// A view whose stored rows are read out of the groups straight below it (exec::GroupRows).
struct ViewOfGroups {
  const plan::Node* node = nullptr;  // of the groups, in the plan
  uint32_t index = 0;                // of their operator, as PlacedOperator counts
  exec::GroupAggregateSpec groups;
  exec::GroupRowsSpec rows;
};

class Pipeline {
 public:
  // Operators for the plan, all opened.
  static Result<std::unique_ptr<Pipeline>> Build(PipelineRequest request);
  // Writes into the nodes of a plan where Build puts them when there are so many shards, for EXPLAIN.
  static void NotePlaces(plan::Node& root, uint32_t shards);

  // Of the plan of a view of such types, with a key or without, whose specs are still there. nullopt: its rows are
  // kept.
  static std::optional<ViewOfGroups> FindGroups(plan::Node& root, std::vector<data::Type> types, bool has_key);

  const std::vector<Leaf>& leaves() const { return leaves_; }
  exec::Operator& sink() { return *sink_; }
  // The stored rows of a view, one part or one a shard; empty for sinks and cursors.
  const std::vector<exec::StoredResult*>& stored() const { return stored_; }
  // They are read out of the groups below and kept nowhere.
  bool reads_groups() const { return groups_.has_value(); }
  const std::vector<PlacedOperator>& placed() const { return placed_; }
  // False: nobody reads the changes of the stored rows, so they need not leave the shards.
  void SetRead(bool is_read) {
    if (stored_section_ != nullptr) stored_section_->SetRead(is_read);
  }
  // In the order of the rows: what a later one reads may come out of an earlier one.
  const std::vector<std::unique_ptr<ShardSection>>& sections() const { return sections_; }
  // The first operator that failed, or an ok status. While no shard is turned.
  Status Failure() const;

 private:
  struct Chain;  // of a section, being collected
  Status Add(plan::Node& node, exec::Operator* next, int input);
  static bool FindChain(plan::Node& node, Chain& chain);
  Status AddSection(Chain& chain, exec::Operator* next, int input);
  exec::Context ContextOf(const plan::Node& node) const;
  std::unique_ptr<exec::StoredResult> MakeStored(uint32_t instance, uint32_t instances) const;
  void AddStored(exec::Operator*& last);

  PipelineRequest request_;
  std::vector<std::unique_ptr<exec::Operator>> operators_;
  std::vector<std::pair<exec::Operator*, exec::Context>> to_open_;
  std::vector<std::unique_ptr<ShardSection>> sections_;
  std::vector<PlacedOperator> placed_;
  std::vector<Leaf> leaves_;
  exec::Operator* sink_ = nullptr;
  std::vector<exec::StoredResult*> stored_;
  std::optional<ViewOfGroups> groups_;      // nullopt: the stored rows are kept
  ShardSection* stored_section_ = nullptr;  // that holds them
  const plan::Node* late_window_ =
      nullptr;  // whose late rows are kept; the others are counted: their rows have other columns
  LateCount late_count_;
  uint32_t next_index_ = 0;
};

// Passes on chosen columns of its input, in a chosen order.
class ColumnPick final : public exec::Operator {
 public:
  explicit ColumnPick(std::vector<uint32_t> columns) : picks_(std::move(columns)), columns_(picks_.size()) {}
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, data::Batch& batch, exec::Output& out) override {
    for (size_t i = 0; i < picks_.size(); ++i) columns_[i] = batch.columns[picks_[i]];
    data::Batch picked{batch.rows, static_cast<uint32_t>(columns_.size()), columns_.data(), batch.weights};
    return out.Push(picked);
  }
  exec::Step Watermark(int, Timestamp watermark, exec::Output& out) override { return out.PushWatermark(watermark); }
  const std::vector<uint32_t>& columns() const { return picks_; }

 private:
  std::vector<uint32_t> picks_;
  std::vector<data::Column> columns_;
};

}  // namespace laminar::engine
