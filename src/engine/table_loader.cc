#include "engine/table_loader.h"

#include <algorithm>

#include "engine/read_ahead.h"
#include "os/thread.h"

namespace laminar::engine {

namespace {

constexpr uint64_t kRowsBetween = 4096;

}  // namespace

void TableLoader::Add(StoredOperator& stored) {
  for (size_t t = 0; t < stored.numbers.size(); ++t) tables_.push_back({&stored, t});
}

Status TableLoader::Run(uint32_t threads) {
  reads_ahead_ = threads > tables_.size();
  std::vector<os::Thread> helpers;
  for (size_t i = 1; i < std::min<size_t>(threads, tables_.size()); ++i) {
    auto helper = os::Thread::Start("laminar-load", [](void* self) { static_cast<TableLoader*>(self)->Work(); }, this);
    if (!helper) break;  // then those that are there do it
    helpers.push_back(*std::move(helper));
  }
  Work();
  for (os::Thread& helper : helpers) helper.Join();
  return failure_;
}

void TableLoader::Work() {
  for (size_t i = next_.fetch_add(1); i < tables_.size(); i = next_.fetch_add(1)) {
    Status loaded = Load(tables_[i]);
    if (loaded.ok()) continue;
    next_.store(tables_.size());
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = std::move(loaded);
  }
}

Status TableLoader::Load(const Table& table) {
  auto& instances = table.stored->instances;
  for (StoredOperator::Instance& instance : instances) instance.tables[table.index]->Clear();
  const auto [first, behind] = GraphState::RangeOf(table.stored->numbers[table.index]);
  const auto load = [&](std::string_view key, std::string_view value, uint64_t rows) -> Status {
    key.remove_prefix(first.size());
    const size_t vnode = key.empty() ? 0 : static_cast<uint8_t>(key[0]);
    TRY(instances[vnode * instances.size() / state::kVnodes].tables[table.index]->LoadRow(key, value));
    if (rows % kRowsBetween == 0) now_and_then_();
    return {};
  };
  std::unique_ptr<state::StateCursor> cursor = TRY(store_.Scan(first, behind));
  if (reads_ahead_) {
    ReadAhead ahead(std::move(cursor));
    for (uint64_t rows = 1; ahead.Next(); ++rows) TRY(load(ahead.key(), ahead.value(), rows));
    TRY(Status(ahead.status()));
  } else {
    for (uint64_t rows = 1; cursor->valid(); cursor->Next(), ++rows) TRY(load(cursor->key(), cursor->value(), rows));
    TRY(cursor->status());
  }
  for (StoredOperator::Instance& instance : instances) instance.tables[table.index]->FinishLoad();
  return {};
}

}  // namespace laminar::engine
