// nullif, ifnull, nvl2, if, greatest, least. Their arguments are all computed, so an error in any of them fails the
// row; CASE and COALESCE, which are forms of the expression tree, only look at the branch they take.
#include "data/copy_rows.h"
#include "functions/register.h"
#include "functions/scalar/arithmetic.h"
#include "functions/scalar/comparison.h"

namespace laminar::functions {
namespace {

// Copies chosen rows of columns of one type; what is not copied is NULL.
class RowWriter {
 public:
  RowWriter(KernelContext& context, Column& out, const Type& type)
      : context_(context), out_(out), type_(type), width_(data::ValueWidth(type.physical())) {}

  void Take(uint32_t row, const Column& from) {
    if (from.IsNull(row)) return SetNull(row);
    if (type_.is_nested()) return data::CopyRows(*context_.buffer, out_, type_, row, from, row, 1);
    if (out_.has_nulls) data::SetBit(out_.validity, row);
    Copy(static_cast<char*>(out_.values) + size_t{width_} * row,
         static_cast<const char*>(from.values) + size_t{width_} * from.Slot(row));
  }
  void SetNull(uint32_t row) { context_.buffer->SetNull(out_, row); }

 private:
  // Copies of a size known to the compiler are single moves.
  void Copy(char* to, const char* from) const {
    switch (width_) {
      case 1: std::memcpy(to, from, 1); return;
      case 2: std::memcpy(to, from, 2); return;
      case 4: std::memcpy(to, from, 4); return;
      case 8: std::memcpy(to, from, 8); return;
      case 16: std::memcpy(to, from, 16); return;
      default: return;
    }
  }

  KernelContext& context_;
  Column& out_;
  const Type& type_;
  uint32_t width_;
};

void NullIf(KernelContext& context, Arguments args, Column& out) {
  const Type& type = StateOf<ComparedType>(context).type;
  RowWriter writer(context, out, type);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const bool is_same =
        !args[0]->IsNull(row) && !args[1]->IsNull(row) && CompareRows(*args[0], row, *args[1], row, type) == 0;
    if (is_same) {
      writer.SetNull(row);
    } else {
      writer.Take(row, *args[0]);
    }
  }
}

void IfNull(KernelContext& context, Arguments args, Column& out) {
  RowWriter writer(context, out, StateOf<ComparedType>(context).type);
  for (uint32_t row = 0; row < context.rows; ++row) writer.Take(row, *args[args[0]->IsNull(row) ? 1 : 0]);
}

void Nvl2(KernelContext& context, Arguments args, Column& out) {
  RowWriter writer(context, out, StateOf<ComparedType>(context).type);
  for (uint32_t row = 0; row < context.rows; ++row) writer.Take(row, *args[args[0]->IsNull(row) ? 2 : 1]);
}

void If(KernelContext& context, Arguments args, Column& out) {
  const Arg<bool> condition(*args[0]);
  RowWriter writer(context, out, StateOf<ComparedType>(context).type);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const bool is_true = !args[0]->IsNull(row) && condition[row];
    writer.Take(row, *args[is_true ? 1 : 2]);
  }
}

// The largest (kSign 1) or smallest (-1) argument that is not NULL; NULL when all are.
template <int kSign>
void Extreme(KernelContext& context, Arguments args, Column& out) {
  const Type& type = StateOf<ComparedType>(context).type;
  RowWriter writer(context, out, type);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const Column* best = nullptr;
    for (const Column* arg : args) {
      if (arg->IsNull(row)) continue;
      if (best == nullptr || CompareRows(*arg, row, *best, row, type) * kSign > 0) best = arg;
    }
    if (best == nullptr) {
      writer.SetNull(row);
    } else {
      writer.Take(row, *best);
    }
  }
}

