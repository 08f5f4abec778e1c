#include "engine/checkpoint_sql.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "engine/checkpoint_catalog.h"
#include "engine/core.h"
#include "engine/stored_row.h"
#include "functions/register.h"
#include "state/checkpoint/checkpoint_store.h"

namespace laminar::engine {

using catalog::Relation;
using catalog::RelationKind;
using catalog::RelationPtr;
using data::Field;
using data::Schema;
using data::Type;
using data::TypeId;

namespace {

constexpr std::string_view kConnector = "checkpoint";

// What stands behind a name: a stored table and how its columns are called, or why there is nothing to read.
struct TableRows {
  uint32_t number = 0;
  StoredShape shape;
  RowSelection selection;
  Schema schema;
  Status refused;
  std::shared_ptr<const ViewOfGroups> groups;  // the table holds groups, of which the rows are made
};

class RowSource final : public sdk::Source {
 public:
  RowSource(std::string name, StoredRowReader reader) : name_(std::move(name)), reader_(std::move(reader)) {}
  Result<sdk::ReadState> Read(data::BatchBuffer& out, uint32_t rows_max) override {
    Status read = reader_.Read(out, std::min(rows_max, out.capacity()));
    if (!read.ok()) return Error(std::move(read.Prefix("reading " + Quoted(name_, 200) + " from the checkpoint")));
    return out.rows() > 0 ? sdk::ReadState::kRows : sdk::ReadState::kEnd;
  }

 private:
  std::string name_;
  StoredRowReader reader_;
};

// The rows of a view that are made of its stored groups, a batch of them at a time.
class GroupSource final : public sdk::Source {
 public:
  GroupSource(std::string name, const ViewOfGroups& view, std::unique_ptr<state::StateCursor> cursor)
      : name_(std::move(name)), cursor_(std::move(cursor)), groups_(view.groups), rows_(view.rows) {
    rows_.ReadFrom(groups_);
  }
  Status Open() {
    exec::Context context;
    context.environment = &environment_;
    context.row_errors = context.late_rows = &errors_;
    TRY(groups_.Open(context));
    std::vector<state::StateTable*> tables;
    groups_.ListTables(tables);
    table_ = tables.front();
    return {};
  }

  Result<sdk::ReadState> Read(data::BatchBuffer& out, uint32_t rows_max) override {
    while (true) {
      Status loaded = LoadGroups(std::min(rows_max, out.capacity()));
      if (!loaded.ok())
        return Error(std::move(loaded.Prefix("reading " + Quoted(name_, 200) + " from the checkpoint")));
      if (table_->size() == 0) return sdk::ReadState::kEnd;
      const std::unique_ptr<exec::StoredPart> part = rows_.TakePart();
      uint64_t cursor = 0;
      out.Reset();
      part->Read(cursor, out);
      if (out.rows() > 0) return sdk::ReadState::kRows;
    }
  }

 private:
  static constexpr size_t kTableBytes = 4;

  Status LoadGroups(uint32_t most) {
    table_->Clear();
    for (; most > 0 && cursor_->valid(); --most, cursor_->Next())
      TRY(table_->LoadRow(cursor_->key().substr(kTableBytes), cursor_->value()));
    return cursor_->status();
  }

  std::string name_;
  std::unique_ptr<state::StateCursor> cursor_;
  expr::EvalEnvironment environment_;
  ErrorRows errors_{"", 0};
  exec::GroupAggregate groups_;
  exec::GroupRows rows_;
  state::StateTable* table_ = nullptr;
};

class CheckpointConnector final : public sdk::Connector {
 public:
  explicit CheckpointConnector(std::shared_ptr<state::CheckpointReader> reader) : reader_(std::move(reader)) {}
  void Add(const std::string& name, TableRows rows) { tables_[name] = std::move(rows); }

