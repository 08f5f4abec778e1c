// The law of positions, attacked with random files on the simulated file system.
#include "connectors/file/file_position.h"

#include <doctest/doctest.h>

#include "connectors/file/file.h"
#include "formats/testing/random_rows.h"
#include "sdk/conformance/position_laws.h"
#include "sdk/conformance/source_laws.h"
#include "sdk/token.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::connectors {

namespace {

using data::TypeId;
using OptionList = std::vector<std::pair<std::string, std::string>>;
using Texts = std::vector<std::string>;

class NoBadRows final : public sdk::BadRows {
 public:
  void Add(std::string_view place, std::string_view, std::string_view) override { places.emplace_back(place); }
  std::vector<std::string> places;
};

struct Disk {
  Disk() { REQUIRE(files.CreateDirectory("/d").ok()); }
  void Write(const std::string& name, std::string_view text) {
    auto file = files.Open("/d/" + name, os::OpenMode::kReplace).value();
    REQUIRE(file->Append(text).ok());
  }
  void Append(const std::string& name, std::string_view text) {
    REQUIRE(files.Open("/d/" + name, os::OpenMode::kCreate).value()->Append(text).ok());
  }
  sim::SimClock clock;
  sim::SimFileSystem files{clock};
  FileConnector connector{files, clock};
};

data::Schema SomeColumns() {
  return data::Schema({{"a", TypeId::kInt64, true}, {"b", TypeId::kVarchar, true}, {"c", TypeId::kTimestamp, true}});
}

// Rows as a text format writes them, some of them then made bad.
std::string RandomFile(Random& random, const std::string& name, const data::Schema& schema, uint32_t rows) {
  sdk::Options options;
  auto encoder = formats::FindFormat(name)->encoder({.schema = schema, .options = &options}).value();
  std::string text;
  if (name == "csv" && random.OneIn(3)) text = "\xEF\xBB\xBF";
  REQUIRE(encoder->Begin(text).ok());
  data::BatchBuffer out(schema.Types());
  while (rows > 0) {
    out.Reset();
    const auto count = std::min<uint32_t>(rows, static_cast<uint32_t>(random.Below(40)) + 1);
    formats::testing::FillRandom(random, out, count);
    REQUIRE(encoder->Encode(out.batch(), text).ok());
    rows -= count;
    if (random.OneIn(3)) text += random.OneIn(2) ? "x,y,z\n" : "\n";
    if (random.OneIn(6)) text += "1,2\n{\"a\":\"no number\"}\n";
  }
  if (random.OneIn(3) && !text.empty()) text.pop_back();
  if (random.OneIn(8)) text += "\n7,\"never closed\n8,x,\n9,\"";
  return text;
}

sdk::SourceRequest Request(const data::Schema& schema, const OptionList& options) {
  sdk::SourceRequest request;
  request.name = "s";
  request.schema = schema;
  request.options = sdk::Options(options);
  return request;
}

void WriteRows(Disk& disk, const std::string& name, const data::Schema& schema, Random& random, uint32_t rows,
               const OptionList& options = {}) {
  sdk::SinkRequest request;
  request.name = "k";
  request.schema = schema;
  OptionList list = options;
  list.emplace_back("path", "/d/" + name);
  request.options = sdk::Options(list);
  auto sink = disk.connector.OpenSink(request).value();
  data::BatchBuffer out(schema.Types());
  while (rows > 0) {
    out.Reset();
    const auto count = std::min<uint32_t>(rows, static_cast<uint32_t>(random.Below(300)) + 1);
    formats::testing::FillRandom(random, out, count);
    REQUIRE(sink->Write(out.batch()).ok());
    rows -= count;
  }
  REQUIRE(sink->Close().ok());
}

void AddRows(const data::BatchBuffer& out, const data::Schema& schema, Texts& rows) {
  for (uint32_t row = 0; row < out.rows(); ++row) {
    std::string line;
    for (uint32_t i = 0; i < schema.size(); ++i) {
      line += data::Value::FromColumn(out.batch().columns[i], schema[i].type, row).ToString(schema[i].type) + "|";
    }
    rows.push_back(std::move(line));
  }
}

// The position behind the first `rows` rows.
std::string PositionBehind(sdk::Connector& connector, sdk::SourceRequest request, uint32_t rows) {
  NoBadRows bad;
  request.bad_rows = &bad;
  auto source = connector.OpenSource(request).value();
  data::BatchBuffer out(request.schema.Types());
  REQUIRE(source->Read(out, rows).value() == sdk::ReadState::kRows);
  REQUIRE(out.rows() == rows);
  std::string position;
  source->AppendPosition(position);
  return position;
}

ErrorCode CodeAt(sdk::Connector& connector, sdk::SourceRequest request, const std::string& position,
                 std::string* message = nullptr) {
  NoBadRows bad;
  request.bad_rows = &bad;
  request.position = position;
  const auto opened = connector.OpenSource(request);
  if (opened.has_value()) return ErrorCode::kOk;
  if (message != nullptr) *message = opened.error().ToString();
  return opened.error().code();
}

}  // namespace

