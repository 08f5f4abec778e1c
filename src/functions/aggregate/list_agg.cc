// array_agg, string_agg, nth_value: values in the order of ORDER BY inside the call (or WITHIN GROUP), else of arrival.
// NULL for no row.
//
// array_agg keeps NULLs unless IGNORE NULLS; string_agg skips them. DISTINCT forms list each value once in the order of
// the values; their ORDER BY can only name the argument.
#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "functions/aggregate/bag_aggregate.h"
#include "functions/aggregate/bind.h"
#include "functions/aggregate/timeline_aggregate.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

struct SetParameters final : BagParameters {
  bool descending = false;
  std::string separator;
};

const SetParameters& ParametersOf(const BoundAggregate& aggregate) {
  return static_cast<const SetParameters&>(*aggregate.state);
}

template <class Cell>
std::vector<CellView<Cell>> InOrder(const Bag<Cell>& bag, bool descending) {
  std::vector<CellView<Cell>> cells;
  cells.reserve(static_cast<size_t>(bag.distinct()));
  bag.ForEach([&](CellView<Cell> cell, int64_t) { cells.push_back(cell); });
  if (descending) std::reverse(cells.begin(), cells.end());
  return cells;
}

template <class Cell>
Outcome SetAsArray(const BoundAggregate& aggregate, const Bag<Cell>& bag, BatchBuffer& buffer, Column& out,
                   uint32_t row) {
  if (bag.distinct() == 0) return Outcome::Null();
  if (bag.distinct() > kListEntriesMax) return Outcome::Fail(ErrorCode::kEntryLimit);
  const uint32_t length = static_cast<uint32_t>(bag.distinct());
  uint32_t next = buffer.ReserveChild(out, aggregate.result_type, length);
  out.As<data::ListEntry>()[row] = {.offset = next, .length = length};
  const SetParameters& parameters = ParametersOf(aggregate);
  for (const CellView<Cell>& cell : InOrder(bag, parameters.descending)) {
    parameters.codec.Decode(cell, buffer, out.children[0], next++);
  }
  return Outcome::Value();
}

Outcome SetAsText(const BoundAggregate& aggregate, const Bag<std::string>& bag, BatchBuffer& buffer, Column& out,
                  uint32_t row) {
  if (bag.distinct() == 0) return Outcome::Null();
  const SetParameters& parameters = ParametersOf(aggregate);
  std::string text;
  bool is_first = true;
  for (const std::string_view cell : InOrder(bag, parameters.descending)) {
    if (!is_first) text += parameters.separator;
    is_first = false;
    text += cell;
    if (text.size() > kListTextMax) return Outcome::Fail(ErrorCode::kEntryLimit);
  }
  out.As<StringRef>()[row] = buffer.heap().Add(text);
  return Outcome::Value();
}

// The order of a DISTINCT list: that of its values, so ORDER BY can only name the argument.
Result<bool> IsDescendingSet(const AggregateBindCall& call) {
  if (call.order_types.empty()) return false;
  if (call.order_types.size() == 1 && call.order_types[0] == call.types[0]) return call.order[0].descending;
  return Error(
      Status(ErrorCode::kFunctionArguments, fmt::format("{}: DISTINCT with ORDER BY something else", call.name))
          .WithHint("order by the argument itself, or leave DISTINCT out"));
}

BoundAggregate OverSet(const AggregateBindCall& call, const Type& type, bool descending, std::string separator) {
  BoundAggregate bound;
  bound.name = call.name;
  bound.arguments.assign(call.types.begin(), call.types.end());
  bound.arguments[0] = type;
  auto parameters = std::make_shared<SetParameters>();
  parameters->codec = CellCodec(type, CellEncoding::kOrdered);
  parameters->descending = descending;
  parameters->separator = std::move(separator);
  if (parameters->codec.is_word()) {
    UseBag<Word>(bound);
  } else {
    UseBag<std::string>(bound);
  }
  bound.state = std::move(parameters);
  return bound;
}

