#include "core/flows/flow_runs.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/keyed_request_store.hpp"
#include "core/access/visibility.hpp"
#include "core/flows/flow_handler.hpp"
#include "core/flows/flow_text.hpp"
#include "core/jobs/job_input.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/job_wakes.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

// Pages that one list of runs is put together of.
constexpr int flow_list_pages_max = 64;

std::unexpected<base::Error> no_such_flow_run(std::string_view id) {
  return fail(ErrorKind::not_found,
              "there is no run \"" + std::string(base::cut_utf8(id, 64)) + '"');
}

Result<void> check_flow_reason(const std::string& reason) {
  if (reason.size() <= limits::flow_reason_bytes_max) return {};
  return fail(ErrorKind::too_large,
              "a reason has " + std::to_string(limits::flow_reason_bytes_max) + " bytes at most",
              "reason");
}

std::string reason_or(std::string reason, std::string_view fallback) {
  return reason.empty() ? std::string(fallback) : std::move(reason);
}

}  // namespace

JobTemplate flow_job(const Flow& flow, std::string run_id) {
  return {.task = flow_task_name(flow.id),
          .work = {.kind = JobHandlerKind::internal, .name = std::string(flow_handler)},
          .payload = to_payload({.run_id = std::move(run_id), .flow = flow}),
          .attempts = {.max = limits::flow_job_attempts, .delay_min = limits::flow_job_retry_delay},
          .tags = {std::string(flow_handler)}};
}

Result<void> repair_definition(FlowDefinition& definition, const FlowRepair& repair) {
  const auto node = std::ranges::find(definition.nodes, repair.node_id, &FlowNode::id);
  if (node == definition.nodes.end()) {
    return fail(ErrorKind::invalid, "the flow has no node \"" + repair.node_id + '"',
                std::string(flow_node_field));
  }
  if (repair.objective) node->objective = *repair.objective;
  if (!repair.template_id && !repair.provider && !repair.model) return {};
  const auto agent = std::ranges::find(definition.agents, node->agent_id, &FlowAgent::id);
  if (agent == definition.agents.end()) {
    return fail(ErrorKind::invalid, "node `" + node->id + "` is no agent's",
                std::string(flow_node_field));
  }
  if (repair.template_id) agent->template_id = *repair.template_id;
  if (repair.provider) agent->provider = *repair.provider;
  if (repair.model) agent->model = *repair.model;
  return {};
}

void FlowRuns::audit(Unit& unit, const Principal& who, const FlowRun& run, std::string_view what,
                     const std::string& reason) const {
  Json details = {{"change", what}, {"run", run.id}, {"reason", reason}};
  unit.changes.emplace_back(
      AppendAudit{AuditEntry{.kind = std::string(audit_kind::flow),
                             .actor = who.user_id,
                             .subject = run.flow_id,
                             .details = ports_.redaction.apply(std::move(details)),
                             .at = ports_.clock.now()}});
}

// --- new ones -----------------------------------------------------------------------------------

Task<Result<FlowRun>> FlowRuns::begin(Principal who, Flow flow, NewFlowRun input) {
  const base::Time now = ports_.clock.now();
  NewJob wanted{.job = flow_job(flow)};
  if (auto checked = check_new_job(wanted, now); !checked) co_return fail(checked.error());
  const JobOwner owner(flow.scope, flow.owner);
  const Job job = make_job(owner, std::move(wanted), base::new_id(now), now);
  FlowRun run{.id = job.id,
              .scope = flow.scope,
              .owner = flow.owner,
              .flow_id = flow.id,
              .job_id = job.id,
              .revision = 1,
              .trigger = input.is_dry ? FlowTrigger::manual_dry_run : FlowTrigger::manual,
              .created_at = now,
              .updated_at = now,
              .flow = std::move(flow)};
  Unit unit{.scope = run.scope, .account = account_of(run.scope, run.owner)};
  unit.changes.emplace_back(job_change(InsertJob{.job = job}));
  if (input.is_dry) {
    run.progress.state = FlowRunState::completed;
    run.progress.detail = "dry_run";
    run.progress.finished_at = now;
    unit.changes.emplace_back(
        job_change(CancelJob{.id = job.id, .reason = "it was a dry run", .at = now}));
  } else {
    run.progress = FlowMachine::fresh(run.flow.definition);
  }
  unit.changes.emplace_back(flow_change(PutFlowRun{.run = run}));
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), run.id});
  }
  auto stored = co_await ports_.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  ports_.notices.publish({.scope = run.scope,
                          .owner = run.owner,
                          .kind = NoticeKind::flow_run_created,
                          .subject = run.flow_id,
                          .at = now,
                          .flow_run = std::make_shared<const FlowRun>(run)});
  auto begun = co_await get(std::move(who), run.id);
  co_return begun;
}

