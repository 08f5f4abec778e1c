// Counters, gauges and histograms. Each cell has one writer (the thread that owns the operator or source) and is a
// relaxed load and store, so counting costs an addition: no lock, no shared cache line with another core's cells.
//
// metrics.def lists every metric. A MetricRegistry belongs to one database; owners ask it for cells at set-up, and
// readers (SELECT * FROM laminar_metrics, exporters) visit the sums over all cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace laminar::observe {

enum class MetricId : uint16_t {
#define METRIC(symbol, name, kind, unit, help) symbol,
#include "observe/metrics.def"
#undef METRIC
};

enum class MetricKind : uint8_t { kCounter, kGauge, kHistogram };
enum class MetricUnit : uint8_t { kCount, kBytes, kMilliseconds, kSeconds };

struct MetricFacts {
  std::string_view name;  // with the prefix laminar_
  MetricKind kind;
  MetricUnit unit;
  std::string_view help;
};
const MetricFacts& FactsOf(MetricId id);
uint32_t MetricCount();
// "counter", "gauge", "histogram".
std::string_view NameOf(MetricKind kind);

// Only grows. One writer; any reader.
class Counter {
 public:
  void Add(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Goes up and down. One writer; any reader.
class Gauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(int64_t n) { Set(value() + n); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// What a series is about: {"query", "ohlc"}, {"operator", "3"}.
struct Label {
  std::string name;
  std::string value;
  bool operator==(const Label&) const = default;
};

}  // namespace laminar::observe