TEST_CASE("text files go on behind any row: random rows, bad rows, quoted newlines, several files, random batches") {
  for (const char* format : {"csv", "json"}) {
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      CAPTURE(format);
      CAPTURE(seed);
      Random random(seed);
      Disk disk;
      const data::Schema schema = SomeColumns();
      const uint64_t count = random.Below(4) + 1;
      for (uint64_t i = 0; i < count; ++i) {
        const std::string name = "x-" + std::to_string(i) + "." + format;
        disk.Write(name, RandomFile(random, format, schema, static_cast<uint32_t>(random.Below(300))));
      }
      auto request = Request(schema, {{"path", std::string("/d/x-*.") + format}});
      if (random.OneIn(3)) request.needed = {true, random.OneIn(2), true};
      CHECK(sdk::CheckPositionLaws(disk.connector, request, seed) == Texts{});
      CHECK(sdk::CheckTamperedPositions(disk.connector, request, seed) == Texts{});
    }
  }
}

TEST_CASE("text files of many blocks go on behind any row") {
  for (const char* format : {"csv", "json"}) {
    Random random(7);
    Disk disk;
    const data::Schema schema = SomeColumns();
    const std::string name = std::string("x.") + format;
    disk.Write(name, RandomFile(random, format, schema, 60000));
    CHECK(disk.files.Stat("/d/" + name)->bytes > (2 << 20));
    CHECK(sdk::CheckPositionLaws(disk.connector, Request(schema, {{"path", "/d/" + name}}), 1, 6) == Texts{});
  }
}

TEST_CASE("Parquet and Arrow files go on behind any row of any row group") {
  const std::pair<const char*, OptionList> kinds[] = {
      {"parquet", {{"row_group_rows", "97"}}}, {"parquet", {}}, {"arrow", {}}, {"arrow", {{"compression", "zstd"}}}};
  for (const auto& [format, options] : kinds) {
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(format);
      CAPTURE(seed);
      Random random(seed);
      Disk disk;
      const data::Schema schema = SomeColumns();
      for (int i = 0; i < 2; ++i) {
        WriteRows(disk, "x-" + std::to_string(i) + "." + format, schema, random,
                  static_cast<uint32_t>(random.Below(2000)), options);
      }
      auto request = Request(schema, {{"path", std::string("/d/x-*.") + format}});
      if (random.OneIn(2)) request.needed = {false, true, random.OneIn(2)};
      if (random.OneIn(2)) {  // most values do not fit: bad rows
        request.schema = data::Schema({{"a", TypeId::kInt16, random.OneIn(2)}, schema[1], schema[2]});
        request.needed.clear();
      }
      CHECK(sdk::CheckPositionLaws(disk.connector, request, seed) == Texts{});
      CHECK(sdk::CheckTamperedPositions(disk.connector, request, seed) == Texts{});
    }
  }
}

TEST_CASE("a followed file goes on behind any row while it grows, half lines included") {
  for (const char* format : {"csv", "json"}) {
    for (uint64_t seed = 1; seed <= 30; ++seed) {
      CAPTURE(format);
      CAPTURE(seed);
      Random random(seed);
      Disk disk;
      const data::Schema schema = SomeColumns();
      std::string texts[3];
      for (std::string& text : texts) text = RandomFile(random, format, schema, 60);
      auto request = Request(schema, {{"path", std::string("/d/x-*.") + format}, {"follow", "true"}});
      NoBadRows bad;
      request.bad_rows = &bad;
      disk.Write(std::string("x-0.") + format, "");
      auto source = disk.connector.OpenSource(request).value();
      data::BatchBuffer out(schema.Types());
      Texts rows;
      for (int file = 0; file < 3; ++file) {
        std::string_view rest = texts[file];
        while (!rest.empty()) {
          const size_t size = std::min<size_t>(rest.size(), random.Below(100) + 1);
          disk.Append("x-" + std::to_string(file) + "." + format, rest.substr(0, size));
          rest.remove_prefix(size);
          for (uint64_t reads = random.Below(3); reads > 0; --reads) {
            REQUIRE(source->Read(out, static_cast<uint32_t>(random.Below(8)) + 1).has_value());
            AddRows(out, schema, rows);
          }
          if (random.OneIn(4)) {  // a crash
            request.position.clear();
            source->AppendPosition(request.position);
            source.reset();
            source = disk.connector.OpenSource(request).value();
          }
        }
      }
      while (source->Read(out, 50).value() == sdk::ReadState::kRows) AddRows(out, schema, rows);
      NoBadRows all_bad;
      request.bad_rows = &all_bad;
      request.position.clear();
      auto again = disk.connector.OpenSource(request).value();
      Texts expected;
      while (again->Read(out, 1000).value() == sdk::ReadState::kRows) AddRows(out, schema, expected);
      CHECK(expected.size() > 100);
      CHECK(rows == expected);
      CHECK(bad.places == all_bad.places);
    }
  }
}

