// Aligned tables, for people.
#pragma once

#include <memory>

#include "cli/result_writer.h"
#include "data/time_zone.h"

namespace laminar::cli {

std::unique_ptr<ResultWriter> MakeTableWriter(WriterRequest request, const data::Zone* zone);

}  // namespace laminar::cli
