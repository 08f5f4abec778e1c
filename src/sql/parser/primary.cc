// Primary expressions: literals, columns, parentheses, CASE, CAST, arrays, structs, maps, and the star.
#include "sql/keywords.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {
namespace {

ExpressionPtr Make(ExpressionKind kind, TextPosition position) { return std::make_unique<Expression>(kind, position); }

// Words that are a call without parentheses.
constexpr std::string_view kBareCalls[] = {"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIMESTAMP",
                                           "LOCALTIME"};

}  // namespace

Result<ExpressionPtr> Parser::ParsePrimary() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kString: {
      auto node = Make(ExpressionKind::kLiteral, token.Position());
      node->literal.kind = LiteralKind::kString;
      node->literal.text = Text(token);
      Advance();
      return Seal(std::move(node));
    }
    case TokenKind::kInteger: case TokenKind::kNumber: return ParseNumber();
    case TokenKind::kParameter: return ParseParameter();
    case TokenKind::kQuotedWord: return ParseColumnOrCall();
    case TokenKind::kWord: return ParseWordPrimary();
    case TokenKind::kSymbol:
      if (token.symbol == Symbol::kLeftParen) return ParseParenthesised();
      if (token.symbol == Symbol::kLeftBracket) return ParseArray();
      if (token.symbol == Symbol::kLeftBrace) return ParseStruct();
      if (token.symbol == Symbol::kQuestion) return ParseParameter();
      if (token.symbol == Symbol::kStar) {
        return Error(Unexpected("an expression", {}, "* stands alone in the SELECT list or in count(*)"));
      }
      break;
    case TokenKind::kEnd: case TokenKind::kBad: break;
  }
  return Error(Unexpected("an expression"));
}

Result<ExpressionPtr> Parser::ParseWordPrimary() {
  if (IsReserved(Raw(Peek()))) return ParseReservedPrimary();
  if (AtIntervalLiteral()) return ParseInterval();
  if (AtTypedLiteral()) return ParseTypedLiteral();
  if (AtSymbol(Symbol::kLeftParen, 1)) {
    if (At("TRY_CAST")) return ParseCast(true);
    if (At("ROW")) {
      auto node = Make(ExpressionKind::kRow, Here());
      at_ += 2;
      if (!AtSymbol(Symbol::kRightParen)) node->children = TRY(ParseExpressionList());
      TRY(ExpectSymbol(Symbol::kRightParen, "or ',' in ROW(...)"));
      return Seal(std::move(node));
    }
    return ParseColumnOrCall();
  }
  if (At("ARRAY") && AtSymbol(Symbol::kLeftBracket, 1)) {
    Advance();
    return ParseArray();
  }
  if (At("MAP") && AtSymbol(Symbol::kLeftBrace, 1)) return ParseMap();
  if (AtLambda(nullptr)) return ParseLambda();
  if (!AtSymbol(Symbol::kDot, 1)) {
    for (const std::string_view word : kBareCalls) {
      if (!At(word)) continue;
      auto node = Make(ExpressionKind::kCall, Here());
      node->name.push_back(Text(Peek()));
      Advance();
      return Seal(std::move(node));
    }
  }
  return ParseColumnOrCall();
}

Result<ExpressionPtr> Parser::ParseReservedPrimary() {
  const TextPosition position = Here();
  if (At("NULL") || At("TRUE") || At("FALSE")) {
    auto node = Make(ExpressionKind::kLiteral, position);
    node->literal.kind = At("NULL") ? LiteralKind::kNull : LiteralKind::kBoolean;
    node->literal.boolean = At("TRUE");
    Advance();
    return Seal(std::move(node));
  }
  if (At("CASE")) return ParseCase();
  if (At("CAST")) return ParseCast(false);
  if (At("EXISTS")) return ParseExists();
  if (AtAny({"LEFT", "RIGHT", "ANY", "SOME"}) && AtSymbol(Symbol::kLeftParen, 1)) {
    Name name{Text(Peek())};
    Advance();
    return ParseCall(std::move(name), position);
  }
  if (At("SELECT")) return Error(Unexpected("an expression", {}, "a sub-query stands in parentheses"));
  return Error(Unexpected("an expression", {},
                          "'" + std::string(Raw(Peek())) + "' is a reserved word; a column of that name is written \"" +
                              Text(Peek()) + "\""));
}

