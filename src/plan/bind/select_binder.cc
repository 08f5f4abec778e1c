// One SELECT: FROM -> WHERE -> GROUP BY -> HAVING -> SELECT -> DISTINCT -> ORDER BY -> LIMIT.
#include <algorithm>

#include "base/text.h"
#include "expr/program.h"
#include "plan/bind/aggregate_scope.h"
#include "plan/bind/query_binder.h"
#include "sql/printer.h"

namespace laminar::plan {

using data::Type;
using data::TypeId;
using expr::ExprPtr;
using sql::ExpressionKind;

// Named by QueryBinder as its friend: the steps of one SELECT share this state.
class SelectBinder {
 public:
  SelectBinder(QueryBinder& outer, const sql::Select& select, const sql::Query& owner, bool is_top)
      : outer_(outer), context_(outer.context_), select_(select), owner_(owner), is_top_(is_top) {}

  Result<NodePtr> Bind(bool& took_order);

 private:
  struct Item {
    const sql::Expression* node = nullptr;  // null: column `column` of the scope (from a star)
    uint32_t column = 0;
    std::string name;
  };

  Status RefuseUnsupported() const;
  Status BindFromClause();
  Status AddWindowAssign();
  Status BindWhere();
  Status ExpandItems();
  Status ExpandStar(const sql::Expression& star, bool grouped);
  bool IsGrouped() const;
  Status BindGrouping();
  Status AddGroupKey(const sql::Expression& node, std::vector<ExprPtr>& keys, std::vector<std::string>& names);
  Status BindSampleBy(std::vector<ExprPtr>& keys, std::vector<std::string>& names);
  bool NamesWindowBound(const sql::Expression& node) const;
  const sql::Expression& ResolveAlias(const sql::Expression& node) const;
  Status BindItems();
  Result<NodePtr> Finish(bool& took_order);
  Status BindOrder();

  QueryBinder& outer_;
  const PlanContext& context_;
  const sql::Select& select_;
  const sql::Query& owner_;
  bool is_top_;

