// Scalar functions: what a function is, how it is found, how its kernel is called.
//
// A function is one file or a line in a family file of functions/scalar/, announced by one line in
// functions/functions.def. Kernels are dense: they compute every row of the batch, over flat or constant arguments,
// into preallocated memory. Under NullPolicy::kPropagate the caller has already set `out`'s validity (null where any
// argument is null) and errors; the kernel then computes all rows (slots under nulls hold harmless values) and may null
// or fail single rows.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/status.h"
#include "base/time.h"
#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"

namespace laminar::expr {

// What an expression may know of the world; filled by the engine once per batch.
struct EvalEnvironment {
  Timestamp now = 0;                    // processing time
  Timestamp watermark = kMinTimestamp;  // of the operator's input
  std::string_view time_zone = "UTC";   // session's zone
  Random* random = nullptr;             // for volatile functions; never null when one is evaluated
};

// Prepared per call site: a compiled pattern, a zone, a format, the argument types a generic kernel needs. Immutable
// once built.
struct FunctionState {
  virtual ~FunctionState() = default;
};

struct KernelContext {
  uint32_t rows = 0;
  data::StringHeap* heap = nullptr;      // for long results and list children
  data::BatchBuffer* buffer = nullptr;   // owner of `out` (ReserveChild for nested results)
  const FunctionState* state = nullptr;  // what Bind or Prepare made
  const EvalEnvironment* environment = nullptr;
  ErrorCode error = ErrorCode::kOk;  // why the first failing row failed

  // The value of `row` cannot be computed; out's value there must still be harmless.
  void Fail(data::Column& out, uint32_t row, ErrorCode why);
  // The result of `row` is NULL although no argument is.
  void Null(data::Column& out, uint32_t row);
};

// args[i] is flat or constant. All constant: the kernel is called with rows == 1 and the result is constant.
using Kernel = void (*)(KernelContext& context, std::span<const data::Column* const> args, data::Column& out);

enum class NullPolicy : uint8_t {
  kPropagate,  // any null argument: null
  kCustom,     // the kernel sets out.validity and out.has_nulls for every row itself
};

struct Traits {
  NullPolicy nulls = NullPolicy::kPropagate;
  bool is_volatile = false;  // now(), random(): not folded, not shared
  bool may_fail = false;     // may call Fail
  bool is_costly = false;    // more than a few ns a row: never computed for rows that a filter drops
};

// One resolved call: argument types to cast to, result type, kernel, state.
struct BoundFunction {
  std::string name;
  std::vector<data::Type> arguments;  // after variadic expansion; one per actual argument
  data::Type result;
  Kernel kernel = nullptr;
  Traits traits;
  std::shared_ptr<const FunctionState> state;
  bool never_null = false;   // NULL only where NullPolicy::kPropagate makes it (a kernel that never calls Null)
  bool is_resolved = false;  // made by Resolve: name, types and constant arguments say what the state is
};

// What a function sees when a call is resolved. constants[i] is null unless argument i is a constant.
struct BindCall {
  std::string_view name;
  std::span<const data::Type> types;
  std::span<const data::Value* const> constants;
};

using PrepareFn = Result<std::shared_ptr<const FunctionState>> (*)(const BindCall& call);
using BindFn = Result<BoundFunction> (*)(const BindCall& call);

struct Overload {
  std::vector<data::Type> parameters;  // DECIMAL here means any precision and scale, kept as given
  data::Type result;
  Kernel kernel = nullptr;
  bool is_variadic = false;  // the last parameter repeats, zero or more times
  PrepareFn prepare = nullptr;
};

struct ScalarFunction {
  std::string name;  // lower case; operators by their symbol ("+", "->>")
  std::vector<std::string> aliases;
  std::string doc;                                            // one or two sentences
  std::vector<std::pair<std::string, std::string>> examples;  // SQL expression, result as text; run as tests
  std::string category;                                       // "mathematics", "string", ...
  Traits traits;
  std::vector<Overload> overloads;  // tried when bind is null
  BindFn bind = nullptr;            // for functions generic over types
};

struct AggregateFunction;

// All functions of a database. Filled once at start by functions::RegisterAll, read-only afterwards, so safe from any
// thread.
class FunctionRegistry {
 public:
  FunctionRegistry();
  ~FunctionRegistry();
  FunctionRegistry(const FunctionRegistry&) = delete;

  void Add(ScalarFunction function);  // CHECK fails on a duplicate name or alias
  void Add(AggregateFunction function);

  const ScalarFunction* FindScalar(std::string_view name) const;  // lower-case name or alias, or null
  const AggregateFunction* FindAggregate(std::string_view name) const;
  // Chooses the overload of least implicit cast cost. Unknown name: kUnknownFunction with the nearest names; no
  // overload fits: kFunctionArguments listing what there is.
  Result<std::shared_ptr<const BoundFunction>> Resolve(const BindCall& call) const;
  std::vector<const ScalarFunction*> Scalars() const;  // sorted by name
  std::vector<const AggregateFunction*> Aggregates() const;
  std::vector<std::string> Names() const;  // every name and alias, for suggestions and completion

 private:
  struct Index;
  std::unique_ptr<Index> index_;
};

// Cost of an implicit cast, 0 for the same type, -1 where none exists. Numbers widen (integer -> DECIMAL -> DOUBLE),
// DATE -> TIMESTAMP -> TIMESTAMPTZ, NULL -> anything; text is never cast implicitly (a bare literal is typed by the
// binder).
int ImplicitCastCost(const data::Type& from, const data::Type& to);
// The type two sides of a comparison, CASE, UNION or COALESCE meet in; kTypeMismatch when there is none.
Result<data::Type> CommonType(const data::Type& a, const data::Type& b);

}  // namespace laminar::expr
