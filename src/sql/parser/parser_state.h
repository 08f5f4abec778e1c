// The parser's state and its rules, one method a rule; the bodies live by subject in the files of this folder.
//
// A rule that fails leaves the parser where it failed: there is no backtracking, only look-ahead over the tokens, so
// the work is linear in the text but for the look-ahead over nested parentheses, which the depth limit bounds.
#pragma once

#include <initializer_list>

#include "sql/lexer.h"
#include "sql/parser.h"

namespace laminar::sql {

// Binding strength, weakest first. An operand is parsed "from" a strength: it takes in operators at least that strong.
enum Strength : int {
  kStrengthNone = 0,
  kStrengthOr,
  kStrengthAnd,
  kStrengthNot,
  kStrengthIs,
  kStrengthComparison,
  kStrengthRange,  // BETWEEN, IN, LIKE
  kStrengthOther,  // || -> ->> # & | << >> ~ @> <@ ?
  kStrengthAdd,
  kStrengthMultiply,
  kStrengthPower,
  kStrengthAtTimeZone,
  kStrengthUnary,
  kStrengthPostfix,  // :: [] .
};

// Functions whose argument x -> e is a lambda; elsewhere -> is the JSON operator.
bool IsHigherOrder(std::string_view function);

class Parser {
 public:
  Parser(std::string_view text, const ParserOptions& options);

  Result<std::vector<Statement>> Script();
  Result<Statement> OneStatement();
  Result<ExpressionPtr> WholeExpression();
  Result<TypeName> WholeType();

 private:
  using Words = std::initializer_list<std::string_view>;
  struct Infix;
  struct Depth {  // one level of recursion
    explicit Depth(Parser& p) : parser(p) { ++parser.depth_; }
    ~Depth() { --parser.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    Parser& parser;
  };

  // Tokens (tokens.cc)
  const Token& Peek(size_t ahead = 0) const;
  std::string_view Raw(const Token& token) const { return text_.substr(token.offset, token.length); }
  std::string Text(const Token& token) const { return TokenText(text_, token); }
  TextPosition Here() const { return Peek().Position(); }
  void Advance() { ++at_; }
  bool At(std::string_view word, size_t ahead = 0) const;
  bool AtAny(Words words, size_t ahead = 0) const;
  bool AtSymbol(Symbol symbol, size_t ahead = 0) const;
  bool AtEnd() const;                            // end of text or a semicolon
  bool AtName(size_t ahead = 0) const;           // a quoted word or one that is not reserved
  bool AtAnyWord(size_t ahead = 0) const;        // any word, reserved or quoted
  bool AtString(size_t ahead = 0) const { return Peek(ahead).kind == TokenKind::kString; }
  bool Take(std::string_view word);
  bool Take(std::string_view first, std::string_view second);
  bool TakeSymbol(Symbol symbol);
  Status Expect(std::string_view word, std::string_view where);
  Status ExpectSymbol(Symbol symbol, std::string_view where);
  Result<std::string> ExpectName(std::string_view what);
  Result<std::string> ExpectAnyWord(std::string_view what);
  Result<std::string> ExpectString(std::string_view what);
  Result<Name> ExpectDottedName(std::string_view what);
  Result<std::vector<std::string>> ExpectNameList(std::string_view what);  // ( a, b )
  std::string Found() const;
  Status Unexpected(std::string_view expected, Words candidates = {}) const;
  Status Unexpected(std::string_view expected, Words candidates, std::string hint) const;
  Status ErrorHere(ErrorCode code, std::string message, std::string hint = {}) const;
  std::string HintFor(Words candidates) const;
  Status CheckDepth() const;
  Result<ExpressionPtr> Seal(ExpressionPtr expression);
  Status NoteHeight(size_t height, TextPosition position);

