// Core, part two: nodes come and go, and take in what is already there.
#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "engine/core.h"
#include "engine/leaf_rows.h"
#include "engine/sink_operator.h"

namespace laminar::engine {

using catalog::RelationKind;
using catalog::RelationPtr;

exec::Context Core::ContextFor(ViewNode& node, const Settings& settings) {
  exec::Context context;
  context.environment = &environment_;
  context.row_errors = node.errors.get();
  context.late_rows = node.late.get();
  context.memory_limit_bytes = settings.memory_limit_bytes;
  context.memory = memory_;
  context.is_pressed = &node.is_pressed;
  context.is_durable = durability_ != nullptr && node.relation != nullptr;
  return context;
}

HeadRequest Core::HeadFor(SourceNode& node, std::vector<bool> needed) {
  HeadRequest request;
  request.relation = node.relation.get();
  request.connector = node.connector;
  request.needed = std::move(needed);
  request.bad_rows = node.errors.get();
  request.has_failures = &has_failures_;
  request.context.environment = &environment_;
  request.context.row_errors = node.errors.get();
  request.context.late_rows = node.errors.get();
  return request;
}

Status Core::AddSource(RelationPtr relation, const Settings& settings) {
  auto node = std::make_unique<SourceNode>();
  node->serial = ++sources_made_;
  node->relation = relation;
  node->connector = FindConnector(relation->connector);
  node->errors = std::make_unique<ErrorRows>(relation->name, settings.error_rows_max);
  if (node->connector == nullptr) {  // pushed: the head is there from the start
    node->shared = TRY(OpenHead(HeadFor(*node, std::vector<bool>(relation->physical.size(), true))));
    if (relation->kind == RelationKind::kTable) {
      // A table stores what it is given; readers hang below the stored rows.
      exec::MaterializeSpec spec;
      spec.name = "table " + relation->name;
      spec.types = relation->schema.Types();
      spec.key = relation->primary_key;
      spec.has_key = !relation->primary_key.empty();
      spec.input_upserts = spec.has_key;
      spec.feeder_reserves = true;
      auto stored = std::make_unique<exec::Materialize>(std::move(spec));
      exec::Context context = HeadFor(*node, {}).context;
      context.memory_limit_bytes = settings.memory_limit_bytes;
      context.memory = memory_;
      TRY(stored->Open(context));
      node->stored = stored.get();
      auto& operators = node->shared->operators;
      stored->ConnectTo(operators.back().get(), 0);
      if (operators.size() > 1) operators[operators.size() - 2]->ConnectTo(stored.get(), 0);
      operators.insert(operators.end() - 1, std::move(stored));
    }
  }
  TRY(catalog_.Add(relation));
  sources_.push_back(std::move(node));
  Remember(*relation, settings);
  return restoring_ == nullptr ? Status() : RestoreHeads(*sources_.back());
}

Status Core::AddPlainView(RelationPtr relation, const Settings& settings) {
  TRY(catalog_.Add(relation));
  Remember(*relation, settings);
  return {};
}

namespace {

std::unique_ptr<ViewNode> NewNode(const RelationPtr& relation, const plan::QueryPlan& plan, const Settings& settings) {
  auto node = std::make_unique<ViewNode>();
  node->relation = relation;
  node->name = relation == nullptr ? "" : relation->name;
  node->errors = std::make_unique<ErrorRows>(relation == nullptr ? "query" : relation->name, settings.error_rows_max);
  std::vector<data::Type> late = relation == nullptr ? std::vector<data::Type>() : relation->late_schema.Types();
  node->late = std::make_unique<LateRows>(std::move(late), settings.late_rows_max);
  node->reads = plan.depends_on;
  return node;
}

}  // namespace

PipelineRequest Core::RequestFor(ViewNode& node, plan::QueryPlan& plan, const Settings& settings) {
  PipelineRequest request;
  request.root = plan.root.get();
  request.context = ContextFor(node, settings);
  if (worker_cores_ > 1 && node.relation != nullptr) request.shards = shards_.get();
  request.place = node.name;
  if (node.relation != nullptr) request.late_types = node.relation->late_schema.Types();
  request.late_rows_max = settings.late_rows_max;
  request.error_rows_max = settings.error_rows_max;
  return request;
}

std::vector<const LateRows*> ViewNode::AllLate() const {
  std::vector<const LateRows*> all = {late.get()};
  for (const auto& section : pipeline->sections()) {
    for (uint32_t shard = 0; shard < section->shards(); ++shard) all.push_back(&section->late(shard));
  }
  return all;
}

std::vector<const ErrorRows*> ViewNode::AllErrors() const {
  std::vector<const ErrorRows*> all = {errors.get()};
  for (const auto& section : pipeline->sections()) {
    for (uint32_t shard = 0; shard < section->shards(); ++shard) all.push_back(&section->errors(shard));
  }
  return all;
}

namespace {

// WITH (retain_history = '64 MiB'), checked when the view was planned.
uint64_t HistoryBytes(const catalog::Relation& relation) {
  for (const auto& [key, value] : relation.options) {
    if (key == "retain_history") return ParseBytes(value).value_or(0);
  }
  return 0;
}

}  // namespace

Status Core::AddView(RelationPtr relation, plan::QueryPlan& plan, const Settings& settings,
                     const std::atomic<bool>& cancelled) {
  auto node = NewNode(relation, plan, settings);
  exec::MaterializeSpec spec;
  spec.name = "view " + relation->name;
  spec.types = relation->schema.Types();
  spec.has_key = relation->upsert_key.has_value();
  if (spec.has_key) spec.key = *relation->upsert_key;
  spec.input_retracts = !relation->append_only;
  node->fan_out = std::make_unique<exec::FanOut>(&has_failures_);
  PipelineRequest request = RequestFor(*node, plan, settings);
  request.stored = std::move(spec);
  request.after = node->fan_out.get();
  if (const uint64_t bytes = HistoryBytes(*relation); bytes > 0) {
    node->history = std::make_unique<exec::History>(exec::HistorySpec{relation->name, relation->schema.Types(), bytes});
    TRY(node->history->Open(request.context));
    node->history->StartAt(epoch_ + 1);
    node->history->ConnectTo(node->fan_out.get(), 0);
    request.after = node->history.get();
  }
  node->pipeline = TRY(Pipeline::Build(std::move(request)));
  Status attached = AttachLeaves(*node, cancelled);
  if (attached.ok() && FindView(relation->name) != nullptr) Remove(relation->name);
  if (attached.ok()) attached = catalog_.Add(relation);
  if (!attached.ok()) {
    Detach(*node);
    return attached;
  }
  views_.push_back(std::move(node));
  Remember(*relation, settings);
  RegisterView(*views_.back());
  SettleFailures();
  WakeThread();
  return {};
}

Status Core::AddSink(RelationPtr relation, plan::QueryPlan& plan, std::unique_ptr<SinkOperator> sink,
                     const Settings& settings, Status lost) {
  const std::atomic<bool> never{false};
  auto node = NewNode(relation, plan, settings);
  if (!lost.ok()) {
    node->state = ViewState::kFailed;
    node->failure = std::move(lost);
    is_dirty_ = true;  // what comes from now on it misses, so that is for good
  }
  node->sink = sink.get();
  if (restoring_ != nullptr) sink->LeaveOpen();
  PipelineRequest request = RequestFor(*node, plan, settings);
  request.sink = std::move(sink);
  node->pipeline = TRY(Pipeline::Build(std::move(request)));
  Status attached = AttachLeaves(*node, never);
  if (attached.ok()) attached = catalog_.Add(relation);
  if (!attached.ok()) {
    Detach(*node);
    return attached;
  }
  node->sink->NoteMade();
  views_.push_back(std::move(node));
  Remember(*relation, settings);
  RegisterView(*views_.back());
  SettleFailures();
  WakeThread();
  return {};
}

Result<ViewNode*> Core::AddCursor(plan::QueryPlan& plan, std::unique_ptr<exec::Operator> sink, const Settings& settings,
                                  const std::atomic<bool>& cancelled) {
  auto node = NewNode(nullptr, plan, settings);
  PipelineRequest request = RequestFor(*node, plan, settings);
  request.sink = std::move(sink);
  node->pipeline = TRY(Pipeline::Build(std::move(request)));
  if (Status attached = AttachLeaves(*node, cancelled); !attached.ok()) {
    Detach(*node);
    return Error(std::move(attached));
  }
  ViewNode* made = node.get();
  views_.push_back(std::move(node));
  WakeThread();
  return made;
}

void Core::RemoveCursor(ViewNode* node) {
  Detach(*node);
  std::erase_if(views_, [&](const auto& view) { return view.get() == node; });
}

void Core::Remove(std::string_view name) {
  if (ViewNode* view = FindView(name)) {
    Detach(*view);
    ForgetView(*view);
    std::erase_if(views_, [&](const auto& v) { return v.get() == view; });
  }
  if (const auto known = ordinals_.find(name); known != ordinals_.end()) {
    graph_state_.RemoveCatalog(known->second);
    ordinals_.erase(known);
    is_dirty_ = true;
  }
  if (const SourceNode* source = FindSource(name); source != nullptr && !source->stored_failure.empty())
    graph_state_.RemoveFailure(name);  // another one of that name would be taken for failed
  if (std::erase_if(sources_, [&](const auto& source) { return source->relation->name == name; }) > 0) ++graph_version_;
  catalog_.Remove(name);
}

void Core::Detach(ViewNode& node) {
  Quiesce();
  for (const auto& section : node.pipeline->sections()) std::erase(sections_, section.get());
  for (const auto& pick : node.picks) {
    for (const auto& source : sources_) {
      if (source->shared != nullptr) source->shared->fan_out->Remove(pick.get());
      for (const auto& head : source->catching_up) head->fan_out->Remove(pick.get());
    }
    for (const auto& view : views_) {
      if (view->fan_out != nullptr) view->fan_out->Remove(pick.get());
    }
  }
  for (const auto& source : sources_) {
    std::erase_if(source->catching_up, [](const auto& head) { return head->fan_out->empty(); });
  }
}

Status Core::AttachLeaves(ViewNode& node, const std::atomic<bool>& cancelled) {
  CoreMutex::Slices slices(mutex_, *options_.clock, cancelled);
  RefreshTime();
  Quiesce();
  for (const auto& section : node.pipeline->sections()) sections_.push_back(section.get());
  PrepareSections();
  if (restoring_ != nullptr) RestoreFailure(node);
  for (const Leaf& leaf : node.pipeline->leaves()) TRY(AttachLeaf(node, leaf, slices));
  // A new pipeline has its scratch to make: whatever feeds it counts as cold again.
  for (const auto& source : sources_) {
    if (source->shared != nullptr) source->shared->batches = 0;
    for (const auto& head : source->catching_up) head->batches = 0;
  }
  Quiesce();  // what fails on a shard is told by this statement too
  return node.pipeline->Failure();
}

Status Core::AttachLeaf(ViewNode& node, const Leaf& leaf, CoreMutex::Slices& slices) {
  if (leaf.node->kind != plan::NodeKind::kScan) {
    // What such a leaf gave is in the restored state.
    return restoring_ == nullptr ? FeedRows(*leaf.node, *leaf.target, leaf.input, slices) : Status();
  }
  const std::string& name = leaf.node->relation->name;
  node.picks.push_back(std::make_unique<ColumnPick>(leaf.node->columns));
  ColumnPick& pick = *node.picks.back();
  pick.ConnectTo(leaf.target, leaf.input);
  if (restoring_ != nullptr) return RestoreLeaf(node, static_cast<uint32_t>(node.picks.size() - 1), pick, name);
  if (SourceNode* source = FindSource(name)) {
    if (source->stored != nullptr) {
      TRY(FeedStored(pick, *source->TakeRows(), source->shared->fan_out->watermark(), &slices));
      source->shared->fan_out->Add(&pick, 0);
      return {};
    }
    return AttachToSource(*source, &pick, leaf.node->columns);
  }
  ViewNode* view = FindView(name);
  CHECK(view != nullptr && !view->pipeline->stored().empty());
  if (view->state != ViewState::kRunning)
    return Status(ErrorCode::kClosed, "view \"" + name + "\" is not running")
        .WithHint("SHOW MATERIALIZED VIEWS says why");
  TRY(FeedStored(pick, *exec::StoredResult::TakeSnapshot(view->pipeline->stored()), view->fan_out->watermark(),
                 &slices));
  view->fan_out->Add(&pick, 0);
  return {};
}

Status Core::AttachToSource(SourceNode& source, exec::Operator* reader, const std::vector<uint32_t>& columns) {
  if (!source.failure.ok()) return Status(source.failure);
  const std::vector<uint32_t> read = ReadColumns(*source.relation, columns);
  if (source.connector == nullptr) {
    const Timestamp watermark = source.shared->fan_out->watermark();
    if (watermark != kMinTimestamp) reader->Watermark(0, watermark, reader->output());
    source.shared->fan_out->Add(reader, 0, read);
    return {};
  }
  std::vector<bool> needed = NeededColumns(*source.relation, columns);
  if (source.shared != nullptr && !source.relation->replayable && source.shared->rows > 0) {
    source.shared->fan_out->Add(reader, 0, read);  // from now on: what is gone cannot be had again
    return {};
  }
  if (source.shared != nullptr) {
    for (size_t i = 0; i < needed.size(); ++i) needed[i] = needed[i] || source.shared->needed[i];
  }
  if (!source.relation->replayable) needed.assign(needed.size(), true);
  const bool fresh = source.shared == nullptr || (source.shared->rows == 0 && !source.shared->has_ended);
  if (fresh) {
    if (source.shared == nullptr || source.shared->needed != needed) {
      std::unique_ptr<Head> head = TRY(OpenHead(HeadFor(source, std::move(needed))));
      if (source.shared != nullptr) head->fan_out->TakeReaders(*source.shared->fan_out);
      source.shared = std::move(head);
    }
    source.shared->fan_out->Add(reader, 0, read);
    return {};
  }
  HeadRequest request = HeadFor(source, std::move(needed));
  request.at_full_speed = true;
  std::unique_ptr<Head> head = TRY(OpenHead(request));
  head->fan_out->Add(reader, 0, read);
  source.catching_up.push_back(std::move(head));
  return {};
}

// The present contents as +1 rows, then the present watermark: as if the reader had been there from the start.
Status Core::FeedStored(exec::Operator& reader, exec::StoredRows& rows, Timestamp watermark,
                        CoreMutex::Slices* slices) {
  uint64_t cursor = 0;
  const auto& types = rows.types();
  data::BatchBuffer buffer(types);
  while (true) {
    rows.Read(cursor, buffer);
    if (buffer.rows() == 0) break;
    data::Batch batch = buffer.batch();
    reader.Process(0, batch, reader.output());
    while (IsAnySectionBlocked()) PumpSections(true, true);
    if (slices != nullptr && TRY(slices->GiveWay())) RefreshTime();
  }
  if (watermark != kMinTimestamp) reader.Watermark(0, watermark, reader.output());
  return {};
}

Status Core::FeedRows(const plan::Node& node, exec::Operator& target, int input, CoreMutex::Slices& slices) {
  std::unique_ptr<LeafRows> rows = TRY(OpenLeafRows(*this, node));
  data::BatchBuffer buffer(node.schema.Types());
  while (rows->Next(buffer)) {
    data::Batch batch = buffer.batch();
    if (target.Process(input, batch, target.output()) != exec::Step::kMore) break;
    while (IsAnySectionBlocked()) PumpSections(true, true);
    if (TRY(slices.GiveWay())) RefreshTime();
  }
  target.Watermark(input, kMaxTimestamp, target.output());
  return {};
}

}  // namespace laminar::engine
