// The state table against a hand-written open-addressing table with the row inline in the slot: count, sum and max by
// int64 keys in batches of 1024, both in one run: ns a row and the ratio. And single lookups, each on the clock, beside
// what any index that points at rows must do: two reads of memory, the second at a place that the first one tells.
//   ./dev bench state_table_bench [keys]
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"
#include "os/clock.h"
#include "state/table/state_table.h"

namespace laminar::state {
namespace {

// Time of this thread on a core: other load on the machine counts less.
double Now() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double Wall() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Accumulators {
  int64_t count;
  int64_t sum;
  int64_t max;
};

class HandTable {
 public:
  explicit HandTable(size_t keys) {
    const size_t capacity = std::bit_ceil(static_cast<size_t>(static_cast<double>(keys) * 1.25));
    mask_ = capacity - 1;
    shift_ = 64 - static_cast<uint32_t>(std::countr_zero(capacity));
    bytes_ = capacity * sizeof(Slot);
    slots_ = static_cast<Slot*>(std::aligned_alloc(size_t{2} << 20, std::max<size_t>(bytes_, size_t{2} << 20)));
    (void)madvise(slots_, bytes_, MADV_HUGEPAGE);
    std::fill_n(reinterpret_cast<char*>(slots_), bytes_, 0);
  }
  ~HandTable() { std::free(slots_); }
  double Run(const std::vector<int64_t>& keys, const std::vector<int64_t>& values) {
    const double start = Now();
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i + 24 < keys.size()) __builtin_prefetch(&slots_[Hash64(static_cast<uint64_t>(keys[i + 24])) >> shift_], 1);
      for (size_t at = Hash64(static_cast<uint64_t>(keys[i])) >> shift_;; at = (at + 1) & mask_) {
        Slot& slot = slots_[at];
        if (slot.used == 0) {
          slot = {keys[i], 1, 1, values[i], values[i]};
          break;
        }
        if (slot.key == keys[i]) {
          ++slot.count;
          slot.sum += values[i];
          slot.max = std::max(slot.max, values[i]);
          break;
        }
      }
    }
    return Now() - start;
  }

 private:
  struct Slot {
    int64_t key;
    uint32_t used;
    uint32_t count;
    int64_t sum;
    int64_t max;
  };
  Slot* slots_;
  size_t mask_;
  size_t bytes_;
  uint32_t shift_;
};

// The clock, read when all before it is done.
uint64_t CyclesBehind() {
#ifdef __x86_64__
  __builtin_ia32_lfence();
#endif
  return os::CycleCounter();
}

// Each call of read(i), a random read, alone on the clock: nanoseconds, ascending, with the clock's own time in them.
template <typename Read>
std::vector<double> TimeWithClock(size_t count, Read&& read) {
  std::vector<uint64_t> cycles(count);
  const uint64_t first = os::CycleCounter();
  const double start = Wall();
  for (size_t i = 0; i < count; ++i) {
    const uint64_t before = CyclesBehind();
    uint64_t value = read(i);
    asm volatile("" : "+r"(value));
    cycles[i] = CyclesBehind() - before;
  }
  const double nanos_a_cycle = (Wall() - start) * 1e9 / static_cast<double>(os::CycleCounter() - first);
  std::vector<double> nanos;
  for (const uint64_t c : cycles) nanos.push_back(static_cast<double>(c) * nanos_a_cycle);
  std::sort(nanos.begin(), nanos.end());
  return nanos;
}

// Without it: the median of reads of nothing is what the clock takes.
template <typename Read>
std::vector<double> TimeEach(size_t count, Read&& read) {
  const std::vector<double> nothing = TimeWithClock(1 << 16, [](size_t i) { return i; });
  const double clock = nothing[nothing.size() / 2];
  std::vector<double> nanos = TimeWithClock(count, read);
  for (double& each : nanos) each = std::max(0.0, each - clock);
  return nanos;
}

// Two arrays that together take `bytes`: a random place of one says which place of the other is read.
std::vector<double> ReadTwice(uint64_t bytes, size_t count) {
  const uint64_t places = std::bit_floor(bytes / 16);
  const auto memory =
      static_cast<uint64_t*>(std::aligned_alloc(size_t{2} << 20, std::max<uint64_t>(places * 16, 2 << 20)));
  (void)madvise(memory, places * 16, MADV_HUGEPAGE);
  Random random(2);
  for (uint64_t i = 0; i < 2 * places; ++i) memory[i] = random.Below(places);
  std::vector<uint64_t> at(count);
  for (uint64_t& place : at) place = random.Below(places);
  std::vector<double> nanos = TimeEach(count, [&](size_t i) { return memory[places + memory[at[i]]]; });
  std::free(memory);
  return nanos;
}

