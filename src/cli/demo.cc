// The verb `demo`: a week of real flights streams into two live views, played fast enough to watch; then what came out,
// a check against a plain SELECT over the same file, and what to try next.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/demo_screen.h"
#include "cli/output.h"
#include "cli/result_writer.h"
#include "cli/verbs.h"
#include "data/value.h"
#include "engine/database.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"

namespace laminar::cli {

namespace {

constexpr double kSeconds = 8;  // how long the stream is played
constexpr std::string_view kSample = "examples/flights/flights-sample.parquet";

struct DemoOptions {
  std::string flights;
  bool quick = false;  // as fast as it goes
};

Result<DemoOptions> ParseDemoOptions(const std::vector<std::string>& arguments) {
  DemoOptions options;
  options.flights = os::Environment("LAMINAR_FLIGHTS").value_or("");
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--quick") {
      options.quick = true;
    } else if (arguments[i] == "--flights" && i + 1 < arguments.size()) {
      options.flights = arguments[++i];
    } else {
      return Error(Status(ErrorCode::kBadArgument, "demo does not know " + Quoted(arguments[i]))
                       .WithHint("--flights FILE, --quick"));
    }
  }
  return options;
}

// Beside the program (build/release/laminar, bin/laminar), then from where we are.
Result<std::string> FindSample(const Host& host) {
  std::vector<std::string> folders = {"."};
  std::string folder(os::DirectoryOf(host.program_path));
  if (folder.empty()) folder = ".";
  for (const char* up : {"", "/..", "/../..", "/../share/laminar", "/../share/doc/laminar"})
    folders.push_back(folder + up);
  for (const std::string& one : folders) {
    const std::string path = os::JoinPath(one, kSample);
    if (os::RealFileSystem().Exists(path)) return path;
  }
  return Error(Status(ErrorCode::kBadFile, "the flights of the demo are not here: " + std::string(kSample))
                   .WithHint("run it from the root of the repository, or laminar demo --flights FILE.parquet"));
}

class Demo {
 public:
  Demo(const Host& host, DemoOptions options) : host_(host), options_(std::move(options)), screen_(os::IsTerminal(2)) {}

  // True: to its end; false: interrupted.
  Result<bool> Run() {
    if (options_.flights.empty()) options_.flights = TRY(FindSample(host_));
    engine::DatabaseOptions database;
    database.connectors = host_.make_connectors();
    database_ = TRY(engine::Database::Open(std::move(database)));
    connection_ = std::make_unique<engine::Connection>(*database_);
    TRY(LookAtFile());
    Say("\n" + paint_.bold_ + "LaminarDB" + paint_.reset_ + ": " + FormatCount(rows_total_) + " flights stream in, " +
        (is_sample_ ? "in the order they arrived, so out of the order of their schedule.\n"
                    : "in the order of the file.\n") +
        "Two views stay up to date while they come:\n\n");
    TRY(Create());
    if (!TRY(Play())) return false;
    TRY(Answer());
    return true;
  }

 private:
  struct Words {
    std::string bold_, dim_, green_, reset_;
  };
  static Words WordsOf(const Paint& p) {
    return {std::string(p.bold), std::string(p.dim), std::string(p.green), std::string(p.reset)};
  }

  void Say(const std::string& text) {
    WriteOutput(text);
    FlushOutput();
  }

  Result<std::vector<std::vector<data::Value>>> Rows(const std::string& sql) {
    engine::Outcome outcome = TRY(connection_->Execute(sql));
    std::vector<std::vector<data::Value>> out;
    if (outcome.cursor == nullptr) return out;
    data::BatchBuffer buffer(outcome.cursor->schema().Types());
    while (TRY(outcome.cursor->Next(buffer))) {
      for (uint32_t row = 0; row < buffer.rows(); ++row) {
        std::vector<data::Value> values;
        for (size_t c = 0; c < buffer.types().size(); ++c) {
          values.push_back(data::Value::FromColumn(buffer.column(c), buffer.types()[c], row));
        }
        out.push_back(std::move(values));
      }
    }
    return out;
  }

