// The MCP endpoint of a whole server: its wire, in both eras.
#include <gtest/gtest.h>

#include "dialects/mcp/limits.hpp"
#include "mcp_client.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

class McpServer : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  FarameshServer server{folder, {.policy = mcp_policy}};
  McpClient client{server.port(), server.token};

  std::int64_t code_of(const Answer& answer) {
    return McpClient::last_message(answer).at("error").at("code").get<std::int64_t>();
  }
};

// --- the newer era ------------------------------------------------------------------------------

TEST_F(McpServer, DiscoverNamesRevisionsAndWhatIsOffered) {
  const Answer answer = client.modern("server/discover");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_FALSE(answer.header("Mcp-Session-Id").size() > 0);
  const Json result = answer.json().at("result");
  EXPECT_EQ(result.at("supportedVersions").front(), Json(modern_version));
  EXPECT_EQ(result.at("resultType"), "complete");
  EXPECT_TRUE(result.at("capabilities").contains("tools"));
  EXPECT_TRUE(result.at("capabilities").contains("resources"));
  EXPECT_FALSE(result.at("capabilities").contains("prompts"));
  EXPECT_EQ(result.at("cacheScope"), "private");
  EXPECT_EQ(result.at("_meta").at("io.modelcontextprotocol/serverInfo").at("name"), "colonnade");
}

TEST_F(McpServer, ListsItsToolsWithSchemas) {
  const Json tools = client.modern("tools/list").json().at("result").at("tools");
  std::vector<std::string> names;
  for (const Json& tool : tools) {
    names.push_back(tool.at("name"));
    EXPECT_EQ(tool.at("inputSchema").at("type"), "object") << tool;
    EXPECT_EQ(tool.at("outputSchema").at("type"), "object") << tool;
    EXPECT_TRUE(tool.at("annotations").contains("readOnlyHint")) << tool;
    EXPECT_FALSE(tool.at("description").get<std::string>().empty());
  }
  const std::vector<std::string> expected = {
      "list_agents", "ask_agent",    "start_run",   "follow_run",     "read_run",
      "cancel_run",  "list_threads", "read_thread", "list_approvals", "approve",
      "deny",        "decide",       "policy_info"};
  EXPECT_EQ(names, expected);
}

TEST_F(McpServer, RefusesHeadersThatSayOtherwiseThanTheBody) {
  Json params = Json::object();
  params["_meta"] = McpClient::modern_meta();
  const std::string body = McpClient::request(7, "tools/list", params).dump();
  const auto with = [&](net::Headers headers) { return client.post(body, std::move(headers)); };
  const Answer other_method =
      with({{"MCP-Protocol-Version", modern_version}, {"Mcp-Method", "ping"}});
  EXPECT_EQ(other_method.status, 400);
  EXPECT_EQ(code_of(other_method), -32020);
  EXPECT_EQ(other_method.json().at("id"), 7);
  EXPECT_EQ(code_of(with({{"MCP-Protocol-Version", modern_version}})), -32020);
  EXPECT_EQ(code_of(with({{"Mcp-Method", "tools/list"}})), -32020);
  EXPECT_EQ(code_of(with({{"MCP-Protocol-Version", "2025-11-25"}, {"Mcp-Method", "tools/list"}})),
            -32020);
  EXPECT_EQ(
      with({{"mcp-protocol-version", " " + modern_version}, {"MCP-METHOD", " tools/list "}}).status,
      200);
}

TEST_F(McpServer, TakesANameInBase64) {
  Json params = {{"name", "list_agents"}, {"arguments", Json::object()}};
  params["_meta"] = McpClient::modern_meta();
  const std::string body = McpClient::request(1, "tools/call", params).dump();
  const auto named = [&](const std::string& name) {
    return client.post(body, {{"MCP-Protocol-Version", modern_version},
                              {"Mcp-Method", "tools/call"},
                              {"Mcp-Name", name}});
  };
  EXPECT_EQ(named("=?base64?bGlzdF9hZ2VudHM=?=").status, 200);
  EXPECT_EQ(code_of(named("=?base64?bGlzdF9hZ2VudHM?=")), -32020);  // without its padding
  EXPECT_EQ(code_of(named("=?base64?!!!!?=")), -32020);
  EXPECT_EQ(code_of(named("ask_agent")), -32020);
}

TEST_F(McpServer, WantsTheMembersOfMeta) {
  for (const char* missing :
       {"io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"}) {
    Json params = Json::object();
    params["_meta"] = McpClient::modern_meta();
    params["_meta"].erase(missing);
    const Answer answer =
        client.post(McpClient::request(3, "tools/list", params).dump(),
                    {{"MCP-Protocol-Version", modern_version}, {"Mcp-Method", "tools/list"}});
    EXPECT_EQ(answer.status, 400) << missing;
    EXPECT_EQ(code_of(answer), -32602) << missing;
  }
}

