#include "cli/slt_run.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"
#include "cli/slt_database.h"
#include "cli/slt_picture.h"
#include "cli/slt_rows.h"
#include "cli/slt_watchdog.h"
#include "data/value.h"
#include "sql/parser.h"

namespace laminar::cli {

namespace {

// All changes of one relation since it was made, and how many were looked at.
struct ChangeLog {
  data::Schema schema;
  std::vector<Change> changes;
  bool is_stored = false;  // a table or view: it can be read
  std::unique_ptr<engine::Subscription> subscription;
};

std::string QuotedText(std::string_view text) { return "'" + ReplaceAll(text, "'", "''") + "'"; }

struct FedRow {
  std::string source;
  std::string partition;
  std::string tuple;  // the values, cast
  int64_t weight = 1;
};

class SltRunner {
 public:
  SltRunner(const std::vector<Directive>& directives, const SltRequest& request, const Host& host)
      : directives_(directives),
        request_(request),
        random_(HashBytes(request.path.data(), request.path.size()) ^ request.seed),
        place_(host, NeedsDisk(directives, request), *ParseTestTime("00:00")) {}
  ~SltRunner() { Unsubscribe(); }

  SltOutcome Run() {
    Status opened = place_.Open();
    if (opened.ok() && request_.mode == SltMode::kBatch1) opened = SetSession("SET batch_rows = 1");
    if (opened.ok() && request_.mode == SltMode::kCores4) opened = SetSession("SET worker_cores = 4");
    if (opened.ok() && request_.mode == SltMode::kCores4) opened = SetSession("SET worker_cores = 4");
    if (!opened.ok()) return Failed(std::move(opened), directives_.empty() ? 1 : directives_[0].line, "");
    const Watchdog watchdog(place_);
    for (const Directive& directive : directives_) {
      Status status = directive.kind == DirectiveKind::kFeed ? Status() : DeliverFed();
      if (status.ok() && directive.kind == DirectiveKind::kHalt) break;
      if (status.ok()) status = Do(directive);
      if (!outcome_.skipped.empty()) return std::move(outcome_);
      if (status.ok() && request_.mode == SltMode::kRestart) status = CrashAndCompare();
      if (!status.ok()) return Failed(std::move(status), directive.line, WordOf(directive.kind));
    }
    if (Status status = DeliverFed(); !status.ok()) outcome_.status = std::move(status);
    return std::move(outcome_);
  }

 private:
  engine::Database& database() { return place_.database(); }
  engine::Connection& connection() { return place_.connection(); }

  static bool NeedsDisk(const std::vector<Directive>& directives, const SltRequest& request) {
    return request.mode == SltMode::kRestart || std::ranges::any_of(directives, [](const Directive& d) {
             return d.kind == DirectiveKind::kCheckpoint || d.kind == DirectiveKind::kCrash ||
                    d.kind == DirectiveKind::kRestart || d.kind == DirectiveKind::kFail;
           });
  }
  SltOutcome Failed(Status status, uint32_t line, std::string_view what) {
    outcome_.status = std::move(status.At({line, 1, 0}).Prefix(std::string(what)));
    return std::move(outcome_);
  }
  Status SetSession(const std::string& sql) {
    TRY(connection().Execute(sql));
    place_.NoteStatement(sql);
    return {};
  }

  Status Do(const Directive& d) {
    switch (d.kind) {
      case DirectiveKind::kStatement: return DoStatement(d);
      case DirectiveKind::kQuery: return DoQuery(d);
      case DirectiveKind::kExplain: return DoExplain(d);
      case DirectiveKind::kFeed: return DoFeed(d);
      case DirectiveKind::kWatermark: return DoWatermark(d);
      case DirectiveKind::kClose:
        return NeedWords(d, 2).ok() ? Moved(database().EndSource(d.words[1])) : NeedWords(d, 2);
      case DirectiveKind::kStep: return DoStep(d);
      case DirectiveKind::kAdvance: return DoAdvance(d);
      case DirectiveKind::kChanges: return DoChanges(d);
      case DirectiveKind::kLate: return DoLate(d);
      case DirectiveKind::kExpect: return DoExpect(d);
      case DirectiveKind::kManual: is_manual_ = true; return {};
      case DirectiveKind::kRequire: outcome_.skipped = "needs " + d.rest; return {};
      case DirectiveKind::kCheckpoint: return DoCheckpoint(d);
      case DirectiveKind::kCrash: return NeedNoMore(d, 1).ok() ? Reopen(How::kCrash) : NeedNoMore(d, 1);
      case DirectiveKind::kRestart: return NeedNoMore(d, 1).ok() ? Reopen(How::kClose) : NeedNoMore(d, 1);
      case DirectiveKind::kFail: return DoFail(d);
      case DirectiveKind::kIdle: outcome_.skipped = "idle sources are not available yet"; return {};
      case DirectiveKind::kModes:
      case DirectiveKind::kHalt: return {};
      case DirectiveKind::kInclude:
      case DirectiveKind::kLoop:
      case DirectiveKind::kEndLoop: break;
    }
    return Status(ErrorCode::kInternal, "include and loop are expanded before");
  }