Result<ExpressionPtr> Parser::ParseColumnOrCall() {
  const TextPosition position = Here();
  Name name;
  name.push_back(Text(Peek()));
  Advance();
  while (AtSymbol(Symbol::kDot) && AtAnyWord(1)) {
    Advance();
    name.push_back(Text(Peek()));
    Advance();
  }
  if (AtSymbol(Symbol::kLeftParen)) return ParseCall(std::move(name), position);
  if (AtSymbol(Symbol::kDot) && AtSymbol(Symbol::kStar, 1)) {
    Advance();
    return Error(Unexpected("a column", {}, "t.* stands alone in the SELECT list"));
  }
  auto node = Make(ExpressionKind::kColumn, position);
  node->name = std::move(name);
  return Seal(std::move(node));
}

// ( expression ), ( query ), (a, b) as a row.
Result<ExpressionPtr> Parser::ParseParenthesised() {
  const TextPosition position = Here();
  if (AtQuery()) {
    auto node = Make(ExpressionKind::kSubquery, position);
    node->query = TRY(ParseParenthesisedQuery(Place::kInner));
    return Seal(std::move(node));
  }
  Advance();
  ExpressionPtr first = TRY(ParseExpression());
  if (!AtSymbol(Symbol::kComma)) {
    TRY(ExpectSymbol(Symbol::kRightParen, "to close the parenthesis"));
    return first;
  }
  auto row = Make(ExpressionKind::kRow, position);
  row->children.push_back(std::move(first));
  while (TakeSymbol(Symbol::kComma)) row->children.push_back(TRY(ParseExpression()));
  TRY(ExpectSymbol(Symbol::kRightParen, "or ',' in the row"));
  return Seal(std::move(row));
}

Result<ExpressionPtr> Parser::ParseArray() {
  auto node = Make(ExpressionKind::kArray, Here());
  Advance();
  if (TakeSymbol(Symbol::kRightBracket)) return Seal(std::move(node));
  ExpressionPtr first = TRY(ParseExpression());
  if (At("FOR")) return ParseComprehension(std::move(first), node->position);
  node->children.push_back(std::move(first));
  while (TakeSymbol(Symbol::kComma)) node->children.push_back(TRY(ParseExpression()));
  TRY(ExpectSymbol(Symbol::kRightBracket, "or ',' in the array"));
  return Seal(std::move(node));
}

// [e FOR x IN list IF c] is list_transform(list_filter(list, lambda x: c), lambda x: e).
Result<ExpressionPtr> Parser::ParseComprehension(ExpressionPtr element, TextPosition position) {
  Advance();
  const std::string variable = TRY(ExpectName("a variable after FOR"));
  TRY(Expect("IN", "after the variable of the list comprehension"));
  ExpressionPtr list = TRY(ParseExpression());
  auto call = [&](const char* name, ExpressionPtr argument, ExpressionPtr body) -> Result<ExpressionPtr> {
    auto lambda = Make(ExpressionKind::kLambda, position);
    lambda->labels.push_back(variable);
    lambda->children.push_back(std::move(body));
    auto node = Make(ExpressionKind::kCall, position);
    node->name.push_back(name);
    node->children.push_back(std::move(argument));
    node->children.push_back(TRY(Seal(std::move(lambda))));
    return Seal(std::move(node));
  };
  if (Take("IF")) list = TRY(call("list_filter", std::move(list), TRY(ParseExpression())));
  TRY(ExpectSymbol(Symbol::kRightBracket, "after the list comprehension"));
  return call("list_transform", std::move(list), std::move(element));
}

// {'a': 1, b: 2}
Result<ExpressionPtr> Parser::ParseStruct() {
  auto node = Make(ExpressionKind::kStructLiteral, Here());
  Advance();
  if (TakeSymbol(Symbol::kRightBrace)) return Seal(std::move(node));
  do {
    if (AtString()) {
      node->labels.push_back(TRY(ExpectString("a field name")));
    } else {
      node->labels.push_back(TRY(ExpectAnyWord("a field name in {...}")));
    }
    TRY(ExpectSymbol(Symbol::kColon, "after the field name"));
    node->children.push_back(TRY(ParseExpression()));
  } while (TakeSymbol(Symbol::kComma));
  TRY(ExpectSymbol(Symbol::kRightBrace, "or ',' in the struct"));
  return Seal(std::move(node));
}

