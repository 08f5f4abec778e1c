// The entry points, the dispatch by first word, queries as statements, and DML.
#include "sql/keywords.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {

Result<std::vector<Statement>> ParseScript(std::string_view text, const ParserOptions& options) {
  return Parser(text, options).Script();
}
Result<Statement> ParseStatement(std::string_view text, const ParserOptions& options) {
  return Parser(text, options).OneStatement();
}
Result<ExpressionPtr> ParseExpression(std::string_view text, const ParserOptions& options) {
  return Parser(text, options).WholeExpression();
}
Result<TypeName> ParseType(std::string_view text, const ParserOptions& options) {
  return Parser(text, options).WholeType();
}

bool IsComplete(std::string_view text) {
  const TokenList list = Tokenize(text);
  if (!list.bad.ok()) return list.bad.code() != ErrorCode::kUnterminated;
  return list.tokens.size() > 1 && list.tokens[list.tokens.size() - 2].symbol == Symbol::kSemicolon;
}

Result<std::vector<Statement>> Parser::Script() {
  TRY(refused_);
  std::vector<Statement> statements;
  while (true) {
    while (TakeSymbol(Symbol::kSemicolon)) {
    }
    if (Peek().kind == TokenKind::kEnd) return statements;
    Result<Statement> statement = ParseStatement();
    if (!statement) {
      Status status = std::move(statement).error();
      if (!statements.empty()) status.Prefix("statement " + std::to_string(statements.size() + 1));
      return Error(std::move(status));
    }
    statements.push_back(*std::move(statement));
  }
}

Result<Statement> Parser::OneStatement() {
  TRY(refused_);
  while (TakeSymbol(Symbol::kSemicolon)) {
  }
  if (Peek().kind == TokenKind::kEnd) {
    return Error(ErrorHere(ErrorCode::kNotOneStatement, "expected one statement, found none"));
  }
  Statement statement = TRY(ParseStatement());
  while (TakeSymbol(Symbol::kSemicolon)) {
  }
  if (Peek().kind == TokenKind::kEnd) return statement;
  return Error(ErrorHere(ErrorCode::kNotOneStatement, "expected one statement, found another after ';'",
                         "run several statements as a script"));
}

Result<ExpressionPtr> Parser::WholeExpression() {
  TRY(refused_);
  ExpressionPtr expression = TRY(AtStar() ? ParseStar() : ParseExpression());
  if (Peek().kind != TokenKind::kEnd) return Error(Unexpected("the end of the expression"));
  return expression;
}

Result<TypeName> Parser::WholeType() {
  TRY(refused_);
  TypeName type = TRY(ParseType());
  if (Peek().kind != TokenKind::kEnd) return Error(Unexpected("the end of the type"));
  return type;
}

Result<Statement> Parser::ParseStatement() {
  const Depth depth(*this);
  TRY(CheckDepth());
  if (depth_ == 1) {
    parameter_count_ = 0;
    has_numbered_ = false;
    has_anonymous_ = false;
  }
  in_sink_ = false;
  tallest_ = 0;
  Statement statement;
  statement.position = Here();
  statement.text_offset = statement.position.offset;
  statement.node = TRY(ParseStatementNode());
  statement.text_length = list_.tokens[at_ - 1].EndOffset() - statement.text_offset;
  // The parameters of a prepared statement are its own.
  if (!std::holds_alternative<Prepare>(statement.node)) statement.parameter_count = parameter_count_;
  if (!AtEnd()) {
    TRY(MisplacedClause());
    if (AtStreamClause()) return Error(Unexpected("the end of the statement"));
    return Error(Unexpected("the end of the statement or ';'",
                            {"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "JOIN", "EMIT", "ALLOW",
                             "LATE", "SAMPLE", "WITH", "AND", "OR", "FROM"}));
  }
  return statement;
}

