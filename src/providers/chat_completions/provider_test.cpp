#include "providers/chat_completions/provider.hpp"

#include "conformance/provider_suite.hpp"
#include "conformance/scripted_vendor.hpp"

namespace colonnade::providers::chat_completions {
namespace {

using conformance::VendorAnswer;

std::string chunk(const std::string& json) { return "data: " + json + "\n\n"; }
std::string delta(const std::string& fields) {
  return chunk(R"({"model":"served-model","choices":[{"index":0,"delta":{)" + fields + "}}]}");
}
std::string text(std::initializer_list<const char*> words) {
  std::string out;
  for (const auto* word : words) out += delta("\"content\":\"" + std::string(word) + "\"");
  return out;
}
std::string end(const std::string& reason) {
  return chunk(R"({"model":"served-model","choices":[{"index":0,"delta":{},"finish_reason":")" +
               reason + R"("}]})") +
         chunk(R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9}})") +
         chunk("[DONE]");
}

class Vendor final : public conformance::ProviderUnderTest {
 public:
  Vendor(base::Lanes& lanes, Options options) : client_(lanes), options_(std::move(options)) {
    options_.base_url = vendor_.url() + "/v1";
    options_.api_key = "topsecretkey";
    options_.default_model = "asked-model";
    provider_ = make_provider(options_, client_);
  }

  core::ModelProvider& provider() override { return *provider_; }
  core::ModelRequest speaks() override {
    return answers({.body = text({"one ", "two ", "three"}) + end("stop")});
  }
  core::ModelRequest reasons() override {
    return answers({.body = ": PROCESSING\n\n" + delta(R"("reasoning":"hm")") +
                            delta(R"("reasoning_content":" hm")") + text({"ok"}) + end("stop")});
  }
  core::ModelRequest calls_a_tool() override {
    return answers(
        {.body =
             delta(
                 R"("tool_calls":[{"index":0,"id":"c1","function":{"name":"calculator","arguments":"{\"expr"}}])") +
             delta(R"("tool_calls":[{"index":0,"function":{"arguments":"ession\":\"2+2\"}"}}])") +
             end("tool_calls")});
  }
  core::ModelRequest declines() override {
    return answers({.body = delta(R"("refusal":"No.")") + end("stop")});
  }
  core::ModelRequest falls_silent() override {
    return answers({.body = text({"one"}), .silent = true});
  }
  core::ModelRequest is_rate_limited() override {
    return answers(
        {.status = 429,
         .headers = {{"content-type", "application/json"}, {"retry-after-ms", "1500"}},
         .body =
             R"({"error":{"message":"Slow down","type":"requests","code":"rate_limit_exceeded"}})"});
  }
  std::optional<core::ModelRequest> is_cut_off() override {
    return answers({.body = text({"one"})});
  }
  std::optional<core::ModelRequest> breaks_off() override {
    return answers({.body = text({"one"}), .broken = true});
  }
  std::optional<core::ModelRequest> fails_midway() override {
    return answers({.body = text({"one"}) + chunk(R"({"error":{"code":502,"message":"Gone"}})")});
  }
  std::optional<core::ModelRequest> quotes(const std::string& question) override {
    vendor_.answer_next({.status = 400,
                         .headers = {{"content-type", "application/json"}},
                         .body = R"({"error":{"message":"I saw: )" + question + R"("}})"});
    return core::ModelRequest{.messages = {conformance::user(question)}};
  }
  std::optional<core::ModelRequest> is_unreachable() override {
    options_.base_url = "http://127.0.0.1:1/v1";
    provider_ = make_provider(options_, client_);
    return conformance::hello("");
  }
  bool saw_client_disconnect() override { return vendor_.saw_hangup(); }

  core::ModelRequest answers(VendorAnswer answer) {
    vendor_.answer_next(std::move(answer));
    return conformance::hello("");
  }
  std::string last_request() { return vendor_.last_request(); }
  void use_key(upstream::SharedApiKey key) {
    options_.shared_key = std::move(key);
    provider_ = make_provider(options_, client_);
  }

 private:
  conformance::ScriptedVendor vendor_;
  net::HttpClient client_;
  Options options_;
  std::unique_ptr<core::ModelProvider> provider_;
};

