#include "engine/graph_state.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hot_scope.h"
#include "base/text.h"
#include "state/log/delta.h"

namespace laminar::engine {
namespace {

std::string TablePrefix(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

std::string SystemKey(StoredKind kind, std::string_view name) {
  std::string key(4, '\0');
  key.push_back(static_cast<char>(kind));
  key.append(name);
  return key;
}

std::string BigEndian(uint64_t value) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
  return out;
}

uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// What a table's rows look like: a change of it means that stored rows cannot be read any more.
std::string ShapeOf(const state::TableSpec& spec) {
  std::string shape = "key (";
  for (size_t i = 0; i < spec.key.size(); ++i) shape += (i > 0 ? ", " : "") + spec.key[i].ToString();
  shape += ") values (";
  for (size_t i = 0; i < spec.values.size(); ++i) shape += (i > 0 ? ", " : "") + spec.values[i].ToString();
  shape += ") payload " + (spec.save_payload == nullptr ? std::to_string(spec.payload_bytes) : std::string("saved"));
  return shape;
}

Status Unreadable(std::string_view what) {
  return Status(ErrorCode::kUnreadableState,
                "reading what the database knows of itself: " + std::string(what) + " cannot be read");
}

std::string EncodeCatalog(const CatalogEntry& entry) {
  std::string out;
  AppendVarint(1, out);
  AppendText(entry.name, out);
  AppendText(entry.sql, out);
  AppendNumber(entry.created, out);
  AppendText(entry.columns, out);
  AppendNumber<uint8_t>(entry.replayable, out);
  AppendNumber<uint8_t>(entry.bounded, out);
  AppendVarint(entry.settings.size(), out);
  for (const auto& [name, value] : entry.settings) {
    AppendText(name, out);
    AppendText(value, out);
  }
  return out;
}

bool TakeString(std::string_view& bytes, std::string& out) {
  std::string_view text;
  if (!TakeText(bytes, text)) return false;
  out.assign(text);
  return true;
}

bool DecodeCatalog(std::string_view bytes, CatalogEntry& entry) {
  uint64_t version = 0;
  uint64_t count = 0;
  uint8_t replayable = 0;
  uint8_t bounded = 0;
  if (!TakeVarint(bytes, version) || version != 1 || !TakeString(bytes, entry.name) || !TakeString(bytes, entry.sql) ||
      !TakeNumber(bytes, entry.created) || !TakeString(bytes, entry.columns) || !TakeNumber(bytes, replayable) ||
      !TakeNumber(bytes, bounded) || !TakeVarint(bytes, count) || count > bytes.size())
    return false;
  entry.replayable = replayable != 0;
  entry.bounded = bounded != 0;
  entry.settings.resize(count);
  for (auto& [name, value] : entry.settings) {
    if (!TakeString(bytes, name) || !TakeString(bytes, value)) return false;
  }
  return bytes.empty();
}

std::string EncodeHead(const StoredHead& head) {
  std::string out;
  AppendVarint(1, out);
  AppendText(head.source, out);
  AppendNumber<uint8_t>(
      static_cast<uint8_t>((head.is_shared ? 1 : 0) | (head.at_full_speed ? 2 : 0) | (head.has_ended ? 4 : 0)), out);
  AppendVarint(head.rows, out);
  AppendVarint(head.needed.size(), out);
  for (const bool needed : head.needed) AppendNumber<uint8_t>(needed, out);
  AppendText(head.position, out);
  AppendVarint(head.readers.size(), out);
  for (const auto& [view, scan] : head.readers) {
    AppendText(view, out);
    AppendVarint(scan, out);
  }
  return out;
}

bool DecodeHead(std::string_view bytes, StoredHead& head) {
  uint64_t version = 0;
  uint64_t count = 0;
  uint8_t flags = 0;
  if (!TakeVarint(bytes, version) || version != 1 || !TakeString(bytes, head.source) || !TakeNumber(bytes, flags) ||
      !TakeVarint(bytes, head.rows) || !TakeVarint(bytes, count) || count > bytes.size())
    return false;
  head.is_shared = (flags & 1) != 0;
  head.at_full_speed = (flags & 2) != 0;
  head.has_ended = (flags & 4) != 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t needed = 0;
    if (!TakeNumber(bytes, needed)) return false;
    head.needed.push_back(needed != 0);
  }
  if (!TakeString(bytes, head.position) || !TakeVarint(bytes, count) || count > bytes.size()) return false;
  head.readers.resize(count);
  for (auto& [view, scan] : head.readers) {
    uint64_t number = 0;
    if (!TakeString(bytes, view) || !TakeVarint(bytes, number)) return false;
    scan = static_cast<uint32_t>(number);
  }
  return bytes.empty();
}

std::string EncodeFailure(const StoredFailure& failure) {
  std::string out;
  AppendNumber(failure.state, out);
  AppendText(failure.code == ErrorCode::kOk ? "" : PublicCode(failure.code), out);
  AppendText(failure.message, out);
  if (!failure.hint.empty()) AppendText(failure.hint, out);  // databases from before hints were kept have none
  return out;
}

ErrorCode CodeOf(std::string_view text) {
#define ERROR(symbol, code, sqlstate, error_class, meaning) \
  if (text == code) return ErrorCode::symbol;
#include "base/error_codes.def"
#undef ERROR
  return text.empty() ? ErrorCode::kOk : ErrorCode::kInternal;
}

bool DecodeFailure(std::string_view bytes, StoredFailure& failure) {
  std::string_view code;
  if (!TakeNumber(bytes, failure.state) || !TakeText(bytes, code) || !TakeString(bytes, failure.message)) return false;
  failure.code = CodeOf(code);
  return (bytes.empty() || TakeString(bytes, failure.hint)) && bytes.empty();
}

}  // namespace

