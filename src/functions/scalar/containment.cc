// Containment: a @> b and b <@ a, for arrays and for JSON.
//
// Law: an array contains another when it has each of its elements. JSON contains JSON when every key, element and
// scalar of the second is found at the same level of the first; an array also contains a single scalar that is one of
// its elements. Numbers compare by value.
#include "functions/scalar/json_text.h"
#include "functions/scalar/list_element.h"

#include "base/text.h"

namespace laminar::functions {
namespace {

// Deeper documents fail their row: containment is the one question to JSON that needs recursion.
constexpr int kDepthMax = 64;

bool AreScalarsEqual(std::string_view a, std::string_view b) {
  const JsonKind kind = KindOfJson(a);
  if (kind != KindOfJson(b)) return false;
  if (a == b) return true;
  if (kind == JsonKind::kNumber) {
    const Result<double> x = ParseDouble(a);
    const Result<double> y = ParseDouble(b);
    return x.has_value() && y.has_value() && *x == *y;
  }
  if (kind != JsonKind::kString) return false;
  std::string left;
  std::string right;
  AppendJsonString(a, left);
  AppendJsonString(b, right);
  return left == right;
}

// False in `is_shallow`: deeper than the limit.
bool Contains(std::string_view a, std::string_view b, int depth, bool& is_shallow);

bool ArrayHas(std::string_view array, std::string_view wanted, int depth, bool& is_shallow) {
  JsonItems items(array);
  std::string_view key;
  std::string_view item;
  while (items.Next(key, item)) {
    if (KindOfJson(item) == KindOfJson(wanted) && Contains(item, wanted, depth + 1, is_shallow)) return true;
  }
  return false;
}

bool Contains(std::string_view a, std::string_view b, int depth, bool& is_shallow) {
  const JsonKind kind = KindOfJson(a);
  if (depth > kDepthMax) is_shallow = false;
  if (!is_shallow) return false;
  if (kind == JsonKind::kArray && depth == 0 && KindOfJson(b) > JsonKind::kArray)
    return ArrayHas(a, b, depth, is_shallow);
  if (kind != KindOfJson(b)) return false;
  if (kind > JsonKind::kArray) return AreScalarsEqual(a, b);
  JsonItems items(b);
  std::string_view key;
  std::string_view item;
  while (items.Next(key, item)) {
    if (kind == JsonKind::kArray) {
      if (!ArrayHas(a, item, depth, is_shallow)) return false;
      continue;
    }
    std::string name;
    AppendJsonString("\"" + std::string(key) + "\"", name);
    const std::optional<std::string_view> member = JsonMember(a, name);
    if (!member.has_value() || !Contains(*member, item, depth + 1, is_shallow)) return false;
  }
  return true;
}

template <bool is_turned>
Outcome JsonContains(StringRef a, StringRef b, bool& out) {
  const AllowAllocation keys;
  bool is_shallow = true;
  out = Contains(Trim(is_turned ? b.view() : a.view()), Trim(is_turned ? a.view() : b.view()), 0, is_shallow);
  return Outcome::FailIf(!is_shallow, ErrorCode::kLimitReached);
}

template <bool is_turned>
void ListContains(KernelContext& context, Arguments args, Column& out) {
  const ListState& state = StateOf<ListState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    out.As<bool>()[row] = false;
    if (out.IsNull(row)) continue;
    const AllowAllocation growth;
    const ElementSet set(state, ListRow(*args[is_turned ? 1 : 0], row));
    const ListRow wanted(*args[is_turned ? 0 : 1], row);
    bool found = true;
    for (uint32_t i = wanted.offset; i < wanted.end() && found; ++i) found = set.Contains(*wanted.items, i);
    out.As<bool>()[row] = found;
  }
}

bool IsJsonLike(const Type& type) { return type.id() == TypeId::kJson || IsTextOrNull(type); }

template <bool is_turned>
Result<BoundFunction> BindContains(const BindCall& call) {
  const bool is_pair = call.types.size() == 2;
  const bool is_json = is_pair && (call.types[0].id() == TypeId::kJson || call.types[1].id() == TypeId::kJson) &&
                       IsJsonLike(call.types[0]) && IsJsonLike(call.types[1]);
  BoundFunction bound;
  bound.result = kBoolean;
  if (is_json) {
    bound.arguments = {TypeId::kJson, TypeId::kJson};
    bound.kernel = Rows<JsonContains<is_turned>>;
    bound.traits.may_fail = true;
    return bound;
  }
  if (!is_pair || !IsListOrNull(call.types[0]) || !IsListOrNull(call.types[1])) {
    return WrongArguments(call, is_turned ? "part <@ whole, for arrays or JSON" : "whole @> part, for arrays or JSON");
  }
  auto state = std::make_shared<ListState>(TRY(expr::CommonType(ElementOf(call.types[0]), ElementOf(call.types[1]))));
  bound.arguments = {state->list, state->list};
  bound.kernel = ListContains<is_turned>;
  bound.state = std::move(state);
  return bound;
}

}  // namespace

void RegisterContainment(expr::FunctionRegistry& registry) {
  Scalar(registry, "@>")
      .Alias("json_contains")
      .Category("operator")
      .Doc("True when the left array or JSON value contains the right one.")
      .Example("[1, 2, 3] @> [3, 1]", "true")
      .Example("'{\"a\": [1, 2], \"b\": 0}'::JSON @> '{\"a\": [2.0]}'", "true")
      .Costly()
      .Bind(BindContains<false>);
  Scalar(registry, "<@")
      .Category("operator")
      .Doc("True when the right array or JSON value contains the left one.")
      .Example("[3] <@ [1, 2, 3]", "true")
      .Costly()
      .Bind(BindContains<true>);
}

}  // namespace laminar::functions
