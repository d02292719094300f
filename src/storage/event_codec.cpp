// long: every part and event, both ways
#include "storage/event_codec.hpp"

#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "base/json.hpp"
#include "storage/stored_object.hpp"

namespace colonnade::storage {
namespace {

using base::Json;
using base::JsonWriter;
using base::Result;

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

// --- parts --------------------------------------------------------------------------------------

void write_part(JsonWriter& w, const core::Part& part) {
  w.object();
  std::visit(
      Match{
          [&](const core::TextPart& p) { w.field("kind", "text").field("text", p.text); },
          [&](const core::ReasoningPart& p) {
            w.field("kind", "reasoning");
            write_text(w, "provider", p.provider);
            write_text(w, "text", p.text);
            write_text(w, "signature", p.signature);
            write_text(w, "redacted", p.redacted);
            write_tree(w, "details", p.details);
          },
          [&](const core::RefusalPart& p) { w.field("kind", "refusal").field("text", p.text); },
          [&](const core::FilePart& p) {
            w.field("kind", "file");
            write_text(w, "mime", p.mime);
            write_text(w, "filename", p.filename);
            write_text(w, "url", p.url);
            write_number(w, "bytes", p.bytes);
          },
          [&](const core::ToolCallPart& p) {
            w.field("kind", "tool_call");
            write_text(w, "call_id", p.call_id);
            write_text(w, "tool", p.tool);
            write_tree(w, "arguments", p.arguments);
            write_text(w, "malformed_arguments", p.malformed_arguments);
          },
          [&](const core::ToolResultPart& p) {
            w.field("kind", "tool_result");
            write_text(w, "call_id", p.call_id);
            write_text(w, "tool", p.tool);
            write_text(w, "content", p.content);
            if (p.is_error) w.field("is_error", true);
          },
          [&](const core::ProviderPart& p) {
            w.field("kind", "provider");
            write_text(w, "provider", p.provider);
            write_tree(w, "block", p.block);
          },
      },
      part);
  w.end_object();
}

void write_parts(JsonWriter& w, const std::vector<core::Part>& parts) {
  w.array();
  for (const core::Part& part : parts) write_part(w, part);
  w.end_array();
}

core::Part take_part(StoredObject& o) {
  const std::string kind = o.text("kind");
  if (kind == "text") return core::TextPart{o.text("text")};
  if (kind == "reasoning") {
    return core::ReasoningPart{.provider = o.text("provider"),
                               .text = o.text("text"),
                               .signature = o.text("signature"),
                               .redacted = o.text("redacted"),
                               .details = o.tree("details")};
  }
  if (kind == "refusal") return core::RefusalPart{o.text("text")};
  if (kind == "file") {
    return core::FilePart{.mime = o.text("mime"),
                          .filename = o.text("filename"),
                          .url = o.text("url"),
                          .bytes = o.number("bytes")};
  }
  if (kind == "tool_call") {
    return core::ToolCallPart{.call_id = o.text("call_id"),
                              .tool = o.text("tool"),
                              .arguments = o.tree("arguments"),
                              .malformed_arguments = o.text("malformed_arguments")};
  }
  if (kind == "tool_result") {
    return core::ToolResultPart{.call_id = o.text("call_id"),
                                .tool = o.text("tool"),
                                .content = o.text("content"),
                                .is_error = o.flag("is_error")};
  }
  if (kind == "provider") {
    return core::ProviderPart{.provider = o.text("provider"), .block = o.tree("block")};
  }
  o.refuse("unknown kind of part: " + kind);
  return core::TextPart{};
}

std::vector<core::Part> take_parts(StoredObject& o) {
  std::vector<core::Part> parts;
  o.each_object("parts", [&](StoredObject& part) { parts.push_back(take_part(part)); });
  return parts;
}

// --- messages inside events ---------------------------------------------------------------------

void write_usage(JsonWriter& w, const core::Usage& usage) {
  w.key("usage").object();
  w.field("input_tokens", usage.input_tokens).field("output_tokens", usage.output_tokens);
  write_number(w, "cached_input_tokens", usage.cached_input_tokens);
  write_number(w, "cache_write_tokens", usage.cache_write_tokens);
  write_number(w, "reasoning_tokens", usage.reasoning_tokens);
  if (usage.reported_cost_micros) w.field("reported_cost_micros", *usage.reported_cost_micros);
  w.end_object();
}

core::Usage take_usage(StoredObject& o) {
  return {.input_tokens = o.number("input_tokens"),
          .output_tokens = o.number("output_tokens"),
          .cached_input_tokens = o.number("cached_input_tokens"),
          .cache_write_tokens = o.number("cache_write_tokens"),
          .reasoning_tokens = o.number("reasoning_tokens"),
          .reported_cost_micros = o.has("reported_cost_micros")
                                      ? std::optional(o.number("reported_cost_micros"))
                                      : std::nullopt};
}

void write_origin(JsonWriter& w, const core::AnswerOrigin& origin) {
  w.object();
  write_text(w, "agent_id", origin.agent_id);
  write_text(w, "version_id", origin.version_id);
  write_text(w, "version_bucket", origin.version_bucket);
  write_number(w, "cost_micros", origin.cost_micros);
  write_number(w, "took_micros", origin.took_micros);
  write_tree(w, "structured_output", origin.structured_output);
  w.end_object();
}

core::AnswerOrigin take_origin(StoredObject& o) {
  return {.agent_id = o.text("agent_id"),
          .version_id = o.text("version_id"),
          .version_bucket = o.text("version_bucket"),
          .cost_micros = o.number("cost_micros"),
          .took_micros = o.number("took_micros"),
          .structured_output = o.tree("structured_output")};
}

void write_message(JsonWriter& w, const core::Message& m) {
  w.key("message").object();
  w.field("id", m.id).field("thread_id", m.thread_id);
  write_text(w, "run_id", m.run_id);
  w.field("role", core::to_string(m.role));
  w.key("parts");
  write_parts(w, m.parts);
  write_text(w, "user_id", m.user_id);
  write_text(w, "device_id", m.device_id);
  w.field("created_at", m.created_at.micros);
  write_text(w, "model", m.model);
  write_text(w, "provider", m.provider);
  if (m.usage) write_usage(w, *m.usage);
  write_tree(w, "metadata", m.metadata);
  write_text(w, "reply_to", m.reply_to);
  if (m.edited_out) w.field("edited_out", true);
  write_text(w, "edits", m.edits);
  if (m.revision != 1) w.field("revision", m.revision);
  if (m.origin) write_origin(w.key("origin"), *m.origin);
  w.end_object();
}

core::Message take_message(StoredObject& o) {
  core::Message m{.id = o.text("id"),
                  .thread_id = o.text("thread_id"),
                  .run_id = o.text("run_id"),
                  .role = o.named("role", core::role_from, core::Role::user),
                  .parts = take_parts(o),
                  .user_id = o.text("user_id"),
                  .device_id = o.text("device_id"),
                  .created_at = {o.number("created_at")},
                  .model = o.text("model"),
                  .provider = o.text("provider"),
                  .metadata = o.tree("metadata")};
  o.object("usage", [&](StoredObject& usage) { m.usage = take_usage(usage); });
  m.reply_to = o.text("reply_to");
  m.edited_out = o.flag("edited_out");
  m.edits = o.text("edits");
  if (o.has("revision")) m.revision = static_cast<int>(o.number("revision"));
  o.object("origin", [&](StoredObject& origin) { m.origin = take_origin(origin); });
  return m;
}

// --- events -------------------------------------------------------------------------------------

void write_artifact_event(JsonWriter& w, const core::ArtifactStarted& e) {
  w.field("kind", "artifact_started").field("key", e.key);
  write_text(w, "artifact_id", e.artifact_id);
  w.field("artifact_kind", core::to_string(e.kind)).field("revision", e.revision);
  write_text(w, "title", e.title);
  write_text(w, "language", e.language);
}

void write_artifact_event(JsonWriter& w, const core::ArtifactDelta& e) {
  w.field("kind", "artifact_delta").field("key", e.key);
  write_text(w, "artifact_id", e.artifact_id);
  write_text(w, "text", e.text);
}

void write_artifact_event(JsonWriter& w, const core::ArtifactCommitted& e) {
  w.field("kind", "artifact_committed").field("key", e.key);
  write_text(w, "artifact_id", e.artifact_id);
  w.field("artifact_kind", core::to_string(e.kind)).field("revision", e.revision);
  write_text(w, "title", e.title);
  write_text(w, "language", e.language);
  write_text(w, "content", e.content);
  if (e.content_left_out) w.field("content_left_out", true);
  w.field("created_at", e.created_at.micros);
}

void write_artifact_event(JsonWriter& w, const core::ArtifactFailed& e) {
  w.field("kind", "artifact_failed");
  write_text(w, "artifact_id", e.artifact_id);
  write_text(w, "key", e.key);
  w.field("fault", core::to_string(e.fault));
  write_text(w, "message", e.message);
}

void write_citations(JsonWriter& w, const std::vector<core::Citation>& citations) {
  if (citations.empty()) return;
  w.key("citations").array();
  for (const core::Citation& one : citations) {
    w.object();
    write_text(w, "url", one.url);
    write_text(w, "title", one.title);
    write_text(w, "text", one.text);
    w.end_object();
  }
  w.end_array();
}

void write_spawned_job(JsonWriter& w, const core::SpawnedJobMoved& e) {
  w.field("kind", "spawned_job_moved").field("job_id", e.job_id);
  write_text(w, "task", e.task);
  w.field("state", core::to_string(e.state));
  write_number(w, "attempts_made", e.attempts_made);
  if (e.failure != core::JobFailure::none) w.field("failure", core::to_string(e.failure));
  write_text(w, "metadata", e.metadata);
  write_text(w, "output", e.output);
  if (e.output_left_out) w.field("output_left_out", true);
  write_text(w, "error", e.error);
}

void write_event(JsonWriter& w, const core::EventBody& body) {  // long: a case for each event
  std::visit(
      Match{
          [&](const core::MessageStored& e) {
            w.field("kind", "message_stored");
            write_message(w, e.message);
          },
          [&](const core::RunStarted& e) {
            w.field("kind", "run_started");
            write_message(w, e.user_message);
          },
          [&](const core::TextDelta& e) { w.field("kind", "text_delta").field("text", e.text); },
          [&](const core::ReasoningDelta& e) {
            w.field("kind", "reasoning_delta").field("text", e.text);
          },
          [&](const core::OutputRestarted&) { w.field("kind", "output_restarted"); },
          [&](const core::ModelChanged& e) {
            w.field("kind", "model_changed").field("because", core::to_string(e.because));
            write_text(w, "provider", e.provider);
            write_text(w, "model", e.model);
          },
          [&](const core::SourcesCited& e) {
            w.field("kind", "sources_cited");
            write_citations(w, e.citations);
          },
          [&](const core::ToolCallRequested& e) {
            w.field("kind", "tool_call_requested").field("tool_call_id", e.tool_call_id);
            write_text(w, "call_id", e.call_id);
            write_text(w, "tool", e.tool);
            write_tree(w, "arguments", e.arguments);
          },
          [&](const core::ToolCallStarted& e) {
            w.field("kind", "tool_call_started").field("tool_call_id", e.tool_call_id);
            write_text(w, "tool", e.tool);
          },
          [&](const core::ToolCallFinished& e) {
            w.field("kind", "tool_call_finished").field("tool_call_id", e.tool_call_id);
            write_text(w, "call_id", e.call_id);
            write_text(w, "tool", e.tool);
            w.field("state", core::to_string(e.state));
            write_text(w, "result", e.result);
            write_text(w, "authorization_url", e.authorization_url);
          },
          [&](const core::ApprovalRequested& e) {
            w.field("kind", "approval_requested").field("approval_id", e.approval_id);
            write_text(w, "tool_call_id", e.tool_call_id);
            write_text(w, "tool", e.tool);
            write_tree(w, "arguments", e.arguments);
          },
          [&](const core::ApprovalResolved& e) {
            w.field("kind", "approval_resolved").field("approval_id", e.approval_id);
            write_text(w, "tool_call_id", e.tool_call_id);
            w.field("approved", e.approved);
            write_text(w, "by", e.by);
            write_text(w, "reason", e.reason);
          },
          [&](const core::RunFinished& e) {
            w.field("kind", "run_finished").field("state", core::to_string(e.state));
            if (e.message) write_message(w, *e.message);
            write_text(w, "error", e.error);
            if (e.usage != core::Usage{}) write_usage(w, e.usage);
            write_number(w, "cost_micros", e.cost_micros);
          },
          [&](const core::ThreadChanged& e) {
            w.field("kind", "thread_changed").field("title", e.title);
            if (e.deleted) w.field("deleted", true);
            if (e.kind != core::ThreadChangeKind::other) {
              w.field("what", core::to_string(e.kind));
            }
          },
          [&](const core::StructuredOutputMade& e) {
            w.field("kind", "structured_output_made");
            write_tree(w, "value", e.value);
            w.field("attempts", e.attempts);
          },
          [&](const core::StructuredOutputRefused& e) {
            w.field("kind", "structured_output_refused").field("attempts", e.attempts);
            write_texts(w, "violations", e.violations);
          },
          [&](const core::SpawnedJobMoved& e) { write_spawned_job(w, e); },
          [&](const core::ArtifactStarted& e) { write_artifact_event(w, e); },
          [&](const core::ArtifactDelta& e) { write_artifact_event(w, e); },
          [&](const core::ArtifactCommitted& e) { write_artifact_event(w, e); },
          [&](const core::ArtifactFailed& e) { write_artifact_event(w, e); },
      },
      body);
}

core::Message required_message(StoredObject& o) {
  core::Message message;
  if (!o.object("message", [&](StoredObject& m) { message = take_message(m); })) {
    o.refuse("an event without its message");
  }
  return message;
}

core::EventBody take_tool_event(StoredObject& o, std::string_view kind) {
  if (kind == "tool_call_requested") {
    return core::ToolCallRequested{.tool_call_id = o.text("tool_call_id"),
                                   .call_id = o.text("call_id"),
                                   .tool = o.text("tool"),
                                   .arguments = o.tree("arguments")};
  }
  if (kind == "tool_call_started") {
    return core::ToolCallStarted{.tool_call_id = o.text("tool_call_id"), .tool = o.text("tool")};
  }
  if (kind == "tool_call_finished") {
    return core::ToolCallFinished{
        .tool_call_id = o.text("tool_call_id"),
        .call_id = o.text("call_id"),
        .tool = o.text("tool"),
        .state = o.named("state", core::tool_call_state_from, core::ToolCallState::failed),
        .result = o.text("result"),
        .authorization_url = o.text("authorization_url")};
  }
  if (kind == "approval_requested") {
    return core::ApprovalRequested{.approval_id = o.text("approval_id"),
                                   .tool_call_id = o.text("tool_call_id"),
                                   .tool = o.text("tool"),
                                   .arguments = o.tree("arguments")};
  }
  if (kind == "approval_resolved") {
    return core::ApprovalResolved{.approval_id = o.text("approval_id"),
                                  .tool_call_id = o.text("tool_call_id"),
                                  .approved = o.flag("approved"),
                                  .by = o.text("by"),
                                  .reason = o.text("reason")};
  }
  o.refuse("an unknown kind of event: " + std::string(kind));
  return core::OutputRestarted{};
}

core::ArtifactKind take_artifact_kind(StoredObject& o) {
  return o.named("artifact_kind", core::artifact_kind_from, core::ArtifactKind::markdown);
}

core::EventBody take_artifact_event(StoredObject& o, std::string_view kind) {
  if (kind == "artifact_started") {
    return core::ArtifactStarted{.artifact_id = o.text("artifact_id"),
                                 .key = o.text("key"),
                                 .kind = take_artifact_kind(o),
                                 .revision = static_cast<int>(o.number("revision")),
                                 .title = o.text("title"),
                                 .language = o.text("language")};
  }
  if (kind == "artifact_delta") {
    return core::ArtifactDelta{
        .artifact_id = o.text("artifact_id"), .key = o.text("key"), .text = o.text("text")};
  }
  if (kind == "artifact_committed") {
    return core::ArtifactCommitted{.artifact_id = o.text("artifact_id"),
                                   .key = o.text("key"),
                                   .kind = take_artifact_kind(o),
                                   .revision = static_cast<int>(o.number("revision")),
                                   .title = o.text("title"),
                                   .language = o.text("language"),
                                   .content = o.text("content"),
                                   .content_left_out = o.flag("content_left_out"),
                                   .created_at = {o.number("created_at")}};
  }
  return core::ArtifactFailed{
      .artifact_id = o.text("artifact_id"),
      .key = o.text("key"),
      .fault = o.named("fault", core::artifact_fault_from, core::ArtifactFault::persist_failed),
      .message = o.text("message")};
}

core::SpawnedJobMoved take_spawned_job(StoredObject& o) {
  core::SpawnedJobMoved e{.job_id = o.text("job_id"),
                          .task = o.text("task"),
                          .state = o.named("state", core::job_state_from, core::JobState::queued),
                          .attempts_made = static_cast<int>(o.number("attempts_made")),
                          .metadata = o.text("metadata"),
                          .output = o.text("output"),
                          .output_left_out = o.flag("output_left_out"),
                          .error = o.text("error")};
  if (o.has("failure")) {
    e.failure = o.named("failure", core::job_failure_from, core::JobFailure::none);
  }
  return e;
}

core::EventBody take_event(StoredObject& o) {
  const std::string kind = o.text("kind");
  if (kind == "text_delta") return core::TextDelta{o.text("text")};
  if (kind == "reasoning_delta") return core::ReasoningDelta{o.text("text")};
  if (kind == "message_stored") return core::MessageStored{required_message(o)};
  if (kind == "run_started") return core::RunStarted{required_message(o)};
  if (kind == "output_restarted") return core::OutputRestarted{};
  if (kind == "model_changed") {
    return core::ModelChanged{
        .provider = o.text("provider"),
        .model = o.text("model"),
        .because = o.named("because", core::model_fault_from, core::ModelFault::unavailable)};
  }
  if (kind == "sources_cited") {
    core::SourcesCited e;
    o.each_object("citations", [&](StoredObject& one) {
      e.citations.push_back(
          {.url = one.text("url"), .title = one.text("title"), .text = one.text("text")});
    });
    return e;
  }
  if (kind == "run_finished") {
    core::RunFinished e{.state = o.named("state", core::run_state_from, core::RunState::failed),
                        .error = o.text("error"),
                        .cost_micros = o.number("cost_micros")};
    o.object("usage", [&](StoredObject& usage) { e.usage = take_usage(usage); });
    o.object("message", [&](StoredObject& m) { e.message = take_message(m); });
    return e;
  }
  if (kind == "thread_changed") {
    core::ThreadChanged e{.title = o.text("title"), .deleted = o.flag("deleted")};
    if (o.has("what")) {
      e.kind = o.named("what", core::thread_change_kind_from, core::ThreadChangeKind::other);
    }
    return e;
  }
  if (kind == "structured_output_made") {
    return core::StructuredOutputMade{.value = o.tree("value"),
                                      .attempts = static_cast<int>(o.number("attempts"))};
  }
  if (kind == "structured_output_refused") {
    return core::StructuredOutputRefused{.violations = o.texts("violations"),
                                         .attempts = static_cast<int>(o.number("attempts"))};
  }
  if (kind == "spawned_job_moved") return take_spawned_job(o);
  if (kind == "artifact_started" || kind == "artifact_delta" || kind == "artifact_committed" ||
      kind == "artifact_failed") {
    return take_artifact_event(o, kind);
  }
  return take_tool_event(o, kind);
}

// A text delta without escapes is by far the most frequent event; it needs no parser.
std::optional<core::EventBody> plain_text_delta(std::string_view text) {
  constexpr std::string_view head = R"({"kind":"text_delta","text":")";
  constexpr std::string_view tail = R"("})";
  if (!text.starts_with(head) || !text.ends_with(tail)) return std::nullopt;
  if (text.size() < head.size() + tail.size()) return std::nullopt;
  text.remove_prefix(head.size());
  text.remove_suffix(tail.size());
  if (text.find_first_of("\\\"") != std::string_view::npos) return std::nullopt;
  return core::TextDelta{std::string(text)};
}

}  // namespace

