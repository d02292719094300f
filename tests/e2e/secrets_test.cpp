// Plants secrets wherever the program takes them, uses all of it, and looks for them everywhere:
// logs, errors, answers, streams, metrics, the audit trail, children's environments, workspaces,
// the database, a backup. docs/reference/secrets.md says where each may be; nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "../contract/wire_client.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using tests::Answer;
using Json = nlohmann::json;

// Where a planted secret may be found.
enum class Place {
  commands,
  answers,
  streams,
  metrics,
  log,
  audit,
  child,
  mcp_child,
  workspace,
  store,
  backup
};
constexpr std::array<const char*, 11> place_names = {
    "commands' output", "answers",         "streams",          "metrics",
    "the log",          "the audit trail", "a child's output", "MCP child",
    "a workspace",      "the data folder", "the backup"};

struct Planted {
  std::string name;
  std::string value;
  std::set<Place> allowed;
};

class Secrets : public testing::Test {
 protected:
  // A value that nothing else has. Its form says nothing unless `start` does.
  std::string plant(const std::string& name, std::set<Place> allowed = {},
                    const std::string& start = "Pl4nted") {
    const std::string value = start + std::to_string(1'000'003 * (planted_.size() + 7)) + "x" +
                              std::to_string(planted_.size()) + "Zq";
    planted_.push_back({name, value, std::move(allowed)});
    return value;
  }
  void know(const std::string& name, const std::string& value, std::set<Place> allowed) {
    ASSERT_GE(value.size(), 12U) << name;
    planted_.push_back({name, value, std::move(allowed)});
  }
  void note(Place place, const std::string& text) { seen_[place] += text + "\n"; }

  std::string faulty(const std::string& mode) const {
    return "[python3, \"" + std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py\", " +
           mode + "]";
  }
  void write_configuration();
  void start() {
    server_ = std::make_unique<ServerProcess>(folder_, Arguments{"--config", config_}, variables_);
    ASSERT_TRUE(server_->ready().is_object()) << server_->process().wait().err;
    token_ = server_->ready()["first_token"];
  }
  // Anything that a caller says is an answer; the requests themselves are not looked at.
  Answer call(tests::Call what, const std::string& token) {
    what.token = token;
    Answer out = tests::call(server_->port(), what);
    std::string head;
    for (const auto& one : out.headers) head += one.name + ": " + one.value + "\n";
    note(what.target == "/metrics" ? Place::metrics : Place::answers, head + out.body);
    return out;
  }
  Process::Ended command(Arguments arguments, Place place = Place::commands) {
    auto out = run(arguments, folder_, {}, variables_);
    note(place, out.out + out.err);
    return out;
  }
  std::string send(const std::string& text, Place place = Place::commands) {
    return command({"send", "--config", config_, text}, place).out;
  }
  std::string data_folder() const { return folder_ / ".local/share/colonnade"; }
  // Every byte below the folder, but for the files that are there to hold a secret.
  static std::string all_files(const std::string& folder) {
    const std::set<std::string> keys = {"operator.token", "secrets.key", "audit.key"};
    std::string out;
    std::error_code gone;  // a file may go while others are read
    for (std::filesystem::recursive_directory_iterator at(folder, gone), end; !gone && at != end;
         at.increment(gone)) {
      std::error_code ignored;
      if (!at->is_regular_file(ignored) || keys.contains(at->path().filename())) continue;
      out += read_file(at->path());
    }
    return out;
  }
  void wait_until_tried(const std::string& name);
  void use_tokens();
  void post_mcp_servers();
  void use_tools();
  void use_commands();
  void say(const std::string& text);
  void look_everywhere() {
    for (const Planted& secret : planted_) {
      for (const auto& [place, text] : seen_) {
        if (secret.allowed.contains(place)) continue;
        const std::size_t at = text.find(secret.value);
        EXPECT_EQ(at, std::string::npos)
            << secret.name << " is in " << place_names.at(static_cast<std::size_t>(place)) << ": …"
            << (at == std::string::npos ? "" : text.substr(at < 80 ? 0 : at - 80, 200));
      }
    }
  }

  Folder folder_;
  std::string config_;
  Variables variables_;
  std::vector<Planted> planted_;
  std::map<Place, std::string> seen_;
  std::unique_ptr<ServerProcess> server_;
  std::string token_;
};

