// All MCP servers of this process: which there are, how they are, and what their tools are called.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "net/http_client.hpp"
#include "tools/mcp/oauth.hpp"
#include "tools/mcp/server_process.hpp"
#include "tools/mcp/session.hpp"

namespace colonnade::tools::mcp {

// One server: how it is reached, and what is kept about it.
struct ServerRecord {
  std::string id{};                    // unique; agents name it so
  std::string name{};                  // core::check_tool_server_name(); in the names of its tools
  ServerCommand command{};             // a child process, or
  std::string url{};                   // streamable HTTP
  net::Headers headers{};              // with each HTTP request; may be secrets
  OAuthSettings oauth{};               // used unless `headers` has an Authorization
  std::optional<ToolPins> accepted{};  // absent: what it offers first counts as accepted
  std::string kept{};                  // OAuthOptions::kept; secret
};

struct ServersOptions {
  std::string client_version{"0"};
  Elicit elicit{};  // may run on any lane
  Sample sample{};
  // What is to be kept of a server. On the servers' lane, or in accept() on its caller's thread.
  std::function<void(const std::string& id, const ToolPins&)> on_pinned{};
  std::function<void(const std::string& id, const std::string& kept)> on_stored{};
  // Each change of a server's state. On the servers' lane.
  std::function<void(const std::string& id, const ServerStatus&)> on_status{};
  // Where a human comes back to, for servers whose settings do not say.
  std::function<std::string()> redirect_url{};
  // OAuthOptions::follow, for all servers.
  std::function<base::Task<base::Result<std::string>>(std::string url)> follow{};
  SessionTimes times{};
  bool wait_for_begin = false;  // nothing is started before begin()
};

struct ServerReport {
  std::string id{};
  std::string name{};
  ServerStatus status{};
  std::string authorization_url{};     // a human has to open it; "" when nothing waits for one
  std::vector<std::string> offered{};  // names of tools, as models see them
};

// One tool of one server, as an agent that may use some servers sees it.
struct ServerTool {
  std::string server_id{};
  std::string tool{};  // the server's own name for it
  core::ToolDefinition definition{};
};

// All sessions live on one lane; calls may come from any. No call waits for a server that is away.
class Servers {
 public:
  // `lane` and `client` outlive it.
  Servers(base::Lane& lane, net::HttpClient& client, ServersOptions options);
  // After stop(), or after the lanes have stopped.
  ~Servers();
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  // Starts a server, or replaces the one of the same id once that has ended. Errors: invalid for a
  // name that cannot be one, conflict after stop().
  base::Result<void> set(ServerRecord record);
  // Starts what was set so far and counts as starting, when the options want to wait.
  void begin();
  // Ends a server behind the scenes. Nothing when there is none.
  void remove(const std::string& id);
  // Ends all; returns when no process and no connection of theirs is left. Before the lanes stop.
  base::Task<void> stop();

  std::vector<ServerReport> list() const;  // by id
  std::optional<ServerReport> find(const std::string& id) const;
  // Session::accept() and retry(). ErrorKind::not_found when there is no such server.
  base::Result<void> accept(const std::string& id, const std::string& set);
  base::Result<void> retry(const std::string& id);
  // A human has been to an authorization server; `query` is what the redirect brought. `id`: the
  // server that has to wait for it, "" for whichever does. Errors: OAuth::complete().
  base::Task<base::Result<void>> complete_authorization(std::string id, std::string query);

  // What these servers offer now, in their order; of two tools with one name, the first. A server
  // that is away has nothing to offer: that is logged.
  std::vector<ServerTool> tools(const std::vector<std::string>& ids) const;
  // The one that a model calls so; nullopt when these servers do not offer it.
  std::optional<ServerTool> tool(const std::vector<std::string>& ids, std::string_view name) const;
  // Whether one of these servers could offer it once it has started; any thread.
  bool is_starting(const std::vector<std::string>& ids, std::string_view name) const;
  // Whether one of these servers is starting and has not failed before; any thread.
  bool is_first_start(const std::vector<std::string>& ids) const;
  // The id of the one of these servers whose tool is called so; "" for none of them.
  std::string server_of(const std::vector<std::string>& ids, std::string_view name) const;
  // Why none of these servers offers it, in words.
  std::string why_not(const std::vector<std::string>& ids, std::string_view name) const;
  bool has_name(std::string_view name) const;  // whether any server is called so
  // Session::call_tool(). ErrorKind::not_found when there is no such server (any more).
  base::Task<base::Result<core::ToolOutcome>> call(std::string id, std::string tool,
                                                   base::Json arguments, RequestOptions options);
  // Null when there is none, or it is just being replaced.
  std::shared_ptr<Session> session(const std::string& id) const;

 private:
  struct Entry {
    ServerRecord record{};
    std::shared_ptr<Session> session{};
    std::shared_ptr<OAuth> oauth{};
    std::uint64_t generation = 0;
  };
  struct State;

  static base::Task<void> replace(std::shared_ptr<State> state, std::string id,
                                  std::uint64_t generation, std::shared_ptr<Session> old);
  static void start(const std::shared_ptr<State>& state, Entry* entry);
  static ServerReport report_of(const Entry& entry);

  std::shared_ptr<State> state_;
};

}  // namespace colonnade::tools::mcp
