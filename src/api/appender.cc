// Appender: rows value by value. The next value goes to row buffer.rows() of column `column`; laminar_end_row makes the
// row count. On the good path nothing allocates but the heap of long texts, which is kept from flush to flush.
#include <cmath>
#include <limits>

#include "api/handles.h"
#include "base/text.h"
#include "data/decimal.h"
#include "data/text.h"

using laminar::ErrorCode;
using laminar::Status;
namespace api = laminar::api;
namespace data = laminar::data;

namespace laminar::api {
namespace {

using data::PhysicalType;

Status Misfit(const laminar_appender& to, const char* what) {
  const data::Field& field = to.schema[to.column];
  return Status(ErrorCode::kTypeMismatch, "column \"" + field.name + "\" is " + field.type.ToString() + ", not " + what)
      .WithHint("laminar_append_text takes the text of any type");
}

Status TooLarge(const laminar_appender& to, const std::string& value) {
  const data::Field& field = to.schema[to.column];
  return Status(ErrorCode::kOutOfRange,
                value + " is out of the range of column \"" + field.name + "\", " + field.type.ToString());
}

Status ColumnLeft(const laminar_appender* to) {
  if (to == nullptr) return NullHandle("appender");
  if (to->column < to->schema.size()) return {};
  return Status(ErrorCode::kBatchMismatch, "the row has all its " + std::to_string(to->schema.size()) + " values")
      .WithHint("call laminar_end_row");
}

// After the value is written: it is there, also where the row before ended in a NULL that was given up.
Status Written(laminar_appender& to) {
  data::Column& column = to.buffer.column(to.column);
  if (column.has_nulls) data::SetBit(column.validity, to.buffer.rows());
  ++to.column;
  return {};
}

template <class T>
Status PutInteger(laminar_appender& to, int64_t value) {
  if constexpr (sizeof(T) < 8 || std::is_unsigned_v<T>) {
    const bool fits =
        std::is_unsigned_v<T>
            ? value >= 0 && (sizeof(T) == 8 || static_cast<uint64_t>(value) <= std::numeric_limits<T>::max())
            : value >= std::numeric_limits<T>::min() && value <= static_cast<int64_t>(std::numeric_limits<T>::max());
    if (!fits) return TooLarge(to, std::to_string(value));
  }
  to.buffer.column(to.column).As<T>()[to.buffer.rows()] = static_cast<T>(value);
  return Written(to);
}

template <class T, class From>
Status Put(laminar_appender& to, From value) {
  to.buffer.column(to.column).As<T>()[to.buffer.rows()] = static_cast<T>(value);
  return Written(to);
}

Status PutInt64(laminar_appender& to, int64_t value) {
  const data::Type& type = to.schema[to.column].type;
  switch (type.physical()) {
    case PhysicalType::kBool:
      if (value != 0 && value != 1) return TooLarge(to, std::to_string(value));
      return Put<uint8_t>(to, value);
    case PhysicalType::kInt8: return PutInteger<int8_t>(to, value);
    case PhysicalType::kInt16: return PutInteger<int16_t>(to, value);
    case PhysicalType::kInt32: return PutInteger<int32_t>(to, value);
    case PhysicalType::kInt64:
      if (type.id() == data::TypeId::kTime && (value < 0 || value >= kDay)) return TooLarge(to, std::to_string(value));
      return PutInteger<int64_t>(to, value);
    case PhysicalType::kUInt8: return PutInteger<uint8_t>(to, value);
    case PhysicalType::kUInt16: return PutInteger<uint16_t>(to, value);
    case PhysicalType::kUInt32: return PutInteger<uint32_t>(to, value);
    case PhysicalType::kUInt64: return PutInteger<uint64_t>(to, value);
    case PhysicalType::kFloat: return Put<float>(to, value);
    case PhysicalType::kDouble: return Put<double>(to, value);
    case PhysicalType::kInt128: {
      data::Int128 unscaled = 0;
      if (!data::Int64ToDecimal(value, type.precision(), type.scale(), unscaled))
        return TooLarge(to, std::to_string(value));
      return Put<data::Int128>(to, unscaled);
    }
    case PhysicalType::kNull:
    case PhysicalType::kString:
    case PhysicalType::kInterval:
    case PhysicalType::kUuid:
    case PhysicalType::kList:
    case PhysicalType::kStruct: return Misfit(to, "an integer");
  }
  return {};
}

Status PutDouble(laminar_appender& to, double value) {
  const data::Type& type = to.schema[to.column].type;
  if (type.physical() == PhysicalType::kDouble) return Put<double>(to, value);
  if (type.physical() == PhysicalType::kFloat) {
    if (std::isfinite(value) && !std::isfinite(static_cast<float>(value))) return TooLarge(to, std::to_string(value));
    return Put<float>(to, value);
  }
  if (type.physical() != PhysicalType::kInt128) return Misfit(to, "a floating-point number");
  data::Int128 unscaled = 0;
  if (!data::DoubleToDecimal(value, type.precision(), type.scale(), unscaled))
    return TooLarge(to, std::to_string(value));
  return Put<data::Int128>(to, unscaled);
}

Status PutText(laminar_appender& to, std::string_view text) {
  const data::Type& type = to.schema[to.column].type;
  const bool is_bytes = type.id() == data::TypeId::kBinary;
  if (type.id() != data::TypeId::kVarchar && !is_bytes) {
    data::Column& column = to.buffer.column(to.column);
    Status status = data::ParseText(type, text, to.buffer, column, to.buffer.rows());
    if (!status.ok()) return std::move(status).Prefix("column \"" + to.schema[to.column].name + "\"");
    return Written(to);
  }
  if (text.size() > UINT32_MAX / 2)
    return Status(ErrorCode::kLimitReached, "a text of " + std::to_string(text.size()) + " bytes; the most is 2 GiB");
  if (!is_bytes && !IsUtf8(text)) {
    return Status(ErrorCode::kBadValue, "the text for column \"" + to.schema[to.column].name + "\" is not UTF-8")
        .WithHint("BINARY columns take any bytes");
  }
  return Put<data::StringRef>(to, to.buffer.heap().Add(text));
}

Status PutTimestamp(laminar_appender& to, int64_t micros) {
  const data::Type& type = to.schema[to.column].type;
  if (!type.is_timestamp()) return Misfit(to, "a timestamp");
  if (!type.is_nanos()) return Put<int64_t>(to, micros);
  int64_t nanos = 0;
  if (__builtin_mul_overflow(micros, int64_t{1000}, &nanos))
    return TooLarge(to, std::to_string(micros) + " microseconds");
  return Put<int64_t>(to, nanos);
}

Status PutNull(laminar_appender& to) {
  const data::Field& field = to.schema[to.column];
  if (!field.nullable) return Status(ErrorCode::kNullNotAllowed, "column \"" + field.name + "\" is NOT NULL");
  to.buffer.SetNull(to.column, to.buffer.rows());
  ++to.column;
  return {};
}

Status Flush(laminar_appender& from) {
  if (from.buffer.rows() == 0) return {};
  Status status = Enter(*from.shared);
  if (status.ok()) status = from.shared->database->Push(from.handle, from.buffer.batch());
  from.buffer.Reset();
  return status;
}

Status EndRow(laminar_appender& to) {
  if (to.column != to.schema.size()) {
    const uint32_t found = std::exchange(to.column, 0);
    return Status(ErrorCode::kBatchMismatch, "the row has " + std::to_string(found) + " values of " +
                                                 std::to_string(to.schema.size()) + " and was dropped");
  }
  to.column = 0;
  to.buffer.SetRows(to.buffer.rows() + 1);
  return to.buffer.full() ? Flush(to) : Status();
}

}  // namespace
}  // namespace laminar::api

