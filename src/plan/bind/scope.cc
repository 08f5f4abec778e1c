#include "plan/bind/scope.h"

#include "base/text.h"
#include "sql/printer.h"

namespace laminar::plan {

Result<std::pair<const ScopeColumn*, size_t>> Scope::Resolve(const sql::Name& name, TextPosition position) const {
  const ScopeColumn* found = nullptr;
  size_t used = 0;
  auto consider = [&](const ScopeColumn& column, size_t parts) -> bool {
    if (found != nullptr && used == parts) return false;
    found = &column;
    used = parts;
    return true;
  };
  bool ambiguous = false;
  if (name.size() >= 2) {
    for (const ScopeColumn& column : columns) {
      if (column.relation == name[0] && column.name == name[1]) ambiguous |= !consider(column, 2);
    }
  }
  if (found == nullptr) {
    for (const ScopeColumn& column : columns) {
      if (column.name == name[0]) ambiguous |= !consider(column, 1);
    }
  }
  if (ambiguous) {
    return Error(Status(ErrorCode::kUnknownColumn, "column \"" + sql::PrintName(name) + "\" is ambiguous")
                     .WithHint("put the relation's name or alias before it")
                     .At(position));
  }
  if (found != nullptr) return std::pair(found, used);

  std::vector<std::string> names;
  for (const ScopeColumn& column : columns) names.push_back(column.name);
  Status status(ErrorCode::kUnknownColumn, "there is no column \"" + sql::PrintName(name) + "\"");
  const std::string_view near = NearestName(name.back(), names);
  if (!near.empty()) {
    status.WithHint("did you mean \"" + std::string(near) + "\"?");
  } else if (!names.empty()) {
    if (names.size() > 20) names.resize(20);
    status.WithHint("there are: " + Join(names, ", "));
  } else {
    status.WithHint("nothing in FROM has columns here");
  }
  return Error(std::move(status.At(position)));
}

}  // namespace laminar::plan
