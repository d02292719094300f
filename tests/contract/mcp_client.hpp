// A client of the MCP endpoint that hides nothing: what a test sends is what it wrote.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "base/sse.hpp"
#include "faramesh_server.hpp"
#include "wire_client.hpp"

namespace colonnade::tests {

// Lets agents calculate when a human agrees, and tell the time without asking.
inline const std::string mcp_policy = R"(rules:
  - match: {tool: calculator, op: "*"}
    require_approval: true
    description: "A human looks at sums"
  - match: {tool: clock, op: "*"}
    allow: true
    description: "The time is free"
  - match: {tool: "*", op: "*"}
    deny: true
    description: "Default deny"
)";

inline const std::string modern_version = "2026-07-28";

class McpClient {
 public:
  McpClient(std::uint16_t port, std::string token) : port_(port), token_(std::move(token)) {}

  // --- as bytes ---
  Answer post(const std::string& body, net::Headers headers = {}) {
    headers.push_back({"Content-Type", "application/json"});
    headers.push_back({"Accept", accept});
    return call(port_, {.method = "POST",
                        .target = "/api/mcp",
                        .body = body,
                        .token = token_,
                        .headers = std::move(headers)});
  }
  Answer ask(const std::string& method, net::Headers headers) {
    return call(port_,
                {.method = method, .target = "/api/mcp", .token = token_, .headers = headers});
  }

  // --- the newer era ---
  static base::Json modern_meta() {
    return {{"io.modelcontextprotocol/protocolVersion", modern_version},
            {"io.modelcontextprotocol/clientInfo", {{"name", "test"}, {"version", "1"}}},
            {"io.modelcontextprotocol/clientCapabilities", base::Json::object()}};
  }
  static net::Headers modern_headers(const std::string& method, const base::Json& params) {
    net::Headers out = {{"MCP-Protocol-Version", modern_version}, {"Mcp-Method", method}};
    const char* named = method == "resources/read" ? "uri" : "name";
    if (params.contains(named)) out.push_back({"Mcp-Name", params.at(named).get<std::string>()});
    return out;
  }
  Answer modern(const std::string& method, base::Json params = base::Json::object()) {
    net::Headers headers = modern_headers(method, params);
    params["_meta"].update(modern_meta());
    return post(request(next_id++, method, params).dump(), std::move(headers));
  }
  // The result of a tool, in the newer era.
  base::Json tool(const std::string& name, const base::Json& arguments = base::Json::object()) {
    const Answer answer = modern("tools/call", {{"name", name}, {"arguments", arguments}});
    const base::Json message = last_message(answer);
    if (!message.contains("result")) throw std::runtime_error(answer.body);
    return message.at("result");
  }
  // Its structured content; fails the test when the tool says that it failed.
  base::Json use(const std::string& name, const base::Json& arguments = base::Json::object()) {
    const base::Json result = tool(name, arguments);
    if (result.at("isError") == true) throw std::runtime_error(result.dump());
    return result.at("structuredContent");
  }

  // --- the older era ---
  base::Json initialize(const std::string& revision = "2025-11-25") {
    const base::Json params = {{"protocolVersion", revision},
                               {"capabilities", base::Json::object()},
                               {"clientInfo", {{"name", "test"}, {"version", "1"}}}};
    const Answer answer = post(request(next_id++, "initialize", params).dump());
    session = answer.header("Mcp-Session-Id");
    const base::Json result = answer.json().at("result");
    version = result.at("protocolVersion").get<std::string>();
    notify("notifications/initialized");
    return result;
  }
  net::Headers session_headers() const {
    return {{"Mcp-Session-Id", session}, {"MCP-Protocol-Version", version}};
  }
  Answer older(const std::string& method, const base::Json& params = base::Json::object()) {
    return post(request(next_id++, method, params).dump(), session_headers());
  }
  Answer notify(const std::string& method, const base::Json& params = base::Json::object()) {
    const base::Json message = {{"jsonrpc", "2.0"}, {"method", method}, {"params", params}};
    return post(message.dump(), session_headers());
  }

  static base::Json request(int id, const std::string& method, const base::Json& params) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
  }
  // Of a body or of a stream.
  static std::vector<base::Json> messages(const Answer& answer) {
    std::vector<base::Json> out;
    if (answer.header("Content-Type").starts_with("text/event-stream")) {
      base::SseParser parser;
      parser.feed(answer.body, [&](const base::SseEvent& event) {
        out.push_back(base::Json::parse(event.data));
      });
    } else if (!answer.body.empty()) {
      out.push_back(answer.json());
    }
    return out;
  }
  static base::Json last_message(const Answer& answer) {
    const auto all = messages(answer);
    return all.empty() ? base::Json() : all.back();
  }

  std::string accept = "application/json, text/event-stream";
  std::string session{};
  std::string version{};
  int next_id = 1;

 private:
  std::uint16_t port_;
  std::string token_;
};

}  // namespace colonnade::tests
