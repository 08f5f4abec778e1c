// Constant leaves: VALUES, generate_series, late('view'), errors('name'), laminar_metrics.
#include <fmt/format.h>

#include "engine/core.h"
#include "engine/leaf_rows.h"
#include "engine/metric_rows.h"

namespace laminar::engine {

using data::BatchBuffer;
using data::Value;

namespace {

class ListedRows final : public LeafRows {
 public:
  explicit ListedRows(std::vector<std::vector<Value>> rows) : rows_(std::move(rows)) {}
  bool Next(BatchBuffer& out) override {
    out.Reset();
    while (next_ < rows_.size() && !out.full()) {
      if (rows_[next_].empty())
        out.SetRows(out.rows() + 1);  // SELECT without FROM: one row without columns
      else
        out.AppendRow(rows_[next_]);
      ++next_;
    }
    return out.rows() > 0;
  }

 private:
  std::vector<std::vector<Value>> rows_;
  size_t next_ = 0;
};

class SeriesRows final : public LeafRows {
 public:
  SeriesRows(int64_t start, int64_t stop, int64_t step, bool is_inclusive)
      : next_(start), stop_(stop), step_(step), is_inclusive_(is_inclusive) {}
  bool Next(BatchBuffer& out) override {
    out.Reset();
    int64_t* values = out.column(0).As<int64_t>();
    uint32_t rows = 0;
    while (!done_ && rows < out.capacity()) {
      const bool inside = step_ > 0 ? (is_inclusive_ ? next_ <= stop_ : next_ < stop_)
                                    : (is_inclusive_ ? next_ >= stop_ : next_ > stop_);
      if (!inside) break;
      values[rows++] = next_;
      done_ = __builtin_add_overflow(next_, step_, &next_);
    }
    out.SetRows(rows);
    return rows > 0;
  }

 private:
  int64_t next_;
  int64_t stop_;
  int64_t step_;
  bool is_inclusive_;
  bool done_ = false;
};

class BufferedRows final : public LeafRows {
 public:
  explicit BufferedRows(std::vector<std::unique_ptr<BatchBuffer>> buffers) : buffers_(std::move(buffers)) {}
  bool Next(BatchBuffer& out) override {
    out.Reset();
    while (next_ < buffers_.size() && buffers_[next_]->rows() == 0) ++next_;
    if (next_ == buffers_.size()) return false;
    out.AppendRows(buffers_[next_]->batch(), 0, buffers_[next_]->rows());
    ++next_;
    return true;
  }

