#include "core/routines/routine_runs.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/keyed_request_store.hpp"
#include "core/access/visibility.hpp"
#include "core/attachments/attachments.hpp"
#include "core/jobs/job_input.hpp"
#include "core/limits.hpp"
#include "core/routines/routine_text.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

// Pages that one list of runs is put together of.
constexpr int routine_list_pages_max = 64;

std::unexpected<base::Error> no_such_run(std::string_view id) {
  return fail(ErrorKind::not_found,
              "there is no run \"" + std::string(base::cut_utf8(id, 64)) + '"');
}

std::unexpected<base::Error> not_in_state(const RoutineRun& run, std::string_view wanted) {
  return fail(ErrorKind::conflict,
              "the run is " + std::string(to_string(run.state)) + ", not " + std::string(wanted),
              "state");
}

bool is_overtaken(const base::Error& error) {
  return error.kind == ErrorKind::conflict && !error.retryable;
}

Principal owner_principal(const RoutineRun& run) {
  return {run.scope, run.owner, UserRole::member};
}

Result<void> check_reason(const std::string& reason) {
  if (reason.size() <= limits::routine_reason_bytes_max) return {};
  return fail(ErrorKind::too_large,
              "a reason has " + std::to_string(limits::routine_reason_bytes_max) + " bytes at most",
              "reason");
}

std::string or_else(std::string reason, std::string_view fallback) {
  return reason.empty() ? std::string(fallback) : std::move(reason);
}

ChangeOfRoutines stored_notes(RoutineRun& run) {
  ++run.notes.revision;
  return routine_change(PutRoutineRun{.notes = run.notes});
}

// Names an entrypoint of a connector's, or says so in its arguments.
bool uses_external_integrations(const RoutineTask& task) {
  const std::string& entry = task.entrypoint;
  if (entry.starts_with("connector.") || entry.starts_with("integration.") ||
      entry.contains("external")) {
    return true;
  }
  const auto uses = task.arguments.find("uses_external_integrations");
  if (uses != task.arguments.end() && uses->is_boolean() && uses->get<bool>()) return true;
  return task.arguments.contains("connector_id");
}

}  // namespace

RoutineGate gate_of(const RoutineTask& task) {
  if (!uses_external_integrations(task)) return RoutineGate::runs;
  if (!task.external_integrations_allowed) return RoutineGate::blocks;
  return task.requires_approval ? RoutineGate::asks : RoutineGate::runs;
}

Notice routine_notice(NoticeKind kind, const RoutineRun& run, base::Time at, Json details) {
  return {.scope = run.scope,
          .owner = run.owner,
          .kind = kind,
          .subject = run.routine_id,
          .thread_id = run.notes.thread_id,
          .details = std::move(details),
          .at = at,
          .routine_run = std::make_shared<const RoutineRun>(run)};
}

std::string routine_label(std::string_view routine_id) {
  return "Routine " + std::string(routine_id);
}

JobTemplate routine_job(const Routine& routine, int run_count, std::string reason) {
  return {.task = routine_task_name(routine.id),
          .work = {.kind = JobHandlerKind::internal, .name = std::string(routine_handler)},
          .payload = to_payload({.routine_id = routine.id,
                                 .task = routine.task,
                                 .run_count = run_count,
                                 .reason = std::move(reason)}),
          .tags = {std::string(routine_handler)}};
}

void RoutineRuns::tell(NoticeKind kind, const RoutineRun& run, Json details) const {
  ports_.notices.publish(routine_notice(kind, run, ports_.clock.now(), std::move(details)));
}

void RoutineRuns::audit(Unit& unit, const Principal& who, const RoutineRun& run,
                        std::string_view what, const std::string& reason) const {
  Json details = {{"change", what}, {"run", run.id}, {"reason", reason}};
  unit.changes.emplace_back(
      AppendAudit{AuditEntry{.kind = std::string(audit_kind::routine),
                             .actor = who.user_id,
                             .subject = run.routine_id,
                             .details = ports_.redaction.apply(std::move(details)),
                             .at = ports_.clock.now()}});
}

// --- new ones -----------------------------------------------------------------------------------

