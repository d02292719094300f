// The client under test of MCP's conformance suite, which starts it with the URL of a server as the
// last argument: the real program with that server in its configuration, and an agent whose model,
// the emulator of tests/peers, is told to call every tool.
#include <cstdio>
#include <thread>

#include "../contract/wire_client.hpp"
#include "../peers/emulator.hpp"
#include "base/lane.hpp"
#include "base/limits.hpp"
#include "colonnade/faramesh.hpp"
#include "net/http_client.hpp"
#include "program.hpp"
#include "tests/mcp/mcp_bench.hpp"

namespace colonnade::e2e {
namespace {

using Document = nlohmann::json;

struct Suite {
  std::string scenario{};
  Document context = Document::object();
  std::string url{};
};

std::string quoted(const std::string& text) { return Document(text).dump(); }

struct Files {
  std::string policy{};
  std::string private_key{};  // "" for none
};

std::string config_for(const Suite& suite, const std::string& emulator, const Files& files) {
  std::string out =
      "provider: anthropic\nproviders:\n  anthropic:\n    api_key: test-key\n"
      "    default_model: some-model\n    base_url: " +
      emulator + "\npolicy:\n  file: " + quoted(files.policy) +
      "\nmcp:\n  servers:\n    suite:\n      url: " + quoted(suite.url) +
      "\n      oauth:\n        metadata_url: https://conformance-test.local/client-metadata.json\n";
  const auto add = [&](const char* name, const char* setting) {
    if (!suite.context.contains(name)) return;
    out += std::string("        ") + setting + ": " +
           quoted(suite.context.at(name).get<std::string>()) + "\n";
  };
  add("client_id", "client_id");
  add("client_secret", "client_secret");
  add("issuer", "issuer");
  if (!files.private_key.empty()) {
    out += "        private_key_file: " + quoted(files.private_key) + "\n";
  }
  if (suite.scenario.starts_with("auth/client-credentials")) {
    out += "        client_credentials: true\n";
  }
  return out;
}

struct Page {
  int status = 0;
  std::string location{};
};

// A browser whose human consents to everything.
base::Task<Page> visit(base::Lane* lane, net::HttpClient* client, std::string url) {
  const std::stop_token never;
  net::HttpClientRequest request;
  request.url = std::move(url);
  const std::shared_ptr<net::HttpExchange> exchange =
      client->open(*lane, std::move(request), never);
  auto head = co_await exchange->head();
  Page out;
  if (head) {
    out.status = head->status;
    out.location = head->header("Location");
  }
  auto body = co_await exchange->read_all(limits::MiB);
  std::fprintf(stderr, "visited: %d %s\n", out.status, body ? body->c_str() : "");
  co_return out;
}

class House {
 public:
  explicit House(const Suite& suite)
      : server_(folder_,
                {"--config", folder_.write("config.yaml",
                                           config_for(suite, emulator_.url(), files_for(suite)))}) {
  }

  bool works() const { return !emulator_.url().empty() && server_.ready().is_object(); }

  // Once the server is of use, or it is plain that it will not be.
  Document settled() {
    constexpr int consents_max = 4;
    int consents = 0;
    Document row;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      row = this->row();
      const std::string state = row["state"];
      if (state == "ready" || row["failures"] >= 2) return row;
      if (state != "needs_auth") continue;
      // Between a consent and the next attempt nothing waits for a human.
      if (row["authorization_url"] == "" && consents > 0) continue;
      if (row["authorization_url"] == "" || consents == consents_max || !authorise(row)) return row;
      ++consents;
    }
    return row;
  }
  // Says it; consents and says it again when the server wants more than it was given.
  void use(const std::string& text) {
    constexpr int consents_max = 3;
    for (int i = 0; i <= consents_max; ++i) {
      say(text);
      const Document now = row();
      if (now["authorization_url"] == "" || !authorise(now)) return;
      settled();
    }
  }
  // Answers questions of servers by approving them as they are, until the server ends.
  void approve_questions() {
    faramesh::Options options;
    options.base_url = server_.url();
    options.token = server_.ready()["first_token"];
    const faramesh::Client client(options);
    try {
      auto stream = client.stream_events();
      while (const auto event = stream.next()) {
        if (event->status == faramesh::Status::pending_approval) approve(client, *event);
      }
    } catch (const colonnade::Error&) {
      // The server has ended.
    }
  }
  void stop() { server_.stop(); }

