#include "engine/pipeline.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
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

// A keyed aggregate with the stateless nodes around it that may run with it on the shards.
struct Pipeline::Chain {
  std::vector<plan::Node*> nodes;  // top first
  plan::Node* aggregate = nullptr;
  plan::Node* below = nullptr;        // feeds the section
  std::vector<uint32_t> keys;         // columns of what `below` puts out
  std::vector<uint32_t> output_keys;  // the same in the section's output, where all are there; else empty
};

namespace {

using exec::FilterProjectSpec;
using exec::GroupAggregateSpec;
using exec::WindowAggregateSpec;
using plan::NodeKind;

// Where the columns stand in the input of a projection; false when one of them is computed.
bool TraceDown(const FilterProjectSpec& spec, std::vector<uint32_t>& columns) {
  for (uint32_t& column : columns) {
    const expr::Expr& output = *spec.outputs[column];
    if (output.kind != expr::ExprKind::kColumn) return false;
    column = output.column;
  }
  return true;
}

// Where the input's columns stand in the output of a projection; false when one is not there as it is.
bool TraceUp(const FilterProjectSpec& spec, std::vector<uint32_t>& columns) {
  for (uint32_t& column : columns) {
    const auto found = std::ranges::find_if(spec.outputs, [&](const expr::ExprPtr& output) {
      return output->kind == expr::ExprKind::kColumn && output->column == column;
    });
    if (found == spec.outputs.end()) return false;
    column = static_cast<uint32_t>(found - spec.outputs.begin());
  }
  return true;
}

// Of a node that may stand in a section. The spec is shared by all instances made.
OperatorFactory FactoryOf(plan::Node& node) {
  if (node.kind == NodeKind::kFilterProject) {
    auto spec = std::make_shared<FilterProjectSpec>(std::move(std::get<FilterProjectSpec>(node.spec)));
    return [spec](uint32_t) { return std::make_unique<exec::FilterProject>(exec::Copy(*spec)); };
  }
  if (node.kind == NodeKind::kGroupAggregate) {
    auto spec = std::make_shared<GroupAggregateSpec>(std::move(std::get<GroupAggregateSpec>(node.spec)));
    return [spec](uint32_t) { return std::make_unique<exec::GroupAggregate>(*spec); };
  }
  auto spec = std::make_shared<WindowAggregateSpec>(std::move(std::get<WindowAggregateSpec>(node.spec)));
  return [spec](uint32_t) { return std::make_unique<exec::WindowAggregate>(*spec); };
}

const std::vector<uint32_t>* KeysOf(const plan::Node& node) {
  if (const auto* group = std::get_if<GroupAggregateSpec>(&node.spec)) return &group->keys;
  if (const auto* window = std::get_if<WindowAggregateSpec>(&node.spec)) return &window->keys;
  return nullptr;
}

void ReadGroups(exec::StoredResult& stored, exec::Operator& groups) {
  static_cast<exec::GroupRows&>(stored).ReadFrom(static_cast<exec::GroupAggregate&>(groups));
}

}  // namespace

// The nodes from `node` down to a keyed aggregate, and further while the keys are plain columns.
bool Pipeline::FindChain(plan::Node& node, Chain& chain) {
  plan::Node* at = &node;
  while (at->kind == NodeKind::kFilterProject) {
    chain.nodes.push_back(at);
    at = at->inputs[0].get();
  }
  const std::vector<uint32_t>* keys = KeysOf(*at);
  if (keys == nullptr || keys->empty()) return false;
  chain.aggregate = at;
  chain.nodes.push_back(at);
  chain.keys = *keys;
  for (uint32_t i = 0; i < keys->size(); ++i) chain.output_keys.push_back(i);  // results begin with the keys
  for (size_t i = chain.nodes.size() - 1; i-- > 0;) {
    if (!TraceUp(std::get<FilterProjectSpec>(chain.nodes[i]->spec), chain.output_keys)) {
      chain.output_keys.clear();
      break;
    }
  }
  chain.below = at->inputs[0].get();
  while (chain.below->kind == NodeKind::kFilterProject) {
    std::vector<uint32_t> traced = chain.keys;
    if (!TraceDown(std::get<FilterProjectSpec>(chain.below->spec), traced)) break;
    chain.keys = std::move(traced);
    chain.nodes.push_back(chain.below);
    chain.below = chain.below->inputs[0].get();
  }
  return true;
}

