// How instructions run: calls with their null and error propagation, TRY_CAST, AND, OR, CASE, COALESCE.
//
// Laws: a row of a special form fails only if the argument that decides it fails. AND and OR are symmetric: a FALSE
// (TRUE) anywhere decides, whatever the others do; so the order of conditions never changes a result.
#include <algorithm>
#include <cstring>

#include "data/copy_rows.h"
#include "expr/bitmap.h"
#include "expr/program_rep.h"

namespace laminar::expr {
namespace {

using data::BitmapWords;
using data::Column;
using data::Encoding;
using data::kBatchCapacity;
using data::PhysicalType;

constexpr uint32_t kWords = kBatchCapacity / 64;
using Bits = uint64_t[kWords];

uint64_t Broadcast(const uint64_t* bits) { return (bits[0] & 1) != 0 ? ~uint64_t{0} : 0; }

// One word of a column's validity and errors, constant or flat.
uint64_t ValidWord(const Column& column, uint32_t word) {
  if (!column.has_nulls) return ~uint64_t{0};
  return column.encoding == Encoding::kConstant ? Broadcast(column.validity) : column.validity[word];
}
uint64_t ErrorWord(const Column& column, uint32_t word) { return column.has_errors ? column.errors[word] : 0; }

// One word of a BOOLEAN column's values.
uint64_t TrueWord(const Column& column, uint32_t word) {
  const uint8_t* bytes = column.As<uint8_t>();
  if (column.encoding == Encoding::kConstant) return bytes[0] != 0 ? ~uint64_t{0} : 0;
  return BytesToWord(bytes + word * 64);
}

struct Needs {
  bool nulls = false;
  bool errors = false;
};
Needs NeedsOf(const Instruction& in) {
  Needs needs;
  for (const Column* arg : in.Args()) {
    needs.nulls |= arg->has_nulls;
    needs.errors |= arg->has_errors;
  }
  return needs;
}

void TakeReason(const Instruction& in, Evaluation& evaluation) {
  for (uint32_t i = 0; i < in.arg_count && evaluation.codes[in.out_slot] == ErrorCode::kOk; ++i) {
    if (in.args[i]->has_errors) evaluation.codes[in.out_slot] = evaluation.codes[in.arg_slots[i]];
  }
}

bool AnyBit(const uint64_t* bits, uint32_t rows) {
  for (uint32_t i = 0; i < rows; i += 64) {
    const uint64_t mask = rows - i >= 64 ? ~uint64_t{0} : (uint64_t{1} << (rows - i)) - 1;
    if ((bits[i / 64] & mask) != 0) return true;
  }
  return false;
}

// ---- Calls ----

// Validity of a propagating call. False: no row has a value.
bool PropagateNulls(const Instruction& in, uint32_t rows) {
  Column& out = *in.out;
  for (uint32_t d = 0; d < in.dynamic_count; ++d) {
    const Column& arg = *in.args[in.dynamic[d]];
    if (!arg.has_nulls) continue;
    if (arg.encoding == Encoding::kConstant) {
      if ((arg.validity[0] & 1) == 0) return false;
      continue;
    }
    const uint32_t words = BitmapWords(rows);
    if (!out.has_nulls) {
      std::memcpy(out.validity, arg.validity, words * 8);
      out.has_nulls = true;
    } else {
      for (uint32_t w = 0; w < words; ++w) out.validity[w] &= arg.validity[w];
    }
  }
  return true;
}

// Every row is NULL. A constant, unless rows differ in their errors.
void MakeNulls(const Instruction& in, bool has_errors, uint32_t rows) {
  if (has_errors) {
    for (uint32_t row = 0; row < rows; ++row) in.buffer->SetNull(*in.out, row);
    return;
  }
  in.buffer->SetNull(*in.out, 0);
  in.out->encoding = Encoding::kConstant;
  in.out->validity[0] = 0;
}

void RunKernel(const Instruction& in, Evaluation& evaluation) {
  evaluation.context.buffer = in.buffer;
  evaluation.context.heap = &in.buffer->heap();
  evaluation.context.state = in.state;
  evaluation.context.error = ErrorCode::kOk;
  in.kernel(evaluation.context, in.Args(), *in.out);
}

void SpreadErrorsOfConstant(Column& out, uint32_t rows) {
  if (!out.has_errors) return;
  std::fill_n(out.errors, BitmapWords(rows), Broadcast(out.errors));
}

// ---- AND and OR ----

// AND with no null and no error anywhere: bytes only.
template <bool kIsAnd>
void CombineBytes(const Instruction& in, uint32_t rows) {
  uint8_t* __restrict out = in.out->As<uint8_t>();
  uint8_t constant = kIsAnd ? 1 : 0;
  bool is_first = true;
  for (uint32_t a = 0; a < in.arg_count; ++a) {
    const uint8_t* __restrict bytes = in.args[a]->As<uint8_t>();
    if (in.args[a]->encoding == Encoding::kConstant) {
      constant = kIsAnd ? constant & bytes[0] : constant | bytes[0];
    } else if (is_first) {
      std::memcpy(out, bytes, rows);
      is_first = false;
    } else {
      for (uint32_t i = 0; i < rows; ++i) out[i] = kIsAnd ? out[i] & bytes[i] : out[i] | bytes[i];
    }
  }
  if (is_first || constant != (kIsAnd ? 1 : 0)) std::memset(out, constant, rows);
}

template <bool kIsAnd>
void CombineWords(const Instruction& in, Needs needs, Evaluation& evaluation) {
  Column& out = *in.out;
  const uint32_t rows = evaluation.context.rows;
  bool any_error = false;
  for (uint32_t w = 0; w < BitmapWords(rows); ++w) {
    uint64_t decided = 0;
    uint64_t failed = 0;
    uint64_t unknown = 0;
    for (const Column* arg : in.Args()) {
      const uint64_t valid = ValidWord(*arg, w);
      const uint64_t error = ErrorWord(*arg, w);
      const uint64_t value = TrueWord(*arg, w);
      decided |= (kIsAnd ? ~value : value) & valid & ~error;
      failed |= error;
      unknown |= ~valid & ~error;
    }
    failed &= ~decided;
    unknown &= ~decided & ~failed;
    WordToBytes(kIsAnd ? ~decided & ~failed & ~unknown : decided, out.As<uint8_t>() + w * 64);
    out.validity[w] = ~unknown;
    if (needs.errors) out.errors[w] = failed;
  }
  out.has_nulls = needs.nulls;
  if (needs.errors) any_error = AnyBit(out.errors, rows);
  out.has_errors = any_error;
  if (any_error) TakeReason(in, evaluation);
}

template <bool kIsAnd>
void Combine(const Instruction& in, Evaluation& evaluation) {
  const Needs needs = NeedsOf(in);
  if (!needs.nulls && !needs.errors) {
    CombineBytes<kIsAnd>(in, evaluation.context.rows);
  } else {
    CombineWords<kIsAnd>(in, needs, evaluation);
  }
}

// ---- CASE and COALESCE: a column chosen row by row ----

template <class T>
void SelectTwo(const uint8_t* __restrict mask, const Column& a, const Column& b, uint32_t rows, void* to) {
  T* __restrict out = static_cast<T*>(to);
  const T* __restrict x = a.As<T>();
  const T* __restrict y = b.As<T>();
  const bool x_constant = a.encoding == Encoding::kConstant;
  const bool y_constant = b.encoding == Encoding::kConstant;
  if (x_constant && y_constant) {
    const T p = x[0];
    const T q = y[0];
    for (uint32_t i = 0; i < rows; ++i) out[i] = mask[i] != 0 ? p : q;
  } else if (x_constant) {
    const T p = x[0];
    for (uint32_t i = 0; i < rows; ++i) out[i] = mask[i] != 0 ? p : y[i];
  } else if (y_constant) {
    const T q = y[0];
    for (uint32_t i = 0; i < rows; ++i) out[i] = mask[i] != 0 ? x[i] : q;
  } else {
    for (uint32_t i = 0; i < rows; ++i) out[i] = mask[i] != 0 ? x[i] : y[i];
  }
}

// out = mask ? a : b, by width of the value.
void SelectByWidth(uint32_t width, const uint8_t* mask, const Column& a, const Column& b, uint32_t rows, void* to) {
  switch (width) {
    case 1: return SelectTwo<uint8_t>(mask, a, b, rows, to);
    case 2: return SelectTwo<uint16_t>(mask, a, b, rows, to);
    case 4: return SelectTwo<uint32_t>(mask, a, b, rows, to);
    case 8: return SelectTwo<uint64_t>(mask, a, b, rows, to);
    case 16: return SelectTwo<unsigned __int128>(mask, a, b, rows, to);
    default: return;
  }
}

// Puts the rows of `mask` from `from` over what `out` holds.
template <class T>
void OverlayFixed(const uint8_t* __restrict mask, const Column& from, uint32_t rows, void* to) {
  T* __restrict out = static_cast<T*>(to);
  const T* __restrict in = from.As<T>();
  if (from.encoding == Encoding::kConstant) {
    const T value = in[0];
    for (uint32_t i = 0; i < rows; ++i) out[i] = mask[i] != 0 ? value : out[i];
  } else {
    for (uint32_t i = 0; i < rows; ++i) out[i] = mask[i] != 0 ? in[i] : out[i];
  }
}

void Overlay(uint32_t width, const uint8_t* mask, const Column& from, uint32_t rows, void* to) {
  switch (width) {
    case 1: return OverlayFixed<uint8_t>(mask, from, rows, to);
    case 2: return OverlayFixed<uint16_t>(mask, from, rows, to);
    case 4: return OverlayFixed<uint32_t>(mask, from, rows, to);
    case 8: return OverlayFixed<uint64_t>(mask, from, rows, to);
    case 16: return OverlayFixed<unsigned __int128>(mask, from, rows, to);
    default: return;
  }
}

// The same for nested values, which are copied with all they hold.
void OverlayNested(const Instruction& in, const uint64_t* take, const Column& from, uint32_t rows) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (!data::TestBit(take, row)) continue;
    data::CopyRows(*in.buffer, *in.out, *in.type, row, from, row, 1);
  }
}

