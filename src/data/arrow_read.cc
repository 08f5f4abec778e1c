// Rows of an imported node as a column: shared where the memory is as ours, rewritten where it is not, checked in
// both cases.
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/text.h"
#include "base/time.h"
#include "data/arrow_node.h"
#include "data/decimal.h"
#include "data/value.h"

namespace laminar::data::internal {
namespace {

constexpr int64_t kTailBytes = 16;  // readable after every buffer that views point into

Status Bad(const char* what) { return Status(ErrorCode::kBadArgument, std::string("an Arrow array ") + what); }

Status OutOfRange(const Type& type) {
  return Status(ErrorCode::kOutOfRange, "an Arrow value is out of the range of " + type.ToString());
}

struct Reader {
  ImportNode& node;
  ImportRange range;
  bool is_top;
  StringHeap& heap;
  Column& out;

  const ArrowArray& array() const { return *node.array; }
  int64_t position() const { return node.array->offset + range.start; }
  uint32_t rows() const { return static_cast<uint32_t>(range.count); }
  size_t capacity() const { return static_cast<size_t>(std::max(range.count, range.readable)); }
  template <class T>
  const T* Buffer(int64_t i) const {
    return static_cast<const T*>(array().buffers[i]);
  }

  Status Read();
  void ReadValidity();
  Status ReadValues();
  Status ReadFixed();
  Status CheckFixed();
  Status ReadScaled();
  Status ReadDecimals();
  Status ReadIntervals();
  Status ReadBools();
  Status ReadUuids();
  template <class Offset>
  Status ReadText();
  Status ReadViews();
  Status ReadFixedText();
  template <class Offset>
  Status ReadLists();
  template <class Offset>
  Status ReadListViews();
  Status ReadFixedLists();
  Status ReadChildren(const ImportRange& child_range);
  Status ReadDictionary();
  Status ReadCodes();
  bool CanShare(const void* values, size_t width) const;
  Status StoreText(const char* bytes, int64_t length, int64_t readable, StringRef& to);
};

// The bits [first, first + count) of a bitmap from bit 0 on; reads no byte behind the last bit.
void CopyBits(const uint8_t* bits, int64_t first, int64_t count, uint64_t* out) {
  const int64_t end_byte = (first + count + 7) / 8;
  const auto shift = static_cast<unsigned>(first % 8);
  for (int64_t word = 0; word * 64 < count; ++word) {
    const int64_t byte = first / 8 + word * 8;
    uint64_t value = 0;
    std::memcpy(&value, bits + byte, static_cast<size_t>(std::min<int64_t>(8, end_byte - byte)));
    value >>= shift;
    if (shift != 0 && byte + 8 < end_byte) value |= static_cast<uint64_t>(bits[byte + 8]) << (64 - shift);
    out[word] = value;
  }
}

void Reader::ReadValidity() {
  out = Column{};
  const uint64_t all = node.format.kind == ArrowKind::kNull ? 0 : ~uint64_t{0};
  node.validity.assign(std::max<size_t>((capacity() + 63) / 64, 1), all);
  out.validity = node.validity.data();
  out.has_nulls = node.format.kind == ArrowKind::kNull;
  if (out.has_nulls || array().n_buffers == 0 || array().buffers[0] == nullptr || array().null_count == 0) return;
  CopyBits(Buffer<uint8_t>(0), position(), range.count, node.validity.data());
  const int64_t tail = range.count % 64;
  if (tail != 0) node.validity[static_cast<size_t>(range.count / 64)] |= ~uint64_t{0} << tail;
  for (int64_t word = 0; word * 64 < range.count; ++word) {
    out.has_nulls = out.has_nulls || node.validity[static_cast<size_t>(word)] != ~uint64_t{0};
  }
}

Status Reader::Read() {
  if (range.count > INT32_MAX) {
    return Error(ErrorCode::kLimitReached, "more than 2^31 list items in one slice of an Arrow array");
  }
  ReadValidity();
  if (node.dictionary != nullptr) return ReadCodes();
  return ReadValues();
}

Status Reader::ReadValues() {
  switch (node.format.kind) {
    case ArrowKind::kNull: return Status::Ok();
    case ArrowKind::kBool: return ReadBools();
    case ArrowKind::kFixed: return ReadFixed();
    case ArrowKind::kDecimalNarrow: return ReadDecimals();
    case ArrowKind::kScaled: return ReadScaled();
    case ArrowKind::kText: return ReadText<int32_t>();
    case ArrowKind::kLargeText: return ReadText<int64_t>();
    case ArrowKind::kTextView: return ReadViews();
    case ArrowKind::kFixedText: return ReadFixedText();
    case ArrowKind::kUuid: return ReadUuids();
    case ArrowKind::kDuration:
    case ArrowKind::kMonths:
    case ArrowKind::kDayTime:
    case ArrowKind::kMonthDayNano: return ReadIntervals();
    case ArrowKind::kList:
    case ArrowKind::kMap: return ReadLists<int32_t>();
    case ArrowKind::kLargeList: return ReadLists<int64_t>();
    case ArrowKind::kListView: return ReadListViews<int32_t>();
    case ArrowKind::kLargeListView: return ReadListViews<int64_t>();
    case ArrowKind::kFixedList: return ReadFixedLists();
    case ArrowKind::kStruct:
      return ReadChildren({.start = position(), .count = range.count, .readable = range.readable});
  }
  return Status::Ok();
}

// Shared memory must be aligned, readable as far as promised, and harmless under nulls.
bool Reader::CanShare(const void* values, size_t width) const {
  if (reinterpret_cast<uintptr_t>(values) % std::min<size_t>(width, 16) != 0) return false;
  if (range.start + range.readable > array().length) return false;
  if (!out.has_nulls) return true;
  const char* bytes = static_cast<const char*>(values);
  constexpr char kZero[16] = {};
  for (uint32_t i = 0; i < rows(); ++i) {
    if (!TestBit(out.validity, i) && std::memcmp(bytes + i * width, kZero, width) != 0) return false;
  }
  return true;
}

Status Reader::ReadFixed() {
  const auto width = static_cast<size_t>(node.format.width);
  const char* source = Buffer<char>(1) + position() * node.format.width;
  if (range.count > 0 && CanShare(source, width)) {
    out.values = const_cast<char*>(source);
    return CheckFixed();
  }
  char* copy = node.Scratch(capacity() * width);
  if (range.count > 0) std::memcpy(copy, source, width * rows());
  for (uint32_t i = 0; out.has_nulls && i < rows(); ++i) {
    if (!TestBit(out.validity, i)) std::memset(copy + i * width, 0, width);
  }
  out.values = copy;
  return CheckFixed();
}

// Types whose values are fewer than their bits can say.
Status Reader::CheckFixed() {
  if (node.format.type.id() == TypeId::kTime) {
    const int64_t* values = out.As<int64_t>();
    for (uint32_t i = 0; i < rows(); ++i) {
      if (values[i] < 0 || values[i] >= kDay) return OutOfRange(node.format.type);
    }
  } else if (node.format.type.id() == TypeId::kDecimal) {
    const Int128* values = out.As<Int128>();
    for (uint32_t i = 0; i < rows(); ++i) {
      if (!FitsPrecision(values[i], node.format.type.precision())) return OutOfRange(node.format.type);
    }
  }
  return Status::Ok();
}

template <class T>
int64_t LoadInteger(const char* bytes) {
  T value = 0;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

int64_t LoadSigned(const char* bytes, int32_t width) {
  return width == 4 ? LoadInteger<int32_t>(bytes) : LoadInteger<int64_t>(bytes);
}

Status Reader::ReadScaled() {
  const bool is_date = node.format.type.id() == TypeId::kDate;
  const size_t width = is_date ? 4 : 8;
  char* values = node.Scratch(capacity() * width);
  out.values = values;
  const char* source = Buffer<char>(1) + position() * node.format.width;
  for (uint32_t i = 0; i < rows(); ++i) {
    if (out.IsNull(i)) continue;
    int64_t value = 0;
    const int64_t stored = LoadSigned(source + int64_t{i} * node.format.width, node.format.width);
    if (__builtin_mul_overflow(stored, node.format.multiply, &value)) return OutOfRange(node.format.type);
    value = FloorDiv(value, node.format.divide);
    if (node.format.type.id() == TypeId::kTime && (value < 0 || value >= kDay)) return OutOfRange(node.format.type);
    if (is_date) {
      if (value != static_cast<int32_t>(value)) return OutOfRange(node.format.type);
      out.As<int32_t>()[i] = static_cast<int32_t>(value);
    } else {
      out.As<int64_t>()[i] = value;
    }
  }
  return Status::Ok();
}

Status Reader::ReadDecimals() {
  out.values = node.Scratch(capacity() * sizeof(Int128));
  const char* source = Buffer<char>(1) + position() * node.format.width;
  for (uint32_t i = 0; i < rows(); ++i) {
    if (!out.IsNull(i)) out.As<Int128>()[i] = LoadSigned(source + int64_t{i} * node.format.width, node.format.width);
  }
  return CheckFixed();
}

Status Reader::ReadIntervals() {
  out.values = node.Scratch(capacity() * sizeof(Interval));
  const char* source = Buffer<char>(1) + position() * node.format.width;
  for (uint32_t i = 0; i < rows(); ++i) {
    if (out.IsNull(i)) continue;
    const char* stored = source + int64_t{i} * node.format.width;
    Interval& value = out.As<Interval>()[i];
    switch (node.format.kind) {
      case ArrowKind::kMonths: value.months = static_cast<int32_t>(LoadInteger<int32_t>(stored)); break;
      case ArrowKind::kDayTime:
        value.days = static_cast<int32_t>(LoadInteger<int32_t>(stored));
        value.micros = LoadInteger<int32_t>(stored + 4) * 1000;
        break;
      case ArrowKind::kMonthDayNano:
        value.months = static_cast<int32_t>(LoadInteger<int32_t>(stored));
        value.days = static_cast<int32_t>(LoadInteger<int32_t>(stored + 4));
        value.micros = FloorDiv(LoadInteger<int64_t>(stored + 8), 1000);
        break;
      default:
        if (__builtin_mul_overflow(LoadInteger<int64_t>(stored), node.format.multiply, &value.micros)) {
          return OutOfRange(node.format.type);
        }
        value.micros = FloorDiv(value.micros, node.format.divide);
    }
  }
  return Status::Ok();
}

Status Reader::ReadBools() {
  auto* values = reinterpret_cast<uint8_t*>(node.Scratch(capacity()));
  const uint8_t* bits = Buffer<uint8_t>(1);
  const int64_t first = position();
  for (uint32_t i = 0; i < rows(); ++i) {
    const int64_t bit = first + i;
    values[i] = (bits[bit / 8] >> (bit % 8) & 1) != 0 && !out.IsNull(i) ? 1 : 0;
  }
  out.values = values;
  return Status::Ok();
}

Status Reader::ReadUuids() {
  out.values = node.Scratch(capacity() * sizeof(UInt128));
  const uint8_t* source = Buffer<uint8_t>(1) + position() * 16;
  for (uint32_t i = 0; i < rows(); ++i) {
    if (out.IsNull(i)) continue;
    UInt128 value = 0;
    for (int b = 0; b < 16; ++b) value = value << 8 | source[int64_t{i} * 16 + b];
    out.As<UInt128>()[i] = value;
  }
  return Status::Ok();
}

// `readable`: bytes from the start of the text to the end of its buffer.
Status Reader::StoreText(const char* bytes, int64_t length, int64_t readable, StringRef& to) {
  const auto size = static_cast<uint32_t>(length);
  const TypeId id = node.format.type.id();
  if (id != TypeId::kBinary && !IsUtf8({bytes, size})) {
    return Error(ErrorCode::kBadValue, "an Arrow string is not valid UTF-8");
  }
  const bool may_stay = size <= StringRef::kInlineMax || readable - length >= kTailBytes;
  to = may_stay ? StringRef(bytes, size) : heap.Add({bytes, size});
  return Status::Ok();
}

template <class Offset>
Status Reader::ReadText() {
  auto* values = reinterpret_cast<StringRef*>(node.Scratch(capacity() * sizeof(StringRef)));
  out.values = values;
  if (range.count == 0) return Status::Ok();
  const Offset* offsets = Buffer<Offset>(1) + position();
  const char* bytes = Buffer<char>(2);
  const auto total = static_cast<int64_t>(Buffer<Offset>(1)[array().offset + array().length]);
  for (uint32_t i = 0; i < rows(); ++i) {
    if (out.IsNull(i)) continue;
    const int64_t start = offsets[i];
    const int64_t end = offsets[i + 1];
    if (start < 0 || end < start || end > total || end - start > INT32_MAX) return Bad("has bad string offsets");
    if (end == start) continue;
    if (bytes == nullptr) return Bad("lacks the bytes of its strings");
    TRY(StoreText(bytes + start, end - start, total - start, values[i]));
  }
  return Status::Ok();
}

Status Reader::ReadViews() {
  auto* values = reinterpret_cast<StringRef*>(node.Scratch(capacity() * sizeof(StringRef)));
  out.values = values;
  const char* views = Buffer<char>(1) + position() * 16;
  const int64_t buffers = array().n_buffers - 3;
  const int64_t* sizes = Buffer<int64_t>(array().n_buffers - 1);
  for (uint32_t i = 0; i < rows(); ++i) {
    if (out.IsNull(i)) continue;
    const char* view = views + int64_t{i} * 16;
    const int64_t length = LoadInteger<int32_t>(view);
    if (length < 0) return Bad("has a string of negative length");
    if (length <= StringRef::kInlineMax) {
      TRY(StoreText(view + 4, length, length, values[i]));
      continue;
    }
    const int64_t buffer = LoadInteger<int32_t>(view + 8);
    const int64_t offset = LoadInteger<int32_t>(view + 12);
    if (buffer < 0 || buffer >= buffers || offset < 0 || offset + length > sizes[buffer]) {
      return Bad("has a string view that points outside its buffers");
    }
    TRY(StoreText(Buffer<char>(2 + buffer) + offset, length, sizes[buffer] - offset, values[i]));
  }
  return Status::Ok();
}

Status Reader::ReadFixedText() {
  auto* values = reinterpret_cast<StringRef*>(node.Scratch(capacity() * sizeof(StringRef)));
  out.values = values;
  const int64_t width = node.format.width;
  const int64_t total = (array().offset + array().length) * width;
  for (uint32_t i = 0; i < rows(); ++i) {
    const int64_t start = (position() + i) * width;
    if (!out.IsNull(i)) TRY(StoreText(Buffer<char>(1) + start, width, total - start, values[i]));
  }
  return Status::Ok();
}

// Children of a list: of a map they are those of its entries struct.
Status Reader::ReadChildren(const ImportRange& child_range) {
  ImportNode* parent = &node;
  ImportRange inner = child_range;
  if (node.format.kind == ArrowKind::kMap) {
    parent = node.children[0].get();
    inner.start += parent->array->offset;
  }
  node.columns.resize(parent->children.size());
  const bool child_is_top = false;
  for (size_t c = 0; c < parent->children.size(); ++c) {
    TRY(ReadImportNode(*parent->children[c], inner, child_is_top, heap, node.columns[c]));
  }
  if (node.format.kind == ArrowKind::kMap && node.columns[0].has_nulls) return Bad("of a map has a NULL key");
  out.children = node.columns.data();
  out.child_count = static_cast<uint32_t>(node.columns.size());
  return Status::Ok();
}

ImportRange ListItems(int64_t start, int64_t count) {
  // Nothing reads list items in blocks of a batch's capacity, so no more than they need be readable.
  return {.start = start, .count = count, .readable = count};
}

template <class Offset>
Status Reader::ReadLists() {
  auto* entries = reinterpret_cast<ListEntry*>(node.Scratch(capacity() * sizeof(ListEntry)));
  out.values = entries;
  if (range.count == 0) return ReadChildren(ListItems(0, 0));
  const Offset* offsets = Buffer<Offset>(1) + position();
  const auto first = static_cast<int64_t>(offsets[0]);
  const auto last = static_cast<int64_t>(offsets[rows()]);
  if (first < 0 || last < first || last > node.children[0]->array->length || last - first > INT32_MAX) {
    return Bad("has bad list offsets");
  }
  for (uint32_t i = 0; i < rows(); ++i) {
    const int64_t start = offsets[i];
    const int64_t end = offsets[i + 1];
    if (start < first || end < start || end > last) return Bad("has bad list offsets");
    if (out.IsNull(i)) continue;
    entries[i] = {.offset = static_cast<uint32_t>(start - first), .length = static_cast<uint32_t>(end - start)};
  }
  return ReadChildren(ListItems(first, last - first));
}

template <class Offset>
Status Reader::ReadListViews() {
  auto* entries = reinterpret_cast<ListEntry*>(node.Scratch(capacity() * sizeof(ListEntry)));
  out.values = entries;
  const int64_t child_length = node.children[0]->array->length;
  int64_t first = child_length;
  int64_t last = 0;
  const Offset* offsets = Buffer<Offset>(1) + position();
  const Offset* sizes = Buffer<Offset>(2) + position();
  const auto is_list = [&](uint32_t i) { return !out.IsNull(i) && sizes[i] != 0; };
  for (uint32_t i = 0; i < rows(); ++i) {
    if (!is_list(i)) continue;
    const int64_t start = offsets[i];
    const int64_t size = sizes[i];
    if (start < 0 || size < 0 || start > child_length || size > child_length - start) {
      return Bad("has bad list offsets");
    }
    first = std::min(first, start);
    last = std::max(last, start + size);
  }
  if (last <= first) return ReadChildren(ListItems(0, 0));
  if (last - first > INT32_MAX) return Bad("has list items too far apart");
  for (uint32_t i = 0; i < rows(); ++i) {
    if (!is_list(i)) continue;
    entries[i] = {.offset = static_cast<uint32_t>(offsets[i] - first), .length = static_cast<uint32_t>(sizes[i])};
  }
  return ReadChildren(ListItems(first, last - first));
}

Status Reader::ReadFixedLists() {
  auto* entries = reinterpret_cast<ListEntry*>(node.Scratch(capacity() * sizeof(ListEntry)));
  out.values = entries;
  const int64_t width = node.format.width;
  if (range.count * width > INT32_MAX) return Bad("has too many list items");
  for (uint32_t i = 0; i < rows(); ++i) {
    if (out.IsNull(i)) continue;
    entries[i] = {.offset = static_cast<uint32_t>(i * width), .length = static_cast<uint32_t>(width)};
  }
  return ReadChildren(ListItems(position() * width, range.count * width));
}

// The dictionary's values, once; nulls among them become nulls of the rows.
Status Reader::ReadDictionary() {
  if (node.dictionary_is_read) return Status::Ok();
  const int64_t size = node.dictionary->array->length;
  const ImportRange whole{.start = 0, .count = size, .readable = std::max<int64_t>(size, 1)};
  TRY(ReadImportNode(*node.dictionary, whole, false, node.dictionary_heap, node.dictionary_column));
  if (node.dictionary_column.has_nulls) {
    node.dictionary_validity = node.dictionary->validity;
    node.dictionary_column.has_nulls = false;
  }
  node.dictionary_is_read = true;
  return Status::Ok();
}

uint64_t LoadCode(const char* bytes, int32_t width, bool is_signed) {
  // A negative code becomes a huge one.
  switch (width) {
    case 1: return static_cast<uint64_t>(is_signed ? LoadInteger<int8_t>(bytes) : LoadInteger<uint8_t>(bytes));
    case 2: return static_cast<uint64_t>(is_signed ? LoadInteger<int16_t>(bytes) : LoadInteger<uint16_t>(bytes));
    case 4: return static_cast<uint64_t>(is_signed ? LoadInteger<int32_t>(bytes) : LoadInteger<uint32_t>(bytes));
    default: return static_cast<uint64_t>(LoadInteger<int64_t>(bytes));
  }
}

Status Reader::ReadCodes() {
  TRY(ReadDictionary());
  const auto size = static_cast<uint64_t>(node.dictionary->array->length);
  const char* source = Buffer<char>(1) + position() * node.code_width;
  const bool is_shared = node.code_width == 4 && range.count > 0 && CanShare(source, 4);
  uint32_t* copied = is_shared ? nullptr : node.Codes(capacity());
  out.codes = is_shared ? reinterpret_cast<const uint32_t*>(source) : copied;
  bool has_nulls = out.has_nulls;
  for (uint32_t i = 0; i < rows(); ++i) {
    if (out.IsNull(i)) continue;
    const uint64_t code = LoadCode(source + int64_t{i} * node.code_width, node.code_width, node.code_is_signed);
    if (code >= size) return Bad("has a code outside its dictionary");
    if (copied != nullptr) copied[i] = static_cast<uint32_t>(code);
    if (node.dictionary_validity.empty() || TestBit(node.dictionary_validity.data(), static_cast<uint32_t>(code))) {
      continue;
    }
    ClearBit(node.validity.data(), i);
    has_nulls = true;
  }
  out.has_nulls = has_nulls;
  out.encoding = Encoding::kDictionary;
  out.dictionary = &node.dictionary_column;
  out.dictionary_id = node.dictionary_id;
  out.dictionary_size = static_cast<uint32_t>(size);
  out.child_count = node.dictionary_column.child_count;
  if (is_top) return Status::Ok();
  // Only top-level columns may be encoded; below, the values are spread out.
  if (node.format.type.physical() == PhysicalType::kStruct) {
    return Error(ErrorCode::kNotSupported, "dictionary-encoded structs inside nested Arrow columns cannot be imported");
  }
  Column flat;
  flat.validity = node.validity.data();
  flat.values = node.Scratch(capacity() * ValueWidth(node.format.type.physical()));
  Flatten(out, node.format.type, rows(), flat);
  out = flat;
  return Status::Ok();
}

}  // namespace

Status ReadImportNode(ImportNode& node, const ImportRange& range, bool is_top, StringHeap& heap, Column& out) {
  return Reader{node, range, is_top, heap, out}.Read();
}

}  // namespace laminar::data::internal
