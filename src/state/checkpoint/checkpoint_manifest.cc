// Writing and reading of the one spelling.
#include "state/checkpoint/checkpoint_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/text.h"

namespace laminar::state {
namespace {

constexpr std::string_view kChecksumField = "\"crc32c\":\"";
constexpr std::string_view kFormatField = "\n\"format\":";
constexpr size_t kChecksumDigits = 8;
constexpr size_t kFilesMax = 100'000;
constexpr size_t kLogPositionsMax = 65'536;
constexpr size_t kNameBytesMax = 64;

// The text up to the checksum's digits and the text behind them: the checksum is over the two joined.
struct Halves {
  std::string head;
  std::string tail;
};

Halves WriteHalves(const Manifest& manifest) {
  Halves text;
  text.head = fmt::format("{{\n\"created\":{},\n{}", manifest.created, kChecksumField);
  auto out = std::back_inserter(text.tail);
  fmt::format_to(out, "\",\n\"database_id\":\"{:016x}\",\n\"epoch\":{},\n\"files\":[", manifest.database_id,
                 manifest.epoch);
  const char* separator = "\n";
  for (const ManifestFile& file : manifest.files) {
    fmt::format_to(out, "{}{{\"bytes\":{},\"crc32c\":\"{:08x}\",\"name\":\"{}\",\"shared\":{}}}", separator, file.bytes,
                   file.crc32c, file.name, file.is_shared);
    separator = ",\n";
  }
  fmt::format_to(out, "\n],\n\"format\":{},\n\"id\":{},\n\"log\":[", kManifestFormat, manifest.id);
  separator = "\n";
  for (const WalPosition& at : manifest.log) {
    fmt::format_to(out, "{}{{\"offset\":{},\"segment\":{},\"sequence\":{}}}", separator, at.offset, at.segment,
                   at.sequence);
    separator = ",\n";
  }
  text.tail += "\n]\n}\n";
  return text;
}

class ManifestReader {
 public:
  explicit ManifestReader(std::string_view text) : text_(text), rest_(text) {}

  Result<Manifest> Read() {
    TRY(CheckSum());
    TRY(CheckFormat());
    Manifest manifest;
    TRY(Expect("{\n\"created\":"));
    manifest.created = TRY(Number<Timestamp>());
    TRY(Expect(",\n\"crc32c\":\""));
    rest_.remove_prefix(std::min(kChecksumDigits, rest_.size()));
    TRY(Expect("\",\n\"database_id\":\""));
    manifest.database_id = TRY(Hex(16));
    TRY(Expect("\",\n\"epoch\":"));
    manifest.epoch = TRY(Number<Epoch>());
    TRY(Expect(",\n\"files\":["));
    TRY(ReadFiles(manifest));
    TRY(Expect(",\n\"format\":"));
    TRY(Number<uint64_t>());
    TRY(Expect(",\n\"id\":"));
    manifest.id = TRY(Number<uint64_t>());
    TRY(Expect(",\n\"log\":["));
    TRY(ReadLog(manifest));
    const Halves again = WriteHalves(manifest);
    const bool is_same = text_.starts_with(again.head) && text_.ends_with(again.tail) &&
                         text_.size() == again.head.size() + kChecksumDigits + again.tail.size();
    if (!is_same) return Bad("spelled in another way than it is written");
    TRY(CheckFiles(manifest));
    return manifest;
  }

 private:
  internal::Failure Bad(const std::string& what) const {
    return Error(ErrorCode::kCorrupt, "reading the manifest of a checkpoint, at byte " +
                                          std::to_string(text_.size() - rest_.size()) + ": " + what);
  }

  Status CheckSum() {
    const size_t field = text_.find(kChecksumField);
    const size_t at = field + kChecksumField.size();
    if (field == std::string_view::npos || text_.size() - at < kChecksumDigits) return Bad("no checksum");
    uint32_t crc = Crc32c(0, text_.substr(0, at));
    crc = Crc32c(crc, text_.substr(at + kChecksumDigits));
    if (text_.substr(at, kChecksumDigits) != fmt::format("{:08x}", crc)) return Bad("the checksum does not fit");
    return Status::Ok();
  }

  // Every format, also a later one, has the checksum and this field.
  Status CheckFormat() {
    const size_t field = text_.find(kFormatField);
    if (field == std::string_view::npos) return Bad("no format number");
    ManifestReader number(text_.substr(field + kFormatField.size()));
    const uint64_t format = TRY(number.Number<uint64_t>());
    if (format == kManifestFormat) return Status::Ok();
    return Error(Status(ErrorCode::kFormatVersion,
                        fmt::format("the checkpoint has format {}, this program knows {}", format, kManifestFormat))
                     .WithHint("open the database with the version of LaminarDB that wrote it"));
  }

  Status Expect(std::string_view literal) {
    if (!rest_.starts_with(literal)) return Bad("expected " + Quoted(literal));
    rest_.remove_prefix(literal.size());
    return Status::Ok();
  }

