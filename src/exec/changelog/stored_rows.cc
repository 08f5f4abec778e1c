#include "exec/changelog/stored_rows.h"

namespace laminar::exec {

// A cursor is the part in its upper byte and the place in that part.
void StoredRows::Read(uint64_t& cursor, data::BatchBuffer& out) {
  constexpr int kPartShift = 56;
  out.Reset();
  while (cursor >> kPartShift < parts_.size()) {
    const uint64_t part = cursor >> kPartShift;
    uint64_t place = cursor & ((uint64_t{1} << kPartShift) - 1);
    parts_[part]->Read(place, out);
    cursor = out.rows() > 0 ? part << kPartShift | place : (part + 1) << kPartShift;
    if (out.rows() > 0) return;
  }
}

std::shared_ptr<StoredRows> StoredResult::TakeSnapshot(std::span<StoredResult* const> parts) {
  std::vector<std::unique_ptr<StoredPart>> taken;
  for (StoredResult* part : parts) taken.push_back(part->TakePart());
  return std::make_shared<StoredRows>(std::move(taken), parts.front()->result_types());
}

}  // namespace laminar::exec
