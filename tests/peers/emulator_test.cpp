// Whole model calls against an emulator of the vendors' servers, over the three wires. The emulator
// is an npm package that others maintain: it knows the wires independently of this code.
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/lane.hpp"
#include "conformance/conversations.hpp"
#include "conformance/provider_calls.hpp"
#include "emulator.hpp"
#include "net/http_client.hpp"
#include "providers/anthropic/provider.hpp"
#include "providers/chat_completions/provider.hpp"

namespace colonnade::peers {
namespace {

namespace chat = providers::chat_completions;
using base::ErrorKind;
using conformance::Outcome;
using conformance::user;

struct Wire {
  std::string name;
  std::function<std::unique_ptr<core::ModelProvider>(const std::string& url, net::HttpClient&)>
      make;
};
void PrintTo(const Wire& wire, std::ostream* out) { *out << wire.name; }

class EmulatedVendor : public ::testing::TestWithParam<Wire> {
 protected:
  static void SetUpTestSuite() { emulator_ = std::make_unique<Emulator>(); }
  static void TearDownTestSuite() { emulator_.reset(); }

  void SetUp() override {
    if (emulator_->url().empty()) {
      GTEST_SKIP() << "no emulator: run `npm ci` in tests/peers (needs node 20)";
    }
    provider_ = GetParam().make(emulator_->url(), client_);
  }

  core::ModelRequest request(std::string word) {
    core::ModelRequest out{.model = "some-model", .messages = {user(std::move(word))}};
    out.tools = {conformance::calculator()};
    return out;
  }
  Outcome ask(core::ModelRequest request) {
    auto asked = base::run_on(lanes_[0], conformance::ask_to_the_end(&lanes_[0], provider_.get(),
                                                                     std::move(request), {}));
    return std::move(asked.outcome);
  }

  static std::unique_ptr<Emulator> emulator_;
  base::Lanes lanes_{1};
  net::HttpClient client_{lanes_};
  std::unique_ptr<core::ModelProvider> provider_;
};

std::unique_ptr<Emulator> EmulatedVendor::emulator_;

TEST_P(EmulatedVendor, Text) {
  const Outcome out = ask(request("text-please"));
  conformance::expect_consistent(out);
  EXPECT_EQ(out.text, "one two three four five six seven eight nine ten");
  EXPECT_EQ(out.replies.at(0).stop_reason, core::StopReason::end_turn);
  EXPECT_EQ(out.replies.at(0).usage.input_tokens, 12);
  EXPECT_EQ(out.replies.at(0).usage.output_tokens, 34);
}

TEST_P(EmulatedVendor, Reasoning) {
  const Outcome out = ask(request("reasoning-please"));
  conformance::expect_consistent(out);
  EXPECT_EQ(out.reasoning, "Two and two make four.");
  EXPECT_EQ(out.text, "The answer is 4.");
}

TEST_P(EmulatedVendor, AWholeToolTurn) {
  core::ModelRequest turn = request("tool-please");
  const Outcome called = ask(turn);
  conformance::expect_consistent(called);
  auto parts = called.replies.at(0).parts;
  const auto* call = std::get_if<core::ToolCallPart>(&parts.back());
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->arguments, base::Json({{"expression", "2+2"}}));
  EXPECT_EQ(called.replies.at(0).stop_reason, core::StopReason::tool_use);
  parts.push_back(
      core::ToolResultPart{.call_id = call->call_id, .tool = call->tool, .content = "4"});
  turn.messages.push_back(conformance::assistant(parts));
  const Outcome answered = ask(turn);
  conformance::expect_consistent(answered);
  EXPECT_EQ(answered.text, "It is 4.");
}

TEST_P(EmulatedVendor, ParallelCalls) {
  const Outcome out = ask(request("parallel-please"));
  conformance::expect_consistent(out);
  const auto& parts = out.replies.at(0).parts;
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(std::get<core::ToolCallPart>(parts[0]).arguments.at("expression"), "1+1");
  EXPECT_EQ(std::get<core::ToolCallPart>(parts[1]).arguments.at("expression"), "3+3");
}

TEST_P(EmulatedVendor, AStopEndsASlowAnswer) {
  std::stop_source source;
  auto first = std::make_shared<std::promise<void>>();
  auto first_events = first->get_future();
  std::thread stopper([&] {
    first_events.wait();
    source.request_stop();
  });
  const auto asked = base::run_on(
      lanes_[0], conformance::ask_and_tell(&lanes_[0], provider_.get(), request("slow-please"),
                                           source.get_token(), first));
  stopper.join();
  ASSERT_EQ(asked.outcome.errors.size(), 1u);
  EXPECT_EQ(asked.outcome.errors.at(0).kind, ErrorKind::cancelled);
  EXPECT_LT(asked.outcome.text.size(), 1000u) << "most of it was never read";
}

TEST_P(EmulatedVendor, ATruncatedAnswerIsAFailure) {
  for (const auto* word : {"truncate-please", "drop-please"}) {
    const Outcome out = ask(request(word));
    EXPECT_TRUE(out.replies.empty()) << word;
    ASSERT_EQ(out.errors.size(), 1u) << word;
    EXPECT_EQ(out.errors.at(0).kind, ErrorKind::upstream) << out.errors.at(0).message;
  }
}

TEST_P(EmulatedVendor, ARateLimitSaysWhenToComeBack) {
  const Outcome out = ask(request("limit-please"));
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors.at(0).kind, ErrorKind::rate_limited);
  EXPECT_TRUE(out.errors.at(0).retryable);
  EXPECT_EQ(out.errors.at(0).retry_after, std::chrono::seconds(7));
  EXPECT_NE(out.errors.at(0).message.find("Slow down, please"), std::string::npos);
}

TEST_P(EmulatedVendor, AnOverloadedVendorMayBeAskedAgain) {
  for (const auto* word : {"overload-please", "down-please"}) {
    const Outcome out = ask(request(word));
    ASSERT_EQ(out.errors.size(), 1u) << word;
    EXPECT_EQ(out.errors.at(0).kind, ErrorKind::unavailable);
    EXPECT_TRUE(out.errors.at(0).retryable);
  }
}

std::unique_ptr<core::ModelProvider> make_chat(chat::Options options, std::string base_url,
                                               net::HttpClient& client) {
  options.base_url = std::move(base_url);
  options.api_key = "test-key";
  return chat::make_provider(std::move(options), client);
}

INSTANTIATE_TEST_SUITE_P(
    Wires, EmulatedVendor,
    ::testing::Values(Wire{"anthropic",
                           [](const std::string& url, net::HttpClient& client) {
                             return providers::anthropic::make_provider(
                                 {.base_url = url, .api_key = "test-key"}, client);
                           }},
                      Wire{"openai",
                           [](const std::string& url, net::HttpClient& client) {
                             return make_chat(chat::openai_options(), url + "/v1", client);
                           }},
                      Wire{"openrouter",
                           [](const std::string& url, net::HttpClient& client) {
                             return make_chat(chat::openrouter_options(), url + "/api/v1", client);
                           }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace colonnade::peers
