// SELECT: the list, FROM, WHERE, GROUP BY with its grouping sets, HAVING, WINDOW, QUALIFY.
#include <algorithm>

#include "sql/parser/parser_state.h"

namespace laminar::sql {

Result<QueryBodyPtr> Parser::ParseSelect() {
  auto body = std::make_unique<QueryBody>();
  body->position = Here();
  const size_t outer_tallest = tallest_;
  tallest_ = 0;
  body->select = std::make_unique<Select>();
  Select& select = *body->select;
  select.position = Here();
  if (Take("FROM")) {  // FROM t SELECT a, or just FROM t
    TRY(ParseFrom(select));
    if (At("SELECT")) {
      TRY(ParseSelectHead(select));
      TRY(ParseSelectItems(select));
    } else {
      auto star = std::make_unique<Expression>(ExpressionKind::kStar, select.position);
      select.items.push_back({TRY(Seal(std::move(star))), {}});
    }
  } else {
    if (!At("SELECT")) return Error(Unexpected("a query", {"SELECT", "FROM", "VALUES", "WITH"}));
    TRY(ParseSelectHead(select));
    TRY(ParseSelectItems(select));
    if (Take("FROM")) TRY(ParseFrom(select));
  }
  TRY(ParseSelectTail(select));
  body->height = static_cast<uint16_t>(tallest_ + 1);
  tallest_ = std::max(outer_tallest, tallest_ + 1);
  TRY(NoteHeight(body->height, body->position));
  return body;
}

// SELECT [ALL | DISTINCT [ON (...)]]
Status Parser::ParseSelectHead(Select& select) {
  Advance();
  if (Take("DISTINCT")) {
    select.distinct = true;
    if (Take("ON")) {
      TRY(ExpectSymbol(Symbol::kLeftParen, "after DISTINCT ON"));
      select.distinct_on = TRY(ParseExpressionList());
      TRY(ExpectSymbol(Symbol::kRightParen, "after the keys of DISTINCT ON"));
    }
  } else {
    Take("ALL");
  }
  if (At("TOP") && (Peek(1).kind == TokenKind::kInteger)) {
    return ErrorHere(ErrorCode::kUnexpectedToken, "TOP is not a clause here", "write LIMIT n at the end of the query");
  }
  return Status::Ok();
}

Status Parser::ParseSelectItems(Select& select) {
  do {
    // A trailing comma before FROM is let pass.
    if (!select.items.empty() && (At("FROM") || AtEnd())) return Status::Ok();
    SelectItem item;
    if (AtStar()) {
      item.expression = TRY(ParseStar());
    } else {
      item.expression = TRY(ParseExpression());
      if (AtSymbol(Symbol::kDot) && AtSymbol(Symbol::kStar, 1)) {  // (structure).*
        const ExpressionKind kind = item.expression->kind;
        if (kind == ExpressionKind::kBinary || kind == ExpressionKind::kUnary) return Unexpected("a column");
        auto star = std::make_unique<Expression>(ExpressionKind::kStar, Here());
        at_ += 2;
        star->children.push_back(std::move(item.expression));
        TRY(ParseStarDetail(*star));
        item.expression = TRY(Seal(std::move(star)));
      } else {
        item.alias = TRY(ParseAlias());
      }
    }
    select.items.push_back(std::move(item));
  } while (TakeSymbol(Symbol::kComma));
  return Status::Ok();
}

Status Parser::ParseFrom(Select& select) {
  do {
    select.from.push_back(TRY(ParseTableRef()));
  } while (TakeSymbol(Symbol::kComma));
  return Status::Ok();
}

Status Parser::ParseSelectTail(Select& select) {
  if (Take("WHERE")) select.where = TRY(ParseExpression());
  bool grouped = false;
  while (true) {
    if (At("GROUP") && !grouped) {
      grouped = true;
      TRY(ParseGroupBy(select));
    } else if (At("SAMPLE") && At("BY", 1)) {
      if (select.sample_by) return ErrorHere(ErrorCode::kClauseTwice, "SAMPLE BY is given twice");
      select.sample_by = TRY(ParseSampleBy());
    } else {
      break;
    }
  }
  if (Take("HAVING")) select.having = TRY(ParseExpression());
  while (true) {
    if (At("WINDOW") && select.windows.empty()) {
      TRY(ParseWindows(select));
    } else if (At("QUALIFY") && !select.qualify) {
      Advance();
      select.qualify = TRY(ParseExpression());
    } else {
      return Status::Ok();
    }
  }
}

Status Parser::ParseGroupBy(Select& select) {
  Advance();
  TRY(Expect("BY", "after GROUP"));
  if (Take("ALL")) {
    select.group_by_all = true;
    return Status::Ok();
  }
  do {
    const bool parenthesised = AtSymbol(Symbol::kLeftParen);
    GroupItem item = TRY(ParseGroupItem());
    if (!parenthesised || !item.expression || item.expression->kind != ExpressionKind::kRow) {
      select.group_by.push_back(std::move(item));
      continue;
    }
    for (ExpressionPtr& key : item.expression->children) {  // (a, b) are two keys
      GroupItem one;
      one.position = key->position;
      one.expression = std::move(key);
      select.group_by.push_back(std::move(one));
    }
  } while (TakeSymbol(Symbol::kComma));
  return Status::Ok();
}

Result<GroupItem> Parser::ParseGroupItem() {
  GroupItem item;
  item.position = Here();
  const bool parenthesis = AtSymbol(Symbol::kLeftParen, 1);
  if (At("ROLLUP") && parenthesis) {
    item.kind = GroupKind::kRollup;
  } else if (At("CUBE") && parenthesis) {
    item.kind = GroupKind::kCube;
  } else if (At("GROUPING") && At("SETS", 1) && AtSymbol(Symbol::kLeftParen, 2)) {
    item.kind = GroupKind::kGroupingSets;
    Advance();
  } else if (AtSymbol(Symbol::kLeftParen) && AtSymbol(Symbol::kRightParen, 1)) {
    item.kind = GroupKind::kGroupingSets;  // GROUP BY (): one group
    item.sets.emplace_back();
    at_ += 2;
    return item;
  } else {
    item.expression = TRY(ParseExpression());
    return item;
  }
  at_ += 2;
  TRY(ParseGroupSets(item));
  return item;
}

// a, (b, c), () up to the closing parenthesis.
Status Parser::ParseGroupSets(GroupItem& item) {
  do {
    if (item.kind == GroupKind::kGroupingSets && (AtAny({"ROLLUP", "CUBE"}) && AtSymbol(Symbol::kLeftParen, 1))) {
      return ErrorHere(ErrorCode::kNotSupported, "ROLLUP and CUBE inside GROUPING SETS are not supported",
                       "write the sets out");
    }
    auto& set = item.sets.emplace_back();
    // "(a, b)" is a set, "(a) + 1" an expression: what follows the parenthesis decides.
    const size_t after = AtSymbol(Symbol::kLeftParen) && Peek().match != 0 ? Peek().match + 1 - at_ : 0;
    const bool is_set = after != 0 && (AtSymbol(Symbol::kComma, after) || AtSymbol(Symbol::kRightParen, after));
    if (!is_set || AtQuery()) {
      set.push_back(TRY(ParseExpression()));
      continue;
    }
    Advance();
    if (!AtSymbol(Symbol::kRightParen)) set = TRY(ParseExpressionList());
    TRY(ExpectSymbol(Symbol::kRightParen, "or ',' in the grouping set"));
  } while (TakeSymbol(Symbol::kComma));
  return ExpectSymbol(Symbol::kRightParen, "or ',' after the grouping sets");
}

Status Parser::ParseWindows(Select& select) {
  Advance();
  if (AtAny({"TUMBLING", "HOPPING", "SESSION"}) && AtSymbol(Symbol::kLeftParen, 1)) {
    return Unexpected("a window name", {}, "a time window stands in GROUP BY: TUMBLE(ts, INTERVAL '1' MINUTE)");
  }
  do {
    NamedWindow window;
    window.name = TRY(ExpectName("a window name after WINDOW"));
    TRY(Expect("AS", "after the window name"));
    TRY(ExpectSymbol(Symbol::kLeftParen, "before the window"));
    window.spec = TRY(ParseWindowSpec());
    TRY(ExpectSymbol(Symbol::kRightParen, "after the window"));
    select.windows.push_back(std::move(window));
  } while (TakeSymbol(Symbol::kComma));
  return Status::Ok();
}

// After a complete query: a clause that stands too late, or a second time.
Status Parser::MisplacedClause() {
  if (At("WHERE") || At("HAVING") || At("QUALIFY") || At("FROM") || At("LIMIT") || At("OFFSET") ||
      ((At("GROUP") || At("ORDER") || At("SAMPLE")) && At("BY", 1)) || At("WINDOW")) {
    std::string word = Text(Peek());
    for (char& c : word) c = static_cast<char>(c & ~0x20);
    return ErrorHere(ErrorCode::kClauseTwice, word + " is given twice or stands too late",
                     "the order is FROM, WHERE, GROUP BY, HAVING, WINDOW, QUALIFY, ORDER BY, LIMIT, EMIT");
  }
  return Status::Ok();
}

}  // namespace laminar::sql
