// LaminarDB in your program: a thin C++17 layer over laminar.h. Header only; exceptions are thrown here, on your side.
//
// Handles own what they stand for and move. What laminar.h says of ownership, threads and errors holds. A failing call
// throws laminar::Error. Views (std::string_view, Row) are valid as long as the Batch they come from.
//
//     laminar::Database db;
//     auto c = db.connect();
//     c.execute("CREATE TABLE t (id BIGINT, name VARCHAR)");
//     for (laminar::Row row : c.execute("SELECT * FROM t").rows()) use(row.int64(0), row.text(1));
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "laminar/laminar.h"

namespace laminar {

class Error : public std::runtime_error {
 public:
  // Takes the error over.
  explicit Error(laminar_error* error)
      : std::runtime_error(laminar_error_text(error)),
        code_(laminar_error_code(error)),
        sqlstate_(laminar_error_sqlstate(error)),
        message_(laminar_error_message(error)),
        hint_(laminar_error_hint(error)),
        line_(laminar_error_line(error)),
        column_(laminar_error_column(error)) {
    laminar_error_free(error);
  }
  const std::string& code() const { return code_; }  // "LDB-A001"
  const std::string& sqlstate() const { return sqlstate_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  uint32_t line() const { return line_; }
  uint32_t column() const { return column_; }

 private:
  std::string code_, sqlstate_, message_, hint_;
  uint32_t line_, column_;
};

namespace detail {

inline void check(laminar_error* error) {
  if (error != nullptr) throw Error(error);
}

template <class T, void (*Free)(T*)>
struct Freer {
  void operator()(T* handle) const { Free(handle); }
};
template <class T, void (*Free)(T*)>
using Handle = std::unique_ptr<T, Freer<T, Free>>;

}  // namespace detail

inline std::string version() { return laminar_version(); }

// One row of a batch. Columns count from 0.
class Row {
 public:
  Row(laminar_batch* batch, uint32_t row) : batch_(batch), row_(row) {}
  bool is_null(uint32_t column) const { return laminar_batch_is_null(batch_, row_, column) != 0; }
  int64_t int64(uint32_t column) const { return laminar_batch_int64(batch_, row_, column); }
  double number(uint32_t column) const { return laminar_batch_double(batch_, row_, column); }
  // "" for NULL.
  std::string_view text(uint32_t column) const {
    size_t length = 0;
    const char* text = laminar_batch_text(batch_, row_, column, &length);
    return text == nullptr ? std::string_view() : std::string_view(text, length);
  }
  std::optional<std::string_view> optional_text(uint32_t column) const {
    if (is_null(column)) return std::nullopt;
    return text(column);
  }
  // +1: the row came; -1: it is taken back.
  int64_t weight() const {
    const int64_t* weights = laminar_batch_weights(batch_);
    return weights == nullptr ? 1 : weights[row_];
  }
  uint32_t columns() const { return laminar_batch_column_count(batch_); }

 private:
  laminar_batch* batch_;
  uint32_t row_;
};

// Rows that somebody else owns: what a subscriber is shown.
class BatchView {
 public:
  explicit BatchView(laminar_batch* batch) : batch_(batch) {}
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = const Row*;
    using reference = Row;
    iterator(laminar_batch* batch, uint32_t row) : batch_(batch), row_(row) {}
    Row operator*() const { return Row(batch_, row_); }
    iterator& operator++() {
      ++row_;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++row_;
      return before;
    }
    bool operator==(const iterator& other) const { return row_ == other.row_; }
    bool operator!=(const iterator& other) const { return row_ != other.row_; }

   private:
    laminar_batch* batch_;
    uint32_t row_;
  };
  iterator begin() const { return {batch_, 0}; }
  iterator end() const { return {batch_, size()}; }
  uint32_t size() const { return laminar_batch_rows(batch_); }
  Row operator[](uint32_t row) const { return Row(batch_, row); }
  uint32_t columns() const { return laminar_batch_column_count(batch_); }
  std::string_view column_name(uint32_t column) const {
    const char* name = laminar_batch_column_name(batch_, column);
    return name == nullptr ? std::string_view() : name;
  }
  const int64_t* weights() const { return laminar_batch_weights(batch_); }
  // See laminar_batch_export.
  void export_to(ArrowArray* array, ArrowSchema* schema = nullptr) {
    detail::check(laminar_batch_export(batch_, array, schema));
  }
  laminar_batch* get() const { return batch_; }

