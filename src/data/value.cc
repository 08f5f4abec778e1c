#include "data/value.h"

#include <algorithm>

#include "base/check.h"
#include "data/numeric_bits.h"
#include "data/text.h"

namespace laminar::data {
namespace {

template <class T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

std::vector<Value> ListItems(const Column& column, const Type& type, ListEntry entry) {
  std::vector<Value> items;
  items.reserve(static_cast<size_t>(entry.length) * column.child_count);
  for (uint32_t i = 0; i < entry.length; ++i) {
    for (uint32_t c = 0; c < column.child_count; ++c) {
      items.push_back(Value::FromColumn(column.children[c], type.children()[c].type, entry.offset + i));
    }
  }
  return items;
}

std::vector<Value> StructItems(const Column& column, const Type& type, uint32_t slot) {
  std::vector<Value> items;
  for (uint32_t c = 0; c < column.child_count; ++c) {
    items.push_back(Value::FromColumn(column.children[c], type.children()[c].type, slot));
  }
  return items;
}

int CompareItems(const std::vector<Value>& a, const std::vector<Value>& b, const Type& type) {
  const std::vector<Field>& fields = type.children();
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    const int order = Value::Compare(a[i], b[i], fields[i % fields.size()].type);
    if (order != 0) return order;
  }
  return Order(a.size(), b.size());
}

}  // namespace

int64_t Value::AsInt() const {
  if (std::holds_alternative<uint64_t>(rep_)) return static_cast<int64_t>(std::get<uint64_t>(rep_));
  CHECK(std::holds_alternative<int64_t>(rep_));
  return std::get<int64_t>(rep_);
}

double Value::AsDouble() const {
  if (std::holds_alternative<double>(rep_)) return std::get<double>(rep_);
  if (std::holds_alternative<uint64_t>(rep_)) return static_cast<double>(std::get<uint64_t>(rep_));
  CHECK(std::holds_alternative<int64_t>(rep_));
  return static_cast<double>(std::get<int64_t>(rep_));
}

Value Value::FromColumn(const Column& column, const Type& type, uint32_t row) {
  if (column.IsNull(row)) return Value();
  if (column.encoding == Encoding::kDictionary) return FromColumn(*column.dictionary, type, column.codes[row]);
  const uint32_t slot = column.Slot(row);
  switch (type.physical()) {
    case PhysicalType::kNull: return Value();
    case PhysicalType::kBool: return Bool(column.As<uint8_t>()[slot] != 0);
    case PhysicalType::kInt8: return Int(column.As<int8_t>()[slot]);
    case PhysicalType::kInt16: return Int(column.As<int16_t>()[slot]);
    case PhysicalType::kInt32: return Int(column.As<int32_t>()[slot]);
    case PhysicalType::kInt64: return Int(column.As<int64_t>()[slot]);
    case PhysicalType::kUInt8: return UInt(column.As<uint8_t>()[slot]);
    case PhysicalType::kUInt16: return UInt(column.As<uint16_t>()[slot]);
    case PhysicalType::kUInt32: return UInt(column.As<uint32_t>()[slot]);
    case PhysicalType::kUInt64: return UInt(column.As<uint64_t>()[slot]);
    case PhysicalType::kFloat: return Double(column.As<float>()[slot]);
    case PhysicalType::kDouble: return Double(column.As<double>()[slot]);
    case PhysicalType::kInt128: return Decimal(column.As<Int128>()[slot]);
    case PhysicalType::kString: return String(std::string(column.As<StringRef>()[slot].view()));
    case PhysicalType::kInterval: return Of(column.As<Interval>()[slot]);
    case PhysicalType::kUuid: return Uuid(column.As<UInt128>()[slot]);
    case PhysicalType::kList: return List(ListItems(column, type, column.As<ListEntry>()[slot]));
    case PhysicalType::kStruct: return List(StructItems(column, type, slot));
  }
  return Value();
}

