// The blocking Phoson client.
#include "colonnade/phoson.hpp"

#include "sdk/phoson/calls.hpp"
#include "sdk/phoson/run_stream.hpp"
#include "sdk/phoson/session.hpp"

namespace colonnade::inline v1::phoson {

using colonnade::detail::perform;

Agents::Agents(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

Agent Agents::create(const CreateAgent& request) const {
  return perform(*session_, calls::create_agent(request));
}
std::vector<Agent> Agents::list() const { return perform(*session_, calls::list_agents()); }
Agent Agents::get(std::string_view agent_id) const {
  return perform(*session_, calls::get_agent(agent_id));
}
Agent Agents::update(std::string_view agent_id, const UpdateAgent& changes) const {
  return perform(*session_, calls::update_agent(agent_id, changes));
}
void Agents::remove(std::string_view agent_id) const {
  perform(*session_, calls::remove_agent(agent_id));
}
Agent Agents::attach_mcp(std::string_view agent_id, std::string_view mcp_id) const {
  return perform(*session_, calls::attach_mcp(agent_id, mcp_id));
}
Agent Agents::detach_mcp(std::string_view agent_id, std::string_view mcp_id) const {
  return perform(*session_, calls::detach_mcp(agent_id, mcp_id));
}

Conversations::Conversations(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Conversation Conversations::create(const CreateConversation& request) const {
  return perform(*session_, calls::create_conversation(request));
}
std::vector<Conversation> Conversations::list(std::string_view agent_id) const {
  return perform(*session_, calls::list_conversations(agent_id));
}
Conversation Conversations::get(std::string_view conversation_id) const {
  return perform(*session_, calls::get_conversation(conversation_id));
}
Conversation Conversations::update(std::string_view conversation_id,
                                   const UpdateConversation& changes) const {
  return perform(*session_, calls::update_conversation(conversation_id, changes));
}
void Conversations::remove(std::string_view conversation_id) const {
  perform(*session_, calls::remove_conversation(conversation_id));
}

Messages::Messages(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

Message Messages::send(std::string_view conversation_id, std::string_view content,
                       const MessageOptions& options) const {
  return perform(*session_, calls::send(conversation_id, content, options));
}
Stream<Event> Messages::stream(std::string_view conversation_id, std::string_view content,
                               const MessageOptions& options) const {
  auto spec = calls::stream(conversation_id, content, options);
  if (!spec) detail::raise(spec.error());
  return Stream<Event>(
      std::make_unique<detail::BlockingRun>(detail::stream_channel(*session_), *std::move(spec)));
}
std::vector<Message> Messages::list(std::string_view conversation_id) const {
  return perform(*session_, calls::list_messages(conversation_id));
}

McpServers::McpServers(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

McpServer McpServers::create(const CreateMcpServer& request) const {
  return perform(*session_, calls::create_mcp_server(request));
}
std::vector<McpServer> McpServers::list() const {
  return perform(*session_, calls::list_mcp_servers());
}
void McpServers::remove(std::string_view mcp_id) const {
  perform(*session_, calls::remove_mcp_server(mcp_id));
}

Client::Client(const Options& options) : Client(detail::open_session(options)) {}
Client::Client(std::shared_ptr<const detail::Session> session)
    : agents(session),
      conversations(session),
      messages(session),
      mcp(session),
      session_(std::move(session)) {}
Client::~Client() { close(); }
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&& other) noexcept {
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

bool Client::health() const { return perform(*session_, calls::health()); }
Json Client::request(std::string_view method, std::string_view path, const Json& body) const {
  return perform(*session_, calls::request(method, path, body));
}
Client Client::with(const CallOptions& options) const {
  return Client(detail::derive(*session_, options));
}
void Client::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::phoson
