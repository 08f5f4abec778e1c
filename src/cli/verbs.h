// The verbs of the command line: `laminar VERB ...`. A new one is one line in verbs.def.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.h"

namespace laminar::cli {

struct Verb {
  std::string_view name;
  std::string_view arguments;
  std::string_view doc;
  // Answers the exit status.
  int (*run)(const std::vector<std::string>& arguments, const Host& host);
};

std::span<const Verb> Verbs();

// The functions verbs.def names.
int RunBenchVerb(const std::vector<std::string>& arguments, const Host& host);
int RunCheckpoint(const std::vector<std::string>& arguments, const Host& host);
int RunDemo(const std::vector<std::string>& arguments, const Host& host);
int RunTests(const std::vector<std::string>& arguments, const Host& host);

}  // namespace laminar::cli
