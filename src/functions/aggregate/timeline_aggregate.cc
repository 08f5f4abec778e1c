// Update, results and checkpoints of aggregates over a Timeline.
#include "functions/aggregate/timeline_aggregate.h"

#include <memory>

#include "functions/aggregate/bag_aggregate.h"
#include "functions/aggregate/timeline.h"

namespace laminar::functions {
namespace {

struct TimelineParameters final : expr::FunctionState {
  CellCodec codec;
  TimelineForm form;
};

const TimelineParameters& ParametersOf(const BoundAggregate& aggregate) {
  return static_cast<const TimelineParameters&>(*aggregate.state);
}

// The sort keys of a batch, as words or one by one as bytes.
template <class Key>
class KeysOf;

template <>
class KeysOf<Word> {
 public:
  KeysOf(const OrderKey& key, const AggregateInput& in) { key.EncodeWords(in, words_); }
  Word At(uint32_t row) { return words_[row]; }

 private:
  Word words_[data::kBatchCapacity];
};

template <>
class KeysOf<std::string> {
 public:
  KeysOf(const OrderKey& key, const AggregateInput& in) : key_(key), in_(in) {}
  std::string_view At(uint32_t row) {
    key_.EncodeBytes(in_, row, scratch_);
    return scratch_;
  }

 private:
  const OrderKey& key_;
  const AggregateInput& in_;
  std::string scratch_;
};

template <class Cell>
class CellsOf;

template <>
class CellsOf<Word> {
 public:
  CellsOf(const CellCodec& codec, const Column& column, uint32_t rows) { codec.EncodeWords(column, rows, words_); }
  Word At(uint32_t row) { return words_[row]; }

 private:
  Word words_[data::kBatchCapacity];
};

template <>
class CellsOf<std::string> {
 public:
  CellsOf(const CellCodec& codec, const Column& column, uint32_t) : codec_(codec), column_(column) {}
  std::string_view At(uint32_t row) { return codec_.EncodeBytes(column_, row, scratch_); }

 private:
  const CellCodec& codec_;
  const Column& column_;
  std::string scratch_;
};

template <class Key, class Cell>
struct OnTimeline {
  using List = Timeline<Key, Cell>;
  using Entry = typename List::Entry;
  struct State {
    List* list = nullptr;  // owned; null: empty
  };

  static List& Get(State& state) {
    if (state.list == nullptr) state.list = new List();  // freed by Destroy
    return *state.list;
  }

  static void Update(const BoundAggregate& aggregate, const AggregateInput& in) {
    CHECK(in.rows <= data::kBatchCapacity);
    const AllowAllocation growth;
    const TimelineParameters& parameters = ParametersOf(aggregate);
    const TimelineForm& form = parameters.form;
    const Column& column = *in.args[0];
    KeysOf<Key> keys(form.key, in);
    CellsOf<Cell> cells(parameters.codec, column, in.rows);
    const bool latest_first = form.kind == TimelineKind::kLast;
    ForEachRow<0>(in, {}, [&](uint32_t row, int64_t weight) {
      const bool is_null = column.IsNull(row);
      if (is_null && !form.respect_nulls) return;
      if (form.skip_null_keys && in.args[form.key.column()]->IsNull(row)) return;
      List& list = Get(StateAt<State>(in, row));
      const CellView<Cell> cell = is_null ? CellView<Cell>() : cells.At(row);
      if (weight > 0) {
        list.Add(keys.At(row), in.sequence == 0 ? 0 : in.sequence + row, cell, is_null, weight);
        return;
      }
      const int64_t missed = list.TakeBack(keys.At(row), cell, is_null, -weight, latest_first);
      if (in.retract_misses != nullptr) *in.retract_misses += static_cast<uint64_t>(missed);
    });
  }

  static void Merge(const BoundAggregate&, uint8_t* into, const uint8_t* from) {
    const AllowAllocation growth;
    if (As<State>(from).list != nullptr) Get(As<State>(into)).Merge(*As<State>(from).list);
  }

  static void Write(const CellCodec& codec, const Entry& entry, BatchBuffer& buffer, Column& out, uint32_t row) {
    if (entry.is_null) {
      buffer.SetNull(out, row);
    } else {
      codec.Decode(CellView<Cell>(entry.cell), buffer, out, row);
    }
  }

  static Outcome WriteArray(const CellCodec& codec, const List& list, BatchBuffer& buffer, const Type& type,
                            Column& out, uint32_t row) {
    if (list.total() > kListEntriesMax) return Outcome::Fail(ErrorCode::kEntryLimit);
    const uint32_t length = static_cast<uint32_t>(list.total());
    uint32_t next = buffer.ReserveChild(out, type, length);
    out.As<data::ListEntry>()[row] = {.offset = next, .length = length};
    list.ForEach([&](const Entry& entry) {
      for (int64_t copy = 0; copy < entry.count; ++copy) Write(codec, entry, buffer, out.children[0], next++);
    });
    return Outcome::Value();
  }

