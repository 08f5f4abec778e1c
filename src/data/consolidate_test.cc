#include "data/consolidate.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "data/random_values.h"

using namespace laminar;
using namespace laminar::data;

TEST_CASE("weights of equal rows are summed and rows of weight zero go") {
  const std::vector<Type> types = {TypeId::kInt64, TypeId::kVarchar};
  std::vector<Row> rows = {{{Value::Int(2), Value::String("b")}, 1}, {{Value::Int(1), Value::String("a")}, 2},
                           {{Value::Int(2), Value::String("b")}, -1}, {{Value::Int(1), Value::String("a")}, 1},
                           {{Value::Null(), Value::String("a")}, -1}};
  Consolidate(rows, types);
  REQUIRE_EQ(rows.size(), 2);
  CHECK(rows[0] == Row{{Value::Int(1), Value::String("a")}, 3});
  CHECK(rows[1] == Row{{Value::Null(), Value::String("a")}, -1});
}

TEST_CASE("order and cutting of changes do not matter") {
  Random random(1);
  for (int round = 0; round < 100; ++round) {
    const std::vector<Type> types = {RandomType(random, 1), TypeId::kBool};
    BatchBuffer buffer(types, 200);
    // Few different rows, many times.
    BatchBuffer pool(types, 10);
    AppendRandomRows(random, pool, 10, false);
    for (int i = 0; i < 200; ++i) {
      buffer.AppendRows(pool.batch(), static_cast<uint32_t>(random.Below(10)), 1);
      buffer.UseWeights()[i] = random.Between(-2, 2);
    }
    std::vector<Row> all = RowsOf(buffer.batch(), types);
    std::vector<Row> shuffled = all;
    for (size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.Below(i)]);
    std::vector<Row> left(shuffled.begin(), shuffled.begin() + 70);
    std::vector<Row> right(shuffled.begin() + 70, shuffled.end());
    Consolidate(left, types);
    Consolidate(right, types);
    left.insert(left.end(), right.begin(), right.end());
    Consolidate(left, types);
    Consolidate(all, types);
    REQUIRE(all == left);
    REQUIRE(std::is_sorted(all.begin(), all.end(),
                           [&](const Row& a, const Row& b) { return CompareRows(a, b, types) < 0; }));
  }
}
