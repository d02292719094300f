// The client library under MCP's conformance suite, which starts it with the URL of a server as the
// last argument: attaches the server, calls its tools, consents to everything.
#include <cstdio>

#include "tests/mcp/mcp_bench.hpp"
#include "tools/mcp/servers.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::Json;

struct Suite {
  std::string scenario{};
  Json context = Json::object();
  std::string url{};
};

struct House {
  base::Lanes lanes{2};
  net::HttpClient client{lanes};
  std::shared_ptr<Reports> reports = std::make_shared<Reports>();
};

base::Task<ElicitationAnswer> consent(Elicitation, std::stop_token) {
  ElicitationAnswer out;
  out.action = ElicitationAnswer::Action::accept;
  co_return out;
}

// A browser whose human consents at once.
base::Task<base::Result<std::string>> browse(House* house, std::string url) {
  const std::stop_token never;
  net::HttpClientRequest request;
  request.url = std::move(url);
  const std::shared_ptr<net::HttpExchange> exchange =
      house->client.open(house->lanes[0], std::move(request), never);
  auto head = co_await exchange->head();
  if (!head) co_return base::fail(head.error());
  co_return std::string(head->header("Location"));
}

Json value_for(const Json& schema) {
  const std::string type = text_member(schema, "type");
  if (type == "number" || type == "integer") return 5;
  if (type == "boolean") return true;
  if (type == "array") return Json::array();
  if (type == "object") return Json::object();
  return "text";
}

Json arguments_for(const Json& schema) {
  Json out = Json::object();
  const Json& properties = member(schema, "properties");
  if (!properties.is_object()) return out;
  for (const auto& [name, property] : properties.items()) out[name] = value_for(property);
  return out;
}

ServerRecord record_for(const Suite& suite) {
  ServerRecord out;
  out.id = "1";
  out.name = "suite";
  out.url = suite.url;
  out.oauth.client_id = text_member(suite.context, "client_id");
  out.oauth.client_secret = text_member(suite.context, "client_secret");
  out.oauth.private_key = text_member(suite.context, "private_key_pem");
  out.oauth.issuer = text_member(suite.context, "issuer");
  out.oauth.metadata_url = "https://conformance-test.local/client-metadata.json";
  out.oauth.redirect_url = "http://127.0.0.1:8790/api/v1/mcp/callback";
  out.oauth.client_credentials = suite.scenario.starts_with("auth/client-credentials");
  return out;
}

void call(House& house, Servers& servers, const std::string& tool, const Json& arguments) {
  RequestOptions options;
  options.caller = "suite";
  const auto outcome =
      base::run_on(house.lanes[1], servers.call("1", tool, arguments, std::move(options)));
  const std::string text = outcome ? outcome->content : outcome.error().message;
  std::fprintf(stderr, "%s: %s\n", tool.c_str(), text.c_str());
}

// Everything that a server may be asked for.
void exercise(House& house, Servers& servers, const Suite& suite) {
  if (suite.context.contains("toolCalls")) {
    for (const Json& one : suite.context.at("toolCalls")) {
      call(house, servers, one.at("name"), one.at("arguments"));
    }
    return;
  }
  const auto tools = servers.tools({"1"});
  for (const ServerTool& tool : tools) {
    Json arguments = arguments_for(tool.definition.input_schema);
    // It wants to see whether schemas arrive whole.
    if (arguments.contains("schema")) arguments["schema"] = tools.front().definition.input_schema;
    call(house, servers, tool.tool, arguments);
  }
  if (suite.scenario == "auth/authorization-server-migration") {
    call(house, servers, "test-tool", Json::object());
  }
  const auto session = servers.session("1");
  if (!session) return;
  const ServerInfo client_info = session->status().server;
  if (client_info.resources) {
    const auto all = base::run_on(house.lanes[1], Session::list(session, "resources", {}));
    for (const Json& one : all ? *all : Json::array()) {
      (void)base::run_on(house.lanes[1],
                         Session::request(session, "resources/read", {{"uri", one.at("uri")}}, {}));
    }
  }
  if (client_info.prompts) {
    const auto all = base::run_on(house.lanes[1], Session::list(session, "prompts", {}));
    for (const Json& one : all ? *all : Json::array()) {
      (void)base::run_on(house.lanes[1],
                         Session::request(session, "prompts/get", {{"name", one.at("name")}}, {}));
    }
  }
}

int run(const Suite& suite) {
  House house;
  ServersOptions options;
  options.elicit = consent;
  options.follow = std::bind_front(browse, &house);
  options.on_status = [reports = house.reports](const std::string&, const ServerStatus& status) {
    reports->add(status);
    std::fprintf(stderr, "%s %s\n", std::string(to_string(status.state)).c_str(),
                 status.reason.c_str());
  };
  Servers servers(house.lanes[0], house.client, std::move(options));
  if (!servers.set(record_for(suite))) return 2;
  const bool ready = house.reports->settled() == ServerState::ready;
  if (ready) exercise(house, servers, suite);
  base::run_on(house.lanes[1], servers.stop());
  house.lanes.stop();
  return ready ? 0 : 1;
}

}  // namespace
}  // namespace colonnade::tools::mcp

int main(int count, char** arguments) {
  using namespace colonnade;
  if (count < 2) return 2;
  const auto variables = tools::mcp::variables();
  tools::mcp::Suite suite;
  suite.url = arguments[count - 1];
  if (const auto found = variables.find("MCP_CONFORMANCE_SCENARIO"); found != variables.end()) {
    suite.scenario = found->second;
  }
  if (const auto found = variables.find("MCP_CONFORMANCE_CONTEXT"); found != variables.end()) {
    auto context = base::parse_json(found->second, "context");
    if (context) suite.context = std::move(*context);
  }
  return tools::mcp::run(suite);
}
