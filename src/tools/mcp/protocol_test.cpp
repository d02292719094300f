#include "tools/mcp/protocol.hpp"

#include <gtest/gtest.h>

#include "net/limits.hpp"
#include "tools/mcp/handshake.hpp"
#include "tools/mcp/limits.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;

template <class T>
T only(std::string_view text) {
  auto messages = decode_messages(text);
  EXPECT_TRUE(messages) << messages.error().message;
  EXPECT_EQ(messages->size(), 1U);
  return std::get<T>(messages->front());
}

TEST(McpProtocol, TellsTheFourKindsOfMessagesApart) {
  const auto request = only<RpcRequest>(R"({"jsonrpc":"2.0","id":"a","method":"roots/list"})");
  EXPECT_EQ(std::get<std::string>(request.id), "a");
  EXPECT_EQ(request.params, Json::object());
  const auto told = only<RpcNotification>(R"({"jsonrpc":"2.0","method":"n","params":{"x":1}})");
  EXPECT_EQ(told.params.at("x"), 1);
  EXPECT_EQ(only<RpcResult>(R"({"jsonrpc":"2.0","id":7,"result":{"y":2}})").result.at("y"), 2);
  const auto failure =
      only<RpcFailure>(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}})");
  EXPECT_FALSE(failure.id);
  EXPECT_EQ(failure.error.code, -32700);
}

// JavaScript and Python write it so where a text was cut in the middle of a character.
TEST(McpProtocol, HalfACharacterIsAReplacementCharacter) {
  const auto text = [](std::string_view escaped) {
    return only<RpcResult>(R"({"jsonrpc":"2.0","id":1,"result":{"t":")" + std::string(escaped) +
                           R"("}})")
        .result.at("t")
        .get<std::string>();
  };
  const std::string gone = "\xEF\xBF\xBD";
  EXPECT_EQ(text(R"(a\ud83d)"), "a" + gone);
  EXPECT_EQ(text(R"(\ud83d b)"), gone + " b");
  EXPECT_EQ(text(R"(\ude00c)"), gone + "c");
  EXPECT_EQ(text(R"(\ud83d\ud83d\ude00)"), gone + "\xF0\x9F\x98\x80");
  EXPECT_EQ(text(R"(\ud83d\n\\ud83d\u00e4)"), gone + "\n\\ud83d\xC3\xA4")
      << "other escapes are as they were";
  EXPECT_FALSE(decode_messages(R"({"t":"\ud83d")"));
}

TEST(McpProtocol, TakesABatchApart) {
  const auto messages =
      decode_messages(R"([{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","method":"n"}])");
  ASSERT_TRUE(messages);
  EXPECT_EQ(messages->size(), 2U);
  EXPECT_FALSE(decode_messages("[]"));
}

TEST(McpProtocol, RefusesWhatIsNoMessage) {
  for (const char* text :
       {"", "listening on port 3000", "{", "[1]", "3", R"({"jsonrpc":"1.0","method":"x"})",
        R"({"jsonrpc":"2.0"})", R"({"jsonrpc":"2.0","id":1.5,"result":{}})",
        R"({"jsonrpc":"2.0","id":1,"result":[]})", R"({"jsonrpc":"2.0","result":{}})",
        R"({"jsonrpc":"2.0","id":1,"error":"no"})", R"({"jsonrpc":"2.0","method":3})",
        R"({"jsonrpc":"2.0","method":"x","params":[1]})",
        R"({"jsonrpc":"2.0","id":{},"method":"x"})", "{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}"}) {
    const auto messages = decode_messages(text);
    ASSERT_FALSE(messages) << text;
    EXPECT_EQ(messages.error().kind, ErrorKind::upstream) << text;
  }
}

