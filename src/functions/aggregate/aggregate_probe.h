// AggregateProbe: drives one bound aggregate over several groups, for tests. Rows go through every loop the real
// operators use: batches without weights, filter or nulls stay so, constants come as constant columns, states stand at
// an offset inside larger rows.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/value.h"
#include "expr/aggregate.h"
#include "expr/cast.h"
#include "functions/register.h"

namespace laminar::functions {

using data::Type;
using data::TypeId;
using data::Value;

struct ProbeCall {
  std::string name;
  std::vector<Type> types;
  std::vector<Value> constants = {};  // of the last arguments; the others are columns
  bool is_distinct = false;
  bool respect_nulls = false;
  bool ignore_nulls = false;
  bool input_retracts = false;
  std::vector<Type> order_types = {};
  std::vector<expr::SortKey> order = {};
};

inline Result<expr::BoundAggregate> BindProbe(const ProbeCall& call) {
  const expr::AggregateFunction* function = BuiltinFunctions().FindAggregate(call.name);
  REQUIRE_MESSAGE(function != nullptr, call.name);
  std::vector<const Value*> constants(call.types.size(), nullptr);
  const size_t columns = call.types.size() - call.constants.size();
  for (size_t i = 0; i < call.constants.size(); ++i) constants[columns + i] = &call.constants[i];
  std::vector<expr::SortKey> order = call.order;
  order.resize(call.order_types.size());
  return function->bind({.name = call.name,
                         .types = call.types,
                         .constants = constants,
                         .is_distinct = call.is_distinct,
                         .respect_nulls = call.respect_nulls,
                         .ignore_nulls = call.ignore_nulls,
                         .input_retracts = call.input_retracts,
                         .order_types = call.order_types,
                         .order = order});
}

struct ProbeRow {
  std::vector<Value> values;  // the arguments that are columns, then the sort keys
  int64_t weight = 1;
  size_t state = 0;
  bool passes_filter = true;
};

class AggregateProbe {
 public:
  explicit AggregateProbe(ProbeCall call, size_t states = 1) : call_(std::move(call)) {
    auto bound = BindProbe(call_);
    REQUIRE_MESSAGE(bound.has_value(), call_.name << ": " << (bound ? "" : bound.error().ToString()));
    bound_ = *std::move(bound);
    CHECK(bound_.state_bytes % 8 == 0u);
    for (size_t i = 0; i < states; ++i) AddState();
  }
  AggregateProbe(const AggregateProbe&) = delete;
  ~AggregateProbe() {
    for (size_t i = 0; i < states_.size(); ++i) Destroy(i);
  }

  const expr::BoundAggregate& bound() const { return bound_; }
  size_t states() const { return states_.size(); }
  uint64_t misses() const { return misses_; }
  // Numbers rows as the engine does; without it arrival is unknown.
  void UseSequence(uint64_t first) { sequence_ = first; }

  size_t AddState() {
    states_.push_back(std::make_unique<uint64_t[]>((kOffset + bound_.state_bytes) / 8 + 1));
    bound_.init(bound_, State(states_.size() - 1));
    return states_.size() - 1;
  }

  void Feed(const std::vector<ProbeRow>& rows) {
    for (size_t first = 0; first < rows.size(); first += data::kBatchCapacity) {
      FeedBatch(rows.data() + first, std::min<size_t>(rows.size() - first, data::kBatchCapacity));
    }
  }
  // One-argument rows of state 0.
  void Add(const std::vector<Value>& values, int64_t weight = 1) {
    std::vector<ProbeRow> rows;
    for (const Value& value : values) rows.push_back({.values = {value}, .weight = weight});
    Feed(rows);
  }

  void Merge(size_t into, size_t from) { bound_.merge(bound_, State(into), State(from)); }

  Value Result(size_t state = 0, ErrorCode* error = nullptr) const {
    data::BatchBuffer buffer({bound_.result_type});
    const uint8_t* rows[] = {Row(state), Row(state)};
    bound_.result(bound_, rows, kOffset, 2, buffer, buffer.column(0), 3);  // not at row 0, and twice
    const Value value = Value::FromColumn(buffer.column(0), bound_.result_type, 3);
    CHECK(value == Value::FromColumn(buffer.column(0), bound_.result_type, 4));
    if (error != nullptr) *error = buffer.column(0).HasError(3) ? ErrorCode::kOverflow : ErrorCode::kOk;
    return value;
  }
  std::string Text(size_t state = 0) const { return Result(state).ToString(bound_.result_type); }

