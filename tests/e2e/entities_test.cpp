// Entities and access keys by command, with a server and without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../contract/wire_client.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using tests::Answer;
using Json = nlohmann::json;

class EntityCommands : public testing::Test {
 protected:
  // The one secret on the screen, or in the file of that name.
  static std::string without_line_end(std::string text) {
    if (!text.empty()) text.pop_back();
    return text;
  }
  Answer mint(const ServerProcess& server, const std::string& secret) {
    return tests::call(
        server.port(),
        {.method = "POST",
         .target = "/api/v1/entities/backend/session-tokens",
         .body =
             R"({"organizationId":"acme","projectId":"shop","environmentId":"live","userId":"ann"})",
         .token = secret});
  }
  int budgets_with(const ServerProcess& server, const std::string& token,
                   const std::string& key = "") {
    net::Headers headers{{"X-Platos-Session-Token", token}};
    if (!key.empty()) headers.push_back({"X-Platos-Api-Key", key});
    return tests::call(server.port(), {.target = "/api/v1/agent/budgets", .headers = headers})
        .status;
  }

  Folder folder_;
};

TEST_F(EntityCommands, ARunningServerKnowsAtOnceAndALaterOneStill) {
  auto server = std::make_unique<ServerProcess>(folder_);
  ASSERT_TRUE(server->ready().is_object());
  const auto added = run({"entity", "add", "acme", "shop", "backend", "--save", "first"}, folder_);
  ASSERT_EQ(added.code, 0) << added.err;
  const std::string first = without_line_end(read_file(folder_ / "first"));
  EXPECT_EQ(first.size(), 64U);
  EXPECT_THAT(added.out, Not(HasSubstr(first)));
  const Answer minted = mint(*server, first);
  ASSERT_EQ(minted.status, 201) << minted.body;
  const std::string token = minted.json()["token"];
  EXPECT_EQ(budgets_with(*server, token), 200);
  EXPECT_EQ(server->stop().code, 0);

  // Without a server the store is opened; the old secret goes on as the second.
  const auto rotated = run({"entity", "rotate", "acme", "shop", "backend"}, folder_);
  ASSERT_EQ(rotated.code, 0) << rotated.err;
  const std::string second = without_line_end(rotated.out);
  const auto listed = run({"entity", "list"}, folder_);
  EXPECT_THAT(listed.out, HasSubstr("acme/shop/backend"));
  EXPECT_THAT(listed.out, HasSubstr("two secrets"));
  EXPECT_THAT(listed.out, Not(HasSubstr(second)));

  server = std::make_unique<ServerProcess>(folder_);
  EXPECT_EQ(budgets_with(*server, token), 200);
  EXPECT_EQ(mint(*server, second).status, 201);
  EXPECT_EQ(run({"entity", "rotate", "acme", "shop", "backend", "--finish"}, folder_).code, 0);
  EXPECT_EQ(budgets_with(*server, token), 401);
  EXPECT_EQ(mint(*server, first).status, 401);
  EXPECT_EQ(run({"entity", "remove", "acme", "shop", "backend"}, folder_).code, 0);
  EXPECT_EQ(mint(*server, second).status, 404);
  const auto again = run({"entity", "remove", "acme", "shop", "backend"}, folder_);
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("there is no entity acme/shop/backend"));
  EXPECT_EQ(server->stop().code, 0);
}

// The same command makes the token of a server that runs, and of a store that none has open.
TEST_F(EntityCommands, ATokenIsMadeByCommand) {
  const Arguments command{"entity", "token",  "acme", "shop",   "backend", "--environment",
                          "live",   "--user", "ann",  "--name", "Ada"};
  const auto unknown = run(command, folder_);
  EXPECT_EQ(unknown.code, 1);
  auto server = std::make_unique<ServerProcess>(folder_);
  ASSERT_TRUE(server->ready().is_object());
  ASSERT_EQ(run({"entity", "add", "acme", "shop", "backend", "--save", "s"}, folder_).code, 0);
  const auto served = run(command, folder_);
  ASSERT_EQ(served.code, 0) << served.err;
  EXPECT_EQ(budgets_with(*server, without_line_end(served.out)), 200);
  EXPECT_EQ(server->stop().code, 0);
  const auto stored = run(command, folder_);
  ASSERT_EQ(stored.code, 0) << stored.err;
  Arguments nobody = command;
  nobody[4] = "frontend";
  EXPECT_THAT(run(nobody, folder_).err, HasSubstr("there is no entity acme/shop/frontend"));
  server = std::make_unique<ServerProcess>(folder_);
  EXPECT_EQ(budgets_with(*server, without_line_end(stored.out)), 200);
  EXPECT_EQ(server->stop().code, 0);
}

