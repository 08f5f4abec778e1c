// SAVEPOINT TO 'directory': a checkpoint of now, and a copy of it in a new folder.
#include "base/text.h"
#include "engine/savepoint.h"
#include "engine/statement_runner.h"

namespace laminar::engine {

namespace {

// Opening a savepoint beside its database is harmless but for sinks: two would write to one place.
std::string SinkNotice(Core& core) {
  Core::Lock lock(core);
  std::vector<std::string> sinks;
  for (const catalog::RelationPtr& relation : core.catalog().All()) {
    if (relation->kind == catalog::RelationKind::kSink) sinks.push_back(relation->name);
  }
  if (sinks.empty()) return "";
  return "the savepoint has sinks (" + Join(sinks, ", ") +
         "): when it is opened they write where this database's sinks write, and first take back what stands there " +
         "behind the savepoint";
}

}  // namespace

// The core is locked while the epoch is closed, as for CHECKPOINT; the copying is done by this thread alone.
Result<Outcome> StatementRunner::Do(const sql::Savepoint& s) {
  if (!core_.is_durable())
    return Error(Status(ErrorCode::kNotSupported, "SAVEPOINT needs a database on disk; this one is in memory")
                     .WithHint("open one: laminar DIRECTORY"));
  Durability& durability = *core_.durability();
  TRY(CheckSavepointTarget(durability.directory(), s.directory));
  connection_.cancelled_.store(false, std::memory_order_release);
  std::unique_ptr<state::CheckpointPin> pin;
  while (pin == nullptr) {
    state::Epoch epoch = 0;
    {
      Core::Lock lock(core_);
      durability.RequestCheckpoint();
      epoch = TRY(core_.CommitEpoch());
    }
    const state::CheckpointInfo made = TRY(durability.WaitCheckpoint(epoch, connection_.cancelled_));
    auto taken = durability.PinCheckpoint(made.id);
    // Others may have made so many meanwhile that it is gone: then this one is too old anyway.
    if (!taken && taken.error().code() != ErrorCode::kNotFound) return Error(std::move(taken).error());
    if (taken) pin = *std::move(taken);
  }
  const state::CheckpointInfo info =
      TRY(WriteSavepoint(durability.directory(), core_.clock(), *pin, s.directory, connection_.cancelled_));
  Outcome outcome;
  if (std::string notice = SinkNotice(core_); !notice.empty()) outcome.notices.push_back(std::move(notice));
  outcome.message = "SAVEPOINT " + std::to_string(info.id) + ": epoch " + std::to_string(info.epoch) + ", " +
                    FormatBytes(info.bytes) + " in " + Quoted(s.directory, 300);
  return outcome;
}

}  // namespace laminar::engine
