// The state table put together: rows and their pages (page_store.h), the index (key_index.h), lookups
// (key_lookup.h).
#include "state/table/state_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hot_scope.h"
#include "base/text.h"
#include "data/text.h"
#include "state/log/delta.h"
#include "state/table/key_index.h"
#include "state/table/key_lookup.h"
#include "state/table/page_store.h"
#include "state/table/row_image.h"
#include "state/table/table_snapshot.h"

namespace laminar::state {
namespace {

constexpr uint32_t kBlock = 256;
constexpr uint32_t kAhead = 16;
constexpr uint64_t kMostRows = kNoRow - uint64_t{1};

}  // namespace

struct StateTable::Rep {
  explicit Rep(TableSpec table_spec)
      : spec(std::move(table_spec)),
        store(std::make_shared<TableMemory>(spec)),
        layout(store.layout()),
        index(*store.memory()->home),
        lookup(store, index) {}

  TableSpec spec;
  PageStore store;
  const RowLayout& layout;
  KeyIndex index;
  mutable KeyLookup lookup;
  std::string scratch;
  std::string key_bytes;
  std::string tombstones;   // u32 length and bytes, again and again
  uint64_t told_bytes = 0;  // of this table in spec.bytes_of_all

  void FreeStrings(const std::vector<StoredColumn>& columns, const uint8_t* row) {
    for (const StoredColumn& column : columns) {
      if (column.holds_string()) FreeString(column, row);
    }
  }
  void FreeString(const StoredColumn& column, const uint8_t* row) {
    const auto text = column.Load<data::StringRef>(row);
    if (!text.is_inline()) store.FreeString(text.pointer, text.length);
  }
  void StoreValue(const StoredColumn& column, uint8_t* row, const data::Column& from, uint32_t batch_row);
  void DestroyPayloads();
  void AddTombstone(RowRef row);
  Status AppendRow(const uint8_t* row, std::string_view prefix, DeltaWriter& out);
  Status TooLarge(uint64_t key_bytes, uint64_t value_bytes, std::string_view row) const;
  std::string KeyText(const uint8_t* row) const;
  Status ReadRow(std::string_view key, std::string_view value, uint8_t* row);
  void Erase(RowRef row);
  // With the other parts of the table, of which this one holds `own`.
  uint64_t BytesOfAll(uint64_t own) {
    if (spec.bytes_of_all == nullptr) return own;
    const uint64_t more = own - std::exchange(told_bytes, own);  // modulo 2^64: it may be less
    return spec.bytes_of_all->fetch_add(more, std::memory_order_relaxed) + more;
  }
};

StateTable::StateTable(TableSpec spec) : rep_(std::make_unique<Rep>(std::move(spec))) {
  CHECK(rep_->spec.payload_bytes % 8 == 0);
}

StateTable::~StateTable() {
  rep_->DestroyPayloads();
  if (rep_->spec.bytes_of_all != nullptr) rep_->spec.bytes_of_all->fetch_sub(rep_->told_bytes);
}

const TableSpec& StateTable::spec() const { return rep_->spec; }
uint64_t StateTable::size() const { return rep_->store.live(); }
uint64_t StateTable::memory_bytes() const {
  return rep_->store.memory_bytes() + rep_->index.memory_bytes() + rep_->tombstones.capacity();
}
uint32_t StateTable::payload_offset() const { return rep_->layout.payload_offset; }

Status StateTable::Reserve(uint32_t rows) {
  const uint64_t limit = rep_->spec.memory_limit_bytes;
  if (size() + rows > kMostRows) {
    AllowAllocation message;
    return Error(ErrorCode::kLimitReached,
                 fmt::format("state of {}: a table holds at most {} rows", rep_->spec.name, kMostRows));
  }
  StateMemory& memory = *rep_->store.memory()->home;
  if (memory.is_exhausted()) {
    AllowAllocation message;
    return memory.Exhausted().Prefix("state of " + rep_->spec.name);
  }
  if (limit == 0) return Status::Ok();
  const uint64_t room = rep_->store.room();
  const uint64_t missing = rows > room ? rows - room : 0;
  const uint64_t needed = rep_->BytesOfAll(memory_bytes()) + missing * rep_->layout.row_bytes;
  if (needed > limit - limit / 8 && rep_->spec.is_pressed != nullptr) {
    rep_->spec.is_pressed->store(true, std::memory_order_relaxed);
    memory.NotePressure();
  }
  if (needed <= limit) return Status::Ok();
  AllowAllocation message;
  return Error(
      Status(ErrorCode::kLimitReached,
             fmt::format("state of {}: {} more rows need {} bytes, and the limit is {} bytes ({} rows held{})",
                         rep_->spec.name, rows, needed, limit, size(),
                         rep_->spec.bytes_of_all != nullptr ? " on this shard" : ""))
          .WithHint("raise memory_limit_bytes, or keep fewer groups: a smaller window, less lateness, fewer keys"));
}

void StateTable::Find(const data::Batch& batch, std::span<const uint32_t> key_columns, const uint64_t* hashes,
                      RowRef* out) const {
  rep_->lookup.Find(batch, key_columns, hashes, out);
}

void StateTable::FindOrInsert(const data::Batch& batch, std::span<const uint32_t> key_columns, const uint64_t* hashes,
                              RowRef* out, uint8_t* inserted) {
  rep_->lookup.FindOrInsert(batch, key_columns, hashes, out, inserted);
}

void StateTable::Rep::AddTombstone(RowRef row) {
  AllowAllocation growth;
  const size_t start = tombstones.size();
  tombstones.append(sizeof(uint32_t), '\0');
  AppendKeyImage(layout, store.At(row), tombstones);
  const auto length = static_cast<uint32_t>(tombstones.size() - start - sizeof(uint32_t));
  std::memcpy(tombstones.data() + start, &length, sizeof(length));
}

void StateTable::Rep::Erase(RowRef row) {
  uint8_t* at = store.Mutable(row);
  DCHECK(HeaderOf(at)->live != 0);
  if (store.is_tracking()) AddTombstone(row);
  if (spec.destroy_payload != nullptr) spec.destroy_payload(spec.payload_context, at + layout.payload_offset);
  index.Erase(HeaderOf(at)->tag, HeaderOf(at)->vnode, row);
  if (layout.has_strings) {
    FreeStrings(layout.keys, at);
    FreeStrings(layout.values, at);
  }
  store.Erase(row);
}

void StateTable::Erase(RowRef row) { rep_->Erase(row); }

void StateTable::EraseRows(std::span<const RowRef> rows) {
  PageStore& store = rep_->store;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) __builtin_prefetch(store.At(rows[i + kAhead]), 1);
    if (i + kAhead / 2 < rows.size()) {
      const RowHeader* header = HeaderOf(store.At(rows[i + kAhead / 2]));
      rep_->index.Prefetch(uint64_t{header->tag} << 32 | header->vnode);
    }
    rep_->Erase(rows[i]);
  }
}

