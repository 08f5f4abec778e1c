// For tests: runs a decoder over text in pieces and shows rows as text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "data/value.h"
#include "formats/formats.h"

namespace laminar::formats::testing {

class BadRowList final : public sdk::BadRows {
 public:
  void Add(std::string_view place, std::string_view reason, std::string_view text) override {
    rows.push_back(std::string(place) + "|" + std::string(reason) + "|" + std::string(text));
  }
  std::vector<std::string> rows;
};

using OptionList = std::vector<std::pair<std::string, std::string>>;

inline std::string RowText(const data::Batch& batch, const data::Schema& schema, uint32_t row) {
  std::string line;
  for (uint32_t i = 0; i < batch.column_count; ++i) {
    const data::Value value = data::Value::FromColumn(batch.columns[i], schema[i].type, row);
    line += (i > 0 ? "|" : "") + (value.is_null() ? std::string("NULL") : value.ToString(schema[i].type));
  }
  return line;
}

// Of each column; what could not be read is "?".
inline std::vector<std::string> CellTexts(const data::Batch& batch, const data::Schema& schema, uint32_t row) {
  std::vector<std::string> cells;
  for (uint32_t i = 0; i < batch.column_count; ++i) {
    const data::Value value = data::Value::FromColumn(batch.columns[i], schema[i].type, row);
    cells.push_back(batch.columns[i].HasError(row) ? "?" : value.is_null() ? "NULL" : value.ToString(schema[i].type));
  }
  return cells;
}

struct Decoded {
  std::vector<std::string> rows;              // that could be read whole
  std::vector<std::vector<std::string>> all;  // and those of which some columns could not
  std::vector<std::string> bad;
  std::string error;
  bool operator==(const Decoded&) const = default;
};

// cut: bytes of each piece; 0: random sizes from `seed`.
inline Decoded DecodeText(const Format& format, const data::Schema& schema, std::string_view text,
                          const OptionList& option_list = {}, size_t cut = SIZE_MAX, uint32_t rows_max = 1024,
                          uint64_t seed = 1, const std::vector<bool>& needed = {}) {
  Decoded decoded;
  BadRowList bad;
  sdk::Options options(option_list);
  auto made = format.decoder({.place = "t", .schema = schema, .needed = needed, .options = &options, .bad_rows = &bad});
  if (!made.has_value()) {
    decoded.error = made.error().ToString();
    return decoded;
  }
  sdk::Decoder& decoder = **made;
  Random random(seed);
  data::BatchBuffer out(schema.Types(), rows_max);
  auto drain = [&]() {
    while (true) {
      out.Reset();
      const Result<bool> done = decoder.Decode(out, rows_max);
      if (!done.has_value()) {
        decoded.error = done.error().ToString();
        return false;
      }
      for (uint32_t row = 0; row < out.rows(); ++row) {
        decoded.all.push_back(CellTexts(out.batch(), schema, row));
        if (!out.batch().HasError(row)) decoded.rows.push_back(RowText(out.batch(), schema, row));
      }
      if (*done) return true;
    }
  };
  std::string piece;
  while (!text.empty()) {
    const size_t wanted = cut == 0 ? random.Below(20) + 1 : cut;
    piece.assign(text.substr(0, wanted));
    text.remove_prefix(piece.size());
    decoder.Feed(piece);
    if (!drain()) return decoded;
  }
  decoder.Finish();
  drain();
  decoded.bad = std::move(bad.rows);
  return decoded;
}

}  // namespace laminar::formats::testing
