// Printing statements, and the printer's entry points.
#include <algorithm>
#include <utility>

#include "sql/keywords.h"
#include "sql/printer.h"
#include "sql/printer/printer_state.h"

namespace laminar::sql {
namespace {

std::string_view KindText(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kSource: return "SOURCE";
    case ObjectKind::kSink: return "SINK";
    case ObjectKind::kContinuousQuery: return "CONTINUOUS QUERY";
    case ObjectKind::kMaterializedView: return "MATERIALIZED VIEW";
    case ObjectKind::kView: return "VIEW";
    case ObjectKind::kTable: return "TABLE";
  }
  std::unreachable();
}

std::string_view ShowText(ShowKind kind) {
  switch (kind) {
    case ShowKind::kSources: return "SOURCES";
    case ShowKind::kSinks: return "SINKS";
    case ShowKind::kTables: return "TABLES";
    case ShowKind::kViews: return "VIEWS";
    case ShowKind::kMaterializedViews: return "MATERIALIZED VIEWS";
    case ShowKind::kContinuousQueries: return "CONTINUOUS QUERIES";
    case ShowKind::kQueries: return "QUERIES";
    case ShowKind::kFunctions: return "FUNCTIONS";
    case ShowKind::kVariables: return "VARIABLES";
    case ShowKind::kMetrics: return "METRICS";
    case ShowKind::kConnectors: return "CONNECTORS";
    case ShowKind::kCheckpoints: return "CHECKPOINTS";
    case ShowKind::kPrepared: return "PREPARED";
    case ShowKind::kRuntime: return "RUNTIME";
    case ShowKind::kDependencies: return "DEPENDENCIES FOR ";
    case ShowKind::kDependents: return "DEPENDENTS FOR ";
    case ShowKind::kWatermarks: return "WATERMARKS";
    case ShowKind::kCreate: return "CREATE ";
    case ShowKind::kColumns: return "COLUMNS FROM ";
    case ShowKind::kVariable: return "";
  }
  std::unreachable();
}

// The parts of a dotted setting, bare where they can be. A setting named like a word of SHOW is quoted.
std::string PrintVariable(std::string_view variable) {
  const bool alone = variable.find('.') == std::string_view::npos;
  const auto names_a_list = [&](std::string_view part) {
    if (part == "create" || part == "watermarks") return true;
    return alone && (part == "checkpoints" || part == "runtime" || std::any_of(Keywords().begin(), Keywords().end(),
                                                          [&](auto word) { return EqualsWord(part, word); }));
  };
  const auto is_bare = [](std::string_view part) {
    return !part.empty() && !(part[0] >= '0' && part[0] <= '9') && std::all_of(part.begin(), part.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
  };
  std::string out;
  while (true) {
    const size_t dot = variable.find('.');
    const std::string_view part = variable.substr(0, dot);
    if (is_bare(part)) {
      out += names_a_list(part) ? "\"" + std::string(part) + "\"" : std::string(part);
    } else {
      out += QuoteIdentifier(part);
    }
    if (dot == std::string_view::npos) return out;
    out += '.';
    variable.remove_prefix(dot + 1);
  }
}

std::string PrintValue(const Option& option) {
  switch (option.kind) {
    case OptionKind::kString: return QuoteString(option.value);
    case OptionKind::kInterval: return "INTERVAL " + QuoteString(option.value);
    case OptionKind::kNumber:
    case OptionKind::kBoolean:
    case OptionKind::kWord: return option.value;
  }
  std::unreachable();
}

template <class T>
std::string PrintWith(const T& what, void (Printer::*print)(const T&)) {
  Printer printer(false);
  (printer.*print)(what);
  return printer.Take();
}

}  // namespace

std::string Print(const Expression& expression) { return PrintWith(expression, &Printer::PrintExpression); }
std::string Print(const TypeName& type) { return PrintWith(type, &Printer::PrintType); }
std::string Print(const Query& query) { return PrintWith(query, &Printer::PrintQuery); }
std::string Print(const Statement& statement) { return PrintWith(statement, &Printer::PrintStatement); }
std::string Print(const IntervalValue& interval) { return PrintWith(interval, &Printer::PrintInterval); }

std::string PrintInFull(const Expression& expression) {
  Printer printer(true);
  printer.PrintExpression(expression);
  return printer.Take();
}
std::string PrintInFull(const Statement& statement) {
  Printer printer(true);
  printer.PrintStatement(statement);
  return printer.Take();
}

std::string CanonicalName(const Expression& expression) {
  if (expression.kind == ExpressionKind::kColumn && !expression.name.empty()) return expression.name.back();
  if (expression.kind == ExpressionKind::kField) return expression.labels[0];
  std::string text = Print(expression);
  char mark = 0;
  for (char& c : text) {
    if (mark == 0 && (c == '\'' || c == '"')) {
      mark = c;
    } else if (c == mark) {
      mark = 0;
    } else if (mark == 0 && c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c | 0x20);
    }
  }
  return text;
}

