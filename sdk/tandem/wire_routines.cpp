// Routines and automations: bodies of requests and replies.
#include <algorithm>
#include <utility>

#include "sdk/tandem/body_members.hpp"
#include "sdk/tandem/replies.hpp"
#include "sdk/tandem/wire.hpp"

namespace colonnade::inline v1::tandem {

// --- reading
// --------------------------------------------------------------------------------------

static void read_id(std::string& id, std::string&& other) {
  if (id.empty()) id = std::move(other);
}

struct OptionalMoment {
  std::optional<Timestamp>& at;
};
static void read(Element value, OptionalMoment& out) {
  if (value.is_null()) return;
  Timestamp at;
  Moment moment{.at = at, .nanos_per_unit = nanos_per_millisecond};
  read(value, moment);
  if (at != Timestamp()) out.at = at;
}

static void read(Element value, Routine& out) {
  OptionalMoment next{out.next_fire_at};
  OptionalMoment last{out.last_fired_at};
  std::string named;  // what an engine calls it
  read_object(value, out.extra, Field{"id", out.id}, Field{"routine_id", named},
              Field{"automation_id", named}, Field{"name", out.name}, Field{"status", out.status},
              Field{"schedule", out.schedule}, Field{"timezone", out.timezone},
              Field{"misfire_policy", out.misfire_policy}, Field{"entrypoint", out.entrypoint},
              Field{"args", out.args}, Field{"allowed_tools", out.allowed_tools},
              Field{"output_targets", out.output_targets},
              Field{"requires_approval", out.requires_approval},
              Field{"external_integrations_allowed", out.external_integrations_allowed},
              Field{"next_fire_at_ms", next}, Field{"last_fired_at_ms", last});
  read_id(out.id, std::move(named));
  if (out.status == "active") out.status = "enabled";
}

static void read(Element value, RunArtifact& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_millisecond};
  read_object(value, out.extra, Field{"artifact_id", out.artifact_id}, Field{"uri", out.uri},
              Field{"kind", out.kind}, Field{"label", out.label}, Field{"created_at_ms", created},
              Field{"metadata", out.metadata});
}

static void read(Element value, RoutineRun& out) {
  Moment created{.at = out.created_at, .nanos_per_unit = nanos_per_millisecond};
  OptionalMoment started{out.started_at};
  OptionalMoment finished{out.finished_at};
  std::string automation;
  read_object(value, out.extra, Field{"run_id", out.run_id}, Field{"routine_id", out.routine_id},
              Field{"automation_id", automation}, Field{"trigger_type", out.trigger_type},
              Field{"run_count", out.run_count}, Field{"status", out.status},
              Field{"created_at_ms", created}, Field{"started_at_ms", started},
              Field{"finished_at_ms", finished}, Field{"detail", out.detail},
              Field{"latest_session_id", out.latest_session_id}, Field{"artifacts", out.artifacts});
  read_id(out.routine_id, std::move(automation));
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
namespace {

// An engine of 0.4 wants a field for seconds, and its own form (tandem §2.5).
std::string engine_cron(const std::string& cron) {
  constexpr std::ptrdiff_t spaces_of_five_fields = 4;
  return (std::ranges::count(cron, ' ') == spaces_of_five_fields ? "0 " : "") + cron;
}

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
    writer.object().key("cron").object().field("expression", engine_cron(cron));
    writer.end_object().end_object();
  }
  void operator()(const Interval& interval) const {
    writer.key("schedule").object().key("interval_seconds").object();
    writer.field("seconds", static_cast<std::int64_t>(interval.every.count()));
    writer.end_object().end_object();
  }
  void operator()(const Json& form) const { write_some_json(writer, "schedule", form); }
};

std::string_view name_of(MisfirePolicy policy) {
  switch (policy) {
    case MisfirePolicy::run_once: return "run_once";
    case MisfirePolicy::skip: return "skip";
    case MisfirePolicy::catch_up: return "catch_up";
  }
  return "run_once";
}

void write_misfire_policy(Writer& writer, const CreateRoutine& request) {
  if (!request.misfire_policy) return;
  writer.key("misfire_policy").object().field("type", name_of(*request.misfire_policy));
  if (request.catch_up_max) writer.field("max_runs", *request.catch_up_max);
  writer.end_object();
}

// What to do, as an engine takes it: a mission of its own, with the prompt as an argument.
void write_mission(Writer& writer, const CreateRoutine& request) {
  writer.field("entrypoint", "mission.default");
  Json args = request.args.is_object() ? request.args : Json::object();
  args.set("prompt", request.prompt);
  write_some_json(writer, "args", args);
}

// The same for its automations, whose tools and approvals are a policy.
void write_automation(Writer& writer, const CreateRoutine& request) {
  writer.key("mission").object().field("objective", request.prompt).end_object();
  writer.key("policy").object().key("tool").object();
  write_some_texts(writer, "run_allowlist", request.allowed_tools);
  write_if_set(writer, "external_integrations_allowed", request.external_integrations_allowed);
  writer.end_object().key("approval").object();
  write_if_set(writer, "requires_approval", request.requires_approval);
  writer.end_object().end_object();
}

// As the SDKs send it: a routine's prompt is its entrypoint, too.
void write_prompt(Writer& writer, Family family, const CreateRoutine& request) {
  write_unless_empty(writer, "prompt", request.prompt);
  const bool copied = family == Family::routines && request.entrypoint.empty();
  write_unless_empty(writer, "entrypoint", copied ? request.prompt : request.entrypoint);
  write_some_json(writer, "args", request.args);
}

}  // namespace

std::string create_routine(bool real_engine, Family family, const CreateRoutine& request) {
  const bool translated = real_engine && !request.prompt.empty() && request.entrypoint.empty();
  const bool as_policy = translated && family == Family::automations;
  std::string text;
  Writer writer(text);
  writer.object();
  write_unless_empty(writer, family == Family::routines ? "routine_id" : "automation_id",
                     request.routine_id);
  writer.field("name", request.name);
  std::visit(ScheduleWriter{writer, real_engine}, request.schedule.value());
  write_unless_empty(writer, "timezone", request.timezone);
  write_misfire_policy(writer, request);
  if (as_policy) {
    write_automation(writer, request);
  } else {
    translated ? write_mission(writer, request) : write_prompt(writer, family, request);
    write_some_texts(writer, "allowed_tools", request.allowed_tools);
    write_if_set(writer, "requires_approval", request.requires_approval);
    write_if_set(writer, "external_integrations_allowed", request.external_integrations_allowed);
  }
  write_some_texts(writer, "output_targets", request.output_targets);
  if (request.more.is_object()) {
    for (const auto& [name, value] : request.more.as_object()) {
      writer.key(name).raw(value.dump());
    }
  }
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