  std::string_view name() const override { return kConnector; }
  std::string_view doc() const override { return "the rows of a checkpoint that is being looked into"; }
  Result<sdk::SourceTraits> CheckSource(const sdk::SourceRequest&) override {
    return Error(Status(ErrorCode::kBadOption, "connector 'checkpoint' is for what the checkpoint holds")
                     .WithHint("SHOW SOURCES lists that"));
  }
  Result<std::unique_ptr<sdk::Source>> OpenSource(sdk::SourceRequest request) override {
    const auto found = tables_.find(request.name);
    if (found == tables_.end()) return Error(ErrorCode::kNotFound, "\"" + request.name + "\" is not in the checkpoint");
    const TableRows& rows = found->second;
    TRY(Status(rows.refused));
    const auto [first, behind] = GraphState::RangeOf(rows.number);
    auto cursor = TRY(reader_->Scan(first, behind));
    if (rows.groups != nullptr) {
      auto source = std::make_unique<GroupSource>(request.name, *rows.groups, std::move(cursor));
      TRY(source->Open());
      return source;
    }
    RowSelection selection = rows.selection;
    for (uint32_t& place : selection.place) {
      if (place != RowSelection::kNowhere && place < request.needed.size() && !request.needed[place])
        place = RowSelection::kNowhere;
    }
    return std::make_unique<RowSource>(request.name,
                                       StoredRowReader(std::move(cursor), rows.shape, std::move(selection)));
  }

 private:
  std::shared_ptr<state::CheckpointReader> reader_;
  std::map<std::string, TableRows> tables_;
};

// Names that no column before it has.
void AddColumn(Schema& schema, std::string name, Type type) {
  while (schema.IndexOf(name) >= 0) name += "_";
  schema.Add({std::move(name), std::move(type), true});
}

// As its shape tells it.
TableRows PlainRows(const GraphState::TableEntry& entry) {
  TableRows rows;
  rows.number = entry.number;
  Result<StoredShape> shape = ParseShape(entry.shape);
  if (!shape) {
    rows.refused = std::move(shape).error();
    rows.schema = Schema({{"key", TypeId::kBinary, true}, {"value", TypeId::kBinary, true}});
    return rows;
  }
  rows.shape = *std::move(shape);
  for (size_t i = 0; i < rows.shape.key.size(); ++i)
    AddColumn(rows.schema, "key" + std::to_string(i + 1), rows.shape.key[i]);
  for (size_t i = 0; i < rows.shape.values.size(); ++i)
    AddColumn(rows.schema, "value" + std::to_string(i + 1), rows.shape.values[i]);
  if (rows.shape.has_payload()) AddColumn(rows.schema, "payload", TypeId::kBinary);
  for (uint32_t i = 0; i < rows.schema.size(); ++i) rows.selection.place.push_back(i);
  return rows;
}

// A table's or view's stored rows, all columns under the relation's names.
TableRows NamedRows(const GraphState::TableEntry& entry, const Relation& relation, const StoredLayout& layout) {
  TableRows rows;
  rows.number = entry.number;
  rows.shape.payload_bytes = layout.is_bag ? 8 : 0;
  // Own columns first, so that they keep their names whatever the others are called; they move behind afterwards.
  Schema names = relation.schema;
  const size_t own = names.size();
  if (layout.is_log) AddColumn(names, "_number", TypeId::kInt64);
  if (layout.is_bag) AddColumn(names, "_count", TypeId::kInt64);
  if (layout.is_bag) AddColumn(names, "_payload", TypeId::kBinary);
  if (layout.is_log) {
    rows.shape.key.push_back(TypeId::kInt64);
    rows.schema.Add(names[own]);
  }
  for (const uint32_t column : layout.key) {
    rows.shape.key.push_back(names[column].type);
    rows.schema.Add(names[column]);
  }
  for (const uint32_t column : layout.values) {
    rows.shape.values.push_back(names[column].type);
    rows.schema.Add(names[column]);
  }
  if (layout.is_bag) {
    rows.shape.values.push_back(TypeId::kInt64);
    rows.schema.Add(names[own]);
    rows.schema.Add(names[own + 1]);
  }
  for (uint32_t i = 0; i < rows.schema.size(); ++i) rows.selection.place.push_back(i);
  return rows;
}

// The same as the rows of the relation.
TableRows RelationRows(const GraphState::TableEntry& entry, const Relation& relation, const StoredLayout& layout) {
  TableRows rows = NamedRows(entry, relation, layout);
  rows.schema = relation.schema;
  rows.selection.place.assign(rows.shape.Columns().size(), RowSelection::kNowhere);
  uint32_t at = layout.is_log ? 1 : 0;
  for (const uint32_t column : layout.key) rows.selection.place[at++] = column;
  for (const uint32_t column : layout.values) rows.selection.place[at++] = column;
  if (layout.is_bag) rows.selection.repetitions = at;
  return rows;
}

std::string HistoryShape(const Relation& relation) {
  std::vector<Type> values = {TypeId::kInt64, TypeId::kInt64};
  for (const Field& field : relation.schema.fields()) values.push_back(field.type);
  return ShapeText({TypeId::kInt64}, values, "0");
}

TableRows HistoryRows(const GraphState::TableEntry& entry, const Relation& relation) {
  TableRows rows;
  rows.number = entry.number;
  rows.shape.payload_bytes = 0;
  rows.shape.key = {TypeId::kInt64};
  rows.shape.values = {TypeId::kInt64, TypeId::kInt64};
  Schema names = relation.schema;
  const size_t own = names.size();
  for (const char* name : {"_number", "_epoch", "_weight"}) AddColumn(names, name, TypeId::kInt64);
  for (size_t i = own; i < names.size(); ++i) rows.schema.Add(names[i]);
  for (size_t i = 0; i < own; ++i) {
    rows.shape.values.push_back(names[i].type);
    rows.schema.Add(names[i]);
  }
  for (uint32_t i = 0; i < rows.schema.size(); ++i) rows.selection.place.push_back(i);
  return rows;
}

// Fills a database in memory with relations that read a checkpoint.
class Builder {
 public:
  Builder(CheckpointDatabase& made, const GraphState& stored, CheckpointConnector& connector)
      : made_(made), stored_(stored), connector_(connector), core_(made.database->core()) {}

