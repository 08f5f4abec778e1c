#include "runtime/ring0/spsc_queue.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "base/random.h"

namespace laminar::runtime {
namespace {

struct Counted {
  explicit Counted(int* live_count) : live(live_count) { ++*live; }
  Counted(Counted&& other) noexcept : live(other.live) {
    if (live != nullptr) ++*live;
  }
  Counted& operator=(Counted&&) noexcept = default;
  ~Counted() {
    if (live != nullptr) --*live;
  }
  int* live;
};

TEST_CASE("a queue asked for one place has two and works") {
  SpscQueue<int> queue(1);
  CHECK(queue.capacity() == 2);
  CHECK(SpscQueue<int>(0).capacity() == 2);
  CHECK(SpscQueue<int>(64).capacity() == 64);
  CHECK(SpscQueue<int>(65).capacity() == 128);
  CHECK(queue.Push(1));
  CHECK(queue.Push(2));
  CHECK(queue.full());
  CHECK_FALSE(queue.Push(3));
  int out = 0;
  CHECK(queue.Pop(out));
  CHECK(out == 1);
  CHECK(queue.Push(3));
  CHECK(queue.Pop(out));
  CHECK(out == 2);
  CHECK(queue.Pop(out));
  CHECK(out == 3);
  CHECK_FALSE(queue.Pop(out));
  CHECK(out == 3);
  CHECK(queue.empty());
}

TEST_CASE("a push on a full queue leaves its argument as it was") {
  SpscQueue<std::unique_ptr<int>> queue(2);
  CHECK(queue.Push(std::make_unique<int>(1)));
  CHECK(queue.Push(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  CHECK_FALSE(queue.Push(std::move(third)));
  REQUIRE(third != nullptr);
  CHECK(*third == 3);
  std::unique_ptr<int> many[] = {std::make_unique<int>(4), std::make_unique<int>(5)};
  CHECK(queue.PushBatch(many) == 0);
  CHECK(*many[0] == 4);
  std::unique_ptr<int> out;
  CHECK(queue.Pop(out));
  CHECK(queue.PushBatch(many) == 1);
  CHECK(many[0] == nullptr);
  CHECK(*many[1] == 5);
}

TEST_CASE("what is left in a queue dies with it") {
  int live = 0;
  {
    SpscQueue<Counted> queue(4);
    for (int i = 0; i < 3; ++i) CHECK(queue.Push(Counted(&live)));
    Counted out(&live);
    CHECK(queue.Pop(out));
    CHECK(live == 3);
  }
  CHECK(live == 0);
}

TEST_CASE("counts wrap around at 2^32 and at 2^64 without a trace") {
  for (const uint64_t start : {(uint64_t{1} << 32) - 5, UINT64_MAX - 5, UINT64_MAX}) {
    SpscQueue<uint64_t> queue(8);
    queue.StartIndicesAt(start);
    CHECK(queue.empty());
    uint64_t in = 0;
    uint64_t out = 0;
    Random random(start);
    for (int step = 0; step < 200; ++step) {
      for (uint64_t n = random.Below(9); n > 0 && queue.Push(uint64_t{in}); --n) ++in;
      CHECK(queue.size_approx() == in - out);
      CHECK(queue.full() == (in - out == 8));
      uint64_t value = 0;
      for (uint64_t n = random.Below(9); n > 0 && queue.Pop(value); --n) REQUIRE(value == out++);
    }
    CHECK(in > 100);
  }
}

TEST_CASE("a visitor that stops takes exactly what it was given") {
  SpscQueue<int> queue(16);
  for (int i = 0; i < 10; ++i) CHECK(queue.Push(int{i}));
  int seen = 0;
  CHECK(queue.PopEach(100, [&](int&& value) noexcept { return ++seen, value < 3; }) == 4);
  CHECK(seen == 4);
  CHECK(queue.size_approx() == 6);
  CHECK(queue.PopEach(2, [&](int&&) noexcept { return true; }) == 2);
  int out = 0;
  CHECK(queue.Pop(out));
  CHECK(out == 6);
  CHECK(queue.PopEach(0, [](int&&) noexcept { return true; }) == 0);
  CHECK(queue.PopEach(100, [](int&&) noexcept { return true; }) == 3);
  CHECK(queue.PopEach(100, [](int&&) noexcept { return true; }) == 0);
}

template <class F>
constexpr bool kMayVisit = requires(SpscQueue<int>& queue, F visit) { queue.PopEach(1, visit); };
using Quiet = decltype([](int&&) noexcept { return true; });
using Throwing = decltype([](int&&) { return true; });
static_assert(kMayVisit<Quiet>);
static_assert(!kMayVisit<Throwing>, "a visitor that may throw does not compile");

TEST_CASE("random batches equal a plain list") {
  Random random(14);
  for (int round = 0; round < 50; ++round) {
    SpscQueue<uint64_t> queue(size_t{1} << (1 + random.Below(6)));
    std::vector<uint64_t> expected;
    size_t read = 0;
    uint64_t next = 0;
    for (int step = 0; step < 200; ++step) {
      uint64_t values[40];
      const size_t wanted = random.Below(40);
      for (size_t i = 0; i < wanted; ++i) values[i] = next + i;
      const size_t room = queue.capacity() - (expected.size() - read);
      const size_t pushed = queue.PushBatch({values, wanted});
      REQUIRE(pushed == std::min(wanted, room));
      for (size_t i = 0; i < pushed; ++i) expected.push_back(next++);
      const size_t ask = random.Below(40);
      uint64_t got[40];
      size_t popped = 0;
      if (random.OneIn(2))
        popped = queue.PopInto({got, ask});
      else
        queue.PopEach(ask, [&](uint64_t&& value) noexcept { return got[popped++] = value, true; });
      REQUIRE(popped == std::min(ask, expected.size() - read));
      for (size_t i = 0; i < popped; ++i) REQUIRE(got[i] == expected[read++]);
    }
  }
}

// Both sides in every way, order and content checked by a checksum that depends on the order.
void Stress(uint64_t items, size_t capacity, bool batched) {
  SpscQueue<uint64_t> queue(capacity);
  queue.StartIndicesAt(UINT64_MAX - items / 2);
  uint64_t sent = 0;
  std::thread producer([&] {
    Random random(capacity);
    uint64_t block[64];
    for (uint64_t next = 0; next < items;) {
      if (!batched) {
        if (queue.Push(Hash64(next)))
          sent = HashCombine(sent, Hash64(next++));
        else
          std::this_thread::yield();
        continue;
      }
      const size_t count = std::min<uint64_t>(1 + random.Below(64), items - next);
      for (size_t i = 0; i < count; ++i) block[i] = Hash64(next + i);
      const size_t pushed = queue.PushBatch({block, count});
      for (size_t i = 0; i < pushed; ++i) sent = HashCombine(sent, block[i]);
      next += pushed;
      if (pushed == 0) std::this_thread::yield();
    }
  });
  uint64_t received = 0;
  uint64_t in_order = 0;
  uint64_t count = 0;
  auto take = [&](uint64_t value) {
    in_order += value == Hash64(count++) ? 1 : 0;
    received = HashCombine(received, value);
  };
  while (count < items) {
    const uint64_t before = count;
    uint64_t value = 0;
    if (batched)
      queue.PopEach(48, [&](uint64_t&& v) noexcept { return take(v), true; });
    else if (queue.Pop(value))
      take(value);
    if (count == before) std::this_thread::yield();
  }
  producer.join();
  CHECK(in_order == items);
  CHECK(received == sent);
  CHECK(queue.empty());
}

TEST_CASE("two threads: every item arrives once and in order") {
#ifdef __SANITIZE_THREAD__
  constexpr uint64_t kItems = 200'000;
#else
  constexpr uint64_t kItems = 5'000'000;
#endif
  for (const size_t capacity : {2, 64, 1024}) {
    Stress(capacity == 2 ? kItems / 50 : kItems, capacity, false);
    Stress(capacity == 2 ? kItems / 50 : kItems, capacity, true);
  }
}

#ifndef NDEBUG
TEST_CASE("a second thread on one side is found out") {
  ThreadOwner owner;
  CHECK(owner.IsMine());
  bool theirs = true;
  std::thread([&] { theirs = owner.IsMine(); }).join();
  CHECK_FALSE(theirs);
  CHECK(owner.IsMine());
  owner.Rebind();
  std::thread([&] { theirs = owner.IsMine(); }).join();
  CHECK(theirs);
  CHECK_FALSE(owner.IsMine());
}
#endif

}  // namespace
}  // namespace laminar::runtime