StoredFailure StoredFailure::Of(uint8_t state, const Status& failure) {
  return {state, failure.code(), failure.message(), failure.hint()};
}

Status StoredFailure::ToStatus() const {
  return code == ErrorCode::kOk ? Status() : Status(code, message).WithHint(hint);
}

void GraphState::Put(StoredKind kind, std::string_view name, std::string_view value) {
  state::DeltaWriter(delta_).Put(SystemKey(kind, name), value);
}

void GraphState::Delete(StoredKind kind, std::string_view name) {
  state::DeltaWriter(delta_).Delete(SystemKey(kind, name));
}

void GraphState::PutCatalog(const CatalogEntry& entry) {
  Put(StoredKind::kCatalog, BigEndian(entry.ordinal), EncodeCatalog(entry));
}

void GraphState::RemoveCatalog(uint64_t ordinal) { Delete(StoredKind::kCatalog, BigEndian(ordinal)); }

StoredOperator GraphState::Register(std::string path, std::span<exec::Operator* const> instances) {
  StoredOperator stored;
  stored.path = std::move(path);
  for (exec::Operator* op : instances) {
    stored.instances.push_back({op, {}, {}});
    op->ListTables(stored.instances.back().tables);
  }
  const std::vector<state::StateTable*>& tables = stored.instances.front().tables;
  for (size_t i = 0; i < tables.size(); ++i) {
    const std::string name = stored.path + "#" + std::to_string(i);
    const std::string shape = ShapeOf(tables[i]->spec());
    const auto found = tables_by_path_.find(name);
    if (is_loading_ && found != tables_by_path_.end()) {
      found->second.is_claimed = true;
      if (found->second.shape != shape)
        differences_.push_back(name + ": stored as " + found->second.shape + ", now " + shape);
      stored.numbers.push_back(found->second.number);
      stored.is_stored = true;
      continue;
    }
    if (is_loading_) differences_.push_back(name + ": nothing is stored for it, now " + shape);
    stored.numbers.push_back(++tables_);
    std::string value;
    AppendText(name, value);
    AppendText(tables[i]->spec().name, value);
    AppendText(shape, value);
    Put(StoredKind::kTable, TablePrefix(tables_), value);
  }
  return stored;
}

