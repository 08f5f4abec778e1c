// SIMILAR TO: a pattern compiled to steps of a nondeterministic automaton, run over all its states at once (after
// Thompson), so no text can make it slow. Repetitions {n,m} are written out; a pattern has at most kStepsMax steps and
// kDepthMax nested parentheses.
#include "base/text.h"
#include "functions/scalar/like_pattern.h"

namespace laminar::functions {
namespace {

constexpr size_t kStepsMax = 20'000;
constexpr int kDepthMax = 100;
constexpr uint32_t kRepeatMax = 1000;

// The next code point; ill-formed bytes count as themselves. Never reads past the end.
uint32_t NextCharacter(std::string_view text, size_t& at) {
  const auto lead = static_cast<uint8_t>(text[at]);
  const size_t wanted = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
  if (wanted == 1 || text.size() - at < wanted) {
    ++at;
    return lead;
  }
  uint32_t character = lead & (0xFFu >> (wanted + 1));
  for (size_t i = 1; i < wanted; ++i) {
    const auto next = static_cast<uint8_t>(text[at + i]);
    if ((next & 0xC0) != 0x80) {
      ++at;
      return lead;
    }
    character = character << 6 | (next & 0x3F);
  }
  at += wanted;
  return character;
}

}  // namespace

// Recursive descent; each part appends its steps, so that falling off its end goes on with what comes next.
class SimilarCompiler {
 public:
  SimilarCompiler(std::string_view pattern, int escape, SimilarPattern& out)
      : text_(pattern), escape_(escape), steps_(out.steps_), ranges_(out.ranges_) {}

  Status Compile() {
    TRY(Alternatives(0));
    if (at_ < text_.size()) return Bad("there is a ) without its (");
    Emit({.op = Op::kEnd});
    return Status::Ok();
  }

 private:
  using Op = SimilarPattern::Op;
  using Step = SimilarPattern::Step;

  Status Bad(std::string_view why) const {
    return Status(ErrorCode::kBadValue, "the SIMILAR TO pattern " + Quoted(text_) + " is wrong: " + std::string(why));
  }
  uint32_t Here() const { return static_cast<uint32_t>(steps_.size()); }
  uint32_t Emit(Step step) {
    steps_.push_back(step);
    return Here() - 1;
  }
  bool IsEscape(char c) const { return static_cast<uint8_t>(c) == escape_; }
  bool At(char c) const { return at_ < text_.size() && text_[at_] == c && !IsEscape(c); }

  // a|b|c: each but the last starts with a choice and ends with a jump behind all.
  Status Alternatives(int depth) {
    if (depth > kDepthMax) return Bad("parentheses are nested too deeply");
    std::vector<uint32_t> jumps;
    while (true) {
      const uint32_t choice = Emit({.op = Op::kSplit});
      TRY(Sequence(depth));
      steps_[choice].a = choice + 1;
      steps_[choice].b = choice + 1;
      if (!At('|')) break;
      ++at_;
      jumps.push_back(Emit({.op = Op::kJump}));
      steps_[choice].b = Here();
    }
    for (const uint32_t jump : jumps) steps_[jump].a = Here();
    return Status::Ok();
  }

  Status Sequence(int depth) {
    while (at_ < text_.size() && !At('|') && !At(')')) TRY(Repeated(depth));
    return Status::Ok();
  }

  // An atom and what says how often. The atom is compiled anew for each repetition.
  Status Repeated(int depth) {
    const size_t start = at_;
    const uint32_t first = Here();
    TRY(Atom(depth));
    uint32_t least = 1;
    uint32_t most = 1;  // 0: no limit
    bool is_counted = false;
    TRY(Count(least, most, is_counted));
    if (!is_counted) return Status::Ok();
    const size_t next = at_;
    steps_.resize(first);
    auto again = [&]() -> Status {
      at_ = start;
      TRY(Atom(depth));
      return steps_.size() > kStepsMax ? Bad("it is too long when its repetitions are written out") : Status::Ok();
    };
    for (uint32_t i = 0; i < least; ++i) TRY(again());
    if (most == 0) {
      const uint32_t choice = Emit({.op = Op::kSplit});
      TRY(again());
      Emit({.op = Op::kJump, .a = choice});
      steps_[choice].a = choice + 1;
      steps_[choice].b = Here();
    }
    std::vector<uint32_t> choices;
    for (uint32_t i = least; i < most; ++i) {
      choices.push_back(Emit({.op = Op::kSplit}));
      TRY(again());
    }
    for (const uint32_t choice : choices) {
      steps_[choice].a = choice + 1;
      steps_[choice].b = Here();
    }
    at_ = next;
    return Status::Ok();
  }

  Status Count(uint32_t& least, uint32_t& most, bool& is_counted) {
    is_counted = true;
    if (At('*') || At('+') || At('?')) {
      least = text_[at_] == '+' ? 1 : 0;
      most = text_[at_] == '?' ? 1 : 0;
      ++at_;
      return Status::Ok();
    }
    is_counted = At('{');
    if (!is_counted) return Status::Ok();
    ++at_;
    TRY(Number(least));
    most = least;
    if (At(',')) {
      ++at_;
      most = 0;
      if (!At('}')) {
        TRY(Number(most));
        if (most == 0 || most < least) return Bad("a repetition {n,m} has n above m, or m zero");
      }
    } else if (most == 0) {
      return Bad("a repetition {0} matches nothing");
    }
    if (!At('}')) return Bad("a { has no }");
    ++at_;
    return Status::Ok();
  }

