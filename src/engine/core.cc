#include "engine/core.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/check.h"
#include "base/text.h"
#include "data/string_ref.h"
#include "engine/sink_operator.h"
#include "os/cpu.h"

namespace laminar::engine {

Core::Core(DatabaseOptions options, const expr::FunctionRegistry& functions)
    : options_(std::move(options)),
      functions_(functions),
      watch_(options_.clock == nullptr ? *(options_.clock = &os::RealClock()) : *options_.clock),
      random_(options_.seed) {
  environment_.random = &random_;
  Settings initial;
  initial.state_memory_bytes = options_.state_memory_bytes;
  initial.spill_directory = options_.spill_directory;
  LimitMemory(initial, "");
  RefreshTime();
}

Status Core::Start() {
  if (durability_ != nullptr) TRY(durability_->Start());
  if (!options_.is_inline) {
    thread_ = TRY(os::Thread::Start("laminar-core", [](void* self) { static_cast<Core*>(self)->ThreadMain(); }, this));
  }
  is_started_ = true;
  const Lock lock(*this);
  WatchThreads();
  return {};
}

Core::~Core() {
  {
    const std::lock_guard lock(mutex_.mutex());
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.is_joinable()) thread_.Join();
  if (durability_ != nullptr && is_started_ && (is_dirty_ || durability_->needs_checkpoint())) {
    // What came in is kept, and a checkpoint makes the next opening short. Errors were told to those who waited.
    durability_->RequestCheckpoint();
    (void)CommitEpoch();
  }
  if (durability_ != nullptr) {
    const std::atomic<bool> never{false};
    if (HasUndecidedSinks() && durability_->WaitDurable(committed_epoch_, never).ok()) DecideSinks();
    durability_.reset();
    for (const auto& view : views_) {
      if (view->sink != nullptr) view->sink->LeaveOpen();
    }
  }
  // Readers before what they read: later views may hang on earlier ones.
  while (!views_.empty()) {
    Detach(*views_.back());
    views_.pop_back();
  }
}

void Core::RefreshTime() {
  environment_.now = restoring_ != nullptr ? restoring_->created : options_.clock->WallMicros();
  PrepareSections();
}

void Core::WakeThread() {
  has_work_ = true;
  wake_.notify_one();
}

// Waiters sleep on a mutex of their own and then take the lock as everybody does, so that the core thread gives way:
// on the lock itself they would be woken by every turn and find it taken again.
void Core::WakeWaiters() {
  changes_.fetch_add(1, std::memory_order_release);
  if (sleepers_.load(std::memory_order_acquire) == 0) return;
  {
    const std::lock_guard lock(wait_mutex_);
  }
  changed_.notify_all();
}

void Core::ThreadMain() {
  std::unique_lock lock(mutex_.mutex());
  while (!stop_) {
    if (mutex_.LetIn(lock)) continue;
    const bool is_new = std::exchange(has_work_, false) || is_dirty_;
    auto moved = Turn();  // failures are kept in the nodes
    if (moved && *moved) {
      // Who waits for rows is woken often enough, and not by every turn: a wake-up costs more than many turns.
      constexpr int64_t kNanosBetween = 2'000'000;
      if (const int64_t now = options_.clock->MonotonicNanos(); now - last_notify_nanos_ > kNanosBetween) {
        last_notify_nanos_ = now;
        WakeWaiters();
      }
      lock.unlock();  // a turn is the longest anybody waits
      lock.lock();
      continue;
    }
    Quiesce();
    if (durability_ == nullptr) {
      if (is_new || is_dirty_) {
        CloseEpoch();
        Quiesce();  // what hangs on the end of the epoch is done before the thread sleeps
      }
      is_dirty_ = false;
    } else if (IsCommitDue(options_.clock->MonotonicNanos())) {
      (void)CommitEpoch();
    }
    DecideSinks();
    WakeWaiters();
    SleepUntilWork(lock, durability_ == nullptr && is_new);  // more pushes likely follow: not a wake-up for each
  }
}

// Nothing to read now: sources are asked again shortly (files may grow), what waits for its time is looked at again,
// and with none of these the thread sleeps until a push or a statement wakes it (Acknowledge, NoteChange).
void Core::SleepUntilWork(std::unique_lock<std::mutex>& lock, bool was_busy) {
  constexpr std::chrono::milliseconds kSoon(5);
  constexpr std::chrono::milliseconds kLater(100);
  const auto is_awake = [this] { return stop_ || has_work_; };
  const bool any_reader = std::ranges::any_of(sources_, [](const auto& s) {
    return s->shared != nullptr && s->shared->reader != nullptr && !s->shared->has_ended && s->failure.ok();
  });
  const bool is_over = durability_ != nullptr && durability_->has_failed();  // nothing will move any more
  if (!is_over && (any_reader || was_busy || (is_dirty_ && is_logged_) || HasUndecidedSinks())) {
    wake_.wait_for(lock, kSoon, is_awake);
  } else if (!is_over && is_dirty_) {  // only the next checkpoint makes it durable
    wake_.wait_for(lock, kLater, is_awake);
  } else {
    is_asleep_ = true;
    wake_.wait(lock, is_awake);
    is_asleep_ = false;
  }
}

sdk::Connector* Core::FindConnector(std::string_view name) {
  for (const auto& connector : options_.connectors) {
    if (connector->name() == name) return connector.get();
  }
  return nullptr;
}

std::vector<sdk::Connector*> Core::Connectors() {
  std::vector<sdk::Connector*> out;
  for (const auto& connector : options_.connectors) out.push_back(connector.get());
  return out;
}

SourceNode* Core::FindSource(std::string_view name) {
  for (const auto& source : sources_) {
    if (source->relation->name == name) return source.get();
  }
  return nullptr;
}

bool Core::HasSource(const SourceNode* node, uint64_t serial) const {
  return std::ranges::any_of(sources_,
                             [&](const auto& source) { return source.get() == node && source->serial == serial; });
}

ViewNode* Core::FindView(std::string_view name) {
  for (const auto& view : views_) {
    if (!view->name.empty() && view->name == name) return view.get();
  }
  return nullptr;
}

Result<bool> Core::Turn() {
  RefreshTime();
  bool moved = false;
  if (durability_ != nullptr) {
    durability_->RetryWrites();
    if (durability_->has_failed() || !durability_->has_room_for_sources()) return false;  // back-pressure
  }
  const int64_t start = options_.clock->MonotonicNanos();
  if (IsShortOfMemory(start)) return false;
  const bool is_blocked = !WaitForRoom();  // the shards come first
  times_blocked_ += is_blocked ? 1 : 0;
  std::optional<runtime::TaskBudget> budget(std::in_place, runtime::BudgetId::kTurn, watch_.budgets());
  const uint64_t rows_before = budget->is_measured() ? RowsRead() : 0;
  for (size_t i = 0; i < sources_.size() && !is_blocked; ++i) {
    SourceNode& node = *sources_[i];
    if (!node.failure.ok() || (start < node.slow_until && !options_.is_inline)) continue;
    auto caught = CatchUp(node);
    auto stepped = caught ? StepSource(node) : Result<bool>(false);
    if (!caught || !stepped) {
      node.failure = !caught ? caught.error() : stepped.error();
      node.failure.Prefix("source \"" + node.relation->name + "\"");
      moved = true;  // its positions stay: what hangs on them is kept, and stands still
      continue;
    }
    moved |= *caught || *stepped;
  }
  if (!sections_.empty() && (options_.is_inline || MayWorkAlone())) {
    Quiesce();
  } else if (!sections_.empty()) {
    moved |= PumpSections(!moved || shards_->LooksIdle(), is_blocked || !moved);
  }
  if (!moved) budget->Drop();
  if (budget->is_measured())
    budget->SetRows(std::max(RowsRead(), rows_before) - rows_before);  // a head that joined is gone
  budget.reset();
  moved |= is_blocked;  // not idle: the shards are at work
  SlowDown(start);
  SettleFailures();
  const int64_t now = options_.clock->MonotonicNanos();
  watch_.Look(now);
  is_dirty_ |= moved;
  if (durability_ != nullptr) {
    if (moved) durability_->PrepareDelta();
    if (IsCommitDue(now)) (void)CommitEpoch();  // an error is told to whoever waits for it
    DecideSinks();
  } else if (moved && now - pace_.begin_nanos() > 20'000'000) {
    CloseEpoch();
  }
  return moved;
}

Result<bool> Core::StepSource(SourceNode& node) {
  if (node.shared == nullptr || node.shared->reader == nullptr || node.shared->has_ended ||
      node.shared->fan_out->empty())
    return false;
  // With shards a turn reads several batches, if the epoch may grow so long: what goes to one shard then fills its
  // batches. Watermarks between them wait as long as no row could be late by them.
  constexpr int kBatches = 16;
  const bool is_paced = durability_ != nullptr && is_logged_;
  exec::WatermarkAssigner* assigner = sections_.empty() ? nullptr : node.shared->assigner;
  if (assigner != nullptr) assigner->SetLazy(true);
  bool any = false;
  for (int i = 0; i < (sections_.empty() ? 1 : kBatches); ++i) {
    if (node.shared->has_ended || IsAnySectionBlocked()) break;
    const uint64_t rows_read = is_paced ? RowsRead() : 0;
    if (i > 0 && is_paced && pace_.HoldsEnough(rows_read)) break;
    const uint64_t most = is_paced ? std::min(batch_rows_, pace_.RowsLeft(rows_read)) : batch_rows_;
    auto state = StepHead(*node.shared, static_cast<uint32_t>(most), environment_);
    if (!state) {
      if (assigner != nullptr) assigner->SetLazy(false);
      return Error(std::move(state.error()));
    }
    if (*state == sdk::ReadState::kIdle) break;
    any = true;
  }
  if (assigner == nullptr) return any;
  assigner->SetLazy(false);
  if (assigner->Flush(assigner->output()) == exec::Step::kFailed) TRY(node.shared->Failure());
  return any;
}

namespace {

bool ReadsAllOf(const Head& head, const Head& other) {
  return std::ranges::equal(head.needed, other.needed, [](bool mine, bool theirs) { return mine || !theirs; });
}

}  // namespace

// Late heads read twice as fast as the shared one until they stand where it stands, then their readers join it.
Result<bool> Core::CatchUp(SourceNode& node) {
  bool moved = false;
  for (size_t i = 0; i < node.catching_up.size();) {
    Head& head = *node.catching_up[i];
    const uint64_t target = node.shared->has_ended ? UINT64_MAX : node.shared->rows;
    for (int turn = 0; turn < 4 && head.rows < target && !head.has_ended; ++turn) {
      const uint64_t left = std::min<uint64_t>(batch_rows_, target - head.rows);
      const sdk::ReadState state = TRY(StepHead(head, static_cast<uint32_t>(left), environment_));
      moved |= state != sdk::ReadState::kIdle;
      if (state == sdk::ReadState::kIdle) break;
    }
    if (head.has_ended) {
      ++i;  // it has delivered everything; it stays as the owner of its operators
      continue;
    }
    if (head.rows < target || node.shared->has_ended) {
      ++i;
      continue;
    }
    // The one that reads all columns of both goes on for both. If neither does, each goes on for its own readers.
    if (ReadsAllOf(*node.shared, head)) {
      node.shared->fan_out->TakeReaders(*head.fan_out);
    } else if (node.shared->fan_out->empty() || ReadsAllOf(head, *node.shared)) {
      head.fan_out->TakeReaders(*node.shared->fan_out);
      std::swap(node.shared, node.catching_up[i]);
    } else {
      ++i;
      continue;
    }
    node.shared->batches = 0;  // it has readers it has not fed yet
    node.catching_up.erase(node.catching_up.begin() + static_cast<std::ptrdiff_t>(i));
    moved = true;
  }
  return moved;
}

void Core::CloseEpoch() {
  ++epoch_;
  PrepareSections();
  pace_.Begin(options_.clock->MonotonicNanos(), RowsRead());
  for (const auto& node : sources_) {
    if (node->shared != nullptr) node->shared->entry().Barrier(epoch_, node->shared->entry().output());
    for (const auto& head : node->catching_up) head->entry().Barrier(epoch_, head->entry().output());
  }
}

void Core::NoteChange() {
  if (!sections_.empty()) {
    PrepareSections();  // nothing need have been pushed: an INSERT of no rows
    if (options_.is_inline || MayWorkAlone()) {
      Quiesce();
    } else {
      while (IsAnySectionBlocked()) PumpSections(true, true);
      PumpSections(true, true);
      WakeThread();
    }
  }
  SettleFailures();
  if (durability_ == nullptr && is_asleep_) WakeThread();  // to end an epoch; durable ones: Acknowledge
  WakeWaiters();
}

void Core::SettleFailures() {
  for (const ShardSection* section : sections_) has_failures_ |= section->has_failed();
  if (!std::exchange(has_failures_, false)) return;  // every push asks
  Quiesce();
  bool any = false;
  for (const auto& source : sources_) {
    if (source->shared != nullptr) any |= source->shared->fan_out->TakeFailure();
    for (const auto& head : source->catching_up) any |= head->fan_out->TakeFailure();
  }
  for (const auto& view : views_) {
    if (view->fan_out != nullptr) any |= view->fan_out->TakeFailure();
    for (const auto& section : view->pipeline->sections()) any |= section->has_failed();
    any |= view->sink != nullptr && !view->sink->failure().ok();  // nobody pushed into it when it failed to prepare
  }
  if (any) StopViews();
}

void Core::StopViews() {
  for (const auto& view : views_) {  // in order of creation, so dependents come after what they read
    if (view->state != ViewState::kRunning) continue;
    Status failure = view->pipeline->Failure();
    bool paused = false;
    for (const std::string& read : view->reads) {
      const ViewNode* below = FindView(read);
      paused |= below != nullptr && below->state != ViewState::kRunning;
    }
    if (failure.ok() && !paused) continue;
    view->state = failure.ok() ? ViewState::kPaused : ViewState::kFailed;
    view->failure = std::move(failure);
    Detach(*view);
  }
}

Status Core::WaitUntil(const std::function<Result<bool>()>& done, const std::atomic<bool>& cancelled, Duration timeout,
                       std::string_view what) {
  const int64_t start = options_.clock->MonotonicNanos();
  auto check = [&]() -> Result<bool> {
    if (cancelled.load(std::memory_order_acquire))
      return Error(ErrorCode::kCancelled, std::string(what) + " was cancelled");
    if (TRY(done())) return true;
    TRY(CheckUsable());  // sources stand still: it will not come
    if (timeout > 0 && options_.clock->MonotonicNanos() - start > timeout * 1000) {
      return Error(
          Status(ErrorCode::kLimitReached, std::string(what) + " did not finish within " + FormatDuration(timeout)));
    }
    return false;
  };
  if (options_.is_inline) {
    while (true) {
      {
        Lock lock(*this);
        if (TRY(check())) return {};
        if (TRY(Turn())) continue;
        if (TRY(check())) return {};
      }
      std::this_thread::yield();
    }
  }
  sleepers_.fetch_add(1, std::memory_order_acq_rel);
  Status status;
  while (true) {
    const uint64_t seen = changes_.load(std::memory_order_acquire);
    {
      Lock lock(*this);
      const Result<bool> is_done = check();
      if (!is_done) status = is_done.error();
      if (!is_done || *is_done) break;
    }
    std::unique_lock lock(wait_mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(20),
                      [&] { return changes_.load(std::memory_order_acquire) != seen; });
  }
  sleepers_.fetch_sub(1, std::memory_order_acq_rel);
  return status;
}

Result<bool> Core::IsComplete(std::string_view name) {
  if (SourceNode* source = FindSource(name)) {
    if (!source->failure.ok()) return Error(Status(source->failure));
    if (source->connector == nullptr) return true;  // pushes are taken in at once
    if (source->shared == nullptr) {
      return Error(Status(ErrorCode::kNotSupported,
                          "nothing reads source \"" + std::string(name) + "\", so it will not come to its end")
                       .WithHint("create a view on it first"));
    }
    return source->shared->has_ended &&
           std::ranges::all_of(source->catching_up, [](const auto& h) { return h->has_ended; });
  }
  ViewNode* view = FindView(name);
  if (const catalog::RelationPtr plain = catalog_.Find(name);
      view == nullptr && plain != nullptr && plain->kind == catalog::RelationKind::kView) {
    for (const std::string& read : plain->depends_on) {
      if (!TRY(IsComplete(read))) return false;
    }
    return true;
  }
  if (view == nullptr)
    return Error(Status(ErrorCode::kNotFound,
                        "there is no source, table, sink or materialized view \"" + std::string(name) + "\""));
  SettleFailures();
  if (view->state == ViewState::kFailed)
    return Error(Status(view->failure).Prefix("view \"" + view->name + "\" failed"));
  if (view->state == ViewState::kPaused)
    return Error(Status(ErrorCode::kClosed, "view \"" + view->name + "\" is paused because one it reads failed"));
  const bool has_ended = view->sink != nullptr
                             ? view->sink->has_ended()
                             : view->fan_out != nullptr && view->fan_out->watermark() == kMaxTimestamp;
  for (const std::string& read : view->reads) {
    if (!has_ended && !TRY(IsComplete(read))) return false;  // with a LIMIT it ends before them
  }
  Quiesce();  // what subscribes to it has had everything too
  if (!sections_.empty()) SettleFailures();
  if (view->state == ViewState::kFailed)
    return Error(Status(view->failure).Prefix("view \"" + view->name + "\" failed"));
  return true;
}

ReadView Core::Read(const std::vector<std::string>& relations) {
  CloseEpoch();
  Quiesce();
  ReadView view;
  view.epoch = epoch_;
  for (const std::string& name : relations) {
    SourceNode* source = FindSource(name);
    ViewNode* node = source == nullptr ? FindView(name) : nullptr;
    if (source != nullptr) {
      CHECK(source->stored != nullptr);
      view.rows.push_back(source->TakeRows());
    } else {
      CHECK(node != nullptr && !node->pipeline->stored().empty());
      view.rows.push_back(exec::StoredResult::TakeSnapshot(node->pipeline->stored()));
    }
  }
  return view;
}

Status Core::CheckEpoch(std::string_view name, Epoch epoch) {
  CloseEpoch();
  Quiesce();
  const ViewNode* view = FindView(name);
  if (view == nullptr || view->history == nullptr) {
    return Status(ErrorCode::kEpochGone,
                  "\"" + std::string(name) + "\" keeps no history, so only its present can be read")
        .WithHint("CREATE MATERIALIZED VIEW ... WITH (retain_history = '64 MiB') AS ...");
  }
  const Epoch first = view->history->first_epoch() - 1;
  if (epoch >= first && epoch <= epoch_) return {};
  return Status(ErrorCode::kEpochGone, "epoch " + std::to_string(epoch) + " of \"" + std::string(name) +
                                           "\" cannot be read: epochs " + std::to_string(first) + " to " +
                                           std::to_string(epoch_) + " can")
      .WithHint("a larger retain_history keeps more");
}

Result<ReadView> Core::ReadAsOf(const std::vector<std::string>& relations, Epoch epoch) {
  ReadView read;
  read.epoch = epoch;
  for (const std::string& name : relations) {
    TRY(CheckEpoch(name, epoch));
    ViewNode* view = FindView(name);
    // What is there now, less what came since.
    exec::MaterializeSpec spec;
    spec.name = "view " + name + " at a past epoch";
    spec.types = view->relation->schema.Types();
    spec.input_retracts = true;
    exec::Materialize past(std::move(spec));
    exec::FanOut nobody;
    exec::Context context;
    context.environment = &environment_;
    TRY(past.Open(context));
    past.ConnectTo(&nobody, 0);
    TRY(FeedStored(past, *exec::StoredResult::TakeSnapshot(view->pipeline->stored()), kMinTimestamp, nullptr));
    data::BatchBuffer changes(view->relation->schema.Types());
    for (uint64_t cursor = 0; view->history->Read(epoch, cursor, changes) != 0;) {
      int64_t* weights = changes.UseWeights();
      for (uint32_t row = 0; row < changes.rows(); ++row) weights[row] = -weights[row];
      if (past.Process(0, changes.batch(), past.output()) == exec::Step::kFailed) return Error(Status(past.failure()));
    }
    exec::StoredResult* part = &past;
    read.rows.push_back(exec::StoredResult::TakeSnapshot({&part, 1}));
  }
  return read;
}

namespace {

// About what the rows will take in the log.
uint64_t BytesOf(const catalog::Relation& relation, const data::Batch& batch) {
  const data::Schema& schema = relation.physical.size() == 0 ? relation.schema : relation.physical;
  uint64_t bytes = 0;
  for (uint32_t c = 0; c < batch.column_count; ++c) {
    const data::Column& column = batch.columns[c];
    bytes += uint64_t{batch.rows} * 8;
    if (schema[c].type.physical() != data::PhysicalType::kString || column.encoding != data::Encoding::kFlat) continue;
    const auto* texts = column.As<data::StringRef>();
    for (uint32_t row = 0; row < batch.rows; ++row) bytes += column.IsNull(row) ? 0 : texts[row].length;
  }
  return bytes;
}

Status CheckNulls(const data::Schema& schema, const data::Batch& batch) {
  for (uint32_t c = 0; c < batch.column_count; ++c) {
    if (schema[c].nullable || !batch.columns[c].has_nulls) continue;
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (!batch.columns[c].IsNull(row)) continue;
      return Status(ErrorCode::kNullNotAllowed,
                    "column \"" + schema[c].name + "\" is NOT NULL, row " + std::to_string(row) + " has NULL")
          .WithHint(
              "rows count from 0; give it a value, for example with COALESCE, or declare the column without NOT NULL");
    }
  }
  return {};
}

}  // namespace