  Status LookAtFile() {
    const std::string path = ReplaceAll(options_.flights, "'", "''");
    TRY(connection_->Execute("CREATE SOURCE raw WITH (connector = 'file', path = '" + path + "')"));
    const data::Schema schema = TRY(database_->SchemaOf("raw"));
    is_sample_ = schema.IndexOf("scheduled") >= 0;
    time_ = is_sample_ ? "scheduled" : "\"date\"";
    for (const char* column : {"delay", "origin", "distance", "destination"}) {
      if (schema.IndexOf(column) >= 0 && (is_sample_ || schema.IndexOf("date") >= 0)) continue;
      return Status(ErrorCode::kSchemaNotInferable, Quoted(options_.flights) + " is not a file of flights")
          .WithHint("columns scheduled (or date), delay, distance, origin, destination are needed");
    }
    rows_total_ = TRY(Rows("SELECT count(*) FROM raw"))[0][0].int_value();
    TRY(connection_->Execute("DROP SOURCE raw"));
    return {};
  }

  // Shown as it is run, so that nothing is magic.
  Status Show(const std::string& sql) {
    Say(paint_.dim_ + "  " + ReplaceAll(sql, "\n", "\n  ") + ";" + paint_.reset_ + "\n\n");
    TRY(connection_->Execute(sql));
    return {};
  }

