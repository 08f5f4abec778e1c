// Structs and maps: making them and reaching into them.
//
// Law: field names and positions are constants, so that the result's type is known. A map has no NULL and no repeated
// keys; looking up a key that is not there gives NULL.
#include "functions/scalar/list_element.h"

namespace laminar::functions {
namespace {

// Structs

struct FieldState final : expr::FunctionState {
  uint32_t field = 0;
  Type type;
};

void ExtractField(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  const FieldState& state = StateOf<FieldState>(context);
  Column field = args[0]->children[state.field];
  field.encoding = args[0]->encoding;
  for (uint32_t row = 0; row < context.rows; ++row) {
    if (out.IsNull(row) || field.IsNull(row)) {
      context.buffer->SetNull(out, row);
    } else {
      data::CopyRows(*context.buffer, out, state.type, row, field, row, 1);
    }
  }
}

Result<uint32_t> FieldNumber(const BindCall& call) {
  const std::vector<data::Field>& fields = call.types[0].children();
  std::string names;
  for (const data::Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  if (const std::string* name = ConstantText(call, 1); name != nullptr) {
    for (uint32_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name == *name) return i;
    }
    return Error(Status(ErrorCode::kUnknownColumn, std::string(call.name) + ": the struct has no field '" + *name + "'")
                     .WithHint("its fields are " + names));
  }
  const bool is_number =
      call.types[1].is_signed_integer() && call.constants[1] != nullptr && !call.constants[1]->is_null();
  if (!is_number) {
    return Error(Status(ErrorCode::kFunctionArguments,
                        std::string(call.name) + ": the field must be a constant name or position")
                     .WithHint("its fields are " + names));
  }
  const int64_t place = call.constants[1]->int_value();
  if (place < 1 || place > static_cast<int64_t>(fields.size())) {
    return Error(Status(ErrorCode::kUnknownColumn,
                        std::string(call.name) + ": the struct has no field number " + std::to_string(place))
                     .WithHint("its fields are " + names + ", counted from 1"));
  }
  return static_cast<uint32_t>(place - 1);
}

Result<BoundFunction> BindExtract(const BindCall& call) {
  if (call.types.size() != 2 || call.types[0].id() != TypeId::kStruct) {
    return WrongArguments(call, std::string(call.name) + "(struct, 'field')");
  }
  auto state = std::make_shared<FieldState>();
  state->field = TRY(FieldNumber(call));
  state->type = call.types[0].children()[state->field].type;
  BoundFunction bound;
  bound.arguments = {call.types[0], call.types[1].is_signed_integer() ? call.types[1] : Type(kText)};
  bound.result = state->type;
  bound.kernel = ExtractField;
  bound.state = std::move(state);
  return bound;
}

// Fields at every kStep-th argument, from kFirst.
template <size_t kFirst, size_t kStep>
void MakeStruct(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  out.has_nulls = false;
  for (uint32_t c = 0; c < out.child_count; ++c) {
    const Column& from = *args[kFirst + c * kStep];
    data::CopyRows(*context.buffer, out.children[c], StateOf<ListState>(context).list.children()[c].type, 0, from, 0,
                   context.rows);
  }
}

BoundFunction StructOf(std::vector<Type> arguments, std::vector<data::Field> fields, expr::Kernel kernel) {
  auto state = std::make_shared<ListState>(TypeId::kNull);
  state->list = Type::Struct(std::move(fields));
  BoundFunction bound;
  bound.arguments = std::move(arguments);
  bound.result = state->list;
  bound.kernel = kernel;
  bound.state = std::move(state);
  return bound;
}

Result<BoundFunction> BindRow(const BindCall& call) {
  if (call.types.empty()) return WrongArguments(call, "row(value, ...)");
  std::vector<data::Field> fields;
  for (size_t i = 0; i < call.types.size(); ++i) fields.push_back({"f" + std::to_string(i + 1), call.types[i]});
  return StructOf({call.types.begin(), call.types.end()}, std::move(fields), MakeStruct<0, 1>);
}

Result<BoundFunction> BindNamedStruct(const BindCall& call) {
  const std::string_view usage = "named_struct('name', value, ...)";
  if (call.types.empty() || call.types.size() % 2 != 0) return WrongArguments(call, usage);
  std::vector<data::Field> fields;
  std::vector<Type> arguments(call.types.begin(), call.types.end());
  for (size_t i = 0; i < call.types.size(); i += 2) {
    const std::string* name = ConstantText(call, i);
    if (name == nullptr) {
      return Error(Status(ErrorCode::kFunctionArguments, "named_struct: a field's name is not a constant text")
                       .WithHint("use " + std::string(usage)));
    }
    for (const data::Field& field : fields) {
      if (field.name == *name)
        return Error(ErrorCode::kFunctionArguments, "named_struct: field '" + *name + "' is given twice");
    }
    fields.push_back({*name, call.types[i + 1]});
    arguments[i] = kText;
  }
  return StructOf(std::move(arguments), std::move(fields), MakeStruct<1, 2>);
}

// Maps

struct MapState final : expr::FunctionState {
  Type map;
  Type result;
  ListState keys;
  explicit MapState(const Type& map_type) : map(map_type), keys(map_type.key_type()) {}
};

std::shared_ptr<MapState> StateForMap(const Type& map, Type result) {
  auto state = std::make_shared<MapState>(map);
  state->result = std::move(result);
  return state;
}

// Are the keys fit for a map?
bool AreKeysFit(const MapState& state, const ListRow& keys) {
  std::vector<uint32_t>& positions = PositionScratch();
  positions.clear();
  DistinctPositions(state.keys, keys, positions);
  for (const uint32_t i : positions) {
    if (keys.items->IsNull(i)) return false;
  }
  return positions.size() == keys.length;
}

void MakeMap(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  const MapState& state = StateOf<MapState>(context);
  ListWriter writer(context, out, state.map);
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const ListRow keys(*args[0], row);
    const ListRow values(*args[1], row);
    if (keys.length != values.length || !AreKeysFit(state, keys)) {
      context.Fail(out, row, ErrorCode::kBadValue);
      continue;
    }
    const uint32_t first = writer.Start(row, keys.length);
    writer.Copy(first, *keys.items, keys.offset, keys.length, 0);
    writer.Copy(first, *values.items, values.offset, values.length, 1);
  }
}

Result<BoundFunction> BindMap(const BindCall& call) {
  BoundFunction bound;
  bound.kernel = MakeMap;
  const bool fits = call.types.size() == 2 && IsListOrNull(call.types[0]) && IsListOrNull(call.types[1]);
  if (!fits) return WrongArguments(call, "map(array of keys, array of values)");
  const Type key = ElementOf(call.types[0]);
  const Type value = ElementOf(call.types[1]);
  auto state = StateForMap(Type::Map(key, value), TypeId::kNull);
  bound.arguments = {Type::Array(key), Type::Array(value)};
  bound.result = state->map;
  bound.state = std::move(state);
  return bound;
}

// The keys (child 0) or values (child 1) of a map.
template <uint32_t kChild>
void Children(KernelContext& context, Arguments args, Column& out) {
  const MapState& state = StateOf<MapState>(context);
  ListWriter writer(context, out, state.result);
  const Arg<ListEntry> entries(*args[0]);
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const ListEntry entry = entries[row];
    const uint32_t first = writer.Start(row, entry.length);
    writer.Copy(first, args[0]->children[kChild], entry.offset, entry.length);
  }
}