// An epoch does not grow beyond what may wait, either.
Status Core::PrepareToTake() {
  if (durability_ == nullptr) return {};
  if (!durability_->has_room()) durability_->RetryWrites();
  if (is_logged_ && durability_->has_room() && !durability_->has_room(unlogged_bytes_))
    (void)CommitEpoch();  // an error is told right below
  return durability_->CheckAccepts();
}

Status Core::CheckPush(const SourceNode& node, const data::Batch& batch, uint64_t rows) const {
  if (node.connector != nullptr)
    return Status(ErrorCode::kNotThatKind,
                  "source \"" + node.relation->name + "\" is fed by its connector \"" + node.relation->connector + "\"")
        .WithHint("push into a source with connector = 'memory', or a table");
  if (node.shared->has_ended) return Status(ErrorCode::kClosed, "source \"" + node.relation->name + "\" has ended");
  TRY(Status(node.failure));
  TRY(CheckNulls(node.relation->physical, batch));
  if (node.stored == nullptr) return {};
  TRY(node.stored->Reserve(rows));
  return durability_ != nullptr ? node.stored->CheckRows(batch) : Status();
}

Status Core::Push(SourceNode& node, data::Batch& batch) {
  RefreshTime();
  if (memory_->needs_care()) MakeRoomForPush();
  Head& head = *node.shared;
  runtime::TaskBudget budget(runtime::BudgetId::kPush, watch_.budgets());
  budget.SetRows(batch.rows);
  if (head.assigner != nullptr) environment_.watermark = head.assigner->watermark();
  const uint32_t rows = batch.rows;
  if (durability_ != nullptr) unlogged_bytes_ += BytesOf(*node.relation, batch);
  if (PushBatch(head, batch) == exec::Step::kFailed) TRY(head.Failure());
  head.rows += rows;
  is_dirty_ = true;
  return {};
}

Status Core::PushWatermark(SourceNode& node, Timestamp watermark) {
  if (node.connector != nullptr)
    return Status(ErrorCode::kNotThatKind, "source \"" + node.relation->name + "\" is fed by its connector");
  TRY(PrepareToTake());
  RefreshTime();
  is_dirty_ = true;
  if (node.shared->entry().Watermark(0, watermark, node.shared->entry().output()) == exec::Step::kFailed)
    return node.shared->Failure();
  return {};
}

Status Core::End(SourceNode& node) {
  if (node.connector != nullptr)
    return Status(ErrorCode::kNotThatKind, "source \"" + node.relation->name + "\" ends by itself");
  TRY(PrepareToTake());
  RefreshTime();
  is_dirty_ = true;
  return EndHead(*node.shared);
}

}  // namespace laminar::engine
