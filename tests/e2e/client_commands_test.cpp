// chat, send, threads, pair and devices against a server that runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

// One server for all: what a test makes does not disturb the others.
class ClientCommands : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new Folder;
    server_ = new ServerProcess(*folder_);
    ASSERT_TRUE(server_->ready().is_object());
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(server_->stop().code, 0);
    delete server_;
    delete folder_;
  }

  static Process::Ended call(const Arguments& arguments, std::string_view input = {},
                             const Variables& variables = {}) {
    return run(arguments, *folder_, input, variables);
  }
  static Json call_json(Arguments arguments) {
    arguments.push_back("--json");
    const auto ended = call(arguments);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return Json::parse(ended.out, nullptr, false);
  }

  static inline Folder* folder_ = nullptr;
  static inline ServerProcess* server_ = nullptr;
};

TEST_F(ClientCommands, ChatAnswersEachPipedLine) {
  const auto ended = call({"chat"}, "/say one\n\n/say two\n");
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "one\ntwo\n");
  // Both lines went into one thread.
  const Json threads = call_json({"threads", "list"});
  const Json shown = call_json({"threads", "show", threads["threads"][0]["id"]});
  EXPECT_EQ(shown["messages"].size(), 4U);
}

TEST_F(ClientCommands, ChatSaysThatNoModelAnswers) {
  const auto ended = call({"chat"}, "hello\n");
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("offline"));
}

TEST_F(ClientCommands, ChatGoesOnInAThread) {
  const Json sent = call_json({"send", "/say first"});
  const std::string id = sent["thread_id"];
  EXPECT_EQ(call({"chat", "--thread", id}, "/say second\n").out, "second\n");
  EXPECT_EQ(call_json({"threads", "show", id})["messages"].size(), 4U);
  const auto unknown = call({"chat", "--thread", "nosuchthread"}, "hello\n");
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.out, "");
}

TEST_F(ClientCommands, SendPrintsTheAnswer) {
  EXPECT_EQ(call({"send", "/say hello there"}).out, "hello there\n");
  EXPECT_EQ(call({"send", "-"}, "/say from a pipe").out, "from a pipe\n");
  const auto empty = call({"send", "-"}, "");
  EXPECT_EQ(empty.code, 2);
  EXPECT_THAT(empty.err, HasSubstr("nothing to send"));
}

