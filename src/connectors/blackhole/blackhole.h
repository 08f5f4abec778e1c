// Connector 'blackhole': a sink that takes every row and change and keeps nothing. For measuring a query, and for
// keeping one running.
#pragma once

#include <memory>
#include <string_view>

#include "sdk/connector.h"

namespace laminar::connectors {

class BlackholeConnector final : public sdk::Connector {
 public:
  std::string_view name() const override { return "blackhole"; }
  std::string_view doc() const override { return "sink: takes rows and keeps nothing, for measuring queries"; }
  Result<sdk::SinkShape> CheckSink(const sdk::SinkRequest& request) override;
  Result<std::unique_ptr<sdk::Sink>> OpenSink(sdk::SinkRequest request) override;
};

}  // namespace laminar::connectors
