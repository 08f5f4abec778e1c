// QuantileSketch: quantiles of a stream in a few KiB, with a rank error well below 1 %, mergeable: a merging t-digest.
//
// Values wait in a buffer; when it is full they are sorted into centroids, which may grow the larger the nearer they
// stand to the median, so the tails stay exact. Infinite values are counted apart; NaN counts as above all numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laminar::functions {

class QuantileSketch {
 public:
  static constexpr double kDefaultCompression = 200;

  explicit QuantileSketch(double compression = kDefaultCompression) : compression_(compression) {}

  void Add(double value, double weight);
  void Merge(const QuantileSketch& from);
  bool is_empty() const { return Total() <= 0; }
  // 0 <= fraction <= 1; not empty.
  double Quantile(double fraction) const;

  void Serialize(std::string& out) const;
  bool Deserialize(std::string_view& in);  // false on bytes that Serialize did not write
  size_t memory_bytes() const;

 private:
  struct Centroid {
    double mean = 0;
    double weight = 0;
  };

  double Total() const { return finite_ + minus_infinite_ + plus_infinite_ + nans_; }
  void Compress();
  double FiniteQuantile(double rank) const;

  double compression_;
  std::vector<Centroid> centroids_;  // sorted by mean
  std::vector<Centroid> waiting_;
  double finite_ = 0;  // weight of centroids_ and waiting_
  double minus_infinite_ = 0;
  double plus_infinite_ = 0;
  double nans_ = 0;
  double least_ = 0;  // of the finite values
  double greatest_ = 0;
};

}  // namespace laminar::functions
