#include "formats/csv_index.h"

#include <bit>
#include <cstring>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace laminar::formats {

namespace {

constexpr size_t kWindowBytes = size_t{1} << 20;

// Bit i: an odd number of bits among 0..i.
uint64_t PrefixXor(uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  bits ^= bits << 32;
  return bits;
}

}  // namespace

size_t CsvRowScanner::Scan(std::string_view bytes, uint32_t base, std::vector<uint32_t>* ends) {
  const bool quoting = dialect_.quote != '\0';
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (state_ == State::kQuoted) {
      const void* next = std::memchr(bytes.data() + i, dialect_.quote, bytes.size() - i);
      if (next == nullptr) return 0;
      i = static_cast<size_t>(static_cast<const char*>(next) - bytes.data());
      state_ = State::kAfterQuote;
      continue;
    }
    if (c == dialect_.delimiter || c == '\n') {
      // A carriage return between a closing quote and a delimiter is text after the quote.
      if (state_ == State::kAfterQuoteReturn && c != '\n') malformed_ = true;
      if (ends != nullptr) ends->push_back(base + static_cast<uint32_t>(i));
      state_ = State::kFieldStart;
      if (c == '\n') return i + 1;
      continue;
    }
    switch (state_) {
      case State::kFieldStart: state_ = quoting && c == dialect_.quote ? State::kQuoted : State::kPlain; break;
      case State::kAfterQuote:
        if (c == dialect_.quote) {
          state_ = State::kQuoted;
        } else if (c == '\r') {
          state_ = State::kAfterQuoteReturn;
        } else {
          malformed_ = true;
          state_ = State::kPlain;
        }
        break;
      case State::kAfterQuoteReturn:
        malformed_ = true;
        state_ = State::kPlain;
        break;
      case State::kPlain:
      case State::kQuoted: break;
    }
  }
  return 0;
}

CsvIndex::Masks CsvIndex::Load(const char* bytes, size_t size, CsvDialect dialect) {
  char padded[64];
  if (size < 64) {
    std::memcpy(padded, bytes, size);
    std::memset(padded + size, 0, 64 - size);
    bytes = padded;
  }
  Masks masks;
#ifdef __AVX2__
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32));
  auto bits = [](__m256i a, __m256i b) {
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(a))) |
           static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(b))) << 32;
  };
  auto equal = [&](char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    return bits(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
  };
  masks.quote = equal(dialect.quote);
  masks.delimiter = equal(dialect.delimiter);
  masks.newline = equal('\n');
  masks.carriage_return = equal('\r');
  masks.high = bits(low, high);
#else
  for (int i = 0; i < 64; ++i) {
    const uint64_t bit = uint64_t{1} << i;
    const char c = bytes[i];
    if (c == dialect.quote) masks.quote |= bit;
    if (c == dialect.delimiter) masks.delimiter |= bit;
    if (c == '\n') masks.newline |= bit;
    if (c == '\r') masks.carriage_return |= bit;
    if ((c & 0x80) != 0) masks.high |= bit;
  }
#endif
  if (dialect.quote == '\0') masks.quote = 0;
  if (size < 64) {
    const uint64_t valid = (uint64_t{1} << size) - 1;
    masks.quote &= valid;
    masks.delimiter &= valid;
    masks.newline &= valid;
  }
  return masks;
}

void CsvIndex::Emit(uint64_t structural, uint64_t newlines, uint32_t base) {
  if (structural == 0) return;
  if (count_ + 72 > ends_.size()) ends_.resize(ends_.size() * 2 + 1024);
  for (uint64_t rest = newlines; rest != 0; rest &= rest - 1) {
    const uint64_t up_to = rest ^ (rest - 1);
    row_fields_.push_back(static_cast<uint32_t>(count_ - 1) + static_cast<uint32_t>(std::popcount(structural & up_to)));
  }
  uint32_t* to = ends_.data() + count_;
  const int found = std::popcount(structural);
  count_ += static_cast<size_t>(found);
  // Eight at a time without a test each: what is written too far is overwritten later.
  for (int done = 0; done < found; done += 8) {
    for (int i = 0; i < 8; ++i) {
      to[done + i] = base + static_cast<uint32_t>(std::countr_zero(structural));
      structural &= structural - 1;
    }
  }
}

