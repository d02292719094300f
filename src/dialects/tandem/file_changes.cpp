#include "dialects/tandem/file_changes.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "core/limits.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/sessions.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::JsonWriter;

std::string session_of_path(const net::Request& request) {
  return base::plain_form(request.path_parameters.front());
}

net::Response change_error(const base::Error& error) {
  if (error.kind == base::ErrorKind::not_found && error.field.empty()) return session_error(error);
  const bool busy = error.kind == base::ErrorKind::conflict && error.field == "run";
  return busy ? error_response(error, "SESSION_RUN_CONFLICT") : error_response(error);
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name).array();
  for (const std::string& each : texts) json.value(each);
  json.end_array();
}

// How many of the newest messages are the run's or came after it.
std::int64_t messages_since(const std::vector<core::Message>& newest, const std::string& run_id) {
  const auto first = std::ranges::find(newest, run_id, &core::Message::run_id);
  return std::distance(first, newest.end());
}

net::Response restored_response(const core::RestoredFiles& restored) {
  std::string body;
  JsonWriter json(body);
  // `ok` says whether everything that there was to restore is as it was.
  json.object().field("ok", restored.left_out.empty());
  if (!restored.run_id.empty()) json.field("runID", restored.run_id);
  json.key("files").array();
  for (const std::string& each : restored.restored) json.value(each);
  json.end_array();
  if (!restored.left_out.empty()) {
    json.key("leftOut").array();
    for (const core::LeftOut& each : restored.left_out) {
      json.object().field("path", each.path).field("reason", each.reason).end_object();
    }
    json.end_array();
  }
  write_texts(json, "notes", restored.notes);
  json.end_object();
  return answer(std::move(body));
}

}  // namespace

base::Task<net::Reply> FileChangeResource::diff(core::Principal who, RequestPtr request) {
  const std::string id = session_of_path(*request);
  const auto diff = co_await snapshots_.diff(who, id);
  if (!diff) co_return change_error(diff.error());
  core::MessagePage page{.limit = limits::page_rows_max};
  const auto newest = co_await threads_.messages(who, id, std::move(page));
  if (!newest) co_return session_error(newest.error());
  core::MessagePage first{.from = 0, .limit = 1};
  const auto list = co_await threads_.message_list(std::move(who), id, std::move(first));
  if (!list) co_return session_error(list.error());
  const auto count = static_cast<std::int64_t>(list->total);
  const std::int64_t since = diff->run_id.empty() ? 0 : messages_since(*newest, diff->run_id);
  std::string body;
  JsonWriter json(body);
  json.object().field("sessionID", id);
  if (!diff->run_id.empty()) json.field("runID", diff->run_id);
  json.field("diff", diff->text).key("files").array();
  for (const core::ChangedFile& file : diff->files) json.value(file.path);
  json.end_array();
  std::vector<std::string> notes = diff->notes;
  for (const core::ChangedFile& file : diff->files) {
    if (!file.not_kept.empty()) notes.push_back(file.path + ": " + file.not_kept);
  }
  write_texts(json, "notes", notes);
  json.field("currentMessageCount", count).field("lastSnapshotMessageCount", count - since);
  json.field("delta", since).end_object();
  co_return answer(std::move(body));
}

base::Task<net::Reply> FileChangeResource::revert(core::Principal who, RequestPtr request) {
  return restore(std::move(who), std::move(request), &core::Snapshots::revert);
}

base::Task<net::Reply> FileChangeResource::unrevert(core::Principal who, RequestPtr request) {
  return restore(std::move(who), std::move(request), &core::Snapshots::unrevert);
}

base::Task<net::Reply> FileChangeResource::restore(core::Principal who, RequestPtr request,
                                                   Restore work) {
  auto once = [this, who, request, work](Attempt attempt) mutable {
    return restore_once(std::move(who), std::move(request), work, std::move(attempt));
  };
  auto response = co_await answer_once_.run(who, request_key(*request), std::move(once));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

// Done again, it would undo what the run before had done.
base::Task<Attempted> FileChangeResource::restore_once(core::Principal who, RequestPtr request,
                                                       Restore work, Attempt attempt) {
  if (!attempt.object_id.empty()) {
    co_return Attempted{.response = error_response(
                            409,
                            "the server stopped while it restored the files, so that it is not "
                            "known how far it came; look at GET /session/{id}/diff, and ask again "
                            "with another Idempotency-Key",
                            "RESTORE_INTERRUPTED")};
  }
  core::Undoing undoing{.thread_id = session_of_path(*request),
                        .keyed_request_id = std::move(attempt.keyed_request_id),
                        .stop = request->disconnected};
  const auto restored = co_await (snapshots_.*work)(std::move(who), std::move(undoing));
  if (!restored) co_return refused(change_error(restored.error()));
  co_return Attempted{.response = restored_response(*restored)};
}

std::vector<net::Route> file_change_routes(const Callers& in, FileChangeResource& changes) {
  using enum net::Method;
  using C = FileChangeResource;
  return also_below_api({
      row(get, "/session/{id}/diff", in(changes, &C::diff)),
      row(post, "/session/{id}/revert", in(changes, &C::revert)),
      row(post, "/session/{id}/unrevert", in(changes, &C::unrevert)),
  });
}

}  // namespace colonnade::dialects::tandem
