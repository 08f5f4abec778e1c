#include "sdk/connector.h"

#include <cmath>

#include "base/text.h"

namespace laminar::sdk {

namespace {

Status BadOption(std::string_view key, std::string_view found, std::string_view accepted) {
  return Status(ErrorCode::kBadOption, "option '" + std::string(key) + "' is " + Quoted(found))
      .WithHint("accepted: " + std::string(accepted));
}

std::string Trimmed(std::string_view text) { return std::string(Trim(text)); }

}  // namespace

Options::Options(std::vector<std::pair<std::string, std::string>> entries)
    : entries_(std::move(entries)), read_(entries_.size(), false) {}

bool Options::Has(std::string_view key) const {
  for (const auto& [name, value] : entries_) {
    if (name == key) return true;
  }
  return false;
}

const std::string* Options::Find(std::string_view key) {
  bool known = false;
  for (const std::string& asked : asked_) known = known || asked == key;
  if (!known) asked_.emplace_back(key);
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].first == key) {
      read_[i] = true;
      return &entries_[i].second;
    }
  }
  return nullptr;
}

std::string Options::Text(std::string_view key, std::string_view fallback) {
  const std::string* value = Find(key);
  return value == nullptr ? std::string(fallback) : *value;
}

Result<std::string> Options::RequiredText(std::string_view key, std::string_view example) {
  const std::string* value = Find(key);
  if (value != nullptr && !Trim(*value).empty()) return *value;
  return Error(Status(ErrorCode::kBadOption, "option '" + std::string(key) + "' is missing or empty")
                   .WithHint("for example " + std::string(key) + " = '" + std::string(example) + "'"));
}

Result<int64_t> Options::Integer(std::string_view key, int64_t fallback, int64_t low, int64_t high) {
  const std::string* value = Find(key);
  if (value == nullptr) return fallback;
  const Result<int64_t> number = ParseInt64(*value);
  if (number.has_value() && *number >= low && *number <= high) return *number;
  return Error(BadOption(key, *value, "a whole number from " + std::to_string(low) + " to " + std::to_string(high)));
}

Result<double> Options::Number(std::string_view key, double fallback, double low, double high) {
  const std::string* value = Find(key);
  if (value == nullptr) return fallback;
  const Result<double> number = ParseDouble(*value);
  if (number.has_value() && *number >= low && *number <= high) return *number;  // NaN compares false
  return Error(BadOption(key, *value, "a number from " + FormatDouble(low) + " to " + FormatDouble(high)));
}

Result<bool> Options::Boolean(std::string_view key, bool fallback) {
  const std::string* value = Find(key);
  if (value == nullptr) return fallback;
  const Result<bool> flag = ParseBool(*value);
  if (flag.has_value()) return *flag;
  return Error(BadOption(key, *value, "true or false"));
}

Result<Duration> Options::Time(std::string_view key, Duration fallback) {
  const std::string* value = Find(key);
  if (value == nullptr) return fallback;
  const Result<Duration> time = ParseDuration(*value);
  if (time.has_value()) return *time;
  return Error(BadOption(key, *value, "a duration such as '5 seconds' or '250 ms'"));
}

Result<std::string> Options::Choice(std::string_view key, std::string_view fallback,
                                    std::span<const std::string_view> choices) {
  const std::string* value = Find(key);
  if (value == nullptr) return std::string(fallback);
  const std::string wanted = Trimmed(*value);
  for (const std::string_view choice : choices) {
    if (EqualsIgnoreCase(choice, wanted)) return std::string(choice);
  }
  std::string accepted = Join(choices, ", ");
  const std::string near = DidYouMean(wanted, choices);
  if (!near.empty()) accepted += "; " + near;
  return Error(BadOption(key, *value, accepted));
}

Status Options::RejectUnread(std::string_view what) const {
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (read_[i]) continue;
    const std::string& key = entries_[i].first;
    std::string hint = DidYouMean(key, asked_);
    if (hint.empty() && !asked_.empty()) hint = "known options: " + Join(asked_, ", ");
    return Status(ErrorCode::kBadOption, "unknown option " + Quoted(key) + " of " + std::string(what))
        .WithHint(std::move(hint));
  }
  return {};
}

Result<SourceTraits> Connector::CheckSource(const SourceRequest& request) {
  return Error(Status(ErrorCode::kNotSupported,
                      "connector '" + std::string(name()) + "' cannot be read from, so it cannot be a source")
                   .WithHint("use it in CREATE SINK"));
}

Result<data::Schema> Connector::InferSchema(Options options) {
  return Error(
      Status(ErrorCode::kSchemaNotInferable, "connector '" + std::string(name()) + "' does not know its columns")
          .WithHint("name the columns and their types in CREATE SOURCE"));
}

Result<std::unique_ptr<Source>> Connector::OpenSource(SourceRequest request) {
  return Error(ErrorCode::kNotSupported,
               "connector '" + std::string(name()) + "' cannot be read from, so it cannot be a source");
}

Result<SinkShape> Connector::CheckSink(const SinkRequest& request) {
  return Error(Status(ErrorCode::kNotSupported,
                      "connector '" + std::string(name()) + "' cannot be written to, so it cannot be a sink")
                   .WithHint("use it in CREATE SOURCE"));
}

Result<std::unique_ptr<Sink>> Connector::OpenSink(SinkRequest request) {
  return Error(ErrorCode::kNotSupported,
               "connector '" + std::string(name()) + "' cannot be written to, so it cannot be a sink");
}

}  // namespace laminar::sdk
