// How aggregate families walk a batch's rows and write results. Header-only: these loops are inlined into each
// aggregate.
//
// Three loops an aggregate has: dense rows of one group (accumulate in registers, write once), dense rows of many
// groups, and the general one with nulls, filter, weights and constants. All give the same state: how rows were cut
// never changes a result. States stand 8-aligned inside rows of a state table that may be moved as bytes, so a state
// holds plain numbers and owning raw pointers.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include "data/batch.h"
#include "expr/aggregate.h"
#include "functions/aggregate/state_bytes.h"
#include "functions/kernel.h"

namespace laminar::functions {

using data::BatchBuffer;
using expr::AggregateInput;
using expr::BoundAggregate;

template <class State>
State& StateAt(const AggregateInput& in, uint32_t row) {
  return *reinterpret_cast<State*>(in.states[row] + in.offset);
}

template <class State>
State& As(uint8_t* state) {
  return *reinterpret_cast<State*>(state);
}
template <class State>
const State& As(const uint8_t* state) {
  return *reinterpret_cast<const State*>(state);
}

// True when every row belongs to the same group, as in a global aggregate or a batch of one key.
inline bool IsOneState(const AggregateInput& in) {
  uint8_t* const first = in.states[0];
  if (in.states[in.rows - 1] != first) return false;
  for (uint32_t row = 1; row < in.rows; ++row) {
    if (in.states[row] != first) return false;
  }
  return true;
}

inline bool IsDense(const Column& column) { return column.encoding == data::Encoding::kFlat && !column.has_nulls; }
inline bool TakesAllOnce(const AggregateInput& in) { return in.weights == nullptr && in.filter == nullptr; }

// visit(row, weight) for every row that takes part and where none of `columns` is null.
template <size_t kColumns, class Visit>
void ForEachRow(const AggregateInput& in, const std::array<const Column*, kColumns>& columns, Visit&& visit) {
  for (uint32_t row = 0; row < in.rows; ++row) {
    if (in.filter != nullptr && in.filter[row] == 0) continue;
    bool is_null = false;
    for (const Column* column : columns) is_null |= column->IsNull(row);
    if (is_null) continue;
    const int64_t weight = in.weights == nullptr ? 1 : in.weights[row];
    if (weight != 0) visit(row, weight);
  }
}

// Op: struct State; static void AddOne(State&, T); static void Add(State&, T, int64_t weight); where the compiler
// cannot keep the state in registers by itself also static void AddAll(State&, const T*, uint32_t rows).
template <class Op, class T>
void UpdateOne(const BoundAggregate&, const AggregateInput& in) {
  using State = typename Op::State;
  if (in.rows == 0) return;
  const Column& column = *in.args[0];
  const T* __restrict values = column.As<T>();
  if (!IsDense(column) || !TakesAllOnce(in)) {
    ForEachRow<1>(in, {&column}, [&](uint32_t row, int64_t weight) {
      Op::Add(StateAt<State>(in, row), values[column.Slot(row)], weight);
    });
  } else if (IsOneState(in)) {
    State state = StateAt<State>(in, 0);
    if constexpr (requires { Op::AddAll(state, values, in.rows); }) {
      Op::AddAll(state, values, in.rows);
    } else {
      for (uint32_t row = 0; row < in.rows; ++row) Op::AddOne(state, values[row]);
    }
    StateAt<State>(in, 0) = state;
  } else {
    for (uint32_t row = 0; row < in.rows; ++row) Op::AddOne(StateAt<State>(in, row), values[row]);
  }
}

// The same for two arguments of one type; both must have a value.
template <class Op, class T>
void UpdateTwo(const BoundAggregate&, const AggregateInput& in) {
  using State = typename Op::State;
  const Column& a = *in.args[0];
  const Column& b = *in.args[1];
  const T* __restrict x = a.As<T>();
  const T* __restrict y = b.As<T>();
  ForEachRow<2>(in, {&a, &b}, [&](uint32_t row, int64_t weight) {
    Op::Add(StateAt<State>(in, row), x[a.Slot(row)], y[b.Slot(row)], weight);
  });
}

// Gives a result row its validity: a value, NULL, or NULL with an error.
inline void MarkResult(BatchBuffer& buffer, Column& out, uint32_t row, Outcome outcome) {
  if (outcome.bits() == 0) {
    if (out.has_nulls) data::SetBit(out.validity, row);
    return;
  }
  buffer.SetNull(out, row);
  if (outcome.is_null() || out.errors == nullptr) return;
  if (!out.has_errors) {
    std::memset(out.errors, 0, data::BitmapWords(buffer.capacity()) * sizeof(uint64_t));
    out.has_errors = true;
  }
  data::SetBit(out.errors, row);
}

// Fn: Outcome(const BoundAggregate&, const State&, Out&).
template <class State, class Out, auto Fn>
void ResultRows(const BoundAggregate& aggregate, const uint8_t* const* states, uint32_t offset, uint32_t count,
                BatchBuffer& buffer, Column& out, uint32_t first) {
  Out* values = out.As<Out>();
  for (uint32_t i = 0; i < count; ++i) {
    Out value{};
    const Outcome outcome = Fn(aggregate, As<State>(states[i] + offset), value);
    values[first + i] = value;
    MarkResult(buffer, out, first + i, outcome);
  }
}

template <class State>
void InitPlain(const BoundAggregate&, uint8_t* state) {
  new (state) State{};
}

template <class State, void (*kMerge)(State&, const State&)>
void MergePlain(const BoundAggregate&, uint8_t* into, const uint8_t* from) {
  kMerge(As<State>(into), As<State>(from));
}

template <class State>
void SerializePlain(const BoundAggregate&, const uint8_t* state, std::string& out) {
  PutByte(out, kStateVersion);
  out.append(reinterpret_cast<const char*>(state), sizeof(State));
}

template <class State>
Status DeserializePlain(const BoundAggregate& aggregate, std::string_view& in, uint8_t* state) {
  TRY(ReadVersion(in, aggregate.name));
  if (in.size() < sizeof(State)) return UnreadableState(aggregate.name, "it is truncated");
  std::memcpy(state, in.data(), sizeof(State));
  in.remove_prefix(sizeof(State));
  return Status::Ok();
}

// The parts that every state of plain numbers shares: everything but update and result.
template <class State, void (*kMerge)(State&, const State&)>
BoundAggregate PlainAggregate(std::string_view name, std::vector<Type> arguments, Type result) {
  static_assert(std::is_trivially_copyable_v<State> && alignof(State) <= 8 && sizeof(State) % 8 == 0);
  BoundAggregate bound;
  bound.name = name;
  bound.arguments = std::move(arguments);
  bound.result_type = std::move(result);
  bound.state_bytes = sizeof(State);
  bound.init = InitPlain<State>;
  bound.merge = MergePlain<State, kMerge>;
  bound.serialize = SerializePlain<State>;
  bound.deserialize = DeserializePlain<State>;
  return bound;
}

}  // namespace laminar::functions
