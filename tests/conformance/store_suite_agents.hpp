// Agents and the servers of their tools.
#pragma once

#include <gtest/gtest.h>

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

TEST_P(StoreSuite, AgentsAreReplacedOnlyByTheNextVersion) {
  core::Agent agent{.id = "gardener",
                    .scope = here,
                    .name = "Gardener",
                    .instructions = "water",
                    .settings = {.model = "m", .temperature = 0.1},
                    .tools = std::vector<std::string>{"grep", "read"},
                    .created_at = {1},
                    .updated_at = {1}};
  put({core::PutAgent{agent}});
  const auto first = awaited(stores().agents.agent(here, "gardener"));
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->settings, agent.settings);
  EXPECT_EQ((*first)->tools, agent.tools);
  EXPECT_EQ((*first)->scope, here);

  EXPECT_EQ(refusal(core::PutAgent{agent}), ErrorKind::conflict);
  agent.version = 3;
  EXPECT_EQ(refusal(core::PutAgent{agent}), ErrorKind::conflict);
  agent.version = 2;
  agent.tools.reset();
  agent.instructions = "prune";
  put({core::PutAgent{agent}});
  const auto second = awaited(stores().agents.agent(here, "gardener"));
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->version, 2);
  EXPECT_EQ((*second)->instructions, "prune");
  EXPECT_EQ((*second)->tools, std::nullopt);
}

TEST_P(StoreSuite, AgentsKeepWhatTheyOwn) {
  core::Agent agent{.id = "a",
                    .scope = here,
                    .owner = "ann",
                    .memory = core::AgentMemory::semantic,
                    .tool_servers = {"s2", "s1"}};
  put({core::PutAgent{agent}});
  const auto stored = awaited(stores().agents.agent(here, "a"));
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->owner, "ann");
  EXPECT_EQ((*stored)->memory, core::AgentMemory::semantic);
  EXPECT_EQ((*stored)->tool_servers, (std::vector<std::string>{"s2", "s1"}));
  put({core::DeleteAgent{"a"}});
  EXPECT_EQ(*awaited(stores().agents.agent(here, "a")), std::nullopt);
  EXPECT_EQ(refusal(core::DeleteAgent{"a"}), ErrorKind::not_found);
  put({core::PutAgent{agent}});  // nothing of the earlier one is in the way
}

TEST_P(StoreSuite, AgentsAreListedNewestFirstAndPerScope) {
  for (const auto& [id, at] : {std::pair{"b", 2}, std::pair{"a", 3}, std::pair{"c", 1}}) {
    put({core::PutAgent{
        {.id = id,
         .scope = here,
         .owner = at == 2 ? "bob" : "ann",
         .tool_servers = at == 1 ? std::vector<std::string>{} : std::vector{std::string("s")},
         .created_at = {at},
         .updated_at = {at}}}});
  }
  const auto ids = [&](const core::AgentFilter& filter) {
    Ids out;
    for (const core::Agent& agent : *awaited(stores().agents.agents(here, filter)))
      out.push_back(agent.id);
    return out;
  };
  EXPECT_EQ(ids({}), (Ids{"a", "b", "c"}));
  EXPECT_EQ(ids({.owner = "ann"}), (Ids{"a", "c"}));
  EXPECT_EQ(ids({.tool_server = "s"}), (Ids{"a", "b"}));
  EXPECT_EQ(ids({.limit = 1, .offset = 1}), (Ids{"b"}));
  EXPECT_EQ(ids({.before = "a"}), (Ids{"b", "c"}));
  EXPECT_EQ(ids({.owner = "ann", .before = "a"}), Ids{"c"});
  EXPECT_TRUE(awaited(stores().agents.agents(elsewhere, {}))->empty());
  EXPECT_EQ(*awaited(stores().agents.agent(elsewhere, "a")), std::nullopt);
  // The same id in another scope is another agent.
  EXPECT_TRUE(commit({.scope = elsewhere,
                      .changes = {core::PutAgent{{.id = "a", .scope = elsewhere, .name = "x"}}}}));
  EXPECT_EQ((*awaited(stores().agents.agent(here, "a")))->name, "");
  EXPECT_EQ((*awaited(stores().agents.agent(elsewhere, "a")))->name, "x");
}

// --- tool servers -------------------------------------------------------------------------------

TEST_P(StoreSuite, ToolServersKeepEveryMember) {
  const core::ToolServer made{.id = "s1",
                              .scope = here,
                              .name = "files",
                              .transport = core::ToolServerTransport::stdio,
                              .command = {"server", "--root", "/a b"},
                              .sealed_secrets = "v1:abc",
                              .created_at = {7}};
  put({core::PutToolServer{made}});
  put({core::PutToolServer{{.id = "s2",
                            .scope = here,
                            .name = "a-remote",
                            .transport = core::ToolServerTransport::http,
                            .url = "https://mcp.example/",
                            .created_at = {8}}}});
  const auto read = awaited(stores().tool_servers.tool_server(here, "s1"));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->name, "files");
  EXPECT_EQ((*read)->command, made.command);
  EXPECT_EQ((*read)->sealed_secrets, "v1:abc");
  EXPECT_EQ((*read)->created_at, Time{7});
  const auto all = awaited(stores().tool_servers.tool_servers(here));
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().name, "a-remote");
  EXPECT_EQ(all->front().transport, core::ToolServerTransport::http);
  EXPECT_EQ(all->front().url, "https://mcp.example/");
  EXPECT_EQ(awaited(stores().tool_servers.all_tool_servers())->size(), 2U);
  EXPECT_TRUE(awaited(stores().tool_servers.tool_servers(elsewhere))->empty());
  EXPECT_EQ(*awaited(stores().tool_servers.tool_server(elsewhere, "s1")), std::nullopt);
}

TEST_P(StoreSuite, ToolServersHaveNamesOfTheirOwn) {
  put({core::PutToolServer{{.id = "s1", .scope = here, .name = "files"}}});
  EXPECT_EQ(refusal(core::PutToolServer{{.id = "s2", .scope = here, .name = "files"}}),
            ErrorKind::conflict);
  EXPECT_EQ(refusal(core::PutToolServer{{.id = "s1", .scope = here, .name = "other"}}),
            ErrorKind::conflict);
  put({core::DeleteToolServer{"s1"}});
  EXPECT_EQ(refusal(core::DeleteToolServer{"s1"}), ErrorKind::not_found);
  put({core::PutToolServer{{.id = "s2", .scope = here, .name = "files"}}});
}

TEST_P(StoreSuite, ToolPinsAreReplacedAndGoWithTheirServer) {
  put({core::PutToolServer{{.id = "s1", .scope = here, .name = "files"}}});
  EXPECT_EQ(*awaited(stores().tool_servers.tool_pins(here, "s1")), "");
  put({core::KeepToolPins{"s1", "one"}});
  put({core::KeepToolPins{"s1", "two"}});
  put({core::KeepToolPins{"configured-x", "three"}});  // no row of its own
  EXPECT_EQ(*awaited(stores().tool_servers.tool_pins(here, "s1")), "two");
  EXPECT_EQ(*awaited(stores().tool_servers.tool_pins(here, "configured-x")), "three");
  EXPECT_EQ(*awaited(stores().tool_servers.tool_pins(elsewhere, "s1")), "");
  put({core::DeleteToolServer{"s1"}});
  EXPECT_EQ(*awaited(stores().tool_servers.tool_pins(here, "s1")), "");
}

}  // namespace colonnade::conformance
