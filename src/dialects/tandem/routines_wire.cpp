#include "dialects/tandem/routines_wire.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "dialects/tandem/run_words.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;

constexpr std::string_view routine_run_prefix = "routine-run-";
constexpr std::string_view automation_run_prefix = "automation-run-";
constexpr std::string_view artifact_prefix = "artifact-";

std::string mission_text(const Json& tree, const char* name, std::string_view fallback = {}) {
  const auto found = tree.find(name);
  return std::string(found != tree.end() && found->is_string()
                         ? std::string_view(found->get_ref<const std::string&>())
                         : fallback);
}

void write_text_list(JsonWriter& json, std::string_view name,
                     const std::vector<std::string>& texts) {
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
  json.field("mode", mission_text(args, "mode", "standalone"));
  json.key("mission").object();
  json.field("objective", mission_text(args, "prompt", task.entrypoint));
  const auto criteria = args.find("success_criteria");
  json.field("success_criteria",
             criteria != args.end() && criteria->is_array() ? *criteria : Json::array());
  if (const std::string briefing = mission_text(args, "briefing"); !briefing.empty()) {
    json.field("briefing", briefing);
  }
  json.field("entrypoint_compat", task.entrypoint).end_object();
  json.key("policy").object().key("tool").object();
  write_text_list(json, "run_allowlist", task.allowed_tools);
  json.field("external_integrations_allowed", task.external_integrations_allowed);
  const auto orchestrator = args.find("orchestrator_only_tool_calls");
  json.field("orchestrator_only_tool_calls",
             orchestrator != args.end() && orchestrator->is_boolean() && orchestrator->get<bool>());
  json.end_object().key("approval").object();
  json.field("requires_approval", task.requires_approval).end_object().end_object();
  const auto model = args.find("model_policy");
  if (model != args.end() && model->is_object()) json.field("model_policy", *model);
  write_text_list(json, "output_targets", task.output_targets);
}

void write_task(JsonWriter& json, const core::RoutineTask& task) {
  json.field("entrypoint", task.entrypoint).field("args", task.arguments);
  write_text_list(json, "allowed_tools", task.allowed_tools);
  write_text_list(json, "output_targets", task.output_targets);
}

void write_given(JsonWriter& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.field(name, text);
}

void write_time(JsonWriter& json, std::string_view name, const std::optional<base::Time>& time) {
  if (time) json.field(name, milliseconds_of(*time));
}

}  // namespace

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