void append_event_body(std::string& out, const core::EventBody& body) {
  JsonWriter w(out);
  w.object();
  write_event(w, body);
  w.end_object();
}

Result<core::EventBody> read_event_body(std::string_view text) {
  if (auto delta = plain_text_delta(text)) return std::move(*delta);
  auto tree = read_tree(text);
  if (!tree) return base::fail(std::move(tree.error()));
  StoredObject object(*tree);
  core::EventBody body = take_event(object);
  if (!object.error().empty()) return stored_wrongly("event", object.error());
  return body;
}

void append_parts(std::string& out, const std::vector<core::Part>& parts) {
  JsonWriter w(out);
  write_parts(w, parts);
}

Result<std::vector<core::Part>> read_parts(std::string_view text) {
  auto tree = read_tree(text);
  if (!tree) return base::fail(std::move(tree.error()));
  Json wrapped = Json::object();
  wrapped["parts"] = std::move(*tree);
  StoredObject object(wrapped);
  std::vector<core::Part> parts = take_parts(object);
  if (!object.error().empty()) return stored_wrongly("message", object.error());
  return parts;
}

std::string settings_text(const core::ModelSettings& s) {
  std::string out;
  if (s == core::ModelSettings{}) return out;
  JsonWriter w(out);
  w.object().field("kind", "settings");
  if (s.provider) w.field("provider", *s.provider);
  if (s.model) w.field("model", *s.model);
  if (s.temperature) w.field("temperature", *s.temperature);
  if (s.max_output_tokens) w.field("max_output_tokens", *s.max_output_tokens);
  if (s.reasoning_effort) w.field("reasoning_effort", *s.reasoning_effort);
  if (s.rounds_max) w.field("rounds_max", *s.rounds_max);
  if (s.counts_tool_calls) w.field("counts_tool_calls", *s.counts_tool_calls);
  if (s.run_seconds_max) w.field("run_seconds_max", *s.run_seconds_max);
  if (s.approval_seconds_max) w.field("approval_seconds_max", *s.approval_seconds_max);
  if (s.retries_max) w.field("retries_max", *s.retries_max);
  if (s.limited_retries_max) w.field("limited_retries_max", *s.limited_retries_max);
  if (s.fallbacks) {
    w.key("fallbacks").array();
    for (const core::ModelFallback& one : *s.fallbacks) {
      w.object().field("fault", core::to_string(one.fault)).field("route", one.route).end_object();
    }
    w.end_array();
  }
  if (s.keeps_partial_reply) w.field("keeps_partial_reply", *s.keeps_partial_reply);
  w.end_object();
  return out;
}