void StateTable::Rep::DestroyPayloads() {
  if (spec.destroy_payload == nullptr) return;
  for (RowRef row = 0; row < store.slots(); ++row) {
    uint8_t* at = store.At(row);
    if (HeaderOf(at)->live != 0) spec.destroy_payload(spec.payload_context, at + layout.payload_offset);
  }
}

void StateTable::Clear() {
  PageStore& store = rep_->store;
  rep_->DestroyPayloads();
  for (RowRef row = 0; row < store.slots(); ++row) {
    const uint8_t* at = store.At(row);
    if (HeaderOf(at)->live == 0) continue;
    if (store.is_tracking()) rep_->AddTombstone(row);
    rep_->FreeStrings(rep_->layout.keys, at);
    rep_->FreeStrings(rep_->layout.values, at);
  }
  rep_->index.Clear();
  store.Clear();
}

uint8_t* StateTable::Mutable(RowRef row) { return rep_->store.Mutable(row); }
const uint8_t* StateTable::Get(RowRef row) const { return rep_->store.At(row); }

void StateTable::MutableRows(std::span<const RowRef> rows, uint8_t** out) {
  PageStore& store = rep_->store;
  for (size_t i = 0; i < rows.size(); ++i) out[i] = rows[i] == kNoRow ? nullptr : store.Mutable(rows[i]);
}

namespace {

void ReadColumns(const PageStore& store, const std::vector<StoredColumn>& columns, std::span<const RowRef> rows,
                 data::BatchBuffer& buffer, std::span<data::Column* const> out, uint32_t first) {
  DCHECK(out.size() == columns.size());
  const uint8_t* at[kBlock];
  for (size_t done = 0; done < rows.size(); done += kBlock) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(kBlock, rows.size() - done));
    for (uint32_t i = 0; i < count; ++i) {
      at[i] = store.At(rows[done + i]);
      __builtin_prefetch(at[i]);
    }
    for (size_t c = 0; c < columns.size(); ++c) {
      if (out[c] != nullptr) ReadStored(columns[c], at, count, buffer, *out[c], first + static_cast<uint32_t>(done));
    }
  }
}

}  // namespace

