#include "state/log/delta.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.h"

namespace laminar::state {
namespace {

struct Change {
  DeltaOp op;
  std::string key;
  std::string value;
  bool operator==(const Change&) const = default;
};

std::string Encode(const std::vector<Change>& changes) {
  std::string bytes;
  DeltaWriter writer(bytes);
  for (const Change& change : changes) {
    switch (change.op) {
      case DeltaOp::kPut: writer.Put(change.key, change.value); break;
      case DeltaOp::kDelete: writer.Delete(change.key); break;
      case DeltaOp::kDeleteRange: writer.DeleteRange(change.key, change.value); break;
    }
  }
  return bytes;
}

Result<std::vector<Change>> Decode(std::string_view bytes) {
  std::vector<Change> changes;
  DeltaReader reader(bytes);
  DeltaEntry entry;
  while (TRY(reader.Next(entry))) changes.push_back({entry.op, std::string(entry.key), std::string(entry.value)});
  return changes;
}

TEST_CASE("what a delta says is read back, at every length") {
  Random random(1);
  const auto text = [&](uint64_t bytes_max) {
    std::string bytes(random.OneIn(4) ? bytes_max : random.Below(bytes_max), '\0');
    for (char& c : bytes) c = static_cast<char>(random.Below(256));
    return bytes;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<Change> changes(random.Below(20));
    for (Change& change : changes) {
      change = {static_cast<DeltaOp>(1 + random.Below(3)), text(random.OneIn(10) ? 65536 : 200), ""};
      if (change.op == DeltaOp::kPut) change.value = text(random.OneIn(10) ? 100'000 : 300);
      if (change.op == DeltaOp::kDeleteRange) change.value = text(200);
    }
    REQUIRE(*Decode(Encode(changes)) == changes);
  }
  CHECK(Decode("")->empty());
}

TEST_CASE("a delta falls into parts of whole operations, none larger than it need be") {
  Random random(2);
  for (int round = 0; round < 200; ++round) {
    std::vector<Change> changes(random.Below(20));
    for (Change& change : changes)
      change = {DeltaOp::kPut, std::string(random.Below(300), 'k'), std::string(random.Below(2000), 'v')};
    const std::string delta = Encode(changes);
    const size_t bytes_max = random.Below(1500);
    std::vector<Change> read;
    for (std::string_view rest = delta; !rest.empty();) {
      const std::string_view part = *FirstPart(rest, bytes_max);
      const std::vector<Change> inside = *Decode(part);
      REQUIRE(!inside.empty());
      REQUIRE((inside.size() == 1 || part.size() <= bytes_max));
      const std::string next = read.size() + inside.size() < changes.size()
                                   ? Encode({changes[read.size() + inside.size()]})
                                   : std::string(bytes_max + 1, ' ');
      REQUIRE(part.size() + next.size() > bytes_max);
      read.insert(read.end(), inside.begin(), inside.end());
      rest.remove_prefix(part.size());
    }
    REQUIRE(read == changes);
  }
  CHECK(FirstPart("x", 10).error().code() == ErrorCode::kCorrupt);
}

TEST_CASE("the bytes of a delta are the documented ones") {
  const std::string bytes = Encode(
      {{DeltaOp::kPut, "k", std::string(200, 'v')}, {DeltaOp::kDelete, "", ""}, {DeltaOp::kDeleteRange, "a", "b"}});
  CHECK(bytes == std::string("\x01\x01k\xC8\x01", 5) + std::string(200, 'v') +
                     std::string("\x02\0\x03\x01"
                                 "a\x01"
                                 "b",
                                 7));
}

TEST_CASE("a delta cut inside an operation is refused with the place") {
  const std::string bytes = Encode({{DeltaOp::kPut, "key", "value"}, {DeltaOp::kDeleteRange, "from", "to"}});
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    const Result<std::vector<Change>> found = Decode(std::string_view(bytes).substr(0, cut));
    if (cut == 11) continue;  // between the two
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code() == ErrorCode::kCorrupt);
    CHECK(found.error().message().find("at byte") != std::string::npos);
  }
}

TEST_CASE("unknown operations, overlong lengths and lengths beyond the limits are refused") {
  using namespace std::string_view_literals;
  for (const std::string_view bytes :
       {"\0"sv, "\x04\x01k"sv, "\xFF"sv, "\x02\x80\x80\x80\x80\x80\x01"sv,
        "\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv, "\x02\x81\x80\x80\x08"sv}) {
    const Result<std::vector<Change>> found = Decode(bytes);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code() == ErrorCode::kCorrupt);
  }
  const std::string long_key = "\x02\x81\x80\x80\x08" + std::string(kDeltaKeyBytesMax + 1, 'k');  // all there
  REQUIRE_FALSE(Decode(long_key).has_value());
  CHECK(Decode(long_key).error().code() == ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace laminar::state
