#include "engine/durability.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "os/cpu.h"

namespace laminar::engine {

using state::CheckpointInfo;
using state::WalPosition;
using state::WalRecordType;

namespace {

// Where cores are few, the graph goes first: were it sent away while it stands still for the end of an epoch, everybody
// would wait. It cannot starve the log for long, because it waits for it when too much is queued.
constexpr int kLogNice = 5;

}  // namespace

Durability::Durability(std::unique_ptr<DatabaseDirectory> directory, const os::Clock& clock, DurabilityOptions options)
    : directory_(std::move(directory)),
      clock_(clock),
      options_(options),
      checkpoint_interval_(options.checkpoint_interval),
      queue_bytes_max_(options.queue_bytes_max) {}

Result<std::unique_ptr<Durability>> Durability::Open(std::unique_ptr<DatabaseDirectory> directory,
                                                     const os::Clock& clock, DurabilityOptions options) {
  std::unique_ptr<Durability> durability(new Durability(std::move(directory), clock, options));
  const int64_t start = clock.MonotonicNanos();
  if (Status status = durability->Recover(); !status.ok())
    return Error(std::move(status.Prefix("opening database \"" + durability->directory_->path() + "\"")));
  durability->report_.nanos = clock.MonotonicNanos() - start;
  return durability;
}

Durability::~Durability() {
  stop_.store(true, std::memory_order_release);
  work_.Notify();
  if (thread_.is_joinable()) thread_.Join();
}

state::WalOptions Durability::LogOptions() const {
  state::WalOptions options;
  options.files = &directory_->files();
  options.clock = &clock_;
  options.directory = directory_->log();
  options.database_id = directory_->id();
  options.segment_bytes = options_.segment_bytes;
  return options;
}

Status Durability::Recover() {
  state::CheckpointOptions options;
  options.files = &directory_->files();
  options.clock = &clock_;
  options.directory = directory_->state();
  options.database_id = directory_->id();
  options.retained = options_.checkpoints_retained;
  options.is_inline = options_.is_inline;
  if (options_.reads_all) options.read_bytes_max = UINT64_MAX;
  store_ = TRY(state::CheckpointStore::Open(options, &report_.skipped_checkpoints));
  report_.is_new = directory_->is_new();
  WalPosition from;
  if (const std::optional<CheckpointInfo>& base = store_->base()) {
    report_.checkpoint_id = base->id;
    report_.checkpoint_epoch = base->epoch;
    report_.epoch = base->epoch;
    if (base->log.size() != 1) {
      return Status(ErrorCode::kNotSupported, "checkpoint " + std::to_string(base->id) + " was written by " +
                                                  std::to_string(base->log.size()) + " cores");
    }
    from = base->log[0];
  }
  TRY(ReplayLog(from));
  applied_epoch_ = report_.epoch;
  durable_epoch_ = report_.epoch;
  last_checkpoint_nanos_ = clock_.MonotonicNanos();
  return {};
}

// Deltas count only when their epoch's commit record is there; what stands behind the last one is cut.
Status Durability::ReplayLog(const WalPosition& from) {
  state::WalOptions options = LogOptions();
  // A log that ends before what some checkpoint saw durable is damaged.
  for (const CheckpointInfo& checkpoint : store_->List()) {
    for (const WalPosition& position : checkpoint.log)
      options.durable_sequence = std::max(options.durable_sequence, position.sequence);
  }
  WalPosition end = from;
  const bool has_log = !TRY(state::ListWalSegments(options)).empty();
  if (!has_log && from.segment != 0)
    return Status(ErrorCode::kCorrupt, "the log is missing").WithHint("was the folder copied whole?");
  if (has_log) {
    std::unique_ptr<state::WalReader> reader = TRY(state::WalReader::Open(options, from));
    if (from.segment == 0) end = reader->end();
    std::vector<std::string> epoch;
    state::WalRecord record;
    while (TRY(reader->Next(record)) == state::WalReadStatus::kRecord) {
      if (record.type == WalRecordType::kDelta) {
        epoch.emplace_back(record.payload);
        report_.log_bytes += record.payload.size();
        continue;
      }
      if (record.type != WalRecordType::kEpochComplete)
        return Status(ErrorCode::kFormatVersion, "the log holds a record of an unknown type");
      for (const std::string& delta : epoch) TRY(store_->Apply(delta));
      epoch.clear();
      ++report_.log_epochs;
      report_.epoch = record.epoch;
      end = record.end;
    }
    report_.bytes_cut = TRY(state::RepairWal(options, end)).bytes_cut;
  }
  log_ = TRY(state::WalWriter::Open(options, end, report_.epoch + 1));
  applied_end_ = log_->end();
  return {};
}

Status Durability::Start() {
  figures_.log_method = log_->method();
  figures_.durable_epoch = report_.epoch;
  kept_ = store_->List();
  TRY(store_->StartMerging());
  if (options_.is_inline) return {};
  thread_ =
      TRY(os::Thread::Start("laminar-log", [](void* self) { static_cast<Durability*>(self)->ThreadMain(); }, this));
  return {};
}

Status Durability::Commit(Epoch epoch, state::Delta delta) {
  delta.Shrink();
  TRY(CheckUsable());
  queued_bytes_ += delta.bytes();
  unlogged_bytes_ += delta.bytes();
  handed_epoch_.store(epoch, std::memory_order_relaxed);
  if (IsIntervalOver()) is_due_handed_.store(true, std::memory_order_relaxed);
  Pending pending{.epoch = epoch, .delta = std::move(delta), .wants_checkpoint = wants_checkpoint_.exchange(false)};
  if (options_.is_inline) {
    group_.push_back(std::move(pending));
    return WriteInline();
  }
  handed_.Give(std::move(pending));
  work_.Notify();
  return {};
}

// What waits for room is no failure of who brings more.
Status Durability::WriteInline() {
  const Status written = WriteGroup(group_);
  const std::lock_guard lock(mutex_);
  NoteWritten(written);
  return failure_;
}

void Durability::RetryWrites() {
  if (!options_.is_inline || !is_stalled_.load(std::memory_order_relaxed)) return;
  (void)WriteInline();  // told to whoever asks
}

// Under the mutex.
void Durability::NoteWritten(const Status& written) {
  const bool is_stalled = written.code() == ErrorCode::kLimitReached;
  stalled_ = is_stalled ? written : Status();
  is_stalled_.store(is_stalled, std::memory_order_release);
  if (written.ok() || is_stalled) return;
  failure_ = written;
  failure_.Prefix("nothing is taken in any more, as it could not be kept");
  if (failure_.hint().empty()) failure_.WithHint("see to the disk, then open the database again");
  group_.clear();
  queued_bytes_ = 0;
  unlogged_bytes_ = 0;
  has_failed_.store(true, std::memory_order_release);
}

Status Durability::CheckUsable() const {
  if (!has_failed()) return {};
  const std::lock_guard lock(mutex_);
  return failure_;
}

Status Durability::CheckAccepts() const {
  if (!has_failed() && has_room()) return {};
  const std::lock_guard lock(mutex_);
  TRY(Status(failure_));
  if (stalled_.ok() || has_room()) return {};
  return Status(ErrorCode::kLimitReached, "the disk is full, and " + FormatBytes(queued_bytes_) +
                                              " of changes wait for room on it, as much as may: " + stalled_.message())
      .WithHint("make room on the disk and all of it is written; SET log_queue_bytes says how much may wait");
}

Status Durability::CheckWrites() const {
  if (!has_failed() && !is_stalled_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex_);
  TRY(Status(failure_));
  if (stalled_.ok()) return {};
  return Status(ErrorCode::kLimitReached,
                "the disk is full, and what is done now could not be kept: " + stalled_.message())
      .WithHint("make room on the disk; what waits for it is written then");
}

// What was refused up to a moment ago says nothing of now, and who asks may have made the room.
Status Durability::WaitRetry(const std::atomic<bool>& cancelled) {
  if (options_.is_inline || !is_stalled_.load(std::memory_order_acquire)) return {};
  std::unique_lock lock(mutex_);
  const uint64_t last = tries_ + (is_writing_ ? 2 : 1);  // the one that is under way may have met the full disk before
  is_retry_wanted_.store(true, std::memory_order_release);
  work_.Notify();
  while (failure_.ok() && !stalled_.ok() && tries_ < last) {
    if (cancelled.load(std::memory_order_acquire))
      return Error(ErrorCode::kCancelled, "waiting for room on the disk was cancelled");
    done_.wait_for(lock, std::chrono::milliseconds(100));
  }
  return failure_;
}

Status Durability::WaitRoom(const std::atomic<bool>& cancelled) {
  if (options_.is_inline || (!has_failed() && has_room())) return {};  // inline: Push looks itself
  std::unique_lock lock(mutex_);
  while (failure_.ok() && stalled_.ok() && !has_room()) {
    if (cancelled.load(std::memory_order_acquire))
      return Error(ErrorCode::kCancelled, "waiting until the disk has caught up was cancelled");
    done_.wait_for(lock, std::chrono::milliseconds(100));
  }
  return failure_;
}

void Durability::ThreadMain() {
  os::MakeThisThreadNicer(kLogNice);
  while (WaitForWork()) {
    {
      const std::lock_guard lock(mutex_);
      is_retry_wanted_.store(false, std::memory_order_relaxed);
      is_writing_ = true;
    }
    const Status written = WriteGroup(group_);
    {
      const std::lock_guard lock(mutex_);
      is_writing_ = false;
      ++tries_;
      NoteWritten(written);
      done_.notify_all();
    }
    if (has_failed()) return;
    if (is_stalled_.load(std::memory_order_relaxed) && !WaitToRetry()) return;
  }
}

// False: it was told to stop, and all that was handed over is written. What was not written goes before what came.
bool Durability::WaitForWork() {
  while (true) {
    const bool stops = stop_.load(std::memory_order_acquire);
    handed_.TakeAll([this](Pending&& pending) { group_.push_back(std::move(pending)); });
    if (!group_.empty()) return true;
    if (stops) return false;
    work_.PrepareWait();
    if (stop_.load(std::memory_order_acquire) || !handed_.empty())
      work_.CancelWait();
    else
      work_.Wait(-1);
  }
}

// After a while, or when somebody wants it. False: it was told to stop.
bool Durability::WaitToRetry() {
  const int64_t until = os::RealClock().MonotonicNanos() + 100'000'000;
  while (!stop_.load(std::memory_order_acquire)) {
    work_.PrepareWait();
    const int64_t left = until - os::RealClock().MonotonicNanos();
    if (left > 0 && !is_retry_wanted_.load(std::memory_order_acquire) && !stop_.load(std::memory_order_acquire)) {
      work_.Wait(left);  // new epochs wake it up too, and change nothing
      continue;
    }
    work_.CancelWait();
    if (left <= 0 || is_retry_wanted_.load(std::memory_order_acquire)) return true;
  }
  return false;
}

Status Durability::AppendDelta(const Pending& pending) {
  runtime::TaskBudget budget(runtime::BudgetId::kLogWrite, budgets_);
  budget.SetRows(pending.delta.bytes() / 1024);
  for (const std::string& part : pending.delta.parts()) TRY(log_->Append(WalRecordType::kDelta, pending.epoch, part));
  return log_->Append(WalRecordType::kEpochComplete, pending.epoch, {});
}

// The log alone makes epochs durable, so it goes first: all that waits, whatever the store has still to be given.
Status Durability::WriteLog(std::deque<Pending>& group, Status& appended) {
  const int64_t start = clock_.MonotonicNanos();
  for (Pending& pending : group) {
    if (pending.is_in_log) continue;
    appended = AppendDelta(pending);
    if (!appended.ok()) break;
    pending.is_in_log = true;
    pending.log_end = log_->end();
    has_unsynced_ = true;
    unsynced_bytes_ += pending.delta.bytes();
    unsynced_epoch_ = pending.epoch;
  }
  if (!has_unsynced_) return {};
  TRY(log_->Sync());
  has_unsynced_ = false;
  NoteLogged(std::exchange(unsynced_bytes_, 0), clock_.MonotonicNanos() - start);
  NoteDurable(unsynced_epoch_);
  return {};
}

void Durability::NoteLogged(uint64_t bytes, int64_t nanos) {
  log_pace_.NoteGroup(bytes, nanos, queue_bytes_max_.load(std::memory_order_relaxed));
  const std::lock_guard lock(mutex_);
  unlogged_bytes_ -= bytes;
  ++figures_.syncs;
}

// While the store is given what stands in the log, more comes. That somebody waits for it is a reason to write it to
// the log before going on, and that it is much: who comes then would wait for all of it.
bool Durability::IsLogWanted() const {
  return awaited_epoch_.load(std::memory_order_relaxed) > durable_epoch() || unlogged_bytes_ >= log_pace_.bytes_much();
}

// An epoch leaves the group when it stands in the log and in the store: were it gone before, a later checkpoint would
// lack it. At least one does, or the store would never come to its turn.
Status Durability::ApplyToStore(std::deque<Pending>& group, bool gives_way) {
  while (!group.empty() && group.front().is_in_log) {
    Pending& pending = group.front();
    // After an error all parts are applied again: the last operation of a key decides.
    for (const std::string& part : pending.delta.parts()) TRY(store_->Apply(part));
    applied_epoch_ = pending.epoch;
    applied_end_ = pending.log_end;
    is_publish_due_ |= pending.wants_checkpoint;
    {
      const std::lock_guard lock(mutex_);
      queued_bytes_ -= pending.delta.bytes();
      figures_.log_bytes += pending.delta.bytes();
      ++figures_.epochs;
    }
    pending.delta.Release();
    if (!options_.is_inline) pool_.Prepare();
    group.pop_front();
    if (gives_way && IsLogWanted()) break;
  }
  return {};
}

Status Durability::WriteGroup(std::deque<Pending>& group) {
  Status appended;
  TRY(WriteLog(group, appended));
  TRY(ApplyToStore(group, !options_.is_inline && appended.ok()));  // else what came cannot be written now
  TRY(std::move(appended));
  return PublishIfDue();
}

Status Durability::PublishIfDue() {
  if (!std::exchange(is_publish_due_, false) && !IsIntervalOver()) return {};
  Status published = Publish(applied_epoch_);
  const std::lock_guard lock(mutex_);
  if (!published.ok()) {
    ++figures_.checkpoints_failed;  // the log and older checkpoints still hold everything; the next one is tried later
    figures_.last_error = published.message();
  }
  checkpoint_failure_ = std::move(published);
  checkpoint_failed_epoch_ = applied_epoch_;
  return {};
}

void Durability::NoteDurable(Epoch epoch) {
  if (epoch <= durable_epoch()) return;
  durable_epoch_.store(epoch, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  figures_.durable_epoch = epoch;
  // The disk takes again: were this said only when the whole group is written, what comes meanwhile would be refused.
  stalled_ = {};
  is_stalled_.store(false, std::memory_order_release);
  done_.notify_all();
}

Status Durability::Publish(Epoch epoch) {
  last_checkpoint_nanos_ = clock_.MonotonicNanos();
  is_due_handed_.store(false, std::memory_order_relaxed);
  const CheckpointInfo info = TRY(store_->Publish(epoch, {applied_end_}));
  NoteDurable(epoch);
  const std::vector<CheckpointInfo> kept = store_->List();
  {
    const std::lock_guard lock(mutex_);
    kept_ = kept;
    last_checkpoint_ = info;
    figures_.checkpoint_bytes = info.bytes;
    figures_.checkpoint_new_bytes = info.new_bytes;
    ++figures_.checkpoints;
  }
  if (kept.empty()) return {};
  TRY(state::TruncateWalBefore(LogOptions(), kept.front().log[0]));
  return {};
}

Status Durability::WaitDurable(Epoch epoch, const std::atomic<bool>& cancelled) {
  std::unique_lock lock(mutex_);
  if (epoch > awaited_epoch_) awaited_epoch_ = epoch;
  while (true) {
    if (durable_epoch() >= epoch) return {};
    TRY(Status(failure_));
    if (!stalled_.ok()) {
      return Status(ErrorCode::kLimitReached, "done, and not on the disk yet, which is full: " + stalled_.message())
          .WithHint("make room on the disk and it is written; a crash before that loses it");
    }
    if (cancelled.load(std::memory_order_acquire))
      return Error(ErrorCode::kCancelled, "waiting for rows to be durable was cancelled");
    CHECK(!options_.is_inline);
    done_.wait_for(lock, std::chrono::milliseconds(100));
  }
}

void Durability::RequestCheckpoint() {
  const std::lock_guard lock(mutex_);
  wants_checkpoint_ = true;
}

bool Durability::is_checkpoint_due() const {
  return !is_due_handed_.load(std::memory_order_relaxed) && IsIntervalOver();
}

bool Durability::is_checkpoint_wanted() const { return wants_checkpoint_.load(std::memory_order_relaxed); }

bool Durability::needs_checkpoint() const {
  const std::lock_guard lock(mutex_);
  const Epoch last = last_checkpoint_ ? last_checkpoint_->epoch : report_.checkpoint_epoch;
  return std::max(durable_epoch(), handed_epoch_.load(std::memory_order_relaxed)) > last;
}

bool Durability::IsIntervalOver() const {
  const Duration interval = checkpoint_interval_.load(std::memory_order_relaxed);
  return interval > 0 && clock_.MonotonicNanos() - last_checkpoint_nanos_ > interval * 1000;
}

Result<CheckpointInfo> Durability::WaitCheckpoint(Epoch epoch, const std::atomic<bool>& cancelled) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (last_checkpoint_ && last_checkpoint_->epoch >= epoch) return *last_checkpoint_;
    TRY(Status(failure_));
    if (!stalled_.ok()) return Error(Status(stalled_).Prefix("making a checkpoint"));
    if (!checkpoint_failure_.ok() && checkpoint_failed_epoch_ >= epoch) return Error(Status(checkpoint_failure_));
    if (cancelled.load(std::memory_order_acquire))
      return Error(ErrorCode::kCancelled, "waiting for a checkpoint was cancelled");
    CHECK(!options_.is_inline);
    done_.wait_for(lock, std::chrono::milliseconds(100));
  }
}

Durability::Figures Durability::GetFigures() {
  const std::lock_guard lock(mutex_);
  Figures figures = figures_;
  figures.queued_bytes = queued_bytes_;
  figures.unlogged_bytes = unlogged_bytes_;
  figures.has_failed = has_failed();
  figures.is_stalled = !stalled_.ok();
  if (!failure_.ok()) figures.last_error = failure_.message();
  return figures;
}

std::vector<CheckpointInfo> Durability::Checkpoints() {
  const std::lock_guard lock(mutex_);
  return kept_;
}

}  // namespace laminar::engine