  static Status NeedWords(const Directive& d, size_t count) {
    if (d.words.size() >= count) return {};
    return Status(ErrorCode::kBadRow, "more words are needed after " + Quoted(d.words[0]));
  }
  static Status NeedNoMore(const Directive& d, size_t count) {
    if (d.words.size() <= count) return {};
    return Status(ErrorCode::kNotSupported, Quoted(d.rest) + " behind " + Quoted(d.words[0]) + " is not supported yet");
  }
  Status RunAll() {
    constexpr uint64_t kTurnsMax = 1'000'000;
    TRY(database().RunUntilIdle(kTurnsMax));
    if (!TRY(database().RunUntilIdle(1))) return {};
    return Status(ErrorCode::kLimitReached, "sources go on after " + std::to_string(kTurnsMax) + " turns")
        .WithHint("manual and step N, or a source that ends");
  }
  // After what moves time or rows: run until nothing can.
  Status Moved(Status status) {
    if (!status.ok() || is_manual_) return status;
    TRY(RunAll());
    return {};
  }

  // --- SQL ---------------------------------------------------------------------------------------------------------

  using Answer = SltAnswer;
  Result<Answer> Execute(const std::string& sql) { return place_.Execute(sql); }

  Status DoStatement(const Directive& d) {
    TRY(NeedWords(d, 2));
    const auto answer = Execute(d.sql);
    if (d.words[1] == "ok") {
      if (!answer) return Status(answer.error());
      place_.NoteStatement(d.sql);
      TRY(Follow(d.sql));
      return Moved({});
    }
    if (d.words[1] != "error") return Status(ErrorCode::kBadRow, "statement ok, or statement error CODE");
    if (answer) return Status(ErrorCode::kBadRow, "the statement succeeded but an error is expected");
    const std::string found = answer.error().ToString();
    if (d.words.size() > 2) {
      const std::string& code = d.words[2];
      if (code != PublicCode(answer.error().code()) && code != SqlState(answer.error().code())) {
        return Status(ErrorCode::kBadRow, "the error is another one: " + found);
      }
    }
    if (d.words.size() > 3) {
      const std::string text = d.rest.substr(d.rest.find(d.words[2]) + d.words[2].size() + 1);
      if (!Contains(ToLower(found), ToLower(Trim(text)))) {
        return Status(ErrorCode::kBadRow, "the error does not say " + Quoted(Trim(text)) + ": " + found);
      }
    }
    return {};
  }

  // Keeps the changes of what a statement made.
  Status Follow(const std::string& sql) {
    const sql::Statement statement = TRY(sql::ParseStatement(sql));
    std::string name;
    bool is_view = false;
    if (const auto* view = std::get_if<sql::CreateView>(&statement.node); view != nullptr && view->materialized) {
      name = view->name.back();
      is_view = true;
    }
    if (const auto* source = std::get_if<sql::CreateSource>(&statement.node)) name = source->name.back();
    if (const auto* table = std::get_if<sql::CreateTable>(&statement.node)) name = table->name.back();
    if (std::holds_alternative<sql::Drop>(statement.node)) {
      std::erase_if(logs_, [&](const auto& entry) { return !database().SchemaOf(entry.first).has_value(); });
    }
    if (name.empty()) return {};
    auto log = std::make_unique<ChangeLog>();
    TRY(Subscribe(name, *log));
    if (log->subscription == nullptr) return {};  // a source with a connector: its views are looked at
    log->schema = TRY(database().SchemaOf(name));
    log->is_stored = is_view || std::holds_alternative<sql::CreateTable>(statement.node);
    if (is_view) {  // what it took in when it was made
      Answer answer = TRY(Execute("SELECT * FROM " + QuotedName(name)));
      log->changes = std::move(answer.rows);
    }
    logs_[name] = std::move(log);
    return {};
  }

