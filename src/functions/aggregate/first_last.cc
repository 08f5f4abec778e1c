// first_value(x), last_value(x), any_value(x), arg_min(x, y), arg_max(x, y) over rows that are only added: one kept row
// a group.
//
// Order is (sort key, arrival): FIRST keeps the least key and of equal ones the first to arrive, LAST the greatest and
// the last to arrive; without a key arrival alone counts. NULL values are skipped unless RESPECT NULLS. arg_min is
// FIRST by y, arg_max FIRST by y descending. Fixed-width values with a key of at most eight bytes take 32 bytes (40 for
// 16-byte values); others own their bytes. Where rows may be taken back, first_last_retract.cc keeps all of them.
#include <algorithm>
#include <bit>

#include <memory>

#include "functions/aggregate/kept_bytes.h"
#include "functions/aggregate/min_max.h"
#include "functions/aggregate/rows.h"
#include "functions/aggregate/timeline_aggregate.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

struct FirstLastParameters final : expr::FunctionState {
  CellCodec codec;
  OrderKey key;
  bool respect_nulls = false;
  bool skip_null_keys = false;  // arg_min, arg_max
};

const FirstLastParameters& ParametersOf(const BoundAggregate& aggregate) {
  return static_cast<const FirstLastParameters&>(*aggregate.state);
}

// FIRST wants the least (rank, key); both are inverted, so that the greatest one wins in either case and rank 0 is
// nothing yet.
template <bool kIsLast>
Word Turned(const Word& key) {
  return kIsLast ? key : Word{.low = ~key.low, .high = 4 - key.high};
}

// Where a row with `key` stands against the kept one: equal keys go to the later arrival for LAST only.
template <bool kIsLast, class Key>
bool Replaces(const Key& key, const Key& kept) {
  return kIsLast ? !(key < kept) : kept < key;
}

// Merging two states with equal keys: the smaller arrival number is FIRST, the greater LAST; equal ones: what is merged
// in came later.
template <bool kIsLast>
bool ReplacesOnMerge(int order, uint64_t sequence, uint64_t kept_sequence) {
  if (order != 0) return order > 0;
  return kIsLast ? sequence >= kept_sequence : sequence < kept_sequence;
}

template <class Bits>
struct KeptValue {
  Bits value{};
  uint64_t key = 0;
  uint64_t sequence = 0;
  uint8_t rank = 0;  // 0: nothing yet
  uint8_t is_null = 0;
  uint8_t unused[6] = {};

  Word Order() const { return {.low = key, .high = rank}; }
  void Take(const Bits& bits, const Word& order, uint64_t arrival, bool null) {
    value = bits;
    key = order.low;
    sequence = arrival;
    rank = static_cast<uint8_t>(order.high);
    is_null = null;
  }
};
struct TwoWords {
  uint64_t half[2];
};
static_assert(sizeof(KeptValue<uint64_t>) == 32 && sizeof(KeptValue<TwoWords>) == 40);

// T: the unsigned integer of the value's width; Bits: how it is kept.
template <class T, class Bits, bool kIsLast>
struct Small {
  using State = KeptValue<Bits>;

  static Bits BitsOf(const T& value) {
    if constexpr (sizeof(T) == 16) {
      return std::bit_cast<Bits>(value);
    } else {
      return static_cast<Bits>(value);
    }
  }

  static void UpdateDense(const AggregateInput& in, const T* __restrict values, const uint64_t* __restrict keys) {
    const uint64_t step = in.sequence == 0 ? 0 : 1;
    for (uint32_t row = 0; row < in.rows; ++row) {
      State& state = StateAt<State>(in, row);
      const uint64_t key = kIsLast ? keys[row] : ~keys[row];
      const bool is_better =
          state.rank < kValueRank || (state.rank == kValueRank && (kIsLast ? key >= state.key : key > state.key));
      if (is_better) state.Take(BitsOf(values[row]), {.low = key, .high = kValueRank}, in.sequence + step * row, false);
    }
  }

