// Text to tokens. Keywords are no concern of the lexer: a word is a word, the parser decides by place.
//
// Law: the tokens, in order, cover the text but for blanks and comments; every byte sequence yields tokens, where the
// first thing that is none (an unterminated string, a stray byte, invalid UTF-8, NUL) becomes one kBad token that
// carries the error and ends the list. So a parse error before it is reported first, in the order of the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::sql {

enum class TokenKind : uint8_t {
  kEnd,
  kBad,
  kWord,        // unquoted: folds to lower case
  kQuotedWord,  // "..." with "" inside
  kString,      // '...' E'...' $tag$...$tag$
  kInteger,     // 12, 1_000, 0xFF
  kNumber,      // 1.5, 1e9
  kParameter,   // $1
  kSymbol,
};

enum class Symbol : uint8_t {
  kNone,
#define SYMBOL(symbol, text) symbol,
#include "sql/symbols.def"
#undef SYMBOL
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Symbol symbol = Symbol::kNone;
  uint32_t offset = 0;
  uint32_t length = 0;
  uint32_t line = 1;
  uint32_t column = 1;
  uint32_t match = 0;  // of '(' : the index of its ')', or 0 when it is never closed

  TextPosition Position() const { return {line, column, offset}; }
  uint32_t EndOffset() const { return offset + length; }
};

struct TokenList {
  std::vector<Token> tokens;  // ends with kEnd or kBad
  Status bad;                 // the error of kBad
};

// The text must outlive the list; it must be shorter than 4 GiB.
TokenList Tokenize(std::string_view text);

// The value of a kString or kQuotedWord, or a kWord folded to lower case. Valid tokens only.
std::string TokenText(std::string_view text, const Token& token);

std::string_view SymbolText(Symbol symbol);

// Offset of the first byte that is NUL or not part of valid UTF-8; text.size() if there is none.
size_t ValidUtf8Prefix(std::string_view text);

}  // namespace laminar::sql
