// FunctionRegistry: names to functions, and the choice of an overload.
//
// Law: the overload of least total implicit cast cost wins; among equals the one declared first. So the same call
// always resolves to the same function. Called while statements are planned.
#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/check.h"
#include "base/text.h"
#include "expr/aggregate.h"
#include "expr/cast.h"
#include "expr/function.h"
#include "expr/type_rules.h"

namespace laminar::expr {

struct FunctionRegistry::Index {
  std::vector<std::unique_ptr<ScalarFunction>> scalars;
  std::vector<std::unique_ptr<AggregateFunction>> aggregates;
  std::unordered_map<std::string, const ScalarFunction*> scalar_names;
  std::unordered_map<std::string, const AggregateFunction*> aggregate_names;
};

namespace {

template <class F>
void AddNames(std::unordered_map<std::string, const F*>& names, const F& function) {
  CHECK(names.emplace(function.name, &function).second);
  for (const std::string& alias : function.aliases) CHECK(names.emplace(alias, &function).second);
}

template <class F>
std::vector<const F*> Sorted(const std::vector<std::unique_ptr<F>>& functions) {
  std::vector<const F*> all;
  for (const std::unique_ptr<F>& function : functions) all.push_back(function.get());
  std::sort(all.begin(), all.end(), [](const F* a, const F* b) { return a->name < b->name; });
  return all;
}

std::string TypeList(std::span<const data::Type> types) {
  std::string text;
  for (size_t i = 0; i < types.size(); ++i) {
    if (i > 0) text += ", ";
    text += types[i].id() == data::TypeId::kDecimal && types[i].precision() == 0 ? "DECIMAL" : types[i].ToString();
  }
  return text;
}

std::string Candidates(const ScalarFunction& function) {
  std::string text;
  for (const Overload& overload : function.overloads) {
    if (!text.empty()) text += ", ";
    text += function.name + "(" + TypeList(overload.parameters) + (overload.is_variadic ? ", ..." : "") + ")";
  }
  return text;
}

internal::Failure NoOverload(const ScalarFunction& function, const BindCall& call) {
  return Error(Status(ErrorCode::kFunctionArguments, "function '" + std::string(call.name) + "' does not take (" +
                                                         TypeList(call.types) + "); it takes " + Candidates(function))
                   .WithHint("cast the arguments to one of these lists of types"));
}

const data::Type& ParameterOf(const Overload& overload, size_t i) {
  return overload.parameters[std::min(i, overload.parameters.size() - 1)];
}

// -1: does not fit.
int CostOf(const Overload& overload, std::span<const data::Type> types) {
  const size_t count = overload.parameters.size();
  if (overload.is_variadic ? types.size() + 1 < count : types.size() != count) return -1;
  int total = 0;
  for (size_t i = 0; i < types.size(); ++i) {
    const int cost = ImplicitCastCost(types[i], ParameterOf(overload, i));
    if (cost < 0) return -1;
    total += cost;
  }
  return total;
}

// A DECIMAL parameter without precision takes the argument's own precision and scale.
data::Type ArgumentType(const data::Type& parameter, const data::Type& given) {
  if (parameter.id() == data::TypeId::kDecimal && parameter.precision() == 0) return DecimalFor(given);
  return parameter;
}

// A DECIMAL result without precision is the type of the first DECIMAL argument.
data::Type ResultType(const data::Type& declared, std::span<const data::Type> arguments) {
  if (declared.id() != data::TypeId::kDecimal || declared.precision() != 0) return declared;
  for (const data::Type& type : arguments) {
    if (type.id() == data::TypeId::kDecimal) return type;
  }
  return data::Type::Decimal(38, 0);
}

Status Prepare(const Overload& overload, const BindCall& call, BoundFunction& bound) {
  if (overload.prepare == nullptr) return Status::Ok();
  std::vector<data::Value> values(call.types.size());
  std::vector<const data::Value*> constants(call.types.size(), nullptr);
  for (size_t i = 0; i < call.constants.size(); ++i) {
    if (call.constants[i] == nullptr) continue;
    constants[i] = call.constants[i];
    if (bound.arguments[i] == call.types[i]) continue;
    // A text literal without a type yet is announced as NULL by the binder.
    const bool is_untyped = call.types[i].id() == data::TypeId::kNull;
    const data::Type from = is_untyped ? data::Type(data::TypeId::kVarchar) : call.types[i];
    values[i] = TRY(CastValue(*call.constants[i], from, bound.arguments[i]));
    constants[i] = &values[i];
  }
  bound.state = TRY(overload.prepare({.name = call.name, .types = bound.arguments, .constants = constants}));
  return Status::Ok();
}

Result<BoundFunction> BindOverload(const ScalarFunction& function, const BindCall& call) {
  const Overload* best = nullptr;
  int best_cost = -1;
  for (const Overload& overload : function.overloads) {
    const int cost = CostOf(overload, call.types);
    if (cost < 0 || (best != nullptr && cost >= best_cost)) continue;
    best = &overload;
    best_cost = cost;
  }
  if (best == nullptr) return NoOverload(function, call);
  BoundFunction bound;
  for (size_t i = 0; i < call.types.size(); ++i) {
    bound.arguments.push_back(ArgumentType(ParameterOf(*best, i), call.types[i]));
  }
  bound.result = ResultType(best->result, bound.arguments);
  bound.kernel = best->kernel;
  TRY(Prepare(*best, call, bound));
  return bound;
}

// Flags of the declaration and of the binding add up.
void MergeTraits(const Traits& declared, Traits& traits) {
  if (declared.nulls == NullPolicy::kCustom) traits.nulls = NullPolicy::kCustom;
  traits.is_volatile |= declared.is_volatile;
  traits.may_fail |= declared.may_fail;
  traits.is_costly |= declared.is_costly;
}

}  // namespace

FunctionRegistry::FunctionRegistry() : index_(std::make_unique<Index>()) {}
FunctionRegistry::~FunctionRegistry() = default;

void FunctionRegistry::Add(ScalarFunction function) {
  CHECK(!function.name.empty() && (function.bind != nullptr) == function.overloads.empty());
  for (const Overload& overload : function.overloads) {
    CHECK(overload.kernel != nullptr && (!overload.is_variadic || !overload.parameters.empty()));
  }
  index_->scalars.push_back(std::make_unique<ScalarFunction>(std::move(function)));
  AddNames(index_->scalar_names, *index_->scalars.back());
}

void FunctionRegistry::Add(AggregateFunction function) {
  CHECK(!function.name.empty() && function.bind != nullptr);
  index_->aggregates.push_back(std::make_unique<AggregateFunction>(std::move(function)));
  AddNames(index_->aggregate_names, *index_->aggregates.back());
}

const ScalarFunction* FunctionRegistry::FindScalar(std::string_view name) const {
  const auto found = index_->scalar_names.find(std::string(name));
  return found == index_->scalar_names.end() ? nullptr : found->second;
}

const AggregateFunction* FunctionRegistry::FindAggregate(std::string_view name) const {
  const auto found = index_->aggregate_names.find(std::string(name));
  return found == index_->aggregate_names.end() ? nullptr : found->second;
}

Result<std::shared_ptr<const BoundFunction>> FunctionRegistry::Resolve(const BindCall& call) const {
  // One symbol, two operators: ~ before a number turns its bits over, ~ between texts matches a pattern.
  const bool is_bit_not = call.name == "~" && call.types.size() == 1;
  const ScalarFunction* function = FindScalar(is_bit_not ? std::string_view("bit_not") : call.name);
  if (function == nullptr) {
    return Error(Status(ErrorCode::kUnknownFunction, "there is no function '" + std::string(call.name) + "'")
                     .WithHint(DidYouMean(call.name, Names())));
  }
  std::vector<const data::Value*> none(call.types.size(), nullptr);
  BindCall full = call;
  if (full.constants.empty()) full.constants = none;
  CHECK(full.constants.size() == full.types.size());
  BoundFunction bound = TRY(function->bind != nullptr ? function->bind(full) : BindOverload(*function, full));
  bound.name = function->name;
  bound.is_resolved = true;
  MergeTraits(function->traits, bound.traits);
  CHECK(bound.kernel != nullptr && bound.arguments.size() == call.types.size());
  return std::make_shared<const BoundFunction>(std::move(bound));
}

std::vector<const ScalarFunction*> FunctionRegistry::Scalars() const { return Sorted(index_->scalars); }
std::vector<const AggregateFunction*> FunctionRegistry::Aggregates() const { return Sorted(index_->aggregates); }

std::vector<std::string> FunctionRegistry::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, function] : index_->scalar_names) names.push_back(name);
  for (const auto& [name, function] : index_->aggregate_names) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace laminar::expr
