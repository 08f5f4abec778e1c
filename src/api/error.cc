// Errors as handles.
#include "api/handles.h"

struct laminar_error {
  laminar::Status status;
  std::string code;
  std::string sqlstate;
  std::string text;
};

namespace laminar::api {

laminar_error* MakeError(Status status) {
  try {
    auto error = std::make_unique<laminar_error>();
    error->code = PublicCode(status.code());
    error->sqlstate = SqlState(status.code());
    error->text = status.ToString();
    error->status = std::move(status);
    return error.release();
  } catch (...) {
    return OutOfMemory();
  }
}

// Made once, at the first error of the process's life at the latest: when memory is out there is none for it.
laminar_error* OutOfMemory() {
  static laminar_error error{Status(ErrorCode::kLimitReached, "memory is exhausted"), "LDB-R017", "53000",
                             "LDB-R017: memory is exhausted"};
  return &error;
}

Status NullHandle(const char* what) { return Status(ErrorCode::kBadArgument, std::string("the ") + what + " is NULL"); }

}  // namespace laminar::api

const char* laminar_error_code(const laminar_error* error) { return error == nullptr ? "" : error->code.c_str(); }
const char* laminar_error_sqlstate(const laminar_error* error) {
  return error == nullptr ? "00000" : error->sqlstate.c_str();
}
const char* laminar_error_message(const laminar_error* error) {
  return error == nullptr ? "" : error->status.message().c_str();
}
const char* laminar_error_hint(const laminar_error* error) {
  return error == nullptr ? "" : error->status.hint().c_str();
}
uint32_t laminar_error_line(const laminar_error* error) { return error == nullptr ? 0 : error->status.position().line; }
uint32_t laminar_error_column(const laminar_error* error) {
  return error == nullptr ? 0 : error->status.position().column;
}
const char* laminar_error_text(const laminar_error* error) { return error == nullptr ? "ok" : error->text.c_str(); }

void laminar_error_free(laminar_error* error) {
  if (error != laminar::api::OutOfMemory()) delete error;
}
