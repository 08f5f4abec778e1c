// Core: the running graph. Sources, tables, views and sinks as nodes; one lock; one optional thread that turns sources.
//
// A turn reads at most one batch from every source and pushes it through everything that hangs below, by nested calls.
// Between turns every view has seen the same rows, so any moment between turns is a consistent cut: an epoch. Control
// (create, drop, snapshot, push) works there, under the lock; the core thread gives way to whoever waits for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core_mutex.h"
#include "engine/database.h"
#include "engine/durability.h"
#include "engine/epoch_pace.h"
#include "engine/graph_state.h"
#include "engine/pipeline.h"
#include "engine/source_node.h"
#include "engine/thread_watch.h"
#include "engine/view_node.h"
#include "expr/function.h"
#include "os/thread.h"
#include "plan/node.h"
#include "state/memory/state_memory.h"

namespace laminar::engine {

// One moment of several relations.
struct ReadView {
  uint64_t epoch = 0;
  std::vector<std::shared_ptr<exec::StoredRows>> rows;  // as asked
};

class Core {
 public:
  Core(DatabaseOptions options, const expr::FunctionRegistry& functions);
  ~Core();

  // Held by whoever looks at or changes the graph and the catalog.
  struct Lock : CoreMutex::Guard {
    explicit Lock(Core& core, Use use = Use::kAll) : Guard(core.mutex_, use) {}
  };

  // --- All of the following need the Lock. ---
  bool is_defining() const { return mutex_.is_in_slices(); }  // then it is a reader's Lock
  catalog::Catalog& catalog() { return catalog_; }
  const expr::FunctionRegistry& functions() const { return functions_; }
  sdk::Connector* FindConnector(std::string_view name);
  std::vector<sdk::Connector*> Connectors();
  // What reads a relation's rows from outside; null for tables, views and pushed sources.
  sdk::Connector* ReaderOf(const catalog::Relation& relation) {
    return relation.kind == catalog::RelationKind::kSource ? FindConnector(relation.connector) : nullptr;
  }

  Status AddSource(catalog::RelationPtr relation, const Settings& settings);  // sources and tables
  // plan.root feeds `sink`; the view is attached to what it reads and takes in what is there. On failure nothing is
  // left behind.
  // A definition that reads what stands already is filled in slices, and ends when `cancelled` is set: see CoreMutex.
  // Of a view of that name nothing must hang; it goes when the new one stands.
  Status AddView(catalog::RelationPtr relation, plan::QueryPlan& plan, const Settings& settings,
                 const std::atomic<bool>& cancelled);
  Status AddSink(catalog::RelationPtr relation, plan::QueryPlan& plan, std::unique_ptr<SinkOperator> sink,
                 const Settings& settings, Status lost);  // not to be cancelled: half of an output is no output
  Status AddPlainView(catalog::RelationPtr relation, const Settings& settings);
  Result<ViewNode*> AddCursor(plan::QueryPlan& plan, std::unique_ptr<exec::Operator> sink, const Settings& settings,
                              const std::atomic<bool>& cancelled);
  void RemoveCursor(ViewNode* node);
  void Remove(std::string_view name);  // node and catalog entry; dependents must be gone

  SourceNode* FindSource(std::string_view name);
  ViewNode* FindView(std::string_view name);
  // Before Push, for each batch of a statement, which brings `rows` in all. Where it says no nothing has changed.
  Status CheckPush(const SourceNode& node, const data::Batch& batch, uint64_t rows) const;
  Status Push(SourceNode& node, data::Batch& batch);
  Status PushWatermark(SourceNode& node, Timestamp watermark);
  Status End(SourceNode& node);
  ReadView Read(const std::vector<std::string>& relations);
  // As they were at the end of a past epoch; kEpochGone names the range that can be read.
  Result<ReadView> ReadAsOf(const std::vector<std::string>& relations, Epoch epoch);
  // Makes a cut; kEpochGone when the view's history does not reach behind `epoch`.
  Status CheckEpoch(std::string_view view, Epoch epoch);
  // Changes of epochs up to this one may be shown to readers that go on after a crash.
  Epoch shown_epoch() const { return durability_ != nullptr ? durability_->durable_epoch() : UINT64_MAX; }
  // Has everything that can come reached `name`? An error when it cannot.
  Result<bool> IsComplete(std::string_view name);
  Result<bool> Turn();
  void NoteChange();  // something below may have failed or moved: settle it
  // Everything that came in has gone through all shards: until something is pushed the graph stands still, at a cut.
  void Quiesce();
  expr::EvalEnvironment& environment() { return environment_; }
  void RefreshTime();  // before anything is pushed
  Progress GetProgress();
  void AppendMetrics(std::vector<std::vector<data::Value>>& rows);
  void AppendSystemMetrics(std::vector<std::vector<data::Value>>& rows);
  uint64_t epoch() const { return epoch_; }
  ThreadWatch& watch() { return watch_; }

