#include "dialects/platos/monitoring_wire.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/json.hpp"
#include "core/spans/limits.hpp"
#include "core/spans/span.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/limits.hpp"
#include "dialects/platos/monitoring_spans.hpp"
#include "dialects/platos/thread_wire.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::JsonWriter;
using base::Result;

constexpr std::int64_t micros_a_day = 86'400'000'000;

base::Time day_begin(std::int64_t day) { return {day * micros_a_day}; }
std::int64_t day_number(base::Time time) { return time.micros / micros_a_day; }

// YYYY-MM-DD
std::string day_text(std::int64_t day) {
  constexpr std::size_t date_size = 10;
  return base::to_rfc3339(day_begin(day)).substr(0, date_size);
}

std::optional<std::string> agent_asked_for(const net::Request& request) {
  auto id = request.query_parameter("agentId");
  if (!id || id->empty()) return std::nullopt;
  return id;
}

Result<std::vector<core::RunState>> states_for(const std::string& status) {
  using enum core::RunState;
  if (status.empty()) return std::vector<core::RunState>{};
  if (status == "completed") return std::vector{succeeded};
  if (status == "error") return std::vector{failed};
  if (status == "stopped") return std::vector{cancelled};
  if (status == "running") return std::vector{running, waiting_approval};
  return fail(ErrorKind::invalid, "status must be completed, error, stopped or running", "status");
}

Result<core::TracedRunFilter> decode_list(const net::Request& request, base::Time now) {
  const auto limit = query_number(request, "limit", limits::platos_monitoring_rows_default,
                                  limits::platos_monitoring_rows_max);
  if (!limit) return fail(limit.error());
  const auto back = query_number(request, "days", limits::platos_monitoring_days_default,
                                 limits::platos_monitoring_days_max);
  if (!back) return fail(back.error());
  return core::TracedRunFilter{.agent_id = agent_asked_for(request),
                               .thread_id = request.query_parameter("threadId").value_or(""),
                               .since = now - std::chrono::days(static_cast<int>(*back)),
                               .limit = *limit};
}

void write_tokens(JsonWriter& json, const core::CostSum& sum) {
  json.field("inputTokens", sum.usage.input_tokens);
  json.field("outputTokens", sum.usage.output_tokens);
}

void write_costs(JsonWriter& json, const core::CostSum& sum) {
  const double cents = cents_of(sum.cost_micros);
  // What is booked has the prices of caches in it.
  json.field("costCents", cents).field("costWithCacheCents", cents);
  write_tokens(json, sum);
  json.field("cacheCreationInputTokens", sum.usage.cache_write_tokens);
  json.field("cacheReadInputTokens", sum.usage.cached_input_tokens);
  json.field("threads", sum.threads).field("runs", sum.runs);
}

core::CostSum total_of(std::span<const core::CostSum> sums) {
  core::CostSum out;
  for (const core::CostSum& sum : sums) {
    out.runs += sum.runs;
    out.failed_runs += sum.failed_runs;
    out.usage += sum.usage;
    out.cost_micros += sum.cost_micros;
  }
  return out;
}

void write_tool_uses(JsonWriter& json, std::span<const core::ToolUseSum> tools) {
  json.key("tools").array();
  for (const core::ToolUseSum& tool : tools) {
    json.object().field("toolName", tool.tool).field("calls", tool.calls);
    json.field("failed", tool.failed).field("denied", tool.denied);
    json.field("totalDurationMs", tool.micros / 1000).end_object();
  }
  json.end_array();
}

}  // namespace

// --- what is asked for --------------------------------------------------------------------------

Result<core::TracedRunFilter> decode_runs_query(const net::Request& request, base::Time now) {
  auto out = decode_list(request, now);
  if (!out) return out;
  auto states = states_for(request.query_parameter("status").value_or(""));
  if (!states) return fail(std::move(states.error()));
  out->states = std::move(*states);
  return out;
}

Result<core::TracedRunFilter> decode_traces_query(const net::Request& request, base::Time now) {
  auto out = decode_list(request, now);
  if (!out) return out;
  const std::string status = request.query_parameter("status").value_or("");
  if (!status.empty() && status != "active" && status != "archived") {
    return fail(ErrorKind::invalid, "status must be active or archived", "status");
  }
  if (!status.empty()) out->archived = status == "archived";
  return out;
}

