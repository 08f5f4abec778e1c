// ParseText: text as values of every type.
#include <limits>

#include "base/check.h"
#include "base/text.h"
#include "data/decimal.h"
#include "data/json.h"
#include "data/temporal.h"
#include "data/text.h"
#include "data/time_zone.h"
#include "data/value.h"

namespace laminar::data {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsNullWord(std::string_view text) { return EqualsIgnoreCase(text, "null"); }

constexpr size_t kMaxShown = 64;  // bytes of a bad text in a message

bool IsInfinityWord(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return EqualsIgnoreCase(text, "inf") || EqualsIgnoreCase(text, "infinity");
}

bool LooksLikeNumber(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || c == '.' || ToLowerAscii(c) == 'e' || c == '-' || c == '+')) return false;
  }
  return true;
}

std::string_view HintFor(const Type& type) {
  switch (type.id()) {
    case TypeId::kBool: return "write true or false";
    case TypeId::kDate: return "write YYYY-MM-DD";
    case TypeId::kTime: return "write HH:MM:SS or HH:MM:SS.ffffff";
    case TypeId::kTimestamp: return "write YYYY-MM-DD HH:MM:SS, with a fraction and an offset if needed";
    case TypeId::kTimestampTz: return "write YYYY-MM-DD HH:MM:SS+00:00";
    case TypeId::kInterval: return "write for example 1 day 02:03:04, 5 minutes or P1DT2H";
    case TypeId::kUuid: return "write 32 hexadecimal digits, with or without dashes";
    case TypeId::kBinary: return "write \\x and an even number of hexadecimal digits";
    case TypeId::kArray: return "write [a, b, NULL]";
    case TypeId::kStruct: return "write {'name': value, ...}";
    case TypeId::kMap: return "write {key=value, ...}";
    default: return "";
  }
}

Status BadText(const Type& type, std::string_view text) {
  if (type.is_temporal() && IsInfinityWord(text)) {
    return Status(ErrorCode::kBadValue, "cannot read " + Quoted(text, kMaxShown) + " as " + type.ToString() +
                                            ": there are no infinite dates and times")
        .WithHint("use NULL, or a date far away");
  }
  if (type.is_numeric() && LooksLikeNumber(text)) {
    int64_t whole = 0;
    const bool is_whole = text.find_first_of(".eE") == std::string_view::npos;
    if (is_whole || !type.is_integer() || ParseInt64(text, whole)) {
      return Status(ErrorCode::kOutOfRange, Quoted(text, kMaxShown) + " is out of the range of " + type.ToString());
    }
  }
  return Status(ErrorCode::kBadValue, "cannot read " + Quoted(text, kMaxShown) + " as " + type.ToString())
      .WithHint(std::string(HintFor(type)));
}

template <class T>
bool StoreInteger(std::string_view text, Column& column, uint32_t row) {
  if constexpr (std::is_signed_v<T>) {
    int64_t value = 0;
    if (!ParseInt64(text, value) || value != static_cast<T>(value)) return false;
    column.As<T>()[row] = static_cast<T>(value);
  } else {
    uint64_t value = 0;
    if (!ParseUInt64(text, value) || value != static_cast<T>(value)) return false;
    column.As<T>()[row] = static_cast<T>(value);
  }
  return true;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return ToLowerAscii(c) >= 'a' && ToLowerAscii(c) <= 'f' ? ToLowerAscii(c) - 'a' + 10 : -1;
}

bool StoreBinary(std::string_view text, BatchBuffer& buffer, StringRef& out) {
  if (!text.starts_with("\\x")) {
    out = buffer.heap().Add(text);
    return true;
  }
  text.remove_prefix(2);
  if (text.size() % 2 != 0) return false;
  const size_t size = text.size() / 2;
  char inline_bytes[StringRef::kInlineMax];
  char* bytes = size <= StringRef::kInlineMax ? inline_bytes : buffer.heap().Allocate(size);
  for (size_t i = 0; i < size; ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<char>(high << 4 | low);
  }
  out = StringRef(bytes, static_cast<uint32_t>(size));
  return true;
}

