// median, percentile_cont, percentile_disc and their aliases, and mad: exact, over a bag of all values, so they take
// rows back.
//
// The fraction is a constant, given as percentile_cont(x, p) or percentile_cont(p) WITHIN GROUP (ORDER BY x [DESC]);
// DESC mirrors it. Interpolated results are DOUBLE for numbers and keep the type for dates and times; percentile_disc
// returns one of the values.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "functions/aggregate/bag_aggregate.h"
#include "functions/aggregate/bind.h"
#include "functions/aggregate/distinct.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

struct FractionParameters final : BagParameters {
  double fraction = 0.5;
  bool descending = false;
};

const FractionParameters& ParametersOf(const BoundAggregate& aggregate) {
  return static_cast<const FractionParameters&>(*aggregate.state);
}

// Between the two values around rank fraction * (n - 1).
struct Bracket {
  Word low;
  Word high;
  double share = 0;
};

Bracket Around(const Bag<Word>& bag, double fraction) {
  const double rank = fraction * static_cast<double>(bag.total() - 1);
  const int64_t below = std::clamp<int64_t>(static_cast<int64_t>(rank), 0, bag.total() - 1);
  const Word low = bag.At(below);
  const double share = rank - static_cast<double>(below);
  return {.low = low, .high = share > 0 && below + 1 < bag.total() ? bag.At(below + 1) : low, .share = share};
}

Outcome InterpolatedNumber(const BoundAggregate& aggregate, const Bag<Word>& bag, BatchBuffer&, Column& out,
                           uint32_t row) {
  out.As<double>()[row] = 0;
  if (bag.total() == 0) return Outcome::Null();
  const FractionParameters& parameters = ParametersOf(aggregate);
  const Bracket bracket = Around(bag, parameters.fraction);
  const double low = parameters.codec.ToDouble(bracket.low);
  const double high = parameters.codec.ToDouble(bracket.high);
  out.As<double>()[row] = low == high ? low : low + (high - low) * bracket.share;
  return Outcome::Value();
}

// Dates and times: whole units, rounded down.
Outcome InterpolatedTime(const BoundAggregate& aggregate, const Bag<Word>& bag, BatchBuffer& buffer, Column& out,
                         uint32_t row) {
  if (bag.total() == 0) return Outcome::Null();
  const FractionParameters& parameters = ParametersOf(aggregate);
  const Bracket bracket = Around(bag, parameters.fraction);
  const int64_t low = parameters.codec.ToInt64(bracket.low);
  const data::Int128 distance = static_cast<data::Int128>(parameters.codec.ToInt64(bracket.high)) - low;
  const int64_t value = low + static_cast<int64_t>(static_cast<double>(distance) * bracket.share);
  parameters.codec.Decode(parameters.codec.FromInt64(value), buffer, out, row);
  return Outcome::Value();
}

template <class Cell>
Outcome DiscreteValue(const BoundAggregate& aggregate, const Bag<Cell>& bag, BatchBuffer& buffer, Column& out,
                      uint32_t row) {
  if (bag.total() == 0) return Outcome::Null();
  const FractionParameters& parameters = ParametersOf(aggregate);
  // The first value whose share of rows reaches the fraction; the allowance keeps 0.07 * 100 at rank 7.
  const double rank = std::ceil(parameters.fraction * static_cast<double>(bag.total()) - 1e-9);
  const int64_t position = std::clamp<int64_t>(static_cast<int64_t>(rank) - 1, 0, bag.total() - 1);
  parameters.codec.Decode(bag.At(parameters.descending ? bag.total() - 1 - position : position), buffer, out, row);
  return Outcome::Value();
}

// Where the values and the fraction of a call stand.
struct Place {
  Type type;
  uint32_t column = 0;
  double fraction = 0.5;
  bool descending = false;
};

// percentile_cont(p) WITHIN GROUP (ORDER BY x) or percentile_cont(x, p).
Result<Place> FindPlace(const AggregateBindCall& call) {
  if (!call.order_types.empty()) {
    TRY(CheckCount(call, 1, 1));
    if (call.order_types.size() != 1) {
      return Error(ErrorCode::kFunctionArguments, fmt::format("{}: WITHIN GROUP orders by {} expressions, expected one",
                                                              call.name, call.order_types.size()));
    }
    const double fraction = TRY(ConstantFraction(call, 0));
    return Place{
        .type = call.order_types[0], .column = 1, .fraction = fraction, .descending = call.order[0].descending};
  }
  if (call.types.size() != 2) {
    return Error(
        Status(ErrorCode::kFunctionArguments, fmt::format("{}: the values or the fraction are missing", call.name))
            .WithHint(fmt::format("write {0}(x, 0.9) or {0}(0.9) WITHIN GROUP (ORDER BY x)", call.name)));
  }
  const double fraction = TRY(ConstantFraction(call, 1));
  return Place{.type = call.types[0], .column = 0, .fraction = fraction};
}

