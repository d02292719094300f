// Tools of MCP servers that others wrote, called by an agent of the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "../contract/wire_client.hpp"
#include "../peers/emulator.hpp"
#include "colonnade/faramesh.hpp"
#include "colonnade/phoson.hpp"
#include "mcp_peers.hpp"
#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using Document = nlohmann::json;

constexpr const char* allow_all =
    "rules:\n  - match: {tool: question}\n    require_approval: true\n"
    "  - match: {tool: \"*\"}\n    allow: true\n";

class McpServers : public testing::Test {
 protected:
  // A server of the configuration; `script` is below node_modules.
  void add(const std::string& name, const std::string& script, const Arguments& arguments = {}) {
    const std::string path = peer("@modelcontextprotocol/" + script);
    if (path.empty()) {
      GTEST_SKIP() << "no " << script << ": run `npm ci` in tests/peers";
    }
    servers_ += "    " + name + ":\n      command: [node, \"" + path + "\"";
    for (const std::string& one : arguments) servers_ += ", \"" + one + "\"";
    servers_ += "]\n" + more_;
  }
  void start(const std::string& policy = allow_all) {
    std::string text = provider_;
    if (!servers_.empty()) text += "mcp:\n  servers:\n" + servers_;
    if (!policy.empty()) text += "policy:\n  file: " + folder_.write("policy.yaml", policy) + "\n";
    const std::string config = folder_.write("config.yaml", text);
    server_ = std::make_unique<ServerProcess>(folder_, Arguments{"--config", config},
                                              Variables{{"MCP_TEST_VALUE", "from outside"}});
    ASSERT_TRUE(server_->ready().is_object());
    if (token_.empty()) token_ = server_->ready()["first_token"];
  }
  tests::Answer call(tests::Call what) const {
    what.token = token_;
    return tests::call(server_->port(), what);
  }
  Document row(const std::string& name) const {
    const Document all = call({.target = "/api/v1/operator/mcp-servers"}).json();
    for (const Document& one : all["servers"]) {
      if (one["name"] == name) return one;
    }
    return {{"state", "absent"}};
  }
  // Asks until the server is in that state; each question takes the time of an answer.
  Document wait_for(const std::string& name, const std::string& state) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    Document seen;
    do {
      seen = row(name);
      if (seen["state"] == state) return seen;
    } while (std::chrono::steady_clock::now() < end);
    ADD_FAILURE() << name << " is never " << state << ": " << seen.dump();
    return seen;
  }
  // What the agent says to this.
  std::string say(const std::string& text) const {
    const auto done = run({"send", text}, folder_);
    EXPECT_EQ(done.code, 0) << done.err;
    return done.out;
  }
  std::string use(const std::string& tool, const Document& arguments) const {
    return say("/tool " + tool + " " + arguments.dump());
  }
  faramesh::Client gate() const {
    faramesh::Options options;
    options.base_url = server_->url();
    options.token = token_;
    return faramesh::Client(options);
  }
  static faramesh::Action next_question(const faramesh::Client& gate) {
    auto stream = gate.stream_events();
    while (const auto event = stream.next()) {
      if (event->status != faramesh::Status::pending_approval) continue;
      faramesh::Action action = gate.get_action(event->action_id);
      if (action.status == faramesh::Status::pending_approval) return action;
    }
    throw std::runtime_error("the stream ended without a question");
  }

  Folder folder_;
  std::string servers_{};
  std::string more_{};  // further members of the server
  std::string provider_{};
  std::unique_ptr<ServerProcess> server_;
  std::string token_;
};

