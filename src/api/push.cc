// Rows from the program: Arrow arrays, watermarks, the end of a source.
#include <algorithm>

#include "api/handles.h"
#include "base/text.h"

using laminar::ErrorCode;
using laminar::Result;
using laminar::Status;
namespace api = laminar::api;
namespace data = laminar::data;
namespace engine = laminar::engine;

namespace laminar::api {
namespace {

// Same values in memory: units are equal, and a coarser time is a finer one.
bool Fits(const data::Type& given, const data::Type& wanted) {
  if (given == wanted) return true;
  return given.id() == wanted.id() && given.is_timestamp() && given.is_nanos() == wanted.is_nanos() &&
         given.precision() <= wanted.precision();
}

// Position in the array of each column of the relation.
Result<std::vector<uint32_t>> MatchColumns(const data::Schema& given, const data::Schema& wanted) {
  const auto refuse = [](std::string what, std::string hint) {
    return Error(Status(ErrorCode::kBatchMismatch, std::move(what)).WithHint(std::move(hint)));
  };
  if (given.size() != wanted.size()) {
    std::vector<std::string> names;
    for (const data::Field& field : wanted.fields()) names.push_back(field.name + " " + field.type.ToString());
    return refuse("the array has " + std::to_string(given.size()) + " columns, not " + std::to_string(wanted.size()),
                  "the columns are " + Join(names, ", "));
  }
  const bool by_position =
      std::ranges::all_of(given.fields(), [](const data::Field& field) { return field.name.empty(); });
  std::vector<uint32_t> places;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const int place = by_position ? static_cast<int>(i) : given.IndexOf(wanted[i].name);
    if (place < 0) return refuse("the array has no column \"" + wanted[i].name + "\"", "columns are found by name");
    const data::Type& type = given[static_cast<size_t>(place)].type;
    if (!Fits(type, wanted[i].type)) {
      return refuse(
          "column \"" + wanted[i].name + "\" is " + wanted[i].type.ToString() + ", the array has " + type.ToString(),
          "cast it before it is pushed");
    }
    places.push_back(static_cast<uint32_t>(place));
  }
  return places;
}

Status PushArray(SharedDatabase& shared, const char* relation, data::ImportedArray array, uint64_t& pushed) {
  data::Schema schema;
  const engine::Database::PushHandle handle = TRY(shared.database->OpenPush(relation, &schema));
  const std::vector<uint32_t> places = TRY(MatchColumns(array.schema(), schema));
  std::vector<data::Column> columns(places.size());
  for (int64_t first = 0; first < array.rows(); first += data::kBatchCapacity) {
    const auto count = static_cast<uint32_t>(std::min<int64_t>(data::kBatchCapacity, array.rows() - first));
    const data::Batch slice = TRY(array.Slice(first, count));
    for (size_t i = 0; i < places.size(); ++i) columns[i] = slice.columns[places[i]];
    data::Batch batch{count, static_cast<uint32_t>(columns.size()), columns.data(), nullptr};
    TRY(shared.database->Push(handle, batch));
    pushed += count;
  }
  return {};
}

// An Arrow struct that was handed over, released unless somebody took it.
template <class T>
struct HandedOver {
  T* held;
  ~HandedOver() {
    if (held != nullptr && held->release != nullptr) held->release(held);
  }
};

}  // namespace
}  // namespace laminar::api

laminar_error* laminar_push_arrow(laminar_database* database, const char* relation, ArrowSchema* schema,
                                  ArrowArray* array, uint64_t* rows) {
  if (rows != nullptr) *rows = 0;
  const api::HandedOver<ArrowSchema> given_schema{schema};
  const api::HandedOver<ArrowArray> given_array{array};
  return api::Run([&]() -> Status {
    if (database == nullptr) return api::NullHandle("database");
    if (relation == nullptr) return api::NullHandle("relation");
    if (schema == nullptr || array == nullptr) return api::NullHandle("Arrow schema or array");
    if (schema->release == nullptr) return Status(ErrorCode::kBadArgument, "the Arrow schema was released already");
    TRY(api::Enter(*database->shared));
    uint64_t pushed = 0;
    Result<data::ImportedArray> imported = data::ImportedArray::Import(schema, array);
    Status status = imported.has_value() ? api::PushArray(*database->shared, relation, *std::move(imported), pushed)
                                         : std::move(imported.error());
    if (rows != nullptr) *rows = pushed;
    if (status.ok()) return {};
    std::string doing = "pushing into \"" + std::string(relation) + "\"";
    if (pushed > 0) doing += " (" + std::to_string(pushed) + " rows went in)";
    return std::move(status).Prefix(doing);
  });
}

laminar_error* laminar_push_watermark(laminar_database* database, const char* source, int64_t timestamp_micros) {
  return api::Run([&]() -> Status {
    if (database == nullptr) return api::NullHandle("database");
    if (source == nullptr) return api::NullHandle("source");
    TRY(api::Enter(*database->shared));
    return database->shared->database->PushWatermark(source, timestamp_micros);
  });
}

laminar_error* laminar_end_source(laminar_database* database, const char* source) {
  return api::Run([&]() -> Status {
    if (database == nullptr) return api::NullHandle("database");
    if (source == nullptr) return api::NullHandle("source");
    TRY(api::Enter(*database->shared));
    return database->shared->database->EndSource(source);
  });
}
