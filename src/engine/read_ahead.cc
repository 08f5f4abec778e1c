#include "engine/read_ahead.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "os/thread.h"

namespace laminar::engine {

namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
constexpr size_t kChunksWaiting = 4;

// Rows one behind the other: key, value, key, value.
struct Chunk {
  std::string bytes;
  std::vector<size_t> ends;  // of each key and value
  size_t next = 0;           // in `ends`

  void Clear() {
    bytes.clear();
    ends.clear();
    next = 0;
  }
  void FillFrom(state::StateCursor& cursor) {
    for (; cursor.valid() && bytes.size() < kChunkBytes; cursor.Next()) {
      for (const std::string_view part : {cursor.key(), cursor.value()}) {
        bytes.append(part);
        ends.push_back(bytes.size());
      }
    }
  }
  std::string_view TakePart() {
    const size_t start = next == 0 ? 0 : ends[next - 1];
    return std::string_view(bytes).substr(start, ends[next++] - start);
  }
};

}  // namespace

struct ReadAhead::Rep {
  std::unique_ptr<state::StateCursor> cursor;  // of whoever reads
  Chunk current;
  bool is_threaded = false;
  Status status;

  std::mutex mutex;  // of the following
  std::condition_variable changed;
  std::vector<Chunk> waiting;  // oldest first
  std::vector<Chunk> spare;
  bool is_over = false;  // all that is left is waiting
  bool is_stopped = false;
  os::Thread thread;

  void Work() {
    for (bool is_last = false; !is_last;) {
      Chunk chunk;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return is_stopped || waiting.size() < kChunksWaiting; });
        if (is_stopped) return;
        if (!spare.empty()) {
          chunk = std::move(spare.back());
          spare.pop_back();
        }
      }
      chunk.FillFrom(*cursor);
      is_last = !cursor->valid();
      const std::lock_guard lock(mutex);
      waiting.push_back(std::move(chunk));
      is_over = is_last;
      changed.notify_all();
    }
  }
};

ReadAhead::ReadAhead(std::unique_ptr<state::StateCursor> cursor) : rep_(std::make_unique<Rep>()) {
  rep_->cursor = std::move(cursor);
}

ReadAhead::~ReadAhead() {
  if (!rep_->is_threaded) return;
  {
    const std::lock_guard lock(rep_->mutex);
    rep_->is_stopped = true;
  }
  rep_->changed.notify_all();
  rep_->thread.Join();
}

const Status& ReadAhead::status() const { return rep_->status; }

bool ReadAhead::Next() {
  Chunk& chunk = rep_->current;
  if (chunk.next == chunk.ends.size() && !TakeChunk()) return false;
  key_ = chunk.TakePart();
  value_ = chunk.TakePart();
  return true;
}

// The first chunk is the caller's: a small table is not worth a thread.
bool ReadAhead::TakeChunk() {
  Rep& rep = *rep_;
  const bool is_first = rep.current.ends.empty();
  if (!rep.is_threaded && !is_first && rep.cursor->valid()) {
    auto thread = os::Thread::Start("laminar-read", [](void* self) { static_cast<Rep*>(self)->Work(); }, &rep);
    rep.is_threaded = thread.has_value();
    if (thread) rep.thread = *std::move(thread);
  }
  rep.current.Clear();
  if (!rep.is_threaded) {
    rep.current.FillFrom(*rep.cursor);
  } else {
    std::unique_lock lock(rep.mutex);
    rep.changed.wait(lock, [&] { return !rep.waiting.empty() || rep.is_over; });
    if (!rep.waiting.empty()) {
      rep.spare.push_back(std::exchange(rep.current, std::move(rep.waiting.front())));
      rep.waiting.erase(rep.waiting.begin());
      rep.changed.notify_all();
    }
  }
  if (!rep.current.ends.empty()) return true;
  rep.status = rep.cursor->status();
  return false;
}

}  // namespace laminar::engine
