// Arrow schemas: format strings to types and back.
#include <charconv>
#include <cstring>

#include "base/text.h"
#include "data/arrow_c.h"
#include "data/arrow_format.h"

namespace laminar::data {
namespace internal {
namespace {

constexpr std::string_view kExtensionName = "ARROW:extension:name";
constexpr std::string_view kPrecision = "laminar:precision";
constexpr int32_t kMaxMetadataText = 1 << 24;

Status Unsupported(std::string_view format) {
  return Status(ErrorCode::kNotSupported, "cannot import Arrow data of format " + Quoted(format, 64))
      .WithHint("cast the column to a plain type before handing it over");
}

Status BadFormat(std::string_view format) {
  return Status(ErrorCode::kBadArgument, Quoted(format, 64) + " is no Arrow format");
}

ArrowFormat Fixed(Type type) {
  const auto width = static_cast<int32_t>(ValueWidth(type.physical()));
  return {.kind = ArrowKind::kFixed, .type = std::move(type), .width = width};
}

bool ReadNumber(std::string_view& text, int32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || out < 0) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

Result<ArrowFormat> OneLetter(std::string_view format) {
  switch (format[0]) {
    case 'n': return ArrowFormat{};
    case 'b': return ArrowFormat{.kind = ArrowKind::kBool, .type = TypeId::kBool};
    case 'c': return Fixed(TypeId::kInt8);
    case 'C': return Fixed(TypeId::kUInt8);
    case 's': return Fixed(TypeId::kInt16);
    case 'S': return Fixed(TypeId::kUInt16);
    case 'i': return Fixed(TypeId::kInt32);
    case 'I': return Fixed(TypeId::kUInt32);
    case 'l': return Fixed(TypeId::kInt64);
    case 'L': return Fixed(TypeId::kUInt64);
    case 'f': return Fixed(TypeId::kFloat);
    case 'g': return Fixed(TypeId::kDouble);
    case 'u': return ArrowFormat{.kind = ArrowKind::kText, .type = TypeId::kVarchar};
    case 'U': return ArrowFormat{.kind = ArrowKind::kLargeText, .type = TypeId::kVarchar};
    case 'z': return ArrowFormat{.kind = ArrowKind::kText, .type = TypeId::kBinary};
    case 'Z': return ArrowFormat{.kind = ArrowKind::kLargeText, .type = TypeId::kBinary};
    default: return Error(Unsupported(format));
  }
}

// "d:precision,scale[,bits]"
Result<ArrowFormat> DecimalFormat(std::string_view format) {
  std::string_view rest = format.substr(2);
  int32_t precision = 0;
  int32_t scale = 0;
  int32_t bits = 128;
  if (!ReadNumber(rest, precision) || !rest.starts_with(',')) return Error(BadFormat(format));
  rest.remove_prefix(1);
  if (rest.starts_with('-')) return Error(Unsupported(format));
  if (!ReadNumber(rest, scale)) return Error(BadFormat(format));
  if (rest.starts_with(',')) {
    rest.remove_prefix(1);
    if (!ReadNumber(rest, bits)) return Error(BadFormat(format));
  }
  if (!rest.empty() || precision < 1) return Error(BadFormat(format));
  const bool is_known_width = bits == 32 || bits == 64 || bits == 128;
  if (precision > 38 || scale > precision || !is_known_width) return Error(Unsupported(format));
  const Type type = Type::Decimal(precision, scale);
  if (bits == 128) return Fixed(type);
  return ArrowFormat{.kind = ArrowKind::kDecimalNarrow, .type = type, .width = bits / 8};
}

ArrowFormat Scaled(Type type, int32_t width, int64_t multiply, int64_t divide) {
  return {.kind = ArrowKind::kScaled, .type = std::move(type), .width = width, .multiply = multiply, .divide = divide};
}

Result<ArrowFormat> TimestampFormat(std::string_view format) {
  const bool has_zone = format.size() > 4;
  if (format.size() < 4 || format[3] != ':') return Error(BadFormat(format));
  const auto type = [&](int precision) { return has_zone ? Type::TimestampTz(precision) : Type::Timestamp(precision); };
  switch (format[2]) {
    case 's': return Scaled(type(0), 8, 1'000'000, 1);
    case 'm': return Scaled(type(3), 8, 1000, 1);
    case 'u': return Fixed(type(6));
    case 'n': return Fixed(type(9));
    default: return Error(BadFormat(format));
  }
}

Result<ArrowFormat> TimeFormat(std::string_view format) {
  if (format == "tdD") return Fixed(TypeId::kDate);
  if (format == "tdm") return Scaled(TypeId::kDate, 8, 1, 86'400'000);
  if (format == "tts") return Scaled(TypeId::kTime, 4, 1'000'000, 1);
  if (format == "ttm") return Scaled(TypeId::kTime, 4, 1000, 1);
  if (format == "ttu") return Fixed(TypeId::kTime);
  if (format == "ttn") return Scaled(TypeId::kTime, 8, 1, 1000);
  if (format.starts_with("ts")) return TimestampFormat(format);
  ArrowFormat interval{.kind = ArrowKind::kDuration, .type = TypeId::kInterval, .width = 8};
  if (format == "tDs") {
    interval.multiply = 1'000'000;
  } else if (format == "tDm") {
    interval.multiply = 1000;
  } else if (format == "tDn") {
    interval.divide = 1000;
  } else if (format == "tiM") {
    interval.kind = ArrowKind::kMonths;
    interval.width = 4;
  } else if (format == "tiD") {
    interval.kind = ArrowKind::kDayTime;
  } else if (format == "tin") {
    interval.kind = ArrowKind::kMonthDayNano;
    interval.width = 16;
  } else if (format != "tDu") {
    return Error(BadFormat(format));
  }
  return interval;
}

Result<Type> ChildType(const ArrowSchema& schema, int64_t child, int depth) {
  const ArrowSchema& node = *schema.children[child];
  TRY(CheckSchemaNode(node, depth + 1));
  if (node.dictionary == nullptr) return TRY(ReadArrowFormat(node, depth + 1)).type;
  return TRY(ReadArrowFormat(*node.dictionary, depth + 1)).type;
}

Result<std::vector<Field>> ChildFields(const ArrowSchema& schema, int depth) {
  std::vector<Field> fields;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    Type type = TRY(ChildType(schema, i, depth));
    const ArrowSchema& node = *schema.children[i];
    const std::string name = node.name == nullptr ? "" : node.name;
    if (!IsUtf8(name)) return Error(ErrorCode::kBadArgument, "the name of an Arrow field is not UTF-8");
    fields.push_back({.name = name, .type = std::move(type), .nullable = (node.flags & ARROW_FLAG_NULLABLE) != 0});
  }
  return fields;
}

Result<ArrowFormat> NestedFormat(const ArrowSchema& schema, std::string_view format, int depth) {
  ArrowFormat out;
  if (format == "+s") {
    out.kind = ArrowKind::kStruct;
    out.type = Type::Struct(TRY(ChildFields(schema, depth)));
    return out;
  }
  if (format == "+m") {
    if (schema.n_children != 1) return Error(BadFormat(format));
    TRY(CheckSchemaNode(*schema.children[0], depth + 1));
    const std::vector<Field> fields = TRY(ChildFields(*schema.children[0], depth + 1));
    if (fields.size() != 2) return Error(BadFormat(format));
    out.kind = ArrowKind::kMap;
    out.type = Type::Map(fields[0].type, fields[1].type);
    return out;
  }
  if (format == "+l") {
    out.kind = ArrowKind::kList;
  } else if (format == "+L") {
    out.kind = ArrowKind::kLargeList;
  } else if (format == "+vl") {
    out.kind = ArrowKind::kListView;
  } else if (format == "+vL") {
    out.kind = ArrowKind::kLargeListView;
  } else if (format.starts_with("+w:")) {
    out.kind = ArrowKind::kFixedList;
    std::string_view rest = format.substr(3);
    if (!ReadNumber(rest, out.width) || !rest.empty()) return Error(BadFormat(format));
  } else {
    return Error(Unsupported(format));
  }
  if (schema.n_children != 1) return Error(BadFormat(format));
  out.type = Type::Array(TRY(ChildType(schema, 0, depth)));
  return out;
}

// The canonical extension types and our own precision change the plain type.
void ApplyMetadata(const ArrowSchema& schema, ArrowFormat& format) {
  if (schema.metadata == nullptr) return;
  const std::string extension = MetadataValue(schema.metadata, kExtensionName);
  if (extension == "arrow.uuid" && format.kind == ArrowKind::kFixedText && format.width == 16) {
    format.kind = ArrowKind::kUuid;
    format.type = TypeId::kUuid;
  } else if (extension == "arrow.json" && format.type.id() == TypeId::kVarchar) {
    format.type = TypeId::kJson;
  } else if (format.kind == ArrowKind::kFixed && format.type.is_timestamp()) {
    const std::string precision = MetadataValue(schema.metadata, kPrecision);
    if (precision.size() != 1 || precision[0] < '0' || precision[0] > '9') return;
    const int digits = precision[0] - '0';
    if ((digits > 6) != format.type.is_nanos()) return;
    format.type = format.type.id() == TypeId::kTimestamp ? Type::Timestamp(digits) : Type::TimestampTz(digits);
  }
}

}  // namespace

std::string MetadataValue(const char* metadata, std::string_view key) {
  const auto read = [&metadata] {
    int32_t value = 0;
    std::memcpy(&value, metadata, 4);
    metadata += 4;
    return value;
  };
  for (int32_t pairs = read(); pairs > 0; --pairs) {
    std::string_view texts[2];
    for (std::string_view& text : texts) {
      const int32_t size = read();
      if (size < 0 || size > kMaxMetadataText) return "";
      text = {metadata, static_cast<size_t>(size)};
      metadata += size;
    }
    if (texts[0] == key) return std::string(texts[1]);
  }
  return "";
}

Status CheckSchemaNode(const ArrowSchema& schema, int depth) {
  if (depth > kMaxArrowDepth) return Error(ErrorCode::kTooComplex, "Arrow data is nested deeper than 64 levels");
  if (schema.release == nullptr) return Error(ErrorCode::kBadArgument, "an Arrow schema was released already");
  if (schema.format == nullptr) return Error(ErrorCode::kBadArgument, "an Arrow schema has no format");
  if (schema.n_children < 0 || (schema.n_children > 0 && schema.children == nullptr)) {
    return Error(ErrorCode::kBadArgument, "an Arrow schema has a bad number of children");
  }
  for (int64_t i = 0; i < schema.n_children; ++i) {
    if (schema.children[i] == nullptr) return Error(ErrorCode::kBadArgument, "a child of an Arrow schema is missing");
  }
  return Status::Ok();
}

Result<ArrowFormat> ReadArrowFormat(const ArrowSchema& schema, int depth) {
  TRY(CheckSchemaNode(schema, depth));
  const std::string_view format = schema.format;
  ArrowFormat out;
  if (format.size() == 1) {
    out = TRY(OneLetter(format));
  } else if (format.starts_with("d:")) {
    out = TRY(DecimalFormat(format));
  } else if (format.starts_with("t")) {
    out = TRY(TimeFormat(format));
  } else if (format.starts_with("+")) {
    out = TRY(NestedFormat(schema, format, depth));
  } else if (format == "vu" || format == "vz") {
    out = {.kind = ArrowKind::kTextView, .type = format == "vu" ? TypeId::kVarchar : TypeId::kBinary};
  } else if (format.starts_with("w:")) {
    std::string_view rest = format.substr(2);
    out = {.kind = ArrowKind::kFixedText, .type = TypeId::kBinary};
    if (!ReadNumber(rest, out.width) || !rest.empty()) return Error(BadFormat(format));
  } else {
    return Error(format.empty() ? BadFormat(format) : Unsupported(format));
  }
  ApplyMetadata(schema, out);
  return out;
}

}  // namespace internal

