// token, backup, migrate and doctor on this machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

std::map<std::string, std::string> health_of(const std::string& out) {
  std::map<std::string, std::string> worst;
  for (const Json& finding : Json::parse(out)["findings"]) {
    std::string& health = worst[finding["check"]];
    if (health != "failure" && finding["health"] != "ok") health = finding["health"];
    if (health.empty()) health = "ok";
    if (finding["health"] != "ok") EXPECT_NE(finding["remedy"], "") << finding;
  }
  return worst;
}

TEST(Maintenance, TokensWithoutAServer) {
  const Folder folder;
  {
    ServerProcess server(folder);
    ASSERT_TRUE(server.ready().is_object());
    EXPECT_EQ(server.stop().code, 0);
  }
  const auto made = run({"token", "create", "--scope", "*", "--user", "eve", "--role", "operator",
                         "--name", "second", "--save", folder / "second.token"},
                        folder);
  ASSERT_EQ(made.code, 0) << made.err;
  const auto listed = Json::parse(run({"token", "list", "--user", "eve", "--json"}, folder).out);
  ASSERT_EQ(listed["tokens"].size(), 1U);
  EXPECT_EQ(listed["tokens"][0]["kind"], "operator_token");
  {
    ServerProcess server(folder);
    ASSERT_TRUE(server.ready().is_object());
    EXPECT_FALSE(server.ready().contains("first_token"));  // there is one already
    EXPECT_EQ(run({"send", "/say hi", "--token-file", folder / "second.token"}, folder).out,
              "hi\n");
    EXPECT_EQ(server.stop().code, 0);
  }
  EXPECT_EQ(run({"token", "revoke", listed["tokens"][0]["id"]}, folder).code, 0);
  EXPECT_EQ(run({"token", "revoke", "nosuch"}, folder).code, 1);
  EXPECT_EQ(run({"token", "path"}, folder).out,
            folder / ".local/share/colonnade/operator.token" + "\n");
}

// A token of every scope looks at main/main/main, and must not be taken for one of that scope.
TEST(Maintenance, TokensOfEveryScopeAreShownAsSuch) {
  const Folder folder;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  const auto check = [&] {
    const auto made = run({"token", "create", "--scope", "main/main/main", "--user", "admin",
                           "--role", "operator", "--name", "of one", "--json"},
                          folder);
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(Json::parse(made.out)["scope"], "main/main/main");
    const Json all = Json::parse(run({"token", "list", "--scope", "*", "--json"}, folder).out);
    ASSERT_EQ(all["tokens"].size(), 1U) << all;
    EXPECT_EQ(all["tokens"][0]["scope"], "*");
    EXPECT_THAT(run({"token", "list", "--scope", "*"}, folder).out, HasSubstr("  *  operator  "));
    const std::string both = run({"token", "list"}, folder).out;
    EXPECT_THAT(both, HasSubstr("  *  operator  "));
    EXPECT_THAT(both, HasSubstr("  main/main/main  operator  "));
  };
  check();
  EXPECT_EQ(server.stop().code, 0);
  check();  // straight from the store
}

TEST(Maintenance, AMistypedFolderDoesNotBecomeAStore) {
  const Folder folder;
  const std::string typo = folder / "typo";
  for (const Arguments& arguments :
       std::vector<Arguments>{{"token", "list"},
                              {"token", "revoke", "x"},
                              {"token", "create", "--name", "n", "--scope", "main/main/main",
                               "--user", "u", "--role", "member"},
                              {"backup", folder / "copy.db"},
                              {"migrate"},
                              {"audit", "show"},
                              {"audit", "export"},
                              {"audit", "verify"},
                              {"threads", "list"},
                              {"devices", "list"},
                              {"approvals", "list"},
                              {"pair", "start"},
                              {"mcp-servers", "list"},
                              {"jobs", "list"},
                              {"tasks", "list"},
                              {"send", "hello"}}) {
    Arguments there = arguments;
    there.insert(there.end(), {"--data-dir", typo});
    const auto ended = run(there, folder);
    EXPECT_NE(ended.code, 0) << testing::PrintToString(arguments);
    EXPECT_THAT(ended.err, HasSubstr("there is no store in " + typo));
    EXPECT_NE(::access(typo.c_str(), F_OK), 0) << testing::PrintToString(arguments);
  }
  const auto checked = run({"doctor", "--json", "--data-dir", typo}, folder);
  EXPECT_EQ(health_of(checked.out).at("data folder"), "warning");
  EXPECT_NE(::access(typo.c_str(), F_OK), 0);
}

