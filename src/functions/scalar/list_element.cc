#include "functions/scalar/list_element.h"

#include <algorithm>

#include "data/numeric_bits.h"

namespace laminar::functions {
namespace {

template <class T>
int CompareSlots(const Type&, const Column& a, uint32_t i, const Column& b, uint32_t j) {
  const T x = a.As<T>()[i];
  const T y = b.As<T>()[j];
  if constexpr (std::is_floating_point_v<T>) {
    return data::CompareDoubles(x, y);
  } else {
    return x < y ? -1 : (y < x ? 1 : 0);
  }
}

int CompareTexts(const Type&, const Column& a, uint32_t i, const Column& b, uint32_t j) {
  return Compare(a.As<StringRef>()[i], b.As<StringRef>()[j]);
}

int CompareIntervals(const Type&, const Column& a, uint32_t i, const Column& b, uint32_t j) {
  const __int128 x = data::IntervalMicros(a.As<Interval>()[i]);
  const __int128 y = data::IntervalMicros(b.As<Interval>()[j]);
  return x < y ? -1 : (y < x ? 1 : 0);
}

int CompareNested(const Type& type, const Column& a, uint32_t i, const Column& b, uint32_t j) {
  const AllowAllocation values;
  return data::Value::Compare(data::Value::FromColumn(a, type, i), data::Value::FromColumn(b, type, j), type);
}

int CompareNulls(const Type&, const Column&, uint32_t, const Column&, uint32_t) { return 0; }

}  // namespace

CompareElements CompareFor(const Type& type) {
  switch (type.physical()) {
    case data::PhysicalType::kNull: return CompareNulls;
    case data::PhysicalType::kBool:
    case data::PhysicalType::kUInt8: return CompareSlots<uint8_t>;
    case data::PhysicalType::kInt8: return CompareSlots<int8_t>;
    case data::PhysicalType::kInt16: return CompareSlots<int16_t>;
    case data::PhysicalType::kUInt16: return CompareSlots<uint16_t>;
    case data::PhysicalType::kInt32: return CompareSlots<int32_t>;
    case data::PhysicalType::kUInt32: return CompareSlots<uint32_t>;
    case data::PhysicalType::kInt64: return CompareSlots<int64_t>;
    case data::PhysicalType::kUInt64: return CompareSlots<uint64_t>;
    case data::PhysicalType::kFloat: return CompareSlots<float>;
    case data::PhysicalType::kDouble: return CompareSlots<double>;
    case data::PhysicalType::kInt128: return CompareSlots<Int128>;
    case data::PhysicalType::kUuid: return CompareSlots<UInt128>;
    case data::PhysicalType::kString: return CompareTexts;
    case data::PhysicalType::kInterval: return CompareIntervals;
    case data::PhysicalType::kList:
    case data::PhysicalType::kStruct: return CompareNested;
  }
  return CompareNulls;
}

std::vector<uint32_t>& PositionScratch() {
  static thread_local std::vector<uint32_t> positions;
  return positions;
}

namespace {

std::vector<uint32_t>& SortScratch() {
  static thread_local std::vector<uint32_t> sorted;
  return sorted;
}

// The positions of all elements that are not NULL, equal ones in the order of the array.
void SortPositions(const ListState& state, const ListRow& row, std::vector<uint32_t>& sorted) {
  const AllowAllocation growth;
  sorted.clear();
  for (uint32_t i = row.offset; i < row.end(); ++i) {
    if (!row.items->IsNull(i)) sorted.push_back(i);
  }
  std::sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) {
    const int order = state.compare(state.element, *row.items, a, *row.items, b);
    return order != 0 ? order < 0 : a < b;
  });
}

}  // namespace

ElementSet::ElementSet(const ListState& state, const ListRow& row)
    : state_(state), items_(row.items), sorted_(SortScratch()) {
  SortPositions(state, row, sorted_);
  has_null_ = sorted_.size() < row.length;
}

bool ElementSet::Contains(const Column& column, uint32_t slot) const {
  if (column.IsNull(slot)) return has_null_;
  const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), slot, [&](uint32_t a, uint32_t wanted) {
    return state_.compare(state_.element, *items_, a, column, wanted) < 0;
  });
  return found != sorted_.end() && state_.compare(state_.element, *items_, *found, column, slot) == 0;
}

uint32_t FindElement(const ListState& state, const ListRow& row, const Column& wanted, uint32_t slot, uint32_t from) {
  for (uint32_t i = from; i < row.end(); ++i) {
    if (row.items->IsNull(i)) continue;
    if (state.compare(state.element, *row.items, i, wanted, slot) == 0) return i;
  }
  return row.end();
}

void DistinctPositions(const ListState& state, const ListRow& row, std::vector<uint32_t>& positions) {
  const AllowAllocation growth;
  std::vector<uint32_t>& sorted = SortScratch();
  SortPositions(state, row, sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    const bool is_repeated =
        i > 0 && state.compare(state.element, *row.items, sorted[i - 1], *row.items, sorted[i]) == 0;
    if (!is_repeated) positions.push_back(sorted[i]);
  }
  for (uint32_t i = row.offset; i < row.end(); ++i) {
    if (!row.items->IsNull(i)) continue;
    positions.push_back(i);
    break;
  }
  std::sort(positions.begin(), positions.end());
}

void WriteChosen(KernelContext& context, ListWriter& writer, uint32_t row, const Column& items,
                 std::span<const uint32_t> positions) {
  const AllowAllocation growth;
  uint32_t to = writer.Start(row, static_cast<uint32_t>(positions.size()));
  while (!positions.empty()) {
    const size_t count = std::min<size_t>(positions.size(), data::kBatchCapacity);
    data::GatherRows(*context.buffer, writer.child(), writer.child_type(), to, items, positions.data(),
                     static_cast<uint32_t>(count));
    positions = positions.subspan(count);
    to += static_cast<uint32_t>(count);
  }
}

Type ElementOf(const Type& list) { return list.id() == TypeId::kArray ? list.element() : Type(TypeId::kNull); }

Result<Type> ElementMeeting(const Type& list, const Type& value) { return expr::CommonType(ElementOf(list), value); }

}  // namespace laminar::functions
