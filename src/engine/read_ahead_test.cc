// Reading ahead gives what the cursor gives, also where no thread can be had, and ends when nobody reads on.
#include "engine/read_ahead.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>

#include "base/random.h"
#include "os/thread.h"

namespace laminar::engine {
namespace {

// `rows` rows whose lengths follow from the seed; then an error, if there is one.
class Rows final : public state::StateCursor {
 public:
  Rows(uint64_t rows, uint64_t seed, Status failure, std::atomic<bool>* is_gone = nullptr)
      : left_(rows + 1), random_(seed), failure_(std::move(failure)), is_gone_(is_gone) {
    Next();
  }
  ~Rows() override {
    if (is_gone_ != nullptr) *is_gone_ = true;
  }
  bool valid() const override { return left_ > 0; }
  void Next() override {
    --left_;
    key_ = std::to_string(left_) + std::string(random_.Below(30), 'k');
    value_ = std::string(random_.OneIn(500) ? random_.Below(1 << 20) : random_.Below(90), 'v') + std::to_string(left_);
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return value_; }
  Status status() const override { return valid() ? Status() : failure_; }

 private:
  uint64_t left_;
  Random random_;
  Status failure_;
  std::atomic<bool>* is_gone_;
  std::string key_;
  std::string value_;
};

TEST_CASE("rows that are read ahead are those of the cursor, in its order, and so is its failure") {
  for (const bool has_thread : {true, false}) {
    for (const uint64_t rows : {0, 1, 100, 20'000}) {
      for (const bool fails : {false, true}) {
        CAPTURE(has_thread);
        CAPTURE(rows);
        const Status failure = fails ? Status(ErrorCode::kCorrupt, "a damaged block") : Status();
        Rows wanted(rows, rows + 1, failure);
        if (!has_thread) os::Thread::FailStart(1);
        ReadAhead ahead(std::make_unique<Rows>(rows, rows + 1, failure));
        bool is_same = true;
        for (; ahead.Next(); wanted.Next())
          is_same = is_same && wanted.valid() && ahead.key() == wanted.key() && ahead.value() == wanted.value();
        CHECK(is_same);
        CHECK(!wanted.valid());
        CHECK(ahead.status().code() == failure.code());
        CHECK(!ahead.Next());
        os::Thread::FailStart(0);
      }
    }
  }
}

TEST_CASE("a small table is read by the caller") {
  os::Thread::FailStart(1);
  {
    ReadAhead ahead(std::make_unique<Rows>(100, 1, Status()));
    while (ahead.Next()) {
    }
  }
  // The first start from then on is still to fail: none was tried.
  CHECK(!os::Thread::Start("laminar-test", [](void*) {}, nullptr).has_value());
  os::Thread::FailStart(0);
}

TEST_CASE("who stops in the middle leaves no thread behind") {
  for (const uint64_t read : {0, 1, 5000, 30'000}) {
    std::atomic<bool> is_gone = false;
    {
      ReadAhead ahead(std::make_unique<Rows>(1'000'000, 3, Status(), &is_gone));
      for (uint64_t row = 0; row < read; ++row) REQUIRE(ahead.Next());
    }
    CHECK(is_gone);
  }
}

}  // namespace
}  // namespace laminar::engine