TEST(McpProtocol, BoundsSizeAndDepth) {
  std::string deep = R"({"jsonrpc":"2.0","method":"x","params":{"a":)";
  deep += std::string(100'000, '[') + std::string(100'000, ']') + "}}";
  EXPECT_FALSE(decode_messages(deep));
  const std::string large(limits::mcp_message_bytes_max + 1, ' ');
  EXPECT_FALSE(decode_messages(large));
  std::string crowd = "[";
  for (std::size_t i = 0; i <= limits::mcp_batch_messages_max; ++i) {
    crowd += std::string(i == 0 ? "" : ",") + R"({"jsonrpc":"2.0","method":"x"})";
  }
  EXPECT_FALSE(decode_messages(crowd + "]"));
}

TEST(McpProtocol, CutsAServersErrorText) {
  const Json body = {{"jsonrpc", "2.0"},
                     {"id", 1},
                     {"error", {{"code", 1}, {"message", std::string(10'000, 'x')}}}};
  EXPECT_EQ(only<RpcFailure>(body.dump()).error.message.size(), limits::upstream_message_bytes_max);
}

TEST(McpProtocol, EncodesOneLine) {
  EXPECT_EQ(encode_request(3, "tools/call", {{"name", "a\nb"}}),
            R"({"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a\nb"}})");
  EXPECT_EQ(encode_notification("notifications/initialized", nullptr),
            R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  EXPECT_EQ(encode_result(RequestId("s"), Json::object()),
            R"({"jsonrpc":"2.0","id":"s","result":{}})");
  EXPECT_EQ(encode_failure(RequestId(std::int64_t{1}), -32601, "no"),
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}})");
}

// --- the two eras ---

Json discover_result() {
  return Json::parse(
      R"({"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},
          "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}},
          "resultType":"complete"})");
}

TEST(McpHandshake, AServerThatIsDiscoveredIsModern) {
  const auto verdict = classify_probe(discover_result());
  const auto* modern = std::get_if<UseModern>(&verdict);
  ASSERT_NE(modern, nullptr);
  EXPECT_EQ(modern->server.name, "s");
  EXPECT_TRUE(modern->server.tools);
  EXPECT_TRUE(modern->server.tools_list_changed);
  EXPECT_TRUE(modern->server.modern());
}

TEST(McpHandshake, AnyUnrecognizedErrorMeansAnOlderServer) {
  for (const std::int64_t code : {-32601, -32602, -32600, -32000, -32004, 0}) {
    EXPECT_TRUE(std::holds_alternative<UseInitialize>(classify_probe(RpcError{.code = code})));
  }
  for (const int status : {400, 404, 405, 406}) {
    const TransportFailure refused{.error = {}, .http_status = status};
    EXPECT_TRUE(std::holds_alternative<UseInitialize>(classify_probe(refused))) << status;
  }
  EXPECT_TRUE(std::holds_alternative<UseInitialize>(classify_probe(Json::object())));
}

TEST(McpHandshake, ARecognizedErrorDoesNot) {
  const RpcError older{.code = error_code::unsupported_version,
                       .data = {{"supported", {"2027-01-01", "2025-11-25"}}}};
  EXPECT_TRUE(std::holds_alternative<UseInitialize>(classify_probe(older)));
  const RpcError newer{.code = error_code::unsupported_version,
                       .data = {{"supported", {"2027-01-01"}}}};
  const auto verdict = classify_probe(newer);
  ASSERT_TRUE(std::holds_alternative<HandshakeFailed>(verdict));
  EXPECT_NE(std::get<HandshakeFailed>(verdict).error.message.find("2027-01-01"), std::string::npos);
  EXPECT_TRUE(std::holds_alternative<HandshakeFailed>(
      classify_probe(RpcError{.code = error_code::header_mismatch})));
}

TEST(McpHandshake, ARefusalOfOursOrABrokenServerIsNoSignOfAge) {
  for (const int status : {401, 403, 429, 500, 503}) {
    const TransportFailure failure{.error = {.kind = ErrorKind::unavailable},
                                   .http_status = status};
    EXPECT_TRUE(std::holds_alternative<HandshakeFailed>(classify_probe(failure))) << status;
  }
}

TEST(McpHandshake, InitializeEndsWithARevisionThatWeSpeak) {
  const auto good = read_initialize({{"protocolVersion", "2024-11-05"}, {"capabilities", {}}});
  ASSERT_TRUE(good);
  EXPECT_EQ(good->revision, "2024-11-05");
  EXPECT_FALSE(good->tools);
  EXPECT_FALSE(read_initialize({{"protocolVersion", "1999-01-01"}}));
  // The newer era has no initialize, so it cannot be what one agrees on.
  EXPECT_FALSE(read_initialize({{"protocolVersion", "2026-07-28"}}));
  EXPECT_FALSE(read_initialize(Json::object()));
}

TEST(McpHandshake, EachModernRequestSaysWhatItSpeaks) {
  const Json params =
      with_meta({{"name", "t"}, {"_meta", {{"progressToken", 4}}}}, {.elicitation = true});
  EXPECT_EQ(params.at("_meta").at("progressToken"), 4);
  EXPECT_EQ(params.at("_meta").at("io.modelcontextprotocol/protocolVersion"), "2026-07-28");
  EXPECT_TRUE(
      params.at("_meta").at("io.modelcontextprotocol/clientCapabilities").contains("elicitation"));
}

}  // namespace
}  // namespace colonnade::tools::mcp
