// The laws, looked at: which steps survived, and whether everything is as the reference has it.
#include <algorithm>

#include "base/text.h"
#include "case.h"
#include "engine/core.h"

namespace laminar::simulate {

void Case::NoteEpoch() {
  const uint64_t durable = database_->core().durability()->durable_epoch();
  if (durable < durable_epoch_)
    Fail("the durable epoch went from " + std::to_string(durable_epoch_) + " back to " + std::to_string(durable));
  durable_epoch_ = durable;
}

// What has stopped, and all that waits for it.
std::set<std::string> Case::LeftOut(engine::Database& database, engine::Connection& connection,
                                    const std::vector<RelationInfo>& relations) {
  std::set<std::string> out = Stopped(database, connection);
  for (const RelationInfo& relation : relations) {
    if (std::ranges::any_of(relation.reads, [&](const std::string& read) { return out.contains(read); }))
      out.insert(relation.name);
  }
  return out;
}

// The database is open: how many of the steps does it know?
void Case::FindSurvivors() {
  if (database_->recovery()->epoch < durable_epoch_) {
    return Fail("epoch " + std::to_string(durable_epoch_) + " was durable, but opening gave " +
                std::to_string(database_->recovery()->epoch));
  }
  const std::set<std::string> stopped = Stopped(*database_, *connection_);
  for (const std::string& name : stopped_) {
    if (!stopped.contains(name)) return Fail("\"" + name + "\" had stopped and does not know any more");
  }
  std::string first;
  std::string problem;
  const size_t done = steps_.size();
  const std::vector<Step> all = steps_;
  for (size_t count = acknowledged_; count <= done; ++count) {
    if (problem = reference_->Advance(all, count); !problem.empty()) return Fail(problem);
    steps_.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    PictureRequest request{.with_readers = false, .with_contents = false, .without = LeftOut()};
    const std::vector<RelationInfo> relations = Relations();
    auto difference = [&] {
      return Difference(Look(*database_, *connection_, relations, request),
                        Look(reference_->database(), reference_->connection(), relations, request));
    };
    std::string found = difference();
    if (found.empty()) {
      request.with_contents = true;
      found = difference();
    }
    if (found.empty()) {
      Note("SURVIVED " + std::to_string(count) + " of " + std::to_string(done) + " steps");
      acknowledged_ = count;
      return;
    }
    if (count == acknowledged_ || count == done)
      first += "\n  with the first " + std::to_string(count) + " of " + std::to_string(done) + ": " + found;
  }
  Fail("what survived is no prefix of the steps, or too short (" + std::to_string(acknowledged_) +
       " were acknowledged):" + first);
}

void Case::CheckAll() {
  ++result_.checks;
  if (const auto ran = database_->RunUntilIdle(); !ran) return Fail("running: " + ran.error().ToString());
  if (const std::string problem = reference_->Advance(steps_, steps_.size()); !problem.empty()) return Fail(problem);
  reference_->RunUntilIdle();
  const PictureRequest request{.with_readers = true, .with_contents = true, .without = LeftOut()};
  const std::vector<RelationInfo> relations = Relations();
  const Picture mine = Look(*database_, *connection_, relations, request);
  const std::string found =
      Difference(mine, Look(reference_->database(), reference_->connection(), relations, request));
  std::string all;
  for (const auto& [name, text] : mine) all += name + text;
  Note("CHECK " + std::to_string(std::hash<std::string>()(all)));
  if (!found.empty()) Fail("not as the reference: " + found);
}

void Case::CheckPushed() {
  if (const std::string problem = reference_->Advance(steps_, steps_.size()); !problem.empty()) return Fail(problem);
  const PictureRequest request{.with_readers = false, .with_contents = true, .without = LeftOut()};
  const std::vector<RelationInfo> relations = Relations();
  const std::string found = Difference(Look(*database_, *connection_, relations, request),
                                       Look(reference_->database(), reference_->connection(), relations, request));
  if (!found.empty()) Fail("while running not as the reference: " + found);
}

void Case::CheckBatch() {
  const std::set<std::string> without = LeftOut();
  for (const RelationInfo& relation : Relations()) {
    if (relation.kind != RelationKind::kView || !relation.is_like_batch || without.contains(relation.name)) continue;
    const auto rows = SortedRows(*connection_, "SELECT * FROM " + relation.name);
    const auto batch = SortedRows(*connection_, relation.select);
    if (!rows || !batch) {
      Fail("batch query of " + relation.name + ": " + (rows ? batch.error() : rows.error()).ToString());
    } else if (*rows != *batch) {
      Fail("view and batch query: " + Difference({{relation.name, *rows}}, {{relation.name, *batch}}));
    }
  }
}

// The database is closed, after it was idle.
void Case::CheckSinks() {
  const std::vector<RelationInfo> relations = Relations();
  if (std::ranges::none_of(relations, [](const RelationInfo& r) { return r.kind == RelationKind::kSink; })) return;
  Reference reference(inputs_, 2);
  if (const std::string problem = reference.Advance(steps_, steps_.size()); !problem.empty()) return Fail(problem);
  reference.RunUntilIdle();
  if (const std::string found = LookAtSinks(files_, relations, reference, stopped_); !found.empty()) Fail(found);
}

std::string Case::LookAtSinks(os::FileSystem& files, const std::vector<RelationInfo>& relations, Reference& reference,
                              const std::set<std::string>& stopped) {
  // Ends an epoch: what waited for that goes out.
  (void)Look(reference.database(), reference.connection(), relations, {});
  reference.Close();
  for (const RelationInfo& sink : relations) {
    if (sink.kind != RelationKind::kSink) continue;
    const bool is_stopped = std::ranges::any_of(stopped, [&](const std::string& name) {
      const auto waiting = WithDependents(relations, name);
      return std::ranges::find(waiting, sink.name) != waiting.end();
    });
    if (is_stopped) continue;
    auto file = files.ReadWhole(sink.path + ".part", uint64_t{1} << 28);
    if (!file) file = files.ReadWhole(sink.path, uint64_t{1} << 28);
    const std::string found = file ? SinkRows(*file, sink.has_envelope) : file.error().ToString();
    const std::string expected = SinkRows(reference.SinkFile(sink.path), sink.has_envelope);
    const std::string difference = Difference({{sink.path, found}}, {{sink.path, expected}});
    if (difference.empty()) continue;
    std::string there;
    if (const auto names = files.List("/out")) {
      for (const std::string& name : *names) {
        const auto facts = files.Stat("/out/" + name);
        there += " " + name + " " + std::to_string(facts ? facts->bytes : 0);
      }
    }
    return "sink " + difference + "\n  files:" + there;
  }
  return "";
}

}  // namespace laminar::simulate
