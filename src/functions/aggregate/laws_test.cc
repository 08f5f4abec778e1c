// The laws of accumulators under random histories: rows are added and taken back in random batches over several partial
// states, which are merged and sent through checkpoints at random; the result must be that of a plain loop over the
// rows that are left.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "data/numeric_bits.h"
#include "data/random_values.h"
#include "functions/aggregate/aggregate_probe.h"

namespace laminar::functions {
namespace {

struct Row {
  std::vector<Value> values;
  uint64_t arrival = 0;
  size_t state = 0;
};

struct Law {
  ProbeCall call;
  // What values to draw: any of the type, or small numbers where sums of doubles are compared.
  bool small_numbers = false;
};

bool NearlyEqual(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

bool SameResult(const Value& a, const Value& b, const Type& type) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (type.id() == TypeId::kDouble) return NearlyEqual(a.double_value(), b.double_value());
  return Value::Compare(a, b, type) == 0;
}

bool SameBits(const Value& a, const Value& b, const Type& type) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (type.is_float()) return std::bit_cast<uint64_t>(a.double_value()) == std::bit_cast<uint64_t>(b.double_value());
  return Value::Compare(a, b, type) == 0;
}

std::vector<Value> Pool(Random& random, const Type& type, bool small_numbers) {
  std::vector<Value> pool;
  for (int i = 0; i < 12; ++i) {
    if (!small_numbers) {
      pool.push_back(data::RandomValue(random, type, 0));
    } else if (type.id() == TypeId::kDouble) {
      pool.push_back(D(static_cast<double>(random.Between(-1000, 1000)) / 8));
    } else if (type.id() == TypeId::kDecimal) {
      pool.push_back(Value::Decimal(random.Between(-100'000, 100'000)));
    } else if (type.is_integer() && !type.is_signed_integer()) {
      pool.push_back(Value::UInt(random.Below(100)));
    } else if (type.is_integer()) {
      pool.push_back(I(random.Between(-100, 100)));
    } else {
      pool.push_back(data::RandomValue(random, type, 0));
    }
  }
  if (small_numbers && type.id() == TypeId::kDouble && random.OneIn(4)) {
    pool.push_back(D(std::numeric_limits<double>::infinity()));
    pool.push_back(D(std::numeric_limits<double>::quiet_NaN()));
    pool.push_back(D(-0.0));
  }
  return pool;
}

// One history of a law.
class History {
 public:
  History(Random& random, const Law& law) : random_(random), law_(law), probe_(law.call, 1 + random.Below(3)) {
    const size_t columns = law.call.types.size() - law.call.constants.size();
    for (size_t i = 0; i < columns; ++i) pools_.push_back(Pool(random, law.call.types[i], law.small_numbers));
    for (const Type& type : law.call.order_types) pools_.push_back(Pool(random, type, false));
    keys_ = law.call.order_types.size();
    is_ordered_ =
        BuiltinFunctions().FindAggregate(law.call.name)->is_order_sensitive || law.call.name.starts_with("arg_");
    takes_last_ = law.call.name == "last";
    if (is_ordered_) probe_.UseSequence(1);
  }

  void Run() {
    const uint64_t steps = 2 + random_.Below(12);
    for (uint64_t step = 0; step < steps; ++step) {
      FeedSome();
      if (random_.OneIn(3)) probe_.Restart(random_.Below(probe_.states()));
      if (random_.OneIn(4)) MergeTwo();
      if (random_.OneIn(6)) CheckOne(random_.Below(probe_.states()));
    }
    while (probe_.states() > merged_.size() + 1 && MergeTwo()) {
    }
    for (size_t state = 0; state < probe_.states(); ++state) CheckOne(state);
  }

 private:
  bool IsGone(size_t state) const { return std::find(merged_.begin(), merged_.end(), state) != merged_.end(); }