  Status Number(uint32_t& out) {
    const size_t start = at_;
    out = 0;
    while (at_ < text_.size() && IsDigitAscii(text_[at_]) && out <= kRepeatMax) {
      out = out * 10 + static_cast<uint32_t>(text_[at_++] - '0');
    }
    if (at_ == start) return Bad("a { is not followed by a number");
    return out > kRepeatMax ? Bad("a repetition is above 1000") : Status::Ok();
  }

  Status Atom(int depth) {
    const char c = text_[at_];
    if (IsEscape(c)) {
      if (++at_ == text_.size()) return Bad("it ends in its escape character");
      Emit({.op = Op::kChar, .a = NextCharacter(text_, at_)});
      return Status::Ok();
    }
    switch (c) {
      case '%': {
        ++at_;
        const uint32_t choice = Emit({.op = Op::kSplit});
        Emit({.op = Op::kAnyChar});
        Emit({.op = Op::kJump, .a = choice});
        steps_[choice].a = choice + 1;
        steps_[choice].b = Here();
        return Status::Ok();
      }
      case '_':
        ++at_;
        Emit({.op = Op::kAnyChar});
        return Status::Ok();
      case '(':
        ++at_;
        TRY(Alternatives(depth + 1));
        if (!At(')')) return Bad("a ( has no )");
        ++at_;
        return Status::Ok();
      case '[': return Class();
      case '*':
      case '+':
      case '?':
      case '{': return Bad("a repetition has nothing to repeat");
      default: Emit({.op = Op::kChar, .a = NextCharacter(text_, at_)}); return Status::Ok();
    }
  }

  Status ClassCharacter(uint32_t& out) {
    if (at_ < text_.size() && IsEscape(text_[at_])) ++at_;
    if (at_ >= text_.size()) return Bad("a [ has no ]");
    out = NextCharacter(text_, at_);
    return Status::Ok();
  }

  Status Class() {
    ++at_;
    Step step{.op = Op::kClass, .is_negated = At('^'), .a = static_cast<uint32_t>(ranges_.size())};
    if (step.is_negated) ++at_;
    bool is_first = true;
    while (is_first || !At(']')) {
      is_first = false;
      SimilarPattern::Range range;
      TRY(ClassCharacter(range.first));
      range.last = range.first;
      const bool is_range = At('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
      if (is_range) {
        ++at_;
        TRY(ClassCharacter(range.last));
        if (range.last < range.first) return Bad("a range in [ ] runs backwards");
      }
      ranges_.push_back(range);
      if (ranges_.size() > kStepsMax) return Bad("it is too long when its repetitions are written out");
    }
    ++at_;
    step.b = static_cast<uint32_t>(ranges_.size());
    Emit(step);
    return Status::Ok();
  }

  std::string_view text_;
  int escape_;
  size_t at_ = 0;
  std::vector<Step>& steps_;
  std::vector<SimilarPattern::Range>& ranges_;
};

// Sets of steps; kept by the thread, so that matching is free of allocation once warm.
struct SimilarPattern::States {
  std::vector<uint32_t> list;
  std::vector<uint32_t> pending;
  std::vector<uint8_t> seen;

  void Clear(size_t steps) {
    list.clear();
    seen.assign(steps, 0);
  }
};

Result<SimilarPattern> SimilarPattern::Compile(std::string_view pattern, std::string_view escape) {
  const LikeStyle style = TRY(LikeStyleOf(escape, false));
  SimilarPattern compiled;
  TRY(SimilarCompiler(pattern, style.escape, compiled).Compile());
  return compiled;
}

void SimilarPattern::Follow(uint32_t step, States& states) const {
  states.pending.push_back(step);
  while (!states.pending.empty()) {
    const uint32_t next = states.pending.back();
    states.pending.pop_back();
    if (states.seen[next] != 0) continue;
    states.seen[next] = 1;
    const Step& at = steps_[next];
    if (at.op == Op::kJump || at.op == Op::kSplit) {
      states.pending.push_back(at.a);
      if (at.op == Op::kSplit && at.b != at.a) states.pending.push_back(at.b);
    } else {
      states.list.push_back(next);
    }
  }
}

bool SimilarPattern::Takes(const Step& step, uint32_t character) const {
  if (step.op == Op::kChar) return step.a == character;
  if (step.op == Op::kAnyChar) return true;
  if (step.op != Op::kClass) return false;
  for (uint32_t i = step.a; i < step.b; ++i) {
    if (character >= ranges_[i].first && character <= ranges_[i].last) return !step.is_negated;
  }
  return step.is_negated;
}

bool SimilarPattern::Matches(std::string_view text) const {
  static thread_local States now;
  static thread_local States then;
  now.Clear(steps_.size());
  Follow(0, now);
  for (size_t at = 0; at < text.size() && !now.list.empty();) {
    const uint32_t character = NextCharacter(text, at);
    then.Clear(steps_.size());
    for (const uint32_t step : now.list) {
      if (Takes(steps_[step], character)) Follow(step + 1, then);
    }
    std::swap(now, then);
  }
  for (const uint32_t step : now.list) {
    if (steps_[step].op == Op::kEnd) return true;
  }
  return false;
}

}  // namespace laminar::functions
