#include "dialects/tandem/routine_events.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.hpp"
#include "core/routines/routine.hpp"
#include "core/tools/tool_names.hpp"
#include "dialects/tandem/routines_wire.hpp"
#include "dialects/tandem/run_words.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;
using core::NoticeKind;

// The type of the event, of either dress; "" for none.
struct EventTypes {
  std::string_view routine{};
  std::string_view automation{};
};

EventTypes types_of(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::routine_created: return {"routine.created", "automation.updated"};
    case NoticeKind::routine_updated: return {"routine.updated", "automation.updated"};
    case NoticeKind::routine_removed: return {"routine.deleted", ""};
    case NoticeKind::routine_fired: return {"routine.fired", ""};
    case NoticeKind::routine_run_created: return {"routine.run.created", "run.started"};
    case NoticeKind::routine_approval_required:
      return {"routine.approval_required", "approval.required"};
    case NoticeKind::routine_blocked: return {"routine.blocked", "run.failed"};
    case NoticeKind::routine_run_started: return {"routine.run.started", "run.step"};
    case NoticeKind::routine_model_selected: return {"routine.run.model_selected", "run.step"};
    case NoticeKind::routine_run_approved: return {"routine.run.approved", ""};
    case NoticeKind::routine_run_denied: return {"routine.run.denied", ""};
    case NoticeKind::routine_run_paused: return {"routine.run.paused", ""};
    case NoticeKind::routine_run_resumed: return {"routine.run.resumed", ""};
    case NoticeKind::routine_tool_denied: return {"routine.tool.denied", ""};
    case NoticeKind::routine_artifact_added: return {"routine.run.artifact_added", "run.step"};
    case NoticeKind::routine_run_completed: return {"routine.run.completed", "run.completed"};
    case NoticeKind::routine_run_failed: return {"routine.run.failed", "run.failed"};
    default: return {};
  }
}

std::string detail_text(const core::Notice& notice, const char* name) {
  if (!notice.details.is_object()) return {};
  const auto found = notice.details.find(name);
  return found != notice.details.end() && found->is_string() ? found->get<std::string>()
                                                             : std::string();
}

void write_firing(JsonWriter& json, const core::Notice& notice, const core::RoutineRun& run) {
  json.field("runCount", run.run_count).field("triggerType", core::to_string(run.trigger));
  if (!run.fired_at) return;
  const bool is_manual = run.trigger == core::RoutineTrigger::manual;
  json.field(is_manual ? "firedAtMs" : "scheduledAtMs", milliseconds_of(*run.fired_at));
  if (!notice.details.is_object()) return;
  const auto next = notice.details.find("next_due_at");
  if (next != notice.details.end() && next->is_number_integer()) {
    json.field("nextFireAtMs", milliseconds_of({next->get<std::int64_t>()}));
  }
}

// What is the kind's own.
void write_details(JsonWriter& json, RoutineFamily family, const core::Notice& notice,
                   const core::RoutineRun& run) {
  switch (notice.kind) {
    case NoticeKind::routine_fired:
    case NoticeKind::routine_approval_required: write_firing(json, notice, run); break;
    case NoticeKind::routine_blocked:
      write_firing(json, notice, run);
      json.field("reason", run.notes.detail);
      break;
    case NoticeKind::routine_run_started:
      json.field("triggerType", core::to_string(run.trigger));
      json.field("startedAtMs", milliseconds_of(run.started_at.value_or(notice.at)));
      break;
    case NoticeKind::routine_model_selected: {
      const bool from_policy =
          notice.details.is_object() && notice.details.value("from_policy", false);
      json.field("providerID", detail_text(notice, "provider"));
      json.field("modelID", detail_text(notice, "model"));
      json.field("source", from_policy ? "model_policy" : "default");
      break;
    }
    case NoticeKind::routine_run_paused: {
      json.field("reason", detail_text(notice, "reason"));
      const auto stopped = notice.details.find("stopped");
      if (stopped != notice.details.end()) json.field("cancelledSessionIDs", *stopped);
      break;
    }
    case NoticeKind::routine_run_approved:
    case NoticeKind::routine_run_denied:
    case NoticeKind::routine_run_resumed:
    case NoticeKind::routine_run_failed: json.field("reason", detail_text(notice, "reason")); break;
    case NoticeKind::routine_tool_denied:
      json.field("tool", core::engine_tool(detail_text(notice, "tool")));
      json.field("toolCallID", detail_text(notice, "call_id"));
      json.field("reason", detail_text(notice, "reason"));
      break;
    case NoticeKind::routine_artifact_added:
      if (run.notes.artifacts.empty()) break;
      json.key("artifact").raw(encode_artifact(family, run, run.notes.artifacts.back()));
      break;
    case NoticeKind::routine_run_completed:
      json.field("finishedAtMs", milliseconds_of(run.finished_at.value_or(notice.at)));
      break;
    default: break;
  }
}

Notice event_of(const core::Notice& notice, RoutineFamily family, std::string_view type) {
  const core::RoutineRun* run = notice.routine_run.get();
  const bool is_automation = family == RoutineFamily::automations;
  // Of the engine's, this one alone has the run in place of ids.
  const bool has_run_alone = notice.kind == NoticeKind::routine_run_created && !is_automation;
  const std::string shown = run != nullptr ? shown_run_id(family, run->id) : std::string();
  const auto members = [&](JsonWriter& json) {
    if (!has_run_alone) json.field("routineID", notice.subject);
    if (is_automation) json.field("automationID", notice.subject);
    if (type == "run.step") json.field("phase", "do");
    if (run == nullptr) {
      json.field("name", detail_text(notice, "name"));
      return;
    }
    if (notice.kind == NoticeKind::routine_run_created) {
      json.key("run").raw(encode_run(family, *run));
    }
    write_details(json, family, notice, *run);
  };
  return {.event = event_text({.type = type,
                               .session_id = base::plain_form(notice.thread_id),
                               .run_id = has_run_alone ? std::string() : shown,
                               .channel = "",
                               .at = notice.at},
                              members),
          .routine_id = has_run_alone ? std::string() : notice.subject,
          .routine_run_id = run != nullptr ? run->id : std::string(),
          .is_automation = is_automation};
}

}  // namespace

std::vector<Notice> routine_notices_of(const core::Notice& notice) {
  std::vector<Notice> out;
  const EventTypes types = types_of(notice.kind);
  if (!types.routine.empty()) {
    out.push_back(event_of(notice, RoutineFamily::routines, types.routine));
  }
  if (!types.automation.empty()) {
    out.push_back(event_of(notice, RoutineFamily::automations, types.automation));
  }
  return out;
}

}  // namespace colonnade::dialects::tandem
