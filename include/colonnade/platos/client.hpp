// The blocking Platos client. Include colonnade/platos.hpp.
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
#include "colonnade/platos/errors.hpp"
#include "colonnade/platos/events.hpp"
#include "colonnade/platos/monitoring.hpp"
#include "colonnade/platos/types.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::platos {

namespace detail {
class Session;
}

class COLONNADE_API Agents {
 public:
  std::vector<Agent> list() const;                            // newest first
  std::optional<Agent> get(std::string_view agent_id) const;  // nothing when there is none
  std::vector<AgentVersion> list_versions(std::string_view agent_id) const;  // newest first
  // The rest is for operators.
  Agent create(const AgentSettings& settings) const;
  Agent update(std::string_view agent_id, const AgentSettings& changes) const;
  void remove(std::string_view agent_id) const;
  // Copies an old version forward as a new one.
  Agent rollback(std::string_view agent_id, std::string_view version_id) const;
  // So many percent of the threads that begin from now on run the version; 0 and "" end it.
  Agent set_canary(std::string_view agent_id, std::string_view version_id,
                   std::int64_t percent) const;

 private:
  friend class Client;
  explicit Agents(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Threads {
 public:
  Thread create(const CreateThread& request = {}) const;
  std::vector<Thread> list(
      const ListThreads& filter = {}) const;  // pinned first, then the latest touched
  std::optional<Thread> get(std::string_view thread_id) const;        // nothing when there is none
  std::vector<Message> messages(std::string_view thread_id) const;    // oldest first
  std::vector<Artifact> artifacts(std::string_view thread_id) const;  // the latest revisions
  void archive(std::string_view thread_id) const;
  void unarchive(std::string_view thread_id) const;
  void remove(std::string_view thread_id) const;  // can be undone by unarchive()
  Thread rename(std::string_view thread_id, std::string_view title) const;  // "": without one
  Thread set_tags(std::string_view thread_id, const std::vector<std::string>& tags) const;
  Thread pin(std::string_view thread_id) const;
  Thread unpin(std::string_view thread_id) const;
  Thread fork(std::string_view thread_id, const ForkThread& request = {}) const;  // the copy
  std::vector<Message> replies(std::string_view thread_id, std::string_view message_id) const;
  // One turn, live. The start of the loop connects. The stream ends behind Done; a Failed before it
  // says what went wrong. When the socket breaks, the client reconnects and goes on where it was;
  // NetworkError when that does not work. AuthError when the token is refused and cannot be
  // replaced. A stop gives Done{.stopped = true}, then the end. Leaving the loop closes the socket
  // (1000), not the turn.
  Stream<Event> send(std::string_view thread_id, std::string_view message,
                     const SendOptions& options = {}) const;
  // Ends the turn that the thread has under way, whoever sent it; what it has said so far is kept.
  // Returns when the server has taken it, also when nothing was under way. NotFoundError for a
  // thread that is missing.
  void stop(std::string_view thread_id) const;
  // One turn over HTTP, waited for: no socket, no events. Of the options the agent and the
  // attachments count. HttpOptions::timeouts.send bounds the wait.
  Answer ask(std::string_view thread_id, std::string_view message,
             const SendOptions& options = {}) const;
  // The turn of a user's message once more, with another text or the same.
  Answer edit_and_rerun(std::string_view thread_id, std::string_view message_id,
                        std::string_view message) const;
  Answer retry(std::string_view thread_id, std::string_view message_id) const;

 private:
  friend class Client;
  explicit Threads(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Files that go with messages.
class COLONNADE_API Attachments {
 public:
  Attachment upload(std::string_view bytes, const UploadAttachment& request = {}) const;

 private:
  friend class Client;
  explicit Attachments(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Things that wait for a human. A server that knows the first of two paths only, or the second, is
// asked either way.
class COLONNADE_API Approvals {
 public:
  std::vector<Approval> list(const ListApprovals& filter = {}) const;  // newest first
  Approval get(std::string_view approval_id) const;
  ResolvedApproval resolve(std::string_view approval_id, const Resolution& resolution) const;

 private:
  friend class Client;
  explicit Approvals(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Budgets {
 public:
  std::vector<Cap> list() const;
  BudgetStatus status(std::string_view agent_id = {},
                      std::string_view user_id = {}) const;  // of the caller, for this agent
  // The rest is for operators.
  Cap set(const SetCap& cap) const;  // a new one, or in place of the one it is like
  void remove(std::string_view cap_id) const;
  // Lifts the cap for so long; 0 ends that.
  Cap override_cap(std::string_view cap_id, std::chrono::minutes duration) const;

 private:
  friend class Client;
  explicit Budgets(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Monitoring {
 public:
  std::vector<TurnRun> runs(const ListRuns& filter = {}) const;  // newest first
  std::vector<TraceRow> traces() const;  // one row for each thread, the latest touched first
  std::vector<TraceRow> list_traces(const ListRuns& filter) const;  // the same, of some
  std::vector<Span> traces(std::string_view trace_id) const;        // of a trace, or of a thread
  ThreadTrace trace(std::string_view thread_id) const;
  std::vector<AgentCost> cost_by_agent(std::string_view day = {}) const;  // day: YYYY-MM-DD
  std::vector<DayCost> cost_by_scope(std::int64_t days_back = 7) const;  // oldest first, today last
  std::vector<ModelCost> cost_by_model(std::int64_t days_back = 30) const;
  std::vector<UserCost> cost_by_user(std::int64_t days_back = 30) const;
  std::vector<SafetyEvent> safety_events(
      const ListSafetyEvents& filter = {}) const;  // newest first

 private:
  friend class Client;
  explicit Monitoring(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API BackgroundTasks {
 public:
  std::vector<BackgroundTask> list() const;
  RunHandle trigger(std::string_view task_id, const Json& payload = {},
                    const TriggerOptions& options = {}) const;

 private:
  friend class Bgo;
  explicit BackgroundTasks(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// The tasks themselves, for operators.
class COLONNADE_API TaskCatalog {
 public:
  std::vector<TaskDefinition> list() const;
  TaskDefinition get(std::string_view id) const;
  TaskDefinition create(const TaskSettings& settings) const;
  TaskDefinition update(std::string_view id, const TaskSettings& changes) const;
  void remove(std::string_view id) const;
  RunHandle run(std::string_view id, const Json& payload = {}) const;

 private:
  friend class Bgo;
  explicit TaskCatalog(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API BackgroundRuns {
 public:
  std::vector<Run> list(const ListBackgroundRuns& filter = {}) const;  // newest first
  Run get(std::string_view run_id) const;
  // Looks at the run until it has ended; see WaitOptions.
  Run wait(std::string_view run_id, const WaitOptions& options = {}) const;
  RunHandle cancel(std::string_view run_id) const;
  RunHandle replay(std::string_view run_id) const;  // the new run

 private:
  friend class Bgo;
  explicit BackgroundRuns(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Schedules {
 public:
  std::vector<Schedule> list() const;
  Schedule create(const CreateSchedule& request) const;  // active at once
  Schedule activate(std::string_view schedule_id) const;
  Schedule deactivate(std::string_view schedule_id) const;
  void remove(std::string_view schedule_id) const;

 private:
  friend class Bgo;
  explicit Schedules(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Batches {
 public:
  // One run for each payload, up to 1000.
  BatchHandle trigger(std::string_view task_id, const std::vector<Json>& payloads,
                      const TriggerOptions& options = {}) const;
  Batch get(std::string_view batch_id) const;
  // Looks at the batch until all of its runs have ended; see WaitOptions.
  Batch wait(std::string_view batch_id, const WaitOptions& options = {}) const;

 private:
  friend class Bgo;
  explicit Batches(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Background operations. A real server has none: NotFoundError.
class COLONNADE_API Bgo {
 public:
  BackgroundTasks tasks;
  TaskCatalog catalog;
  BackgroundRuns runs;
  Schedules schedules;
  Batches batches;

  // Any path under the base URL, "/api/v1/agent/…", with the client's credential. The reply's JSON,
  // null when it has no body; `body` null is no body.
  Json raw(std::string_view path, std::string_view method = "GET", const Json& body = {}) const;

 private:
  friend class Client;
  explicit Bgo(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// A client that was constructed is the root of its connection pool; those made by with() and
// with_scope() are derived from it and share the pool and the token. Closing or destroying the root
// closes idle connections and aborts running calls and streams, of derived clients too, with
// CancelledError; so end later calls. Closing or destroying a derived client touches nothing.
class COLONNADE_API Client {
 public:
  // std::invalid_argument without a token and a key, or with a key and half a scope.
  explicit Client(const Options& options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  static Client from_env() { return Client(Options::from_env()); }

  Agents agents;
  Threads threads;
  Attachments attachments;
  Approvals approvals;
  Budgets budgets;
  Monitoring monitoring;
  Bgo bgo;
  Bgo trigger;  // the same under its other name

  // A derived client for calls with a time limit, a stop token or an idempotency key; or for calls
  // in another scope.
  Client with(const CallOptions& options) const;
  Client with_scope(const Scope& scope) const;
  // The token of this client and of all that share its root, from the next request on.
  void set_session_token(std::string_view token) const;
  void close() noexcept;  // idempotent

 private:
  explicit Client(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

using PlatosClient = Client;  // the name of the Python SDK

}  // namespace colonnade::inline v1::platos
