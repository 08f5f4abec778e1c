#include "plan/bind/query_binder.h"

#include <algorithm>

#include "base/text.h"
#include "expr/program.h"
#include "plan/bind/type_binder.h"
#include "sql/parser.h"
#include "sql/printer.h"

namespace laminar::plan {

using data::Type;
using data::TypeId;
using data::Value;
using expr::ExprPtr;

Status NotSupportedYet(const std::string& what, TextPosition position, std::string hint) {
  return Status(ErrorCode::kNotSupported, what + " is not supported yet").WithHint(std::move(hint)).At(position);
}

Scope ScopeOf(const Node& node, const std::string& relation) {
  Scope scope;
  for (uint32_t i = 0; i < node.schema.size(); ++i) {
    const data::Field& field = node.schema[i];
    scope.columns.push_back({relation, field.name, field.type, field.nullable, node.properties.IsTime(i), i});
  }
  return scope;
}

namespace {

// What a projection keeps of its input's properties: columns passed on unchanged keep their place in keys and their
// time.
Properties Project(const Properties& input, const std::vector<ExprPtr>& outputs) {
  Properties out = input;
  out.time_attribute.assign(outputs.size(), false);
  std::vector<int> place;
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i]->kind != expr::ExprKind::kColumn) continue;
    const uint32_t from = outputs[i]->column;
    out.time_attribute[i] = input.IsTime(from);
    if (place.size() <= from) place.resize(from + 1, -1);
    if (place[from] < 0) place[from] = static_cast<int>(i);
  }
  if (out.upsert_key) {
    for (uint32_t& column : *out.upsert_key) {
      if (column >= place.size() || place[column] < 0) {
        out.upsert_key.reset();
        break;
      }
      column = static_cast<uint32_t>(place[column]);
    }
  }
  return out;
}

}  // namespace

NodePtr MakeFilterProject(NodePtr input, ExprPtr predicate, std::vector<ExprPtr> outputs,
                          std::vector<std::string> names) {
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kFilterProject;
  for (size_t i = 0; i < outputs.size(); ++i)
    node->schema.Add({std::move(names[i]), outputs[i]->type, outputs[i]->nullable});
  node->properties = Project(input->properties, outputs);
  exec::FilterProjectSpec spec;
  spec.input = input->schema.Types();
  spec.predicate = std::move(predicate);
  spec.outputs = std::move(outputs);
  node->spec = std::move(spec);
  node->inputs.push_back(std::move(input));
  return node;
}

NodePtr MakeFilter(NodePtr input, ExprPtr predicate) {
  std::vector<ExprPtr> outputs;
  std::vector<std::string> names;
  for (uint32_t i = 0; i < input->schema.size(); ++i) {
    outputs.push_back(expr::MakeColumn(i, input->schema[i].type, input->schema[i].nullable));
    names.push_back(input->schema[i].name);
  }
  return MakeFilterProject(std::move(input), std::move(predicate), std::move(outputs), std::move(names));
}

NodePtr MakeDistinct(NodePtr input, QueryMode mode, const EmitChoice& emit) {
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kGroupAggregate;
  node->schema = input->schema;
  exec::GroupAggregateSpec spec;
  spec.input = input->schema.Types();
  for (uint32_t i = 0; i < input->schema.size(); ++i) spec.keys.push_back(i);
  spec.input_retracts = !input->properties.append_only;
  spec.emit = mode == QueryMode::kBatch ? exec::EmitKind::kFinal : emit.kind.value_or(exec::EmitKind::kOnUpdate);
  node->emit_origin = mode == QueryMode::kBatch ? "batch" : emit.origin;
  node->properties = input->properties;
  // With append-only input a row appears once and never leaves.
  node->properties.append_only = spec.emit == exec::EmitKind::kFinal || input->properties.append_only;
  node->properties.upsert_key = spec.keys;
  node->spec = std::move(spec);
  node->inputs.push_back(std::move(input));
  return node;
}

Result<NodePtr> QueryBinder::BindQuery(const sql::Query& query, bool is_top) {
  if (++depth_ > 64)
    return Error(
        Status(ErrorCode::kTooComplex, "views and sub-queries are nested more than 64 deep").At(query.position));
  const size_t ctes_before = ctes_.size();
  const Duration lateness_before = lateness_;
  if (query.recursive) return Error(NotSupportedYet("WITH RECURSIVE", query.position));
  if (query.stream.lateness != nullptr) {
    lateness_ = TRY(BindDuration(context_, *query.stream.lateness, "the allowed lateness"));
    if (lateness_ < 0)
      return Error(
          Status(ErrorCode::kNegativeLateness, "the allowed lateness is negative").At(query.stream.lateness_position));
  }
  for (const sql::CommonTable& cte : query.with) ctes_.push_back(&cte);
  bool took_order = false;
  NodePtr node = TRY(BindBody(*query.body, query, is_top, took_order));
  node = TRY(AddOrderAndLimit(std::move(node), query, took_order));
  ctes_.resize(ctes_before);
  lateness_ = lateness_before;
  --depth_;
  return node;
}

