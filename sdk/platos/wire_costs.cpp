// Budgets and monitoring: bodies of requests and replies.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "sdk/platos/members.hpp"
#include "sdk/platos/replies.hpp"
#include "sdk/platos/wire.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::platos {

using colonnade::detail::Element;
using colonnade::detail::Field;
using colonnade::detail::read;
using colonnade::detail::read_object;

// --- reading
// --------------------------------------------------------------------------------------
// Not in an unnamed namespace: the readers of lists find them by their argument.

// A list, or one text with commas: servers differ (platos §2.4).
struct Addresses {
  std::vector<std::string>& list;
};
static void read(Element value, Addresses& out) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    read(value, out.list);
    return;
  }
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    std::string_view one = text.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!one.empty()) out.list.emplace_back(one);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
}

static void read(Element value, Cap& out) {
  Addresses emails{out.alert_emails};
  read_object(value, out.extra, Field{"id", out.id}, Field{"scopeType", out.scope_type},
              Field{"targetId", out.target_id}, Field{"period", out.period},
              Field{"limitCents", out.limit_cents}, Field{"runsLimit", out.runs_limit},
              Field{"alertThresholds", out.alert_thresholds},
              Field{"alertWebhookUrl", out.alert_webhook_url}, Field{"alertEmails", emails},
              Field{"overrideUntil", out.override_until}, Field{"overrideBy", out.override_by},
              Field{"enabled", out.enabled}, Field{"tier", out.tier},
              Field{"skillSlug", out.skill_slug}, Field{"agentId", out.agent_id},
              Field{"createdAt", out.created_at}, Field{"updatedAt", out.updated_at});
}

// Whether a turn would be refused, by what is spent (platos §5.4).
static bool is_over(const CapStatus& status) {
  const Cap& cap = status.cap;
  const Timestamp now(std::chrono::microseconds(base::SystemClock().now().micros));
  const bool is_lifted =
      status.override_active || (cap.override_until && *cap.override_until > now);
  const bool money = cap.limit_cents > 0 && status.spent_cents >= cap.limit_cents;
  const bool runs = cap.runs_limit > 0 && status.runs >= cap.runs_limit;
  return (money || runs) && !is_lifted;
}

// A server that does not say how full a cap is, or that it is, says how much is spent.
static void read(Element value, CapStatus& out) {
  std::optional<double> percent;
  std::optional<double> runs_percent;
  std::optional<bool> blocked;
  read_object(value, out.extra, Field{"cap", out.cap}, Field{"windowKey", out.window_key},
              Field{"spentCents", out.spent_cents}, Field{"reservedCents", out.reserved_cents},
              Field{"runs", out.runs}, Field{"percent", percent},
              Field{"runsPercent", runs_percent}, Field{"blocked", blocked},
              Field{"overrideActive", out.override_active},
              Field{"crossedThresholds", out.crossed_thresholds});
  constexpr double whole = 100;
  const double limit = out.cap.limit_cents;
  const auto runs = static_cast<double>(out.runs);
  const auto runs_limit = static_cast<double>(out.cap.runs_limit);
  out.percent = percent.value_or(limit > 0 ? whole * out.spent_cents / limit : 0);
  out.runs_percent = runs_percent.value_or(runs_limit > 0 ? whole * runs / runs_limit : 0);
  out.blocked = blocked.value_or(is_over(out));
}

static void read(Element value, TurnRun& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"agentId", out.agent_id},
              Field{"threadId", out.thread_id}, Field{"status", out.status},
              Field{"costCents", out.cost_cents}, Field{"inputTokens", out.input_tokens},
              Field{"outputTokens", out.output_tokens}, Field{"toolCallCount", out.tool_call_count},
              Field{"durationMs", out.duration_ms}, Field{"createdAt", out.created_at});
}

static void read(Element value, TraceRow& out) {
  read_object(value, out.extra, Field{"traceId", out.trace_id}, Field{"threadId", out.thread_id},
              Field{"agentId", out.agent_id}, Field{"title", out.title},
              Field{"status", out.status}, Field{"turnCount", out.turn_count},
              Field{"messageCount", out.message_count}, Field{"toolCallCount", out.tool_call_count},
              Field{"totalCostCents", out.total_cost_cents},
              Field{"totalInputTokens", out.total_input_tokens},
              Field{"totalOutputTokens", out.total_output_tokens},
              Field{"createdAt", out.created_at}, Field{"updatedAt", out.updated_at});
}

