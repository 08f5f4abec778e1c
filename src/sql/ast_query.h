// Queries of the syntax tree: SELECT, set operations, VALUES, relations in FROM, and the stream clauses.
//
// Nothing is resolved: a name is a list of parts. Stream clauses stand on the query they close; the parser lets EMIT
// and LATE DATA TO stand on the outermost query of a statement only (LDB-P009), ALLOW LATENESS also on an inner one.
#pragma once

#include "sql/ast_expression.h"

namespace laminar::sql {

enum class OptionKind : uint8_t { kString, kNumber, kBoolean, kInterval, kWord };

// One entry of WITH (...): the key verbatim (case kept when quoted or not), the value in its one canonical text form:
// numbers as written, booleans "true"/"false", intervals "7 days", words as written.
struct Option {
  std::string key;
  std::string value;
  OptionKind kind = OptionKind::kString;
  TextPosition position;        // of the key
  TextPosition value_position;
};
using Options = std::vector<Option>;

enum class EmitKind : uint8_t { kUnspecified, kOnWatermark, kOnWindowClose, kOnUpdate, kEvery, kChanges, kFinal };

struct StreamClauses {
  EmitKind emit = EmitKind::kUnspecified;
  ExpressionPtr every;         // kEvery: kInterval, kCast as in CAST($1 AS INTERVAL), or kParameter
  ExpressionPtr delay;         // EMIT ... WITH DELAY: kInterval or a string literal; else null
  ExpressionPtr lateness;      // ALLOW LATENESS, like every; else null
  Name late_to;                // LATE DATA TO; else empty
  TextPosition emit_position;  // of EMIT, ALLOW and LATE
  TextPosition lateness_position;
  TextPosition late_to_position;
  bool IsEmpty() const { return emit == EmitKind::kUnspecified && !lateness && late_to.empty(); }
};

enum class TableRefKind : uint8_t { kNamed, kSubquery, kFunction, kJoin };
enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross, kSemi, kAnti };
enum class MatchKind : uint8_t { kNone, kCondition, kNearest };

struct TableRef;
using TableRefPtr = std::unique_ptr<TableRef>;

struct Join {
  JoinKind kind = JoinKind::kInner;
  bool natural = false;
  bool asof = false;
  TableRefPtr left;
  TableRefPtr right;
  ExpressionPtr on;                // null: USING, NATURAL, CROSS
  std::vector<std::string> using_columns;
  // ASOF only. kCondition: one expression; kNearest: none (both event-time columns) or two.
  MatchKind match = MatchKind::kNone;
  std::vector<ExpressionPtr> match_arguments;
  ExpressionPtr tolerance;
};

struct TableRef {
  TableRefKind kind = TableRefKind::kNamed;
  bool lateral = false;
  bool latest = false;             // JOIN LATEST t
  bool with_ordinality = false;    // UNNEST(...) WITH ORDINALITY
  TextPosition position;
  Name name;                       // kNamed
  QueryPtr query;                  // kSubquery
  // kFunction: a kCall. TUMBLE(sales, ts, ...) keeps the relation as a kColumn argument, a sub-query as kSubquery,
  // TABLE t as kTableArgument, DESCRIPTOR(ts) as a call. TABLE(f(...)) is f(...).
  ExpressionPtr function;
  std::unique_ptr<Join> join;      // kJoin
  std::string alias;               // may be empty
  std::vector<std::string> column_aliases;
  uint16_t height = 1;             // levels of the tree from here down
  ExpressionPtr as_of;             // FOR SYSTEM_TIME AS OF
  Name versioned_on;
  Name timestamp_by;
};

enum class GroupKind : uint8_t { kExpression, kRollup, kCube, kGroupingSets };

struct GroupItem {
  GroupKind kind = GroupKind::kExpression;
  ExpressionPtr expression;                       // kExpression
  std::vector<std::vector<ExpressionPtr>> sets;   // ROLLUP (a, (b, c)): {a} {b c}; GROUPING SETS ((a), ()): {a} {}
  TextPosition position;
};

struct SelectItem {
  ExpressionPtr expression;
  std::string alias;  // may be empty: see CanonicalName in printer.h
};

struct NamedWindow {
  std::string name;
  WindowSpec spec;
};

enum class FillKind : uint8_t { kNone, kNull, kPrevious, kLinear, kConstant };
enum class AlignKind : uint8_t { kDefault, kFirstObservation, kCalendar };

struct Fill {
  FillKind kind = FillKind::kNone;
  ExpressionPtr constant;
};

struct SampleBy {
  ExpressionPtr interval;  // kInterval
  std::vector<Fill> fill;  // empty: no FILL clause
  AlignKind align = AlignKind::kDefault;
  std::string time_zone;   // ALIGN TO CALENDAR TIME ZONE '...'
  std::string offset;      // ALIGN TO CALENDAR WITH OFFSET '...'
  TextPosition position;
};

struct Select {
  bool distinct = false;
  std::vector<ExpressionPtr> distinct_on;
  std::vector<SelectItem> items;
  std::vector<TableRefPtr> from;  // the comma list; each may be a join tree
  ExpressionPtr where;
  bool group_by_all = false;
  std::vector<GroupItem> group_by;
  ExpressionPtr having;
  ExpressionPtr qualify;
  std::vector<NamedWindow> windows;
  std::unique_ptr<SampleBy> sample_by;
  TextPosition position;
};

enum class SetOperator : uint8_t { kUnion, kIntersect, kExcept };
enum class BodyKind : uint8_t { kSelect, kSetOperation, kValues, kNested };

struct QueryBody;
using QueryBodyPtr = std::unique_ptr<QueryBody>;

struct QueryBody {
  BodyKind kind = BodyKind::kSelect;
  uint16_t height = 1;  // levels of the tree from here down
  TextPosition position;
  std::unique_ptr<Select> select;
  // kSetOperation: two or more inputs, combined from left to right: (a op b) op c.
  SetOperator op = SetOperator::kUnion;
  bool all = false;
  std::vector<QueryBodyPtr> inputs;
  std::vector<std::vector<ExpressionPtr>> values;  // kValues: rows of equal length
  QueryPtr nested;                                 // kNested: ( query ) with its own ORDER BY, LIMIT or WITH
};

struct CommonTable {
  std::string name;
  std::vector<std::string> columns;
  QueryPtr query;
  TextPosition position;
};

struct Query {
  bool recursive = false;
  std::vector<CommonTable> with;
  QueryBodyPtr body;
  std::vector<OrderItem> order_by;
  ExpressionPtr limit;   // null: none (LIMIT ALL alike)
  ExpressionPtr offset;
  StreamClauses stream;
  TextPosition position;
  uint16_t height = 1;   // levels of the tree from here down
  uint32_t text_offset = 0;  // the query's own text in the statement's source
  uint32_t text_length = 0;
};

QueryPtr MakeQuery();

// A deep copy. Cost: the size of the tree.
QueryPtr Clone(const Query& query);

}  // namespace laminar::sql
