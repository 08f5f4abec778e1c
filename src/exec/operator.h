// Operator: a plain state machine. Events in (batch, watermark, tick, barrier), events out through Output; no thread,
// clock, file or lock.
//
// Called by one core only, in stream order, by nested push: an operator hands its result to the next one inside
// Process. Order law: results due to an event leave before the event itself is forwarded ("results first, then the
// watermark"). A watermark of kMaxTimestamp is the end of the input. `Batch&` is the callee's to narrow or to swap
// columns in; the rows behind it stay the caller's and die when the call returns.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "data/batch.h"
#include "expr/function.h"
#include "state/table/state_table.h"

namespace laminar::exec {

using state::Epoch;

enum class Step : uint8_t {
  kMore,    // go on
  kDone,    // this operator needs no more input (LIMIT is full); the head of the chain may stop
  kFailed,  // see Operator::failure()
};

// Where rows go that cannot go on. Each call counts them; the engine keeps the latest for SQL (`late('view')`,
// `errors('source')`).
class SideOutput {
 public:
  virtual ~SideOutput() = default;
  // Rows [0, count) of `rows`, positions in `batch`, were late, or failed with `why`. `types` are the columns' own.
  virtual void Add(const data::Batch& batch, std::span<const data::Type> types, const uint16_t* rows, uint32_t count,
                   ErrorCode why) = 0;
};

// The tables of a chain that exists once on each shard: the n-th of every instance are one table, with one limit.
class TablesInParts {
 public:
  void BeginInstance() { next_ = 0; }
  std::shared_ptr<std::atomic<uint64_t>> Next() {
    if (next_ == bytes_.size()) bytes_.push_back(std::make_shared<std::atomic<uint64_t>>(0));
    return bytes_[next_++];
  }

 private:
  std::vector<std::shared_ptr<std::atomic<uint64_t>>> bytes_;
  size_t next_ = 0;
};

// What an operator is given in Open; all outlive it. `environment` is refreshed by the head of the chain before each
// event.
struct Context {
  const expr::EvalEnvironment* environment = nullptr;
  SideOutput* row_errors = nullptr;            // rows whose expressions failed; never null
  SideOutput* late_rows = nullptr;             // rows behind the watermark of a window; never null
  uint64_t memory_limit_bytes = 0;             // of one state table; 0: none
  std::shared_ptr<state::StateMemory> memory;  // of all state tables; null: each has its own, without a limit
  std::atomic<bool>* is_pressed = nullptr;     // set when a state table comes near its limit; may be null
  bool is_durable = false;                     // ListTables, SaveNote and Restore will be used
  TablesInParts* parts = nullptr;              // of a chain of which every shard has one; else null

  // Where a state table stands and how much it may hold. Called in Open, once for each table, in the same order always.
  void SetMemory(state::TableSpec& table) const {
    table.bytes_of_all = parts != nullptr ? parts->Next() : nullptr;
    table.memory_limit_bytes = memory_limit_bytes;
    table.memory = memory;
    table.is_pressed = is_pressed;
  }
};

class Operator;

// The way on: to one input of the next operator. Counts what passes (single writer, plain stores).
class Output {
 public:
  Output() = default;
  Output(Operator* next, int input) : next_(next), input_(input) {}
  Step Push(data::Batch& batch);
  Step PushWatermark(Timestamp watermark);
  Step PushTick(Timestamp now);
  Step PushBarrier(Epoch epoch);
  uint64_t rows() const { return rows_; }
  uint64_t batches() const { return batches_; }
  Operator* next() const { return next_; }

 private:
  Operator* next_ = nullptr;
  int input_ = 0;
  uint64_t rows_ = 0;
  uint64_t batches_ = 0;
};

class Operator {
 public:
  virtual ~Operator() = default;
  // May allocate; called once before anything else.
  virtual Status Open(const Context& context) = 0;
  virtual Step Process(int input, data::Batch& batch, Output& out) = 0;
  virtual Step Watermark(int input, Timestamp watermark, Output& out) = 0;
  // Processing time passed; only few operators care. Default: forward.
  virtual Step Tick(Timestamp now, Output& out) { return out.PushTick(now); }
  // All events before it belong to `epoch`. Default: forward. With several inputs: once all inputs had it.
  virtual Step Barrier(Epoch epoch, Output& out) { return out.PushBarrier(epoch); }

  // What must survive a crash (docs/formats/state.md): tables, whose changes the engine logs epoch by epoch, always in
  // the same order; and a note, a few bytes that are no rows (watermarks, bounds). Called between events, after Open.
  virtual void ListTables(std::vector<state::StateTable*>& out) { (void)out; }
  virtual void SaveNote(std::string& out) const { (void)out; }
  // Before any event: the tables hold the rows they held, and `note` is SaveNote's of that moment; what is derived from
  // them is made anew. kUnreadableState.
  virtual Status Restore(std::string_view note) { return note.empty() ? Status() : UnreadableNote(); }

  // For metrics and state inspection.
  virtual uint64_t state_rows() const { return 0; }
  virtual uint64_t state_bytes() const { return 0; }

  const Status& failure() const { return failure_; }
  Output& output() { return output_; }
  const Output& output() const { return output_; }
  void ConnectTo(Operator* next, int input) { output_ = Output(next, input); }

 protected:
  static Status UnreadableNote();
  Step Fail(Status status) {
    failure_ = std::move(status);
    return Step::kFailed;
  }

 private:
  Output output_;
  Status failure_;
};

inline Status Operator::UnreadableNote() {
  return Status(ErrorCode::kUnreadableState, "an operator's stored note cannot be read");
}

inline Step Output::Push(data::Batch& batch) {
  if (batch.rows == 0) return Step::kMore;
  rows_ += batch.rows;
  ++batches_;
  return next_->Process(input_, batch, next_->output());
}
inline Step Output::PushWatermark(Timestamp watermark) { return next_->Watermark(input_, watermark, next_->output()); }
inline Step Output::PushTick(Timestamp now) { return next_->Tick(now, next_->output()); }
inline Step Output::PushBarrier(Epoch epoch) { return next_->Barrier(epoch, next_->output()); }

}  // namespace laminar::exec