  Status Create() {
    const std::string rate =
        options_.quick
            ? ""
            : fmt::format(", rate = {}",
                          std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(rows_total_) / kSeconds)));
    TRY(Show("CREATE SOURCE flights (" + time_ +
             " TIMESTAMP, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR,\n"
             "  WATERMARK FOR " +
             time_ + " AS " + time_ +
             " - INTERVAL '2' HOUR)\n"
             "WITH (connector = 'file', path = '" +
             ReplaceAll(options_.flights, "'", "''") + "'" + rate + ")"));
    TRY(
        Show("CREATE MATERIALIZED VIEW hourly AS\n"
             "SELECT origin, window_start AS hour, count(*) AS flights, sum(delay) AS minutes\n"
             "FROM flights GROUP BY origin, TUMBLE(" +
             time_ +
             ", INTERVAL '1' HOUR)\n"
             "ALLOW LATENESS INTERVAL '2' DAY"));
    TRY(
        Show("CREATE MATERIALIZED VIEW daily AS\n"
             "SELECT CAST(hour AS DATE) AS day, sum(flights) AS flights, sum(minutes) AS minutes\n"
             "FROM hourly GROUP BY CAST(hour AS DATE)"));
    return {};
  }

  Result<bool> Play() {
    const int64_t start = os::RealClock().MonotonicNanos();
    while (true) {
      const auto waited = connection_->Execute("WAIT FOR daily TIMEOUT INTERVAL '100' MILLISECOND");
      if (interrupts_.Take()) {
        screen_.Clear();
        return false;
      }
      if (waited) break;
      if (waited.error().code() != ErrorCode::kLimitReached) return Error(Status(waited.error()));
      if (!screen_.is_live()) continue;
      DemoMoment moment;
      moment.seconds = static_cast<double>(os::RealClock().MonotonicNanos() - start) / 1e9;
      moment.rows_total = rows_total_;
      const engine::Progress progress = database_->GetProgress();
      moment.rows = static_cast<int64_t>(progress.sources.at(0).rows);
      moment.watermark = progress.sources.at(0).watermark;
      moment.hours = static_cast<int64_t>(progress.views.at(0).rows_stored);
      const auto top =
          TRY(Rows("SELECT hour, origin, flights, minutes FROM hourly ORDER BY hour DESC, flights DESC LIMIT 5"));
      for (const auto& row : top) {
        if (row[0].int_value() != top[0][0].int_value()) break;
        moment.hour = row[0].int_value();
        moment.airports.push_back({row[1].string_value(), row[2].int_value(),
                                   static_cast<double>(row[3].int_value()) / static_cast<double>(row[2].int_value())});
      }
      screen_.Draw(moment);
    }
    screen_.Clear();
    seconds_ = static_cast<double>(os::RealClock().MonotonicNanos() - start) / 1e9;
    return true;
  }

  Status Table(const std::string& title, const std::string& sql) {
    Say(paint_.bold_ + title + paint_.reset_ + "\n\n");
    engine::Outcome outcome = TRY(connection_->Execute(sql));
    WriterRequest request;
    request.schema = outcome.cursor->schema();
    request.unicode = os::IsTerminal(1) && IsUtf8Terminal();
    std::unique_ptr<ResultWriter> writer = TRY(MakeResultWriter(std::move(request)));
    TRY(writer->Begin());
    data::BatchBuffer buffer(outcome.cursor->schema().Types());
    while (TRY(outcome.cursor->Next(buffer))) TRY(writer->Rows(buffer.batch()));
    TRY(writer->End());
    Say("\n");
    return {};
  }

  Status Answer() {
    TRY(Table("The busiest airports of the week",
              "SELECT origin, sum(flights) AS flights, round(CAST(sum(minutes) AS DOUBLE) / sum(flights), 1) + CAST(0 "
              "AS DOUBLE) AS mean_delay\n"
              "FROM hourly GROUP BY origin ORDER BY flights DESC LIMIT 8"));
    TRY(Table("Day by day",
              "SELECT day, flights, round(CAST(minutes AS DOUBLE) / flights, 1) + CAST(0 AS DOUBLE) AS mean_delay FROM "
              "daily ORDER BY day "
              "LIMIT 31"));
    const std::string by_day = "CAST(" + time_ + " AS DATE)";
    const auto live = TRY(Rows("SELECT day, flights, minutes FROM daily ORDER BY day"));
    const int64_t start = os::RealClock().MonotonicNanos();
    TRY(connection_->Execute("CREATE SOURCE again (" + time_ +
                             " TIMESTAMP, delay BIGINT) WITH (connector = 'file', path = '" +
                             ReplaceAll(options_.flights, "'", "''") + "')"));
    const auto batch =
        TRY(Rows("SELECT " + by_day + " AS day, count(*) AS flights, sum(delay) AS minutes FROM again GROUP BY " +
                 by_day + " ORDER BY day"));
    const double batch_seconds = static_cast<double>(os::RealClock().MonotonicNanos() - start) / 1e9;
    if (live != batch)
      return Status(ErrorCode::kInternal, "the views differ from a plain SELECT over the same file")
          .WithHint("please report this");
    Say(paint_.green_ + "Checked" + paint_.reset_ +
        fmt::format(": a plain SELECT over the whole file gives the same {} days (in {:.2f} s).\n", live.size(),
                    batch_seconds));
    if (is_sample_) {
      Say("Flights that were reported after their hour had closed took back the old result and gave the new one,\n"
          "in the hour and in the day above it; nothing was recomputed from the start.\n");
    }
    if (options_.quick) {
      Say(fmt::format("{} flights in {:.3f} s: {} a second.\n", FormatCount(rows_total_), seconds_,
                      FormatCount(static_cast<int64_t>(static_cast<double>(rows_total_) / std::max(seconds_, 1e-6)))));
    } else {
      Say(fmt::format("{} flights in {:.1f} s: slowed down to be watched. laminar demo --quick takes what it takes.\n",
                      FormatCount(rows_total_), seconds_));
    }
    Say("\n" + paint_.bold_ + "Next" + paint_.reset_ +
        "\n"
        "  the shell           ./dev run                      then  SHOW FUNCTIONS;\n"
        "  your own file       ./dev run -c \"CREATE SOURCE s WITH (connector = 'file', path = 'my.csv'); SELECT * "
        "FROM s\"\n"
        "  the guide           docs/guide/start.md\n");
    return {};
  }

  const Host& host_;
  DemoOptions options_;
  Words paint_ = WordsOf(PaintOf(1));
  DemoScreen screen_;
  os::InterruptFlag interrupts_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
  bool is_sample_ = true;
  std::string time_;
  int64_t rows_total_ = 0;
  double seconds_ = 0;
};

}  // namespace

int RunDemo(const std::vector<std::string>& arguments, const Host& host) {
  auto options = ParseDemoOptions(arguments);
  if (!options) {
    WriteError(ErrorText(options.error(), {}, PaintOf(2)));
    return 2;
  }
  const auto done = Demo(host, *std::move(options)).Run();
  if (done) return *done ? 0 : 130;
  WriteError(ErrorText(done.error(), {}, PaintOf(2)));
  return 1;
}

}  // namespace laminar::cli
