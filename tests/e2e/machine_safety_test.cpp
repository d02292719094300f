// What the operator's machine is kept from: tools in the data folder, strangers taken for programs
// of this machine, names that somebody pointed here, a store that vanished.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using net::testing::body_of;
using net::testing::RawClient;
using net::testing::status_of;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

std::string get(const ServerProcess& server, const std::string& path, const std::string& host,
                const std::string& headers = {}) {
  RawClient client(server.port());
  client.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + headers +
              "\r\n");
  return client.read_to_end();
}

TEST(MachineSafety, AWorkspaceWithTheDataFolderIsRefused) {
  const Folder folder;
  ServerProcess server(folder, {"--tools-workspace", folder.path()});
  EXPECT_TRUE(server.ready().is_null());
  const auto ended = server.process().wait();
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("tools.workspace: " + folder.path() + " holds data_dir"));
  const auto checked =
      run({"doctor", "--json"}, folder, {}, {{"COLONNADE_TOOLS_WORKSPACE", folder.path()}});
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.out, HasSubstr("holds data_dir"));
}

TEST(MachineSafety, AnOpenModeWantsToBeToldThatThereIsNoProxy) {
  const Folder folder;
  {
    ServerProcess refused(folder, {"--faramesh-open"});
    EXPECT_TRUE(refused.ready().is_null());
    const auto ended = refused.process().wait();
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("faramesh.open: "));
    EXPECT_THAT(ended.err, HasSubstr("proxy: none"));
  }
  ServerProcess server(folder, {"--faramesh-open", "--proxy", "none"});
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  EXPECT_EQ(status_of(get(server, "/v1/actions", "localhost")), 200);
  EXPECT_EQ(status_of(get(server, "/v1/actions", "localhost", "Via: 1.1 proxy\r\n")), 401);
}

TEST(MachineSafety, MetricsAreForThisMachineOnlyWhereNoProxyIsKnown) {
  const Folder folder;
  {
    ServerProcess server(folder);
    EXPECT_EQ(status_of(get(server, "/metrics", "localhost")), 200);
    EXPECT_EQ(status_of(get(server, "/metrics", "localhost", "X-Real-IP: 192.0.2.1\r\n")), 401);
  }
  for (const Arguments& more :
       {Arguments{"--proxy", "in_front"}, Arguments{"--trusted-proxies", "127.0.0.1"},
        Arguments{"--base-path", "/c/r1"}}) {
    ServerProcess server(folder, more);
    ASSERT_TRUE(server.ready().is_object());
    EXPECT_EQ(status_of(get(server, "/metrics", "localhost")), 401) << more.front();
  }
}

TEST(MachineSafety, ANameThatSomebodyPointedHereIsRefused) {
  const Folder folder;
  ServerProcess server(folder, {"--allowed-hosts", "agent.example"});
  ASSERT_TRUE(server.ready().is_object());
  const std::string refused = get(server, "/api/v1/health", "rebound.evil.example:8790");
  EXPECT_EQ(status_of(refused), 403);
  EXPECT_THAT(body_of(refused), HasSubstr("allowed_hosts"));
  EXPECT_EQ(status_of(get(server, "/api/v1/health", "agent.example")), 200);
  EXPECT_EQ(status_of(get(server, "/api/v1/health", "127.0.0.1:8790")), 200);
}

TEST(MachineSafety, AllowedOriginsNarrowWhichPagesAskWhateverTheirToken) {
  const Folder folder;
  ServerProcess server(folder, {"--allowed-origins", "https://app.example"});
  ASSERT_TRUE(server.ready().is_object());
  const std::string token =
      "Authorization: Bearer " + server.ready()["first_token"].get<std::string>() + "\r\n";
  const auto from = [&](const std::string& origin) {
    return status_of(
        get(server, "/api/v1/threads", "localhost", token + "Origin: " + origin + "\r\n"));
  };
  EXPECT_EQ(from("https://app.example"), 200);
  EXPECT_EQ(from("https://evil.example"), 403);
}