TEST_F(EntityCommands, AConfiguredEntityIsShownAndNotChanged) {
  const std::string secret(32, 's');
  folder_.write("c.yaml",
                "platos:\n  entities:\n    - organization: acme\n      project: shop\n"
                "      entity: backend\n      secret: ${ACME_SECRET}\n");
  const Arguments config{"--config", "c.yaml"};
  {
    const ServerProcess refused(folder_, config, {{"ACME_SECRET", "too short"}});
    EXPECT_TRUE(refused.ready().is_null());
  }
  ServerProcess server(folder_, config, {{"ACME_SECRET", secret}});
  ASSERT_TRUE(server.ready().is_object());
  EXPECT_EQ(mint(server, secret).status, 201);
  EXPECT_THAT(run({"entity", "list"}, folder_).out, HasSubstr("configured"));
  const auto rotated = run({"entity", "rotate", "acme", "shop", "backend"}, folder_);
  EXPECT_EQ(rotated.code, 1);
  EXPECT_THAT(rotated.err, HasSubstr("of the configuration"));
  EXPECT_EQ(server.stop().code, 0);
}

// An editor that writes them, or a mounted secret, must not make another key of it.
TEST_F(EntityCommands, AByteOrderMarkAndALineEndAreNoPartOfAKeyInAFile) {
  const auto marked = [](const std::string& text) { return "\xef\xbb\xbf" + text + "\r\n"; };
  const std::string data = ".local/share/colonnade/";
  {
    ServerProcess server(folder_);
    ASSERT_TRUE(server.ready().is_object());
    EXPECT_EQ(server.stop().code, 0);
  }
  for (const char* name : {"operator.token", "secrets.key", "audit.key"}) {
    const std::string text = read_file(folder_ / (data + name));
    folder_.write(data + name, marked(without_line_end(text)));
  }
  ServerProcess server(folder_);
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  const std::string secret(40, 's');
  folder_.write("secret", marked(secret));
  folder_.write("token", read_file(folder_ / (data + "operator.token")));
  for (const Arguments& arguments : std::vector<Arguments>{
           {"threads", "list"},
           {"threads", "list", "--url", server.url(), "--token-file", "token"},
           {"token", "list"},
           {"audit", "verify"},
           {"entity", "add", "acme", "shop", "backend", "--secret-file", "secret"}}) {
    const auto ended = run(arguments, folder_);
    EXPECT_EQ(ended.code, 0) << testing::PrintToString(arguments) << ended.err;
  }
  EXPECT_EQ(mint(server, secret).status, 201);
  const auto by_variable = run({"threads", "list", "--url", server.url()}, folder_, {},
                               {{"FATHOM_TOKEN", read_file(folder_ / "token")}});
  EXPECT_EQ(by_variable.code, 0) << by_variable.err;
  EXPECT_EQ(server.stop().code, 0);
}

TEST_F(EntityCommands, AScopeWithAnAccessKeyWantsIt) {
  ServerProcess server(folder_);
  ASSERT_TRUE(server.ready().is_object());
  ASSERT_EQ(run({"entity", "add", "acme", "shop", "backend", "--save", "s"}, folder_).code, 0);
  const std::string token =
      mint(server, without_line_end(read_file(folder_ / "s"))).json()["token"];
  EXPECT_EQ(budgets_with(server, token), 200);
  const auto added =
      run({"access-key", "add", "acme/shop/live", "--name", "jobs", "--json"}, folder_);
  ASSERT_EQ(added.code, 0) << added.err;
  const std::string key = Json::parse(added.out)["key"];
  EXPECT_EQ(key.size(), 60U);
  EXPECT_EQ(budgets_with(server, token), 401);
  EXPECT_EQ(budgets_with(server, token, key), 200);
  EXPECT_THAT(run({"access-key", "list", "acme/shop/live"}, folder_).out, Not(HasSubstr(key)));
  EXPECT_EQ(
      run({"access-key", "remove", "acme/shop/live", Json::parse(added.out)["id"]}, folder_).code,
      0);
  EXPECT_EQ(budgets_with(server, token), 200);
  EXPECT_EQ(server.stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
