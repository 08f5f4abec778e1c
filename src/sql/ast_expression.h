// The expressions of the syntax tree: one struct, told apart by its kind.
//
// Which members a kind uses stands beside the kind below; all others keep their defaults. A node owns its children.
// Trees are never deeper than ParserOptions::height_max, so plain recursion over them is safe; AND and OR chains are
// flat (n children), so a WHERE clause of thousands of conditions is not a deep tree.
// Special syntax with function meaning is turned into plain calls by the parser:
//   EXTRACT(f FROM x) -> extract('f', x)           POSITION(a IN b)   -> strpos(b, a)
//   SUBSTRING(x FROM a FOR n) -> substring(x,a,n)  TRIM(LEADING c FROM x) -> ltrim(x, c) (rtrim, btrim alike)
//   OVERLAY(x PLACING y FROM a FOR n) -> overlay(x, y, a, n)           FLOOR(t TO DAY) -> date_trunc('day', t)
//   CURRENT_TIMESTAMP, CURRENT_DATE, LOCALTIMESTAMP, ... -> calls without arguments
//   [e FOR x IN list IF c] -> list_transform(list_filter(list, lambda x: c), lambda x: e)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace laminar::sql {

struct Expression;
struct Query;
struct QueryDeleter {
  void operator()(Query* query) const;  // Query is incomplete here
};
using ExpressionPtr = std::unique_ptr<Expression>;
using QueryPtr = std::unique_ptr<Query, QueryDeleter>;
using Name = std::vector<std::string>;  // the parts of a dotted name, folded or quoted case; never empty where required

// A type as written, nothing resolved: "decimal(10, 2)", "bigint[]", "struct<a int, b map<text, int>>".
struct TypeName {
  std::string name;                      // lower case; some are of several words: "timestamp with time zone"
  std::vector<int64_t> arguments;        // precision, scale, length
  std::vector<TypeName> children;        // "array": the element; "map": key, value; "struct": the fields
  std::vector<std::string> field_names;  // "struct" only, beside children
  TextPosition position;
};

enum class LiteralKind : uint8_t { kNull, kBoolean, kInteger, kDecimal, kFloat, kString };

// A number that does not fit int64 is a kDecimal. Negative numbers are kNegate over a literal, except that
// the parser folds the minus into an integer, decimal or float literal that directly follows it.
struct Literal {
  LiteralKind kind = LiteralKind::kNull;
  bool boolean = false;
  int64_t integer = 0;   // kInteger
  double floating = 0;   // kFloat
  std::string text;      // kString: the value; numbers: canonical digits, for kDecimal the exact value ("-12.50")
};

// months, days and microseconds are kept apart, as a day is not always 24 hours.
struct IntervalValue {
  int64_t months = 0;
  int64_t days = 0;
  int64_t microseconds = 0;
  std::string text;  // as written between the quotes
  std::string unit;  // upper case singular ("MINUTE", "DAY TO SECOND"), empty when the text names its units
  bool IsFixed() const { return months == 0; }  // no calendar unit: days count as 24 hours
  // Whole length in microseconds with days of 24 hours; nullopt if months are present or it overflows.
  std::optional<int64_t> FixedMicroseconds() const;
};

enum class ExpressionKind : uint8_t {
  kLiteral,        // literal
  kTypedLiteral,   // type, literal (kString): DATE '2024-01-01', TIMESTAMP '...', TIME '...', JSON '...'
  kInterval,       // interval
  kColumn,         // name: a, t.a, s.t.a or column.field: the binder decides
  kStar,           // name: qualifier (may be empty); children[0]: base of (expr).*; star: exclude and replace
  kCall,           // name, children: arguments, call
  kUnary,          // unary, children[0]
  kBinary,         // binary, children[0..1]
  kAnd,            // children: two or more
  kOr,             // children: two or more
  kCast,           // children[0], type, try_cast
  kCase,           // [operand] {when then} [else]; has_operand, has_else
  kBetween,        // value, low, high; negated
  kIn,             // children[0]: value; rest: the list, or query; negated
  kLike,           // value, pattern [, escape]; like; negated
  kIsNull,         // children[0]; negated
  kIsDistinct,     // children[0..1]; IS DISTINCT FROM; negated: IS NOT DISTINCT FROM
  kIsBool,         // children[0]; truth; negated
  kExists,         // query (NOT EXISTS is kUnary kNot over it)
  kSubquery,       // query, scalar
  kQuantified,     // value binary ANY/ALL (query or children[1] as array); quantifier
  kArray,          // children: elements
  kStructLiteral,  // labels, children
  kMapLiteral,     // children: key, value, key, value, ...
  kRow,            // children: ROW(...) or (a, b)
  kSubscript,      // base, index
  kSlice,          // base, low, high; a missing bound is a null pointer
  kField,          // children[0]: base; labels[0]: the field: (e).field
  kLambda,         // labels: parameters; children[0]: body
  kParameter,      // parameter: 1-based; ? is numbered in order of appearance
  kAtTimeZone,     // value, zone
  kTableArgument,  // TABLE name [PARTITION BY children]; only as an argument of a table function; or query
};

