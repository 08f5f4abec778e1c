// Compression and reading of the digest.
#include "functions/aggregate/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "functions/aggregate/state_bytes.h"

namespace laminar::functions {
namespace {

constexpr size_t kWaitingMax = 512;
constexpr uint32_t kStoredMax = 1u << 20;  // centroids in stored bytes

}  // namespace

void QuantileSketch::Add(double value, double weight) {
  if (!(weight > 0) || !std::isfinite(weight)) return;
  if (std::isnan(value)) {
    nans_ += weight;
  } else if (std::isinf(value)) {
    (value > 0 ? plus_infinite_ : minus_infinite_) += weight;
  } else {
    least_ = finite_ == 0 ? value : std::min(least_, value);
    greatest_ = finite_ == 0 ? value : std::max(greatest_, value);
    finite_ += weight;
    waiting_.push_back({value, weight});
    if (waiting_.size() >= kWaitingMax) Compress();
  }
}

void QuantileSketch::Merge(const QuantileSketch& from) {
  nans_ += from.nans_;
  plus_infinite_ += from.plus_infinite_;
  minus_infinite_ += from.minus_infinite_;
  if (from.finite_ == 0) return;
  least_ = finite_ == 0 ? from.least_ : std::min(least_, from.least_);
  greatest_ = finite_ == 0 ? from.greatest_ : std::max(greatest_, from.greatest_);
  finite_ += from.finite_;
  waiting_.insert(waiting_.end(), from.centroids_.begin(), from.centroids_.end());
  waiting_.insert(waiting_.end(), from.waiting_.begin(), from.waiting_.end());
  Compress();
}

// One pass over all in order: a centroid grows while it spans at most one unit of the scale function k(q) = c / 2pi *
// asin(2q - 1).
void QuantileSketch::Compress() {
  if (waiting_.empty()) return;
  waiting_.insert(waiting_.end(), centroids_.begin(), centroids_.end());
  std::sort(waiting_.begin(), waiting_.end(), [](const Centroid& a, const Centroid& b) { return a.mean < b.mean; });
  const double unit = 2 * std::numbers::pi / compression_;
  const auto limit_after = [&](double q) {
    const double angle = std::asin(std::clamp(2 * q - 1, -1.0, 1.0)) + unit;
    return angle >= std::numbers::pi / 2 ? 1.0 : (std::sin(angle) + 1) / 2;
  };
  centroids_.clear();
  centroids_.push_back(waiting_[0]);
  double before = 0;  // weight in front of the last centroid
  double limit = limit_after(0) * finite_;
  for (size_t i = 1; i < waiting_.size(); ++i) {
    Centroid& last = centroids_.back();
    const Centroid& next = waiting_[i];
    const double weight = last.weight + next.weight;
    if (before + weight <= limit) {
      last.mean += (next.mean - last.mean) * (next.weight / weight);
      last.weight = weight;
    } else {
      before += last.weight;
      limit = limit_after(before / finite_) * finite_;
      centroids_.push_back(next);
    }
  }
  waiting_.clear();
}

double QuantileSketch::Quantile(double fraction) const {
  const double rank = fraction * Total();
  if (rank < minus_infinite_ || finite_ + plus_infinite_ + nans_ == 0) return -std::numeric_limits<double>::infinity();
  if (finite_ > 0 && rank <= minus_infinite_ + finite_) {
    if (waiting_.empty()) return FiniteQuantile(rank - minus_infinite_);
    QuantileSketch compressed = *this;
    compressed.Compress();
    return compressed.FiniteQuantile(rank - minus_infinite_);
  }
  if (plus_infinite_ > 0 && (nans_ == 0 || rank <= minus_infinite_ + finite_ + plus_infinite_)) {
    return std::numeric_limits<double>::infinity();
  }
  return std::numeric_limits<double>::quiet_NaN();
}

// A centroid's mean stands at the middle of its weight; between middles, and out to the extremes, the line.
double QuantileSketch::FiniteQuantile(double rank) const {
  double left_rank = 0;
  double left = least_;
  double before = 0;
  for (const Centroid& centroid : centroids_) {
    const double middle = before + centroid.weight / 2;
    if (rank < middle) {
      const double share = middle > left_rank ? (rank - left_rank) / (middle - left_rank) : 1;
      return std::clamp(left + (centroid.mean - left) * share, least_, greatest_);
    }
    left_rank = middle;
    left = centroid.mean;
    before += centroid.weight;
  }
  const double share = before > left_rank ? (rank - left_rank) / (before - left_rank) : 1;
  return std::clamp(left + (greatest_ - left) * share, least_, greatest_);
}

void QuantileSketch::Serialize(std::string& out) const {
  for (const double number : {minus_infinite_, plus_infinite_, nans_, least_, greatest_}) PutNumber(out, number);
  PutNumber(out, static_cast<uint32_t>(centroids_.size()));
  PutNumber(out, static_cast<uint32_t>(waiting_.size()));
  for (const Centroid& centroid : centroids_) PutNumber(out, centroid);
  for (const Centroid& centroid : waiting_) PutNumber(out, centroid);
}

bool QuantileSketch::Deserialize(std::string_view& in) {
  const auto is_weight = [](double weight) { return weight >= 0 && weight < 1e300; };
  for (double* number : {&minus_infinite_, &plus_infinite_, &nans_, &least_, &greatest_}) {
    if (!TakeNumber(in, *number)) return false;
  }
  if (!is_weight(minus_infinite_) || !is_weight(plus_infinite_) || !is_weight(nans_)) return false;
  if (!std::isfinite(least_) || !std::isfinite(greatest_) || least_ > greatest_) return false;
  uint32_t sorted = 0;
  uint32_t waiting = 0;
  if (!TakeNumber(in, sorted) || !TakeNumber(in, waiting) || sorted > kStoredMax || waiting > kStoredMax) return false;
  if ((static_cast<uint64_t>(sorted) + waiting) * sizeof(Centroid) > in.size()) return false;
  for (uint32_t i = 0; i < sorted + waiting; ++i) {
    Centroid centroid;
    TakeNumber(in, centroid);
    if (!(centroid.mean >= least_ && centroid.mean <= greatest_) || !(centroid.weight > 0 && centroid.weight < 1e300)) {
      return false;
    }
    if (i < sorted && i > 0 && centroid.mean < centroids_.back().mean) return false;
    finite_ += centroid.weight;
    (i < sorted ? centroids_ : waiting_).push_back(centroid);
  }
  return std::isfinite(finite_);
}

size_t QuantileSketch::memory_bytes() const {
  return sizeof(*this) + (centroids_.capacity() + waiting_.capacity()) * sizeof(Centroid);
}

}  // namespace laminar::functions
