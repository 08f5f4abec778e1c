// CHECK: an invariant that stays on in release builds; its breach is a bug, so the process stops and says where.
// DCHECK: the same for tests expensive enough to keep out of release builds.
#pragma once

namespace laminar {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace laminar

#ifdef DOCTEST_LIBRARY_INCLUDED
// A test that includes doctest first: one meaning of CHECK in it, doctest's, also inside our headers.
#undef CHECK
#define CHECK(...) DOCTEST_CHECK(static_cast<bool>(__VA_ARGS__))
#else
#define CHECK(condition)                                                                  \
  do {                                                                                    \
    if (!(condition)) [[unlikely]] ::laminar::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
#endif

#ifdef NDEBUG
#define DCHECK(condition) \
  do {                    \
  } while (false && (condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif
