// How a function author writes a kernel: name the C++ types, give a small function, get a dense kernel over flat and
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

#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"
#include "expr/function.h"
#include "expr/kernel_loops.h"
#include "functions/scalar_builder.h"

namespace laminar::functions {

using data::Column;
using data::Int128;
using data::Interval;
using data::ListEntry;
using data::StringRef;
using data::Type;
using data::TypeId;
using data::UInt128;
using expr::Arg;
using expr::Arguments;
using expr::Binary;
using expr::CopyString;
using expr::EachBinary;
using expr::EachRow;
using expr::EachTernary;
using expr::EachUnary;
using expr::KernelContext;
using expr::Mark;
using expr::NewString;
using expr::Outcome;
using expr::StateOf;
using expr::Ternary;
using expr::Unary;

}  // namespace laminar::functions
