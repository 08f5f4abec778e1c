// Columns of JSON lines from the first lines: the keys in the order they first come. Numbers are BIGINT or DOUBLE,
// strings DATE, TIMESTAMP or VARCHAR, arrays and objects JSON; a key with values of several kinds is VARCHAR.
#include "base/text.h"
#include "formats/json.h"
#include "formats/json_scanner.h"
#include "formats/type_guess.h"

namespace laminar::formats {

namespace {

constexpr uint32_t kSampleLines = 10000;

struct KeyGuess {
  std::string key;
  bool has_string = false;
  bool has_number = false;
  bool has_bool = false;
  bool has_nested = false;
  TypeGuess guess;

  data::Type Best() const {
    if (has_string + has_number + has_bool + has_nested != 1) return data::TypeId::kVarchar;
    if (has_nested) return data::TypeId::kJson;
    if (has_bool) return data::TypeId::kBool;
    if (has_number) return guess.is_integer ? data::TypeId::kInt64 : data::TypeId::kDouble;
    const data::Type best = guess.Best();
    return best.is_temporal() ? best : data::Type(data::TypeId::kVarchar);
  }
};

bool LookAtLine(JsonScanner& scanner, std::vector<KeyGuess>& keys) {
  if (!scanner.Expect('{')) return false;
  if (scanner.Take('}')) return true;
  do {
    std::string_view text;
    if (!scanner.String(text)) return false;
    size_t i = 0;
    while (i < keys.size() && keys[i].key != text) ++i;
    if (i == keys.size()) keys.push_back({.key = std::string(text)});
    KeyGuess& key = keys[i];
    if (!scanner.Expect(':')) return false;
    const char c = scanner.Peek();
    if (c == '"') {
      if (!scanner.String(text)) return false;
      key.has_string = true;
      key.guess.Look(text);
      continue;
    }
    if (!scanner.Skip(1, &text)) return false;
    key.has_nested = key.has_nested || c == '{' || c == '[';
    key.has_bool = key.has_bool || c == 't' || c == 'f';
    if (c == '-' || IsDigitAscii(c)) {
      key.has_number = true;
      key.guess.Look(text);
    }
  } while (scanner.Take(','));
  return scanner.Expect('}');
}

}  // namespace

Result<data::Schema> InferJsonSchema(std::string_view sample, bool complete, std::string_view place,
                                     sdk::Options& options) {
  TRY(CheckJsonOptions(options, false));
  if (sample.starts_with("\xEF\xBB\xBF")) sample.remove_prefix(3);
  std::vector<KeyGuess> keys;
  JsonScanner scanner;
  uint32_t lines = 0;
  while (!sample.empty() && lines < kSampleLines) {
    const size_t newline = sample.find('\n');
    if (newline == std::string_view::npos && !complete) break;
    const std::string_view line = sample.substr(0, newline);
    sample.remove_prefix(newline == std::string_view::npos ? sample.size() : newline + 1);
    ++lines;
    if (Trim(line).empty() || !IsUtf8(line)) continue;
    std::vector<KeyGuess> with_line = keys;
    scanner.Start(line);
    if (LookAtLine(scanner, with_line)) keys = std::move(with_line);  // a bad line is the reader's to report
  }
  if (keys.empty()) {
    return Error(Status(ErrorCode::kSchemaNotInferable,
                        "reading " + std::string(place) + ": no JSON object to tell the columns from")
                     .WithHint("name the columns and their types in CREATE SOURCE"));
  }
  data::Schema schema;
  for (const KeyGuess& key : keys) schema.Add({key.key, key.Best(), true});
  return schema;
}

}  // namespace laminar::formats
