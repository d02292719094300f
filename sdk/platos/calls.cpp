#include "sdk/platos/calls.hpp"

#include <string>
#include <utility>

#include "sdk/call_plan.hpp"

namespace colonnade::inline v1::platos::calls {
namespace {

using colonnade::detail::Decode;
using colonnade::detail::path_of;
using colonnade::detail::Query;
using colonnade::detail::usage;

template <class T>
Call<T> reading(std::string path, Decode<T> decode) {
  return {.spec = {.method = "GET", .path = std::move(path)}, .decode = decode};
}

template <class T>
Call<T> posting(std::string path, std::string body, Decode<T> decode) {
  return {.spec = {.method = "POST",
                   .path = std::move(path),
                   .body = std::move(body),
                   .has_body = true},
          .decode = decode};
}

template <class T>
Call<T> patching(std::string path, std::string body, Decode<T> decode) {
  Call<T> out = posting(std::move(path), std::move(body), decode);
  out.spec.method = "PATCH";
  return out;
}

// A turn that is waited for.
Call<Answer> asking(std::string path, std::string body) {
  Call<Answer> out = posting(std::move(path), std::move(body), &wire::answer);
  out.spec.timeout_kind = colonnade::detail::TimeoutKind::send;
  return out;
}

// Without a body.
template <class T>
Call<T> doing(std::string_view method, std::string path, Decode<T> decode) {
  return {.spec = {.method = method, .path = std::move(path)}, .decode = decode};
}

// "/threads/t1/messages/m1/retry".
Result<std::string> message_path(std::string_view thread_id, std::string_view message_id,
                                 std::string_view rest) {
  auto thread = path_of("/threads/", "thread", thread_id, "/messages/");
  if (!thread) return thread;
  return path_of(*thread, "message", message_id, rest);
}

// What `more` of a request may be.
bool is_more(const Json& more) { return more.is_null() || more.is_object(); }

std::string query_of(const ListRuns& filter) {
  return Query()
      .add("agentId", filter.agent_id)
      .add("threadId", filter.thread_id)
      .add("status", filter.status)
      .add("limit", filter.limit)
      .text();
}

template <class T>
Plan<T> plan(Call<T> first) {
  return Planned<T>{.first = std::move(first)};
}

template <class T>
Plan<T> plan(Call<T> first, Call<T> second) {
  return Planned<T>{.first = std::move(first), .second = std::move(second)};
}

template <class T>
Plan<T> plan_get(Result<std::string> path, Decode<T> decode) {
  if (!path) return std::move(path).error();
  return plan(reading(*std::move(path), decode));
}

template <class T>
Plan<T> plan_do(std::string_view method, Result<std::string> path, Decode<T> decode) {
  if (!path) return std::move(path).error();
  return plan(doing(method, *std::move(path), decode));
}

}  // namespace

Plan<std::vector<Agent>> list_agents() { return plan(reading("/agents", &wire::agents)); }
Plan<Agent> get_agent(std::string_view id) {
  return plan_get(path_of("/agents/", "agent", id), &wire::agent);
}
Plan<std::vector<AgentVersion>> list_versions(std::string_view agent_id) {
  return plan_get(path_of("/agents/", "agent", agent_id, "/versions"), &wire::versions);
}

Plan<Agent> create_agent(const AgentSettings& settings) {
  if (!settings.name || settings.name->empty()) return usage("a new agent needs a name");
  auto body = wire::agent_settings(settings);
  if (!body) return std::move(body).error();
  return plan(posting("/agents", *std::move(body), &wire::agent));
}
Plan<Agent> update_agent(std::string_view id, const AgentSettings& changes) {
  auto path = path_of("/agents/", "agent", id);
  if (!path) return std::move(path).error();
  auto body = wire::agent_settings(changes);
  if (!body) return std::move(body).error();
  return plan(patching(*std::move(path), *std::move(body), &wire::agent));
}
Plan<bool> remove_agent(std::string_view id) {
  return plan_do("DELETE", path_of("/agents/", "agent", id), &wire::done);
}
Plan<Agent> roll_back(std::string_view agent_id, std::string_view version_id) {
  auto versions = path_of("/agents/", "agent", agent_id, "/versions/");
  if (!versions) return std::move(versions).error();
  return plan_do("POST", path_of(*versions, "version", version_id, "/rollback"),
                 &wire::wrapped_agent);
}
Plan<Agent> set_canary(std::string_view agent_id, std::string_view version_id,
                       std::int64_t percent) {
  auto path = path_of("/agents/", "agent", agent_id, "/canary");
  if (!path) return std::move(path).error();
  return plan(patching(*std::move(path), wire::canary(version_id, percent), &wire::agent));
}

Plan<Thread> create_thread(const CreateThread& request) {
  return plan(posting("/threads", wire::create_thread(request), &wire::thread));
}
Plan<std::vector<Thread>> list_threads(const ListThreads& filter) {
  Query query;
  query.add("agentId", filter.agent_id).add("limit", filter.limit).add("offset", filter.offset);
  query.add("status", filter.status).add("tag", filter.tag);
  if (filter.pinned) query.add("pinned", std::string_view(*filter.pinned ? "true" : "false"));
  if (filter.archived == Archived::included) query.add("archived", std::string_view("true"));
  if (filter.archived == Archived::only) query.add("archived", std::string_view("only"));
  if (filter.all_users) query.add("allUsers", std::string_view("true"));
  return plan(reading("/threads" + query.text(), &wire::threads));
}
Plan<Thread> get_thread(std::string_view id) {
  return plan_get(path_of("/threads/", "thread", id), &wire::thread);
}
Plan<std::vector<Message>> messages(std::string_view thread_id) {
  return plan_get(path_of("/threads/", "thread", thread_id, "/messages"), &wire::messages);
}
Plan<wire::MessagePage> message_page(std::string_view thread_id, std::int64_t limit,
                                     std::int64_t offset) {
  const Query query = Query().add("limit", limit).add("offset", offset);
  return plan_get(path_of("/threads/", "thread", thread_id, "/messages" + query.text()),
                  &wire::message_page);
}
Plan<std::vector<Artifact>> artifacts(std::string_view thread_id) {
  return plan_get(path_of("/threads/", "thread", thread_id, "/artifacts"), &wire::artifacts);
}
Plan<bool> archive(std::string_view thread_id) {
  return plan_do("POST", path_of("/threads/", "thread", thread_id, "/archive"), &wire::done);
}
Plan<bool> unarchive(std::string_view thread_id) {
  return plan_do("POST", path_of("/threads/", "thread", thread_id, "/unarchive"), &wire::done);
}
Plan<bool> remove_thread(std::string_view thread_id) {
  return plan_do("DELETE", path_of("/threads/", "thread", thread_id), &wire::done);
}

Plan<Thread> rename(std::string_view thread_id, std::string_view title) {
  auto path = path_of("/threads/", "thread", thread_id, "/rename");
  if (!path) return std::move(path).error();
  return plan(patching(*std::move(path), wire::rename(title), &wire::thread));
}
Plan<Thread> set_tags(std::string_view thread_id, const std::vector<std::string>& tags) {
  auto path = path_of("/threads/", "thread", thread_id, "/tags");
  if (!path) return std::move(path).error();
  return plan(posting(*std::move(path), wire::tags(tags), &wire::thread));
}
Plan<Thread> pin(std::string_view thread_id) {
  return plan_do("POST", path_of("/threads/", "thread", thread_id, "/pin"), &wire::thread);
}
Plan<Thread> unpin(std::string_view thread_id) {
  return plan_do("POST", path_of("/threads/", "thread", thread_id, "/unpin"), &wire::thread);
}
Plan<Thread> fork(std::string_view thread_id, const ForkThread& request) {
  auto path = path_of("/threads/", "thread", thread_id, "/fork");
  if (!path) return std::move(path).error();
  return plan(posting(*std::move(path), wire::fork(request), &wire::thread));
}
Plan<std::vector<Message>> replies(std::string_view thread_id, std::string_view message_id) {
  return plan_get(message_path(thread_id, message_id, "/replies"), &wire::messages);
}
Plan<Answer> ask(std::string_view thread_id, std::string_view message, const SendOptions& options) {
  auto path = path_of("/threads/", "thread", thread_id, "/messages");
  if (!path) return std::move(path).error();
  if (message.empty()) return usage("the message is empty");
  Call<Answer> call = asking(*std::move(path), wire::ask(message, options));
  call.spec.idempotency_key = options.idempotency_key;
  return plan(std::move(call));
}
Plan<Answer> edit_and_rerun(std::string_view thread_id, std::string_view message_id,
                            std::string_view message) {
  auto path = message_path(thread_id, message_id, "/edit-and-rerun");
  if (!path) return std::move(path).error();
  if (message.empty()) return usage("the message is empty");
  return plan(asking(*std::move(path), wire::ask(message, {})));
}
Plan<Answer> retry(std::string_view thread_id, std::string_view message_id) {
  auto path = message_path(thread_id, message_id, "/retry");
  if (!path) return std::move(path).error();
  return plan(asking(*std::move(path), "{}"));
}
Plan<Attachment> upload(std::string_view bytes, const UploadAttachment& request) {
  if (bytes.empty()) return usage("the attachment is empty");
  if (!colonnade::detail::fits_header(request.mime_type) || request.mime_type.empty()) {
    return usage("UploadAttachment::mime_type is none");
  }
  Call<Attachment> call = posting("/attachments", std::string(bytes), &wire::attachment);
  call.spec.content_type = request.mime_type;
  if (!request.name.empty()) {
    call.spec.headers.push_back({"X-Filename", colonnade::detail::percent_encode(request.name)});
  }
  return plan(std::move(call));
}

Plan<std::vector<Approval>> list_approvals(const ListApprovals& filter) {
  const Query query = Query()
                          .add("threadId", filter.thread_id)
                          .add("agentId", filter.agent_id)
                          .add("status", filter.status)
                          .add("limit", filter.limit);
  return plan(reading("/monitoring/approvals" + query.text(), &wire::approvals));
}
Plan<Approval> get_approval(std::string_view id) {
  return plan_get(path_of("/monitoring/approvals/", "approval", id), &wire::approval);
}
Plan<ResolvedApproval> resolve_approval(std::string_view id, const Resolution& resolution) {
  auto first = path_of("/approvals/", "approval", id, "/resolve");
  if (!first) return std::move(first).error();
  if (!resolution.edited_args.is_null() && !resolution.edited_args.is_object()) {
    return usage("Resolution::edited_args is no object");
  }
  const std::string body = wire::resolve(resolution);
  return plan(posting(*first, body, &wire::resolved),
              posting("/monitoring" + *first, body, &wire::resolved));
}

Plan<std::vector<Cap>> list_caps() {
  return plan(reading("/budgets", &wire::caps), reading("/monitoring/budget/caps", &wire::caps));
}
Plan<BudgetStatus> budget_status(std::string_view agent_id, std::string_view user_id) {
  const Query query = Query().add("agentId", agent_id).add("userId", user_id);
  return plan(reading("/budgets/status" + query.text(), &wire::budget_status),
              reading("/monitoring/budget/status" + query.text(), &wire::budget_status));
}

Plan<Cap> set_cap(const SetCap& cap) {
  if (!is_more(cap.more)) return usage("SetCap::more is no object");
  return plan(posting("/budgets", wire::set_cap(cap), &wire::cap));
}
Plan<bool> remove_cap(std::string_view id) {
  return plan_do("DELETE", path_of("/budgets/", "cap", id), &wire::done);
}
Plan<Cap> override_cap(std::string_view id, std::chrono::minutes duration) {
  auto path = path_of("/budgets/", "cap", id, "/override");
  if (!path) return std::move(path).error();
  if (duration.count() < 0) return usage("the duration is negative; 0 ends an override");
  return plan(posting(*std::move(path), wire::override_cap(duration.count()), &wire::cap));
}

Plan<std::vector<TurnRun>> turn_runs(const ListRuns& filter) {
  const std::string query = query_of(filter);
  return plan(reading("/monitoring/runs" + query, &wire::turn_runs),
              reading("/monitoring/traces" + query, &wire::turn_runs_of_threads));
}
Plan<std::vector<TraceRow>> traces(const ListRuns& filter) {
  return plan(reading("/monitoring/traces" + query_of(filter), &wire::trace_rows));
}
Plan<ThreadTrace> thread_trace(std::string_view thread_id) {
  return plan_get(path_of("/monitoring/trace/", "thread", thread_id), &wire::thread_trace);
}
Plan<std::vector<Span>> spans(std::string_view trace_id) {
  auto first = path_of("/monitoring/traces/", "trace", trace_id);
  if (!first) return std::move(first).error();
  auto second = path_of("/monitoring/trace/", "trace", trace_id);
  return plan(reading(*std::move(first), &wire::spans), reading(*std::move(second), &wire::spans));
}
Plan<std::vector<AgentCost>> cost_by_agent(std::string_view day) {
  const Query query = Query().add("day", day);
  // The other one counts days back from today.
  const Query days = Query().add("days", std::string_view(day.empty() ? "" : "1"));
  return plan(reading("/monitoring/cost/by-agent" + query.text(), &wire::agent_costs),
              reading("/monitoring/cost-by-agent" + days.text(), &wire::agent_costs));
}
Plan<std::vector<DayCost>> cost_by_scope(std::int64_t days_back) {
  const Query query = Query().add("daysBack", days_back);
  return plan(reading("/monitoring/cost/by-scope" + query.text(), &wire::day_costs));
}
Planned<DayCost> cost_of_a_day(std::string_view day) {
  const Query query = Query().add("date", day);
  return {.first = reading("/monitoring/cost" + query.text(), &wire::cost_of_a_day)};
}

Plan<std::vector<ModelCost>> cost_by_model(std::int64_t days_back) {
  if (days_back < 1) return usage("days_back must be 1 or more");
  const Query query = Query().add("days", days_back);
  return plan(reading("/monitoring/cost-by-model" + query.text(), &wire::model_costs));
}
Plan<std::vector<UserCost>> cost_by_user(std::int64_t days_back) {
  if (days_back < 1) return usage("days_back must be 1 or more");
  const Query query = Query().add("days", days_back);
  return plan(reading("/monitoring/cost-by-user" + query.text(), &wire::user_costs));
}
Plan<std::vector<SafetyEvent>> safety_events(const ListSafetyEvents& filter) {
  Query query;
  query.add("detector", filter.detector).add("action", filter.action);
  query.add("severity", filter.severity).add("agentId", filter.agent_id);
  query.add("threadId", filter.thread_id).add("userId", filter.user_id);
  query.add("sinceDays", filter.since_days).add("limit", filter.limit);
  query.add("offset", filter.offset);
  return plan(reading("/monitoring/safety-events" + query.text(), &wire::safety_events));
}

Plan<std::vector<BackgroundTask>> list_tasks() {
  return plan(reading("/trigger/tasks", &wire::tasks));
}
Plan<std::vector<TaskDefinition>> list_task_definitions() {
  return plan(reading("/platos-tasks", &wire::task_definitions));
}
Plan<TaskDefinition> get_task_definition(std::string_view id) {
  return plan_get(path_of("/platos-tasks/", "task", id), &wire::task_definition);
}
Plan<TaskDefinition> create_task(const TaskSettings& settings) {
  if (settings.task_id.empty()) return usage("a new task needs a task_id");
  if (settings.display_name.empty()) return usage("a new task needs a display_name");
  if (!is_more(settings.more)) return usage("TaskSettings::more is no object");
  return plan(posting("/platos-tasks", wire::task_settings(settings), &wire::task_definition));
}
Plan<TaskDefinition> update_task(std::string_view id, const TaskSettings& changes) {
  auto path = path_of("/platos-tasks/", "task", id);
  if (!path) return std::move(path).error();
  if (!is_more(changes.more)) return usage("TaskSettings::more is no object");
  return plan(patching(*std::move(path), wire::task_settings(changes), &wire::task_definition));
}
Plan<bool> remove_task(std::string_view id) {
  return plan_do("DELETE", path_of("/platos-tasks/", "task", id), &wire::done);
}
Plan<RunHandle> run_task(std::string_view id, const Json& payload) {
  auto path = path_of("/platos-tasks/", "task", id, "/run");
  if (!path) return std::move(path).error();
  return plan(posting(*std::move(path), wire::payload(payload), &wire::queued_run));
}
Plan<RunHandle> trigger(std::string_view task_id, const Json& payload,
                        const TriggerOptions& options) {
  auto path = path_of("/trigger/tasks/", "task", task_id, "/trigger");
  if (!path) return std::move(path).error();
  if (!is_more(options.more)) return usage("TriggerOptions::more is no object");
  return plan(posting(*std::move(path), wire::trigger(payload, options), &wire::run_handle));
}
Plan<std::vector<Run>> list_runs(const ListBackgroundRuns& filter) {
  const Query query =
      Query().add("taskId", filter.task_id).add("status", filter.status).add("limit", filter.limit);
  return plan(reading("/trigger/runs" + query.text(), &wire::runs));
}
Plan<Run> get_run(std::string_view id) {
  return plan_get(path_of("/trigger/runs/", "run", id), &wire::run);
}
Plan<RunHandle> cancel_run(std::string_view id) {
  return plan_do("POST", path_of("/trigger/runs/", "run", id, "/cancel"), &wire::run_handle);
}
Plan<RunHandle> replay_run(std::string_view id) {
  return plan_do("POST", path_of("/trigger/runs/", "run", id, "/replay"), &wire::run_handle);
}
Plan<std::vector<Schedule>> list_schedules() {
  return plan(reading("/trigger/schedules", &wire::schedules));
}
Plan<Schedule> create_schedule(const CreateSchedule& request) {
  return plan(posting("/trigger/schedules", wire::create_schedule(request), &wire::schedule));
}
Plan<Schedule> activate_schedule(std::string_view id) {
  return plan_do("POST", path_of("/trigger/schedules/", "schedule", id, "/activate"),
                 &wire::schedule);
}
Plan<Schedule> deactivate_schedule(std::string_view id) {
  return plan_do("POST", path_of("/trigger/schedules/", "schedule", id, "/deactivate"),
                 &wire::schedule);
}
Plan<bool> remove_schedule(std::string_view id) {
  return plan_do("DELETE", path_of("/trigger/schedules/", "schedule", id), &wire::done);
}
Plan<BatchHandle> trigger_batch(std::string_view task_id, const std::vector<Json>& payloads,
                                const TriggerOptions& options) {
  auto path = path_of("/trigger/batches/", "task", task_id);
  if (!path) return std::move(path).error();
  if (payloads.empty()) return usage("the batch has no payloads");
  if (!is_more(options.more)) return usage("TriggerOptions::more is no object");
  return plan(
      posting(*std::move(path), wire::trigger_batch(payloads, options), &wire::batch_handle));
}
Plan<Batch> get_batch(std::string_view id) {
  return plan_get(path_of("/trigger/batches/", "batch", id), &wire::batch);
}

Plan<Json> raw(std::string_view path, std::string_view method, const Json& body) {
  auto call = colonnade::detail::any_request(method, path, body, &wire::any_json);
  if (!call) return std::move(call).error();
  return Planned<Json>{.first = *std::move(call), .below_base = true};
}

}  // namespace colonnade::inline v1::platos::calls
