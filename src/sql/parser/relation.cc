// Relations in FROM: names, sub-queries, table functions, joins, and the words that may follow a relation.
#include <algorithm>

#include "sql/keywords.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {

struct Parser::JoinHead {
  JoinKind kind = JoinKind::kInner;
  bool natural = false;
  bool asof = false;
};

bool Parser::AtJoin() const {
  if (AtAny({"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL"})) return true;
  if (At("ASOF")) return AtAny({"JOIN", "INNER", "LEFT", "RIGHT", "FULL"}, 1);
  return (At("SEMI") || At("ANTI")) && At("JOIN", 1);
}

Result<Parser::JoinHead> Parser::ParseJoinHead() {
  JoinHead head;
  head.natural = Take("NATURAL");
  head.asof = Take("ASOF");
  if (Take("INNER")) {
    head.kind = JoinKind::kInner;
  } else if (Take("CROSS")) {
    head.kind = JoinKind::kCross;
  } else if (At("LEFT") || At("RIGHT") || At("FULL")) {
    head.kind = At("LEFT") ? JoinKind::kLeft : At("RIGHT") ? JoinKind::kRight : JoinKind::kFull;
    Advance();
    if (head.kind == JoinKind::kLeft && At("SEMI")) head.kind = JoinKind::kSemi;
    if (head.kind == JoinKind::kLeft && At("ANTI")) head.kind = JoinKind::kAnti;
    if (head.kind == JoinKind::kSemi || head.kind == JoinKind::kAnti) {
      Advance();
    } else {
      Take("OUTER");
    }
  } else if (Take("SEMI")) {
    head.kind = JoinKind::kSemi;
  } else if (Take("ANTI")) {
    head.kind = JoinKind::kAnti;
  }
  if (!head.asof && Take("ASOF")) head.asof = true;
  TRY(Expect("JOIN", "after the kind of join"));
  return head;
}

Result<TableRefPtr> Parser::ParseTableRef() {
  TableRefPtr left = TRY(ParseTablePrimary());
  while (AtJoin()) {
    const TextPosition position = Here();
    const JoinHead head = TRY(ParseJoinHead());
    auto node = std::make_unique<TableRef>();
    node->kind = TableRefKind::kJoin;
    node->position = position;
    node->join = std::make_unique<Join>();
    node->join->kind = head.kind;
    node->join->natural = head.natural;
    node->join->asof = head.asof;
    node->join->left = std::move(left);
    node->join->right = TRY(ParseTablePrimary());
    TRY(ParseJoinTail(*node->join));
    node->height = static_cast<uint16_t>(std::max(node->join->left->height, node->join->right->height) + 1);
    TRY(NoteHeight(node->height, position));
    left = std::move(node);
  }
  return left;
}

Status Parser::ParseJoinTail(Join& join) {
  if (join.asof) TRY(ParseMatch(join));
  if (join.natural || join.kind == JoinKind::kCross) {
    if (At("ON") || At("USING")) return Unexpected("no condition after CROSS or NATURAL JOIN");
    return Status::Ok();
  }
  if (Take("ON")) {
    join.on = TRY(ParseExpression());
    return Status::Ok();
  }
  if (Take("USING")) {
    join.using_columns = TRY(ExpectNameList("the columns of USING"));
    return Status::Ok();
  }
  return Unexpected("ON or USING after the joined relation", {"ON", "USING"},
                    "write JOIN t ON condition, or CROSS JOIN t for every pair");
}

