#include "app/otlp_body.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

#include "app/version.hpp"
#include "base/json.hpp"
#include "core/agents/agent.hpp"
#include "core/spans/span.hpp"

namespace colonnade::app {
namespace {

using base::JsonWriter;

// Numbers of OTLP's enumerations.
constexpr int kind_internal = 1;
constexpr int kind_server = 2;
constexpr int kind_client = 3;
constexpr int status_ok = 1;
constexpr int status_error = 2;

// The attributes of a span. What is empty is left out.
class Attributes {
 public:
  explicit Attributes(JsonWriter& json) : json_(json) { json_.key("attributes").array(); }
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    json_.field("stringValue", value);
    end();
  }
  // 64-bit integers are texts in OTLP's JSON.
  void number(std::string_view key, std::int64_t value) {
    begin(key);
    json_.field("intValue", std::to_string(value));
    end();
  }
  void real(std::string_view key, double value) {
    begin(key);
    json_.field("doubleValue", value);
    end();
  }
  void list_of_one(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    json_.key("arrayValue").object().key("values").array();
    json_.object().field("stringValue", value).end_object();
    json_.end_array().end_object();
    end();
  }
  void finish() { json_.end_array(); }

 private:
  void begin(std::string_view key) { json_.object().field("key", key).key("value").object(); }
  void end() { json_.end_object().end_object(); }

  JsonWriter& json_;
};

constexpr double micros_per_unit = 1e6;  // of a second, and of a dollar

struct SpanHead {
  std::string_view span_id{};
  std::string_view parent_id{};
  std::string name{};
  int kind = kind_internal;
  base::Time start{};
  base::Time end{};
};

void begin_span(JsonWriter& json, std::string_view trace_id, const SpanHead& head) {
  json.object().field("traceId", trace_id).field("spanId", head.span_id);
  if (!head.parent_id.empty()) json.field("parentSpanId", head.parent_id);
  json.field("name", head.name).field("kind", head.kind);
  json.field("startTimeUnixNano", std::to_string(head.start.micros) + "000");
  json.field("endTimeUnixNano", std::to_string(head.end.micros) + "000");
}

// Behind the attributes. `message` is for people.
void end_span(JsonWriter& json, bool failed, std::string_view message) {
  json.key("status").object().field("code", failed ? status_error : status_ok);
  if (failed && !message.empty()) json.field("message", message);
  json.end_object().end_object();
}

void write_usage(Attributes& out, const core::Usage& usage, std::int64_t cost_micros) {
  out.number("gen_ai.usage.input_tokens", usage.input_tokens);
  out.number("gen_ai.usage.output_tokens", usage.output_tokens);
  if (usage.cached_input_tokens > 0) {
    out.number("gen_ai.usage.cache_read.input_tokens", usage.cached_input_tokens);
  }
  if (usage.cache_write_tokens > 0) {
    out.number("gen_ai.usage.cache_creation.input_tokens", usage.cache_write_tokens);
  }
  if (usage.reasoning_tokens > 0) {
    out.number("colonnade.usage.reasoning_tokens", usage.reasoning_tokens);
  }
  out.real("colonnade.cost_dollars", static_cast<double>(cost_micros) / micros_per_unit);
}

void write_root(JsonWriter& json, const OtlpRun& one) {
  const core::TracedRun& run = one.traced.run;
  const std::string id = core::root_span_id(run.id);
  begin_span(json, run.trace_id,
             {.span_id = id,
              .parent_id = run.parent.span_id,
              .name = "agent.turn",
              .kind = kind_server,
              .start = run.created_at,
              .end = run.finished_at.value_or(run.created_at)});
  Attributes out(json);
  out.text("gen_ai.operation.name", "invoke_agent");
  out.text("gen_ai.agent.id", run.agent_id.empty() ? core::default_agent_id : run.agent_id);
  out.text("gen_ai.conversation.id", run.thread_id);
  out.text("gen_ai.provider.name", run.provider);
  out.text("gen_ai.response.model", run.model);
  write_usage(out, run.usage, run.cost_micros);
  out.text("enduser.id", run.owner);
  out.text("colonnade.scope", run.scope.key());
  out.text("colonnade.run.id", run.id);
  out.text("colonnade.run.state", core::to_string(run.state));
  out.number("colonnade.tool_calls", run.tool_calls);
  const bool failed = run.state == core::RunState::failed;
  if (failed) out.text("error.type", "run_failed");
  if (one.content) {
    out.text("gen_ai.input.messages", one.content->input_messages);
    out.text("gen_ai.output.messages", one.content->output_messages);
  }
  out.finish();
  end_span(json, failed, failed ? "the run failed" : "");
}

// The attributes of what a span is of.
struct WriteOf {
  const OtlpRun& run;
  Attributes& out;