 private:
  std::vector<std::unique_ptr<BatchBuffer>> buffers_;
  size_t next_ = 0;
};

std::vector<std::vector<Value>> ErrorList(Core& core, const std::string& name) {
  std::vector<std::vector<Value>> rows;
  std::vector<const ErrorRows*> lists;
  if (SourceNode* source = core.FindSource(name))
    lists.push_back(source->errors.get());
  else if (ViewNode* view = core.FindView(name))
    lists = view->AllErrors();
  for (const ErrorRows* errors : lists) {
    for (const ErrorRows::Entry& e : errors->entries())
      rows.push_back({Value::String(e.place), Value::String(std::string(PublicCode(e.why))), Value::String(e.reason),
                      Value::String(e.text)});
  }
  return rows;
}

}  // namespace

Result<std::unique_ptr<LeafRows>> OpenLeafRows(Core& core, const plan::Node& node) {
  if (node.kind == plan::NodeKind::kValues) return std::make_unique<ListedRows>(node.rows);
  if (node.function == "generate_series" || node.function == "range") {
    const auto& a = node.arguments;
    const int64_t start = a.size() == 1 ? 0 : a[0].int_value();
    const int64_t stop = a.size() == 1 ? a[0].int_value() : a[1].int_value();
    const int64_t step = a.size() == 3 ? a[2].int_value() : 1;
    return std::make_unique<SeriesRows>(start, stop, step, node.function == "generate_series");
  }
  if (node.function == "laminar_metrics") {
    std::vector<std::vector<Value>> rows;
    core.AppendMetrics(rows);
    return std::make_unique<ListedRows>(std::move(rows));
  }
  const std::string& name = node.arguments[0].string_value();
  core.Quiesce();
  if (node.function == "errors") return std::make_unique<ListedRows>(ErrorList(core, name));
  if (node.function == "late") {
    std::vector<std::unique_ptr<BatchBuffer>> buffers;
    core.Quiesce();
    if (ViewNode* view = core.FindView(name)) {
      for (const LateRows* late : view->AllLate()) late->CopyTo(buffers);
    }
    return std::make_unique<BufferedRows>(std::move(buffers));
  }
  return Error(ErrorCode::kInternal, "table function " + node.function + " has no rows");
}

namespace {

std::string_view StateName(ViewState state) {
  return state == ViewState::kRunning ? "RUNNING" : state == ViewState::kFailed ? "ERROR" : "PAUSED";
}

uint64_t RowsOut(const std::vector<exec::StoredResult*>& stored) {
  uint64_t rows = 0;
  for (const exec::StoredResult* part : stored) rows += part->output().rows();
  return rows;
}

}  // namespace

void Core::AppendSystemMetrics(std::vector<std::vector<Value>>& rows) {
  using enum observe::MetricId;
  MetricRows out(rows);
  out.Add(kEpochCurrent, "", static_cast<double>(epoch_));
  if (shards_ != nullptr) {
    out.Add(kShardTurns, "", static_cast<double>(shards_->turns()));
    out.Add(kShardWakeUps, "", static_cast<double>(shards_->wake_ups()));
    out.Add(kShardBlocked, "", static_cast<double>(times_blocked_));
  }
  watch_.AppendMetrics(out, options_.clock->MonotonicNanos());
  const state::StateMemory::Figures memory = memory_->GetFigures();
  out.Add(kStateMemory, "", static_cast<double>(memory.resident_bytes));
  out.Add(kStateMemoryLimit, "", static_cast<double>(memory.limit_bytes));
  out.Add(kStateSpilled, "", static_cast<double>(memory.spilled_bytes));
  out.Add(kStateBlocksMoved, "", static_cast<double>(memory.blocks_moved + memory.blocks_released));
  out.Add(kSourcesSlowed, "", static_cast<double>(times_slowed_));
  if (durability_ == nullptr) return;
  const Durability::Figures figures = durability_->GetFigures();
  out.Add(kEpochPause, "", static_cast<double>(pace_.pause_nanos()) / 1000);
  const observe::HistogramSummary pauses = pace_.Pauses();
  out.Add(kEpochPauseMax, "", static_cast<double>(pauses.max()) / 1000);
  out.Add(kEpochPauseP99, "", static_cast<double>(pauses.Quantile(0.99)) / 1000);
  out.Add(kEpochPausesLong, "", static_cast<double>(pace_.long_pauses()));
  out.Add(kEpochPauseOwn, "", static_cast<double>(pace_.OwnPauses().max()) / 1000);
  out.Add(kEpochPausesOwnLong, "", static_cast<double>(pace_.long_own_pauses()));
  out.Add(kEpochDurable, "", static_cast<double>(figures.durable_epoch));
  out.Add(kWalBytes, "", static_cast<double>(figures.log_bytes));
  out.Add(kWalSyncs, "", static_cast<double>(figures.syncs));
  out.Add(kWalQueuedBytes, "", static_cast<double>(figures.queued_bytes));
  out.Add(kWalStalled, "", figures.is_stalled ? 1 : 0);
  out.Add(kWalFailed, "", figures.has_failed ? 1 : 0);
  out.Add(kCheckpoints, "", static_cast<double>(figures.checkpoints));
  out.Add(kCheckpointFailures, "", static_cast<double>(figures.checkpoints_failed));
  out.Add(kCheckpointBytes, "", static_cast<double>(figures.checkpoint_bytes));
  out.Add(kCheckpointNewBytes, "", static_cast<double>(figures.checkpoint_new_bytes));
}

void Core::AppendMetrics(std::vector<std::vector<Value>>& rows) {
  Quiesce();
  AppendSystemMetrics(rows);
  using enum observe::MetricId;
  MetricRows out(rows);
  for (const auto& source : sources_) {
    const std::string labels = "source=" + source->relation->name;
    out.Add(kEventsIn, labels, source->shared == nullptr ? 0 : static_cast<double>(source->shared->rows));
    out.Add(kRowErrors, labels, static_cast<double>(source->errors->count()));
    if (source->shared == nullptr || source->shared->assigner == nullptr) continue;
    const Timestamp watermark = source->shared->assigner->watermark();
    if (watermark == kMinTimestamp) continue;
    out.Add(kWatermark, labels,
            watermark == kMaxTimestamp ? static_cast<double>(kMaxTimestamp)
                                       : static_cast<double>(FloorDiv(watermark, 1000)));
    const Timestamp newest = source->shared->assigner->max_event_time();
    if (newest != kMinTimestamp && watermark != kMaxTimestamp)
      out.Add(kWatermarkLag, labels, static_cast<double>((newest - watermark) / 1000));
  }
  for (const auto& view : views_) {
    if (view->name.empty()) continue;
    const std::string labels = "query=" + view->name;
    uint64_t in = 0;
    for (const auto& pick : view->picks) in += pick->output().rows();
    out.Add(kEventsIn, labels, static_cast<double>(in));
    uint64_t failed = 0;
    uint64_t late = 0;
    for (const ErrorRows* errors : view->AllErrors()) failed += errors->count();
    for (const LateRows* rows : view->AllLate()) late += rows->count();
    out.Add(kRowErrors, labels, static_cast<double>(failed));
    out.Add(kLateEvents, labels, static_cast<double>(late));
    out.Add(kMvState, labels, view->state == ViewState::kRunning ? 2 : view->state == ViewState::kPaused ? 3 : 4);
    uint64_t keys = 0;
    uint64_t bytes = 0;
    for (const PlacedOperator& placed : view->pipeline->placed()) {
      for (const exec::Operator* op : placed.instances) {
        keys += op->state_rows();
        bytes += op->state_bytes();
      }
    }
    if (const auto& stored = view->pipeline->stored(); !stored.empty()) {
      uint64_t held = 0;
      uint64_t negative = 0;
      for (const exec::StoredResult* part : stored) {
        held += part->state_rows();
        negative += part->negative_rows();
      }
      out.Add(kEventsOut, labels, static_cast<double>(RowsOut(stored)));
      out.Add(kMvRowsStored, labels, static_cast<double>(held));
      out.Add(kNegativeMultiplicity, labels, static_cast<double>(negative));
      keys -= held;
    }
    out.Add(kStateKeys, labels, static_cast<double>(keys));
    out.Add(kStateBytes, labels, static_cast<double>(bytes));
  }
}

Progress Core::GetProgress() {
  Quiesce();
  Progress progress;
  for (const auto& source : sources_) {
    SourceProgress p;
    p.name = source->relation->name;
    p.bad_rows = source->errors->count();
    if (source->shared != nullptr) {
      p.rows = source->shared->rows;
      p.has_ended = source->shared->has_ended;
      if (source->shared->assigner != nullptr) p.watermark = source->shared->assigner->watermark();
      if (source->shared->reader != nullptr) std::tie(p.done, p.total) = source->shared->reader->Progress();
    }
    progress.sources.push_back(std::move(p));
  }
  for (const auto& view : views_) {
    if (view->name.empty()) continue;
    ViewProgress p;
    p.name = view->name;
    p.state = StateName(view->state);
    for (const exec::StoredResult* part : view->pipeline->stored()) p.rows_stored += part->state_rows();
    p.rows_out = RowsOut(view->pipeline->stored());
    if (view->fan_out != nullptr) p.watermark = view->fan_out->watermark();
    progress.views.push_back(std::move(p));
  }
  return progress;
}

}  // namespace laminar::engine
