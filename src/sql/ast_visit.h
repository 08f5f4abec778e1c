// Walking the expression tree: one level at a time, in the order of the text.
#pragma once

#include "sql/ast_expression.h"

namespace laminar::sql {

namespace internal {
template <class Order, class F>
void ForEachOrder(Order& items, F&& f) {
  for (auto& item : items) f(*item.expression);
}
}  // namespace internal

// Calls f(Expression&) for every direct sub-expression: children, the parts of a call, the replacements of a star. A
// sub-query is not entered: look at expression.query. E is Expression or const Expression.
template <class E, class F>
void ForEachChild(E& expression, F&& f) {
  for (auto& child : expression.children) {
    if (child) f(*child);
  }
  if (expression.star) {
    for (auto& replace : expression.star->replace) f(*replace.expression);
  }
  if (!expression.call) return;
  auto& call = *expression.call;
  internal::ForEachOrder(call.order_by, f);
  internal::ForEachOrder(call.within_group, f);
  if (call.filter) f(*call.filter);
  if (!call.over) return;
  for (auto& key : call.over->partition_by) f(*key);
  internal::ForEachOrder(call.over->order_by, f);
  if (!call.over->frame) return;
  if (call.over->frame->start.offset) f(*call.over->frame->start.offset);
  if (call.over->frame->end.offset) f(*call.over->frame->end.offset);
}

}  // namespace laminar::sql