Result<BoundAggregate> Continuous(const AggregateBindCall& call, const Place& place) {
  const Type& type = place.type;
  const bool is_time = type.is_temporal();
  if (!is_time && !type.is_numeric() && type.id() != TypeId::kNull) {
    return Error(
        Status(ErrorCode::kFunctionArguments,
               fmt::format("{}: the values are {}, expected numbers, dates or times", call.name, type.ToString()))
            .WithHint("percentile_disc takes values of any type"));
  }
  BoundAggregate bound;
  bound.name = call.name;
  bound.arguments.assign(call.types.begin(), call.types.end());
  if (type.id() == TypeId::kNull && place.column == 0) bound.arguments[0] = TypeId::kDouble;
  bound.result_type = is_time ? type : Type(TypeId::kDouble);
  UseBag<Word>(bound);
  bound.result = is_time ? ResultOfBags<Word, InterpolatedTime> : ResultOfBags<Word, InterpolatedNumber>;
  auto parameters = std::make_shared<FractionParameters>();
  parameters->codec = CellCodec(type.id() == TypeId::kNull ? Type(TypeId::kDouble) : type, CellEncoding::kOrdered);
  parameters->column = place.column;
  parameters->fraction = place.descending ? 1 - place.fraction : place.fraction;
  bound.state = std::move(parameters);
  return bound;
}

Result<BoundAggregate> BindContinuous(const AggregateBindCall& call) {
  TRY(RejectDistinct(call));
  return Continuous(call, TRY(FindPlace(call)));
}

Result<BoundAggregate> BindMedian(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  if (call.is_distinct) return BindDistinct(call, BindMedian);
  return Continuous(call, Place{.type = call.types[0]});
}

Result<BoundAggregate> BindDiscrete(const AggregateBindCall& call) {
  TRY(RejectDistinct(call));
  const Place place = TRY(FindPlace(call));
  BoundAggregate bound;
  bound.name = call.name;
  bound.arguments.assign(call.types.begin(), call.types.end());
  bound.result_type = place.type;
  auto parameters = std::make_shared<FractionParameters>();
  parameters->codec = CellCodec(place.type, CellEncoding::kOrdered);
  parameters->column = place.column;
  parameters->fraction = place.fraction;
  parameters->descending = place.descending;
  if (parameters->codec.is_word()) {
    UseBag<Word>(bound);
    bound.result = ResultOfBags<Word, DiscreteValue<Word>>;
  } else {
    UseBag<std::string>(bound);
    bound.result = ResultOfBags<std::string, DiscreteValue<std::string>>;
  }
  bound.state = std::move(parameters);
  return bound;
}

// Median of the distances from the median, by walking the bag outwards from it.
Outcome MedianDistance(const BoundAggregate& aggregate, const Bag<Word>& bag, BatchBuffer&, Column& out, uint32_t row) {
  out.As<double>()[row] = 0;
  if (bag.total() == 0) return Outcome::Null();
  const CellCodec& codec = ParametersOf(aggregate).codec;
  const Bracket bracket = Around(bag, 0.5);
  const double middle =
      codec.ToDouble(bracket.low) + (codec.ToDouble(bracket.high) - codec.ToDouble(bracket.low)) * bracket.share;
  struct Distance {
    double value;
    int64_t count;
  };
  std::vector<Distance> distances;
  bag.ForEach(
      [&](const Word& word, int64_t count) { distances.push_back({std::abs(codec.ToDouble(word) - middle), count}); });
  std::sort(distances.begin(), distances.end(), [](const Distance& a, const Distance& b) { return a.value < b.value; });
  const auto at = [&](int64_t rank) {
    for (const Distance& distance : distances) {
      if (rank < distance.count) return distance.value;
      rank -= distance.count;
    }
    return distances.back().value;
  };
  out.As<double>()[row] = (at((bag.total() - 1) / 2) + at(bag.total() / 2)) / 2;
  return Outcome::Value();
}

Result<BoundAggregate> BindMad(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(CheckNumeric(call, 0));
  if (call.is_distinct) return BindDistinct(call, BindMad);
  BoundAggregate bound = TRY(Continuous(call, Place{.type = call.types[0]}));
  bound.result = ResultOfBags<Word, MedianDistance>;
  return bound;
}

}  // namespace

void RegisterPercentile(expr::FunctionRegistry& registry) {
  registry.Add(AggregateFunction{.name = "median",
                                 .doc = "The middle value, or the mean of the two middle ones.",
                                 .examples = {{"median(x)", "3"}},
                                 .bind = BindMedian});
  registry.Add(AggregateFunction{.name = "mad",
                                 .doc = "Median of the absolute distances from the median.",
                                 .examples = {{"mad(x)", "1.5"}},
                                 .bind = BindMad});
  registry.Add(
      AggregateFunction{.name = "percentile_cont",
                        .aliases = {"percentile", "quantile_cont"},
                        .doc = "The value at a fraction of the ordered values, interpolated between neighbours.",
                        .examples = {{"percentile_cont(x, 0.9)", "8.2"}},
                        .arguments_min = 1,
                        .arguments_max = 2,
                        .bind = BindContinuous});
  registry.Add(AggregateFunction{.name = "percentile_disc",
                                 .aliases = {"quantile_disc", "quantile"},
                                 .doc = "The first of the ordered values whose share of rows reaches a fraction.",
                                 .examples = {{"percentile_disc(x, 0.5)", "2"}},
                                 .arguments_min = 1,
                                 .arguments_max = 2,
                                 .bind = BindDiscrete});
}

}  // namespace laminar::functions
