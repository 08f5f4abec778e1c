// What the tests of checkpoints share: random deltas with a plain map beside, and reading a whole store.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/clock.h"
#include "sim/file_system.h"
#include "state/checkpoint/checkpoint_store.h"
#include "state/log/delta.h"

namespace laminar::state {

using Model = std::map<std::string, std::string>;

inline std::string RandomBytes(Random& random, size_t bytes) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random.Next());
  return text;
}

// Few enough that they are often met again; some are prefixes of others, one is empty.
inline std::string RandomKey(Random& random) {
  std::string key;
  for (uint64_t parts = random.Below(4); parts > 0; --parts) {
    key += static_cast<char>(random.OneIn(8) ? random.Next() : 'a' + random.Below(6));
  }
  return key;
}

inline std::string RandomDelta(Random& random, size_t operations, Model& model) {
  std::string delta;
  DeltaWriter writer(delta);
  for (size_t i = 0; i < operations; ++i) {
    const std::string key = RandomKey(random);
    switch (random.Below(10)) {
      case 0:
      case 1:
        writer.Delete(key);
        model.erase(key);
        break;
      case 2: {
        const std::string behind = RandomKey(random);
        writer.DeleteRange(key, behind);
        if (key < behind) model.erase(model.lower_bound(key), model.lower_bound(behind));
        break;
      }
      default: {
        const std::string value = RandomBytes(random, random.Below(random.OneIn(10) ? 3000 : 40));
        writer.Put(key, value);
        model[key] = value;
      }
    }
  }
  return delta;
}

inline Model Drain(Result<std::unique_ptr<StateCursor>> cursor) {
  REQUIRE_MESSAGE(cursor.has_value(), (cursor ? "" : cursor.error().ToString()));
  Model found;
  std::string before;
  for (; (*cursor)->valid(); (*cursor)->Next()) {
    const std::string key((*cursor)->key());
    CHECK((found.empty() || before < key));
    before = key;
    found[key] = (*cursor)->value();
  }
  CHECK_MESSAGE((*cursor)->status().ok(), (*cursor)->status().ToString());
  return found;
}

inline Model All(CheckpointStore& store) { return Drain(store.Scan("", "")); }

// A disk in memory and the options of a store on it.
struct World {
  sim::SimClock clock{1'700'000'000'000'000};
  sim::SimFileSystem files{clock};
  std::vector<std::string> skipped;

  CheckpointOptions options() {
    return {.files = &files,
            .clock = &clock,
            .directory = "/db/state",
            .database_id = 0x1234,
            .memory_bytes = 2 << 20,
            .cache_bytes = 1 << 20};
  }
  Result<std::unique_ptr<CheckpointStore>> TryOpen() {
    skipped.clear();
    return CheckpointStore::Open(options(), &skipped);
  }
  std::unique_ptr<CheckpointStore> Open() {
    auto store = TryOpen();
    REQUIRE_MESSAGE(store.has_value(), (store ? "" : store.error().ToString()));
    return *std::move(store);
  }
};

inline void Must(const Status& status) { REQUIRE_MESSAGE(status.ok(), status.ToString()); }
template <class T>
T Must(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().ToString()));
  return *std::move(result);
}
template <class T>
ErrorCode CodeOf(const Result<T>& result) {
  return result ? ErrorCode::kOk : result.error().code();
}

}  // namespace laminar::state
