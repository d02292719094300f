// Phoson's JSON, both ways (phoson §2, §3, §4). Knows no connection.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sse.hpp"
#include "colonnade/phoson.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::phoson::wire {

using colonnade::detail::CallSpec;

// Request bodies.
std::string create_agent(const CreateAgent& request);
std::string update_agent(const UpdateAgent& changes);
std::string create_conversation(const CreateConversation& request);
std::string update_conversation(const UpdateConversation& changes);
std::string message(std::string_view content, const MessageOptions& options, bool stream);
std::string create_mcp_server(const CreateMcpServer& request);

// Replies. A required field that is missing gives ErrorKind::malformed with the body.
Result<Agent> agent(const CallSpec& spec, const TransportReply& reply);
Result<Conversation> conversation(const CallSpec& spec, const TransportReply& reply);
Result<Message> message(const CallSpec& spec, const TransportReply& reply);
Result<McpServer> mcp_server(const CallSpec& spec, const TransportReply& reply);
// A bare array, or an object that holds it (phoson §3.3).
Result<std::vector<Agent>> agents(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Conversation>> conversations(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Message>> messages(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<McpServer>> mcp_servers(const CallSpec& spec, const TransportReply& reply);
Result<bool> healthy(const CallSpec& spec, const TransportReply& reply);
Result<Json> any_json(const CallSpec& spec, const TransportReply& reply);
// Any body will do, none too: the method returns nothing.
Result<bool> done(const CallSpec& spec, const TransportReply& reply);

// A stream event; nullopt when the data is no JSON object (phoson §4.1).
std::optional<Event> event(const base::SseEvent& block);
// What is wrong with a 2xx that should be an event stream and is none.
std::optional<Failure> no_stream(const CallSpec& spec, const TransportOpened& opened);

}  // namespace colonnade::inline v1::phoson::wire
