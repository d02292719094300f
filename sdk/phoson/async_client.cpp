// The Phoson client for coroutines. Every method plans its call before it returns; only the sending
// waits for the co_await.
#include "colonnade/phoson.hpp"
#include "sdk/phoson/calls.hpp"
#include "sdk/phoson/run_stream.hpp"
#include "sdk/phoson/session.hpp"

namespace colonnade::inline v1::phoson {
namespace {

using colonnade::detail::perform_async;

Task<void> without_result(Task<bool> done) {
  [[maybe_unused]] const bool answered = co_await std::move(done);
}

}  // namespace

AsyncAgents::AsyncAgents(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<Agent> AsyncAgents::create(const CreateAgent& request) const {
  return perform_async(session_, calls::create_agent(request));
}
Task<std::vector<Agent>> AsyncAgents::list() const {
  return perform_async(session_, calls::list_agents());
}
Task<Agent> AsyncAgents::get(std::string_view agent_id) const {
  return perform_async(session_, calls::get_agent(agent_id));
}
Task<Agent> AsyncAgents::update(std::string_view agent_id, const UpdateAgent& changes) const {
  return perform_async(session_, calls::update_agent(agent_id, changes));
}
Task<void> AsyncAgents::remove(std::string_view agent_id) const {
  return without_result(perform_async(session_, calls::remove_agent(agent_id)));
}
Task<Agent> AsyncAgents::attach_mcp(std::string_view agent_id, std::string_view mcp_id) const {
  return perform_async(session_, calls::attach_mcp(agent_id, mcp_id));
}
Task<Agent> AsyncAgents::detach_mcp(std::string_view agent_id, std::string_view mcp_id) const {
  return perform_async(session_, calls::detach_mcp(agent_id, mcp_id));
}

AsyncConversations::AsyncConversations(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<Conversation> AsyncConversations::create(const CreateConversation& request) const {
  return perform_async(session_, calls::create_conversation(request));
}
Task<std::vector<Conversation>> AsyncConversations::list(std::string_view agent_id) const {
  return perform_async(session_, calls::list_conversations(agent_id));
}
Task<Conversation> AsyncConversations::get(std::string_view conversation_id) const {
  return perform_async(session_, calls::get_conversation(conversation_id));
}
Task<Conversation> AsyncConversations::update(std::string_view conversation_id,
                                              const UpdateConversation& changes) const {
  return perform_async(session_, calls::update_conversation(conversation_id, changes));
}
Task<void> AsyncConversations::remove(std::string_view conversation_id) const {
  return without_result(perform_async(session_, calls::remove_conversation(conversation_id)));
}

AsyncMessages::AsyncMessages(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<Message> AsyncMessages::send(std::string_view conversation_id,
                                  std::string_view content) const {
  return perform_async(session_, calls::send(conversation_id, content, MessageOptions{}));
}
Task<Message> AsyncMessages::send(std::string_view conversation_id, std::string_view content,
                                  const MessageOptions& options) const {
  return perform_async(session_, calls::send(conversation_id, content, options));
}
AsyncStream<Event> AsyncMessages::stream(std::string_view conversation_id,
                                         std::string_view content) const {
  return stream(conversation_id, content, MessageOptions{});
}
AsyncStream<Event> AsyncMessages::stream(std::string_view conversation_id, std::string_view content,
                                         const MessageOptions& options) const {
  return AsyncStream<Event>(std::make_shared<detail::AsyncRun>(
      detail::stream_channel(*session_), calls::stream(conversation_id, content, options)));
}
Task<std::vector<Message>> AsyncMessages::list(std::string_view conversation_id) const {
  return perform_async(session_, calls::list_messages(conversation_id));
}

AsyncMcpServers::AsyncMcpServers(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<McpServer> AsyncMcpServers::create(const CreateMcpServer& request) const {
  return perform_async(session_, calls::create_mcp_server(request));
}
Task<std::vector<McpServer>> AsyncMcpServers::list() const {
  return perform_async(session_, calls::list_mcp_servers());
}
Task<void> AsyncMcpServers::remove(std::string_view mcp_id) const {
  return without_result(perform_async(session_, calls::remove_mcp_server(mcp_id)));
}

AsyncClient::AsyncClient(const Options& options) : AsyncClient(detail::open_session(options)) {}
AsyncClient::AsyncClient(std::shared_ptr<const detail::Session> session)
    : agents(session),
      conversations(session),
      messages(session),
      mcp(session),
      session_(std::move(session)) {}
AsyncClient::~AsyncClient() { close(); }
AsyncClient::AsyncClient(AsyncClient&&) noexcept = default;
AsyncClient& AsyncClient::operator=(AsyncClient&& other) noexcept {
  if (this != &other) {
    close();
    agents = std::move(other.agents);
    conversations = std::move(other.conversations);
    messages = std::move(other.messages);
    mcp = std::move(other.mcp);
    session_ = std::move(other.session_);
  }
  return *this;
}

Task<bool> AsyncClient::health() const { return perform_async(session_, calls::health()); }
Task<Json> AsyncClient::request(std::string_view method, std::string_view path) const {
  return perform_async(session_, calls::request(method, path, Json()));
}
Task<Json> AsyncClient::request(std::string_view method, std::string_view path,
                                const Json& body) const {
  return perform_async(session_, calls::request(method, path, body));
}
AsyncClient AsyncClient::with(const CallOptions& options) const {
  return AsyncClient(detail::derive(*session_, options));
}
void AsyncClient::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::phoson
