#include "dialects/tandem/routines_wire.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/run_words.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::JsonWriter;
using base::Result;

constexpr std::string_view routine_run_prefix = "routine-run-";
constexpr std::string_view automation_run_prefix = "automation-run-";
constexpr std::string_view artifact_prefix = "artifact-";
constexpr std::string_view mission_entrypoint = "mission.default";
constexpr std::string_view standalone_mode = "standalone";
constexpr std::string_view orchestrated_mode = "orchestrated";

std::unexpected<base::Error> wrong_schedule(std::string why) {
  return fail(ErrorKind::invalid, std::move(why), std::string(schedule_field));
}

// --- reading ------------------------------------------------------------------------------------

Result<std::optional<std::vector<std::string>>> list_member(
    const Json& object, std::initializer_list<std::string_view> names) {
  const Json* found = member(object, names);
  if (found == nullptr) return std::nullopt;
  const std::string field(*names.begin());
  std::vector<std::string> out;
  if (!found->is_array()) return fail(ErrorKind::invalid, field + " must be a list", field);
  for (const Json& one : *found) {
    if (!one.is_string()) {
      return fail(ErrorKind::invalid, field + " must be a list of strings", field);
    }
    out.push_back(one.get<std::string>());
  }
  return out;
}

Result<std::optional<std::int64_t>> whole_member(const Json& object,
                                                 std::initializer_list<std::string_view> names) {
  const Json* found = member(object, names);
  if (found == nullptr) return std::nullopt;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  const std::string field(*names.begin());
  return fail(ErrorKind::invalid, field + " must be an integer", field);
}

Result<const Json*> object_member(const Json& object,
                                  std::initializer_list<std::string_view> names) {
  const Json* found = member(object, names);
  if (found == nullptr || found->is_object()) return found;
  const std::string field(*names.begin());
  return fail(ErrorKind::invalid, field + " must be an object", field);
}

core::JobTiming cron_of(std::string text) {
  return {.kind = core::JobTimingKind::quartz, .text = std::move(text)};
}

Result<core::JobTiming> every(std::int64_t seconds) {
  if (seconds < 1) return wrong_schedule("an interval is 1 second at least");
  return core::JobTiming{.kind = core::JobTimingKind::interval, .text = std::to_string(seconds)};
}

// What is below a name as a text, or as the text in an object.
std::optional<std::string> expression_in(const Json& tree) {
  for (const char* name : {"cron", "cron_expression", "cronExpression", "expression"}) {
    const auto found = tree.find(name);
    if (found == tree.end()) continue;
    if (found->is_string()) return found->get<std::string>();
    if (found->is_object()) return expression_in(*found);
  }
  return std::nullopt;
}

std::optional<std::int64_t> seconds_in(const Json& tree) {
  for (const char* name : {"interval_seconds", "intervalSeconds", "seconds"}) {
    const auto found = tree.find(name);
    if (found == tree.end()) continue;
    if (found->is_number_integer()) return found->get<std::int64_t>();
    if (found->is_object()) return seconds_in(*found);
  }
  const auto found = tree.find("intervalMs");
  if (found == tree.end() || !found->is_number_integer()) return std::nullopt;
  const auto milliseconds = found->get<std::int64_t>();
  return milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0);
}

struct WantedSchedule {
  std::optional<core::JobTiming> timing{};  // none: manual
};

Result<WantedSchedule> decode_schedule(const Json& tree) {
  WantedSchedule out;
  if (tree.is_string()) {
    out.timing = cron_of(tree.get<std::string>());
    return out;
  }
  if (!tree.is_object()) {
    return wrong_schedule("a schedule is a cron expression, or an object with cron or an interval");
  }
  const auto type = tree.find("type");
  if (type != tree.end() && *type == "manual") return out;
  if (auto expression = expression_in(tree)) {
    out.timing = cron_of(std::move(*expression));
    return out;
  }
  const auto seconds = seconds_in(tree);
  if (!seconds) {
    return wrong_schedule(
        R"(a schedule is {"cron":{"expression":…}}, {"interval_seconds":{"seconds":…}} or )"
        R"({"type":"manual"})");
  }
  auto timing = every(*seconds);
  if (!timing) return fail(std::move(timing.error()));
  out.timing = std::move(*timing);
  return out;
}

