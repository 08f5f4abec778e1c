// Writing ARRAY and MAP results row by row: reserve the items of a row, then fill them.
#pragma once

#include <span>

#include "base/hot_scope.h"
#include "data/copy_rows.h"
#include "functions/scalar/by_signature.h"

namespace laminar::functions {

class ListWriter {
 public:
  // `type` is the ARRAY or MAP type of `out` and outlives the writer.
  ListWriter(KernelContext& context, Column& out, const Type& type) : context_(context), out_(out), type_(type) {}

  // Gives the row `count` items; they stand at [first, first + count) of the children and must be filled.
  uint32_t Start(uint32_t row, uint32_t count) {
    const AllowAllocation growth;
    const uint32_t first = context_.buffer->ReserveChild(out_, type_, count);
    out_.As<ListEntry>()[row] = ListEntry{.offset = first, .length = count};
    return first;
  }
  void Empty(uint32_t row) { out_.As<ListEntry>()[row] = ListEntry{}; }

  Column& child(uint32_t i = 0) { return out_.children[i]; }
  const Type& child_type(uint32_t i = 0) const { return type_.children()[i].type; }

  // Copies `count` values of a column of the child's type to position `to`.
  void Copy(uint32_t to, const Column& from, uint32_t first, uint32_t count, uint32_t c = 0) {
    if (count == 0) return;
    const AllowAllocation growth;
    data::CopyRows(*context_.buffer, child(c), child_type(c), to, from, first, count);
  }
  void SetNull(uint32_t position, uint32_t c = 0) {
    const AllowAllocation growth;
    context_.buffer->SetNull(child(c), position);
  }
  // A value of a fixed-width or text child.
  template <class T>
  void Set(uint32_t position, const T& value, uint32_t c = 0) {
    child(c).As<T>()[position] = value;
    if (child(c).has_nulls) data::SetBit(child(c).validity, position);
  }
  void Fill(uint32_t row, std::span<const StringRef> items) {
    const uint32_t first = Start(row, static_cast<uint32_t>(items.size()));
    for (uint32_t i = 0; i < items.size(); ++i) Set(first + i, items[i]);
  }

 private:
  KernelContext& context_;
  Column& out_;
  const Type& type_;
};

// VARCHAR[].
const Type& TextListType();

}  // namespace laminar::functions
