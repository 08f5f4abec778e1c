// Operators: precedence climbing. Strengths and associativity are those of PostgreSQL.
#include "sql/parser/parser_state.h"

namespace laminar::sql {

enum class InfixKind : uint8_t {
  kNone, kOperator, kAnd, kOr, kIs, kIsNull, kNotNull, kBetween, kIn, kLike, kAtTimeZone
};

struct Parser::Infix {
  InfixKind kind = InfixKind::kNone;
  int strength = kStrengthNone;
  BinaryOperator binary = BinaryOperator::kEqual;
  LikeKind like = LikeKind::kLike;
  bool negated = false;
};

namespace {

struct SymbolInfix {
  int strength;
  BinaryOperator binary;
};

SymbolInfix InfixOf(Symbol symbol) {
  using enum BinaryOperator;
  switch (symbol) {
    case Symbol::kEqual: case Symbol::kDoubleEqual: return {kStrengthComparison, kEqual};
    case Symbol::kNotEqual: case Symbol::kBangEqual: return {kStrengthComparison, kNotEqual};
    case Symbol::kLess: return {kStrengthComparison, kLess};
    case Symbol::kLessEqual: return {kStrengthComparison, kLessEqual};
    case Symbol::kGreater: return {kStrengthComparison, kGreater};
    case Symbol::kGreaterEqual: return {kStrengthComparison, kGreaterEqual};
    case Symbol::kPlus: return {kStrengthAdd, kAdd};
    case Symbol::kMinus: return {kStrengthAdd, kSubtract};
    case Symbol::kStar: return {kStrengthMultiply, kMultiply};
    case Symbol::kSlash: return {kStrengthMultiply, kDivide};
    case Symbol::kPercent: return {kStrengthMultiply, kModulo};
    case Symbol::kCaret: return {kStrengthPower, kPower};
    case Symbol::kConcat: return {kStrengthOther, kConcat};
    case Symbol::kAmpersand: return {kStrengthOther, kBitAnd};
    case Symbol::kPipe: return {kStrengthOther, kBitOr};
    case Symbol::kHash: return {kStrengthOther, kBitXor};
    case Symbol::kShiftLeft: return {kStrengthOther, kShiftLeft};
    case Symbol::kShiftRight: return {kStrengthOther, kShiftRight};
    case Symbol::kJsonGet: return {kStrengthOther, kJsonGet};
    case Symbol::kJsonGetText: return {kStrengthOther, kJsonGetText};
    case Symbol::kJsonPath: return {kStrengthOther, kJsonPath};
    case Symbol::kJsonPathText: return {kStrengthOther, kJsonPathText};
    case Symbol::kQuestion: return {kStrengthOther, kJsonExists};
    case Symbol::kContains: return {kStrengthOther, kContains};
    case Symbol::kContainedBy: return {kStrengthOther, kContainedBy};
    case Symbol::kTilde: return {kStrengthOther, kRegexMatch};
    case Symbol::kRegexMatchInsensitive: return {kStrengthOther, kRegexMatchInsensitive};
    case Symbol::kRegexNotMatch: return {kStrengthOther, kRegexNotMatch};
    case Symbol::kRegexNotMatchInsensitive: return {kStrengthOther, kRegexNotMatchInsensitive};
    default: return {kStrengthNone, kEqual};
  }
}

ExpressionPtr Make(ExpressionKind kind, TextPosition position) { return std::make_unique<Expression>(kind, position); }

}  // namespace

Result<ExpressionPtr> Parser::ParseExpression(int from) {
  ExpressionPtr left = TRY(ParsePrefix());
  return ParseInfix(std::move(left), from);
}

Result<ExpressionPtr> Parser::ParseInfix(ExpressionPtr left, int from) {
  while (true) {
    const Infix infix = PeekInfix();
    if (infix.kind == InfixKind::kNone || infix.strength < from) return left;
    switch (infix.kind) {
      case InfixKind::kOr: left = TRY(ParseChain(std::move(left), ExpressionKind::kOr, "OR", kStrengthOr)); break;
      case InfixKind::kAnd: left = TRY(ParseChain(std::move(left), ExpressionKind::kAnd, "AND", kStrengthAnd)); break;
      case InfixKind::kOperator: left = TRY(ParseOperator(std::move(left), infix)); break;
      case InfixKind::kIs: left = TRY(ParseIs(std::move(left))); break;
      case InfixKind::kBetween: left = TRY(ParseBetween(std::move(left), infix.negated)); break;
      case InfixKind::kIn: left = TRY(ParseIn(std::move(left), infix.negated)); break;
      case InfixKind::kLike: left = TRY(ParseLike(std::move(left), infix.like, infix.negated)); break;
      case InfixKind::kIsNull: case InfixKind::kNotNull: {
        auto node = Make(ExpressionKind::kIsNull, Here());
        Advance();
        node->negated = infix.kind == InfixKind::kNotNull;
        node->children.push_back(std::move(left));
        left = TRY(Seal(std::move(node)));
        break;
      }
      case InfixKind::kAtTimeZone: {
        auto node = Make(ExpressionKind::kAtTimeZone, Here());
        at_ += 3;
        node->children.push_back(std::move(left));
        node->children.push_back(TRY(ParseExpression(kStrengthAtTimeZone + 1)));
        left = TRY(Seal(std::move(node)));
        break;
      }
      case InfixKind::kNone: break;
    }
  }
}

Parser::Infix Parser::PeekInfix() const {
  const Token& token = Peek();
  if (token.kind == TokenKind::kSymbol) {
    const SymbolInfix infix = InfixOf(token.symbol);
    if (infix.strength == kStrengthNone) return {};
    return {InfixKind::kOperator, infix.strength, infix.binary, LikeKind::kLike, false};
  }
  if (token.kind == TokenKind::kWord) return PeekWordInfix();
  return {};
}

Parser::Infix Parser::PeekWordInfix() const {
  const bool negated = At("NOT");
  const size_t ahead = negated ? 1 : 0;
  Infix infix{InfixKind::kNone, kStrengthRange, BinaryOperator::kEqual, LikeKind::kLike, negated};
  if (At("BETWEEN", ahead)) {
    infix.kind = InfixKind::kBetween;
  } else if (At("IN", ahead)) {
    infix.kind = InfixKind::kIn;
  } else if (At("LIKE", ahead)) {
    infix.kind = InfixKind::kLike;
  } else if (At("ILIKE", ahead)) {
    infix.kind = InfixKind::kLike;
    infix.like = LikeKind::kILike;
  } else if (At("SIMILAR", ahead)) {
    infix.kind = InfixKind::kLike;
    infix.like = LikeKind::kSimilar;
  }
  if (infix.kind != InfixKind::kNone || negated) return infix;
  if (At("AND")) return {InfixKind::kAnd, kStrengthAnd, {}, {}, false};
  if (At("OR")) return {InfixKind::kOr, kStrengthOr, {}, {}, false};
  if (At("IS")) return {InfixKind::kIs, kStrengthIs, {}, {}, false};
  if (At("ISNULL")) return {InfixKind::kIsNull, kStrengthIs, {}, {}, false};
  if (At("NOTNULL")) return {InfixKind::kNotNull, kStrengthIs, {}, {}, false};
  if (At("AT") && At("TIME", 1) && At("ZONE", 2)) return {InfixKind::kAtTimeZone, kStrengthAtTimeZone, {}, {}, false};
  return infix;
}

// A whole chain of ANDs (or ORs) becomes one flat node: thousands of conditions do not make a deep tree.
Result<ExpressionPtr> Parser::ParseChain(ExpressionPtr left, ExpressionKind kind, std::string_view word, int strength) {
  auto node = Make(kind, Here());
  node->children.push_back(std::move(left));
  while (Take(word)) node->children.push_back(TRY(ParseExpression(strength + 1)));
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseOperator(ExpressionPtr left, const Infix& infix) {
  const TextPosition position = Here();
  Advance();
  const bool compares = infix.strength == kStrengthComparison;
  if (compares && AtAny({"ANY", "SOME", "ALL"}) && AtSymbol(Symbol::kLeftParen, 1)) {
    return ParseQuantified(std::move(left), infix, position);
  }
  auto node = Make(ExpressionKind::kBinary, position);
  node->binary = infix.binary;
  node->children.push_back(std::move(left));
  node->children.push_back(TRY(ParseExpression(infix.strength + 1)));
  if (compares && PeekInfix().strength == kStrengthComparison && PeekInfix().kind == InfixKind::kOperator) {
    return Error(Unexpected("no second comparison", {}, "comparisons do not chain: write a < b AND b < c"));
  }
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseQuantified(ExpressionPtr left, const Infix& infix, TextPosition position) {
  auto node = Make(ExpressionKind::kQuantified, position);
  node->binary = infix.binary;
  node->quantifier = At("ALL") ? Quantifier::kAll : Quantifier::kAny;
  node->children.push_back(std::move(left));
  Advance();
  if (AtQuery()) {
    node->query = TRY(ParseParenthesisedQuery(Place::kInner));
  } else {
    TRY(ExpectSymbol(Symbol::kLeftParen, "after ANY or ALL"));
    node->children.push_back(TRY(ParseExpression()));
    TRY(ExpectSymbol(Symbol::kRightParen, "after the array of ANY or ALL"));
  }
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseIs(ExpressionPtr left) {
  auto node = Make(ExpressionKind::kIsNull, Here());
  Advance();
  node->negated = Take("NOT");
  node->children.push_back(std::move(left));
  if (Take("NULL")) return Seal(std::move(node));
  if (Take("DISTINCT", "FROM")) {
    node->kind = ExpressionKind::kIsDistinct;
    node->children.push_back(TRY(ParseExpression(kStrengthIs + 1)));
    return Seal(std::move(node));
  }
  node->kind = ExpressionKind::kIsBool;
  if (Take("TRUE")) {
    node->truth = Truth::kTrue;
  } else if (Take("FALSE")) {
    node->truth = Truth::kFalse;
  } else if (Take("UNKNOWN")) {
    node->truth = Truth::kUnknown;
  } else {
    return Error(Unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM after IS",
                            {"NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT", "NOT"}, "values are compared with ="));
  }
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseBetween(ExpressionPtr left, bool negated) {
  if (negated) Advance();
  auto node = Make(ExpressionKind::kBetween, Here());
  Advance();
  node->negated = negated;
  node->children.push_back(std::move(left));
  node->children.push_back(TRY(ParseExpression(kStrengthRange + 1)));
  TRY(Expect("AND", "between the bounds of BETWEEN"));
  node->children.push_back(TRY(ParseExpression(kStrengthRange + 1)));
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseIn(ExpressionPtr left, bool negated) {
  if (negated) Advance();
  auto node = Make(ExpressionKind::kIn, Here());
  Advance();
  node->negated = negated;
  node->children.push_back(std::move(left));
  if (AtQuery()) {
    node->query = TRY(ParseParenthesisedQuery(Place::kInner));
    return Seal(std::move(node));
  }
  TRY(ExpectSymbol(Symbol::kLeftParen, "after IN"));
  do {
    node->children.push_back(TRY(ParseExpression()));
  } while (TakeSymbol(Symbol::kComma));
  TRY(ExpectSymbol(Symbol::kRightParen, "or ',' in the list of IN"));
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseLike(ExpressionPtr left, LikeKind kind, bool negated) {
  if (negated) Advance();
  auto node = Make(ExpressionKind::kLike, Here());
  Advance();
  if (kind == LikeKind::kSimilar) TRY(Expect("TO", "after SIMILAR"));
  node->like = kind;
  node->negated = negated;
  node->children.push_back(std::move(left));
  node->children.push_back(TRY(ParseExpression(kStrengthRange + 1)));
  if (Take("ESCAPE")) node->children.push_back(TRY(ParseExpression(kStrengthRange + 1)));
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParsePrefix() {
  const Depth depth(*this);
  TRY(CheckDepth());
  if (At("NOT")) return ParseUnary(UnaryOperator::kNot);
  if (AtSymbol(Symbol::kMinus)) return ParseUnary(UnaryOperator::kNegate);
  if (AtSymbol(Symbol::kPlus)) return ParseUnary(UnaryOperator::kPlus);
  if (AtSymbol(Symbol::kTilde)) return ParseUnary(UnaryOperator::kBitNot);
  ExpressionPtr base = TRY(ParsePrimary());
  return ParsePostfix(std::move(base));
}

namespace {

// -5 is one literal; a literal that is negative already is left alone.
bool FoldMinus(Expression& operand) {
  if (operand.kind != ExpressionKind::kLiteral) return false;
  Literal& literal = operand.literal;
  const bool numeric = literal.kind == LiteralKind::kInteger || literal.kind == LiteralKind::kDecimal ||
                       literal.kind == LiteralKind::kFloat;
  if (!numeric || literal.text.starts_with('-')) return false;
  literal.text.insert(literal.text.begin(), '-');
  literal.floating = -literal.floating;
  if (literal.kind == LiteralKind::kInteger) literal.integer = -literal.integer;
  if (literal.text == "-9223372036854775808") {
    literal.kind = LiteralKind::kInteger;
    literal.integer = INT64_MIN;
  }
  return true;
}

}  // namespace

Result<ExpressionPtr> Parser::ParseUnary(UnaryOperator op) {
  const TextPosition position = Here();
  Advance();
  ExpressionPtr operand;
  switch (op) {
    case UnaryOperator::kNot: operand = TRY(ParseExpression(kStrengthNot + 1)); break;
    case UnaryOperator::kBitNot: operand = TRY(ParseExpression(kStrengthOther + 1)); break;
    case UnaryOperator::kNegate: case UnaryOperator::kPlus: operand = TRY(ParsePrefix()); break;
  }
  if (op == UnaryOperator::kNegate && FoldMinus(*operand)) {
    operand->position = position;
    return operand;
  }
  auto node = Make(ExpressionKind::kUnary, position);
  node->unary = op;
  node->children.push_back(std::move(operand));
  return Seal(std::move(node));
}

// base::type, base[index], base[low:high], (base).field
Result<ExpressionPtr> Parser::ParsePostfix(ExpressionPtr base) {
  while (true) {
    const TextPosition position = Here();
    if (TakeSymbol(Symbol::kCast)) {
      auto node = Make(ExpressionKind::kCast, position);
      node->children.push_back(std::move(base));
      node->type = std::make_unique<TypeName>(TRY(ParseType()));
      base = TRY(Seal(std::move(node)));
    } else if (AtSymbol(Symbol::kLeftBracket)) {
      base = TRY(ParseSubscript(std::move(base)));
    } else if (AtSymbol(Symbol::kDot) && AtAnyWord(1)) {
      Advance();
      auto node = Make(ExpressionKind::kField, position);
      node->labels.push_back(TRY(ExpectAnyWord("a field name")));
      node->children.push_back(std::move(base));
      base = TRY(Seal(std::move(node)));
    } else {
      return base;
    }
  }
}

Result<ExpressionPtr> Parser::ParseSubscript(ExpressionPtr base) {
  auto node = Make(ExpressionKind::kSubscript, Here());
  Advance();
  node->children.push_back(std::move(base));
  ExpressionPtr low;
  if (!AtSymbol(Symbol::kColon)) low = TRY(ParseExpression());
  node->children.push_back(std::move(low));
  if (TakeSymbol(Symbol::kColon)) {
    node->kind = ExpressionKind::kSlice;
    ExpressionPtr high;
    if (!AtSymbol(Symbol::kRightBracket)) high = TRY(ParseExpression());
    node->children.push_back(std::move(high));
  }
  TRY(ExpectSymbol(Symbol::kRightBracket, "after the subscript"));
  return Seal(std::move(node));
}

}  // namespace laminar::sql
