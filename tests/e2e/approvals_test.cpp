// What waits for a human: over a killed server, with other clients and from a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "../contract/wire_client.hpp"
#include "../peers/emulator.hpp"
#include "base/visible_text.hpp"
#include "colonnade/faramesh.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::WireEvent;
using tests::WireStream;
using Document = nlohmann::json;

bool sandbox_works() {
  return std::system("bwrap --unshare-all --ro-bind / / true >/dev/null 2>&1") == 0;
}

class Approvals : public testing::Test {
 protected:
  void start(const Arguments& more = {}) {
    server_ = std::make_unique<ServerProcess>(folder_, more);
    ASSERT_TRUE(server_->ready().is_object());
    if (token_.empty()) token_ = server_->ready()["first_token"];
  }
  faramesh::Client gate() const {
    faramesh::Options options;
    options.base_url = server_->url();
    options.token = token_;
    return faramesh::Client(options);
  }
  tests::Answer call(tests::Call what) const {
    what.token = token_;
    return tests::call(server_->port(), what);
  }
  std::string new_thread() const {
    return call({.method = "POST", .target = "/api/v1/threads", .body = "{}"}).json()["id"];
  }
  // Sends without waiting for the answer.
  std::unique_ptr<tests::WireConnection> say(const std::string& thread,
                                             const std::string& text) const {
    auto sender = std::make_unique<tests::WireConnection>(server_->port());
    sender->send({.method = "POST",
                  .target = "/api/v1/threads/" + thread + "/messages",
                  .body = Document{{"text", text}}.dump(),
                  .token = token_});
    return sender;
  }
  WireStream follow(const std::string& thread, const std::string& after = "") const {
    return WireStream(
        server_->port(),
        {.target = "/api/v1/threads/" + thread + "/stream?resume=1",
         .token = token_,
         .headers = after.empty() ? net::Headers{} : net::Headers{{"Last-Event-ID", after}}});
  }
  // The next question, as the governance client hears of it.
  static faramesh::Action next_question(const faramesh::Client& gate) {
    auto stream = gate.stream_events();
    // It begins with earlier events, whose questions may be answered already.
    while (const auto event = stream.next()) {
      if (event->status != faramesh::Status::pending_approval) continue;
      faramesh::Action action = gate.get_action(event->action_id);
      if (action.status == faramesh::Status::pending_approval) return action;
    }
    throw std::runtime_error("the stream ended without a question");
  }
  std::string workspace(const std::string& thread, const std::string& file) const {
    const std::string data = server_->ready()["data_dir"];
    return read_file(data + "/workspaces/" + thread + "/" + file);
  }

  Folder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::string token_;
};