// Chooses rows for one branch after the other; what no branch takes is NULL or fails.
class Chooser {
 public:
  Chooser(const Instruction& in, uint32_t rows)
      : in_(in),
        rows_(rows),
        words_(BitmapWords(rows)),
        width_(data::ValueWidth(in.type->physical())),
        is_nested_(in.type->is_nested()) {
    std::fill_n(remaining_, words_, ~uint64_t{0});
    std::fill_n(failed_, words_, uint64_t{0});
    std::fill_n(valid_, words_, uint64_t{0});
    if (is_nested_) {
      // Rows not written yet are null: CopyRows then only sets what it copies.
      for (uint32_t row = 0; row < rows; ++row) in.buffer->SetNull(*in.out, row);
    } else if (width_ > 0) {
      std::memset(in.out->values, 0, static_cast<size_t>(width_) * rows);
    }
  }

  bool done() const {
    for (uint32_t w = 0; w < words_; ++w) {
      if (remaining_[w] != 0) return false;
    }
    return true;
  }

  // Rows where `when` is TRUE take `then`; rows where it fails fail.
  void When(const Column& when, const Column& then) {
    Bits take;
    for (uint32_t w = 0; w < words_; ++w) {
      const uint64_t error = ErrorWord(when, w);
      take[w] = remaining_[w] & TrueWord(when, w) & ValidWord(when, w) & ~error;
      failed_[w] |= remaining_[w] & error;
      remaining_[w] &= ~(take[w] | error);
    }
    Take(take, then);
  }

