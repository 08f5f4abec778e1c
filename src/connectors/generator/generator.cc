#include "connectors/generator/generator.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "data/temporal.h"
#include "sdk/rate_limit.h"
#include "sdk/token.h"

namespace laminar::connectors {

namespace {

constexpr std::string_view kWhat = "connector 'generator'";
constexpr std::string_view kKinds[] = {"nexmark_auction", "nexmark_bid", "nexmark_person",
                                       "quotes",          "sequence",    "trades"};
constexpr Timestamp kDefaultStart = 1'700'000'040 * kSecond;  // a whole minute

Result<GeneratorOptions> ReadOptions(sdk::Options& options) {
  GeneratorOptions read;
  const bool as_table = !options.Has("kind") && options.Has("table");
  if (options.Has("kind") && options.Has("table")) {
    return Error(ErrorCode::kBadOption, "options 'kind' and 'table' are two names of one option; give one");
  }
  if (!as_table && !options.Has("kind")) {
    return Error(Status(ErrorCode::kBadOption, "option 'kind' is missing").WithHint("one of: " + Join(kKinds, ", ")));
  }
  read.kind = TRY(options.Choice(as_table ? "table" : "kind", "sequence", kKinds));
  read.seed = static_cast<uint64_t>(TRY(options.Integer("seed", 42, INT64_MIN, INT64_MAX)));
  read.rows = static_cast<uint64_t>(TRY(options.Integer("rows", 0, 0, INT64_MAX)));
  read.rate = TRY(options.Number("rate", 0, 0, 1e12));
  read.symbols = static_cast<uint32_t>(TRY(options.Integer("symbols", 1000, 1, 1'000'000)));
  read.disorder = TRY(options.Time("disorder", 0));
  read.interval = TRY(options.Time("interval", 100));
  read.resolution = TRY(options.Time("resolution", kMillisecond));
  read.dictionary = TRY(options.Boolean("dictionary", false));
  if (read.disorder < 0 || read.disorder > 36500 * kDay || read.interval < 0 || read.resolution < 1) {
    return Error(ErrorCode::kBadOption,
                 "options 'disorder' and 'interval' must not be negative, 'resolution' must be positive");
  }
  read.start = kDefaultStart;
  if (options.Has("start")) {
    const std::string start = options.Text("start", "");
    if (!data::ParseTimestamp(Trim(start), 6, read.start)) {
      return Error(Status(ErrorCode::kBadOption, "option 'start' is " + Quoted(start))
                       .WithHint("accepted: a timestamp such as '2024-05-01 09:30:00'"));
    }
  } else {
    options.Text("start", "");  // so that the name is known
  }
  TRY(options.RejectUnread(kWhat));
  return read;
}

std::unique_ptr<GeneratedTable> MakeTable(const GeneratorOptions& options) {
  if (options.kind == "sequence") return MakeSequence(options);
  return options.kind.starts_with("nexmark") ? MakeNexmark(options) : MakeMarket(options);
}

// Which column of the table each declared column is.
Result<std::vector<size_t>> MatchColumns(const data::Schema& declared, const GeneratedTable& table,
                                         std::string_view kind) {
  std::vector<std::string> names;
  for (const data::Field& field : table.schema().fields()) names.push_back(field.name);
  std::vector<size_t> matched;
  for (const data::Field& field : declared.fields()) {
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const auto& n) { return EqualsIgnoreCase(n, field.name); });
    if (found == names.end()) {
      std::string hint = DidYouMean(field.name, names);
      if (hint.empty()) hint = "its columns are: " + Join(names, ", ");
      return Error(
          Status(ErrorCode::kUnknownColumn, "generator '" + std::string(kind) + "' has no column " + Quoted(field.name))
              .WithHint(std::move(hint)));
    }
    const auto index = static_cast<size_t>(found - names.begin());
    const data::Type& made = table.schema()[index].type;
    if (!(field.type == made) && !(field.type.is_timestamp() && made.is_timestamp())) {
      return Error(Status(ErrorCode::kTypeMismatch, "generator '" + std::string(kind) + "': column " +
                                                        Quoted(field.name) + " is declared as " + field.type.ToString())
                       .WithHint("declare it as " + made.ToString()));
    }
    matched.push_back(index);
  }
  return matched;
}

