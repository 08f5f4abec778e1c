#include "state/table/key_lookup.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hot_scope.h"
#include "data/string_ref.h"

namespace laminar::state {
namespace {

using data::PhysicalType;
using data::StringRef;

constexpr uint32_t kFirstKey = sizeof(RowHeader);
constexpr uint32_t kEntryAhead = 24;
constexpr uint32_t kRowAhead = 12;
// Below this much index and rows everything is in the cache, and prefetching only costs.
constexpr uint64_t kPrefetchFrom = uint64_t{256} << 10;

uint64_t LoadWord(const uint8_t* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

struct NoneEqual {
  bool operator()(uint32_t, const uint8_t*) const { return true; }
};

struct WordEqual {
  const uint8_t* words;
  bool operator()(uint32_t i, const uint8_t* row) const {
    return LoadWord(row + kFirstKey) == LoadWord(words + size_t{i} * 8);
  }
};

template <uint32_t kOffset>
struct StringEqual {
  const uint8_t* strings;
  bool operator()(uint32_t i, const uint8_t* row) const {
    const uint8_t* a = row + kOffset;
    const uint8_t* b = strings + size_t{i} * 16;
    if (LoadWord(a) != LoadWord(b)) return false;  // length and prefix
    if (LoadWord(a + 8) == LoadWord(b + 8)) return true;
    const uint32_t length = static_cast<uint32_t>(LoadWord(a));
    if (length <= StringRef::kInlineMax) return false;
    return std::memcmp(reinterpret_cast<const char*>(LoadWord(a + 8)), reinterpret_cast<const char*>(LoadWord(b + 8)),
                       length) == 0;
  }
};

template <class Second>
struct WordAnd {
  const uint8_t* words;
  Second second;
  bool operator()(uint32_t i, const uint8_t* row) const {
    return LoadWord(row + kFirstKey) == LoadWord(words + size_t{i} * 8) && second(i, row);
  }
};

struct SecondWord {
  const uint8_t* words;
  bool operator()(uint32_t i, const uint8_t* row) const {
    return LoadWord(row + kFirstKey + 8) == LoadWord(words + size_t{i} * 8);
  }
};

// The bytes of a batch column are the stored form already.
bool IsStoredForm(const StoredColumn& column, const data::Column& from) {
  if (from.encoding != data::Encoding::kFlat || from.has_nulls) return false;
  switch (column.physical) {
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64:
    case PhysicalType::kInt128:
    case PhysicalType::kUuid:
    case PhysicalType::kString: return true;
    default: return false;
  }
}

}  // namespace

KeyLookup::KeyLookup(PageStore& store, KeyIndex& index)
    : store_(store),
      index_(index),
      shape_(ShapeOf(store.layout())),
      null_mask_(static_cast<uint8_t>((1u << std::min<size_t>(store.layout().keys.size(), 8)) - 1)),
      sources_(store.layout().keys.size()) {}

KeyLookup::Shape KeyLookup::ShapeOf(const RowLayout& layout) {
  if (layout.extra_null_bytes != 0) return Shape::kAny;
  const std::vector<StoredColumn>& keys = layout.keys;
  auto is = [&](size_t i, Slot slot) { return keys[i].slot == slot && keys[i].physical != PhysicalType::kNull; };
  if (keys.empty()) return Shape::kNone;
  if (keys.size() == 1 && is(0, Slot::kWord)) return Shape::kWord;
  if (keys.size() == 1 && is(0, Slot::kString)) return Shape::kString;
  if (keys.size() == 2 && is(0, Slot::kWord) && is(1, Slot::kWord)) return Shape::kWordWord;
  if (keys.size() == 2 && is(0, Slot::kWord) && is(1, Slot::kString)) return Shape::kWordString;
  return Shape::kAny;
}

void KeyLookup::Load(const data::Batch& batch, std::span<const uint32_t> key_columns, uint32_t first, uint32_t count) {
  DCHECK(key_columns.size() == sources_.size());
  if (has_packed_nulls_) std::memset(packed_nulls_, 0, kBlock);
  has_packed_nulls_ = false;
  heap_.Reset();
  for (size_t k = 0; k < sources_.size(); ++k) {
    const StoredColumn& column = store_.layout().keys[k];
    const data::Column& from = batch.columns[key_columns[k]];
    Source& source = sources_[k];
    const size_t width = column.slot == Slot::kWord ? 8 : 16;
    if (IsStoredForm(column, from)) {
      source.values = from.As<const uint8_t>() + first * width;
      source.has_nulls = false;
      continue;
    }
    AllowAllocation growth;
    if (source.memory == nullptr) {
      source.memory = std::make_unique<uint64_t[]>(kBlock * width / 8);
      source.nulls = std::make_unique<uint8_t[]>(kBlock);
    }
    source.values = reinterpret_cast<const uint8_t*>(source.memory.get());
    source.has_nulls = LoadKeys(column, from, first, count, heap_, scratch_, source.memory.get(), source.nulls.get());
    if (source.has_nulls && k < 8) {
      has_packed_nulls_ = true;
      for (uint32_t i = 0; i < count; ++i)
        packed_nulls_[i] = static_cast<uint8_t>(packed_nulls_[i] | source.nulls[i] << k);
    }
  }
}

bool KeyLookup::AnyEqual(uint32_t row, const uint8_t* stored) const {
  for (size_t k = 0; k < sources_.size(); ++k) {
    const StoredColumn& column = store_.layout().keys[k];
    const Source& source = sources_[k];
    const bool is_null = source.has_nulls && source.nulls[row] != 0;
    if (is_null != column.IsNull(stored)) return false;
    if (is_null) continue;
    uint64_t value[2] = {0, 0};
    const size_t width = column.slot == Slot::kWord ? 8 : 16;
    std::memcpy(value, source.values + row * width, width);
    if (!StoredEquals(column, stored, value)) return false;
  }
  return true;
}

template <class Visit>
void KeyLookup::VisitShape(const Visit& visit) const {
  constexpr uint32_t kNullByte = offsetof(RowHeader, nulls);
  // A null slot is zero in the row and in the block, so only the null bits tell it from a zero.
  auto with_nulls = [&](const auto& equal) {
    visit([&](uint32_t i, const uint8_t* row) {
      return equal(i, row) && (row[kNullByte] & null_mask_) == packed_nulls_[i];
    });
  };
  switch (shape_) {
    case Shape::kNone: return visit(NoneEqual{});
    case Shape::kWord: return with_nulls(WordEqual{sources_[0].values});
    case Shape::kString: return with_nulls(StringEqual<kFirstKey>{sources_[0].values});
    case Shape::kWordWord: return with_nulls(WordAnd<SecondWord>{sources_[0].values, {sources_[1].values}});
    case Shape::kWordString:
      return with_nulls(WordAnd<StringEqual<kFirstKey + 8>>{sources_[0].values, {sources_[1].values}});
    case Shape::kAny: return visit([&](uint32_t i, const uint8_t* row) { return AnyEqual(i, row); });
  }
}

// Inlined by force: the compiler takes a function that only prefetches for one without effect and drops
// calls of it.
[[gnu::always_inline]] inline void KeyLookup::PrefetchRow(uint64_t hash) const {
  const RowRef row = index_.Candidate(hash);
  if (row == kNoRow) return;
  const uint8_t* at = store_.At(row);
  __builtin_prefetch(at, 1);
  __builtin_prefetch(at + store_.layout().row_bytes - 1, 1);
}

template <class Visit>
void KeyLookup::Walk(const uint64_t* hashes, uint32_t count, const Visit& visit) const {
  const bool is_cached = store_.live() * (store_.layout().row_bytes + sizeof(KeyIndex::Entry)) < kPrefetchFrom;
  if (is_cached || count == 1) {  // one alone has nothing to overlap with
    for (uint32_t i = 0; i < count; ++i) visit(i);
    return;
  }
  for (uint32_t i = 0; i < std::min(count, kEntryAhead); ++i) index_.Prefetch(hashes[i]);
  for (uint32_t i = 0; i < std::min(count, kRowAhead); ++i) PrefetchRow(hashes[i]);
  for (uint32_t i = 0; i < count; ++i) {
    if (i + kEntryAhead < count) index_.Prefetch(hashes[i + kEntryAhead]);
    if (i + kRowAhead < count) PrefetchRow(hashes[i + kRowAhead]);
    visit(i);
  }
}

void KeyLookup::Find(const data::Batch& batch, std::span<const uint32_t> key_columns, const uint64_t* hashes,
                     RowRef* out) {
  for (uint32_t first = 0; first < batch.rows; first += kBlock) {
    const uint32_t count = std::min(kBlock, batch.rows - first);
    Load(batch, key_columns, first, count);
    const uint64_t* hash = hashes + first;
    VisitShape([&](const auto& equal) {
      Walk(hash, count, [&](uint32_t i) {
        out[first + i] = index_.Find(hash[i], [&](RowRef row) { return equal(i, store_.At(row)); });
      });
    });
  }
}

void KeyLookup::FindOrInsert(const data::Batch& batch, std::span<const uint32_t> key_columns, const uint64_t* hashes,
                             RowRef* out, uint8_t* inserted) {
  std::memset(inserted, 0, batch.rows);
  for (uint32_t first = 0; first < batch.rows; first += kBlock) {
    const uint32_t count = std::min(kBlock, batch.rows - first);
    Load(batch, key_columns, first, count);
    const uint64_t* hash = hashes + first;
    VisitShape([&](const auto& equal) {
      Walk(hash, count, [&](uint32_t i) {
        RowRef row = index_.Find(hash[i], [&](RowRef found) { return equal(i, store_.At(found)); });
        if (row == kNoRow) [[unlikely]] {
          row = Make(hash[i], i);
          inserted[first + i] = 1;
        }
        out[first + i] = row;
      });
    });
  }
}

RowRef KeyLookup::Make(uint64_t hash, uint32_t row) {
  const RowRef made = store_.New();
  uint8_t* at = store_.At(made);
  HeaderOf(at)->tag = KeyIndex::TagOf(hash);
  HeaderOf(at)->vnode = KeyIndex::VnodeOf(hash);
  for (size_t k = 0; k < sources_.size(); ++k) {
    const StoredColumn& column = store_.layout().keys[k];
    const Source& source = sources_[k];
    if (source.has_nulls && source.nulls[row] != 0) {
      at[column.null_byte] |= column.null_bit;
      continue;
    }
    const size_t width = column.slot == Slot::kWord ? 8 : 16;
    std::memcpy(at + column.offset, source.values + row * width, width);
    if (!column.holds_string()) continue;
    const StringRef text = column.Load<StringRef>(at);
    if (text.is_inline()) continue;
    column.Store(at, StringRef(store_.memory()->strings.Add(text.view()), text.length));
  }
  // Values are NULL until written.
  for (const StoredColumn& column : store_.layout().values) at[column.null_byte] |= column.null_bit;
  index_.Insert(hash, made, [&](RowRef other) { return HeaderOf(store_.At(other))->vnode; });
  return made;
}

}  // namespace laminar::state
