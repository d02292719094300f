// The script of the Python client's habits, against a server that says what a test tells it to. The
// server's own rules are held against it where the whole dialect is served.
#include "platos_python_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>

#include "base/log.hpp"
#include "dialects/socket_io/endpoint.hpp"

namespace colonnade::tests {
namespace {

using dialects::socket_io::Endpoint;
using dialects::socket_io::Lobby;
using dialects::socket_io::Socket;
using dialects::socket_io::SocketHandler;
using ::testing::ElementsAre;

TEST(PythonAgentEventTest, SeesOneKindOfFrameOnly) {
  EXPECT_TRUE(python_agent_event(R"(42/agent,["agent_event",{"type":"token"}])"));
  EXPECT_TRUE(python_agent_event(R"(42/any,["agent_event", {"type": "token"}])"));
  EXPECT_FALSE(python_agent_event(R"(42["agent_event",{"type":"token"}])"));
  EXPECT_FALSE(python_agent_event(R"(42/agent,["error",{"message":"x"}])"));
  EXPECT_FALSE(python_agent_event(R"(42/agent,["agent_event","x"])"));
  EXPECT_FALSE(python_agent_event("2"));
}

// Says `events` for a message, and from `resume_at` on for a resume.
struct Script {
  std::vector<std::string> events{};
  std::size_t resume_at = 0;
  std::mutex mutex{};
  std::vector<std::string> heard{};
};

class ScriptedSocket final : public SocketHandler {
 public:
  ScriptedSocket(std::shared_ptr<Script> script, std::shared_ptr<Socket> socket)
      : script_(std::move(script)), socket_(std::move(socket)) {}
  void on_joined() override { socket_->emit("connected", "{}"); }
  base::Task<void> on_event(std::string name, base::Json, std::optional<std::uint64_t>) override {
    {
      const std::lock_guard lock(script_->mutex);
      script_->heard.push_back(name);
    }
    const std::size_t from = name == "resume_stream" ? script_->resume_at : 0;
    for (std::size_t i = from; i < script_->events.size(); ++i) {
      socket_->emit("agent_event", script_->events[i]);
    }
    co_return;
  }
  void on_closed() override {}

 private:
  std::shared_ptr<Script> script_;
  std::shared_ptr<Socket> socket_;
};

class ScriptedLobby final : public Lobby {
 public:
  base::Task<base::Result<std::shared_ptr<SocketHandler>>> join(
      std::shared_ptr<const net::Request>, base::Json, std::shared_ptr<Socket> socket) override {
    co_return std::make_shared<ScriptedSocket>(script, std::move(socket));
  }
  std::shared_ptr<Script> script = std::make_shared<Script>();
};

class PythonSendTest : public ::testing::Test {
 protected:
  PythonSendTest() { base::log::set_level(base::log::Level::off); }
  PythonSend client(std::vector<int> cuts = {}) {
    return PythonSend({.port = server_.server.port(),
                       .thread_id = "t1",
                       .message = "hi",
                       .cut_after_tokens = std::move(cuts)});
  }
  std::vector<std::string> heard() {
    const std::lock_guard lock(lobby_.script->mutex);
    return lobby_.script->heard;
  }

  ScriptedLobby lobby_;
  base::SystemClock clock_;
  Endpoint endpoint_{lobby_, clock_};
  net::testing::TestServer server_{endpoint_.routes("/socket.io"), {}, {}, 2};
};

TEST_F(PythonSendTest, EndsAtDoneAndNotAtAnError) {
  lobby_.script->events = {R"({"type":"error","message":"x"})", R"({"type":"token","text":"a"})",
                           R"({"type":"done"})"};
  PythonSend send = client();
  EXPECT_TRUE(send.run());
  EXPECT_THAT(send.types(), ElementsAre("connected", "error", "token", "done"));
  EXPECT_THAT(heard(), ElementsAre("message"));
}

TEST_F(PythonSendTest, ResumesAfterACutWithoutAPosition) {
  lobby_.script->events = {R"({"type":"token","text":"a"})", R"({"type":"token","text":"b"})",
                           R"({"type":"token","text":"c"})", R"({"type":"done"})"};
  lobby_.script->resume_at = 2;
  PythonSend send = client({2});
  EXPECT_TRUE(send.run());
  EXPECT_THAT(send.types(), ElementsAre("connected", "token", "token", "disconnected",
                                        "reconnecting", "connected", "token", "done"));
  EXPECT_EQ(send.text(), "abc");
  EXPECT_THAT(heard(), ElementsAre("message", "resume_stream"));
}

}  // namespace
}  // namespace colonnade::tests