// MATCH_CONDITION (condition) | MATCH_CONDITION NEAREST [(a, b)], TOLERANCE interval
Status Parser::ParseMatch(Join& join) {
  while (true) {
    const TextPosition position = Here();
    if (Take("MATCH_CONDITION")) {
      if (join.match != MatchKind::kNone) {
        return Status(ErrorCode::kClauseTwice, "MATCH_CONDITION is given twice").At(position);
      }
      const bool wrapped = AtSymbol(Symbol::kLeftParen) && At("NEAREST", 1) &&
                           (AtSymbol(Symbol::kRightParen, 2) || AtSymbol(Symbol::kLeftParen, 2));
      if (wrapped) Advance();
      if (Take("NEAREST")) {
        join.match = MatchKind::kNearest;
        if (TakeSymbol(Symbol::kLeftParen)) {
          join.match_arguments = TRY(ParseExpressionList());
          if (join.match_arguments.size() != 2) {
            return Unexpected("two times in NEAREST(left_time, right_time)");
          }
          TRY(ExpectSymbol(Symbol::kRightParen, "after NEAREST(...)"));
        }
        if (wrapped) TRY(ExpectSymbol(Symbol::kRightParen, "after NEAREST"));
      } else {
        TRY(ExpectSymbol(Symbol::kLeftParen, "or NEAREST after MATCH_CONDITION"));
        join.match = MatchKind::kCondition;
        join.match_arguments.push_back(TRY(ParseExpression()));
        TRY(ExpectSymbol(Symbol::kRightParen, "after MATCH_CONDITION (...)"));
      }
    } else if (Take("TOLERANCE")) {
      if (join.tolerance) return Status(ErrorCode::kClauseTwice, "TOLERANCE is given twice").At(position);
      join.tolerance = TRY(ParseDuration(ErrorCode::kUnexpectedToken, "TOLERANCE", "TOLERANCE INTERVAL '5' SECOND"));
    } else {
      return Status::Ok();
    }
  }
}

Result<TableRefPtr> Parser::ParseTablePrimary() {
  const Depth depth(*this);
  TRY(CheckDepth());
  auto table = std::make_unique<TableRef>();
  table->lateral = Take("LATERAL");
  table->position = Here();
  // JOIN LATEST t: a word and then a relation. "LATEST" followed by ON, AS or a comma is a relation of that name.
  if (At("LATEST") && AtName(1) && !AtSoftClause(1)) {
    Advance();
    table->latest = true;
  }
  if (AtSymbol(Symbol::kLeftParen)) {
    if (!AtQuery()) {
      Advance();
      TableRefPtr inner = TRY(ParseTableRef());
      TRY(ExpectSymbol(Symbol::kRightParen, "after the relation in parentheses"));
      if (inner->kind == TableRefKind::kJoin) return inner;
      table = std::move(inner);
      TRY(ParseRelationSuffix(*table));
      return table;
    }
    table->kind = TableRefKind::kSubquery;
    table->query = TRY(ParseParenthesisedQuery(Place::kInner));
    table->height = static_cast<uint16_t>(table->query->height + 1);
    TRY(NoteHeight(table->height, table->position));
  } else if (At("TABLE") && AtSymbol(Symbol::kLeftParen, 1)) {
    at_ += 2;
    table->kind = TableRefKind::kFunction;
    table->function = TRY(ParsePrimary());
    TRY(ExpectSymbol(Symbol::kRightParen, "after the function in TABLE(...)"));
  } else {
    if (AtString()) {
      return Error(Unexpected("a relation", {}, "a file is read by a function: read_csv('...'), read_parquet('...')"));
    }
    const TextPosition position = Here();
    table->name = TRY(ExpectDottedName("a relation"));
    if (AtSymbol(Symbol::kLeftParen)) {
      table->kind = TableRefKind::kFunction;
      table->function = TRY(ParseCall(std::move(table->name), position));
      table->name.clear();
    }
  }
  if (table->kind == TableRefKind::kFunction) {
    if (table->function->kind != ExpressionKind::kCall) return Error(Unexpected("a table function"));
    table->height = static_cast<uint16_t>(table->function->height + 1);
    TRY(NoteHeight(table->height, table->position));
  }
  TRY(ParseRelationSuffix(*table));
  return table;
}

