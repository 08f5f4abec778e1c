// Runs one parsed statement for a connection: queries, definitions, INSERT, SHOW, SET, PREPARE, WAIT FOR.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core.h"
#include "engine/database.h"
#include "plan/planner.h"
#include "sql/ast.h"

namespace laminar::engine {

class StatementRunner {
 public:
  StatementRunner(Connection& connection, Core& core, std::string_view text)
      : connection_(connection), core_(core), text_(text) {}

  Result<Outcome> Run(const sql::Statement& statement);
  // See Connection::InputsThatEnd.
  Result<std::vector<std::string>> InputsThatEnd(const sql::SelectStatement& s);
  // Values of $1, $2, ...; set by EXECUTE before Run.
  void SetParameters(std::vector<data::Value> values, std::vector<data::Type> types) {
    parameters_ = std::move(values);
    parameter_types_ = std::move(types);
  }

 private:
  Result<Outcome> Do(const sql::SelectStatement& s);
  Result<std::optional<Outcome>> Select(const sql::SelectStatement& s);
  Result<Outcome> Do(const sql::CreateSource& s);
  Result<Outcome> Do(const sql::CreateTable& s);
  Result<Outcome> Do(const sql::CreateSink& s);
  Result<Outcome> Do(const sql::CreateContinuousQuery& s);
  Result<Outcome> Do(const sql::CreateView& s);
  Result<Outcome> Do(const sql::Drop& s);
  Result<Outcome> Do(const sql::Insert& s);
  Result<Outcome> Do(const sql::Update& s);
  Result<Outcome> Do(const sql::Delete& s);
  Result<Outcome> Do(const sql::Explain& s);
  Result<Outcome> Do(const sql::Show& s);
  Result<Outcome> Do(const sql::Describe& s);
  Result<Outcome> Do(const sql::Set& s);
  Result<Outcome> Do(const sql::Reset& s);
  Result<Outcome> Do(const sql::Prepare& s);
  Result<Outcome> Do(const sql::Execute& s);
  Result<Outcome> Do(const sql::Deallocate& s);
  Result<Outcome> Do(const sql::Alter& s);
  Result<Outcome> Do(const sql::Subscribe& s);
  Result<Outcome> Do(const sql::WaitFor& s);
  Result<Outcome> Do(const sql::Checkpoint& s);
  Result<Outcome> Do(const sql::Savepoint& s);

  Status AwaitDurable(const sql::Statement& statement);
  Result<uint64_t> BindEpoch(const sql::Expression& e);
  Status ApplyToDatabase(std::string_view name, Settings before);  // on failure they are as before
  plan::PlanContext Context();
  // The statement's own text.
  std::string Text() const { return std::string(text_.substr(statement_->text_offset, statement_->text_length)); }
  std::string QueryText(const sql::Query& query) const {
    return std::string(text_.substr(query.text_offset, query.text_length));
  }
  Result<std::unique_ptr<Cursor>> OpenQuery(plan::QueryPlan plan);
  Result<plan::QueryPlan> PlanViewQuery(const sql::CreateView& s);
  // For CREATE: null when it may go on; else the outcome (IF NOT EXISTS). OR REPLACE removes the old one.
  Result<bool> ExistsAlready(const std::string& name, bool if_not_exists, bool or_replace, catalog::RelationKind kind);
  Result<std::vector<std::string>> DropRelation(const std::string& name, bool cascade);
  Result<plan::QueryPlan> PlanOfExplained(const sql::Statement& statement);

  Connection& connection_;
  Core& core_;
  std::string_view text_;
  const sql::Statement* statement_ = nullptr;
  std::vector<data::Value> parameters_;
  std::vector<data::Type> parameter_types_;
};

}  // namespace laminar::engine
