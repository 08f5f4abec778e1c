#include "cli/bench/hand_loops.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/hash.h"
#include "base/time.h"

namespace laminar::cli {
namespace {

constexpr uint32_t kBlock = 1024;

// An open-addressing table with the row inline in the slot, as one would write it for one query.
template <class Row>
class InlineTable {
 public:
  explicit InlineTable(size_t capacity)
      : slots_(std::bit_ceil(capacity)), shift_(64 - std::countr_zero(slots_.size())) {}
  template <class Same, class Make>
  Row& Find(uint64_t hash, const Same& same, const Make& make) {
    if (used_ * 2 > slots_.size()) Grow();
    for (size_t i = hash >> shift_;; i = (i + 1) & (slots_.size() - 1)) {
      if (!slots_[i].is_used) {
        slots_[i].is_used = true;
        slots_[i].hash = hash;
        slots_[i].row = make();
        ++used_;
        return slots_[i].row;
      }
      if (slots_[i].hash == hash && same(slots_[i].row)) return slots_[i].row;
    }
  }
  void Prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[hash >> shift_], 1); }
  template <class Visit>
  void Drain(const Visit& visit) {
    for (Slot& slot : slots_) {
      if (slot.is_used) visit(slot.row);
      slot.is_used = false;
    }
    used_ = 0;
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    bool is_used = false;
    Row row;
  };
  void Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    --shift_;
    for (Slot& slot : old) {
      if (!slot.is_used) continue;
      size_t i = slot.hash >> shift_;
      while (slots_[i].is_used) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = slot;
    }
  }
  std::vector<Slot> slots_;
  int shift_;
  size_t used_ = 0;
};

}  // namespace

HandResult HandQ0(const Bids& bids) {
  // Every row and column is copied once to an output block: what handing on whole rows costs at the least.
  HandResult result;
  alignas(64) static int64_t block[4][kBlock];
  alignas(64) static data::StringRef text[kBlock];
  for (size_t i = 0; i < bids.auction.size(); i += kBlock) {
    const size_t n = std::min<size_t>(kBlock, bids.auction.size() - i);
    std::memcpy(block[0], &bids.auction[i], n * 8);
    std::memcpy(block[1], &bids.bidder[i], n * 8);
    std::memcpy(block[2], &bids.price[i], n * 8);
    std::memcpy(block[3], &bids.time[i], n * 8);
    std::memcpy(static_cast<void*>(text), &bids.extra[i], n * 16);
    asm volatile("" : : "r"(block), "r"(text) : "memory");
    result.rows += n;
  }
  return result;
}

HandResult HandQ1(const Bids& bids) {
  HandResult result;
  alignas(64) static double block[kBlock];
  for (size_t i = 0; i < bids.price.size(); i += kBlock) {
    const size_t n = std::min<size_t>(kBlock, bids.price.size() - i);
    for (size_t k = 0; k < n; ++k) block[k] = 0.908 * static_cast<double>(bids.price[i + k]);
    asm volatile("" : : "r"(block) : "memory");
    result.rows += n;
  }
  return result;
}

HandResult HandQ2(const Bids& bids) {
  HandResult result;
  alignas(64) static int64_t auction[kBlock];
  alignas(64) static int64_t price[kBlock];
  for (size_t i = 0; i < bids.auction.size(); i += kBlock) {
    const size_t n = std::min<size_t>(kBlock, bids.auction.size() - i);
    size_t found = 0;
    for (size_t k = 0; k < n; ++k) {
      auction[found] = bids.auction[i + k];
      price[found] = bids.price[i + k];
      found += bids.auction[i + k] % 123 == 0 ? 1 : 0;
    }
    asm volatile("" : : "r"(auction), "r"(price) : "memory");
    result.rows += found;
  }
  return result;
}

