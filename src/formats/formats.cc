#include "formats/formats.h"

#include "base/text.h"
#include "formats/arrow_ipc.h"
#include "formats/csv.h"
#include "formats/json.h"
#include "formats/parquet.h"

namespace laminar::formats {

namespace {

constexpr Format Csv(std::string_view name, std::string_view extensions) {
  return {name,    extensions, MakeCsvDecoder, MakeCsvEncoder, InferCsvSchema,
          nullptr, nullptr,    nullptr,        nullptr,        CheckCsvOptions};
}

constexpr Format Json(std::string_view name, std::string_view extensions) {
  return {name,    extensions, MakeJsonDecoder, MakeJsonEncoder, InferJsonSchema,
          nullptr, nullptr,    nullptr,         nullptr,         CheckJsonOptions};
}

constexpr Format Arrow(std::string_view name, std::string_view extensions) {
  return {name,        extensions,       nullptr, nullptr, nullptr, MakeArrowReader, MakeArrowWriter, ArrowFileSchema,
          ArrowOrigin, CheckArrowOptions};
}

constexpr Format Parquet(std::string_view name, std::string_view extensions) {
  return {name,          extensions,         nullptr,           nullptr,
          nullptr,       MakeParquetReader,  MakeParquetWriter, ParquetSchema,
          ParquetOrigin, CheckParquetOptions};
}

constexpr Format kFormats[] = {
#define FORMAT(symbol, name, extensions) symbol(name, extensions),
#include "formats/formats.def"
#undef FORMAT
};

}  // namespace

const Format* FindFormat(std::string_view name) {
  if (EqualsIgnoreCase(name, "ndjson") || EqualsIgnoreCase(name, "jsonl")) name = "json";
  for (const Format& format : kFormats) {
    if (EqualsIgnoreCase(format.name, name)) return &format;
  }
  return nullptr;
}

const Format* FormatOfPath(std::string_view path) {
  for (const std::string_view suffix : {".gz", ".zst"}) {
    if (path.size() > suffix.size() && EqualsIgnoreCase(path.substr(path.size() - suffix.size()), suffix)) {
      path.remove_suffix(suffix.size());
    }
  }
  for (const Format& format : kFormats) {
    for (const std::string_view extension : Split(format.extensions, ' ')) {
      if (path.size() > extension.size() && EqualsIgnoreCase(path.substr(path.size() - extension.size()), extension)) {
        return &format;
      }
    }
  }
  return nullptr;
}

std::vector<std::string_view> FormatNames() {
  std::vector<std::string_view> names;
  for (const Format& format : kFormats) names.push_back(format.name);
  return names;
}

}  // namespace laminar::formats
