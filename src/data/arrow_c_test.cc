#include "data/arrow_c.h"

#include <doctest/doctest.h>

#include <cstring>

#include "base/random.h"
#include "data/consolidate.h"
#include "data/random_values.h"
#include "data/value.h"

using namespace laminar;
using namespace laminar::data;

namespace {

// A hand-made node: buffers, children and a count of its releases.
struct HandMade {
  ArrowSchema schema{};
  ArrowArray array{};
  std::string format;
  std::string name;
  std::vector<const void*> buffers;
  std::vector<std::unique_ptr<HandMade>> children;
  std::unique_ptr<HandMade> dictionary;
  std::vector<ArrowSchema*> child_schemas;
  std::vector<ArrowArray*> child_arrays;
  int schema_releases = 0;
  int array_releases = 0;

  HandMade(std::string node_format, int64_t length, std::vector<const void*> node_buffers)
      : format(std::move(node_format)), name("x"), buffers(std::move(node_buffers)) {
    array.length = length;
    array.null_count = -1;
  }
  HandMade& Child(std::unique_ptr<HandMade> child) {
    children.push_back(std::move(child));
    return *this;
  }
  // Fills in the structs once all is in place.
  void Seal() {
    child_schemas.clear();
    child_arrays.clear();
    for (const auto& child : children) {
      child->Seal();
      child_schemas.push_back(&child->schema);
      child_arrays.push_back(&child->array);
    }
    schema.format = format.c_str();
    schema.name = name.c_str();
    schema.flags = ARROW_FLAG_NULLABLE;
    schema.n_children = static_cast<int64_t>(children.size());
    schema.children = child_schemas.data();
    schema.private_data = this;
    schema.release = [](ArrowSchema* s) {
      ++static_cast<HandMade*>(s->private_data)->schema_releases;
      s->release = nullptr;
    };
    array.n_buffers = static_cast<int64_t>(buffers.size());
    array.buffers = buffers.data();
    array.n_children = schema.n_children;
    array.children = child_arrays.data();
    array.private_data = this;
    array.release = [](ArrowArray* a) {
      ++static_cast<HandMade*>(a->private_data)->array_releases;
      a->release = nullptr;
    };
    if (dictionary == nullptr) return;
    dictionary->Seal();
    schema.dictionary = &dictionary->schema;
    array.dictionary = &dictionary->array;
  }
};

std::unique_ptr<HandMade> Node(std::string format, int64_t length, std::vector<const void*> buffers) {
  return std::make_unique<HandMade>(std::move(format), length, std::move(buffers));
}

// A record batch of one column.
std::unique_ptr<HandMade> Single(std::unique_ptr<HandMade> column) {
  auto root = Node("+s", column->array.length, {nullptr});
  root->array.null_count = 0;
  root->Child(std::move(column)).Seal();
  return root;
}

// All rows of the only column, as text.
Result<std::string> Read(HandMade& root) {
  root.Seal();
  ImportedArray array = TRY(ImportedArray::Import(&root.schema, &root.array));
  const Type type = array.schema()[0].type;
  std::string out = type.ToString() + ":";
  for (int64_t first = 0; first < array.rows(); first += 3) {
    const auto count = static_cast<uint32_t>(std::min<int64_t>(3, array.rows() - first));
    const Batch batch = TRY(array.Slice(first, count));
    for (uint32_t i = 0; i < batch.rows; ++i) {
      out += ' ';
      out += Value::FromColumn(batch.columns[0], type, i).ToString(type);
    }
  }
  return out;
}

std::string Text(std::unique_ptr<HandMade> column) {
  auto root = Single(std::move(column));
  const Result<std::string> text = Read(*root);
  CHECK_EQ(root->schema_releases, 1);
  CHECK_EQ(root->array_releases, 1);
  return text.has_value() ? *text : std::string(PublicCode(text.error().code()));
}

std::vector<Row> AllRows(ImportedArray& array, Random& random) {
  std::vector<Row> rows;
  const std::vector<Type> types = array.schema().Types();
  for (int64_t first = 0; first < array.rows();) {
    const int64_t most = std::min<int64_t>(array.rows() - first, kBatchCapacity);
    const auto count = static_cast<uint32_t>(random.Between(1, most));
    const Result<Batch> batch = array.Slice(first, count);
    REQUIRE(batch.has_value());
    AppendRowsOf(*batch, types, rows);
    first += count;
  }
  return rows;
}

void SetWeightsToOne(std::vector<Row>& rows) {
  for (Row& row : rows) row.weight = 1;
}

}  // namespace

