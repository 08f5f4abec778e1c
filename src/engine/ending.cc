// Which relations are complete one day: the shell and programs wait for those before they read a final answer.
#include <algorithm>

#include "engine/core.h"
#include "engine/database.h"
#include "engine/statement_runner.h"
#include "sql/parser.h"

namespace laminar::engine {

namespace {

using catalog::RelationKind;

enum class Ending : uint8_t { kNever, kAtOnce, kLater };

// kLater wins over kAtOnce (there is something to wait for), kNever over both.
Ending EndingOf(const catalog::Catalog& catalog, std::string_view name) {
  const catalog::RelationPtr relation = catalog.Find(name);
  if (relation == nullptr) return Ending::kNever;
  if (relation->kind == RelationKind::kTable) return Ending::kAtOnce;
  if (relation->kind == RelationKind::kSource) {
    if (relation->connector == "memory") return Ending::kAtOnce;
    return relation->bounded ? Ending::kLater : Ending::kNever;
  }
  Ending ending = Ending::kAtOnce;
  for (const std::string& below : relation->depends_on) {
    const Ending one = EndingOf(catalog, below);
    if (one == Ending::kNever) return one;
    if (one == Ending::kLater) ending = one;
  }
  return ending;
}

// What late('view') and errors('name') look at.
void CollectSideReads(const plan::Node& node, std::vector<std::string>& out) {
  if (node.kind == plan::NodeKind::kFunction && (node.function == "late" || node.function == "errors")) {
    for (const data::Value& argument : node.arguments) out.push_back(argument.string_value());
  }
  for (const plan::NodePtr& input : node.inputs) CollectSideReads(*input, out);
}

}  // namespace

bool Database::EndsByItself(std::string_view relation) {
  Core::Lock lock(*core_);
  const catalog::RelationPtr found = core_->catalog().Find(relation);
  const bool has_limit = found != nullptr && found->kind != RelationKind::kSource && found->bounded;
  return has_limit || EndingOf(core_->catalog(), relation) != Ending::kNever;
}

Result<std::vector<std::string>> Connection::InputsThatEnd(std::string_view text) {
  const sql::Statement statement = TRY(sql::ParseStatement(text));
  const auto* select = std::get_if<sql::SelectStatement>(&statement.node);
  if (select == nullptr) return std::vector<std::string>();
  StatementRunner runner(*this, database_.core(), text);
  return runner.InputsThatEnd(*select);
}

Result<std::vector<std::string>> StatementRunner::InputsThatEnd(const sql::SelectStatement& s) {
  Core::Lock lock(core_);
  const plan::QueryPlan plan = TRY(plan::PlanQuery(Context(), *s.query, {}));
  std::vector<std::string> out;
  if (plan.mode != plan::QueryMode::kBatch) return out;
  std::vector<std::string> reads = plan.depends_on;
  CollectSideReads(*plan.root, reads);
  for (const std::string& name : reads) {
    const Ending ending = EndingOf(core_.catalog(), name);
    const bool is_standing = core_.FindView(name) != nullptr ||
                             (core_.FindSource(name) != nullptr && core_.FindSource(name)->shared != nullptr &&
                              std::ranges::find(plan.depends_on, name) == plan.depends_on.end());
    if (ending == Ending::kLater && is_standing) out.push_back(name);
  }
  return out;
}

}  // namespace laminar::engine
