// Every connector of this build, as connectors.def lists them.
#pragma once

#include <memory>
#include <vector>

#include "os/clock.h"
#include "os/file.h"
#include "sdk/connector.h"

namespace laminar::connectors {

// The arguments outlive what is returned.
std::vector<std::unique_ptr<sdk::Connector>> MakeConnectors(os::FileSystem& files, const os::Clock& clock);

}  // namespace laminar::connectors
