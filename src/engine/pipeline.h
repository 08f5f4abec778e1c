// Pipeline: a plan turned into connected operators. The only place where specs become operators (with
// operator_factory.cc).
#pragma once

#include <memory>
#include <vector>

#include "engine/side_rows.h"
#include "exec/operator.h"
#include "plan/node.h"

namespace laminar::engine {

// Where rows enter: a Scan, Values or table function of the plan, and the operator input that waits for them.
struct Leaf {
  const plan::Node* node = nullptr;
  exec::Operator* target = nullptr;
  int input = 0;
};

class Pipeline {
 public:
  // Operators for `root` (whose specs are moved out of the plan; the nodes stay), ending in `sink`. All are opened,
  // `sink` included.
  static Result<std::unique_ptr<Pipeline>> Build(plan::Node& root, std::unique_ptr<exec::Operator> sink,
                                                 const exec::Context& context);

  const std::vector<Leaf>& leaves() const { return leaves_; }
  exec::Operator& sink() { return *operators_.front(); }
  // The first operator that failed, or an ok status.
  Status Failure() const;
  const std::vector<std::unique_ptr<exec::Operator>>& operators() const { return operators_; }

 private:
  Status Add(plan::Node& node, exec::Operator* next, int input);

  std::vector<std::unique_ptr<exec::Operator>> operators_;  // sink first
  std::vector<Leaf> leaves_;
  const plan::Node* late_window_ = nullptr;             // whose late rows are kept
  std::vector<const exec::Operator*> counting_windows_;  // the others: their late rows have other columns
  LateCount late_count_;
};

// Passes on chosen columns of its input, in a chosen order.
class ColumnPick final : public exec::Operator {
 public:
  explicit ColumnPick(std::vector<uint32_t> columns) : picks_(std::move(columns)), columns_(picks_.size()) {}
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, data::Batch& batch, exec::Output& out) override {
    for (size_t i = 0; i < picks_.size(); ++i) columns_[i] = batch.columns[picks_[i]];
    data::Batch picked{batch.rows, static_cast<uint32_t>(columns_.size()), columns_.data(), batch.weights};
    return out.Push(picked);
  }
  exec::Step Watermark(int, Timestamp watermark, exec::Output& out) override { return out.PushWatermark(watermark); }

 private:
  std::vector<uint32_t> picks_;
  std::vector<data::Column> columns_;
};

}  // namespace laminar::engine
