#include "formats/column_cast.h"

#include <algorithm>

#include "base/text.h"
#include "data/copy_rows.h"
#include "data/decimal.h"
#include "data/temporal.h"

namespace laminar::formats {

namespace {

using data::PhysicalType;
using data::Type;
using data::TypeId;

bool IsWider(const Type& from, const Type& to) {
  if (!from.is_integer()) return false;
  const uint32_t from_width = data::ValueWidth(from.physical());
  if (to.id() == TypeId::kDouble) return from_width <= 4;
  if (!to.is_integer()) return false;
  const uint32_t to_width = data::ValueWidth(to.physical());
  if (from.is_signed_integer() == to.is_signed_integer()) return to_width >= from_width;
  return to.is_signed_integer() && to_width > from_width;
}

bool CanCast(const Type& from, const Type& to) {
  if (from == to || IsWider(from, to)) return true;
  if (from.id() == TypeId::kFloat && to.id() == TypeId::kDouble) return true;
  if (from.is_timestamp() && to.is_timestamp()) return true;
  if (from.id() == TypeId::kDecimal && to.id() == TypeId::kDecimal) {
    return to.scale() >= from.scale() && to.precision() - to.scale() >= from.precision() - from.scale();
  }
  // Reads as text; what is no JSON there stays the writer's mistake.
  return from.id() == TypeId::kJson && to.id() == TypeId::kVarchar;
}

int64_t LoadInteger(PhysicalType physical, const data::Column& column, uint32_t slot) {
  switch (physical) {
    case PhysicalType::kInt8: return column.As<int8_t>()[slot];
    case PhysicalType::kInt16: return column.As<int16_t>()[slot];
    case PhysicalType::kInt32: return column.As<int32_t>()[slot];
    case PhysicalType::kUInt8: return column.As<uint8_t>()[slot];
    case PhysicalType::kUInt16: return column.As<uint16_t>()[slot];
    case PhysicalType::kUInt32: return column.As<uint32_t>()[slot];
    default: return column.As<int64_t>()[slot];
  }
}

void StoreNumber(const Type& type, int64_t value, data::Column& column, uint32_t row) {
  switch (type.physical()) {
    case PhysicalType::kDouble: column.As<double>()[row] = static_cast<double>(value); return;
    case PhysicalType::kInt16: column.As<int16_t>()[row] = static_cast<int16_t>(value); return;
    case PhysicalType::kInt32: column.As<int32_t>()[row] = static_cast<int32_t>(value); return;
    case PhysicalType::kUInt16: column.As<uint16_t>()[row] = static_cast<uint16_t>(value); return;
    case PhysicalType::kUInt32: column.As<uint32_t>()[row] = static_cast<uint32_t>(value); return;
    default: column.As<int64_t>()[row] = value; return;
  }
}

// False: out of range (only for timestamps of nanoseconds).
bool CastTimestamp(const Type& from, const Type& to, int64_t value, int64_t& out) {
  out = value;
  if (!from.is_nanos() && to.is_nanos()) return data::MicrosToNanos(value, out);
  if (from.is_nanos() && !to.is_nanos()) out = data::NanosToMicros(value);
  out = to.precision() < from.precision() ? data::TruncateToPrecision(out, to.precision()) : out;
  return true;
}

bool CastValue(const Type& from, const Type& to, const data::Column& source, uint32_t slot, data::Column& column,
               uint32_t row) {
  if (from.is_integer()) {
    StoreNumber(to, LoadInteger(from.physical(), source, slot), column, row);
    return true;
  }
  if (from.id() == TypeId::kFloat) {
    column.As<double>()[row] = static_cast<double>(source.As<float>()[slot]);
    return true;
  }
  if (from.id() == TypeId::kDecimal) {
    return data::RescaleDecimal(source.As<data::Int128>()[slot], from.scale(), to.scale(), to.precision(),
                                column.As<data::Int128>()[row]);
  }
  return CastTimestamp(from, to, source.As<int64_t>()[slot], column.As<int64_t>()[row]);
}

}  // namespace

Result<ColumnCast> ColumnCast::Make(const data::Schema& file, const data::Schema& declared, std::vector<bool> needed,
                                    std::string place) {
  ColumnCast cast;
  cast.place_ = std::move(place);
  std::vector<std::string> names;
  for (const data::Field& field : file.fields()) names.push_back(field.name);
  for (size_t i = 0; i < declared.size(); ++i) {
    const data::Field& to = declared[i];
    int found = file.IndexOf(to.name);
    for (size_t k = 0; found < 0 && k < names.size(); ++k) {
      if (EqualsIgnoreCase(names[k], to.name)) found = static_cast<int>(k);
    }
    if (found < 0) {
      return Error(Status(ErrorCode::kBadFile, "reading " + cast.place_ + ": it has no column " + Quoted(to.name))
                       .WithHint("its columns are: " + EscapeForMessage(Join(names, ", "), 300)));
    }
    const Type& from = file[static_cast<size_t>(found)].type;
    if (!CanCast(from, to.type)) {
      return Error(Status(ErrorCode::kTypeMismatch, "reading " + cast.place_ + ": column " + Quoted(to.name) + " is " +
                                                        from.ToString() + ", declared as " + to.type.ToString())
                       .WithHint("declare it as " + from.ToString() + " and CAST it in the query"));
    }
    const bool used = needed.empty() || needed[i];
    cast.targets_.push_back({.file_column = used ? found : -1, .from = from, .to = to});
  }
  return cast;
}

std::vector<int> ColumnCast::FileColumns() const {
  std::vector<int> columns;
  for (const Target& target : targets_) {
    if (target.file_column >= 0) columns.push_back(target.file_column);
  }
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

void ColumnCast::Compact() {
  const std::vector<int> columns = FileColumns();
  for (Target& target : targets_) {
    if (target.file_column < 0) continue;
    target.file_column =
        static_cast<int>(std::lower_bound(columns.begin(), columns.end(), target.file_column) - columns.begin());
  }
}

Status ColumnCast::Append(const data::Batch& batch, data::BatchBuffer& out, uint64_t rows_before) const {
  const uint32_t first = out.rows();
  for (size_t i = 0; i < targets_.size(); ++i) {
    const Target& target = targets_[i];
    data::Column& column = out.column(i);
    if (target.file_column < 0) {
      if (column.encoding == data::Encoding::kConstant) continue;
      out.SetNull(column, 0);
      column.encoding = data::Encoding::kConstant;
      continue;
    }
    const data::Column& source = batch.columns[target.file_column];
    if (!target.to.nullable && source.has_nulls) {
      for (uint32_t row = 0; row < batch.rows; ++row) {
        if (!source.IsNull(row)) continue;
        return Status(ErrorCode::kBadRow, "reading " + place_ + ": NULL in row " +
                                              std::to_string(rows_before + row + 1) + " of column " +
                                              Quoted(target.to.name) + ", which is NOT NULL");
      }
    }
    const bool same = target.from == target.to.type || target.from.id() == TypeId::kJson;
    if (same) {
      data::CopyRows(out, column, target.to.type, first, source, 0, batch.rows);
      continue;
    }
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const bool coded = source.encoding == data::Encoding::kDictionary;
      const data::Column& values = coded ? *source.dictionary : source;
      if (source.IsNull(row)) {
        out.SetNull(column, first + row);
      } else if (!CastValue(target.from, target.to.type, values, coded ? source.codes[row] : source.Slot(row), column,
                            first + row)) {
        return Status(ErrorCode::kOutOfRange, "reading " + place_ + ": row " + std::to_string(rows_before + row + 1) +
                                                  " of column " + Quoted(target.to.name) + " does not fit " +
                                                  target.to.type.ToString());
      }
    }
  }
  out.SetRows(first + batch.rows);
  return {};
}

}  // namespace laminar::formats