  void Else(const Column& column) {
    Bits take;
    std::copy_n(remaining_, words_, take);
    std::fill_n(remaining_, words_, uint64_t{0});
    Take(take, column);
  }

  // COALESCE: rows that are not NULL.
  void TakeValid(const Column& column) {
    Bits take;
    for (uint32_t w = 0; w < words_; ++w) {
      take[w] = remaining_[w] & (ValidWord(column, w) | ErrorWord(column, w));
      remaining_[w] &= ~take[w];
    }
    Take(take, column);
  }

  void Finish(Needs needs, Evaluation& evaluation) {
    Column& out = *in_.out;
    out.has_nulls = needs.nulls;
    if (needs.nulls) {
      for (uint32_t w = 0; w < words_; ++w) out.validity[w] = valid_[w] | failed_[w];
    }
    out.has_errors = needs.errors && AnyBit(failed_, rows_);
    if (!out.has_errors) return;
    std::copy_n(failed_, words_, out.errors);
    TakeReason(in_, evaluation);
  }

 private:
  void Take(const uint64_t* take, const Column& column) {
    for (uint32_t w = 0; w < words_; ++w) {
      failed_[w] |= take[w] & ErrorWord(column, w);
      valid_[w] |= take[w] & ValidWord(column, w);
    }
    if (is_nested_) return OverlayNested(in_, take, column, rows_);
    alignas(64) uint8_t mask[kBatchCapacity];
    BitsToBytes(take, rows_, mask);
    Overlay(width_, mask, column, rows_, in_.out->values);
  }

  const Instruction& in_;
  uint32_t rows_;
  uint32_t words_;
  uint32_t width_;
  bool is_nested_;
  Bits remaining_;
  Bits failed_;
  Bits valid_;
};

}  // namespace

