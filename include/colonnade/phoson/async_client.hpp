// The Phoson client for coroutines. Include colonnade/phoson.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/phoson/client.hpp"
#include "colonnade/phoson/events.hpp"
#include "colonnade/phoson/types.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/task.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::phoson {

// The methods of the blocking resources. Each reads its arguments before it returns, so they need
// not outlive the call. The work starts when the Task is awaited, and so do errors come from there.
// Requests are taken by name only: a braced temporary inside co_await is freed twice by g++ 12.
class COLONNADE_API AsyncAgents {
 public:
  Task<Agent> create(const CreateAgent& request) const;
  Task<Agent> create(CreateAgent&&) const = delete;
  Task<std::vector<Agent>> list() const;
  Task<Agent> get(std::string_view agent_id) const;
  Task<Agent> update(std::string_view agent_id, const UpdateAgent& changes) const;
  Task<Agent> update(std::string_view agent_id, UpdateAgent&&) const = delete;
  Task<void> remove(std::string_view agent_id) const;
  Task<Agent> attach_mcp(std::string_view agent_id, std::string_view mcp_id) const;
  Task<Agent> detach_mcp(std::string_view agent_id, std::string_view mcp_id) const;

 private:
  friend class AsyncClient;
  explicit AsyncAgents(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncConversations {
 public:
  Task<Conversation> create(const CreateConversation& request) const;
  Task<Conversation> create(CreateConversation&&) const = delete;
  Task<std::vector<Conversation>> list(std::string_view agent_id = {}) const;
  Task<Conversation> get(std::string_view conversation_id) const;
  Task<Conversation> update(std::string_view conversation_id,
                            const UpdateConversation& changes) const;
  Task<Conversation> update(std::string_view conversation_id, UpdateConversation&&) const = delete;
  Task<void> remove(std::string_view conversation_id) const;

 private:
  friend class AsyncClient;
  explicit AsyncConversations(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncMessages {
 public:
  Task<Message> send(std::string_view conversation_id, std::string_view content) const;
  Task<Message> send(std::string_view conversation_id, std::string_view content,
                     const MessageOptions& options) const;
  Task<Message> send(std::string_view conversation_id, std::string_view content,
                     MessageOptions&&) const = delete;
  AsyncStream<Event> stream(std::string_view conversation_id, std::string_view content) const;
  AsyncStream<Event> stream(std::string_view conversation_id, std::string_view content,
                            const MessageOptions& options) const;
  Task<std::vector<Message>> list(std::string_view conversation_id) const;

 private:
  friend class AsyncClient;
  explicit AsyncMessages(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncMcpServers {
 public:
  Task<McpServer> create(const CreateMcpServer& request) const;
  Task<McpServer> create(CreateMcpServer&&) const = delete;
  Task<std::vector<McpServer>> list() const;
  Task<void> remove(std::string_view mcp_id) const;

 private:
  friend class AsyncClient;
  explicit AsyncMcpServers(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Root and derived clients: as Client.
class COLONNADE_API AsyncClient {
 public:
  explicit AsyncClient(const Options& options);
  ~AsyncClient();
  AsyncClient(AsyncClient&&) noexcept;
  AsyncClient& operator=(AsyncClient&&) noexcept;

  static AsyncClient from_env() { return AsyncClient(Options::from_env()); }

  AsyncAgents agents;
  AsyncConversations conversations;
  AsyncMessages messages;
  AsyncMcpServers mcp;

  Task<bool> health() const;
  Task<Json> request(std::string_view method, std::string_view path) const;
  Task<Json> request(std::string_view method, std::string_view path, const Json& body) const;

  AsyncClient with(const CallOptions& options) const;
  AsyncClient with(CallOptions&&) const = delete;
  // Does not wait: running calls end with CancelledError soon after.
  void close() noexcept;

 private:
  explicit AsyncClient(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

using AsyncPhosonClient = AsyncClient;  // the name of the Python SDK

}  // namespace colonnade::inline v1::phoson
