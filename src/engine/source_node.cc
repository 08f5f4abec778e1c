#include "engine/source_node.h"

#include <algorithm>

#include "base/hot_scope.h"
#include "exec/stateless/filter_project.h"

namespace laminar::engine {

using catalog::Relation;

Status Head::Failure() const {
  for (const auto& op : operators) {
    if (!op->failure().ok()) return op->failure();
  }
  return {};
}

sdk::Options ConnectorOptions(const Relation& relation, bool without_rate) {
  std::vector<std::pair<std::string, std::string>> kept;
  for (const auto& option : relation.options) {
    if (option.first == "connector" || (without_rate && option.first == "rate")) continue;
    kept.push_back(option);
  }
  return sdk::Options(std::move(kept));
}

std::vector<bool> NeededColumns(const Relation& relation, const std::vector<uint32_t>& columns) {
  std::vector<bool> needed(relation.physical.size(), false);
  const bool has_rate = std::ranges::any_of(relation.options, [](const auto& o) { return o.first == "rate"; });
  if (has_rate) {  // a reader that keeps its pace is never replaced by a wider one
    needed.assign(needed.size(), true);
    return needed;
  }
  auto need = [&](uint32_t column) {
    std::vector<uint32_t> below;
    if (relation.columns.empty())
      below.push_back(column);
    else
      expr::CollectColumns(*relation.columns[column], below);
    for (uint32_t physical : below) needed[physical] = true;
  };
  for (uint32_t column : columns) need(column);
  if (relation.watermark) need(relation.watermark->column);
  return needed;
}

std::vector<uint32_t> ReadColumns(const Relation& relation, std::vector<uint32_t> columns) {
  if (relation.watermark) columns.push_back(relation.watermark->column);
  return columns;
}

namespace {

// A column whose inputs are not all read is not computed, so it cannot fail either. Where it fails the row is one all
// the same for those who do not read that column. (Tables have no generated columns.)
exec::FilterProjectSpec GeneratedColumns(const HeadRequest& request) {
  const Relation& relation = *request.relation;
  exec::FilterProjectSpec spec;
  spec.input = relation.physical.Types();
  spec.marks_failures = true;
  for (uint32_t i = 0; i < relation.columns.size(); ++i) {
    const expr::Expr& column = *relation.columns[i];
    std::vector<uint32_t> inputs;
    expr::CollectColumns(column, inputs);
    const bool is_read = !request.computed || std::ranges::find(*request.computed, i) != request.computed->end();
    const bool is_computed = is_read && std::ranges::all_of(inputs, [&](uint32_t c) { return request.needed[c]; });
    spec.outputs.push_back(is_computed ? expr::Clone(column) : expr::MakeLiteral(data::Value::Null(), column.type));
    const bool is_generated = column.kind != expr::ExprKind::kColumn;
    if (is_computed && is_generated && !relation.schema[i].nullable) spec.not_null.push_back(i);
  }
  return spec;
}

}  // namespace

Result<std::unique_ptr<Head>> OpenHead(const HeadRequest& request) {
  const Relation& relation = *request.relation;
  auto head = std::make_unique<Head>();
  head->needed = request.needed;
  head->at_full_speed = request.at_full_speed;
  if (request.connector != nullptr) {
    sdk::SourceRequest open;
    open.name = relation.name;
    open.schema = relation.physical;
    open.needed = request.needed;
    open.options = ConnectorOptions(relation, request.at_full_speed);
    open.bad_rows = request.bad_rows;
    open.position = request.position;
    head->reader = TRY(request.connector->OpenSource(std::move(open)));
    head->buffer = std::make_unique<data::BatchBuffer>(relation.physical.Types());
  }
  if (!relation.columns.empty())
    head->operators.push_back(std::make_unique<exec::FilterProject>(GeneratedColumns(request)));
  if (relation.watermark && request.with_watermark) {
    auto assigner = std::make_unique<exec::WatermarkAssigner>(
        exec::WatermarkSpec{relation.schema.Types(), relation.watermark->column, relation.watermark->delay});
    head->assigner = assigner.get();
    head->operators.push_back(std::move(assigner));
  }
  auto fan_out = std::make_unique<exec::FanOut>(request.has_failures, relation.schema.Types());
  head->fan_out = fan_out.get();
  head->operators.push_back(std::move(fan_out));
  for (size_t i = 0; i + 1 < head->operators.size(); ++i)
    head->operators[i]->ConnectTo(head->operators[i + 1].get(), 0);
  for (const auto& op : head->operators) TRY(op->Open(request.context));
  return head;
}

Status EndHead(Head& head) {
  if (head.has_ended) return {};
  head.has_ended = true;
  if (head.entry().Watermark(0, kMaxTimestamp, head.entry().output()) == exec::Step::kFailed) return head.Failure();
  return {};
}

exec::Step PushBatch(Head& head, data::Batch& batch) {
  if (batch.rows == 0) return exec::Step::kMore;
  constexpr uint64_t kWarmUpBatches = 64;
  if (++head.batches <= kWarmUpBatches) return head.entry().Process(0, batch, head.entry().output());
  HotScope hot("a batch through the views of a source");
  return head.entry().Process(0, batch, head.entry().output());
}

Result<sdk::ReadState> StepHead(Head& head, uint32_t rows_max, expr::EvalEnvironment& environment) {
  if (head.reader == nullptr || head.has_ended) return head.has_ended ? sdk::ReadState::kEnd : sdk::ReadState::kIdle;
  const sdk::ReadState state = TRY(head.reader->Read(*head.buffer, rows_max));
  if (state == sdk::ReadState::kEnd) {
    TRY(EndHead(head));
    return state;
  }
  if (state == sdk::ReadState::kIdle || head.buffer->rows() == 0) return sdk::ReadState::kIdle;
  head.rows += head.buffer->rows();
  if (head.assigner != nullptr) environment.watermark = head.assigner->watermark();
  data::Batch batch = head.buffer->batch();
  const exec::Step step = PushBatch(head, batch);
  if (step == exec::Step::kFailed) TRY(head.Failure());
  head.is_done = step == exec::Step::kDone;
  return sdk::ReadState::kRows;
}

}  // namespace laminar::engine
