// The state table against a model: a map from key number to what was written last. Keys and values of a
// number are made by rule, so what
// a table or a snapshot says can be checked wholly.
#include "state/table/state_table.h"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "data/value.h"
#include "os/process.h"
#include "state/log/delta.h"
#include "state/memory/state_memory.h"

namespace laminar::state {
namespace {

using data::Batch;
using data::BatchBuffer;
using data::Type;
using data::TypeId;
using data::Value;

struct Shape {
  const char* name;
  std::vector<Type> key;
};

std::string LongText(uint64_t id) {
  return "a rather long key text of number " + std::to_string(id) + std::string(id % 90, 'x');
}

// Key part of number `id`: distinct ids give distinct keys over all parts, because each part but the last
// may repeat.
Value KeyPart(const Type& type, uint64_t id, bool is_last) {
  const uint64_t n = is_last ? id : id % 7;
  if (n == 3) return Value::Null();
  const auto i = static_cast<int64_t>(n);
  switch (type.id()) {
    case TypeId::kDouble: return Value::Double(static_cast<double>(i) / 4 - 3);
    case TypeId::kVarchar: return Value::String(n % 2 == 0 ? LongText(n) : "k" + std::to_string(n));
    case TypeId::kDecimal: return Value::Decimal((static_cast<data::Int128>(i) << 70) - i);
    case TypeId::kUuid: return Value::Uuid((static_cast<data::UInt128>(n) << 64) + 5);
    case TypeId::kUInt64: return Value::UInt(n);
    case TypeId::kArray: return Value::List({Value::String(LongText(n)), Value::Null(), Value::String("b")});
    default: return Value::Int(i - 40);
  }
}

std::vector<Value> KeyOf(const Shape& shape, uint64_t id) {
  std::vector<Value> key;
  for (size_t i = 0; i < shape.key.size(); ++i) key.push_back(KeyPart(shape.key[i], id, i + 1 == shape.key.size()));
  return key;
}

const std::vector<Type>& ValueTypes() {
  static const std::vector<Type> types = {Type(TypeId::kInt64), Type(TypeId::kVarchar), Type(TypeId::kInt32),
                                          Type::Array(Type(TypeId::kInt64))};
  return types;
}

// Values of a row: its number, and what depends on how often it was written.
std::vector<Value> ValuesOf(uint64_t id, uint64_t version) {
  std::vector<Value> values = {Value::Int(static_cast<int64_t>(id)), Value::String(LongText(id * 31 + version)),
                               Value::Int(static_cast<int32_t>(version)),
                               Value::List({Value::Int(static_cast<int64_t>(version))})};
  if (version % 5 == 1) values[1] = Value::Null();
  if (version % 5 == 2) values[1] = Value::String("short");
  if (version % 4 == 1) values[3] = Value::Null();
  return values;
}

using Model = std::map<uint64_t, uint64_t>;  // id -> version

class Harness {
 public:
  Harness(const Shape& shape, uint64_t hash_mask, uint64_t seed, std::shared_ptr<StateMemory> memory = nullptr)
      : shape_(shape), hash_mask_(hash_mask), random_(seed), table_(SpecOf(shape, memory)), input_(AllTypes(shape)) {
    for (uint32_t i = 0; i < shape.key.size(); ++i) keys_.push_back(i);
    for (uint32_t i = 0; i < ValueTypes().size(); ++i) values_.push_back(static_cast<uint32_t>(shape.key.size()) + i);
  }

  static TableSpec SpecOf(const Shape& shape, std::shared_ptr<StateMemory> memory) {
    return {.name = "test", .key = shape.key, .values = ValueTypes(), .payload_bytes = 16, .memory = std::move(memory)};
  }
  static std::vector<Type> AllTypes(const Shape& shape) {
    std::vector<Type> types = shape.key;
    types.insert(types.end(), ValueTypes().begin(), ValueTypes().end());
    return types;
  }

