#include "engine/cursors.h"
#include "engine/leaf_rows.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>
#include <utility>

#include "base/hot_scope.h"

namespace laminar::engine {

using data::Batch;
using data::BatchBuffer;

namespace {

// The end of a query's chain: copies what arrives.
class Collector final : public exec::Operator {
 public:
  Collector(std::vector<data::Type> types, uint64_t rows_max) : types_(std::move(types)), rows_max_(rows_max) {}
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, Batch& batch, exec::Output&) override {
    AllowAllocation allow;
    uint32_t done = 0;
    while (done < batch.rows) {
      if (ready_.empty() || ready_.back()->full()) ready_.push_back(Take());
      const uint32_t room = ready_.back()->capacity() - ready_.back()->rows();
      const uint32_t now = std::min(room, batch.rows - done);
      ready_.back()->AppendRows(batch, done, now);
      done += now;
    }
    rows_ += batch.rows;
    if (rows_ > rows_max_) {
      return Fail(
          Status(ErrorCode::kLimitReached, "the reader of this query is " + std::to_string(rows_) + " rows behind")
              .WithHint("read faster, or read the view instead of its changes"));
    }
    return exec::Step::kMore;
  }
  exec::Step Watermark(int, Timestamp watermark, exec::Output&) override {
    has_ended_ |= watermark == kMaxTimestamp;
    return exec::Step::kMore;
  }
  exec::Step Tick(Timestamp, exec::Output&) override { return exec::Step::kMore; }
  exec::Step Barrier(exec::Epoch, exec::Output&) override { return exec::Step::kMore; }

  // Swaps the oldest rows into `out`; false: none.
  bool Pop(BatchBuffer& out) {
    if (ready_.empty()) return false;
    std::unique_ptr<BatchBuffer> first = std::move(ready_.front());
    ready_.pop_front();
    rows_ -= first->rows();
    std::swap(out, *first);
    first->Reset();
    if (spare_.size() < 4) spare_.push_back(std::move(first));
    return true;
  }
  bool has_ended() const { return has_ended_; }

 private:
  std::unique_ptr<BatchBuffer> Take() {
    if (spare_.empty()) return std::make_unique<BatchBuffer>(types_);
    std::unique_ptr<BatchBuffer> buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }

  std::vector<data::Type> types_;
  uint64_t rows_max_;
  uint64_t rows_ = 0;
  std::deque<std::unique_ptr<BatchBuffer>> ready_;
  std::vector<std::unique_ptr<BatchBuffer>> spare_;
  bool has_ended_ = false;
};

// What of a source could not be read while a query ran over it.
class LeftOut final : public sdk::BadRows {
 public:
  explicit LeftOut(const catalog::Relation& relation) : name_(relation.name) {}
  void Add(std::string_view place, std::string_view reason, std::string_view) override {
    if (count_++ == 0) first_ = std::string(place) + ": " + std::string(reason);
  }
  uint64_t count() const { return count_; }
  std::string Notice() const {
    const std::string rows = count_ == 1 ? "1 row" : std::to_string(count_) + " rows";
    return rows + " of \"" + name_ + "\" could not be read and " + (count_ == 1 ? "is" : "are") +
           " left out: " + first_ + (count_ == 1 ? "" : ", and so on");
  }

 private:
  std::string name_;
  uint64_t count_ = 0;
  std::string first_;
};

// One input of a query that runs by itself.
struct Input {
  Leaf leaf;
  std::unique_ptr<LeftOut> left_out;               // of a source
  std::unique_ptr<Head> head;                      // of a source
  std::unique_ptr<LeafRows> listed;                // of a constant leaf
  std::shared_ptr<exec::StoredRows> stored;  // of a table or view
  uint64_t cursor = 0;
  std::unique_ptr<BatchBuffer> buffer;
  std::unique_ptr<BatchBuffer> repeated;  // of a stored bag: its rows as often as they are there
  uint32_t row = 0;                       // the row of `buffer` that is next in `repeated`
  int64_t copies = 0;                     // of that row, so far
  std::unique_ptr<ColumnPick> pick;
  bool has_ended = false;
};

class RunCursor final : public Cursor {
 public:
  RunCursor(Core& core, plan::QueryPlan plan, const Settings& settings, std::optional<uint64_t> as_of)
      : core_(core),
        as_of_(as_of),
        plan_(std::move(plan)),
        settings_(settings),
        errors_("query", 1),
        late_({}, 0),
        random_(core.random().Next()) {
    schema_ = plan_.root->schema;
    is_changelog_ =
        plan_.mode == plan::QueryMode::kStreaming && (plan_.has_emit || !plan_.root->properties.append_only);
  }

