// Aggregate functions: accumulators with update, retract, merge, result, for every window and group operator.
//
// An accumulator is `state_bytes` of memory inside a state table's row, 8-aligned, plus what it owns outside (destroy
// frees that). Rows of a batch point to their group's accumulator; one call updates a whole batch. Laws, each tested by
// generators:
//   update(A + B) == merge(update(A), update(B));  after adds and retracts whose net is M the result is aggregate(M);
//   deserialize(serialize(s)) behaves as s.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"
#include "expr/function.h"

namespace laminar::expr {

// One call's rows. args: the aggregate's argument columns in order (flat or constant); for an order-sensitive aggregate
// the sort-key columns follow the arguments.
struct AggregateInput {
  uint32_t rows = 0;
  std::span<const data::Column* const> args;
  const int64_t* weights = nullptr;  // null: all +1. Negative: remove the row that many times
  const uint8_t* filter = nullptr;   // null: all rows; else rows with 1 take part
  uint8_t* const* states = nullptr;  // states[row]: the group's row; the accumulator stands at states[row] + offset
  uint32_t offset = 0;
  // Arrival number of row 0 (row i has sequence + i), for order-sensitive aggregates whose states are merged later. 0:
  // unknown; rows then arrive in call order and what is merged in counts as later.
  uint64_t sequence = 0;
  uint64_t* retract_misses =
      nullptr;  // counts rows that an order-sensitive aggregate was to take back but did not hold; may be null
};

struct SortKey {
  bool descending = false;
  bool nulls_first = false;
};

struct AggregateBindCall {
  std::string_view name;
  std::span<const data::Type> types;
  std::span<const data::Value* const> constants;  // of the arguments; null where not constant
  bool is_distinct = false;
  bool respect_nulls = false;   // RESPECT NULLS was written; FIRST/LAST/NTH_VALUE skip NULLs without it
  bool ignore_nulls = false;    // IGNORE NULLS was written; ARRAY_AGG keeps NULLs without it
  bool input_retracts = false;  // rows may come with negative weights
  // Types and directions of ORDER BY inside the call, or WITHIN GROUP. For FIRST/LAST without ORDER BY the planner
  // passes the event time column as one ascending key when there is one.
  std::span<const data::Type> order_types;
  std::span<const SortKey> order;
};

struct BoundAggregate {
  std::string name;
  std::vector<data::Type> arguments;  // types to cast the arguments to (not the order keys)
  data::Type result_type;
  bool is_nullable = true;                     // false: never NULL (COUNT)
  uint32_t state_bytes = 0;                    // a multiple of 8
  std::shared_ptr<const FunctionState> state;  // parameters: separator, fraction, types, inner aggregate

  void (*init)(const BoundAggregate&, uint8_t* state) = nullptr;
  void (*update)(const BoundAggregate&, const AggregateInput&) = nullptr;
  void (*merge)(const BoundAggregate&, uint8_t* into, const uint8_t* from) = nullptr;
  // Writes the results of states[i] + offset to rows [first, first + count) of `out` (flat, storage of `buffer`). A
  // result that cannot be computed (a sum beyond its type) is NULL and has its bit in out.errors.
  void (*result)(const BoundAggregate&, const uint8_t* const* states, uint32_t offset, uint32_t count,
                 data::BatchBuffer& buffer, data::Column& out, uint32_t first) = nullptr;
  void (*destroy)(const BoundAggregate&, uint8_t* state) = nullptr;  // null: nothing to free
  void (*serialize)(const BoundAggregate&, const uint8_t* state, std::string& out) = nullptr;
  // From bytes that serialize wrote, into raw memory; consumes from the front of `in`. kUnreadableState on bad bytes.
  Status (*deserialize)(const BoundAggregate&, std::string_view& in, uint8_t* state) = nullptr;
  size_t (*memory_bytes)(const BoundAggregate&, const uint8_t* state) = nullptr;  // outside the state; null: none
};

struct AggregateFunction {
  std::string name;
  std::vector<std::string> aliases;
  std::string doc;
  std::vector<std::pair<std::string, std::string>>
      examples;  // aggregate call over VALUES x = 1, 2, 4, 10 -> result text
  uint32_t arguments_min = 1;
  uint32_t arguments_max = 1;
  bool is_order_sensitive = false;  // FIRST, LAST, ARRAY_AGG, STRING_AGG
  bool takes_star = false;          // COUNT(*)
  Result<BoundAggregate> (*bind)(const AggregateBindCall& call) = nullptr;
};

}  // namespace laminar::expr