  void Upsert(uint32_t rows, uint64_t domain) {
    input_.Reset();
    std::vector<uint64_t> ids;
    for (uint32_t i = 0; i < rows; ++i) {
      const uint64_t id = random_.Below(domain);
      uint64_t& version = model_[id];
      ++version;
      ids.push_back(id);
      touched_.insert(id);
      std::vector<Value> row = KeyOf(shape_, id);
      for (Value& value : ValuesOf(id, version)) row.push_back(std::move(value));
      input_.AppendRow(row);
    }
    Lookup();
    REQUIRE(table_.Reserve(rows).ok());
    std::vector<uint8_t> inserted(rows);
    table_.FindOrInsert(input_.batch(), keys_, hashes_, refs_, inserted.data());
    table_.WriteValues({refs_, rows}, input_.batch(), values_);
    std::vector<uint8_t*> at(rows);
    table_.MutableRows({refs_, rows}, at.data());
    for (uint32_t i = 0; i < rows; ++i) {
      uint64_t counts[2];
      std::memcpy(counts, at[i] + table_.payload_offset(), 16);
      if (inserted[i] != 0) CHECK(counts[0] == 0);
      ++counts[0];
      counts[1] = ids[i];
      std::memcpy(at[i] + table_.payload_offset(), counts, 16);
    }
    for (uint32_t i = 0; i < rows; ++i) {
      uint64_t counts[2];
      std::memcpy(counts, table_.Get(refs_[i]) + table_.payload_offset(), 16);
      REQUIRE(counts[0] == model_[ids[i]]);
      REQUIRE(counts[1] == ids[i]);
    }
  }

  void Erase(uint32_t rows, uint64_t domain) {
    input_.Reset();
    std::vector<uint64_t> ids;
    for (uint32_t i = 0; i < rows; ++i) {
      ids.push_back(random_.Below(domain));
      std::vector<Value> row = KeyOf(shape_, ids.back());
      row.resize(input_.types().size());
      input_.AppendRow(row);
    }
    Lookup();
    table_.Find(input_.batch(), keys_, hashes_, refs_);
    std::set<RowRef> found;
    for (uint32_t i = 0; i < rows; ++i) {
      REQUIRE((refs_[i] != kNoRow) == model_.contains(ids[i]));
      if (refs_[i] != kNoRow) found.insert(refs_[i]);
    }
    for (const uint64_t id : ids) {
      if (model_.erase(id) != 0) erased_.insert(id);
    }
    const std::vector<RowRef> all(found.begin(), found.end());
    table_.EraseRows(all);
    REQUIRE(table_.size() == model_.size());
  }

  void Clear() {
    for (const auto& [id, version] : model_) erased_.insert(id);
    model_.clear();
    table_.Clear();
  }

  // The rows of a reader (the table's scan, or a snapshot) must be exactly those of the model.
  template <class ReadMore>
  static void CheckRows(const Shape& shape, const Model& model, const ReadMore& read) {
    BatchBuffer rows(AllTypes(shape));
    size_t seen = 0;
    while (true) {
      rows.Reset();
      read(rows);
      if (rows.rows() == 0) break;
      const size_t keys = shape.key.size();
      for (uint32_t r = 0; r < rows.rows(); ++r) {
        const auto id =
            static_cast<uint64_t>(Value::FromColumn(rows.column(keys), Type(TypeId::kInt64), r).int_value());
        const auto at = model.find(id);
        REQUIRE(at != model.end());
        const std::vector<Value> key = KeyOf(shape, id);
        for (size_t k = 0; k < keys; ++k) REQUIRE(Value::FromColumn(rows.column(k), shape.key[k], r) == key[k]);
        const std::vector<Value> values = ValuesOf(id, at->second);
        for (size_t v = 0; v < values.size(); ++v) {
          REQUIRE(Value::FromColumn(rows.column(keys + v), ValueTypes()[v], r) == values[v]);
        }
        ++seen;
      }
    }
    REQUIRE(seen == model.size());
  }

  void CheckTable() {
    uint64_t cursor = 0;
    CheckRows(shape_, model_, [&](BatchBuffer& out) {
      std::vector<RowRef> refs(out.capacity());
      refs.resize(table_.Scan(cursor, out.capacity(), refs.data()));
      std::vector<data::Column*> key_columns;
      std::vector<data::Column*> value_columns;
      for (const uint32_t k : keys_) key_columns.push_back(&out.column(k));
      for (const uint32_t v : values_) value_columns.push_back(&out.column(v));
      out.SetRows(static_cast<uint32_t>(refs.size()));
      table_.ReadKeys(refs, out, key_columns, 0);
      table_.ReadValues(refs, out, value_columns, 0);
    });
  }

