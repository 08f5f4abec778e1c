#include "formats/json_values.h"

#include <array>
#include <cmath>

#include "base/text.h"
#include "data/text.h"
#include "formats/epoch.h"
#include "formats/json.h"

namespace laminar::formats {

using data::PhysicalType;
using data::StringRef;
using data::TypeId;

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

template <class T>
bool StoreWhole(int64_t value, data::Column& column, uint32_t row) {
  if (!std::in_range<T>(value)) return false;
  column.As<T>()[row] = static_cast<T>(value);
  return true;
}

bool StoreInteger(PhysicalType physical, int64_t value, data::Column& column, uint32_t row) {
  switch (physical) {
    case PhysicalType::kInt8: return StoreWhole<int8_t>(value, column, row);
    case PhysicalType::kInt16: return StoreWhole<int16_t>(value, column, row);
    case PhysicalType::kInt32: return StoreWhole<int32_t>(value, column, row);
    case PhysicalType::kInt64: return StoreWhole<int64_t>(value, column, row);
    case PhysicalType::kUInt8: return StoreWhole<uint8_t>(value, column, row);
    case PhysicalType::kUInt16: return StoreWhole<uint16_t>(value, column, row);
    case PhysicalType::kUInt32: return StoreWhole<uint32_t>(value, column, row);
    default: return StoreWhole<uint64_t>(value, column, row);
  }
}

}  // namespace

bool DecodeBase64(std::string_view text, std::string& out) {
  static constexpr auto kValues = [] {
    std::array<int8_t, 256> values{};
    values.fill(-1);
    for (size_t i = 0; i < kAlphabet.size(); ++i) values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
    return values;
  }();
  out.clear();
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return false;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int8_t value = kValues[static_cast<uint8_t>(c)];
    if (value < 0) return false;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return (bits & ((1u << count) - 1)) == 0;
}

void AppendBase64(std::string_view bytes, std::string& out) {
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    auto byte = [&](size_t k) { return k < left ? static_cast<uint32_t>(static_cast<uint8_t>(bytes[i + k])) : 0u; };
    const uint32_t bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    out += kAlphabet[bits >> 18];
    out += kAlphabet[bits >> 12 & 63];
    out += left > 1 ? kAlphabet[bits >> 6 & 63] : '=';
    out += left > 2 ? kAlphabet[bits & 63] : '=';
  }
}

bool JsonValueReader::Mismatch(const Slot& slot, std::string_view found) {
  if (reason_.empty()) reason_ = "cannot read " + std::string(found) + " as " + slot.type.ToString();
  slot.out.SetNull(slot.column, slot.row);
  return false;
}

// 3, 3.0 and 3e2 are whole, 3.5 is not; beyond 2^53 only plain digits are.
bool JsonValueReader::WholeNumber(std::string_view text, int64_t& out) {
  if (data::ParseInt64(text, out)) return true;
  double real = 0;
  if (!data::ParseDouble(text, real) || std::trunc(real) != real || std::fabs(real) > 9007199254740992.0) return false;
  if (text.find_first_of(".eE") == std::string_view::npos) return false;
  out = static_cast<int64_t>(real);
  return true;
}

bool JsonValueReader::ReadNumber(const Slot& slot) {
  std::string_view text;
  if (!slot.scanner.Number(text)) return false;
  const data::Type& type = slot.type;
  const char* p = text.data();
  const char* end = p + text.size();
  if (type.is_integer()) {
    int64_t value = 0;
    if (ReadInt64(p, end, slot.scanner.limit(), value) || WholeNumber(text, value)) {
      if (StoreInteger(type.physical(), value, slot.column, slot.row)) return true;
    } else if (uint64_t big = 0; type.id() == TypeId::kUInt64 && data::ParseUInt64(text, big)) {
      slot.column.As<uint64_t>()[slot.row] = big;
      return true;
    }
    return Mismatch(slot, "the number " + std::string(text.substr(0, 40)));
  }
  if (type.id() == TypeId::kDouble && ReadDouble(p, end, slot.column.As<double>()[slot.row])) return true;
  if (type.is_timestamp()) {
    int64_t number = 0;
    if (WholeNumber(text, number) && EpochToTimestamp(number, epoch_unit_, type, slot.column.As<int64_t>()[slot.row]))
      return true;
    return Mismatch(slot, "the number " + std::string(text.substr(0, 40)));
  }
  if (type.is_float() || type.id() == TypeId::kDecimal) return ReadText(slot, text);
  if (type.id() == TypeId::kVarchar || type.id() == TypeId::kJson) {
    slot.column.As<StringRef>()[slot.row] = slot.out.heap().Add(text);
    return true;
  }
  return Mismatch(slot, "the number " + std::string(text.substr(0, 40)));
}

bool JsonValueReader::ReadText(const Slot& slot, std::string_view text) {
  if (data::ParseText(slot.type, text, slot.out, slot.column, slot.row).ok()) return true;
  return Mismatch(slot, Quoted(text, 40));
}

bool JsonValueReader::ReadString(const Slot& slot) {
  std::string_view text;
  const data::Type& type = slot.type;
  if (type.id() == TypeId::kJson) return ReadRaw(slot);
  if (!slot.scanner.String(text)) return false;
  if (type.id() == TypeId::kVarchar) {
    slot.column.As<StringRef>()[slot.row] = slot.out.heap().Add(text);
    return true;
  }
  if (type.id() == TypeId::kBinary) {
    std::string bytes;
    if (!DecodeBase64(text, bytes)) return Mismatch(slot, Quoted(text, 40) + ", which is not base64,");
    slot.column.As<StringRef>()[slot.row] = slot.out.heap().Add(bytes);
    return true;
  }
  if (type.is_timestamp() && type.precision() == 6 &&
      timestamps_.Read(text.data(), text.data() + text.size(), slot.column.As<int64_t>()[slot.row])) {
    return true;
  }
  return ReadText(slot, Trim(text));
}

