// For tests of the Platos client: what it made of a reply, back under the names of the wire.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "colonnade/platos.hpp"

namespace colonnade::platos_values {

// The wire has milliseconds.
inline Json time(Timestamp at) {
  const std::string text = to_string(at);
  std::string fraction = text.size() > 20 ? text.substr(20, text.size() - 21) : "";
  fraction.resize(3, '0');
  return text.substr(0, 19) + "." + fraction + "Z";
}
inline Json wire_of(const std::optional<Timestamp>& at) { return at ? time(*at) : Json(); }
inline Json wire_of(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }
inline Json wire_of(const std::vector<std::string>& items) {
  Json out = Json::array();
  for (const std::string& item : items) out.push_back(item);
  return out;
}
// The members that have no name in the type.
inline Json with(Json typed, const Json& extra) {
  if (!extra.is_object()) return typed;
  for (const auto& [key, value] : extra.as_object()) {
    // One that has a name, too, was read twice: then it is equal to nothing.
    typed.set(typed.contains(key) ? key + " twice" : key, value);
  }
  return typed;
}

inline Json wire_of(const platos::Agent& agent) {
  return with({{"id", agent.id},
               {"name", agent.name},
               {"slug", agent.slug},
               {"model", agent.model},
               {"systemPrompt", agent.system_prompt},
               {"isActive", agent.is_active},
               {"currentVersionId", wire_of(agent.current_version_id)},
               {"createdAt", time(agent.created_at)},
               {"updatedAt", time(agent.updated_at)}},
              agent.extra);
}
inline Json wire_of(const platos::AgentVersion& version) {
  return with({{"id", version.id},
               {"agentId", version.agent_id},
               {"versionNumber", version.version_number},
               {"createdBy", wire_of(version.created_by)},
               {"note", wire_of(version.note)},
               {"snapshot", version.snapshot},
               {"createdAt", time(version.created_at)},
               {"isCurrent", version.is_current},
               {"isCanary", version.is_canary}},
              version.extra);
}
inline Json wire_of(const platos::Thread& thread) {
  return with({{"id", thread.id},
               {"agentId", thread.agent_id},
               {"userId", wire_of(thread.user_id)},
               {"title", wire_of(thread.title)},
               {"status", thread.status},
               {"turnCount", thread.turn_count},
               {"tags", wire_of(thread.tags)},
               {"archivedAt", wire_of(thread.archived_at)},
               {"createdAt", time(thread.created_at)},
               {"updatedAt", time(thread.updated_at)}},
              thread.extra);
}
inline Json wire_of(const platos::Message& message) {
  return with({{"id", message.id},
               {"threadId", message.thread_id},
               {"role", message.role},
               {"content", message.content},
               {"toolCalls", message.tool_calls},
               {"thinkingContent", wire_of(message.thinking_content)},
               {"responseJson", message.response_json},
               {"createdAt", time(message.created_at)}},
              message.extra);
}
inline Json wire_of(const platos::Artifact& artifact) {
  return with({{"id", artifact.id},
               {"threadId", artifact.thread_id},
               {"artifactKey", artifact.artifact_key},
               {"revision", artifact.revision},
               {"kind", artifact.kind},
               {"title", wire_of(artifact.title)},
               {"language", wire_of(artifact.language)},
               {"content", artifact.content},
               {"metadata", artifact.metadata},
               {"createdAt", time(artifact.created_at)},
               {"revisionCount", artifact.revision_count}},
              artifact.extra);
}
// The two names of one thing are read into one member.
inline Json wire_of(const platos::Approval& approval) {
  return with({{"approvalId", approval.approval_id},
               {"status", approval.status},
               {"agentId", wire_of(approval.agent_id)},
               {"threadId", wire_of(approval.thread_id)},
               {"runId", wire_of(approval.run_id)},
               {"action", approval.action},
               {"question", approval.action},
               {"details", wire_of(approval.details)},
               {"context", wire_of(approval.details)},
               {"toolName", wire_of(approval.tool_name)},
               {"args", approval.args},
               {"comment", wire_of(approval.comment)},
               {"createdAt", time(approval.created_at)},
               {"resolvedAt", wire_of(approval.resolved_at)}},
              approval.extra);
}
inline Json wire_of(const platos::ResolvedApproval& resolved) {
  Json out{{"approvalId", resolved.approval_id}, {"approved", resolved.approved}};
  if (resolved.edited_args_applied) out.set("editedArgsApplied", true);
  return with(out, resolved.extra);
}
inline Json wire_of(const std::vector<double>& numbers) {
  Json out = Json::array();
  for (const double number : numbers) out.push_back(number);
  return out;
}
// A list of addresses; null stands for an empty one.
inline Json wire_of(const platos::Cap& cap) {
  return with({{"id", cap.id},
               {"scopeType", cap.scope_type},
               {"targetId", cap.target_id},
               {"period", cap.period},
               {"limitCents", cap.limit_cents},
               {"runsLimit", cap.runs_limit},
               {"alertThresholds", wire_of(cap.alert_thresholds)},
               {"alertWebhookUrl", wire_of(cap.alert_webhook_url)},
               {"alertEmails", cap.alert_emails.empty() ? Json() : wire_of(cap.alert_emails)},
               {"overrideUntil", wire_of(cap.override_until)},
               {"overrideBy", wire_of(cap.override_by)},
               {"enabled", cap.enabled},
               {"tier", cap.tier},
               {"skillSlug", wire_of(cap.skill_slug)},
               {"agentId", wire_of(cap.agent_id)},
               {"createdAt", time(cap.created_at)},
               {"updatedAt", time(cap.updated_at)}},
              cap.extra);
}
inline Json wire_of(const platos::BudgetStatus& budget) {
  Json caps = Json::array();
  for (const auto& status : budget.caps) {
    caps.push_back(with({{"cap", wire_of(status.cap)},
                         {"windowKey", status.window_key},
                         {"spentCents", status.spent_cents},
                         {"reservedCents", status.reserved_cents},
                         {"runs", status.runs},
                         {"percent", status.percent},
                         {"runsPercent", status.runs_percent},
                         {"blocked", status.blocked},
                         {"overrideActive", status.override_active},
                         {"crossedThresholds", wire_of(status.crossed_thresholds)}},
                        status.extra));
  }
  Json out{{"caps", caps}, {"blocked", budget.blocked}};
  if (!budget.reason.empty()) out.set("reason", budget.reason);
  return out;
}
inline Json wire_of(const platos::TurnRun& run) {
  return with({{"id", run.id},
               {"agentId", run.agent_id},
               {"threadId", run.thread_id},
               {"status", run.status},
               {"costCents", run.cost_cents},
               {"inputTokens", run.input_tokens},
               {"outputTokens", run.output_tokens},
               {"toolCallCount", run.tool_call_count},
               {"durationMs", run.duration_ms},
               {"createdAt", time(run.created_at)}},
              run.extra);
}
inline Json wire_of(const platos::TraceRow& row) {
  return with({{"traceId", row.trace_id},
               {"threadId", row.thread_id},
               {"agentId", row.agent_id},
               {"title", wire_of(row.title)},
               {"status", row.status},
               {"turnCount", row.turn_count},
               {"messageCount", row.message_count},
               {"toolCallCount", row.tool_call_count},
               {"totalCostCents", row.total_cost_cents},
               {"totalInputTokens", row.total_input_tokens},
               {"totalOutputTokens", row.total_output_tokens},
               {"createdAt", time(row.created_at)},
               {"updatedAt", time(row.updated_at)}},
              row.extra);
}
inline Json wire_of(const platos::Span& span) {
  Json out{{"traceId", span.trace_id},
           {"spanId", span.span_id},
           {"name", span.name},
           {"kind", span.kind},
           {"status", span.status},
           {"startTimeUnixNano", std::to_string(span.start_time.time_since_epoch().count())},
           {"endTimeUnixNano", std::to_string(span.end_time.time_since_epoch().count())},
           {"durationMs", span.duration_ms},
           {"attributes", span.attributes}};
  if (span.parent_span_id) out.set("parentSpanId", *span.parent_span_id);
  if (span.error_message) out.set("errorMessage", *span.error_message);
  if (!span.events.is_null()) out.set("events", span.events);
  return with(out, span.extra);
}
inline Json wire_of(const platos::AgentCost& cost) {
  return with({{"agentId", cost.agent_id},
               {"agentName", cost.agent_name},
               {"costCents", cost.cost_cents},
               {"costWithCacheCents", cost.cost_with_cache_cents},
               {"inputTokens", cost.input_tokens},
               {"outputTokens", cost.output_tokens},
               {"threads", cost.threads},
               {"runs", cost.runs}},
              cost.extra);
}
inline Json wire_of(const platos::ModelCost& cost) {
  return with({{"provider", cost.provider},
               {"model", cost.model},
               {"costCents", cost.cost_cents},
               {"inputTokens", cost.input_tokens},
               {"outputTokens", cost.output_tokens},
               {"costWithCacheCents", cost.cost_with_cache_cents},
               {"threads", cost.threads},
               {"runs", cost.runs}},
              cost.extra);
}
inline Json wire_of(const platos::UserCost& cost) {
  return with({{"userId", cost.user_id},
               {"costCents", cost.cost_cents},
               {"inputTokens", cost.input_tokens},
               {"outputTokens", cost.output_tokens},
               {"costWithCacheCents", cost.cost_with_cache_cents},
               {"threads", cost.threads},
               {"runs", cost.runs}},
              cost.extra);
}
inline Json wire_of(const platos::SafetyEvent& event) {
  return with({{"id", event.id},
               {"agentId", event.agent_id},
               {"threadId", event.thread_id},
               {"messageId", event.message_id},
               {"userId", event.user_id},
               {"detector", event.detector},
               {"action", event.action},
               {"severity", event.severity},
               {"detail", event.detail},
               {"toolName", event.tool_name},
               {"toolCallId", event.tool_call_id},
               {"meta", event.meta},
               {"createdAt", time(event.created_at)}},
              event.extra);
}
inline Json wire_of(const platos::DayCost& cost) {
  return with({{"day", cost.day},
               {"costCents", cost.cost_cents},
               {"runs", cost.runs},
               {"inputTokens", cost.input_tokens},
               {"outputTokens", cost.output_tokens}},
              cost.extra);
}
inline Json wire_of(const platos::BackgroundTask& task) {
  Json out{{"id", task.id},
           {"name", task.name},
           {"description", task.description},
           {"triggerType", task.trigger_type}};
  if (task.is_active) out.set("isActive", *task.is_active);
  return with(out, task.extra);
}
inline Json wire_of(const platos::TaskDefinition& task) {
  return with({{"id", task.id},
               {"taskId", task.task_id},
               {"displayName", task.display_name},
               {"description", task.description},
               {"triggerType", task.trigger_type},
               {"isActive", task.is_active},
               {"timeout", task.timeout.count()},
               {"maxRetries", task.max_retries},
               {"allowedAgentIds", wire_of(task.allowed_agent_ids)},
               {"payloadSchema", task.payload_schema},
               {"handler", task.handler},
               {"createdAt", time(task.created_at)},
               {"updatedAt", time(task.updated_at)}},
              task.extra);
}
inline Json wire_of(const platos::RunHandle& handle) {
  Json out{{"id", handle.id}};
  if (handle.public_access_token) out.set("publicAccessToken", *handle.public_access_token);
  if (!handle.status.empty()) out.set("status", handle.status);
  if (!handle.extra.is_null()) return with(out, handle.extra);
  return out;
}
inline Json wire_of(const platos::Run& run) {
  return with({{"id", run.id},
               {"taskId", run.task_id},
               {"status", run.status},
               {"payload", run.payload},
               {"output", run.output},
               {"error", run.error},
               {"metadata", run.metadata},
               {"tags", wire_of(run.tags)},
               {"idempotencyKey", wire_of(run.idempotency_key)},
               {"attemptCount", run.attempt_count},
               {"durationMs", run.duration_ms},
               {"costInCents", run.cost_cents},
               {"batchId", wire_of(run.batch_id)},
               {"scheduleId", wire_of(run.schedule_id)},
               {"createdAt", time(run.created_at)},
               {"updatedAt", wire_of(run.updated_at)},
               {"startedAt", wire_of(run.started_at)},
               {"finishedAt", wire_of(run.finished_at)},
               {"delayedUntil", wire_of(run.delayed_until)},
               {"expiredAt", wire_of(run.expired_at)}},
              run.extra);
}
inline Json wire_of(const platos::Schedule& schedule) {
  return with({{"id", schedule.id},
               {"taskId", schedule.task_id},
               {"cron", schedule.cron},
               {"timezone", wire_of(schedule.timezone)},
               {"active", schedule.active},
               {"payload", schedule.payload},
               {"lastRunAt", wire_of(schedule.last_run_at)},
               {"nextRunAt", wire_of(schedule.next_run_at)}},
              schedule.extra);
}
inline Json wire_of(const platos::BatchHandle& batch) {
  return with({{"batchId", batch.batch_id}, {"runIds", wire_of(batch.run_ids)}}, batch.extra);
}
inline Json wire_of(const platos::Batch& batch) {
  return with({{"id", batch.id}, {"status", batch.status}, {"runIds", wire_of(batch.run_ids)}},
              batch.extra);
}
inline Json wire_of(const Json& value) { return value; }

template <class T>
Json wire_of(const std::vector<T>& items) {
  Json out = Json::array();
  for (const T& item : items) out.push_back(wire_of(item));
  return out;
}
template <class T>
Json wire_of(const std::optional<T>& value) {
  return value ? wire_of(*value) : Json();
}

}  // namespace colonnade::platos_values
