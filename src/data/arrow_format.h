// What an Arrow format string says, in our terms. Only for the bridge's own files.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "data/arrow_c.h"
#include "data/type.h"

namespace laminar::data::internal {

// How the buffers of an imported array are laid out.
enum class ArrowKind : uint8_t {
  kNull,
  kBool,
  kFixed,          // the layout of our own column
  kDecimalNarrow,  // 32 or 64 bits
  kScaled,         // integers of another unit: value * multiply / divide, rounded down
  kText,           // 32-bit offsets
  kLargeText,
  kTextView,
  kFixedText,  // width bytes a value
  kUuid,
  kDuration,  // as kScaled, to an INTERVAL
  kMonths,
  kDayTime,
  kMonthDayNano,
  kList,
  kLargeList,
  kListView,
  kLargeListView,
  kFixedList,  // width items a value
  kStruct,
  kMap,
};

struct ArrowFormat {
  ArrowKind kind = ArrowKind::kNull;
  Type type;
  int32_t width = 0;  // bytes of a stored value, or items of a fixed list
  int64_t multiply = 1;
  int64_t divide = 1;
};

inline constexpr int kMaxArrowDepth = 64;

// The format of a node without its dictionary: for a dictionary-encoded one, of the indices.
Result<ArrowFormat> ReadArrowFormat(const ArrowSchema& schema, int depth);
// Checks the pointers of a node that are about to be followed.
Status CheckSchemaNode(const ArrowSchema& schema, int depth);

// A value of the node's metadata, empty if it is not there.
std::string MetadataValue(const char* metadata, std::string_view key);

}  // namespace laminar::data::internal
