// The guard of ring 0: inside a HotScope, an operator step may not allocate, lock or call the operating system.
//
//     HotScope scope("tumbling aggregate");   // this thread is hot until the end of the block
//     AllowAllocation growth;                 // a sanctioned place inside it: growth of state, filling of a pool
//
// With LAMINAR_HOT_GUARD the process's functions of allocation, locking, waiting and sleeping are watched, and what
// calls the operating system says so itself (ForbidInHotScope). A breach aborts with the scope's name and a stack
// (kAbort, the start value) or is counted (kCount, for tests of the guard). Without it every line is empty. Thread:
// each thread has its own scope; SetMode and Violations may be called from any thread.
#pragma once

#include <cstdint>

namespace laminar {

#ifdef LAMINAR_HOT_GUARD

namespace internal {
struct HotState {
  uint32_t depth = 0;
  uint32_t allowed = 0;
  const char* name = nullptr;
};
extern thread_local constinit HotState hot_state __attribute__((tls_model("initial-exec")));
void HotBreach(const char* what, uint64_t bytes);
}  // namespace internal

class HotScope {
 public:
  enum class Mode : uint8_t { kAbort, kCount };
  static constexpr bool kIsGuarded = true;

  // The name must outlive the scope; scopes nest.
  explicit HotScope(const char* name) : outer_name_(internal::hot_state.name) {
    internal::hot_state.name = name;
    ++internal::hot_state.depth;
  }
  ~HotScope() {
    --internal::hot_state.depth;
    internal::hot_state.name = outer_name_;
  }
  HotScope(const HotScope&) = delete;
  HotScope& operator=(const HotScope&) = delete;

  static void SetMode(Mode mode);
  // Breaches of all threads since the start of the process.
  static uint64_t Violations();
  static bool IsHot() { return internal::hot_state.depth > internal::hot_state.allowed; }

 private:
  const char* outer_name_;
};

class AllowAllocation {
 public:
  AllowAllocation() : outer_allowed_(internal::hot_state.allowed) {
    internal::hot_state.allowed = internal::hot_state.depth;
  }
  ~AllowAllocation() { internal::hot_state.allowed = outer_allowed_; }
  AllowAllocation(const AllowAllocation&) = delete;
  AllowAllocation& operator=(const AllowAllocation&) = delete;

 private:
  uint32_t outer_allowed_;
};

// Called by every wrapper of a system call that may block: a breach when this thread is hot.
inline void ForbidInHotScope(const char* what) {
  if (internal::hot_state.depth > internal::hot_state.allowed) [[unlikely]]
    internal::HotBreach(what, 0);
}

#else

class HotScope {
 public:
  enum class Mode : uint8_t { kAbort, kCount };
  static constexpr bool kIsGuarded = false;
  explicit HotScope(const char*) {}
  ~HotScope() {}  // user-provided, so that an unused scope is no warning
  HotScope(const HotScope&) = delete;
  HotScope& operator=(const HotScope&) = delete;
  static void SetMode(Mode) {}
  static uint64_t Violations() { return 0; }
  static bool IsHot() { return false; }
};

class AllowAllocation {
 public:
  AllowAllocation() {}
  ~AllowAllocation() {}
  AllowAllocation(const AllowAllocation&) = delete;
  AllowAllocation& operator=(const AllowAllocation&) = delete;
};

inline void ForbidInHotScope(const char*) {}

#endif

}  // namespace laminar
