// For tests: a database as a program has it, and hand-made Arrow arrays whose addresses and releases can be looked at.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "laminar/arrow.h"
#include "laminar/laminar.h"

namespace laminar::api::testing {

// "ok" or the error's text.
inline std::string Text(laminar_error* error) {
  const std::string text = laminar_error_text(error);
  laminar_error_free(error);
  return text;
}
// "ok" or the error's code.
inline std::string Code(laminar_error* error) {
  const std::string code = error == nullptr ? "ok" : laminar_error_code(error);
  laminar_error_free(error);
  return code;
}

inline std::string RowsOf(laminar_batch* batch) {
  std::string out;
  for (uint32_t row = 0; row < laminar_batch_rows(batch); ++row) {
    if (const int64_t* weights = laminar_batch_weights(batch))
      out += (weights[row] > 0 ? "+" : "") + std::to_string(weights[row]) + " ";
    for (uint32_t column = 0; column < laminar_batch_column_count(batch); ++column) {
      const char* text = laminar_batch_text(batch, row, column, nullptr);
      out += (column > 0 ? "|" : "") + std::string(text == nullptr ? "NULL" : text);
    }
    out += "\n";
  }
  return out;
}

struct Program {
  laminar_database* database = nullptr;
  laminar_connection* connection = nullptr;

  explicit Program(int threading = LAMINAR_INLINE, const std::string& path = "") {
    laminar_options options{};
    options.struct_size = sizeof options;
    options.threading = threading;
    options.path = path.c_str();
    Open(options);
  }
  explicit Program(const laminar_options& options) { Open(options); }
  void Open(const laminar_options& options) {
    REQUIRE(Text(laminar_open(&options, &database)) == "ok");
    REQUIRE(Text(laminar_connect(database, &connection)) == "ok");
  }
  ~Program() {
    laminar_connection_free(connection);
    laminar_close(database);
  }
  Program(const Program&) = delete;

  // The message, the rows, or the error.
  std::string Execute(const std::string& sql, laminar_connection* by = nullptr) const {
    laminar_result* result = nullptr;
    laminar_error* error = laminar_execute(by == nullptr ? connection : by, sql.c_str(), &result);
    if (error != nullptr) return Text(error);
    std::string out = laminar_result_message(result);
    while (laminar_result_has_rows(result) != 0) {
      laminar_batch* batch = nullptr;
      error = laminar_result_next(result, &batch);
      if (error != nullptr) out += Text(error);
      if (batch == nullptr) break;
      out += RowsOf(batch);
      laminar_batch_free(batch);
    }
    laminar_result_free(result);
    return out;
  }
};

inline const char* kTrades =
    "CREATE SOURCE trades (sym VARCHAR, price DOUBLE, n BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1' "
    "SECOND)"
    " WITH (connector = 'memory')";

// A struct array of BIGINT columns.
struct Int64Array {
  std::vector<std::string> names;
  std::vector<std::vector<int64_t>> values;
  int64_t offset = 0;
  int releases = 0;

  ArrowSchema schema{};
  ArrowArray array{};
  std::vector<ArrowSchema> child_schemas;
  std::vector<ArrowArray> child_arrays;
  std::vector<ArrowSchema*> schema_pointers;
  std::vector<ArrowArray*> array_pointers;
  std::vector<std::vector<const void*>> buffers;
  const void* no_buffers[1] = {nullptr};

  Int64Array(std::vector<std::string> column_names, std::vector<std::vector<int64_t>> columns)
      : names(std::move(column_names)), values(std::move(columns)) {
    const size_t n = names.size();
    child_schemas.resize(n);
    child_arrays.resize(n);
    buffers.resize(n);
    for (size_t i = 0; i < n; ++i) {
      child_schemas[i] = {"l",     names[i].c_str(),    nullptr, ARROW_FLAG_NULLABLE, 0, nullptr,
                          nullptr, &ReleaseChildSchema, nullptr};
      buffers[i] = {nullptr, values[i].data()};
      const auto length = static_cast<int64_t>(values[i].size());
      child_arrays[i] = {length, 0, 0, 2, 0, buffers[i].data(), nullptr, nullptr, &ReleaseChildArray, nullptr};
      schema_pointers.push_back(&child_schemas[i]);
      array_pointers.push_back(&child_arrays[i]);
    }
    const auto rows = static_cast<int64_t>(values[0].size());
    schema = {"+s", "", nullptr, 0, static_cast<int64_t>(n), schema_pointers.data(), nullptr, &ReleaseSchema, this};
    array = {rows, 0, 0, 1, static_cast<int64_t>(n), no_buffers, array_pointers.data(), nullptr, &ReleaseArray, this};
  }
  static void ReleaseChildSchema(ArrowSchema* schema) { schema->release = nullptr; }
  static void ReleaseChildArray(ArrowArray* array) { array->release = nullptr; }
  static void ReleaseSchema(ArrowSchema* schema) {
    ++static_cast<Int64Array*>(schema->private_data)->releases;
    schema->release = nullptr;
  }
  static void ReleaseArray(ArrowArray* array) {
    ++static_cast<Int64Array*>(array->private_data)->releases;
    array->release = nullptr;
  }
};

}  // namespace laminar::api::testing
