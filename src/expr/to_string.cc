// The canonical text of an expression, for EXPLAIN, names of unnamed columns and messages.
#include "base/text.h"
#include "expr/expr.h"
#include "expr/function.h"

namespace laminar::expr {
namespace {

using data::TypeId;

void Append(const Expr& expr, const std::vector<std::string>* names, std::string& out);

void AppendList(const Expr& expr, size_t first, std::string_view separator, const std::vector<std::string>* names,
                std::string& out) {
  for (size_t i = first; i < expr.args.size(); ++i) {
    if (i > first) out += separator;
    Append(*expr.args[i], names, out);
  }
}

void AppendLiteral(const Expr& expr, std::string& out) {
  const std::string text = expr.literal.ToString(expr.type);
  if (expr.literal.is_null() || expr.type.is_numeric() || expr.type.id() == TypeId::kBool || expr.type.is_nested()) {
    out += text;
    return;
  }
  if (expr.type.id() != TypeId::kVarchar) out += expr.type.ToString() + " ";
  out += "'" + ReplaceAll(text, "'", "''") + "'";
}

bool IsSymbol(std::string_view name) {
  for (const char c : name) {
    if (IsAlphaAscii(c) || IsDigitAscii(c) || c == '_') return false;
  }
  return !name.empty();
}

void AppendCall(const Expr& expr, const std::vector<std::string>* names, std::string& out) {
  const std::string& name = expr.function->name;
  if (IsSymbol(name) && expr.args.size() == 2) {
    out += '(';
    AppendList(expr, 0, " " + name + " ", names, out);
    out += ')';
    return;
  }
  if (IsSymbol(name) && expr.args.size() == 1) {
    out += "(" + name;
    AppendList(expr, 0, "", names, out);
    out += ')';
    return;
  }
  out += name + "(";
  AppendList(expr, 0, ", ", names, out);
  out += ')';
}

void AppendCase(const Expr& expr, const std::vector<std::string>* names, std::string& out) {
  out += "CASE";
  for (size_t i = 0; i + 1 < expr.args.size(); i += 2) {
    out += " WHEN ";
    Append(*expr.args[i], names, out);
    out += " THEN ";
    Append(*expr.args[i + 1], names, out);
  }
  out += " ELSE ";
  Append(*expr.args.back(), names, out);
  out += " END";
}

void Append(const Expr& expr, const std::vector<std::string>* names, std::string& out) {
  switch (expr.kind) {
    case ExprKind::kColumn:
      if (names != nullptr && expr.column < names->size()) {
        out += (*names)[expr.column];
      } else {
        out += "#" + std::to_string(expr.column);
      }
      return;
    case ExprKind::kLiteral: return AppendLiteral(expr, out);
    case ExprKind::kCall: return AppendCall(expr, names, out);
    case ExprKind::kCast:
      out += expr.is_try ? "TRY_CAST(" : "CAST(";
      Append(*expr.args[0], names, out);
      out += " AS " + expr.type.ToString() + ")";
      return;
    case ExprKind::kAnd:
    case ExprKind::kOr:
      out += '(';
      AppendList(expr, 0, expr.kind == ExprKind::kAnd ? " AND " : " OR ", names, out);
      out += ')';
      return;
    case ExprKind::kCase: return AppendCase(expr, names, out);
    case ExprKind::kCoalesce:
      out += "coalesce(";
      AppendList(expr, 0, ", ", names, out);
      out += ')';
      return;
  }
}

}  // namespace

std::string ToString(const Expr& expr, const std::vector<std::string>* names) {
  std::string out;
  Append(expr, names, out);
  return out;
}

}  // namespace laminar::expr
