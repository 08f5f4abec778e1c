// Parquet and Arrow files: round trips, projection, casts, and hostile bytes.
#include <doctest/doctest.h>

#include "formats/testing/decode.h"
#include "formats/testing/random_rows.h"
#include "os/process.h"

namespace laminar::formats {

namespace {

using data::Type;
using data::TypeId;

constexpr const char* kNames[] = {"parquet", "arrow"};

os::FileSystem& Files() { return os::RealFileSystem(); }

// A file of its own for each use, removed afterwards.
class Scratch {
 public:
  explicit Scratch(const std::string& name)
      : path(os::JoinPath(os::TemporaryDirectory(),
                          "laminar-columnar-" + std::to_string(os::ProcessId()) + "-" + name)) {}
  ~Scratch() { (void)Files().Remove(path); }
  const std::string path;
};

Status WriteFile(const Format& format, const std::string& path, const data::Schema& schema,
                 const std::vector<const data::Batch*>& batches, const testing::OptionList& option_list = {}) {
  sdk::Options options(option_list);
  auto file = TRY(Files().Open(path, os::OpenMode::kReplace));
  auto writer = TRY(format.writer({.file = file.get(), .schema = schema, .options = &options}));
  for (const data::Batch* batch : batches) TRY(writer->Write(*batch));
  return writer->Finish();
}

Result<std::vector<std::string>> ReadFile(const Format& format, const std::string& path, const data::Schema& schema,
                                          std::vector<bool> needed = {}, uint32_t rows_max = 100) {
  auto reader =
      TRY(format.reader({.file = TRY(Files().Open(path, os::OpenMode::kRead)), .schema = schema, .needed = needed}));
  std::vector<std::string> rows;
  data::BatchBuffer out(schema.Types(), rows_max);
  while (true) {
    out.Reset();
    TRY(reader->Read(out, rows_max));
    if (out.rows() == 0) return rows;
    for (uint32_t row = 0; row < out.rows(); ++row) rows.push_back(testing::RowText(out.batch(), schema, row));
  }
}

// Types both formats can hold as they are.
std::vector<Type> Types() {
  std::vector<Type> types;
  for (const Type& type : testing::ScalarTypes()) {
    if (type.id() != TypeId::kInterval) types.push_back(type);
  }
  for (const Type& type : testing::NestedTypes()) types.push_back(type);
  return types;
}

}  // namespace

TEST_CASE("rows of every type read back from Parquet and Arrow files, and the schema with them") {
  const data::Schema schema = testing::SchemaOf(Types());
  for (const char* name : kNames) {
    CAPTURE(name);
    const Format& format = *FindFormat(name);
    const Scratch file(std::string("all.") + name);
    Random random(1);
    data::BatchBuffer first(schema.Types(), 500);
    data::BatchBuffer second(schema.Types(), 70);
    testing::FillRandom(random, first, 500);
    testing::FillRandom(random, second, 70);
    const Status written =
        WriteFile(format, file.path, schema, {&first.batch(), &second.batch()}, {{"compression", "zstd"}});
    CHECK(written.ToString() == "ok");
    std::vector<std::string> expected;
    for (uint32_t row = 0; row < 500; ++row) expected.push_back(testing::RowText(first.batch(), schema, row));
    for (uint32_t row = 0; row < 70; ++row) expected.push_back(testing::RowText(second.batch(), schema, row));
    for (const uint32_t rows_max : {1u, 64u, 1024u}) {
      const auto read = ReadFile(format, file.path, schema, {}, rows_max);
      if (!read.has_value()) MESSAGE(read.error().ToString());
      REQUIRE(read.has_value());
      REQUIRE(read->size() == expected.size());
      for (size_t i = 0; i < expected.size(); ++i) REQUIRE((*read)[i] == expected[i]);
    }
    const auto found = format.file_schema(Files().Open(file.path, os::OpenMode::kRead).value());
    REQUIRE(found.has_value());
    for (size_t i = 0; i < schema.size(); ++i) CHECK((*found)[i].type.ToString() == schema[i].type.ToString());
  }
}

TEST_CASE("columns nobody needs are left NULL and change no other, in any order of declaration") {
  const data::Schema schema =
      testing::SchemaOf({TypeId::kInt64, Type::Array(TypeId::kVarchar), TypeId::kVarchar, TypeId::kDouble});
  const data::Schema swapped({schema[3], schema[0], schema[1]});
  for (const char* name : kNames) {
    CAPTURE(name);
    const Format& format = *FindFormat(name);
    const Scratch file(std::string("some.") + name);
    Random random(2);
    data::BatchBuffer rows(schema.Types(), 200);
    testing::FillRandom(random, rows, 200);
    REQUIRE(WriteFile(format, file.path, schema, {&rows.batch()}).ok());
    const auto all = ReadFile(format, file.path, swapped).value();
    const auto some = ReadFile(format, file.path, swapped, {true, false, true}).value();
    const auto none = ReadFile(format, file.path, swapped, {false, false, false}).value();
    REQUIRE(all.size() == 200);
    REQUIRE(some.size() == 200);
    CHECK(none == std::vector<std::string>(200, "NULL|NULL|NULL"));
    for (uint32_t row = 0; row < 200; ++row) {
      const std::string price = all[row].substr(0, all[row].find('|'));
      CHECK(some[row].substr(0, price.size() + 6) == price + "|NULL|");
    }
  }
}

TEST_CASE("other types take the values that fit them, types of another kind are refused by name") {
  const data::Schema narrow({{"i", TypeId::kInt32, true},
                             {"u", TypeId::kUInt8, true},
                             {"f", TypeId::kFloat, true},
                             {"d", Type::Decimal(5, 1), true},
                             {"t", Type::Timestamp(3), true},
                             {"n", Type::Timestamp(9), true}});
  const data::Schema wide({{"I", TypeId::kInt64, true},
                           {"u", TypeId::kInt16, true},
                           {"f", TypeId::kDouble, true},
                           {"d", Type::Decimal(10, 3), true},
                           {"t", Type::Timestamp(9), true},
                           {"n", TypeId::kTimestampTz, true}});
  using data::Value;
  const Value row[] = {
      Value::Int(-5), Value::UInt(200), Value::Double(0.5), Value::Decimal(-125), Value::Int(1'000'000'001'000),
      Value::Int(-1)};
  for (const char* name : kNames) {
    CAPTURE(name);
    const Format& format = *FindFormat(name);
    const Scratch file(std::string("wide.") + name);
    data::BatchBuffer rows(narrow.Types(), 2);
    rows.AppendRow(row);
    rows.AppendRow(std::vector<Value>(6));
    REQUIRE(WriteFile(format, file.path, narrow, {&rows.batch()}).ok());
    const auto read = ReadFile(format, file.path, wide);
    if (!read.has_value()) MESSAGE(read.error().ToString());
    REQUIRE(read.has_value());
    CHECK((*read)[0] == "-5|200|0.5|-12.500|1970-01-12 13:46:40.001|1969-12-31 23:59:59.999999+00");
    CHECK((*read)[1] == "NULL|NULL|NULL|NULL|NULL|NULL");
    const auto refused = ReadFile(format, file.path, data::Schema({{"i", TypeId::kDate, true}}));
    CHECK(refused.error().code() == ErrorCode::kTypeMismatch);
    const auto narrower = ReadFile(format, file.path, data::Schema({{"u", TypeId::kInt8, true}}));
    CHECK(narrower.error().code() == ErrorCode::kBadRow);
    CHECK(narrower.error().message().find("row 1: column 'u': 200 does not fit TINYINT") != std::string::npos);
    const auto missing = ReadFile(format, file.path, data::Schema({{"x", TypeId::kInt16, true}}));
    CHECK(missing.error().code() == ErrorCode::kBadFile);
    CHECK(missing.error().hint().find("i, u, f") != std::string::npos);
    const auto null = ReadFile(format, file.path, data::Schema({{"i", TypeId::kInt32, false}}));
    CHECK(null.error().code() == ErrorCode::kBadRow);
  }
}

TEST_CASE("a value that does not fit is an error of its column, and all rows come through") {
  const data::Schema wide({{"i", TypeId::kInt64, true},
                           {"u", TypeId::kUInt64, true},
                           {"d", TypeId::kDouble, true},
                           {"m", Type::Decimal(20, 4), true},
                           {"t", TypeId::kTimestamp, true},
                           {"s", TypeId::kVarchar, true}});
  const data::Schema narrow({{"i", TypeId::kInt8, false},
                             {"u", TypeId::kInt64, true},
                             {"d", TypeId::kFloat, true},
                             {"m", Type::Decimal(5, 1), true},
                             {"t", Type::Timestamp(9), true},
                             {"s", TypeId::kVarchar, true}});
  using data::Value;
  for (const char* name : kNames) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      CAPTURE(name);
      const Format& format = *FindFormat(name);
      const Scratch file(std::string("narrow.") + name);
      Random random(seed);
      data::BatchBuffer rows(wide.Types(), 300);
      std::vector<std::string> expected;  // columns i and u, and the number in the text
      std::vector<std::string> bad;
      for (int i = 0; i < 300; ++i) {
        const bool is_bad[] = {random.OneIn(8), random.OneIn(20), random.OneIn(20), random.OneIn(20), random.OneIn(20)};
        const Value values[] = {
            is_bad[0] ? (random.OneIn(2) ? Value::Null() : Value::Int(128 + i)) : Value::Int(i % 100 - 50),
            is_bad[1] ? Value::UInt(UINT64_MAX) : Value::UInt(static_cast<uint64_t>(i)),
            is_bad[2] ? Value::Double(1e300) : Value::Double(0.5 * i),
            is_bad[3] ? Value::Decimal(1000000000) : Value::Decimal(i * 1000),
            is_bad[4] ? Value::Int(INT64_MAX / 10) : Value::Int(i),
            Value::String("a text that is kept in the heap " + std::to_string(i))};
        rows.AppendRow(values);
        const char* columns = "iudmt";
        int first = 0;
        while (first < 5 && !is_bad[first]) ++first;
        if (first < 5) bad.push_back(file.path + ":" + std::to_string(i + 1) + "|column '" + columns[first] + "'");
        const auto number = [&](int column, int value) { return is_bad[column] ? "?" : std::to_string(value); };
        expected.push_back(number(0, i % 100 - 50) + "|" + number(1, i) + "|" + std::to_string(i));
      }
      REQUIRE(WriteFile(format, file.path, wide, {&rows.batch()}).ok());
      for (const uint32_t rows_max : {1u, 7u, 1000u}) {
        testing::BadRowList list;
        auto reader = format
                          .reader({.file = Files().Open(file.path, os::OpenMode::kRead).value(),
                                   .schema = narrow,
                                   .needed = {},
                                   .bad_rows = &list})
                          .value();
        data::BatchBuffer out(narrow.Types(), rows_max);
        std::vector<std::string> read;
        while (true) {
          out.Reset();
          REQUIRE(reader->Read(out, rows_max).ok());
          if (out.rows() == 0) break;
          for (uint32_t row = 0; row < out.rows(); ++row) {
            const std::vector<std::string> cells = testing::CellTexts(out.batch(), narrow, row);
            read.push_back(cells[0] + "|" + cells[1] + "|" + cells[5].substr(cells[5].rfind(' ') + 1));
          }
        }
        CHECK(read == expected);
        REQUIRE(list.rows.size() == bad.size());
        for (size_t i = 0; i < bad.size(); ++i) CHECK(list.rows[i].starts_with(bad[i]));
      }
    }
  }
}

