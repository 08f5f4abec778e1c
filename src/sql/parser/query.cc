// Queries: WITH, set operations, VALUES, parentheses, ORDER BY, LIMIT.
#include <algorithm>

#include "sql/parser/parser_state.h"

namespace laminar::sql {
namespace {

// A query in parentheses without clauses of its own is just its body.
bool IsPlain(const Query& query) {
  return query.with.empty() && query.order_by.empty() && !query.limit && !query.offset && query.stream.IsEmpty();
}

}  // namespace

// Does a query begin at the token: SELECT, WITH, VALUES, FROM, or parentheses around one? For "((SELECT 1) + 2)" no:
// what follows the inner parenthesis decides.
bool Parser::AtQuery(size_t ahead) const {
  if (!AtSymbol(Symbol::kLeftParen, ahead)) return false;
  size_t index = at_ + ahead;
  for (uint32_t level = 0; level <= options_.depth_max; ++level) {
    const size_t inner = index + 1 - at_;
    if (AtAny({"SELECT", "WITH", "VALUES", "FROM"}, inner)) return true;
    if (!AtSymbol(Symbol::kLeftParen, inner)) return false;
    const size_t close = Peek(inner).match;
    if (close == 0) return false;
    const size_t after = close + 1 - at_;
    const bool goes_on = AtSymbol(Symbol::kRightParen, after) ||
                         AtAny({"UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH"}, after);
    if (!goes_on) return false;
    ++index;
  }
  return true;  // too deep either way
}

Result<QueryPtr> Parser::ParseParenthesisedQuery(Place place) {
  TRY(ExpectSymbol(Symbol::kLeftParen, "before the sub-query"));
  QueryPtr query = TRY(ParseQuery(place));
  if (!AtSymbol(Symbol::kRightParen)) TRY(MisplacedClause());
  TRY(ExpectSymbol(Symbol::kRightParen, "after the sub-query"));
  return query;
}

Result<QueryPtr> Parser::ParseQuery(Place place) {
  const Depth depth(*this);
  TRY(CheckDepth());
  const size_t outer_tallest = tallest_;
  tallest_ = 0;
  QueryPtr query = MakeQuery();
  query->position = Here();
  if (At("WITH")) TRY(ParseWith(*query));
  query->body = TRY(ParseSetOperations(false));
  TRY(ParseOrderAndLimit(*query));
  while (AtStreamClause()) TRY(ParseStreamClause(query->stream, place));
  if (query->body->kind == BodyKind::kNested && IsPlain(*query)) {
    QueryPtr nested = std::move(query->body->nested);  // ((query)) is query
    query = std::move(nested);
  }
  const size_t height = tallest_ + 1;
  tallest_ = outer_tallest;
  TRY(NoteHeight(height, query->position));
  query->height = static_cast<uint16_t>(height);
  query->text_offset = query->position.offset;
  query->text_length = list_.tokens[at_ - 1].EndOffset() - query->text_offset;
  return query;
}

Status Parser::ParseWith(Query& query) {
  Advance();
  query.recursive = Take("RECURSIVE");
  do {
    CommonTable table;
    table.position = Here();
    table.name = TRY(ExpectName("a name after WITH"));
    if (AtSymbol(Symbol::kLeftParen)) table.columns = TRY(ExpectNameList("the columns of " + table.name));
    TRY(Expect("AS", "after the name in WITH"));
    TRY(ExpectSymbol(Symbol::kLeftParen, "before the query in WITH"));
    table.query = TRY(ParseQuery(Place::kInner));
    TRY(ExpectSymbol(Symbol::kRightParen, "after the query in WITH"));
    query.with.push_back(std::move(table));
  } while (TakeSymbol(Symbol::kComma));
  if (AtSymbol(Symbol::kLeftParen) || AtAny({"SELECT", "VALUES", "FROM", "TABLE"})) return Status::Ok();
  return Unexpected("SELECT after WITH ... AS (...)", {"SELECT", "VALUES", "FROM"});
}

Status Parser::ParseOrderAndLimit(Query& query) {
  if (At("ORDER")) {
    Advance();
    TRY(Expect("BY", "after ORDER"));
    query.order_by = TRY(ParseOrderList());
  }
  bool limited = false;
  bool skipped = false;
  while (true) {
    const bool is_offset = At("OFFSET");
    if (!is_offset && !At("LIMIT") && !At("FETCH")) return Status::Ok();
    if (is_offset ? skipped : limited) {
      return ErrorHere(ErrorCode::kClauseTwice, std::string(is_offset ? "OFFSET" : "LIMIT") + " is given twice");
    }
    if (is_offset) {
      Advance();
      skipped = true;
      query.offset = TRY(ParseExpression());
      if (!Take("ROWS")) Take("ROW");
      continue;
    }
    limited = true;
    if (Take("LIMIT")) {
      if (!Take("ALL")) query.limit = TRY(ParseExpression());
      if (AtSymbol(Symbol::kComma)) return Unexpected("the end of LIMIT", {}, "write LIMIT count OFFSET start");
      continue;
    }
    Advance();  // FETCH FIRST n ROWS ONLY
    if (!Take("FIRST") && !Take("NEXT")) return Unexpected("FIRST after FETCH", {"FIRST", "NEXT"});
    query.limit = TRY(ParseExpression());
    if (!Take("ROWS") && !Take("ROW")) return Unexpected("ROWS ONLY in FETCH FIRST n ROWS ONLY", {"ROWS", "ROW"});
    TRY(Expect("ONLY", "in FETCH FIRST n ROWS ONLY"));
  }
}

// INTERSECT binds stronger than UNION and EXCEPT, which are of one strength. A run of one operator is one flat node.
Result<QueryBodyPtr> Parser::ParseSetOperations(bool intersect_only) {
  QueryBodyPtr left = intersect_only ? TRY(ParseBodyPrimary()) : TRY(ParseSetOperations(true));
  const QueryBody* built = nullptr;  // the node of this loop, to which the next input may be added
  while (true) {
    const TextPosition position = Here();
    SetOperator op = SetOperator::kIntersect;
    if (intersect_only) {
      if (!Take("INTERSECT")) return left;
    } else if (Take("UNION")) {
      op = SetOperator::kUnion;
    } else if (Take("EXCEPT")) {
      op = SetOperator::kExcept;
    } else {
      return left;
    }
    const bool all = Take("ALL");
    if (!all) Take("DISTINCT");
    QueryBodyPtr right = intersect_only ? TRY(ParseBodyPrimary()) : TRY(ParseSetOperations(true));
    if (built != left.get() || left->op != op || left->all != all) {
      auto node = std::make_unique<QueryBody>();
      node->kind = BodyKind::kSetOperation;
      node->position = position;
      node->op = op;
      node->all = all;
      node->height = static_cast<uint16_t>(left->height + 1);
      node->inputs.push_back(std::move(left));
      left = std::move(node);
      built = left.get();
    }
    left->height = std::max(left->height, static_cast<uint16_t>(right->height + 1));
    left->inputs.push_back(std::move(right));
    TRY(NoteHeight(left->height, position));
  }
}

Result<QueryBodyPtr> Parser::ParseBodyPrimary() {
  if (AtSymbol(Symbol::kLeftParen)) {
    auto body = std::make_unique<QueryBody>();
    body->kind = BodyKind::kNested;
    body->position = Here();
    body->nested = TRY(ParseParenthesisedQuery(Place::kInner));
    if (IsPlain(*body->nested)) return std::move(body->nested->body);
    body->height = static_cast<uint16_t>(body->nested->height + 1);
    TRY(NoteHeight(body->height, body->position));
    return body;
  }
  if (At("VALUES")) return ParseValues();
  if (At("TABLE") && AtName(1)) {
    auto body = std::make_unique<QueryBody>();
    body->position = Here();
    Advance();
    body->select = std::make_unique<Select>();
    body->select->position = body->position;
    auto star = std::make_unique<Expression>(ExpressionKind::kStar, body->position);
    body->select->items.push_back({TRY(Seal(std::move(star))), {}});
    auto table = std::make_unique<TableRef>();
    table->position = Here();
    table->name = TRY(ExpectDottedName("a relation after TABLE"));
    body->select->from.push_back(std::move(table));
    return body;
  }
  return ParseSelect();
}

Result<QueryBodyPtr> Parser::ParseValues() {
  auto body = std::make_unique<QueryBody>();
  body->kind = BodyKind::kValues;
  body->position = Here();
  const size_t outer_tallest = tallest_;
  tallest_ = 0;
  Advance();
  do {
    const TextPosition row = Here();
    TRY(ExpectSymbol(Symbol::kLeftParen, "before a row of VALUES"));
    if (At("DEFAULT")) return Error(ErrorHere(ErrorCode::kNotSupported, "DEFAULT in VALUES is not supported"));
    body->values.push_back(TRY(ParseExpressionList()));
    TRY(ExpectSymbol(Symbol::kRightParen, "or ',' in the row of VALUES"));
    if (body->values.back().size() != body->values.front().size()) {
      return Error(Status(ErrorCode::kUnexpectedToken,
                          "a row of VALUES has " + std::to_string(body->values.back().size()) +
                              " values, the first has " + std::to_string(body->values.front().size()))
                       .At(row));
    }
  } while (TakeSymbol(Symbol::kComma));
  body->height = static_cast<uint16_t>(tallest_ + 1);
  tallest_ = outer_tallest;
  TRY(NoteHeight(body->height, body->position));
  return body;
}

}  // namespace laminar::sql