OrderKey KeyOf(const AggregateBindCall& call) {
  return OrderKey(call.order_types, call.order, static_cast<uint32_t>(call.types.size()));
}

Result<BoundAggregate> BindArrayAgg(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  if (call.is_distinct) {
    BoundAggregate bound = OverSet(call, call.types[0], TRY(IsDescendingSet(call)), {});
    bound.result_type = Type::Array(call.types[0]);
    bound.result = ParametersOf(bound).codec.is_word() ? ResultOfBags<Word, SetAsArray<Word>>
                                                       : ResultOfBags<std::string, SetAsArray<std::string>>;
    return bound;
  }
  return BindTimeline(call, {.kind = TimelineKind::kArray, .respect_nulls = !call.ignore_nulls, .key = KeyOf(call)});
}

// The constant second argument, or a comma.
Result<std::string> SeparatorOf(const AggregateBindCall& call) {
  if (call.types.size() < 2) return std::string(",");
  const data::Value* value = call.constants.size() > 1 ? call.constants[1] : nullptr;
  if (value == nullptr || !call.types[1].is_string() || value->is_null()) {
    return Error(WrongArgument(call, 1, "a constant text, the separator"));
  }
  return value->string_value();
}

Result<BoundAggregate> BindStringAgg(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 2));
  if (call.types[0].is_nested() || call.types[0].id() == TypeId::kBinary) {
    return Error(WrongArgument(call, 0, "text").WithHint("cast it: CAST(x AS VARCHAR)"));
  }
  std::string separator = TRY(SeparatorOf(call));
  if (call.is_distinct) {
    BoundAggregate bound = OverSet(call, TypeId::kVarchar, TRY(IsDescendingSet(call)), std::move(separator));
    bound.result_type = TypeId::kVarchar;
    bound.result = ResultOfBags<std::string, SetAsText>;
    return bound;
  }
  return BindTimeline(call, {.kind = TimelineKind::kString, .key = KeyOf(call), .separator = std::move(separator)});
}

Result<BoundAggregate> BindNthValue(const AggregateBindCall& call) {
  TRY(CheckCount(call, 2, 2));
  TRY(RejectDistinct(call));
  const double nth = TRY(ConstantNumber(call, 1, "position"));
  if (!(nth >= 1 && nth <= 9e15) || nth != std::floor(nth)) {
    return Error(ErrorCode::kFunctionArguments,
                 fmt::format("{}: the position is {}, expected 1 or more", call.name, nth));
  }
  return BindTimeline(call, {.kind = TimelineKind::kNth,
                             .respect_nulls = call.respect_nulls,
                             .key = KeyOf(call),
                             .nth = static_cast<int64_t>(nth)});
}

}  // namespace

void RegisterListAgg(expr::FunctionRegistry& registry) {
  registry.Add(
      AggregateFunction{.name = "array_agg",
                        .aliases = {"list"},
                        .doc = "An array of all values, in the order of ORDER BY inside the call, else of arrival.",
                        .examples = {{"array_agg(x ORDER BY x DESC)", "[10, 4, 2, 1]"}},
                        .is_order_sensitive = true,
                        .bind = BindArrayAgg});
  registry.Add(AggregateFunction{.name = "string_agg",
                                 .aliases = {"listagg", "group_concat"},
                                 .doc = "All values as text, joined by a separator (default ','), in the order of "
                                        "ORDER BY inside the call, else of arrival.",
                                 .examples = {{"string_agg(x, '-' ORDER BY x)", "1-2-4-10"}},
                                 .arguments_min = 1,
                                 .arguments_max = 2,
                                 .is_order_sensitive = true,
                                 .bind = BindStringAgg});
  registry.Add(AggregateFunction{
      .name = "nth_value",
      .doc = "The n-th value by event time, or by ORDER BY inside the call; NULL when there are fewer.",
      .examples = {{"nth_value(x, 2 ORDER BY x)", "2"}},
      .arguments_min = 2,
      .arguments_max = 2,
      .is_order_sensitive = true,
      .bind = BindNthValue});
}

}  // namespace laminar::functions
