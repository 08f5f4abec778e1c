#include "cli/line_editor.h"

#include <histedit.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>

#include "base/text.h"
#include "cli/output.h"
#include "os/process.h"

namespace laminar::cli {

namespace {

constexpr int kHistoryEntries = 5000;

bool IsWordByte(char c) {
  return IsAlphaAscii(c) || IsDigitAscii(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

}  // namespace

std::vector<std::string> Completions(std::string_view start, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (StartsWithIgnoreCase(name, start)) out.push_back(name);
  }
  std::ranges::sort(out);
  const auto same = std::ranges::unique(out);
  out.erase(same.begin(), same.end());
  return out;
}

std::string CommonStart(const std::vector<std::string>& words) {
  if (words.empty()) return "";
  std::string common = words.front();
  for (const std::string& word : words) {
    size_t n = 0;
    while (n < common.size() && n < word.size() && ToLowerAscii(common[n]) == ToLowerAscii(word[n])) ++n;
    common.resize(n);
  }
  return common;
}

struct LineEditor::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string history_path;
  std::string prompt;
  std::function<std::vector<std::string>()> names;

  static State& Of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<State*>(data);
  }
  static char* Prompt(EditLine* editor) { return Of(editor).prompt.data(); }
  static unsigned char Complete(EditLine* editor, int) {
    const LineInfo* info = el_line(editor);
    const char* begin = info->cursor;
    while (begin > info->buffer && IsWordByte(begin[-1])) --begin;
    const std::string start(begin, static_cast<size_t>(info->cursor - begin));
    if (start.empty()) return CC_REFRESH_BEEP;
    const std::vector<std::string> words = Completions(start, Of(editor).names());
    if (words.empty()) return CC_REFRESH_BEEP;
    std::string common = CommonStart(words);
    // Words of the language follow the case of what was typed.
    const bool is_lower = std::ranges::none_of(start, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (is_lower && words.size() == 1 && words.front() == ToUpper(words.front())) common = ToLower(common);
    if (common.size() > start.size() || (words.size() == 1 && common.size() == start.size())) {
      el_deletestr(editor, static_cast<int>(start.size()));
      if (words.size() == 1) common += ' ';
      el_insertstr(editor, common.c_str());
      return CC_REFRESH;
    }
    constexpr size_t kShownMax = 60;
    std::string list = "\n";
    for (size_t i = 0; i < words.size() && i < kShownMax; ++i) list += words[i] + "  ";
    if (words.size() > kShownMax) list += "... " + std::to_string(words.size() - kShownMax) + " more";
    WriteError(list + "\n");
    return CC_REDISPLAY;
  }
};

LineEditor::LineEditor(std::function<std::vector<std::string>()> names) : state_(std::make_unique<State>()) {
  std::setlocale(LC_CTYPE, "");  // so that the editor counts characters, not bytes
  state_->names = std::move(names);
  state_->history_path = os::Environment("LAMINAR_HISTORY").value_or(os::HomeDirectory() + "/.laminar_history");
  state_->editor = el_init("laminar", stdin, stderr, stderr);
  state_->history = history_init();
  if (state_->editor == nullptr || state_->history == nullptr) return;
  HistEvent event{};
  history(state_->history, &event, H_SETSIZE, kHistoryEntries);
  history(state_->history, &event, H_SETUNIQUE, 1);
  history(state_->history, &event, H_LOAD, state_->history_path.c_str());
  EditLine* editor = state_->editor;
  el_set(editor, EL_CLIENTDATA, state_.get());
  el_set(editor, EL_PROMPT, &State::Prompt);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_HIST, history, state_->history);
  el_set(editor, EL_ADDFN, "complete-name", "complete a name", &State::Complete);
  el_set(editor, EL_BIND, "\t", "complete-name", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(editor, EL_SIGNAL, 0);
  el_source(editor, nullptr);  // ~/.editrc
}

LineEditor::~LineEditor() {
  if (state_->history != nullptr) history_end(state_->history);
  if (state_->editor != nullptr) el_end(state_->editor);
}

LineState LineEditor::Read(const std::string& prompt, std::string& line) {
  line.clear();
  if (state_->editor == nullptr) return LineState::kEnd;
  state_->prompt = prompt;
  int length = 0;
  errno = 0;
  const char* text = el_gets(state_->editor, &length);
  if (text == nullptr || length <= 0) {
    if (length < 0 && errno == EINTR) {
      el_reset(state_->editor);
      return LineState::kInterrupted;
    }
    return LineState::kEnd;
  }
  line.assign(text, static_cast<size_t>(length));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return LineState::kLine;
}

void LineEditor::Remember(const std::string& statement) {
  if (state_->history == nullptr || Trim(statement).empty()) return;
  HistEvent event{};
  history(state_->history, &event, H_ENTER, statement.c_str());
  history(state_->history, &event, H_SAVE, state_->history_path.c_str());
}

}  // namespace laminar::cli
