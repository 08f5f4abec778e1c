#include "connectors/file/file.h"

#include <doctest/doctest.h>

#include "data/value.h"
#include "os/process.h"
#include "sdk/conformance/source_laws.h"
#include "sim/clock.h"

namespace laminar::connectors {

namespace {

using OptionList = std::vector<std::pair<std::string, std::string>>;

// A folder of its own for each test case, removed afterwards.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(os::JoinPath(os::TemporaryDirectory(),
                           "laminar-file-test-" + std::to_string(os::ProcessId()) + "-" + name)) {
    (void)files().RemoveTree(path_);
    REQUIRE(files().CreateDirectory(path_).ok());
  }
  ~Folder() { (void)files().RemoveTree(path_); }
  static os::FileSystem& files() { return os::RealFileSystem(); }
  std::string operator/(const std::string& name) const { return os::JoinPath(path_, name); }
  void Write(const std::string& name, std::string_view text) const {
    REQUIRE(files().WriteWhole(*this / name, text).ok());
  }
  void Append(const std::string& name, std::string_view text) const {
    REQUIRE(files().Open(*this / name, os::OpenMode::kReadWrite).value()->Append(text).ok());
  }
  std::string Read(const std::string& name) const { return files().ReadWhole(*this / name, 1 << 30).value(); }

 private:
  std::string path_;
};

class Bad final : public sdk::BadRows {
 public:
  void Add(std::string_view place, std::string_view reason, std::string_view) override {
    rows.push_back(std::string(place.substr(place.rfind('/') + 1)) + " " + std::string(reason));
  }
  std::vector<std::string> rows;
};

sdk::SourceRequest Request(const OptionList& options) {
  sdk::SourceRequest request;
  request.name = "s";
  request.options = sdk::Options(options);
  request.schema = data::Schema({{"a", data::TypeId::kInt64, true}, {"b", data::TypeId::kVarchar, true}});
  return request;
}

std::string Show(const data::BatchBuffer& out) {
  std::string text;
  for (uint32_t row = 0; row < out.rows(); ++row) {
    for (uint32_t i = 0; i < out.types().size(); ++i) {
      text += data::Value::FromColumn(out.batch().columns[i], out.types()[i], row).ToString(out.types()[i]);
      text += i + 1 < out.types().size() ? "," : ";";
    }
  }
  return text;
}

sim::SimClock test_clock;

FileConnector Connector() { return FileConnector(Folder::files(), test_clock); }

}  // namespace

TEST_CASE("files of a glob are read in name order, each with its own header, and keep the laws of sources") {
  Folder folder("glob");
  folder.Write("x-2.csv", "b,a\nz,3\nbad,x\n");
  folder.Write("x-1.csv", "a,b\n1,x\n2,y\n");
  folder.Write("x-3.csv", "");
  folder.Write("y.csv", "a,b\n9,q\n");
  FileConnector connector = Connector();
  const auto request = Request({{"path", folder / "x-*.csv"}});
  CHECK(connector.CheckSource(request).value().bounded);
  const sdk::SourceRows read = sdk::ReadAll(connector, request, 1024, UINT64_MAX);
  CHECK(read.error == "");
  CHECK(read.rows == std::vector<std::string>{"1\x1fx\x1f", "2\x1fy\x1f", "3\x1fz\x1f",
                                              "(unreadable)\x1f"
                                              "bad\x1f"});
  REQUIRE(read.bad_rows.size() == 1);
  CHECK(read.bad_rows[0].find("x-2.csv:3: column 'a'") != std::string::npos);
  CHECK(sdk::CheckSourceLaws(connector, request) == std::vector<std::string>{});
  const data::Schema inferred = connector.InferSchema(request.options).value();
  CHECK(inferred[0].name == "a");
  CHECK(inferred[0].type == data::Type(data::TypeId::kInt64));
}

TEST_CASE("large files keep the laws of sources across block borders") {
  Folder folder("large");
  std::string text = "a,b\n";
  for (int i = 0; i < 150000; ++i) text += std::to_string(i) + ",\"row " + std::to_string(i * 7) + "\"\n";
  folder.Write("x.csv", text);
  FileConnector connector = Connector();
  const auto request = Request({{"path", folder / "x.csv"}});
  const auto whole = sdk::ReadAll(connector, request, 1024, UINT64_MAX);
  REQUIRE(whole.rows.size() == 150000);
  CHECK(whole.rows[149999] == "149999\x1frow 1049993\x1f");
  CHECK(sdk::ReadAll(connector, request, 100, UINT64_MAX).rows == whole.rows);
}