  static Outcome WriteText(const List& list, std::string_view separator, BatchBuffer& buffer, Column& out,
                           uint32_t row) {
    if constexpr (std::is_same_v<Cell, std::string>) {
      if (list.total() > kListEntriesMax) return Outcome::Fail(ErrorCode::kEntryLimit);
      uint64_t bytes = separator.size() * static_cast<uint64_t>(list.total() - 1);
      list.ForEach([&](const Entry& entry) { bytes += entry.cell.size() * static_cast<uint64_t>(entry.count); });
      if (bytes > kListTextMax) return Outcome::Fail(ErrorCode::kEntryLimit);
      std::string text;
      text.reserve(bytes);
      bool is_first = true;
      list.ForEach([&](const Entry& entry) {
        for (int64_t copy = 0; copy < entry.count; ++copy) {
          if (!is_first) text += separator;
          is_first = false;
          text += entry.cell;
        }
      });
      out.As<StringRef>()[row] = buffer.heap().Add(text);
    }
    return Outcome::Value();
  }

  static Outcome WriteResult(const BoundAggregate& aggregate, const List& list, BatchBuffer& buffer, Column& out,
                             uint32_t row) {
    const TimelineParameters& parameters = ParametersOf(aggregate);
    const TimelineForm& form = parameters.form;
    const Entry* entry = nullptr;
    switch (form.kind) {
      case TimelineKind::kArray: return WriteArray(parameters.codec, list, buffer, aggregate.result_type, out, row);
      case TimelineKind::kString: return WriteText(list, form.separator, buffer, out, row);
      case TimelineKind::kFirst: entry = &list.First(); break;
      case TimelineKind::kLast: entry = &list.Last(); break;
      case TimelineKind::kNth:
        if (list.total() < form.nth) return Outcome::Null();
        entry = &list.At(form.nth - 1);
        break;
    }
    Write(parameters.codec, *entry, buffer, out, row);
    return Outcome::NullIf(entry->is_null);
  }

  static void Results(const BoundAggregate& aggregate, const uint8_t* const* states, uint32_t offset, uint32_t count,
                      BatchBuffer& buffer, Column& out, uint32_t first) {
    const AllowAllocation growth;
    for (uint32_t i = 0; i < count; ++i) {
      const List* list = As<State>(states[i] + offset).list;
      const bool is_empty = list == nullptr || list->total() == 0;
      MarkResult(buffer, out, first + i,
                 is_empty ? Outcome::Null() : WriteResult(aggregate, *list, buffer, out, first + i));
    }
  }

  static void Destroy(const BoundAggregate&, uint8_t* state) {
    delete As<State>(state).list;
    As<State>(state).list = nullptr;
  }

  static void Serialize(const BoundAggregate&, const uint8_t* state, std::string& out) {
    PutByte(out, kStateVersion);
    PutByte(out, As<State>(state).list != nullptr);
    if (As<State>(state).list != nullptr) As<State>(state).list->Serialize(out);
  }

  static Status Deserialize(const BoundAggregate& aggregate, std::string_view& in, uint8_t* state) {
    TRY(ReadVersion(in, aggregate.name));
    const CellCodec& codec = ParametersOf(aggregate).codec;
    uint8_t has_list = 0;
    std::unique_ptr<List> list;
    bool is_good = TakeNumber(in, has_list) && has_list <= 1;
    if (is_good && has_list == 1) {
      list = std::make_unique<List>();
      is_good = list->Deserialize(in, [&](CellView<Cell> cell) { return codec.IsReadable(cell); });
    }
    if (!is_good) return UnreadableState(aggregate.name, "its rows are damaged");
    new (state) State{list.release()};
    return Status::Ok();
  }

  static size_t MemoryBytes(const BoundAggregate&, const uint8_t* state) {
    return As<State>(state).list == nullptr ? 0 : As<State>(state).list->memory_bytes();
  }

  static void Use(BoundAggregate& bound) {
    bound.state_bytes = sizeof(State);
    bound.init = InitPlain<State>;
    bound.update = Update;
    bound.merge = Merge;
    bound.result = Results;
    bound.destroy = Destroy;
    bound.serialize = Serialize;
    bound.deserialize = Deserialize;
    bound.memory_bytes = MemoryBytes;
  }
};

}  // namespace

Result<BoundAggregate> BindTimeline(const AggregateBindCall& call, TimelineForm form) {
  BoundAggregate bound;
  bound.name = call.name;
  bound.arguments.assign(call.types.begin(), call.types.end());
  if (form.kind == TimelineKind::kString) bound.arguments[0] = TypeId::kVarchar;
  const Type& value = bound.arguments[0];
  bound.result_type = form.kind == TimelineKind::kArray ? Type::Array(value) : value;
  auto parameters = std::make_shared<TimelineParameters>();
  parameters->codec = CellCodec(value, CellEncoding::kExact);
  parameters->form = std::move(form);
  const bool has_word_key = parameters->form.key.is_word();
  if (parameters->codec.is_word()) {
    has_word_key ? OnTimeline<Word, Word>::Use(bound) : OnTimeline<std::string, Word>::Use(bound);
  } else {
    has_word_key ? OnTimeline<Word, std::string>::Use(bound) : OnTimeline<std::string, std::string>::Use(bound);
  }
  bound.state = std::move(parameters);
  return bound;
}

}  // namespace laminar::functions