Result<NodePtr> QueryBinder::BindBody(const sql::QueryBody& body, const sql::Query& owner, bool is_top,
                                      bool& took_order) {
  switch (body.kind) {
    case sql::BodyKind::kSelect: return BindSelect(*this, *body.select, owner, is_top, took_order);
    case sql::BodyKind::kSetOperation: return BindSetOperation(body, is_top);
    case sql::BodyKind::kValues: return BindValues(body);
    case sql::BodyKind::kNested: return BindQuery(*body.nested, is_top);
  }
  return Error(ErrorCode::kInternal, "a query body of unknown kind");
}

namespace {

// Is column `c` of this side the word NULL?
bool IsNullColumn(const sql::QueryBody& body, size_t c) {
  if (body.kind != sql::BodyKind::kSelect || c >= body.select->items.size()) return false;
  for (size_t i = 0; i < c; ++i) {
    if (body.select->items[i].expression->kind == sql::ExpressionKind::kStar) return false;  // it may be many columns
  }
  const sql::Expression& item = *body.select->items[c].expression;
  return item.kind == sql::ExpressionKind::kLiteral && item.literal.kind == sql::LiteralKind::kNull;
}

}  // namespace

Result<NodePtr> QueryBinder::BindSetOperation(const sql::QueryBody& body, bool is_top) {
  if (body.op != sql::SetOperator::kUnion) {
    return Error(NotSupportedYet(body.op == sql::SetOperator::kIntersect ? "INTERSECT" : "EXCEPT", body.position,
                                 "UNION and UNION ALL work"));
  }
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kUnion;
  const sql::Query no_order;
  for (const sql::QueryBodyPtr& input : body.inputs) {
    bool took = false;
    node->inputs.push_back(TRY(BindBody(*input, no_order, is_top, took)));
  }
  const size_t width = node->inputs[0]->schema.size();
  // A bare NULL takes the type of the other sides.
  auto type_of = [&](size_t i, size_t c) {
    return IsNullColumn(*body.inputs[i], c) ? Type(TypeId::kNull) : node->inputs[i]->schema[c].type;
  };
  std::vector<Type> types;
  for (size_t c = 0; c < width; ++c) types.push_back(type_of(0, c));
  for (size_t i = 1; i < node->inputs.size(); ++i) {
    const data::Schema& schema = node->inputs[i]->schema;
    if (schema.size() != width) {
      return Error(Status(ErrorCode::kTypeMismatch, "the sides of UNION have " + std::to_string(width) + " and " +
                                                        std::to_string(schema.size()) + " columns")
                       .At(body.inputs[i]->position));
    }
    for (size_t c = 0; c < width; ++c) {
      auto common = expr::CommonType(types[c], type_of(i, c));
      if (!common)
        return Error(std::move(
            common.error().Prefix("column " + std::to_string(c + 1) + " of UNION").At(body.inputs[i]->position)));
      types[c] = *std::move(common);
    }
  }
  for (Type& type : types) {
    if (type.id() == TypeId::kNull) type = Type(TypeId::kVarchar);
  }
  exec::UnionSpec spec;
  spec.types = types;
  spec.inputs = static_cast<uint32_t>(node->inputs.size());
  Properties all;
  all.bounded = true;
  all.has_watermark = true;
  all.time_attribute.assign(width, true);
  for (size_t i = 0; i < node->inputs.size(); ++i) {
    NodePtr& input = node->inputs[i];
    std::vector<ExprPtr> outputs;
    std::vector<std::string> names;
    for (uint32_t c = 0; c < width; ++c) {
      ExprPtr column = IsNullColumn(*body.inputs[i], c)
                           ? expr::MakeLiteral(data::Value(), Type(TypeId::kNull))
                           : expr::MakeColumn(c, input->schema[c].type, input->schema[c].nullable);
      outputs.push_back(TRY(CastTo(std::move(column), types[c], body.position)));
      names.push_back(node->inputs[0]->schema[c].name);
      all.time_attribute[c] = all.time_attribute[c] && input->properties.IsTime(c);
    }
    all.append_only &= input->properties.append_only;
    all.bounded &= input->properties.bounded;
    all.has_watermark &= input->properties.has_watermark;
    if (input->schema.Types() != types)
      input = MakeFilterProject(std::move(input), nullptr, std::move(outputs), std::move(names));
  }
  for (size_t c = 0; c < width; ++c) node->schema.Add({node->inputs[0]->schema[c].name, types[c], true});
  node->properties = std::move(all);
  node->spec = std::move(spec);
  if (body.all) return node;
  return MakeDistinct(std::move(node), mode_, is_top ? emit_ : EmitChoice{});
}

