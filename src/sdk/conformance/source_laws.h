// The laws every source keeps, as checks a connector's test calls with its own options.
//
// 1. How many rows are asked for at a time changes neither rows nor bad rows.
// 2. A new reader of a replayable source gives the same rows again.
// 3. A column nobody needs changes no other column.
// 4. After the end comes the end; a batch never has more rows than asked for, and none together with kIdle or kEnd.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sdk/connector.h"

namespace laminar::sdk {

struct SourceRows {
  std::vector<std::string> rows;      // fields as text, with a separator
  std::vector<std::string> bad_rows;  // place and reason
  std::vector<std::string> breaches;  // of law 4
  std::string error;
};

// Reads until the end, kIdle, or rows_limit rows. columns: which are shown; empty: all.
SourceRows ReadAll(Connector& connector, const SourceRequest& request, uint32_t rows_max, uint64_t rows_limit,
                   const std::vector<bool>& columns = {});

// Every breach found, in words; empty: all laws hold. `request` needs no bad_rows.
std::vector<std::string> CheckSourceLaws(Connector& connector, const SourceRequest& request,
                                         uint64_t rows_limit = UINT64_MAX);

}  // namespace laminar::sdk
