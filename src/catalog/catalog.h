// The catalog: names and what they mean. Definitions are immutable once in; the catalog maps a name to its present
// definition.
//
// Owned by the engine, which serialises access; a definition may be read from any thread while somebody holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "data/type.h"
#include "expr/expr.h"

namespace laminar::catalog {

enum class RelationKind : uint8_t { kSource, kTable, kView, kMaterializedView, kSink };

// "source", "table", "view", "materialized view", "sink".
std::string_view KindName(RelationKind kind);

using OptionList = std::vector<std::pair<std::string, std::string>>;

struct WatermarkDefinition {
  uint32_t column = 0;  // of the relation's schema
  Duration delay = 0;   // watermark = largest time - delay
};

struct Relation {
  std::string name;
  RelationKind kind = RelationKind::kSource;
  data::Schema schema;                  // what queries see
  std::string sql;                      // the statement that made it
  OptionList options;                   // WITH (...), placeholders unexpanded
  std::vector<std::string> depends_on;  // relations its query reads

  // Sources and tables.
  std::string connector;               // "memory" when rows come from the program
  data::Schema physical;               // columns the connector delivers; then generated ones follow in `schema` order
  std::vector<expr::ExprPtr> columns;  // schema column i over the physical columns; empty: physical == schema
  std::optional<WatermarkDefinition> watermark;
  std::vector<uint32_t> primary_key;  // schema columns
  bool replayable = false;            // a new reader starts from the first row
  bool bounded = false;               // it ends by itself

  // Views (text of the query) and what the planner proved of their output.
  std::string query;
  bool append_only = true;
  std::optional<std::vector<uint32_t>> upsert_key;
  std::vector<bool> time_attribute;  // per schema column; empty: none
  bool has_watermark = false;        // event-time progress is known downstream
  data::Schema late_schema;          // of late('view'): the columns its window looks at; empty without a window
};

using RelationPtr = std::shared_ptr<const Relation>;

// A key whose value must not be shown: password, secret, token, key.
bool IsSecretOption(std::string_view key);

class Catalog {
 public:
  RelationPtr Find(std::string_view name) const;  // null when absent
  // Find, or kUnknownRelation with the nearest name as hint.
  Result<RelationPtr> Get(std::string_view name) const;
  Status CheckFree(std::string_view name) const;  // kAlreadyExists
  Status Add(RelationPtr relation);               // the same
  void Replace(RelationPtr relation);
  void Remove(std::string_view name);
  std::vector<RelationPtr> All() const;                              // in order of creation
  std::vector<RelationPtr> Dependents(std::string_view name) const;  // direct ones
  // All that depends on it, farthest first, itself not included.
  std::vector<RelationPtr> DependentsDeep(std::string_view name) const;

 private:
  std::vector<RelationPtr> relations_;
};

}  // namespace laminar::catalog
