// Text made piece by piece in a kernel, then copied once to the batch's heap.
//
// The scratch string belongs to the thread and keeps its memory, so a warm kernel does not allocate. Only one builder
// of a thread may be in use at a time.
#pragma once

#include <string>
#include <string_view>

#include "base/hot_scope.h"
#include "functions/scalar/by_signature.h"

namespace laminar::functions {

class TextBuilder {
 public:
  TextBuilder() : text_(Scratch()) { text_.clear(); }
  TextBuilder(const TextBuilder&) = delete;

  void Add(std::string_view piece) { text_.append(piece); }
  void Add(char c) { text_.push_back(c); }
  void Fill(size_t count, char c) { text_.append(count, c); }
  size_t size() const { return text_.size(); }
  bool is_too_long() const { return text_.size() > kTextBytesMax; }
  std::string& text() { return text_; }

  // The text as a result; over the limit the row fails.
  Outcome Finish(KernelContext& context, StringRef& out) {
    if (is_too_long()) return Outcome::Fail(ErrorCode::kLimitReached);
    out = context.heap->Add(text_);
    return {};
  }

 private:
  static std::string& Scratch() {
    static thread_local std::string scratch;
    // One huge result must not hold its memory for ever.
    if (scratch.capacity() > (size_t{1} << 20)) std::string().swap(scratch);
    return scratch;
  }

  AllowAllocation growth_;
  std::string& text_;
};

}  // namespace laminar::functions
