// Routines and automations: bodies of requests and replies.
#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "sdk/tandem/body_members.hpp"
#include "sdk/tandem/engine_cron.hpp"
#include "sdk/tandem/replies.hpp"
#include "sdk/tandem/schedule_members.hpp"
#include "sdk/tandem/wire.hpp"

namespace colonnade::inline v1::tandem {

// --- reading
// --------------------------------------------------------------------------------------

static void read_id(std::string& id, std::string&& other) {
  if (id.empty()) id = std::move(other);
}

void read(Element value, OptionalMoment& out) {
  if (value.is_null()) return;
  Timestamp at;
  Moment moment{.at = at, .nanos_per_unit = nanos_per_millisecond};
  read(value, moment);
  if (at != Timestamp()) out.at = at;
}

// An interval in whole seconds; one that is finer stays as the server said it.
static std::optional<Interval> interval_in(Element form) {
  std::int64_t millis = 0;
  if (const auto value = member(form, "intervalMs")) read(*value, millis);
  constexpr std::int64_t millis_per_second = 1000;
  if (millis % millis_per_second != 0) return std::nullopt;
  std::int64_t seconds = millis / millis_per_second;
  for (const char* name : {"interval_seconds", "intervalSeconds"}) {
    if (const auto value = member(form, name)) {
      read(*value, seconds);
      if (const auto inner = member(*value, "seconds")) read(*inner, seconds);
    }
  }
  if (seconds <= 0) return std::nullopt;
  return Interval{std::chrono::seconds(seconds)};
}

// The forms that servers write (tandem §2.5).
void read(Element value, Schedule& out) {
  if (value.is_null()) return;
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    out = Schedule(std::string(text));
    return;
  }
  const auto tagged = member(value, "cron");
  std::string cron = text_member(value, {"cron_expression", "cronExpression", "cron"});
  if (tagged && cron.empty()) cron = text_member(*tagged, {"expression"});
  if (!cron.empty()) {
    out = Schedule(std::move(cron));
  } else if (const auto interval = interval_in(value)) {
    out = Schedule(*interval);
  } else if (text_member(value, {"type"}) == "manual") {
    out = Schedule(Manual{});
  } else {
    out = Schedule(colonnade::detail::to_json(value));
  }
}

// Words of the engine and of the SDKs.
static MisfirePolicy misfire_policy_of(std::string_view name) {
  if (name == "skip") return MisfirePolicy::skip;
  return name == "catch_up" ? MisfirePolicy::catch_up : MisfirePolicy::run_once;
}

void read(Element value, Misfires& out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    out.policy = misfire_policy_of(text);
    return;
  }
  out.policy = misfire_policy_of(text_member(value, {"type"}));
  std::int64_t runs = 0;
  if (const auto most = member(value, "max_runs")) read(*most, runs);
  if (runs > 0) out.catch_up_max = runs;
}

// What an automation keeps in its mission and its policy.
static void read_automation(Element value, Routine& out) {
  if (const auto mission = member(value, "mission")) {
    out.prompt = text_member(*mission, {"objective"});
    if (out.entrypoint.empty()) out.entrypoint = text_member(*mission, {"entrypoint_compat"});
  }
  const auto policy = member(value, "policy");
  if (!policy) return;
  if (const auto tool = member(*policy, "tool")) {
    if (const auto list = member(*tool, "run_allowlist")) read(*list, out.allowed_tools);
    if (const auto allowed = member(*tool, "external_integrations_allowed")) {
      read(*allowed, out.external_integrations_allowed);
    }
  }
  const auto approval = member(*policy, "approval");
  const auto required = approval ? member(*approval, "requires_approval") : std::nullopt;
  if (required) read(*required, out.requires_approval);
}

static void read(Element value, Routine& out) {
  OptionalMoment next{out.next_fire_at};
  OptionalMoment last{out.last_fired_at};
  Misfires misfires{.policy = out.misfire_policy, .catch_up_max = out.catch_up_max};
  std::string named;  // what an engine calls it
  read_object(value, out.extra, Field{"id", out.id}, Field{"routine_id", named},
              Field{"automation_id", named}, Field{"name", out.name}, Field{"status", out.status},
              Field{"schedule", out.schedule}, Field{"timezone", out.timezone},
              Field{"misfire_policy", misfires}, Field{"entrypoint", out.entrypoint},
              Field{"args", out.args}, Field{"allowed_tools", out.allowed_tools},
              Field{"output_targets", out.output_targets},
              Field{"requires_approval", out.requires_approval},
              Field{"external_integrations_allowed", out.external_integrations_allowed},
              Field{"creator_type", out.creator_type}, Field{"creator_id", out.creator_id},
              Field{"mode", out.mode}, Field{"mission", out.mission}, Field{"policy", out.policy},
              Field{"next_fire_at_ms", next}, Field{"last_fired_at_ms", last});
  read_id(out.id, std::move(named));
  if (out.status == "active") out.status = "enabled";
  read_automation(value, out);
  const Json* prompt = out.args.find("prompt");
  if (out.prompt.empty() && prompt != nullptr && prompt->is_string()) {
    out.prompt = prompt->as_string();
  }
  if (out.prompt.empty()) out.prompt = out.entrypoint;
}

