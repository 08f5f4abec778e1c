// The log on the machine's disk: what appending costs a row (64-byte rows, 200 to a delta or one to a record), what a
// sync costs, and reading back; by both ways of writing. Prints ns a row and µs a sync.
//   wal_bench [folder, default: the temporary one]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/random.h"
#include "os/process.h"
#include "state/log/delta.h"
#include "state/log/wal.h"

namespace laminar::state {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kRowBytes = 64;  // key and value
constexpr uint64_t kRows = 4'000'000;

template <class T>
T Must(Result<T> result) {
  if (result) return std::move(*result);
  std::printf("%s\n", result.error().ToString().c_str());
  std::exit(1);
}
void Must(const Status& status) {
  if (status.ok()) return;
  std::printf("%s\n", status.ToString().c_str());
  std::exit(1);
}

double Micros(int64_t start) { return static_cast<double>(os::RealClock().MonotonicNanos() - start) / 1000; }

struct Bench {
  WalOptions options;
  std::vector<std::string> rows;  // a cycle of them

  std::unique_ptr<WalWriter> Open() {
    Must(os::RealFileSystem().RemoveTree(options.directory));
    return Must(WalWriter::Open(options, {}, 0));
  }

  // Nanoseconds a row: making deltas and appending them, without and with the final sync.
  void Append(uint64_t rows_per_record) {
    const std::unique_ptr<WalWriter> writer = Open();
    std::string delta;
    const int64_t start = os::RealClock().MonotonicNanos();
    for (uint64_t row = 0; row < kRows; row += rows_per_record) {
      delta.clear();
      DeltaWriter changes(delta);
      for (uint64_t i = 0; i < rows_per_record; ++i) {
        const std::string_view bytes = rows[(row + i) % rows.size()];
        changes.Put(bytes.substr(0, kKeyBytes), bytes.substr(kKeyBytes));
      }
      Must(writer->Append(WalRecordType::kDelta, 1, delta));
    }
    const double appended = Micros(start);
    Must(writer->Sync());
    const double synced = Micros(start);
    const double mib = static_cast<double>(kRows * kRowBytes) / (1 << 20);
    std::printf("%-8s %3llu rows a record: append %6.1f ns a row, with the sync at the end %6.1f (%.0f MB/s)\n",
                std::string(writer->method()).c_str(), static_cast<unsigned long long>(rows_per_record),
                appended * 1000 / kRows, synced * 1000 / kRows, mib / synced * 1e6);
  }

  // The same into memory only: few enough rows for the buffer, again and again, each round synced outside the time.
  void AppendToBuffer(uint64_t rows_per_record) {
    const std::unique_ptr<WalWriter> writer = Open();
    std::string delta;
    DeltaWriter changes(delta);
    for (uint64_t i = 0; i < rows_per_record; ++i) {
      changes.Put(std::string_view(rows[i]).substr(0, kKeyBytes), std::string_view(rows[i]).substr(kKeyBytes));
    }
    const uint64_t records = 2000 / rows_per_record;
    double best = 1e9;
    for (int round = 0; round < 200; ++round) {
      const int64_t start = os::RealClock().MonotonicNanos();
      for (uint64_t i = 0; i < records; ++i) Must(writer->Append(WalRecordType::kDelta, 1, delta));
      best = std::min(best, Micros(start) * 1000 / static_cast<double>(records * rows_per_record));
      Must(writer->Sync());
    }
    std::printf("memory   %3llu rows a record: append %6.1f ns a row (the log alone, best of 200)\n",
                static_cast<unsigned long long>(rows_per_record), best);
  }

  void Sync(size_t group_bytes) {
    const std::unique_ptr<WalWriter> writer = Open();
    const std::string payload(group_bytes, 'x');
    std::vector<double> times;
    for (int round = 0; round < 500; ++round) {
      Must(writer->Append(WalRecordType::kDelta, 1, payload));
      const int64_t start = os::RealClock().MonotonicNanos();
      Must(writer->Sync());
      times.push_back(Micros(start));
    }
    std::sort(times.begin(), times.end());
    std::printf("%-8s sync of %6zu bytes%s: median %7.1f us, p99 %7.1f us\n", std::string(writer->method()).c_str(),
                group_bytes, options.preallocate ? ", preallocated" : "", times[times.size() / 2],
                times[times.size() * 99 / 100]);
  }

  void Read() {
    const int64_t start = os::RealClock().MonotonicNanos();
    const std::unique_ptr<WalReader> reader = Must(WalReader::Open(options, {}));
    WalRecord record;
    uint64_t bytes = 0;
    while (Must(reader->Next(record)) == WalReadStatus::kRecord) bytes += record.payload.size();
    std::printf("reading back: %.0f MB/s\n", static_cast<double>(bytes) / (1 << 20) / Micros(start) * 1e6);
  }
};

void Checksum() {
  const std::string bytes(64 << 10, 'c');
  uint32_t crc = 0;
  for (const bool in_hardware : {true, false}) {
    const int64_t start = os::RealClock().MonotonicNanos();
    for (int i = 0; i < 1000; ++i) crc = in_hardware ? Crc32c(crc, bytes) : Crc32cInSoftware(crc, bytes);
    std::printf("CRC32C in %s: %.1f GB/s (%x)\n", in_hardware && IsCrc32cInHardware() ? "hardware" : "software",
                64 * 1.024 / Micros(start) * 1e3, crc);
  }
}

}  // namespace
}  // namespace laminar::state

int main(int argc, char** argv) {
  using namespace laminar;
  state::Checksum();
  const std::string folder = argc > 1 ? argv[1] : os::TemporaryDirectory();
  state::Bench bench;
  bench.options = {.files = &os::RealFileSystem(),
                   .clock = &os::RealClock(),
                   .directory = os::JoinPath(folder, "laminar-wal-bench-" + std::to_string(os::ProcessId())),
                   .database_id = 1};
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    std::string& row = bench.rows.emplace_back(state::kRowBytes, '\0');
    for (char& c : row) c = static_cast<char>(random.Below(256));
  }
  for (const uint64_t rows : {200, 1}) bench.AppendToBuffer(rows);
  for (const bool use_io_uring : {false, true}) {
    bench.options.use_io_uring = use_io_uring;
    for (const uint64_t rows : {200, 1}) bench.Append(rows);
    for (const size_t bytes : {100, 10'000, 200'000}) {
      for (const bool preallocate : {true, false}) {
        bench.options.preallocate = preallocate;
        bench.Sync(bytes);
      }
    }
    bench.options.preallocate = true;
  }
  bench.Append(200);
  bench.Read();
  state::Must(os::RealFileSystem().RemoveTree(bench.options.directory));
  return 0;
}