Task<Result<RoutineRun>> RoutineRuns::begin(Principal who, Routine routine, NewRoutineRun input) {
  if (input.run_count < 1 || input.run_count > limits::routine_run_count_max) {
    co_return fail(ErrorKind::invalid,
                   "run_count must be from 1 to " + std::to_string(limits::routine_run_count_max),
                   "run_count");
  }
  if (auto checked = check_reason(input.reason); !checked) co_return fail(checked.error());
  const Time now = ports_.clock.now();
  const RoutineGate gate = gate_of(routine.task);
  NewJob wanted{.job = routine_job(routine, input.run_count, input.reason)};
  if (gate == RoutineGate::asks) wanted.waits_for = std::string(until_approved);
  if (auto checked = check_new_job(wanted, now); !checked) co_return fail(checked.error());
  const JobOwner owner(routine.scope, routine.owner);
  const Job job = make_job(owner, std::move(wanted), base::new_id(now), now);
  Unit unit{.scope = routine.scope, .account = account_of(routine.scope, routine.owner)};
  unit.changes.emplace_back(job_change(InsertJob{.job = job}));
  RoutineRunNotes notes{.id = job.id,
                        .scope = routine.scope,
                        .owner = routine.owner,
                        .routine_id = routine.id,
                        .revision = 1,
                        .is_told = gate != RoutineGate::runs,
                        .detail = input.reason};
  // In line from here on: those that somebody begins run in the order in which that was.
  if (gate == RoutineGate::runs) notes.line = RoutineLine::waits;
  if (gate == RoutineGate::blocks) {
    notes.end = RoutineRunEnd::blocked;
    notes.detail = std::string(routine_blocked_reason);
    unit.changes.emplace_back(
        job_change(CancelJob{.id = job.id, .reason = notes.detail, .at = now}));
  }
  unit.changes.emplace_back(routine_change(PutRoutineRun{.notes = notes}));
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), job.id});
  }
  auto stored = co_await ports_.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  auto run = co_await get(std::move(who), job.id);
  if (!run) co_return run;
  // Who does it tells of one that may begin, so that its beginning is told after it.
  if (gate != RoutineGate::runs) tell(NoticeKind::routine_run_created, *run);
  if (gate == RoutineGate::asks) tell(NoticeKind::routine_approval_required, *run);
  if (gate == RoutineGate::blocks) tell(NoticeKind::routine_blocked, *run);
  co_return run;
}

// --- reads --------------------------------------------------------------------------------------

Task<Result<RoutineRun>> RoutineRuns::run_of(Job job) {
  auto notes = co_await ports_.store.routine_run(job.owner.scope, job.id);
  if (!notes) co_return fail(std::move(notes.error()));
  co_return routine_run_of(job, std::move(*notes));
}

Task<Result<RoutineRun>> RoutineRuns::get(Principal who, std::string id) {
  auto job = co_await ports_.jobs.get(std::move(who), id);
  if (!job && job.error().kind != ErrorKind::not_found) co_return fail(std::move(job.error()));
  if (!job || !is_routine_job(*job)) co_return no_such_run(id);
  auto run = co_await run_of(std::move(*job));
  co_return run;
}

Task<Result<std::vector<RoutineRun>>> RoutineRuns::list(Principal who, std::optional<Routine> of,
                                                        std::size_t limit) {
  std::vector<RoutineRun> out;
  std::size_t bytes = 0;
  JobFilter filter{.tag = std::string(routine_handler)};
  if (of) {
    // Another user's routine may have the same id.
    filter.task = routine_task_name(of->id);
    who = Principal(of->scope, of->owner, UserRole::member);
  }
  for (int page = 0; page < routine_list_pages_max && out.size() < limit; ++page) {
    filter.limit = std::min(limit - out.size(), limits::page_rows_max);
    auto jobs = co_await ports_.jobs.list(who, filter);
    if (!jobs) co_return fail(std::move(jobs.error()));
    for (Job& job : jobs->jobs) {
      if (!is_routine_job(job)) continue;
      bytes += job.payload.size();
      auto run = co_await run_of(std::move(job));
      if (!run) co_return fail(std::move(run.error()));
      bytes += notes_text(run->notes).size();
      out.push_back(std::move(*run));
      if (bytes > limits::routine_list_bytes_max) co_return out;
    }
    if (!jobs->next_before_no) break;
    filter.before_no = *jobs->next_before_no;
  }
  co_return out;
}

// --- changes ------------------------------------------------------------------------------------