namespace {

struct SchemaOwner {
  std::string format;
  std::string name;
  std::string metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
};

void ReleaseSchema(ArrowSchema* schema) {
  auto* owner = static_cast<SchemaOwner*>(schema->private_data);
  for (ArrowSchema& child : owner->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete owner;
  schema->release = nullptr;
}

std::string FormatOf(const Type& type, const ArrowExportOptions& options) {
  switch (type.id()) {
    case TypeId::kNull: return "n";
    case TypeId::kBool: return "b";
    case TypeId::kInt8: return "c";
    case TypeId::kInt16: return "s";
    case TypeId::kInt32: return "i";
    case TypeId::kInt64: return "l";
    case TypeId::kUInt8: return "C";
    case TypeId::kUInt16: return "S";
    case TypeId::kUInt32: return "I";
    case TypeId::kUInt64: return "L";
    case TypeId::kFloat: return "f";
    case TypeId::kDouble: return "g";
    case TypeId::kDecimal: return "d:" + std::to_string(type.precision()) + "," + std::to_string(type.scale());
    case TypeId::kVarchar:
    case TypeId::kJson: return options.offsets_instead_of_views ? "u" : "vu";
    case TypeId::kBinary: return options.offsets_instead_of_views ? "z" : "vz";
    case TypeId::kDate: return "tdD";
    case TypeId::kTime: return "ttu";
    case TypeId::kTimestamp: return type.is_nanos() ? "tsn:" : "tsu:";
    case TypeId::kTimestampTz: return type.is_nanos() ? "tsn:UTC" : "tsu:UTC";
    case TypeId::kInterval: return "tin";
    case TypeId::kUuid: return "w:16";
    case TypeId::kArray: return "+l";
    case TypeId::kStruct: return "+s";
    case TypeId::kMap: return "+m";
  }
  return "n";
}

void PutMetadata(std::string& out, std::string_view key, std::string_view value) {
  const auto put = [&out](int32_t number) { out.append(reinterpret_cast<const char*>(&number), 4); };
  if (out.empty()) put(0);
  int32_t pairs = 0;
  std::memcpy(&pairs, out.data(), 4);
  ++pairs;
  std::memcpy(out.data(), &pairs, 4);
  for (const std::string_view text : {key, value}) {
    put(static_cast<int32_t>(text.size()));
    out += text;
  }
}

std::string MetadataOf(const Type& type) {
  std::string out;
  if (type.id() == TypeId::kUuid || type.id() == TypeId::kJson) {
    PutMetadata(out, internal::kExtensionName, type.id() == TypeId::kUuid ? "arrow.uuid" : "arrow.json");
    PutMetadata(out, "ARROW:extension:metadata", "");
  } else if (type.is_timestamp() && type.precision() != 6 && type.precision() != 9) {
    PutMetadata(out, internal::kPrecision, std::to_string(type.precision()));
  }
  return out;
}

void BuildSchema(const Field& field, const ArrowExportOptions& options, ArrowSchema* out) {
  auto* owner = new SchemaOwner{.format = FormatOf(field.type, options),
                                .name = field.name,
                                .metadata = MetadataOf(field.type),
                                .children = {},
                                .pointers = {}};
  std::vector<Field> children = field.type.children();
  if (field.type.id() == TypeId::kMap) {
    children = {Field{.name = "entries", .type = Type::Struct(std::move(children)), .nullable = false}};
  } else if (field.type.id() == TypeId::kArray) {
    children[0].name = "item";
  }
  owner->children.resize(children.size());
  for (size_t i = 0; i < children.size(); ++i) {
    BuildSchema(children[i], options, &owner->children[i]);
    owner->pointers.push_back(&owner->children[i]);
  }
  *out = ArrowSchema{.format = owner->format.c_str(),
                     .name = owner->name.c_str(),
                     .metadata = owner->metadata.empty() ? nullptr : owner->metadata.data(),
                     .flags = field.nullable ? ARROW_FLAG_NULLABLE : 0,
                     .n_children = static_cast<int64_t>(children.size()),
                     .children = owner->pointers.empty() ? nullptr : owner->pointers.data(),
                     .dictionary = nullptr,
                     .release = ReleaseSchema,
                     .private_data = owner};
}

}  // namespace

Status ExportSchema(const Schema& schema, const ArrowExportOptions& options, ArrowSchema* out) {
  for (const Field& field : schema.fields()) {
    if (field.name.find('\0') != std::string::npos) {
      return Error(ErrorCode::kBadArgument, "a column name with a zero byte cannot be exported to Arrow");
    }
  }
  BuildSchema(Field{.name = "", .type = Type::Struct(schema.fields()), .nullable = false}, options, out);
  return Status::Ok();
}

Result<Type> ImportType(const ArrowSchema& schema) {
  TRY(internal::CheckSchemaNode(schema, 0));
  const ArrowSchema& node = schema.dictionary == nullptr ? schema : *schema.dictionary;
  return TRY(internal::ReadArrowFormat(node, 0)).type;
}

Result<Schema> ImportSchema(const ArrowSchema& schema) {
  const Type type = TRY(ImportType(schema));
  if (type.id() != TypeId::kStruct || schema.dictionary != nullptr) {
    return Error(ErrorCode::kNotSupported,
                 "only Arrow record batches (struct arrays) can be imported, not " + type.ToString());
  }
  return Schema(type.children());
}

}  // namespace laminar::data
