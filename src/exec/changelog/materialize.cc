#include "exec/changelog/materialize.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "base/bytes.h"
#include "base/hot_scope.h"
#include "data/row_key.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;
using data::Column;
using data::Type;
using data::TypeId;
using state::kNoRow;
using state::RowRef;

namespace {

constexpr int64_t kNumberStep = 256;  // more than there can be shards

// One state table at one moment.
class TablePart final : public StoredPart {
 public:
  // View column i stands at snapshot column place[i]; a bag's multiplicities stand behind all.
  TablePart(std::shared_ptr<const state::Snapshot> snapshot, std::vector<Type> stored, std::vector<uint32_t> place,
            bool is_bag)
      : snapshot_(std::move(snapshot)), stored_(std::move(stored)), place_(std::move(place)), is_bag_(is_bag) {}

  void Read(uint64_t& cursor, BatchBuffer& out) override {
    BatchBuffer stored(stored_, out.capacity());
    snapshot_->Read(cursor, stored);
    if (stored.rows() == 0) return;
    std::vector<Column> columns;
    for (const uint32_t place : place_) columns.push_back(stored.column(place));
    const Batch view{stored.rows(), static_cast<uint32_t>(columns.size()), columns.data(), nullptr};
    out.AppendRows(view, 0, stored.rows());
    if (!is_bag_) return;
    const int64_t* counts = stored.column(stored_.size() - 1).As<int64_t>();
    std::copy_n(counts, stored.rows(), out.UseWeights());
  }

 private:
  std::shared_ptr<const state::Snapshot> snapshot_;
  std::vector<Type> stored_;  // key columns, then values
  std::vector<uint32_t> place_;
  bool is_bag_;
};

}  // namespace

Materialize::Materialize(MaterializeSpec spec) : spec_(std::move(spec)) {
  layout_ = spec_.has_key ? Layout::kKeyed : spec_.input_retracts ? Layout::kBag : Layout::kLog;
  state::TableSpec table;
  table.name = spec_.name;
  place_.resize(spec_.types.size());
  auto add = [&](uint32_t column, std::vector<Type>& types, std::vector<uint32_t>& columns) {
    types.push_back(spec_.types[column]);
    columns.push_back(column);
  };
  for (uint32_t i = 0; i < spec_.types.size(); ++i) {
    const bool is_key =
        layout_ == Layout::kBag || (layout_ == Layout::kKeyed && std::ranges::find(spec_.key, i) != spec_.key.end());
    add(i, is_key ? table.key : table.values, is_key ? key_columns_ : value_columns_);
  }
  uint32_t next = 0;
  if (layout_ == Layout::kLog) {
    table.key = {Type(TypeId::kInt64)};
    next = 1;
  }
  for (uint32_t column : key_columns_) place_[column] = next++;
  for (uint32_t column : value_columns_) place_[column] = next++;
  if (layout_ == Layout::kBag) {
    table.values.push_back(Type(TypeId::kInt64));
    table.payload_bytes = 8;
  }
  table_ = std::make_unique<state::StateTable>(std::move(table));
}

Status Materialize::Open(const Context& context) {
  state::TableSpec spec = table_->spec();
  context.SetMemory(spec);
  table_ = std::make_unique<state::StateTable>(std::move(spec));
  extra_ = std::make_unique<BatchBuffer>(std::vector<Type>{TypeId::kInt64});
  hashes_.resize(data::kBatchCapacity);
  if (spec_.vnode_columns == key_columns_) spec_.vnode_columns.clear();
  if (!spec_.vnode_columns.empty()) vnode_hashes_.resize(data::kBatchCapacity);
  refs_.resize(data::kBatchCapacity);
  inserted_.resize(data::kBatchCapacity);
  if (spec_.input_upserts) {
    changes_ = std::make_unique<BatchBuffer>(spec_.types);
    part_ = std::make_unique<BatchBuffer>(spec_.types);
  }
  return {};
}

