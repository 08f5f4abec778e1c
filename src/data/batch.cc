// StringHeap and the memory of a BatchBuffer. Rows are copied in copy_rows.cc, hashed in hash_rows.cc.
#include "data/batch.h"

#include <algorithm>

#include "base/check.h"
#include "base/hot_scope.h"
#include "data/copy_rows.h"
#include "data/value.h"

namespace laminar::data {
namespace {

constexpr size_t kFirstChunkBytes = 4096;
constexpr size_t kLargestChunkBytes = size_t{1} << 20;
constexpr size_t kPadding = 16;
constexpr uint32_t kFirstChildCapacity = 64;

// Distance of neighbouring columns modulo 4 KiB: same addresses there cost up to a factor of two in kernels.
constexpr size_t kStagger = 320;
constexpr size_t kPage = 4096;

}  // namespace

StringHeap::StringHeap() = default;
StringHeap::~StringHeap() = default;
StringHeap::StringHeap(StringHeap&& other) noexcept { *this = std::move(other); }

StringHeap& StringHeap::operator=(StringHeap&& other) noexcept {
  chunks_ = std::move(other.chunks_);
  other.chunks_.clear();
  current_ = std::exchange(other.current_, 0);
  next_ = std::exchange(other.next_, nullptr);
  end_ = std::exchange(other.end_, nullptr);
  used_total_ = std::exchange(other.used_total_, 0);
  return *this;
}

char* StringHeap::Allocate(size_t size) {
  const size_t rounded = (size + 7) & ~size_t{7};
  used_total_ += rounded;
  if (rounded > static_cast<size_t>(end_ - next_)) return AllocateSlow(rounded);
  char* bytes = next_;
  next_ += rounded;
  return bytes;
}

// Takes the next kept chunk if it is large enough, else puts a new one before it: the same requests after a Reset
// then walk the same chunks and allocate nothing.
char* StringHeap::AllocateSlow(size_t size) {
  const size_t wanted = next_ == nullptr ? 0 : current_ + 1;
  if (wanted >= chunks_.size() || chunks_[wanted].size < size) {
    size_t chunk_size = kFirstChunkBytes;
    if (wanted > 0) chunk_size = std::min(chunks_[wanted - 1].size * 2, kLargestChunkBytes);
    chunk_size = std::max(chunk_size, size);
    Chunk chunk{.bytes = std::make_unique_for_overwrite<char[]>(chunk_size + kPadding), .size = chunk_size};
    std::memset(chunk.bytes.get() + chunk_size, 0, kPadding);
    chunks_.insert(chunks_.begin() + static_cast<ptrdiff_t>(wanted), std::move(chunk));
  }
  current_ = wanted;
  next_ = chunks_[current_].bytes.get();
  end_ = next_ + chunks_[current_].size;
  char* bytes = next_;
  next_ += size;
  return bytes;
}

StringRef StringHeap::Add(std::string_view bytes) {
  CHECK(bytes.size() <= UINT32_MAX);
  if (bytes.size() <= StringRef::kInlineMax) return StringRef(bytes);
  char* copy = Allocate(bytes.size());
  std::memcpy(copy, bytes.data(), bytes.size());
  return StringRef(copy, static_cast<uint32_t>(bytes.size()));
}

void StringHeap::Reset() {
  current_ = 0;
  next_ = nullptr;
  end_ = nullptr;
  used_total_ = 0;
}

struct BatchBuffer::Storage {
  Type type;
  uint32_t width = 0;
  uint32_t capacity = 0;  // rows there is room for
  uint32_t used = 0;      // of list children: slots given out
  bool is_list = false;
  std::unique_ptr<char[]> block;
  char* values = nullptr;
  std::unique_ptr<uint64_t[]> validity;
  std::unique_ptr<uint64_t[]> errors;
  std::vector<Column> child_columns;
  std::vector<std::unique_ptr<Storage>> children;

