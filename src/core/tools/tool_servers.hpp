// What can be done with tool servers, and the port to whatever talks to them.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret_box.hpp"
#include "base/task.hpp"
#include "core/agents/agents.hpp"
#include "core/events/event_feed.hpp"
#include "core/tools/tool_server.hpp"
#include "core/tools/tool_server_store.hpp"

namespace colonnade::core {

class BackgroundCommits;

// A server as whoever connects to it needs it.
struct OpenedToolServer {
  ToolServer server;
  ToolServerSecrets secrets{};
  std::string pins{};  // what was kept for it last, opaque here; "" at first
};

// Talks to the servers; implemented beside the tools. Thread-safe, and never blocks.
class ToolServerHost {
 public:
  virtual ~ToolServerHost() = default;
  virtual void added(OpenedToolServer server) = 0;
  virtual void removed(const Scope& scope, const std::string& id) = 0;
  // `pins` without what an authorization server gave: the human is asked again.
  virtual std::string without_authorization(std::string pins) const { return pins; }
};

struct NewToolServer {
  std::string name{};
  ToolServerTransport transport = ToolServerTransport::stdio;
  std::vector<std::string> command{};
  std::string url{};
  ToolServerSecrets secrets{};
  std::string keyed_request_id{};  // linked to the server in the same transaction; "" for none
};

// The id of a server of the configuration, made from its name.
std::string configured_tool_server_id(std::string_view name);

// [a-zA-Z0-9-], limits::tool_server_name_bytes_max at most: the name stands before the two
// underscores of its tools' names. Errors: invalid with the field "name".
Result<void> check_tool_server_name(std::string_view name);

// Errors: invalid, with the field (name, command, url, env, headers) and what would be right.
Result<void> check_tool_server(const NewToolServer& input);

class ToolServers {
 public:
  // `configured` are the servers of the configuration, with their secrets; they stand in
  // default_view(), and their ids are made from their names, so that they stay the same.
  ToolServers(ToolServerStore& store, Agents& agents, EventFeed& feed, BackgroundCommits& commits,
              base::Clock& clock, const base::SecretBox& box,
              std::vector<NewToolServer> configured);

  // Before anything is added. The host must outlive the use.
  void tell(ToolServerHost& host) {
    const std::lock_guard lock(mutex_);
    host_ = &host;
    told_of_.clear();  // this one has heard of none
  }
  // Tells the host of every server of every scope; once, at the start.
  base::Task<Result<void>> open_all();

  // conflict when the name is taken; forbidden for a command (stdio) unless `who` is an operator of
  // every scope.
  base::Task<Result<ToolServer>> create(Principal who, NewToolServer input);
  // By name.
  base::Task<Result<std::vector<ToolServer>>> list(Scope scope) const;
  // not_found.
  base::Task<Result<ToolServer>> get(Scope scope, std::string id) const;
  // Also from every agent that has it. not_found; conflict for a configured one.
  base::Task<Result<void>> remove(Principal who, std::string id);

  // Both do nothing when it is so already; detach then says not_found with the field "tool_server".
  // not_found with the field "agent_id" for an agent, with "tool_server" for a server that does not
  // exist; conflict for the default agent, and for more than limits::tool_servers_of_agent_max.
  base::Task<Result<Agent>> attach(Principal who, std::string agent_id, std::string server_id);
  base::Task<Result<Agent>> detach(Principal who, std::string agent_id, std::string server_id);

  // --- servers of the scope's default agent ---

  // Inserts, or replaces the one of that name, which keeps its id. A new one, and one that is
  // changed, is not connected; one that stays as it was keeps its connection, and nothing is
  // stored. Errors as create(), forbidden for whoever is no operator; conflict for a configured
  // one.
  base::Task<Result<ToolServer>> put(Principal who, NewToolServer input, bool enabled);
  // Whether it was otherwise before; connects or disconnects it. Errors as remove().
  base::Task<Result<bool>> set_enabled(Principal who, std::string id, bool enabled);
  // For this process's life only. Both do nothing when it is so already. Errors as remove(), but
  // configured ones are taken.
  base::Task<Result<void>> connect(Principal who, std::string id);
  base::Task<Result<void>> disconnect(Principal who, std::string id);
  // As disconnect(), without what an authorization server gave.
  base::Task<Result<void>> forget_authorization(Principal who, std::string id);
  // Names of the HTTP headers that are sent to it.
  std::vector<std::string> header_names(const ToolServer& server) const;

  // Keeps what the host wants to find again in OpenedToolServer::pins. Any thread.
  void store_pins(const Scope& scope, const std::string& id, std::string pins);

 private:
  Result<ToolServerSecrets> open(const ToolServer& server) const;
  Result<OpenedToolServer> opened(const ToolServer& server) const;
  base::Task<Result<ToolServer>> manageable(Principal who, std::string id) const;
  // `before`: the server that is replaced; nullptr for a new one.
  base::Task<Result<void>> store(Principal who, ToolServer server, const ToolServer* before,
                                 std::string_view change);
  base::Task<Result<void>> connect_now(ToolServer server);
  void add_to_host(OpenedToolServer server);
  void disconnect_now(const Scope& scope, const std::string& id);
  base::Task<Result<void>> offer_to_default_agent(Scope scope);

  ToolServerStore& store_;
  Agents& agents_;
  EventFeed& feed_;
  BackgroundCommits& commits_;
  base::Clock& clock_;
  const base::SecretBox& box_;
  std::vector<OpenedToolServer> configured_;
  ToolServerHost* host_ = nullptr;
  std::mutex mutex_;               // guards what follows
  std::set<std::string> told_of_;  // ids that the host has
};

}  // namespace colonnade::core
