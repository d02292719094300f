#include "app/config_mcp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_file.hpp"
#include "app/files.hpp"
#include "storage/sqlite/test_folder.hpp"

namespace colonnade::app {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

struct Read {
  Config config{};
  ConfigFaults faults{};
};

Read read(const std::string& servers) {
  Read out;
  const auto tree = yaml::parse("mcp:\n  servers:\n" + servers, "c.yaml");
  EXPECT_TRUE(tree) << tree.error().message;
  apply_config_file(*tree, "c.yaml", "/etc", "/home/ada", out.config, out.faults);
  if (out.faults.empty()) check_mcp_servers(out.config.settings, out.faults);
  return out;
}

TEST(ConfigMcp, ReadsServers) {
  auto [config, faults] = read(
      "    files:\n      command: [npx, -y, server, /srv]\n      env: {TOKEN: hush, PORT: 8080}\n"
      "      env_from: {OTHER: VARIABLE}\n"
      "    web:\n      url: https://web.example/mcp\n      headers: {X-Api-Key: hush}\n"
      "      oauth:\n        client_id: me\n        client_secret_env: SECRET\n"
      "        client_credentials: true\n");
  EXPECT_THAT(faults, IsEmpty());
  Settings& settings = config.settings;
  ASSERT_EQ(settings.mcp.servers.size(), 2U);
  const auto& [name, files] = settings.mcp.servers[0];
  EXPECT_EQ(name, "files");
  EXPECT_THAT(files.command, ElementsAre("npx", "-y", "server", "/srv"));
  EXPECT_THAT(files.env, Contains(Pair("PORT", "8080")));
  const Environment environment({{"VARIABLE", "from there"}, {"SECRET", "hush-hush"}});
  resolve_mcp_secrets(settings, environment, faults);
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_THAT(files.env, Contains(Pair("OTHER", "from there")));
  const McpServerSettings& web = settings.mcp.servers[1].second;
  EXPECT_EQ(web.oauth_client_secret, "hush-hush");
  EXPECT_TRUE(web.oauth_client_credentials);
  for (const auto& [setting, value] : shown_mcp_servers(settings)) {
    EXPECT_THAT(value, Not(HasSubstr("hush"))) << setting;
  }
  EXPECT_THAT(shown_mcp_servers(settings), Contains(Pair("web.url", "https://web.example/mcp")));
}

TEST(ConfigMcp, AByteOrderMarkAndALineEndAreNoPartOfASecret) {
  const storage::sqlite::TestFolder folder;
  const std::string pem = "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----";
  ASSERT_TRUE(write_owner_only_file(folder.file("key.pem"), "\xef\xbb\xbf" + pem + "\r\n"));
  auto [config, faults] = read(
      "    web:\n      url: https://web.example/mcp\n      headers_from: {X-Api-Key: HEADER}\n"
      "      oauth:\n        client_id: me\n        client_secret_env: SECRET\n"
      "        private_key_file: " +
      folder.file("key.pem") + "\n");
  EXPECT_THAT(faults, IsEmpty());
  const Environment environment(
      {{"HEADER", "\xef\xbb\xbfhush\r\n"}, {"SECRET", "\xef\xbb\xbfhush-hush\n"}});
  resolve_mcp_secrets(config.settings, environment, faults);
  EXPECT_THAT(faults, IsEmpty());
  const McpServerSettings& web = config.settings.mcp.servers.front().second;
  EXPECT_THAT(web.headers, Contains(Pair("X-Api-Key", "hush")));
  EXPECT_EQ(web.oauth_client_secret, "hush-hush");
  EXPECT_EQ(web.oauth_private_key, pem);
}

TEST(ConfigMcp, SaysWhatIsWrong) {
  const auto fault = [](const std::string& servers) {
    const Read result = read(servers);
    return result.faults.empty() ? "" : result.faults.front();
  };
  EXPECT_EQ(fault("    a: {comand: [x]}\n"),
            "c.yaml:3: unknown key \"mcp.servers.a.comand\"; did you mean \"command\"?");
  EXPECT_EQ(fault("    a: {command: x}\n"),
            "c.yaml:3: mcp.servers.a.command: expected a list of strings, but found x");
  EXPECT_EQ(fault("    a: {url: u, headers: {Key: [hush]}}\n"),
            "c.yaml:3: mcp.servers.a.headers: expected a map of strings, but found something else");
  EXPECT_EQ(fault("    a: {}\n"), "mcp.servers.a: set either command or url");
  EXPECT_EQ(fault("    a: {command: [x], headers: {K: v}}\n"),
            "mcp.servers.a.headers: belong to a url; for a command there is env");
  EXPECT_EQ(fault("    a: {url: u, oauth: {client_credentials: true}}\n"),
            "mcp.servers.a.oauth.client_credentials: needs oauth.client_id");
}

TEST(ConfigMcp, AMissingVariableIsNamed) {
  auto [config, faults] = read("    a: {url: u, headers_from: {Authorization: NOT_THERE}}\n");
  resolve_mcp_secrets(config.settings, Environment(), faults);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0],
            "mcp.servers.a.headers_from.Authorization: the environment variable NOT_THERE is not "
            "set");
}

}  // namespace
}  // namespace colonnade::app
