// Lines from a person: editing, history and completion (libedit, emacs keys).
//
// The history is kept in $LAMINAR_HISTORY or ~/.laminar_history. Without libedit lines are read plainly.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace laminar::cli {

enum class LineState { kLine, kInterrupted, kEnd };

class LineEditor {
 public:
  // `names` gives the words that can be completed, asked anew at every Tab.
  explicit LineEditor(std::function<std::vector<std::string>()> names);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Without the newline at its end.
  LineState Read(const std::string& prompt, std::string& line);
  // A whole statement, as one entry.
  void Remember(const std::string& statement);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The words of `names` that begin with `start` in any case, sorted, each once.
std::vector<std::string> Completions(std::string_view start, const std::vector<std::string>& names);
// What all of them begin with, in any case; spelled as the first.
std::string CommonStart(const std::vector<std::string>& words);

}  // namespace laminar::cli
