// Looking at tokens, taking them, and saying what was wrong with them.
#include <algorithm>

#include "sql/ast_visit.h"
#include "sql/keywords.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {
namespace {

constexpr size_t kFoundBytes = 40;  // how much of a token an error shows

// The words that open a clause; an alias close to one of them was probably meant to be it.
constexpr std::string_view kClauseWords[] = {"EMIT", "FROM", "GROUP", "HAVING", "INNER", "INTERSECT", "JOIN",
                                             "LEFT", "LIMIT", "OFFSET", "ORDER", "QUALIFY", "RIGHT", "SAMPLE",
                                             "UNION", "VALUES", "WHERE", "WINDOW", "WITH", "ALLOW", "LATE"};

}  // namespace

Parser::Parser(std::string_view text, const ParserOptions& options) : text_(text), options_(options) {
  options_.height_max = std::min(options_.height_max, 65000u);
  if (text.size() > options.bytes_max || text.size() >= UINT32_MAX) {
    refused_ = Status(ErrorCode::kTooComplex, "the text has " + std::to_string(text.size()) + " bytes, the limit is " +
                                                  std::to_string(options.bytes_max))
                   .WithHint("raise parser.max_bytes, or load data with INSERT ... SELECT from a file")
                   .At({1, 1, 0});
    text_ = {};
  }
  list_ = Tokenize(text_);
}

const Token& Parser::Peek(size_t ahead) const {
  return list_.tokens[std::min(at_ + ahead, list_.tokens.size() - 1)];
}

bool Parser::At(std::string_view word, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kWord && token.length == word.size() && EqualsWord(Raw(token), word);
}

bool Parser::AtAny(Words words, size_t ahead) const {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return At(word, ahead); });
}

bool Parser::AtSymbol(Symbol symbol, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kSymbol && token.symbol == symbol;
}

bool Parser::AtEnd() const { return Peek().kind == TokenKind::kEnd || AtSymbol(Symbol::kSemicolon); }

bool Parser::AtName(size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kQuotedWord || (token.kind == TokenKind::kWord && !IsReserved(Raw(token)));
}

bool Parser::AtAnyWord(size_t ahead) const {
  const TokenKind kind = Peek(ahead).kind;
  return kind == TokenKind::kQuotedWord || kind == TokenKind::kWord;
}

bool Parser::Take(std::string_view word) {
  if (!At(word)) return false;
  Advance();
  return true;
}

bool Parser::Take(std::string_view first, std::string_view second) {
  if (!At(first) || !At(second, 1)) return false;
  at_ += 2;
  return true;
}

bool Parser::TakeSymbol(Symbol symbol) {
  if (!AtSymbol(symbol)) return false;
  Advance();
  return true;
}

Status Parser::Expect(std::string_view word, std::string_view where) {
  if (Take(word)) return Status::Ok();
  std::string expected(word);
  if (!where.empty()) expected += " " + std::string(where);
  return Unexpected(expected, {word});
}

Status Parser::ExpectSymbol(Symbol symbol, std::string_view where) {
  if (TakeSymbol(symbol)) return Status::Ok();
  return Unexpected("'" + std::string(SymbolText(symbol)) + "' " + std::string(where));
}

Result<std::string> Parser::ExpectName(std::string_view what) {
  if (AtName()) {
    std::string name = Text(Peek());
    Advance();
    return name;
  }
  std::string hint;
  if (Peek().kind == TokenKind::kWord) {
    hint = "'" + std::string(Raw(Peek())) + "' is a reserved word; as a name it is written in double quotes";
  } else if (AtString()) {
    hint = "names are written bare or in double quotes";
  }
  return Error(Unexpected(what, {}, std::move(hint)));
}

Result<std::string> Parser::ExpectAnyWord(std::string_view what) {
  if (!AtAnyWord()) return Error(Unexpected(what));
  std::string word = Text(Peek());
  Advance();
  return word;
}

Result<std::string> Parser::ExpectString(std::string_view what) {
  if (!AtString()) {
    const bool quoted = Peek().kind == TokenKind::kQuotedWord;
    return Error(Unexpected(what, {}, quoted ? "strings are written in single quotes" : ""));
  }
  std::string value = Text(Peek());
  Advance();
  return value;
}