TEST_F(Approvals, AShellCommandWaitsOverAKillRunsOnceInTheSandboxAndTheAnswerStreamsOn) {
  const peers::Emulator emulator;
  if (emulator.url().empty()) {
    GTEST_SKIP() << "no emulator: run `npm ci` in tests/peers (needs node 20)";
  }
  if (!sandbox_works()) GTEST_SKIP() << "bubblewrap cannot run here";
  const Arguments config{
      "--config",
      folder_.write("config.yaml",
                    "provider: anthropic\nproviders:\n  anthropic:\n    api_key: test-key\n"
                    "    default_model: some-model\n    base_url: " +
                        emulator.url() + "\n")};
  start(config);
  const std::string thread = new_thread();
  std::vector<WireEvent> before;
  faramesh::Action question;
  {
    WireStream stream = follow(thread);
    ASSERT_EQ(stream.next()->name, "ready");
    const auto sender = say(thread, "shell-please");
    question = next_question(gate());
    EXPECT_EQ(question.tool, "shell");
    EXPECT_EQ(question.context["thread_id"].as_string(), thread);
    before = stream.arrived();
    ASSERT_FALSE(before.empty());
    server_->process().signal(SIGKILL);
    EXPECT_EQ(server_->process().wait().code, -SIGKILL);
  }
  EXPECT_EQ(workspace(thread, "runs.txt"), "") << "nothing ran before a human said yes";

  start(config);
  WireStream stream = follow(thread, before.back().id);
  ASSERT_EQ(stream.next()->name, "ready");
  const faramesh::Client client = gate();
  const auto open = client.list_actions({.status = "pending_approval"});
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open.front().id, question.id) << "a question keeps its id";
  const faramesh::Action approved = client.approve_action(question.id, {.reason = "looked at it"});
  EXPECT_EQ(approved.status, faramesh::Status::approved);
  const auto after = stream.until("agent_done");
  EXPECT_EQ(after.back().json()["message"]["content"], "The command ran.");
  EXPECT_EQ(workspace(thread, "runs.txt"), "ran\n") << "once";
  const faramesh::Action done = client.get_action(question.id);
  EXPECT_EQ(done.status, faramesh::Status::succeeded);
  EXPECT_THAT(done.reason, HasSubstr("exit code: 0"));
  std::string log;
  for (const faramesh::ActionEvent& event : client.action_events(question.id)) {
    log += event.event_type + " ";
  }
  EXPECT_THAT(log, HasSubstr("created decision_made approved "));
  EXPECT_THAT(log, HasSubstr("started succeeded "));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(Approvals, FromTheCommandLine) {
  start();
  const std::string thread = new_thread();
  const auto sender = say(thread, R"(/tool write {"path":"note.txt","content":"first"})");
  const faramesh::Action question = next_question(gate());

  const auto listed = Document::parse(run({"approvals", "list", "--json"}, folder_).out);
  ASSERT_EQ(listed["approvals"].size(), 1U);
  EXPECT_EQ(listed["approvals"][0]["id"], question.id);
  EXPECT_EQ(listed["approvals"][0]["params"]["path"], "note.txt");
  const auto shown = run({"approvals", "show", question.id}, folder_);
  EXPECT_THAT(shown.out, HasSubstr("asks to use write"));
  EXPECT_THAT(shown.out, HasSubstr(thread));

  const auto nonsense = run({"approvals", "approve", question.id, "--params", "[1]"}, folder_);
  EXPECT_EQ(nonsense.code, 2);
  const auto approved = run(
      {"approvals", "approve", question.id, "--params", R"({"path":"note.txt","content":"edited"})",
       "--remember", "thread", "--pattern", "*note.txt*"},
      folder_);
  EXPECT_EQ(approved.code, 0) << approved.err;
  EXPECT_EQ(sender->read_answer().status, 200);
  EXPECT_EQ(workspace(thread, "note.txt"), "edited");

  // Remembered: nobody is asked about the next one.
  const auto next = say(thread, R"(/tool write {"path":"note.txt","content":"second"})");
  EXPECT_EQ(next->read_answer().status, 200);
  EXPECT_EQ(workspace(thread, "note.txt"), "second");
  const auto rules = Document::parse(run({"approvals", "rules", "list", "--json"}, folder_).out);
  ASSERT_EQ(rules["permissions"].size(), 1U);
  EXPECT_EQ(rules["permissions"][0]["pattern"], "*note.txt*");
  const std::string rule = rules["permissions"][0]["id"];
  EXPECT_EQ(run({"approvals", "rules", "revoke", rule}, folder_).code, 0);
  EXPECT_EQ(run({"approvals", "rules", "revoke", rule}, folder_).code, 1);

  const auto third = say(thread, R"(/tool write {"path":"note.txt","content":"third"})");
  const faramesh::Action again = next_question(gate());
  const auto denied = run({"approvals", "deny", again.id, "--reason", "enough"}, folder_);
  EXPECT_EQ(denied.code, 0) << denied.err;
  EXPECT_THAT(denied.out, HasSubstr("enough"));
  EXPECT_EQ(third->read_answer().status, 200);
  EXPECT_EQ(workspace(thread, "note.txt"), "second");
  const auto late = run({"approvals", "approve", again.id}, folder_);
  EXPECT_EQ(late.code, 1);
  EXPECT_THAT(late.err, HasSubstr("denied"));
}

// Nobody can be asked there, so it says what waits and how to answer it.
TEST_F(Approvals, WithoutATerminalItIsSaidWhatWaitsAndHowToAnswer) {
  start();
  const std::string call = R"(/tool write {"path":"note.txt","content":"x"})";
  for (const Arguments& arguments :
       std::vector<Arguments>{{"send", call}, {"send", "--stream", call}, {"chat"}}) {
    Process asking(arguments, {}, folder_.path());
    if (arguments.front() == "chat") asking.write(call + "\n");
    std::string said;
    while (!said.contains("approvals deny")) {
      const auto line = asking.read_error_line();
      ASSERT_TRUE(line) << said;
      said += *line + "\n";
    }
    EXPECT_THAT(said, HasSubstr("waiting: agent "));
    EXPECT_THAT(said, HasSubstr("note.txt"));
    const auto pending = Document::parse(run({"approvals", "list", "--json"}, folder_).out);
    ASSERT_EQ(pending["approvals"].size(), 1U);
    const std::string id = pending["approvals"][0]["id"];
    EXPECT_THAT(said, HasSubstr("colonnade approvals approve " + id));
    EXPECT_EQ(run({"approvals", "deny", id}, folder_).code, 0);
    const auto ended = asking.wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE(ended.out, "");
  }
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(Approvals, ASignalEndsTheWaitAndCancelsTheTurn) {
  start();
  const std::string call = R"(/tool write {"path":"note.txt","content":"x"})";
  for (const auto& [arguments, number] : std::vector<std::pair<Arguments, int>>{
           {{"send", call}, SIGINT}, {{"send", call}, SIGTERM}, {{"chat"}, SIGTERM}}) {
    Process asking(arguments, {}, folder_.path());
    if (arguments.front() == "chat") asking.write(call + "\n");
    auto line = asking.read_error_line();
    while (line && !line->contains("approvals deny")) line = asking.read_error_line();
    ASSERT_TRUE(line);
    asking.signal(number);
    const auto ended = asking.wait();
    EXPECT_EQ(ended.code, 128 + number) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("interrupted; the turn was cancelled"));
  }
  const auto refused = run({"send", "--no-wait", call}, folder_);
  EXPECT_EQ(refused.code, 3) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("note.txt"));
  EXPECT_THAT(refused.err, HasSubstr("--no-wait"));
  EXPECT_EQ(server_->stop().code, 0);
}