  Status Open() {
    environment_.now = core_.clock().WallMicros();
    environment_.random = &random_;
    environment_.time_zone = settings_.timezone;
    exec::Context context;
    context.environment = &environment_;
    context.row_errors = &errors_;
    context.late_rows = &late_;
    context.memory_limit_bytes = settings_.memory_limit_bytes;
    auto collector = std::make_unique<Collector>(schema_.Types(), UINT64_MAX);
    collector_ = collector.get();
    PipelineRequest request;
    request.root = plan_.root.get();
    request.context = context;
    request.sink = std::move(collector);
    pipeline_ = TRY(Pipeline::Build(std::move(request)));
    std::vector<std::string> stored;
    std::vector<size_t> stored_inputs;
    for (const Leaf& leaf : pipeline_->leaves()) {
      Input input;
      input.leaf = leaf;
      if (leaf.node->kind != plan::NodeKind::kScan) {
        input.listed = TRY(OpenLeafRows(core_, *leaf.node));
        input.buffer = std::make_unique<BatchBuffer>(leaf.node->schema.Types());
      } else {
        input.pick = std::make_unique<ColumnPick>(leaf.node->columns);
        input.pick->ConnectTo(leaf.target, leaf.input);
        const catalog::Relation& relation = *leaf.node->relation;
        if (sdk::Connector* connector = core_.ReaderOf(relation)) {
          HeadRequest request;
          request.relation = &relation;
          request.connector = connector;
          request.needed = NeededColumns(relation, leaf.node->columns);
          request.computed = ReadColumns(relation, leaf.node->columns);
          request.with_watermark = plan_.mode == plan::QueryMode::kStreaming;
          input.left_out = std::make_unique<LeftOut>(relation);
          request.bad_rows = input.left_out.get();
          request.context = context;
          input.head = TRY(OpenHead(request));
          input.head->fan_out->Add(input.pick.get(), 0, ReadColumns(relation, leaf.node->columns));
        } else {
          stored.push_back(leaf.node->relation->name);
          stored_inputs.push_back(inputs_.size());
          input.buffer = std::make_unique<BatchBuffer>(leaf.node->relation->schema.Types());
        }
      }
      inputs_.push_back(std::move(input));
    }
    if (!stored.empty()) {
      ReadView view = as_of_ ? TRY(core_.ReadAsOf(stored, *as_of_)) : core_.Read(stored);  // all at one epoch
      for (size_t i = 0; i < stored.size(); ++i) inputs_[stored_inputs[i]].stored = std::move(view.rows[i]);
    }
    return {};
  }

  const data::Schema& schema() const override { return schema_; }
  bool is_changelog() const override { return is_changelog_; }
  uint64_t rows_read() const override { return rows_read_.load(std::memory_order_relaxed); }
  void Cancel() override { cancelled_.store(true, std::memory_order_release); }
  std::vector<std::string> Notices() const override {
    std::vector<std::string> notices;
    for (const Input& input : inputs_) {
      if (input.left_out != nullptr && input.left_out->count() > 0) notices.push_back(input.left_out->Notice());
    }
    return notices;
  }

  Result<bool> Next(BatchBuffer& out) override {
    while (true) {
      if (TRY(Advance(out))) return out.rows() > 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // a source has nothing at the moment (rate, follow)
    }
  }
  Result<bool> Poll(BatchBuffer& out) override {
    if (TRY(Advance(out))) return out.rows() > 0;
    out.Reset();
    return true;
  }

 private:
  // True: `out` has rows, or there will be none. False: nothing at the moment.
  Result<bool> Advance(BatchBuffer& out) {
    while (true) {
      if (cancelled_.load(std::memory_order_acquire)) return Error(ErrorCode::kCancelled, "the query was cancelled");
      if (collector_->Pop(out)) return true;
      TRY(RowFailure());
      if (has_ended_) {
        out.Reset();
        return true;
      }
      environment_.now = core_.clock().WallMicros();
      bool any = false;
      bool all_ended = true;
      for (Input& input : inputs_) {
        if (input.has_ended) continue;
        any |= TRY(StepInput(input));
        all_ended &= input.has_ended;
        if (collector_->has_ended()) break;
      }
      TRY(pipeline_->Failure());
      has_ended_ = all_ended || collector_->has_ended();
      if (!any && !has_ended_) return false;
    }
  }

