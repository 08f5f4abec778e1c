// Case, splitting, nearest names and bytes made safe. Numbers and durations stand in text_numbers.cc.
#include "base/text.h"

#include <algorithm>
#include <array>

namespace laminar {
namespace {

template <class Part>
std::string JoinParts(std::span<const Part> parts, std::string_view separator) {
  std::string joined;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) joined += separator;
    joined += parts[i];
  }
  return joined;
}

// Names longer than this are no typos of one another worth a guess; it bounds the work on hostile input.
constexpr size_t kNameBytesMax = 64;

template <class Name>
std::string_view NearestOf(std::string_view word, std::span<const Name> candidates) {
  if (word.empty() || word.size() > kNameBytesMax) return {};
  // One slip in a short name, up to three in a long one; never so many that another word would do.
  const uint32_t bound = std::min<uint32_t>(3, static_cast<uint32_t>(word.size() + 2) / 3);
  uint32_t best_distance = bound + 1;
  std::string_view best;
  for (const Name& candidate : candidates) {
    const uint32_t distance = EditDistance(word, candidate, bound);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string AsQuestion(std::string_view name) {
  return name.empty() ? std::string() : "did you mean '" + std::string(name) + "'?";
}

// Length of the well-formed character at the front of bytes, or 0.
size_t Utf8Length(std::string_view bytes, uint32_t* code_point) {
  if (bytes.empty()) return 0;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) {
    *code_point = lead;
    return 1;
  }
  size_t length = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
  }
  if (length == 0 || bytes.size() < length) return 0;
  uint32_t value = lead & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
    value = value << 6 | (at(i) & 0x3F);
  }
  const bool is_overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (is_overlong || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) return 0;
  *code_point = value;
  return length;
}

struct CodeRange {
  uint32_t first;
  uint32_t last;
};
// Marks that sit on the character before them, and the blocks that terminals draw two columns wide.
constexpr CodeRange kZeroWidth[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},
                                    {0x064B, 0x065F}, {0x0900, 0x0902}, {0x093A, 0x093A}, {0x0E31, 0x0E31},
                                    {0x0E34, 0x0E3A}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
                                    {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr CodeRange kDoubleWidth[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},  {0x3400, 0x4DBF},
                                      {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
                                      {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

bool IsIn(std::span<const CodeRange> ranges, uint32_t code_point) {
  for (const CodeRange& range : ranges) {
    if (code_point >= range.first && code_point <= range.last) return true;
  }
  return false;
}

}  // namespace

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLowerAscii(c);
  return lower;
}

std::string ToUpper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = ToUpperAscii(c);
  return upper;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ToLowerAscii(a[i]) != ToLowerAscii(b[i])) return false;
  }
  return true;
}

bool StartsWith(std::string_view text, std::string_view prefix) { return text.starts_with(prefix); }
bool EndsWith(std::string_view text, std::string_view suffix) { return text.ends_with(suffix); }
bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}
bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpaceAscii(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpaceAscii(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != separator) continue;
    parts.push_back(text.substr(start, i - start));
    start = i + 1;
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::string Join(std::span<const std::string> parts, std::string_view separator) { return JoinParts(parts, separator); }
std::string Join(std::span<const std::string_view> parts, std::string_view separator) {
  return JoinParts(parts, separator);
}

std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  if (from.empty()) return std::string(text);
  std::string replaced;
  size_t start = 0;
  for (size_t hit = text.find(from); hit != std::string_view::npos; hit = text.find(from, start)) {
    replaced += text.substr(start, hit - start);
    replaced += to;
    start = hit + from.size();
  }
  replaced += text.substr(start);
  return replaced;
}

uint32_t EditDistance(std::string_view a, std::string_view b, uint32_t bound) {
  const uint32_t beyond = bound + 1;
  const size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap > bound || a.size() > kNameBytesMax || b.size() > kNameBytesMax) return beyond;
  // Three rows of the usual table: the row before last serves the swap of neighbours.
  std::array<uint32_t, kNameBytesMax + 1> before_last{};
  std::array<uint32_t, kNameBytesMax + 1> last{};
  std::array<uint32_t, kNameBytesMax + 1> now{};
  for (size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<uint32_t>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = static_cast<uint32_t>(i);
    uint32_t row_best = now[0];
    for (size_t j = 1; j <= b.size(); ++j) {
      const char x = ToLowerAscii(a[i - 1]);
      const char y = ToLowerAscii(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (x == y ? 0u : 1u)});
      const bool is_swap = i > 1 && j > 1 && x == ToLowerAscii(b[j - 2]) && y == ToLowerAscii(a[i - 2]);
      if (is_swap) now[j] = std::min(now[j], before_last[j - 2] + 1);
      row_best = std::min(row_best, now[j]);
    }
    if (row_best > bound) return beyond;
    before_last = last;
    last = now;
  }
  return std::min(last[b.size()], beyond);
}

std::string_view NearestName(std::string_view word, std::span<const std::string> candidates) {
  return NearestOf(word, candidates);
}
std::string_view NearestName(std::string_view word, std::span<const std::string_view> candidates) {
  return NearestOf(word, candidates);
}
std::string DidYouMean(std::string_view word, std::span<const std::string> candidates) {
  return AsQuestion(NearestOf(word, candidates));
}
std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates) {
  return AsQuestion(NearestOf(word, candidates));
}

bool IsUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    // Eight ASCII bytes at a time: most text is ASCII.
    while (bytes.size() >= 8) {
      uint64_t word = 0;
      __builtin_memcpy(&word, bytes.data(), 8);
      if ((word & 0x8080808080808080ull) != 0) break;
      bytes.remove_prefix(8);
    }
    if (bytes.empty()) return true;
    uint32_t code_point = 0;
    const size_t length = Utf8Length(bytes, &code_point);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    uint32_t code_point = 0;
    const size_t length = Utf8Length(text, &code_point);
    if (length == 0 || code_point < 0x300) {
      width += 1;
    } else if (IsIn(kDoubleWidth, code_point)) {
      width += 2;
    } else if (!IsIn(kZeroWidth, code_point)) {
      width += 1;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return width;
}

std::string EscapeForMessage(std::string_view bytes, size_t bytes_max) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string safe;
  size_t taken = 0;
  while (taken < bytes.size()) {
    uint32_t code_point = 0;
    const size_t length = Utf8Length(bytes.substr(taken), &code_point);
    const size_t step = length == 0 ? 1 : length;
    if (taken + step > bytes_max) {
      safe += "...";
      break;
    }
    // C0, DEL and C1 controls could move a terminal's cursor; U+2028, U+2029 and the direction marks could reorder a
    // log line.
    const bool is_control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) ||
                            (code_point >= 0x2028 && code_point <= 0x202E) ||
                            (code_point >= 0x2066 && code_point <= 0x2069);
    if (length != 0 && !is_control) {
      safe += bytes.substr(taken, step);
    } else {
      for (size_t i = 0; i < step; ++i) {
        const auto byte = static_cast<uint8_t>(bytes[taken + i]);
        safe += "\\x";
        safe += kHex[byte >> 4];
        safe += kHex[byte & 15];
      }
    }
    taken += step;
  }
  return safe;
}

std::string Quoted(std::string_view bytes, size_t bytes_max) { return "'" + EscapeForMessage(bytes, bytes_max) + "'"; }

}  // namespace laminar
