// The two DISTINCT wrappers.
#include "functions/aggregate/distinct.h"

#include <algorithm>

#include "data/row_key.h"
#include "functions/aggregate/bag_aggregate.h"

namespace laminar::functions {
namespace {

template <class Cell>
void DistinctCounts(const BoundAggregate&, const uint8_t* const* states, uint32_t offset, uint32_t count,
                    BatchBuffer& buffer, Column& out, uint32_t first) {
  for (uint32_t i = 0; i < count; ++i) {
    out.As<int64_t>()[first + i] = As<BagState<Cell>>(states[i] + offset).View().distinct();
    MarkResult(buffer, out, first + i, Outcome::Value());
  }
}

// Several columns: one key of all of them.
struct TupleParameters final : BagParameters {
  std::vector<Type> types;
};

void UpdateTuples(const BoundAggregate& aggregate, const AggregateInput& in) {
  const AllowAllocation growth;
  const std::vector<Type>& types = static_cast<const TupleParameters&>(*aggregate.state).types;
  std::string key;
  ForEachRow<0>(in, {}, [&](uint32_t row, int64_t weight) {
    key.clear();
    for (size_t i = 0; i < types.size(); ++i) {
      if (in.args[i]->IsNull(row)) return;
      data::AppendKey(*in.args[i], types[i], row, key);
    }
    StateAt<BagState<std::string>>(in, row).Get().Add(key, weight);
  });
}

// The bag, then the inner accumulator over its positive keys.
struct DistinctParameters final : expr::FunctionState {
  CellCodec codec;
  BoundAggregate inner;
};

template <class Cell>
struct Distinct {
  using State = BagState<Cell>;
  static constexpr uint32_t kInner = sizeof(State);

  static const DistinctParameters& Parameters(const BoundAggregate& aggregate) {
    return static_cast<const DistinctParameters&>(*aggregate.state);
  }
  static int64_t Change(int64_t before, int64_t after) {
    return static_cast<int64_t>(after > 0) - static_cast<int64_t>(before > 0);
  }

  static void Init(const BoundAggregate& aggregate, uint8_t* state) {
    new (state) State();
    const BoundAggregate& inner = Parameters(aggregate).inner;
    inner.init(inner, state + kInner);
  }

  static void Update(const BoundAggregate& aggregate, const AggregateInput& in) {
    const AllowAllocation growth;
    const DistinctParameters& parameters = Parameters(aggregate);
    int64_t changes[data::kBatchCapacity] = {};
    ForEachCell<Cell>(parameters.codec, *in.args[0], in, [&](uint32_t row, int64_t weight, CellView<Cell> cell) {
      const int64_t before = StateAt<State>(in, row).Get().Add(cell, weight);
      changes[row] = Change(before, before + weight);
    });
    AggregateInput passed = in;
    passed.weights = changes;
    passed.filter = nullptr;
    passed.offset = in.offset + kInner;
    parameters.inner.update(parameters.inner, passed);
  }

  static void Merge(const BoundAggregate& aggregate, uint8_t* into, const uint8_t* from) {
    const AllowAllocation growth;
    if (As<State>(from).bag == nullptr) return;
    const Bag<Cell>& source = *As<State>(from).bag;
    const DistinctParameters& parameters = Parameters(aggregate);
    BatchBuffer rows({parameters.codec.type()});
    uint8_t* states[data::kBatchCapacity];
    std::fill_n(states, data::kBatchCapacity, into);
    const auto flush = [&] {
      const Column* args[] = {&rows.column(0)};
      parameters.inner.update(
          parameters.inner,
          {.rows = rows.rows(), .args = args, .weights = rows.batch().weights, .states = states, .offset = kInner});
      rows.Reset();
    };
    As<State>(into).Get().Merge(source, [&](CellView<Cell> cell, int64_t before, int64_t after) {
      const int64_t change = Change(before, after);
      if (change == 0) return;
      int64_t* weights = rows.UseWeights();
      parameters.codec.Decode(cell, rows, rows.column(0), rows.rows());
      weights[rows.rows()] = change;
      rows.SetRows(rows.rows() + 1);
      if (rows.full()) flush();
    });
    if (rows.rows() > 0) flush();
  }

