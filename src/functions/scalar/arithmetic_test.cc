// Operators against oracles in wider arithmetic, over random columns with nulls, constants and dictionaries.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "expr/cast.h"
#include "expr/program.h"
#include "functions/register.h"
#include "functions/scalar/operator_test_kit.h"

namespace laminar::functions {
namespace {

using data::Value;

const std::vector<Type> kIntegers = {TypeId::kInt8,  TypeId::kInt16,  TypeId::kInt32,  TypeId::kInt64,
                                     TypeId::kUInt8, TypeId::kUInt16, TypeId::kUInt32, TypeId::kUInt64};

Int128 Wide(const Value& value, const Type& type) {
  return type.is_signed_integer() ? Int128{value.int_value()} : Int128{value.uint_value()};
}

Row IntegerOracle(char op, const Type& type, Int128 a, Int128 b) {
  if ((op == '/' || op == '%') && b == 0) return Row::Fail();
  Int128 exact = 0;
  switch (op) {
    case '+': exact = a + b; break;
    case '-': exact = a - b; break;
    case '*': {
      // 64 x 64 bits fit 128, but for the unsigned extremes.
      if (__builtin_mul_overflow(a, b, &exact)) return Row::Fail();
      break;
    }
    case '/': exact = a / b; break;
    case '%': exact = a % b; break;
    case '&': exact = a & b; break;
    case '|': exact = a | b; break;
    case '#': exact = a ^ b; break;
    default: break;
  }
  const int bits = static_cast<int>(data::ValueWidth(type.physical())) * 8;
  const bool is_signed = type.is_signed_integer();
  const Int128 high = (Int128{1} << (is_signed ? bits - 1 : bits)) - 1;
  const Int128 low = is_signed ? -high - 1 : 0;
  if (exact < low || exact > high) return Row::Fail();
  return Row(is_signed ? Value::Int(static_cast<int64_t>(exact)) : Value::UInt(static_cast<uint64_t>(exact)));
}

}  // namespace

TEST_CASE("integer operators are exact or fail, for every type and encoding") {
  Random random(21);
  for (const Type& type : kIntegers) {
    for (const char op : {'+', '-', '*', '/', '%', '&', '|', '#'}) {
      CAPTURE(type.ToString());
      CAPTURE(op);
      for (int round = 0; round < 12; ++round) {
        CheckCall(random, std::string(1, op), {type, type}, [&](const std::vector<Value>& args) {
          if (args[0].is_null() || args[1].is_null()) return Row();
          return IntegerOracle(op, type, Wide(args[0], type), Wide(args[1], type));
        });
      }
    }
  }
}

TEST_CASE("dividing by a constant is exact for small and large numbers of either sign") {
  Random random(22);
  std::vector<int64_t> divisors = {
      1, -1, 2, -2, 3, 7, 10, 123, -123, 1000, 65536, (int64_t{1} << 31) - 1, -(int64_t{1} << 31) + 1};
  for (int i = 0; i < 60; ++i)
    divisors.push_back(random.Between(1, (int64_t{1} << 31) - 1) * (random.OneIn(2) ? 1 : -1));
  for (const int64_t divisor : divisors) {
    for (const char* op : {"/", "%"}) {
      data::BatchBuffer buffer({TypeId::kInt64});
      std::vector<int64_t> rows;
      const bool small_only = random.OneIn(2);
      for (int i = 0; i < 500; ++i) {
        const int64_t limit = small_only ? (int64_t{1} << 51) - 1 : INT64_MAX - 1;
        int64_t x = random.Between(-limit, limit);
        if (random.OneIn(3)) x = random.Between(-1000, 1000) * divisor + random.Between(-1, 1);
        if (random.OneIn(9)) x = limit;
        if (random.OneIn(9)) x = -limit;
        rows.push_back(x);
        const Value value = Value::Int(x);
        buffer.AppendRow({&value, 1});
      }
      const auto call = MakeOperator(op, Columns({TypeId::kInt64}, Value::Int(divisor)));
      const expr::Expr* const outputs[] = {call.get()};
      const Type inputs[] = {TypeId::kInt64};
      auto program = expr::Program::Compile(outputs, inputs);
      REQUIRE(program.has_value());
      program->Evaluate(buffer.batch(), {});
      for (size_t i = 0; i < rows.size(); ++i) {
        CAPTURE(rows[i]);
        CAPTURE(divisor);
        const int64_t wanted = op[0] == '/' ? rows[i] / divisor : rows[i] % divisor;
        REQUIRE(Value::FromColumn(program->output(0), TypeId::kInt64, static_cast<uint32_t>(i)).int_value() == wanted);
      }
    }
  }
}

TEST_CASE("dividing column by column is exact for small and large numbers of either sign") {
  Random random(25);
  const std::vector<Type> types = {TypeId::kInt64, TypeId::kInt64};
  for (int round = 0; round < 40; ++round) {
    data::BatchBuffer buffer(types);
    const int64_t limit = int64_t{1} << (round % 2 == 0 ? 50 : 62);
    const bool has_zero = round % 5 == 0;
    for (int i = 0; i < 300; ++i) {
      int64_t y = random.OneIn(2) ? random.Between(-limit, limit) : random.Between(-100, 100);
      if (y == 0 && !(has_zero && random.OneIn(3))) y = 1;
      int64_t x = random.Between(-limit, limit);
      if (random.OneIn(3)) x = limit / y * y + random.Between(-1, 1);
      const Value row[] = {Value::Int(x), Value::Int(y)};
      buffer.AppendRow(row);
    }
    for (const char* op : {"/", "%"}) {
      const auto call = MakeOperator(op, Columns(types));
      const expr::Expr* const outputs[] = {call.get()};
      auto program = expr::Program::Compile(outputs, types);
      program->Evaluate(buffer.batch(), {});
      for (uint32_t i = 0; i < 300; ++i) {
        const int64_t x = buffer.column(0).As<int64_t>()[i];
        const int64_t y = buffer.column(1).As<int64_t>()[i];
        CAPTURE(x);
        CAPTURE(y);
        REQUIRE(program->output(0).HasError(i) == (y == 0));
        if (y != 0) REQUIRE(program->output(0).As<int64_t>()[i] == (op[0] == '/' ? x / y : x % y));
      }
    }
  }
}

TEST_CASE("doubles follow IEEE, division by zero included") {
  CHECK(EvalText("/", {Value::Double(1), Value::Double(0)}, {TypeId::kDouble, TypeId::kDouble}) == "Infinity");
  CHECK(EvalText("/", {Value::Double(0), Value::Double(0)}, {TypeId::kDouble, TypeId::kDouble}) == "NaN");
  CHECK(EvalText("%", {Value::Double(-7.5), Value::Double(2)}, {TypeId::kDouble, TypeId::kDouble}) == "-1.5");
  CHECK(EvalText("+", {Value::Int(1), Value::Double(0.5)}, {TypeId::kInt32, TypeId::kDouble}) == "1.5");
  CHECK(EvalText("^", {Value::Int(2), Value::Int(10)}, {TypeId::kInt32, TypeId::kInt32}) == "1024.0");
}

TEST_CASE("decimal arithmetic is exact at its scale") {
  const Type money = Type::Decimal(10, 2);
  CHECK(EvalText("+", {Value::Decimal(1050), Value::Decimal(1)}, {money, Type::Decimal(5, 3)}) == "10.501");
  CHECK(EvalText("*", {Value::Decimal(1050), Value::Int(3)}, {money, TypeId::kInt64}) == "31.50");
  CHECK(EvalText("/", {Value::Decimal(1000), Value::Int(3)}, {money, TypeId::kInt32}) == "3.333333");
  CHECK(EvalText("/", {Value::Decimal(1000), Value::Int(0)}, {money, TypeId::kInt32}) == kDivisionCode);
  CHECK(EvalText("%", {Value::Decimal(-1050), Value::Int(3)}, {money, TypeId::kInt32}) == "-1.50");
  CHECK(EvalText("-", {Value::Decimal(5)}, {money}) == "-0.05");
  CHECK(EvalText("*", {Value::Decimal(1050), Value::Double(2)}, {money, TypeId::kDouble}) == "21.0");
  Random random(23);
  for (const auto& [a, b] :
       {std::pair{Type::Decimal(10, 2), Type::Decimal(8, 4)}, {Type::Decimal(18, 0), Type::Decimal(18, 6)}}) {
    for (const char op : {'+', '-', '*'}) {
      for (int round = 0; round < 10; ++round) {
        CheckCall(random, std::string(1, op), {a, b}, [&](const std::vector<Value>& args) {
          if (args[0].is_null() || args[1].is_null()) return Row();
          Int128 x = args[0].decimal_value();
          Int128 y = args[1].decimal_value();
          if (op == '*') return Row(Value::Decimal(x * y));
          for (int s = a.scale(); s < b.scale(); ++s) x *= 10;
          for (int s = b.scale(); s < a.scale(); ++s) y *= 10;
          return Row(Value::Decimal(op == '+' ? x + y : x - y));
        });
      }
    }
  }
  const Type widest = Type::Decimal(38, 0);
  Int128 nines = 1;
  for (int i = 0; i < 38; ++i) nines *= 10;
  CHECK(EvalText("+", {Value::Decimal(nines - 1), Value::Decimal(1)}, {widest, widest}) == kOverflowCode);
  CHECK(EvalText("*", {Value::Decimal(nines - 1), Value::Decimal(10)}, {widest, widest}) == kOverflowCode);
  CHECK(EvalText("+", {Value::UInt(UINT64_MAX), Value::Int(-1)}, {TypeId::kUInt64, TypeId::kInt64}) ==
        "18446744073709551614");
}

TEST_CASE("dates, times and intervals add up") {
  const Value day = Value::Int(19753);  // 2024-01-31
  const Value month = Value::Of({.months = 1});
  const Value hour = Value::Of({.micros = kHour});
  CHECK(EvalText("+", {day, Value::Int(1)}, {TypeId::kDate, TypeId::kInt32}) == "2024-02-01");
  CHECK(EvalText("+", {Value::Int(1), day}, {TypeId::kInt64, TypeId::kDate}) == "2024-02-01");
  CHECK(EvalText("-", {day, Value::Int(31)}, {TypeId::kDate, TypeId::kInt32}) == "2023-12-31");
  CHECK(EvalText("-", {day, Value::Int(19723)}, {TypeId::kDate, TypeId::kDate}) == "30");
  CHECK(EvalText("+", {day, month}, {TypeId::kDate, TypeId::kInterval}) == "2024-02-29 00:00:00");
  CHECK(EvalText("+", {hour, day}, {TypeId::kInterval, TypeId::kDate}) == "2024-01-31 01:00:00");
  CHECK(EvalText("+", {day, Value::Int(kHour)}, {TypeId::kDate, TypeId::kTime}) == "2024-01-31 01:00:00");
  CHECK(EvalText("-", {Value::Int(0), hour}, {TypeId::kTimestamp, TypeId::kInterval}) == "1969-12-31 23:00:00");
  CHECK(EvalText("-", {Value::Int(kDay + 5), Value::Int(0)}, {TypeId::kTimestamp, TypeId::kTimestamp}) ==
        "1 day 00:00:00.000005");
  CHECK(EvalText("-", {Value::Int(0), Value::Int(kHour)}, {TypeId::kTime, TypeId::kTime}) == "-01:00:00");
  CHECK(EvalText("-", {Value::Int(0), hour}, {TypeId::kTime, TypeId::kInterval}) == "23:00:00");
  CHECK(EvalText("+", {month, hour}, {TypeId::kInterval, TypeId::kInterval}) == "1 mon 01:00:00");
  CHECK(EvalText("*", {hour, Value::Double(1.5)}, {TypeId::kInterval, TypeId::kDouble}) == "01:30:00");
  CHECK(EvalText("*", {Value::Int(2), hour}, {TypeId::kInt32, TypeId::kInterval}) == "02:00:00");
  CHECK(EvalText("/", {hour, Value::Int(0)}, {TypeId::kInterval, TypeId::kInt32}) == kDivisionCode);
  CHECK(EvalText("-", {month}, {TypeId::kInterval}) == "-1 mons");
  CHECK(EvalText("+", {Value::Int(INT64_MAX - 5), hour}, {TypeId::kTimestamp, TypeId::kInterval}) == kRangeCode);
}

TEST_CASE("a day of an instant is a day of the session's zone") {
  // Before the clocks of Berlin go forward, 2024-03-30 12:00 UTC; a day later it is one hour less.
  const Value before = Value::Int(1711800000000000);
  const auto call =
      MakeOperator("+", Literals({before, Value::Of({.days = 1})}, {TypeId::kTimestampTz, TypeId::kInterval}));
  expr::EvalEnvironment berlin;
  berlin.time_zone = "Europe/Berlin";
  CHECK(expr::EvaluateConstant(*call, berlin)->int_value() == before.int_value() + 23 * kHour);
  CHECK(expr::EvaluateConstant(*call, {})->int_value() == before.int_value() + 24 * kHour);
}

TEST_CASE("shifts lose bits, negative counts fail") {
  CHECK(EvalText("<<", {Value::Int(1), Value::Int(62)}, {TypeId::kInt64, TypeId::kInt64}) == "4611686018427387904");
  CHECK(EvalText("<<", {Value::Int(1), Value::Int(64)}, {TypeId::kInt64, TypeId::kInt64}) == "0");
  CHECK(EvalText(">>", {Value::Int(-16), Value::Int(2)}, {TypeId::kInt32, TypeId::kInt32}) == "-4");
  CHECK(EvalText(">>", {Value::Int(-1), Value::Int(99)}, {TypeId::kInt32, TypeId::kInt32}) == "-1");
  CHECK(EvalText("<<", {Value::Int(1), Value::Int(-1)}, {TypeId::kInt32, TypeId::kInt32}) == kRangeCode);
  CHECK(EvalText("~", {Value::Int(5)}, {TypeId::kInt32}) == "-6");
  CHECK(EvalText("-", {Value::Int(INT64_MIN)}, {TypeId::kInt64}) == kOverflowCode);
}

TEST_CASE("texts and lists are joined") {
  CHECK(EvalText("||", {Value::String("abc"), Value::String("defghijklmnop")}, {TypeId::kVarchar, TypeId::kVarchar}) ==
        "abcdefghijklmnop");
  CHECK(EvalText("||", {Value::String("n="), Value::Int(5)}, {TypeId::kVarchar, TypeId::kInt64}) == "n=5");
  CHECK(EvalText("||", {Value(), Value::String("x")}, {TypeId::kVarchar, TypeId::kVarchar}) == "NULL");
  const Type list = Type::Array(TypeId::kInt64);
  const Value two = Value::List({Value::Int(1), Value()});
  CHECK(EvalText("||", {two, two}, {list, list}) == "[1, NULL, 1, NULL]");
  CHECK(EvalText("||", {two, Value::Int(7)}, {list, TypeId::kInt32}) == "[1, NULL, 7]");
  CHECK(EvalText("||", {Value::Int(7), two}, {TypeId::kInt64, list}) == "[7, 1, NULL]");
  CHECK(EvalText("||", {Value(), two}, {list, list}) == "NULL");
  Random random(24);
  for (int round = 0; round < 20; ++round) {
    CheckCall(random, "||", {list, list}, [](const std::vector<Value>& args) {
      if (args[0].is_null() || args[1].is_null()) return Row();
      std::vector<Value> items = args[0].items();
      items.insert(items.end(), args[1].items().begin(), args[1].items().end());
      return Row(Value::List(std::move(items)));
    });
  }
}

TEST_CASE("operators without a meaning for the types say what they got") {
  const auto failed =
      TryOperator("+", Literals({Value::String("a"), Value::Int(1)}, {TypeId::kVarchar, TypeId::kInt64}));
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code() == ErrorCode::kFunctionArguments);
  CHECK(failed.error().message().find("(VARCHAR, BIGINT)") != std::string::npos);
}

}  // namespace laminar::functions
