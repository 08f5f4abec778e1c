#include "state/checkpoint/rocks_background.h"

#include <rocksdb/env.h>

#include <condition_variable>
#include <mutex>

namespace laminar::state {

namespace {

// A merge that fails is begun again, with a second between, as long as the disk fails: that is not waited for.
constexpr uint64_t kJobsAwaitedMax = 3;

struct Job {
  void (*function)(void*);
  void (*drop)(void*);
  void* argument;
  std::shared_ptr<RocksBackground> background;
};

void Run(void* job) {
  const std::unique_ptr<Job> owned(static_cast<Job*>(job));
  owned->function(owned->argument);
  owned->background->Done();
}

void Drop(void* job) {
  const std::unique_ptr<Job> owned(static_cast<Job*>(job));
  if (owned->drop != nullptr) owned->drop(owned->argument);
  owned->background->Done();
}

class WatchedEnv final : public rocksdb::EnvWrapper {
 public:
  WatchedEnv(std::unique_ptr<rocksdb::Env> env, std::shared_ptr<RocksBackground> background)
      : EnvWrapper(env.get()), env_(std::move(env)), background_(std::move(background)) {}
  const char* Name() const override { return "laminar-watched"; }
  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag, void (*drop)(void*)) override {
    background_->Add();
    env_->Schedule(&Run, new Job{function, drop, argument, background_}, priority, tag, &Drop);
  }

 private:
  std::unique_ptr<rocksdb::Env> env_;
  std::shared_ptr<RocksBackground> background_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> RocksBackground::Watch(std::unique_ptr<rocksdb::Env> env,
                                                     std::shared_ptr<RocksBackground> background) {
  return std::make_unique<WatchedEnv>(std::move(env), std::move(background));
}

struct RocksBackground::Jobs {
  std::mutex mutex;
  std::condition_variable idle;
  int count = 0;       // guarded by mutex
  uint64_t ended = 0;  // guarded by mutex
};

RocksBackground::RocksBackground() : jobs_(std::make_unique<Jobs>()) {}
RocksBackground::~RocksBackground() = default;

void RocksBackground::Add() {
  const std::lock_guard lock(jobs_->mutex);
  ++jobs_->count;
}

void RocksBackground::Done() {
  const std::lock_guard lock(jobs_->mutex);
  ++jobs_->ended;
  --jobs_->count;
  jobs_->idle.notify_all();
}

void RocksBackground::Await() {
  std::unique_lock lock(jobs_->mutex);
  const uint64_t enough = jobs_->ended + kJobsAwaitedMax;
  jobs_->idle.wait(lock, [&] { return jobs_->count == 0 || jobs_->ended >= enough; });
}

}  // namespace laminar::state