Result<StatementNode> Parser::ParseStatementNode() {
  if (AtAny({"SELECT", "WITH", "VALUES", "FROM", "TABLE"}) || AtSymbol(Symbol::kLeftParen)) {
    return ParseSelectStatement();
  }
  if (At("CREATE")) return ParseCreate();
  if (At("INSERT")) return ParseInsert();
  if (At("DROP")) return ParseDrop();
  if (At("SHOW")) return ParseShow();
  if (At("EXPLAIN")) return ParseExplain();
  if (At("DESCRIBE") || At("DESC")) return ParseDescribe();
  if (At("SET")) return ParseSet();
  if (At("RESET")) return ParseReset();
  if (At("PREPARE")) return ParsePrepare();
  if (At("EXECUTE")) return ParseExecute();
  if (At("DEALLOCATE")) return ParseDeallocate();
  if (At("ALTER")) return ParseAlter();
  if (At("SUBSCRIBE")) return ParseSubscribe();
  if (At("WAIT")) return ParseWait();
  if (At("UPDATE")) return ParseUpdate();
  if (At("DELETE")) return ParseDelete();
  if (Take("CHECKPOINT")) return StatementNode(Checkpoint{});
  if (At("SAVEPOINT")) return ParseSavepoint();
  for (const std::string_view word :
       {"BEGIN", "START", "COMMIT", "ROLLBACK", "ABORT", "MERGE", "GRANT", "REVOKE", "COPY", "TRUNCATE", "ANALYZE",
        "VACUUM", "CALL", "USE", "DECLARE", "PIVOT", "SUMMARIZE"}) {
    if (At(word)) return Error(ErrorHere(ErrorCode::kNotSupported, std::string(word) + " is not supported"));
  }
  return Error(Unexpected("a statement",
                          {"SELECT",    "WITH",     "VALUES", "FROM",   "CREATE",     "INSERT",   "DROP",       "SHOW",
                           "EXPLAIN",   "DESCRIBE", "SET",    "RESET",  "PREPARE",    "EXECUTE",  "DEALLOCATE", "ALTER",
                           "SUBSCRIBE", "WAIT",     "UPDATE", "DELETE", "CHECKPOINT", "SAVEPOINT"},
                          "a statement begins with SELECT, CREATE, INSERT, DROP, SHOW, EXPLAIN, DESCRIBE or SET"));
}

Result<StatementNode> Parser::ParseSelectStatement() {
  SelectStatement select;
  select.query = TRY(ParseQuery(Place::kOutermost));
  TRY(ParseQueryTail(*select.query, select.options));
  if (AtAsOfEpoch()) {
    at_ += 3;
    select.as_of_epoch = TRY(ParseExpression());
  }
  return StatementNode(std::move(select));
}

Result<StatementNode> Parser::ParseInsert() {
  Insert insert;
  Advance();
  TRY(Expect("INTO", "after INSERT"));
  insert.table = TRY(ExpectDottedName("a table after INSERT INTO"));
  if (AtSymbol(Symbol::kLeftParen) && !AtQuery()) {
    if (!AtAnyWord(1)) {
      return Error(
          Unexpected("VALUES, SELECT or a column list after INSERT INTO", {}, "write INSERT INTO t VALUES (1, 2)"));
    }
    insert.columns = TRY(ExpectNameList("the columns of INSERT"));
  }
  if (At("DEFAULT")) return Error(ErrorHere(ErrorCode::kNotSupported, "DEFAULT VALUES is not supported"));
  if (!AtSymbol(Symbol::kLeftParen) && !AtAny({"VALUES", "SELECT", "WITH", "FROM", "TABLE"})) {
    return Error(Unexpected("VALUES or SELECT in INSERT", {"VALUES", "SELECT", "WITH", "FROM"}));
  }
  if (AtSymbol(Symbol::kLeftParen) && !AtQuery()) {
    return Error(Unexpected("VALUES or SELECT in INSERT", {}, "rows follow the word VALUES"));
  }
  insert.query = TRY(ParseQuery(Place::kOutermost));
  if (At("ON") && At("CONFLICT", 1)) {
    return Error(ErrorHere(ErrorCode::kNotSupported, "ON CONFLICT is not supported",
                           "a table with a PRIMARY KEY replaces the row of an equal key"));
  }
  if (At("RETURNING")) return Error(ErrorHere(ErrorCode::kNotSupported, "RETURNING is not supported"));
  return StatementNode(std::move(insert));
}