  static void Results(const BoundAggregate& aggregate, const uint8_t* const* states, uint32_t offset, uint32_t count,
                      BatchBuffer& buffer, Column& out, uint32_t first) {
    const BoundAggregate& inner = Parameters(aggregate).inner;
    inner.result(inner, states, offset + kInner, count, buffer, out, first);
  }

  static void Destroy(const BoundAggregate& aggregate, uint8_t* state) {
    const BoundAggregate& inner = Parameters(aggregate).inner;
    if (inner.destroy != nullptr) inner.destroy(inner, state + kInner);
    BagAggregate<Cell>::Destroy(aggregate, state);
  }

  static void Serialize(const BoundAggregate& aggregate, const uint8_t* state, std::string& out) {
    const BoundAggregate& inner = Parameters(aggregate).inner;
    PutByte(out, kStateVersion);
    As<State>(state).View().Serialize(out);
    inner.serialize(inner, state + kInner, out);
  }

  static Status Deserialize(const BoundAggregate& aggregate, std::string_view& in, uint8_t* state) {
    TRY(ReadVersion(in, aggregate.name));
    const DistinctParameters& parameters = Parameters(aggregate);
    auto bag = std::make_unique<Bag<Cell>>();
    if (!bag->Deserialize(in, [&](CellView<Cell> cell) { return parameters.codec.IsReadable(cell); })) {
      return UnreadableState(aggregate.name, "its distinct values are damaged");
    }
    TRY(parameters.inner.deserialize(parameters.inner, in, state + kInner));
    new (state) State{bag.release()};
    return Status::Ok();
  }

  static size_t MemoryBytes(const BoundAggregate& aggregate, const uint8_t* state) {
    const BoundAggregate& inner = Parameters(aggregate).inner;
    const size_t inside = inner.memory_bytes == nullptr ? 0 : inner.memory_bytes(inner, state + kInner);
    return inside + BagAggregate<Cell>::MemoryBytes(aggregate, state);
  }

  static BoundAggregate Wrap(BoundAggregate inner, CellCodec codec) {
    BoundAggregate bound;
    bound.name = inner.name;
    bound.arguments = inner.arguments;
    bound.result_type = inner.result_type;
    bound.is_nullable = inner.is_nullable;
    bound.state_bytes = kInner + inner.state_bytes;
    bound.init = Init;
    bound.update = Update;
    bound.merge = Merge;
    bound.result = Results;
    bound.destroy = Destroy;
    bound.serialize = Serialize;
    bound.deserialize = Deserialize;
    bound.memory_bytes = MemoryBytes;
    auto parameters = std::make_shared<DistinctParameters>();
    parameters->codec = std::move(codec);
    parameters->inner = std::move(inner);
    bound.state = std::move(parameters);
    return bound;
  }
};

}  // namespace

Result<BoundAggregate> BindCountDistinct(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 8));
  BoundAggregate bound;
  bound.name = "count";
  bound.arguments.assign(call.types.begin(), call.types.end());
  bound.result_type = TypeId::kInt64;
  bound.is_nullable = false;
  auto parameters = std::make_shared<TupleParameters>();
  parameters->codec = CellCodec(call.types[0], CellEncoding::kOrdered);
  if (call.types.size() == 1 && parameters->codec.is_word()) {
    UseBag<Word>(bound);
    bound.result = DistinctCounts<Word>;
  } else {
    UseBag<std::string>(bound);
    bound.result = DistinctCounts<std::string>;
  }
  if (call.types.size() > 1) {
    bound.update = UpdateTuples;
    parameters->types = bound.arguments;
    parameters->codec = CellCodec(TypeId::kBinary, CellEncoding::kOrdered);  // a tuple's key is opaque bytes
  }
  bound.state = std::move(parameters);
  return bound;
}

Result<BoundAggregate> BindDistinct(const AggregateBindCall& call, AggregateBind bind) {
  TRY(CheckCount(call, 1, 1));
  AggregateBindCall plain = call;
  plain.is_distinct = false;
  BoundAggregate inner = TRY(bind(plain));
  CellCodec codec(inner.arguments[0], CellEncoding::kOrdered);
  if (codec.is_word()) return Distinct<Word>::Wrap(std::move(inner), std::move(codec));
  return Distinct<std::string>::Wrap(std::move(inner), std::move(codec));
}

}  // namespace laminar::functions