  Storage(const Type& column_type, uint32_t rows, size_t position, bool with_errors);
  void AllocateValues(uint32_t rows, size_t position);
  void Restore(Column& column);
  void Grow(Column& column, uint32_t new_capacity, uint32_t rows_kept);
  uint32_t ReserveChildren(Column& column, uint32_t count);
  void SetNull(Column& column, uint32_t row);
  Storage* Find(const Column* wanted);
};

BatchBuffer::Storage::Storage(const Type& column_type, uint32_t rows, size_t position, bool with_errors)
    : type(column_type),
      width(ValueWidth(column_type.physical())),
      is_list(column_type.physical() == PhysicalType::kList) {
  AllocateValues(rows, position);
  const uint32_t words = std::max<uint32_t>(BitmapWords(rows), 1);
  validity = std::make_unique<uint64_t[]>(words);
  if (with_errors) errors = std::make_unique<uint64_t[]>(words);
  capacity = rows;
  child_columns.resize(type.children().size());
  for (size_t i = 0; i < child_columns.size(); ++i) {
    // Children of a STRUCT have a slot a row; those of a list grow as lists come.
    children.push_back(std::make_unique<Storage>(type.children()[i].type, is_list ? 0 : rows, position + i + 1, false));
    children[i]->Restore(child_columns[i]);
  }
}

void BatchBuffer::Storage::AllocateValues(uint32_t rows, size_t position) {
  const size_t bytes = static_cast<size_t>(width) * rows;
  if (bytes == 0) {
    values = nullptr;
    block.reset();
    return;
  }
  const bool is_large = bytes >= kPage;
  const size_t shift = is_large ? (position * kStagger) % kPage : 0;
  const size_t alignment = is_large ? kPage : 64;
  block = std::make_unique<char[]>(bytes + shift + alignment + 64);
  const uintptr_t start = reinterpret_cast<uintptr_t>(block.get());
  values = block.get() + ((alignment - start % alignment) % alignment) + shift;
}

// Makes the column an empty flat view of this storage.
void BatchBuffer::Storage::Restore(Column& column) {
  column = Column{};
  column.values = values;
  column.validity = validity.get();
  column.errors = errors.get();
  column.children = child_columns.data();
  column.child_count = static_cast<uint32_t>(child_columns.size());
  column.has_nulls = type.id() == TypeId::kNull;
  if (column.has_nulls) std::memset(validity.get(), 0, std::max<uint32_t>(BitmapWords(capacity), 1) * 8);
  for (size_t i = 0; i < children.size(); ++i) {
    children[i]->used = 0;
    children[i]->Restore(child_columns[i]);
  }
}

void BatchBuffer::Storage::Grow(Column& column, uint32_t new_capacity, uint32_t rows_kept) {
  std::unique_ptr<char[]> old_block = std::move(block);
  const char* old_values = values;
  const uint32_t words = BitmapWords(new_capacity);
  auto new_validity = std::make_unique_for_overwrite<uint64_t[]>(words);
  std::memset(new_validity.get(), type.id() == TypeId::kNull ? 0 : 0xFF, words * 8);
  std::memcpy(new_validity.get(), validity.get(), BitmapWords(capacity) * 8);
  validity = std::move(new_validity);
  AllocateValues(new_capacity, 1);
  if (values != nullptr && rows_kept > 0) std::memcpy(values, old_values, static_cast<size_t>(width) * rows_kept);
  capacity = new_capacity;
  column.values = values;
  column.validity = validity.get();
  if (is_list) return;
  for (size_t i = 0; i < children.size(); ++i) children[i]->Grow(child_columns[i], new_capacity, rows_kept);
}

uint32_t BatchBuffer::Storage::ReserveChildren(Column& column, uint32_t count) {
  CHECK(is_list && column.children == child_columns.data());
  const uint32_t first = children[0]->used;
  const uint64_t needed = static_cast<uint64_t>(first) + count;
  CHECK(needed <= UINT32_MAX);
  for (size_t i = 0; i < children.size(); ++i) {
    Storage& child = *children[i];
    if (needed > child.capacity) {
      const uint64_t doubled = std::max<uint64_t>({needed, child.capacity * uint64_t{2}, kFirstChildCapacity});
      child.Grow(child_columns[i], static_cast<uint32_t>(std::min<uint64_t>(doubled, UINT32_MAX)), first);
    }
    child.used = static_cast<uint32_t>(needed);
  }
  return first;
}

void BatchBuffer::Storage::SetNull(Column& column, uint32_t row) {
  if (!column.has_nulls) {
    std::memset(column.validity, 0xFF, BitmapWords(capacity) * 8);
    column.has_nulls = true;
  }
  ClearBit(column.validity, row);
  if (width > 0) std::memset(static_cast<char*>(column.values) + static_cast<size_t>(width) * row, 0, width);
  if (is_list) return;
  for (size_t i = 0; i < children.size(); ++i) children[i]->SetNull(column.children[i], row);
}

BatchBuffer::Storage* BatchBuffer::Storage::Find(const Column* wanted) {
  for (size_t i = 0; i < child_columns.size(); ++i) {
    if (&child_columns[i] == wanted) return children[i].get();
    if (Storage* found = children[i]->Find(wanted); found != nullptr) return found;
  }
  return nullptr;
}

BatchBuffer::BatchBuffer(std::vector<Type> types, uint32_t capacity) : types_(std::move(types)), capacity_(capacity) {
  columns_.resize(types_.size());
  for (size_t i = 0; i < types_.size(); ++i) {
    storage_.push_back(std::make_unique<Storage>(types_[i], capacity, i, true));
  }
  Reset();
}

BatchBuffer::~BatchBuffer() = default;
BatchBuffer::BatchBuffer(BatchBuffer&&) noexcept = default;
BatchBuffer& BatchBuffer::operator=(BatchBuffer&&) noexcept = default;

int64_t* BatchBuffer::UseWeights() {
  if (batch_.weights == nullptr) {
    if (weights_ == nullptr) {
      AllowAllocation once;  // a buffer: most never carry weights, and which do may show late
      weights_ = std::make_unique<int64_t[]>(capacity_);
    }
    std::fill_n(weights_.get(), batch_.rows, int64_t{1});
    batch_.weights = weights_.get();
  }
  return weights_.get();
}

void BatchBuffer::Reset() {
  for (size_t i = 0; i < columns_.size(); ++i) storage_[i]->Restore(columns_[i]);
  heap_.Reset();
  batch_.rows = 0;
  batch_.column_count = static_cast<uint32_t>(columns_.size());
  batch_.columns = columns_.data();
  batch_.weights = nullptr;
}

BatchBuffer::Storage& BatchBuffer::StorageOf(const Column& column) {
  const Column* first = columns_.data();
  if (&column >= first && &column < first + columns_.size()) return *storage_[static_cast<size_t>(&column - first)];
  for (const std::unique_ptr<Storage>& storage : storage_) {
    if (Storage* found = storage->Find(&column); found != nullptr) return *found;
  }
  CHECK(!"the column belongs to this buffer");
  return *storage_[0];
}

void BatchBuffer::SetNull(size_t column, uint32_t row) { storage_[column]->SetNull(columns_[column], row); }

void BatchBuffer::SetNull(Column& column, uint32_t row) { StorageOf(column).SetNull(column, row); }

void BatchBuffer::SetError(Column& column, uint32_t row) {
  SetNull(column, row);
  if (!column.has_errors) {
    std::memset(column.errors, 0, std::max<uint32_t>(BitmapWords(capacity_), 1) * 8);
    column.has_errors = true;
  }
  SetBit(column.errors, row);
}

uint32_t BatchBuffer::ReserveChild(Column& list_column, const Type& type, uint32_t count) {
  DCHECK(type.physical() == PhysicalType::kList);
  return StorageOf(list_column).ReserveChildren(list_column, count);
}

void BatchBuffer::AppendRow(std::span<const Value> values, int64_t weight) {
  CHECK(values.size() == types_.size() && !full());
  if (weight != 1) UseWeights();
  const uint32_t row = batch_.rows;
  for (size_t i = 0; i < values.size(); ++i) values[i].ToColumn(*this, columns_[i], types_[i], row);
  if (batch_.weights != nullptr) weights_[row] = weight;
  batch_.rows = row + 1;
}

void BatchBuffer::AppendWeights(const Batch& from, const uint16_t* rows, uint32_t first, uint32_t count) {
  if (from.weights == nullptr && batch_.weights == nullptr) return;
  int64_t* to = UseWeights() + batch_.rows;
  for (uint32_t i = 0; i < count; ++i) to[i] = from.Weight(rows == nullptr ? first + i : rows[i]);
}

void BatchBuffer::AppendRows(const Batch& from, uint32_t first, uint32_t count) {
  CHECK(from.column_count == columns_.size() && count <= capacity_ - batch_.rows);
  for (size_t i = 0; i < columns_.size(); ++i) {
    CopyRows(*this, columns_[i], types_[i], batch_.rows, from.columns[i], first, count);
  }
  AppendWeights(from, nullptr, first, count);
  batch_.rows += count;
}

void BatchBuffer::AppendSelected(const Batch& from, const uint16_t* rows, uint32_t count) {
  CHECK(from.column_count == columns_.size() && count <= capacity_ - batch_.rows);
  uint32_t chosen[kBatchCapacity];
  for (uint32_t done = 0; done < count; done += kBatchCapacity) {
    const uint32_t block = std::min(count - done, kBatchCapacity);
    for (uint32_t i = 0; i < block; ++i) chosen[i] = rows[done + i];
    for (size_t c = 0; c < columns_.size(); ++c) {
      GatherRows(*this, columns_[c], types_[c], batch_.rows + done, from.columns[c], chosen, block);
    }
  }
  AppendWeights(from, rows, 0, count);
  batch_.rows += count;
}

}  // namespace laminar::data
