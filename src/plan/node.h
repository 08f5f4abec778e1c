// The plan: a tree of operators with what the planner proved about each one's output. The binder builds it, rules
// rewrite it, EXPLAIN prints it, and engine/deploy turns it into operators. It speaks the language of `exec` (specs),
// never of `sql`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/catalog.h"
#include "data/type.h"
#include "data/value.h"
#include "exec/aggregate/aggregate_spec.h"
#include "exec/rank/sort_spec.h"
#include "exec/stateless/stateless_spec.h"

namespace laminar::plan {

enum class NodeKind : uint8_t {
  kScan,             // relation, columns
  kValues,           // rows
  kFunction,         // function, arguments: generate_series, late, errors, laminar_metrics, ...
  kFilterProject,    // WHERE and SELECT
  kGroupAggregate,   // GROUP BY, DISTINCT
  kWindowAggregate,  // GROUP BY TUMBLE / HOP
  kWindowAssign,     // FROM TUMBLE / HOP
  kUnion,
  kSort,  // ORDER BY [LIMIT]
  kLimit,
  kUnnest,
};

// What holds of a node's output stream.
struct Properties {
  bool append_only = true;                          // every weight is +1
  bool bounded = false;                             // the input ends
  bool has_watermark = false;                       // event-time progress is known
  std::optional<std::vector<uint32_t>> upsert_key;  // columns that identify a row
  std::vector<bool> time_attribute;                 // per column: the watermark bounds it
  bool IsTime(uint32_t column) const { return column < time_attribute.size() && time_attribute[column]; }
};

struct Node;
using NodePtr = std::unique_ptr<Node>;
using Spec = std::variant<std::monostate, exec::FilterProjectSpec, exec::GroupAggregateSpec, exec::WindowAggregateSpec,
                          exec::WindowAssignSpec, exec::UnionSpec, exec::SortSpec, exec::LimitSpec, exec::UnnestSpec>;

struct Node {
  NodeKind kind = NodeKind::kValues;
  data::Schema schema;
  std::vector<NodePtr> inputs;
  Properties properties;
  Spec spec;

  catalog::RelationPtr relation;               // kScan
  std::vector<uint32_t> columns;               // kScan: which columns of the relation
  std::vector<std::vector<data::Value>> rows;  // kValues
  std::string function;                        // kFunction
  std::vector<data::Value> arguments;          // kFunction
  std::string emit_origin;                     // aggregates: "query", "default", "sink", "batch"
  std::string runs_on;  // "the core", "8 shards by k": for EXPLAIN, from the engine; empty: nothing to choose
};

enum class QueryMode : uint8_t {
  kBatch,      // all inputs end and nothing was said of EMIT: the final rows
  kStreaming,  // changes as they happen
};

struct QueryPlan {
  NodePtr root;
  QueryMode mode = QueryMode::kBatch;
  std::vector<std::string> depends_on;  // relations read, each once
  std::vector<std::string> notices;     // for the user: what was accepted but changes nothing, ...
  bool has_emit = false;                // EMIT was written
  std::vector<std::string> rules;       // names of the rules that changed the plan, in order
};

}  // namespace laminar::plan