 protected:
  laminar_batch* batch_;
};

class Batch : public BatchView {
 public:
  explicit Batch(laminar_batch* batch = nullptr) : BatchView(batch), owner_(batch) {}
  explicit operator bool() const { return owner_ != nullptr; }

 private:
  detail::Handle<laminar_batch, laminar_batch_free> owner_;
};

class Rows;

class Result {
 public:
  explicit Result(laminar_result* result) : result_(result) {}
  std::string message() const { return laminar_result_message(get()); }
  bool has_rows() const { return laminar_result_has_rows(get()) != 0; }
  bool is_changelog() const { return laminar_result_is_changelog(get()) != 0; }
  uint32_t columns() const { return laminar_result_column_count(get()); }
  std::string column_name(uint32_t column) const { return text(laminar_result_column_name(get(), column)); }
  std::string column_type(uint32_t column) const { return text(laminar_result_column_type(get(), column)); }
  // An empty one (false) is the end.
  Batch next() {
    laminar_batch* batch = nullptr;
    detail::check(laminar_result_next(get(), &batch));
    return Batch(batch);
  }
  // An empty one: nothing now.
  Batch poll(bool* has_ended = nullptr) {
    laminar_batch* batch = nullptr;
    int ended = 0;
    detail::check(laminar_result_poll(get(), &batch, &ended));
    if (has_ended != nullptr) *has_ended = ended != 0;
    return Batch(batch);
  }
  void stream_to(ArrowArrayStream* stream) { detail::check(laminar_result_stream(get(), stream)); }

  // All rows, in one loop; moves the result into it.
  Rows rows() &&;

  laminar_result* get() const { return result_.get(); }

 private:
  static std::string text(const char* text) { return text == nullptr ? std::string() : text; }
  detail::Handle<laminar_result, laminar_result_free> result_;
};

// All rows of a result, once; each is valid until the loop goes on.
class Rows {
 public:
  explicit Rows(Result result) : result_(std::move(result)) {}
  struct End {};
  class iterator {
   public:
    explicit iterator(Rows* rows) : rows_(rows) { rows_->fetch(); }
    Row operator*() const { return rows_->batch_[rows_->row_]; }
    iterator& operator++() {
      if (++rows_->row_ == rows_->batch_.size()) rows_->fetch();
      return *this;
    }
    bool operator!=(End) const { return static_cast<bool>(rows_->batch_); }

   private:
    Rows* rows_;
  };
  iterator begin() { return iterator(this); }
  End end() const { return {}; }

 private:
  void fetch() {
    batch_ = result_.next();
    row_ = 0;
  }
  Result result_;
  Batch batch_;
  uint32_t row_ = 0;
};

inline Rows Result::rows() && { return Rows(std::move(*this)); }

class Connection {
 public:
  explicit Connection(laminar_connection* connection) : connection_(connection) {}
  Result execute(const std::string& sql) {
    laminar_result* result = nullptr;
    detail::check(laminar_execute(get(), sql.c_str(), &result));
    return Result(result);
  }
  void execute_script(const std::string& sql) { detail::check(laminar_execute_script(get(), sql.c_str())); }
  void interrupt() { laminar_interrupt(get()); }
  laminar_connection* get() const { return connection_.get(); }

 private:
  detail::Handle<laminar_connection, laminar_connection_free> connection_;
};

class Appender {
 public:
  explicit Appender(laminar_appender* appender) : appender_(appender) {}
  Appender& append(int64_t value) { return done(laminar_append_int64(get(), value)); }
  Appender& append(int32_t value) { return append(static_cast<int64_t>(value)); }
  Appender& append(bool value) { return append(static_cast<int64_t>(value)); }
  Appender& append(double value) { return done(laminar_append_double(get(), value)); }
  Appender& append(std::string_view text) { return done(laminar_append_text(get(), text.data(), text.size())); }
  Appender& append(const char* text) { return append(std::string_view(text)); }
  Appender& append(std::nullptr_t) { return done(laminar_append_null(get())); }
  Appender& append_timestamp(int64_t micros) { return done(laminar_append_timestamp_micros(get(), micros)); }
  void end_row() { detail::check(laminar_end_row(get())); }
  // A whole row; a timestamp as text or through append_timestamp.
  template <class... Values>
  void row(const Values&... values) {
    (append(values), ...);
    end_row();
  }
  void flush() { detail::check(laminar_appender_flush(get())); }
  laminar_appender* get() const { return appender_.get(); }

