// How long a program takes: nanoseconds a row at 1, 64 and 1024 rows for a few typical expressions. Built by hand,
// Release:
//   g++ -std=gnu++23 -O3 -march=x86-64-v3 -Isrc src/functions/scalar/arithmetic_bench.cc <libraries> && ./a.out
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "expr/program.h"
#include "functions/kernel.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

using data::Value;
using expr::ExprPtr;

const Type kInt = TypeId::kInt64;
const Type kReal = TypeId::kDouble;
const Type kText = TypeId::kVarchar;

struct Bench {
  expr::FunctionRegistry registry;
  std::vector<Type> types = {kReal, kInt, kInt, kText, kReal};
  data::BatchBuffer rows{types};

  Bench() {
    RegisterArithmetic(registry);
    RegisterBoolean(registry);
    RegisterComparison(registry);
    RegisterConditional(registry);
    RegisterLike(registry);
    Random random(1);
    for (uint32_t i = 0; i < data::kBatchCapacity; ++i) {
      const Value row[] = {Value::Double(random.Unit() * 100), Value::Int(random.Between(0, 20000)),
                           Value::Int(random.Between(1, 1000)),
                           Value::String("SYM" + std::to_string(random.Below(500))), Value::Double(random.Unit())};
      rows.AppendRow(row);
    }
  }

  ExprPtr Column(uint32_t c) const { return expr::MakeColumn(c, types[c]); }
  ExprPtr Call(std::string_view name, ExprPtr a, ExprPtr b) const {
    std::vector<ExprPtr> args;
    args.push_back(std::move(a));
    args.push_back(std::move(b));
    const Type given[] = {args[0]->type, args[1]->type};
    const Value* const constants[] = {args[0]->kind == expr::ExprKind::kLiteral ? &args[0]->literal : nullptr,
                                      args[1]->kind == expr::ExprKind::kLiteral ? &args[1]->literal : nullptr};
    return expr::MakeCall(*registry.Resolve({.name = name, .types = given, .constants = constants}), std::move(args));
  }

  void Time(const char* name, std::vector<ExprPtr> exprs) {
    std::vector<const expr::Expr*> outputs;
    for (const ExprPtr& e : exprs) outputs.push_back(e.get());
    auto program = expr::Program::Compile(outputs, types);
    std::printf("%-34s %2zu instructions", name, program->instruction_count());
    for (const uint32_t count : {1u, 64u, 1024u}) {
      data::Batch batch = rows.batch();
      batch.rows = count;
      const expr::EvalEnvironment environment;
      std::vector<double> samples;
      for (int sample = 0; sample < 31; ++sample) {
        const int calls = static_cast<int>(200'000 / (count + 20));
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < calls; ++i) program->Evaluate(batch, environment);
        const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
        samples.push_back(spent.count() / calls);
      }
      std::sort(samples.begin(), samples.end());
      const double median = samples[samples.size() / 2];
      std::printf("   %4u rows: %8.1f ns = %6.3f ns a row", count, median, median / count);
    }
    std::printf("\n");
  }
};

ExprPtr Real(double value) { return expr::MakeLiteral(Value::Double(value), kReal); }
ExprPtr Int(int64_t value) { return expr::MakeLiteral(Value::Int(value), kInt); }
ExprPtr Text(const char* value) { return expr::MakeLiteral(Value::String(value), kText); }

template <class... E>
std::vector<ExprPtr> List(E... exprs) {
  std::vector<ExprPtr> list;
  (list.push_back(std::move(exprs)), ...);
  return list;
}

void Run() {
  Bench b;
  b.Time("price * 0.908", List(b.Call("*", b.Column(0), Real(0.908))));
  b.Time("auction % 123 = 0", List(b.Call("=", b.Call("%", b.Column(1), Int(123)), Int(0))));
  b.Time("auction + volume", List(b.Call("+", b.Column(1), b.Column(2))));
  b.Time("auction * volume", List(b.Call("*", b.Column(1), b.Column(2))));
  b.Time("auction / volume", List(b.Call("/", b.Column(1), b.Column(2))));
  b.Time("symbol = 'SYM17'", List(b.Call("=", b.Column(3), Text("SYM17"))));
  b.Time("symbol < 'SYM17'", List(b.Call("<", b.Column(3), Text("SYM17"))));
  b.Time("symbol LIKE 'SYM%'", List(b.Call("like", b.Column(3), Text("SYM%"))));
  b.Time("symbol LIKE '%17'", List(b.Call("like", b.Column(3), Text("%17"))));
  ExprPtr volume = expr::MakeCast(b.Column(2), kReal);
  ExprPtr notional = b.Call("*", b.Column(0), std::move(volume));
  ExprPtr fee = b.Call("*", expr::Clone(*notional), Real(0.001));
  ExprPtr choice = std::make_unique<expr::Expr>();
  choice->kind = expr::ExprKind::kCase;
  choice->type = kReal;
  choice->args = List(b.Call(">", b.Column(2), Int(500)), expr::Clone(*notional), expr::Clone(*fee));
  ExprPtr both = expr::MakeAnd(List(b.Call(">", b.Column(0), Real(10)), b.Call("<>", b.Column(3), Text("SYM3"))));
  ExprPtr later = b.Call("+", b.Column(1), Int(5000));
  ExprPtr net = b.Call("-", expr::Clone(*notional), expr::Clone(*fee));
  b.Time("ten-node projection", List(std::move(notional), std::move(fee), std::move(choice), std::move(both),
                                     std::move(later), std::move(net)));
}

}  // namespace
}  // namespace laminar::functions

int main() { laminar::functions::Run(); }
