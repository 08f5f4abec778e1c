#include "exec/watermark/assigner.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "data/value.h"

namespace laminar::exec {
namespace {

using data::BatchBuffer;
using data::Value;

// What stands below the assigner: notes for every row whether it was behind the watermark when it came.
class Recorder final : public Operator {
 public:
  Status Open(const Context&) override { return {}; }
  Step Process(int, data::Batch& batch, Output&) override {
    for (uint32_t i = 0; i < batch.rows; ++i) {
      times.push_back(batch.columns[0].As<int64_t>()[i]);
      is_late.push_back(times.back() < watermark);
    }
    return Step::kMore;
  }
  Step Watermark(int, Timestamp w, Output&) override {
    CHECK(w > watermark);  // it only goes forward
    watermark = w;
    return Step::kMore;
  }
  std::vector<int64_t> times;
  std::vector<bool> is_late;
  Timestamp watermark = kMinTimestamp;
};

class Refused final : public SideOutput {
 public:
  void Add(const data::Batch&, std::span<const data::Type>, const uint16_t*, uint32_t count, ErrorCode why) override {
    (why == ErrorCode::kBadEventTime ? missing : absurd) += count;
  }
  uint32_t missing = 0;
  uint32_t absurd = 0;
};

struct Assigned {
  explicit Assigned(Duration delay) : assigner(WatermarkSpec{{data::TypeId::kTimestamp}, 0, delay}) {
    Context context;
    context.environment = &environment;
    context.row_errors = &refused;
    context.late_rows = &refused;
    CHECK(assigner.Open(context).ok());
    assigner.ConnectTo(&recorder, 0);
  }
  void Feed(const std::vector<Value>& times) {
    BatchBuffer rows({data::TypeId::kTimestamp});
    for (const Value& time : times) rows.AppendRow(std::vector<Value>{time});
    data::Batch batch = rows.batch();
    CHECK(assigner.Process(0, batch, assigner.output()) == Step::kMore);
  }
  expr::EvalEnvironment environment;
  Refused refused;
  Recorder recorder;
  WatermarkAssigner assigner;
};

TEST_CASE("a bounded watermark is the largest time less the delay, sent when it advances (F010, rows 1 to 3)") {
  Assigned a(1000);
  a.Feed({Value::Int(5000)});
  CHECK(a.recorder.watermark == 4000);
  a.Feed({Value::Int(3000)});
  a.Feed({Value::Int(5000)});
  CHECK(a.recorder.watermark == 4000);
  a.Feed({Value::Int(5001)});
  CHECK(a.recorder.watermark == 4001);
  CHECK(a.recorder.is_late == std::vector<bool>{false, true, false, false});
}

TEST_CASE("rows without a time and rows of absurd times are refused by reason and stop nothing") {
  Assigned a(0);
  a.Feed({Value::Int(10), Value(), Value::Int(kMaxTimestamp - 5), Value::Int(kMinTimestamp + 5), Value::Int(20)});
  CHECK(a.recorder.times == std::vector<int64_t>{10, 20});
  CHECK(a.refused.missing == 1);
  CHECK(a.refused.absurd == 2);
  CHECK(a.recorder.watermark == 20);
}

TEST_CASE("negative times have watermarks like any other") {
  Assigned a(10);
  a.Feed({Value::Int(-100), Value::Int(-50), Value::Int(-70)});
  CHECK(a.recorder.watermark == -60);
  CHECK(a.recorder.is_late == std::vector<bool>{false, false, true});
}

TEST_CASE("however rows are cut into batches, the same rows are late (D10)") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const Duration delay = random.Between(0, 50);
    const int64_t disorder = random.Between(0, 120);
    std::vector<Value> times;
    std::vector<bool> expected;
    Timestamp running = kMinTimestamp;
    for (int i = 0; i < 300; ++i) {
      const int64_t t = i * random.Between(0, 5) - random.Between(0, disorder);
      expected.push_back(t < running);
      running = std::max(running, t - delay);
      times.push_back(Value::Int(t));
    }
    for (int cut = 0; cut < 3; ++cut) {
      Assigned a(delay);
      for (size_t i = 0; i < times.size();) {
        const size_t n = cut == 0 ? 1 : cut == 1 ? times.size() : 1 + random.Below(40);
        const size_t end = std::min(times.size(), i + n);
        a.Feed({times.begin() + static_cast<std::ptrdiff_t>(i), times.begin() + static_cast<std::ptrdiff_t>(end)});
        i = end;
      }
      INFO("seed " << seed << " cut " << cut);
      CHECK(a.recorder.is_late == expected);
      CHECK(a.recorder.watermark == running);
    }
  }
}

TEST_CASE("lazy or not, flushed or not, the same rows are late, also after it was saved and made anew in between") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Duration delay = random.Between(0, 50);
    const int64_t disorder = random.Between(0, 120);
    std::vector<bool> expected;
    std::vector<bool> found;
    Timestamp running = kMinTimestamp;
    auto a = std::make_unique<Assigned>(delay);
    bool is_lazy = false;
    for (int64_t step = 0; step < 60; ++step) {
      std::vector<Value> times;
      for (uint64_t i = 1 + random.Below(20); i > 0; --i) {
        const int64_t t = step * 20 - random.Between(0, disorder);
        expected.push_back(t < running);
        running = std::max(running, t - delay);
        times.push_back(Value::Int(t));
      }
      a->Feed(times);
      // What was held back is behind no row that came, and at most as far on as the rows allow.
      CHECK(a->recorder.watermark <= running);
      if (!is_lazy) CHECK(a->recorder.watermark == running);
      if (random.OneIn(4)) {
        CHECK(a->assigner.Flush(a->assigner.output()) == Step::kMore);
        CHECK(a->recorder.watermark == running);
      }
      if (random.OneIn(5)) a->assigner.SetLazy(is_lazy = !is_lazy);
      if (random.OneIn(6)) {  // what stands below has its own note
        std::string note;
        a->assigner.SaveNote(note);
        auto next = std::make_unique<Assigned>(delay);
        REQUIRE(next->assigner.Restore(note).ok());
        CHECK(next->assigner.watermark() == a->assigner.watermark());
        next->recorder.watermark = a->recorder.watermark;
        next->assigner.SetLazy(is_lazy);
        found.insert(found.end(), a->recorder.is_late.begin(), a->recorder.is_late.end());
        a = std::move(next);
      }
    }
    found.insert(found.end(), a->recorder.is_late.begin(), a->recorder.is_late.end());
    CHECK(found == expected);
  }
}

TEST_CASE("a lazy assigner sends few watermarks where rows are in order, and a flush sends the one that is due once") {
  Assigned a(10);
  a.assigner.SetLazy(true);
  for (int64_t t = 100; t < 200; ++t) a.Feed({Value::Int(t)});
  CHECK(a.recorder.watermark == kMinTimestamp);
  CHECK(a.assigner.Flush(a.assigner.output()) == Step::kMore);
  CHECK(a.recorder.watermark == 189);
  CHECK(a.assigner.Flush(a.assigner.output()) == Step::kMore);  // the recorder would refuse it a second time
  a.Feed({Value::Int(300)});
  CHECK(a.recorder.watermark == 189);
  a.Feed({Value::Int(289)});  // late by what was held back: so that goes first
  CHECK(a.recorder.watermark == 290);
  CHECK(a.recorder.is_late.back());
}

}  // namespace
}  // namespace laminar::exec
