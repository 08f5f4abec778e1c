// Comparing and choosing the elements of arrays, for kernels that are generic over the element's type.
//
// Law: elements are ordered as Value::Compare orders them; two NULL elements count as equal where a function looks for
// duplicates.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "functions/scalar/bind.h"
#include "functions/scalar/list_writer.h"

namespace laminar::functions {

// Order of two values that are not NULL; positions are slots of flat columns.
using CompareElements = int (*)(const Type& type, const Column& a, uint32_t i, const Column& b, uint32_t j);
CompareElements CompareFor(const Type& type);

// What a kernel over arrays knows of its types.
struct ListState : expr::FunctionState {
  Type list;     // of the result or of the arguments, whichever the kernel writes or reads
  Type element;  // of the array arguments
  CompareElements compare = nullptr;
  explicit ListState(const Type& element_type)
      : list(Type::Array(element_type)), element(element_type), compare(CompareFor(element_type)) {}
};

// One row of an array argument.
struct ListRow {
  const Column* items = nullptr;  // the child column
  uint32_t offset = 0;
  uint32_t length = 0;

  ListRow() = default;
  ListRow(const Column& list, uint32_t row) : items(&list.children[0]) {
    const ListEntry entry = list.As<ListEntry>()[list.Slot(row)];
    offset = entry.offset;
    length = list.IsNull(row) ? 0 : entry.length;
  }
  bool IsNull(uint32_t i) const { return items->IsNull(offset + i); }
  uint32_t end() const { return offset + length; }
};

// The elements of an array, for asking which of another are among them. Memory belongs to the thread.
class ElementSet {
 public:
  ElementSet(const ListState& state, const ListRow& row);
  bool Contains(const Column& column, uint32_t slot) const;  // NULL is contained when the array has one

 private:
  const ListState& state_;
  const Column* items_;
  std::vector<uint32_t>& sorted_;
  bool has_null_ = false;
};

// The position of the first element equal to a slot of another column, or the row's end.
uint32_t FindElement(const ListState& state, const ListRow& row, const Column& wanted, uint32_t slot, uint32_t from);

// Positions of the first of each group of equal elements, in the order of the array.
void DistinctPositions(const ListState& state, const ListRow& row, std::vector<uint32_t>& positions);

// Writes the chosen elements as the row's array; positions are slots of `items`.
void WriteChosen(KernelContext& context, ListWriter& writer, uint32_t row, const Column& items,
                 std::span<const uint32_t> positions);

// Scratch of the thread for positions.
std::vector<uint32_t>& PositionScratch();

// The element type an array argument and a value meet in; NULL arguments give NULL's type.
Result<Type> ElementMeeting(const Type& list, const Type& value);
Type ElementOf(const Type& list);  // of an ARRAY, or NULL

}  // namespace laminar::functions
