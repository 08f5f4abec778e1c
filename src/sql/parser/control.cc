// Statements that look at the database or steer it: DROP, SHOW, DESCRIBE, EXPLAIN, SET, ALTER, SUBSCRIBE, WAIT.
#include "sql/keywords.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {

Result<ObjectKind> Parser::ParseObjectKind(std::string_view where) {
  if (Take("SOURCE")) return ObjectKind::kSource;
  if (Take("SINK")) return ObjectKind::kSink;
  if (Take("TABLE")) return ObjectKind::kTable;
  if (Take("VIEW")) return ObjectKind::kView;
  if (Take("LOOKUP", "TABLE")) return ObjectKind::kTable;
  if (Take("MATERIALIZED")) {
    TRY(Expect("VIEW", "after MATERIALIZED"));
    return ObjectKind::kMaterializedView;
  }
  if (Take("CONTINUOUS")) {
    TRY(Expect("QUERY", "after CONTINUOUS"));
    return ObjectKind::kContinuousQuery;
  }
  const std::string kinds = "SOURCE, SINK, TABLE, VIEW, MATERIALIZED VIEW or CONTINUOUS QUERY";
  return Error(Unexpected(kinds + " after " + std::string(where),
                          {"SOURCE", "SINK", "TABLE", "VIEW", "MATERIALIZED", "CONTINUOUS"}));
}

Result<StatementNode> Parser::ParseDrop() {
  Drop drop;
  Advance();
  drop.kind = TRY(ParseObjectKind("DROP"));
  if (Take("IF")) {
    TRY(Expect("EXISTS", "after DROP ... IF"));
    drop.if_exists = true;
  }
  do {
    drop.names.push_back(TRY(ExpectDottedName("a name after DROP")));
  } while (TakeSymbol(Symbol::kComma));
  if (Take("CASCADE")) {
    drop.behaviour = DropBehaviour::kCascade;
  } else if (Take("RESTRICT")) {
    drop.behaviour = DropBehaviour::kRestrict;
  }
  return StatementNode(std::move(drop));
}

Result<StatementNode> Parser::ParseExplain() {
  Explain explain;
  Advance();
  TRY(ParseExplainOptions(explain));
  explain.statement = std::make_unique<Statement>(TRY(ParseStatement()));
  return StatementNode(std::move(explain));
}

// STREAMING, ANALYZE and VERBOSE bare, or in parentheses with FORMAT: (ANALYZE, FORMAT JSON)
Status Parser::ParseExplainOptions(Explain& explain) {
  const auto take_flag = [&] {
    bool* flag = At("STREAMING") ? &explain.streaming
                 : At("ANALYZE") ? &explain.analyze
                 : At("VERBOSE") ? &explain.verbose
                                 : nullptr;
    if (flag == nullptr) return false;
    Advance();
    *flag = true;
    return true;
  };
  while (take_flag()) {
  }
  if (!AtSymbol(Symbol::kLeftParen) || !AtAny({"FORMAT", "STREAMING", "ANALYZE", "VERBOSE"}, 1)) return Status::Ok();
  Advance();
  do {
    if (take_flag()) continue;
    TRY(Expect("FORMAT", "or ANALYZE in the options of EXPLAIN"));
    if (Take("TEXT")) {
      explain.format = ExplainFormat::kText;
    } else if (Take("JSON")) {
      explain.format = ExplainFormat::kJson;
    } else if (Take("DOT")) {
      explain.format = ExplainFormat::kDot;
    } else {
      return Unexpected("TEXT, JSON or DOT after FORMAT", {"TEXT", "JSON", "DOT"});
    }
  } while (TakeSymbol(Symbol::kComma));
  return ExpectSymbol(Symbol::kRightParen, "or ',' in the options of EXPLAIN");
}

namespace {

struct ShowWord {
  std::string_view word;
  ShowKind kind;
};
constexpr ShowWord kShowWords[] = {
    {"SOURCES", ShowKind::kSources},         {"SINKS", ShowKind::kSinks},
    {"TABLES", ShowKind::kTables},           {"VIEWS", ShowKind::kViews},
    {"QUERIES", ShowKind::kQueries},         {"FUNCTIONS", ShowKind::kFunctions},
    {"VARIABLES", ShowKind::kVariables},     {"ALL", ShowKind::kVariables},
    {"METRICS", ShowKind::kMetrics},         {"CONNECTORS", ShowKind::kConnectors},
    {"CHECKPOINTS", ShowKind::kCheckpoints}, {"PREPARED", ShowKind::kPrepared},
    {"RUNTIME", ShowKind::kRuntime},
};

}  // namespace

Result<StatementNode> Parser::ParseShow() {
  Show show;
  Advance();
  const bool dependencies = At("DEPENDENCIES");
  if (Take("MATERIALIZED", "VIEWS")) {
    show.kind = ShowKind::kMaterializedViews;
  } else if (Take("CONTINUOUS", "QUERIES")) {
    show.kind = ShowKind::kContinuousQueries;
  } else if ((dependencies || At("DEPENDENTS")) && At("FOR", 1)) {
    at_ += 2;
    show.kind = dependencies ? ShowKind::kDependencies : ShowKind::kDependents;
    show.name = TRY(ExpectDottedName("a name after FOR"));
    return StatementNode(std::move(show));
  } else if (Take("WATERMARKS")) {
    show.kind = ShowKind::kWatermarks;
    if (Take("FOR")) show.name = TRY(ExpectDottedName("a source after FOR"));
    return StatementNode(std::move(show));
  } else if (Take("CREATE")) {
    show.kind = ShowKind::kCreate;
    show.object = TRY(ParseObjectKind("SHOW CREATE"));
    show.name = TRY(ExpectDottedName("a name after SHOW CREATE"));
    return StatementNode(std::move(show));
  } else if (At("COLUMNS") && AtAny({"FROM", "IN"}, 1)) {
    at_ += 2;
    show.kind = ShowKind::kColumns;
    show.name = TRY(ExpectDottedName("a relation after SHOW COLUMNS FROM"));
    return StatementNode(std::move(show));
  } else {
    show.kind = ShowKind::kVariable;
    for (const ShowWord& word : kShowWords) {
      if (show.kind == ShowKind::kVariable && !AtSymbol(Symbol::kDot, 1) && Take(word.word)) show.kind = word.kind;
    }
    if (show.kind == ShowKind::kVariable) {
      show.variable = TRY(ParseVariable());
      return StatementNode(std::move(show));
    }
  }
  if (Take("LIKE")) show.like = TRY(ExpectString("a pattern after LIKE"));
  return StatementNode(std::move(show));
}

