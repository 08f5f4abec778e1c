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

void Write(DeltaWriter writer, const Change& change) {
  switch (change.op) {
    case DeltaOp::kPut: writer.Put(change.key, change.value); break;
    case DeltaOp::kDelete: writer.Delete(change.key); break;
    case DeltaOp::kDeleteRange: writer.DeleteRange(change.key, change.value); break;
  }
}

std::string Encode(const std::vector<Change>& changes) {
  std::string bytes;
  for (const Change& change : changes) Write(bytes, change);
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

TEST_CASE("the parts of a delta are whole operations, and of use again") {
  Random random(2);
  DeltaPool pool;
  for (int round = 0; round < 300; ++round) {
    std::vector<Change> changes(random.Below(random.OneIn(3) ? 1000 : 20));
    for (Change& change : changes) {
      const uint64_t bytes_max = random.OneIn(50) ? 3 * kDeltaPartBytes : 2000;
      change = {static_cast<DeltaOp>(1 + random.Below(2)), std::string(random.Below(300), 'k'), ""};
      if (change.op == DeltaOp::kPut) change.value.assign(random.Below(bytes_max), 'v');
    }
    Delta delta(random.OneIn(4) ? nullptr : &pool);
    const size_t cut = random.Below(changes.size() + 1);
    uint64_t bytes_at_cut = 0;
    for (size_t i = 0; i < changes.size(); ++i) {
      if (i == cut) bytes_at_cut = delta.bytes();
      Write(delta, changes[i]);
    }
    if (cut == changes.size()) bytes_at_cut = delta.bytes();
    REQUIRE(delta.bytes() == Encode(changes).size());
    if (random.OneIn(2)) {
      changes.resize(cut);
      delta.CutTo(bytes_at_cut);
    }
    if (random.OneIn(4)) delta.Shrink();
    std::vector<Change> read;
    uint64_t bytes = 0;
    for (const std::string& part : delta.parts()) {
      const std::vector<Change> inside = *Decode(part);
      if (part.size() > 2 * kDeltaPartBytes) REQUIRE(inside.size() == 1);
      read.insert(read.end(), inside.begin(), inside.end());
      bytes += part.size();
    }
    REQUIRE(read == changes);
    REQUIRE(delta.bytes() == bytes);
    REQUIRE(delta.empty() == changes.empty());
    delta.Release();
    REQUIRE(delta.empty());
    if (random.OneIn(20)) pool.Prepare();
  }
}

TEST_CASE("a put written in place is the put written whole; of one that does not fit nothing is left") {
  for (const size_t key : {0, 1, 127, 128, 20'000}) {
    for (const size_t value : {0, 127, 128, 16'384, 3'000'000}) {
      std::string bytes = "before";
      const DeltaWriter::PutSize size = DeltaWriter(bytes).PutInPlace(
          [&](std::string& out) { out.append(key, 'k'); }, [&](std::string& out) { out.append(value, 'v'); });
      CHECK(size.fits());
      CHECK(size.key == key);
      CHECK(size.value == value);
      CHECK(bytes == "before" + Encode({{DeltaOp::kPut, std::string(key, 'k'), std::string(value, 'v')}}));
    }
  }
  Delta delta;
  DeltaWriter(delta).Delete("x");
  const uint64_t before = delta.bytes();
  CHECK_FALSE(DeltaWriter(delta)
                  .PutInPlace([&](std::string& out) { out.append(kDeltaKeyBytesMax + 1, 'k'); }, [](std::string&) {})
                  .fits());
  CHECK(delta.bytes() == before);
}

TEST_CASE("a small delta is kept in little memory, and its part goes back") {
  DeltaPool pool;
  Delta delta(&pool);
  DeltaWriter(delta).Delete("x");
  const char* const memory = delta.parts().front().data();
  delta.Shrink();
  CHECK(delta.parts().front().capacity() < 100);
  CHECK(*Decode(delta.parts().front()) == std::vector<Change>{{DeltaOp::kDelete, "x", ""}});
  CHECK(pool.Take().data() == memory);
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