  // A follower that is given only the changes of each epoch holds what the table holds, and so does a table loaded from
  // the follower; the changes name nothing that was not touched.
  void CheckEpoch() {
    std::string delta;
    if (epoch_++ > 0) {
      REQUIRE(table_.AppendChanges("t", delta).ok());
      size_t live = 0;
      for (const uint64_t id : touched_) live += model_.contains(id);
      const auto [puts, deletes] = Follow(delta);
      REQUIRE(puts == live);
      REQUIRE(table_.dirty_rows() == live);
      REQUIRE(deletes == erased_.size());
    } else {
      REQUIRE(table_.AppendAll("t", delta).ok());
      Follow(delta);
    }
    const std::map<std::string, std::string> followed = follower_;
    follower_.clear();
    delta.clear();
    REQUIRE(table_.AppendAll("t", delta).ok());
    Follow(delta);
    REQUIRE(follower_ == followed);
    table_.BeginEpoch();
    REQUIRE(table_.dirty_rows() == 0);
    touched_.clear();
    erased_.clear();
  }

  void CheckLoaded() {
    StateTable loaded(table_.spec());
    for (const auto& [key, value] : follower_) REQUIRE(loaded.LoadRow(std::string_view(key).substr(1), value).ok());
    loaded.FinishLoad();
    REQUIRE(loaded.size() == follower_.size());
    std::string delta;
    REQUIRE(loaded.AppendAll("t", delta).ok());
    const std::map<std::string, std::string> followed = std::exchange(follower_, {});
    Follow(delta);
    REQUIRE(follower_ == followed);
    // Its index finds them all.
    for (const auto& [id, version] : model_) {
      input_.Reset();
      std::vector<Value> row = KeyOf(shape_, id);
      row.resize(input_.types().size());
      input_.AppendRow(row);
      Lookup();
      RowRef found = kNoRow;
      loaded.Find(input_.batch(), keys_, hashes_, &found);
      REQUIRE(found != kNoRow);
    }
  }

  StateTable& table() { return table_; }
  const Model& model() const { return model_; }
  const Shape& shape() const { return shape_; }
  Random& random() { return random_; }

 private:
  void Lookup() {
    data::HashRows(input_.batch(), input_.types(), keys_, hashes_);
    for (uint32_t i = 0; i < input_.rows(); ++i) hashes_[i] &= hash_mask_;
  }

  // How many distinct keys were put, and deleted.
  std::pair<size_t, size_t> Follow(std::string_view delta) {
    std::set<std::string> deleted;
    size_t puts = 0;
    DeltaReader reader(delta);
    DeltaEntry entry;
    while (*reader.Next(entry)) {
      if (entry.op == DeltaOp::kPut) {
        ++puts;
        follower_.insert_or_assign(std::string(entry.key), std::string(entry.value));
      } else {
        deleted.insert(std::string(entry.key));
        follower_.erase(std::string(entry.key));
      }
    }
    return {puts, deleted.size()};
  }

