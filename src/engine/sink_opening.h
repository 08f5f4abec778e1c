// Opening the outside end of a sink: of a new one, and of one that comes back with its database.
#pragma once

#include <memory>

#include "base/status.h"
#include "sdk/connector.h"

namespace laminar::engine {

class Core;

// While a database is opened, the sink goes on behind what is stored of it. One that cannot keeps the database from
// opening, because rows would be missing in what it writes. Unless that is wanted
// (DatabaseOptions::allows_lost_sinks), or it had failed before: then `lost` says why it cannot, and what comes back
// takes nothing and touches nothing.
Result<std::unique_ptr<sdk::Sink>> OpenSink(const Core& core, sdk::Connector& connector, sdk::SinkRequest request,
                                            Status& lost);

}  // namespace laminar::engine
