// The Platos client for coroutines. Include colonnade/platos.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/platos/background.hpp"
#include "colonnade/platos/budgets.hpp"
#include "colonnade/platos/client.hpp"
#include "colonnade/platos/events.hpp"
#include "colonnade/platos/monitoring.hpp"
#include "colonnade/platos/types.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/task.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::platos {

// The methods of the blocking resources. Each reads its arguments before it returns, so they need
// not outlive the call. The work starts when the Task is awaited, and so do errors come from there.
// Requests are taken by name only: a braced temporary inside co_await is freed twice by g++ 12.
class COLONNADE_API AsyncAgents {
 public:
  Task<std::vector<Agent>> list() const;                            // newest first
  Task<std::optional<Agent>> get(std::string_view agent_id) const;  // nothing when there is none
  Task<std::vector<AgentVersion>> list_versions(std::string_view agent_id) const;  // newest first
  Task<Agent> create(const AgentSettings& settings) const;
  Task<Agent> create(AgentSettings&&) const = delete;
  Task<Agent> update(std::string_view agent_id, const AgentSettings& changes) const;
  Task<Agent> update(std::string_view agent_id, AgentSettings&&) const = delete;
  Task<void> remove(std::string_view agent_id) const;
  Task<Agent> rollback(std::string_view agent_id, std::string_view version_id) const;
  Task<Agent> set_canary(std::string_view agent_id, std::string_view version_id,
                         std::int64_t percent) const;

