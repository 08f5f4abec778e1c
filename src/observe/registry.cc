#include "observe/registry.h"

#include <algorithm>
#include <mutex>
#include <tuple>

#include "base/check.h"

namespace laminar::observe {
namespace {

constexpr size_t kCacheLine = 64;
constexpr double kNanosPerSecond = 1e9;

// One cell a cache line: an operator's cells are written at batch rate, so packing them buys nothing, and two cores
// must not share a line.
struct alignas(kCacheLine) CounterCell {
  Counter counter;
};
struct alignas(kCacheLine) GaugeCell {
  Gauge gauge;
};
struct alignas(kCacheLine) HistogramCell {
  Histogram histogram;
};

struct Cell {
  uint32_t core = 0;
  std::unique_ptr<CounterCell> counter;
  std::unique_ptr<GaugeCell> gauge;
  std::unique_ptr<HistogramCell> histogram;
};

struct Series {
  MetricId id;
  std::vector<Label> labels;
  std::string label_text;
  std::vector<Cell> cells;
};

double ScaleOf(MetricUnit unit) { return unit == MetricUnit::kSeconds ? 1 / kNanosPerSecond : 1; }

int64_t SumOf(const Series& series) {
  int64_t sum = 0;
  for (const Cell& cell : series.cells) {
    if (cell.counter) sum += static_cast<int64_t>(cell.counter->counter.value());
    if (cell.gauge) sum += cell.gauge->gauge.value();
  }
  return sum;
}

void AppendHistogram(const Series& series, const MetricFacts& facts, std::vector<MetricSample>* samples) {
  HistogramSummary summary;
  for (const Cell& cell : series.cells) summary.Merge(cell.histogram->histogram);
  const double scale = ScaleOf(facts.unit);
  const auto append = [&](std::string_view suffix, double value) {
    samples->push_back({std::string(facts.name) + std::string(suffix), series.label_text, facts.kind, value});
  };
  append("_count", static_cast<double>(summary.count()));
  append("_max", static_cast<double>(summary.max()) * scale);
  append("_p50", static_cast<double>(summary.Quantile(0.5)) * scale);
  append("_p99", static_cast<double>(summary.Quantile(0.99)) * scale);
  append("_p999", static_cast<double>(summary.Quantile(0.999)) * scale);
  append("_sum", static_cast<double>(summary.sum()) * scale);
}

}  // namespace

struct MetricRegistry::State {
  mutable std::mutex mutex;
  uint32_t series_max;
  std::vector<std::unique_ptr<Series>> listed;
  // Cells beyond the limit: kept alive, never shown.
  std::vector<std::unique_ptr<Series>> unlisted;
  Series* refused = nullptr;

  Series* Find(MetricId id, std::string_view label_text) const {
    for (const auto& series : listed) {
      if (series->id == id && series->label_text == label_text) return series.get();
    }
    return nullptr;
  }

  Series* FindOrAdd(MetricId id, std::span<const Label> labels) {
    std::string label_text = LabelText(labels);
    if (Series* found = Find(id, label_text)) return found;
    auto series = std::make_unique<Series>();
    series->id = id;
    series->labels.assign(labels.begin(), labels.end());
    series->label_text = std::move(label_text);
    auto& home = listed.size() < series_max ? listed : unlisted;
    if (&home == &unlisted) CellOf(*refused, 0).counter->counter.Add();
    home.push_back(std::move(series));
    return home.back().get();
  }

  static Cell& CellOf(Series& series, uint32_t core) {
    for (Cell& cell : series.cells) {
      if (cell.core == core) return cell;
    }
    Cell cell;
    cell.core = core;
    switch (FactsOf(series.id).kind) {
      case MetricKind::kCounter: cell.counter = std::make_unique<CounterCell>(); break;
      case MetricKind::kGauge: cell.gauge = std::make_unique<GaugeCell>(); break;
      case MetricKind::kHistogram: cell.histogram = std::make_unique<HistogramCell>(); break;
    }
    series.cells.push_back(std::move(cell));
    return series.cells.back();
  }
};

MetricRegistry::MetricRegistry(uint32_t series_max) : state_(std::make_unique<State>()) {
  CHECK(series_max > 0);
  state_->series_max = series_max;
  state_->refused = state_->FindOrAdd(MetricId::kMetricsRefused, {});
  State::CellOf(*state_->refused, 0);
}
MetricRegistry::~MetricRegistry() = default;

Counter* MetricRegistry::GetCounter(MetricId id, std::span<const Label> labels, uint32_t core) {
  CHECK(FactsOf(id).kind == MetricKind::kCounter);
  std::lock_guard lock(state_->mutex);
  return &State::CellOf(*state_->FindOrAdd(id, labels), core).counter->counter;
}

Gauge* MetricRegistry::GetGauge(MetricId id, std::span<const Label> labels, uint32_t core) {
  CHECK(FactsOf(id).kind == MetricKind::kGauge);
  std::lock_guard lock(state_->mutex);
  return &State::CellOf(*state_->FindOrAdd(id, labels), core).gauge->gauge;
}

Histogram* MetricRegistry::GetHistogram(MetricId id, std::span<const Label> labels, uint32_t core) {
  CHECK(FactsOf(id).kind == MetricKind::kHistogram);
  std::lock_guard lock(state_->mutex);
  return &State::CellOf(*state_->FindOrAdd(id, labels), core).histogram->histogram;
}

void MetricRegistry::RemoveSeries(const Label& label) {
  std::lock_guard lock(state_->mutex);
  const auto carries = [&](const std::unique_ptr<Series>& series) {
    return std::find(series->labels.begin(), series->labels.end(), label) != series->labels.end();
  };
  std::erase_if(state_->listed, carries);
  std::erase_if(state_->unlisted, carries);
}

std::vector<MetricSample> MetricRegistry::Samples() const {
  std::vector<MetricSample> samples;
  {
    std::lock_guard lock(state_->mutex);
    for (const auto& series : state_->listed) {
      const MetricFacts& facts = FactsOf(series->id);
      if (facts.kind == MetricKind::kHistogram) {
        AppendHistogram(*series, facts, &samples);
      } else {
        const double value = static_cast<double>(SumOf(*series)) * ScaleOf(facts.unit);
        samples.push_back({std::string(facts.name), series->label_text, facts.kind, value});
      }
    }
  }
  std::sort(samples.begin(), samples.end(), [](const MetricSample& a, const MetricSample& b) {
    return std::tie(a.name, a.labels) < std::tie(b.name, b.labels);
  });
  return samples;
}

int64_t MetricRegistry::ValueOf(MetricId id, std::span<const Label> labels) const {
  std::lock_guard lock(state_->mutex);
  const Series* series = state_->Find(id, LabelText(labels));
  return series == nullptr ? 0 : SumOf(*series);
}

std::string LabelText(std::span<const Label> labels) {
  std::string text;
  for (const Label& label : labels) {
    if (!text.empty()) text += ',';
    text += label.name;
    text += "=\"";
    for (const char c : label.value) {
      if (c == '\\' || c == '"') text += '\\';
      if (c == '\n') {
        text += "\\n";
      } else {
        text += c;
      }
    }
    text += '"';
  }
  return text;
}

}  // namespace laminar::observe