  // In a query somebody looks at, a failing row is an error, as in any database; standing queries count it instead.
  // Malformed rows of a source were never rows: who reads is told of them behind the last one.
  Status RowFailure() {
    if (errors_.entries().empty()) return {};
    const ErrorRows::Entry& entry = errors_.entries().front();  // the last one
    return Status(entry.why, entry.reason + " in a row of the query")
        .WithHint("guard it, for example with TRY_CAST, NULLIF or CASE");
  }

  Result<bool> StepInput(Input& input) {
    exec::Step step = exec::Step::kMore;
    bool moved = true;
    if (input.head != nullptr) {
      const uint64_t before = input.head->rows;
      const sdk::ReadState state =
          TRY(StepHead(*input.head, static_cast<uint32_t>(settings_.batch_rows), environment_));
      rows_read_.fetch_add(input.head->rows - before, std::memory_order_relaxed);
      input.has_ended = state == sdk::ReadState::kEnd || input.head->is_done;
      return state != sdk::ReadState::kIdle;
    }
    BatchBuffer& rows = input.listed != nullptr ? *input.buffer : ReadStored(input);
    const bool has_rows = input.listed != nullptr ? input.listed->Next(rows) : rows.rows() > 0;
    if (has_rows) {
      Batch batch = rows.batch();
      step = input.pick != nullptr ? input.pick->Process(0, batch, input.pick->output())
                                   : input.leaf.target->Process(input.leaf.input, batch, input.leaf.target->output());
      input.has_ended = step == exec::Step::kDone;  // what is full has said so below (exec/stateless/limit.h)
    } else {
      input.has_ended = true;
      input.leaf.target->Watermark(input.leaf.input, kMaxTimestamp, input.leaf.target->output());
    }
    return moved;
  }

  // A query answers with rows, not with weights: what is stored n times is n rows.
  BatchBuffer& ReadStored(Input& input) {
    while (true) {
      if (input.buffer->batch().weights == nullptr || input.row >= input.buffer->rows()) {
        input.stored->Read(input.cursor, *input.buffer);
        input.row = 0;
        input.copies = 0;
        if (input.buffer->batch().weights == nullptr || input.buffer->rows() == 0) return *input.buffer;
      }
      Batch stored = input.buffer->batch();
      const int64_t* counts = std::exchange(stored.weights, nullptr);
      if (input.repeated == nullptr) input.repeated = std::make_unique<BatchBuffer>(input.stored->types());
      input.repeated->Reset();
      while (input.row < stored.rows && !input.repeated->full()) {
        if (input.copies < counts[input.row]) {
          input.repeated->AppendRows(stored, input.row, 1);
          ++input.copies;
        } else {
          ++input.row;
          input.copies = 0;
        }
      }
      if (input.repeated->rows() > 0) return *input.repeated;
    }
  }

  Core& core_;
  std::optional<uint64_t> as_of_;
  plan::QueryPlan plan_;
  Settings settings_;
  data::Schema schema_;
  bool is_changelog_ = false;
  ErrorRows errors_;
  LateRows late_;
  Random random_;
  expr::EvalEnvironment environment_;
  std::unique_ptr<Pipeline> pipeline_;
  Collector* collector_ = nullptr;
  std::vector<Input> inputs_;
  bool has_ended_ = false;
  std::atomic<uint64_t> rows_read_{0};  // the reader writes, a progress display reads
  std::atomic<bool> cancelled_{false};
};

// The reader of a view's changes that stands in its fan-out: batches with the epoch each belongs to.
class EpochCollector final : public exec::Operator {
 public:
  EpochCollector(const std::vector<data::Type>& types, exec::Epoch open) : types_(types), open_(open) {}
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, Batch& batch, exec::Output&) override {
    AllowAllocation allow;
    Add(batch, open_);
    if (rows_ <= kRowsBehindMax) return exec::Step::kMore;
    return Fail(Status(ErrorCode::kLimitReached, "the subscriber is " + std::to_string(rows_) + " rows behind")
                    .WithHint("subscribe again AS OF the last epoch that was seen"));
  }
  exec::Step Watermark(int, Timestamp watermark, exec::Output&) override {
    has_ended_ |= watermark == kMaxTimestamp;
    return exec::Step::kMore;
  }
  exec::Step Barrier(exec::Epoch epoch, exec::Output&) override {
    open_ = epoch + 1;
    return exec::Step::kMore;
  }
  void Add(const Batch& batch, exec::Epoch epoch) {
    const uint32_t columns = batch.column_count;
    numbers_.assign(1, static_cast<int64_t>(epoch));
    columns_.resize(columns + 1);
    columns_[0] = data::Column{.values = numbers_.data(), .encoding = data::Encoding::kConstant};
    std::copy_n(batch.columns, columns, columns_.begin() + 1);
    const Batch wide{batch.rows, columns + 1, columns_.data(), batch.weights};
    entries_.push_back({epoch, std::make_unique<BatchBuffer>(types_)});
    entries_.back().rows->AppendRows(wide, 0, batch.rows);
    rows_ += batch.rows;
  }
  // The oldest rows if their epoch is at most `shown`.
  bool Pop(exec::Epoch shown, BatchBuffer& out) {
    if (entries_.empty() || entries_.front().epoch > shown) return false;
    std::swap(out, *entries_.front().rows);
    rows_ -= out.rows();
    entries_.pop_front();
    return true;
  }
  void End() { has_ended_ = true; }
  bool is_over() const { return has_ended_ && entries_.empty(); }