class OurTable {
 public:
  explicit OurTable(bool with_epochs)
      : table_({.name = "bench", .key = {data::TypeId::kInt64}, .values = {}, .payload_bytes = 24}),
        with_epochs_(with_epochs) {}
  double Run(const std::vector<int64_t>& keys, const std::vector<int64_t>& values) {
    const std::vector<data::Type> types = {data::TypeId::kInt64};
    const uint32_t key_columns[] = {0};
    const uint32_t payload = table_.payload_offset();
    const double start = Now();
    uint32_t batches = 0;
    for (size_t first = 0; first < keys.size(); first += 1024) {
      if (with_epochs_ && batches++ % 64 == 0) table_.BeginEpoch();
      const auto rows = static_cast<uint32_t>(std::min<size_t>(1024, keys.size() - first));
      data::Column column;
      column.values = const_cast<int64_t*>(keys.data() + first);
      data::Batch batch{.rows = rows, .column_count = 1, .columns = &column};
      data::HashRows(batch, types, key_columns, hashes_);
      table_.FindOrInsert(batch, key_columns, hashes_, refs_, inserted_);
      table_.MutableRows({refs_, rows}, at_);
      for (uint32_t i = 0; i < rows; ++i) {
        auto* a = reinterpret_cast<Accumulators*>(at_[i] + payload);
        const int64_t value = values[first + i];
        ++a->count;
        a->sum += value;
        a->max = std::max(a->max, value);
      }
    }
    return Now() - start;
  }
  uint64_t bytes() const { return table_.memory_bytes(); }

  // So many keys at a time, hashed, looked up and their rows read: nanoseconds a key, ascending. Operators look up
  // batches, of which the reads of one key hide those of another; with one at a time there is nothing to hide them.
  std::vector<double> LookUp(const std::vector<int64_t>& keys, uint32_t rows) {
    const std::vector<data::Type> types = {data::TypeId::kInt64};
    const uint32_t key_columns[] = {0};
    const uint32_t payload = table_.payload_offset();
    std::vector<double> nanos = TimeEach(keys.size() / rows, [&](size_t i) {
      data::Column column;
      column.values = const_cast<int64_t*>(keys.data() + i * rows);
      const data::Batch batch{.rows = rows, .column_count = 1, .columns = &column};
      data::HashRows(batch, types, key_columns, hashes_);
      table_.Find(batch, key_columns, hashes_, refs_);
      uint64_t sum = 0;
      for (uint32_t row = 0; row < rows; ++row)
        sum += static_cast<uint64_t>(reinterpret_cast<const Accumulators*>(table_.Get(refs_[row]) + payload)->sum);
      return sum;
    });
    for (double& each : nanos) each /= rows;
    return nanos;
  }

 private:
  StateTable table_;
  bool with_epochs_;
  uint64_t hashes_[1024];
  RowRef refs_[1024];
  uint8_t inserted_[1024];
  uint8_t* at_[1024];
};

void Compare(size_t key_count) {
  std::vector<int64_t> build(key_count);
  for (size_t i = 0; i < key_count; ++i) build[i] = static_cast<int64_t>(i * 3 + 1);
  Random random(1);
  for (size_t i = key_count - 1; i > 0; --i) std::swap(build[i], build[random.Below(i + 1)]);
  std::vector<int64_t> update(std::max<size_t>(key_count, 4'000'000));
  for (int64_t& key : update) key = build[random.Below(key_count)];
  std::vector<int64_t> values(update.size());
  for (int64_t& value : values) value = static_cast<int64_t>(random.Below(1000));
  auto per = [](double seconds, size_t rows) { return seconds * 1e9 / static_cast<double>(rows); };
  for (int repeat = 0; repeat < 3; ++repeat) {
    double hand_update = 0;
    {
      HandTable hand(key_count);
      const double hand_build = hand.Run(build, values);
      hand.Run(update, values);
      hand_update = hand.Run(update, values);
      std::printf("%9zu keys  hand      build %6.1f  update %6.1f ns\n", key_count, per(hand_build, key_count),
                  per(hand_update, update.size()));
    }
    for (const bool with_epochs : {false, true}) {
      OurTable ours(with_epochs);
      const double our_build = ours.Run(build, values);
      ours.Run(update, values);
      const double our_update = ours.Run(update, values);
      std::printf("%9zu keys  %s build %6.1f  update %6.1f ns  = %3.0f %% of hand; %.0f bytes a key\n", key_count,
                  with_epochs ? "epochs   " : "table    ", per(our_build, key_count), per(our_update, update.size()),
                  100 * hand_update / our_update, static_cast<double>(ours.bytes()) / static_cast<double>(key_count));
      if (with_epochs || repeat != 2) continue;
      const std::vector<double> each = ours.LookUp(update, 1);
      const std::vector<double> batched = ours.LookUp(update, 1024);
      const std::vector<double> bound = ReadTwice(ours.bytes(), update.size());
      const auto print = [&](const char* what, const std::vector<double>& nanos) {
        const auto at = [&](double quantile) {
          return nanos[static_cast<size_t>(quantile * double(nanos.size() - 1))];
        };
        std::printf("%9zu keys  %s: p50 %.0f  p99 %.0f  p99.9 %.0f ns\n", key_count, what, at(0.5), at(0.99),
                    at(0.999));
      };
      std::printf("%9zu keys  %s of state\n", key_count, FormatBytes(ours.bytes()).c_str());
      print("a lookup in batches of 1,024", batched);
      print("one lookup alone            ", each);
      print("two reads of such memory    ", bound);
    }
  }
}

}  // namespace
}  // namespace laminar::state

int main(int argc, char** argv) {
  if (argc > 1) {
    laminar::state::Compare(static_cast<size_t>(std::atoll(argv[1])));
    return 0;
  }
  for (const size_t keys : {size_t{1000}, size_t{100'000}, size_t{10'000'000}}) laminar::state::Compare(keys);
  return 0;
}
