// SinkOperator: the end of a sink's chain: hands changes to the connector, commits at barriers, closes at the end of
// the stream.
#pragma once

#include <memory>
#include <string>

#include "base/hot_scope.h"
#include "exec/operator.h"
#include "sdk/connector.h"

namespace laminar::engine {

class SinkOperator final : public exec::Operator {
 public:
  SinkOperator(std::string name, std::unique_ptr<sdk::Sink> sink) : name_(std::move(name)), sink_(std::move(sink)) {}
  ~SinkOperator() override {
    if (!closed_) (void)sink_->Close();  // dropped before its input ended: what was written is finished
  }
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, data::Batch& batch, exec::Output&) override {
    AllowAllocation allow;  // the outside world encodes and writes
    return Check(sink_->Write(batch));
  }
  exec::Step Watermark(int, Timestamp watermark, exec::Output&) override {
    if (watermark != kMaxTimestamp || closed_) return exec::Step::kMore;
    closed_ = true;
    return Check(sink_->Close());
  }
  exec::Step Tick(Timestamp, exec::Output&) override { return exec::Step::kMore; }
  exec::Step Barrier(exec::Epoch epoch, exec::Output&) override {
    if (closed_) return exec::Step::kMore;
    token_.clear();
    const exec::Step prepared = Check(sink_->Prepare(epoch, token_));
    return prepared != exec::Step::kMore ? prepared : Check(sink_->Commit(epoch));
  }

 private:
  exec::Step Check(Status status) {
    if (status.ok()) return exec::Step::kMore;
    return Fail(std::move(status.Prefix("sink \"" + name_ + "\"")));
  }
  std::string name_;
  std::unique_ptr<sdk::Sink> sink_;
  std::string token_;  // of the last Prepare
  bool closed_ = false;
};

}  // namespace laminar::engine
