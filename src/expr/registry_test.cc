// The choice of overloads, the rules of types, gathering and bitmaps.
#include <doctest/doctest.h>

#include <algorithm>

#include "expr/bitmap.h"
#include "expr/function.h"
#include "expr/kernel_loops.h"
#include "expr/program.h"
#include "expr/testing/random_batch.h"
#include "expr/type_rules.h"

namespace laminar::expr {
namespace {

using data::Type;
using data::TypeId;
using data::Value;

void Nothing(KernelContext&, Arguments, Column&) {}

const std::vector<Type> kAll = {TypeId::kNull,
                                TypeId::kBool,
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
                                Type::Decimal(38, 38),
                                TypeId::kVarchar,
                                TypeId::kBinary,
                                TypeId::kJson,
                                TypeId::kDate,
                                TypeId::kTime,
                                Type::Timestamp(3),
                                Type::Timestamp(9),
                                Type::TimestampTz(6),
                                TypeId::kInterval,
                                TypeId::kUuid,
                                Type::Array(TypeId::kInt32),
                                Type::Array(TypeId::kDouble)};

Result<std::shared_ptr<const BoundFunction>> Resolve(const FunctionRegistry& registry, std::string_view name,
                                                     std::vector<Type> types) {
  return registry.Resolve({.name = name, .types = types, .constants = {}});
}

FunctionRegistry& Filled(FunctionRegistry& registry) {
  ScalarFunction f;
  f.name = "measure";
  f.aliases = {"gauge"};
  f.overloads = {{.parameters = {TypeId::kInt64}, .result = TypeId::kInt64, .kernel = Nothing},
                 {.parameters = {TypeId::kDecimal}, .result = TypeId::kDecimal, .kernel = Nothing},
                 {.parameters = {TypeId::kDouble}, .result = TypeId::kDouble, .kernel = Nothing},
                 {.parameters = {TypeId::kVarchar, TypeId::kInt64},
                  .result = TypeId::kVarchar,
                  .kernel = Nothing,
                  .is_variadic = true}};
  registry.Add(std::move(f));
  return registry;
}

}  // namespace

TEST_CASE("the overload of least cost is chosen, and arguments take its types") {
  FunctionRegistry registry;
  Filled(registry);
  CHECK((*Resolve(registry, "measure", {TypeId::kInt32}))->result == Type(TypeId::kInt64));
  CHECK((*Resolve(registry, "gauge", {TypeId::kFloat}))->result == Type(TypeId::kDouble));
  CHECK((*Resolve(registry, "measure", {Type::Decimal(7, 3)}))->result == Type::Decimal(7, 3));
  CHECK((*Resolve(registry, "measure", {TypeId::kUInt64}))->arguments[0] == Type::Decimal(20, 0));
  CHECK((*Resolve(registry, "measure", {TypeId::kVarchar, TypeId::kInt8, TypeId::kInt64}))->arguments.size() == 3);
  CHECK(Resolve(registry, "measure", {TypeId::kVarchar}).has_value());
  CHECK(Resolve(registry, "measure", {TypeId::kNull}).has_value());
}

TEST_CASE("what cannot be resolved is told with what there is") {
  FunctionRegistry registry;
  Filled(registry);
  const Status unknown = Resolve(registry, "mesure", {TypeId::kInt64}).error();
  CHECK(unknown.code() == ErrorCode::kUnknownFunction);
  CHECK(unknown.hint().find("measure") != std::string::npos);
  const Status wrong = Resolve(registry, "measure", {TypeId::kDate}).error();
  CHECK(wrong.code() == ErrorCode::kFunctionArguments);
  CHECK(wrong.message().find("measure(VARCHAR, BIGINT, ...)") != std::string::npos);
  CHECK(registry.Names() == std::vector<std::string>{"gauge", "measure"});
}

TEST_CASE("the common type is symmetric, both sides reach it, and it is the type itself for equals") {
  for (const Type& a : kAll) {
    CHECK(*CommonType(a, a) == a);
    for (const Type& b : kAll) {
      CAPTURE(a.ToString());
      CAPTURE(b.ToString());
      const Result<Type> one = CommonType(a, b);
      const Result<Type> other = CommonType(b, a);
      REQUIRE(one.has_value() == other.has_value());
      if (!one.has_value()) continue;
      CHECK(*one == *other);
      CHECK(ImplicitCastCost(a, *one) >= 0);
      CHECK(ImplicitCastCost(b, *one) >= 0);
    }
  }
}

TEST_CASE("implicit casts never go from text, to narrower integers or from instants to local times") {
  CHECK(ImplicitCastCost(TypeId::kVarchar, TypeId::kInt64) < 0);
  CHECK(ImplicitCastCost(TypeId::kInt64, TypeId::kInt32) < 0);
  CHECK(ImplicitCastCost(TypeId::kInt64, TypeId::kUInt64) < 0);
  CHECK(ImplicitCastCost(TypeId::kTimestampTz, TypeId::kTimestamp) < 0);
  CHECK(ImplicitCastCost(TypeId::kDouble, Type::Decimal(10, 2)) < 0);
  CHECK(ImplicitCastCost(TypeId::kUInt32, TypeId::kInt64) > 0);
  CHECK(ImplicitCastCost(TypeId::kInt32, TypeId::kInt64) < ImplicitCastCost(TypeId::kInt32, TypeId::kDouble));
}

TEST_CASE("bytes, bits and selections say the same") {
  Random random(7);
  for (int round = 0; round < 500; ++round) {
    const auto rows = static_cast<uint32_t>(random.Below(data::kBatchCapacity + 1));
    alignas(64) uint8_t bytes[data::kBatchCapacity] = {};
    uint64_t valid[data::kBatchCapacity / 64];
    uint64_t errors[data::kBatchCapacity / 64];
    const uint64_t density = 1 + random.Below(8);
    for (uint8_t& byte : bytes) byte = random.OneIn(density) ? 1 : 0;
    for (uint64_t& word : valid) word = random.Next() | random.Next();
    for (uint64_t& word : errors) word = random.Next() & random.Next();
    std::vector<uint16_t> wanted;
    std::vector<uint16_t> wanted_all;
    for (uint32_t i = 0; i < rows; ++i) {
      if (bytes[i] == 0) continue;
      wanted_all.push_back(static_cast<uint16_t>(i));
      if (data::TestBit(valid, i) && !data::TestBit(errors, i)) wanted.push_back(static_cast<uint16_t>(i));
    }
    uint16_t got[data::kBatchCapacity + 64];
    uint32_t count = BytesToSelection(bytes, valid, errors, rows, got);
    CHECK(std::vector<uint16_t>(got, got + count) == wanted);
    count = BytesToSelection(bytes, nullptr, nullptr, rows, got);
    CHECK(std::vector<uint16_t>(got, got + count) == wanted_all);
    uint64_t bits[data::kBatchCapacity / 64];
    BytesToBits(bytes, rows, bits);
    count = BitsToSelection(bits, rows, got);
    CHECK(std::vector<uint16_t>(got, got + count) == wanted_all);
    alignas(64) uint8_t back[data::kBatchCapacity] = {};
    BitsToBytes(bits, rows, back);
    CHECK(std::equal(back, back + rows, bytes));
  }
}

TEST_CASE("gathered rows are the chosen rows, for every type and encoding") {
  Random random(8);
  std::vector<Type> types = kAll;
  types.push_back(Type::Struct({{"a", TypeId::kInt32}, {"b", Type::Array(TypeId::kVarchar)}}));
  types.push_back(Type::Map(TypeId::kVarchar, TypeId::kInt64));
  for (int round = 0; round < 60; ++round) {
    const auto rows = static_cast<uint32_t>(1 + random.Below(300));
    const RandomBatch batch(random, types, rows);
    data::BatchBuffer out(types);
    uint16_t selection[data::kBatchCapacity];
    const auto count = static_cast<uint32_t>(random.Below(300));
    for (uint32_t i = 0; i < count; ++i) selection[i] = static_cast<uint16_t>(random.Below(rows));
    for (size_t c = 0; c < types.size(); ++c) {
      CAPTURE(types[c].ToString());
      Gather(batch.columns[c], types[c], selection, count, out.column(c), out);
      for (uint32_t i = 0; i < count; ++i) {
        REQUIRE(Value::FromColumn(out.column(c), types[c], i) == batch.At(c, selection[i]));
      }
    }
  }
}

}  // namespace laminar::expr
