// Literals: numbers, parameters, intervals, and strings with a type before them.
#include <algorithm>
#include <charconv>

#include "sql/interval.h"
#include "sql/keywords.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {
namespace {

constexpr uint32_t kParameterMax = 65535;

// Types that may stand directly before a string.
constexpr std::string_view kLiteralTypes[] = {"DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "JSON", "JSONB", "UUID"};

std::string Decimal(unsigned __int128 value) {
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// 0x.., 0o.., 0b.. to decimal digits; empty when it does not fit 127 bits.
std::string FromRadix(std::string_view digits, int radix) {
  unsigned __int128 value = 0;
  for (const char c : digits) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (value >> 120 != 0) return {};
    value = value * static_cast<unsigned>(radix) + static_cast<unsigned>(digit);
  }
  return Decimal(value);
}

std::string_view WithoutLeadingZeros(std::string_view digits) {
  const size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? digits.substr(digits.size() - 1) : digits.substr(first);
}

}  // namespace

Result<ExpressionPtr> Parser::ParseNumber() {
  const Token& token = Peek();
  auto node = std::make_unique<Expression>(ExpressionKind::kLiteral, token.Position());
  Literal& literal = node->literal;
  std::string digits(Raw(token));
  std::erase(digits, '_');
  const bool is_word_next = Peek(1).kind == TokenKind::kWord && Peek(1).offset == token.EndOffset();
  if (is_word_next) {
    return Error(ErrorHere(ErrorCode::kBadLiteral,
                           "the number " + digits + " runs into '" + std::string(Raw(Peek(1))) + "'",
                           "put a blank between them; a duration is INTERVAL '5' MINUTE"));
  }
  if (token.kind == TokenKind::kInteger) {
    if (digits.size() > 2 && digits[0] == '0' && digits[1] > '9') {
      const char mark = static_cast<char>(digits[1] | 0x20);
      digits = FromRadix(std::string_view(digits).substr(2), mark == 'x' ? 16 : mark == 'o' ? 8 : 2);
      if (digits.empty()) return Error(ErrorHere(ErrorCode::kBadLiteral, "the number is out of range"));
    }
    literal.text = WithoutLeadingZeros(digits);
    const char* end = literal.text.data() + literal.text.size();
    const bool fits = std::from_chars(literal.text.data(), end, literal.integer).ec == std::errc{};
    literal.kind = fits ? LiteralKind::kInteger : LiteralKind::kDecimal;
    if (!fits) literal.integer = 0;
  } else if (digits.find_first_of("eE") != std::string::npos) {
    literal.kind = LiteralKind::kFloat;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), literal.floating);
    if (read.ec != std::errc{}) return Error(ErrorHere(ErrorCode::kBadLiteral, "the number is out of range of DOUBLE"));
    char buffer[40];
    const auto wrote = std::to_chars(buffer, buffer + sizeof buffer, literal.floating, std::chars_format::scientific);
    literal.text.assign(buffer, wrote.ptr);
  } else {
    literal.kind = LiteralKind::kDecimal;
    if (digits.front() == '.') digits.insert(0, 1, '0');
    if (digits.back() == '.') digits += '0';
    const size_t dot = digits.find('.');
    literal.text = std::string(WithoutLeadingZeros(digits.substr(0, dot))) + digits.substr(dot);
  }
  Advance();
  return Seal(std::move(node));
}

Result<ExpressionPtr> Parser::ParseParameter() {
  auto node = std::make_unique<Expression>(ExpressionKind::kParameter, Here());
  if (AtSymbol(Symbol::kQuestion)) {
    has_anonymous_ = true;
    node->parameter = ++parameter_count_;
  } else {
    has_numbered_ = true;
    const std::string_view digits = Raw(Peek()).substr(1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), node->parameter);
    if (read.ec != std::errc{} || node->parameter == 0 || node->parameter > kParameterMax) {
      return Error(ErrorHere(ErrorCode::kBadLiteral, "a parameter number must be between 1 and 65535"));
    }
    parameter_count_ = std::max(parameter_count_, node->parameter);
  }
  if (has_anonymous_ && has_numbered_) {
    return Error(ErrorHere(ErrorCode::kUnexpectedToken, "the statement mixes ? with numbered parameters",
                           "use $1, $2, ... throughout, or ? throughout"));
  }
  if (parameter_count_ > kParameterMax) {
    return Error(ErrorHere(ErrorCode::kTooComplex, "more than 65535 parameters"));
  }
  Advance();
  return Seal(std::move(node));
}

