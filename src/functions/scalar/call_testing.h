// For tests: calls a function by name on values and gives its result as text.
//
// Every call runs several ways, which must agree: all arguments constant, all flat, the first flat and the others
// constant, and with a constant that the binder knows (so that patterns are prepared) or does not.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "expr/cast.h"
#include "expr/function.h"
#include "functions/register.h"

namespace laminar::functions::testing {

struct Given {
  data::Type type;
  data::Value value;
};

inline Given Null() { return {data::TypeId::kNull, {}}; }
inline Given Text(std::string text) { return {data::TypeId::kVarchar, data::Value::String(std::move(text))}; }
inline Given Int(int64_t value) { return {data::TypeId::kInt64, data::Value::Int(value)}; }
inline Given Real(double value) { return {data::TypeId::kDouble, data::Value::Double(value)}; }
inline Given Bool(bool value) { return {data::TypeId::kBool, data::Value::Bool(value)}; }
// From its text, as a cast reads it.
inline Given As(const data::Type& type, std::string text) {
  Result<data::Value> value = expr::CastValue(data::Value::String(std::move(text)), data::TypeId::kVarchar, type);
  REQUIRE_MESSAGE(value.has_value(), "test value: ", value.error().ToString());
  return {type, *std::move(value)};
}
inline Given Stamp(std::string text) { return As(data::TypeId::kTimestamp, std::move(text)); }
inline Given StampTz(std::string text) { return As(data::TypeId::kTimestampTz, std::move(text)); }
inline Given Date(std::string text) { return As(data::TypeId::kDate, std::move(text)); }
inline Given Span(std::string text) { return As(data::TypeId::kInterval, std::move(text)); }
inline Given Ints(std::string text) { return As(data::Type::Array(data::TypeId::kInt64), std::move(text)); }
inline Given Reals(std::string text) { return As(data::Type::Array(data::TypeId::kDouble), std::move(text)); }
inline Given Texts(std::string text) { return As(data::Type::Array(data::TypeId::kVarchar), std::move(text)); }

enum class Ways : uint8_t { kConstant, kFlat, kFirstFlat, kCount };

inline constexpr uint32_t kTestRows = 67;

struct CallWorld {
  Random random{7};
  expr::EvalEnvironment environment{.now = 1'715'953'510'123'456, .random = &random};
};

inline std::string RunOnce(const expr::BoundFunction& bound, const std::vector<data::Value>& values, Ways way,
                           CallWorld& world) {
  const bool all_constant = way == Ways::kConstant || values.empty();
  const uint32_t rows = all_constant ? 1 : kTestRows;
  data::BatchBuffer input(bound.arguments);
  for (uint32_t row = 0; row < rows; ++row) input.AppendRow(values);
  std::vector<data::Column> columns(values.size());
  std::vector<const data::Column*> args;
  bool any_null = false;
  for (size_t i = 0; i < values.size(); ++i) {
    columns[i] = input.column(i);
    if (all_constant || (way == Ways::kFirstFlat && i > 0)) columns[i].encoding = data::Encoding::kConstant;
    args.push_back(&columns[i]);
    any_null = any_null || values[i].is_null();
  }
  data::BatchBuffer output({bound.result});
  data::Column& out = output.column(0);
  if (bound.traits.nulls == expr::NullPolicy::kPropagate && any_null) {
    for (uint32_t row = 0; row < rows; ++row) output.SetNull(out, row);
  }
  expr::KernelContext context{.rows = rows,
                              .heap = &output.heap(),
                              .buffer = &output,
                              .state = bound.state.get(),
                              .environment = &world.environment};
  bound.kernel(context, args, out);
  std::string first;
  for (uint32_t row = 0; row < rows; ++row) {
    std::string text;
    if (out.HasError(row)) {
      text = "error " + std::string(PublicCode(context.error));
    } else {
      text = data::Value::FromColumn(out, bound.result, row).ToString(bound.result);
    }
    if (row == 0) first = text;
    if (!bound.traits.is_volatile) CHECK_MESSAGE(text == first, bound.name, " row ", row);
  }
  return first;
}

inline std::string CallIn(CallWorld& world, std::string_view name, const std::vector<Given>& given) {
  static const expr::FunctionRegistry& registry = BuiltinFunctions();
  std::vector<data::Type> types;
  std::vector<const data::Value*> known;
  for (const Given& one : given) {
    types.push_back(one.type);
    known.push_back(&one.value);
  }
  const std::vector<const data::Value*> unknown(given.size(), nullptr);
  std::string result;
  for (const bool is_known : {true, false}) {
    auto bound = registry.Resolve({.name = name, .types = types, .constants = is_known ? known : unknown});
    if (!bound.has_value()) {
      const std::string text = "unbound " + std::string(PublicCode(bound.error().code()));
      if (is_known) return text;
      FAIL("bound with constants only: " << name << ": " << bound.error().ToString());
    }
    std::vector<data::Value> values;
    for (size_t i = 0; i < given.size(); ++i) {
      Result<data::Value> cast = expr::CastValue(given[i].value, given[i].type, (*bound)->arguments[i]);
      REQUIRE_MESSAGE(cast.has_value(), name, ": ", cast.error().ToString());
      values.push_back(*std::move(cast));
    }
    for (int way = 0; way < static_cast<int>(Ways::kCount); ++way) {
      const std::string text = RunOnce(**bound, values, static_cast<Ways>(way), world);
      if (way == 0 && is_known) result = text;
      if (!(*bound)->traits.is_volatile) CHECK_MESSAGE(text == result, name, " way ", way, " known ", is_known);
    }
  }
  return result;
}

inline std::string Call(std::string_view name, const std::vector<Given>& given) {
  CallWorld world;
  return CallIn(world, name, given);
}

// For functions whose result type depends on a constant argument: only with constants the binder knows.
inline std::string CallKnown(std::string_view name, const std::vector<Given>& given) {
  std::vector<data::Type> types;
  std::vector<const data::Value*> known;
  for (const Given& one : given) {
    types.push_back(one.type);
    known.push_back(&one.value);
  }
  auto bound = BuiltinFunctions().Resolve({.name = name, .types = types, .constants = known});
  if (!bound.has_value()) return "unbound " + std::string(PublicCode(bound.error().code()));
  std::vector<data::Value> values;
  for (size_t i = 0; i < given.size(); ++i) {
    values.push_back(*expr::CastValue(given[i].value, given[i].type, (*bound)->arguments[i]));
  }
  CallWorld world;
  const std::string result = RunOnce(**bound, values, Ways::kConstant, world);
  CHECK(RunOnce(**bound, values, Ways::kFlat, world) == result);
  CHECK(RunOnce(**bound, values, Ways::kFirstFlat, world) == result);
  return result;
}

}  // namespace laminar::functions::testing