// Key and value pairs as structs.
void Entries(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  const MapState& state = StateOf<MapState>(context);
  ListWriter writer(context, out, state.result);
  const Arg<ListEntry> entries(*args[0]);
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const ListEntry entry = entries[row];
    const uint32_t first = writer.Start(row, entry.length);
    const Type& pair = writer.child_type();
    for (uint32_t c = 0; c < 2 && entry.length > 0; ++c) {
      data::CopyRows(*context.buffer, writer.child().children[c], pair.children()[c].type, first, args[0]->children[c],
                     entry.offset, entry.length);
    }
  }
}

Result<BoundFunction> BindOfMap(const BindCall& call, Type (*result)(const Type& map), expr::Kernel kernel) {
  if (call.types.size() != 1 || call.types[0].id() != TypeId::kMap)
    return WrongArguments(call, std::string(call.name) + "(map)");
  BoundFunction bound;
  bound.arguments = {call.types[0]};
  bound.result = result(call.types[0]);
  bound.kernel = kernel;
  bound.state = StateForMap(call.types[0], bound.result);
  return bound;
}
Result<BoundFunction> BindKeys(const BindCall& call) {
  return BindOfMap(call, [](const Type& map) { return Type::Array(map.key_type()); }, Children<0>);
}
Result<BoundFunction> BindValues(const BindCall& call) {
  return BindOfMap(call, [](const Type& map) { return Type::Array(map.value_type()); }, Children<1>);
}
Result<BoundFunction> BindEntries(const BindCall& call) {
  auto pair = [](const Type& map) {
    return Type::Array(Type::Struct({{"key", map.key_type()}, {"value", map.value_type()}}));
  };
  return BindOfMap(call, pair, Entries);
}

