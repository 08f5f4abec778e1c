// EXPLAIN: the plan as text and as JSON, with what was proved about each operator's output.
#include <fmt/format.h>

#include "base/text.h"
#include "plan/planner.h"

namespace laminar::plan {
namespace {

std::string Columns(const data::Schema& schema, const std::vector<uint32_t>& columns) {
  std::string out;
  for (uint32_t column : columns)
    out += (out.empty() ? "" : ", ") + (column < schema.size() ? schema[column].name : "#" + std::to_string(column));
  return out;
}

std::vector<std::string> NamesOf(const data::Schema& schema) {
  std::vector<std::string> names;
  for (const data::Field& field : schema.fields()) names.push_back(field.name);
  return names;
}

std::string Aggregates(const Node& node, const std::vector<exec::AggregateCall>& calls) {
  const data::Schema& input = node.inputs[0]->schema;
  std::string out;
  for (const exec::AggregateCall& call : calls) {
    out += (out.empty() ? "" : ", ") + call.function->name + "(" + Columns(input, call.arguments) + ")";
    if (call.filter >= 0) out += " filter (" + input[static_cast<size_t>(call.filter)].name + ")";
  }
  return out;
}

std::string NameOf(const Node& node) {
  switch (node.kind) {
    case NodeKind::kScan: return "Scan";
    case NodeKind::kValues: return "Values";
    case NodeKind::kFunction: return "TableFunction";
    case NodeKind::kFilterProject:
      return std::get<exec::FilterProjectSpec>(node.spec).predicate != nullptr ? "FilterProject" : "Project";
    case NodeKind::kGroupAggregate:
      return std::get<exec::GroupAggregateSpec>(node.spec).aggregates.empty() ? "Distinct" : "GroupAggregate";
    case NodeKind::kWindowAggregate: return "WindowAggregate";
    case NodeKind::kWindowAssign: return "WindowAssign";
    case NodeKind::kUnion: return "UnionAll";
    case NodeKind::kSort: return std::get<exec::SortSpec>(node.spec).limit == UINT64_MAX ? "Sort" : "TopN";
    case NodeKind::kLimit: return "Limit";
    case NodeKind::kUnnest: return "Unnest";
  }
  return "";
}

std::string Window(const Node& node, uint32_t time_column, Duration size, Duration slide, Duration offset) {
  const std::string column = node.inputs[0]->schema[time_column].name;
  std::string text = size == slide ? fmt::format("TUMBLE({}, {}", column, FormatDuration(size))
                                   : fmt::format("HOP({}, {}, {}", column, FormatDuration(slide), FormatDuration(size));
  if (offset != 0) text += ", " + FormatDuration(offset);
  return text + ")";
}

std::string DetailOf(const Node& node) {
  switch (node.kind) {
    case NodeKind::kScan:
      return fmt::format("{} {} [{}]", catalog::KindName(node.relation->kind), node.relation->name,
                         Join(NamesOf(node.schema), ", "));
    case NodeKind::kValues: return fmt::format("{} row(s)", node.rows.size());
    case NodeKind::kFunction: return node.function;
    case NodeKind::kFilterProject: {
      const auto& spec = std::get<exec::FilterProjectSpec>(node.spec);
      const std::vector<std::string> names = NamesOf(node.inputs[0]->schema);
      std::string text;
      for (size_t i = 0; i < spec.outputs.size(); ++i) {
        const std::string value = expr::ToString(*spec.outputs[i], &names);
        text +=
            (text.empty() ? "" : ", ") + (value == node.schema[i].name ? value : value + " AS " + node.schema[i].name);
      }
      if (spec.predicate != nullptr) text += " where " + expr::ToString(*spec.predicate, &names);
      return text;
    }
    case NodeKind::kGroupAggregate: {
      const auto& spec = std::get<exec::GroupAggregateSpec>(node.spec);
      std::string text = fmt::format("keys [{}]", Columns(node.inputs[0]->schema, spec.keys));
      if (!spec.aggregates.empty()) text += fmt::format(" aggregates [{}]", Aggregates(node, spec.aggregates));
      return text + fmt::format(" emit {} ({})", EmitName(spec.emit), node.emit_origin);
    }
    case NodeKind::kWindowAggregate: {
      const auto& spec = std::get<exec::WindowAggregateSpec>(node.spec);
      std::string text = Window(node, spec.time_column, spec.size, spec.slide, spec.offset);
      text += fmt::format(" keys [{}] aggregates [{}] emit {} ({})", Columns(node.inputs[0]->schema, spec.keys),
                          Aggregates(node, spec.aggregates), EmitName(spec.emit), node.emit_origin);
      if (spec.lateness > 0) text += " lateness " + FormatDuration(spec.lateness);
      return text;
    }
    case NodeKind::kWindowAssign: {
      const auto& spec = std::get<exec::WindowAssignSpec>(node.spec);
      return Window(node, spec.time_column, spec.size, spec.slide, spec.offset);
    }
    case NodeKind::kSort: {
      const auto& spec = std::get<exec::SortSpec>(node.spec);
      std::string text;
      for (const exec::SortColumn& column : spec.columns)
        text += (text.empty() ? "" : ", ") + node.schema[column.column].name + (column.key.descending ? " desc" : "");
      if (spec.limit != UINT64_MAX) text += fmt::format(" limit {}", spec.limit);
      if (spec.offset != 0) text += fmt::format(" offset {}", spec.offset);
      return text;
    }
    case NodeKind::kLimit: {
      const auto& spec = std::get<exec::LimitSpec>(node.spec);
      return fmt::format("{}{}", spec.limit == UINT64_MAX ? "" : std::to_string(spec.limit),
                         spec.offset == 0 ? "" : fmt::format(" offset {}", spec.offset));
    }
    case NodeKind::kUnnest: return node.inputs[0]->schema[std::get<exec::UnnestSpec>(node.spec).column].name;
    case NodeKind::kUnion: return fmt::format("{} inputs", node.inputs.size());
  }
  return "";
}

std::string StateOf(const Node& node) {
  switch (node.kind) {
    case NodeKind::kGroupAggregate:
      return node.properties.bounded ? "bounded by the input" : "one row a group, unbounded";
    case NodeKind::kWindowAggregate: return "open windows, bounded by the watermark";
    case NodeKind::kSort: return "bounded by the input";
    default: return "none";
  }
}

std::string PropertiesOf(const Node& node) {
  const Properties& p = node.properties;
  std::string text = p.append_only ? "append-only" : "changelog";
  if (p.upsert_key) text += fmt::format(", key ({})", Columns(node.schema, *p.upsert_key));
  std::string times;
  for (uint32_t i = 0; i < node.schema.size(); ++i) {
    if (p.IsTime(i)) times += (times.empty() ? "" : ", ") + node.schema[i].name;
  }
  if (!times.empty()) text += fmt::format(", time ({})", times);
  text += p.has_watermark ? ", watermark" : ", no watermark";
  text += p.bounded ? ", ends" : ", unbounded";
  return text + "; state: " + StateOf(node);
}

void Print(const Node& node, int depth, bool verbose, std::string& out) {
  const std::string indent(static_cast<size_t>(depth) * 2, ' ');
  out += indent + NameOf(node) + " " + DetailOf(node) + "\n";
  out += indent + "  | " + PropertiesOf(node) + "\n";
  if (!node.runs_on.empty()) out += indent + "  | runs on " + node.runs_on + "\n";
  if (verbose) {
    std::string types;
    for (const data::Field& field : node.schema.fields())
      types += (types.empty() ? "" : ", ") + field.name + " " + field.type.ToString();
    out += indent + "  | " + types + "\n";
  }
  for (const NodePtr& input : node.inputs) Print(*input, depth + 1, verbose, out);
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      out += c;
  }
  return out + "\"";
}

void PrintJson(const Node& node, std::string& out) {
  out += fmt::format(
      "{{\"operator\":{},\"detail\":{},\"append_only\":{},\"bounded\":{},\"watermark\":{},\"state\":{},\"columns\":[",
      Quote(NameOf(node)), Quote(DetailOf(node)), node.properties.append_only, node.properties.bounded,
      node.properties.has_watermark, Quote(StateOf(node)));
  for (size_t i = 0; i < node.schema.size(); ++i) {
    out += fmt::format("{}{{\"name\":{},\"type\":{},\"time\":{}}}", i == 0 ? "" : ",", Quote(node.schema[i].name),
                       Quote(node.schema[i].type.ToString()), node.properties.IsTime(static_cast<uint32_t>(i)));
  }
  out += "],";
  if (!node.runs_on.empty()) out += fmt::format("\"runs_on\":{},", Quote(node.runs_on));
  out += "\"inputs\":[";
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (i > 0) out += ",";
    PrintJson(*node.inputs[i], out);
  }
  out += "]}";
}

}  // namespace

std::string ExplainText(const QueryPlan& plan, bool verbose) {
  std::string out;
  Print(*plan.root, 0, verbose, out);
  out += fmt::format("mode: {}\n", plan.mode == QueryMode::kBatch ? "batch (all inputs end)" : "streaming");
  if (!plan.rules.empty()) out += "rules: " + Join(plan.rules, ", ") + "\n";
  for (const std::string& notice : plan.notices) out += "notice: " + notice + "\n";
  return out;
}

std::string ExplainJson(const QueryPlan& plan) {
  std::string out = fmt::format("{{\"mode\":\"{}\",\"plan\":", plan.mode == QueryMode::kBatch ? "batch" : "streaming");
  PrintJson(*plan.root, out);
  return out + "}";
}

}  // namespace laminar::plan
