// How kernels mark single rows. Rows that are null already cannot fail: kernels compute over their harmless slots too.
#include "expr/function.h"

#include <cstring>

namespace laminar::expr {

void KernelContext::Fail(data::Column& out, uint32_t row, ErrorCode why) {
  if (out.IsNull(row)) return;
  if (!out.has_errors) {
    std::memset(out.errors, 0, data::BitmapWords(rows) * 8);
    out.has_errors = true;
  }
  if (error == ErrorCode::kOk) error = why;
  data::SetBit(out.errors, row);
}

void KernelContext::Null(data::Column& out, uint32_t row) {
  if (!out.has_nulls) {
    std::memset(out.validity, 0xFF, data::BitmapWords(rows) * 8);
    out.has_nulls = true;
  }
  data::ClearBit(out.validity, row);
}

}  // namespace laminar::expr