TEST(Maintenance, ABackupOfARunningServerServes) {
  const Folder folder;
  const Folder restored;
  const std::string copy = restored / "colonnade.db";
  {
    ServerProcess server(folder);
    ASSERT_TRUE(server.ready().is_object());
    ASSERT_EQ(run({"send", "/say keep this"}, folder).code, 0);
    const auto saved = run({"backup", copy, "--json"}, folder);
    ASSERT_EQ(saved.code, 0) << saved.err;
    EXPECT_GT(Json::parse(saved.out)["bytes"].get<int>(), 0);
    const auto again = run({"backup", copy}, folder);
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.err, HasSubstr(copy));
    EXPECT_EQ(server.stop().code, 0);
  }
  ServerProcess server(folder, {"--data-dir", restored.path()});
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  EXPECT_FALSE(server.ready().contains("first_token"));  // the tokens came with the copy
  const auto listed = run({"threads", "list", "--url", server.url(), "--token-file",
                           folder / ".local/share/colonnade/operator.token", "--json"},
                          folder);
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_EQ(Json::parse(listed.out)["threads"].size(), 1U);
}

// Uploaded files lie beside the database, and so do their copies.
TEST(Maintenance, ABackupHasTheUploadedFiles) {
  const Folder folder;
  const std::string copy = folder / "copy.db";
  {
    ServerProcess server(folder);
    ASSERT_TRUE(server.ready().is_object());
    EXPECT_EQ(server.stop().code, 0);
  }
  const std::filesystem::path files = folder / ".local/share/colonnade/attachments";
  std::filesystem::create_directories(files);
  std::ofstream(files / "0190c4a2f3d47b8e9a1b2c3d4e5f6a7b") << "a file";
  const auto saved = run({"backup", copy, "--json"}, folder);
  ASSERT_EQ(saved.code, 0) << saved.err;
  EXPECT_EQ(Json::parse(saved.out)["attachments"], 1);
  std::ifstream copied(copy + ".attachments/0190c4a2f3d47b8e9a1b2c3d4e5f6a7b");
  std::string text;
  std::getline(copied, text);
  EXPECT_EQ(text, "a file");

  // They come back with it, and what is there now is kept.
  std::ofstream(files / "ffffffffffffffffffffffffffffffff") << "a newer file";
  const auto restored = run({"restore", copy, "--json"}, folder);
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_TRUE(std::filesystem::exists(files / "0190c4a2f3d47b8e9a1b2c3d4e5f6a7b"));
  EXPECT_FALSE(std::filesystem::exists(files / "ffffffffffffffffffffffffffffffff"));
  const std::string replaced = Json::parse(restored.out)["replaced"];
  EXPECT_TRUE(std::filesystem::exists(replaced + ".attachments/ffffffffffffffffffffffffffffffff"));

  // One that cannot be copied is no backup.
  std::filesystem::create_directories(folder / "other.db.attachments");
  const auto refused = run({"backup", folder / "other.db"}, folder);
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("other.db.attachments exists already"));
  EXPECT_FALSE(std::filesystem::exists(folder / "other.db"));
}

TEST(Maintenance, ABackupOfADamagedDatabaseFails) {
  const Folder folder;
  {
    ServerProcess server(folder);
    ASSERT_TRUE(server.ready().is_object());
    ASSERT_EQ(run({"send", "/say keep this"}, folder).code, 0);
    EXPECT_EQ(server.stop().code, 0);
  }
  {
    const std::string path = folder / ".local/share/colonnade/colonnade.db";
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(path);
    constexpr std::uintmax_t page = 4096;
    for (std::uintmax_t at = 8 * page; at < size; at += page) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(64, 'Z');
    }
  }
  const Folder target;
  const auto ended = run({"backup", target / "copy.db"}, folder);
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("the database is damaged, so no backup was written"));
  EXPECT_TRUE(std::filesystem::is_empty(target.path())) << "nothing is left of it";
}

