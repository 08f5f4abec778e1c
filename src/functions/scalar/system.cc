// About values and the database itself: types, hashes, the version.
#include <vector>

#include "base/version.h"
#include "functions/scalar/bind.h"

namespace laminar::functions {
namespace {

struct NameState final : expr::FunctionState {
  std::string name;
};

void TypeName(KernelContext& context, Arguments, Column& out) {
  out.has_nulls = false;
  const NameState& state = StateOf<NameState>(context);
  const StringRef name = context.heap->Add(state.name);
  for (uint32_t row = 0; row < context.rows; ++row) out.As<StringRef>()[row] = name;
}

Result<BoundFunction> BindTypeOf(const BindCall& call) {
  if (call.types.size() != 1) return WrongArguments(call, "typeof(value)");
  auto state = std::make_shared<NameState>();
  state->name = call.types[0].ToString();
  BoundFunction bound;
  bound.arguments = {call.types[0]};
  bound.result = kText;
  bound.kernel = TypeName;
  bound.state = std::move(state);
  return bound;
}

void Version(KernelContext& context, Arguments, Column& out) {
  const StringRef text = context.heap->Add(std::string("LaminarDB ").append(kVersion));
  for (uint32_t row = 0; row < context.rows; ++row) out.As<StringRef>()[row] = text;
}

struct HashState final : expr::FunctionState {
  std::vector<Type> types;
  std::vector<uint32_t> keys;
};

// As rows are hashed to partitions: equal values, equal hashes; NULLs hash alike.
void HashValues(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const HashState& state = StateOf<HashState>(context);
  static thread_local std::vector<Column> columns;
  columns.clear();
  for (const Column* arg : args) columns.push_back(*arg);
  data::Batch batch;
  batch.rows = context.rows;
  batch.column_count = static_cast<uint32_t>(columns.size());
  batch.columns = columns.data();
  data::HashRows(batch, state.types, state.keys, out.As<uint64_t>());
}

Result<BoundFunction> BindHash(const BindCall& call) {
  if (call.types.empty()) return WrongArguments(call, "hash(value, ...)");
  auto state = std::make_shared<HashState>();
  state->types.assign(call.types.begin(), call.types.end());
  for (uint32_t i = 0; i < call.types.size(); ++i) state->keys.push_back(i);
  BoundFunction bound;
  bound.arguments = state->types;
  bound.result = TypeId::kUInt64;
  bound.kernel = HashValues;
  bound.state = std::move(state);
  return bound;
}

}  // namespace

void RegisterSystem(expr::FunctionRegistry& registry) {
  Scalar(registry, "typeof")
      .Alias("arrow_typeof")
      .Alias("pg_typeof")
      .Category("system")
      .Doc("Name of the value's type.")
      .Example("typeof(1.5)", "DECIMAL(2,1)")
      .Example("typeof('x')", "VARCHAR")
      .CustomNulls()
      .Bind(BindTypeOf);
  Scalar(registry, "version")
      .Category("system")
      .Doc("Name and version of the database.")
      .Example("starts_with(version(), 'LaminarDB')", "true")
      .Add({}, kText, Version);
  Scalar(registry, "hash")
      .Category("system")
      .Doc("A number of 64 bits for the values; equal values have equal ones.")
      .Example("hash('x', 1) = hash('x', 1)", "true")
      .CustomNulls()
      .Bind(BindHash);
}

}  // namespace laminar::functions