// A dotted name of a setting; TIME ZONE is timezone.
Result<std::string> Parser::ParseVariable() {
  if (Take("TIME", "ZONE")) return std::string("timezone");
  std::string variable = TRY(ExpectAnyWord("the name of a setting"));
  while (TakeSymbol(Symbol::kDot)) variable += "." + TRY(ExpectAnyWord("a name after '.'"));
  return variable;
}

Result<StatementNode> Parser::ParseDescribe() {
  Describe describe;
  Advance();
  if (AtAny({"SELECT", "WITH", "VALUES", "FROM"}) || AtSymbol(Symbol::kLeftParen)) {
    describe.query = TRY(ParseQuery(Place::kOutermost));
  } else {
    describe.name = TRY(ExpectDottedName("a relation or a query after DESCRIBE"));
  }
  return StatementNode(std::move(describe));
}

Result<StatementNode> Parser::ParseSet() {
  Set set;
  Advance();
  set.value.position = Here();
  const bool zone = At("TIME") && At("ZONE", 1);
  set.variable = TRY(ParseVariable());
  set.value.key = set.variable;
  if (!TakeSymbol(Symbol::kEqual) && !Take("TO") && !zone) {
    return Error(Unexpected("'=' or TO after SET " + set.variable));
  }
  if (Take("DEFAULT")) return StatementNode(Reset{std::move(set.variable)});
  TRY(ParseOptionValue(set.value));
  return StatementNode(std::move(set));
}

Result<StatementNode> Parser::ParseReset() {
  Reset reset;
  Advance();
  if (!Take("ALL")) reset.variable = TRY(ParseVariable());
  return StatementNode(std::move(reset));
}

Result<StatementNode> Parser::ParseAlter() {
  Alter alter;
  Advance();
  alter.kind = TRY(ParseObjectKind("ALTER"));
  alter.name = TRY(ExpectDottedName("a name after ALTER"));
  if (Take("PAUSE")) {
    alter.action = AlterAction::kPause;
  } else if (Take("RESUME")) {
    alter.action = AlterAction::kResume;
  } else if (AtAny({"ADD", "SET", "RENAME", "DROP", "SWAP", "OWNER", "ADVANCE", "END", "RESET", "ALTER"})) {
    return Error(ErrorHere(ErrorCode::kNotSupported, "ALTER ... " + Text(Peek()) + " is not supported",
                           "ALTER takes PAUSE or RESUME; to change a definition use CREATE OR REPLACE"));
  } else {
    return Error(Unexpected("PAUSE or RESUME", {"PAUSE", "RESUME"}));
  }
  return StatementNode(std::move(alter));
}

// SUBSCRIBE [TO] (name | query) [WITH (...)] [AS OF [EPOCH] time] [UP TO time]
Result<StatementNode> Parser::ParseSubscribe() {
  Subscribe subscribe;
  Advance();
  Take("TO");
  if (AtQuery()) {
    subscribe.query = TRY(ParseParenthesisedQuery(Place::kOutermost));
  } else if (AtAny({"SELECT", "WITH", "VALUES", "FROM"})) {
    subscribe.query = TRY(ParseQuery(Place::kOutermost));
  } else {
    subscribe.name = TRY(ExpectDottedName("a view or a query after SUBSCRIBE TO"));
  }
  TRY(ParseOptions(subscribe.options, ""));
  subscribe.as_of_is_epoch = AtAsOfEpoch();
  if (Take("AS", "OF")) {
    if (subscribe.as_of_is_epoch) Advance();
    subscribe.as_of = TRY(ParseExpression());
  }
  if (Take("UP", "TO")) subscribe.up_to = TRY(ParseExpression());
  return StatementNode(std::move(subscribe));
}

// WAIT FOR name [TIMEOUT interval]
Result<StatementNode> Parser::ParseWait() {
  WaitFor wait;
  Advance();
  TRY(Expect("FOR", "after WAIT"));
  wait.name = TRY(ExpectDottedName("a name after WAIT FOR"));
  if (Take("TIMEOUT")) {
    wait.timeout = TRY(ParseDuration(ErrorCode::kUnexpectedToken, "TIMEOUT", "TIMEOUT INTERVAL '10' SECOND"));
  }
  return StatementNode(std::move(wait));
}

// SAVEPOINT TO 'directory'
Result<StatementNode> Parser::ParseSavepoint() {
  Savepoint savepoint;
  Advance();
  if (!Take("TO")) {
    return Error(
        Unexpected("TO after SAVEPOINT", {"TO"},
                   "SAVEPOINT TO 'directory' copies the database into a new folder; there are no transactions"));
  }
  savepoint.directory = TRY(ExpectString("a folder in single quotes after SAVEPOINT TO"));
  return StatementNode(std::move(savepoint));
}

}  // namespace laminar::sql
