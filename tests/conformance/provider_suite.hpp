// What every ModelProvider must do. A provider's test file includes this once and instantiates
// ProviderSuite with a factory of its ProviderUnderTest.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/lane.hpp"
#include "conformance/conversations.hpp"
#include "conformance/provider_calls.hpp"
#include "core/models/model_provider.hpp"

namespace colonnade::conformance {

// A provider and whatever is behind it. Each member prepares the vendor for one call and returns
// the request that makes it; nullopt when this provider cannot be in that situation.
class ProviderUnderTest {
 public:
  virtual ~ProviderUnderTest() = default;
  virtual core::ModelProvider& provider() = 0;
  // Answers "one two three" in several deltas.
  virtual core::ModelRequest speaks() = 0;
  // Reasons "hm hm", then answers "ok".
  virtual core::ModelRequest reasons() = 0;
  // Calls calculator with {"expression":"2+2"}.
  virtual core::ModelRequest calls_a_tool() = 0;
  // Declines in words.
  virtual core::ModelRequest declines() = 0;
  // Answers one word, then nothing more for a minute.
  virtual core::ModelRequest falls_silent() = 0;
  // Is over its rate limit and asks for a pause.
  virtual core::ModelRequest is_rate_limited() = 0;
  // Answers one word, then the stream ends without an end.
  virtual std::optional<core::ModelRequest> is_cut_off() = 0;
  // As before, but the connection breaks.
  virtual std::optional<core::ModelRequest> breaks_off() = 0;
  // Answers one word, then reports an error.
  virtual std::optional<core::ModelRequest> fails_midway() = 0;
  // Refuses, and says "I saw: " and what was asked.
  virtual std::optional<core::ModelRequest> quotes(const std::string& /*question*/) {
    return std::nullopt;
  }
  // Nobody is there.
  virtual std::optional<core::ModelRequest> is_unreachable() = 0;
  // After falls_silent(): the vendor has seen us go.
  virtual bool saw_client_disconnect() = 0;
};

struct ProviderFactory {
  std::string name{};
  std::function<std::unique_ptr<ProviderUnderTest>(base::Lanes&)> make{};
};

inline void PrintTo(const ProviderFactory& factory, std::ostream* out) { *out << factory.name; }

class ProviderSuite : public ::testing::TestWithParam<ProviderFactory> {
 protected:
  base::Lane& lane() { return lanes_[0]; }
  core::ModelProvider& provider() { return under_test_->provider(); }

  Outcome ask(core::ModelRequest request, std::stop_token stop = {}) {
    auto asked =
        base::run_on(lane(), ask_to_the_end(&lane(), &provider(), std::move(request), stop));
    EXPECT_EQ(asked.empty_answers, 0) << "next() yields at least one event";
    return std::move(asked.outcome);
  }

  base::Lanes lanes_{1};
  std::unique_ptr<ProviderUnderTest> under_test_ = GetParam().make(lanes_);
};

TEST_P(ProviderSuite, HasANameAndADefaultModel) {
  EXPECT_FALSE(provider().name().empty());
  EXPECT_FALSE(provider().default_model().empty());
}

TEST_P(ProviderSuite, OneReplyComesLastAndHoldsWhatWasStreamed) {
  const Outcome out = ask(under_test_->speaks());
  expect_consistent(out);
  EXPECT_EQ(out.text, "one two three");
  const auto& reply = out.replies.at(0);
  EXPECT_EQ(reply.parts, std::vector<core::Part>{core::TextPart{"one two three"}});
  EXPECT_EQ(reply.stop_reason, core::StopReason::end_turn);
  EXPECT_FALSE(reply.model.empty());
  EXPECT_GT(reply.usage.input_tokens, 0);
  EXPECT_GT(reply.usage.output_tokens, 0);
}

TEST_P(ProviderSuite, CallsDoNotDisturbEachOther) {
  for (int i = 0; i < 3; ++i) {
    const Outcome out = ask(under_test_->speaks());
    expect_consistent(out);
    EXPECT_EQ(out.text, "one two three");
  }
}

TEST_P(ProviderSuite, ReasoningIsToldApart) {
  const Outcome out = ask(under_test_->reasons());
  expect_consistent(out);
  EXPECT_EQ(out.reasoning, "hm hm");
  EXPECT_EQ(out.text, "ok");
  const auto* part = std::get_if<core::ReasoningPart>(&out.replies.at(0).parts.at(0));
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(part->provider, provider().name());
}

TEST_P(ProviderSuite, AToolCallIsWhole) {
  const Outcome out = ask(under_test_->calls_a_tool());
  expect_consistent(out);
  const auto& reply = out.replies.at(0);
  EXPECT_EQ(reply.stop_reason, core::StopReason::tool_use);
  const auto* call = std::get_if<core::ToolCallPart>(&reply.parts.back());
  ASSERT_NE(call, nullptr);
  EXPECT_FALSE(call->call_id.empty());
  EXPECT_EQ(call->tool, "calculator");
  EXPECT_EQ(call->arguments, Json({{"expression", "2+2"}}));
  EXPECT_EQ(call->malformed_arguments, "");
}

TEST_P(ProviderSuite, ARefusalIsToldApartAndVisible) {
  const Outcome out = ask(under_test_->declines());
  expect_consistent(out);
  EXPECT_EQ(out.replies.at(0).stop_reason, core::StopReason::refusal);
  EXPECT_TRUE(std::holds_alternative<core::RefusalPart>(out.replies.at(0).parts.at(0)));
  EXPECT_FALSE(out.text.empty());
}

TEST_P(ProviderSuite, AStopBeforeTheCallCancelsIt) {
  std::stop_source source;
  source.request_stop();
  const Outcome out = ask(under_test_->speaks(), source.get_token());
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors.at(0).kind, base::ErrorKind::cancelled);
  EXPECT_TRUE(out.replies.empty());
}

