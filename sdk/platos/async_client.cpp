// The awaited Platos client. Every method plans its call before it returns; only the sending
// waits for the co_await.
#include "colonnade/platos.hpp"
#include "sdk/platos/calls.hpp"
#include "sdk/platos/flows.hpp"
#include "sdk/platos/session.hpp"
#include "sdk/platos/turn_stream.hpp"

namespace colonnade::inline v1::platos {
namespace {

constexpr Calling background = Calling::background;

template <class T>
Task<T> perform_async(const flows::SessionPtr& session, Result<calls::Planned<T>> plan) {
  return flows::perform(session, std::move(plan), background);
}

template <class T>
Task<std::optional<T>> find_async(const flows::SessionPtr& session,
                                  Result<calls::Planned<T>> plan) {
  return flows::find(session, std::move(plan), background);
}

Task<void> without_result(Task<bool> done) {
  [[maybe_unused]] const bool answered = co_await std::move(done);
}

}  // namespace

AsyncAgents::AsyncAgents(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<Agent>> AsyncAgents::list() const {
  return perform_async(session_, calls::list_agents());
}
Task<std::optional<Agent>> AsyncAgents::get(std::string_view agent_id) const {
  return find_async(session_, calls::get_agent(agent_id));
}
Task<std::vector<AgentVersion>> AsyncAgents::list_versions(std::string_view agent_id) const {
  return perform_async(session_, calls::list_versions(agent_id));
}

Task<Agent> AsyncAgents::create(const AgentSettings& settings) const {
  return perform_async(session_, calls::create_agent(settings));
}
Task<Agent> AsyncAgents::update(std::string_view agent_id, const AgentSettings& changes) const {
  return perform_async(session_, calls::update_agent(agent_id, changes));
}
Task<void> AsyncAgents::remove(std::string_view agent_id) const {
  return without_result(perform_async(session_, calls::remove_agent(agent_id)));
}
Task<Agent> AsyncAgents::rollback(std::string_view agent_id, std::string_view version_id) const {
  return perform_async(session_, calls::roll_back(agent_id, version_id));
}
Task<Agent> AsyncAgents::set_canary(std::string_view agent_id, std::string_view version_id,
                                    std::int64_t percent) const {
  return perform_async(session_, calls::set_canary(agent_id, version_id, percent));
}

AsyncThreads::AsyncThreads(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<Thread> AsyncThreads::create() const {
  return create(static_cast<const CreateThread&>(CreateThread{}));
}
Task<Thread> AsyncThreads::create(const CreateThread& request) const {
  return perform_async(session_, calls::create_thread(request));
}
Task<std::vector<Thread>> AsyncThreads::list() const {
  return list(static_cast<const ListThreads&>(ListThreads{}));
}
Task<std::vector<Thread>> AsyncThreads::list(const ListThreads& filter) const {
  return perform_async(session_, calls::list_threads(filter));
}
Task<std::optional<Thread>> AsyncThreads::get(std::string_view thread_id) const {
  return find_async(session_, calls::get_thread(thread_id));
}
Task<std::vector<Message>> AsyncThreads::messages(std::string_view thread_id) const {
  return perform_async(session_, calls::messages(thread_id));
}
Task<std::vector<Artifact>> AsyncThreads::artifacts(std::string_view thread_id) const {
  return perform_async(session_, calls::artifacts(thread_id));
}
Task<void> AsyncThreads::archive(std::string_view thread_id) const {
  return without_result(perform_async(session_, calls::archive(thread_id)));
}
Task<void> AsyncThreads::unarchive(std::string_view thread_id) const {
  return without_result(perform_async(session_, calls::unarchive(thread_id)));
}
Task<void> AsyncThreads::remove(std::string_view thread_id) const {
  return without_result(perform_async(session_, calls::remove_thread(thread_id)));
}
Task<Thread> AsyncThreads::rename(std::string_view thread_id, std::string_view title) const {
  return perform_async(session_, calls::rename(thread_id, title));
}
Task<Thread> AsyncThreads::set_tags(std::string_view thread_id,
                                    const std::vector<std::string>& tags) const {
  return perform_async(session_, calls::set_tags(thread_id, tags));
}
Task<Thread> AsyncThreads::pin(std::string_view thread_id) const {
  return perform_async(session_, calls::pin(thread_id));
}
Task<Thread> AsyncThreads::unpin(std::string_view thread_id) const {
  return perform_async(session_, calls::unpin(thread_id));
}
Task<Thread> AsyncThreads::fork(std::string_view thread_id) const {
  return fork(thread_id, static_cast<const ForkThread&>(ForkThread{}));
}
Task<Thread> AsyncThreads::fork(std::string_view thread_id, const ForkThread& request) const {
  return perform_async(session_, calls::fork(thread_id, request));
}
Task<std::vector<Message>> AsyncThreads::replies(std::string_view thread_id,
                                                 std::string_view message_id) const {
  return perform_async(session_, calls::replies(thread_id, message_id));
}
Task<void> AsyncThreads::stop(std::string_view thread_id) const {
  return detail::stop_turn(session_, std::string(thread_id), background);
}
Task<Answer> AsyncThreads::ask(std::string_view thread_id, std::string_view message) const {
  return ask(thread_id, message, static_cast<const SendOptions&>(SendOptions{}));
}
Task<Answer> AsyncThreads::ask(std::string_view thread_id, std::string_view message,
                               const SendOptions& options) const {
  return perform_async(session_, calls::ask(thread_id, message, options));
}
Task<Answer> AsyncThreads::edit_and_rerun(std::string_view thread_id, std::string_view message_id,
                                          std::string_view message) const {
  return perform_async(session_, calls::edit_and_rerun(thread_id, message_id, message));
}
Task<Answer> AsyncThreads::retry(std::string_view thread_id, std::string_view message_id) const {
  return perform_async(session_, calls::retry(thread_id, message_id));
}
AsyncStream<Event> AsyncThreads::send(std::string_view thread_id, std::string_view message) const {
  return send(thread_id, message, SendOptions{});
}
AsyncStream<Event> AsyncThreads::send(std::string_view thread_id, std::string_view message,
                                      const SendOptions& options) const {
  return AsyncStream<Event>(std::make_shared<detail::AsyncTurn>(
      std::make_shared<detail::TurnStream>(session_, thread_id, message, options, background)));
}

AsyncAttachments::AsyncAttachments(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<Attachment> AsyncAttachments::upload(std::string_view bytes,
                                          const UploadAttachment& request) const {
  return perform_async(session_, calls::upload(bytes, request));
}

AsyncApprovals::AsyncApprovals(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<Approval>> AsyncApprovals::list() const {
  return list(static_cast<const ListApprovals&>(ListApprovals{}));
}
Task<std::vector<Approval>> AsyncApprovals::list(const ListApprovals& filter) const {
  return perform_async(session_, calls::list_approvals(filter));
}
Task<Approval> AsyncApprovals::get(std::string_view approval_id) const {
  return perform_async(session_, calls::get_approval(approval_id));
}
Task<ResolvedApproval> AsyncApprovals::resolve(std::string_view approval_id,
                                               const Resolution& resolution) const {
  return perform_async(session_, calls::resolve_approval(approval_id, resolution));
}

AsyncBudgets::AsyncBudgets(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<Cap>> AsyncBudgets::list() const {
  return perform_async(session_, calls::list_caps());
}
Task<BudgetStatus> AsyncBudgets::status(std::string_view agent_id, std::string_view user_id) const {
  return perform_async(session_, calls::budget_status(agent_id, user_id));
}

Task<Cap> AsyncBudgets::set(const SetCap& cap) const {
  return perform_async(session_, calls::set_cap(cap));
}
Task<void> AsyncBudgets::remove(std::string_view cap_id) const {
  return without_result(perform_async(session_, calls::remove_cap(cap_id)));
}
Task<Cap> AsyncBudgets::override_cap(std::string_view cap_id, std::chrono::minutes duration) const {
  return perform_async(session_, calls::override_cap(cap_id, duration));
}

AsyncMonitoring::AsyncMonitoring(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<TurnRun>> AsyncMonitoring::runs() const {
  return runs(static_cast<const ListRuns&>(ListRuns{}));
}
Task<std::vector<TurnRun>> AsyncMonitoring::runs(const ListRuns& filter) const {
  return perform_async(session_, calls::turn_runs(filter));
}
Task<std::vector<TraceRow>> AsyncMonitoring::traces() const {
  return list_traces(static_cast<const ListRuns&>(ListRuns{}));
}
Task<std::vector<TraceRow>> AsyncMonitoring::list_traces(const ListRuns& filter) const {
  return perform_async(session_, calls::traces(filter));
}
Task<ThreadTrace> AsyncMonitoring::trace(std::string_view thread_id) const {
  return perform_async(session_, calls::thread_trace(thread_id));
}
Task<std::vector<Span>> AsyncMonitoring::traces(std::string_view trace_id) const {
  return perform_async(session_, calls::spans(trace_id));
}
Task<std::vector<AgentCost>> AsyncMonitoring::cost_by_agent(std::string_view day) const {
  return perform_async(session_, calls::cost_by_agent(day));
}
Task<std::vector<DayCost>> AsyncMonitoring::cost_by_scope(std::int64_t days_back) const {
  return flows::cost_by_scope(session_, days_back, background);
}

Task<std::vector<ModelCost>> AsyncMonitoring::cost_by_model(std::int64_t days_back) const {
  return perform_async(session_, calls::cost_by_model(days_back));
}
Task<std::vector<UserCost>> AsyncMonitoring::cost_by_user(std::int64_t days_back) const {
  return perform_async(session_, calls::cost_by_user(days_back));
}
Task<std::vector<SafetyEvent>> AsyncMonitoring::safety_events() const {
  return perform_async(session_, calls::safety_events({}));
}
Task<std::vector<SafetyEvent>> AsyncMonitoring::safety_events(
    const ListSafetyEvents& filter) const {
  return perform_async(session_, calls::safety_events(filter));
}

AsyncBackgroundTasks::AsyncBackgroundTasks(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<BackgroundTask>> AsyncBackgroundTasks::list() const {
  return perform_async(session_, calls::list_tasks());
}
Task<RunHandle> AsyncBackgroundTasks::trigger(std::string_view task_id) const {
  return trigger(task_id, Json());
}
Task<RunHandle> AsyncBackgroundTasks::trigger(std::string_view task_id, const Json& payload) const {
  return perform_async(session_, calls::trigger(task_id, payload, {}));
}
Task<RunHandle> AsyncBackgroundTasks::trigger(std::string_view task_id, const Json& payload,
                                              const TriggerOptions& options) const {
  return perform_async(session_, calls::trigger(task_id, payload, options));
}

AsyncTaskCatalog::AsyncTaskCatalog(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<TaskDefinition>> AsyncTaskCatalog::list() const {
  return perform_async(session_, calls::list_task_definitions());
}
Task<TaskDefinition> AsyncTaskCatalog::get(std::string_view id) const {
  return perform_async(session_, calls::get_task_definition(id));
}
Task<TaskDefinition> AsyncTaskCatalog::create(const TaskSettings& settings) const {
  return perform_async(session_, calls::create_task(settings));
}
Task<TaskDefinition> AsyncTaskCatalog::update(std::string_view id,
                                              const TaskSettings& changes) const {
  return perform_async(session_, calls::update_task(id, changes));
}
Task<void> AsyncTaskCatalog::remove(std::string_view id) const {
  return without_result(perform_async(session_, calls::remove_task(id)));
}
Task<RunHandle> AsyncTaskCatalog::run(std::string_view id) const { return run(id, Json()); }
Task<RunHandle> AsyncTaskCatalog::run(std::string_view id, const Json& payload) const {
  return perform_async(session_, calls::run_task(id, payload));
}

AsyncBackgroundRuns::AsyncBackgroundRuns(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<Run>> AsyncBackgroundRuns::list() const {
  return list(static_cast<const ListBackgroundRuns&>(ListBackgroundRuns{}));
}
Task<std::vector<Run>> AsyncBackgroundRuns::list(const ListBackgroundRuns& filter) const {
  return perform_async(session_, calls::list_runs(filter));
}
Task<Run> AsyncBackgroundRuns::get(std::string_view run_id) const {
  return perform_async(session_, calls::get_run(run_id));
}
Task<Run> AsyncBackgroundRuns::wait(std::string_view run_id) const {
  return flows::wait_for_run(session_, run_id, {}, background);
}
Task<Run> AsyncBackgroundRuns::wait(std::string_view run_id, const WaitOptions& options) const {
  return flows::wait_for_run(session_, run_id, options, background);
}
Task<RunHandle> AsyncBackgroundRuns::cancel(std::string_view run_id) const {
  return perform_async(session_, calls::cancel_run(run_id));
}
Task<RunHandle> AsyncBackgroundRuns::replay(std::string_view run_id) const {
  return perform_async(session_, calls::replay_run(run_id));
}

AsyncSchedules::AsyncSchedules(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<Schedule>> AsyncSchedules::list() const {
  return perform_async(session_, calls::list_schedules());
}
Task<Schedule> AsyncSchedules::create(const CreateSchedule& request) const {
  return perform_async(session_, calls::create_schedule(request));
}
Task<Schedule> AsyncSchedules::activate(std::string_view schedule_id) const {
  return perform_async(session_, calls::activate_schedule(schedule_id));
}
Task<Schedule> AsyncSchedules::deactivate(std::string_view schedule_id) const {
  return perform_async(session_, calls::deactivate_schedule(schedule_id));
}
Task<void> AsyncSchedules::remove(std::string_view schedule_id) const {
  return without_result(perform_async(session_, calls::remove_schedule(schedule_id)));
}

AsyncBatches::AsyncBatches(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<BatchHandle> AsyncBatches::trigger(std::string_view task_id,
                                        const std::vector<Json>& payloads) const {
  return perform_async(session_, calls::trigger_batch(task_id, payloads, {}));
}
Task<BatchHandle> AsyncBatches::trigger(std::string_view task_id, const std::vector<Json>& payloads,
                                        const TriggerOptions& options) const {
  return perform_async(session_, calls::trigger_batch(task_id, payloads, options));
}
Task<Batch> AsyncBatches::get(std::string_view batch_id) const {
  return perform_async(session_, calls::get_batch(batch_id));
}

Task<Batch> AsyncBatches::wait(std::string_view batch_id) const {
  return flows::wait_for_batch(session_, batch_id, {}, background);
}
Task<Batch> AsyncBatches::wait(std::string_view batch_id, const WaitOptions& options) const {
  return flows::wait_for_batch(session_, batch_id, options, background);
}

AsyncBgo::AsyncBgo(std::shared_ptr<const detail::Session> session)
    : tasks(session),
      catalog(session),
      runs(session),
      schedules(session),
      batches(session),
      session_(std::move(session)) {}

Task<Json> AsyncBgo::raw(std::string_view path, std::string_view method) const {
  return perform_async(session_, calls::raw(path, method, Json()));
}
Task<Json> AsyncBgo::raw(std::string_view path, std::string_view method, const Json& body) const {
  return perform_async(session_, calls::raw(path, method, body));
}

AsyncClient::AsyncClient(const Options& options) : AsyncClient(detail::open_session(options)) {}
AsyncClient::AsyncClient(std::shared_ptr<const detail::Session> session)
    : agents(session),
      threads(session),
      attachments(session),
      approvals(session),
      budgets(session),
      monitoring(session),
      bgo(session),
      trigger(session),
      session_(std::move(session)) {}
AsyncClient::~AsyncClient() { close(); }
AsyncClient::AsyncClient(AsyncClient&&) noexcept = default;
AsyncClient& AsyncClient::operator=(AsyncClient&& other) noexcept {
  if (this != &other) {
    close();
    agents = std::move(other.agents);
    threads = std::move(other.threads);
    attachments = std::move(other.attachments);
    approvals = std::move(other.approvals);
    budgets = std::move(other.budgets);
    monitoring = std::move(other.monitoring);
    bgo = std::move(other.bgo);
    trigger = std::move(other.trigger);
    session_ = std::move(other.session_);
  }
  return *this;
}

AsyncClient AsyncClient::with(const CallOptions& options) const {
  return AsyncClient(detail::derive(*session_, options));
}
AsyncClient AsyncClient::with_scope(const Scope& scope) const {
  return AsyncClient(detail::derive(*session_, scope));
}
void AsyncClient::set_session_token(std::string_view token) const {
  detail::set_session_token(*session_, token);
}
void AsyncClient::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::platos
