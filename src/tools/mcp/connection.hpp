// The way to one server: a child process or an HTTP endpoint. It carries messages and knows nothing
// of what they mean.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "tools/mcp/definitions.hpp"
#include "tools/mcp/handshake.hpp"
#include "tools/mcp/protocol.hpp"

namespace colonnade::tools::mcp {

// One message to a server. What a connection without headers does not need, it ignores.
struct Outgoing {
  std::string text{};                    // one line of JSON
  std::optional<std::int64_t> id{};      // of a request, whose answer is awaited
  std::string method{};                  // "" for an answer of ours
  std::string revision{};                // MCP-Protocol-Version; "" before it is agreed on
  std::string name{};                    // Mcp-Name: of a tool or prompt, or a resource's URI
  std::vector<HeaderText> parameters{};  // Mcp-Param-…
};

// Called on the connection's lane, never from inside a call to the connection.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  virtual void received(Message message) = 0;
  // That one request has failed; others may go on.
  virtual void request_failed(std::int64_t id, TransportFailure failure) = 0;
  // The connection has ended by itself; nothing comes any more.
  virtual void closed(base::Error why) = 0;
};

// Lives on one lane and is used only there. Destroying it, also without close(), leaves no process
// and no socket behind and calls nobody any more.
class Connection {
 public:
  virtual ~Connection() = default;
  // Once, first. ErrorKind::unavailable or invalid when it cannot even begin.
  virtual base::Result<void> open(std::weak_ptr<ConnectionListener> listener) = 0;
  // Never blocks. What cannot be sent is reported to the listener.
  virtual void send(Outgoing message) = 0;
  // Nobody waits for this request any more; its answer may be dropped.
  virtual void abandon(std::int64_t id) = 0;
  // The handshake is over: the server may now speak without being asked.
  virtual void established(const ServerInfo& server) = 0;
  // Whether a server that stays silent when probed is an older one, instead of an absent one.
  virtual bool silence_means_old() const = 0;
  // Whether dropping a request's connection is how it is cancelled (2026-07-28 over HTTP).
  virtual bool abandoning_cancels(const ServerInfo& server) const = 0;
  // Says goodbye in order and returns when all is gone; bounded by the limits of the kind.
  virtual base::Task<void> close() = 0;
};

}  // namespace colonnade::tools::mcp