void Printer::PrintStatement(const Statement& statement) {
  std::visit([this](const auto& node) { Node(node); }, statement.node);
}

void Printer::Node(const SelectStatement& s) {
  PrintQuery(*s.query);
  PrintOptions(s.options);
  if (s.as_of_epoch) {
    Write(" AS OF EPOCH ");
    Operand(*s.as_of_epoch, kStrengthNone);
  }
}

void Printer::CreateHead(std::string_view kind, const Name& name, bool or_replace, bool if_not_exists) {
  Write(or_replace ? "CREATE OR REPLACE " : "CREATE ");
  Write(kind);
  Write(if_not_exists ? " IF NOT EXISTS " : " ");
  Write(PrintName(name));
}

void Printer::PrintDefinition(const Definition& definition) {
  std::string_view gap = " (";
  const auto next = [&] {
    Write(gap);
    gap = ", ";
  };
  for (const ColumnDefinition& column : definition.columns) {
    next();
    PrintColumn(column);
  }
  for (const WatermarkDefinition& watermark : definition.watermarks) {
    next();
    Write("WATERMARK FOR " + PrintName(watermark.column));
    if (watermark.expression) {
      Write(" AS ");
      Operand(*watermark.expression, kStrengthNone);
    }
    if (!watermark.per_key.empty()) {
      Write(" PER KEY ");
      WriteNames(watermark.per_key);
    }
  }
  if (!definition.primary_key.empty()) {
    next();
    Write("PRIMARY KEY ");
    WriteNames(definition.primary_key);
  }
  if (gap == ", ") Write(")");
}

void Printer::PrintColumn(const ColumnDefinition& column) {
  Write(QuoteIdentifier(column.name));
  if (column.type) {
    Write(" ");
    PrintType(*column.type);
  }
  if (column.generated) {
    Write(" AS (");
    Operand(*column.generated, kStrengthNone);
    Write(")");
    if (column.generated_kind == GeneratedKind::kStored) Write(" STORED");
  }
  if (column.not_null) Write(" NOT NULL");
  if (column.primary_key) Write(" PRIMARY KEY");
  if (column.default_value) {
    Write(" DEFAULT ");
    Operand(*column.default_value, kStrengthNone);
  }
}

void Printer::PrintOptions(const Options& options) {
  if (options.empty()) return;
  Write(" WITH ");
  PrintOptionList(options);
}

void Printer::PrintOptionList(const Options& options) {
  Write("(");
  for (size_t i = 0; i < options.size(); ++i) {
    Write((i > 0 ? ", " : "") + QuoteString(options[i].key) + " = " + PrintValue(options[i]));
  }
  Write(")");
}

void Printer::PrintFormat(const FormatClause& format) {
  if (format.format.empty()) return;
  Write(" FORMAT " + QuoteIdentifier(format.format));
  if (format.encode.empty()) return;
  Write(" ENCODE " + QuoteIdentifier(format.encode));
  if (format.options.empty()) return;
  Write(" ");
  PrintOptionList(format.options);
}

void Printer::Node(const CreateSource& s) {
  CreateHead("SOURCE", s.name, s.or_replace, s.if_not_exists);
  PrintDefinition(s.definition);
  PrintOptions(s.options);
  PrintFormat(s.format);
}

void Printer::Node(const CreateTable& s) {
  CreateHead(s.lookup ? "LOOKUP TABLE" : "TABLE", s.name, s.or_replace, s.if_not_exists);
  PrintDefinition(s.definition);
  PrintOptions(s.options);
  if (!s.query) return;
  Write(" AS ");
  PrintQuery(*s.query);
}

void Printer::Node(const CreateSink& s) {
  CreateHead("SINK", s.name, s.or_replace, s.if_not_exists);
  for (size_t i = 0; i < s.columns.size(); ++i) {
    Write(i > 0 ? ", " : " (");
    PrintColumn(s.columns[i]);
  }
  if (!s.columns.empty()) Write(")");
  if (s.query) {
    Write(" FROM ");
    PrintSubquery(*s.query);
  } else if (!s.from.empty()) {
    Write(" FROM " + PrintName(s.from));
  }
  PrintOptions(s.options);
  PrintFormat(s.format);
  PrintStream(s.stream);
}

void Printer::Node(const CreateContinuousQuery& s) {
  CreateHead("CONTINUOUS QUERY", s.name, s.or_replace, s.if_not_exists);
  if (!s.into.empty()) Write(" INTO " + PrintName(s.into));
  Write(" AS ");
  PrintQuery(*s.query);
  PrintOptions(s.options);
}

void Printer::Node(const CreateView& s) {
  CreateHead(s.materialized ? "MATERIALIZED VIEW" : "VIEW", s.name, s.or_replace, s.if_not_exists);
  if (!s.columns.empty()) {
    Write(" ");
    WriteNames(s.columns);
  }
  PrintOptions(s.options);
  Write(" AS ");
  PrintQuery(*s.query);
}

