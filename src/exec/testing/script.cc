#include "exec/testing/script.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hot_scope.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;
using data::Row;

class Script::Sink final : public Operator {
 public:
  explicit Sink(const std::vector<data::Type>& types) : types_(types) {}
  Status Open(const Context&) override { return {}; }
  Step Process(int, Batch& batch, Output&) override {
    AllowAllocation test;
    CHECK(batch.column_count == types_.size());
    events.push_back({.rows = data::RowsOf(batch, types_)});
    // The callee may do with columns what it likes: an operator that reuses them must restore them.
    for (data::Column& column : batch.Columns()) column = data::Column{};
    return Step::kMore;
  }
  Step Watermark(int, Timestamp watermark, Output&) override {
    AllowAllocation test;
    events.push_back({.rows = {}, .watermark = watermark});
    CHECK(watermark >= last);
    last = watermark;
    return Step::kMore;
  }
  Step Tick(Timestamp, Output&) override { return Step::kMore; }
  Step Barrier(Epoch, Output&) override { return Step::kMore; }

  std::vector<ScriptEvent> events;
  Timestamp last = kMinTimestamp;

 private:
  const std::vector<data::Type>& types_;
};

class Script::Side final : public SideOutput {
 public:
  void Add(const Batch& batch, std::span<const data::Type> types, const uint16_t* rows, uint32_t count,
           ErrorCode why) override {
    AllowAllocation test;
    for (uint32_t i = 0; i < count; ++i) {
      ScriptSideRow row{.values = {}, .why = why};
      CHECK(types.size() == batch.column_count);
      for (uint32_t c = 0; c < batch.column_count; ++c)
        row.values.push_back(data::Value::FromColumn(batch.columns[c], types[c], rows[i]));
      all.push_back(std::move(row));
    }
  }
  std::vector<ScriptSideRow> all;
};

Script::Script(std::unique_ptr<Operator> op, std::vector<std::vector<data::Type>> inputs,
               std::vector<data::Type> output, uint64_t memory_limit_bytes, bool is_durable)
    : op_(std::move(op)),
      inputs_(std::move(inputs)),
      output_(std::move(output)),
      sink_(std::make_unique<Sink>(output_)) {
  late_ = std::make_unique<Side>();
  errors_ = std::make_unique<Side>();
  op_->ConnectTo(sink_.get(), 0);
  open_status_ = op_->Open({.environment = &environment_,
                            .row_errors = errors_.get(),
                            .late_rows = late_.get(),
                            .memory_limit_bytes = memory_limit_bytes,
                            .is_durable = is_durable});
}

Script::~Script() = default;

Step Script::Feed(const std::vector<Row>& rows, int input) {
  Step step = Step::kMore;
  for (size_t first = 0; first < rows.size() && step == Step::kMore; first += data::kBatchCapacity) {
    const size_t count = std::min<size_t>(data::kBatchCapacity, rows.size() - first);
    // A fresh buffer each time, exactly so large: whoever keeps a view or reads past the rows is found by
    // the sanitizers.
    BatchBuffer buffer(inputs_[static_cast<size_t>(input)], static_cast<uint32_t>(count));
    for (size_t i = 0; i < count; ++i) buffer.AppendRow(rows[first + i].values, rows[first + i].weight);
    HotScope hot("operator under test");
    step = op_->Process(input, buffer.batch(), op_->output());
  }
  return step;
}

Step Script::Feed(std::vector<std::vector<data::Value>> rows, int input) {
  std::vector<Row> weighted;
  for (std::vector<data::Value>& row : rows) weighted.push_back({.values = std::move(row)});
  return Feed(weighted, input);
}

Step Script::FeedCut(const std::vector<Row>& rows, Random& random, int input) {
  Step step = Step::kMore;
  for (size_t first = 0; first < rows.size() && step == Step::kMore;) {
    const size_t most = random.OneIn(3) ? 1 : (random.OneIn(2) ? 7 : 300);
    const size_t count = std::min<size_t>(1 + random.Below(most), rows.size() - first);
    const auto at = rows.begin() + static_cast<ptrdiff_t>(first);
    step = Feed(std::vector<Row>(at, at + static_cast<ptrdiff_t>(count)), input);
    first += count;
  }
  return step;
}

Step Script::Watermark(Timestamp watermark, int input) {
  environment_.watermark = watermark;
  HotScope hot("operator under test");
  return op_->Watermark(input, watermark, op_->output());
}

Step Script::Barrier(Epoch epoch) { return op_->Barrier(epoch, op_->output()); }

std::vector<Row> Script::Emitted() {
  std::vector<Row> rows;
  for (; read_ < sink_->events.size(); ++read_) {
    const std::vector<Row>& more = sink_->events[read_].rows;
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

std::vector<Row> Script::Changes() {
  std::vector<Row> rows = Emitted();
  data::Consolidate(rows, output_);
  return rows;
}

const std::vector<ScriptEvent>& Script::events() const { return sink_->events; }

std::vector<Row> Script::Total() const {
  std::vector<Row> rows;
  for (const ScriptEvent& event : sink_->events) rows.insert(rows.end(), event.rows.begin(), event.rows.end());
  data::Consolidate(rows, output_);
  return rows;
}

Timestamp Script::output_watermark() const { return sink_->last; }
std::vector<ScriptSideRow>& Script::late() { return late_->all; }
std::vector<ScriptSideRow>& Script::errors() { return errors_->all; }

std::string ShowRows(const std::vector<Row>& rows, std::span<const data::Type> types) {
  std::string text;
  for (const Row& row : rows) {
    text += row.weight > 0 ? "+" : "";
    text += std::to_string(row.weight);
    for (size_t c = 0; c < row.values.size(); ++c) text += " " + row.values[c].ToString(types[c]);
    text += "\n";
  }
  return text;
}

}  // namespace laminar::exec
