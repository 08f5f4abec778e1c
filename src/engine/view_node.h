// ViewNode: one standing query of the running graph, a materialized view, a sink or a cursor that is attached to live
// relations, with all that hangs on it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "engine/graph_state.h"
#include "engine/pipeline.h"
#include "engine/side_rows.h"
#include "exec/changelog/history.h"

namespace laminar::engine {

class SinkOperator;

enum class ViewState : uint8_t { kRunning, kFailed, kPaused };

struct ViewNode {
  std::string name;               // empty: a cursor's
  catalog::RelationPtr relation;  // null: a cursor's
  std::unique_ptr<Pipeline> pipeline;
  std::vector<std::unique_ptr<ColumnPick>> picks;  // one per scan
  std::unique_ptr<exec::History> history;          // between the stored rows and the fan-out; null: none is kept
  std::unique_ptr<exec::FanOut> fan_out;           // after the stored rows; null for sinks and cursors
  std::unique_ptr<LateRows> late;
  std::unique_ptr<ErrorRows> errors;
  std::vector<std::string> reads;       // relations it is attached to
  SinkOperator* sink = nullptr;         // of a sink
  std::atomic<bool> is_pressed{false};  // its state comes near its limit
  std::vector<StoredOperator> held;
  bool is_frozen = false;      // something of it cannot be stored: it is kept as it was at an earlier epoch
  std::string stored_failure;  // as GraphState has it

  // The core's, and each shard's. While no shard is turned.
  std::vector<const LateRows*> AllLate() const;
  std::vector<const ErrorRows*> AllErrors() const;
  ViewState state = ViewState::kRunning;
  Status failure;
};

}  // namespace laminar::engine