TEST_CASE("what is exported comes back, whatever the types and slices") {
  Random random(1);
  for (int round = 0; round < 150; ++round) {
    Schema schema;
    for (int i = 0; i < 3; ++i) {
      schema.Add({.name = "c" + std::to_string(i), .type = RandomType(random, 2), .nullable = random.OneIn(2)});
    }
    const auto row_count = static_cast<uint32_t>(random.OneIn(5) ? random.Below(2500) : random.Below(60));
    BatchBuffer buffer(schema.Types(), row_count + 1);
    AppendRandomRows(random, buffer, row_count, random.OneIn(2), random.OneIn(2) ? 15 : 0);
    if (row_count > 0 && random.OneIn(4)) buffer.column(1).encoding = Encoding::kConstant;
    std::vector<Row> expected = RowsOf(buffer.batch(), schema.Types());
    SetWeightsToOne(expected);
    const ArrowExportOptions options{.offsets_instead_of_views = random.OneIn(2)};
    ArrowSchema arrow_schema{};
    ArrowArray arrow_array{};
    REQUIRE(ExportSchema(schema, options, &arrow_schema).ok());
    const Status exported = random.OneIn(2) ? ExportBatch(buffer.batch(), schema, options, &arrow_array)
                                            : ExportBuffer(std::move(buffer), schema, options, &arrow_array);
    if (!exported.ok()) {
      // Long intervals only.
      REQUIRE_EQ(exported.code(), ErrorCode::kOutOfRange);
      arrow_schema.release(&arrow_schema);
      continue;
    }
    Result<ImportedArray> array = ImportedArray::Import(&arrow_schema, &arrow_array);
    REQUIRE_MESSAGE(array.has_value(), array.error().ToString());
    REQUIRE((arrow_array.release == nullptr));
    REQUIRE((arrow_schema.release == nullptr));
    REQUIRE(array->schema() == schema);
    REQUIRE(AllRows(*array, random) == expected);
  }
}

TEST_CASE("fixed-width values are shared both ways") {
  Schema schema({{.name = "a", .type = TypeId::kInt64}, {.name = "b", .type = TypeId::kDouble},
                 {.name = "c", .type = Type::Decimal(20, 2)}});
  BatchBuffer buffer(schema.Types(), 3000);
  Random random(2);
  AppendRandomRows(random, buffer, 3000, false, 0);
  const void* ours[] = {buffer.column(0).values, buffer.column(1).values, buffer.column(2).values};
  ArrowSchema arrow_schema{};
  ArrowArray arrow_array{};
  REQUIRE(ExportSchema(schema, {}, &arrow_schema).ok());
  REQUIRE(ExportBuffer(std::move(buffer), schema, {}, &arrow_array).ok());
  for (int i = 0; i < 3; ++i) CHECK_EQ(arrow_array.children[i]->buffers[1], ours[i]);
  Result<ImportedArray> array = ImportedArray::Import(&arrow_schema, &arrow_array);
  REQUIRE(array.has_value());
  const Result<Batch> batch = array->Slice(1000, 1000);
  REQUIRE(batch.has_value());
  CHECK_EQ(batch->columns[0].values, static_cast<const int64_t*>(ours[0]) + 1000);
  CHECK_EQ(batch->columns[1].values, static_cast<const double*>(ours[1]) + 1000);
  CHECK_EQ(batch->columns[2].values, static_cast<const Int128*>(ours[2]) + 1000);
  // Near the end a batch could not be read up to its capacity, so it is a copy.
  const Result<Batch> last = array->Slice(2500, 500);
  REQUIRE(last.has_value());
  CHECK_NE(last->columns[0].values, static_cast<const int64_t*>(ours[0]) + 2500);
}

