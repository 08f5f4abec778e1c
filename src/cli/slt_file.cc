#include "cli/slt_file.h"

#include <optional>

#include "base/text.h"

namespace laminar::cli {

namespace {

struct Known {
  DirectiveKind kind;
  std::string_view word;
  BodyKind body;
};
constexpr Known kKnown[] = {
#define DIRECTIVE(kind, word, body) {DirectiveKind::kind, word, BodyKind::body},
#include "cli/slt_directives.def"
#undef DIRECTIVE
};

bool IsSeparator(std::string_view line) { return Trim(line) == "----"; }
bool IsRow(std::string_view line) {
  return !line.empty() && (line[0] == '(' || line[0] == '-' || line[0] == '+' || IsDigitAscii(line[0]));
}

class Lines {
 public:
  explicit Lines(std::string_view text) : lines_(Split(text, '\n')) {
    for (std::string_view& line : lines_) {
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    }
  }
  bool AtEnd() const { return next_ >= lines_.size(); }
  std::string_view Peek() const { return lines_[next_]; }
  std::string_view Take() { return lines_[next_++]; }
  uint32_t number() const { return static_cast<uint32_t>(next_ + 1); }

 private:
  std::vector<std::string_view> lines_;
  size_t next_ = 0;
};

void TakeBody(Lines& lines, BodyKind body, Directive& out) {
  if (body == BodyKind::kSql || body == BodyKind::kSqlExpected) {
    while (!lines.AtEnd() && !Trim(lines.Peek()).empty() &&
           !(body == BodyKind::kSqlExpected && IsSeparator(lines.Peek()))) {
      out.sql += (out.sql.empty() ? "" : "\n") + std::string(lines.Take());
    }
  }
  if (body == BodyKind::kRows) {
    while (!lines.AtEnd() && (IsRow(Trim(lines.Peek())) || StartsWith(lines.Peek(), "#"))) {
      const std::string_view row = Trim(lines.Take());
      if (row[0] != '#') out.rows.emplace_back(row);
    }
  }
  const bool can_expect = body == BodyKind::kSqlExpected || body == BodyKind::kExpected;
  out.expected_line = lines.number();
  if (!can_expect || lines.AtEnd() || !IsSeparator(lines.Peek())) return;
  lines.Take();
  out.has_expected = true;
  out.expected_line = lines.number();
  while (!lines.AtEnd() && !Trim(lines.Peek()).empty()) {
    std::string line(lines.Take());
    while (!line.empty() && IsSpaceAscii(line.back())) line.pop_back();
    out.expected.push_back(std::move(line));
  }
  out.expected_count = static_cast<uint32_t>(out.expected.size());
}

}  // namespace

std::string_view WordOf(DirectiveKind kind) { return kKnown[static_cast<size_t>(kind)].word; }

Result<std::vector<Directive>> ParseSlt(std::string_view text) {
  std::vector<Directive> out;
  Lines lines(text);
  while (!lines.AtEnd()) {
    const uint32_t number = lines.number();
    const std::string_view line = Trim(lines.Take());
    if (line.empty() || line[0] == '#') continue;
    Directive directive;
    directive.line = number;
    for (std::string_view word : Split(line, ' ')) {
      if (!word.empty()) directive.words.emplace_back(word);
    }
    directive.rest = std::string(Trim(line.substr(directive.words[0].size())));
    const Known* found = nullptr;
    for (const Known& known : kKnown) {
      if (known.word == directive.words[0]) found = &known;
    }
    if (found == nullptr) {
      std::vector<std::string_view> words;
      for (const Known& known : kKnown) words.push_back(known.word);
      return Error(Status(ErrorCode::kBadRow, "there is no directive " + Quoted(directive.words[0]))
                       .WithHint(DidYouMean(directive.words[0], words))
                       .At({number, 1, 0}));
    }
    directive.kind = found->kind;
    TakeBody(lines, found->body, directive);
    out.push_back(std::move(directive));
  }
  return out;
}

}  // namespace laminar::cli
