// Rows read out of groups are those a Materialize behind the same groups keeps, at any moment, and stay so while the
// groups change on. Random changes, with groups that come and go, filters, and results and projections that fail.
#include "exec/aggregate/group_rows.h"

#include <doctest/doctest.h>

#include <map>

#include "base/random.h"
#include "data/value.h"
#include "exec/changelog/materialize.h"
#include "exec/stateless/filter_project.h"
#include "exec/stateless/merge.h"
#include "exec/testing/test_aggregates.h"
#include "state/log/delta.h"

namespace laminar::exec {
namespace {

using data::BatchBuffer;
using data::Type;
using data::TypeId;
using data::Value;

const std::vector<Type> kInput = {TypeId::kVarchar, TypeId::kInt64, TypeId::kInt64};

GroupAggregateSpec Groups() {
  return {.input = kInput,
          .keys = {0, 1},
          .aggregates = {{TestCount(), {}}, {TestSum(), {2}}},
          .emit = EmitKind::kOnUpdate,
          .input_retracts = true};
}

// text, key, count and sum come out of the groups. Where the sum is 0 or NULL there is no row (HAVING), and one that
// does not fit into 16 bits cannot be shown.
std::vector<FilterProjectSpec> Above(bool has_filter) {
  std::vector<FilterProjectSpec> above;
  if (!has_filter) return above;
  const std::vector<Type> groups = {TypeId::kVarchar, TypeId::kInt64, TypeId::kInt64, TypeId::kInt64};
  FilterProjectSpec having;
  having.input = groups;
  having.predicate = expr::MakeCast(expr::MakeColumn(3, TypeId::kInt64), TypeId::kBool);
  for (uint32_t i = 0; i < 4; ++i) having.outputs.push_back(expr::MakeColumn(i, groups[i]));
  above.push_back(std::move(having));
  FilterProjectSpec shown;
  shown.input = groups;
  shown.outputs.push_back(expr::MakeCast(expr::MakeColumn(3, TypeId::kInt64), TypeId::kInt16));
  shown.outputs.push_back(expr::MakeColumn(0, TypeId::kVarchar));
  shown.outputs.push_back(expr::MakeColumn(1, TypeId::kInt64));
  above.push_back(std::move(shown));
  return above;
}

struct Failures final : SideOutput {
  void Add(const data::Batch&, std::span<const Type>, const uint16_t*, uint32_t count, ErrorCode) override {
    rows += count;
  }
  uint64_t rows = 0;
};

using Bag = std::map<std::string, int64_t>;

Bag Drain(StoredRows& rows, uint32_t capacity) {
  Bag bag;
  BatchBuffer buffer(rows.types(), capacity);
  for (uint64_t cursor = 0; rows.Read(cursor, buffer), buffer.rows() > 0;) {
    for (uint32_t row = 0; row < buffer.rows(); ++row) {
      std::string text;
      for (size_t c = 0; c < rows.types().size(); ++c)
        text += Value::FromColumn(buffer.column(c), rows.types()[c], row).ToString(rows.types()[c]) + "|";
      bag[text] += buffer.batch().Weight(row);
    }
  }
  return bag;
}

// Groups, what is above them, GroupRows, and a Materialize behind that.
struct Chain {
  explicit Chain(bool has_filter, uint32_t instances = 1) : groups(Groups()) {
    std::vector<FilterProjectSpec> above = Above(has_filter);
    std::vector<Type> types = {TypeId::kVarchar, TypeId::kInt64, TypeId::kInt64, TypeId::kInt64};
    if (has_filter) types = {TypeId::kInt16, TypeId::kVarchar, TypeId::kInt64};
    for (const FilterProjectSpec& spec : above) way.push_back(std::make_unique<FilterProject>(Copy(spec)));
    rows = std::make_unique<GroupRows>(
        GroupRowsSpec{types, std::make_shared<const std::vector<FilterProjectSpec>>(std::move(above)), instances});
    MaterializeSpec spec;
    spec.name = "kept";
    spec.types = types;
    spec.key = has_filter ? std::vector<uint32_t>{1, 2} : std::vector<uint32_t>{0, 1};
    spec.has_key = spec.input_retracts = true;
    kept = std::make_unique<Materialize>(std::move(spec));
    context.environment = &environment;
    context.row_errors = context.late_rows = &failures;
    std::vector<Operator*> all = {&groups};
    for (const auto& op : way) all.push_back(op.get());
    all.push_back(rows.get());
    all.push_back(kept.get());
    for (size_t i = 0; i < all.size(); ++i) {
      CHECK(all[i]->Open(context).ok());
      all[i]->ConnectTo(i + 1 < all.size() ? all[i + 1] : &nobody, 0);
    }
    rows->ReadFrom(groups);
  }
  void Feed(BatchBuffer& buffer) { CHECK(groups.Process(0, buffer.batch(), groups.output()) == Step::kMore); }
  std::shared_ptr<StoredRows> Take(StoredResult& result) const {
    StoredResult* const part = &result;
    return StoredResult::TakeSnapshot({&part, 1});
  }