  Status Subscribe(const std::string& name, ChangeLog& log) {
    ChangeLog* target = &log;
    auto subscription = database().Subscribe(name, [target](const data::Batch& batch) {
      for (uint32_t row = 0; row < batch.rows; ++row) {
        target->changes.push_back({batch.Weight(row), RowText(target->schema, batch, row)});
      }
    });
    if (subscription) log.subscription = std::move(*subscription);
    return {};
  }
  void Unsubscribe() {
    for (auto& [name, log] : logs_) log->subscription.reset();
  }

  Status DoQuery(const Directive& d) {
    const bool is_forgotten =
        Contains(d.sql, "late(") || Contains(d.sql, "errors(") || Contains(d.sql, "laminar_metrics");
    if (IsForgotten(is_forgotten, "late(), errors() and counters begin anew at each opening")) return {};
    Answer answer = TRY(Execute(d.sql));
    bool sorted = !Contains(ToUpper(d.sql), "ORDER BY");
    for (const std::string& word : d.words) {
      if (word == "rowsort") sorted = true;
      if (word == "nosort") sorted = false;
    }
    const bool has_types = d.words.size() > 1 && d.words[1] != "rowsort" && d.words[1] != "nosort";
    if (has_types && d.words[1].size() != answer.schema.size()) {
      return Status(ErrorCode::kBadRow, "the query has " + std::to_string(answer.schema.size()) + " columns, not " +
                                            std::to_string(d.words[1].size()));
    }
    if (answer.is_changelog)
      return Compare(d, TextsOf(ConsolidateChanges(std::move(answer.rows))), answer.schema, true, true);
    std::vector<std::string> rows;
    for (Change& change : answer.rows) rows.push_back(std::move(change.row));
    return Compare(d, std::move(rows), answer.schema, sorted, false);
  }

  Status DoExplain(const Directive& d) {
    Answer answer = TRY(Execute("EXPLAIN " + d.sql));
    std::vector<std::string> rows;
    for (Change& change : answer.rows) rows.push_back(std::move(change.row));
    return Compare(d, std::move(rows), answer.schema, false, false);
  }

  static std::vector<std::string> TextsOf(const std::vector<Change>& changes) {
    std::vector<std::string> out;
    for (const Change& change : changes) out.push_back(ChangeText(change));
    return out;
  }

  // --- rows and time -----------------------------------------------------------------------------------------------

  Status DoFeed(const Directive& d) {
    TRY(NeedWords(d, 2));
    std::string partition;
    if (d.words.size() == 4 && d.words[2] == "partition")
      partition = d.words[3];
    else if (d.words.size() != 2)
      return Status(ErrorCode::kBadRow, "feed SOURCE, or feed SOURCE partition N");
    const bool can_mix = request_.mode == SltMode::kShuffle && !partition.empty();
    const bool follows = !fed_.empty() && fed_.back().source == d.words[1] && !fed_.back().partition.empty();
    if (!can_mix || !follows) TRY(DeliverFed());
    data::Schema schema;
    TRY(database().OpenPush(d.words[1], &schema));
    for (const std::string& row : d.rows) {
      FedRow fed{d.words[1], partition, "", 1};
      std::string_view tuple = row;
      const size_t open = tuple.find('(');
      if (open != 0) fed.weight = TRY(ParseInt64(Trim(tuple.substr(0, open))));
      fed.tuple = TRY(CastRow(schema, tuple.substr(std::min(open, tuple.size()))));
      fed_.push_back(std::move(fed));
    }
    return can_mix ? Status() : DeliverFed();
  }

  // Rows of one partition keep their order; partitions are merged at random.
  void MixPartitions() {
    std::map<std::string, std::vector<FedRow>> parts;
    for (FedRow& row : fed_) parts[row.partition].push_back(std::move(row));
    std::vector<std::pair<size_t, std::vector<FedRow>>> left;
    for (auto& [name, rows] : parts) left.emplace_back(0, std::move(rows));
    fed_.clear();
    while (!left.empty()) {
      const size_t pick = random_.Below(left.size());
      auto& [next, rows] = left[pick];
      fed_.push_back(std::move(rows[next++]));
      if (next == rows.size()) left.erase(left.begin() + static_cast<std::ptrdiff_t>(pick));
    }
  }

