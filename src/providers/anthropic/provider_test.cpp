#include "providers/anthropic/provider.hpp"

#include "conformance/provider_suite.hpp"
#include "conformance/scripted_vendor.hpp"

namespace colonnade::providers::anthropic {
namespace {

using conformance::VendorAnswer;

std::string event(const std::string& type, const std::string& fields) {
  return "event: " + type + "\ndata: {\"type\":\"" + type + "\"" + (fields.empty() ? "" : ",") +
         fields + "}\n\n";
}

std::string start() {
  return event(
      "message_start",
      R"("message":{"model":"claude-test","content":[],"usage":{"input_tokens":3,"output_tokens":1}})");
}
std::string block(int index, const std::string& content) {
  return event("content_block_start",
               "\"index\":" + std::to_string(index) + ",\"content_block\":" + content);
}
std::string delta(int index, const std::string& content) {
  return event("content_block_delta",
               "\"index\":" + std::to_string(index) + ",\"delta\":" + content);
}
std::string text(int index, std::initializer_list<const char*> words) {
  std::string out = block(index, R"({"type":"text","text":""})");
  for (const auto* word : words) {
    out += delta(index, R"({"type":"text_delta","text":")" + std::string(word) + "\"}");
  }
  return out;
}
std::string end(const std::string& reason) {
  return event("message_delta",
               R"("delta":{"stop_reason":")" + reason + R"("},"usage":{"output_tokens":9})") +
         event("message_stop", "");
}

class Vendor final : public conformance::ProviderUnderTest {
 public:
  explicit Vendor(base::Lanes& lanes) : client_(lanes) {}

  core::ModelProvider& provider() override { return *provider_; }
  core::ModelRequest speaks() override {
    return answers({.body = start() + text(0, {"one ", "two ", "three"}) + end("end_turn")});
  }
  core::ModelRequest reasons() override {
    return answers({.body = start() + block(0, R"({"type":"thinking","thinking":"hm"})") +
                            delta(0, R"({"type":"thinking_delta","thinking":" hm"})") +
                            delta(0, R"({"type":"signature_delta","signature":"c2ln"})") +
                            text(1, {"ok"}) + end("end_turn")});
  }
  core::ModelRequest calls_a_tool() override {
    return answers(
        {.body =
             start() + block(0, R"({"type":"tool_use","id":"t1","name":"calculator","input":{}})") +
             delta(0, R"({"type":"input_json_delta","partial_json":"{\"expression\":\"2+2\"}"})") +
             end("tool_use")});
  }
  core::ModelRequest declines() override {
    return answers({.body = start() + text(0, {"No."}) + end("refusal")});
  }
  core::ModelRequest falls_silent() override {
    return answers({.body = start() + text(0, {"one"}), .silent = true});
  }
  core::ModelRequest is_rate_limited() override {
    return answers(
        {.status = 429,
         .headers = {{"content-type", "application/json"}, {"retry-after", "2"}},
         .body = R"({"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}})"});
  }
  std::optional<core::ModelRequest> is_cut_off() override {
    return answers({.body = start() + text(0, {"one"})});
  }
  std::optional<core::ModelRequest> breaks_off() override {
    return answers({.body = start() + text(0, {"one"}), .broken = true});
  }
  std::optional<core::ModelRequest> fails_midway() override {
    return answers(
        {.body = start() + text(0, {"one"}) +
                 event("error", R"("error":{"type":"overloaded_error","message":"Overloaded"})")});
  }
  std::optional<core::ModelRequest> quotes(const std::string& question) override {
    const std::string quoted = R"("error":{"type":"api_error","message":"I saw: )" + question;
    vendor_.answer_next({.body = start() + event("error", quoted + R"("})")});
    return core::ModelRequest{.messages = {conformance::user(question)}};
  }
  std::optional<core::ModelRequest> is_unreachable() override {
    provider_ = make_provider({.base_url = "http://127.0.0.1:1"}, client_);
    return conformance::hello("");
  }
  bool saw_client_disconnect() override { return vendor_.saw_hangup(); }

  core::ModelRequest answers(VendorAnswer answer) {
    vendor_.answer_next(std::move(answer));
    return conformance::hello("");
  }
  std::string last_request() { return vendor_.last_request(); }
  void use_key(upstream::SharedApiKey key) {
    provider_ = make_provider(
        {.base_url = vendor_.url(), .shared_key = std::move(key), .default_model = "claude-test"},
        client_);
  }

 private:
  conformance::ScriptedVendor vendor_;
  net::HttpClient client_;
  std::unique_ptr<core::ModelProvider> provider_ = make_provider(
      {.base_url = vendor_.url() + "/", .api_key = "sk-ant-key", .default_model = "claude-test"},
      client_);
};

class AnthropicProvider : public ::testing::Test {
 protected:
  conformance::Outcome ask(core::ModelRequest request) {
    auto asked = base::run_on(
        lanes_[0],
        conformance::ask_to_the_end(&lanes_[0], &vendor_.provider(), std::move(request), {}));
    return std::move(asked.outcome);
  }
  base::Lanes lanes_{1};
  Vendor vendor_{lanes_};
};