bool JsonValueReader::ReadRaw(const Slot& slot) {
  std::string_view text;
  if (!slot.scanner.Skip(slot.depth, &text)) return false;
  slot.column.As<StringRef>()[slot.row] = slot.out.heap().Add(text);
  return true;
}

bool JsonValueReader::ReadArray(const Slot& slot) {
  if (slot.type.id() == TypeId::kVarchar || slot.type.id() == TypeId::kJson) return ReadRaw(slot);
  if (slot.type.id() != TypeId::kArray) {
    slot.scanner.Skip(slot.depth);
    return Mismatch(slot, "an array");
  }
  if (slot.depth >= kJsonDepthMax)
    return slot.scanner.Fail("nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
  slot.scanner.Expect('[');
  data::ListEntry entry{.offset = slot.out.ReserveChild(slot.column, slot.type, 0), .length = 0};
  slot.column.As<data::ListEntry>()[slot.row] = entry;
  if (slot.scanner.Take(']')) return true;
  do {
    const uint32_t child = slot.out.ReserveChild(slot.column, slot.type, 1);
    if (!Read(slot.scanner, slot.type.element(), slot.out, slot.column.children[0], child, slot.depth + 1))
      return false;
    ++entry.length;
  } while (slot.scanner.Take(','));
  slot.column.As<data::ListEntry>()[slot.row] = entry;
  return slot.scanner.Expect(']');
}

bool JsonValueReader::ReadObject(const Slot& slot) {
  switch (slot.type.id()) {
    case TypeId::kVarchar:
    case TypeId::kJson: return ReadRaw(slot);
    case TypeId::kStruct: break;
    case TypeId::kMap: break;
    default: slot.scanner.Skip(slot.depth); return Mismatch(slot, "an object");
  }
  if (slot.depth >= kJsonDepthMax)
    return slot.scanner.Fail("nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
  slot.scanner.Expect('{');
  return slot.type.id() == TypeId::kStruct ? ReadStruct(slot) : ReadMap(slot);
}

bool JsonValueReader::ReadStruct(const Slot& slot) {
  const std::vector<data::Field>& fields = slot.type.children();
  for (uint32_t i = 0; i < fields.size(); ++i) slot.out.SetNull(slot.column.children[i], slot.row);
  if (slot.scanner.Take('}')) return true;
  do {
    std::string_view key;
    if (!slot.scanner.String(key)) return false;
    uint32_t found = 0;
    while (found < fields.size() && fields[found].name != key) ++found;
    if (!slot.scanner.Expect(':')) return false;
    if (found == fields.size()) {
      if (!slot.scanner.Skip(slot.depth + 1)) return false;
    } else if (!Read(slot.scanner, fields[found].type, slot.out, slot.column.children[found], slot.row,
                     slot.depth + 1)) {
      return false;
    }
  } while (slot.scanner.Take(','));
  return slot.scanner.Expect('}');
}

bool JsonValueReader::ReadMap(const Slot& slot) {
  data::ListEntry entry{.offset = slot.out.ReserveChild(slot.column, slot.type, 0), .length = 0};
  slot.column.As<data::ListEntry>()[slot.row] = entry;
  if (slot.scanner.Take('}')) return true;
  do {
    std::string_view key;
    const uint32_t child = slot.out.ReserveChild(slot.column, slot.type, 1);
    // Both children get a harmless value first: an error may leave the other unread.
    slot.out.SetNull(slot.column.children[0], child);
    slot.out.SetNull(slot.column.children[1], child);
    if (!slot.scanner.String(key)) return false;
    data::Column& keys = slot.column.children[0];
    if (keys.has_nulls) data::SetBit(keys.validity, child);
    const Slot key_slot{slot.scanner, slot.type.key_type(), slot.out, keys, child, slot.depth + 1};
    if (slot.type.key_type().id() == TypeId::kVarchar) {
      keys.As<StringRef>()[child] = slot.out.heap().Add(key);
    } else if (!ReadText(key_slot, key)) {
      return false;
    }
    if (!slot.scanner.Expect(':')) return false;
    if (!Read(slot.scanner, slot.type.value_type(), slot.out, slot.column.children[1], child, slot.depth + 1))
      return false;
    ++entry.length;
  } while (slot.scanner.Take(','));
  slot.column.As<data::ListEntry>()[slot.row] = entry;
  return slot.scanner.Expect('}');
}

bool JsonValueReader::Read(JsonScanner& scanner, const data::Type& type, data::BatchBuffer& out, data::Column& column,
                           uint32_t row, int depth) {
  const Slot slot{scanner, type, out, column, row, depth};
  const char c = scanner.Peek();
  if (c == 'n') {
    out.SetNull(column, row);
    return scanner.Word("null");
  }
  if (column.has_nulls) data::SetBit(column.validity, row);
  bool good = false;
  switch (c) {
    case '"': good = ReadString(slot); break;
    case '{': good = ReadObject(slot); break;
    case '[': good = ReadArray(slot); break;
    case 't':
    case 'f': {
      const std::string_view word = c == 't' ? "true" : "false";
      if (!scanner.Word(word)) break;
      if (type.id() == TypeId::kBool) {
        column.As<uint8_t>()[row] = c == 't' ? 1 : 0;
        return true;
      }
      if (type.id() == TypeId::kVarchar || type.id() == TypeId::kJson) {
        column.As<StringRef>()[row] = StringRef(word);
        return true;
      }
      return Mismatch(slot, word);
    }
    default: good = ReadNumber(slot); break;
  }
  if (!good) out.SetNull(column, row);
  return good;
}

}  // namespace laminar::formats
