// For tests: an inline database and queries as text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/text.h"
#include "engine/database.h"

namespace laminar::engine::testing {

class TestDatabase {
 public:
  explicit TestDatabase(bool is_inline = true) {
    DatabaseOptions options;
    options.is_inline = is_inline;
    database_ = *Database::Open(std::move(options));
    connection_ = std::make_unique<Connection>(*database_);
  }
  Database& database() { return *database_; }
  Connection& connection() { return *connection_; }

  // "ok", the message of a statement, or the error's text.
  std::string Run(std::string_view sql) {
    auto outcome = connection_->Execute(sql);
    if (!outcome) return outcome.error().ToString();
    if (outcome->cursor != nullptr) return Rows(*outcome->cursor);
    return outcome->message;
  }

  // Rows as "a | b" lines, in order; of a changelog with "+1 | " or "-1 | " before. An endless one: what is there now.
  static std::string Rows(Cursor& cursor, bool is_endless = false) {
    std::string out;
    data::BatchBuffer buffer(cursor.schema().Types());
    while (true) {
      auto more = is_endless ? cursor.Poll(buffer) : cursor.Next(buffer);
      if (!more) return out + more.error().ToString();
      if (!*more || (is_endless && buffer.rows() == 0)) return out;
      for (uint32_t row = 0; row < buffer.rows(); ++row) {
        if (cursor.is_changelog())
          out += (buffer.batch().Weight(row) > 0 ? "+" : "") + std::to_string(buffer.batch().Weight(row)) + " | ";
        for (size_t c = 0; c < cursor.schema().size(); ++c) {
          if (c > 0) out += " | ";
          data::AppendText(cursor.schema()[c].type, buffer.column(c), row, out);
        }
        out += "\n";
      }
    }
  }

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace laminar::engine::testing