size_t CsvIndex::ScanOneRow(std::string_view text) {
  count_ = row_fields_.back() + size_t{1};
  ends_.resize(count_);
  const size_t start = static_cast<uint32_t>(ends_[count_ - 1] + 1);
  has_high_bytes_ = true;  // not looked at here
  scanner_.Restart();
  const size_t size = scanner_.Scan(text.substr(start), static_cast<uint32_t>(start), &ends_);
  if (size == 0) {
    ends_.resize(count_);
    return 0;
  }
  if (scanner_.malformed()) malformed_.push_back(rows());
  count_ = ends_.size();
  row_fields_.push_back(static_cast<uint32_t>(count_ - 1));
  return start + size;
}

void CsvIndex::Build(std::string_view text, uint32_t rows_wanted) {
  row_fields_.assign(1, 0);
  malformed_.clear();
  has_quotes_ = false;
  has_high_bytes_ = false;
  if (ends_.size() < 1024) ends_.resize(1024);
  ends_[0] = UINT32_MAX;  // so that the first field starts at 0
  count_ = 1;
  uint64_t in_quote = 0;    // all ones: the block starts inside quotes
  uint64_t may_open = 1;    // bit 0: a quote may open at the block's first byte
  uint64_t was_closed = 0;  // bit 0: a quote closed just before the block
  uint64_t high = 0;
  size_t block = 0;
  while (block < text.size() && rows() < rows_wanted && (block < kWindowBytes || rows() == 0)) {
    const size_t size = text.size() - block < 64 ? text.size() - block : 64;
    const Masks masks = Load(text.data() + block, size, dialect_);
    uint64_t structural = masks.delimiter | masks.newline;
    high |= masks.high;
    if ((masks.quote | in_quote | was_closed) != 0) {
      has_quotes_ = true;
      const uint64_t inside = PrefixXor(masks.quote) ^ in_quote;
      const uint64_t opening = masks.quote & inside;
      const uint64_t closing = masks.quote & ~inside;
      structural &= ~inside;
      const uint64_t valid = size < 64 ? (uint64_t{1} << size) - 1 : ~uint64_t{0};
      const uint64_t bad_open = opening & ~((structural | closing) << 1 | may_open);
      const uint64_t bad_close = (closing << 1 | was_closed) & valid & ~(structural | opening);
      // A carriage return may follow a closing quote, but only before a newline: the row scanner decides.
      const uint64_t bad_return = bad_close & masks.carriage_return & ~(masks.newline >> 1 | uint64_t{1} << 63);
      const uint64_t unsure_return = bad_close & masks.carriage_return & uint64_t{1} << 63;
      const uint64_t bad = bad_open | (bad_close & ~masks.carriage_return) | bad_return | unsure_return;
      if (bad != 0) {
        const uint64_t before = (bad & (~bad + 1)) - 1;
        Emit(structural & before, masks.newline & structural & before, static_cast<uint32_t>(block));
        if (rows() >= rows_wanted) break;
        const size_t next = ScanOneRow(text);
        if (next == 0) break;
        block = next;
        in_quote = 0;
        may_open = 1;
        was_closed = 0;
        continue;
      }
      in_quote = inside >> 63 != 0 ? ~uint64_t{0} : 0;
      was_closed = closing >> 63;
      may_open = (structural | closing) >> 63;
    } else {
      may_open = structural >> 63;
    }
    Emit(structural, masks.newline & structural, static_cast<uint32_t>(block));
    block += size;
  }
  has_high_bytes_ = has_high_bytes_ || high != 0;
  if (rows() > rows_wanted) row_fields_.resize(rows_wanted + size_t{1});
}

}  // namespace laminar::formats
