// The program's operator new: the C library's malloc, and while a count is on, one more for it. The nothrow and array
// forms of the C++ library come here by themselves.
#include "cli/bench/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LAMINAR_OWN_NEW 0
#else
#define LAMINAR_OWN_NEW 1
#endif

namespace laminar::cli {
namespace {

constinit std::atomic<bool> is_counting{false};  // asked at every allocation, set around a measurement
constinit std::atomic<uint64_t> allocations{0};  // of any thread while is_counting

}  // namespace

bool CanCountAllocations() { return LAMINAR_OWN_NEW != 0; }

void StartCountingAllocations() {
  allocations.store(0, std::memory_order_relaxed);
  is_counting.store(true, std::memory_order_relaxed);
}

uint64_t StopCountingAllocations() {
  is_counting.store(false, std::memory_order_relaxed);
  return allocations.load(std::memory_order_relaxed);
}

#if LAMINAR_OWN_NEW
namespace {

void* Allocate(size_t bytes, size_t alignment) {
  if (is_counting.load(std::memory_order_relaxed)) [[unlikely]]
    allocations.fetch_add(1, std::memory_order_relaxed);
  if (bytes == 0) bytes = 1;
  while (true) {
    void* memory = alignment == 0 ? std::malloc(bytes)
                                  : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory != nullptr) [[likely]]
      return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();  // as the standard wants it of this function
    handler();
  }
}

}  // namespace
#endif

}  // namespace laminar::cli

#if LAMINAR_OWN_NEW
void* operator new(size_t bytes) { return laminar::cli::Allocate(bytes, 0); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return laminar::cli::Allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
#endif