  static void Update(const BoundAggregate& aggregate, const AggregateInput& in) {
    const FirstLastParameters& parameters = ParametersOf(aggregate);
    const Column& column = *in.args[0];
    const T* values = column.As<T>();
    if (IsDense(column) && TakesAllOnce(in) && parameters.key.AreDense(in)) {
      uint64_t keys[data::kBatchCapacity];
      parameters.key.EncodeDense(in, keys);
      return UpdateDense(in, values, keys);
    }
    Word keys[data::kBatchCapacity];
    parameters.key.EncodeWords(in, keys);
    ForEachRow<0>(in, {}, [&](uint32_t row, int64_t weight) {
      const bool is_null = column.IsNull(row);
      if (weight <= 0 || (is_null && !parameters.respect_nulls)) return;
      if (parameters.skip_null_keys && keys[row].high != kValueRank) return;
      State& state = StateAt<State>(in, row);
      const Word order = Turned<kIsLast>(keys[row]);
      if (!Replaces<kIsLast>(order, state.Order())) return;
      state.Take(BitsOf(values[column.Slot(row)]), order, in.sequence == 0 ? 0 : in.sequence + row, is_null);
    });
  }

  static void Merge(State& into, const State& from) {
    if (from.rank == 0) return;
    const Word a = from.Order();
    const Word b = into.Order();
    const int order = a == b ? 0 : (b < a ? 1 : -1);
    if (ReplacesOnMerge<kIsLast>(order, from.sequence, into.sequence)) into = from;
  }

  static Outcome Get(const BoundAggregate&, const State& state, T& out) {
    if (state.rank == 0 || state.is_null != 0) return Outcome::Null();
    if constexpr (sizeof(T) == 16) {
      out = std::bit_cast<T>(state.value);
    } else {
      out = static_cast<T>(state.value);
    }
    return Outcome::Value();
  }

  static void Use(BoundAggregate& bound) {
    auto state = std::move(bound.state);
    bound = PlainAggregate<State, Merge>(bound.name, std::move(bound.arguments), bound.result_type);
    bound.state = std::move(state);
    bound.update = Update;
    bound.result = ResultRows<State, T, Get>;
  }
};

// The general state: key and value as owned bytes. A word key is kept as 16 bytes, high half first, big-endian.
struct KeptRow {
  KeptBytes key;
  KeptBytes value;
  uint64_t sequence = 0;
  uint8_t has_row = 0;
  uint8_t is_null = 0;
  uint8_t unused[6] = {};
};

template <bool kIsLast>
struct General {
  static void Add(KeptRow& state, std::string_view key, std::string_view value, uint64_t sequence, bool is_null) {
    state.key.Set(key);
    state.value.Set(value);
    state.sequence = sequence;
    state.has_row = 1;
    state.is_null = is_null;
  }

  // LAST wants the greatest key, FIRST the least.
  static int Compare(std::string_view key, std::string_view kept) {
    const int order = key.compare(kept);
    return kIsLast ? order : -order;
  }

  static void Update(const BoundAggregate& aggregate, const AggregateInput& in) {
    const AllowAllocation growth;
    const FirstLastParameters& parameters = ParametersOf(aggregate);
    const Column& column = *in.args[0];
    std::string key;
    std::string scratch;
    ForEachRow<0>(in, {}, [&](uint32_t row, int64_t weight) {
      const bool is_null = column.IsNull(row);
      if (weight <= 0 || (is_null && !parameters.respect_nulls)) return;
      if (parameters.skip_null_keys && in.args[parameters.key.column()]->IsNull(row)) return;
      parameters.key.EncodeBytes(in, row, key);
      KeptRow& state = StateAt<KeptRow>(in, row);
      if (state.has_row != 0) {
        const int order = Compare(key, state.key.view());
        if (order < 0 || (order == 0 && !kIsLast)) return;
      }
      const std::string_view value = is_null ? std::string_view() : ValueBytes(parameters.codec, column, row, scratch);
      Add(state, key, value, in.sequence == 0 ? 0 : in.sequence + row, is_null);
    });
  }

  static std::string_view ValueBytes(const CellCodec& codec, const Column& column, uint32_t row, std::string& scratch) {
    if (!codec.is_word()) return codec.EncodeBytes(column, row, scratch);
    const uint32_t width = data::ValueWidth(codec.type().physical());
    return {column.As<char>() + static_cast<size_t>(column.Slot(row)) * width, width};
  }

