// JSON: access by operators and paths, inspection, building.
//
// Law: a value that is not there is SQL NULL; JSON's null stays JSON where the result is JSON, and is SQL NULL where it
// is text. A document may also be text; a row whose text is no JSON fails.
#include "data/json.h"
#include "base/hot_scope.h"
#include "base/text.h"
#include "functions/scalar/bind.h"
#include "functions/scalar/json_text.h"
#include "functions/scalar/json_write.h"
#include "functions/scalar/list_writer.h"
#include "functions/scalar/text_builder.h"

namespace laminar::functions {
namespace {

constexpr TypeId kJson = TypeId::kJson;

struct PathState final : expr::FunctionState {
  std::string text;
  JsonPath path;
};

// How the text of a path argument is read.
using Compile = Result<JsonPath> (*)(std::string_view text);

Result<JsonPath> CompileKey(std::string_view text) {
  JsonPath path(1);
  path[0].key = text;
  return path;
}

// '{a,b,0}' of the operators #> and #>>; blanks around parts do not count.
Result<JsonPath> CompileBraces(std::string_view text) {
  const std::string_view inside = Trim(text);
  if (inside.size() < 2 || inside.front() != '{' || inside.back() != '}') {
    return Error(Status(ErrorCode::kBadValue, "JSON path " + Quoted(text) + " is not a list in braces")
                     .WithHint("for example '{trade,legs,0}'"));
  }
  JsonPath path;
  if (inside.size() == 2) return path;
  for (const std::string_view part : Split(inside.substr(1, inside.size() - 2), ',')) {
    JsonStep step;
    step.key = Trim(part);
    if (step.key.size() >= 2 && step.key.front() == '"') step.key = step.key.substr(1, step.key.size() - 2);
    const Result<int64_t> index = ParseInt64(step.key);
    step.is_index = index.has_value();
    step.index = index.value_or(0);
    path.push_back(std::move(step));
  }
  return path;
}

template <Compile C>
Result<std::shared_ptr<const expr::FunctionState>> PreparePath(const BindCall& call) {
  const std::string* text = ConstantText(call, 1);
  if (text == nullptr) return nullptr;
  auto state = std::make_shared<PathState>();
  state->text = *text;
  state->path = TRY(C(*text));
  return std::shared_ptr<const expr::FunctionState>(std::move(state));
}

// The path of a row; the last one of the thread is kept. Null: it is not a path.
template <Compile C>
const JsonPath* PathOf(const KernelContext& context, StringRef text) {
  if (context.state != nullptr) return &StateOf<PathState>(context).path;
  static thread_local PathState last;
  static thread_local bool is_known = false;
  if (is_known && last.text == text.view()) return &last.path;
  const AllowAllocation compile;
  Result<JsonPath> path = C(text.view());
  is_known = path.has_value();
  if (!is_known) return nullptr;
  last.text = text.view();
  last.path = *std::move(path);
  return &last.path;
}

// What becomes of the value found.

using Found = std::optional<std::string_view>;
using Show = Outcome (*)(KernelContext& context, Found value, StringRef& out);

Outcome ShowJson(KernelContext&, Found value, StringRef& out) {
  if (!value.has_value()) return Outcome::Null();
  out = StringRef(*value);
  return {};
}

// Strings without quotes, null as NULL, the rest as JSON text.
Outcome ShowText(KernelContext& context, Found value, StringRef& out) {
  if (!value.has_value()) return Outcome::Null();
  const JsonKind kind = KindOfJson(*value);
  if (kind == JsonKind::kNull) return Outcome::Null();
  if (kind != JsonKind::kString) {
    out = StringRef(*value);
    return {};
  }
  if (value->find('\\') == std::string_view::npos) {
    out = StringRef(value->substr(1, value->size() - 2));
    return {};
  }
  TextBuilder builder;
  AppendJsonString(*value, builder.text());
  return builder.Finish(context, out);
}
Outcome ShowScalar(KernelContext& context, Found value, StringRef& out) {
  if (value.has_value() && KindOfJson(*value) <= JsonKind::kArray) return Outcome::Null();
  return ShowText(context, value, out);
}
Outcome ShowContainer(KernelContext& context, Found value, StringRef& out) {
  if (value.has_value() && KindOfJson(*value) > JsonKind::kArray) return Outcome::Null();
  return ShowJson(context, value, out);
}

// A view of the document must not point into a copy of a short argument: StringRef copies what is short.
template <Compile C, Show S>
Outcome Extract(KernelContext& context, StringRef document, StringRef path_text, StringRef& out) {
  const JsonPath* path = PathOf<C>(context, path_text);
  if (path == nullptr) return Outcome::Fail(ErrorCode::kBadValue);
  return S(context, FindJson(document.view(), *path), out);
}
template <Show S>
Outcome ExtractElement(KernelContext& context, StringRef document, int64_t index, StringRef& out) {
  return S(context, JsonElement(document.view(), index), out);
}

Outcome Exists(KernelContext& context, StringRef document, StringRef path_text, bool& out) {
  const JsonPath* path = PathOf<CompileJsonPath>(context, path_text);
  if (path == nullptr) return Outcome::Fail(ErrorCode::kBadValue);
  out = FindJson(document.view(), *path).has_value();
  return {};
}
bool HasKey(StringRef document, StringRef key) { return JsonMember(document.view(), key.view()).has_value(); }

// Inspection

Outcome LengthOf(Found value, int64_t& out) {
  if (!value.has_value() || KindOfJson(*value) != JsonKind::kArray) return Outcome::Null();
  JsonItems items(*value);
  std::string_view key;
  std::string_view item;
  while (items.Next(key, item)) ++out;
  return {};
}
Outcome ArrayLength(StringRef document, int64_t& out) { return LengthOf(document.view(), out); }
Outcome ArrayLengthAt(KernelContext& context, StringRef document, StringRef path_text, int64_t& out) {
  const JsonPath* path = PathOf<CompileJsonPath>(context, path_text);
  if (path == nullptr) return Outcome::Fail(ErrorCode::kBadValue);
  return LengthOf(FindJson(document.view(), *path), out);
}

constexpr std::string_view kKindNames[] = {"object", "array", "string", "number", "boolean", "null"};

Outcome KindName(Found value, StringRef& out) {
  if (!value.has_value()) return Outcome::Null();
  out = StringRef(kKindNames[static_cast<size_t>(KindOfJson(*value))]);
  return {};
}
Outcome TypeOf(StringRef document, StringRef& out) { return KindName(document.view(), out); }
Outcome TypeAt(KernelContext& context, StringRef document, StringRef path_text, StringRef& out) {
  const JsonPath* path = PathOf<CompileJsonPath>(context, path_text);
  if (path == nullptr) return Outcome::Fail(ErrorCode::kBadValue);
  return KindName(FindJson(document.view(), *path), out);
}

bool IsValid(StringRef text) { return data::IsValidJson(text.view()); }
StringRef Same(StringRef document) { return document; }

// The keys of an object in their order; NULL for anything else.
void Keys(KernelContext& context, Arguments args, Column& out) {
  static thread_local std::vector<StringRef> keys;
  const AllowAllocation growth;
  const Arg<StringRef> documents(*args[0]);
  ListWriter writer(context, out, TextListType());
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const StringRef document = documents[row];
    Found value = document.view();
    if (args.size() > 1) {
      const JsonPath* path = PathOf<CompileJsonPath>(context, Arg<StringRef>(*args[1])[row]);
      if (path == nullptr) {
        context.Fail(out, row, ErrorCode::kBadValue);
        continue;
      }
      value = FindJson(document.view(), *path);
    }
    if (!value.has_value() || KindOfJson(*value) != JsonKind::kObject) {
      context.Null(out, row);
      continue;
    }
    keys.clear();
    JsonItems items(*value);
    std::string_view key;
    std::string_view item;
    while (items.Next(key, item)) {
      if (key.find('\\') == std::string_view::npos) {
        keys.emplace_back(key);
        continue;
      }
      std::string decoded;
      AppendJsonString("\"" + std::string(key) + "\"", decoded);
      keys.push_back(context.heap->Add(decoded));
    }
    writer.Fill(row, keys);
  }
}

// Building

struct TypesState final : expr::FunctionState {
  std::vector<Type> types;
};

void ToJson(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const TypesState& state = StateOf<TypesState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    StringRef& to = out.As<StringRef>()[row];
    to = StringRef();
    if (args[0]->IsNull(row)) {
      context.Null(out, row);
      continue;
    }
    TextBuilder builder;
    AppendJson(state.types[0], *args[0], row, builder.text());
    Mark(context, out, row, builder.Finish(context, to));
  }
}

