// Registers of the sketch and its estimator.
#include "functions/aggregate/hyper_log_log.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "functions/aggregate/state_bytes.h"

namespace laminar::functions {
namespace {

// The two power series of the improved estimator: the share of empty and of full registers.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

void HyperLogLog::Add(uint64_t hash) {
  const uint32_t index = static_cast<uint32_t>(hash >> (64 - kIndexBits));
  const uint32_t rank =
      static_cast<uint32_t>(std::countl_zero(hash << kIndexBits | uint64_t{1} << (kIndexBits - 1))) + 1;
  Raise(index, rank);
}

void HyperLogLog::Raise(uint32_t index, uint32_t rank) {
  if (!dense_.empty()) {
    dense_[index] = std::max(dense_[index], static_cast<uint8_t>(rank));
    return;
  }
  const auto at = std::lower_bound(sparse_.begin(), sparse_.end(), index << 8);
  if (at != sparse_.end() && *at >> 8 == index) {
    *at = std::max(*at, index << 8 | rank);
    return;
  }
  sparse_.insert(at, index << 8 | rank);
  if (sparse_.size() > kSparseMax) MakeDense();
}

void HyperLogLog::MakeDense() {
  dense_.assign(kRegisters, 0);
  for (const uint32_t entry : sparse_) dense_[entry >> 8] = static_cast<uint8_t>(entry);
  sparse_ = std::vector<uint32_t>();
}

void HyperLogLog::Merge(const HyperLogLog& from) {
  if (from.dense_.empty()) {
    for (const uint32_t entry : from.sparse_) Raise(entry >> 8, entry & 0xFF);
    return;
  }
  if (dense_.empty()) MakeDense();
  for (uint32_t i = 0; i < kRegisters; ++i) dense_[i] = std::max(dense_[i], from.dense_[i]);
}

int64_t HyperLogLog::Estimate() const {
  uint32_t counts[kRankMax + 1] = {};
  if (dense_.empty()) {
    counts[0] = kRegisters - static_cast<uint32_t>(sparse_.size());
    for (const uint32_t entry : sparse_) ++counts[entry & 0xFF];
  } else {
    for (const uint8_t rank : dense_) ++counts[rank];
  }
  constexpr double m = kRegisters;
  double z = m * Tau(1 - counts[kRankMax] / m);
  for (uint32_t rank = kRankMax - 1; rank >= 1; --rank) z = 0.5 * (z + counts[rank]);
  z += m * Sigma(counts[0] / m);
  return static_cast<int64_t>(std::llround(m * m / (2 * std::log(2.0) * z)));
}

void HyperLogLog::Serialize(std::string& out) const {
  PutByte(out, dense_.empty() ? 0 : 1);
  if (!dense_.empty()) {
    out.append(reinterpret_cast<const char*>(dense_.data()), dense_.size());
    return;
  }
  PutNumber(out, static_cast<uint32_t>(sparse_.size()));
  for (const uint32_t entry : sparse_) PutNumber(out, entry);
}

bool HyperLogLog::Deserialize(std::string_view& in) {
  uint8_t is_dense = 0;
  if (!TakeNumber(in, is_dense) || is_dense > 1) return false;
  if (is_dense != 0) {
    if (in.size() < kRegisters) return false;
    dense_.assign(in.begin(), in.begin() + kRegisters);
    in.remove_prefix(kRegisters);
    return std::all_of(dense_.begin(), dense_.end(), [](uint8_t rank) { return rank <= kRankMax; });
  }
  uint32_t size = 0;
  if (!TakeNumber(in, size) || size > kSparseMax || in.size() < size * sizeof(uint32_t)) return false;
  for (uint32_t i = 0; i < size; ++i) {
    uint32_t entry = 0;
    TakeNumber(in, entry);
    const uint32_t rank = entry & 0xFF;
    if (entry >> 8 >= kRegisters || rank == 0 || rank > kRankMax) return false;
    if (!sparse_.empty() && sparse_.back() >> 8 >= entry >> 8) return false;
    sparse_.push_back(entry);
  }
  return true;
}

size_t HyperLogLog::memory_bytes() const {
  return sizeof(*this) + sparse_.capacity() * sizeof(uint32_t) + dense_.capacity();
}

}  // namespace laminar::functions
