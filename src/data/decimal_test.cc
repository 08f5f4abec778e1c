#include "data/decimal.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "base/random.h"

using namespace laminar;
using namespace laminar::data;

namespace {

Int128 Read(std::string_view text, int precision, int scale) {
  Int128 out = 0;
  REQUIRE_MESSAGE(ParseDecimal(text, precision, scale, out), text);
  return out;
}

std::string Shown(Int128 value, int scale) {
  char text[kMaxDecimalText];
  const uint32_t length = FormatDecimal(value, scale, text);
  REQUIRE_LE(length, kMaxDecimalText);
  return {text, length};
}

Int128 RandomDecimal(Random& random) {
  const auto wide = static_cast<UInt128>(random.Next()) << 64 | random.Next();
  const auto value = static_cast<Int128>((wide >> random.Below(127)) % static_cast<UInt128>(PowerOfTen(38)));
  return random.OneIn(2) ? value : -value;
}

// Schoolbook numbers of decimal digits, the oracle for wide products.
std::string MultiplyDigits(const std::string& a, const std::string& b) {
  std::string product(a.size() + b.size(), '\0');
  for (size_t i = a.size(); i-- > 0;) {
    int carry = 0;
    for (size_t j = b.size(); j-- > 0;) {
      const int sum = product[i + j + 1] + (a[i] - '0') * (b[j] - '0') + carry;
      product[i + j + 1] = static_cast<char>(sum % 10);
      carry = sum / 10;
    }
    product[i] = static_cast<char>(product[i] + carry);
  }
  for (char& c : product) c = static_cast<char>(c + '0');
  return product;
}

}  // namespace

TEST_CASE("decimals are read and rounded half away from zero") {
  CHECK_EQ(Read("12.345", 10, 2), 1235);
  CHECK_EQ(Read("-12.345", 10, 2), -1235);
  CHECK_EQ(Read("12.344", 10, 2), 1234);
  CHECK_EQ(Read("+.5", 10, 2), 50);
  CHECK_EQ(Read("5.", 10, 2), 500);
  CHECK_EQ(Read("1e3", 10, 2), 100000);
  CHECK_EQ(Read("1.5E-1", 10, 2), 15);
  CHECK_EQ(Read("0.005", 3, 2), 1);
  CHECK_EQ(Read("0e99999", 3, 2), 0);
  CHECK_EQ(Read("00000000000000000000000000000000000000000000001", 1, 0), 1);
  CHECK_EQ(Read("123456789012345678901234567890123456789e-5", 38, 0),
           Read("1234567890123456789012345678901234.56789", 38, 0));
  CHECK_EQ(Read("99999999999999999999999999999999999999", 38, 0), PowerOfTen(38) - 1);
  Int128 out = 0;
  for (const std::string_view bad :
       {"", ".", "-", "1..2", "1e", "1e+", "x", "1 ", "--1", "1e5e5", "nan", "1e9999999999"}) {
    CHECK_FALSE_MESSAGE(ParseDecimal(bad, 38, 2, out), bad);
  }
  CHECK_FALSE(ParseDecimal("100", 4, 2, out));
  CHECK_FALSE(ParseDecimal("99.995", 4, 2, out));
  CHECK_FALSE(ParseDecimal("999999999999999999999999999999999999999", 38, 0, out));
  CHECK_FALSE(ParseDecimal("99999999999999999999999999999999999999.5", 38, 0, out));
  CHECK_FALSE(ParseDecimal("1e38", 38, 0, out));
}

TEST_CASE("decimals read back as written") {
  CHECK_EQ(Shown(-5, 2), "-0.05");
  CHECK_EQ(Shown(0, 0), "0");
  CHECK_EQ(Shown(1230, 2), "12.30");
  Random random(1);
  for (int i = 0; i < 50'000; ++i) {
    const int scale = static_cast<int>(random.Below(39));
    const Int128 value = RandomDecimal(random);
    REQUIRE_EQ(Read(Shown(value, scale), 38, scale), value);
  }
}

TEST_CASE("rescaling rounds once and finds overflow") {
  Int128 out = 0;
  CHECK(RescaleDecimal(12345, 3, 1, 38, out));
  CHECK_EQ(out, 123);
  CHECK(RescaleDecimal(12350, 3, 1, 38, out));
  CHECK_EQ(out, 124);
  CHECK(RescaleDecimal(-12350, 3, 1, 38, out));
  CHECK_EQ(out, -124);
  CHECK(RescaleDecimal(5, 0, 37, 38, out));
  CHECK_FALSE(RescaleDecimal(50, 0, 37, 38, out));
  CHECK_FALSE(RescaleDecimal(9999, 2, 1, 3, out));
  CHECK(RescaleDecimal(9949, 2, 0, 2, out));
  CHECK_EQ(out, 99);
}

