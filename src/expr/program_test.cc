// Programs against a naive interpreter of the same tree, row by row, over random trees and random batches.
#include "expr/program.h"

#include <doctest/doctest.h>

#include <cstring>

#include "base/hot_scope.h"
#include "expr/cast.h"
#include "expr/kernel_loops.h"
#include "expr/testing/random_batch.h"

namespace laminar::expr {
namespace {

using data::Type;
using data::TypeId;
using data::Value;

const Type kInt = TypeId::kInt64;
const Type kBool = TypeId::kBool;
const Type kText = TypeId::kVarchar;

// ---- A few functions, each with its meaning for one row ----

struct Outcome1 {
  Value value;
  bool failed = false;
};

Outcome AddRow(int64_t a, int64_t b, int64_t& out) {
  return Outcome::FailIf(__builtin_add_overflow(a, b, &out), ErrorCode::kOverflow);
}
Outcome DivideRow(int64_t a, int64_t b, int64_t& out) {
  if (b == 0) return Outcome::Fail(ErrorCode::kDivisionByZero);
  if (a == INT64_MIN && b == -1) return Outcome::Fail(ErrorCode::kOverflow);
  out = a / b;
  return Outcome::Value();
}
Outcome EvenRow(int64_t a, int64_t& out) {
  out = a;
  return Outcome::NullIf((a & 1) != 0);
}
StringRef JoinRow(KernelContext& context, StringRef a, StringRef b) {
  return NewString(context, a.length + b.length, [&](char* to) {
    std::memcpy(to, a.data(), a.length);
    std::memcpy(to + a.length, b.data(), b.length);
  });
}
int64_t LengthRow(StringRef text) { return text.length; }
bool LessRow(int64_t a, int64_t b) { return a < b; }
bool SameRow(StringRef a, StringRef b) { return a == b; }

void IsNullKernel(KernelContext& context, Arguments args, Column& out) {
  for (uint32_t i = 0; i < context.rows; ++i) out.As<bool>()[i] = args[0]->IsNull(i);
}
uint64_t ticket = 0;
void TicketKernel(KernelContext& context, Arguments, Column& out) {
  for (uint32_t i = 0; i < context.rows; ++i) out.As<int64_t>()[i] = static_cast<int64_t>(ticket++);
}

std::shared_ptr<const BoundFunction> Make(std::string name, std::vector<Type> arguments, Type result, Kernel kernel,
                                          Traits traits = {}) {
  auto bound = std::make_shared<BoundFunction>();
  bound->name = std::move(name);
  bound->arguments = std::move(arguments);
  bound->result = std::move(result);
  bound->kernel = kernel;
  bound->traits = traits;
  return bound;
}

const auto kAdd = Make("add", {kInt, kInt}, kInt, Binary<int64_t, int64_t, int64_t, AddRow>, {.may_fail = true});
const auto kDivide =
    Make("divide", {kInt, kInt}, kInt, Binary<int64_t, int64_t, int64_t, DivideRow>, {.may_fail = true});
const auto kEven = Make("even", {kInt}, kInt, Unary<int64_t, int64_t, EvenRow>);
const auto kJoin = Make("join", {kText, kText}, kText, EachBinary<StringRef, StringRef, StringRef, JoinRow>);
const auto kLength = Make("length", {kText}, kInt, Unary<StringRef, int64_t, LengthRow>);
const auto kLess = Make("less", {kInt, kInt}, kBool, Binary<int64_t, int64_t, bool, LessRow>);
const auto kSame = Make("same", {kText, kText}, kBool, Binary<StringRef, StringRef, bool, SameRow>);
const auto kIsNull = Make("is_null", {kInt}, kBool, IsNullKernel, {.nulls = NullPolicy::kCustom});
const auto kTicket = Make("ticket", {}, kInt, TicketKernel, {.nulls = NullPolicy::kCustom, .is_volatile = true});

ExprPtr Call(const std::shared_ptr<const BoundFunction>& function, ExprPtr a = nullptr, ExprPtr b = nullptr) {
  std::vector<ExprPtr> args;
  if (a != nullptr) args.push_back(std::move(a));
  if (b != nullptr) args.push_back(std::move(b));
  return MakeCall(function, std::move(args));
}

ExprPtr Form(ExprKind kind, Type type, std::vector<ExprPtr> args) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->type = std::move(type);
  expr->args = std::move(args);
  return expr;
}

// ---- The naive interpreter ----

Outcome1 CallRow(const Expr& expr, const std::vector<Outcome1>& args) {
  const std::string& name = expr.function->name;
  for (const Outcome1& arg : args) {
    if (arg.failed) return {.failed = true};
  }
  if (name == "is_null") return {Value::Bool(args[0].value.is_null())};
  for (const Outcome1& arg : args) {
    if (arg.value.is_null()) return {};
  }
  auto number = [&](size_t i) { return args[i].value.int_value(); };
  int64_t out = 0;
  if (name == "add") {
    const bool overflows = __builtin_add_overflow(number(0), number(1), &out);
    return {overflows ? Value() : Value::Int(out), overflows};
  }
  if (name == "divide") {
    const bool fails = number(1) == 0 || (number(0) == INT64_MIN && number(1) == -1);
    return fails ? Outcome1{.failed = true} : Outcome1{Value::Int(number(0) / number(1))};
  }
  if (name == "even") return {(number(0) & 1) != 0 ? Value() : Value::Int(number(0))};
  if (name == "join") return {Value::String(args[0].value.string_value() + args[1].value.string_value())};
  if (name == "length") return {Value::Int(static_cast<int64_t>(args[0].value.string_value().size()))};
  if (name == "less") return {Value::Bool(number(0) < number(1))};
  return {Value::Bool(args[0].value.string_value() == args[1].value.string_value())};
}

Outcome1 Naive(const Expr& expr, const RandomBatch& batch, uint32_t row);

Outcome1 LogicRow(const Expr& expr, const RandomBatch& batch, uint32_t row) {
  const bool deciding = expr.kind == ExprKind::kOr;
  bool failed = false;
  bool is_null = false;
  for (const ExprPtr& arg : expr.args) {
    const Outcome1 one = Naive(*arg, batch, row);
    if (!one.failed && !one.value.is_null() && one.value.bool_value() == deciding) return {Value::Bool(deciding)};
    failed |= one.failed;
    is_null |= !one.failed && one.value.is_null();
  }
  if (failed) return {.failed = true};
  return {is_null ? Value() : Value::Bool(!deciding)};
}

Outcome1 Naive(const Expr& expr, const RandomBatch& batch, uint32_t row) {
  switch (expr.kind) {
    case ExprKind::kColumn: return {batch.At(expr.column, row)};
    case ExprKind::kLiteral: return {expr.literal};
    case ExprKind::kAnd:
    case ExprKind::kOr: return LogicRow(expr, batch, row);
    case ExprKind::kCase:
      for (size_t i = 0; i + 1 < expr.args.size(); i += 2) {
        const Outcome1 when = Naive(*expr.args[i], batch, row);
        if (when.failed) return when;
        if (!when.value.is_null() && when.value.bool_value()) return Naive(*expr.args[i + 1], batch, row);
      }
      return Naive(*expr.args.back(), batch, row);
    case ExprKind::kCoalesce:
      for (const ExprPtr& arg : expr.args) {
        Outcome1 one = Naive(*arg, batch, row);
        if (one.failed || !one.value.is_null()) return one;
      }
      return {};
    case ExprKind::kCast: {
      const Outcome1 arg = Naive(*expr.args[0], batch, row);
      if (arg.failed) return arg;
      Result<Value> cast = CastValue(arg.value, expr.args[0]->type, expr.type);
      if (cast.has_value()) return {*std::move(cast)};
      return {.failed = !expr.is_try};
    }
    case ExprKind::kCall: break;
  }
  std::vector<Outcome1> args;
  for (const ExprPtr& arg : expr.args) args.push_back(Naive(*arg, batch, row));
  return CallRow(expr, args);
}

// ---- Random trees ----

struct Trees {
  Random& random;
  const std::vector<Type>& types;