TEST_CASE("long strings are shared and named by buffer and offset") {
  Schema schema({{.name = "s", .type = TypeId::kVarchar}});
  BatchBuffer buffer(schema.Types(), 4);
  buffer.AppendRow(std::vector{Value::String("a string that is long enough")});
  buffer.AppendRow(std::vector{Value::String("short")});
  buffer.AppendRow(std::vector{Value::String("another string of some length")});
  static constexpr std::string_view kLiteral = "a literal that lies in no heap at all";
  buffer.AppendRow(std::vector{Value::String("")});
  buffer.column(0).As<StringRef>()[3] = StringRef(kLiteral);
  const char* bytes = buffer.column(0).As<StringRef>()[0].pointer;
  ArrowArray array{};
  REQUIRE(ExportBuffer(std::move(buffer), schema, {}, &array).ok());
  const ArrowArray& column = *array.children[0];
  REQUIRE_EQ(column.n_buffers, 5);
  const char* view = static_cast<const char*>(column.buffers[1]);
  int32_t tail[2];
  std::memcpy(tail, view + 8, 8);
  CHECK_EQ(static_cast<const char*>(column.buffers[2 + tail[0]]) + tail[1], bytes);
  std::memcpy(tail, view + 3 * 16 + 8, 8);
  const char* copied = static_cast<const char*>(column.buffers[2 + tail[0]]) + tail[1];
  CHECK_EQ(std::string_view(copied, kLiteral.size()), kLiteral);
  // A child that was taken out outlives its parent.
  ArrowArray taken = *array.children[0];
  array.children[0]->release = nullptr;
  array.release(&array);
  std::memcpy(tail, static_cast<const char*>(taken.buffers[1]) + 8, 8);
  CHECK_EQ(std::string_view(static_cast<const char*>(taken.buffers[2 + tail[0]]) + tail[1], 8), "a string");
  taken.release(&taken);
}

TEST_CASE("offsets into arrays and bitmaps are followed") {
  const int32_t ints[] = {10, 11, 12, 13, 14, 15};
  const uint8_t valid[] = {0b110111};
  auto column = Node("i", 4, {valid, ints});
  column->array.offset = 2;
  CHECK_EQ(Text(std::move(column)), "INTEGER: 12 NULL 14 15");
  const uint8_t bits[] = {0b10110100, 0b1};
  auto bools = Node("b", 6, {nullptr, bits});
  bools->array.offset = 3;
  CHECK_EQ(Text(std::move(bools)), "BOOLEAN: false true true false true true");
  // The root's own offset shifts its children.
  auto root = Single(Node("i", 6, {nullptr, ints}));
  root->array.offset = 1;
  root->array.length = 3;
  CHECK_EQ(*Read(*root), "INTEGER: 11 12 13");
}

TEST_CASE("strings of all layouts are read") {
  const char bytes[] = "shorta string longer than twelve bytes";
  const int32_t offsets[] = {0, 5, 5, 38};
  const uint8_t valid[] = {0b101};
  CHECK_EQ(Text(Node("u", 3, {valid, offsets, bytes})), "VARCHAR: short NULL a string longer than twelve bytes");
  const int64_t large[] = {0, 5, 5, 38};
  CHECK_EQ(Text(Node("U", 3, {nullptr, large, bytes})), "VARCHAR: short  a string longer than twelve bytes");
  CHECK_EQ(Text(Node("z", 1, {nullptr, offsets, bytes})), "BINARY: \\x73686f7274");
  CHECK_EQ(Text(Node("w:2", 2, {nullptr, bytes})), "BINARY: \\x7368 \\x6f72");
  alignas(8) char views[32] = {};
  const int32_t short_view[] = {5};
  std::memcpy(views, short_view, 4);
  std::memcpy(views + 4, bytes, 5);
  const int32_t long_view[] = {33, 0, 0, 5};
  std::memcpy(views + 16, long_view, 16);
  std::memcpy(views + 20, bytes + 5, 4);
  const int64_t sizes[] = {38};
  CHECK_EQ(Text(Node("vu", 2, {nullptr, views, bytes, sizes})), "VARCHAR: short a string longer than twelve bytes");
  // An empty string needs no bytes.
  const int32_t empty[] = {0, 0};
  CHECK_EQ(Text(Node("u", 1, {nullptr, empty, nullptr})), "VARCHAR: ");
}

