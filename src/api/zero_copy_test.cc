// Values cross the C interface through Arrow without a copy: the addresses are compared, on both sides of the border.
// The engine's side is looked at through the handles.
#include "api/handles.h"
#include "api/testing.h"
#include "data/string_ref.h"

using namespace laminar::api::testing;  // NOLINT: a test
namespace data = laminar::data;
namespace engine = laminar::engine;

namespace {

struct Addresses {
  std::vector<const void*> of;
};

void NoteAddress(void* user, laminar_batch* changes) {
  static_cast<Addresses*>(user)->of.push_back(changes->rows.columns[0].values);
}

TEST_CASE("Arrow in: what a subscriber is shown lies where the program put it") {
  const Program program;
  program.Execute("CREATE SOURCE s (a BIGINT, b BIGINT)");
  Int64Array array({"b", "a"}, {std::vector<int64_t>(4096, 2), std::vector<int64_t>(4096, 1)});
  const int64_t* a = array.values[1].data();
  Addresses seen;
  laminar_subscription* subscription = nullptr;
  REQUIRE(Text(laminar_subscribe(program.database, "s", NoteAddress, &seen, &subscription)) == "ok");
  REQUIRE(Text(laminar_push_arrow(program.database, "s", &array.schema, &array.array, nullptr)) == "ok");
  REQUIRE(seen.of.size() == 4);
  for (size_t i = 0; i < 3; ++i) CHECK(seen.of[i] == a + i * 1024);
  CHECK(seen.of[3] == a + 3072);  // it ends where the array ends, at a whole batch
  laminar_subscription_free(subscription);
}

TEST_CASE("Arrow in: of a slice, too, and only the end that no batch fills is copied") {
  const Program program;
  program.Execute("CREATE SOURCE s (a BIGINT)");
  Int64Array array({"a"}, {std::vector<int64_t>(3000, 1)});
  const int64_t* a = array.values[0].data();
  array.child_arrays[0].offset = 100;
  array.child_arrays[0].length = 2900;
  array.array.length = 2900;
  Addresses seen;
  laminar_subscription* subscription = nullptr;
  REQUIRE(Text(laminar_subscribe(program.database, "s", NoteAddress, &seen, &subscription)) == "ok");
  REQUIRE(Text(laminar_push_arrow(program.database, "s", &array.schema, &array.array, nullptr)) == "ok");
  REQUIRE(seen.of.size() == 3);
  CHECK(seen.of[0] == a + 100);
  CHECK(seen.of[1] == a + 1124);
  CHECK(seen.of[2] != a + 2148);  // a batch is readable up to 1024 rows, the array is not
  laminar_subscription_free(subscription);
}

// Is every long text of the column inside one of the array's own buffers?
bool AreTextsShared(const std::vector<const char*>& texts, const ArrowArray& column) {
  const auto buffers = static_cast<size_t>(column.n_buffers);
  const auto* sizes = static_cast<const int64_t*>(column.buffers[buffers - 1]);
  for (const char* text : texts) {
    bool found = false;
    for (size_t b = 2; b + 1 < buffers; ++b) {
      const auto* begin = static_cast<const char*>(column.buffers[b]);
      found |= text >= begin && text < begin + sizes[b - 2];
    }
    if (!found) return false;
  }
  return true;
}

TEST_CASE("Arrow out: an exported batch points to the rows of the result, its long texts to their bytes") {
  const Program program;
  laminar_result* result = nullptr;
  REQUIRE(Text(laminar_execute(program.connection,
                               "SELECT generate_series AS a, generate_series::DOUBLE / 3 AS b,"
                               " repeat('a long text ', 1 + generate_series % 5) AS c FROM generate_series(1, 2000)",
                               &result)) == "ok");
  int batches = 0;
  while (true) {
    laminar_batch* batch = nullptr;
    REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
    if (batch == nullptr) break;
    ++batches;
    const void* integers = batch->rows.columns[0].values;
    const void* doubles = batch->rows.columns[1].values;
    std::vector<const char*> texts;
    for (uint32_t row = 0; row < batch->rows.rows; ++row) {
      const auto& text = batch->rows.columns[2].As<data::StringRef>()[row];
      if (!text.is_inline()) texts.push_back(text.data());
    }
    CHECK_FALSE(texts.empty());
    ArrowArray array{};
    REQUIRE(Text(laminar_batch_export(batch, &array, nullptr)) == "ok");
    CHECK(array.children[0]->buffers[1] == integers);
    CHECK(array.children[1]->buffers[1] == doubles);
    CHECK(AreTextsShared(texts, *array.children[2]));
    laminar_batch_free(batch);
    array.release(&array);
  }
  CHECK(batches >= 2);
  laminar_result_free(result);
}

// The cursor of a statement, and where it wrote what it delivered.
class WatchedCursor final : public engine::Cursor {
 public:
  WatchedCursor(std::unique_ptr<engine::Cursor> inner, Addresses& written)
      : inner_(std::move(inner)), written_(written) {}
  const data::Schema& schema() const override { return inner_->schema(); }
  bool is_changelog() const override { return inner_->is_changelog(); }
  laminar::Result<bool> Next(data::BatchBuffer& out) override { return Watch(inner_->Next(out), out); }
  laminar::Result<bool> Poll(data::BatchBuffer& out) override { return Watch(inner_->Poll(out), out); }
  void Cancel() override { inner_->Cancel(); }