  ProbeRow RandomRow() {
    ProbeRow row;
    for (size_t i = 0; i < pools_.size(); ++i) {
      row.values.push_back(random_.OneIn(12) ? Value::Null() : pools_[i][random_.Below(pools_[i].size())]);
    }
    do {
      row.state = random_.Below(probe_.states());
    } while (IsGone(row.state));
    return row;
  }

  bool SameRow(const std::vector<Value>& a, const std::vector<Value>& b) const {
    for (size_t i = 0; i < a.size(); ++i) {
      const Type& type = TypeOf(i);
      if (!SameBits(a[i], b[i], type)) return false;
    }
    return true;
  }
  const Type& TypeOf(size_t i) const {
    const size_t columns = law_.call.types.size() - law_.call.constants.size();
    return i < columns ? law_.call.types[i] : law_.call.order_types[i - columns];
  }

  // Which of the equal rows of a state goes: for LAST the latest, else the earliest.
  bool TakeBack(const ProbeRow& row) {
    size_t found = rows_.size();
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].state != row.state || !SameRow(rows_[i].values, row.values)) continue;
      if (found == rows_.size() ||
          (takes_last_ ? rows_[i].arrival > rows_[found].arrival : rows_[i].arrival < rows_[found].arrival)) {
        found = i;
      }
    }
    if (found == rows_.size()) return false;
    rows_.erase(rows_.begin() + static_cast<ptrdiff_t>(found));
    return true;
  }

  void FeedSome() {
    std::vector<ProbeRow> batch;
    const uint64_t count = random_.OneIn(20) ? 1500 : random_.Below(40);
    const bool plain = random_.OneIn(2);
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t arrival = ++arrivals_;
      ProbeRow row = RandomRow();
      row.passes_filter = plain || !random_.OneIn(5);
      row.weight = plain ? 1 : random_.Between(1, 3);
      if (!plain && law_.call.input_retracts && !rows_.empty() && random_.OneIn(2)) {
        const Row& gone = rows_[random_.Below(rows_.size())];
        row = {.values = gone.values, .weight = -1, .state = gone.state};
      }
      batch.push_back(row);
      if (!row.passes_filter) continue;
      for (int64_t copy = 0; copy < row.weight; ++copy) {
        rows_.push_back({.values = row.values, .arrival = arrival, .state = row.state});
      }
      if (row.weight < 0) REQUIRE(TakeBack(row));
    }
    probe_.Feed(batch);
  }

  bool MergeTwo() {
    std::vector<size_t> live;
    for (size_t i = 0; i < probe_.states(); ++i) {
      if (!IsGone(i)) live.push_back(i);
    }
    if (live.size() < 2) return false;
    const size_t at = random_.Below(live.size() - 1);
    const bool swapped = random_.OneIn(2);
    const size_t into = live[at + swapped];
    const size_t from = live[at + !swapped];
    probe_.Merge(into, from);
    merged_.push_back(from);
    for (Row& row : rows_) {
      if (row.state == from) row.state = into;
    }
    return true;
  }

  // The same call without retraction, over the rows that are left in one plain batch after another.
  Value Expected(size_t state) const {
    ProbeCall call = law_.call;
    call.input_retracts = false;
    AggregateProbe fresh(call);
    std::vector<Row> rows;
    for (const Row& row : rows_) {
      if (row.state == state) rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.arrival < b.arrival; });
    std::vector<ProbeRow> batch;
    for (const Row& row : rows) batch.push_back({.values = row.values});
    fresh.Feed(batch);
    return fresh.Result();
  }

  void CheckOne(size_t state) {
    if (IsGone(state)) return;
    // Any value of any_value is right, but only the smallest is promised where rows are taken back.
    const Type& type = probe_.bound().result_type;
    const Value expected = Expected(state);
    const Value result = probe_.Result(state);
    CAPTURE(expected.ToString(type));
    CAPTURE(result.ToString(type));
    REQUIRE(SameResult(result, expected, type));
  }

  Random& random_;
  const Law& law_;
  AggregateProbe probe_;
  std::vector<std::vector<Value>> pools_;
  std::vector<Row> rows_;
  std::vector<size_t> merged_;
  uint64_t arrivals_ = 0;
  size_t keys_ = 0;
  bool is_ordered_ = false;
  bool takes_last_ = false;
};