constexpr uint8_t kPositionVersion = 1;

// Of all options that decide what a row is; `rows` and `rate` may change between two readers.
uint32_t ChecksumOf(const GeneratorOptions& options) {
  std::string bytes;
  AppendText(options.kind, bytes);
  for (const uint64_t value : {options.seed, uint64_t{options.symbols}, static_cast<uint64_t>(options.disorder),
                               static_cast<uint64_t>(options.start), static_cast<uint64_t>(options.interval),
                               static_cast<uint64_t>(options.resolution)}) {
    AppendNumber(value, bytes);
  }
  return Crc32c(0, bytes);
}

Result<uint64_t> ReadPosition(std::string_view token, const GeneratorOptions& options, std::string_view name) {
  const std::string what = "the position of source " + Quoted(name);
  auto reader = TRY(sdk::TokenReader::Open(token, sdk::TokenKind::kGeneratorPosition, kPositionVersion, what));
  const uint32_t checksum = reader.Fixed32();
  const uint64_t next = reader.Varint();
  TRY(reader.Finish());
  if (next > static_cast<uint64_t>(INT64_MAX)) return Error(reader.Corrupt("its row number is out of range"));
  if (checksum == ChecksumOf(options)) return next;
  return Error(Status(ErrorCode::kBadFile, "source " + Quoted(name) + " cannot go on behind row " +
                                               std::to_string(next) + ": its rows were made with other options")
                   .WithHint("set the options as they were, or drop the source and create it again"));
}

class GeneratorSource final : public sdk::Source {
 public:
  GeneratorSource(const os::Clock& clock, sdk::SourceRequest request, const GeneratorOptions& options,
                  std::unique_ptr<GeneratedTable> table, std::vector<size_t> columns)
      : clock_(clock),
        request_(std::move(request)),
        rows_total_(options.rows),
        rate_(options.rate),
        options_checksum_(ChecksumOf(options)),
        table_(std::move(table)),
        columns_(std::move(columns)) {}

  void GoTo(uint64_t row) { next_ = row; }

  void AppendPosition(std::string& out) const override {
    const size_t begin = sdk::BeginToken(sdk::TokenKind::kGeneratorPosition, kPositionVersion, out);
    AppendNumber(options_checksum_, out);
    AppendVarint(next_, out);
    sdk::SealToken(begin, out);
  }

  Result<sdk::ReadState> Read(data::BatchBuffer& out, uint32_t rows_max) override {
    out.Reset();
    uint64_t count = std::min(rows_max, out.capacity());
    if (rows_total_ > 0) {
      count = std::min(count, rows_total_ - std::min(next_, rows_total_));
      if (count == 0) return sdk::ReadState::kEnd;
    }
    const uint32_t rows = rate_.Allowed(rate_.limited() ? clock_.MonotonicNanos() : 0, static_cast<uint32_t>(count));
    if (rows == 0) return sdk::ReadState::kIdle;
    for (size_t i = 0; i < columns_.size(); ++i) {
      data::Column& column = out.column(i);
      if (!request_.needed.empty() && !request_.needed[i]) {
        out.SetNull(column, 0);
        column.encoding = data::Encoding::kConstant;
        continue;
      }
      table_->Fill(columns_[i], next_, rows, out, column);
      if (request_.schema[i].type.is_timestamp()) AdaptTimes(request_.schema[i].type, rows, out, column);
    }
    next_ += rows;
    rate_.Take(rows);
    out.SetRows(rows);
    return sdk::ReadState::kRows;
  }

  std::pair<uint64_t, uint64_t> Progress() const override { return {next_, rows_total_}; }

