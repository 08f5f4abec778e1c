#include "exec/testing/test_aggregates.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/hot_scope.h"

namespace laminar::exec {
namespace {

using data::BatchBuffer;
using data::Column;
using expr::AggregateInput;
using expr::BoundAggregate;

constexpr int64_t kTooLarge = 1'000'000'000'000'000;
int64_t live_texts = 0;

template <class State>
State& StateOf(const AggregateInput& in, uint32_t row) {
  return *reinterpret_cast<State*>(in.states[row] + in.offset);
}

// visit(state, value, weight) for every row that takes part; without an argument the value is 1.
template <class State, class Visit>
void ForRows(const AggregateInput& in, const Visit& visit) {
  for (uint32_t row = 0; row < in.rows; ++row) {
    if (in.filter != nullptr && in.filter[row] == 0) continue;
    if (!in.args.empty() && in.args[0]->IsNull(row)) continue;
    const int64_t value = in.args.empty() ? 1 : in.args[0]->As<int64_t>()[in.args[0]->Slot(row)];
    visit(StateOf<State>(in, row), value, in.weights == nullptr ? 1 : in.weights[row]);
  }
}

struct Number {
  int64_t value;
  int64_t count;
};

template <class State>
void Init(const BoundAggregate&, uint8_t* state) {
  new (state) State{};
}

void NumberResult(const BoundAggregate& aggregate, const uint8_t* const* states, uint32_t offset, uint32_t count,
                  BatchBuffer& buffer, Column& out, uint32_t first) {
  for (uint32_t i = 0; i < count; ++i) {
    const auto& state = *reinterpret_cast<const Number*>(states[i] + offset);
    const uint32_t row = first + i;
    out.As<int64_t>()[row] = state.value;
    const bool is_error = aggregate.name == "sum" && state.value > kTooLarge;
    if ((aggregate.is_nullable && state.count == 0) || is_error) {
      buffer.SetNull(out, row);
    } else if (out.has_nulls) {
      data::SetBit(out.validity, row);
    }
    if (!is_error) continue;
    if (!out.has_errors) std::memset(out.errors, 0, data::BitmapWords(buffer.capacity()) * 8);
    out.has_errors = true;
    data::SetBit(out.errors, row);
  }
}

BoundAggregate NumberAggregate(const char* name, bool takes_value) {
  BoundAggregate bound;
  bound.name = name;
  if (takes_value) bound.arguments.push_back(data::TypeId::kInt64);
  bound.result_type = data::TypeId::kInt64;
  bound.state_bytes = sizeof(Number);
  bound.init = Init<Number>;
  bound.result = NumberResult;
  bound.serialize = [](const BoundAggregate&, const uint8_t* state, std::string& out) {
    out.append(reinterpret_cast<const char*>(state), sizeof(Number));
  };
  bound.deserialize = [](const BoundAggregate&, std::string_view& in, uint8_t* state) -> Status {
    if (in.size() < sizeof(Number)) return Error(ErrorCode::kUnreadableState, "a test aggregate is cut off");
    std::memcpy(state, in.data(), sizeof(Number));
    in.remove_prefix(sizeof(Number));
    return {};
  };
  return bound;
}

using Bag = std::vector<std::pair<int64_t, int64_t>>;  // value and multiplicity, ascending
struct Texts {
  Bag* bag;
};

void AddTo(Bag& bag, int64_t value, int64_t weight) {
  AllowAllocation growth;
  auto at = std::lower_bound(bag.begin(), bag.end(), std::pair<int64_t, int64_t>(value, INT64_MIN));
  if (at == bag.end() || at->first != value) at = bag.insert(at, {value, 0});
  at->second += weight;
  if (at->second == 0) bag.erase(at);
}

void TextsResult(const BoundAggregate&, const uint8_t* const* states, uint32_t offset, uint32_t count,
                 BatchBuffer& buffer, Column& out, uint32_t first) {
  AllowAllocation growth;
  for (uint32_t i = 0; i < count; ++i) {
    std::string text;
    for (const auto& [value, weight] : *reinterpret_cast<const Texts*>(states[i] + offset)->bag) {
      text += (text.empty() ? "" : ",") + std::to_string(value) + "*" + std::to_string(weight);
    }
    out.As<data::StringRef>()[first + i] = buffer.heap().Add(text);
    if (out.has_nulls) data::SetBit(out.validity, first + i);
  }
}

std::shared_ptr<const BoundAggregate> Shared(BoundAggregate bound) {
  return std::make_shared<const BoundAggregate>(std::move(bound));
}

}  // namespace

std::shared_ptr<const BoundAggregate> TestCount() {
  BoundAggregate bound = NumberAggregate("count", false);
  bound.is_nullable = false;
  bound.update = [](const BoundAggregate&, const AggregateInput& in) {
    ForRows<Number>(in, [](Number& state, int64_t, int64_t weight) { state.value += weight; });
  };
  bound.merge = [](const BoundAggregate&, uint8_t* into, const uint8_t* from) {
    reinterpret_cast<Number*>(into)->value += reinterpret_cast<const Number*>(from)->value;
  };
  return Shared(std::move(bound));
}

std::shared_ptr<const BoundAggregate> TestSum() {
  BoundAggregate bound = NumberAggregate("sum", true);
  bound.update = [](const BoundAggregate&, const AggregateInput& in) {
    ForRows<Number>(in, [](Number& state, int64_t value, int64_t weight) {
      state.value += value * weight;
      state.count += weight;
    });
  };
  bound.merge = [](const BoundAggregate&, uint8_t* into, const uint8_t* from) {
    reinterpret_cast<Number*>(into)->value += reinterpret_cast<const Number*>(from)->value;
    reinterpret_cast<Number*>(into)->count += reinterpret_cast<const Number*>(from)->count;
  };
  return Shared(std::move(bound));
}

std::shared_ptr<const BoundAggregate> TestMax() {
  BoundAggregate bound = NumberAggregate("max", true);
  bound.update = [](const BoundAggregate&, const AggregateInput& in) {
    ForRows<Number>(in, [](Number& state, int64_t value, int64_t weight) {
      state.value = state.count == 0 ? value : std::max(state.value, value);
      state.count += weight;
    });
  };
  bound.merge = [](const BoundAggregate&, uint8_t* into, const uint8_t* from) {
    auto& a = *reinterpret_cast<Number*>(into);
    const auto& b = *reinterpret_cast<const Number*>(from);
    if (b.count == 0) return;
    a.value = a.count == 0 ? b.value : std::max(a.value, b.value);
    a.count += b.count;
  };
  return Shared(std::move(bound));
}

std::shared_ptr<const BoundAggregate> TestTexts() {
  BoundAggregate bound;
  bound.name = "texts";
  bound.arguments.push_back(data::TypeId::kInt64);
  bound.result_type = data::TypeId::kVarchar;
  bound.state_bytes = sizeof(Texts);
  bound.init = [](const BoundAggregate&, uint8_t* state) {
    AllowAllocation growth;
    new (state) Texts{new Bag};
    ++live_texts;
  };
  bound.destroy = [](const BoundAggregate&, uint8_t* state) {
    AllowAllocation release;
    delete reinterpret_cast<Texts*>(state)->bag;
    --live_texts;
  };
  bound.update = [](const BoundAggregate&, const AggregateInput& in) {
    ForRows<Texts>(in, [](Texts& state, int64_t value, int64_t weight) { AddTo(*state.bag, value, weight); });
  };
  bound.merge = [](const BoundAggregate&, uint8_t* into, const uint8_t* from) {
    for (const auto& [value, weight] : *reinterpret_cast<const Texts*>(from)->bag) {
      AddTo(*reinterpret_cast<Texts*>(into)->bag, value, weight);
    }
  };
  bound.result = TextsResult;
  bound.serialize = [](const BoundAggregate&, const uint8_t* state, std::string& out) {
    const Bag& bag = *reinterpret_cast<const Texts*>(state)->bag;
    AppendVarint(bag.size(), out);
    for (const auto& [value, weight] : bag) {
      AppendNumber(value, out);
      AppendNumber(weight, out);
    }
  };
  bound.deserialize = [](const BoundAggregate&, std::string_view& in, uint8_t* state) -> Status {
    uint64_t size = 0;
    if (!TakeVarint(in, size)) return Error(ErrorCode::kUnreadableState, "a test aggregate is cut off");
    auto bag = std::make_unique<Bag>();
    for (; size > 0; --size) {
      auto& [value, weight] = bag->emplace_back();
      if (!TakeNumber(in, value) || !TakeNumber(in, weight))
        return Error(ErrorCode::kUnreadableState, "a test aggregate is cut off");
    }
    new (state) Texts{bag.release()};
    ++live_texts;
    return {};
  };
  return Shared(std::move(bound));
}

int64_t LiveTestTexts() { return live_texts; }

}  // namespace laminar::exec
