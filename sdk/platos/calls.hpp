// Every method of the Platos client, written once as a value: verb, target, body, decoder. Failures
// are arguments that cannot be sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "colonnade/platos.hpp"
#include "sdk/channel.hpp"
#include "sdk/platos/wire.hpp"

namespace colonnade::inline v1::platos::calls {

using colonnade::detail::Call;
using colonnade::detail::CallSpec;

template <class T>
struct Planned {
  Call<T> first{};
  std::optional<Call<T>> second{};  // for a server that does not know the route of the first
  bool below_base = false;          // the path follows the base URL, not the API's root
};
template <class T>
using Plan = Result<Planned<T>>;

Plan<std::vector<Agent>> list_agents();
Plan<Agent> get_agent(std::string_view id);
Plan<std::vector<AgentVersion>> list_versions(std::string_view agent_id);

Plan<Agent> create_agent(const AgentSettings& settings);
Plan<Agent> update_agent(std::string_view id, const AgentSettings& changes);
Plan<bool> remove_agent(std::string_view id);
Plan<Agent> roll_back(std::string_view agent_id, std::string_view version_id);
Plan<Agent> set_canary(std::string_view agent_id, std::string_view version_id,
                       std::int64_t percent);

Plan<Thread> create_thread(const CreateThread& request);
Plan<std::vector<Thread>> list_threads(const ListThreads& filter);
Plan<Thread> get_thread(std::string_view id);
Plan<std::vector<Message>> messages(std::string_view thread_id);
Plan<wire::MessagePage> message_page(std::string_view thread_id, std::int64_t limit,
                                     std::int64_t offset);
Plan<std::vector<Artifact>> artifacts(std::string_view thread_id);
Plan<bool> archive(std::string_view thread_id);
Plan<bool> unarchive(std::string_view thread_id);
Plan<bool> remove_thread(std::string_view thread_id);
Plan<Thread> rename(std::string_view thread_id, std::string_view title);
Plan<Thread> set_tags(std::string_view thread_id, const std::vector<std::string>& tags);
Plan<Thread> pin(std::string_view thread_id);
Plan<Thread> unpin(std::string_view thread_id);
Plan<Thread> fork(std::string_view thread_id, const ForkThread& request);
Plan<std::vector<Message>> replies(std::string_view thread_id, std::string_view message_id);
Plan<Answer> ask(std::string_view thread_id, std::string_view message, const SendOptions& options);
Plan<Answer> edit_and_rerun(std::string_view thread_id, std::string_view message_id,
                            std::string_view message);
Plan<Answer> retry(std::string_view thread_id, std::string_view message_id);
Plan<Attachment> upload(std::string_view bytes, const UploadAttachment& request);

Plan<std::vector<Approval>> list_approvals(const ListApprovals& filter);
Plan<Approval> get_approval(std::string_view id);
Plan<ResolvedApproval> resolve_approval(std::string_view id, const Resolution& resolution);

Plan<std::vector<Cap>> list_caps();
Plan<BudgetStatus> budget_status(std::string_view agent_id, std::string_view user_id);
Plan<Cap> set_cap(const SetCap& cap);
Plan<bool> remove_cap(std::string_view id);
Plan<Cap> override_cap(std::string_view id, std::chrono::minutes duration);

Plan<std::vector<TurnRun>> turn_runs(const ListRuns& filter);
Plan<std::vector<TraceRow>> traces(const ListRuns& filter);
Plan<std::vector<Span>> spans(std::string_view trace_id);
Plan<ThreadTrace> thread_trace(std::string_view thread_id);
Plan<std::vector<AgentCost>> cost_by_agent(std::string_view day);
Plan<std::vector<DayCost>> cost_by_scope(std::int64_t days_back);
Planned<DayCost> cost_of_a_day(std::string_view day);
Plan<std::vector<ModelCost>> cost_by_model(std::int64_t days_back);
Plan<std::vector<UserCost>> cost_by_user(std::int64_t days_back);
Plan<std::vector<SafetyEvent>> safety_events(const ListSafetyEvents& filter);

Plan<std::vector<BackgroundTask>> list_tasks();
Plan<RunHandle> trigger(std::string_view task_id, const Json& payload,
                        const TriggerOptions& options);
Plan<std::vector<TaskDefinition>> list_task_definitions();
Plan<TaskDefinition> get_task_definition(std::string_view id);
Plan<TaskDefinition> create_task(const TaskSettings& settings);
Plan<TaskDefinition> update_task(std::string_view id, const TaskSettings& changes);
Plan<bool> remove_task(std::string_view id);
Plan<RunHandle> run_task(std::string_view id, const Json& payload);
Plan<std::vector<Run>> list_runs(const ListBackgroundRuns& filter);
Plan<Run> get_run(std::string_view id);
Plan<RunHandle> cancel_run(std::string_view id);
Plan<RunHandle> replay_run(std::string_view id);
Plan<std::vector<Schedule>> list_schedules();
Plan<Schedule> create_schedule(const CreateSchedule& request);
Plan<Schedule> activate_schedule(std::string_view id);
Plan<Schedule> deactivate_schedule(std::string_view id);
Plan<bool> remove_schedule(std::string_view id);
Plan<BatchHandle> trigger_batch(std::string_view task_id, const std::vector<Json>& payloads,
                                const TriggerOptions& options);
Plan<Batch> get_batch(std::string_view id);
Plan<Json> raw(std::string_view path, std::string_view method, const Json& body);

}  // namespace colonnade::inline v1::platos::calls
