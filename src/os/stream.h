// The byte streams a process is given: standard input and output. They cannot be read twice and have no position.
// Errors: kIo with the system's own words. Thread: one at a time a stream.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace laminar::os {

class Stream {
 public:
  virtual ~Stream() = default;
  enum class ReadState : uint8_t { kBytes, kNothingYet, kEnd };
  // What is there now, without waiting; `size` gets the number of bytes.
  virtual Result<ReadState> Read(std::span<char> out, size_t& size) = 0;
  // All bytes, waiting as long as it takes.
  virtual Status Write(std::string_view bytes) = 0;
};

Stream& StandardInput();
Stream& StandardOutput();
Stream& StandardError();

// All of standard input, waiting for its end; kLimitReached when it is longer.
Result<std::string> ReadStandardInput(uint64_t bytes_max);

// Where relative paths start; empty when the system does not say.
std::string WorkingDirectory();

}  // namespace laminar::os
