#include "sql/ast.h"

namespace laminar::sql {
namespace {

// Copies what has no parts of its own, and recurses into what has. The height limit of the parser bounds the recursion.
ExpressionPtr CopyOf(const ExpressionPtr& expression) { return expression ? Clone(*expression) : nullptr; }
QueryPtr CopyOf(const Query& query);
QueryPtr CopyOf(const QueryPtr& query) { return query ? CopyOf(*query) : nullptr; }

std::vector<ExpressionPtr> CopyOf(const std::vector<ExpressionPtr>& list) {
  std::vector<ExpressionPtr> copy;
  copy.reserve(list.size());
  for (const auto& expression : list) copy.push_back(CopyOf(expression));
  return copy;
}

template <class T>
std::unique_ptr<T> CopyOfValue(const std::unique_ptr<T>& value) {
  return value ? std::make_unique<T>(*value) : nullptr;
}

OrderItem CopyOf(const OrderItem& item) { return {CopyOf(item.expression), item.descending, item.nulls}; }
FrameBound CopyOf(const FrameBound& bound) { return {bound.kind, CopyOf(bound.offset)}; }
GroupItem CopyOf(const GroupItem& item);

template <class T>
std::vector<T> CopyEach(const std::vector<T>& list) {
  std::vector<T> copy;
  copy.reserve(list.size());
  for (const T& item : list) copy.push_back(CopyOf(item));
  return copy;
}

WindowSpec CopyOf(const WindowSpec& spec) {
  WindowSpec copy;
  copy.base = spec.base;
  copy.partition_by = CopyOf(spec.partition_by);
  copy.order_by = CopyEach(spec.order_by);
  if (spec.frame) {
    copy.frame.emplace();
    copy.frame->unit = spec.frame->unit;
    copy.frame->start = CopyOf(spec.frame->start);
    copy.frame->end = CopyOf(spec.frame->end);
    copy.frame->exclude = spec.frame->exclude;
  }
  return copy;
}

CallDetail CopyOf(const CallDetail& call) {
  CallDetail copy;
  copy.distinct = call.distinct;
  copy.argument_names = call.argument_names;
  copy.order_by = CopyEach(call.order_by);
  copy.within_group = CopyEach(call.within_group);
  copy.filter = CopyOf(call.filter);
  copy.separator = call.separator;
  copy.null_treatment = call.null_treatment;
  if (call.over) copy.over = std::make_unique<WindowSpec>(CopyOf(*call.over));
  return copy;
}

StarDetail CopyOf(const StarDetail& star) {
  StarDetail copy;
  copy.exclude = star.exclude;
  for (const StarReplace& replace : star.replace) copy.replace.push_back({CopyOf(replace.expression), replace.column});
  return copy;
}

TableRefPtr CopyOf(const TableRefPtr& table);

Join CopyOf(const Join& join) {
  Join copy;
  copy.kind = join.kind;
  copy.natural = join.natural;
  copy.asof = join.asof;
  copy.left = CopyOf(join.left);
  copy.right = CopyOf(join.right);
  copy.on = CopyOf(join.on);
  copy.using_columns = join.using_columns;
  copy.match = join.match;
  copy.match_arguments = CopyOf(join.match_arguments);
  copy.tolerance = CopyOf(join.tolerance);
  return copy;
}

TableRefPtr CopyOf(const TableRefPtr& table) {
  if (!table) return nullptr;
  auto copy = std::make_unique<TableRef>();
  copy->kind = table->kind;
  copy->lateral = table->lateral;
  copy->latest = table->latest;
  copy->with_ordinality = table->with_ordinality;
  copy->position = table->position;
  copy->name = table->name;
  copy->query = CopyOf(table->query);
  copy->function = CopyOf(table->function);
  if (table->join) copy->join = std::make_unique<Join>(CopyOf(*table->join));
  copy->alias = table->alias;
  copy->column_aliases = table->column_aliases;
  copy->height = table->height;
  copy->as_of = CopyOf(table->as_of);
  copy->versioned_on = table->versioned_on;
  copy->timestamp_by = table->timestamp_by;
  return copy;
}

GroupItem CopyOf(const GroupItem& item) {
  GroupItem copy;
  copy.kind = item.kind;
  copy.expression = CopyOf(item.expression);
  for (const auto& set : item.sets) copy.sets.push_back(CopyOf(set));
  copy.position = item.position;
  return copy;
}

SampleBy CopyOf(const SampleBy& sample) {
  SampleBy copy;
  copy.interval = CopyOf(sample.interval);
  for (const Fill& fill : sample.fill) copy.fill.push_back({fill.kind, CopyOf(fill.constant)});
  copy.align = sample.align;
  copy.time_zone = sample.time_zone;
  copy.offset = sample.offset;
  copy.position = sample.position;
  return copy;
}

Select CopyOf(const Select& select) {
  Select copy;
  copy.distinct = select.distinct;
  copy.distinct_on = CopyOf(select.distinct_on);
  for (const SelectItem& item : select.items) copy.items.push_back({CopyOf(item.expression), item.alias});
  for (const TableRefPtr& table : select.from) copy.from.push_back(CopyOf(table));
  copy.where = CopyOf(select.where);
  copy.group_by_all = select.group_by_all;
  copy.group_by = CopyEach(select.group_by);
  copy.having = CopyOf(select.having);
  copy.qualify = CopyOf(select.qualify);
  for (const NamedWindow& window : select.windows) copy.windows.push_back({window.name, CopyOf(window.spec)});
  if (select.sample_by) copy.sample_by = std::make_unique<SampleBy>(CopyOf(*select.sample_by));
  copy.position = select.position;
  return copy;
}

QueryBodyPtr CopyOf(const QueryBodyPtr& body) {
  if (!body) return nullptr;
  auto copy = std::make_unique<QueryBody>();
  copy->kind = body->kind;
  copy->height = body->height;
  copy->position = body->position;
  if (body->select) copy->select = std::make_unique<Select>(CopyOf(*body->select));
  copy->op = body->op;
  copy->all = body->all;
  for (const QueryBodyPtr& input : body->inputs) copy->inputs.push_back(CopyOf(input));
  for (const auto& row : body->values) copy->values.push_back(CopyOf(row));
  copy->nested = CopyOf(body->nested);
  return copy;
}

StreamClauses CopyOf(const StreamClauses& stream) {
  StreamClauses copy;
  copy.emit = stream.emit;
  copy.every = CopyOf(stream.every);
  copy.delay = CopyOf(stream.delay);
  copy.lateness = CopyOf(stream.lateness);
  copy.late_to = stream.late_to;
  copy.emit_position = stream.emit_position;
  copy.lateness_position = stream.lateness_position;
  copy.late_to_position = stream.late_to_position;
  return copy;
}

QueryPtr CopyOf(const Query& query) {
  QueryPtr copy = MakeQuery();
  copy->recursive = query.recursive;
  for (const CommonTable& table : query.with) {
    copy->with.push_back({table.name, table.columns, CopyOf(table.query), table.position});
  }
  copy->body = CopyOf(query.body);
  copy->order_by = CopyEach(query.order_by);
  copy->limit = CopyOf(query.limit);
  copy->offset = CopyOf(query.offset);
  copy->stream = CopyOf(query.stream);
  copy->position = query.position;
  copy->height = query.height;
  copy->text_offset = query.text_offset;
  copy->text_length = query.text_length;
  return copy;
}

}  // namespace

void QueryDeleter::operator()(Query* query) const { delete query; }

QueryPtr MakeQuery() { return QueryPtr(new Query()); }

QueryPtr Clone(const Query& query) { return CopyOf(query); }

ExpressionPtr Clone(const Expression& expression) {
  auto copy = std::make_unique<Expression>(expression.kind, expression.position);
  copy->negated = expression.negated;
  copy->try_cast = expression.try_cast;
  copy->has_operand = expression.has_operand;
  copy->has_else = expression.has_else;
  copy->unary = expression.unary;
  copy->binary = expression.binary;
  copy->like = expression.like;
  copy->truth = expression.truth;
  copy->quantifier = expression.quantifier;
  copy->height = expression.height;
  copy->parameter = expression.parameter;
  copy->name = expression.name;
  copy->children = CopyOf(expression.children);
  copy->labels = expression.labels;
  copy->literal = expression.literal;
  copy->interval = CopyOfValue(expression.interval);
  copy->type = CopyOfValue(expression.type);
  if (expression.call) copy->call = std::make_unique<CallDetail>(CopyOf(*expression.call));
  if (expression.star) copy->star = std::make_unique<StarDetail>(CopyOf(*expression.star));
  copy->query = CopyOf(expression.query);
  return copy;
}

}  // namespace laminar::sql
