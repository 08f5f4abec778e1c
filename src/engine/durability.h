// Durability: what makes epochs survive. It appends each epoch's delta to the log, ends it with a commit record,
// flushes once for all that wait, applies the same deltas to the checkpoint store, and publishes a checkpoint now and
// then.
//
// Laws. An epoch is durable when its commit record is on disk, and with it all before it. What is recovered is the
// state of one epoch at or behind the last one said to be durable, never a part of one. checkpoint(e) + log(e..now) =
// the recovered state; the log is kept from the oldest checkpoint kept. After a failed flush nothing is accepted any
// more (has_failed). A full disk is waited for: what is handed over is kept, up to a limit (has_room). Threads: Commit
// is called by the core under its lock; threaded, the writing is done by one ring-1 thread; inline, inside Commit.
// WaitDurable and the readers of figures may be called from any thread.
//
// What is waited for goes first: an epoch somebody waits for is logged after at most one more epoch has gone to the
// store, however many wait for that; and sources are held back sooner than statements, at what the log takes in a tenth
// of a second (log_pace.h). Both share a thread: while the store itself waits (for its own files, or in a checkpoint)
// the log waits, too.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/database_directory.h"
#include "engine/log_pace.h"
#include "os/thread.h"
#include "runtime/ring0/budget.h"
#include "runtime/ring0/handover.h"
#include "state/checkpoint/checkpoint_store.h"
#include "state/log/delta.h"
#include "state/log/wal.h"

namespace laminar::engine {

using state::Epoch;

struct DurabilityOptions {
  bool is_inline = false;
  Duration checkpoint_interval = 10 * kSecond;  // 0: only when asked
  uint32_t checkpoints_retained = 3;
  uint64_t segment_bytes = uint64_t{64} << 20;
  bool reads_all = false;                          // every byte of a checkpoint is checked before it is used
  uint64_t queue_bytes_max = uint64_t{256} << 20;  // deltas not written yet; beyond, nothing is taken in
};

// What opening found, for people.
struct RecoveryReport {
  bool is_new = false;
  Epoch epoch = 0;             // the state is that of this epoch
  uint64_t checkpoint_id = 0;  // 0: none
  Epoch checkpoint_epoch = 0;
  uint64_t log_epochs = 0;  // replayed
  uint64_t log_bytes = 0;   // of their changes
  uint64_t bytes_cut = 0;   // of an unfinished write at the log's end
  std::vector<std::string> skipped_checkpoints;
  int64_t nanos = 0;
};

class Durability {
 public:
  static Result<std::unique_ptr<Durability>> Open(std::unique_ptr<DatabaseDirectory> directory, const os::Clock& clock,
                                                  DurabilityOptions options);
  ~Durability();  // writes what is queued

  const RecoveryReport& report() const { return report_; }
  const DatabaseDirectory& directory() const { return *directory_; }
  // What was recovered; until Start only.
  state::CheckpointStore& store() { return *store_; }
  runtime::CoreBudgets& budgets() { return budgets_; }  // of the writing thread
  Status Start();

  // An empty one, which takes its memory from where Commit brings it back to.
  state::Delta NewDelta() { return state::Delta(&pool_); }
  // Now and then, outside of a pause: while the writing thread is held up by the disk nobody else sees to that memory.
  void PrepareDelta() {
    if (!options_.is_inline) pool_.PrepareSome();
  }
  // Hands over an epoch, and waits for nobody (inline: writes it). Fails when writing has failed for good.
  Status Commit(Epoch epoch, state::Delta delta);
  // Writing has failed for good: nothing more will be durable until the database is opened again.
  bool has_failed() const { return has_failed_.load(std::memory_order_acquire); }
  Status CheckUsable() const;  // says why
  // May the core close another epoch, or is too much waiting to be written?
  bool has_room(uint64_t more_bytes = 0) const {
    return queued_bytes_.load() + more_bytes < queue_bytes_max_.load(std::memory_order_relaxed);
  }
  // May sources be read on? What is read ahead of the log only makes those wait longer who wait for an epoch.
  bool has_room_for_sources() const {
    const uint64_t most = queue_bytes_max_.load(std::memory_order_relaxed);
    return queued_bytes_.load() < most - most / 8 && unlogged_bytes_.load() < log_pace_.bytes_max();
  }
  // Whether rows may come in: not when it has failed, nor when the disk is full and there is no room left to wait in.
  Status CheckAccepts() const;
  // Whether what is handed over now can be written now: not while the disk is full, be there room to wait in or not.
  Status CheckWrites() const;
  // As CheckAccepts, and waits while the disk is merely slower than what comes in. Not under the core's lock.
  Status WaitRoom(const std::atomic<bool>& cancelled);
  void SetQueueBytes(uint64_t bytes) { queue_bytes_max_.store(bytes, std::memory_order_relaxed); }
  // Inline: tries again to write what a full disk has refused.
  void RetryWrites();
  // Threaded: as RetryWrites, by the writing thread, and waits for the outcome. Not under the core's lock.
  Status WaitRetry(const std::atomic<bool>& cancelled);
  Epoch durable_epoch() const { return durable_epoch_.load(std::memory_order_acquire); }
  // ok when `epoch` is durable; the error that stands in its way; kCancelled.
  Status WaitDurable(Epoch epoch, const std::atomic<bool>& cancelled);
  // The next commit also publishes a checkpoint; see WaitCheckpoint.
  void RequestCheckpoint();
  // By its interval, and no epoch has been handed over that it will hold.
  bool is_checkpoint_due() const;
  bool is_checkpoint_wanted() const;  // by RequestCheckpoint
  bool needs_checkpoint() const;      // has anything come since the last one?
  void SetCheckpointInterval(Duration interval) { checkpoint_interval_.store(interval, std::memory_order_relaxed); }
  Result<state::CheckpointInfo> WaitCheckpoint(Epoch epoch, const std::atomic<bool>& cancelled);

