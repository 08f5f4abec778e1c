// The program `laminar`: names what it is made of and hands over to the command line.
#include <exception>
#include <string>
#include <vector>

#include "app/connectors.h"
#include "base/hot_scope.h"
#include "cli/cli.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "os/stream.h"

namespace {

std::vector<std::unique_ptr<laminar::sdk::Connector>> Connectors() {
  return laminar::app::MakeConnectors(laminar::os::RealFileSystem(), laminar::os::RealClock());
}

int ReportBug(const std::string& what) {
  (void)laminar::os::StandardError().Write("laminar: an error in LaminarDB itself: " + what + "\n");
  return 70;
}

}  // namespace

int main(int count, char** words) {
  try {
    laminar::cli::Host host;
    host.make_connectors = &Connectors;
    host.program_path = laminar::os::ProgramPath();
    // A person's session is not ended by a breach of ring 0's rule in a guarded build; it is told of it. Unit tests do
    // end.
    laminar::HotScope::SetMode(laminar::HotScope::Mode::kCount);
    const int status = laminar::cli::Run(std::vector<std::string>(words + (count > 0 ? 1 : 0), words + count), host);
    if (const uint64_t breaches = laminar::HotScope::Violations(); breaches > 0) {
      (void)laminar::os::StandardError().Write("laminar: " + std::to_string(breaches) + " allocations inside ring 0\n");
    }
    return status;
  } catch (const std::exception& e) {
    return ReportBug(e.what());
  } catch (...) {
    return ReportBug("unknown");
  }
}