// A text without offset is in the zone.
bool ParseInstant(std::string_view text, const Type& type, const Zone* zone, int64_t& out) {
  bool has_offset = false;
  if (!ParseTimestamp(text, type.precision(), out, &has_offset)) return false;
  if (has_offset || zone == nullptr) return true;
  int64_t utc = 0;
  const int64_t micros = type.is_nanos() ? NanosToMicros(out) : out;
  if (!zone->ToUtc(micros, utc)) return false;
  if (!type.is_nanos()) {
    out = utc;
    return true;
  }
  return !__builtin_add_overflow(out, (utc - micros) * 1000, &out);
}

bool StoreScalar(const Type& type, std::string_view text, BatchBuffer& buffer, Column& column, uint32_t row,
                 const Zone* zone) {
  bool flag = false;
  switch (type.id()) {
    case TypeId::kBool:
      if (!ParseBool(text, flag)) return false;
      column.As<uint8_t>()[row] = flag ? 1 : 0;
      return true;
    case TypeId::kInt8: return StoreInteger<int8_t>(text, column, row);
    case TypeId::kInt16: return StoreInteger<int16_t>(text, column, row);
    case TypeId::kInt32: return StoreInteger<int32_t>(text, column, row);
    case TypeId::kInt64: return StoreInteger<int64_t>(text, column, row);
    case TypeId::kUInt8: return StoreInteger<uint8_t>(text, column, row);
    case TypeId::kUInt16: return StoreInteger<uint16_t>(text, column, row);
    case TypeId::kUInt32: return StoreInteger<uint32_t>(text, column, row);
    case TypeId::kUInt64: return StoreInteger<uint64_t>(text, column, row);
    case TypeId::kFloat: return ParseFloat(text, column.As<float>()[row]);
    case TypeId::kDouble: return ParseDouble(text, column.As<double>()[row]);
    case TypeId::kDecimal: return ParseDecimal(text, type.precision(), type.scale(), column.As<Int128>()[row]);
    case TypeId::kDate: return ParseDate(text, column.As<int32_t>()[row]);
    case TypeId::kTime: return ParseTime(text, column.As<int64_t>()[row]);
    case TypeId::kTimestamp: return ParseTimestamp(text, type.precision(), column.As<int64_t>()[row]);
    case TypeId::kTimestampTz: return ParseInstant(text, type, zone, column.As<int64_t>()[row]);
    case TypeId::kInterval: return ParseInterval(text, column.As<Interval>()[row]);
    case TypeId::kUuid: return ParseUuid(text, column.As<UInt128>()[row]);
    case TypeId::kBinary: return StoreBinary(text, buffer, column.As<StringRef>()[row]);
    case TypeId::kVarchar:
    case TypeId::kJson:
      if (type.id() == TypeId::kJson ? !IsValidJson(text) : !IsUtf8(text)) return false;
      column.As<StringRef>()[row] = buffer.heap().Add(text);
      return true;
    case TypeId::kNull:
    case TypeId::kArray:
    case TypeId::kStruct:
    case TypeId::kMap: return false;
  }
  return false;
}

// Makes the slot harmless, so that an error leaves nothing that could be followed.
void Clear(const Type& type, Column& column, uint32_t row) {
  if (column.has_nulls) SetBit(column.validity, row);
  const uint32_t width = ValueWidth(type.physical());
  if (width > 0) std::memset(static_cast<char*>(column.values) + static_cast<size_t>(width) * row, 0, width);
}

// Nested text, read by descending along the type; its depth is the type's.
class NestedReader {
 public:
  NestedReader(std::string_view text, BatchBuffer& buffer, const Zone* zone)
      : text_(text), buffer_(buffer), zone_(zone) {}

  Status Whole(const Type& type, Column& column, uint32_t row) {
    TRY(Nested(type, column, row));
    SkipBlanks();
    if (at_ != text_.size()) return BadText(type, text_).WithHint("there is text after the closing bracket");
    return Status::Ok();
  }

 private:
  Status Nested(const Type& type, Column& column, uint32_t row) {
    if (++depth_ > kMaxTextDepth) return Error(ErrorCode::kTooComplex, "nested values are deeper than 256 levels");
    Clear(type, column, row);
    Status status = type.id() == TypeId::kStruct ? Struct(type, column, row) : List(type, column, row);
    --depth_;
    return status;
  }

