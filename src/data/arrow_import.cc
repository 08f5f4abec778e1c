// ImportedArray and ImportedStream: the owners of what came through the Arrow C interfaces.
#include <cstring>
#include <utility>

#include "base/check.h"
#include "data/arrow_c.h"
#include "data/arrow_node.h"

namespace laminar::data {
namespace {

// Moves a struct of the interface: the source counts as released.
template <class T>
T TakeOver(T* from) {
  T taken = *from;
  from->release = nullptr;
  return taken;
}

struct ScopedSchema {
  ArrowSchema schema;
  ~ScopedSchema() {
    if (schema.release != nullptr) schema.release(&schema);
  }
};

}  // namespace

struct ImportedArray::Rep {
  ArrowArray array;
  Schema schema;
  std::unique_ptr<internal::ImportNode> root;
  std::vector<Column> columns;
  StringHeap heap;

  ~Rep() {
    if (array.release != nullptr) array.release(&array);
  }
};

ImportedArray::ImportedArray(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
ImportedArray::ImportedArray(ImportedArray&&) noexcept = default;
ImportedArray& ImportedArray::operator=(ImportedArray&&) noexcept = default;
ImportedArray::~ImportedArray() = default;

const Schema& ImportedArray::schema() const { return rep_->schema; }
int64_t ImportedArray::rows() const { return rep_->array.length; }

Result<ImportedArray> ImportedArray::Import(ArrowSchema* schema, ArrowArray* array) {
  const ScopedSchema taken{TakeOver(schema)};
  return Import(taken.schema, array);
}

Result<ImportedArray> ImportedArray::Import(const ArrowSchema& schema, ArrowArray* array) {
  auto rep = std::make_unique<Rep>();
  rep->array = TakeOver(array);
  if (rep->array.release == nullptr) return Error(ErrorCode::kBadArgument, "an Arrow array was released already");
  rep->schema = TRY(ImportSchema(schema));
  rep->root = TRY(internal::BuildImportNode(schema, rep->array, 0));
  rep->columns.resize(rep->root->children.size());
  if (rep->array.null_count > 0) {
    return Error(ErrorCode::kNotSupported, "an Arrow record batch with null rows cannot be imported");
  }
  return ImportedArray(std::move(rep));
}

Result<Batch> ImportedArray::Slice(int64_t first, uint32_t count) {
  if (first < 0 || count > kBatchCapacity || first > rows() || count > rows() - first) {
    return Error(ErrorCode::kBadArgument, "there is no slice of " + std::to_string(count) + " rows at row " +
                                              std::to_string(first) + " of an Arrow array of " +
                                              std::to_string(rows()) + " rows");
  }
  rep_->heap.Reset();
  const internal::ImportRange range{
      .start = rep_->array.offset + first, .count = count, .readable = kBatchCapacity};
  for (size_t c = 0; c < rep_->columns.size(); ++c) {
    Status status = ReadImportNode(*rep_->root->children[c], range, true, rep_->heap, rep_->columns[c]);
    if (!status.ok()) return Error(std::move(status.Prefix("column '" + rep_->schema[c].name + "'")));
  }
  return Batch{.rows = count,
               .column_count = static_cast<uint32_t>(rep_->columns.size()),
               .columns = rep_->columns.data(),
               .weights = nullptr};
}

ImportedStream::ImportedStream(ImportedStream&& other) noexcept
    : stream_(std::exchange(other.stream_, ArrowArrayStream{})),
      arrow_schema_(std::exchange(other.arrow_schema_, ArrowSchema{})),
      schema_(std::move(other.schema_)) {}

ImportedStream& ImportedStream::operator=(ImportedStream&& other) noexcept {
  std::swap(stream_, other.stream_);
  std::swap(arrow_schema_, other.arrow_schema_);
  std::swap(schema_, other.schema_);
  return *this;
}

ImportedStream::~ImportedStream() {
  if (arrow_schema_.release != nullptr) arrow_schema_.release(&arrow_schema_);
  if (stream_.release != nullptr) stream_.release(&stream_);
}

namespace {

Status StreamFailure(ArrowArrayStream& stream, const char* doing, int code) {
  const char* message = stream.get_last_error == nullptr ? nullptr : stream.get_last_error(&stream);
  return Status(ErrorCode::kConnectorFailed, std::string(doing) + " of an Arrow stream: " +
                                                 (message == nullptr ? std::strerror(code) : message));
}

}  // namespace

Result<ImportedStream> ImportedStream::Open(ArrowArrayStream* stream) {
  ImportedStream out;
  out.stream_ = TakeOver(stream);
  if (out.stream_.release == nullptr) return Error(ErrorCode::kBadArgument, "an Arrow stream was released already");
  if (out.stream_.get_schema == nullptr || out.stream_.get_next == nullptr) {
    return Error(ErrorCode::kBadArgument, "an Arrow stream lacks its functions");
  }
  const int code = out.stream_.get_schema(&out.stream_, &out.arrow_schema_);
  if (code != 0) {
    out.arrow_schema_.release = nullptr;
    return Error(StreamFailure(out.stream_, "reading the schema", code));
  }
  out.schema_ = TRY(ImportSchema(out.arrow_schema_));
  return out;
}

Result<std::optional<ImportedArray>> ImportedStream::Next() {
  if (stream_.release == nullptr) return Error(ErrorCode::kClosed, "an Arrow stream was given away");
  ArrowArray array{};
  const int code = stream_.get_next(&stream_, &array);
  if (code != 0) return Error(StreamFailure(stream_, "reading the next batch", code));
  if (array.release == nullptr) return std::optional<ImportedArray>();
  return std::optional<ImportedArray>(TRY(ImportedArray::Import(arrow_schema_, &array)));
}

}  // namespace laminar::data
