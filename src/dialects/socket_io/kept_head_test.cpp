#include "dialects/socket_io/kept_head.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects::socket_io {
namespace {

net::Request upgrade() {
  net::Request out;
  out.target = "/socket.io/?EIO=4&transport=websocket";
  out.path = "/socket.io/";
  out.query = "EIO=4&transport=websocket";
  out.headers = {{"Host", "agents.example"},
                 {"upgrade", "websocket"},
                 {"Connection", "Upgrade"},
                 {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                 {"X-Platos-Session-Token", "a.b.c"},
                 {"X-Forwarded-For", ""},
                 {"Cookie", "a=1"},
                 {"Cookie", "b=2"}};
  out.peer_address = "192.0.2.1";
  out.secure = true;
  return out;
}

TEST(KeptHead, SaysWhatTheRequestSaidOfItsSender) {
  const net::Request request = upgrade();
  const auto again = KeptHead(request).request();
  EXPECT_EQ(again->target, request.target);
  EXPECT_EQ(again->path, request.path);
  EXPECT_EQ(again->query, request.query);
  EXPECT_EQ(again->peer_address, "192.0.2.1");
  EXPECT_TRUE(again->secure);
  EXPECT_FALSE(again->local_listener);
  EXPECT_EQ(again->header("x-platos-session-token"), "a.b.c");
  EXPECT_TRUE(again->has_header("X-Forwarded-For")) << "empty is not absent";
  EXPECT_EQ(again->header("Host"), "agents.example");
  ASSERT_EQ(again->headers.size(), 5U);
  EXPECT_EQ(again->headers[4].value, "b=2");
}

TEST(KeptHead, IsNoLargerThanWhatItSays) {
  net::Request request = upgrade();
  const std::size_t before = KeptHead(request).bytes();
  request.headers.push_back({"Sec-WebSocket-Extensions", std::string(4000, 'x')});
  EXPECT_EQ(KeptHead(request).bytes(), before);
  EXPECT_LT(before, 200U);
}

TEST(KeptHead, ABareRequestHasNone) {
  EXPECT_TRUE(KeptHead(net::Request()).request()->headers.empty());
}

}  // namespace
}  // namespace colonnade::dialects::socket_io