// MAP {key: value}
Result<ExpressionPtr> Parser::ParseMap() {
  auto node = Make(ExpressionKind::kMapLiteral, Here());
  at_ += 2;
  if (TakeSymbol(Symbol::kRightBrace)) return Seal(std::move(node));
  do {
    node->children.push_back(TRY(ParseExpression()));
    TRY(ExpectSymbol(Symbol::kColon, "after the key of the map"));
    node->children.push_back(TRY(ParseExpression()));
  } while (TakeSymbol(Symbol::kComma));
  TRY(ExpectSymbol(Symbol::kRightBrace, "or ',' in the map"));
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseCase() {
  auto node = Make(ExpressionKind::kCase, Here());
  Advance();
  if (!At("WHEN")) {
    node->has_operand = true;
    node->children.push_back(TRY(ParseExpression()));
  }
  TRY(Expect("WHEN", "in CASE"));
  do {
    node->children.push_back(TRY(ParseExpression()));
    TRY(Expect("THEN", "after the condition of WHEN"));
    node->children.push_back(TRY(ParseExpression()));
  } while (Take("WHEN"));
  if (Take("ELSE")) {
    node->has_else = true;
    node->children.push_back(TRY(ParseExpression()));
  }
  if (!Take("END")) return Error(Unexpected("WHEN, ELSE or END in CASE", {"WHEN", "ELSE", "END"}));
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseCast(bool try_cast) {
  auto node = Make(ExpressionKind::kCast, Here());
  const std::string name(try_cast ? "TRY_CAST" : "CAST");
  Advance();
  node->try_cast = try_cast;
  TRY(ExpectSymbol(Symbol::kLeftParen, "after " + name));
  node->children.push_back(TRY(ParseExpression()));
  if (!Take("AS")) return Error(Unexpected("AS and a type in " + name, {"AS"}, "write CAST(value AS type)"));
  node->type = std::make_unique<TypeName>(TRY(ParseType()));
  TRY(ExpectSymbol(Symbol::kRightParen, "after the type of " + name));
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseExists() {
  auto node = Make(ExpressionKind::kExists, Here());
  Advance();
  if (!AtQuery()) return Error(Unexpected("a sub-query in parentheses after EXISTS"));
  node->query = TRY(ParseParenthesisedQuery(Place::kInner));
  return Seal(std::move(node));
}

// * or t.* or s.t.*
bool Parser::AtStar() const {
  if (AtSymbol(Symbol::kStar)) return true;
  size_t ahead = 0;
  while (AtAnyWord(ahead) && AtSymbol(Symbol::kDot, ahead + 1)) {
    if (AtSymbol(Symbol::kStar, ahead + 2)) return true;
    ahead += 2;
  }
  return false;
}

Result<ExpressionPtr> Parser::ParseStar() {
  auto node = Make(ExpressionKind::kStar, Here());
  while (!AtSymbol(Symbol::kStar)) {
    node->name.push_back(Text(Peek()));
    at_ += 2;
  }
  Advance();
  TRY(ParseStarDetail(*node));
  return Seal(std::move(node));
}

// EXCLUDE (a, b) REPLACE (expression AS a)
Status Parser::ParseStarDetail(Expression& star) {
  if ((At("EXCLUDE") || At("EXCEPT")) && (AtSymbol(Symbol::kLeftParen, 1) || AtName(1)) && !AtQuery(1)) {
    star.star = std::make_unique<StarDetail>();
    Advance();
    if (AtSymbol(Symbol::kLeftParen)) {
      star.star->exclude = TRY(ExpectNameList("the excluded columns"));
    } else {
      star.star->exclude.push_back(TRY(ExpectName("a column after EXCLUDE")));
    }
  }
  if (!At("REPLACE") || !AtSymbol(Symbol::kLeftParen, 1)) return Status::Ok();
  at_ += 2;
  if (!star.star) star.star = std::make_unique<StarDetail>();
  do {
    StarReplace replace;
    replace.expression = TRY(ParseExpression());
    TRY(Expect("AS", "in REPLACE (expression AS column)"));
    replace.column = TRY(ExpectName("a column in REPLACE"));
    star.star->replace.push_back(std::move(replace));
  } while (TakeSymbol(Symbol::kComma));
  return ExpectSymbol(Symbol::kRightParen, "or ',' in REPLACE (...)");
}

Result<std::vector<ExpressionPtr>> Parser::ParseExpressionList() {
  std::vector<ExpressionPtr> list;
  do {
    list.push_back(TRY(ParseExpression()));
  } while (TakeSymbol(Symbol::kComma));
  return list;
}

Result<std::vector<OrderItem>> Parser::ParseOrderList() {
  std::vector<OrderItem> items;
  do {
    OrderItem item;
    item.expression = TRY(ParseExpression());
    if (Take("DESC")) {
      item.descending = true;
    } else {
      Take("ASC");
    }
    if (Take("NULLS", "FIRST")) {
      item.nulls = NullsOrder::kFirst;
    } else if (Take("NULLS", "LAST")) {
      item.nulls = NullsOrder::kLast;
    }
    items.push_back(std::move(item));
  } while (TakeSymbol(Symbol::kComma));
  return items;
}

}  // namespace laminar::sql
