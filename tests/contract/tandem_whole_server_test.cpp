// Tandem on the server as the program has it: what core tells arrives on the streams, and the tools
// of a real MCP server have their names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "faramesh_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using testing::Contains;

class TandemWholeServer : public testing::Test {
 protected:
  // Nothing that happens from then on is missed.
  static void read_greeting(WireStream& stream) {
    EXPECT_EQ(stream.next()->json().at("type"), "server.connected");
    EXPECT_EQ(stream.next()->json().at("type"), "engine.lifecycle.ready");
  }
  static Json until(WireStream& stream, const std::string& type) {
    while (const auto event = stream.next()) {
      Json out = event->json();
      if (out.at("type") == type) return out.at("properties");
    }
    ADD_FAILURE() << "the stream ended before " << type;
    return Json::object();
  }
  // The body, of what has to be answered with 200.
  Json send(const std::string& method, const std::string& target, const Json& body) {
    const Answer answer = server_.ask(method, target, body.dump());
    EXPECT_EQ(answer.status, 200) << target << answer.body;
    return answer.json();
  }

  TemporaryFolder folder_;
  FarameshServer server_{
      folder_, {.policy = "rules:\n  - match: {tool: \"*\", op: \"*\"}\n    allow: true\n"}};
};

TEST_F(TandemWholeServer, TellsOfResourcesAndMemories) {
  WireStream stream = server_.stream("/global/event");
  read_greeting(stream);
  send("PUT", "/resource/plan", {{"value", 1}});
  EXPECT_EQ(until(stream, "resource.updated").at("key"), "plan");
  const Json put = send("POST", "/memory/put", {{"text", "Deploys happen on Tuesdays."}});
  EXPECT_EQ(until(stream, "memory.put").at("memoryID"), put.at("id"));
}

TEST_F(TandemWholeServer, AToolServersToolsComeAreNamedAndAreCalled) {
  WireStream stream = server_.stream("/event");
  read_greeting(stream);
  const std::string script = std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py";
  EXPECT_EQ(send("POST", "/mcp",
                 {{"name", "Local-Files"}, {"transport", "stdio:python3 '" + script + "' good"}})
                .at("ok"),
            true);
  EXPECT_EQ(until(stream, "mcp.server.updated").at("name"), "Local-Files");
  // A busy machine starts Python slowly: what counts is what the stream tells.
  send("POST", "/mcp/Local-Files/connect", Json::object());
  EXPECT_EQ(until(stream, "mcp.server.connected").at("name"), "Local-Files");
  EXPECT_EQ(until(stream, "mcp.tools.updated").at("count"), 14);
  const std::string name = "mcp.local_files.echo";
  EXPECT_THAT(server_.get("/tool/ids").json().get<std::vector<std::string>>(), Contains(name));
  std::vector<std::string> namespaced;
  for (const Json& one : server_.get("/mcp/tools").json()) {
    namespaced.push_back(one.at("namespaced_name"));
  }
  EXPECT_THAT(namespaced, Contains(name));
  const Json done =
      send("POST", "/tool/execute", {{"tool", name}, {"args", {{"text", "from far"}}}});
  EXPECT_EQ(done.at("output"), "from far");
  EXPECT_EQ(done.at("metadata").at("tool"), name);
  const std::string session = send("POST", "/session", Json::object()).at("id");
  const Json answered = send("POST", "/session/" + session + "/prompt_sync",
                             {{"text", "/tool " + name + " {\"text\":\"in a run\"}"}});
  EXPECT_EQ(answered.at("reply"), "in a run");
  send("POST", "/mcp/Local-Files/refresh", Json::object());
  EXPECT_EQ(until(stream, "mcp.tools.updated").at("count"), 14);
  send("POST", "/mcp/Local-Files/disconnect", Json::object());
  EXPECT_EQ(until(stream, "mcp.server.disconnected"),
            (Json{{"name", "Local-Files"}, {"removedToolCount", 14}}));
}

}  // namespace
}  // namespace colonnade::tests
