// Patterns against a matcher that simply tries everything.
#include <doctest/doctest.h>

#include "functions/scalar/like_pattern.h"
#include "functions/scalar/operator_test_kit.h"

namespace laminar::functions {
namespace {

using data::Value;

size_t CharacterBytes(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (static_cast<uint8_t>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

// The definition of LIKE, exponential.
bool NaiveLike(std::string_view text, std::string_view pattern, int escape) {
  if (pattern.empty()) return text.empty();
  if (static_cast<uint8_t>(pattern[0]) == escape && pattern.size() > 1) {
    return !text.empty() && text[0] == pattern[1] && NaiveLike(text.substr(1), pattern.substr(2), escape);
  }
  if (pattern[0] == '%') {
    if (NaiveLike(text, pattern.substr(1), escape)) return true;
    return !text.empty() && NaiveLike(text.substr(CharacterBytes(text)), pattern, escape);
  }
  if (text.empty()) return false;
  if (pattern[0] == '_') return NaiveLike(text.substr(CharacterBytes(text)), pattern.substr(1), escape);
  return text[0] == pattern[0] && NaiveLike(text.substr(1), pattern.substr(1), escape);
}

std::string RandomPattern(Random& random) {
  static constexpr const char* kPieces[] = {"a",    "b", "%",  "_",  "\\%", "\\_",
                                            "\\\\", "ä", "日", "%%", "ab",  "abcdefghijkl"};
  std::string pattern;
  const uint64_t pieces = random.Below(5);
  for (uint64_t i = 0; i < pieces; ++i) pattern += kPieces[random.Below(std::size(kPieces))];
  return pattern;
}

bool Similar(std::string_view text, std::string_view pattern) {
  const Result<SimilarPattern> compiled = SimilarPattern::Compile(pattern, "\\");
  if (!compiled.has_value()) MESSAGE(compiled.error().ToString());
  REQUIRE(compiled.has_value());
  return compiled->Matches(text);
}
bool IsBad(std::string_view pattern) {
  const Result<SimilarPattern> compiled = SimilarPattern::Compile(pattern, "\\");
  return !compiled.has_value() && compiled.error().code() == ErrorCode::kBadValue;
}

}  // namespace

TEST_CASE("LIKE matches what its definition matches, compiled or not") {
  Random random(41);
  uint32_t matches = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::string text = expr::RandomText(random) + (random.OneIn(3) ? expr::RandomText(random) : "");
    const std::string pattern = RandomPattern(random);
    CAPTURE(text);
    CAPTURE(pattern);
    const Result<LikePattern> compiled = LikePattern::Compile(pattern, {});
    REQUIRE(compiled.has_value());
    const bool wanted = NaiveLike(text, pattern, '\\');
    REQUIRE(compiled->Matches(text) == wanted);
    REQUIRE(MatchLike(text, pattern, {}) == wanted);
    matches += wanted ? 1 : 0;
  }
  CHECK(matches > 1000);
}

TEST_CASE("simple patterns have simple shapes") {
  auto shape = [](std::string_view pattern) { return LikePattern::Compile(pattern, {})->shape(); };
  CHECK(shape("abc") == LikePattern::Shape::kExact);
  CHECK(shape("abc%") == LikePattern::Shape::kPrefix);
  CHECK(shape("%abc") == LikePattern::Shape::kSuffix);
  CHECK(shape("%a\\%c%") == LikePattern::Shape::kContains);
  CHECK(shape("%") == LikePattern::Shape::kContains);
  CHECK(shape("a%c") == LikePattern::Shape::kGeneral);
  CHECK(shape("a_") == LikePattern::Shape::kGeneral);
  CHECK(LikePattern::Compile("abc\\", {}).error().code() == ErrorCode::kBadValue);
}

TEST_CASE("LIKE over columns, with escapes, without case, with patterns by row") {
  const std::vector<Type> two = {TypeId::kVarchar, TypeId::kVarchar};
  const std::vector<Type> three = {TypeId::kVarchar, TypeId::kVarchar, TypeId::kVarchar};
  CHECK(EvalText("like", {Value::String("a%c"), Value::String("a!%c"), Value::String("!")}, three) == "true");
  CHECK(EvalText("like", {Value::String("a\\c"), Value::String("a\\c"), Value::String("")}, three) == "true");
  CHECK(EvalText("ilike", {Value::String("HELLO"), Value::String("%ell%")}, two) == "true");
  CHECK(EvalText("like", {Value::String("HELLO"), Value::String("%ell%")}, two) == "false");
  CHECK(EvalText("like", {Value(), Value::String("%")}, two) == "NULL");
  CHECK_FALSE(TryOperator("like", Literals({Value::String("a"), Value::String("\\")}, two)).has_value());
  CHECK(EvalText("similar", {Value::String("abab"), Value::String("(ab)+")}, two) == "true");
  Random random(42);
  for (int round = 0; round < 50; ++round) {
    CheckCall(random, "like", two, [](const auto& a) {
      if (a[0].is_null() || a[1].is_null()) return Row();
      if (!IsLikePattern(a[1].string_value(), {})) return Row::Fail();
      return Row(Value::Bool(NaiveLike(a[0].string_value(), a[1].string_value(), '\\')));
    });
    const std::string pattern = RandomPattern(random);
    CAPTURE(pattern);
    const auto call = MakeOperator("like", Columns({TypeId::kVarchar}, Value::String(pattern)));
    const expr::Expr* const outputs[] = {call.get()};
    const std::vector<Type> one = {TypeId::kVarchar};
    auto program = expr::Program::Compile(outputs, one);
    const expr::RandomBatch batch(random, one, 100);
    program->Evaluate(batch.batch, {});
    for (uint32_t row = 0; row < 100; ++row) {
      const Value& text = batch.At(0, row);
      const Value wanted = text.is_null() ? Value() : Value::Bool(NaiveLike(text.string_value(), pattern, '\\'));
      REQUIRE(Value::FromColumn(program->output(0), TypeId::kBool, row) == wanted);
    }
  }
}

TEST_CASE("SIMILAR TO knows alternatives, repetitions and classes") {
  CHECK(Similar("abc", "abc"));
  CHECK_FALSE(Similar("abcd", "abc"));
  CHECK(Similar("abc", "a%"));
  CHECK(Similar("abc", "(b|a)%"));
  CHECK(Similar("abc", "abc|xyz"));
  CHECK(Similar("xyz", "abc|xyz"));
  CHECK(Similar("", "a*"));
  CHECK(Similar("aaa", "a{3}"));
  CHECK_FALSE(Similar("aa", "a{3,}"));
  CHECK(Similar("aaaa", "a{2,4}"));
  CHECK_FALSE(Similar("aaaaa", "a{2,4}"));
  CHECK(Similar("2024-01-31", "[0-9]{4}-[0-9]{2}-[0-9]{2}"));
  CHECK(Similar("zäz", "z[^a-z]z"));
  CHECK(Similar("日", "_"));
  CHECK(Similar("a+b", "a\\+b"));
  CHECK(Similar("]", "[]]"));
  CHECK(Similar("ababxx", "(ab)*(x|y)?x"));
  CHECK(Similar(std::string(2000, 'a'), "(a*)*"));
  CHECK_FALSE(Similar(std::string(2000, 'a') + "b", "(a|a)*c"));
}

TEST_CASE("bad patterns are refused with a reason") {
  for (const char* pattern :
       {"(a", "a)", "[a", "*a", "a{2", "a{3,2}", "a{9999}", "a\\", "[z-a]", "((((a{99}){99}){99}){99})", "a{2,0}"}) {
    CAPTURE(pattern);
    CHECK(IsBad(pattern));
  }
  CHECK(IsBad(std::string(5000, '(')));
}

}  // namespace laminar::functions