void StateTable::ReadKeys(std::span<const RowRef> rows, data::BatchBuffer& buffer,
                          std::span<data::Column* const> out_columns, uint32_t first) const {
  ReadColumns(rep_->store, rep_->layout.keys, rows, buffer, out_columns, first);
}

void StateTable::ReadValues(std::span<const RowRef> rows, data::BatchBuffer& buffer,
                            std::span<data::Column* const> out_columns, uint32_t first) const {
  ReadColumns(rep_->store, rep_->layout.values, rows, buffer, out_columns, first);
}

void StateTable::Rep::StoreValue(const StoredColumn& column, uint8_t* row, const data::Column& from,
                                 uint32_t batch_row) {
  uint64_t value[2];
  const bool is_set = LoadForStore(column, from, batch_row, false, scratch, value);
  if (column.holds_string()) {
    // The new string is copied before the old one goes: it may be a view of it.
    data::StringRef text;
    std::memcpy(static_cast<void*>(&text), value, sizeof(text));
    if (!text.is_inline()) text = data::StringRef(store.memory()->strings.Add(text.view()), text.length);
    FreeString(column, row);
    column.Store(row, text);
  } else {
    std::memcpy(row + column.offset, value, column.slot == Slot::kWord ? 8 : 16);
  }
  uint8_t& nulls = row[column.null_byte];
  nulls = static_cast<uint8_t>(is_set ? nulls & ~column.null_bit : nulls | column.null_bit);
}

void StateTable::WriteValues(std::span<const RowRef> rows, const data::Batch& batch,
                             std::span<const uint32_t> value_columns) {
  DCHECK(value_columns.size() == rep_->layout.values.size());
  AllowAllocation nested;  // the encoding of a nested value may grow the scratch
  for (size_t r = 0; r < rows.size(); ++r) {
    if (r + kAhead < rows.size() && rows[r + kAhead] != kNoRow) __builtin_prefetch(rep_->store.At(rows[r + kAhead]), 1);
    if (rows[r] == kNoRow) continue;
    uint8_t* row = rep_->store.Mutable(rows[r]);
    for (size_t c = 0; c < value_columns.size(); ++c) {
      rep_->StoreValue(rep_->layout.values[c], row, batch.columns[value_columns[c]], static_cast<uint32_t>(r));
    }
  }
}

// Equal as data::Value::Compare sees it, so both sides are brought to canonical form.
bool StateTable::ValuesEqual(RowRef row, const data::Batch& batch, uint32_t batch_row,
                             std::span<const uint32_t> value_columns) const {
  AllowAllocation nested;
  const uint8_t* at = rep_->store.At(row);
  for (size_t c = 0; c < value_columns.size(); ++c) {
    const StoredColumn& column = rep_->layout.values[c];
    uint64_t value[2];
    const bool is_set = LoadForStore(column, batch.columns[value_columns[c]], batch_row, false, rep_->scratch, value);
    if (is_set == column.IsNull(at)) return false;
    if (is_set && !StoredEquals(column, at, value) && !StoredEqualsCanonically(column, at, value)) return false;
  }
  return true;
}

void StateTable::SortByKey(std::span<RowRef> rows, uint32_t first_key) const {
  const std::vector<StoredColumn>& keys = rep_->layout.keys;
  if (first_key >= keys.size() || rows.size() < 2) return;
  const PageStore& store = rep_->store;
  struct Item {
    uint64_t prefix;
    RowRef row;
  };
  AllowAllocation sorting;
  std::vector<Item> items(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) __builtin_prefetch(store.At(rows[i + kAhead]));
    items[i] = {OrderPrefix(keys[first_key], store.At(rows[i])), rows[i]};
  }
  std::sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    for (size_t k = first_key; k < keys.size(); ++k) {
      const int order = CompareStored(keys[k], store.At(a.row), store.At(b.row));
      if (order != 0) return order < 0;
    }
    return false;
  });
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = items[i].row;
}

bool StateTable::KeysEqual(RowRef a, RowRef b, uint32_t first_key) const {
  if (a == b) return true;
  for (size_t k = first_key; k < rep_->layout.keys.size(); ++k) {
    if (CompareStored(rep_->layout.keys[k], rep_->store.At(a), rep_->store.At(b)) != 0) return false;
  }
  return true;
}

uint32_t StateTable::Scan(uint64_t& cursor, uint32_t limit, RowRef* out) const {
  const PageStore& store = rep_->store;
  uint32_t count = 0;
  while (cursor < store.slots() && count < limit) {
    const auto row = static_cast<RowRef>(cursor++);
    if (HeaderOf(store.At(row))->live != 0) out[count++] = row;
  }
  return count;
}

