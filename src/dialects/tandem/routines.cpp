#include "dialects/tandem/routines.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/run_words.hpp"
#include "dialects/tandem/schedules_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::Json;
using base::JsonWriter;
using core::Principal;

std::string first_parameter(const net::Request& request) { return request.path_parameters.front(); }

// Clamped, as the engine does it.
base::Result<std::size_t> rows_wanted(const net::Request& request, std::size_t otherwise) {
  const auto limit = number_parameter(request, "limit");
  if (!limit) return base::fail(limit.error());
  const auto most = static_cast<std::int64_t>(limits::tandem_routine_runs_max);
  const auto wanted = limit->value_or(static_cast<std::int64_t>(otherwise));
  return static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 1, most));
}

base::Result<std::string> reason_in(const net::Request& request) {
  const auto body = body_of(request);
  if (!body) return base::fail(body.error());
  auto reason = text_member(*body, {"reason"});
  if (!reason) return base::fail(std::move(reason.error()));
  return std::move(*reason).value_or("");
}

// The form of the contract's errors of this part: the code, what was wrong, whose.
net::Response family_error(int status, std::string_view text, std::string_view code,
                           std::initializer_list<std::pair<std::string_view, std::string>> more) {
  net::Response out{.status = status};
  JsonWriter json(out.body);
  json.object().field("error", text).field("code", code);
  for (const auto& [name, value] : more) json.field(name, value);
  json.end_object();
  return out;
}

}  // namespace

net::Response RoutineResource::routine_error(const base::Error& error,
                                             const std::string& id) const {
  const bool is_routine = family_ == RoutineFamily::routines;
  const std::string_view shown = id_member(family_);
  if (error.kind == ErrorKind::not_found) {
    return is_routine
               ? family_error(404, "Routine not found", "ROUTINE_NOT_FOUND", {{shown, id}})
               : family_error(404, "Automation not found", "AUTOMATION_NOT_FOUND", {{shown, id}});
  }
  if (error.kind != ErrorKind::invalid) return error_response(error);
  if (error.field == schedule_field || error.field == "timing" || error.field == "timezone") {
    return family_error(400, "Invalid routine schedule", "INVALID_ROUTINE_SCHEDULE",
                        {{"detail", error.message}});
  }
  if (error.field == "routine_id") {
    return family_error(400, "Invalid routine id", "INVALID_ROUTINE_ID",
                        {{shown, id}, {"detail", error.message}});
  }
  if (error.field == mission_field) {
    return family_error(400, "Invalid automation definition", "AUTOMATION_INVALID",
                        {{"detail", error.message}});
  }
  return error_response(error);
}

net::Response RoutineResource::run_error(const base::Error& error, const std::string& shown_id,
                                         std::string_view conflict_code) const {
  const bool is_routine = family_ == RoutineFamily::routines;
  const std::string prefix = is_routine ? "ROUTINE_RUN_" : "AUTOMATION_RUN_";
  const std::string_view what = is_routine ? "Routine run" : "Automation run";
  if (error.kind == ErrorKind::not_found) {
    return family_error(404, std::string(what) + " not found", prefix + "NOT_FOUND",
                        {{"runID", shown_id}});
  }
  const bool is_state = error.kind == ErrorKind::conflict && error.field == "state";
  if (!is_state || conflict_code.empty()) return error_response(error);
  std::string_view text = "cannot be paused";
  if (conflict_code == "NOT_PENDING_APPROVAL") text = "is not waiting for approval";
  if (conflict_code == "NOT_PAUSED") text = "is not paused";
  return family_error(409, std::string(what) + " " + std::string(text),
                      prefix + std::string(conflict_code),
                      {{"runID", shown_id}, {"detail", error.message}});
}

// --- definitions --------------------------------------------------------------------------------

base::Task<net::Reply> RoutineResource::list(Principal who, RequestPtr /*request*/) {
  const auto routines = co_await deps_.routines.list(std::move(who));
  if (!routines) co_return error_response(routines.error());
  std::string body;
  JsonWriter json(body);
  json.object().key(family_ == RoutineFamily::routines ? "routines" : "automations").array();
  for (const core::ScheduledRoutine& one : *routines) json.raw(encode_routine(family_, one));
  json.end_array().field("count", static_cast<std::int64_t>(routines->size())).end_object();
  co_return answer(std::move(body));
}

