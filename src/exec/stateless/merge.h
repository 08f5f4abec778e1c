// Merge: brings several inputs together (UNION ALL). FanOut: gives one stream to several readers.
//
// Merge's watermark is the minimum over its inputs and never goes back; a barrier passes once every input had it.
// FanOut hands each reader its own copy of the batch header, so that one may narrow it without the next one noticing. A
// reader that fails gets nothing more and harms neither the others nor what stands above: the owner asks TakeFailure
// between events and removes it. Of rows that have errors in some columns each reader gets those without an error in a
// column that it reads: what it gets does not depend on who else reads.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "exec/operator.h"
#include "exec/stateless/stateless_spec.h"

namespace laminar::exec {

class Merge final : public Operator {
 public:
  explicit Merge(UnionSpec spec) : watermarks_(spec.inputs, kMinTimestamp) {}
  Status Open(const Context&) override { return {}; }
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override;
  Step Barrier(Epoch epoch, Output& out) override;
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

 private:
  std::vector<Timestamp> watermarks_;
  Timestamp sent_ = kMinTimestamp;
  uint32_t barriers_seen_ = 0;
};

class FanOut final : public Operator {
 public:
  // `has_failures` is set when a reader fails: one flag for a graph, in which readers come and go. Null: those that are
  // there from the start are all.
  // `types`: of the rows, where columns may have errors.
  explicit FanOut(bool* has_failures = nullptr, std::vector<data::Type> types = {})
      : types_(std::move(types)), has_failures_(has_failures) {}
  Status Open(const Context&) override { return {}; }
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override;
  Step Tick(Timestamp now, Output& out) override;
  Step Barrier(Epoch epoch, Output& out) override;
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

  // Between events only. The reader must outlive its place here. `columns`: those it reads; nullopt: all.
  void Add(Operator* reader, int input, std::optional<std::vector<uint32_t>> columns = std::nullopt);
  void Remove(const Operator* reader);
  // All readers of `other` become readers of this one.
  void TakeReaders(FanOut& other);
  bool Has(const Operator* reader) const;
  bool empty() const { return readers_.empty(); }
  Timestamp watermark() const { return watermark_; }  // the last one passed
  // True once after a reader failed.
  bool TakeFailure();

 private:
  struct Reader {
    Output output;
    bool is_done = false;  // failed, or needs no more input
    std::optional<std::vector<uint32_t>> columns;
  };
  Step Note(Reader& reader, Step step);
  Step PushWithout(Reader& reader, const data::Batch& batch);

  std::vector<Reader> readers_;
  std::vector<data::Column> columns_;
  std::vector<data::Type> types_;
  std::unique_ptr<data::BatchBuffer> kept_;  // rows without errors; made when they are first needed
  Timestamp watermark_ = kMinTimestamp;
  bool has_failure_ = false;
  bool* has_failures_;
};

}  // namespace laminar::exec