Step Materialize::Process(int, Batch& batch, Output& out) {
  if (!spec_.feeder_reserves) {
    if (Status status = table_->Reserve(batch.rows); !status.ok()) return Fail(std::move(status));
  }
  if (spec_.input_upserts) return ApplyUpserts(batch, out);
  switch (layout_) {
    case Layout::kKeyed: ApplyKeyed(batch); break;
    case Layout::kLog: ApplyLog(batch); break;
    case Layout::kBag: ApplyBag(batch); break;
  }
  return out.Push(batch);
}

void Materialize::SaveNote(std::string& out) const {
  AppendNumber(next_number_, out);
  AppendNumber(negative_rows_, out);
}

Status Materialize::Restore(std::string_view note) {
  const bool is_whole = TakeNumber(note, next_number_) && TakeNumber(note, negative_rows_) && note.empty();
  return is_whole ? Status() : UnreadableNote();
}

void Materialize::HashKeys(const Batch& batch) {
  data::HashRows(batch, spec_.types, key_columns_, hashes_.data());
  if (spec_.vnode_columns.empty()) return;
  data::HashRows(batch, spec_.types, spec_.vnode_columns, vnode_hashes_.data());
  for (uint32_t row = 0; row < batch.rows; ++row)
    hashes_[row] = (hashes_[row] & ~uint64_t{255}) | (vnode_hashes_[row] & 255);
}

void Materialize::ApplyKeyed(const Batch& batch) {
  HashKeys(batch);
  table_->FindOrInsert(batch, key_columns_, hashes_.data(), refs_.data(), inserted_.data());
  if (batch.weights == nullptr) {
    table_->WriteValues({refs_.data(), batch.rows}, batch, value_columns_);
    return;
  }
  // The last change of a key decides. An update pair stands together (-1 old, +1 new), so only removals without one
  // need a closer look.
  AllowAllocation allow;
  std::vector<RowRef> gone;
  bool unpaired = false;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    if (batch.weights[row] > 0) continue;
    const bool pair = row + 1 < batch.rows && batch.weights[row + 1] > 0 && refs_[row + 1] == refs_[row];
    unpaired |= !pair;
    if (!pair && inserted_[row] != 0) ++negative_rows_;
  }
  if (unpaired) {
    std::vector<std::pair<RowRef, uint32_t>> order;
    for (uint32_t row = 0; row < batch.rows; ++row) order.emplace_back(refs_[row], row);
    std::ranges::sort(order);
    for (size_t i = 0; i < order.size(); ++i) {
      const bool is_last = i + 1 == order.size() || order[i + 1].first != order[i].first;
      if (is_last && batch.weights[order[i].second] <= 0) gone.push_back(order[i].first);
    }
  }
  for (uint32_t row = 0; row < batch.rows; ++row) {
    if (batch.weights[row] <= 0) refs_[row] = kNoRow;  // nothing to write
  }
  table_->WriteValues({refs_.data(), batch.rows}, batch, value_columns_);
  for (RowRef ref : gone) table_->Erase(ref);
}

// Upserts of one key in one batch must see each other, so the batch is cut where a key comes again. At most half a
// batch at once: each row may become two.
Step Materialize::ApplyUpserts(Batch& batch, Output& out) {
  AllowAllocation allow;
  constexpr uint32_t kMost = data::kBatchCapacity / 2;
  std::vector<std::string> keys(batch.rows);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    for (uint32_t column : key_columns_) data::AppendKey(batch.columns[column], spec_.types[column], row, keys[row]);
  }
  std::unordered_set<std::string_view> seen;
  for (uint32_t first = 0; first < batch.rows;) {
    uint32_t end = first;
    seen.clear();
    while (end < batch.rows && end - first < kMost && seen.insert(keys[end]).second) ++end;
    const Step step = UpsertDistinct(batch, first, end - first, out);
    if (step != Step::kMore) return step;
    first = end;
  }
  return Step::kMore;
}

