#include "state/memory/state_memory.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "base/random.h"
#include "os/process.h"

namespace laminar::state {
namespace {

constexpr uint64_t kBlock = StateMemory::kBlockBytes;

// A block whose bytes tell whether they are the right ones.
void Fill(uint8_t* block, uint64_t seed) {
  Random random(seed);
  for (size_t i = 0; i < kBlock; i += 8) {
    const uint64_t word = random.Next();
    std::memcpy(block + i, &word, 8);
  }
}

bool Holds(const uint8_t* block, uint64_t seed) {
  Random random(seed);
  for (size_t i = 0; i < kBlock; i += 8) {
    const uint64_t word = random.Next();
    if (std::memcmp(block + i, &word, 8) != 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("blocks keep their bytes wherever they stand, and leave nothing behind") {
  StateMemory memory;
  memory.SetLimits({.resident_bytes = 3 * kBlock, .directory = os::TemporaryDirectory()});
  Random random(5);
  std::vector<std::pair<uint8_t*, uint64_t>> blocks;
  for (int step = 0; step < 300; ++step) {
    switch (random.Below(4)) {
      case 0:
        if (blocks.size() == 12) break;
        blocks.emplace_back(memory.Allocate(), random.Next());
        Fill(blocks.back().first, blocks.back().second);
        break;
      case 1: {
        if (blocks.empty()) break;
        auto& [block, seed] = blocks[random.Below(blocks.size())];
        REQUIRE(Holds(block, seed));
        if (random.OneIn(2)) Fill(block, seed = random.Next());
        break;
      }
      case 2:
        if (blocks.empty() || !random.OneIn(3)) break;
        std::swap(blocks[random.Below(blocks.size())], blocks.back());
        memory.Free(blocks.back().first);
        blocks.pop_back();
        break;
      default:
        for (int i = 0; i < 4 && memory.is_over(); ++i) REQUIRE(memory.Trim(20));
    }
  }
  for (const auto& [block, seed] : blocks) REQUIRE(Holds(block, seed));
  const StateMemory::Figures figures = memory.GetFigures();
  CHECK(figures.blocks_moved > 5);
  CHECK(figures.bytes == blocks.size() * kBlock);
  for (const auto& [block, seed] : blocks) memory.Free(block);
  CHECK(memory.GetFigures().bytes == 0);
  CHECK(memory.GetFigures().resident_bytes == 0);
  CHECK(memory.GetFigures().spilled_bytes == 0);
}

TEST_CASE("after Trim what is in memory is within the budget") {
  StateMemory memory;
  memory.SetLimits({.resident_bytes = 4 * kBlock, .directory = os::TemporaryDirectory()});
  std::vector<uint8_t*> blocks;
  for (uint64_t i = 0; i < 16; ++i) Fill(blocks.emplace_back(memory.Allocate()), i);
  CHECK(memory.is_over());
  CHECK(memory.Trim(100));
  CHECK_FALSE(memory.is_over());
  CHECK(memory.GetFigures().spilled_bytes == 12 * kBlock);
  // They are all looked at, so they are all back, and go again.
  for (uint64_t i = 0; i < 16; ++i) REQUIRE(Holds(blocks[i], i));
  CHECK(memory.Trim(100));
  CHECK(memory.Trim(100));
  CHECK_FALSE(memory.is_over());
  CHECK(memory.GetFigures().resident_bytes <= 4 * kBlock);
  for (uint64_t i = 0; i < 16; ++i) REQUIRE(Holds(blocks[i], i));
  for (uint8_t* block : blocks) memory.Free(block);
}

TEST_CASE(
    "without a place on disk, or beyond its limit, state may grow by an eighth and then is refused with the reason") {
  StateMemory memory;
  std::string place;
  std::string reason = "state needs";
  uint64_t spill = 0;
  SUBCASE("no folder") {}
  SUBCASE("a folder that is not there") {
    place = "/no/such/folder";
    reason = "No such file";
  }
  SUBCASE("the spill file is full") {
    place = os::TemporaryDirectory();
    spill = kBlock;
    reason = "state on disk";
  }
  memory.SetLimits({.resident_bytes = 8 * kBlock, .spill_bytes = spill, .directory = place});
  std::vector<uint8_t*> blocks;
  for (uint64_t i = 0; i < 8; ++i) Fill(blocks.emplace_back(memory.Allocate()), i);
  CHECK_FALSE(memory.is_over());
  CHECK(memory.Trim(10));
  const uint64_t fits = spill / kBlock;
  for (uint64_t i = 8; i < 9 + fits; ++i) Fill(blocks.emplace_back(memory.Allocate()), i);
  CHECK_FALSE(memory.Trim(10));
  CHECK_FALSE(memory.is_exhausted());
  for (uint64_t i = 9 + fits; i < 11 + fits; ++i) Fill(blocks.emplace_back(memory.Allocate()), i);
  CHECK_FALSE(memory.Trim(10));
  CHECK(memory.is_exhausted());
  CHECK(memory.Exhausted().message().find(reason) != std::string::npos);
  // A higher limit, or room, and all is well, whether anybody has called Trim or not.
  memory.SetLimits({.resident_bytes = 100 * kBlock, .spill_bytes = spill, .directory = place});
  CHECK_FALSE(memory.is_exhausted());
  memory.SetLimits({.resident_bytes = 8 * kBlock, .spill_bytes = spill, .directory = place});
  CHECK(memory.is_exhausted());
  for (uint64_t i = 0; i < 11 + fits; ++i) {
    REQUIRE(Holds(blocks[i], i));
    memory.Free(blocks[i]);
  }
  CHECK_FALSE(memory.is_exhausted());
  CHECK(memory.Trim(10));
}

TEST_CASE("a new folder is used when nothing stands in the old one any more") {
  StateMemory memory;
  memory.SetLimits({.resident_bytes = 1, .directory = os::TemporaryDirectory()});
  uint8_t* block = memory.Allocate();
  Fill(block, 1);
  CHECK(memory.Trim(1));
  memory.SetLimits({.resident_bytes = 1, .directory = "/no/such/folder"});
  CHECK(Holds(block, 1));
  uint8_t* other = memory.Allocate();
  Fill(other, 2);
  CHECK(memory.Trim(2));  // the file there is takes it still
  memory.Free(block);
  CHECK(Holds(other, 2));
  memory.Free(other);
  block = memory.Allocate();
  Fill(block, 3);
  CHECK_FALSE(memory.Trim(1));
  CHECK(memory.Exhausted().message().find("/no/such/folder") != std::string::npos);
  memory.Free(block);
}

TEST_CASE("what is noted counts and cannot go") {
  StateMemory memory;
  memory.SetLimits({.resident_bytes = kBlock, .directory = os::TemporaryDirectory()});
  uint8_t* block = memory.Allocate();
  Fill(block, 1);
  memory.Note(2 * kBlock);
  memory.Trim(10);
  CHECK(memory.is_over());
  CHECK_FALSE(memory.Trim(10));
  CHECK(memory.is_exhausted());
  memory.Note(-static_cast<int64_t>(2 * kBlock));
  CHECK(memory.Trim(10));
  CHECK(memory.GetFigures().resident_bytes <= kBlock);
  CHECK(Holds(block, 1));
  memory.Free(block);
}

}  // namespace laminar::state
