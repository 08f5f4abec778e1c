// min(x), max(x): every orderable type; NaN stands above all numbers; NULL when no value was seen.
//
// Where rows are only added the state is the value and a flag (text: an owned copy that reuses its memory). Where rows
// may be taken back it is an ordered multiset.
#include "functions/aggregate/min_max.h"

#include <bit>
#include <cmath>

#include "data/numeric_bits.h"
#include "functions/aggregate/bag_aggregate.h"
#include "functions/aggregate/bind.h"
#include "functions/aggregate/kept_bytes.h"
#include "functions/aggregate/numeric_dispatch.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

template <class T>
bool Less(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a < b || (std::isnan(b) && !std::isnan(a));
  } else if constexpr (std::is_same_v<T, Interval>) {
    return data::IntervalMicros(a) < data::IntervalMicros(b);
  } else {
    return a < b;
  }
}

// 16-byte integers want 16-byte alignment, which a state does not give.
struct Halves {
  uint64_t half[2];
};

template <class T>
struct ExtremeState {
  using Kept = std::conditional_t<alignof(T) == 16, Halves, T>;
  Kept kept{};
  uint64_t has_value = 0;
  T value() const { return std::bit_cast<T>(kept); }
};

template <class T, bool kIsMax>
struct Extreme {
  using State = ExtremeState<T>;
  static bool IsBetter(const T& a, const T& b) { return kIsMax ? Less(b, a) : Less(a, b); }
  static void AddOne(State& state, T value) {
    if (state.has_value == 0 || IsBetter(value, state.value())) state.kept = std::bit_cast<typename State::Kept>(value);
    state.has_value = 1;
  }
  static void Add(State& state, T value, int64_t weight) {
    if (weight > 0) AddOne(state, value);
  }
  static void Merge(State& into, const State& from) {
    if (from.has_value != 0) AddOne(into, from.value());
  }
  static Outcome Get(const BoundAggregate&, const State& state, T& out) {
    if (state.has_value == 0) return Outcome::Null();
    out = state.value();
    return Outcome::Value();
  }
  static BoundAggregate Bind(std::string_view name, const Type& type) {
    BoundAggregate bound = PlainAggregate<State, Merge>(name, {type}, type);
    bound.update = UpdateOne<Extreme, T>;
    bound.result = ResultRows<State, T, Get>;
    return bound;
  }
};

struct TextState {
  KeptBytes text;
  uint64_t has_value = 0;
};

template <bool kIsMax>
struct TextExtreme {
  static void Add(TextState& state, std::string_view text) {
    const bool is_better = state.has_value == 0 || (kIsMax ? state.text.view() < text : text < state.text.view());
    if (is_better) state.text.Set(text);
    state.has_value = 1;
  }
  static void Update(const BoundAggregate&, const AggregateInput& in) {
    const Column& column = *in.args[0];
    const StringRef* values = column.As<StringRef>();
    ForEachRow<1>(in, {&column}, [&](uint32_t row, int64_t weight) {
      if (weight > 0) Add(StateAt<TextState>(in, row), values[column.Slot(row)].view());
    });
  }
  static void Merge(const BoundAggregate&, uint8_t* into, const uint8_t* from) {
    if (As<TextState>(from).has_value != 0) Add(As<TextState>(into), As<TextState>(from).text.view());
  }
};

void TextResults(const BoundAggregate&, const uint8_t* const* states, uint32_t offset, uint32_t count,
                 BatchBuffer& buffer, Column& out, uint32_t first) {
  const AllowAllocation growth;
  for (uint32_t i = 0; i < count; ++i) {
    const TextState& state = As<TextState>(states[i] + offset);
    out.As<StringRef>()[first + i] = buffer.heap().Add(state.text.view());
    MarkResult(buffer, out, first + i, Outcome::NullIf(state.has_value == 0));
  }
}

void TextDestroy(const BoundAggregate&, uint8_t* state) { As<TextState>(state).text.Free(); }