// Clients name agents, tools and arguments as they like, and people decide by what they see of
// them.
class HiddenInApprovals : public Approvals {
 protected:
  void SetUp() override {
    const std::string policy = folder_.write("policy.yaml",
                                             "rules:\n  - match: {tool: \"*\"}\n"
                                             "    require_approval: true\n"
                                             "    description: \"why\\u202e\"\n");
    start({"--policy-file", policy, "--policy-version", "v1\u200B"});
  }
  std::string asked() const {
    Json params = Json::object();
    params.set("to", Json("a\u2066b"));
    return gate()
        .submit_action({.agent_id = "bot\u202E\nfake",
                        .tool = "pay\u009B31m",
                        .operation = "run\u200B",
                        .params = params})
        .id;
  }
  // What the command prints, on both of its streams, with nothing hidden in any line.
  std::string shown(const Arguments& arguments, int code = 0) const {
    const auto ended = run(arguments, folder_);
    EXPECT_EQ(ended.code, code) << ended.err;
    std::istringstream lines(ended.out + ended.err);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_FALSE(base::has_hidden(line)) << testing::PrintToString(line);
    }
    return ended.out + ended.err;
  }
};

TEST_F(HiddenInApprovals, IsWrittenOutByEveryCommand) {
  const std::string id = asked();
  const std::string sentence =
      "Agent bot\\u{202E}\\nfake asks to use pay\\u{9B}31m (run\\u{200B})\n";
  for (const std::string& text : {shown({"approvals", "list"}), shown({"approvals", "show", id})}) {
    EXPECT_THAT(text, HasSubstr(sentence));
    EXPECT_THAT(text, HasSubstr("a\\u{2066}b"));
    EXPECT_THAT(text, HasSubstr("why\\u{202E}"));
  }
  EXPECT_THAT(shown({"approvals", "show", id}), HasSubstr("policy v1\\u{200B}"));
  for (const Arguments& arguments :
       {Arguments{"approvals", "list", "--json"}, Arguments{"approvals", "show", id, "--json"}}) {
    EXPECT_THAT(shown(arguments), HasSubstr("bot\\u202E\\nfake"));
  }
  EXPECT_THAT(shown({"approvals", "deny", asked(), "--reason", "no\u200Bno"}),
              HasSubstr("no\\u{200B}no"));
  const std::string approved = shown({"approvals", "approve", id, "--reason", "sure\u202E",
                                      "--remember", "always", "--pattern", "*\u2066*"});
  EXPECT_THAT(approved, HasSubstr("sure\\u{202E}"));
  EXPECT_THAT(approved,
              HasSubstr("pay\\u{9B}31m (run\\u{200B}) by agent bot\\u{202E}\\nfake in every "
                        "thread, with arguments like *\\u{2066}*\n"));
  const std::string rules = shown({"approvals", "rules", "list"});
  EXPECT_THAT(rules, HasSubstr("pay\\u{9B}31m  agent bot\\u{202E}\\nfake  everywhere  "));
  EXPECT_THAT(rules, HasSubstr("*\\u{2066}*\n"));
}

