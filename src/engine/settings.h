// Settings of a connection: SET name = value, SHOW name, RESET name. Listed in settings.def; a view keeps those it was
// created under.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace laminar::engine {

// A duration that the setting of that name may have; kBadOption.
Result<Duration> IntervalOf(std::string_view name, std::string_view value);

struct SettingValues {
#define SETTING(name, type, initial, doc) type name = initial;
#include "engine/settings.def"
#undef SETTING
};

class Settings : public SettingValues {
 public:
  // What a database was opened with holds at first, and RESET goes back to it.
  void SetInitial(const SettingValues& values);
  // kBadOption for an unknown name (with the nearest) or a value that does not fit.
  Status Set(std::string_view name, std::string_view value);
  Status Reset(std::string_view name);  // empty: all
  Result<std::string> Show(std::string_view name) const;

  struct Entry {
    std::string name;
    std::string value;
    std::string initial;
    std::string doc;
  };
  std::vector<Entry> All() const;

 private:
  SettingValues initial_;
};

}  // namespace laminar::engine
