// FROM: relations, views, CTEs, sub-queries, window and other table functions.
#include <algorithm>

#include "base/text.h"
#include "plan/bind/query_binder.h"
#include "sql/parser.h"
#include "sql/printer.h"

namespace laminar::plan {

using catalog::RelationKind;
using data::Type;
using data::TypeId;
using data::Value;
using expr::ExprPtr;
using sql::ExpressionKind;

bool IsWindowName(std::string_view name) {
  return name == "tumble" || name == "hop" || name == "slide" || name == "session" || name == "cumulate";
}

Status BindWindowArguments(const PlanContext& context, const sql::Expression& call, size_t first, WindowCall& window) {
  const std::string& name = call.name.back();
  window.position = call.position;
  if (name == "session" || name == "cumulate") {
    return NotSupportedYet(name == "session" ? "a SESSION window" : "a CUMULATE window", call.position,
                           "TUMBLE and HOP work");
  }
  window.is_hop = name != "tumble";
  const size_t durations = window.is_hop ? 2 : 1;
  const size_t given = call.children.size() - first;
  if (call.children.size() <= first || given < durations + (first == 0 ? 1 : 0) ||
      given > durations + 1 + (first == 0 ? 1 : 0)) {
    const std::string form = window.is_hop ? ToUpper(name) + " requires 3 arguments (time_column, slide, size)"
                                           : "TUMBLE requires 2 arguments (time_column, interval)";
    return Status(ErrorCode::kWindowArguments, form + ", found " + std::to_string(call.children.size()))
        .WithHint(window.is_hop ? "HOP(ts, INTERVAL '1' MINUTE, INTERVAL '5' MINUTE)"
                                : "TUMBLE(ts, INTERVAL '1' MINUTE)")
        .At(call.position);
  }
  size_t i = first == 0 ? 1 : first;
  if (window.is_hop) window.slide = TRY(BindDuration(context, *call.children[i++], "the slide"));
  window.size = TRY(BindDuration(context, *call.children[i], window.is_hop ? "the window size" : "the window size"));
  const TextPosition size_position = call.children[i++]->position;
  if (!window.is_hop) window.slide = window.size;
  if (i < call.children.size()) window.offset = TRY(BindDuration(context, *call.children[i], "the window offset"));
  if (window.size <= 0 || window.slide <= 0) {
    return Status(ErrorCode::kBadDuration, "window sizes and slides must be positive")
        .WithHint("for example INTERVAL '1' MINUTE")
        .At(size_position);
  }
  if (window.slide > window.size) {
    return Status(ErrorCode::kBadDuration, "the slide must not exceed the window size")
        .WithHint("the order is HOP(time, slide, size)")
        .At(call.position);
  }
  if (window.size / window.slide > 10000) {
    return Status(ErrorCode::kBadDuration, "a row would fall into more than 10000 windows")
        .WithHint("use a longer slide")
        .At(call.position);
  }
  window.offset = FloorMod(window.offset, window.slide);
  return {};
}

Result<Bound> QueryBinder::Alias(NodePtr node, const sql::TableRef& ref) {
  Bound bound;
  bound.scope = ScopeOf(*node, ref.alias);
  if (ref.column_aliases.size() > bound.scope.columns.size()) {
    return Error(Status(ErrorCode::kUnknownColumn, "\"" + ref.alias + "\" has " +
                                                       std::to_string(bound.scope.columns.size()) + " columns but " +
                                                       std::to_string(ref.column_aliases.size()) + " aliases")
                     .At(ref.position));
  }
  for (size_t i = 0; i < ref.column_aliases.size(); ++i) bound.scope.columns[i].name = ref.column_aliases[i];
  bound.node = std::move(node);
  return bound;
}

Result<Bound> QueryBinder::BindFrom(const sql::TableRef& ref, bool is_top, std::optional<WindowCall>& window) {
  switch (ref.kind) {
    case sql::TableRefKind::kNamed: return BindNamed(ref);
    case sql::TableRefKind::kSubquery: return Alias(TRY(BindQuery(*ref.query, is_top)), ref);
    case sql::TableRefKind::kFunction: return BindTableFunction(ref, window);
    case sql::TableRefKind::kJoin: {
      const sql::Join& join = *ref.join;
      const bool unnest = join.kind == sql::JoinKind::kCross && join.right->kind == sql::TableRefKind::kFunction &&
                          join.right->function->name.back() == "unnest";
      if (unnest) {
        Bound left = TRY(BindFrom(*join.left, is_top, window));
        return BindUnnest(*join.right, std::move(left));
      }
      return Error(NotSupportedYet(join.asof ? "ASOF JOIN" : "JOIN", ref.position,
                                   "one relation in FROM works; UNION ALL combines several"));
    }
  }
  return Error(ErrorCode::kInternal, "a table reference of unknown kind");
}

Result<Bound> QueryBinder::BindNamed(const sql::TableRef& ref) {
  if (ref.as_of != nullptr || ref.latest || !ref.versioned_on.empty())
    return Error(NotSupportedYet("a temporal table reference", ref.position));
  if (!ref.timestamp_by.empty())
    return Error(NotSupportedYet("TIMESTAMP BY", ref.position, "declare WATERMARK FOR that column on the source"));
  if (ref.name.size() == 1) {
    for (size_t i = ctes_.size(); i-- > 0;) {
      if (ctes_[i]->name != ref.name[0]) continue;
      const sql::CommonTable& cte = *ctes_[i];
      // A CTE sees only the ones before it.
      const std::vector<const sql::CommonTable*> saved(ctes_.begin(), ctes_.end());
      ctes_.resize(i);
      NodePtr node = TRY(BindQuery(*cte.query, false));
      ctes_ = saved;
      sql::TableRef named;
      named.alias = ref.alias.empty() ? cte.name : ref.alias;
      named.column_aliases = ref.column_aliases.empty() ? cte.columns : ref.column_aliases;
      named.position = ref.position;
      return Alias(std::move(node), named);
    }
  }
  const std::string name = ref.name.back();
  if (name == "laminar_metrics" && context_.catalog->Find(name) == nullptr) {
    Bound bound;
    bound.node = std::make_unique<Node>();
    bound.node->kind = NodeKind::kFunction;
    bound.node->function = "laminar_metrics";
    bound.node->properties.bounded = true;
    bound.node->schema = data::Schema({{"name", TypeId::kVarchar, false},
                                       {"labels", TypeId::kVarchar, false},
                                       {"kind", TypeId::kVarchar, false},
                                       {"value", TypeId::kDouble, false}});
    bound.node->properties.time_attribute.assign(4, false);
    bound.scope = ScopeOf(*bound.node, ref.alias.empty() ? name : ref.alias);
    return bound;
  }
  auto relation = context_.catalog->Get(name);
  if (!relation) return Error(std::move(relation.error().At(ref.position)));
  Bound bound = TRY(BindRelation(*relation, ref.alias.empty() ? name : ref.alias, ref.position));
  if (!ref.column_aliases.empty()) {
    sql::TableRef named;
    named.alias = ref.alias;
    named.column_aliases = ref.column_aliases;
    named.position = ref.position;
    return Alias(std::move(bound.node), named);
  }
  return bound;
}

Result<NodePtr> QueryBinder::ExpandView(const catalog::Relation& view, TextPosition position) {
  auto statement = sql::ParseStatement(view.query);
  if (!statement) return Error(std::move(statement.error().Prefix("view \"" + view.name + "\"")));
  const auto* select = std::get_if<sql::SelectStatement>(&statement->node);
  if (select == nullptr) return Error(ErrorCode::kInternal, "view \"" + view.name + "\" does not hold a query");
  const std::vector<const sql::CommonTable*> saved = std::move(ctes_);
  ctes_.clear();
  auto node = BindQuery(*select->query, false);
  ctes_ = saved;
  if (!node) return Error(std::move(node.error().Prefix("view \"" + view.name + "\"").At(position)));
  for (size_t i = 0; i < view.schema.size() && i < (*node)->schema.size(); ++i) {
    std::vector<data::Field> fields = (*node)->schema.fields();
    fields[i].name = view.schema[i].name;
    (*node)->schema = data::Schema(std::move(fields));
  }
  return node;
}

Result<Bound> QueryBinder::BindRelation(const catalog::RelationPtr& relation, const std::string& alias,
                                        TextPosition position) {
  Bound bound;
  if (relation->kind == RelationKind::kSink) {
    return Error(Status(ErrorCode::kNotThatKind, "\"" + relation->name + "\" is a sink; it can be written, not read")
                     .At(position));
  }
  DependOn(relation->name);
  if (relation->kind == RelationKind::kView) {
    bound.node = TRY(ExpandView(*relation, position));
    bound.scope = ScopeOf(*bound.node, alias);
    return bound;
  }
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kScan;
  node->relation = relation;
  node->schema = relation->schema;
  for (uint32_t i = 0; i < relation->schema.size(); ++i) node->columns.push_back(i);
  Properties& p = node->properties;
  p.time_attribute.assign(relation->schema.size(), false);
  const bool is_view = relation->kind == RelationKind::kMaterializedView;
  if (is_view) {
    p.time_attribute = relation->time_attribute;
    p.time_attribute.resize(relation->schema.size(), false);
    p.has_watermark = relation->has_watermark;
    p.append_only = relation->append_only;
    p.upsert_key = relation->upsert_key;
    p.bounded = relation->bounded;
  } else {
    if (relation->watermark) p.time_attribute[relation->watermark->column] = true;
    p.has_watermark = relation->watermark.has_value();
    p.append_only = relation->append_only && relation->primary_key.empty();
    if (!relation->primary_key.empty()) p.upsert_key = relation->primary_key;
    p.bounded = relation->bounded;
  }
  if (mode_ == QueryMode::kBatch) {  // a snapshot, or a source read to its end: plain rows, no progress to wait for
    p.append_only = true;
    p.has_watermark = false;
    p.bounded = true;
  }
  bound.node = std::move(node);
  bound.scope = ScopeOf(*bound.node, alias);
  return bound;
}

Result<Bound> QueryBinder::BindTableFunction(const sql::TableRef& ref, std::optional<WindowCall>& window) {
  const std::string& name = ref.function->name.back();
  if (IsWindowName(name)) return BindWindowFunction(ref, window);
  if (name == "unnest") {
    Bound one;
    one.node = std::make_unique<Node>();
    one.node->kind = NodeKind::kValues;
    one.node->rows.emplace_back();
    one.node->properties.bounded = true;
    return BindUnnest(ref, std::move(one));
  }
  return BindSystemFunction(ref);
}

Result<Bound> QueryBinder::BindWindowFunction(const sql::TableRef& ref, std::optional<WindowCall>& window) {
  const sql::Expression& call = *ref.function;
  const std::string upper = ToUpper(call.name.back());
  if (call.children.size() < 3) {
    return Error(
        Status(ErrorCode::kWindowArguments, upper + " in FROM requires a relation, a time column and durations")
            .WithHint(upper == "TUMBLE" ? "FROM TUMBLE(orders, ts, INTERVAL '1' MINUTE)"
                                        : "FROM HOP(orders, ts, INTERVAL '1' MINUTE, INTERVAL '5' MINUTE)")
            .At(call.position));
  }
  const sql::Expression& input = *call.children[0];
  Bound bound;
  if (input.kind == ExpressionKind::kColumn ||
      (input.kind == ExpressionKind::kTableArgument && input.query == nullptr)) {
    sql::TableRef named;
    named.kind = sql::TableRefKind::kNamed;
    named.name = input.name;
    named.position = input.position;
    bound = TRY(BindNamed(named));
  } else if (input.query != nullptr) {
    bound.node = TRY(BindQuery(*input.query, false));
    bound.scope = ScopeOf(*bound.node, "");
  } else {
    return Error(Status(ErrorCode::kWindowArguments,
                        "the first argument of " + upper + " in FROM is a relation, found " + sql::Print(input))
                     .At(input.position));
  }
  if (!ref.alias.empty()) {
    for (ScopeColumn& column : bound.scope.columns) column.relation = ref.alias;
  }
  const sql::Expression* time = call.children[1].get();
  if (time->kind == ExpressionKind::kCall && time->name.back() == "descriptor" && time->children.size() == 1)
    time = time->children[0].get();
  if (time->kind != ExpressionKind::kColumn) {
    return Error(Status(ErrorCode::kWindowArguments,
                        "the second argument of " + upper + " in FROM is a time column, found " + sql::Print(*time))
                     .At(time->position));
  }
  WindowCall w;
  w.in_from = true;
  w.relation = ref.alias.empty() && !bound.scope.columns.empty() ? bound.scope.columns[0].relation : ref.alias;
  w.time_column = TRY(bound.scope.Resolve(time->name, time->position)).first->index;
  TRY(BindWindowArguments(context_, call, 2, w));
  window = w;
  return bound;
}

Result<Bound> QueryBinder::BindUnnest(const sql::TableRef& ref, Bound input) {
  const sql::Expression& call = *ref.function;
  if (call.children.size() != 1)
    return Error(Status(ErrorCode::kFunctionArguments, "unnest takes one array here").At(call.position));
  ExpressionBinder binder(context_, input.scope);
  ExprPtr array = TRY(binder.Bind(*call.children[0]));
  const Type type = array->type;
  if (type.id() != TypeId::kArray && type.id() != TypeId::kMap) {
    return Error(
        Status(ErrorCode::kTypeMismatch, "unnest needs an ARRAY or MAP, found " + type.ToString()).At(call.position));
  }
  std::vector<ExprPtr> outputs;
  std::vector<std::string> names;
  for (uint32_t i = 0; i < input.node->schema.size(); ++i) {
    outputs.push_back(expr::MakeColumn(i, input.node->schema[i].type, input.node->schema[i].nullable));
    names.push_back(input.node->schema[i].name);
  }
  const uint32_t column = static_cast<uint32_t>(outputs.size());
  outputs.push_back(std::move(array));
  names.push_back("unnest");
  NodePtr below = MakeFilterProject(std::move(input.node), nullptr, std::move(outputs), std::move(names));
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kUnnest;
  node->schema = below->schema;
  exec::UnnestSpec spec;
  spec.input = below->schema.Types();
  spec.column = column;
  spec.with_ordinality = ref.with_ordinality;
  std::vector<data::Field> added;
  if (type.id() == TypeId::kArray) {
    added.push_back({"unnest", type.element(), true});
  } else {
    added.push_back({"key", type.key_type(), true});
    added.push_back({"value", type.value_type(), true});
  }
  if (ref.with_ordinality) added.push_back({"ordinality", Type(TypeId::kInt64), false});
  const std::string relation = ref.alias.empty() ? "unnest" : ref.alias;
  for (size_t i = 0; i < added.size(); ++i) {
    if (i < ref.column_aliases.size())
      added[i].name = ref.column_aliases[i];
    else if (i == 0 && !ref.alias.empty() && type.id() == TypeId::kArray)
      added[i].name = ref.alias;
    input.scope.columns.push_back(
        {relation, added[i].name, added[i].type, true, false, static_cast<uint32_t>(node->schema.size())});
    node->schema.Add(added[i]);
  }
  node->properties = below->properties;
  node->properties.time_attribute.resize(node->schema.size(), false);
  node->properties.upsert_key.reset();
  node->spec = std::move(spec);
  node->inputs.push_back(std::move(below));
  input.node = std::move(node);
  return input;
}

// read_csv('path'): the rows of a file as they are now, columns found by looking into it.
Result<Bound> QueryBinder::BindFile(const sql::TableRef& ref) {
  const sql::Expression& call = *ref.function;
  const std::string& name = call.name.back();
  if (call.children.size() != 1)
    return Error(Status(ErrorCode::kFunctionArguments, name + " takes a path")
                     .WithHint("other options: CREATE SOURCE ... WITH (connector = 'file', path = '...')")
                     .At(call.position));
  const Value path = TRY(BindConstant(context_, *call.children[0], Type(TypeId::kVarchar), "the path of " + name));
  if (path.is_null())
    return Error(Status(ErrorCode::kFunctionArguments, "the path of " + name + " is NULL").At(call.position));
  if (mode_ != QueryMode::kBatch || context_.open_file == nullptr) {
    return Error(NotSupportedYet(name + " in a query that goes on", call.position,
                                 "CREATE SOURCE s WITH (connector = 'file', path = '...') and read s"));
  }
  auto relation = context_.open_file(path.string_value(), name == "read_file" ? "" : name.substr(5));
  if (!relation) return Error(std::move(relation.error().At(call.children[0]->position)));
  Bound bound = TRY(BindRelation(*relation, ref.alias.empty() ? name : ref.alias, ref.position));
  std::erase(plan_.depends_on, (*relation)->name);  // not an object of the catalog
  if (ref.column_aliases.empty()) return bound;
  sql::TableRef named;
  named.alias = ref.alias;
  named.column_aliases = ref.column_aliases;
  named.position = ref.position;
  return Alias(std::move(bound.node), named);
}

Result<Bound> QueryBinder::BindSystemFunction(const sql::TableRef& ref) {
  const sql::Expression& call = *ref.function;
  const std::string& name = call.name.back();
  if (name == "read_csv" || name == "read_json" || name == "read_parquet" || name == "read_arrow" ||
      name == "read_file")
    return BindFile(ref);
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kFunction;
  node->function = name;
  node->properties.bounded = true;
  if (name == "generate_series" || name == "range") {
    if (call.children.empty() || call.children.size() > 3) {
      return Error(Status(ErrorCode::kFunctionArguments, name + " takes a stop, or a start, a stop and a step")
                       .At(call.position));
    }
    for (const sql::ExpressionPtr& child : call.children) {
      node->arguments.push_back(TRY(BindConstant(context_, *child, Type(TypeId::kInt64), "an argument of " + name)));
      if (node->arguments.back().is_null())
        return Error(Status(ErrorCode::kFunctionArguments, "an argument of " + name + " is NULL").At(child->position));
    }
    if (node->arguments.size() == 3 && node->arguments[2].int_value() == 0) {
      return Error(Status(ErrorCode::kFunctionArguments, "the step of " + name + " is zero").At(call.position));
    }
    node->schema = data::Schema({{name, TypeId::kInt64, false}});
  } else if (name == "late" || name == "errors") {
    if (call.children.size() != 1)
      return Error(Status(ErrorCode::kFunctionArguments, name + " takes the name of a view or source")
                       .WithHint("SELECT * FROM " + name + "('my_view')")
                       .At(call.position));
    const Value argument =
        TRY(BindConstant(context_, *call.children[0], Type(TypeId::kVarchar), "the argument of " + name));
    if (argument.is_null())
      return Error(Status(ErrorCode::kFunctionArguments, "the argument of " + name + " is NULL").At(call.position));
    auto relation = context_.catalog->Get(argument.string_value());
    if (!relation) return Error(std::move(relation.error().At(call.children[0]->position)));
    node->arguments.push_back(argument);
    if (name == "late") {
      if ((*relation)->late_schema.size() == 0) {
        return Error(Status(ErrorCode::kLateWithoutWindow,
                            "\"" + argument.string_value() + "\" has no window, so it has no late rows")
                         .At(call.position));
      }
      node->schema = (*relation)->late_schema;
    } else {
      node->schema = data::Schema({{"place", TypeId::kVarchar, false},
                                   {"code", TypeId::kVarchar, false},
                                   {"reason", TypeId::kVarchar, false},
                                   {"row_text", TypeId::kVarchar, false}});
    }
  } else {
    return Error(Status(ErrorCode::kUnknownFunction, "there is no table function " + name)
                     .WithHint("there are: tumble, hop, unnest, generate_series, range, read_csv, read_json, "
                               "read_parquet, read_arrow, late, errors")
                     .At(call.position));
  }
  node->properties.time_attribute.assign(node->schema.size(), false);
  sql::TableRef named;
  named.alias = ref.alias.empty() ? name : ref.alias;
  named.column_aliases = ref.column_aliases;
  named.position = ref.position;
  return Alias(std::move(node), named);
}

}  // namespace laminar::plan
