#include "state/checkpoint/rocks_memtable.h"

#include <rocksdb/memtablerep.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

namespace laminar::state {
namespace {

using Entries = std::vector<const char*>;
using Comparator = rocksdb::MemTableRep::KeyComparator;

constexpr size_t kTrailerBytes = 8;  // of RocksDB, behind each key: sequence number and kind

struct Headed {
  unsigned __int128 head;  // the first bytes of the key, the first one highest
  const char* entry;
};

// An entry starts with the length of its key and trailer: seven bits a byte, the lowest first.
unsigned __int128 HeadOf(const char* entry) {
  size_t length = 0;
  int shift = 0;
  while ((*entry & 0x80) != 0) {
    length |= static_cast<size_t>(*entry++ & 0x7F) << shift;
    shift += 7;
  }
  length |= static_cast<size_t>(*entry++) << shift;
  uint64_t words[2] = {};
  std::memcpy(words, entry, std::min(length - kTrailerBytes, sizeof words));
  return static_cast<unsigned __int128>(__builtin_bswap64(words[0])) << 64 | __builtin_bswap64(words[1]);
}

void Sort(Entries& entries, const Comparator& compare) {
  std::vector<Headed> headed;
  headed.reserve(entries.size());
  for (const char* entry : entries) headed.push_back({HeadOf(entry), entry});
  std::sort(headed.begin(), headed.end(), [&](const Headed& a, const Headed& b) {
    return a.head != b.head ? a.head < b.head : compare(a.entry, b.entry) < 0;
  });
  std::transform(headed.begin(), headed.end(), entries.begin(), [](const Headed& h) { return h.entry; });
}

class SortedIterator final : public rocksdb::MemTableRep::Iterator {
 public:
  SortedIterator(std::shared_ptr<const Entries> entries, const Comparator& compare)
      : entries_(std::move(entries)), compare_(compare), at_(entries_->size()) {}

  bool Valid() const override { return at_ < entries_->size(); }
  const char* key() const override { return (*entries_)[at_]; }
  void Next() override {
    ++at_;
    // In their order the entries lie anywhere in memory.
    constexpr size_t kAhead = 12;
    if (at_ + kAhead < entries_->size()) {
      const char* entry = (*entries_)[at_ + kAhead];
      __builtin_prefetch(entry);
      __builtin_prefetch(entry + 64);
    }
  }
  void Prev() override { at_ = at_ == 0 ? entries_->size() : at_ - 1; }
  void Seek(const rocksdb::Slice& internal_key, const char*) override { at_ = FirstNotBefore(internal_key); }
  void SeekForPrev(const rocksdb::Slice& internal_key, const char*) override {
    at_ = FirstNotBefore(internal_key);
    if (!Valid() || compare_(key(), internal_key) > 0) Prev();
  }
  void SeekToFirst() override { at_ = 0; }
  void SeekToLast() override { at_ = entries_->empty() ? 0 : entries_->size() - 1; }

 private:
  size_t FirstNotBefore(const rocksdb::Slice& internal_key) const {
    const auto found = std::partition_point(entries_->begin(), entries_->end(),
                                            [&](const char* entry) { return compare_(entry, internal_key) < 0; });
    return static_cast<size_t>(found - entries_->begin());
  }

  const std::shared_ptr<const Entries> entries_;
  const Comparator& compare_;
  size_t at_;
};

// Inserts by one thread; readers on any, the flush among them.
class AppendedMemTable final : public rocksdb::MemTableRep {
 public:
  AppendedMemTable(const Comparator& compare, rocksdb::Allocator* allocator)
      : MemTableRep(allocator), compare_(compare) {}

  void Insert(rocksdb::KeyHandle handle) override {
    const std::lock_guard lock(mutex_);
    entries_->push_back(static_cast<const char*>(handle));
    bytes_ = entries_->capacity() * sizeof(const char*);
  }
  bool Contains(const char* key) const override {
    const std::lock_guard lock(mutex_);
    return std::any_of(entries_->begin(), entries_->end(),
                       [&](const char* entry) { return compare_(entry, key) == 0; });
  }
  void MarkReadOnly() override {
    const std::lock_guard lock(mutex_);
    is_read_only_ = true;
  }
  size_t ApproximateMemoryUsage() override {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

  Iterator* GetIterator(rocksdb::Arena* arena) override {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Entries> sorted = entries_;
    if (!is_read_only_) sorted = std::make_shared<Entries>(*entries_);  // the list goes on growing
    if (!is_read_only_ || !is_sorted_) Sort(*sorted, compare_);
    is_sorted_ |= is_read_only_;
    if (arena == nullptr) return new SortedIterator(std::move(sorted), compare_);
    // RocksDB only ends its life; the place is ours and goes with the table, which outlives its iterators.
    places_.push_back(std::make_unique<Place>());
    return new (places_.back()->bytes) SortedIterator(std::move(sorted), compare_);
  }

 private:
  struct Place {
    alignas(SortedIterator) char bytes[sizeof(SortedIterator)];
  };

  const Comparator& compare_;
  mutable std::mutex mutex_;
  std::shared_ptr<Entries> entries_ = std::make_shared<Entries>();
  size_t bytes_ = 0;
  bool is_read_only_ = false;
  bool is_sorted_ = false;
  std::vector<std::unique_ptr<Place>> places_;
};

class AppendedMemTables final : public rocksdb::MemTableRepFactory {
 public:
  using MemTableRepFactory::CreateMemTableRep;
  rocksdb::MemTableRep* CreateMemTableRep(const Comparator& compare, rocksdb::Allocator* allocator,
                                          const rocksdb::SliceTransform*, rocksdb::Logger*) override {
    return new AppendedMemTable(compare, allocator);
  }
  const char* Name() const override { return "AppendedMemTables"; }
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> MakeAppendedMemTables() { return std::make_shared<AppendedMemTables>(); }

}  // namespace laminar::state