// Its own processes, as MCP servers are, must not read its keys. What the kernel shows of a process
// belongs to its user, or to root alone when nobody may look into it; a server of root's would not
// tell the two apart.
TEST(MachineSafety, TheServersEnvironmentHoldsNoKeyAnyMore) {
  const bool is_root = ::geteuid() == 0;
  const std::string somebody = "65534";
  const std::string setpriv = "/usr/bin/setpriv";
  const std::string tried = setpriv + " --reuid=" + somebody + " true >/dev/null 2>&1";
  if (is_root && std::system(tried.c_str()) != 0) GTEST_SKIP() << "cannot be anybody else here";
  const Folder folder;
  const Variables variables{{"OPENAI_API_KEY", "sk-of-the-operator"}};
  // It may still use the tester's files.
  const Arguments as_somebody{"--reuid=" + somebody, "--clear-groups", "--inh-caps=+dac_override",
                              "--ambient-caps=+dac_override", COLONNADE_PROGRAM};
  ServerProcess server(folder, {}, variables, is_root ? setpriv : COLONNADE_PROGRAM,
                       is_root ? as_somebody : Arguments{});
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  EXPECT_EQ(server.ready()["provider"], "openai");
  const std::string process = "/proc/" + std::to_string(server.process().pid());
  EXPECT_THAT(
      read_file(process + "/status"),
      testing::ContainsRegex("Uid:\t" + (is_root ? somebody : std::to_string(::geteuid()))));
  struct stat status{};
  ASSERT_EQ(::stat((process + "/environ").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
  if (is_root) {
    const std::string environment = read_file(process + "/environ");
    EXPECT_THAT(environment, HasSubstr("HOME="));
    EXPECT_THAT(environment, Not(HasSubstr("sk-of-the-operator")));
  }
  EXPECT_THAT(read_file(process + "/limits"), testing::ContainsRegex("Max core file size +0 +0"));
}

TEST(MachineSafety, AnEmptiedStoreIsNoFirstStart) {
  const Folder folder;
  const std::string data = folder / ".local/share/colonnade/";
  {
    ServerProcess server(folder);
    ASSERT_TRUE(server.ready().is_object());
    ASSERT_EQ(run({"send", "/say keep this"}, folder).code, 0);
    ASSERT_EQ(run({"backup", folder / "copy.db"}, folder).code, 0);
    EXPECT_EQ(run({"restore", folder / "copy.db"}, folder).code, 1) << "beside a server";
    EXPECT_EQ(server.stop().code, 0);
  }
  for (const bool is_missing : {false, true}) {
    std::filesystem::resize_file(data + "colonnade.db", 0);
    if (is_missing) std::filesystem::remove(data + "colonnade.db");
    ServerProcess refused(folder);
    EXPECT_TRUE(refused.ready().is_null());
    const auto ended = refused.process().wait();
    EXPECT_NE(ended.code, 0);
    EXPECT_THAT(ended.err, HasSubstr("colonnade restore FILE"));
    EXPECT_THAT(run({"doctor"}, folder).out, HasSubstr("missing or empty"));
    EXPECT_EQ(run({"migrate"}, folder).code, 1);
    const auto restored = run({"restore", folder / "copy.db", "--json"}, folder);
    ASSERT_EQ(restored.code, 0) << restored.err;
    EXPECT_EQ(Json::parse(restored.out)["to"], data + "colonnade.db");
  }
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  EXPECT_FALSE(server.ready().contains("first_token"));
  EXPECT_EQ(Json::parse(run({"threads", "list", "--json"}, folder).out)["threads"].size(), 1U);
}

TEST(MachineSafety, DoctorWarnsBeforeACertificateExpires) {
  const Folder folder;
  const auto files = net::testing::make_certificate();  // good for a day
  const auto checked = run({"doctor", "--json"}, folder, {},
                           {{"COLONNADE_TLS_CERTIFICATE_FILE", files.certificate_file},
                            {"COLONNADE_TLS_PRIVATE_KEY_FILE", files.private_key_file}});
  std::string health;
  for (const Json& finding : Json::parse(checked.out)["findings"]) {
    if (finding["check"] == "certificate") health = finding["health"];
  }
  EXPECT_EQ(health, "warning") << checked.out;
}

TEST(MachineSafety, ADeletedLockFileLetsNoSecondServerIn) {
  const Folder folder;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  std::filesystem::remove(folder / ".local/share/colonnade/colonnade.db.lock");
  ServerProcess second(folder);
  EXPECT_TRUE(second.ready().is_null());
  EXPECT_THAT(second.process().wait().err, HasSubstr("another Colonnade server"));
}

}  // namespace
}  // namespace colonnade::e2e