  // Durability (core_durability.cc). In a database without a folder: nothing happens, and at once.
  bool is_durable() const { return durability_ != nullptr; }
  Durability* durability() { return durability_.get(); }
  // An error when nothing more can be made durable: then sources stand still and nothing may change.
  Status CheckUsable() const { return durability_ != nullptr ? durability_->CheckUsable() : Status(); }
  // The same before rows come in, which also need memory, and room in the queue of the log. WaitToPush waits for both,
  // without the lock; for memory a moment only.
  Status PrepareToTake();
  Status WaitToPush(const std::atomic<bool>& cancelled);
  // Before a definition, or a checkpoint, which is of use only on the disk: waits for a slow one, not for a full one.
  Status WaitToDefine(bool is_checkpoint, const std::atomic<bool>& cancelled);
  // What a sink of that name was given is durable and decided.
  Status DeliverSink(std::string_view name, const std::atomic<bool>& cancelled);
  void WatchThreads();
  uint32_t shards_of_views() const { return worker_cores_ > 1 ? shards_->size() : 0; }  // 0: they run on the core
  Status UseCores(uint64_t cores);  // for views made from now on; 0: what the machine and its limits allow
  Status SetDatabase(const Settings& settings, std::string_view name);  // if it is database-wide; empty: all that are
  // Closes an epoch and hands it to be written. Returns it.
  Result<Epoch> CommitEpoch();
  // After a statement: the epoch to wait for without the lock; 0: none. `has_changed`: it did something, which the
  // commit of another one may have taken along meanwhile.
  Result<Epoch> Acknowledge(bool has_changed = true);
  // While a database is opened: what is known of the statement being executed again.
  const CatalogEntry* restoring() const { return restoring_; }
  const GraphState& restored() const { return graph_state_; }
  // Changes whenever a source or table goes.
  uint64_t graph_version() const { return graph_version_; }
  bool HasSource(const SourceNode* node, uint64_t serial) const;

  // --- These take the lock themselves. ---
  // Makes the graph of what `durability` has recovered; `execute` runs a statement under an entry's settings.
  Status Restore(std::unique_ptr<Durability> durability, const std::function<Status(const CatalogEntry&)>& execute);
  Status Start();  // the threads, if there are any
  DatabaseOptions TakeOptions() { return std::move(options_); }  // of a core that did not come to Start
  // Waits (threaded) or turns (inline) until `done` says true under the lock, `cancelled` is set, or `timeout` (0: none).
  Status WaitUntil(const std::function<Result<bool>()>& done, const std::atomic<bool>& cancelled, Duration timeout,
                   std::string_view what);
  const DatabaseOptions& options() const { return options_; }
  bool is_inline() const { return options_.is_inline; }
  const os::Clock& clock() const { return *options_.clock; }
  Random& random() { return random_; }
  void WakeThread();
  void WakeWaiters();

