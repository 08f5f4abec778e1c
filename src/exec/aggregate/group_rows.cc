#include "exec/aggregate/group_rows.h"

#include <algorithm>
#include <span>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hot_scope.h"
#include "exec/stateless/filter_project.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;

namespace {

// Of the Materialize that stood here in a database of an earlier version.
constexpr size_t kFormerNote = 16;

// What fails was told of when it was put out.
class Silence final : public SideOutput {
 public:
  void Add(const Batch&, std::span<const data::Type>, const uint16_t*, uint32_t, ErrorCode) override {}
};

// The end of the way: the rows that arrive.
class Collector final : public Operator {
 public:
  Status Open(const Context&) override { return {}; }
  Step Process(int, Batch& batch, Output&) override {
    into->AppendRows(batch, 0, batch.rows);
    return Step::kMore;
  }
  Step Watermark(int, Timestamp, Output&) override { return Step::kMore; }

  BatchBuffer* into = nullptr;
};

// From groups to rows of the view.
class Way {
 public:
  Way(const GroupAggregate::Groups& groups, const std::vector<FilterProjectSpec>& above)
      : groups_(groups), results_(groups.types), good_(groups.types) {
    Context context;
    context.environment = &environment_;
    context.row_errors = &silence_;
    context.late_rows = &silence_;
    for (const FilterProjectSpec& spec : above) {
      steps_.push_back(std::make_unique<FilterProject>(Copy(spec)));
      CHECK(steps_.back()->Open(context).ok());  // as the view's own
    }
    for (size_t i = 0; i < steps_.size(); ++i)
      steps_[i]->ConnectTo(i + 1 < steps_.size() ? static_cast<Operator*>(steps_[i + 1].get()) : &collector_, 0);
  }
  Way(const Way&) = delete;

  // `rows` of the snapshot, at most a batch.
  void Give(std::span<const uint8_t*> rows, BatchBuffer& out) {
    collector_.into = &out;
    const auto count = static_cast<uint32_t>(rows.size());
    results_.Reset();
    results_.SetRows(count);
    groups_.snapshot->ReadKeys(rows.data(), count, results_, 0);
    for (const uint8_t*& row : rows) row += groups_.payload_offset;
    groups_.aggregates->Results(rows.data(), count, results_, groups_.keys, 0);
    Batch& batch = WithoutErrors();
    if (batch.rows == 0) return;
    Operator& first = steps_.empty() ? static_cast<Operator&>(collector_) : *steps_.front();
    first.Process(0, batch, first.output());
  }

 private:
  // A group whose result cannot be computed has no row.
  Batch& WithoutErrors() {
    Batch& batch = results_.batch();
    if (std::ranges::none_of(batch.Columns(), &data::Column::has_errors)) return batch;
    uint16_t good[data::kBatchCapacity];
    uint32_t count = 0;
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (!batch.HasError(row)) good[count++] = static_cast<uint16_t>(row);
    }
    good_.Reset();
    good_.AppendSelected(batch, good, count);
    return good_.batch();
  }

  const GroupAggregate::Groups& groups_;
  const expr::EvalEnvironment environment_;
  Silence silence_;
  Collector collector_;
  std::vector<std::unique_ptr<FilterProject>> steps_;
  BatchBuffer results_;  // keys and results
  BatchBuffer good_;
};

// Taken under the lock of the graph, so all that takes time waits for the first Read.
class GroupPart final : public StoredPart {
 public:
  GroupPart(GroupAggregate::Groups groups, std::shared_ptr<const std::vector<FilterProjectSpec>> above)
      : groups_(std::move(groups)), above_(std::move(above)) {}

  void Read(uint64_t& cursor, BatchBuffer& out) override {
    if (way_ == nullptr) way_ = std::make_unique<Way>(groups_, *above_);
    const uint8_t* rows[data::kBatchCapacity];
    const uint32_t most = std::min<uint32_t>(data::kBatchCapacity, out.capacity());
    while (out.rows() == 0) {
      const uint32_t count = groups_.snapshot->Rows(cursor, most, rows);
      if (count == 0) return;
      const auto behind = std::remove_if(
          rows, rows + count, [this](const uint8_t* row) { return HeadOf(row + groups_.payload_offset).rows <= 0; });
      if (behind != rows) way_->Give({rows, behind}, out);
    }
  }

 private:
  const GroupAggregate::Groups groups_;
  const std::shared_ptr<const std::vector<FilterProjectSpec>> above_;
  std::unique_ptr<Way> way_;
};

}  // namespace

bool GroupRows::CanRead(const GroupAggregateSpec& groups) {
  return !groups.keys.empty() && (groups.emit == EmitKind::kOnUpdate || groups.emit == EmitKind::kChanges) &&
         std::ranges::all_of(groups.aggregates,
                             [](const AggregateCall& call) { return call.function->destroy == nullptr; });
}

Step GroupRows::Process(int, Batch& batch, Output& out) {
  if (batch.weights == nullptr) {
    rows_ += batch.rows;
  } else {
    for (uint32_t row = 0; row < batch.rows; ++row) rows_ += static_cast<uint64_t>(batch.weights[row]);
  }
  return out.Push(batch);
}

std::unique_ptr<StoredPart> GroupRows::TakePart() {
  return std::make_unique<GroupPart>(groups_->TakeGroups(), spec_.above);
}

// How many rows there are is of this instance, as long as there are as many.
void GroupRows::SaveNote(std::string& out) const {
  AppendNumber(spec_.instances, out);
  AppendNumber(rows_, out);
}

Status GroupRows::Restore(std::string_view note) {
  uint32_t instances = 0;
  const bool is_former = note.size() == kFormerNote;
  if (!is_former && (!TakeNumber(note, instances) || !TakeNumber(note, rows_) || !note.empty()))
    return UnreadableNote();
  if (instances != spec_.instances) CountRows();
  return {};
}

void GroupRows::CountRows() {
  const std::unique_ptr<StoredPart> part = TakePart();
  BatchBuffer buffer(spec_.types);
  rows_ = 0;
  uint64_t cursor = 0;
  do {
    buffer.Reset();
    part->Read(cursor, buffer);
    rows_ += buffer.rows();
  } while (buffer.rows() > 0);
}

}  // namespace laminar::exec
