// The checkpoint store with many small rows: applying them, a full checkpoint, one after one row in a hundred changed,
// many of those one after the other, starting again, and reading everything back.
//   checkpoint_bench <folder for its files> [million rows]
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/file.h"
#include "state/checkpoint/checkpoint_store.h"
#include "state/log/delta.h"

namespace laminar::state {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kValueBytes = 48;
constexpr uint64_t kRowsOfDelta = 20'000;

double Now() { return static_cast<double>(os::RealClock().MonotonicNanos()) * 1e-9; }

// Time of this thread on a core: other load on the machine counts less.
double Busy() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class T>
T Must(Result<T> result) {
  if (!result) {
    std::printf("%s\n", result.error().ToString().c_str());
    std::exit(1);
  }
  return *std::move(result);
}
void Must(const Status& status) { (void)Must(status.ok() ? Result<int>(0) : Result<int>(std::unexpected(status))); }

std::string KeyOf(uint64_t i) {
  char key[kKeyBytes + 1];
  std::snprintf(key, sizeof key, "k%015llu", static_cast<unsigned long long>(i));
  return {key, kKeyBytes};
}

struct Spent {
  double wall = 0;
  double busy = 0;
};

// Puts new values under the keys; the seconds that Apply took.
Spent Put(CheckpointStore& store, const std::vector<uint64_t>& keys, Random& random) {
  Spent spent;
  std::string value(kValueBytes, '\0');
  for (size_t first = 0; first < keys.size(); first += kRowsOfDelta) {
    std::string delta;
    DeltaWriter writer(delta);
    for (size_t i = first; i < std::min(keys.size(), first + kRowsOfDelta); ++i) {
      for (size_t at = 0; at < kValueBytes; at += 8) {
        const uint64_t bits = random.Next();
        std::memcpy(value.data() + at, &bits, 8);
      }
      writer.Put(KeyOf(keys[i]), value);
    }
    const double start = Now();
    const double busy = Busy();
    Must(store.Apply(delta));
    spent.wall += Now() - start;
    spent.busy += Busy() - busy;
  }
  return spent;
}

double Mega(uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; }

void ScanAll(CheckpointStore& store, const char* name) {
  const double start = Now();
  const double busy_start = Busy();
  uint64_t rows = 0;
  uint64_t bytes = 0;
  const auto cursor = Must(store.Scan("", ""));
  for (; cursor->valid(); cursor->Next()) {
    ++rows;
    bytes += cursor->key().size() + cursor->value().size();
  }
  Must(cursor->status());
  const double seconds = Now() - start;
  const double busy = Busy() - busy_start;
  std::printf("scan %-28s %8.2f s  %6.2f M rows/s  %7.0f MB/s; on a core alone %.2f M rows/s  %.0f MB/s\n", name,
              seconds, static_cast<double>(rows) * 1e-6 / seconds, Mega(bytes) / seconds,
              static_cast<double>(rows) * 1e-6 / busy, Mega(bytes) / busy);
}

void Run(const std::string& folder, uint64_t rows) {
  os::FileSystem& files = os::RealFileSystem();
  const std::string directory = os::JoinPath(folder, "laminar-checkpoint-bench");
  Must(files.RemoveTree(directory));
  CheckpointOptions options{.files = &files, .clock = &os::RealClock(), .directory = directory};
  Random random(1);
  std::vector<uint64_t> all(rows);
  for (uint64_t i = 0; i < rows; ++i) all[i] = i;
  for (uint64_t i = rows - 1; i > 0; --i) std::swap(all[i], all[random.Below(i + 1)]);
  const auto some = [&] {
    std::vector<uint64_t> keys(rows / 100);
    for (uint64_t& key : keys) key = random.Below(rows);
    return keys;
  };
  {
    auto store = Must(CheckpointStore::Open(options, nullptr));
    const Spent applying = Put(*store, all, random);
    const double per_row = 1e9 / static_cast<double>(rows);
    std::printf("apply %llu rows, random order %16.0f ns a row, %.0f ns of it on the core\n",
                static_cast<unsigned long long>(rows), applying.wall * per_row, applying.busy * per_row);
    const auto publish = [&](const char* name) {
      const double start = Now();
      const CheckpointInfo info = Must(store->Publish(1, {}));
      std::printf("publish %-25s %8.2f s  %8.1f MB, new %8.1f MB, %u files\n", name, Now() - start, Mega(info.bytes),
                  Mega(info.new_bytes), info.files);
      return info;
    };
    publish("full");
    ScanAll(*store, "right after the load");
    // Until merging has come to rest.
    double since = Now();
    while (Now() - since < 5) {
      if (Must(store->Publish(1, {})).new_bytes > 1'000'000) since = Now();
    }
    const CheckpointInfo full = publish("at rest");
    Put(*store, some(), random);
    const CheckpointInfo one = publish("1 % changed");
    std::printf("  that is %.2f %% of the full one\n",
                100 * static_cast<double>(one.new_bytes) / static_cast<double>(full.bytes));
    uint64_t fresh = 0;
    const double start = Now();
    for (int i = 0; i < 50; ++i) {
      Put(*store, some(), random);
      fresh += Must(store->Publish(1, {})).new_bytes;
    }
    std::printf("50 times 1 %% changed: %.2f %% of the full one each, merging included; %.3f s each\n",
                2 * static_cast<double>(fresh) / static_cast<double>(full.bytes), (Now() - start) / 50);
    std::printf("memory %s\n", FormatBytes(store->memory_bytes()).c_str());
  }
  const double start = Now();
  const auto store = Must(CheckpointStore::Open(options, nullptr));
  std::printf("start %35.3f s\n", Now() - start);
  ScanAll(*store, "after the start");
  ScanAll(*store, "again");
}

}  // namespace
}  // namespace laminar::state

int main(int argc, char** argv) {
  if (argc < 2) {
    std::printf("checkpoint_bench <folder for its files> [million rows]\n");
    return 1;
  }
  const uint64_t millions = argc > 2 ? laminar::ParseUint64(argv[2]).value_or(10) : 10;
  laminar::state::Run(argv[1], millions * 1'000'000);
  return 0;
}