  // Expressions (expression.cc, primary.cc, call.cc, literal.cc)
  Result<ExpressionPtr> ParseExpression(int from = kStrengthOr);
  Result<ExpressionPtr> ParseInfix(ExpressionPtr left, int from);
  Infix PeekInfix() const;
  Infix PeekWordInfix() const;
  Result<ExpressionPtr> ParseChain(ExpressionPtr left, ExpressionKind kind, std::string_view word, int strength);
  Result<ExpressionPtr> ParseOperator(ExpressionPtr left, const Infix& infix);
  Result<ExpressionPtr> ParseQuantified(ExpressionPtr left, const Infix& infix, TextPosition position);
  Result<ExpressionPtr> ParseIs(ExpressionPtr left);
  Result<ExpressionPtr> ParseBetween(ExpressionPtr left, bool negated);
  Result<ExpressionPtr> ParseIn(ExpressionPtr left, bool negated);
  Result<ExpressionPtr> ParseLike(ExpressionPtr left, LikeKind kind, bool negated);
  Result<ExpressionPtr> ParsePrefix();
  Result<ExpressionPtr> ParseUnary(UnaryOperator op);
  Result<ExpressionPtr> ParsePostfix(ExpressionPtr base);
  Result<ExpressionPtr> ParseSubscript(ExpressionPtr base);
  Result<ExpressionPtr> ParsePrimary();
  Result<ExpressionPtr> ParseWordPrimary();
  Result<ExpressionPtr> ParseReservedPrimary();
  Result<ExpressionPtr> ParseColumnOrCall();
  Result<ExpressionPtr> ParseParenthesised();
  Result<ExpressionPtr> ParseArray();
  Result<ExpressionPtr> ParseComprehension(ExpressionPtr element, TextPosition position);
  Result<ExpressionPtr> ParseStruct();
  Result<ExpressionPtr> ParseMap();
  Result<ExpressionPtr> ParseCase();
  Result<ExpressionPtr> ParseCast(bool try_cast);
  Result<ExpressionPtr> ParseExists();
  Result<ExpressionPtr> ParseTypedLiteral();
  Result<ExpressionPtr> ParseNumber();
  Result<ExpressionPtr> ParseParameter();
  Result<ExpressionPtr> ParseInterval();
  bool AtIntervalLiteral() const;
  bool AtTypedLiteral() const;
  bool AtStar() const;
  Result<ExpressionPtr> ParseStar();
  Status ParseStarDetail(Expression& star);
  Result<ExpressionPtr> ParseCall(Name name, TextPosition position);
  Result<bool> ParseSpecialArguments(Expression& call);
  Status ParseTrim(Expression& call);
  Status ParseArguments(Expression& call);
  Status ParseArgument(Expression& call);
  Status ParseArgumentTail(Expression& call);
  Result<ExpressionPtr> ParseTableArgument();
  bool AtLambda(const Expression* call) const;
  Result<ExpressionPtr> ParseLambda();
  Status ParseCallSuffix(Expression& call);
  Status ParseOver(Expression& call);
  Result<WindowSpec> ParseWindowSpec();
  Result<WindowFrame> ParseFrame();
  Result<FrameBound> ParseFrameBound();
  Result<std::vector<ExpressionPtr>> ParseExpressionList();
  Result<std::vector<OrderItem>> ParseOrderList();
  Result<TypeName> ParseType();
  Result<TypeName> ParseTypeHead();
  Status ParseTypeFields(TypeName& type, Symbol close);
  Status CloseType(Symbol close);

