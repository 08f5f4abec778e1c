// What a program needs of its process: terminal, environment, Ctrl-C, memory and CPU used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"

namespace laminar::os {

bool IsTerminal(int fd);
// Columns of the terminal behind fd; 80 when it is none.
uint32_t TerminalColumns(int fd);

// The variable's value; nullopt when it is not set.
std::optional<std::string> Environment(const std::string& name);
std::string HomeDirectory();
std::string TemporaryDirectory();
uint32_t ProcessId();
// The file of the running program; empty when the system does not say.
std::string ProgramPath();

// Ctrl-C as a flag. While an InterruptFlag lives, SIGINT sets it instead of ending the process; a second SIGINT before
// Take() ends the process at once, so a program that does not look can still be stopped. At most one at a time.
class InterruptFlag {
 public:
  InterruptFlag();
  ~InterruptFlag();
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;
  bool IsRaised() const;
  // True when it was raised since the last Take; lowers it.
  bool Take();
};

// A peer that hangs up must not end the process: writing to it then fails with an error.
void IgnoreBrokenPipes();

struct ProcessUse {
  uint64_t resident_bytes = 0;
  uint64_t resident_bytes_max = 0;
  int64_t cpu_nanos = 0;  // user and system, all threads
};
ProcessUse UseOfThisProcess();
// What this process may use: the machine's memory, or less where its control group says so.
uint64_t UsableMemory();

}  // namespace laminar::os