// FOR SYSTEM_TIME AS OF, VERSIONED ON, TIMESTAMP BY, WITH ORDINALITY and the alias, in any order, each at most once.
Status Parser::ParseRelationSuffix(TableRef& table) {
  while (true) {
    const TextPosition position = Here();
    bool twice = false;
    if (At("FOR") && At("SYSTEM_TIME", 1)) {
      at_ += 2;
      TRY(Expect("AS", "OF after FOR SYSTEM_TIME"));
      TRY(Expect("OF", "after FOR SYSTEM_TIME AS"));
      twice = table.as_of != nullptr;
      table.as_of = TRY(ParseExpression(kStrengthOther));
    } else if (At("VERSIONED") && At("ON", 1) && table.as_of) {
      at_ += 2;
      twice = !table.versioned_on.empty();
      table.versioned_on = TRY(ExpectDottedName("a column after VERSIONED ON"));
    } else if (At("TIMESTAMP") && At("BY", 1)) {
      at_ += 2;
      twice = !table.timestamp_by.empty();
      table.timestamp_by = TRY(ExpectDottedName("a column after TIMESTAMP BY"));
    } else if (table.kind == TableRefKind::kFunction && At("WITH") && At("ORDINALITY", 1)) {
      at_ += 2;
      twice = table.with_ordinality;
      table.with_ordinality = true;
    } else if (table.alias.empty()) {
      table.alias = TRY(ParseAlias());
      if (table.alias.empty()) return Status::Ok();
      if (AtSymbol(Symbol::kLeftParen) && AtName(1)) {
        table.column_aliases = TRY(ExpectNameList("the columns of " + table.alias));
      }
    } else {
      return Status::Ok();
    }
    if (twice) return Status(ErrorCode::kClauseTwice, "a clause of the relation is given twice").At(position);
  }
}

// AS name, or a bare name that does not begin a clause. Empty: none.
Result<std::string> Parser::ParseAlias() {
  if (AtAsOfEpoch()) return std::string();  // the end of the statement
  if (Take("AS")) {
    if (AtString()) return Error(Unexpected("an alias", {}, "names are written bare or in double quotes"));
    return ExpectName("an alias after AS");
  }
  if (!AtName() || AtSoftClause()) return std::string();
  if (Peek().kind == TokenKind::kWord) implicit_alias_ = at_;
  std::string alias = Text(Peek());
  Advance();
  return alias;
}

// Does a word that could be a name begin a clause here? The word after it decides.
bool Parser::AtSoftClause(size_t ahead) const {
  if (Peek(ahead).kind != TokenKind::kWord) return false;
  if (At("EMIT", ahead)) return AtEmitClause(ahead);
  if (At("ALLOW", ahead) || At("ALLOWED", ahead)) return At("LATENESS", ahead + 1);
  if (At("LATE", ahead)) return At("DATA", ahead + 1);
  if (At("SAMPLE", ahead) || At("TIMESTAMP", ahead)) return At("BY", ahead + 1);
  if (At("ASOF", ahead)) return AtAny({"JOIN", "INNER", "LEFT", "RIGHT", "FULL"}, ahead + 1);
  if (At("SEMI", ahead) || At("ANTI", ahead)) return At("JOIN", ahead + 1);
  if (At("MATCH_CONDITION", ahead)) return AtSymbol(Symbol::kLeftParen, ahead + 1) || At("NEAREST", ahead + 1);
  if (At("TOLERANCE", ahead)) return AtAny({"INTERVAL", "CAST"}, ahead + 1);
  if (At("VERSIONED", ahead)) return At("ON", ahead + 1);
  if (At("UP", ahead)) return At("TO", ahead + 1);
  if (At("FORMAT", ahead)) return in_sink_ && AtAnyWord(ahead + 1);
  return false;
}

// EMIT ON UPDATE is a clause, and so is EMIT SOMETIMES, to be refused as one; "t emit WHERE", "t emit JOIN",
// "JOIN t emit ON a = b" make it an alias.
bool Parser::AtEmitClause(size_t ahead) const {
  const Token& next = Peek(ahead + 1);
  if (At("ON", ahead + 1)) {
    return AtAny({"WATERMARK", "WINDOW", "UPDATE"}, ahead + 2) && !AtSymbol(Symbol::kDot, ahead + 3) &&
           !AtSymbol(Symbol::kEqual, ahead + 3);
  }
  const bool is_value =
      next.kind == TokenKind::kString || next.kind == TokenKind::kInteger || next.kind == TokenKind::kNumber;
  if (is_value) return true;
  if (next.kind != TokenKind::kWord || IsReserved(Raw(next))) return false;
  return !AtSoftClause(ahead + 1);
}

}  // namespace laminar::sql
