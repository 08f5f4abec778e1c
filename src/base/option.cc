#include "base/option.h"

#include <cmath>

#include "base/check.h"
#include "base/text.h"

namespace laminar {
namespace {

const std::string kNoText;

std::string BoundText(OptionType type, int64_t bound) {
  if (type == OptionType::kDuration) return FormatDuration(bound);
  if (type == OptionType::kBytes) return FormatBytes(static_cast<uint64_t>(bound));
  return std::to_string(bound);
}

bool HasMin(const OptionDef& def) { return def.min != std::numeric_limits<int64_t>::min(); }
bool HasMax(const OptionDef& def) { return def.max != std::numeric_limits<int64_t>::max(); }

std::string_view TypeName(OptionType type) {
  switch (type) {
    case OptionType::kText: return "text";
    case OptionType::kInteger: return "integer";
    case OptionType::kReal: return "number";
    case OptionType::kBool: return "boolean";
    case OptionType::kDuration: return "duration";
    case OptionType::kBytes: return "size in bytes";
    case OptionType::kChoice: return "choice";
  }
  return "text";
}

struct Reading {
  int64_t number = 0;
  double real = 0;
};

// The value by its type, not yet held against the range.
Result<Reading> ReadByType(const OptionDef& def, std::string_view value) {
  Reading reading;
  switch (def.type) {
    case OptionType::kText: break;
    case OptionType::kInteger: reading.number = TRY(ParseInt64(value)); break;
    case OptionType::kReal: reading.real = TRY(ParseDouble(value)); break;
    case OptionType::kBool: reading.number = TRY(ParseBool(value)) ? 1 : 0; break;
    case OptionType::kDuration: reading.number = TRY(ParseDuration(value)); break;
    case OptionType::kBytes: {
      const uint64_t bytes = TRY(ParseBytes(value));
      if (bytes > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return Error(ErrorCode::kOutOfRange, Quoted(value) + " is too large a size");
      }
      reading.number = static_cast<int64_t>(bytes);
      break;
    }
    case OptionType::kChoice: {
      const std::vector<std::string_view> choices = Split(def.choices, '|');
      for (std::string_view choice : choices) {
        if (choice == value) return reading;
      }
      return Error(Status(ErrorCode::kBadValue, Quoted(value) + " is not one of " + Join(choices, ", "))
                       .WithHint(DidYouMean(value, choices)));
    }
  }
  return reading;
}

Result<Reading> ReadOption(const OptionDef& def, std::string_view value, std::string_view owner) {
  const auto prefix = [&] { return std::string(owner) + ", option '" + std::string(def.key) + "': "; };
  Result<Reading> reading = ReadByType(def, value);
  if (!reading) {
    std::string why = reading.error().message();
    const std::string hint = reading.error().hint();
    return Error(Status(ErrorCode::kBadOption, prefix() + why)
                     .WithHint(hint.empty() ? "expected: " + DescribeOption(def) : hint));
  }
  const bool is_ranged =
      def.type == OptionType::kInteger || def.type == OptionType::kDuration || def.type == OptionType::kBytes;
  if (is_ranged && (reading->number < def.min || reading->number > def.max)) {
    return Error(Status(ErrorCode::kBadOption, prefix() + Quoted(value) + " is outside its range")
                     .WithHint("expected: " + DescribeOption(def)));
  }
  if (def.type == OptionType::kReal && std::isnan(reading->real)) {
    return Error(ErrorCode::kBadOption, prefix() + "not a number");
  }
  return reading;
}

const OptionDef* FindDef(std::span<const OptionDef> defs, std::string_view key) {
  for (const OptionDef& def : defs) {
    if (def.key == key) return &def;
  }
  return nullptr;
}

internal::Failure UnknownOption(std::span<const OptionDef> defs, std::string_view key, std::string_view owner) {
  std::vector<std::string_view> names;
  for (const OptionDef& def : defs) names.push_back(def.key);
  std::string hint = DidYouMean(key, names);
  if (hint.empty()) hint = names.empty() ? "it takes no options" : "it takes " + Join(names, ", ");
  return Error(
      Status(ErrorCode::kBadOption, std::string(owner) + ": unknown option " + Quoted(key)).WithHint(std::move(hint)));
}

bool HasPair(std::span<const OptionPair> pairs, std::string_view key) {
  for (const OptionPair& pair : pairs) {
    if (pair.first == key) return true;
  }
  return false;
}

}  // namespace

bool OptionValues::IsGiven(std::string_view key) const {
  const Value* value = Find(key);
  return value != nullptr && value->is_given;
}

const std::string& OptionValues::Text(std::string_view key) const {
  const Value* value = Find(key);
  return value == nullptr ? kNoText : value->text;
}
int64_t OptionValues::Integer(std::string_view key) const {
  const Value* value = Find(key, OptionType::kInteger);
  return value == nullptr ? 0 : value->number;
}
double OptionValues::Real(std::string_view key) const {
  const Value* value = Find(key, OptionType::kReal);
  return value == nullptr ? 0 : value->real;
}
bool OptionValues::Bool(std::string_view key) const {
  const Value* value = Find(key, OptionType::kBool);
  return value != nullptr && value->number != 0;
}
Duration OptionValues::DurationOf(std::string_view key) const {
  const Value* value = Find(key, OptionType::kDuration);
  return value == nullptr ? 0 : value->number;
}
uint64_t OptionValues::Bytes(std::string_view key) const {
  const Value* value = Find(key, OptionType::kBytes);
  return value == nullptr ? 0 : static_cast<uint64_t>(value->number);
}

const OptionValues::Value* OptionValues::Find(std::string_view key) const {
  for (const Value& value : values_) {
    if (value.key == key) return &value;
  }
  return nullptr;
}
const OptionValues::Value* OptionValues::Find(std::string_view key, OptionType type) const {
  const Value* value = Find(key);
  CHECK(value == nullptr || value->type == type);
  return value;
}

Result<OptionValues> ParseOptions(std::span<const OptionDef> defs, std::span<const OptionPair> given,
                                  std::string_view owner, std::string_view pass_through_prefix) {
  OptionValues values;
  for (size_t i = 0; i < given.size(); ++i) {
    const auto& [key, text] = given[i];
    if (HasPair(given.first(i), key)) {
      return Error(ErrorCode::kDuplicateOption, std::string(owner) + ": option " + Quoted(key) + " is given twice");
    }
    const OptionDef* def = FindDef(defs, key);
    if (def != nullptr) {
      const Reading reading = TRY(ReadOption(*def, text, owner));
      values.values_.push_back({key, def->type, true, text, reading.number, reading.real});
    } else if (!pass_through_prefix.empty() && StartsWith(key, pass_through_prefix)) {
      values.passed_through_.emplace_back(key.substr(pass_through_prefix.size()), text);
    } else {
      return UnknownOption(defs, key, owner);
    }
  }
  for (const OptionDef& def : defs) {
    if (values.Has(def.key)) continue;
    if (def.is_required) {
      return Error(
          Status(ErrorCode::kBadOption, std::string(owner) + ": option '" + std::string(def.key) + "' is required")
              .WithHint(std::string(def.help)));
    }
    if (def.default_text.empty()) continue;
    const Result<Reading> reading = ReadOption(def, def.default_text, owner);
    CHECK(reading.has_value());  // a default outside its own definition is a bug
    values.values_.push_back(
        {std::string(def.key), def.type, false, std::string(def.default_text), reading->number, reading->real});
  }
  return values;
}

Status CheckOption(const OptionDef& def, std::string_view value, std::string_view owner) {
  TRY(ReadOption(def, value, owner));
  return Status::Ok();
}

std::string DescribeOption(const OptionDef& def) {
  if (def.type == OptionType::kChoice) return "value out of " + Join(Split(def.choices, '|'), ", ");
  std::string text(TypeName(def.type));
  if (HasMin(def) && HasMax(def)) {
    text += " from " + BoundText(def.type, def.min) + " to " + BoundText(def.type, def.max);
  } else if (HasMin(def)) {
    text += ", at least " + BoundText(def.type, def.min);
  } else if (HasMax(def)) {
    text += ", at most " + BoundText(def.type, def.max);
  }
  return text;
}

bool IsSecretKey(std::string_view key) {
  constexpr std::string_view kSecretWords[] = {"password",   "passwd",      "secret", "token",
                                               "credential", "credentials", "key"};
  size_t start = 0;
  for (size_t i = 0; i <= key.size(); ++i) {
    const bool is_end = i == key.size() || key[i] == '.' || key[i] == '_' || key[i] == '-';
    if (!is_end) continue;
    const std::string_view word = key.substr(start, i - start);
    for (std::string_view secret : kSecretWords) {
      if (EqualsIgnoreCase(word, secret)) return true;
    }
    start = i + 1;
  }
  return false;
}

}  // namespace laminar
