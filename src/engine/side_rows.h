// Rows that could not go on: late ones as they were (late('view')), failing ones as text (errors('name')). Bounded: the
// latest are kept, all are counted, so nothing vanishes silently (law 6). Written and read under the core's lock.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "exec/operator.h"
#include "sdk/connector.h"

namespace laminar::engine {

// late('view').
class LateRows final : public exec::SideOutput {
 public:
  LateRows(std::vector<data::Type> types, uint64_t rows_max) : types_(std::move(types)), rows_max_(rows_max) {}
  // Without `rows` the late ones are only counted.
  void Add(const data::Batch& batch, std::span<const data::Type> types, const uint16_t* rows, uint32_t count,
           ErrorCode why) override;
  uint64_t count() const { return count_; }
  // Copies what is kept, oldest first.
  void CopyTo(std::vector<std::unique_ptr<data::BatchBuffer>>& out) const;

 private:
  std::vector<data::Type> types_;
  uint64_t rows_max_;
  uint64_t count_ = 0;
  std::deque<std::unique_ptr<data::BatchBuffer>> kept_;
};

// Of the windows whose rows late('view') does not show: counts them there.
class LateCount final : public exec::SideOutput {
 public:
  void CountAt(exec::SideOutput* late) { late_ = late; }
  void Add(const data::Batch& batch, std::span<const data::Type> types, const uint16_t*, uint32_t count,
           ErrorCode why) override {
    late_->Add(batch, types, nullptr, count, why);
  }

 private:
  exec::SideOutput* late_ = nullptr;
};

// errors('name'), for a source's malformed rows and a view's failing ones.
class ErrorRows final : public exec::SideOutput, public sdk::BadRows {
 public:
  struct Entry {
    std::string place;
    ErrorCode why = ErrorCode::kBadRow;
    std::string reason;
    std::string text;
  };
  ErrorRows(std::string place, uint64_t rows_max) : place_(std::move(place)), rows_max_(rows_max) {}
  void Add(const data::Batch& batch, std::span<const data::Type> types, const uint16_t* rows, uint32_t count,
           ErrorCode why) override;
  void Add(std::string_view place, std::string_view reason, std::string_view text) override;
  uint64_t count() const { return count_; }
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  void Keep(Entry entry);
  std::string place_;
  uint64_t rows_max_;
  uint64_t count_ = 0;
  std::deque<Entry> entries_;
};

}  // namespace laminar::engine
