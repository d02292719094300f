#include "net/client_group.hpp"

#include <gtest/gtest.h>

namespace colonnade::net {
namespace {

TEST(ClientGroup, IsTheNetworkOfAnIpv6AddressAndAnIpv4AddressItself) {
  EXPECT_EQ(client_group("2001:db8:0:1:2:3:4:5"), client_group("2001:db8:0:1:ffff::1"));
  EXPECT_NE(client_group("2001:db8:0:1::1"), client_group("2001:db8:0:2::1"));
  EXPECT_EQ(client_group("203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(client_group("::ffff:203.0.113.9"), "203.0.113.9");
  EXPECT_NE(client_group("203.0.113.9"), client_group("203.0.113.8"));
  EXPECT_EQ(client_group("a name"), "a name");
  EXPECT_EQ(client_group(""), "");
}

// Any program on this machine has them all.
TEST(ClientGroup, IsOneForAllLoopbackAddresses) {
  for (const char* address :
       {"127.0.0.1", "127.0.0.40", "127.255.1.2", "::1", "::ffff:127.0.0.9"}) {
    EXPECT_EQ(client_group(address), "loopback") << address;
  }
}

}  // namespace
}  // namespace colonnade::net