TEST_CASE("a missing file, a folder and a file of unknown format are named") {
  Folder folder("missing");
  FileConnector connector = Connector();
  const auto missing = connector.OpenSource(Request({{"path", "no/such.csv"}}));
  REQUIRE(!missing.has_value());
  CHECK(missing.error().code() == ErrorCode::kBadFile);
  CHECK(missing.error().message().find("'no/such.csv' in the working directory '/") != std::string::npos);
  CHECK(connector.OpenSource(Request({{"path", folder / "*.csv"}})).error().code() == ErrorCode::kBadFile);
  CHECK(connector.InferSchema(sdk::Options(OptionList{{"path", folder / "x.dat"}})).error().code() ==
        ErrorCode::kBadOption);
  const auto read = sdk::ReadAll(connector, Request({{"path", folder / ""}, {"format", "csv"}}), 10, 10);
  CHECK(read.error.find("it is a folder") != std::string::npos);
  CHECK(connector.CheckSource(Request({{"path", "x.csv"}, {"folow", "true"}})).error().hint() ==
        "did you mean 'follow'?");
  CHECK(connector.CheckSource(Request({{"path", "x.csv.gz"}})).error().code() == ErrorCode::kNotSupported);
  CHECK(connector.CheckSource(Request({})).error().code() == ErrorCode::kBadOption);
}

TEST_CASE("a followed file gives whole lines as they come") {
  Folder folder("follow");
  folder.Write("log-1.csv", "a,b\n1,x\n2,");
  FileConnector connector = Connector();
  auto request = Request({{"path", folder / "log-*.csv"}, {"follow", "true"}});
  Bad bad;
  request.bad_rows = &bad;
  CHECK(!connector.CheckSource(request).value().bounded);
  auto source = connector.OpenSource(request).value();
  data::BatchBuffer out(request.schema.Types());
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kRows);
  CHECK(Show(out) == "1,x;");
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kIdle);
  folder.Append("log-1.csv", "y\n3,z");
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kRows);
  CHECK(Show(out) == "2,y;");
  // A later file ends the earlier one, its last line included.
  folder.Write("log-2.csv", "a,b\n4,w\n");
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kRows);
  CHECK(Show(out) == "3,z;4,w;");
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kIdle);
  CHECK(bad.rows.empty());
  folder.Write("log-2.csv", "a,b\n");
  const auto replaced = source->Read(out, 10);
  REQUIRE(!replaced.has_value());
  CHECK(replaced.error().code() == ErrorCode::kBadFile);
}

TEST_CASE("a file that is truncated while it is followed is an error that names it") {
  Folder folder("truncate");
  folder.Write("log.csv", "a,b\n1,x\n2,y\n");
  FileConnector connector = Connector();
  auto request = Request({{"path", folder / "log.csv"}, {"follow", "true"}});
  Bad bad;
  request.bad_rows = &bad;
  auto source = connector.OpenSource(request).value();
  data::BatchBuffer out(request.schema.Types());
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kRows);
  REQUIRE(Folder::files().Open(folder / "log.csv", os::OpenMode::kReadWrite).value()->Truncate(3).ok());
  const auto truncated = source->Read(out, 10);
  REQUIRE(!truncated.has_value());
  CHECK(truncated.error().message().find("the file was truncated") != std::string::npos);
}

TEST_CASE("a rate lets rows through as time goes by") {
  Folder folder("rate");
  folder.Write("x.csv", "a,b\n1,x\n2,x\n3,x\n4,x\n");
  FileConnector connector = Connector();
  auto request = Request({{"path", folder / "x.csv"}, {"rate", "2"}});
  Bad bad;
  request.bad_rows = &bad;
  auto source = connector.OpenSource(request).value();
  data::BatchBuffer out(request.schema.Types());
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kRows);
  CHECK(out.rows() == 1);
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kIdle);
  test_clock.Advance(kSecond);
  CHECK(source->Read(out, 10).value() == sdk::ReadState::kRows);
  CHECK(out.rows() == 2);
}

TEST_CASE("a sink's file has its name only when it is complete, and reads back the same") {
  Folder folder("sink");
  FileConnector connector = Connector();
  sdk::SinkRequest request;
  request.name = "k";
  request.schema = Request({}).schema;
  request.options = sdk::Options(OptionList{{"path", folder / "out.csv"}});
  CHECK(connector.CheckSink(request).value() == sdk::SinkShape::kAppendOnly);
  auto sink = connector.OpenSink(request).value();
  data::BatchBuffer rows(request.schema.Types());
  const data::Value first[] = {data::Value::Int(1), data::Value::String("say \"hi\", twice\n")};
  const data::Value second[] = {data::Value::Null(), data::Value::String("")};
  rows.AppendRow(first);
  rows.AppendRow(second, 2);
  REQUIRE(sink->Write(rows.batch()).ok());
  std::string token;
  REQUIRE(sink->Prepare(1, token).ok());
  REQUIRE(sink->Commit(1).ok());
  CHECK(!Folder::files().Exists(folder / "out.csv"));
  REQUIRE(sink->Close().ok());
  CHECK(sink->Write(rows.batch()).code() == ErrorCode::kClosed);
  CHECK(!Folder::files().Exists(folder / "out.csv.part"));
  CHECK(folder.Read("out.csv") == "a,b\n1,\"say \"\"hi\"\", twice\n\"\n,\"\"\n,\"\"\n");
  const auto read = sdk::ReadAll(connector, Request({{"path", folder / "out.csv"}}), 10, 10);
  CHECK(read.rows == std::vector<std::string>{"1\x1fsay \"hi\", twice\n\x1f", "NULL\x1f\x1f", "NULL\x1f\x1f"});
}

