#include "base/option.h"

#include <doctest/doctest.h>

namespace laminar {
namespace {

constexpr OptionDef kDefs[] = {
    {.key = "path", .type = OptionType::kText, .help = "the file to read", .is_required = true},
    {.key = "rows_max", .type = OptionType::kInteger, .default_text = "100", .min = 1, .max = 1000},
    {.key = "interval", .type = OptionType::kDuration, .default_text = "200ms", .min = kMillisecond},
    {.key = "buffer", .type = OptionType::kBytes, .default_text = "64KB"},
    {.key = "skew", .type = OptionType::kReal},
    {.key = "header", .type = OptionType::kBool, .default_text = "true"},
    {.key = "start", .type = OptionType::kChoice, .default_text = "earliest", .choices = "earliest|latest"},
};

Result<OptionValues> Parse(std::vector<OptionPair> given, std::string_view prefix = {}) {
  return ParseOptions(kDefs, given, "connector 'file'", prefix);
}

ErrorCode CodeOf(const Result<OptionValues>& result) { return result ? ErrorCode::kOk : result.error().code(); }

TEST_CASE("given values win over defaults and both are read by type") {
  const OptionValues values = *Parse({{"path", "/x"}, {"interval", "5 seconds"}, {"skew", "0.5"}});
  CHECK(values.Text("path") == "/x");
  CHECK(values.DurationOf("interval") == 5 * kSecond);
  CHECK(values.Integer("rows_max") == 100);
  CHECK(values.Bytes("buffer") == 65536);
  CHECK(values.Real("skew") == 0.5);
  CHECK(values.Bool("header"));
  CHECK(values.Text("start") == "earliest");
  CHECK(values.IsGiven("interval"));
  CHECK_FALSE(values.IsGiven("rows_max"));
  CHECK(values.Has("rows_max"));
}

TEST_CASE("an unknown option names its owner and the nearest known one") {
  const Status error = Parse({{"path", "/x"}, {"hedaer", "true"}}).error();
  CHECK(error.code() == ErrorCode::kBadOption);
  CHECK(error.message().find("connector 'file'") != std::string::npos);
  CHECK(error.hint() == "did you mean 'header'?");
  CHECK(CodeOf(Parse({{"path", "/x"}, {"PATH", "/y"}})) == ErrorCode::kBadOption);
}

TEST_CASE("a repeated or missing option is an error") {
  CHECK(CodeOf(Parse({{"path", "/x"}, {"path", "/y"}})) == ErrorCode::kDuplicateOption);
  CHECK(CodeOf(Parse({})) == ErrorCode::kBadOption);
  CHECK(Parse({}).error().hint() == "the file to read");
}

TEST_CASE("a value of the wrong type or outside its range is refused with a hint") {
  const OptionPair path = {"path", "/x"};
  for (const OptionPair& bad : std::vector<OptionPair>{{"rows_max", "many"},
                                                       {"rows_max", "0"},
                                                       {"rows_max", "1001"},
                                                       {"interval", "10 us"},
                                                       {"interval", "1 month"},
                                                       {"buffer", "-1"},
                                                       {"skew", "nan"},
                                                       {"header", "perhaps"},
                                                       {"start", "Latest"}}) {
    const Result<OptionValues> result = Parse({path, bad});
    CHECK_MESSAGE(CodeOf(result) == ErrorCode::kBadOption, bad.first << " = " << bad.second);
    if (!result && bad.first != "skew") CHECK_FALSE(result.error().hint().empty());
  }
}

TEST_CASE("keys under a pass-through prefix are handed on unchecked, others not") {
  const OptionValues values = *Parse({{"path", "/x"}, {"properties.a.b", "1"}}, "properties.");
  REQUIRE(values.passed_through().size() == 1);
  CHECK(values.passed_through()[0] == OptionPair{"a.b", "1"});
  CHECK(CodeOf(Parse({{"path", "/x"}, {"properties.a.b", "1"}})) == ErrorCode::kBadOption);
}

TEST_CASE("an option describes its type and range") {
  CHECK(DescribeOption(kDefs[1]) == "integer from 1 to 1000");
  CHECK(DescribeOption(kDefs[2]) == "duration, at least 1 ms");
  CHECK(DescribeOption(kDefs[6]) == "value out of earliest, latest");
}

TEST_CASE("keys that hold secrets are known by their words") {
  for (const char* key : {"password", "db.password", "sasl_token", "API-KEY", "client.secret"}) {
    CHECK_MESSAGE(IsSecretKey(key), key);
  }
  for (const char* key : {"path", "keyboard", "monkey", "tokenizer", ""}) CHECK_FALSE_MESSAGE(IsSecretKey(key), key);
}

}  // namespace
}  // namespace laminar