Result<core::Misfire> decode_misfire(const Json& tree) {
  const Json* word = &tree;
  std::int64_t times = limits::tandem_catch_up_default;
  if (tree.is_object()) {
    word = member(tree, {"type"});
    const auto given = whole_member(tree, {"max_runs", "maxRuns"});
    if (!given) return fail(given.error());
    times = given->value_or(times);
  }
  const std::string text = word != nullptr && word->is_string() ? word->get<std::string>() : "";
  if (text == "skip") return core::Misfire{.rule = core::MisfireRule::skip};
  if (text == "run_once" || text == "run_late" || text == "run_now") {
    return core::Misfire{.rule = core::MisfireRule::run_once};
  }
  if (text == "catch_up") {
    // Cut here so that it fits; core says what is out of range.
    const auto most = static_cast<std::int64_t>(limits::schedule_catch_up_max) + 1;
    return core::Misfire{.rule = core::MisfireRule::catch_up,
                         .times_max = static_cast<int>(std::clamp<std::int64_t>(times, 0, most)),
                         .in_one_job = true};
  }
  return fail(ErrorKind::invalid, "misfire_policy must be skip, run_once or catch_up",
              "misfire_policy");
}

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

std::string text_or(const Json& tree, const char* name, std::string_view fallback = {}) {
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
  if (text_or(args, "prompt").find_first_not_of(" \t\r\n") == std::string::npos) {
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

// --- writing ------------------------------------------------------------------------------------

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).array();
  for (const std::string& one : texts) json.value(one);
  json.end_array();
}

void write_schedule(JsonWriter& json, const std::optional<core::JobSchedule>& schedule) {
  json.key("schedule").object();
  if (!schedule) {
    json.field("type", "manual");
  } else if (schedule->timing.kind == core::JobTimingKind::interval) {
    std::int64_t seconds = 0;
    for (const char c : schedule->timing.text) seconds = seconds * 10 + (c - '0');
    json.key("interval_seconds").object().field("seconds", seconds).end_object();
  } else {
    json.key("cron").object().field("expression", schedule->timing.text).end_object();
  }
  json.end_object();
  json.field("timezone", schedule ? schedule->timing.zone : std::string("UTC"));
  const core::Misfire misfire = schedule ? schedule->misfire : core::Misfire{};
  json.key("misfire_policy").object().field("type", core::to_string(misfire.rule));
  if (misfire.rule == core::MisfireRule::catch_up) json.field("max_runs", misfire.times_max);
  json.end_object();
}

void write_fire_times(JsonWriter& json, const core::ScheduledRoutine& routine) {
  json.field("creator_type", routine.routine.creator_type);
  json.field("creator_id", routine.routine.creator_id);
  if (!routine.schedule) return;
  const core::JobSchedule& schedule = *routine.schedule;
  if (schedule.next_due_at) {
    json.field("next_fire_at_ms", milliseconds_of(*schedule.next_due_at));
  }
  if (schedule.last_fired_at) {
    json.field("last_fired_at_ms", milliseconds_of(*schedule.last_fired_at));
  }
}

void write_mission(JsonWriter& json, const core::RoutineTask& task) {
  const Json& args = task.arguments;
  json.field("mode", text_or(args, "mode", standalone_mode));
  json.key("mission").object();
  json.field("objective", text_or(args, "prompt", task.entrypoint));
  const auto criteria = args.find("success_criteria");
  json.field("success_criteria",
             criteria != args.end() && criteria->is_array() ? *criteria : Json::array());
  if (const std::string briefing = text_or(args, "briefing"); !briefing.empty()) {
    json.field("briefing", briefing);
  }
  json.field("entrypoint_compat", task.entrypoint).end_object();
  json.key("policy").object().key("tool").object();
  write_texts(json, "run_allowlist", task.allowed_tools);
  json.field("external_integrations_allowed", task.external_integrations_allowed);
  const auto orchestrator = args.find("orchestrator_only_tool_calls");
  json.field("orchestrator_only_tool_calls",
             orchestrator != args.end() && orchestrator->is_boolean() && orchestrator->get<bool>());
  json.end_object().key("approval").object();
  json.field("requires_approval", task.requires_approval).end_object().end_object();
  const auto model = args.find("model_policy");
  if (model != args.end() && model->is_object()) json.field("model_policy", *model);
  write_texts(json, "output_targets", task.output_targets);
}

void write_task(JsonWriter& json, const core::RoutineTask& task) {
  json.field("entrypoint", task.entrypoint).field("args", task.arguments);
  write_texts(json, "allowed_tools", task.allowed_tools);
  write_texts(json, "output_targets", task.output_targets);
}

void write_given(JsonWriter& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.field(name, text);
}

