// mode, histogram, entropy, product, geometric_mean, harmonic_mean: read from a bag of all values, so they take rows
// back.
#include <algorithm>
#include <cmath>

#include "functions/aggregate/bag_aggregate.h"
#include "functions/aggregate/bind.h"
#include "functions/aggregate/distinct.h"
#include "functions/aggregate/wide.h"
#include "functions/register.h"

namespace laminar::functions {
namespace {

const CellCodec& CodecOf(const BoundAggregate& aggregate) {
  return static_cast<const BagParameters&>(*aggregate.state).codec;
}

// Of equally frequent values the smallest.
template <class Cell>
Outcome Mode(const BoundAggregate& aggregate, const Bag<Cell>& bag, BatchBuffer& buffer, Column& out, uint32_t row) {
  CellView<Cell> best{};
  int64_t best_count = 0;
  bag.ForEach([&](CellView<Cell> cell, int64_t count) {
    if (count <= best_count) return;
    best = cell;
    best_count = count;
  });
  if (best_count == 0) return Outcome::Null();
  CodecOf(aggregate).Decode(best, buffer, out, row);
  return Outcome::Value();
}

// A MAP of value to number of rows, in the order of the values.
template <class Cell>
Outcome Histogram(const BoundAggregate& aggregate, const Bag<Cell>& bag, BatchBuffer& buffer, Column& out,
                  uint32_t row) {
  if (bag.total() == 0) return Outcome::Null();
  if (bag.distinct() > (int64_t{1} << 22) - 1) return Outcome::Fail(ErrorCode::kEntryLimit);
  const uint32_t length = static_cast<uint32_t>(bag.distinct());
  uint32_t next = buffer.ReserveChild(out, aggregate.result_type, length);
  out.As<data::ListEntry>()[row] = {.offset = next, .length = length};
  bag.ForEach([&](CellView<Cell> cell, int64_t count) {
    CodecOf(aggregate).Decode(cell, buffer, out.children[0], next);
    out.children[1].As<uint64_t>()[next] = static_cast<uint64_t>(count);
    if (out.children[1].has_nulls) data::SetBit(out.children[1].validity, next);
    ++next;
  });
  return Outcome::Value();
}

// Shannon's, in bits.
template <class Cell>
Outcome Entropy(const BoundAggregate&, const Bag<Cell>& bag, BatchBuffer&, Column& out, uint32_t row) {
  double entropy = 0;
  bag.ForEach([&](CellView<Cell>, int64_t count) {
    const double share = static_cast<double>(count) / static_cast<double>(bag.total());
    entropy -= share * std::log2(share);
  });
  out.As<double>()[row] = entropy;
  return Outcome::NullIf(bag.total() == 0);
}

Outcome Product(const BoundAggregate& aggregate, const Bag<Word>& bag, BatchBuffer&, Column& out, uint32_t row) {
  double product = 1;
  bag.ForEach([&](const Word& word, int64_t count) {
    const double value = CodecOf(aggregate).ToDouble(word);
    product *= count == 1 ? value : std::pow(value, static_cast<double>(count));
  });
  out.As<double>()[row] = product;
  return Outcome::NullIf(bag.total() == 0);
}

Outcome GeometricMean(const BoundAggregate& aggregate, const Bag<Word>& bag, BatchBuffer&, Column& out, uint32_t row) {
  DoubleSum logarithms;
  bool has_zero = false;
  bool has_negative = false;
  bag.ForEach([&](const Word& word, int64_t count) {
    const double value = CodecOf(aggregate).ToDouble(word);
    has_zero |= value == 0;
    has_negative |= value < 0;
    if (value > 0 || std::isnan(value)) logarithms.Add(std::log(value), count);
  });
  double mean = std::exp(logarithms.sum() / static_cast<double>(std::max<int64_t>(bag.total(), 1)));
  if (has_zero) mean = 0;
  out.As<double>()[row] = mean;
  return Outcome::NullIf(bag.total() == 0 || has_negative);
}

Outcome HarmonicMean(const BoundAggregate& aggregate, const Bag<Word>& bag, BatchBuffer&, Column& out, uint32_t row) {
  DoubleSum inverses;
  bool is_defined = bag.total() > 0;
  bag.ForEach([&](const Word& word, int64_t count) {
    const double value = CodecOf(aggregate).ToDouble(word);
    if (value < 0) is_defined = false;
    inverses.Add(1 / value, count);
  });
  const double sum = inverses.sum();
  out.As<double>()[row] = is_defined ? static_cast<double>(bag.total()) / sum : 0;
  return Outcome::NullIf(!is_defined);
}

BoundAggregate OverBag(const AggregateBindCall& call, const Type& type, Type result) {
  BoundAggregate bound;
  bound.name = call.name;
  bound.arguments = {type};
  bound.result_type = std::move(result);
  auto parameters = std::make_shared<BagParameters>();
  parameters->codec = CellCodec(type, CellEncoding::kOrdered);
  if (parameters->codec.is_word()) {
    UseBag<Word>(bound);
  } else {
    UseBag<std::string>(bound);
  }
  bound.state = std::move(parameters);
  return bound;
}

Result<BoundAggregate> BindMode(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(RejectDistinct(call));
  BoundAggregate bound = OverBag(call, call.types[0], call.types[0]);
  bound.result =
      CodecOf(bound).is_word() ? ResultOfBags<Word, Mode<Word>> : ResultOfBags<std::string, Mode<std::string>>;
  return bound;
}

Result<BoundAggregate> BindHistogram(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(RejectDistinct(call));
  BoundAggregate bound = OverBag(call, call.types[0], Type::Map(call.types[0], TypeId::kUInt64));
  bound.result = CodecOf(bound).is_word() ? ResultOfBags<Word, Histogram<Word>>
                                          : ResultOfBags<std::string, Histogram<std::string>>;
  return bound;
}

Result<BoundAggregate> BindEntropy(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(RejectDistinct(call));
  BoundAggregate bound = OverBag(call, call.types[0], TypeId::kDouble);
  bound.result =
      CodecOf(bound).is_word() ? ResultOfBags<Word, Entropy<Word>> : ResultOfBags<std::string, Entropy<std::string>>;
  return bound;
}

// Over numbers, with a DOUBLE result.
template <auto kFn>
Result<BoundAggregate> BindNumber(const AggregateBindCall& call) {
  TRY(CheckCount(call, 1, 1));
  TRY(CheckNumeric(call, 0));
  if (call.is_distinct) return BindDistinct(call, BindNumber<kFn>);
  const Type type = call.types[0].id() == TypeId::kNull ? Type(TypeId::kDouble) : call.types[0];
  BoundAggregate bound = OverBag(call, type, TypeId::kDouble);
  bound.result = ResultOfBags<Word, kFn>;
  return bound;
}

}  // namespace

void RegisterBagStatistics(expr::FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* doc, const char* result,
                       AggregateBind bind) {
    registry.Add(AggregateFunction{.name = name,
                                   .aliases = std::move(aliases),
                                   .doc = doc,
                                   .examples = {{std::string(name) + "(x)", result}},
                                   .bind = bind});
  };
  add("mode", {}, "The most frequent value; of equally frequent ones the smallest.", "1", BindMode);
  add("histogram", {}, "A MAP of each value to the number of rows that have it.", "{1=1, 2=1, 4=1, 10=1}",
      BindHistogram);
  add("entropy", {}, "Shannon entropy of the values' frequencies, in bits.", "2", BindEntropy);
  add("product", {}, "Product of all values, as DOUBLE.", "80", BindNumber<Product>);
  add("geometric_mean", {"geomean"}, "Geometric mean; NULL when a value is negative.", "2.990697562442441",
      BindNumber<GeometricMean>);
  add("harmonic_mean", {}, "Harmonic mean; NULL when a value is negative.", "2.162162162162162",
      BindNumber<HarmonicMean>);
}

}  // namespace laminar::functions
