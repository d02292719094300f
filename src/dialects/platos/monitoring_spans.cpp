#include "dialects/platos/monitoring_spans.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "core/spans/span.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::JsonWriter;

// What a span's attributes say of cost and use, in the contract's keys.
struct Spent {
  std::string provider{};
  std::string model{};
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cost_micros = 0;
  int tool_calls = 0;
};

// Members are written as an object, whose braces are then taken off, so that a tree can add to it.
class SpanMembers {
 public:
  SpanMembers(const core::TracedRun& run, std::string_view span_id, std::string_view parent_id)
      : run_(run), json_(text_) {
    json_.object().field("traceId", run.trace_id).field("spanId", span_id);
    if (!parent_id.empty()) json_.field("parentSpanId", parent_id);
  }
  void time(std::string_view name, std::string_view kind, base::Time start, base::Time end) {
    json_.field("name", name).field("kind", kind);
    json_.field("startTimeUnixNano", std::to_string(start.micros) + "000");
    json_.field("endTimeUnixNano", std::to_string(end.micros) + "000");
    json_.field("durationMs", (end - start).count() / 1000);
  }
  void status(std::string_view error) {
    json_.field("status", error.empty() ? "ok" : "error");
    if (!error.empty()) json_.field("errorMessage", error);
  }
  void begin_attributes() {
    const ScopeNames names = names_of(run_.scope);
    json_.key("attributes").object();
    json_.field("platos.org.id", names.organization).field("platos.project.id", names.project);
    json_.field("platos.env.id", names.environment);
    json_.field("platos.agent.id", wire_agent_id(run_.agent_id));
    json_.field("platos.thread.id", run_.thread_id).field("platos.user.id", run_.owner);
  }
  void spent(const Spent& spent) {
    json_.field("platos.model", model_name(spent.provider, spent.model));
    json_.field("platos.provider", spent.provider);
    json_.field("platos.input_tokens", spent.input_tokens);
    json_.field("platos.output_tokens", spent.output_tokens);
    json_.field("platos.cost_cents", cents_of(spent.cost_micros));
    json_.field("platos.tool_calls", spent.tool_calls);
  }
  void attribute(std::string_view name, std::string_view value) {
    if (!value.empty()) json_.field(name, value);
  }
  std::string finish() {
    json_.end_object().end_object();
    return text_.substr(1, text_.size() - 2);
  }

 private:
  const core::TracedRun& run_;
  std::string text_;
  JsonWriter json_;
};

WireSpan root_of(const core::RunTraced& traced, base::Time now) {
  const core::TracedRun& run = traced.run;
  WireSpan out{.span_id = core::root_span_id(run.id),
               .parent_id = run.parent.span_id,
               .name = "agent.turn",
               .start = run.created_at};
  SpanMembers members(run, out.span_id, out.parent_id);
  members.time(out.name, "server", run.created_at, run.finished_at.value_or(now));
  members.status(run.state == core::RunState::failed ? run.error : std::string());
  members.begin_attributes();
  members.spent({.provider = run.provider,
                 .model = run.model,
                 .input_tokens = run.usage.input_tokens,
                 .output_tokens = run.usage.output_tokens,
                 .cost_micros = run.cost_micros,
                 .tool_calls = run.tool_calls});
  out.members = members.finish();
  return out;
}

// Name, kind and attributes by what a span is of.
struct Below {
  const core::TracedRun& run;
  const core::Span& span;
  SpanMembers& members;

  void begin(std::string_view name, std::string_view kind) const {
    members.time(name, kind, span.start, span.end);
    members.status(span.error);
    members.begin_attributes();
  }
  std::string operator()(const core::ModelCallSpan& of) const {
    std::string name = run.by_sub_agent ? "llm.inference.sub_agent" : "llm.inference";
    if (of.of_summary) name = "llm.inference.summary";
    begin(name, "client");
    members.spent({.provider = of.provider,
                   .model = of.model.empty() ? of.model_asked : of.model,
                   .input_tokens = of.usage.input_tokens,
                   .output_tokens = of.usage.output_tokens,
                   .cost_micros = of.cost_micros,
                   .tool_calls = of.tool_calls});
    return name;
  }
  std::string operator()(const core::ToolSpan& of) const {
    std::string name = "tool." + of.tool;
    begin(name, "internal");
    of_call(of.tool, of.call_id);
    members.attribute("platos.tool.status", of.state);
    return name;
  }
  std::string operator()(const core::GateSpan& of) const {
    begin("gate.decide", "internal");
    of_call(of.tool, of.call_id);
    members.attribute("platos.gate.outcome", of.outcome);
    members.attribute("platos.gate.reason_code", of.reason_code);
    return "gate.decide";
  }
  std::string operator()(const core::WaitSpan& of) const {
    begin("approval.wait", "internal");
    of_call(of.tool, of.call_id);
    members.attribute("platos.approval.answer", of.answer);
    return "approval.wait";
  }
  void of_call(std::string_view tool, std::string_view call_id) const {
    members.attribute("platos.tool.name", tool);
    members.attribute("platos.tool.call_id", call_id);
  }
};

