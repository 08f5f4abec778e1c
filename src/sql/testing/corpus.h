// The statements of corpus.def as an array.
#pragma once

#include <string_view>

namespace laminar::sql {

constexpr std::string_view kCorpus[] = {
#define STATEMENT(text) text,
#include "sql/testing/corpus.def"
#undef STATEMENT
};

}  // namespace laminar::sql
