#include "core/flows/flows.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/keyed_request_store.hpp"
#include "core/access/visibility.hpp"
#include "core/flows/flow_check.hpp"
#include "core/flows/flow_prompt.hpp"
#include "core/flows/flow_text.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

std::unexpected<base::Error> no_such_flow(std::string_view id) {
  return fail(ErrorKind::not_found,
              "there is no automation \"" + std::string(base::cut_utf8(id, 64)) + '"');
}

Result<void> check_whole(const Flow& flow) {
  if (auto fits = check_flow(flow.definition); !fits) return fits;
  const std::size_t bytes = flow_text(flow).size();
  if (bytes <= limits::flow_definition_bytes_max) return {};
  return fail(ErrorKind::too_large,
              "the automation has " + std::to_string(bytes) + " bytes, more than " +
                  std::to_string(limits::flow_definition_bytes_max) + "; shorten its objectives",
              "flow");
}

void apply_flow_update(Flow& flow, const Principal& who, const FlowUpdate& input) {
  FlowDefinition& definition = flow.definition;
  if (input.name) definition.name = *input.name;
  if (input.description) definition.description = *input.description;
  if (input.status) flow.status = *input.status;
  if (input.timing) flow.timing = *input.timing;
  if (input.agents) definition.agents = *input.agents;
  if (input.nodes) definition.nodes = *input.nodes;
  if (input.bounds) definition.bounds = *input.bounds;
  if (input.tools_at_stop) definition.tools_at_stop = *input.tools_at_stop;
  if (input.output_targets) definition.output_targets = *input.output_targets;
  if (input.metadata) definition.metadata = *input.metadata;
  if (input.workspace && *input.workspace != definition.workspace) {
    definition.workspace = *input.workspace;
    definition.workspace_by_operator = who.is_operator();
  }
  tidy_flow(definition);
}

bool grants_the_same(const FlowDefinition& before, const FlowDefinition& after) {
  return before.agents == after.agents && before.workspace == after.workspace;
}

std::unexpected<base::Error> flow_is_taken(const std::string& id) {
  return fail(ErrorKind::invalid,
              "you have an automation \"" + id + "\" already; choose another id", "automation_id");
}

NewSchedule schedule_for(const Flow& flow, JobTiming timing) {
  return {.id = flow.schedule_id,
          .name = flow.definition.name,
          .job = flow_job(flow),
          .timing = std::move(timing),
          .misfire = flow.timing.misfire,
          .is_active = flow.status == FlowStatus::active};
}

}  // namespace

void Flows::tell(NoticeKind kind, const Flow& flow) const {
  ports_.notices.publish(
      {.scope = flow.scope,
       .owner = flow.owner,
       .kind = kind,
       .subject = flow.id,
       .details = {{"name", flow.definition.name}, {"status", to_string(flow.status)}},
       .at = ports_.clock.now()});
}

void Flows::audit(std::vector<Change>& into, const Principal& who, const Flow& flow,
                  std::string_view what) const {
  Json agents = Json::object();
  for (const FlowAgent& agent : flow.definition.agents) {
    agents[agent.id] = {{"allowed_tools", flow_tools(agent)},
                        {"denied_tools", agent.tools_left_out}};
  }
  Json details = {{"change", what},
                  {"name", flow.definition.name},
                  {"owner", flow.owner},
                  {"agents", std::move(agents)},
                  {"workspace", flow.definition.workspace}};
  into.emplace_back(AppendAudit{AuditEntry{.kind = std::string(audit_kind::flow),
                                           .actor = who.user_id,
                                           .subject = flow.id,
                                           .details = ports_.redaction.apply(std::move(details)),
                                           .at = ports_.clock.now()}});
}

