#include "engine/pipeline.h"

#include <algorithm>

#include "base/check.h"
#include "exec/aggregate/group_aggregate.h"
#include "exec/rank/sort.h"
#include "exec/stateless/filter_project.h"
#include "exec/stateless/limit.h"
#include "exec/stateless/merge.h"
#include "exec/stateless/unnest.h"
#include "exec/window/window_aggregate.h"
#include "exec/window/window_assign.h"
#include "plan/planner.h"

namespace laminar::engine {
namespace {

template <class Op, class SpecType>
std::unique_ptr<exec::Operator> Make(plan::Node& node) {
  return std::make_unique<Op>(std::move(std::get<SpecType>(node.spec)));
}

// Null for the kinds that are leaves.
std::unique_ptr<exec::Operator> MakeOperator(plan::Node& node) {
  using plan::NodeKind;
  switch (node.kind) {
    case NodeKind::kFilterProject: return Make<exec::FilterProject, exec::FilterProjectSpec>(node);
    case NodeKind::kGroupAggregate: return Make<exec::GroupAggregate, exec::GroupAggregateSpec>(node);
    case NodeKind::kWindowAggregate: return Make<exec::WindowAggregate, exec::WindowAggregateSpec>(node);
    case NodeKind::kWindowAssign: return Make<exec::WindowAssign, exec::WindowAssignSpec>(node);
    case NodeKind::kUnion: return Make<exec::Merge, exec::UnionSpec>(node);
    case NodeKind::kSort: return Make<exec::Sort, exec::SortSpec>(node);
    case NodeKind::kUnnest: return Make<exec::Unnest, exec::UnnestSpec>(node);
    case NodeKind::kLimit:
      return std::make_unique<exec::Limit>(std::get<exec::LimitSpec>(node.spec), node.schema.Types());
    case NodeKind::kScan:
    case NodeKind::kValues:
    case NodeKind::kFunction: return nullptr;
  }
  return nullptr;
}

}  // namespace

Status Pipeline::Add(plan::Node& node, exec::Operator* next, int input) {
  std::unique_ptr<exec::Operator> made = MakeOperator(node);
  if (made == nullptr) {
    leaves_.push_back({&node, next, input});
    return {};
  }
  made->ConnectTo(next, input);
  exec::Operator* mine = made.get();
  if (node.kind == plan::NodeKind::kWindowAggregate && &node != late_window_) counting_windows_.push_back(mine);
  operators_.push_back(std::move(made));
  for (size_t i = 0; i < node.inputs.size(); ++i) TRY(Add(*node.inputs[i], mine, static_cast<int>(i)));
  return {};
}

Result<std::unique_ptr<Pipeline>> Pipeline::Build(plan::Node& root, std::unique_ptr<exec::Operator> sink,
                                                  const exec::Context& context) {
  auto pipeline = std::make_unique<Pipeline>();
  exec::Operator* last = sink.get();
  pipeline->operators_.push_back(std::move(sink));
  pipeline->late_window_ = plan::LateWindow(root);
  TRY(pipeline->Add(root, last, 0));
  pipeline->late_count_.CountAt(context.late_rows);
  exec::Context counting = context;
  counting.late_rows = &pipeline->late_count_;
  for (const auto& op : pipeline->operators_) {
    const bool counts = std::ranges::find(pipeline->counting_windows_, op.get()) != pipeline->counting_windows_.end();
    TRY(op->Open(counts ? counting : context));
  }
  return pipeline;
}

Status Pipeline::Failure() const {
  for (const auto& op : operators_) {
    if (!op->failure().ok()) return op->failure();
  }
  return {};
}

}  // namespace laminar::engine
