// TableLoader: the rows of stored tables, read into the operators that own them while a database is opened. Tables know
// nothing of each other, so they are read on several threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/status.h"
#include "engine/graph_state.h"
#include "state/checkpoint/checkpoint_store.h"

namespace laminar::engine {

class TableLoader {
 public:
  // `now_and_then` is called every few thousand rows, by whoever reads.
  TableLoader(state::CheckpointStore& store, std::function<void()> now_and_then)
      : store_(store), now_and_then_(std::move(now_and_then)) {}

  // All tables of an operator. It stays where it is until Run has returned.
  void Add(StoredOperator& stored);
  // Reads them on up to `threads` threads, this one included; where there are fewer tables, some of them read ahead.
  // kUnreadableState, or what reading the store met.
  Status Run(uint32_t threads);

 private:
  struct Table {
    StoredOperator* stored = nullptr;
    size_t index = 0;
  };
  void Work();
  Status Load(const Table& table);

  state::CheckpointStore& store_;
  const std::function<void()> now_and_then_;
  std::vector<Table> tables_;
  bool reads_ahead_ = false;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;  // of failure_
  Status failure_;    // the first
};

}  // namespace laminar::engine