  ExprPtr Leaf(const Type& type) {
    std::vector<uint32_t> fitting;
    for (uint32_t c = 0; c < types.size(); ++c) {
      if (types[c] == type) fitting.push_back(c);
    }
    if (!fitting.empty() && !random.OneIn(4)) return MakeColumn(fitting[random.Below(fitting.size())], type);
    return MakeLiteral(RandomValue(random, type, 15), type);
  }

  ExprPtr Tree(const Type& type, int depth) {
    if (depth == 0 || random.OneIn(6)) return Leaf(type);
    switch (random.Below(5)) {
      case 0: {
        std::vector<ExprPtr> args;
        const uint64_t branches = 1 + random.Below(3);
        for (uint64_t i = 0; i < branches; ++i) {
          args.push_back(Tree(kBool, depth - 1));
          args.push_back(Tree(type, depth - 1));
        }
        args.push_back(Tree(type, depth - 1));
        return Form(ExprKind::kCase, type, std::move(args));
      }
      case 1: {
        std::vector<ExprPtr> args;
        const uint64_t count = 1 + random.Below(3);
        for (uint64_t i = 0; i < count; ++i) args.push_back(Tree(type, depth - 1));
        return Form(ExprKind::kCoalesce, type, std::move(args));
      }
      default: break;
    }
    if (type == kInt) {
      switch (random.Below(5)) {
        case 0: return Call(kAdd, Tree(kInt, depth - 1), Tree(kInt, depth - 1));
        case 1: return Call(kDivide, Tree(kInt, depth - 1), Tree(kInt, depth - 1));
        case 2: return Call(kEven, Tree(kInt, depth - 1));
        case 3: return MakeCast(Tree(kText, depth - 1), kInt, random.OneIn(2));
        default: return Call(kLength, Tree(kText, depth - 1));
      }
    }
    if (type == kText) {
      if (random.OneIn(2)) return MakeCast(Tree(kInt, depth - 1), kText);
      return Call(kJoin, Tree(kText, depth - 1), Tree(kText, depth - 1));
    }
    switch (random.Below(5)) {
      case 0: return Call(kLess, Tree(kInt, depth - 1), Tree(kInt, depth - 1));
      case 1: return Call(kSame, Tree(kText, depth - 1), Tree(kText, depth - 1));
      case 2: return Call(kIsNull, Tree(kInt, depth - 1));
      default: {
        std::vector<ExprPtr> args;
        const uint64_t count = 1 + random.Below(4);
        for (uint64_t i = 0; i < count; ++i) args.push_back(Tree(kBool, depth - 1));
        return Form(random.OneIn(2) ? ExprKind::kAnd : ExprKind::kOr, kBool, std::move(args));
      }
    }
  }
};

void CheckOutput(const Program& program, size_t output, const Expr& expr, const RandomBatch& batch) {
  const data::Column& column = program.output(output);
  for (uint32_t row = 0; row < batch.batch.rows; ++row) {
    const Outcome1 wanted = Naive(expr, batch, row);
    CAPTURE(ToString(expr));
    CAPTURE(row);
    REQUIRE(column.HasError(row) == wanted.failed);
    if (wanted.failed) continue;
    const Value got = Value::FromColumn(column, expr.type, row);
    const bool same = got == wanted.value;
    if (!same) MESSAGE(got.ToString(expr.type), " instead of ", wanted.value.ToString(expr.type));
    REQUIRE(same);
  }
}

const std::vector<Type> kTypes = {kInt, kInt, kBool, kText, kText, kBool};

}  // namespace

