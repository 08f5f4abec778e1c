// PruneScan: a scan reads only the columns that the projection above it uses.
#include <algorithm>

#include "plan/rules/rules.h"

namespace laminar::plan {

bool PruneScan(NodePtr& node) {
  if (node->kind != NodeKind::kFilterProject || node->inputs[0]->kind != NodeKind::kScan) return false;
  Node& scan = *node->inputs[0];
  auto& spec = std::get<exec::FilterProjectSpec>(node->spec);
  std::vector<uint32_t> used;
  if (spec.predicate != nullptr) expr::CollectColumns(*spec.predicate, used);
  for (const expr::ExprPtr& output : spec.outputs) expr::CollectColumns(*output, used);
  std::ranges::sort(used);
  used.erase(std::unique(used.begin(), used.end()), used.end());
  if (used.size() == scan.columns.size()) return false;

  std::vector<uint32_t> to(scan.columns.size(), 0);
  std::vector<uint32_t> kept;
  std::vector<data::Field> fields;
  std::vector<bool> time;
  for (uint32_t i = 0; i < used.size(); ++i) {
    to[used[i]] = i;
    kept.push_back(scan.columns[used[i]]);
    fields.push_back(scan.schema[used[i]]);
    time.push_back(scan.properties.IsTime(used[i]));
  }
  scan.columns = std::move(kept);
  scan.schema = data::Schema(std::move(fields));
  scan.properties.time_attribute = std::move(time);
  if (scan.properties.upsert_key) {
    for (uint32_t& column : *scan.properties.upsert_key) {
      if (!std::ranges::binary_search(used, column)) {
        scan.properties.upsert_key.reset();
        break;
      }
      column = to[column];
    }
  }
  spec.input = scan.schema.Types();
  if (spec.predicate != nullptr) expr::RemapColumns(*spec.predicate, to);
  for (expr::ExprPtr& output : spec.outputs) expr::RemapColumns(*output, to);
  return true;
}

}  // namespace laminar::plan