Result<StatementNode> Parser::ParseUpdate() {
  Update update;
  Advance();
  update.table = TRY(ExpectDottedName("a table after UPDATE"));
  if (!At("SET")) update.alias = TRY(ParseAlias());
  TRY(Expect("SET", "after the table of UPDATE"));
  do {
    Assignment assignment;
    assignment.position = Here();
    assignment.column = TRY(ExpectName("a column in SET"));
    TRY(ExpectSymbol(Symbol::kEqual, "after the column in SET"));
    assignment.value = TRY(ParseExpression());
    for (const Assignment& earlier : update.assignments) {
      if (earlier.column != assignment.column) continue;
      return Error(Status(ErrorCode::kClauseTwice, "the column '" + assignment.column + "' is set twice")
                       .At(assignment.position));
    }
    update.assignments.push_back(std::move(assignment));
  } while (TakeSymbol(Symbol::kComma));
  if (At("FROM")) return Error(ErrorHere(ErrorCode::kNotSupported, "UPDATE ... FROM is not supported"));
  if (Take("WHERE")) update.where = TRY(ParseExpression());
  if (At("RETURNING")) return Error(ErrorHere(ErrorCode::kNotSupported, "RETURNING is not supported"));
  return StatementNode(std::move(update));
}

Result<StatementNode> Parser::ParseDelete() {
  Delete statement;
  Advance();
  TRY(Expect("FROM", "after DELETE"));
  statement.table = TRY(ExpectDottedName("a table after DELETE FROM"));
  statement.alias = TRY(ParseAlias());
  if (At("USING")) return Error(ErrorHere(ErrorCode::kNotSupported, "DELETE ... USING is not supported"));
  if (Take("WHERE")) statement.where = TRY(ParseExpression());
  if (At("RETURNING")) return Error(ErrorHere(ErrorCode::kNotSupported, "RETURNING is not supported"));
  return StatementNode(std::move(statement));
}

Result<StatementNode> Parser::ParsePrepare() {
  Prepare prepare;
  Advance();
  prepare.name = TRY(ExpectName("a name after PREPARE"));
  if (TakeSymbol(Symbol::kLeftParen)) {
    do {
      prepare.types.push_back(TRY(ParseType()));
    } while (TakeSymbol(Symbol::kComma));
    TRY(ExpectSymbol(Symbol::kRightParen, "after the parameter types"));
  }
  TRY(Expect("AS", "after the name of PREPARE"));
  prepare.statement = std::make_unique<Statement>(TRY(ParseStatement()));
  return StatementNode(std::move(prepare));
}

Result<StatementNode> Parser::ParseExecute() {
  Execute execute;
  Advance();
  execute.name = TRY(ExpectName("a name after EXECUTE"));
  if (!TakeSymbol(Symbol::kLeftParen)) return StatementNode(std::move(execute));
  if (!AtSymbol(Symbol::kRightParen)) execute.arguments = TRY(ParseExpressionList());
  TRY(ExpectSymbol(Symbol::kRightParen, "or ',' in the arguments of EXECUTE"));
  return StatementNode(std::move(execute));
}

Result<StatementNode> Parser::ParseDeallocate() {
  Deallocate deallocate;
  Advance();
  Take("PREPARE");
  if (!Take("ALL")) deallocate.name = TRY(ExpectName("a name or ALL after DEALLOCATE"));
  return StatementNode(std::move(deallocate));
}

}  // namespace laminar::sql
