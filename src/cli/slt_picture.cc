#include "cli/slt_picture.h"

#include <fmt/format.h>

#include "base/text.h"
#include "data/value.h"

namespace laminar::cli {
namespace {

constexpr size_t kLinesMax = 20;

std::string TimeText(Timestamp t) {
  if (t == kMinTimestamp) return "none";
  if (t == kMaxTimestamp) return "end of stream";
  return data::Value::Int(t).ToString(data::Type(data::TypeId::kTimestamp));
}

}  // namespace

Result<SltPicture> TakePicture(SltDatabase& place) {
  SltPicture picture;
  const engine::Progress progress = place.database().GetProgress();
  std::vector<std::string> stored;
  for (const engine::SourceProgress& source : progress.sources) {
    picture.facts[source.name] = fmt::format("{} rows taken in, watermark {}{}", source.rows,
                                             TimeText(source.watermark), source.has_ended ? ", ended" : "");
  }
  for (const engine::ViewProgress& view : progress.views) {
    picture.facts[view.name] =
        fmt::format("{}, {} rows stored, watermark {}", view.state, view.rows_stored, TimeText(view.watermark));
  }
  for (const std::string_view list : {"SHOW TABLES", "SHOW MATERIALIZED VIEWS"}) {
    SltAnswer answer = TRY(place.Execute(std::string(list)));
    for (std::vector<std::string>& cells : answer.cells) stored.push_back(std::move(cells[0]));
  }
  for (const std::string& name : stored) {
    auto answer = place.Execute("SELECT * FROM " + QuotedName(name));
    if (!answer)
      picture.facts[name] += "; reading it fails: " + answer.error().message();
    else
      picture.rows[name] = ConsolidateChanges(std::move(answer->rows));
  }
  return picture;
}

std::vector<Change> ChangesBetween(const std::vector<Change>& before, const std::vector<Change>& after) {
  std::vector<Change> changes = after;
  for (const Change& change : before) changes.push_back({-change.weight, change.row});
  return ConsolidateChanges(std::move(changes));
}

std::string DifferencesOf(const SltPicture& before, const SltPicture& after) {
  std::vector<std::string> lines;
  for (const auto& [name, fact] : before.facts) {
    const auto now = after.facts.find(name);
    if (now == after.facts.end())
      lines.push_back(name + " is gone");
    else if (now->second != fact)
      lines.push_back(fmt::format("{}: before {}; after {}", name, fact, now->second));
  }
  for (const auto& [name, fact] : after.facts) {
    if (!before.facts.contains(name)) lines.push_back(name + " is new");
  }
  for (const auto& [name, rows] : before.rows) {
    const auto now = after.rows.find(name);
    if (now == after.rows.end()) continue;
    for (const Change& change : ChangesBetween(rows, now->second)) lines.push_back(name + ": " + ChangeText(change));
  }
  std::string out;
  for (size_t i = 0; i < lines.size() && i < kLinesMax; ++i) out += "  " + lines[i] + "\n";
  if (lines.size() > kLinesMax) out += fmt::format("  and {} more\n", lines.size() - kLinesMax);
  return out;
}

}  // namespace laminar::cli
