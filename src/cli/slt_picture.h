// What can be seen of a database at one moment: every table and materialized view with its rows, and how far each
// relation has come. A crash must not change it.
//
// Not in it, because it is counted from each opening anew: bad rows, late rows, rows sent out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/slt_database.h"
#include "cli/slt_rows.h"

namespace laminar::cli {

struct SltPicture {
  std::map<std::string, std::vector<Change>> rows;  // consolidated; by relation
  std::map<std::string, std::string> facts;         // by relation: state, watermark, how many rows
};

Result<SltPicture> TakePicture(SltDatabase& place);

// The differences, one a line; empty: there are none.
std::string DifferencesOf(const SltPicture& before, const SltPicture& after);

// What turns `before` into `after`.
std::vector<Change> ChangesBetween(const std::vector<Change>& before, const std::vector<Change>& after);

}  // namespace laminar::cli
