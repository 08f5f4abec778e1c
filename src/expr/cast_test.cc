// Casts: every pair of types against what the values mean, and the laws of text.
#include "expr/cast.h"

#include <doctest/doctest.h>

#include <cmath>

#include "expr/expr.h"
#include "expr/program.h"
#include "expr/testing/random_batch.h"

namespace laminar::expr {
namespace {

using data::Type;
using data::TypeId;
using data::Value;

std::string CastText(const Value& value, const Type& from, const Type& to) {
  const Result<Value> cast = CastValue(value, from, to);
  if (cast.has_value()) return cast->ToString(to);
  return std::string(PublicCode(cast.error().code()));
}
std::string FromText(const char* text, const Type& to) { return CastText(Value::String(text), TypeId::kVarchar, to); }

const std::string kRange(PublicCode(ErrorCode::kOutOfRange));
const std::string kBad(PublicCode(ErrorCode::kBadValue));

const std::vector<Type> kScalars = {
    TypeId::kBool,      TypeId::kInt8,        TypeId::kInt16,        TypeId::kInt32,       TypeId::kInt64,
    TypeId::kUInt8,     TypeId::kUInt16,      TypeId::kUInt32,       TypeId::kUInt64,      TypeId::kFloat,
    TypeId::kDouble,    Type::Decimal(10, 2), Type::Decimal(38, 10), Type::Decimal(5, 5),  TypeId::kVarchar,
    TypeId::kBinary,    TypeId::kJson,        TypeId::kDate,         TypeId::kTime,        Type::Timestamp(0),
    Type::Timestamp(6), Type::Timestamp(9),   Type::TimestampTz(3),  Type::TimestampTz(6), TypeId::kInterval,
    TypeId::kUuid};

}  // namespace

TEST_CASE("numbers are rounded half away from zero and fail out of range") {
  CHECK(CastText(Value::Double(2.5), TypeId::kDouble, TypeId::kInt32) == "3");
  CHECK(CastText(Value::Double(-2.5), TypeId::kDouble, TypeId::kInt32) == "-3");
  CHECK(CastText(Value::Double(0.49999999999999994), TypeId::kDouble, TypeId::kInt64) == "0");
  CHECK(CastText(Value::Double(9007199254740993.0), TypeId::kDouble, TypeId::kInt64) == "9007199254740992");
  CHECK(CastText(Value::Double(9.3e18), TypeId::kDouble, TypeId::kInt64) == kRange);
  CHECK(CastText(Value::Double(std::nan("")), TypeId::kDouble, TypeId::kInt64) == kRange);
  CHECK(CastText(Value::Int(300), TypeId::kInt64, TypeId::kInt8) == kRange);
  CHECK(CastText(Value::Int(-1), TypeId::kInt64, TypeId::kUInt64) == kRange);
  CHECK(CastText(Value::Decimal(12345), Type::Decimal(10, 2), TypeId::kInt32) == "123");
  CHECK(CastText(Value::Decimal(12350), Type::Decimal(10, 2), TypeId::kInt32) == "124");
  CHECK(CastText(Value::Int(5), TypeId::kInt64, Type::Decimal(10, 2)) == "5.00");
  CHECK(CastText(Value::Int(100000), TypeId::kInt64, Type::Decimal(5, 2)) == kRange);
  CHECK(CastText(Value::Bool(true), TypeId::kBool, TypeId::kInt32) == "1");
  CHECK(CastText(Value::Int(7), TypeId::kInt32, TypeId::kBool) == "true");
  CHECK(CastText(Value::Double(1e300), TypeId::kDouble, TypeId::kFloat) == kRange);
}

TEST_CASE("text is read with blanks around it and fails with a reason") {
  CHECK(FromText(" 42 ", TypeId::kInt32) == "42");
  CHECK(FromText("300", TypeId::kInt8) == kRange);
  CHECK(FromText("99999999999999999999", TypeId::kInt64) == kRange);
  CHECK(FromText("abc", TypeId::kInt64) == kBad);
  CHECK(FromText("yes", TypeId::kBool) == "true");
  CHECK(FromText("1.255", Type::Decimal(10, 2)) == "1.26");
  CHECK(FromText("12345678901", Type::Decimal(10, 2)) == kRange);
  CHECK(FromText("2024-02-30", TypeId::kDate) == kBad);
  CHECK(FromText("2024-02-29 12:00:00.123456", Type::Timestamp(3)) == "2024-02-29 12:00:00.123");
  CHECK(FromText("{\"a\": 1}", TypeId::kJson) == "{\"a\": 1}");
  CHECK(FromText("{a", TypeId::kJson) == kBad);
  CHECK(FromText("[1, 2]", Type::Array(TypeId::kInt64)) == "[1, 2]");
  CHECK(CastText(Value::String("null"), TypeId::kJson, TypeId::kInt64) == "NULL");
  CHECK(CastText(Value::String("17"), TypeId::kJson, TypeId::kInt64) == "17");
}

TEST_CASE("times are cut to the lower precision and days start at midnight of the session's zone") {
  CHECK(CastText(Value::Int(-1), Type::Timestamp(6), Type::Timestamp(0)) == "1969-12-31 23:59:59");
  CHECK(CastText(Value::Int(1'999), Type::Timestamp(9), Type::Timestamp(6)) == "1970-01-01 00:00:00.000001");
  CHECK(CastText(Value::Int(INT64_MAX / 10), Type::Timestamp(6), Type::Timestamp(9)) == kRange);
  CHECK(CastText(Value::Int(-1), Type::Timestamp(6), TypeId::kDate) == "1969-12-31");
  CHECK(CastText(Value::Int(1), TypeId::kDate, TypeId::kTimestamp) == "1970-01-02 00:00:00");
  const ExprPtr cast = MakeCast(MakeLiteral(Value::Int(0), TypeId::kDate), TypeId::kTimestampTz);
  EvalEnvironment berlin;
  berlin.time_zone = "Europe/Berlin";
  CHECK(EvaluateConstant(*cast, berlin)->int_value() == -kHour);
  const ExprPtr text = MakeCast(MakeLiteral(Value::Int(0), TypeId::kTimestampTz), TypeId::kVarchar);
  CHECK(EvaluateConstant(*text, berlin)->string_value() == "1970-01-01 01:00:00+01");
  CHECK(EvaluateConstant(*text, {})->string_value() == "1970-01-01 00:00:00+00");
}

TEST_CASE("the same program follows the session's zone when it changes") {
  const ExprPtr cast = MakeCast(MakeColumn(0, TypeId::kDate), TypeId::kTimestampTz);
  const ExprPtr constant = MakeCast(MakeLiteral(Value::Int(0), TypeId::kDate), TypeId::kTimestampTz);
  const Expr* const outputs[] = {cast.get(), constant.get()};
  const Type inputs[] = {TypeId::kDate};
  Result<Program> program = Program::Compile(outputs, inputs);
  REQUIRE(program.has_value());
  data::BatchBuffer buffer({TypeId::kDate});
  const Value zero = Value::Int(0);
  buffer.AppendRow({&zero, 1});
  for (const auto& [zone, offset] : {std::pair{"UTC", int64_t{0}}, {"Europe/Berlin", -kHour}, {"UTC", int64_t{0}}}) {
    EvalEnvironment environment;
    environment.time_zone = zone;
    program->Evaluate(buffer.batch(), environment);
    for (size_t i = 0; i < 2; ++i)
      CHECK(Value::FromColumn(program->output(i), TypeId::kTimestampTz, 0).int_value() == offset);
  }
}

TEST_CASE("every scalar casts to text and back to itself") {
  Random random(11);
  for (const Type& type : kScalars) {
    CAPTURE(type.ToString());
    for (int i = 0; i < 200; ++i) {
      Value value = RandomValue(random, type, 0);
      if (type.is_timestamp() && type.precision() < 6) value = *CastValue(value, Type(type.id()), type);
      const Result<Value> text = CastValue(value, type, TypeId::kVarchar);
      REQUIRE(text.has_value());
      const Result<Value> back = CastValue(*text, TypeId::kVarchar, type);
      CAPTURE(text->string_value());
      REQUIRE(back.has_value());
      CHECK(*back == value);
    }
  }
}

TEST_CASE("a batch casts as its values do, for every pair of types, in every encoding, and TRY_CAST nulls what fails") {
  Random random(12);
  uint32_t pairs = 0;
  for (const Type& from : kScalars) {
    for (const Type& to : kScalars) {
      if (!FindCast(from, to).has_value()) continue;
      ++pairs;
      CAPTURE(from.ToString());
      CAPTURE(to.ToString());
      const ExprPtr strict = MakeCast(MakeColumn(0, from), to);
      const ExprPtr lenient = MakeCast(MakeColumn(0, from), to, true);
      const Expr* const outputs[] = {strict.get(), lenient.get()};
      Result<Program> program = Program::Compile(outputs, {&from, 1});
      REQUIRE(program.has_value());
      for (int round = 0; round < 4; ++round) {
        const RandomBatch batch(random, {from}, 70);
        program->Evaluate(batch.batch, {});
        for (uint32_t row = 0; row < 70; ++row) {
          const Value& value = batch.At(0, row);
          CAPTURE(value.ToString(from));
          const Result<Value> wanted = CastValue(value, from, to);
          REQUIRE(program->output(0).HasError(row) == !wanted.has_value());
          REQUIRE_FALSE(program->output(1).HasError(row));
          const Value got = Value::FromColumn(program->output(1), to, row);
          REQUIRE(got == (wanted.has_value() ? *wanted : Value()));
          if (wanted.has_value()) REQUIRE(Value::FromColumn(program->output(0), to, row) == *wanted);
        }
      }
    }
  }
  CHECK(pairs > 250);
}

TEST_CASE("nested values cast item by item and fail as a whole") {
  const Type texts = Type::Array(TypeId::kVarchar);
  const Type numbers = Type::Array(TypeId::kInt64);
  const Value good = Value::List({Value::String("1"), Value(), Value::String("22")});
  CHECK(CastText(good, texts, numbers) == "[1, NULL, 22]");
  CHECK(CastText(Value::List({Value::String("1"), Value::String("x")}), texts, numbers) == kBad);
  const Type from = Type::Struct({{"a", TypeId::kInt32}, {"b", texts}});
  const Type to = Type::Struct({{"x", TypeId::kVarchar}, {"y", numbers}});
  CHECK(CastText(Value::List({Value::Int(3), good}), from, to) == "{'x': 3, 'y': [1, NULL, 22]}");
  Random random(5);
  const ExprPtr cast = MakeCast(MakeColumn(0, from), to, true);
  const Expr* const outputs[] = {cast.get()};
  Result<Program> program = Program::Compile(outputs, {&from, 1});
  REQUIRE(program.has_value());
  for (int round = 0; round < 30; ++round) {
    const RandomBatch batch(random, {from}, 100, false);
    program->Evaluate(batch.batch, {});
    for (uint32_t row = 0; row < 100; ++row) {
      const Result<Value> wanted = CastValue(batch.At(0, row), from, to);
      REQUIRE(Value::FromColumn(program->output(0), to, row) == (wanted.has_value() ? *wanted : Value()));
    }
  }
}

TEST_CASE("types without a cast say so") {
  CHECK(FindCast(TypeId::kDate, TypeId::kInt64).error().code() == ErrorCode::kTypeMismatch);
  CHECK(FindCast(TypeId::kUuid, TypeId::kDouble).error().code() == ErrorCode::kTypeMismatch);
  CHECK(FindCast(Type::Array(TypeId::kInt64), TypeId::kInt64).error().code() == ErrorCode::kTypeMismatch);
  CHECK(CastText(Value(), TypeId::kNull, TypeId::kInt64) == "NULL");
}

}  // namespace laminar::expr