void StateTable::BeginEpoch() {
  rep_->store.BeginEpoch();
  rep_->tombstones.clear();
}

uint64_t StateTable::dirty_rows() const {
  const PageStore& store = rep_->store;
  return static_cast<uint64_t>(
      std::ranges::count_if(store.dirty(), [&](RowRef row) { return HeaderOf(store.At(row))->live != 0; }));
}

// "(12, 'abc')", long values cut.
std::string StateTable::Rep::KeyText(const uint8_t* row) const {
  data::BatchBuffer buffer(spec.key, 1);
  buffer.SetRows(1);
  std::vector<std::string> parts;
  for (uint32_t i = 0; i < layout.keys.size(); ++i) {
    ReadStored(layout.keys[i], &row, 1, buffer, buffer.column(i), 0);
    data::AppendText(spec.key[i], buffer.column(i), 0, parts.emplace_back());
    parts.back() = EscapeForMessage(parts.back(), 40);
  }
  return "(" + Join(parts, ", ") + ")";
}

Status StateTable::Rep::TooLarge(uint64_t key_size, uint64_t value_size, std::string_view row) const {
  const bool is_key = key_size > kDeltaKeyBytesMax;
  const uint64_t limit = is_key ? kDeltaKeyBytesMax : kDeltaValueBytesMax;
  return Status(ErrorCode::kLimitReached,
                fmt::format("{}: row {} cannot be kept on disk: {} takes {} bytes, and the limit is {}", spec.name, row,
                            is_key ? "its key" : "what stands under its key", is_key ? key_size : value_size, limit))
      .WithHint(is_key ? "group, join and key by something shorter, for example by md5 of the text"
                       : "keep less in a row: shorter texts, fewer values in a list");
}

Status StateTable::Rep::AppendRow(const uint8_t* row, std::string_view prefix, DeltaWriter& out) {
  const DeltaWriter::PutSize size = out.PutInPlace(
      [&](std::string& bytes) {
        bytes.append(prefix);
        AppendKeyImage(layout, row, bytes);
      },
      [&](std::string& bytes) {
        AppendColumns(layout.values, row, bytes);
        const uint8_t* payload = row + layout.payload_offset;
        if (spec.save_payload != nullptr)
          spec.save_payload(spec.payload_context, payload, bytes);
        else
          bytes.append(reinterpret_cast<const char*>(payload), spec.payload_bytes);
      });
  if (!size.fits()) [[unlikely]]
    return TooLarge(size.key, size.value, KeyText(row));
  return {};
}

Status StateTable::AppendChanges(std::string_view prefix, DeltaWriter out) const {
  AllowAllocation bytes;
  const std::string& gone = rep_->tombstones;
  for (size_t at = 0; at < gone.size();) {
    uint32_t length = 0;
    std::memcpy(&length, gone.data() + at, sizeof(length));
    rep_->key_bytes.assign(prefix);
    rep_->key_bytes.append(gone, at + sizeof(length), length);
    at += sizeof(length) + length;
    if (rep_->key_bytes.size() <= kDeltaKeyBytesMax) out.Delete(rep_->key_bytes);  // a larger one was never stored
  }
  const std::vector<RowRef>& dirty = rep_->store.dirty();
  for (size_t i = 0; i < dirty.size(); ++i) {
    if (i + kAhead < dirty.size()) __builtin_prefetch(rep_->store.At(dirty[i + kAhead]));
    const uint8_t* row = rep_->store.At(dirty[i]);
    if (HeaderOf(row)->live != 0) TRY(rep_->AppendRow(row, prefix, out));
  }
  return {};
}

Status StateTable::AppendAll(std::string_view prefix, DeltaWriter out) const {
  AllowAllocation bytes;
  for (RowRef row = 0; row < rep_->store.slots(); ++row) {
    const uint8_t* at = rep_->store.At(row);
    if (HeaderOf(at)->live != 0) TRY(rep_->AppendRow(at, prefix, out));
  }
  return {};
}

namespace {

// Of the strings and nested values of a row.
uint64_t VariableBytes(const std::vector<StoredColumn>& columns, const data::Batch& batch,
                       std::span<const uint32_t> places, uint32_t row, bool is_key, std::string& scratch) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    uint64_t value[2];
    if (!columns[i].holds_string()) continue;
    if (LoadForStore(columns[i], batch.columns[places[i]], row, is_key, scratch, value))
      bytes += static_cast<uint32_t>(value[0]);  // a StringRef begins with its length
  }
  return bytes;
}

