// SinkOperator: the end of a sink's chain: hands changes to the connector, commits at barriers, closes at the end of
// the stream. In a durable database both wait for the epoch: the engine calls Prepare with an epoch's commit, which
// stores the sink's token, and Decide when that epoch is durable (two-phase commit; the log is the decision).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/hot_scope.h"
#include "exec/operator.h"
#include "sdk/connector.h"

namespace laminar::engine {

class SinkOperator final : public exec::Operator {
 public:
  SinkOperator(std::string name, std::unique_ptr<sdk::Sink> sink, bool is_durable)
      : name_(std::move(name)), sink_(std::move(sink)), is_durable_(is_durable) {}
  ~SinkOperator() override {
    if (closed_ || is_detached_) return;
    if (is_made_)
      (void)sink_->Close();  // dropped before its input ended: what was written is finished
    else
      sink_->Abandon();
  }
  // The statement that makes it has succeeded: until then half of an output would be no output.
  void NoteMade() {
    is_made_ = true;
    is_detached_ = false;
  }
  // The database closes and will go on later, or was not opened: the sink stays as it is.
  void LeaveOpen() { is_detached_ = is_durable_; }
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, data::Batch& batch, exec::Output&) override {
    AllowAllocation allow;  // the outside world encodes and writes
    return Check(sink_->Write(batch));
  }
  exec::Step Watermark(int, Timestamp watermark, exec::Output&) override {
    if (watermark != kMaxTimestamp || closed_) return exec::Step::kMore;
    has_ended_ = true;
    if (is_durable_) return exec::Step::kMore;
    closed_ = true;
    return Check(sink_->Close());
  }
  exec::Step Tick(Timestamp, exec::Output&) override { return exec::Step::kMore; }
  exec::Step Barrier(exec::Epoch epoch, exec::Output&) override {
    if (closed_ || is_durable_) return exec::Step::kMore;
    token_.clear();
    const exec::Step prepared = Check(sink_->Prepare(epoch, token_));
    return prepared != exec::Step::kMore ? prepared : Check(sink_->Commit(epoch));
  }

  // Of a durable sink. Failures stay in failure().
  void Prepare(exec::Epoch epoch) {
    if (closed_ || !failure().ok()) return;
    std::string token;
    if (Check(sink_->Prepare(epoch, token)) != exec::Step::kMore) return;  // the last token still holds
    token_ = std::move(token);
    prepared_ = epoch;
    ends_at_prepared_ = has_ended_;
  }
  // Every epoch up to `durable` is decided.
  void Decide(exec::Epoch durable) {
    if (closed_ || !failure().ok() || prepared_ > durable || prepared_ == decided_) return;
    decided_ = prepared_;
    if (Check(sink_->Commit(decided_)) != exec::Step::kMore || !ends_at_prepared_) return;
    closed_ = true;
    (void)Check(sink_->Close());
  }
  // The token could not be stored: what was prepared last is never decided.
  void Refuse(Status why) { (void)Check(std::move(why)); }
  bool is_undecided() const { return !closed_ && prepared_ != decided_; }
  void SaveNote(std::string& out) const override {
    AppendNumber<uint8_t>(has_ended_, out);
    AppendText(token_, out);
  }
  Status Restore(std::string_view note) override {
    const auto resume = ResumeOf(note);
    if (!resume) return UnreadableNote();
    token_ = *resume;
    has_ended_ = note[0] != 0;
    ends_at_prepared_ = has_ended_;
    prepared_ = 1;  // that epoch was decided: the log holds it. Commit may come again, and Close if it has ended
    return {};
  }
  // The token in a note; nothing if it cannot be read.
  static std::optional<std::string> ResumeOf(std::string_view note) {
    uint8_t has_ended = 0;
    std::string_view token;
    if (!TakeNumber(note, has_ended) || !TakeText(note, token) || !note.empty()) return std::nullopt;
    return std::string(token);
  }

  bool has_ended() const { return has_ended_; }  // its input

 private:
  exec::Step Check(Status status) {
    if (status.ok()) return exec::Step::kMore;
    return Fail(std::move(status.Prefix("sink \"" + name_ + "\"")));
  }
  std::string name_;
  std::unique_ptr<sdk::Sink> sink_;
  std::string token_;  // of the last Prepare
  const bool is_durable_;
  bool has_ended_ = false;
  bool ends_at_prepared_ = false;
  bool is_made_ = false;
  bool is_detached_ = false;
  exec::Epoch prepared_ = 0;
  exec::Epoch decided_ = 0;
  bool closed_ = false;
};

}  // namespace laminar::engine
