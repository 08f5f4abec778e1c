#include "cli/table_writer.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/output.h"
#include "data/text.h"

namespace laminar::cli {

namespace {

// Rows that are held to find the widths of columns; later ones that are wider push their line out.
constexpr size_t kRowsAligned = 10'000;
constexpr size_t kCellBytesMax = 2'000;

bool IsRight(const data::Type& type) { return type.is_numeric(); }

// The text cut to `columns` terminal columns, with a sign that it was.
std::string Cut(const std::string& text, size_t columns, bool unicode) {
  if (DisplayWidth(text) <= columns) return text;
  const std::string_view mark = unicode ? "…" : "~";
  size_t end = 0;
  size_t width = 0;
  while (end < text.size()) {
    size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
    const size_t one = DisplayWidth(std::string_view(text).substr(end, next - end));
    if (width + one + 1 > columns) break;
    width += one;
    end = next;
  }
  return text.substr(0, end) + std::string(mark);
}

class TableWriter final : public ResultWriter {
 public:
  TableWriter(WriterRequest request, const data::Zone* zone) : request_(std::move(request)) {
    style_.zone = zone;
    style_.null_text = "NULL";
    for (const data::Field& field : request_.schema.fields()) widths_.push_back(DisplayWidth(field.name));
  }

  Status Begin() override { return {}; }

  Status Rows(const data::Batch& batch) override {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      ++rows_;
      if (request_.rows_shown_max > 0 && rows_ > request_.rows_shown_max) continue;
      std::vector<std::string> cells;
      for (uint32_t c = 0; c < request_.schema.size(); ++c) {
        std::string text;
        data::AppendText(request_.schema[c].type, batch.columns[c], row, text, style_);
        cells.push_back(EscapeForMessage(text, kCellBytesMax));
      }
      for (size_t c = 0; c < cells.size(); ++c) Widen(c, DisplayWidth(cells[c]));
      held_.push_back(std::move(cells));
    }
    if (fixed_ || held_.size() >= kRowsAligned) Show();
    return {};
  }

  Status Pause() override {
    if (!held_.empty()) Show();
    FlushOutput();
    return {};
  }

  Status End() override {
    Show();
    if (request_.rows_shown_max > 0 && rows_ > request_.rows_shown_max) {
      WriteOutput("... " + FormatCount(static_cast<int64_t>(rows_ - request_.rows_shown_max)) +
                  " more rows; LIMIT, or .rows all to see them\n");
    }
    if (request_.row_count)
      WriteOutput("(" + FormatCount(static_cast<int64_t>(rows_)) + (rows_ == 1 ? " row)\n" : " rows)\n"));
    return {};
  }

 private:
  void Show() {
    if (!fixed_) {
      FitColumns();
      Header();
      fixed_ = true;
    }
    for (const std::vector<std::string>& cells : held_) Line(cells, nullptr);
    held_.clear();
  }

  // Once lines are out, a column still grows while the terminal has room.
  void Widen(size_t column, size_t width) {
    if (width <= widths_[column]) return;
    const size_t grow = width - widths_[column];
    if (fixed_ && request_.columns_max > 0 && (column >= shown_ || Total() + grow > request_.columns_max)) return;
    widths_[column] = width;
  }

  size_t Total() const {
    size_t sum = shown_ < widths_.size() ? 4 : 0;
    for (size_t c = 0; c < shown_; ++c) sum += widths_[c] + (c == 0 ? 2 : 3);
    return sum;
  }

  // Which columns fit the terminal, and how wide: the widest are cut first, then the last are left out.
  void FitColumns() {
    shown_ = widths_.size();
    if (request_.columns_max == 0) return;
    constexpr size_t kNarrow = 12;
    while (Total() > request_.columns_max) {
      const auto widest = std::max_element(widths_.begin(), widths_.begin() + static_cast<std::ptrdiff_t>(shown_));
      if (shown_ > 0 && *widest > kNarrow) {
        const size_t over = Total() - request_.columns_max;
        *widest -= std::min(over, std::max<size_t>(1, (*widest - kNarrow + 1) / 2));
      } else if (shown_ > 1) {
        --shown_;
      } else {
        break;
      }
    }
  }

  void Header() {
    std::vector<std::string> names;
    for (const data::Field& field : request_.schema.fields()) names.push_back(EscapeForMessage(field.name));
    const Paint paint = PaintOf(1);
    Line(names, &paint);
    std::string rule;
    for (size_t c = 0; c < shown_; ++c) {
      if (c > 0) rule += request_.unicode ? "┼" : "+";
      for (size_t i = 0; i < widths_[c] + 2; ++i) rule += request_.unicode ? "─" : "-";
    }
    WriteOutput(rule + "\n");
  }

  void Line(const std::vector<std::string>& cells, const Paint* paint) {
    std::string line;
    const bool hidden = shown_ < cells.size();
    for (size_t c = 0; c < shown_; ++c) {
      if (c > 0) line += request_.unicode ? " │" : " |";
      const bool is_cut = request_.columns_max > 0;
      const std::string text = is_cut ? Cut(cells[c], widths_[c], request_.unicode) : cells[c];
      const size_t width = DisplayWidth(text);
      const std::string pad(widths_[c] > width ? widths_[c] - width : 0, ' ');
      line += ' ';
      if (IsRight(request_.schema[c].type)) line += pad;
      if (paint != nullptr) line += paint->bold;
      line += text;
      if (paint != nullptr) line += paint->reset;
      if (!IsRight(request_.schema[c].type) && (c + 1 < shown_ || hidden)) line += pad;
    }
    if (hidden) line += request_.unicode ? " │…" : " |~";
    WriteOutput(line + "\n");
  }

  WriterRequest request_;
  data::TextStyle style_;
  std::vector<size_t> widths_;
  size_t shown_ = 0;  // columns that fit
  std::vector<std::vector<std::string>> held_;
  bool fixed_ = false;
  uint64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<ResultWriter> MakeTableWriter(WriterRequest request, const data::Zone* zone) {
  return std::make_unique<TableWriter>(std::move(request), zone);
}

}  // namespace laminar::cli
