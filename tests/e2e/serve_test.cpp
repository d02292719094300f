// Starting, serving and stopping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include "../contract/wire_client.hpp"
#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using net::testing::RawClient;
using testing::HasSubstr;
using testing::Not;

std::string get(const ServerProcess& server, const std::string& path,
                const std::string& headers = {}) {
  RawClient client(server.port());
  client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
              "\r\n");
  return client.read_to_end();
}

mode_t mode_of(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST(Serve, AnswersAndStopsOnSigterm) {
  const Folder folder;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  EXPECT_EQ(server.ready()["event"], "ready");
  EXPECT_EQ(server.ready()["provider"], "offline");
  const std::string health = get(server, "/api/v1/health");
  EXPECT_THAT(health, HasSubstr("HTTP/1.1 200"));
  EXPECT_THAT(health, HasSubstr("\"status\":\"ok\""));
  const auto ended = server.stop();
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_NE(::access((folder / ".local/share/colonnade/server.json").c_str(), F_OK), 0);
}

TEST(Serve, SigintStopsToo) {
  const Folder folder;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  server.process().signal(SIGINT);
  EXPECT_EQ(server.process().wait().code, 0);
}

TEST(Serve, TheFirstTokenIsNotPrintedIntoAPipe) {
  const Folder folder;
  Process process({"serve", "--json", "--listen", "127.0.0.1:0", "--ready-file", folder / "ready"},
                  {}, folder.path());
  const auto line = process.read_line();
  ASSERT_TRUE(line) << process.wait().err;
  const auto ready = nlohmann::json::parse(*line);
  EXPECT_TRUE(ready["is_first_start"]);
  EXPECT_FALSE(ready.contains("first_token"));
  const std::string token = read_file(ready["token_file"]).substr(0, 43);
  EXPECT_THAT(*line, Not(HasSubstr(token)));
  // The file is the owner's alone.
  const std::string file = folder / "ready";
  while (!std::filesystem::exists(file)) ASSERT_EQ(::kill(process.pid(), 0), 0);
  EXPECT_THAT(read_file(file), HasSubstr(token));
  EXPECT_EQ(mode_of(file), 0600U);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().code, 0);
}

TEST(Serve, TheFirstTokenIsShownOnceAndKeptForTheOwner) {
  const Folder folder;
  std::string token;
  {
    ServerProcess server(folder);
    ASSERT_TRUE(server.ready().is_object());
    token = server.ready()["first_token"].get<std::string>();
    EXPECT_EQ(token.size(), 43U);
    const std::string file = server.ready()["token_file"];
    EXPECT_EQ(read_file(file), token + "\n");
    EXPECT_EQ(mode_of(file), 0600U);
    EXPECT_EQ(mode_of(server.ready()["data_dir"]), 0700U);
    EXPECT_THAT(get(server, "/api/v1/threads", "Authorization: Bearer " + token + "\r\n"),
                HasSubstr("{\"threads\":[]}"));
    EXPECT_THAT(get(server, "/api/v1/threads"), HasSubstr("HTTP/1.1 401"));
    const auto ended = server.stop();
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.err, Not(HasSubstr(token)));  // not in the log
  }
  ServerProcess again(folder);
  ASSERT_TRUE(again.ready().is_object());
  EXPECT_FALSE(again.ready().contains("first_token"));
  EXPECT_THAT(get(again, "/api/v1/threads", "Authorization: Bearer " + token + "\r\n"),
              HasSubstr("HTTP/1.1 200"));
}

// The port on which a process of this machine listens, by its sockets; 0 while there is none.
std::uint16_t listening_port(pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::set<std::string> sockets;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/fd", gone)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    if (target.starts_with("socket:[")) sockets.insert(target.substr(8, target.size() - 9));
  }
  std::ifstream table(process + "/net/tcp");
  std::string row;
  while (std::getline(table, row)) {
    std::istringstream fields(row);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user;
    fields >> timeout >> inode;
    if (state != "0A" || !sockets.contains(inode)) continue;
    return static_cast<std::uint16_t>(std::stoul(local.substr(local.find(':') + 1), nullptr, 16));
  }
  return 0;
}

