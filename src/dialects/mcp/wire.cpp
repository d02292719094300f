#include "dialects/mcp/wire.hpp"

#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "base/clock.hpp"
#include "base/utf8.hpp"
#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {
namespace {

using base::JsonWriter;

constexpr double micros_per_dollar = 1e6;

void write_time(JsonWriter& json, std::string_view name, base::Time time) {
  json.field(name, base::to_rfc3339(time));
}

// Left out when it is "".
void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.field(name, text);
}

void write_agent(JsonWriter& json, const core::Agent& agent, bool is_default) {
  json.object().field("agent_id", agent.id).field("name", agent.name);
  write_text(json, "description", agent.description);
  json.field("is_default", is_default);
  if (agent.settings.provider) json.field("provider", *agent.settings.provider);
  if (agent.settings.model) json.field("model", *agent.settings.model);
  if (agent.tools) {
    json.key("tools").array();
    for (const std::string& tool : *agent.tools) json.value(tool);
    json.end_array();
  }
  json.end_object();
}

void write_thread(JsonWriter& json, const core::Thread& thread) {
  json.field("thread_id", thread.id).field("title", thread.title);
  write_text(json, "agent_id", thread.agent_id);
  write_time(json, "created_at", thread.created_at);
  write_time(json, "updated_at", thread.updated_at);
}

void write_message(JsonWriter& json, const core::Message& message) {
  json.object().field("message_id", message.id).field("role", core::to_string(message.role));
  json.field("text", core::visible_text(message.parts));
  bool open = false;
  for (const core::Part& part : message.parts) {
    const auto* call = std::get_if<core::ToolCallPart>(&part);
    if (call == nullptr) continue;
    if (!open) json.key("tool_calls").array();
    open = true;
    json.object().field("tool", call->tool).field("arguments", call->arguments).end_object();
  }
  if (open) json.end_array();
  write_text(json, "run_id", message.run_id);
  write_time(json, "created_at", message.created_at);
  json.end_object();
}

void write_action(JsonWriter& json, const core::Action& action) {
  json.object().field("approval_id", action.id).field("state", core::to_string(action.state));
  json.field("tool", action.request.tool).field("operation", action.request.operation);
  json.key("arguments").raw(action.request.params);
  write_text(json, "reason", action.reason);
  write_text(json, "risk_level", action.decision.risk_level);
  write_text(json, "agent_id", action.request.agent_id);
  write_text(json, "thread_id", action.thread_id);
  write_text(json, "run_id", action.run_id);
  write_text(json, "resolved_by", action.resolved_by);
  write_time(json, "created_at", action.created_at);
  if (action.expires_at) write_time(json, "expires_at", *action.expires_at);
  json.end_object();
}

void write_approvals(JsonWriter& json, std::span<const core::Action> actions) {
  json.key("approvals").array();
  for (const core::Action& action : actions) write_action(json, action);
  json.end_array();
}

void write_run(JsonWriter& json, const core::Run& run, std::string_view state) {
  json.field("run_id", run.id).field("thread_id", run.thread_id).field("state", state);
  write_text(json, "agent_id", run.agent_id);
  write_text(json, "error", run.error);
}

struct EventWriter {
  JsonWriter& json;

