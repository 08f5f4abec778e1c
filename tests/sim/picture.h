// What can be seen of a database, as text: sources' progress, states and watermarks of views, contents of tables and
// views. Two databases that have seen the same steps must look the same, whatever happened between.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "steps.h"

namespace laminar::simulate {

using Picture = std::map<std::string, std::string>;

// The rows of a query, sorted, one a line; weights, if they matter, before.
Result<std::string> SortedRows(engine::Connection& connection, const std::string& query);
// Views, sinks and sources that have stopped with an error, or because of one.
std::set<std::string> Stopped(engine::Database& database, engine::Connection& connection);

struct PictureRequest {
  bool with_readers = false;  // also what advances by itself; it must be idle
  bool with_contents = true;
  std::set<std::string> without;  // nothing of these
};
Picture Look(engine::Database& database, engine::Connection& connection, const std::vector<RelationInfo>& relations,
             const PictureRequest& request);
// Empty when equal; else the first difference.
std::string Difference(const Picture& found, const Picture& expected);
// The rows of a sink's file: of changes, what they come to.
std::string SinkRows(std::string_view file, bool has_envelope);

}  // namespace laminar::simulate