WireSpan below(const core::TracedRun& run, const core::Span& span) {
  WireSpan out{.span_id = core::span_id(run.id, span),
               .parent_id = core::root_span_id(run.id),
               .start = span.start};
  SpanMembers members(run, out.span_id, out.parent_id);
  out.name = std::visit(Below{.run = run, .span = span, .members = members}, span.of);
  out.members = members.finish();
  return out;
}

using Children = std::multimap<std::string_view, const WireSpan*>;

// Depth is what runs hand on to sub-agents, which hand on nothing: a few levels.
// NOLINTNEXTLINE(misc-no-recursion)
void append_tree(std::string& out, const WireSpan& span, const Children& children) {
  out += "{" + span.members + ",\"children\":[";
  const auto [first, last] = children.equal_range(span.span_id);
  for (auto child = first; child != last; ++child) {
    if (child != first) out += ",";
    append_tree(out, *child->second, children);
  }
  out += "]}";
}

}  // namespace

std::string_view run_status(core::RunState state) {
  switch (state) {
    case core::RunState::succeeded: return "completed";
    case core::RunState::failed: return "error";
    case core::RunState::cancelled: return "stopped";
    case core::RunState::running:
    case core::RunState::waiting_approval: break;
  }
  return "running";
}

std::string model_name(std::string_view provider, std::string_view model) {
  std::string out(provider);
  if (!provider.empty() && !model.empty()) out += ":";
  out += model;
  return out;
}

std::vector<WireSpan> wire_spans_of(std::span<const core::RunTraced> runs, base::Time now) {
  std::vector<WireSpan> out;
  for (const core::RunTraced& traced : runs) {
    out.push_back(root_of(traced, now));
    for (const core::Span& span : traced.spans) out.push_back(below(traced.run, span));
  }
  return out;
}

void write_span_list(JsonWriter& json, std::span<const WireSpan> spans) {
  json.array();
  for (const WireSpan& span : spans) json.raw("{" + span.members + "}");
  json.end_array();
}

void write_span_tree(JsonWriter& json, std::span<const WireSpan> spans) {
  Children children;
  for (const WireSpan& span : spans) children.emplace(span.parent_id, &span);
  const auto is_here = [&](std::string_view id) {
    return std::ranges::any_of(spans, [&](const WireSpan& one) { return one.span_id == id; });
  };
  json.array();
  for (const WireSpan& span : spans) {
    // Only roots may have a parent that is not here: the client's own span.
    const bool is_root = span.name == "agent.turn" && !is_here(span.parent_id);
    if (!is_root) continue;
    std::string text;
    append_tree(text, span, children);
    json.raw(text);
  }
  json.end_array();
}

void write_timeline(JsonWriter& json, std::span<const core::Message> messages,
                    std::span<const WireSpan> spans) {
  std::vector<std::pair<base::Time, std::string>> entries;
  for (const core::Message& message : messages) {
    std::string text;
    JsonWriter entry(text);
    entry.object().field("type", "message").field("at", wire_time(message.created_at));
    entry.field("messageId", message.id).field("role", core::to_string(message.role)).end_object();
    entries.emplace_back(message.created_at, std::move(text));
  }
  for (const WireSpan& span : spans) {
    std::string text;
    JsonWriter entry(text);
    entry.object().field("type", "span").field("at", wire_time(span.start));
    entry.field("spanId", span.span_id).field("name", span.name).end_object();
    entries.emplace_back(span.start, std::move(text));
  }
  std::ranges::sort(entries);
  json.array();
  for (const auto& [at, text] : entries) json.raw(text);
  json.end_array();
}

}  // namespace colonnade::dialects::platos