void write_time(JsonWriter& json, std::string_view name, const std::optional<base::Time>& time) {
  if (time) json.field(name, milliseconds_of(*time));
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

void write_routine_members(JsonWriter& json, RoutineFamily family,
                           const core::ScheduledRoutine& routine) {
  const core::Routine& r = routine.routine;
  const bool is_routine = family == RoutineFamily::routines;
  json.field("id", r.id).field(is_routine ? "routine_id" : "automation_id", r.id);
  json.field("name", r.name);
  const bool is_active = routine.schedule ? routine.schedule->is_active : r.is_active;
  json.field("status", is_active ? "enabled" : "paused");
  write_schedule(json, routine.schedule);
  if (is_routine) {
    write_task(json, r.task);
    json.field("requires_approval", r.task.requires_approval);
    json.field("external_integrations_allowed", r.task.external_integrations_allowed);
  } else {
    write_mission(json, r.task);
  }
  write_fire_times(json, routine);
}

std::string encode_routine(RoutineFamily family, const core::ScheduledRoutine& routine) {
  std::string out;
  JsonWriter json(out);
  json.object();
  write_routine_members(json, family, routine);
  json.end_object();
  return out;
}

std::string encode_run(RoutineFamily family, const core::RoutineRun& run) {
  const core::RoutineRunNotes& notes = run.notes;
  const bool is_routine = family == RoutineFamily::routines;
  std::string out;
  JsonWriter json(out);
  json.object().field("run_id", shown_run_id(family, run.id));
  json.field(is_routine ? "routine_id" : "automation_id", run.routine_id);
  json.field("trigger_type", core::to_string(run.trigger)).field("run_count", run.run_count);
  json.field("status", core::to_string(run.state));
  json.field("created_at_ms", milliseconds_of(run.created_at));
  json.field("updated_at_ms", milliseconds_of(run.updated_at));
  write_time(json, "fired_at_ms", run.fired_at);
  write_time(json, "started_at_ms", run.started_at);
  write_time(json, "finished_at_ms", run.finished_at);
  json.field("requires_approval", run.task.requires_approval);
  write_given(json, "approval_reason", notes.approval_reason);
  write_given(json, "denial_reason", notes.denial_reason);
  write_given(json, "paused_reason", notes.paused_reason);
  write_given(json, "detail", notes.detail);
  write_task(json, run.task);
  json.key("artifacts").array();
  for (const core::RoutineArtifact& one : notes.artifacts) {
    json.raw(encode_artifact(family, run, one));
  }
  json.end_array().key("active_session_ids").array();
  const bool is_at_work = !core::has_ended(run.state) && !notes.run_id.empty();
  if (is_at_work) json.value(notes.thread_id);
  json.end_array();
  write_given(json, "latest_session_id", notes.last_thread_id);
  json.field("prompt_tokens", notes.prompt_tokens);
  json.field("completion_tokens", notes.completion_tokens);
  json.field("total_tokens", notes.prompt_tokens + notes.completion_tokens);
  json.field("estimated_cost_usd", static_cast<double>(notes.cost_micros) / 1e6).end_object();
  return out;
}

std::string encode_artifact(RoutineFamily family, const core::RoutineRun& run,
                            const core::RoutineArtifact& artifact) {
  const std::string id = shown_artifact_id(artifact.id);
  std::string out;
  JsonWriter json(out);
  json.object().field("artifact_id", id);
  json.field("uri", artifact.uri).field("kind", artifact.kind);
  write_given(json, "label", artifact.label);
  json.field("created_at_ms", milliseconds_of(artifact.created_at));
  if (artifact.is_kept()) {
    const std::string_view root =
        family == RoutineFamily::routines ? "/routines/runs/" : "/automations/runs/";
    json.field("content_path",
               std::string(root) + shown_run_id(family, run.id) + "/artifacts/" + id + "/content");
  }
  if (artifact.metadata.is_object()) json.field("metadata", artifact.metadata);
  json.end_object();
  return out;
}

std::string_view flat_status(core::RoutineRunState state) {
  using enum core::RoutineRunState;
  switch (state) {
    case queued: return "queued";
    case running: return "running";
    case completed: return "succeeded";
    case failed: return "failed";
    case denied:
    case cancelled: return "canceled";
    case pending_approval:
    case paused:
    case blocked_policy: break;
  }
  return "unknown";
}

std::string shown_run_id(RoutineFamily family, std::string_view id) {
  const bool is_routine = family == RoutineFamily::routines;
  return std::string(is_routine ? routine_run_prefix : automation_run_prefix) + base::uuid_form(id);
}

std::string run_id_from(std::string_view shown) {
  for (const std::string_view prefix : {routine_run_prefix, automation_run_prefix}) {
    if (!shown.starts_with(prefix)) continue;
    shown.remove_prefix(prefix.size());
    break;
  }
  return base::plain_form(shown);
}

std::string shown_artifact_id(std::string_view id) {
  return std::string(artifact_prefix) + base::uuid_form(id);
}

std::string artifact_id_from(std::string_view shown) {
  if (shown.starts_with(artifact_prefix)) shown.remove_prefix(artifact_prefix.size());
  return base::plain_form(shown);
}

}  // namespace colonnade::dialects::tandem
