// Declares a scalar function in a few lines; registered when the statement ends.
//
//     Scalar(registry, "abs").Category("mathematics").Doc("Magnitude of x.").Example("abs(-3)", "3").MayFail()
//         .Add({TypeId::kInt64}, TypeId::kInt64, Unary<int64_t, int64_t, AbsChecked>)
//         .Add({TypeId::kDouble}, TypeId::kDouble, Unary<double, double, AbsDouble>);
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/type.h"
#include "expr/function.h"

namespace laminar::functions {

class [[nodiscard]] Scalar {
 public:
  Scalar(expr::FunctionRegistry& registry, std::string_view name) : registry_(registry) { function_.name = name; }
  ~Scalar() { registry_.Add(std::move(function_)); }
  Scalar(const Scalar&) = delete;
  Scalar& operator=(const Scalar&) = delete;

  Scalar& Alias(std::string_view name) { return function_.aliases.emplace_back(name), *this; }
  Scalar& Category(std::string_view name) { return function_.category = name, *this; }
  Scalar& Doc(std::string_view text) { return function_.doc = text, *this; }
  // An SQL expression and its result as text; every example is run as a test.
  Scalar& Example(std::string_view sql, std::string_view result) {
    return function_.examples.emplace_back(sql, result), *this;
  }

  // Traits. Without them: null in, null out; always the same; never fails; cheap.
  Scalar& CustomNulls() { return function_.traits.nulls = expr::NullPolicy::kCustom, *this; }
  Scalar& Volatile() { return function_.traits.is_volatile = true, *this; }
  Scalar& MayFail() { return function_.traits.may_fail = true, *this; }
  Scalar& Costly() { return function_.traits.is_costly = true, *this; }

  Scalar& Add(std::vector<data::Type> parameters, data::Type result, expr::Kernel kernel,
              expr::PrepareFn prepare = nullptr) {
    function_.overloads.push_back(
        {.parameters = std::move(parameters), .result = std::move(result), .kernel = kernel, .prepare = prepare});
    return *this;
  }
  // The last parameter repeats, zero or more times.
  Scalar& AddVariadic(std::vector<data::Type> parameters, data::Type result, expr::Kernel kernel,
                      expr::PrepareFn prepare = nullptr) {
    Add(std::move(parameters), std::move(result), kernel, prepare);
    function_.overloads.back().is_variadic = true;
    return *this;
  }
  // For functions generic over types: decides argument types, result, kernel and state itself. The registry fills in
  // the bound function's name, and its traits where bind leaves them as they are.
  Scalar& Bind(expr::BindFn bind) { return function_.bind = bind, *this; }

 private:
  expr::FunctionRegistry& registry_;
  expr::ScalarFunction function_;
};

}  // namespace laminar::functions
