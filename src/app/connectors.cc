#include "app/connectors.h"

#include "connectors/blackhole/blackhole.h"
#include "connectors/file/file.h"
#include "connectors/generator/generator.h"
#include "connectors/stdio/stdio.h"
#include "os/stream.h"

namespace laminar::app {

std::vector<std::unique_ptr<sdk::Connector>> MakeConnectors(os::FileSystem& files, const os::Clock& clock) {
  std::vector<std::unique_ptr<sdk::Connector>> made;
#define CONNECTOR(expression) made.emplace_back(new expression);
#include "app/connectors.def"
#undef CONNECTOR
  return made;
}

}  // namespace laminar::app
