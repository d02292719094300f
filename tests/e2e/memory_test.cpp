// Agents with memory, through the real program and the Phoson client: no approval stands between a
// model and its own memory, conversations share it, restarts keep it, and it goes with its agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "colonnade/phoson.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class MemoryOverPhoson : public testing::Test {
 protected:
  void SetUp() override {
    start();
    ASSERT_TRUE(server_->ready().is_object());
  }
  // Full text alone, so that the test does not depend on what the build found.
  void start() {
    server_ = std::make_unique<ServerProcess>(
        folder_, Arguments{}, Variables{{"COLONNADE_MEMORY_WORD_VECTORS", "false"}});
    if (!server_->ready().is_object()) return;
    if (token_.empty()) token_ = server_->ready()["first_token"];
    client_ = std::make_unique<phoson::Client>(
        phoson::Options{.api_key = token_, .base_url = server_->url()});
  }
  void restart() {
    client_.reset();
    EXPECT_EQ(server_->stop().code, 0);
    start();
  }
  // In a conversation of its own.
  std::string say(const std::string& agent_id, const std::string& text) {
    const auto chat = client_->conversations.create({.agent_id = agent_id});
    return client_->messages.send(chat.id, text, {.provider = "offline"}).content;
  }

  Folder folder_;
  std::string token_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<phoson::Client> client_;
};

TEST_F(MemoryOverPhoson, KeysAreSharedByConversationsAndOutliveARestart) {
  const auto agent = client_->agents.create({.name = "Butler"});
  EXPECT_THAT(say(agent.id, R"(/tool memory_write {"key":"user/tea","value":"green"})"),
              HasSubstr(R"("replaced":false)"));
  restart();
  EXPECT_THAT(say(agent.id, R"(/tool memory_read {"key":"user/tea"})"), HasSubstr("green"));
  EXPECT_THAT(say(agent.id, "/tool memory_list"), HasSubstr("user/tea"));
  const auto other = client_->agents.create({.name = "Cook"});
  EXPECT_THAT(say(other.id, "/tool memory_list"), Not(HasSubstr("user/tea")));
  EXPECT_THAT(say(agent.id, "/tool memory_recall {\"query\":\"tea\"}"), HasSubstr("no tool"));
}

TEST_F(MemoryOverPhoson, TextsAreRecalledUntilTheirAgentIsDeleted) {
  const auto agent =
      client_->agents.create({.name = "Butler", .memory_type = phoson::MemoryType::semantic});
  say(agent.id, R"(/tool memory_remember {"text":"The tulips need water on Mondays."})");
  EXPECT_THAT(say(agent.id, R"(/tool memory_recall {"query":"When do I water the tulips?"})"),
              HasSubstr("on Mondays"));
  client_->agents.remove(agent.id);
  const auto next =
      client_->agents.create({.name = "Butler", .memory_type = phoson::MemoryType::semantic});
  EXPECT_THAT(say(next.id, R"(/tool memory_recall {"query":"tulips"})"),
              Not(HasSubstr("on Mondays")));
}

}  // namespace
}  // namespace colonnade::e2e