// Nanoseconds since 1970 as decimal text, or as a number.
struct UnixNanos {
  Timestamp& at;
};
static void read(Element value, UnixNanos& out) {
  std::int64_t nanos = 0;
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, nanos);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return;
  } else if (value.get(nanos) != simdjson::SUCCESS) {
    return;
  }
  out.at = Timestamp(std::chrono::nanoseconds(nanos));
}

static void read(Element value, Span& out) {
  UnixNanos start{out.start_time};
  UnixNanos end{out.end_time};
  read_object(value, out.extra, Field{"traceId", out.trace_id}, Field{"spanId", out.span_id},
              Field{"parentSpanId", out.parent_span_id}, Field{"name", out.name},
              Field{"kind", out.kind}, Field{"status", out.status},
              Field{"errorMessage", out.error_message}, Field{"startTimeUnixNano", start},
              Field{"endTimeUnixNano", end}, Field{"durationMs", out.duration_ms},
              Field{"attributes", out.attributes}, Field{"events", out.events});
}

static void read(Element value, TraceTotals& out) {
  read_object(
      value, out.extra, Field{"totalMessages", out.messages}, Field{"totalSpans", out.spans},
      Field{"totalCostCents", out.cost_cents}, Field{"totalInputTokens", out.input_tokens},
      Field{"totalOutputTokens", out.output_tokens}, Field{"toolCallCount", out.tool_call_count},
      Field{"firstMessageAt", out.first_message_at}, Field{"lastMessageAt", out.last_message_at});
  out.usd = out.cost_cents / wire::cents_per_usd;
}

static void read(Element value, ThreadTrace& out) {
  read_object(value, out.extra, Field{"threadId", out.thread_id}, Field{"thread", out.thread},
              Field{"messages", out.messages}, Field{"spans", out.spans},
              Field{"rollup", out.totals});
}

// What a row says beside whose it is.
template <class Cost, class... Names>
static void read_costs(Element value, Cost& out, Names... names) {
  read_object(value, out.extra, names..., Field{"costCents", out.cost_cents},
              Field{"costWithCacheCents", out.cost_with_cache_cents},
              Field{"inputTokens", out.input_tokens}, Field{"outputTokens", out.output_tokens},
              Field{"threads", out.threads}, Field{"runs", out.runs});
  out.usd = out.cost_cents / wire::cents_per_usd;
}
static void read(Element value, AgentCost& out) {
  read_costs(value, out, Field{"agentId", out.agent_id}, Field{"agentName", out.agent_name});
}
static void read(Element value, ModelCost& out) {
  read_costs(value, out, Field{"provider", out.provider}, Field{"model", out.model});
}
static void read(Element value, UserCost& out) {
  read_costs(value, out, Field{"userId", out.user_id});
}

static void read(Element value, SafetyEvent& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"agentId", out.agent_id},
              Field{"threadId", out.thread_id}, Field{"messageId", out.message_id},
              Field{"userId", out.user_id}, Field{"detector", out.detector},
              Field{"action", out.action}, Field{"severity", out.severity},
              Field{"detail", out.detail}, Field{"toolName", out.tool_name},
              Field{"toolCallId", out.tool_call_id}, Field{"meta", out.meta},
              Field{"createdAt", out.created_at});
}

static void read(Element value, DayCost& out) {
  read_object(value, out.extra, Field{"day", out.day}, Field{"costCents", out.cost_cents},
              Field{"runs", out.runs}, Field{"inputTokens", out.input_tokens},
              Field{"outputTokens", out.output_tokens});
  out.usd = out.cost_cents / wire::cents_per_usd;
}

