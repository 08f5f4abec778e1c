#include "os/thread.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/hot_scope.h"
#include "base/text.h"
#include "os/file.h"

namespace laminar::os {
namespace {

struct StartArguments {
  void (*main)(void*);
  void* argument;
  std::atomic<int32_t>* id;  // the Thread's, which is joined before it goes
};

std::atomic<uint64_t> starts_until_failure{0};

bool IsStartToFail() {
  return starts_until_failure.load(std::memory_order_relaxed) != 0 && starts_until_failure.fetch_sub(1) == 1;
}

void* ThreadMain(void* raw) {
  const std::unique_ptr<StartArguments> start(static_cast<StartArguments*>(raw));
  start->id->store(static_cast<int32_t>(syscall(SYS_gettid)), std::memory_order_relaxed);
  start->main(start->argument);
  return nullptr;
}

}  // namespace

Result<Thread> Thread::Start(const std::string& name, void (*main)(void*), void* argument) {
  ForbidInHotScope("starting a thread");
  Thread thread;
  thread.id_ = std::make_unique<std::atomic<int32_t>>(0);
  auto start = std::make_unique<StartArguments>(StartArguments{main, argument, thread.id_.get()});
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the new thread
  const int error = IsStartToFail() ? EAGAIN : pthread_create(&thread.handle_, nullptr, ThreadMain, start.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) {
    return Error(
        Status(error == EAGAIN ? ErrorCode::kLimitReached : ErrorCode::kIo,
               "starting thread \"" + name + "\": " + std::strerror(error) + " (errno " + std::to_string(error) + ")")
            .WithHint("the limit of threads of this user or container may be reached (ulimit -u)"));
  }
  start.release();  // NOLINT: the thread owns it now
  thread.is_joinable_ = true;
  pthread_setname_np(thread.handle_, name.substr(0, 15).c_str());
  return thread;
}

void Thread::FailStart(uint64_t n) { starts_until_failure.store(n); }

Thread::~Thread() { CHECK(!is_joinable_); }

Thread::Thread(Thread&& other) noexcept
    : handle_(other.handle_), id_(std::move(other.id_)), is_joinable_(std::exchange(other.is_joinable_, false)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  CHECK(!is_joinable_);
  handle_ = other.handle_;
  id_ = std::move(other.id_);
  is_joinable_ = std::exchange(other.is_joinable_, false);
  return *this;
}

void Thread::Join() {
  ForbidInHotScope("waiting for a thread to end");
  if (!std::exchange(is_joinable_, false)) return;
  pthread_join(handle_, nullptr);
}

// "ID (a name, which may hold anything) S ppid ...": the cpu is the 37th field behind the name.
std::optional<uint32_t> Thread::LastCore() const {
  if (id() == 0) return std::nullopt;
  Result<std::unique_ptr<File>> file =
      RealFileSystem().Open("/proc/self/task/" + std::to_string(id()) + "/stat", OpenMode::kRead);
  if (!file) return std::nullopt;
  std::string text(4096, '\0');
  const Result<size_t> size = (*file)->ReadAt(0, text);
  text.resize(size ? *size : 0);
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const std::vector<std::string_view> fields = Split(std::string_view(text).substr(name_end + 1), ' ');
  constexpr size_t kProcessor = 37;  // the first is what stands before the blank
  const Result<int64_t> core = fields.size() > kProcessor ? ParseInt64(fields[kProcessor]) : Result<int64_t>(-1);
  if (!core || *core < 0) return std::nullopt;
  return static_cast<uint32_t>(*core);
}

void EventCount::PrepareWait() {
  state_.store(kParked, std::memory_order_seq_cst);
  FullFence();
}

bool EventCount::Wait(int64_t nanos) {
  ForbidInHotScope("sleeping on an event count");
  timespec span{.tv_sec = nanos / 1'000'000'000, .tv_nsec = nanos % 1'000'000'000};
  while (state_.load(std::memory_order_acquire) == kParked) {
    const int64_t rc =
        syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, kParked, nanos < 0 ? nullptr : &span, nullptr, 0);
    if (rc != 0 && errno == ETIMEDOUT) break;
  }
  return state_.exchange(kAwake, std::memory_order_acquire) != kParked;
}

bool EventCount::WakeUp() {
  if (state_.exchange(kAwake, std::memory_order_release) != kParked) return false;  // another notifier was quicker
  syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  return true;
}

}  // namespace laminar::os
