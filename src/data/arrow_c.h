// The bridge to Arrow's C Data Interface and C Stream Interface: how batches enter and leave the process's other
// libraries.
//
// Ownership follows the interface: an exported struct is released by whoever holds it, through its `release`;
// importing moves the struct (the source's `release` becomes null), also where the import fails. Everything imported
// is checked before it is read: lengths, offsets, codes, UTF-8; what the interface does not tell (buffer sizes) is
// believed.
//
// Copies: fixed-width values go both ways without one. On import they are copied after all where a slice ends within
// kBatchCapacity rows of the array's end (a batch must be readable up to its capacity), where they are not aligned,
// where a null lies over a value that is not zero, or where the unit differs (s, ms, date64, ...). Booleans,
// intervals, UUIDs and list offsets are always rewritten; of strings the views are rewritten and the bytes shared,
// but for those in the last 16 bytes of a buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
}
#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

extern "C" {
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};
}
#endif  // ARROW_C_STREAM_INTERFACE

namespace laminar::data {

struct ArrowExportOptions {
  bool offsets_instead_of_views = false;  // utf8 and binary with 32-bit offsets, for consumers without view types
};

// A struct type with one child per column. JSON and UUID carry the names of their canonical extension types.
Status ExportSchema(const Schema& schema, const ArrowExportOptions& options, ArrowSchema* out);

// Gives the rows away. All fixed-width memory its columns point to must be the buffer's own; the buffer lives until
// `out` is released. Weights are not exported. Rows with constant or dictionary columns are written out flat.
Status ExportBuffer(BatchBuffer buffer, const Schema& schema, const ArrowExportOptions& options, ArrowArray* out);
// A deep copy, since a Batch owns nothing.
Status ExportBatch(const Batch& batch, const Schema& schema, const ArrowExportOptions& options, ArrowArray* out);

// Where an exported stream takes its rows from.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // Fills an empty buffer; false: no more rows. Called by the consumer's thread.
  virtual Result<bool> Next(BatchBuffer& out) = 0;
};
void ExportStream(Schema schema, std::unique_ptr<BatchSource> source, const ArrowExportOptions& options,
                  ArrowArrayStream* out);

namespace internal {
struct ImportNode;
}  // namespace internal

// The type an Arrow schema node stands for; kNotSupported for unions, run-end encoding, half floats, decimals above
// 38 digits.
Result<Type> ImportType(const ArrowSchema& schema);
Result<Schema> ImportSchema(const ArrowSchema& schema);  // a struct type

// An imported struct array (a record batch) of any length, read in slices. Not thread-safe.
class ImportedArray {
 public:
  // Takes both over, on errors too. The schema is released before it returns.
  static Result<ImportedArray> Import(ArrowSchema* schema, ArrowArray* array);
  // The array alone, of a schema known already (a stream's); `schema` is only read.
  static Result<ImportedArray> Import(const ArrowSchema& schema, ArrowArray* array);

  ImportedArray(ImportedArray&&) noexcept;
  ImportedArray& operator=(ImportedArray&&) noexcept;
  ~ImportedArray();

  const Schema& schema() const;
  int64_t rows() const;
  // Rows [first, first + count), count <= kBatchCapacity, within the array. The batch is valid until the next Slice
  // or the end of this.
  Result<Batch> Slice(int64_t first, uint32_t count);

 private:
  struct Rep;
  explicit ImportedArray(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

// Reads an ArrowArrayStream to its end.
class ImportedStream {
 public:
  // Takes the stream over, on errors too.
  static Result<ImportedStream> Open(ArrowArrayStream* stream);

  ImportedStream(ImportedStream&&) noexcept;
  ImportedStream& operator=(ImportedStream&&) noexcept;
  ~ImportedStream();

  const Schema& schema() const { return schema_; }
  // Nothing: the end.
  Result<std::optional<ImportedArray>> Next();

 private:
  ImportedStream() = default;
  ArrowArrayStream stream_{};
  ArrowSchema arrow_schema_{};
  Schema schema_;
};

}  // namespace laminar::data