TEST_F(AnthropicProvider, SaysWhichFilesAModelCanBeShown) {
  const core::ModelProvider& provider = vendor_.provider();
  for (const char* mime : {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf",
                           "text/plain", "application/json"}) {
    EXPECT_TRUE(provider.takes_file("claude-sonnet-4-5", mime)) << mime;
  }
  for (const char* mime : {"audio/mpeg", "video/mp4", "image/tiff", "application/zip", ""}) {
    EXPECT_FALSE(provider.takes_file("claude-sonnet-4-5", mime)) << mime;
  }
  EXPECT_FALSE(provider.takes_file("claude-2.1", "image/png"));
  EXPECT_TRUE(provider.takes_file("claude-2.1", "text/plain"));
}

TEST_F(AnthropicProvider, SendsWhatTheVendorRequires) {
  ask(vendor_.speaks());
  const std::string request = vendor_.last_request();
  EXPECT_TRUE(request.starts_with("POST /v1/messages HTTP/1.1\r\n")) << request;
  for (const auto* line : {"anthropic-version: 2023-06-01\r\n", "x-api-key: sk-ant-key\r\n",
                           "content-type: application/json\r\n", "accept: text/event-stream\r\n"}) {
    EXPECT_NE(request.find(line), std::string::npos) << line;
  }
  EXPECT_NE(request.find(R"("model":"claude-test")"), std::string::npos);
}

// What traces of one's own gateway are continued with.
TEST_F(AnthropicProvider, HandsTheTraceOn) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  ask(vendor_.speaks());
  EXPECT_EQ(vendor_.last_request().find("traceparent"), std::string::npos) << "it has none";
  core::ModelRequest traced = vendor_.speaks();
  traced.traceparent = trace;
  ask(std::move(traced));
  EXPECT_NE(vendor_.last_request().find("traceparent: " + trace + "\r\n"), std::string::npos);
}

TEST_F(AnthropicProvider, AnOverloadedVendorMayBeAskedAgain) {
  const auto out = ask(vendor_.answers(
      {.status = 529,
       .headers = {{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}},
       .body = R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}));
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors[0].kind, base::ErrorKind::unavailable);
  EXPECT_TRUE(out.errors[0].retryable);
  EXPECT_EQ(out.errors[0].retry_after, std::chrono::milliseconds(0)) << "that date has passed";
  EXPECT_EQ(out.errors[0].message, "anthropic answered 529: Overloaded");
}

TEST_F(AnthropicProvider, ARefusedKeyIsNamedButNotShown) {
  const auto out = ask(vendor_.answers(
      {.status = 401,
       .headers = {},
       .body =
           R"({"type":"error","error":{"type":"authentication_error","message":"bad x-api-key sk-ant-key"}})"}));
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors[0].kind, base::ErrorKind::unauthorized);
  EXPECT_EQ(out.errors[0].field, "ANTHROPIC_API_KEY");
  EXPECT_EQ(out.errors[0].message.find("sk-ant-key"), std::string::npos) << out.errors[0].message;
}

// Mounted secrets are replaced under a running server.
TEST_F(AnthropicProvider, AKeyThatChangedIsTakenAfterARefusal) {
  auto in_file = std::make_shared<std::string>("key-one-1111");
  vendor_.use_key(
      std::make_shared<upstream::ApiKey>("key-one-1111", [in_file] { return *in_file; }));
  const auto refusal = [&] {
    return ask(vendor_.answers(
        {.status = 401,
         .body =
             R"({"type":"error","error":{"type":"authentication_error","message":"bad key"}})"}));
  };
  EXPECT_FALSE(refusal().errors.at(0).retryable) << "the file has the same key";
  *in_file = "key-two-2222";
  const auto changed = refusal();
  EXPECT_EQ(changed.errors.at(0).kind, base::ErrorKind::unauthorized);
  EXPECT_TRUE(changed.errors.at(0).retryable);
  ask(vendor_.speaks());
  EXPECT_NE(vendor_.last_request().find("x-api-key: key-two-2222\r\n"), std::string::npos);
}

// A proxy that answers with a page instead of a stream.
TEST_F(AnthropicProvider, APageIsNotAnAnswer) {
  const auto out = ask(vendor_.answers(
      {.headers = {{"content-type", "text/html"}}, .body = "<html>Welcome to the proxy</html>"}));
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors[0].kind, base::ErrorKind::upstream);
}

}  // namespace
}  // namespace colonnade::providers::anthropic

namespace colonnade::conformance {

INSTANTIATE_TEST_SUITE_P(Anthropic, ProviderSuite,
                         ::testing::Values(ProviderFactory{
                             "anthropic",
                             [](base::Lanes& lanes) {
                               return std::make_unique<providers::anthropic::Vendor>(lanes);
                             }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace colonnade::conformance