Result<core::CostQuery> decode_day_query(const net::Request& request, const char* name,
                                         base::Time now) {
  std::int64_t day = day_number(now);
  const std::string text = request.query_parameter(name).value_or("");
  if (!text.empty()) {
    const auto begin = base::parse_rfc3339(text + "T00:00:00Z");
    constexpr std::size_t date_size = 10;
    if (!begin || text.size() != date_size) {
      return fail(ErrorKind::invalid,
                  std::string(name) + " must be a day, as 2026-05-12 is; days are in UTC", name);
    }
    day = day_number(*begin);
  }
  return core::CostQuery{
      .agent_id = agent_asked_for(request), .from = day_begin(day), .until = day_begin(day + 1)};
}

Result<core::CostQuery> decode_days_query(const net::Request& request, const char* name,
                                          std::size_t otherwise, base::Time now) {
  const auto back = query_number(request, name, otherwise, limits::platos_monitoring_days_max);
  if (!back) return fail(back.error());
  const std::int64_t until = day_number(now) + 1;
  return core::CostQuery{.agent_id = agent_asked_for(request),
                         .from = day_begin(until - static_cast<std::int64_t>(*back)),
                         .until = day_begin(until)};
}

namespace {

// A parameter that is one of the wire's words; "" without it.
template <std::size_t Size>
Result<std::string> word_of(const net::Request& request, const char* name,
                            const std::array<std::string_view, Size>& words) {
  const std::string text = request.query_parameter(name).value_or("");
  if (text.empty() || std::ranges::find(words, text) != words.end()) return text;
  std::string known;
  for (const std::string_view word : words) {
    if (!known.empty()) known += ", ";
    known += word;
  }
  return fail(ErrorKind::invalid, std::string(name) + " must be one of " + known, name);
}

// platos §3.5, and what is done about a finding.
constexpr std::array<std::string_view, 7> detector_words{
    "pii", "injection", "exfiltration", "grounded", "tool_param", "rate_limit", "budget"};
constexpr std::array<std::string_view, 4> safety_action_words{"flag", "redact", "block", "warn"};
constexpr std::array<std::string_view, 3> severity_words{"low", "medium", "high"};

}  // namespace

Result<SafetyQuery> decode_safety_query(const net::Request& request, base::Time now) {
  auto detector = word_of(request, "detector", detector_words);
  if (!detector) return fail(std::move(detector.error()));
  auto action = word_of(request, "action", safety_action_words);
  if (!action) return fail(std::move(action.error()));
  auto severity = word_of(request, "severity", severity_words);
  if (!severity) return fail(std::move(severity.error()));
  const auto back = query_number(request, "sinceDays", limits::platos_monitoring_days_default,
                                 limits::platos_monitoring_days_max);
  if (!back) return fail(back.error());
  const auto limit = query_number(request, "limit", limits::platos_monitoring_rows_default,
                                  limits::platos_monitoring_rows_max);
  if (!limit) return fail(limit.error());
  const auto offset = query_number(request, "offset", 0, limits::safety_events_looked_at_max);
  if (!offset) return fail(offset.error());
  SafetyQuery out{.filter = {.agent_id = agent_asked_for(request),
                             .thread_id = request.query_parameter("threadId").value_or(""),
                             .user_id = request.query_parameter("userId").value_or(""),
                             .detector = core::safety_detector_from(*detector),
                             .action = core::safety_action_from(*action),
                             .severity = std::move(*severity),
                             .since = now - std::chrono::days(static_cast<int>(*back)),
                             .limit = *limit,
                             .offset = *offset}};
  out.finds_nothing =
      (!detector->empty() && !out.filter.detector) || (!action->empty() && !out.filter.action);
  return out;
}

// --- runs and traces ----------------------------------------------------------------------------

std::string encode_runs(const core::TracedRunPage& page) {
  std::string out;
  JsonWriter json(out);
  json.object().key("runs").array();
  for (const core::TracedRun& run : page.runs) {
    json.object().field("id", run.trace_id).field("agentId", wire_agent_id(run.agent_id));
    json.field("threadId", run.thread_id).field("status", run_status(run.state));
    json.field("createdAt", wire_time(run.created_at));
    if (run.finished_at) {
      json.field("durationMs", (*run.finished_at - run.created_at).count() / 1000);
    }
    json.field("costCents", cents_of(run.cost_micros));
    json.field("inputTokens", run.usage.input_tokens);
    json.field("outputTokens", run.usage.output_tokens);
    json.field("toolCallCount", run.tool_calls).end_object();
  }
  json.end_array().field("total", std::uint64_t{page.total}).end_object();
  return out;
}

