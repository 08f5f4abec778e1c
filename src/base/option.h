// Options given as text and read by their declared type: WITH (...) of sources and sinks, SET variables, settings.
//
// A module lists what it takes as an array of OptionDef; ParseOptions checks a user's list against it (unknown keys get
// "did you mean", a repeated key, a missing required one, a value of the wrong type or outside its range are errors)
// and yields values that can be read without a further check. Law: no option is accepted and ignored.
// Thread-compatible; ring 2 and set-up code only (allocates).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace laminar {

enum class OptionType : uint8_t { kText, kInteger, kReal, kBool, kDuration, kBytes, kChoice };

// Durations are bounded in microseconds, sizes in bytes, reals not at all.
struct OptionDef {
  std::string_view key;
  OptionType type = OptionType::kText;
  std::string_view default_text;  // read like a user's value; empty: no value unless given
  std::string_view help;
  bool is_required = false;
  bool is_secret = false;    // shown as ***
  std::string_view choices;  // kChoice: "earliest|latest"
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};

// Key and value as the user wrote them.
using OptionPair = std::pair<std::string, std::string>;

class OptionValues {
 public:
  OptionValues() = default;

  // True when the option has a value: given, or by default.
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  bool IsGiven(std::string_view key) const;

  // The value of a declared option; CHECKs that the definition has this type. Without a value: "", 0, 0.0, false.
  const std::string& Text(std::string_view key) const;  // of any type, as written
  int64_t Integer(std::string_view key) const;
  double Real(std::string_view key) const;
  bool Bool(std::string_view key) const;
  Duration DurationOf(std::string_view key) const;
  uint64_t Bytes(std::string_view key) const;

  // Keys under a pass-through prefix, prefix taken off, in the order given.
  const std::vector<OptionPair>& passed_through() const { return passed_through_; }

 private:
  friend Result<OptionValues> ParseOptions(std::span<const OptionDef> defs, std::span<const OptionPair> given,
                                           std::string_view owner, std::string_view pass_through_prefix);
  struct Value {
    std::string key;
    OptionType type;
    bool is_given;
    std::string text;
    int64_t number;  // integer, bool, duration, bytes
    double real;
  };
  const Value* Find(std::string_view key) const;
  const Value* Find(std::string_view key, OptionType type) const;

  std::vector<Value> values_;
  std::vector<OptionPair> passed_through_;
};

// The owner names who takes the options in errors: "connector 'file'". Keys are case-sensitive. Keys that start with
// pass_through_prefix ("properties.", or empty for none) are not checked. Errors: kBadOption, kDuplicateOption.
Result<OptionValues> ParseOptions(std::span<const OptionDef> defs, std::span<const OptionPair> given,
                                  std::string_view owner, std::string_view pass_through_prefix = {});

// One value against its definition, as ParseOptions does it: ok or kBadOption.
Status CheckOption(const OptionDef& def, std::string_view value, std::string_view owner);

// The type and range of an option for people: "duration, at least 1 ms", "one of earliest, latest".
std::string DescribeOption(const OptionDef& def);

// Whether the value of an undeclared key must be masked in listings and logs: one of its words is password, passwd,
// secret, token, credential or key.
bool IsSecretKey(std::string_view key);
inline constexpr std::string_view kMaskedValue = "***";

}  // namespace laminar
