// Aggregates whose state is a Bag of one argument's values: everything but the result, which each family writes.
//
// A result function reads the whole net multiset, so every such aggregate retracts, merges and survives checkpoints by
// one piece of code.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hot_scope.h"
#include "functions/aggregate/bag.h"
#include "functions/aggregate/rows.h"

namespace laminar::functions {

// Parameters of a bag aggregate; families derive from it.
struct BagParameters : expr::FunctionState {
  CellCodec codec;
  uint32_t column = 0;  // position of the values among the update's columns
};

template <class Cell>
struct BagState {
  Bag<Cell>* bag = nullptr;  // owned; null: empty

  Bag<Cell>& Get() {
    if (bag == nullptr) bag = new Bag<Cell>();  // freed by the aggregate's destroy
    return *bag;
  }
  const Bag<Cell>& View() const {
    static const Bag<Cell> empty;
    return bag == nullptr ? empty : *bag;
  }
};

// visit(row, weight, cell) for every row whose value is not null; cells are valid during the call.
template <class Cell, class Visit>
void ForEachCell(const CellCodec& codec, const Column& column, const AggregateInput& in, Visit&& visit) {
  CHECK(in.rows <= data::kBatchCapacity);
  if constexpr (std::is_same_v<Cell, Word>) {
    Word words[data::kBatchCapacity];
    codec.EncodeWords(column, in.rows, words);
    ForEachRow<1>(in, {&column}, [&](uint32_t row, int64_t weight) { visit(row, weight, words[row]); });
  } else {
    std::string scratch;
    ForEachRow<1>(in, {&column},
                  [&](uint32_t row, int64_t weight) { visit(row, weight, codec.EncodeBytes(column, row, scratch)); });
  }
}

template <class Cell>
struct BagAggregate {
  using State = BagState<Cell>;

  static const BagParameters& Parameters(const BoundAggregate& aggregate) {
    return static_cast<const BagParameters&>(*aggregate.state);
  }
  static void Update(const BoundAggregate& aggregate, const AggregateInput& in) {
    const AllowAllocation growth;
    const BagParameters& parameters = Parameters(aggregate);
    ForEachCell<Cell>(
        parameters.codec, *in.args[parameters.column], in,
        [&](uint32_t row, int64_t weight, CellView<Cell> cell) { StateAt<State>(in, row).Get().Add(cell, weight); });
  }
  static void Merge(const BoundAggregate&, uint8_t* into, const uint8_t* from) {
    const AllowAllocation growth;
    if (As<State>(from).bag == nullptr) return;
    As<State>(into).Get().Merge(*As<State>(from).bag, [](auto&&, int64_t, int64_t) {});
  }
  static void Destroy(const BoundAggregate&, uint8_t* state) {
    delete As<State>(state).bag;
    As<State>(state).bag = nullptr;
  }
  static void Serialize(const BoundAggregate&, const uint8_t* state, std::string& out) {
    PutByte(out, kStateVersion);
    As<State>(state).View().Serialize(out);
  }
  static Status Deserialize(const BoundAggregate& aggregate, std::string_view& in, uint8_t* state) {
    TRY(ReadVersion(in, aggregate.name));
    const CellCodec& codec = Parameters(aggregate).codec;
    auto bag = std::make_unique<Bag<Cell>>();
    if (!bag->Deserialize(in, [&](CellView<Cell> cell) { return codec.IsReadable(cell); })) {
      return UnreadableState(aggregate.name, "its values are damaged");
    }
    new (state) State{bag.release()};
    return Status::Ok();
  }
  static size_t MemoryBytes(const BoundAggregate&, const uint8_t* state) {
    return As<State>(state).bag == nullptr ? 0 : As<State>(state).bag->memory_bytes();
  }
};

// The parts of a bag aggregate that do not depend on its result.
template <class Cell>
void UseBag(BoundAggregate& bound) {
  using Parts = BagAggregate<Cell>;
  bound.state_bytes = sizeof(BagState<Cell>);
  bound.init = InitPlain<BagState<Cell>>;
  bound.update = Parts::Update;
  bound.merge = Parts::Merge;
  bound.destroy = Parts::Destroy;
  bound.serialize = Parts::Serialize;
  bound.deserialize = Parts::Deserialize;
  bound.memory_bytes = Parts::MemoryBytes;
}

// Fn: Outcome(const BoundAggregate&, const Bag<Cell>&, BatchBuffer&, Column& out, uint32_t row) writes one value.
template <class Cell, auto Fn>
void ResultOfBags(const BoundAggregate& aggregate, const uint8_t* const* states, uint32_t offset, uint32_t count,
                  BatchBuffer& buffer, Column& out, uint32_t first) {
  const AllowAllocation growth;
  for (uint32_t i = 0; i < count; ++i) {
    const Bag<Cell>& bag = As<BagState<Cell>>(states[i] + offset).View();
    MarkResult(buffer, out, first + i, Fn(aggregate, bag, buffer, out, first + i));
  }
}

}  // namespace laminar::functions
