// Text helpers every module may use: ASCII case, splitting, names close to a typo, numbers and durations as text.
// Law: format and parse are inverse (ParseX(FormatX(v)) == v), and nothing here depends on the process locale.
// All functions are pure and may be called from any thread. Those that return strings allocate: not for ring-0 steps.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace laminar {

// ASCII only; other bytes stay as they are.
constexpr char ToLowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char ToUpperAscii(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr bool IsDigitAscii(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsAlphaAscii(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// Space, tab, line feed, vertical tab, form feed, carriage return.
constexpr bool IsSpaceAscii(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
bool StartsWith(std::string_view text, std::string_view prefix);
bool EndsWith(std::string_view text, std::string_view suffix);
bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix);
bool Contains(std::string_view text, std::string_view part);

// Without the white space at both ends; a view into the argument.
std::string_view Trim(std::string_view text);
// At every separator; always at least one part; parts may be empty. Views into the argument.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(std::span<const std::string> parts, std::string_view separator);
std::string Join(std::span<const std::string_view> parts, std::string_view separator);
std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to);

// Number of single-character edits (insert, delete, replace, swap of neighbours), case ignored. Returns bound + 1 as
// soon as the distance is known to exceed the bound.
uint32_t EditDistance(std::string_view a, std::string_view b, uint32_t bound);
// The candidate a mistyped word most likely meant (first of the closest), or empty when none is near enough.
std::string_view NearestName(std::string_view word, std::span<const std::string> candidates);
std::string_view NearestName(std::string_view word, std::span<const std::string_view> candidates);
// "did you mean 'x'?", or empty: ready to be a Status hint.
std::string DidYouMean(std::string_view word, std::span<const std::string> candidates);
std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates);

// Whole text or error (kBadValue, kOutOfRange); surrounding white space is allowed, a leading '+' too.
Result<int64_t> ParseInt64(std::string_view text);
Result<uint64_t> ParseUint64(std::string_view text);
// Also "inf", "infinity" and "nan" in any case. Too large for a double is kOutOfRange; too small becomes zero.
Result<double> ParseDouble(std::string_view text);
// true, on, yes, 1 / false, off, no, 0 in any case.
Result<bool> ParseBool(std::string_view text);

// '5 minutes', '100ms', '1 hour 30 minutes', '1h30m', '1.5 hours', '-2 s'; a bare number is milliseconds.
// Units: ns us µs ms s m|min h d w and the English words. Months and years have no fixed length: kBadDuration, as for
// a value that is not a whole number of microseconds or does not fit.
Result<Duration> ParseDuration(std::string_view text);
// The inverse: '1 hour 30 minutes', '100 ms', '0 s'.
std::string FormatDuration(Duration duration);

// '64KB', '1.5 GiB', '4096': all units are powers of 1024.
Result<uint64_t> ParseBytes(std::string_view text);
// '512 bytes', '1.5 MiB'. For people; not exact.
std::string FormatBytes(uint64_t bytes);

// The shortest text that reads back as the same double: '0.1', '1e+22', '-0', 'NaN', 'Infinity', '-Infinity'.
std::string FormatDouble(double value);
std::string FormatFloat(float value);
// Decimal digits grouped for people: '1,234,567'.
std::string FormatCount(int64_t value);

// Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::string_view bytes);
// How many terminal columns a UTF-8 text takes (wide East Asian and emoji count two, combining marks none). Each
// ill-formed byte counts as one.
size_t DisplayWidth(std::string_view text);

// Hostile bytes as safe text for a message: control and ill-formed bytes as \xNN, quotes left alone, cut at
// bytes_max with "..." (never inside a character).
std::string EscapeForMessage(std::string_view bytes, size_t bytes_max = 100);
// 'text' in single quotes, escaped for a message.
std::string Quoted(std::string_view bytes, size_t bytes_max = 100);

}  // namespace laminar
