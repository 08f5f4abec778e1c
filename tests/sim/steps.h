// Steps: what a simulated program does to a database, as data, so that the same steps can be done again elsewhere.
//
// A step that made a relation carries what the generator and the checks need to know of it. Which relations there are
// is always worked out from the steps that survived, so after a crash the picture goes back with the database.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "engine/database.h"

namespace laminar::simulate {

enum class RelationKind : uint8_t { kTable, kMemory, kChangelog, kReader, kView, kSink };
enum class ColumnKind : uint8_t { kInt, kDecimal, kDouble, kText, kTime };

struct ColumnInfo {
  std::string name;
  ColumnKind kind = ColumnKind::kInt;
};

struct RelationInfo {
  std::string name;
  RelationKind kind = RelationKind::kTable;
  std::vector<ColumnInfo> columns;
  bool has_key = false;
  bool has_event_time = false;  // column ts has a watermark
  bool over_reader = false;     // reads, at some depth, what advances by itself
  bool is_append_only = false;
  std::string select;          // of a view: without EMIT
  bool is_like_batch = false;  // the same SELECT over the rows as they are gives the view
  std::vector<std::string> reads;
  std::string path;  // of a sink
  bool has_envelope = false;
};

enum class StepKind : uint8_t { kStatement, kPush, kWatermark, kEnd };

struct Step {
  StepKind kind = StepKind::kStatement;
  std::string text;    // SQL; of a push the rows, as (..), (..)
  std::string target;  // a pushed source
  std::vector<std::string> rows;
  std::vector<int64_t> weights;
  Timestamp watermark = 0;
  std::vector<RelationInfo> made;    // none or one
  std::vector<std::string> dropped;  // with dependents
  bool is_bad = false;               // has a row, in its middle, for which it must be refused
};

// Does it. `pieces` > 1: pushed rows come in so many batches. Answers what a statement said.
Result<std::string> Apply(engine::Database& database, engine::Connection& connection, const Step& step,
                          uint32_t pieces);
std::string Describe(const Step& step);

// The relations after steps [0, count).
std::vector<RelationInfo> RelationsAfter(const std::vector<Step>& steps, size_t count);
const RelationInfo* FindRelation(const std::vector<RelationInfo>& relations, const std::string& name);
// `name` and all that reads it, readers first.
std::vector<std::string> WithDependents(const std::vector<RelationInfo>& relations, const std::string& name);

}  // namespace laminar::simulate