Options with_headers() {
  Options out = openrouter_options();
  out.headers = {{"x-title", "A test"}};
  return out;
}

class ChatProvider : public ::testing::Test {
 protected:
  conformance::Outcome ask(core::ModelRequest request) {
    auto asked = base::run_on(
        lanes_[0],
        conformance::ask_to_the_end(&lanes_[0], &vendor_.provider(), std::move(request), {}));
    return std::move(asked.outcome);
  }
  base::Lanes lanes_{1};
  Vendor vendor_{lanes_, with_headers()};
};

TEST_F(ChatProvider, SendsWhatTheServerRequires) {
  const auto out = ask(vendor_.speaks());
  EXPECT_EQ(out.replies.at(0).model, "served-model");
  const std::string request = vendor_.last_request();
  EXPECT_TRUE(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << request;
  for (const auto* line : {"authorization: Bearer topsecretkey\r\n", "x-title: A test\r\n",
                           "content-type: application/json\r\n", "accept: text/event-stream\r\n"}) {
    EXPECT_NE(request.find(line), std::string::npos) << line;
  }
  EXPECT_NE(request.find(R"("model":"asked-model")"), std::string::npos);
}

// What traces of one's own gateway are continued with.
TEST_F(ChatProvider, HandsTheTraceOn) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  ask(vendor_.speaks());
  EXPECT_EQ(vendor_.last_request().find("traceparent"), std::string::npos) << "it has none";
  core::ModelRequest traced = vendor_.speaks();
  traced.traceparent = trace;
  ask(std::move(traced));
  EXPECT_NE(vendor_.last_request().find("traceparent: " + trace + "\r\n"), std::string::npos);
}

TEST_F(ChatProvider, FailuresKeepTheVendorsWords) {
  const auto limited = ask(vendor_.is_rate_limited());
  ASSERT_EQ(limited.errors.size(), 1u);
  EXPECT_EQ(limited.errors[0].message, "openrouter answered 429: Slow down");
  EXPECT_EQ(limited.errors[0].retry_after, std::chrono::milliseconds(1500));
  const auto stopped = ask(vendor_.answers(
      {.status = 503, .headers = {{"x-should-retry", "false"}}, .body = "under construction"}));
  ASSERT_EQ(stopped.errors.size(), 1u);
  EXPECT_EQ(stopped.errors[0].kind, base::ErrorKind::unavailable);
  EXPECT_FALSE(stopped.errors[0].retryable);
  EXPECT_EQ(stopped.errors[0].message, "openrouter answered 503: under construction");
}

TEST_F(ChatProvider, AnErrorInPlaceOfTheStreamIsAnError) {
  const auto out = ask(
      vendor_.answers({.headers = {{"content-type", "application/json"}},
                       .body = "{\n \"error\": {\"code\": 402, \"message\": \"No credit\"}\n}"}));
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors[0].kind, base::ErrorKind::unauthorized);
  EXPECT_NE(out.errors[0].message.find("No credit"), std::string::npos);
}

TEST_F(ChatProvider, AnAnswerInPlaceOfTheStreamIsAnAnswer) {
  const auto out =
      ask(vendor_.answers({.headers = {{"content-type", "application/json; charset=utf-8"}},
                           .body = "{\"model\":\"m\",\n\"choices\":[{\"message\":{\"content\":"
                                   "\"All at once\"},\"finish_reason\":\"stop\"}]}"}));
  conformance::expect_consistent(out);
  EXPECT_EQ(out.text, "All at once");
}

