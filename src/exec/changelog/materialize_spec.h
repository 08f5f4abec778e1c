// What the planner says of a stored result: a materialized view or a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/type.h"

namespace laminar::exec {

// key: the columns that identify a row; a +1 row replaces what stands under its key. Without a key: a log of rows in
// order of arrival when the input never retracts, else a bag of rows with multiplicities.
struct MaterializeSpec {
  std::string name;
  std::vector<data::Type> types;
  std::vector<uint32_t> key;
  bool has_key = false;  // true with an empty `key`: at most one row
  bool input_retracts = false;
  // Columns (of a key or bag) whose hash gives a row's vnode; empty: its whole key. Where they are what the rows were
  // partitioned by, the stored row stands in the shard that put it out.
  std::vector<uint32_t> vnode_columns;
  uint32_t first_number = 0;  // of a log's rows: no two shards' rows have one number
  // A +1 row may replace one that is there; what goes on is then -1 old, +1 new (tables with a key).
  bool input_upserts = false;
  // Who brings rows asks for room before the first (Materialize::Reserve): all of a statement's, or none.
  bool feeder_reserves = false;
};

}  // namespace laminar::exec