void TextSerialize(const BoundAggregate&, const uint8_t* state, std::string& out) {
  PutByte(out, kStateVersion);
  PutByte(out, As<TextState>(state).has_value != 0);
  PutBytes(out, As<TextState>(state).text.view());
}

Status TextDeserialize(const BoundAggregate& aggregate, std::string_view& in, uint8_t* state) {
  TRY(ReadVersion(in, aggregate.name));
  uint8_t has_value = 0;
  std::string_view text;
  if (!TakeNumber(in, has_value) || has_value > 1 || !TakeBytes(in, text)) {
    return UnreadableState(aggregate.name, "its text is damaged");
  }
  auto* fresh = new (state) TextState();
  fresh->has_value = has_value;
  fresh->text.Set(text);
  return Status::Ok();
}

size_t TextMemory(const BoundAggregate&, const uint8_t* state) { return As<TextState>(state).text.memory_bytes(); }

template <bool kIsMax>
BoundAggregate BindText(std::string_view name, const Type& type) {
  BoundAggregate bound;
  bound.name = name;
  bound.arguments = {type};
  bound.result_type = type;
  bound.state_bytes = sizeof(TextState);
  bound.init = InitPlain<TextState>;
  bound.update = TextExtreme<kIsMax>::Update;
  bound.merge = TextExtreme<kIsMax>::Merge;
  bound.result = TextResults;
  bound.destroy = TextDestroy;
  bound.serialize = TextSerialize;
  bound.deserialize = TextDeserialize;
  bound.memory_bytes = TextMemory;
  return bound;
}

template <class Cell, bool kIsMax>
Outcome EndOfBag(const BoundAggregate& aggregate, const Bag<Cell>& bag, BatchBuffer& buffer, Column& out,
                 uint32_t row) {
  if (bag.total() == 0) return Outcome::Null();
  BagAggregate<Cell>::Parameters(aggregate).codec.Decode(kIsMax ? bag.Last() : bag.First(), buffer, out, row);
  return Outcome::Value();
}

// Over a bag: for rows that may be taken back, and for nested values.
template <bool kIsMax>
BoundAggregate BindBag(std::string_view name, const Type& type) {
  BoundAggregate bound;
  bound.name = name;
  bound.arguments = {type};
  bound.result_type = type;
  auto parameters = std::make_shared<BagParameters>();
  parameters->codec = CellCodec(type, CellEncoding::kOrdered);
  if (parameters->codec.is_word()) {
    UseBag<Word>(bound);
    bound.result = ResultOfBags<Word, EndOfBag<Word, kIsMax>>;
  } else {
    UseBag<std::string>(bound);
    bound.result = ResultOfBags<std::string, EndOfBag<std::string, kIsMax>>;
  }
  bound.state = std::move(parameters);
  return bound;
}

// DISTINCT changes nothing here.
template <bool kIsMax>
Result<BoundAggregate> BindExtreme(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  const Type& type = call.types[0];
  if (call.input_retracts || type.is_nested() || type.id() == TypeId::kNull) return BindBag<kIsMax>(call.name, type);
  if (type.is_string()) return BindText<kIsMax>(call.name, type);
  return WithFixedType(type.physical(), [&]<class T>() { return Extreme<T, kIsMax>::Bind(call.name, type); });
}

}  // namespace

Result<BoundAggregate> BindMinimum(const AggregateBindCall& call) { return BindExtreme<false>(call); }

void RegisterMinMax(expr::FunctionRegistry& registry) {
  registry.Add(AggregateFunction{.name = "min",
                                 .doc = "Smallest value that is not NULL.",
                                 .examples = {{"min(x)", "1"}},
                                 .bind = BindExtreme<false>});
  registry.Add(AggregateFunction{.name = "max",
                                 .doc = "Greatest value that is not NULL; NaN is greater than all numbers.",
                                 .examples = {{"max(x)", "10"}},
                                 .bind = BindExtreme<true>});
}

}  // namespace laminar::functions