void Value::ToColumn(BatchBuffer& buffer, Column& column, const Type& type, uint32_t row) const {
  if (is_null()) {
    buffer.SetNull(column, row);
    return;
  }
  if (column.has_nulls) SetBit(column.validity, row);
  switch (type.physical()) {
    case PhysicalType::kNull: CHECK(!"a column of type NULL holds only nulls"); return;
    case PhysicalType::kBool: column.As<uint8_t>()[row] = bool_value() ? 1 : 0; return;
    case PhysicalType::kInt8: column.As<int8_t>()[row] = static_cast<int8_t>(AsInt()); return;
    case PhysicalType::kInt16: column.As<int16_t>()[row] = static_cast<int16_t>(AsInt()); return;
    case PhysicalType::kInt32: column.As<int32_t>()[row] = static_cast<int32_t>(AsInt()); return;
    case PhysicalType::kInt64: column.As<int64_t>()[row] = AsInt(); return;
    case PhysicalType::kUInt8: column.As<uint8_t>()[row] = static_cast<uint8_t>(AsInt()); return;
    case PhysicalType::kUInt16: column.As<uint16_t>()[row] = static_cast<uint16_t>(AsInt()); return;
    case PhysicalType::kUInt32: column.As<uint32_t>()[row] = static_cast<uint32_t>(AsInt()); return;
    case PhysicalType::kUInt64: column.As<uint64_t>()[row] = static_cast<uint64_t>(AsInt()); return;
    case PhysicalType::kFloat: column.As<float>()[row] = static_cast<float>(AsDouble()); return;
    case PhysicalType::kDouble: column.As<double>()[row] = AsDouble(); return;
    case PhysicalType::kInt128: column.As<Int128>()[row] = decimal_value(); return;
    case PhysicalType::kString: column.As<StringRef>()[row] = buffer.heap().Add(string_value()); return;
    case PhysicalType::kInterval: column.As<Interval>()[row] = interval_value(); return;
    case PhysicalType::kUuid: column.As<UInt128>()[row] = uuid_value(); return;
    case PhysicalType::kList: return ListToColumn(buffer, column, type, row);
    case PhysicalType::kStruct:
      CHECK(items().size() == column.child_count);
      for (uint32_t c = 0; c < column.child_count; ++c) {
        items()[c].ToColumn(buffer, column.children[c], type.children()[c].type, row);
      }
      return;
  }
}

void Value::ListToColumn(BatchBuffer& buffer, Column& column, const Type& type, uint32_t row) const {
  const uint32_t width = column.child_count;
  CHECK(width > 0 && items().size() % width == 0);
  const uint32_t length = static_cast<uint32_t>(items().size() / width);
  const uint32_t first = buffer.ReserveChild(column, type, length);
  column.As<ListEntry>()[row] = ListEntry{.offset = first, .length = length};
  for (uint32_t i = 0; i < length; ++i) {
    for (uint32_t c = 0; c < width; ++c) {
      items()[i * width + c].ToColumn(buffer, column.children[c], type.children()[c].type, first + i);
    }
  }
}

std::string Value::ToString(const Type& type) const {
  if (is_null()) return "NULL";
  BatchBuffer buffer({type}, 1);
  ToColumn(buffer, buffer.column(0), type, 0);
  std::string out;
  AppendText(type, buffer.column(0), 0, out);
  return out;
}

int Value::Compare(const Value& a, const Value& b, const Type& type) {
  if (a.is_null() || b.is_null()) return static_cast<int>(a.is_null()) - static_cast<int>(b.is_null());
  switch (type.physical()) {
    case PhysicalType::kNull: return 0;
    case PhysicalType::kBool: return Order(a.bool_value(), b.bool_value());
    case PhysicalType::kInt8:
    case PhysicalType::kInt16:
    case PhysicalType::kInt32:
    case PhysicalType::kInt64: return Order(a.AsInt(), b.AsInt());
    case PhysicalType::kUInt8:
    case PhysicalType::kUInt16:
    case PhysicalType::kUInt32:
    case PhysicalType::kUInt64: return Order(static_cast<uint64_t>(a.AsInt()), static_cast<uint64_t>(b.AsInt()));
    case PhysicalType::kFloat:
    case PhysicalType::kDouble: return CompareDoubles(a.AsDouble(), b.AsDouble());
    case PhysicalType::kInt128: return Order(a.decimal_value(), b.decimal_value());
    case PhysicalType::kString: {
      const int order = a.string_value().compare(b.string_value());
      return Order(order, 0);
    }
    case PhysicalType::kInterval:
      return Order(IntervalMicros(a.interval_value()), IntervalMicros(b.interval_value()));
    case PhysicalType::kUuid: return Order(a.uuid_value(), b.uuid_value());
    case PhysicalType::kList:
    case PhysicalType::kStruct: return CompareItems(a.items(), b.items(), type);
  }
  return 0;
}

bool Value::operator==(const Value& other) const {
  if (rep_.index() != other.rep_.index()) return false;
  if (std::holds_alternative<double>(rep_)) return CompareDoubles(double_value(), other.double_value()) == 0;
  if (std::holds_alternative<Interval>(rep_)) {
    return IntervalMicros(interval_value()) == IntervalMicros(other.interval_value());
  }
  return rep_ == other.rep_;
}

}  // namespace laminar::data