bool Parser::AtIntervalLiteral() const {
  if (!At("INTERVAL")) return false;
  const TokenKind next = Peek(1).kind;
  return next == TokenKind::kString || next == TokenKind::kInteger || next == TokenKind::kNumber ||
         (next == TokenKind::kQuotedWord && !AtSymbol(Symbol::kDot, 2));
}

// INTERVAL '5' MINUTE, INTERVAL 5 MINUTE, INTERVAL '1-6' YEAR TO MONTH, INTERVAL '1 hour 30 minutes'
Result<ExpressionPtr> Parser::ParseInterval() {
  auto node = std::make_unique<Expression>(ExpressionKind::kInterval, Here());
  Advance();
  const Token& token = Peek();
  if (token.kind == TokenKind::kQuotedWord) {
    return Error(Unexpected("a string after INTERVAL", {}, "strings are written in single quotes"));
  }
  const bool is_number = token.kind != TokenKind::kString;
  std::string text = is_number ? std::string(Raw(token)) : Text(token);
  if (is_number) std::erase(text, '_');
  // A text that names its units takes none behind it: in INTERVAL '5 minutes' day, day is an alias.
  const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  const bool has_units = std::any_of(text.begin(), text.end(), is_letter);
  const bool may_have_unit = !has_units && Peek(1).kind == TokenKind::kWord;
  const IntervalUnit* unit = may_have_unit ? FindIntervalUnitInFull(Raw(Peek(1))) : nullptr;
  const IntervalUnit* to = unit != nullptr && At("TO", 2) ? FindIntervalUnitInFull(Raw(Peek(3))) : nullptr;
  if (is_number && unit == nullptr) {
    return Error(Unexpected("INTERVAL with a unit", {}, "write INTERVAL '" + text + "' MINUTE"));
  }
  Result<IntervalValue> value = to != nullptr     ? IntervalOfRange(text, *unit, *to)
                                : unit != nullptr ? IntervalOfUnit(text, *unit)
                                                  : ParseIntervalText(text);
  if (!value) return Error(std::move(value).error().At(token.Position()));
  at_ += to != nullptr ? 4 : unit != nullptr ? 2 : 1;
  node->interval = std::make_unique<IntervalValue>(*std::move(value));
  return Seal(std::move(node));
}

bool Parser::AtTypedLiteral() const {
  const bool known = std::any_of(std::begin(kLiteralTypes), std::end(kLiteralTypes),
                                 [&](std::string_view word) { return At(word); });
  if (!known) return false;
  if (AtString(1)) return true;
  if (!At("TIME") && !At("TIMESTAMP")) return false;
  // TIMESTAMP(3) '...', TIMESTAMP WITH TIME ZONE '...'
  const size_t after = AtSymbol(Symbol::kLeftParen, 1) && Peek(2).kind == TokenKind::kInteger &&
                               AtSymbol(Symbol::kRightParen, 3)
                           ? 4
                           : 1;
  if (AtString(after)) return true;
  return AtAny({"WITH", "WITHOUT"}, after) && At("TIME", after + 1) && At("ZONE", after + 2) && AtString(after + 3);
}

Result<ExpressionPtr> Parser::ParseTypedLiteral() {
  auto node = std::make_unique<Expression>(ExpressionKind::kTypedLiteral, Here());
  node->type = std::make_unique<TypeName>(TRY(ParseType()));
  node->literal.kind = LiteralKind::kString;
  node->literal.text = TRY(ExpectString("a string after the type"));
  return Seal(std::move(node));
}

}  // namespace laminar::sql
