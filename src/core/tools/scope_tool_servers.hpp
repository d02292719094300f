// The tool servers of a scope by their names, with what they offer, for whoever shows and manages
// them there.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/events/notices.hpp"
#include "core/tools/tool_server_connections.hpp"
#include "core/tools/tool_servers.hpp"

namespace colonnade::core {

struct ToolServerView {
  ToolServer server;
  std::vector<std::string> header_names{};
  std::optional<ToolServerConnection> connection{};  // nullopt: nobody connects to it
  std::vector<ServedTool> tools{};                   // by the name that models see
  std::optional<base::Time> tools_at{};              // when they were last asked for
  bool connected() const { return connection && connection->state == ToolServerState::ready; }
};

// Thread-safe. What changes something is forbidden for whoever is no operator; `name` that no
// server of the scope has is not_found.
class ScopeToolServers {
 public:
  // All must outlive it.
  ScopeToolServers(ToolServers& servers, ToolServerConnector& connector, Notices& notices,
                   base::Clock& clock)
      : servers_(servers), connector_(connector), notices_(notices), clock_(clock) {}

  // By name.
  base::Task<Result<std::vector<ToolServerView>>> list(Principal who) const;
  base::Task<Result<ToolServerView>> get(Principal who, std::string name) const;

  // ToolServers::put().
  base::Task<Result<ToolServer>> put(Principal who, NewToolServer input, bool enabled);
  // Returns once it is known what came of it: whether it is connected. Tried again when it is not.
  base::Task<Result<ToolServerView>> connect(Principal who, std::string name, std::stop_token stop);
  // Both return how many tools are gone.
  base::Task<Result<std::size_t>> disconnect(Principal who, std::string name);
  base::Task<Result<std::size_t>> remove(Principal who, std::string name);
  // Asks for the tools again, over a connection of its own.
  base::Task<Result<ToolServerView>> refresh(Principal who, std::string name, std::stop_token stop);
  // Whether it was otherwise before.
  base::Task<Result<bool>> set_enabled(Principal who, std::string name, bool enabled);
  base::Task<Result<void>> forget_authorization(Principal who, std::string name);

  // connect(), where a human may be needed: the connection then has the address that the human has
  // to open, and complete_authorization() is for `who` alone until somebody else begins another.
  base::Task<Result<ToolServerView>> begin_authorization(Principal who, std::string name,
                                                         std::stop_token stop);
  // The human was there; `query` is what the redirect brought. Errors: not_found when no
  // authorization of this server waits that `who` began, or when this is the answer to another;
  // what the authorization server said.
  base::Task<Result<ToolServer>> complete_authorization(Principal who, std::string name,
                                                        std::string query);

  // That a connection is ready, or not any more: told by whoever holds it.
  base::Task<void> note(Scope scope, std::string id);

 private:
  // Who has begun an authorization, and which: its address has a secret of its own.
  struct Authorizing {
    std::string account{};
    std::string url{};
  };

  base::Task<Result<ToolServer>> find(Principal who, std::string name) const;
  ToolServerView view_of(ToolServer server) const;
  void tell(const ToolServer& server, NoticeKind kind, base::Json details = nullptr);

  ToolServers& servers_;
  ToolServerConnector& connector_;
  Notices& notices_;
  base::Clock& clock_;
  mutable std::mutex mutex_;                       // guards what follows, by id
  std::map<std::string, base::Time> tools_at_;     // when they were last asked for
  std::map<std::string, std::size_t> refreshing_;  // with how many tools, until note() is told
  std::map<std::string, Authorizing> authorizing_;
};

}  // namespace colonnade::core
