// Export to the Arrow C interfaces. Every exported node holds a share of the buffer it points into, so children may
// be taken out and outlive their parent, as the interface allows.
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "data/arrow_c.h"
#include "data/value.h"

namespace laminar::data {
namespace {

using Memory = std::unique_ptr<char[]>;

struct ArrayOwner {
  std::shared_ptr<BatchBuffer> buffer;
  std::vector<Memory> memory;  // what had to be rewritten
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;

  template <class T>
  T* Allocate(size_t count) {
    memory.push_back(std::make_unique_for_overwrite<char[]>(count * sizeof(T) + 64));
    char* bytes = memory.back().get();
    std::memset(bytes + count * sizeof(T), 0, 64);
    return reinterpret_cast<T*>(bytes);
  }
};

void ReleaseArray(ArrowArray* array) {
  auto* owner = static_cast<ArrayOwner*>(array->private_data);
  for (ArrowArray& child : owner->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete owner;
  array->release = nullptr;
}

// Views and offsets are signed 32-bit numbers in the interface.
constexpr uint64_t kMaxOffset = INT32_MAX;

alignas(64) constexpr char kNoBytes[64] = {};

struct Exporter {
  std::shared_ptr<BatchBuffer> buffer;
  ArrowExportOptions options;

  Status Node(const Column& column, const Type& type, uint32_t rows, ArrowArray* out);
  Status Values(const Column& column, const Type& type, uint32_t rows, ArrayOwner& owner);
  Status Views(const Column& column, uint32_t rows, ArrayOwner& owner);
  Status Offsets(const Column& column, uint32_t rows, ArrayOwner& owner);
  Status Intervals(const Column& column, uint32_t rows, ArrayOwner& owner);
  Status Lists(const Column& column, const Type& type, uint32_t rows, ArrayOwner& owner);
  Status Children(const Column& column, const Type& type, uint32_t rows, ArrayOwner& owner);
};

int64_t CountNulls(const Column& column, uint32_t rows) {
  if (!column.has_nulls) return 0;
  int64_t valid = 0;
  for (uint32_t word = 0; word < rows / 64; ++word) valid += std::popcount(column.validity[word]);
  if (rows % 64 != 0) valid += std::popcount(column.validity[rows / 64] & ((uint64_t{1} << (rows % 64)) - 1));
  return static_cast<int64_t>(rows) - valid;
}

void Finish(std::unique_ptr<ArrayOwner> owner, int64_t rows, int64_t nulls, ArrowArray* out) {
  for (ArrowArray& child : owner->children) owner->pointers.push_back(&child);
  *out = ArrowArray{.length = rows,
                    .null_count = nulls,
                    .offset = 0,
                    .n_buffers = static_cast<int64_t>(owner->buffers.size()),
                    .n_children = static_cast<int64_t>(owner->children.size()),
                    .buffers = owner->buffers.data(),
                    .children = owner->pointers.empty() ? nullptr : owner->pointers.data(),
                    .dictionary = nullptr,
                    .release = ReleaseArray,
                    .private_data = owner.get()};
  owner.release();
}

// Releases the children built so far when a later one fails.
struct OwnerGuard {
  std::unique_ptr<ArrayOwner> owner;
  ~OwnerGuard() {
    if (owner == nullptr) return;
    for (ArrowArray& child : owner->children) {
      if (child.release != nullptr) child.release(&child);
    }
  }
};

Status Exporter::Node(const Column& column, const Type& type, uint32_t rows, ArrowArray* out) {
  OwnerGuard guard{std::make_unique<ArrayOwner>()};
  guard.owner->buffer = buffer;
  if (type.id() == TypeId::kNull) {
    Finish(std::move(guard.owner), rows, rows, out);
    return Status::Ok();
  }
  guard.owner->buffers.push_back(column.has_nulls ? column.validity : nullptr);
  TRY(Values(column, type, rows, *guard.owner));
  Finish(std::move(guard.owner), rows, CountNulls(column, rows), out);
  return Status::Ok();
}

Status Exporter::Values(const Column& column, const Type& type, uint32_t rows, ArrayOwner& owner) {
  switch (type.physical()) {
    case PhysicalType::kNull: return Status::Ok();
    case PhysicalType::kBool: {
      auto* bits = owner.Allocate<uint8_t>((rows + 7) / 8);
      std::memset(bits, 0, (rows + 7) / 8);
      for (uint32_t i = 0; i < rows; ++i) bits[i / 8] |= static_cast<uint8_t>((column.As<uint8_t>()[i] & 1) << (i % 8));
      owner.buffers.push_back(bits);
      return Status::Ok();
    }
    case PhysicalType::kUuid: {
      auto* bytes = owner.Allocate<uint8_t>(size_t{16} * rows);
      for (uint32_t i = 0; i < rows; ++i) {
        const UInt128 value = column.As<UInt128>()[i];
        for (int b = 0; b < 16; ++b) bytes[16 * i + b] = static_cast<uint8_t>(value >> (8 * (15 - b)));
      }
      owner.buffers.push_back(bytes);
      return Status::Ok();
    }
    case PhysicalType::kInterval: return Intervals(column, rows, owner);
    case PhysicalType::kString:
      return options.offsets_instead_of_views ? Offsets(column, rows, owner) : Views(column, rows, owner);
    case PhysicalType::kList: return Lists(column, type, rows, owner);
    case PhysicalType::kStruct: return Children(column, type, rows, owner);
    default: owner.buffers.push_back(column.values == nullptr ? kNoBytes : column.values); return Status::Ok();
  }
}

Status Exporter::Children(const Column& column, const Type& type, uint32_t rows, ArrayOwner& owner) {
  owner.children.resize(column.child_count);
  for (uint32_t c = 0; c < column.child_count; ++c) {
    TRY(Node(column.children[c], type.children()[c].type, rows, &owner.children[c]));
  }
  return Status::Ok();
}

Status Exporter::Intervals(const Column& column, uint32_t rows, ArrayOwner& owner) {
  struct MonthDayNano {
    int32_t months;
    int32_t days;
    int64_t nanos;
  };
  auto* out = owner.Allocate<MonthDayNano>(rows);
  for (uint32_t i = 0; i < rows; ++i) {
    const Interval& value = column.As<Interval>()[i];
    out[i] = {.months = value.months, .days = value.days, .nanos = 0};
    if (__builtin_mul_overflow(value.micros, int64_t{1000}, &out[i].nanos)) {
      return Error(ErrorCode::kOutOfRange, "an INTERVAL is too long for Arrow, which counts nanoseconds");
    }
  }
  owner.buffers.push_back(out);
  return Status::Ok();
}

// Long strings name a chunk of the heap; those that lie elsewhere (literals) are copied into a chunk of their own.
Status Exporter::Views(const Column& column, uint32_t rows, ArrayOwner& owner) {
  const StringHeap& heap = buffer->heap();
  const size_t chunks = heap.chunk_count();
  for (size_t i = 0; i < chunks; ++i) {
    if (heap.chunk(i).size() > kMaxOffset) {
      return Error(ErrorCode::kLimitReached, "a string above 2 GiB cannot be exported as an Arrow view");
    }
  }
  const auto find_chunk = [&](const char* bytes, size_t hint) {
    for (size_t i = 0; i < chunks; ++i) {
      const size_t c = hint + i < chunks ? hint + i : hint + i - chunks;
      const std::string_view chunk = heap.chunk(c);
      if (bytes >= chunk.data() && bytes < chunk.data() + chunk.size()) return c;
    }
    return chunks;
  };
  const StringRef* in = column.As<StringRef>();
  auto* views = owner.Allocate<StringRef>(rows);
  std::string foreign;
  size_t last = 0;
  for (uint32_t i = 0; i < rows; ++i) {
    views[i] = in[i];
    if (in[i].is_inline()) continue;
    const size_t found = find_chunk(in[i].pointer, last);
    uint64_t offset = 0;
    if (found < chunks) {
      last = found;
      offset = static_cast<uint64_t>(in[i].pointer - heap.chunk(found).data());
    } else {
      offset = foreign.size();
      foreign += in[i].view();
    }
    if (in[i].length > kMaxOffset || foreign.size() > kMaxOffset) {
      return Error(ErrorCode::kLimitReached, "more than 2 GiB of text cannot be exported as Arrow views");
    }
    const int32_t tail[2] = {static_cast<int32_t>(found), static_cast<int32_t>(offset)};
    std::memcpy(views[i].rest, tail, 8);
  }
  owner.buffers.push_back(views);
  auto* sizes = owner.Allocate<int64_t>(chunks + 1);
  size_t count = 0;
  for (; count < chunks; ++count) {
    owner.buffers.push_back(heap.chunk(count).data());
    sizes[count] = static_cast<int64_t>(heap.chunk(count).size());
  }
  if (!foreign.empty()) {
    char* bytes = owner.Allocate<char>(foreign.size());
    std::memcpy(bytes, foreign.data(), foreign.size());
    owner.buffers.push_back(bytes);
    sizes[count++] = static_cast<int64_t>(foreign.size());
  }
  owner.buffers.push_back(sizes);
  return Status::Ok();
}

Status Exporter::Offsets(const Column& column, uint32_t rows, ArrayOwner& owner) {
  const StringRef* in = column.As<StringRef>();
  uint64_t total = 0;
  for (uint32_t i = 0; i < rows; ++i) total += in[i].length;
  if (total > kMaxOffset) {
    return Error(ErrorCode::kLimitReached,
                 "more than 2 GiB of text in one batch cannot be exported with 32-bit offsets");
  }
  auto* offsets = owner.Allocate<int32_t>(rows + 1);
  char* bytes = owner.Allocate<char>(total);
  int32_t at = 0;
  for (uint32_t i = 0; i < rows; ++i) {
    offsets[i] = at;
    std::memcpy(bytes + at, in[i].data(), in[i].length);
    at += static_cast<int32_t>(in[i].length);
  }
  offsets[rows] = at;
  owner.buffers.push_back(offsets);
  owner.buffers.push_back(bytes);
  return Status::Ok();
}

// The lists stand one behind the other (CanShare saw to it), so their ends are the offsets.
Status Exporter::Lists(const Column& column, const Type& type, uint32_t rows, ArrayOwner& owner) {
  const ListEntry* in = column.As<ListEntry>();
  auto* offsets = owner.Allocate<int32_t>(rows + 1);
  uint32_t at = 0;
  for (uint32_t i = 0; i < rows; ++i) {
    offsets[i] = static_cast<int32_t>(at);
    at += in[i].length;
  }
  offsets[rows] = static_cast<int32_t>(at);
  owner.buffers.push_back(offsets);
  if (type.id() == TypeId::kArray) return Children(column, type, at, owner);
  // A map's child is a struct of its keys and values.
  owner.children.resize(1);
  OwnerGuard entries{std::make_unique<ArrayOwner>()};
  entries.owner->buffer = buffer;
  entries.owner->buffers.push_back(nullptr);
  TRY(Children(column, type, at, *entries.owner));
  Finish(std::move(entries.owner), at, 0, &owner.children[0]);
  return Status::Ok();
}

// Flat all the way down, and lists without gaps from position 0.
bool CanShare(const Column& column, const Type& type, uint32_t rows) {
  if (column.encoding != Encoding::kFlat) return false;
  uint64_t child_rows = rows;
  if (type.physical() == PhysicalType::kList) {
    child_rows = 0;
    for (uint32_t i = 0; i < rows; ++i) {
      const ListEntry entry = column.As<ListEntry>()[i];
      if (entry.length > 0 && entry.offset != child_rows) return false;
      child_rows += entry.length;
    }
    if (child_rows > kMaxOffset) return false;
  }
  for (uint32_t c = 0; c < column.child_count; ++c) {
    if (!CanShare(column.children[c], type.children()[c].type, static_cast<uint32_t>(child_rows))) return false;
  }
  return true;
}

bool CanShareAll(const Batch& batch, const std::vector<Type>& types) {
  for (uint32_t c = 0; c < batch.column_count; ++c) {
    if (!CanShare(batch.columns[c], types[c], batch.rows)) return false;
  }
  return true;
}

Status CheckTypes(uint32_t column_count, const Schema& schema) {
  if (column_count == schema.size()) return Status::Ok();
  return Error(ErrorCode::kBatchMismatch, "a batch of " + std::to_string(column_count) +
                                              " columns does not match its schema of " + std::to_string(schema.size()));
}

Status ExportShared(std::shared_ptr<BatchBuffer> buffer, const std::vector<Type>& types,
                    const ArrowExportOptions& options, ArrowArray* out) {
  const Batch& batch = buffer->batch();
  OwnerGuard guard{std::make_unique<ArrayOwner>()};
  guard.owner->buffer = buffer;
  guard.owner->buffers.push_back(nullptr);
  guard.owner->children.resize(batch.column_count);
  Exporter exporter{buffer, options};
  for (uint32_t c = 0; c < batch.column_count; ++c) {
    TRY(exporter.Node(batch.columns[c], types[c], batch.rows, &guard.owner->children[c]));
  }
  Finish(std::move(guard.owner), batch.rows, 0, out);
  return Status::Ok();
}

struct StreamOwner {
  Schema schema;
  std::unique_ptr<BatchSource> source;
  ArrowExportOptions options;
  std::string error;
};

StreamOwner& OwnerOf(ArrowArrayStream* stream) { return *static_cast<StreamOwner*>(stream->private_data); }

int Fail(StreamOwner& owner, const Status& status) {
  owner.error = status.ToString();
  return status.code() == ErrorCode::kNotSupported ? ENOSYS : EIO;
}

int StreamSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  StreamOwner& owner = OwnerOf(stream);
  const Status status = ExportSchema(owner.schema, owner.options, out);
  return status.ok() ? 0 : Fail(owner, status);
}

int StreamNext(ArrowArrayStream* stream, ArrowArray* out) {
  StreamOwner& owner = OwnerOf(stream);
  *out = ArrowArray{};
  while (true) {
    BatchBuffer buffer(owner.schema.Types());
    const Result<bool> has_rows = owner.source->Next(buffer);
    if (!has_rows.has_value()) return Fail(owner, has_rows.error());
    if (!*has_rows) return 0;
    if (buffer.rows() == 0) continue;
    const Status status = ExportBuffer(std::move(buffer), owner.schema, owner.options, out);
    return status.ok() ? 0 : Fail(owner, status);
  }
}

const char* StreamError(ArrowArrayStream* stream) {
  const std::string& error = OwnerOf(stream).error;
  return error.empty() ? nullptr : error.c_str();
}

void ReleaseStream(ArrowArrayStream* stream) {
  delete &OwnerOf(stream);
  stream->release = nullptr;
}

}  // namespace

Status ExportBuffer(BatchBuffer buffer, const Schema& schema, const ArrowExportOptions& options, ArrowArray* out) {
  const Batch& batch = buffer.batch();
  TRY(CheckTypes(batch.column_count, schema));
  if (buffer.types() != schema.Types()) {
    return Error(ErrorCode::kBatchMismatch, "the types of a batch are not those of its schema");
  }
  if (!CanShareAll(batch, buffer.types())) return ExportBatch(batch, schema, options, out);
  return ExportShared(std::make_shared<BatchBuffer>(std::move(buffer)), schema.Types(), options, out);
}

Status ExportBatch(const Batch& batch, const Schema& schema, const ArrowExportOptions& options, ArrowArray* out) {
  TRY(CheckTypes(batch.column_count, schema));
  const std::vector<Type> types = schema.Types();
  const auto copied = [&](const Batch& from) {
    auto copy = std::make_shared<BatchBuffer>(types, std::max<uint32_t>(from.rows, 1));
    copy->AppendRows(from, 0, from.rows);
    return copy;
  };
  std::shared_ptr<BatchBuffer> copy = copied(batch);
  // A null over a dictionary's list leaves a gap in the first copy; there it is an empty list, so the second has none.
  if (!CanShareAll(copy->batch(), types)) copy = copied(copy->batch());
  if (!CanShareAll(copy->batch(), types)) {
    return Error(ErrorCode::kLimitReached, "more than 2^31 list items in one batch cannot be exported to Arrow");
  }
  return ExportShared(std::move(copy), types, options, out);
}

void ExportStream(Schema schema, std::unique_ptr<BatchSource> source, const ArrowExportOptions& options,
                  ArrowArrayStream* out) {
  auto* owner = new StreamOwner{
      .schema = std::move(schema), .source = std::move(source), .options = options, .error = {}};
  *out = ArrowArrayStream{.get_schema = StreamSchema,
                          .get_next = StreamNext,
                          .get_last_error = StreamError,
                          .release = ReleaseStream,
                          .private_data = owner};
}

}  // namespace laminar::data
