// The verb `checkpoint`: looks into the checkpoints of a database without opening it, so also while it is in use.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "data/value.h"
#include "engine/checkpoint_view.h"
#include "os/file.h"

namespace laminar::cli {
namespace {

using engine::CheckpointContents;
using engine::CheckpointSummary;

std::string TimeText(Timestamp t) { return data::Value::Int(t).ToString(data::Type(data::TypeId::kTimestamp)); }

Status List(const std::vector<CheckpointSummary>& checkpoints) {
  WriteOutput(fmt::format("{:>6} {:>10}  {:26} {:>10} {:>10} {:>6}  {}\n", "id", "epoch", "created (UTC)", "size",
                          "new", "files", "folder"));
  for (const CheckpointSummary& c : checkpoints) {
    if (c.id == 0) {
      WriteOutput(fmt::format("{:>6} {:>10}  {:26} {:>10} {:>10} {:>6}  {}\n", "?", "?", "not readable", "", "", "",
                              c.directory));
      continue;
    }
    WriteOutput(fmt::format("{:>6} {:>10}  {:26} {:>10} {:>10} {:>6}  {}\n", c.id, c.epoch, TimeText(c.created),
                            FormatBytes(c.bytes), FormatBytes(c.new_bytes), c.files, c.directory));
  }
  return {};
}

// Goes on after a damaged one; the first failure is the answer.
Status Verify(const std::vector<CheckpointSummary>& checkpoints) {
  Status first;
  for (const CheckpointSummary& c : checkpoints) {
    Status status = engine::VerifyCheckpointOf(os::RealFileSystem(), c);
    WriteOutput((status.ok() ? "ok       " : "DAMAGED  ") + c.directory + "\n");
    if (!status.ok() && first.ok()) first = std::move(status);
  }
  return first;
}

Status Show(const CheckpointSummary& checkpoint) {
  const CheckpointContents contents = TRY(engine::ReadContents(os::RealFileSystem(), checkpoint));
  WriteOutput("checkpoint " + checkpoint.directory + "\n\nrelations\n");
  for (const engine::CatalogEntry& entry : contents.relations) {
    WriteOutput(fmt::format("  {}  made {}\n    {}\n", entry.name, TimeText(entry.created), entry.sql));
    const auto failure = contents.failures.find(entry.name);
    if (failure != contents.failures.end() && failure->second.state != 0)
      WriteOutput("    does not run: " + failure->second.message + "\n");
  }
  WriteOutput("\ntables\n");
  for (const engine::TableSummary& table : contents.tables) {
    WriteOutput(fmt::format("  {} {} ({}): {} rows, {}\n    {}\n", table.number, table.path, table.name, table.rows,
                            FormatBytes(table.bytes), table.shape));
  }
  WriteOutput("\nnotes\n");
  for (const auto& [path, bytes] : contents.notes) WriteOutput(fmt::format("  {}: {} bytes\n", path, bytes));
  WriteOutput("\nreading positions\n");
  for (const engine::StoredHead& head : contents.positions) {
    WriteOutput(fmt::format("  {} {}: {} rows, {} bytes of position{}\n", head.serial, head.source, head.rows,
                            head.position.size(), head.has_ended ? ", ended" : ""));
  }
  return {};
}

}  // namespace

int RunCheckpoint(const std::vector<std::string>& arguments, const Host&) {
  const auto fail = [](const Status& status, int code) {
    FlushOutput();
    WriteError(ErrorText(status, {}, PaintOf(2)));
    return code;
  };
  const bool is_known =
      arguments.size() == 2 && (arguments[0] == "list" || arguments[0] == "verify" || arguments[0] == "show");
  if (!is_known) {
    return fail(Status(ErrorCode::kBadArgument, "checkpoint list, verify or show, and the folder of a database")
                    .WithHint("laminar checkpoint list DIRECTORY"),
                2);
  }
  const auto checkpoints = engine::ListCheckpointsOf(os::RealFileSystem(), arguments[1]);
  if (!checkpoints) return fail(checkpoints.error(), 1);
  if (checkpoints->empty() && arguments[0] != "list")
    return fail(Status(ErrorCode::kNotFound, "there is no checkpoint in " + Quoted(arguments[1], 300)), 1);
  const Status status = arguments[0] == "list"     ? List(*checkpoints)
                        : arguments[0] == "verify" ? Verify(*checkpoints)
                                                   : Show(checkpoints->back());
  if (!status.ok()) return fail(status, 1);
  FlushOutput();
  return 0;
}

}  // namespace laminar::cli
