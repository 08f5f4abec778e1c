// Generator: random tables, sources, views, sinks and rows. Everything it draws comes from one Random; what it knows of
// the database it is told, so that it can go on after a crash has taken steps back.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "steps.h"

namespace laminar::simulate {

// Rows of a source file, a line each, with its header line.
std::string RandomSourceFile(Random& random, uint64_t rows);
inline constexpr int kSourceFiles = 2;  // /in/f0.csv, ...

class Generator {
 public:
  explicit Generator(Random& random) : random_(random) {}

  Step NewBase(const std::vector<RelationInfo>& relations);  // a table or source
  // A view or sink over what is there; a step without text when nothing fits.
  Step NewView(const std::vector<RelationInfo>& relations, const std::vector<Step>& steps);
  Step NewSink(const std::vector<RelationInfo>& relations);
  Step Drop(const std::vector<RelationInfo>& relations);
  Step Insert(const std::vector<RelationInfo>& relations);
  Step InsertBatches(const std::vector<RelationInfo>& relations);  // some of them bad
  Step InsertMany(const std::vector<RelationInfo>& relations);     // some megabytes
  Step Push(const std::vector<RelationInfo>& relations, const std::vector<Step>& steps);
  Step Watermark(const std::vector<RelationInfo>& relations);

 private:
  std::string Name(const char* prefix) { return prefix + std::to_string(++names_); }
  std::string Row();
  std::string Timestamp();
  const RelationInfo* Pick(const std::vector<RelationInfo>& relations, bool (*fits)(const RelationInfo&));
  std::string Series(uint64_t rows, bool is_bad);
  std::string Column(const RelationInfo& from, ColumnKind kind);  // empty: it has none
  std::string Condition(const RelationInfo& from);
  // " count(*) AS n, sum(v) AS a1 ..." and their columns.
  std::string Aggregates(const RelationInfo& from, std::vector<ColumnInfo>& columns);
  void MakeFilter(const RelationInfo& from, RelationInfo& view);
  void MakeGroup(const RelationInfo& from, RelationInfo& view);
  std::string MakeWindow(const RelationInfo& from, RelationInfo& view);
  void MakeDistinct(const RelationInfo& from, RelationInfo& view);
  void MakeUnion(const RelationInfo& from, const RelationInfo& other, RelationInfo& view);
  void MakeTop(const RelationInfo& from, RelationInfo& view);

  Random& random_;
  uint64_t names_ = 0;
  int64_t event_seconds_ = 0;  // drifts on
};

}  // namespace laminar::simulate
