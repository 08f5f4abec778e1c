// Mathematics on BIGINT and DOUBLE: powers, logarithms, trigonometry, number theory, tests, random numbers. Rounding is
// in rounding.cc.
//
// Law: outside its domain a function fails the row (sqrt(-1), ln(0), asin(2)); everything else follows IEEE 754.
// Trigonometric functions count in radians.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "functions/scalar/by_signature.h"

namespace laminar::functions {
namespace {

constexpr ErrorCode kOutOfDomain = ErrorCode::kOutOfRange;

Outcome SquareRoot(double x, double& out) {
  out = std::sqrt(x);
  return Outcome::FailIf(x < 0, kOutOfDomain);
}
// The library's root may be off by its last bit; one step of Newton's method makes roots of cubes exact.
double CubeRoot(double x) {
  const double root = std::cbrt(x);
  if (root == 0 || !std::isfinite(root)) return root;
  const double better = root - (root * root * root - x) / (3 * root * root);
  return std::isfinite(better) ? better : root;
}
double Exponential(double x) { return std::exp(x); }

template <double (*F)(double)>
Outcome Logarithm(double x, double& out) {
  out = F(x);
  return Outcome::FailIf(x <= 0, kOutOfDomain);
}
double Ln(double x) { return std::log(x); }
double Log2(double x) { return std::log2(x); }
double Log10(double x) { return std::log10(x); }

Outcome LogBase(double base, double x, double& out) {
  if (base == 2) {
    out = std::log2(x);
  } else if (base == 10) {
    out = std::log10(x);
  } else {
    out = std::log(x) / std::log(base);
  }
  return Outcome::FailIf(x <= 0 || base <= 0 || base == 1, kOutOfDomain);
}

double Power(double x, double y) { return std::pow(x, y); }

double Sin(double x) { return std::sin(x); }
double Cos(double x) { return std::cos(x); }
double Tan(double x) { return std::tan(x); }
double Cot(double x) { return 1 / std::tan(x); }
double Atan(double x) { return std::atan(x); }
double Atan2(double y, double x) { return std::atan2(y, x); }
double Sinh(double x) { return std::sinh(x); }
double Cosh(double x) { return std::cosh(x); }
double Tanh(double x) { return std::tanh(x); }
double Asinh(double x) { return std::asinh(x); }
double Degrees(double x) { return x * (180 / std::numbers::pi); }
double Radians(double x) { return x * (std::numbers::pi / 180); }

Outcome Asin(double x, double& out) {
  out = std::asin(x);
  return Outcome::FailIf(x < -1 || x > 1, kOutOfDomain);
}
Outcome Acos(double x, double& out) {
  out = std::acos(x);
  return Outcome::FailIf(x < -1 || x > 1, kOutOfDomain);
}
Outcome Acosh(double x, double& out) {
  out = std::acosh(x);
  return Outcome::FailIf(x < 1, kOutOfDomain);
}
Outcome Atanh(double x, double& out) {
  out = std::atanh(x);
  return Outcome::FailIf(x < -1 || x > 1, kOutOfDomain);
}

uint64_t Magnitude(int64_t x) { return x < 0 ? 0 - static_cast<uint64_t>(x) : static_cast<uint64_t>(x); }

uint64_t CommonDivisor(uint64_t a, uint64_t b) {
  while (b != 0) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

constexpr uint64_t kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

Outcome Gcd(int64_t a, int64_t b, int64_t& out) {
  const uint64_t divisor = CommonDivisor(Magnitude(a), Magnitude(b));
  if (divisor > kLargest) return Outcome::Fail(ErrorCode::kOverflow);
  out = static_cast<int64_t>(divisor);
  return {};
}

Outcome Lcm(int64_t a, int64_t b, int64_t& out) {
  if (a == 0 || b == 0) return {};
  const uint64_t x = Magnitude(a);
  const uint64_t y = Magnitude(b);
  uint64_t product = 0;
  if (__builtin_mul_overflow(x / CommonDivisor(x, y), y, &product) || product > kLargest) {
    return Outcome::Fail(ErrorCode::kOverflow);
  }
  out = static_cast<int64_t>(product);
  return {};
}

Outcome Factorial(int64_t n, int64_t& out) {
  if (n < 0) return Outcome::Fail(kOutOfDomain);
  if (n > 20) return Outcome::Fail(ErrorCode::kOverflow);
  out = 1;
  for (int64_t i = 2; i <= n; ++i) out *= i;
  return {};
}

bool IsNan(double x) { return std::isnan(x); }
bool IsInfinite(double x) { return std::isinf(x); }
bool IsFinite(double x) { return std::isfinite(x); }
bool IsZero(double x) { return x == 0; }
double OrIfNan(double x, double y) { return std::isnan(x) ? y : x; }

// The number of the bucket of `count` equal ones in [low, high) that holds x; 0 below, count + 1 above. Bounds may be
// turned round.
Outcome WidthBucket(double x, double low, double high, int64_t count, int64_t& out) {
  if (count <= 0 || count >= (int64_t{1} << 53) || low == high || !std::isfinite(low) || !std::isfinite(high) ||
      std::isnan(x)) {
    return Outcome::Fail(kOutOfDomain);
  }
  const bool is_descending = low > high;
  if (is_descending ? x > low : x < low) return {};
  if (is_descending ? x <= high : x >= high) {
    out = count + 1;
    return {};
  }
  const double share = (x - low) / (high - low);
  out = std::min(static_cast<int64_t>(share * static_cast<double>(count)) + 1, count);
  return {};
}

int64_t BitCount(int64_t x) { return std::popcount(static_cast<uint64_t>(x)); }

void RandomNumbers(KernelContext& context, Arguments, Column& out) {
  double* to = out.As<double>();
  for (uint32_t row = 0; row < context.rows; ++row) to[row] = context.environment->random->Unit();
}

void Pi(KernelContext& context, Arguments, Column& out) {
  for (uint32_t row = 0; row < context.rows; ++row) out.As<double>()[row] = std::numbers::pi;
}

class Maths {
 public:
  explicit Maths(expr::FunctionRegistry& registry) : registry_(registry) {}

  // A function of one DOUBLE.
  void Of(std::string_view name, expr::Kernel kernel, std::string_view doc, std::string_view example,
          std::string_view result, bool may_fail = false) {
    Scalar scalar(registry_, name);
    scalar.Category("mathematics").Doc(doc).Example(example, result).Add({kReal}, kReal, kernel);
    if (may_fail) scalar.MayFail();
  }

 private:
  expr::FunctionRegistry& registry_;
};

void RegisterPowers(expr::FunctionRegistry& registry) {
  Maths maths(registry);
  maths.Of("sqrt", Dense<SquareRoot>, "Square root; a negative number is an error.", "sqrt(2)", "1.4142135623730951",
           true);
  maths.Of("cbrt", Rows<CubeRoot>, "Cube root.", "cbrt(3.375)", "1.5");
  maths.Of("exp", Rows<Exponential>, "e to the power of x.", "exp(1)", "2.718281828459045");
  maths.Of("ln", Dense<Logarithm<Ln>>, "Natural logarithm of a positive number.", "ln(2)", "0.6931471805599453", true);
  maths.Of("log2", Dense<Logarithm<Log2>>, "Logarithm to base 2.", "round(log2(10), 4)", "3.3219", true);
  maths.Of("log10", Dense<Logarithm<Log10>>, "Logarithm to base 10.", "round(log10(5), 4)", "0.699", true);
  Scalar(registry, "log")
      .Category("mathematics")
      .Doc("Logarithm of x to base 10, or log(b, x): to base b.")
      .Example("round(log(2, 10), 4)", "3.3219")
      .MayFail()
      .Add({kReal}, kReal, Dense<Logarithm<Log10>>)
      .Add({kReal, kReal}, kReal, Dense<LogBase>);
  Scalar(registry, "pow")
      .Alias("power")
      .Category("mathematics")
      .Doc("x to the power of y.")
      .Costly()
      .Example("pow(2, -2)", "0.25")
      .Add({kReal, kReal}, kReal, Dense<Power>);
}

void RegisterTrigonometry(expr::FunctionRegistry& registry) {
  Maths maths(registry);
  maths.Of("sin", Rows<Sin>, "Sine of an angle in radians.", "round(sin(1), 6)", "0.841471");
  maths.Of("cos", Rows<Cos>, "Cosine of an angle in radians.", "round(cos(1), 6)", "0.540302");
  maths.Of("tan", Rows<Tan>, "Tangent of an angle in radians.", "round(tan(1), 6)", "1.557408");
  maths.Of("cot", Rows<Cot>, "Cotangent of an angle in radians.", "round(cot(1), 6)", "0.642093");
  maths.Of("asin", Dense<Asin>, "Angle whose sine is x, for x from -1 to 1.", "round(asin(1), 6)", "1.570796", true);
  maths.Of("acos", Dense<Acos>, "Angle whose cosine is x, for x from -1 to 1.", "round(acos(0), 6)", "1.570796", true);
  maths.Of("atan", Rows<Atan>, "Angle whose tangent is x.", "round(atan(1), 6)", "0.785398");
  maths.Of("sinh", Rows<Sinh>, "Hyperbolic sine.", "round(sinh(1), 6)", "1.175201");
  maths.Of("cosh", Rows<Cosh>, "Hyperbolic cosine.", "round(cosh(1), 6)", "1.543081");
  maths.Of("tanh", Rows<Tanh>, "Hyperbolic tangent.", "round(tanh(1), 6)", "0.761594");
  maths.Of("asinh", Rows<Asinh>, "Inverse hyperbolic sine.", "round(asinh(1), 6)", "0.881374");
  maths.Of("acosh", Dense<Acosh>, "Inverse hyperbolic cosine, for x from 1.", "round(acosh(2), 6)", "1.316958", true);
  maths.Of("atanh", Dense<Atanh>, "Inverse hyperbolic tangent, for x from -1 to 1.", "round(atanh(0.5), 6)", "0.549306",
           true);
  maths.Of("degrees", Dense<Degrees>, "Radians as degrees.", "round(degrees(1), 4)", "57.2958");
  maths.Of("radians", Dense<Radians>, "Degrees as radians.", "round(radians(90), 6)", "1.570796");
  Scalar(registry, "atan2")
      .Category("mathematics")
      .Doc("Angle of the point (x, y), from atan2(y, x).")
      .Example("round(atan2(1, 1), 6)", "0.785398")
      .Add({kReal, kReal}, kReal, Dense<Atan2>);
  Scalar(registry, "pi")
      .Category("mathematics")
      .Doc("The number pi.")
      .Example("pi()", "3.141592653589793")
      .Add({}, kReal, Pi);
}

void RegisterNumberTheory(expr::FunctionRegistry& registry) {
  Scalar(registry, "gcd")
      .Alias("greatest_common_divisor")
      .Category("mathematics")
      .Doc("Greatest common divisor.")
      .Example("gcd(12, 18)", "6")
      .MayFail()
      .Add({kBigint, kBigint}, kBigint, Rows<Gcd>);
  Scalar(registry, "lcm")
      .Alias("least_common_multiple")
      .Category("mathematics")
      .Doc("Least common multiple.")
      .Example("lcm(4, 6)", "12")
      .MayFail()
      .Add({kBigint, kBigint}, kBigint, Rows<Lcm>);
  Scalar(registry, "factorial")
      .Category("mathematics")
      .Doc("1 * 2 * ... * n, for n from 0 to 20.")
      .Example("factorial(5)", "120")
      .MayFail()
      .Add({kBigint}, kBigint, Rows<Factorial>);
  Scalar(registry, "bit_count")
      .Category("mathematics")
      .Doc("Number of 1 bits of a BIGINT.")
      .Example("bit_count(7)", "3")
      .Add({kBigint}, kBigint, Dense<BitCount>);
  Scalar(registry, "width_bucket")
      .Category("mathematics")
      .Doc(
          "Number of the bucket x falls in, when the range from low to high is cut into n equal ones; 0 below the "
          "range, "
          "n + 1 from its end on.")
      .Example("width_bucket(5.35, 0.024, 10.06, 5)", "3")
      .MayFail()
      .Add({kReal, kReal, kReal, kBigint}, kBigint, Rows<WidthBucket>);
  Scalar(registry, "random")
      .Alias("rand")
      .Category("mathematics")
      .Doc("A random number from 0 up to, not including, 1.")
      .Example("random() < 1", "true")
      .Volatile()
      .Add({}, kReal, RandomNumbers);
}

}  // namespace

void RegisterMath(expr::FunctionRegistry& registry) {
  RegisterPowers(registry);
  RegisterTrigonometry(registry);
  RegisterNumberTheory(registry);
  Scalar(registry, "isnan")
      .Category("mathematics")
      .Doc("True for NaN.")
      .Example("isnan('NaN'::DOUBLE)", "true")
      .Add({kReal}, kBoolean, Dense<IsNan>);
  Scalar(registry, "isinf")
      .Category("mathematics")
      .Doc("True for plus and minus infinity.")
      .Example("isinf('-Infinity'::DOUBLE)", "true")
      .Add({kReal}, kBoolean, Dense<IsInfinite>);
  Scalar(registry, "isfinite")
      .Category("mathematics")
      .Doc("True for numbers that are neither infinite nor NaN.")
      .Example("isfinite(1.5)", "true")
      .Add({kReal}, kBoolean, Dense<IsFinite>);
  Scalar(registry, "iszero")
      .Category("mathematics")
      .Doc("True for 0 and -0.")
      .Example("iszero(0.0)", "true")
      .Add({kReal}, kBoolean, Dense<IsZero>);
  Scalar(registry, "nanvl")
      .Category("mathematics")
      .Doc("x, or y where x is NaN.")
      .Example("nanvl('NaN'::DOUBLE, 1.5)", "1.5")
      .Add({kReal, kReal}, kReal, Dense<OrIfNan>);
}

}  // namespace laminar::functions
