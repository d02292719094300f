#include "dialects/faramesh/access.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects::faramesh {
namespace {

net::Request local(const std::string& host, net::Headers more = {}) {
  net::Request out{.peer_address = "127.0.0.1"};
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
  EXPECT_FALSE(is_local_program(local("localhost", {{"X-Forwarded-For", "127.0.0.1"}})));
  EXPECT_FALSE(is_local_program(local("localhost", {{"Forwarded", "for=127.0.0.1"}})));
  net::Request far = local("localhost");
  far.peer_address = "203.0.113.9";
  EXPECT_FALSE(is_local_program(far));
}

}  // namespace
}  // namespace colonnade::dialects::faramesh
