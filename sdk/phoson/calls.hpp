// Every method of the Phoson client, written once as a value: verb, target, body, decoder. Failures
// are arguments that cannot be sent.
#pragma once

#include <string_view>
#include <vector>

#include "colonnade/phoson.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::phoson::calls {

using colonnade::detail::CallSpec;
template <class T>
using PlannedCall = Result<colonnade::detail::Call<T>>;

PlannedCall<Agent> create_agent(const CreateAgent& request);
PlannedCall<std::vector<Agent>> list_agents();
PlannedCall<Agent> get_agent(std::string_view id);
PlannedCall<Agent> update_agent(std::string_view id, const UpdateAgent& changes);
PlannedCall<bool> remove_agent(std::string_view id);
PlannedCall<Agent> attach_mcp(std::string_view agent_id, std::string_view mcp_id);
PlannedCall<Agent> detach_mcp(std::string_view agent_id, std::string_view mcp_id);

PlannedCall<Conversation> create_conversation(const CreateConversation& request);
PlannedCall<std::vector<Conversation>> list_conversations(std::string_view agent_id);
PlannedCall<Conversation> get_conversation(std::string_view id);
PlannedCall<Conversation> update_conversation(std::string_view id,
                                              const UpdateConversation& changes);
PlannedCall<bool> remove_conversation(std::string_view id);

PlannedCall<Message> send(std::string_view conversation_id, std::string_view content,
                          const MessageOptions& options);
PlannedCall<std::vector<Message>> list_messages(std::string_view conversation_id);
// A stream has no decoder of a whole reply.
Result<CallSpec> stream(std::string_view conversation_id, std::string_view content,
                        const MessageOptions& options);

PlannedCall<McpServer> create_mcp_server(const CreateMcpServer& request);
PlannedCall<std::vector<McpServer>> list_mcp_servers();
PlannedCall<bool> remove_mcp_server(std::string_view id);

PlannedCall<bool> health();
PlannedCall<Json> request(std::string_view method, std::string_view path, const Json& body);

}  // namespace colonnade::inline v1::phoson::calls