  void start(std::string_view type) { json.field("type", type); }
  void operator()(const core::MessageStored& e) {
    start("user_message");
    json.field("text", cut_text(core::visible_text(e.message.parts)));
  }
  void operator()(const core::RunStarted& /*e*/) { start("started"); }
  void operator()(const core::TextDelta& e) {
    start("text");
    json.field("text", e.text);
  }
  void operator()(const core::ReasoningDelta& e) {
    start("reasoning");
    json.field("text", e.text);
  }
  void operator()(const core::OutputRestarted& /*e*/) { start("output_restarted"); }
  void operator()(const core::ModelChanged& e) {
    start("model_changed");
    json.field("provider", e.provider).field("model", e.model);
    json.field("because", core::to_string(e.because));
  }
  void operator()(const core::SourcesCited& e) {
    start("sources_cited");
    json.key("citations").array();
    for (const core::Citation& one : e.citations) {
      json.object();
      write_text(json, "url", one.url);
      write_text(json, "title", one.title);
      write_text(json, "text", one.text);
      json.end_object();
    }
    json.end_array();
  }
  void operator()(const core::ToolCallRequested& e) {
    start("tool_requested");
    json.field("tool", e.tool).field("arguments", e.arguments);
  }
  void operator()(const core::ToolCallStarted& e) {
    start("tool_started");
    json.field("tool", e.tool);
  }
  void operator()(const core::ToolCallFinished& e) {
    start("tool_finished");
    json.field("tool", e.tool).field("tool_state", core::to_string(e.state));
    json.field("result", cut_text(e.result));
  }
  void operator()(const core::ApprovalRequested& e) {
    start("approval_requested");
    json.field("approval_id", e.approval_id).field("tool", e.tool);
    json.field("arguments", e.arguments);
  }
  void operator()(const core::ApprovalResolved& e) {
    start("approval_resolved");
    json.field("approval_id", e.approval_id).field("approved", e.approved);
    write_text(json, "reason", e.reason);
  }
  void operator()(const core::RunFinished& e) {
    start("finished");
    json.field("run_state", core::to_string(e.state));
    if (e.message) json.field("answer", cut_text(core::visible_text(e.message->parts)));
    write_text(json, "error", e.error);
  }
  // The call that makes an artifact is told, with its result.
  void operator()(const core::ArtifactStarted& /*e*/) {}
  void operator()(const core::ArtifactDelta& /*e*/) {}
  void operator()(const core::ArtifactCommitted& /*e*/) {}
  void operator()(const core::ArtifactFailed& /*e*/) {}
  void operator()(const core::ThreadChanged& /*e*/) {}
  void operator()(const core::StructuredOutputMade& e) {
    start("structured_output");
    json.field("value", e.value);
  }
  void operator()(const core::StructuredOutputRefused& e) {
    start("structured_output_refused");
    json.key("violations").array();
    for (const std::string& violation : e.violations) json.value(violation);
    json.end_array();
  }
  void operator()(const core::SpawnedJobMoved& e) {
    start("spawned_job_moved");
    json.field("job_id", e.job_id).field("task", e.task);
    json.field("state", core::to_string(e.state));
    write_text(json, "error", e.error);
  }
};

template <class... Bodies>
bool is_any_of(const core::EventBody& body) {
  return (std::holds_alternative<Bodies>(body) || ...);
}

}  // namespace

std::string cut_text(std::string_view text) {
  if (text.size() <= limits::mcp_event_text_bytes_max) return std::string(text);
  return std::string(base::cut_utf8(text, limits::mcp_event_text_bytes_max)) +
         "… [cut: " + std::to_string(text.size()) + " bytes]";
}

std::string encode_agents(const core::Agent& standard, std::span<const core::Agent> others) {
  std::string out;
  JsonWriter json(out);
  json.object().key("agents").array();
  write_agent(json, standard, true);
  for (const core::Agent& agent : others) {
    if (agent.id != standard.id) write_agent(json, agent, false);
  }
  json.end_array().end_object();
  return out;
}