TEST_CASE(
    "a file that was replaced, rewritten, shortened or removed is found out, one that grew or was copied is not") {
  for (const char* format : {"csv", "parquet", "arrow"}) {
    CAPTURE(format);
    Random random(3);
    Disk disk;
    const data::Schema schema = SomeColumns();
    const std::string name = std::string("x.") + format;
    WriteRows(disk, name, schema, random, 500);
    const auto request = Request(schema, {{"path", "/d/" + name}});
    const std::string position = PositionBehind(disk.connector, request, 400);
    const std::string good = disk.files.ReadWhole("/d/" + name, 1 << 30).value();
    std::string message;
    CHECK(CodeAt(disk.connector, request, position) == ErrorCode::kOk);
    REQUIRE(disk.files.Remove("/d/" + name).ok());
    CHECK(CodeAt(disk.connector, request, position, &message) == ErrorCode::kBadFile);
    CHECK(message.find("the file was removed") != std::string::npos);
    disk.Write(name, good);  // another file of the same bytes
    CHECK(CodeAt(disk.connector, request, position) == ErrorCode::kOk);
    disk.Write(name, good.substr(0, good.size() / 4));
    CHECK(CodeAt(disk.connector, request, position, &message) == ErrorCode::kBadFile);
    CHECK(message.find("x.") != std::string::npos);
    WriteRows(disk, name, schema, random, 500);
    CHECK(CodeAt(disk.connector, request, position) == ErrorCode::kBadFile);
    disk.Write(name, good);
    auto other = Request(schema, {{"path", "/d/y." + std::string(format)}});
    disk.Write(std::string("y.") + format, good);
    CHECK(CodeAt(disk.connector, other, position, &message) == ErrorCode::kBadFile);
    CHECK(message.find("does not match it") != std::string::npos);
    other = Request(data::Schema({schema[1], schema[0], schema[2]}), {{"path", "/d/" + name}});
    CHECK(CodeAt(disk.connector, other, position) == ErrorCode::kBadFile);
  }
  Disk disk;
  disk.Write("x.csv", "a,b,c\n1,x,\n2,y,\n");
  const auto request = Request(SomeColumns(), {{"path", "/d/x.csv"}});
  const std::string position = PositionBehind(disk.connector, request, 2);
  disk.Append("x.csv", "3,z,\n");
  auto from = request;
  from.position = position;
  CHECK(sdk::ReadAll(disk.connector, from, 10, 10).rows == Texts{"3\x1fz\x1fNULL\x1f"});
  disk.Write("x.csv", "a,b,c\n1,x,\n2,Y,\n3,z,\n");
  std::string message;
  CHECK(CodeAt(disk.connector, request, position, &message) == ErrorCode::kBadFile);
  CHECK(message.find("rewritten") != std::string::npos);
}

TEST_CASE("going on in a large file reads a few marks and then only what stands behind the position") {
  Disk disk;
  std::string text = "a,b,c\n";
  for (int i = 0; i < 400000; ++i) text += std::to_string(i) + ",row,\n";
  disk.Write("x.csv", text);
  auto request = Request(SomeColumns(), {{"path", "/d/x.csv"}});
  NoBadRows bad;
  request.bad_rows = &bad;
  auto source = disk.connector.OpenSource(request).value();
  data::BatchBuffer out(request.schema.Types());
  while (true) {
    REQUIRE(source->Read(out, 1000).value() == sdk::ReadState::kRows);
    if (out.column(0).As<int64_t>()[0] == 398000) break;
  }
  source->AppendPosition(request.position);
  CHECK(request.position.size() < 100);
  const uint64_t calls = disk.files.CallCount();
  auto again = disk.connector.OpenSource(request).value();
  REQUIRE(again->Read(out, 1000).value() == sdk::ReadState::kRows);
  CHECK(out.column(0).As<int64_t>()[0] == 399000);
  CHECK(disk.files.CallCount() - calls < 12);
}

TEST_CASE("the tokens of the page docs/formats/tokens.md") {
  Disk disk;
  disk.Write("a.csv", "id,text\n1,one\n2,two\n");
  const auto hex = [](std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
      text += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
      text += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
    }
    return text;
  };
  const data::Schema schema({{"id", TypeId::kInt64, true}, {"text", TypeId::kVarchar, true}});
  const auto request = Request(schema, {{"path", "/d/a.csv"}});
  CHECK(hex(PositionBehind(disk.connector, request, 1)) ==
        "460101011f8be6c1082f642f612e6373760e000e4eae107c0e4eae107c0103020001ae2c27ac");
  sdk::SinkRequest sink_request;
  sink_request.name = "k";
  sink_request.schema = schema;
  sink_request.options = sdk::Options(OptionList{{"path", "/d/b.csv"}});
  auto sink = disk.connector.OpenSink(sink_request).value();
  data::BatchBuffer rows(schema.Types());
  const data::Value row[] = {data::Value::Int(1), data::Value::String("one")};
  rows.AppendRow(row);
  REQUIRE(sink->Write(rows.batch()).ok());
  std::string token;
  REQUIRE(sink->Prepare(1, token).ok());
  CHECK(hex(token) == "5301001f8be6c10e4eae107c4eae107c03637376082f642f622e637376d5bf4eac");
}

}  // namespace laminar::connectors