namespace {

// Of the instance on a shard; the first one's is the operator's own.
std::string NotePath(const StoredOperator& stored, size_t instance) {
  return instance == 0 ? stored.path : stored.path + "@" + std::to_string(instance);
}

}  // namespace

void GraphState::Forget(const StoredOperator& stored) {
  for (const uint32_t number : stored.numbers) DropTable(number);
  for (size_t i = 0; i < stored.instances.size(); ++i) {
    if (!stored.instances[i].note.empty()) Delete(StoredKind::kNote, NotePath(stored, i));
  }
}

namespace {

Status CheckSize(std::string_view value, std::string_view what, std::string_view name) {
  if (value.size() <= state::kDeltaValueBytesMax) return {};
  return Status(ErrorCode::kLimitReached, std::string(what) + " " + Quoted(name) +
                                              " cannot be kept on disk: it takes " + std::to_string(value.size()) +
                                              " bytes, and the limit is " + std::to_string(state::kDeltaValueBytesMax));
}

}  // namespace

Status GraphState::Capture(StoredOperator& stored) {
  AllowAllocation bytes;
  for (size_t i = 0; i < stored.instances.size(); ++i) {
    StoredOperator::Instance& instance = stored.instances[i];
    for (size_t t = 0; t < instance.tables.size(); ++t) {
      state::StateTable& table = *instance.tables[t];
      const std::string prefix = TablePrefix(stored.numbers[t]);
      TRY(stored.is_stored ? table.AppendChanges(prefix, delta_) : table.AppendAll(prefix, delta_));
      table.BeginEpoch();
    }
    scratch_.clear();
    instance.op->SaveNote(scratch_);
    if (scratch_ == instance.note) continue;
    TRY(CheckSize(scratch_, "the note of operator", stored.path));
    Put(StoredKind::kNote, NotePath(stored, i), scratch_);
    instance.note = scratch_;
  }
  stored.is_stored = true;
  return {};
}

Status GraphState::PutHead(const StoredHead& head, std::string& last) {
  std::string value = EncodeHead(head);
  if (value == last) return {};
  TRY(CheckSize(value, "the reading position of source", head.source));
  Put(StoredKind::kHead, BigEndian(head.serial), value);
  last = std::move(value);
  return {};
}

void GraphState::RemoveHead(uint64_t serial) { Delete(StoredKind::kHead, BigEndian(serial)); }

void GraphState::PutFailure(std::string_view name, const StoredFailure& failure, std::string& last) {
  std::string value = EncodeFailure(failure);
  if (value == last) return;
  Put(StoredKind::kFailure, name, value);
  last = std::move(value);
}

void GraphState::RemoveFailure(std::string_view name) { Delete(StoredKind::kFailure, name); }

Status GraphState::Load(state::CheckpointStore& store) {
  std::unique_ptr<state::StateCursor> cursor = TRY(store.Scan(std::string(4, '\0'), TablePrefix(1)));
  return Load(*cursor);
}

Status GraphState::Load(state::StateCursor& cursor) {
  is_loading_ = true;
  for (; cursor.valid(); cursor.Next()) {
    const std::string_view key = cursor.key();
    if (key.size() < 5) return Unreadable("a key");
    if (FromBigEndian(key.substr(0, 4)) != 0) break;  // rows
    TRY(LoadEntry(static_cast<StoredKind>(key[4]), key.substr(5), cursor.value()));
  }
  return cursor.status();
}

