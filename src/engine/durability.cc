#include "engine/durability.h"

#include <algorithm>

#include "base/check.h"
#include "os/cpu.h"
#include "state/log/delta.h"

namespace laminar::engine {

using state::CheckpointInfo;
using state::WalPosition;
using state::WalRecordType;

namespace {

// A record of the log holds at most so much of a delta, so that reading needs little memory.
constexpr size_t kRecordBytes = size_t{1} << 20;

}  // namespace

Durability::Durability(std::unique_ptr<DatabaseDirectory> directory, const os::Clock& clock, DurabilityOptions options)
    : directory_(std::move(directory)),
      clock_(clock),
      options_(options),
      checkpoint_interval_(options.checkpoint_interval) {}

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
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
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
  return {};
}

void Durability::Start() {
  figures_.log_method = log_->method();
  figures_.durable_epoch = report_.epoch;
  kept_ = store_->List();
  if (!options_.is_inline) thread_ = std::thread([this] { ThreadMain(); });
}

Status Durability::Commit(Epoch epoch, std::string delta) {
  std::unique_lock lock(mutex_);
  TRY(Status(failure_));
  queued_bytes_ += delta.size();
  queue_.push_back({epoch, std::move(delta), std::exchange(wants_checkpoint_, false)});
  if (!options_.is_inline) {
    lock.unlock();
    work_.notify_one();
    return {};
  }
  std::deque<Pending> group = std::exchange(queue_, {});
  lock.unlock();
  Status written = WriteGroup(group);
  lock.lock();
  if (!group.empty()) queue_ = std::move(group);
  if (written.code() != ErrorCode::kLimitReached && !written.ok()) failure_ = written;
  stalled_ = written;
  return written.code() == ErrorCode::kLimitReached ? Status() : written;
}

bool Durability::has_room() const {
  const std::lock_guard lock(mutex_);
  return queued_bytes_ < options_.queue_bytes_max;
}

void Durability::ThreadMain() {
  os::NameThisThread("laminar-log");
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;  // stopped, and all is written
    std::deque<Pending> group = std::exchange(queue_, {});
    lock.unlock();
    Status written = WriteGroup(group);
    lock.lock();
    const bool is_stalled = written.code() == ErrorCode::kLimitReached;
    if (!written.ok() && !is_stalled) failure_ = written;
    stalled_ = written;
    // What was not written goes before what came meanwhile.
    while (!group.empty()) {
      queue_.push_front(std::move(group.back()));
      group.pop_back();
    }
    done_.notify_all();
    if (!failure_.ok()) return;
    if (is_stalled && stop_) return;
    if (is_stalled) work_.wait_for(lock, std::chrono::milliseconds(100), [this] { return stop_; });
  }
}

Status Durability::AppendDelta(const Pending& pending) {
  for (std::string_view rest = pending.delta; !rest.empty();) {
    const std::string_view part = TRY(state::FirstPart(rest, kRecordBytes));
    TRY(log_->Append(WalRecordType::kDelta, pending.epoch, part));
    rest.remove_prefix(part.size());
  }
  return log_->Append(WalRecordType::kEpochComplete, pending.epoch, {});
}

// An epoch leaves the group when it stands in the log and in the store: were it gone before, a later checkpoint would
// lack it.
Status Durability::WriteGroup(std::deque<Pending>& group) {
  Status appended;
  for (Pending& pending : group) {
    if (pending.is_in_log) continue;
    appended = AppendDelta(pending);
    if (!appended.ok()) break;
    pending.is_in_log = true;
    has_unsynced_ = true;
  }
  if (has_unsynced_) {
    TRY(log_->Sync());
    has_unsynced_ = false;
    const std::lock_guard lock(mutex_);
    ++figures_.syncs;
  }
  while (!group.empty() && group.front().is_in_log) {
    const Pending& pending = group.front();
    NoteDurable(pending.epoch);
    TRY(store_->Apply(pending.delta));
    applied_epoch_ = pending.epoch;
    is_publish_due_ |= pending.wants_checkpoint;
    {
      const std::lock_guard lock(mutex_);
      queued_bytes_ -= pending.delta.size();
      figures_.log_bytes += pending.delta.size();
      ++figures_.epochs;
    }
    group.pop_front();
  }
  TRY(std::move(appended));
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
  done_.notify_all();
}

Status Durability::Publish(Epoch epoch) {
  last_checkpoint_nanos_ = clock_.MonotonicNanos();
  const CheckpointInfo info = TRY(store_->Publish(epoch, {log_->end()}));
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
  while (true) {
    if (durable_epoch() >= epoch) return {};
    TRY(Status(failure_));
    if (!stalled_.ok()) return Status(stalled_).Prefix("making rows durable");
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
  const std::lock_guard lock(mutex_);
  return wants_checkpoint_ || IsIntervalOver();
}

bool Durability::is_checkpoint_wanted() const {
  const std::lock_guard lock(mutex_);
  return wants_checkpoint_;
}

bool Durability::needs_checkpoint() const {
  const std::lock_guard lock(mutex_);
  const Epoch last = last_checkpoint_ ? last_checkpoint_->epoch : report_.checkpoint_epoch;
  return durable_epoch() > last || !queue_.empty();
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
    TRY(Status(stalled_));
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
  if (!failure_.ok()) figures.last_error = failure_.message();
  return figures;
}

std::vector<CheckpointInfo> Durability::Checkpoints() {
  const std::lock_guard lock(mutex_);
  return kept_;
}

}  // namespace laminar::engine
