// A log-linear histogram of non-negative integers: exact below 32, then 32 steps to every power of two, so a quantile
// is off by at most 1/32 (3.2 %). Values above 2^48 land in the last step. Fixed size, no allocation after
// construction. Thread: one writer; any number of readers, whose view may be some records old but never torn.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace laminar::observe {

class Histogram {
 public:
  static constexpr uint32_t kStepBits = 5;
  static constexpr uint32_t kSteps = 1u << kStepBits;
  static constexpr uint32_t kTopBit = 48;
  static constexpr uint32_t kBuckets = (kTopBit - kStepBits + 1) * kSteps;

  Histogram() : counts_(new Cell[kBuckets]{}) {}

  // Negative values count as zero. A few instructions; ring 0 may call it.
  void Record(int64_t value) {
    const uint64_t positive = value < 0 ? 0 : static_cast<uint64_t>(value);
    Add(counts_[BucketOf(positive)], 1);
    Add(sum_, positive);
    if (positive > max_.load(std::memory_order_relaxed)) max_.store(positive, std::memory_order_relaxed);
  }

  static constexpr uint32_t BucketOf(uint64_t value) {
    if (value < kSteps) return static_cast<uint32_t>(value);
    const uint32_t top = 63 - static_cast<uint32_t>(__builtin_clzll(value));
    if (top >= kTopBit) return kBuckets - 1;
    const auto step = static_cast<uint32_t>(value >> (top - kStepBits)) - kSteps;
    return (top - kStepBits + 1) * kSteps + step;
  }
  // The smallest value of a bucket.
  static constexpr uint64_t LowestOf(uint32_t bucket) {
    if (bucket < kSteps) return bucket;
    const uint32_t power = bucket / kSteps - 1;
    return static_cast<uint64_t>(kSteps + bucket % kSteps) << power;
  }

 private:
  friend class HistogramSummary;
  using Cell = std::atomic<uint64_t>;
  // A plain load and store: there is one writer, so no read-modify-write instruction is needed.
  static void Add(Cell& cell, uint64_t n) {
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  std::unique_ptr<Cell[]> counts_;
  Cell sum_{0};
  Cell max_{0};
};

// The sum of any number of histograms at one moment, for readers.
class HistogramSummary {
 public:
  HistogramSummary() : counts_(new uint64_t[Histogram::kBuckets]{}) {}
  void Merge(const Histogram& histogram);
  uint64_t count() const { return count_; }
  uint64_t sum() const { return sum_; }
  uint64_t max() const { return max_; }
  // The value at quantile q in [0, 1]: the middle of its step, never above max(). 0 when empty.
  uint64_t Quantile(double q) const;

 private:
  std::unique_ptr<uint64_t[]> counts_;
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t max_ = 0;
};

}  // namespace laminar::observe
