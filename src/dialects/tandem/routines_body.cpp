// Reading routines and automations: one thing in two dresses.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/routines_wire.hpp"
#include "dialects/tandem/schedules_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

constexpr std::string_view mission_entrypoint = "mission.default";
constexpr std::string_view standalone_mode = "standalone";
constexpr std::string_view orchestrated_mode = "orchestrated";

Result<std::optional<bool>> decode_status(const Json& body) {
  const auto status = text_member(body, {"status"});
  if (!status) return fail(status.error());
  if (!*status) return std::nullopt;
  if (**status == "active" || **status == "enabled") return true;
  if (**status == "paused" || **status == "disabled") return false;
  return fail(ErrorKind::invalid, "status must be enabled or paused", "status");
}

std::optional<base::Time> time_of(const std::optional<std::int64_t>& milliseconds) {
  constexpr std::int64_t last = 253'402'300'799'999;  // of the year 9999
  if (!milliseconds) return std::nullopt;
  return base::Time{std::clamp<std::int64_t>(*milliseconds, 0, last) * 1000};
}

std::string argument_text(const Json& tree, const char* name, std::string_view fallback = {}) {
  const auto found = tree.find(name);
  return std::string(found != tree.end() && found->is_string()
                         ? std::string_view(found->get_ref<const std::string&>())
                         : fallback);
}

// What both families' bodies may say of the whole. Errors: invalid with the field.
Result<core::RoutineUpdate> decode_common(const Json& body) {
  core::RoutineUpdate out;
  auto name = text_member(body, {"name"});
  if (!name) return fail(std::move(name.error()));
  out.name = std::move(*name);
  if (const Json* schedule = member(body, {"schedule"})) {
    auto wanted = decode_schedule(*schedule);
    if (!wanted) return fail(std::move(wanted.error()));
    out.drops_timing = !wanted->timing;
    out.timing = std::move(wanted->timing);
  }
  auto zone = text_member(body, {"timezone", "timeZone"});
  if (!zone) return fail(std::move(zone.error()));
  out.zone = std::move(*zone);
  if (const Json* misfire = member(body, {"misfire_policy", "misfirePolicy"})) {
    const auto rule = decode_misfire(*misfire);
    if (!rule) return fail(rule.error());
    out.misfire = *rule;
  }
  const auto next = whole_member(body, {"next_fire_at_ms", "nextFireAtMs"});
  if (!next) return fail(next.error());
  out.next_due_at = time_of(*next);
  const auto active = decode_status(body);
  if (!active) return fail(active.error());
  out.is_active = *active;
  auto targets = list_member(body, {"output_targets", "outputTargets"});
  if (!targets) return fail(std::move(targets.error()));
  out.output_targets = std::move(*targets);
  auto creator_type = text_member(body, {"creator_type", "creatorType"});
  if (!creator_type) return fail(std::move(creator_type.error()));
  out.creator_type = std::move(*creator_type);
  auto creator_id = text_member(body, {"creator_id", "creatorId"});
  if (!creator_id) return fail(std::move(creator_id.error()));
  out.creator_id = std::move(*creator_id);
  return out;
}

// A client copies its prompt into the entrypoint and sends both. Where they differ, the entrypoint
// is the engine's, and the prompt its argument.
Result<void> decode_routine_task(const Json& body, const core::RoutineTask& before,
                                 core::RoutineUpdate& into) {
  auto entrypoint = text_member(body, {"entrypoint"});
  if (!entrypoint) return fail(std::move(entrypoint.error()));
  auto prompt = text_member(body, {"prompt"});
  if (!prompt) return fail(std::move(prompt.error()));
  const auto args = object_member(body, {"args"});
  if (!args) return fail(args.error());
  if (*args != nullptr) into.arguments = **args;
  if (*prompt && !*entrypoint) {
    into.entrypoint = std::move(*prompt);
  } else {
    if (*prompt && **prompt != **entrypoint) {
      if (!into.arguments) into.arguments = before.arguments;
      if (!into.arguments->contains("prompt")) (*into.arguments)["prompt"] = **prompt;
    }
    into.entrypoint = std::move(*entrypoint);
  }
  auto tools = list_member(body, {"allowed_tools", "allowedTools"});
  if (!tools) return fail(std::move(tools.error()));
  into.allowed_tools = std::move(*tools);
  const auto approval = flag_member(body, {"requires_approval", "requiresApproval"});
  if (!approval) return fail(approval.error());
  into.requires_approval = *approval;
  const auto external =
      flag_member(body, {"external_integrations_allowed", "externalIntegrationsAllowed"});
  if (!external) return fail(external.error());
  into.external_integrations_allowed = *external;
  return {};
}

