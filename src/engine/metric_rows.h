// Rows of laminar_metrics, one by one. Used by whoever has figures to show.
#pragma once

#include <string>
#include <vector>

#include "data/value.h"
#include "observe/metric.h"

namespace laminar::engine {

class MetricRows {
 public:
  explicit MetricRows(std::vector<std::vector<data::Value>>& rows) : rows_(rows) {}
  void Add(observe::MetricId id, const std::string& labels, double value) {
    const observe::MetricFacts& facts = observe::FactsOf(id);
    rows_.push_back({data::Value::String(std::string(facts.name)), data::Value::String(labels),
                     data::Value::String(std::string(observe::NameOf(facts.kind))), data::Value::Double(value)});
  }

 private:
  std::vector<std::vector<data::Value>>& rows_;
};

}  // namespace laminar::engine
