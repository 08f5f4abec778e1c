// Syntax tree to text: one canonical spelling for every tree.
//
// Law: Parse(Print(tree)) equals the tree, and Print(Parse(Print(tree))) == Print(tree). Keywords are upper case, names
// are quoted where they must be, parentheses stand only where precedence needs them, no trailing semicolon.
#pragma once

#include <string>

#include "sql/ast.h"

namespace laminar::sql {

std::string Print(const Expression& expression);
std::string Print(const TypeName& type);
std::string Print(const Query& query);
std::string Print(const Statement& statement);

// The same with every operator below another in parentheses: two parsed trees are equal exactly when these texts are.
std::string PrintInFull(const Expression& expression);
std::string PrintInFull(const Statement& statement);

std::string Print(const IntervalValue& interval);  // INTERVAL '5' MINUTE
std::string PrintName(const Name& name);           // dotted, quoted where needed
std::string QuoteIdentifier(std::string_view name);  // only where needed
std::string QuoteString(std::string_view text);      // 'it''s'

// The name of an output column without an alias: the last part for a column or field ("amount"), else the canonical
// text in lower case outside of quotes: "count(*)", "sum(amount)", "price * 2".
std::string CanonicalName(const Expression& expression);

}  // namespace laminar::sql