TEST(Maintenance, ABackupOfNothingFails) {
  const Folder folder;
  const auto ended = run({"backup", folder / "copy.db"}, folder);
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(::access((folder / "copy.db").c_str(), F_OK), 0);
}

TEST(Maintenance, MigrateBringsAStoreUpToDateAndIsThenContent) {
  const Folder folder;
  std::filesystem::create_directories(folder / ".local/share/colonnade");
  folder.write(".local/share/colonnade/colonnade.db", "");
  const auto first = Json::parse(run({"migrate", "--json"}, folder).out);
  EXPECT_EQ(first["from"], 0);
  EXPECT_GE(first["to"].get<int>(), 1);
  const auto second = run({"migrate"}, folder);
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("is up to date"));
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  const auto busy = run({"migrate"}, folder);
  EXPECT_EQ(busy.code, 1);
  EXPECT_THAT(busy.err, HasSubstr("colonnade.db"));
}

TEST(Maintenance, DoctorIsContentWithAHealthyServer) {
  const Folder folder;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  const auto ended = run({"doctor", "--json"}, folder, "", {{"OPENAI_API_KEY", "sk-hidden"}});
  EXPECT_EQ(ended.code, 0) << ended.out;
  const auto health = health_of(ended.out);
  for (const char* check :
       {"configuration", "server", "data folder", "store", "operator token", "providers"}) {
    EXPECT_EQ(health.at(check), "ok") << check << ": " << ended.out;
  }
  EXPECT_TRUE(health.contains("disk space"));
  EXPECT_TRUE(health.contains("clock"));
  EXPECT_THAT(ended.out, Not(HasSubstr("sk-hidden")));
  const auto text = run({"doctor"}, folder);
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr("-> "));  // no provider: a warning with its remedy
}

TEST(Maintenance, DoctorNamesWhatIsWrongAndWhatToDo) {
  const Folder folder;
  const Folder busy;
  ServerProcess other(busy);
  ASSERT_TRUE(other.ready().is_object());
  const std::string data = folder / "data";
  ASSERT_EQ(::mkdir(data.c_str(), 0755), 0);
  folder.write("data/colonnade.db", "this is no database, but a text file of some length\n");
  folder.write("data/operator.token", "t\n");
  ASSERT_EQ(::chmod((folder / "data/operator.token").c_str(), 0644), 0);
  folder.write("colonnade.yaml",
               "data_dir: data\nlisten: [\"127.0.0.1:" + std::to_string(other.port()) +
                   "\"]\nproviders:\n  openai: {api_key_env: NOT_SET}\n");
  const auto ended = run({"doctor", "--json", "--config", "colonnade.yaml"}, folder, "",
                         {{"COLONNADE_LOGLEVEL", "debug"}});
  EXPECT_EQ(ended.code, 1);
  const auto health = health_of(ended.out);
  EXPECT_EQ(health.at("environment"), "warning");
  EXPECT_EQ(health.at("data folder"), "warning");
  EXPECT_EQ(health.at("store"), "failure");
  EXPECT_EQ(health.at("operator token"), "failure");
  EXPECT_EQ(health.at("ports"), "failure");
  EXPECT_EQ(health.at("providers"), "failure");
}

TEST(Maintenance, DoctorReportsABrokenConfiguration) {
  const Folder folder;
  folder.write("colonnade.yaml", "lisen: x\n");
  const auto ended = run({"doctor", "--json", "--config", "colonnade.yaml"}, folder);
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(health_of(ended.out).at("configuration"), "failure");
  EXPECT_THAT(ended.out, HasSubstr("did you mean"));
}

}  // namespace
}  // namespace colonnade::e2e
