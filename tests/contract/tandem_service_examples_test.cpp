// The contract's examples (tandem-examples.jsonl) of providers, MCP servers and memory, against a
// server: the same status, and every member of the example with a value of its type. Ids, times and
// texts are the server's own.
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "tandem_examples.hpp"
#include "tandem_services_fixture.hpp"

namespace colonnade::tests {
namespace {

constexpr const char* example_memory = "c0ffee00-1234-4abc-8def-00112233aabb";

std::string with_id(std::string text, const std::string& id) {
  for (auto at = text.find(example_memory); at != std::string::npos;
       at = text.find(example_memory)) {
    text.replace(at, std::string(example_memory).size(), id);
  }
  return text;
}

class TandemServiceExamples : public TandemServicesTest {
 protected:
  void TearDown() override { expect_played(played_); }
  // In this order: each stands on the ones before.
  Json replay(const std::string& name) {
    const Json& row = examples_.at(name);
    played_.insert(name);
    const Json request = row.value("request", Json());
    const std::string body = request.is_null() ? "" : with_id(request.dump(), memory_id_);
    const Answer answer = server_.ask(row.at("method").get<std::string>(),
                                      with_id(row.at("path").get<std::string>(), memory_id_), body);
    EXPECT_EQ(answer.status, row.at("status")) << name << ": " << answer.body;
    const Json got = answer.json();
    has_members(row.at("response"), got, name);
    return got;
  }
  void replay_all(std::initializer_list<const char*> names) {
    for (const char* name : names) replay(name);
  }

  std::map<std::string, Json> examples_ = tandem_examples();
  std::string memory_id_ = example_memory;
  std::set<std::string> played_{};
};

TEST_F(TandemServiceExamples, OfProviders) {
  replay_all({"providers.set_api_key", "providers.auth_status", "providers.set_defaults",
              "providers.config", "providers.set_defaults.secret_rejected"});
  replay("providers.catalog");
}

TEST_F(TandemServiceExamples, OfMcpServers) {
  replay_all({"mcp.add", "mcp.connect", "mcp.list", "mcp.list_tools", "mcp.list_resources",
              "mcp.refresh", "mcp.connect.failed", "mcp.disconnect", "mcp.set_enabled"});
  send("PATCH", "/mcp/arcade", {{"enabled", true}});
  replay("mcp.delete");
  send("POST", "/mcp",
       {{"name", "dead"},
        {"transport", "http://127.0.0.1:9/mcp"},
        {"headers", {{"Authorization", "Bearer s3cret"}}}});
  server_.post("/mcp/dead/connect");
  replay("mcp.list.failed_server");
}

TEST_F(TandemServiceExamples, OfMemory) {
  memory_id_ = replay("memory.put").at("id");
  replay_all({"memory.search", "memory.list", "memory.audit", "memory.promote", "memory.demote",
              "memory.delete"});
  replay("engine046.memory.put");
}

}  // namespace
}  // namespace colonnade::tests