Status Pipeline::AddSection(Chain& chain, exec::Operator* next, int input) {
  // Stored rows go along when a row's shard can be told from the row itself, or nobody will ask.
  const bool is_top = next == request_.after && request_.stored.has_value() && sink_ == nullptr;
  const bool is_log = is_top && !request_.stored->has_key && !request_.stored->input_retracts;
  const bool takes_stored = is_top && (is_log || !chain.output_keys.empty());
  if (is_top && !takes_stored) AddStored(next);
  SectionRequest request;
  request.input = chain.below->schema.Types();
  request.keys = chain.keys;
  request.context = request_.context;
  request.place = request_.place;
  if (chain.aggregate == late_window_) request.late_types = request_.late_types;
  request.late_rows_max = request_.late_rows_max;
  request.error_rows_max = request_.error_rows_max;
  request.output = chain.nodes.front()->schema.Types();
  std::vector<PlacedOperator> placed;
  if (takes_stored) {
    request.chain.push_back([this](uint32_t shard) { return MakeStored(shard, request_.shards->size()); });
    placed.push_back({0, {}});
  }
  for (plan::Node* node : chain.nodes) {
    request.chain.push_back(FactoryOf(*node));
    placed.push_back({++next_index_, {}});
  }
  std::ranges::reverse(request.chain);
  std::ranges::reverse(placed);
  sections_.push_back(std::make_unique<ShardSection>(*request_.shards, std::move(request)));
  ShardSection& section = *sections_.back();
  section.exit().ConnectTo(next, input);
  TRY(section.Open());
  for (uint32_t shard = 0; shard < section.shards(); ++shard) {
    const auto& made = section.operators(shard);
    for (size_t i = 0; i < made.size(); ++i) placed[i].instances.push_back(made[i].get());
    if (!takes_stored) continue;
    stored_.push_back(static_cast<exec::StoredResult*>(made.back().get()));
    if (groups_) ReadGroups(*stored_.back(), *made[made.size() - 1 - groups_->index]);
  }
  placed_.insert(placed_.end(), placed.begin(), placed.end());
  if (takes_stored) {
    sink_ = stored_.front();
    stored_section_ = &section;
  }
  return Add(*chain.below, &section.entry(), 0);
}

std::unique_ptr<exec::StoredResult> Pipeline::MakeStored(uint32_t instance, uint32_t instances) const {
  if (groups_) {
    exec::GroupRowsSpec spec = groups_->rows;
    spec.instances = instances;
    return std::make_unique<exec::GroupRows>(std::move(spec));
  }
  exec::MaterializeSpec part = *request_.stored;
  part.first_number = instance;
  return std::make_unique<exec::Materialize>(std::move(part));
}

void Pipeline::AddStored(exec::Operator*& last) {
  std::unique_ptr<exec::StoredResult> stored = MakeStored(0, 1);
  stored->ConnectTo(request_.after, 0);
  stored_.push_back(stored.get());
  sink_ = stored.get();
  last = stored.get();
  placed_.push_back({0, {stored.get()}});
  to_open_.emplace_back(stored.get(), request_.context);
  operators_.push_back(std::move(stored));
}

exec::Context Pipeline::ContextOf(const plan::Node& node) const {
  exec::Context context = request_.context;
  if (node.kind == NodeKind::kWindowAggregate && &node != late_window_)
    context.late_rows = const_cast<LateCount*>(&late_count_);
  return context;
}

