#include "sdk/conformance/position_laws.h"

#include <algorithm>

#include "data/value.h"
#include "sdk/token.h"

namespace laminar::sdk {

namespace {

constexpr size_t kChecksumBytes = 4;

class BadRowTexts final : public BadRows {
 public:
  void Add(std::string_view place, std::string_view reason, std::string_view text) override {
    rows.push_back(std::string(place) + ": " + std::string(reason) + ": " + std::string(text));
  }
  std::vector<std::string> rows;
};

struct Passed {
  std::string position;
  size_t rows = 0;      // before it
  size_t bad_rows = 0;  // before it
};

struct Run {
  std::vector<std::string> rows;
  std::vector<std::string> bad_rows;
  std::vector<Passed> passed;
  std::string first_position;
  std::string error;
};

uint32_t RandomCount(Random& random) {
  switch (random.Below(3)) {
    case 0: return 1;
    case 1: return static_cast<uint32_t>(random.Below(20)) + 1;
    default: return static_cast<uint32_t>(random.Below(data::kBatchCapacity)) + 1;
  }
}

Run ReadFrom(Connector& connector, const SourceRequest& given, const std::string& position, Random& random,
             size_t reads_max = SIZE_MAX) {
  Run run;
  BadRowTexts bad;
  SourceRequest request = given;
  request.bad_rows = &bad;
  request.position = position;
  auto opened = connector.OpenSource(request);
  if (!opened.has_value()) {
    run.error = opened.error().ToString();
    return run;
  }
  (*opened)->AppendPosition(run.first_position);
  data::BatchBuffer out(request.schema.Types());
  for (size_t reads = 0; reads < reads_max; ++reads) {
    const Result<ReadState> state = (*opened)->Read(out, RandomCount(random));
    if (!state.has_value()) {
      run.error = state.error().ToString();
      break;
    }
    for (uint32_t row = 0; row < out.rows(); ++row) {
      std::string line;
      for (uint32_t i = 0; i < out.batch().column_count; ++i) {
        const data::Type& type = request.schema[i].type;
        const data::Column& column = out.batch().columns[i];
        line += column.HasError(row) ? "(unreadable)" : data::Value::FromColumn(column, type, row).ToString(type);
        line += '\x1f';
      }
      run.rows.push_back(std::move(line));
    }
    Passed passed{.position = {}, .rows = run.rows.size(), .bad_rows = bad.rows.size()};
    (*opened)->AppendPosition(passed.position);
    run.passed.push_back(std::move(passed));
    if (*state != ReadState::kRows) break;
  }
  run.bad_rows = std::move(bad.rows);
  return run;
}

// What is wrong with the rows read behind `from`; empty: nothing.
std::string Compare(const std::string& what, const std::vector<std::string>& whole, size_t from,
                    const std::vector<std::string>& read) {
  const size_t left = whole.size() - from;
  if (read.size() != left) {
    return std::to_string(read.size()) + " " + what + " behind " + std::to_string(from) + ", not " +
           std::to_string(left);
  }
  for (size_t i = 0; i < left; ++i) {
    if (read[i] != whole[from + i]) {
      return what + " " + std::to_string(from + i) + " is '" + read[i] + "', not '" + whole[from + i] + "'";
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> CheckPositionLaws(Connector& connector, const SourceRequest& request, uint64_t seed,
                                           int resumes) {
  Random random(seed);
  std::vector<std::string> breaches;
  const Run whole = ReadFrom(connector, request, "", random);
  if (!whole.error.empty()) return {"reading from the start: " + whole.error};
  for (int i = 0; i < resumes; ++i) {
    size_t rows = 0;
    size_t bad_rows = 0;
    Run run = whole;
    std::string text;
    for (int depth = 0; depth < 3 && !run.passed.empty(); ++depth) {
      const Passed& at = run.passed[random.Below(run.passed.size())];
      rows += at.rows;
      bad_rows += at.bad_rows;
      text += "/" + std::to_string(rows);
      if (at.position.empty()) {
        breaches.push_back("no position behind row " + text);
        break;
      }
      Run next = ReadFrom(connector, request, at.position, random);
      std::string breach = next.error;
      if (breach.empty()) breach = Compare("rows", whole.rows, rows, next.rows);
      if (breach.empty()) breach = Compare("bad rows", whole.bad_rows, bad_rows, next.bad_rows);
      if (breach.empty() && next.first_position != at.position) {
        const Run again = ReadFrom(connector, request, next.first_position, random);
        breach = again.error;
        if (breach.empty()) breach = Compare("rows from the reader's own position", whole.rows, rows, again.rows);
      }
      if (!breach.empty()) {
        breaches.push_back("behind row " + text + ": " + breach);
        break;
      }
      run = std::move(next);
    }
  }
  return breaches;
}

std::string TamperWithToken(Random& random, std::string token) {
  if (token.size() < kChecksumBytes) return token;
  const bool sealed = random.OneIn(2);
  if (sealed) token.resize(token.size() - kChecksumBytes);
  for (uint64_t i = random.Below(3) + 1; i > 0 && !token.empty(); --i) {
    const size_t at = random.Below(token.size());
    switch (random.Below(5)) {
      case 0: token[at] = static_cast<char>(random.Next()); break;
      case 1: token[at] = static_cast<char>(token[at] ^ 1 << random.Below(8)); break;
      case 2: token.resize(at); break;
      case 3: token.insert(at, 1, static_cast<char>(random.OneIn(2) ? 0xFF : random.Next())); break;
      default: token.erase(at, random.Below(4) + 1); break;
    }
  }
  if (sealed) SealToken(0, token);
  return token;
}

std::vector<std::string> CheckTamperedPositions(Connector& connector, const SourceRequest& request, uint64_t seed,
                                                int rounds) {
  Random random(seed);
  const Run whole = ReadFrom(connector, request, "", random);
  if (!whole.error.empty() || whole.passed.empty()) return {"reading from the start: " + whole.error};
  std::vector<std::string> breaches;
  for (int round = 0; round < rounds; ++round) {
    const std::string& good = whole.passed[random.Below(whole.passed.size())].position;
    SourceRequest tampered = request;
    BadRowTexts bad;
    tampered.bad_rows = &bad;
    tampered.position = TamperWithToken(random, good);
    if (tampered.position.empty() || tampered.position == good) continue;
    auto opened = connector.OpenSource(tampered);
    if (opened.has_value()) {
      data::BatchBuffer out(request.schema.Types());
      for (int reads = 0; reads < 3; ++reads) {
        if (!(*opened)->Read(out, 1000).has_value()) break;
      }
      continue;
    }
    const ErrorCode code = opened.error().code();
    if (code != ErrorCode::kCorrupt && code != ErrorCode::kFormatVersion && code != ErrorCode::kBadFile) {
      breaches.push_back("a tampered position: " + opened.error().ToString());
    }
  }
  return breaches;
}

}  // namespace laminar::sdk
