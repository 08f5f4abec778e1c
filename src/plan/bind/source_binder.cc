// CREATE SOURCE and CREATE TABLE: columns, generated columns, watermark, keys.
#include <algorithm>

#include "base/text.h"
#include "expr/program.h"
#include "plan/bind/query_binder.h"
#include "plan/bind/type_binder.h"
#include "plan/planner.h"
#include "sql/printer.h"

namespace laminar::plan {

using catalog::Relation;
using data::Type;
using data::TypeId;
using expr::ExprPtr;

namespace {

Scope ScopeOfSchema(const data::Schema& schema, const std::string& relation) {
  Scope scope;
  for (uint32_t i = 0; i < schema.size(); ++i)
    scope.columns.push_back({relation, schema[i].name, schema[i].type, schema[i].nullable, false, i});
  return scope;
}

Status CheckName(const data::Schema& schema, const std::string& name, TextPosition position) {
  if (schema.IndexOf(name) < 0) return {};
  return Status(ErrorCode::kAlreadyExists, "column \"" + name + "\" is declared twice").At(position);
}

Status BindColumns(const PlanContext& context, const sql::Definition& definition, Relation& relation) {
  bool any_generated = false;
  for (const sql::ColumnDefinition& column : definition.columns) {
    any_generated |= column.generated != nullptr;
    if (column.default_value != nullptr) return NotSupportedYet("DEFAULT", column.default_value->position);
    if (column.generated != nullptr) continue;
    TRY(CheckName(relation.physical, column.name, column.position));
    if (!column.type)
      return Status(ErrorCode::kSchemaNotInferable, "column \"" + column.name + "\" has no type").At(column.position);
    relation.physical.Add({column.name, TRY(BindType(*column.type)), !column.not_null && !column.primary_key});
  }
  const Scope scope = ScopeOfSchema(relation.physical, relation.name);
  uint32_t physical = 0;
  for (const sql::ColumnDefinition& column : definition.columns) {
    TRY(CheckName(relation.schema, column.name, column.position));
    if (column.generated == nullptr) {
      relation.schema.Add(relation.physical[physical]);
      const data::Field& field = relation.physical[physical];
      relation.columns.push_back(expr::MakeColumn(physical, field.type, field.nullable));
      ++physical;
      continue;
    }
    ExpressionBinder binder(context, scope);
    ExprPtr bound = TRY(binder.Bind(*column.generated));
    if (column.type) bound = TRY(CastTo(std::move(bound), TRY(BindType(*column.type)), column.position));
    expr::FoldConstants(bound, *context.environment);
    relation.schema.Add({column.name, bound->type, !column.not_null && !column.primary_key});
    relation.columns.push_back(std::move(bound));
  }
  if (!any_generated) relation.columns.clear();
  return {};
}

// WATERMARK FOR c AS c - INTERVAL '5' SECOND, AS c, or no expression; any other monotone form is computed per row.
Status BindWatermark(const PlanContext& context, const sql::Definition& definition, Relation& relation) {
  if (definition.watermarks.empty()) return {};
  if (definition.watermarks.size() > 1)
    return Status(ErrorCode::kSecondWatermark, "\"" + relation.name + "\" has two watermarks")
        .WithHint("keep one")
        .At(definition.watermarks[1].position);
  const sql::WatermarkDefinition& written = definition.watermarks[0];
  if (!written.per_key.empty()) return NotSupportedYet("WATERMARK ... PER KEY", written.position);
  const int column = written.column.size() == 1 ? relation.schema.IndexOf(written.column[0]) : -1;
  if (column < 0) {
    std::vector<std::string> names;
    for (const data::Field& field : relation.schema.fields()) names.push_back(field.name);
    return Status(ErrorCode::kUnknownTimeColumn,
                  "there is no column \"" + sql::PrintName(written.column) + "\" for the watermark")
        .WithHint("there are: " + Join(names, ", "))
        .At(written.position);
  }
  catalog::WatermarkDefinition watermark;
  watermark.column = static_cast<uint32_t>(column);
  const Type type = relation.schema[watermark.column].type;
  if (!type.is_timestamp()) {
    return Status(ErrorCode::kBadTimeColumnType, "watermark column \"" + sql::PrintName(written.column) + "\" is " +
                                                     type.ToString() + ", not a TIMESTAMP")
        .WithHint("add a generated column, for example event_time AS to_timestamp(seconds)")
        .At(written.position);
  }
  if (written.expression != nullptr) {
    const sql::Expression& e = *written.expression;
    const bool shift = e.kind == sql::ExpressionKind::kBinary && e.children[0]->kind == sql::ExpressionKind::kColumn &&
                       e.children[0]->name.back() == written.column[0] &&
                       (e.binary == sql::BinaryOperator::kSubtract || e.binary == sql::BinaryOperator::kAdd);
    const bool same = e.kind == sql::ExpressionKind::kColumn && e.name.back() == written.column[0];
    if (!shift && !same) {
      return Status(ErrorCode::kBadWatermark,
                    "the watermark " + sql::Print(e) + " is not " + written.column[0] + " minus a fixed delay")
          .WithHint("WATERMARK FOR " + written.column[0] + " AS " + written.column[0] + " - INTERVAL '5' SECOND")
          .At(e.position);
    }
    if (shift) {
      watermark.delay = TRY(BindDuration(context, *e.children[1], "the watermark delay"));
      if (e.binary == sql::BinaryOperator::kAdd) watermark.delay = -watermark.delay;
      if (watermark.delay < 0)
        return Status(ErrorCode::kNegativeDelay, "the watermark delay is negative")
            .WithHint("subtract an interval from the column")
            .At(e.position);
    }
  }
  relation.watermark = std::move(watermark);
  return {};
}

Status BindPrimaryKey(const sql::Definition& definition, Relation& relation) {
  std::vector<std::string> names = definition.primary_key;
  TextPosition position = definition.primary_key_position;
  for (const sql::ColumnDefinition& column : definition.columns) {
    if (!column.primary_key) continue;
    if (!names.empty())
      return Status(ErrorCode::kClauseTwice, "PRIMARY KEY is written twice")
          .WithHint("for several columns: PRIMARY KEY (a, b)")
          .At(column.position);
    names.push_back(column.name);
    position = column.position;
  }
  for (const std::string& name : names) {
    const int column = relation.schema.IndexOf(name);
    if (column < 0)
      return Status(ErrorCode::kUnknownColumn, "there is no column \"" + name + "\" for the primary key").At(position);
    relation.primary_key.push_back(static_cast<uint32_t>(column));
  }
  return {};
}

}  // namespace

Result<Relation> BindSource(const PlanContext& context, const sql::CreateSource& create,
                            const std::optional<data::Schema>& inferred) {
  Relation relation;
  relation.name = create.name.back();
  relation.kind = catalog::RelationKind::kSource;
  relation.options = StoredOptions(create.options);
  for (const sql::Option& option : create.format.options) relation.options.emplace_back(option.key, option.value);
  if (!create.format.encode.empty()) relation.options.emplace_back("format", create.format.encode);
  relation.connector = "memory";
  for (const auto& [key, value] : relation.options) {
    if (key == "connector") relation.connector = ToLower(value);
  }
  const bool declared = std::ranges::any_of(create.definition.columns,
                                            [](const sql::ColumnDefinition& c) { return c.generated == nullptr; });
  if (!declared && inferred) {
    relation.physical = *inferred;
    relation.schema = *inferred;
    if (!create.definition.columns.empty()) {
      for (uint32_t i = 0; i < inferred->size(); ++i)
        relation.columns.push_back(expr::MakeColumn(i, (*inferred)[i].type));
      const Scope scope = ScopeOfSchema(relation.physical, relation.name);
      for (const sql::ColumnDefinition& column : create.definition.columns) {
        TRY(CheckName(relation.schema, column.name, column.position));
        ExpressionBinder binder(context, scope);
        ExprPtr bound = TRY(binder.Bind(*column.generated));
        if (column.type) bound = TRY(CastTo(std::move(bound), TRY(BindType(*column.type)), column.position));
        relation.schema.Add({column.name, bound->type, true});
        relation.columns.push_back(std::move(bound));
      }
    }
  } else {
    TRY(BindColumns(context, create.definition, relation));
  }
  if (relation.schema.size() == 0)
    return Error(Status(ErrorCode::kSchemaNotInferable, "source \"" + relation.name + "\" has no columns")
                     .WithHint("CREATE SOURCE " + relation.name + " (id BIGINT, ...) WITH (...)"));
  TRY(BindWatermark(context, create.definition, relation));
  TRY(BindPrimaryKey(create.definition, relation));
  if (!relation.primary_key.empty())
    return Error(
        NotSupportedYet("PRIMARY KEY on a source", create.definition.primary_key_position, "CREATE TABLE takes one"));
  return relation;
}

Result<Relation> BindTable(const PlanContext& context, const sql::CreateTable& create) {
  Relation relation;
  relation.name = create.name.back();
  relation.kind = catalog::RelationKind::kTable;
  relation.options = StoredOptions(create.options);
  relation.connector = "memory";
  if (create.lookup) return Error(NotSupportedYet("CREATE LOOKUP TABLE", {}));
  if (!relation.options.empty())
    return Error(Status(ErrorCode::kBadOption, "a table takes no option \"" + relation.options[0].first + "\"")
                     .At(create.options[0].position));
  TRY(BindColumns(context, create.definition, relation));
  if (!relation.columns.empty())
    return Error(NotSupportedYet("a generated column on a table", create.definition.columns[0].position,
                                 "compute it in a view"));
  TRY(BindWatermark(context, create.definition, relation));
  TRY(BindPrimaryKey(create.definition, relation));
  return relation;
}

}  // namespace laminar::plan
