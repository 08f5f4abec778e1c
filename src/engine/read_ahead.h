// ReadAhead: the rows of a cursor, read by a thread of its own while the rows before them are used. Reading
// decompresses and merges files, using builds tables in memory: about as much work, so it takes little more than half
// the time.
//
// Law: what is used is what the cursor gives, in its order, whoever reads. At most a few chunks wait.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "state/checkpoint/checkpoint_store.h"

namespace laminar::engine {

class ReadAhead {
 public:
  explicit ReadAhead(std::unique_ptr<state::StateCursor> cursor);
  ~ReadAhead();

  // To the next row; false: there is none, see status(). The first call goes to the first row. Where no thread can be
  // had, the caller reads.
  bool Next();
  std::string_view key() const { return key_; }      // until Next
  std::string_view value() const { return value_; }  // until Next
  const Status& status() const;

 private:
  struct Rep;
  bool TakeChunk();
  std::unique_ptr<Rep> rep_;
  std::string_view key_;
  std::string_view value_;
};

}  // namespace laminar::engine