TEST_CASE("times of other units are converted") {
  const int64_t ms[] = {-1, 1500};
  CHECK_EQ(Text(Node("tsm:", 2, {nullptr, ms})), "TIMESTAMP(3): 1969-12-31 23:59:59.999 1970-01-01 00:00:01.5");
  CHECK_EQ(Text(Node("tss:Europe/Berlin", 1, {nullptr, ms})), "TIMESTAMP(0) WITH TIME ZONE: 1969-12-31 23:59:59+00");
  CHECK_EQ(Text(Node("tsn:", 2, {nullptr, ms})),
           "TIMESTAMP(9): 1969-12-31 23:59:59.999999999 1970-01-01 00:00:00.0000015");
  const int64_t days[] = {86'400'000, -1};
  CHECK_EQ(Text(Node("tdm", 2, {nullptr, days})), "DATE: 1970-01-02 1969-12-31");
  const int32_t seconds[] = {3661};
  CHECK_EQ(Text(Node("tts", 1, {nullptr, seconds})), "TIME: 01:01:01");
  CHECK_EQ(Text(Node("ttm", 1, {nullptr, seconds})), "TIME: 00:00:03.661");
  CHECK_EQ(Text(Node("tDm", 2, {nullptr, ms})), "INTERVAL: -00:00:00.001 00:00:01.5");
  CHECK_EQ(Text(Node("tiM", 1, {nullptr, seconds})), "INTERVAL: 305 years 1 mon");
  const int64_t most[] = {INT64_MAX};
  CHECK_EQ(Text(Node("tss:", 1, {nullptr, most})), "LDB-R005");
  CHECK_EQ(Text(Node("ttu", 1, {nullptr, most})), "LDB-R005");
  const int64_t cents[] = {12345, -5};
  CHECK_EQ(Text(Node("d:10,2,64", 2, {nullptr, cents})), "DECIMAL(10,2): 123.45 -0.05");
  alignas(16) const int64_t wide[] = {12345, 0, -5, -1};
  CHECK_EQ(Text(Node("d:10,2", 2, {nullptr, wide})), "DECIMAL(10,2): 123.45 -0.05");
  CHECK_EQ(Text(Node("d:4,2", 2, {nullptr, wide})), "LDB-R005");
}

TEST_CASE("dictionaries stay encoded and share their codes") {
  const char bytes[] = "redgreenblue";
  const int32_t offsets[] = {0, 3, 8, 12};
  std::vector<int32_t> codes(2000);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<int32_t>(i % 3);
  auto column = Node("i", 2000, {nullptr, codes.data()});
  column->dictionary = Node("u", 3, {nullptr, offsets, bytes});
  auto root = Single(std::move(column));
  root->Seal();
  Result<ImportedArray> array = ImportedArray::Import(&root->schema, &root->array);
  REQUIRE(array.has_value());
  const Result<Batch> batch = array->Slice(100, 500);
  REQUIRE(batch.has_value());
  const Column& read = batch->columns[0];
  CHECK_EQ(read.encoding, Encoding::kDictionary);
  CHECK_EQ(read.codes, reinterpret_cast<const uint32_t*>(codes.data() + 100));
  CHECK_EQ(read.dictionary_size, 3);
  CHECK_NE(read.dictionary_id, 0);
  CHECK_EQ(Value::FromColumn(read, TypeId::kVarchar, 0).string_value(), "green");

  const int8_t small[] = {2, 0, 1, 0};
  const uint8_t valid[] = {0b1101};
  auto narrow = Node("c", 4, {valid, small});
  const uint8_t value_valid[] = {0b011};
  narrow->dictionary = Node("u", 3, {value_valid, offsets, bytes});
  CHECK_EQ(Text(std::move(narrow)), "VARCHAR: NULL NULL green red");

  const int8_t bad[] = {3};
  auto outside = Node("c", 1, {nullptr, bad});
  outside->dictionary = Node("u", 3, {nullptr, offsets, bytes});
  CHECK_EQ(Text(std::move(outside)), "LDB-R018");
  const int8_t negative[] = {-1};
  auto below = Node("c", 1, {nullptr, negative});
  below->dictionary = Node("u", 3, {nullptr, offsets, bytes});
  CHECK_EQ(Text(std::move(below)), "LDB-R018");
  // All rows null over a dictionary without values.
  const uint8_t none[] = {0};
  auto empty = Node("c", 2, {none, small});
  empty->dictionary = Node("u", 0, {nullptr, nullptr, nullptr});
  CHECK_EQ(Text(std::move(empty)), "VARCHAR: NULL NULL");
  // Inside a list the values are spread out.
  const int32_t ends[] = {0, 2, 4};
  auto items = Node("c", 4, {nullptr, small});
  items->dictionary = Node("u", 3, {nullptr, offsets, bytes});
  auto list = Node("+l", 2, {nullptr, ends});
  list->Child(std::move(items));
  CHECK_EQ(Text(std::move(list)), "VARCHAR[]: [blue, red] [green, red]");
}