void Printer::Node(const Drop& s) {
  Write("DROP ");
  Write(KindText(s.kind));
  if (s.if_exists) Write(" IF EXISTS");
  for (size_t i = 0; i < s.names.size(); ++i) Write((i > 0 ? ", " : " ") + PrintName(s.names[i]));
  if (s.behaviour == DropBehaviour::kCascade) Write(" CASCADE");
  if (s.behaviour == DropBehaviour::kRestrict) Write(" RESTRICT");
}

void Printer::Node(const Insert& s) {
  Write("INSERT INTO " + PrintName(s.table) + " ");
  if (!s.columns.empty()) {
    WriteNames(s.columns);
    Write(" ");
  }
  PrintQuery(*s.query);
}

void Printer::Node(const Update& s) {
  Write("UPDATE " + PrintName(s.table));
  if (!s.alias.empty()) Write(" AS " + QuoteIdentifier(s.alias));
  for (size_t i = 0; i < s.assignments.size(); ++i) {
    Write((i > 0 ? ", " : " SET ") + QuoteIdentifier(s.assignments[i].column) + " = ");
    Operand(*s.assignments[i].value, kStrengthNone);
  }
  if (!s.where) return;
  Write(" WHERE ");
  Operand(*s.where, kStrengthNone);
}

void Printer::Node(const Delete& s) {
  Write("DELETE FROM " + PrintName(s.table));
  if (!s.alias.empty()) Write(" AS " + QuoteIdentifier(s.alias));
  if (!s.where) return;
  Write(" WHERE ");
  Operand(*s.where, kStrengthNone);
}

void Printer::Node(const Explain& s) {
  Write("EXPLAIN ");
  if (s.streaming) Write("STREAMING ");
  if (s.analyze) Write("ANALYZE ");
  if (s.verbose) Write("VERBOSE ");
  if (s.format == ExplainFormat::kJson) Write("(FORMAT JSON) ");
  if (s.format == ExplainFormat::kDot) Write("(FORMAT DOT) ");
  PrintStatement(*s.statement);
}

void Printer::Node(const Show& s) {
  Write("SHOW ");
  Write(ShowText(s.kind));
  if (s.kind == ShowKind::kVariable) Write(PrintVariable(s.variable));
  if (s.kind == ShowKind::kCreate) Write(std::string(KindText(s.object)) + " ");
  if (s.kind == ShowKind::kWatermarks && !s.name.empty()) Write(" FOR ");
  Write(PrintName(s.name));
  if (s.like) Write(" LIKE " + QuoteString(*s.like));
}

void Printer::Node(const Describe& s) {
  Write("DESCRIBE ");
  if (s.query) return PrintQuery(*s.query);
  Write(PrintName(s.name));
}

void Printer::Node(const Set& s) { Write("SET " + PrintVariable(s.variable) + " = " + PrintValue(s.value)); }
void Printer::Node(const Reset& s) { Write("RESET " + (s.variable.empty() ? "ALL" : PrintVariable(s.variable))); }

void Printer::Node(const Prepare& s) {
  Write("PREPARE " + QuoteIdentifier(s.name));
  for (size_t i = 0; i < s.types.size(); ++i) {
    Write(i > 0 ? ", " : " (");
    PrintType(s.types[i]);
  }
  Write(s.types.empty() ? " AS " : ") AS ");
  PrintStatement(*s.statement);
}

void Printer::Node(const Execute& s) {
  Write("EXECUTE " + QuoteIdentifier(s.name));
  if (s.arguments.empty()) return;
  Write("(");
  List(s.arguments);
  Write(")");
}

void Printer::Node(const Deallocate& s) { Write("DEALLOCATE " + (s.name.empty() ? "ALL" : QuoteIdentifier(s.name))); }

void Printer::Node(const Alter& s) {
  Write("ALTER " + std::string(KindText(s.kind)) + " " + PrintName(s.name));
  Write(s.action == AlterAction::kPause ? " PAUSE" : " RESUME");
}

void Printer::Node(const Subscribe& s) {
  Write("SUBSCRIBE TO ");
  if (s.query) {
    PrintSubquery(*s.query);
  } else {
    Write(PrintName(s.name));
  }
  PrintOptions(s.options);
  if (s.as_of) {
    Write(s.as_of_is_epoch ? " AS OF EPOCH " : " AS OF ");
    Operand(*s.as_of, kStrengthNone);
  }
  if (s.up_to) {
    Write(" UP TO ");
    Operand(*s.up_to, kStrengthNone);
  }
}

void Printer::Node(const WaitFor& s) {
  Write("WAIT FOR " + PrintName(s.name));
  if (!s.timeout) return;
  Write(" TIMEOUT ");
  Operand(*s.timeout, kStrengthOther);
}

void Printer::Node(const Checkpoint&) { Write("CHECKPOINT"); }

void Printer::Node(const Savepoint& s) { Write("SAVEPOINT TO " + QuoteString(s.directory)); }

}  // namespace laminar::sql