std::string encode_trace_rows(std::span<const core::TracedThread> threads) {
  std::string out;
  JsonWriter json(out);
  json.object().key("traces").array();
  for (const core::TracedThread& thread : threads) {
    json.object();
    write_text_or_null(json, "traceId", thread.newest_trace_id);
    json.field("threadId", thread.id).field("agentId", wire_agent_id(thread.agent_id));
    write_text_or_null(json, "title", thread.title);
    json.field("status", thread.archived ? "archived" : "active");
    json.field("turnCount", thread.turns).field("messageCount", thread.messages);
    json.field("totalCostCents", cents_of(thread.cost_micros));
    json.field("totalInputTokens", thread.usage.input_tokens);
    json.field("totalOutputTokens", thread.usage.output_tokens);
    json.field("toolCallCount", thread.tool_calls);
    json.field("createdAt", wire_time(thread.created_at));
    json.field("updatedAt", wire_time(thread.updated_at)).end_object();
  }
  json.end_array().field("count", std::uint64_t{threads.size()}).end_object();
  return out;
}

std::string encode_spans(std::span<const core::RunTraced> runs, base::Time now) {
  std::string out;
  JsonWriter json(out);
  json.object().key("spans");
  write_span_list(json, wire_spans_of(runs, now));
  json.end_object();
  return out;
}

std::string encode_thread_trace(const core::Thread& thread, const core::MessageList& messages,
                                std::span<const core::RunTraced> runs, base::Time now) {
  const std::vector<WireSpan> spans = wire_spans_of(runs, now);
  std::string out;
  JsonWriter json(out);
  json.object().field("threadId", thread.id);
  json.key("thread").raw(encode_thread(thread));
  json.key("messages").array();
  for (const core::Message& message : messages.messages) json.raw(encode_message(message, 0));
  json.end_array();
  json.key("spans");
  write_span_list(json, spans);
  json.key("spanTree");
  write_span_tree(json, spans);
  json.key("timeline");
  write_timeline(json, messages.messages, spans);
  core::Usage usage;
  std::int64_t cost_micros = 0;
  int tool_calls = 0;
  for (const core::RunTraced& traced : runs) {
    usage += traced.run.usage;
    cost_micros += traced.run.cost_micros;
    tool_calls += traced.run.tool_calls;
  }
  json.key("rollup").object();
  json.field("totalMessages", std::uint64_t{messages.total});
  json.field("totalSpans", std::uint64_t{spans.size()});
  json.field("totalCostCents", cents_of(cost_micros));
  json.field("totalInputTokens", usage.input_tokens);
  json.field("totalOutputTokens", usage.output_tokens).field("toolCallCount", tool_calls);
  std::optional<base::Time> first;
  std::optional<base::Time> last;
  if (!messages.messages.empty()) {
    first = messages.messages.front().created_at;
    last = messages.messages.back().created_at;
  }
  write_optional_time(json, "firstMessageAt", first);
  write_optional_time(json, "lastMessageAt", last);
  json.end_object().end_object();
  return out;
}

// --- costs --------------------------------------------------------------------------------------

std::string encode_agent_costs(std::span<const core::CostSum> sums, const AgentNames& names,
                               std::size_t limit, base::Time now) {
  std::string rows;
  JsonWriter each(rows);
  each.array();
  for (const core::CostSum& sum : sums.first(std::min(limit, sums.size()))) {
    const std::string id = wire_agent_id(sum.key);
    const auto name = names.find(id);
    each.object().field("agentId", id);
    each.field("agentName", name == names.end() ? id : name->second);
    write_costs(each, sum);
    each.end_object();
  }
  each.end_array();
  std::string out;
  JsonWriter json(out);
  json.object().key("rollup").raw(rows).key("rows").raw(rows);
  json.field("fetchedAt", wire_time(now)).end_object();
  return out;
}