 private:
  static void AdaptTimes(const data::Type& type, uint32_t rows, data::BatchBuffer& out, data::Column& column) {
    auto* values = column.As<int64_t>();
    if (type.is_nanos()) {
      for (uint32_t row = 0; row < rows; ++row) {
        if (!data::MicrosToNanos(values[row], values[row])) out.SetNull(column, row);
      }
    } else if (type.precision() < 6) {
      for (uint32_t row = 0; row < rows; ++row) values[row] = data::TruncateToPrecision(values[row], type.precision());
    }
  }

  const os::Clock& clock_;
  sdk::SourceRequest request_;
  const uint64_t rows_total_;
  sdk::RateLimit rate_;
  const uint32_t options_checksum_;
  std::unique_ptr<GeneratedTable> table_;
  std::vector<size_t> columns_;
  uint64_t next_ = 0;
};

class SequenceTable final : public GeneratedTable {
 public:
  explicit SequenceTable(const GeneratorOptions& options)
      : times_(options), schema_({{"n", data::TypeId::kInt64, false}, {"ts", data::TypeId::kTimestamp, false}}) {}
  const data::Schema& schema() const override { return schema_; }
  void Fill(size_t index, uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) override {
    (void)out;
    auto* values = column.As<int64_t>();
    for (uint32_t row = 0; row < count; ++row) {
      values[row] = index == 0 ? static_cast<int64_t>(first + row) : times_.At(first + row);
    }
  }

 private:
  EventTimes times_;
  data::Schema schema_;
};

}  // namespace

std::unique_ptr<GeneratedTable> MakeSequence(const GeneratorOptions& options) {
  return std::make_unique<SequenceTable>(options);
}

void FillLetters(CellRandom random, uint64_t first, uint32_t count, uint32_t width, data::BatchBuffer& out,
                 data::Column& column) {
  constexpr uint64_t kEven = 0x00FF00FF00FF00FFull;
  auto* values = column.As<data::StringRef>();
  // Written eight bytes at a time, so the last may reach behind its text.
  char* text = out.heap().Allocate(static_cast<size_t>(count) * width + 8);
  for (uint32_t row = 0; row < count; ++row, text += width) {
    for (uint32_t i = 0; i < width; i += 8) {
      const uint64_t bits = random((first + row) * 8 + i / 8);
      // Each byte times 26 / 256, even and odd bytes apart.
      const uint64_t even = ((bits & kEven) * 26 >> 8) & kEven;
      const uint64_t odd = ((bits >> 8 & kEven) * 26) & ~kEven;
      const uint64_t letters = (even | odd) + 0x6161616161616161ull;
      std::memcpy(text + i, &letters, 8);
    }
    values[row] = data::StringRef(text, width);
  }
}

std::string_view GeneratorConnector::doc() const {
  return "made-up rows, the same for the same seed: Nexmark persons, auctions and bids, trades, quotes, a sequence";
}

Result<sdk::SourceTraits> GeneratorConnector::CheckSource(const sdk::SourceRequest& request) {
  sdk::Options options = request.options;
  const GeneratorOptions read = TRY(ReadOptions(options));
  GeneratorOptions light = read;
  light.symbols = 1;
  TRY(MatchColumns(request.schema, *MakeTable(light), read.kind));
  return sdk::SourceTraits{.replayable = true, .bounded = read.rows > 0};
}

Result<data::Schema> GeneratorConnector::InferSchema(sdk::Options options) {
  GeneratorOptions read = TRY(ReadOptions(options));
  read.symbols = 1;
  return MakeTable(read)->schema();
}

Result<std::unique_ptr<sdk::Source>> GeneratorConnector::OpenSource(sdk::SourceRequest request) {
  sdk::Options options = request.options;
  const GeneratorOptions read = TRY(ReadOptions(options));
  std::unique_ptr<GeneratedTable> table = MakeTable(read);
  std::vector<size_t> columns = TRY(MatchColumns(request.schema, *table, read.kind));
  uint64_t next = 0;
  if (!request.position.empty()) next = TRY(ReadPosition(request.position, read, request.name));
  auto source =
      std::make_unique<GeneratorSource>(clock_, std::move(request), read, std::move(table), std::move(columns));
  source->GoTo(next);
  return std::unique_ptr<sdk::Source>(std::move(source));
}

}  // namespace laminar::connectors
