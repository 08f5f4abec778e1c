// Watcher: looks after a statement that runs: ends it on Ctrl-C and, where standard error is a terminal, shows a live
// line (rows, rows a second, watermark, views) that vanishes when the statement is done.
//
// Threads: one of its own while it lives. It only reads progress and cancels; results are the caller's.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "engine/database.h"
#include "os/process.h"

namespace laminar::cli {

// The live line for a moment; `rows_read` are rows a cursor read by itself. Pure, so that it can be tested.
std::string ProgressText(const engine::Progress& progress, uint64_t rows_read, double seconds, double rows_a_second);

class Watcher {
 public:
  Watcher(engine::Database& database, engine::Connection& connection, os::InterruptFlag& interrupts);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // The cursor being read; null: none any more.
  void Watch(engine::Cursor* cursor);
  // Takes the line away until the end: results are coming on the same terminal.
  void Hide();
  bool was_interrupted();

 private:
  void Main();
  void Draw();
  void Erase();

  engine::Database& database_;
  engine::Connection& connection_;
  os::InterruptFlag& interrupts_;
  std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  engine::Cursor* cursor_ = nullptr;
  bool stop_ = false;
  bool hidden_ = false;
  bool drawn_ = false;
  bool interrupted_ = false;
  bool is_terminal_ = false;
  int64_t start_nanos_ = 0;
  int64_t last_nanos_ = 0;
  uint64_t last_rows_ = 0;
  double rate_ = 0;
  std::thread thread_;
};

}  // namespace laminar::cli
