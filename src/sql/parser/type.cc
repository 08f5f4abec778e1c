// Type names: decimal(10, 2), bigint[], struct<a int, b text>, map<text, int>, timestamp(3) with time zone.
#include <charconv>

#include "sql/parser/parser_state.h"

namespace laminar::sql {

Result<TypeName> Parser::ParseType() {
  const Depth depth(*this);
  TRY(CheckDepth());
  TypeName type = TRY(ParseTypeHead());
  uint32_t levels = depth_;
  while (AtSymbol(Symbol::kLeftBracket) || (At("ARRAY") && !AtSymbol(Symbol::kLess, 1))) {
    if (++levels > options_.depth_max) {
      return Error(ErrorHere(ErrorCode::kTooComplex, "the type nests too deep"));
    }
    TypeName array;
    array.name = "array";
    array.position = type.position;
    if (!Take("ARRAY")) {
      Advance();
      if (Peek().kind == TokenKind::kInteger) {
        return Error(ErrorHere(ErrorCode::kNotSupported, "arrays of a fixed length are not supported", "write []"));
      }
      TRY(ExpectSymbol(Symbol::kRightBracket, "after '[' in the type"));
    }
    array.children.push_back(std::move(type));
    type = std::move(array);
  }
  return type;
}

Result<TypeName> Parser::ParseTypeHead() {
  TypeName type;
  type.position = Here();
  if (!AtName()) {
    return Error(Unexpected("a type", {"BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "INTEGER", "TIMESTAMP",
                                       "VARCHAR"}));
  }
  const bool quoted = Peek().kind == TokenKind::kQuotedWord;
  type.name = Text(Peek());
  Advance();
  if (quoted) return type;
  const bool angle = AtSymbol(Symbol::kLess);
  const bool nested = angle || AtSymbol(Symbol::kLeftParen);
  if ((type.name == "struct" || type.name == "row") && nested) {
    type.name = "struct";
    Advance();
    TRY(ParseTypeFields(type, angle ? Symbol::kGreater : Symbol::kRightParen));
    return type;
  }
  if ((type.name == "array" || type.name == "list" || type.name == "map") && nested) {
    const bool is_map = type.name == "map";
    if (!is_map) type.name = "array";
    Advance();
    type.children.push_back(TRY(ParseType()));
    if (is_map) {
      TRY(ExpectSymbol(Symbol::kComma, "between the key and value types of MAP"));
      type.children.push_back(TRY(ParseType()));
    }
    TRY(CloseType(angle ? Symbol::kGreater : Symbol::kRightParen));
    return type;
  }
  if (type.name == "double") Take("PRECISION");
  if ((type.name == "character" || type.name == "char") && Take("VARYING")) type.name = "varchar";
  if (TakeSymbol(Symbol::kLeftParen)) {
    do {
      int64_t argument = 0;
      const std::string_view raw = Raw(Peek());
      const auto read = std::from_chars(raw.data(), raw.data() + raw.size(), argument);
      if (Peek().kind != TokenKind::kInteger || read.ec != std::errc{} || read.ptr != raw.data() + raw.size()) {
        return Error(Unexpected("a whole number in the type " + type.name));
      }
      Advance();
      type.arguments.push_back(argument);
    } while (TakeSymbol(Symbol::kComma));
    TRY(ExpectSymbol(Symbol::kRightParen, "or ',' in the type " + type.name));
  }
  if (type.name != "timestamp" && type.name != "time") return type;
  if (At("WITH") && At("TIME", 1) && At("ZONE", 2)) {
    at_ += 3;
    type.name += " with time zone";
  } else if (At("WITHOUT") && At("TIME", 1) && At("ZONE", 2)) {
    at_ += 3;
  }
  return type;
}

Status Parser::ParseTypeFields(TypeName& type, Symbol close) {
  do {
    type.field_names.push_back(TRY(ExpectAnyWord("a field name in STRUCT")));
    TakeSymbol(Symbol::kColon);
    type.children.push_back(TRY(ParseType()));
  } while (TakeSymbol(Symbol::kComma));
  return CloseType(close);
}

// '>' may be the first half of '>>'.
Status Parser::CloseType(Symbol close) {
  if (close == Symbol::kGreater && AtSymbol(Symbol::kShiftRight)) {
    Token& token = list_.tokens[at_];
    token.symbol = Symbol::kGreater;
    token.length = 1;
    ++token.offset;
    ++token.column;
    return Status::Ok();
  }
  return ExpectSymbol(close, "or ',' in the type");
}

}  // namespace laminar::sql
