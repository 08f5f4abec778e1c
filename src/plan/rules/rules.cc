// Runs the rules bottom-up until none changes the plan, and notes which did.
#include "plan/rules/rules.h"

#include <algorithm>

#include "base/check.h"
#include "plan/planner.h"

namespace laminar::plan {
namespace {

struct Rule {
  const char* name;
  bool (*apply)(NodePtr& node);
};
constexpr Rule kRules[] = {
#define RULE(name) {#name, &name},
#include "plan/rules/rules.def"
#undef RULE
};

bool Apply(const Rule& rule, NodePtr& node) {
  bool changed = false;
  for (NodePtr& input : node->inputs) changed |= Apply(rule, input);
  return rule.apply(node) || changed;
}

}  // namespace

void Optimize(QueryPlan& plan) {
  bool changed = true;
  for (int round = 0; changed; ++round) {
    CHECK(round < 1000);  // every rule removes a node or a column, so this ends
    changed = false;
    for (const Rule& rule : kRules) {
      if (!Apply(rule, plan.root)) continue;
      changed = true;
      if (std::ranges::find(plan.rules, rule.name) == plan.rules.end()) plan.rules.push_back(rule.name);
    }
  }
}

}  // namespace laminar::plan