Step Materialize::UpsertDistinct(const Batch& batch, uint32_t first, uint32_t count, Output& out) {
  part_->Reset();
  part_->AppendRows(batch, first, count);
  const Batch& part = part_->batch();
  HashKeys(part);
  table_->FindOrInsert(part, key_columns_, hashes_.data(), refs_.data(), inserted_.data());
  changes_->Reset();
  int64_t* weights = changes_->UseWeights();
  std::vector<Column*> key_out;
  std::vector<Column*> value_out;
  for (uint32_t column : key_columns_) key_out.push_back(&changes_->column(column));
  for (uint32_t column : value_columns_) value_out.push_back(&changes_->column(column));
  for (uint32_t row = 0; row < count; ++row) {
    if (inserted_[row] == 0) {
      const uint32_t place = changes_->rows();
      changes_->SetRows(place + 1);
      const RowRef ref[] = {refs_[row]};
      table_->ReadKeys(ref, *changes_, key_out, place);
      table_->ReadValues(ref, *changes_, value_out, place);
      weights[place] = -1;
    }
    changes_->AppendRows(part, row, 1);
    weights[changes_->rows() - 1] = 1;
  }
  // The old rows are views into the table: they must be read before the new ones are written over them.
  BatchBuffer sent(spec_.types);
  sent.AppendRows(changes_->batch(), 0, changes_->rows());
  table_->WriteValues({refs_.data(), count}, part, value_columns_);
  return out.Push(sent.batch());
}

void Materialize::ApplyLog(const Batch& batch) {
  extra_->Reset();
  extra_->SetRows(batch.rows);
  int64_t* numbers = extra_->column(0).As<int64_t>();
  for (uint32_t row = 0; row < batch.rows; ++row) numbers[row] = kNumberStep * next_number_++ + spec_.first_number;
  static constexpr uint32_t kFirst[] = {0};
  const Type key[] = {Type(TypeId::kInt64)};
  data::HashRows(extra_->batch(), key, kFirst, hashes_.data());
  table_->FindOrInsert(extra_->batch(), kFirst, hashes_.data(), refs_.data(), inserted_.data());
  table_->WriteValues({refs_.data(), batch.rows}, batch, value_columns_);
}

void Materialize::ApplyBag(const Batch& batch) {
  HashKeys(batch);
  table_->FindOrInsert(batch, key_columns_, hashes_.data(), refs_.data(), inserted_.data());
  extra_->Reset();
  extra_->SetRows(batch.rows);
  int64_t* counts = extra_->column(0).As<int64_t>();
  for (uint32_t row = 0; row < batch.rows; ++row) {
    auto* count = reinterpret_cast<int64_t*>(table_->Mutable(refs_[row]) + table_->payload_offset());
    *count += batch.Weight(row);
  }
  for (uint32_t row = 0; row < batch.rows; ++row) {
    counts[row] = *reinterpret_cast<const int64_t*>(table_->Get(refs_[row]) + table_->payload_offset());
    if (counts[row] < 0) ++negative_rows_;
  }
  static constexpr uint32_t kFirst[] = {0};
  table_->WriteValues({refs_.data(), batch.rows}, extra_->batch(), kFirst);
  AllowAllocation allow;
  std::vector<RowRef> gone;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    if (counts[row] == 0) gone.push_back(refs_[row]);
  }
  std::ranges::sort(gone);
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
  for (RowRef ref : gone) table_->Erase(ref);
}

std::unique_ptr<StoredPart> Materialize::TakePart() {
  std::vector<Type> stored = table_->spec().key;
  stored.insert(stored.end(), table_->spec().values.begin(), table_->spec().values.end());
  return std::make_unique<TablePart>(table_->TakeSnapshot(), std::move(stored), place_, layout_ == Layout::kBag);
}

}  // namespace laminar::exec
