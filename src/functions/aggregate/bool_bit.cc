// bool_and, bool_or: counts of true and false. bit_and, bit_or, bit_xor over integers: the folded bits, or a counter a
// bit where rows may be taken back (XOR undoes itself). NULL when no value was seen. DISTINCT changes only bit_xor.
#include "functions/aggregate/bind.h"
#include "functions/aggregate/distinct.h"
#include "functions/aggregate/numeric_dispatch.h"
#include "functions/aggregate/rows.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

struct Booleans {
  using State = Booleans;
  int64_t trues = 0;
  int64_t falses = 0;

  static void AddOne(State& state, uint8_t value) {
    state.trues += value;
    state.falses += value ^ 1;
  }
  static void Add(State& state, uint8_t value, int64_t weight) { (value != 0 ? state.trues : state.falses) += weight; }
  static void Merge(State& into, const State& from) {
    into.trues += from.trues;
    into.falses += from.falses;
  }
};

enum class BoolKind : uint8_t { kAnd, kOr, kXor };

template <BoolKind kKind>
Outcome BooleanResult(const BoundAggregate&, const Booleans& state, uint8_t& out) {
  if (state.trues == 0 && state.falses == 0) return Outcome::Null();
  switch (kKind) {
    case BoolKind::kAnd: out = state.falses == 0; break;
    case BoolKind::kOr: out = state.trues != 0; break;
    case BoolKind::kXor: out = static_cast<uint8_t>(state.trues & 1); break;
  }
  return Outcome::Value();
}

template <BoolKind kKind>
Result<BoundAggregate> BindBoolean(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  if (call.types[0].id() != TypeId::kBool && call.types[0].id() != TypeId::kNull) {
    return Error(WrongArgument(call, 0, "BOOLEAN").WithHint("compare it: bool_and(x > 0)"));
  }
  if (call.is_distinct && kKind == BoolKind::kXor) return BindDistinct(call, BindBoolean<kKind>);
  BoundAggregate bound = PlainAggregate<Booleans, Booleans::Merge>(call.name, {TypeId::kBool}, TypeId::kBool);
  bound.update = UpdateOne<Booleans, uint8_t>;
  bound.result = ResultRows<Booleans, uint8_t, BooleanResult<kKind>>;
  return bound;
}

enum class BitKind : uint8_t { kAnd, kOr, kXor };

struct Folded {
  uint64_t bits = 0;
  int64_t count = 0;
};

template <class T, BitKind kKind>
struct Fold {
  using State = Folded;
  static void AddOne(State& state, T value) { Combine(state, static_cast<uint64_t>(value), 1); }
  static void Add(State& state, T value, int64_t weight) {
    if (kKind == BitKind::kXor) {
      if ((weight & 1) != 0) state.bits ^= static_cast<uint64_t>(value);
      state.count += weight;
    } else if (weight > 0) {
      Combine(state, static_cast<uint64_t>(value), weight);
    }
  }
  static void Combine(State& state, uint64_t bits, int64_t weight) {
    if (kKind == BitKind::kXor) {
      state.bits ^= bits;
    } else if (kKind == BitKind::kOr) {
      state.bits |= bits;
    } else {
      state.bits = state.count == 0 ? bits : state.bits & bits;
    }
    state.count += weight;
  }
  static void Merge(State& into, const State& from) {
    if (from.count != 0 || kKind == BitKind::kXor) Combine(into, from.bits, from.count);
  }
  static Outcome Get(const BoundAggregate&, const State& state, T& out) {
    if (state.count == 0) return Outcome::Null();
    out = static_cast<T>(state.bits);
    return Outcome::Value();
  }
  static BoundAggregate Bind(std::string_view name, const Type& type) {
    BoundAggregate bound = PlainAggregate<State, Merge>(name, {type}, type);
    bound.update = UpdateOne<Fold, T>;
    bound.result = ResultRows<State, T, Get>;
    return bound;
  }
};

struct BitCounts {
  int64_t ones[64] = {};
  int64_t count = 0;
};

template <class T, BitKind kKind>
struct CountBits {
  using State = BitCounts;
  static void AddOne(State& state, T value) { Add(state, value, 1); }
  static void Add(State& state, T value, int64_t weight) {
    const uint64_t bits = static_cast<uint64_t>(value);
    for (int bit = 0; bit < 64; ++bit) state.ones[bit] += (bits >> bit & 1) != 0 ? weight : 0;
    state.count += weight;
  }
  static void Merge(State& into, const State& from) {
    for (int bit = 0; bit < 64; ++bit) into.ones[bit] += from.ones[bit];
    into.count += from.count;
  }
  static Outcome Get(const BoundAggregate&, const State& state, T& out) {
    if (state.count == 0) return Outcome::Null();
    uint64_t bits = 0;
    for (int bit = 0; bit < 64; ++bit) {
      const bool is_set = kKind == BitKind::kAnd ? state.ones[bit] == state.count : state.ones[bit] > 0;
      bits |= static_cast<uint64_t>(is_set) << bit;
    }
    out = static_cast<T>(bits);
    return Outcome::Value();
  }
  static void Update(const BoundAggregate&, const AggregateInput& in) {
    const Column& column = *in.args[0];
    const T* values = column.As<T>();
    ForEachRow<1>(in, {&column}, [&](uint32_t row, int64_t weight) {
      Add(StateAt<State>(in, row), values[column.Slot(row)], weight);
    });
  }
  static BoundAggregate Bind(std::string_view name, const Type& type) {
    BoundAggregate bound = PlainAggregate<State, Merge>(name, {type}, type);
    bound.update = Update;
    bound.result = ResultRows<State, T, Get>;
    return bound;
  }
};

template <BitKind kKind>
Result<BoundAggregate> BindBits(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  const Type type = call.types[0].id() == TypeId::kNull ? Type(TypeId::kInt64) : call.types[0];
  if (!type.is_integer()) return Error(WrongArgument(call, 0, "an integer"));
  if (kKind == BitKind::kXor && call.is_distinct) return BindDistinct(call, BindBits<kKind>);
  return WithIntegerType(type.physical(), [&]<class T>() {
    if (kKind != BitKind::kXor && call.input_retracts) return CountBits<T, kKind>::Bind(call.name, type);
    return Fold<T, kKind>::Bind(call.name, type);
  });
}

}  // namespace

void RegisterBoolBit(expr::FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* doc, const char* example,
                       const char* result, AggregateBind bind) {
    registry.Add(AggregateFunction{
        .name = name, .aliases = std::move(aliases), .doc = doc, .examples = {{example, result}}, .bind = bind});
  };
  add("bool_and", {"every"}, "True when all values are true.", "bool_and(x > 1)", "false", BindBoolean<BoolKind::kAnd>);
  add("bool_or", {"some", "any"}, "True when some value is true.", "bool_or(x > 1)", "true",
      BindBoolean<BoolKind::kOr>);
  add("bool_xor", {}, "True when an odd number of values is true.", "bool_xor(x > 1)", "true",
      BindBoolean<BoolKind::kXor>);
  add("bit_and", {}, "Bitwise AND of all values.", "bit_and(x)", "0", BindBits<BitKind::kAnd>);
  add("bit_or", {}, "Bitwise OR of all values.", "bit_or(x)", "15", BindBits<BitKind::kOr>);
  add("bit_xor", {"xor_agg"}, "Bitwise XOR of all values.", "bit_xor(x)", "13", BindBits<BitKind::kXor>);
}

}  // namespace laminar::functions
