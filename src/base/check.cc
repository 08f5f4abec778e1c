#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace laminar {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "laminar: broken invariant: %s (%s:%d)\nThis is a bug in LaminarDB; please report it.\n",
               condition, file, line);
  std::abort();
}

}  // namespace laminar