  static void Merge(const BoundAggregate&, uint8_t* into_state, const uint8_t* from_state) {
    KeptRow& into = As<KeptRow>(into_state);
    const KeptRow& from = As<KeptRow>(from_state);
    if (from.has_row == 0) return;
    const int order = into.has_row == 0 ? 1 : Compare(from.key.view(), into.key.view());
    if (!ReplacesOnMerge<kIsLast>(order, from.sequence, into.sequence)) return;
    Add(into, from.key.view(), from.value.view(), from.sequence, from.is_null != 0);
  }

  static void Results(const BoundAggregate& aggregate, const uint8_t* const* states, uint32_t offset, uint32_t count,
                      BatchBuffer& buffer, Column& out, uint32_t first) {
    const AllowAllocation growth;
    const CellCodec& codec = ParametersOf(aggregate).codec;
    for (uint32_t i = 0; i < count; ++i) {
      const KeptRow& state = As<KeptRow>(states[i] + offset);
      if (state.has_row == 0 || state.is_null != 0) {
        buffer.SetNull(out, first + i);
      } else if (!codec.is_word()) {
        codec.Decode(state.value.view(), buffer, out, first + i);
      } else {
        Word word;
        std::memcpy(static_cast<void*>(&word), state.value.view().data(),
                    std::min<size_t>(state.value.size, sizeof(word)));
        codec.Decode(word, buffer, out, first + i);
      }
    }
  }

  static void Destroy(const BoundAggregate&, uint8_t* state) {
    As<KeptRow>(state).key.Free();
    As<KeptRow>(state).value.Free();
  }

  static void Serialize(const BoundAggregate&, const uint8_t* state, std::string& out) {
    const KeptRow& row = As<KeptRow>(state);
    PutByte(out, kStateVersion);
    PutByte(out, row.has_row);
    PutByte(out, row.is_null);
    PutNumber(out, row.sequence);
    PutBytes(out, row.key.view());
    PutBytes(out, row.value.view());
  }

  static bool IsReadable(const CellCodec& codec, std::string_view value) {
    return codec.is_word() ? value.size() == data::ValueWidth(codec.type().physical()) : codec.IsReadable(value);
  }

  static Status Deserialize(const BoundAggregate& aggregate, std::string_view& in, uint8_t* state) {
    TRY(ReadVersion(in, aggregate.name));
    KeptRow row;
    std::string_view key;
    std::string_view value;
    if (!TakeNumber(in, row.has_row) || !TakeNumber(in, row.is_null) || row.has_row > 1 || row.is_null > 1 ||
        !TakeNumber(in, row.sequence) || !TakeBytes(in, key) || !TakeBytes(in, value) ||
        (row.has_row != 0 && row.is_null == 0 && !IsReadable(ParametersOf(aggregate).codec, value))) {
      return UnreadableState(aggregate.name, "its kept row is damaged");
    }
    row.key.Set(key);
    row.value.Set(value);
    std::memcpy(state, static_cast<const void*>(&row), sizeof(row));
    return Status::Ok();
  }

  static size_t MemoryBytes(const BoundAggregate&, const uint8_t* state) {
    return As<KeptRow>(state).key.memory_bytes() + As<KeptRow>(state).value.memory_bytes();
  }

  static void Use(BoundAggregate& bound) {
    bound.state_bytes = sizeof(KeptRow);
    bound.init = InitPlain<KeptRow>;
    bound.update = Update;
    bound.merge = Merge;
    bound.result = Results;
    bound.destroy = Destroy;
    bound.serialize = Serialize;
    bound.deserialize = Deserialize;
    bound.memory_bytes = MemoryBytes;
  }
};

template <bool kIsLast>
void UseKept(BoundAggregate& bound, const FirstLastParameters& parameters) {
  if (!parameters.key.is_word() || !parameters.codec.is_word()) return General<kIsLast>::Use(bound);
  switch (data::ValueWidth(parameters.codec.type().physical())) {
    case 1: return Small<uint8_t, uint64_t, kIsLast>::Use(bound);
    case 2: return Small<uint16_t, uint64_t, kIsLast>::Use(bound);
    case 4: return Small<uint32_t, uint64_t, kIsLast>::Use(bound);
    case 8: return Small<uint64_t, uint64_t, kIsLast>::Use(bound);
    default: return Small<TwoWords, TwoWords, kIsLast>::Use(bound);
  }
}

struct Form {
  bool is_last = false;
  bool respect_nulls = false;
  bool skip_null_keys = false;
  std::span<const Type> key_types;
  std::span<const expr::SortKey> order;
};

Result<BoundAggregate> BindForm(const AggregateBindCall& call, const Form& form) {
  OrderKey key(form.key_types, form.order, 1);
  if (call.input_retracts) {
    return BindTimeline(call, {.kind = form.is_last ? TimelineKind::kLast : TimelineKind::kFirst,
                               .respect_nulls = form.respect_nulls,
                               .skip_null_keys = form.skip_null_keys,
                               .key = std::move(key)});
  }
  BoundAggregate bound;
  bound.name = call.name;
  bound.arguments.assign(call.types.begin(), call.types.end());
  bound.result_type = call.types[0];
  auto parameters = std::make_shared<FirstLastParameters>();
  parameters->codec = CellCodec(call.types[0], CellEncoding::kExact);
  parameters->key = std::move(key);
  parameters->respect_nulls = form.respect_nulls;
  parameters->skip_null_keys = form.skip_null_keys;
  bound.state = parameters;
  if (form.is_last) {
    UseKept<true>(bound, *parameters);
  } else {
    UseKept<false>(bound, *parameters);
  }
  return bound;
}

template <bool kIsLast>
Result<BoundAggregate> BindFirstLast(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(RejectDistinct(call));
  return BindForm(
      call,
      {.is_last = kIsLast, .respect_nulls = call.respect_nulls, .key_types = call.order_types, .order = call.order});
}

// Any row will do; over rows that may be taken back the smallest value is at least always the same.
Result<BoundAggregate> BindAnyValue(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  if (call.input_retracts) return BindMinimum(call);
  return BindForm(call, {});
}

template <bool kIsMax>
Result<BoundAggregate> BindArgExtreme(const AggregateBindCall& call) {
  TRY(CheckCount(call, 2, 2));
  TRY(RejectDistinct(call));
  const expr::SortKey order[] = {{.descending = kIsMax}};
  return BindForm(call, {.skip_null_keys = true, .key_types = call.types.subspan(1, 1), .order = order});
}

}  // namespace

void RegisterFirstLast(expr::FunctionRegistry& registry) {
  registry.Add(AggregateFunction{.name = "first_value",
                                 .aliases = {"first"},
                                 .doc = "The value of the earliest row by event time, or by ORDER BY inside the call; "
                                        "NULLs are skipped unless RESPECT NULLS.",
                                 .examples = {{"first_value(x ORDER BY x DESC)", "10"}},
                                 .is_order_sensitive = true,
                                 .bind = BindFirstLast<false>});
  registry.Add(AggregateFunction{.name = "last_value",
                                 .aliases = {"last"},
                                 .doc = "The value of the latest row by event time, or by ORDER BY inside the call; "
                                        "NULLs are skipped unless RESPECT NULLS.",
                                 .examples = {{"last_value(x ORDER BY x)", "10"}},
                                 .is_order_sensitive = true,
                                 .bind = BindFirstLast<true>});
  registry.Add(AggregateFunction{.name = "any_value",
                                 .aliases = {"arbitrary"},
                                 .doc = "Some value that is not NULL.",
                                 .examples = {{"any_value(x > 0)", "true"}},
                                 .bind = BindAnyValue});
  registry.Add(AggregateFunction{.name = "arg_min",
                                 .aliases = {"argmin", "min_by"},
                                 .doc = "The x of the row with the smallest y; of equal ones the first to arrive.",
                                 .examples = {{"arg_min(x, -x)", "10"}},
                                 .arguments_min = 2,
                                 .arguments_max = 2,
                                 .bind = BindArgExtreme<false>});
  registry.Add(AggregateFunction{.name = "arg_max",
                                 .aliases = {"argmax", "max_by"},
                                 .doc = "The x of the row with the greatest y; of equal ones the first to arrive.",
                                 .examples = {{"arg_max(x, -x)", "1"}},
                                 .arguments_min = 2,
                                 .arguments_max = 2,
                                 .bind = BindArgExtreme<true>});
}

}  // namespace laminar::functions
