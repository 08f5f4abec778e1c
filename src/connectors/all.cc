#include "connectors/all.h"

#include "connectors/blackhole/blackhole.h"
#include "connectors/file/file.h"
#include "connectors/generator/generator.h"
#include "connectors/stdio/stdio.h"
#include "os/stream.h"

namespace laminar::connectors {

std::vector<std::unique_ptr<sdk::Connector>> MakeConnectors(os::FileSystem& files, const os::Clock& clock) {
  std::vector<std::unique_ptr<sdk::Connector>> made;
#define CONNECTOR(expression) made.emplace_back(new expression);
#include "connectors/connectors.def"
#undef CONNECTOR
  return made;
}

}  // namespace laminar::connectors