base::Task<net::Reply> RoutineResource::create(Principal who, RequestPtr request) {
  auto work = [this, who, request](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(request), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> RoutineResource::create_once(Principal who, RequestPtr request,
                                                   Attempt attempt) {
  base::Result<core::ScheduledRoutine> routine = base::fail(ErrorKind::internal, "");
  std::string id = attempt.object_id;
  if (id.empty()) {
    const auto body = body_of(*request);
    if (!body) co_return refused(error_response(body.error()));
    auto input = decode_new_routine(family_, *body);
    if (!input) co_return refused(routine_error(input.error(), ""));
    input->keyed_request_id = std::move(attempt.keyed_request_id);
    id = input->id;
    routine = co_await deps_.routines.create(std::move(who), std::move(*input));
  } else {
    routine = co_await deps_.routines.get(std::move(who), id);
  }
  if (!routine) co_return refused(routine_error(routine.error(), id));
  std::string text;
  JsonWriter json(text);
  json.object().key(family_ == RoutineFamily::routines ? "routine" : "automation");
  json.raw(encode_routine(family_, *routine)).end_object();
  co_return Attempted{.response = answer(std::move(text))};
}

base::Task<net::Reply> RoutineResource::update(Principal who, RequestPtr request) {
  const std::string id = first_parameter(*request);
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  const auto before = co_await deps_.routines.get(who, id);
  if (!before) co_return routine_error(before.error(), id);
  auto input = decode_routine_update(family_, *body, *before);
  if (!input) co_return routine_error(input.error(), id);
  const auto after = co_await deps_.routines.update(std::move(who), id, std::move(*input));
  if (!after) co_return routine_error(after.error(), id);
  std::string text;
  JsonWriter json(text);
  json.object();
  write_routine_members(json, family_, *after);
  json.key(family_ == RoutineFamily::routines ? "routine" : "automation");
  json.raw(encode_routine(family_, *after)).end_object();
  co_return answer(std::move(text));
}

base::Task<net::Reply> RoutineResource::remove(Principal who, RequestPtr request) {
  const std::string id = first_parameter(*request);
  const auto removed = co_await deps_.routines.remove(std::move(who), id);
  if (!removed) co_return routine_error(removed.error(), id);
  std::string text;
  JsonWriter(text).object().field("deleted", true).field(id_member(family_), id).end_object();
  co_return answer(std::move(text));
}

// --- runs ---------------------------------------------------------------------------------------

base::Task<net::Reply> RoutineResource::run_now(Principal who, RequestPtr request) {
  auto work = [this, who, request](Attempt attempt) mutable {
    return run_once(std::move(who), std::move(request), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> RoutineResource::run_once(Principal who, RequestPtr request,
                                                Attempt attempt) {
  base::Result<core::RoutineRun> run = base::fail(ErrorKind::internal, "");
  const std::string id = first_parameter(*request);
  if (attempt.object_id.empty()) {
    const auto body = body_of(*request);
    if (!body) co_return refused(error_response(body.error()));
    auto input = decode_new_run(*body);
    if (!input) co_return refused(error_response(input.error()));
    auto found = co_await deps_.routines.get(who, id);
    if (!found) co_return refused(routine_error(found.error(), id));
    input->keyed_request_id = std::move(attempt.keyed_request_id);
    run = co_await deps_.runs.begin(std::move(who), std::move(found->routine), std::move(*input));
  } else {
    run = co_await deps_.runs.get(std::move(who), std::move(attempt.object_id));
  }
  if (!run) co_return refused(routine_error(run.error(), id));
  co_return Attempted{.response = started(*run)};
}

// A status that clients know; one that waits for approval has none (tandem §6).
net::Response RoutineResource::started(const core::RoutineRun& run) const {
  const bool is_routine = family_ == RoutineFamily::routines;
  const std::string run_id = shown_run_id(family_, run.id);
  if (run.state == core::RoutineRunState::blocked_policy) {
    return is_routine
               ? family_error(403, "Routine blocked by policy", "ROUTINE_POLICY_BLOCKED",
                              {{"routineID", run.routine_id},
                               {"runID", run_id},
                               {"reason", run.notes.detail}})
               : family_error(403, "Automation blocked by policy", "AUTOMATION_POLICY_BLOCKED",
                              {{"automationID", run.routine_id},
                               {"runID", run_id},
                               {"reason", run.notes.detail}});
  }
  const bool waits = run.state == core::RoutineRunState::pending_approval;
  std::string text;
  JsonWriter json(text);
  json.object().field("ok", true);
  // It may be under way by now, or over.
  if (!waits) json.field("status", "queued");
  json.field(id_member(family_), run.routine_id).field("runID", run_id);
  json.field("runCount", run.run_count);
  if (run.fired_at) json.field("firedAtMs", milliseconds_of(*run.fired_at));
  if (waits || !is_routine) json.key("run").raw(encode_run(family_, run));
  json.end_object();
  return answer(std::move(text));
}

net::Response RoutineResource::run_list(const std::vector<core::RoutineRun>& runs,
                                        const std::string& of) const {
  std::string text;
  JsonWriter json(text);
  json.object();
  if (!of.empty()) json.field(id_member(family_), of);
  json.key("runs").array();
  for (const core::RoutineRun& run : runs) json.raw(encode_run(family_, run));
  json.end_array().field("count", static_cast<std::int64_t>(runs.size())).end_object();
  return answer(std::move(text));
}

base::Task<net::Reply> RoutineResource::runs_of_all(Principal who, RequestPtr request) {
  const auto limit = rows_wanted(*request, limits::tandem_all_runs_default);
  if (!limit) co_return error_response(limit.error());
  std::string id;
  for (const char* name : {"routine_id", "automation_id"}) {
    if (id.empty()) id = request->query_parameter(name).value_or("");
  }
  std::optional<core::Routine> of;
  if (!id.empty()) {
    auto found = co_await deps_.routines.get(who, id);
    const bool is_missing = !found && found.error().kind == ErrorKind::not_found;
    // As of a filter that nothing passes.
    if (is_missing) co_return run_list({}, "");
    if (!found) co_return error_response(found.error());
    of = std::move(found->routine);
  }
  const auto runs = co_await deps_.runs.list(std::move(who), std::move(of), *limit);
  if (!runs) co_return error_response(runs.error());
  co_return run_list(*runs, "");
}

base::Task<net::Reply> RoutineResource::runs_of_one(Principal who, RequestPtr request) {
  const std::string id = first_parameter(*request);
  const auto limit = rows_wanted(*request, limits::tandem_routine_runs_default);
  if (!limit) co_return error_response(limit.error());
  auto found = co_await deps_.routines.get(who, id);
  if (!found) co_return routine_error(found.error(), id);
  std::optional<core::Routine> of = std::move(found->routine);
  const auto runs = co_await deps_.runs.list(std::move(who), std::move(of), *limit);
  if (!runs) co_return error_response(runs.error());
  co_return run_list(*runs, id);
}

base::Task<net::Reply> RoutineResource::history(Principal who, RequestPtr request) {
  const std::string id = first_parameter(*request);
  const auto limit = rows_wanted(*request, limits::tandem_routine_runs_default);
  if (!limit) co_return error_response(limit.error());
  auto found = co_await deps_.routines.get(who, id);
  if (!found) co_return routine_error(found.error(), id);
  std::optional<core::Routine> of = std::move(found->routine);
  const auto runs = co_await deps_.runs.list(std::move(who), std::move(of), *limit);
  if (!runs) co_return error_response(runs.error());
  const bool is_routine = family_ == RoutineFamily::routines;
  std::string text;
  JsonWriter json(text);
  json.object().field(id_member(family_), id).key("events").array();
  for (const core::RoutineRun& run : *runs) {
    json.object().field(is_routine ? "routine_id" : "automation_id", id);
    json.field("run_id", shown_run_id(family_, run.id));
    json.field("trigger_type", core::to_string(run.trigger)).field("run_count", run.run_count);
    json.field("fired_at_ms", milliseconds_of(run.fired_at.value_or(run.created_at)));
    json.field("status", core::to_string(run.state));
    if (!run.notes.detail.empty()) json.field("detail", run.notes.detail);
    json.end_object();
  }
  json.end_array().key("history").array();
  for (const core::RoutineRun& run : *runs) {
    json.object().field("event", core::to_string(run.state));
    json.field("ts_ms", milliseconds_of(run.fired_at.value_or(run.created_at))).end_object();
  }
  json.end_array().field("count", static_cast<std::int64_t>(runs->size())).end_object();
  co_return answer(std::move(text));
}

base::Task<net::Reply> RoutineResource::run(Principal who, RequestPtr request) {
  const std::string shown = first_parameter(*request);
  const auto run = co_await deps_.runs.get(std::move(who), run_id_from(shown));
  if (!run) co_return run_error(run.error(), shown, "");
  const std::string run_id = shown_run_id(family_, run->id);
  std::string text;
  JsonWriter json(text);
  json.object().key("run").raw(encode_run(family_, *run));
  json.field("id", run_id).field("run_id", run_id);
  json.field(family_ == RoutineFamily::routines ? "routine_id" : "automation_id", run->routine_id);
  json.field("status", flat_status(run->state));
  if (run->started_at) json.field("started_at_ms", milliseconds_of(*run->started_at));
  if (run->finished_at) json.field("finished_at_ms", milliseconds_of(*run->finished_at));
  json.end_object();
  co_return answer(std::move(text));
}

namespace {

net::Response changed_run(RoutineFamily family, const core::RoutineRun& run,
                          const std::vector<std::string>* stopped) {
  std::string text;
  JsonWriter json(text);
  json.object().field("ok", true).key("run").raw(encode_run(family, run));
  if (stopped != nullptr) {
    json.key("cancelledSessionIDs").array();
    for (const std::string& session : *stopped) json.value(session);
    json.end_array();
  }
  json.end_object();
  return answer(std::move(text));
}

}  // namespace

base::Task<net::Reply> RoutineResource::approve(Principal who, RequestPtr request) {
  const std::string shown = first_parameter(*request);
  auto reason = reason_in(*request);
  if (!reason) co_return error_response(reason.error());
  const auto run =
      co_await deps_.runs.approve(std::move(who), run_id_from(shown), std::move(*reason));
  if (!run) co_return run_error(run.error(), shown, "NOT_PENDING_APPROVAL");
  co_return changed_run(family_, *run, nullptr);
}

base::Task<net::Reply> RoutineResource::deny(Principal who, RequestPtr request) {
  const std::string shown = first_parameter(*request);
  auto reason = reason_in(*request);
  if (!reason) co_return error_response(reason.error());
  const auto run = co_await deps_.runs.deny(std::move(who), run_id_from(shown), std::move(*reason));
  if (!run) co_return run_error(run.error(), shown, "NOT_PENDING_APPROVAL");
  co_return changed_run(family_, *run, nullptr);
}

base::Task<net::Reply> RoutineResource::pause(Principal who, RequestPtr request) {
  const std::string shown = first_parameter(*request);
  auto reason = reason_in(*request);
  if (!reason) co_return error_response(reason.error());
  const auto paused =
      co_await deps_.runs.pause(std::move(who), run_id_from(shown), std::move(*reason));
  if (!paused) co_return run_error(paused.error(), shown, "NOT_PAUSABLE");
  co_return changed_run(family_, paused->run, &paused->stopped_threads);
}

base::Task<net::Reply> RoutineResource::resume(Principal who, RequestPtr request) {
  const std::string shown = first_parameter(*request);
  auto reason = reason_in(*request);
  if (!reason) co_return error_response(reason.error());
  const auto run =
      co_await deps_.runs.resume(std::move(who), run_id_from(shown), std::move(*reason));
  if (!run) co_return run_error(run.error(), shown, "NOT_PAUSED");
  co_return changed_run(family_, *run, nullptr);
}

// --- artifacts ----------------------------------------------------------------------------------

base::Task<net::Reply> RoutineResource::artifacts(Principal who, RequestPtr request) {
  const std::string shown = first_parameter(*request);
  const auto run = co_await deps_.runs.get(std::move(who), run_id_from(shown));
  if (!run) co_return run_error(run.error(), shown, "");
  const std::string run_id = shown_run_id(family_, run->id);
  std::string text;
  JsonWriter json(text);
  json.object().field("runID", run_id);
  if (family_ == RoutineFamily::automations) json.field("automationRunID", run_id);
  json.key("artifacts").array();
  for (const core::RoutineArtifact& one : run->notes.artifacts) {
    json.raw(encode_artifact(family_, *run, one));
  }
  json.end_array().field("count", static_cast<std::int64_t>(run->notes.artifacts.size()));
  json.end_object();
  co_return answer(std::move(text));
}

base::Task<net::Reply> RoutineResource::add_artifact(Principal who, RequestPtr request) {
  const std::string shown = first_parameter(*request);
  const bool is_routine = family_ == RoutineFamily::routines;
  const std::string_view code =
      is_routine ? "ROUTINE_ARTIFACT_INVALID" : "AUTOMATION_ARTIFACT_INVALID";
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto input = decode_artifact(*body);
  if (!input) co_return family_error(400, input.error().message, code, {{"runID", shown}});
  const auto run =
      co_await deps_.runs.add_artifact(std::move(who), run_id_from(shown), std::move(*input));
  if (!run && run.error().kind == ErrorKind::invalid) {
    co_return family_error(400, run.error().message, code, {{"runID", shown}});
  }
  if (!run) co_return run_error(run.error(), shown, "");
  co_return changed_run(family_, *run, nullptr);
}

// Never shown in place: what an agent wrote is no page of this server's.
base::Task<net::Reply> RoutineResource::content(Principal who, RequestPtr request) {
  const std::string shown = first_parameter(*request);
  const std::string artifact_id = artifact_id_from(request->path_parameters.at(1));
  auto file = co_await deps_.runs.file(std::move(who), run_id_from(shown), artifact_id);
  if (!file && file.error().kind == ErrorKind::not_found) {
    co_return family_error(404, "there is no such file", "ARTIFACT_NOT_FOUND", {{"runID", shown}});
  }
  if (!file) co_return error_response(file.error());
  // A header has no other characters.
  std::ranges::replace_if(file->name, [](char c) { return c < ' ' || c > '~'; }, '_');
  net::Response out{.content_type = std::move(file->mime), .body = std::move(file->bytes)};
  out.headers = {{"Content-Disposition", "attachment; filename=\"" + file->name + "\""},
                 {"X-Content-Type-Options", "nosniff"}};
  co_return out;
}

std::vector<net::Route> RoutineResource::routes(const Callers& in) {
  using enum net::Method;
  using R = RoutineResource;
  const std::string root = family_ == RoutineFamily::routines ? "/routines" : "/automations";
  const std::string run = root + "/runs/{run}";
  return {
      row(get, root, in(*this, &R::list)),
      row(post, root, in(*this, &R::create)),
      row(get, root + "/runs", in(*this, &R::runs_of_all)),
      row(get, run, in(*this, &R::run)),
      row(post, run + "/approve", in.once(*this, &R::approve)),
      row(post, run + "/deny", in.once(*this, &R::deny)),
      row(post, run + "/pause", in.once(*this, &R::pause)),
      row(post, run + "/resume", in.once(*this, &R::resume)),
      row(get, run + "/artifacts", in(*this, &R::artifacts)),
      row(post, run + "/artifacts", in.once(*this, &R::add_artifact)),
      row(get, run + "/artifacts/{artifact}/content", in(*this, &R::content)),
      row(patch, root + "/{id}", in(*this, &R::update)),
      row(del, root + "/{id}", in(*this, &R::remove)),
      row(post, root + "/{id}/run_now", in(*this, &R::run_now)),
      row(get, root + "/{id}/runs", in(*this, &R::runs_of_one)),
      row(get, root + "/{id}/history", in(*this, &R::history)),
  };
}

}  // namespace colonnade::dialects::tandem