 private:
  Appender& done(laminar_error* error) {
    detail::check(error);
    return *this;
  }
  detail::Handle<laminar_appender, laminar_appender_free> appender_;
};

// Ends when destroyed.
class Subscription {
 public:
  using Callback = std::function<void(BatchView)>;
  Subscription(laminar_database* database, const std::string& relation, Callback callback)
      : state_(std::make_unique<State>()) {
    state_->callback = std::move(callback);
    laminar_subscription* subscription = nullptr;
    detail::check(laminar_subscribe(database, relation.c_str(), &Subscription::call, state_.get(), &subscription));
    subscription_.reset(subscription);
  }
  // What the callback threw, if anything: it is called no more after that. Not while rows are pushed.
  void rethrow() const {
    if (state_->thrown != nullptr) std::rethrow_exception(state_->thrown);
  }

 private:
  struct State {
    Callback callback;
    std::exception_ptr thrown;
  };
  static void call(void* user, laminar_batch* changes) {
    State& state = *static_cast<State*>(user);
    if (state.thrown != nullptr) return;
    try {
      state.callback(BatchView(changes));
    } catch (...) {
      state.thrown = std::current_exception();
    }
  }
  std::unique_ptr<State> state_;
  detail::Handle<laminar_subscription, laminar_subscription_free> subscription_;  // ends before the state
};

enum class Threading { kThreaded = LAMINAR_THREADED, kInline = LAMINAR_INLINE };

struct Options {
  Threading threading = Threading::kThreaded;
  std::string path;      // the folder of a database on disk; empty: in memory
  int worker_cores = 0;  // as in laminar_options
  bool arrow_text_offsets = false;
  std::string cpu_pinning;  // the same, also what follows
  uint64_t state_memory_bytes = 0;
  std::string spill_directory;
  bool allow_lost_sinks = false;
};

class Database {
 public:
  explicit Database(Threading threading = Threading::kThreaded) : Database(std::string(), threading) {}
  // On disk.
  explicit Database(const std::string& path, Threading threading = Threading::kThreaded)
      : Database(Options{threading, path, 0, false, {}, 0, {}, false}) {}
  explicit Database(const Options& chosen) {
    laminar_options options{};
    options.struct_size = sizeof(options);
    options.threading = static_cast<int>(chosen.threading);
    options.arrow_text_offsets = chosen.arrow_text_offsets ? 1 : 0;
    options.path = chosen.path.c_str();
    options.worker_cores = chosen.worker_cores;
    options.cpu_pinning = chosen.cpu_pinning.c_str();
    options.state_memory_bytes = chosen.state_memory_bytes;
    options.spill_directory = chosen.spill_directory.c_str();
    options.allow_lost_sinks = chosen.allow_lost_sinks ? 1 : 0;
    laminar_database* database = nullptr;
    detail::check(laminar_open(&options, &database));
    database_.reset(database);
  }
  // What opening the folder found; nullptr for a database in memory. Valid as long as this.
  const laminar_recovery* recovery() const { return laminar_recovery_get(get()); }
  Connection connect() {
    laminar_connection* connection = nullptr;
    detail::check(laminar_connect(get(), &connection));
    return Connection(connection);
  }
  Appender appender(const std::string& relation) {
    laminar_appender* appender = nullptr;
    detail::check(laminar_appender_open(get(), relation.c_str(), &appender));
    return Appender(appender);
  }
  // Takes array and schema over. Returns the number of rows.
  uint64_t push(const std::string& relation, ArrowSchema* schema, ArrowArray* array) {
    uint64_t rows = 0;
    detail::check(laminar_push_arrow(get(), relation.c_str(), schema, array, &rows));
    return rows;
  }
  void push_watermark(const std::string& source, int64_t micros) {
    detail::check(laminar_push_watermark(get(), source.c_str(), micros));
  }
  void end_source(const std::string& source) { detail::check(laminar_end_source(get(), source.c_str())); }
  Subscription subscribe(const std::string& relation, Subscription::Callback callback) {
    return Subscription(get(), relation, std::move(callback));
  }
  bool run_until_idle(uint64_t turns_max = 0) {
    int did_something = 0;
    detail::check(laminar_run_until_idle(get(), turns_max, &did_something));
    return did_something != 0;
  }
  laminar_database* get() const { return database_.get(); }

 private:
  detail::Handle<laminar_database, laminar_close> database_;
};

}  // namespace laminar