laminar_error* laminar_appender_open(laminar_database* database, const char* relation, laminar_appender** out) {
  return api::Run([&]() -> Status {
    if (out == nullptr) return api::NullHandle("place for the appender");
    *out = nullptr;
    if (database == nullptr) return api::NullHandle("database");
    if (relation == nullptr) return api::NullHandle("relation");
    TRY(api::Enter(*database->shared));
    data::Schema schema;
    const auto handle = TRY(database->shared->database->OpenPush(relation, &schema));
    *out = std::make_unique<laminar_appender>(database->shared, handle, std::move(schema)).release();
    return {};
  });
}

laminar_error* laminar_append_int64(laminar_appender* appender, int64_t value) {
  return api::Run([&]() -> Status {
    TRY(api::ColumnLeft(appender));
    return api::PutInt64(*appender, value);
  });
}

laminar_error* laminar_append_double(laminar_appender* appender, double value) {
  return api::Run([&]() -> Status {
    TRY(api::ColumnLeft(appender));
    return api::PutDouble(*appender, value);
  });
}

laminar_error* laminar_append_text(laminar_appender* appender, const char* text, size_t length) {
  return api::Run([&]() -> Status {
    TRY(api::ColumnLeft(appender));
    if (text == nullptr && length > 0) return api::NullHandle("text");
    return api::PutText(*appender, {text == nullptr ? "" : text, length});
  });
}

laminar_error* laminar_append_timestamp_micros(laminar_appender* appender, int64_t micros) {
  return api::Run([&]() -> Status {
    TRY(api::ColumnLeft(appender));
    return api::PutTimestamp(*appender, micros);
  });
}

laminar_error* laminar_append_null(laminar_appender* appender) {
  return api::Run([&]() -> Status {
    TRY(api::ColumnLeft(appender));
    return api::PutNull(*appender);
  });
}

laminar_error* laminar_end_row(laminar_appender* appender) {
  return api::Run([&]() -> Status {
    if (appender == nullptr) return api::NullHandle("appender");
    return api::EndRow(*appender);
  });
}

laminar_error* laminar_appender_flush(laminar_appender* appender) {
  return api::Run([&]() -> Status {
    if (appender == nullptr) return api::NullHandle("appender");
    return api::Flush(*appender);
  });
}

void laminar_appender_free(laminar_appender* appender) {
  if (appender == nullptr) return;
  const api::DatabasePtr shared = appender->shared;
  api::Free(shared, std::unique_ptr<api::Freeable>(appender));
}