void Secrets::write_configuration() {
  // Of the environment. Nothing of it may reach a child.
  variables_["ANTHROPIC_API_KEY"] = plant("ANTHROPIC_API_KEY", {}, "sk-ant-api03-");
  variables_["OPENAI_API_KEY"] = plant("OPENAI_API_KEY", {}, "sk-proj-");
  variables_["OPENROUTER_API_KEY"] = plant("OPENROUTER_API_KEY");
  variables_["AWS_SECRET_ACCESS_KEY"] = plant("a foreign variable");
  // What this server gives away by itself, as a result, is content.
  const std::set<Place> given_away = {Place::mcp_child, Place::answers, Place::commands,
                                      Place::store, Place::backup};
  variables_["OUTSIDE_VALUE"] = plant("mcp.servers.*.env_from", given_away);
  variables_["HEADER_VALUE"] = plant("mcp.servers.*.headers_from");
  variables_["OAUTH_VALUE"] = plant("mcp.servers.*.oauth.client_secret_env");
  variables_["KEY_VALUE"] = plant("providers.*.api_key_env");
  for (const char* name : {"OPENAI_BASE_URL", "OPENROUTER_BASE_URL"}) {
    variables_[name] = "http://127.0.0.1:9";  // nobody listens there
  }
  // Of the configuration and its files.
  const std::string key_file = folder_.write("key.txt", plant("providers.*.api_key_file") + "\n");
  const std::string policy =
      folder_.write("policy.yaml", "rules:\n  - match: {tool: \"*\"}\n    allow: true\n");
  const std::string dead = "127.0.0.1:9";
  std::string text = "provider: offline\nproviders:\n";
  text += "  anthropic:\n    base_url: http://u:" + plant("a provider's URL") + "@" + dead + "\n";
  text += "    default_model: m\n";
  text += "  written:\n    kind: chat_completions\n    default_model: m\n    base_url: http://" +
          dead + "/?api_key=" + plant("a parameter of a provider's URL") +
          "\n    api_key: " + plant("providers.*.api_key") + "\n";
  text += "  filed:\n    kind: chat_completions\n    default_model: m\n    base_url: http://" +
          dead + "\n    api_key_file: " + key_file + "\n";
  text += "  named:\n    kind: chat_completions\n    default_model: m\n    base_url: http://" +
          dead + "\n    api_key_env: KEY_VALUE\n";
  text += "faramesh:\n  tokens: [" + plant("faramesh.tokens") + "]\n";
  text += "limits:\n  retries: 0\npolicy:\n  file: " + policy + "\n";
  text += "log:\n  level: debug\n  file: " + (folder_ / "server.log") + "\n";
  if (std::system("bwrap --unshare-all --ro-bind / / true >/dev/null 2>&1") != 0) {
    text += "tools:\n  sandbox: off\n";
  }
  text += "mcp:\n  servers:\n";
  text += "    child:\n      command: " + faulty("good") +
          "\n      env: {GIVEN_TOKEN: " + plant("mcp.servers.*.env", given_away) +
          "}\n      env_from: {OUT_TOKEN: OUTSIDE_VALUE}\n";
  text += "    away:\n      url: http://u:" + plant("an MCP server's URL") + "@" + dead +
          "/mcp?token=" + plant("a parameter of an MCP server's URL") +
          "\n      headers: {X-Key: " + plant("mcp.servers.*.headers") +
          "}\n      headers_from: {X-Other: HEADER_VALUE}\n";
  text += "    oauth:\n      url: http://" + dead +
          "/mcp\n      oauth:\n        client_id: c\n"
          "        issuer: http://" +
          dead + "\n        client_secret: " + plant("mcp.servers.*.oauth.client_secret") + "\n";
  text += "    oauth2:\n      url: http://" + dead +
          "/mcp\n      oauth:\n        client_id: c\n"
          "        issuer: http://" +
          dead + "\n        client_secret_env: OAUTH_VALUE\n";
  config_ = folder_.write("config.yaml", text);
}

// It is ready, or has failed with a reason.
void Secrets::wait_until_tried(const std::string& name) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::string state = "absent";
  while ((state == "absent" || state == "starting") && std::chrono::steady_clock::now() < end) {
    const Json all = call({.target = "/api/v1/operator/mcp-servers"}, token_).json();
    for (const Json& one : all["servers"]) {
      if (one["name"] == name) state = one["state"];
    }
  }
  EXPECT_NE(state, "absent") << name;
  EXPECT_NE(state, "starting") << name;
}

