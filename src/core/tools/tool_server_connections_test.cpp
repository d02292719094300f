#include "core/tools/tool_server_connections.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/access/operators.hpp"

namespace colonnade::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ThreeServers final : public ToolServerConnector {
 public:
  std::vector<ToolServerConnection> connections() const override {
    return {{.id = "1", .name = "files"}, {.id = "2", .name = "mail"}, {.id = "3", .name = "mail"}};
  }
  std::optional<ToolServerConnection> connection(const std::string&) const override { return {}; }
  std::vector<ServedTool> tools(const std::string&) const override { return {}; }
  base::Task<void> settled(std::string, std::stop_token) override { co_return; }
  Result<void> accept(const std::string& id, const std::string& set) override {
    calls.push_back("accept " + id + " " + set);
    if (set == "old") return base::fail(base::ErrorKind::conflict, "look again", "set");
    return {};
  }
  Result<void> retry(const std::string& id) override {
    calls.push_back("retry " + id);
    return {};
  }
  base::Task<Result<void>> complete_authorization(std::string, std::string) override {
    co_return Result<void>();
  }

  std::vector<std::string> calls{};
};

class ToolServerConnectionsTest : public ::testing::Test {
 protected:
  ThreeServers connector_;
  ToolServerConnections connections_{connector_};
  Principal operator_ = system_operator();
};

TEST_F(ToolServerConnectionsTest, AServerIsMeantByItsIdOrByANameOfItsOwn) {
  EXPECT_EQ(connections_.retry(operator_, "files"), "1");
  EXPECT_EQ(connections_.retry(operator_, "3"), "3");
  EXPECT_EQ(connections_.accept(operator_, "files", "new"), "1");
  EXPECT_THAT(connector_.calls, ElementsAre("retry 1", "retry 3", "accept 1 new"));
}

TEST_F(ToolServerConnectionsTest, NoServerAndSeveralAreBothNotFound) {
  for (const auto& [server, says] : {std::pair{"web", "no MCP server 'web'"},
                                     std::pair{"mail", "several MCP servers are named 'mail'"}}) {
    const auto tried = connections_.retry(operator_, server);
    ASSERT_FALSE(tried);
    EXPECT_EQ(tried.error().kind, base::ErrorKind::not_found);
    EXPECT_THAT(tried.error().message, HasSubstr(says));
  }
  EXPECT_THAT(connector_.calls, IsEmpty());
}

TEST_F(ToolServerConnectionsTest, WhatTheConnectorRefusesIsRefused) {
  const auto accepted = connections_.accept(operator_, "1", "old");
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().kind, base::ErrorKind::conflict);
  EXPECT_EQ(accepted.error().field, "set");
}

TEST_F(ToolServerConnectionsTest, AreForOperatorsOfEveryScopeOnly) {
  const Principal of_one_scope(Scope::main(), "root", UserRole::operator_role);
  EXPECT_EQ(connections_.list(of_one_scope).error().kind, base::ErrorKind::forbidden);
  EXPECT_EQ(connections_.retry(of_one_scope, "1").error().kind, base::ErrorKind::forbidden);
  EXPECT_EQ(connections_.accept(of_one_scope, "1", "new").error().kind, base::ErrorKind::forbidden);
  EXPECT_THAT(connector_.calls, IsEmpty());
  EXPECT_EQ(connections_.list(operator_)->size(), 3U);
}

}  // namespace
}  // namespace colonnade::core
