// Submitting once over Fathom's POSTs (architecture: "Submitting once").
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "fathom_server.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

const std::string hi = R"({"text":"hi"})";

net::Headers key(const std::string& value) { return {{"Idempotency-Key", value}}; }

class FathomAnswerOnce : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
};

TEST_F(FathomAnswerOnce, TheSameKeyMakesOneThread) {
  FathomServer server(path_);
  const Answer first = server.post("/api/v1/threads", R"({"title":"a"})", key("k"));
  const Answer second = server.post("/api/v1/threads", R"({"title":"a"})", key("k"));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.header("Content-Type"), "application/json");
  EXPECT_EQ(server.get("/api/v1/threads").json()["threads"].size(), 1U);
  EXPECT_EQ(server.post("/api/v1/threads", R"({"title":"b"})", key("k")).status, 409);
  EXPECT_EQ(server.post("/api/v1/threads", R"({"title":"a"})", key("")).status, 400);
  EXPECT_EQ(server.post("/api/v1/threads", R"({"title":"a"})", key(std::string(256, 'k'))).status,
            400);
}

TEST_F(FathomAnswerOnce, KeysOfDifferentUsersNeverMeet) {
  FathomServer server(path_);
  const Answer mine = server.post("/api/v1/threads", "{}", key("k"));
  const Answer his = call(server.port(), {.method = "POST",
                                          .target = "/api/v1/threads",
                                          .body = "{}",
                                          .token = server.create_token("bob"),
                                          .headers = key("k")});
  EXPECT_EQ(his.status, 200);
  EXPECT_NE(his.json()["id"], mine.json()["id"]);
}

TEST_F(FathomAnswerOnce, AMessageIsSentOnceAlsoAfterARestart) {
  std::string thread;
  Answer first;
  {
    FathomServer server(path_);
    thread = "/api/v1/threads/" + server.new_thread();
    server.script_answer();
    first = server.post(thread + "/messages", hi, key("k"));
    ASSERT_EQ(first.status, 200) << first.body;
    const Answer second = server.post(thread + "/messages", hi, key("k"));
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(server.post(thread + "/messages", R"({"text":"ho"})", key("k")).status, 409);
    EXPECT_EQ(server.engine.model->requests().size(), 1U);
  }
  FathomServer restarted(path_);
  EXPECT_EQ(restarted.post(thread + "/messages", hi, key("k")).body, first.body);
  EXPECT_EQ(restarted.get(thread).json()["messages"].size(), 2U);
}

TEST_F(FathomAnswerOnce, WhoComesDuringTheRunJoinsIt) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  std::promise<void> held;
  server.engine.model->on_hold([&held] { held.set_value(); });
  auto acts = FathomServer::answer_acts();
  acts.insert(acts.begin(), Hold{});
  server.engine.model->script(acts);
  const auto send = [&] { return server.post(thread + "/messages", hi, key("k")); };
  auto first = std::async(std::launch::async, send);
  held.get_future().wait();
  std::vector<std::future<Answer>> joined;
  for (int i = 0; i < 3; ++i) joined.push_back(std::async(std::launch::async, send));
  server.engine.model->release();
  const Answer answer = first.get();
  EXPECT_EQ(answer.status, 200);
  for (auto& each : joined) EXPECT_EQ(each.get().body, answer.body);
  EXPECT_EQ(server.get(thread).json()["messages"].size(), 2U);
  EXPECT_EQ(server.engine.model->requests().size(), 1U);
}

TEST_F(FathomAnswerOnce, TheClientsOwnMessageIdIsAKeyWithinItsThread) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  const std::string other = "/api/v1/threads/" + server.new_thread();
  const std::string body = R"({"text":"hi","clientMessageId":"local-1"})";
  server.script_answer();
  const Answer first = server.post(thread + "/messages", body);
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(first.json()["user_message"]["metadata"], (Json{{"clientMessageId", "local-1"}}));
  EXPECT_EQ(server.post(thread + "/messages", body).body, first.body);
  EXPECT_EQ(
      server.post(thread + "/messages", R"({"text":"ho","clientMessageId":"local-1"})").status,
      409);
  server.script_answer();
  const Answer elsewhere = server.post(other + "/messages", body);
  EXPECT_EQ(elsewhere.status, 200);
  EXPECT_NE(elsewhere.body, first.body);
  // The header's key wins over the client's id.
  server.script_answer();
  const Answer keyed = server.post(thread + "/messages", body, key("k"));
  EXPECT_EQ(keyed.status, 200);
  EXPECT_NE(keyed.body, first.body);
}

