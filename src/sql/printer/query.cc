// Printing queries.
#include <utility>

#include "sql/printer/printer_state.h"
#include "sql/printer.h"

namespace laminar::sql {
namespace {

std::string_view JoinWord(const Join& join) {
  switch (join.kind) {
    case JoinKind::kInner: return "JOIN ";
    case JoinKind::kLeft: return "LEFT JOIN ";
    case JoinKind::kRight: return "RIGHT JOIN ";
    case JoinKind::kFull: return "FULL JOIN ";
    case JoinKind::kCross: return "CROSS JOIN ";
    case JoinKind::kSemi: return "SEMI JOIN ";
    case JoinKind::kAnti: return "ANTI JOIN ";
  }
  std::unreachable();
}

}  // namespace

void Printer::PrintQuery(const Query& query) {
  if (!query.with.empty()) {
    Write(query.recursive ? "WITH RECURSIVE " : "WITH ");
    for (size_t i = 0; i < query.with.size(); ++i) {
      const CommonTable& table = query.with[i];
      Write((i > 0 ? ", " : "") + QuoteIdentifier(table.name));
      if (!table.columns.empty()) WriteNames(table.columns);
      Write(" AS ");
      PrintSubquery(*table.query);
    }
    Write(" ");
  }
  PrintBody(*query.body);
  if (!query.order_by.empty()) {
    Write(" ORDER BY ");
    PrintOrder(query.order_by);
  }
  if (query.limit) {
    Write(" LIMIT ");
    Operand(*query.limit, kStrengthNone);
  }
  if (query.offset) {
    Write(" OFFSET ");
    Operand(*query.offset, kStrengthNone);
  }
  PrintStream(query.stream);
}

void Printer::PrintBody(const QueryBody& body) {
  switch (body.kind) {
    case BodyKind::kSelect: return PrintSelect(*body.select);
    case BodyKind::kNested: return PrintSubquery(*body.nested);
    case BodyKind::kValues:
      Write("VALUES ");
      for (size_t i = 0; i < body.values.size(); ++i) {
        Write(i > 0 ? ", (" : "(");
        List(body.values[i]);
        Write(")");
      }
      return;
    case BodyKind::kSetOperation:
      for (size_t i = 0; i < body.inputs.size(); ++i) {
        if (i > 0) {
          const bool is_union = body.op == SetOperator::kUnion;
          Write(is_union ? " UNION " : body.op == SetOperator::kIntersect ? " INTERSECT " : " EXCEPT ");
          if (body.all) Write("ALL ");
        }
        PrintInput(*body.inputs[i]);
      }
  }
}

void Printer::PrintInput(const QueryBody& body) {
  const bool wrap = body.kind == BodyKind::kSetOperation;
  if (wrap) Write("(");
  PrintBody(body);
  if (wrap) Write(")");
}

void Printer::PrintSelect(const Select& select) {
  Write("SELECT ");
  if (select.distinct) Write("DISTINCT ");
  if (!select.distinct_on.empty()) {
    Write("ON (");
    List(select.distinct_on);
    Write(") ");
  }
  for (size_t i = 0; i < select.items.size(); ++i) {
    if (i > 0) Write(", ");
    Operand(*select.items[i].expression, kStrengthNone);
    if (!select.items[i].alias.empty()) Write(" AS " + QuoteIdentifier(select.items[i].alias));
  }
  for (size_t i = 0; i < select.from.size(); ++i) {
    Write(i > 0 ? ", " : " FROM ");
    PrintTable(*select.from[i]);
  }
  if (select.where) {
    Write(" WHERE ");
    Operand(*select.where, kStrengthNone);
  }
  PrintGroups(select);
  if (select.sample_by) PrintSampleBy(*select.sample_by);
  if (select.having) {
    Write(" HAVING ");
    Operand(*select.having, kStrengthNone);
  }
  for (size_t i = 0; i < select.windows.size(); ++i) {
    Write((i > 0 ? ", " : " WINDOW ") + QuoteIdentifier(select.windows[i].name) + " AS (");
    PrintWindow(select.windows[i].spec);
    Write(")");
  }
  if (select.qualify) {
    Write(" QUALIFY ");
    Operand(*select.qualify, kStrengthNone);
  }
}

void Printer::PrintGroups(const Select& select) {
  if (select.group_by_all) return Write(" GROUP BY ALL");
  for (size_t i = 0; i < select.group_by.size(); ++i) {
    const GroupItem& item = select.group_by[i];
    Write(i > 0 ? ", " : " GROUP BY ");
    if (item.kind == GroupKind::kExpression) {
      Operand(*item.expression, kStrengthNone);
      continue;
    }
    Write(item.kind == GroupKind::kRollup ? "ROLLUP (" : item.kind == GroupKind::kCube ? "CUBE (" : "GROUPING SETS (");
    for (size_t k = 0; k < item.sets.size(); ++k) {
      Write(k > 0 ? ", (" : "(");
      List(item.sets[k]);
      Write(")");
    }
    Write(")");
  }
}

void Printer::PrintSampleBy(const SampleBy& sample) {
  Write(" SAMPLE BY ");
  PrintExpression(*sample.interval);
  for (size_t i = 0; i < sample.fill.size(); ++i) {
    Write(i > 0 ? ", " : " FILL(");
    switch (sample.fill[i].kind) {
      case FillKind::kNone: Write("NONE"); break;
      case FillKind::kNull: Write("NULL"); break;
      case FillKind::kPrevious: Write("PREV"); break;
      case FillKind::kLinear: Write("LINEAR"); break;
      case FillKind::kConstant: Operand(*sample.fill[i].constant, kStrengthNone); break;
    }
  }
  if (!sample.fill.empty()) Write(")");
  if (sample.align == AlignKind::kFirstObservation) Write(" ALIGN TO FIRST OBSERVATION");
  if (sample.align != AlignKind::kCalendar) return;
  Write(" ALIGN TO CALENDAR");
  if (!sample.time_zone.empty()) Write(" TIME ZONE " + QuoteString(sample.time_zone));
  if (!sample.offset.empty()) Write(" WITH OFFSET " + QuoteString(sample.offset));
}

void Printer::PrintTable(const TableRef& table) {
  if (table.lateral) Write("LATERAL ");
  if (table.latest) Write("LATEST ");
  switch (table.kind) {
    case TableRefKind::kNamed: Write(PrintName(table.name)); break;
    case TableRefKind::kSubquery: PrintSubquery(*table.query); break;
    case TableRefKind::kFunction: PrintExpression(*table.function); break;
    case TableRefKind::kJoin: return PrintJoin(*table.join);
  }
  if (table.as_of) {
    Write(" FOR SYSTEM_TIME AS OF ");
    Operand(*table.as_of, kStrengthOther);
  }
  if (!table.versioned_on.empty()) Write(" VERSIONED ON " + PrintName(table.versioned_on));
  if (!table.timestamp_by.empty()) Write(" TIMESTAMP BY " + PrintName(table.timestamp_by));
  if (table.with_ordinality) Write(" WITH ORDINALITY");
  if (!table.alias.empty()) Write(" AS " + QuoteIdentifier(table.alias));
  if (!table.column_aliases.empty()) WriteNames(table.column_aliases);
}

void Printer::PrintJoin(const Join& join) {
  PrintTable(*join.left);
  Write(join.natural ? " NATURAL " : " ");
  if (join.asof) Write("ASOF ");
  Write(JoinWord(join));
  const bool wrap = join.right->kind == TableRefKind::kJoin;
  if (wrap) Write("(");
  PrintTable(*join.right);
  if (wrap) Write(")");
  if (join.match == MatchKind::kNearest) {
    Write(" MATCH_CONDITION NEAREST");
    if (!join.match_arguments.empty()) {
      Write("(");
      List(join.match_arguments);
      Write(")");
    }
  } else if (join.match == MatchKind::kCondition) {
    Write(" MATCH_CONDITION (");
    List(join.match_arguments);
    Write(")");
  }
  if (join.tolerance) {
    Write(" TOLERANCE ");
    Operand(*join.tolerance, kStrengthOther);
  }
  if (join.on) {
    Write(" ON ");
    Operand(*join.on, kStrengthNone);
  }
  if (!join.using_columns.empty()) {
    Write(" USING ");
    WriteNames(join.using_columns);
  }
}

void Printer::PrintStream(const StreamClauses& stream) {
  switch (stream.emit) {
    case EmitKind::kUnspecified: break;
    case EmitKind::kOnWatermark: Write(" EMIT ON WATERMARK"); break;
    case EmitKind::kOnWindowClose: Write(" EMIT ON WINDOW CLOSE"); break;
    case EmitKind::kOnUpdate: Write(" EMIT ON UPDATE"); break;
    case EmitKind::kEvery:
      Write(" EMIT EVERY ");
      Operand(*stream.every, kStrengthOther);
      break;
    case EmitKind::kChanges: Write(" EMIT CHANGES"); break;
    case EmitKind::kFinal: Write(" EMIT FINAL"); break;
  }
  if (stream.delay) {
    Write(" WITH DELAY ");
    Operand(*stream.delay, kStrengthOther);
  }
  if (stream.lateness) {
    Write(" ALLOW LATENESS ");
    Operand(*stream.lateness, kStrengthOther);
  }
  if (!stream.late_to.empty()) Write(" LATE DATA TO " + PrintName(stream.late_to));
}

}  // namespace laminar::sql
