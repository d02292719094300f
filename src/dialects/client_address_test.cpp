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

TEST(TrustedProxies, LoopbackIsTheDefault) {
  const auto proxies = TrustedProxies::loopback();
  EXPECT_TRUE(proxies.contains("127.0.0.1"));
  EXPECT_TRUE(proxies.contains("127.8.9.10"));
  EXPECT_TRUE(proxies.contains("::1"));
  EXPECT_TRUE(proxies.contains("::ffff:127.0.0.1"));
  EXPECT_FALSE(proxies.contains("128.0.0.1"));
  EXPECT_FALSE(proxies.contains("10.0.0.1"));
  EXPECT_FALSE(proxies.contains("::2"));
  EXPECT_FALSE(proxies.contains(""));
  EXPECT_FALSE(proxies.contains("localhost"));
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

TEST(ClientAddress, IsTheFirstHopBehindATrustedProxy) {
  const auto proxies = TrustedProxies::loopback();
  EXPECT_EQ(client_address(from("127.0.0.1", "203.0.113.9, 10.0.0.1"), proxies), "203.0.113.9");
  EXPECT_EQ(client_address(from("127.0.0.1", " 203.0.113.9:4711"), proxies), "203.0.113.9");
  EXPECT_EQ(client_address(from("::1", "[2001:db8::9]:4711"), proxies), "2001:db8::9");
  EXPECT_EQ(client_address(from("::1", "2001:db8::9"), proxies), "2001:db8::9");
}

TEST(ClientAddress, IsThePeerWhenNobodyTrustworthySaysOtherwise) {
  const auto proxies = TrustedProxies::loopback();
  EXPECT_EQ(client_address(from("198.51.100.1", "203.0.113.9"), proxies), "198.51.100.1");
  EXPECT_EQ(client_address(from("127.0.0.1"), proxies), "127.0.0.1");
  EXPECT_EQ(client_address(from("127.0.0.1", "unknown, 203.0.113.9"), proxies), "127.0.0.1");
  EXPECT_EQ(client_address(from("", "203.0.113.9"), proxies), "");
}

}  // namespace
}  // namespace colonnade::dialects