Status Pipeline::Add(plan::Node& node, exec::Operator* next, int input) {
  Chain chain;
  if (request_.shards != nullptr && FindChain(node, chain)) return AddSection(chain, next, input);
  if (next == request_.after && request_.stored.has_value() && sink_ == nullptr) AddStored(next);
  std::unique_ptr<exec::Operator> made = MakeOperator(node);
  if (made == nullptr) {
    leaves_.push_back({&node, next, input});
    return {};
  }
  made->ConnectTo(next, input);
  exec::Operator* mine = made.get();
  if (groups_ && groups_->node == &node) ReadGroups(*stored_.front(), *mine);
  placed_.push_back({++next_index_, {mine}});
  to_open_.emplace_back(mine, ContextOf(node));
  operators_.push_back(std::move(made));
  for (size_t i = 0; i < node.inputs.size(); ++i) TRY(Add(*node.inputs[i], mine, static_cast<int>(i)));
  return {};
}

std::optional<ViewOfGroups> Pipeline::FindGroups(plan::Node& root, std::vector<data::Type> types, bool has_key) {
  Chain top;
  if (!has_key || !FindChain(root, top) || top.output_keys.empty()) return {};
  const auto* groups = std::get_if<GroupAggregateSpec>(&top.aggregate->spec);
  if (groups == nullptr || !exec::GroupRows::CanRead(*groups)) return {};
  std::vector<FilterProjectSpec> above;
  for (const plan::Node* node = &root; node != top.aggregate; node = node->inputs[0].get()) {
    const auto& spec = std::get<FilterProjectSpec>(node->spec);
    const bool is_volatile = (spec.predicate != nullptr && expr::IsVolatile(*spec.predicate)) ||
                             std::ranges::any_of(spec.outputs, [](const auto& e) { return expr::IsVolatile(*e); });
    if (is_volatile) return {};
    above.insert(above.begin(), exec::Copy(spec));
  }
  const auto index = static_cast<uint32_t>(above.size() + 1);
  auto shared = std::make_shared<const std::vector<FilterProjectSpec>>(std::move(above));
  return ViewOfGroups{top.aggregate, index, *groups, {std::move(types), std::move(shared)}};
}

Result<std::unique_ptr<Pipeline>> Pipeline::Build(PipelineRequest request) {
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->request_ = std::move(request);
  PipelineRequest& mine = pipeline->request_;
  pipeline->late_window_ = plan::LateWindow(*mine.root);
  pipeline->late_count_.CountAt(mine.context.late_rows);
  if (mine.stored) {
    pipeline->groups_ = FindGroups(*mine.root, mine.stored->types, mine.stored->has_key);
    // The same vnodes whether or not there are shards: the stored rows may be read back under another number of them.
    if (Chain top; FindChain(*mine.root, top)) mine.stored->vnode_columns = top.output_keys;
  }
  exec::Operator* last = mine.after;
  if (mine.sink != nullptr) {
    last = pipeline->sink_ = mine.sink.get();
    pipeline->placed_.push_back({0, {last}});
    pipeline->to_open_.emplace_back(last, mine.context);
    pipeline->operators_.push_back(std::move(mine.sink));
  }
  TRY(pipeline->Add(*mine.root, last, 0));
  std::ranges::reverse(pipeline->sections_);  // made from the top down
  for (const auto& [op, context] : pipeline->to_open_) TRY(op->Open(context));
  return pipeline;
}

void Pipeline::NotePlaces(plan::Node& root, uint32_t shards) {
  Chain chain;
  if (FindChain(root, chain)) {
    std::vector<std::string> keys;
    for (const uint32_t key : chain.keys) keys.push_back(chain.below->schema[key].name);
    for (plan::Node* node : chain.nodes) node->runs_on = std::to_string(shards) + " shards by " + Join(keys, ", ");
    return NotePlaces(*chain.below, shards);
  }
  root.runs_on = "the core";
  for (const plan::NodePtr& input : root.inputs) NotePlaces(*input, shards);
}

Status Pipeline::Failure() const {
  for (const auto& op : operators_) {
    if (!op->failure().ok()) return op->failure();
  }
  for (const auto& section : sections_) TRY(section->failure());
  return {};
}

}  // namespace laminar::engine
