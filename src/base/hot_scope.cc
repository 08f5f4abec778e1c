// The watched allocation functions. They stand in front of the C library's and ask one thread-local question; operator
// new comes here too, because the C++ library's calls malloc. Sanitizer builds bring their own allocator: no guard
// there.
#include "base/hot_scope.h"

#ifdef LAMINAR_HOT_GUARD

#include <execinfo.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

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
}  // extern "C"

#endif  // LAMINAR_HOT_GUARD