TEST_F(McpServer, NamesWhatItServesToWhoeverWantsAnotherRevision) {
  Json params = Json::object();
  params["_meta"] = McpClient::modern_meta();
  params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01";
  const Answer answer =
      client.post(McpClient::request(3, "server/discover", params).dump(),
                  {{"MCP-Protocol-Version", "2099-01-01"}, {"Mcp-Method", "server/discover"}});
  EXPECT_EQ(answer.status, 400);
  const Json error = answer.json().at("error");
  EXPECT_EQ(error.at("code"), -32022);
  EXPECT_EQ(error.at("data").at("requested"), "2099-01-01");
  EXPECT_EQ(error.at("data").at("supported").front(), Json(modern_version));
}

TEST_F(McpServer, HasNoMethodsOfTheOlderEraInTheNewer) {
  for (const char* method : {"initialize", "ping", "logging/setLevel", "resources/subscribe",
                             "prompts/list", "completion/complete", "no/such"}) {
    const Answer answer = client.modern(method);
    EXPECT_EQ(answer.status, 404) << method;
    EXPECT_EQ(code_of(answer), -32601) << method;
  }
  EXPECT_EQ(client.ask("GET", {{"MCP-Protocol-Version", modern_version}}).status, 405);
  EXPECT_EQ(client.ask("DELETE", {{"MCP-Protocol-Version", modern_version}}).status, 405);
}

// --- the older era ------------------------------------------------------------------------------

TEST_F(McpServer, InitializeAgreesOnARevision) {
  const Json result = client.initialize("2025-06-18");
  EXPECT_EQ(result.at("protocolVersion"), "2025-06-18");
  EXPECT_EQ(result.at("serverInfo").at("name"), "colonnade");
  EXPECT_FALSE(result.contains("resultType"));
  EXPECT_FALSE(client.session.empty());
  EXPECT_EQ(client.initialize("1999-01-01").at("protocolVersion"), "2025-11-25");
  EXPECT_EQ(client.initialize(modern_version).at("protocolVersion"), "2025-11-25");
}

TEST_F(McpServer, ASessionIsItsUsersOwnAndEnds) {
  client.initialize();
  EXPECT_EQ(client.older("ping").json().at("result"), Json::object());
  EXPECT_EQ(client.older("tools/list").json().at("result").at("tools").size(), 13u);
  McpClient stranger(server.port(), server.token_of("eve"));
  stranger.session = client.session;
  stranger.version = client.version;
  EXPECT_EQ(stranger.older("ping").status, 404);
  EXPECT_EQ(stranger.ask("DELETE", stranger.session_headers()).status, 404);
  EXPECT_EQ(client.older("ping").status, 200);
  EXPECT_EQ(client.ask("DELETE", client.session_headers()).status, 200);
  EXPECT_EQ(client.older("ping").status, 404);
}

TEST_F(McpServer, WantsASession) {
  const std::string body = McpClient::request(1, "tools/list", Json::object()).dump();
  EXPECT_EQ(client.post(body).status, 400);
  EXPECT_EQ(client.post(body, {{"Mcp-Session-Id", "unknown"}}).status, 404);
  client.initialize();
  const Answer odd = client.post(
      body, {{"Mcp-Session-Id", client.session}, {"MCP-Protocol-Version", "1999-01-01"}});
  EXPECT_EQ(odd.status, 400);
  EXPECT_EQ(code_of(odd), -32022);
}

TEST_F(McpServer, AStreamStaysOpenUntilItsSessionEnds) {
  client.initialize();
  net::Headers headers = client.session_headers();
  headers.push_back({"Accept", "text/event-stream"});
  WireStream stream(server.port(),
                    {.target = "/api/mcp", .token = server.token, .headers = headers});
  ASSERT_EQ(stream.head().status, 200);
  EXPECT_EQ(client.ask("GET", client.session_headers()).status, 406);
  EXPECT_EQ(client.ask("DELETE", client.session_headers()).status, 200);
  EXPECT_FALSE(stream.next());
}

TEST_F(McpServer, TakesBatchesInTheOneRevisionThatHasThem) {
  const Json batch = {McpClient::request(1, "ping", Json::object()),
                      {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}},
                      {{"jsonrpc", "2.0"}, {"id", 2}},
                      McpClient::request(3, "no/such", Json::object())};
  client.initialize("2025-03-26");
  const Json answers = client.post(batch.dump(), client.session_headers()).json();
  ASSERT_EQ(answers.size(), 3u) << answers;
  EXPECT_EQ(answers[0].at("result"), Json::object());
  EXPECT_EQ(answers[1].at("error").at("code"), -32600);
  EXPECT_EQ(answers[2].at("error").at("code"), -32601);
  client.initialize("2025-11-25");
  EXPECT_EQ(client.post(batch.dump(), client.session_headers()).status, 400);
  EXPECT_EQ(client.post(batch.dump()).status, 400);
}

// --- hostile input ------------------------------------------------------------------------------

