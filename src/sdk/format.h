// Format: bytes <-> batches, for connectors that move bytes. One file under formats/, one line in formats/formats.def.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"
#include "sdk/connector.h"

namespace laminar::sdk {

// Decodes one stream of bytes (a file, a pipe). Rows may be cut anywhere between two calls of Feed.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // Gives more bytes, which stay the caller's and must stay in place until Decode has returned "needs more".
  virtual void Feed(std::string_view bytes) = 0;
  // No more bytes will come: the last row need not end with a newline.
  virtual void Finish() = 0;
  // Appends rows to `out` until it holds `rows_max` or the bytes are used up (then true: needs more, or is at the end
  // after Finish).
  virtual Result<bool> Decode(data::BatchBuffer& out, uint32_t rows_max) = 0;

  // To go on later right behind the rows handed out and reported: `pending` is how many of the bytes fed stand behind
  // them, `out` gets what else a new decoder must know. False: it cannot be done. Called between two Decodes, often.
  virtual bool AppendState(std::string& out, uint64_t& pending) const {
    (void)out, (void)pending;
    return false;
  }
  // Before anything is fed: go on where a decoder with this state stood. The state may be any bytes: kCorrupt.
  virtual Status Restore(std::string_view state) {
    (void)state;
    return Status(ErrorCode::kNotSupported, "this format cannot be read on from the middle");
  }
};

struct DecoderRequest {
  std::string place;  // file name for BadRows
  data::Schema schema;
  std::vector<bool> needed;
  Options* options = nullptr;  // format options are read from here
  BadRows* bad_rows = nullptr;
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  // Appends the text of all rows to `out`; with weights, rows are written as the format's changelog form or refused at
  // creation.
  virtual Status Encode(const data::Batch& batch, std::string& out) = 0;
  virtual Status Begin(std::string& out) { return {}; }   // header
  virtual Status Finish(std::string& out) { return {}; }  // footer
  // How many of these bytes, which begin at the start of a row, are whole rows; what is behind may be anything.
  virtual size_t WholeRows(std::string_view bytes) const {
    (void)bytes;
    return 0;
  }
};

}  // namespace laminar::sdk
