// The command line: `laminar`, its options and its verbs. main() hands over the arguments and a way to make connectors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sdk/connector.h"

namespace laminar::cli {

// What the composition root gives: the edge does not know which connectors there are.
struct Host {
  std::vector<std::unique_ptr<sdk::Connector>> (*make_connectors)() = nullptr;
  std::string program_path;  // the file of the program; the demo looks for its data beside it
};

// Runs and answers the exit status: 0 fine, 1 a statement or test failed, 2 the arguments are wrong, 130 interrupted.
int Run(const std::vector<std::string>& arguments, const Host& host);

}  // namespace laminar::cli