std::unexpected<base::Error> wrong_mission(std::string why) {
  return fail(ErrorKind::invalid, std::move(why), std::string(mission_field));
}

Result<void> decode_mission(const Json& body, Json& args) {
  const auto mission = object_member(body, {"mission"});
  if (!mission) return wrong_mission("mission must be an object");
  std::optional<std::string> objective;
  if (*mission != nullptr) {
    auto text = text_member(**mission, {"objective"});
    if (!text) return wrong_mission("mission.objective must be a string");
    objective = std::move(*text);
    auto criteria = list_member(**mission, {"success_criteria", "successCriteria"});
    if (!criteria) return wrong_mission("mission.success_criteria must be a list of strings");
    if (*criteria) args["success_criteria"] = **criteria;
    auto briefing = text_member(**mission, {"briefing"});
    if (!briefing) return wrong_mission("mission.briefing must be a string");
    if (*briefing) args["briefing"] = **briefing;
  }
  // The body of a routine, as clients of both families send it.
  if (!objective) {
    auto text = text_member(body, {"prompt", "entrypoint"});
    if (!text) return fail(std::move(text.error()));
    objective = std::move(*text);
  }
  if (objective) args["prompt"] = *objective;
  if (argument_text(args, "prompt").find_first_not_of(" \t\r\n") == std::string::npos) {
    return wrong_mission("mission.objective is required");
  }
  auto mode = text_member(body, {"mode"});
  if (!mode) return wrong_mission("mode must be a string");
  if (*mode && **mode != standalone_mode && **mode != orchestrated_mode) {
    return wrong_mission("mode must be standalone or orchestrated");
  }
  if (*mode) args["mode"] = **mode;
  return {};
}

Result<void> decode_policy(const Json& body, core::RoutineUpdate& into, Json& args) {
  const auto policy = object_member(body, {"policy"});
  if (!policy) return fail(policy.error());
  const Json none = Json::object();
  const Json& all = *policy != nullptr ? **policy : none;
  const auto tool = object_member(all, {"tool"});
  if (!tool) return fail(tool.error());
  const Json& tools = *tool != nullptr ? **tool : none;
  auto allowed = list_member(tools, {"run_allowlist", "runAllowlist"});
  if (!allowed) return fail(std::move(allowed.error()));
  if (!*allowed) {
    allowed = list_member(body, {"allowed_tools", "allowedTools"});
    if (!allowed) return fail(std::move(allowed.error()));
  }
  into.allowed_tools = std::move(*allowed);
  auto external =
      flag_member(tools, {"external_integrations_allowed", "externalIntegrationsAllowed"});
  if (!external) return fail(external.error());
  if (!*external) {
    external = flag_member(body, {"external_integrations_allowed", "externalIntegrationsAllowed"});
    if (!external) return fail(external.error());
  }
  into.external_integrations_allowed = *external;
  const auto orchestrator =
      flag_member(tools, {"orchestrator_only_tool_calls", "orchestratorOnlyToolCalls"});
  if (!orchestrator) return fail(orchestrator.error());
  if (*orchestrator) args["orchestrator_only_tool_calls"] = **orchestrator;
  const auto approval = object_member(all, {"approval"});
  if (!approval) return fail(approval.error());
  auto requires_it = flag_member(*approval != nullptr ? **approval : none,
                                 {"requires_approval", "requiresApproval"});
  if (!requires_it) return fail(requires_it.error());
  if (!*requires_it) {
    requires_it = flag_member(body, {"requires_approval", "requiresApproval"});
    if (!requires_it) return fail(requires_it.error());
  }
  into.requires_approval = *requires_it;
  return {};
}

// An automation is a routine whose mission lies in its arguments, as the engine keeps it.
Result<void> decode_automation_task(const Json& body, const core::RoutineTask& before,
                                    core::RoutineUpdate& into) {
  Json args = before.arguments;
  // One that was made as a routine has its objective there.
  if (!args.contains("prompt") && !before.entrypoint.empty()) args["prompt"] = before.entrypoint;
  if (auto read = decode_mission(body, args); !read) return read;
  if (auto read = decode_policy(body, into, args); !read) return read;
  const auto model = object_member(body, {"model_policy", "modelPolicy"});
  if (!model) return fail(model.error());
  if (*model != nullptr) args["model_policy"] = **model;
  into.arguments = std::move(args);
  into.entrypoint = before.entrypoint.empty() ? std::string(mission_entrypoint) : before.entrypoint;
  const auto mission = object_member(body, {"mission"});
  if (mission && *mission != nullptr) {
    auto entrypoint = text_member(**mission, {"entrypoint_compat", "entrypointCompat"});
    if (!entrypoint) return wrong_mission("mission.entrypoint_compat must be a string");
    if (*entrypoint) into.entrypoint = std::move(**entrypoint);
  }
  return {};
}