TEST_F(FathomAnswerOnce, AFailureWithAnEffectIsTheAnswer) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  server.engine.model->script({Break{{.kind = base::ErrorKind::upstream, .message = "no model"}}});
  const Answer first = server.post(thread + "/messages", hi, key("k"));
  EXPECT_EQ(first.status, 500);
  const Answer second = server.post(thread + "/messages", hi, key("k"));
  EXPECT_EQ(second.status, 500);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(server.get(thread).json()["messages"].size(), 1U);
}

TEST_F(FathomAnswerOnce, ARefusalWithoutAnEffectLeavesTheKeyFree) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  server.engine.providers.set_default("absent");
  EXPECT_EQ(server.post(thread + "/messages", hi, key("k")).status, 503);
  server.engine.providers.set_default("scripted");
  ASSERT_EQ(server.ask("DELETE", thread).status, 200);
  EXPECT_EQ(server.post(thread + "/messages", hi, key("k")).status, 409);
  ASSERT_EQ(server.post(thread + "/restore").status, 200);
  server.script_answer();
  EXPECT_EQ(server.post(thread + "/messages", hi, key("k")).status, 200);
}

TEST_F(FathomAnswerOnce, ARestoreIsDoneOnce) {
  FathomServer server(path_);
  const std::string thread = "/api/v1/threads/" + server.new_thread();
  ASSERT_EQ(server.ask("DELETE", thread).status, 200);
  EXPECT_EQ(server.post(thread + "/restore", "", key("k")).status, 200);
  EXPECT_EQ(server.post(thread + "/restore", "", key("k")).status, 200);
  EXPECT_EQ(server.post(thread + "/restore").status, 404);
}

TEST_F(FathomAnswerOnce, ASendCutOffByAStopIsAnsweredAfterTheRestart) {
  std::string thread;
  {
    FathomServer server(path_);
    thread = "/api/v1/threads/" + server.new_thread();
    std::promise<void> held;
    server.engine.model->on_hold([&held] { held.set_value(); });
    server.engine.model->script({Hold{}});
    auto cut_off = std::async(
        std::launch::async, [&] { return server.post(thread + "/messages", hi, key("k")).status; });
    held.get_future().wait();
    server.engine.runs.park_all();
    EXPECT_EQ(cut_off.get(), 503);
  }
  FathomServer restarted(path_, {.prepare = [](ScriptedProvider& model) {
                           model.script(FathomServer::answer_acts("Sunny, 24 C."));
                         }});
  const Answer answer = restarted.post(thread + "/messages", hi, key("k"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["user_message"]["content"], "hi");
  EXPECT_EQ(answer.json()["agent_message"]["content"], "Sunny, 24 C.");
  EXPECT_EQ(restarted.get(thread).json()["messages"].size(), 2U) << "sent once";
  EXPECT_EQ(restarted.post(thread + "/messages", hi, key("k")).body, answer.body);
}

TEST_F(FathomAnswerOnce, OneShotsAreAskedOnce) {
  FathomServer server(path_);
  server.script_answer();
  const Answer first = server.post("/api/v1/message", hi, key("m"));
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(server.post("/api/v1/message", hi, key("m")).body, first.body);

  server.script_answer("Sunny, 24 C.");
  const Answer streamed = server.post("/api/v1/stream", hi, key("s"));
  ASSERT_EQ(streamed.status, 200);
  const Answer again = server.post("/api/v1/stream", hi, key("s"));
  EXPECT_EQ(again.header("Content-Type"), "text/event-stream");
  ASSERT_TRUE(again.body.starts_with("event: done\ndata: {")) << again.body;
  EXPECT_TRUE(streamed.body.ends_with(again.body)) << "the end of the first";
  EXPECT_EQ(server.engine.model->requests().size(), 2U);
}

TEST_F(FathomAnswerOnce, SecretsAreNeverStoredAsAnswers) {
  FathomServer server(path_);
  const std::string one = server.post("/api/v1/pair/start", "", key("k")).json()["code"];
  const std::string two = server.post("/api/v1/pair/start", "", key("k")).json()["code"];
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace colonnade::tests