TEST_CASE("a program computes what the naive interpreter computes, row by row") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Trees trees{random, kTypes};
    std::vector<ExprPtr> exprs;
    std::vector<const Expr*> outputs;
    const uint64_t count = 1 + random.Below(4);
    for (uint64_t k = 0; k < count; ++k) {
      exprs.push_back(trees.Tree(random.OneIn(3) ? kText : (random.OneIn(2) ? kInt : kBool), 4));
      outputs.push_back(exprs.back().get());
    }
    Result<Program> program = Program::Compile(outputs, kTypes);
    REQUIRE(program.has_value());
    for (int round = 0; round < 3; ++round) {
      const RandomBatch batch(random, kTypes,
                              static_cast<uint32_t>(random.OneIn(4) ? random.Below(3) : random.Below(300)));
      const EvalEnvironment environment;
      program->Evaluate(batch.batch, environment);
      {
        // Warm now: the second time nothing may be allocated.
        HotScope hot("program under test");
        program->Evaluate(batch.batch, environment);
      }
      for (size_t k = 0; k < outputs.size(); ++k) CheckOutput(*program, k, *outputs[k], batch);
      bool any_error = false;
      for (size_t k = 0; k < outputs.size(); ++k) {
        for (uint32_t row = 0; row < batch.batch.rows; ++row) any_error |= program->output(k).HasError(row);
      }
      if (any_error) CHECK(program->any_error());
      CHECK((program->first_error() != ErrorCode::kOk) == program->any_error());
    }
  }
}