void read(Element value, RunArtifact& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_millisecond};
  read_object(value, out.extra, Field{"artifact_id", out.artifact_id}, Field{"uri", out.uri},
              Field{"kind", out.kind}, Field{"label", out.label}, Field{"created_at_ms", created},
              Field{"content_path", out.content_path}, Field{"metadata", out.metadata});
}

bool is_terminal_routine_status(std::string_view status) noexcept {
  constexpr std::array<std::string_view, 5> names{"completed", "failed", "cancelled", "denied",
                                                  "blocked_policy"};
  return std::ranges::find(names, status) != names.end();
}

std::string Schedule::text() const {
  if (cron() != nullptr) return *cron();
  if (interval() != nullptr) return "every " + std::to_string(interval()->every.count()) + " s";
  if (manual()) return "manual";
  const Json* form = std::get_if<Json>(&value_);
  return form == nullptr ? std::string() : form->dump();
}

static void read(Element value, RoutineRun& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_millisecond};
  OptionalMoment updated{out.updated_at};
  OptionalMoment fired{out.fired_at};
  OptionalMoment started{out.started_at};
  OptionalMoment finished{out.finished_at};
  std::string automation;
  read_object(
      value, out.extra, Field{"run_id", out.run_id}, Field{"routine_id", out.routine_id},
      Field{"automation_id", automation}, Field{"trigger_type", out.trigger_type},
      Field{"run_count", out.run_count}, Field{"status", out.status},
      Field{"created_at_ms", created}, Field{"updated_at_ms", updated}, Field{"fired_at_ms", fired},
      Field{"started_at_ms", started}, Field{"finished_at_ms", finished},
      Field{"requires_approval", out.requires_approval},
      Field{"approval_reason", out.approval_reason}, Field{"denial_reason", out.denial_reason},
      Field{"paused_reason", out.paused_reason}, Field{"detail", out.detail},
      Field{"entrypoint", out.entrypoint}, Field{"args", out.args},
      Field{"allowed_tools", out.allowed_tools}, Field{"output_targets", out.output_targets},
      Field{"artifacts", out.artifacts}, Field{"active_session_ids", out.active_session_ids},
      Field{"latest_session_id", out.latest_session_id}, Field{"prompt_tokens", out.prompt_tokens},
      Field{"completion_tokens", out.completion_tokens}, Field{"total_tokens", out.total_tokens},
      Field{"estimated_cost_usd", out.estimated_cost_usd});
  read_id(out.routine_id, std::move(automation));
  // The words of the SDKs, where a server has no others.
  if (out.status == "succeeded") out.status = "completed";
  if (out.status == "canceled") out.status = "cancelled";
}

static void read(Element value, RunNow& out) {
  std::string id;
  read_object(value, out.extra, Field{"ok", out.ok}, Field{"runID", out.run_id},
              Field{"runId", out.run_id}, Field{"run_id", id}, Field{"status", out.status});
  read_id(out.run_id, std::move(id));
  const auto run = member(value, "run");
  if (!run) return;
  read_id(out.run_id, text_member(*run, {"run_id", "runID", "id"}));
  if (out.status.empty()) out.status = text_member(*run, {"status"});
}

static void read(Element value, RoutineHistoryEntry& out) {
  Moment fired{.at = out.fired_at, .nanos_per_unit = nanos_per_millisecond};
  read_object(value, out.extra, Field{"trigger_type", out.trigger_type},
              Field{"run_count", out.run_count}, Field{"status", out.status},
              Field{"detail", out.detail}, Field{"fired_at_ms", fired}, Field{"ts_ms", fired});
}

