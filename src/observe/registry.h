// Where metric cells live and are listed. Registration and reading take a mutex and allocate: set-up and ring 2 only.
// Writing to a cell never comes here.
//
// A series is a metric and its labels. Each core that counts for it gets its own cell, on cache lines no other core
// writes; readers see the sum (of a gauge too: windows open on all cores). Cells live until their series is removed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/histogram.h"
#include "observe/metric.h"

namespace laminar::observe {

// One row of laminar_metrics. A histogram gives several rows: _count, _sum, _max and the quantiles p50, p99, p999.
struct MetricSample {
  std::string name;
  std::string labels;  // query="ohlc",operator="3"; empty when there are none
  MetricKind kind;
  double value;
};

class MetricRegistry {
 public:
  // series_max: a limit against labels that never repeat; beyond it cells still work but are not listed, and
  // laminar_metrics_refused_total counts them.
  explicit MetricRegistry(uint32_t series_max = 100'000);
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // The cell of a series on a core; the same arguments give the same cell. CHECKs the metric's kind. Any thread.
  Counter* GetCounter(MetricId id, std::span<const Label> labels = {}, uint32_t core = 0);
  Gauge* GetGauge(MetricId id, std::span<const Label> labels = {}, uint32_t core = 0);
  Histogram* GetHistogram(MetricId id, std::span<const Label> labels = {}, uint32_t core = 0);

  // Frees every series that carries this label (a dropped view). Their writers must have stopped before.
  void RemoveSeries(const Label& label);

  // All samples, sorted by name and labels. Any thread.
  std::vector<MetricSample> Samples() const;
  // The sum over cores of one counter or gauge series; 0 when there is none.
  int64_t ValueOf(MetricId id, std::span<const Label> labels = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Labels in the Prometheus spelling, values escaped, in the order given.
std::string LabelText(std::span<const Label> labels);

}  // namespace laminar::observe