TEST_CASE("wide products agree with schoolbook multiplication") {
  Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    const Int128 a = RandomDecimal(random);
    const Int128 b = RandomDecimal(random);
    const std::string product = MultiplyDigits(Shown(a < 0 ? -a : a, 0), Shown(b < 0 ? -b : b, 0));
    // Drop k digits, with the rounding done by the parser on the text.
    const int drop = static_cast<int>(random.Below(77));
    const int a_scale = drop / 2;
    const int b_scale = drop - a_scale;
    const std::string text = ((a < 0) != (b < 0) ? "-" : "") + product + "e-" + std::to_string(drop);
    Int128 expected = 0;
    Int128 actual = 0;
    const bool fits = ParseDecimal(text, 38, 0, expected);
    REQUIRE_EQ(MultiplyDecimal(a, a_scale, b, b_scale, 0, actual), fits);
    if (fits) REQUIRE_EQ(actual, expected);
  }
}

TEST_CASE("quotients are the nearest decimals") {
  Int128 out = 0;
  CHECK(DivideDecimal(100, 2, 300, 2, 6, out));
  CHECK_EQ(out, 333333);
  CHECK(DivideDecimal(-200, 2, 300, 2, 6, out));
  CHECK_EQ(out, -666667);
  CHECK_FALSE(DivideDecimal(1, 0, 0, 0, 2, out));
  CHECK_FALSE(DivideDecimal(PowerOfTen(37), 0, 1, 38, 38, out));
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto a = static_cast<Int128>(static_cast<int64_t>(random.Next()) >> random.Below(60));
    auto b = static_cast<Int128>(static_cast<int64_t>(random.Next()) >> random.Below(60));
    if (b == 0) b = 1;
    const int scale = static_cast<int>(random.Below(15));
    REQUIRE(DivideDecimal(a, 0, b, 0, scale, out));
    // |out * b - a * 10^scale| * 2 <= |b|
    const Int128 error = out * b - a * PowerOfTen(scale);
    REQUIRE((error < 0 ? -error : error) * 2 <= (b < 0 ? -b : b));
    REQUIRE(RemainderDecimal(a, 0, b, 0, out));
    REQUIRE_EQ(out, a % b);
    // Scaling both sides changes nothing.
    Int128 shifted = 0;
    REQUIRE(DivideDecimal(a * 1000, 3, b, 0, 0, shifted));
    REQUIRE(DivideDecimal(a, 0, b, 0, 0, out));
    REQUIRE_EQ(shifted, out);
  }
}

TEST_CASE("decimals of different scales compare by value") {
  CHECK_EQ(CompareDecimal(10, 1, 100, 2), 0);
  CHECK_EQ(CompareDecimal(PowerOfTen(38) - 1, 0, 1, 38), 1);
  CHECK_EQ(CompareDecimal(-(PowerOfTen(38) - 1), 0, 1, 38), -1);
  CHECK_EQ(CompareDecimal(-11, 1, -1, 0), -1);
  CHECK_EQ(CompareDecimal(0, 5, 0, 0), 0);
}

TEST_CASE("sums leave 38 digits only with an error") {
  Int128 out = 0;
  const Int128 most = PowerOfTen(38) - 1;
  CHECK_FALSE(AddDecimal(most, 1, out));
  CHECK(AddDecimal(most, -1, out));
  CHECK_FALSE(SubtractDecimal(-most, 1, out));
  CHECK(SubtractDecimal(most, most, out));
  CHECK_EQ(out, 0);
}

TEST_CASE("doubles and decimals meet at the nearest value") {
  Int128 out = 0;
  CHECK(DoubleToDecimal(0.145, 10, 2, out));
  CHECK_EQ(out, 15);
  CHECK(DoubleToDecimal(-1e-10, 10, 2, out));
  CHECK_EQ(out, 0);
  CHECK_FALSE(DoubleToDecimal(std::numeric_limits<double>::quiet_NaN(), 10, 2, out));
  CHECK_FALSE(DoubleToDecimal(std::numeric_limits<double>::infinity(), 10, 2, out));
  CHECK_FALSE(DoubleToDecimal(1e8, 10, 2, out));
  CHECK(DoubleToDecimal(99999999.99, 10, 2, out));
  CHECK_EQ(DecimalToDouble(1, 1), 0.1);
  CHECK_EQ(DecimalToDouble(Read("12345678901234567890.123456789", 38, 9), 9), 12345678901234567890.123456789);
  Random random(4);
  for (int i = 0; i < 20'000; ++i) {
    const double value = static_cast<double>(random.Between(-1'000'000'000, 1'000'000'000)) / 1000;
    REQUIRE(DoubleToDecimal(value, 20, 3, out));
    REQUIRE_EQ(DecimalToDouble(out, 3), value);
  }
  int64_t whole = 0;
  CHECK(DecimalToInt64(1250, 2, whole));
  CHECK_EQ(whole, 13);
  CHECK_FALSE(DecimalToInt64(static_cast<Int128>(INT64_MAX) * 10 + 5, 1, whole));
  uint64_t positive = 0;
  CHECK_FALSE(DecimalToUInt64(-100, 2, positive));
  CHECK(DecimalToUInt64(static_cast<Int128>(UINT64_MAX), 0, positive));
  CHECK_FALSE(Int64ToDecimal(100, 4, 2, out));
  CHECK(Int64ToDecimal(99, 4, 2, out));
  CHECK_EQ(out, 9900);
}
