#include <doctest/doctest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/random.h"
#include "observe/histogram.h"
#include "observe/metric.h"
#include "observe/registry.h"

namespace laminar::observe {
namespace {

double SampleOf(const std::vector<MetricSample>& samples, std::string_view name, std::string_view labels) {
  for (const MetricSample& sample : samples) {
    if (sample.name == name && sample.labels == labels) return sample.value;
  }
  FAIL("no sample " << name << "{" << labels << "}");
  return 0;
}

TEST_CASE("metric names are unique, sorted, and counters end in _total") {
  for (uint32_t i = 0; i < MetricCount(); ++i) {
    const MetricFacts& facts = FactsOf(static_cast<MetricId>(i));
    CHECK(facts.name.starts_with("laminar_"));
    CHECK((facts.kind == MetricKind::kCounter) == facts.name.ends_with("_total"));
    if (i > 0) CHECK(FactsOf(static_cast<MetricId>(i - 1)).name < facts.name);
  }
}

TEST_CASE("the same series and core give the same cell, another core another") {
  MetricRegistry registry;
  const std::vector<Label> labels = {{"query", "ohlc"}};
  Counter* a = registry.GetCounter(MetricId::kEventsIn, labels, 0);
  CHECK(registry.GetCounter(MetricId::kEventsIn, labels, 0) == a);
  Counter* b = registry.GetCounter(MetricId::kEventsIn, labels, 1);
  CHECK(a != b);
  CHECK(std::abs(reinterpret_cast<char*>(a) - reinterpret_cast<char*>(b)) >= 64);
  a->Add(3);
  b->Add(4);
  CHECK(registry.ValueOf(MetricId::kEventsIn, labels) == 7);
  CHECK(registry.ValueOf(MetricId::kEventsIn) == 0);
  CHECK(SampleOf(registry.Samples(), "laminar_events_in_total", "query=\"ohlc\"") == 7);
}

TEST_CASE("counts of two threads writing their own cells are all there") {
  MetricRegistry registry;
  constexpr int kAdds = 100'000;
  const auto count = [&](uint32_t core) {
    Counter* counter = registry.GetCounter(MetricId::kEventsIn, {}, core);
    for (int i = 0; i < kAdds; ++i) counter->Add();
  };
  std::thread one([&] { count(0); });
  std::thread two([&] { count(1); });
  one.join();
  two.join();
  CHECK(registry.ValueOf(MetricId::kEventsIn) == 2 * kAdds);
}

TEST_CASE("samples are sorted and histograms are shown in their unit") {
  MetricRegistry registry;
  registry.GetGauge(MetricId::kWindowsActive)->Set(-5);
  Histogram* trigger = registry.GetHistogram(MetricId::kWindowTriggerSeconds);
  for (int i = 1; i <= 100; ++i) trigger->Record(i * 1'000'000);  // 1 to 100 ms
  const std::vector<MetricSample> samples = registry.Samples();
  CHECK(std::is_sorted(samples.begin(), samples.end(),
                       [](const MetricSample& a, const MetricSample& b) { return a.name < b.name; }));
  CHECK(SampleOf(samples, "laminar_windows_active", "") == -5);
  CHECK(SampleOf(samples, "laminar_window_trigger_seconds_count", "") == 100);
  CHECK(SampleOf(samples, "laminar_window_trigger_seconds_p50", "") == doctest::Approx(0.050).epsilon(0.04));
  CHECK(SampleOf(samples, "laminar_window_trigger_seconds_p99", "") == doctest::Approx(0.099).epsilon(0.04));
  CHECK(SampleOf(samples, "laminar_window_trigger_seconds_max", "") == doctest::Approx(0.1));
}

TEST_CASE("removing a label's series leaves the others") {
  MetricRegistry registry;
  const std::vector<Label> a = {{"query", "a"}};
  const std::vector<Label> b = {{"query", "b"}};
  registry.GetCounter(MetricId::kEventsIn, a)->Add();
  registry.GetCounter(MetricId::kEventsIn, b)->Add();
  registry.RemoveSeries(a[0]);
  CHECK(registry.ValueOf(MetricId::kEventsIn, a) == 0);
  CHECK(registry.ValueOf(MetricId::kEventsIn, b) == 1);
}

TEST_CASE("beyond the limit cells still count but are refused a row, and that is counted") {
  MetricRegistry registry(3);
  for (int i = 0; i < 10; ++i) {
    const std::vector<Label> labels = {{"query", std::to_string(i)}};
    registry.GetCounter(MetricId::kEventsIn, labels)->Add();
  }
  const std::vector<MetricSample> samples = registry.Samples();
  CHECK(samples.size() == 3);
  CHECK(registry.ValueOf(MetricId::kMetricsRefused) == 8);
}

TEST_CASE("label values are escaped") {
  const std::vector<Label> labels = {{"a", "x\"y\\z\n"}, {"b", ""}};
  CHECK(LabelText(labels) == "a=\"x\\\"y\\\\z\\n\",b=\"\"");
}

TEST_CASE("every value lies in its bucket, and buckets follow without gaps") {
  for (uint32_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
    const uint64_t low = Histogram::LowestOf(i);
    const uint64_t next = Histogram::LowestOf(i + 1);
    REQUIRE(low < next);
    REQUIRE(Histogram::BucketOf(low) == i);
    REQUIRE(Histogram::BucketOf(next - 1) == i);
  }
  CHECK(Histogram::BucketOf(UINT64_MAX) == Histogram::kBuckets - 1);
}

TEST_CASE("quantiles stay within a thirty-second of the exact ones") {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    Histogram histogram;
    std::vector<int64_t> values;
    const auto shift = static_cast<int>(random.Between(20, 60));
    for (int i = 0; i < 2000; ++i) {
      values.push_back(static_cast<int64_t>(random.Next() >> shift));
      histogram.Record(values.back());
    }
    std::sort(values.begin(), values.end());
    HistogramSummary summary;
    summary.Merge(histogram);
    CHECK(summary.count() == values.size());
    for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = std::max<size_t>(1, static_cast<size_t>(q * 2000 + 0.999999));
      const auto exact = static_cast<double>(values[rank - 1]);
      CHECK(static_cast<double>(summary.Quantile(q)) == doctest::Approx(exact).epsilon(1.0 / 32));
    }
  }
}

TEST_CASE("an empty histogram and negative values are harmless") {
  Histogram histogram;
  HistogramSummary empty;
  empty.Merge(histogram);
  CHECK(empty.Quantile(0.5) == 0);
  histogram.Record(-4);
  HistogramSummary one;
  one.Merge(histogram);
  CHECK(one.count() == 1);
  CHECK(one.max() == 0);
}

}  // namespace
}  // namespace laminar::observe