  Status DeliverFed() {
    if (fed_.empty()) return {};
    if (request_.mode == SltMode::kShuffle) MixPartitions();
    const std::string source = fed_.front().source;
    data::Schema schema;
    const engine::Database::PushHandle handle = TRY(database().OpenPush(source, &schema));
    std::string values;
    for (const FedRow& row : fed_) values += (values.empty() ? "VALUES " : ", ") + row.tuple;
    engine::Outcome outcome = TRY(connection().Execute(values));
    data::BatchBuffer read(outcome.cursor->schema().Types());
    data::BatchBuffer push(schema.Types());
    size_t at = 0;
    size_t cut = NextCut();
    auto send = [&]() -> Status {
      if (push.rows() > 0) TRY(database().Push(handle, push.batch()));
      push.Reset();
      cut = NextCut();
      return {};
    };
    while (TRY(outcome.cursor->Next(read))) {
      for (uint32_t row = 0; row < read.rows(); ++row, ++at) {
        push.AppendRows(read.batch(), row, 1);
        if (fed_[at].weight != 1)
          push.UseWeights()[push.rows() - 1] = fed_[at].weight;
        else if (push.batch().weights != nullptr)
          push.UseWeights()[push.rows() - 1] = 1;
        if (push.rows() >= cut || push.full()) TRY(send());
      }
    }
    TRY(send());
    fed_.clear();
    return Moved({});
  }

  size_t NextCut() {
    if (request_.mode == SltMode::kBatch1) return 1;
    if (request_.mode == SltMode::kRebatch) return 1 + random_.Below(4);
    return data::kBatchCapacity;
  }

  Status DoWatermark(const Directive& d) {
    TRY(NeedWords(d, 3));
    size_t time_at = 2;
    if (d.words[2] == "partition") {
      outcome_.skipped = "watermarks of partitions are not available yet";
      return {};
    }
    std::string text = d.words[time_at];
    if (d.words.size() > time_at + 1) text += " " + d.words[time_at + 1];
    return Moved(database().PushWatermark(d.words[1], TRY(ParseTestTime(text))));
  }

  Status DoStep(const Directive& d) {
    uint64_t turns = 0;
    if (d.words.size() > 1) turns = TRY(ParseUint64(d.words[1]));
    if (turns == 0) return RunAll();
    TRY(database().RunUntilIdle(turns));
    return {};
  }

  Status DoAdvance(const Directive& d) {
    const Duration duration = TRY(ParseDuration(ReplaceAll(d.rest, "'", "")));
    if (duration < 0) return Status(ErrorCode::kBadRow, "time does not go back");
    place_.clock().Advance(duration);
    TRY(RunAll());
    return {};
  }

  // --- crashes -----------------------------------------------------------------------------------------------------

  enum class How : uint8_t { kCrash, kClose };
  Status Reopen(How how) {
    TRY(KeepLateRows());
    Unsubscribe();
    Status opened = how == How::kClose ? place_.Restart() : place_.Crash(random_);
    if (!opened.ok()) return opened.Prefix("opening the database again");
    for (auto& [name, log] : logs_) TRY(Subscribe(name, *log));
    return {};
  }

  // The power goes, or the database is closed, and nothing that can be seen may have changed.
  Status CrashAndCompare() {
    SltPicture before = TRY(TakePicture(place_));
    const uint64_t dice = random_.Below(8);
    if (dice == 0) TRY(Execute("CHECKPOINT"));
    TRY(Reopen(dice == 1 ? How::kClose : How::kCrash));
    SltPicture after = TRY(TakePicture(place_));
    const bool has_readers = TRY(place_.HasReaders());
    if (has_readers) {
      // What a connector brought and no commit had caught is read again. Who looks on sees it go and come back.
      for (auto& [name, log] : logs_) {
        if (!log->is_stored) continue;
        const std::vector<Change> gone = ChangesBetween(before.rows[name], after.rows[name]);
        log->changes.insert(log->changes.end(), gone.begin(), gone.end());
      }
      if (is_manual_) return {};  // it stands where the last commit was, until the file steps on
      TRY(RunAll());
      after = TRY(TakePicture(place_));
    }
    const std::string differences = DifferencesOf(before, after);
    if (differences.empty()) return {};
    outcome_.detail += differences;
    return Status(ErrorCode::kCorrupt,
                  dice == 1 ? "closing and opening changed what can be seen" : "a crash changed what can be seen");
  }

