#include "functions/scalar/json_text.h"

#include <algorithm>

#include "base/text.h"
#include "functions/scalar/utf8.h"

namespace laminar::functions {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && IsBlank(text[at])) ++at;
  return at;
}

// `at` is the opening quote; the result stands behind the closing one.
size_t SkipString(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

// Behind the value that starts at `at`. Brackets are counted, so depth costs nothing.
size_t SkipValue(std::string_view text, size_t at) {
  size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"': at = SkipString(text, at); break;
      case '{':
      case '[':
        ++depth;
        ++at;
        continue;
      case '}':
      case ']':
        if (depth == 0) return at;
        --depth;
        ++at;
        break;
      case ',':
        if (depth == 0) return at;
        ++at;
        continue;
      default:
        if (IsBlank(text[at]) && depth == 0) return at;
        ++at;
        continue;
    }
    if (depth == 0) return at;
  }
  return at;
}

std::string_view Outer(std::string_view text) {
  const size_t first = SkipBlanks(text, 0);
  size_t end = text.size();
  while (end > first && IsBlank(text[end - 1])) --end;
  return text.substr(first, end - first);
}

bool ReadHex4(std::string_view text, size_t at, uint32_t& code) {
  if (at + 4 > text.size()) return false;
  code = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char c = ToLowerAscii(text[i]);
    if (!IsDigitAscii(c) && (c < 'a' || c > 'f')) return false;
    code = code << 4 | static_cast<uint32_t>(IsDigitAscii(c) ? c - '0' : c - 'a' + 10);
  }
  return true;
}

// \uXXXX at `at` (the 'u'), a pair of surrogates included; moves behind it.
void AppendUnicode(std::string_view text, size_t& at, std::string& out) {
  uint32_t code = 0;
  if (!ReadHex4(text, at + 1, code)) {
    ++at;
    return;
  }
  at += 5;
  uint32_t low = 0;
  const bool is_pair = code >= 0xD800 && code < 0xDC00 && text.substr(at, 2) == "\\u" && ReadHex4(text, at + 2, low) &&
                       low >= 0xDC00 && low < 0xE000;
  if (is_pair) {
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    at += 6;
  } else if (code >= 0xD800 && code < 0xE000) {
    code = 0xFFFD;  // half a pair
  }
  char bytes[4];
  out.append(bytes, EncodeCharacter(code, bytes));
}

bool KeyEquals(std::string_view raw, std::string_view wanted) {
  if (raw.find('\\') == std::string_view::npos) return raw == wanted;
  static thread_local std::string decoded;
  static thread_local std::string quoted;
  decoded.clear();
  quoted.assign(1, '"').append(raw).append(1, '"');
  AppendJsonString(quoted, decoded);
  return decoded == wanted;
}

bool ReadIndex(std::string_view digits, int64_t& index) {
  if (digits.empty() || digits.size() > 18) return false;
  for (const char c : digits) {
    if (!IsDigitAscii(c)) return false;
  }
  index = *ParseInt64(digits);
  return true;
}

::laminar::internal::Failure BadPath(std::string_view text, std::string_view what) {
  return Error(Status(ErrorCode::kBadValue, "JSON path " + Quoted(text) + ": " + std::string(what))
                   .WithHint("for example '$.trade.legs[0]', '/trade/legs/0' or 'trade'"));
}

Result<JsonPath> CompilePointer(std::string_view text) {
  JsonPath path;
  if (text == "/") return path;
  for (const std::string_view part : Split(text.substr(1), '/')) {
    JsonStep step;
    step.key = ReplaceAll(ReplaceAll(part, "~1", "/"), "~0", "~");
    step.is_index = ReadIndex(part, step.index);
    path.push_back(std::move(step));
  }
  return path;
}

// '[0]', '[#-1]', '["key"]'; `at` stands behind the bracket.
Result<JsonStep> CompileBracket(std::string_view text, size_t& at) {
  JsonStep step;
  const size_t end = text[at] == '"' ? text.find("\"]", at + 1) : text.find(']', at);
  if (end == std::string_view::npos) return BadPath(text, "a bracket is not closed");
  if (text[at] == '"') {
    step.key = text.substr(at + 1, end - at - 1);
    at = end + 2;
    return step;
  }
  std::string_view inside = text.substr(at, end - at);
  if (inside == "*") {
    return Error(
        Status(ErrorCode::kNotSupported, "JSON path " + Quoted(text) + ": wildcards").WithHint("name one element"));
  }
  const bool from_end = inside.starts_with("#-") || inside.starts_with("-");
  if (from_end) inside.remove_prefix(inside[0] == '#' ? 2 : 1);
  step.is_key = false;
  step.is_index = true;
  if (!ReadIndex(inside, step.index)) return BadPath(text, "a bracket holds no number");
  if (from_end) step.index = -step.index;
  at = end + 1;
  return step;
}