// Whoever waits for the file and the port, not for the server's word, is let in as well.
TEST(Serve, TheFirstTokenCountsFromTheFirstRequestOn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root sees the sockets of a server";
  constexpr int starts = 15;
  for (int start = 0; start < starts; ++start) {
    const Folder folder;
    const std::string file = folder / "operator.token";
    Process process({"serve", "--listen", "127.0.0.1:0", "--token-file", file}, {}, folder.path());
    std::uint16_t port = 0;
    std::string token;
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while ((port == 0 || !token.ends_with('\n')) && std::chrono::steady_clock::now() < give_up) {
      port = listening_port(process.pid());
      if (port != 0) token = read_file(file);
    }
    ASSERT_NE(port, 0);
    token.pop_back();
    RawClient client(port);
    client.send(
        "GET /api/v1/threads HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: " +
        ("Bearer " + token) + "\r\n\r\n");
    EXPECT_EQ(net::testing::status_of(client.read_to_end()), 200) << "start " << start;
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait().code, 0);
  }
}

TEST(Serve, PeopleAreToldWhereHowAndWhat) {
  const Folder folder;
  Process process({"serve", "--listen", "127.0.0.1:0"}, {}, folder.path());
  std::string told;
  while (told.find("colonnade chat") == std::string::npos) {
    const auto line = process.read_line();
    ASSERT_TRUE(line) << told << process.wait().err;
    told += *line + "\n";
  }
  EXPECT_THAT(told, HasSubstr("serves on http://127.0.0.1:"));
  EXPECT_THAT(told, HasSubstr("offline, without a model"));
  // A pipe may end in a log that others read: the token's file is named instead.
  const std::string file = folder / ".local/share/colonnade/operator.token";
  EXPECT_THAT(told, HasSubstr("The operator's token is in " + file));
  const std::string token = read_file(file).substr(0, 43);
  ASSERT_EQ(token.size(), 43U);
  EXPECT_THAT(told, Not(HasSubstr(token)));
  EXPECT_THAT(told, Not(HasSubstr("\x1b[")));  // not a terminal: no colour
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().code, 0);
}

TEST(Serve, ASecondServerOnTheSameDataIsRefused) {
  const Folder folder;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  const auto second = run({"serve", "--listen", "127.0.0.1:0"}, folder);
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("colonnade.db"));
  EXPECT_THAT(second.err, HasSubstr(std::to_string(server.process().pid())));
  EXPECT_THAT(get(server, "/api/v1/ready"), HasSubstr("HTTP/1.1 200"));
}

TEST(Serve, APortInUseIsNamed) {
  const Folder folder;
  const Folder other;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  const std::string address = "127.0.0.1:" + std::to_string(server.port());
  const auto second = run({"serve", "--listen", address}, other);
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("listen: "));
  EXPECT_THAT(second.err, HasSubstr(std::to_string(server.port())));
  // The start that failed has not used up the one time that the token is shown.
  ServerProcess third(other);
  ASSERT_TRUE(third.ready().is_object());
  EXPECT_TRUE(third.ready().contains("first_token"));
}

TEST(Serve, SpeaksTls) {
  const Folder folder;
  const auto certificate = net::testing::make_certificate();
  ServerProcess server(folder, {"--tls-certificate-file", certificate.certificate_file,
                                "--tls-private-key-file", certificate.private_key_file});
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  EXPECT_TRUE(server.url().starts_with("https://")) << server.url();
  const auto untrusted = run({"send", "hello"}, folder);
  EXPECT_EQ(untrusted.code, 1);
  EXPECT_THAT(untrusted.err, HasSubstr("--ca-file"));
  const auto trusted =
      run({"send", "/say secure", "--ca-file", certificate.certificate_file}, folder);
  EXPECT_EQ(trusted.code, 0) << trusted.err;
  EXPECT_EQ(trusted.out, "secure\n");
}

TEST(Serve, ABadCertificateNamesTheSetting) {
  const Folder folder;
  const std::string rubbish = folder.write("c.pem", "not a certificate\n");
  const auto ended = run({"serve", "--listen", "127.0.0.1:0", "--tls-certificate-file", rubbish,
                          "--tls-private-key-file", rubbish},
                         folder);
  EXPECT_NE(ended.code, 0);
  EXPECT_THAT(ended.err, HasSubstr("tls.certificate_file: "));
  EXPECT_THAT(ended.err, HasSubstr("c.pem"));
}

TEST(Serve, ALogFileThatCannotBeOpenedKeepsItFromStarting) {
  const Folder folder;
  const auto ended = run({"serve", "--listen", "127.0.0.1:0", "--log-file", folder.path()}, folder);
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("log.file: cannot open"));
}

TEST(Serve, ServesBelowABasePath) {
  const Folder folder;
  ServerProcess server(folder, {"--base-path", "/c/r1"});
  ASSERT_TRUE(server.ready().is_object());
  EXPECT_THAT(get(server, "/c/r1/api/v1/health"), HasSubstr("HTTP/1.1 200"));
  EXPECT_THAT(get(server, "/api/v1/health"), HasSubstr("HTTP/1.1 200"));
  EXPECT_THAT(get(server, "/c/r12/api/v1/health"), HasSubstr("HTTP/1.1 404"));
}

