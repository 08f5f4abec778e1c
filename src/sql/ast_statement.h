// Statements of the syntax tree: a variant of plain structs, each with just what was written.
#pragma once

#include <variant>

#include "sql/ast_query.h"

namespace laminar::sql {

struct Statement;
using StatementPtr = std::unique_ptr<Statement>;

enum class ObjectKind : uint8_t { kSource, kSink, kContinuousQuery, kMaterializedView, kView, kTable };

enum class GeneratedKind : uint8_t { kNone, kVirtual, kStored };

struct ColumnDefinition {
  std::string name;
  std::optional<TypeName> type;  // absent only for "name AS (expr)"
  bool not_null = false;
  bool primary_key = false;
  ExpressionPtr default_value;
  ExpressionPtr generated;  // null: an ordinary column
  GeneratedKind generated_kind = GeneratedKind::kNone;
  TextPosition position;
};

struct WatermarkDefinition {
  Name column;
  ExpressionPtr expression;          // null: WATERMARK FOR ts (ascending)
  std::vector<std::string> per_key;  // PER KEY (...); usually empty
  TextPosition position;
};

// The parenthesised part of CREATE SOURCE and CREATE TABLE. Several watermarks parse, so that the planner can
// answer LDB-A006 with the position of the second.
struct Definition {
  std::vector<ColumnDefinition> columns;
  std::vector<WatermarkDefinition> watermarks;
  std::vector<std::string> primary_key;  // of the table constraint
  TextPosition primary_key_position;
};

struct FormatClause {
  std::string format;  // lower case; empty: no clause
  std::string encode;  // lower case; may be empty
  Options options;
  TextPosition position;
};

struct CreateSource {
  Name name;
  bool or_replace = false;
  bool if_not_exists = false;
  Definition definition;  // no columns: to be inferred
  Options options;
  FormatClause format;
};

struct CreateTable {
  Name name;
  bool or_replace = false;
  bool if_not_exists = false;
  bool lookup = false;  // CREATE LOOKUP TABLE
  Definition definition;
  QueryPtr query;  // CREATE TABLE ... AS; else null
  Options options;
};

struct CreateSink {
  Name name;
  bool or_replace = false;
  bool if_not_exists = false;
  std::vector<ColumnDefinition> columns;
  Name from;             // FROM relation; or
  QueryPtr query;        // FROM (query) or AS query; neither: fed by INSERT INTO
  StreamClauses stream;  // with FROM relation only: beside a query the clauses are moved onto the query
  Options options;
  FormatClause format;
};

struct CreateContinuousQuery {
  Name name;
  bool or_replace = false;
  bool if_not_exists = false;
  Name into;  // may be empty
  QueryPtr query;
  Options options;
};

struct CreateView {
  Name name;
  bool materialized = false;
  bool or_replace = false;
  bool if_not_exists = false;
  std::vector<std::string> columns;
  QueryPtr query;
  Options options;  // before AS and after the query, joined
};

enum class DropBehaviour : uint8_t { kDefault, kRestrict, kCascade };

struct Drop {
  ObjectKind kind = ObjectKind::kSource;
  std::vector<Name> names;
  bool if_exists = false;
  DropBehaviour behaviour = DropBehaviour::kDefault;
};

struct Insert {
  Name table;
  std::vector<std::string> columns;
  QueryPtr query;  // a VALUES body for literal rows. The word DEFAULT as a value is refused
};

struct Assignment {
  std::string column;
  ExpressionPtr value;
  TextPosition position;
};

struct Update {
  Name table;
  std::string alias;
  std::vector<Assignment> assignments;
  ExpressionPtr where;
};

struct Delete {
  Name table;
  std::string alias;
  ExpressionPtr where;
};

struct SelectStatement {
  QueryPtr query;
  ExpressionPtr as_of_epoch;  // AS OF EPOCH n
  Options options;            // SELECT ... WITH (retraction_horizon = '1 hour')
};

enum class ExplainFormat : uint8_t { kText, kJson, kDot };

struct Explain {
  bool streaming = false;
  bool analyze = false;
  bool verbose = false;
  ExplainFormat format = ExplainFormat::kText;
  StatementPtr statement;
};

enum class ShowKind : uint8_t {
  kSources,
  kSinks,
  kTables,
  kViews,
  kMaterializedViews,
  kContinuousQueries,
  kQueries,
  kFunctions,
  kVariables,
  kMetrics,
  kConnectors,
  kCheckpoints,
  kPrepared,
  kRuntime,
  kDependencies,  // name
  kDependents,    // name
  kWatermarks,    // name, may be empty
  kCreate,        // object, name
  kColumns,       // name
  kVariable,      // variable
};

struct Show {
  ShowKind kind = ShowKind::kSources;
  ObjectKind object = ObjectKind::kSource;
  Name name;
  std::string variable;             // "window.max_overlap"
  std::optional<std::string> like;  // SHOW FUNCTIONS LIKE 'list%'
};

struct Describe {
  Name name;  // or
  QueryPtr query;
};

struct Set {
  std::string variable;
  Option value;  // value and kind; key repeats the variable
};
struct Reset {
  std::string variable;  // empty: RESET ALL
};

struct Prepare {
  std::string name;
  std::vector<TypeName> types;
  StatementPtr statement;
};
struct Execute {
  std::string name;
  std::vector<ExpressionPtr> arguments;
};
struct Deallocate {
  std::string name;  // empty: ALL
};

enum class AlterAction : uint8_t { kPause, kResume };
struct Alter {
  ObjectKind kind = ObjectKind::kMaterializedView;  // or kContinuousQuery, kSink, kSource
  Name name;
  AlterAction action = AlterAction::kPause;
};

struct Subscribe {
  Name name;  // or
  QueryPtr query;
  Options options;
  ExpressionPtr as_of;
  bool as_of_is_epoch = false;
  ExpressionPtr up_to;
};

struct WaitFor {
  Name name;
  ExpressionPtr timeout;  // kInterval; null: no limit
};

struct Checkpoint {};

struct Savepoint {
  std::string directory;  // SAVEPOINT TO 'directory'
};

using StatementNode = std::variant<SelectStatement, CreateSource, CreateTable, CreateSink, CreateContinuousQuery,
                                   CreateView, Drop, Insert, Update, Delete, Explain, Show, Describe, Set, Reset,
                                   Prepare, Execute, Deallocate, Alter, Subscribe, WaitFor, Checkpoint, Savepoint>;

struct Statement {
  StatementNode node;
  TextPosition position;     // of the first token
  uint32_t text_offset = 0;  // the source text, without the closing semicolon
  uint32_t text_length = 0;
  uint32_t parameter_count = 0;  // the highest $n, or how many ?
};

}  // namespace laminar::sql