Result<JsonPath> CompileDollar(std::string_view text) {
  JsonPath path;
  for (size_t at = 1; at < text.size();) {
    if (text[at] == '[' && at + 1 < text.size()) {
      ++at;
      path.push_back(TRY(CompileBracket(text, at)));
      continue;
    }
    if (text[at] != '.' || at + 1 >= text.size()) return BadPath(text, "expected '.key' or '[number]'");
    ++at;
    JsonStep step;
    size_t end = 0;
    if (text[at] == '"') {
      end = text.find('"', at + 1);
      if (end == std::string_view::npos) return BadPath(text, "a quote is not closed");
      step.key = text.substr(at + 1, end - at - 1);
      ++end;
    } else {
      end = text.find_first_of(".[", at);
      if (end == std::string_view::npos) end = text.size();
      step.key = text.substr(at, end - at);
      if (step.key == "*") {
        return Error(
            Status(ErrorCode::kNotSupported, "JSON path " + Quoted(text) + ": wildcards").WithHint("name one key"));
      }
      if (step.key.empty()) return BadPath(text, "a key is empty");
    }
    path.push_back(std::move(step));
    at = end;
  }
  return path;
}

}  // namespace

Result<JsonPath> CompileJsonPath(std::string_view text) {
  if (text.starts_with('$')) return CompileDollar(text);
  if (text.starts_with('/')) return CompilePointer(text);
  JsonPath path(1);
  path[0].key = text;
  return path;
}

JsonKind KindOfJson(std::string_view value) {
  const size_t at = SkipBlanks(value, 0);
  switch (at < value.size() ? value[at] : 'n') {
    case '{': return JsonKind::kObject;
    case '[': return JsonKind::kArray;
    case '"': return JsonKind::kString;
    case 't':
    case 'f': return JsonKind::kBoolean;
    case 'n': return JsonKind::kNull;
    default: return JsonKind::kNumber;
  }
}

JsonItems::JsonItems(std::string_view container) : text_(Outer(container)) {
  if (text_.empty() || (text_[0] != '{' && text_[0] != '[')) text_ = {};
  is_object_ = !text_.empty() && text_[0] == '{';
}

bool JsonItems::Next(std::string_view& key, std::string_view& value) {
  at_ = SkipBlanks(text_, at_);
  if (at_ < text_.size() && text_[at_] == ',') at_ = SkipBlanks(text_, at_ + 1);
  if (at_ >= text_.size() || text_[at_] == '}' || text_[at_] == ']') return false;
  key = {};
  if (is_object_) {
    const size_t end = SkipString(text_, at_);
    if (text_[at_] != '"' || end < at_ + 2) return false;
    key = text_.substr(at_ + 1, end - at_ - 2);
    at_ = SkipBlanks(text_, end);
    if (at_ >= text_.size() || text_[at_] != ':') return false;
    at_ = SkipBlanks(text_, at_ + 1);
  }
  const size_t end = SkipValue(text_, at_);
  if (end == at_) return false;
  value = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

std::optional<std::string_view> JsonMember(std::string_view object, std::string_view key) {
  if (KindOfJson(object) != JsonKind::kObject) return std::nullopt;
  JsonItems items(object);
  std::string_view name;
  std::string_view value;
  while (items.Next(name, value)) {
    if (KeyEquals(name, key)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> JsonElement(std::string_view array, int64_t index) {
  if (KindOfJson(array) != JsonKind::kArray) return std::nullopt;
  std::string_view name;
  std::string_view value;
  if (index < 0) {
    JsonItems count(array);
    while (count.Next(name, value)) ++index;
    if (index < 0) return std::nullopt;
  }
  JsonItems items(array);
  while (items.Next(name, value)) {
    if (index-- == 0) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> FindJson(std::string_view document, const JsonPath& path) {
  std::optional<std::string_view> value = Outer(document);
  for (const JsonStep& step : path) {
    const bool is_array = KindOfJson(*value) == JsonKind::kArray;
    if (is_array ? !step.is_index : !step.is_key) return std::nullopt;
    value = is_array ? JsonElement(*value, step.index) : JsonMember(*value, step.key);
    if (!value.has_value()) return std::nullopt;
  }
  return value;
}

void AppendJsonString(std::string_view quoted, std::string& out) {
  if (quoted.size() < 2) return;
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      const size_t next = std::min(text.find('\\', at + 1), text.size());
      out.append(text.substr(at, next - at));
      at = next;
      continue;
    }
    ++at;
    switch (text[at]) {
      case 'b':
        out += '\b';
        ++at;
        break;
      case 'f':
        out += '\f';
        ++at;
        break;
      case 'n':
        out += '\n';
        ++at;
        break;
      case 'r':
        out += '\r';
        ++at;
        break;
      case 't':
        out += '\t';
        ++at;
        break;
      case 'u': AppendUnicode(text, at, out); break;
      default: out += text[at++];
    }
  }
}

}  // namespace laminar::functions
