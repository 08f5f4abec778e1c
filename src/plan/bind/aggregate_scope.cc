#include "plan/bind/aggregate_scope.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "expr/aggregate.h"
#include "expr/program.h"
#include "sql/printer.h"

namespace laminar::plan {

using data::Type;
using data::TypeId;
using data::Value;
using expr::ExprPtr;
using sql::ExpressionKind;

bool IsAggregateCall(const PlanContext& context, const sql::Expression& node) {
  return node.kind == ExpressionKind::kCall && node.name.size() == 1 &&
         (node.call == nullptr || node.call->over == nullptr) &&
         context.functions->FindAggregate(node.name[0]) != nullptr;
}

bool HasAggregate(const PlanContext& context, const sql::Expression& node) {
  if (IsAggregateCall(context, node)) return true;
  return std::ranges::any_of(node.children, [&](const sql::ExpressionPtr& child) {
    return child != nullptr && HasAggregate(context, *child);
  });
}

AggregateScope::AggregateScope(const PlanContext& context, const Scope& input, bool input_retracts,
                               std::vector<ExprPtr> keys, std::vector<std::string> key_names,
                               std::optional<WindowCall> window)
    : context_(context),
      input_(input),
      input_retracts_(input_retracts),
      keys_(std::move(keys)),
      key_names_(std::move(key_names)),
      window_(std::move(window)) {
  for (size_t i = 0; i < keys_.size(); ++i) key_columns_.push_back(Need(expr::Clone(*keys_[i]), key_names_[i]));
  for (const ScopeColumn& column : input_.columns) {
    if (time_attribute_ < 0 && column.is_time) time_attribute_ = static_cast<int>(column.index);
  }
  if (window_) {
    time_attribute_ = static_cast<int>(window_->time_column);
    time_column_ = Need(expr::MakeColumn(window_->time_column, time_type()), "");
  }
}

Type AggregateScope::time_type() const {
  for (const ScopeColumn& column : input_.columns) {
    if (static_cast<int>(column.index) == time_attribute_) return column.type;
  }
  return Type(TypeId::kTimestamp);
}

uint32_t AggregateScope::Need(ExprPtr expression, std::string name) {
  expr::FoldConstants(expression, *context_.environment);
  for (uint32_t i = 0; i < needed_.size(); ++i) {
    if (expr::Equal(*needed_[i], *expression) && !expr::IsVolatile(*expression)) return i;
  }
  if (expression->kind == expr::ExprKind::kColumn) {
    for (const ScopeColumn& column : input_.columns) {
      if (column.index == expression->column) name = column.name;
    }
  }
  needed_.push_back(std::move(expression));
  needed_names_.push_back(std::move(name));
  return static_cast<uint32_t>(needed_.size() - 1);
}

ExprPtr AggregateScope::KeyOf(const expr::Expr& bound) const {
  for (uint32_t i = 0; i < keys_.size(); ++i) {
    if (expr::Equal(*keys_[i], bound)) return expr::MakeColumn(i, keys_[i]->type, keys_[i]->nullable);
  }
  return nullptr;
}

ExprPtr AggregateScope::BoundColumn(bool is_end) const {
  return expr::MakeColumn(static_cast<uint32_t>(keys_.size() + (is_end ? 1 : 0)), time_type(), false);
}

// window_start and window_end, by name or as TUMBLE_START(same arguments).
Result<ExprPtr> AggregateScope::BindWindowBound(const sql::Expression& node) {
  if (!window_) return ExprPtr();
  const std::string& last = node.name.back();
  if (node.kind == ExpressionKind::kColumn) {
    const bool qualified = node.name.size() == 2 && node.name[0] == window_->relation;
    if (node.name.size() != 1 && !qualified) return ExprPtr();
    if (last == "window_start") return BoundColumn(false);
    if (last == "window_end") return BoundColumn(true);
    return ExprPtr();
  }
  const bool is_start = EndsWith(last, "_start");
  if (!is_start && !EndsWith(last, "_end")) return ExprPtr();
  const std::string kind = last.substr(0, last.size() - (is_start ? 6 : 4));
  if (!IsWindowName(kind)) return ExprPtr();
  WindowCall same;
  sql::Expression call(ExpressionKind::kCall, node.position);
  call.name = {kind};
  for (const sql::ExpressionPtr& child : node.children) call.children.push_back(sql::Clone(*child));
  TRY(BindWindowArguments(context_, call, 0, same));
  ExpressionBinder binder(context_, input_);
  const ExprPtr time = TRY(binder.Bind(*node.children[0]));
  const bool fits = same.is_hop == window_->is_hop && same.size == window_->size && same.slide == window_->slide &&
                    same.offset == window_->offset && time->kind == expr::ExprKind::kColumn &&
                    time->column == window_->time_column;
  if (!fits) {
    return Error(Status(ErrorCode::kWindowBoundMismatch, sql::Print(node) + " does not match the window of GROUP BY")
                     .WithHint("use window_start and window_end")
                     .At(node.position));
  }
  return BoundColumn(!is_start);
}

Result<ExprPtr> AggregateScope::Intercept(const sql::Expression& node) {
  if (IsAggregateCall(context_, node)) return BindAggregate(node);
  if (node.kind == ExpressionKind::kColumn || node.kind == ExpressionKind::kCall) {
    ExprPtr bound = TRY(BindWindowBound(node));
    if (bound != nullptr) return bound;
  }
  if (HasAggregate(context_, node)) return ExprPtr();
  ExpressionBinder binder(context_, input_);
  auto bound = binder.Bind(node);
  if (!bound) {
    if (node.kind == ExpressionKind::kColumn) return Error(std::move(bound.error()));
    return ExprPtr();
  }
  expr::FoldConstants(*bound, *context_.environment);
  if (ExprPtr key = KeyOf(**bound)) return key;
  if (expr::IsConstant(**bound)) return std::move(*bound);
  if (node.kind == ExpressionKind::kColumn) {
    return Error(
        Status(ErrorCode::kNotGrouped, "column \"" + sql::PrintName(node.name) + "\" is neither grouped nor aggregated")
            .WithHint("add it to GROUP BY, or aggregate it, for example max(" + sql::PrintName(node.name) + ")")
            .At(node.position));
  }
  return ExprPtr();
}

Result<ExprPtr> AggregateScope::BindAggregate(const sql::Expression& node) {
  const std::string text = sql::Print(node);
  const uint32_t first = static_cast<uint32_t>(keys_.size() + (window_ ? 2 : 0));
  for (uint32_t i = 0; i < calls_.size(); ++i) {
    if (calls_[i].text != text) continue;
    const expr::BoundAggregate& known = *calls_[i].call.function;
    return expr::MakeColumn(first + i, known.result_type, known.is_nullable);
  }
  const expr::AggregateFunction& function = *context_.functions->FindAggregate(node.name[0]);
  Arguments arguments;
  TRY(BindArguments(node, function, arguments));
  TRY(BindOrder(node, function, arguments));
  auto bound = TRY(BindFunction(node, function, arguments));

  Call made;
  made.text = text;
  for (size_t i = 0; i < arguments.values.size(); ++i) {
    ExprPtr value = std::move(arguments.values[i]);
    if (i < bound->arguments.size()) value = TRY(CastTo(std::move(value), bound->arguments[i], node.position));
    const std::string name = i < node.children.size() ? sql::CanonicalName(*node.children[i]) : "argument";
    made.call.arguments.push_back(Need(std::move(value), name));
  }
  for (ExprPtr& key : arguments.order) made.call.arguments.push_back(Need(std::move(key), "order_key"));
  if (node.call != nullptr && node.call->filter != nullptr) {
    ExpressionBinder binder(context_, input_);
    ExprPtr filter = TRY(binder.BindCondition(*node.call->filter, "FILTER"));
    made.call.filter = static_cast<int>(Need(std::move(filter), sql::CanonicalName(*node.call->filter)));
  }
  made.call.function = bound;
  calls_.push_back(std::move(made));
  return expr::MakeColumn(first + static_cast<uint32_t>(calls_.size()) - 1, bound->result_type, bound->is_nullable);
}

Status AggregateScope::BindArguments(const sql::Expression& node, const expr::AggregateFunction& function,
                                     Arguments& out) {
  ExpressionBinder binder(context_, input_);
  out.is_star = node.children.size() == 1 && node.children[0]->kind == ExpressionKind::kStar;
  if (out.is_star) {
    if (function.takes_star) return {};
    return Status(ErrorCode::kFunctionArguments, function.name + "(*) means nothing")
        .WithHint("only count(*) does")
        .At(node.position);
  }
  for (const sql::ExpressionPtr& child : node.children) {
    if (HasAggregate(context_, *child)) {
      return Status(ErrorCode::kNestedAggregate, "an aggregate stands inside " + function.name)
          .WithHint("aggregate in a sub-query or view first")
          .At(child->position);
    }
    out.values.push_back(TRY(binder.Bind(*child)));
    expr::FoldConstants(out.values.back(), *context_.environment);
  }
  if (node.call != nullptr && node.call->separator) {
    out.values.push_back(expr::MakeLiteral(Value::String(*node.call->separator), Type(TypeId::kVarchar)));
  }
  return {};
}

// ORDER BY inside the call, WITHIN GROUP, or for FIRST and LAST the event time.
Status AggregateScope::BindOrder(const sql::Expression& node, const expr::AggregateFunction& function, Arguments& out) {
  ExpressionBinder binder(context_, input_);
  if (node.call != nullptr) {
    for (const std::vector<sql::OrderItem>* items : {&node.call->order_by, &node.call->within_group}) {
      for (const sql::OrderItem& item : *items) {
        out.order.push_back(TRY(binder.Bind(*item.expression)));
        const bool nulls_first =
            item.nulls == sql::NullsOrder::kFirst || (item.nulls == sql::NullsOrder::kDefault && item.descending);
        out.order_keys.push_back({item.descending, nulls_first});
      }
    }
  }
  const bool by_time = function.name == "first_value" || function.name == "last_value";
  if (by_time && out.order.empty() && time_attribute_ >= 0) {
    out.order.push_back(expr::MakeColumn(static_cast<uint32_t>(time_attribute_), time_type()));
    out.order_keys.push_back({});
  }
  return {};
}

Result<std::shared_ptr<const expr::BoundAggregate>> AggregateScope::BindFunction(
    const sql::Expression& node, const expr::AggregateFunction& function, const Arguments& arguments) {
  const size_t given = arguments.values.size();
  const bool too_few = given < function.arguments_min && !arguments.is_star && arguments.order.empty();
  if (too_few || given > function.arguments_max) {
    const std::string limit = too_few ? "at least " + std::to_string(function.arguments_min)
                                      : "at most " + std::to_string(function.arguments_max);
    return Error(Status(ErrorCode::kFunctionArguments,
                        function.name + " takes " + limit + " argument(s), found " + std::to_string(given))
                     .At(node.position));
  }
  std::vector<Type> types;
  std::vector<const Value*> constants;
  for (const ExprPtr& value : arguments.values) {
    types.push_back(value->type);
    constants.push_back(value->kind == expr::ExprKind::kLiteral ? &value->literal : nullptr);
  }
  std::vector<Type> order_types;
  for (const ExprPtr& key : arguments.order) order_types.push_back(key->type);
  const sql::NullTreatment nulls = node.call == nullptr ? sql::NullTreatment::kDefault : node.call->null_treatment;
  expr::AggregateBindCall call;
  call.name = node.name[0];
  call.types = types;
  call.constants = constants;
  call.is_distinct = node.call != nullptr && node.call->distinct;
  call.respect_nulls = nulls == sql::NullTreatment::kRespect;
  call.ignore_nulls = nulls == sql::NullTreatment::kIgnore;
  call.input_retracts = input_retracts_;
  call.order_types = order_types;
  call.order = arguments.order_keys;
  auto bound = function.bind(call);
  if (!bound) return Error(std::move(bound.error().At(node.position)));
  return std::make_shared<const expr::BoundAggregate>(*std::move(bound));
}

// Plain columns first, in the input's order, so that late rows read like the rows that came in.
void AggregateScope::SortInputs() {
  std::vector<uint32_t> order(needed_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, {}, [&](uint32_t i) {
    return needed_[i]->kind == expr::ExprKind::kColumn ? needed_[i]->column : UINT32_MAX;
  });
  std::vector<uint32_t> to(needed_.size());
  std::vector<ExprPtr> sorted;
  std::vector<std::string> names;
  for (uint32_t i = 0; i < order.size(); ++i) {
    to[order[i]] = i;
    sorted.push_back(std::move(needed_[order[i]]));
    names.push_back(std::move(needed_names_[order[i]]));
  }
  needed_ = std::move(sorted);
  needed_names_ = std::move(names);
  for (uint32_t& column : key_columns_) column = to[column];
  time_column_ = window_ ? to[time_column_] : 0;
  for (Call& call : calls_) {
    for (uint32_t& column : call.call.arguments) column = to[column];
    if (call.call.filter >= 0) call.call.filter = static_cast<int>(to[static_cast<size_t>(call.call.filter)]);
  }
}

namespace {

Status CheckTime(const Scope& scope, const Properties& below, const WindowCall& window, QueryMode mode,
                 exec::EmitKind emit) {
  for (const ScopeColumn& column : scope.columns) {
    if (column.index != window.time_column) continue;
    if (!column.type.is_timestamp()) {
      return Status(ErrorCode::kNotTimeAttribute,
                    "window column \"" + column.name + "\" is " + column.type.ToString() + ", not a TIMESTAMP")
          .WithHint("declare a generated TIMESTAMP column on the source")
          .At(window.position);
    }
    if (mode == QueryMode::kBatch) return {};
    const bool needs = emit != exec::EmitKind::kOnUpdate && emit != exec::EmitKind::kChanges;
    if (!below.has_watermark && needs) {
      return Status(ErrorCode::kNeedsWatermark, "this window closes by a watermark, but its input has none")
          .WithHint("add WATERMARK FOR " + column.name + " to the source, or EMIT ON UPDATE")
          .At(window.position);
    }
    if (below.has_watermark && !column.is_time) {
      return Status(ErrorCode::kNotTimeAttribute,
                    "\"" + column.name + "\" is not a time attribute: no watermark bounds it")
          .WithHint("window on the column of WATERMARK FOR, or on window_start or window_end of a view")
          .At(window.position);
    }
  }
  return {};
}

}  // namespace

Result<NodePtr> AggregateScope::Build(NodePtr below, QueryMode mode, const EmitChoice& emit, Duration lateness) {
  SortInputs();
  const Properties input = below->properties;
  NodePtr projected = MakeFilterProject(std::move(below), nullptr, std::move(needed_), needed_names_);
  auto node = std::make_unique<Node>();
  node->emit_origin = mode == QueryMode::kBatch ? "batch" : emit.origin;
  node->properties = input;
  node->properties.upsert_key.emplace();
  for (uint32_t i = 0; i < keys_.size(); ++i) {
    node->schema.Add({key_names_[i], keys_[i]->type, keys_[i]->nullable});
    node->properties.upsert_key->push_back(i);
  }
  std::vector<exec::AggregateCall> calls;
  for (Call& call : calls_) calls.push_back(std::move(call.call));
  if (window_) {
    exec::WindowAggregateSpec spec;
    spec.input = projected->schema.Types();
    spec.time_column = time_column_;
    spec.size = window_->size;
    spec.slide = window_->slide;
    spec.offset = window_->offset;
    spec.lateness = mode == QueryMode::kBatch ? 0 : lateness;
    spec.keys = key_columns_;
    spec.emit = mode == QueryMode::kBatch ? exec::EmitKind::kFinal : emit.kind.value_or(exec::EmitKind::kOnWatermark);
    spec.input_retracts = input_retracts_;
    TRY(CheckTime(input_, input, *window_, mode, spec.emit));
    node->kind = NodeKind::kWindowAggregate;
    // Windows of one size: the start says the end, so it alone completes the key.
    node->properties.upsert_key->push_back(static_cast<uint32_t>(node->schema.size()));
    for (const char* name : {"window_start", "window_end"}) node->schema.Add({name, time_type(), false});
    using enum exec::EmitKind;
    node->properties.append_only =
        spec.emit == kFinal || spec.emit == kOnWindowClose || (spec.emit == kOnWatermark && spec.lateness == 0);
    node->properties.time_attribute.assign(keys_.size() + 2 + calls.size(), false);
    node->properties.time_attribute[keys_.size()] = input.has_watermark;
    node->properties.time_attribute[keys_.size() + 1] = input.has_watermark;
    for (const exec::AggregateCall& call : calls)
      node->schema.Add({call.function->name, call.function->result_type, call.function->is_nullable});
    spec.aggregates = std::move(calls);
    node->spec = std::move(spec);
  } else {
    exec::GroupAggregateSpec spec;
    spec.input = projected->schema.Types();
    spec.keys = key_columns_;
    spec.emit = mode == QueryMode::kBatch ? exec::EmitKind::kFinal : emit.kind.value_or(exec::EmitKind::kOnUpdate);
    if (spec.emit == exec::EmitKind::kOnWatermark || spec.emit == exec::EmitKind::kOnWindowClose) {
      return Error(Status(ErrorCode::kEmitNeedsBucket, "this EMIT needs a window in GROUP BY")
                       .WithHint("group by TUMBLE(ts, INTERVAL '1' MINUTE), or EMIT ON UPDATE")
                       .At(emit.position));
    }
    spec.input_retracts = input_retracts_;
    node->kind = NodeKind::kGroupAggregate;
    node->properties.append_only = spec.emit == exec::EmitKind::kFinal;
    node->properties.time_attribute.assign(keys_.size() + calls.size(), false);
    node->properties.has_watermark = false;
    for (const exec::AggregateCall& call : calls)
      node->schema.Add({call.function->name, call.function->result_type, call.function->is_nullable});
    spec.aggregates = std::move(calls);
    node->spec = std::move(spec);
  }
  node->inputs.push_back(std::move(projected));
  return node;
}

}  // namespace laminar::plan