 private:
  static constexpr int64_t kSlowNanos = 20'000'000;  // between turns of a source, or pushes, for want of memory
  Status AttachLeaves(ViewNode& node, const std::atomic<bool>& cancelled);
  Status AttachLeaf(ViewNode& node, const Leaf& leaf, CoreMutex::Slices& slices);
  Status AttachToSource(SourceNode& source, exec::Operator* reader, const std::vector<uint32_t>& columns);
  Status FeedStored(exec::Operator& reader, exec::StoredRows& rows, Timestamp watermark,
                    CoreMutex::Slices* slices);
  Status FeedRows(const plan::Node& node, exec::Operator& target, int input, CoreMutex::Slices& slices);
  void Detach(ViewNode& node);
  Result<bool> StepSource(SourceNode& node);
  Result<bool> CatchUp(SourceNode& node);
  void SettleFailures();
  void StopViews();  // that have failed, or read one that stands still
  PipelineRequest RequestFor(ViewNode& node, plan::QueryPlan& plan, const Settings& settings);
  // Moves rows between the core and the shards; true when any moved. Alone: no worker is woken.
  bool PumpSections(bool may_flush, bool may_help, bool is_alone = false);
  bool MayWorkAlone() const;
  bool IsAnySectionBlocked();
  bool WaitForRoom();  // a moment, if there are workers; false: blocked all the same
  void PrepareSections();
  void LimitMemory(const Settings& settings, std::string_view name);
  bool IsShortOfMemory(int64_t now);
  void SlowDown(int64_t now);
  void MakeRoomForPush();
  void CloseEpoch();
  bool IsCommitDue(int64_t now) const;
  uint64_t RowsRead() const;
  void Capture();
  void RegisterHead(const Head& head, HeldHead& held);
  Status CaptureHead(SourceNode& source, Head& head, bool is_shared);
  void CaptureSource(SourceNode& source);
  void CaptureView(ViewNode& view);
  void KeepHead(const Head& head);
  void CaptureFailures();
  std::vector<std::pair<std::string, uint32_t>> ReadersOf(const Head& head) const;
  void DecideSinks();
  bool HasUndecidedSinks() const;
  void Remember(const catalog::Relation& relation, const Settings& settings);
  void RegisterView(ViewNode& node);
  void ForgetView(const ViewNode& node);
  Status RestoreHeads(SourceNode& source);
  Result<std::unique_ptr<Head>> RestoreHead(SourceNode& source, const StoredHead& stored);
  void RestoreFailure(ViewNode& node);
  Status RestoreLeaf(ViewNode& node, uint32_t scan, ColumnPick& pick, const std::string& name);
  Status RestoreState();
  exec::Context ContextFor(ViewNode& node, const Settings& settings);
  HeadRequest HeadFor(SourceNode& node, std::vector<bool> needed);
  void ThreadMain();
  void SleepUntilWork(std::unique_lock<std::mutex>& lock, bool was_busy);

  DatabaseOptions options_;
  const expr::FunctionRegistry& functions_;
  catalog::Catalog catalog_;
  std::shared_ptr<state::StateMemory> memory_ = std::make_shared<state::StateMemory>();
  int64_t short_until_nanos_ = 0;
  int64_t last_look_nanos_ = 0;
  std::atomic<int64_t> pushes_wait_until_{0};
  uint64_t times_slowed_ = 0;
  std::unique_ptr<ShardSet> shards_;  // null: one core. Outlives the views
  ThreadWatch watch_;
  std::vector<std::unique_ptr<SourceNode>> sources_;
  std::vector<std::unique_ptr<ViewNode>> views_;  // in order of creation
  expr::EvalEnvironment environment_;
  Random random_;
  uint64_t epoch_ = 0;
  uint64_t graph_version_ = 0;
  uint64_t sources_made_ = 0;
  bool has_failures_ = false;  // some fan-out has a reader that failed
  uint64_t worker_cores_ = 1;
  uint64_t times_blocked_ = 0;           // turns in which sources waited for shards
  std::vector<ShardSection*> sections_;  // of all views, in the order of the rows
  uint64_t batch_rows_ = data::kBatchCapacity;
  EpochPace pace_;
  int64_t last_notify_nanos_ = 0;

  CoreMutex mutex_;
  std::mutex wait_mutex_;            // of changed_
  std::condition_variable changed_;  // after turns that did something
  std::atomic<uint64_t> changes_{0};
  std::atomic<int> sleepers_{0};
  std::condition_variable wake_;  // for the thread, when it sleeps
  bool stop_ = false;
  bool has_work_ = false;
  bool is_asleep_ = false;  // until WakeThread, and not for a while only

  // Of a durable database. Declared in this order: the writing thread ends first.
  GraphState graph_state_;
  std::map<uint64_t, HeldHead> held_heads_;  // by serial
  std::map<std::string, uint64_t, std::less<>> ordinals_;
  std::map<std::pair<std::string, uint32_t>, uint64_t> restored_readers_;  // view and scan -> serial of the head
  const CatalogEntry* restoring_ = nullptr;
  bool is_started_ = false;
  bool is_dirty_ = false;        // something happened since the last commit
  Epoch committed_epoch_ = 0;    // handed over to be written
  uint64_t unlogged_bytes_ = 0;  // about: pushed since the last commit
  bool is_logged_ = true;
  bool waits_for_disk_ = true;
  Duration epoch_interval_ = 20 * kMillisecond;
  std::unique_ptr<Durability> durability_;
  os::Thread thread_;
};

}  // namespace laminar::engine
