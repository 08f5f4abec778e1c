// Dense kernels from small functions: name the C++ types, give a small function, get a dense kernel over flat and
// constant columns.
//
//     Unary<double, double, [](double x) { return std::sqrt(x); }>
//     Binary<int64_t, int64_t, int64_t, AddChecked>      // Outcome AddChecked(int64_t a, int64_t b, int64_t& out)
//
// The small function (a function or a captureless lambda) may have these shapes, told apart by its signature; X are the
// argument types, a KernelContext& may stand in front of them (for the heap, the state, the environment):
//     Out f(X...)                   a value for every row; the loop is vectorised where the body allows it
//     Outcome f(X..., Out& out)     may fail or null its row; `out` is preset to zero. Must be free of side effects but
//     for the heap:
//                                   one fast loop collects a sticky word, and only when that is set a second pass marks
//                                   the rows.
// Unary, Binary and Ternary compute every row, nulls included (their slots hold harmless values). The Each... variants
// are for costly functions: row by row, rows that are null are skipped. SQL types to C++ types: BOOLEAN bool, DATE
// int32_t, TIME and TIMESTAMP int64_t, DECIMAL data::Int128, VARCHAR data::StringRef, UUID data::UInt128, INTERVAL
// data::Interval, ARRAY data::ListEntry.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"
#include "expr/function.h"

namespace laminar::expr {

using data::Column;
using data::StringRef;

using Arguments = std::span<const Column* const>;

// What became of one row: a value, NULL, or a failure. Outcomes are combined by OR in the fast loop.
class Outcome {
 public:
  constexpr Outcome() = default;
  static constexpr Outcome Value() { return {}; }
  static constexpr Outcome Null() { return Outcome(0x100); }
  static constexpr Outcome Fail(ErrorCode why) { return Outcome(static_cast<uint32_t>(why)); }
  // Null or failure when `is_bad`, without a branch.
  static constexpr Outcome NullIf(bool is_bad) { return Outcome(is_bad ? 0x100u : 0u); }
  static constexpr Outcome FailIf(bool is_bad, ErrorCode why) {
    return Outcome(is_bad ? static_cast<uint32_t>(why) : 0u);
  }

  constexpr uint32_t bits() const { return bits_; }
  constexpr bool is_null() const { return bits_ == 0x100; }
  constexpr ErrorCode error() const { return static_cast<ErrorCode>(bits_ & 0xFF); }

