// SliceList: the live slices of a window operator in ascending start, each with the rows of the state table
// that belong to it, so that firing
// and cleaning up touch only those.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/hot_scope.h"
#include "base/time.h"
#include "state/table/state_table.h"

namespace laminar::exec {

struct Slice {
  Timestamp start = 0;
  std::vector<state::RowRef> rows;
};

class SliceList {
 public:
  bool empty() const { return slices_.empty(); }
  size_t size() const { return slices_.size(); }
  Slice& operator[](size_t i) { return slices_[i]; }
  // The position of the first slice that starts at or after `start`.
  size_t LowerBound(Timestamp start) const {
    const auto at = std::lower_bound(slices_.begin(), slices_.end(), start,
                                     [](const Slice& s, Timestamp t) { return s.start < t; });
    return static_cast<size_t>(at - slices_.begin());
  }
  // The slice of that start, or null. Rows come in runs, so the last answer is tried first.
  Slice* Find(Timestamp start) {
    if (last_ < slices_.size() && slices_[last_].start == start) return &slices_[last_];
    const size_t at = LowerBound(start);
    if (at == slices_.size() || slices_[at].start != start) return nullptr;
    last_ = at;
    return &slices_[at];
  }
  Slice& FindOrMake(Timestamp start) {
    if (Slice* found = Find(start); found != nullptr) return *found;
    AllowAllocation growth;
    last_ = LowerBound(start);
    Slice slice{.start = start, .rows = {}};
    if (!spare_.empty()) {
      slice.rows = std::move(spare_.back());
      spare_.pop_back();
    }
    return *slices_.insert(slices_.begin() + static_cast<ptrdiff_t>(last_), std::move(slice));
  }
  // Forgets the first `count` slices; their memory serves later ones.
  void RemoveFront(size_t count) {
    AllowAllocation growth;
    for (size_t i = 0; i < count && spare_.size() < kMostSpare; ++i) {
      slices_[i].rows.clear();
      spare_.push_back(std::move(slices_[i].rows));
    }
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<ptrdiff_t>(count));
    last_ = 0;
  }

 private:
  static constexpr size_t kMostSpare = 4;

  std::vector<Slice> slices_;
  std::vector<std::vector<state::RowRef>> spare_;
  size_t last_ = 0;
};

}  // namespace laminar::exec