Result<core::RoutineUpdate> decode_body(RoutineFamily family, const Json& body,
                                        const core::RoutineTask& before) {
  auto out = decode_common(body);
  if (!out) return out;
  const auto read = family == RoutineFamily::routines ? decode_routine_task(body, before, *out)
                                                      : decode_automation_task(body, before, *out);
  if (!read) return fail(read.error());
  return out;
}

}  // namespace

Result<core::NewRoutine> decode_new_routine(RoutineFamily family, const Json& body) {
  const bool is_routine = family == RoutineFamily::routines;
  auto read = decode_body(family, body, {});
  if (!read) return fail(std::move(read.error()));
  auto id = is_routine ? text_member(body, {"routine_id", "routineId", "routineID"})
                       : text_member(body, {"automation_id", "automationId", "automationID"});
  if (!id) return fail(std::move(id.error()));
  if (!read->name) return fail(ErrorKind::invalid, "name is missing", "name");
  if (!member(body, {"schedule"})) {
    return fail(ErrorKind::invalid, "schedule is missing: a cron expression, say", "schedule");
  }
  if (!read->entrypoint || read->entrypoint->empty()) {
    return fail(ErrorKind::invalid, "entrypoint is missing: what the agent is asked", "entrypoint");
  }
  core::NewRoutine out{.id = std::move(*id).value_or(""),
                       .id_prefix = is_routine ? "routine-" : "automation-",
                       .name = std::move(*read->name),
                       .timing = std::move(read->timing),
                       .misfire = read->misfire.value_or(core::Misfire{}),
                       .first_due_at = read->next_due_at,
                       .is_active = read->is_active.value_or(true)};
  if (out.timing && read->zone) out.timing->zone = std::move(*read->zone);
  core::RoutineTask& task = out.task;
  task.entrypoint = std::move(*read->entrypoint);
  if (read->arguments) task.arguments = std::move(*read->arguments);
  task.allowed_tools = std::move(read->allowed_tools).value_or(std::vector<std::string>());
  task.output_targets = std::move(read->output_targets).value_or(std::vector<std::string>());
  task.requires_approval = read->requires_approval.value_or(true);
  task.external_integrations_allowed = read->external_integrations_allowed.value_or(false);
  if (read->creator_type) out.creator_type = std::move(*read->creator_type);
  if (read->creator_id) out.creator_id = std::move(*read->creator_id);
  return out;
}

Result<core::RoutineUpdate> decode_routine_update(RoutineFamily family, const Json& body,
                                                  const core::ScheduledRoutine& before) {
  auto out = decode_body(family, body, before.routine.task);
  if (!out) return out;
  // Another expression is of the same zone, unless it says so.
  if (out->timing && !out->zone && before.schedule) out->zone = before.schedule->timing.zone;
  if (out->timing && out->zone) out->timing->zone = *out->zone;
  return out;
}

Result<core::NewRoutineRun> decode_new_run(const Json& body) {
  const auto count = whole_member(body, {"run_count", "runCount"});
  if (!count) return fail(count.error());
  auto reason = text_member(body, {"reason"});
  if (!reason) return fail(std::move(reason.error()));
  constexpr std::int64_t most = limits::routine_run_count_max + 1;
  return core::NewRoutineRun{
      .run_count = static_cast<int>(std::clamp<std::int64_t>(count->value_or(1), 0, most)),
      .reason = std::move(*reason).value_or("")};
}

Result<core::NewRoutineArtifact> decode_artifact(const Json& body) {
  auto uri = text_member(body, {"uri"});
  if (!uri) return fail(std::move(uri.error()));
  auto kind = text_member(body, {"kind"});
  if (!kind) return fail(std::move(kind.error()));
  auto label = text_member(body, {"label"});
  if (!label) return fail(std::move(label.error()));
  const auto metadata = object_member(body, {"metadata"});
  if (!metadata) return fail(metadata.error());
  return core::NewRoutineArtifact{.uri = std::move(*uri).value_or(""),
                                  .kind = std::move(*kind).value_or(""),
                                  .label = std::move(*label).value_or(""),
                                  .metadata = *metadata != nullptr ? **metadata : Json(nullptr)};
}

}  // namespace colonnade::dialects::tandem