void AddErrors(const Instruction& in, uint32_t arg, Evaluation& evaluation) {
  Column& out = *in.out;
  const Column& from = *in.args[arg];
  const uint32_t words = BitmapWords(evaluation.batch_rows);
  if (!out.has_errors) {
    std::copy_n(from.errors, words, out.errors);
    out.has_errors = true;
  } else {
    for (uint32_t w = 0; w < words; ++w) out.errors[w] |= from.errors[w];
  }
  if (evaluation.codes[in.out_slot] == ErrorCode::kOk)
    evaluation.codes[in.out_slot] = evaluation.codes[in.arg_slots[arg]];
}

void RunCall(const Instruction& in, Evaluation& evaluation) {
  bool nulls = false;
  bool errors = false;
  for (uint32_t d = 0; d < in.dynamic_count; ++d) {
    const Column& arg = *in.args[in.dynamic[d]];
    nulls |= arg.has_nulls;
    errors |= arg.has_errors;
  }
  if (errors) [[unlikely]] {
    for (uint32_t i = 0; i < in.arg_count; ++i) {
      if (in.args[i]->has_errors) AddErrors(in, i, evaluation);
    }
  }
  if (!in.is_custom && (in.is_null || (nulls && !PropagateNulls(in, evaluation.context.rows)))) {
    return MakeNulls(in, errors, evaluation.context.rows);
  }
  RunKernel(in, evaluation);
  if (evaluation.context.error != ErrorCode::kOk && evaluation.codes[in.out_slot] == ErrorCode::kOk) [[unlikely]] {
    evaluation.codes[in.out_slot] = evaluation.context.error;
  }
}

// Own errors become nulls, those of the argument stay.
void RunTryCast(const Instruction& in, Evaluation& evaluation) {
  Column& out = *in.out;
  const uint32_t rows = evaluation.context.rows;
  const Column& arg = *in.args[0];
  if (!in.is_custom && (in.is_null || (arg.has_nulls && !PropagateNulls(in, rows)))) {
    MakeNulls(in, arg.has_errors, rows);
  } else {
    RunKernel(in, evaluation);
  }
  if (out.has_errors) {
    for (uint32_t row = 0; row < rows; ++row) {
      if (data::TestBit(out.errors, row)) in.buffer->SetNull(out, row);
    }
    out.has_errors = false;
  }
  if (arg.has_errors) AddErrors(in, 0, evaluation);
}

void RunAnd(const Instruction& in, Evaluation& evaluation) { Combine<true>(in, evaluation); }
void RunOr(const Instruction& in, Evaluation& evaluation) { Combine<false>(in, evaluation); }

void RunCase(const Instruction& in, Evaluation& evaluation) {
  const Needs needs = NeedsOf(in);
  const uint32_t rows = evaluation.context.rows;
  const bool is_flat_when = in.args[0]->encoding == Encoding::kFlat;
  if (in.arg_count == 3 && !needs.nulls && !needs.errors && is_flat_when && !in.type->is_nested()) {
    return SelectByWidth(data::ValueWidth(in.type->physical()), in.args[0]->As<uint8_t>(), *in.args[1], *in.args[2],
                         rows, in.out->values);
  }
  Chooser chooser(in, rows);
  for (uint32_t i = 0; i + 1 < in.arg_count && !chooser.done(); i += 2) chooser.When(*in.args[i], *in.args[i + 1]);
  chooser.Else(*in.args[in.arg_count - 1]);
  chooser.Finish(needs, evaluation);
}

void RunCoalesce(const Instruction& in, Evaluation& evaluation) {
  const Needs needs = NeedsOf(in);
  Chooser chooser(in, evaluation.context.rows);
  for (uint32_t i = 0; i < in.arg_count && !chooser.done(); ++i) chooser.TakeValid(*in.args[i]);
  chooser.Finish(needs, evaluation);
}

void RunInstruction(const Instruction& in, Evaluation& evaluation) {
  bool is_flat = in.is_flat;
  for (uint32_t d = 0; d < in.dynamic_count; ++d) is_flat |= in.args[in.dynamic[d]]->encoding != Encoding::kConstant;
  Column& out = *in.out;
  out.encoding = Encoding::kFlat;
  out.has_nulls = false;
  out.has_errors = false;
  evaluation.codes[in.out_slot] = ErrorCode::kOk;
  if (is_flat) [[likely]] {
    in.run(in, evaluation);
  } else {
    evaluation.context.rows = 1;
    in.run(in, evaluation);
    evaluation.context.rows = evaluation.batch_rows;
    out.encoding = Encoding::kConstant;
    SpreadErrorsOfConstant(out, evaluation.batch_rows);
  }
}

}  // namespace laminar::expr