TEST_CASE("lists of all layouts are read") {
  const int32_t items[] = {1, 2, 3, 4, 5, 6};
  const int32_t offsets[] = {0, 2, 2, 5};
  const uint8_t valid[] = {0b101};
  const auto with_items = [&](std::string format, int64_t length, std::vector<const void*> buffers) {
    auto list = Node(std::move(format), length, std::move(buffers));
    list->Child(Node("i", 6, {nullptr, items}));
    return list;
  };
  CHECK_EQ(Text(with_items("+l", 3, {valid, offsets})), "INTEGER[]: [1, 2] NULL [3, 4, 5]");
  const int64_t large[] = {1, 2, 2, 6};
  CHECK_EQ(Text(with_items("+L", 3, {nullptr, large})), "INTEGER[]: [2] [] [3, 4, 5, 6]");
  const int32_t starts[] = {4, 0, 1};
  const int32_t sizes[] = {2, 0, 3};
  CHECK_EQ(Text(with_items("+vl", 3, {nullptr, starts, sizes})), "INTEGER[]: [5, 6] [] [2, 3, 4]");
  CHECK_EQ(Text(with_items("+w:2", 3, {valid})), "INTEGER[]: [1, 2] NULL [5, 6]");
  auto shifted = with_items("+l", 2, {nullptr, offsets});
  shifted->array.offset = 1;
  CHECK_EQ(Text(std::move(shifted)), "INTEGER[]: [] [3, 4, 5]");
  // A map's entries may have an offset of their own.
  auto map = Node("+m", 1, {nullptr, offsets});
  auto entries = Node("+s", 4, {nullptr});
  entries->array.offset = 1;
  entries->Child(Node("i", 6, {nullptr, items})).Child(Node("i", 6, {nullptr, items}));
  map->Child(std::move(entries));
  CHECK_EQ(Text(std::move(map)), "MAP<INTEGER, INTEGER>: {2=2, 3=3}");
}

TEST_CASE("what cannot be read is refused with the reason") {
  const int32_t ints[] = {0, 1, 2, 3};
  for (const char* format : {"+ud:0,1", "+us:0,1", "+r", "e", "d:50,2,256", "d:10,-2", "q", "+x"}) {
    CHECK_MESSAGE(Text(Node(format, 1, {nullptr, ints})) == "LDB-U001", format);
  }
  for (const char* format :
       {"", "d:", "d:10", "d:0,0", "d:a,b", "ts", "tsx:", "tx", "w:", "w:-1", "w:99999999999", "+w:x"}) {
    CHECK_MESSAGE(Text(Node(format, 1, {nullptr, ints})) == "LDB-R018", format);
  }
  const auto damaged = [&](const char* what, auto&& damage) {
    auto root = Single(Node("i", 4, {nullptr, ints}));
    damage(*root, *root->children[0]);
    const Result<ImportedArray> array = ImportedArray::Import(&root->schema, &root->array);
    REQUIRE_MESSAGE(!array.has_value(), what);
    CHECK_MESSAGE(array.error().code() == ErrorCode::kBadArgument, what);
    CHECK_EQ(root->array_releases, 1);
  };
  damaged("length", [](HandMade& root, HandMade&) { root.array.length = -1; });
  damaged("child length", [](HandMade&, HandMade& child) { child.array.length = 3; });
  damaged("offset", [](HandMade&, HandMade& child) { child.array.offset = -1; });
  damaged("overflow", [](HandMade&, HandMade& child) { child.array.offset = INT64_MAX; });
  damaged("null count", [](HandMade&, HandMade& child) { child.array.null_count = 5; });
  damaged("no bitmap", [](HandMade&, HandMade& child) { child.array.null_count = 1; });
  damaged("buffers", [](HandMade&, HandMade& child) { child.array.n_buffers = 1; });
  damaged("no buffers", [](HandMade&, HandMade& child) { child.array.buffers = nullptr; });
  damaged("null buffer", [](HandMade&, HandMade& child) { child.buffers[1] = nullptr; });
  damaged("children", [](HandMade& root, HandMade&) { root.array.n_children = 2; });
  damaged("negative children", [](HandMade& root, HandMade&) { root.array.n_children = -1; });
  damaged("null children", [](HandMade& root, HandMade&) { root.array.children = nullptr; });
  damaged("null child", [](HandMade& root, HandMade&) { root.child_arrays[0] = nullptr; });
  damaged("null child schema", [](HandMade& root, HandMade&) { root.child_schemas[0] = nullptr; });
  damaged("released child", [](HandMade&, HandMade& child) { child.array.release = nullptr; });
  damaged("no format", [](HandMade&, HandMade& child) { child.schema.format = nullptr; });
  damaged("unexpected children", [](HandMade& root, HandMade& child) {
    child.array.n_children = 1;
    child.array.children = root.child_arrays.data();
  });

  const char bytes[] = "abc";
  for (const std::vector<int32_t>& offsets :
       {std::vector<int32_t>{0, -1}, std::vector<int32_t>{-2, 2}, std::vector<int32_t>{2, 1}}) {
    CHECK_EQ(Text(Node("u", 1, {nullptr, offsets.data(), bytes})), "LDB-R018");
  }
  const int32_t unordered[] = {0, 100, 3};
  CHECK_EQ(Text(Node("u", 2, {nullptr, unordered, bytes})), "LDB-R018");
  const int32_t one[] = {0, 1};
  CHECK_EQ(Text(Node("u", 1, {nullptr, one, "\xFF"})), "LDB-R012");
  CHECK_EQ(Text(Node("u", 1, {nullptr, one, nullptr})), "LDB-R018");
  const int32_t view[] = {20, 0, 1, 0};
  const int64_t size[] = {25};
  CHECK_EQ(Text(Node("vu", 1, {nullptr, view, "1234567890123456789012345", size})), "LDB-R018");
  const int32_t far_view[] = {20, 0, 0, 6};
  CHECK_EQ(Text(Node("vu", 1, {nullptr, far_view, "1234567890123456789012345", size})), "LDB-R018");

  // Deep nesting, in the schema and the array alike.
  auto deep = Node("i", 0, {nullptr, ints});
  for (int i = 0; i < 1000; ++i) {
    auto list = Node("+l", 0, {nullptr, ints});
    list->Child(std::move(deep));
    deep = std::move(list);
  }
  CHECK_EQ(Text(std::move(deep)), "LDB-P010");

  auto root = Single(Node("i", 4, {nullptr, ints}));
  Result<ImportedArray> array = ImportedArray::Import(&root->schema, &root->array);
  REQUIRE(array.has_value());
  CHECK_FALSE(array->Slice(-1, 1).has_value());
  CHECK_FALSE(array->Slice(3, 2).has_value());
  CHECK_FALSE(array->Slice(0, kBatchCapacity + 1).has_value());
  CHECK(array->Slice(4, 0).has_value());
  // Only record batches.
  auto lone = Node("i", 4, {nullptr, ints});
  lone->Seal();
  CHECK_EQ(ImportedArray::Import(&lone->schema, &lone->array).error().code(), ErrorCode::kNotSupported);
  CHECK_EQ(lone->array_releases, 1);
}

