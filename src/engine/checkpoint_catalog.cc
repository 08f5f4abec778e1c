#include "engine/checkpoint_catalog.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "engine/stored_row.h"
#include "sql/parser.h"

namespace laminar::engine {

using catalog::Relation;
using catalog::RelationKind;
using catalog::RelationPtr;
using data::Type;
using data::TypeId;

namespace {

class Binder {
 public:
  Binder(const CatalogEntry& entry, const plan::PlanContext& context) : entry_(entry), context_(context) {}

  Result<BoundRelation> Run() {
    const sql::Statement statement = TRY(sql::ParseStatement(entry_.sql));
    if (const auto* source = std::get_if<sql::CreateSource>(&statement.node)) return Bind(*source);
    if (const auto* table = std::get_if<sql::CreateTable>(&statement.node)) return Bind(*table);
    if (const auto* view = std::get_if<sql::CreateView>(&statement.node)) return Bind(*view);
    if (std::holds_alternative<sql::CreateSink>(statement.node)) return BoundRelation();
    return Error(ErrorCode::kUnreadableState, "the stored statement makes no relation: " + Quoted(entry_.sql, 200));
  }

 private:
  Result<BoundRelation> Finish(Relation relation, std::optional<ViewOfGroups> groups = {}) {
    if (relation.name != entry_.name)
      return Error(ErrorCode::kUnreadableState, "the stored statement makes \"" + relation.name + "\"");
    relation.sql = entry_.sql;
    return BoundRelation{std::make_shared<const Relation>(std::move(relation)), std::move(groups)};
  }

  Result<BoundRelation> Bind(const sql::CreateSource& s) {
    std::optional<data::Schema> inferred;
    if (!entry_.columns.empty()) {
      const sql::Statement columns = TRY(sql::ParseStatement("CREATE TABLE columns (" + entry_.columns + ")"));
      if (const auto* table = std::get_if<sql::CreateTable>(&columns.node))
        inferred = TRY(plan::BindTable(context_, *table)).schema;
    }
    Relation relation = TRY(plan::BindSource(context_, s, inferred));
    relation.options = plan::StoredOptions(s.options);
    relation.replayable = entry_.replayable;
    relation.bounded = entry_.bounded;
    for (const auto& [key, value] : relation.options) {
      if (key == "changelog") relation.append_only = !ParseBool(value).value_or(false);
    }
    return Finish(std::move(relation));
  }

  Result<BoundRelation> Bind(const sql::CreateTable& s) { return Finish(TRY(plan::BindTable(context_, s))); }

  Result<BoundRelation> Bind(const sql::CreateView& s) {
    plan::QueryRequest request;
    request.mode = plan::QueryMode::kStreaming;
    for (const sql::Option& option : s.options) {
      if (option.key == "emit") request.emit_option = option.value;
    }
    plan::QueryPlan plan = TRY(plan::PlanQuery(context_, *s.query, request));
    Relation relation = TRY(plan::ViewRelation(s.name.back(), s.columns, plan, {}));
    relation.kind = s.materialized ? RelationKind::kMaterializedView : RelationKind::kView;
    relation.query = entry_.sql.substr(s.query->text_offset, s.query->text_length);
    std::optional<ViewOfGroups> groups;
    if (s.materialized)
      groups = Pipeline::FindGroups(*plan.root, relation.schema.Types(), relation.upsert_key.has_value());
    if (groups) groups->node = nullptr;  // the plan goes
    return Finish(std::move(relation), std::move(groups));
  }

  const CatalogEntry& entry_;
  const plan::PlanContext& context_;
};

}  // namespace

Result<BoundRelation> BindStoredRelation(const CatalogEntry& entry, const plan::PlanContext& context) {
  return Binder(entry, context).Run();
}

StoredLayout LayoutOf(const Relation& relation) {
  const bool is_table = relation.kind == RelationKind::kTable;
  const bool has_key = is_table ? !relation.primary_key.empty() : relation.upsert_key.has_value();
  StoredLayout layout;
  layout.is_bag = !has_key && !is_table && !relation.append_only;
  layout.is_log = !has_key && !layout.is_bag;
  std::vector<uint32_t> key;
  if (has_key) key = is_table ? relation.primary_key : *relation.upsert_key;
  for (uint32_t i = 0; i < relation.schema.size(); ++i) {
    const bool is_key = layout.is_bag || std::ranges::find(key, i) != key.end();
    (is_key ? layout.key : layout.values).push_back(i);
  }
  return layout;
}

std::string StoredLayout::ShapeText(const Relation& relation) const {
  const auto types_of = [&](const std::vector<uint32_t>& columns) {
    std::vector<Type> types;
    for (const uint32_t column : columns) types.push_back(relation.schema[column].type);
    return types;
  };
  std::vector<Type> key_types = types_of(key);
  std::vector<Type> value_types = types_of(values);
  if (is_log) key_types = {TypeId::kInt64};
  if (is_bag) value_types.emplace_back(TypeId::kInt64);
  return engine::ShapeText(key_types, value_types, is_bag ? "8" : "0");
}

}  // namespace laminar::engine
