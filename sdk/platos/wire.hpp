// The JSON of Platos calls, both ways. Knows no connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/platos.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::platos::wire {

using colonnade::detail::CallSpec;

// --- replies
Result<std::vector<Agent>> agents(const CallSpec& spec, const TransportReply& reply);
Result<Agent> agent(const CallSpec& spec, const TransportReply& reply);
Result<Agent> wrapped_agent(const CallSpec& spec, const TransportReply& reply);  // {"agent":…}
Result<std::vector<AgentVersion>> versions(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Thread>> threads(const CallSpec& spec, const TransportReply& reply);
Result<Thread> thread(const CallSpec& spec, const TransportReply& reply);
// `total` is what the server says there are, or how many came.
struct MessagePage {
  std::vector<Message> messages{};
  std::int64_t total = 0;
};
Result<MessagePage> message_page(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Message>> messages(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Artifact>> artifacts(const CallSpec& spec, const TransportReply& reply);
Result<Attachment> attachment(const CallSpec& spec, const TransportReply& reply);
Result<Answer> answer(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Approval>> approvals(const CallSpec& spec, const TransportReply& reply);
Result<Approval> approval(const CallSpec& spec, const TransportReply& reply);
Result<ResolvedApproval> resolved(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Cap>> caps(const CallSpec& spec, const TransportReply& reply);
Result<Cap> cap(const CallSpec& spec, const TransportReply& reply);  // {"cap":…}
Result<BudgetStatus> budget_status(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<TurnRun>> turn_runs(const CallSpec& spec, const TransportReply& reply);
// Of a server that knows threads instead.
Result<std::vector<TurnRun>> turn_runs_of_threads(const CallSpec& spec,
                                                  const TransportReply& reply);
Result<std::vector<TraceRow>> trace_rows(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Span>> spans(const CallSpec& spec, const TransportReply& reply);
Result<ThreadTrace> thread_trace(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<ModelCost>> model_costs(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<UserCost>> user_costs(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<SafetyEvent>> safety_events(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<AgentCost>> agent_costs(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<DayCost>> day_costs(const CallSpec& spec, const TransportReply& reply);
Result<DayCost> cost_of_a_day(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<BackgroundTask>> tasks(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<TaskDefinition>> task_definitions(const CallSpec& spec,
                                                     const TransportReply& reply);
Result<TaskDefinition> task_definition(const CallSpec& spec,
                                       const TransportReply& reply);              // {"task":…}
Result<RunHandle> queued_run(const CallSpec& spec, const TransportReply& reply);  // {"runId":…}
Result<RunHandle> run_handle(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Run>> runs(const CallSpec& spec, const TransportReply& reply);
Result<Run> run(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Schedule>> schedules(const CallSpec& spec, const TransportReply& reply);
Result<Schedule> schedule(const CallSpec& spec, const TransportReply& reply);
Result<BatchHandle> batch_handle(const CallSpec& spec, const TransportReply& reply);
Result<Batch> batch(const CallSpec& spec, const TransportReply& reply);
Result<bool> done(const CallSpec& spec, const TransportReply& reply);  // any success
Result<Json> any_json(const CallSpec& spec, const TransportReply& reply);

// The status in a success's body that says it is none: an object with a string `error` and an
// integer `status` from 400 on (platos §2). 0 for any other body.
int hidden_status(const std::string& body);

// --- requests
Result<std::string> agent_settings(const AgentSettings& settings);
std::string canary(std::string_view version_id, std::int64_t percent);
std::string create_thread(const CreateThread& request);
std::string rename(std::string_view title);
std::string tags(const std::vector<std::string>& tags);
std::string fork(const ForkThread& request);
std::string ask(std::string_view message, const SendOptions& options);
std::string resolve(const Resolution& resolution);
std::string set_cap(const SetCap& cap);
std::string override_cap(std::int64_t minutes);
std::string trigger(const Json& payload, const TriggerOptions& options);
std::string trigger_batch(const std::vector<Json>& payloads, const TriggerOptions& options);
std::string payload(const Json& payload);  // {"payload":…}
std::string task_settings(const TaskSettings& settings);
std::string create_schedule(const CreateSchedule& request);

}  // namespace colonnade::inline v1::platos::wire