  std::map<std::string, std::string> follower_;
  const Shape shape_;
  const uint64_t hash_mask_;
  Random random_;
  StateTable table_;
  BatchBuffer input_;
  std::vector<uint32_t> keys_;
  std::vector<uint32_t> values_;
  uint64_t hashes_[data::kBatchCapacity];
  RowRef refs_[data::kBatchCapacity];
  Model model_;
  std::set<uint64_t> touched_;
  std::set<uint64_t> erased_;
  Epoch epoch_ = 0;
};

std::vector<Shape> Shapes() {
  std::vector<Shape> shapes = {
      {"word", {Type(TypeId::kInt64)}},
      {"text", {Type(TypeId::kVarchar)}},
      {"word and text", {Type(TypeId::kTimestamp), Type(TypeId::kVarchar)}},
      {"two words", {Type(TypeId::kInt32), Type(TypeId::kInt64)}},
      {"mixed", {Type(TypeId::kDouble), Type(TypeId::kVarchar), Type::Decimal(38, 2), Type(TypeId::kUInt64)}},
      {"nested", {Type(TypeId::kUuid), Type::Array(Type(TypeId::kVarchar))}},
      {"wide", {}},
  };
  for (int i = 0; i < 60; ++i) shapes.back().key.push_back(Type(i % 2 == 0 ? TypeId::kInt16 : TypeId::kVarchar));
  return shapes;
}

struct Taken {
  std::shared_ptr<const Snapshot> snapshot;
  Model model;
};

void CheckSnapshot(const Shape& shape, const Taken& taken) {
  REQUIRE(taken.snapshot->size() == taken.model.size());
  uint64_t cursor = 0;
  Harness::CheckRows(shape, taken.model, [&](BatchBuffer& out) { taken.snapshot->Read(cursor, out); });
}

void RunRandom(const Shape& shape, uint64_t hash_mask, uint64_t seed, int steps, uint64_t domain) {
  CAPTURE(shape.name);
  CAPTURE(seed);
  std::vector<Taken> snapshots;
  {
    Harness harness(shape, hash_mask, seed);
    for (int step = 0; step < steps; ++step) {
      Random& random = harness.random();
      switch (random.Below(12)) {
        case 0:
        case 1: harness.Erase(static_cast<uint32_t>(random.Between(1, 200)), domain); break;
        case 2: snapshots.push_back({harness.table().TakeSnapshot(), harness.model()}); break;
        case 3:
          if (snapshots.empty()) break;
          CheckSnapshot(shape, snapshots[random.Below(snapshots.size())]);
          snapshots.erase(snapshots.begin() + static_cast<ptrdiff_t>(random.Below(snapshots.size())));
          break;
        case 4:
          harness.CheckEpoch();
          if (random.OneIn(4)) harness.CheckLoaded();
          break;
        case 5: harness.CheckTable(); break;
        case 6:
          if (random.OneIn(8)) harness.Clear();
          break;
        default: harness.Upsert(static_cast<uint32_t>(random.Between(1, 300)), domain);
      }
    }
    harness.CheckTable();
    for (const Taken& taken : snapshots) CheckSnapshot(shape, taken);
  }
  // Snapshots outlive their table.
  for (const Taken& taken : snapshots) CheckSnapshot(shape, taken);
}

constexpr uint64_t kAllBits = ~uint64_t{0};

}  // namespace

TEST_CASE("a state table does what a map does, whatever the key, and snapshots stay as they were") {
  for (const Shape& shape : Shapes()) {
    const bool is_costly = shape.key.size() > 4;
    RunRandom(shape, kAllBits, 1, is_costly ? 40 : 120, 700);
    RunRandom(shape, kAllBits, 2, is_costly ? 20 : 60, 40);
  }
}

TEST_CASE("keys with equal hashes stay apart") {
  for (const Shape& shape : Shapes()) {
    if (shape.key.size() > 4) continue;
    RunRandom(shape, 0, 3, 60, 60);
    RunRandom(shape, 0x3000000000000001ull, 4, 60, 200);
    // One vnode, and the uppermost bits: all homes at the end of the segment, so probes wrap around.
    RunRandom(shape, 0xFFFull << 32, 5, 60, 300);
  }
}

TEST_CASE("a table grows past its first segment and keeps every row") {
  const Shape shape = Shapes()[0];
  Harness harness(shape, kAllBits, 9);
  for (int i = 0; i < 90; ++i) {
    harness.Upsert(1000, 60'000);
    if (i % 11 == 3) harness.Erase(1000, 60'000);
  }
  harness.CheckTable();
  CHECK(harness.table().size() > 30'000);
}

TEST_CASE("a table that goes to disk and comes back holds what it held, snapshots too") {
  for (const uint64_t budget : {uint64_t{12} << 20, uint64_t{20} << 20}) {
    auto memory = std::make_shared<StateMemory>();
    memory->SetLimits({.resident_bytes = budget, .directory = os::TemporaryDirectory()});
    const Shape shape = Shapes()[2];
    std::vector<Taken> snapshots;
    {
      Harness harness(shape, kAllBits, 21, memory);
      for (int i = 0; i < 160; ++i) {
        harness.Upsert(1000, 100'000);
        if (i % 7 == 3) harness.Erase(1000, 100'000);
        if (i % 25 == 20) harness.CheckEpoch();
        if (i % 30 == 12) snapshots.push_back({harness.table().TakeSnapshot(), harness.model()});
        if (i % 40 == 29) harness.CheckTable();
        if (i == 60 && budget < uint64_t{16} << 20) harness.Clear();
        if (i % 3 == 0) memory->Trim(static_cast<uint32_t>(harness.random().Between(1, 8)));
        if (i % 30 == 25) snapshots.pop_back();
      }
      harness.CheckTable();
      harness.CheckEpoch();
      const StateMemory::Figures figures = memory->GetFigures();
      CHECK(figures.blocks_moved > 3);
      CHECK(figures.spilled_bytes > 0);
    }
    for (const Taken& taken : snapshots) CheckSnapshot(shape, taken);
    snapshots.clear();
    CHECK(memory->GetFigures().bytes == 0);
    CHECK(memory->GetFigures().resident_bytes == 0);
    CHECK(memory->GetFigures().spilled_bytes == 0);
  }
}

TEST_CASE("snapshots are read on another thread while the owner writes, and moves its rows to disk") {
  auto memory = std::make_shared<StateMemory>();
  memory->SetLimits({.resident_bytes = uint64_t{12} << 20, .directory = os::TemporaryDirectory()});
  const Shape shape = Shapes()[2];
  Harness harness(shape, kAllBits, 11, memory);
  std::mutex mutex;
  std::vector<Taken> queue;
  std::atomic<bool> is_over = false;
  std::atomic<int> checked = 0;
  std::thread reader([&] {
    while (true) {
      Taken taken;
      {
        const std::lock_guard lock(mutex);
        if (!queue.empty()) {
          taken = std::move(queue.back());
          queue.pop_back();
        }
      }
      if (taken.snapshot != nullptr) {
        CheckSnapshot(shape, taken);
        ++checked;
      } else if (is_over) {
        return;
      } else {
        std::this_thread::yield();
      }
    }
  });
  int taken_count = 0;
  for (int step = 0; step < 160; ++step) {
    harness.Upsert(1000, 80'000);
    if (step % 3 == 1) harness.Erase(200, 80'000);
    memory->Trim(2);
    if (step % 16 == 0) {
      harness.CheckEpoch();
      Taken taken{harness.table().TakeSnapshot(), harness.model()};
      ++taken_count;
      const std::lock_guard lock(mutex);
      queue.push_back(std::move(taken));
    }
  }
  is_over = true;
  reader.join();
  CHECK(checked == taken_count);
  CHECK(memory->GetFigures().blocks_moved > 0);
  harness.CheckTable();
}

TEST_CASE("a small table costs little memory") {
  StateTable table(
      {.name = "small", .key = {Type(TypeId::kVarchar)}, .values = {Type(TypeId::kInt64)}, .payload_bytes = 56});
  BatchBuffer input({Type(TypeId::kVarchar), Type(TypeId::kInt64)});
  for (int i = 0; i < 3; ++i)
    input.AppendRow(std::vector<Value>{Value::String(LongText(static_cast<uint64_t>(i))), Value::Int(i)});
  const uint32_t keys[] = {0};
  uint64_t hashes[3];
  RowRef refs[3];
  uint8_t inserted[3];
  data::HashRows(input.batch(), input.types(), keys, hashes);
  table.FindOrInsert(input.batch(), keys, hashes, refs, inserted);
  CHECK(table.size() == 3);
  CHECK(table.memory_bytes() < 8 * 1024);
}

TEST_CASE("strings that come and go do not make the table grow") {
  StateTable table({.name = "churn", .key = {Type(TypeId::kInt64)}, .values = {Type(TypeId::kVarchar)}});
  BatchBuffer input({Type(TypeId::kInt64), Type(TypeId::kVarchar)});
  const uint32_t keys[] = {0};
  const uint32_t values[] = {1};
  uint64_t hashes[100];
  RowRef refs[100];
  uint8_t inserted[100];
  Random random(5);
  uint64_t settled = 0;
  for (int round = 0; round < 400; ++round) {
    input.Reset();
    for (int i = 0; i < 100; ++i) {
      std::string text(static_cast<size_t>(random.Between(0, round % 50 == 0 ? 100'000 : 900)), 'y');
      input.AppendRow(std::vector<Value>{Value::Int(i), Value::String(std::move(text))});
    }
    data::HashRows(input.batch(), input.types(), keys, hashes);
    table.FindOrInsert(input.batch(), keys, hashes, refs, inserted);
    table.WriteValues(refs, input.batch(), values);
    if (round == 200) settled = table.memory_bytes();
    if (round % 7 == 0) table.EraseRows(refs);
  }
  CHECK(table.memory_bytes() < settled * 3 / 2);
}

TEST_CASE("the memory limit is an error before it is passed") {
  StateTable table(
      {.name = "view v: groups", .key = {Type(TypeId::kInt64)}, .payload_bytes = 8, .memory_limit_bytes = 200'000});
  BatchBuffer input({Type(TypeId::kInt64)});
  const uint32_t keys[] = {0};
  uint64_t hashes[data::kBatchCapacity];
  RowRef refs[data::kBatchCapacity];
  uint8_t inserted[data::kBatchCapacity];
  Status status;
  int64_t next = 0;
  while (status.ok() && next < 100'000) {
    input.Reset();
    while (!input.full()) input.AppendRow(std::vector<Value>{Value::Int(next++)});
    status = table.Reserve(input.rows());
    if (!status.ok()) break;
    data::HashRows(input.batch(), input.types(), keys, hashes);
    table.FindOrInsert(input.batch(), keys, hashes, refs, inserted);
  }
  CHECK(status.code() == ErrorCode::kLimitReached);
  CHECK(status.message().find("view v: groups") != std::string::npos);
  CHECK(table.size() > 2000);
  CHECK(table.memory_bytes() <= 200'000 * 5 / 4);
}

TEST_CASE("what a payload owns is freed when its row goes") {
  static int live = 0;
  auto destroy = [](const void*, uint8_t* payload) {
    int* owned = nullptr;
    std::memcpy(&owned, payload, sizeof(owned));
    delete owned;
    --live;
  };
  BatchBuffer input({Type(TypeId::kInt64)});
  for (int i = 0; i < 50; ++i) input.AppendRow(std::vector<Value>{Value::Int(i)});
  const uint32_t keys[] = {0};
  uint64_t hashes[50];
  RowRef refs[50];
  uint8_t inserted[50];
  {
    StateTable table({.name = "owner", .key = {Type(TypeId::kInt64)}, .payload_bytes = 8, .destroy_payload = destroy});
    data::HashRows(input.batch(), input.types(), keys, hashes);
    auto fill = [&] {
      table.FindOrInsert(input.batch(), keys, hashes, refs, inserted);
      for (int i = 0; i < 50; ++i) {
        if (inserted[i] == 0) continue;
        int* owned = new int(i);
        ++live;
        std::memcpy(table.Mutable(refs[i]) + table.payload_offset(), &owned, sizeof(owned));
      }
    };
    fill();
    table.Erase(refs[7]);
    table.EraseRows(std::span(refs).subspan(20, 10));
    CHECK(live == 39);
    fill();
    CHECK(live == 50);
    table.Clear();
    CHECK(live == 0);
    fill();
    CHECK(table.TakeSnapshot() == nullptr);
  }
  CHECK(live == 0);
}

TEST_CASE("rows sort by key as values compare") {
  Random random(3);
  for (const Shape& shape : Shapes()) {
    if (shape.key.back().is_nested()) continue;
    Harness harness(shape, kAllBits, 21);
    harness.Upsert(250, 4000);
    std::vector<RowRef> rows(1000);
    uint64_t cursor = 0;
    rows.resize(harness.table().Scan(cursor, 1000, rows.data()));
    harness.table().SortByKey(rows, 0);
    BatchBuffer out(shape.key);
    std::vector<data::Column*> columns;
    for (size_t k = 0; k < shape.key.size(); ++k) columns.push_back(&out.column(k));
    out.SetRows(static_cast<uint32_t>(rows.size()));
    harness.table().ReadKeys(rows, out, columns, 0);
    for (uint32_t r = 1; r < rows.size(); ++r) {
      int order = 0;
      for (size_t k = 0; k < shape.key.size() && order == 0; ++k) {
        order = Value::Compare(Value::FromColumn(out.column(k), shape.key[k], r - 1),
                               Value::FromColumn(out.column(k), shape.key[k], r), shape.key[k]);
      }
      REQUIRE(order < 0);
      CHECK_FALSE(harness.table().KeysEqual(rows[r - 1], rows[r], 0));
    }
  }
}

TEST_CASE("zero and minus zero, and all NaNs, are one key") {
  StateTable table({.name = "doubles", .key = {Type(TypeId::kDouble)}});
  BatchBuffer input({Type(TypeId::kDouble)});
  const double nan = __builtin_nan("");
  for (const double value : {0.0, -0.0, nan, -nan, __builtin_nan("7")})
    input.AppendRow(std::vector<Value>{Value::Double(value)});
  input.AppendRow(std::vector<Value>{Value::Null()});
  const uint32_t keys[] = {0};
  uint64_t hashes[6];
  RowRef refs[6];
  uint8_t inserted[6];
  data::HashRows(input.batch(), input.types(), keys, hashes);
  table.FindOrInsert(input.batch(), keys, hashes, refs, inserted);
  CHECK(table.size() == 3);
  CHECK(refs[0] == refs[1]);
  CHECK(refs[2] == refs[3]);
  CHECK(refs[2] == refs[4]);
  CHECK(refs[5] != refs[0]);
}

}  // namespace laminar::state
