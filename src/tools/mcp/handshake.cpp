#include "tools/mcp/handshake.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "net/limits.hpp"
#include "tools/mcp/limits.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using base::Result;

// Newest first.
constexpr std::array<std::string_view, 4> handshake_revisions = {
    newest_handshake_revision, "2025-06-18", "2025-03-26", "2024-11-05"};

Json client_info(const ClientInfo& client) {
  return {{"name", client.name}, {"version", client.version}};
}

Json capabilities_of(const ClientInfo& client) {
  Json out = Json::object();
  if (client.elicitation) out["elicitation"]["form"] = Json::object();
  if (client.sampling) out["sampling"] = Json::object();
  return out;
}

// Both eras describe a server alike, but for where its name is.
ServerInfo server_info_from(const Json& result, const Json& info, std::string_view revision) {
  ServerInfo out;
  out.revision = revision;
  const std::string name = text_member(info, "name");
  const std::string version = text_member(info, "version");
  const std::string instructions = text_member(result, "instructions");
  out.name = base::cut_utf8(name, limits::mcp_tool_name_bytes_max);
  out.version = base::cut_utf8(version, limits::mcp_tool_name_bytes_max);
  out.instructions = base::cut_utf8(instructions, limits::mcp_description_bytes_max);
  const Json& capabilities = member(result, "capabilities");
  out.tools = member(capabilities, "tools").is_object();
  out.resources = member(capabilities, "resources").is_object();
  out.prompts = member(capabilities, "prompts").is_object();
  out.tools_list_changed = member(member(capabilities, "tools"), "listChanged") == Json(true);
  return out;
}

bool names(const Json& list, std::string_view revision) {
  return list.is_array() && std::ranges::any_of(list, [&](const Json& one) {
           return one.is_string() && one.get_ref<const std::string&>() == revision;
         });
}

bool names_handshake(const Json& list) {
  return std::ranges::any_of(handshake_revisions,
                             [&](std::string_view one) { return names(list, one); });
}

std::string listed(const Json& list) {
  std::string out;
  if (!list.is_array()) return out;
  for (const Json& one : list) {
    if (!one.is_string() || out.size() > limits::upstream_message_bytes_max) continue;
    if (!out.empty()) out += ", ";
    out += base::cut_utf8(one.get_ref<const std::string&>(), 32);
  }
  return out;
}

HandshakeFailed give_up(ErrorKind kind, std::string message) {
  return {.error = {.kind = kind, .message = std::move(message)}};
}

ProbeResult from_versions(const Json& supported) {
  if (names_handshake(supported)) return UseInitialize{};
  return give_up(ErrorKind::upstream,
                 "the MCP server speaks none of the revisions 2026-07-28, 2025-11-25, 2025-06-18, "
                 "2025-03-26 and 2024-11-05; it names: " +
                     listed(supported));
}

ProbeResult judge_result(const Json& result) {
  const Json& supported = member(result, "supportedVersions");
  // Something that answers any method with any result is no server of the newer era.
  if (!supported.is_array()) return UseInitialize{};
  if (!names(supported, modern_revision)) return from_versions(supported);
  const Json& meta_info = member(member(result, "_meta"), "io.modelcontextprotocol/serverInfo");
  const Json& info = meta_info.is_object() ? meta_info : member(result, "serverInfo");
  return UseModern{server_info_from(result, info, modern_revision)};
}

ProbeResult judge_error(const RpcError& error) {
  if (error.code == error_code::unsupported_version) {
    const Json& supported = member(error.data, "supported");
    if (names(supported, modern_revision)) return RetryDiscover{};
    return from_versions(supported);
  }
  if (error.code == error_code::header_mismatch || error.code == error_code::missing_capability) {
    return give_up(ErrorKind::upstream, "the MCP server refuses server/discover: " + error.message);
  }
  return UseInitialize{};
}

ProbeResult judge_failure(const TransportFailure& failure) {
  const int status = failure.http_status;
  const bool refused = status >= 400 && status < 500;
  // These say something about us or about now, not about the server's age.
  const bool other = status == 401 || status == 403 || status == 407 || status == 429;
  if (refused && !other) return UseInitialize{};
  if (status == 0 && failure.error.kind == ErrorKind::timeout) return UseInitialize{};
  return HandshakeFailed{failure.error};
}

}  // namespace

bool is_handshake_revision(std::string_view revision) {
  return std::ranges::find(handshake_revisions, revision) != handshake_revisions.end();
}

Json initialize_params(const ClientInfo& client) {
  return {{"protocolVersion", newest_handshake_revision},
          {"capabilities", capabilities_of(client)},
          {"clientInfo", client_info(client)}};
}

Result<ServerInfo> read_initialize(const Json& result) {
  const std::string revision = text_member(result, "protocolVersion");
  if (!is_handshake_revision(revision)) {
    const std::string shown(base::cut_utf8(revision, 32));
    return base::fail(ErrorKind::upstream,
                      "the MCP server answered initialize with the revision '" + shown +
                          "'; known are 2025-11-25, 2025-06-18, 2025-03-26 and 2024-11-05");
  }
  return server_info_from(result, member(result, "serverInfo"), revision);
}

Json with_meta(Json params, const ClientInfo& client) {
  if (!params.is_object()) params = Json::object();
  Json& meta = params["_meta"];
  if (!meta.is_object()) meta = Json::object();
  meta["io.modelcontextprotocol/protocolVersion"] = modern_revision;
  meta["io.modelcontextprotocol/clientInfo"] = client_info(client);
  meta["io.modelcontextprotocol/clientCapabilities"] = capabilities_of(client);
  return params;
}

ProbeResult classify_probe(const Answer& answer) {
  if (const auto* result = std::get_if<Json>(&answer)) return judge_result(*result);
  if (const auto* error = std::get_if<RpcError>(&answer)) return judge_error(*error);
  return judge_failure(std::get<TransportFailure>(answer));
}

}  // namespace colonnade::tools::mcp
