#include "cli/slt_database.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/text.h"
#include "data/value.h"
#include "sql/parser.h"

namespace laminar::cli {

std::string QuotedName(std::string_view name) { return "\"" + ReplaceAll(name, "\"", "\"\"") + "\""; }

namespace {

constexpr std::pair<std::string_view, sim::FileOperation> kOperations[] = {
    {"any", sim::FileOperation::kAny},           {"open", sim::FileOperation::kOpen},
    {"read", sim::FileOperation::kRead},         {"write", sim::FileOperation::kWrite},
    {"sync", sim::FileOperation::kSync},         {"truncate", sim::FileOperation::kTruncate},
    {"rename", sim::FileOperation::kRename},     {"remove", sim::FileOperation::kRemove},
    {"allocate", sim::FileOperation::kAllocate}, {"link", sim::FileOperation::kHardLink},
};
constexpr std::pair<std::string_view, sim::FileFault::Kind> kKinds[] = {
    {"error", sim::FileFault::Kind::kError},
    {"full", sim::FileFault::Kind::kDiskFull},
    {"torn", sim::FileFault::Kind::kTornWrite},
    {"power", sim::FileFault::Kind::kPowerCut},
};

constexpr uint64_t kLogSegmentBytes = uint64_t{64} << 10;  // small: the simulated disk is memory

}  // namespace

Result<sim::FileFault> ParseFault(const std::vector<std::string>& words) {
  const auto bad = [] {
    return Error(Status(ErrorCode::kBadRow, "fail OPERATION KIND [at N] [times N] [path PART]")
                     .WithHint("operations: any, open, read, write, sync, truncate, rename, remove, allocate, link; "
                               "kinds: error, full, torn, power"));
  };
  if (words.size() < 3 || words.size() % 2 == 0) return bad();
  sim::FileFault fault;
  const auto* operation = std::ranges::find(kOperations, words[1], [](const auto& o) { return o.first; });
  const auto* kind = std::ranges::find(kKinds, words[2], [](const auto& k) { return k.first; });
  if (operation == std::end(kOperations) || kind == std::end(kKinds)) return bad();
  fault.operation = operation->second;
  fault.kind = kind->second;
  for (size_t i = 3; i < words.size(); i += 2) {
    if (words[i] == "path")
      fault.path_part = words[i + 1];
    else if (words[i] == "at")
      fault.at_call = TRY(ParseUint64(words[i + 1]));
    else if (words[i] == "times")
      fault.times = TRY(ParseUint64(words[i + 1]));
    else
      return bad();
  }
  return fault;
}

SltDatabase::SltDatabase(const Host& host, bool is_on_disk, Timestamp now)
    : host_(host), is_on_disk_(is_on_disk), clock_(now), files_(clock_) {}

SltDatabase::~SltDatabase() { Close(); }

Status SltDatabase::Open() {
  engine::DatabaseOptions options;
  options.is_inline = true;
  options.clock = &clock_;
  options.connectors = host_.make_connectors();
  if (is_on_disk_) {
    options.path = "/database";
    options.files = &files_;
    options.log_segment_bytes = kLogSegmentBytes;
  }
  database_ = TRY(engine::Database::Open(std::move(options)));
  {
    const std::lock_guard lock(mutex_);
    connection_ = std::make_unique<engine::Connection>(*database_);
  }
  for (const std::string& sql : session_) TRY(connection_->Execute(sql));
  return {};
}

void SltDatabase::Close() {
  {
    const std::lock_guard lock(mutex_);
    connection_.reset();
  }
  database_.reset();
}

void SltDatabase::Cancel() {
  const std::lock_guard lock(mutex_);
  if (connection_ != nullptr) connection_->Cancel();
}

Result<SltAnswer> SltDatabase::Execute(const std::string& sql) {
  engine::Outcome outcome = TRY(connection_->Execute(sql));
  SltAnswer answer;
  if (outcome.cursor == nullptr) return answer;
  answer.schema = outcome.cursor->schema();
  answer.is_changelog = outcome.cursor->is_changelog();
  data::BatchBuffer buffer(answer.schema.Types());
  while (TRY(outcome.cursor->Poll(buffer)) && buffer.rows() > 0) {
    for (uint32_t row = 0; row < buffer.rows(); ++row) {
      answer.rows.push_back({buffer.batch().Weight(row), RowText(answer.schema, buffer.batch(), row)});
      std::vector<std::string>& cells = answer.cells.emplace_back();
      for (uint32_t column = 0; column < answer.schema.size(); ++column) {
        const data::Type& type = buffer.types()[column];
        cells.push_back(data::Value::FromColumn(buffer.column(column), type, row).ToString(type));
      }
    }
  }
  return answer;
}

Result<bool> SltDatabase::HasReaders() {
  const SltAnswer sources = TRY(Execute("SHOW SOURCES"));
  return std::ranges::any_of(
      sources.cells, [](const auto& row) { return row[1] != "memory" && row[1] != "test" && row[1] != "channel"; });
}

void SltDatabase::NoteStatement(const std::string& sql) {
  const auto statement = sql::ParseStatement(sql);
  if (!statement) return;
  const auto& node = statement->node;
  if (std::holds_alternative<sql::Set>(node) || std::holds_alternative<sql::Reset>(node) ||
      std::holds_alternative<sql::Prepare>(node) || std::holds_alternative<sql::Deallocate>(node))
    session_.push_back(sql);
}

Status SltDatabase::Crash(Random& random) {
  files_.ClearFaults();
  files_.Plan({.kind = sim::FileFault::Kind::kPowerCut});
  Close();
  files_.CrashTorn(random);
  return Open();
}

Status SltDatabase::Restart() {
  Close();
  files_.Crash();  // whatever closing has not flushed is not needed
  return Open();
}

}  // namespace laminar::cli