TEST_CASE("a predicate selects exactly the rows that are true, ascending") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Random random(seed + 1000);
    Trees trees{random, kTypes};
    const ExprPtr expr = trees.Tree(kBool, 4);
    Result<Predicate> predicate = Predicate::Compile(*expr, kTypes);
    REQUIRE(predicate.has_value());
    const uint32_t rows = random.OneIn(5) ? data::kBatchCapacity : static_cast<uint32_t>(random.Below(200));
    const RandomBatch batch(random, kTypes, rows);
    uint16_t selection[data::kBatchCapacity + 64];
    const uint32_t count = predicate->Select(batch.batch, {}, selection);
    uint32_t at = 0;
    for (uint32_t row = 0; row < rows; ++row) {
      const Outcome1 wanted = Naive(*expr, batch, row);
      const bool failed = predicate->errors() != nullptr && data::TestBit(predicate->errors(), row);
      REQUIRE(failed == wanted.failed);
      if (wanted.failed || wanted.value.is_null() || !wanted.value.bool_value()) continue;
      REQUIRE(at < count);
      REQUIRE(selection[at++] == row);
    }
    CHECK(at == count);
  }
}

TEST_CASE("equal subexpressions are computed once, volatile ones each time") {
  auto sum = [] { return Call(kAdd, MakeColumn(0, kInt), MakeColumn(1, kInt)); };
  const ExprPtr twice = Call(kAdd, sum(), sum());
  const ExprPtr once = sum();
  const Expr* const outputs[] = {twice.get(), once.get()};
  Result<Program> program = Program::Compile(outputs, kTypes);
  REQUIRE(program.has_value());
  CHECK(program->instruction_count() == 2);
  CHECK(program->wants_compact_input());

  const ExprPtr tickets = Call(kAdd, Call(kTicket), Call(kTicket));
  const Expr* const two[] = {tickets.get()};
  Result<Program> volatile_program = Program::Compile(two, kTypes);
  REQUIRE(volatile_program.has_value());
  CHECK(volatile_program->instruction_count() == 3);
  Random random(1);
  const RandomBatch batch(random, kTypes, 5);
  ticket = 0;
  volatile_program->Evaluate(batch.batch, {});
  CHECK(Value::FromColumn(volatile_program->output(0), kInt, 4).int_value() == 4 + 9);
}

TEST_CASE("slots are used again after their last reader") {
  ExprPtr chain = MakeColumn(0, kInt);
  for (int i = 0; i < 20; ++i) chain = Call(kAdd, std::move(chain), MakeLiteral(Value::Int(i), kInt));
  const Expr* const outputs[] = {chain.get()};
  Result<Program> program = Program::Compile(outputs, kTypes);
  REQUIRE(program.has_value());
  CHECK(program->instruction_count() == 20);
  CHECK(program->slot_count() == 2);
}

TEST_CASE("constant parts cost no instruction and constant inputs give constant outputs") {
  const ExprPtr expr =
      Call(kAdd, MakeColumn(0, kInt), Call(kAdd, MakeLiteral(Value::Int(2), kInt), MakeLiteral(Value::Int(3), kInt)));
  const Expr* const outputs[] = {expr.get()};
  Result<Program> program = Program::Compile(outputs, kTypes);
  REQUIRE(program.has_value());
  CHECK(program->instruction_count() == 1);
  data::BatchBuffer buffer({kInt});
  const Value seven = Value::Int(7);
  buffer.AppendRow({&seven, 1});
  buffer.column(0).encoding = data::Encoding::kConstant;
  data::Batch batch = buffer.batch();
  batch.rows = 100;
  program->Evaluate(batch, {});
  CHECK(program->output(0).encoding == data::Encoding::kConstant);
  CHECK(Value::FromColumn(program->output(0), kInt, 99).int_value() == 12);
}

TEST_CASE("an output that is a plain column is the column of the batch") {
  const ExprPtr plain = MakeColumn(3, kText);
  const Expr* const outputs[] = {plain.get(), plain.get()};
  Result<Program> program = Program::Compile(outputs, kTypes);
  REQUIRE(program.has_value());
  CHECK(program->instruction_count() == 0);
  Random random(3);
  const RandomBatch batch(random, kTypes, 10);
  program->Evaluate(batch.batch, {});
  CHECK(&program->output(0) == &batch.batch.columns[3]);
  CHECK(&program->output(1) == &batch.batch.columns[3]);
}

