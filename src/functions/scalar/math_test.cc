#include <doctest/doctest.h>

#include <cmath>

#include "functions/scalar/call_testing.h"

namespace laminar::functions::testing {
namespace {

Given Dec(int precision, int scale, std::string text) {
  return As(data::Type::Decimal(precision, scale), std::move(text));
}

constexpr const char* kRange = "error LDB-R005";
constexpr const char* kOverflow = "error LDB-R006";

TEST_CASE("outside their domain functions fail the row, inside they agree with the library") {
  CHECK(Call("sqrt", {Real(2)}) == "1.4142135623730951");
  CHECK(Call("sqrt", {Real(-1)}) == kRange);
  CHECK(Call("ln", {Real(0)}) == kRange);
  CHECK(Call("log", {Real(100)}) == "2.0");
  CHECK(Call("log", {Real(2), Real(8)}) == "3.0");
  CHECK(Call("log", {Real(1), Real(8)}) == kRange);
  CHECK(Call("log2", {Real(8)}) == "3.0");
  CHECK(Call("log10", {Real(-1)}) == kRange);
  CHECK(Call("asin", {Real(2)}) == kRange);
  CHECK(Call("acos", {Real(1)}) == "0.0");
  CHECK(Call("acosh", {Real(0.5)}) == kRange);
  CHECK(Call("atanh", {Real(2)}) == kRange);
  CHECK(Call("pow", {Int(2), Int(10)}) == "1024.0");
  CHECK(Call("cbrt", {Real(-27)}) == "-3.0");
  CHECK(Call("cbrt", {Real(1e300)}) == "1e100");
  CHECK(Call("sqrt", {Null()}) == "NULL");
  CHECK(Call("pi", {}) == "3.141592653589793");
}

TEST_CASE("number theory is exact and overflows are errors") {
  CHECK(Call("gcd", {Int(12), Int(-18)}) == "6");
  CHECK(Call("gcd", {Int(0), Int(0)}) == "0");
  CHECK(Call("gcd", {Int(INT64_MIN), Int(0)}) == kOverflow);
  CHECK(Call("gcd", {Int(INT64_MIN), Int(6)}) == "2");
  CHECK(Call("lcm", {Int(4), Int(-6)}) == "12");
  CHECK(Call("lcm", {Int(0), Int(5)}) == "0");
  CHECK(Call("lcm", {Int(INT64_MAX), Int(INT64_MAX - 1)}) == kOverflow);
  CHECK(Call("factorial", {Int(20)}) == "2432902008176640000");
  CHECK(Call("factorial", {Int(21)}) == kOverflow);
  CHECK(Call("factorial", {Int(-1)}) == kRange);
  CHECK(Call("bit_count", {Int(-1)}) == "64");
  CHECK(Call("width_bucket", {Real(5.35), Real(0.024), Real(10.06), Int(5)}) == "3");
  CHECK(Call("width_bucket", {Real(-1), Real(0), Real(10), Int(5)}) == "0");
  CHECK(Call("width_bucket", {Real(10), Real(0), Real(10), Int(5)}) == "6");
  CHECK(Call("width_bucket", {Real(9), Real(10), Real(0), Int(5)}) == "1");
  CHECK(Call("width_bucket", {Real(9), Real(10), Real(10), Int(5)}) == kRange);
}

TEST_CASE("rounding is exact for integers and decimals") {
  CHECK(CallKnown("round", {Dec(4, 3, "2.345"), Int(2)}) == "2.35");
  CHECK(CallKnown("round", {Dec(4, 3, "-2.345"), Int(2)}) == "-2.35");
  CHECK(Call("round", {Dec(2, 1, "2.5")}) == "3");
  CHECK(Call("round", {Dec(3, 1, "99.5")}) == "100");
  CHECK(Call("floor", {Dec(2, 1, "-2.1")}) == "-3");
  CHECK(Call("ceil", {Dec(2, 1, "-2.1")}) == "-2");
  CHECK(CallKnown("trunc", {Dec(4, 3, "-2.789"), Int(0)}) == "-2");
  CHECK(CallKnown("ceil", {Dec(4, 3, "2.123"), Int(2)}) == "2.13");
  CHECK(Call("round", {Int(1250), Int(-2)}) == "1300");
  CHECK(Call("round", {Int(-1250), Int(-2)}) == "-1300");
  CHECK(Call("round", {Int(7), Int(3)}) == "7");
  CHECK(Call("round", {Int(INT64_MAX), Int(-1)}) == kOverflow);
  CHECK(Call("round", {Int(INT64_MAX), Int(-40)}) == "0");
  CHECK(Call("round", {Real(2.5)}) == "3.0");
  CHECK(Call("round", {Real(-2.5)}) == "-3.0");
  CHECK(Call("round", {Real(1234.567), Int(-2)}) == "1200.0");
  CHECK(Call("round", {Real(1e300), Int(100)}) == "1e300");
  CHECK(Call("floor", {Real(-0.5)}) == "-1.0");
  CHECK(Call("abs", {Int(INT64_MIN)}) == kOverflow);
  CHECK(Call("abs", {Dec(3, 2, "-1.25")}) == "1.25");
  CHECK(Call("sign", {Real(-0.5)}) == "-1.0");
  CHECK(Call("sign", {Dec(3, 2, "-1.25")}) == "-1");
  CHECK(Call("round", {Text("x")}) == "unbound LDB-A027");
}

TEST_CASE("decimal rounding agrees with arithmetic on integers") {
  Random random(11);
  for (int i = 0; i < 300; ++i) {
    const int64_t unscaled = random.Between(-99999, 99999);
    const Given value{data::Type::Decimal(6, 3), data::Value::Decimal(unscaled)};
    const int64_t whole = unscaled >= 0 ? (unscaled + 500) / 1000 : -((-unscaled + 500) / 1000);
    CHECK(Call("round", {value}) == std::to_string(whole));
    CHECK(Call("floor", {value}) == std::to_string(FloorDiv(unscaled, 1000)));
    CHECK(Call("ceil", {value}) == std::to_string(-FloorDiv(-unscaled, 1000)));
    CHECK(Call("trunc", {value}) == std::to_string(unscaled / 1000));
  }
}

TEST_CASE("tests of numbers and random numbers") {
  CHECK(Call("isnan", {Real(std::nan(""))}) == "true");
  CHECK(Call("isinf", {Real(-HUGE_VAL)}) == "true");
  CHECK(Call("isfinite", {Real(1)}) == "true");
  CHECK(Call("iszero", {Real(-0.0)}) == "true");
  CHECK(Call("nanvl", {Real(std::nan("")), Real(3)}) == "3.0");
  CallWorld world;
  const std::string first = CallIn(world, "random", {});
  CHECK(first.starts_with("0."));
  CHECK(CallIn(world, "random", {}) != first);
}

TEST_CASE("digests, checksums and encodings") {
  CHECK(Call("md5", {Text("")}) == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(Call("sha256", {Text("abc")}) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Call("sha1", {Null()}) == "NULL");
  CHECK(Call("crc32", {Text("123456789")}) == "3421780262");
  CHECK(Call("xxhash64", {Text("")}) == "17241709254077376921");
  CHECK(Call("encode", {Text("abcd"), Text("base64")}) == "YWJjZA==");
  CHECK(Call("encode", {Text("\xFF"), Text("hex")}) == "ff");
  CHECK(Call("encode", {Text("a"), Text("morse")}) == "error LDB-R012");
  CHECK(Call("from_hex", {Text("6162g0")}) == "error LDB-R012");
  CHECK(Call("from_hex", {Text("616")}) == "error LDB-R012");
  CHECK(Call("from_base64", {Text("Y")}) == "error LDB-R012");
  CHECK(Call("from_base64", {Text("Y=x")}) == "error LDB-R012");
  CHECK(Call("get_byte", {Text("abc"), Int(1)}) == "98");
  CHECK(Call("get_byte", {Text("abc"), Int(3)}) == "error LDB-R005");
  CHECK(Call("digest", {Text("a"), Text("sha3")}) == "error LDB-R012");
  const std::string uuid = Call("uuid", {});
  CHECK(uuid.size() == 36);
  CHECK(uuid[14] == '4');
}

}  // namespace
}  // namespace laminar::functions::testing
