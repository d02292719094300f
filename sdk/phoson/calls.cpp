#include "sdk/phoson/calls.hpp"

#include <cmath>

#include "sdk/call_plan.hpp"
#include "sdk/phoson/wire.hpp"

namespace colonnade::inline v1::phoson::calls {
namespace {

using colonnade::detail::get;
using colonnade::detail::segment;
using colonnade::detail::TimeoutKind;
using colonnade::detail::usage;
using colonnade::detail::with_body;
using colonnade::detail::without_body;

Result<std::string> agent_path(std::string_view id) {
  auto name = segment("agent", id);
  if (!name) return name;
  return "/agents/" + *name;
}

Result<std::string> attached_path(std::string_view agent_id, std::string_view mcp_id) {
  auto path = agent_path(agent_id);
  if (!path) return path;
  auto name = segment("MCP server", mcp_id);
  if (!name) return name;
  return *path + "/mcp/" + *name;
}

Result<std::string> conversation_path(std::string_view id, std::string_view rest = {}) {
  auto name = segment("conversation", id);
  if (!name) return name;
  return "/conversations/" + *name + std::string(rest);
}

// The message as `send` and `stream` post it.
Result<CallSpec> post_message(std::string_view conversation_id, std::string_view content,
                              const MessageOptions& options, bool stream) {
  auto path = conversation_path(conversation_id, "/messages");
  if (!path) return std::move(path).error();
  // JSON has no word for it, so it would go as null, which is as good as not set.
  if (options.temperature && !std::isfinite(*options.temperature)) {
    return usage("MessageOptions::temperature is no finite number");
  }
  return CallSpec{.method = "POST",
                  .path = *std::move(path),
                  .body = wire::message(content, options, stream),
                  .has_body = true,
                  .timeout_kind = TimeoutKind::send};
}

}  // namespace

PlannedCall<Agent> create_agent(const CreateAgent& request) {
  if (to_string(request.memory_type).empty()) {
    return usage("CreateAgent::memory_type must be persistent or semantic");
  }
  return with_body<Agent>("POST", "/agents", wire::create_agent(request), &wire::agent);
}

PlannedCall<std::vector<Agent>> list_agents() { return get("/agents", &wire::agents); }

PlannedCall<Agent> get_agent(std::string_view id) {
  auto path = agent_path(id);
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::agent);
}

PlannedCall<Agent> update_agent(std::string_view id, const UpdateAgent& changes) {
  auto path = agent_path(id);
  if (!path) return std::move(path).error();
  return with_body("PATCH", *std::move(path), wire::update_agent(changes), &wire::agent);
}

PlannedCall<bool> remove_agent(std::string_view id) {
  auto path = agent_path(id);
  if (!path) return std::move(path).error();
  return without_body("DELETE", *std::move(path), &wire::done);
}

PlannedCall<Agent> attach_mcp(std::string_view agent_id, std::string_view mcp_id) {
  auto path = attached_path(agent_id, mcp_id);
  if (!path) return std::move(path).error();
  return without_body("PUT", *std::move(path), &wire::agent);
}

PlannedCall<Agent> detach_mcp(std::string_view agent_id, std::string_view mcp_id) {
  auto path = attached_path(agent_id, mcp_id);
  if (!path) return std::move(path).error();
  return without_body("DELETE", *std::move(path), &wire::agent);
}

PlannedCall<Conversation> create_conversation(const CreateConversation& request) {
  return with_body("POST", "/conversations", wire::create_conversation(request),
                   &wire::conversation);
}

PlannedCall<std::vector<Conversation>> list_conversations(std::string_view agent_id) {
  std::string path = "/conversations";
  if (!agent_id.empty()) path += "?agent_id=" + colonnade::detail::percent_encode(agent_id);
  return get(std::move(path), &wire::conversations);
}

PlannedCall<Conversation> get_conversation(std::string_view id) {
  auto path = conversation_path(id);
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::conversation);
}

PlannedCall<Conversation> update_conversation(std::string_view id,
                                              const UpdateConversation& changes) {
  auto path = conversation_path(id);
  if (!path) return std::move(path).error();
  return with_body("PATCH", *std::move(path), wire::update_conversation(changes),
                   &wire::conversation);
}

PlannedCall<bool> remove_conversation(std::string_view id) {
  auto path = conversation_path(id);
  if (!path) return std::move(path).error();
  return without_body("DELETE", *std::move(path), &wire::done);
}

PlannedCall<Message> send(std::string_view conversation_id, std::string_view content,
                          const MessageOptions& options) {
  auto spec = post_message(conversation_id, content, options, false);
  if (!spec) return std::move(spec).error();
  return colonnade::detail::Call<Message>{.spec = *std::move(spec), .decode = &wire::message};
}

PlannedCall<std::vector<Message>> list_messages(std::string_view conversation_id) {
  auto path = conversation_path(conversation_id, "/messages");
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::messages);
}

Result<CallSpec> stream(std::string_view conversation_id, std::string_view content,
                        const MessageOptions& options) {
  return post_message(conversation_id, content, options, true);
}

PlannedCall<McpServer> create_mcp_server(const CreateMcpServer& request) {
  if (request.command.empty() == request.url.empty()) {
    return usage("CreateMcpServer needs either a command or a url");
  }
  return with_body("POST", "/mcp", wire::create_mcp_server(request), &wire::mcp_server);
}

PlannedCall<std::vector<McpServer>> list_mcp_servers() { return get("/mcp", &wire::mcp_servers); }

PlannedCall<bool> remove_mcp_server(std::string_view id) {
  auto name = segment("MCP server", id);
  if (!name) return std::move(name).error();
  return without_body("DELETE", "/mcp/" + *name, &wire::done);
}

PlannedCall<bool> health() {
  auto call = get("/health", &wire::healthy);
  call->spec.authenticated = false;
  return call;
}

PlannedCall<Json> request(std::string_view method, std::string_view path, const Json& body) {
  return colonnade::detail::any_request(method, path, body, &wire::any_json);
}

}  // namespace colonnade::inline v1::phoson::calls
