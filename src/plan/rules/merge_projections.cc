// MergeProjections: a projection over a projection is one projection; an identity projection is none.
// Law: same rows, same order, same weights. Rows that fail in a column nobody reads no longer fail.
#include "plan/node.h"
#include "plan/rules/rules.h"

namespace laminar::plan {

using exec::FilterProjectSpec;
using expr::ExprPtr;

namespace {

ExprPtr Substitute(const expr::Expr& outer, const std::vector<ExprPtr>& inner) {
  if (outer.kind == expr::ExprKind::kColumn) return expr::Clone(*inner[outer.column]);
  ExprPtr copy = std::make_unique<expr::Expr>();
  copy->kind = outer.kind;
  copy->type = outer.type;
  copy->nullable = outer.nullable;
  copy->is_try = outer.is_try;
  copy->literal = outer.literal;
  copy->function = outer.function;
  copy->position = outer.position;
  for (const ExprPtr& arg : outer.args) copy->args.push_back(Substitute(*arg, inner));
  return copy;
}

bool IsIdentity(const FilterProjectSpec& spec) {
  if (spec.predicate != nullptr || spec.outputs.size() != spec.input.size()) return false;
  for (uint32_t i = 0; i < spec.outputs.size(); ++i) {
    if (spec.outputs[i]->kind != expr::ExprKind::kColumn || spec.outputs[i]->column != i) return false;
  }
  return true;
}

}  // namespace

bool MergeProjections(NodePtr& node) {
  if (node->kind != NodeKind::kFilterProject) return false;
  auto& outer = std::get<FilterProjectSpec>(node->spec);
  if (IsIdentity(outer)) {
    NodePtr below = std::move(node->inputs[0]);
    std::vector<data::Field> fields = below->schema.fields();
    for (size_t i = 0; i < fields.size(); ++i) fields[i].name = node->schema[i].name;
    below->schema = data::Schema(std::move(fields));
    node = std::move(below);
    return true;
  }
  if (node->inputs[0]->kind != NodeKind::kFilterProject) return false;
  auto& inner = std::get<FilterProjectSpec>(node->inputs[0]->spec);
  for (const ExprPtr& output : inner.outputs) {
    if (expr::IsVolatile(*output)) return false;  // computing it twice would give two values
  }
  FilterProjectSpec merged;
  merged.input = inner.input;
  for (const ExprPtr& output : outer.outputs) merged.outputs.push_back(Substitute(*output, inner.outputs));
  std::vector<ExprPtr> conditions;
  if (inner.predicate != nullptr) conditions.push_back(std::move(inner.predicate));
  if (outer.predicate != nullptr) conditions.push_back(Substitute(*outer.predicate, inner.outputs));
  if (!conditions.empty())
    merged.predicate = conditions.size() == 1 ? std::move(conditions[0]) : expr::MakeAnd(std::move(conditions));
  NodePtr below = std::move(node->inputs[0]->inputs[0]);
  node->inputs[0] = std::move(below);
  node->spec = std::move(merged);
  return true;
}

}  // namespace laminar::plan