TEST_CASE("changes need the changelog envelope") {
  Folder folder("changes");
  FileConnector connector = Connector();
  sdk::SinkRequest request;
  request.name = "k";
  request.schema = Request({}).schema;
  request.options = sdk::Options(OptionList{{"path", folder / "plain.csv"}, {"in_place", "true"}});
  data::BatchBuffer rows(request.schema.Types());
  const data::Value row[] = {data::Value::Int(1), data::Value::String("x")};
  rows.AppendRow(row, -1);
  rows.AppendRow(row, 3);
  auto plain = connector.OpenSink(request).value();
  CHECK(plain->Write(rows.batch()).code() == ErrorCode::kCannotRetract);
  CHECK(Folder::files().Exists(folder / "plain.csv"));
  request.options = sdk::Options(OptionList{{"path", folder / "log.csv"}, {"envelope", "changelog"}});
  CHECK(connector.CheckSink(request).value() == sdk::SinkShape::kChangelog);
  auto sink = connector.OpenSink(request).value();
  REQUIRE(sink->Write(rows.batch()).ok());
  REQUIRE(sink->Close().ok());
  CHECK(folder.Read("log.csv") == "a,b,_op,_weight\n1,x,D,-1\n1,x,I,3\n");
}

TEST_CASE("each format writes a file that its own reader gives back, with the schema found in it") {
  Folder folder("formats");
  FileConnector connector = Connector();
  for (const char* name : {"rows.csv", "rows.jsonl", "rows.parquet", "rows.arrow"}) {
    CAPTURE(name);
    sdk::SinkRequest request;
    request.name = "k";
    request.schema = Request({}).schema;
    request.options = sdk::Options(OptionList{{"path", folder / name}});
    auto sink = connector.OpenSink(request).value();
    data::BatchBuffer rows(request.schema.Types());
    for (int i = 0; i < 1000; ++i) {
      const data::Value row[] = {data::Value::Int(i),
                                 i % 7 == 0 ? data::Value::Null() : data::Value::String("name " + std::to_string(i))};
      rows.AppendRow(row);
    }
    for (int i = 0; i < 3; ++i) REQUIRE(sink->Write(rows.batch()).ok());
    REQUIRE(sink->Close().ok());
    sdk::SourceRequest source = Request({{"path", folder / name}});
    source.schema = connector.InferSchema(source.options).value();
    CHECK(source.schema[0].type == data::Type(data::TypeId::kInt64));
    CHECK(source.schema[1].name == "b");
    const auto read = sdk::ReadAll(connector, source, 1024, UINT64_MAX);
    CHECK(read.error == "");
    REQUIRE(read.rows.size() == 3000);
    CHECK(read.rows[1003] == "3\x1fname 3\x1f");
    CHECK(read.rows[2007] == "7\x1fNULL\x1f");
    CHECK(sdk::CheckSourceLaws(connector, source) == std::vector<std::string>{});
  }
  auto follow = Request({{"path", folder / "rows.parquet"}, {"follow", "true"}});
  CHECK(connector.CheckSource(follow).error().code() == ErrorCode::kBadOption);
  // A text file under another format's name.
  folder.Write("text.parquet", "a,b\n1,2\n");
  const auto wrong = sdk::ReadAll(connector, Request({{"path", folder / "text.parquet"}}), 10, 10);
  CHECK(wrong.error.find("text.parquet' as Parquet: it does not begin with PAR1") != std::string::npos);
}

TEST_CASE("a tab-separated file needs no option") {
  Folder folder("tabs");
  folder.Write("x.tsv", "a\tb\n1\tx,y\n");
  FileConnector connector = Connector();
  const auto read = sdk::ReadAll(connector, Request({{"path", folder / "x.tsv"}}), 10, 10);
  CHECK(read.rows == std::vector<std::string>{"1\x1fx,y\x1f"});
}

}  // namespace laminar::connectors
