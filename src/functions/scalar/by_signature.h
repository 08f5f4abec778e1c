// Kernels named by the function alone: the SQL-facing types are read off its C++ signature (shapes: see
// functions/kernel.h).
//
//     Dense<Cube>     every row, nulls included; for cheap functions of one to three arguments
//     Rows<Reverse>   row by row, rows that are null are skipped; for costly functions and any number of arguments
//
// Text arguments are StringRef by value; a view into one of at most 12 bytes must not outlive the call.
#pragma once

#include "functions/kernel.h"
#include "functions/scalar_builder.h"

namespace laminar::functions {

// Largest text or list that one call may make: 64 MiB, 8 Mi items.
inline constexpr uint64_t kTextBytesMax = uint64_t{64} << 20;
inline constexpr uint64_t kListItemsMax = uint64_t{8} << 20;

inline constexpr TypeId kText = TypeId::kVarchar;
inline constexpr TypeId kBigint = TypeId::kInt64;
inline constexpr TypeId kReal = TypeId::kDouble;
inline constexpr TypeId kBoolean = TypeId::kBool;
inline constexpr TypeId kStamp = TypeId::kTimestamp;
inline constexpr TypeId kStampTz = TypeId::kTimestampTz;

namespace internal {

template <class... T>
struct TypeList {};

template <class Out, class... In>
struct RowShape {
  template <auto Fn>
  static void Rows(KernelContext& context, Arguments args, Column& out) {
    EachRow<Fn, Out, In...>(context, args, out);
  }
  template <auto Fn>
  static void Dense(KernelContext& context, Arguments args, Column& out) {
    static_assert(sizeof...(In) >= 1 && sizeof...(In) <= 3);
    if constexpr (sizeof...(In) == 1) {
      Unary<In..., Out, Fn>(context, args, out);
    } else if constexpr (sizeof...(In) == 2) {
      Binary<In..., Out, Fn>(context, args, out);
    } else {
      Ternary<In..., Out, Fn>(context, args, out);
    }
  }
};

// Outcome f(X..., Out&): the last parameter is the result.
template <class Front, class... Rest>
struct LastIsOut;
template <class... Front, class Out>
struct LastIsOut<TypeList<Front...>, Out&> {
  using Shape = RowShape<Out, Front...>;
};
template <class... Front, class Next, class... Rest>
  requires(sizeof...(Rest) > 0)
struct LastIsOut<TypeList<Front...>, Next, Rest...> : LastIsOut<TypeList<Front..., Next>, Rest...> {};

template <class F>
struct ShapeOf;
template <class R, class... X>
struct ShapeOf<R (*)(X...)> {
  using Shape = RowShape<R, X...>;
};
template <class R, class... X>
struct ShapeOf<R (*)(KernelContext&, X...)> {
  using Shape = RowShape<R, X...>;
};
template <class... X>
struct ShapeOf<Outcome (*)(X...)> {
  using Shape = typename LastIsOut<TypeList<>, X...>::Shape;
};
template <class... X>
struct ShapeOf<Outcome (*)(KernelContext&, X...)> {
  using Shape = typename LastIsOut<TypeList<>, X...>::Shape;
};

}  // namespace internal

template <auto Fn>
void Rows(KernelContext& context, Arguments args, Column& out) {
  internal::ShapeOf<decltype(+Fn)>::Shape::template Rows<Fn>(context, args, out);
}

template <auto Fn>
void Dense(KernelContext& context, Arguments args, Column& out) {
  internal::ShapeOf<decltype(+Fn)>::Shape::template Dense<Fn>(context, args, out);
}

}  // namespace laminar::functions
