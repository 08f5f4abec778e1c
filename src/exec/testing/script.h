// Script: drives one operator with batches and watermarks, and keeps what comes out. For tests of operators.
//
//     Script script(std::make_unique<GroupAggregate>(spec), spec.input, {types of the result});
//     script.Feed({{Value::Int(1), Value::String("a")}, ...});     // one batch; rows may carry weights
//     script.Watermark(60'000'000);
//     script.Changes();                                           // consolidated rows since the last call
// The events() list keeps the raw order, batches and watermarks included. Every batch that passes is copied
// at once, then its memory is spoiled,
// so an operator or test that keeps a view fails.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "data/consolidate.h"
#include "data/value.h"
#include "exec/operator.h"

namespace laminar::exec {

struct ScriptEvent {
  std::vector<data::Row> rows;  // of one batch, in order; empty: a watermark
  Timestamp watermark = kMinTimestamp;
};

struct ScriptSideRow {
  std::vector<data::Value> values;
  ErrorCode why = ErrorCode::kOk;
};

class Script {
 public:
  // `inputs` are the row types of the operator's inputs.
  Script(std::unique_ptr<Operator> op, std::vector<std::vector<data::Type>> inputs, std::vector<data::Type> output,
         uint64_t memory_limit_bytes = 0, bool is_durable = false);
  Script(std::unique_ptr<Operator> op, std::vector<data::Type> input, std::vector<data::Type> output)
      : Script(std::move(op), std::vector<std::vector<data::Type>>{std::move(input)}, std::move(output)) {}
  ~Script();

  const Status& open_status() const { return open_status_; }
  // Rows of one batch, or of as many as they need. has weights only if a row's weight is not 1.
  Step Feed(const std::vector<data::Row>& rows, int input = 0);
  Step Feed(std::vector<std::vector<data::Value>> rows, int input = 0);
  Step Watermark(Timestamp watermark, int input = 0);
  Step Barrier(Epoch epoch);
  // Rows cut into batches of random sizes.
  Step FeedCut(const std::vector<data::Row>& rows, Random& random, int input = 0);

  // Consolidated rows emitted since the last call of Changes or Emitted.
  std::vector<data::Row> Changes();
  // The same in order of emission, not consolidated.
  std::vector<data::Row> Emitted();
  // All events so far.
  const std::vector<ScriptEvent>& events() const;
  // All rows so far, consolidated.
  std::vector<data::Row> Total() const;
  Timestamp output_watermark() const;
  std::vector<ScriptSideRow>& late();
  std::vector<ScriptSideRow>& errors();
  Operator& op() { return *op_; }
  const std::vector<data::Type>& output_types() const { return output_; }

 private:
  class Sink;
  class Side;
  std::unique_ptr<Operator> op_;
  std::vector<std::vector<data::Type>> inputs_;
  std::vector<data::Type> output_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Side> late_;
  std::unique_ptr<Side> errors_;
  expr::EvalEnvironment environment_;
  Status open_status_;
  size_t read_ = 0;  // events Changes and Emitted have seen
};

// "+1 a 3" lines, for comparing by eye: weight, then values.
std::string ShowRows(const std::vector<data::Row>& rows, std::span<const data::Type> types);

}  // namespace laminar::exec