  bool Take(std::string_view literal) {
    if (!rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }

  template <class T>
  Result<T> Number() {
    T value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return Bad("expected a whole number of 64 bits");
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }

  Result<uint64_t> Hex(size_t digits) {
    uint64_t value = 0;
    const char* begin = rest_.data();
    const auto [end, error] = std::from_chars(begin, begin + std::min(digits, rest_.size()), value, 16);
    if (error != std::errc() || end != begin + digits) {
      return Bad("expected " + std::to_string(digits) + " hexadecimal digits");
    }
    rest_.remove_prefix(digits);
    return value;
  }

  Status ReadFiles(Manifest& manifest) {
    if (Take("\n]")) return Status::Ok();
    do {
      if (manifest.files.size() == kFilesMax) return Bad("more than " + std::to_string(kFilesMax) + " files");
      ManifestFile file;
      TRY(Expect("\n{\"bytes\":"));
      file.bytes = TRY(Number<uint64_t>());
      TRY(Expect(",\"crc32c\":\""));
      file.crc32c = static_cast<uint32_t>(TRY(Hex(8)));
      TRY(Expect("\",\"name\":\""));
      const size_t end = rest_.find('"');
      if (end == std::string_view::npos || end > kNameBytesMax) return Bad("a file name that is too long");
      file.name = rest_.substr(0, end);
      rest_.remove_prefix(end);
      TRY(Expect("\",\"shared\":"));
      file.is_shared = Take("true");
      if (!file.is_shared) TRY(Expect("false"));
      TRY(Expect("}"));
      manifest.files.push_back(std::move(file));
    } while (Take(","));
    return Expect("\n]");
  }

  Status ReadLog(Manifest& manifest) {
    if (Take("\n]")) return Status::Ok();
    do {
      if (manifest.log.size() == kLogPositionsMax) return Bad("too many log positions");
      WalPosition at;
      TRY(Expect("\n{\"offset\":"));
      at.offset = TRY(Number<uint64_t>());
      TRY(Expect(",\"segment\":"));
      at.segment = TRY(Number<uint64_t>());
      TRY(Expect(",\"sequence\":"));
      at.sequence = TRY(Number<uint64_t>());
      TRY(Expect("}"));
      manifest.log.push_back(at);
    } while (Take(","));
    return Expect("\n]");
  }

  // No name leads out of the directory, none comes twice, and there is what a store needs.
  Status CheckFiles(const Manifest& manifest) const {
    size_t descriptors = 0;
    size_t currents = 0;
    uint64_t bytes = 0;
    std::string_view before;
    for (const ManifestFile& file : manifest.files) {
      if (file.name <= before) return Bad("file names out of order at " + Quoted(file.name));
      before = file.name;
      if (__builtin_add_overflow(bytes, file.bytes, &bytes)) return Bad("sizes beyond 64 bits");
      descriptors += IsDescriptorName(file.name) ? 1 : 0;
      currents += file.name == kCurrentName ? 1 : 0;
      const bool is_known = IsTableName(file.name) || IsDescriptorName(file.name) || file.name == kCurrentName;
      if (!is_known) return Bad("a file that does not belong to a checkpoint: " + Quoted(file.name));
    }
    if (descriptors != 1 || currents != 1) return Bad("it must name one descriptor and one CURRENT");
    return Status::Ok();
  }

  std::string_view text_;
  std::string_view rest_;
};

bool IsNumber(std::string_view digits) {
  return !digits.empty() && digits.size() <= 20 && std::all_of(digits.begin(), digits.end(), IsDigitAscii);
}

}  // namespace

std::string WriteManifest(const Manifest& manifest) {
  const Halves text = WriteHalves(manifest);
  return text.head + fmt::format("{:08x}", Crc32c(Crc32c(0, text.head), text.tail)) + text.tail;
}

Result<Manifest> ReadManifest(std::string_view text) {
  if (text.size() > kManifestBytesMax) {
    return Error(ErrorCode::kCorrupt, "the manifest of a checkpoint has " + FormatBytes(text.size()) +
                                          ", the limit is " + FormatBytes(kManifestBytesMax));
  }
  return ManifestReader(text).Read();
}

CheckpointInfo InfoOf(const Manifest& manifest, std::string directory) {
  CheckpointInfo info{.id = manifest.id,
                      .epoch = manifest.epoch,
                      .created = manifest.created,
                      .log = manifest.log,
                      .files = static_cast<uint32_t>(manifest.files.size()),
                      .directory = std::move(directory)};
  for (const ManifestFile& file : manifest.files) {
    info.bytes += file.bytes;
    if (!file.is_shared) info.new_bytes += file.bytes;
  }
  return info;
}

bool IsTableName(std::string_view name) {
  return name.ends_with(".sst") && IsNumber(name.substr(0, name.size() - 4)) && name.size() >= 10;
}

bool IsDescriptorName(std::string_view name) {
  constexpr std::string_view kPrefix = "MANIFEST-";
  return name.starts_with(kPrefix) && IsNumber(name.substr(kPrefix.size()));
}

const ManifestFile& DescriptorOf(const Manifest& manifest) {
  const auto found = std::find_if(manifest.files.begin(), manifest.files.end(),
                                  [](const ManifestFile& file) { return IsDescriptorName(file.name); });
  CHECK(found != manifest.files.end());
  return *found;
}

std::string CurrentText(std::string_view descriptor) { return std::string(descriptor) + "\n"; }

std::string NumberedName(std::string_view prefix, uint64_t number) { return fmt::format("{}{:020}", prefix, number); }

std::optional<uint64_t> NumberOf(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + 20) return std::nullopt;
  const std::string_view digits = name.substr(prefix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace laminar::state
