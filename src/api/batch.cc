// Rows by value, as text, and as Arrow.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "api/handles.h"
#include "data/decimal.h"
#include "data/text.h"

using laminar::Status;
namespace api = laminar::api;
namespace data = laminar::data;

namespace laminar::api {
namespace {

using data::PhysicalType;

int64_t CutDouble(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 9223372036854775808.0) return INT64_MAX;
  if (value < -9223372036854775808.0) return INT64_MIN;
  return static_cast<int64_t>(value);
}

int64_t CutDecimal(data::Int128 value, int scale) {
  const data::Int128 whole = value / data::PowerOfTen(scale);
  return static_cast<int64_t>(std::clamp<data::Int128>(whole, INT64_MIN, INT64_MAX));
}

}  // namespace

int64_t ValueAsInt64(const data::Column& column, const data::Type& type, uint32_t row) {
  switch (type.physical()) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8: return column.As<uint8_t>()[row];
    case PhysicalType::kInt8: return column.As<int8_t>()[row];
    case PhysicalType::kInt16: return column.As<int16_t>()[row];
    case PhysicalType::kInt32: return column.As<int32_t>()[row];
    case PhysicalType::kInt64: return column.As<int64_t>()[row];
    case PhysicalType::kUInt16: return column.As<uint16_t>()[row];
    case PhysicalType::kUInt32: return column.As<uint32_t>()[row];
    case PhysicalType::kUInt64: return static_cast<int64_t>(std::min<uint64_t>(column.As<uint64_t>()[row], INT64_MAX));
    case PhysicalType::kFloat: return CutDouble(column.As<float>()[row]);
    case PhysicalType::kDouble: return CutDouble(column.As<double>()[row]);
    case PhysicalType::kInt128: return CutDecimal(column.As<data::Int128>()[row], type.scale());
    case PhysicalType::kNull:
    case PhysicalType::kString:
    case PhysicalType::kInterval:
    case PhysicalType::kUuid:
    case PhysicalType::kList:
    case PhysicalType::kStruct: return 0;
  }
  return 0;
}

double ValueAsDouble(const data::Column& column, const data::Type& type, uint32_t row) {
  switch (type.physical()) {
    case PhysicalType::kFloat: return column.As<float>()[row];
    case PhysicalType::kDouble: return column.As<double>()[row];
    case PhysicalType::kInt128: return data::DecimalToDouble(column.As<data::Int128>()[row], type.scale());
    case PhysicalType::kUInt64: return static_cast<double>(column.As<uint64_t>()[row]);
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kInt16:
    case PhysicalType::kInt32:
    case PhysicalType::kInt64:
    case PhysicalType::kUInt8:
    case PhysicalType::kUInt16:
    case PhysicalType::kUInt32: return static_cast<double>(ValueAsInt64(column, type, row));
    case PhysicalType::kNull:
    case PhysicalType::kString:
    case PhysicalType::kInterval:
    case PhysicalType::kUuid:
    case PhysicalType::kList:
    case PhysicalType::kStruct: return std::numeric_limits<double>::quiet_NaN();
  }
  return 0;
}

namespace {

// The column and the slot in it where the value of a row stands; null: there is no value.
const data::Column* Locate(const laminar_batch* batch, uint32_t row, uint32_t column, uint32_t& slot) {
  if (batch == nullptr || row >= batch->rows.rows || column >= batch->rows.column_count) return nullptr;
  const data::Column& found = batch->rows.columns[column];
  if (found.IsNull(row)) return nullptr;
  if (found.encoding == data::Encoding::kDictionary) {
    slot = found.codes[row];
    return found.dictionary;
  }
  slot = found.Slot(row);
  return &found;
}

}  // namespace
}  // namespace laminar::api

uint32_t laminar_batch_rows(const laminar_batch* batch) { return batch == nullptr ? 0 : batch->rows.rows; }

uint32_t laminar_batch_column_count(const laminar_batch* batch) {
  return batch == nullptr ? 0 : static_cast<uint32_t>(batch->schema->size());
}

const char* laminar_batch_column_name(const laminar_batch* batch, uint32_t column) {
  return batch == nullptr || column >= batch->schema->size() ? nullptr : (*batch->schema)[column].name.c_str();
}

const int64_t* laminar_batch_weights(const laminar_batch* batch) {
  return batch == nullptr ? nullptr : batch->rows.weights;
}

int laminar_batch_is_null(const laminar_batch* batch, uint32_t row, uint32_t column) {
  uint32_t slot = 0;
  return api::Locate(batch, row, column, slot) == nullptr ? 1 : 0;
}

int64_t laminar_batch_int64(const laminar_batch* batch, uint32_t row, uint32_t column) {
  uint32_t slot = 0;
  const data::Column* found = api::Locate(batch, row, column, slot);
  return found == nullptr ? 0 : api::ValueAsInt64(*found, (*batch->schema)[column].type, slot);
}

double laminar_batch_double(const laminar_batch* batch, uint32_t row, uint32_t column) {
  uint32_t slot = 0;
  const data::Column* found = api::Locate(batch, row, column, slot);
  return found == nullptr ? std::numeric_limits<double>::quiet_NaN()
                          : api::ValueAsDouble(*found, (*batch->schema)[column].type, slot);
}

const char* laminar_batch_text(laminar_batch* batch, uint32_t row, uint32_t column, size_t* length) {
  if (length != nullptr) *length = 0;
  uint32_t slot = 0;
  if (api::Locate(batch, row, column, slot) == nullptr) return nullptr;
  try {
    batch->text.clear();
    data::AppendText((*batch->schema)[column].type, batch->rows.columns[column], row, batch->text);
    char* kept = batch->texts.Allocate(batch->text.size() + 1);
    std::memcpy(kept, batch->text.c_str(), batch->text.size() + 1);
    if (length != nullptr) *length = batch->text.size();
    return kept;
  } catch (...) {  // memory is out: there is no text to give
    return nullptr;
  }
}

laminar_error* laminar_batch_export(laminar_batch* batch, ArrowArray* array, ArrowSchema* schema) {
  return api::Run([&]() -> Status {
    if (schema != nullptr) *schema = ArrowSchema{};
    if (array == nullptr) return api::NullHandle("place for the array");
    *array = ArrowArray{};
    if (batch == nullptr) return api::NullHandle("batch");
    if (batch->owned.has_value()) {
      if (batch->rows.weights != nullptr) {
        batch->kept_weights.assign(batch->rows.weights, batch->rows.weights + batch->rows.rows);
      }
      data::BatchBuffer rows = *std::move(batch->owned);
      batch->owned.reset();
      batch->rows = data::Batch{};
      if (!batch->kept_weights.empty()) batch->rows.weights = batch->kept_weights.data();
      TRY(data::ExportBuffer(std::move(rows), *batch->schema, batch->arrow, array));
    } else {
      if (batch->rows.column_count != batch->schema->size()) {
        return Status(laminar::ErrorCode::kClosed, "the rows of this batch have been exported already");
      }
      TRY(data::ExportBatch(batch->rows, *batch->schema, batch->arrow, array));
    }
    if (schema == nullptr) return {};
    Status status = data::ExportSchema(*batch->schema, batch->arrow, schema);
    if (!status.ok()) array->release(array);
    return status;
  });
}

void laminar_batch_free(laminar_batch* batch) { delete batch; }
