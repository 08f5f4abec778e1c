#include "engine/settings.h"

#include <type_traits>

#include "base/text.h"
#include "data/time_zone.h"
#include "engine/thread_watch.h"

namespace laminar::engine {
namespace {

Status Unknown(std::string_view name) {
  const std::vector<std::string> names = {
#define SETTING(setting, type, initial, doc) #setting,
#include "engine/settings.def"
#undef SETTING
  };
  std::string hint = DidYouMean(name, names);
  return Status(ErrorCode::kBadOption, "there is no setting \"" + std::string(name) + "\"")
      .WithHint(hint.empty() ? "SHOW VARIABLES lists them" : hint);
}

Status Assign(std::string& slot, std::string_view name, std::string_view value) {
  if (name == "timezone") TRY(data::FindZone(value));
  if (name == "cpu_pinning") TRY(CheckPinning(value));
  if (name == "durability" && value != "none" && value != "async" && value != "epoch")
    return Status(ErrorCode::kBadOption, "durability cannot be '" + std::string(value) + "'")
        .WithHint("there are: 'epoch', 'async', 'none'");
  if (EndsWith(name, "_interval")) TRY(IntervalOf(name, value));
  slot = value;
  return {};
}

Status Assign(uint64_t& slot, std::string_view name, std::string_view value) {
  const bool is_size = EndsWith(name, "_bytes");
  auto number = is_size ? ParseBytes(value) : ParseUint64(value);
  if (!number)
    return Status(ErrorCode::kBadOption, "setting \"" + std::string(name) + "\" cannot be '" + std::string(value) + "'")
        .WithHint(is_size ? "a size, for example '64 MiB'" : "a whole number");
  if (name == "batch_rows" && (*number < 1 || *number > 1024))
    return Status(ErrorCode::kBadOption, "batch_rows must be 1 to 1024, found " + std::string(value));
  if (name == "worker_cores" && *number > 64)
    return Status(ErrorCode::kBadOption, "worker_cores must be 0 to 64, found " + std::string(value))
        .WithHint("0 takes what the machine and its limits allow, up to eight");
  if (name == "log_queue_bytes" && *number < 4096)
    return Status(ErrorCode::kBadOption, "log_queue_bytes must be at least 4 KiB, found " + std::string(value));
  if (name == "budget_sample_every" && *number > 1'000'000)
    return Status(ErrorCode::kBadOption, "budget_sample_every must be 0 to 1000000, found " + std::string(value));
  if (name == "rt_priority" && *number > 99)
    return Status(ErrorCode::kBadOption, "rt_priority must be 0 to 99, found " + std::string(value))
        .WithHint("0 is the normal priority; 1 is enough to come before everything that has the normal one");
  slot = *number;
  return {};
}

std::string ValueText(const std::string& value) { return value; }
std::string ValueText(uint64_t value) { return std::to_string(value); }

}  // namespace

Result<Duration> IntervalOf(std::string_view name, std::string_view value) {
  const Result<Duration> interval = value == "0" ? Result<Duration>(0) : ParseDuration(value);
  const bool may_be_zero = name == "checkpoint_interval";
  if (!interval || *interval < 0 || (*interval == 0 && !may_be_zero) || *interval > kDay)
    return Error(
        Status(ErrorCode::kBadOption, "setting \"" + std::string(name) + "\" cannot be '" + std::string(value) + "'")
            .WithHint("a duration up to a day, for example '10 seconds'"));
  return *interval;
}

void Settings::SetInitial(const SettingValues& values) {
  initial_ = values;
  static_cast<SettingValues&>(*this) = values;
}

Status Settings::Set(std::string_view key, std::string_view value) {
#define SETTING(setting, type, initial, doc) \
  if (key == #setting) return Assign(setting, key, value);
#include "engine/settings.def"
#undef SETTING
  return Unknown(key);
}

Status Settings::Reset(std::string_view key) {
  bool found = key.empty();
#define SETTING(setting, type, initial, doc) \
  if (key.empty() || key == #setting) {      \
    setting = initial_.setting;              \
    found = true;                            \
  }
#include "engine/settings.def"
#undef SETTING
  return found ? Status() : Unknown(key);
}

Result<std::string> Settings::Show(std::string_view key) const {
#define SETTING(setting, type, initial, doc) \
  if (key == #setting) return ValueText(setting);
#include "engine/settings.def"
#undef SETTING
  return Error(Unknown(key));
}

std::vector<Settings::Entry> Settings::All() const {
  std::vector<Entry> out;
#define SETTING(setting, type, initial, doc) \
  out.push_back({#setting, ValueText(setting), ValueText(initial_.setting), doc});
#include "engine/settings.def"
#undef SETTING
  return out;
}

}  // namespace laminar::engine
