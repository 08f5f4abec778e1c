// PageStore: the rows of one state table in pages, with copy-on-write for snapshots and references to dirty
// rows.
//
// A stamp counts up at every BeginEpoch and TakeSnapshot. A row carries the stamp of its last write, a page
// the stamp of its birth. A
// snapshot taken at stamp s holds the pages that were current then; a page born at or before s, and not yet
// replaced, is shared with it.
// The first write to a row in a stamp asks whether its page is shared and, if so, clones the page and
// retires the old one, which is freed
// when no living snapshot can see it. Strings freed while snapshots live wait likewise.
//
// Threads: the owner calls everything here. A snapshot's reader only reads retired or shared pages, which
// nobody writes, and says that it
// is done through one atomic, SnapshotMark::is_released (release there, acquire in ReapSnapshots): the only
// word two threads touch.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "state/memory/memory_count.h"
#include "state/table/row_layout.h"
#include "state/table/state_table.h"
#include "state/table/string_pool.h"

namespace laminar::state {

// Pages of one size (the page size of a table), from chunks that grow up to a block of the database's StateMemory;
// other sizes stand alone.
class PagePool {
 public:
  PagePool(size_t page_bytes, StateMemory& memory) : page_bytes_(page_bytes), memory_(memory), count_(memory) {}
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;
  uint8_t* Allocate(size_t bytes);
  void Free(uint8_t* page, size_t bytes);
  uint64_t memory_bytes() const { return count_.bytes() + blocks_.size() * StateMemory::kBlockBytes; }

 private:
  const size_t page_bytes_;
  StateMemory& memory_;
  std::vector<uint8_t*> chunks_;
  std::vector<uint8_t*> blocks_;
  std::vector<uint8_t*> free_;
  std::vector<uint8_t*> odd_;  // blocks of other sizes, a few
  size_t next_chunk_pages_ = 1;
  MemoryCount count_;
};

// What must live as long as a table or any snapshot of it.
struct TableMemory {
  explicit TableMemory(const TableSpec& spec);

  const std::shared_ptr<StateMemory> home;
  const RowLayout layout;
  const uint32_t rows_per_page;  // a power of two
  StringPool strings;
  PagePool pages;
};

struct SnapshotMark {
  uint32_t stamp = 0;
  std::atomic<bool> is_released = false;
};

class PageStore {
 public:
  explicit PageStore(std::shared_ptr<TableMemory> memory);
  ~PageStore();
  PageStore(const PageStore&) = delete;
  PageStore& operator=(const PageStore&) = delete;

  const RowLayout& layout() const { return memory_->layout; }
  uint8_t* At(RowRef row) const { return pages_[row >> shift_] + size_t{row & mask_} * row_bytes_; }
  uint32_t slots() const { return slots_; }  // places ever used, dead ones included
  uint64_t live() const { return slots_ - free_; }
  uint64_t room() const;  // rows that fit into the memory there is
  uint64_t memory_bytes() const;

  // A zeroed live row, dirty.
  RowRef New();
  // Writes to it are allowed until the next stamp.
  uint8_t* Mutable(RowRef row) {
    uint8_t* at = At(row);
    return HeaderOf(at)->stamp == stamp_ ? at : Touch(row);
  }
  // Its strings are freed already.
  void Erase(RowRef row);
  void Clear();
  void FreeString(const char* bytes, size_t size);

  void BeginEpoch();
  bool is_tracking() const { return is_tracking_; }
  const std::vector<RowRef>& dirty() const { return dirty_; }

  // For a snapshot: pages as they are now, and the mark by which it says that it is done.
  std::shared_ptr<SnapshotMark> Share(std::vector<const uint8_t*>& pages);
  const std::shared_ptr<TableMemory>& memory() const { return memory_; }

 private:
  struct RetiredPage {
    uint8_t* page;
    size_t bytes;
    uint32_t birth;
    uint32_t stamp;
  };
  struct RetiredString {
    const char* bytes;
    size_t size;
    uint32_t stamp;
  };

  uint8_t* Touch(RowRef row);
  void MakeWritable(uint32_t page);
  void Replace(uint32_t page, size_t new_bytes);
  void AddPage();
  size_t BytesOf(uint32_t page) const { return page == 0 ? first_rows_ * row_bytes_ : page_bytes_; }
  bool IsVisible(uint32_t from, uint32_t to) const;
  void Retire(uint8_t* page, size_t bytes, uint32_t birth);
  void ReapSnapshots();
  void RenumberIfNeeded();

  std::shared_ptr<TableMemory> memory_;
  const size_t row_bytes_;
  const uint32_t shift_;
  const uint32_t mask_;
  const size_t page_bytes_;
  std::vector<uint8_t*> pages_;
  std::vector<uint32_t> births_;
  size_t first_rows_ = 0;  // room of page 0, which starts small
  uint32_t slots_ = 0;
  uint32_t free_ = 0;
  RowRef free_head_ = kNoRow;

  uint32_t stamp_ = 1;
  uint32_t epoch_start_ = 1;
  uint32_t newest_shared_ = 0;  // stamp of the youngest living snapshot; 0: none
  bool is_tracking_ = false;
  std::vector<RowRef> dirty_;
  std::vector<std::shared_ptr<SnapshotMark>> marks_;
  std::vector<RetiredPage> retired_pages_;
  std::vector<RetiredString> retired_strings_;
};

}  // namespace laminar::state