 private:
  static constexpr uint64_t kRowsBehindMax = 4'000'000;
  struct Entry {
    exec::Epoch epoch = 0;
    std::unique_ptr<BatchBuffer> rows;
  };
  std::vector<data::Type> types_;
  std::deque<Entry> entries_;
  std::vector<int64_t> numbers_;
  std::vector<data::Column> columns_;
  uint64_t rows_ = 0;
  exec::Epoch open_;
  bool has_ended_ = false;
};

class HistoryCursor final : public Cursor {
 public:
  HistoryCursor(Core& core, std::string view) : core_(core), view_(std::move(view)) {}
  ~HistoryCursor() override {
    Core::Lock lock(core_);
    if (ViewNode* view = core_.FindView(view_); view != nullptr && view->history.get() == history_)
      view->fan_out->Remove(collector_.get());
  }
  // Under the lock, at a cut.
  void Open(ViewNode& view, exec::Epoch after) {
    history_ = view.history.get();
    schema_.Add({"_epoch", data::TypeId::kInt64, false});
    for (const data::Field& field : view.relation->schema.fields()) schema_.Add(field);
    collector_ = std::make_unique<EpochCollector>(schema_.Types(), core_.epoch() + 1);
    BatchBuffer changes(view.relation->schema.Types());
    for (uint64_t cursor = 0; const exec::Epoch epoch = view.history->Read(after, cursor, changes);)
      collector_->Add(changes.batch(), epoch);
    if (view.fan_out->watermark() == kMaxTimestamp) collector_->End();  // it came before this subscriber
    view.fan_out->Add(collector_.get(), 0);
  }
  const data::Schema& schema() const override { return schema_; }
  bool is_changelog() const override { return true; }
  void Cancel() override {
    cancelled_.store(true, std::memory_order_release);
    core_.WakeWaiters();
  }
  Result<bool> Next(BatchBuffer& out) override {
    bool has_rows = false;
    TRY(core_.WaitUntil(
        [&]() -> Result<bool> {
          has_rows = TRY(Take(out));
          return has_rows || collector_->is_over();
        },
        cancelled_, 0, "the subscription"));
    if (!has_rows) out.Reset();
    return has_rows;
  }
  Result<bool> Poll(BatchBuffer& out) override {
    Core::Lock lock(core_);
    if (TRY(Take(out))) return true;
    if (core_.is_inline() && TRY(core_.Turn()) && TRY(Take(out))) return true;
    out.Reset();
    return !collector_->is_over();
  }

 private:
  Result<bool> Take(BatchBuffer& out) {
    if (collector_->Pop(core_.shown_epoch(), out)) return true;
    if (!collector_->failure().ok()) return Error(Status(collector_->failure()));
    const ViewNode* view = core_.FindView(view_);
    if (view == nullptr || view->history.get() != history_)
      return Error(ErrorCode::kClosed, "view \"" + view_ + "\" was dropped");
    if (view->state != ViewState::kRunning) return Error(ErrorCode::kClosed, "view \"" + view_ + "\" has stopped");
    return false;
  }

  Core& core_;
  std::string view_;
  const exec::History* history_ = nullptr;
  data::Schema schema_;
  std::unique_ptr<EpochCollector> collector_;
  std::atomic<bool> cancelled_{false};
};

