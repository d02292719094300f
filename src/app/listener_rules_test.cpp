#include "app/listener_rules.hpp"

#include <gtest/gtest.h>

namespace colonnade::app {
namespace {

const ListenAddress loopback{"127.0.0.1", 8790};

TEST(LocalListener, IsALoopbackAddressOfWhichNothingSpeaksOfAProxy) {
  EXPECT_TRUE(is_local_listener(loopback, {}));
  EXPECT_TRUE(is_local_listener({"::1", 8790}, {}));
  EXPECT_FALSE(is_local_listener({"0.0.0.0", 8790}, {.proxy = ProxyInFront::none}));
  EXPECT_FALSE(is_local_listener({"10.0.0.1", 8790}, {.proxy = ProxyInFront::none}));
  EXPECT_FALSE(is_local_listener(loopback, {.proxy = ProxyInFront::in_front}));
}

TEST(LocalListener, IsNoneWhereASettingSpeaksOfAProxy) {
  EXPECT_FALSE(is_local_listener(loopback, {.trusted_proxies = {"127.0.0.1"}}));
  EXPECT_FALSE(is_local_listener(loopback, {.allowed_hosts = {"agent.example"}}));
  EXPECT_FALSE(is_local_listener(loopback, {.base_path = "/c/r1"}));
  Settings redirected;
  redirected.mcp.redirect_url = "https://agent.example/api/v1/mcp/callback";
  EXPECT_FALSE(is_local_listener(loopback, redirected));
  redirected.proxy = ProxyInFront::none;
  EXPECT_TRUE(is_local_listener(loopback, redirected)) << "the operator says so";
  redirected.proxy = ProxyInFront::unknown;
  redirected.mcp.redirect_url = "http://localhost:8790/api/v1/mcp/callback";
  EXPECT_TRUE(is_local_listener(loopback, redirected));
}

TEST(HeadRules, AreThoseOfTheAddress) {
  Settings settings{.allowed_hosts = {"one.example"}, .allowed_origins = {"https://app.example"}};
  settings.mcp.redirect_url = "https://two.example/api/v1/mcp/callback";
  const auto rules = head_rules(loopback, settings);
  EXPECT_TRUE(rules.loopback);
  EXPECT_EQ(rules.hosts, (std::vector<std::string>{"one.example", "two.example"}));
  EXPECT_EQ(rules.origins, std::vector<std::string>{"https://app.example"});
  EXPECT_FALSE(head_rules({"0.0.0.0", 8790}, settings).loopback);
}

}  // namespace
}  // namespace colonnade::app
