#include "dialects/mcp/revision.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"

namespace colonnade::dialects::mcp {
namespace {

using base::Json;
using base::JsonWriter;

// Newest first.
constexpr std::array<std::string_view, 4> handshake_revisions = {
    newest_handshake_revision, "2025-06-18", batch_revision, "2024-11-05"};

constexpr std::string_view version_header = "MCP-Protocol-Version";
constexpr std::string_view version_key = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view capabilities_key = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view server_key = "io.modelcontextprotocol/serverInfo";

void write_revisions(JsonWriter& json) {
  json.array().value(modern_revision);
  for (const std::string_view one : handshake_revisions) json.value(one);
  json.end_array();
}

RpcFault unsupported(std::string_view requested) {
  RpcFault out{.code = error_code::unsupported_version,
               .message = "Unsupported protocol version: '" + shown(requested) +
                          "'; error.data.supported names those that are served"};
  JsonWriter json(out.data);
  json.object().key("supported");
  write_revisions(json);
  json.field("requested", requested).end_object();
  return out;
}

RpcFault mismatch(std::string message) {
  return {.code = error_code::header_mismatch, .message = "Header mismatch: " + std::move(message)};
}

RpcFault invalid_meta(std::string message) {
  return {.code = error_code::invalid_params, .message = "Invalid params: " + std::move(message)};
}

// A header's value as it is meant: what no header can hold comes as =?base64?…?= (2026-07-28
// basic/transports/streamable-http, "Value Encoding").
std::optional<std::string> meant(std::string_view value) {
  constexpr std::string_view begin = "=?base64?";
  constexpr std::string_view end = "?=";
  value = trimmed(value);
  if (!value.starts_with(begin) || !value.ends_with(end)) return std::string(value);
  if (value.size() < begin.size() + end.size()) return std::string(value);
  value.remove_prefix(begin.size());
  value.remove_suffix(end.size());
  return base::from_base64(value);
}

// The member that the header Mcp-Name repeats; "" for methods without one.
std::string_view named_member(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  return method == "resources/read" ? "uri" : "";
}

std::optional<RpcFault> header_fault(const net::Request& request, std::string_view header,
                                     std::string_view expected) {
  if (!request.has_header(header)) {
    return mismatch("the header " + std::string(header) + " is missing; send '" + shown(expected) +
                    "'");
  }
  const auto value = meant(request.header(header));
  if (value && *value == expected) return std::nullopt;
  return mismatch("the header " + std::string(header) + " differs from the body, '" +
                  shown(expected) + "'");
}

void write_info(JsonWriter& json, const ServerInfo& server_info) {
  json.object().field("name", "colonnade").field("title", "Colonnade");
  json.field("version", server_info.version).end_object();
}

// Lists do not change while the server runs, but for threads, whose changes are not told.
void write_capabilities(JsonWriter& json) {
  json.object().key("tools").object().end_object();
  json.key("resources").object().end_object().end_object();
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  while (!text.empty() && blanks.contains(text.front())) text.remove_prefix(1);
  while (!text.empty() && blanks.contains(text.back())) text.remove_suffix(1);
  return text;
}

bool is_handshake_revision(std::string_view revision) {
  return std::ranges::find(handshake_revisions, revision) != handshake_revisions.end();
}

std::expected<Era, RpcFault> era_of(const net::Request& request) {
  const std::string_view header = trimmed(request.header(version_header));
  if (header == modern_revision) return Era::modern;
  if (header.empty() || is_handshake_revision(header)) return Era::handshake;
  return std::unexpected(unsupported(header));
}

std::expected<Era, RpcFault> era_of(const net::Request& request, const Incoming& message) {
  const std::string_view header = trimmed(request.header(version_header));
  const Json& meta = member(member(message.params, "_meta"), version_key);
  if (meta.is_string()) {
    const auto& revision = meta.get_ref<const std::string&>();
    if (header.empty()) {
      return std::unexpected(mismatch("the header " + std::string(version_header) +
                                      " is missing; send '" + shown(revision) + "'"));
    }
    if (header != revision) {
      return std::unexpected(
          mismatch("the header " + std::string(version_header) + " differs from params._meta"));
    }
    if (revision != modern_revision) return std::unexpected(unsupported(revision));
    return Era::modern;
  }
  return era_of(request);
}

std::optional<RpcFault> modern_fault(const net::Request& request, const Incoming& message) {
  if (auto fault = header_fault(request, "Mcp-Method", message.method)) return fault;
  const std::string_view named = named_member(message.method);
  if (!named.empty()) {
    const std::string name = text_member(message.params, named);
    if (!name.empty() || request.has_header("Mcp-Name")) {
      if (auto fault = header_fault(request, "Mcp-Name", name)) return fault;
    }
  }
  if (message.kind != Kind::request) return std::nullopt;
  const Json& meta = member(message.params, "_meta");
  if (!meta.is_object()) return invalid_meta("params._meta is missing");
  if (!member(meta, version_key).is_string()) {
    return invalid_meta("params._meta has no string '" + std::string(version_key) + "'");
  }
  if (!member(meta, capabilities_key).is_object()) {
    return invalid_meta("params._meta has no object '" + std::string(capabilities_key) + "'");
  }
  return std::nullopt;
}

Negotiated negotiate(const Json& params, const ServerInfo& server_info) {
  const std::string requested = text_member(params, "protocolVersion");
  Negotiated out;
  out.revision =
      is_handshake_revision(requested) ? requested : std::string(newest_handshake_revision);
  std::string object;
  JsonWriter json(object);
  json.object().field("protocolVersion", out.revision).key("capabilities");
  write_capabilities(json);
  json.key("serverInfo");
  write_info(json, server_info);
  json.field("instructions", server_info.instructions).end_object();
  out.members = object.substr(1, object.size() - 2);
  return out;
}

std::string discovery(const ServerInfo& server_info) {
  std::string object;
  JsonWriter json(object);
  json.object().key("supportedVersions");
  write_revisions(json);
  json.key("capabilities");
  write_capabilities(json);
  json.field("instructions", server_info.instructions).end_object();
  return object.substr(1, object.size() - 2);
}

std::string modern_members(const ServerInfo& server_info, Caching caching) {
  std::string object;
  JsonWriter json(object);
  json.object().field("resultType", "complete");
  if (caching == Caching::own) json.field("ttlMs", 0).field("cacheScope", "private");
  json.key("_meta").object().key(server_key);
  write_info(json, server_info);
  json.end_object().end_object();
  return "," + object.substr(1, object.size() - 2);
}

}  // namespace colonnade::dialects::mcp
