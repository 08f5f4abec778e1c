// Mutated CSV and JSON lines against their decoders: no bytes crash one, and however they are cut, rows and bad rows
// are the same; and which rows there are, and what they hold, does not depend on which columns are needed.
#include "base/check.h"
#include "formats/testing/decode.h"
#include "formats/testing/random_rows.h"
#include "tests/fuzz.h"

namespace {

using namespace laminar;

std::string Mutate(Random& random, std::string text, size_t keep) {
  for (uint64_t i = random.Below(16); i > 0 && text.size() > keep; --i) {
    const size_t at = keep + random.Below(text.size() - keep);
    switch (random.Below(4)) {
      case 0: text[at] = static_cast<char>(random.Below(256)); break;
      case 1: text.erase(at, random.Below(10)); break;
      case 2: text.insert(at, 1, "\"\n,{}[]\\:0"[random.Below(10)]); break;
      default: text.insert(at, text.substr(keep + random.Below(text.size() - keep), random.Below(30))); break;
    }
  }
  return text;
}

}  // namespace

void FuzzSeed(uint64_t seed) {
  using namespace formats;
  Random random(seed);
  std::vector<data::Type> types = testing::ScalarTypes();
  for (const data::Type& type : testing::NestedTypes()) types.push_back(type);
  const data::Schema schema = testing::SchemaOf(types);
  for (const char* name : {"csv", "json"}) {
    const Format& format = *FindFormat(name);
    data::BatchBuffer rows(schema.Types(), 5);
    testing::FillRandom(random, rows, 5);
    sdk::Options options;
    auto encoder = format.encoder({.schema = schema, .options = &options}).value();
    std::string text;
    CHECK(encoder->Begin(text).ok());
    const size_t header = text.size();
    CHECK(encoder->Encode(rows.batch(), text).ok());
    text = Mutate(random, std::move(text), header);
    const testing::Decoded whole = testing::DecodeText(format, schema, text);
    CHECK(testing::DecodeText(format, schema, text, {}, 0, 3, seed) == whole);
    CHECK(testing::DecodeText(format, schema, text, {}, 1, 1) == whole);
    std::vector<bool> needed(schema.size());
    for (size_t i = 0; i < needed.size(); ++i) needed[i] = random.OneIn(2);
    const testing::Decoded less = testing::DecodeText(format, schema, text, {}, 0, 3, seed, needed);
    CHECK(less.all.size() == whole.all.size());
    for (size_t row = 0; row < whole.all.size(); ++row) {
      for (size_t i = 0; i < needed.size(); ++i) CHECK(less.all[row][i] == (needed[i] ? whole.all[row][i] : "NULL"));
    }
  }
}