TEST_F(McpServer, RejectsRequestsWithoutAToken) {
  McpClient nobody(server.port(), "");
  const Answer answer = nobody.modern("tools/list");
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.header("WWW-Authenticate").starts_with("Bearer"));
  EXPECT_TRUE(answer.json().contains("error"));
  EXPECT_EQ(McpClient(server.port(), "wrong").modern("tools/list").status, 401);
  EXPECT_EQ(nobody.ask("GET", {{"Accept", "text/event-stream"}}).status, 401);
  EXPECT_EQ(nobody.ask("DELETE", {{"Mcp-Session-Id", "x"}}).status, 401);
}

TEST_F(McpServer, RefusesPagesOfOtherOrigins) {
  const std::string body =
      McpClient::request(1, "initialize", {{"protocolVersion", "2025-11-25"}}).dump();
  for (const char* origin : {"http://evil.example", "http://127.0.0.1.evil.example", "null",
                             "http://localhost.evil.example:80", "evil"}) {
    EXPECT_EQ(client.post(body, {{"Origin", origin}}).status, 403) << origin;
  }
  for (const char* origin : {"http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443"}) {
    EXPECT_EQ(client.post(body, {{"Origin", origin}}).status, 200) << origin;
  }
}

TEST_F(McpServer, RefusesWhatIsNoMessage) {
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  for (const std::string& body :
       {std::string("{"), std::string(), deep, std::string("\xff"), std::string("{}{}")}) {
    const Answer answer = client.post(body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 20);
    EXPECT_EQ(code_of(answer), -32700) << body.substr(0, 20);
    EXPECT_FALSE(answer.json().contains("id"));
  }
  for (const char* body :
       {"1", "\"a\"", "null", "{}", "[]", R"({"jsonrpc":"1.0","id":1,"method":"ping"})",
        R"({"jsonrpc":"2.0","id":1})", R"({"jsonrpc":"2.0","id":{},"method":"ping"})",
        R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", R"({"jsonrpc":"2.0","id":1,"method":5})",
        R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[1]})"}) {
    const Answer answer = client.post(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(code_of(answer), -32600) << body;
  }
}

TEST_F(McpServer, HasLimitsAndForms) {
  const std::string large(limits::mcp_endpoint_body_bytes_max + 1, ' ');
  EXPECT_EQ(client.post(large).status, 413);
  const auto form = [&](net::Headers headers) {
    return call(server.port(), {.method = "POST",
                                .target = "/api/mcp",
                                .body = "{}",
                                .token = server.token,
                                .headers = std::move(headers)})
        .status;
  };
  EXPECT_EQ(form({{"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(form({{"Content-Type", "application/json"}, {"Accept", "text/html"}}), 406);
  EXPECT_EQ(form({{"Content-Type", "application/json; charset=utf-8"}}), 400);
  EXPECT_EQ(client.ask("PUT", {}).status, 405);
}

TEST_F(McpServer, RefusesCallsThatAreNone) {
  EXPECT_EQ(code_of(client.modern("tools/call", {{"name", "no_such"}})), -32602);
  EXPECT_EQ(code_of(client.modern("tools/call", Json::object())), -32602);
  EXPECT_EQ(code_of(client.modern("tools/call", {{"name", "list_agents"}, {"arguments", 5}})),
            -32602);
  EXPECT_EQ(code_of(client.modern("tools/list", {{"cursor", "x"}})), -32602);
}

// A model reads these: they name the argument and what to do.
TEST_F(McpServer, WrongArgumentsAreFailuresThatAModelCanRead) {
  const auto says = [&](const Json& arguments) {
    const Json result = client.tool("ask_agent", arguments);
    EXPECT_EQ(result.at("isError"), true) << result;
    return result.at("content")[0].at("text").get<std::string>();
  };
  EXPECT_NE(says(Json::object()).find("'message' is missing"), std::string::npos);
  EXPECT_NE(says({{"message", 5}}).find("'message' must be a string"), std::string::npos);
  EXPECT_NE(says({{"message", "  "}}).find("'message' is blank"), std::string::npos);
  EXPECT_NE(says({{"message", "a"}, {"colour", 1}}).find("'colour' is unknown"), std::string::npos);
  EXPECT_NE(says({{"message", "a"}, {"wait_seconds", 0}}).find("from 1 to 1800"),
            std::string::npos);
  EXPECT_NE(says({{"message", "a"}, {"wait_seconds", 1e300}}).find("from 1 to"), std::string::npos);
  EXPECT_NE(says({{"message", "a"}, {"thread_id", "none"}}).find("list_threads"),
            std::string::npos);
  EXPECT_NE(says({{"message", "a"}, {"agent_id", "none"}}).find("list_agents"), std::string::npos);
  EXPECT_NE(says({{"message", "a"}, {"idempotency_key", 1}}).find("idempotency_key"),
            std::string::npos);
}

}  // namespace
}  // namespace colonnade::tests
