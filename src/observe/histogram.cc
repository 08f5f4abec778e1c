#include "observe/histogram.h"

#include <algorithm>

namespace laminar::observe {

void HistogramSummary::Merge(const Histogram& histogram) {
  for (uint32_t i = 0; i < Histogram::kBuckets; ++i) {
    const uint64_t n = histogram.counts_[i].load(std::memory_order_relaxed);
    counts_[i] += n;
    count_ += n;
  }
  sum_ += histogram.sum_.load(std::memory_order_relaxed);
  max_ = std::max(max_, histogram.max_.load(std::memory_order_relaxed));
}

uint64_t HistogramSummary::Quantile(double q) const {
  if (count_ == 0) return 0;
  const double clamped = std::clamp(q, 0.0, 1.0);
  // The rank of the wanted record, counted from one; q = 0 is the first record, q = 1 the last.
  const auto rank = std::max<uint64_t>(1, static_cast<uint64_t>(clamped * static_cast<double>(count_) + 0.999999));
  uint64_t seen = 0;
  for (uint32_t i = 0; i < Histogram::kBuckets; ++i) {
    seen += counts_[i];
    if (seen < rank) continue;
    if (i + 1 == Histogram::kBuckets) return max_;
    const uint64_t low = Histogram::LowestOf(i);
    const uint64_t width = Histogram::LowestOf(i + 1) - low;
    return std::min(low + (width - 1) / 2, std::max(max_, low));
  }
  return max_;
}

}  // namespace laminar::observe
