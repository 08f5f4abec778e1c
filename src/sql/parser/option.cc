// WITH (key = value, ...), FORMAT ... ENCODE ..., and the clauses that may follow a query in a CREATE statement.
#include <algorithm>

#include "sql/keywords.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {
namespace {

// INTERVAL '7' DAY is stored as "7 days", INTERVAL '1 hour 30 minutes' as its own text, INTERVAL '1-6' YEAR TO MONTH by
// its parts.
std::string OptionText(const IntervalValue& interval) {
  if (interval.unit.empty()) return interval.text;
  if (interval.unit.find(' ') != std::string::npos) {
    return std::to_string(interval.months) + " months " + std::to_string(interval.days) + " days " +
           std::to_string(interval.microseconds) + " microseconds";
  }
  std::string unit = interval.unit;
  for (char& c : unit) c = static_cast<char>(c | 0x20);
  return interval.text + " " + unit + (interval.text == "1" ? "" : "s");
}

}  // namespace

// WITH ( ... ), when it stands here. Options of an earlier list are kept and may not be repeated.
Status Parser::ParseOptions(Options& options, std::string_view where) {
  if (!At("WITH")) return Status::Ok();
  Advance();
  TRY(ExpectSymbol(Symbol::kLeftParen, "after WITH" + std::string(where)));
  return ParseOptionList(options);
}

// After the opening parenthesis, through the closing one.
Status Parser::ParseOptionList(Options& options) {
  do {
    if (AtSymbol(Symbol::kRightParen) && !options.empty()) break;  // a trailing comma
    Option option;
    option.position = Here();
    if (AtString()) {
      option.key = Text(Peek());
      Advance();
    } else if (AtAnyWord()) {
      const auto part = [&] {
        return Peek().kind == TokenKind::kQuotedWord ? Text(Peek()) : std::string(Raw(Peek()));
      };
      option.key = part();
      Advance();
      while (TakeSymbol(Symbol::kDot)) {
        if (!AtAnyWord()) return Unexpected("a word after '.' in the option");
        option.key += "." + part();
        Advance();
      }
    } else {
      return Unexpected("an option", {}, "write key = 'value', keys with other signs in quotes: 'max-rows' = 5");
    }
    if (AtSymbol(Symbol::kMinus)) {
      return Unexpected("'=' after the option " + option.key, {}, "a key with '-' is written in quotes");
    }
    TRY(ExpectSymbol(Symbol::kEqual, "after the option " + option.key));
    TRY(ParseOptionValue(option));
    const auto has_key = [&](const Option& earlier) { return earlier.key == option.key; };
    if (std::any_of(options.begin(), options.end(), has_key)) {
      return Status(ErrorCode::kDuplicateOption, "the option '" + option.key + "' is given twice").At(option.position);
    }
    options.push_back(std::move(option));
  } while (TakeSymbol(Symbol::kComma));
  return ExpectSymbol(Symbol::kRightParen, "or ',' after an option");
}

Status Parser::ParseOptionValue(Option& option) {
  option.value_position = Here();
  const bool negative = AtSymbol(Symbol::kMinus);
  const TokenKind kind = Peek(negative ? 1 : 0).kind;
  if (kind == TokenKind::kInteger || kind == TokenKind::kNumber) {
    if (negative) Advance();
    ExpressionPtr number = TRY(ParseNumber());
    option.kind = OptionKind::kNumber;
    option.value = (negative ? "-" : "") + number->literal.text;
    return Status::Ok();
  }
  if (AtString()) {
    option.value = Text(Peek());
    Advance();
    return Status::Ok();
  }
  if (AtIntervalLiteral()) {
    ExpressionPtr interval = TRY(ParseInterval());
    option.kind = OptionKind::kInterval;
    option.value = OptionText(*interval->interval);
    return Status::Ok();
  }
  if (At("TRUE") || At("FALSE")) {
    option.kind = OptionKind::kBoolean;
    option.value = At("TRUE") ? "true" : "false";
    Advance();
    return Status::Ok();
  }
  if (AtAnyWord()) {
    const bool quoted = Peek().kind == TokenKind::kQuotedWord;
    option.kind = quoted ? OptionKind::kString : OptionKind::kWord;
    option.value = quoted ? Text(Peek()) : std::string(Raw(Peek()));
    Advance();
    return Status::Ok();
  }
  return Unexpected("a value for the option " + option.key, {},
                    "values are strings, numbers, TRUE, FALSE, an INTERVAL or a single word");
}

// FORMAT ident [ENCODE ident [(options)]]
Status Parser::ParseFormat(FormatClause& format) {
  if (!format.format.empty()) return ErrorHere(ErrorCode::kClauseTwice, "FORMAT is given twice");
  format.position = Here();
  Advance();
  format.format = TRY(ExpectAnyWord("a format after FORMAT"));
  if (!Take("ENCODE")) return Status::Ok();
  format.encode = TRY(ExpectAnyWord("an encoding after ENCODE"));
  if (TakeSymbol(Symbol::kLeftParen)) return ParseOptionList(format.options);
  return Status::Ok();
}

// After the query of CREATE CONTINUOUS QUERY or MATERIALIZED VIEW: WITH (...), and stream clauses behind it.
Status Parser::ParseQueryTail(Query& query, Options& options) {
  bool with = false;
  while (true) {
    if (AtStreamClause()) {
      TRY(ParseStreamClause(query.stream, Place::kOutermost));
    } else if (At("WITH")) {
      if (with) return ErrorHere(ErrorCode::kClauseTwice, "WITH (...) is given twice");
      with = true;
      TRY(ParseOptions(options, " behind the query"));
    } else {
      return MisplacedClause();
    }
  }
}

}  // namespace laminar::sql