TEST(Serve, MetricsAreForThisMachineOrAToken) {
  const Folder folder;
  ServerProcess server(folder);
  ASSERT_TRUE(server.ready().is_object());
  const std::string token = server.ready()["first_token"];
  ASSERT_EQ(run({"send", "hello"}, folder).code, 0);
  const std::string page = get(server, "/metrics");
  EXPECT_THAT(page, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(page, HasSubstr("colonnade_runs_finished_total{outcome=\"succeeded\"} 1"));
  EXPECT_THAT(
      page, HasSubstr("colonnade_model_calls_total{provider=\"offline\",outcome=\"succeeded\"} 1"));
  EXPECT_THAT(page, HasSubstr("colonnade_build_info{"));
  // A proxy on this machine speaks for somebody else.
  EXPECT_THAT(get(server, "/metrics", "X-Forwarded-For: 192.0.2.1\r\n"), HasSubstr("HTTP/1.1 401"));
  EXPECT_THAT(get(server, "/metrics",
                  "X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer " + token + "\r\n"),
              HasSubstr("HTTP/1.1 200"));
}

TEST(Serve, MetricsCanBeOff) {
  const Folder folder;
  ServerProcess server(folder, {"--metrics", "off"});
  ASSERT_TRUE(server.ready().is_object());
  EXPECT_THAT(get(server, "/metrics"), HasSubstr("HTTP/1.1 404"));
}

// A run that is under way when the server is told to stop is parked, and goes on at the next start.
TEST(Serve, ARunIsParkedAndTakenUpAgain) {
  const Folder folder;
  {
    ServerProcess server(folder);
    ASSERT_TRUE(server.ready().is_object());
    Process asking({"send", "--stream", "--json", "/slow 50\n/tokens 40"}, {}, folder.path());
    ASSERT_TRUE(asking.read_line());  // the first piece came: the run is under way
    const auto ended = server.stop();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(asking.wait().code, 1);
  }
  ServerProcess again(folder);
  ASSERT_TRUE(again.ready().is_object());
  EXPECT_EQ(again.ready()["recovered_runs"], 1);
  const auto list = nlohmann::json::parse(run({"threads", "list", "--json"}, folder).out);
  const std::string thread = list["threads"][0]["id"];
  // Sending is refused while the run goes on, so the end of it is seen on the thread's stream.
  RawClient stream(again.port());
  const std::string token = read_file(again.ready()["token_file"]);
  stream.send("GET /api/v1/threads/" + thread +
              "/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\nAuthorization: Bearer " +
              token.substr(0, token.size() - 1) + "\r\n\r\n");
  EXPECT_NE(stream.read_until("event: agent_done"), "");
  const auto shown = nlohmann::json::parse(run({"threads", "show", thread, "--json"}, folder).out);
  EXPECT_EQ(shown["messages"].size(), 2U);
  EXPECT_EQ(shown["running"], false);
}

TEST(Serve, ASecondSignalLeavesAtOnce) {
  const Folder folder;
  ServerProcess server(folder, {"--drain-seconds", "3600"});
  ASSERT_TRUE(server.ready().is_object());
  // Answers that are more than what the sockets hold, and are not read, keep the server draining.
  const std::string token = server.ready()["first_token"];
  const auto ask = [&](const std::string& target, const nlohmann::json& body) {
    const tests::Answer answer = tests::call(
        server.port(), {.method = "POST", .target = target, .body = body.dump(), .token = token});
    EXPECT_EQ(answer.status, 200) << answer.body.substr(0, 200);
    return nlohmann::json::parse(answer.body);
  };
  const std::string thread = ask("/api/v1/threads", nlohmann::json::object())["id"];
  ask("/api/v1/threads/" + thread + "/messages", {{"text", "/say " + std::string(30'000, 'x')}});
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "GET /api/v1/threads/" + thread +
                " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n";
  }
  RawClient reader(server.port(), 4096);
  reader.send(requests);
  EXPECT_NE(reader.read_until("\r\n\r\n"), "");
  // The note goes as soon as the first signal was understood.
  const std::string note = server.ready()["data_dir"].get<std::string>() + "/server.json";
  server.process().signal(SIGTERM);
  ASSERT_TRUE(net::testing::eventually([&] { return ::access(note.c_str(), F_OK) != 0; }));
  server.process().signal(SIGTERM);
  const auto ended = server.process().wait();
  EXPECT_EQ(ended.code, 1);
}

TEST(Serve, SighupOpensTheLogAgain) {
  const Folder folder;
  const std::string log = folder / "server.log";
  ServerProcess server(folder, {"--log-file", log});
  ASSERT_TRUE(server.ready().is_object());
  ASSERT_EQ(::rename(log.c_str(), (log + ".1").c_str()), 0);
  server.process().signal(SIGHUP);
  EXPECT_TRUE(net::testing::eventually([&] { return ::access(log.c_str(), F_OK) == 0; }));
  EXPECT_EQ(server.stop().code, 0);
  EXPECT_THAT(read_file(log + ".1"), HasSubstr("\"event\":\"ready\""));
  EXPECT_THAT(read_file(log), HasSubstr("\"event\":\"stopping\""));
}

// A model provider that refuses each call, and remembers the last key that it was sent.
class KeyedProvider {
 public:
  KeyedProvider() : server_(routes()) {}
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.server.port()); }
  std::string last_key() {
    const std::lock_guard lock(mutex_);
    return last_key_;
  }

 private:
  std::vector<net::Route> routes() {
    constexpr std::size_t body_bytes_max = 1024 * 1024;
    return {{net::Method::post, "/chat/completions",
             [this](std::shared_ptr<const net::Request> request) { return serve(request); },
             body_bytes_max}};
  }
  // Not 401, at which a key is read again without being told to.
  base::Task<net::Reply> serve(std::shared_ptr<const net::Request> request) {
    {
      const std::lock_guard lock(mutex_);
      last_key_ = request->header("Authorization");
    }
    co_return net::Response{.status = 400, .body = R"({"error":{"message":"no"}})"};
  }

  std::mutex mutex_;
  std::string last_key_;
  net::testing::TestServer server_;
};

TEST(Serve, SighupReadsTheKeyFilesAgain) {
  const Folder folder;
  KeyedProvider provider;
  const std::string key = folder.write("key", "key-one-1111\n");
  const std::string config = folder.write(
      "c.yaml", "provider: ours\nproviders:\n  ours:\n    kind: chat_completions\n    base_url: " +
                    provider.url() + "\n    default_model: m\n    api_key_file: " + key + "\n");
  ServerProcess server(folder, {"--config", config});
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  const auto key_of_a_call = [&] {
    EXPECT_EQ(run({"send", "hello"}, folder).code, 1);
    return provider.last_key();
  };
  EXPECT_EQ(key_of_a_call(), "Bearer key-one-1111");
  folder.write("key", "key-two-2222\n");
  EXPECT_EQ(key_of_a_call(), "Bearer key-one-1111") << "until it is told to";
  server.process().signal(SIGHUP);
  EXPECT_TRUE(net::testing::eventually([&] { return key_of_a_call() == "Bearer key-two-2222"; }));
  EXPECT_EQ(server.stop().code, 0);
}

TEST(Serve, SighupReadsTheCertificateAgain) {
  const Folder folder;
  const auto first = net::testing::make_certificate();
  const auto second = net::testing::make_certificate();
  const std::string certificate = folder.write("c.pem", read_file(first.certificate_file));
  const std::string key = folder.write("k.pem", read_file(first.private_key_file));
  ServerProcess server(folder,
                       {"--tls-certificate-file", certificate, "--tls-private-key-file", key});
  ASSERT_TRUE(server.ready().is_object()) << server.process().wait().err;
  const auto trusted = [&](const net::testing::CertificateFiles& files) {
    return run({"send", "/say secure", "--ca-file", files.certificate_file}, folder).code == 0;
  };
  EXPECT_TRUE(trusted(first));
  folder.write("c.pem", read_file(second.certificate_file));
  folder.write("k.pem", read_file(second.private_key_file));
  EXPECT_FALSE(trusted(second)) << "until it is told to";
  server.process().signal(SIGHUP);
  EXPECT_TRUE(net::testing::eventually([&] { return trusted(second); }));
  EXPECT_FALSE(trusted(first));
  EXPECT_EQ(server.stop().code, 0);
}

TEST(Serve, AReadyFileSaysTheSame) {
  const Folder folder;
  const std::string file = folder / "ready.json";
  ServerProcess server(folder, {"--ready-file", file});
  ASSERT_TRUE(server.ready().is_object());
  EXPECT_TRUE(net::testing::eventually([&] { return ::access(file.c_str(), F_OK) == 0; }));
  EXPECT_EQ(nlohmann::json::parse(read_file(file)), server.ready());
  EXPECT_EQ(mode_of(file), 0600U);
}

}  // namespace
}  // namespace colonnade::e2e