  // Late rows are kept in memory only: what a crash would take is noted before.
  Status KeepLateRows() {
    for (const Directive& d : directives_) {
      if (d.kind != DirectiveKind::kLate || d.words.size() < 2 || !late_taken_.insert(d.words[1]).second) continue;
      auto answer = Execute("SELECT * FROM late(" + QuotedText(d.words[1]) + ")");
      if (!answer) continue;  // the view is not there yet, or no longer
      std::vector<std::string>& kept = late_kept_[d.words[1]];
      for (Change& change : answer->rows) kept.push_back(std::move(change.row));
    }
    late_taken_.clear();
    return {};
  }
  // Whether a directive looks at what no crash survives.
  bool IsForgotten(bool is_counter, std::string_view why) {
    if (request_.mode != SltMode::kRestart || !is_counter) return false;
    ++outcome_.not_compared[std::string(why)];
    return true;
  }

  Status DoCheckpoint(const Directive& d) {
    TRY(NeedNoMore(d, 1));
    TRY(Execute("CHECKPOINT"));
    return {};
  }

  // fail OPERATION KIND [at N] [times N] [path PART]; fail none
  Status DoFail(const Directive& d) {
    TRY(NeedWords(d, 2));
    if (d.words[1] == "none") {
      place_.files().ClearFaults();
      return {};
    }
    if (request_.mode == SltMode::kRestart) {
      outcome_.skipped = "its planned faults and the mode's own crashes would mix";
      return {};
    }
    place_.files().Plan(TRY(ParseFault(d.words)));
    return {};
  }

  // --- expectations ------------------------------------------------------------------------------------------------

  Status DoChanges(const Directive& d) {
    TRY(NeedWords(d, 2));
    const bool is_ordered = std::ranges::find(d.words, "ordered") != d.words.end();
    for (size_t i = 2; i < d.words.size(); ++i) {
      if (d.words[i] != "ordered") return Status(ErrorCode::kBadRow, "changes VIEW, or changes VIEW ordered");
    }
    const auto found = logs_.find(d.words[1]);
    if (found == logs_.end()) {
      return Status(ErrorCode::kUnknownRelation, "nothing is known of the changes of " + Quoted(d.words[1]))
          .WithHint("a materialized view, table or memory source made in this file");
    }
    ChangeLog& log = *found->second;
    std::vector<Change> changes = std::exchange(log.changes, {});
    if (is_ordered && request_.mode == SltMode::kPlain) return Compare(d, TextsOf(changes), log.schema, false, true);
    std::vector<Change> wanted;
    for (const std::string& line : d.expected) {
      auto change = ParseChange(log.schema, line);
      if (!change && !request_.accept) return change.error();
      if (change) wanted.push_back(std::move(*change));
    }
    Directive consolidated = d;
    consolidated.expected = TextsOf(ConsolidateChanges(std::move(wanted)));
    return Compare(consolidated, TextsOf(ConsolidateChanges(std::move(changes))), log.schema, false, true);
  }

  Status DoLate(const Directive& d) {
    TRY(NeedWords(d, 2));
    Answer answer = TRY(Execute("SELECT * FROM late(" + QuotedText(d.words[1]) + ")"));
    std::vector<std::string> all = late_kept_[d.words[1]];
    for (Change& change : answer.rows) all.push_back(std::move(change.row));
    size_t& seen = late_seen_[d.words[1]];
    std::vector<std::string> rows(all.begin() + static_cast<std::ptrdiff_t>(std::min(seen, all.size())), all.end());
    seen = all.size();
    return Compare(d, std::move(rows), answer.schema, true, false);
  }

  static bool Holds(double found, std::string_view op, double wanted, bool& known) {
    known = true;
    if (op == "==") return found == wanted;
    if (op == "!=") return found != wanted;
    if (op == "<=") return found <= wanted;
    if (op == ">=") return found >= wanted;
    if (op == "<") return found < wanted;
    if (op == ">") return found > wanted;
    known = false;
    return false;
  }

