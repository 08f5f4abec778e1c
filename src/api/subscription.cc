// Subscriptions and progress: what the database tells the program.
#include "api/handles.h"

using laminar::Status;
namespace api = laminar::api;

struct laminar_progress {
  laminar::engine::Progress held;  // owns the names
  std::vector<laminar_source_progress> sources;
  std::vector<laminar_view_progress> views;
};

laminar_error* laminar_subscribe(laminar_database* database, const char* relation, laminar_on_changes callback,
                                 void* user, laminar_subscription** out) {
  return api::Run([&]() -> Status {
    if (out == nullptr) return api::NullHandle("place for the subscription");
    *out = nullptr;
    if (database == nullptr) return api::NullHandle("database");
    if (relation == nullptr) return api::NullHandle("relation");
    if (callback == nullptr) return api::NullHandle("callback");
    TRY(api::Enter(*database->shared));
    auto handle = std::make_unique<laminar_subscription>();
    laminar_subscription* self = handle.get();
    self->shared = database->shared;
    self->callback = callback;
    self->user = user;
    self->batch.arrow = database->shared->arrow;
    // Points to a member: filled by Subscribe before the first call.
    self->batch.schema = std::shared_ptr<const laminar::data::Schema>(std::shared_ptr<void>(), &self->schema);
    const auto show = [self](const laminar::data::Batch& changes) {
      const api::CallScope scope(self->shared.get());
      self->batch.rows = changes;
      self->batch.texts.Reset();
      self->callback(self->user, &self->batch);
    };
    self->subscription = TRY(database->shared->database->Subscribe(relation, show, &self->schema));
    *out = handle.release();
    return {};
  });
}

void laminar_subscription_free(laminar_subscription* subscription) {
  if (subscription == nullptr) return;
  const api::DatabasePtr shared = subscription->shared;
  api::Free(shared, std::unique_ptr<api::Freeable>(subscription));
}

laminar_error* laminar_progress_get(laminar_database* database, laminar_progress** out) {
  return api::Run([&]() -> Status {
    if (out == nullptr) return api::NullHandle("place for the progress");
    *out = nullptr;
    if (database == nullptr) return api::NullHandle("database");
    TRY(api::Enter(*database->shared));
    auto progress = std::make_unique<laminar_progress>();
    progress->held = database->shared->database->GetProgress();
    for (const auto& source : progress->held.sources) {
      progress->sources.push_back({.name = source.name.c_str(),
                                   .rows = source.rows,
                                   .bad_rows = source.bad_rows,
                                   .watermark = source.watermark,
                                   .done = source.done,
                                   .total = source.total,
                                   .has_ended = source.has_ended ? 1 : 0});
    }
    for (const auto& view : progress->held.views) {
      progress->views.push_back({.name = view.name.c_str(),
                                 .state = view.state.c_str(),
                                 .rows_stored = view.rows_stored,
                                 .rows_out = view.rows_out,
                                 .watermark = view.watermark});
    }
    *out = progress.release();
    return {};
  });
}

const laminar_source_progress* laminar_progress_source(const laminar_progress* progress, size_t index) {
  return progress == nullptr || index >= progress->sources.size() ? nullptr : &progress->sources[index];
}

const laminar_view_progress* laminar_progress_view(const laminar_progress* progress, size_t index) {
  return progress == nullptr || index >= progress->views.size() ? nullptr : &progress->views[index];
}

void laminar_progress_free(laminar_progress* progress) { delete progress; }