template <bool is_object>
void Build(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const TypesState& state = StateOf<TypesState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    StringRef& to = out.As<StringRef>()[row];
    to = StringRef();
    TextBuilder builder;
    builder.Add(is_object ? '{' : '[');
    bool is_fine = true;
    for (size_t i = 0; i < args.size(); ++i) {
      if (i > 0) builder.Add(is_object && i % 2 == 1 ? ':' : ',');
      if (is_object && i % 2 == 0) {
        is_fine = is_fine && !args[i]->IsNull(row);
        const StringRef key = is_fine ? Arg<StringRef>(*args[i])[row] : StringRef();
        AppendJsonQuoted(key.view(), builder.text());
      } else {
        AppendJson(state.types[i], *args[i], row, builder.text());
      }
    }
    builder.Add(is_object ? '}' : ']');
    Mark(context, out, row, is_fine ? builder.Finish(context, to) : Outcome::Fail(ErrorCode::kBadValue));
  }
}

BoundFunction BoundToJson(std::vector<Type> arguments, expr::Kernel kernel) {
  auto state = std::make_shared<TypesState>();
  state->types = arguments;
  BoundFunction bound;
  bound.arguments = std::move(arguments);
  bound.result = kJson;
  bound.kernel = kernel;
  bound.state = std::move(state);
  return bound;
}

