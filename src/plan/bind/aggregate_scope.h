// What may be named above an aggregation: its keys, its window bounds, its aggregate calls. Collects the calls as it
// meets them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/bind/query_binder.h"

namespace laminar::plan {

bool IsAggregateCall(const PlanContext& context, const sql::Expression& node);
// An aggregate call anywhere below (not inside sub-queries).
bool HasAggregate(const PlanContext& context, const sql::Expression& node);

class AggregateScope final : public ExpressionBinder::Interceptor {
 public:
  // `input_retracts`: rows of the input may be taken back. keys: bound over `input`.
  AggregateScope(const PlanContext& context, const Scope& input, bool input_retracts, std::vector<expr::ExprPtr> keys,
                 std::vector<std::string> key_names, std::optional<WindowCall> window);

  Result<expr::ExprPtr> Intercept(const sql::Expression& node) override;

  // Builds projection and aggregation over `below`; call once everything above has been bound.
  Result<NodePtr> Build(NodePtr below, QueryMode mode, const EmitChoice& emit, Duration lateness);

  size_t key_count() const { return keys_.size(); }
  const std::vector<std::string>& key_names() const { return key_names_; }
  const std::vector<expr::ExprPtr>& keys() const { return keys_; }
  bool has_window() const { return window_.has_value(); }
  data::Type time_type() const;

 private:
  // Of one call: values, then order keys.
  struct Arguments {
    bool is_star = false;
    std::vector<expr::ExprPtr> values;
    std::vector<expr::ExprPtr> order;
    std::vector<expr::SortKey> order_keys;
  };
  Result<expr::ExprPtr> BindAggregate(const sql::Expression& node);
  Status BindArguments(const sql::Expression& node, const expr::AggregateFunction& function, Arguments& out);
  Status BindOrder(const sql::Expression& node, const expr::AggregateFunction& function, Arguments& out);
  Result<std::shared_ptr<const expr::BoundAggregate>> BindFunction(const sql::Expression& node,
                                                                   const expr::AggregateFunction& function,
                                                                   const Arguments& arguments);
  Result<expr::ExprPtr> BindWindowBound(const sql::Expression& node);
  expr::ExprPtr KeyOf(const expr::Expr& bound) const;
  uint32_t Need(expr::ExprPtr expression, std::string name);
  void SortInputs();
  expr::ExprPtr BoundColumn(bool is_end) const;

  struct Call {
    std::string text;
    exec::AggregateCall call;
  };

  const PlanContext& context_;
  const Scope& input_;
  bool input_retracts_;
  std::vector<expr::ExprPtr> keys_;
  std::vector<std::string> key_names_;
  std::optional<WindowCall> window_;
  int time_attribute_ = -1;            // order of FIRST and LAST
  std::vector<expr::ExprPtr> needed_;  // the projection below the aggregation
  std::vector<std::string> needed_names_;
  std::vector<uint32_t> key_columns_;  // of needed_
  uint32_t time_column_ = 0;           // of needed_
  std::vector<Call> calls_;
};

}  // namespace laminar::plan