TEST_CASE("files that are empty, cut or of another format are errors that name the file") {
  const data::Schema schema = testing::SchemaOf({TypeId::kInt64, TypeId::kVarchar});
  for (const char* name : kNames) {
    CAPTURE(name);
    const Format& format = *FindFormat(name);
    const Scratch file(std::string("bad.") + name);
    Random random(3);
    data::BatchBuffer rows(schema.Types(), 100);
    testing::FillRandom(random, rows, 100);
    REQUIRE(WriteFile(format, file.path, schema, {&rows.batch()}).ok());
    const std::string good = Files().ReadWhole(file.path, 1 << 30).value();
    for (const std::string& bytes :
         {std::string(), std::string("a,b\n1,2\nand more text that is no such file\n"), good.substr(0, good.size() / 2),
          good.substr(0, good.size() - 1), good.substr(0, 8)}) {
      REQUIRE(Files().WriteWhole(file.path, bytes).ok());
      const auto read = ReadFile(format, file.path, schema);
      REQUIRE(!read.has_value());
      CHECK(read.error().code() == ErrorCode::kBadFile);
      CHECK(read.error().message().find(file.path) != std::string::npos);
    }
  }
}

TEST_CASE("mutated Parquet and Arrow files never crash the reader") {
  const data::Schema schema =
      testing::SchemaOf({TypeId::kInt64, TypeId::kVarchar, Type::Array(TypeId::kInt32), Type::Decimal(20, 2)});
  for (const char* name : kNames) {
    const Format& format = *FindFormat(name);
    const Scratch file(std::string("fuzz.") + name);
    Random random(4);
    data::BatchBuffer rows(schema.Types(), 60);
    testing::FillRandom(random, rows, 60);
    REQUIRE(WriteFile(format, file.path, schema, {&rows.batch()}).ok());
    const std::string good = Files().ReadWhole(file.path, 1 << 30).value();
    int failed = 0;
    for (int round = 0; round < 300; ++round) {
      std::string bytes = good;
      for (uint64_t i = random.Below(6) + 1; i > 0; --i)
        bytes[random.Below(bytes.size())] = static_cast<char>(random.Next());
      REQUIRE(Files().WriteWhole(file.path, bytes).ok());
      const auto read = ReadFile(format, file.path, schema);
      failed += !read.has_value();
    }
    CHECK(failed > 10);
  }
}

TEST_CASE("types a format cannot hold are refused when the file is begun") {
  const data::Schema schema = testing::SchemaOf({TypeId::kInterval});
  const Scratch file("interval.parquet");
  const Status status = WriteFile(*FindFormat("parquet"), file.path, schema, {});
  CHECK(!status.ok());
  CHECK(status.message().find("interval.parquet") != std::string::npos);
}

}  // namespace laminar::formats