 private:
  constexpr explicit Outcome(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

// Reads one argument by row, flat or constant. For kernels written by hand.
template <class T>
class Arg {
 public:
  explicit Arg(const Column& column)
      : values_(static_cast<const T*>(column.values)),
        stride_(column.encoding == data::Encoding::kConstant ? 0 : 1),
        column_(&column) {}
  T operator[](uint32_t row) const { return values_[row * stride_]; }
  bool IsNull(uint32_t row) const { return column_->IsNull(row); }
  bool is_constant() const { return stride_ == 0; }

 private:
  const T* values_;
  uint32_t stride_;
  const Column* column_;
};

// The prepared state of the call, as the type Prepare or Bind made.
template <class State>
const State& StateOf(const KernelContext& context) {
  return static_cast<const State&>(*context.state);
}

// A string of `size` bytes that fill(char*) writes. Long ones live in the heap, short ones need none.
template <class Fill>
StringRef NewString(KernelContext& context, size_t size, Fill&& fill) {
  if (size <= StringRef::kInlineMax) {
    char bytes[StringRef::kInlineMax + 4];
    fill(bytes);
    return StringRef(bytes, static_cast<uint32_t>(size));
  }
  char* bytes = context.heap->Allocate(size);
  fill(bytes);
  return StringRef(bytes, static_cast<uint32_t>(size));
}
inline StringRef CopyString(KernelContext& context, std::string_view text) { return context.heap->Add(text); }

// Turns a row's outcome into the column's bits; `out` keeps the harmless value.
inline void Mark(KernelContext& context, Column& out, uint32_t row, Outcome outcome) {
  if (outcome.bits() == 0) return;
  if (outcome.is_null()) {
    context.Null(out, row);
  } else {
    context.Fail(out, row, outcome.error());
  }
}

namespace kernel_internal {

// Calls Fn with or without the context, writes the value, returns the outcome's bits (0 for plain functions).
template <auto Fn, class Out, class... In>
[[gnu::always_inline]] inline uint32_t Apply(KernelContext& context, Out& out, In... in) {
  using F = decltype(Fn);
  if constexpr (std::is_invocable_r_v<Outcome, F, In..., Out&>) {
    Out value{};
    const Outcome outcome = Fn(in..., value);
    out = value;
    return outcome.bits();
  } else if constexpr (std::is_invocable_r_v<Outcome, F, KernelContext&, In..., Out&>) {
    Out value{};
    const Outcome outcome = Fn(context, in..., value);
    out = value;
    return outcome.bits();
  } else if constexpr (std::is_invocable_v<F, KernelContext&, In...>) {
    out = static_cast<Out>(Fn(context, in...));
    return 0;
  } else {
    static_assert(std::is_invocable_v<F, In...>, "the function does not take these argument types");
    out = static_cast<Out>(Fn(in...));
    return 0;
  }
}

template <auto Fn, class Out, class... In>
inline constexpr bool kIsFallible = std::is_invocable_r_v<Outcome, decltype(Fn), In..., Out&> ||
                                    std::is_invocable_r_v<Outcome, decltype(Fn), KernelContext&, In..., Out&>;

// The slow pass after a sticky bit: finds the rows.
template <auto Fn, class Out, class... In>
[[gnu::noinline]] void MarkRows(KernelContext& context, Column& out, Arg<In>... in) {
  for (uint32_t row = 0; row < context.rows; ++row) {
    Out value{};
    const uint32_t bits = Apply<Fn, Out, In...>(context, value, in[row]...);
    if (bits == 0 || out.IsNull(row)) continue;
    Mark(context, out, row, bits == 0x100 ? Outcome::Null() : Outcome::Fail(static_cast<ErrorCode>(bits)));
  }
}

template <auto Fn, class Out, class... In>
void Each(KernelContext& context, Column& out, Arg<In>... in) {
  Out* values = out.As<Out>();
  for (uint32_t row = 0; row < context.rows; ++row) {
    if (out.IsNull(row)) {
      values[row] = Out{};
      continue;
    }
    const uint32_t bits = Apply<Fn, Out, In...>(context, values[row], in[row]...);
    if (bits == 0) continue;
    Mark(context, out, row, bits == 0x100 ? Outcome::Null() : Outcome::Fail(static_cast<ErrorCode>(bits)));
  }
}

}  // namespace kernel_internal

template <class In, class Out, auto Fn>
void Unary(KernelContext& context, Arguments args, Column& out) {
  const In* __restrict in = static_cast<const In*>(args[0]->values);
  Out* __restrict values = out.As<Out>();
  uint32_t sticky = 0;
  for (uint32_t i = 0; i < context.rows; ++i) sticky |= kernel_internal::Apply<Fn, Out, In>(context, values[i], in[i]);
  if constexpr (kernel_internal::kIsFallible<Fn, Out, In>) {
    if (sticky != 0) [[unlikely]]
      kernel_internal::MarkRows<Fn, Out, In>(context, out, Arg<In>(*args[0]));
  }
}

template <class A, class B, class Out, auto Fn>
void Binary(KernelContext& context, Arguments args, Column& out) {
  const A* __restrict a = static_cast<const A*>(args[0]->values);
  const B* __restrict b = static_cast<const B*>(args[1]->values);
  Out* __restrict values = out.As<Out>();
  uint32_t sticky = 0;
  if (args[1]->encoding == data::Encoding::kConstant) {
    const B y = b[0];
    for (uint32_t i = 0; i < context.rows; ++i)
      sticky |= kernel_internal::Apply<Fn, Out, A, B>(context, values[i], a[i], y);
  } else if (args[0]->encoding == data::Encoding::kConstant) {
    const A x = a[0];
    for (uint32_t i = 0; i < context.rows; ++i)
      sticky |= kernel_internal::Apply<Fn, Out, A, B>(context, values[i], x, b[i]);
  } else {
    for (uint32_t i = 0; i < context.rows; ++i) {
      sticky |= kernel_internal::Apply<Fn, Out, A, B>(context, values[i], a[i], b[i]);
    }
  }
  if constexpr (kernel_internal::kIsFallible<Fn, Out, A, B>) {
    if (sticky != 0) [[unlikely]]
      kernel_internal::MarkRows<Fn, Out, A, B>(context, out, Arg<A>(*args[0]), Arg<B>(*args[1]));
  }
}

template <class A, class B, class C, class Out, auto Fn>
void Ternary(KernelContext& context, Arguments args, Column& out) {
  const Arg<A> a(*args[0]);
  const Arg<B> b(*args[1]);
  const Arg<C> c(*args[2]);
  Out* __restrict values = out.As<Out>();
  uint32_t sticky = 0;
  if (b.is_constant() && c.is_constant()) {
    const A* __restrict in = static_cast<const A*>(args[0]->values);
    const B y = b[0];
    const C z = c[0];
    for (uint32_t i = 0; i < context.rows; ++i) {
      sticky |= kernel_internal::Apply<Fn, Out, A, B, C>(context, values[i], in[i], y, z);
    }
  } else {
    for (uint32_t i = 0; i < context.rows; ++i) {
      sticky |= kernel_internal::Apply<Fn, Out, A, B, C>(context, values[i], a[i], b[i], c[i]);
    }
  }
  if constexpr (kernel_internal::kIsFallible<Fn, Out, A, B, C>) {
    if (sticky != 0) [[unlikely]]
      kernel_internal::MarkRows<Fn, Out, A, B, C>(context, out, a, b, c);
  }
}

// Row by row, rows that are null are skipped: for costly functions, and for any number of arguments.
// EachRow<Fn, Out, In...>; the same shapes of Fn.
template <auto Fn, class Out, class... In>
void EachRow(KernelContext& context, Arguments args, Column& out) {
  [&]<size_t... I>(std::index_sequence<I...>) {
    kernel_internal::Each<Fn, Out, In...>(context, out, Arg<In>(*args[I])...);
  }(std::index_sequence_for<In...>{});
}
template <class In, class Out, auto Fn>
void EachUnary(KernelContext& context, Arguments args, Column& out) {
  EachRow<Fn, Out, In>(context, args, out);
}
template <class A, class B, class Out, auto Fn>
void EachBinary(KernelContext& context, Arguments args, Column& out) {
  EachRow<Fn, Out, A, B>(context, args, out);
}
template <class A, class B, class C, class Out, auto Fn>
void EachTernary(KernelContext& context, Arguments args, Column& out) {
  EachRow<Fn, Out, A, B, C>(context, args, out);
}

}  // namespace laminar::expr
