// Phoson's JSON: bodies in, objects out. The only place that knows its keys (phoson §2, §3).
//
// Decoders say what is wrong as the 422's array does; unknown keys are ignored and null counts as
// absent. Ids of threads, messages and runs are shown as UUIDs and taken in either form.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "core/agents/agents.hpp"
#include "core/limits.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/message.hpp"
#include "core/threads/threads.hpp"
#include "core/tools/tool_servers.hpp"
#include "dialects/phoson/errors.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::phoson {

// What a decoder found, or what the client is told.
template <class T>
using Decoded = std::expected<T, net::Response>;

// --- in -----------------------------------------------------------------------------------------

Decoded<core::NewAgent> decode_new_agent(std::string_view body);
Decoded<core::AgentChange> decode_agent_change(std::string_view body);
// agent_id is as sent; the title is the default's when absent.
Decoded<core::NewThread> decode_new_conversation(std::string_view body);
// nullopt for a body without a title, which changes nothing.
Decoded<std::optional<std::string>> decode_title(std::string_view body);
Decoded<core::NewToolServer> decode_new_tool_server(std::string_view body);

struct SendBody {
  std::string content{};
  core::ModelSettings settings{};
  bool stream = false;
};
// The body's flag decides, else the Accept header (§3.1).
Decoded<SendBody> decode_send(const net::Request& request);

struct ListQuery {
  std::size_t limit = limits::list_rows_max;
  std::size_t offset = 0;
};
Decoded<ListQuery> decode_list(const net::Request& request);

// The conversation that the path names, in the form of the store.
std::string conversation_id(const net::Request& request);
// In the form of the store; "" for the default agent.
std::string stored_agent_id(std::string_view id);

// --- out ----------------------------------------------------------------------------------------

std::string encode_agent(const core::Agent& agent);
std::string encode_conversation(const core::Thread& thread);
std::string encode_conversations(std::span<const core::Thread> threads);
std::string encode_message(const core::Message& message);
std::string encode_tool_server(const core::ToolServer& server);
std::string encode_tool_servers(std::span<const core::ToolServer> servers);

// The answer proper of an assistant's turn: what was said after its last tool call (§4.2).
std::string answer_text(const std::vector<core::Part>& parts);
// A tool's result; that of a failed one begins with "Error: " (§4.2).
std::string result_text(std::string_view result, bool is_error);
// What a run that did not succeed says of itself; never "".
std::string failure_text(core::RunState state, std::string_view error);

}  // namespace colonnade::dialects::phoson
