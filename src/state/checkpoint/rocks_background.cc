#include "state/checkpoint/rocks_background.h"

#include <rocksdb/env.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "os/cpu.h"

namespace laminar::state {

namespace {

// A merge that fails is begun again, with a second between, as long as the disk fails: that is not waited for.
constexpr uint64_t kJobsAwaitedMax = 3;
// For a call that waits for a merge itself, which none is known to do.
constexpr auto kHeldMost = std::chrono::seconds(10);

// Merging and flushing give way to the graph and to the log, which they hold up only when they are far behind.
constexpr int kBackgroundNice = 10;

struct Job {
  void (*function)(void*);
  void (*drop)(void*);
  void* argument;
  bool is_merge;
  std::shared_ptr<RocksBackground> background;
};

void RunJob(void* job) {
  const std::unique_ptr<Job> owned(static_cast<Job*>(job));
  if (owned->is_merge) owned->background->BeginMerge();
  owned->function(owned->argument);
  owned->background->Done(owned->is_merge);
}

void DropJob(void* job) {
  const std::unique_ptr<Job> owned(static_cast<Job*>(job));
  if (owned->drop != nullptr) owned->drop(owned->argument);
  owned->background->Drop(owned->is_merge);
}

class WatchedEnv final : public rocksdb::EnvWrapper {
 public:
  WatchedEnv(std::unique_ptr<rocksdb::Env> env, std::shared_ptr<RocksBackground> background)
      : EnvWrapper(env.get()), env_(std::move(env)), background_(std::move(background)) {}
  const char* Name() const override { return "laminar-watched"; }
  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag, void (*drop)(void*)) override {
    const bool is_merge = priority != Priority::HIGH;
    background_->Add(is_merge);
    env_->Schedule(&RunJob, new Job{function, drop, argument, is_merge, background_}, priority, tag, &DropJob);
  }
  // The store is being closed: a merge that is let go now sees that and does nothing.
  int UnSchedule(void* tag, Priority priority) override {
    background_->Open();
    return env_->UnSchedule(tag, priority);
  }

 private:
  std::unique_ptr<rocksdb::Env> env_;
  std::shared_ptr<RocksBackground> background_;
};

// The pools of threads are the process's: whichever of them takes a job becomes nice.
struct NiceJob {
  void (*function)(void*);
  void (*drop)(void*);
  void* argument;
};

void RunNicely(void* job) {
  const std::unique_ptr<NiceJob> owned(static_cast<NiceJob*>(job));
  thread_local bool is_nice = false;
  if (!std::exchange(is_nice, true)) os::MakeThisThreadNicer(kBackgroundNice);
  owned->function(owned->argument);
}

void DropNiceJob(void* job) {
  const std::unique_ptr<NiceJob> owned(static_cast<NiceJob*>(job));
  if (owned->drop != nullptr) owned->drop(owned->argument);
}

class NiceEnv final : public rocksdb::EnvWrapper {
 public:
  explicit NiceEnv(std::unique_ptr<rocksdb::Env> env) : EnvWrapper(env.get()), env_(std::move(env)) {}
  const char* Name() const override { return "laminar-nice"; }
  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag, void (*drop)(void*)) override {
    env_->Schedule(&RunNicely, new NiceJob{function, drop, argument}, priority, tag, &DropNiceJob);
  }

 private:
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> RocksBackground::MakeNice(std::unique_ptr<rocksdb::Env> env) {
  return std::make_unique<NiceEnv>(std::move(env));
}

std::unique_ptr<rocksdb::Env> RocksBackground::Watch(std::unique_ptr<rocksdb::Env> env,
                                                     std::shared_ptr<RocksBackground> background) {
  return std::make_unique<WatchedEnv>(std::move(env), std::move(background));
}

struct RocksBackground::Jobs {
  struct Kind {
    uint64_t count = 0;  // that run or wait to run
    uint64_t ended = 0;
  };
  Kind& Of(bool is_merge) { return is_merge ? merges : flushes; }
  bool IsIdle(uint64_t enough_flushes) const {
    const bool is_flushed = flushes.count == 0 || flushes.ended >= enough_flushes;
    return is_flushed && running == 0 && (merges.count == 0 || permits == 0);
  }

  std::mutex mutex;  // guards all of it
  std::condition_variable changed;
  Kind flushes;
  Kind merges;
  uint64_t running = 0;  // merges that have begun
  uint64_t permits = 0;  // merges that may begin
  bool is_open = false;  // all may
};

RocksBackground::RocksBackground() : jobs_(std::make_unique<Jobs>()) {}
RocksBackground::~RocksBackground() = default;

void RocksBackground::Add(bool is_merge) {
  const std::lock_guard lock(jobs_->mutex);
  ++jobs_->Of(is_merge).count;
}

void RocksBackground::BeginMerge() {
  std::unique_lock lock(jobs_->mutex);
  jobs_->changed.wait_for(lock, kHeldMost, [&] { return jobs_->is_open || jobs_->permits > 0; });
  if (jobs_->permits > 0) --jobs_->permits;
  ++jobs_->running;
}

void RocksBackground::Done(bool is_merge) {
  const std::lock_guard lock(jobs_->mutex);
  if (is_merge) --jobs_->running;
  ++jobs_->Of(is_merge).ended;
  --jobs_->Of(is_merge).count;
  jobs_->changed.notify_all();
}

void RocksBackground::Drop(bool is_merge) {
  const std::lock_guard lock(jobs_->mutex);
  --jobs_->Of(is_merge).count;
  jobs_->changed.notify_all();
}

void RocksBackground::Open() {
  const std::lock_guard lock(jobs_->mutex);
  jobs_->is_open = true;
  jobs_->changed.notify_all();
}

void RocksBackground::Await() {
  std::unique_lock lock(jobs_->mutex);
  jobs_->is_open = false;
  jobs_->permits = kJobsAwaitedMax;
  jobs_->changed.notify_all();
  const uint64_t enough_flushes = jobs_->flushes.ended + kJobsAwaitedMax;
  jobs_->changed.wait(lock, [&] { return jobs_->IsIdle(enough_flushes); });
  jobs_->permits = 0;
}

}  // namespace laminar::state
