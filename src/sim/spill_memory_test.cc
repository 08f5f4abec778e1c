#include "sim/spill_memory.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "base/random.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::sim {
namespace {

constexpr size_t kBytes = size_t{256} << 10;

void Fill(uint8_t* block, uint64_t seed) {
  Random random(seed);
  for (size_t i = 0; i < kBytes; ++i) block[i] = static_cast<uint8_t>(random.Next());
}

bool Holds(const uint8_t* block, uint64_t seed) {
  Random random(seed);
  for (size_t i = 0; i < kBytes; ++i) {
    if (block[i] != static_cast<uint8_t>(random.Next())) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("what is moved to simulated memory keeps its bytes and its address, and may be written") {
  const auto spill = MakeSpillMemory(7);
  REQUIRE(spill.has_value());
  Random random(3);
  std::vector<uint8_t*> blocks;
  for (uint64_t i = 0; i < 6; ++i) {
    blocks.push_back(os::MapMemory(kBytes, kBytes));
    Fill(blocks[i], i);
    REQUIRE((*spill)->MoveOut(blocks[i], kBytes, i * kBytes).ok());
  }
  for (int round = 0; round < 60; ++round) {
    const uint64_t i = random.Below(6);
    CHECK(Holds(blocks[i], i));
    if (random.OneIn(3)) Fill(blocks[i], i);
    CHECK((*spill)->Release(blocks[i], kBytes, i * kBytes).ok());
    CHECK((*spill)->ResidentBytes(blocks[i], kBytes) == 0);
    CHECK((*spill)->ResidentBytes(blocks[i], kBytes) <= kBytes);
  }
  (*spill)->Discard(0, kBytes);
  CHECK(!Holds(blocks[0], 0));
  CHECK(Holds(blocks[1], 1));
  for (uint8_t* block : blocks) os::UnmapMemory(block, kBytes);
}

TEST_CASE("how much has come back from simulated memory is decided by the seed and the calls before") {
  uint8_t block[1];
  const auto figures = [&](uint64_t seed) {
    const auto spill = MakeSpillMemory(seed);
    REQUIRE(spill.has_value());
    std::vector<uint64_t> out;
    for (int i = 0; i < 100; ++i) out.push_back((*spill)->ResidentBytes(block, kBytes));
    return out;
  };
  CHECK(figures(1) == figures(1));
  CHECK(figures(1) != figures(2));
}

TEST_CASE("the spill file of a simulated disk fails when it is told to, and when the power is cut") {
  SimClock clock;
  SimFileSystem files(clock);
  REQUIRE(files.CreateDirectory("/db").ok());
  CHECK(!files.MakeSpillFile("/nowhere").has_value());
  const auto spill = files.MakeSpillFile("/db");
  REQUIRE(spill.has_value());
  CHECK(files.List("/db").value().empty());
  uint8_t* block = os::MapMemory(kBytes, kBytes);
  Fill(block, 1);
  files.Plan({.kind = FileFault::Kind::kDiskFull, .operation = FileOperation::kWrite, .path_part = "(spill)"});
  CHECK((*spill)->MoveOut(block, kBytes, 0).code() == ErrorCode::kLimitReached);
  CHECK(Holds(block, 1));
  CHECK((*spill)->MoveOut(block, kBytes, 0).ok());
  files.Plan({.kind = FileFault::Kind::kPowerCut});
  CHECK((*spill)->Release(block, kBytes, 0).code() == ErrorCode::kIo);
  CHECK(Holds(block, 1));
  files.Crash();
  os::UnmapMemory(block, kBytes);
}

}  // namespace laminar::sim