// Tokens: each is in the answer that hands it out, and nowhere else.
void Secrets::use_tokens() {
  const std::set<Place> where_it_is_handed_out = {Place::commands, Place::answers};
  know("the first token", token_, {});
  const std::string secrets_key = read_file(data_folder() + "/secrets.key");
  know("secrets.key", secrets_key.substr(0, secrets_key.find('\n')), {});
  const std::string audit_key = read_file(data_folder() + "/audit.key");
  // Past what the keys of this kind begin with.
  know("audit.key", audit_key.substr(audit_key.find('\n') + 30, 30), {});
  const auto made = command({"token", "create", "--name", "ci", "--scope", "main/main/main",
                             "--user", "ci", "--role", "member", "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  know("a user's token", Json::parse(made.out)["token"], where_it_is_handed_out);
  const std::string code = Json::parse(command({"pair", "start", "--json"}).out)["code"];
  const Answer claimed = call({.method = "POST",
                               .target = "/api/v1/pair/claim",
                               .body = Json{{"code", code}, {"device_name", "phone"}}.dump()},
                              "");
  ASSERT_EQ(claimed.status, 200) << claimed.body;
  know("a device's token", claimed.json()["token"], where_it_is_handed_out);
  const std::string guessed = plant("a token that does not count");
  EXPECT_EQ(call({.target = "/api/v1/threads"}, guessed).status, 401);
  EXPECT_EQ(call({.target = "/v1/actions"}, guessed).status, 401);
}

void Secrets::post_mcp_servers() {
  const auto create = [&](const Json& body) {
    const Answer made = call({.method = "POST", .target = "/v1/mcp", .body = body.dump()}, token_);
    EXPECT_EQ(made.status, 201) << made.body;
  };
  create({{"name", "posted"},
          {"transport", "http"},
          {"url", "http://u:" + plant("the URL of a posted MCP server") +
                      "@127.0.0.1:9/mcp?key=" + plant("a parameter of a posted MCP server's URL")},
          {"headers", {{"Authorization", "Bearer " + plant("a posted MCP server's header")}}}});
  create({{"name", "spawned"},
          {"transport", "stdio"},
          {"command",
           {"python3", std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py", "good",
            "--api-key", plant("an argument of a posted MCP server's command"), "--url",
            "https://u:" + plant("a URL in a posted MCP server's command") + "@h/"}},
          {"env", {{"GIVEN", plant("a posted MCP server's variable")}}}});
  const Answer listed = call({.target = "/v1/mcp"}, token_);
  EXPECT_THAT(listed.body, HasSubstr("http://u:[redacted]@127.0.0.1:9/mcp?key=[redacted]"));
  EXPECT_THAT(listed.body, HasSubstr("--api-key"));
  for (const char* name : {"child", "away", "oauth", "oauth2", "posted", "spawned"}) {
    wait_until_tried(name);
  }
}

// In a conversation of its own; all that the stream brought.
void Secrets::say(const std::string& text) {
  tests::WireStream stream(server_->port(), {.method = "POST",
                                             .target = "/api/v1/stream",
                                             .body = Json{{"text", text}}.dump(),
                                             .token = token_});
  std::string all = stream.head().body;
  EXPECT_EQ(stream.head().status, 200) << all;
  while (const auto event = stream.next()) all += event->name + " " + event->data + "\n";
  note(Place::streams, all);
}

// Arguments and results are content: the conversation has them. The audit trail, the log and
// metrics have not.
void Secrets::use_tools() {
  // What children see. An MCP server sees what was given to it, a shell nothing of the server's.
  send("/tool shell {\"command\":\"env; cat /proc/self/environ\"}", Place::child);
  EXPECT_THAT(send("/tool child__environment {}", Place::mcp_child), HasSubstr("GIVEN"));
  const std::set<Place> content = {Place::commands, Place::answers, Place::streams,
                                   Place::store,    Place::backup,  Place::workspace};
  const std::string in_argument = plant("a password in arguments", content);
  const std::string in_text = plant("a key in arguments", content, "github_pat_11");
  const std::string in_result = plant("a key in a result", content, "glpat-");
  const std::string in_url = plant("a password in a fetched URL", content);
  const Json written = {{"path", "conf.ini"},
                        {"content", "db_pw=" + in_argument + "\nkey " + in_text + "\n"}};
  send("/tool write " + written.dump());
  say("/tool shell " + Json{{"command", "echo " + in_result}}.dump());
  say("/tool fetch " + Json{{"url", "http://u:" + in_url + "@127.0.0.1:9/"}}.dump());
  for (const char* tool :
       {"clock {}", "calculator {\"expression\":\"1+1\"}", "glob {\"pattern\":\"*\"}",
        "grep {\"pattern\":\"x\"}", "read {\"path\":\"missing\"}",
        R"(edit {"path":"missing","old_text":"a","new_text":"b"})", "todo_write {\"todos\":[]}",
        "memory_list {}", "child__echo {\"text\":\"hi\"}", "child__die {}", "away__tool {}"}) {
    say(std::string("/tool ") + tool);
  }
}

// Every command, with what it says when all is well and when it is not.
void Secrets::use_commands() {
  // Providers that fail, in every way that they are given a key.
  const std::string conversation =
      call({.method = "POST", .target = "/v1/conversations", .body = R"({"agent_id":"default"})"},
           token_)
          .json()["id"];
  for (const char* provider : {"anthropic", "openai", "openrouter", "written", "filed", "named"}) {
    const Answer failed = call({.method = "POST",
                                .target = "/v1/conversations/" + conversation + "/messages",
                                .body = Json{{"content", "hello"}, {"provider", provider}}.dump()},
                               token_);
    EXPECT_GE(failed.status, 400) << provider << " answers";
  }
  send("/fail");
  for (const Arguments& arguments :
       std::vector<Arguments>{{"config", "show", "--config", config_},
                              {"config", "show", "--json", "--config", config_},
                              {"doctor", "--config", config_},
                              {"version"},
                              {"mcp-servers", "list"},
                              {"mcp-servers", "list", "--json"},
                              {"threads", "list"},
                              {"threads", "list", "--json"},
                              {"devices", "list"},
                              {"token", "list", "--scope", "main/main/main"},
                              {"token", "path"},
                              {"approvals", "list"},
                              {"policy", "check", folder_ / "policy.yaml"},
                              {"audit", "verify"},
                              {"migrate", "--config", config_},
                              {"serve", "--config", config_, "--listen", "127.0.0.1:0"}}) {
    command(arguments);
  }
  command({"audit", "show", "--last", "1000", "--json"}, Place::audit);
  command({"audit", "export"}, Place::audit);
  for (const char* target : {"/api/v1/threads", "/v1/mcp", "/v1/agents", "/v1/conversations",
                             "/api/v1/operator/tokens", "/api/v1/operator/mcp-servers",
                             "/v1/policy/info", "/v1/actions", "/metrics", "/api/v1/nothing"}) {
    call({.target = target}, token_);
  }
}

TEST_F(Secrets, AreNowhereButWhereTheReferenceSays) {
  write_configuration();
  start();
  if (HasFatalFailure()) return;
  use_tokens();
  if (HasFatalFailure()) return;
  post_mcp_servers();
  use_tools();
  use_commands();
  EXPECT_EQ(command({"backup", folder_ / "copy.db", "--config", config_}).code, 0);
  note(Place::backup, read_file(folder_ / "copy.db"));
  note(Place::store, all_files(data_folder()));  // with the write-ahead log as it is now
  const auto ended = server_->stop();
  EXPECT_EQ(ended.code, 0);
  note(Place::log, ended.out + ended.err + read_file(folder_ / "server.log"));
  note(Place::store, all_files(data_folder()));
  EXPECT_GE(planted_.size(), 20U);
  for (const auto& [place, text] : seen_) {
    EXPECT_GT(text.size(), 100U) << place_names.at(static_cast<std::size_t>(place))
                                 << ": nothing was looked at";
  }
  look_everywhere();
}

TEST_F(Secrets, TheLogIsForItsOwnerAlone) {
  const std::string log = folder_.write("server.log", "older\n");
  std::filesystem::permissions(log, std::filesystem::perms(0644));
  config_ = folder_.write("config.yaml", "log:\n  file: " + log + "\n");
  start();
  EXPECT_EQ(std::filesystem::status(log).permissions(), std::filesystem::perms(0600));
  EXPECT_THAT(read_file(log), HasSubstr("older"));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(Secrets, FailedLoginsAreRecordedWithoutWhatWasTried) {
  config_ = folder_.write("config.yaml", "log:\n  level: info\n");
  start();
  constexpr int tries = 25;
  for (int i = 0; i < tries; ++i) {
    const std::string guess = "guess-number-" + std::to_string(i);
    EXPECT_EQ(call({.target = i % 2 == 0 ? "/api/v1/threads" : "/v1/agents"}, guess).status, 401);
  }
  EXPECT_EQ(call({.target = "/api/v1/threads"}, "").status, 401) << "no token is no login";
  const auto shown =
      command({"audit", "show", "--kind", "login.failed", "--last", "100", "--json"}, Place::audit);
  const Json records = Json::parse(shown.out)["records"];
  EXPECT_EQ(records.size(), 10U) << "of one address in an hour";
  EXPECT_EQ(records[0]["details"]["means"], "token");
  EXPECT_EQ(records[0]["subject"], "127.0.0.1");
  EXPECT_THAT(shown.out, Not(HasSubstr("guess-number")));
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
