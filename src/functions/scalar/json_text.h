// Looking into JSON text without parsing it into a tree: values are found by skipping over what stands before them.
//
// The text is one valid JSON document (a column of type JSON, or checked by the cast to it); text that is not never
// makes these read outside it, but what they then find is unspecified. No function here recurses or allocates, but for
// path compilation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::functions {

enum class JsonKind : uint8_t { kObject, kArray, kString, kNumber, kBoolean, kNull };

// One step of a path: a key of an object or a place in an array. A key of digits may be a place too (pointers).
struct JsonStep {
  std::string key;
  int64_t index = 0;
  bool is_key = true;
  bool is_index = false;
};
using JsonPath = std::vector<JsonStep>;

// '$.a."b c"[0][#-1]', a pointer '/a/0', or else one key. kBadValue says what is wrong, kNotSupported names wildcards.
Result<JsonPath> CompileJsonPath(std::string_view text);

JsonKind KindOfJson(std::string_view value);
// The value behind the path, as its text; nothing when there is none.
std::optional<std::string_view> FindJson(std::string_view document, const JsonPath& path);
// One step.
std::optional<std::string_view> JsonMember(std::string_view object, std::string_view key);
std::optional<std::string_view> JsonElement(std::string_view array, int64_t index);  // from 0; negative from the end

// Walks the elements of an array or the members of an object.
class JsonItems {
 public:
  explicit JsonItems(std::string_view container);
  // False at the end. `key` is the raw text between the quotes, empty for arrays.
  bool Next(std::string_view& key, std::string_view& value);

 private:
  std::string_view text_;
  size_t at_ = 1;
  bool is_object_ = false;
};

// Appends the text that a JSON string (with its quotes) stands for.
void AppendJsonString(std::string_view quoted, std::string& out);

}  // namespace laminar::functions
