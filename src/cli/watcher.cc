#include "cli/watcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "cli/output.h"
#include "data/value.h"
#include "os/clock.h"

namespace laminar::cli {

namespace {

constexpr int64_t kQuietNanos = 400'000'000;  // short statements show no line
constexpr auto kLook = std::chrono::milliseconds(50);
constexpr int64_t kDrawNanos = 150'000'000;

uint64_t RowsOf(const engine::Progress& progress) {
  uint64_t rows = 0;
  for (const engine::SourceProgress& source : progress.sources) rows += source.rows;
  return rows;
}

}  // namespace

std::string ProgressText(const engine::Progress& progress, uint64_t rows_read, double seconds, double rows_a_second) {
  std::string out = FormatCount(static_cast<int64_t>(RowsOf(progress) + rows_read)) + " rows";
  uint64_t done = 0;
  uint64_t total = 0;
  Timestamp watermark = kMaxTimestamp;
  for (const engine::SourceProgress& source : progress.sources) {
    if (!source.has_ended) {
      done += source.done;
      total += source.total;
    }
    if (source.watermark != kMinTimestamp) watermark = std::min(watermark, source.watermark);
  }
  if (total > 0) out += fmt::format(" ({}%)", std::min<uint64_t>(100, done * 100 / total));
  out += ", " + FormatCount(static_cast<int64_t>(rows_a_second)) + " rows/s";
  if (watermark != kMaxTimestamp)
    out += ", watermark " + data::Value::Int(watermark).ToString(data::Type::Timestamp(0));
  for (const engine::ViewProgress& view : progress.views) {
    out += ", " + view.name + ": " + FormatCount(static_cast<int64_t>(view.rows_stored));
  }
  out += fmt::format(", {:.1f} s", seconds);
  return out;
}

Watcher::Watcher(engine::Database& database, engine::Connection& connection, os::InterruptFlag& interrupts)
    : database_(database), connection_(connection), interrupts_(interrupts), is_terminal_(os::IsTerminal(2)) {
  start_nanos_ = last_nanos_ = os::RealClock().MonotonicNanos();
  if (is_terminal_) last_rows_ = RowsOf(database_.GetProgress());
  thread_ = std::thread([this] { Main(); });
}

Watcher::~Watcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    Erase();
  }
  wake_.notify_all();
  thread_.join();
}

void Watcher::Watch(engine::Cursor* cursor) {
  const std::lock_guard lock(mutex_);
  cursor_ = cursor;
}

void Watcher::Hide() {
  const std::lock_guard lock(mutex_);
  hidden_ = true;
  Erase();
}

bool Watcher::was_interrupted() {
  const std::lock_guard lock(mutex_);
  return interrupted_;
}

void Watcher::Main() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait_for(lock, kLook);
    if (stop_) return;
    interrupted_ |= interrupts_.Take();
    if (interrupted_) {  // again each time: what it ends may only now have begun
      if (cursor_ != nullptr) cursor_->Cancel();
      connection_.Cancel();
    }
    if (is_terminal_ && !hidden_) Draw();
  }
}

void Watcher::Draw() {
  const int64_t now = os::RealClock().MonotonicNanos();
  if (now - start_nanos_ < kQuietNanos || now - last_nanos_ < kDrawNanos) return;
  const engine::Progress progress = database_.GetProgress();
  const uint64_t read = cursor_ != nullptr ? cursor_->rows_read() : 0;
  const uint64_t rows = RowsOf(progress) + read;
  const double seconds = static_cast<double>(now - last_nanos_) / 1e9;
  const double rate = rows > last_rows_ ? static_cast<double>(rows - last_rows_) / seconds : 0;
  rate_ = rate_ == 0 ? rate : 0.7 * rate_ + 0.3 * rate;
  last_nanos_ = now;
  last_rows_ = rows;
  std::string text = ProgressText(progress, read, static_cast<double>(now - start_nanos_) / 1e9, rate_);
  const uint32_t columns = os::TerminalColumns(2);
  if (columns > 4 && text.size() > columns - 1) text.resize(columns - 1);  // names may be cut, so plain bytes
  WriteErrorOnly("\r\x1b[K" + text);
  drawn_ = true;
}

void Watcher::Erase() {
  if (drawn_) WriteErrorOnly("\r\x1b[K");
  drawn_ = false;
}

}  // namespace laminar::cli