  void operator()(const core::ModelCallSpan& of) const {
    out.text("gen_ai.operation.name", "chat");
    out.text("gen_ai.provider.name", of.provider);
    out.text("gen_ai.request.model", of.model_asked);
    out.text("gen_ai.response.model", of.model);
    out.list_of_one("gen_ai.response.finish_reasons", of.stop_reason);
    write_usage(out, of.usage, of.cost_micros);
    if (of.first_output_micros) {
      out.real("gen_ai.server.time_to_first_token",
               static_cast<double>(*of.first_output_micros) / micros_per_unit);
    }
    if (of.of_summary) out.text("colonnade.purpose", "summary");
  }
  void operator()(const core::ToolSpan& of) const {
    out.text("gen_ai.operation.name", "execute_tool");
    out.text("gen_ai.tool.type", "function");
    of_call(of.tool, of.call_id);
    out.text("colonnade.tool.state", of.state);
    if (!run.content) return;
    const auto call = run.content->calls.find(of.call_id);
    if (call == run.content->calls.end()) return;
    out.text("gen_ai.tool.call.arguments", call->second.arguments);
    out.text("gen_ai.tool.call.result", call->second.result);
  }
  void operator()(const core::GateSpan& of) const {
    of_call(of.tool, of.call_id);
    out.text("colonnade.gate.outcome", of.outcome);
    out.text("colonnade.gate.reason_code", of.reason_code);
  }
  void operator()(const core::WaitSpan& of) const {
    of_call(of.tool, of.call_id);
    out.text("colonnade.approval.answer", of.answer);
  }
  void of_call(std::string_view tool, std::string_view call_id) const {
    out.text("gen_ai.tool.name", tool);
    out.text("gen_ai.tool.call.id", call_id);
  }
};

struct NameOf {
  std::string operator()(const core::ModelCallSpan& of) const { return "chat " + of.model_asked; }
  std::string operator()(const core::ToolSpan& of) const { return "execute_tool " + of.tool; }
  std::string operator()(const core::GateSpan& /*of*/) const { return "gate.decide"; }
  std::string operator()(const core::WaitSpan& /*of*/) const { return "approval.wait"; }
};

void write_below(JsonWriter& json, const OtlpRun& one, const core::Span& span) {
  const core::TracedRun& run = one.traced.run;
  const std::string id = core::span_id(run.id, span);
  const std::string parent = core::root_span_id(run.id);
  const bool asks_model = std::holds_alternative<core::ModelCallSpan>(span.of);
  begin_span(json, run.trace_id,
             {.span_id = id,
              .parent_id = parent,
              .name = std::visit(NameOf{}, span.of),
              .kind = asks_model ? kind_client : kind_internal,
              .start = span.start,
              .end = span.end});
  Attributes out(json);
  std::visit(WriteOf{.run = one, .out = out}, span.of);
  out.text("error.type", span.error);
  out.finish();
  end_span(json, !span.error.empty(), span.error);
}

}  // namespace

std::string otlp_body(std::span<const OtlpRun> runs) {
  std::string out;
  JsonWriter json(out);
  json.object().key("resourceSpans").array().object();
  json.key("resource").object();
  Attributes resource(json);
  resource.text("service.name", "colonnade");
  resource.text("service.version", version());
  resource.finish();
  json.end_object();
  json.key("scopeSpans").array().object();
  json.key("scope").object().field("name", "colonnade").field("version", version()).end_object();
  json.key("spans").array();
  for (const OtlpRun& one : runs) {
    write_root(json, one);
    for (const core::Span& span : one.traced.spans) write_below(json, one, span);
  }
  json.end_array().end_object().end_array();
  json.end_object().end_array().end_object();
  return out;
}

}  // namespace colonnade::app
