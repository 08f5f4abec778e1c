#include "cli/demo_screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/output.h"
#include "data/value.h"
#include "os/process.h"

namespace laminar::cli {

namespace {

constexpr size_t kAirports = 5;

std::string Bar(double part, size_t width, bool unicode) {
  const size_t full = static_cast<size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(width) + 0.5);
  std::string out;
  for (size_t i = 0; i < width; ++i) out += i < full ? (unicode ? "█" : "#") : (unicode ? "░" : ".");
  return out;
}

std::string TimeText(Timestamp time) {
  if (time == kMinTimestamp) return "-";
  if (time == kMaxTimestamp) return "the end";
  return data::Value::Int(time).ToString(data::Type::Timestamp(0)).substr(0, 16);
}

}  // namespace

std::vector<std::string> DemoLines(const DemoMoment& moment, uint32_t columns, bool unicode) {
  std::vector<std::string> out;
  const double part =
      moment.rows_total > 0 ? static_cast<double>(moment.rows) / static_cast<double>(moment.rows_total) : 0;
  const size_t width = std::clamp<size_t>(columns > 60 ? columns - 50 : 10, 10, 40);
  out.push_back(
      fmt::format("  {} {:3.0f}%  {} flights", Bar(part, width, unicode), part * 100, FormatCount(moment.rows)));
  out.push_back(fmt::format("  watermark {}   results kept up to date: {}", TimeText(moment.watermark),
                            FormatCount(moment.hours)));
  out.push_back("");
  out.push_back("  the hour from " + TimeText(moment.hour) + (moment.airports.empty() ? " is still open" : ":"));
  int64_t most = 1;
  for (const DemoAirport& airport : moment.airports) most = std::max(most, airport.flights);
  for (size_t i = 0; i < kAirports; ++i) {
    if (i >= moment.airports.size()) {
      out.push_back("");
      continue;
    }
    const DemoAirport& airport = moment.airports[i];
    out.push_back(fmt::format("  {:4} {} {:3} flights, {:+.0f} min", airport.name.substr(0, 4),
                              Bar(static_cast<double>(airport.flights) / static_cast<double>(most), 20, unicode),
                              airport.flights, airport.mean_delay));
  }
  return out;
}

DemoScreen::DemoScreen(bool is_live) : is_live_(is_live), unicode_(IsUtf8Terminal()) {}

void DemoScreen::Draw(const DemoMoment& moment) {
  if (!is_live_) return;
  std::string text = lines_ > 0 ? fmt::format("\x1b[{}A", lines_) : "";
  const std::vector<std::string> lines = DemoLines(moment, os::TerminalColumns(2), unicode_);
  for (const std::string& line : lines) text += "\r\x1b[K" + line + "\n";
  lines_ = static_cast<int>(lines.size());
  WriteErrorOnly(text);
}

void DemoScreen::Clear() {
  if (!is_live_ || lines_ == 0) return;
  WriteErrorOnly(fmt::format("\x1b[{}A\x1b[J", lines_));
  lines_ = 0;
}

}  // namespace laminar::cli
