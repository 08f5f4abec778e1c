// WatermarkAssigner: turns the event times of a source into watermarks, in-band.
//
// Law (D10, batching): whether a row is late is judged against the watermark as it stood just before that row, however
// the rows were cut into batches. Kept without a per-row column: a batch in which no row is behind the running
// watermark goes on whole; else it is split before each row that is behind one not sent yet, and the watermark is sent
// in between. So every operator below sees rows and watermarks in exact order. A row without an event time goes to
// row_errors (kBadEventTime), one whose time cannot be a watermark with kOutOfRange; neither goes on.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/watermark/watermark_spec.h"

namespace laminar::exec {

class WatermarkAssigner final : public Operator {
 public:
  explicit WatermarkAssigner(WatermarkSpec spec)
      : spec_(std::move(spec)), is_nanos_(spec_.input[spec_.time_column].is_nanos()) {}
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  // A watermark from outside (tests, sources that know): never lowers the own one.
  Step Watermark(int input, Timestamp watermark, Output& out) override;

  // Lazy: a watermark leaves only before a row that may be late by it, or with Flush. Rows that cannot be late by it
  // may go before it, so nothing else changes.
  void SetLazy(bool is_lazy) { is_lazy_ = is_lazy; }
  Step Flush(Output& out) { return Send(running_, out); }
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

  Timestamp watermark() const { return sent_; }
  Timestamp max_event_time() const { return max_event_time_; }

 private:
  bool IsPlainlyOnTime(const data::Batch& batch);
  bool DropBadTimes(data::Batch& batch, Output& out);
  Step PushSlice(const data::Batch& batch, uint32_t from, uint32_t to, Output& out);
  Step Send(Timestamp watermark, Output& out);

  WatermarkSpec spec_;
  bool is_nanos_;
  bool is_lazy_ = false;
  Context context_;
  Timestamp running_ = kMinTimestamp;  // max of (time - delay) so far
  Timestamp sent_ = kMinTimestamp;
  Timestamp max_event_time_ = kMinTimestamp;
  std::vector<int64_t> times_;  // microseconds of the batch at hand
  std::vector<uint16_t> selection_;
  std::unique_ptr<data::BatchBuffer> good_;
  std::unique_ptr<data::BatchBuffer> slice_;
  std::unique_ptr<data::BatchBuffer> flat_;
};

}  // namespace laminar::exec
