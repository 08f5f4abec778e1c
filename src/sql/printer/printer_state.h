// The printer's working state: one growing text, one method a kind of node.
#pragma once

#include "sql/ast.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {

class Printer {
 public:
  // all_parentheses: every operator below another is put in parentheses, needed or not.
  explicit Printer(bool all_parentheses) : all_parentheses_(all_parentheses) {}

  void PrintExpression(const Expression& expression);
  void PrintType(const TypeName& type);
  void PrintInterval(const IntervalValue& interval);
  void PrintQuery(const Query& query);
  void PrintStatement(const Statement& statement);
  std::string Take() { return std::move(out_); }

 private:
  // Expressions (expression.cc, call.cc)
  void Operand(const Expression& expression, int least);
  void Child(const Expression& parent, size_t index, int least) { Operand(*parent.children[index], least); }
  void List(const std::vector<ExpressionPtr>& list, size_t from = 0);
  void PrintLiteral(const Literal& literal);
  void PrintUnary(const Expression& e);
  void PrintBinary(const Expression& e);
  void PrintChain(const Expression& e, std::string_view word, int strength);
  void PrintRange(const Expression& e);
  void PrintIs(const Expression& e);
  void PrintCase(const Expression& e);
  void PrintAccess(const Expression& e);
  void PrintStar(const Expression& e);
  void PrintStruct(const Expression& e);
  void PrintMap(const Expression& e);
  void PrintTableArgument(const Expression& e);
  void PrintSubquery(const Query& query);
  void PrintCall(const Expression& e);
  void PrintArguments(const Expression& e);
  void PrintWindow(const WindowSpec& spec);
  void PrintFrame(const WindowFrame& frame);
  void PrintBound(const FrameBound& bound);
  void PrintOrder(const std::vector<OrderItem>& items);

  // Queries (query.cc)
  void PrintBody(const QueryBody& body);
  void PrintInput(const QueryBody& body);
  void PrintSelect(const Select& select);
  void PrintGroups(const Select& select);
  void PrintSampleBy(const SampleBy& sample);
  void PrintTable(const TableRef& table);
  void PrintJoin(const Join& join);
  void PrintStream(const StreamClauses& stream);

  // Statements (statement.cc)
  void Node(const SelectStatement& s);
  void Node(const CreateSource& s);
  void Node(const CreateTable& s);
  void Node(const CreateSink& s);
  void Node(const CreateContinuousQuery& s);
  void Node(const CreateView& s);
  void Node(const Drop& s);
  void Node(const Insert& s);
  void Node(const Update& s);
  void Node(const Delete& s);
  void Node(const Explain& s);
  void Node(const Show& s);
  void Node(const Describe& s);
  void Node(const Set& s);
  void Node(const Reset& s);
  void Node(const Prepare& s);
  void Node(const Execute& s);
  void Node(const Deallocate& s);
  void Node(const Alter& s);
  void Node(const Subscribe& s);
  void Node(const WaitFor& s);
  void Node(const Checkpoint& s);
  void Node(const Savepoint& s);
  void CreateHead(std::string_view kind, const Name& name, bool or_replace, bool if_not_exists);
  void PrintDefinition(const Definition& definition);
  void PrintColumn(const ColumnDefinition& column);
  void PrintOptions(const Options& options);
  void PrintOptionList(const Options& options);
  void PrintFormat(const FormatClause& format);

  void Write(std::string_view text) { out_ += text; }
  void WriteNames(const std::vector<std::string>& names);  // (a, b)

  std::string out_;
  bool all_parentheses_;
};

// The strength of an expression as an operand; a primary is stronger than any operator.
int StrengthOf(const Expression& expression);
int StrengthOf(BinaryOperator op);
std::string_view OperatorText(BinaryOperator op);

}  // namespace laminar::sql