// All the rest of a row, at most.
uint64_t FixedBytes(const std::vector<StoredColumn>& columns) {
  constexpr uint64_t kWidestNumber = 16;  // more than the length before a string takes
  return columns.size() * kWidestNumber + (columns.size() + 7) / 8;
}

}  // namespace

Status StateTable::CheckRows(const data::Batch& batch, std::span<const uint32_t> key_columns,
                             std::span<const uint32_t> value_columns) const {
  const RowLayout& layout = rep_->layout;
  if (!layout.has_strings) return {};
  constexpr uint64_t kPrefix = 4 + kKeyImagePrefix;
  AllowAllocation nested;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const uint64_t key =
        kPrefix + FixedBytes(layout.keys) + VariableBytes(layout.keys, batch, key_columns, row, true, rep_->scratch);
    const uint64_t value =
        FixedBytes(layout.values) + VariableBytes(layout.values, batch, value_columns, row, false, rep_->scratch);
    if (key <= kDeltaKeyBytesMax && value <= kDeltaValueBytesMax) continue;
    std::vector<std::string> parts;
    for (size_t i = 0; i < key_columns.size(); ++i) {
      data::AppendText(rep_->spec.key[i], batch.columns[key_columns[i]], row, parts.emplace_back());
      parts.back() = EscapeForMessage(parts.back(), 40);
    }
    const std::string text = parts.empty() ? "number " + std::to_string(row + 1) : "(" + Join(parts, ", ") + ")";
    return rep_->TooLarge(key, value, text);
  }
  return {};
}

Status StateTable::LoadRow(std::string_view key, std::string_view value) {
  if (key.size() < kKeyImagePrefix)
    return Error(ErrorCode::kUnreadableState, "reading a row of " + rep_->spec.name + ": its key is too short");
  uint64_t hash = 0;
  for (size_t i = 1; i < kKeyImagePrefix; ++i) hash = hash << 8 | static_cast<uint8_t>(key[i]);
  hash = hash << 32 | static_cast<uint8_t>(key[0]);
  key.remove_prefix(kKeyImagePrefix);
  const RowRef made = rep_->store.New();
  uint8_t* row = rep_->store.At(made);
  HeaderOf(row)->tag = KeyIndex::TagOf(hash);
  HeaderOf(row)->vnode = KeyIndex::VnodeOf(hash);
  Status status = rep_->ReadRow(key, value, row);
  if (status.ok()) return status;
  rep_->FreeStrings(rep_->layout.keys, row);
  rep_->FreeStrings(rep_->layout.values, row);
  rep_->store.Erase(made);
  return status.Prefix("reading a row of " + rep_->spec.name);
}

void StateTable::FinishLoad() {
  const PageStore& store = rep_->store;
  uint32_t rows[kVnodes] = {};
  for (RowRef row = 0; row < store.slots(); ++row) {
    const RowHeader* header = HeaderOf(store.At(row));
    rows[header->vnode] += header->live;
  }
  rep_->index.Clear();
  rep_->index.Reserve(rows);
  for (RowRef row = 0; row < store.slots(); ++row) {
    const RowHeader* header = HeaderOf(store.At(row));
    if (header->live == 0) continue;
    rep_->index.Insert(uint64_t{header->tag} << 32 | header->vnode, row,
                       [&](RowRef other) { return HeaderOf(store.At(other))->vnode; });
  }
}

Status StateTable::Rep::ReadRow(std::string_view key, std::string_view value, uint8_t* row) {
  StringPool& strings = store.memory()->strings;
  TRY(ReadColumns(layout.keys, key, row, strings));
  if (!key.empty()) return Status(ErrorCode::kUnreadableState, "bytes stand behind its key");
  TRY(ReadColumns(layout.values, value, row, strings));
  uint8_t* payload = row + layout.payload_offset;
  if (spec.load_payload != nullptr) return spec.load_payload(spec.payload_context, value, payload);
  if (value.size() != spec.payload_bytes)
    return Status(ErrorCode::kUnreadableState,
                  fmt::format("its payload has {} bytes, not {}", value.size(), spec.payload_bytes));
  std::memcpy(payload, value.data(), value.size());
  return {};
}

std::shared_ptr<const Snapshot> StateTable::TakeSnapshot() {
  if (rep_->spec.destroy_payload != nullptr) return nullptr;
  return MakeSnapshot(rep_->store);
}

}  // namespace laminar::state
