// The published Python client's habits on the wire (platos §2, §3.2–3.4) against the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../contract/platos_python_client.hpp"
#include "../contract/wire_client.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::ElementsAre;
using tests::Answer;
using tests::PythonSend;
using Json = nlohmann::json;

const std::string secret = "0123456789abcdef0123456789abcdef";

class PythonClientOfPlatos : public testing::Test {
 protected:
  PythonClientOfPlatos() {
    if (!server_.ready().is_object()) throw std::runtime_error("the program did not start");
    const Answer minted = tests::call(
        server_.port(),
        {.method = "POST",
         .target = "/api/v1/entities/backend/session-tokens",
         .body =
             R"({"organizationId":"acme","projectId":"shop","environmentId":"live","userId":"ann"})",
         .token = secret});
    token_ = minted.json()["token"];
  }
  ~PythonClientOfPlatos() override { EXPECT_EQ(server_.stop().code, 0); }

  // Every call carries the content type, whether it has a body or not.
  Answer call(const std::string& method, const std::string& path, const std::string& body = "",
              net::Headers headers = {}) {
    headers.push_back({"X-Platos-Session-Token", token_});
    if (method == "GET") headers.push_back({"Content-Type", "application/json"});
    return tests::call(server_.port(), {.method = method,
                                        .target = "/api/v1/agent" + path,
                                        .body = body,
                                        .headers = std::move(headers)});
  }
  std::string new_thread() {
    return call("POST", "/threads", R"({"agentId": "default", "title": null})").json()["id"];
  }
  PythonSend send(const std::string& thread_id, const std::string& message,
                  net::Headers headers = {}) {
    return PythonSend({.port = server_.port(),
                       .token = token_,
                       .headers = std::move(headers),
                       .thread_id = thread_id,
                       .message = message});
  }
  std::string stored_answer(const std::string& thread_id) {
    return call("GET", "/threads/" + thread_id + "/messages").json()["messages"].back()["content"];
  }

  const Folder folder_;
  ServerProcess server_{
      folder_,
      {"--config",
       folder_.write("c.yaml",
                     "platos:\n  entities:\n    - organization: acme\n      project: shop\n"
                     "      entity: backend\n      secret: ${ACME_SECRET}\n")},
      {{"ACME_SECRET", secret}}};
  std::string token_;
};

// Against a stock Socket.IO server one such send of twenty survives.
TEST_F(PythonClientOfPlatos, EverySendThatDoesNotWaitForItsJoinIsAnswered) {
  const std::string thread_id = new_thread();
  for (int i = 0; i < 20; ++i) {
    const std::string text = "answer " + std::to_string(i);
    PythonSend client = send(thread_id, "/say " + text);
    ASSERT_TRUE(client.run());
    EXPECT_EQ(client.connections(), 1);
    EXPECT_EQ(client.text(), text);
    EXPECT_EQ(client.types().back(), "done");
    EXPECT_EQ(client.goodbye().code, net::websocket_close::normal);
    EXPECT_EQ(stored_answer(thread_id), text) << "there at once";
  }
}

TEST_F(PythonClientOfPlatos, AnErrorEndsWithDoneOnOneConnection) {
  PythonSend lost = send("no-such-thread", "hi");
  ASSERT_TRUE(lost.run());
  EXPECT_THAT(lost.types(), ElementsAre("connected", "error", "done"));
  EXPECT_EQ(lost.connections(), 1);
  token_ = "not.a.token";
  PythonSend stranger = send("no-such-thread", "hi");
  ASSERT_TRUE(stranger.run());
  EXPECT_THAT(stranger.types(), ElementsAre("connected", "error", "done"));
  EXPECT_EQ(stranger.connections(), 1);
}

TEST_F(PythonClientOfPlatos, TextBeyondAsciiSurvivesEscapedAndRaw) {
  const std::string text = "Grüße, 世界 🌍";
  const std::string escaped = R"(Gr\u00fc\u00dfe, \u4e16\u754c \ud83c\udf0d)";
  for (const std::string& written : {escaped, text}) {
    const Answer thread =
        call("POST", "/threads", R"({"agentId": "default", "title": ")" + written + "\"}");
    const std::string id = thread.json()["id"];
    EXPECT_EQ(call("GET", "/threads/" + id).json()["title"], text);
  }
  const std::string thread_id = new_thread();
  PythonSend client = send(thread_id, "/say " + text);
  ASSERT_TRUE(client.run());
  EXPECT_EQ(client.text(), text);
  const Json messages = call("GET", "/threads/" + thread_id + "/messages").json()["messages"];
  EXPECT_EQ(messages[0]["content"], "/say " + text);
  EXPECT_EQ(messages[1]["content"], text);
}

TEST_F(PythonClientOfPlatos, APostWithoutABodyIsTaken) {
  const std::string thread_id = new_thread();
  for (const char* verb : {"archive", "unarchive"}) {
    const Answer answer = call("POST", "/threads/" + thread_id + "/" + verb);
    EXPECT_EQ(answer.status / 100, 2) << answer.body;
    EXPECT_EQ(answer.json()["id"], thread_id);
  }
  // What is not there says so, and does not find fault with the body.
  for (const char* path : {"/trigger/runs/r1/cancel", "/trigger/runs/r1/replay",
                           "/trigger/schedules/s1/activate", "/trigger/schedules/s1/deactivate"}) {
    const Answer answer = call("POST", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.json()["code"], "not_found");
  }
  EXPECT_EQ(call("DELETE", "/threads/" + thread_id).json()["archived"], true);
}

TEST_F(PythonClientOfPlatos, WhatIsMissingIsNotFound) {
  EXPECT_EQ(call("GET", "/agents/no-such-agent").status, 404);
  EXPECT_EQ(call("GET", "/threads/no-such-thread").status, 404);
}

TEST_F(PythonClientOfPlatos, TheTokenCountsAndNotTheScopeBesideIt) {
  const net::Headers elsewhere = {{"X-Platos-Organization-Id", "other"},
                                  {"X-Platos-Project-Id", "other"},
                                  {"X-Platos-Environment-Id", "other"},
                                  {"X-Platos-User-Id", "bob"}};
  const std::string thread_id = new_thread();
  EXPECT_EQ(call("GET", "/threads/" + thread_id, "", elsewhere).status, 200);
  PythonSend client = send(thread_id, "/say hello", elsewhere);
  ASSERT_TRUE(client.run());
  EXPECT_EQ(client.text(), "hello");
}

}  // namespace
}  // namespace colonnade::e2e