 private:
  static constexpr const char* policy =
      "rules:\n  - match: {tool: question}\n    require_approval: true\n"
      "  - match: {tool: \"*\"}\n    allow: true\n";

  static void approve(const faramesh::Client& client, const faramesh::FeedEvent& event) {
    try {
      client.approve_action(event.action_id, {});
    } catch (const colonnade::Error&) {
      // An older event: it was answered before.
    }
  }
  Files files_for(const Suite& suite) const {
    Files out{.policy = folder_.write("policy.yaml", policy)};
    if (suite.context.contains("private_key_pem")) {
      out.private_key =
          folder_.write("key.pem", suite.context.at("private_key_pem").get<std::string>());
    }
    return out;
  }
  Document call(tests::Call what) {
    what.token = server_.ready()["first_token"];
    return tests::call(server_.port(), what).json();
  }
  Document row() { return call({.target = "/api/v1/operator/mcp-servers"})["servers"][0]; }
  bool authorise(const Document& row) {
    const std::string url = row["authorization_url"];
    const Page asked = base::run_on(lanes_[0], visit(&lanes_[0], &client_, url));
    if (asked.location.empty()) return false;
    return base::run_on(lanes_[0], visit(&lanes_[0], &client_, asked.location)).status == 200;
  }
  void say(const std::string& text) {
    const std::string thread =
        call({.method = "POST", .target = "/api/v1/threads", .body = "{}"})["id"];
    const Document answer = call({.method = "POST",
                                  .target = "/api/v1/threads/" + thread + "/messages",
                                  .body = Document{{"text", text}}.dump()});
    std::fprintf(stderr, "%s -> %s\n", text.c_str(), answer.dump().c_str());
  }

  peers::Emulator emulator_;
  Folder folder_;
  ServerProcess server_;
  base::Lanes lanes_{1};
  net::HttpClient client_{lanes_};
};

int run_suite(const Suite& suite) {
  House house(suite);
  if (!house.works()) return 2;
  const Document row = house.settled();
  std::fprintf(stderr, "%s\n", row.dump().c_str());
  if (row["state"] != "ready") {
    house.stop();
    return 1;
  }
  std::thread approver([&] { house.approve_questions(); });
  if (suite.context.contains("toolCalls")) {
    for (const Document& one : suite.context.at("toolCalls")) {
      house.use("call-please suite__" + one.at("name").get<std::string>() + " " +
                one.at("arguments").dump());
    }
  } else {
    for (const std::string name : row["tools"]) {
      const bool echoes_schema = name == "suite__json_schema_echo";
      house.use(
          "call-please " + name + " " +
          (echoes_schema ? R"({"schema":"schema-of suite__json_schema_2020_12_tool"})" : "auto"));
      // It changes its authorization server after the first call.
      if (suite.scenario.ends_with("migration")) house.use("call-please " + name + " auto");
    }
  }
  house.stop();
  approver.join();
  return 0;
}

}  // namespace
}  // namespace colonnade::e2e

int main(int count, char** arguments) {
  using namespace colonnade;
  if (count < 2) return 2;
  const auto variables = tools::mcp::variables();
  e2e::Suite suite;
  suite.url = arguments[count - 1];
  if (const auto found = variables.find("MCP_CONFORMANCE_SCENARIO"); found != variables.end()) {
    suite.scenario = found->second;
  }
  if (const auto found = variables.find("MCP_CONFORMANCE_CONTEXT"); found != variables.end()) {
    suite.context = nlohmann::json::parse(found->second);
  }
  return e2e::run_suite(suite);
}
