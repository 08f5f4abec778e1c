// The laws that hold for every text format: what is written reads back, and no bytes crash a decoder.
#include <doctest/doctest.h>

#include "formats/testing/decode.h"
#include "formats/testing/random_rows.h"

namespace laminar::formats {

using testing::Decoded;
using testing::DecodeText;

TEST_CASE("rows of every type read back as they were written, in CSV and JSON") {
  std::vector<data::Type> types = testing::ScalarTypes();
  for (const data::Type& type : testing::NestedTypes()) types.push_back(type);
  const data::Schema schema = testing::SchemaOf(types);
  for (const char* name : {"csv", "json"}) {
    CAPTURE(name);
    const Format& format = *FindFormat(name);
    for (uint64_t seed = 1; seed <= 30; ++seed) {
      Random random(seed);
      data::BatchBuffer rows(schema.Types(), 20);
      testing::FillRandom(random, rows, 20);
      sdk::Options options;
      auto encoder = format.encoder({.schema = schema, .options = &options}).value();
      std::string text;
      REQUIRE(encoder->Begin(text).ok());
      REQUIRE(encoder->Encode(rows.batch(), text).ok());
      REQUIRE(encoder->Finish(text).ok());
      const Decoded decoded = DecodeText(format, schema, text, {}, 0, 7, seed);
      CHECK(decoded.error == "");
      for (const std::string& bad : decoded.bad) MESSAGE(bad);
      REQUIRE(decoded.bad == std::vector<std::string>{});
      REQUIRE(decoded.rows.size() == 20);
      for (uint32_t row = 0; row < 20; ++row) REQUIRE(decoded.rows[row] == testing::RowText(rows.batch(), schema, row));
    }
  }
}

TEST_CASE("mutated bytes never crash a decoder, and every cut reads the same") {
  std::vector<data::Type> types = testing::ScalarTypes();
  for (const data::Type& type : testing::NestedTypes()) types.push_back(type);
  const data::Schema schema = testing::SchemaOf(types);
  for (const char* name : {"csv", "json"}) {
    CAPTURE(name);
    const Format& format = *FindFormat(name);
    for (uint64_t seed = 1; seed <= 150; ++seed) {
      Random random(seed);
      data::BatchBuffer rows(schema.Types(), 5);
      testing::FillRandom(random, rows, 5);
      sdk::Options options;
      auto encoder = format.encoder({.schema = schema, .options = &options}).value();
      std::string text;
      REQUIRE(encoder->Begin(text).ok());
      const size_t header = text.size();
      REQUIRE(encoder->Encode(rows.batch(), text).ok());
      for (uint64_t i = random.Below(12); i > 0; --i) {
        const size_t at = header + random.Below(text.size() - header);
        switch (random.Below(4)) {
          case 0: text[at] = static_cast<char>(random.Below(256)); break;
          case 1: text.erase(at, random.Below(10)); break;
          case 2: text.insert(at, 1, "\"\n,{}[]\\:0"[random.Below(10)]); break;
          default: text.insert(at, text.substr(header + random.Below(text.size() - header), random.Below(30))); break;
        }
        if (text.size() <= header) text += "x";
      }
      const Decoded whole = DecodeText(format, schema, text);
      REQUIRE(DecodeText(format, schema, text, {}, 0, 3, seed) == whole);
      REQUIRE(DecodeText(format, schema, text, {}, 1, 1) == whole);
    }
  }
}

TEST_CASE("the format of a file is told by its name") {
  CHECK(FormatOfPath("a/b.CSV")->name == "csv");
  CHECK(FormatOfPath("b.ndjson.gz")->name == "json");
  CHECK(FormatOfPath("b.bin") == nullptr);
  CHECK(FormatOfPath(".csv") == nullptr);
  CHECK(FindFormat("NDJSON")->name == "json");
}

}  // namespace laminar::formats
