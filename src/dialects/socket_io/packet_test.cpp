#include "dialects/socket_io/packet.hpp"

#include <gtest/gtest.h>

namespace colonnade::dialects::socket_io {
namespace {

TEST(EnginePackets, AreATypeAndABody) {
  const auto packet = read_engine_packet("42[\"hi\"]");
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type, EngineType::message);
  EXPECT_EQ(packet->body, "2[\"hi\"]");
  EXPECT_EQ(read_engine_packet("2probe")->body, "probe");
  for (const char* bad : {"", "7", "x", "bAQID"}) EXPECT_FALSE(read_engine_packet(bad)) << bad;
}

TEST(EnginePackets, APollingBodyHoldsSeveral) {
  const auto packets = read_polling_body(
      "40/agent,\x1E"
      "42/agent,[\"a\"]\x1E"
      "3");
  ASSERT_TRUE(packets);
  ASSERT_EQ(packets->size(), 3U);
  EXPECT_EQ((*packets)[1].body, "2/agent,[\"a\"]");
  EXPECT_EQ((*packets)[2].type, EngineType::pong);
  EXPECT_FALSE(read_polling_body(""));
  EXPECT_FALSE(read_polling_body("4\x1E"));
  EXPECT_FALSE(
      read_polling_body("40\x1E"
                        "bAQID"));
}

struct PacketCase {
  const char* text;
  PacketType type;
  const char* name_space;
  std::optional<std::uint64_t> ack_id;
  const char* json;
};

// The examples of the protocol's page, and the forms in which clients write them.
TEST(SocketPackets, AreRead) {
  const PacketCase cases[] = {
      {"0", PacketType::connect, "/", {}, ""},
      {"0/agent,", PacketType::connect, "/agent", {}, ""},
      {"0/agent", PacketType::connect, "/agent", {}, ""},
      {"0/agent?token=x,{}", PacketType::connect, "/agent", {}, "{}"},
      {"0/admin,{\"sid\":\"x\"}", PacketType::connect, "/admin", {}, "{\"sid\":\"x\"}"},
      {"1/admin,", PacketType::disconnect, "/admin", {}, ""},
      {"2[\"foo\"]", PacketType::event, "/", {}, "[\"foo\"]"},
      {"2/admin,[\"bar\"]", PacketType::event, "/admin", {}, "[\"bar\"]"},
      {"212[\"foo\"]", PacketType::event, "/", 12, "[\"foo\"]"},
      {"2/admin,456[\"project:delete\",123]", PacketType::event, "/admin", 456,
       "[\"project:delete\",123]"},
      {"3/admin,456[]", PacketType::ack, "/admin", 456, "[]"},
      {"4/agent,{\"message\":\"no\"}",
       PacketType::connect_error,
       "/agent",
       {},
       "{\"message\":\"no\"}"},
      {"51-[\"baz\",{\"_placeholder\":true,\"num\":0}]",
       PacketType::binary_event,
       "/",
       {},
       "[\"baz\",{\"_placeholder\":true,\"num\":0}]"},
      {"61-/admin,456[]", PacketType::binary_ack, "/admin", 456, "[]"},
  };
  for (const PacketCase& one : cases) {
    const auto packet = read_packet(one.text);
    ASSERT_TRUE(packet) << one.text;
    EXPECT_EQ(packet->type, one.type) << one.text;
    EXPECT_EQ(packet->name_space, one.name_space) << one.text;
    EXPECT_EQ(packet->ack_id, one.ack_id) << one.text;
    EXPECT_EQ(packet->json, one.json) << one.text;
  }
}

TEST(SocketPackets, WhatIsNoPacketIsRefused) {
  for (const char* bad : {"", "7", "x", "5[]", "5x-[]", "3[]", "299999999999999999999[]"}) {
    EXPECT_FALSE(read_packet(bad)) << bad;
  }
}

TEST(SocketPackets, AreWritten) {
  EXPECT_EQ(write_packet(PacketType::connect, "/agent", "{\"sid\":\"x\"}"),
            "40/agent,{\"sid\":\"x\"}");
  EXPECT_EQ(write_packet(PacketType::event, "/", "[\"a\"]"), "42[\"a\"]");
  EXPECT_EQ(write_packet(PacketType::ack, "/agent", "[]", 7), "43/agent,7[]");
  EXPECT_EQ(write_packet(PacketType::disconnect, "/agent", ""), "41/agent,");
}

}  // namespace
}  // namespace colonnade::dialects::socket_io
