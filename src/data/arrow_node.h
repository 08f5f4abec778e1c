// One node of an imported Arrow array: what its buffers are, and the memory for what has to be rewritten. Only for
// the bridge.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "data/arrow_c.h"
#include "data/arrow_format.h"
#include "data/batch.h"

namespace laminar::data::internal {

struct ImportNode {
  ArrowFormat format;  // of the values, also where they are dictionary encoded
  const ArrowArray* array = nullptr;
  std::vector<std::unique_ptr<ImportNode>> children;  // of a map: key and value

  // Dictionary encoding: the array holds codes of this width into the values of `dictionary`.
  std::unique_ptr<ImportNode> dictionary;
  int32_t code_width = 0;
  bool code_is_signed = false;
  bool dictionary_is_read = false;
  uint64_t dictionary_id = 0;
  Column dictionary_column;
  std::vector<uint64_t> dictionary_validity;  // empty: no null among the values
  StringHeap dictionary_heap;

  // Scratch of the present slice.
  std::vector<uint64_t> validity;
  std::unique_ptr<char[]> memory;
  size_t memory_size = 0;
  std::unique_ptr<uint32_t[]> codes;
  size_t codes_size = 0;
  std::vector<Column> columns;

  // `bytes` writable zero bytes, aligned to 64.
  char* Scratch(size_t bytes);
  uint32_t* Codes(size_t count);
};

// Checks lengths, buffers and children of the whole tree.
Result<std::unique_ptr<ImportNode>> BuildImportNode(const ArrowSchema& schema, const ArrowArray& array, int depth);

// Rows [start, start + count) of a node (not counting its own offset) as a column; `readable` rows can be read after.
// Long strings that cannot stay where they are go to `heap`.
struct ImportRange {
  int64_t start = 0;
  int64_t count = 0;
  int64_t readable = 0;
};
Status ReadImportNode(ImportNode& node, const ImportRange& range, bool is_top, StringHeap& heap, Column& out);

}  // namespace laminar::data::internal