// The finish reason is there and only the end marker is missing: the answer is whole.
TEST_F(ChatProvider, AConnectionThatBreaksAfterTheFinishReasonLosesNothing) {
  const auto out = ask(vendor_.answers(
      {.body =
           text({"one"}) + chunk(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"),
       .broken = true}));
  conformance::expect_consistent(out);
  EXPECT_EQ(out.text, "one");
}

TEST_F(ChatProvider, SaysWhichFilesAModelCanBeShown) {
  net::HttpClient client(lanes_);
  const auto openai = make_provider(openai_options(), client);
  EXPECT_TRUE(openai->takes_file("gpt-4o", "image/png"));
  EXPECT_TRUE(openai->takes_file("gpt-4o", "application/pdf"));
  EXPECT_TRUE(openai->takes_file("gpt-3.5-turbo", "text/csv"));
  EXPECT_FALSE(openai->takes_file("gpt-3.5-turbo", "image/png"));
  EXPECT_FALSE(openai->takes_file("gpt-4o", "audio/mpeg"));
  EXPECT_FALSE(openai->takes_file("gpt-4o", "image/tiff"));
  EXPECT_FALSE(openai->takes_file("gpt-4o", "application/zip"));
  const auto router = make_provider(openrouter_options(), client);
  EXPECT_FALSE(router->takes_file("deepseek/deepseek-chat", "image/png"));
  EXPECT_TRUE(router->takes_file("google/gemini-2.5-pro", "image/webp"));
  const auto local = make_provider(compatible_options("local", "http://127.0.0.1:1/v1"), client);
  EXPECT_TRUE(local->takes_file("llava", "image/jpeg"));
  EXPECT_FALSE(local->takes_file("llava", "application/pdf")) << "such servers take no files";
}

TEST_F(ChatProvider, WithoutAnyModelThereIsNothingToAsk) {
  net::HttpClient client(lanes_);
  auto provider = make_provider(compatible_options("local", "http://127.0.0.1:1/v1"), client);
  auto asked = base::run_on(lanes_[0], conformance::ask_to_the_end(&lanes_[0], provider.get(),
                                                                   conformance::hello(""), {}));
  ASSERT_EQ(asked.outcome.errors.size(), 1u);
  EXPECT_EQ(asked.outcome.errors[0].kind, base::ErrorKind::invalid);
  EXPECT_EQ(asked.outcome.errors[0].field, "model");
}

// Mounted secrets are replaced under a running server.
TEST_F(ChatProvider, AKeyThatChangedIsTakenAfterARefusal) {
  auto in_file = std::make_shared<std::string>("key-one-1111");
  vendor_.use_key(
      std::make_shared<upstream::ApiKey>("key-one-1111", [in_file] { return *in_file; }));
  const auto refusal = [&] {
    return ask(vendor_.answers({.status = 401,
                                .headers = {{"content-type", "application/json"}},
                                .body = R"({"error":{"message":"bad key"}})"}));
  };
  EXPECT_FALSE(refusal().errors.at(0).retryable) << "the file has the same key";
  *in_file = "key-two-2222";
  const auto changed = refusal();
  EXPECT_EQ(changed.errors.at(0).kind, base::ErrorKind::unauthorized);
  EXPECT_TRUE(changed.errors.at(0).retryable);
  ask(vendor_.speaks());
  EXPECT_NE(vendor_.last_request().find("Bearer key-two-2222"), std::string::npos);
}

TEST_F(ChatProvider, AKeyIsReadAgainWhenToldTo) {
  std::string in_file = "key-one-1111";
  const auto key = std::make_shared<upstream::ApiKey>(in_file, [&in_file] { return in_file; });
  vendor_.use_key(key);
  in_file = "key-two-2222";
  key->reload();
  in_file = "";
  key->reload();  // cannot be read: the last one stays
  ask(vendor_.speaks());
  EXPECT_NE(vendor_.last_request().find("Bearer key-two-2222"), std::string::npos);
}

}  // namespace
}  // namespace colonnade::providers::chat_completions

namespace colonnade::conformance {

namespace chat = providers::chat_completions;

INSTANTIATE_TEST_SUITE_P(ChatCompletions, ProviderSuite,
                         ::testing::Values(ProviderFactory{"openai",
                                                           [](base::Lanes& lanes) {
                                                             return std::make_unique<chat::Vendor>(
                                                                 lanes, chat::openai_options());
                                                           }},
                                           ProviderFactory{"openrouter",
                                                           [](base::Lanes& lanes) {
                                                             return std::make_unique<chat::Vendor>(
                                                                 lanes, chat::openrouter_options());
                                                           }},
                                           ProviderFactory{"compatible",
                                                           [](base::Lanes& lanes) {
                                                             return std::make_unique<chat::Vendor>(
                                                                 lanes, chat::compatible_options(
                                                                            "local", ""));
                                                           }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace colonnade::conformance
