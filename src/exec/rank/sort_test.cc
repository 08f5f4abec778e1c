#include "exec/rank/sort.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "data/value.h"

namespace laminar::exec {
namespace {

using data::BatchBuffer;
using data::Value;

class Collector final : public Operator {
 public:
  Status Open(const Context&) override { return {}; }
  Step Process(int, data::Batch& batch, Output&) override {
    for (uint32_t i = 0; i < batch.rows; ++i) {
      rows.emplace_back(batch.columns[0].IsNull(i) ? -1 : batch.columns[0].As<int64_t>()[i],
                        batch.columns[1].As<int64_t>()[i]);
      CHECK(batch.Weight(i) == 1);
    }
    return Step::kMore;
  }
  Step Watermark(int, Timestamp, Output&) override { return Step::kMore; }
  std::vector<std::pair<int64_t, int64_t>> rows;
};

TEST_CASE("sorting random rows with limits, offsets, nulls and retractions gives what sorting them by hand gives") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    SortSpec spec;
    spec.input = {data::TypeId::kInt64, data::TypeId::kInt64};
    const bool descending = random.OneIn(2);
    spec.columns = {{0, {descending, descending}}};
    spec.input_retracts = random.OneIn(2);
    if (random.OneIn(2)) spec.limit = random.Below(50);
    if (random.OneIn(3)) spec.offset = random.Below(20);
    Sort sort(spec);
    Collector end;
    expr::EvalEnvironment environment;
    Context context;
    context.environment = &environment;
    REQUIRE(sort.Open(context).ok());
    sort.ConnectTo(&end, 0);
    std::vector<std::pair<int64_t, int64_t>> left;  // -1 as key: NULL
    const int total = static_cast<int>(random.Between(0, 12000));
    for (int i = 0; i < total;) {
      BatchBuffer rows(spec.input);
      for (int n = 0; n < 200 && i < total; ++n, ++i) {
        if (spec.input_retracts && !left.empty() && random.OneIn(3)) {
          const size_t gone = random.Below(left.size());
          rows.AppendRow(std::vector<Value>{left[gone].first < 0 ? Value() : Value::Int(left[gone].first),
                                            Value::Int(left[gone].second)},
                         -1);
          left.erase(left.begin() + static_cast<std::ptrdiff_t>(gone));
        } else {
          const int64_t key = random.OneIn(10) ? -1 : random.Between(0, 100);
          rows.AppendRow(std::vector<Value>{key < 0 ? Value() : Value::Int(key), Value::Int(i)});
          left.emplace_back(key, i);
        }
      }
      data::Batch batch = rows.batch();
      REQUIRE(sort.Process(0, batch, sort.output()) == Step::kMore);
    }
    REQUIRE(sort.Watermark(0, kMaxTimestamp, sort.output()) == Step::kMore);
    std::ranges::stable_sort(left, [&](const auto& a, const auto& b) {
      const int64_t x = a.first < 0 ? 1000 : a.first;  // NULL is the largest
      const int64_t y = b.first < 0 ? 1000 : b.first;
      return descending ? x > y : x < y;
    });
    const size_t skip = std::min<size_t>(left.size(), spec.offset);
    left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(skip));
    if (left.size() > spec.limit) left.resize(spec.limit);
    INFO("seed " << seed);
    CHECK(end.rows == left);
  }
}

TEST_CASE("a sort that outgrows its memory says so") {
  SortSpec spec;
  spec.input = {data::TypeId::kInt64};
  spec.columns = {{0, {}}};
  Sort sort(spec);
  Collector end;
  Context context;
  context.memory_limit_bytes = 10'000;
  REQUIRE(sort.Open(context).ok());
  sort.ConnectTo(&end, 0);
  BatchBuffer rows(spec.input);
  for (int i = 0; i < 1000; ++i) rows.AppendRow(std::vector<Value>{Value::Int(i)});
  data::Batch batch = rows.batch();
  CHECK(sort.Process(0, batch, sort.output()) == Step::kFailed);
  CHECK(sort.failure().code() == ErrorCode::kLimitReached);
}

}  // namespace
}  // namespace laminar::exec
