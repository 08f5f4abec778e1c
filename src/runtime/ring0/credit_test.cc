#include "runtime/ring0/credit.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "base/random.h"

namespace laminar::runtime {
namespace {

struct Item {
  uint64_t value = 0;
  bool is_control = false;
};

TEST_CASE("a channel is back-pressured from 80 percent on and until 50 percent") {
  ChannelCredits credits({.exclusive_credits = 10, .floating_credits = 0}, nullptr);
  for (int i = 0; i < 7; ++i) CHECK(credits.Take());
  CHECK_FALSE(credits.IsBackpressured());
  CHECK(credits.Take());
  CHECK(credits.IsBackpressured());  // 80 %
  credits.Consumed(0);
  credits.Consumed(0);
  CHECK(credits.IsBackpressured());  // 60 %
  credits.Consumed(0);
  CHECK_FALSE(credits.IsBackpressured());  // 50 %
  CHECK(credits.Take());
  CHECK(credits.Take());
  CHECK_FALSE(credits.IsBackpressured());  // 70 % on the way up
  CHECK(credits.Take());
  CHECK(credits.IsBackpressured());
  CHECK(credits.backpressured_count() == 2);
}

TEST_CASE("a stalled receiver stops its sender, nothing is lost and memory is bounded") {
  const BackpressureConfig config;
  FloatingCredits floating(config.floating_credits);
  CreditedQueue<Item> queue(config, &floating);
  uint64_t sent = 0;
  for (int attempt = 0; attempt < 1'000'000; ++attempt) sent += queue.TryPush(Item{.value = sent}) ? 1 : 0;
  CHECK(sent == config.exclusive_credits);
  // A receiver that looks but does not read lends its floating credits, and no more.
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    queue.LendIfBehind();
    sent += queue.TryPush(Item{.value = sent}) ? 1 : 0;
  }
  CHECK(sent == ChannelCredits::MostInFlight(config));
  CHECK(floating.free_count() == 0);
  Item kept{.value = 99};
  CHECK_FALSE(queue.TryPush(std::move(kept)));
  CHECK(kept.value == 99);
  Item item;
  for (uint64_t expected = 0; queue.Pop(item); ++expected) {
    CHECK(item.value == expected);
    queue.BatchDone();
  }
  CHECK(floating.free_count() + queue.credits().lent() == config.floating_credits);
  // Without a backlog the stock comes home.
  for (int i = 0; i < 20; ++i) {
    CHECK(queue.TryPush(Item{}));
    CHECK(queue.Pop(item));
    queue.BatchDone();
  }
  CHECK(floating.free_count() == config.floating_credits);
}

TEST_CASE("a barrier passes a channel whose credits are all out") {
  const BackpressureConfig config;
  FloatingCredits floating(config.floating_credits);
  CreditedQueue<Item> queue(config, &floating);
  uint64_t sent = 0;
  while (queue.TryPush(Item{.value = sent}) || queue.credits().LendTo(64)) ++sent;
  CHECK(queue.IsBackpressured());
  for (uint64_t i = 0; i < CreditedQueue<Item>::kControlPlaces; ++i) {
    CHECK(queue.TryPushControl(Item{.value = i, .is_control = true}));
  }
  // Beyond the reserved places the sender keeps the message.
  Item late{.value = 7, .is_control = true};
  CHECK_FALSE(queue.TryPushControl(std::move(late)));
  CHECK(late.value == 7);
  uint64_t controls = 0;
  Item item;
  while (queue.Pop(item)) {
    controls += item.is_control ? 1 : 0;
    item.is_control ? queue.ControlDone() : queue.BatchDone();
  }
  CHECK(controls == CreditedQueue<Item>::kControlPlaces);
  CHECK(queue.TryPushControl(std::move(late)));
}

TEST_CASE("floating credits go to the channel with the backlog, and all are home at the end") {
  Random random(8);
  for (int round = 0; round < 200; ++round) {
    BackpressureConfig config{.exclusive_credits = 1 + static_cast<uint32_t>(random.Below(6)),
                              .floating_credits = static_cast<uint32_t>(random.Below(10))};
    FloatingCredits floating(config.floating_credits);
    std::vector<std::unique_ptr<CreditedQueue<Item>>> channels;
    for (int i = 0; i < 3; ++i) channels.push_back(std::make_unique<CreditedQueue<Item>>(config, &floating));
    std::vector<uint64_t> sent(3), received(3);
    for (int step = 0; step < 600; ++step) {
      const size_t c = random.Below(3);
      CreditedQueue<Item>& channel = *channels[c];
      Item item{.value = sent[c]};
      if (random.OneIn(2)) {
        sent[c] += channel.TryPush(std::move(item)) ? 1 : 0;
      } else if (channel.Pop(item)) {
        REQUIRE(item.value == received[c]++);
        channel.BatchDone();
      } else {
        channel.LendIfBehind();
      }
      uint32_t lent = 0;
      for (const auto& one : channels) lent += one->credits().lent();
      REQUIRE(lent + floating.free_count() == config.floating_credits);
      uint64_t in_flight = 0;
      for (size_t i = 0; i < 3; ++i) in_flight += sent[i] - received[i];
      REQUIRE(in_flight <= 3 * config.exclusive_credits + config.floating_credits);
    }
  }
}

TEST_CASE("two threads with credits and control: all in order, never more in flight than credits") {
#ifdef __SANITIZE_THREAD__
  constexpr uint64_t kItems = 50'000;
#else
  constexpr uint64_t kItems = 1'000'000;
#endif
  const BackpressureConfig config;
  FloatingCredits floating(config.floating_credits);
  CreditedQueue<Item> queue(config, &floating);
  std::thread sender([&] {
    Random random(3);
    for (uint64_t next = 0; next < kItems;) {
      Item item{.value = next, .is_control = random.OneIn(50)};
      const bool is_sent = item.is_control ? queue.TryPushControl(std::move(item)) : queue.TryPush(std::move(item));
      next += is_sent ? 1 : 0;
      if (!is_sent || queue.IsBackpressured()) std::this_thread::yield();
    }
  });
  uint64_t wrong = 0;
  size_t deepest = 0;
  for (uint64_t expected = 0; expected < kItems;) {
    Item item;
    if (!queue.Pop(item)) {
      std::this_thread::yield();
      continue;
    }
    wrong += item.value == expected++ ? 0 : 1;
    deepest = std::max(deepest, queue.size_approx());
    item.is_control ? queue.ControlDone() : queue.BatchDone();
  }
  sender.join();
  CHECK(wrong == 0);
  CHECK(deepest <= ChannelCredits::MostInFlight(config) + CreditedQueue<Item>::kControlPlaces);
}

TEST_CASE("policies that lose rows and limits that make no sense are refused") {
  CHECK(Validate({}).ok());
  for (const OverflowPolicy policy : {OverflowPolicy::kDropNewest, OverflowPolicy::kDropOldest, OverflowPolicy::kError})
    CHECK(Validate({.overflow = policy}).code() == ErrorCode::kNotSupported);
  CHECK(Validate({.exclusive_credits = 0}).code() == ErrorCode::kBadArgument);
  CHECK(Validate({.high_watermark = 0.4}).code() == ErrorCode::kBadArgument);
  CHECK(Validate({.high_watermark = 1.5}).code() == ErrorCode::kBadArgument);
}

}  // namespace
}  // namespace laminar::runtime
