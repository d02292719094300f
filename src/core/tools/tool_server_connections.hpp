// What operators do with the connections to tool servers, and the port to whatever holds them.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/tools/tool_server_connection.hpp"

namespace colonnade::core {

using base::Result;

class AuditLog;

// Holds the connections; implemented beside the tools. Thread-safe, and never waits for a server
// that is away.
class ToolServerConnector {
 public:
  virtual ~ToolServerConnector() = default;
  virtual std::vector<ToolServerConnection> connections() const = 0;  // by id
  // nullopt when nobody connects to the server.
  virtual std::optional<ToolServerConnection> connection(const std::string& id) const = 0;
  // What it offers now, by the name that models see.
  virtual std::vector<ServedTool> tools(const std::string& id) const = 0;
  // Returns once it is not starting any more, or as soon as `stop` or a limit of the
  // implementation's says; connection() then tells what came of it.
  virtual base::Task<void> settled(std::string id, std::stop_token stop) = 0;
  // Offers the tools that are held back under the name `set`. not_found when there is no such
  // server, conflict when another set is held back by now.
  virtual Result<void> accept(const std::string& id, const std::string& set) = 0;
  // Tries at once a server that failed or wanted a credential. not_found.
  virtual Result<void> retry(const std::string& id) = 0;
  // A human has been to an authorization server; `query` is what the redirect brought. `id`: the
  // server that has to wait for it, "" for whichever does. Errors: not_found when it does not, else
  // what the authorization server said.
  virtual base::Task<Result<void>> complete_authorization(std::string id, std::string query) = 0;
};

// Thread-safe. Connections are the whole server's: all but complete_authorization() is forbidden
// for whoever is no operator of every scope.
class ToolServerConnections {
 public:
  // All must outlive it. `audit` has a record of what was accepted; nullptr for none.
  explicit ToolServerConnections(ToolServerConnector& connector, AuditLog* audit = nullptr,
                                 base::Clock* clock = nullptr)
      : connector_(connector), audit_(audit), clock_(clock) {}

  Result<std::vector<ToolServerConnection>> list(const Principal& who) const;
  // Both take the server's id, or its name where only one has it, and return the id. Errors:
  // not_found when none or several are meant; those of the port.
  Result<std::string> accept(const Principal& who, const std::string& server,
                             const std::string& set);
  Result<std::string> retry(const Principal& who, const std::string& server);
  // For anybody: only the state that was sent to the authorization server opens it.
  base::Task<Result<void>> complete_authorization(std::string query);

 private:
  Result<std::string> find(const Principal& who, const std::string& server) const;

  ToolServerConnector& connector_;
  AuditLog* audit_;
  base::Clock* clock_;
};

}  // namespace colonnade::core
