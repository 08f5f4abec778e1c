// Rows as the text of .slt files: cells between " | ", times on the tests' day written short, weights in front.
//
// Law: two texts mean the same row exactly when their canonical forms are equal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"

namespace laminar::cli {

inline constexpr std::string_view kTestDay = "2024-01-01";

// "10:00" for 2024-01-01 10:00:00 of a timestamp column, "(empty)" for the empty text, newlines escaped.
std::string CanonicalCell(const data::Type& type, std::string_view text);
std::string RowText(const data::Schema& schema, const data::Batch& batch, uint32_t row);
// An expected line in canonical form; `has_weight`: a weight stands before the cells.
std::string CanonicalLine(const data::Schema& schema, std::string_view line, bool has_weight);

struct Change {
  int64_t weight = 0;
  std::string row;
  bool operator==(const Change&) const = default;
};
// The sum of the weights of equal rows, without zeros, sorted.
std::vector<Change> ConsolidateChanges(std::vector<Change> changes);
std::string ChangeText(const Change& change);
// "+1 | a | b" in canonical form.
Result<Change> ParseChange(const data::Schema& schema, std::string_view line);

// "10:05", "10:05:01.5" or a whole timestamp, in microseconds.
Result<Timestamp> ParseTestTime(std::string_view text);

// The values of "(1, 'a, b', f(2))" as SQL texts, each cast to its column's type; short times are completed.
Result<std::string> CastRow(const data::Schema& schema, std::string_view tuple);

}  // namespace laminar::cli
