#include "cli/output.h"

#include <algorithm>

#include "base/text.h"
#include "os/process.h"
#include "os/stream.h"

namespace laminar::cli {

namespace {

constexpr size_t kBufferBytes = size_t{64} << 10;

std::string& Buffer() {
  static std::string buffer;
  return buffer;
}
bool is_closed = false;

}  // namespace

void FlushOutput() {
  std::string& buffer = Buffer();
  if (!buffer.empty() && !is_closed) is_closed = !os::StandardOutput().Write(buffer).ok();
  buffer.clear();
}

void WriteOutput(std::string_view text) {
  Buffer().append(text);
  if (Buffer().size() >= kBufferBytes) FlushOutput();
}

bool IsOutputClosed() { return is_closed; }

void WriteError(std::string_view text) {
  FlushOutput();
  WriteErrorOnly(text);
}

void WriteErrorOnly(std::string_view text) {
  (void)os::StandardError().Write(text);  // when even this fails there is nobody left to tell
}

Paint PaintOf(int fd) {
  if (!os::IsTerminal(fd) || os::Environment("NO_COLOR") || os::Environment("TERM") == "dumb") return {};
  return {"\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[0m"};
}

bool IsUtf8Terminal() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = os::Environment(name);
    if (value && !value->empty()) return Contains(ToLower(*value), "utf");
  }
  return false;
}

std::string ErrorText(const Status& status, const ErrorPlace& place, const Paint& paint) {
  std::string out(paint.red);
  out += "error " + std::string(PublicCode(status.code()));
  out += paint.reset;
  std::string source_line;
  size_t caret = 0;
  const TextPosition at = status.position();
  if (!place.script.empty()) {
    const size_t offset = std::min(place.start + (at.line > 0 ? at.offset : 0), place.script.size());
    const auto before = place.script.substr(0, offset);
    const size_t line = static_cast<size_t>(std::ranges::count(before, '\n')) + 1;
    const size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    const size_t column = offset - begin + 1;
    if (!place.name.empty() || at.line > 0) {
      out += " at ";
      if (!place.name.empty()) out += std::string(place.name) + ":";
      out += std::to_string(line) + (at.line > 0 ? ":" + std::to_string(column) : "");
    }
    if (at.line > 0) {
      const size_t end = std::min(place.script.find('\n', begin), place.script.size());
      source_line = EscapeForMessage(place.script.substr(begin, end - begin), 4000);
      const std::string left = EscapeForMessage(place.script.substr(begin, offset - begin), 4000);
      caret = DisplayWidth(left);
      // A long line: the part around the place.
      constexpr size_t kContext = 60;
      if (left.size() > kContext && source_line.size() > 2 * kContext) {
        size_t cut = left.size() - kContext;
        while (cut < left.size() && (static_cast<unsigned char>(source_line[cut]) & 0xC0) == 0x80) ++cut;
        caret = DisplayWidth(std::string_view(left).substr(cut)) + 3;
        source_line = "..." + source_line.substr(cut);
      }
      if (source_line.size() > 2 * kContext) source_line = EscapeForMessage(source_line, 2 * kContext);
      out += ": " + status.message() + "\n";
      const std::string number = std::to_string(line);
      out += std::string(paint.dim) + "  " + number + " | " + std::string(paint.reset) + source_line + "\n";
      out +=
          std::string(number.size() + 5 + caret, ' ') + std::string(paint.bold) + "^" + std::string(paint.reset) + "\n";
      if (!status.hint().empty()) out += "  hint: " + status.hint() + "\n";
      return out;
    }
  }
  out += ": " + status.message() + "\n";
  if (!status.hint().empty()) out += "  hint: " + status.hint() + "\n";
  return out;
}

}  // namespace laminar::cli
