// What the planner says of an aggregation, windowed or not. Plain structs, no behaviour.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "data/type.h"
#include "expr/aggregate.h"

namespace laminar::exec {

// One aggregate call. Arguments are columns of the operator's input (a projection below computed and cast them);
// order-key columns of an order-sensitive aggregate follow the arguments in `arguments`.
struct AggregateCall {
  std::shared_ptr<const expr::BoundAggregate> function;
  std::vector<uint32_t> arguments;
  int filter = -1;  // BOOLEAN input column: only TRUE rows take part; -1: none
};

// When results leave (spec F011, F011B). What they look like is the changelog: +1 rows, or -1/+1 pairs.
enum class EmitKind : uint8_t {
  kOnWatermark,    // window complete, then corrections while lateness lasts
  kOnWindowClose,  // once, when no correction can come any more
  kOnUpdate,       // after every batch that changed a result, as -1/+1 pairs
  kChanges,        // as kOnUpdate
  kFinal,          // once, when complete; lateness is ignored
};

// GROUP BY without a window. Output columns: keys, then one per aggregate. With no key columns there is exactly one
// group, which exists even for no input (SELECT count(*) over nothing is 0): it is emitted once at the end of input or
// with the first change, whichever is first. kOnUpdate/kChanges emit one -1/+1 pair per changed group and batch; kFinal
// emits +1 rows at the end of the input only.
struct GroupAggregateSpec {
  std::vector<data::Type> input;
  std::vector<uint32_t> keys;
  std::vector<AggregateCall> aggregates;
  EmitKind emit = EmitKind::kOnUpdate;
  bool input_retracts = false;
};

// GROUP BY TUMBLE / HOP. Output columns: keys, window_start, window_end (types as the time column), then one per
// aggregate. size, slide, offset, lateness in microseconds; slide == size: tumbling. The time column is a timestamp
// (microseconds or nanoseconds); a NULL event time goes to row_errors with kBadEventTime.
struct WindowAggregateSpec {
  std::vector<data::Type> input;
  uint32_t time_column = 0;
  Duration size = 0;
  Duration slide = 0;
  Duration offset = 0;
  Duration lateness = 0;
  std::vector<uint32_t> keys;
  std::vector<AggregateCall> aggregates;
  EmitKind emit = EmitKind::kOnWatermark;
  bool input_retracts = false;
  // Which output column the consumer takes for time: the output watermark holds back accordingly (spec F010).
  bool consumer_uses_window_start = true;
};

}  // namespace laminar::exec