Task<Result<ScheduledFlow>> Flows::create(Principal who, NewFlow input) {
  const base::Time now = ports_.clock.now();
  if (input.id.empty()) input.id = "automation-v2-" + base::uuid_form(base::new_id(now));
  if (auto fits = check_flow_id(input.id); !fits) co_return fail(fits.error());
  Flow flow{.id = std::move(input.id),
            .scope = who.scope,
            .owner = who.user_id,
            .status = input.status,
            .revision = 1,
            .created_at = now,
            .updated_at = now,
            .definition = std::move(input.definition),
            .timing = std::move(input.timing),
            .creator_id = std::move(input.creator_id)};
  flow.definition.workspace_by_operator = !flow.definition.workspace.empty() && who.is_operator();
  tidy_flow(flow.definition);
  if (auto fits = check_whole(flow); !fits) co_return fail(fits.error());
  const std::optional<JobTiming> timing = flow.timing.timing;
  if (timing) flow.schedule_id = base::new_id(now);
  std::vector<Change> also;
  also.emplace_back(flow_change(PutFlow{.flow = flow}));
  audit(also, who, flow, "created");
  if (!input.keyed_request_id.empty()) {
    also.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), flow.id});
  }
  base::Error error;
  bool is_made = false;
  if (timing) {
    auto made = co_await ports_.schedules.create(who, schedule_for(flow, *timing), std::move(also));
    is_made = made.has_value();
    if (!made) error = std::move(made.error());
  } else {
    Unit unit{.scope = who.scope, .account = account_of(who), .changes = std::move(also)};
    auto stored = co_await ports_.feed.commit(std::move(unit));
    is_made = stored.has_value();
    if (!stored) error = std::move(stored.error());
  }
  if (!is_made && was_changed_meanwhile(error)) co_return flow_is_taken(flow.id);
  if (!is_made) co_return fail(std::move(error));
  tell(NoticeKind::flow_created, flow);
  auto out = co_await with_schedule(std::move(who), std::move(flow));
  co_return out;
}

Task<Result<Flow>> Flows::find(Principal who, std::string id) {
  auto own = co_await ports_.store.flow(who.scope, who.user_id, id);
  if (!own) co_return fail(std::move(own.error()));
  if (*own) co_return std::move(**own);
  auto seen = co_await ports_.store.flow(who.scope, owner_seen_by(who), id);
  if (!seen) co_return fail(std::move(seen.error()));
  if (!*seen) co_return no_such_flow(id);
  co_return std::move(**seen);
}

Task<Result<ScheduledFlow>> Flows::with_schedule(Principal who, Flow flow) {
  ScheduledFlow out{.flow = std::move(flow)};
  if (out.flow.schedule_id.empty()) co_return out;
  auto schedule = co_await ports_.schedules.get(std::move(who), out.flow.schedule_id);
  if (schedule) {
    out.next_due_at = schedule->next_due_at;
    out.last_fired_at = schedule->last_fired_at;
  } else if (schedule.error().kind != ErrorKind::not_found) {
    co_return fail(std::move(schedule.error()));
  }
  co_return out;
}

Task<Result<ScheduledFlow>> Flows::get(Principal who, std::string id) {
  auto flow = co_await find(who, std::move(id));
  if (!flow) co_return fail(std::move(flow.error()));
  auto out = co_await with_schedule(std::move(who), std::move(*flow));
  co_return out;
}

Task<Result<std::vector<ScheduledFlow>>> Flows::list(Principal who) {
  std::vector<ScheduledFlow> out;
  std::string after_owner;
  std::string after_id;
  for (;;) {
    auto page = co_await ports_.store.flows(who.scope, owner_seen_by(who), after_owner, after_id,
                                            limits::page_rows_max);
    if (!page) co_return fail(std::move(page.error()));
    for (Flow& flow : *page) {
      after_owner = flow.owner;
      after_id = flow.id;
      auto one = co_await with_schedule(who, std::move(flow));
      if (!one) co_return fail(std::move(one.error()));
      out.push_back(std::move(*one));
      if (out.size() == limits::list_rows_max) co_return out;
    }
    if (page->size() < limits::page_rows_max) co_return out;
  }
}

