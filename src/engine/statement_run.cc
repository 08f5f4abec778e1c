// How a statement is run: not at all where what it does could not be kept, and answered when it is.
#include "engine/statement_runner.h"

namespace laminar::engine {

namespace {

template <class T, class... Of>
constexpr bool kIsOneOf = (std::is_same_v<T, Of> || ...);

bool Defines(const sql::Statement& statement) {
  return std::visit(
      []<class T>(const T&) {
        return kIsOneOf<T, sql::CreateSource, sql::CreateTable, sql::CreateView, sql::CreateSink, sql::Drop>;
      },
      statement.node);
}

bool Changes(const sql::Statement& statement) {
  return Defines(statement) || std::holds_alternative<sql::Insert>(statement.node);
}

bool MakesCheckpoint(const sql::Statement& statement) {
  return std::holds_alternative<sql::Checkpoint>(statement.node) ||
         std::holds_alternative<sql::Savepoint>(statement.node);
}

// What such a statement does would be lost with the process, or what it waits for will not come.
bool NeedsLog(const sql::Statement& statement) {
  return Changes(statement) || std::holds_alternative<sql::WaitFor>(statement.node) || MakesCheckpoint(statement);
}

}  // namespace

Result<Outcome> StatementRunner::Run(const sql::Statement& statement) {
  statement_ = &statement;
  if (core_.restoring() == nullptr && NeedsLog(statement)) TRY(core_.CheckUsable());
  if (core_.restoring() == nullptr && (Defines(statement) || MakesCheckpoint(statement))) {
    connection_.cancelled_.store(false, std::memory_order_release);
    TRY(core_.WaitToDefine(MakesCheckpoint(statement), connection_.cancelled_));
  }
  Outcome outcome = TRY(std::visit([this](const auto& node) { return Do(node); }, statement.node));
  if (core_.is_durable() && core_.restoring() == nullptr) TRY(AwaitDurable(statement));
  return outcome;
}

// A statement that changed something, or said that something is complete, is answered when that survives. What came in
// while another one was read is committed, too, but is no reason to answer less.
Status StatementRunner::AwaitDurable(const sql::Statement& statement) {
  const bool acknowledges = Changes(statement) || std::holds_alternative<sql::WaitFor>(statement.node);
  connection_.cancelled_.store(false, std::memory_order_release);
  auto await = [&]() -> Status {
    state::Epoch epoch = 0;
    {
      Core::Lock lock(core_, acknowledges ? Core::Lock::Use::kAll : Core::Lock::Use::kRead);
      if (!acknowledges && (core_.is_defining() || !core_.durability()->has_room())) return {};
      epoch = TRY(core_.Acknowledge(acknowledges));
    }
    return epoch == 0 ? Status() : core_.durability()->WaitDurable(epoch, connection_.cancelled_);
  };
  Status status = await();
  return acknowledges ? std::move(status) : Status();
}

}  // namespace laminar::engine