Result<BoundFunction> BindToJson(const BindCall& call) {
  if (call.types.size() != 1) return WrongArguments(call, "to_json(value)");
  return BoundToJson({call.types[0]}, ToJson);
}
Result<BoundFunction> BindJsonArray(const BindCall& call) {
  return BoundToJson({call.types.begin(), call.types.end()}, Build<false>);
}
Result<BoundFunction> BindJsonObject(const BindCall& call) {
  if (call.types.size() % 2 != 0) return WrongArguments(call, "json_object(key, value, ...)");
  std::vector<Type> arguments(call.types.begin(), call.types.end());
  for (size_t i = 0; i < arguments.size(); i += 2) arguments[i] = kText;
  return BoundToJson(std::move(arguments), Build<true>);
}

// A text that is no JSON fails its row.
template <expr::Kernel K>
void Checked(KernelContext& context, Arguments args, Column& out) {
  const Arg<StringRef> documents(*args[0]);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const StringRef document = documents[row];
    if (!out.IsNull(row) && !data::IsValidJson(document.view())) context.Fail(out, row, ErrorCode::kBadValue);
  }
  K(context, args, out);
}

// Functions of a document, which is JSON or text, and perhaps a path.
class Access {
 public:
  Access(expr::FunctionRegistry& registry, std::string_view name) : scalar_(registry, name) {
    scalar_.Category("JSON").MayFail().Costly();
  }
  Access& Doc(std::string_view text, std::string_view example, std::string_view result) {
    scalar_.Doc(text).Example(example, result);
    return *this;
  }
  Access& Alias(std::string_view name) { return scalar_.Alias(name), *this; }
  template <expr::Kernel K>
  Access& Alone(const Type& result) {
    scalar_.Add({kJson}, result, K).Add({kText}, result, Checked<K>);
    return *this;
  }
  template <expr::Kernel K>
  Access& Path(const Type& result, expr::PrepareFn prepare) {
    scalar_.Add({kJson, kText}, result, K, prepare).Add({kText, kText}, result, Checked<K>, prepare);
    return *this;
  }
  template <expr::Kernel K>
  Access& Index(const Type& result) {
    scalar_.Add({kJson, kBigint}, result, K).Add({kText, kBigint}, result, Checked<K>);
    return *this;
  }

 private:
  Scalar scalar_;
};

void RegisterOperators(expr::FunctionRegistry& registry) {
  Access(registry, "->")
      .Doc("Field of a JSON object by key, or element of an array by place from 0, as JSON.",
           "'{\"a\": [1, 2]}'::JSON -> 'a'", "[1, 2]")
      .Index<Rows<ExtractElement<ShowJson>>>(kJson)
      .Path<Rows<Extract<CompileKey, ShowJson>>>(kJson, PreparePath<CompileKey>);
  Access(registry, "->>")
      .Doc("Field of a JSON object by key, or element of an array by place from 0, as text.",
           "'{\"a\": \"x\"}'::JSON ->> 'a'", "x")
      .Index<Rows<ExtractElement<ShowText>>>(kText)
      .Path<Rows<Extract<CompileKey, ShowText>>>(kText, PreparePath<CompileKey>);
  Access(registry, "#>")
      .Doc("Value behind a path like '{a,0}', as JSON.", "'{\"a\": [1, 2]}'::JSON #> '{a,1}'", "2")
      .Path<Rows<Extract<CompileBraces, ShowJson>>>(kJson, PreparePath<CompileBraces>);
  Access(registry, "#>>")
      .Doc("Value behind a path like '{a,0}', as text.", "'{\"a\": [\"x\"]}'::JSON #>> '{a,0}'", "x")
      .Path<Rows<Extract<CompileBraces, ShowText>>>(kText, PreparePath<CompileBraces>);
  Scalar(registry, "?")
      .Alias("json_has_key")
      .Category("JSON")
      .Doc("True when a JSON object has the key.")
      .Example("json_has_key('{\"a\": 1}'::JSON, 'a')", "true")
      .Costly()
      .MayFail()
      .Add({kJson, kText}, kBoolean, Rows<HasKey>)
      .Add({kText, kText}, kBoolean, Checked<Rows<HasKey>>);
}