  // Queries (query.cc, select.cc, relation.cc, stream.cc)
  enum class Place : uint8_t { kOutermost, kInner };
  bool AtQuery(size_t ahead = 0) const;
  Result<QueryPtr> ParseQuery(Place place);
  Result<QueryPtr> ParseParenthesisedQuery(Place place);
  Status ParseWith(Query& query);
  Status ParseOrderAndLimit(Query& query);
  Result<QueryBodyPtr> ParseSetOperations(bool intersect_only);
  Result<QueryBodyPtr> ParseBodyPrimary();
  Result<QueryBodyPtr> ParseValues();
  Result<QueryBodyPtr> ParseSelect();
  Status ParseSelectHead(Select& select);
  Status ParseSelectItems(Select& select);
  Status ParseSelectTail(Select& select);
  Status ParseFrom(Select& select);
  Status ParseGroupBy(Select& select);
  Result<GroupItem> ParseGroupItem();
  Status ParseGroupSets(GroupItem& item);
  Status ParseWindows(Select& select);
  Status MisplacedClause();
  Result<TableRefPtr> ParseTableRef();
  struct JoinHead;
  bool AtJoin() const;
  Result<JoinHead> ParseJoinHead();
  Status ParseJoinTail(Join& join);
  Status ParseMatch(Join& join);
  Result<TableRefPtr> ParseTablePrimary();
  Status ParseRelationSuffix(TableRef& table);
  Result<std::string> ParseAlias();
  bool AtAsOfEpoch() const { return At("AS") && At("OF", 1) && At("EPOCH", 2); }
  bool AtSoftClause(size_t ahead = 0) const;
  bool AtEmitClause(size_t ahead) const;
  bool AtStreamClause() const;
  Status ParseStreamClause(StreamClauses& stream, Place place);
  Status ParseEmit(StreamClauses& stream);
  Result<ExpressionPtr> ParseDuration(ErrorCode code, std::string_view after, std::string hint);
  Result<std::unique_ptr<SampleBy>> ParseSampleBy();
  Result<ExpressionPtr> ParseSampleInterval();
  Status ParseFill(SampleBy& sample);

  // Statements (statement.cc, create.cc, option.cc, other.cc)
  Result<Statement> ParseStatement();
  Result<StatementNode> ParseStatementNode();
  Result<StatementNode> ParseSelectStatement();
  Result<StatementNode> ParseCreate();
  Result<StatementNode> ParseCreateSource(bool or_replace);
  Result<StatementNode> ParseCreateTable(bool or_replace);
  Result<StatementNode> ParseCreateSink(bool or_replace);
  Result<StatementNode> ParseCreateContinuousQuery(bool or_replace);
  Result<StatementNode> ParseCreateView(bool or_replace, bool materialized);
  Status ParseSinkTail(CreateSink& sink);
  Result<bool> ParseIfNotExists();
  Result<Definition> ParseDefinition();
  Result<ColumnDefinition> ParseColumn();
  Status ParseColumnConstraint(ColumnDefinition& column, bool& found);
  Status ParseGenerated(ColumnDefinition& column);
  Result<WatermarkDefinition> ParseWatermark();
  Status ParseQueryTail(Query& query, Options& options);
  Status ParseOptions(Options& options, std::string_view where);
  Status ParseOptionList(Options& options);
  Status ParseOptionValue(Option& option);
  Status ParseFormat(FormatClause& format);
  Result<ObjectKind> ParseObjectKind(std::string_view where);
  Result<StatementNode> ParseDrop();
  Result<StatementNode> ParseInsert();
  Result<StatementNode> ParseUpdate();
  Result<StatementNode> ParseDelete();
  Result<StatementNode> ParseExplain();
  Status ParseExplainOptions(Explain& explain);
  Result<StatementNode> ParseShow();
  Result<StatementNode> ParseDescribe();
  Result<StatementNode> ParseSet();
  Result<StatementNode> ParseReset();
  Result<StatementNode> ParsePrepare();
  Result<StatementNode> ParseExecute();
  Result<StatementNode> ParseDeallocate();
  Result<StatementNode> ParseSavepoint();
  Result<StatementNode> ParseAlter();
  Result<StatementNode> ParseSubscribe();
  Result<StatementNode> ParseWait();
  Result<std::string> ParseVariable();

  static constexpr size_t kNowhere = ~size_t{0};

  std::string_view text_;
  ParserOptions options_;
  Status refused_;                 // the text as a whole is refused
  TokenList list_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  size_t tallest_ = 0;             // height of the tallest tree built in the present query
  uint32_t parameter_count_ = 0;
  bool has_numbered_ = false;      // $1 was seen; ? was seen
  bool has_anonymous_ = false;
  bool in_sink_ = false;           // FORMAT may follow the query
  size_t implicit_alias_ = kNowhere;  // token of the last alias written without AS
};

}  // namespace laminar::sql
