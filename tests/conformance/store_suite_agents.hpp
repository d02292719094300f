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

// A change that was made of an agent before it was deleted must not bring it back.
TEST_P(StoreSuite, AnAgentThatWasDeletedIsNotReplaced) {
  core::Agent agent{.id = "a", .scope = here};
  put({core::PutAgent{agent}});
  put({core::DeleteAgent{.id = "a", .at = {5}}});
  agent.version = 2;
  EXPECT_EQ(refusal(core::PutAgent{agent}), ErrorKind::conflict);
  EXPECT_EQ(*awaited(stores().agents.agent(here, "a")), std::nullopt);
}

TEST_P(StoreSuite, AnAgentIsDeletedWithItsThreads) {
  put({core::PutAgent{{.id = "gardener", .scope = here}}});
  for (const std::string id : {"a1", "a2", "deleted", "other"}) {
    core::Thread thread = thread_of(id);
    thread.agent_id = id == "other" ? "default" : "gardener";
    if (id == "a2") thread.owner = "bob";
    put({core::InsertThread{thread}});
  }
  put({core::DeleteThread{.id = "deleted", .at = {3}}});
  core::Thread foreign = thread_of("a1");
  foreign.scope = elsewhere;
  foreign.agent_id = "gardener";
  ASSERT_TRUE(commit({.scope = elsewhere, .changes = {core::InsertThread{foreign}}}));

  const std::int64_t cursor = put({core::DeleteAgent{.id = "gardener", .at = {50}}});
  EXPECT_EQ(cursor, *awaited(stores().events.last_cursor()));
  for (const std::string id : {"a1", "a2", "deleted"}) {
    EXPECT_EQ(*awaited(stores().threads.thread(here, id)), std::nullopt) << id;
    const auto told = events(id);
    ASSERT_EQ(told.size(), 1U) << id;
    const auto* changed = std::get_if<core::ThreadChanged>(&told.front().body);
    ASSERT_NE(changed, nullptr) << id;
    EXPECT_TRUE(changed->deleted) << id;
  }
  Ids erased;
  for (const core::Thread& thread : *awaited(stores().threads.erased_threads({}))) {
    EXPECT_EQ(thread.agent_id, "gardener");
    erased.push_back(thread.id);
  }
  EXPECT_EQ(erased, (Ids{"a1", "a2", "deleted"}));
  EXPECT_EQ(thread_ids(), (Ids{"other"}));
  EXPECT_TRUE(awaited(stores().threads.thread(elsewhere, "a1"))->has_value());
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

TEST_P(StoreSuite, AToolServerIsDeletedFromEveryAgentThatHasIt) {
  put({core::PutToolServer{{.id = "s1", .scope = here, .name = "files"}},
       core::PutToolServer{{.id = "s2", .scope = here, .name = "mail"}}});
  for (const auto& [id, servers] : {std::pair{"a", std::vector<std::string>{"s2", "s1"}},
                                    std::pair{"b", std::vector<std::string>{"s1"}},
                                    std::pair{"c", std::vector<std::string>{"s2"}}}) {
    put({core::PutAgent{.agent = {.id = id, .scope = here, .tool_servers = servers},
                        .servers_needed = servers}});
  }
  put({core::DeleteToolServer{.id = "s1", .at = {9}}});
  const auto agent = [&](const char* id) { return **awaited(stores().agents.agent(here, id)); };
  EXPECT_EQ(agent("a").tool_servers, (Ids{"s2"}));
  EXPECT_EQ(agent("a").version, 2);
  EXPECT_EQ(agent("a").updated_at, Time{9});
  EXPECT_EQ(agent("b").tool_servers, Ids{});
  EXPECT_EQ(agent("c").version, 1);
  // Whoever attaches it a moment later is refused.
  EXPECT_EQ(refusal(core::PutAgent{.agent = {.id = "d", .scope = here, .tool_servers = {"s1"}},
                                   .servers_needed = {"s1"}}),
            ErrorKind::not_found);
}

}  // namespace colonnade::conformance
