#include "engine/thread_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "os/cpu.h"

namespace laminar::engine {

using runtime::BudgetId;
using runtime::CoreBudgets;

namespace {

constexpr int64_t kSkewWindowNanos = 10'000'000'000;

runtime::PlacementRequest RequestOf(std::string_view setting, size_t threads) {
  runtime::PlacementRequest request;
  request.threads = static_cast<uint32_t>(threads);
  request.isolated_only = setting == "isolated";
  if (setting != "on" && setting != "isolated") request.cpu_list = setting;
  return request;
}

}  // namespace

Status CheckPinning(std::string_view setting) {
  if (setting == "off" || setting == "on" || setting == "isolated") return {};
  const Result<std::vector<uint32_t>> cpus = os::ParseCpuList(setting);
  if (cpus && !cpus->empty()) return {};
  return Status(ErrorCode::kBadOption, "cpu_pinning cannot be '" + std::string(setting) + "'")
      .WithHint("there are: 'off', 'on', 'isolated', or a list of cpus like '2-5,8'");
}

ThreadWatch::ThreadWatch(const os::Clock& clock)
    : budgets_(clock), monitor_({}, clock.MonotonicNanos()), window_start_(clock.MonotonicNanos()) {}

void ThreadWatch::Watch(Threads threads) {
  threads_ = threads;
  const bool has_core = threads.core != nullptr && threads.core->is_joinable();
  std::vector<const os::Thread*> all;
  if (has_core) all.push_back(threads.core);
  for (uint32_t i = 0; threads.shards != nullptr && i < threads.shards->workers(); ++i)
    all.push_back(&threads.shards->thread(i));
  std::vector<Watched> before = std::exchange(watched_, {});
  for (const os::Thread* thread : all) {
    const auto known = std::ranges::find(before, thread, &Watched::thread);
    watched_.push_back(known == before.end() ? Watched{.thread = thread} : std::move(*known));
  }
  if (threads.shards != nullptr && window_rows_.empty()) {
    window_rows_.resize(threads.shards->size());
    last_window_rows_.resize(threads.shards->size());
  }
  SetSampleEvery(sample_every_);
  Apply();
}

Status ThreadWatch::Pin(std::string_view setting) {
  TRY(CheckPinning(setting));
  runtime::MachineOffer machine;
  if (setting != "off") {
    machine = runtime::ThisMachine();
    TRY(runtime::PlaceThreads(RequestOf(setting, watched_.size()), machine));
  }
  pinning_ = setting;
  machine_ = std::move(machine);
  Apply();
  return {};
}

void ThreadWatch::SetRealTime(int priority) {
  rt_priority_ = priority;
  Apply();
}

void ThreadWatch::Apply() {
  notes_.clear();
  ApplyPinning();
  ApplyRealTime();
}

// What was placed before may be more threads now, and so no longer fit: then none is pinned, and the notes say so.
void ThreadWatch::ApplyPinning() {
  runtime::Placement placement;
  placement.cpus.resize(watched_.size());
  if (pinning_ != "off") {
    if (auto placed = runtime::PlaceThreads(RequestOf(pinning_, watched_.size()), machine_)) placement = *placed;
    notes_ = placement.notes;
    if (watched_.empty()) notes_.emplace_back("this database has no threads of its own to pin");
  }
  for (size_t i = 0; i < watched_.size(); ++i) {
    Watched& watched = watched_[i];
    const std::optional<uint32_t> cpu = placement.cpus[i];
    if (!cpu && !watched.cpu) continue;
    const Status status =
        cpu ? os::PinThread(watched.thread->handle(), *cpu) : os::UnpinThread(watched.thread->handle());
    watched.cpu = cpu;
    watched.failure = status.ok() ? "" : status.message();
    if (!status.ok()) notes_.push_back(status.message() + "; the thread runs where the kernel puts it");
  }
}

// Threads that never had one keep what they were started with. One note for all that are refused.
void ThreadWatch::ApplyRealTime() {
  if (rt_priority_ != 0 && watched_.empty())
    notes_.emplace_back("this database has no threads of its own to give real-time priority");
  Status refused;
  for (Watched& watched : watched_) {
    watched.rt_failure.clear();
    if (rt_priority_ == 0 && !watched.is_real_time) continue;
    Status status = os::SetRealTimePriority(watched.thread->handle(), rt_priority_);
    if (!status.ok() && watched.is_real_time) (void)os::SetRealTimePriority(watched.thread->handle(), 0);
    watched.is_real_time = status.ok() && rt_priority_ != 0;
    if (status.ok()) continue;
    watched.rt_failure = status.message();
    refused = std::move(status);
  }
  if (refused.ok()) return;
  const std::string hint = refused.hint().empty() ? "" : "; " + refused.hint();
  notes_.push_back(refused.message() + "; it goes on with the normal one" + hint);
}

void ThreadWatch::SetSampleEvery(uint32_t n) {
  sample_every_ = n;
  budgets_.SetSampleEvery(n);
  if (threads_.log != nullptr) threads_.log->SetSampleEvery(n);
  for (uint32_t i = 0; threads_.shards != nullptr && i < threads_.shards->workers(); ++i)
    threads_.shards->budgets(i).SetSampleEvery(n);
}

std::vector<const CoreBudgets*> ThreadWatch::AllBudgets() const {
  std::vector<const CoreBudgets*> all = {&budgets_};
  if (threads_.log != nullptr) all.push_back(threads_.log);
  for (uint32_t i = 0; threads_.shards != nullptr && i < threads_.shards->workers(); ++i)
    all.push_back(&threads_.shards->budgets(i));
  return all;
}

void ThreadWatch::LookNow(int64_t now_nanos) {
  for (const runtime::BudgetAlert& alert : monitor_.Check(now_nanos, AllBudgets()))
    alerts_[static_cast<size_t>(alert.task)] = alert;
  if (threads_.shards == nullptr || now_nanos - window_start_ < kSkewWindowNanos) return;
  window_start_ = now_nanos;
  std::swap(last_window_rows_, window_rows_);
  for (uint32_t i = 0; i < window_rows_.size(); ++i) window_rows_[i] = threads_.shards->rows(i);
}

std::vector<std::string> ThreadWatch::Alerts() const {
  std::vector<std::string> alerts;
  for (uint32_t i = 0; i < runtime::kBudgetCount; ++i) {
    if (!monitor_.IsAlerting(static_cast<BudgetId>(i))) continue;
    alerts.push_back(fmt::format("{} takes longer than it may {:.0f} times a second, by {:.1f} microseconds on average",
                                 runtime::FactsOf(static_cast<BudgetId>(i)).name, alerts_[i].rate,
                                 static_cast<double>(alerts_[i].average_excess_nanos) / 1000));
  }
  return alerts;
}

// The rows of the fullest shard over their mean: 1 is even. Of this window and the one before.
double ThreadWatch::Skew() const {
  uint64_t most = 0;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < last_window_rows_.size(); ++i) {
    const uint64_t rows = threads_.shards->rows(i) - last_window_rows_[i];
    most = std::max(most, rows);
    sum += rows;
  }
  if (sum == 0) return 0;
  return static_cast<double>(most) * static_cast<double>(last_window_rows_.size()) / static_cast<double>(sum);
}

