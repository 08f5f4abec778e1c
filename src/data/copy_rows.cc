#include "data/copy_rows.h"

#include <algorithm>

#include "base/check.h"

namespace laminar::data {
namespace {

// Rows of a source column: consecutive from `first` where `rows` is null, else chosen.
struct Selection {
  const uint32_t* rows = nullptr;
  uint32_t first = 0;
  uint32_t count = 0;

  uint32_t operator[](uint32_t i) const { return rows == nullptr ? first + i : rows[i]; }
};

struct Target {
  BatchBuffer& buffer;
  Column& column;
  const Type& type;
  uint32_t row;
};

void Copy(Target to, const Column& from, const Selection& selection);

void CopyNulls(Target to, const Column& from, const Selection& selection) {
  if (!from.has_nulls && !to.column.has_nulls) return;
  for (uint32_t i = 0; i < selection.count; ++i) {
    if (from.IsNull(selection[i])) {
      to.buffer.SetNull(to.column, to.row + i);
    } else if (to.column.has_nulls) {
      SetBit(to.column.validity, to.row + i);
    }
  }
}

template <class T>
void CopyFixed(Target to, const Column& from, const Selection& selection) {
  T* out = to.column.As<T>() + to.row;
  const T* in = from.As<T>();
  if (selection.rows == nullptr) {
    std::memcpy(static_cast<void*>(out), in + selection.first, sizeof(T) * selection.count);
    return;
  }
  for (uint32_t i = 0; i < selection.count; ++i) out[i] = in[selection.rows[i]];
}

void CopyStrings(Target to, const Column& from, const Selection& selection) {
  StringRef* out = to.column.As<StringRef>() + to.row;
  const StringRef* in = from.As<StringRef>();
  StringHeap& heap = to.buffer.heap();
  for (uint32_t i = 0; i < selection.count; ++i) {
    const StringRef& text = in[selection[i]];
    out[i] = text.is_inline() ? text : heap.Add(text.view());
  }
}

// Copies the children of one run of child rows that stand one after the other.
void CopyChildren(Target to, const Column& from, uint32_t child_row, uint32_t first, uint32_t count) {
  if (count == 0) return;
  for (uint32_t c = 0; c < to.column.child_count; ++c) {
    const Target child{to.buffer, to.column.children[c], to.type.children()[c].type, child_row};
    Copy(child, from.children[c], Selection{.first = first, .count = count});
  }
}

void CopyLists(Target to, const Column& from, const Selection& selection) {
  const ListEntry* in = from.As<ListEntry>();
  uint64_t total = 0;
  for (uint32_t i = 0; i < selection.count; ++i) total += in[selection[i]].length;
  CHECK(total <= UINT32_MAX);
  uint32_t child_row = to.buffer.ReserveChild(to.column, to.type, static_cast<uint32_t>(total));
  ListEntry* out = to.column.As<ListEntry>() + to.row;
  ListEntry run;
  uint32_t run_row = child_row;
  for (uint32_t i = 0; i < selection.count; ++i) {
    const ListEntry entry = in[selection[i]];
    out[i] = ListEntry{.offset = child_row, .length = entry.length};
    if (entry.offset == run.offset + run.length) {
      run.length += entry.length;
    } else if (entry.length > 0) {
      CopyChildren(to, from, run_row, run.offset, run.length);
      run = entry;
      run_row = child_row;
    }
    child_row += entry.length;
  }
  CopyChildren(to, from, run_row, run.offset, run.length);
}

// Values of a flat column; nulls come afterwards.
void CopyValues(Target to, const Column& from, const Selection& selection) {
  switch (to.type.physical()) {
    case PhysicalType::kNull: return;
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8: return CopyFixed<uint8_t>(to, from, selection);
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16: return CopyFixed<uint16_t>(to, from, selection);
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32:
    case PhysicalType::kFloat: return CopyFixed<uint32_t>(to, from, selection);
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64:
    case PhysicalType::kDouble: return CopyFixed<uint64_t>(to, from, selection);
    case PhysicalType::kInt128:
    case PhysicalType::kInterval:
    case PhysicalType::kUuid: return CopyFixed<unsigned __int128>(to, from, selection);
    case PhysicalType::kString: return CopyStrings(to, from, selection);
    case PhysicalType::kList: return CopyLists(to, from, selection);
    case PhysicalType::kStruct:
      for (uint32_t c = 0; c < to.column.child_count; ++c) {
        Copy(Target{to.buffer, to.column.children[c], to.type.children()[c].type, to.row}, from.children[c], selection);
      }
  }
}

// A constant or dictionary column: the slots of a block of rows, then as chosen rows of a flat column.
void CopyEncoded(Target to, const Column& from, const Selection& selection) {
  uint32_t slots[kBatchCapacity];
  const bool is_constant = from.encoding == Encoding::kConstant;
  Column base = is_constant ? from : *from.dictionary;
  base.encoding = Encoding::kFlat;
  for (uint32_t done = 0; done < selection.count; done += kBatchCapacity) {
    const uint32_t count = std::min(selection.count - done, kBatchCapacity);
    for (uint32_t i = 0; i < count; ++i) slots[i] = is_constant ? 0 : from.codes[selection[done + i]];
    CopyValues(Target{to.buffer, to.column, to.type, to.row + done}, base, Selection{.rows = slots, .count = count});
  }
}

void Copy(Target to, const Column& from, const Selection& selection) {
  DCHECK(to.column.encoding == Encoding::kFlat);
  if (from.encoding == Encoding::kFlat) {
    CopyValues(to, from, selection);
  } else {
    CopyEncoded(to, from, selection);
  }
  // After the values, so that a null slot of ours is harmless whatever the source had there.
  CopyNulls(to, from, selection);
}

}  // namespace

void CopyRows(BatchBuffer& buffer, Column& to, const Type& type, uint32_t to_row, const Column& from, uint32_t first,
              uint32_t count) {
  if (count > 0) Copy(Target{buffer, to, type, to_row}, from, Selection{.first = first, .count = count});
}

void GatherRows(BatchBuffer& buffer, Column& to, const Type& type, uint32_t to_row, const Column& from,
                const uint32_t* rows, uint32_t count) {
  CHECK(count <= kBatchCapacity);
  if (count > 0) Copy(Target{buffer, to, type, to_row}, from, Selection{.rows = rows, .count = count});
}

}  // namespace laminar::data