 private:
  laminar::Result<bool> Watch(laminar::Result<bool> answer, const data::BatchBuffer& out) {
    if (answer && *answer) written_.of.push_back(out.batch().columns[0].values);
    return answer;
  }
  std::unique_ptr<engine::Cursor> inner_;
  Addresses& written_;
};

TEST_CASE("Arrow out: the arrays of a stream are the memory the engine wrote its rows to") {
  const Program program;
  auto outcome =
      program.connection->state->connection.Execute("SELECT generate_series AS a FROM generate_series(1, 5000)");
  REQUIRE(outcome.has_value());
  laminar_result* result = nullptr;
  REQUIRE(Text(laminar_execute(program.connection, "SELECT 1::BIGINT AS a", &result)) == "ok");
  Addresses written;
  result->cursor = std::make_unique<laminar::api::HeldCursor>(
      program.connection->state, std::make_unique<WatchedCursor>(std::move(outcome->cursor), written));
  ArrowArrayStream stream{};
  REQUIRE(Text(laminar_result_stream(result, &stream)) == "ok");
  laminar_result_free(result);
  std::vector<ArrowArray> arrays;
  int64_t sum = 0;
  while (true) {
    ArrowArray array{};
    REQUIRE(stream.get_next(&stream, &array) == 0);
    if (array.release == nullptr) break;
    arrays.push_back(array);
  }
  stream.release(&stream);
  REQUIRE(arrays.size() == written.of.size());
  CHECK(arrays.size() >= 5);
  for (size_t i = 0; i < arrays.size(); ++i) {  // all of them are held at once, beyond the stream
    CHECK(arrays[i].children[0]->buffers[1] == written.of[i]);
    const auto* values = static_cast<const int64_t*>(arrays[i].children[0]->buffers[1]);
    for (int64_t row = 0; row < arrays[i].length; ++row) sum += values[row];
    arrays[i].release(&arrays[i]);
  }
  CHECK(sum == 5000 * 5001 / 2);
}

TEST_CASE("Arrow out and in again: from one database to another without a copy") {
  const Program from;
  const Program to;
  to.Execute("CREATE SOURCE s (a BIGINT)");
  laminar_result* result = nullptr;
  REQUIRE(Text(laminar_execute(from.connection, "SELECT generate_series AS a FROM generate_series(1, 1024)",
                               &result)) == "ok");
  laminar_batch* batch = nullptr;
  REQUIRE(Text(laminar_result_next(result, &batch)) == "ok");
  REQUIRE(laminar_batch_rows(batch) == 1024);
  const void* values = batch->rows.columns[0].values;
  ArrowArray array{};
  ArrowSchema schema{};
  REQUIRE(Text(laminar_batch_export(batch, &array, &schema)) == "ok");
  laminar_batch_free(batch);
  laminar_result_free(result);
  Addresses seen;
  laminar_subscription* subscription = nullptr;
  REQUIRE(Text(laminar_subscribe(to.database, "s", NoteAddress, &seen, &subscription)) == "ok");
  REQUIRE(Text(laminar_push_arrow(to.database, "s", &schema, &array, nullptr)) == "ok");
  REQUIRE(seen.of.size() == 1);
  CHECK(seen.of[0] == values);
  laminar_subscription_free(subscription);
}

}  // namespace