  Status Run() {
    Core::Lock lock(core_);
    for (const CatalogEntry& entry : stored_.catalog()) TRY(AddRelation(entry));
    for (const auto& [path, entry] : stored_.tables()) {
      const auto named = named_.find(path);
      TRY(Add(path, "table " + path, named != named_.end() ? named->second : PlainRows(entry)));
    }
    return {};
  }

 private:
  Status AddRelation(const CatalogEntry& entry) {
    plan::PlanContext context;
    context.functions = &core_.functions();
    context.catalog = &bound_;
    context.environment = &core_.environment();
    const Result<BoundRelation> bound = BindStoredRelation(entry, context);
    if (!bound) {
      made_.notices.push_back("what \"" + entry.name +
                              "\" means is not known to this version: " + bound.error().ToString());
      return AddStored(entry, {});
    }
    if (bound->relation == nullptr) return {};  // a sink
    TRY(bound_.Add(bound->relation));
    return AddStored(entry, *bound);
  }

  // Of a relation: where its rows are, and under which path.
  const GraphState::TableEntry* FindTable(const CatalogEntry& entry, std::string& path) const {
    for (const auto& [place, table] : stored_.tables()) {
      const bool is_view = place == "v/" + entry.name + "/0#0" && table.name == "view " + entry.name;
      const bool is_table = place.starts_with("s/") && table.name == "table " + entry.name;
      if (!is_view && !is_table) continue;
      path = place;
      return &table;
    }
    return nullptr;
  }

  // Of a view that keeps no rows of its own: where its groups are.
  const GraphState::TableEntry* FindGroups(const CatalogEntry& entry, const ViewOfGroups& view) const {
    const auto found = stored_.tables().find("v/" + entry.name + "/" + std::to_string(view.index) + "#0");
    if (found == stored_.tables().end()) return nullptr;
    std::vector<Type> key;
    for (const uint32_t column : view.groups.keys) key.push_back(view.groups.input[column]);
    return found->second.shape == ShapeText(key, {}, "saved") ? &found->second : nullptr;
  }

