// From a type known at bind time to a template instance: WithIntegerType(physical, []<class T>() { return Update<T>;
// }).
#pragma once

#include <cstdint>

#include "base/check.h"
#include "data/type.h"
#include "data/value.h"

namespace laminar::functions {

template <class Make>
auto WithIntegerType(data::PhysicalType physical, Make&& make) -> decltype(make.template operator()<int64_t>()) {
  switch (physical) {
    case data::PhysicalType::kInt8: return make.template operator()<int8_t>();
    case data::PhysicalType::kInt16: return make.template operator()<int16_t>();
    case data::PhysicalType::kInt32: return make.template operator()<int32_t>();
    case data::PhysicalType::kUInt8: return make.template operator()<uint8_t>();
    case data::PhysicalType::kUInt16: return make.template operator()<uint16_t>();
    case data::PhysicalType::kUInt32: return make.template operator()<uint32_t>();
    case data::PhysicalType::kUInt64: return make.template operator()<uint64_t>();
    default: break;
  }
  CHECK(physical == data::PhysicalType::kInt64);
  return make.template operator()<int64_t>();
}

// Any fixed-width layout by the C++ type of its values.
template <class Make>
auto WithFixedType(data::PhysicalType physical, Make&& make) -> decltype(make.template operator()<int64_t>()) {
  switch (physical) {
    case data::PhysicalType::kBool: return make.template operator()<uint8_t>();
    case data::PhysicalType::kFloat: return make.template operator()<float>();
    case data::PhysicalType::kDouble: return make.template operator()<double>();
    case data::PhysicalType::kInt128: return make.template operator()<data::Int128>();
    case data::PhysicalType::kUuid: return make.template operator()<data::UInt128>();
    case data::PhysicalType::kInterval: return make.template operator()<data::Interval>();
    default: return WithIntegerType(physical, make);
  }
}

}  // namespace laminar::functions