std::string encode_threads(std::span<const core::Thread> threads) {
  std::string out;
  JsonWriter json(out);
  json.object().key("threads").array();
  for (const core::Thread& thread : threads) {
    json.object();
    write_thread(json, thread);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string encode_thread(const ThreadPage& page) {
  std::string out;
  JsonWriter json(out);
  json.object();
  write_thread(json, page.thread);
  json.field("running", page.running).key("messages").array();
  for (const core::Message& message : page.messages) write_message(json, message);
  json.end_array().field("more", page.more);
  if (page.more && !page.messages.empty()) {
    write_time(json, "before", page.messages.front().created_at);
  }
  json.end_object();
  return out;
}

std::string_view state_of(const RunReport& report) {
  const bool waits = !core::is_terminal(report.run.state) && !report.waiting.empty();
  return core::to_string(waits ? core::RunState::waiting_approval : report.run.state);
}

namespace {

void write_waiting(JsonWriter& json, const RunReport& report) {
  if (report.waiting.empty()) return;
  write_approvals(json, report.waiting);
  if (report.more_waiting) json.field("more_approvals", true);
}

}  // namespace

std::string encode_report(const RunReport& report) {
  std::string out;
  JsonWriter json(out);
  json.object();
  write_run(json, report.run, state_of(report));
  if (report.run.state == core::RunState::succeeded) json.field("answer", report.answer);
  write_waiting(json, report);
  write_text(json, "next", report.next);
  json.end_object();
  return out;
}

std::string encode_run(const core::RunDetail& view, const RunReport& report) {
  const core::Run& run = view.run;
  std::string out;
  JsonWriter json(out);
  json.object();
  write_run(json, run, state_of(report));
  if (view.reply) json.field("answer", core::visible_text(view.reply->parts));
  write_waiting(json, report);
  json.key("tool_calls").array();
  for (const core::ToolCall& call : view.calls) {
    json.object().field("tool", call.tool).field("state", core::to_string(call.state));
    json.field("arguments", call.arguments).field("result", cut_text(call.result)).end_object();
  }
  json.end_array().field("rounds", run.rounds);
  json.key("usage").object().field("input_tokens", run.usage.input_tokens);
  json.field("output_tokens", run.usage.output_tokens).end_object();
  if (run.cost_micros > 0) {
    json.field("cost_usd", static_cast<double>(run.cost_micros) / micros_per_dollar);
  }
  write_time(json, "created_at", run.created_at);
  if (run.finished_at) write_time(json, "finished_at", *run.finished_at);
  write_text(json, "next", report.next);
  json.end_object();
  return out;
}

std::string encode_events(const EventPage& page) {
  std::string out;
  JsonWriter json(out);
  json.object().field("run_id", page.run_id).field("thread_id", page.thread_id);
  json.field("state", page.state).key("events").array();
  for (const std::string& event : page.events) json.raw(event);
  json.end_array().field("cursor", page.cursor).field("done", page.done).end_object();
  return out;
}

std::string encode_event(const core::Event& event) {
  if (is_any_of<core::ThreadChanged, core::ArtifactStarted, core::ArtifactDelta,
                core::ArtifactCommitted, core::ArtifactFailed>(event.body)) {
    return {};
  }
  std::string out;
  JsonWriter json(out);
  json.object().field("cursor", event.cursor).field("at", base::to_rfc3339(event.at));
  std::visit(EventWriter{json}, event.body);
  json.end_object();
  return out;
}

std::string encode_actions(std::span<const core::Action> actions, bool more) {
  std::string out;
  JsonWriter json(out);
  json.object();
  write_approvals(json, actions);
  json.field("more", more);
  if (more) json.field("before", actions.back().id);
  json.end_object();
  return out;
}

std::string encode_action(const core::Action& action) {
  std::string out;
  JsonWriter json(out);
  write_action(json, action);
  return out;
}

std::string encode_decision(const core::Decision& decision) {
  std::string out;
  JsonWriter json(out);
  json.object().field("outcome", core::to_string(decision.outcome));
  json.field("reason_code", decision.reason_code).field("reason", decision.reason);
  write_text(json, "risk_level", decision.risk_level);
  json.field("request_hash", decision.request_hash);
  write_text(json, "policy_version", decision.policy_version);
  write_text(json, "policy_hash", decision.policy_hash);
  write_text(json, "profile_id", decision.profile_id);
  json.end_object();
  return out;
}

std::string encode_policy(const core::ActivePolicy& policy) {
  std::string out;
  JsonWriter json(out);
  json.object().field("source", policy.path.empty() ? "built_in" : "file");
  json.field("exists", policy.exists).field("version", policy.version);
  write_text(json, "hash", policy.hash);
  json.end_object();
  return out;
}

}  // namespace colonnade::dialects::mcp