// It is not when the cpu has gone: then the kernel lets the thread run anywhere.
bool ThreadWatch::IsPinned(const Watched& watched) const {
  return watched.cpu && os::CoresOfThread(watched.thread->handle()) == std::vector<uint32_t>{*watched.cpu};
}

// As the kernel has it, which may have been told otherwise from outside.
bool ThreadWatch::IsRealTime(const Watched& watched) const {
  return rt_priority_ != 0 && watched.thread->id() != 0 && os::RealTimePriority(watched.thread->id()) == rt_priority_;
}

void ThreadWatch::AppendMetrics(MetricRows& rows, int64_t now_nanos) {
  using enum observe::MetricId;
  Look(now_nanos);
  const std::vector<const CoreBudgets*> all = AllBudgets();
  for (uint32_t i = 0; i < runtime::kBudgetCount; ++i) {
    const auto id = static_cast<BudgetId>(i);
    const std::string labels = "task=" + std::string(runtime::FactsOf(id).name);
    CoreBudgets::Reading sum;
    observe::HistogramSummary durations;
    for (const CoreBudgets* one : all) {
      const CoreBudgets::Reading reading = one->Read(id);
      sum.exceeded += reading.exceeded;
      sum.exceeded_by_nanos += reading.exceeded_by_nanos;
      durations.Merge(one->Durations(id));
    }
    if (durations.count() == 0) continue;
    for (const auto& [text, quantile] : {std::pair("0.5", 0.5), std::pair("0.99", 0.99)})
      rows.Add(kTaskSeconds, labels + ",quantile=" + text, static_cast<double>(durations.Quantile(quantile)) / 1e9);
    rows.Add(kTaskSeconds, labels + ",quantile=1", static_cast<double>(durations.max()) / 1e9);
    rows.Add(kTaskMeasured, labels, static_cast<double>(durations.count()));
    rows.Add(kTaskExceeded, labels, static_cast<double>(sum.exceeded));
    rows.Add(kTaskExceededSeconds, labels, static_cast<double>(sum.exceeded_by_nanos) / 1e9);
    rows.Add(kBudgetAlerts, labels, static_cast<double>(monitor_.alerts(id)));
    rows.Add(kBudgetAlertActive, labels, monitor_.IsAlerting(id) ? 1 : 0);
  }
  for (size_t i = 0; i < watched_.size(); ++i) {
    rows.Add(kPinningActive, "thread=" + NameOf(i), IsPinned(watched_[i]) ? 1 : 0);
    rows.Add(kRtPriorityActive, "thread=" + NameOf(i), IsRealTime(watched_[i]) ? 1 : 0);
  }
  if (threads_.shards == nullptr) return;
  for (uint32_t i = 0; i < threads_.shards->size(); ++i)
    rows.Add(kShardRows, "shard=" + std::to_string(i), static_cast<double>(threads_.shards->rows(i)));
  rows.Add(kShardSkew, "", Skew());
}

// As the operating system lists them.
std::string ThreadWatch::NameOf(size_t i) const {
  const bool has_core = !watched_.empty() && watched_[0].thread == threads_.core;
  if (has_core && i == 0) return "laminar-core";
  return "laminar-core-" + std::to_string(has_core ? i : i + 1);
}

std::vector<ThreadWatch::Place> ThreadWatch::Places() const {
  std::vector<Place> places;
  for (size_t i = 0; i < watched_.size(); ++i) {
    const Watched& watched = watched_[i];
    Place place;
    place.name = NameOf(i);
    place.does = watched.thread == threads_.core ? "reads sources, runs what is not on shards" : "turns shards";
    if (IsPinned(watched)) place.pinned_to = watched.cpu;
    place.runs_on = watched.thread->LastCore();
    if (watched.thread->id() != 0) place.rt_priority = os::RealTimePriority(watched.thread->id());
    place.note = watched.failure;
    if (watched.cpu && !place.pinned_to && place.note.empty())
      place.note = "cpu " + std::to_string(*watched.cpu) + " has gone";
    if (!watched.rt_failure.empty()) place.note += (place.note.empty() ? "" : "; ") + watched.rt_failure;
    places.push_back(std::move(place));
  }
  return places;
}

}  // namespace laminar::engine
