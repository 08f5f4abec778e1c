// SourceNode: one source or table of the running graph: who reads it, from where, and how its rows become a stream with
// watermarks.
//
// A Head is one reading position: reader -> generated columns -> watermark assigner -> fan-out to readers. Pushed
// sources and tables have one head that never reads. A replayable source has a shared head; a view that comes later
// gets a head of its own that reads from the start until it stands where the shared one stands, and then joins it. Law:
// when a view was created changes nothing in what it holds, and views of one source are always at the same row.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/pipeline.h"
#include "engine/side_rows.h"
#include "exec/changelog/materialize.h"
#include "exec/stateless/merge.h"
#include "exec/watermark/assigner.h"
#include "sdk/connector.h"

namespace laminar::engine {

struct Head {
  uint64_t serial = 0;                                     // of a durable database; given at its first commit
  std::unique_ptr<sdk::Source> reader;                     // null: pushed
  std::unique_ptr<data::BatchBuffer> buffer;               // what the reader fills
  std::vector<bool> needed;                                // physical columns it reads
  std::vector<std::unique_ptr<exec::Operator>> operators;  // entry first, fan-out last
  exec::WatermarkAssigner* assigner = nullptr;             // null: no watermark
  exec::FanOut* fan_out = nullptr;
  bool at_full_speed = false;
  std::string restored_position;  // where it stood when the database was opened
  uint64_t rows = 0;
  uint64_t batches = 0;
  bool has_ended = false;
  bool is_done = false;  // nobody below needs more rows

  exec::Operator& entry() { return *operators.front(); }
  Status Failure() const;
};

struct HeadRequest {
  const catalog::Relation* relation = nullptr;
  sdk::Connector* connector = nullptr;  // null: pushed
  std::vector<bool> needed;
  // Schema columns that are computed if they can be; nullopt: all, since others may come and read them.
  std::optional<std::vector<uint32_t>> computed;
  bool at_full_speed = false;  // ignore `rate`: it is catching up
  std::string position;        // of a reader that goes on, see sdk::SourceRequest
  bool with_watermark = true;
  sdk::BadRows* bad_rows = nullptr;
  bool* has_failures = nullptr;  // set when a reader fails
  exec::Context context;
};
Result<std::unique_ptr<Head>> OpenHead(const HeadRequest& request);

// One batch through the head and all below it. After the first batches, when every scratch buffer has its size, under
// the ring-0 guard.
exec::Step PushBatch(Head& head, data::Batch& batch);
// Reads and pushes up to `rows_max` rows. kEnd: the end was pushed (watermark kMaxTimestamp).
Result<sdk::ReadState> StepHead(Head& head, uint32_t rows_max, expr::EvalEnvironment& environment);
Status EndHead(Head& head);

// Options of the connector alone: without `connector`, and without `rate` when catching up.
sdk::Options ConnectorOptions(const catalog::Relation& relation, bool without_rate);
// Physical columns that `columns` of the relation's schema need (generated ones need theirs; the watermark column too).
std::vector<bool> NeededColumns(const catalog::Relation& relation, const std::vector<uint32_t>& columns);
// Columns of the relation's schema in which a row must be readable for a reader of `columns`: the watermark column too.
std::vector<uint32_t> ReadColumns(const catalog::Relation& relation, std::vector<uint32_t> columns);

struct SourceNode {
  uint64_t serial = 0;  // never given twice
  catalog::RelationPtr relation;
  sdk::Connector* connector = nullptr;
  std::unique_ptr<ErrorRows> errors;
  std::unique_ptr<Head> shared;  // null until somebody reads
  std::vector<std::unique_ptr<Head>> catching_up;
  exec::Materialize* stored = nullptr;  // of a table; stands in the shared head
  std::shared_ptr<exec::StoredRows> TakeRows() const {
    exec::StoredResult* const part = stored;
    return exec::StoredResult::TakeSnapshot({&part, 1});
  }
  bool could_not_open = false;  // when the database was opened
  Status failure;               // why reading stopped
  int64_t slow_until = 0;       // on the clock's monotonic time: what it feeds is short of memory
  std::string stored_failure;   // as GraphState has it
  bool is_frozen = false;       // its position cannot be stored: it is kept as it was at an earlier epoch
};

}  // namespace laminar::engine