  NodePtr node_;
  Scope scope_;
  std::optional<WindowCall> window_;
  std::vector<Item> items_;
  std::unique_ptr<AggregateScope> aggregate_;
  std::vector<ExprPtr> outputs_;  // SELECT list, then hidden sort keys
  std::vector<std::string> names_;
  size_t visible_ = 0;
  std::vector<exec::SortColumn> order_;
  ExprPtr having_;
};

Status SelectBinder::RefuseUnsupported() const {
  if (!select_.distinct_on.empty()) return NotSupportedYet("DISTINCT ON", select_.position);
  if (select_.qualify != nullptr) return NotSupportedYet("QUALIFY", select_.qualify->position);
  if (!select_.windows.empty()) return NotSupportedYet("the WINDOW clause", select_.position);
  for (const sql::GroupItem& item : select_.group_by) {
    if (item.kind != sql::GroupKind::kExpression)
      return NotSupportedYet("ROLLUP, CUBE and GROUPING SETS", item.position,
                             "UNION ALL of several GROUP BY queries works");
  }
  return {};
}

Status SelectBinder::BindFromClause() {
  if (select_.from.empty()) {
    node_ = std::make_unique<Node>();
    node_->kind = NodeKind::kValues;
    node_->rows.emplace_back();
    node_->properties.bounded = true;
    return {};
  }
  for (size_t i = 0; i < select_.from.size(); ++i) {
    const sql::TableRef& ref = *select_.from[i];
    if (i == 0) {
      // EMIT reaches a sub-query only when this SELECT does not aggregate itself.
      Bound bound = TRY(outer_.BindFrom(ref, is_top_ && !IsGrouped() && !select_.distinct, window_));
      node_ = std::move(bound.node);
      scope_ = std::move(bound.scope);
      continue;
    }
    const bool unnest = ref.kind == sql::TableRefKind::kFunction && ref.function->name.back() == "unnest";
    if (!unnest)
      return NotSupportedYet("a comma join", ref.position, "one relation in FROM works; UNION ALL combines several");
    Bound bound = TRY(outer_.BindUnnest(ref, {std::move(node_), std::move(scope_)}));
    node_ = std::move(bound.node);
    scope_ = std::move(bound.scope);
  }
  return {};
}

bool SelectBinder::NamesWindowBound(const sql::Expression& node) const {
  if (node.kind == ExpressionKind::kColumn) {
    return (node.name.back() == "window_start" || node.name.back() == "window_end") &&
           (node.name.size() == 1 || (window_ && node.name[0] == window_->relation));
  }
  return std::ranges::any_of(node.children,
                             [&](const sql::ExpressionPtr& c) { return c != nullptr && NamesWindowBound(*c); });
}

// FROM TUMBLE(...) without grouping by its bounds: the bounds become columns of every row.
Status SelectBinder::AddWindowAssign() {
  if (!window_ || !window_->in_from) return {};
  const bool grouped_by_bound = std::ranges::any_of(select_.group_by, [&](const sql::GroupItem& g) {
    return g.expression != nullptr && g.expression->kind == ExpressionKind::kColumn && NamesWindowBound(*g.expression);
  });
  if (grouped_by_bound) {
    if (select_.where != nullptr && NamesWindowBound(*select_.where)) {
      return NotSupportedYet("WHERE on window_start or window_end of a grouped window", select_.where->position,
                             "use HAVING");
    }
    return {};
  }
  Type time_type(TypeId::kTimestamp);
  for (const ScopeColumn& column : scope_.columns) {
    if (column.index == window_->time_column) time_type = column.type;
  }
  if (!time_type.is_timestamp()) {
    return Status(ErrorCode::kNotTimeAttribute, "the window column is " + time_type.ToString() + ", not a TIMESTAMP")
        .At(window_->position);
  }
  auto node = std::make_unique<Node>();
  node->kind = NodeKind::kWindowAssign;
  node->schema = node_->schema;
  exec::WindowAssignSpec spec;
  spec.input = node_->schema.Types();
  spec.time_column = window_->time_column;
  spec.size = window_->size;
  spec.slide = window_->slide;
  spec.offset = window_->offset;
  node->properties = node_->properties;
  node->properties.time_attribute.resize(node->schema.size(), false);
  if (window_->is_hop) node->properties.upsert_key.reset();
  for (const char* name : {"window_start", "window_end"}) {
    scope_.columns.push_back(
        {window_->relation, name, time_type, false, false, static_cast<uint32_t>(node->schema.size())});
    node->schema.Add({name, time_type, false});
    node->properties.time_attribute.push_back(false);
  }
  node->spec = std::move(spec);
  node->inputs.push_back(std::move(node_));
  node_ = std::move(node);
  window_.reset();
  return {};
}

Status SelectBinder::BindWhere() {
  if (select_.where == nullptr) return {};
  ExpressionBinder binder(context_, scope_);
  ExprPtr predicate = TRY(binder.BindCondition(*select_.where, "WHERE"));
  expr::FoldConstants(predicate, *context_.environment);
  node_ = MakeFilter(std::move(node_), std::move(predicate));
  return {};
}

bool SelectBinder::IsGrouped() const {
  if (!select_.group_by.empty() || select_.group_by_all || select_.having != nullptr || select_.sample_by != nullptr)
    return true;
  auto aggregates = [&](const sql::Expression& e) { return HasAggregate(context_, e); };
  if (std::ranges::any_of(select_.items, [&](const sql::SelectItem& i) { return aggregates(*i.expression); }))
    return true;
  return std::ranges::any_of(owner_.order_by, [&](const sql::OrderItem& i) { return aggregates(*i.expression); });
}

Status SelectBinder::ExpandStar(const sql::Expression& star, bool grouped) {
  const std::string qualifier = star.name.empty() ? "" : star.name.back();
  if (!star.children.empty() && star.children[0] != nullptr)
    return NotSupportedYet("(struct).*", star.position, "name the fields");
  bool any = false;
  for (const ScopeColumn& column : scope_.columns) {
    if (!qualifier.empty() && column.relation != qualifier) continue;
    any = true;
    if (star.star != nullptr && std::ranges::find(star.star->exclude, column.name) != star.star->exclude.end())
      continue;
    Item item;
    item.column = column.index;
    item.name = column.name;
    if (star.star != nullptr) {
      for (const sql::StarReplace& replace : star.star->replace) {
        if (replace.column == column.name) item.node = replace.expression.get();
      }
    }
    items_.push_back(std::move(item));
  }
  if (!any && !grouped) {
    return Status(ErrorCode::kUnknownColumn, qualifier.empty() ? "* stands in a SELECT without FROM"
                                                               : "there is no relation \"" + qualifier + "\" in FROM")
        .At(star.position);
  }
  return {};
}

Status SelectBinder::ExpandItems() {
  for (const sql::SelectItem& item : select_.items) {
    if (item.expression->kind == ExpressionKind::kStar) {
      TRY(ExpandStar(*item.expression, false));
      continue;
    }
    items_.push_back(
        {item.expression.get(), 0, item.alias.empty() ? sql::CanonicalName(*item.expression) : item.alias});
  }
  return {};
}

// GROUP BY 2 and GROUP BY alias mean items of the SELECT list (a column of the input wins over an alias, as in
// Postgres).
const sql::Expression& SelectBinder::ResolveAlias(const sql::Expression& node) const {
  if (node.kind == ExpressionKind::kLiteral && node.literal.kind == sql::LiteralKind::kInteger &&
      node.literal.integer >= 1 && node.literal.integer <= static_cast<int64_t>(select_.items.size())) {
    return *select_.items[static_cast<size_t>(node.literal.integer - 1)].expression;
  }
  if (node.kind != ExpressionKind::kColumn || node.name.size() != 1) return node;
  for (const ScopeColumn& column : scope_.columns) {
    if (column.name == node.name[0]) return node;
  }
  for (const sql::SelectItem& item : select_.items) {
    if (item.alias == node.name[0]) return *item.expression;
  }
  return node;
}

Status SelectBinder::AddGroupKey(const sql::Expression& written, std::vector<ExprPtr>& keys,
                                 std::vector<std::string>& names) {
  const sql::Expression& node = ResolveAlias(written);
  if (window_ && window_->in_from && node.kind == ExpressionKind::kColumn && NamesWindowBound(node)) return {};
  if (node.kind == ExpressionKind::kCall && node.name.size() == 1 && IsWindowName(node.name[0])) {
    if (window_ && !window_->in_from)
      return Status(ErrorCode::kTwoWindows, "GROUP BY has two windows")
          .WithHint("window one stream per query block")
          .At(node.position);
    if (window_)
      return Status(ErrorCode::kTwoWindows, "there is a window in FROM and one in GROUP BY").At(node.position);
    WindowCall window;
    TRY(BindWindowArguments(context_, node, 0, window));
    ExpressionBinder binder(context_, scope_);
    const ExprPtr time = TRY(binder.Bind(*node.children[0]));
    if (time->kind != expr::ExprKind::kColumn) {
      return Status(ErrorCode::kNotTimeAttribute, sql::Print(*node.children[0]) + " is not a time attribute")
          .WithHint("window on the source's watermark column itself")
          .At(node.children[0]->position);
    }
    window.time_column = time->column;
    window_ = window;
    return {};
  }
  if (HasAggregate(context_, node))
    return Status(ErrorCode::kMisplacedAggregate, "an aggregate stands in GROUP BY").At(node.position);
  ExpressionBinder binder(context_, scope_);
  ExprPtr key = TRY(binder.Bind(node));
  expr::FoldConstants(key, *context_.environment);
  if (key->type.id() == TypeId::kNull) key = TRY(CastTo(std::move(key), Type(TypeId::kVarchar), node.position));
  for (const ExprPtr& known : keys) {
    if (expr::Equal(*known, *key)) return {};
  }
  keys.push_back(std::move(key));
  names.push_back(sql::CanonicalName(node));
  return {};
}

// SAMPLE BY 1m: a tumbling window on the relation's time column; plain SELECT items become keys.
Status SelectBinder::BindSampleBy(std::vector<ExprPtr>& keys, std::vector<std::string>& names) {
  const sql::SampleBy& sample = *select_.sample_by;
  if (!sample.fill.empty() && !(sample.fill.size() == 1 && sample.fill[0].kind == sql::FillKind::kNone))
    return NotSupportedYet("FILL", sample.position);
  if (sample.align != sql::AlignKind::kDefault) return NotSupportedYet("ALIGN TO", sample.position);
  if (window_) return Status(ErrorCode::kTwoWindows, "SAMPLE BY stands beside another window").At(sample.position);
  WindowCall window;
  window.position = sample.position;
  window.size = TRY(BindDuration(context_, *sample.interval, "the SAMPLE BY interval"));
  window.slide = window.size;
  if (window.size <= 0)
    return Status(ErrorCode::kBadDuration, "the SAMPLE BY interval must be positive").At(sample.position);
  const ScopeColumn* time = nullptr;
  for (const ScopeColumn& column : scope_.columns) {
    if (column.is_time && time == nullptr) time = &column;
  }
  if (time == nullptr)
    return Status(ErrorCode::kNotTimeAttribute, "SAMPLE BY needs a relation with a time column")
        .WithHint("declare WATERMARK FOR on the source")
        .At(sample.position);
  window.time_column = time->index;
  for (const sql::SelectItem& item : select_.items) {
    if (item.expression->kind == ExpressionKind::kStar || HasAggregate(context_, *item.expression)) continue;
    ExpressionBinder binder(context_, scope_);
    const ExprPtr bound = TRY(binder.Bind(*item.expression));
    if (bound->kind == expr::ExprKind::kColumn && bound->column == time->index) continue;
    TRY(AddGroupKey(*item.expression, keys, names));
  }
  window_ = window;
  return {};
}

Status SelectBinder::BindGrouping() {
  std::vector<ExprPtr> keys;
  std::vector<std::string> names;
  for (const sql::GroupItem& item : select_.group_by) TRY(AddGroupKey(*item.expression, keys, names));
  if (select_.group_by_all) {
    for (const sql::SelectItem& item : select_.items) {
      if (item.expression->kind == ExpressionKind::kStar || HasAggregate(context_, *item.expression) ||
          NamesWindowBound(*item.expression))
        continue;
      TRY(AddGroupKey(*item.expression, keys, names));
    }
  }
  if (select_.sample_by != nullptr) TRY(BindSampleBy(keys, names));
  aggregate_ = std::make_unique<AggregateScope>(context_, scope_, !node_->properties.append_only, std::move(keys),
                                                std::move(names), window_);
  return {};
}

Status SelectBinder::BindItems() {
  const bool grouped = aggregate_ != nullptr;
  ExpressionBinder binder(context_, scope_, aggregate_.get());
  if (grouped && std::ranges::any_of(select_.items, [](const sql::SelectItem& i) {
        return i.expression->kind == ExpressionKind::kStar;
      })) {
    // SELECT * over a grouping: the window's bounds and the keys.
    if (select_.items.size() != 1 || (!aggregate_->has_window() && aggregate_->key_count() == 0)) {
      return Status(ErrorCode::kNotGrouped, "* with GROUP BY must stand alone")
          .WithHint("name the grouping columns")
          .At(select_.items[0].expression->position);
    }
    const uint32_t keys = static_cast<uint32_t>(aggregate_->key_count());
    if (aggregate_->has_window()) {
      for (uint32_t i = 0; i < 2; ++i) {
        outputs_.push_back(expr::MakeColumn(keys + i, aggregate_->time_type(), false));
        names_.push_back(i == 0 ? "window_start" : "window_end");
      }
    }
    for (uint32_t i = 0; i < keys; ++i) {
      outputs_.push_back(expr::MakeColumn(i, aggregate_->keys()[i]->type, aggregate_->keys()[i]->nullable));
      names_.push_back(aggregate_->key_names()[i]);
    }
  } else {
    TRY(ExpandItems());
    for (const Item& item : items_) {
      ExprPtr bound;
      const bool sampled_time = select_.sample_by != nullptr && item.node != nullptr &&
                                item.node->kind == ExpressionKind::kColumn && !NamesWindowBound(*item.node);
      if (sampled_time) {
        const ScopeColumn* column = TRY(scope_.Resolve(item.node->name, item.node->position)).first;
        if (column->index == window_->time_column)
          bound = expr::MakeColumn(static_cast<uint32_t>(aggregate_->key_count()), column->type, false);
      }
      if (bound == nullptr && item.node != nullptr) bound = TRY(binder.Bind(*item.node));
      if (bound == nullptr) {
        for (const ScopeColumn& column : scope_.columns) {
          if (column.index == item.column && column.name == item.name)
            bound = expr::MakeColumn(column.index, column.type, column.nullable);
        }
      }
      expr::FoldConstants(bound, *context_.environment);
      if (bound->type.id() == TypeId::kNull)
        bound = TRY(CastTo(std::move(bound), Type(TypeId::kVarchar), bound->position));
      outputs_.push_back(std::move(bound));
      names_.push_back(item.name);
    }
  }
  visible_ = outputs_.size();
  if (select_.having != nullptr) having_ = TRY(binder.BindCondition(*select_.having, "HAVING"));
  return {};
}

Status SelectBinder::BindOrder() {
  ExpressionBinder binder(context_, scope_, aggregate_.get());
  for (const sql::OrderItem& item : owner_.order_by) {
    const sql::Expression& e = *item.expression;
    int column = -1;
    if (e.kind == ExpressionKind::kLiteral && e.literal.kind == sql::LiteralKind::kInteger) {
      if (e.literal.integer < 1 || e.literal.integer > static_cast<int64_t>(visible_)) {
        return Status(ErrorCode::kUnknownColumn, "ORDER BY position " + e.literal.text + " is not in the SELECT list")
            .At(e.position);
      }
      column = static_cast<int>(e.literal.integer - 1);
    }
    if (column < 0 && e.kind == ExpressionKind::kColumn && e.name.size() == 1) {
      for (size_t i = 0; i < visible_ && column < 0; ++i) {
        if (names_[i] == e.name[0]) column = static_cast<int>(i);
      }
    }
    if (column < 0) {
      ExprPtr key = TRY(binder.Bind(e));
      for (size_t i = 0; i < outputs_.size() && column < 0; ++i) {
        if (expr::Equal(*outputs_[i], *key)) column = static_cast<int>(i);
      }
      if (column < 0) {
        if (select_.distinct)
          return Status(ErrorCode::kUnknownColumn, "with DISTINCT, ORDER BY must name columns of the SELECT list")
              .At(e.position);
        column = static_cast<int>(outputs_.size());
        outputs_.push_back(std::move(key));
        names_.push_back("sort_key");
      }
    }
    const bool nulls_first =
        item.nulls == sql::NullsOrder::kFirst || (item.nulls == sql::NullsOrder::kDefault && item.descending);
    order_.push_back({static_cast<uint32_t>(column), {item.descending, nulls_first}});
  }
  return {};
}

Result<NodePtr> SelectBinder::Finish(bool& took_order) {
  took_order = true;  // ORDER BY and LIMIT are done here, below any hidden columns
  const EmitChoice emit = is_top_ ? outer_.emit_ : EmitChoice{};
  if (aggregate_ != nullptr) {
    node_ = TRY(aggregate_->Build(std::move(node_), outer_.mode_, emit, outer_.lateness_));
    if (having_ != nullptr) node_ = MakeFilter(std::move(node_), std::move(having_));
  }
  node_ = MakeFilterProject(std::move(node_), nullptr, std::move(outputs_), names_);
  if (select_.distinct)
    node_ = MakeDistinct(std::move(node_), outer_.mode_, aggregate_ == nullptr ? emit : EmitChoice{});
  if (order_.empty()) return outer_.AddLimit(std::move(node_), owner_);
  if (!node_->properties.bounded) {
    return Error(Status(ErrorCode::kUnboundedOrder, "ORDER BY needs an input that ends; this one goes on for ever")
                     .WithHint("put the query in a view and order when you read it: SELECT ... FROM view ORDER BY ...")
                     .At(owner_.order_by[0].expression->position));
  }
  exec::SortSpec spec;
  spec.input = node_->schema.Types();
  spec.columns = order_;
  spec.input_retracts = !node_->properties.append_only;
  std::tie(spec.limit, spec.offset) = TRY(outer_.BindLimit(owner_));
  auto sorted = std::make_unique<Node>();
  sorted->kind = NodeKind::kSort;
  sorted->schema = node_->schema;
  sorted->properties = node_->properties;
  sorted->properties.append_only = true;
  sorted->spec = std::move(spec);
  sorted->inputs.push_back(std::move(node_));
  if (names_.size() == visible_) return sorted;
  std::vector<ExprPtr> shown;
  std::vector<std::string> names(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(visible_));
  for (uint32_t i = 0; i < visible_; ++i)
    shown.push_back(expr::MakeColumn(i, sorted->schema[i].type, sorted->schema[i].nullable));
  return MakeFilterProject(std::move(sorted), nullptr, std::move(shown), std::move(names));
}

Result<NodePtr> SelectBinder::Bind(bool& took_order) {
  TRY(RefuseUnsupported());
  TRY(BindFromClause());
  TRY(AddWindowAssign());
  TRY(BindWhere());
  if (IsGrouped()) TRY(BindGrouping());
  TRY(BindItems());
  TRY(BindOrder());
  return Finish(took_order);
}

Result<NodePtr> BindSelect(QueryBinder& binder, const sql::Select& select, const sql::Query& owner, bool is_top,
                           bool& took_order) {
  return SelectBinder(binder, select, owner, is_top).Bind(took_order);
}

}  // namespace laminar::plan
