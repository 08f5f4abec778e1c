#include "steps.h"

#include <algorithm>

#include "base/text.h"
#include "data/text.h"

namespace laminar::simulate {

using engine::Connection;
using engine::Database;

namespace {

Result<std::string> Push(Database& database, Connection& connection, const Step& step, uint32_t pieces) {
  data::Schema schema;
  const Database::PushHandle handle = TRY(database.OpenPush(step.target, &schema));
  engine::Outcome outcome = TRY(connection.Execute("VALUES " + Join(step.rows, ", ")));
  data::BatchBuffer read(outcome.cursor->schema().Types());
  data::BatchBuffer push(schema.Types());
  const size_t cut = (step.rows.size() + pieces - 1) / pieces;
  size_t at = 0;
  auto send = [&]() -> Status {
    if (push.rows() > 0) TRY(database.Push(handle, push.batch()));
    push.Reset();
    return {};
  };
  while (TRY(outcome.cursor->Next(read))) {
    for (uint32_t row = 0; row < read.rows(); ++row, ++at) {
      push.AppendRows(read.batch(), row, 1);
      if (!step.weights.empty()) push.UseWeights()[push.rows() - 1] = step.weights[at];
      if (push.rows() >= cut) TRY(send());
    }
  }
  TRY(send());
  return std::string("pushed");
}

}  // namespace

Result<std::string> Apply(Database& database, Connection& connection, const Step& step, uint32_t pieces) {
  switch (step.kind) {
    case StepKind::kStatement: return TRY(connection.Execute(step.text)).message;
    case StepKind::kPush: return Push(database, connection, step, pieces);
    case StepKind::kWatermark:
      TRY(database.PushWatermark(step.target, step.watermark));
      return std::string("watermark");
    case StepKind::kEnd: TRY(database.EndSource(step.target)); return std::string("ended");
  }
  return std::string();
}

std::string Describe(const Step& step) {
  switch (step.kind) {
    case StepKind::kStatement: return step.text;
    case StepKind::kPush: {
      std::string out = "PUSH " + step.target + " ";
      for (size_t i = 0; i < step.rows.size(); ++i) {
        out += (i == 0 ? "" : ", ") + step.rows[i];
        if (!step.weights.empty() && step.weights[i] != 1) out += "*" + std::to_string(step.weights[i]);
      }
      return out;
    }
    case StepKind::kWatermark: return "WATERMARK " + step.target + " " + std::to_string(step.watermark);
    case StepKind::kEnd: return "END " + step.target;
  }
  return "";
}

std::vector<RelationInfo> RelationsAfter(const std::vector<Step>& steps, size_t count) {
  std::vector<RelationInfo> out;
  for (size_t i = 0; i < count; ++i) {
    for (const std::string& name : steps[i].dropped)
      std::erase_if(out, [&](const RelationInfo& r) { return r.name == name; });
    for (const RelationInfo& relation : steps[i].made) out.push_back(relation);
  }
  return out;
}

const RelationInfo* FindRelation(const std::vector<RelationInfo>& relations, const std::string& name) {
  const auto found = std::ranges::find(relations, name, &RelationInfo::name);
  return found == relations.end() ? nullptr : &*found;
}

std::vector<std::string> WithDependents(const std::vector<RelationInfo>& relations, const std::string& name) {
  std::vector<std::string> out = {name};
  for (const RelationInfo& relation : relations) {  // readers come behind what they read
    const bool reads = std::ranges::any_of(
        relation.reads, [&](const std::string& read) { return std::ranges::find(out, read) != out.end(); });
    if (reads) out.push_back(relation.name);
  }
  std::ranges::reverse(out);
  return out;
}

}  // namespace laminar::simulate