std::vector<Type> AnyTypes() {
  return {TypeId::kBool,
          TypeId::kInt8,
          TypeId::kInt32,
          TypeId::kInt64,
          TypeId::kUInt16,
          TypeId::kUInt64,
          TypeId::kFloat,
          TypeId::kDouble,
          Type::Decimal(18, 3),
          TypeId::kVarchar,
          TypeId::kBinary,
          TypeId::kDate,
          TypeId::kTime,
          Type::Timestamp(9),
          TypeId::kInterval,
          TypeId::kUuid,
          Type::Array(TypeId::kVarchar),
          Type::Struct({{.name = "a", .type = TypeId::kInt32}, {.name = "b", .type = Type::Array(TypeId::kDouble)}}),
          Type::Map(TypeId::kVarchar, TypeId::kInt64)};
}
std::vector<Type> Numbers() {
  return {TypeId::kInt8,   TypeId::kInt16,  TypeId::kInt32,  TypeId::kInt64,       TypeId::kUInt8,      TypeId::kUInt16,
          TypeId::kUInt32, TypeId::kUInt64, TypeId::kDouble, Type::Decimal(12, 2), Type::Decimal(38, 6)};
}

void Attack(const Law& law, uint64_t seed, int histories) {
  for (const bool retracts : {false, true}) {
    Law form = law;
    form.call.input_retracts = retracts;
    std::string types;
    for (const Type& type : law.call.types) types += type.ToString() + " ";
    CAPTURE(law.call.name);
    CAPTURE(types);
    CAPTURE(retracts);
    Random random(seed);
    for (int i = 0; i < histories; ++i) {
      CAPTURE(i);
      History(random, form).Run();
    }
  }
}

}  // namespace

TEST_CASE("laws hold for aggregates over values of every type") {
  for (const char* name : {"count", "min", "max", "mode", "entropy", "histogram"}) {
    for (const Type& type : AnyTypes()) Attack({.call = {.name = name, .types = {type}}}, 1, 3);
  }
  for (const Type& type : AnyTypes()) {
    Attack({.call = {.name = "count", .types = {type}, .is_distinct = true}}, 2, 3);
    Attack({.call = {.name = "array_agg", .types = {type}, .is_distinct = true}}, 3, 2);
    Attack({.call = {.name = "percentile_disc", .types = {type, TypeId::kDouble}, .constants = {D(0.3)}}}, 4, 2);
  }
}

TEST_CASE("laws hold for aggregates over numbers of every type") {
  for (const char* name : {"sum", "avg", "stddev", "stddev_pop", "variance", "variance_pop", "sem", "median", "mad",
                           "skewness", "kurtosis_pop", "harmonic_mean", "geometric_mean"}) {
    for (const Type& type : Numbers()) Attack({.call = {.name = name, .types = {type}}, .small_numbers = true}, 5, 3);
  }
  for (const char* name : {"sum", "avg", "stddev"}) {
    for (const Type& type : Numbers()) {
      Attack({.call = {.name = name, .types = {type}, .is_distinct = true}, .small_numbers = true}, 6, 3);
    }
  }
  for (const char* name : {"bit_and", "bit_or", "bit_xor"}) {
    for (const Type& type : Numbers()) {
      if (type.is_integer()) Attack({.call = {.name = name, .types = {type}}}, 7, 3);
    }
  }
  for (const char* name : {"bool_and", "bool_or", "bool_xor", "count_if"}) {
    Attack({.call = {.name = name, .types = {TypeId::kBool}}}, 8, 8);
  }
}

