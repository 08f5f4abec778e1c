// Scope: which columns a name may mean at one place of a query.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/type.h"
#include "sql/ast.h"

namespace laminar::plan {

struct ScopeColumn {
  std::string relation;  // alias or name of the relation; empty for derived columns
  std::string name;
  data::Type type;
  bool nullable = true;
  bool is_time = false;  // a time attribute
  uint32_t index = 0;    // column of the input node
};

struct Scope {
  std::vector<ScopeColumn> columns;

  // Finds `name` (parts: column; relation.column). Returns the column and how many parts it used (the rest are struct
  // fields). kUnknownColumn when absent (with the nearest name) or ambiguous.
  Result<std::pair<const ScopeColumn*, size_t>> Resolve(const sql::Name& name, TextPosition position) const;
};

}  // namespace laminar::plan
