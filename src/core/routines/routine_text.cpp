#include "core/routines/routine_text.hpp"

#include <utility>

#include "core/enum_names.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;
using base::Time;

namespace {

constexpr EnumNames<RoutineTrigger, 2> trigger_words{{
    {RoutineTrigger::manual, "manual"},
    {RoutineTrigger::scheduled, "scheduled"},
}};

constexpr EnumNames<RoutineRunState, 9> run_state_words{{
    {RoutineRunState::queued, "queued"},
    {RoutineRunState::pending_approval, "pending_approval"},
    {RoutineRunState::running, "running"},
    {RoutineRunState::paused, "paused"},
    {RoutineRunState::blocked_policy, "blocked_policy"},
    {RoutineRunState::denied, "denied"},
    {RoutineRunState::completed, "completed"},
    {RoutineRunState::failed, "failed"},
    {RoutineRunState::cancelled, "cancelled"},
}};

constexpr EnumNames<RoutineRunEnd, 4> run_end_words{{
    {RoutineRunEnd::none, ""},
    {RoutineRunEnd::blocked, "blocked"},
    {RoutineRunEnd::denied, "denied"},
    {RoutineRunEnd::cancelled, "cancelled"},
}};

std::unexpected<base::Error> unreadable(std::string_view what) {
  return fail(ErrorKind::invalid, "the " + std::string(what) + " of a routine cannot be read",
              "payload");
}

std::string member_text(const Json& tree, const char* name, std::string fallback = {}) {
  const auto found = tree.find(name);
  return found != tree.end() && found->is_string() ? found->get<std::string>()
                                                   : std::move(fallback);
}

bool flag_in(const Json& tree, const char* name) {
  const auto found = tree.find(name);
  return found != tree.end() && found->is_boolean() && found->get<bool>();
}

std::int64_t number_in(const Json& tree, const char* name, std::int64_t fallback = 0) {
  const auto found = tree.find(name);
  return found != tree.end() && found->is_number_integer() ? found->get<std::int64_t>() : fallback;
}

std::vector<std::string> texts_in(const Json& tree, const char* name) {
  std::vector<std::string> out;
  const auto found = tree.find(name);
  if (found == tree.end() || !found->is_array()) return out;
  for (const Json& one : *found) {
    if (one.is_string()) out.push_back(one.get<std::string>());
  }
  return out;
}

Json task_tree(const RoutineTask& task) {
  return {{"entrypoint", task.entrypoint},
          {"arguments", task.arguments},
          {"allowed_tools", task.allowed_tools},
          {"output_targets", task.output_targets},
          {"requires_approval", task.requires_approval},
          {"external_integrations_allowed", task.external_integrations_allowed}};
}

RoutineTask task_in(const Json& tree) {
  RoutineTask out{.entrypoint = member_text(tree, "entrypoint"),
                  .allowed_tools = texts_in(tree, "allowed_tools"),
                  .output_targets = texts_in(tree, "output_targets"),
                  .requires_approval = flag_in(tree, "requires_approval"),
                  .external_integrations_allowed = flag_in(tree, "external_integrations_allowed")};
  const auto arguments = tree.find("arguments");
  if (arguments != tree.end() && arguments->is_object()) out.arguments = *arguments;
  return out;
}

Json artifact_tree(const RoutineArtifact& artifact) {
  Json out = {{"id", artifact.id},
              {"uri", artifact.uri},
              {"kind", artifact.kind},
              {"created_at", artifact.created_at.micros}};
  if (!artifact.label.empty()) out["label"] = artifact.label;
  if (!artifact.metadata.is_null()) out["metadata"] = artifact.metadata;
  if (artifact.is_kept()) out["bytes"] = artifact.bytes;
  return out;
}

RoutineArtifact artifact_in(const Json& tree) {
  RoutineArtifact out{.id = member_text(tree, "id"),
                      .uri = member_text(tree, "uri"),
                      .kind = member_text(tree, "kind"),
                      .label = member_text(tree, "label"),
                      .created_at = {number_in(tree, "created_at")},
                      .bytes = number_in(tree, "bytes", -1)};
  const auto metadata = tree.find("metadata");
  if (metadata != tree.end()) out.metadata = *metadata;
  return out;
}

Result<Json> object_of(std::string_view text, std::string_view what) {
  auto tree = base::parse_json(text, what);
  if (!tree || !tree->is_object()) return unreadable(what);
  return tree;
}

RoutineRunState state_of(const Job& job, const RoutineRunNotes& notes) {
  using enum RoutineRunState;
  if (notes.end == RoutineRunEnd::blocked) return blocked_policy;
  if (notes.end == RoutineRunEnd::denied) return denied;
  if (notes.end == RoutineRunEnd::cancelled) return cancelled;
  switch (job.state) {
    case JobState::delayed:
    case JobState::queued: return notes.run_id.empty() ? queued : running;
    // It is looked at; it has not begun before it leads the line of its routine.
    case JobState::running:
      return notes.line == RoutineLine::leads || !notes.run_id.empty() ? running : queued;
    case JobState::waiting: break;
    case JobState::done: return completed;
    case JobState::failed: return failed;
    case JobState::cancelled: return cancelled;
  }
  if (job.waits_for == until_approved) return pending_approval;
  if (job.waits_for == until_resumed) return paused;
  return notes.run_id.empty() ? queued : running;
}

}  // namespace