// All arguments from `first` on meet in one type, which is the result.
Result<BoundFunction> BindChoice(const BindCall& call, size_t first, size_t count_min, size_t count_max,
                                 expr::Kernel kernel, std::string_view usage) {
  if (call.types.size() < count_min || call.types.size() > count_max) {
    return Error(Status(ErrorCode::kFunctionArguments, "function '" + std::string(call.name) + "' does not take " +
                                                           std::to_string(call.types.size()) + " arguments")
                     .WithHint("use " + std::string(usage)));
  }
  BindCall rest = call;
  rest.types = call.types.subspan(first);
  auto state = std::make_shared<ComparedType>();
  Type common = rest.types[0];
  for (const Type& type : rest.types) common = TRY(expr::CommonType(common, type));
  state->type = common;
  std::vector<Type> arguments(call.types.begin(), call.types.begin() + static_cast<ptrdiff_t>(first));
  arguments.resize(call.types.size(), common);
  BoundFunction bound = Operator(std::move(arguments), common, kernel, false, std::move(state));
  bound.traits.nulls = expr::NullPolicy::kCustom;
  bound.never_null = false;
  return bound;
}

constexpr size_t kMany = 1000;

Result<BoundFunction> BindNullIf(const BindCall& call) { return BindChoice(call, 0, 2, 2, NullIf, "nullif(a, b)"); }
Result<BoundFunction> BindIfNull(const BindCall& call) { return BindChoice(call, 0, 2, 2, IfNull, "ifnull(a, b)"); }
Result<BoundFunction> BindNvl2(const BindCall& call) {
  return BindChoice(call, 1, 3, 3, Nvl2, "nvl2(x, value_if_not_null, value_if_null)");
}
Result<BoundFunction> BindGreatest(const BindCall& call) {
  return BindChoice(call, 0, 1, kMany, Extreme<1>, "greatest(a, b, ...)");
}
Result<BoundFunction> BindLeast(const BindCall& call) {
  return BindChoice(call, 0, 1, kMany, Extreme<-1>, "least(a, b, ...)");
}

Result<BoundFunction> BindIf(const BindCall& call) {
  BoundFunction bound = TRY(BindChoice(call, 1, 3, 3, If, "if(condition, value_if_true, value_else)"));
  if (expr::ImplicitCastCost(call.types[0], TypeId::kBool) < 0) {
    return Error(
        Status(ErrorCode::kFunctionArguments, "the condition of 'if' is " + call.types[0].ToString() + ", not BOOLEAN")
            .WithHint("compare it, for example x <> 0"));
  }
  bound.arguments[0] = TypeId::kBool;
  return bound;
}

}  // namespace

void RegisterConditional(expr::FunctionRegistry& registry) {
  Scalar(registry, "nullif")
      .Category("conditional")
      .Doc("NULL when both arguments are equal, else the first.")
      .Example("nullif(1, 2)", "1")
      .Example("nullif(1, 1)", "NULL")
      .Bind(BindNullIf);
  Scalar(registry, "ifnull")
      .Alias("nvl")
      .Category("conditional")
      .Doc("The first argument, or the second where it is NULL.")
      .Example("ifnull(NULL, 2)", "2")
      .Bind(BindIfNull);
  Scalar(registry, "nvl2")
      .Category("conditional")
      .Doc("The second argument where the first is not NULL, else the third.")
      .Example("nvl2(1, 'a', 'b')", "a")
      .Bind(BindNvl2);
  Scalar(registry, "if")
      .Alias("iff")
      .Category("conditional")
      .Doc("The second argument where the first is TRUE, else the third.")
      .Example("if(1 < 2, 'yes', 'no')", "yes")
      .Bind(BindIf);
  Scalar(registry, "greatest")
      .Category("conditional")
      .Doc("The largest argument; NULLs do not count.")
      .Example("greatest(1, NULL, 3)", "3")
      .Bind(BindGreatest);
  Scalar(registry, "least")
      .Category("conditional")
      .Doc("The smallest argument; NULLs do not count.")
      .Example("least(1, NULL, 3)", "1")
      .Bind(BindLeast);
}

}  // namespace laminar::functions
