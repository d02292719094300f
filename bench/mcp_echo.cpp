#include "mcp_echo.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace colonnade::bench {
namespace {

using base::Json;

constexpr std::string_view modern_revision = "2026-07-28";
constexpr int method_not_found = -32601;

// The member of that name when it is a text, else "".
std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& object_of(const Json& object, const char* name) {
  static const Json none = Json::object();
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : none;
}

Json echo_tool() {
  const Json text = {{"type", "string"}};
  return {{"name", "echo"},
          {"description", "Says the text again."},
          {"inputSchema",
           {{"type", "object"},
            {"properties", {{"text", text}}},
            {"required", Json::array({"text"})}}}};
}

// The result of a request; null when the method is not known in this revision.
Json result_of(std::string_view revision, const std::string& method) {
  const bool modern = revision == modern_revision;
  const Json info = {{"name", "echo"}, {"version", "1"}};
  const Json capabilities = {{"tools", Json::object()}};
  if (!modern && method == "initialize") {
    return {{"protocolVersion", revision}, {"capabilities", capabilities}, {"serverInfo", info}};
  }
  Json out;
  if (modern && method == "server/discover") {
    out = {{"supportedVersions", Json::array({revision})},
           {"capabilities", capabilities},
           {"_meta", {{"io.modelcontextprotocol/serverInfo", info}}}};
  } else if (method == "tools/list") {
    out = {{"tools", Json::array({echo_tool()})}};
  }
  if (modern && !out.is_null()) out["resultType"] = "complete";
  return out;
}

void write_echo(base::JsonWriter& w, bool modern, const Json& request) {
  const std::string text = text_of(object_of(object_of(request, "params"), "arguments"), "text");
  w.object().key("content").array().object();
  w.field("type", "text").field("text", text);
  w.end_object().end_array();
  if (modern) w.field("resultType", "complete");
  w.end_object();
}

}  // namespace

std::string echo_answer(std::string_view revision, std::string_view message) {
  const auto request = base::parse_json(message, "message");
  if (!request || !request->is_object() || !request->contains("id")) return {};
  const std::string method = text_of(*request, "method");
  std::string out;
  base::JsonWriter w(out);
  w.object().field("jsonrpc", "2.0").field("id", request->at("id"));
  if (method == "tools/call") {
    w.key("result");
    write_echo(w, revision == modern_revision, *request);
  } else if (const Json result = result_of(revision, method); !result.is_null()) {
    w.field("result", result);
  } else {
    w.key("error").object();
    w.field("code", method_not_found).field("message", "not known: " + method).end_object();
  }
  w.end_object();
  return out;
}

}  // namespace colonnade::bench
