#include "picture.h"

#include <algorithm>

#include "base/text.h"
#include "data/text.h"

namespace laminar::simulate {

namespace {

// Of long rows that they are equal matters, not how they read.
std::string Shortened(std::string line) {
  constexpr size_t kLong = 600;
  constexpr size_t kShown = 60;
  if (line.size() <= kLong) return line;
  const size_t hash = std::hash<std::string>()(line);
  return line.substr(0, kShown) + "..." + line.substr(line.size() - kShown) + ", " + std::to_string(line.size()) +
         " bytes, " + std::to_string(hash);
}

}  // namespace

Result<std::string> SortedRows(engine::Connection& connection, const std::string& query) {
  engine::Outcome outcome = TRY(connection.Execute(query));
  std::vector<std::string> lines;
  data::BatchBuffer buffer(outcome.cursor->schema().Types());
  const data::Schema& schema = outcome.cursor->schema();
  while (TRY(outcome.cursor->Next(buffer))) {
    for (uint32_t row = 0; row < buffer.rows(); ++row) {
      std::string line;
      for (size_t c = 0; c < schema.size(); ++c) {
        if (c > 0) line += " | ";
        data::AppendText(schema[c].type, buffer.column(c), row, line);
      }
      lines.push_back(Shortened(std::move(line)));
    }
  }
  std::ranges::sort(lines);
  return Join(lines, "\n");
}

std::set<std::string> Stopped(engine::Database& database, engine::Connection& connection) {
  std::set<std::string> out;
  for (const engine::ViewProgress& view : database.GetProgress().views) {
    if (view.state != "RUNNING") out.insert(view.name);
  }
  const auto sources = SortedRows(connection, "SHOW SOURCES");
  if (!sources) return out;
  for (const std::string_view line : Split(*sources, '\n')) {
    if (Contains(line, "| ERROR")) out.insert(std::string(line.substr(0, line.find(' '))));
  }
  return out;
}

namespace {

bool IsLeftOut(const RelationInfo* relation, const PictureRequest& request) {
  if (relation == nullptr) return false;
  return request.without.contains(relation->name) || (relation->over_reader && !request.with_readers);
}

}  // namespace

Picture Look(engine::Database& database, engine::Connection& connection, const std::vector<RelationInfo>& relations,
             const PictureRequest& request) {
  Picture picture;
  const engine::Progress progress = database.GetProgress();
  for (const engine::SourceProgress& source : progress.sources) {
    std::string& text = picture["source " + source.name];
    if (IsLeftOut(FindRelation(relations, source.name), request)) continue;
    // Before anything reads it a reader stands still, and so it may again when nothing does any more.
    const RelationInfo* info = FindRelation(relations, source.name);
    if (info != nullptr && info->over_reader) continue;
    text = std::to_string(source.rows) + " rows" + (source.has_ended ? ", ended" : "");
    // When the last of its readers fails, the watermark of those very rows is not sent to nobody.
    const bool has_lost_reader = std::ranges::any_of(relations, [&](const RelationInfo& reader) {
      return request.without.contains(reader.name) &&
             std::ranges::find(reader.reads, source.name) != reader.reads.end();
    });
    if (!has_lost_reader) text += ", watermark " + std::to_string(source.watermark);
  }
  for (const engine::ViewProgress& view : progress.views) {
    std::string& text = picture["view " + view.name];
    const RelationInfo* info = FindRelation(relations, view.name);
    if (IsLeftOut(info, request)) continue;
    text = view.state + ", watermark " + std::to_string(view.watermark);
  }
  if (!request.with_contents) return picture;
  for (const RelationInfo& relation : relations) {
    if (relation.kind != RelationKind::kTable && relation.kind != RelationKind::kView) continue;
    if (IsLeftOut(&relation, request)) continue;
    const auto rows = SortedRows(connection, "SELECT * FROM " + relation.name);
    picture["rows of " + relation.name] = rows ? *rows : rows.error().ToString();
  }
  return picture;
}

std::string Difference(const Picture& found, const Picture& expected) {
  for (const auto& [name, text] : expected) {
    const auto other = found.find(name);
    if (other == found.end()) return name + " is missing";
    if (other->second == text) continue;
    const auto mine = Split(other->second, '\n');
    const auto right = Split(text, '\n');
    std::string out =
        name + " differs (" + std::to_string(mine.size()) + " lines, expected " + std::to_string(right.size()) + ")";
    std::map<std::string_view, int64_t> missing;
    for (const auto& line : right) ++missing[line];
    for (const auto& line : mine) --missing[line];
    int shown = 0;
    for (const auto& line : right) {
      if (missing[line] > 0 && shown++ < 6) out += "\n    expected: " + std::string(line);
    }
    shown = 0;
    for (const auto& line : mine) {
      if (missing[line] < 0 && shown++ < 6) out += "\n    found:    " + std::string(line);
    }
    return out;
  }
  for (const auto& [name, text] : found) {
    if (!expected.contains(name)) return name + " should not be there";
  }
  return "";
}

std::string SinkRows(std::string_view file, bool has_envelope) {
  std::map<std::string, int64_t> sums;
  bool is_header = true;
  for (const std::string_view line : Split(file, '\n')) {
    if (std::exchange(is_header, false) || line.empty()) continue;
    if (!has_envelope) {
      ++sums[std::string(line)];
      continue;
    }
    const size_t weight = line.rfind(',');
    const size_t operation = line.rfind(',', weight - 1);
    const auto number = ParseInt64(line.substr(weight + 1));
    sums[std::string(line.substr(0, operation))] += number ? *number : 1'000'000;
  }
  std::string out;
  for (const auto& [line, count] : sums) {
    if (count != 0) out += std::to_string(count) + " x " + line + "\n";
  }
  return out;
}

}  // namespace laminar::simulate
