// Every connector of this build; see connectors/all.h.
#pragma once

#include "connectors/all.h"

namespace laminar::app {

using connectors::MakeConnectors;

}  // namespace laminar::app