  // expect metric NAME{label=value,...} OP N; expect state VIEW OP N
  Status DoExpect(const Directive& d) {
    TRY(NeedWords(d, 5));
    const bool is_counter = d.words[1] == "metric" && Contains(d.words[2], "_total");
    if (IsForgotten(is_counter, "counters begin anew at each opening")) return {};
    double found = 0;
    if (d.words[1] == "metric")
      found = TRY(Metric(d.words[2]));
    else if (d.words[1] == "state")
      found = TRY(State(d.words[2]));
    else
      return Status(ErrorCode::kBadRow, "expect metric or expect state, found " + Quoted(d.words[1]));
    const double wanted = TRY(ParseDouble(d.words[4]));
    bool known = false;
    if (Holds(found, d.words[3], wanted, known)) return {};
    if (!known) return Status(ErrorCode::kBadRow, "there is no comparison " + Quoted(d.words[3]));
    return Status(ErrorCode::kBadRow,
                  d.words[2] + " is " + FormatDouble(found) + ", expected " + d.words[3] + " " + d.words[4]);
  }

  Result<double> State(const std::string& view) {
    for (const engine::ViewProgress& progress : database().GetProgress().views) {
      if (progress.name == view) return static_cast<double>(progress.rows_stored);
    }
    return Error(ErrorCode::kNotFound, "there is no materialized view " + Quoted(view));
  }

  // The sum of all series that carry the labels.
  Result<double> Metric(const std::string& text) {
    const size_t brace = std::min(text.find('{'), text.size());
    std::string name = text.substr(0, brace);
    std::string labels = ReplaceAll(text.substr(std::min(brace + 1, text.size())), "\"", "");
    if (!StartsWith(name, "laminar_")) name = "laminar_" + name;
    if (!labels.empty() && labels.back() == '}') labels.pop_back();
    engine::Outcome outcome = TRY(connection().Execute("SELECT labels, value FROM laminar_metrics WHERE name = '" +
                                                       ReplaceAll(name, "'", "''") + "'"));
    data::BatchBuffer buffer(outcome.cursor->schema().Types());
    double sum = 0;
    while (TRY(outcome.cursor->Next(buffer))) {
      for (uint32_t row = 0; row < buffer.rows(); ++row) {
        const data::Value value = data::Value::FromColumn(buffer.column(0), buffer.types()[0], row);
        const std::string have = ReplaceAll(value.ToString(buffer.types()[0]), "\"", "");
        const std::vector<std::string_view> parts = Split(have, ',');
        bool matches = true;
        for (std::string_view label : Split(labels, ',')) {
          matches = matches && (label.empty() || std::ranges::find(parts, label) != parts.end());
        }
        if (matches) sum += buffer.column(1).As<double>()[buffer.column(1).Slot(row)];
      }
    }
    return sum;
  }

  Status Compare(const Directive& d, std::vector<std::string> found, const data::Schema& schema, bool sorted,
                 bool has_weight) {
    std::vector<std::string> wanted;
    for (const std::string& line : d.expected) wanted.push_back(CanonicalLine(schema, line, has_weight));
    std::vector<std::string> shown = found;
    if (sorted) {
      std::ranges::sort(found);
      std::ranges::sort(wanted);
    }
    if (found == wanted && d.has_expected) return {};
    if (request_.accept) {
      if (!d.is_rewritable)
        return Status(ErrorCode::kBadRow, "an expectation inside a loop or an include cannot be rewritten");
      outcome_.rewrites.push_back({d.expected_line, d.expected_count, d.has_expected, std::move(shown)});
      return {};
    }
    if (!d.has_expected)
      return Status(ErrorCode::kBadRow, "there is no ---- with the expected rows").WithHint("--accept writes them");
    for (const std::string& line : wanted)
      outcome_.detail +=
          (std::ranges::find(found, line) == found.end() ? "  expected   " : "             ") + line + "\n";
    for (const std::string& line : found) {
      if (std::ranges::find(wanted, line) == wanted.end()) outcome_.detail += "  found      " + line + "\n";
    }
    return Status(ErrorCode::kBadRow, "the rows are others: " + std::to_string(wanted.size()) + " expected, " +
                                          std::to_string(found.size()) + " found");
  }

  const std::vector<Directive>& directives_;
  const SltRequest& request_;
  Random random_;
  SltDatabase place_;
  std::map<std::string, std::unique_ptr<ChangeLog>> logs_;
  std::map<std::string, size_t> late_seen_;
  std::map<std::string, std::vector<std::string>> late_kept_;  // from before the last crash
  std::set<std::string> late_taken_;
  std::vector<FedRow> fed_;
  bool is_manual_ = false;
  SltOutcome outcome_;
};

}  // namespace

SltOutcome RunSlt(const std::vector<Directive>& directives, const SltRequest& request, const Host& host) {
  return SltRunner(directives, request, host).Run();
}

}  // namespace laminar::cli