// --- reads --------------------------------------------------------------------------------------

Task<Result<FlowRun>> FlowRuns::get(Principal who, std::string id) {
  auto found = co_await ports_.store.flow_run(who.scope, id);
  if (!found) co_return fail(std::move(found.error()));
  const bool there = *found && may_see(who, (*found)->scope, (*found)->owner);
  if (!there) co_return no_such_flow_run(id);
  co_return std::move(**found);
}

Task<Result<std::vector<FlowRun>>> FlowRuns::list(Principal who, Flow of, std::size_t limit) {
  std::vector<FlowRun> out;
  if (!may_see(who, of.scope, of.owner)) co_return out;
  std::size_t bytes = 0;
  // Another user's flow may have the same id.
  FlowRunFilter filter{.flow_id = of.id};
  for (int page = 0; page < flow_list_pages_max && out.size() < limit; ++page) {
    filter.limit = std::min(limit - out.size(), limits::page_rows_max);
    auto runs = co_await ports_.store.flow_runs(of.scope, of.owner, filter);
    if (!runs) co_return fail(std::move(runs.error()));
    for (FlowRun& run : runs->runs) {
      bytes += flow_text(run.flow).size() + progress_text(run.progress).size();
      out.push_back(std::move(run));
      if (bytes > limits::flow_list_bytes_max) co_return out;
    }
    if (!runs->next_before_no) break;
    filter.before_no = *runs->next_before_no;
  }
  co_return out;
}

// --- changes ------------------------------------------------------------------------------------

// A run whose job has ended gets another one, unless it has ended itself.
Result<Unit> FlowRuns::unit_of(const Principal& who, FlowRun& run, const Change& change) const {
  const base::Time now = ports_.clock.now();
  FlowMachine machine(run.flow.definition, run.progress);
  const bool has_no_job = !run.job_state || is_terminal(*run.job_state);
  if (has_no_job && !has_ended(run.progress.state)) {
    const std::string why = run.job_error;
    if (auto lost = machine.on(FlowDriverLost{.reason = why}, now); !lost) {
      return fail(lost.error());
    }
  }
  if (auto taken = machine.on(change.event, now); !taken) return fail(taken.error());
  run.progress = machine.progress();
  if (change.repair) {
    if (auto repaired = repair_definition(run.flow.definition, *change.repair); !repaired) {
      return fail(repaired.error());
    }
  }
  Unit unit{.scope = run.scope, .account = account_of(run.scope, run.owner)};
  if (has_no_job && !has_ended(run.progress.state)) {
    NewJob wanted{.job = flow_job(run.flow, run.id)};
    if (auto checked = check_new_job(wanted, now); !checked) return fail(checked.error());
    const JobOwner owner(run.scope, run.owner);
    Job job = make_job(owner, std::move(wanted), base::new_id(now), now);
    run.job_id = job.id;
    unit.changes.emplace_back(job_change(InsertJob{.job = std::move(job)}));
  } else {
    unit.changes.emplace_back(
        job_change(WakeJobs{.waits_for = until_work_moves(run.job_id), .at = now}));
  }
  ++run.revision;
  run.updated_at = now;
  unit.changes.emplace_back(flow_change(PutFlowRun{.run = run}));
  audit(unit, who, run, change.audited, change.reason);
  return unit;
}

// Tried again when somebody else has changed the run in between.
Task<Result<FlowRun>> FlowRuns::change(Principal who, std::string id, Change change) {
  if (auto checked = check_flow_reason(change.reason); !checked) co_return fail(checked.error());
  for (int attempt = 1;; ++attempt) {
    auto run = co_await get(who, id);
    if (!run) co_return run;
    const std::int64_t moments = run->progress.moments;
    auto unit = unit_of(who, *run, change);
    if (!unit) co_return fail(std::move(unit.error()));
    auto stored = co_await ports_.feed.commit(std::move(*unit));
    if (stored) {
      tell_of_flow(ports_.notices, *run, moments, ports_.clock.now());
      auto after = co_await get(std::move(who), std::move(id));
      co_return after;
    }
    const bool again =
        was_changed_meanwhile(stored.error()) && attempt < limits::change_attempts_max;
    if (!again) co_return fail(std::move(stored.error()));
  }
}

