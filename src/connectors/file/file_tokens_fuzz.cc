// Tampered tokens against the reader and the writer of files: each is refused by its code or means another place; none
// breaks anything, and an untampered one goes on with just the rows behind it.
#include <array>

#include "base/check.h"
#include "connectors/file/file.h"
#include "formats/testing/random_rows.h"
#include "sdk/conformance/position_laws.h"
#include "sim/clock.h"
#include "sim/file_system.h"
#include "tests/fuzz.h"

namespace {

using namespace laminar;
using OptionList = std::vector<std::pair<std::string, std::string>>;

// Writes a file by a sink, in epochs whose tokens it gives back.
std::vector<std::string> WriteFile(sdk::Connector& connector, const sdk::SinkRequest& request, Random& random) {
  std::vector<std::string> tokens;
  auto sink = connector.OpenSink(request).value();
  data::BatchBuffer rows(request.schema.Types());
  for (uint64_t epoch = random.Below(4) + 1; epoch > 0; --epoch) {
    for (uint64_t batches = random.Below(3); batches > 0; --batches) {
      rows.Reset();
      formats::testing::FillRandom(random, rows, static_cast<uint32_t>(random.Below(60)) + 1);
      CHECK(sink->Write(rows.batch()).ok());
    }
    CHECK(sink->Prepare(epoch, tokens.emplace_back()).ok());
    CHECK(sink->Commit(epoch).ok());
  }
  if (random.OneIn(2)) return tokens;  // as a crash leaves it
  CHECK(sink->Close().ok());
  CHECK(sink->Prepare(9, tokens.emplace_back()).ok());
  return tokens;
}

bool IsExpected(ErrorCode code) {
  return code == ErrorCode::kCorrupt || code == ErrorCode::kFormatVersion || code == ErrorCode::kBadFile;
}

}  // namespace

void FuzzSeed(uint64_t seed) {
  Random random(seed);
  sim::SimClock clock;
  sim::SimFileSystem files(clock);
  CHECK(files.CreateDirectory("/d").ok());
  connectors::FileConnector connector(files, clock);
  const std::string name = std::string("/d/x.") + std::array{"csv", "json", "parquet", "arrow"}[random.Below(4)];
  sdk::SinkRequest sink;
  sink.name = "k";
  sink.schema = formats::testing::SchemaOf({data::TypeId::kInt64, data::TypeId::kVarchar, data::TypeId::kTimestamp});
  sink.options = sdk::Options(OptionList{{"path", name}});
  sink.is_durable = true;
  const std::vector<std::string> tokens = WriteFile(connector, sink, random);
  for (int round = 0; round < 20; ++round) {
    sdk::SinkRequest tampered = sink;
    tampered.resume = sdk::TamperWithToken(random, tokens[random.Below(tokens.size())]);
    const auto opened = connector.OpenSink(tampered);
    if (opened.has_value()) {
      std::string token;
      CHECK((*opened)->Prepare(1, token).ok());
    } else {
      CHECK(IsExpected(opened.error().code()));
    }
  }
  WriteFile(connector, sink, random);
  auto last = connector.OpenSink(sink).value();
  data::BatchBuffer rows(sink.schema.Types());
  formats::testing::FillRandom(random, rows, 100);
  CHECK(last->Write(rows.batch()).ok());
  CHECK(last->Close().ok());
  sdk::SourceRequest source;
  source.name = "s";
  source.schema = sink.schema;
  source.options = sink.options;
  CHECK(sdk::CheckPositionLaws(connector, source, seed, 3).empty());
  CHECK(sdk::CheckTamperedPositions(connector, source, seed, 20).empty());
}
