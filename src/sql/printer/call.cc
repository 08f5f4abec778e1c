// Printing calls, windows, ORDER BY lists, types and names.
#include <algorithm>

#include "sql/keywords.h"
#include "sql/printer/printer_state.h"
#include "sql/printer.h"

namespace laminar::sql {
namespace {

// Bare words that would be read as something else where a column may stand.
constexpr std::string_view kQuotedColumns[] = {"array",        "current_date", "current_time",
                                               "current_timestamp", "localtime", "localtimestamp"};
// Reserved words that are functions all the same. ANY and SOME are too, but after a comparison they would quantify, so
// they are quoted.
constexpr std::string_view kBareFunctions[] = {"left", "right"};

template <size_t n>
bool IsOneOf(std::string_view word, const std::string_view (&words)[n]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool IsPlainWord(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::string Quoted(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    out += c;
    if (c == mark) out += c;
  }
  out += mark;
  return out;
}

std::string FunctionName(const Name& name) {
  const bool must_quote = name.size() == 1 && (name[0] == "try_cast" || name[0] == "row");
  if (must_quote) return Quoted(name[0], '"');
  if (name.size() == 1 && (IsOneOf(name[0], kBareFunctions) || IsOneOf(name[0], kQuotedColumns))) return name[0];
  return PrintName(name);
}

// Would the text begin with "x ->"? As an argument of a higher-order function it would read as a lambda.
bool BeginsWithArrow(const Expression& e) {
  const Expression* node = &e;
  while (StrengthOf(*node) > kStrengthNone && StrengthOf(*node) < kStrengthPostfix &&
         node->kind != ExpressionKind::kUnary && !node->children.empty()) {
    const Expression* first = node->children[0].get();
    const bool is_arrow = node->kind == ExpressionKind::kBinary && node->binary == BinaryOperator::kJsonGet;
    if (is_arrow && first->kind == ExpressionKind::kColumn) return true;
    node = first;
  }
  return false;
}

bool IsFrameWord(std::string_view word) {
  return word == "partition" || word == "rows" || word == "range" || word == "groups";
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) {
  if (IsPlainWord(name) && !IsReserved(name) && !IsOneOf(name, kQuotedColumns)) return std::string(name);
  return Quoted(name, '"');
}

std::string QuoteString(std::string_view text) { return Quoted(text, '\''); }

std::string PrintName(const Name& name) {
  std::string out;
  for (const std::string& part : name) {
    if (!out.empty()) out += '.';
    out += QuoteIdentifier(part);
  }
  return out;
}

void Printer::WriteNames(const std::vector<std::string>& names) {
  Write("(");
  for (size_t i = 0; i < names.size(); ++i) Write((i > 0 ? ", " : "") + QuoteIdentifier(names[i]));
  Write(")");
}

void Printer::PrintType(const TypeName& type) {
  if (type.name == "array" && !type.children.empty()) {
    PrintType(type.children[0]);
    return Write("[]");
  }
  if ((type.name == "struct" || type.name == "map") && !type.children.empty()) {
    Write(type.name == "map" ? "MAP(" : "STRUCT(");
    for (size_t i = 0; i < type.children.size(); ++i) {
      if (i > 0) Write(", ");
      if (type.name == "struct") Write(QuoteIdentifier(type.field_names[i]) + " ");
      PrintType(type.children[i]);
    }
    return Write(")");
  }
  constexpr std::string_view kZone = " with time zone";
  std::string_view head = type.name;
  const bool zoned = head.ends_with(kZone);
  if (zoned) head.remove_suffix(kZone.size());
  if (IsPlainWord(head) && !IsReserved(head)) {
    for (const char c : head) out_ += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  } else {
    Write(QuoteIdentifier(head));
  }
  for (size_t i = 0; i < type.arguments.size(); ++i) {
    Write((i > 0 ? ", " : "(") + std::to_string(type.arguments[i]));
  }
  if (!type.arguments.empty()) Write(")");
  if (zoned) Write(" WITH TIME ZONE");
}

void Printer::PrintCall(const Expression& e) {
  Write(FunctionName(e.name));
  Write("(");
  PrintArguments(e);
  Write(")");
  if (!e.call) return;
  const CallDetail& call = *e.call;
  if (!call.within_group.empty()) {
    Write(" WITHIN GROUP (ORDER BY ");
    PrintOrder(call.within_group);
    Write(")");
  }
  if (call.filter) {
    Write(" FILTER (WHERE ");
    Operand(*call.filter, kStrengthNone);
    Write(")");
  }
  if (call.null_treatment == NullTreatment::kIgnore) Write(" IGNORE NULLS");
  if (call.null_treatment == NullTreatment::kRespect) Write(" RESPECT NULLS");
  if (!call.over) return;
  Write(" OVER ");
  const WindowSpec& over = *call.over;
  if (!over.base.empty() && over.partition_by.empty() && over.order_by.empty() && !over.frame) {
    return Write(QuoteIdentifier(over.base));
  }
  Write("(");
  PrintWindow(over);
  Write(")");
}

void Printer::PrintArguments(const Expression& e) {
  if (e.call && e.call->distinct) Write("DISTINCT ");
  for (size_t i = 0; i < e.children.size(); ++i) {
    if (i > 0) Write(", ");
    if (e.call && !e.call->argument_names.empty() && !e.call->argument_names[i].empty()) {
      Write(QuoteIdentifier(e.call->argument_names[i]) + " => ");
    }
    // The first argument of position(...) must not read as position(a IN b).
    const bool is_position = i == 0 && e.name.size() == 1 && e.name[0] == "position";
    const bool reads_as_lambda = IsHigherOrder(e.name.back()) && BeginsWithArrow(*e.children[i]);
    Operand(*e.children[i], is_position ? kStrengthRange + 1 : reads_as_lambda ? kStrengthPostfix : kStrengthNone);
  }
  if (!e.call) return;
  if (!e.call->order_by.empty()) {
    Write(" ORDER BY ");
    PrintOrder(e.call->order_by);
  }
  if (e.call->separator) Write(" SEPARATOR " + QuoteString(*e.call->separator));
}

void Printer::PrintWindow(const WindowSpec& spec) {
  std::string_view gap = "";
  if (!spec.base.empty()) {
    Write(IsFrameWord(spec.base) ? Quoted(spec.base, '"') : QuoteIdentifier(spec.base));
    gap = " ";
  }
  if (!spec.partition_by.empty()) {
    Write(gap);
    Write("PARTITION BY ");
    List(spec.partition_by);
    gap = " ";
  }
  if (!spec.order_by.empty()) {
    Write(gap);
    Write("ORDER BY ");
    PrintOrder(spec.order_by);
    gap = " ";
  }
  if (!spec.frame) return;
  Write(gap);
  PrintFrame(*spec.frame);
}

void Printer::PrintFrame(const WindowFrame& frame) {
  Write(frame.unit == FrameUnit::kRows ? "ROWS" : frame.unit == FrameUnit::kRange ? "RANGE" : "GROUPS");
  Write(" BETWEEN ");
  PrintBound(frame.start);
  Write(" AND ");
  PrintBound(frame.end);
  switch (frame.exclude) {
    case FrameExclude::kNoOthers: return;
    case FrameExclude::kCurrentRow: return Write(" EXCLUDE CURRENT ROW");
    case FrameExclude::kGroup: return Write(" EXCLUDE GROUP");
    case FrameExclude::kTies: return Write(" EXCLUDE TIES");
  }
}

void Printer::PrintBound(const FrameBound& bound) {
  switch (bound.kind) {
    case FrameBoundKind::kUnboundedPreceding: return Write("UNBOUNDED PRECEDING");
    case FrameBoundKind::kUnboundedFollowing: return Write("UNBOUNDED FOLLOWING");
    case FrameBoundKind::kCurrentRow: return Write("CURRENT ROW");
    case FrameBoundKind::kPreceding: case FrameBoundKind::kFollowing:
      Operand(*bound.offset, kStrengthRange + 1);
      return Write(bound.kind == FrameBoundKind::kPreceding ? " PRECEDING" : " FOLLOWING");
  }
}

void Printer::PrintOrder(const std::vector<OrderItem>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) Write(", ");
    Operand(*items[i].expression, kStrengthNone);
    if (items[i].descending) Write(" DESC");
    if (items[i].nulls == NullsOrder::kFirst) Write(" NULLS FIRST");
    if (items[i].nulls == NullsOrder::kLast) Write(" NULLS LAST");
  }
}

}  // namespace laminar::sql
