#include "formats/column_cast.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "data/copy_rows.h"
#include "data/decimal.h"
#include "data/temporal.h"
#include "data/value.h"

namespace laminar::formats {

namespace {

using data::PhysicalType;
using data::Type;
using data::TypeId;

bool IsReal(const Type& type) { return type.id() == TypeId::kFloat || type.id() == TypeId::kDouble; }

bool CanCast(const Type& from, const Type& to) {
  if (from == to) return true;
  if (from.is_integer()) return to.is_integer() || IsReal(to);
  if (IsReal(from)) return IsReal(to);
  if (from.is_timestamp()) return to.is_timestamp();
  if (from.id() == TypeId::kDecimal) return to.id() == TypeId::kDecimal;
  // Reads as text; what is no JSON there stays the writer's mistake.
  return from.id() == TypeId::kJson && to.id() == TypeId::kVarchar;
}

bool IsCopy(const Type& from, const Type& to) { return from == to || from.id() == TypeId::kJson; }

// Whether every value of one type fits the other.
bool AlwaysFits(const Type& from, const Type& to) {
  if (IsCopy(from, to)) return true;
  if (from.is_integer() && to.is_integer()) {
    const uint32_t from_width = data::ValueWidth(from.physical());
    const uint32_t to_width = data::ValueWidth(to.physical());
    if (from.is_signed_integer() == to.is_signed_integer()) return to_width >= from_width;
    return to.is_signed_integer() && to_width > from_width;
  }
  if (from.is_integer() || from.id() == TypeId::kFloat) return true;
  if (from.is_timestamp()) return from.is_nanos() || !to.is_nanos();
  return false;
}

// All integer types of ours fit.
using Wide = __int128;

Wide LoadInteger(PhysicalType physical, const data::Column& column, uint32_t slot) {
  switch (physical) {
    case PhysicalType::kInt8: return column.As<int8_t>()[slot];
    case PhysicalType::kInt16: return column.As<int16_t>()[slot];
    case PhysicalType::kInt32: return column.As<int32_t>()[slot];
    case PhysicalType::kUInt8: return column.As<uint8_t>()[slot];
    case PhysicalType::kUInt16: return column.As<uint16_t>()[slot];
    case PhysicalType::kUInt32: return column.As<uint32_t>()[slot];
    case PhysicalType::kUInt64: return column.As<uint64_t>()[slot];
    default: return column.As<int64_t>()[slot];
  }
}

template <class T>
bool StoreAs(Wide value, data::Column& column, uint32_t row) {
  column.As<T>()[row] = static_cast<T>(value);
  return static_cast<Wide>(static_cast<T>(value)) == value;
}

bool StoreInteger(const Type& type, Wide value, data::Column& column, uint32_t row) {
  switch (type.physical()) {
    case PhysicalType::kFloat: column.As<float>()[row] = static_cast<float>(value); return true;
    case PhysicalType::kDouble: column.As<double>()[row] = static_cast<double>(value); return true;
    case PhysicalType::kInt8: return StoreAs<int8_t>(value, column, row);
    case PhysicalType::kInt16: return StoreAs<int16_t>(value, column, row);
    case PhysicalType::kInt32: return StoreAs<int32_t>(value, column, row);
    case PhysicalType::kUInt8: return StoreAs<uint8_t>(value, column, row);
    case PhysicalType::kUInt16: return StoreAs<uint16_t>(value, column, row);
    case PhysicalType::kUInt32: return StoreAs<uint32_t>(value, column, row);
    case PhysicalType::kUInt64: return StoreAs<uint64_t>(value, column, row);
    default: return StoreAs<int64_t>(value, column, row);
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

// False: the value does not fit.
bool CastValue(const Type& from, const Type& to, const data::Column& source, uint32_t slot, data::Column& column,
               uint32_t row) {
  if (from.is_integer()) return StoreInteger(to, LoadInteger(from.physical(), source, slot), column, row);
  if (from.id() == TypeId::kFloat) {
    column.As<double>()[row] = static_cast<double>(source.As<float>()[slot]);
    return true;
  }
  if (from.id() == TypeId::kDouble) {
    const double value = source.As<double>()[slot];
    const auto narrow = static_cast<float>(value);
    column.As<float>()[row] = narrow;
    return std::isfinite(narrow) || !std::isfinite(value);
  }
  if (from.id() == TypeId::kDecimal) {
    return data::RescaleDecimal(source.As<data::Int128>()[slot], from.scale(), to.scale(), to.precision(),
                                column.As<data::Int128>()[row]);
  }
  return CastTimestamp(from, to, source.As<int64_t>()[slot], column.As<int64_t>()[row]);
}

// Casts one row that is not NULL, in any encoding.
bool CastRow(const Type& from, const Type& to, const data::Column& source, uint32_t row, data::Column& column,
             uint32_t to_row) {
  const bool coded = source.encoding == data::Encoding::kDictionary;
  return CastValue(from, to, coded ? *source.dictionary : source, coded ? source.codes[row] : source.Slot(row), column,
                   to_row);
}

}  // namespace

Result<ColumnCast> ColumnCast::Make(const data::Schema& file, const data::Schema& declared, std::vector<bool> needed,
                                    std::string path, sdk::BadRows* bad_rows) {
  ColumnCast cast;
  cast.path_ = std::move(path);
  cast.bad_rows_ = bad_rows;
  std::vector<std::string> names;
  for (const data::Field& field : file.fields()) names.push_back(field.name);
  for (size_t i = 0; i < declared.size(); ++i) {
    const data::Field& to = declared[i];
    int found = file.IndexOf(to.name);
    for (size_t k = 0; found < 0 && k < names.size(); ++k) {
      if (EqualsIgnoreCase(names[k], to.name)) found = static_cast<int>(k);
    }
    if (found < 0) {
      return Error(
          Status(ErrorCode::kBadFile, "reading " + Quoted(cast.path_, 300) + ": it has no column " + Quoted(to.name))
              .WithHint("its columns are: " + EscapeForMessage(Join(names, ", "), 300)));
    }
    const Type& from = file[static_cast<size_t>(found)].type;
    if (!CanCast(from, to.type)) {
      return Error(Status(ErrorCode::kTypeMismatch, "reading " + Quoted(cast.path_, 300) + ": column " +
                                                        Quoted(to.name) + " is " + from.ToString() + ", declared as " +
                                                        to.type.ToString())
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

void ColumnCast::Check(const data::Batch& batch, data::BatchBuffer& out) {
  bad_.clear();
  const uint32_t first = out.rows();
  for (size_t i = 0; i < targets_.size(); ++i) {
    const Target& target = targets_[i];
    if (target.file_column < 0) continue;
    const data::Column& source = batch.columns[target.file_column];
    const bool checks_null = !target.to.nullable && source.has_nulls;
    const bool checks_value = !AlwaysFits(target.from, target.to.type);
    if (!checks_null && !checks_value) continue;
    data::Column& column = out.column(i);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (source.IsNull(row)) {
        if (checks_null) bad_.push_back({row, i, "column " + Quoted(target.to.name) + ": NULL in a NOT NULL column"});
      } else if (checks_value && !CastRow(target.from, target.to.type, source, row, column, first + row)) {
        const std::string value = data::Value::FromColumn(source, target.from, row).ToString(target.from);
        bad_.push_back({row, i,
                        "column " + Quoted(target.to.name) + ": " + EscapeForMessage(value, 40) + " does not fit " +
                            target.to.type.ToString()});
      }
    }
  }
  std::ranges::stable_sort(bad_, {}, &BadCell::row);
}

std::string ColumnCast::RowText(const data::Batch& batch, uint32_t row) const {
  constexpr size_t kShownBytes = 200;
  std::string text;
  for (const Target& target : targets_) {
    if (target.file_column < 0 || text.size() > kShownBytes) continue;
    if (!text.empty()) text += ',';
    const data::Value value = data::Value::FromColumn(batch.columns[target.file_column], target.from, row);
    if (!value.is_null()) text += value.ToString(target.from);
  }
  return text.substr(0, kShownBytes);
}

// A row with several bad cells is reported once, with all reasons.
Status ColumnCast::Report(const data::Batch& batch, uint64_t rows_before) const {
  for (size_t i = 0; i < bad_.size();) {
    const uint32_t row = bad_[i].row;
    std::string reasons = bad_[i++].reason;
    for (; i < bad_.size() && bad_[i].row == row; ++i) reasons += "; " + bad_[i].reason;
    const std::string number = std::to_string(rows_before + row + 1);
    if (bad_rows_ == nullptr)
      return Status(ErrorCode::kBadRow, "reading " + Quoted(path_, 300) + ": row " + number + ": " + reasons);
    bad_rows_->Add(path_ + ":" + number, reasons, RowText(batch, row));
  }
  return {};
}

Status ColumnCast::Append(const data::Batch& batch, data::BatchBuffer& out, uint64_t rows_before) {
  Check(batch, out);
  TRY(Report(batch, rows_before));
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
    if (IsCopy(target.from, target.to.type)) {
      data::CopyRows(out, column, target.to.type, first, source, 0, batch.rows);
      continue;
    }
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (source.IsNull(row)) {
        out.SetNull(column, first + row);
      } else {
        (void)CastRow(target.from, target.to.type, source, row, column, first + row);  // Check saw what does not fit
      }
    }
  }
  for (const BadCell& bad : bad_) out.SetError(out.column(bad.column), first + bad.row);
  out.SetRows(first + batch.rows);
  return {};
}

}  // namespace laminar::formats