// Tried again when somebody else has changed the run in between.
Task<Result<RoutineRun>> RoutineRuns::change(Principal who, std::string id, Change change) {
  for (int attempt = 1;; ++attempt) {
    auto job = co_await ports_.jobs.get(who, id);
    if (!job && job.error().kind != ErrorKind::not_found) co_return fail(std::move(job.error()));
    if (!job || !is_routine_job(*job)) co_return no_such_run(id);
    auto run = co_await run_of(*job);
    if (!run) co_return run;
    Unit unit{.scope = job->owner.scope, .account = account_of(who)};
    if (auto changed = change(*job, *run, unit); !changed) co_return fail(changed.error());
    unit.changes.emplace_back(stored_notes(*run));
    auto stored = co_await ports_.feed.commit(std::move(unit));
    if (stored) {
      auto after = co_await get(std::move(who), std::move(id));
      co_return after;
    }
    const bool again = is_overtaken(stored.error()) && attempt < limits::change_attempts_max;
    if (!again) co_return fail(std::move(stored.error()));
  }
}

Task<Result<RoutineRun>> RoutineRuns::approve(Principal who, std::string id, std::string reason) {
  if (auto checked = check_reason(reason); !checked) co_return fail(checked.error());
  reason = or_else(std::move(reason), "approved by operator");
  Change one = [this, who, reason](const Job& job, RoutineRun& run, Unit& unit) -> Result<void> {
    if (run.state != RoutineRunState::pending_approval) {
      return not_in_state(run, "waiting for approval");
    }
    run.notes.is_approved = true;
    run.notes.approval_reason = reason;
    run.notes.detail = reason;
    unit.changes.emplace_back(job_change(
        WakeJob{.id = job.id, .waits_for = std::string(until_approved), .at = ports_.clock.now()}));
    audit(unit, who, run, "run_approved", reason);
    return {};
  };
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  if (run) tell(NoticeKind::routine_run_approved, *run, {{"reason", run->notes.approval_reason}});
  co_return run;
}

Task<Result<RoutineRun>> RoutineRuns::deny(Principal who, std::string id, std::string reason) {
  if (auto checked = check_reason(reason); !checked) co_return fail(checked.error());
  reason = or_else(std::move(reason), "denied by operator");
  Change one = [this, who, reason](const Job& job, RoutineRun& run, Unit& unit) -> Result<void> {
    if (run.state != RoutineRunState::pending_approval) {
      return not_in_state(run, "waiting for approval");
    }
    run.notes.end = RoutineRunEnd::denied;
    run.notes.denial_reason = reason;
    run.notes.detail = reason;
    unit.changes.emplace_back(
        job_change(CancelJob{.id = job.id, .reason = reason, .at = ports_.clock.now()}));
    audit(unit, who, run, "run_denied", reason);
    return {};
  };
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  if (run) tell(NoticeKind::routine_run_denied, *run, {{"reason", run->notes.denial_reason}});
  co_return run;
}

// A job that waits is woken first: only what is queued or runs can be held.
Task<Result<PausedRoutineRun>> RoutineRuns::pause(Principal who, std::string id,
                                                  std::string reason) {
  if (auto checked = check_reason(reason); !checked) co_return fail(checked.error());
  reason = or_else(std::move(reason), "paused by operator");
  auto before = std::make_shared<std::optional<RoutineRun>>();
  Change one = [this, reason, before](const Job& job, RoutineRun& run, Unit& unit) -> Result<void> {
    if (run.state != RoutineRunState::queued && run.state != RoutineRunState::running) {
      return not_in_state(run, "queued or running");
    }
    *before = run;
    const Time now = ports_.clock.now();
    if (job.state == JobState::waiting) {
      unit.changes.emplace_back(
          job_change(WakeJob{.id = job.id, .waits_for = job.waits_for, .at = now}));
    }
    unit.changes.emplace_back(
        job_change(HoldJob{.id = job.id, .waits_for = std::string(until_resumed), .at = now}));
    run.notes.paused_reason = reason;
    run.notes.detail = reason;
    run.notes.thread_id.clear();
    run.notes.run_id.clear();
    // Another one may lead.
    run.notes.line = RoutineLine::none;
    unit.changes.emplace_back(job_change(WakeJobs{.waits_for = until_job_ends(job.id), .at = now}));
    return {};
  };
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  if (!run) co_return fail(std::move(run.error()));
  PausedRoutineRun out{.run = std::move(*run)};
  const std::string thread_id = (*before)->notes.thread_id;
  auto stopped = co_await stop_agent(**before);
  if (!stopped) co_return fail(std::move(stopped.error()));
  if (*stopped) out.stopped_threads.push_back(thread_id);
  tell(NoticeKind::routine_run_paused, out.run,
       {{"reason", out.run.notes.paused_reason}, {"stopped", out.stopped_threads}});
  co_return out;
}

