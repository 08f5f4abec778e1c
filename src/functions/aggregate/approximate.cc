// approx_count_distinct, approx_percentile, approx_percentile_with_weight, approx_median: sketches of bounded size.
// They merge, and cannot take rows back: on a retracting input they answer kCannotRetract and name the exact
// counterpart.
#include <memory>

#include <fmt/format.h>

#include "base/hash.h"
#include "functions/aggregate/bag_aggregate.h"
#include "functions/aggregate/bind.h"
#include "functions/aggregate/hyper_log_log.h"
#include "functions/aggregate/quantile_sketch.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

struct SketchParameters final : expr::FunctionState {
  CellCodec codec;  // approx_count_distinct
  double fraction = 0.5;
  double compression = QuantileSketch::kDefaultCompression;
  uint32_t column = 0;
  int weight_column = -1;
};

const SketchParameters& ParametersOf(const BoundAggregate& aggregate) {
  return static_cast<const SketchParameters&>(*aggregate.state);
}

HyperLogLog NewSketch(const SketchParameters&, const HyperLogLog*) { return HyperLogLog(); }
QuantileSketch NewSketch(const SketchParameters& parameters, const QuantileSketch*) {
  return QuantileSketch(parameters.compression);
}

template <class Sketch>
struct OnSketch {
  struct State {
    Sketch* sketch = nullptr;  // owned; null: empty
  };
  static Sketch Fresh(const BoundAggregate& aggregate) {
    return NewSketch(ParametersOf(aggregate), static_cast<const Sketch*>(nullptr));
  }
  static Sketch& Get(const BoundAggregate& aggregate, State& state) {
    if (state.sketch == nullptr) state.sketch = new Sketch(Fresh(aggregate));  // freed by Destroy
    return *state.sketch;
  }
  static void Merge(const BoundAggregate& aggregate, uint8_t* into, const uint8_t* from) {
    const AllowAllocation growth;
    if (As<State>(from).sketch != nullptr) Get(aggregate, As<State>(into)).Merge(*As<State>(from).sketch);
  }
  static void Destroy(const BoundAggregate&, uint8_t* state) {
    delete As<State>(state).sketch;
    As<State>(state).sketch = nullptr;
  }
  static void Serialize(const BoundAggregate&, const uint8_t* state, std::string& out) {
    PutByte(out, kStateVersion);
    PutByte(out, As<State>(state).sketch != nullptr);
    if (As<State>(state).sketch != nullptr) As<State>(state).sketch->Serialize(out);
  }
  static Status Deserialize(const BoundAggregate& aggregate, std::string_view& in, uint8_t* state) {
    TRY(ReadVersion(in, aggregate.name));
    uint8_t has_sketch = 0;
    std::unique_ptr<Sketch> sketch;
    bool is_good = TakeNumber(in, has_sketch) && has_sketch <= 1;
    if (is_good && has_sketch == 1) {
      sketch = std::make_unique<Sketch>(Fresh(aggregate));
      is_good = sketch->Deserialize(in);
    }
    if (!is_good) return UnreadableState(aggregate.name, "its sketch is damaged");
    new (state) State{sketch.release()};
    return Status::Ok();
  }
  static size_t MemoryBytes(const BoundAggregate&, const uint8_t* state) {
    return As<State>(state).sketch == nullptr ? 0 : As<State>(state).sketch->memory_bytes();
  }
  static void Use(BoundAggregate& bound) {
    bound.state_bytes = sizeof(State);
    bound.init = InitPlain<State>;
    bound.merge = Merge;
    bound.destroy = Destroy;
    bound.serialize = Serialize;
    bound.deserialize = Deserialize;
    bound.memory_bytes = MemoryBytes;
  }
};

using Distinct = OnSketch<HyperLogLog>;
using Quantiles = OnSketch<QuantileSketch>;

// Mixed twice: the sketch needs every bit of the hash to be good.
uint64_t HashCell(const Word& word) { return Hash64(HashCombine(Hash64(word.low), word.high)); }
uint64_t HashCell(std::string_view bytes) { return Hash64(HashBytes(bytes.data(), bytes.size())); }

