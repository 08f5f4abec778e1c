// HyperLogLog: counts different values in 16 KiB with a standard error of 0.8 %, and merges.
//
// 2^14 registers hold the longest run of zeros seen; the estimate is Ertl's improved estimator (no bias tables, no case
// distinction). Starts sparse, as a sorted list of the registers that are not zero, so a group of few values costs few
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laminar::functions {

class HyperLogLog {
 public:
  void Add(uint64_t hash);
  void Merge(const HyperLogLog& from);
  int64_t Estimate() const;

  void Serialize(std::string& out) const;
  bool Deserialize(std::string_view& in);  // false on bytes that Serialize did not write
  size_t memory_bytes() const;

 private:
  static constexpr uint32_t kIndexBits = 14;
  static constexpr uint32_t kRegisters = 1u << kIndexBits;
  static constexpr uint32_t kRankMax = 64 - kIndexBits + 1;
  static constexpr size_t kSparseMax = 1024;

  void Raise(uint32_t index, uint32_t rank);
  void MakeDense();

  std::vector<uint32_t> sparse_;  // index << 8 | rank, sorted by index
  std::vector<uint8_t> dense_;    // empty while sparse
};

}  // namespace laminar::functions