TEST_CASE("over a dictionary column a function is computed once a value, and again only for a new dictionary") {
  static uint32_t computed = 0;
  const auto count = Make("count", {kText}, kInt, [](KernelContext& context, Arguments args, Column& out) {
    computed += context.rows;
    Unary<StringRef, int64_t, LengthRow>(context, args, out);
  });
  const ExprPtr expr = Call(kAdd, Call(count, MakeColumn(0, kText)), MakeColumn(1, kInt));
  const Expr* const outputs[] = {expr.get()};
  const Type inputs[] = {kText, kInt};
  Result<Program> program = Program::Compile(outputs, inputs);
  REQUIRE(program.has_value());
  data::BatchBuffer words({kText}, 2000);
  data::BatchBuffer numbers({kInt});
  std::vector<uint32_t> codes(data::kBatchCapacity);
  Random random(4);
  std::vector<Value> texts;
  for (uint32_t i = 0; i < 1500; ++i) {
    texts.push_back(Value::String(std::string(random.Below(40), 'x')));
    words.AppendRow({&texts.back(), 1});
    codes[i % data::kBatchCapacity] = static_cast<uint32_t>(random.Below(1500));
  }
  for (int i = 0; i < 1000; ++i) {
    const Value number = Value::Int(i);
    numbers.AppendRow({&number, 1});
  }
  data::Column columns[2] = {{}, numbers.column(0)};
  columns[0].encoding = data::Encoding::kDictionary;
  columns[0].codes = codes.data();
  columns[0].dictionary = &words.column(0);
  columns[0].dictionary_size = 1500;
  columns[0].dictionary_id = 77;
  data::Batch batch;
  batch.rows = 1000;
  batch.column_count = 2;
  batch.columns = columns;
  auto check = [&](uint32_t wanted_rows) {
    computed = 0;
    program->Evaluate(batch, {});
    CHECK(computed == wanted_rows);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const auto length = static_cast<int64_t>(texts[codes[row]].string_value().size());
      REQUIRE(Value::FromColumn(program->output(0), kInt, row).int_value() == length + static_cast<int64_t>(row));
    }
  };
  check(1000);  // larger than the batch and new: by row
  check(1500);  // it came again: by value
  check(0);
  check(0);
  columns[0].dictionary_id = 78;
  columns[0].dictionary_size = 900;
  for (uint32_t& code : codes) code %= 900;
  check(900);  // smaller than the batch: by value at once
  check(0);
}

TEST_CASE("a constant evaluates to a value or to the error of its row") {
  const ExprPtr fine = Call(kDivide, MakeLiteral(Value::Int(7), kInt), MakeLiteral(Value::Int(2), kInt));
  CHECK(EvaluateConstant(*fine, {})->int_value() == 3);
  const ExprPtr bad = Call(kDivide, MakeLiteral(Value::Int(7), kInt), MakeLiteral(Value::Int(0), kInt));
  CHECK(EvaluateConstant(*bad, {}).error().code() == ErrorCode::kDivisionByZero);
}

TEST_CASE("folding keeps what a tree computes and leaves failing parts to fail by row") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Random random(seed + 5000);
    Trees trees{random, kTypes};
    const ExprPtr expr = trees.Tree(random.OneIn(2) ? kInt : kBool, 4);
    ExprPtr folded = Clone(*expr);
    CHECK(Equal(*expr, *folded));
    CHECK(Hash(*expr) == Hash(*folded));
    FoldConstants(folded, {});
    const RandomBatch batch(random, kTypes, 40);
    for (uint32_t row = 0; row < 40; ++row) {
      const Outcome1 a = Naive(*expr, batch, row);
      const Outcome1 b = Naive(*folded, batch, row);
      CAPTURE(ToString(*expr));
      CAPTURE(ToString(*folded));
      REQUIRE(a.failed == b.failed);
      if (!a.failed) REQUIRE(a.value == b.value);
    }
  }
}

TEST_CASE("expressions have one canonical text") {
  auto plus = Make("+", {kInt, kInt}, kInt, Binary<int64_t, int64_t, int64_t, AddRow>);
  const ExprPtr expr = Call(plus, MakeColumn(0, kInt), MakeLiteral(Value::Int(5), kInt));
  CHECK(ToString(*expr) == "(#0 + 5)");
  const std::vector<std::string> names = {"price"};
  CHECK(ToString(*expr, &names) == "(price + 5)");
  CHECK(ToString(*MakeLiteral(Value::String("it's"), kText)) == "'it''s'");
  CHECK(ToString(*MakeCast(MakeColumn(1, kText), kInt, true)) == "TRY_CAST(#1 AS BIGINT)");
}

}  // namespace laminar::expr
