#include "base/json_rpc.hpp"

#include <gtest/gtest.h>

namespace colonnade::base::json_rpc {
namespace {

std::expected<Frame, Unreadable> frame(std::string_view text) {
  return read_frame(Json::parse(text));
}

TEST(JsonRpc, TellsWhatHasAMethodFromAnswers) {
  const auto request = frame(R"({"jsonrpc":"2.0","id":"a","method":"m","params":{"x":1}})");
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->is_answer);
  EXPECT_EQ(request->id, RequestId("a"));
  EXPECT_EQ(request->method, "m");
  EXPECT_EQ(request->params.at("x"), 1);
  const auto notification = frame(R"({"jsonrpc":"2.0","method":"m","params":null})");
  ASSERT_TRUE(notification);
  EXPECT_FALSE(notification->id_sent);
  EXPECT_EQ(notification->params, Json::object());
  for (const char* answer : {R"({"jsonrpc":"2.0","id":1,"result":{}})",
                             R"({"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}})"}) {
    EXPECT_TRUE(frame(answer)->is_answer) << answer;
  }
}

TEST(JsonRpc, AnIdIsATextOrAWholeNumber) {
  const auto id = [](const std::string& text) {
    return frame(R"({"jsonrpc":"2.0","method":"m","id":)" + text + "}")->id;
  };
  EXPECT_EQ(id("-7"), RequestId(std::int64_t{-7}));
  EXPECT_EQ(id("1.0"), RequestId(std::int64_t{1}));
  EXPECT_EQ(id("\"\""), RequestId(""));
  for (const char* wrong : {"null", "1.5", "18446744073709551615", "1e300", "{}", "[1]", "true"}) {
    EXPECT_FALSE(id(wrong)) << wrong;
    EXPECT_TRUE(
        frame(R"({"jsonrpc":"2.0","method":"m","id":)" + std::string(wrong) + "}")->id_sent);
  }
}

TEST(JsonRpc, SaysWhatIsWrongAndWithWhichMessage) {
  const auto wrong = [](const char* text) {
    auto read = frame(text);
    if (read) throw std::runtime_error(text);
    return read.error();
  };
  EXPECT_EQ(wrong("[]").why, "a message is a JSON object");
  EXPECT_EQ(wrong(R"({"jsonrpc":"1.0","id":4})").id, RequestId(std::int64_t{4}));
  EXPECT_EQ(wrong(R"({"jsonrpc":"2.0","id":4,"method":3})").why, "'method' must be a string");
  EXPECT_EQ(wrong(R"({"jsonrpc":"2.0","method":"m","params":[1]})").why,
            "'params' must be an object");
  EXPECT_EQ(wrong(R"({"jsonrpc":"2.0","id":4})").why, "it has no 'method', 'result' or 'error'");
}

TEST(JsonRpc, WritesOneLineEach) {
  EXPECT_EQ(encode_request(std::int64_t{3}, "tools/call", R"({"name":"a\nb"})"),
            R"({"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a\nb"}})");
  EXPECT_EQ(encode_notification("n", ""), R"({"jsonrpc":"2.0","method":"n"})");
  EXPECT_EQ(encode_result("s\n", "{}"), R"({"jsonrpc":"2.0","id":"s\n","result":{}})");
  EXPECT_EQ(encode_fault(std::nullopt, {.code = 5, .message = "m"}),
            R"({"jsonrpc":"2.0","error":{"code":5,"message":"m"}})");
  EXPECT_EQ(encode_fault(RequestId(std::int64_t{1}), {.code = 5, .message = "m", .data = "[2]"}),
            R"({"jsonrpc":"2.0","id":1,"error":{"code":5,"message":"m","data":[2]}})");
}

TEST(JsonRpc, LooksIntoAnythingWithoutThrowing) {
  EXPECT_TRUE(member(Json(3), "a").is_null());
  EXPECT_TRUE(member(Json{{"b", 1}}, "a").is_null());
  EXPECT_EQ(text_member(Json{{"a", 1}}, "a"), "");
  EXPECT_EQ(text_member(Json{{"a", "x"}}, "a"), "x");
}

}  // namespace
}  // namespace colonnade::base::json_rpc