TEST_CASE("laws hold for aggregates of two arguments") {
  for (const char* name :
       {"covar_samp", "covar_pop", "corr", "regr_slope", "regr_avgx", "regr_sxy", "regr_count", "vwap"}) {
    Attack({.call = {.name = name, .types = {TypeId::kDouble, TypeId::kInt32}}, .small_numbers = true}, 9, 10);
  }
  Attack({.call = {.name = "sum_if", .types = {TypeId::kInt64, TypeId::kBool}}, .small_numbers = true}, 10, 10);
  Attack({.call = {.name = "count", .types = {TypeId::kInt64, TypeId::kVarchar}, .is_distinct = true}}, 11, 10);
  for (const char* name : {"arg_min", "arg_max"}) {
    for (const Type& key : {Type(TypeId::kInt64), Type(TypeId::kVarchar), Type(TypeId::kDouble)}) {
      Attack({.call = {.name = name, .types = {TypeId::kInt32, key}}}, 12, 6);
      Attack({.call = {.name = name, .types = {TypeId::kVarchar, key}}}, 13, 6);
    }
  }
}

TEST_CASE("laws hold for aggregates that know an order") {
  for (const char* name : {"first", "last", "array_agg"}) {
    for (const Type& type : AnyTypes()) {
      for (const bool respect : {false, true}) {
        Attack({.call = {.name = name, .types = {type}, .respect_nulls = respect, .order_types = {TypeId::kTimestamp}}},
               14, 3);
      }
      Attack({.call = {.name = name, .types = {type}}}, 15, 2);
      Attack({.call = {.name = name,
                       .types = {type},
                       .order_types = {TypeId::kVarchar, TypeId::kDate},
                       .order = {{.descending = true}, {.nulls_first = true}}}},
             16, 2);
    }
  }
  for (const Type& key : {Type(TypeId::kInt64), Type(TypeId::kDouble), Type(TypeId::kVarchar), Type::Decimal(20, 2)}) {
    Attack({.call = {.name = "string_agg",
                     .types = {TypeId::kVarchar},
                     .order_types = {key},
                     .order = {{.descending = true, .nulls_first = true}}}},
           17, 6);
    Attack({.call = {.name = "nth_value",
                     .types = {TypeId::kInt16, TypeId::kInt64},
                     .constants = {I(3)},
                     .order_types = {key}}},
           18, 6);
  }
}

TEST_CASE("sums, extremes and medians equal a plain loop") {
  Random random(19);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> values(1 + random.Below(50));
    for (int64_t& value : values) value = random.Between(-1'000'000, 1'000'000);
    std::vector<Value> cells;
    for (const int64_t value : values) cells.push_back(I(value));
    const auto result = [&](const char* name, bool retracts) {
      AggregateProbe probe({.name = name, .types = {TypeId::kInt64}, .input_retracts = retracts});
      probe.Add(cells);
      return probe.Result();
    };
    std::sort(values.begin(), values.end());
    int64_t sum = 0;
    for (const int64_t value : values) sum += value;
    const double mean = static_cast<double>(sum) / static_cast<double>(values.size());
    double square = 0;
    for (const int64_t value : values)
      square += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
    const double middle = static_cast<double>(values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
    for (const bool retracts : {false, true}) {
      CHECK(result("count", retracts) == I(static_cast<int64_t>(values.size())));
      CHECK(result("sum", retracts) == I(sum));
      CHECK(result("min", retracts) == I(values.front()));
      CHECK(result("max", retracts) == I(values.back()));
      CHECK(NearlyEqual(result("avg", retracts).double_value(), mean));
      CHECK(NearlyEqual(result("median", retracts).double_value(), middle));
      CHECK(NearlyEqual(result("var_pop", retracts).double_value(), square / static_cast<double>(values.size())));
    }
  }
}

}  // namespace laminar::functions
