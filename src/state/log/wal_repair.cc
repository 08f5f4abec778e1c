// What is done to a log's files while nobody writes them: listing, cutting behind its end, removing what no checkpoint
// needs. Every step is synced before the next, so a crash between any two leaves a log that reads the same.
#include <algorithm>

#include "base/text.h"
#include "state/log/wal_segment.h"

namespace laminar::state {
namespace {

// Refuses to touch what belongs to another database; an unfinished header is ours to remove.
Status CheckOurs(WalSegment& segment) {
  TRY(segment.Header());
  return Status::Ok();
}

Status RemoveSegment(const WalOptions& options, uint64_t number) {
  TRY(options.files->Remove(WalSegmentPath(options, number)));
  return options.files->SyncDirectory(options.directory);
}

}  // namespace

Result<std::vector<uint64_t>> ListWalSegments(const WalOptions& options) {
  const Result<std::vector<std::string>> names = options.files->List(options.directory);
  if (!names && names.error().code() == ErrorCode::kBadFile) return std::vector<uint64_t>();
  if (!names) return Error(names.error());
  std::vector<uint64_t> segments;
  for (const std::string& name : *names) {
    if (const std::optional<uint64_t> number = ParseWalSegmentName(name, options.core)) segments.push_back(*number);
  }
  std::sort(segments.begin(), segments.end());
  return segments;
}

Result<WalRepair> RepairWal(const WalOptions& options, const WalPosition& end) {
  WalRepair repair;
  const std::vector<uint64_t> segments = TRY(ListWalSegments(options));
  // From the last one down, each for good before the next: a hole between segments would read as damage.
  for (auto number = segments.rbegin(); number != segments.rend() && *number > end.segment; ++number) {
    {
      const std::unique_ptr<WalSegment> segment = TRY(WalSegment::Open(options, *number, os::OpenMode::kRead));
      TRY(CheckOurs(*segment));
      const uint64_t first = std::min(segment->size(), kWalHeaderBytes);
      repair.bytes_cut += TRY(segment->DataEnd(first)) - first;
    }
    TRY(RemoveSegment(options, *number));
    ++repair.segments_removed;
  }
  if (end.segment == 0) return repair;
  const std::string doing = "cutting the log at byte " + std::to_string(end.offset) + " of segment " +
                            Quoted(WalSegmentPath(options, end.segment), 300);
  if (!std::binary_search(segments.begin(), segments.end(), end.segment)) {
    return Error(ErrorCode::kCorrupt, doing + ": there is no such segment");
  }
  const std::unique_ptr<WalSegment> segment = TRY(WalSegment::Open(options, end.segment, os::OpenMode::kReadWrite));
  if (!TRY(segment->Header())) return Error(ErrorCode::kCorrupt, doing + ": its header is damaged");
  if (end.offset < kWalHeaderBytes || end.offset > segment->size()) {
    return Error(ErrorCode::kCorrupt, doing + ": it has " + std::to_string(segment->size()) + " bytes");
  }
  const uint64_t data_end = TRY(segment->DataEnd(end.offset));
  repair.bytes_cut += data_end - end.offset;
  if (data_end > end.offset) TRY(segment->file().Truncate(end.offset));
  // Also when nothing is cut: what a reader found may so far only be in the system's memory.
  TRY(segment->file().Sync());
  TRY(options.files->SyncDirectory(options.directory));
  return repair;
}

Result<uint64_t> TruncateWalBefore(const WalOptions& options, const WalPosition& position) {
  uint64_t removed = 0;
  const std::vector<uint64_t> segments = TRY(ListWalSegments(options));
  // A position that is nowhere proves nothing about the segments before it.
  if (position.segment != 0 && !std::binary_search(segments.begin(), segments.end(), position.segment)) {
    return Error(ErrorCode::kCorrupt, "removing old log segments: segment " +
                                          Quoted(WalSegmentPath(options, position.segment), 300) + " is missing");
  }
  for (const uint64_t number : segments) {
    if (number >= position.segment) break;
    TRY(RemoveSegment(options, number));
    ++removed;
  }
  return removed;
}

}  // namespace laminar::state
