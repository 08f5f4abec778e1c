// LIKE, ILIKE and SIMILAR TO, each with an optional escape. A constant pattern is compiled once; others are read row by
// row.
#include "base/hot_scope.h"
#include "functions/register.h"
#include "functions/scalar/arithmetic.h"
#include "functions/scalar/like_pattern.h"

namespace laminar::functions {
namespace {

struct LikeState final : expr::FunctionState {
  LikePattern pattern;
};
struct SimilarState final : expr::FunctionState {
  SimilarPattern pattern;
};

// Prefixes of up to four bytes are one masked compare a row.
void LikeConstant(KernelContext& context, Arguments args, Column& out) {
  const LikePattern& pattern = StateOf<LikeState>(context).pattern;
  const Arg<StringRef> texts(*args[0]);
  bool* values = out.As<bool>();
  const size_t size = pattern.literal().size();
  const bool is_short_prefix = pattern.shape() == LikePattern::Shape::kPrefix && size <= 4 && !pattern.ignore_case();
  if (is_short_prefix) {
    // The first four bytes stand in the view itself, whatever the length; shorter texts are padded with zeros there.
    uint32_t wanted = 0;
    std::memcpy(&wanted, pattern.literal().data(), size);
    const uint32_t mask = size == 4 ? ~0u : (1u << (size * 8)) - 1;
    for (uint32_t row = 0; row < context.rows; ++row) {
      const StringRef text = texts[row];
      uint32_t first = 0;
      std::memcpy(&first, text.prefix, 4);
      values[row] = (first & mask) == wanted && text.length >= size;
    }
    return;
  }
  if (pattern.shape() == LikePattern::Shape::kSuffix && !pattern.ignore_case()) {
    // The last byte tells most texts apart.
    const char* wanted = pattern.literal().data();
    for (uint32_t row = 0; row < context.rows; ++row) {
      const StringRef text = texts[row];
      const char* end = text.data() + text.length;
      values[row] = text.length >= size && end[-1] == wanted[size - 1] && std::memcmp(end - size, wanted, size) == 0;
    }
    return;
  }
  for (uint32_t row = 0; row < context.rows; ++row) {
    values[row] = false;
    if (!out.IsNull(row)) values[row] = pattern.Matches(texts[row].view());
  }
}

template <bool kIgnoreCase>
Outcome LikeRow(StringRef text, StringRef pattern, bool& out) {
  const LikeStyle style{.escape = '\\', .ignore_case = kIgnoreCase};
  if (!IsLikePattern(pattern.view(), style)) return Outcome::Fail(ErrorCode::kBadValue);
  out = MatchLike(text.view(), pattern.view(), style);
  return Outcome::Value();
}

template <bool kIgnoreCase>
Outcome LikeRowEscaped(StringRef text, StringRef pattern, StringRef escape, bool& out) {
  const bool is_fine = escape.length == 0 || (escape.length == 1 && static_cast<uint8_t>(escape.data()[0]) < 0x80);
  if (!is_fine) return Outcome::Fail(ErrorCode::kBadValue);
  const LikeStyle style{.escape = escape.length == 0 ? -1 : static_cast<uint8_t>(escape.data()[0]),
                        .ignore_case = kIgnoreCase};
  if (!IsLikePattern(pattern.view(), style)) return Outcome::Fail(ErrorCode::kBadValue);
  out = MatchLike(text.view(), pattern.view(), style);
  return Outcome::Value();
}

bool Similar(KernelContext& context, StringRef text, StringRef) {
  return StateOf<SimilarState>(context).pattern.Matches(text.view());
}
bool SimilarEscaped(KernelContext& context, StringRef text, StringRef pattern, StringRef) {
  return Similar(context, text, pattern);
}

Outcome SimilarRowEscaped(StringRef text, StringRef pattern, StringRef escape, bool& out) {
  AllowAllocation compiles;
  const Result<SimilarPattern> compiled = SimilarPattern::Compile(pattern.view(), escape.view());
  if (!compiled.has_value()) return Outcome::Fail(compiled.error().code());
  out = compiled->Matches(text.view());
  return Outcome::Value();
}
Outcome SimilarRow(StringRef text, StringRef pattern, bool& out) {
  return SimilarRowEscaped(text, pattern, StringRef("\\", 1), out);
}

// The text of a constant argument that is not NULL.
const std::string* TextOf(const BindCall& call, size_t i) {
  const data::Value* value = call.constants[i];
  return value == nullptr || value->is_null() ? nullptr : &value->string_value();
}

bool AreTexts(const BindCall& call) {
  if (call.types.size() != 2 && call.types.size() != 3) return false;
  for (const Type& type : call.types) {
    if (type.id() != TypeId::kVarchar && type.id() != TypeId::kNull) return false;
  }
  return true;
}

::laminar::internal::Failure NotTexts(const BindCall& call) {
  return NoOperator(call, "it takes a text, a pattern and at most one escape; cast the value to VARCHAR");
}

BoundFunction OverTexts(const BindCall& call, expr::Kernel kernel, bool may_fail,
                        std::shared_ptr<const expr::FunctionState> state = nullptr) {
  return Operator(std::vector<Type>(call.types.size(), TypeId::kVarchar), TypeId::kBool, kernel, may_fail,
                  std::move(state));
}

struct ConstantPattern {
  const std::string* pattern = nullptr;  // null: differs by row
  std::string escape = "\\";
};
ConstantPattern ConstantsOf(const BindCall& call) {
  ConstantPattern found{.pattern = TextOf(call, 1)};
  if (call.types.size() == 2) return found;
  const std::string* escape = TextOf(call, 2);
  if (escape == nullptr) return {};
  found.escape = *escape;
  return found;
}

template <bool kIgnoreCase>
Result<BoundFunction> BindLike(const BindCall& call) {
  if (!AreTexts(call)) return NotTexts(call);
  const bool has_escape = call.types.size() == 3;
  const ConstantPattern constant = ConstantsOf(call);
  if (constant.pattern == nullptr) {
    const expr::Kernel kernel = has_escape
                                    ? EachTernary<StringRef, StringRef, StringRef, bool, LikeRowEscaped<kIgnoreCase>>
                                    : EachBinary<StringRef, StringRef, bool, LikeRow<kIgnoreCase>>;
    BoundFunction bound = OverTexts(call, kernel, true);
    bound.traits.is_costly = true;
    return bound;
  }
  auto state = std::make_shared<LikeState>();
  const LikeStyle style = TRY(LikeStyleOf(constant.escape, kIgnoreCase));
  state->pattern = TRY(LikePattern::Compile(*constant.pattern, style));
  const bool is_general = state->pattern.shape() == LikePattern::Shape::kGeneral;
  BoundFunction bound = OverTexts(call, LikeConstant, false, std::move(state));
  bound.traits.is_costly = is_general;
  return bound;
}

Result<BoundFunction> BindSimilar(const BindCall& call) {
  if (!AreTexts(call)) return NotTexts(call);
  const bool has_escape = call.types.size() == 3;
  const ConstantPattern constant = ConstantsOf(call);
  BoundFunction bound;
  if (constant.pattern == nullptr) {
    bound = OverTexts(call,
                      has_escape ? EachTernary<StringRef, StringRef, StringRef, bool, SimilarRowEscaped>
                                 : EachBinary<StringRef, StringRef, bool, SimilarRow>,
                      true);
  } else {
    auto state = std::make_shared<SimilarState>();
    state->pattern = TRY(SimilarPattern::Compile(*constant.pattern, constant.escape));
    bound = OverTexts(call,
                      has_escape ? EachTernary<StringRef, StringRef, StringRef, bool, SimilarEscaped>
                                 : EachBinary<StringRef, StringRef, bool, Similar>,
                      false, std::move(state));
  }
  bound.traits.is_costly = true;
  return bound;
}

}  // namespace

void RegisterLike(expr::FunctionRegistry& registry) {
  Scalar(registry, "like")
      .Alias("like_escape")
      .Category("pattern")
      .Doc(
          "text LIKE pattern [ESCAPE c]: % is any text, _ one character, the escape takes the next character as it is.")
      .Example("'abc' LIKE 'a%'", "true")
      .Example("'abc' LIKE '_b_'", "true")
      .Example("'a%' LIKE 'a!%' ESCAPE '!'", "true")
      .Bind(BindLike<false>);
  Scalar(registry, "ilike")
      .Alias("ilike_escape")
      .Category("pattern")
      .Doc("LIKE with ASCII letters of either case.")
      .Example("'ABC' ILIKE 'a%'", "true")
      .Bind(BindLike<true>);
  Scalar(registry, "similar")
      .Alias("similar_to")
      .Category("pattern")
      .Doc("text SIMILAR TO pattern [ESCAPE c]: LIKE with ( ) | [ ] * + ? {n,m}; the whole text must match.")
      .Example("'abab' SIMILAR TO '(ab)+'", "true")
      .Bind(BindSimilar);
}

}  // namespace laminar::functions