TEST_P(ProviderSuite, AStopInTheMiddleCancelsAndReachesTheVendor) {
  std::stop_source source;
  auto first = std::make_shared<std::promise<void>>();
  auto first_events = first->get_future();
  std::thread stopper([&] {
    first_events.wait();
    source.request_stop();
  });
  const auto asked = base::run_on(
      lane(),
      ask_and_tell(&lane(), &provider(), under_test_->falls_silent(), source.get_token(), first));
  stopper.join();
  ASSERT_EQ(asked.outcome.errors.size(), 1u);
  EXPECT_EQ(asked.outcome.errors.at(0).kind, base::ErrorKind::cancelled);
  EXPECT_FALSE(asked.outcome.errors.at(0).retryable);
  EXPECT_FALSE(asked.outcome.text.empty());
  EXPECT_TRUE(under_test_->saw_client_disconnect());
}

TEST_P(ProviderSuite, LettingTheStreamGoEndsTheCall) {
  const Outcome out =
      base::run_on(lane(), ask_and_leave(&lane(), &provider(), under_test_->falls_silent()));
  EXPECT_FALSE(out.text.empty());
  EXPECT_TRUE(under_test_->saw_client_disconnect());
}

TEST_P(ProviderSuite, ARateLimitSaysWhenToComeBack) {
  const Outcome out = ask(under_test_->is_rate_limited());
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors.at(0).kind, base::ErrorKind::rate_limited);
  EXPECT_TRUE(out.errors.at(0).retryable);
  EXPECT_GT(out.errors.at(0).retry_after.value_or(std::chrono::milliseconds(0)).count(), 0);
}

TEST_P(ProviderSuite, ATruncatedAnswerIsAFailure) {
  const auto request = under_test_->is_cut_off();
  if (!request) GTEST_SKIP() << "cannot be cut off";
  const Outcome out = ask(*request);
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors.at(0).kind, base::ErrorKind::upstream);
  EXPECT_FALSE(out.errors.at(0).retryable) << "words are out already";
  EXPECT_FALSE(out.text.empty()) << "what came before is handed out first";
}

TEST_P(ProviderSuite, ABrokenConnectionIsAFailure) {
  const auto request = under_test_->breaks_off();
  if (!request) GTEST_SKIP() << "has no connection";
  const Outcome out = ask(*request);
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors.at(0).kind, base::ErrorKind::upstream);
  EXPECT_FALSE(out.errors.at(0).retryable);
  EXPECT_FALSE(out.text.empty());
}

TEST_P(ProviderSuite, AnErrorInTheMiddleIsAFailure) {
  const auto request = under_test_->fails_midway();
  if (!request) GTEST_SKIP() << "does not fail midway";
  const Outcome out = ask(*request);
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_FALSE(out.errors.at(0).retryable);
  EXPECT_FALSE(out.text.empty());
  EXPECT_TRUE(out.replies.empty());
}

// Errors are logged; what people wrote is not.
TEST_P(ProviderSuite, AnErrorDoesNotSayWhatPeopleWrote) {
  const auto request = under_test_->quotes("where did I bury the treasure");
  if (!request) GTEST_SKIP() << "does not quote";
  const Outcome out = ask(*request);
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_THAT(out.errors.at(0).message, ::testing::HasSubstr("I saw: [redacted]"));
}

TEST_P(ProviderSuite, AVendorThatIsNotThereIsUnavailable) {
  const auto request = under_test_->is_unreachable();
  if (!request) GTEST_SKIP() << "is always there";
  const Outcome out = ask(*request);
  ASSERT_EQ(out.errors.size(), 1u);
  EXPECT_EQ(out.errors.at(0).kind, base::ErrorKind::unavailable);
  EXPECT_TRUE(out.errors.at(0).retryable);
}

}  // namespace colonnade::conformance
