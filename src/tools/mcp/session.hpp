// One server under supervision: connected, asked, restarted, stopped.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "core/tools/limits.hpp"
#include "core/tools/tool_runner.hpp"
#include "core/tools/tool_server_connection.hpp"
#include "tools/mcp/connection.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/pins.hpp"

namespace colonnade::tools::mcp {

using ServerState = core::ToolServerState;

struct ServerStatus {
  ServerState state = ServerState::starting;
  std::string reason{};                // "" for starting, ready and stopped
  ServerInfo server{};                 // of the last handshake that succeeded
  std::string held_back_set{};         // what accept() wants; "" when nothing is held back
  int failures = 0;                    // in a row
  std::vector<std::string> refused{};  // tools that cannot be offered, and why
};

struct Progress {
  double progress = 0;
  std::optional<double> total{};
  std::string message{};
};

struct RequestOptions {
  // Of each round trip. Progress does not lengthen it.
  std::chrono::milliseconds time_max = limits::tool_time_max;
  std::stop_token stop{};
  std::function<void(const Progress&)> on_progress{};  // on the session's lane
  std::string caller{};  // opaque: on whose behalf; comes back with the server's questions
};

// A question of the server to a human.
struct Elicitation {
  std::string server{};
  // RequestOptions::caller of the call that it belongs to. Older servers do not say: then it is the
  // one caller that has calls under way, and "" when there are several, or none.
  std::string caller{};
  std::string message{};
  base::Json schema = base::Json::object();  // of the answer's content: a flat object
};
struct ElicitationAnswer {
  enum class Action { accept, decline, cancel };
  Action action = Action::decline;
  // For accept. Fields that are left out take the schema's defaults.
  base::Json content = base::Json::object();
};
// Ends soon after the stop, which comes no later than the end of the call.
using Elicit = std::function<base::Task<ElicitationAnswer>(Elicitation, std::stop_token)>;
// sampling/createMessage: from its params to its result.
using Sample = std::function<base::Task<base::Result<base::Json>>(base::Json, std::stop_token)>;

struct SessionTimes {
  std::chrono::milliseconds probe_max = limits::mcp_probe_time_max;
  std::chrono::milliseconds handshake_max = limits::mcp_handshake_time_max;
  std::chrono::milliseconds list_max = limits::mcp_list_time_max;
  std::chrono::milliseconds relist_min = limits::mcp_relist_interval_min;
  std::chrono::milliseconds restart_min = limits::mcp_restart_delay_min;
  std::chrono::milliseconds restart_max = limits::mcp_restart_delay_max;
  std::chrono::milliseconds steady = limits::mcp_steady_time;
  std::chrono::milliseconds elicitation_max = limits::mcp_elicitation_time_max;
};

struct SessionOptions {
  std::string name{};  // core::check_tool_server_name()
  std::string client_version{"0"};
  Elicit elicit{};  // empty: servers are told that nobody answers
  Sample sample{};  // empty: refused
  std::optional<ToolPins> accepted{};
  // Told what to keep: at the first attachment and after accept(). Any thread.
  std::function<void(const ToolPins&)> on_pinned{};
  std::function<void(const ServerStatus&)> on_status{};  // each change; on the session's lane
  // What the server was told in confidence, as it is now: left out where it quotes that in an
  // error. On the session's lane.
  std::function<std::vector<std::string>()> secrets{};
  SessionTimes times{};
};

// Makes a connection for each start.
using Connect = std::function<std::unique_ptr<Connection>()>;

// Lives on one lane; calls may come from any. A server that is away makes calls fail at once with
// ErrorKind::unavailable, one that dies makes those under way fail with ErrorKind::upstream.
class Session final : public ConnectionListener, public std::enable_shared_from_this<Session> {
 public:
  static std::shared_ptr<Session> start(base::Lane& lane, SessionOptions options, Connect connect);
  // Returns when the connection and its process are gone. Once, and before the lanes stop.
  static base::Task<void> stop(std::shared_ptr<Session> self);

  // Any request. Errors: unavailable, upstream (the server's refusal, or its end), invalid
  // (-32602), not_found (-32601), timeout, cancelled, unauthorized. After a timeout or a stop the
  // server is told that nobody waits any more.
  static base::Task<base::Result<base::Json>> request(std::shared_ptr<Session> self,
                                                      std::string method, base::Json params,
                                                      RequestOptions options);
  // tools/call of an offered tool, by the server's own name. An Error for a tool that is not
  // offered, and for a stop; every other failure is an outcome with is_error.
  static base::Task<base::Result<core::ToolOutcome>> call_tool(std::shared_ptr<Session> self,
                                                               std::string tool,
                                                               base::Json arguments,
                                                               RequestOptions options);
  // All pages of `<kind>/list`: an array, for kind "resources", "resources/templates", "prompts".
  static base::Task<base::Result<base::Json>> list(std::shared_ptr<Session> self, std::string kind,
                                                   RequestOptions options);

