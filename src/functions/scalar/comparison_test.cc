// Comparisons of every pair of types against the total order of values; three-valued logic; IN; choices; patterns.
#include "functions/scalar/comparison.h"

#include <doctest/doctest.h>

#include "expr/cast.h"
#include "functions/scalar/operator_test_kit.h"

namespace laminar::functions {
namespace {

using data::Value;

const std::vector<Type> kTypes = {TypeId::kBool,
                                  TypeId::kInt8,
                                  TypeId::kInt16,
                                  TypeId::kInt32,
                                  TypeId::kInt64,
                                  TypeId::kUInt8,
                                  TypeId::kUInt16,
                                  TypeId::kUInt32,
                                  TypeId::kUInt64,
                                  TypeId::kFloat,
                                  TypeId::kDouble,
                                  Type::Decimal(10, 2),
                                  Type::Decimal(20, 8),
                                  TypeId::kVarchar,
                                  TypeId::kBinary,
                                  TypeId::kJson,
                                  TypeId::kDate,
                                  TypeId::kTime,
                                  Type::Timestamp(6),
                                  Type::TimestampTz(6),
                                  TypeId::kInterval,
                                  TypeId::kUuid,
                                  Type::Array(TypeId::kInt64),
                                  Type::Struct({{"a", TypeId::kVarchar}, {"b", TypeId::kDouble}}),
                                  Type::Map(TypeId::kVarchar, TypeId::kInt32)};

bool Meets(std::string_view op, int order) {
  if (op == "=") return order == 0;
  if (op == "<>") return order != 0;
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  if (op == ">") return order > 0;
  return order >= 0;
}

int OrderOf(const std::vector<Value>& args, const Type& a, const Type& b, const Type& common) {
  const Result<Value> x = expr::CastValue(args[0], a, common);
  const Result<Value> y = expr::CastValue(args[1], b, common);
  REQUIRE(x.has_value());
  REQUIRE(y.has_value());
  return Value::Compare(*x, *y, common);
}

}  // namespace

TEST_CASE("every comparison of every pair of types agrees with the order of values") {
  Random random(31);
  uint32_t pairs = 0;
  for (const Type& a : kTypes) {
    for (const Type& b : kTypes) {
      const Result<Type> common = expr::CommonType(a, b);
      if (!common.has_value()) continue;
      ++pairs;
      CAPTURE(a.ToString());
      CAPTURE(b.ToString());
      for (const char* op : {"=", "<>", "<", "<=", ">", ">="}) {
        CheckCall(random, op, {a, b}, [&](const std::vector<Value>& args) {
          if (args[0].is_null() || args[1].is_null()) return Row();
          return Row(Value::Bool(Meets(op, OrderOf(args, a, b, *common))));
        });
      }
      for (const bool distinct : {true, false}) {
        CheckCall(random, distinct ? "is_distinct_from" : "is_not_distinct_from", {a, b},
                  [&](const std::vector<Value>& args) {
                    const bool nulls = args[0].is_null() || args[1].is_null();
                    const bool differ =
                        nulls ? args[0].is_null() != args[1].is_null() : OrderOf(args, a, b, *common) != 0;
                    return Row(Value::Bool(differ == distinct));
                  });
      }
    }
  }
  CHECK(pairs > 120);
}

TEST_CASE("a text compares with short and long constants") {
  Random random(32);
  for (const char* constant : {"", "a", "ab", "abcdefghijkl", "abcdefghijklm", "abcdefghijklabcdefghijkl"}) {
    for (const char* op : {"=", "<>", "<", ">="}) {
      const auto call = MakeOperator(op, Columns({TypeId::kVarchar}, Value::String(constant)));
      const expr::Expr* const outputs[] = {call.get()};
      const std::vector<Type> types = {TypeId::kVarchar};
      auto program = expr::Program::Compile(outputs, types);
      REQUIRE(program.has_value());
      const expr::RandomBatch batch(random, types, 200, false);
      program->Evaluate(batch.batch, {});
      for (uint32_t row = 0; row < 200; ++row) {
        const Value& text = batch.At(0, row);
        const Value got = Value::FromColumn(program->output(0), TypeId::kBool, row);
        if (text.is_null()) {
          CHECK(got.is_null());
        } else {
          CHECK(got.bool_value() == Meets(op, text.string_value().compare(constant)));
        }
      }
    }
  }
}

TEST_CASE("IN finds what equals, and is NULL where only NULL could be equal") {
  Random random(33);
  const std::vector<Type> types = {
      TypeId::kInt8,    TypeId::kInt64,    TypeId::kUInt32, TypeId::kDouble, Type::Decimal(10, 2),
      TypeId::kVarchar, TypeId::kInterval, TypeId::kUuid,   TypeId::kBool,   Type::Array(TypeId::kInt64)};
  for (const Type& type : types) {
    CAPTURE(type.ToString());
    for (int round = 0; round < 20; ++round) {
      // Constant items, few and many, with and without NULL; or items that are columns.
      const bool constant = random.OneIn(2);
      const auto count = static_cast<uint32_t>(1 + random.Below(9));
      std::vector<Value> items;
      Exprs args;
      args.push_back(expr::MakeColumn(0, type));
      std::vector<Type> inputs = {type};
      for (uint32_t i = 0; i < count; ++i) {
        items.push_back(expr::RandomValue(random, type, round % 3 == 0 ? 20 : 0));
        if (constant) {
          args.push_back(expr::MakeLiteral(items.back(), type));
        } else {
          args.push_back(expr::MakeColumn(i + 1, type));
          inputs.push_back(type);
        }
      }
      const auto call = MakeOperator("in", std::move(args));
      const expr::Expr* const outputs[] = {call.get()};
      auto program = expr::Program::Compile(outputs, inputs);
      REQUIRE(program.has_value());
      const expr::RandomBatch batch(random, inputs, 80);
      program->Evaluate(batch.batch, {});
      for (uint32_t row = 0; row < 80; ++row) {
        const Value& x = batch.At(0, row);
        bool found = false;
        bool any_null = x.is_null();
        for (uint32_t i = 0; i < count; ++i) {
          const Value& item = constant ? items[i] : batch.At(i + 1, row);
          any_null |= item.is_null();
          found |= !x.is_null() && !item.is_null() && Value::Compare(x, item, type) == 0;
        }
        const Value got = Value::FromColumn(program->output(0), TypeId::kBool, row);
        REQUIRE(got == (found ? Value::Bool(true) : any_null ? Value() : Value::Bool(false)));
      }
    }
  }
}

TEST_CASE("tests of NULL and truth are never NULL") {
  Random random(34);
  for (int round = 0; round < 20; ++round) {
    CheckCall(random, "is_true", {TypeId::kBool},
              [](const auto& a) { return Row(Value::Bool(!a[0].is_null() && a[0].bool_value())); });
    CheckCall(random, "is_false", {TypeId::kBool},
              [](const auto& a) { return Row(Value::Bool(!a[0].is_null() && !a[0].bool_value())); });
    CheckCall(random, "not", {TypeId::kBool},
              [](const auto& a) { return a[0].is_null() ? Row() : Row(Value::Bool(!a[0].bool_value())); });
    for (const Type& type : kTypes) {
      CheckCall(random, "is_null", {type}, [](const auto& a) { return Row(Value::Bool(a[0].is_null())); });
      CheckCall(random, "is_not_null", {type}, [](const auto& a) { return Row(Value::Bool(!a[0].is_null())); });
    }
  }
}

TEST_CASE("choices take the row they say") {
  Random random(35);
  for (const Type& type : kTypes) {
    CAPTURE(type.ToString());
    for (int round = 0; round < 4; ++round) {
      CheckCall(random, "nullif", {type, type}, [&](const auto& a) {
        const bool same = !a[0].is_null() && !a[1].is_null() && Value::Compare(a[0], a[1], type) == 0;
        return Row(same ? Value() : a[0]);
      });
      CheckCall(random, "ifnull", {type, type}, [&](const auto& a) { return Row(a[0].is_null() ? a[1] : a[0]); });
      CheckCall(random, "nvl2", {TypeId::kInt32, type, type},
                [&](const auto& a) { return Row(a[0].is_null() ? a[2] : a[1]); });
      CheckCall(random, "if", {TypeId::kBool, type, type},
                [&](const auto& a) { return Row(!a[0].is_null() && a[0].bool_value() ? a[1] : a[2]); });
      for (const int sign : {1, -1}) {
        CheckCall(random, sign > 0 ? "greatest" : "least", {type, type, type}, [&](const auto& a) {
          Value best;
          for (const Value& one : a) {
            if (one.is_null()) continue;
            if (best.is_null() || Value::Compare(one, best, type) * sign > 0) best = one;
          }
          return Row(best);
        });
      }
    }
  }
}

}  // namespace laminar::functions
