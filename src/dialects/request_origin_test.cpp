#include "dialects/request_origin.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects {
namespace {

net::Request request_to(const std::string& host, const std::string& origin = {}) {
  net::Request out{.peer_address = "127.0.0.1"};
  if (!host.empty()) out.headers.push_back({"Host", host});
  if (!origin.empty()) out.headers.push_back({"Origin", origin});
  return out;
}

std::string refused(const HeadRules& rules, const net::Request& request) {
  const auto checked = check_head(rules, request);
  return checked ? "" : checked.error().field;
}

TEST(HeadRules, ALoopbackListenerAnswersToNamesOfThisMachineOnly) {
  const HeadRules loopback{.loopback = true};
  for (const char* host : {"localhost:8790", "127.0.0.1:8790", "[::1]:8790", "LOCALHOST", ""}) {
    EXPECT_EQ(refused(loopback, request_to(host)), "") << host;
  }
  for (const char* host :
       {"evil.example:8790", "127.0.0.1.evil.example", "10.0.0.1", "localhost."}) {
    EXPECT_EQ(refused(loopback, request_to(host)), "Host") << host;
  }
  EXPECT_EQ(refused({}, request_to("agent.example")), "") << "listens for others";
  const HeadRules named{.loopback = true, .hosts = {"agent.example"}};
  EXPECT_EQ(refused(named, request_to("Agent.Example:443")), "");
  EXPECT_EQ(refused(named, request_to("other.example")), "Host");
  EXPECT_EQ(refused({.loopback = true, .hosts = {"*"}}, request_to("other.example")), "");
}

TEST(HeadRules, AllowedOriginsNarrowWhichPagesAsk) {
  const HeadRules narrow{.origins = {"https://app.example"}};
  EXPECT_EQ(refused(narrow, request_to("agent.example")), "") << "no page";
  EXPECT_EQ(refused(narrow, request_to("agent.example", "https://app.example")), "");
  EXPECT_EQ(refused(narrow, request_to("agent.example", "https://agent.example")), "") << "its own";
  for (const char* origin : {"https://evil.example", "null", "http://app.example",
                             "https://app.example.evil.example", "https://app.example:8443"}) {
    EXPECT_EQ(refused(narrow, request_to("agent.example", origin)), "Origin") << origin;
  }
  EXPECT_EQ(refused({}, request_to("agent.example", "https://evil.example")), "")
      << "a credential decides";
}

TEST(PageOrigin, WithoutACredentialOnlyOwnAndNamedPagesAsk) {
  EXPECT_TRUE(is_page_of(request_to("127.0.0.1:8790"), {}));
  EXPECT_TRUE(is_page_of(request_to("127.0.0.1:8790", "http://127.0.0.1:8790"), {}));
  EXPECT_FALSE(is_page_of(request_to("127.0.0.1:8790", "http://127.0.0.1:3000"), {}));
  EXPECT_FALSE(is_page_of(request_to("127.0.0.1:8790", "https://evil.example"), {}));
  EXPECT_FALSE(is_page_of(request_to("127.0.0.1:8790", "null"), {}));
  EXPECT_TRUE(is_page_of(request_to("h", "https://app.example"), {"https://app.example"}));
  EXPECT_TRUE(is_page_of(request_to("h", "https://any.example"), {"*"}));
}

}  // namespace
}  // namespace colonnade::dialects