// Panes of 2 s counted by auction; a window of 10 s is the sum of five panes.
HandResult HandHopCount(const Bids& bids) {
  struct Pane {
    int64_t auction;
    int64_t counts[5];  // of the panes that end the five newest windows, oldest first
  };
  HandResult result;
  InlineTable<Pane> table(1 << 16);
  constexpr int64_t kSlide = 2 * kSecond;
  int64_t pane = FloorDiv(bids.time[0], kSlide);
  auto fire = [&] {  // the window that ends with this pane
    InlineTable<Pane> kept(1 << 16);
    table.Drain([&](Pane& p) {
      int64_t total = 0;
      for (int64_t c : p.counts) total += c;
      if (total == 0) return;
      ++result.rows;
      result.sum += static_cast<double>(total);
      const int64_t rest = total - p.counts[0];
      if (rest == 0) return;
      Pane& moved = kept.Find(
          Hash64(static_cast<uint64_t>(p.auction)), [&](const Pane& q) { return q.auction == p.auction; },
          [&] { return p; });
      for (int c = 0; c < 4; ++c) moved.counts[c] = p.counts[c + 1];
      moved.counts[4] = 0;
    });
    table = std::move(kept);
  };
  for (size_t i = 0; i < bids.auction.size(); ++i) {
    const int64_t now = FloorDiv(bids.time[i], kSlide);
    for (; pane < now; ++pane) fire();
    const int64_t auction = bids.auction[i];
    Pane& p = table.Find(
        Hash64(static_cast<uint64_t>(auction)), [&](const Pane& q) { return q.auction == auction; },
        [&] { return Pane{auction, {}}; });
    ++p.counts[4];
  }
  for (int left = 0; left < 5; ++left) fire();
  return result;
}

HandResult HandWindowMax(const Bids& bids) {
  HandResult result;
  constexpr int64_t kSize = 10 * kSecond;
  int64_t end = FloorDiv(bids.time[0], kSize) * kSize + kSize;
  int64_t highest = bids.price[0];
  for (size_t i = 0; i < bids.price.size(); ++i) {
    if (bids.time[i] >= end) {
      ++result.rows;
      result.sum += static_cast<double>(highest);
      end = FloorDiv(bids.time[i], kSize) * kSize + kSize;
      highest = bids.price[i];
    }
    highest = std::max(highest, bids.price[i]);
  }
  ++result.rows;
  result.sum += static_cast<double>(highest);
  return result;
}

HandResult HandOhlc(const Trades& trades) {
  struct Bar {
    data::StringRef symbol;
    int64_t minute;
    int64_t first_time, last_time;
    double open, high, low, close, value;
    int64_t volume, count;
  };
  HandResult result;
  InlineTable<Bar> table(1 << 14);
  uint64_t hashes[kBlock];
  int64_t minutes[kBlock];
  for (size_t i = 0; i < trades.symbol.size(); i += kBlock) {
    const size_t n = std::min<size_t>(kBlock, trades.symbol.size() - i);
    for (size_t k = 0; k < n; ++k) {
      minutes[k] = FloorDiv(trades.time[i + k], kMinute);
      hashes[k] = HashCombine(trades.symbol[i + k].Hash(), static_cast<uint64_t>(minutes[k]));
    }
    for (size_t k = 0; k < n; ++k) {
      const data::StringRef& symbol = trades.symbol[i + k];
      const int64_t time = trades.time[i + k];
      const double price = trades.price[i + k];
      Bar& bar = table.Find(
          hashes[k], [&](const Bar& b) { return b.minute == minutes[k] && b.symbol == symbol; },
          [&] { return Bar{symbol, minutes[k], time, time, price, price, price, price, 0, 0, 0}; });
      if (time < bar.first_time) {
        bar.first_time = time;
        bar.open = price;
      }
      if (time >= bar.last_time) {
        bar.last_time = time;
        bar.close = price;
      }
      bar.high = std::max(bar.high, price);
      bar.low = std::min(bar.low, price);
      bar.value += price * static_cast<double>(trades.volume[i + k]);
      bar.volume += trades.volume[i + k];
      ++bar.count;
    }
  }
  table.Drain([&](Bar& bar) {
    ++result.rows;
    result.sum += static_cast<double>(bar.volume);
  });
  return result;
}

}  // namespace laminar::cli
