#include "connectors/stdio/stdio.h"

#include <doctest/doctest.h>

#include "data/value.h"

namespace laminar::connectors {

namespace {

using OptionList = std::vector<std::pair<std::string, std::string>>;

// A pipe whose writer is the test.
class ScriptStream final : public os::Stream {
 public:
  Result<ReadState> Read(std::span<char> out, size_t& size) override {
    size = std::min(out.size(), waiting.size());
    std::copy(waiting.begin(), waiting.begin() + static_cast<ptrdiff_t>(size), out.begin());
    waiting.erase(0, size);
    if (size > 0) return ReadState::kBytes;
    return ended ? ReadState::kEnd : ReadState::kNothingYet;
  }
  Status Write(std::string_view bytes) override {
    written += bytes;
    return {};
  }
  std::string waiting;
  std::string written;
  bool ended = false;
};

class NoBad final : public sdk::BadRows {
 public:
  void Add(std::string_view, std::string_view, std::string_view) override { ++count; }
  int count = 0;
};

}  // namespace

TEST_CASE("standard input gives rows as soon as their line is there, and ends") {
  ScriptStream stream;
  StdioConnector connector(stream, stream);
  sdk::SourceRequest request;
  NoBad bad;
  request.bad_rows = &bad;
  request.schema = data::Schema({{"a", data::TypeId::kInt64, true}});
  CHECK(!connector.CheckSource(request).value().replayable);
  auto source = connector.OpenSource(request).value();
  data::BatchBuffer out(request.schema.Types());
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kIdle);
  stream.waiting = "a\n1\n2";
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kRows);
  CHECK(out.rows() == 1);
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kIdle);
  stream.waiting = "2\nx\n";
  stream.ended = true;
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kRows);
  CHECK(out.column(0).As<int64_t>()[0] == 22);
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kEnd);
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kEnd);
  CHECK(bad.count == 1);
}

TEST_CASE("standard output gets header and rows; formats that need a file are refused") {
  ScriptStream stream;
  StdioConnector connector(stream, stream);
  sdk::SinkRequest request;
  request.name = "o";
  request.schema = data::Schema({{"a", data::TypeId::kInt64, true}});
  request.options = sdk::Options(OptionList{{"delimiter", ";"}, {"envelope", "changelog"}});
  CHECK(connector.CheckSink(request).value() == sdk::SinkShape::kChangelog);
  auto sink = connector.OpenSink(request).value();
  data::BatchBuffer rows(request.schema.Types());
  const data::Value row[] = {data::Value::Int(7)};
  rows.AppendRow(row, -2);
  REQUIRE(sink->Write(rows.batch()).ok());
  REQUIRE(sink->Close().ok());
  CHECK(stream.written == "a;_op;_weight\n7;D;-2\n");
  request.options = sdk::Options(OptionList{{"format", "parquets"}});
  CHECK(connector.CheckSink(request).error().code() == ErrorCode::kBadOption);
}

}  // namespace laminar::connectors
