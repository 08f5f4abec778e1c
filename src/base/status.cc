#include "base/status.h"

#include "base/check.h"

namespace laminar {
namespace {

struct Line {
  std::string_view code;
  std::string_view sqlstate;
  ErrorClass error_class;
  std::string_view text;
};

constexpr Line kLines[] = {
#define ERROR(symbol, code, sqlstate, error_class, text) {code, sqlstate, ErrorClass::error_class, text},
#include "base/error_codes.def"
#undef ERROR
};

const Line& LineOf(ErrorCode code) {
  CHECK(code != ErrorCode::kOk);
  return kLines[static_cast<size_t>(code) - 1];
}

const std::string kEmpty;

}  // namespace

std::string_view PublicCode(ErrorCode code) { return LineOf(code).code; }
std::string_view SqlState(ErrorCode code) { return LineOf(code).sqlstate; }
ErrorClass ClassOf(ErrorCode code) { return LineOf(code).error_class; }
std::string_view MeaningOf(ErrorCode code) { return LineOf(code).text; }

Status::Status(ErrorCode code, std::string message)
    : rep_(std::make_unique<Rep>(Rep{code, std::move(message), {}, {}})) {
  CHECK(code != ErrorCode::kOk);
}
Status::Status(const Status& other) : rep_(other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr) {}
Status& Status::operator=(const Status& other) {
  if (this != &other) rep_ = other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr;
  return *this;
}

ErrorCode Status::code() const { return rep_ ? rep_->code : ErrorCode::kOk; }
const std::string& Status::message() const { return rep_ ? rep_->message : kEmpty; }
const std::string& Status::hint() const { return rep_ ? rep_->hint : kEmpty; }
TextPosition Status::position() const { return rep_ ? rep_->position : TextPosition{}; }

Status& Status::WithHint(std::string hint) & {
  if (rep_) rep_->hint = std::move(hint);
  return *this;
}
Status&& Status::WithHint(std::string hint) && { return std::move(WithHint(std::move(hint))); }
Status& Status::At(TextPosition position) & {
  if (rep_) rep_->position = position;
  return *this;
}
Status&& Status::At(TextPosition position) && { return std::move(At(position)); }
Status& Status::Prefix(std::string_view prefix) & {
  if (rep_) rep_->message = std::string(prefix) + ": " + rep_->message;
  return *this;
}
Status&& Status::Prefix(std::string_view prefix) && { return std::move(Prefix(prefix)); }

std::string Status::ToString() const {
  if (ok()) return "ok";
  std::string text(PublicCode(rep_->code));
  if (rep_->position.line > 0) {
    text += " at " + std::to_string(rep_->position.line) + ":" + std::to_string(rep_->position.column);
  }
  text += ": " + rep_->message;
  if (!rep_->hint.empty()) text += " (hint: " + rep_->hint + ")";
  return text;
}

}  // namespace laminar