template <class Cell>
void UpdateDistinct(const BoundAggregate& aggregate, const AggregateInput& in) {
  const AllowAllocation growth;
  ForEachCell<Cell>(ParametersOf(aggregate).codec, *in.args[0], in,
                    [&](uint32_t row, int64_t weight, CellView<Cell> cell) {
                      if (weight > 0) Distinct::Get(aggregate, StateAt<Distinct::State>(in, row)).Add(HashCell(cell));
                    });
}

Outcome DistinctResult(const BoundAggregate&, const Distinct::State& state, int64_t& out) {
  out = state.sketch == nullptr ? 0 : state.sketch->Estimate();
  return Outcome::Value();
}

void UpdateQuantiles(const BoundAggregate& aggregate, const AggregateInput& in) {
  const AllowAllocation growth;
  const SketchParameters& parameters = ParametersOf(aggregate);
  const Column& values = *in.args[parameters.column];
  const bool has_weights = parameters.weight_column >= 0;
  const Column& weights = has_weights ? *in.args[static_cast<size_t>(parameters.weight_column)] : values;
  CellCodec codec = parameters.codec;
  Word words[data::kBatchCapacity];
  CHECK(in.rows <= data::kBatchCapacity);
  codec.EncodeWords(values, in.rows, words);
  ForEachRow<2>(in, {&values, &weights}, [&](uint32_t row, int64_t weight) {
    const double factor = has_weights ? weights.As<double>()[weights.Slot(row)] : 1;
    if (weight > 0) {
      Quantiles::Get(aggregate, StateAt<Quantiles::State>(in, row))
          .Add(codec.ToDouble(words[row]), factor * static_cast<double>(weight));
    }
  });
}

Outcome QuantileResult(const BoundAggregate& aggregate, const Quantiles::State& state, double& out) {
  if (state.sketch == nullptr || state.sketch->is_empty()) return Outcome::Null();
  out = state.sketch->Quantile(ParametersOf(aggregate).fraction);
  return Outcome::Value();
}

Result<BoundAggregate> BindApproxDistinct(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(RejectDistinct(call));
  TRY(CheckAppendOnly(call, "count(DISTINCT x)"));
  BoundAggregate bound;
  bound.name = call.name;
  bound.arguments = {call.types[0]};
  bound.result_type = TypeId::kInt64;
  bound.is_nullable = false;
  auto parameters = std::make_shared<SketchParameters>();
  parameters->codec = CellCodec(call.types[0], CellEncoding::kOrdered);
  Distinct::Use(bound);
  bound.update = parameters->codec.is_word() ? UpdateDistinct<Word> : UpdateDistinct<std::string>;
  bound.result = ResultRows<Distinct::State, int64_t, DistinctResult>;
  bound.state = std::move(parameters);
  return bound;
}

BoundAggregate OverQuantiles(const AggregateBindCall& call, SketchParameters parameters, const Type& type) {
  BoundAggregate bound;
  bound.name = call.name;
  bound.arguments.assign(call.types.begin(), call.types.end());
  const Type number = type.id() == TypeId::kNull ? Type(TypeId::kDouble) : type;
  if (parameters.column < bound.arguments.size()) bound.arguments[parameters.column] = number;
  if (parameters.weight_column >= 0) bound.arguments[static_cast<size_t>(parameters.weight_column)] = TypeId::kDouble;
  bound.result_type = TypeId::kDouble;
  parameters.codec = CellCodec(number, CellEncoding::kOrdered);
  Quantiles::Use(bound);
  bound.update = UpdateQuantiles;
  bound.result = ResultRows<Quantiles::State, double, QuantileResult>;
  bound.state = std::make_shared<SketchParameters>(std::move(parameters));
  return bound;
}

Status CheckQuantileCall(const AggregateBindCall& call, std::string_view exact) {
  TRY(RejectDistinct(call));
  return CheckAppendOnly(call, exact);
}

