// CREATE SOURCE, TABLE, SINK, CONTINUOUS QUERY, VIEW and MATERIALIZED VIEW.
#include "sql/keywords.h"
#include "sql/parser/parser_state.h"
#include "sql/printer.h"

namespace laminar::sql {

Result<StatementNode> Parser::ParseCreate() {
  Advance();
  const bool or_replace = Take("OR", "REPLACE");
  if (Take("SOURCE")) return ParseCreateSource(or_replace);
  if (Take("SINK")) return ParseCreateSink(or_replace);
  if (At("TABLE") || (At("LOOKUP") && At("TABLE", 1))) return ParseCreateTable(or_replace);
  if (Take("CONTINUOUS")) {
    TRY(Expect("QUERY", "after CREATE CONTINUOUS"));
    return ParseCreateContinuousQuery(or_replace);
  }
  if (Take("MATERIALIZED")) {
    TRY(Expect("VIEW", "after CREATE MATERIALIZED"));
    return ParseCreateView(or_replace, true);
  }
  if (Take("VIEW")) return ParseCreateView(or_replace, false);
  for (const std::string_view kind : {"INDEX", "FUNCTION", "MACRO", "ROLE", "USER", "POLICY", "SCHEMA", "DATABASE",
                                      "TEMP", "TEMPORARY", "UNIQUE", "RECURSIVE", "SECRET", "ALERT", "TYPE"}) {
    if (At(kind)) {
      return Error(ErrorHere(ErrorCode::kNotSupported, "CREATE " + std::string(kind) + " is not supported"));
    }
  }
  std::string hint = At("STREAM") ? "an input is CREATE SOURCE, a derived stream CREATE CONTINUOUS QUERY" : "";
  return Error(Unexpected("SOURCE, SINK, TABLE, VIEW, MATERIALIZED VIEW or CONTINUOUS QUERY after CREATE",
                          {"SOURCE", "SINK", "TABLE", "VIEW", "MATERIALIZED", "CONTINUOUS", "LOOKUP"}, hint));
}

Result<bool> Parser::ParseIfNotExists() {
  if (!At("IF") || !At("NOT", 1)) return false;
  at_ += 2;
  TRY(Expect("EXISTS", "after IF NOT"));
  return true;
}

Result<StatementNode> Parser::ParseCreateSource(bool or_replace) {
  CreateSource source;
  source.or_replace = or_replace;
  Take("TABLE");
  source.if_not_exists = TRY(ParseIfNotExists());
  source.name = TRY(ExpectDottedName("identifier after CREATE SOURCE"));
  if (AtSymbol(Symbol::kLeftParen)) source.definition = TRY(ParseDefinition());
  bool with = false;
  while (true) {
    if (At("FORMAT")) {
      TRY(ParseFormat(source.format));
    } else if (At("WITH")) {
      if (with) return Error(ErrorHere(ErrorCode::kClauseTwice, "WITH (...) is given twice"));
      with = true;
      TRY(ParseOptions(source.options, ""));
    } else {
      return StatementNode(std::move(source));
    }
  }
}

Result<StatementNode> Parser::ParseCreateTable(bool or_replace) {
  CreateTable table;
  table.or_replace = or_replace;
  table.lookup = Take("LOOKUP");
  Advance();  // TABLE
  table.if_not_exists = TRY(ParseIfNotExists());
  table.name = TRY(ExpectDottedName("identifier after CREATE TABLE"));
  if (AtSymbol(Symbol::kLeftParen)) table.definition = TRY(ParseDefinition());
  TRY(ParseOptions(table.options, ""));
  if (At("AS") && table.definition.columns.empty()) {
    Advance();
    table.query = TRY(ParseQuery(Place::kOutermost));
    TRY(ParseQueryTail(*table.query, table.options));
    if (!table.query->stream.IsEmpty()) {
      return Error(Status(ErrorCode::kMisplacedStreamClause, "a table is filled once; it takes no stream clauses")
                       .WithHint("use CREATE MATERIALIZED VIEW for a result that follows its input")
                       .At(table.query->position));
    }
  } else if (table.definition.columns.empty() && table.options.empty()) {
    return Error(Unexpected("columns in parentheses, WITH or AS after CREATE TABLE " + PrintName(table.name),
                            {"AS", "WITH"}));
  }
  return StatementNode(std::move(table));
}

Result<StatementNode> Parser::ParseCreateSink(bool or_replace) {
  CreateSink sink;
  sink.or_replace = or_replace;
  Take("TABLE");
  sink.if_not_exists = TRY(ParseIfNotExists());
  sink.name = TRY(ExpectDottedName("identifier after CREATE SINK"));
  if (AtSymbol(Symbol::kLeftParen)) {
    Definition definition = TRY(ParseDefinition());
    if (!definition.watermarks.empty()) {
      const TextPosition position = definition.watermarks[0].position;
      return Error(Status(ErrorCode::kUnexpectedToken, "a sink has no watermark").At(position));
    }
    for (const std::string& key : definition.primary_key) {
      bool found = false;
      for (ColumnDefinition& column : definition.columns) {
        if (column.name != key) continue;
        column.primary_key = true;
        found = true;
      }
      if (!found) {
        return Error(Status(ErrorCode::kUnknownColumn, "PRIMARY KEY names '" + key + "', no column of the sink")
                         .At(definition.primary_key_position));
      }
    }
    sink.columns = std::move(definition.columns);
  }
  in_sink_ = true;
  if (Take("FROM")) {
    if (AtSymbol(Symbol::kLeftParen)) {
      sink.query = TRY(ParseParenthesisedQuery(Place::kOutermost));
    } else {
      sink.from = TRY(ExpectDottedName("a relation or a query in parentheses after FROM"));
    }
  } else if (Take("AS")) {
    sink.query = TRY(ParseQuery(Place::kOutermost));
  }
  TRY(ParseSinkTail(sink));
  in_sink_ = false;
  return StatementNode(std::move(sink));
}

// WITH, FORMAT and stream clauses in any order. Beside a query the stream clauses are the query's.
Status Parser::ParseSinkTail(CreateSink& sink) {
  bool with = false;
  while (true) {
    if (AtStreamClause()) {
      TRY(ParseStreamClause(sink.query ? sink.query->stream : sink.stream, Place::kOutermost));
    } else if (At("FORMAT")) {
      TRY(ParseFormat(sink.format));
    } else if (At("WITH")) {
      if (with) return ErrorHere(ErrorCode::kClauseTwice, "WITH (...) is given twice");
      with = true;
      TRY(ParseOptions(sink.options, ""));
    } else if (At("WHERE") && !sink.from.empty()) {
      return Unexpected("WITH, EMIT or the end of CREATE SINK", {}, "filter in a query: FROM (SELECT ... WHERE ...)");
    } else {
      return MisplacedClause();
    }
  }
}

Result<StatementNode> Parser::ParseCreateContinuousQuery(bool or_replace) {
  CreateContinuousQuery query;
  query.or_replace = or_replace;
  query.if_not_exists = TRY(ParseIfNotExists());
  query.name = TRY(ExpectDottedName("identifier after CREATE CONTINUOUS QUERY"));
  if (Take("INTO")) query.into = TRY(ExpectDottedName("a name after INTO"));
  TRY(Expect("AS", "and a query after the name of the continuous query"));
  query.query = TRY(ParseQuery(Place::kOutermost));
  TRY(ParseQueryTail(*query.query, query.options));
  return StatementNode(std::move(query));
}

Result<StatementNode> Parser::ParseCreateView(bool or_replace, bool materialized) {
  CreateView view;
  view.materialized = materialized;
  view.or_replace = or_replace;
  view.if_not_exists = TRY(ParseIfNotExists());
  view.name = TRY(ExpectDottedName("identifier after VIEW"));
  if (AtSymbol(Symbol::kLeftParen)) view.columns = TRY(ExpectNameList("the columns of the view"));
  TRY(ParseOptions(view.options, ""));
  TRY(Expect("AS", "and a query after the name of the view"));
  view.query = TRY(ParseQuery(Place::kOutermost));
  TRY(ParseQueryTail(*view.query, view.options));
  return StatementNode(std::move(view));
}

// ( column | watermark | constraint, ... )
Result<Definition> Parser::ParseDefinition() {
  Definition definition;
  Advance();
  do {
    const bool any = !definition.columns.empty();
    if (any && AtSymbol(Symbol::kRightParen)) break;  // a trailing comma
    if (At("WATERMARK") && At("FOR", 1)) {
      definition.watermarks.push_back(TRY(ParseWatermark()));
    } else if (At("PRIMARY") && At("KEY", 1)) {
      if (!definition.primary_key.empty()) {
        return Error(ErrorHere(ErrorCode::kClauseTwice, "PRIMARY KEY is given twice"));
      }
      definition.primary_key_position = Here();
      at_ += 2;
      definition.primary_key = TRY(ExpectNameList("the columns of PRIMARY KEY"));
      Take("NOT", "ENFORCED");
    } else if (AtAny({"UNIQUE", "CHECK", "CONSTRAINT", "FOREIGN"}) && !AtName(1)) {
      return Error(ErrorHere(ErrorCode::kNotSupported, Text(Peek()) + " constraints are not supported"));
    } else {
      definition.columns.push_back(TRY(ParseColumn()));
    }
  } while (TakeSymbol(Symbol::kComma));
  TRY(ExpectSymbol(Symbol::kRightParen, "or ',' after a column"));
  return definition;
}

Result<ColumnDefinition> Parser::ParseColumn() {
  ColumnDefinition column;
  column.position = Here();
  column.name = TRY(ExpectName("a column name"));
  if (!At("AS")) column.type = TRY(ParseType());
  bool found = true;
  while (found) TRY(ParseColumnConstraint(column, found));
  if (!column.type && !column.generated) return Error(Unexpected("a type or AS (expression)"));
  return column;
}

Status Parser::ParseColumnConstraint(ColumnDefinition& column, bool& found) {
  const TextPosition position = Here();
  bool twice = false;
  if (Take("NOT", "NULL")) {
    twice = column.not_null;
    column.not_null = true;
  } else if (At("NULL")) {
    Advance();
    if (column.not_null) return Status(ErrorCode::kClauseTwice, "the column is both NULL and NOT NULL").At(position);
  } else if (Take("PRIMARY", "KEY")) {
    twice = column.primary_key;
    column.primary_key = true;
    Take("NOT", "ENFORCED");
  } else if (At("DEFAULT")) {
    Advance();
    twice = column.default_value != nullptr;
    column.default_value = TRY(ParseExpression());
  } else if (At("GENERATED") || At("AS")) {
    twice = column.generated != nullptr;
    TRY(ParseGenerated(column));
  } else if (AtAny({"UNIQUE", "CHECK", "REFERENCES", "COLLATE", "CONSTRAINT"})) {
    return ErrorHere(ErrorCode::kNotSupported, Text(Peek()) + " constraints are not supported");
  } else {
    found = false;
  }
  if (twice) return Status(ErrorCode::kClauseTwice, "a constraint of the column is given twice").At(position);
  return Status::Ok();
}

// [GENERATED ALWAYS] AS (expression) [VIRTUAL | STORED]; without parentheses too: proc AS PROCTIME()
Status Parser::ParseGenerated(ColumnDefinition& column) {
  if (Take("GENERATED")) TRY(Expect("ALWAYS", "after GENERATED"));
  TRY(Expect("AS", "before the expression of the column"));
  column.generated = TRY(ParseExpression());
  column.generated_kind = GeneratedKind::kVirtual;
  if (Take("STORED")) {
    column.generated_kind = GeneratedKind::kStored;
  } else {
    Take("VIRTUAL");
  }
  return Status::Ok();
}

// WATERMARK FOR column [AS expression] [PER KEY (columns)]
Result<WatermarkDefinition> Parser::ParseWatermark() {
  WatermarkDefinition watermark;
  watermark.position = Here();
  at_ += 2;
  watermark.column = TRY(ExpectDottedName("a column after WATERMARK FOR"));
  if (Take("AS")) watermark.expression = TRY(ParseExpression());
  if (Take("PER", "KEY")) watermark.per_key = TRY(ExpectNameList("the columns of PER KEY"));
  return watermark;
}

}  // namespace laminar::sql
