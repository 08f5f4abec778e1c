// Results: rows of a statement, batch by batch or as an Arrow stream.
#include "api/handles.h"

using laminar::ErrorCode;
using laminar::Result;
using laminar::Status;
namespace api = laminar::api;
namespace data = laminar::data;

namespace laminar::api {
namespace {

Status Readable(const laminar_result& result) {
  TRY(Enter(*result.connection->database));
  if (result.cursor != nullptr) return {};
  if (result.schema->size() > 0) return Status(ErrorCode::kClosed, "the result gave its rows to an Arrow stream");
  return Status(ErrorCode::kClosed, "the statement has no rows").WithHint("laminar_result_has_rows tells");
}

laminar_batch* MakeBatch(const laminar_result& result, data::BatchBuffer rows) {
  auto batch = std::make_unique<laminar_batch>();
  batch->schema = result.schema;
  batch->arrow = result.connection->database->arrow;
  batch->owned.emplace(std::move(rows));
  batch->rows = batch->owned->batch();
  return batch.release();
}

void NoteEnd(laminar_result& result) {
  if (std::exchange(result.has_ended, true)) return;
  for (std::string& notice : (*result.cursor)->Notices()) result.notices.push_back(std::move(notice));
}

// The rest of a cursor for Arrow; the consumer's thread calls it.
class CursorRows final : public data::BatchSource {
 public:
  CursorRows(std::unique_ptr<HeldCursor> cursor, bool with_weights) : cursor_(std::move(cursor)) {
    if (with_weights) plain_ = std::make_unique<data::BatchBuffer>((*cursor_)->schema().Types());
  }
  ~CursorRows() override {
    const DatabasePtr database = cursor_->connection()->database;
    Free(database, std::move(cursor_));
  }
  Result<bool> Next(data::BatchBuffer& out) override {
    TRY(Enter(*cursor_->connection()->database));
    if (plain_ == nullptr) return (*cursor_)->Next(out);
    if (!TRY((*cursor_)->Next(*plain_))) return false;
    int64_t* weights = plain_->UseWeights();
    std::vector<data::Column> columns(plain_->batch().columns, plain_->batch().columns + plain_->batch().column_count);
    columns.emplace_back().values = weights;
    out.AppendRows({plain_->rows(), static_cast<uint32_t>(columns.size()), columns.data(), nullptr}, 0, plain_->rows());
    return true;
  }

 private:
  std::unique_ptr<HeldCursor> cursor_;
  std::unique_ptr<data::BatchBuffer> plain_;  // rows that still need their weights beside them
};

}  // namespace
}  // namespace laminar::api

const char* laminar_result_message(const laminar_result* result) {
  return result == nullptr ? "" : result->message.c_str();
}

const char* laminar_result_notice(const laminar_result* result, size_t index) {
  return result == nullptr || index >= result->notices.size() ? nullptr : result->notices[index].c_str();
}

int laminar_result_has_rows(const laminar_result* result) {
  return result != nullptr && result->schema->size() > 0 ? 1 : 0;
}
int laminar_result_is_changelog(const laminar_result* result) {
  return result != nullptr && result->is_changelog ? 1 : 0;
}

uint32_t laminar_result_column_count(const laminar_result* result) {
  return result == nullptr ? 0 : static_cast<uint32_t>(result->schema->size());
}

const char* laminar_result_column_name(const laminar_result* result, uint32_t column) {
  return result == nullptr || column >= result->schema->size() ? nullptr : (*result->schema)[column].name.c_str();
}

const char* laminar_result_column_type(const laminar_result* result, uint32_t column) {
  return result == nullptr || column >= result->type_names.size() ? nullptr : result->type_names[column].c_str();
}

laminar_error* laminar_result_schema(const laminar_result* result, ArrowSchema* out) {
  return api::Run([&]() -> Status {
    if (out == nullptr) return api::NullHandle("place for the schema");
    *out = ArrowSchema{};
    if (result == nullptr) return api::NullHandle("result");
    return data::ExportSchema(*result->schema, result->connection->database->arrow, out);
  });
}

laminar_error* laminar_result_next(laminar_result* result, laminar_batch** out) {
  return api::Run([&]() -> Status {
    if (out == nullptr) return api::NullHandle("place for the rows");
    *out = nullptr;
    if (result == nullptr) return api::NullHandle("result");
    TRY(api::Readable(*result));
    data::BatchBuffer rows(result->schema->Types());
    if (TRY((*result->cursor)->Next(rows)))
      *out = api::MakeBatch(*result, std::move(rows));
    else
      api::NoteEnd(*result);
    return {};
  });
}

laminar_error* laminar_result_poll(laminar_result* result, laminar_batch** out, int* has_ended) {
  return api::Run([&]() -> Status {
    if (has_ended != nullptr) *has_ended = 0;
    if (out == nullptr) return api::NullHandle("place for the rows");
    *out = nullptr;
    if (result == nullptr) return api::NullHandle("result");
    TRY(api::Readable(*result));
    data::BatchBuffer rows(result->schema->Types());
    const bool goes_on = TRY((*result->cursor)->Poll(rows));
    if (has_ended != nullptr) *has_ended = goes_on ? 0 : 1;
    if (!goes_on) api::NoteEnd(*result);
    if (rows.rows() > 0) *out = api::MakeBatch(*result, std::move(rows));
    return {};
  });
}

laminar_error* laminar_result_stream(laminar_result* result, ArrowArrayStream* out) {
  return api::Run([&]() -> Status {
    if (out == nullptr) return api::NullHandle("place for the stream");
    *out = ArrowArrayStream{};
    if (result == nullptr) return api::NullHandle("result");
    TRY(api::Readable(*result));
    data::Schema schema = *result->schema;
    if (result->is_changelog) schema.Add({"laminar_weight", data::TypeId::kInt64, false});
    auto rows = std::make_unique<api::CursorRows>(std::move(result->cursor), result->is_changelog);
    data::ExportStream(std::move(schema), std::move(rows), result->connection->database->arrow, out);
    return {};
  });
}

void laminar_result_free(laminar_result* result) {
  if (result == nullptr) return;
  const api::DatabasePtr shared = result->connection->database;
  api::Free(shared, std::unique_ptr<api::Freeable>(result));
}
