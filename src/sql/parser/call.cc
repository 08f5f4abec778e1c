// Calls: arguments, the special syntax of some functions, aggregate and window clauses, lambdas.
#include <algorithm>

#include "sql/parser/parser_state.h"

namespace laminar::sql {
namespace {

ExpressionPtr Make(ExpressionKind kind, TextPosition position) { return std::make_unique<Expression>(kind, position); }

CallDetail& DetailOf(Expression& call) {
  if (!call.call) call.call = std::make_unique<CallDetail>();
  return *call.call;
}

constexpr std::string_view kHigherOrder[] = {
    "all_match",       "any_match",   "apply",          "array_apply", "array_filter", "array_reduce", "array_sort",
    "array_transform", "filter",      "list_all",       "list_any",    "list_apply",   "list_filter",  "list_reduce",
    "list_transform",  "map_filter",  "none_match",     "reduce",      "transform",    "transform_keys",
    "transform_values"};

}  // namespace

bool IsHigherOrder(std::string_view function) {
  return std::find(std::begin(kHigherOrder), std::end(kHigherOrder), function) != std::end(kHigherOrder);
}

Result<ExpressionPtr> Parser::ParseCall(Name name, TextPosition position) {
  auto node = Make(ExpressionKind::kCall, position);
  node->name = std::move(name);
  Advance();  // (
  const bool closed = TRY(ParseSpecialArguments(*node));
  if (!closed) {
    TRY(ParseArguments(*node));
    TRY(ExpectSymbol(Symbol::kRightParen, "or ',' in the arguments of " + node->name.back()));
  }
  TRY(ParseCallSuffix(*node));
  return Seal(std::move(node));
}

// EXTRACT, POSITION, SUBSTRING, TRIM, OVERLAY, FLOOR(x TO unit). True: all arguments were read, and the parenthesis
// closed. False: an ordinary argument list follows, of which the first argument may have been read already.
Result<bool> Parser::ParseSpecialArguments(Expression& call) {
  if (call.name.size() != 1 || AtSymbol(Symbol::kRightParen)) return false;
  const std::string& name = call.name[0];
  if (name == "extract" && (AtAnyWord() || AtString()) && At("FROM", 1)) {
    auto field = Make(ExpressionKind::kLiteral, Here());
    field->literal.kind = LiteralKind::kString;
    field->literal.text = Text(Peek());
    at_ += 2;
    call.children.push_back(TRY(Seal(std::move(field))));
    call.children.push_back(TRY(ParseExpression()));
  } else if (name == "trim") {
    TRY(ParseTrim(call));
    if (AtSymbol(Symbol::kComma)) return false;
  } else if (name == "position") {
    ExpressionPtr part = TRY(ParseExpression(kStrengthRange + 1));
    if (!Take("IN")) {
      call.children.push_back(TRY(ParseInfix(std::move(part), kStrengthOr)));
      return false;
    }
    call.name[0] = "strpos";
    call.children.push_back(TRY(ParseExpression()));
    call.children.push_back(std::move(part));
  } else if (name == "substring" || name == "overlay") {
    call.children.push_back(TRY(ParseExpression()));
    if (name == "overlay" && Take("PLACING")) call.children.push_back(TRY(ParseExpression()));
    if (!At("FROM") && !At("FOR")) return false;
    if (Take("FROM")) {
      call.children.push_back(TRY(ParseExpression()));
    } else {
      auto one = Make(ExpressionKind::kLiteral, Here());
      one->literal.kind = LiteralKind::kInteger;
      one->literal.integer = 1;
      one->literal.text.push_back('1');
      call.children.push_back(TRY(Seal(std::move(one))));
    }
    if (Take("FOR")) call.children.push_back(TRY(ParseExpression()));
  } else if (name == "floor") {
    call.children.push_back(TRY(ParseExpression()));
    if (!Take("TO")) return false;
    auto unit = Make(ExpressionKind::kLiteral, Here());
    unit->literal.kind = LiteralKind::kString;
    unit->literal.text = TRY(ExpectAnyWord("a unit in FLOOR(time TO unit)"));
    call.name[0] = "date_trunc";
    call.children.insert(call.children.begin(), TRY(Seal(std::move(unit))));
  } else {
    return false;
  }
  TRY(ExpectSymbol(Symbol::kRightParen, "after the arguments of " + call.name[0]));
  return true;
}

// TRIM([LEADING | TRAILING | BOTH] [characters] FROM text), or an ordinary argument.
Status Parser::ParseTrim(Expression& call) {
  const bool sided = AtAny({"LEADING", "TRAILING", "BOTH"}) &&
                     (AtAnyWord(1) || AtString(1) || AtSymbol(Symbol::kLeftParen, 1) ||
                      Peek(1).kind == TokenKind::kParameter);
  if (sided) {
    call.name[0] = At("LEADING") ? "ltrim" : At("TRAILING") ? "rtrim" : "btrim";
    Advance();
  }
  ExpressionPtr first;
  if (!At("FROM")) first = TRY(ParseExpression());
  if (!Take("FROM")) {
    if (first) call.children.push_back(std::move(first));
    return Status::Ok();
  }
  call.children.push_back(TRY(ParseExpression()));
  if (!first) return Status::Ok();
  if (!sided) call.name[0] = "btrim";
  call.children.push_back(std::move(first));
  return Status::Ok();
}

// The arguments up to the closing parenthesis; the first may be in call.children already.
Status Parser::ParseArguments(Expression& call) {
  if (call.children.empty()) {
    if (AtSymbol(Symbol::kRightParen)) return Status::Ok();
    if (Take("DISTINCT")) {
      DetailOf(call).distinct = true;
    } else if (At("ALL") && !AtSymbol(Symbol::kLeftParen, 1)) {
      Advance();
    }
    TRY(ParseArgument(call));
  }
  while (TakeSymbol(Symbol::kComma)) TRY(ParseArgument(call));
  return ParseArgumentTail(call);
}

Status Parser::ParseArgument(Expression& call) {
  std::string label;
  if (AtAnyWord() && (AtSymbol(Symbol::kArrow, 1) || AtSymbol(Symbol::kColonEqual, 1))) {
    label = Text(Peek());
    at_ += 2;
  }
  ExpressionPtr argument;
  if (AtStar()) {
    argument = TRY(ParseStar());
  } else if (At("TABLE")) {
    argument = TRY(ParseTableArgument());
  } else if (AtLambda(&call)) {
    argument = TRY(ParseLambda());
  } else {
    argument = TRY(ParseExpression());
  }
  call.children.push_back(std::move(argument));
  if (!label.empty() || (call.call && !call.call->argument_names.empty())) {
    auto& names = DetailOf(call).argument_names;
    names.resize(call.children.size());
    names.back() = std::move(label);
  }
  return Status::Ok();
}

// ORDER BY, IGNORE NULLS and SEPARATOR inside the parentheses.
Status Parser::ParseArgumentTail(Expression& call) {
  if (Take("ORDER", "BY")) DetailOf(call).order_by = TRY(ParseOrderList());
  if (Take("IGNORE", "NULLS")) {
    DetailOf(call).null_treatment = NullTreatment::kIgnore;
  } else if (Take("RESPECT", "NULLS")) {
    DetailOf(call).null_treatment = NullTreatment::kRespect;
  }
  if (At("SEPARATOR") && AtString(1)) {
    Advance();
    DetailOf(call).separator = TRY(ExpectString("a string after SEPARATOR"));
  }
  if (At("ON") && At("OVERFLOW", 1)) {
    return ErrorHere(ErrorCode::kNotSupported, "ON OVERFLOW is not supported", "aggregated strings are never cut");
  }
  return Status::Ok();
}

// TABLE name [PARTITION BY ...] or TABLE (query)
Result<ExpressionPtr> Parser::ParseTableArgument() {
  auto node = Make(ExpressionKind::kTableArgument, Here());
  Advance();
  if (AtQuery()) {
    node->query = TRY(ParseParenthesisedQuery(Place::kInner));
  } else {
    node->name = TRY(ExpectDottedName("a relation after TABLE"));
  }
  if (Take("PARTITION", "BY")) {
    const bool parenthesised = AtSymbol(Symbol::kLeftParen);
    if (parenthesised) Advance();
    // Without parentheses the comma ends the argument: one key.
    if (!parenthesised) {
      node->children.push_back(TRY(ParseExpression()));
    } else {
      node->children = TRY(ParseExpressionList());
      TRY(ExpectSymbol(Symbol::kRightParen, "after the keys of PARTITION BY"));
    }
  }
  return Seal(std::move(node));
}

// "lambda x, y: e" anywhere; "x -> e" and "(x) -> e" as arguments of a known function; "(x, y) -> e" as any argument.
bool Parser::AtLambda(const Expression* call) const {
  if (At("LAMBDA") && AtName(1) && (AtSymbol(Symbol::kColon, 2) || AtSymbol(Symbol::kComma, 2))) return true;
  if (call == nullptr) return false;
  const bool higher_order = IsHigherOrder(call->name.back());
  if (AtName() && AtSymbol(Symbol::kJsonGet, 1)) return higher_order;
  if (!AtSymbol(Symbol::kLeftParen)) return false;
  size_t ahead = 1;
  while (AtName(ahead) && AtSymbol(Symbol::kComma, ahead + 1)) ahead += 2;
  return (ahead > 1 || higher_order) && AtName(ahead) && AtSymbol(Symbol::kRightParen, ahead + 1) &&
         AtSymbol(Symbol::kJsonGet, ahead + 2);
}

Result<ExpressionPtr> Parser::ParseLambda() {
  auto node = Make(ExpressionKind::kLambda, Here());
  const bool word = At("LAMBDA") && !AtSymbol(Symbol::kJsonGet, 1);
  if (word) Advance();
  const bool parenthesised = TakeSymbol(Symbol::kLeftParen);
  do {
    node->labels.push_back(TRY(ExpectName("a parameter of the lambda")));
  } while (TakeSymbol(Symbol::kComma));
  if (parenthesised) TRY(ExpectSymbol(Symbol::kRightParen, "after the parameters of the lambda"));
  TRY(ExpectSymbol(word ? Symbol::kColon : Symbol::kJsonGet, "after the parameters of the lambda"));
  node->children.push_back(TRY(ParseExpression()));
  return Seal(std::move(node));
}

// WITHIN GROUP, FILTER, IGNORE NULLS and OVER, each at most once.
Status Parser::ParseCallSuffix(Expression& call) {
  while (true) {
    const TextPosition position = Here();
    bool twice = false;
    if (At("WITHIN") && At("GROUP", 1)) {
      at_ += 2;
      TRY(ExpectSymbol(Symbol::kLeftParen, "after WITHIN GROUP"));
      if (!Take("ORDER", "BY")) return Unexpected("ORDER BY in WITHIN GROUP (...)", {"ORDER"});
      twice = !DetailOf(call).within_group.empty();
      DetailOf(call).within_group = TRY(ParseOrderList());
      TRY(ExpectSymbol(Symbol::kRightParen, "after WITHIN GROUP (ORDER BY ..."));
    } else if (At("FILTER") && AtSymbol(Symbol::kLeftParen, 1)) {
      at_ += 2;
      TRY(Expect("WHERE", "in FILTER (...)"));
      twice = DetailOf(call).filter != nullptr;
      DetailOf(call).filter = TRY(ParseExpression());
      TRY(ExpectSymbol(Symbol::kRightParen, "after the condition of FILTER"));
    } else if ((At("IGNORE") || At("RESPECT")) && At("NULLS", 1)) {
      twice = call.call && call.call->null_treatment != NullTreatment::kDefault;
      DetailOf(call).null_treatment = At("IGNORE") ? NullTreatment::kIgnore : NullTreatment::kRespect;
      at_ += 2;
    } else if (At("OVER") && (AtSymbol(Symbol::kLeftParen, 1) || AtName(1))) {
      twice = call.call && call.call->over != nullptr;
      TRY(ParseOver(call));
    } else {
      return Status::Ok();
    }
    if (twice) {
      return Status(ErrorCode::kClauseTwice, "a clause of " + call.name.back() + "(...) is given twice").At(position);
    }
  }
}

Status Parser::ParseOver(Expression& call) {
  Advance();
  auto over = std::make_unique<WindowSpec>();
  if (TakeSymbol(Symbol::kLeftParen)) {
    *over = TRY(ParseWindowSpec());
    TRY(ExpectSymbol(Symbol::kRightParen, "after the window of OVER"));
  } else {
    over->base = TRY(ExpectName("a window name after OVER"));
  }
  DetailOf(call).over = std::move(over);
  return Status::Ok();
}

// [name] [PARTITION BY ...] [ORDER BY ...] [frame], up to the closing parenthesis.
Result<WindowSpec> Parser::ParseWindowSpec() {
  WindowSpec spec;
  const bool at_frame = AtAny({"ROWS", "RANGE", "GROUPS"}) && !AtSymbol(Symbol::kRightParen, 1);
  if (AtName() && !(At("PARTITION") && At("BY", 1)) && !at_frame) spec.base = TRY(ExpectName("a window name"));
  if (Take("PARTITION", "BY")) spec.partition_by = TRY(ParseExpressionList());
  if (Take("ORDER", "BY")) spec.order_by = TRY(ParseOrderList());
  if (AtAny({"ROWS", "RANGE", "GROUPS"})) spec.frame = TRY(ParseFrame());
  return spec;
}

Result<WindowFrame> Parser::ParseFrame() {
  WindowFrame frame;
  frame.unit = At("ROWS") ? FrameUnit::kRows : At("RANGE") ? FrameUnit::kRange : FrameUnit::kGroups;
  Advance();
  if (Take("BETWEEN")) {
    frame.start = TRY(ParseFrameBound());
    TRY(Expect("AND", "between the bounds of the frame"));
    frame.end = TRY(ParseFrameBound());
  } else {
    frame.start = TRY(ParseFrameBound());
  }
  if (!Take("EXCLUDE")) return frame;
  if (Take("CURRENT", "ROW")) {
    frame.exclude = FrameExclude::kCurrentRow;
  } else if (Take("GROUP")) {
    frame.exclude = FrameExclude::kGroup;
  } else if (Take("TIES")) {
    frame.exclude = FrameExclude::kTies;
  } else if (!Take("NO", "OTHERS")) {
    return Error(Unexpected("CURRENT ROW, GROUP, TIES or NO OTHERS after EXCLUDE"));
  }
  return frame;
}

Result<FrameBound> Parser::ParseFrameBound() {
  FrameBound bound;
  if (Take("UNBOUNDED", "PRECEDING")) return bound;
  if (Take("UNBOUNDED", "FOLLOWING")) {
    bound.kind = FrameBoundKind::kUnboundedFollowing;
    return bound;
  }
  if (Take("CURRENT", "ROW")) {
    bound.kind = FrameBoundKind::kCurrentRow;
    return bound;
  }
  bound.offset = TRY(ParseExpression(kStrengthRange + 1));
  if (Take("PRECEDING")) {
    bound.kind = FrameBoundKind::kPreceding;
  } else if (Take("FOLLOWING")) {
    bound.kind = FrameBoundKind::kFollowing;
  } else {
    return Error(Unexpected("PRECEDING or FOLLOWING in the frame", {"PRECEDING", "FOLLOWING"}));
  }
  return bound;
}

}  // namespace laminar::sql
