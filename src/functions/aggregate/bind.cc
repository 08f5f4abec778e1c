// Checks of aggregate calls.
#include "functions/aggregate/bind.h"

#include <cmath>

#include <fmt/format.h>

#include "data/decimal.h"
#include "data/value.h"

namespace laminar::functions {

Status CheckCount(const AggregateBindCall& call, size_t least, size_t most) {
  const size_t count = call.types.size();
  if (count >= least && count <= most) return Status::Ok();
  const std::string expected = least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most);
  return Status(ErrorCode::kFunctionArguments,
                fmt::format("{}: {} argument{} given, expected {}", call.name, count, count == 1 ? "" : "s", expected));
}

Status WrongArgument(const AggregateBindCall& call, size_t argument, std::string_view expected) {
  return Status(ErrorCode::kFunctionArguments, fmt::format("{}: argument {} is {}, expected {}", call.name,
                                                           argument + 1, call.types[argument].ToString(), expected));
}

Status CheckNumeric(const AggregateBindCall& call, size_t argument) {
  const Type& type = call.types[argument];
  if (type.is_numeric() || type.id() == TypeId::kNull) return Status::Ok();
  return WrongArgument(call, argument, "a number").WithHint("cast it: CAST(x AS DOUBLE)");
}

Status CheckAppendOnly(const AggregateBindCall& call, std::string_view exact) {
  if (!call.input_retracts) return Status::Ok();
  return Status(ErrorCode::kCannotRetract,
                fmt::format("{}: its sketch cannot take rows back, and the input deletes or updates rows", call.name))
      .WithHint(fmt::format("use the exact counterpart: {}", exact));
}

Status RejectDistinct(const AggregateBindCall& call) {
  if (!call.is_distinct) return Status::Ok();
  return Status(ErrorCode::kFunctionArguments, fmt::format("{}: DISTINCT has no meaning here", call.name))
      .WithHint("leave DISTINCT out");
}

Result<double> ConstantNumber(const AggregateBindCall& call, size_t argument, std::string_view what) {
  const data::Value* value = argument < call.constants.size() ? call.constants[argument] : nullptr;
  const Type& type = call.types[argument];
  if (value == nullptr || value->is_null() || !type.is_numeric()) {
    return Error(WrongArgument(call, argument, fmt::format("a constant {}", what)));
  }
  switch (type.physical()) {
    case data::PhysicalType::kInt128: return data::DecimalToDouble(value->decimal_value(), type.scale());
    case data::PhysicalType::kFloat:
    case data::PhysicalType::kDouble: return value->double_value();
    case data::PhysicalType::kUInt8:
    case data::PhysicalType::kUInt16:
    case data::PhysicalType::kUInt32:
    case data::PhysicalType::kUInt64: return static_cast<double>(value->uint_value());
    default: return static_cast<double>(value->int_value());
  }
}

Result<double> ConstantFraction(const AggregateBindCall& call, size_t argument) {
  const double fraction = TRY(ConstantNumber(call, argument, "fraction"));
  if (!(fraction >= 0 && fraction <= 1)) {
    return Error(Status(ErrorCode::kBadFraction, fmt::format("{}: the fraction is {}", call.name, fraction))
                     .WithHint("it stands between 0 and 1, such as 0.95"));
  }
  return fraction;
}

}  // namespace laminar::functions
