#include "exec/changelog/materialize.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "data/value.h"
#include "exec/stateless/merge.h"

namespace laminar::exec {
namespace {

using data::BatchBuffer;
using data::Value;

const std::vector<data::Type> kTypes = {data::TypeId::kInt64, data::TypeId::kVarchar};

std::string TextOf(int64_t v) { return "value number " + std::to_string(v); }

struct Stored {
  explicit Stored(MaterializeSpec spec) : view(std::move(spec)) {
    Context context;
    context.environment = &environment;
    CHECK(view.Open(context).ok());
    view.ConnectTo(&fan_out, 0);
  }
  void Feed(BatchBuffer& rows) {
    data::Batch batch = rows.batch();
    CHECK(view.Process(0, batch, view.output()) == Step::kMore);
  }
  std::map<std::pair<int64_t, std::string>, int64_t> Contents() {
    std::map<std::pair<int64_t, std::string>, int64_t> out;
    StoredResult* part = &view;
    const auto rows = StoredResult::TakeSnapshot({&part, 1});
    BatchBuffer buffer(kTypes, 100);
    for (uint64_t cursor = 0; rows->Read(cursor, buffer), buffer.rows() > 0;) {
      for (uint32_t i = 0; i < buffer.rows(); ++i) {
        const std::string text(buffer.column(1).As<data::StringRef>()[i].view());
        out[{buffer.column(0).As<int64_t>()[i], text}] += buffer.batch().Weight(i);
      }
    }
    return out;
  }
  expr::EvalEnvironment environment;
  FanOut fan_out;
  Materialize view;
};

TEST_CASE("a stored view is the sum of its changes, keyed, as a bag and as a log") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const int layout = static_cast<int>(seed % 3);
    MaterializeSpec spec;
    spec.name = "v";
    spec.types = kTypes;
    spec.has_key = layout == 0;
    if (spec.has_key) spec.key = {0};
    spec.input_retracts = layout != 2;
    Stored stored(spec);
    std::map<std::pair<int64_t, std::string>, int64_t> expected;
    std::map<int64_t, int64_t> value_of;  // keyed: what stands there
    for (int b = 0; b < 30; ++b) {
      BatchBuffer rows(kTypes);
      auto add = [&](int64_t key, int64_t value, int64_t weight) {
        rows.AppendRow(std::vector<Value>{Value::Int(key), Value::String(TextOf(value))}, weight);
        auto& count = expected[{key, TextOf(value)}];
        count += weight;
        if (count == 0) expected.erase({key, TextOf(value)});
      };
      for (int i = 0; i < 40; ++i) {
        const int64_t key = random.Between(0, 30);
        const int64_t value = random.Between(0, 5);
        if (layout == 2) {
          add(key, value, 1);
        } else if (layout == 0) {
          const auto old = value_of.find(key);
          if (old != value_of.end()) add(key, old->second, -1);
          if (old != value_of.end() && random.OneIn(3)) {
            value_of.erase(old);
            continue;
          }
          add(key, value, 1);
          value_of[key] = value;
        } else if (!expected.empty() && random.OneIn(2)) {
          const auto gone = std::next(expected.begin(), static_cast<std::ptrdiff_t>(random.Below(expected.size())));
          const auto row = gone->first;
          rows.AppendRow(std::vector<Value>{Value::Int(row.first), Value::String(row.second)}, -1);
          if (--gone->second == 0) expected.erase(gone);
        } else {
          add(key, value, random.Between(1, 3));
        }
      }
      stored.Feed(rows);
    }
    INFO("seed " << seed << " layout " << layout);
    CHECK(stored.Contents() == expected);
    CHECK(stored.view.negative_rows() == 0);
  }
}

TEST_CASE("rows put under a key again take the old row back downstream") {
  struct Sum final : Operator {
    Status Open(const Context&) override { return {}; }
    Step Process(int, data::Batch& batch, Output&) override {
      for (uint32_t i = 0; i < batch.rows; ++i) {
        auto& count =
            rows[{batch.columns[0].As<int64_t>()[i], std::string(batch.columns[1].As<data::StringRef>()[i].view())}];
        count += batch.Weight(i);
        CHECK(count >= 0);
      }
      return Step::kMore;
    }
    Step Watermark(int, Timestamp, Output&) override { return Step::kMore; }
    std::map<std::pair<int64_t, std::string>, int64_t> rows;
  } sum;
  MaterializeSpec spec;
  spec.name = "t";
  spec.types = kTypes;
  spec.key = {0};
  spec.has_key = true;
  spec.input_upserts = true;
  Stored stored(spec);
  stored.fan_out.Add(&sum, 0);
  Random random(5);
  std::map<int64_t, std::string> expected;
  for (int b = 0; b < 40; ++b) {
    BatchBuffer rows(kTypes);
    for (int i = 0; i < 700; ++i) {
      const int64_t key = random.Between(0, 900);
      expected[key] = TextOf(random.Between(0, 9));
      rows.AppendRow(std::vector<Value>{Value::Int(key), Value::String(expected[key])});
    }
    stored.Feed(rows);
  }
  std::erase_if(sum.rows, [](const auto& row) { return row.second == 0; });
  CHECK(sum.rows.size() == expected.size());
  for (const auto& [key, text] : expected) CHECK(sum.rows[{key, text}] == 1);
  CHECK(stored.Contents() == sum.rows);
}

}  // namespace
}  // namespace laminar::exec