  Status List(const Type& type, Column& column, uint32_t row) {
    const bool is_map = type.id() == TypeId::kMap;
    const char close = is_map ? '}' : ']';
    SkipBlanks();
    if (!Eat(is_map ? '{' : '[')) return BadText(type, text_);
    ListEntry entry{.offset = buffer_.ReserveChild(column, type, 0), .length = 0};
    SkipBlanks();
    if (Eat(close)) {
      column.As<ListEntry>()[row] = entry;
      return Status::Ok();
    }
    do {
      const uint32_t child = buffer_.ReserveChild(column, type, 1);
      const std::vector<Field>& fields = type.children();
      for (uint32_t c = 0; c < column.child_count; ++c) Clear(fields[c].type, column.children[c], child);
      TRY(Item(fields[0].type, column.children[0], child, is_map ? '=' : close));
      if (is_map) {
        if (column.children[0].IsNull(child)) return BadText(type, text_).WithHint("a key cannot be NULL");
        if (!Eat('=')) return BadText(type, text_);
        TRY(Item(fields[1].type, column.children[1], child, close));
      }
      ++entry.length;
      SkipBlanks();
    } while (Eat(','));
    if (!Eat(close)) return BadText(type, text_);
    column.As<ListEntry>()[row] = entry;
    return Status::Ok();
  }

  Status Struct(const Type& type, Column& column, uint32_t row) {
    const std::vector<Field>& fields = type.children();
    SkipBlanks();
    if (!Eat('{')) return BadText(type, text_);
    // A field that the text leaves out is NULL.
    for (uint32_t c = 0; c < column.child_count; ++c) buffer_.SetNull(column.children[c], row);
    SkipBlanks();
    if (Eat('}')) return Status::Ok();
    do {
      bool is_quoted = false;
      if (!Token(':', ':', is_quoted)) return BadText(type, text_);
      size_t field = 0;
      while (field < fields.size() && fields[field].name != token_) ++field;
      if (field == fields.size()) {
        return Error(ErrorCode::kBadValue, type.ToString() + " has no field " + Quoted(token_, kMaxShown));
      }
      SkipBlanks();
      if (!Eat(':')) return BadText(type, text_);
      TRY(Item(fields[field].type, column.children[field], row, '}'));
      SkipBlanks();
    } while (Eat(','));
    return Eat('}') ? Status::Ok() : BadText(type, text_);
  }

  // One value; a bare one ends at a comma or `close`.
  Status Item(const Type& type, Column& column, uint32_t row, char close) {
    SkipBlanks();
    if (type.is_nested() && (Peek() == '[' || Peek() == '{')) return Nested(type, column, row);
    bool is_quoted = false;
    if (!Token(',', close, is_quoted)) return BadText(type, text_);
    SkipBlanks();
    if (!is_quoted && IsNullWord(token_)) {
      buffer_.SetNull(column, row);
      return Status::Ok();
    }
    if (type.is_nested()) return BadText(type, token_);
    Clear(type, column, row);
    const std::string_view text = type.is_string() ? std::string_view(token_) : Trim(token_);
    if (StoreScalar(type, text, buffer_, column, row, zone_)) return Status::Ok();
    Clear(type, column, row);
    return BadText(type, text);
  }

  // A quoted or bare word into token_. False: a quote without its end.
  bool Token(char stop, char close, bool& is_quoted) {
    SkipBlanks();
    token_.clear();
    const char quote = Peek();
    is_quoted = quote == '\'' || quote == '"';
    if (!is_quoted) {
      const size_t first = at_;
      while (at_ < text_.size() && text_[at_] != stop && text_[at_] != close) ++at_;
      token_ = Trim(text_.substr(first, at_ - first));
      return true;
    }
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        if (Peek() != quote) return true;
      } else if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
      }
      token_ += c;
    }
    return false;
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Eat(char c) {
    if (Peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }

  std::string_view text_;
  BatchBuffer& buffer_;
  const Zone* zone_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string token_;
};

}  // namespace

Status ParseText(const Type& type, std::string_view text, BatchBuffer& buffer, Column& column, uint32_t row,
                 const Zone* zone) {
  DCHECK(column.encoding == Encoding::kFlat);
  if (type.is_nested()) {
    Status status = NestedReader(text, buffer, zone).Whole(type, column, row);
    if (!status.ok()) Clear(type, column, row);
    return status;
  }
  if (column.has_nulls && type.id() != TypeId::kNull) SetBit(column.validity, row);
  const std::string_view trimmed = type.is_string() ? text : Trim(text);
  if (StoreScalar(type, trimmed, buffer, column, row, zone)) return Status::Ok();
  Clear(type, column, row);
  return BadText(type, trimmed);
}

}  // namespace laminar::data