TEST_F(HiddenInApprovals, IsWrittenOutByTheAuditTrail) {
  shown({"approvals", "deny", asked(), "--reason", "no\u200Bno"});
  const auto made = call({.method = "POST",
                          .target = "/v1/agents",
                          .body = Document{{"name", "robin\u202E"}, {"instructions", "x"}}.dump()});
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string text = shown({"audit", "show"});
  EXPECT_THAT(text, HasSubstr("agent:bot\\u{202E}\\nfake"));
  EXPECT_THAT(text, HasSubstr("pay\\u{9B}31m run\\u{200B}"));
  EXPECT_THAT(text, HasSubstr("why\\u{202E}"));
  EXPECT_THAT(text, HasSubstr("no\\u{200B}no"));
  EXPECT_THAT(text, HasSubstr("robin\\u{202E}"));
  EXPECT_THAT(shown({"audit", "show", "--json"}), HasSubstr("no\\u200Bno"));
}

TEST_F(Approvals, WhatWillBeRememberedIsSaidBeforeItIs) {
  start();
  const std::string thread = new_thread();
  const auto sender = say(thread, R"(/tool write {"path":"note.txt","content":"x"})");
  const faramesh::Action question = next_question(gate());
  const std::string agent = question.agent_id;
  ASSERT_FALSE(agent.empty());
  // Refused, so that the sentence came before the answer did.
  const std::string too_long(5000, '*');
  const auto remember = [&](const std::string& how, const Arguments& more) {
    Arguments arguments{"approvals", "approve", question.id, "--remember", how};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, folder_);
  };
  const auto refused = remember("thread", {"--pattern", too_long});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err,
              StartsWith("Will not be asked about again: write by agent " + agent + " in thread " +
                         thread + ", with arguments like " + too_long + "\n"));
  EXPECT_THAT(remember("always", {"--pattern", too_long}).err,
              StartsWith("Will not be asked about again: write by agent " + agent +
                         " in every thread, with arguments like *"));
  EXPECT_EQ(gate().get_action(question.id).status, faramesh::Status::pending_approval);
  const auto done = remember("everywhere", {});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.err,
            "Will not be asked about again: write by every agent in every thread, with exactly " +
                question.params.dump() + "\n");
  EXPECT_EQ(sender->read_answer().status, 200);
  EXPECT_EQ(server_->stop().code, 0);
}

// Without a policy file, and to the last line break: a false alarm would hide a true one.
TEST_F(Approvals, WhatRanIsJudgedAgainWithoutAFalseAlarm) {
  start();
  const std::string thread = new_thread();
  const auto sender = say(thread, R"(/tool write {"path":"./note.txt","content":"hello\n"})");
  const faramesh::Client client = gate();
  const faramesh::Action question = next_question(client);
  EXPECT_EQ(question.params["path"].as_string(), "note.txt") << "as it will be opened";
  EXPECT_EQ(question.context["asked"]["path"].as_string(), "./note.txt");
  client.approve_action(question.id);
  EXPECT_EQ(sender->read_answer().status, 200);
  EXPECT_EQ(workspace(thread, "note.txt"), "hello\n");
  const auto replayed = client.request("POST", "/v1/actions/" + question.id + "/replay");
  EXPECT_TRUE(replayed["success"].as_bool()) << replayed.dump();
  folder_.write("all.yaml", "rules:\n  - match: {tool: \"*\"}\n    allow: true\n");
  const auto simulated =
      Document::parse(run({"policy", "simulate", "all.yaml", "--json"}, folder_).out);
  EXPECT_EQ(simulated["actions"], 1);
  EXPECT_EQ(simulated["altered"], 0);
  EXPECT_EQ(simulated["left_out"].size(), 0U);
}

TEST_F(Approvals, AnInvalidPolicyKeepsTheServerFromStartingAndAChangedOneCountsAtOnce) {
  const std::string file = folder_.write("policy.yaml", "rules:\n  - match: {tol: shell}\n");
  const auto refused = run({"serve", "--policy-file", file, "--listen", "127.0.0.1:0"}, folder_);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("policy.yaml:2"));

  folder_.write("policy.yaml", "rules:\n  - match: {tool: http}\n    deny: true\n");
  start({"--policy-file", file});
  const faramesh::Client client = gate();
  const faramesh::ActionRequest request{.agent_id = "bot", .tool = "http", .operation = "get"};
  const auto first = client.gate_decide(request);
  EXPECT_EQ(first.outcome, faramesh::Outcome::halt);
  folder_.write("policy.yaml", "rules:\n  - match: {tool: http}\n    allow: true\n");
  server_->process().signal(SIGHUP);
  auto now = client.gate_decide(request);
  while (now.policy_hash == first.policy_hash) now = client.gate_decide(request);
  EXPECT_EQ(now.outcome, faramesh::Outcome::execute);
  // A broken file never replaces one that was good.
  folder_.write("policy.yaml", "rules: nonsense\n");
  server_->process().signal(SIGHUP);
  EXPECT_EQ(client.gate_decide(request).policy_hash, now.policy_hash);
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
