// What one user asks for leaves the server to the others, and to whoever stops it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using net::testing::RawClient;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class SharesTest : public testing::Test {
 protected:
  void start(const Arguments& more = {}) {
    server_ = std::make_unique<ServerProcess>(folder_, more);
    ASSERT_TRUE(server_->ready().is_object()) << server_->process().wait().err;
    token_ = server_->ready()["first_token"];
  }
  std::string request(const std::string& method, const std::string& path,
                      const std::string& body = {}) {
    RawClient client(server_->port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                "Authorization: Bearer " + token_ + "\r\nContent-Type: application/json\r\n" +
                "X-Platos-Organization-Id: main\r\nX-Platos-Project-Id: main\r\n" +
                "X-Platos-Environment-Id: main\r\n" +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.read_to_end();
  }
  static json body_of(const std::string& response) {
    return json::parse(response.substr(response.find("\r\n\r\n") + 4), nullptr, false);
  }
  std::string new_thread() { return body_of(request("POST", "/api/v1/threads", "{}"))["id"]; }
  std::size_t messages_in(const std::string& thread) {
    return body_of(request("GET", "/api/v1/threads/" + thread + "/messages"))["messages"].size();
  }

  Folder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::string token_;
};

std::string words(std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += "a ";
  return out;
}

TEST_F(SharesTest, AMessageThatNoWindowTakesIsRefusedAndNotStored) {
  start();
  const std::string thread = new_thread();
  const std::string text = words(900'000);
  const std::string path = "/api/v1/threads/" + thread + "/messages";
  const std::string fathom = request("POST", path, json{{"text", text}}.dump());
  EXPECT_THAT(fathom, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(fathom, HasSubstr("the model's window of"));
  EXPECT_EQ(messages_in(thread), 0U);
  const json agent = body_of(request("POST", "/v1/agents", json{{"name", "a"}}.dump()));
  const json conversation =
      body_of(request("POST", "/v1/conversations", json{{"agent_id", agent["id"]}}.dump()));
  const std::string messages =
      "/v1/conversations/" + conversation["id"].get<std::string>() + "/messages";
  const std::string phoson = request("POST", messages, json{{"content", text}}.dump());
  EXPECT_THAT(phoson, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(body_of(phoson)["detail"].get<std::string>(), HasSubstr("the model's window of"));
}

// It has room in the window by itself, and none beside the tools that every turn is offered.
TEST_F(SharesTest, AMessageThatFitsOnlyWithoutTheToolsIsRefusedInEveryDialect) {
  const std::string windows = folder_.write(
      "windows.yaml",
      "dated: 2026-01-01\nwindows:\n  offline:\n    \"*\": {context: 16384, output: 1024}\n");
  start({"--context-windows-file", windows});
  const std::string text = words(24'000);
  const auto id_of = [&](const std::string& path, const json& body) {
    const std::string made = request("POST", path, body.dump());
    return body_of(made)["id"].get<std::string>();
  };
  const std::string fathom = new_thread();
  const std::string agent = id_of("/v1/agents", {{"name", "a"}});
  const std::string phoson = id_of("/v1/conversations", {{"agent_id", agent}});
  const std::string platos = id_of("/api/v1/agent/threads", json::object());
  const std::string tandem = id_of("/session", json::object());
  const std::vector<std::pair<std::string, json>> prompts = {
      {"/api/v1/threads/" + fathom + "/messages", {{"text", text}}},
      {"/api/v1/message", {{"text", text}}},
      {"/api/v1/stream", {{"text", text}}},
      {"/v1/conversations/" + phoson + "/messages", {{"content", text}}},
      {"/v1/conversations/" + phoson + "/messages", {{"content", text}, {"stream", true}}},
      {"/api/v1/agent/threads/" + platos + "/messages", {{"message", text}}},
      {"/session/" + tandem + "/prompt_async?return=run", {{"text", text}}},
      {"/session/" + tandem + "/prompt_sync", {{"text", text}}},
  };
  for (const auto& [path, body] : prompts) {
    const std::string refused = request("POST", path, body.dump());
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 413")) << path;
    EXPECT_THAT(refused, HasSubstr("the model's window of 16384")) << path;
  }
  for (const std::string& thread : {fathom, phoson, platos, tandem}) {
    EXPECT_EQ(messages_in(thread), 0U) << thread;
  }
  const json alone = {{"text", text}, {"toolMode", "none"}};
  EXPECT_THAT(request("POST", "/session/" + tandem + "/prompt_sync", alone.dump()),
              StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(messages_in(tandem), 2U);
}

TEST_F(SharesTest, AMessageBeyondTheSettingIsRefusedWithItsName) {
  start({"--limits-message-bytes-max", "2048"});
  const std::string thread = new_thread();
  const std::string path = "/api/v1/threads/" + thread + "/messages";
  const std::string refused = request("POST", path, json{{"text", words(2049)}}.dump());
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(refused, HasSubstr("limits.message_bytes_max (2048)"));
  EXPECT_EQ(messages_in(thread), 0U);
  EXPECT_THAT(request("POST", path, json{{"text", words(2000)}}.dump()),
              StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(messages_in(thread), 2U);
}

// Searches that take their time are under way when the server is told to stop, and new ones come.
TEST_F(SharesTest, AStopUnderSearchesEndsThemAndNothingElse) {
  const std::string windows = folder_.write(
      "windows.yaml",
      "dated: 2026-01-01\nwindows:\n  offline:\n    \"*\": {context: 9000000, output: 8192}\n");
  start({"--context-windows-file", windows});
  const std::string thread = new_thread();
  const std::string sent = request("POST", "/api/v1/threads/" + thread + "/messages",
                                   json{{"text", words(900'000)}}.dump());
  ASSERT_THAT(sent, StartsWith("HTTP/1.1 200"));
  constexpr int searchers = 8;
  const std::string search = "/api/v1/threads/search?q=a&limit=200";
  std::latch answered(searchers);
  std::vector<std::jthread> threads;
  for (int i = 0; i < searchers; ++i) {
    threads.emplace_back([&] {
      EXPECT_THAT(request("GET", search), StartsWith("HTTP/1.1 200"));
      answered.count_down();
      try {
        while (!request("GET", search).empty()) {
        }
      } catch (const std::runtime_error&) {  // it does not listen any more
      }
    });
  }
  answered.wait();
  const auto ended = server_->stop();
  EXPECT_EQ(ended.code, 0) << ended.err;
}

}  // namespace
}  // namespace colonnade::e2e