namespace {

// Ten batches of random rows, then an end or an error.
class RandomSource final : public BatchSource {
 public:
  RandomSource(bool fails, std::vector<Row>* sent) : fails_(fails), sent_(sent) {}
  Result<bool> Next(BatchBuffer& out) override {
    if (++batches_ > 10) {
      if (fails_) return Error(ErrorCode::kBadFile, "the source broke");
      return false;
    }
    AppendRandomRows(random_, out, static_cast<uint32_t>(random_.Below(50)), false);
    AppendRowsOf(out.batch(), out.types(), *sent_);
    return true;
  }

 private:
  Random random_{7};
  int batches_ = 0;
  bool fails_;
  std::vector<Row>* sent_;
};

}  // namespace

TEST_CASE("a stream carries batches, its end and its errors") {
  const Schema schema({{.name = "a", .type = TypeId::kInt64}, {.name = "b", .type = Type::Array(TypeId::kVarchar)}});
  for (const bool fails : {false, true}) {
    std::vector<Row> sent;
    ArrowArrayStream stream{};
    ExportStream(schema, std::make_unique<RandomSource>(fails, &sent), {}, &stream);
    Result<ImportedStream> opened = ImportedStream::Open(&stream);
    REQUIRE(opened.has_value());
    CHECK((stream.release == nullptr));
    CHECK(opened->schema() == schema);
    std::vector<Row> received;
    Random random(8);
    while (true) {
      Result<std::optional<ImportedArray>> next = opened->Next();
      if (!next.has_value()) {
        CHECK(fails);
        CHECK_NE(next.error().message().find("the source broke"), std::string::npos);
        break;
      }
      if (!next->has_value()) {
        CHECK_FALSE(fails);
        break;
      }
      for (Row& row : AllRows(**next, random)) received.push_back(std::move(row));
    }
    CHECK(received == sent);
  }
}