  struct Figures {
    Epoch durable_epoch = 0;
    uint64_t log_bytes = 0;
    uint64_t syncs = 0;
    uint64_t epochs = 0;
    uint64_t queued_bytes = 0;
    uint64_t unlogged_bytes = 0;  // of them, not in the log yet
    uint64_t checkpoints = 0;
    uint64_t checkpoints_failed = 0;
    uint64_t checkpoint_bytes = 0;
    uint64_t checkpoint_new_bytes = 0;
    bool has_failed = false;
    bool is_stalled = false;  // the disk is full
    std::string log_method;
    std::string last_error;
  };
  Figures GetFigures();
  std::vector<state::CheckpointInfo> Checkpoints();
  Result<std::unique_ptr<state::CheckpointPin>> PinCheckpoint(uint64_t id) { return store_->Pin(id); }

 private:
  struct Pending {
    Epoch epoch = 0;
    state::Delta delta;
    bool wants_checkpoint = false;
    bool is_in_log = false;      // appended, if perhaps not flushed: it must not go there twice
    state::WalPosition log_end;  // then: behind it
  };
  Durability(std::unique_ptr<DatabaseDirectory> directory, const os::Clock& clock, DurabilityOptions options);
  Status Recover();
  Status ReplayLog(const state::WalPosition& from);
  state::WalOptions LogOptions() const;
  void ThreadMain();
  bool WaitForWork();
  bool WaitToRetry();
  Status WriteInline();
  void NoteWritten(const Status& written);
  // Writes and flushes a group and removes from it what has gone all the way; after an error, or when the log is wanted
  // first for what came meanwhile, the rest is tried again.
  Status WriteGroup(std::deque<Pending>& group);
  Status WriteLog(std::deque<Pending>& group, Status& appended);
  Status ApplyToStore(std::deque<Pending>& group, bool gives_way);
  Status PublishIfDue();
  bool IsLogWanted() const;
  void NoteLogged(uint64_t bytes, int64_t nanos);
  Status AppendDelta(const Pending& pending);
  Status Publish(Epoch epoch);
  bool IsIntervalOver() const;
  void NoteDurable(Epoch epoch);

  std::unique_ptr<DatabaseDirectory> directory_;
  const os::Clock& clock_;
  runtime::CoreBudgets budgets_{clock_};
  const DurabilityOptions options_;
  std::unique_ptr<state::CheckpointStore> store_;
  std::unique_ptr<state::WalWriter> log_;
  RecoveryReport report_;

  state::DeltaPool pool_;
  // The core hands over and never waits for the writing thread, which may lose its cpu at any moment: under a mutex
  // that would be a pause of the graph.
  runtime::Handover<Pending> handed_;
  os::EventCount work_;                       // on which the writing thread sleeps
  std::atomic<bool> stop_{false};             // for it to end
  std::atomic<bool> is_retry_wanted_{false};  // at once
  std::atomic<Epoch> handed_epoch_{0};        // the last one

  mutable std::mutex mutex_;  // of all below
  std::condition_variable done_;
  Status failure_;                             // for good
  Status stalled_;                             // no room on the disk: tried again
  uint64_t tries_ = 0;                         // groups written or not
  bool is_writing_ = false;                    // one of them, now
  Status checkpoint_failure_;                  // of the last try
  Epoch checkpoint_failed_epoch_ = 0;          // what it was to hold
  std::atomic<bool> wants_checkpoint_{false};  // until the next commit takes the wish along
  std::atomic<bool> is_due_handed_{false};
  Figures figures_;
  std::optional<state::CheckpointInfo> last_checkpoint_;
  std::vector<state::CheckpointInfo> kept_;  // as the store says; who asks need not wait for what it is writing
  std::atomic<Duration> checkpoint_interval_;
  std::atomic<int64_t> last_checkpoint_nanos_{0};
  // Written under the mutex, read anywhere.
  std::atomic<uint64_t> queued_bytes_{0};
  std::atomic<uint64_t> unlogged_bytes_{0};
  std::atomic<Epoch> awaited_epoch_{0};  // the last one somebody has asked for
  std::atomic<uint64_t> queue_bytes_max_;
  std::atomic<bool> has_failed_{false};  // as failure_
  std::atomic<bool> is_stalled_{false};  // as stalled_
  LogPace log_pace_;
  // The writing thread's, like store_ and log_.
  std::deque<Pending> group_;  // what it has taken, the oldest first
  bool has_unsynced_ = false;  // and of how much, up to which epoch
  uint64_t unsynced_bytes_ = 0;
  Epoch unsynced_epoch_ = 0;
  Epoch applied_epoch_ = 0;
  state::WalPosition applied_end_;  // behind it in the log
  bool is_publish_due_ = false;     // some applied epoch came with the wish
  std::atomic<Epoch> durable_epoch_{0};
  os::Thread thread_;
};

}  // namespace laminar::engine