  std::string Serialize(size_t state) const {
    std::string bytes;
    bound_.serialize(bound_, State(state), bytes);
    return bytes;
  }
  // Replaces a state by what the bytes say; on failure the state is freshly made. `consumed` gets the bytes read.
  Status Deserialize(size_t state, std::string_view bytes, size_t* consumed = nullptr) {
    Destroy(state);
    std::memset(State(state), 0, bound_.state_bytes);
    std::string_view in = bytes;
    Status status = bound_.deserialize(bound_, in, State(state));
    if (consumed != nullptr) *consumed = bytes.size() - in.size();
    if (!status.ok()) {
      std::memset(State(state), 0, bound_.state_bytes);
      bound_.init(bound_, State(state));
    }
    return status;
  }
  // Through a checkpoint and back, into other memory.
  void Restart(size_t state) {
    const std::string bytes = Serialize(state);
    size_t consumed = 0;
    const Status status = Deserialize(state, bytes + "tail", &consumed);
    REQUIRE_MESSAGE(status.ok(), status.ToString());
    CHECK(consumed == bytes.size());
  }
  size_t memory_bytes(size_t state) const {
    return bound_.memory_bytes == nullptr ? 0 : bound_.memory_bytes(bound_, State(state));
  }

 private:
  static constexpr uint32_t kOffset = 16;

  uint8_t* Row(size_t state) const { return reinterpret_cast<uint8_t*>(states_[state].get()); }
  uint8_t* State(size_t state) const { return Row(state) + kOffset; }
  void Destroy(size_t state) {
    if (bound_.destroy != nullptr) bound_.destroy(bound_, State(state));
  }

  void FeedBatch(const ProbeRow* rows, size_t count) {
    const size_t arguments = bound_.arguments.size();
    const size_t plain = arguments - call_.constants.size();
    std::vector<Type> types = bound_.arguments;
    types.insert(types.end(), call_.order_types.begin(), call_.order_types.end());
    data::BatchBuffer buffer(types);
    std::vector<Type> given = call_.types;
    given.insert(given.end(), call_.order_types.begin(), call_.order_types.end());
    std::vector<int64_t> weights;
    std::vector<uint8_t> filter;
    std::vector<uint8_t*> states;
    bool has_weights = false;
    bool has_filter = false;
    for (size_t r = 0; r < count; ++r) {
      std::vector<Value> values(rows[r].values.begin(), rows[r].values.begin() + static_cast<ptrdiff_t>(plain));
      values.insert(values.end(), call_.constants.begin(), call_.constants.end());
      values.insert(values.end(), rows[r].values.begin() + static_cast<ptrdiff_t>(plain), rows[r].values.end());
      for (size_t c = 0; c < types.size(); ++c) {
        if (given[c] == types[c] || values[c].is_null()) continue;
        auto cast = expr::CastValue(values[c], given[c], types[c]);
        REQUIRE(cast.has_value());
        values[c] = *std::move(cast);
      }
      buffer.AppendRow(values);
      weights.push_back(rows[r].weight);
      filter.push_back(rows[r].passes_filter);
      states.push_back(Row(rows[r].state));
      has_weights |= rows[r].weight != 1;
      has_filter |= !rows[r].passes_filter;
    }
    std::vector<data::Column> columns(buffer.batch().columns, buffer.batch().columns + types.size());
    for (size_t c = plain; c < arguments; ++c) columns[c].encoding = data::Encoding::kConstant;
    std::vector<const data::Column*> args;
    for (const data::Column& column : columns) args.push_back(&column);
    bound_.update(bound_, {.rows = static_cast<uint32_t>(count),
                           .args = args,
                           .weights = has_weights ? weights.data() : nullptr,
                           .filter = has_filter ? filter.data() : nullptr,
                           .states = states.data(),
                           .offset = kOffset,
                           .sequence = sequence_,
                           .retract_misses = &misses_});
    if (sequence_ != 0) sequence_ += count;
  }

  ProbeCall call_;
  expr::BoundAggregate bound_;
  std::vector<std::unique_ptr<uint64_t[]>> states_;
  uint64_t sequence_ = 0;
  uint64_t misses_ = 0;
};

inline Value I(int64_t v) { return Value::Int(v); }
inline Value D(double v) { return Value::Double(v); }
inline Value S(std::string v) { return Value::String(std::move(v)); }
inline Value B(bool v) { return Value::Bool(v); }
inline const Value kNull = Value::Null();

}  // namespace laminar::functions
