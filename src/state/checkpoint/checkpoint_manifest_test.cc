#include "state/checkpoint/checkpoint_manifest.h"

#include <doctest/doctest.h>

#include "base/crc32c.h"
#include "base/random.h"

namespace laminar::state {
namespace {

Manifest RandomManifest(Random& random) {
  Manifest m{.id = random.Next(),
             .epoch = random.Next(),
             .database_id = random.Next() >> random.Below(64),
             .created = static_cast<Timestamp>(random.Next()),
             .log = {},
             .files = {}};
  for (uint64_t n = random.Below(4); n > 0; --n) m.log.push_back({random.Next(), random.Below(100), random.Next()});
  for (uint64_t n = random.Below(5); n > 0; --n) {
    m.files.push_back({"00000" + std::to_string(9 - n) + ".sst", random.Next() >> 8,
                       static_cast<uint32_t>(random.Next()), random.OneIn(2)});
  }
  m.files.push_back({"CURRENT", 16, 7, false});
  m.files.push_back({"MANIFEST-000042", random.Below(1000), 8, false});
  return m;
}

std::string WithChecksum(std::string text) {
  const size_t at = text.find("\"crc32c\":\"") + 10;
  std::string bare = text;
  bare.erase(at, 8);
  char hex[9];
  std::snprintf(hex, sizeof hex, "%08x", Crc32c(0, bare));
  return text.replace(at, 8, hex);
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return WithChecksum(text.replace(at, from.size(), to));
}

ErrorCode CodeOf(std::string_view text) {
  const Result<Manifest> manifest = ReadManifest(text);
  return manifest ? ErrorCode::kOk : manifest.error().code();
}

TEST_CASE("what is written is read back") {
  Random random(1);
  for (int i = 0; i < 500; ++i) {
    const Manifest manifest = RandomManifest(random);
    const std::string text = WriteManifest(manifest);
    const Result<Manifest> read = ReadManifest(text);
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().ToString()));
    CHECK(*read == manifest);
    CHECK(text == WithChecksum(text));
  }
}

TEST_CASE("every changed, missing or additional byte of a manifest is found") {
  Random random(2);
  const std::string text = WriteManifest(RandomManifest(random));
  for (size_t at = 0; at < text.size(); ++at) {
    for (uint32_t bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      CHECK(CodeOf(damaged) == ErrorCode::kCorrupt);
    }
    CHECK(CodeOf(text.substr(0, at)) == ErrorCode::kCorrupt);
    CHECK(CodeOf(text.substr(0, at) + text.substr(at + 1)) == ErrorCode::kCorrupt);
  }
  CHECK(CodeOf(text + "\n") == ErrorCode::kCorrupt);
}

TEST_CASE("a manifest with the right checksum but the wrong contents is refused") {
  Random random(3);
  Manifest manifest = RandomManifest(random);
  const std::string text = WriteManifest(manifest);
  CHECK(CodeOf(Replaced(text, "\"format\":1", "\"format\":2")) == ErrorCode::kFormatVersion);
  CHECK(CodeOf(Replaced(text, "\"format\":1", "\"format\":01")) == ErrorCode::kCorrupt);
  CHECK(CodeOf(Replaced(text, "\"epoch\":", "\"epoch\": ")) == ErrorCode::kCorrupt);
  CHECK(CodeOf(Replaced(text, "\"epoch\":", "\"epoch\":99999999999999999999999")) == ErrorCode::kCorrupt);
  CHECK(CodeOf(Replaced(text, "\"epoch\":", "\"epoch\":-")) == ErrorCode::kCorrupt);
  for (const char* name : {"../../etc/x", "MANIFEST-", "000001.sst/../x", "OPTIONS-000003", "current", "", "1.sst"}) {
    CHECK(CodeOf(Replaced(text, "MANIFEST-000042", name)) == ErrorCode::kCorrupt);
  }
  Manifest twice = manifest;
  twice.files.push_back(twice.files.back());
  CHECK(CodeOf(WriteManifest(twice)) == ErrorCode::kCorrupt);
  Manifest none = manifest;
  none.files.pop_back();
  CHECK(CodeOf(WriteManifest(none)) == ErrorCode::kCorrupt);
  Manifest vast = manifest;
  for (ManifestFile& file : vast.files) file.bytes = UINT64_MAX;
  CHECK(CodeOf(WriteManifest(vast)) == ErrorCode::kCorrupt);
  CHECK(CodeOf(std::string(kManifestBytesMax + 1, ' ')) == ErrorCode::kCorrupt);
}

