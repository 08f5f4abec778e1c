// Menus of what a disk does wrong: Case::PlanFault draws one line, and when it happens.
#pragma once

#include <cstdint>

#include "sim/file_system.h"

namespace laminar::simulate {

struct PossibleFault {
  using Kind = sim::FileFault::Kind;
  using Call = sim::FileOperation;
  Kind kind;
  Call operation;
  const char* path_part;
  uint64_t at_most;     // calls until it happens
  uint64_t times_most;  // in a row
};

namespace faults {

using Kind = PossibleFault::Kind;
using Call = PossibleFault::Call;

// At any time.
inline constexpr PossibleFault kAnywhere[] = {
    {Kind::kPowerCut, Call::kAny, "", 60, 1},
    {Kind::kPowerCut, Call::kAny, "", 600, 1},
    {Kind::kPowerCut, Call::kAny, "/db/state", 200, 1},
    {Kind::kPowerCut, Call::kAny, "/out", 20, 1},
    {Kind::kPowerCut, Call::kRename, "", 10, 1},
    {Kind::kError, Call::kSync, "/db/log", 20, 1},
    {Kind::kError, Call::kSync, "/db/state", 10, 2},
    {Kind::kError, Call::kAny, "/db", 200, 3},
    {Kind::kError, Call::kRead, "/db", 20, 2},
    {Kind::kTornWrite, Call::kWrite, "/db/log", 20, 1},
    {Kind::kTornWrite, Call::kWrite, "/db/state", 40, 1},
    {Kind::kDiskFull, Call::kWrite, "/db/log", 10, 20},
    {Kind::kDiskFull, Call::kAllocate, "/db/log", 2, 10},
    {Kind::kDiskFull, Call::kWrite, "/db/state", 20, 20},
    {Kind::kDiskFull, Call::kWrite, "/out", 5, 3},
    {Kind::kError, Call::kRead, "/in", 3, 1},
    {Kind::kError, Call::kAny, "/out", 10, 2},
};

// While a savepoint is made.
inline constexpr PossibleFault kOfSavepoint[] = {
    {Kind::kPowerCut, Call::kAny, "/save", 70, 1},       {Kind::kPowerCut, Call::kRename, "/save", 1, 1},
    {Kind::kPowerCut, Call::kAny, "", 120, 1},           {Kind::kError, Call::kAny, "/save", 70, 40},
    {Kind::kError, Call::kSyncDirectory, "/save", 4, 3}, {Kind::kError, Call::kSync, "/save", 10, 2},
    {Kind::kError, Call::kRemove, "/save", 10, 10},      {Kind::kDiskFull, Call::kWrite, "/save", 10, 20},
    {Kind::kTornWrite, Call::kWrite, "/save", 10, 1},    {Kind::kError, Call::kRead, "/db/state", 20, 2},
};

// While state goes to disk.
inline constexpr PossibleFault kOfSpill[] = {
    {Kind::kDiskFull, Call::kAny, "(spill)", 10, 10},
    {Kind::kError, Call::kAny, "(spill)", 10, 10},
};

// While the rows of a large statement are written: they are many records of the log, often in several segments.
inline constexpr PossibleFault kOfInsert[] = {
    {Kind::kPowerCut, Call::kAny, "/db/log", 12, 1},      {Kind::kPowerCut, Call::kWrite, "/db/log", 6, 1},
    {Kind::kPowerCut, Call::kSync, "/db/log", 2, 1},      {Kind::kTornWrite, Call::kWrite, "/db/log", 6, 1},
    {Kind::kError, Call::kAny, "/db/log", 12, 2},         {Kind::kDiskFull, Call::kWrite, "/db/log", 6, 20},
    {Kind::kDiskFull, Call::kAllocate, "/db/log", 3, 10}, {Kind::kPowerCut, Call::kAny, "/db/state", 40, 1},
    {Kind::kDiskFull, Call::kWrite, "/db/state", 10, 20},
};

}  // namespace faults

}  // namespace laminar::simulate
