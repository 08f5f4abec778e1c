// The arguments of the shell: laminar [DIRECTORY | FILE.sql] [-c SQL]... [-f FILE]... [-o FORMAT].
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cli/result_writer.h"

namespace laminar::cli {

struct Task {
  bool is_file = false;
  std::string text;  // SQL, or a path; "-" is standard input
};

struct Arguments {
  std::string database;     // its folder; empty: in memory
  std::vector<Task> tasks;  // in the order they were given
  OutputFormat format = OutputFormat::kTable;
  bool has_format = false;
  bool allows_lost_sinks = false;
  bool help = false;
  bool version = false;
};

// kBadArgument for an unknown option.
Result<Arguments> ParseArguments(const std::vector<std::string>& arguments);

// What --help prints.
std::string HelpText();

}  // namespace laminar::cli
