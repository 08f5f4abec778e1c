// The watched functions: allocation, locks, waits and sleeps. They stand in front of the C library's and ask one
// thread-local question; operator new comes here too, because the C++ library's calls malloc, and std::mutex, because
// it calls pthread_mutex_lock. Files, streams and threads are watched by their wrappers in os, which call
// ForbidInHotScope. Sanitizer builds bring their own of these functions: no guard there.
#include "base/hot_scope.h"

#ifdef LAMINAR_HOT_GUARD

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace laminar {
namespace internal {

thread_local constinit HotState hot_state __attribute__((tls_model("initial-exec")));

namespace {
std::atomic<uint64_t> violations{0};  // written by any thread in breach, read by tests
std::atomic<HotScope::Mode> mode{HotScope::Mode::kAbort};
}  // namespace

void HotBreach(const char* what, uint64_t bytes) {
  violations.fetch_add(1, std::memory_order_relaxed);
  if (mode.load(std::memory_order_relaxed) == HotScope::Mode::kCount) return;
  hot_state.allowed = hot_state.depth;  // the report itself may allocate
  std::fprintf(stderr, "laminar: breach of the hot path: %s (%llu bytes) inside '%s'\n", what,
               static_cast<unsigned long long>(bytes), hot_state.name == nullptr ? "?" : hot_state.name);
  void* frames[24];
  const int count = backtrace(frames, 24);
  backtrace_symbols_fd(frames, count, STDERR_FILENO);
  std::abort();
}

}  // namespace internal

void HotScope::SetMode(Mode mode) { internal::mode.store(mode, std::memory_order_relaxed); }
uint64_t HotScope::Violations() { return internal::violations.load(std::memory_order_relaxed); }

}  // namespace laminar

extern "C" {
void* __libc_malloc(size_t);            // NOLINT: the C library's own names
void* __libc_calloc(size_t, size_t);    // NOLINT
void* __libc_realloc(void*, size_t);    // NOLINT
void* __libc_memalign(size_t, size_t);  // NOLINT

#define LAMINAR_WATCHED __attribute__((visibility("default"), noinline))

static inline void Watch(const char* what, size_t bytes) {
  if (laminar::HotScope::IsHot()) [[unlikely]]
    laminar::internal::HotBreach(what, bytes);
}

LAMINAR_WATCHED void* malloc(size_t bytes) {
  Watch("allocation", bytes);
  return __libc_malloc(bytes);
}
LAMINAR_WATCHED void* calloc(size_t count, size_t bytes) {
  Watch("allocation", count * bytes);
  return __libc_calloc(count, bytes);
}
LAMINAR_WATCHED void* realloc(void* block, size_t bytes) {
  Watch("reallocation", bytes);
  return __libc_realloc(block, bytes);
}
LAMINAR_WATCHED void* memalign(size_t alignment, size_t bytes) {
  Watch("aligned allocation", bytes);
  return __libc_memalign(alignment, bytes);
}
LAMINAR_WATCHED void* aligned_alloc(size_t alignment, size_t bytes) {
  Watch("aligned allocation", bytes);
  return __libc_memalign(alignment, bytes);
}
LAMINAR_WATCHED int posix_memalign(void** block, size_t alignment, size_t bytes) {
  Watch("aligned allocation", bytes);
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void* made = __libc_memalign(alignment, bytes);
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}

// The next one of this name behind ours. Looked up once; two threads that do so at the same time find the same.
#define LAMINAR_WATCHED_CALL(what, name, parameters, arguments)                    \
  LAMINAR_WATCHED int name parameters {                                            \
    using Function = int(*) parameters;                                            \
    static std::atomic<Function> real{nullptr};                                    \
    Watch(what, 0);                                                                \
    Function function = real.load(std::memory_order_relaxed);                      \
    if (function == nullptr) [[unlikely]] {                                        \
      function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, #name)); /* NOLINT */ \
      if (function == nullptr) std::abort();                                       \
      real.store(function, std::memory_order_relaxed);                             \
    }                                                                              \
    return function arguments;                                                     \
  }

// Trying a lock waits for nobody, and unlocking neither: they are not watched.
LAMINAR_WATCHED_CALL("taking a lock", pthread_mutex_lock, (pthread_mutex_t * mutex) noexcept, (mutex))
LAMINAR_WATCHED_CALL("taking a lock", pthread_mutex_timedlock,
                     (pthread_mutex_t * mutex, const timespec* until) noexcept, (mutex, until))
LAMINAR_WATCHED_CALL("taking a lock", pthread_mutex_clocklock,
                     (pthread_mutex_t * mutex, clockid_t clock, const timespec* until) noexcept, (mutex, clock, until))
LAMINAR_WATCHED_CALL("taking a shared lock", pthread_rwlock_rdlock, (pthread_rwlock_t * lock) noexcept, (lock))
LAMINAR_WATCHED_CALL("taking a shared lock", pthread_rwlock_wrlock, (pthread_rwlock_t * lock) noexcept, (lock))
LAMINAR_WATCHED_CALL("waiting on a condition", pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t* mutex),
                     (condition, mutex))
LAMINAR_WATCHED_CALL("waiting on a condition", pthread_cond_timedwait,
                     (pthread_cond_t * condition, pthread_mutex_t* mutex, const timespec* until),
                     (condition, mutex, until))
LAMINAR_WATCHED_CALL("waiting on a condition", pthread_cond_clockwait,
                     (pthread_cond_t * condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until),
                     (condition, mutex, clock, until))
LAMINAR_WATCHED_CALL("sleeping", nanosleep, (const timespec* span, timespec* left), (span, left))
LAMINAR_WATCHED_CALL("sleeping", clock_nanosleep, (clockid_t clock, int flags, const timespec* until, timespec* left),
                     (clock, flags, until, left))
LAMINAR_WATCHED_CALL("giving up the processor", sched_yield, () noexcept, ())

#undef LAMINAR_WATCHED_CALL
}  // extern "C"

#endif  // LAMINAR_HOT_GUARD
