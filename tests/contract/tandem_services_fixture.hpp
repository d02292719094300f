// A server for tests of Tandem's service routes, and how they ask it.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tandem_server.hpp"

namespace colonnade::tests {

using base::Json;

class TandemServicesTest : public ::testing::Test {
 protected:
  Answer as(const std::string& token, const std::string& method, const std::string& target,
            const Json& body = nullptr) {
    return server_.ask(method, target, body.is_null() ? std::string() : body.dump(),
                       {{"Authorization", "Bearer " + token}});
  }
  Answer send(const std::string& method, const std::string& target, const Json& body) {
    return server_.ask(method, target, body.dump());
  }
  Json get(const std::string& target) {
    const Answer answer = server_.get(target);
    EXPECT_EQ(answer.status, 200) << target << " " << answer.body;
    return answer.json();
  }

  TemporaryFolder folder_;
  TandemServer server_{folder_.file("colonnade.db")};
};

}  // namespace colonnade::tests