std::string encode_day_costs(std::span<const core::CostSum> sums, const core::CostQuery& query) {
  std::string out;
  JsonWriter json(out);
  json.object().key("rollup").array();
  for (std::int64_t day = day_number(query.from); day < day_number(query.until); ++day) {
    const auto found = std::ranges::find(sums, day, &core::CostSum::day);
    const core::CostSum sum = found == sums.end() ? core::CostSum{} : *found;
    json.object().field("day", day_text(day)).field("costCents", cents_of(sum.cost_micros));
    json.field("runs", sum.runs);
    write_tokens(json, sum);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string encode_day_total(std::span<const core::CostSum> sums) {
  const core::CostSum total = total_of(sums);
  std::string out;
  JsonWriter json(out);
  json.object();
  write_tokens(json, total);
  json.field("costCents", cents_of(total.cost_micros)).end_object();
  return out;
}

std::string encode_model_costs(std::span<const core::CostSum> sums, std::size_t limit,
                               base::Time now) {
  std::string out;
  JsonWriter json(out);
  json.object().key("rows").array();
  for (const core::CostSum& sum : sums.first(std::min(limit, sums.size()))) {
    json.object().field("model", model_name(sum.provider, sum.key));
    json.field("provider", sum.provider);
    write_costs(json, sum);
    json.end_object();
  }
  json.end_array().field("fetchedAt", wire_time(now)).end_object();
  return out;
}

std::string encode_user_costs(std::span<const core::CostSum> sums, std::size_t limit,
                              base::Time now) {
  std::string out;
  JsonWriter json(out);
  json.object().key("rows").array();
  for (const core::CostSum& sum : sums.first(std::min(limit, sums.size()))) {
    json.object();
    write_text_or_null(json, "userId", sum.key);
    write_costs(json, sum);
    json.end_object();
  }
  json.end_array().field("fetchedAt", wire_time(now)).end_object();
  return out;
}

std::string encode_summary(std::span<const core::CostSum> by_day,
                           std::span<const core::ToolUseSum> tools, const core::CostQuery& query,
                           base::Time now) {
  const core::CostSum total = total_of(by_day);
  std::string out;
  JsonWriter json(out);
  json.object().field("since", wire_time(query.from)).field("until", wire_time(query.until));
  json.field("runs", total.runs).field("failedRuns", total.failed_runs);
  json.field("costCents", cents_of(total.cost_micros));
  write_tokens(json, total);
  write_tool_uses(json, tools);
  json.field("fetchedAt", wire_time(now)).end_object();
  return out;
}

std::string encode_safety_events(const core::SafetyEventPage& page,
                                 const core::SafetyEventFilter& filter, base::Time now) {
  std::string out;
  JsonWriter json(out);
  json.object().key("rows").array();
  for (const core::SafetyEvent& event : page.events) {
    const ScopeNames names = names_of(event.scope);
    json.object().field("id", event.id).field("organizationId", names.organization);
    json.field("projectId", names.project).field("environmentId", names.environment);
    json.field("agentId", wire_agent_id(event.agent_id));
    write_text_or_null(json, "threadId", event.thread_id);
    json.key("messageId").null();
    write_text_or_null(json, "userId", event.owner);
    json.field("detector", core::to_string(event.detector));
    json.field("action", core::to_string(event.action));
    json.field("severity", event.severity).field("detail", event.detail);
    json.key("meta").object().field("actionId", event.action_id);
    json.field("outcome", event.outcome).field("reasonCode", event.reason_code);
    write_text_or_null(json, "policyVersion", event.policy_version);
    write_text_or_null(json, "provenanceId", event.provenance_id);
    write_text_or_null(json, "runId", event.run_id);
    json.end_object().field("toolName", event.tool);
    write_text_or_null(json, "toolCallId", event.tool_call_id);
    json.field("createdAt", wire_time(event.at)).end_object();
  }
  json.end_array().field("total", std::uint64_t{page.total});
  json.field("limit", std::uint64_t{filter.limit}).field("offset", std::uint64_t{filter.offset});
  json.field("fetchedAt", wire_time(now)).end_object();
  return out;
}

std::string encode_tool_audit(std::span<const core::Action> actions,
                              std::span<const core::ToolUseSum> tools, base::Time now) {
  std::string out;
  JsonWriter json(out);
  json.object().key("rows").array();
  for (const core::Action& action : actions) {
    json.object().field("id", action.id).field("toolName", action.request.tool);
    json.field("agentId", wire_agent_id(action.request.agent_id));
    write_text_or_null(json, "threadId", action.thread_id);
    write_text_or_null(json, "runId", action.run_id);
    write_text_or_null(json, "userId", action.owner);
    json.field("status", core::to_string(action.state));
    json.field("outcome", core::to_string(action.decision.outcome));
    write_text_or_null(json, "reasonCode", action.decision.reason_code);
    write_text_or_null(json, "riskLevel", action.decision.risk_level);
    json.field("createdAt", wire_time(action.created_at));
    json.field("updatedAt", wire_time(action.updated_at)).end_object();
  }
  json.end_array();
  write_tool_uses(json, tools);
  json.field("count", std::uint64_t{actions.size()});
  json.field("fetchedAt", wire_time(now)).end_object();
  return out;
}

}  // namespace colonnade::dialects::platos