// Where a key stands among the children; the entry's end when it is not there.
uint32_t FindKey(const MapState& state, const Column& map, const Column& key, uint32_t row, uint32_t& end) {
  const ListEntry entry = map.As<ListEntry>()[map.Slot(row)];
  end = entry.offset + entry.length;
  for (uint32_t i = entry.offset; i < end; ++i) {
    if (state.keys.compare(state.keys.element, map.children[0], i, key, key.Slot(row)) == 0) return i;
  }
  return end;
}

void Lookup(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  const MapState& state = StateOf<MapState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    uint32_t end = 0;
    const uint32_t found = out.IsNull(row) ? 0 : FindKey(state, *args[0], *args[1], row, end);
    if (found == end) {
      context.buffer->SetNull(out, row);
    } else {
      data::CopyRows(*context.buffer, out, state.map.value_type(), row, args[0]->children[1], found, 1);
    }
  }
}

void HasKey(KernelContext& context, Arguments args, Column& out) {
  const MapState& state = StateOf<MapState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    uint32_t end = 0;
    out.As<bool>()[row] = !out.IsNull(row) && FindKey(state, *args[0], *args[1], row, end) != end;
  }
}

Result<BoundFunction> BindLookup(const BindCall& call, bool wants_value) {
  const bool fits = call.types.size() == 2 && call.types[0].id() == TypeId::kMap &&
                    expr::ImplicitCastCost(call.types[1], call.types[0].key_type()) >= 0;
  if (!fits) return WrongArguments(call, std::string(call.name) + "(map, key)");
  const Type& map = call.types[0];
  BoundFunction bound;
  bound.arguments = {map, map.key_type()};
  bound.result = wants_value ? map.value_type() : Type(kBoolean);
  bound.kernel = wants_value ? Lookup : HasKey;
  bound.state = StateForMap(map, bound.result);
  return bound;
}
Result<BoundFunction> BindElementAt(const BindCall& call) { return BindLookup(call, true); }
Result<BoundFunction> BindMapContains(const BindCall& call) { return BindLookup(call, false); }

}  // namespace

void RegisterNested(expr::FunctionRegistry& registry) {
  Scalar(registry, "struct_extract")
      .Alias("get_field")
      .Category("struct")
      .Doc("A field of a struct, by name or by position from 1; s.name is short for it.")
      .Example("struct_extract({'a': 1, 'b': 'x'}, 'b')", "x")
      .Costly()
      .Bind(BindExtract);
  Scalar(registry, "named_struct")
      .Alias("struct_pack")
      .Category("struct")
      .Doc("A struct of names and values; {'a': 1} is short for it.")
      .Example("named_struct('a', 1, 'b', 'x')", "{'a': 1, 'b': x}")
      .CustomNulls()
      .Costly()
      .Bind(BindNamedStruct);
  Scalar(registry, "row")
      .Alias("struct")
      .Category("struct")
      .Doc("A struct of the values, its fields named f1, f2, ...")
      .Example("row(1, 'x')", "{'f1': 1, 'f2': x}")
      .CustomNulls()
      .Costly()
      .Bind(BindRow);
  Scalar(registry, "map")
      .Category("map")
      .Doc("A map from an array of keys and one of values.")
      .Example("map(['a', 'b'], [1, 2])", "{a=1, b=2}")
      .MayFail()
      .Costly()
      .Bind(BindMap);
  Scalar(registry, "map_keys")
      .Category("map")
      .Doc("The keys as an array.")
      .Example("map_keys(map(['a', 'b'], [1, 2]))", "[a, b]")
      .Costly()
      .Bind(BindKeys);
  Scalar(registry, "map_values")
      .Category("map")
      .Doc("The values as an array.")
      .Example("map_values(map(['a', 'b'], [1, 2]))", "[1, 2]")
      .Costly()
      .Bind(BindValues);
  Scalar(registry, "map_entries")
      .Category("map")
      .Doc("Keys and values as an array of structs.")
      .Example("map_entries(map(['a'], [1]))", "[{'key': a, 'value': 1}]")
      .Costly()
      .Bind(BindEntries);
  Scalar(registry, "element_at")
      .Alias("map_extract")
      .Alias("map_extract_value")
      .Category("map")
      .Doc("The value of a key, or NULL; m['k'] is short for it.")
      .Example("element_at(map(['a', 'b'], [1, 2]), 'b')", "2")
      .Costly()
      .Bind(BindElementAt);
  Scalar(registry, "map_contains")
      .Alias("map_contains_key")
      .Category("map")
      .Doc("True when the map has the key.")
      .Example("map_contains(map(['a'], [1]), 'a')", "true")
      .Costly()
      .Bind(BindMapContains);
}

}  // namespace laminar::functions