Result<Name> Parser::ExpectDottedName(std::string_view what) {
  Name name;
  name.push_back(TRY(ExpectName(what)));
  while (TakeSymbol(Symbol::kDot)) name.push_back(TRY(ExpectAnyWord("a name after '.'")));
  return name;
}

Result<std::vector<std::string>> Parser::ExpectNameList(std::string_view what) {
  std::vector<std::string> names;
  TRY(ExpectSymbol(Symbol::kLeftParen, "before " + std::string(what)));
  do {
    names.push_back(TRY(ExpectName("a name in " + std::string(what))));
  } while (TakeSymbol(Symbol::kComma));
  TRY(ExpectSymbol(Symbol::kRightParen, "after " + std::string(what)));
  return names;
}

std::string Parser::Found() const {
  const Token& token = Peek();
  if (token.kind == TokenKind::kEnd) return "the end of the text";
  std::string_view raw = Raw(token);
  if (raw.size() > kFoundBytes) raw = raw.substr(0, kFoundBytes - 3 + ValidUtf8Prefix(raw.substr(kFoundBytes - 3, 3)));
  const bool cut = raw.size() < token.length;
  if (token.kind == TokenKind::kString || token.kind == TokenKind::kQuotedWord) {
    return std::string(raw) + (cut ? "..." : "");
  }
  return "'" + std::string(raw) + (cut ? "..." : "") + "'";
}

std::string Parser::HintFor(Words candidates) const {
  if (Peek().kind == TokenKind::kWord && candidates.size() > 0) {
    const std::string_view nearest = NearestWord(Raw(Peek()), {candidates.begin(), candidates.size()});
    if (!nearest.empty()) return "did you mean " + std::string(nearest) + "?";
  }
  if (implicit_alias_ != kNowhere && implicit_alias_ + 1 == at_) {
    const std::string_view alias = Raw(list_.tokens[implicit_alias_]);
    const std::string_view nearest = NearestWord(alias, kClauseWords);
    if (!nearest.empty()) {
      return "'" + std::string(alias) + "' was read as an alias; did you mean " + std::string(nearest) + "?";
    }
    if (AtName()) return "'" + std::string(alias) + "' was read as an alias; is a comma missing?";
  }
  if (AtSymbol(Symbol::kDoubleAmpersand)) return "write AND";
  return {};
}

Status Parser::Unexpected(std::string_view expected, Words candidates) const {
  return Unexpected(expected, candidates, {});
}

Status Parser::Unexpected(std::string_view expected, Words candidates, std::string hint) const {
  if (Peek().kind == TokenKind::kBad) return list_.bad;
  Status status(ErrorCode::kUnexpectedToken, "expected " + std::string(expected) + ", found " + Found());
  std::string nearest = HintFor(candidates);
  status.WithHint(nearest.empty() ? std::move(hint) : std::move(nearest)).At(Here());
  return status;
}

Status Parser::ErrorHere(ErrorCode code, std::string message, std::string hint) const {
  if (Peek().kind == TokenKind::kBad) return list_.bad;
  return Status(code, std::move(message)).WithHint(std::move(hint)).At(Here());
}

Status Parser::CheckDepth() const {
  if (depth_ <= options_.depth_max) return Status::Ok();
  return Status(ErrorCode::kTooComplex, "the statement nests deeper than " + std::to_string(options_.depth_max))
      .WithHint("split it with WITH or views, or raise parser.max_depth")
      .At(Here());
}

Status Parser::NoteHeight(size_t height, TextPosition position) {
  tallest_ = std::max(tallest_, height);
  if (height <= options_.height_max) return Status::Ok();
  return Status(ErrorCode::kTooComplex,
                "the syntax tree is higher than " + std::to_string(options_.height_max) + " levels")
      .WithHint("break up the long chain of operators or joins, or group it with parentheses")
      .At(position);
}

Result<ExpressionPtr> Parser::Seal(ExpressionPtr expression) {
  size_t below = expression->query ? expression->query->height : 0;
  ForEachChild(*expression, [&](const Expression& child) { below = std::max<size_t>(below, child.height); });
  TRY(NoteHeight(below + 1, expression->position));
  expression->height = static_cast<uint16_t>(below + 1);
  return expression;
}

}  // namespace laminar::sql
