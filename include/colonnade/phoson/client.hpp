// The blocking Phoson client. Include colonnade/phoson.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/phoson/errors.hpp"
#include "colonnade/phoson/events.hpp"
#include "colonnade/phoson/types.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::phoson {

namespace detail {
class Session;
}

class COLONNADE_API Agents {
 public:
  Agent create(const CreateAgent& request) const;
  std::vector<Agent> list() const;  // newest first
  Agent get(std::string_view agent_id) const;
  Agent update(std::string_view agent_id, const UpdateAgent& changes) const;
  // For good, with its conversations, messages and memory. (`delete` is a C++ keyword.)
  void remove(std::string_view agent_id) const;
  // Gives the agent the tools of an MCP server, from its next run on. Twice is as good as once.
  Agent attach_mcp(std::string_view agent_id, std::string_view mcp_id) const;
  // ApiError 404 when it was not attached.
  Agent detach_mcp(std::string_view agent_id, std::string_view mcp_id) const;

 private:
  friend class Client;
  explicit Agents(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Conversations {
 public:
  Conversation create(const CreateConversation& request) const;
  // The latest touched first; those of one agent, or all.
  std::vector<Conversation> list(std::string_view agent_id = {}) const;
  Conversation get(std::string_view conversation_id) const;
  Conversation update(std::string_view conversation_id, const UpdateConversation& changes) const;
  // For good, with its messages; cancels a run that goes on in it.
  void remove(std::string_view conversation_id) const;

 private:
  friend class Client;
  explicit Conversations(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Messages {
 public:
  // Waits for the whole answer (Timeouts::send). ApiError 409 while a run goes on in the
  // conversation, 502 when this one fails.
  Message send(std::string_view conversation_id, std::string_view content,
               const MessageOptions& options = {}) const;
  // Sends nothing yet: the first next() of the stream, or the start of the loop, does, and throws
  // what the server refuses. The stream ends behind RunDone or Failed; one that breaks off before
  // either throws ConnectionError after its last event, and list() tells what was stored. Leaving
  // the loop closes the connection, which cancels the run.
  Stream<Event> stream(std::string_view conversation_id, std::string_view content,
                       const MessageOptions& options = {}) const;
  std::vector<Message> list(std::string_view conversation_id) const;  // oldest first

 private:
  friend class Client;
  explicit Messages(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// The operator's side: needs an administrator's key, and a server that offers it.
class COLONNADE_API McpServers {
 public:
  McpServer create(const CreateMcpServer& request) const;
  std::vector<McpServer> list() const;
  void remove(std::string_view mcp_id) const;  // also detaches it everywhere

 private:
  friend class Client;
  explicit McpServers(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// A client that was constructed is the root of its connection pool; those made by with() are
// derived from it and share the pool. Closing or destroying the root closes idle connections and
// aborts running calls and streams, of derived clients too, with CancelledError; so end later
// calls. Closing or destroying a derived client touches nothing.
class COLONNADE_API Client {
 public:
  // std::invalid_argument without a key.
  explicit Client(const Options& options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  static Client from_env() { return Client(Options::from_env()); }

  Agents agents;
  Conversations conversations;
  Messages messages;
  McpServers mcp;

  bool health() const;  // whether the server says "ok"; sends no key

  // Any other route: `path` follows /v1 and is sent as it is; `body` null is no body. The reply's
  // JSON, null when it has no body.
  Json request(std::string_view method, std::string_view path, const Json& body = {}) const;

  // A derived client for calls with a time limit, a stop token or an idempotency key.
  Client with(const CallOptions& options) const;
  void close() noexcept;  // idempotent

 private:
  explicit Client(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

using PhosonClient = Client;  // the name of the Python SDK's one

}  // namespace colonnade::inline v1::phoson
