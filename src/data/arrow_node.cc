// The checked tree over an imported array.
#include "data/arrow_node.h"

#include <atomic>
#include <cstring>

namespace laminar::data::internal {
namespace {

std::atomic<uint64_t> next_dictionary_id{uint64_t{1} << 32};

Status Bad(const char* what) { return Status(ErrorCode::kBadArgument, std::string("an Arrow array ") + what); }

int64_t BufferCount(ArrowKind kind) {
  switch (kind) {
    case ArrowKind::kNull: return 0;
    case ArrowKind::kStruct:
    case ArrowKind::kFixedList: return 1;
    case ArrowKind::kText:
    case ArrowKind::kLargeText:
    case ArrowKind::kListView:
    case ArrowKind::kLargeListView: return 3;
    case ArrowKind::kTextView: return -1;
    default: return 2;
  }
}

Status CheckLengths(const ArrowArray& array) {
  if (array.release == nullptr) return Bad("was released already");
  int64_t end = 0;
  if (array.length < 0 || array.offset < 0 || __builtin_add_overflow(array.length, array.offset, &end) ||
      end > INT64_MAX / 64) {
    return Bad("has a bad length or offset");
  }
  if (array.null_count < -1 || array.null_count > array.length) return Bad("has a bad null count");
  if (array.n_children < 0 || (array.n_children > 0 && array.children == nullptr)) {
    return Bad("has a bad number of children");
  }
  return Status::Ok();
}

Status CheckBuffers(const ArrowArray& array, ArrowKind kind) {
  const int64_t expected = BufferCount(kind);
  if (expected < 0 ? array.n_buffers < 3 : array.n_buffers != expected) return Bad("has a bad number of buffers");
  if (array.n_buffers == 0) return Status::Ok();
  if (array.buffers == nullptr) return Bad("has no buffers");
  const bool has_rows = array.length > 0;
  if (array.buffers[0] == nullptr && array.null_count > 0) return Bad("counts nulls but has no validity bitmap");
  if (!has_rows) return Status::Ok();
  if (expected != 1 && array.buffers[1] == nullptr) return Bad("lacks a buffer");
  const bool is_list_view = kind == ArrowKind::kListView || kind == ArrowKind::kLargeListView;
  if (is_list_view && array.buffers[2] == nullptr) return Bad("lacks a buffer");
  if (kind == ArrowKind::kTextView) {
    if (array.n_buffers > 3 && array.buffers[array.n_buffers - 1] == nullptr) return Bad("lacks its buffer sizes");
    const auto* sizes = static_cast<const int64_t*>(array.buffers[array.n_buffers - 1]);
    for (int64_t i = 0; i < array.n_buffers - 3; ++i) {
      if (sizes[i] < 0 || (sizes[i] > 0 && array.buffers[2 + i] == nullptr)) return Bad("has a bad buffer size");
    }
  }
  return Status::Ok();
}

// A struct's child has a row for each of its rows, a fixed list's child `width`.
Status CheckChildLength(const ArrowArray& array, const ArrowArray& child, int64_t each) {
  int64_t needed = 0;
  if (__builtin_mul_overflow(array.offset + array.length, each, &needed) || child.length < needed) {
    return Bad("has a child that is too short");
  }
  return Status::Ok();
}

Status BuildChildren(const ArrowSchema& schema, const ArrowArray& array, int depth, ImportNode& node) {
  if (array.n_children != schema.n_children) return Bad("has another number of children than its schema");
  for (int64_t i = 0; i < array.n_children; ++i) {
    if (array.children[i] == nullptr) return Bad("lacks a child");
    node.children.push_back(TRY(BuildImportNode(*schema.children[i], *array.children[i], depth + 1)));
  }
  if (node.format.kind == ArrowKind::kStruct || node.format.kind == ArrowKind::kFixedList) {
    const int64_t each = node.format.kind == ArrowKind::kStruct ? 1 : node.format.width;
    for (int64_t i = 0; i < array.n_children; ++i) TRY(CheckChildLength(array, *array.children[i], each));
  }
  return Status::Ok();
}

Status BuildDictionary(const ArrowSchema& schema, const ArrowArray& array, int depth, ImportNode& node) {
  if (array.dictionary == nullptr) return Bad("lacks its dictionary");
  if (schema.dictionary->dictionary != nullptr) {
    return Error(ErrorCode::kNotSupported, "an Arrow dictionary of dictionary-encoded values cannot be imported");
  }
  if (node.format.kind != ArrowKind::kFixed || !node.format.type.is_integer()) {
    return Bad("has dictionary codes that are no integers");
  }
  node.code_width = node.format.width;
  node.code_is_signed = node.format.type.is_signed_integer();
  node.dictionary = TRY(BuildImportNode(*schema.dictionary, *array.dictionary, depth + 1));
  node.format = node.dictionary->format;
  node.dictionary_id = next_dictionary_id.fetch_add(1, std::memory_order_relaxed);
  if (array.dictionary->length > INT32_MAX) {
    return Error(ErrorCode::kLimitReached, "an Arrow dictionary above 2^31 values cannot be imported");
  }
  return Status::Ok();
}

}  // namespace

char* ImportNode::Scratch(size_t bytes) {
  const size_t needed = bytes + 64;
  if (memory_size < needed) {
    memory = std::make_unique_for_overwrite<char[]>(needed + 64);
    memory_size = needed;
  }
  const auto address = reinterpret_cast<uintptr_t>(memory.get());
  char* start = memory.get() + (64 - address % 64) % 64;
  std::memset(start, 0, bytes);
  return start;
}

uint32_t* ImportNode::Codes(size_t count) {
  if (codes_size < count) {
    codes = std::make_unique_for_overwrite<uint32_t[]>(count);
    codes_size = count;
  }
  std::memset(codes.get(), 0, count * sizeof(uint32_t));
  return codes.get();
}

Result<std::unique_ptr<ImportNode>> BuildImportNode(const ArrowSchema& schema, const ArrowArray& array, int depth) {
  auto node = std::make_unique<ImportNode>();
  node->array = &array;
  node->format = TRY(ReadArrowFormat(schema, depth));
  TRY(CheckLengths(array));
  TRY(CheckBuffers(array, node->format.kind));
  if (schema.dictionary != nullptr) {
    TRY(BuildDictionary(schema, array, depth, *node));
    return node;
  }
  TRY(BuildChildren(schema, array, depth, *node));
  if (node->format.kind == ArrowKind::kMap) {
    // The entries struct between a map and its columns only shifts positions.
    if (node->children.size() != 1 || node->children[0]->format.kind != ArrowKind::kStruct ||
        node->children[0]->children.size() != 2) {
      return Error(Bad("of a map has no keys and values"));
    }
  }
  return node;
}

}  // namespace laminar::data::internal