Status GraphState::LoadEntry(StoredKind kind, std::string_view name, std::string_view value) {
  switch (kind) {
    case StoredKind::kCatalog: {
      CatalogEntry entry;
      entry.ordinal = FromBigEndian(name);
      ordinals_ = std::max(ordinals_, entry.ordinal);
      if (name.size() != 8 || !DecodeCatalog(value, entry)) return Unreadable("a catalog entry");
      catalog_.push_back(std::move(entry));
      return {};
    }
    case StoredKind::kTable: {
      std::string path;
      TableEntry entry;
      entry.number = static_cast<uint32_t>(FromBigEndian(name));
      tables_ = std::max(tables_, entry.number);
      if (name.size() != 4 || !TakeString(value, path) || !TakeString(value, entry.name) ||
          !TakeString(value, entry.shape))
        return Unreadable("an entry of the list of tables");
      tables_by_path_.emplace(std::move(path), std::move(entry));
      return {};
    }
    case StoredKind::kNote: notes_.emplace(name, value); return {};
    case StoredKind::kHead: {
      StoredHead head;
      head.serial = FromBigEndian(name);
      heads_ = std::max(heads_, head.serial);
      if (name.size() != 8 || !DecodeHead(value, head)) return Unreadable("a reading position");
      stored_heads_.push_back(std::move(head));
      return {};
    }
    case StoredKind::kFailure: {
      StoredFailure failure;
      if (!DecodeFailure(value, failure)) return Unreadable("a failure");
      failures_.emplace(name, std::move(failure));
      return {};
    }
  }
  return Unreadable("an entry of an unknown kind");
}

std::vector<StoredHead> GraphState::HeadsOf(std::string_view source) const {
  std::vector<StoredHead> out;
  for (const StoredHead& head : stored_heads_) {
    if (head.source == source) out.push_back(head);
  }
  return out;
}

std::optional<std::string> GraphState::NoteOf(std::string_view path) const {
  const auto found = notes_.find(path);
  return found == notes_.end() ? std::nullopt : std::optional<std::string>(found->second);
}

std::optional<StoredFailure> GraphState::FailureOf(std::string_view name) const {
  const auto found = failures_.find(name);
  return found == failures_.end() ? std::nullopt : std::optional<StoredFailure>(found->second);
}

std::pair<std::string, std::string> GraphState::RangeOf(uint32_t table) {
  return {TablePrefix(table), TablePrefix(table + 1)};
}

Status GraphState::RestoreNotes(StoredOperator& stored) {
  const size_t count = stored.instances.size();
  for (size_t i = 0; i < count; ++i) {
    StoredOperator::Instance& instance = stored.instances[i];
    // There may be more shards than there were: at a cut all stand at the same watermark.
    std::optional<std::string> note = NoteOf(NotePath(stored, i));
    instance.note = note.value_or("");
    if (!note) note = NoteOf(stored.path);
    // An operator without a stored note is as Open made it: nothing was to be said of it.
    if (!note) instance.op->SaveNote(note.emplace());
    if (Status restored = instance.op->Restore(*note); !restored.ok()) return restored.Prefix(stored.path);
    for (state::StateTable* table : instance.tables) table->BeginEpoch();
  }
  // Of shards there were and are no more: a later opening with more of them again would take it for the present.
  for (size_t i = count; NoteOf(NotePath(stored, i)); ++i) Delete(StoredKind::kNote, NotePath(stored, i));
  return {};
}

void GraphState::DropTablesOf(const StoredOperator& stored) {
  CHECK(stored.numbers.empty());
  for (auto& [path, entry] : tables_by_path_) {
    if (!path.starts_with(stored.path + "#") || std::exchange(entry.is_claimed, true)) continue;
    DropTable(entry.number);
  }
}

void GraphState::DropTable(uint32_t number) {
  Delete(StoredKind::kTable, TablePrefix(number));
  state::DeltaWriter(delta_).DeleteRange(TablePrefix(number), TablePrefix(number + 1));
}

Status GraphState::FinishLoad() {
  for (const auto& [path, entry] : tables_by_path_) {
    if (!entry.is_claimed) differences_.push_back(path + ": stored as " + entry.shape + ", and no operator has it now");
  }
  is_loading_ = false;
  tables_by_path_.clear();
  notes_.clear();
  stored_heads_.clear();
  failures_.clear();
  catalog_.clear();
  if (differences_.empty()) return {};
  return Status(ErrorCode::kPlanChanged,
                "the stored state does not fit the plan of this version:\n  " + Join(differences_, "\n  "))
      .WithHint("open it with the version of laminar that wrote it");
}

}  // namespace laminar::engine
