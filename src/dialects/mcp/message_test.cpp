#include "dialects/mcp/message.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dialects/mcp/limits.hpp"
#include "dialects/mcp/revision.hpp"

namespace colonnade::dialects::mcp {
namespace {

Incoming sound(std::string_view text) {
  auto decoding = decode(text);
  if (!decoding || !decoding->messages.front()) throw std::runtime_error("not sound");
  return std::move(*decoding->messages.front());
}

TEST(McpMessage, KnowsItsThreeKinds) {
  EXPECT_EQ(sound(R"({"jsonrpc":"2.0","id":1,"method":"a"})").kind, Kind::request);
  EXPECT_EQ(sound(R"({"jsonrpc":"2.0","method":"a"})").kind, Kind::notification);
  EXPECT_EQ(sound(R"({"jsonrpc":"2.0","id":1,"result":{}})").kind, Kind::response);
  EXPECT_EQ(sound(R"({"jsonrpc":"2.0","error":{"code":1,"message":""}})").kind, Kind::response);
}

TEST(McpMessage, GivesIdsBackAsTheyCame) {
  const auto id = [](const char* text) { return encode_result(*sound(text).id, ""); };
  EXPECT_EQ(id(R"({"jsonrpc":"2.0","id":"1\n","method":"a"})"),
            R"({"jsonrpc":"2.0","id":"1\n","result":{}})");
  EXPECT_EQ(id(R"({"jsonrpc":"2.0","id":-7,"method":"a"})"),
            R"({"jsonrpc":"2.0","id":-7,"result":{}})");
  EXPECT_EQ(encode_fault({}, {.code = 5, .message = "m"}),
            R"({"jsonrpc":"2.0","error":{"code":5,"message":"m"}})");
}

TEST(McpMessage, CutsABatchAsItWasSent) {
  const auto decoding = decode(R"([ {"jsonrpc":"2.0","method":"a","params":{"n":1.0}} , 5])");
  ASSERT_TRUE(decoding);
  ASSERT_EQ(decoding->messages.size(), 2u);
  EXPECT_EQ(exact_value(decoding->messages[0]->text, {"params", "n"}), "1.0");
  EXPECT_FALSE(decoding->messages[1]);
  std::string many = "[1";
  for (std::size_t i = 0; i < limits::mcp_endpoint_batch_messages_max; ++i) many += ",1";
  EXPECT_FALSE(decode(many + "]"));
}

TEST(McpMessage, TakesValuesExactly) {
  const std::string_view text =
      R"({"b": {"c" : { "z":1.50 ,"a":123456789012345678901234567890 } }, "n":null})";
  EXPECT_EQ(exact_value(text, {"b", "c"}), R"({ "z":1.50 ,"a":123456789012345678901234567890 })");
  EXPECT_EQ(exact_value(text, {"b", "d"}), "");
  EXPECT_EQ(exact_value(text, {"n", "d"}), "");
  EXPECT_EQ(exact_value(text, {}), "");
}

TEST(McpRevision, IsTheClientsWhereItIsServed) {
  const ServerInfo server_info{.version = "1", .instructions = "i"};
  const auto agreed = [&](const char* requested) {
    return negotiate({{"protocolVersion", requested}}, server_info).revision;
  };
  EXPECT_EQ(agreed("2024-11-05"), "2024-11-05");
  EXPECT_EQ(agreed("2025-03-26"), "2025-03-26");
  EXPECT_EQ(agreed("2026-07-28"), "2025-11-25");
  EXPECT_EQ(agreed(""), "2025-11-25");
}

}  // namespace
}  // namespace colonnade::dialects::mcp