TEST_CASE("random rewriting of a manifest never breaks the reader") {
  Random random(4);
  const std::string text = WriteManifest(RandomManifest(random));
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = text;
    for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
      const size_t at = random.Below(damaged.size());
      if (random.OneIn(2)) damaged[at] = "\",{}[]:0a\n"[random.Below(10)];
      if (random.OneIn(4)) damaged.erase(at, random.Below(20));
      if (random.OneIn(4)) damaged.insert(at, text, random.Below(text.size()), random.Below(30));
      if (damaged.empty()) break;
    }
    if (damaged.find("\"crc32c\":\"") < damaged.size() - std::min<size_t>(damaged.size(), 18)) {
      damaged = WithChecksum(damaged);
    }
    const Result<Manifest> read = ReadManifest(damaged);
    if (read) CHECK(WriteManifest(*read) == damaged);
  }
}

TEST_CASE("the example of the format page docs/formats/checkpoint.md is what is written") {
  const Manifest manifest{.id = 42,
                          .epoch = 1007,
                          .database_id = 0x0123456789abcdef,
                          .created = 1'700'000'000'000'000,
                          .log = {{7, 8192, 99'120}},
                          .files = {{"000017.sst", 1'048'576, 0x89abcdef, true},
                                    {"CURRENT", 16, 0x1b2c3d4e, false},
                                    {"MANIFEST-000015", 312, 0x00c0ffee, false}}};
  const std::string text = WriteManifest(manifest);
  CHECK(text.size() == 403);
  CHECK(text ==
        "{\n"
        "\"created\":1700000000000000,\n"
        "\"crc32c\":\"cb3e6c28\",\n"
        "\"database_id\":\"0123456789abcdef\",\n"
        "\"epoch\":1007,\n"
        "\"files\":[\n"
        "{\"bytes\":1048576,\"crc32c\":\"89abcdef\",\"name\":\"000017.sst\",\"shared\":true},\n"
        "{\"bytes\":16,\"crc32c\":\"1b2c3d4e\",\"name\":\"CURRENT\",\"shared\":false},\n"
        "{\"bytes\":312,\"crc32c\":\"00c0ffee\",\"name\":\"MANIFEST-000015\",\"shared\":false}\n"
        "],\n"
        "\"format\":1,\n"
        "\"id\":42,\n"
        "\"log\":[\n"
        "{\"offset\":8192,\"segment\":7,\"sequence\":99120}\n"
        "]\n"
        "}\n");
}

TEST_CASE("numbered names have twenty digits and nothing else") {
  CHECK(NumberedName("checkpoint-", 42) == "checkpoint-00000000000000000042");
  CHECK(NumberOf("checkpoint-", "checkpoint-00000000000000000042") == 42);
  CHECK(NumberOf("checkpoint-", "checkpoint-18446744073709551615") == UINT64_MAX);
  for (const char* bad :
       {"checkpoint-", "checkpoint-42", "checkpoint-000000000000000000042", "tmp-00000000000000000042",
        "checkpoint-99999999999999999999", "checkpoint-0000000000000000004x"}) {
    CHECK(!NumberOf("checkpoint-", bad).has_value());
  }
}

}  // namespace
}  // namespace laminar::state