TEST_F(ClientCommands, SendStreamsThePieces) {
  const auto text = call({"send", "--stream", "/say one two three"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out, "one two three\n");
  const auto json = call({"send", "--stream", "--json", "/tokens 5"});
  ASSERT_EQ(json.code, 0) << json.err;
  std::istringstream lines(json.out);
  std::string line;
  std::string pieces;
  Json last;
  while (std::getline(lines, line)) {
    last = Json::parse(line);
    if (last.contains("delta")) pieces += last["delta"].get<std::string>();
  }
  EXPECT_EQ(last["agent_message"]["content"], pieces);
  EXPECT_NE(pieces, "");
}

TEST_F(ClientCommands, WhatATerminalWouldObeyIsWrittenOut) {
  EXPECT_EQ(call({"send", "/say a\u202Eb\u009b31m"}).out, "a\\u{202E}b\\u{9B}31m\n");
  EXPECT_EQ(call({"chat"}, "/say a\u200Bb\n").out, "a\\u{200B}b\n");
  EXPECT_EQ(call({"send", "--stream", "/say x\u2066y"}).out, "x\\u{2066}y\n");
  const auto sent = call({"send", "--json", "/say a\u202Eb"});
  EXPECT_THAT(sent.out, HasSubstr("a\\u202Eb"));
  const Json exchange = Json::parse(sent.out);
  EXPECT_EQ(exchange["agent_message"]["content"], "a\u202Eb");
  // A title may be anything; in a list it stays one row.
  const std::string id = exchange["thread_id"];
  EXPECT_EQ(call({"threads", "rename", id, "one\nfake row\u202E"}).out,
            "one\\nfake row\\u{202E}\n");
  EXPECT_THAT(call({"threads", "list"}).out, HasSubstr("one\\nfake row\\u{202E}\n"));
  for (const char* name : {"lamp\nfake", "lamp\u202E"}) {
    const auto refused = call({"pair", "claim", "123456", "--name", name});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("--name: "));
  }
  const auto refused = call({"token", "create", "--name", "ci\nfake", "--scope", "main/main/main",
                             "--user", "u", "--role", "member"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("name must have 1 to 256 bytes"));
}

// The operator's token goes to this machine alone, and a proxy is another one.
TEST_F(ClientCommands, TheOperatorsTokenStaysOnThisMachine) {
  const auto elsewhere =
      call({"threads", "list", "--url",
            "http://0.0.0.0:" + std::to_string(server_->port()) + "//localhost/"});
  EXPECT_EQ(elsewhere.code, 1);
  EXPECT_THAT(elsewhere.err, HasSubstr("there is no token for "));
  for (const char* variable : {"http_proxy", "ALL_PROXY"}) {
    const auto direct = call({"threads", "list"}, {}, {{variable, "http://127.0.0.1:1"}});
    EXPECT_EQ(direct.code, 0) << variable << direct.err;
  }
}

TEST_F(ClientCommands, AFailedRunIsAFailure) {
  const auto ended = call({"send", "/fail upstream"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("colonnade: error: "));
}

TEST_F(ClientCommands, ThreadsRoundTrip) {
  const std::string id = call_json({"send", "/say xylophone music"})["thread_id"];
  EXPECT_EQ(call({"threads", "rename", id, "Music"}).out, "Music\n");
  EXPECT_THAT(call({"threads", "list"}).out, HasSubstr(id));
  EXPECT_THAT(call({"threads", "list"}).out, HasSubstr("Music"));
  const auto shown = call({"threads", "show", id});
  EXPECT_THAT(shown.out, HasSubstr("xylophone music"));
  const Json hits = call_json({"threads", "search", "xylophone"});
  ASSERT_FALSE(hits["hits"].empty());
  EXPECT_EQ(hits["hits"][0]["thread_id"], id);
  EXPECT_EQ(call({"threads", "search", "nowhereatall"}).code, 1);
  EXPECT_EQ(call({"threads", "remove", id}).code, 0);
  EXPECT_THAT(call({"threads", "list"}).out, Not(HasSubstr(id)));
  EXPECT_EQ(call({"threads", "remove", id}).code, 1);
  EXPECT_EQ(call({"threads", "restore", id}).code, 0);
  EXPECT_EQ(call_json({"threads", "list"})["threads"][0]["id"], id);
}

TEST_F(ClientCommands, ADeviceIsPairedUsedAndShutOut) {
  Process starting({"pair", "start", "--wait", "--json"}, {}, folder_->path());
  const auto first = starting.read_line();
  ASSERT_TRUE(first);
  const std::string code = Json::parse(*first)["code"];
  const std::string file = *folder_ / "device.token";
  const auto claimed = call({"pair", "claim", code, "--name", "lamp", "--save", file});
  ASSERT_EQ(claimed.code, 0) << claimed.err;
  EXPECT_THAT(claimed.out, HasSubstr("lamp"));
  const auto waited = starting.wait();
  ASSERT_EQ(waited.code, 0) << waited.err;
  const std::string id = Json::parse(waited.out)["device"]["id"];

  EXPECT_EQ(call({"send", "/say from the lamp", "--token-file", file}).out, "from the lamp\n");
  const auto used = call({"pair", "claim", code});
  EXPECT_EQ(used.code, 1);
  EXPECT_THAT(call({"devices", "list"}).out, HasSubstr(id));
  EXPECT_EQ(call_json({"devices", "list"})["devices"][0]["name"], "lamp");
  EXPECT_EQ(call({"devices", "revoke", id}).code, 0);
  const auto refused = call({"threads", "list", "--token-file", file});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("does not accept the token"));
  EXPECT_EQ(call({"devices", "revoke", id}).code, 1);
}

TEST_F(ClientCommands, TokensAreManagedThroughTheServer) {
  const Json made = call_json({"token", "create", "--name", "ci", "--scope", "main/main/main",
                               "--user", "robot", "--role", "member"});
  const std::string token = made["token"];
  EXPECT_EQ(made["user"], "robot");
  const Variables as_robot{{"FATHOM_TOKEN", token}};
  EXPECT_EQ(call({"send", "/say beep"}, "", as_robot).out, "beep\n");
  // Another user's threads are not seen, and a plain token makes no tokens.
  EXPECT_EQ(Json::parse(call({"threads", "list", "--json"}, "", as_robot).out)["threads"].size(),
            1U);
  const Json listed = call_json({"token", "list", "--user", "robot"});
  ASSERT_EQ(listed["tokens"].size(), 1U);
  EXPECT_EQ(listed["tokens"][0]["name"], "ci");
  EXPECT_FALSE(listed["tokens"][0].contains("token"));
  EXPECT_EQ(call({"token", "revoke", made["id"]}).code, 0);
  EXPECT_EQ(call({"threads", "list"}, "", as_robot).code, 1);
  const auto again = call({"token", "revoke", made["id"]});
  EXPECT_EQ(again.code, 1);
}

TEST_F(ClientCommands, OnlyTheOperatorMakesTokens) {
  const Json made = call_json({"token", "create", "--name", "plain", "--scope", "main/main/main",
                               "--user", "admin", "--role", "member"});
  const std::string file = folder_->write("plain.token", made["token"].get<std::string>() + "\n");
  const auto ended = call({"token", "create", "--name", "more", "--scope", "main/main/main",
                           "--user", "admin", "--role", "member", "--token-file", file});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("only the operator's token"));
}

}  // namespace
}  // namespace colonnade::e2e
