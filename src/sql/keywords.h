// The words of the grammar: which are reserved, and which is nearest to a misspelt one.
#pragma once

#include <span>
#include <string_view>

namespace laminar::sql {

// ASCII case-insensitive equality; `upper` is in upper case.
bool EqualsWord(std::string_view word, std::string_view upper);

// May the word never be a bare name? Any case.
bool IsReserved(std::string_view word);

// The candidate (upper case) nearest to the word by edits (insert, delete, replace, swap neighbours), if near enough
// to be a slip of the hand: one edit up to four letters, two beyond. Empty: none. An exact match is no misspelling.
std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace laminar::sql