Result<core::ModelSettings> read_settings(std::string_view text) {
  core::ModelSettings s;
  if (text.empty()) return s;
  auto tree = read_tree(text);
  if (!tree) return base::fail(std::move(tree.error()));
  StoredObject o(*tree);
  if (o.has("provider")) s.provider = o.text("provider");
  if (o.has("model")) s.model = o.text("model");
  if (o.has("temperature")) s.temperature = o.real("temperature");
  if (o.has("max_output_tokens")) {
    s.max_output_tokens = static_cast<int>(o.number("max_output_tokens"));
  }
  if (o.has("reasoning_effort")) s.reasoning_effort = o.text("reasoning_effort");
  if (o.has("rounds_max")) s.rounds_max = static_cast<int>(o.number("rounds_max"));
  if (o.has("counts_tool_calls")) s.counts_tool_calls = o.flag("counts_tool_calls");
  if (o.has("run_seconds_max")) {
    s.run_seconds_max = static_cast<int>(o.number("run_seconds_max"));
  }
  if (o.has("approval_seconds_max")) {
    s.approval_seconds_max = static_cast<int>(o.number("approval_seconds_max"));
  }
  if (o.has("retries_max")) s.retries_max = static_cast<int>(o.number("retries_max"));
  if (o.has("limited_retries_max")) {
    s.limited_retries_max = static_cast<int>(o.number("limited_retries_max"));
  }
  if (o.has("fallbacks")) {
    s.fallbacks.emplace();
    o.each_object("fallbacks", [&](StoredObject& one) {
      core::ModelFallback made{.route = one.text("route")};
      made.fault = one.named("fault", core::model_fault_from, core::ModelFault::unavailable);
      s.fallbacks->push_back(std::move(made));
    });
  }
  if (o.has("keeps_partial_reply")) s.keeps_partial_reply = o.flag("keeps_partial_reply");
  if (!o.error().empty()) return stored_wrongly("settings", o.error());
  return s;
}

std::optional<std::string> names_text(const std::optional<std::vector<std::string>>& names) {
  if (!names) return std::nullopt;
  std::string out;
  JsonWriter w(out);
  w.array();
  for (const std::string& name : *names) w.value(name);
  w.end_array();
  return out;
}

Result<std::vector<std::string>> read_names(std::string_view text) {
  auto tree = read_tree(text);
  if (!tree) return base::fail(std::move(tree.error()));
  std::vector<std::string> names;
  if (!tree->is_array()) return stored_wrongly("list of names", "it is not an array");
  for (Json& name : *tree) {
    if (!name.is_string()) return stored_wrongly("list of names", "a name is not a string");
    names.push_back(std::move(name.get_ref<std::string&>()));
  }
  return names;
}

}  // namespace colonnade::storage