Result<NodePtr> QueryBinder::BindValues(const sql::QueryBody& body) {
  const Scope nothing;
  ExpressionBinder binder(context_, nothing);
  const size_t width = body.values[0].size();
  std::vector<std::vector<ExprPtr>> columns(width);
  for (const auto& row : body.values) {
    for (size_t c = 0; c < width; ++c) columns[c].push_back(TRY(binder.Bind(*row[c])));
  }
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kValues;
  node->rows.resize(body.values.size());
  node->properties.bounded = true;
  node->properties.time_attribute.assign(width, false);
  for (size_t c = 0; c < width; ++c) {
    std::vector<const sql::Expression*> nodes;
    for (const auto& row : body.values) nodes.push_back(row[c].get());
    Type type = TRY(Unify(columns[c], nodes, body.values[0][c]->position));
    if (type.id() == TypeId::kNull) type = Type(TypeId::kVarchar);
    for (size_t r = 0; r < columns[c].size(); ++r) {
      auto value = expr::EvaluateConstant(*columns[c][r], *context_.environment);
      if (!value) return Error(std::move(value.error().At(body.values[r][c]->position)));
      node->rows[r].push_back(*std::move(value));
    }
    node->schema.Add({"column" + std::to_string(c + 1), type, true});
  }
  return node;
}

Result<std::pair<uint64_t, uint64_t>> QueryBinder::BindLimit(const sql::Query& query) {
  auto bind = [&](const sql::ExpressionPtr& node, std::string_view what, uint64_t absent) -> Result<uint64_t> {
    if (node == nullptr) return absent;
    const Value value = TRY(BindConstant(context_, *node, Type(TypeId::kInt64), what));
    if (value.is_null()) return absent;
    if (value.int_value() < 0)
      return Error(Status(ErrorCode::kOutOfRange, std::string(what) + " is negative").At(node->position));
    return static_cast<uint64_t>(value.int_value());
  };
  const uint64_t limit = TRY(bind(query.limit, "LIMIT", UINT64_MAX));
  const uint64_t offset = TRY(bind(query.offset, "OFFSET", 0));
  return std::pair(limit, offset);
}

Result<NodePtr> QueryBinder::AddLimit(NodePtr node, const sql::Query& query) {
  if (query.limit == nullptr && query.offset == nullptr) return node;
  if (!node->properties.append_only) {
    const TextPosition position = query.limit ? query.limit->position : query.offset->position;
    return Error(NotSupportedYet("LIMIT over results that change", position,
                                 "add ORDER BY over a view, or EMIT ON WINDOW CLOSE"));
  }
  auto [limit, offset] = TRY(BindLimit(query));
  auto limited = std::make_unique<Node>();
  limited->kind = NodeKind::kLimit;
  limited->schema = node->schema;
  limited->properties = node->properties;
  limited->properties.bounded = true;
  limited->spec = exec::LimitSpec{limit, offset};
  limited->inputs.push_back(std::move(node));
  return limited;
}

// ORDER BY of a query whose body is not a SELECT: output names and positions only. A SELECT has handled its own
// (took_order).
Result<NodePtr> QueryBinder::AddOrderAndLimit(NodePtr node, const sql::Query& query, bool took_order) {
  if (took_order) return node;
  if (query.order_by.empty()) return AddLimit(std::move(node), query);
  if (!node->properties.bounded) {
    return Error(Status(ErrorCode::kUnboundedOrder, "ORDER BY needs an input that ends")
                     .WithHint("order when you read: SELECT ... FROM the view ORDER BY ...")
                     .At(query.order_by[0].expression->position));
  }
  exec::SortSpec spec;
  spec.input = node->schema.Types();
  const Scope scope = ScopeOf(*node, "");
  for (const sql::OrderItem& item : query.order_by) {
    uint32_t column = 0;
    const sql::Expression& e = *item.expression;
    if (e.kind == sql::ExpressionKind::kLiteral && e.literal.kind == sql::LiteralKind::kInteger) {
      if (e.literal.integer < 1 || e.literal.integer > static_cast<int64_t>(node->schema.size())) {
        return Error(Status(ErrorCode::kUnknownColumn, "ORDER BY position " + e.literal.text + " is not in the result")
                         .At(e.position));
      }
      column = static_cast<uint32_t>(e.literal.integer - 1);
    } else if (e.kind == sql::ExpressionKind::kColumn) {
      column = TRY(scope.Resolve(e.name, e.position)).first->index;
    } else {
      return Error(NotSupportedYet("ORDER BY an expression over UNION or VALUES", e.position,
                                   "order by a column name or position"));
    }
    const bool first =
        item.nulls == sql::NullsOrder::kFirst || (item.nulls == sql::NullsOrder::kDefault && item.descending);
    spec.columns.push_back({column, {item.descending, first}});
  }
  std::tie(spec.limit, spec.offset) = TRY(BindLimit(query));
  spec.input_retracts = !node->properties.append_only;
  auto sorted = std::make_unique<Node>();
  sorted->kind = NodeKind::kSort;
  sorted->schema = node->schema;
  sorted->properties = node->properties;
  sorted->properties.append_only = true;
  sorted->spec = std::move(spec);
  sorted->inputs.push_back(std::move(node));
  return sorted;
}

void QueryBinder::DependOn(const std::string& name) {
  if (std::ranges::find(plan_.depends_on, name) == plan_.depends_on.end()) plan_.depends_on.push_back(name);
}

}  // namespace laminar::plan