namespace wire {

// As the server takes it.
Result<Schedule> schedule_for(bool real_engine, const Schedule& schedule) {
  if (schedule.interval() != nullptr && schedule.interval()->every.count() < 1) {
    return colonnade::detail::usage("Interval::every must be 1 s or more");
  }
  if (!real_engine || schedule.cron() == nullptr) return schedule;
  auto cron = engine_cron(*schedule.cron());
  if (!cron) return std::move(cron).error();
  return Schedule(*std::move(cron));
}

std::string_view misfire_name(MisfirePolicy policy) {
  switch (policy) {
    case MisfirePolicy::run_once: return "run_once";
    case MisfirePolicy::skip: return "skip";
    case MisfirePolicy::catch_up: return "catch_up";
  }
  return "run_once";
}

namespace {

struct ScheduleWriter {
  Writer& writer;
  bool real_engine;
  void operator()(std::monostate) const {}
  void operator()(const std::string& cron) const {
    writer.key("schedule");
    if (!real_engine) {
      writer.value(cron);
      return;
    }
    writer.object().key("cron").object().field("expression", cron).end_object().end_object();
  }
  void operator()(const Interval& interval) const {
    writer.key("schedule").object().key("interval_seconds").object();
    writer.field("seconds", static_cast<std::int64_t>(interval.every.count()));
    writer.end_object().end_object();
  }
  void operator()(const Manual&) const {
    writer.key("schedule").object().field("type", "manual").end_object();
  }
  void operator()(const Json& form) const { write_some_json(writer, "schedule", form); }
};

void write_misfire_policy(Writer& writer, const std::optional<MisfirePolicy>& policy,
                          const std::optional<std::int64_t>& catch_up_max) {
  if (!policy) return;
  writer.key("misfire_policy").object().field("type", misfire_name(*policy));
  if (catch_up_max) writer.field("max_runs", *catch_up_max);
  writer.end_object();
}

void write_some_millis(Writer& writer, std::string_view name, const std::optional<Timestamp>& at) {
  if (!at) return;
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(at->time_since_epoch());
  writer.field(name, static_cast<std::int64_t>(millis.count()));
}

// What a policy says of tools and approvals; null is nothing. For routines these are members of
// their own.
struct Permits {
  const std::vector<std::string>* allowed_tools = nullptr;
  std::optional<bool> requires_approval{};
  std::optional<bool> external_integrations_allowed{};
};

void write_permits(Writer& writer, const Permits& permits) {
  if (permits.allowed_tools != nullptr) {
    write_texts(writer, "allowed_tools", *permits.allowed_tools);
  }
  write_if_set(writer, "requires_approval", permits.requires_approval);
  write_if_set(writer, "external_integrations_allowed", permits.external_integrations_allowed);
}

void write_policy(Writer& writer, const Permits& permits) {
  if (permits.allowed_tools == nullptr && !permits.requires_approval &&
      !permits.external_integrations_allowed) {
    return;
  }
  writer.key("policy").object().key("tool").object();
  if (permits.allowed_tools != nullptr) {
    write_texts(writer, "run_allowlist", *permits.allowed_tools);
  }
  write_if_set(writer, "external_integrations_allowed", permits.external_integrations_allowed);
  writer.end_object().key("approval").object();
  write_if_set(writer, "requires_approval", permits.requires_approval);
  writer.end_object().end_object();
}

// A routine's prompt, as an engine takes it: a mission of its own, with the prompt as an argument.
void write_mission(Writer& writer, std::string_view prompt, const Json& other_args) {
  writer.field("entrypoint", "mission.default");
  Json args = other_args.is_object() ? other_args : Json::object();
  args.set("prompt", prompt);
  write_some_json(writer, "args", args);
}

// An automation's.
void write_objective(Writer& writer, const CreateRoutine& request) {
  if (request.prompt.empty()) return;
  writer.key("mission").object().field("objective", request.prompt);
  write_some_texts(writer, "success_criteria", request.success_criteria);
  write_unless_empty(writer, "briefing", request.briefing);
  writer.end_object();
}

// As the SDKs send it: a routine's prompt is its entrypoint, too.
void write_prompt(Writer& writer, const CreateRoutine& request) {
  write_unless_empty(writer, "prompt", request.prompt);
  write_unless_empty(writer, "entrypoint",
                     request.entrypoint.empty() ? request.prompt : request.entrypoint);
  write_some_json(writer, "args", request.args);
}

void write_what_to_do(Writer& writer, bool real_engine, Family family,
                      const CreateRoutine& request) {
  if (family == Family::automations) {
    write_objective(writer, request);
    write_unless_empty(writer, "entrypoint", request.entrypoint);
    write_some_json(writer, "args", request.args);
    write_unless_empty(writer, "mode", request.mode);
  } else if (real_engine && !request.prompt.empty() && request.entrypoint.empty()) {
    write_mission(writer, request.prompt, request.args);
  } else {
    write_prompt(writer, request);
  }
}

// Members of the caller's own.
void write_more(Writer& writer, const Json& more) {
  if (!more.is_object()) return;
  for (const auto& [name, value] : more.as_object()) writer.key(name).raw(value.dump());
}

}  // namespace

Result<std::string> create_routine(bool real_engine, Family family, const CreateRoutine& request) {
  const auto schedule = schedule_for(real_engine, request.schedule);
  if (!schedule) return schedule.error();
  const bool of_routines = family == Family::routines;
  std::string text;
  Writer writer(text);
  writer.object();
  write_unless_empty(writer, of_routines ? "routine_id" : "automation_id", request.routine_id);
  writer.field("name", request.name);
  std::visit(ScheduleWriter{writer, real_engine}, schedule->value());
  write_unless_empty(writer, "timezone", request.timezone);
  write_misfire_policy(writer, request.misfire_policy, request.catch_up_max);
  write_what_to_do(writer, real_engine, family, request);
  const Permits permits{
      .allowed_tools = request.allowed_tools.empty() ? nullptr : &request.allowed_tools,
      .requires_approval = request.requires_approval,
      .external_integrations_allowed = request.external_integrations_allowed};
  of_routines ? write_permits(writer, permits) : write_policy(writer, permits);
  write_some_texts(writer, "output_targets", request.output_targets);
  write_some_millis(writer, "next_fire_at_ms", request.next_fire_at);
  write_more(writer, request.more);
  writer.end_object();
  return text;
}

Result<std::string> update_routine(bool real_engine, Family family, const UpdateRoutine& changes) {
  const auto schedule = schedule_for(real_engine, changes.schedule);
  if (!schedule) return schedule.error();
  const bool of_routines = family == Family::routines;
  std::string text;
  Writer writer(text);
  writer.object();
  if (changes.paused) {
    // An engine's own word for the other state (tandem §6).
    const std::string_view enabled = real_engine ? "active" : "enabled";
    writer.field("status", *changes.paused ? std::string_view("paused") : enabled);
  }
  if (changes.name) writer.field("name", *changes.name);
  std::visit(ScheduleWriter{writer, real_engine}, schedule->value());
  if (changes.timezone) writer.field("timezone", *changes.timezone);
  write_misfire_policy(writer, changes.misfire_policy, changes.catch_up_max);
  if (changes.prompt && !of_routines) {
    writer.key("mission").object().field("objective", *changes.prompt).end_object();
  } else if (changes.prompt && real_engine) {
    write_mission(writer, *changes.prompt, Json());
  } else if (changes.prompt) {
    writer.field("entrypoint", *changes.prompt);
  }
  const Permits permits{.allowed_tools = changes.allowed_tools ? &*changes.allowed_tools : nullptr,
                        .requires_approval = changes.requires_approval,
                        .external_integrations_allowed = changes.external_integrations_allowed};
  of_routines ? write_permits(writer, permits) : write_policy(writer, permits);
  if (changes.output_targets) write_texts(writer, "output_targets", *changes.output_targets);
  write_some_millis(writer, "next_fire_at_ms", changes.next_fire_at);
  write_more(writer, changes.more);
  writer.end_object();
  return text;
}

std::string add_artifact(const AddArtifact& artifact) {
  std::string text;
  Writer writer(text);
  writer.object().field("uri", artifact.uri).field("kind", artifact.kind);
  write_unless_empty(writer, "label", artifact.label);
  write_some_json(writer, "metadata", artifact.metadata);
  writer.end_object();
  return text;
}

// Whether the object says under any name what it is.
static bool has_routine_id(Element object) {
  return !text_member(object, {"id", "routine_id", "automation_id"}).empty();
}

Result<Routine> routine(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  Element object = *root;
  for (const char* wrapper : {"routine", "automation"}) {
    if (has_routine_id(object)) break;
    object = member(*root, wrapper).value_or(object);
  }
  if (!has_routine_id(object)) return malformed(spec, reply, "it lacks \"id\"");
  Routine out;
  read(object, out);
  return out;
}

Result<std::vector<Routine>> routines(const CallSpec& spec, const TransportReply& reply) {
  return list<Routine>(spec, reply, {"routines", "automations"}, "");
}

Result<RunNow> run_now(const CallSpec& spec, const TransportReply& reply) {
  auto out = one<RunNow>(spec, reply, "");
  if (out && out->run_id.empty()) return malformed(spec, reply, "it lacks \"runID\"");
  return out;
}

Result<std::vector<RoutineRun>> routine_runs(const CallSpec& spec, const TransportReply& reply) {
  return list<RoutineRun>(spec, reply, {"runs"}, "");
}

// The engine's record under `run` knows more words than the members beside it.
Result<RoutineRun> routine_run(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  const Element run = member(*root, "run").value_or(*root);
  RoutineRun out;
  read(run, out);
  if (out.run_id.empty()) return malformed(spec, reply, "it lacks \"run_id\"");
  return out;
}

Result<std::vector<RunArtifact>> artifacts(const CallSpec& spec, const TransportReply& reply) {
  return list<RunArtifact>(spec, reply, {"artifacts"}, "");
}

Result<std::vector<RoutineHistoryEntry>> history(const CallSpec& spec,
                                                 const TransportReply& reply) {
  return list<RoutineHistoryEntry>(spec, reply, {"events", "history"}, "");
}

}  // namespace wire
}  // namespace colonnade::inline v1::tandem
