#include "sql/keywords.h"

#include <algorithm>
#include <array>

#include "sql/parser.h"

namespace laminar::sql {
namespace {

enum class Use : uint8_t { kFree, kReserved };

struct Entry {
  std::string_view word;
  Use use;
};

constexpr Entry kEntries[] = {
#define KEYWORD(word, use) {#word, Use::use},
#include "sql/keywords.def"
#undef KEYWORD
};
constexpr std::string_view kWords[] = {
#define KEYWORD(word, use) #word,
#include "sql/keywords.def"
#undef KEYWORD
};
static_assert(std::is_sorted(std::begin(kWords), std::end(kWords)));

constexpr size_t kLongest = 17;  // CURRENT_TIMESTAMP

// Upper case into the buffer; empty when the word is longer than any keyword.
std::string_view Upper(std::string_view word, std::array<char, kLongest>& buffer) {
  if (word.size() > kLongest) return {};
  for (size_t i = 0; i < word.size(); ++i) {
    buffer[i] = word[i] >= 'a' && word[i] <= 'z' ? static_cast<char>(word[i] - 32) : word[i];
  }
  return {buffer.data(), word.size()};
}

// Edit distance with swaps of neighbours; words up to kLongest.
size_t Distance(std::string_view a, std::string_view b) {
  std::array<std::array<uint8_t, kLongest + 1>, kLongest + 1> d{};
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = static_cast<uint8_t>(i);
  for (size_t k = 0; k <= b.size(); ++k) d[0][k] = static_cast<uint8_t>(k);
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t k = 1; k <= b.size(); ++k) {
      const int change = a[i - 1] == b[k - 1] ? 0 : 1;
      int best = std::min({d[i - 1][k] + 1, d[i][k - 1] + 1, d[i - 1][k - 1] + change});
      if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) best = std::min(best, d[i - 2][k - 2] + 1);
      d[i][k] = static_cast<uint8_t>(best);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

bool EqualsWord(std::string_view word, std::string_view upper) {
  if (word.size() != upper.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i] >= 'a' && word[i] <= 'z' ? static_cast<char>(word[i] - 32) : word[i];
    if (c != upper[i]) return false;
  }
  return true;
}

bool IsReserved(std::string_view word) {
  std::array<char, kLongest> buffer;
  const std::string_view upper = Upper(word, buffer);
  const auto* found = std::lower_bound(std::begin(kEntries), std::end(kEntries), upper,
                                       [](const Entry& e, std::string_view w) { return e.word < w; });
  return found != std::end(kEntries) && found->word == upper && found->use == Use::kReserved;
}

std::string_view NearestWord(std::string_view word, std::span<const std::string_view> candidates) {
  std::array<char, kLongest> buffer;
  const std::string_view upper = Upper(word, buffer);
  if (upper.size() < 2) return {};
  const size_t allowed = upper.size() <= 4 ? 1 : 2;
  std::string_view nearest;
  size_t least = allowed + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongest || candidate.size() < 2) continue;
    const size_t distance = Distance(upper, candidate);
    if (distance > 0 && distance < least && distance < candidate.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::span<const std::string_view> Keywords() { return kWords; }

}  // namespace laminar::sql
