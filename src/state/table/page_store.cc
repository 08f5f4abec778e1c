#include "state/table/page_store.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/hot_scope.h"

namespace laminar::state {
namespace {

constexpr size_t kPageBytes = size_t{64} << 10;
constexpr size_t kFirstPageBytes = 1024;
constexpr uint32_t kRenumberAt = 0xF0000000u;

uint8_t* AllocateAligned(size_t bytes) {
  constexpr size_t kLine = 64;
  void* block = std::aligned_alloc(kLine, (bytes + kLine - 1) / kLine * kLine);
  if (block == nullptr) throw std::bad_alloc();
  return static_cast<uint8_t*>(block);
}

}  // namespace

PagePool::~PagePool() {
  for (uint8_t* chunk : chunks_) std::free(chunk);
  for (uint8_t* page : odd_) std::free(page);
  for (uint8_t* block : blocks_) memory_.Free(block);
}

uint8_t* PagePool::Allocate(size_t bytes) {
  AllowAllocation growth;
  if (bytes != page_bytes_) {
    count_.Add(bytes);
    odd_.push_back(AllocateAligned(bytes));
    return odd_.back();
  }
  if (free_.empty()) {
    size_t pages = next_chunk_pages_;
    uint8_t* chunk = nullptr;
    if (page_bytes_ <= StateMemory::kBlockBytes && pages * page_bytes_ >= StateMemory::kWorthABlock) {
      pages = StateMemory::kBlockBytes / page_bytes_;
      chunk = blocks_.emplace_back(memory_.Allocate());
    } else {
      chunk = chunks_.emplace_back(AllocateAligned(pages * page_bytes_));
      count_.Add(pages * page_bytes_);
      next_chunk_pages_ = page_bytes_ <= StateMemory::kBlockBytes ? pages * 2 : 1;
    }
    for (size_t i = pages; i > 0; --i) free_.push_back(chunk + (i - 1) * page_bytes_);
  }
  uint8_t* page = free_.back();
  free_.pop_back();
  return page;
}

void PagePool::Free(uint8_t* page, size_t bytes) {
  AllowAllocation release;
  if (bytes == page_bytes_) return free_.push_back(page);
  count_.Remove(bytes);
  std::erase(odd_, page);
  std::free(page);
}

namespace {

uint32_t RowsPerPage(size_t row_bytes) {
  return static_cast<uint32_t>(std::bit_floor(std::max<size_t>(kPageBytes / row_bytes, 1)));
}

}  // namespace

TableMemory::TableMemory(const TableSpec& spec)
    : home(spec.memory != nullptr ? spec.memory : std::make_shared<StateMemory>()),
      layout(spec),
      rows_per_page(RowsPerPage(layout.row_bytes)),
      strings(*home),
      pages(size_t{rows_per_page} * layout.row_bytes, *home) {}

PageStore::PageStore(std::shared_ptr<TableMemory> memory)
    : memory_(std::move(memory)),
      row_bytes_(memory_->layout.row_bytes),
      shift_(static_cast<uint32_t>(std::countr_zero(memory_->rows_per_page))),
      mask_(memory_->rows_per_page - 1),
      page_bytes_(memory_->rows_per_page * row_bytes_) {}

// Snapshots may still read pages and strings: TableMemory owns both and goes with the last user.
PageStore::~PageStore() = default;

uint64_t PageStore::room() const {
  uint64_t places = pages_.empty() ? 0 : first_rows_ + (pages_.size() - 1) * uint64_t{mask_ + 1u};
  return places - slots_ + free_;
}

uint64_t PageStore::memory_bytes() const {
  return memory_->pages.memory_bytes() + memory_->strings.memory_bytes() + pages_.capacity() * sizeof(uint8_t*) +
         births_.capacity() * sizeof(uint32_t) + dirty_.capacity() * sizeof(RowRef) +
         retired_pages_.capacity() * sizeof(RetiredPage) + retired_strings_.capacity() * sizeof(RetiredString);
}

void PageStore::AddPage() {
  AllowAllocation growth;
  if (pages_.empty()) {
    first_rows_ = std::min<size_t>(std::bit_ceil(std::max<size_t>(kFirstPageBytes / row_bytes_, 4)), mask_ + size_t{1});
    pages_.push_back(memory_->pages.Allocate(first_rows_ * row_bytes_));
  } else {
    pages_.push_back(memory_->pages.Allocate(page_bytes_));
  }
  births_.push_back(stamp_);
}

RowRef PageStore::New() {
  RowRef row = free_head_;
  uint32_t old_stamp = 0;
  if (row != kNoRow) {
    MakeWritable(row >> shift_);
    const RowHeader* header = HeaderOf(At(row));
    free_head_ = header->tag;
    old_stamp = header->stamp;
    --free_;
  } else {
    row = slots_;
    const uint32_t page = row >> shift_;
    if (page == pages_.size()) {
      AddPage();
    } else if (page == 0 && row == first_rows_) {
      const size_t rows = std::min<size_t>(first_rows_ * 2, mask_ + size_t{1});
      Replace(0, rows * row_bytes_);
      first_rows_ = rows;
    } else {
      MakeWritable(page);
    }
    ++slots_;
  }
  uint8_t* at = At(row);
  std::memset(at, 0, row_bytes_);
  HeaderOf(at)->stamp = stamp_;
  HeaderOf(at)->live = 1;
  if (is_tracking_ && old_stamp < epoch_start_) {
    AllowAllocation growth;
    dirty_.push_back(row);
  }
  return row;
}

uint8_t* PageStore::Touch(RowRef row) {
  MakeWritable(row >> shift_);
  uint8_t* at = At(row);
  RowHeader* header = HeaderOf(at);
  if (is_tracking_ && header->stamp < epoch_start_) {
    AllowAllocation growth;
    dirty_.push_back(row);
  }
  header->stamp = stamp_;
  return at;
}

void PageStore::MakeWritable(uint32_t page) {
  if (births_[page] > newest_shared_) [[likely]]
    return;
  ReapSnapshots();
  if (births_[page] > newest_shared_) return;
  if (IsVisible(births_[page], stamp_)) {
    Replace(page, BytesOf(page));
  } else {
    births_[page] = stamp_;
  }
}

void PageStore::Replace(uint32_t page, size_t new_bytes) {
  AllowAllocation growth;
  uint8_t* old = pages_[page];
  const size_t old_bytes = BytesOf(page);
  const size_t used = std::min<size_t>(slots_ - size_t{page} * (mask_ + 1u), mask_ + size_t{1}) * row_bytes_;
  uint8_t* copy = memory_->pages.Allocate(new_bytes);
  std::memcpy(copy, old, used);
  pages_[page] = copy;
  Retire(old, old_bytes, births_[page]);
  births_[page] = stamp_;
}

// True when a living snapshot was taken at a stamp in [from, to).
bool PageStore::IsVisible(uint32_t from, uint32_t to) const {
  for (const auto& mark : marks_) {
    if (mark->stamp >= from && mark->stamp < to) return true;
  }
  return false;
}

void PageStore::Retire(uint8_t* page, size_t bytes, uint32_t birth) {
  if (!IsVisible(birth, stamp_)) return memory_->pages.Free(page, bytes);
  AllowAllocation growth;
  retired_pages_.push_back({page, bytes, birth, stamp_});
}

void PageStore::FreeString(const char* bytes, size_t size) {
  if (marks_.empty()) [[likely]]
    return memory_->strings.Free(bytes, size);
  AllowAllocation growth;
  retired_strings_.push_back({bytes, size, stamp_});
}

void PageStore::ReapSnapshots() {
  if (marks_.empty()) return;
  const size_t before = marks_.size();
  AllowAllocation release;
  std::erase_if(marks_, [](const auto& mark) { return mark->is_released.load(std::memory_order_acquire); });
  if (marks_.size() == before) return;
  newest_shared_ = 0;
  for (const auto& mark : marks_) newest_shared_ = std::max(newest_shared_, mark->stamp);
  std::erase_if(retired_pages_, [&](const RetiredPage& old) {
    if (IsVisible(old.birth, old.stamp)) return false;
    memory_->pages.Free(old.page, old.bytes);
    return true;
  });
  std::erase_if(retired_strings_, [&](const RetiredString& old) {
    if (IsVisible(0, old.stamp)) return false;
    memory_->strings.Free(old.bytes, old.size);
    return true;
  });
}

void PageStore::Erase(RowRef row) {
  RowHeader* header = HeaderOf(Mutable(row));
  header->live = 0;
  header->tag = free_head_;
  free_head_ = row;
  ++free_;
}

void PageStore::Clear() {
  ReapSnapshots();
  for (uint32_t p = 0; p < pages_.size(); ++p) Retire(pages_[p], BytesOf(p), births_[p]);
  pages_.clear();
  births_.clear();
  dirty_.clear();
  slots_ = 0;
  free_ = 0;
  free_head_ = kNoRow;
}

void PageStore::BeginEpoch() {
  ReapSnapshots();
  RenumberIfNeeded();
  CHECK(stamp_ < UINT32_MAX);
  epoch_start_ = ++stamp_;
  is_tracking_ = true;
  dirty_.clear();
}

// Stamps are 32 bits. Long before they run out, when no snapshot lives, all start again from 1.
void PageStore::RenumberIfNeeded() {
  if (stamp_ < kRenumberAt || !marks_.empty()) return;
  for (RowRef row = 0; row < slots_; ++row) HeaderOf(At(row))->stamp = 0;
  std::fill(births_.begin(), births_.end(), 1u);
  stamp_ = 1;
}

std::shared_ptr<SnapshotMark> PageStore::Share(std::vector<const uint8_t*>& pages) {
  AllowAllocation growth;
  ReapSnapshots();
  if (!is_tracking_) RenumberIfNeeded();
  CHECK(stamp_ < UINT32_MAX);
  auto mark = std::make_shared<SnapshotMark>();
  mark->stamp = stamp_;
  newest_shared_ = stamp_++;
  marks_.push_back(mark);
  pages.assign(pages_.begin(), pages_.end());
  return mark;
}

}  // namespace laminar::state
