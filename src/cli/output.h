// Where the command line writes: standard output in large pieces, standard error at once.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace laminar::cli {

// Everything written so far is on its way when this returns.
void FlushOutput();
// Buffered; a peer that hung up turns later writes into nothing and is_closed() true.
void WriteOutput(std::string_view text);
bool IsOutputClosed();
// Unbuffered, after a FlushOutput, so that both streams read in order on a terminal.
void WriteError(std::string_view text);

// The same without touching what waits for standard output: for other threads than the one that writes there.
void WriteErrorOnly(std::string_view text);

// Colours when the stream is a terminal and NO_COLOR is not set; otherwise empty strings.
struct Paint {
  std::string_view red, bold, dim, green, reset;
};
Paint PaintOf(int fd);
bool IsUtf8Terminal();

// "error LDB-A002 at script.sql:3:8: unknown column ..." with the line, a caret under the place, and the hint.
// `script` is the text the status' position counts in, from byte `start` (line and column of the status are relative to
// it).
struct ErrorPlace {
  std::string_view name;    // of the script; empty: not shown
  std::string_view script;  // whole text; empty: no line is shown
  size_t start = 0;         // where the failing statement begins
};
std::string ErrorText(const Status& status, const ErrorPlace& place, const Paint& paint);

}  // namespace laminar::cli