 private:
  friend class AsyncClient;
  explicit AsyncAgents(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncThreads {
 public:
  Task<Thread> create() const;
  Task<Thread> create(const CreateThread& request) const;
  Task<Thread> create(CreateThread&&) const = delete;
  Task<std::vector<Thread>> list() const;
  Task<std::vector<Thread>> list(const ListThreads& filter) const;
  Task<std::vector<Thread>> list(ListThreads&&) const = delete;
  Task<std::optional<Thread>> get(std::string_view thread_id) const;  // nothing when there is none
  Task<std::vector<Message>> messages(std::string_view thread_id) const;    // oldest first
  Task<std::vector<Artifact>> artifacts(std::string_view thread_id) const;  // the latest revisions
  Task<void> archive(std::string_view thread_id) const;
  Task<void> unarchive(std::string_view thread_id) const;
  Task<void> remove(std::string_view thread_id) const;  // can be undone by unarchive()
  Task<Thread> rename(std::string_view thread_id, std::string_view title) const;
  Task<Thread> set_tags(std::string_view thread_id, const std::vector<std::string>& tags) const;
  Task<Thread> pin(std::string_view thread_id) const;
  Task<Thread> unpin(std::string_view thread_id) const;
  Task<Thread> fork(std::string_view thread_id) const;
  Task<Thread> fork(std::string_view thread_id, const ForkThread& request) const;
  Task<Thread> fork(std::string_view thread_id, ForkThread&&) const = delete;
  Task<std::vector<Message>> replies(std::string_view thread_id, std::string_view message_id) const;
  // As the blocking one; it connects with the first next().
  AsyncStream<Event> send(std::string_view thread_id, std::string_view message) const;
  AsyncStream<Event> send(std::string_view thread_id, std::string_view message,
                          const SendOptions& options) const;
  Task<void> stop(std::string_view thread_id) const;
  Task<Answer> ask(std::string_view thread_id, std::string_view message) const;
  Task<Answer> ask(std::string_view thread_id, std::string_view message,
                   const SendOptions& options) const;
  Task<Answer> ask(std::string_view thread_id, std::string_view message,
                   SendOptions&&) const = delete;
  Task<Answer> edit_and_rerun(std::string_view thread_id, std::string_view message_id,
                              std::string_view message) const;
  Task<Answer> retry(std::string_view thread_id, std::string_view message_id) const;

 private:
  friend class AsyncClient;
  explicit AsyncThreads(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncAttachments {
 public:
  Task<Attachment> upload(std::string_view bytes, const UploadAttachment& request) const;
  Task<Attachment> upload(std::string_view bytes, UploadAttachment&&) const = delete;

 private:
  friend class AsyncClient;
  explicit AsyncAttachments(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncApprovals {
 public:
  Task<std::vector<Approval>> list() const;
  Task<std::vector<Approval>> list(const ListApprovals& filter) const;
  Task<std::vector<Approval>> list(ListApprovals&&) const = delete;
  Task<Approval> get(std::string_view approval_id) const;
  Task<ResolvedApproval> resolve(std::string_view approval_id, const Resolution& resolution) const;
  Task<ResolvedApproval> resolve(std::string_view approval_id, Resolution&&) const = delete;

 private:
  friend class AsyncClient;
  explicit AsyncApprovals(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncBudgets {
 public:
  Task<std::vector<Cap>> list() const;
  Task<BudgetStatus> status(std::string_view agent_id = {},
                            std::string_view user_id = {}) const;  // of the caller, for this agent
  // The rest is for operators.
  Task<Cap> set(const SetCap& cap) const;
  Task<Cap> set(SetCap&&) const = delete;
  Task<void> remove(std::string_view cap_id) const;
  Task<Cap> override_cap(std::string_view cap_id, std::chrono::minutes duration) const;

 private:
  friend class AsyncClient;
  explicit AsyncBudgets(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncMonitoring {
 public:
  Task<std::vector<TurnRun>> runs() const;
  Task<std::vector<TurnRun>> runs(const ListRuns& filter) const;
  Task<std::vector<TurnRun>> runs(ListRuns&&) const = delete;
  Task<std::vector<TraceRow>> traces() const;                             // one row for each thread
  Task<std::vector<TraceRow>> list_traces(const ListRuns& filter) const;  // the same, of some
  Task<std::vector<TraceRow>> list_traces(ListRuns&&) const = delete;
  Task<std::vector<Span>> traces(std::string_view trace_id) const;  // of a trace, or of a thread
  Task<ThreadTrace> trace(std::string_view thread_id) const;
  Task<std::vector<AgentCost>> cost_by_agent(std::string_view day = {}) const;  // day: YYYY-MM-DD
  Task<std::vector<DayCost>> cost_by_scope(
      std::int64_t days_back = 7) const;  // oldest first, today last
  Task<std::vector<ModelCost>> cost_by_model(std::int64_t days_back = 30) const;
  Task<std::vector<UserCost>> cost_by_user(std::int64_t days_back = 30) const;
  Task<std::vector<SafetyEvent>> safety_events() const;  // newest first
  Task<std::vector<SafetyEvent>> safety_events(const ListSafetyEvents& filter) const;
  Task<std::vector<SafetyEvent>> safety_events(ListSafetyEvents&&) const = delete;

 private:
  friend class AsyncClient;
  explicit AsyncMonitoring(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncBackgroundTasks {
 public:
  Task<std::vector<BackgroundTask>> list() const;
  Task<RunHandle> trigger(std::string_view task_id) const;
  Task<RunHandle> trigger(std::string_view task_id, const Json& payload) const;
  Task<RunHandle> trigger(std::string_view task_id, const Json& payload,
                          const TriggerOptions& options) const;
  Task<RunHandle> trigger(std::string_view, const Json&, TriggerOptions&&) const = delete;

 private:
  friend class AsyncBgo;
  explicit AsyncBackgroundTasks(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncTaskCatalog {
 public:
  Task<std::vector<TaskDefinition>> list() const;
  Task<TaskDefinition> get(std::string_view id) const;
  Task<TaskDefinition> create(const TaskSettings& settings) const;
  Task<TaskDefinition> create(TaskSettings&&) const = delete;
  Task<TaskDefinition> update(std::string_view id, const TaskSettings& changes) const;
  Task<TaskDefinition> update(std::string_view, TaskSettings&&) const = delete;
  Task<void> remove(std::string_view id) const;
  Task<RunHandle> run(std::string_view id) const;
  Task<RunHandle> run(std::string_view id, const Json& payload) const;

 private:
  friend class AsyncBgo;
  explicit AsyncTaskCatalog(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncBackgroundRuns {
 public:
  Task<std::vector<Run>> list() const;
  Task<std::vector<Run>> list(const ListBackgroundRuns& filter) const;
  Task<std::vector<Run>> list(ListBackgroundRuns&&) const = delete;
  Task<Run> get(std::string_view run_id) const;
  Task<Run> wait(std::string_view run_id) const;
  Task<Run> wait(std::string_view run_id, const WaitOptions& options) const;
  Task<Run> wait(std::string_view, WaitOptions&&) const = delete;
  Task<RunHandle> cancel(std::string_view run_id) const;
  Task<RunHandle> replay(std::string_view run_id) const;  // the new run

 private:
  friend class AsyncBgo;
  explicit AsyncBackgroundRuns(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncSchedules {
 public:
  Task<std::vector<Schedule>> list() const;
  Task<Schedule> create(const CreateSchedule& request) const;
  Task<Schedule> create(CreateSchedule&&) const = delete;
  Task<Schedule> activate(std::string_view schedule_id) const;
  Task<Schedule> deactivate(std::string_view schedule_id) const;
  Task<void> remove(std::string_view schedule_id) const;

 private:
  friend class AsyncBgo;
  explicit AsyncSchedules(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncBatches {
 public:
  Task<BatchHandle> trigger(std::string_view task_id, const std::vector<Json>& payloads) const;
  Task<BatchHandle> trigger(std::string_view task_id, const std::vector<Json>& payloads,
                            const TriggerOptions& options) const;
  Task<BatchHandle> trigger(std::string_view, const std::vector<Json>&,
                            TriggerOptions&&) const = delete;
  Task<Batch> get(std::string_view batch_id) const;
  Task<Batch> wait(std::string_view batch_id) const;
  Task<Batch> wait(std::string_view batch_id, const WaitOptions& options) const;
  Task<Batch> wait(std::string_view, WaitOptions&&) const = delete;

 private:
  friend class AsyncBgo;
  explicit AsyncBatches(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncBgo {
 public:
  AsyncBackgroundTasks tasks;
  AsyncTaskCatalog catalog;
  AsyncBackgroundRuns runs;
  AsyncSchedules schedules;
  AsyncBatches batches;

  Task<Json> raw(std::string_view path, std::string_view method = "GET") const;
  Task<Json> raw(std::string_view path, std::string_view method, const Json& body) const;

 private:
  friend class AsyncClient;
  explicit AsyncBgo(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Rules of with(), close() and the root as those of Client.
class COLONNADE_API AsyncClient {
 public:
  explicit AsyncClient(const Options& options);
  ~AsyncClient();
  AsyncClient(AsyncClient&&) noexcept;
  AsyncClient& operator=(AsyncClient&&) noexcept;

  static AsyncClient from_env() { return AsyncClient(Options::from_env()); }

  AsyncAgents agents;
  AsyncThreads threads;
  AsyncAttachments attachments;
  AsyncApprovals approvals;
  AsyncBudgets budgets;
  AsyncMonitoring monitoring;
  AsyncBgo bgo;
  AsyncBgo trigger;  // the same under its other name

  AsyncClient with(const CallOptions& options) const;
  AsyncClient with_scope(const Scope& scope) const;
  void set_session_token(std::string_view token) const;
  void close() noexcept;

 private:
  explicit AsyncClient(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

}  // namespace colonnade::inline v1::platos
