// Core, part three: what of the graph is durable, commits of epochs, and how a graph comes back.
#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "data/text.h"
#include "engine/core.h"
#include "engine/sink_operator.h"
#include "engine/table_loader.h"
#include "os/cpu.h"

namespace laminar::engine {

using catalog::Relation;
using catalog::RelationKind;

Status Core::SetDatabase(const Settings& settings, std::string_view name) {
  const auto is_meant = [&](std::string_view setting) { return name.empty() || name == setting; };
  if (is_meant("batch_rows")) batch_rows_ = settings.batch_rows;
  if (is_meant("worker_cores")) TRY(UseCores(settings.worker_cores));
  if (is_meant("cpu_pinning")) TRY(watch_.Pin(settings.cpu_pinning));
  if (is_meant("rt_priority")) watch_.SetRealTime(static_cast<int>(settings.rt_priority));
  if (is_meant("budget_sample_every")) watch_.SetSampleEvery(static_cast<uint32_t>(settings.budget_sample_every));
  if (is_meant("state_memory_bytes") || is_meant("spill_directory") || is_meant("spill_limit_bytes"))
    LimitMemory(settings, name);
  if (is_meant("durability")) {
    is_logged_ = settings.durability != "none";
    waits_for_disk_ = settings.durability == "epoch";
  }
  if (is_meant("epoch_interval")) epoch_interval_ = *IntervalOf("epoch_interval", settings.epoch_interval);
  if (is_meant("log_queue_bytes") && durability_ != nullptr) durability_->SetQueueBytes(settings.log_queue_bytes);
  if (is_meant("checkpoint_interval") && durability_ != nullptr)
    durability_->SetCheckpointInterval(*IntervalOf("checkpoint_interval", settings.checkpoint_interval));
  return {};
}

bool Core::IsCommitDue(int64_t now) const {
  if (durability_ == nullptr || durability_->has_failed() || !durability_->has_room()) return false;
  if (durability_->is_checkpoint_wanted()) return true;
  if (!is_dirty_) return false;
  if (!is_logged_) return durability_->is_checkpoint_due();
  return pace_.IsOver(now, epoch_interval_ * 1000) || pace_.HoldsEnough(RowsRead());
}

uint64_t Core::RowsRead() const {
  uint64_t rows = 0;
  for (const auto& source : sources_) {
    if (source->shared != nullptr) rows += source->shared->rows;
    for (const auto& head : source->catching_up) rows += head->rows;
  }
  return rows;
}

Result<Epoch> Core::CommitEpoch() {
  if (durability_ == nullptr) return 0;
  TRY(durability_->CheckUsable());
  const uint64_t rows = pace_.RowsSinceBegin(RowsRead());
  CloseEpoch();
  Quiesce();
  const os::Stopwatch watch(*options_.clock);
  for (const auto& view : views_) {
    if (view->sink == nullptr || view->state != ViewState::kRunning) continue;
    view->sink->Prepare(epoch_);
    has_failures_ |= !view->sink->failure().ok();
  }
  SettleFailures();  // a sink that could not is stored as failed with this very epoch, whose rows it lacks
  Capture();
  is_dirty_ = false;
  unlogged_bytes_ = 0;
  committed_epoch_ = epoch_;
  // Under durability = 'none' epochs are rare, not missing: were one of them not in the log, those behind it would make
  // no sense after a checkpoint that failed or was damaged.
  TRY(durability_->Commit(epoch_, graph_state_.TakeDelta(durability_->NewDelta())));
  const int64_t pause = watch.Nanos();
  pace_.NotePause(pause, watch.OwnNanos(), rows);
  watch_.budgets().Record(runtime::BudgetId::kCommit, static_cast<uint64_t>(std::max<int64_t>(pause, 0)), 1);
  if (options_.is_inline) DecideSinks();
  return epoch_;
}

Result<Epoch> Core::Acknowledge(bool has_changed) {
  Epoch epoch = 0;
  if (durability_ != nullptr && is_logged_ && waits_for_disk_)
    epoch = is_dirty_ ? TRY(CommitEpoch()) : has_changed ? committed_epoch_ : 0;
  // The rest is the thread's: an epoch nobody waits for, sinks to be decided.
  if (is_asleep_ && (is_dirty_ || HasUndecidedSinks())) WakeThread();
  return epoch;
}

// Nothing has changed yet. What nobody waits for may wait for room in memory, as rows may.
Status Core::WaitToDefine(bool is_checkpoint, const std::atomic<bool>& cancelled) {
  if (durability_ == nullptr) return {};
  bool is_awaited = is_checkpoint;
  {
    const Lock lock(*this);
    durability_->RetryWrites();
    is_awaited |= is_logged_ && waits_for_disk_;
  }
  TRY(durability_->WaitRetry(cancelled));
  TRY(durability_->WaitRoom(cancelled));
  return is_awaited ? durability_->CheckWrites() : durability_->CheckAccepts();
}

void Core::DecideSinks() {
  if (durability_ == nullptr) return;
  const Epoch durable = durability_->durable_epoch();
  for (const auto& view : views_) {
    if (view->sink == nullptr || !view->sink->is_undecided()) continue;
    view->sink->Decide(durable);
    has_failures_ |= !view->sink->failure().ok();
  }
}

Status Core::DeliverSink(std::string_view name, const std::atomic<bool>& cancelled) {
  Epoch epoch = 0;
  {
    const Lock lock(*this);
    const ViewNode* view = FindView(name);
    if (view == nullptr || view->sink == nullptr) return {};
    if (durability_ == nullptr || !is_logged_) return {};  // without a log it comes with the next checkpoint
    epoch = is_dirty_ ? TRY(CommitEpoch()) : committed_epoch_;
  }
  TRY(durability_->WaitDurable(epoch, cancelled));
  const Lock lock(*this);
  DecideSinks();
  TRY(IsComplete(name));  // it may have failed to
  return {};
}

bool Core::HasUndecidedSinks() const {
  return durability_ != nullptr &&
         std::ranges::any_of(views_, [](const auto& v) { return v->sink != nullptr && v->sink->is_undecided(); });
}

// --- What is stored. ---

namespace {

// The columns as in CREATE TABLE (...), so that the parser reads them back.
std::string ColumnsText(const data::Schema& schema) {
  std::string out;
  for (const data::Field& field : schema.fields()) {
    std::string quoted = "\"";
    for (const char c : field.name) quoted += c == '"' ? "\"\"" : std::string(1, c);
    out += (out.empty() ? "" : ", ") + quoted + "\" " + field.type.ToString();
  }
  return out;
}

}  // namespace

void Core::Remember(const Relation& relation, const Settings& settings) {
  if (durability_ == nullptr) return;
  if (restoring_ != nullptr) {
    ordinals_[relation.name] = restoring_->ordinal;
    return;
  }
  CatalogEntry entry;
  entry.ordinal = graph_state_.NextOrdinal();
  entry.name = relation.name;
  entry.sql = relation.sql;
  entry.created = environment_.now;
  if (relation.kind == RelationKind::kSource) {
    entry.columns = ColumnsText(relation.physical);
    entry.replayable = relation.replayable;
    entry.bounded = relation.bounded;
  }
  for (const Settings::Entry& setting : settings.All()) {
    if (setting.value != setting.initial) entry.settings.emplace_back(setting.name, setting.value);
  }
  graph_state_.PutCatalog(entry);
  ordinals_[relation.name] = entry.ordinal;
  is_dirty_ = true;
}

void Core::RegisterView(ViewNode& node) {
  if (durability_ == nullptr) return;
  for (const PlacedOperator& placed : node.pipeline->placed())
    node.held.push_back(graph_state_.Register("v/" + node.name + "/" + std::to_string(placed.index), placed.instances));
  if (node.pipeline->reads_groups()) {
    const auto stored = std::ranges::find(node.held, "v/" + node.name + "/0", &StoredOperator::path);
    graph_state_.DropTablesOf(*stored);
  }
  if (node.history != nullptr) {
    exec::Operator* history = node.history.get();
    node.held.push_back(graph_state_.Register("v/" + node.name + "/history", {&history, 1}));
  }
  if (node.fan_out != nullptr) {
    exec::Operator* fan_out = node.fan_out.get();
    node.held.push_back(graph_state_.Register("v/" + node.name + "/out", {&fan_out, 1}));
  }
  is_dirty_ = true;
}

void Core::ForgetView(const ViewNode& node) {
  for (const StoredOperator& stored : node.held) graph_state_.Forget(stored);
  if (!node.stored_failure.empty()) graph_state_.RemoveFailure(node.name);
}

// Views and sinks, and which of their scans, that hang on a head.
std::vector<std::pair<std::string, uint32_t>> Core::ReadersOf(const Head& head) const {
  std::vector<std::pair<std::string, uint32_t>> readers;
  for (const auto& view : views_) {
    if (view->name.empty()) continue;
    for (uint32_t scan = 0; scan < view->picks.size(); ++scan) {
      if (head.fan_out->Has(view->picks[scan].get())) readers.emplace_back(view->name, scan);
    }
  }
  return readers;
}

void Core::RegisterHead(const Head& head, HeldHead& held) {
  for (uint32_t i = 0; i < head.operators.size(); ++i) {
    exec::Operator* op = head.operators[i].get();
    held.operators.push_back(
        graph_state_.Register("s/" + std::to_string(head.serial) + "/" + std::to_string(i), {&op, 1}));
  }
}

Status Core::CaptureHead(SourceNode& source, Head& head, bool is_shared) {
  StoredHead stored;
  stored.source = source.relation->name;
  stored.is_shared = is_shared;
  stored.readers = ReadersOf(head);
  if (!is_shared && stored.readers.empty()) return {};  // a cursor's
  if (head.serial == 0) head.serial = graph_state_.NextHead();
  HeldHead& held = held_heads_[head.serial];
  held.is_live = true;
  stored.serial = head.serial;
  stored.at_full_speed = head.at_full_speed;
  stored.has_ended = head.has_ended;
  stored.rows = head.rows;
  stored.needed = head.needed;
  if (head.reader != nullptr)
    head.reader->AppendPosition(stored.position);
  else
    stored.position = head.restored_position;
  TRY(graph_state_.PutHead(stored, held.stored));
  if (held.operators.empty()) RegisterHead(head, held);
  for (StoredOperator& op : held.operators) TRY(graph_state_.Capture(op));
  return {};
}

// As it is stored.
void Core::KeepHead(const Head& head) {
  if (const auto held = held_heads_.find(head.serial); held != held_heads_.end()) held->second.is_live = true;
}

// What cannot be stored stays stored as it was at the last epoch, all of it, and stands still.
void Core::CaptureSource(SourceNode& source) {
  const uint64_t before = graph_state_.delta_bytes();
  Status captured;
  if (source.shared != nullptr) captured = CaptureHead(source, *source.shared, true);
  for (const auto& head : source.catching_up) {
    if (captured.ok()) captured = CaptureHead(source, *head, false);
  }
  if (captured.ok()) return;
  graph_state_.CutTo(before);
  source.is_frozen = true;
  if (source.failure.ok()) source.failure = captured.Prefix("source \"" + source.relation->name + "\"");
}

void Core::CaptureView(ViewNode& view) {
  // What reads it stays at the same epoch, as if it had failed a moment earlier. A sink has delivered, and says so.
  view.is_frozen |= view.sink == nullptr && std::ranges::any_of(view.reads, [this](const std::string& name) {
                      const ViewNode* below = FindView(name);
                      return below != nullptr && below->is_frozen;
                    });
  if (view.is_frozen) return;
  const uint64_t before = graph_state_.delta_bytes();
  for (StoredOperator& op : view.held) {
    Status captured = graph_state_.Capture(op);
    if (captured.ok()) continue;
    graph_state_.CutTo(before);
    view.is_frozen = true;
    if (view.sink != nullptr) view.sink->Refuse(captured);
    if (view.state == ViewState::kRunning) {
      view.state = ViewState::kFailed;
      view.failure = std::move(captured);
      Detach(view);
      StopViews();
    }
    return;
  }
}

void Core::CaptureFailures() {
  auto put = [this](const std::string& name, uint8_t state, const Status& failure, std::string& last) {
    if (state == 0 && last.empty()) return;
    graph_state_.PutFailure(name, StoredFailure::Of(state, failure), last);
  };
  for (const auto& view : views_) {
    if (!view->name.empty()) put(view->name, static_cast<uint8_t>(view->state), view->failure, view->stored_failure);
  }
  // What could not be opened this time is tried again at the next opening, from where it stood.
  for (const auto& source : sources_) {
    const bool is_stored = !source->failure.ok() && !source->could_not_open;
    put(source->relation->name, is_stored ? 1 : 0, is_stored ? source->failure : Status(), source->stored_failure);
  }
}

void Core::Capture() {
  for (const auto& view : views_) CaptureView(*view);  // first: what fails here is no reader of a source any more
  for (const auto& source : sources_) {
    if (!source->is_frozen) CaptureSource(*source);
    if (!source->is_frozen) continue;
    if (source->shared != nullptr) KeepHead(*source->shared);
    for (const auto& head : source->catching_up) KeepHead(*head);
  }
  for (auto held = held_heads_.begin(); held != held_heads_.end();) {
    if (std::exchange(held->second.is_live, false)) {
      ++held;
      continue;
    }
    graph_state_.RemoveHead(held->first);
    for (const StoredOperator& op : held->second.operators) graph_state_.Forget(op);
    held = held_heads_.erase(held);
  }
  CaptureFailures();
}

// --- How it comes back. ---

Status Core::Restore(std::unique_ptr<Durability> durability,
                     const std::function<Status(const CatalogEntry&)>& execute) {
  durability_ = std::move(durability);
  TRY(graph_state_.Load(durability_->store()));
  for (const CatalogEntry& entry : graph_state_.catalog()) {
    restoring_ = &entry;
    Status status = execute(entry);
    restoring_ = nullptr;
    if (!status.ok()) return status.Prefix("restoring \"" + entry.name + "\"");
  }
  Lock lock(*this);
  TRY(RestoreState());
  TRY(graph_state_.FinishLoad());
  restored_readers_.clear();
  epoch_ = durability_->report().epoch;
  pace_.Begin(options_.clock->MonotonicNanos(), RowsRead());
  RefreshTime();
  return {};
}

Result<std::unique_ptr<Head>> Core::RestoreHead(SourceNode& source, const StoredHead& stored) {
  HeadRequest request = HeadFor(source, stored.needed);
  request.needed.resize(source.relation->physical.size(), true);
  request.at_full_speed = stored.at_full_speed;
  request.position = stored.position;
  if (stored.has_ended) request.connector = nullptr;  // nothing more will be read
  Result<std::unique_ptr<Head>> head = OpenHead(request);
  if (!head) {
    // The rest of the database is of use without that source: it says why it stands still.
    source.failure = std::move(head.error().Prefix("source \"" + source.relation->name + "\""));
    source.could_not_open = true;
    request.connector = nullptr;
    head = OpenHead(request);
    if (!head) return head;
  }
  (*head)->restored_position = stored.position;
  (*head)->serial = stored.serial;
  (*head)->has_ended = stored.has_ended;
  (*head)->rows = stored.rows;
  // A source that cannot tell its position is read again up to it.
  uint64_t left =
      stored.position.empty() && source.relation->replayable && (*head)->reader != nullptr ? stored.rows : 0;
  while (left > 0 && source.failure.ok()) {
    const auto state =
        (*head)->reader->Read(*(*head)->buffer, static_cast<uint32_t>(std::min<uint64_t>(left, batch_rows_)));
    if (!state) {
      source.failure = state.error();
    } else if (*state != sdk::ReadState::kRows) {
      source.failure =
          Status(ErrorCode::kBadFile, "source \"" + source.relation->name + "\" has fewer rows than were read");
    } else {
      left -= (*head)->buffer->rows();
    }
  }
  return head;
}

Status Core::RestoreHeads(SourceNode& source) {
  if (const auto failure = graph_state_.FailureOf(source.relation->name); failure && failure->state != 0) {
    source.failure = failure->ToStatus();
  }
  for (const StoredHead& stored : graph_state_.HeadsOf(source.relation->name)) {
    std::unique_ptr<Head> head;
    const bool is_pushed = source.connector == nullptr;
    if (is_pushed) {  // made with the source
      source.shared->serial = stored.serial;
      source.shared->rows = stored.rows;
      source.shared->has_ended = stored.has_ended;
    } else {
      head = TRY(RestoreHead(source, stored));
    }
    Head& made = is_pushed ? *source.shared : *head;
    HeldHead& held = held_heads_[stored.serial];
    RegisterHead(made, held);
    for (const auto& reader : stored.readers) restored_readers_[reader] = stored.serial;
    if (is_pushed) continue;
    if (stored.is_shared)
      source.shared = std::move(head);
    else
      source.catching_up.push_back(std::move(head));
  }
  return {};
}

void Core::RestoreFailure(ViewNode& node) {
  const auto failure = graph_state_.FailureOf(node.name);
  if (!failure || failure->state == 0) return;
  node.state = static_cast<ViewState>(failure->state);
  node.failure = failure->ToStatus();
}

// Hangs a scan where it hung, without feeding it anything.
Status Core::RestoreLeaf(ViewNode& node, uint32_t scan, ColumnPick& pick, const std::string& name) {
  if (node.state != ViewState::kRunning) return {};
  if (ViewNode* view = FindView(name)) {
    view->fan_out->Add(&pick, 0);
    return {};
  }
  SourceNode* source = FindSource(name);
  CHECK(source != nullptr);
  const auto serial = restored_readers_.find({node.name, scan});
  auto hang = [&](Head& head) {
    if (serial == restored_readers_.end() || head.serial != serial->second) return false;
    head.fan_out->Add(&pick, 0, ReadColumns(*source->relation, pick.columns()));
    return true;
  };
  bool is_hung = source->shared != nullptr && hang(*source->shared);
  for (const auto& head : source->catching_up) is_hung = is_hung || hang(*head);
  if (is_hung || !source->failure.ok()) return {};  // a source that stands still may have no position stored
  return Status(ErrorCode::kPlanChanged,
                "no reading position of source \"" + name + "\" is stored for \"" + node.name + "\"");
}

Status Core::RestoreState() {
  std::vector<StoredOperator*> stored;
  for (auto& [serial, held] : held_heads_) {
    for (StoredOperator& op : held.operators) stored.push_back(&op);
  }
  for (const auto& view : views_) {
    for (StoredOperator& op : view->held) stored.push_back(&op);
  }
  // On all cores where the state surely fits into memory. Else on one: blocks move only while nobody writes.
  constexpr uint64_t kGrowth = 3;  // rows in memory, with their index, take less than so many times their bytes
  constexpr uint32_t kBlocks = 16;
  const std::optional<state::CheckpointInfo>& base = durability_->store().base();
  const uint64_t bytes = (base ? base->bytes : 0) + durability_->report().log_bytes;
  const bool fits = kGrowth * bytes < memory_->GetFigures().limit_bytes;
  TableLoader loader(durability_->store(), [&] {
    if (!fits && memory_->is_over()) memory_->Trim(kBlocks);
  });
  for (StoredOperator* op : stored) loader.Add(*op);
  TRY(loader.Run(fits && !options_.is_inline ? static_cast<uint32_t>(os::UsableCores().size()) : 1));
  for (StoredOperator* op : stored) TRY(graph_state_.RestoreNotes(*op));
  return {};
}

}  // namespace laminar::engine