// Whether there was one to stop.
Task<Result<bool>> RoutineRuns::stop_agent(RoutineRun run) {
  if (run.notes.thread_id.empty()) co_return false;
  const Principal owner = owner_principal(run);
  auto newest = co_await ports_.runs.newest_in(owner, run.notes.thread_id);
  if (!newest) co_return fail(std::move(newest.error()));
  if (!*newest || is_terminal((*newest)->run.state)) co_return false;
  auto asked = co_await ports_.runs.cancel(owner, (*newest)->run.id);
  if (asked) co_return true;
  // It has just ended by itself.
  if (asked.error().kind == ErrorKind::not_found) co_return false;
  co_return fail(std::move(asked.error()));
}

Task<Result<RoutineRun>> RoutineRuns::resume(Principal who, std::string id, std::string reason) {
  if (auto checked = check_reason(reason); !checked) co_return fail(checked.error());
  reason = or_else(std::move(reason), "resumed by operator");
  Change one = [this, reason](const Job& job, RoutineRun& run, Unit& unit) -> Result<void> {
    if (run.state != RoutineRunState::paused) return not_in_state(run, "paused");
    run.notes.paused_reason.clear();
    run.notes.detail = reason;
    run.notes.thread_id.clear();
    run.notes.run_id.clear();
    unit.changes.emplace_back(job_change(
        WakeJob{.id = job.id, .waits_for = std::string(until_resumed), .at = ports_.clock.now()}));
    return {};
  };
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  if (run) tell(NoticeKind::routine_run_resumed, *run, {{"reason", run->notes.detail}});
  co_return run;
}

// --- artifacts ----------------------------------------------------------------------------------

Task<Result<RoutineRun>> RoutineRuns::add_artifact(Principal who, std::string id,
                                                   NewRoutineArtifact input) {
  for (const auto& [text, field] : {std::pair(&input.uri, "uri"), std::pair(&input.kind, "kind")}) {
    if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
      co_return fail(ErrorKind::invalid, std::string(field) + " must not be empty", field);
    }
  }
  if (!input.metadata.is_null() && !input.metadata.is_object()) {
    co_return fail(ErrorKind::invalid, "metadata must be an object", "metadata");
  }
  const std::size_t bytes = input.uri.size() + input.kind.size() + input.label.size() +
                            base::to_text(input.metadata).size();
  if (bytes > limits::routine_artifact_bytes_max) {
    co_return fail(ErrorKind::too_large,
                   "an artifact's texts have " + std::to_string(bytes) + " bytes, more than " +
                       std::to_string(limits::routine_artifact_bytes_max),
                   "metadata");
  }
  const Time now = ports_.clock.now();
  RoutineArtifact artifact{.id = base::new_id(now),
                           .uri = std::move(input.uri),
                           .kind = std::move(input.kind),
                           .label = std::move(input.label),
                           .metadata = std::move(input.metadata),
                           .created_at = now};
  Change one = [artifact](const Job& /*job*/, RoutineRun& run, Unit& /*unit*/) -> Result<void> {
    if (run.notes.artifacts.size() >= limits::routine_artifacts_max) {
      return fail(
          ErrorKind::too_large,
          "a run has " + std::to_string(limits::routine_artifacts_max) + " artifacts at most",
          "artifacts");
    }
    run.notes.artifacts.push_back(artifact);
    return {};
  };
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  if (run) tell(NoticeKind::routine_artifact_added, *run);
  co_return run;
}

Task<Result<KeptRoutineFile>> RoutineRuns::file(Principal who, std::string id,
                                                std::string artifact_id) {
  auto run = co_await get(who, std::move(id));
  if (!run) co_return fail(std::move(run.error()));
  const auto& artifacts = run->notes.artifacts;
  const auto found = std::ranges::find(artifacts, artifact_id, &RoutineArtifact::id);
  if (found == artifacts.end() || !found->is_kept()) {
    co_return fail(ErrorKind::not_found, "there is no such file; what has only a URI is elsewhere");
  }
  KeptRoutineFile out{.name = clean_file_name(found->uri), .mime = mime_of(found->uri)};
  auto bytes = co_await ports_.files.read(account_of(who), found->id);
  if (!bytes) co_return fail(std::move(bytes.error()));
  out.bytes = std::move(*bytes);
  co_return out;
}

}  // namespace colonnade::core