  // Any thread.
  ServerStatus status() const;
  // Those that are offered now; never null, and never changes. Named for models once, when the
  // server has listed them.
  std::shared_ptr<const std::vector<RemoteTool>> tools() const;
  const std::string& name() const { return options_.name; }
  // Accepts the set that is held back. ErrorKind::conflict when it is not (or no longer) `set`.
  base::Result<void> accept(const std::string& set);
  // Tries again at once: a credential has come, or the operator will not wait.
  void retry();

  void received(Message message) override;
  void request_failed(std::int64_t id, TransportFailure failure) override;
  void closed(base::Error why) override;

  Session(base::Lane& lane, SessionOptions options, Connect connect);

 private:
  struct Exchange {
    std::int64_t id = 0;
    std::string method{};
    base::Json params = base::Json::object();
    bool handshake = false;  // allowed before the server is ready
    std::vector<HeaderText> parameters{};
    RequestOptions options{};
  };
  struct Pending {
    std::shared_ptr<base::Completion<Answer>> done{};  // null for subscriptions/listen
    std::function<void(const Progress&)> on_progress{};
    std::string caller{};
  };
  // A request of the server.
  struct IncomingRequest {
    std::stop_source stop{};
    std::string caller{};
  };

  // Supervision; session.cpp.
  static base::Task<void> supervise(std::shared_ptr<Session> self);
  base::Task<base::Result<void>> attach();
  base::Task<base::Result<void>> perform_handshake();
  base::Task<base::Result<void>> initialize();
  base::Task<base::Error> serve();
  base::Task<void> detach(base::Error why);
  base::Task<void> pause(std::chrono::milliseconds time);
  base::Task<base::Result<void>> list_tools();
  void check_tools(std::vector<RemoteTool> found, std::vector<std::string> refused);
  std::string without_secrets(std::string text) const;
  void set_state(ServerState state, std::string reason, int failures);
  void listen();

  // Requests; session_requests.cpp.
  static base::Task<Answer> exchange(std::shared_ptr<Session> self, Exchange what);
  static base::Task<base::Result<base::Json>> converse(std::shared_ptr<Session> self,
                                                       Exchange what);
  static base::Task<base::Result<base::Json>> gather(std::shared_ptr<Session> self,
                                                     base::Json requests, RequestOptions options);
  static base::Task<void> answer_request(std::shared_ptr<Session> self, RpcRequest request,
                                         IncomingRequest incoming);
  static base::Task<base::Result<base::Json>> fulfil(std::shared_ptr<Session> self,
                                                     std::string method, base::Json params,
                                                     IncomingRequest incoming);
  std::string only_caller() const;
  void drop_questions();
  void begin(Exchange what, std::shared_ptr<base::Completion<Answer>> done);
  void abandon(std::int64_t id, bool handshake, std::string_view reason);
  void finish(std::int64_t id, Answer answer);
  void fail_all(const base::Error& why);
  base::Result<base::Json> result_from(std::string_view method, Answer answer) const;
  void notice(const RpcNotification& notification);
  void take_request(RpcRequest request);
  void send(Outgoing message);
  ClientInfo client_info() const;

  base::Lane& lane_;
  const SessionOptions options_;
  const Connect connect_;
  std::atomic<std::int64_t> next_id_{1};
  std::stop_source stop_{};
  base::Signal wake_{};
  base::Completion<bool> stopped_{};

  // The lane's.
  std::unique_ptr<Connection> connection_{};
  bool attached_ = false;                // the handshake is over
  std::optional<base::Error> closed_{};  // the connection has ended
  bool needs_initialize_ = false;        // known from an earlier start
  bool list_changed_ = false;
  bool reopen_listener_ = false;
  bool retry_ = false;
  std::int64_t listening_ = 0;  // id of subscriptions/listen
  ServerInfo server_{};
  std::map<std::int64_t, Pending> pending_{};
  std::map<std::string, IncomingRequest>
      incoming_requests_{};      // requests of the server, by id as JSON
  std::int64_t generation_ = 0;  // of the connection

  mutable std::mutex mutex_{};  // guards what follows
  ServerStatus status_{};
  std::optional<ToolPins> accepted_{};
  std::vector<RemoteTool> found_{};
  std::shared_ptr<const std::vector<RemoteTool>> offered_ =
      std::make_shared<const std::vector<RemoteTool>>();
};

}  // namespace colonnade::tools::mcp