enum class UnaryOperator : uint8_t { kNot, kNegate, kPlus, kBitNot };

enum class BinaryOperator : uint8_t {
  kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual,
  kAdd, kSubtract, kMultiply, kDivide, kModulo, kPower, kConcat,
  kBitAnd, kBitOr, kBitXor, kShiftLeft, kShiftRight,
  kJsonGet,       // ->
  kJsonGetText,   // ->>
  kJsonPath,      // #>
  kJsonPathText,  // #>>
  kJsonExists,    // ?
  kContains,      // @>
  kContainedBy,   // <@
  kRegexMatch, kRegexMatchInsensitive, kRegexNotMatch, kRegexNotMatchInsensitive,  // ~ ~* !~ !~*
};

enum class LikeKind : uint8_t { kLike, kILike, kSimilar };
enum class Truth : uint8_t { kTrue, kFalse, kUnknown };
enum class Quantifier : uint8_t { kAny, kAll };
enum class NullTreatment : uint8_t { kDefault, kRespect, kIgnore };
enum class NullsOrder : uint8_t { kDefault, kFirst, kLast };

struct OrderItem {
  ExpressionPtr expression;
  bool descending = false;
  NullsOrder nulls = NullsOrder::kDefault;
};

enum class FrameUnit : uint8_t { kRows, kRange, kGroups };
enum class FrameBoundKind : uint8_t {
  kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing
};
enum class FrameExclude : uint8_t { kNoOthers, kCurrentRow, kGroup, kTies };

struct FrameBound {
  FrameBoundKind kind = FrameBoundKind::kUnboundedPreceding;
  ExpressionPtr offset;  // kPreceding and kFollowing
};

struct WindowFrame {
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start;
  FrameBound end{FrameBoundKind::kCurrentRow, nullptr};
  FrameExclude exclude = FrameExclude::kNoOthers;
};

// OVER w: base alone. OVER (w PARTITION BY ... ORDER BY ... ROWS ...): any part may be absent.
struct WindowSpec {
  std::string base;  // name of a window of the WINDOW clause; may be empty
  std::vector<ExpressionPtr> partition_by;
  std::vector<OrderItem> order_by;
  std::optional<WindowFrame> frame;
};

// What a call may carry beyond name and arguments. count(*) has one kStar argument.
struct CallDetail {
  bool distinct = false;
  std::vector<std::string> argument_names;  // empty, or one per argument ("" = positional): f(size => 1)
  std::vector<OrderItem> order_by;          // inside the parentheses
  std::vector<OrderItem> within_group;
  ExpressionPtr filter;
  std::optional<std::string> separator;     // GROUP_CONCAT(x SEPARATOR ';')
  NullTreatment null_treatment = NullTreatment::kDefault;
  std::unique_ptr<WindowSpec> over;
};

struct StarReplace {
  ExpressionPtr expression;
  std::string column;
};
struct StarDetail {
  std::vector<std::string> exclude;
  std::vector<StarReplace> replace;
};

struct Expression {
  Expression() = default;
  Expression(ExpressionKind k, TextPosition p) : kind(k), position(p) {}

  ExpressionKind kind = ExpressionKind::kLiteral;
  bool negated = false;
  bool try_cast = false;
  bool has_operand = false;
  bool has_else = false;
  UnaryOperator unary = UnaryOperator::kNot;
  BinaryOperator binary = BinaryOperator::kEqual;
  LikeKind like = LikeKind::kLike;
  Truth truth = Truth::kTrue;
  Quantifier quantifier = Quantifier::kAny;
  uint16_t height = 1;        // levels of the tree from here down
  uint32_t parameter = 0;
  TextPosition position;      // of the token that names it: the operator of a binary, the first token else
  Name name;
  std::vector<ExpressionPtr> children;
  std::vector<std::string> labels;
  Literal literal;
  std::unique_ptr<IntervalValue> interval;
  std::unique_ptr<TypeName> type;
  std::unique_ptr<CallDetail> call;  // null when there is nothing to say beyond the arguments
  std::unique_ptr<StarDetail> star;  // null when plain
  QueryPtr query;
};

// A deep copy. Cost: the size of the tree.
ExpressionPtr Clone(const Expression& expression);

}  // namespace laminar::sql