void RegisterPaths(expr::FunctionRegistry& registry) {
  const expr::PrepareFn prepare = PreparePath<CompileJsonPath>;
  Access(registry, "json_extract")
      .Alias("json_extract_path")
      .Doc("Value behind a path ('$.a[0]', '/a/0' or a key), as JSON.", "json_extract('{\"a\": [1, 2]}', '$.a[1]')",
           "2")
      .Index<Rows<ExtractElement<ShowJson>>>(kJson)
      .Path<Rows<Extract<CompileJsonPath, ShowJson>>>(kJson, prepare);
  Access(registry, "json_extract_string")
      .Alias("json_extract_path_text")
      .Doc("Value behind a path, as text.", "json_extract_string('{\"a\": \"x\"}', '$.a')", "x")
      .Index<Rows<ExtractElement<ShowText>>>(kText)
      .Path<Rows<Extract<CompileJsonPath, ShowText>>>(kText, prepare);
  Access(registry, "json_value")
      .Doc("String, number or boolean behind a path, as text; NULL for objects and arrays.",
           "json_value('{\"a\": 1.5}', '$.a')", "1.5")
      .Path<Rows<Extract<CompileJsonPath, ShowScalar>>>(kText, prepare);
  Access(registry, "json_query")
      .Doc("Object or array behind a path, as JSON; NULL for other values.", "json_query('{\"a\": [1]}', '$.a')", "[1]")
      .Path<Rows<Extract<CompileJsonPath, ShowContainer>>>(kJson, prepare);
  Access(registry, "json_exists")
      .Doc("True when something is behind the path.", "json_exists('{\"a\": null}', '$.a')", "true")
      .Path<Rows<Exists>>(kBoolean, prepare);
  Access(registry, "json_array_length")
      .Doc("Number of elements of a JSON array; NULL for other values.", "json_array_length('[1, 2, 3]')", "3")
      .Alone<Rows<ArrayLength>>(kBigint)
      .Path<Rows<ArrayLengthAt>>(kBigint, prepare);
  Access(registry, "json_keys")
      .Alias("json_object_keys")
      .Doc("The keys of a JSON object; NULL for other values.", "json_keys('{\"a\": 1, \"b\": 2}')", "[a, b]")
      .Alone<Keys>(TextListType())
      .Path<Keys>(TextListType(), prepare);
  Access(registry, "json_type")
      .Alias("json_typeof")
      .Doc("Kind of a JSON value: object, array, string, number, boolean or null.", "json_type('[1]')", "array")
      .Alone<Rows<TypeOf>>(kText)
      .Path<Rows<TypeAt>>(kText, prepare);
}

}  // namespace

void RegisterJson(expr::FunctionRegistry& registry) {
  RegisterOperators(registry);
  RegisterPaths(registry);
  Scalar(registry, "json_valid")
      .Category("JSON")
      .Doc("True when a text is one JSON value.")
      .Example("json_valid('{\"a\": ')", "false")
      .Costly()
      .Add({kText}, kBoolean, Rows<IsValid>)
      .Add({kJson}, kBoolean, Rows<IsValid>);
  Scalar(registry, "parse_json")
      .Alias("from_json")
      .Category("JSON")
      .Doc("A text as JSON; an error where it is not.")
      .Example("parse_json('[1, 2]')", "[1, 2]")
      .MayFail()
      .Add({kJson}, kJson, Dense<Same>)
      .Add({kText}, kJson, Checked<Dense<Same>>);
  Scalar(registry, "to_json")
      .Category("JSON")
      .Doc("Any value as JSON.")
      .Example("to_json([1, NULL])", "[1,null]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindToJson);
  Scalar(registry, "json_array")
      .Alias("json_build_array")
      .Category("JSON")
      .Doc("A JSON array of the values.")
      .Example("json_array(1, 'x', NULL)", "[1,\"x\",null]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindJsonArray);
  Scalar(registry, "json_object")
      .Alias("json_build_object")
      .Category("JSON")
      .Doc("A JSON object of keys and values.")
      .Example("json_object('a', 1, 'b', true)", "{\"a\":1,\"b\":true}")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindJsonObject);
}

}  // namespace laminar::functions
