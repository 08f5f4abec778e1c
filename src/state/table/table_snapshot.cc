#include "state/table/table_snapshot.h"

#include <algorithm>

#include "base/check.h"
#include "base/hot_scope.h"

namespace laminar::state {
namespace {

constexpr uint32_t kReadBlock = 256;

class TableSnapshot final : public Snapshot {
 public:
  explicit TableSnapshot(PageStore& store)
      : memory_(store.memory()), slots_(store.slots()), size_(store.live()), mark_(store.Share(pages_)) {}
  // Our reads of shared pages are over before the owner learns of it and reuses them.
  ~TableSnapshot() override { mark_->is_released.store(true, std::memory_order_release); }

  uint64_t size() const override { return size_; }

  void Read(uint64_t& cursor, data::BatchBuffer& out) const override {
    const RowLayout& layout = memory_->layout;
    CHECK(out.types().size() == layout.keys.size() + layout.values.size());
    const uint8_t* rows[kReadBlock];
    while (!out.full()) {
      const uint32_t first = out.rows();
      const uint32_t count = Rows(cursor, std::min(kReadBlock, out.capacity() - first), rows);
      if (count == 0) return;
      ReadKeys(rows, count, out, first);
      size_t position = layout.keys.size();
      for (const StoredColumn& column : layout.values)
        ReadStored(column, rows, count, out, out.column(position++), first);
      out.SetRows(first + count);
    }
  }

  uint32_t Rows(uint64_t& cursor, uint32_t limit, const uint8_t** out) const override {
    const size_t row_bytes = memory_->layout.row_bytes;
    const uint64_t start = cursor;
    uint32_t count = 0;
    while (cursor < slots_ && count < limit) {
      const auto row = static_cast<uint32_t>(cursor++);
      const uint8_t* at = pages_[row / memory_->rows_per_page] + size_t{row % memory_->rows_per_page} * row_bytes;
      if (HeaderOf(at)->live != 0) out[count++] = at;
    }
    const uint64_t rows_per_block = StateMemory::kBlockBytes / row_bytes + 1;
    if (cursor / rows_per_block != start / rows_per_block) memory_->home->LetGo();
    return count;
  }

  void ReadKeys(const uint8_t* const* rows, uint32_t count, data::BatchBuffer& out, uint32_t first) const override {
    size_t position = 0;
    for (const StoredColumn& column : memory_->layout.keys)
      ReadStored(column, rows, count, out, out.column(position++), first);
  }

 private:
  std::shared_ptr<const TableMemory> memory_;
  const uint32_t slots_;
  const uint64_t size_;
  std::vector<const uint8_t*> pages_;
  std::shared_ptr<SnapshotMark> mark_;
};

}  // namespace

std::shared_ptr<const Snapshot> MakeSnapshot(PageStore& store) {
  AllowAllocation growth;
  return std::make_shared<TableSnapshot>(store);
}

}  // namespace laminar::state