// The optional last argument: how many centroids the sketch may keep, about.
Result<double> Compression(const AggregateBindCall& call, size_t argument) {
  if (argument >= call.types.size()) return QuantileSketch::kDefaultCompression;
  const double centroids = TRY(ConstantNumber(call, argument, "number of centroids"));
  if (!(centroids >= 20 && centroids <= 10000)) {
    return Error(ErrorCode::kFunctionArguments,
                 fmt::format("{}: {} centroids asked for, expected 20 to 10000", call.name, centroids));
  }
  return centroids;
}

// (x, p[, centroids]) or (p[, centroids]) WITHIN GROUP (ORDER BY x).
Result<BoundAggregate> BindApproxPercentile(const AggregateBindCall& call) {
  TRY(CheckQuantileCall(call, "percentile_cont(x, p)"));
  SketchParameters parameters;
  const bool is_within_group = !call.order_types.empty();
  TRY(CheckCount(call, is_within_group ? 1 : 2, is_within_group ? 2 : 3));
  const size_t fraction_at = is_within_group ? 0 : 1;
  const Type& type = is_within_group ? call.order_types[0] : call.types[0];
  if (!type.is_numeric() && type.id() != TypeId::kNull) {
    return Error(Status(ErrorCode::kFunctionArguments,
                        fmt::format("{}: the values are {}, expected numbers", call.name, type.ToString()))
                     .WithHint("percentile_disc takes values of any type"));
  }
  parameters.fraction = TRY(ConstantFraction(call, fraction_at));
  parameters.compression = TRY(Compression(call, fraction_at + 1));
  if (is_within_group && call.order[0].descending) parameters.fraction = 1 - parameters.fraction;
  parameters.column = is_within_group ? static_cast<uint32_t>(call.types.size()) : 0;
  return OverQuantiles(call, std::move(parameters), type);
}

Result<BoundAggregate> BindApproxWeighted(const AggregateBindCall& call) {
  TRY(CheckQuantileCall(call, "percentile_cont(x, p)"));
  TRY(CheckCount(call, 3, 3));
  TRY(CheckNumeric(call, 0));
  TRY(CheckNumeric(call, 1));
  SketchParameters parameters;
  parameters.fraction = TRY(ConstantFraction(call, 2));
  parameters.weight_column = 1;
  return OverQuantiles(call, std::move(parameters), call.types[0]);
}

Result<BoundAggregate> BindApproxMedian(const AggregateBindCall& call) {
  TRY(CheckQuantileCall(call, "median(x)"));
  TRY(CheckCount(call, 1, 1));
  TRY(CheckNumeric(call, 0));
  return OverQuantiles(call, SketchParameters(), call.types[0]);
}

}  // namespace

void RegisterApproximate(expr::FunctionRegistry& registry) {
  registry.Add(AggregateFunction{.name = "approx_count_distinct",
                                 .aliases = {"approx_distinct"},
                                 .doc = "About the number of different values, within 3 %, in at most 16 KiB a group.",
                                 .examples = {{"approx_count_distinct(x)", "4"}},
                                 .bind = BindApproxDistinct});
  registry.Add(AggregateFunction{.name = "approx_percentile",
                                 .aliases = {"approx_percentile_cont", "approx_quantile"},
                                 .doc = "About the value at a fraction of the ordered values, within 1 % of rank; a "
                                        "third argument sets the size of the sketch.",
                                 .examples = {{"approx_percentile(x, 0)", "1"}, {"approx_percentile(x, 1)", "10"}},
                                 .arguments_min = 1,
                                 .arguments_max = 3,
                                 .bind = BindApproxPercentile});
  registry.Add(AggregateFunction{
      .name = "approx_percentile_with_weight",
      .aliases = {"approx_percentile_cont_with_weight"},
      .doc = "About the value at a fraction of the values, each counted with a weight: (x, weight, p).",
      .examples = {{"approx_percentile_with_weight(x, 1, 1)", "10"}},
      .arguments_min = 3,
      .arguments_max = 3,
      .bind = BindApproxWeighted});
  registry.Add(AggregateFunction{.name = "approx_median",
                                 .doc = "About the middle value, within 1 % of rank.",
                                 .examples = {{"approx_median(x)", "3"}},
                                 .bind = BindApproxMedian});
}

}  // namespace laminar::functions
