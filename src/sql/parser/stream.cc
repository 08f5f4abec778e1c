// The stream clauses EMIT, ALLOW LATENESS and LATE DATA TO, and SAMPLE BY.
#include "sql/interval.h"
#include "sql/keywords.h"
#include "sql/parser/parser_state.h"

namespace laminar::sql {
namespace {

constexpr std::string_view kEmitChoices =
    "EMIT takes ON WATERMARK, ON WINDOW CLOSE, ON UPDATE, EVERY interval, PERIODICALLY interval, CHANGES or FINAL";

ExpressionPtr MakeInterval(IntervalValue value, TextPosition position) {
  auto node = std::make_unique<Expression>(ExpressionKind::kInterval, position);
  node->interval = std::make_unique<IntervalValue>(std::move(value));
  return node;
}

// The unit letters of SAMPLE BY, where M and m differ.
const IntervalUnit* SampleUnit(std::string_view word) {
  if (word == "T") return FindIntervalUnit("ms");
  if (word == "U") return FindIntervalUnit("us");
  if (word == "M") return FindIntervalUnit("month");
  if (word == "y" || word == "Y") return FindIntervalUnit("year");
  if (word == "mo") return nullptr;
  return FindIntervalUnit(word);
}

}  // namespace

bool Parser::AtStreamClause() const {
  if (At("EMIT")) return true;
  if (At("ALLOW") || At("ALLOWED")) return At("LATENESS", 1);
  return At("LATE") && At("DATA", 1);
}

Status Parser::ParseStreamClause(StreamClauses& stream, Place place) {
  const TextPosition position = Here();
  const bool is_lateness = At("ALLOW") || At("ALLOWED");
  if (place == Place::kInner && !is_lateness) {
    return ErrorHere(ErrorCode::kMisplacedStreamClause,
                     std::string(At("EMIT") ? "EMIT" : "LATE DATA TO") + " inside a sub-query",
                     "it belongs to the outermost query, after its last clause");
  }
  if (At("EMIT")) {
    if (stream.emit != EmitKind::kUnspecified) return ErrorHere(ErrorCode::kClauseTwice, "EMIT is given twice");
    stream.emit_position = position;
    Advance();
    return ParseEmit(stream);
  }
  if (is_lateness) {
    if (stream.lateness) return ErrorHere(ErrorCode::kClauseTwice, "ALLOW LATENESS is given twice");
    stream.lateness_position = position;
    at_ += 2;
    stream.lateness =
        TRY(ParseDuration(ErrorCode::kUnexpectedToken, "ALLOW LATENESS", "ALLOW LATENESS INTERVAL '5' MINUTE"));
    return Status::Ok();
  }
  if (!stream.late_to.empty()) return ErrorHere(ErrorCode::kClauseTwice, "LATE DATA TO is given twice");
  stream.late_to_position = position;
  at_ += 2;
  TRY(Expect("TO", "after LATE DATA"));
  stream.late_to = TRY(ExpectDottedName("a name after LATE DATA TO"));
  return Status::Ok();
}

// After the word EMIT.
Status Parser::ParseEmit(StreamClauses& stream) {
  const auto bad = [&](std::string_view expected, Words candidates) {
    const std::string nearest = HintFor(candidates);
    return ErrorHere(ErrorCode::kBadEmit, "expected " + std::string(expected) + ", found " + Found(),
                     (nearest.empty() ? "" : nearest + " ") + std::string(kEmitChoices));
  };
  if (Take("ON") || Take("AFTER")) {
    if (Take("WATERMARK")) {
      stream.emit = EmitKind::kOnWatermark;
    } else if (At("WINDOW")) {
      Advance();
      if (!Take("CLOSE")) return bad("CLOSE after EMIT ON WINDOW", {"CLOSE"});
      stream.emit = EmitKind::kOnWindowClose;
    } else if (Take("UPDATE")) {
      stream.emit = EmitKind::kOnUpdate;
    } else {
      return bad("WATERMARK, WINDOW CLOSE or UPDATE after EMIT ON", {"WATERMARK", "WINDOW", "UPDATE"});
    }
  } else if (At("EVERY") || At("PERIODICALLY")) {
    const std::string word(At("EVERY") ? "EVERY" : "PERIODICALLY");
    Advance();
    stream.emit = EmitKind::kEvery;
    stream.every = TRY(ParseDuration(ErrorCode::kBadEmit, word, "EMIT EVERY INTERVAL '10' SECOND"));
  } else if (Take("CHANGES") || Take("DELTA") || Take("RETRACTION")) {
    stream.emit = EmitKind::kChanges;
  } else if (Take("FINAL")) {
    stream.emit = EmitKind::kFinal;
  } else {
    return bad("WATERMARK, WINDOW CLOSE, UPDATE, EVERY, PERIODICALLY, CHANGES or FINAL after EMIT",
               {"ON", "AFTER", "EVERY", "PERIODICALLY", "CHANGES", "FINAL"});
  }
  if (!Take("WITH", "DELAY")) return Status::Ok();
  if (AtString()) {
    auto node = std::make_unique<Expression>(ExpressionKind::kLiteral, Here());
    node->literal.kind = LiteralKind::kString;
    node->literal.text = TRY(ExpectString("a delay"));
    stream.delay = std::move(node);
    return Status::Ok();
  }
  stream.delay = TRY(ParseDuration(ErrorCode::kBadEmit, "WITH DELAY", "EMIT ON UPDATE WITH DELAY '100ms'"));
  return Status::Ok();
}

// INTERVAL ..., or CAST($1 AS INTERVAL), $1::interval, $1: constant, but the value may come later.
Result<ExpressionPtr> Parser::ParseDuration(ErrorCode code, std::string_view after, std::string hint) {
  const bool begins = AtIntervalLiteral() || At("CAST") || Peek().kind == TokenKind::kParameter ||
                      AtSymbol(Symbol::kQuestion);
  if (!begins) {
    return Error(ErrorHere(code, "expected INTERVAL literal after " + std::string(after) + ", found " + Found(),
                           std::move(hint)));
  }
  const TextPosition position = Here();
  ExpressionPtr duration = TRY(ParsePrefix());
  const ExpressionKind kind = duration->kind;
  if (kind == ExpressionKind::kInterval || kind == ExpressionKind::kCast || kind == ExpressionKind::kParameter) {
    return duration;
  }
  return Error(Status(code, "expected an INTERVAL after " + std::string(after)).WithHint(std::move(hint)).At(position));
}

// SAMPLE BY 1m [FILL(...)] [ALIGN TO ...]
Result<std::unique_ptr<SampleBy>> Parser::ParseSampleBy() {
  auto sample = std::make_unique<SampleBy>();
  sample->position = Here();
  at_ += 2;
  sample->interval = TRY(ParseSampleInterval());
  if (At("FILL") && AtSymbol(Symbol::kLeftParen, 1)) TRY(ParseFill(*sample));
  if (!Take("ALIGN")) return sample;
  TRY(Expect("TO", "after ALIGN"));
  if (Take("FIRST", "OBSERVATION")) {
    sample->align = AlignKind::kFirstObservation;
    return sample;
  }
  if (!Take("CALENDAR")) {
    return Error(Unexpected("CALENDAR or FIRST OBSERVATION after ALIGN TO", {"CALENDAR", "FIRST"}));
  }
  sample->align = AlignKind::kCalendar;
  if (Take("TIME", "ZONE")) sample->time_zone = TRY(ExpectString("a time zone in quotes"));
  if (Take("WITH", "OFFSET")) sample->offset = TRY(ExpectString("an offset in quotes"));
  return sample;
}

Result<ExpressionPtr> Parser::ParseSampleInterval() {
  const TextPosition position = Here();
  if (AtIntervalLiteral()) return ParseInterval();
  std::string count = "1";
  if (Peek().kind == TokenKind::kInteger) {
    count = Raw(Peek());
    std::erase(count, '_');
    Advance();
  }
  const IntervalUnit* unit = Peek().kind == TokenKind::kWord ? SampleUnit(Raw(Peek())) : nullptr;
  if (unit == nullptr) {
    return Error(Unexpected("a unit in SAMPLE BY", {}, "units are T (ms), U (us), s, m, h, d, w, M (months), y; "
                                                       "as in SAMPLE BY 15s, or SAMPLE BY INTERVAL '15' SECOND"));
  }
  Result<IntervalValue> value = IntervalOfUnit(count, *unit);
  if (!value) return Error(std::move(value).error().At(position));
  Advance();
  return Seal(MakeInterval(*std::move(value), position));
}

Status Parser::ParseFill(SampleBy& sample) {
  at_ += 2;
  do {
    Fill fill;
    if (Take("NONE")) {
      fill.kind = FillKind::kNone;
    } else if (At("NULL")) {
      Advance();
      fill.kind = FillKind::kNull;
    } else if (Take("PREV")) {
      fill.kind = FillKind::kPrevious;
    } else if (Take("LINEAR")) {
      fill.kind = FillKind::kLinear;
    } else {
      fill.kind = FillKind::kConstant;
      fill.constant = TRY(ParseExpression());
    }
    sample.fill.push_back(std::move(fill));
  } while (TakeSymbol(Symbol::kComma));
  return ExpectSymbol(Symbol::kRightParen, "or ',' in FILL(...)");
}

}  // namespace laminar::sql