  expr::EvalEnvironment environment;
  Failures failures;
  Context context;
  GroupAggregate groups;
  std::vector<std::unique_ptr<FilterProject>> way;
  std::unique_ptr<GroupRows> rows;
  std::unique_ptr<Materialize> kept;
  FanOut nobody;
};

void Fill(BatchBuffer& buffer, Random& random, std::vector<std::vector<Value>>& there) {
  buffer.Reset();
  const uint64_t count = 1 + random.Below(200);
  for (uint64_t i = 0; i < count; ++i) {
    if (!there.empty() && random.OneIn(3)) {
      std::swap(there[random.Below(there.size())], there.back());
      buffer.AppendRow(there.back(), -1);
      there.pop_back();
      continue;
    }
    constexpr int64_t kValues[] = {0, 1, -1, 7, 40'000, 2'000'000'000'000'000};  // the last one's sum is an error
    const uint64_t key = random.OneIn(2) ? random.Below(8) : random.Below(3000);
    const Value text = key % 5 == 0 ? Value::Null() : Value::String("the name of a group " + std::to_string(key % 7));
    there.push_back({text, Value::Int(static_cast<int64_t>(key)), Value::Int(kValues[random.Below(6)])});
    buffer.AppendRow(there.back());
  }
}

TEST_CASE("rows read out of groups are those that would be kept, at any moment") {
  for (const bool has_filter : {false, true}) {
    CAPTURE(has_filter);
    Random random(has_filter ? 3 : 4);
    Chain chain(has_filter);
    BatchBuffer buffer(kInput);
    std::vector<std::vector<Value>> there;
    struct Taken {
      std::shared_ptr<StoredRows> rows;
      Bag wanted;
    };
    std::vector<Taken> taken;
    uint64_t most = 0;
    for (int round = 0; round < 400; ++round) {
      Fill(buffer, random, there);
      chain.Feed(buffer);
      if (!random.OneIn(4)) continue;
      const Bag wanted = Drain(*chain.Take(*chain.kept), data::kBatchCapacity);
      const uint32_t capacity = random.OneIn(2) ? data::kBatchCapacity : 1 + static_cast<uint32_t>(random.Below(70));
      CHECK(Drain(*chain.Take(*chain.rows), capacity) == wanted);
      CHECK(chain.rows->state_rows() == wanted.size());
      most = std::max<uint64_t>(most, wanted.size());
      taken.push_back({chain.Take(*chain.rows), wanted});
      if (taken.size() < 4) continue;
      std::swap(taken[random.Below(taken.size())], taken.back());
      CHECK(Drain(*taken.back().rows, capacity) == taken.back().wanted);  // of an earlier moment
      taken.pop_back();
    }
    CHECK(most > 500);
    CHECK(chain.failures.rows > 50);
    CHECK(chain.kept->negative_rows() == 0);
  }
}

TEST_CASE("what was taken may be read when the operators are gone") {
  Random random(5);
  auto chain = std::make_unique<Chain>(true);
  BatchBuffer buffer(kInput);
  std::vector<std::vector<Value>> there;
  for (int round = 0; round < 20; ++round) {
    Fill(buffer, random, there);
    chain->Feed(buffer);
  }
  const std::shared_ptr<StoredRows> rows = chain->Take(*chain->rows);
  const Bag wanted = Drain(*chain->Take(*chain->kept), 100);
  chain.reset();
  CHECK(wanted.size() > 50);
  CHECK(Drain(*rows, 100) == wanted);
}

TEST_CASE("how many rows there are is known again, also with other shards and after a version that kept them") {
  Random random(6);
  Chain chain(true);
  BatchBuffer buffer(kInput);
  std::vector<std::vector<Value>> there;
  for (int round = 0; round < 20; ++round) {
    Fill(buffer, random, there);
    chain.Feed(buffer);
  }
  std::vector<state::StateTable*> tables;
  chain.groups.ListTables(tables);
  std::string bytes;
  REQUIRE(tables[0]->AppendAll("", bytes).ok());
  std::string note;
  chain.rows->SaveNote(note);
  for (const std::string& stored : {note, std::string(16, '\0')}) {
    for (const uint32_t instances : {1u, 3u}) {
      Chain again(true, instances);
      std::vector<state::StateTable*> loaded;
      again.groups.ListTables(loaded);
      state::DeltaReader reader(bytes);
      for (state::DeltaEntry entry; *reader.Next(entry);) REQUIRE(loaded[0]->LoadRow(entry.key, entry.value).ok());
      loaded[0]->FinishLoad();
      REQUIRE(again.rows->Restore(stored).ok());
      CHECK(again.rows->state_rows() == chain.rows->state_rows());
      CHECK(Drain(*again.Take(*again.rows), 100) == Drain(*chain.Take(*chain.kept), 100));
    }
  }
  Chain again(true);
  CHECK(again.rows->Restore("123").code() == ErrorCode::kUnreadableState);
}

TEST_CASE("groups that own memory, have no keys or speak only at the end are not read") {
  GroupAggregateSpec spec = Groups();
  CHECK(GroupRows::CanRead(spec));
  spec.aggregates.push_back({TestTexts(), {2}});
  CHECK(!GroupRows::CanRead(spec));
  spec = Groups();
  spec.keys.clear();
  CHECK(!GroupRows::CanRead(spec));
  spec = Groups();
  spec.emit = EmitKind::kFinal;
  CHECK(!GroupRows::CanRead(spec));
}

}  // namespace
}  // namespace laminar::exec