// The flow's row is written with whatever becomes of its schedule.
Task<Result<void>> Flows::store_update(Principal who, Flow before, Flow after) {
  const std::optional<JobTiming> timing = after.timing.timing;
  const bool had_schedule = !before.schedule_id.empty();
  const bool drops = had_schedule && !timing;
  if (timing && !had_schedule) after.schedule_id = base::new_id(ports_.clock.now());
  if (drops) after.schedule_id.clear();
  std::vector<Change> also;
  also.emplace_back(flow_change(PutFlow{.flow = after}));
  if (!grants_the_same(before.definition, after.definition)) audit(also, who, after, "changed");
  Result<void> done;
  if (drops) {
    done = co_await ports_.schedules.remove(who, before.schedule_id, std::move(also));
  } else if (timing && !had_schedule) {
    const Principal owner(after.scope, after.owner, UserRole::member);
    auto made =
        co_await ports_.schedules.create(owner, schedule_for(after, *timing), std::move(also));
    if (!made) done = fail(std::move(made.error()));
  } else if (had_schedule) {
    ScheduleUpdate wanted{.name = after.definition.name, .job = flow_job(after)};
    // Another time of the same form begins a new grid: only where it is another one.
    if (before.timing.timing != after.timing.timing) wanted.timing = timing;
    if (before.timing.misfire != after.timing.misfire) wanted.misfire = after.timing.misfire;
    if (before.status != after.status) wanted.is_active = after.status == FlowStatus::active;
    auto made = co_await ports_.schedules.update(who, before.schedule_id, std::move(wanted),
                                                 std::move(also));
    if (!made) done = fail(std::move(made.error()));
  } else {
    Unit unit{.scope = after.scope, .account = account_of(who), .changes = std::move(also)};
    auto stored = co_await ports_.feed.commit(std::move(unit));
    if (!stored) done = fail(std::move(stored.error()));
  }
  co_return done;
}

Task<Result<ScheduledFlow>> Flows::update(Principal who, std::string id, FlowUpdate input) {
  for (int attempt = 1;; ++attempt) {
    auto before = co_await find(who, id);
    if (!before) co_return fail(std::move(before.error()));
    Flow after = *before;
    apply_flow_update(after, who, input);
    if (auto fits = check_whole(after); !fits) co_return fail(fits.error());
    after.updated_at = ports_.clock.now();
    ++after.revision;
    auto stored = co_await store_update(who, std::move(*before), after);
    if (stored) {
      tell(NoticeKind::flow_updated, after);
      auto changed = co_await get(std::move(who), std::move(id));
      co_return changed;
    }
    const bool again =
        stored.error().kind == ErrorKind::conflict && attempt < limits::change_attempts_max;
    if (!again) co_return fail(std::move(stored.error()));
  }
}

Task<Result<ScheduledFlow>> Flows::pause(Principal who, std::string id, std::string reason) {
  FlowUpdate wanted{.status = FlowStatus::paused};
  auto paused = co_await update(who, std::move(id), std::move(wanted));
  if (!paused) co_return paused;
  auto stopped = co_await ports_.runs.pause_all(std::move(who), paused->flow, std::move(reason));
  if (!stopped) co_return fail(std::move(stopped.error()));
  co_return paused;
}

Task<Result<Flow>> Flows::remove(Principal who, std::string id) {
  auto found = co_await find(who, std::move(id));
  if (!found) co_return fail(std::move(found.error()));
  const Flow flow = std::move(*found);
  std::vector<Change> also;
  also.emplace_back(flow_change(RemoveFlow{.owner = flow.owner, .id = flow.id}));
  audit(also, who, flow, "removed");
  Result<void> done;
  if (!flow.schedule_id.empty()) {
    done = co_await ports_.schedules.remove(who, flow.schedule_id, std::move(also));
  } else {
    Unit unit{.scope = flow.scope, .account = account_of(who), .changes = std::move(also)};
    auto stored = co_await ports_.feed.commit(std::move(unit));
    if (!stored) done = fail(std::move(stored.error()));
  }
  if (!done) co_return fail(std::move(done.error()));
  tell(NoticeKind::flow_removed, flow);
  co_return flow;
}

Task<Result<RepairedFlow>> Flows::repair(Principal who, std::string run_id, FlowRepair repair) {
  auto run = co_await ports_.runs.repair(who, std::move(run_id), repair);
  if (!run) co_return fail(std::move(run.error()));
  RepairedFlow out{.run = std::move(*run)};
  auto flow = co_await ports_.store.flow(out.run.scope, out.run.owner, out.run.flow_id);
  if (!flow) co_return fail(std::move(flow.error()));
  if (!*flow) co_return out;
  FlowDefinition definition = (*flow)->definition;
  if (!repair_definition(definition, repair)) co_return out;
  FlowUpdate wanted{.agents = std::move(definition.agents), .nodes = std::move(definition.nodes)};
  auto changed = co_await update(std::move(who), out.run.flow_id, std::move(wanted));
  if (!changed) co_return fail(std::move(changed.error()));
  out.flow = std::move(*changed);
  co_return out;
}

}  // namespace colonnade::core