  Status AddStored(const CatalogEntry& entry, const BoundRelation& what) {
    const RelationPtr& bound = what.relation;
    if (bound != nullptr && bound->kind == RelationKind::kView) return core_.AddPlainView(bound, Settings());
    std::string path;
    const GraphState::TableEntry* table = FindTable(entry, path);
    const GraphState::TableEntry* groups = table == nullptr && what.groups ? FindGroups(entry, *what.groups) : nullptr;
    TableRows rows;
    if (groups != nullptr) {
      rows.number = groups->number;
      rows.schema = bound->schema;
      rows.groups = std::make_shared<const ViewOfGroups>(*what.groups);
    } else if (table == nullptr) {
      rows.refused = Status(ErrorCode::kNotFound, "no rows of \"" + entry.name + "\" are in the checkpoint")
                         .WithHint("of a source only the reading position is stored; read a view over it");
      rows.schema = bound != nullptr ? bound->schema : Schema({{"unknown", TypeId::kBinary, true}});
    } else if (bound == nullptr) {
      rows = PlainRows(*table);
    } else if (const StoredLayout layout = LayoutOf(*bound); layout.ShapeText(*bound) == table->shape) {
      rows = RelationRows(*table, *bound, layout);
      named_[path] = NamedRows(*table, *bound, layout);
    } else {
      made_.notices.push_back("the rows of \"" + entry.name +
                              "\" are stored in a shape of another version: " + table->shape);
      rows = PlainRows(*table);
    }
    AddHistory(entry, bound);
    return Add(entry.name, entry.sql, std::move(rows));
  }

  void AddHistory(const CatalogEntry& entry, const RelationPtr& bound) {
    const auto found = stored_.tables().find("v/" + entry.name + "/history#0");
    if (bound == nullptr || found == stored_.tables().end() || found->second.shape != HistoryShape(*bound)) return;
    named_[found->first] = HistoryRows(found->second, *bound);
  }

  Status Add(const std::string& name, const std::string& sql, TableRows rows) {
    if (core_.catalog().Find(name) != nullptr) return {};  // a relation that is called like a path
    Relation relation;
    relation.name = name;
    relation.sql = sql;
    relation.kind = RelationKind::kSource;
    relation.connector = kConnector;
    relation.schema = rows.schema;
    relation.physical = rows.schema;
    relation.replayable = true;
    relation.bounded = true;
    connector_.Add(name, std::move(rows));
    return core_.AddSource(std::make_shared<const Relation>(std::move(relation)), Settings());
  }

  CheckpointDatabase& made_;
  const GraphState& stored_;
  CheckpointConnector& connector_;
  Core& core_;
  catalog::Catalog bound_;  // as they were
  std::map<std::string, TableRows, std::less<>> named_;
};

struct Opened {
  std::shared_ptr<state::CheckpointReader> reader;
  GraphState stored;
};

Result<Opened> OpenOne(os::FileSystem& files, const CheckpointSummary& checkpoint) {
  Opened opened;
  opened.reader = TRY(state::CheckpointReader::Open(files, checkpoint.directory));
  const auto [first, behind] = GraphState::RangeOf(0);
  const auto system = TRY(opened.reader->Scan(first, behind));
  TRY(opened.stored.Load(*system));
  return opened;
}

}  // namespace

Result<CheckpointDatabase> OpenCheckpointSql(os::FileSystem& files, const std::string& directory,
                                             std::optional<uint64_t> id, DatabaseOptions options) {
  CheckpointDatabase made;
  Opened opened;
  const auto open = [&](const CheckpointSummary& checkpoint) -> Status {
    opened = TRY(OpenOne(files, checkpoint));
    return {};
  };
  made.checkpoint = TRY(PickCheckpoint(files, directory, id, open, &made.notices));
  auto connector = std::make_unique<CheckpointConnector>(opened.reader);
  CheckpointConnector& rows = *connector;
  options.path.clear();
  options.connectors.push_back(std::move(connector));
  made.database = TRY(Database::Open(std::move(options)));
  TRY(Builder(made, opened.stored, rows).Run());
  return made;
}

Result<std::string> FindCheckpointRelation(Database& database, const std::string& name) {
  Core::Lock lock(database.core());
  for (const std::string& one : {name, ToLower(name)}) {
    if (database.core().catalog().Find(one) != nullptr) return one;
  }
  Status unknown = database.core().catalog().Get(name).error();
  if (!StartsWith(unknown.hint(), "did you mean"))
    unknown = std::move(unknown).WithHint("laminar checkpoint show DIRECTORY lists relations and tables");
  return Error(std::move(unknown));
}

}  // namespace laminar::engine