TEST_F(McpServers, Everything) {
  more_ = "      env: {SECRET: \"only for it\"}\n      env_from: {OUTSIDE: MCP_TEST_VALUE}\n";
  add("everything", "server-everything/dist/index.js");
  if (IsSkipped()) return;
  start();
  const Document ready = wait_for("everything", "ready");
  EXPECT_EQ(ready["revision"], "2025-11-25");
  EXPECT_THAT(ready["tools"].get<std::vector<std::string>>(), Contains("everything__echo"));
  EXPECT_THAT(use("everything__echo", {{"message", "hi ☃"}}), HasSubstr("Echo: hi ☃"));
  const std::string seen = use("everything__get-env", Document::object());
  EXPECT_THAT(seen, HasSubstr("only for it"));
  EXPECT_THAT(seen, HasSubstr("from outside"));
  EXPECT_THAT(seen, Not(HasSubstr("MCP_TEST_VALUE")));
  EXPECT_THAT(use("everything__no-such-tool", Document::object()), HasSubstr("There is no tool"));
  const auto shown = run({"config", "show", "--config", folder_ / "config.yaml"}, folder_);
  EXPECT_THAT(shown.out, Not(HasSubstr("only for it")));
  EXPECT_THAT(shown.out, HasSubstr("mcp.servers.everything.env"));
  const auto listed = run({"mcp-servers", "list"}, folder_);
  EXPECT_THAT(listed.out, HasSubstr("everything  ready  "));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(McpServers, FilesAndMemory) {
  const std::string place = folder_ / "shared";
  std::filesystem::create_directory(place);
  add("files", "server-filesystem/dist/index.js", {place});
  more_ = "      env: {MEMORY_FILE_PATH: \"" + (folder_ / "graph.jsonl") + "\"}\n";
  add("graph", "server-memory/dist/index.js");
  if (IsSkipped()) return;
  start();
  wait_for("files", "ready");
  wait_for("graph", "ready");
  use("files__write_file", {{"path", place + "/note.txt"}, {"content", "from an agent"}});
  EXPECT_EQ(read_file(place + "/note.txt"), "from an agent");
  EXPECT_THAT(use("files__read_text_file", {{"path", "/etc/hostname"}}),
              HasSubstr("Access denied"));
  use("graph__create_entities",
      {{"entities",
        {{{"name", "Ada"}, {"entityType", "person"}, {"observations", {"likes engines"}}}}}});
  EXPECT_THAT(use("graph__search_nodes", {{"query", "engines"}}), HasSubstr("Ada"));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(McpServers, AModelChoosesATool) {
  const peers::Emulator emulator;
  if (emulator.url().empty()) GTEST_SKIP() << "no emulator: run `npm ci` in tests/peers";
  provider_ =
      "provider: anthropic\nproviders:\n  anthropic:\n    api_key: test-key\n"
      "    default_model: some-model\n    base_url: " +
      emulator.url() + "\n";
  add("everything", "server-everything/dist/index.js");
  if (IsSkipped()) return;
  start();
  wait_for("everything", "ready");
  EXPECT_EQ(say(R"(call-please everything__get-sum {"a": 2, "b": 40})"),
            "It says: The sum of 2 and 40 is 42.\n");
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(McpServers, WithoutAPolicyAToolOfAServerAsksAHuman) {
  add("everything", "server-everything/dist/index.js");
  if (IsSkipped()) return;
  start("");
  wait_for("everything", "ready");
  const std::string thread =
      call({.method = "POST", .target = "/api/v1/threads", .body = "{}"}).json()["id"];
  tests::WireConnection sender(server_->port());
  sender.send({.method = "POST",
               .target = "/api/v1/threads/" + thread + "/messages",
               .body = Document{{"text", R"(/tool everything__echo {"message":"first"})"}}.dump(),
               .token = token_});
  const faramesh::Client client = gate();
  const faramesh::Action question = next_question(client);
  EXPECT_EQ(question.tool, "everything__echo");
  Json edited = Json::object();
  edited.set("message", Json("edited"));
  client.approve_action(question.id, {.params = edited});
  EXPECT_THAT(sender.read_answer().body, HasSubstr("Echo: edited"));
  // What no server is called so stays denied.
  EXPECT_THAT(use("nobody__echo", Document::object()), HasSubstr("There is no tool"));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(McpServers, AServersQuestionIsAnsweredAsAnApproval) {
  servers_ = "    faulty:\n      command: [python3, \"" + std::string(COLONNADE_SOURCE_DIR) +
             "/tests/faulty/mcp_server.py\", good]\n";
  start();
  wait_for("faulty", "ready");
  const std::string thread =
      call({.method = "POST", .target = "/api/v1/threads", .body = "{}"}).json()["id"];
  tests::WireConnection sender(server_->port());
  sender.send({.method = "POST",
               .target = "/api/v1/threads/" + thread + "/messages",
               .body = Document{{"text", "/tool faulty__ask {}"}}.dump(),
               .token = token_});
  const faramesh::Client client = gate();
  const faramesh::Action question = next_question(client);
  EXPECT_EQ(question.tool, "question");
  EXPECT_EQ(question.params["question"].as_string(), "which one?");
  EXPECT_EQ(question.params["server"].as_string(), "faulty");
  EXPECT_EQ(question.context["thread_id"].as_string(), thread);
  const auto approved =
      run({"approvals", "approve", question.id, "--answer", R"({"colour":"blue"})"}, folder_);
  EXPECT_EQ(approved.code, 0) << approved.err;
  EXPECT_THAT(sender.read_answer().body, HasSubstr("blue"));
  EXPECT_EQ(client.get_action(question.id).status, faramesh::Status::succeeded);
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(McpServers, ChangedToolsWaitForTheOperatorOverARestart) {
  const std::string script = std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py";
  servers_ = "    faulty:\n      command: [python3, \"" + script + "\", good]\n";
  start();
  wait_for("faulty", "ready");
  use("faulty__change", Document::object());
  wait_for("faulty", "held_back");
  EXPECT_THAT(use("faulty__echo", {{"text", "x"}}), HasSubstr("There is no tool"));
  const std::string set = row("faulty")["held_back_set"];
  EXPECT_EQ(run({"mcp-servers", "accept", "faulty", "another"}, folder_).code, 1);
  const auto accepted = run({"mcp-servers", "accept", "faulty", set}, folder_);
  EXPECT_EQ(accepted.code, 0) << accepted.err;
  EXPECT_THAT(use("faulty__echo", {{"text", "accepted"}}), HasSubstr("accepted"));
  const Document records = Document::parse(
      run({"audit", "show", "--kind", "tool_server", "--json"}, folder_).out)["records"];
  ASSERT_EQ(records.size(), 1U) << "what was refused changed nothing";
  EXPECT_EQ(records[0]["actor"], "admin");
  EXPECT_EQ(records[0]["subject"], row("faulty")["id"]);
  EXPECT_EQ(records[0]["details"], (Document{{"change", "tools accepted"}, {"set", set}}));
  EXPECT_EQ(server_->stop().code, 0);
  // The server that starts anew offers the old definition, which is now the changed one.
  start();
  wait_for("faulty", "held_back");
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(McpServers, AClientCreatesAServerAttachesItAndRemovesIt) {
  start();
  phoson::Options options;
  options.api_key = token_;
  options.base_url = server_->url();
  const phoson::Client client(options);
  const auto mine = client.mcp.create(
      {.name = "mine",
       .command = {"python3", std::string(COLONNADE_SOURCE_DIR) + "/tests/faulty/mcp_server.py",
                   "modern"},
       .env = {{"TOKEN", "for this server"}}});
  EXPECT_EQ(wait_for("mine", "ready")["revision"], "2026-07-28");
  const auto agent = client.agents.create({.name = "Handy"});
  const auto said = [&](const std::string& text) {
    const auto talk = client.conversations.create({.agent_id = agent.id});
    return client.messages.send(talk.id, text).content;
  };
  EXPECT_THAT(said("/tool mine__environment {}"), HasSubstr("There is no tool"));
  client.agents.attach_mcp(agent.id, mine.id);
  EXPECT_THAT(said("/tool mine__environment {}"), HasSubstr("for this server"));
  // It is the agent's alone.
  EXPECT_THAT(use("mine__environment", Document::object()), HasSubstr("There is no tool"));
  // Kept over a restart, its secret too.
  EXPECT_EQ(server_->stop().code, 0);
  start();
  wait_for("mine", "ready");
  options.base_url = server_->url();
  const phoson::Client again(options);
  const auto talk = again.conversations.create({.agent_id = agent.id});
  EXPECT_THAT(again.messages.send(talk.id, "/tool mine__environment {}").content,
              HasSubstr("for this server"));
  again.mcp.remove(mine.id);
  EXPECT_EQ(row("mine")["state"], "absent");
  EXPECT_THAT(again.messages.send(talk.id, "/tool mine__environment {}").content,
              HasSubstr("There is no tool"));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(McpServers, AServerThatIsAwayHoldsNobodyUp) {
  servers_ =
      "    gone:\n      url: http://127.0.0.1:9/mcp\n"
      "    never:\n      command: [sleep, \"1000\"]\n";
  start();
  EXPECT_THAT(say("hello"), Not(testing::IsEmpty()));
  wait_for("gone", "failed");
  EXPECT_THAT(use("gone__tool", Document::object()), HasSubstr("There is no tool"));
  EXPECT_EQ(server_->stop().code, 0);
}

class JudgedAgain : public McpServers {
 protected:
  void SetUp() override {
    servers_ = "    faulty:\n      command: [python3, \"" + std::string(COLONNADE_SOURCE_DIR) +
               "/tests/faulty/mcp_server.py\", good]\n";
  }
  // The one action that there is.
  faramesh::Action recorded() const {
    const auto listed = gate().list_actions();
    EXPECT_EQ(listed.size(), 1U);
    return listed.empty() ? faramesh::Action{} : listed.front();
  }
  Document replay(const faramesh::Action& action) const {
    return call({.method = "POST", .target = "/v1/actions/" + action.id + "/replay"}).json();
  }
  Document simulate(const std::string& rules) const {
    folder_.write("other.yaml", rules);
    const auto ended = run({"policy", "simulate", "other.yaml", "--json"}, folder_);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return Document::parse(ended.out);
  }
  void expect_one_unchanged(const Document& simulated) const {
    EXPECT_EQ(simulated["actions"], 1) << simulated;
    EXPECT_EQ(simulated["changed"].size(), 0U) << simulated;
    EXPECT_EQ(simulated["altered"], 0) << simulated;
    EXPECT_EQ(simulated["left_out"].size(), 0U) << simulated;
  }
  // Asks for the tool in a thread of that agent's, answers the question that comes, and returns the
  // call as it was recorded.
  faramesh::Action approved_echo(const std::string& agent_id) const {
    const std::string thread = call({.method = "POST",
                                     .target = "/v1/conversations",
                                     .body = Document{{"agent_id", agent_id}}.dump()})
                                   .json()["id"];
    tests::WireConnection sender(server_->port());
    sender.send({.method = "POST",
                 .target = "/v1/conversations/" + thread + "/messages",
                 .body = Document{{"content", R"(/tool faulty__echo {"text":"hello\n"})"}}.dump(),
                 .token = token_});
    const faramesh::Client client = gate();
    faramesh::Action question;
    const auto is_asked = [&] {
      for (auto& open : client.list_actions({.status = "pending_approval"})) {
        question = std::move(open);
      }
      return !question.id.empty();
    };
    if (!net::testing::eventually(is_asked)) throw std::runtime_error("nobody is asked");
    client.approve_action(question.id);
    EXPECT_THAT(sender.read_answer().body, HasSubstr("hello"));
    return client.get_action(question.id);
  }

  static constexpr const char* all = "rules:\n  - match: {tool: \"*\"}\n    allow: true\n";
  static constexpr const char* none = "rules:\n  - match: {tool: \"*\"}\n    deny: true\n";
};

TEST_F(JudgedAgain, ACallThatThePolicyAllowed) {
  start();
  wait_for("faulty", "ready");
  EXPECT_THAT(use("faulty__echo", {{"text", "hello\n"}}), HasSubstr("hello"));
  const faramesh::Action action = recorded();
  EXPECT_EQ(action.tool, "faulty__echo");
  EXPECT_EQ(replay(action)["success"], true) << replay(action);
  expect_one_unchanged(simulate(all));
  const Document denied = simulate(none);
  ASSERT_EQ(denied["changed"].size(), 1U) << denied;
  EXPECT_EQ(denied["changed"][0]["id"], action.id);
  EXPECT_EQ(denied["changed"][0]["old_outcome"], "EXECUTE");
  EXPECT_EQ(server_->stop().code, 0);
}

// The built-in policy knows no server's tools; the gate asks a human because a server has one.
TEST_F(JudgedAgain, ACallThatWasAskedAboutForWantOfAPolicy) {
  start("");
  wait_for("faulty", "ready");
  const faramesh::Action action = approved_echo("default");
  EXPECT_EQ(action.reason_code, "TOOL_OF_SERVER_ASKS_HUMAN");
  const Document replayed = replay(action);
  EXPECT_EQ(replayed["success"], true) << replayed;
  EXPECT_EQ(replayed["replayed_outcome"], "ABSTAIN");
  // A policy file is another matter: it decides by itself.
  const Document simulated = simulate(all);
  ASSERT_EQ(simulated["changed"].size(), 1U) << simulated;
  EXPECT_EQ(simulated["changed"][0]["old_outcome"], "ABSTAIN");
  EXPECT_EQ(simulated["changed"][0]["outcome"], "EXECUTE");
  EXPECT_EQ(server_->stop().code, 0);
}

// What an agent asks a human about by its own permissions is no matter of the policy, and is taken
// from the record: the agent may be another by now.
TEST_F(JudgedAgain, ACallThatItsAgentAskedAbout) {
  start();
  wait_for("faulty", "ready");
  phoson::Options options;
  options.api_key = token_;
  options.base_url = server_->url();
  const phoson::Client client(options);
  const auto agent = client.agents.create({.name = "Careful"});
  client.agents.attach_mcp(agent.id, row("faulty")["id"].get<std::string>());
  const auto set_permission = [&](bool asks) {
    const Document permissions = {{"faulty__echo", {{"requiresApproval", asks}}}};
    const auto set =
        call({.method = "PATCH",
              .target = "/api/v1/agent/agents/" + agent.id,
              .body = Document{{"toolsBlockConfig", {{"perToolPerms", permissions}}}}.dump(),
              .headers = {{"Content-Type", "application/json"},
                          {"X-Platos-Organization-Id", "main"},
                          {"X-Platos-Project-Id", "main"},
                          {"X-Platos-Environment-Id", "main"},
                          {"X-Platos-User-Id", "admin"}}});
    ASSERT_EQ(set.status, 200) << set.body;
  };
  set_permission(true);
  const faramesh::Action action = approved_echo(agent.id);
  EXPECT_EQ(action.reason_code, "AGENT_REQUIRES_APPROVAL");
  set_permission(false);
  const Document replayed = replay(action);
  EXPECT_EQ(replayed["success"], true) << replayed;
  EXPECT_EQ(replayed["replayed_outcome"], "ABSTAIN");
  expect_one_unchanged(simulate(all));
  const Document denied = simulate(none);
  ASSERT_EQ(denied["changed"].size(), 1U) << denied;
  EXPECT_EQ(denied["changed"][0]["old_outcome"], "ABSTAIN");
  EXPECT_EQ(denied["changed"][0]["outcome"], "HALT");
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(McpServers, RefusesAConfigurationThatCannotBe) {
  const std::string config =
      folder_.write("config.yaml",
                    "mcp:\n  servers:\n    one: {comand: [x]}\n    two: {url: 'http://x', "
                    "env: {TOKEN: 'very secret'}}\n");
  const auto refused = run({"serve", "--config", config}, folder_);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("did you mean \"command\"?"));
  const std::string other = folder_.write(
      "other.yaml", "mcp:\n  servers:\n    two: {url: 'http://x', env: {TOKEN: 'very secret'}}\n");
  const auto mixed = run({"serve", "--config", other}, folder_);
  EXPECT_EQ(mixed.code, 2);
  EXPECT_THAT(mixed.err, HasSubstr("mcp.servers.two.env: belongs to a command"));
  EXPECT_THAT(mixed.err, Not(HasSubstr("very secret")));
}

}  // namespace
}  // namespace colonnade::e2e
