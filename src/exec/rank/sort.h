// Sort: ORDER BY [LIMIT] over an input that ends. Keeps rows until the end of the input, then emits them in order.
//
// Law: output is the sorted bag of rows whose weights sum up above zero; ties stand in order of arrival. With LIMIT it
// keeps at most a few times limit + offset rows. Passing memory_limit_bytes is kLimitReached. In a durable query the
// rows stand in a state table too, from which they come back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exec/operator.h"
#include "exec/rank/sort_spec.h"

namespace laminar::exec {

class Sort final : public Operator {
 public:
  explicit Sort(SortSpec spec) : spec_(std::move(spec)) {}
  ~Sort() override;
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override;
  void ListTables(std::vector<state::StateTable*>& out) override;
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

  uint64_t state_rows() const override { return rows_.size(); }
  uint64_t state_bytes() const override { return bytes_; }

 private:
  struct Row {
    std::string key;
    uint64_t sequence = 0;
    uint32_t buffer = 0;
    uint16_t place = 0;
    int64_t weight = 1;
    state::RowRef stored = state::kNoRow;
  };
  Status Keep(const data::Batch& batch, uint64_t first_sequence);
  void Cancel();  // sums weights of equal rows
  void Order();
  void KeepFirst(uint64_t count);  // sorts, cuts and rewrites the buffers
  Step Emit(Output& out);

  SortSpec spec_;
  Context context_;
  std::vector<Row> rows_;
  std::vector<std::unique_ptr<data::BatchBuffer>> buffers_;
  std::unique_ptr<state::StateTable> table_;  // sequence -> row, payload weight; null: not durable
  std::vector<uint32_t> value_columns_;
  uint64_t sequence_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace laminar::exec
