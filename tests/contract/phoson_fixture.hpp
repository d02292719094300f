// What the tests of the Phoson dialect share.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "phoson_server.hpp"

namespace colonnade::tests {

using base::Json;

class Phoson : public ::testing::Test {
 protected:
  // The one fault of a 422.
  Json fault(const Answer& answer) {
    EXPECT_EQ(answer.status, 422) << answer.body;
    const Json body = answer.json();
    if (!body["detail"].is_array() || body["detail"].size() != 1) {
      ADD_FAILURE() << answer.body;
      return nullptr;
    }
    EXPECT_EQ(body["detail"][0].size(), 3U) << answer.body;
    return body["detail"][0];
  }
  void expect_detail(const Answer& answer, int status, const std::string& detail) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.json(), (Json{{"detail", detail}}));
  }
  // Starts a turn that waits, on a connection of its own; true once it is under way.
  void begin_turn(WireConnection& connection, const std::string& conversation, bool stream) {
    auto held = std::make_shared<std::promise<void>>();
    server_.engine.model->on_hold([held] { held->set_value(); });
    server_.engine.model->script(
        {text("Fine"), Hold{}, text(", thanks."), reply({core::TextPart{"Fine, thanks."}})});
    connection.send({.method = "POST",
                     .target = PhosonServer::messages_of(conversation),
                     .body = Json{{"content", "hi"}, {"stream", stream}}.dump(),
                     .token = server_.key});
    held->get_future().wait();
    server_.engine.model->on_hold(nullptr);
  }
  Json message_list(const std::string& conversation) {
    return server_.get(PhosonServer::messages_of(conversation)).json();
  }

  TemporaryFolder folder_;
  PhosonServer server_{folder_.file("colonnade.db")};
};

}  // namespace colonnade::tests
