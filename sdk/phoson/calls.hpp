// Every method of the Phoson client, written once as a value: verb, target, body, decoder. Failures
// are arguments that cannot be sent.
#pragma once

#include <string_view>
#include <vector>

#include "colonnade/phoson.hpp"
#include "sdk/line.hpp"

namespace colonnade::inline v1::phoson::calls {

using colonnade::detail::CallSpec;
template <class T>
using Planned = Result<colonnade::detail::Call<T>>;

Planned<Agent> create_agent(const CreateAgent& request);
Planned<std::vector<Agent>> list_agents();
Planned<Agent> get_agent(std::string_view id);
Planned<Agent> update_agent(std::string_view id, const UpdateAgent& changes);
Planned<bool> remove_agent(std::string_view id);
Planned<Agent> attach_mcp(std::string_view agent_id, std::string_view mcp_id);
Planned<Agent> detach_mcp(std::string_view agent_id, std::string_view mcp_id);

Planned<Conversation> create_conversation(const CreateConversation& request);
Planned<std::vector<Conversation>> list_conversations(std::string_view agent_id);
Planned<Conversation> get_conversation(std::string_view id);
Planned<Conversation> update_conversation(std::string_view id, const UpdateConversation& changes);
Planned<bool> remove_conversation(std::string_view id);

Planned<Message> send(std::string_view conversation_id, std::string_view content,
                      const MessageOptions& options);
Planned<std::vector<Message>> list_messages(std::string_view conversation_id);
// A stream has no decoder of a whole reply.
Result<CallSpec> stream(std::string_view conversation_id, std::string_view content,
                        const MessageOptions& options);

Planned<McpServer> create_mcp_server(const CreateMcpServer& request);
Planned<std::vector<McpServer>> list_mcp_servers();
Planned<bool> remove_mcp_server(std::string_view id);

Planned<bool> health();
Planned<Json> request(std::string_view method, std::string_view path, const Json& body);

}  // namespace colonnade::inline v1::phoson::calls
