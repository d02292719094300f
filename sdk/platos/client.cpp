// The blocking Platos client.
#include "colonnade/platos.hpp"
#include "sdk/platos/calls.hpp"
#include "sdk/platos/flows.hpp"
#include "sdk/platos/session.hpp"
#include "sdk/platos/turn_stream.hpp"

namespace colonnade::inline v1::platos {
namespace {

constexpr Calling blocking = Calling::blocking;

// On the caller's thread: nothing in it waits for another one.
template <class T>
T perform(const flows::SessionPtr& session, Result<calls::Planned<T>> plan) {
  return colonnade::run(flows::perform(session, std::move(plan), blocking));
}

template <class T>
std::optional<T> find(const flows::SessionPtr& session, Result<calls::Planned<T>> plan) {
  return colonnade::run(flows::find(session, std::move(plan), blocking));
}

}  // namespace

Agents::Agents(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

std::vector<Agent> Agents::list() const { return perform(session_, calls::list_agents()); }
std::optional<Agent> Agents::get(std::string_view agent_id) const {
  return find(session_, calls::get_agent(agent_id));
}
std::vector<AgentVersion> Agents::list_versions(std::string_view agent_id) const {
  return perform(session_, calls::list_versions(agent_id));
}

Agent Agents::create(const AgentSettings& settings) const {
  return perform(session_, calls::create_agent(settings));
}
Agent Agents::update(std::string_view agent_id, const AgentSettings& changes) const {
  return perform(session_, calls::update_agent(agent_id, changes));
}
void Agents::remove(std::string_view agent_id) const {
  perform(session_, calls::remove_agent(agent_id));
}
Agent Agents::rollback(std::string_view agent_id, std::string_view version_id) const {
  return perform(session_, calls::roll_back(agent_id, version_id));
}
Agent Agents::set_canary(std::string_view agent_id, std::string_view version_id,
                         std::int64_t percent) const {
  return perform(session_, calls::set_canary(agent_id, version_id, percent));
}

Threads::Threads(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

Thread Threads::create(const CreateThread& request) const {
  return perform(session_, calls::create_thread(request));
}
std::vector<Thread> Threads::list(const ListThreads& filter) const {
  return perform(session_, calls::list_threads(filter));
}
std::optional<Thread> Threads::get(std::string_view thread_id) const {
  return find(session_, calls::get_thread(thread_id));
}
std::vector<Message> Threads::messages(std::string_view thread_id) const {
  return perform(session_, calls::messages(thread_id));
}
std::vector<Artifact> Threads::artifacts(std::string_view thread_id) const {
  return perform(session_, calls::artifacts(thread_id));
}
void Threads::archive(std::string_view thread_id) const {
  perform(session_, calls::archive(thread_id));
}
void Threads::unarchive(std::string_view thread_id) const {
  perform(session_, calls::unarchive(thread_id));
}
void Threads::remove(std::string_view thread_id) const {
  perform(session_, calls::remove_thread(thread_id));
}
Thread Threads::rename(std::string_view thread_id, std::string_view title) const {
  return perform(session_, calls::rename(thread_id, title));
}
Thread Threads::set_tags(std::string_view thread_id, const std::vector<std::string>& tags) const {
  return perform(session_, calls::set_tags(thread_id, tags));
}
Thread Threads::pin(std::string_view thread_id) const {
  return perform(session_, calls::pin(thread_id));
}
Thread Threads::unpin(std::string_view thread_id) const {
  return perform(session_, calls::unpin(thread_id));
}
Thread Threads::fork(std::string_view thread_id, const ForkThread& request) const {
  return perform(session_, calls::fork(thread_id, request));
}
std::vector<Message> Threads::replies(std::string_view thread_id,
                                      std::string_view message_id) const {
  return perform(session_, calls::replies(thread_id, message_id));
}
void Threads::stop(std::string_view thread_id) const {
  colonnade::run(detail::stop_turn(session_, std::string(thread_id), blocking));
}
Answer Threads::ask(std::string_view thread_id, std::string_view message,
                    const SendOptions& options) const {
  return perform(session_, calls::ask(thread_id, message, options));
}
Answer Threads::edit_and_rerun(std::string_view thread_id, std::string_view message_id,
                               std::string_view message) const {
  return perform(session_, calls::edit_and_rerun(thread_id, message_id, message));
}
Answer Threads::retry(std::string_view thread_id, std::string_view message_id) const {
  return perform(session_, calls::retry(thread_id, message_id));
}
Stream<Event> Threads::send(std::string_view thread_id, std::string_view message,
                            const SendOptions& options) const {
  return Stream<Event>(std::make_unique<detail::BlockingTurn>(
      std::make_shared<detail::TurnStream>(session_, thread_id, message, options, blocking)));
}

Attachments::Attachments(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Attachment Attachments::upload(std::string_view bytes, const UploadAttachment& request) const {
  return perform(session_, calls::upload(bytes, request));
}

Approvals::Approvals(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<Approval> Approvals::list(const ListApprovals& filter) const {
  return perform(session_, calls::list_approvals(filter));
}
Approval Approvals::get(std::string_view approval_id) const {
  return perform(session_, calls::get_approval(approval_id));
}
ResolvedApproval Approvals::resolve(std::string_view approval_id,
                                    const Resolution& resolution) const {
  return perform(session_, calls::resolve_approval(approval_id, resolution));
}

Budgets::Budgets(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

std::vector<Cap> Budgets::list() const { return perform(session_, calls::list_caps()); }
BudgetStatus Budgets::status(std::string_view agent_id, std::string_view user_id) const {
  return perform(session_, calls::budget_status(agent_id, user_id));
}

Cap Budgets::set(const SetCap& cap) const { return perform(session_, calls::set_cap(cap)); }
void Budgets::remove(std::string_view cap_id) const {
  perform(session_, calls::remove_cap(cap_id));
}
Cap Budgets::override_cap(std::string_view cap_id, std::chrono::minutes duration) const {
  return perform(session_, calls::override_cap(cap_id, duration));
}

Monitoring::Monitoring(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<TurnRun> Monitoring::runs(const ListRuns& filter) const {
  return perform(session_, calls::turn_runs(filter));
}
std::vector<TraceRow> Monitoring::traces() const { return list_traces(ListRuns{}); }
std::vector<TraceRow> Monitoring::list_traces(const ListRuns& filter) const {
  return perform(session_, calls::traces(filter));
}
ThreadTrace Monitoring::trace(std::string_view thread_id) const {
  return perform(session_, calls::thread_trace(thread_id));
}
std::vector<Span> Monitoring::traces(std::string_view trace_id) const {
  return perform(session_, calls::spans(trace_id));
}
std::vector<AgentCost> Monitoring::cost_by_agent(std::string_view day) const {
  return perform(session_, calls::cost_by_agent(day));
}
std::vector<DayCost> Monitoring::cost_by_scope(std::int64_t days_back) const {
  return colonnade::run(flows::cost_by_scope(session_, days_back, blocking));
}

std::vector<ModelCost> Monitoring::cost_by_model(std::int64_t days_back) const {
  return perform(session_, calls::cost_by_model(days_back));
}
std::vector<UserCost> Monitoring::cost_by_user(std::int64_t days_back) const {
  return perform(session_, calls::cost_by_user(days_back));
}
std::vector<SafetyEvent> Monitoring::safety_events(const ListSafetyEvents& filter) const {
  return perform(session_, calls::safety_events(filter));
}

BackgroundTasks::BackgroundTasks(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<BackgroundTask> BackgroundTasks::list() const {
  return perform(session_, calls::list_tasks());
}
RunHandle BackgroundTasks::trigger(std::string_view task_id, const Json& payload,
                                   const TriggerOptions& options) const {
  return perform(session_, calls::trigger(task_id, payload, options));
}

TaskCatalog::TaskCatalog(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<TaskDefinition> TaskCatalog::list() const {
  return perform(session_, calls::list_task_definitions());
}
TaskDefinition TaskCatalog::get(std::string_view id) const {
  return perform(session_, calls::get_task_definition(id));
}
TaskDefinition TaskCatalog::create(const TaskSettings& settings) const {
  return perform(session_, calls::create_task(settings));
}
TaskDefinition TaskCatalog::update(std::string_view id, const TaskSettings& changes) const {
  return perform(session_, calls::update_task(id, changes));
}
void TaskCatalog::remove(std::string_view id) const { perform(session_, calls::remove_task(id)); }
RunHandle TaskCatalog::run(std::string_view id, const Json& payload) const {
  return perform(session_, calls::run_task(id, payload));
}

BackgroundRuns::BackgroundRuns(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<Run> BackgroundRuns::list(const ListBackgroundRuns& filter) const {
  return perform(session_, calls::list_runs(filter));
}
Run BackgroundRuns::get(std::string_view run_id) const {
  return perform(session_, calls::get_run(run_id));
}
Run BackgroundRuns::wait(std::string_view run_id, const WaitOptions& options) const {
  return colonnade::run(flows::wait_for_run(session_, run_id, options, blocking));
}
RunHandle BackgroundRuns::cancel(std::string_view run_id) const {
  return perform(session_, calls::cancel_run(run_id));
}
RunHandle BackgroundRuns::replay(std::string_view run_id) const {
  return perform(session_, calls::replay_run(run_id));
}

Schedules::Schedules(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<Schedule> Schedules::list() const { return perform(session_, calls::list_schedules()); }
Schedule Schedules::create(const CreateSchedule& request) const {
  return perform(session_, calls::create_schedule(request));
}
Schedule Schedules::activate(std::string_view schedule_id) const {
  return perform(session_, calls::activate_schedule(schedule_id));
}
Schedule Schedules::deactivate(std::string_view schedule_id) const {
  return perform(session_, calls::deactivate_schedule(schedule_id));
}
void Schedules::remove(std::string_view schedule_id) const {
  perform(session_, calls::remove_schedule(schedule_id));
}

Batches::Batches(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

BatchHandle Batches::trigger(std::string_view task_id, const std::vector<Json>& payloads,
                             const TriggerOptions& options) const {
  return perform(session_, calls::trigger_batch(task_id, payloads, options));
}
Batch Batches::get(std::string_view batch_id) const {
  return perform(session_, calls::get_batch(batch_id));
}

Batch Batches::wait(std::string_view batch_id, const WaitOptions& options) const {
  return colonnade::run(flows::wait_for_batch(session_, batch_id, options, blocking));
}

Bgo::Bgo(std::shared_ptr<const detail::Session> session)
    : tasks(session),
      catalog(session),
      runs(session),
      schedules(session),
      batches(session),
      session_(std::move(session)) {}

Json Bgo::raw(std::string_view path, std::string_view method, const Json& body) const {
  return perform(session_, calls::raw(path, method, body));
}

Client::Client(const Options& options) : Client(detail::open_session(options)) {}
Client::Client(std::shared_ptr<const detail::Session> session)
    : agents(session),
      threads(session),
      attachments(session),
      approvals(session),
      budgets(session),
      monitoring(session),
      bgo(session),
      trigger(session),
      session_(std::move(session)) {}
Client::~Client() { close(); }
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&& other) noexcept {
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

Client Client::with(const CallOptions& options) const {
  return Client(detail::derive(*session_, options));
}
Client Client::with_scope(const Scope& scope) const {
  return Client(detail::derive(*session_, scope));
}
void Client::set_session_token(std::string_view token) const {
  detail::set_session_token(*session_, token);
}
void Client::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::platos