Task<Result<FlowRun>> FlowRuns::pause(Principal who, std::string id, std::string reason) {
  reason = reason_or(std::move(reason), "paused by operator");
  Change one{.event = FlowPauseAsked{.reason = reason}, .audited = "run_paused", .reason = reason};
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  co_return run;
}

Task<Result<FlowRun>> FlowRuns::resume(Principal who, std::string id, std::string reason) {
  reason = reason_or(std::move(reason), "resumed by operator");
  Change one{
      .event = FlowResumeAsked{.reason = reason}, .audited = "run_resumed", .reason = reason};
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  co_return run;
}

Task<Result<FlowRun>> FlowRuns::cancel(Principal who, std::string id, std::string reason) {
  reason = reason_or(std::move(reason), "cancelled by operator");
  Change one{.event = FlowCancelAsked{.reason = reason, .stop = FlowStop::operator_stopped},
             .audited = "run_cancelled",
             .reason = reason};
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  co_return run;
}

Task<Result<FlowRun>> FlowRuns::decide(Principal who, std::string id, FlowVerdict verdict,
                                       std::string reason) {
  Change one{.event = FlowGateDecided{.verdict = verdict, .reason = reason},
             .audited = verdict == FlowVerdict::approve  ? "gate_approved"
                        : verdict == FlowVerdict::rework ? "gate_reworked"
                                                         : "gate_cancelled",
             .reason = reason};
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  co_return run;
}

Task<Result<FlowRun>> FlowRuns::recover(Principal who, std::string id, std::string reason) {
  reason = reason_or(std::move(reason), "recovered by operator");
  Change one{
      .event = FlowRecoverAsked{.reason = reason}, .audited = "run_recovered", .reason = reason};
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  co_return run;
}

Task<Result<FlowRun>> FlowRuns::repair(Principal who, std::string id, FlowRepair repair) {
  if (repair.is_empty()) {
    co_return fail(ErrorKind::invalid,
                   "a repair changes something: give prompt, template_id or model_policy",
                   "repair");
  }
  const std::string reason = reason_or(std::move(repair.reason), "repaired by operator");
  Change one{
      .event = FlowNodeRetryAsked{.node_id = repair.node_id, .reason = reason, .is_repair = true},
      .audited = "run_repaired",
      .reason = reason,
      .repair = std::move(repair)};
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  co_return run;
}

Task<Result<FlowRun>> FlowRuns::retry(Principal who, std::string id, std::string node_id,
                                      bool goes_on, std::string reason) {
  reason = reason_or(std::move(reason), "retried by operator");
  Change one{
      .event =
          FlowNodeRetryAsked{.node_id = std::move(node_id), .reason = reason, .goes_on = goes_on},
      .audited = "node_retried",
      .reason = reason};
  auto run = co_await change(std::move(who), std::move(id), std::move(one));
  co_return run;
}

Task<Result<int>> FlowRuns::pause_all(Principal who, Flow of, std::string reason) {
  int paused = 0;
  FlowRunFilter filter{.flow_id = of.id, .only_unended = true, .limit = limits::page_rows_max};
  for (int page = 0; page < flow_list_pages_max; ++page) {
    auto runs = co_await ports_.store.flow_runs(of.scope, of.owner, filter);
    if (!runs) co_return fail(std::move(runs.error()));
    for (const FlowRun& run : runs->runs) {
      const FlowRunState state = run.state();
      if (state != FlowRunState::queued && state != FlowRunState::running) continue;
      auto done = co_await pause(who, run.id, reason);
      // It may have ended by itself.
      const bool is_over = !done && done.error().kind == ErrorKind::conflict;
      if (!done && !is_over) co_return fail(std::move(done.error()));
      if (done) ++paused;
    }
    if (!runs->next_before_no) break;
    filter.before_no = *runs->next_before_no;
  }
  co_return paused;
}

}  // namespace colonnade::core
