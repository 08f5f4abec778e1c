// ns a row of the hot aggregates over 500 groups and over one. Prints one line a case; no test framework.
#include <chrono>
#include <cstdio>

#include "base/random.h"
#include "data/batch.h"
#include "expr/aggregate.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

using data::Type;
using data::TypeId;

double Measure(const char* name, const Type& type, uint32_t groups, bool has_nulls) {
  std::vector<Type> order_types;
  std::vector<expr::SortKey> order;
  const bool is_ordered = BuiltinFunctions().FindAggregate(name)->is_order_sensitive;
  if (is_ordered) {
    order_types.push_back(TypeId::kTimestamp);
    order.push_back({});
  }
  const data::Value* constant = nullptr;
  auto bound = BuiltinFunctions().FindAggregate(name)->bind(
      {.name = name, .types = {&type, 1}, .constants = {&constant, 1}, .order_types = order_types, .order = order});
  if (!bound.has_value()) return -1;
  const uint32_t stride = 64 + bound->state_bytes;
  std::vector<uint64_t> table(groups * stride / 8);
  auto* bytes = reinterpret_cast<uint8_t*>(table.data());
  for (uint32_t g = 0; g < groups; ++g) bound->init(*bound, bytes + g * stride + 64);
  data::BatchBuffer buffer({bound->arguments[0], TypeId::kTimestamp});
  Random random(1);
  std::vector<uint8_t*> states(data::kBatchCapacity);
  for (uint32_t row = 0; row < data::kBatchCapacity; ++row) {
    states[row] = bytes + random.Below(groups) * stride;
    if (type.id() == TypeId::kDouble) {
      buffer.column(0).As<double>()[row] = random.Unit();
    } else {
      buffer.column(0).As<int64_t>()[row] = random.Between(0, 1000);
    }
    buffer.column(1).As<int64_t>()[row] = row;
  }
  buffer.SetRows(data::kBatchCapacity);
  if (has_nulls) buffer.SetNull(0, 5);
  const data::Column* args[] = {&buffer.column(0), &buffer.column(1)};
  const expr::AggregateInput in{
      .rows = data::kBatchCapacity, .args = args, .states = states.data(), .offset = 64, .sequence = 1};
  double best = 1e9;
  for (int round = 0; round < 50; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) bound->update(*bound, in);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / (20.0 * data::kBatchCapacity));
  }
  return best;
}

}  // namespace

int BenchAggregates() {
  std::printf("%-12s %-8s %12s %12s %12s\n", "aggregate", "type", "500 groups", "one group", "500, nulls");
  for (const Type& type : {Type(TypeId::kInt64), Type(TypeId::kDouble)}) {
    for (const char* name : {"count", "sum", "avg", "min", "max", "first_value", "last_value", "stddev", "median",
                             "approx_median", "approx_count_distinct"}) {
      std::printf("%-12s %-8s %12.2f %12.2f %12.2f\n", name, type.ToString().c_str(), Measure(name, type, 500, false),
                  Measure(name, type, 1, false), Measure(name, type, 500, true));
    }
  }
  return 0;
}

}  // namespace laminar::functions

int main() { return laminar::functions::BenchAggregates(); }
