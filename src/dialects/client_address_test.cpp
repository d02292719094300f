#include "dialects/client_address.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects {
namespace {

net::Request from(std::string peer, std::string forwarded = {}) {
  net::Request request;
  request.peer_address = std::move(peer);
  if (!forwarded.empty()) request.headers.push_back({"X-Forwarded-For", std::move(forwarded)});
  return request;
}

TrustedProxies trusting(const std::vector<std::string>& entries) {
  return *TrustedProxies::parse(entries);
}

TEST(TrustedProxies, AreNobodyByDefault) {
  EXPECT_FALSE(TrustedProxies().contains("127.0.0.1"));
  EXPECT_FALSE(TrustedProxies().contains("::1"));
  EXPECT_EQ(client_address(from("127.0.0.1", "203.0.113.9"), TrustedProxies()), "127.0.0.1");
}

TEST(ThisMachine, HasLoopbackAddressesInDigits) {
  for (const char* address : {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
  for (const char* address : {"128.0.0.1", "10.0.0.1", "::2", "", "localhost", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

TEST(ThisMachine, IsNamedByLocalhostOrByLoopbackDigits) {
  for (const char* host : {"localhost", "LocalHost:80", "127.0.0.1", "127.1.2.3:80", "::1", "[::1]",
                           "[::1]:80", "[::ffff:127.0.0.1]"}) {
    EXPECT_TRUE(is_this_machine(host)) << host;
  }
  for (const char* host : {"", ":80", "localhost.example", "127.example.org", "127.0.0.1.example",
                           "127.1", "10.0.0.1", "[::2]", "0.0.0.0", "[", "]"}) {
    EXPECT_FALSE(is_this_machine(host)) << host;
  }
}

TEST(TrustedProxies, UnderstandsAddressesAndRanges) {
  const auto proxies = TrustedProxies::parse({"10.1.0.0/16", "192.0.2.7", "fd00::/9"});
  ASSERT_TRUE(proxies.has_value());
  EXPECT_TRUE(proxies->contains("10.1.255.1"));
  EXPECT_FALSE(proxies->contains("10.2.0.1"));
  EXPECT_TRUE(proxies->contains("192.0.2.7"));
  EXPECT_FALSE(proxies->contains("192.0.2.8"));
  EXPECT_TRUE(proxies->contains("fd7f::1"));
  EXPECT_FALSE(proxies->contains("fd80::1"));
  EXPECT_TRUE(TrustedProxies::parse({"0.0.0.0/0"})->contains("203.0.113.9"));
  EXPECT_FALSE(TrustedProxies::parse({"0.0.0.0/0"})->contains("2001:db8::1"));
}

TEST(TrustedProxies, NamesTheInvalidEntry) {
  for (const char* entry :
       {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "/8", "proxy", ""}) {
    const auto proxies = TrustedProxies::parse({"127.0.0.1", entry});
    ASSERT_FALSE(proxies.has_value()) << entry;
    EXPECT_EQ(proxies.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(proxies.error().field, "trusted_proxies");
    EXPECT_NE(proxies.error().message.find("'" + std::string(entry) + "'"), std::string::npos);
  }
}

// Whoever connects to the proxy writes what stands before its own entry.
TEST(ClientAddress, IsTheLastHopThatNoTrustedProxyVouchesFor) {
  const auto proxies = trusting({"127.0.0.1", "::1", "10.0.0.0/8"});
  EXPECT_EQ(client_address(from("127.0.0.1", "203.0.113.9"), proxies), "203.0.113.9");
  EXPECT_EQ(client_address(from("127.0.0.1", "198.51.100.7, 203.0.113.9"), proxies), "203.0.113.9");
  EXPECT_EQ(client_address(from("127.0.0.1", "198.51.100.7, 203.0.113.9, 10.0.0.1"), proxies),
            "203.0.113.9");
  EXPECT_EQ(client_address(from("127.0.0.1", " 203.0.113.9:4711"), proxies), "203.0.113.9");
  EXPECT_EQ(client_address(from("::1", "[2001:db8::9]:4711"), proxies), "2001:db8::9");
  EXPECT_EQ(client_address(from("::1", "2001:db8::9"), proxies), "2001:db8::9");
  EXPECT_EQ(client_address(from("127.0.0.1", "10.0.0.2, 10.0.0.1"), proxies), "10.0.0.2");
  net::Request twice = from("127.0.0.1", "198.51.100.7");
  twice.headers.push_back({"x-forwarded-for", "203.0.113.9"});
  EXPECT_EQ(client_address(twice, proxies), "203.0.113.9");
}

TEST(ClientAddress, IsThePeerWhenNobodyTrustworthySaysOtherwise) {
  const auto proxies = trusting({"127.0.0.1", "10.0.0.1"});
  EXPECT_EQ(client_address(from("198.51.100.1", "203.0.113.9"), proxies), "198.51.100.1");
  EXPECT_EQ(client_address(from("127.0.0.1"), proxies), "127.0.0.1");
  EXPECT_EQ(client_address(from("127.0.0.1", "203.0.113.9, unknown"), proxies), "127.0.0.1");
  EXPECT_EQ(client_address(from("127.0.0.1", "203.0.113.9, unknown, 10.0.0.1"), proxies),
            "10.0.0.1");
  EXPECT_EQ(client_address(from("", "203.0.113.9"), proxies), "");
}

net::Request local(const std::string& host, net::Headers more = {}) {
  net::Request out{.peer_address = "127.0.0.1", .local_listener = true};
  out.headers = std::move(more);
  if (!host.empty()) out.headers.push_back({"Host", host});
  return out;
}

TEST(LocalProgram, IsOneOnThisMachineThatSpeaksForItself) {
  for (const char* host : {"localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"}) {
    EXPECT_TRUE(is_local_program(local(host))) << host;
  }
  // Names that a page's owner may have pointed here.
  for (const char* host : {"", "evil.example", "evil.example:8000", "127.evil.example",
                           "127.0.0.1.evil.example", "localhost.evil.example"}) {
    EXPECT_FALSE(is_local_program(local(host))) << host;
  }
  EXPECT_FALSE(is_local_program(local("localhost", {{"Origin", "null"}})));
  net::Request far = local("localhost");
  far.peer_address = "203.0.113.9";
  EXPECT_FALSE(is_local_program(far));
}

TEST(LocalProgram, IsNobodyWhereAProxyMayStandInFront) {
  net::Request request = local("localhost");
  request.local_listener = false;
  EXPECT_FALSE(is_local_program(request));
  for (const char* name : {"X-Forwarded-For", "Forwarded", "x-forwarded-proto", "X-Forwarded-Host",
                           "X-Real-IP", "Via", "CF-Connecting-IP", "X-Forwarded-Anything"}) {
    EXPECT_FALSE(is_local_program(local("localhost", {{name, "127.0.0.1"}}))) << name;
    EXPECT_TRUE(was_forwarded(local("localhost", {{name, ""}}))) << name;
  }
  EXPECT_FALSE(was_forwarded(local("localhost", {{"X-Forward", "1"}, {"Accept", "*/*"}})));
}

}  // namespace
}  // namespace colonnade::dialects