namespace wire {

// --- budgets

Result<std::vector<Cap>> caps(const CallSpec& spec, const TransportReply& reply) {
  return list<Cap>(spec, reply, {"caps"});
}

Result<Cap> cap(const CallSpec& spec, const TransportReply& reply) {
  return one_under<Cap>(spec, reply, "cap");
}

Result<BudgetStatus> budget_status(const CallSpec& spec, const TransportReply& reply) {
  auto caps = list<CapStatus>(spec, reply, {"caps"});
  if (!caps) return std::move(caps).error();
  BudgetStatus out{.caps = *std::move(caps)};
  const auto root = colonnade::detail::parse_document(reply.body);
  ElementObject members;
  if (root && root->get(members) == simdjson::SUCCESS) {
    bool blocked = false;
    if (members.at_key("blocked").get(blocked) == simdjson::SUCCESS) out.blocked = blocked;
    out.reason = member_text(*root, "reason");
  }
  double nearest = -1;
  for (const CapStatus& status : out.caps) {
    out.blocked = out.blocked || status.blocked;
    if (status.cap.limit_cents <= 0) continue;
    const double used = status.spent_cents / status.cap.limit_cents;
    if (used <= nearest) continue;
    nearest = used;
    out.spent_usd = status.spent_cents / wire::cents_per_usd;
    out.cap_usd = status.cap.limit_cents / wire::cents_per_usd;
  }
  return out;
}

std::string set_cap(const SetCap& cap) {
  std::string out;
  Writer writer(out);
  writer.object().field("scopeType", cap.scope_type);
  write_unless_empty(writer, "targetId", cap.target_id);
  writer.field("period", cap.period);
  write_if_set(writer, "limitCents", cap.limit_cents);
  write_if_set(writer, "runsLimit", cap.runs_limit);
  if (!cap.alert_thresholds.empty()) {
    writer.key("alertThresholds").array();
    for (const double percent : cap.alert_thresholds) writer.value(percent);
    writer.end_array();
  }
  write_unless_empty(writer, "alertWebhookUrl", cap.alert_webhook_url);
  // One text on this path (platos §2.4).
  std::string emails;
  for (const std::string& email : cap.alert_emails) emails += (emails.empty() ? "" : ",") + email;
  write_unless_empty(writer, "alertEmails", emails);
  write_if_set(writer, "enabled", cap.enabled);
  write_unless_empty(writer, "tier", cap.tier);
  write_unless_empty(writer, "skillSlug", cap.skill_slug);
  write_unless_empty(writer, "agentId", cap.agent_id);
  write_more(writer, cap.more);
  writer.end_object();
  return out;
}

std::string override_cap(std::int64_t minutes) {
  std::string out;
  Writer writer(out);
  writer.object().field("minutes", minutes).end_object();
  return out;
}

// --- monitoring

Result<std::vector<TurnRun>> turn_runs(const CallSpec& spec, const TransportReply& reply) {
  return list<TurnRun>(spec, reply, {"runs"});
}
Result<std::vector<TurnRun>> turn_runs_of_threads(const CallSpec& spec,
                                                  const TransportReply& reply) {
  auto rows = trace_rows(spec, reply);
  if (!rows) return std::move(rows).error();
  std::vector<TurnRun> out;
  for (TraceRow& row : *rows) {
    out.push_back({.id = std::move(row.trace_id),
                   .agent_id = std::move(row.agent_id),
                   .thread_id = std::move(row.thread_id),
                   .status = std::move(row.status),
                   .cost_cents = row.total_cost_cents,
                   .input_tokens = row.total_input_tokens,
                   .output_tokens = row.total_output_tokens,
                   .tool_call_count = row.tool_call_count,
                   .created_at = row.created_at,
                   .extra = std::move(row.extra)});
  }
  return out;
}
Result<std::vector<TraceRow>> trace_rows(const CallSpec& spec, const TransportReply& reply) {
  return list<TraceRow>(spec, reply, {"traces"});
}
Result<std::vector<Span>> spans(const CallSpec& spec, const TransportReply& reply) {
  return list<Span>(spec, reply, {"spans"});
}
Result<ThreadTrace> thread_trace(const CallSpec& spec, const TransportReply& reply) {
  return one<ThreadTrace>(spec, reply, "threadId");
}
Result<std::vector<AgentCost>> agent_costs(const CallSpec& spec, const TransportReply& reply) {
  return list<AgentCost>(spec, reply, {"rollup", "rows"});
}
Result<std::vector<ModelCost>> model_costs(const CallSpec& spec, const TransportReply& reply) {
  return list<ModelCost>(spec, reply, {"rows", "rollup"});
}
Result<std::vector<UserCost>> user_costs(const CallSpec& spec, const TransportReply& reply) {
  return list<UserCost>(spec, reply, {"rows", "rollup"});
}
Result<std::vector<SafetyEvent>> safety_events(const CallSpec& spec, const TransportReply& reply) {
  return list<SafetyEvent>(spec, reply, {"rows", "events"});
}
Result<std::vector<DayCost>> day_costs(const CallSpec& spec, const TransportReply& reply) {
  return list<DayCost>(spec, reply, {"rollup", "rows"});
}
Result<DayCost> cost_of_a_day(const CallSpec& spec, const TransportReply& reply) {
  const auto root = colonnade::detail::open_object(spec, reply, "Platos", {});
  if (!root) return root.error();
  DayCost out;
  read(*root, out);
  return out;
}

}  // namespace wire
}  // namespace colonnade::inline v1::platos