std::string_view to_string(RoutineTrigger trigger) { return enum_name(trigger_words, trigger); }
std::optional<RoutineTrigger> routine_trigger_from(std::string_view text) {
  return enum_value(trigger_words, text);
}
std::string_view to_string(RoutineRunState state) { return enum_name(run_state_words, state); }
std::optional<RoutineRunState> routine_run_state_from(std::string_view text) {
  return enum_value(run_state_words, text);
}
std::string_view to_string(RoutineRunEnd end) { return enum_name(run_end_words, end); }
std::optional<RoutineRunEnd> routine_run_end_from(std::string_view text) {
  return enum_value(run_end_words, text);
}

std::string to_payload(const RoutinePayload& payload) {
  Json tree = {{"routine", payload.routine_id},
               {"task", task_tree(payload.task)},
               {"run_count", payload.run_count}};
  if (!payload.reason.empty()) tree["reason"] = payload.reason;
  return base::to_text(tree);
}

Result<RoutinePayload> payload_from(std::string_view text) {
  const auto tree = object_of(text, "payload");
  if (!tree) return fail(tree.error());
  const auto task = tree->find("task");
  RoutinePayload out{.routine_id = member_text(*tree, "routine"),
                     .run_count = static_cast<int>(number_in(*tree, "run_count", 1)),
                     .reason = member_text(*tree, "reason")};
  if (out.routine_id.empty() || task == tree->end() || !task->is_object()) {
    return unreadable("payload");
  }
  out.task = task_in(*task);
  return out;
}

std::string definition_text(const Routine& routine) {
  return base::to_text({{"name", routine.name},
                        {"task", task_tree(routine.task)},
                        {"creator_type", routine.creator_type},
                        {"creator_id", routine.creator_id}});
}

Result<void> read_definition(std::string_view text, Routine& into) {
  const auto tree = object_of(text, "definition");
  if (!tree) return fail(tree.error());
  const auto task = tree->find("task");
  if (task == tree->end() || !task->is_object()) return unreadable("definition");
  into.name = member_text(*tree, "name");
  into.task = task_in(*task);
  into.creator_type = member_text(*tree, "creator_type");
  into.creator_id = member_text(*tree, "creator_id");
  return {};
}

std::string notes_text(const RoutineRunNotes& notes) {
  Json artifacts = Json::array();
  for (const RoutineArtifact& one : notes.artifacts) artifacts.push_back(artifact_tree(one));
  return base::to_text({{"thread", notes.thread_id},
                        {"run", notes.run_id},
                        {"last_thread", notes.last_thread_id},
                        {"end", to_string(notes.end)},
                        {"is_told", notes.is_told},
                        {"is_approved", notes.is_approved},
                        {"approval_reason", notes.approval_reason},
                        {"denial_reason", notes.denial_reason},
                        {"paused_reason", notes.paused_reason},
                        {"detail", notes.detail},
                        {"prompt_tokens", notes.prompt_tokens},
                        {"completion_tokens", notes.completion_tokens},
                        {"cost_micros", notes.cost_micros},
                        {"artifacts", std::move(artifacts)}});
}

Result<void> read_notes(std::string_view text, RoutineRunNotes& into) {
  const auto tree = object_of(text, "notes");
  if (!tree) return fail(tree.error());
  const auto end = routine_run_end_from(member_text(*tree, "end"));
  if (!end) return unreadable("notes");
  into.end = *end;
  into.thread_id = member_text(*tree, "thread");
  into.run_id = member_text(*tree, "run");
  into.last_thread_id = member_text(*tree, "last_thread");
  into.is_told = flag_in(*tree, "is_told");
  into.is_approved = flag_in(*tree, "is_approved");
  into.approval_reason = member_text(*tree, "approval_reason");
  into.denial_reason = member_text(*tree, "denial_reason");
  into.paused_reason = member_text(*tree, "paused_reason");
  into.detail = member_text(*tree, "detail");
  into.prompt_tokens = number_in(*tree, "prompt_tokens");
  into.completion_tokens = number_in(*tree, "completion_tokens");
  into.cost_micros = number_in(*tree, "cost_micros");
  into.artifacts.clear();
  const auto artifacts = tree->find("artifacts");
  if (artifacts == tree->end() || !artifacts->is_array()) return {};
  for (const Json& one : *artifacts) {
    if (one.is_object()) into.artifacts.push_back(artifact_in(one));
  }
  return {};
}

std::string routine_task_name(std::string_view routine_id) {
  return std::string(routine_handler) + ":" + std::string(routine_id);
}

bool is_routine_job(const Job& job) {
  return job.work.kind == JobHandlerKind::internal && job.work.name == routine_handler;
}

Result<RoutineRun> routine_run_of(const Job& job, std::optional<RoutineRunNotes> notes) {
  auto payload = payload_from(job.payload);
  if (!payload) return fail(std::move(payload.error()));
  const bool is_scheduled = !job.origin.schedule_id.empty();
  RoutineRun out{.id = job.id,
                 .scope = job.owner.scope,
                 .owner = job.owner.user_id,
                 .routine_id = payload->routine_id,
                 .trigger = is_scheduled ? RoutineTrigger::scheduled : RoutineTrigger::manual,
                 .run_count = is_scheduled ? job.origin.due_times : payload->run_count,
                 .created_at = job.created_at,
                 .updated_at = job.updated_at,
                 .fired_at = is_scheduled && job.origin.due_at ? job.origin.due_at : job.created_at,
                 .finished_at = job.finished_at,
                 .task = std::move(payload->task),
                 .notes = notes ? std::move(*notes)
                                : RoutineRunNotes{.id = job.id,
                                                  .scope = job.owner.scope,
                                                  .owner = job.owner.user_id,
                                                  .routine_id = payload->routine_id}};
  out.state = state_of(job, out.notes);
  if (!out.notes.last_thread_id.empty()) out.started_at = job.started_at;
  return out;
}

}  // namespace colonnade::core
