// Status and Result: errors as values.
//
// A Status is one pointer, null when all is well, so the good path costs one test and never allocates.
// Result<T> is std::expected<T, Status>. TRY hands an error to the caller and yields the value:
//     auto file = TRY(os::OpenFile(path));
// Thread-compatible like a std::string. No function of ours throws.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace laminar {

enum class ErrorCode : uint8_t {
  kOk = 0,
#define ERROR(symbol, code, sqlstate, error_class, text) symbol,
#include "base/error_codes.def"
#undef ERROR
};

enum class ErrorClass : uint8_t { kUser, kData, kResource, kExternal, kStorage, kBug };

// The stable public code ("LDB-P001"), the SQLSTATE and the class of a code. Valid for every code but kOk.
std::string_view PublicCode(ErrorCode code);
std::string_view SqlState(ErrorCode code);
ErrorClass ClassOf(ErrorCode code);
std::string_view MeaningOf(ErrorCode code);

// Where in a SQL text: 1-based line and column (in bytes), 0-based byte offset. line 0: no position.
struct TextPosition {
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t offset = 0;
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  // The message says what was being done and what was found; no full stop, lower case, values quoted.
  Status(ErrorCode code, std::string message);

  static Status Ok() { return Status(); }

  bool ok() const { return rep_ == nullptr; }
  ErrorCode code() const;
  const std::string& message() const;  // empty when ok
  const std::string& hint() const;     // what the user can do next; may be empty
  TextPosition position() const;

  // Fluent setters for building an error; each returns *this. No effect on an ok status.
  Status& WithHint(std::string hint) &;
  Status&& WithHint(std::string hint) &&;
  Status& At(TextPosition position) &;
  Status&& At(TextPosition position) &&;
  // Puts "prefix: " before the message, to say in which larger work it failed.
  Status& Prefix(std::string_view prefix) &;
  Status&& Prefix(std::string_view prefix) &&;

  // "LDB-P002 at 3:14: expected ... (hint: ...)"; "ok" when ok.
  std::string ToString() const;

  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;

 private:
  struct Rep {
    ErrorCode code;
    std::string message;
    std::string hint;
    TextPosition position;
  };
  std::unique_ptr<Rep> rep_;
};

template <class T>
using Result = std::expected<T, Status>;

namespace internal {

// What TRY returns on failure: turns into a Status or into any Result<T>.
struct Failure {
  Status status;
  operator Status() && { return std::move(status); }  // NOLINT: implicit by design
  template <class T>
  operator std::expected<T, Status>() && {  // NOLINT: implicit by design
    return std::unexpected(std::move(status));
  }
};
inline bool IsOk(const Status& s) { return s.ok(); }
template <class T>
bool IsOk(const Result<T>& r) {
  return r.has_value();
}
inline Failure TakeFailure(Status&& s) { return Failure{std::move(s)}; }
template <class T>
Failure TakeFailure(Result<T>&& r) {
  return Failure{std::move(r).error()};
}
inline void TakeValue(Status&&) {}
template <class T>
T TakeValue(Result<T>&& r) {
  if constexpr (!std::is_void_v<T>) return *std::move(r);
}

}  // namespace internal

// An error as the return value of a function that returns Status or Result<T>.
inline internal::Failure Error(ErrorCode code, std::string message) {
  return internal::Failure{Status(code, std::move(message))};
}
inline internal::Failure Error(Status status) { return internal::Failure{std::move(status)}; }

}  // namespace laminar

// Yields the value of a Result (or nothing for a Status); on error returns it from the enclosing function.
#define TRY(expression)                                                       \
  ({                                                                          \
    auto try_outcome_ = (expression);                                         \
    if (!::laminar::internal::IsOk(try_outcome_)) [[unlikely]]                \
      return ::laminar::internal::TakeFailure(std::move(try_outcome_));       \
    ::laminar::internal::TakeValue(std::move(try_outcome_));                  \
  })
