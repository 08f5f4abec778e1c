// Printing expressions with the fewest parentheses.
#include <utility>

#include "sql/printer/printer_state.h"
#include "sql/printer.h"

namespace laminar::sql {
namespace {

constexpr int kPrimary = kStrengthPostfix + 1;

struct OperatorEntry {
  std::string_view text;
  int strength;
};

// In the order of BinaryOperator.
constexpr OperatorEntry kOperators[] = {
    {"=", kStrengthComparison}, {"<>", kStrengthComparison}, {"<", kStrengthComparison}, {"<=", kStrengthComparison},
    {">", kStrengthComparison}, {">=", kStrengthComparison}, {"+", kStrengthAdd},        {"-", kStrengthAdd},
    {"*", kStrengthMultiply},   {"/", kStrengthMultiply},    {"%", kStrengthMultiply},   {"^", kStrengthPower},
    {"||", kStrengthOther},     {"&", kStrengthOther},       {"|", kStrengthOther},      {"#", kStrengthOther},
    {"<<", kStrengthOther},     {">>", kStrengthOther},      {"->", kStrengthOther},     {"->>", kStrengthOther},
    {"#>", kStrengthOther},     {"#>>", kStrengthOther},     {"?", kStrengthOther},      {"@>", kStrengthOther},
    {"<@", kStrengthOther},     {"~", kStrengthOther},       {"~*", kStrengthOther},     {"!~", kStrengthOther},
    {"!~*", kStrengthOther}};

const OperatorEntry& EntryOf(BinaryOperator op) { return kOperators[static_cast<size_t>(op)]; }

bool IsNumber(const Literal& literal) {
  return literal.kind == LiteralKind::kInteger || literal.kind == LiteralKind::kDecimal ||
         literal.kind == LiteralKind::kFloat;
}

}  // namespace

std::string_view OperatorText(BinaryOperator op) { return EntryOf(op).text; }
int StrengthOf(BinaryOperator op) { return EntryOf(op).strength; }

int StrengthOf(const Expression& e) {
  switch (e.kind) {
    case ExpressionKind::kLiteral:
      return IsNumber(e.literal) && e.literal.text.starts_with('-') ? kStrengthUnary : kPrimary;
    case ExpressionKind::kUnary:
      return e.unary == UnaryOperator::kNot      ? kStrengthNot
             : e.unary == UnaryOperator::kBitNot ? kStrengthOther
                                                 : kStrengthUnary;
    case ExpressionKind::kBinary: return StrengthOf(e.binary);
    case ExpressionKind::kQuantified: return kStrengthComparison;
    case ExpressionKind::kAnd: return kStrengthAnd;
    case ExpressionKind::kOr: return kStrengthOr;
    case ExpressionKind::kBetween: case ExpressionKind::kIn: case ExpressionKind::kLike: return kStrengthRange;
    case ExpressionKind::kIsNull: case ExpressionKind::kIsDistinct: case ExpressionKind::kIsBool: return kStrengthIs;
    case ExpressionKind::kAtTimeZone: return kStrengthAtTimeZone;
    case ExpressionKind::kSubscript: case ExpressionKind::kSlice: case ExpressionKind::kField: return kStrengthPostfix;
    case ExpressionKind::kLambda: return kStrengthNone;
    case ExpressionKind::kTypedLiteral: case ExpressionKind::kInterval: case ExpressionKind::kColumn:
    case ExpressionKind::kStar: case ExpressionKind::kCall: case ExpressionKind::kCast: case ExpressionKind::kCase:
    case ExpressionKind::kExists: case ExpressionKind::kSubquery: case ExpressionKind::kArray:
    case ExpressionKind::kStructLiteral: case ExpressionKind::kMapLiteral: case ExpressionKind::kRow:
    case ExpressionKind::kParameter: case ExpressionKind::kTableArgument: return kPrimary;
  }
  std::unreachable();
}

// An operand that must bind at least as strongly as `least`; parentheses where it does not.
void Printer::Operand(const Expression& expression, int least) {
  const int strength = StrengthOf(expression);
  const bool wrap = strength < least || (all_parentheses_ && strength < kStrengthPostfix && least > kStrengthNone);
  if (wrap) Write("(");
  PrintExpression(expression);
  if (wrap) Write(")");
}

void Printer::List(const std::vector<ExpressionPtr>& list, size_t from) {
  for (size_t i = from; i < list.size(); ++i) {
    if (i > from) Write(", ");
    Operand(*list[i], kStrengthNone);
  }
}

void Printer::PrintExpression(const Expression& e) {
  switch (e.kind) {
    case ExpressionKind::kLiteral: return PrintLiteral(e.literal);
    case ExpressionKind::kTypedLiteral:
      PrintType(*e.type);
      Write(" ");
      return Write(QuoteString(e.literal.text));
    case ExpressionKind::kInterval: return PrintInterval(*e.interval);
    case ExpressionKind::kColumn: return Write(PrintName(e.name));
    case ExpressionKind::kStar: return PrintStar(e);
    case ExpressionKind::kCall: return PrintCall(e);
    case ExpressionKind::kUnary: return PrintUnary(e);
    case ExpressionKind::kBinary: case ExpressionKind::kQuantified: return PrintBinary(e);
    case ExpressionKind::kAnd: return PrintChain(e, " AND ", kStrengthAnd);
    case ExpressionKind::kOr: return PrintChain(e, " OR ", kStrengthOr);
    case ExpressionKind::kCast:
      Write(e.try_cast ? "TRY_CAST(" : "CAST(");
      Child(e, 0, kStrengthNone);
      Write(" AS ");
      PrintType(*e.type);
      return Write(")");
    case ExpressionKind::kCase: return PrintCase(e);
    case ExpressionKind::kBetween: case ExpressionKind::kIn: case ExpressionKind::kLike: return PrintRange(e);
    case ExpressionKind::kIsNull: case ExpressionKind::kIsDistinct: case ExpressionKind::kIsBool: return PrintIs(e);
    case ExpressionKind::kExists: Write("EXISTS "); return PrintSubquery(*e.query);
    case ExpressionKind::kSubquery: return PrintSubquery(*e.query);
    case ExpressionKind::kArray: Write("["); List(e.children); return Write("]");
    case ExpressionKind::kStructLiteral: return PrintStruct(e);
    case ExpressionKind::kMapLiteral: return PrintMap(e);
    case ExpressionKind::kRow: Write("ROW("); List(e.children); return Write(")");
    case ExpressionKind::kSubscript: case ExpressionKind::kSlice: case ExpressionKind::kField: return PrintAccess(e);
    case ExpressionKind::kLambda:
      Write("lambda ");
      for (size_t i = 0; i < e.labels.size(); ++i) Write((i > 0 ? ", " : "") + QuoteIdentifier(e.labels[i]));
      Write(": ");
      return Child(e, 0, kStrengthNone);
    case ExpressionKind::kParameter: return Write("$" + std::to_string(e.parameter));
    case ExpressionKind::kAtTimeZone:
      Child(e, 0, kStrengthAtTimeZone);
      Write(" AT TIME ZONE ");
      return Child(e, 1, kStrengthAtTimeZone + 1);
    case ExpressionKind::kTableArgument: return PrintTableArgument(e);
  }
}

void Printer::PrintLiteral(const Literal& literal) {
  switch (literal.kind) {
    case LiteralKind::kNull: return Write("NULL");
    case LiteralKind::kBoolean: return Write(literal.boolean ? "TRUE" : "FALSE");
    case LiteralKind::kInteger: case LiteralKind::kDecimal: case LiteralKind::kFloat: return Write(literal.text);
    case LiteralKind::kString: return Write(QuoteString(literal.text));
  }
}

void Printer::PrintInterval(const IntervalValue& interval) {
  Write("INTERVAL " + QuoteString(interval.text));
  if (!interval.unit.empty()) Write(" " + interval.unit);
}

void Printer::PrintUnary(const Expression& e) {
  switch (e.unary) {
    case UnaryOperator::kNot:
      Write("NOT ");
      return Child(e, 0, kStrengthNot + 1);
    case UnaryOperator::kBitNot:
      Write("~");
      return Child(e, 0, kStrengthOther + 1);
    case UnaryOperator::kPlus:
      Write("+");
      return Child(e, 0, kStrengthUnary);
    case UnaryOperator::kNegate: {
      Write("-");
      // "--" would begin a comment.
      const Expression& operand = *e.children[0];
      const bool has_sign = operand.kind == ExpressionKind::kLiteral ||
                            (operand.kind == ExpressionKind::kUnary && operand.unary == UnaryOperator::kNegate);
      return Operand(operand, has_sign ? kPrimary : kStrengthUnary);
    }
  }
}

void Printer::PrintBinary(const Expression& e) {
  const int strength = StrengthOf(e.binary);
  Child(e, 0, strength == kStrengthComparison ? strength + 1 : strength);
  Write(" ");
  Write(OperatorText(e.binary));
  Write(" ");
  if (e.kind == ExpressionKind::kBinary) return Child(e, 1, strength + 1);
  Write(e.quantifier == Quantifier::kAny ? "ANY " : "ALL ");
  if (e.query) return PrintSubquery(*e.query);
  Write("(");
  Child(e, 1, kStrengthNone);
  Write(")");
}

void Printer::PrintChain(const Expression& e, std::string_view word, int strength) {
  for (size_t i = 0; i < e.children.size(); ++i) {
    if (i > 0) Write(word);
    Child(e, i, strength + 1);
  }
}

void Printer::PrintRange(const Expression& e) {
  Child(e, 0, kStrengthRange + 1);
  Write(e.negated ? " NOT " : " ");
  if (e.kind == ExpressionKind::kBetween) {
    Write("BETWEEN ");
    Child(e, 1, kStrengthRange + 1);
    Write(" AND ");
    Child(e, 2, kStrengthRange + 1);
  } else if (e.kind == ExpressionKind::kIn) {
    Write("IN ");
    if (e.query) return PrintSubquery(*e.query);
    Write("(");
    List(e.children, 1);
    Write(")");
  } else {
    Write(e.like == LikeKind::kLike ? "LIKE " : e.like == LikeKind::kILike ? "ILIKE " : "SIMILAR TO ");
    Child(e, 1, kStrengthRange + 1);
    if (e.children.size() < 3) return;
    Write(" ESCAPE ");
    Child(e, 2, kStrengthRange + 1);
  }
}

void Printer::PrintIs(const Expression& e) {
  Child(e, 0, kStrengthIs + 1);
  Write(e.negated ? " IS NOT " : " IS ");
  if (e.kind == ExpressionKind::kIsNull) return Write("NULL");
  if (e.kind == ExpressionKind::kIsBool) {
    return Write(e.truth == Truth::kTrue ? "TRUE" : e.truth == Truth::kFalse ? "FALSE" : "UNKNOWN");
  }
  Write("DISTINCT FROM ");
  Child(e, 1, kStrengthIs + 1);
}

void Printer::PrintCase(const Expression& e) {
  Write("CASE");
  size_t i = 0;
  if (e.has_operand) {
    Write(" ");
    Child(e, i++, kStrengthNone);
  }
  const size_t end = e.children.size() - (e.has_else ? 1 : 0);
  for (; i < end; i += 2) {
    Write(" WHEN ");
    Child(e, i, kStrengthNone);
    Write(" THEN ");
    Child(e, i + 1, kStrengthNone);
  }
  if (e.has_else) {
    Write(" ELSE ");
    Child(e, end, kStrengthNone);
  }
  Write(" END");
}

// base[index], base[low:high], (base).field
void Printer::PrintAccess(const Expression& e) {
  if (e.kind == ExpressionKind::kField) {
    const ExpressionKind base = e.children[0]->kind;
    const bool bare = base == ExpressionKind::kCall || base == ExpressionKind::kSubscript ||
                      base == ExpressionKind::kSlice || base == ExpressionKind::kField ||
                      base == ExpressionKind::kSubquery || base == ExpressionKind::kStructLiteral;
    Child(e, 0, bare ? kStrengthPostfix : kPrimary + 1);
    return Write("." + QuoteIdentifier(e.labels[0]));
  }
  Child(e, 0, kStrengthPostfix);
  Write("[");
  if (e.children[1]) Child(e, 1, kStrengthNone);
  if (e.kind == ExpressionKind::kSlice) {
    Write(":");
    if (e.children[2]) Child(e, 2, kStrengthNone);
  }
  Write("]");
}

void Printer::PrintStar(const Expression& e) {
  if (!e.children.empty()) {
    Write("(");
    Child(e, 0, kStrengthNone);
    Write(").");
  }
  if (!e.name.empty()) Write(PrintName(e.name) + ".");
  Write("*");
  if (!e.star) return;
  if (!e.star->exclude.empty()) {
    Write(" EXCLUDE ");
    WriteNames(e.star->exclude);
  }
  if (e.star->replace.empty()) return;
  Write(" REPLACE (");
  for (size_t i = 0; i < e.star->replace.size(); ++i) {
    if (i > 0) Write(", ");
    Operand(*e.star->replace[i].expression, kStrengthNone);
    Write(" AS " + QuoteIdentifier(e.star->replace[i].column));
  }
  Write(")");
}

void Printer::PrintStruct(const Expression& e) {
  Write("{");
  for (size_t i = 0; i < e.children.size(); ++i) {
    Write((i > 0 ? ", " : "") + QuoteString(e.labels[i]) + ": ");
    Child(e, i, kStrengthNone);
  }
  Write("}");
}

void Printer::PrintMap(const Expression& e) {
  Write("MAP {");
  for (size_t i = 0; i < e.children.size(); ++i) {
    if (i > 0) Write(i % 2 == 0 ? ", " : ": ");
    Child(e, i, kStrengthNone);
  }
  Write("}");
}

void Printer::PrintTableArgument(const Expression& e) {
  Write("TABLE ");
  if (e.query) {
    PrintSubquery(*e.query);
  } else {
    Write(PrintName(e.name));
  }
  if (e.children.empty()) return;
  Write(" PARTITION BY (");
  List(e.children);
  Write(")");
}

void Printer::PrintSubquery(const Query& query) {
  Write("(");
  PrintQuery(query);
  Write(")");
}

}  // namespace laminar::sql
