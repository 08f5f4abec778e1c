// JSON values into the slots of columns, by the column's type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/batch.h"
#include "data/type.h"
#include "formats/json_scanner.h"
#include "formats/scalar_text.h"

namespace laminar::formats {

class JsonValueReader {
 public:
  explicit JsonValueReader(int64_t epoch_unit) : epoch_unit_(epoch_unit) {}

  // Reads the scanner's next value into a row of `column`, which belongs to `out`. False: it does not fit (see
  // reason()) or is not JSON (the scanner has failed). The slot is harmless in any case.
  bool Read(JsonScanner& scanner, const data::Type& type, data::BatchBuffer& out, data::Column& column, uint32_t row,
            int depth);
  const std::string& reason() const { return reason_; }
  void ClearReason() { reason_.clear(); }

 private:
  struct Slot {
    JsonScanner& scanner;
    const data::Type& type;
    data::BatchBuffer& out;
    data::Column& column;
    uint32_t row;
    int depth;
  };
  bool ReadNumber(const Slot& slot);
  bool ReadString(const Slot& slot);
  bool ReadArray(const Slot& slot);
  bool ReadObject(const Slot& slot);
  bool ReadStruct(const Slot& slot);
  bool ReadMap(const Slot& slot);
  bool ReadRaw(const Slot& slot);
  bool ReadText(const Slot& slot, std::string_view text);
  bool WholeNumber(std::string_view text, int64_t& out);
  bool Mismatch(const Slot& slot, std::string_view found);

  const int64_t epoch_unit_;
  TimestampReader timestamps_;
  std::string reason_;
};

// Base64 (RFC 4648) with or without padding; false: it is not.
bool DecodeBase64(std::string_view text, std::string& out);
void AppendBase64(std::string_view bytes, std::string& out);

}  // namespace laminar::formats
