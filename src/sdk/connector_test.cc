#include "sdk/connector.h"

#include <doctest/doctest.h>

namespace laminar::sdk {

namespace {

Options Some() {
  return Options({{"path", "a.csv"}, {"rate", "10"}, {"header", "yes"}, {"wait", "5 minutes"}, {"kind", "Trades"}});
}

class Nothing : public Connector {
 public:
  std::string_view name() const override { return "nothing"; }
  std::string_view doc() const override { return "does nothing"; }
};

}  // namespace

TEST_CASE("options are read by type and fall back when absent") {
  Options options = Some();
  CHECK(options.Text("path", "x") == "a.csv");
  CHECK(options.Text("other", "x") == "x");
  CHECK(options.Integer("rate", 1, 0, 100).value() == 10);
  CHECK(options.Integer("absent", 7, 0, 100).value() == 7);
  CHECK(options.Boolean("header", false).value());
  CHECK(options.Time("wait", 0).value() == 5 * kMinute);
  CHECK(options.Number("rate", 0, 0, 1e9).value() == 10.0);
  constexpr std::string_view kKinds[] = {"trades", "quotes"};
  CHECK(options.Choice("kind", "quotes", kKinds).value() == "trades");
  CHECK(options.RejectUnread("the test").ok());
}

TEST_CASE("a wrong option names key, value and what is accepted") {
  Options options({{"rate", "many"}, {"seed", "-1"}, {"kind", "trade"}, {"wait", "3 months"}, {"n", "nan"}});
  const auto rate = options.Integer("rate", 1, 0, 100);
  REQUIRE(!rate.has_value());
  CHECK(rate.error().code() == ErrorCode::kBadOption);
  CHECK(rate.error().ToString().find("'many'") != std::string::npos);
  CHECK(!options.Integer("seed", 1, 0, 100).has_value());
  constexpr std::string_view kKinds[] = {"trades", "quotes"};
  const auto kind = options.Choice("kind", "quotes", kKinds);
  REQUIRE(!kind.has_value());
  CHECK(kind.error().hint().find("did you mean 'trades'") != std::string::npos);
  CHECK(!options.Time("wait", 0).has_value());
  CHECK(!options.Number("n", 0, 0, 10).has_value());
  CHECK(!options.RequiredText("path", "x.csv").has_value());
}

TEST_CASE("an option nobody asked for is refused with the nearest name") {
  Options options(std::vector<std::pair<std::string, std::string>>{{"pathh", "a.csv"}});
  CHECK(!options.RequiredText("path", "x.csv").has_value());
  const Status status = options.RejectUnread("connector 'file'");
  CHECK(status.code() == ErrorCode::kBadOption);
  CHECK(status.hint().find("'path'") != std::string::npos);
}

TEST_CASE("a connector that implements nothing says so for each use") {
  Nothing nothing;
  CHECK(nothing.CheckSource({}).error().code() == ErrorCode::kNotSupported);
  CHECK(nothing.OpenSource({}).error().code() == ErrorCode::kNotSupported);
  CHECK(nothing.CheckSink({}).error().code() == ErrorCode::kNotSupported);
  CHECK(nothing.OpenSink({}).error().code() == ErrorCode::kNotSupported);
  CHECK(nothing.InferSchema({}).error().code() == ErrorCode::kSchemaNotInferable);
}

}  // namespace laminar::sdk
