#include "catalog/catalog.h"

#include <algorithm>

#include "base/text.h"

namespace laminar::catalog {

std::string_view KindName(RelationKind kind) {
  switch (kind) {
    case RelationKind::kSource: return "source";
    case RelationKind::kTable: return "table";
    case RelationKind::kView: return "view";
    case RelationKind::kMaterializedView: return "materialized view";
    case RelationKind::kSink: return "sink";
  }
  return "";
}

bool IsSecretOption(std::string_view key) {
  const std::string lower = ToLower(key);
  for (std::string_view word : {"password", "secret", "token", "key"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

RelationPtr Catalog::Find(std::string_view name) const {
  for (const RelationPtr& relation : relations_) {
    if (relation->name == name) return relation;
  }
  return nullptr;
}

Result<RelationPtr> Catalog::Get(std::string_view name) const {
  if (RelationPtr found = Find(name)) return found;
  std::vector<std::string> names;
  for (const RelationPtr& relation : relations_) names.push_back(relation->name);
  Status status(ErrorCode::kUnknownRelation, "there is no relation \"" + std::string(name) + "\"");
  const std::string near(NearestName(name, names));
  status.WithHint(!near.empty()   ? "did you mean \"" + near + "\"?"
                  : names.empty() ? "nothing has been created yet; start with CREATE SOURCE"
                                  : "SHOW SOURCES, SHOW TABLES and SHOW MATERIALIZED VIEWS list what there is");
  return Error(std::move(status));
}

Status Catalog::CheckFree(std::string_view name) const {
  const RelationPtr old = Find(name);
  if (old == nullptr) return {};
  return Status(ErrorCode::kAlreadyExists,
                "a " + std::string(KindName(old->kind)) + " named \"" + std::string(name) + "\" exists")
      .WithHint("use another name, IF NOT EXISTS, or drop it first");
}

Status Catalog::Add(RelationPtr relation) {
  TRY(CheckFree(relation->name));
  relations_.push_back(std::move(relation));
  return {};
}

void Catalog::Replace(RelationPtr relation) {
  for (RelationPtr& old : relations_) {
    if (old->name == relation->name) {
      old = std::move(relation);
      return;
    }
  }
  relations_.push_back(std::move(relation));
}

void Catalog::Remove(std::string_view name) {
  std::erase_if(relations_, [&](const RelationPtr& r) { return r->name == name; });
}

std::vector<RelationPtr> Catalog::All() const { return relations_; }

std::vector<RelationPtr> Catalog::Dependents(std::string_view name) const {
  std::vector<RelationPtr> found;
  for (const RelationPtr& relation : relations_) {
    if (std::ranges::find(relation->depends_on, name) != relation->depends_on.end()) found.push_back(relation);
  }
  return found;
}

std::vector<RelationPtr> Catalog::DependentsDeep(std::string_view name) const {
  // Definitions only read what was there before them, so one pass in order of creation reaches everything.
  std::vector<RelationPtr> reached;
  auto is_reached = [&](const std::string& n) {
    return n == name || std::ranges::any_of(reached, [&](const RelationPtr& r) { return r->name == n; });
  };
  for (const RelationPtr& relation : relations_) {
    if (std::ranges::any_of(relation->depends_on, is_reached)) reached.push_back(relation);
  }
  std::ranges::reverse(reached);
  return reached;
}

}  // namespace laminar::catalog
