// Rows larger than a delta takes: refused with a name and a number, by AppendAll and AppendChanges as by CheckRows.
#include <doctest/doctest.h>

#include "data/row_key.h"
#include "data/value.h"
#include "state/log/delta.h"
#include "state/table/state_table.h"

namespace laminar::state {
namespace {

using data::BatchBuffer;
using data::TypeId;
using data::Value;

struct Fixture {
  StateTable table{{.name = "table t", .key = {TypeId::kVarchar}, .values = {TypeId::kVarchar}}};
  BatchBuffer rows{{TypeId::kVarchar, TypeId::kVarchar}};
  uint32_t key[1] = {0};
  uint32_t value[1] = {1};
  RowRef ref = kNoRow;

  void Put(size_t key_bytes, size_t value_bytes) {
    rows.Reset();
    rows.AppendRow(
        std::vector<Value>{Value::String(std::string(key_bytes, 'k')), Value::String(std::string(value_bytes, 'v'))});
    uint64_t hash = 0;
    uint8_t inserted = 0;
    data::HashRows(rows.batch(), rows.types(), key, &hash);
    table.FindOrInsert(rows.batch(), key, &hash, &ref, &inserted);
    table.WriteValues({&ref, 1}, rows.batch(), value);
  }
};

TEST_CASE("a row that a delta cannot take is named, with its size and the limit, before and after it is in the table") {
  struct Case {
    size_t key;
    size_t value;
    const char* says;  // null: it fits
  };
  constexpr size_t kRoom = 64;  // what CheckRows takes the parts that are no text for, at most
  for (const Case& c : {Case{kDeltaKeyBytesMax - kRoom, 10, nullptr},
                        Case{kDeltaKeyBytesMax, 10,
                             "table t: row (kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...) cannot be kept on disk"},
                        Case{3, kDeltaValueBytesMax - kRoom, nullptr},
                        Case{3, kDeltaValueBytesMax, "what stands under its key takes"}}) {
    CAPTURE(c.key);
    CAPTURE(c.value);
    Fixture f;
    f.table.BeginEpoch();
    f.Put(c.key, c.value);
    const Status checked = f.table.CheckRows(f.rows.batch(), f.key, f.value);
    std::string all;
    std::string changes;
    const Status appended = f.table.AppendAll("1234", all);
    const Status changed = f.table.AppendChanges("1234", changes);
    CHECK(checked.ok() == (c.says == nullptr));
    CHECK(appended.ok() == checked.ok());
    CHECK(changed.ok() == checked.ok());
    if (c.says == nullptr) continue;
    for (const Status& status : {checked, appended, changed}) {
      CHECK(status.code() == ErrorCode::kLimitReached);
      CHECK(status.message().find(c.says) != std::string::npos);
      CHECK(status.message().find("the limit is ") != std::string::npos);
      CHECK(!status.hint().empty());
    }
    // Gone before the epoch ends, it leaves no trace.
    f.table.Erase(f.ref);
    changes.clear();
    CHECK(f.table.AppendChanges("1234", changes).ok());
    CHECK(changes.empty() == (c.key > kDeltaKeyBytesMax - kRoom));
  }
}

}  // namespace
}  // namespace laminar::state
