#include <doctest/doctest.h>

#include <algorithm>

#include "functions/scalar/call_testing.h"

namespace laminar::functions::testing {
namespace {

TEST_CASE("arrays are built from values, arrays, ranges and text") {
  CHECK(Call("make_array", {Int(1), Null(), Int(3)}) == "[1, NULL, 3]");
  CHECK(Call("make_array", {}) == "[]");
  CHECK(Call("make_array", {Int(1), Real(2.5)}) == "[1.0, 2.5]");
  CHECK(Call("make_array", {Ints("[1]"), Ints("[2, 3]")}) == "[[1], [2, 3]]");
  CHECK(Call("make_array", {Text("a"), Ints("[1]")}).starts_with("unbound"));
  CHECK(Call("array_append", {Ints("[1]"), Int(2)}) == "[1, 2]");
  CHECK(Call("array_append", {Null(), Int(2)}) == "[2]");
  CHECK(Call("array_append", {Ints("[1]"), Null()}) == "[1, NULL]");
  CHECK(Call("array_append", {Ints("[1]"), Real(0.5)}) == "[1.0, 0.5]");
  CHECK(Call("array_prepend", {Int(0), Ints("[1]")}) == "[0, 1]");
  CHECK(Call("array_concat", {Ints("[1]"), Null(), Ints("[2, 3]")}) == "[1, 2, 3]");
  CHECK(Call("array_concat", {Null(), Null()}) == "NULL");
  CHECK(Call("flatten", {As(data::Type::Array(data::Type::Array(data::TypeId::kInt64)), "[[1, 2], NULL, [], [3]]")}) ==
        "[1, 2, 3]");
  CHECK(Call("range", {Int(3)}) == "[0, 1, 2]");
  CHECK(Call("range", {Int(3), Int(0)}) == "[]");
  CHECK(Call("range", {Int(10), Int(4), Int(-3)}) == "[10, 7]");
  CHECK(Call("generate_series", {Int(2), Int(8), Int(3)}) == "[2, 5, 8]");
  CHECK(Call("generate_series", {Int(INT64_MAX - 1), Int(INT64_MAX)}) == "[9223372036854775806, 9223372036854775807]");
  CHECK(Call("range", {Int(0), Int(5), Int(0)}) == "error LDB-R005");
  CHECK(Call("range", {Int(INT64_MIN), Int(INT64_MAX)}) == "error LDB-R017");
  CHECK(Call("array_repeat", {Text("ab"), Int(2)}) == "[ab, ab]");
  CHECK(Call("array_repeat", {Text("ab"), Int(-2)}) == "[]");
  CHECK(Call("string_to_array", {Text("a,,b"), Text(","), Text("")}) == "[a, NULL, b]");
  CHECK(Call("string_to_array", {Text(""), Text(",")}) == "[]");
  CHECK(Call("array_to_string", {Ints("[1, NULL, 2]"), Text("-")}) == "1-2");
  CHECK(Call("array_to_string", {Ints("[1, NULL, 2]"), Text("-"), Text("?")}) == "1-?-2");
}

TEST_CASE("elements are found from 1, from the end, or not at all") {
  CHECK(Call("array_element", {Ints("[10, 20, 30]"), Int(2)}) == "20");
  CHECK(Call("array_element", {Ints("[10, 20, 30]"), Int(-1)}) == "30");
  CHECK(Call("array_element", {Ints("[10, 20, 30]"), Int(0)}) == "NULL");
  CHECK(Call("array_element", {Ints("[10, 20, 30]"), Int(4)}) == "NULL");
  CHECK(Call("array_element", {Ints("[10, 20, 30]"), Int(INT64_MIN)}) == "NULL");
  CHECK(Call("array_element", {Ints("[NULL]"), Int(1)}) == "NULL");
  CHECK(Call("array_element", {Texts("[a text that is long enough, b]"), Int(1)}) == "a text that is long enough");
  CHECK(Call("array_slice", {Ints("[1, 2, 3, 4]"), Int(2), Int(3)}) == "[2, 3]");
  CHECK(Call("array_slice", {Ints("[1, 2, 3, 4]"), Int(-2), Null()}) == "[3, 4]");
  CHECK(Call("array_slice", {Ints("[1, 2, 3, 4]"), Null(), Int(-2)}) == "[1, 2, 3]");
  CHECK(Call("array_slice", {Ints("[1, 2, 3, 4]"), Int(INT64_MIN), Int(INT64_MAX)}) == "[1, 2, 3, 4]");
  CHECK(Call("array_slice", {Ints("[1, 2, 3, 4, 5]"), Int(1), Int(5), Int(2)}) == "[1, 3, 5]");
  CHECK(Call("array_slice", {Ints("[1, 2, 3]"), Int(1), Int(3), Int(INT64_MAX)}) == "[1]");
  CHECK(Call("array_slice", {Ints("[1, 2, 3]"), Int(1), Int(3), Int(0)}) == "error LDB-R005");
  CHECK(Call("array_slice", {Null(), Int(1), Int(3)}) == "NULL");
  CHECK(Call("array_contains", {Ints("[1, NULL, 3]"), Int(3)}) == "true");
  CHECK(Call("array_contains", {Ints("[1, NULL, 3]"), Int(4)}) == "false");
  CHECK(Call("array_contains", {Reals("[NaN]"), Real(0.0 / 0.0)}) == "true");
  CHECK(Call("array_position", {Texts("[a, b]"), Text("b")}) == "2");
  CHECK(Call("array_position", {Texts("[a, b]"), Text("c")}) == "NULL");
  CHECK(Call("array_positions", {Ints("[1, 2, 1]"), Int(1)}) == "[1, 3]");
  CHECK(Call("array_has_any", {Ints("[1, 2]"), Ints("[2, 3]")}) == "true");
  CHECK(Call("array_has_any", {Ints("[]"), Ints("[]")}) == "false");
  CHECK(Call("array_has_all", {Ints("[1, 2]"), Ints("[]")}) == "true");
  CHECK(Call("array_has_all", {Ints("[1, 2]"), Ints("[2, 3]")}) == "false");
}

TEST_CASE("lengths, extremes and sums leave NULL elements out") {
  CHECK(Call("array_length", {Ints("[1, NULL]")}) == "2");
  CHECK(Call("array_length", {Null()}) == "NULL");
  CHECK(Call("empty", {Ints("[]")}) == "true");
  CHECK(Call("array_min", {Ints("[3, NULL, 1]")}) == "1");
  CHECK(Call("array_max", {Texts("[b, c, a]")}) == "c");
  CHECK(Call("array_max", {Ints("[NULL]")}) == "NULL");
  CHECK(Call("array_sum", {Ints("[1, NULL, 2]")}) == "3");
  CHECK(Call("array_sum", {Ints("[]")}) == "NULL");
  CHECK(Call("array_sum", {Ints("[9223372036854775807, 1]")}) == "error LDB-R006");
  CHECK(Call("array_sum", {As(data::Type::Array(data::Type::Decimal(4, 2)), "[1.25, 2.50]")}) == "3.75");
  CHECK(Call("array_avg", {Ints("[1, 2]")}) == "1.5");
  CHECK(Call("array_product", {Ints("[2, 3]")}) == "6.0");
  CHECK(Call("array_distance", {Reals("[0, 0]"), Reals("[1.5, 2]")}) == "2.5");
  CHECK(Call("array_distance", {Reals("[0]"), Reals("[1.5, 2]")}) == "error LDB-R012");
  CHECK(Call("cosine_distance", {Reals("[0, 0]"), Reals("[1, 1]")}) == "NULL");
}

TEST_CASE("shapes and containment") {
  CHECK(Call("array_ndims", {Ints("[1]")}) == "1");
  CHECK(Call("array_resize", {Ints("[1, 2]"), Int(4)}) == "[1, 2, NULL, NULL]");
  CHECK(Call("array_resize", {Ints("[1, 2]"), Int(-1)}) == "error LDB-R005");
  CHECK(Call("array_resize", {Ints("[1, 2]"), Int(INT64_MAX)}) == "error LDB-R017");
  CHECK(Call("arrays_zip", {Ints("[1, 2]"), Texts("[a]")}) == "[{'f1': 1, 'f2': a}, {'f1': 2, 'f2': NULL}]");
  CHECK(Call("array_scale", {Reals("[1, NULL, 3]"), Real(0.5)}) == "[0.5, NULL, 1.5]");
  CHECK(Call("array_normalize", {Reals("[3, 4]")}) == "[0.6000000000000001, 0.8]");
  CHECK(Call("array_normalize", {Reals("[0]")}) == "[0.0]");
  CHECK(Call("array_any_value", {Ints("[NULL, 7]")}) == "7");
  CHECK(Call("@>", {Ints("[1, 2, 3]"), Ints("[3, 1]")}) == "true");
  CHECK(Call("@>", {Ints("[1]"), Ints("[2]")}) == "false");
  CHECK(Call("<@", {Ints("[]"), Ints("[2]")}) == "true");
  CHECK(Call("<@", {Ints("[2]"), Null()}) == "NULL");
}

TEST_CASE("orders and sets of elements") {
  CHECK(Call("array_reverse", {Ints("[1, NULL, 3]")}) == "[3, NULL, 1]");
  CHECK(Call("array_sort", {Ints("[2, NULL, 1]")}) == "[1, 2, NULL]");
  CHECK(Call("array_sort", {Ints("[2, NULL, 3, 1]"), Text("DESC"), Text("nulls first")}) == "[NULL, 3, 2, 1]");
  CHECK(Call("array_sort", {Ints("[2]"), Text("up")}) == "error LDB-R012");
  CHECK(Call("array_distinct", {Ints("[2, NULL, 1, 2, NULL]")}) == "[2, NULL, 1]");
  CHECK(Call("array_compact", {Ints("[NULL, 1, NULL]")}) == "[1]");
  CHECK(Call("array_pop_back", {Ints("[]")}) == "[]");
  CHECK(Call("array_pop_front", {Ints("[1, 2]")}) == "[2]");
  CHECK(Call("array_remove", {Ints("[1, 2, NULL, 1]"), Int(1)}) == "[2, NULL]");
  CHECK(Call("array_remove", {Ints("[1, NULL]"), Null()}) == "[1]");
  CHECK(Call("array_remove_n", {Ints("[1, 2, 1]"), Int(1), Int(1)}) == "[2, 1]");
  CHECK(Call("array_replace", {Ints("[1, NULL, 1]"), Int(1), Int(9)}) == "[9, NULL, 9]");
  CHECK(Call("array_replace", {Ints("[1, NULL]"), Null(), Int(9)}) == "[1, 9]");
  CHECK(Call("array_intersect", {Ints("[1, 2, 2, 3]"), Ints("[3, 2]")}) == "[2, 3]");
  CHECK(Call("array_except", {Ints("[1, 2, 2, 3]"), Ints("[3]")}) == "[1, 2]");
  CHECK(Call("array_union", {Ints("[2, 1, 2]"), Ints("[3, 1]")}) == "[2, 1, 3]");
}

// Long arrays cross the block size of the copying loop; a plain C++ vector is the oracle.
TEST_CASE("sorting, distinct and slices agree with a plain vector") {
  Random random(5);
  auto text_of = [](const std::vector<int64_t>& numbers) {
    std::string text = "[";
    for (size_t i = 0; i < numbers.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(numbers[i]);
    return text + "]";
  };
  for (const size_t size : {0, 1, 2, 33, 1024, 1500}) {
    std::vector<int64_t> numbers;
    for (size_t i = 0; i < size; ++i) numbers.push_back(random.Between(-40, 40));
    const Given list = Ints(text_of(numbers));
    std::vector<int64_t> sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    CHECK(Call("array_sort", {list}) == text_of(sorted));
    std::vector<int64_t> distinct;
    for (const int64_t number : numbers) {
      if (std::find(distinct.begin(), distinct.end(), number) == distinct.end()) distinct.push_back(number);
    }
    CHECK(Call("array_distinct", {list}) == text_of(distinct));
    CHECK(Call("array_slice", {list, Int(1), Int(5)}) ==
          text_of({numbers.begin(), numbers.begin() + static_cast<ptrdiff_t>(std::min<size_t>(size, 5))}));
  }
}

}  // namespace
}  // namespace laminar::functions::testing
