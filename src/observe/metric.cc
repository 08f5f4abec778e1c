#include "observe/metric.h"

#include "base/check.h"

namespace laminar::observe {
namespace {

constexpr MetricFacts kFacts[] = {
#define METRIC(symbol, name, kind, unit, help) {"laminar_" name, MetricKind::kind, MetricUnit::unit, help},
#include "observe/metrics.def"
#undef METRIC
};

}  // namespace

uint32_t MetricCount() { return static_cast<uint32_t>(std::size(kFacts)); }

const MetricFacts& FactsOf(MetricId id) {
  CHECK(static_cast<uint32_t>(id) < MetricCount());
  return kFacts[static_cast<uint32_t>(id)];
}

std::string_view NameOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter: return "counter";
    case MetricKind::kGauge: return "gauge";
    case MetricKind::kHistogram: return "histogram";
  }
  return "";
}

}  // namespace laminar::observe