class LiveCursor final : public Cursor {
 public:
  LiveCursor(Core& core, data::Schema schema, bool is_changelog)
      : core_(core), schema_(std::move(schema)), is_changelog_(is_changelog) {}
  ~LiveCursor() override {
    if (node_ == nullptr) return;
    Core::Lock lock(core_);
    core_.RemoveCursor(node_);
  }
  Status Open(plan::QueryPlan& plan, const Settings& settings) {
    auto collector = std::make_unique<Collector>(schema_.Types(), kRowsBehindMax);
    collector_ = collector.get();
    node_ = TRY(core_.AddCursor(plan, std::move(collector), settings, cancelled_));
    return {};
  }
  const data::Schema& schema() const override { return schema_; }
  bool is_changelog() const override { return is_changelog_; }
  void Cancel() override {
    cancelled_.store(true, std::memory_order_release);
    core_.WakeWaiters();
  }
  Result<bool> Next(BatchBuffer& out) override {
    bool has_rows = false;
    TRY(core_.WaitUntil(
        [&]() -> Result<bool> {
          has_rows = collector_->Pop(out);
          TRY(Failure());
          return has_rows || collector_->has_ended();
        },
        cancelled_, 0, "the query"));
    if (!has_rows) out.Reset();
    return has_rows;
  }
  Result<bool> Poll(BatchBuffer& out) override {
    Core::Lock lock(core_);
    if (collector_->Pop(out)) return true;
    TRY(Failure());
    if (core_.is_inline() && TRY(core_.Turn()) && collector_->Pop(out)) return true;
    out.Reset();
    return !collector_->has_ended();
  }

 private:
  // How far a reader may fall behind before its query is ended rather than memory filled.
  static constexpr uint64_t kRowsBehindMax = 4'000'000;
  Status Failure() {
    if (node_->state == ViewState::kRunning) return {};
    return node_->failure.ok() ? Status(ErrorCode::kClosed, "a view this query reads has stopped")
                               : Status(node_->failure);
  }

  Core& core_;
  data::Schema schema_;
  bool is_changelog_;
  Collector* collector_ = nullptr;
  ViewNode* node_ = nullptr;
  std::atomic<bool> cancelled_{false};
};

class ListCursor final : public Cursor {
 public:
  ListCursor(data::Schema schema, std::vector<std::vector<data::Value>> rows)
      : schema_(std::move(schema)), rows_(std::move(rows)) {}
  const data::Schema& schema() const override { return schema_; }
  bool is_changelog() const override { return false; }
  Result<bool> Next(BatchBuffer& out) override {
    out.Reset();
    while (next_ < rows_.size() && !out.full()) out.AppendRow(rows_[next_++]);
    return out.rows() > 0;
  }
  Result<bool> Poll(BatchBuffer& out) override { return Next(out); }
  void Cancel() override {}

 private:
  data::Schema schema_;
  std::vector<std::vector<data::Value>> rows_;
  size_t next_ = 0;
};

void CollectScans(const plan::Node& node, std::vector<const plan::Node*>& out) {
  if (node.kind == plan::NodeKind::kScan) out.push_back(&node);
  for (const plan::NodePtr& input : node.inputs) CollectScans(*input, out);
}

}  // namespace

bool CanRunAlone(Core& core, const plan::QueryPlan& plan) {
  std::vector<const plan::Node*> scans;
  CollectScans(*plan.root, scans);
  return std::ranges::all_of(scans, [&](const plan::Node* scan) {
    const SourceNode* source = core.FindSource(scan->relation->name);
    const bool is_reader = core.ReaderOf(*scan->relation) != nullptr;
    if (plan.mode == plan::QueryMode::kStreaming) return is_reader && scan->relation->replayable;
    return is_reader || source == nullptr || source->stored != nullptr;
  });
}

Result<std::unique_ptr<Cursor>> OpenRunCursor(Core& core, plan::QueryPlan plan, const Settings& settings,
                                              std::optional<uint64_t> as_of) {
  auto cursor = std::make_unique<RunCursor>(core, std::move(plan), settings, as_of);
  TRY(cursor->Open());
  return cursor;
}

Result<std::unique_ptr<Cursor>> OpenLiveCursor(Core& core, plan::QueryPlan plan, const Settings& settings) {
  const bool is_changelog = plan.has_emit || !plan.root->properties.append_only;
  auto cursor = std::make_unique<LiveCursor>(core, plan.root->schema, is_changelog);
  TRY(cursor->Open(plan, settings));
  return cursor;
}

Result<std::unique_ptr<Cursor>> OpenHistoryCursor(Core& core, ViewNode& view, uint64_t after) {
  TRY(core.CheckEpoch(view.name, after));
  auto cursor = std::make_unique<HistoryCursor>(core, view.name);
  cursor->Open(view, after);
  return cursor;
}

std::unique_ptr<Cursor> OpenListCursor(data::Schema schema, std::vector<std::vector<data::Value>> rows) {
  return std::make_unique<ListCursor>(std::move(schema), std::move(rows));
}

}  // namespace laminar::engine
