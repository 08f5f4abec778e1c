#include "data/row_key.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "data/random_values.h"

using namespace laminar;
using namespace laminar::data;

namespace {

int Sign(int order) { return order < 0 ? -1 : (order > 0 ? 1 : 0); }

// The order a key must have: nulls by their flag, values by Compare, turned around where descending.
int Expected(const Value& a, const Value& b, const Type& type, KeyOrder order) {
  if (a.is_null() || b.is_null()) {
    const int nulls_last = static_cast<int>(a.is_null()) - static_cast<int>(b.is_null());
    return order.nulls_first ? -nulls_last : nulls_last;
  }
  const int compared = Sign(Value::Compare(a, b, type));
  return order.descending ? -compared : compared;
}

KeyOrder RandomOrder(Random& random) { return {.descending = random.OneIn(2), .nulls_first = random.OneIn(2)}; }

}  // namespace

TEST_CASE("the order of keys is the order of values") {
  Random random(1);
  for (int round = 0; round < 60'000; ++round) {
    const Type type = RandomType(random, 2);
    const KeyOrder order = RandomOrder(random);
    const Value a = RandomValue(random, type);
    const Value b = random.OneIn(10) ? a : RandomValue(random, type);
    std::string key_a;
    std::string key_b;
    AppendKey(a, type, key_a, order);
    AppendKey(b, type, key_b, order);
    REQUIRE_MESSAGE(Sign(key_a.compare(key_b)) == Expected(a, b, type, order),
                    type.ToString() << ": " << a.ToString(type) << " and " << b.ToString(type));
  }
}

TEST_CASE("keys are read back") {
  Random random(2);
  for (int round = 0; round < 20'000; ++round) {
    const Type type = RandomType(random, 2);
    const Type second = RandomType(random, 0);
    const KeyOrder order = RandomOrder(random);
    const Value a = RandomValue(random, type);
    const Value b = RandomValue(random, second);
    std::string key;
    AppendKey(a, type, key, order);
    AppendKey(b, second, key);
    std::string_view rest = key;
    const Result<Value> first_back = DecodeKey(rest, type, order);
    REQUIRE_MESSAGE(first_back.has_value(), type.ToString() << ": " << a.ToString(type));
    REQUIRE_EQ(Value::Compare(*first_back, a, type), 0);
    const Result<Value> second_back = DecodeKey(rest, second);
    REQUIRE(second_back.has_value());
    REQUIRE_EQ(Value::Compare(*second_back, b, second), 0);
    REQUIRE(rest.empty());
    // Any shortening or damage is an error or another value, never a crash.
    std::string damaged = key.substr(0, random.Below(key.size() + 1));
    if (!damaged.empty()) damaged[random.Below(damaged.size())] = static_cast<char>(random.Next());
    rest = damaged;
    const Result<Value> any = DecodeKey(rest, type, order);
    if (!any.has_value()) REQUIRE_EQ(any.error().code(), ErrorCode::kCorrupt);
  }
}

TEST_CASE("keys of a batch are those of its rows") {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Type> types;
    for (int i = 0; i < 4; ++i) types.push_back(RandomType(random, 1));
    BatchBuffer buffer(types, 100);
    AppendRandomRows(random, buffer, 100, false, 20);
    if (random.OneIn(2)) buffer.column(1).encoding = Encoding::kConstant;
    const std::vector<uint32_t> key_columns = {2, 0, 1};
    std::vector<KeyOrder> orders;
    if (random.OneIn(2)) orders = {RandomOrder(random), RandomOrder(random), RandomOrder(random)};
    StringHeap heap;
    std::vector<StringRef> keys(100);
    EncodeKeys(buffer.batch(), types, key_columns, orders, heap, keys.data());
    for (uint32_t row = 0; row < 100; ++row) {
      std::string expected;
      for (size_t k = 0; k < 3; ++k) {
        AppendKey(buffer.column(key_columns[k]), types[key_columns[k]], row, expected,
                  orders.empty() ? KeyOrder{} : orders[k]);
      }
      REQUIRE_EQ(keys[row].view(), expected);
    }
  }
}

TEST_CASE("the bytes of known keys never change") {
  std::string key;
  AppendKey(Value::Int(1), TypeId::kInt32, key);
  AppendKey(Value::String(std::string("a\0b", 3)), TypeId::kVarchar, key);
  AppendKey(Value::Null(), TypeId::kInt64, key);
  CHECK_EQ(key, std::string("\x01\x80\x00\x00\x01\x01"
                            "a\x00\xFF"
                            "b\x00\x00\x02",
                            13));
}
